import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxmlp.activations import OUTPUTS
from jaxmlp.losses import FUSED, LOSSES, Loss, check_pair, delta2, error, loss_function

PAIRS = [(g, e.name) for e in LOSSES.values() for g in e.outputs]


def outputs_and_targets(rng, shape=(4,)):
    """g and y with entries inside (0, 1)."""
    return jnp.array(rng.uniform(0.1, 0.9, shape)), jnp.array(rng.uniform(0.1, 0.9, shape))


def test_values_of_the_lecture():
    g, y = jnp.array([0.2, 0.5, 0.3]), jnp.array([0.0, 1.0, 0.0])
    np.testing.assert_allclose(LOSSES["squared_error"].value(g, y), 0.04 + 0.25 + 0.09)  # L8, no ½
    np.testing.assert_allclose(LOSSES["cross_entropy"].value(g, y), np.log(2))  # L9
    binary = -np.log(0.8) - np.log(0.5) - np.log(0.7)
    np.testing.assert_allclose(LOSSES["binary_cross_entropy"].value(g, y), binary)  # L10, summed


@pytest.mark.parametrize("name", LOSSES)
def test_derivative_is_that_of_autodiff(name, rng):
    g, y = outputs_and_targets(rng)
    e = LOSSES[name]
    np.testing.assert_allclose(e.derivative(g, y), jax.grad(e.value)(g, y), rtol=1e-14)


@pytest.mark.parametrize("pair", FUSED, ids=lambda pair: pair[1].name)
def test_fused_is_the_composition(pair, rng):
    g, e = pair
    a, y = jnp.array(rng.normal(size=(3, 4))), outputs_and_targets(rng, (3, 4))[1]
    np.testing.assert_allclose(FUSED[pair].value(a, y), e.value(g.value(a), y), rtol=1e-14)
    composed = g.pullback(a, e.derivative(g.value(a), y))
    np.testing.assert_allclose(FUSED[pair].delta2(a, y), composed, atol=1e-14)


def test_delta2_is_g_minus_y_where_y_sums_to_1(rng):  # L15
    a, y = jnp.array(rng.normal(size=4)), jnp.array([0.1, 0.2, 0.3, 0.4])
    g = jax.nn.softmax(a)
    found = delta2(OUTPUTS["softmax"], LOSSES["cross_entropy"], a, y)
    np.testing.assert_allclose(found, g - y, atol=1e-15)
    doubled = delta2(OUTPUTS["softmax"], LOSSES["cross_entropy"], a, 2 * y)
    np.testing.assert_allclose(doubled, 2 * g - 2 * y, atol=1e-15)  # g Σy − y, not g − y


@pytest.mark.costly
@pytest.mark.parametrize(("g", "e"), PAIRS)
def test_finite_at_extremes_in_float32(g, e):
    a = jnp.array([[1e4, -1e4, 0.0], [-1e4, 1e4, 1e4]], "float32")
    for y in jnp.eye(3, dtype="float32"):
        y = jnp.stack([y, y])
        values = error(OUTPUTS[g], LOSSES[e], a, y)
        by_hand = delta2(OUTPUTS[g], LOSSES[e], a, y)
        by_jax = jax.grad(lambda a, y=y: error(OUTPUTS[g], LOSSES[e], a, y).sum())(a)
        for found in (values, by_hand, by_jax):
            assert found.dtype == jnp.float32
            assert jnp.isfinite(found).all()
        np.testing.assert_allclose(by_hand, by_jax, rtol=1e-6)


@pytest.mark.parametrize(
    ("g", "e"), [("softmax", "cross_entropy"), ("sigmoid", "binary_cross_entropy")]
)
def test_a_sure_mistake_costs_its_distance(g, e):
    """Where log(g + eps) stops at −log eps, the true error goes on growing."""
    a, y = jnp.array([1e4, 0.0], "float32"), jnp.array([0.0, 1.0], "float32")
    assert error(OUTPUTS[g], LOSSES[e], a, y) >= 1e4


def test_unfused_entropies_ignore_what_has_no_weight():
    """A softmax of one's own that underflows to 0 or 1 must not make 0 log 0 a NaN."""
    g, y = jnp.array([0.0, 1.0]), jnp.array([0.0, 1.0])
    for name in ("cross_entropy", "binary_cross_entropy"):
        e = LOSSES[name]
        assert e.value(g, y) == 0
        assert jnp.isfinite(e.derivative(g, y)).all()
        np.testing.assert_array_equal(jax.grad(e.value)(g, y), e.derivative(g, y))


def test_own_loss_gets_its_derivative_from_autodiff(rng):
    e = loss_function(lambda g, y: jnp.sum(jnp.abs(g - y) ** 3))
    g, y = outputs_and_targets(rng, (3, 4))
    np.testing.assert_allclose(e.value(g, y), (np.abs(g - y) ** 3).sum(axis=1))
    np.testing.assert_allclose(e.derivative(g, y), 3 * (g - y) * np.abs(g - y))


def test_every_pair_is_accepted_or_refused_with_those_that_make_sense():
    for g, e in itertools.product(OUTPUTS, LOSSES):
        if (g, e) in PAIRS:
            check_pair(OUTPUTS[g], LOSSES[e])
            continue
        with pytest.raises(ValueError, match=f"{e} makes no sense .* {g}: .*entropy with softmax"):
            check_pair(OUTPUTS[g], LOSSES[e])
    assert len(PAIRS) == 6


def test_unknown_name_is_refused():
    with pytest.raises(ValueError, match="unknown loss 'hinge': expected one of squared_error"):
        loss_function("hinge")


def test_a_refused_pair_lists_ones_own_loss_too():
    hinge = Loss("hinge", lambda g, y: g.sum(-1), lambda g, y: y, outputs=("identity",))
    with pytest.raises(ValueError, match="hinge makes no sense .* tanh: .*hinge with identity"):
        check_pair(OUTPUTS["tanh"], hinge)


def test_delta2_of_a_sigmoid_keeps_its_digits_where_it_is_right():
    found = delta2(
        OUTPUTS["sigmoid"], LOSSES["binary_cross_entropy"], jnp.array([40.0]), jnp.ones(1)
    )
    np.testing.assert_allclose(found, -np.exp(-40.0), rtol=1e-12)  # sigmoid(40) − 1 would be 0
