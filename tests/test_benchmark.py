"""The benchmark's peers do the same as `fit`, or say why they are missing."""

import functools
import sys

import jax
import numpy as np
import pytest

from experiments.benchmark import __main__ as benchmark
from experiments.benchmark import peers
from experiments.benchmark.figure import draw

TASK = peers.Task(n=37, d=5, q=3, m=4)


@pytest.fixture(autouse=True)
def as_users_have_it():
    """float32, and JAX without the suite's strictness."""
    with jax.enable_x64(False), jax.numpy_dtype_promotion("standard"):
        yield


@pytest.fixture
def one_epoch(monkeypatch):
    monkeypatch.setattr(peers, "EPOCHS", 1)


def close(found, expected) -> bool:
    return all(np.allclose(a, b, rtol=0, atol=1e-5) for a, b in zip(found, expected, strict=True))


@pytest.mark.costly
@pytest.mark.usefixtures("one_epoch")
@pytest.mark.parametrize("batch_size", [1, 4])
def test_the_script_takes_our_steps(batch_size):
    task = TASK._replace(batch_size=batch_size)
    *_, W, V, _ = task.data()
    expected = peers.numpy_script(task)()
    assert close(peers.ours(task)(), expected)
    assert not close((W, V), expected)


@pytest.mark.usefixtures("one_epoch")
@pytest.mark.parametrize("skipping", [False, True])
def test_so_does_C(skipping):
    try:
        found = peers.c(TASK, skipping=skipping)()
    except peers.Missing as why:
        pytest.skip(str(why))
    assert close(found, peers.numpy_script(TASK)())
    assert np.float64(5e-324) * 1 > 0, "loading it has changed the arithmetic of the process"


def test_several_networks_are_a_sweep(monkeypatch):
    monkeypatch.setattr(peers, "EPOCHS", 2)
    assert peers.ours(TASK._replace(networks=3))().V.shape == (3, 4, 4)


def test_what_is_missing_says_so(monkeypatch):
    monkeypatch.setattr(peers.shutil, "which", lambda name: None)
    peers._compiled_c.cache_clear()
    with pytest.raises(peers.Missing, match="no C compiler"):
        peers.c(TASK)
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(peers.Missing, match="no torch: pip install torch"):
        peers.torch_eager(TASK)
    with pytest.raises(peers.Missing, match="one sample at a time"):
        peers.c(TASK._replace(batch_size=2))


def test_the_figure_has_every_workload_and_growth():
    one = {"microseconds": {"jaxmlp": 1.0, "C": 2.0}, "limit": 0.5}
    found = {"workloads": {"exercise": one, "digits": one},
             "growing": {k: [(1, 0.1), (10, 1.0)] for k in ("n", "d", "q", "networks")}}  # fmt: skip
    figure = draw(found)
    titles = [axes.get_title() for axes in figure.axes if axes.get_title()]
    assert titles == ["exercise", "digits"]
    assert [axes.get_xlabel() for axes in figure.axes[-4:]] == [
        "n (samples)", "d (inputs)", "q (hidden units)", "networks (number)"]  # fmt: skip


def test_the_figure_is_in_japanese_too():
    one = {"microseconds": {"jaxmlp": 1.0, "PyTorch, compiled": 2.0}, "limit": 0.5}
    found = {"workloads": {"digits, batches of 32": one, "64 networks, exercise": one},
             "growing": {k: [(1, 0.1), (10, 1.0)] for k in ("n", "q")}}  # fmt: skip
    figure = draw(found, "ja")
    titles = [axes.get_title() for axes in figure.axes if axes.get_title()]
    assert titles == ["数字、バッチサイズ 32", "64 個のネットワーク、課題"]
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == [
        "PyTorch (コンパイル)", "jaxmlp"]  # fmt: skip
    assert figure.axes[-1].get_xlabel() == "q (中間層のユニット数)"


def test_points_of_a_curve_are_measured_in_turn(monkeypatch):
    runs, seconds = [], {1: 1.0, 10: 7.0, 100: 60.0}
    monkeypatch.setitem(peers.PEERS, "jaxmlp", lambda task: functools.partial(runs.append, task.n))
    monkeypatch.setattr(benchmark, "timed", lambda run: run() or seconds[runs[-1]])
    monkeypatch.setattr(benchmark, "TURN", 2.0)
    monkeypatch.setattr(benchmark, "REST", 0.0)
    found = benchmark.growing([TASK._replace(n=n) for n in seconds], rounds=2)
    assert found == [each / benchmark.EPOCHS for each in seconds.values()]
    assert runs == [1, 10, 100, 1, 10, 100, *2 * [1, 1, 10, 100]]


def test_the_answer_and_the_growth_are_of_the_numbers():
    times = {"jaxmlp": 2.0, "C": 5.0, "NumPy script": 30.0}
    found = {"workloads": {"exercise, one at a time": {"microseconds": times},
                           "64 networks, digits": {"microseconds": {"jaxmlp": 4.0, "C": 6.0}}}}  # fmt: skip
    said = benchmark.answer(found)
    assert "takes 2.0 µs, 2.5 times as fast as C, 15.0 times as fast as NumPy" in said
    assert said.endswith("64 networks on the digits at once, 1.5 times as fast as C.")
    assert benchmark.exponent([(10, 1.0), (100, 5.0), (1000, 1e4)]) == pytest.approx(2)
