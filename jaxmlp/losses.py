"""Each error E beside its derivative by hand (L8 to L10), and the pairs (g, E) that make sense.

An E is a function of the output g = g(a) and the target y. Two pairs are also given fused, as
functions of a: there ∂E/∂g and the Jacobian of g cancel, on paper and so in rounding.
"""

import functools
from collections.abc import Callable
from dataclasses import dataclass, field

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from jaxmlp.activations import OUTPUTS, SOFTMAX, Output, look_up, name_of

Vectors = Float[Array | np.ndarray, "*n m"]  # a, g or y: one, or a row a sample
PerRow = Float[Array, "*n"]


@dataclass(frozen=True)
class Loss:
    """An error E(g, y) beside its hand-derived ∂E/∂g.

    Attributes:
        name: what reports and files call it.
        value: (g, y), each (..., m), to E, one number a row: (...).
        derivative: (g, y) to ∂E/∂g, (..., m).
        outputs: names of the outputs it makes sense with; empty: any.
    """

    name: str
    value: Callable = field(repr=False)
    derivative: Callable = field(repr=False)
    outputs: tuple[str, ...] = field(default=(), repr=False)


@dataclass(frozen=True)
class Fused:
    """A pair (g, E) as functions of a = Vz: E, and δ2 = ∂E/∂a."""

    value: Callable = field(repr=False)
    delta2: Callable = field(repr=False)


def squared_error(g: Vectors, y: Vectors) -> PerRow:
    """E = Σ_k (y_k − g_k)², without ½ (L8)."""
    return jnp.sum((y - g) ** 2, axis=-1)


def squared_error_derivative(g: Vectors, y: Vectors) -> Vectors:
    """∂E/∂g = 2(g − y)."""
    return 2 * (g - y)


def y_log(y: Vectors, g: Vectors) -> Vectors:
    """y log g, which is 0 where y is 0, whatever g is; so is its gradient."""
    return jnp.where(y == 0, 0, y * jnp.log(jnp.where(y == 0, 1, g)))


def y_over(y: Vectors, g: Vectors) -> Vectors:
    """y / g, which is 0 where y is 0, whatever g is."""
    return jnp.where(y == 0, 0, y / jnp.where(y == 0, 1, g))


def cross_entropy(g: Vectors, y: Vectors) -> PerRow:
    """E = −Σ_k y_k log g_k (L9)."""
    return -jnp.sum(y_log(y, g), axis=-1)


def cross_entropy_derivative(g: Vectors, y: Vectors) -> Vectors:
    """∂E/∂g = −y / g."""
    return -y_over(y, g)


def softmax_cross_entropy(a: Vectors, y: Vectors) -> PerRow:
    """E = −Σ_k y_k (a_k − log Σ_i e^{a_i}): L9 with g = softmax, as a function of a."""
    return -jnp.sum(y * jax.nn.log_softmax(a), axis=-1)


def softmax_cross_entropy_delta2(a: Vectors, y: Vectors) -> Vectors:
    """δ2 = g Σ_i y_i − y, which is g − y where Σ y = 1 (L15).

    Example:
        >>> softmax_cross_entropy_delta2(jnp.zeros(2), jnp.array([1.0, 0.0])).tolist()
        [-0.5, 0.5]
    """
    return jax.nn.softmax(a) * jnp.sum(y, axis=-1, keepdims=True) - y


def binary_cross_entropy(g: Vectors, y: Vectors) -> PerRow:
    """E = −Σ_k y_k log g_k + (1 − y_k) log(1 − g_k): L10, summed over the outputs."""
    return -jnp.sum(y_log(y, g) + y_log(1 - y, 1 - g), axis=-1)


def binary_cross_entropy_derivative(g: Vectors, y: Vectors) -> Vectors:
    """∂E/∂g = (1 − y)/(1 − g) − y/g."""
    return y_over(1 - y, 1 - g) - y_over(y, g)


def sigmoid_binary_cross_entropy(a: Vectors, y: Vectors) -> PerRow:
    """E = Σ_k y_k log(1 + e^{−a_k}) + (1 − y_k) log(1 + e^{a_k}): L10 as a function of a."""
    return jnp.sum(y * jax.nn.softplus(-a) + (1 - y) * jax.nn.softplus(a), axis=-1)


def sigmoid_binary_cross_entropy_delta2(a: Vectors, y: Vectors) -> Vectors:
    """δ2 = σ(a) − y, written (1 − y)σ(a) − yσ(−a), which does not cancel where σ is near y."""
    return (1 - y) * jax.nn.sigmoid(a) - y * jax.nn.sigmoid(-a)


SQUARED_ERROR = Loss("squared_error", squared_error, squared_error_derivative, tuple(OUTPUTS))
CROSS_ENTROPY = Loss("cross_entropy", cross_entropy, cross_entropy_derivative, ("softmax",))
BINARY_CROSS_ENTROPY = Loss(
    "binary_cross_entropy", binary_cross_entropy, binary_cross_entropy_derivative, ("sigmoid",)
)
LOSSES = {e.name: e for e in (SQUARED_ERROR, CROSS_ENTROPY, BINARY_CROSS_ENTROPY)}
FUSED = {
    (SOFTMAX, CROSS_ENTROPY): Fused(softmax_cross_entropy, softmax_cross_entropy_delta2),
    (OUTPUTS["sigmoid"], BINARY_CROSS_ENTROPY): Fused(
        sigmoid_binary_cross_entropy, sigmoid_binary_cross_entropy_delta2
    ),
}
# The E that goes with each g where none is named, and the g with each E.
LOSS_OF = {**dict.fromkeys(OUTPUTS, "squared_error"), **{g.name: e.name for g, e in FUSED}}
OUTPUT_OF = {"squared_error": "identity", **{e.name: g.name for g, e in FUSED}}


@functools.cache
def loss_function(e: str | Loss | Callable) -> Loss:
    """An E by name, or a function of one (g, y), whose ∂E/∂g is then `jax.grad`'s.

    Raises:
        ValueError: the name is unknown.
    """
    if isinstance(e, Loss):
        return e
    if callable(e):
        value = jnp.vectorize(e, signature="(m),(m)->()")
        return Loss(name_of(e), value, jnp.vectorize(jax.grad(e), signature="(m),(m)->(m)"))
    return look_up(LOSSES, e, "loss")


def check_pair(g: Output, e: Loss) -> None:
    """Refuse a named output with a named loss that it makes no sense with.

    Raises:
        ValueError: with the pairs that do make sense.
    """
    if g in OUTPUTS.values() and e.outputs and g.name not in e.outputs:
        known = {**LOSSES, e.name: e}.values()
        pairs = "; ".join(f"{loss.name} with {', '.join(loss.outputs)}" for loss in known)
        raise ValueError(f"{e.name} makes no sense with the output {g.name}: expected {pairs}")


def error(g: Output, e: Loss, a: Vectors, y: Vectors) -> PerRow:
    """E as a function of a = Vz, one number a row (L8 to L10)."""
    fused = FUSED.get((g, e))
    return fused.value(a, y) if fused else e.value(g.value(a), y)


def delta2(g: Output, e: Loss, a: Vectors, y: Vectors) -> Float[Array, "*n m"]:
    """δ2 = ∂E/∂a: fused where the pair is, otherwise Jᵀ ∂E/∂g (L15, L23)."""
    fused = FUSED.get((g, e))
    return fused.delta2(a, y) if fused else g.pullback(a, e.derivative(g.value(a), y))
