"""What a stand-in for data that are not there becomes: an array, a number, a list, or a word."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from jaxmlp.verify.names import LAYER_COUNT, SAMPLE_COUNT
from jaxmlp.verify.run import data_sets
from jaxmlp.verify.run.arrays import STOOD_IN, Recorded, lifted, recorded_number, recorded_result
from jaxmlp.verify.run.encoding import encoded, plain
from jaxmlp.verify.run.oracle import FRESH_SIZES, SAMPLES, VALUES, Oracle, Shape
from jaxmlp.verify.run.shapes import as_weights, target
from jaxmlp.verify.run.tape import current

LAYERS = 3
WHOLE = None  # in place of a row, for a copy of all
PARAMETER_LIST = "parameters"  # of a few layers, in a list
DEPTHS = (2, 3, LAYERS + 1)
PICKLED = "pickle"
# A column of a frame, by its name; labels, in a file of arrays, or that a library predicts.
COLUMN = re.compile(r"\.read_\w+\(.*\['[^']*'\]$|File\(.*(_y|labels?|classes|targets?)'\]$"
                    r"|\.predict\(\)#\d+$|^a file of labels#")  # fmt: skip
MATLAB_LABELS = re.compile(r"loadmat.*\['[yY]'\]$")  # a column, in MATLAB's files
OF_FILE = re.compile(r"\.open\(([^)]+)\)")
# What there is one of for each layer: its units, or a word for its activation.
OF_LAYERS = re.compile(
    r"neurons|units|(layer|hidden)_?(sizes|dims)|activation_?(function|name|type)s"
)
MAGICS, IMAGE = (2051, 2049), (28, 28)  # in MNIST's files: of images, of labels
STAND_IN_KINDS = ("table", "column", "images", "pictures", "samples as columns")
PICTURE = 64 * 64  # as those of which a well-known course has datasets, in three colours


class Magic(int):
    """The number that says what is in a file: that which the program expects."""

    def __eq__(self, other: object) -> bool:
        return other in MAGICS

    def __ne__(self, other: object) -> bool:
        return other not in MAGICS

    __hash__ = int.__hash__


class StandIn:
    """Something that is open, until it becomes an array, a number or a collection.

    Attributes:
        stands_for: the name that is not there.
        value: what it has become, or None.
        loaded: whether it comes out of a file or a module, and is data.
        setting: whether an object is made with it: it may be the sizes of all layers, or a word.
        wordless: whether it is none of the words that the program compares it with.
        of_list: what it stands for in a list of settings: what one layer is made with; else "".
        like: the shape that it has, if it may.
        width: how many columns it has; 0 where that is not said.
    """

    __slots__ = (
        "_counted", "_flip", "_given", "_oracle", "_other_words", "_row", "_samples", "like",
        "loaded", "of_list", "parts", "setting", "stands_for", "value", "width", "wordless",
    )  # fmt: skip

    def __init__(
        self, stands_for: str, oracle: Oracle, flip: StandIn | None = None, *,
        loaded: bool = False, row: tuple[Any, int | slice | None] | None = None,
        setting: bool = False, of_list: str = "", wordless: bool = False,
    ):  # fmt: skip
        self.of_list, self.wordless = of_list, wordless
        self.stands_for, self._oracle, self._flip = stands_for, oracle, flip
        self.loaded, self._row = loaded, row
        self._given: tuple = ()  # the arrays that it was made of
        self._counted, self.setting = False, setting
        self.like: Shape | None = None
        self.width = 0
        self._samples: list[Any] = []
        self._other_words: set[str] = set()  # those that it is not
        self.value: Any = None
        self.parts: dict[Any, StandIn] = {}

    def _another(self, name: str, **kw: Any) -> Any:
        """A stand-in for something in it, or made of it."""
        return type(self)(name, self._oracle, **kw)

    # what it is known to be

    def known(self) -> Any:
        """What it has become; None while it is open."""
        if self._flip is not None:
            flipped = self._flip.known()
            return None if flipped is None else np.transpose(flipped)
        if self.value is None and self._row is not None:
            whole, k = self._row
            self.value = None if whole.known() is None else whole._entry(k)
        return self.value

    def _is_untold(self) -> bool:
        """Whether nothing says yet what it is, or comes of."""
        return self.known() is None and not (self.loaded or self._row or self._flip)

    def _is_undecided(self) -> bool:
        """Whether nothing says yet what it is."""
        return self.known() is None and not (self.parts or self._row or self._flip)

    # an array or a number

    def become(self, shape: Shape, like: np.ndarray | None = None) -> Any:
        """Become an array of this shape, with values as fit for a target beside `like`."""
        if self._flip is not None:
            return np.transpose(self._flip.become(shape[::-1], None if like is None else like.T))
        if self._row is not None:
            whole, k = self._row
            if k is WHOLE:
                whole.become(shape, like)
                return self.known()
            if isinstance(k, slice):
                whole.become((len(whole), *shape[1:]))
                return self.known()
            beside = None if like is None else np.broadcast_to(like, (len(whole), *like.shape))
            whole.become((len(whole), *shape), beside)
            return self.known()
        if self.value is None and self._given:
            return self.as_array()
        if self.value is None and self.loaded:
            return self._load(lifted(self._whole_numbers(shape)))
        if self.value is None:
            self._oracle.drawn.update(dict.fromkeys(shape))
            drawn = self._drawn(shape, like)
            self.value = recorded_number(float(drawn)) if shape == () else lifted(np.asarray(drawn))
            current().stands_in(self.value)
            self._oracle.leads_to(self.value)
            self._oracle.made[self.stands_for] = self.value
        return self.value

    def _drawn(self, shape: Shape, like: np.ndarray | None) -> np.ndarray:
        """Random numbers, as they have to be."""
        drawn = target(like, shape, self._oracle.random)
        if self._oracle.is_whole(self.stands_for) and shape:
            return np.arange(drawn.size).reshape(shape) % 2  # not all the same
        return 1 / (1 + np.exp(-drawn)) if self._oracle.is_positive(self.stands_for) else drawn

    def _load(self, value: Any) -> Any:
        """Become what was loaded."""
        self.value = value
        self._oracle.loads.append(value)
        current().stands_in(value)
        self._oracle.leads_to(value)
        return value

    def as_integer(self) -> int:
        """Become an integer."""
        if self.value is None and self.of_list:
            sizes = (self._oracle.fresh(), *self._oracle.own)  # of the last, such as 10 classes
            last = self.stands_for.endswith(f"[{LAYERS - 1}]")
            self.value = self._oracle.choose(sizes) if last and sizes[1:] else sizes[0]
        if self.value is None and LAYER_COUNT.fullmatch(self.stands_for):
            self.value = self._oracle.choose(DEPTHS)
        if self.value is None and self.setting and self._oracle.has_layers:
            self.value = self._oracle.choose((self._oracle.fresh(), LAYERS))
        if self.value is None and SAMPLE_COUNT.fullmatch(self.stands_for) and not self.setting:
            self.value = self._oracle.choose((SAMPLES, self._oracle.fresh()))
        if self.value is None and self._oracle.made and not self.setting:
            known = [n for size in self._oracle.used() for n in (size, size - 1)]
            known += [1] if 1 in self._oracle.own else []  # where a single number is asked for
            self.value = self._oracle.choose((self._oracle.fresh(), *dict.fromkeys(known)))
        if self.value is None:
            self.value = self._oracle.fresh()
        self._oracle.drawn[int(self.value)] = None
        return int(self.value)

    def of_head(self) -> int:
        """Become a number at the head of a file, as MNIST's have it: what the file is, how many
        samples it has, and of images their height and width."""
        current().guessed = True
        file, heads = self.stands_for.partition(".")[0], self._oracle.heads
        heads[file] = heads.get(file, 0) + 1
        return (Magic(MAGICS[0]), self._oracle.rows, *IMAGE)[(heads[file] - 1) % 4]

    def of_axes(self) -> int:
        """How many axes the array in such a file has; its head goes on with their sizes."""
        self._oracle.heads[self.stands_for.partition(".")[0]] = 1
        return 1 if "label" in self.stands_for else 3

    def of_body(self) -> list[int]:
        """The bytes that follow such a head: of images as many as they have, else labels."""
        file = self.stands_for.partition(".")[0]
        size = int(np.prod(IMAGE)) if self._oracle.heads.get(file, 0) > 2 else 1
        labels = self._oracle.random.permutation(self._oracle.rows * size) % VALUES
        return labels.tolist()

    def as_labels(self) -> Any:
        """Become one label a sample."""
        return self.become((self._oracle.rows,)).astype(int)

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

    def _entry(self, at: int | slice | None) -> Any:
        """One of its samples, which are all taken out of it at one place of the program; or some,
        taken where they are asked for."""
        whole = self.known()
        if at is WHOLE:
            return np.copy(whole)
        if isinstance(at, slice):
            return lifted(whole[at])
        if not self._samples:
            self._samples = [lifted(whole[k]) for k in range(len(whole))]
        return self._samples[at]

    def as_array(self) -> Any:
        """Become an array of any shape."""
        if self.known() is None and self._row is not None:
            self._row[0].as_array()
        if self.known() is None and self.of_list:
            return self.as_integer()
        if self.known() is None and self.loaded:
            return self._loaded_array()
        if self.known() is None:
            like = [self.like] if self.like else as_weights(self.stands_for, self._oracle)
            return self.become(self._oracle.choose([*like, *self._oracle.shapes()]))
        return self.known()

    def _of(self, axes: int) -> Shape:
        """A shape with so many axes, each of a size of its own, or the last of one that is used, or
        with samples as columns; of images with as many channels as something has."""
        new = (SAMPLES, *map(self._oracle.fresh, range(axes - 1)))
        like = [self.like] if self.like is not None and len(self.like) == axes else []
        used = self._oracle.used()
        columns = [(size, SAMPLES) for size in (*used, 1) if size != SAMPLES and axes == 2]
        images = [(new[0], size, *new[2:]) for size in used if axes == 4]
        last = [(*new[:-1], size) for size in used]
        return self._oracle.choose([*like, new, *images, *last, *columns])

    def _loaded_array(self) -> Any:
        """A table of whole numbers, or a column of them, each a label or a measurement."""
        name = self.stands_for
        if self._flip is not None:
            return np.transpose(self._flip.as_array())
        labels = PICKLED in name and name.endswith("[1]")  # beside the samples
        single = labels or bool(COLUMN.search(name))
        kinds = (
            *([STAND_IN_KINDS[1]] if single else []),
            *(["given"] if self._given else []),
            *STAND_IN_KINDS,
        )
        file = OF_FILE.search(name)  # of one file it is the same each time
        kind = self._oracle.choose(kinds, f"of {file[1]}" if file else "")
        if kind == "given":
            source = np.array(plain(settled(self._given[0])))
            self.value = self._given_back(data_sets.standardized(name.rpartition("()")[0], source))
            return self.value
        usual = {"images": 6, "pictures": PICTURE}.get(kind, FRESH_SIZES[0])
        usual = 1 if MATLAB_LABELS.search(name) else usual
        width = self._oracle.lengths.get(name, self.width or usual)
        if kind != "column":
            self._oracle.tables[name] = width
        high = max(k for k in range(1, width + 1) if width % k == 0 and k * k <= width)
        image = (high, width // high)
        shape = {"column": (), "images": image, "pictures": (*image, 3)}.get(kind, (width,))
        made = self._whole_numbers((self._oracle.rows, *shape))
        made = made.T if kind == "samples as columns" else made
        return self._load(self._given_back(made) if self._given else lifted(made))

    def _whole_numbers(self, shape: Shape) -> np.ndarray:
        """Numbers that are labels as well as measurements; each comes in every column."""
        values = self._oracle.lengths.get("values", VALUES)
        rows, size = shape[0] if shape else 1, int(np.prod(shape[1:]))
        columns = [self._oracle.random.permutation(rows) % values for _ in range(size)]
        return np.stack(columns, axis=1).astype(float).reshape(shape)

    def _given_back(self, value: Any) -> Any:
        """What is made of arrays by something that is not there: lost for the tape."""
        taped = encoded(tuple(array for array in self._given if isinstance(array, Recorded)))
        name = f"{STOOD_IN}{self.stands_for}"
        return recorded_result(np.array(plain(value)), name, taped) if taped else lifted(value)

    # a collection

    def _part(self, key: Any, name: str = "") -> Any:
        if key not in self.parts:
            self.parts[key] = self._new_part(key, name)
        part = self.parts[key]
        return part if not isinstance(part, StandIn) or part.known() is None else part.known()

    def _columns(self, names: list[str]) -> Any:
        """Some columns of a table."""
        if not self._is_undecided() and not self.parts:
            return self
        part = self._part(tuple(names))
        if isinstance(part, StandIn):
            part.width = len(names)
        return part

    def _new_part(self, key: Any, name: str = "") -> StandIn:
        """Something in it; in a sample what each sample has there."""
        name, row = name or f"{self.stands_for}[{key!r}]", None
        if self._row is not None:
            whole, k = self._row
            if key not in whole.parts:
                whole.parts[key] = whole._new_part(key)
            row = whole.parts[key], k
        within = f"{self.of_list}[{key!r}]" if self.of_list else ""
        return self._another(name, loaded=self.loaded, row=row, of_list=within,
                             setting=bool(within))  # fmt: skip

    def _batch(self, index: slice) -> StandIn:
        """Some of the samples of data, where there are so many; or all: a part is as good."""
        bounds = index.start, index.stop
        told = all(type(bound) is int for bound in bounds) and index.step is None
        plain = self.loaded and not (self._row or self._flip or self._given or self.parts)
        if not (told and plain and 0 <= index.start < index.stop <= self._oracle.rows):
            return self
        return self._another(f"{self.stands_for}[{index}]", loaded=True, row=(self, index))

    def copied(self) -> StandIn:
        """A copy, which is open as long as it is."""
        return self._another(f"{self.stands_for}", row=(self, WHOLE))

    def _sample(self, k: int) -> StandIn:
        return self._another(f"{self.stands_for}[{k}]", loaded=self.loaded, row=(self, k))

    def _may_be_list(self, index: Any) -> bool:
        """Whether one is taken, and it was counted, as a list is; or another has become one."""
        like_others = self._oracle.habits.get("list", 0) > 0
        called = bool(OF_LAYERS.search(self.stands_for))
        told = self._counted or like_others or called
        return self._is_untold() and isinstance(index, int) and told

    def _as_list(self) -> list | None:
        """Become sizes, or the parameters of as many layers; None for an array."""
        if OF_LAYERS.search(self.stands_for):
            return self._elements()
        kind = self._oracle.choose(("array", "sizes", PARAMETER_LIST), "list")
        if kind == PARAMETER_LIST:
            return self._parameters()
        return self._elements() if kind == "sizes" else None

    def _parameters(self) -> list[StandIn]:
        """Become the parameters of a few layers."""
        self.value = [self._another(f"{self.stands_for}[{k}]") for k in range(SAMPLES)]
        return self.value

    def _elements(self, count: int = LAYERS) -> list[StandIn]:
        """Become what a few layers are made with: their sizes, all different, or words."""
        name = self.stands_for
        self.value = [self._another(f"{name}[{k}]", setting=True, of_list=f"{name}[]")
                      for k in range(count)]  # fmt: skip
        self._oracle.has_layers = True
        return self.value

    def _cut(self, index: slice) -> None:
        """Become a vector that is cut into parameters, where a bound says so; else a table."""
        bounds = [int(plain(b)) for b in (index.start, index.stop) if b is not None]
        if bounds and max(bounds) > 2 * SAMPLES:
            self._oracle.vectors.append(self.stands_for)
            length = self._oracle.lengths.get(self.stands_for, max(bounds))
            self._oracle.cut[self.stands_for] = length
            self.become((length,))

    def _is_pair(self, index: Any) -> bool:
        """Whether it is samples and labels, in a file of objects, or a sample and its target, and
        one of both is taken."""
        if type(index) is not int or index not in (0, 1) or self.known() is not None:
            return False
        if PICKLED in self.stands_for:
            return self._oracle.choose((True, False), PICKLED)
        sample = self._row is not None and isinstance(self._row[1], int)
        return sample and bool(self._row[0].parts or self._oracle.choose((False, True), "pair"))

    def _is_word(self, word: str) -> bool:
        """Whether it becomes this word; once it has not, it never does."""
        if self.wordless or word in self._other_words:
            return False
        if self._oracle.choose((False, True), f"{self.of_list} is {word}" if self.of_list else ""):
            self.value = word
            return True
        self._other_words.add(word)
        return False

    def _list(self) -> list:
        return self._elements() if self.known() is None else list(self.value)


def settled(value: Any) -> Any:
    """An argument in which what is still open has become an array."""
    if isinstance(value, StandIn):
        return value.as_array()
    if isinstance(value, tuple) and not hasattr(value, "_fields"):
        return tuple(map(settled, value))
    if isinstance(value, list):
        return [settled(part) for part in value]
    if isinstance(value, dict):
        return {key: settled(part) for key, part in value.items()}
    if isinstance(value, slice):
        parts = (value.start, value.stop, value.step)
        return slice(*(p.as_integer() if isinstance(p, StandIn) else p for p in parts))
    return value
