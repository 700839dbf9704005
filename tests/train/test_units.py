"""Hidden units shared out over devices: the parameters of one, on any number of them."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import jax
import numpy as np
import pytest

from jaxmlp.gradients import autodiff, backprop
from jaxmlp.network import Network, Params, init
from jaxmlp.train import mesh, order
from jaxmlp.train.fitted import Fit
from jaxmlp.train.sgd import fit

CASES = [  # f, g, E, bias, the route, whether weighted, devices
    ("relu", "softmax", "cross_entropy", True, autodiff, False, 2),
    ("tanh", "sigmoid", "binary_cross_entropy", True, backprop, False, 4),
    ("sigmoid", "identity", "squared_error", False, autodiff, True, 8),
    ("identity", "tanh", "squared_error", True, backprop, True, 3),  # by psum
    ("sigmoid", "softmax", "squared_error", True, autodiff, False, 8),
]
ROOT = Path(__file__).parents[2]


def trained(case: int, device=None, **how) -> Fit:
    """Two epochs of 53 samples in batches of 24, of which 5 remain; d = 7, q = 24, m = 4."""
    f, g, e, bias, route, weighted, _ = CASES[case]
    rng = np.random.default_rng(case)
    X, Y = rng.normal(size=(53, 7)), np.eye(4)[rng.integers(4, size=53)]
    network = Network(f, g, e, bias)
    start = init(network, (7, 24, 4), key=jax.random.key(0), initializer=0.7)
    start = jax.tree.map(lambda p: p + 0.1, start)
    return fit(
        network, start, X, Y, epochs=2, eta=0.01, batch_size=24, key=jax.random.key(1), gradient=route,
        test=(X[:11], Y[:11]), weights=rng.uniform(size=53) if weighted else None, device=device, **how,
    )  # fmt: skip


def as_numbers(result: Fit) -> dict:
    """What a result is, as JSON has it to the last bit."""
    params = [np.asarray(p).tolist() for p in result.params]
    return {"params": params, "errors": [epoch[2:] for epoch in result.history]}


def main(*place) -> None:
    """Each case on its devices, and the first of processes stopped and resumed."""
    if place:
        jax.distributed.initialize(
            place[0], 2, int(place[1]), cluster_detection_method="deactivate"
        )
    devices, saved = jax.devices(), []
    cases = range(len(CASES))
    if place:
        cases = [k for k in cases if CASES[k][-1] == 8]
    found = {str(k): as_numbers(trained(k, devices[: CASES[k][-1]])) for k in cases}
    k = cases[-1]
    found["again"] = as_numbers(trained(k, devices[: CASES[k][-1]], save=saved.append))
    found["resumed"] = as_numbers(trained(k, devices[: CASES[k][-1]], resume=saved[0]))
    print(json.dumps(found))
    if place:
        jax.distributed.shutdown()


def begun(devices: int, *place: str) -> subprocess.Popen:
    command = [
        sys.executable,
        "-c",
        f"import sys; from {__name__} import main; main(*sys.argv[1:])",
        *place,
    ]
    flags = {"XLA_FLAGS": f"--xla_force_host_platform_device_count={devices}"}
    environment = {**os.environ, **flags, "JAX_ENABLE_X64": "1"}
    return subprocess.Popen(
        command,
        env=environment,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ended(one: subprocess.Popen) -> dict:
    out, err = one.communicate(timeout=300)
    assert one.returncode == 0, err
    return json.loads(out.splitlines()[-1])


@pytest.fixture(scope="module")
def on_devices() -> dict:
    return ended(begun(8))


@pytest.fixture(scope="module")
def of_processes() -> list[dict]:
    """What two processes of four devices each find."""
    with socket.socket() as free:
        free.bind(("localhost", 0))
        place = f"localhost:{free.getsockname()[1]}"
    return [ended(one) for one in [begun(4, place, str(k)) for k in range(2)]]


def assert_as_alone(case: int, other: dict) -> None:
    one = as_numbers(trained(case))
    for mine, theirs in zip(one["params"], other["params"], strict=True):
        np.testing.assert_allclose(theirs, mine, rtol=0, atol=1e-12 * np.abs(mine).max())
    np.testing.assert_allclose(other["errors"], one["errors"], rtol=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize("case", range(len(CASES)))
def test_parameters_are_those_of_one_device(case, on_devices):
    assert_as_alone(case, on_devices[str(case)])


@pytest.mark.slow
def test_two_processes_have_the_parameters_of_one(of_processes):
    assert of_processes[0] == of_processes[1]
    for case in (2, 4):
        assert_as_alone(case, of_processes[0][str(case)])


@pytest.mark.slow
def test_the_same_devices_give_the_same_bits(on_devices, of_processes):
    for found in (on_devices, *of_processes):
        assert found["again"] == found["resumed"] == found[str(len(CASES) - 1)]


def test_units_are_shared_where_less_crosses_and_all_have_as_many():
    params = Params(np.zeros((24, 8)), np.zeros((4, 25)))  # 292 weights
    assert mesh.shares_units(8, params, 72, plain=True)
    assert not mesh.shares_units(8, params, 73, plain=True)
    assert not mesh.shares_units(5, params, 10, plain=True)
    assert not mesh.shares_units(8, params, 24, plain=False)
    assert not mesh.shares_units(8, params, 24, plain=True, streamed=True)
    assert not mesh.shares_units(2, Params(None, np.zeros((4, 8))), 2, plain=True)


@pytest.mark.parametrize("n", [1, 2, 53, 1626])
def test_the_order_is_that_of_jax(n):
    key = jax.random.key(3)
    expected = jax.random.permutation(key, n)
    found = jax.jit(order.shuffled, static_argnums=1)(key, n)
    assert found.dtype == expected.dtype
    np.testing.assert_array_equal(found, expected)
