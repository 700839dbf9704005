"""What training is given, checked once: samples, their order, counts and step sizes."""

import functools
import math
from collections.abc import Callable
from numbers import Real

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array

from jaxmlp.network import loss

StepSize = float | Callable[[Array], Array]
Optimizer = optax.GradientTransformation | Callable[[Array], optax.GradientTransformation]


def step_rule(optimizer, eta):
    """(a function from η_t to an Optax optimizer, η or None where the optimizer has its own)."""
    if isinstance(optimizer, optax.MultiSteps):
        optimizer = optimizer.gradient_transformation()
    if not isinstance(optimizer, optax.GradientTransformation):
        if not callable(optimizer):
            raise ValueError(f"expected an optimizer of Optax's, got {optimizer!r}")
        return optimizer, 0.01 if eta is None else eta
    if eta is not None:
        raise ValueError(f"expected no eta beside an optimizer with its own step size, got {eta}")
    return _constantly(optimizer), None


@functools.cache  # so that the same optimizer is the same static argument
def _constantly(optimizer):
    return lambda eta: optimizer


def step_sizes(eta, first: int, steps: int, dtype) -> np.ndarray:
    """η_t for the steps of one epoch; zeros where the optimizer has its own."""
    if not callable(eta):
        return np.full(steps, eta or 0.0, dtype)
    with jax.numpy_dtype_promotion("standard"):  # Optax's schedules need it
        etas = np.asarray(jax.vmap(eta)(first + jnp.arange(steps)), dtype)
    if not (np.isfinite(etas) & (etas >= 0)).all():
        raise ValueError(f"expected a schedule of step sizes from 0, got {as_range(etas)}")
    return etas


def as_range(etas: np.ndarray) -> str:
    low, high = etas.min(), etas.max()
    return f"{low:g}" if low == high else f"{low:g} to {high:g}"


def samples(network, params, part: str, *arrays) -> tuple[Array, Array]:
    """X and Y in the dtype of params, once they fit the network and are finite."""
    if len(arrays) != 2:
        raise ValueError(f"expected {part}samples as a pair (X, Y), got {len(arrays)} arrays")
    X, Y = (np.asarray(a, params.V.dtype) for a in arrays)
    if X.ndim != 2 or len(X) == 0:
        raise ValueError(f"expected {part}X of shape (n, d) with n at least 1, got {X.shape}")
    jax.eval_shape(lambda: loss(network, params, X, Y))
    for name, values, given in (("X", X, arrays[0]), ("Y", Y, arrays[1])):
        bad = np.argwhere(~np.isfinite(values))
        if len(bad):
            row, column = bad[0]
            got = f"{np.asarray(given)[row, column]} in {part}{name}[{row}, {column}]"
            raise ValueError(f"expected finite numbers in {values.dtype}, got {got}")
    return jnp.asarray(X), jnp.asarray(Y)


def check_settings(eta: StepSize | None, gradient: object = None, **counts: int) -> None:
    """Refuse a step size that isn't above 0, and counts that aren't whole numbers above 0.

    Raises:
        ValueError: with the name and the value.
    """
    number = isinstance(eta, Real) and not isinstance(eta, bool)
    if not (eta is None or callable(eta) or (number and 0 < eta < math.inf)):
        raise ValueError(f"expected a step size eta above 0, got {eta!r}")
    if not (gradient is None or callable(gradient)):
        raise ValueError(f"expected autodiff or backprop for gradient, got {gradient!r}")
    for name, count in counts.items():
        if not isinstance(count, int | np.integer) or count < 1:
            raise ValueError(f"expected a whole number above 0 for {name}, got {count}")


def order_of(key, order, epochs: int, n: int) -> Array | None:
    """The given order of the samples as an array; None where the key is to draw it."""
    if (key is None) == (order is None):
        raise ValueError("expected either key or order, got " + ("none" if key is None else "both"))
    if order is None:
        if not jnp.issubdtype(getattr(key, "dtype", None), jax.dtypes.prng_key):
            raise ValueError(f"expected a key from jax.random.key, got {key!r}")
        return None
    order = np.asarray(order)
    if order.ndim != 2 or len(order) != epochs or order.dtype.kind not in "iu" or order.size == 0:
        raise ValueError(
            f"expected an order of shape ({epochs}, k) of row numbers, "
            f"got {order.dtype} of shape {order.shape}"
        )
    if order.min() < 0 or order.max() >= n:
        raise ValueError(f"expected row numbers 0 to {n - 1}, got {order.min()} to {order.max()}")
    return jnp.asarray(order)
