"""Data sets by name, or out of a person's file."""

import warnings
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from jaxmlp.data.dataset import Dataset, from_labels
from jaxmlp.data.idx import idx_files, read_idx_folder
from jaxmlp.data.npz import read_npz
from jaxmlp.data.opened import is_table
from jaxmlp.data.table import Reading
from jaxmlp.data.text import TABLE_SUFFIXES
from jaxmlp.data.whole import read_table

LIST_OPTIONS = ("target", "drop", "id")
BUNDLED_NAMES = ("digits", "iris", "wine", "breast_cancer", "diabetes", "linnerud")


def load_data(
    source: str | Path, reading: Reading | None = None, *, task: str = "auto", **options: Any
) -> Dataset:
    """A data set by name or path.

    Args:
        source: "digits", "iris", "wine", "breast_cancer", "diabetes" or "linnerud", which come
            with scikit-learn; "mnist", which is fetched from OpenML once; or the path of a table
            (.csv, .tsv, .txt, .parquet, each also with .gz, .bz2, .xz or .zst), a .npz or a folder
            of IDX files.
        reading: how a table is read; options: its fields, such as target="price".
        task: "classification", "regression", or "auto", which looks at a file's targets.

    Raises:
        ValueError: the name is unknown, or the file is not as it should be.
        OSError: a file that cannot be read, or no network for "mnist".

    Example:
        >>> data = load_data("digits")
        >>> data.X.shape, data.classes[:3], data.image_shape
        ((1797, 64), ('0', '1', '2'), (8, 8))
    """
    several: dict[str, Any] = {
        k: (v,) if k in LIST_OPTIONS and isinstance(v, str) else v for k, v in options.items()
    }
    reading = replace(reading or Reading(), **several)
    name = str(source).replace("-", "_").replace(" ", "_")
    if name == "mnist" or name in BUNDLED_NAMES:
        if reading != Reading() or task != "auto":
            raise ValueError(f"{name}: expected a file beside {_asked(reading) or '--task'}")
        return _mnist() if name == "mnist" else _bundled(name)
    if not name or not (Path(source).exists() or idx_files(Path(source), "train", "images")):
        known = ", ".join((*BUNDLED_NAMES, "mnist"))
        raise ValueError(f"unknown data {str(source)!r}: expected {known}, or a file that exists")
    return _read(Path(source), reading, task)


def _asked(reading: Reading) -> str:
    """The first option that is given, as the command has it."""
    options = asdict(reading).items() - asdict(Reading()).items()
    return f"--{min(options)[0]}" if options else ""


def _read(path: Path, reading: Reading, task: str) -> Dataset:
    """A data set out of a table, a .npz file or a folder of IDX files."""
    folder = path.is_dir() or not path.exists()  # or what the names in one begin with
    kind = "folder" if folder else path.suffix.lower()
    if kind != "folder" and is_table(path):
        return read_table(path, reading, task)
    if kind not in (".npz", "folder"):
        kinds = f"{', '.join(TABLE_SUFFIXES)}, perhaps compressed"
        raise ValueError(f"{path}: expected {kinds}, .npz or a folder of IDX files")
    if asked := _asked(reading):
        raise ValueError(f"{path}: expected a table beside {asked}, such as a .csv")
    if kind == ".npz":
        return read_npz(path, task)
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
