"""Outputs, and the targets that go with them."""

import numpy as np


def axis_of_one(out: np.ndarray) -> int | None:
    """The axis, counted from the last, along which outputs sum to 1."""
    for axis in range(out.ndim):
        if out.shape[-1 - axis] > 1 and np.allclose(out.sum(-1 - axis), 1):
            return axis
    return None


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
