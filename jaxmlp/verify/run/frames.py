"""What of a data frame is not the table itself: the names of its columns, and its rows."""

from typing import Any

import numpy as np


class Columns(list):
    """The names of a data frame's columns."""

    values = property(lambda self: self)

    def __getattr__(self, name: str) -> Any:
        if name != "str":
            raise AttributeError(name)
        return Spelled(self)

    def tolist(self) -> list[str]:
        return list(self)

    def drop(self, *_: Any, **__: Any) -> list[str]:
        return list(self)


class Spelled:
    """The same names, however a program would have them spelled."""

    def __init__(self, columns: Columns):
        self.columns = columns

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return lambda *_, **__: self.columns


class FrameRows:
    """The rows of a data frame, as `data.loc`: some of them are as good as all."""

    def __init__(self, frame: Any):
        self.frame = frame

    def __getitem__(self, index: Any) -> Any:
        numbers = isinstance(index, list | np.ndarray) and np.ndim(index) == 1
        return self.frame if numbers and self.frame.known() is None else self.frame[index]

    def __setitem__(self, index: Any, value: Any) -> None:
        self.frame[index] = value


def are_columns(index: Any) -> bool:
    """Whether an index is a list of names."""
    return isinstance(index, list) and all(isinstance(k, str) for k in index)


def column(index: Any) -> Any:
    """The names of columns in an index, as in data.loc[:, "x"]; or None."""
    pair = isinstance(index, tuple) and len(index) == 2
    is_name = pair and isinstance(index[1], str | list) and index[1]
    return index[1] if is_name and all(isinstance(k, str) for k in index[1]) else None
