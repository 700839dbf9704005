"""Arrays that record what is computed with them.

`Recorded` is an ndarray whose every operation goes to the tape: ufuncs, NumPy's functions, methods,
indexing, and what is done in place. One without dimensions stands for a number, and like a number
it is never changed in place.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from jaxmlp.verify.run.encoding import encoded, is_frame, plain
from jaxmlp.verify.run.indices import entry_of, from_the_beginning, numpy_index, resolved_index
from jaxmlp.verify.run.memory import owner
from jaxmlp.verify.run.methods import Methods
from jaxmlp.verify.run.tape import current

# Results that have the shape of an argument, or say something of it, and none of its values.
SHAPES_ONLY = frozenset((
    "zeros_like", "ones_like", "empty_like", "full_like", "shape", "ndim", "size",
    "may_share_memory", "shares_memory", "result_type", "can_cast", "iscomplexobj", "isrealobj",
    "broadcast_shapes",
))  # fmt: skip
MANY_NUMBERS = 2000  # in a table that a program states
LOST = "lost "  # before the name of an operation whose result is no array of real numbers
STOOD_IN = "lost in "  # before that of something that is not there, and of which little is known


class Unsupported(Exception):
    """A construct that cannot be recorded; its text names it."""


class Recorded(Methods):
    """An ndarray whose operations are written to the tape."""

    _matrix = False
    __array_priority__ = __pandas_priority__ = 10_000  # pandas leaves the operation to it

    def __array_finalize__(self, other: Any) -> None:
        self._node, self._version, self._storage, self._matrix = None, -1, None, False

    def __array_ufunc__(
        self, ufunc: np.ufunc, method: str, *inputs: Any, out: Any = None, **kw: Any
    ) -> Any:
        if any(hasattr(operand, "stands_for") for operand in inputs):
            return NotImplemented  # theirs to decide
        inputs = tuple(map(as_operand, inputs))
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
        return as_matrix(recorded_result(result, name, args, kw_args), *inputs)

    def __array_function__(
        self, function: Callable, types: Iterable[type], args: Any, kw: Any
    ) -> Any:
        if any(hasattr(kind, "stands_for") for kind in types):
            return NotImplemented
        name, args = function.__name__, tuple(map(of_frames, args))
        if name in ROUNDS and kw.get("decimals", (*args, 0)[1]) >= DECIMALS:
            return np.copy(args[0])  # as who derives by hand takes it
        if name == "dot" and any(isinstance(arg, int | float) for arg in args[:2]):
            return np.multiply(*args[:2])  # by a number
        if name == "argmax" and isinstance(args[0], Recorded) and args[0]._stands_in():
            args[0]._tell_classes(kw.get("axis", (*args, None)[1]))
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
        return as_matrix(recorded_result(result_of(), op, encoded(args), recorded_kw), *args)

    def __mul__(self, other: Any) -> Any:
        return _product(self, other)

    def __rmul__(self, other: Any) -> Any:
        return other * self.__index__() if self._repeats(other) else _product(other, self)

    def _repeats(self, other: Any) -> bool:
        """Whether it says how often a list is repeated: a computed number of NumPy's would not."""
        whole = self.dtype.kind in "iu" or current().nodes[current().node_of(self)].op == "leaf"
        return isinstance(other, list) and self.ndim == 0 and whole

    def __getitem__(self, index: Any) -> Any:
        index = resolved_index(index, self.shape)
        if self.ndim and self._stands_in():
            index = from_the_beginning(index, len(self))
        if self._matrix and not isinstance(index, tuple):
            index = slice(index, index + 1 or None) if isinstance(index, int) else index
        entry = entry_of(index, self.shape)
        if entry is not None and (node := current().entry(self, entry)) is not None:
            return _wrapped(np.asarray(plain(self)[index]), node)
        part = recorded_result(
            plain(self)[numpy_index(index)], "getitem", (encoded(self), encoded(index))
        )
        turned = self._matrix and part.ndim == 1 and not isinstance(index[0], int)
        return as_matrix(np.reshape(part, (-1, 1)) if turned else part, self)

    def __setitem__(self, index: Any, value: Any) -> None:
        index = resolved_index(index, self.shape)
        if np.size(value) == 1 and np.ndim(value) and np.ndim(plain(self)[numpy_index(index)]) == 0:
            value = np.reshape(value, ())  # as NumPy before 2.4 does
        memory, at, written = plain(self), numpy_index(index), plain(value)
        change = lambda: memory.__setitem__(at, written)  # noqa: E731
        if (entry := entry_of(index, self.shape)) is not None:
            return current().write_entry(self, entry, encoded(value), change)
        args = (encoded(self), encoded(index), encoded(value))
        return current().write(self, "setitem", args, {}, change)

    def _stands_in(self) -> bool:
        """Whether it is data that are not there."""
        return current().stand_ins.get(id(owner(self))) is owner(self)

    def _tell_classes(self, axis: int | None) -> None:
        """Be 1 for one class of each sample and else 0, as data of which that class is asked for
        before anything is computed of them."""
        if axis is None or self.ndim != 2 or self.shape[axis] < 2 or self.dtype.kind != "f":
            return
        nodes = current().nodes
        node = nodes[current().node_of(self)]
        if node.op == "leaf" and not any(node.id in other.references for other in nodes.values()):
            values = np.asarray(plain(self))
            classes = np.expand_dims(values.argmax(axis), axis)
            values[...] = 0
            np.put_along_axis(values, classes, 1, axis)
            node.value[...] = values

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

    def astype(self, dtype: Any, *_: Any, **__: Any) -> Any:
        return cast(self, dtype)


ROUNDS = frozenset(("round", "around", "round_"))
DECIMALS = 2  # from so many on it is the precision of a computation; fewer make a label
REDUCES = frozenset(["sum", "mean", "max", "min", "amax", "amin", "prod", "std", "var"])
WRITERS = frozenset(["copyto", "put", "place", "putmask", "fill_diagonal", "put_along_axis"])


def as_matrix(made: Any, *of: Any) -> Any:
    """What is made of np.matrix is one: of two axes, and multiplied as matrices are."""
    if isinstance(made, Recorded) and 0 < made.ndim < 3 and any(map(_is_matrix, of)):
        made = np.reshape(made, (1, -1)) if made.ndim == 1 else made
        made._matrix = True
    return made


def _is_matrix(value: Any) -> bool:
    """Whether it is one, or some of them are that are joined."""
    if isinstance(value, tuple | list):
        return any(getattr(array, "_matrix", False) is True for array in value)
    return getattr(value, "_matrix", False) is True


def _product(one: Any, other: Any) -> Any:
    matrices = _is_matrix(one) or _is_matrix(other)
    return (np.matmul if matrices and np.ndim(one) and np.ndim(other) else np.multiply)(one, other)


def recorded_result(result: Any, op: str, args: tuple, kw: dict | None = None) -> Any:
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


def _ragged(rows: Sequence[Any]) -> np.ndarray:
    """Rows that make no table, (x, y) of samples, say, as NumPy before 1.24 keeps them."""
    lengths = {len(row) if isinstance(row, list | tuple) else 0 for row in rows}
    columns = lengths.pop() if len(lengths) == 1 else 0
    made = np.empty((len(rows), columns) if columns else len(rows), object)
    for k, row in enumerate(rows):
        if columns:
            for j, entry in enumerate(row):
                made[k, j] = entry
        else:
            made[k] = row
    return made


def cast(array: Recorded, dtype: Any) -> np.ndarray:
    """To another type; what is a float stays in double precision."""
    dtype = np.dtype(dtype)
    if dtype.kind == "f" and array.dtype.kind == "f":
        return np.copy(array)
    kind = float if dtype.kind == "f" else dtype
    result = plain(array).astype(kind)
    if result.dtype.kind not in "fiub":
        return result
    return recorded_result(result, "astype", (encoded(array), result.dtype.str))


class Texts(np.ndarray):
    """An array of texts, of which numbers are made that record."""

    def astype(self, *args: Any, **kw: Any) -> Any:
        """Numbers of them, or other texts."""
        return lifted(np.asarray(self).astype(*args, **kw))


def lifted(value: Any) -> Any:
    """Arrays and numbers of NumPy's as recording ones, wherever they are in a result."""
    if isinstance(value, Recorded):
        return value
    if isinstance(value, np.ndarray | np.generic):
        array = np.asarray(value)
        if array.dtype.kind == "f":
            array = array.astype(float, copy=False)
        if array.dtype.kind in "US" and array.ndim:
            return array.view(Texts)
        return array.view(Recorded) if array.dtype.kind in "fiub" else value
    if isinstance(value, tuple) and not hasattr(value, "_fields"):
        return tuple(map(lifted, value))
    return [lifted(element) for element in value] if isinstance(value, list) else value


def of_frames(value: Any) -> Any:
    """An argument with arrays that record in place of pandas' frames, one for each frame, which
    holds it as long as it is not changed."""
    if isinstance(value, tuple | list) and any(map(is_frame, value)):
        return type(value)(map(of_frames, value))
    if not is_frame(value):
        return value
    now, known = np.array(value), vars(value).get("_recorded")
    if known is None or not np.array_equal(plain(known), now):
        known = vars(value)["_recorded"] = lifted(now)
    return known


def as_operand(value: Any) -> Any:
    """What an operator works on: an array in place of a list of numbers, or a frame."""
    if not isinstance(value, list):
        return of_frames(value)
    return as_array(value) if has_recorded(value) else of_numbers(value)


def of_numbers(values: list) -> Any:
    """A list of plain numbers as an array, the same one as long as it has these: targets, say."""
    if len(values) < 2 or not all(type(entry) in (int, float) for entry in values):
        return values
    kept = current().lists
    whole, before, array = kept.get(id(values), (None, [], None))
    if whole is not values or before != values:
        array = lifted(np.array(values))
        kept[id(values)] = values, values[:], array
    return array


def recorded_number(value: float | int) -> Recorded:
    """A number that records what is computed with it."""
    return np.asarray(float(value)).view(Recorded)


def as_array(
    value: Any, dtype: Any = None, *_: Any, copy: Any = True, ndmin: int = 0, **__: Any
) -> Any:
    """np.array and its kin, of recording arrays and of lists of them."""
    if hasattr(value, "stands_for"):
        if value.loaded and value.known() is None:
            return value
        if value.known() is None and not (value.setting or ndmin or dtype):
            return value.copied()  # what it is used for tells what it is
        value = value.as_array()
    if isinstance(value, Recorded):
        made: Any = np.copy(value) if copy or _is_matrix(value) else value
        made._matrix = False
    elif isinstance(value, list | tuple) and has_recorded(value):
        if (table := _as_table(value)) is not None:
            return as_array(lifted(table), dtype, copy=False, ndmin=ndmin)
        try:
            made = np.stack([as_array(row) for row in value])
        except ValueError:
            return _ragged(value)
    else:
        made = lifted(np.array(value))
    if dtype is object and isinstance(made, Recorded) and made.ndim > 1 and made.dtype.kind == "f":
        dtype = None  # of arrays of one length it is the same numbers
    if dtype is not None and isinstance(made, Recorded):
        made = cast(made, dtype)
    if not isinstance(made, Recorded):
        return made if dtype is None else lifted(np.array(made, dtype=dtype))
    return made if made.ndim >= ndmin else np.reshape(made, (1,) * (ndmin - made.ndim) + made.shape)


def _as_table(rows: Sequence[Any]) -> np.ndarray | None:
    """Rows of numbers that a program states, as one array, where they are many: data."""
    numbers = [entry for row in rows if isinstance(row, list | tuple) for entry in row]
    many = len(numbers) > MANY_NUMBERS and len({len(row) for row in rows}) == 1
    if not many or not all(map(_is_stated, numbers)):
        return None
    return np.array([float(plain(entry)) for entry in numbers]).reshape(len(rows), -1)


def _is_stated(value: Any) -> bool:
    """Whether it is a number that nothing was computed for."""
    if not isinstance(value, Recorded):
        return isinstance(value, int | float)
    node = current().nodes.get(getattr(value, "_node", None))
    return value.ndim == 0 and (node is None or node.op == "leaf")


def has_recorded(value: Any) -> bool:
    """Whether something in nested lists was computed, and is not just a number given."""
    if isinstance(value, Recorded):
        return True
    iterate: Callable = list.__iter__ if isinstance(value, list) else tuple.__iter__  # as it is
    return isinstance(value, list | tuple) and any(map(has_recorded, iterate(value)))
