"""Targets: whether they are classes or numbers, decided once over all of them."""

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from jaxmlp.data.dataset import Dataset, check_finite, from_labels
from jaxmlp.data.header import FEW_VALUES, MISREAD, MISSING
from jaxmlp.data.rows import Rows


def float_of(cell: Any) -> float:
    """A text as a number; NaN where it is none."""
    try:
        return float(cell) if "_" not in str(cell) else np.nan
    except (TypeError, ValueError):
        return np.nan


def from_targets(
    name: str, X: np.ndarray | Rows, y: np.ndarray, task: str = "auto", *,
    names: Sequence[str] | None = None, number: Callable[[str], float] = float_of,
    where: np.ndarray | None = None, **rest: Any,
) -> Dataset:  # fmt: skip
    """A data set for the task, which "auto" guesses from the targets.

    Args:
        y: (n,) of text or numbers, or (n, k); 1-of-K columns are one target.
        task: "classification", "regression", or "auto": 1-of-K, words, or at most 20 different
            whole numbers are classes. Labels are text, verbatim.
        names: the columns' names: of 1-of-K, those of the classes.
        number: what a text is as a number; NaN where it is none.
        where: the lines of a file that the rows come from.

    Raises:
        ValueError: the task is unknown, or cannot be done with these targets.
    """
    if task not in ("auto", "classification", "regression"):
        raise ValueError(f"{name}: expected classification or regression, got {task}")
    text, numbers = _read(name, y.reshape(len(y), -1), number)
    called = f"the target {', '.join(names)}" if names else "the targets"
    refused = functools.partial(_refused, name, called, text, where)
    own = None if names is None else tuple(names)
    one_of_k = text.shape[1] > 1 and _is_one_of_k(numbers)
    if (text == "").any():
        raise refused(text == "", "a target")
    if task == "auto":
        task, rest["note"] = _guessed(text, numbers, one_of_k)
        if task == "neither":
            raise refused(np.isnan(numbers), "numbers, or names with --task classification")
    if task == "regression":
        if np.isnan(numbers).any():
            raise refused(np.isnan(numbers), "a finite number")
        return Dataset(name, X, numbers, targets=own, **rest)
    if one_of_k:
        classes = tuple(names or map(str, range(text.shape[1])))
        return Dataset(name, X, numbers.argmax(axis=1), classes, targets=own and classes, **rest)
    if text.shape[1] > 1:
        got = f"{text.shape[1]} columns"
        raise ValueError(
            f"{name}: {called}: expected one column or 1-of-K to classify, or regression, got {got}"
        )
    codes = None if np.isnan(numbers).any() else numbers[:, 0]
    return from_labels(name, X, text[:, 0], by=codes, targets=own, **rest)


def _refused(
    name: str, called: str, text: np.ndarray, where: np.ndarray | None, bad: np.ndarray,
    expected: str,
) -> ValueError:  # fmt: skip
    """What is said of targets that cannot be used, (n, k), with the first and its place."""
    row, column = np.argwhere(bad)[0]
    place = f"line {where[row]}" if where is not None else f"row {row + 1}"
    others = int(bad.sum()) - 1
    more = f" and {others:,} more" * (others > 0)
    got = f"{text[row, column]!r}{more}"
    return ValueError(f"{name}: {place}, {called}: expected {expected}, got {got}")


def _read(name: str, y: np.ndarray, number: Callable) -> tuple[np.ndarray, np.ndarray]:
    """(the targets as text, as numbers, NaN where one is none)."""
    if y.dtype.kind == "S":
        y = np.char.decode(y, "utf-8")
    if y.dtype.kind in "fiub":
        check_finite(f"{name}: the targets", y)
        whole = y.dtype.kind in "iub" or ((y == np.round(y)) & (np.abs(y) < 2.0**53)).all()
        return (y.astype(int) if whole else y).astype(str), y.astype(float)
    y = y if y.dtype.kind in "OU" else y.astype(str)
    known = {cell: number(cell) for cell in {*y.flat}}
    numbers = np.array([[known[cell] for cell in row] for row in y], float)
    return y, np.where(np.isinf(numbers), np.nan, numbers)


def _is_one_of_k(numbers: np.ndarray) -> bool:
    return bool(((numbers == 0) | (numbers == 1)).all() and (numbers.sum(axis=1) == 1).all())


def _guessed(text: np.ndarray, numbers: np.ndarray, one_of_k: bool) -> tuple[str, str]:
    """(the task, or "neither"; what it was guessed from)."""
    other = "regression" if one_of_k else "classification"
    if text.shape[1] > 1:
        basis = "columns that are 1-of-K" if one_of_k else "several columns"
        return ("classification" if one_of_k else "regression"), f"{basis}; --task {other} if not"
    different, none = np.unique(text.astype(str)), np.isnan(numbers)
    if none.any() and all(map(MISREAD.fullmatch, np.unique(text[none].astype(str)))):
        return "neither", ""
    if none.all():
        return "classification", ""
    if none.any():
        unclear = len(different) > FEW_VALUES or {*text[none].tolist()} <= MISSING
        return ("neither" if unclear else "classification"), "numbers and words"
    if (numbers != np.round(numbers)).any():
        return "regression", ""
    if len(different) <= FEW_VALUES:
        return "classification", "few whole numbers; --task regression if they are measured"
    return "regression", "many whole numbers; --task classification if they are names"
