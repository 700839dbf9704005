"""What the values of a backward pass are: ∂E/∂(a value of the forward pass), times a factor."""

import functools
import itertools
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from jaxmlp.verify.truth.adjoints import Adjoints

RELATIVE_TOLERANCE = 1e-7
SOME = 64  # entries that are compared first
MOST_NAMES = 10  # names for one value
SLACK = 1e-6  # of directions, for each entry's share


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
        self._directions = Directions(self.adjoints)

    def value(self, number: int) -> np.ndarray:
        """A node's values, the states along the first axis."""
        return np.stack([state[number] for state in self.at])

    def of(self, number: int) -> Name | None:
        """What a node is; None where it is no derivative of E."""
        if number not in self._found:
            value = self.value(number)
            self._found[number] = self.named(value, self._directions.near(value))
        return self._found[number]

    def named(self, value: np.ndarray, among: Iterable[int]) -> Name | None:
        """What values are, of these derivatives; those in the same shape come first."""
        if value.dtype.kind != "f" or not np.isfinite(value).all() or not np.any(value):
            return None
        for mine in both_ways(value):
            for number in among:
                true = self.adjoints[number]
                if true.size == mine.size and same_axes(true.shape, mine.shape):
                    factor = multiple(mine, true)
                    if factor is not None:
                        return Name(number, factor)
        return None

    def alike(self, number: int) -> list[int]:
        """The values by which the derivative of E is a multiple of that by one, as by 2u + b and by
        u, the last that is computed first."""
        own = self.adjoints[number]
        near = (i for i in self._directions.near(own) if self.adjoints[i].shape == own.shape)
        return sorted((i for i in near if multiple(self.adjoints[i], own)), reverse=True)

    def ratio(self, number: int, former: int) -> set[float]:
        """How many times a derivative of E has the factor of another; several numbers, where it
        may be called one by u as well as by 2u."""
        mine, theirs = self._factors(number), self._factors(former)
        if common := mine.keys() & theirs.keys():
            return {mine[i] / theirs[i] for i in itertools.islice(common, 1)}
        return {m / t for m in mine.values() for t in theirs.values()}

    def _factors(self, number: int) -> dict[int, float]:
        """The factors that a value has, as the derivative by each value that it may be one by."""
        if (name := self.of(number)) is None:
            return {}
        some = dict.fromkeys((name.of, *self.alike(name.of)[:MOST_NAMES]))
        made = {i: multiple(self.adjoints[name.of], self.adjoints[i]) for i in some}
        return {i: name.factor * factor for i, factor in made.items() if factor}

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
        for mine in both_ways(value):
            factor = multiple(mine, true)
            if factor is not None:
                return factor
        return None


class Directions:
    """Arrays by their direction: of thousands only few may be those that a value is a multiple of.

    Args:
        arrays: by number, none of them 0.
    """

    def __init__(self, arrays: Mapping[int, np.ndarray]):
        self._order = {number: k for k, number in enumerate(arrays)}
        by_size: dict[int, list[tuple[float, int]]] = {}
        for number, array in arrays.items():
            by_size.setdefault(array.size, []).append((_direction(array), number))
        self._by_size = {size: sorted(some) for size, some in by_size.items()}

    def near(self, value: np.ndarray) -> list[int]:
        """The arrays that may have a value's direction, in the order in which they were given."""
        some = self._by_size.get(value.size, [])
        if not some or value.dtype.kind != "f" or not np.isfinite(value).all():
            return []
        slack = SLACK * np.sqrt(value.size)
        numbers: set[int] = set()
        for mine in both_ways(value):
            at = _direction(mine)
            begin, end = (bisect_left(some, (at + sign * slack, 0)) for sign in (-1, 1))
            numbers.update(number for _, number in some[begin:end])
        return sorted(numbers, key=self._order.__getitem__)


def _direction(array: np.ndarray) -> float:
    """A number that is the same for all multiples of an array, and different for others."""
    entries = array.reshape(-1)
    length = np.linalg.norm(entries)
    return float(abs(_random_way(entries.size) @ entries) / length) if length else 0.0


@functools.cache
def _random_way(size: int) -> np.ndarray:
    drawn = np.random.default_rng(size).normal(size=size)
    return drawn / np.linalg.norm(drawn)


def both_ways(value: np.ndarray) -> tuple[np.ndarray, ...]:
    """Values, and the matrices among them transposed."""
    return (value, np.swapaxes(value, -1, -2)) if value.ndim > 2 else (value,)


def same_axes(one: tuple[int, ...], other: tuple[int, ...]) -> bool:
    return [n for n in one[1:] if n > 1] == [n for n in other[1:] if n > 1]


def _some_may_be(v: np.ndarray, t: np.ndarray) -> bool:
    """Whether a few entries leave it possible; most values are seen to be none by these."""
    largest = np.abs(t).argmax()
    if not np.any(t) or not np.isfinite(v).all():
        return not np.any(v)
    rest = v - v[largest] / t[largest] * t
    return bool(np.abs(rest).max() <= 1e-4 * np.abs(v).max())


def multiple(value: np.ndarray, true: np.ndarray, near: float = RELATIVE_TOLERANCE) -> float | None:
    """The factor by which values are others, the same everywhere; None where there is none.

    Args:
        near: how far off they may be, by the largest of them.
    """
    v, t = value.reshape(-1), true.reshape(-1)
    if v.size > SOME and not _some_may_be(v[:: v.size // SOME], t[:: t.size // SOME]):
        return None
    size = t @ t
    if size == 0 or not np.isfinite(v).all():
        return None
    factor = float(v @ t / size)
    largest = np.abs(v).max(initial=0)
    if factor == 0 or largest == 0 or np.abs(v - factor * t).max() > near * largest:
        return None
    return factor
