"""The error functions E of outputs g and targets y that a network may minimise."""

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
import numpy as np


def squared(g: Any, y: Any) -> Any:
    """(g − y)², entry by entry."""
    return (g - y) ** 2


def cross_entropy(g: Any, y: Any) -> Any:
    """−y log g, entry by entry."""
    xp = jnp if isinstance(g, jnp.ndarray) else np
    with np.errstate(all="ignore"):
        return -xp.where(y == 0, 0.0, y * xp.log(xp.where(y == 0, 1.0, g)))


def binary(g: Any, y: Any) -> Any:
    """−y log g − (1 − y) log(1 − g), entry by entry."""
    return cross_entropy(g, y) + cross_entropy(1 - g, 1 - y)


def upstream(g: Any, y: Any) -> Any:
    """g y, entry by entry: what ∂E/∂g = y is all that is known of E."""
    return g * y


# E is the sum of these over all entries.
ERROR_FUNCTIONS: dict[str, Callable[[Any, Any], Any]] = {
    "squared_error": squared,
    "cross_entropy": cross_entropy,
    "binary_cross_entropy": binary,
    "upstream": upstream,
}
UPSTREAM_ERROR = "upstream"


def meets(name: str, targets: list[np.ndarray]) -> bool:
    """Whether these may be the targets of an E: probabilities, for one of logarithms."""
    if name == "cross_entropy":
        return all((y >= 0).all() for y in targets)
    return name != "binary_cross_entropy" or all((y >= 0).all() and (y <= 1).all() for y in targets)


def possible(name: str, outputs: list[np.ndarray]) -> bool:
    """Whether an E is defined for these outputs."""
    if name == UPSTREAM_ERROR:  # said where it is so
        return False
    if name == "squared_error":
        return True
    positive = all((g > 0).all() and (g <= 1 + 1e-9).all() for g in outputs)
    return positive and (name == "cross_entropy" or all((g < 1).all() for g in outputs))
