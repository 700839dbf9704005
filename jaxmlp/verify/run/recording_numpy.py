"""NumPy as a program gets it: what it draws, loads and makes are recording arrays."""

import contextlib
import os
import types
from collections.abc import Callable
from typing import Any

import numpy as np

from jaxmlp.verify.run.arrays import Recorded, as_array, has_recorded, lifted, recorded_number
from jaxmlp.verify.run.encoding import is_open, plain
from jaxmlp.verify.run.tape import current

OF_OLD = {
    "int": int, "float": float, "bool": bool, "object": object, "str": str,  # NumPy before 1.24
    "NaN": np.nan, "NAN": np.nan, "Inf": np.inf, "Infinity": np.inf, "infty": np.inf,
    "float_": np.float64, "product": np.prod, "alltrue": np.all, "sometrue": np.any,
    "row_stack": np.vstack, "in1d": np.isin, "mat": np.asmatrix,  # NumPy before 2
}  # fmt: skip
OF_SIZES = ("zeros", "ones", "full", "empty", "eye", "identity", "arange")
SAVES = ("save", "savetxt", "savez", "savez_compressed")
WRITTEN_FILES: set[str] = set()  # files of this run
LABELS_BEGIN = 8  # after that many bytes, in MNIST's files
LOADS = ("load", "loadtxt", "genfromtxt", "fromfile", "frombuffer", "memmap")
COPIES, VIEWS = ("array", "asfarray"), ("asarray", "asanyarray", "ascontiguousarray")
JOINS = frozenset((
    "concatenate", "stack", "hstack", "vstack", "dstack", "column_stack", "row_stack", "block",
    "select", "choose",
))  # fmt: skip
AS_THEY_ARE = frozenset((
    "errstate", "seterr", "set_printoptions", "get_printoptions", "isscalar", "array_equal",
    "allclose", "issubdtype", "dtype", "finfo", "iinfo", "ndarray", "result_type",
))  # fmt: skip


class Namespace(types.ModuleType):
    """A module of which some names are others than its own."""

    def __init__(self, module: Any, name: str, **own: Any):
        super().__init__(name)
        self.__dict__.update(own)
        self.__dict__["_module"] = module

    def __getattr__(self, name: str) -> Any:
        if name == "__all__":
            return [member for member in dir(self._module) if not member.startswith("_")]
        if name.startswith("__"):
            raise AttributeError(name)
        old = self._module is np and name in OF_OLD
        value = _recording(name, OF_OLD[name] if old else getattr(self._module, name))
        self.__dict__[name] = value
        return value


def matrix(value: Any, *_: Any, **__: Any) -> Recorded:
    """np.matrix, of two axes."""
    made: Any = np.copy(np.atleast_2d(as_array(value)))
    made._matrix = True
    return made


def _recording(name: str, value: Any) -> Any:
    """A name of NumPy's, so that the arrays that it gives are recording ones."""
    if isinstance(value, types.ModuleType):
        return Namespace(value, value.__name__)
    if name in ("matrix", "mat", "asmatrix"):
        return matrix
    if name in ("default_rng", "RandomState", "Generator"):
        return lambda *args, **kw: _Generator(value(*plain(args), **plain(kw)))
    if name in WRAPPERS:
        return WRAPPERS[name](value)
    if isinstance(value, type) and issubclass(value, np.number | np.bool_):
        return _casting(value)
    if isinstance(value, np.ufunc):
        return _Ufunc(value)
    if isinstance(value, type | types.GenericAlias) or name in AS_THEY_ARE or not callable(value):
        return value
    if name in OF_SIZES:
        return lambda *args, **kw: lifted(value(*_sized(args), **_sized(kw)))
    if isinstance(getattr(value, "__self__", None), np.random.RandomState):
        return lambda *args, **kw: _drawn(value(*map(_whole, args), **kw))
    joins = name in JOINS
    return lambda *args, **kw: lifted(value(*(_of_numbers(a, joins=joins) for a in args), **kw))


def _of_numbers(value: Any, *, joins: bool = False) -> Any:
    """An argument, of which a list of numbers that record is an array.

    Args:
        joins: whether a list is one of arrays, which are joined.
    """
    if not (isinstance(value, list) and has_recorded(value)):
        return value
    return list(map(_of_numbers, value)) if joins else as_array(value)


class _Ufunc:
    """One of NumPy's functions of numbers, of lists of them, too."""

    def __init__(self, ufunc: np.ufunc):
        self._ufunc, self.__name__ = ufunc, ufunc.__name__

    def __call__(self, *args: Any, **kw: Any) -> Any:
        return self._ufunc(*map(_of_numbers, args), **kw)

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._ufunc, name)
        if not callable(value):
            return value
        return lambda *args, **kw: value(*map(_of_numbers, args), **kw)


def _sized(args: Any) -> Any:
    """The arguments, of which the first, or the one called shape, is a size."""
    if isinstance(args, dict):
        return {k: _counted(arg) if k == "shape" else arg for k, arg in args.items()}
    return (*map(_counted, args[:1]), *args[1:])


def _whole(sizes: Any) -> Any:
    """A tuple of sizes, which may not be there."""
    return tuple(map(_counted, sizes)) if isinstance(sizes, tuple) else sizes


def _counted(size: Any) -> Any:
    """How many, where that is not there."""
    return size.as_integer() if hasattr(size, "stands_for") else size


def _casting(kind: type) -> type:
    """A type of NumPy's, which casts recording arrays, too."""

    def cast(_: type, value: Any = 0, *args: Any) -> Any:
        return value.astype(kind) if isinstance(value, Recorded) else kind(value, *args)

    try:
        return type(kind.__name__, (kind,), {"__new__": cast})
    except TypeError:  # np.bool has no heirs
        return kind


class _Generator:
    """A generator of random numbers whose arrays are recording ones."""

    def __init__(self, generator: Any):
        self._generator = generator

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._generator, name)
        if name in WRAPPERS:
            return WRAPPERS[name](value)
        if not callable(value):
            return value
        return lambda *args, **kw: _drawn(value(*plain(args), **plain(kw)))


def _drawn(value: Any) -> Any:
    """Random numbers; a single one, too, may be a weight."""
    return recorded_number(value) if isinstance(value, float) else lifted(value)


def _permuting(permute: Callable) -> Callable:
    """The same for recording arrays; what is not there is how many numbers are permuted, or
    samples, of which each order is as good. Pairs of x and y are an array to NumPy before 1.24."""

    def permuted(array: Any, *args: Any, **kw: Any) -> Any:
        if is_open(array) and array.loaded:
            return array
        if isinstance(array, list) and all(isinstance(pair, tuple) for pair in array):
            return [array[k] for k in permute(len(array), *args, **kw)]
        array = as_array(array) if isinstance(array, list) else _counted(array)
        return lifted(permute(plain(array), *args, **kw))

    return permuted


def shuffle_in_place(array: Any, *_: Any, **__: Any) -> None:
    """Put in random order, in place."""
    if hasattr(array, "stands_for"):
        return
    order = np.random.permutation(len(array))  # noqa: NPY002  (as seeded by the program)
    if isinstance(array, Recorded):
        array[...] = array[order]
    else:
        array[:] = [array[k] for k in order]


def _summing(function: Callable) -> Callable:
    """np.sum, which of a generator is Python's, as it was before NumPy 2.4."""

    def summed(values: Any, *args: Any, **kw: Any) -> Any:
        if isinstance(values, types.GeneratorType):
            return sum(values)
        return lifted(function(_of_numbers(values), *args, **kw))

    return summed


WRAPPERS: dict[str, Callable] = {
    "permutation": _permuting, "shuffle": lambda _: shuffle_in_place, "sum": _summing
}  # fmt: skip


def vectorize(function: Callable, *_: Any, **__: Any) -> Callable:
    """np.vectorize, number by number."""

    def applied(*arrays: Any) -> Any:
        alike = np.broadcast_arrays(*arrays) if len(arrays) > 1 else [as_array(arrays[0])]
        flat = [np.reshape(a, -1) for a in alike]
        made = [as_array(function(*each)) for each in zip(*flat, strict=True)]
        return np.reshape(np.stack(made), np.shape(alike[0]))

    return applied


def apply_along_axis(function: Callable, axis: Any, array: Any, *args: Any, **kw: Any) -> Any:
    """np.apply_along_axis, row by row."""
    rows = np.moveaxis(as_array(array), axis, -1)
    flat = np.reshape(rows, (-1, np.shape(rows)[-1]))
    made = np.stack([as_array(function(row, *args, **kw)) for row in flat])
    made = np.reshape(made, (*np.shape(rows)[:-1], *np.shape(made)[1:]))
    return made if np.ndim(made) < np.ndim(rows) else np.moveaxis(made, -1, axis)


def _loading(name: str) -> Callable:
    """np.load and its kin: a stand-in for what is not there."""
    function = getattr(np, name)

    def load(file: Any, *args: Any, **kw: Any) -> Any:
        if hasattr(file, "stands_for"):
            labels = name == "frombuffer" and kw.get("offset") == LABELS_BEGIN
            return file().as_labels() if labels else file()
        try:
            return lifted(current().some_of(function(current().find(file), *args, **kw)))
        except OSError:
            return current().data(f"np.{name}", file)

    return load


def _saving(name: str) -> Callable:
    """np.save and its kin, where there is such a folder, and it may be written to; new files of the
    current folder are gone with the run, as the next begins without."""
    function = getattr(np, name)

    def save(*args: Any, **kw: Any) -> None:
        if not any(hasattr(arg, "stands_for") for arg in (*args, *kw.values())):
            with contextlib.suppress(OSError):
                before = {*os.listdir()}
                function(*plain(args), **plain(kw))
                WRITTEN_FILES.update(map(os.path.abspath, {*os.listdir()} - before))

    return save


def forget_saved() -> None:
    """Remove what a run has saved."""
    while WRITTEN_FILES:
        with contextlib.suppress(OSError):
            os.unlink(WRITTEN_FILES.pop())


def _numpy() -> Namespace:
    view = lambda value, dtype=None, **_: as_array(value, dtype, copy=False)  # noqa: E731
    own: dict[str, Callable] = dict.fromkeys(COPIES, as_array)
    own |= dict.fromkeys(VIEWS, view)
    own |= {name: _loading(name) for name in LOADS} | {name: _saving(name) for name in SAVES}
    own |= {"vectorize": vectorize, "apply_along_axis": apply_along_axis}
    return Namespace(np, "numpy", **own)


NUMPY = _numpy()
