"""Data sets out of NumPy's .npz files."""

import zipfile
import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np

from jaxmlp.data.dataset import Dataset, from_targets


def read_npz(path: Path, task: str = "auto") -> Dataset:
    """The arrays X and y; or x_train, y_train, x_test, y_test, as Keras names them.

    X of shape (n, height, width) is taken for images, y of shape (n, m) with 1-of-K rows for
    classes.

    Raises:
        ValueError: other arrays, other shapes, pickled objects, or no .npz at all.
    """
    arrays = _npz_arrays(path)
    if {"x_train", "y_train", "x_test", "y_test"} <= set(arrays):
        n_test = len(arrays["x_test"])
        X, y = (np.concatenate([arrays[f"{a}_train"], arrays[f"{a}_test"]]) for a in "xy")
    elif {"x", "y"} <= set(arrays):
        X, y, n_test = arrays["x"], arrays["y"], 0
    else:
        raise ValueError(f"{path}: expected arrays X and y, got {', '.join(arrays) or 'none'}")
    if X.ndim < 2 or y.ndim not in (1, 2):
        raise ValueError(
            f"{path}: expected X (n, d) and y (n,) or (n, m), got {X.shape}, {y.shape}"
        )
    data = from_targets(path.stem, X.reshape(len(X), -1), y, task, n_test)
    return replace(data, image_shape=X.shape[1:] if X.ndim == 3 else None)


def _npz_arrays(path: Path) -> dict[str, np.ndarray]:
    """The arrays by name, in lower case; no pickles, which could run code."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            return {name.lower(): archive[name] for name in archive.files}
    except (ValueError, EOFError, zipfile.BadZipFile, zlib.error, AttributeError) as reason:
        raise ValueError(f"{path}: not a .npz file of plain arrays: {reason}") from None
