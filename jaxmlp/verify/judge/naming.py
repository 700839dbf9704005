"""What the values of a backward pass are: ∂E/∂(a value of the forward pass), times a factor."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from jaxmlp.verify.truth.adjoints import Adjoints

NEAR = 1e-7
SOME = 64  # entries that are compared first


class Name(NamedTuple):
    """What a value is.

    Attributes:
        of: the value of the forward pass that E is differentiated by.
        factor: the value is this times ∂E/∂of.
    """

    of: int
    factor: float


class Names:
    """Names for the values of a step, given the adjoints of its forward pass.

    Args:
        adjoints: the states along the first axis.
        at: all values, at the same states.
    """

    def __init__(self, adjoints: Adjoints, at: Sequence[Mapping[int, np.ndarray]]):
        self.at = at
        self.adjoints = {n: a for n, a in adjoints.items() if np.any(a) and np.isfinite(a).all()}
        self._found: dict[int, Name | None] = {}

    def value(self, number: int) -> np.ndarray:
        """A node's values, the states along the first axis."""
        return np.stack([state[number] for state in self.at])

    def of(self, number: int) -> Name | None:
        """What a node is; None where it is no derivative of E."""
        if number not in self._found:
            self._found[number] = self.named(self.value(number), self.adjoints)
        return self._found[number]

    def named(self, value: np.ndarray, among: Iterable[int]) -> Name | None:
        """What values are, of these derivatives; those in the same shape come first."""
        if value.dtype.kind != "f" or not np.isfinite(value).all() or not np.any(value):
            return None
        turned = np.swapaxes(value, -1, -2) if value.ndim > 2 else value
        for mine in (value, turned):
            for number in among:
                true = self.adjoints[number]
                if true.size == mine.size and _same_axes(true.shape, mine.shape):
                    factor = multiple(mine, true)
                    if factor is not None:
                        return Name(number, factor)
        return None

    def is_row(self, number: int) -> bool:
        """Whether a node is a derivative of E by what one sample of a batch has."""
        value = self.value(number)
        if value.dtype.kind != "f" or value.ndim != 2:
            return False
        for true in self.adjoints.values():
            if true.ndim == 3:
                for rows in (true.swapaxes(0, 1), true.transpose(2, 0, 1)):
                    fit = rows.shape[1:] == value.shape
                    if fit and any(multiple(value, row) is not None for row in rows):
                        return True
        return False

    def is_gradient(self, number: int, param: int) -> float | None:
        """The factor by which a node is ∂E/∂(a parameter), flat or turned as it may be."""
        value = self.value(number)
        true = self.adjoints[param]
        if value.size != true.size or value.dtype.kind != "f":
            return None
        for mine in (value, np.swapaxes(value, -1, -2) if value.ndim > 2 else value):
            factor = multiple(mine, true)
            if factor is not None:
                return factor
        return None


def _same_axes(one: tuple[int, ...], other: tuple[int, ...]) -> bool:
    return [n for n in one[1:] if n > 1] == [n for n in other[1:] if n > 1]


def _some_may_be(v: np.ndarray, t: np.ndarray) -> bool:
    """Whether a few entries leave it possible; most values are seen to be none by these."""
    largest = np.abs(t).argmax()
    if not np.any(t) or not np.isfinite(v).all():
        return not np.any(v)
    rest = v - v[largest] / t[largest] * t
    return bool(np.abs(rest).max() <= 1e-4 * np.abs(v).max())


def multiple(value: np.ndarray, true: np.ndarray) -> float | None:
    """The factor by which values are others, the same everywhere; None where there is none."""
    v, t = value.reshape(-1), true.reshape(-1)
    if v.size > SOME and not _some_may_be(v[:: v.size // SOME], t[:: t.size // SOME]):
        return None
    size = t @ t
    if size == 0 or not np.isfinite(v).all():
        return None
    factor = float(v @ t / size)
    largest = np.abs(v).max(initial=0)
    if factor == 0 or largest == 0 or np.abs(v - factor * t).max() > NEAR * largest:
        return None
    return factor
