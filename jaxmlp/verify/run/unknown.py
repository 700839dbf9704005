"""Stand-ins for data that are not there: their shapes are found by trying.

A name that a file uses and never assigns, or an argument of a function that it only defines, is an
`Unknown`. It decides what it is when it is first used with something that is known: next to a
product X @ W it gets the shape that fits, as a divisor it is a number, as a bound an integer. Where
more than one thing would do, the `Oracle` chooses, and remembers that it had a choice; a run that
fails is made again with another.
"""

from __future__ import annotations

import copy
import dis
import itertools
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Literal

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from jaxmlp.verify.run import absent
from jaxmlp.verify.run.arrays import lifted
from jaxmlp.verify.run.encoding import is_open, plain
from jaxmlp.verify.run.frames import Columns, FrameRows, are_columns, column
from jaxmlp.verify.run.oracle import FRESH_SIZES, POSITIVE, SAMPLES
from jaxmlp.verify.run.shapes import decide_elementwise, product
from jaxmlp.verify.run.standing_in import LAYERS, PARAMETER_LIST, WHOLE, StandIn, settled
from jaxmlp.verify.run.tape import current

ARRAY_ATTRIBUTES = frozenset(dir(np.ndarray)) - {"data", "dump", "dumps", "tofile"}
CHANGES_LIST = frozenset(["append", "extend", "insert", "pop"])
DENSE = frozenset(["toarray", "todense", "to_numpy"])
TENSOR = frozenset(["numpy", "detach", "cpu"])  # of PyTorch's: the same
SHAPE_NAME = re.compile(r"(\w+_)?shape")  # of samples
DATA_LOADER = re.compile(r"DataLoader\(\)#\d+$")
FRAME = frozenset(["values", "array"])  # of a data frame: the table itself
CALLED_OR_TAKEN = re.compile(r"[(\[]")
BY_ROWS = frozenset(["loc", "iloc", "ix"])


def _keeps_from_0_and_1(bounds: Sequence[Any]) -> bool:
    """Whether what is cut off at these bounds is to be a probability."""
    numbers = [bound for bound in bounds if isinstance(bound, int | float)]
    return len(numbers) == 2 and 0 < numbers[0] < numbers[1] < 1


class Unknown(StandIn, NDArrayOperatorsMixin):
    """A stand-in as a program uses it, of which each use may decide what it is."""

    __slots__ = ()

    # in place of an array

    def __array_ufunc__(
        self, ufunc: np.ufunc, method: str, *inputs: Any, out: Any = None, **kw: Any
    ) -> Any:
        args = list(inputs)
        for arg in args:
            if is_open(arg) and arg.of_list:
                arg.as_integer()
        is_root = ufunc in (np.sqrt, np.power) and args[0] is self
        if is_root and self.setting and self._is_undecided():
            args[0] = self.as_integer()  # the units that weights are drawn for
        if ufunc is np.matmul:
            product(args, self._oracle)
        else:
            decide_elementwise(ufunc.__name__, args, self._oracle)
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
        if name == "clip" and is_open(args[0]) and _keeps_from_0_and_1(args[1:]):
            self._oracle.lengths[f"{POSITIVE}{args[0].stands_for}"] = 1
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
            return self._another(f"{self.stands_for}.T", flip=self, loaded=self.loaded)
        if name == "dot":
            return lambda other: np.matmul(self, other)
        if name == "iterrows":
            return lambda: enumerate(self)
        if name in CHANGES_LIST and (self.setting or self._is_untold()):
            return getattr(self._elements(), name)
        if self.loaded and (of_frame := self._of_frame(name)) is not None:
            return of_frame
        if name in ARRAY_ATTRIBUTES and name not in self.parts:
            axes = _unpacked_into(attribute=True) if name == "shape" and not self.loaded else 0
            made = self.become(self._of(axes)) if axes > 2 else self.as_array()
            return getattr(made, name)
        return self._part(name, f"{self.stands_for}.{name}")

    def _of_frame(self, name: str) -> Any:
        """What a data frame has by this name; None where it is not one that is known."""
        if name in FRAME:
            return self
        if name in TENSOR:
            return lambda *_, **__: self
        if name in BY_ROWS:
            return FrameRows(self)
        if name in ("reshape", "view") and not (self._flip or self._given):
            return self._reshaped
        if name == "copy":
            return lambda *_, **__: self
        if name == "index" and name not in self.parts:
            return lifted(np.arange(self._oracle.rows))
        if name == "columns" and name not in self.parts:
            return Columns(f"{self.stands_for}.{k}" for k in range(FRESH_SIZES[0]))
        return None

    def _reshaped(self, *shape: Any, **kw: Any) -> Any:
        """A table, of as many columns as a shape says that it is brought to."""
        sizes = shape[0] if len(shape) == 1 and isinstance(shape[0], tuple | list) else shape
        if self._row is not None:
            told = all(type(n) is int and n > 0 for n in sizes) and isinstance(self._row[1], int)
            made = self.become((int(np.prod(sizes)),)) if told else self.as_array()
            return made.reshape(*shape, **kw)
        rest = [n for n in sizes[1:] if type(n) is int and n > 0]
        if len(sizes) == 1 and sizes[0] == self._oracle.rows:
            return self.become((sizes[0],))
        columns = int(np.prod(rest))
        if len(rest) == len(sizes) - 1 and columns > 1:
            self.become((self._oracle.rows, columns))
            return self.value.reshape(-1, *rest, **kw)
        return self.as_array().reshape(*shape, **kw)

    # in place of anything else

    def __fspath__(self) -> str:
        return self.stands_for  # of a folder that was loaded, in which there is nothing

    def __call__(self, *args: Any, **kw: Any) -> Any:
        several = lambda: _unpacked_into(attribute=True) > 1  # noqa: E731
        return absent.called(self, args, kw, several, _is_operand)

    def __enter__(self) -> Unknown:
        return self

    def __exit__(self, *_: object) -> Literal[False]:
        return False

    def __getitem__(self, index: Any) -> Any:
        is_key = isinstance(index, str) and (self.known() is None or self.loaded)
        if is_key or (self.parts and not self.loaded):
            return self._part(index)
        if self.loaded and are_columns(index):
            return self._columns(index)
        if self.loaded and (name := column(index)) is not None:
            return self[name]
        if isinstance(index, tuple) and any(map(is_open, index)) and not self._row:
            return self.as_array()[index]  # labels, say
        return self._part(index) if self._is_pair(index) else self._taken(settled(index))

    def _taken(self, index: Any) -> Any:
        """What is taken out of it: a size, the parameters of a layer, samples, or numbers."""
        if self.setting and self.known() is None and isinstance(index, int | slice):
            made = self._elements()[index]
            if isinstance(made, StandIn) and SHAPE_NAME.fullmatch(self.stands_for):
                return made.as_integer()
            return made
        if SHAPE_NAME.fullmatch(self.stands_for) and self._is_untold():
            self.value = (SAMPLES, self._oracle.fresh())
            self._oracle.drawn[self.value[1]] = None
            return self.value[index]
        if self._may_be_list(index) and (made := self._as_list()) is not None:
            return made[index]
        if self.known() is None and isinstance(index, slice) and (self.loaded or self._counted):
            return self._batch(index)
        if self.known() is None and isinstance(index, slice):
            self._cut(index)
        elif self.known() is None and isinstance(index, tuple) and not self.loaded:
            self.become(self._of(sum(part is not None for part in index)))
        return self.as_array()[index]

    def __setattr__(self, name: str, value: Any) -> None:
        if name in StandIn.__slots__:
            object.__setattr__(self, name, value)
        else:
            self.parts[name] = value

    def __setitem__(self, index: Any, value: Any) -> None:
        index = (column(index) if self.loaded else None) or index
        if self.known() is None and (isinstance(index, str) or self.parts):
            self.parts[index] = value
        else:
            self.as_array()[settled(index)] = settled(value)

    def __len__(self) -> int:
        if self.setting and self.known() is None:
            return len(self._elements())
        whole, at = self._row or (self, 0)
        if self.known() is None and (at is WHOLE or isinstance(at, slice)):
            return len(range(len(whole))[slice(None) if at is WHOLE else at])
        if self.known() is None and self._row is None and self._flip is None:
            self._counted = True
            return self._oracle.rows if self.loaded else SAMPLES
        return len(self.as_array())

    def __iter__(self) -> Iterator:
        if self.setting and self.known() is None:
            count = _unpacked_into()
            return iter(self._elements(count or LAYERS))
        if DATA_LOADER.search(self.stands_for) and self.known() is None:
            pair = self._part("X"), self._part("y")
            return iter([pair, pair])
        if self.known() is None and (count := _unpacked_into()):
            if self._given and count % len(self._given) == 0:  # as those that split samples do
                return iter([one for one in self._given for _ in range(count // len(self._given))])
            return iter([self._part(k) for k in range(count)])
        if self.parts and not self.loaded:
            return iter(self.parts)
        if self._is_untold() and self._oracle.choose(("rows", PARAMETER_LIST), "rows") != "rows":
            return iter(self._parameters())
        if self.known() is None and self._flip is None:
            return (self._sample(k) for k in range(len(self)))
        return iter(self.as_array())

    def __contains__(self, _: Any) -> bool:
        return self._oracle.choose((False, True))

    def __add__(self, other: Any) -> Any:
        return self._list() + other if self._joins(other) else np.add(self, other)

    def __radd__(self, other: Any) -> Any:
        return other + self._list() if self._joins(other) else np.add(other, self)

    def __mul__(self, other: Any) -> Any:
        return other * self.as_integer() if self._repeats(other) else np.multiply(self, other)

    def __rmul__(self, other: Any) -> Any:
        return other * self.as_integer() if self._repeats(other) else np.multiply(other, self)

    def _repeats(self, other: Any) -> bool:
        """Whether it is how many entries a list gets, as in [0.0] * n."""
        counts = type(self.known()) is int or self._is_undecided()
        single = isinstance(other, list) and len(other) == 1
        return counts and single and (self.setting or not np.any(other))

    def _are_members(self, other: Unknown) -> bool:
        """Whether both are members of one enumeration: attributes of what was imported."""
        (own, dot, _), (its, _, _) = (one.stands_for.rpartition(".") for one in (self, other))
        undecided = self._is_undecided() and other._is_undecided()
        return undecided and own == its and bool(dot) and not CALLED_OR_TAKEN.search(own)

    def _joins(self, other: Any) -> bool:
        """Whether it is a list that is joined to another."""
        return isinstance(other, list) and (self.setting or isinstance(self.value, list))

    def __mro_entries__(self, bases: tuple) -> tuple:
        return ()

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
        if isinstance(other, Unknown) and self._are_members(other):
            return self is other
        if other is None:
            return self._oracle.choose((False, True))
        if isinstance(other, bool) and self._is_undecided():
            return bool(self) == other
        if self.loaded and type(other) is int and other < 0 and self._is_undecided():
            return False  # as what a file that was not found would be, in C
        if type(other) is int:
            self._may_be_number((LAYERS, other), "layer")
        return np.equal(self, other)

    def __ne__(self, other: Any) -> Any:
        same = self == other
        return not same if isinstance(same, bool) else np.logical_not(same)

    def __gt__(self, other: Any) -> Any:
        return np.greater(self._as_count(other), other)

    def __ge__(self, other: Any) -> Any:
        return np.greater_equal(self._as_count(other), other)

    def __lt__(self, other: Any) -> Any:
        return np.less(self._as_count(other), other)

    def __le__(self, other: Any) -> Any:
        return np.less_equal(self._as_count(other), other)

    def _as_count(self, other: Any) -> Any:
        """A number of epochs, say, where it is compared with a whole number; or itself."""
        if type(other) is int:
            self._may_be_number((max(1, other + 1),), "count")
        return self if self.value is None else self.value

    def _may_be_number(self, numbers: tuple[int, ...], kind: str) -> None:
        """Become one of these, or stay what may be an array, where nothing is known of it yet."""
        if self._is_untold() and not self.parts:
            picked = self._oracle.choose(("array", *numbers), kind)
            self.value = None if picked == "array" else picked

    def __hash__(self) -> int:
        if self.setting and self.known() is None and self._oracle.words:  # a key of a dict
            self.value = self._oracle.choose(self._oracle.words, self.of_list)
        return hash(self.value) if isinstance(self.value, str | int) else id(self)

    def __str__(self) -> str:
        return self.stands_for if self.value is None else str(self.value)

    def __format__(self, spec: str) -> str:
        if isinstance(self.value, int | str):
            return format(self.value, spec)
        return format(0.0, spec) if spec.endswith(("f", "e", "g")) else self.stands_for

    def __deepcopy__(self, memo: dict) -> Any:
        return self if (value := self.known()) is None else copy.deepcopy(value, memo)


def _is_operand() -> bool:
    """Whether what a call gives is added to something, or subtracted from it, at once."""
    return [step.opname for step in itertools.islice(_instructions(), 1, 2)] == ["BINARY_OP"]


def _unpacked_into(*, attribute: bool = False) -> int:
    """How many names a value is being unpacked into; 0 where it is not.

    Args:
        attribute: whether it is one of its attributes that is.
    """
    steps = _instructions()
    at = next(steps, None)
    at = next(steps, at) if attribute else at
    return at.arg or 0 if at is not None and at.opname == "UNPACK_SEQUENCE" else 0


def _instructions() -> Iterator[dis.Instruction]:
    """What the program does now, and what comes after that; nothing where none of it runs."""
    frame = current().frame(beside=True)
    for step in () if frame is None else dis.get_instructions(frame.f_code):
        if step.offset >= frame.f_lasti:
            yield step
