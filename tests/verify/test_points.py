"""Where derivations are evaluated, and what is true there."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxmlp.gradients import backprop
from jaxmlp.network import Network, Params
from jaxmlp.verify.layouts import prepend_one
from jaxmlp.verify.points import MARGIN, Sizes, draw_points, truth


@pytest.mark.parametrize("sizes", [Sizes(), Sizes(7, 5, 5), Sizes(7, 1, 3), Sizes(5, 3, 4, 6, 2)])
def test_units_are_on_and_off_and_clear_of_the_kink(sizes):
    points = draw_points(Network(), sizes)
    u = prepend_one(points.x) @ points.W.mT
    on = (u > 0).reshape(-1, sizes.q)
    assert (on.any(axis=0) & ~on.all(axis=0)).all()
    assert np.abs(u).min() >= MARGIN / sizes.q


def test_default_sizes_are_told_apart():
    d, q, m, n, _ = Sizes()
    assert len({d, d + 1, q, q + 1, m, n}) == 6


def test_points_are_float32s_and_biases_are_not_zero():
    points = draw_points(Network(), Sizes())
    for part in points:
        assert (part.astype(np.float32) == part).all()
    assert points.W[..., 0].all()
    assert points.V[..., 0].all()


def test_single_points_are_the_rows():
    points = draw_points(Network(), Sizes())
    one = points.single()
    assert one.x.shape == (33, 1, 7)
    assert (one.x[12, 0] == points.x[1, 1]).all()
    assert (one.W[12] == points.W[1]).all()


@pytest.mark.parametrize(
    ("loss", "expected"),
    [("cross_entropy", {0.0, 1.0}), ("binary_cross_entropy", {0.0, 1.0}), ("squared_error", None)],
)
def test_targets_go_with_the_loss(loss, expected):
    network = Network("tanh", {"cross_entropy": "softmax"}.get(loss, "sigmoid"), loss)
    y = draw_points(network, Sizes()).y
    assert expected is None or set(y.ravel()) == expected
    assert loss != "cross_entropy" or (y.sum(axis=-1) == 1).all()


@pytest.mark.slow
def test_truth_is_that_of_the_closed_form():
    network = Network("tanh", "sigmoid", "squared_error")
    points = draw_points(network, Sizes()).single()
    found = truth(network, points)
    for at in (0, 17):
        W, V, x, y = (part[at] for part in points)
        expected = backprop(network, Params(jnp.asarray(W), jnp.asarray(V)), x, y, reduction="sum")
        np.testing.assert_allclose(found.dW[at], expected.dW, rtol=1e-11, atol=1e-13)
        np.testing.assert_allclose(found.delta1[at], expected.delta1, rtol=1e-11, atol=1e-13)


def test_a_gradient_that_finite_differences_do_not_confirm_is_refused():
    @jax.custom_jvp
    def crooked(u):
        return u**2

    crooked.defjvp(lambda primals, tangents: (primals[0] ** 2, 3 * tangents[0]))
    network = Network(crooked, "identity", "squared_error")
    with pytest.raises(ValueError, match="finite differences to agree on dW"):
        truth(network, draw_points(network, Sizes()).single())
