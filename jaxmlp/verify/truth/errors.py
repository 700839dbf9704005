"""The error functions E of outputs g and targets y that a network may minimise."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
import numpy as np

from jaxmlp.verify.finding import Words


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


# E is the sum of these over all entries.
KNOWN: dict[str, Callable[[Any, Any], Any]] = {
    "squared_error": squared,
    "cross_entropy": cross_entropy,
    "binary_cross_entropy": binary,
}
TITLES = {
    "own": Words("the file's own E", "ファイル自身の E"),
    "squared_error": Words("the squared error", "二乗誤差"),
    "cross_entropy": Words("the cross-entropy", "クロスエントロピー"),
    "binary_cross_entropy": Words("the binary cross-entropy", "二値クロスエントロピー"),
}


def possible(name: str, outputs: list[np.ndarray]) -> bool:
    """Whether an E is defined for these outputs."""
    if name == "squared_error":
        return True
    positive = all((g > 0).all() and (g <= 1 + 1e-9).all() for g in outputs)
    return positive and (name == "cross_entropy" or all((g < 1).all() for g in outputs))


def as_target(y: np.ndarray, g: np.ndarray) -> np.ndarray | None:
    """A target in the shape of the output: as it is, or one place for each label."""
    if y.shape == g.shape:
        return y.astype(float)
    if y.size == g.size:
        turned = y.T if y.T.shape == g.shape else y.reshape(g.shape)
        return turned.astype(float)
    labels = np.ravel(y)
    whole = y.dtype.kind in "iub" or (labels == np.round(labels)).all()
    if not whole or not labels.size or labels.min() < 0:
        return _spread(y, g)
    labels = labels.astype(int)
    if g.ndim == 1 and labels.size == 1 and labels.max() < g.size:
        return np.eye(g.size)[labels[0]]
    if g.ndim == 2 and g.shape[0] == labels.size and labels.max() < g.shape[1]:
        return np.eye(g.shape[1])[labels]
    if g.ndim == 2 and g.shape[1] == labels.size and labels.max() < g.shape[0]:
        return np.eye(g.shape[0])[labels].T
    return _spread(y, g)


def _spread(y: np.ndarray, g: np.ndarray) -> np.ndarray | None:
    try:
        return np.broadcast_to(y, g.shape).astype(float)
    except ValueError:
        return None
