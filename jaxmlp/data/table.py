"""Data sets out of .csv files, as people and spreadsheets write them."""

import codecs
import contextlib
import csv
import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import chain
from operator import itemgetter
from pathlib import Path

import numpy as np

from jaxmlp.data.dataset import Dataset, from_targets

Row = tuple[int, list[str]]  # a line's number and its cells
BLOCK = 2**20  # characters


def read_csv(path: Path, *, target: str | None = None, task: str = "auto") -> Dataset:
    """One sample a row, with or without a header; separated by commas, semicolons or tabs.

    Args:
        target: the name of the target's column, or several, separated by commas. None: the last.
        task: as `from_targets` has it.

    Raises:
        ValueError: with line and column: ragged rows, text or nothing where a number belongs, a
            number that isn't finite, a target that isn't there.
    """
    with path.open(encoding=encoding_of(path), newline="") as file:
        separator, lines = separator_of(file)
        rows = list(rows_of(path, lines, separator))
    if not rows:
        raise ValueError(f"{path}: expected rows of numbers, got an empty file")
    width = len(rows[0][1])
    header = rows[0][1] if _is_header(rows, target) else None
    columns = [width - 1] if target is None else columns_named(path, header, names_of(target))
    index = [0] if header and not header[0] else []  # unnamed: the row numbers of pandas
    features = [c for c in range(width) if c not in (*columns, *index)]
    body = rows[1:] if header else rows
    if not body or not features:
        raise ValueError(f"{path}: expected at least two columns, a feature and the target")
    X, y = numbers(path, body, features), _targets(path, body, columns)
    names = {"features": _names(header, features), "targets": _names(header, columns)}
    return replace(from_targets(path.stem, X, y, task), **names)


def encoding_of(path: Path) -> str:
    """The encoding that the whole file can be read in.

    Raises:
        ValueError: it is not text, or text in another one.
    """
    with path.open("rb") as file:
        wide = file.read(2) in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
    for encoding in ["utf-16"] if wide else ["utf-8-sig", "cp932"]:  # cp932: Excel in Japan
        with contextlib.suppress(UnicodeError), path.open(encoding=encoding) as file:
            while file.read(BLOCK):
                pass
            return encoding
    raise ValueError(f"{path}: expected text in UTF-8 or Shift-JIS, got something else")


def separator_of(file: Iterator[str]) -> tuple[str, Iterator[str]]:
    """(what separates the cells, all of the lines)."""
    head = []
    for line in file:
        head.append(line)
        if line.strip():
            break
    first = re.sub(r'"[^"]*"', "", head[-1] if head else "")
    return max(",;\t", key=first.count), chain(head, file)


def rows_of(
    name: str | Path, lines: Iterable[str], separator: str, before: int = 0, width: int = 0
) -> Iterator[Row]:
    """The lines that aren't blank, as cells, all of the first one's width, or of the one given.

    Args:
        before: how many lines of the file came before these.
    """
    reader = csv.reader(lines, delimiter=separator)
    try:
        for cells in reader:
            cells = [cell.strip() for cell in cells]
            if not any(cells):
                continue
            width = width or len(cells)
            if len(cells) != width:
                where = f"{name}, line {before + reader.line_num}"
                raise ValueError(
                    f"{where}: expected {width} columns as in the first row, got {len(cells)}"
                )
            yield before + reader.line_num, cells
    except csv.Error as reason:
        where = f"{name}, line {before + reader.line_num}"
        raise ValueError(f"{where}: not a CSV file: {reason}") from None


def _is_header(rows: list[Row], target: str | None) -> bool:
    """Whether the first row is names: all of it is text, or its target's is, above numbers."""
    first, rest = rows[0][1], rows[1:]
    if not any(map(is_number, first)) or (target and set(names_of(target)) <= set(first)):
        return True
    return bool(rest) and not is_number(first[-1]) and all(is_number(row[-1]) for _, row in rest)


def names_of(target: str) -> list[str]:
    return [name.strip() for name in target.split(",")]


def _names(header: list[str] | None, columns: list[int]) -> tuple[str, ...] | None:
    """The names of these columns, if each has one of its own."""
    names = tuple(header[c] for c in columns) if header else ()
    return names if all(names) and len(set(names)) == len(columns) else None


def columns_named(path: str | Path, header: list[str] | None, names: Sequence[str]) -> list[int]:
    """The columns of these names."""
    if header is None:
        raise ValueError(
            f"{path}: expected a header with the target {', '.join(names)!r}, got none"
        )
    for name in names:
        if header.count(name) != 1 or names.count(name) != 1:
            raise ValueError(f"{path}: expected one column {name!r}, got {', '.join(header)}")
    return [header.index(name) for name in names]


def numbers(path: str | Path, body: list[Row], columns: list[int]) -> np.ndarray:
    """(n, d), the finite numbers in these columns."""
    with contextlib.suppress(ValueError):
        if len(columns) == 1:
            X = np.array([[float(row[columns[0]])] for _, row in body])
        else:
            cells = itemgetter(*columns)
            X = np.array([list(map(float, cells(row))) for _, row in body])
        if np.isfinite(X).all():
            return X
    return np.array([[_number(path, row, c) for c in columns] for row in body])


def _targets(path: Path, body: list[Row], columns: list[int]) -> np.ndarray:
    """Text where no target is a number; otherwise numbers, which then all have to be."""
    if any(is_number(cells[c]) for _, cells in body for c in columns):
        return numbers(path, body, columns)
    if len(columns) > 1:
        raise ValueError(f"{path}: expected numbers in several targets, got text")
    for line, cells in body:
        if not cells[columns[0]]:
            raise ValueError(f"{path}, line {line}: expected a target, got an empty cell")
    return np.array([cells[columns[0]] for _, cells in body])


def is_number(cell: str) -> bool:
    """Whether a cell's text is one number, be it nan or inf."""
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _number(path: str | Path, row: Row, column: int) -> float:
    line, cell = row[0], row[1][column]
    if not is_number(cell) or not math.isfinite(float(cell)):
        where = f"{path}, line {line}, column {column + 1}"
        raise ValueError(f"{where}: expected a finite number, got {cell!r}")
    return float(cell)
