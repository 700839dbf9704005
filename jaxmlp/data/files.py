"""Data sets out of files: .csv, .npz, and folders of IDX files, as MNIST comes in."""

import csv
import gzip
import io
import math
import zipfile
import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np

from jaxmlp.data.dataset import Dataset, from_labels

IDX_TYPES = {8: ">u1", 9: ">i1", 11: ">i2", 12: ">i4", 13: ">f4", 14: ">f8"}
FEW = 20  # whole numbers with at most so many different values are classes


def read(path: Path, *, target: str | None = None, task: str = "auto") -> Dataset:
    """A data set out of a .csv or .npz file or a folder of IDX files.

    Args:
        target: for a .csv, the name of the target's column, or several, separated by commas;
            otherwise it is the last.
        task: "classification", "regression", or "auto": classes where the targets are text,
            or at most 20 different whole numbers.

    Raises:
        ValueError: the file is not what its name promises; with file, row and column.
        OSError: it cannot be read.
    """
    kind = "folder" if path.is_dir() else path.suffix.lower()
    if kind == ".csv":
        return read_csv(path, target, task)
    if target is not None:
        raise ValueError(f"{path}: expected a .csv for the target {target!r}")
    if kind == ".npz":
        return read_npz(path, task)
    if kind == "folder":
        return read_idx_folder(path)
    raise ValueError(f"{path}: expected a .csv, a .npz or a folder of IDX files")


def with_task(name: str, X: np.ndarray, y: np.ndarray, task: str, n_test: int = 0) -> Dataset:
    """A data set for the task, which "auto" guesses from the targets."""
    y = _one_column(y)
    text = y.dtype.kind not in "fiub"
    whole = not text and bool((y == np.round(y)).all())
    if task == "auto":
        classes = text or (y.ndim == 1 and whole and len(np.unique(y)) <= FEW)
        task = "classification" if classes else "regression"
    if task == "regression":
        return Dataset(name, X, y.reshape(len(y), -1), n_test=n_test)
    if task != "classification" or y.ndim != 1:
        got = task if y.ndim == 1 else f"{y.shape[1]} columns"
        raise ValueError(f"{name}: expected classification of one column, or regression, got {got}")
    return from_labels(name, X, y.astype(int) if whole else y, n_test=n_test)  # "3", not "3.0"


def _one_column(y: np.ndarray) -> np.ndarray:
    """(n,) where y is a single column, or 1-of-K rows; otherwise as it is."""
    if y.ndim == 2 and y.shape[1] == 1:
        return y[:, 0]
    if y.ndim == 2 and ((y == 0) | (y == 1)).all() and (y.sum(axis=1) == 1).all():
        return y.argmax(axis=1)
    return y


def read_csv(path: Path, target: str | None, task: str) -> Dataset:
    rows = _csv_rows(path)
    if not rows:
        raise ValueError(f"{path}: expected rows of numbers, got an empty file")
    width = len(rows[0][1])
    for line, row in rows:
        if len(row) != width:
            raise ValueError(f"{path}, line {line}: expected {width} columns, got {len(row)}")
    header = rows[0][1] if _is_header(rows, target) else None
    body = rows[1:] if header else rows
    wanted = _target_columns(path, header, width, target)
    unnamed = [0] if header and not header[0].strip() else []  # the index that pandas writes
    features = [c for c in range(width) if c not in (*wanted, *unnamed)]
    if not body or not features:
        raise ValueError(f"{path}: expected rows with at least two columns, a sample and its target")
    X = np.array([[_number(path, line, c, row[c]) for c in features] for line, row in body])
    y = [[row[c].strip() for c in wanted] for _, row in body]
    return with_task(path.stem, X, _targets(path, body, wanted, y), task)


def _csv_rows(path: Path) -> list[tuple[int, list[str]]]:
    """(line number, cells) of each line that isn't blank."""
    raw = path.read_bytes()
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = raw.decode("cp932", errors="replace")  # as Excel saves in Japan
    separator = max(",;\t", key=text.partition("\n")[0].count)
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=separator, skipinitialspace=True)
    try:
        return [(lines.line_num, row) for row in lines if any(cell.strip() for cell in row)]
    except csv.Error as reason:
        raise ValueError(f"{path}, line {lines.line_num}: not a CSV file: {reason}") from None


def _is_header(rows: list, target: str | None) -> bool:
    """Whether the first row is names: all of it is text, or the target's column turns to numbers."""
    first = rows[0][1]
    if target is not None or not any(_is_number(cell) for cell in first):
        return True
    rest_is_numbers = all(_is_number(row[-1]) for _, row in rows[1:])
    return not _is_number(first[-1]) and rest_is_numbers and len(rows) > 1


def _target_columns(path: Path, header: list | None, width: int, target: str | None) -> list[int]:
    if target is None:
        return [width - 1]
    names = [name.strip() for name in header]
    missing = [name for name in target.split(",") if name.strip() not in names]
    if missing:
        raise ValueError(f"{path}: expected a column {missing[0]!r}, got {', '.join(names)}")
    return [names.index(name.strip()) for name in target.split(",")]


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _number(path: Path, line: int, column: int, cell: str) -> float:
    if not _is_number(cell) or not math.isfinite(float(cell)):
        where = f"{path}, line {line}, column {column + 1}"
        raise ValueError(f"{where}: expected a finite number, got {cell!r}")
    return float(cell)


def _targets(path: Path, body: list, columns: list[int], cells: list[list[str]]) -> np.ndarray:
    """Numbers where any target is one (then all have to be), otherwise text."""
    if not any(_is_number(cell) for row in cells for cell in row):
        if len(columns) > 1:
            raise ValueError(f"{path}: expected numbers in several targets, got {cells[0]}")
        return np.array([row[0] for row in cells])
    return np.array([[_number(path, line, c, row[c]) for c in columns] for line, row in body])


def read_npz(path: Path, task: str) -> Dataset:
    """X and y; or x_train, y_train, x_test, y_test, as Keras names them."""
    arrays = _npz_arrays(path)
    if {"x_train", "y_train", "x_test", "y_test"} <= set(arrays):
        n_test = len(arrays["x_test"])
        X, y = (np.concatenate([arrays[f"{a}_train"], arrays[f"{a}_test"]]) for a in "xy")
    elif {"x", "y"} <= set(arrays):
        X, y, n_test = arrays["x"], arrays["y"], 0
    else:
        raise ValueError(f"{path}: expected arrays X and y, got {', '.join(arrays) or 'none'}")
    if X.ndim < 2 or y.ndim not in (1, 2):
        raise ValueError(f"{path}: expected X (n, d) and y (n,) or (n, m), got {X.shape}, {y.shape}")
    data = with_task(path.stem, X.reshape(len(X), -1), y, task, n_test)
    return replace(data, image_shape=X.shape[1:] if X.ndim == 3 else None)


def _npz_arrays(path: Path) -> dict[str, np.ndarray]:
    """The arrays by name, in lower case; no pickles, which could run code."""
    try:
        with np.load(path, allow_pickle=False) as archive:
            return {name.lower(): archive[name] for name in archive.files}
    except (ValueError, EOFError, zipfile.BadZipFile, zlib.error, AttributeError) as reason:
        raise ValueError(f"{path}: not a .npz file of plain arrays: {reason}") from None


def read_idx_folder(path: Path) -> Dataset:
    """train-images-idx3-ubyte and its kin, plain or gzipped, with t10k-… as the test part."""
    train, test = _idx_part(path, "train"), _idx_part(path, "t10k")
    if train is None:
        names = "train-images-idx3-ubyte and train-labels-idx1-ubyte (or .gz)"
        raise ValueError(f"{path}: expected {names}, not there")
    parts = [train] if test is None else [train, test]
    images, labels = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    pixels, n_test = images.reshape(len(images), -1), 0 if test is None else len(test[0])
    data = from_labels(path.name, pixels, labels, n_test=n_test)
    return replace(data, image_shape=images.shape[1:] if images.ndim == 3 else None)


def _idx_part(folder: Path, part: str) -> tuple[np.ndarray, np.ndarray] | None:
    """(images, labels) of the train or t10k part; None where it isn't there."""
    files = [sorted(folder.glob(f"{part}*{what}*idx*")) for what in ("images", "labels")]
    if not any(files):
        return None
    if not all(files):
        raise ValueError(f"{folder}: expected both {part} images and {part} labels, got one of them")
    images, labels = (read_idx(found[0]) for found in files)
    if len(images) != len(labels) or labels.ndim != 1:
        raise ValueError(
            f"{folder}: expected one label for each of {len(images)} {part} images, "
            f"got labels of shape {labels.shape}"
        )
    return images, labels


def read_idx(path: Path) -> np.ndarray:
    """The array in an IDX file, plain or gzipped: two zeros, type, rank, sizes, numbers.

    Raises:
        ValueError: wrong magic number, or more or fewer numbers than its sizes say.
    """
    raw = path.read_bytes()
    if raw[:2] == b"\x1f\x8b":
        try:
            raw = gzip.decompress(raw)
        except (OSError, EOFError, zlib.error) as reason:
            raise ValueError(f"{path}: a damaged gzip file: {reason}") from None
    magic, rank = raw[:4], raw[3] if len(raw) > 3 else 0
    if len(raw) < 4 + 4 * rank or magic[:2] != b"\0\0" or magic[2] not in IDX_TYPES or rank == 0:
        raise ValueError(f"{path}: expected an IDX file, which begins with 0000, got {magic.hex()}")
    shape = tuple(np.frombuffer(raw, ">u4", rank, offset=4).tolist())
    dtype, body = np.dtype(IDX_TYPES[magic[2]]), raw[4 + 4 * rank :]
    if len(body) != math.prod(shape) * dtype.itemsize:
        wanted = f"{math.prod(shape) * dtype.itemsize} bytes for the shape {shape}"
        raise ValueError(f"{path}: expected {wanted}, got {len(body)}")
    return np.frombuffer(body, dtype).reshape(shape).astype(dtype.newbyteorder("="))
