"""Scaling of columns, learned from a training part."""

from typing import NamedTuple

import numpy as np


class Scaling(NamedTuple):
    """x ↦ (x − shift) / scale, column by column; both of shape (d,)."""

    shift: np.ndarray
    scale: np.ndarray

    def apply(self, X: np.ndarray) -> np.ndarray:
        """(n, d) scaled."""
        return (X - self.shift) / self.scale

    def undo(self, X: np.ndarray) -> np.ndarray:
        """What `apply` was given."""
        return X * self.scale + self.shift


def learn_scaling(X: np.ndarray, kind: str) -> Scaling:
    """The scaling that a training part asks for.

    Args:
        X: (n, d), the training part alone.
        kind: "standard": each column to mean 0 and variance 1 (a constant one to 0);
            "max": everything divided by the largest magnitude, as the exercise divides
            its pixels by 255; "none".

    Raises:
        ValueError: the kind is unknown, or the numbers are too large for a variance.

    Example:
        >>> learn_scaling(np.array([[0.0, 4.0]]), "max").apply(np.array([[2.0, 4.0]])).tolist()
        [[0.5, 1.0]]
    """
    X = np.asarray(X, np.float64)
    zero, one = np.zeros(X.shape[1]), np.ones(X.shape[1])
    if kind == "none":
        return Scaling(zero, one)
    if kind == "max":
        return Scaling(zero, one * (np.abs(X).max() or 1.0))
    if kind == "standard":
        from sklearn.preprocessing import StandardScaler

        with np.errstate(all="ignore"):
            learned = StandardScaler().fit(X)
        if not np.isfinite([learned.mean_, learned.var_]).all():
            raise ValueError(f"expected numbers that can be scaled, got up to {np.abs(X).max():g}")
        return Scaling(learned.mean_, learned.scale_)
    raise ValueError(f"unknown scaling {kind!r}: expected standard, max, none")
