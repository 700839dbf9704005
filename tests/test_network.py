import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxmlp.gradients import autodiff, backprop
from jaxmlp.network import Network, Params, forward, init, loss

from .conftest import draw_params


def test_forward_is_the_sums_of_the_lecture(lecture, rng):  # L3, L27, written with loops
    network, (W, V) = lecture
    x = rng.normal(size=5)
    u = [W[j, 0] + sum(W[j, i + 1] * x[i] for i in range(5)) for j in range(3)]
    z = [1.0, *(max(0.0, value) for value in u)]
    a = [sum(V[k, j] * z[j] for j in range(4)) for k in range(4)]
    g = np.exp(a) / np.sum(np.exp(a))
    for found, expected in zip(forward(network, Params(W, V), x), (u, z, a, g), strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-14)


def test_batch_is_row_by_row(lecture, rng):
    network, params = lecture
    X, Y = rng.normal(size=(6, 5)), np.eye(4)[[0, 1, 2, 3, 3, 1]]
    batch = forward(network, params, X)
    for k in range(6):
        for rows, row in zip(batch, forward(network, params, X[k]), strict=True):
            np.testing.assert_allclose(rows[k], row, atol=1e-14)
    each = [float(loss(network, params, X[k], Y[k])) for k in range(6)]
    for reduction, expected in (("none", each), ("sum", sum(each)), ("mean", np.mean(each))):
        found = loss(network, params, X, Y, reduction=reduction)
        np.testing.assert_allclose(found, expected, rtol=1e-14)


def test_without_bias_identity_is_reduced_rank_regression(rng):  # L4: y = VWx
    network = Network("identity", "identity", "squared_error", bias=False)
    params = draw_params(rng, 5, 2, 4, bias=False)
    X = rng.normal(size=(7, 5))
    product = np.asarray(params.V) @ np.asarray(params.W)
    np.testing.assert_allclose(forward(network, params, X).g, X @ product.T, atol=1e-13)
    assert np.linalg.matrix_rank(forward(network, params, X).g) == 2


def test_perceptron_is_the_network_without_hidden_layer(rng):  # L1
    network = Network(None, "sigmoid", "binary_cross_entropy")
    w, x = rng.normal(size=6), rng.normal(size=5)
    u, z, _, g = forward(network, Params(None, jnp.array([w])), x)
    assert u is None
    np.testing.assert_array_equal(z, [1, *x])
    np.testing.assert_allclose(g, [1 / (1 + np.exp(-w[0] - w[1:] @ x))])


@pytest.mark.parametrize("y", [0.0, 1.0, 0.3])
def test_two_classes_of_softmax_are_one_sigmoid(y, rng):  # L10: w = v_1 − v_2, target (y, 1 − y)
    two, one = Network(None), Network(None, "sigmoid", "binary_cross_entropy")
    V, x = rng.normal(size=(2, 6)), rng.normal(size=5)
    expected = loss(two, Params(None, jnp.array(V)), x, np.array([y, 1 - y]))
    found = loss(one, Params(None, jnp.array(V[:1] - V[1:])), x, np.array([y]))
    np.testing.assert_allclose(found, expected, rtol=1e-12)


@pytest.mark.costly
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_dtype_is_kept(dtype):
    network = Network()
    params = init(network, (5, 3, 4), key=jax.random.key(0), dtype=dtype)
    x, y = jnp.ones((2, 5), dtype), jnp.ones((2, 4), dtype)
    arrays = [*params, *forward(network, params, x), loss(network, params, x, y)]
    assert {str(a.dtype) for a in arrays} == {dtype}


@pytest.mark.costly
@pytest.mark.parametrize(
    ("initializer", "deviations"),
    [
        (0.3, (0.3, 0.3)),
        ("glorot", (np.sqrt(2 / (800 + 200)), np.sqrt(2 / (200 + 600)))),
        ("he", (np.sqrt(2 / 800), np.sqrt(2 / 200))),
    ],
)
def test_initializers_have_their_spread(initializer, deviations):
    W, V = init(Network(), (800, 200, 600), key=jax.random.key(3), initializer=initializer)
    np.testing.assert_allclose([W[:, 1:].std(), V[:, 1:].std()], deviations, rtol=0.01)
    biases = np.concatenate([W[:, 0], V[:, 0]])
    if initializer == 0.3:
        np.testing.assert_allclose(biases.std(), 0.3, rtol=0.1)
    else:
        assert not biases.any()


def test_init_is_a_function_of_the_key():
    one, same, other = (init(Network(), (5, 3, 4), key=jax.random.key(k)) for k in (0, 0, 1))
    np.testing.assert_array_equal(one.W, same.W)
    assert not np.array_equal(one.W, other.W)
    assert not np.array_equal(one.W[:, 1:4], one.V[:3, 1:])  # W and V are drawn apart


@pytest.mark.parametrize(
    ("network", "sizes", "shapes"),
    [
        (Network(), (5, 3, 4), ((3, 6), (4, 4))),
        (Network(bias=False), (5, 3, 4), ((3, 5), (4, 3))),
        (Network(None), (5, 4), (None, (4, 6))),
        (Network(None, bias=False), (5, 4), (None, (4, 5))),
    ],
)
@pytest.mark.parametrize("initializer", [0.3, "he"])
def test_shapes(network, sizes, shapes, initializer):
    W, V = init(network, sizes, key=jax.random.key(0), initializer=initializer)
    assert (None if W is None else W.shape, V.shape) == shapes


def test_networks_of_the_same_names_are_the_same():
    """So that they are the same static argument to `jax.jit`."""
    assert Network("relu") == Network("relu")
    assert hash(Network(jnp.sin)) == hash(Network(jnp.sin))


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ({"hidden": "softmax"}, "unknown hidden activation 'softmax': expected one of relu"),
        ({"output": "relu"}, "unknown output 'relu': expected one of identity"),
        ({"loss": "mse"}, "unknown loss 'mse': expected one of squared_error"),
        ({"output": "identity"}, "cross_entropy makes no sense with the output identity"),
    ],
)
def test_unknown_parts_are_refused(arguments, line):
    with pytest.raises(ValueError, match=line):
        Network(**arguments)


@pytest.mark.parametrize(
    ("sizes", "initializer", "line"),
    [
        ((5, 4), 0.3, r"expected \(d, q, m\), each at least 1, got sizes \(5, 4\)"),
        ((5, 0, 4), 0.3, "each at least 1"),
        ((5, 3, 4), "uniform", "unknown initializer 'uniform': expected one of glorot, he"),
        ((5, 3, 4), -0.3, "expected a standard deviation above 0, got -0.3"),
    ],
)
def test_bad_starts_are_refused(sizes, initializer, line):
    with pytest.raises(ValueError, match=line):
        init(Network(), sizes, key=jax.random.key(0), initializer=initializer)


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize(
    ("W", "V", "x", "y", "line"),
    [
        ((3, 6), (4, 4), (2, 6), (2, 4), "expected W with 7 columns, for 6 inputs and the bias"),
        ((3, 6), (4, 3), (2, 5), (2, 4), r"V with 4 columns, for 3 inputs .* got shape \(4, 3\)"),
        (
            (3, 6),
            (4, 4),
            (2, 5),
            (2, 3),
            r"expected y of the output's shape \(2, 4\), got \(2, 3\)",
        ),
        ((3, 6), (4, 4), (2, 5), (4,), r"expected y of the output's shape"),
        ((3, 6), (4, 4), (2, 2, 5), (2, 4), r"expected x of shape \(d,\) or \(n, d\)"),
        ((3, 6), (4, 4), (), (4,), r"expected x of shape \(d,\) or \(n, d\)"),
        (None, (4, 4), (2, 5), (2, 4), "expected W with 6 columns, .* got shape None"),
    ],
)
def test_shapes_that_do_not_fit_are_refused(W, V, x, y, line):
    params = Params(None if W is None else jnp.ones(W), jnp.ones(V))
    with pytest.raises(ValueError, match=line):
        loss(Network(), params, jnp.ones(x), jnp.ones(y))


@pytest.mark.usefixtures("unchecked")
def test_unknown_reduction_is_refused(lecture):
    network, params = lecture
    with pytest.raises(
        ValueError, match="unknown reduction 'max': expected one of mean, sum, none"
    ):
        loss(network, params, jnp.ones(5), jnp.ones(4), reduction="max")


@pytest.mark.usefixtures("unchecked")
def test_weights_of_no_hidden_layer_are_refused():
    with pytest.raises(ValueError, match=r"expected W to be None .* got shape \(3, 6\)"):
        forward(Network(None), Params(jnp.ones((3, 6)), jnp.ones((4, 6))), jnp.ones(5))


@pytest.mark.usefixtures("unchecked")
def test_whole_numbers_and_no_rows_are_refused(lecture):
    network, params = lecture
    with pytest.raises(ValueError, match="expected W of floating-point numbers, got int64"):
        forward(network, params._replace(W=params.W.astype(int)), jnp.ones(5))
    with pytest.raises(ValueError, match=r"expected x of shape \(d,\) or \(n, d\), got \(0, 5\)"):
        loss(network, params, jnp.ones((0, 5)), jnp.ones((0, 4)))


@pytest.mark.parametrize("route", [forward, backprop, autodiff])
def test_products_are_as_exact_as_their_numbers(route, lecture, rng):
    """A GPU rounds the factors unless it is told not to; here, what it would be told is looked at."""
    network, params = lecture
    x, y = rng.normal(size=(6, 5)), np.eye(4)[rng.integers(4, size=6)]
    arguments = (x,) if route is forward else (x, y)

    def program():
        return str(jax.make_jaxpr(functools.partial(route, network))(params, *arguments))

    assert "dot_general" in program()
    assert program().count("Precision.HIGHEST") == 2 * program().count("dot_general")
    with jax.default_matmul_precision("tensorfloat32"):
        assert "Precision.HIGH," in program()
        assert "HIGHEST" not in program()
