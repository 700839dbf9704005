"""Data sets out of .csv files, as people and spreadsheets write them."""

import csv
import io
import math
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
    header = rows[0][1] if target or _is_header(rows) else None
    columns = [width - 1] if target is None else _columns(path, header, target)
    features = [c for c in range(width) if c not in columns and not (header and not header[c])]
    body = rows[1:] if header else rows
    if not body or not features:
        raise ValueError(f"{path}: expected rows of at least a sample's number and its target")
    X = np.array([[_number(path, row, c) for c in features] for row in body])
    return from_targets(path.stem, X, _targets(path, body, columns), task)


def _rows(path: Path) -> list[Row]:
    """The lines that aren't blank, all of the same length."""
    text = _text(path)
    separator = max(",;\t", key=text.partition("\n")[0].count)
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
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("cp932", errors="replace")  # as Excel saves in Japan


def _is_header(rows: list[Row]) -> bool:
    """Whether the first row is names: all of it is text, or its last is, above numbers."""
    first, rest = rows[0][1], rows[1:]
    if not any(map(_is_number, first)):
        return True
    return bool(rest) and not _is_number(first[-1]) and all(_is_number(row[-1]) for _, row in rest)


def _columns(path: Path, header: list[str], target: str) -> list[int]:
    """The columns of these names."""
    names = [name.strip() for name in target.split(",")]
    for name in names:
        if name not in header:
            raise ValueError(f"{path}: expected a column {name!r}, got {', '.join(header)}")
    return [header.index(name) for name in names]


def _targets(path: Path, body: list[Row], columns: list[int]) -> np.ndarray:
    """Text where no target is a number; otherwise numbers, which then all have to be."""
    if any(_is_number(cells[c]) for _, cells in body for c in columns):
        return np.array([[_number(path, row, c) for c in columns] for row in body])
    if len(columns) > 1:
        raise ValueError(f"{path}: expected numbers in several targets, got text")
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
