"""Indices of arrays: labels and sizes that are not there yet, and places beyond stand-ins."""

from typing import Any

import numpy as np

from jaxmlp.verify.run.encoding import bounds, is_recorded, plain, plain_slice
from jaxmlp.verify.run.tape import current


def resolved_index(index: Any, shape: tuple[int, ...]) -> Any:
    """An index in which stand-ins have become labels that fit, or numbers."""
    if isinstance(index, tuple):
        sizes = (*shape, *(1,) * len(index))
        return tuple(resolved_index(part, sizes[k:]) for k, part in enumerate(index))
    if hasattr(index, "stands_for") and shape:
        index = index.as_index(shape[0])
    if isinstance(index, slice) and shape and shape[0]:
        return _within(index, shape[0])
    if is_recorded(index) and index.dtype.kind == "f":
        return index.astype(int) if (plain(index) % 1 == 0).all() else index
    return index


def from_the_beginning(index: Any, size: int) -> Any:
    """Places of data that are not there, of which there may be more: beyond the end from the
    beginning."""
    if isinstance(index, tuple) and index:
        return (from_the_beginning(index[0], size), *index[1:])
    places = plain(index)
    whole = type(places) is int or (isinstance(places, np.ndarray) and places.dtype.kind in "iu")
    return places % size if whole and np.max(places, initial=0) >= size > 0 else index


def _within(index: slice, size: int) -> slice:
    """A slice of stand-ins that has nothing of them, where the program counts on more: all."""
    if not current().guessed or any(hasattr(bound, "stands_for") for bound in bounds(index)):
        return index
    nothing = not len(range(*plain_slice(index).indices(size)))
    return slice(None) if nothing and bounds(index)[1] != 0 else index


def numpy_index(index: Any) -> Any:
    """An index for NumPy itself: a label that was taken out of an array is a number, not an array,
    so that what it leads to is no copy."""
    if isinstance(index, tuple):
        return tuple(map(numpy_index, index))
    place = plain(index)
    whole = isinstance(place, np.ndarray) and place.ndim == 0 and place.dtype.kind in "iu"
    return int(place) if whole else place


def entry_of(index: Any, shape: tuple[int, ...]) -> tuple[int, ...] | None:
    """The index of a single entry, if it is one, and no label."""
    parts = index if isinstance(index, tuple) else (index,)
    single = 0 < len(parts) == len(shape) and all(type(part) is int for part in parts)
    inside = single and all(-n <= k < n for k, n in zip(parts, shape, strict=True))
    return parts if inside else None
