import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxmlp.activations import HIDDEN, OUTPUTS, RELU, Activation, activation, output

EXTREMES = jnp.array([-1e4, -100.0, -1.0, 0.0, 1.0, 100.0, 1e4], "float32")
POINTS = np.concatenate([np.linspace(-20, 20, 401), np.geomspace(1e-300, 1, 31)])
VALUES = {
    "relu": lambda u: np.maximum(0, u),
    "sigmoid": lambda u: 1 / (1 + np.exp(-u)),
    "tanh": lambda u: (np.exp(u) - np.exp(-u)) / (np.exp(u) + np.exp(-u)),
    "identity": lambda u: u,
}


@pytest.mark.parametrize("name", HIDDEN)
def test_value_is_that_of_the_lecture(name):  # L5, L6
    np.testing.assert_allclose(
        HIDDEN[name].value(jnp.array(POINTS)), VALUES[name](POINTS), atol=1e-15
    )


@pytest.mark.parametrize("name", HIDDEN)
def test_derivative_is_that_of_autodiff(name):  # L7
    by_jax = jax.vmap(jax.grad(HIDDEN[name].value))(POINTS)
    np.testing.assert_allclose(
        HIDDEN[name].derivative(jnp.array(POINTS)), by_jax, atol=1e-15, rtol=1e-14
    )


@pytest.mark.parametrize("name", HIDDEN)
def test_finite_at_extremes_in_float32(name):
    for values in (HIDDEN[name].value(EXTREMES), HIDDEN[name].derivative(EXTREMES)):
        assert values.dtype == jnp.float32
        assert jnp.isfinite(values).all()


def test_relu_derivative_is_0_at_0():
    assert RELU.derivative(jnp.array([-1.0, -0.0, 0.0, 1e-300])).tolist() == [0, 0, 0, 1]


@pytest.mark.parametrize("name", OUTPUTS)
def test_pullback_is_the_transposed_jacobian(name, rng):
    g, a, r = OUTPUTS[name], rng.normal(size=4), rng.normal(size=4)
    jacobian = jax.jacobian(g.value)(jnp.array(a))
    np.testing.assert_allclose(g.pullback(jnp.array(a), jnp.array(r)), jacobian.T @ r, atol=1e-15)


@pytest.mark.parametrize("name", OUTPUTS)
def test_output_of_a_batch_is_row_by_row(name, rng):
    g, a, r = OUTPUTS[name], jnp.array(rng.normal(size=(3, 4))), jnp.array(rng.normal(size=(3, 4)))
    for k in range(3):
        np.testing.assert_allclose(g.value(a)[k], g.value(a[k]), rtol=1e-15)
        np.testing.assert_allclose(g.pullback(a, r)[k], g.pullback(a[k], r[k]), rtol=1e-14)


def test_softmax_at_extremes_in_float32():
    g = OUTPUTS["softmax"].value(jnp.array([1e4, -1e4, 0.0], "float32"))
    assert g.tolist() == [1, 0, 0]


def test_own_function_gets_its_derivative_from_autodiff(rng):
    f, u = activation(jnp.sin), jnp.array(rng.normal(size=(3, 4)))
    np.testing.assert_allclose(f.derivative(u), jnp.cos(u), rtol=1e-15)
    assert f.name == "sin"


def test_own_function_is_applied_element_by_element(rng):
    f = activation(lambda u: jax.lax.cond(u > 0, lambda: u, lambda: 0.0 * u))  # numbers only
    u = jnp.array(rng.normal(size=(3, 4)))
    np.testing.assert_array_equal(f.value(u), RELU.value(u))
    np.testing.assert_array_equal(f.derivative(u), RELU.derivative(u))


def test_own_output_sees_one_row_at_a_time(rng):
    g = output(lambda a: jnp.exp(a) / jnp.sum(jnp.exp(a)))  # of a batch, this would be wrong
    a, r = jnp.array(rng.normal(size=(3, 4))), jnp.array(rng.normal(size=(3, 4)))
    np.testing.assert_allclose(g.value(a), OUTPUTS["softmax"].value(a), rtol=1e-14)
    np.testing.assert_allclose(g.pullback(a, r), OUTPUTS["softmax"].pullback(a, r), atol=1e-15)


def test_known_functions_are_known():
    """So that `jax.nn.softmax` is as stable, and as strictly paired, as "softmax"."""
    assert activation(jax.nn.relu) is HIDDEN["relu"]
    assert output(jax.nn.softmax) is OUTPUTS["softmax"]


def test_own_output_need_not_have_a_symmetric_jacobian(rng):
    g = output(lambda a: jnp.cumsum(a) * a[0])
    a, r = jnp.array(rng.normal(size=(3, 4))), jnp.array(rng.normal(size=(3, 4)))
    jacobian = jax.vmap(jax.jacobian(lambda a: jnp.cumsum(a) * a[0]))(a)
    np.testing.assert_allclose(g.pullback(a, r), np.einsum("nij,ni->nj", jacobian, r), atol=1e-14)


def test_an_activation_serves_as_an_output():
    assert output(Activation("sine", jnp.sin, jnp.cos)).name == "sine"
    assert output(HIDDEN["tanh"]) is OUTPUTS["tanh"]


def test_same_function_is_the_same_activation():
    """So that it is the same static argument to `jax.jit`."""
    assert activation(jnp.sin) is activation(jnp.sin)
    assert output(jnp.sin) is output(jnp.sin)


@pytest.mark.parametrize(("make", "name"), [(activation, "softmax"), (output, "relu")])
def test_unknown_name_is_refused_with_the_known(make, name):
    with pytest.raises(ValueError, match=rf"unknown .* '{name}': expected one of .*sigmoid"):
        make(name)
