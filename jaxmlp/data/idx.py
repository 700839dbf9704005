"""Folders of IDX files, as MNIST and Fashion-MNIST come."""

import gzip
import math
import re
import zlib
from io import IOBase
from pathlib import Path

import numpy as np

from jaxmlp.data.dataset import Dataset, from_labels
from jaxmlp.whole import regular

TEST_PREFIXES = ("t10k", "test")
TYPES = {8: ">u1", 9: ">i1", 11: ">i2", 12: ">i4", 13: ">f4", 14: ">f8"}


def read_idx_folder(path: Path) -> Dataset:
    """train-images-idx3-ubyte and its kin, plain or gzipped; t10k-… or test-… is the test part.

    Args:
        path: the folder; of several sets in one, as EMNIST comes, with what a set's names begin
            with: folder/emnist-letters.
    """
    train, test = _idx_part(path, ("train",)), _idx_part(path, TEST_PREFIXES)
    if train is None:
        names = "train-images-idx3-ubyte and train-labels-idx1-ubyte (or .gz)"
        raise ValueError(f"{path}: expected {names}, not there")
    parts = [train] if test is None else [train, test]
    if len({images.shape[1:] for images, _ in parts}) > 1:
        raise ValueError(f"{path}: expected test images of the training images' shape, got others")
    images, labels = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    pixels, n_test = images.reshape(len(images), -1), 0 if test is None else len(test[0])
    shape = images.shape[1:] if images.ndim == 3 else None
    return from_labels(path.resolve().name, pixels, labels, n_test=n_test, image_shape=shape)


def idx_files(path: Path, part: str, kind: str) -> list[Path]:
    """The files of a part, in a folder or with names that begin so: once, plain or gzipped."""
    folder, begin = (path, "") if path.is_dir() else (path.parent, path.name)
    names = re.compile(rf"{re.escape(begin)}([^.]*-)?{part}[-.]{kind}.*idx.*")
    files = {file.name.removesuffix(".gz"): file for file in sorted(folder.glob(f"*{kind}*"))
             if names.fullmatch(file.name)}  # fmt: skip
    return list(files.values())


def _idx_part(path: Path, parts: tuple[str, ...]) -> tuple[np.ndarray, np.ndarray] | None:
    """(images, labels) of the train or the test part; None where it isn't there."""
    files = [[f for part in parts for f in idx_files(path, part, kind)]
             for kind in ("images", "labels")]  # fmt: skip
    if not any(files):
        return None
    for kind, matches in zip(("images", "labels"), files, strict=True):
        if len(matches) != 1:
            names = ", ".join(file.name for file in matches) or "none"
            hint = f" (a set: {path / matches[0].name.split(f'-{parts[0]}')[0]})" if matches else ""
            raise ValueError(f"{path}: expected one file of {parts[0]} {kind}, got {names}{hint}")
    return read_idx_pair(*(matches[0] for matches in files))


def idx_pairs(folder: Path, part: str) -> list[tuple[Path, Path]]:
    """The files of images of a part, each with that of its labels.

    Raises:
        ValueError: one lacks the other.
    """
    images, labels = (idx_files(folder, part, kind) for kind in ("images", "labels"))
    named = [[file.name.partition(kind)[0] for file in files]
             for files, kind in ((images, "images"), (labels, "labels"))]  # fmt: skip
    for begin in sorted({*named[0]} ^ {*named[1]}):
        raise ValueError(f"{folder}: expected images and labels of {begin}…, got one of both")
    return list(zip(images, labels, strict=True))


def read_idx_pair(images: Path, labels: Path) -> tuple[np.ndarray, np.ndarray]:
    """(images, labels) in two files.

    Raises:
        ValueError: there is not one label for each image.
    """
    X, y = read_idx(images), read_idx(labels)
    if len(X) != len(y) or y.ndim != 1 or 0 in X.shape:
        wanted = f"one label for each of {len(X)} images"
        raise ValueError(f"{labels}: expected {wanted}, got labels of shape {y.shape}")
    return X, y


def read_idx(path: Path) -> np.ndarray:
    """The array in an IDX file, plain or gzipped: two zeros, type, rank, sizes, numbers.

    Raises:
        ValueError: wrong magic number, or more or fewer numbers than its sizes say.
    """
    with open(path, "rb", opener=regular) as file:
        packed = file.read(2) == b"\x1f\x8b"
        file.seek(0)
        try:
            return _array(path, gzip.GzipFile(fileobj=file) if packed else file)
        except (gzip.BadGzipFile, EOFError, zlib.error) as reason:
            raise ValueError(f"{path}: a damaged gzip file: {reason}") from None


def _array(path: Path, file: IOBase) -> np.ndarray:
    """The array; of what is there no more is read than its sizes say."""
    magic = file.read(4)
    rank = magic[3] if len(magic) == 4 else 0
    sizes = file.read(4 * rank)
    known = magic[:2] == b"\0\0" and magic[2:3] and magic[2] in TYPES and 0 < rank < 5
    if not known or len(sizes) < 4 * rank:
        raise ValueError(f"{path}: expected an IDX file, which begins with 0000, got {magic.hex()}")
    shape, dtype = tuple(np.frombuffer(sizes, ">u4").tolist()), np.dtype(TYPES[magic[2]])
    size = math.prod(shape) * dtype.itemsize
    body = file.read(size + 1)
    if len(body) != size:
        got = len(body) if len(body) < size else "more"
        raise ValueError(f"{path}: expected {size} bytes for the shape {shape}, got {got}")
    return np.frombuffer(body, dtype).reshape(shape).astype(dtype.newbyteorder("="))
