"""Data that a program states as rows of numbers: what is taken out of a row can be recorded.

As a whole they are what they were: `np.array` of them is one array, and none of its entries was
computed.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np

from jaxmlp.verify.run.arrays import lifted


class _Row:
    """A list or a tuple whose entries are recording numbers, one by one."""

    def __getitem__(self, index: Any) -> Any:
        picked = super().__getitem__(index)  # type: ignore[misc]  # a list's or a tuple's
        if isinstance(index, slice):
            return type(self)(picked)  # type: ignore[call-arg]
        return lifted(np.asarray(picked)) if isinstance(picked, int | float) else picked

    def __iter__(self) -> Iterator[Any]:
        return (self[k] for k in range(len(self)))  # type: ignore[arg-type]


class ListRow(_Row, list):
    """A row that is a list."""


class TupleRow(_Row, tuple):
    """A row that is a tuple."""


def recorded_rows(rows: Any) -> Any:
    """Rows of numbers, with each row as one that records what is taken out of it."""
    made = [ListRow(row) if isinstance(row, list) else TupleRow(row) for row in rows]
    return tuple(made) if isinstance(rows, tuple) else made
