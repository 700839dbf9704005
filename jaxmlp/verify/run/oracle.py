"""What a stand-in may be, where more than one thing would do: chosen, and remembered."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from jaxmlp.verify.run.arrays import lifted
from jaxmlp.verify.run.tape import current

SAMPLES = 3
TABLE_ROWS = 12  # of a table that a file has loaded
VALUES = 10  # different ones in it
FRESH_SIZES = (5, 4, 6, 2, *range(7, 60))
ARGUMENTS = "arguments"  # on the command line, how many
# in front of a stand-in's name, what its entries are
POSITIVE, WHOLE_NUMBERS = "positive ", "whole "
Shape = tuple[int, ...]


class Oracle:
    """Chooses among what a stand-in may be.

    Args:
        told: the choices to make, by number; from there on it is always the first.
        lengths: of vectors that are cut into parameters, by name.
        seed: of the values.
        own: sizes that the file's own data have.
    """

    def __init__(
        self, told: Sequence[int] = (), lengths: dict[str, int] | None = None, seed: int = 0,
        own: Sequence[int] = (),
    ):  # fmt: skip
        self.own = tuple(own)
        self.absent: frozenset[str] = frozenset()  # names that nothing in the program gives
        self.words: tuple[str, ...] = ()  # the keys of the program's dicts
        self.letters: tuple[str, ...] = ()  # those that it reads drawings with
        self.typed = 0  # whole numbers
        self.answers = 0  # choices of what somebody types, who may type that
        self.told, self.lengths = tuple(told), lengths or {}
        self.taken: list[tuple[int, Sequence[Any]]] = []
        self.led_to: list[int | None] = []  # by choice, the node of the array that it was made for
        self.random = np.random.default_rng(seed)
        self.habits: dict[str, int] = {}
        self.usual = TABLE_ROWS  # or what is next to it, where that is a number of the program's
        self.drawn: dict[int, None] = {}  # sizes, in order
        self.tables: dict[str, int] = {}  # the widths of tables that were loaded
        self.loads: list[Any] = []  # the arrays that stand for what was loaded
        self.calls = 0
        self.heads: dict[str, int] = {}  # how many numbers of the heads of files were read
        self.output: Shape | None = None  # of what a forward pass has given
        self.made: dict[str, Any] = {}  # the arrays that stand-ins have become, by name
        self.activated: tuple[set[int], set[int]] = (set(), set())  # nodes of u, and of f(u)
        self.applied: dict[str, list[Any]] = {}  # what each f, by its name, has given
        self.measured: dict[str, tuple] = {}  # what each error function was last given
        self.ours = False  # whether the shapes are those of the exercise
        self.has_layers = False  # whether an object is made with the sizes of its layers
        self.vectors: list[str] = []
        self.cut: dict[str, int] = {}

    @property
    def guesses(self) -> bool:
        """Whether there are shapes that nobody has told."""
        return len(self.taken) > self.answers or bool(self.tables)

    @property
    def rows(self) -> int:
        """Of what the program has loaded."""
        return self.lengths.get("rows", self.usual)

    def is_positive(self, name: str) -> bool:
        """Whether a stand-in's entries have to be, since a logarithm is taken of them."""
        return POSITIVE + name in self.lengths

    def is_whole(self, name: str) -> bool:
        """Whether a stand-in's entries have to be, since they are places: labels."""
        return WHOLE_NUMBERS + name in self.lengths

    def choose(self, options: Sequence[Any], kind: str = "", *, typed: bool = False) -> Any:
        """One of the options; of one kind the same each time, if nothing else is told.

        Args:
            typed: whether it is what somebody types.
        """
        self.answers += typed
        at = len(self.taken)
        picked = self.told[at] if at < len(self.told) else self.habits.get(kind, 0)
        picked = min(picked, len(options) - 1)
        if kind:
            self.habits[kind] = picked
        self.taken.append((picked, options))
        self.led_to.append(None)
        return options[picked]

    def leads_to(self, array: np.ndarray) -> None:
        """That an array is what came of the last choices of a shape, or of a kind of array."""
        node = current().node_of(array)
        for at in reversed(range(len(self.taken))):
            picked, options = self.taken[at]
            if self.led_to[at] is not None or not isinstance(options[picked], tuple | str):
                return
            self.led_to[at] = node

    def used(self) -> list[int]:
        """The sizes that something has, but for 1."""
        return [size for size in self.drawn if size > 1]

    def sample(self, name: str) -> Any:
        """What a file with one sample in it has: a label, and numbers."""
        width = self.lengths.get(name, FRESH_SIZES[0])
        self.tables[name] = width
        drawn = self.random.integers(0, self.lengths.get("values", VALUES), width)
        return lifted(drawn.astype(float))

    def drawing(self) -> str:
        """The text of a file of drawings, one a line."""
        self.calls += 1
        name = f"drawing#{self.calls}"
        width = self.tables[name] = self.lengths.get(name, FRESH_SIZES[0])
        lines = self.random.choice(self.letters, (self.rows, width))
        return "\n".join(map("".join, lines))

    def fresh(self, skip: int = 0) -> int:
        """A size that no stand-in has, nor, if there is one, any table of the program's; or the
        next but some."""
        free = [size for size in FRESH_SIZES if size not in self.drawn]
        return sorted(free, key=current().sizes.__contains__)[skip]

    def shapes(self) -> list[Shape]:
        """All that an array may be of which nothing is known: of a new size, or of one used."""
        used, new = self.used(), self.fresh()
        tables = [(SAMPLES, size) for size in dict.fromkeys((*used, SAMPLES))]
        tables += [(SAMPLES, size - 1) for size in used if size - 1 not in (1, *used)]  # and a 1
        known = [(SAMPLES, new), *tables, (SAMPLES,), (new,), *((s,) for s in used), (new, 1), ()]
        known += [(size, rows) for size in used for rows in (1, SAMPLES) if size != SAMPLES]
        known += [(1, size) for size in used]  # one number for each sample
        known += [(SAMPLES, size, 1) for size in used if size != SAMPLES]  # samples as columns
        # Those come last, size by size, for there come to be more of them.
        own: list[Shape] = [shape for size in self.own for shape in
                            ((SAMPLES, size), (size - 1,), (SAMPLES, size - 1),
                             (size - 1, SAMPLES))  # and a 1
                            if shape[0] > 1 and (shape[-1] > 1 or shape[1:] == (1,))]  # fmt: skip
        return known + [candidate for candidate in own if candidate not in known]
