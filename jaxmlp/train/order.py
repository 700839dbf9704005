"""The order of the samples: given, or drawn afresh each epoch."""

import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array


def order_of(key: Any, order: Any, epochs: int, n: int) -> np.ndarray | None:
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
    return order


def sample_order(drawn: Array | tuple[Array, Array], n: int) -> Array:
    """The order of n samples, drawn with the key if it isn't given."""
    if not isinstance(drawn, tuple):
        return drawn
    return shuffled(jax.random.fold_in(*drawn), n)


def shuffled(key: Array, n: int) -> Array:
    """`jax.random.permutation(key, n)`, to the last bit, in a quarter of its time on a CPU.

    That one sorts row numbers by random keys, and XLA sorts pairs slowly; here each pair is one
    number, the key before the row's place.
    """
    order = jnp.arange(n)
    for _ in range(math.ceil(3 * math.log(n) / math.log(2**32 - 1))):  # so few keys are equal
        key, now = jax.random.split(key)
        bits = jax.random.bits(now, (n,), jnp.uint32)
        with jax.enable_x64(True):
            place, half = jnp.arange(n, dtype=jnp.uint64), jnp.uint64(32)
            pairs = jax.lax.sort((bits.astype(jnp.uint64) << half) | place, is_stable=False)
            places = pairs.astype(jnp.uint32)
        order = order[places]
    return order
