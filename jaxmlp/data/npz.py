"""Data sets out of NumPy's .npz files."""

import zipfile
import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np

from jaxmlp.data.dataset import Dataset
from jaxmlp.data.targets import from_targets
from jaxmlp.whole import regular

TEST_SUFFIXES = ("_test", "_val", "_valid")  # the first of them is the test part
PARTS = ("_train", "", *TEST_SUFFIXES)


def read_npz(path: Path, task: str = "auto") -> Dataset:
    """The arrays X and y, or x_train and y_train, as Keras has them; x_test or x_val is the test.

    X of shape (n, height, width) is taken for images, y of shape (n, m) with 1-of-K rows for
    classes, unless the task is regression.

    Raises:
        ValueError: other arrays, other shapes, pickled objects, or no .npz at all.
    """
    parts, left_out = read_npz_parts(path)
    X, y = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    n_test = len(parts[1][0]) if len(parts) == 2 else 0
    data = from_targets(path.stem, X.reshape(len(X), -1), y, task, n_test=n_test)
    note = (data.note + left_out).removeprefix("; ")
    return replace(data, image_shape=image_shape(X), note=note)


def read_npz_parts(path: Path) -> tuple[list[tuple[np.ndarray, np.ndarray]], str]:
    """(X and y of the training part, and of the test part where there is one; what is left out).

    Raises:
        ValueError: as `read_npz`.
    """
    arrays = _npz_arrays(path)
    suffixes = [part for part in PARTS if {f"x{part}", f"y{part}"} <= {*arrays}]
    if not suffixes or suffixes[0] in TEST_SUFFIXES:
        raise ValueError(f"{path}: expected arrays X and y, got {', '.join(arrays) or 'none'}")
    train, *rest = suffixes
    parts = [(arrays[f"x{part}"], arrays[f"y{part}"]) for part in (train, *rest[:1])]
    for X, y in parts:
        if X.ndim < 2 or y.ndim not in (1, 2) or len(X) != len(y) or 0 in X.shape:
            wanted = "X (n, d) and y (n,) or (n, m)"
            raise ValueError(f"{path}: expected {wanted}, got {X.shape} and {y.shape}")
    if len({(X.shape[1:], y.shape[1:]) for X, y in parts}) > 1:
        raise ValueError(
            f"{path}: expected test samples of the training samples' shape, got others"
        )
    return parts, f"; left out: X{rest[1]}, y{rest[1]}" if len(rest) > 1 else ""


def read_npz_samples(path: Path) -> Dataset:
    """The array x_test, x_val or X, whatever else there is: a data set without targets.

    Raises:
        ValueError: no such array, another shape, or no .npz at all.
    """
    arrays = _npz_arrays(path)
    names = [f"x{part}" for part in (*TEST_SUFFIXES, "") if f"x{part}" in arrays]
    X = arrays[names[0]] if names else None
    if X is None or X.ndim < 2 or 0 in X.shape:
        got = ", ".join(arrays) if X is None else X.shape
        raise ValueError(f"{path}: expected an array X (n, d), got {got or 'none'}")
    nothing = np.zeros((len(X), 0))
    return Dataset(path.stem, X.reshape(len(X), -1), nothing, image_shape=image_shape(X))


def image_shape(X: np.ndarray) -> tuple[int, int] | None:
    """(height, width) of (n, height, width) or (n, height, width, 1)."""
    shape = X.shape[1:-1] if X.ndim == 4 and X.shape[-1] == 1 else X.shape[1:]
    return shape if len(shape) == 2 else None


def _npz_arrays(path: Path) -> dict[str, np.ndarray]:
    """The arrays by name, in lower case; no pickles, which could run code."""
    try:
        with open(path, "rb", opener=regular) as file, np.load(file, allow_pickle=False) as archive:
            arrays = {name.lower(): archive[name] for name in archive.files}
    except (
        *(ValueError, TypeError, AttributeError, EOFError, MemoryError),
        *(zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError),  # a password
    ) as reason:
        raise ValueError(f"{path}: not a .npz file of plain arrays: {reason}") from None
    if not all(isinstance(array, np.ndarray) for array in arrays.values()):
        raise ValueError(f"{path}: not a .npz file of plain arrays")
    wide = {name: array for name, array in arrays.items() if array.dtype == np.longdouble}
    return {**arrays, **{name: array.astype(float) for name, array in wide.items()}}
