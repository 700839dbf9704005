"""Arrays that record what is computed with them.

`Recorded` is an ndarray whose every operation goes to the tape: ufuncs, NumPy's functions, methods,
indexing, and what is done in place. One without dimensions stands for a number, and like a number
it is never changed in place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from jaxmlp.verify.run.tape import Ref, Storage, Tape, owner

# Results that have the shape of an argument, or say something of it, and none of its values.
SHAPES_ONLY = frozenset((
    "zeros_like", "ones_like", "empty_like", "full_like", "shape", "ndim", "size",
    "may_share_memory", "shares_memory", "result_type", "can_cast", "iscomplexobj", "isrealobj",
    "broadcast_shapes",
))  # fmt: skip
LOST = "lost "  # before the name of an operation whose result is no array of real numbers
STOOD_IN = "lost in "  # before that of something that is not there, and of which little is known


class Unsupported(Exception):
    """A construct that cannot be recorded; its text names it."""


class _Current:
    """The tape that is being written."""

    tape = Tape("")


def begin(tape: Tape) -> None:
    """Record on this tape from now on."""
    _Current.tape = tape


def current() -> Tape:
    """The tape that is being written."""
    return _Current.tape


def is_open(value: Any) -> bool:
    """Whether it is a stand-in that has not become anything yet."""
    return hasattr(value, "stands_for") and value.known() is None


def _filled(shape: Any, size: int) -> list:
    """A shape whose sizes that are not there have become those that fit."""
    given = [one for one in shape if not is_open(one)]
    rest = int(np.prod([int(plain(one)) for one in given])) if given else 1
    found = []
    for one in shape:
        if is_open(one) and len(given) == len(shape) - 1 and rest > 0 and size % rest == 0 < size:
            one.value = size // rest
        found.append(one.as_integer() if hasattr(one, "stands_for") else one)
    return found


class Recorded(np.ndarray):
    """An ndarray whose operations are written to the tape."""

    _node: int | None = None
    _version = -1
    _storage: Storage | None = None
    _matrix = False

    def __array_finalize__(self, other: Any) -> None:
        self._node, self._version, self._storage, self._matrix = None, -1, None, False

    def __array_ufunc__(
        self, ufunc: np.ufunc, method: str, *inputs: Any, out: Any = None, **kw: Any
    ) -> Any:
        if any(hasattr(one, "stands_for") for one in inputs):
            return NotImplemented  # theirs to decide
        name = ufunc.__name__ if method == "__call__" else f"{ufunc.__name__}.{method}"
        compute = getattr(ufunc, method)
        args, kw_args = tuple(map(encoded, inputs)), {k: encoded(v) for k, v in kw.items()}
        plain_inputs, plain_kw = plain(inputs), plain(kw)
        if method == "at":
            target = inputs[0]
            change = lambda: compute(*plain_inputs)  # noqa: E731
            if isinstance(target, Recorded):
                return current().write(target, name, args, {}, change)
            return change()
        if out is not None:
            return _into(out[0], name, args, kw_args, lambda: compute(*plain_inputs, **plain_kw))
        result = compute(*plain_inputs, **plain_kw)
        if result is NotImplemented:
            return result
        return as_matrix(given_back(result, name, args, kw_args), *inputs)

    def __array_function__(
        self, function: Callable, types: Iterable[type], args: Any, kw: Any
    ) -> Any:
        if any(hasattr(one, "stands_for") for one in types):
            return NotImplemented
        name = function.__name__
        if name in REDUCES and any(map(_is_matrix, args)) and len(args) + ("axis" in kw) > 1:
            kw = {**kw, "keepdims": True}  # a matrix stays one
        result_of = lambda: function(*plain(args), **plain(kw))  # noqa: E731
        if name in SHAPES_ONLY:
            return lifted(result_of())
        module = getattr(function, "__module__", "numpy").removeprefix("numpy").strip(".")
        op = ".".join(filter(None, ("np", module, name)))
        recorded_kw = {k: encoded(v) for k, v in kw.items() if k != "out"}
        if kw.get("out") is not None:
            inputs = {k: v for k, v in kw.items() if k != "out"}
            compute = lambda: function(*plain(args), **plain(inputs))  # noqa: E731
            return _into(kw["out"], op, encoded(args), recorded_kw, compute)
        if name in WRITERS:
            encoded_args = encoded(args)
            return current().write(args[0], op, encoded_args, recorded_kw, result_of)
        return as_matrix(given_back(result_of(), op, encoded(args), recorded_kw), *args)

    def __mul__(self, other: Any) -> Any:
        return _product(self, other)

    def __rmul__(self, other: Any) -> Any:
        return other * self.__index__() if self._repeats(other) else _product(other, self)

    def _repeats(self, other: Any) -> bool:
        """Whether it says how often a list is repeated: a computed number of NumPy's would not."""
        whole = self.dtype.kind in "iu" or current().nodes[current().node_of(self)].op == "leaf"
        return isinstance(other, list) and self.ndim == 0 and whole

    def __getitem__(self, index: Any) -> Any:
        index = _decided(index, self.shape)
        if self.ndim and self._stands_in():
            index = _round(index, len(self))
        if self._matrix and not isinstance(index, tuple):
            index = slice(index, index + 1 or None) if isinstance(index, int) else index
        entry = self._entry(index)
        if entry is not None and (node := current().entry(self, entry)) is not None:
            return _wrapped(np.asarray(plain(self)[index]), node)
        found = given_back(plain(self)[_where(index)], "getitem", (encoded(self), encoded(index)))
        turned = self._matrix and found.ndim == 1 and not isinstance(index[0], int)
        return as_matrix(np.reshape(found, (-1, 1)) if turned else found, self)

    def __setitem__(self, index: Any, value: Any) -> None:
        index = _decided(index, self.shape)
        if np.size(value) == 1 and np.ndim(value) and np.ndim(plain(self)[_where(index)]) == 0:
            value = np.reshape(value, ())  # as NumPy before 2.4 does
        memory, where, what = plain(self), _where(index), plain(value)
        change = lambda: memory.__setitem__(where, what)  # noqa: E731
        if (entry := self._entry(index)) is not None:
            return current().write_entry(self, entry, encoded(value), change)
        args = (encoded(self), encoded(index), encoded(value))
        return current().write(self, "setitem", args, {}, change)

    def _stands_in(self) -> bool:
        """Whether it is data that are not there."""
        return current().stand_ins.get(id(owner(self))) is owner(self)

    def _entry(self, index: Any) -> tuple[int, ...] | None:
        """The index of a single entry, if it is one, and no label."""
        parts = index if isinstance(index, tuple) else (index,)
        single = 0 < len(parts) == self.ndim and all(type(one) is int for one in parts)
        inside = single and all(-n <= k < n for k, n in zip(parts, self.shape, strict=True))
        return parts if inside else None

    def __iter__(self) -> Iterator[Any]:
        if self.ndim == 0:
            raise TypeError("iteration over a 0-d array")
        return (self[k] for k in range(len(self)))

    def __bool__(self) -> bool:
        truth = bool(plain(self))
        current().add("branch", (encoded(self),), {}, truth)
        return truth

    def __hash__(self) -> int:  # type: ignore[override]  # NumPy's have none
        return hash(plain(self).item()) if self.ndim == 0 else id(self)

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

    @property
    def T(self) -> Any:
        return np.transpose(self)

    A = property(lambda self: np.copy(self))  # of a matrix
    A1 = property(lambda self: np.ravel(np.copy(self)))
    values = iloc = loc = property(lambda self: self)  # as of a data frame

    @property
    def flat(self) -> Any:
        return np.ravel(self)

    @property
    def at(self) -> _At:
        return _At(self)

    def reshape(self, *shape: Any, order: Any = "C") -> Any:  # type: ignore[override]  # overloads
        asked = _one(shape)
        if isinstance(asked, tuple | list):
            asked = _filled(asked, self.size)
        if isinstance(asked, tuple | list) and current().guessed and asked:
            rest = int(np.prod(plain(tuple(asked[1:]))))
            if -1 not in asked and self.size != rest * asked[0] and rest and self.size % rest == 0:
                asked = (-1, *asked[1:])  # fewer samples than the program counts on
        return np.reshape(self, asked, order=order)

    def _set_shape(self, shape: Any) -> None:
        np.ndarray.shape.__set__(self, shape)  # type: ignore[attr-defined]  # in C
        if self._node is not None:
            node = current().add("np.reshape", (Ref(self._node), tuple(shape)), {}, self)
            self._node, self._version, self._storage = node, 0, None
            current().mark(self, node, current().storage_of(self))

    shape = property(np.ndarray.shape.__get__, _set_shape)

    def transpose(self, *axes: Any) -> Any:
        return np.transpose(self, _one(axes) if axes else None)

    def flatten(self, *order: Any) -> Any:
        return np.copy(np.ravel(self, *order))

    def astype(self, dtype: Any, *_: Any, **__: Any) -> Any:
        return cast(self, dtype)

    def fill(self, value: Any) -> None:
        self[...] = value

    def sort(self, axis: Any = -1) -> None:  # type: ignore[override]  # without kinds
        self[...] = np.sort(self, axis)

    def tolist(self) -> Any:
        return [one.tolist() if one.ndim else one for one in self] if self.ndim else self

    def item(self, *index: Any) -> Any:
        return np.reshape(self, -1)[index[0] if index else 0]

    def view(self, *kind: Any) -> Any:  # type: ignore[override]  # overloads
        return super().view(*kind) if kind == (np.ndarray,) else self

    def to_numpy(self, *_: Any, **__: Any) -> Recorded:
        return self

    toarray = to_numpy  # of a sparse matrix

    def block_until_ready(self) -> Recorded:
        return self


def _decided(index: Any, shape: tuple[int, ...]) -> Any:
    """An index in which stand-ins have become labels that fit, or numbers."""
    if isinstance(index, tuple):
        sizes = (*shape, *(1,) * len(index))
        return tuple(_decided(one, sizes[k:]) for k, one in enumerate(index))
    if hasattr(index, "stands_for") and shape:
        index = index.as_index(shape[0])
    if isinstance(index, slice) and shape and shape[0]:
        return _within(index, shape[0])
    if isinstance(index, Recorded) and index.dtype.kind == "f":
        return cast(index, int) if (plain(index) % 1 == 0).all() else index
    return index


def _round(index: Any, size: int) -> Any:
    """Places of data that are not there, of which there may be more: beyond the end from the
    beginning."""
    if isinstance(index, tuple) and index:
        return (_round(index[0], size), *index[1:])
    found = plain(index)
    whole = type(found) is int or (isinstance(found, np.ndarray) and found.dtype.kind in "iu")
    return found % size if whole and np.max(found, initial=0) >= size > 0 else index


def _within(index: slice, size: int) -> slice:
    """A slice of stand-ins that has nothing of them, where the program counts on more: all."""
    if not current().guessed or any(hasattr(one, "stands_for") for one in _bounds(index)):
        return index
    nothing = not len(range(*slice(*map(_number, _bounds(index))).indices(size)))
    return slice(None) if nothing and _bounds(index)[1] != 0 else index


def _bounds(index: slice) -> tuple:
    return index.start, index.stop, index.step


REDUCES = frozenset(["sum", "mean", "max", "min", "amax", "amin", "prod", "std", "var"])
WRITERS = frozenset(["copyto", "put", "place", "putmask", "fill_diagonal", "put_along_axis"])


class _At:
    """JAX's x.at[i].set(v) and its kin."""

    def __init__(self, array: Recorded, index: Any = None):
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


def as_matrix(made: Any, *of: Any) -> Any:
    """What is made of np.matrix is one: of two axes, and multiplied as matrices are."""
    if isinstance(made, Recorded) and 0 < made.ndim < 3 and any(map(_is_matrix, of)):
        made = np.reshape(made, (1, -1)) if made.ndim == 1 else made
        made._matrix = True
    return made


def _is_matrix(value: Any) -> bool:
    return getattr(value, "_matrix", False) is True


def _product(one: Any, other: Any) -> Any:
    matrices = _is_matrix(one) or _is_matrix(other)
    return (np.matmul if matrices and np.ndim(one) and np.ndim(other) else np.multiply)(one, other)


def matrix(value: Any, *_: Any, **__: Any) -> Recorded:
    """np.matrix, of two axes."""
    made: Any = np.copy(np.atleast_2d(as_array(value)))
    made._matrix = True
    return made


def _one(parts: tuple) -> Any:
    return parts[0] if len(parts) == 1 else parts


def _method(name: str) -> Callable:
    function = getattr(np, name)
    return lambda self, *args, **kw: function(self, *args, **kw)


for _name in [
    "sum",
    "mean",
    "max",
    "min",
    "dot",
    "ravel",
    "copy",
    "squeeze",
    "clip",
    "argmax",
    "argmin",
    "prod",
    "std",
    "var",
    "cumsum",
    "repeat",
    "round",
    "diagonal",
    "trace",
    "swapaxes",
    "argsort",
    "nonzero",
    "take",
    "all",
    "any",
]:
    setattr(Recorded, _name, _method(_name))


def _in_place(name: str) -> Callable:
    """x += …: in place for an array, anew for a number."""
    array_way, number_way = getattr(np.ndarray, f"__i{name}__"), getattr(np.ndarray, f"__{name}__")

    def operator(self: Recorded, other: Any) -> Any:
        return (array_way if self.ndim else number_way)(self, other)

    return operator


for _name in ["add", "sub", "mul", "truediv", "pow", "floordiv", "mod"]:
    setattr(Recorded, f"__i{_name}__", _in_place(_name))


def encoded(value: Any) -> Any:
    """An argument for the tape: references in place of arrays."""
    if isinstance(value, np.ndarray):
        return Ref(current().node_of(value)) if value.dtype.kind in "fiub" else None
    if isinstance(value, tuple) and not hasattr(value, "_fields"):
        return tuple(map(encoded, tuple.__iter__(value)))
    if isinstance(value, list):
        return [encoded(one) for one in list.__iter__(value)]
    if isinstance(value, slice):
        return slice(*map(_number, _bounds(value)))
    if isinstance(value, range):
        return list(value)
    if isinstance(value, np.generic):
        return value.item()
    return encoded(value.known()) if hasattr(value, "stands_for") else value


def plain(value: Any) -> Any:
    """An argument for NumPy itself."""
    if isinstance(value, Recorded):
        return np.asarray(value.view(np.ndarray))
    if isinstance(value, tuple):
        parts = map(plain, value)
        return type(value)(*parts) if hasattr(value, "_fields") else tuple(parts)
    if isinstance(value, list):
        return [plain(one) for one in value]
    if isinstance(value, dict):
        return {key: plain(one) for key, one in value.items()}
    if isinstance(value, slice):
        return slice(*map(_number, _bounds(value)))
    return value


def _where(index: Any) -> Any:
    """An index for NumPy itself: a label that was taken out of an array is a number, not an array,
    so that what it leads to is no copy."""
    if isinstance(index, tuple):
        return tuple(map(_where, index))
    found = plain(index)
    whole = isinstance(found, np.ndarray) and found.ndim == 0 and found.dtype.kind in "iu"
    return int(found) if whole else found


def _number(value: Any) -> Any:
    return int(plain(value)) if isinstance(value, Recorded) else value


def given_back(result: Any, op: str, args: tuple, kw: dict | None = None) -> Any:
    """What an operation gives, recorded."""
    kw = kw or {}
    if isinstance(result, tuple | list) and all(isinstance(r, np.ndarray) for r in result):
        parts = [_wrapped(r, current().add(f"{op}[{k}]", args, kw, r))
                 for k, r in enumerate(result)]  # fmt: skip
        return parts if isinstance(result, list) else tuple(parts)
    if not isinstance(result, np.ndarray | np.generic | bool | int | float):
        return result
    result = np.asarray(result)
    if result.dtype.kind not in "fiub":
        current().add(f"{LOST}{op}", args, kw, 0.0)
        return result
    return _wrapped(result, current().add(op, args, kw, result))


def _wrapped(result: np.ndarray, node: int | None) -> Recorded:
    made = result.view(Recorded)
    if node is not None:
        current().mark(made, node, current().storage_of(made))
    return made


def _into(out: Any, op: str, args: tuple, kw: dict, compute: Callable[[], Any]) -> Any:
    out = out[0] if isinstance(out, tuple) else out
    memory = plain(out)
    change = lambda: np.copyto(memory, compute(), casting="unsafe")  # noqa: E731
    current().write(out, op, args, kw, change)
    return out


def cast(array: Recorded, dtype: Any) -> np.ndarray:
    """To another type; what is a float stays in double precision."""
    dtype = np.dtype(dtype)
    if dtype.kind == "f" and array.dtype.kind == "f":
        return np.copy(array)
    kind = float if dtype.kind == "f" else dtype
    result = plain(array).astype(kind)
    if result.dtype.kind not in "fiub":
        return result
    return given_back(result, "astype", (encoded(array), result.dtype.str))


def lifted(value: Any) -> Any:
    """Arrays and numbers of NumPy's as recording ones, wherever they are in a result."""
    if isinstance(value, Recorded):
        return value
    if isinstance(value, np.ndarray | np.generic):
        array = np.asarray(value)
        if array.dtype.kind == "f":
            array = array.astype(float, copy=False)
        return array.view(Recorded) if array.dtype.kind in "fiub" else value
    if isinstance(value, tuple) and not hasattr(value, "_fields"):
        return tuple(map(lifted, value))
    return [lifted(one) for one in value] if isinstance(value, list) else value


def label(value: Any) -> Any:
    """int(…) of a program; an entry of data stays what it is, so that a label is known as one."""
    if isinstance(value, Recorded) and value.ndim == 0:
        op = current().nodes[current().node_of(value)].op
        return cast(value, int) if op in ("leaf", "getitem", "astype") else int(value)
    return int(value)


def number(value: float | int) -> Recorded:
    """A number that records what is computed with it."""
    return np.asarray(float(value)).view(Recorded)


def as_array(
    value: Any, dtype: Any = None, *_: Any, copy: Any = True, ndmin: int = 0, **__: Any
) -> Any:
    """np.array and its kin, of recording arrays and of lists of them."""
    if hasattr(value, "stands_for"):
        if value.loaded and value.known() is None:
            return value
        value = value.as_array()
    if isinstance(value, Recorded):
        made = np.copy(value) if copy else value
    elif isinstance(value, list | tuple) and _has_recorded(value):
        made = np.stack([as_array(one) for one in value])
    else:
        made = lifted(np.array(value))
    if dtype is not None and isinstance(made, Recorded):
        made = cast(made, dtype)
    if not isinstance(made, Recorded):
        return made if dtype is None else np.array(made, dtype=dtype)
    return made if made.ndim >= ndmin else np.reshape(made, (1,) * (ndmin - made.ndim) + made.shape)


def _has_recorded(value: Any) -> bool:
    """Whether something in nested lists was computed, and is not just a number given."""
    if isinstance(value, Recorded):
        return True
    iterate: Callable = list.__iter__ if isinstance(value, list) else tuple.__iter__  # as it is
    return isinstance(value, list | tuple) and any(map(_has_recorded, iterate(value)))
