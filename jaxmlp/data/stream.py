"""The rows of a .csv for a network that is there already, a part at a time.

So a file may be larger than memory.
"""

import contextlib
import warnings
from collections import Counter
from collections.abc import Iterator
from itertools import chain, islice
from typing import NamedTuple

import numpy as np

from jaxmlp.data.table import (
    Row,
    columns_named,
    is_number,
    names_of,
    numbers,
    rows_of,
    separator_of,
)


class Wanted(NamedTuple):
    """What a network expects of its data.

    Attributes:
        d: the columns of the samples.
        m: the columns of the targets: one of classes.
        classes: their names; None for regression.
        features, targets: the names of the columns, where they are known.
    """

    d: int
    m: int
    classes: tuple[str, ...] | None = None
    features: tuple[str, ...] | None = None
    targets: tuple[str, ...] | None = None


class Part(NamedTuple):
    """Some of the samples.

    Attributes:
        X: (k, d).
        y: (k,) numbers of the network's classes, or (k, m) targets; None if not asked for.
    """

    X: np.ndarray
    y: np.ndarray | None


class Layout(NamedTuple):
    """Which columns of a table are what."""

    width: int
    features: list[int]
    targets: list[int]


class Table(NamedTuple):
    """A table that is open.

    Attributes:
        left_out: the columns that are neither samples nor the targets asked for.
    """

    parts: Iterator[Part]
    left_out: list[str]


def read_parts(
    name: str,
    file: Iterator[str],
    wanted: Wanted,
    *,
    rows: int,
    target: str | None = None,
    labelled: bool = False,
) -> Table:
    """The samples of an open .csv, with or without a header.

    With a header the columns are found by the names that the network has for them, if it has
    any; otherwise they are taken in order. What is beside them is the target: the last columns,
    or those called `target`.

    Args:
        rows: samples a part, about.
        labelled: whether the targets are asked for, too.

    Raises:
        ValueError: columns, classes or cells that are not what the network expects. Of cells,
            once the parts are read.
    """
    separator, lines = separator_of(_decoded(name, file))
    read = []  # the lines of the first row, which may be data after all
    first = next(rows_of(name, (read.append(line) or line for line in lines), separator), None)
    if first is None:
        raise ValueError(f"{name}: expected rows of numbers, got an empty file")
    header = first[1] if _is_header(first[1], wanted, target) else None
    layout = _layout(name, first[1], header, wanted, target)
    if labelled and len(layout.targets) != wanted.m:
        what = "1 column" if wanted.m == 1 else f"{wanted.m} columns"
        got = len(layout.targets)
        hint = " (--target says which)" * (got > wanted.m)
        raise ValueError(f"{name}: expected {what} of targets beside the samples, got {got}{hint}")
    before, lines = (len(read), lines) if header else (0, chain(read, lines))
    parts = _parts(name, lines, separator, layout, before, rows, wanted if labelled else None)
    used = {*layout.features, *(layout.targets if labelled else ())}
    names = header or [f"column {c + 1}" for c in range(layout.width)]
    return Table(parts, [names[c] for c in range(layout.width) if c not in used])


def _decoded(name: str, file: Iterator[str]) -> Iterator[str]:
    try:
        # `yield from` would close the file together with this generator.
        for line in file:  # noqa: UP028
            yield line
    except UnicodeError:
        raise ValueError(f"{name}: expected text in UTF-8, got something else") from None


def _is_header(first: list[str], wanted: Wanted, target: str | None) -> bool:
    """Whether the first row is names: the network's own, or text where numbers belong."""
    known = names_of(target) if target else [t for t in wanted.targets or () if not is_number(t)]
    if (wanted.features and {*wanted.features} <= {*first}) or {*known} & {*first}:
        return True
    if not any(map(is_number, first)):
        return True
    # 0, 1, 2, …: as pandas names the columns of an array; of a few that could be a sample, too.
    names = first if first[0] else first[1:]
    numbered = names[: wanted.d] == [str(k) for k in range(wanted.d)]
    beside = names[wanted.d :]
    return numbered and (wanted.d > 3 or not all(not cell or is_number(cell) for cell in beside))


def _layout(
    name: str, first: list[str], header: list[str] | None, wanted: Wanted, target: str | None
) -> Layout:
    width, targets, index = len(first), [], []
    if target:
        targets = columns_named(name, header, names_of(target))
    elif header and wanted.targets and {*wanted.targets} <= {*header}:
        targets = columns_named(name, header, wanted.targets)
    if header and not header[0]:
        index = [0]  # unnamed: the row numbers of pandas
    beside = [c for c in range(width) if c not in (*targets, *index)]
    if header and wanted.features:
        features = _by_name(name, header, wanted.features)
    elif len(beside) == wanted.d or (not targets and len(beside) == wanted.d + wanted.m):
        features = beside[: wanted.d]
    else:
        most = f"{wanted.d} columns" + f", or {wanted.d + wanted.m} with the target" * (not targets)
        raise ValueError(f"{name}: expected {most}, got {len(beside)}")
    used = {*features}
    return Layout(width, features, targets or [c for c in beside if c not in used])


def _by_name(name: str, header: list[str], features: tuple[str, ...]) -> list[int]:
    count, place = Counter(header), {cell: c for c, cell in enumerate(header)}
    lacking = [feature for feature in features if count[feature] != 1]
    if lacking:
        some = ", ".join(lacking[:3]) + ", …" * (len(lacking) > 3)
        raise ValueError(
            f"{name}: expected the network's columns, each once, got a header without {some} "
            "(without a header, columns are taken in order)"
        )
    return [place[feature] for feature in features]


def _parts(
    name: str,
    lines: Iterator[str],
    separator: str,
    layout: Layout,
    before: int,
    rows: int,
    labelled: Wanted | None,
) -> Iterator[Part]:
    """The rows: by NumPy's reader where it takes them, else cell by cell, which says where not."""
    while block := list(islice(lines, rows)):
        block += _rest_of_cell(block, lines)
        X = None if labelled else _fast(block, separator, layout)
        y = None
        if X is None:
            body = list(rows_of(name, block, separator, before, layout.width))
            if body:
                X = numbers(name, body, layout.features)
                y = _targets(name, body, layout.targets, labelled) if labelled else None
        before += len(block)
        if X is not None:
            yield Part(X, y)


def _rest_of_cell(block: list[str], lines: Iterator[str]) -> list[str]:
    """What a cell in quotes that the block breaks off has more, up to as many lines again."""
    rest = []
    if sum(line.count('"') for line in block) % 2:
        for line in islice(lines, len(block)):
            rest.append(line)
            if line.count('"') % 2:
                break
    return rest


def _fast(block: list[str], separator: str, layout: Layout) -> np.ndarray | None:
    """(k, d), or None where there is anything but plain finite numbers in whole rows."""
    if any('"' in line or line.count(separator) != layout.width - 1 for line in block):
        return None
    options = {"delimiter": separator, "comments": None, "ndmin": 2}
    with contextlib.suppress(ValueError), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that there are blank lines only
        X = np.loadtxt(block, usecols=layout.features, **options)
        return X if len(X) == len(block) and np.isfinite(X).all() else None
    return None


def _targets(name: str, body: list[Row], columns: list[int], wanted: Wanted) -> np.ndarray:
    if wanted.classes is None:
        return numbers(name, body, columns)
    code = {label: k for k, label in enumerate(wanted.classes)}
    labels = [_label(cells[columns[0]], code) for _, cells in body]
    for (line, _), label in zip(body, labels, strict=True):
        if label not in code:
            refuse_label(f"{name}, line {line}", label, wanted.classes)
    return np.array([code[label] for label in labels])


def _label(cell: str, code: dict[str, int]) -> str:
    """The class's name: "3" also where the table has 3.0."""
    if cell not in code and is_number(cell) and float(cell).is_integer():
        return str(int(float(cell)))
    return cell


def refuse_label(where: str, label: str, classes: tuple[str, ...]) -> None:
    known = ", ".join(classes[:10]) + ", …" * (len(classes) > 10)
    raise ValueError(f"{where}: expected one of the network's classes, {known}, got {label!r}")
