"""Whether the first line of a table is names: one rule for every command."""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import pairwise

# pandas' words for a missing value, and that of many public data sets.
MISSING = frozenset(
    ["", "?", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN",
     "<NA>", "N/A", "NA", "NULL", "NaN", "None", "n/a", "nan", "null"]
)  # fmt: skip
MISREAD = re.compile(r"[+-]?[\d.,]*\d[.,]\d+")  # a number by another decimal point
FEW_VALUES = 20  # different values, at most, that are taken for names of classes


def number_in(decimal: str, thousands: str | None) -> Callable[[str], object]:
    """A function that says whether a cell is a number."""
    point, digits = re.escape(decimal), rf"\d[\d{re.escape(thousands or '')}]*"
    number = rf"[+-]?(({digits}({point}\d*)?|{point}\d+)(e[+-]?\d+)?|inf(inity)?)"
    return re.compile(number, re.A | re.I).fullmatch


def is_header(rows: Sequence[list[str]], is_number: Callable[[str], object]) -> bool | None:
    """Words are names, and so are different whole numbers above columns of other numbers.

    Above fractions, or one after another (0, 1, 2, … of pandas; years), they are such. A word that
    comes again below, or a number that is repeated or not whole, is part of a sample.

    Args:
        rows: the table's first rows.

    Returns:
        None where it may be either.

    Example:
        >>> number = number_in(".", None)
        >>> is_header([["a", "b"], ["1", "2"]], number), is_header([["1.5", "2"]], number)
        (True, False)
        >>> is_header([["1", "2"], ["3", "4"]], number)
    """
    first, *body = rows
    columns = [[row[c] for row in body if row[c] not in MISSING] for c in range(len(first))]
    names = [(cell, below) for cell, below in zip(first, columns, strict=True)
             if cell not in MISSING]  # fmt: skip
    numbers = [(cell, below) for cell, below in names if is_number(cell)]
    words = [(cell, below) for cell, below in names if not is_number(cell)]
    if not body:
        return not numbers
    above_numbers = any(
        2 * sum(map(bool, map(is_number, below))) >= len(below) for _, below in words
    )
    again = any(cell in below for cell, below in words)
    if not numbers and not (above_numbers or again):
        return all(3 * len({*below}) <= len(below) for _, below in words) or None
    if not numbers and not again:
        return True
    whole = all(re.fullmatch(r"\d+", cell) for cell, _ in numbers)
    other = not whole or len({int(cell) for cell, _ in numbers}) < len(numbers)
    # Of a sample; where there is a sign of names, too, two such signs count more.
    if again or other:
        return None if above_numbers and not (again and other) else False
    return _are_names(numbers, above_numbers)


def _are_names(numbers: list[tuple[str, list[str]]], above_numbers: bool) -> bool | None:
    """Whether different whole numbers are names of what is below them.

    Args:
        above_numbers: whether there are words beside them, above numbers.
    """
    fractions = sum(2 * sum(not cell.isdecimal() for cell in below) > len(below)
                    for _, below in numbers)  # fmt: skip
    values = [int(cell) for cell, _ in numbers]
    counted = all(b - a == 1 for a, b in pairwise(values))
    if 2 * fractions >= len(numbers) or (counted and (above_numbers or len(values) > 3)):
        return True
    return None if above_numbers or values == sorted(values) else False


def is_text(cells: list[str], is_number: Callable[[str], object]) -> bool:
    """Whether a column is of words: most of it, or they and its numbers are few.

    Example:
        >>> number = number_in(".", None)
        >>> is_text(["0", "1", "2", "3+"] * 2, number), is_text(["0.5", "1.5", "2.5x"], number)
        (True, False)
    """
    count = Counter(cell for cell in cells if cell not in MISSING)
    words = sum(n for cell, n in count.items() if not (is_number(cell) or MISREAD.fullmatch(cell)))
    few = len(count) <= FEW_VALUES and 2 * len(count) <= count.total()
    return bool(words) and (2 * words > count.total() or few)
