"""pandas as a program gets it: itself for data that are there, a stand-in for all else.

What a frame is computed with that records comes to be an array that records: pandas leaves it to
`Recorded`, by its priority, and what a frame multiplies by itself is multiplied by NumPy.
"""

import functools
import io
import sys
import types
from collections.abc import Callable
from typing import Any

import numpy as np

from jaxmlp.verify.run.arrays import lifted, of_frames
from jaxmlp.verify.run.encoding import is_recorded, plain
from jaxmlp.verify.run.tape import current

FRAME_WRITERS = ("to_csv", "to_excel", "to_html", "to_json", "to_pickle", "to_hdf", "to_parquet")
FRAME_CLASSES = ("DataFrame", "Series")  # of what a program has


@functools.cache
def _pandas() -> types.ModuleType | None:
    """pandas, whose frames let NumPy multiply; None where it is not installed."""
    try:
        import pandas
    except ImportError:
        return None
    for kind in (pandas.DataFrame, pandas.Series):
        kind.dot = _dot(kind.dot)  # type: ignore[method-assign]
        kind.__matmul__ = kind.dot  # type: ignore[method-assign,assignment]
        kind.values = property(_array(kind.values.fget))  # type: ignore[assignment]
        kind.to_numpy = kind.as_matrix = _array(kind.to_numpy)  # and as it was called
        for name in FRAME_WRITERS:
            setattr(kind, name, lambda *_, **__: None)
    for number in (float, int):
        setattr(pandas.Series, f"__{number.__name__}__", _as_number(number))
    return pandas


def _as_number(kind: Callable) -> Callable:
    """A series of one entry as a number, as pandas before 3 has it."""

    def number(self: Any) -> Any:
        if len(self) != 1:
            raise TypeError(f"expected a series of one entry, got {len(self)}")
        return kind(self.iloc[0])

    return number


def _dot(own: Callable) -> Callable:
    def dot(self: Any, other: Any) -> Any:
        records = is_recorded(other) or hasattr(other, "stands_for")
        return np.dot(of_frames(self), other) if records else own(self, other)

    return dot


def _array(own: Callable) -> Callable:
    """What gives the array of a frame: to the program one that records, to pandas as it is."""

    def array(self: Any, *args: Any, **kw: Any) -> Any:
        made = own(self, *args, **kw)
        asks = sys._getframe(1).f_globals.get("__name__", "")
        return made if asks.partition(".")[0] == "pandas" else lifted(made)

    return array


class DataFrames(types.ModuleType):
    """`pandas`: what it reads of files that are there, and what it makes of that, is its own.

    Args:
        stand_in: what it is for all that is not there.
    """

    def __init__(self, stand_in: Any):
        super().__init__("pandas")
        self.__dict__["_stand_in"] = stand_in

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if name.startswith("read_"):
            return functools.partial(self._read, name)
        if not current().frames and name not in FRAME_CLASSES:
            return getattr(self._stand_in, name)
        own = getattr(_pandas(), name, None) if current().frames else None
        return own if isinstance(own, type) else functools.partial(self._called, name)

    def _read(self, name: str, file: Any, *args: Any, **kw: Any) -> Any:
        path = current().find(file)
        if path is file and not isinstance(file, io.IOBase):
            return getattr(self._stand_in, name)(file, *args, **kw)  # it is not there
        made = self._called(name, path, *args, **kw)
        return made if hasattr(made, "stands_for") else current().some_of(made)

    def _called(self, name: str, *args: Any, **kw: Any) -> Any:
        """What a function gives: pandas' own, if nothing that is not there is in its arguments."""
        is_open = any(hasattr(argument, "stands_for") for argument in (*args, *kw.values()))
        if is_open or _pandas() is None:
            return getattr(self._stand_in, name)(*args, **kw)
        current().frames = True
        return getattr(_pandas(), name)(*plain(args), **plain(kw))
