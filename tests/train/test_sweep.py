"""Many networks at once: each is what it would be alone, up to the last bits of their products."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from jaxmlp.gradients import backprop
from jaxmlp.network import Network, Params
from jaxmlp.train import blocked, epoch
from jaxmlp.train.sgd import fit
from jaxmlp.train.sweep import sweep

from ..conftest import draw_params

N, ETAS = 5, (0.01, 0.02, 0.005, 0.03, 0.01)


@pytest.fixture
def task(rng):
    """(network, N starts, X, Y) with n = 11, d = 5, q = 3, m = 4."""
    starts = [draw_params(rng, 5, 3, 4) for _ in range(N)]
    return Network("tanh"), starts, rng.normal(size=(11, 5)), np.eye(4)[rng.integers(4, size=11)]


@pytest.fixture
def stacking(monkeypatch):
    """As on a device that is no CPU: the networks stacked, no fused loops."""
    rule_for = epoch.rule_for

    def elsewhere(*args):
        return rule_for(*args)._replace(on_cpu=False, fused=False)

    monkeypatch.setattr("jaxmlp.train.sweep.rule_for", elsewhere)


def alone(task, k, **settings):
    network, starts, X, Y = task
    return fit(network, starts[k], X, Y, **settings)


def largest(one: Params, other: Params) -> float:
    return max(float(abs(a - b).max() / abs(b).max()) for a, b in zip(one, other, strict=True))


def check_each(task, *, within=1e-13, own=lambda k: {}, **settings):
    """Every network of the sweep against its own run."""
    network, starts, X, Y = task
    settings = {"epochs": 3, "test": (X[:4], Y[:4])} | settings
    result = sweep(network, starts, X, Y, **settings)
    for k in range(N):
        single = alone(task, k, **settings | own(k))
        found = jax.tree.map(lambda p, k=k: p[k], result.params)
        assert largest(found, single.params) <= within
        for together, by_itself in zip(result.history, single.history, strict=True):
            errors = together.train_error[k], together.test_error[k]
            assert errors == pytest.approx((by_itself.train_error, by_itself.test_error))
    return result


@pytest.mark.slow
def test_step_sizes_and_starts(task):
    key = jax.random.key(1)
    result = check_each(task, eta=ETAS, key=key, own=lambda k: {"eta": ETAS[k]})
    assert result.history[-1].eta.tolist() == list(ETAS)
    assert len({float(e) for e in result.history[-1].train_error}) == N


@pytest.mark.slow
@pytest.mark.parametrize("cached", [blocked.CACHED, 4 * (75 + 18)])
def test_several_blocks_in_one_and_in_two_fetches(task, cached, small_cache):
    small_cache(cached)
    settings = {"eta": ETAS, "key": jax.random.key(1), "block": 2}
    check_each(task, **settings, own=lambda k: {"eta": ETAS[k]})


@pytest.mark.slow
def test_a_key_for_each(task):
    keys = jax.random.split(jax.random.key(1), N)
    check_each(task, eta=0.02, key=keys, own=lambda k: {"key": keys[k]})


def test_a_given_order_batches_and_schedules(task):
    order = np.random.default_rng(0).integers(11, size=(3, 7))
    etas = [optax.linear_schedule(eta, 0.001, 6) for eta in ETAS]
    check_each(task, eta=etas, order=order, batch_size=2, gradient=backprop, own=lambda k: {"eta": etas[k]})  # fmt: skip


@pytest.mark.slow
def test_any_optimizer(task):
    momentum = functools.partial(optax.sgd, momentum=0.9)
    check_each(task, eta=0.01, optimizer=momentum, batch_size=4, key=jax.random.key(1))
    check_each(task, optimizer=optax.adam(0.01), batch_size=4, key=jax.random.key(1))


@pytest.mark.slow
@pytest.mark.usefixtures("stacking")
def test_stacked_as_on_other_devices(task):
    settings = {"eta": ETAS, "key": jax.random.key(1), "batch_size": 2}
    check_each(task, **settings, own=lambda k: {"eta": ETAS[k]})
    keys = jax.random.split(jax.random.key(1), N)
    check_each(task, eta=0.02, key=keys, own=lambda k: {"key": keys[k]})
    check_each(task, optimizer=optax.adam(0.01), batch_size=4, key=jax.random.key(1))


def test_perceptrons_and_stacked_starts(task):
    _, _, X, Y = task
    V = np.random.default_rng(0).normal(size=(N, 4, 6))
    network, key = Network(None), jax.random.key(1)
    result = sweep(network, Params(None, V), X, Y, epochs=2, key=key)
    single = fit(network, Params(None, V[3]), X, Y, epochs=2, key=key)
    assert result.params.W is None
    np.testing.assert_allclose(result.params.V[3], single.params.V, rtol=1e-12)


def test_one_that_diverges_leaves_the_others_alone(task):
    network, starts, X, Y = task
    network = Network("relu", "identity", "squared_error")
    settings = {"epochs": 30, "key": jax.random.key(1), "errors_every": 10}
    result = sweep(network, starts, X, Y, eta=[0.001, 1e6, 0.001, 0.001, 0.001], **settings)
    finite = np.isfinite(result.history[-1].train_error)
    assert finite.tolist() == [True, False, True, True, True]
    assert [e.train_error is None for e in result.history] == [k % 10 != 9 for k in range(30)]


@pytest.mark.costly
@pytest.mark.parametrize(
    ("every", "after"), [(0, []), (1, [1, 2, 3, 4, 5]), (2, [2, 4, 5]), (9, [5])]
)
def test_when_errors_are_measured(task, every, after):
    network, starts, X, Y = task
    settings = {"epochs": 5, "key": jax.random.key(1)}
    for train, start in ((fit, starts[0]), (sweep, starts)):
        found = train(network, start, X, Y, errors_every=every, **settings)
        assert [e.epoch for e in found.history if e.train_error is not None] == after
        expected = train(network, start, X, Y, **settings)
        assert largest(found.params, expected.params) == 0


def test_progress_and_float32(task):
    network, _, X, Y = task
    rng, seen = np.random.default_rng(0), []
    starts = [draw_params(rng, 5, 3, 4, dtype=np.float32) for _ in range(2)]
    with jax.enable_x64(False):
        result = sweep(network, starts, X, Y, epochs=2, eta=0.1, key=jax.random.key(0),
                       on_epoch=lambda done, params: seen.append((done.epoch, params.V.shape)))  # fmt: skip
    assert seen == [(1, (2, 4, 4)), (2, (2, 4, 4))]
    assert {p.dtype for p in result.params} == {np.dtype("float32")}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"eta": [0.1, 0.2]}, "expected one eta, or 5, one for each network, got 2"),
        ({"eta": [0.1, 0.2, -1, 0.1, 0.1]}, "expected a step size eta above 0, got -1"),
        ({"key": jax.random.split(jax.random.key(0), 3)}, r"expected one key, or 5, .* got \(3,\)"),
        ({"key": None}, "expected either key or order, got none"),
        ({"epochs": 0}, "expected a whole number above 0 for epochs, got 0"),
        ({"params": []}, "expected networks of one shape, got shapes"),
        ({"params": Params(jnp.ones((3, 6)), jnp.ones((4, 4)))}, r"expected V of shape \(N, m, q\+1\)"),
    ],
)  # fmt: skip
@pytest.mark.usefixtures("unchecked")
def test_bad_arguments(task, changes, message):
    network, starts, X, Y = task
    settings = {"params": starts, "epochs": 2, "key": jax.random.key(0)} | changes
    with pytest.raises(ValueError, match=message):
        sweep(network, settings.pop("params"), X, Y, **settings)
