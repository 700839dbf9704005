"""What a program gets when it imports: NumPy that records, and nothing that shows or loads.

`jax.numpy`, `math` and `random` are NumPy, too. What draws, shows progress or trains by itself is
a stand-in that does nothing; one whose values reach the step makes the step unfit to be judged.
"""

from __future__ import annotations

import builtins
import contextlib
import glob
import math
import os
import random
import types
from collections.abc import Callable, Iterator
from typing import Any, Literal

import numpy as np

from jaxmlp.verify.run.arrays import (
    Recorded,
    Unsupported,
    as_array,
    current,
    lifted,
    matrix,
    number,
    plain,
)
from jaxmlp.verify.run.oracle import ROWS

HARMLESS = frozenset(
    [
        "matplotlib",
        "pylab",
        "seaborn",
        "mpl_toolkits",
        "PIL",
        "cv2",
        "IPython",
        "ipywidgets",
        "plotly",
        "bokeh",
        "tqdm",
        "rich",
        "wandb",
        "tensorboard",
        "tensorboardX",
        "visdom",
        "imageio",
        "graphviz",
        "streamlit",
        "pygame",
        "tkinter",
        "turtle",
    ]
)
ABSENT = frozenset(
    [
        "torch",
        "tensorflow",
        "keras",
        "pandas",
        "h5py",
        "torchvision",
        "mnist",
        "idx2numpy",
        "requests",
        "urllib",
        "subprocess",
        "socket",
        "multiprocessing",
        "threading",
        "ctypes",
        "gzip",
        "kaggle",
        "gym",
        "datasets",
        "sklearn",
        "skimage",
        "nltk",
        "csv",
        "pickle",
        "struct",
    ]
)
OF_OLD = {
    "int": int, "float": float, "bool": bool, "object": object, "str": str,  # NumPy before 1.24
    "NaN": np.nan, "NAN": np.nan, "Inf": np.inf, "Infinity": np.inf, "infty": np.inf,
    "float_": np.float64, "product": np.prod, "alltrue": np.all, "sometrue": np.any,
    "row_stack": np.vstack, "in1d": np.isin,  # NumPy before 2
}  # fmt: skip
OF_SIZES = ("zeros", "ones", "full", "empty", "eye", "identity", "arange")
LABELS = 3  # in the names of files
SAVES = ("save", "savetxt", "savez", "savez_compressed")
LOADS = ("load", "loadtxt", "genfromtxt", "fromfile", "frombuffer", "memmap")
CREATES = frozenset(["array", "asarray", "asanyarray", "ascontiguousarray", "asfarray"])
AS_THEY_ARE = frozenset(
    [
        "errstate",
        "seterr",
        "set_printoptions",
        "get_printoptions",
        "isscalar",
        "array_equal",
        "allclose",
        "issubdtype",
        "dtype",
        "finfo",
        "iinfo",
        "ndarray",
        "result_type",
    ]
)


class Stub:
    """In place of what is not there: takes anything, gives nothing.

    Attributes:
        why: what it stands for.
    """

    def __init__(self, why: str):
        self.__dict__["why"] = why

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return Stub(f"{self.why}.{name}")

    def __setattr__(self, name: str, value: Any) -> None:
        pass

    def __call__(self, *args: Any, **kw: Any) -> Any:
        if len(args) == 1 and callable(args[0]) and not isinstance(args[0], Stub):
            return args[0]  # a decorator
        return Stub(f"{self.why}()")

    def __iter__(self) -> Iterator[Stub]:
        return iter((Stub(self.why), Stub(self.why)))

    def __getitem__(self, index: Any) -> Any:
        return Stub(self.why)

    def __setitem__(self, index: Any, value: Any) -> None:
        pass

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *_: object) -> Literal[False]:
        return False


class Namespace(types.ModuleType):
    """A module of which some names are others than its own."""

    def __init__(self, module: Any, name: str, **own: Any):
        super().__init__(name)
        self.__dict__.update(own)
        self.__dict__["_module"] = module

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        old = self._module is np and name in OF_OLD
        value = _recording(name, OF_OLD[name] if old else getattr(self._module, name))
        self.__dict__[name] = value
        return value


def _recording(name: str, value: Any) -> Any:
    """A name of NumPy's, so that the arrays that it gives are recording ones."""
    if isinstance(value, types.ModuleType):
        return Namespace(value, value.__name__)
    if name in ("matrix", "mat", "asmatrix"):
        return matrix
    if name in ("default_rng", "RandomState", "Generator"):
        return lambda *args, **kw: _Generator(value(*plain(args), **plain(kw)))
    if name == "shuffle":
        return _shuffled
    if name == "permutation":
        return _permuting(value)
    if isinstance(value, type) and issubclass(value, np.number | np.bool_):
        return _casting(value)
    is_type = isinstance(value, type | np.ufunc | types.GenericAlias)
    if is_type or name in AS_THEY_ARE or not callable(value):
        return value
    if name in OF_SIZES:
        return lambda *args, **kw: lifted(value(*_sized(args), **_sized(kw)))
    return lambda *args, **kw: lifted(value(*args, **kw))


def _sized(args: Any) -> Any:
    """The arguments, of which the first, or the one called shape, is a size."""
    if isinstance(args, dict):
        return {k: _counted(one) if k == "shape" else one for k, one in args.items()}
    return (*map(_counted, args[:1]), *args[1:])


def _casting(kind: type) -> type:
    """A type of NumPy's, which casts recording arrays, too."""

    def cast(_: type, value: Any = 0, *args: Any) -> Any:
        return value.astype(kind) if isinstance(value, Recorded) else kind(value, *args)

    try:
        return type(kind.__name__, (kind,), {"__new__": cast})
    except TypeError:  # np.bool has no heirs
        return kind


def _counted(size: Any) -> Any:
    """How many, where that is not there."""
    open_yet = hasattr(size, "stands_for") and size.known() is None
    return size.as_integer() if open_yet else size


class _Generator:
    """A generator of random numbers whose arrays are recording ones."""

    def __init__(self, generator: Any):
        self._generator = generator

    def __getattr__(self, name: str) -> Any:
        if name == "shuffle":
            return _shuffled
        value = getattr(self._generator, name)
        if not callable(value):
            return value
        if name == "permutation":
            return _permuting(value)
        return lambda *args, **kw: lifted(value(*plain(args), **plain(kw)))


def _permuting(permute: Callable) -> Callable:
    """The same for recording arrays; what is not there is how many numbers are permuted."""

    def permuted(what: Any, *args: Any, **kw: Any) -> Any:
        count = hasattr(what, "stands_for") and what.known() is None
        return lifted(permute(what.as_integer() if count else plain(what), *args, **kw))

    return permuted


def _shuffled(array: Any, *_: Any, **__: Any) -> None:
    """Put in random order, in place."""
    if hasattr(array, "stands_for"):
        return
    order = np.random.permutation(len(array))  # noqa: NPY002  (as seeded by the program)
    if isinstance(array, Recorded):
        array[...] = array[order]
    else:
        array[:] = [array[k] for k in order]


def _refused(what: str) -> Callable:
    def refuse(*_: Any, **__: Any) -> Any:
        raise Unsupported(what)

    return refuse


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


def _numpy() -> Namespace:
    creating: dict[str, Callable] = dict.fromkeys(CREATES, as_array)
    asarray = lambda value, dtype=None, **_: as_array(value, dtype, copy=False)  # noqa: E731
    creating |= dict.fromkeys(("asarray", "asanyarray", "ascontiguousarray"), asarray)
    loads = {name: _loading(name) for name in LOADS} | {name: _saving(name) for name in SAVES}
    own = {"vectorize": vectorize, "apply_along_axis": apply_along_axis}
    return Namespace(np, "numpy", **creating, **loads, **own)


def _loading(name: str) -> Callable:
    """np.load and its kin: a stand-in for what is not there."""
    function = getattr(np, name)

    def load(file: Any, *args: Any, **kw: Any) -> Any:
        if hasattr(file, "stands_for"):
            return file()
        try:
            return lifted(function(file, *args, **kw))
        except OSError:
            return current().data(f"np.{name}")

    return load


def _saving(name: str) -> Callable:
    """np.save and its kin, where there is such a folder, and it may be written to."""
    function = getattr(np, name)

    def save(*args: Any, **kw: Any) -> None:
        if not any(hasattr(one, "stands_for") for one in (*args, *kw.values())):
            with contextlib.suppress(OSError):
                function(*plain(args), **plain(kw))

    return save


NUMPY = _numpy()


def _scalar(function: Callable) -> Callable:
    """A function of `math`, of a recording number by NumPy's."""
    recording = getattr(
        np, {"pow": "power", "fsum": "sum"}.get(function.__name__, function.__name__), None
    )

    def applied(*args: Any) -> Any:
        if any(isinstance(one, Recorded) for one in args) and recording is not None:
            return recording(*args)
        return function(*args)

    return applied


def _math() -> Namespace:
    functions = {name: _scalar(f) for name, f in vars(math).items() if callable(f)}
    return Namespace(math, "math", **functions)


def _random() -> Namespace:
    def drawn(function: Callable) -> Callable:
        def draw(*args: Any, **kw: Any) -> Any:
            value = function(*plain(args), **kw)
            return number(value) if isinstance(value, float) else value

        return draw

    floats = [
        "random",
        "uniform",
        "gauss",
        "normalvariate",
        "triangular",
        "betavariate",
        "expovariate",
    ]
    return Namespace(random, "random", **{n: drawn(getattr(random, n)) for n in floats},
                     **{n: getattr(random, n) for n in ("choice", "choices", "sample",
                        "seed", "randint", "randrange", "Random")}, shuffle=_shuffled)  # fmt: skip


def _jax() -> Namespace:
    """JAX by NumPy, but for what differentiates: that is no derivation by hand."""
    sigmoid = lambda x: 1 / (1 + np.exp(-x))  # noqa: E731

    def softmax(x: Any, axis: int = -1) -> Any:
        e = np.exp(x - np.max(x, axis=axis, keepdims=True))
        return e / np.sum(e, axis=axis, keepdims=True)

    def one_hot(labels: Any, classes: int, **_: Any) -> Any:
        return np.eye(classes).view(Recorded)[labels]

    activations = Namespace(
        types.ModuleType("nn"), "jax.nn", relu=lambda x: np.maximum(x, 0), sigmoid=sigmoid,
        tanh=np.tanh, softmax=softmax, one_hot=one_hot,
    )  # fmt: skip
    draw = lambda f: lambda key, shape=(), *_, **__: lifted(f(*_shape(shape)))  # noqa: E731
    key = lambda *_, **__: 0  # noqa: E731
    randomly = Namespace(
        types.ModuleType("random"), "jax.random", normal=draw(np.random.randn),
        uniform=draw(np.random.rand), PRNGKey=key, key=key, fold_in=key,
        split=lambda key, n=2: [0] * n,
        permutation=lambda key, n: lifted(np.random.permutation(plain(n))),  # noqa: NPY002
    )  # fmt: skip
    same = lambda f=None, *_, **__: f if callable(f) else lambda g: g  # noqa: E731
    refused = {
        n: _refused(f"jax.{n}") for n in ("grad", "value_and_grad", "vjp", "jvp", "jacobian")
    }
    return Namespace(types.ModuleType("jax"), "jax", numpy=NUMPY, nn=activations, random=randomly,
                     jit=same, vmap=_vmap, config=Stub("jax.config"), **refused)  # fmt: skip


def _shape(shape: Any) -> tuple:
    return tuple(shape) if isinstance(shape, tuple | list) else (shape,)


def _vmap(function: Callable, *_: Any, **__: Any) -> Callable:
    return lambda *arrays: np.stack([function(*each) for each in zip(*arrays, strict=True)])


def _package(name: str, module: types.ModuleType) -> types.ModuleType:
    """What `import a.b` gives: a, with b in it."""
    for part in reversed(name.split(".")[1:]):
        whole = types.ModuleType(name)
        setattr(whole, part, module)
        module = whole
    return module


def _scipy() -> Namespace:
    special = types.ModuleType("special")
    nn = MADE["jax"].nn
    vars(special).update(expit=nn.sigmoid, softmax=nn.softmax)
    return Namespace(special, "scipy", special=special)


MADE: dict[str, types.ModuleType] = {}
MADE |= {"numpy": NUMPY, "math": _math(), "random": _random(), "jax": _jax()}
MADE["scipy"] = _scipy()


class _Bar(Stub):
    """A progress bar: what it goes over, and nothing else."""

    def __init__(self, over: Any = (), *_: Any, **__: Any):
        super().__init__("tqdm")
        self.__dict__["_over"] = over

    def __iter__(self) -> Iterator[Any]:
        return iter(self._over)

    def __len__(self) -> int:
        return len(self._over)

    write = staticmethod(lambda *_, **__: None)


def _progress() -> types.ModuleType:
    made = types.ModuleType("tqdm")
    vars(made).update(
        tqdm=_Bar, tqdm_notebook=_Bar, trange=lambda *args, **_: _Bar(range(*args)),
        auto=made, notebook=made,
    )  # fmt: skip
    return made


MADE["tqdm"] = _progress()


def _listing(function: Callable) -> Callable:
    """The files of a folder; of one that is not there, names whose only digit is a label."""

    def listed(*args: Any, **kw: Any) -> list[str]:
        try:
            found = list(function(*plain(args), **kw))
        except OSError:
            found = []
        return found or [f"./image{k % LABELS}.csv" for k in range(ROWS)]

    return listed


MADE["glob"] = Namespace(glob, "glob", glob=_listing(glob.glob), iglob=_listing(glob.glob))
NO_CHANGE = dict.fromkeys(
    ("remove", "unlink", "mkdir", "makedirs", "rename", "replace", "rmdir"), lambda *_, **__: None
)
MADE["os"] = Namespace(os, "os", listdir=_listing(os.listdir), **NO_CHANGE)


def importer(
    missing: list[str], data: Callable[[str], Any], beside: Callable[..., Any]
) -> Callable:
    """`__import__` for a program.

    Args:
        missing: gets the names of modules for which there is a stand-in.
        data: makes a stand-in for what a module that is missing would give.
        beside: a module (name, dots in front, path of who imports) beside the file, or None.
    """

    def load(
        name: str, names: Any = None, local: Any = None, parts: Any = (), level: int = 0
    ) -> Any:
        root, *rest = name.split(".")
        if root == "scipy" and not (rest == ["special"] or parts == ("special",)):
            return data(name if parts else root)
        if root in MADE:
            module = MADE[root]
            for part in rest if parts else ():
                module = getattr(module, part)
            return module
        if root in HARMLESS:
            return Stub(name if parts else root)
        if root in ABSENT:
            missing.append(name)
            return data(name if parts else root)
        if (found := _beside(beside, name, level, names, parts or ())) is not None:
            return found if parts else _package(name, found)
        try:
            return builtins.__import__(name, names, local, parts, level)
        except (ImportError, ValueError, KeyError):
            missing.append(name)
            if parts == ("*",):
                return types.ModuleType(name)  # its names turn out to be missing one by one
            return data(name if parts else root)

    return load


def _beside(beside: Callable, name: str, level: int, names: Any, parts: tuple) -> Any:
    """A module beside the file; for `from common import layers` what is in the folder."""
    path = (names or {}).get("__file__", "")
    found = beside(name, level, path)
    inside = [part for part in parts if part != "*" and not hasattr(found, part)]
    modules = {part: beside(f"{name}.{part}".strip("."), level, path) for part in inside}
    if any(modules.values()):
        found = found or types.ModuleType(name)
        vars(found).update({part: one for part, one in modules.items() if one is not None})
    return found
