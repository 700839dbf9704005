"""Scaling of columns, learned from a training part."""

from typing import Any, NamedTuple

import numpy as np

from jaxmlp.data.rows import Rows, in_parts


class Scaling(NamedTuple):
    """x ↦ (x − shift) / scale, column by column; both of shape (d,)."""

    shift: np.ndarray
    scale: np.ndarray

    def apply(self, X: Any) -> Any:
        """(n, d) scaled; of `Rows`, when they are read."""
        if isinstance(X, Rows):
            return X.changed(self.apply)
        scaled = X - self.shift
        scaled /= self.scale
        return scaled

    def undo(self, X: np.ndarray) -> np.ndarray:
        """What `apply` was given."""
        return X * self.scale + self.shift


def learn_scaling(X: np.ndarray | Rows, kind: str) -> Scaling:
    """The scaling that a training part asks for, learned in one pass.

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
    zero, one = np.zeros(X.shape[1]), np.ones(X.shape[1])
    parts = (part.astype(np.float64, copy=False) for part in in_parts(X))
    if kind == "none":
        return Scaling(zero, one)
    if kind == "max":
        return Scaling(zero, one * (max(np.abs(part).max() for part in parts) or 1.0))
    if kind == "standard":
        from sklearn.preprocessing import StandardScaler

        learned = StandardScaler()
        with np.errstate(all="ignore"):
            for part in parts:
                learned.partial_fit(part)
        if not np.isfinite([learned.mean_, learned.var_]).all():
            most = max(np.abs(part).max() for part in in_parts(X))
            raise ValueError(f"expected numbers that can be scaled, got up to {most:g}")
        return Scaling(learned.mean_, learned.scale_)
    raise ValueError(f"unknown scaling {kind!r}: expected standard, max, none")
