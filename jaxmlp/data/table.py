"""Data sets out of .csv files, as people and spreadsheets write them."""

import contextlib
import csv
import io
import math
import re
from pathlib import Path

import numpy as np

from jaxmlp.data.dataset import Dataset, from_targets

Row = tuple[int, list[str]]  # a line's number and its cells


def read_csv(path: Path, *, target: str | None = None, task: str = "auto") -> Dataset:
    """One sample a row, with or without a header; separated by commas, semicolons or tabs.

    Args:
        target: the name of the target's column, or several, separated by commas. None: the last.
        task: as `from_targets` has it.

    Raises:
        ValueError: with line and column: ragged rows, text or nothing where a number belongs, a
            number that isn't finite, a target that isn't there.
    """
    rows = _rows(path)
    width = len(rows[0][1])
    header = rows[0][1] if _is_header(rows, target) else None
    columns = [width - 1] if target is None else _columns(path, header, target)
    index = [0] if header and not header[0] else []  # unnamed: the row numbers of pandas
    features = [c for c in range(width) if c not in (*columns, *index)]
    body = rows[1:] if header else rows
    if not body or not features:
        raise ValueError(f"{path}: expected at least two columns, a feature and the target")
    X = np.array([[_number(path, row, c) for c in features] for row in body])
    return from_targets(path.stem, X, _targets(path, body, columns), task)


def _rows(path: Path) -> list[Row]:
    """The lines that aren't blank, all of the same length."""
    text = _text(path)
    first = re.sub(r'"[^"]*"', "", text.lstrip().partition("\n")[0])
    separator = max(",;\t", key=first.count)
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    try:
        rows = [(lines.line_num, [cell.strip() for cell in cells]) for cells in lines]
    except csv.Error as reason:
        raise ValueError(f"{path}, line {lines.line_num}: not a CSV file: {reason}") from None
    rows = [(line, cells) for line, cells in rows if any(cells)]
    if not rows:
        raise ValueError(f"{path}: expected rows of numbers, got an empty file")
    for line, cells in rows:
        if len(cells) != len(rows[0][1]):
            wanted = f"{len(rows[0][1])} columns as in the first row"
            raise ValueError(f"{path}, line {line}: expected {wanted}, got {len(cells)}")
    return rows


def _text(path: Path) -> str:
    raw = path.read_bytes()
    wide = raw[:2] in (b"\xff\xfe", b"\xfe\xff")
    for encoding in ["utf-16"] if wide else ["utf-8-sig", "cp932"]:  # cp932: Excel in Japan
        with contextlib.suppress(UnicodeDecodeError):
            return raw.decode(encoding)
    raise ValueError(f"{path}: expected text in UTF-8 or Shift-JIS, got something else")


def _is_header(rows: list[Row], target: str | None) -> bool:
    """Whether the first row is names: all of it is text, or its target's is, above numbers."""
    first, rest = rows[0][1], rows[1:]
    if not any(map(_is_number, first)) or (target and set(_names(target)) <= set(first)):
        return True
    return bool(rest) and not _is_number(first[-1]) and all(_is_number(row[-1]) for _, row in rest)


def _names(target: str) -> list[str]:
    return [name.strip() for name in target.split(",")]


def _columns(path: Path, header: list[str] | None, target: str) -> list[int]:
    """The columns of these names."""
    names = _names(target)
    if header is None:
        raise ValueError(f"{path}: expected a header with the target {target!r}, got none")
    for name in names:
        if header.count(name) != 1 or names.count(name) != 1:
            raise ValueError(f"{path}: expected one column {name!r}, got {', '.join(header)}")
    return [header.index(name) for name in names]


def _targets(path: Path, body: list[Row], columns: list[int]) -> np.ndarray:
    """Text where no target is a number; otherwise numbers, which then all have to be."""
    if any(_is_number(cells[c]) for _, cells in body for c in columns):
        return np.array([[_number(path, row, c) for c in columns] for row in body])
    if len(columns) > 1:
        raise ValueError(f"{path}: expected numbers in several targets, got text")
    for line, cells in body:
        if not cells[columns[0]]:
            raise ValueError(f"{path}, line {line}: expected a target, got an empty cell")
    return np.array([cells[columns[0]] for _, cells in body])


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _number(path: Path, row: Row, column: int) -> float:
    line, cell = row[0], row[1][column]
    if not _is_number(cell) or not math.isfinite(float(cell)):
        where = f"{path}, line {line}, column {column + 1}"
        raise ValueError(f"{where}: expected a finite number, got {cell!r}")
    return float(cell)
