"""`backprop` against `autodiff`, and both against referees that know of neither."""

import itertools

import jax
import jax.flatten_util
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sklearn.neural_network import MLPClassifier

from jaxmlp.activations import Activation
from jaxmlp.gradients import Gradients, autodiff, backprop, difference
from jaxmlp.network import Network, Params, forward, init, loss

from .conftest import draw_params
from .test_losses import PAIRS

ARCTAN = Activation("arctan", jnp.arctan, lambda u: 1 / (1 + u**2))
HIDDEN = {
    "relu": "relu",
    "sigmoid": "sigmoid",
    "tanh": "tanh",
    "identity": "identity",
    "none": None,
}
OWN = {"own f and f'": ARCTAN, "own f": jax.nn.swish}
COMBINATIONS = [
    *itertools.product(HIDDEN, PAIRS, [True, False]),
    *itertools.product(OWN, [("identity", "squared_error"), ("softmax", "cross_entropy")], [True]),
]
TOLERANCE = {"float64": 1e-12, "float32": 1e-5}
# Few sizes, which then share their compiled operations.
SIZES = st.tuples(*map(st.sampled_from, [(5, 1), (3, 1), (4, 1)]))
ROWS = {"one sample": 0, "batch": 3}


def draw_case(network, seed, sizes, dtype, *, u_max=3.0, a_max=3.0):
    """(params, x, y) with |u| up to u_max and |a| up to a_max."""
    rng, (n, d, q, m) = np.random.default_rng(seed), sizes
    rows = max(n, 1)
    X, Y = rng.normal(size=(rows, d)), rng.uniform(size=(rows, m))
    if seed % 2 and m > 1:
        Y = np.eye(m)[rng.integers(m, size=rows)]
    ones = np.ones((rows, int(network.bias)))
    W, z = None, np.hstack([ones, X])
    if network.hidden is not None:
        W = scaled(rng.normal(size=(q, z.shape[1])), z, u_max)
        z = np.hstack([ones, network.hidden.value(jnp.array(z @ W.T))])
    V = scaled(rng.normal(size=(m, z.shape[1])), z, a_max)
    params, X, Y = jax.tree.map(lambda p: jnp.array(p, dtype), (Params(W, V), X, Y))
    return (params, X, Y) if n else (params, X[0], Y[0])


def scaled(matrix, z, largest):
    """The matrix times a number, so that the largest entry of z matrixᵀ is `largest`."""
    return matrix * (largest / (np.abs(z @ matrix.T).max() or 1.0))


def without_signs(network, params, x, delta2, slope) -> Gradients:
    """The chain from δ2 on with every term positive, and `slope` for f'; all of it in NumPy."""
    ones = np.ones((*x.shape[:-1], int(network.bias)), x.dtype)
    x1, z = np.concatenate([ones, x], axis=-1), forward(network, params, x).z
    delta1 = delta2 @ np.abs(params.V)[:, int(network.bias) :] * slope
    dW, dV = (
        np.abs(np.atleast_2d(delta)).T @ np.abs(np.atleast_2d(inputs)) / len(np.atleast_2d(x))
        for delta, inputs in ((delta1, x1), (delta2, z))
    )
    return (
        Gradients(dW, dV, delta1, delta2) if network.hidden else Gradients(None, dV, None, delta2)
    )


def cancels(network, params, x, gradients) -> bool:
    """Whether a sum's terms all but cancel, so that even its largest entry is mostly rounding."""
    slope = network.hidden.derivative(forward(network, params, x).u) if network.hidden else 1.0
    terms = without_signs(network, params, x, np.abs(gradients.delta2), np.abs(slope))
    pairs = zip(jax.tree.leaves(gradients), jax.tree.leaves(terms), strict=True)
    return any(np.abs(entries).max() < 0.05 * most.max() for entries, most in pairs)


def tolerance(network, dtype) -> float:
    """As asked for; more where a tanh at |u| = 3 passes the rounding of f on to 1 − f² = 0.0099.

    (The two routes may round f differently by one unit: XLA compiles them apart.)
    """
    saturated = any(part and part.name == "tanh" for part in (network.hidden, network.output))
    slope = 1 - np.tanh(3.0) ** 2
    return TOLERANCE[dtype] + (np.finfo(dtype).eps / slope if saturated else 0)


@pytest.mark.costly
@pytest.mark.parametrize(("hidden", "pair", "bias"), COMBINATIONS)
@pytest.mark.parametrize("rows", ROWS)
@pytest.mark.parametrize("dtype", TOLERANCE)
@settings(max_examples=2)
@given(seed=st.integers(0, 10**6), sizes=SIZES)
def test_backprop_is_autodiff(hidden, pair, bias, rows, dtype, seed, sizes):
    network = Network((HIDDEN | OWN)[hidden], *pair, bias=bias)
    case = draw_case(network, seed, (ROWS[rows], *sizes), dtype)
    by_hand, by_jax = backprop(network, *case), autodiff(network, *case)
    assume(not cancels(network, *case[:2], by_jax))
    assert difference(by_hand, by_jax).relative <= tolerance(network, dtype)


@pytest.mark.costly
@pytest.mark.parametrize("hidden", ["tanh", None])
@pytest.mark.parametrize("rows", ROWS)
def test_own_output_and_loss(hidden, rows):
    """A g whose Jacobian is not symmetric, and an E, both known as functions only."""
    network = Network(
        hidden, lambda a: jnp.cumsum(a) * a[0], lambda g, y: jnp.sum(jnp.abs(g - y) ** 3)
    )
    case = draw_case(network, 5, (ROWS[rows], 5, 3, 4), "float64")
    apart = difference(backprop(network, *case), autodiff(network, *case))
    assert apart.relative <= 1e-12


def rounding(network, params, x, y) -> Gradients:
    """How far apart rounding may drive the two routes, entry by entry (first order).

    δ2 is made of differences between numbers of the size of g and y, and what multiplies them
    (the Jacobian of g, f') is at most 1. That 1 stands in for f', whose own terms cancel where
    f is saturated.
    """
    g = np.asarray(forward(network, params, x).g)
    size = np.abs(g).max(-1, keepdims=True) + np.abs(y).max(-1, keepdims=True)
    delta2 = 8 * np.finfo(g.dtype).eps * g.shape[-1] * np.broadcast_to(size, g.shape)
    return without_signs(network, params, x, delta2, slope=1.0)


@pytest.mark.costly
@pytest.mark.parametrize(("hidden", "pair", "bias"), COMBINATIONS)
@pytest.mark.parametrize("dtype", TOLERANCE)
def test_backprop_is_autodiff_as_far_as_rounding_allows(hidden, pair, bias, dtype):
    network = Network((HIDDEN | OWN)[hidden], *pair, bias=bias)
    for seed, (u, a) in enumerate([(1e4, 1e4), (30.0, 30.0), (1.0, 1e4), (1e4, 1.0)]):
        case = draw_case(network, seed, (3, 5, 3, 4), dtype, u_max=u, a_max=a)
        routes = backprop(network, *case), autodiff(network, *case), rounding(network, *case)
        for by_hand, by_jax, allowed in zip(*map(jax.tree.leaves, routes), strict=True):
            assert np.isfinite(by_hand).all()
            assert (np.abs(np.subtract(by_hand, by_jax)) <= allowed).all(), (u, a)


def is_slope(network, params, X, Y, gradients) -> bool:
    """Central differences of the loss along each weight, in float64: the third referee."""
    flat, unflatten = jax.flatten_util.ravel_pytree(params)
    error = jax.jit(jax.vmap(lambda step: loss(network, unflatten(flat + step), X, Y)))
    steps = 1e-6 * jnp.eye(len(flat))
    slopes = unflatten((error(steps) - error(-steps)) / 2e-6)
    return all(
        np.allclose(found, slope, rtol=0, atol=1e-8 * np.abs(slope).max() + 1e-9)
        for found, slope in zip(gradients[:2], slopes, strict=True)
    )


@pytest.mark.costly
@pytest.mark.parametrize("pair", PAIRS)
@pytest.mark.parametrize("hidden", ["sigmoid", "tanh", "identity", "relu"])
def test_both_are_the_slope_of_the_error(hidden, pair):
    network = Network(hidden, *pair)
    case = draw_case(network, 7, (2, 5, 3, 4), "float64")
    for route in (backprop, autodiff):
        assert is_slope(network, *case, route(network, *case))


def test_finite_differences_refuse_a_wrong_gradient():
    """The referee itself: a forgotten f', a factor off by 1e-6, a bias column of zeros."""
    network = Network("tanh", "softmax", "cross_entropy")
    case = draw_case(network, 7, (2, 5, 3, 4), "float64")
    right = backprop(network, *case)
    for wrong in (
        backprop(Network(Activation("tanh", jnp.tanh, jnp.ones_like)), *case),
        right._replace(dW=right.dW * (1 + 1e-6)),
        right._replace(dV=right.dV.at[:, 0].set(0)),
    ):
        assert not is_slope(network, *case, wrong)


def test_rounding_does_not_excuse_a_wrong_gradient():
    network = Network("tanh", "softmax", "cross_entropy")
    case = draw_case(network, 7, (3, 5, 3, 4), "float32")
    right, allowed = backprop(network, *case), rounding(network, *case)
    assert (np.abs(right.dW) * 1e-3).max() > allowed.dW.max()


@pytest.mark.parametrize("route", [autodiff, backprop])
def test_relu_at_exactly_0_has_gradient_0(route, rng):
    network, params = Network("relu"), draw_params(rng, 5, 3, 4)
    still = params._replace(W=jnp.zeros_like(params.W))
    found = route(network, still, jnp.array(rng.normal(size=(2, 5))), jnp.eye(4)[:2])
    assert not found.delta1.any()
    assert not found.dW.any()
    assert found.dV.any()


@pytest.mark.parametrize("route", [autodiff, backprop])
def test_delta2_of_the_lecture(route, lecture, rng):
    """g − y for one-hot y (L15), g Σy − y for any."""
    network, params = lecture
    X, Y = jnp.array(rng.normal(size=(2, 5))), jnp.eye(4)[:2]
    g = forward(network, params, X).g
    np.testing.assert_allclose(route(network, params, X, Y).delta2, g - Y, atol=1e-15)
    Y = jnp.array(rng.uniform(1, 2, size=(2, 4)))
    expected = g * Y.sum(axis=1, keepdims=True) - Y
    np.testing.assert_allclose(route(network, params, X, Y).delta2, expected, atol=1e-14)


@pytest.mark.costly
@pytest.mark.parametrize("route", [autodiff, backprop])
def test_sum_and_mean_over_a_batch(route, lecture, rng):
    network, params = lecture
    X, Y = jnp.array(rng.normal(size=(6, 5))), jnp.eye(4)[jnp.array([0, 1, 2, 3, 3, 1])]
    each = [route(network, params, x, y) for x, y in zip(X, Y, strict=True)]
    total = route(network, params, X, Y, reduction="sum")
    mean = route(network, params, X, Y)
    for name in ("dW", "dV"):
        expected = sum(getattr(one, name) for one in each)
        np.testing.assert_allclose(getattr(total, name), expected, atol=1e-14)
        np.testing.assert_allclose(getattr(mean, name), expected / 6, atol=1e-14)
    for name in ("delta1", "delta2"):  # a row a sample, undivided
        rows = jnp.stack([getattr(one, name) for one in each])
        np.testing.assert_allclose(getattr(mean, name), rows, atol=1e-14)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("route", [autodiff, backprop])
def test_shapes_are_those_of_the_interface(route, bias):
    params = init(Network(bias=bias), (5, 3, 4), key=jax.random.key(0))
    found = route(Network(bias=bias), params, jnp.ones((2, 5)), jnp.ones((2, 4)))
    assert [part.shape for part in found] == [params.W.shape, params.V.shape, (2, 3), (2, 4)]


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize("route", [autodiff, backprop])
def test_bad_arguments_are_refused(route, lecture):
    network, params = lecture
    x, y = jnp.ones((2, 5)), jnp.ones((2, 4))
    with pytest.raises(ValueError, match="unknown reduction 'max': expected mean or sum"):
        route(network, params, x, y, reduction="max")
    with pytest.raises(
        ValueError, match=r"expected y of the output's shape \(2, 4\), got \(2, 5\)"
    ):
        route(network, params, x, jnp.ones((2, 5)))
    with pytest.raises(ValueError, match="expected W with 8 columns"):
        route(network, params, jnp.ones(7), y)


@pytest.mark.slow
def test_dtype_is_that_of_the_parameters(lecture):
    network, params = lecture
    params = jax.tree.map(lambda p: p.astype("float32"), params)
    with jax.numpy_dtype_promotion("standard"):
        for route in (autodiff, backprop):
            assert route(network, params, jnp.ones(5), jnp.eye(4)[0]).dW.dtype == "float32"


def test_difference_of_other_shapes_is_refused(lecture):
    network, params = lecture
    right = backprop(network, params, jnp.ones(5), jnp.eye(4)[0])
    for wrong in (right._replace(dV=right.dV[:1]), right._replace(dW=None)):
        with pytest.raises(ValueError, match="expected gradients of the same shapes"):
            difference(wrong, right)


def test_difference_does_not_hide_a_nan(lecture):
    network, params = lecture
    right = backprop(network, params, jnp.ones(5), jnp.eye(4)[0])
    wrong = right._replace(dV=right.dV.at[1, 2].set(jnp.nan))
    assert not difference(wrong, right).relative <= 1
    assert not difference(right, wrong).absolute <= 1


@pytest.mark.slow
def test_gradient_is_that_of_scikit_learn(digits, rng):
    """One step of its MLP with step size 1 is its gradient."""
    X, Y, y = digits
    d, q, m = 64, 7, 4
    peer = MLPClassifier(
        (q,), solver="sgd", alpha=0, learning_rate_init=1, momentum=0, batch_size=len(X)
    )
    peer.partial_fit(X, y, classes=range(m))
    W, V = draw_params(rng, d, q, m)
    before = [np.array(p) for p in (W[:, 1:].T, V[:, 1:].T, W[:, 0], V[:, 0])]
    peer.coefs_, peer.intercepts_ = ([p.copy() for p in part] for part in (before[:2], before[2:]))
    peer.partial_fit(X, y)
    steps = [b - a for b, a in zip(before, (*peer.coefs_, *peer.intercepts_), strict=True)]
    for route in (backprop, autodiff):
        dW, dV = route(Network(), Params(W, V), jnp.array(X), jnp.array(Y))[:2]
        ours = (dW[:, 1:].T, dV[:, 1:].T, dW[:, 0], dV[:, 0])
        for mine, theirs in zip(ours, steps, strict=True):
            np.testing.assert_allclose(mine, theirs, atol=1e-5 * np.abs(theirs).max())


def test_gradient_is_that_of_pytorch(digits, rng):
    torch = pytest.importorskip("torch")
    X, Y, y = digits
    params = draw_params(rng, 64, 7, 4)
    W, V = (torch.tensor(np.asarray(p), requires_grad=True) for p in params)
    hidden = torch.relu(torch.tensor(X) @ W[:, 1:].T + W[:, 0])
    logits = hidden @ V[:, 1:].T + V[:, 0]
    torch.nn.functional.cross_entropy(logits, torch.tensor(y)).backward()
    for route in (backprop, autodiff):
        dW, dV = route(Network(), params, jnp.array(X), jnp.array(Y))[:2]
        for mine, theirs in ((dW, W.grad.numpy()), (dV, V.grad.numpy())):
            np.testing.assert_allclose(mine, theirs, atol=1e-5 * np.abs(theirs).max())
