"""Data sets by name, or out of a person's file."""

import warnings
from pathlib import Path

import numpy as np

from jaxmlp.data.dataset import Dataset, from_labels
from jaxmlp.data.idx import read_idx_folder
from jaxmlp.data.npz import read_npz
from jaxmlp.data.table import read_csv

NAMES = ("digits", "iris", "wine", "breast_cancer", "diabetes", "linnerud")


def load_data(source: str | Path, *, target: str | None = None, task: str = "auto") -> Dataset:
    """A data set by name or path.

    Args:
        source: "digits", "iris", "wine", "breast_cancer", "diabetes" or "linnerud", which come
            with scikit-learn; "mnist", which is fetched from OpenML once; or the path of a .csv,
            a .npz or a folder of IDX files.
        target: for a .csv, the target's column by name (several: separated by commas);
            otherwise it is the last.
        task: "classification", "regression", or "auto", which looks at a file's targets.

    Raises:
        ValueError: the name is unknown, or the file is not as it should be.
        OSError: a file that cannot be read, or no network for "mnist".

    Example:
        >>> data = load_data("digits")
        >>> data.X.shape, data.classes[:3], data.image_shape
        ((1797, 64), ('0', '1', '2'), (8, 8))
    """
    name = str(source).replace("-", "_").replace(" ", "_")
    if name == "mnist" or name in NAMES:
        if target is not None or task != "auto":
            raise ValueError(f"{name}: expected a file beside --target or --task")
        return _mnist() if name == "mnist" else _bundled(name)
    if not name or not Path(source).exists():
        known = ", ".join((*NAMES, "mnist"))
        raise ValueError(f"unknown data {str(source)!r}: expected {known}, or a file that exists")
    return _read(Path(source), target, task)


def _read(path: Path, target: str | None, task: str) -> Dataset:
    """A data set out of a .csv or .npz file or a folder of IDX files."""
    kind = "folder" if path.is_dir() else path.suffix.lower()
    if kind == ".csv":
        return read_csv(path, target=target, task=task)
    if target is not None:
        raise ValueError(f"{path}: expected a .csv for the target {target!r}")
    if kind == ".npz":
        return read_npz(path, task)
    if kind != "folder":
        raise ValueError(f"{path}: expected a .csv, a .npz or a folder of IDX files")
    if task == "regression":
        raise ValueError(f"{path}: expected classification of IDX labels, got regression")
    return read_idx_folder(path)


def _bundled(name: str) -> Dataset:
    """One of scikit-learn's own data sets."""
    from sklearn import datasets

    bunch = getattr(datasets, f"load_{name}")()
    features = tuple(map(str, bunch.feature_names))
    if name in ("diabetes", "linnerud"):
        y = bunch.target.reshape(len(bunch.data), -1)
        targets = tuple(bunch.get("target_names", ("target",)))
        return Dataset(name, bunch.data, y, features=features, targets=targets)
    images = bunch.images.shape[1:] if name == "digits" else None
    classes = tuple(map(str, bunch.target_names))
    return Dataset(name, bunch.data, bunch.target, classes, images, features=features)


def _mnist() -> Dataset:
    """MNIST, 60,000 images to train on and 10,000 to test, kept in scikit-learn's data folder."""
    from sklearn.datasets import fetch_openml

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of each try: the last one's error says it all
            bunch = fetch_openml("mnist_784", version=1, as_frame=False, parser="liac-arff")
    except OSError as reason:
        raise OSError(
            f"mnist: expected to fetch it from OpenML, got {reason}; "
            "without a network, give a folder of its IDX files instead"
        ) from None
    pixels = bunch.data.astype(np.uint8)
    return from_labels("mnist", pixels, bunch.target, image_shape=(28, 28), n_test=10_000)
