"""Samples for a network that is there already, from a file or by name, a part at a time."""

import contextlib
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from jaxmlp.data.dataset import Dataset
from jaxmlp.data.npz import read_npz_samples
from jaxmlp.data.opened import is_table, open_table, stem_of
from jaxmlp.data.preparation import Column
from jaxmlp.data.sources import BUNDLED_NAMES, load_data
from jaxmlp.data.table import Reading, Table
from jaxmlp.text import first_of

POSITION = re.compile(r"column (\d+)")  # the name of a column that has none


class Wanted(NamedTuple):
    """What a network expects of its data.

    Attributes:
        d: the columns of the samples, before words become one-hot.
        m: the columns of the targets: one of classes.
        classes: their names; None for regression.
        features, targets: the names of the columns, where they are known.
        columns: what was learned of the columns, if words or missing values were among them.
    """

    d: int
    m: int
    classes: tuple[str, ...] | None = None
    features: tuple[str, ...] | None = None
    targets: tuple[str, ...] | None = None
    columns: tuple[Column, ...] | None = None


class Part(NamedTuple):
    """Some of the samples.

    Attributes:
        X: (k, d), words by their numbers and NaN for what is missing.
        y: (k,) numbers of the network's classes, or (k, m) targets; None if not asked for.
        ids: (k, i) what says which sample it is.
    """

    X: np.ndarray
    y: np.ndarray | None
    ids: np.ndarray


class SampleSource(NamedTuple):
    """A source that is open.

    Attributes:
        note: what a reader should know of how it is read; else empty.
        unit: of what is counted: of a file its MB, else samples.
        total: how many there are; None: nobody knows.
        done: says how many of them were read.
        image_shape: (height, width) where each sample is an image.
        ids: the names of the columns that say which sample it is.
    """

    name: str
    parts: Iterator[Part]
    note: str
    unit: str
    total: float | None
    done: Callable[[], float]
    image_shape: tuple[int, int] | None = None
    ids: tuple[str, ...] = ()


@contextlib.contextmanager
def open_samples(
    source: str,
    wanted: Wanted,
    reading: Reading | None = None,
    *,
    rows: int,
    labelled: bool = False,
) -> Iterator[SampleSource]:
    """The samples of a table, of "-" (a text on standard input), or of what `load_data` knows.

    Of a source with a test part of its own, that part; an .npz needs no targets unless they are
    asked for.

    Args:
        rows: samples a part, about.
        labelled: whether the targets are asked for, too.

    Raises:
        ValueError: columns or classes that are not what the network expects, or what `load_data`
            raises.
    """
    reading, path = reading or Reading(), Path(source)
    if source == "-" or (is_table(path) and path.is_file()):
        names = [name for name in wanted.features or () if not POSITION.fullmatch(name)]
        with open_table(source, reading, names) as table:
            yield _of_table(table, wanted, reading, rows, labelled)
    else:
        data = _loaded(source, wanted, reading, labelled)
        yield _in_parts(data, _codes(data, wanted) if labelled else None, wanted, rows)


def _of_table(
    table: Table, wanted: Wanted, reading: Reading, rows: int, labelled: bool
) -> SampleSource:
    ids, drop = table.columns(reading.id), table.columns(reading.drop)
    targets = table.columns(reading.target or _known(table, wanted.targets))
    used = {*ids, *drop, *table.index}
    features = _features(table, wanted, {*used, *targets}, len(targets))
    if labelled:
        beside = [c for c in range(len(table.names)) if c not in {*features, *used}]
        targets = _target_columns(table, wanted, targets, beside)
    else:
        targets = []
    table.check()
    texts = [column.texts for column in wanted.columns or [None] * 0] or [None] * wanted.d
    codes = {c: {text: k for k, text in enumerate(words)}
             for c, words in zip(features, texts, strict=True) if words is not None}  # fmt: skip
    read = table.parts(features, codes, targets, ids, rows)

    def parts() -> Iterator[Part]:
        for part in read:
            if wanted.columns is None or reading.missing == "error":
                _check_missing(table, part.X, features, part.where)
            y = _targets(table, part.y, part.where, targets, wanted) if labelled else None
            table.check()
            yield Part(part.X, y, part.ids)

    total = None if table.size is None else table.size / 1e6
    name = table.name if table.size is None else stem_of(Path(table.name))
    named = tuple(table.names[c] for c in ids)
    note = _left_out(table, {*features, *ids, *targets})
    return SampleSource(name, parts(), note, "MB", total, lambda: table.done() / 1e6, None, named)


def _target_columns(
    table: Table, wanted: Wanted, targets: list[int], beside: list[int]
) -> list[int]:
    """The columns of the targets: those named, or all beside the samples."""
    several = len(wanted.classes) if targets and wanted.classes else wanted.m
    targets = targets or beside
    if len(targets) not in (wanted.m, several):
        columns = "1 column" if wanted.m == 1 else f"{wanted.m} columns"
        hint = " (--target says which)" * (len(targets) > wanted.m)
        table.problems.append(
            f"expected {columns} of targets beside the samples, got {len(targets)}{hint}"
        )
    return targets


def _left_out(table: Table, used: set[int]) -> str:
    """The columns that nobody has asked for, as a note."""
    names = [table.names[c] or "the index" for c in range(len(table.names)) if c not in used]
    return f"columns left out: {first_of(names, 10)}" if names else ""


def _known(table: Table, names: tuple[str, ...] | None) -> tuple[str, ...]:
    """The names, if they are all there."""
    there = names and all(table.names.count(name) == 1 for name in names)
    return tuple(map(str, (table.names.index(n) + 1 for n in names))) if there else ()


def _features(table: Table, wanted: Wanted, used: set[int], targets: int) -> list[int]:
    """The columns of the samples: by name, by position where they had no names, or in order."""
    names, named = table.names, wanted.features or ()
    beside = [c for c in range(len(names)) if c not in used]
    if named and all(names.count(name) == 1 for name in named):
        return [names.index(name) for name in named]
    places = [int(m[1]) - 1 for name in named if (m := POSITION.fullmatch(name))]
    header = not POSITION.fullmatch(names[-1])
    if len(places) < len(named) and header:
        lacking = [name for name in named if names.count(name) != 1]
        table.problems.append(
            "expected the network's columns, each once, got a header without "
            f"{first_of(lacking, 3)} (with --header no, columns are taken in order)"
        )
    elif len(beside) == wanted.d:
        return beside
    elif places and max(places) < len(names) and not used & {*places}:
        return places
    elif not targets and len(beside) == wanted.d + wanted.m:
        return beside[: wanted.d]
    else:
        most = f"{wanted.d} columns" + f", or {wanted.d + wanted.m} with the target" * (not targets)
        table.problems.append(f"expected {most}, got {len(beside)}")
    table.check()
    return []


def _check_missing(table: Table, X: np.ndarray, features: list[int], where: np.ndarray) -> None:
    lacking = np.isnan(X)
    for k in np.flatnonzero(lacking.any(axis=0)):
        rows = np.flatnonzero(lacking[:, k])
        table.note(where[rows[0]], features[k], "a value", "none", len(rows))


def _targets(
    table: Table, y: np.ndarray, where: np.ndarray, targets: list[int], wanted: Wanted
) -> np.ndarray:
    """(k,) numbers of the network's classes, or (k, m), out of the cells."""
    if wanted.classes is not None and y.shape[1] == 1:
        code = {label: k for k, label in enumerate(wanted.classes)}
        strange = next((k for k, (cell,) in enumerate(y) if cell not in code), None)
        if strange is not None:
            place = f"{table.name}, line {where[strange]}, {table.called(targets[0])}"
            refuse_label(place, y[strange, 0], wanted.classes)
        return np.array([code[cell] for (cell,) in y], int)
    numbers = np.array([[table.number(cell) for cell in row] for row in y]).reshape(y.shape)
    for row, column in np.argwhere(~np.isfinite(numbers))[:3]:
        table.note(where[row], targets[column], "a finite number", f"{y[row, column]!r}")
    if wanted.classes is None:
        return numbers
    if not (numbers.sum(axis=1) == 1).all() or not np.isin(numbers, (0, 1)).all():
        table.problems.append("expected targets that are 1-of-K, got others")
    names = [table.names[c] for c in targets]
    own = {*names} == {*wanted.classes}
    order = [wanted.classes.index(n) for n in names] if own else range(len(names))
    return np.asarray(order)[numbers.argmax(axis=1)]


def _loaded(source: str, wanted: Wanted, reading: Reading, labelled: bool) -> Dataset:
    """What `load_data` finds; the targets, if they are asked for, of the network's kind."""
    path = Path(source)
    if not labelled and reading == Reading() and path.suffix.lower() == ".npz" and path.is_file():
        return read_npz_samples(path)
    own = source.replace("-", "_") in (*BUNDLED_NAMES, "mnist")
    kind = "regression" if wanted.classes is None else "classification"
    return load_data(source, reading, task=kind if labelled and not own else "auto")


def _codes(data: Dataset, wanted: Wanted) -> np.ndarray:
    """The targets as the network has them: its numbers of the classes, or its outputs."""
    if (data.classes is None) != (wanted.classes is None):
        kinds = ["numbers", "classes"] if wanted.classes is None else ["classes", "numbers"]
        raise ValueError(f"{data.name}: expected {kinds[0]} for targets, got {kinds[1]}")
    if data.classes is None:
        if data.y.shape[1] != wanted.m:
            raise ValueError(f"{data.name}: expected {wanted.m} targets, got {data.y.shape[1]}")
        return data.y
    code = {label: k for k, label in enumerate(wanted.classes)}
    for number in np.unique(data.y):
        if data.classes[number] not in code:
            refuse_label(data.name, data.classes[number], wanted.classes)
    return np.array([code.get(label, -1) for label in data.classes])[data.y]


def refuse_label(where: str, label: str, classes: tuple[str, ...]) -> None:
    """Refuse a class that the network does not know.

    Raises:
        ValueError: always, with the first ten that it knows.
    """
    known = first_of(classes, 10)
    raise ValueError(f"{where}: expected one of the network's classes, {known}, got {label!r}")


def _in_parts(data: Dataset, y: np.ndarray | None, wanted: Wanted, rows: int) -> SampleSource:
    if any(column.texts for column in wanted.columns or ()):
        raise ValueError(f"{data.name}: expected a table, as the network takes words, got numbers")
    if data.X.shape[1] != wanted.d:
        raise ValueError(
            f"{data.name}: expected samples of {wanted.d} numbers, got {data.X.shape[1]}"
        )
    done = len(data.X) - data.n_test if data.n_test else 0
    total, read = len(data.X) - done, [0]

    def parts() -> Iterator[Part]:
        for start in range(done, len(data.X), rows):
            these = slice(start, start + rows)
            read[0] = min(start + rows, len(data.X)) - done
            X = data.X[these]
            yield Part(X, None if y is None else y[these], np.empty((len(X), 0), object))

    note = f"{data.name}: its test part" if data.n_test else ""
    return SampleSource(
        data.name, parts(), note, "samples", total, lambda: read[0], data.image_shape
    )
