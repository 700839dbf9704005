import json
import re

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from safetensors.numpy import load, save

from jaxmlp.network import Network, Params
from jaxmlp.signing import signed
from jaxmlp.train.arguments import inverse_epoch
from jaxmlp.train.checkpoint import (
    Checkpoint,
    checkpoints,
    load_checkpoint,
    save_checkpoint,
)
from jaxmlp.train.fitted import Diverged, Epoch, Fit, begin
from jaxmlp.train.sgd import fit

from ..conftest import draw_params

KEY = jax.random.key(7)
NETWORK = Network("tanh", "softmax", "cross_entropy")


@pytest.fixture
def problem(rng):
    """(W and V, X, Y) with n = 23, d = 5, q = 3, m = 4."""
    return draw_params(rng, 5, 3, 4), rng.normal(size=(23, 5)), np.eye(4)[rng.integers(4, size=23)]


@pytest.fixture
def checkpoint(problem):
    """One of a training with Adam, after 2 epochs."""
    params, X, Y = problem
    return Checkpoint(fit(NETWORK, params, X, Y, epochs=2, optimizer=optax.adam, key=KEY), KEY)


@pytest.fixture
def like(problem):
    return Checkpoint(begin(problem[0], optimizer=optax.adam), KEY)


def the_same(one: Checkpoint, other: Checkpoint) -> bool:
    leaves = [jax.tree.leaves(c._replace(key=jax.random.key_data(c.key))) for c in (one, other)]
    alike = jax.tree.structure(one) == jax.tree.structure(other)
    return alike and all(np.array_equal(a, b) and np.asarray(a).dtype == np.asarray(b).dtype
                         for a, b in zip(*leaves, strict=True))  # fmt: skip


RULES = {
    "blocked": {"eta": 0.1},
    "schedule": {"eta": inverse_epoch(0.1, 23), "gradient": "by hand"},
    "batches": {"eta": 0.1, "batch_size": 4, "block": 0},
    "adam": {"optimizer": optax.adam, "eta": optax.cosine_decay_schedule(0.01, 5 * 6), "batch_size": 4},
    "its own step size": {"optimizer": optax.rmsprop(0.01, momentum=0.5), "batch_size": 7},
    "noise": {"optimizer": optax.noisy_sgd(0.1, key=jax.random.key(3)), "batch_size": 7},
    "order": {"eta": 0.1, "order": np.random.default_rng(0).integers(23, size=(5, 9))},
    "weights": {"eta": 0.1, "weights": np.linspace(0, 1, 23), "errors_every": 2},
}  # fmt: skip


@pytest.mark.costly
@pytest.mark.parametrize("name", RULES)
def test_to_the_last_bit_as_if_it_had_never_stopped(name, problem, tmp_path):
    """Stopped after every epoch, each time through a file."""
    rule = {"key": None if "order" in RULES[name] else KEY, **RULES[name]}
    if rule.pop("gradient", None):
        from jaxmlp.gradients import backprop

        rule["gradient"] = backprop
    params, X, Y = problem
    rule |= {"epochs": 5, "test": (X[:6], Y[:6])}
    whole = fit(NETWORK, params, X, Y, **rule)
    kept = [begin(params, optimizer=rule.get("optimizer", optax.sgd), eta=rule.get("eta"))]
    fit(NETWORK, params, X, Y, **rule, save=kept.append)
    for so_far in kept:
        save_checkpoint(tmp_path, Checkpoint(so_far, rule["key"]))
        found = load_checkpoint(tmp_path, like=Checkpoint(kept[0], rule["key"]))
        result = fit(NETWORK, params, X, Y, **rule, resume=found.fit)
        assert result.history == whole.history
        for one, other in zip(jax.tree.leaves(result), jax.tree.leaves(whole), strict=True):
            assert one.dtype == other.dtype if hasattr(one, "dtype") else True
            np.testing.assert_array_equal(*map(plain, (one, other)))


def plain(leaf):
    keys = jnp.issubdtype(getattr(leaf, "dtype", None), jax.dtypes.prng_key)
    return jax.random.key_data(leaf) if keys else leaf


def test_more_epochs_are_those_of_a_longer_training(problem):
    params, X, Y = problem
    first = fit(NETWORK, params, X, Y, epochs=2, eta=0.1, key=KEY)
    longer = fit(NETWORK, params, X, Y, epochs=4, eta=0.1, key=KEY, resume=first)
    whole = fit(NETWORK, params, X, Y, epochs=4, eta=0.1, key=KEY)
    np.testing.assert_array_equal(longer.params.W, whole.params.W)
    assert longer.history == whole.history
    assert len(first.history) == 2


def test_resume_refuses_another_training(problem, rng):
    params, X, Y = problem
    first = fit(NETWORK, params, X, Y, epochs=2, eta=0.1, key=KEY)
    common = {"key": KEY, "eta": 0.1, "resume": first}
    with pytest.raises(ValueError, match="expected at least the 2 epochs already done, got 1"):
        fit(NETWORK, params, X, Y, epochs=1, **common)
    with pytest.raises(ValueError, match=r"expected optimizer.0.count to be int\d+\[\], got none"):
        fit(NETWORK, params, X, Y, epochs=3, optimizer=optax.adam, **common)
    other = draw_params(rng, 5, 2, 4)
    with pytest.raises(ValueError, match=r"params.W to be float64\[2, 6\], got float64\[3, 6\]"):
        fit(NETWORK, other, X, Y, epochs=3, **common)
    with pytest.raises(ValueError, match=r"params.W to be float32\[3, 6\], got float64"):
        fit(NETWORK, jax.tree.map(np.float32, params), X, Y, epochs=3, **common)


def test_what_diverged_is_not_saved(problem):
    params, X, Y = problem
    kept = []
    network = Network("relu", "identity", "squared_error")
    with pytest.raises(Diverged):
        fit(network, params, X, 1e9 * Y, epochs=9, eta=10.0, key=KEY, save=kept.append)
    assert all(np.isfinite(one.history[-1].train_error) for one in kept)


def test_what_is_loaded_is_what_was_saved(checkpoint, like, tmp_path):
    history = [Epoch(1, 0.1, 1 / 3, None), Epoch(2, None, None, float("inf"))]
    with_best = checkpoint._replace(
        fit=checkpoint.fit._replace(history=history), best=Params(None, checkpoint.fit.params.V + 1)
    )
    without = like._replace(fit=like.fit._replace(params=Params(None, like.fit.params.V)))
    with_best = with_best._replace(
        fit=with_best.fit._replace(params=Params(None, with_best.fit.params.V))
    )
    for one, start in ((checkpoint, like), (with_best, without)):
        assert load_checkpoint(tmp_path, like=start) is None
        path = save_checkpoint(tmp_path, one)
        assert path.name == "checkpoint-2.safetensors"
        assert the_same(load_checkpoint(tmp_path, like=start), one)
        path.unlink()


def test_best_must_be_of_the_same_network(checkpoint, like, tmp_path):
    save_checkpoint(tmp_path, checkpoint._replace(best=Params(jnp.ones((2, 6)), jnp.ones((4, 4)))))
    with pytest.raises(ValueError, match=r"expected best.W to be float64\[3, 6\], got float64\[2"):
        load_checkpoint(tmp_path, like=like)


def test_numbers_that_numpy_has_not_are_kept(problem, tmp_path):
    optimizer = optax.adam(0.1, mu_dtype=jnp.bfloat16)
    begun = Checkpoint(begin(problem[0], optimizer=optimizer), KEY)
    mu = jax.tree.map(lambda p: p.astype(jnp.bfloat16), problem[0])
    state = (begun.fit.optimizer[0]._replace(mu=mu), *begun.fit.optimizer[1:])
    one = begun._replace(fit=begun.fit._replace(optimizer=state))
    save_checkpoint(tmp_path, one)
    assert the_same(load_checkpoint(tmp_path, like=begun), one)


def test_the_last_two_are_kept(checkpoint, like, tmp_path):
    (tmp_path / "checkpoint-1.txt").write_text("not the run's")
    for done in (1, 3, 4, 9):
        history = [Epoch(k + 1, 0.1, 0.5, None) for k in range(done)]
        save_checkpoint(tmp_path, checkpoint._replace(fit=checkpoint.fit._replace(history=history)))
    assert names(tmp_path) == ["checkpoint-9.safetensors", "checkpoint-4.safetensors"]
    checkpoints(tmp_path)[0].write_bytes(b"damaged")
    with pytest.warns(UserWarning, match="going on from checkpoint-4"):
        found = load_checkpoint(tmp_path, like=like)
    assert len(found.fit.history) == 4
    history = [*found.fit.history, Epoch(5, 0.1, 0.5, None)]
    save_checkpoint(tmp_path, found._replace(fit=found.fit._replace(history=history)))
    assert names(tmp_path) == ["checkpoint-5.safetensors", "checkpoint-4.safetensors"]
    assert (tmp_path / "checkpoint-1.txt").exists()


def names(folder):
    return [path.name for path in checkpoints(folder)]


def test_cut_at_every_tenth(checkpoint, like, tmp_path):
    path = save_checkpoint(tmp_path, checkpoint)
    raw = path.read_bytes()
    for tenth in range(10):
        path.write_bytes(raw[: len(raw) * tenth // 10])
        refused(tmp_path, like)


def test_a_thousand_random_bytes_changed(checkpoint, like, rng, tmp_path):
    """One at a time, and all at once."""
    path = save_checkpoint(tmp_path, checkpoint)
    raw = path.read_bytes()
    places, values = rng.integers(len(raw), size=1000), rng.integers(1, 256, size=1000)
    altered, right = bytearray(raw), 0
    for place, value in zip(places, values, strict=True):
        one = bytearray(raw)
        one[place] ^= value
        altered[place] ^= value
        path.write_bytes(one)
        try:
            assert the_same(load_checkpoint(tmp_path, like=like), checkpoint)
            right += 1
        except ValueError as reason:
            assert str(path) in str(reason)  # noqa: PT017
    assert right < 20  # only what means nothing, as a space in the header, may pass
    path.write_bytes(altered)
    refused(tmp_path, like)


def refused(folder, like, line="expected a whole checkpoint of this run"):
    with pytest.raises(ValueError, match=re.escape(line)):
        load_checkpoint(folder, like=like)


def test_a_damaged_one_falls_back_and_two_are_one_line(checkpoint, like, tmp_path):
    one = checkpoint._replace(fit=checkpoint.fit._replace(history=checkpoint.fit.history[:1]))
    save_checkpoint(tmp_path, one)
    newest = save_checkpoint(tmp_path, checkpoint)
    said = []
    assert the_same(load_checkpoint(tmp_path, like=like, warn=said.append), checkpoint)
    assert not said
    newest.write_bytes(newest.read_bytes()[:-1])
    assert the_same(load_checkpoint(tmp_path, like=like, warn=said.append), one)
    assert len(said) == 1
    assert said[0].startswith(f"{newest}: expected a whole checkpoint of this run (")
    assert said[0].endswith("; going on from checkpoint-1.safetensors")
    newest.unlink()
    newest.mkdir()  # nor is this one
    assert the_same(load_checkpoint(tmp_path, like=like, warn=said.append), one)
    checkpoints(tmp_path)[1].write_bytes(b"")
    refused(tmp_path, like, "Without these files it begins anew")


def test_one_that_vanishes_meanwhile_falls_back(checkpoint, like, tmp_path, monkeypatch):
    one = checkpoint._replace(fit=checkpoint.fit._replace(history=checkpoint.fit.history[:1]))
    save_checkpoint(tmp_path, one)
    there = [tmp_path / "checkpoint-2.safetensors", *checkpoints(tmp_path)]
    monkeypatch.setattr("jaxmlp.train.checkpoint.checkpoints", lambda _: there)
    with pytest.warns(UserWarning, match="No such file"):
        assert the_same(load_checkpoint(tmp_path, like=like), one)


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"params.W": np.ones((3, 7))}, "expected params.W to be float64[3, 6], got float64[3, 7]"),
        ({"params.V": np.ones((4, 4), "float32")}, "params.V to be float64[4, 4], got float32[4, 4]"),
        ({"optimizer.0.count": None}, "optimizer.0.count to be int32[], got none"),
        ({"../evil": np.ones(1)}, "expected ../evil to be none, got float64[1]"),
        ({"key": np.ones(2, "uint32")}, "of a training with another key"),
        ({"history": None}, "'history'"),
        ({"history": [[0.1, 0.2]]}, "expected three numbers an epoch, got [0.1, 0.2]"),
        ({"history": [["0.1", 0.2, None]]}, "expected three numbers an epoch"),
        ({"history": 5}, "not iterable"),
        ({"history": {"abc": 1}}, "expected three numbers an epoch"),
        ({"history": "[" * 100_000}, "recursion"),
    ],
)  # fmt: skip
def test_contents_are_checked_though_the_hash_is_right(change, line, checkpoint, like, tmp_path):
    path = save_checkpoint(tmp_path, checkpoint)
    tensors = load(path.read_bytes())
    for name, value in change.items():
        if name == "history" and value is not None:
            text = value if isinstance(value, str) else json.dumps(value)
            value = np.frombuffer(text.encode(), np.uint8)
        tensors[name] = value
    tensors = {name: value for name, value in tensors.items() if value is not None}
    path.write_bytes(signed(tensors, {"format": 2}))
    refused(tmp_path, like, line)


def test_other_formats_and_files_are_refused(checkpoint, like, tmp_path):
    path = save_checkpoint(tmp_path, checkpoint)
    tensors = load(path.read_bytes())
    path.write_bytes(signed(tensors, {"format": 1}))
    refused(tmp_path, like, "expected format 2, got 1")
    path.write_bytes(save(tensors, {"jaxmlp": '{"format": 2, "sha256": null}'}))
    refused(tmp_path, like, "expected the SHA-256 None")
    path.write_bytes(save(tensors, {"jaxmlp": '{"format": 2}'}))
    refused(tmp_path, like, "expected the SHA-256 None")
    for raw in (save(tensors), save(tensors, {"jaxmlp": "{"}), save(tensors, {"jaxmlp": "7"})):
        path.write_bytes(raw)
        refused(tmp_path, like)


@pytest.mark.parametrize("call", ["os.fsync", "os.replace"])
def test_a_write_that_fails_leaves_the_last_two(call, checkpoint, like, tmp_path, monkeypatch):
    for done in (1, 2):
        history = checkpoint.fit.history[:done]
        save_checkpoint(tmp_path, checkpoint._replace(fit=checkpoint.fit._replace(history=history)))
    monkeypatch.setattr(call, lambda *_: (_ for _ in ()).throw(OSError(28, "No space left")))
    history = [*checkpoint.fit.history, Epoch(3, 0.1, 0.5, None)]
    with pytest.raises(OSError, match="No space left"):
        save_checkpoint(tmp_path, checkpoint._replace(fit=checkpoint.fit._replace(history=history)))
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(names(tmp_path))
    assert the_same(load_checkpoint(tmp_path, like=like), checkpoint)


def test_begin_is_where_fit_begins(problem):
    params, X, Y = problem
    begun = begin(params, optimizer=optax.adam, eta=0.01)
    assert isinstance(begun, Fit)
    rule = {"epochs": 2, "optimizer": optax.adam, "eta": 0.01, "key": KEY}
    one, other = (fit(NETWORK, params, X, Y, **rule, resume=start) for start in (None, begun))
    np.testing.assert_array_equal(one.params.V, other.params.V)
    assert one.history == other.history
    with pytest.raises(ValueError, match="expected no eta beside an optimizer"):
        begin(params, optimizer=optax.adam(0.1), eta=0.1)
