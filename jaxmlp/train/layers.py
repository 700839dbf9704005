"""Layers whose biases lie apart, and the derivatives of a block's E by the second layer and by u.

With the biases apart, no 1 has to be put in front of anything: Wx = W̃x + w₀.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array

from jaxmlp import losses
from jaxmlp.gradients import autodiff, backprop
from jaxmlp.network import Network

Summed = Callable[[Array], Array] | None  # of the sums over the units that others have, too


class Layer(NamedTuple):
    """A matrix without its bias column, and the bias; None where there is none."""

    weights: Array
    bias: Array | None

    def __call__(self, x: Array, summed: Summed = None) -> Array:
        """Wx of L3, for one sample or for rows.

        Args:
            summed: from the sums over some entries of x to those over all, where others have the
                rest (`mesh.by_units`).
        """
        a = self.weights @ x if x.ndim == 1 else x @ self.weights.T
        a = a if summed is None else summed(a)
        return a if self.bias is None else a + jnp.broadcast_to(self.bias, a.shape)


def split_bias(network: Network, A: Any) -> Layer:
    """W or V as a layer, biases being its column 0."""
    return Layer(A[..., 1:], A[..., 0]) if network.bias else Layer(A, None)


def join_bias(layer: Layer) -> Array:
    """W or V again."""
    if layer.bias is None:
        return layer.weights
    return jnp.concatenate([layer.bias[..., None], layer.weights], axis=-1)


def _by_autodiff(
    network: Network, second: Layer | None, u: Array, y: Array, rates: Array, summed: Summed = None
) -> tuple:
    """The gradients of Σ η_i E_i with respect to V and to each u (a, without hidden layer)."""

    def error(second: Layer | None, u: Array) -> Array:
        a = u if second is None else second(network.hidden.value(u), summed)
        return jnp.dot(rates, losses.error(network.output, network.loss, a, y))

    return jax.grad(error, (0, 1))(second, u)


def _by_backprop(
    network: Network, second: Layer | None, u: Array, y: Array, rates: Array, summed: Summed = None
) -> tuple:
    """The same by L15 and L22."""
    h = None if second is None else network.hidden.value(u)
    a = u if second is None else second(h, summed)
    delta2 = rates[..., None] * losses.delta2(network.output, network.loss, a, y)
    if second is None:
        return None, delta2
    dV = jnp.outer(delta2, h) if u.ndim == 1 else delta2.T @ h
    bias = None if second.bias is None else jnp.atleast_2d(delta2).sum(axis=0)
    return Layer(dV, bias), delta2 @ second.weights * network.hidden.derivative(u)


DELTAS = {autodiff: _by_autodiff, backprop: _by_backprop}
