"""A folder of parts that are too much for memory: .parquet, .npz or IDX.

All parts are read once, one after the other, and their samples put into a temporary file, where any
row is found at once, whatever the parts were packed with. In memory are targets and row numbers.
"""

import math
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from jaxmlp.data.dataset import Dataset, check_finite, from_labels
from jaxmlp.data.idx import TEST_PREFIXES, idx_pairs, read_idx_pair
from jaxmlp.data.npz import image_shape, read_npz_parts
from jaxmlp.data.opened import open_table
from jaxmlp.data.rows import NUMBERS_AT_ONCE, Rows, Store
from jaxmlp.data.table import Reading
from jaxmlp.data.targets import from_targets
from jaxmlp.data.whole import chosen, distinct_names


class FilePart(NamedTuple):
    """Some samples.

    Attributes:
        name: of the file.
        X: (k, …) numbers; y: (k,) or (k, t) targets.
        test: whether they are of the test part.
        names: of a table, the features' and the targets'.
    """

    name: str
    X: np.ndarray
    y: np.ndarray
    test: bool
    names: tuple[tuple[str, ...], tuple[str, ...]] | None = None


def open_parts(
    folder: str | Path, reading: Reading | None = None, *, task: str = "auto",
    track: Callable[[list], Iterable] = iter,
) -> Dataset:  # fmt: skip
    """The data set in a folder, whose X are `Rows`.

    Args:
        folder: of .parquet files with the same columns, of .npz files with X and y, or of pairs of
            IDX files, 1-train-images-idx3-ubyte and 1-train-labels-idx1-ubyte. Files that begin
            with test, of IDX those with t10k or test for train, are the test part.
        reading: of tables: target, drop and id.
        task: as `load_data` has it.
        track: what the files go through as they are read, to show how far it is.

    Raises:
        ValueError: no such parts, or parts that do not fit together.
        OSError: one cannot be read, or there is no room for the samples.
    """
    folder, reading = Path(folder), reading or Reading()
    name = folder.resolve().name
    read, files = _found(folder)
    if reading != Reading() and read is not _tables:
        raise ValueError(f"{folder}: expected a folder of .parquet beside options of tables")
    if task == "regression" and read is _images:
        raise ValueError(f"{folder}: expected classification of IDX labels, got regression")
    parts = (part for file in track(files) for part in read(file, reading))
    first, X, y, n_test = _unpacked(name, parts)
    about: dict[str, Any] = {"n_test": n_test, "image_shape": image_shape(first.X)}
    if first.names:
        about |= {
            "features": distinct_names(first.names[0]),
            "names": distinct_names(first.names[1]),
        }
    if read is _images:
        return from_labels(name, X, y, **about)
    return from_targets(name, X, y, task, **about)


def _found(folder: Path) -> tuple[Callable[..., Iterator[FilePart]], list]:
    """(how parts of the kind are read, the files of each).

    Raises:
        ValueError: there are none, or of several kinds.
    """
    kinds: dict[Callable[..., Iterator[FilePart]], list]
    kinds = {_tables: [*folder.glob("*.parquet")], _archives: [*folder.glob("*.npz")]}
    kinds[_images] = [
        pair for part in ("train", *TEST_PREFIXES) for pair in idx_pairs(folder, part)
    ]
    kinds = {read: sorted(files) for read, files in kinds.items() if files}
    if len(kinds) != 1:
        got = "several" if kinds else "none"
        raise ValueError(f"{folder}: expected a folder of .parquet, .npz or IDX parts, got {got}")
    return kinds.popitem()


def _tables(path: Path, reading: Reading) -> Iterator[FilePart]:
    from pyarrow import parquet

    with open_table(path, reading) as table:
        features, targets = chosen(table)
        for c in table.texts(features):
            table.problems.append(f"{table.called(c)}: expected numbers, got words")
        table.check()
        names = tuple(table.names[c] for c in features), tuple(table.names[c] for c in targets)
        dtype = _dtype(parquet.read_schema(path), names[0])
        for part in table.parts(
            features, {}, targets, [], max(1, NUMBERS_AT_ONCE // len(features))
        ):
            X = part.X if np.isnan(part.X).any() else part.X.astype(dtype)
            yield FilePart(path.name, X, part.y, _is_test(path), names)


def _dtype(schema: Any, names: tuple[str, ...]) -> np.dtype:
    """Of numbers in these columns."""
    kinds = [np.dtype(schema.field(name).type.to_pandas_dtype()) for name in names]
    return np.result_type(*kinds) if all(kind.kind in "fiub" for kind in kinds) else np.dtype(float)


def _archives(path: Path, _: Reading) -> Iterator[FilePart]:
    for (X, y), test in zip(read_npz_parts(path)[0], (_is_test(path), True), strict=False):
        yield FilePart(path.name, X, y, test)


def _images(pair: tuple[Path, Path], _: Reading) -> Iterator[FilePart]:
    is_test = pair not in idx_pairs(pair[0].parent, "train")
    yield FilePart(pair[0].name, *read_idx_pair(*pair), is_test)


def _is_test(path: Path) -> bool:
    return path.name.startswith("test")


def _unpacked(name: str, parts: Iterator[FilePart]) -> tuple[FilePart, Rows, np.ndarray, int]:
    """(the first part, the rows of all, their targets, how many of them, the last, are tests)."""
    store = Store()
    first, y, tests = None, [], []
    for part in parts:
        first = first or part._replace(X=np.empty((0, *part.X.shape[1:]), part.X.dtype))
        _check_fits(part, first)
        store.append(part.X.astype(first.X.dtype, copy=False))
        y.append(part.y)
        tests.append(np.full(len(part.X), part.test))
    test = np.concatenate(tests)
    order = np.argsort(test, kind="stable")
    X = Rows(store, first.X.dtype, math.prod(first.X.shape[1:]), order)
    return first, X, np.concatenate(y)[order], int(test.sum())


def _check_fits(part: FilePart, first: FilePart) -> None:
    """Refuse what is not finite, and columns or numbers of another kind than the first part's.

    Raises:
        ValueError: with the name of the file.
    """
    check_finite(f"{part.name}: the samples", part.X)
    if (part.X.shape[1:], part.names) != (first.X.shape[1:], first.names):
        raise ValueError(f"{part.name}: expected columns as in {first.name}, got others")
    if not np.can_cast(part.X.dtype, first.X.dtype, "safe"):
        raise ValueError(f"{part.name}: expected {first.X.dtype}, as in {first.name}, "
                         f"got {part.X.dtype}")  # fmt: skip
