"""A table that is read whole, to be learned from."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from jaxmlp.data.dataset import Dataset
from jaxmlp.data.opened import open_table, stem_of
from jaxmlp.data.preparation import renumbered
from jaxmlp.data.table import Cells, Reading, Table
from jaxmlp.data.targets import from_targets

TABLE_NUMBERS = 2**21  # so many at a time
MOST_TEXTS = 100  # different texts, at most, in a column that becomes one-hot


def read_table(path: Path, reading: Reading, task: str) -> Dataset:
    """The whole table: the features, and the target, the last column unless another is named.

    Args:
        task: as `from_targets` has it.

    Raises:
        ValueError: all that is wrong with it.
    """
    with open_table(path, reading) as table:
        features, targets = chosen(table)
        codes: dict[int, dict] = {c: {} for c in table.texts(features)}
        rows = max(1, TABLE_NUMBERS // max(1, len(features)))
        parts = list(table.parts(features, codes, targets, [], rows, learn=True))
    if not parts:
        table.problems.append("expected rows of numbers, got none")
        table.check()
    parts = [Cells(*map(np.concatenate, zip(*parts, strict=True)))] if parts[1:] else parts
    X, y, _, where = parts.pop()
    texts = tuple(_in_order(X[:, k], codes[c]) if c in codes else None
                  for k, c in enumerate(features))  # fmt: skip
    _check_columns(table, X, features, texts, where)
    names = [table.names[c] for c in targets]
    about: dict[str, Any] = {
        "features": distinct_names([table.names[c] for c in features]),
        "texts": texts,
    }
    about |= {"names": distinct_names(names), "number": table.number, "where": where}
    try:
        X = np.nan_to_num(X) if table.problems else X
        data = from_targets(stem_of(path), X, y, task, **about)
    except ValueError as reason:
        table.problems.append(str(reason).removeprefix(f"{stem_of(path)}: "))
    table.check()
    return data


def chosen(table: Table) -> tuple[list[int], list[int]]:
    """The columns of the features, and of the targets.

    Raises:
        ValueError: they are not there.
    """
    reading = table.reading
    targets, ids, drop = map(table.columns, (reading.target, reading.id, reading.drop))
    used = {*ids, *drop, *table.index}
    left = [c for c in range(len(table.names)) if c not in used]
    targets = targets if reading.target else left[-1:]
    features = [c for c in left if c not in targets]
    if not features or not targets or len(table.rows) == 0:
        table.problems.append("expected at least two columns, a feature and the target")
    table.check()
    return features, targets


def distinct_names(names: Sequence[str]) -> tuple[str, ...] | None:
    """The names, if each column has one of its own."""
    return tuple(names) if all(names) and len({*names}) == len(names) else None


def _in_order(X: np.ndarray, codes: dict[str, int]) -> tuple[str, ...]:
    """The texts, sorted, and the column with the numbers that they have so."""
    place = {text: k for k, text in enumerate(sorted(codes))}
    X[:] = renumbered(X, [place[text] for text in codes])
    return tuple(place)


def _check_columns(
    table: Table, X: np.ndarray, features: list[int], texts: Sequence, where: np.ndarray
) -> None:
    """Take note of columns that no network can use, and of missing values where they are none."""
    many = [k for k, own in enumerate(texts) if own and len(own) > MOST_TEXTS]
    if many:
        got = ", ".join(f"{len(texts[k])} in {table.called(features[k])}" for k in many)
        names = " ".join(repr(table.names[features[k]]) for k in many)
        table.problems.append(
            f"expected at most {MOST_TEXTS} different texts in a column, got {got} "
            f"(--drop {names} leaves out)"
        )
    lacking = np.isnan(X) & [c not in table.misread for c in features]
    count = lacking.sum(axis=0)
    for k in np.flatnonzero(count == len(X)):
        table.problems.append(f"{table.called(features[k])} is empty (--drop leaves it out)")
    if table.reading.missing == "error" and count.any():
        first = where[lacking.argmax(axis=0)]
        got = ", ".join(
            f"{count[k]} in {table.called(features[k])} (first: line {first[k]})"
            for k in np.flatnonzero(count)
        )
        table.problems.append(f"expected no missing values, got {got}")
