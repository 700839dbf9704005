"""`fit`: the lecture's iterates, any optimizer and schedule, and refusals."""

import functools
import math
import pickle
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from jaxmlp.data.dataset import one_hot, split
from jaxmlp.data.sources import load_data
from jaxmlp.evaluate import dead_units
from jaxmlp.gradients import autodiff, backprop
from jaxmlp.network import Network, Params, init, loss
from jaxmlp.train.arguments import inverse_epoch
from jaxmlp.train.fitted import Diverged, Epoch
from jaxmlp.train.sgd import fit

from .. import exercise
from ..conftest import draw_params

RELU = Network("relu", "softmax", "cross_entropy")


@pytest.fixture
def small(rng):
    """(network, params, X, Y) with n = 7, d = 5, q = 3, m = 4."""
    X, Y = rng.normal(size=(7, 5)), np.eye(4)[rng.integers(4, size=7)]
    return Network("tanh"), draw_params(rng, 5, 3, 4), X, Y


def largest(one: Params, other: Params) -> float:
    """The largest difference, as a share of the largest entry, of W or V."""
    return max(
        float(np.abs(a - b).max() / np.abs(b).max()) for a, b in zip(one, other, strict=True)
    )


@pytest.mark.costly
@pytest.mark.parametrize("route", [autodiff, backprop])
def test_iterates_are_those_of_the_exercise(route, digits, rng):
    """Every one of the first 200, at η = 0.1, where the iteration is not yet chaotic."""
    X, Y, _ = digits
    W, V = rng.normal(0, 0.3, (200, 65)), rng.normal(0, 0.3, (4, 201))
    order, eta_t = rng.permutation(len(X))[:200], inverse_epoch(0.1, len(X))
    found = []
    fit(
        RELU, Params(jnp.array(W), jnp.array(V)), X, Y, epochs=200, eta=eta_t, gradient=route,
        order=order[:, None], on_epoch=lambda _, params: found.append(params),
    )  # fmt: skip
    expected = list(exercise.iterates(X, Y, W, V, order, eta_t))
    assert len(found) == len(expected) == 200
    assert max(map(largest, found, expected)) <= 1e-10


def test_the_referee_notices_an_update_of_V_before_delta1(digits, rng):
    """Had the exercise's students updated V first, the 200 iterates would tell."""
    X, Y, _ = digits
    W, V = rng.normal(0, 0.3, (200, 65)), rng.normal(0, 0.3, (4, 201))
    right = wrong = Params(W, V)
    for right in exercise.iterates(X, Y, W, V, range(3), lambda t: 0.1):  # noqa: B007
        pass
    for i in range(3):
        half = next(exercise.iterates(X[i:], Y[i:], *wrong, [0], lambda t: 0.1))
        late = next(exercise.iterates(X[i:], Y[i:], wrong[0], half[1], [0], lambda t: 0.1))
        wrong = Params(late[0], half[1])
    assert largest(wrong, right) > 1e-6


def test_both_routes_agree_over_an_epoch(digits):
    X, Y, _ = digits
    start = init(RELU, (64, 20, 4), key=jax.random.key(0), initializer=0.3)
    one, other = (
        fit(RELU, start, X, Y, epochs=1, eta=0.01, key=jax.random.key(1), gradient=route).params
        for route in (backprop, autodiff)
    )
    assert largest(one, start) > 0
    assert largest(one, other) <= 1e-10


@pytest.mark.costly
@pytest.mark.parametrize("batch_size", [1, 2, 3, 7, 100])
def test_batches_are_steps_along_the_mean_gradient_and_drop_no_sample(small, batch_size):
    network, params, X, Y = small
    order = np.array([[3, 1, 4, 0, 5, 6, 2], [6, 5, 4, 3, 2, 1, 0]])
    found = fit(
        network, params, X, Y, epochs=2, eta=lambda t: 0.5 / (t + 1), batch_size=batch_size, order=order
    ).params  # fmt: skip
    t, slope = 0, jax.jit(functools.partial(backprop, network))
    for epoch in order:
        for rows in np.split(epoch, range(batch_size, 7, batch_size)):
            dW, dV = slope(params, X[rows], Y[rows])[:2]
            t += 1
            params = Params(params.W - 0.5 / t * dW, params.V - 0.5 / t * dV)
    assert largest(found, params) <= 1e-13


def test_a_fresh_permutation_each_epoch(small):
    """One linear weight that adds up powers of 2 tells which samples were seen when."""
    network = Network(None, "identity", lambda g, y: -jnp.sum(g * y), bias=False)
    n, seen = 6, []
    X, Y = np.ones((n, 1)), 2.0 ** np.arange(n)[:, None]
    fit(network, Params(None, jnp.zeros((1, 1))), X, Y, epochs=8, eta=1.0, key=jax.random.key(0),
        on_epoch=lambda _, params: seen.append(float(params.V[0, 0])))  # fmt: skip
    np.testing.assert_array_equal(np.diff([0, *seen]), 63)  # each sample once an epoch
    network, params, X, Y = small
    orders = [
        fit(network, params, X, Y, epochs=1, key=jax.random.key(k), eta=0.5).params.W
        for k in (0, 1)
    ]
    assert not np.array_equal(*orders)


def test_epochs_have_orders_of_their_own(small):
    """Two epochs of one key are not two epochs in the first one's order."""
    network, params, X, Y = small
    run = functools.partial(fit, network, X=X, Y=Y, eta=0.5, key=jax.random.key(0))
    once = run(params, epochs=1).params
    assert not np.array_equal(run(params, epochs=2).params.W, run(once, epochs=1).params.W)


@pytest.mark.parametrize("batch_size", [1, 3])
def test_same_key_gives_the_same_bits(small, batch_size):
    network, params, X, Y = small
    runs = [
        fit(network, params, X, Y, epochs=3, key=jax.random.key(5), batch_size=batch_size)
        for _ in range(2)
    ]
    np.testing.assert_array_equal(runs[0].params.W, runs[1].params.W)
    assert runs[0].history == runs[1].history


def test_history_is_the_error_after_each_epoch(small):
    network, params, X, Y = small
    seen = []
    result = fit(network, params, X, Y, epochs=3, eta=inverse_epoch(0.4, 7), key=jax.random.key(0),
                 test=(X[:2], Y[:2]), on_epoch=lambda done, p: seen.append((done, p)))  # fmt: skip
    assert [done for done, _ in seen] == result.history
    error = jax.jit(functools.partial(loss, network))
    for k, (done, at) in enumerate(seen):
        assert done.epoch == k + 1
        assert done.eta == pytest.approx(0.4 / (k + 1))
        assert done.train_error == pytest.approx(float(error(at, X, Y)))
        assert done.test_error == pytest.approx(float(error(at, X[:2], Y[:2])))


OPTIMIZERS = {
    "sgd": optax.sgd, "adam": optax.adam, "adamw": optax.adamw, "rmsprop": optax.rmsprop,
    "momentum": functools.partial(optax.sgd, momentum=0.9), "lbfgs": optax.lbfgs(),
    "own schedule": optax.adam(optax.cosine_decay_schedule(0.05, 100)),
    "chain": lambda eta: optax.chain(optax.clip_by_global_norm(1.0), optax.sgd(eta)),
}  # fmt: skip


def counted(task, **settings) -> tuple[Params, Params]:
    """(with the first rows repeated and left out, with weights that say so)."""
    network, params, X, Y = task
    counts = np.array([3, 0, 1, 2, 1, 0, 1])
    rows = np.repeat(np.arange(7), counts)
    ways = {"weights": counts, "order": np.arange(7)[None]}, {"order": rows[None]}
    return tuple(
        fit(network, params, X, Y, epochs=1, eta=0.1, **settings, **way).params for way in ways
    )


@pytest.mark.costly
@pytest.mark.parametrize(
    "settings", [{}, {"gradient": backprop}, {"block": 0}, {"optimizer": optax.adam}]
)
def test_a_weight_counts_a_sample_so_often(small, settings):
    found, expected = counted(small, batch_size=8, **settings)
    assert largest(found, expected) < 1e-13


def test_weights_are_shares_of_their_batch(small):
    """Batches of 2 by hand, with the gradient of one sample at a time."""
    network, params, X, Y = small
    weights, expected = np.array([1.0, 3, 0, 0, 2, 2, 0.5]), params
    slope = jax.jit(functools.partial(autodiff, network))
    for rows in np.split(np.arange(7), [2, 4, 6]):
        share = weights[rows] / (weights[rows].sum() or 1)
        each = [slope(expected, X[i], Y[i]) for i in rows]
        dW, dV = (
            sum(s * getattr(g, d) for s, g in zip(share, each, strict=True)) for d in ("dW", "dV")
        )
        expected = Params(expected.W - 0.1 * dW, expected.V - 0.1 * dV)
    settings = {
        "epochs": 1,
        "eta": 0.1,
        "batch_size": 2,
        "order": np.arange(7)[None],
        "weights": weights,
    }
    for block in (0, 2, 4):
        assert largest(fit(*small, **settings, block=block).params, expected) < 1e-13


def test_weighted_errors_are_weighted_means(small):
    network, _, X, Y = small
    weights = np.arange(1.0, 8)
    key = jax.random.key(0)
    result = fit(*small, epochs=1, key=key, weights=weights, test=(X[:3], Y[:3], weights[:3]))
    each = np.asarray(loss(network, result.params, X, Y, reduction="none"))
    assert result.history[0].train_error == pytest.approx(np.average(each, weights=weights))
    assert result.history[0].test_error == pytest.approx(np.average(each[:3], weights=weights[:3]))


def test_training_ends_where_the_caller_says_so(small):
    ended = fit(*small, epochs=9, key=jax.random.key(0), on_epoch=lambda done, _: done.epoch == 3)
    expected = fit(*small, epochs=3, key=jax.random.key(0))
    assert len(ended.history) == 3
    assert largest(ended.params, expected.params) == 0


@pytest.mark.costly
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_any_optimizer_learns_and_keeps_the_dtype(small, name, dtype):
    network, params, X, Y = small
    params = jax.tree.map(lambda p: p.astype(dtype), params)
    own = isinstance(OPTIMIZERS[name], optax.GradientTransformation)
    result = fit(network, params, X, Y, epochs=10, batch_size=7, optimizer=OPTIMIZERS[name],
                 key=jax.random.key(0), eta=None if own else 0.05)  # fmt: skip
    assert result.history[-1].train_error < float(
        loss(network, params, jnp.array(X, dtype), jnp.array(Y, dtype))
    )
    assert {str(p.dtype) for p in result.params} == {dtype}
    assert (result.history[0].eta is None) == own


@pytest.mark.slow
def test_optax_by_hand_takes_the_same_steps(small):
    """Adam with a schedule, against Optax's own loop."""
    network, params, X, Y = small
    schedule = optax.linear_schedule(0.1, 0.01, 10)
    found = fit(network, params, X, Y, epochs=2, eta=schedule, optimizer=optax.adam,
                order=np.tile(np.arange(7), (2, 1))).params  # fmt: skip
    with jax.numpy_dtype_promotion("standard"):
        optimizer = optax.adam(schedule)
        state = optimizer.init(params)
        for i in [*range(7), *range(7)]:
            slope = jax.grad(lambda p, i=i: loss(network, p, X[i], Y[i]))(params)
            updates, state = optimizer.update(slope, state, params)
            params = optax.apply_updates(params, updates)
    assert largest(found, params) <= 1e-7  # Optax evaluates a schedule in float32


@pytest.mark.slow
@pytest.mark.parametrize(
    "make",
    [
        optax.rprop,
        optax.inject_hyperparams(optax.adam),
        lambda eta: optax.MultiSteps(optax.sgd(eta), 2),
    ],
)
def test_optimizers_that_keep_the_step_size_take_optax_own_steps(small, make):
    network, params, X, Y = small
    X, Y = jnp.array(X), jnp.array(Y)
    optimizer = make(0.05)
    if isinstance(optimizer, optax.MultiSteps):
        make = optimizer = optimizer.gradient_transformation()
    own = isinstance(make, optax.GradientTransformation)
    found = fit(network, params, X, Y, epochs=6, batch_size=7, optimizer=make, eta=None if own else 0.05,
                order=np.tile(np.arange(7), (6, 1))).params  # fmt: skip
    with jax.numpy_dtype_promotion("standard"):
        state = optimizer.init(params)
        for _ in range(6):
            slope = jax.grad(lambda p: loss(network, p, X, Y))(params)
            updates, state = optimizer.update(slope, state, params)
            params = optax.apply_updates(params, updates)
    assert largest(found, params) <= 1e-7


def test_perceptron_learns_by_the_same_function(rng):  # L1
    network = Network(None, "sigmoid", "binary_cross_entropy")
    X = rng.normal(size=(200, 2))
    Y = (X @ [1.0, -2.0] + 0.5 > 0).astype(float)[:, None]
    start = init(network, (2, 1), key=jax.random.key(0), initializer=0.3)
    for route in (autodiff, backprop):
        result = fit(
            network, start, X, Y, epochs=20, eta=0.5, key=jax.random.key(1), gradient=route
        )
        assert result.history[-1].train_error < 0.1
    assert result.params.W is None


def test_reduced_rank_regression_finds_the_closed_form_optimum(rng):  # L4
    """Y = X M exactly, M of rank 2: the optimum is M, which no step size may spoil."""
    network = Network("identity", "identity", "squared_error", bias=False)
    M = rng.normal(size=(4, 2)) @ rng.normal(size=(2, 3))
    X = rng.normal(size=(30, 4))
    start = init(network, (4, 2, 3), key=jax.random.key(0), initializer=0.3)
    W, V = fit(network, start, X, X @ M, epochs=400, eta=0.02, key=jax.random.key(1)).params
    np.testing.assert_allclose(V @ W, M.T, atol=1e-8)


@pytest.mark.parametrize("eta", [1e3, lambda t: 1e3 / (t + 1.0)])
def test_divergence_stops_and_names_epoch_and_step_size(eta, rng):
    network = Network("relu", "identity", "squared_error")
    X = rng.normal(size=(20, 5))
    with pytest.raises(
        Diverged, match=r"epoch 1: the error is (nan|inf) \(step size: (50 to )?1000\)"
    ) as stop:
        fit(
            network,
            draw_params(rng, 5, 3, 1),
            X,
            X[:, :1],
            epochs=9,
            eta=eta,
            key=jax.random.key(0),
        )
    assert stop.value.last.epoch == 1
    assert not math.isfinite(stop.value.last.train_error)


def test_divergence_survives_being_pickled():
    stop = Diverged(Epoch(3, 0.5, math.nan, None), "0.5")
    assert str(pickle.loads(pickle.dumps(stop))) == str(stop)


def test_no_epochs_would_be_no_training(small):
    network, params, X, Y = small
    with pytest.raises(ValueError, match="expected a whole number above 0 for epochs, got 0"):
        fit(network, params, X, Y, epochs=0, key=jax.random.key(0))


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ({"key": jax.random.PRNGKey(0)}, "expected a key from jax.random.key, got Array"),
        ({"key": 0}, "expected a key from jax.random.key, got 0"),
        ({"eta": "0.1"}, "a step size eta above 0, got '0.1'"),
        ({"eta": lambda t: -0.1 + 0.0 * t}, "a schedule of step sizes from 0, got -0.1"),
        ({"gradient": "backprop"}, "autodiff or backprop for gradient, got 'backprop'"),
        ({"test": (np.ones((2, 5)),)}, r"test samples as a pair \(X, Y\), got 1"),
        ({"test": (np.full((2, 5), np.nan), np.ones((2, 4)))}, r"got nan in test X\[0, 0\]"),
        ({"batch_size": 0}, "a whole number above 0 for batch_size, got 0"),
        ({"batch_size": 2.5}, "a whole number above 0 for batch_size, got 2.5"),
        ({"errors_every": -1}, "a whole number from 0 for errors_every, got -1"),
        ({"errors_every": 0.5}, "a whole number from 0 for errors_every, got 0.5"),
        ({"eta": -0.1}, "a step size eta above 0, got -0.1"),
        ({"eta": math.nan}, "a step size eta above 0, got nan"),
        ({"optimizer": "adam"}, "expected an optimizer of Optax's, got 'adam'"),
        ({"optimizer": optax.adam(0.1), "eta": 0.1}, "no eta beside an optimizer with its own"),
        ({"order": np.zeros((2, 7), int)}, "either key or order, got both"),
        ({"key": None}, "either key or order, got none"),
        ({"key": None, "order": np.zeros((2, 7), int)}, r"an order of shape \(1, k\)"),
        ({"key": None, "order": np.zeros((1, 7))}, "of row numbers, got float64"),
        ({"key": None, "order": np.array([[0, 7]])}, "row numbers 0 to 6, got 0 to 7"),
        ({"key": None, "order": np.array([[-1, 0]])}, "row numbers 0 to 6, got -1 to 0"),
        ({"X": np.ones((7, 6))}, "expected W with 7 columns"),
        ({"X": np.ones((0, 5))}, "n at least 1"),
        ({"Y": np.ones((7, 3))}, r"the output's shape \(7, 4\), got \(7, 3\)"),
        ({"Y": np.ones((6, 4))}, r"the output's shape \(7, 4\), got \(6, 4\)"),
        ({"test": (np.ones((2, 4)), np.ones((2, 4)))}, "expected W with 5 columns"),
        (
            {"X": np.where(np.eye(7, 5) > 0, np.nan, 1.0)},
            r"finite numbers in float64, got nan in X\[0, 0\]",
        ),
        ({"weights": np.ones(6)}, r"weights of shape \(7,\), from 0, not all 0, got shape \(6,\)"),
        ({"weights": np.arange(7.0) - 1}, r"weights of shape .* got shape \(7,\), -1 to 5"),
        ({"weights": np.zeros(7)}, r"weights of shape .* got shape \(7,\), 0"),
        ({"weights": np.full(7, np.nan)}, r"got nan in weights\[0\]"),
        ({"Y": np.full((7, 4), np.inf)}, r"finite numbers in float64, got inf in Y\[0, 0\]"),
    ],
)
@pytest.mark.usefixtures("unchecked")
def test_bad_arguments_are_refused(small, arguments, line):
    network, params, X, Y = small
    good = {"X": X, "Y": Y, "epochs": 1, "key": jax.random.key(0)}
    with pytest.raises(ValueError, match=line):
        fit(network, params, **{**good, **arguments})


FASHION = Path("/usr/share/datasets/fashion-mnist")  # Debian's dataset-fashion-mnist


@pytest.mark.slow
@pytest.mark.measured
@pytest.mark.skipif(not FASHION.is_dir(), reason="Debian's dataset-fashion-mnist is not installed")
def test_exercise_is_as_good_as_the_numpy_script():
    """Fashion-MNIST, classes 0 to 3, 10 epochs, 5 starts and orders: 10 minutes, most of it NumPy's."""
    train, test = split(load_data(FASHION).only(("0", "1", "2", "3")))
    X, Y, X_test = train.X / 255, one_hot(train.y, 4), test.X / 255
    eta, found = inverse_epoch(0.1, len(X)), []
    for seed in range(5):
        rng = np.random.default_rng(seed)
        W, V = rng.normal(0, 0.3, (200, 785)), rng.normal(0, 0.3, (4, 201))
        order = np.array([rng.permutation(len(X)) for _ in range(10)])
        start = Params(jnp.array(W, "float32"), jnp.array(V, "float32"))
        fitted = fit(RELU, start, X, Y, epochs=10, eta=eta, order=order).params
        ours = [np.asarray(p, float) for p in fitted]
        for W, V in exercise.iterates(X, Y, W, V, order.ravel(), eta):  # noqa: B007, B020
            pass
        both = [exercise.accuracy(X_test, test.y, *params) for params in (ours, (W, V))]
        found.append([*both, *(dead_units(RELU, Params(*p), X) for p in (ours, (W, V)))])
        print(seed, found[-1])
    accuracy = np.mean(found, axis=0)
    print(accuracy)
    assert abs(accuracy[0] - accuracy[1]) <= 0.01


def test_an_optimizer_that_needs_more_is_refused_in_one_line(lecture, rng):
    network, params = lecture
    X, Y = rng.normal(size=(6, 5)), np.eye(4)[[0, 1, 2, 3, 0, 1]]
    for optimizer in (
        optax.lookahead(optax.sgd(0.1), 6, 0.5),
        optax.contrib.sam(optax.sgd(0.1), optax.sgd(0.05)),
    ):
        with pytest.raises(ValueError, match="that takes parameters and gradients as they are"):
            fit(network, params, X, Y, epochs=1, optimizer=optimizer, key=jax.random.key(0))


@pytest.mark.slow
@pytest.mark.parametrize("batch_size", [1, 7])
def test_targets_in_bool_are_the_same_bits(digits, batch_size):
    X, Y, _ = digits
    network = Network("relu", "softmax", "cross_entropy")
    start = init(network, (64, 5, 4), key=jax.random.key(0), initializer="he")
    found = [
        fit(network, start, X[:90], some[:90], epochs=2, eta=0.01, key=jax.random.key(1), batch_size=batch_size,
            test=(X[90:120], some[90:120]))
        for some in (Y, Y.astype(bool))
    ]  # fmt: skip
    assert found[0].history == found[1].history
    assert all((a == b).all() for a, b in zip(*(one.params for one in found), strict=True))
