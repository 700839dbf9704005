"""The libraries beside NumPy that a program gets, done by NumPy: `math`, `random`, JAX, SciPy's f.

What differentiates is refused: that is no derivation by hand. Nothing is changed on the disk, and a
folder that is not there has files whose names are labels.
"""

import argparse
import array
import csv
import decimal
import glob
import importlib
import io
import math
import os
import pathlib
import random
import re
import struct
import time
import types
from collections.abc import Callable
from typing import Any

import numpy as np

from jaxmlp.verify.run.answer import Answer
from jaxmlp.verify.run.arrays import Recorded, Unsupported, lifted, recorded_number
from jaxmlp.verify.run.command_line import Parser
from jaxmlp.verify.run.encoding import is_open, plain
from jaxmlp.verify.run.hooks import as_number
from jaxmlp.verify.run.optimising import OPTIMIZERS
from jaxmlp.verify.run.oracle import TABLE_ROWS
from jaxmlp.verify.run.recording_numpy import NUMPY, Namespace, shuffle_in_place
from jaxmlp.verify.run.standing_in import StandIn
from jaxmlp.verify.run.stubs import Stub, Written, tqdm_stub
from jaxmlp.verify.run.tape import current

MNIST_HEADER = 4  # numbers in front of MNIST's images
LABEL_COUNT = 3  # in the names of files
RANDOM_FLOATS = (
    "random",
    "uniform",
    "gauss",
    "normalvariate",
    "triangular",
    "betavariate",
    "expovariate",
)
PYTHONS_OWN = ("choice", "choices", "sample", "seed", "randint", "randrange", "Random")
DIFFERENTIATES = ("grad", "value_and_grad", "vjp", "jvp", "jacobian")
CHANGES = ("remove", "unlink", "mkdir", "makedirs", "rename", "replace", "rmdir")
NUMPY_NAMES = {"pow": "power", "fsum": "sum"}  # as NumPy calls them


def _scalar(function: Callable) -> Callable:
    """A function of `math`, of a recording number by NumPy's."""
    name = function.__name__
    recording = getattr(np, NUMPY_NAMES.get(name, name), None)

    def applied(*args: Any) -> Any:
        if any(isinstance(argument, Recorded) for argument in args) and recording is not None:
            return recording(*args)
        return function(*args)

    return applied


def _math() -> Namespace:
    functions = {name: _scalar(f) for name, f in vars(math).items() if callable(f)}
    return Namespace(math, "math", **functions)


def _drawing(function: Callable) -> Callable:
    """A function of `random`, of which floats are recording numbers."""

    def draw(*args: Any, **kw: Any) -> Any:
        value = function(*plain(args), **kw)
        return recorded_number(value) if isinstance(value, float) else value

    return draw


def _random() -> Namespace:
    own = {name: _drawing(getattr(random, name)) for name in RANDOM_FLOATS}
    own |= {name: getattr(random, name) for name in PYTHONS_OWN}
    return Namespace(random, "random", **own, shuffle=shuffle_in_place)


def _split(pattern: Any, text: Any, maxsplit: int = 0, flags: int = 0) -> Any:
    """`re.split`; of a line that is not there, as its own method."""
    return (
        text.split() if is_open(text) else re.split(pattern, text, maxsplit=maxsplit, flags=flags)
    )


def _decimal(value: Any = 0, *_: Any) -> Any:
    """A number that records, in place of one with digits of its own."""
    made = as_number(value)
    return made if isinstance(made, Recorded) else recorded_number(made)


def sigmoid(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


def softmax(x: Any, axis: int = -1) -> Any:
    e = np.exp(x - np.max(x, axis=axis, keepdims=True))
    return e / np.sum(e, axis=axis, keepdims=True)


def _one_hot(labels: Any, classes: int, **_: Any) -> Any:
    return np.eye(classes).view(Recorded)[labels]


def _jax_random() -> Namespace:
    """`jax.random`, whose keys are of no account."""
    draw = lambda f: lambda key, shape=(), *_, **__: lifted(f(*_shape(shape)))  # noqa: E731
    key = lambda *_, **__: 0  # noqa: E731
    return Namespace(
        types.ModuleType("random"), "jax.random", normal=draw(np.random.randn),
        uniform=draw(np.random.rand), PRNGKey=key, key=key, fold_in=key,
        split=lambda key, n=2: [0] * n,
        permutation=lambda key, n: lifted(np.random.permutation(plain(n))),  # noqa: NPY002
    )  # fmt: skip


def _jax() -> Namespace:
    """JAX by NumPy, but for what differentiates: that is no derivation by hand."""
    nn = Namespace(
        types.ModuleType("nn"), "jax.nn", relu=lambda x: np.maximum(x, 0), sigmoid=sigmoid,
        tanh=np.tanh, softmax=softmax, one_hot=_one_hot,
    )  # fmt: skip
    same = lambda f=None, *_, **__: f if callable(f) else lambda g: g  # noqa: E731
    refused = {name: _refused(f"jax.{name}") for name in DIFFERENTIATES}
    return Namespace(types.ModuleType("jax"), "jax", numpy=NUMPY, nn=nn, random=_jax_random(),
                     jit=same, vmap=_vmap, config=Stub("jax.config"), **refused)  # fmt: skip


def _refused(name: str) -> Callable:
    def refuse(*_: Any, **__: Any) -> Any:
        raise Unsupported(name)

    return refuse


def _shape(shape: Any) -> tuple:
    return tuple(shape) if isinstance(shape, tuple | list) else (shape,)


def _vmap(function: Callable, *_: Any, **__: Any) -> Callable:
    return lambda *arrays: np.stack([function(*each) for each in zip(*arrays, strict=True)])


class _Scipy(types.ModuleType):
    """SciPy, of which a part that is not known has stand-ins for what it gives."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return current().data(f"{self.__name__}.{name}")


def _scipy() -> types.ModuleType:
    drawn = dict.fromkeys(("norm", "truncnorm", "uniform"), _Distribution())
    special = {"expit": sigmoid, "softmax": softmax, "logit": lambda x: np.log(x / (1 - x)),
               "xlogy": lambda x, y: x * np.log(y)}  # fmt: skip
    made = _Scipy("scipy")
    for name, own in (("special", special), ("stats", drawn), ("optimize", OPTIMIZERS)):
        part = vars(made)[name] = _Scipy(f"scipy.{name}")
        vars(part).update(own)
    return made


class _Distribution:
    """Random numbers, whatever their mean and spread are to be."""

    def __call__(self, *_: Any, **__: Any) -> "_Distribution":
        return self

    def rvs(self, *shape: Any, size: Any = (), **_: Any) -> Any:
        """As many as a size says; it may come first where the distribution is ready."""
        return lifted(np.random.normal(0, 0.5, shape[-1] if shape else size))  # noqa: NPY002


def _listing(function: Callable) -> Callable:
    """The files of a folder; of one that is not there, names that are labels, whole or in part."""

    def listed(*args: Any, **kw: Any) -> list[str]:
        try:
            files = list(function(*plain(args), **kw))
        except OSError:
            files = []
        return files or [f"./{k % LABEL_COUNT}_{k % LABEL_COUNT}.csv" for k in range(TABLE_ROWS)]

    return listed


def _is_there(function: Callable) -> Callable:
    """`os.path.exists` and its like: of data beside the file, and of what somebody would type."""
    return lambda path: isinstance(path, Answer) or function(current().find(plain(path)))


def _rows_by(reader: Callable) -> Callable:
    """A reader of csv, of a file that is there; a stand-in for the table of one that is not."""

    def read(file: Any, *args: Any, **kw: Any) -> Any:
        there = not isinstance(file, StandIn)
        return reader(file, *args, **kw) if there else current().data(f"csv.{reader.__name__}")

    return read


def _unpacked(form: Any, file: Any) -> Any:
    """`struct.unpack`; of a file that is not there the head of one of MNIST's, or labels."""
    if not isinstance(file, StandIn):
        return struct.unpack(form, file)
    form = form.decode() if isinstance(form, bytes) else form
    count = len(struct.unpack(form, bytes(struct.calcsize(form))))
    if form.endswith("BB") and count in (3, MNIST_HEADER):  # of any file of such a kind
        return (*[0] * (count - 2), 8, file.of_axes())
    if count > MNIST_HEADER or form.strip("@=<>!0123456789 ") in "Bb":
        return tuple(random.choices(range(LABEL_COUNT), k=count))
    return tuple(file.of_head() for _ in range(count))


def _array(code: str, content: Any = ()) -> Any:
    """`array.array`; of a file that is not there, what follows the head of one of MNIST's."""
    return array.array(code, content.of_body() if isinstance(content, StandIn) else content)


def _opened(of: Callable) -> Callable:
    """A file of a text; one that is not there stays what stands in for it."""
    return lambda text="", *rest: text if isinstance(text, StandIn) else of(text, *rest)


class _Path(type(pathlib.Path())):  # type: ignore[misc]  # which one depends on the system
    """A path, by which nothing is changed on the disk."""

    def open(self, mode: str = "r", *args: Any, **kw: Any) -> Any:
        """What is there to be read; else what stands in for it."""
        if {*mode} & {*"wax+"}:
            return Written()
        try:
            return open(current().find(str(self)), mode, *args, **kw)
        except OSError:
            return current().data("a file", str(self))


for _name in (*CHANGES, "touch", "write_text", "write_bytes", "chmod", "symlink_to", "hardlink_to"):
    setattr(_Path, _name, lambda *_, **__: None)
for _name in ("rename", "replace"):
    setattr(_Path, _name, lambda self, other: type(self)(other))


def _dumped(value: Any, file: Any, *_: Any, **__: Any) -> None:
    """`pickle.dump`: kept for whoever reads this file again."""
    if isinstance(file, Written):
        file.holds.append(value)


def _read_again(file: Any, *args: Any, **kw: Any) -> Any:
    """`pickle.load` of a file that the program has written; nothing else is ever unpickled."""
    if isinstance(file, Written) and file.holds:
        try:
            return next(file.left)
        except StopIteration:
            raise EOFError("Ran out of input") from None
    return current().data("pickle").load(file, *args, **kw)


LIBRARIES: dict[str, types.ModuleType] = {
    "numpy": NUMPY, "cupy": NUMPY, "math": _math(), "random": _random(), "jax": _jax(),
    "scipy": _scipy(),
    "tqdm": tqdm_stub(), "time": Namespace(time, "time", clock=time.perf_counter),
    "pickle": Namespace(Stub("pickle"), "pickle", dump=_dumped, load=_read_again,
                        loads=_read_again),
    "pathlib": Namespace(pathlib, "pathlib", Path=_Path, PosixPath=_Path),
    "struct": Namespace(struct, "struct", unpack=_unpacked),
    "re": Namespace(re, "re", split=_split),
    "argparse": Namespace(argparse, "argparse", ArgumentParser=Parser),
    "io": Namespace(io, "io", StringIO=_opened(io.StringIO), BytesIO=_opened(io.BytesIO)),
    "importlib": Namespace(importlib, "importlib", reload=lambda module: module),
    "array": Namespace(array, "array", array=_array),
    "decimal": Namespace(decimal, "decimal", Decimal=_decimal),
    "csv": Namespace(csv, "csv", reader=_rows_by(csv.reader), DictReader=_rows_by(csv.DictReader)),
    "glob": Namespace(glob, "glob", glob=_listing(glob.glob), iglob=_listing(glob.glob)),
    "os": Namespace(os, "os", listdir=_listing(os.listdir), path=Namespace(
                        os.path, "os.path", exists=_is_there(os.path.exists),
                        isfile=_is_there(os.path.isfile)),
                    **dict.fromkeys(CHANGES, lambda *_, **__: None)),
}  # fmt: skip
LIBRARIES |= dict.fromkeys(("_pickle", "cPickle", "dill"), LIBRARIES["pickle"])
