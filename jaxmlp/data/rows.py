"""Rows of numbers that lie in a file, and are read as they are needed."""

import math
import tempfile
import weakref
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

NUMBERS_AT_ONCE = 2**20  # so many at a time are read where all are needed


class Store:
    """A temporary file of numbers, one row after the other; it goes with the last of its rows."""

    def __init__(self) -> None:
        self.file = tempfile.TemporaryFile()  # noqa: SIM115
        weakref.finalize(self, self.file.close)

    def append(self, X: np.ndarray) -> None:
        """Write rows, (k, d), behind the last."""
        self.file.write(np.ascontiguousarray(X).data)

    def read(self, into: np.ndarray, first: int) -> None:
        """Read rows from the first on.

        Raises:
            OSError: they are not all there.
        """
        self.file.seek(first * into[0].nbytes)
        if self.file.readinto(into.data.cast("B")) != into.nbytes:
            raise OSError(f"expected {len(into)} rows from row {first}, got fewer: a damaged file")


@dataclass(frozen=True, eq=False)
class Rows:
    """(n, d) numbers in a file: `rows[which]` are others of the same file, `np.asarray` reads them.

    Attributes:
        store: where they lie.
        dtype, d: of what lies there.
        numbers: (n,) which of its rows these are.
        change: what is made of rows that were read, (k, d) to (k, d).
    """

    store: Store
    dtype: np.dtype
    d: int
    numbers: np.ndarray
    change: Callable[[np.ndarray], np.ndarray] | None = None

    ndim = 2

    @property
    def shape(self) -> tuple[int, int]:
        """(n, d)."""
        return len(self.numbers), self.d

    def __len__(self) -> int:
        return len(self.numbers)

    def __getitem__(self, which: np.ndarray | slice) -> "Rows":
        return replace(self, numbers=self.numbers[which])

    def changed(self, change: Callable[[np.ndarray], np.ndarray]) -> "Rows":
        """The same rows, of which this is made when they are read."""
        return replace(self, change=change)

    def __array__(self, dtype: np.dtype | None = None, copy: bool | None = None) -> np.ndarray:
        rows = np.empty(self.shape, self.dtype)
        ends = np.flatnonzero(np.diff(self.numbers) != 1) + 1  # of rows that lie together
        for first, end in zip([0, *ends], [*ends, len(rows)], strict=True):
            self.store.read(rows[first:end], int(self.numbers[first]))
        rows = self.change(rows) if self.change else rows
        return rows if dtype is None else rows.astype(dtype, copy=False)


def in_parts(X: np.ndarray | Rows, numbers: int = NUMBERS_AT_ONCE) -> Iterator[np.ndarray]:
    """All rows, about so many numbers at a time.

    Example:
        >>> [len(part) for part in in_parts(np.ones((5, 3)), 6)]
        [2, 2, 1]
    """
    return (np.asarray(X[rows]) for rows in slices(len(X), math.prod(X.shape[1:]), numbers))


def slices(n: int, width: int, numbers: int = NUMBERS_AT_ONCE) -> Iterator[slice]:
    """Of n rows, as many at a time as have about so many numbers, all where it is fewer.

    Args:
        width: the numbers of a row.
    """
    step = max(1, numbers // width)
    return (slice(start, start + step) for start in range(0, n, step))
