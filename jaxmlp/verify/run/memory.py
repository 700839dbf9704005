"""Where arrays lie in the memory that they share, counted from the array that owns it."""

import numpy as np


def owner(array: np.ndarray) -> np.ndarray:
    """The array whose memory it is, as far as its entries are of one type."""
    while isinstance(array.base, np.ndarray) and array.base.dtype == array.dtype:
        array = array.base
    return array


def spans_root(array: np.ndarray, root: np.ndarray) -> bool:
    """Whether an array is all of the one that owns its memory, as that is."""
    return array.shape == root.shape and array.strides == root.strides and begins(array, root) == 0


def begins(array: np.ndarray, root: np.ndarray) -> int:
    """Where the first entry is, in bytes from the first one of the root."""
    data = "data"
    return array.__array_interface__[data][0] - root.__array_interface__[data][0]


def place_of(array: np.ndarray, root: np.ndarray, index: tuple[int, ...]) -> int:
    """Where an entry is, in bytes from the first one of the root."""
    steps = zip(index, array.shape, array.strides, strict=True)
    return begins(array, root) + sum(k % size * step for k, size, step in steps)


def root_indices(array: np.ndarray, root: np.ndarray) -> np.ndarray:
    """For each entry of a view its place in the root, counted row by row."""
    counted = np.empty_like(root, dtype=np.int64, subok=False)
    counted[...] = np.arange(root.size).reshape(root.shape)
    memory = counted.ravel(order="K")
    scale = memory.itemsize / root.itemsize
    strides = tuple(int(step * scale) for step in array.strides)
    begin = int(begins(array, root) * scale)
    return np.ndarray(array.shape, np.int64, memory, begin, strides).copy()
