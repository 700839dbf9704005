"""Each activation beside its derivative by hand (L5 to L7)."""

import functools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float


@dataclass(frozen=True)
class Activation:
    """An f that acts element by element, beside its hand-derived f' (L5, L7).

    Attributes:
        name: what reports and files call it.
        value: f, from an array of any shape to one of the same shape.
        derivative: f', likewise.

    Example:
        >>> import jax.numpy as jnp
        >>> sine = Activation("sine", jnp.sin, jnp.cos)
        >>> float(sine.derivative(jnp.array(0.0)))
        1.0
    """

    name: str
    value: Callable = field(repr=False)
    derivative: Callable = field(repr=False)


@dataclass(frozen=True)
class Output:
    """A g that acts on the whole vector a = Vz, beside its Jacobian (L6).

    Attributes:
        name: what reports and files call it.
        value: g, along the last axis: (..., m) to (..., m).
        pullback: (a, r) to Jᵀr, where J = ∂g/∂a at a: what the chain rule needs of J.
    """

    name: str
    value: Callable = field(repr=False)
    pullback: Callable = field(repr=False)


def sigmoid_derivative(u: Float[Array, "*s"]) -> Float[Array, "*s"]:
    """f(1 − f) (L7).

    Example:
        >>> sigmoid_derivative(jnp.zeros(1)).tolist()
        [0.25]
    """
    f = jax.nn.sigmoid(u)
    return f * (1 - f)


def tanh_derivative(u: Float[Array, "*s"]) -> Float[Array, "*s"]:
    """1 − f² (L7), as (1 − f)(1 + f), which loses less to rounding where f is near ±1.

    Example:
        >>> tanh_derivative(jnp.zeros(1)).tolist()
        [1.0]
    """
    f = jnp.tanh(u)
    return (1 - f) * (1 + f)


def softmax_pullback(a: Float[Array, "*n m"], r: Float[Array, "*n m"]) -> Float[Array, "*n m"]:
    """Jᵀr for the Jacobian J = diag(g) − g gᵀ of softmax.

    Example:
        >>> import jax.numpy as jnp
        >>> softmax_pullback(jnp.zeros(2), jnp.array([1.0, 0.0])).tolist()
        [0.25, -0.25]
    """
    g = jax.nn.softmax(a)
    return g * (r - jnp.sum(g * r, axis=-1, keepdims=True))


IDENTITY = Activation("identity", lambda u: u, jnp.ones_like)
# At 0 the derivative is 0: a convention, and that of the lecture and of jax.nn.relu.
RELU = Activation("relu", jax.nn.relu, lambda u: (u > 0).astype(u.dtype))
SIGMOID = Activation("sigmoid", jax.nn.sigmoid, sigmoid_derivative)
TANH = Activation("tanh", jnp.tanh, tanh_derivative)
SOFTMAX = Output("softmax", jax.nn.softmax, softmax_pullback)


@functools.cache
def elementwise(f: Activation) -> Output:
    """The output that applies f to each a_k: its Jacobian is diag f'(a)."""
    return Output(f.name, f.value, lambda a, r: f.derivative(a) * r)


HIDDEN = {f.name: f for f in (RELU, SIGMOID, TANH, IDENTITY)}
OUTPUTS = {
    g.name: g for g in (elementwise(IDENTITY), SOFTMAX, elementwise(SIGMOID), elementwise(TANH))
}


@functools.cache
def activation(f: str | Activation | Callable) -> Activation:
    """An f by name, or a function of one number, whose f' is then `jax.grad`'s.

    A function is written in jax.numpy or jax.nn, without `if` on its argument. (Beware of
    `jnp.maximum(u, 0)`: its gradient at 0 is ½, where ReLU's is 0.)

    Raises:
        ValueError: the name is unknown, or names an output that isn't element by element.

    Example:
        >>> activation("relu").name, activation(jax.nn.swish).name
        ('relu', 'silu')
    """
    if isinstance(f, Activation):
        return f
    for known in HIDDEN.values():  # jax.nn.relu is "relu"
        if f is known.value:
            return known
    if callable(f):
        return Activation(name_of(f), jnp.vectorize(f), jnp.vectorize(jax.grad(f)))
    return look_up(HIDDEN, f, "hidden activation")


@functools.cache
def output(g: str | Output | Activation | Callable) -> Output:
    """A g by name, or a function of one vector a, whose Jacobian is then `jax.vjp`'s.

    Raises:
        ValueError: the name is unknown.

    Example:
        >>> output("softmax").value(jnp.zeros(2)).tolist()
        [0.5, 0.5]
    """
    if isinstance(g, Output):
        return g
    if isinstance(g, Activation):
        return elementwise(g)
    for known in OUTPUTS.values():  # jax.nn.softmax is "softmax", stable and checked
        if g is known.value:
            return known
    if callable(g):
        pullback = jnp.vectorize(lambda a, r: jax.vjp(g, a)[1](r)[0], signature="(m),(m)->(m)")
        return Output(name_of(g), jnp.vectorize(g, signature="(m)->(m)"), pullback)
    return look_up(OUTPUTS, g, "output")


def name_of(function: Callable) -> str:
    """What a function, or another callable, is called."""
    return getattr(function, "__name__", type(function).__name__)


def look_up(known: dict, name: object, what: str) -> Any:
    """`known[name]`, or a ValueError that lists what there is."""
    if name not in known:
        raise ValueError(f"unknown {what} {name!r}: expected one of {', '.join(known)}")
    return known[name]
