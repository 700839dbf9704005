"""The methods of arrays that record: each by the function of NumPy's that does the same."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from jaxmlp.verify.run.encoding import plain
from jaxmlp.verify.run.tape import Ref, Storage, current

BY_FUNCTIONS = (
    "sum", "mean", "max", "min", "dot", "ravel", "copy", "squeeze", "clip", "argmax", "argmin",
    "prod", "std", "var", "cumsum", "repeat", "round", "diagonal", "trace", "swapaxes", "argsort",
    "nonzero", "take", "all", "any",
)  # fmt: skip
IN_PLACE = ("add", "sub", "mul", "truediv", "pow", "floordiv", "mod")


class Methods(np.ndarray):
    """What an array that records has beside its operators and its index.

    Attributes:
        _node: what has given it; None where nothing was recorded of it.
        _version: of its memory, then.
        _storage: its memory.
    """

    _node: int | None = None
    _version = -1
    _storage: Storage | None = None

    def __deepcopy__(self, memo: Any) -> Any:
        return np.copy(self)

    def __copy__(self) -> Any:
        return np.copy(self)

    def __reduce__(self) -> Any:
        return plain(self).__reduce__()

    def __index__(self) -> int:
        value = plain(self)
        whole = value.ndim == 0 and value.dtype.kind == "f" and float(value).is_integer()
        return int(value) if whole else value.__index__()

    def __int__(self) -> int:
        return int(plain(self).item())  # of one number in brackets, too, as NumPy's older versions

    def __float__(self) -> float:
        return float(plain(self).item())

    def __round__(self, digits: int | None = 0) -> Any:
        return np.round(self, digits or 0)

    def __repr__(self) -> str:
        return repr(plain(self) if self.ndim else plain(self).item())

    def __str__(self) -> str:
        return str(plain(self) if self.ndim else plain(self).item())

    def __format__(self, spec: str) -> str:
        return format(plain(self).item() if self.size == 1 and spec else plain(self), spec)

    T = property(lambda self: np.transpose(self))
    A = property(lambda self: np.copy(self))  # of a matrix
    A1 = property(lambda self: np.ravel(np.copy(self)))
    values = iloc = loc = property(lambda self: self)  # as of a data frame
    flat = property(lambda self: np.ravel(self))
    at = property(lambda self: _At(self))

    def reshape(self, *shape: Any, order: Any = "C") -> Any:  # type: ignore[override]  # overloads
        asked = _one(shape)
        if isinstance(asked, tuple | list):
            asked = [size.as_integer() if hasattr(size, "stands_for") else size for size in asked]
        if isinstance(asked, tuple | list) and current().guessed and asked:
            rest = int(np.prod(plain(tuple(asked[1:]))))
            if -1 not in asked and self.size != rest * asked[0] and rest and self.size % rest == 0:
                asked = (-1, *asked[1:])  # fewer samples than the program counts on
            asked = self._in_rows(asked)
        return np.reshape(self, asked, order=order)

    def _in_rows(self, asked: Any) -> Any:
        """A shape of a row for each sample, of which there are fewer than the program counts on."""
        few = len(asked) == 2 and self.ndim > 1 and asked[1] == -1 and len(self) < asked[0]
        return (len(self), -1) if few and self.size != len(self) * asked[0] else asked

    def _set_shape(self, shape: Any) -> None:
        np.ndarray.shape.__set__(self, shape)  # type: ignore[attr-defined]  # in C
        if self._node is not None:
            node = current().add("np.reshape", (Ref(self._node), tuple(map(int, shape))), {}, self)
            self._node, self._version, self._storage = node, 0, None
            current().mark(self, node, current().storage_of(self))

    shape = property(np.ndarray.shape.__get__, _set_shape)

    def transpose(self, *axes: Any) -> Any:
        return np.transpose(self, _one(axes) if axes else None)

    def flatten(self, *order: Any) -> Any:
        return np.copy(np.ravel(self, *order))

    def fill(self, value: Any) -> None:
        self[...] = value

    def sort(self, axis: Any = -1) -> None:  # type: ignore[override]  # without kinds
        self[...] = np.sort(self, axis)

    def tolist(self) -> Any:
        return [entry.tolist() if entry.ndim else entry for entry in self] if self.ndim else self

    def item(self, *index: Any) -> Any:
        return np.reshape(self, -1)[index[0] if index else 0]

    def view(self, *kind: Any) -> Any:  # type: ignore[override]  # overloads
        if kind and all(isinstance(size, int) for size in kind):  # as a tensor's
            return self.reshape(*kind)
        return super().view(*kind) if kind == (np.ndarray,) else self

    def iterrows(self) -> Any:  # as of a data frame
        return enumerate(self)

    def to_numpy(self, *_: Any, **__: Any) -> Any:
        return self

    toarray = to_numpy  # of a sparse matrix
    numpy = detach = cpu = to_numpy  # of a tensor

    def block_until_ready(self) -> Any:
        return self


class _At:
    """JAX's x.at[i].set(v) and its kin."""

    def __init__(self, array: Any, index: Any = None):
        self._array, self._index = array, index

    def __getitem__(self, index: Any) -> _At:
        return _At(self._array, index)

    def set(self, value: Any) -> Any:
        changed = np.copy(self._array)
        changed[self._index] = value
        return changed

    def add(self, value: Any) -> Any:
        changed = np.copy(self._array)
        np.add.at(changed, self._index, value)
        return changed

    def multiply(self, value: Any) -> Any:
        return self.set(self._array[self._index] * value)


def _one(parts: tuple) -> Any:
    return parts[0] if len(parts) == 1 else parts


def _method(name: str) -> Callable:
    function = getattr(np, name)
    return lambda self, *args, **kw: function(self, *args, **kw)


def _in_place(name: str) -> Callable:
    """x += …: in place for an array, anew for a number."""
    array_way, number_way = getattr(np.ndarray, f"__i{name}__"), getattr(np.ndarray, f"__{name}__")

    def operator(self: Any, other: Any) -> Any:
        return (array_way if self.ndim else number_way)(self, other)

    return operator


for _name in BY_FUNCTIONS:
    setattr(Methods, _name, _method(_name))
for _name in IN_PLACE:
    setattr(Methods, f"__i{_name}__", _in_place(_name))
