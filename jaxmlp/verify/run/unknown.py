"""Stand-ins for data that are not there: their shapes are found by trying.

A name that a file uses and never assigns, or an argument of a function that it only defines, is an
`Unknown`. It decides what it is when it is first used with something that is known: next to a
product X @ W it gets the shape that fits, as a divisor it is a number, as a bound an integer. Where
more than one thing would do, the `Oracle` chooses, and remembers that it had a choice; a run that
fails is made again with another.
"""

from __future__ import annotations

import dis
from collections.abc import Callable, Iterable, Iterator
from pathlib import PurePath
from types import FunctionType
from typing import Any, Literal

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from jaxmlp.verify.names import BACK, LAYER_COUNT, SAMPLE_COUNT
from jaxmlp.verify.run import data_sets
from jaxmlp.verify.run.arrays import (
    STOOD_IN,
    Recorded,
    Unsupported,
    current,
    encoded,
    given_back,
    lifted,
    number,
    plain,
)
from jaxmlp.verify.run.oracle import SAMPLES, SIZES, VALUES, Oracle, Shape
from jaxmlp.verify.run.shapes import elementwise, product, target

LAYERS = 3
PARAMETERS = "parameters"  # of a few layers, in a list
DEPTHS = (2, 3, LAYERS + 1)

PICKLED = "pickle"
MAGIC = 2000  # a number in a file beyond which it is neither a size nor a label
KINDS = ("table", "column", "images")
ARRAY_ATTRIBUTES = frozenset(dir(np.ndarray)) - {"data", "dump", "dumps", "tofile"}
DENSE = frozenset(["toarray", "todense", "to_numpy"])
FRAME = frozenset(["values", "array"])  # of a data frame: the table itself
BY_ROWS = frozenset(["loc", "iloc", "ix"])


class Columns(list):
    """The names of a data frame's columns."""

    values = property(lambda self: self)

    def tolist(self) -> list[str]:
        return list(self)

    def drop(self, *_: Any, **__: Any) -> list[str]:
        return list(self)


class Rows:
    """The rows of a data frame, as `data.loc`: some of them are as good as all."""

    def __init__(self, frame: Unknown):
        self.frame = frame

    def __getitem__(self, index: Any) -> Any:
        numbers = isinstance(index, list | np.ndarray) and np.ndim(index) == 1
        return self.frame if numbers and self.frame.known() is None else self.frame[index]

    def __setitem__(self, index: Any, value: Any) -> None:
        self.frame[index] = value


class Unknown(NDArrayOperatorsMixin):
    """A stand-in, which becomes an array, a number or a collection when it is used.

    Attributes:
        stands_for: the name that is not there.
        value: what it has become, or None.
        loaded: whether it comes out of a file or a module, and is data.
        setting: whether an object is made with it: it may be the sizes of all layers, or a word.
        like: the shape that it has, if it may.
    """

    __slots__ = (
        "_counted",
        "_flip",
        "_given",
        "_oracle",
        "_other_words",
        "_row",
        "_samples",
        "like",
        "loaded",
        "parts",
        "setting",
        "stands_for",
        "value",
    )

    def __init__(
        self, stands_for: str, oracle: Oracle, flip: Unknown | None = None, *,
        loaded: bool = False, row: tuple[Unknown, int] | None = None, setting: bool = False,
        like: Shape | None = None,
    ):  # fmt: skip
        self.stands_for, self._oracle, self._flip = stands_for, oracle, flip
        self.loaded, self._row = loaded, row
        self._given: tuple = ()  # the arrays that it was made of
        self._counted, self.setting, self.like = False, setting, like
        self._samples: list[Any] = []
        self._other_words: set[str] = set()  # those that it is not
        self.value: Any = None
        self.parts: dict[Any, Unknown] = {}

    # what it becomes

    def become(self, shape: Shape, like: np.ndarray | None = None) -> Any:
        """Become an array of this shape, with values as fit for a target beside `like`."""
        if self._flip is not None:
            return np.transpose(self._flip.become(shape[::-1], None if like is None else like.T))
        if self._row is not None:
            whole, _ = self._row
            beside = None if like is None else np.broadcast_to(like, (len(whole), *like.shape))
            whole.become((len(whole), *shape), beside)
            return self.known()
        if self.value is None and self._given:
            return self.as_array()
        if self.value is None and self.loaded:
            self.value = lifted(self._whole_numbers(shape))
            self._oracle.loads.append(self.value)
            current().stands_in(self.value)
        if self.value is None:
            self._oracle.drawn.update(dict.fromkeys(shape))
            drawn = target(like, shape, self._oracle.random)
            if self._oracle.is_positive(self.stands_for):
                drawn = np.exp(drawn - 1)
            if self._oracle.is_whole(self.stands_for) and shape:
                drawn = np.arange(int(np.prod(shape))).reshape(shape) % 2  # not all the same
            self.value = number(float(drawn)) if shape == () else lifted(np.asarray(drawn))
            current().stands_in(self.value)
            self._oracle.made[self.stands_for] = self.value
        return self.value

    def as_integer(self) -> int:
        """Become an integer."""
        if self.value is None and self.setting and LAYER_COUNT.fullmatch(self.stands_for):
            self.value = self._oracle.choose(DEPTHS)
        if self.value is None and SAMPLE_COUNT.fullmatch(self.stands_for) and not self.setting:
            self.value = self._oracle.choose((SAMPLES, self._oracle.fresh()))
        if self.value is None:
            self.value = self._oracle.fresh()
        self._oracle.drawn[int(self.value)] = None
        return int(self.value)

    def as_index(self, size: int) -> Any:
        """Become labels below a size, one a sample, or a number below it."""
        if self.known() is None and self._row is not None:
            whole, _ = self._row
            whole.value = lifted(self._oracle.random.integers(0, size, len(whole)))
        elif self.known() is None and self.loaded and self._flip is None:
            self.value = lifted(
                self._oracle.random.permutation(self._oracle.rows) % min(size, VALUES)
            )
            self._oracle.tables.pop(self.stands_for, None)
        elif self.known() is None:
            drawn = self._oracle.random.permutation(max(size, SAMPLES))[:SAMPLES] % size
            self.value = self._oracle.choose((lifted(drawn), lifted(drawn[0])))
        return self.known()

    def known(self) -> Any:
        """What it has become; None while it is open."""
        if self._flip is not None:
            flipped = self._flip.known()
            return None if flipped is None else np.transpose(flipped)
        if self.value is None and self._row is not None:
            whole, k = self._row
            self.value = None if whole.known() is None else whole._taken_apart()[k]
        return self.value

    def _taken_apart(self) -> list[Any]:
        """Its samples, all taken out of it at one place of the program."""
        if not self._samples:
            whole = self.known()
            self._samples = [lifted(whole[k]) for k in range(len(whole))]
        return self._samples

    def as_array(self) -> Any:
        """Become an array of any shape."""
        if self.known() is None and self._row is not None:
            self._row[0].as_array()
        if self.known() is None and self.loaded:
            return self._loaded_array()
        if self.known() is None:
            like = [self.like] if self.like else []
            return self.become(self._oracle.choose([*like, *self._oracle.shapes()]))
        return self.known()

    def _of(self, axes: int) -> Shape:
        """A shape with so many axes, each of a size of its own, or the last of one that is used."""
        new = (SAMPLES, *map(self._oracle.fresh, range(axes - 1)))
        like = [self.like] if self.like is not None and len(self.like) == axes else []
        return self._oracle.choose(
            [*like, new, *((*new[:-1], size) for size in self._oracle.used())]
        )

    def _loaded_array(self) -> Any:
        """A table of whole numbers, or a column of them, each a label or a measurement."""
        name = self.stands_for
        if self._flip is not None:
            return np.transpose(self._flip.as_array())
        labels = PICKLED in name and name.endswith("[1]")  # beside the samples
        kinds = ("given", *KINDS) if self._given else (KINDS[1], *KINDS) if labels else KINDS
        kind = self._oracle.choose(kinds)
        if kind == "given":
            self.value = self._given_back(settled(self._given[0]))
            return self.value
        width = self._oracle.lengths.get(name, 6 if kind == "images" else SIZES[0])
        if kind != "column":
            self._oracle.tables[name] = width
        high = max(k for k in range(1, width) if width % k == 0 and k * k <= width)
        shape = {"table": (width,), "column": (), "images": (high, width // high)}[kind]
        made = self._whole_numbers((self._oracle.rows, *shape))
        self.value = self._given_back(made) if self._given else lifted(made)
        self._oracle.loads.append(self.value)
        current().stands_in(self.value)
        return self.value

    def _whole_numbers(self, shape: Shape) -> np.ndarray:
        """Numbers that are labels as well as measurements; each comes in every column."""
        values = self._oracle.lengths.get("values", VALUES)
        rows, size = shape[0] if shape else 1, int(np.prod(shape[1:]))
        columns = [self._oracle.random.permutation(rows) % values for _ in range(size)]
        return np.stack(columns, axis=1).astype(float).reshape(shape)

    def _given_back(self, value: Any) -> Any:
        """What is made of arrays by something that is not there: lost for the tape."""
        taped = encoded(tuple(one for one in self._given if isinstance(one, Recorded)))
        name = f"{STOOD_IN}{self.stands_for}"
        return given_back(np.array(plain(value)), name, taped) if taped else lifted(value)

    # how it is used

    def __array_ufunc__(
        self, ufunc: np.ufunc, method: str, *inputs: Any, out: Any = None, **kw: Any
    ) -> Any:
        args = list(inputs)
        if (
            ufunc in (np.sqrt, np.power)
            and args[0] is self
            and self.setting
            and self._is_undecided()
        ):
            args[0] = self.as_integer()  # the units that weights are drawn for
        if ufunc is np.matmul:
            product(args, self._oracle)
        else:
            elementwise(ufunc.__name__, args, self._oracle)
        if out is not None and isinstance(out[0], Unknown):
            target = settled(out[0])
            if not isinstance(target, np.ndarray) or target.ndim == 0:
                return getattr(ufunc, method)(*map(settled, args), **kw)
            kw["out"] = (target,)
        elif out is not None:
            kw["out"] = out
        return getattr(ufunc, method)(*map(settled, args), **kw)

    def __array_function__(self, function: Callable, types: Any, args: Any, kw: Any) -> Any:
        name, args = function.__name__, list(args)
        if name == "dot" and len(args) == 2:
            product(args, self._oracle)
        elif name == "outer":
            for one in args:
                if isinstance(one, Unknown) and one.known() is None:
                    one.become((self._oracle.fresh(),))
        elif name in ("multiply", "add", "subtract"):
            elementwise(name, args, self._oracle)
        return function(*settled(tuple(args)), **settled(kw))

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        return plain(self.as_array())

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        value = self.known()
        if value is not None:
            return (lambda: value) if name in DENSE else getattr(value, name)
        if name == "T":
            return Unknown(f"{self.stands_for}.T", self._oracle, self, loaded=self.loaded)
        if name == "dot":
            return lambda other: np.matmul(self, other)
        if name in FRAME and self.loaded:
            return self
        if name in BY_ROWS and self.loaded:
            return Rows(self)
        if name == "index" and self.loaded and name not in self.parts:
            return lifted(np.arange(self._oracle.rows))
        if name == "reshape" and self.loaded and not (self._flip or self._row or self._given):
            return self._reshaped
        if name == "copy" and self.loaded:
            return lambda *_, **__: self
        if name == "columns" and self.loaded and name not in self.parts:
            return Columns(f"{self.stands_for}.{k}" for k in range(SIZES[0]))
        if name in ARRAY_ATTRIBUTES and name not in self.parts:
            axes = _unpacked_into(attribute=True) if name == "shape" and not self.loaded else 0
            made = self.become(self._of(axes)) if axes > 2 else self.as_array()
            return getattr(made, name)
        return self._part(name, f"{self.stands_for}.{name}")

    def _reshaped(self, *shape: Any, **kw: Any) -> Any:
        """A table, of as many columns as a shape says that it is brought to."""
        sizes = shape[0] if len(shape) == 1 and isinstance(shape[0], tuple | list) else shape
        rest = [n for n in sizes[1:] if type(n) is int and n > 0]
        columns = int(np.prod(rest))
        if len(rest) == len(sizes) - 1 and columns > 1:
            self.become((self._oracle.rows, columns))
            return self.value.reshape(-1, *rest, **kw)
        return self.as_array().reshape(*shape, **kw)

    def __enter__(self) -> Unknown:
        return self

    def __exit__(self, *_: object) -> Literal[False]:
        return False

    def _part(self, key: Any, name: str) -> Any:
        if key not in self.parts:
            self.parts[key] = self._new_part(key, name)
        part = self.parts[key]
        return part if not isinstance(part, Unknown) or part.known() is None else part.known()

    def _new_part(self, key: Any, name: str) -> Unknown:
        """Something in it; in a sample what each sample has there."""
        if self._row is None:
            return Unknown(name, self._oracle, loaded=self.loaded)
        whole, k = self._row
        if key not in whole.parts:
            whole.parts[key] = whole._new_part(key, f"{whole.stands_for}[{key!r}]")
        return Unknown(name, self._oracle, loaded=self.loaded, row=(whole.parts[key], k))

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, str) and (self.known() is None or self.loaded):
            return self._part(index, f"{self.stands_for}[{index!r}]")
        if self.parts and not self.loaded:
            return self._part(index, f"{self.stands_for}[{index!r}]")
        if isinstance(index, list) and self.loaded and all(isinstance(k, str) for k in index):
            return self  # columns of a data frame
        if (name := self._column(index)) is not None:
            return self[name]
        if isinstance(index, tuple) and any(map(_is_open, index)) and not self._row:
            return self.as_array()[index]  # labels, say
        if self._is_pair(index):
            return self._part(index, f"{self.stands_for}[{index}]")
        index = settled(index)
        if self.setting and self.known() is None and isinstance(index, int | slice):
            return self._sizes()[index]
        if self._may_be_list(index) and (made := self._as_list()) is not None:
            return made[index]
        if self.known() is None and isinstance(index, slice) and (self.loaded or self._counted):
            return self  # a part of the samples is as good as all
        if self.known() is None and isinstance(index, slice):
            self._cut(index)
        elif self.known() is None and isinstance(index, tuple) and not self.loaded:
            self.become((SAMPLES, *map(self._oracle.fresh, range(len(index) - 1))))
        return self.as_array()[index]

    def _may_be_list(self, index: Any) -> bool:
        """Whether one is taken, and it was counted, as a list is; or another has become one."""
        like_others = self._oracle.habits.get("list", 0) > 0
        return self._is_untold() and isinstance(index, int) and (self._counted or like_others)

    def _as_list(self) -> list | None:
        """Become sizes, or the parameters of as many layers; None for an array."""
        kind = self._oracle.choose(("array", "sizes", PARAMETERS), "list")
        if kind == PARAMETERS:
            self.value = [Unknown(f"{self.stands_for}[{k}]", self._oracle) for k in range(SAMPLES)]
            return self.value
        return self._sizes() if kind == "sizes" else None

    def _sizes(self) -> list[int]:
        """Become the sizes of a few layers, all different."""
        self.value = [self._oracle.fresh(k) for k in range(LAYERS)]
        self._oracle.drawn.update(dict.fromkeys(self.value))
        return self.value

    def _cut(self, index: slice) -> None:
        """Become a vector that is cut into parameters, where a bound says so; else a table."""
        bounds = [int(plain(b)) for b in (index.start, index.stop) if b is not None]
        if bounds and max(bounds) > 2 * SAMPLES:
            self._oracle.vectors.append(self.stands_for)
            length = self._oracle.lengths.get(self.stands_for, max(bounds))
            self._oracle.cut[self.stands_for] = length
            self.become((length,))

    def __setattr__(self, name: str, value: Any) -> None:
        if name in Unknown.__slots__:
            object.__setattr__(self, name, value)
        elif name == "shape":
            self.value = np.reshape(self.as_array(), value)
        else:
            self.parts[name] = value

    def _is_pair(self, index: Any) -> bool:
        """Whether it is samples and labels, in a file of objects, and one of both is taken."""
        is_first = type(index) is int and index in (0, 1) and PICKLED in self.stands_for
        return is_first and self.known() is None and self._oracle.choose((True, False), PICKLED)

    def _column(self, index: Any) -> Any:
        """The names of columns of a data frame in an index, as in data.loc[:, "x"]; or None."""
        named = isinstance(index, tuple) and len(index) == 2 and self.loaded
        is_name = named and isinstance(index[1], str | list) and index[1]
        return index[1] if is_name and all(isinstance(k, str) for k in index[1]) else None

    def __setitem__(self, index: Any, value: Any) -> None:
        index = self._column(index) or index
        if isinstance(index, list) and all(isinstance(k, str) for k in index):
            return  # several columns at once
        if self.known() is None and (isinstance(index, str) or self.parts):
            self.parts[index] = value
        elif isinstance(index, tuple) and any(map(_is_open, index)):
            self.as_array()[index] = settled(value)
        else:
            self.as_array()[settled(index)] = settled(value)

    def __len__(self) -> int:
        if self.setting and self.known() is None:
            return len(self._sizes())
        if self.known() is None and self._row is None and self._flip is None:
            self._counted = True
            return self._oracle.rows if self.loaded else SAMPLES
        return len(self.as_array())

    def __iter__(self) -> Iterator:
        if self.setting and self.known() is None:
            return iter(self._sizes())
        if self.known() is None and (count := _unpacked_into()):
            if self._given and count % len(self._given) == 0:  # as those that split samples do
                return iter([one for one in self._given for _ in range(count // len(self._given))])
            return iter([self._part(k, f"{self.stands_for}[{k}]") for k in range(count)])
        if self.parts and not self.loaded:
            return iter(self.parts)
        if self._may_have_keys() and self._oracle.choose((False, True)):
            self.parts = {
                k: self._new_part(k, f"{self.stands_for}[{k!r}]") for k in self._oracle.words
            }
            return iter(self.parts)
        if self._is_untold() and self._oracle.choose(("rows", PARAMETERS), "rows") != "rows":
            self.value = [Unknown(f"{self.stands_for}[{k}]", self._oracle) for k in range(SAMPLES)]
            return iter(self.value)
        if self.known() is None and self._flip is None:
            return (self._sample(k) for k in range(len(self)))
        return iter(self.as_array())

    def _may_have_keys(self) -> bool:
        """Whether it may be a dict with the keys of one of the program's."""
        return self._is_untold() and not self._counted and bool(self._oracle.words)

    def _is_undecided(self) -> bool:
        """Whether nothing says yet what it is."""
        return self.known() is None and not (self.parts or self._row or self._flip)

    def _is_untold(self) -> bool:
        """Whether nothing says yet what it is, or comes of."""
        return self.known() is None and not (self.loaded or self._row or self._flip)

    def _sample(self, k: int) -> Unknown:
        name = f"{self.stands_for}[{k}]"
        return Unknown(name, self._oracle, loaded=self.loaded, row=(self, k))

    def __contains__(self, _: Any) -> bool:
        return self._oracle.choose((False, True))

    def __add__(self, other: Any) -> Any:
        return self._list() + other if self._joins(other) else np.add(self, other)

    def __radd__(self, other: Any) -> Any:
        return other + self._list() if self._joins(other) else np.add(other, self)

    def __rtruediv__(self, other: Any) -> Any:
        return other / "missing" if isinstance(other, PurePath) else np.divide(other, self)

    def _joins(self, other: Any) -> bool:
        """Whether it is a list that is joined to another."""
        return isinstance(other, list) and (self.setting or isinstance(self.value, list))

    def _list(self) -> list:
        return self._sizes() if self.known() is None else list(self.value)

    def __mro_entries__(self, bases: tuple) -> tuple:
        return ()

    def __call__(self, *args: Any, **kw: Any) -> Any:
        of_array = len(args) == 1 and isinstance(args[0], np.ndarray | Unknown)
        if of_array and not self.loaded and self.stands_for not in self._oracle.absent:
            return self._applied(settled(args[0]))
        if of_array and not kw and (known := _activation(self.stands_for)) is not None:
            return known(settled(args[0]), self._oracle)
        if not self.loaded:
            raise Unsupported(f"{self.stands_for}, which is not defined")
        if len(args) == 1 and isinstance(args[0], FunctionType | type):
            return args[0]  # a decorator
        if (data := self._known_data(args, kw)) is not None:
            return data
        self._oracle.calls += 1
        made = Unknown(f"{self.stands_for}()#{self._oracle.calls}", self._oracle, loaded=True)
        pickled = PICKLED in self.stands_for  # made of a file, of which nothing is known
        made._given = () if pickled else tuple(_arrays((*args, *kw.values())))
        shapes = [one for one in (*args, kw.get("size")) if _is_shape(one)]
        if len(shapes) == 1 and not made._given:  # random numbers, say
            made.value = lifted(self._oracle.random.normal(size=shapes[0]))
        return made

    def _applied(self, u: Any) -> Any:
        """What it gives as an activation: tanh, of an output perhaps u; or as the derivative of
        tanh, of f(u) or of u, whichever it is given."""
        inputs, outputs = self._oracle.activated
        node = current().node_of(u)
        if not BACK.search(self.stands_for) and "prime" not in self.stands_for:
            linear = "out" in self.stands_for and self._oracle.choose((False, True), "linear")
            made = u * 1.0 if linear else np.tanh(u)
            inputs.add(node)
            outputs.add(current().node_of(made))
            return made
        known = node in inputs | outputs
        of_output = node in outputs if known else self._oracle.choose((True, False), "derivative")
        return 1 - u * u if of_output else 1 - np.tanh(u) ** 2

    def _known_data(self, args: tuple, kw: dict[str, Any]) -> Any:
        """What is known of a function of a library: a data set, or labels as 1 of K; or None."""
        oracle, known = self._oracle, tuple(_told(one) for one in args)
        data = data_sets.loaded(
            self.stands_for, known, kw, oracle.rows, oracle.random, oracle.lengths)  # fmt: skip
        if data is None:
            data = data_sets.one_hot(self.stands_for, tuple(map(plain, known)), kw)
        if not isinstance(data, dict | np.ndarray):
            return _standing_in(lifted(data))
        made = Unknown(f"{self.stands_for}()", oracle, loaded=True)
        if isinstance(data, dict):
            made.parts = {key: _standing_in(lifted(one)) for key, one in data.items()}
        else:  # labels, perhaps as a sparse matrix
            made.value = lifted(data)
        return made

    def __index__(self) -> int:
        return self.as_integer()

    __int__ = __index__

    def __float__(self) -> float:
        return float(self.become(()))

    def __bool__(self) -> bool:
        value = self.known()
        if value is None:
            value = self.value = self._oracle.choose((False, True))
        return bool(value)

    def __eq__(self, other: Any) -> Any:
        if isinstance(self.value, str):
            return self.value == other
        if isinstance(other, str):
            return self._is_word(other)
        if other is None:
            return self._oracle.choose((False, True))
        if type(other) is int and self._is_untold() and not self.parts:
            layer = self._oracle.choose(("array", LAYERS, other), "layer")
            self.value = None if layer == "array" else layer
        if self.loaded and type(other) is int and other > MAGIC and self._is_undecided():
            self.value = other  # which says what kind of file it is
        return np.equal(self, other)

    def __ne__(self, other: Any) -> Any:
        same = self == other
        return not same if isinstance(same, bool) else np.logical_not(same)

    def _is_word(self, word: str) -> bool:
        """Whether it becomes this word; once it has not, it never does."""
        if word in self._other_words:
            return False
        if self._oracle.choose((False, True)):
            self.value = word
            return True
        self._other_words.add(word)
        return False

    def __hash__(self) -> int:
        if self.loaded and self._row is not None:  # a label, looked up
            return hash(int(self.as_index(VALUES)))
        if self.setting and self.known() is None and self._oracle.words:  # a key of a dict
            self.value = self._oracle.choose(self._oracle.words)
        return hash(self.value) if isinstance(self.value, str | int) else id(self)

    def __str__(self) -> str:
        return self.stands_for if self.value is None else str(self.value)

    def __format__(self, spec: str) -> str:
        if isinstance(self.value, int | str):
            return format(self.value, spec)
        return format(0.0, spec) if spec.endswith(("f", "e", "g")) else self.stands_for

    def __deepcopy__(self, memo: dict) -> Any:
        return self


def _activation(name: str) -> Callable[[Any, Oracle], Any] | None:
    """An f that a module would have given, where its name leaves no choice; else None."""
    return ACTIVATIONS.get(name.rpartition(".")[2].partition("#")[0].lower())


def _softmax(u: Any, oracle: Oracle) -> Any:
    """Of rows, or of columns."""
    axis = -1 if np.ndim(u) < 2 else oracle.choose((-1, 0), "softmax")
    e = np.exp(u - np.max(u, axis=axis, keepdims=True))
    return e / np.sum(e, axis=axis, keepdims=True)


ACTIVATIONS: dict[str, Callable[[Any, Oracle], Any]] = {
    "tanh": lambda u, _: np.tanh(u),
    "sigmoid": lambda u, _: 1 / (1 + np.exp(-u)),
    "relu": lambda u, _: np.maximum(u, 0),
    "softmax": _softmax,
}


def _arrays(args: Iterable[Any]) -> Iterator[Any]:
    """The arrays among arguments, those in lists, too."""
    for one in args:
        if isinstance(one, list | tuple):
            yield from _arrays(one)
        elif isinstance(one, np.ndarray | Unknown):
            yield one


def _standing_in(data: Any) -> Any:
    """Data of which each array is known to stand in for what is not there."""
    for one in _arrays((data,)):
        current().stands_in(one)
    return data


def _told(value: Any) -> Any:
    """What an argument is, as far as that is known."""
    return value.known() if isinstance(value, Unknown) else value


def _is_open(value: Any) -> bool:
    return isinstance(value, Unknown) and value.known() is None


def _is_shape(value: Any) -> bool:
    return isinstance(value, tuple) and len(value) == 2 and all(type(n) is int for n in value)


def _unpacked_into(*, attribute: bool = False) -> int:
    """How many names a value is being unpacked into; 0 where it is not.

    Args:
        attribute: whether it is one of its attributes that is.
    """
    frame = current().frame(beside=True)
    if frame is None:
        return 0
    steps = iter(dis.get_instructions(frame.f_code))
    at = next(one for one in steps if one.offset >= frame.f_lasti)
    at = next(steps, at) if attribute else at
    return at.arg or 0 if at.opname == "UNPACK_SEQUENCE" else 0


def settled(value: Any) -> Any:
    """An argument in which what is still open has become an array."""
    if isinstance(value, Unknown):
        return value.as_array()
    if isinstance(value, tuple) and not hasattr(value, "_fields"):
        return tuple(map(settled, value))
    if isinstance(value, list):
        return [settled(one) for one in value]
    if isinstance(value, dict):
        return {key: settled(one) for key, one in value.items()}
    if isinstance(value, slice):
        parts = (value.start, value.stop, value.step)
        return slice(*(p.as_integer() if isinstance(p, Unknown) else p for p in parts))
    return value
