"""Whether a program compares outputs with the targets of the same data.

Data and targets go together if both are those of the training, or neither. That they don't is told
only with the name of the array that goes with them.
"""

from collections.abc import Iterable, Iterator, Mapping

import numpy as np

from jaxmlp.verify.finding import Note, Words
from jaxmlp.verify.judge.after import After, LaterMistake
from jaxmlp.verify.run.tape import Node, Span

COMPARING = frozenset(("equal", "not_equal", "subtract"))
AGGREGATES = frozenset(("np.mean", "np.sum", "np.std", "np.var", "np.max", "np.min", "add.reduce"))
OF_DATA = Words(
    "Which data, and which targets, is the error taken of here?",
    "ここでは、どのデータとどの教師ベクトルから誤差を計算していますか。",
)


class Compared(After):
    """Outputs, and what they are compared with."""

    def mistakes(self) -> Iterator[LaterMistake]:
        """Outputs of some data compared with the targets of others."""
        done = set()
        for g, y in self._meetings():
            xs, ys = self._leaves_of_output(g), self._leaves([y])
            if xs and ys and (key := (frozenset(xs), frozenset(ys))) not in done:
                done.add(key)
                yield from self._compared(xs, ys, self._meeting(g, y))

    def _meetings(self) -> Iterator[tuple[int, int]]:
        """Outputs, or the classes that they mean, and what they are compared with."""
        for number in sorted(self.moving - self.params.keys()):
            before, op = self.graph.before[number], self.nodes[number].op
            for g in set(before) & self.moving:
                if op in COMPARING or (op == "multiply" and self.nodes[g].op == "log"):
                    others = (y for y in before if y not in self.moving)
                    yield from ((g, y) for y in others if not self._summed(y))

    def _summed(self, y: int) -> bool:
        """Whether a value says something of all data, as a mean does."""
        return any(self.nodes[i].op in AGGREGATES for i in self.graph.ancestors([y]))

    def _compared(self, xs: set[int], ys: set[int], span: Span) -> Iterator[LaterMistake]:
        trained_x, trained_y = self._trained()
        known = self.found.world.recording.nodes
        lengths = {len(known[i].value) for i in trained_y}
        of_x = self._is_kin(xs, trained_x) or self._seen(xs, trained_x)
        of_y = self._is_kin(ys, trained_y)
        if of_y and not of_x and lengths & {self._shape(i)[0] for i in ys}:
            own, note = self._other(xs, ys, trained_y), _other_targets
        elif of_x and not of_y and not self._seen(ys, trained_y):
            own, note = self._other(ys, xs, trained_x), _other_data
        else:
            return
        if own:
            yield LaterMistake(note(self._name(xs), self._name(ys), own), span)

    def _is_kin(self, leaves: Iterable[int], trained: set[int]) -> bool:
        return any(trained.intersection(self.later.kin.get(i, ())) for i in leaves)

    def _trained(self) -> tuple[set[int], set[int]]:
        """The leaves that the step's data come from, and those of its targets."""
        world, target = self.found.world, self.found.choice.target
        graph, nodes = world.graph, world.recording.nodes
        moving = graph.dependents(world.roots)
        ys = _arrays(nodes, graph.ancestors(target.nodes))
        feeding = {b for i in moving - target.backward for b in graph.before[i]} - moving
        return _arrays(nodes, graph.ancestors(feeding)) - ys, ys

    def _leaves(self, of: Iterable[int]) -> set[int]:
        return _arrays(self.nodes, self.graph.ancestors(of)) - self.params.keys()

    def _leaves_of_output(self, g: int) -> set[int]:
        inside = self.graph.ancestors([g]) & self.moving
        return self._leaves({b for i in inside for b in self.graph.before[i]} - self.moving)

    def _seen(self, leaves: set[int], trained: set[int]) -> bool:
        """Whether the values are those that were trained with, wherever they have come from."""
        known = self.found.world.recording.nodes
        return any(_alike(self.nodes[a].value, known[b].value) for a in leaves for b in trained)

    def _other(self, with_: set[int], instead: set[int], trained: set[int]) -> str | None:
        """The name of an array that is as long as these, and of the kind of what stands instead."""
        lengths = {self._shape(i)[0] for i in with_}
        kinds = {self._shape(i)[1:] for i in instead}
        behind = self.graph.ancestors(with_) | with_
        for name, node, shape in self.later.arrays:
            fits = shape[0] in lengths and (shape[1:] in kinds or len(shape) == 1)
            if fits and node not in behind | self.moving and not self._is_kin([node], trained):
                return name
        return None

    def _shape(self, leaf: int) -> tuple[int, ...]:
        named = {node: shape for _, node, shape in self.later.arrays}
        return named.get(leaf, self.nodes[leaf].value.shape)

    def _name(self, leaves: set[int]) -> str:
        named = {node: name for name, node, _ in self.later.arrays}
        return next((named[i] for i in sorted(leaves) if i in named), "") or "…"

    def _meeting(self, g: int, y: int) -> Span:
        """Where a target is taken out of the wrong array, or else where it is compared."""
        if self.nodes[y].op != "leaf":
            while self.nodes[y].op != "getitem" and self.graph.before[y]:
                y = self.graph.before[y][0]
            if self.nodes[y].op == "getitem":
                return self.nodes[y].span
        after = [i for i in self.graph.after[y] if i in self.moving]
        return self.nodes[after[0] if after else g].span


def _arrays(nodes: Mapping[int, Node], among: set[int]) -> set[int]:
    """The leaves that are data."""
    return {i for i in among if nodes[i].op == "leaf" and nodes[i].value.ndim}


def _alike(one: np.ndarray, other: np.ndarray) -> bool:
    """Whether arrays have the same rows, but for columns in front, or one the other's labels."""
    if len(one) != len(other) or not one.size or not other.size:
        return False
    if one.ndim == 2 and other.ndim == 2:
        width = min(one.shape[1], other.shape[1])
        return np.array_equal(one[:, -width:], other[:, -width:])
    first, second = (array.argmax(1) if array.ndim == 2 and array.shape[1] > 1 else array.ravel()
                     for array in (one, other))  # fmt: skip
    return np.array_equal(first, second)


def _other_targets(x: str, y: str, own: str) -> Note:
    return Note("evaluated-on-other-targets", Words(
        f"The outputs of {x} are compared with {y}, the targets of the training data; {own} goes "
        f"with {x}.",
        f"{x} の出力を、学習データの教師ベクトル {y} と比べています。"
        f"{x} に対応するのは {own} です。"),
        OF_DATA)  # fmt: skip


def _other_data(x: str, y: str, own: str) -> Note:
    return Note("evaluated-on-other-data", Words(
        f"The outputs of the training data {x} are compared with {y}, which goes with {own}.",
        f"学習データ {x} の出力を {y} と比べています。{y} に対応するのは {own} です。"),
        OF_DATA)  # fmt: skip
