"""Arguments in other forms: plain, for NumPy itself, and encoded, for the tape.

What stands in for something that is not there is known by its `stands_for`.
"""

from typing import Any

import numpy as np

from jaxmlp.verify.run.tape import Ref, current


def is_open(value: Any) -> bool:
    """Whether it is a stand-in that has not become anything yet."""
    return hasattr(value, "stands_for") and value.known() is None


def is_recorded(value: Any) -> bool:
    """Whether it is an array that records."""
    return isinstance(value, np.ndarray) and hasattr(value, "_node")


def is_frame(value: Any) -> bool:
    """Whether it is a table of pandas', a column of one, or its index."""
    return type(value).__module__.partition(".")[0] == "pandas" and hasattr(value, "__array__")


def plain(value: Any) -> Any:
    """An argument for NumPy itself."""
    if is_recorded(value):
        return np.asarray(value.view(np.ndarray))
    if isinstance(value, tuple):
        parts = map(plain, value)
        return type(value)(*parts) if hasattr(value, "_fields") else tuple(parts)
    if isinstance(value, list):
        return [plain(part) for part in value]
    if isinstance(value, dict):
        return {key: plain(part) for key, part in value.items()}
    if isinstance(value, slice):
        return plain_slice(value)
    return value


def encoded(value: Any) -> Any:
    """An argument for the tape: references in place of arrays."""
    if isinstance(value, np.ndarray):
        return Ref(current().node_of(value)) if value.dtype.kind in "fiub" else None
    if isinstance(value, tuple) and not hasattr(value, "_fields"):
        return tuple(map(encoded, tuple.__iter__(value)))
    if isinstance(value, list):
        return [encoded(part) for part in list.__iter__(value)]
    if isinstance(value, slice):
        return plain_slice(value)
    if isinstance(value, range):
        return list(value)
    if isinstance(value, np.generic):
        return value.item()
    return encoded(value.known()) if hasattr(value, "stands_for") else value


def bounds(index: slice) -> tuple:
    """What a slice is made of."""
    return index.start, index.stop, index.step


def plain_slice(index: slice) -> slice:
    """A slice for NumPy itself."""
    return slice(*(int(plain(bound)) if is_recorded(bound) else bound for bound in bounds(index)))
