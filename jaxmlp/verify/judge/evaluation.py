"""What is wrong with how a program evaluates its network after a step.

It is the network that was trained if it is the same function of the same parameters, and data and
targets belong together if both are those of the training, or neither. Nothing is said without
evidence: which activation it is instead, which targets go with these data.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from jaxmlp.verify import given
from jaxmlp.verify.finding import Check, Line, Note, Words
from jaxmlp.verify.judge.called import Called, place
from jaxmlp.verify.judge.places import placed
from jaxmlp.verify.judge.steps import Judgement
from jaxmlp.verify.judge.symbols import JOINING
from jaxmlp.verify.judge.told import Telling
from jaxmlp.verify.run.graph import Graph
from jaxmlp.verify.run.later import Later
from jaxmlp.verify.run.network import PASSING
from jaxmlp.verify.run.tape import Node, Span

PRODUCTS = frozenset(("matmul", "np.dot", "np.matmul"))
COMPARING = frozenset(("equal", "not_equal", "subtract"))
OF_DATA = Words(
    "Which data, and which targets, is the error taken of here?",
    "ここでは、どのデータとどの正解から誤差を計算していますか。",
)
OF_NETWORK = Words(
    "Is this the network that was trained?", "これは学習したネットワークと同じものですか。"
)


class Layer(NamedTuple):
    """A product with a matrix, where it is used.

    Attributes:
        W: the matrix, by its node in the step.
        x: what it is multiplied by, one sample a row; `node` is its node.
        u: the product, with its biases.
        product: its node.
        biased: whether biases take part.
        cut: whether only a part of the matrix does.
    """

    W: int
    x: np.ndarray
    node: int
    u: np.ndarray
    product: int
    biased: bool
    cut: bool


class Mistake(NamedTuple):
    """What is wrong, and where."""

    note: Note
    span: Span


def checks(found: Judgement, telling: Telling) -> tuple[Check, ...]:
    """The mistakes in how a step's parameters are evaluated, each as a check; mostly none."""
    later, told = found.world.recording.later, {}
    if later is not None:
        part = Part(found, later, telling)
        for mistake in (*part.networks(), *part.data()):
            told.setdefault(mistake.note.id, mistake)
    return tuple(_check(found, one, telling) for one in told.values())


def _check(found: Judgement, mistake: Mistake, telling: Telling) -> Check:
    recording = found.world.recording
    where = placed(mistake.span, telling.lines, telling.cells)
    text = telling.lines[mistake.span.line - 1]
    line = Line(where.line, text, where.cell, None, (), "wrong")
    return Check(recording.name or "training loop", "evaluation", "wrong", recording.line or None,
                 (mistake.note,), place=where, lines=(line,))  # fmt: skip


class Part:
    """A part of the tape after a step, compared with the step."""

    def __init__(self, found: Judgement, later: Later, telling: Telling):
        self.found, self.later, self.telling = found, later, telling
        self.nodes, self.graph = later.nodes, Graph(later.nodes)
        self.params = {new: old for old, new in later.params}
        self.moving = self.graph.dependents([i for i in self.params if i in later.nodes])

    # the network

    def networks(self) -> Iterator[Mistake]:
        """Layers that are other ones than in the step."""
        world, target = self.found.world, self.found.choice.target
        forward = world.graph.dependents(world.roots) - target.backward
        own = {p.old: p.old for p in world.params}
        trained = list(layers(world.recording.nodes, world.graph, own, forward))
        mine = list(layers(self.nodes, self.graph, self.params, self.moving))
        by_matrix = {one.W: one for one in trained}
        for layer in mine:
            was = by_matrix.get(layer.W)
            if was is None:
                continue
            if was.biased and not layer.biased and self._without_bias(layer, was):
                yield Mistake(_without_bias(), self._span(layer.product))
            before = _before(self.graph, mine, layer)
            was_before = _before(world.graph, trained, was)
            if before and was_before and before.W == was_before.W:
                yield from self._activation(layer, before, was, was_before)

    def _without_bias(self, layer: Layer, was: Layer) -> bool:
        """Whether no other use of the parameters could be that of the biases."""
        if layer.cut:
            return layer.x.shape[1] == was.x.shape[1] - 1
        biases = [p for p, old in self.params.items() if old in self._biases(was)]
        used = self.graph.ancestors(self.graph.dependents([layer.product]))
        return bool(biases) and layer.x.shape[1] == was.x.shape[1] and not used & set(biases)

    def _biases(self, was: Layer) -> set[int]:
        """The parameters that are added to a layer's product in the step."""
        world = self.found.world
        after = world.graph.after[was.product]
        feeding = {b for i in after for b in world.graph.before[i]} - {was.product}
        own = {p.old for p in world.params}
        roots = {_root(world.recording.nodes, world.graph, own, i) for i in feeding}
        return roots - {None}

    def _activation(
        self, layer: Layer, before: Layer, was: Layer, was_before: Layer
    ) -> Iterator[Mistake]:
        trained = _named(was_before.u, was.x)
        if trained is None or _is(trained, before.u, layer.x):
            return
        other = _named(before.u, layer.x)
        if other is not None:
            yield Mistake(_other_f(trained, other), self._span(self._inner(layer, before)))

    def _inner(self, layer: Layer, before: Layer) -> int:
        """The node of f(u), of what a layer is given."""
        number = layer.node
        while self.nodes[number].op in JOINING:
            inside = [i for i in self.graph.before[number] if i in self.moving]
            if not inside or inside[-1] == before.product:
                break
            number = inside[-1]
        return number

    def _span(self, number: int) -> Span:
        """Where a value is computed; of what a function gives, where it is called."""
        span, called = self.nodes[number].span, self._called()
        for part in called.parts:
            if part.target and number in called.given(part):
                return Span(*place(part.value))
        return span

    def _called(self) -> Called:
        recording = replace(self.found.world.recording, nodes=self.nodes)
        return Called(recording, self.telling.code.called.statements, self.telling.cells)

    # the data

    def data(self) -> Iterator[Mistake]:
        """Outputs of some data compared with the targets of others."""
        for g, y in {self.nodes[g].span[:4]: (g, y) for g, y in self._meetings()}.values():
            yield from self._compared(g, y)

    def _meetings(self) -> Iterator[tuple[int, int]]:
        """Outputs, or the classes that they mean, and what they are compared with."""
        for number in sorted(self.moving - self.params.keys()):
            before, op = self.graph.before[number], self.nodes[number].op
            for g in set(before) & self.moving:
                if op in COMPARING or (op == "multiply" and self.nodes[g].op == "log"):
                    yield from ((g, y) for y in before if y not in self.moving)

    def _compared(self, g: int, y: int) -> Iterator[Mistake]:
        xs, ys = self._leaves_of_output(g), self._leaves([y])
        trained_x, trained_y = self._trained()
        if not xs or not ys:
            return
        of_x = self._is_kin(xs, trained_x) or self._seen(xs, trained_x)
        of_y = self._is_kin(ys, trained_y)
        if of_y and not of_x:
            own = self._other(xs, ys, trained_y)
            if own:
                note = _other_targets(self._name(xs), self._name(ys), own)
                yield Mistake(note, self._meeting(g, y))
        elif of_x and not of_y and not self._seen(ys, trained_y):
            own = self._other(ys, xs, trained_x)
            if own:
                note = _other_data(self._name(xs), self._name(ys), own)
                yield Mistake(note, self._meeting(g, y))

    def _is_kin(self, leaves: Iterable[int], trained: set[int]) -> bool:
        return any(trained.intersection(self.later.kin.get(i, ())) for i in leaves)

    def _trained(self) -> tuple[set[int], set[int]]:
        """The leaves that the step's data come from, and those of its targets."""
        world, target = self.found.world, self.found.choice.target
        graph, nodes = world.graph, world.recording.nodes
        moving = graph.dependents(world.roots)
        ys = _arrays(nodes, graph.ancestors(target.nodes))
        given = {b for i in moving - target.backward for b in graph.before[i]} - moving
        return _arrays(nodes, graph.ancestors(given)) - ys, ys

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
            if fits and node not in behind and not self._is_kin([node], trained):
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


def layers(
    nodes: Mapping[int, Node], graph: Graph, params: Mapping[int, int], inside: set[int]
) -> Iterator[Layer]:
    """The products with the matrices of a step.

    Args:
        params: by node, the node that it is in the step.
        inside: where to look.
    """
    for number in sorted(inside):
        feeding = graph.before[number]
        if nodes[number].op not in PRODUCTS or len(feeding) != 2:
            continue
        roots = [_root(nodes, graph, params, one) for one in feeding]
        if roots.count(None) != 1:
            continue
        left = roots[0] is not None
        W, operand, x = (roots[0], *feeding) if left else (roots[1], *feeding[::-1])
        u, biased = number, False
        for after in graph.after[number]:
            others = {_root(nodes, graph, params, i) for i in graph.before[after] if i != number}
            if after in inside and nodes[after].op == "add" and others - {None}:
                u, biased = after, True
        rows, cut = _rows(nodes[x].value, left), nodes[operand].value.size < nodes[W].value.size
        ones = rows.shape[1] > 1 and any((rows[:, k] == 1).all() for k in (0, -1))
        yield Layer(params[W], rows, x, _rows(nodes[u].value, left), number,
                    biased or (ones and not cut), cut)  # fmt: skip


def _root(
    nodes: Mapping[int, Node], graph: Graph, params: Mapping[int, int] | set[int], number: int
) -> int | None:
    """The parameter that a node is, turned or cut as it may be."""
    while number not in params and nodes[number].op in PASSING and graph.before[number]:
        number = graph.before[number][0]
    return number if number in params else None


def _rows(value: np.ndarray, left: bool) -> np.ndarray:
    """One sample a row."""
    if value.ndim != 2:
        return value.reshape(1, -1)
    return value.T if left else value


def _before(graph: Graph, known: list[Layer], layer: Layer) -> Layer | None:
    """The layer that gives what this one is given."""
    behind = graph.ancestors([layer.node])
    return next((one for one in reversed(known) if one.product in behind), None)


def _named(u: np.ndarray, x: np.ndarray) -> str | None:
    return next((name for name in given.F if _is(name, u, x)), None)


def _is(f: str, u: np.ndarray, x: np.ndarray) -> bool:
    """Whether what a layer is given is f(u), with or without its 1."""
    with np.errstate(all="ignore"):
        z = np.asarray(given.F[f](u))
    parts = (x, x[:, 1:], x[:, :-1])
    return any(z.shape == one.shape and np.allclose(z, one, 1e-9, 1e-12) for one in parts)


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
    labels = [array.argmax(1) if array.ndim == 2 and array.shape[1] > 1 else array.ravel()
              for array in (one, other)]  # fmt: skip
    return np.array_equal(*labels)


def _other_f(trained: str, other: str) -> Note:
    return Note("evaluated-with-other-f", Words(
        f"This evaluates the network with {other}; it was trained with {trained}.",
        f"学習では {trained} を使っていますが、評価では {other} を使っています。"),
        OF_NETWORK)  # fmt: skip


def _without_bias() -> Note:
    return Note("evaluated-without-bias", Words(
        "The biases are left out here; the network that was trained has them.",
        "学習したネットワークにはバイアスがありますが、ここでは使われていません。"),
        OF_NETWORK)  # fmt: skip


def _other_targets(x: str, y: str, own: str) -> Note:
    return Note("evaluated-on-other-targets", Words(
        f"The outputs of {x} are compared with {y}, the targets of the training data; {own} goes "
        f"with {x}.",
        f"{x} の出力を、学習データの正解 {y} と比べています。{x} に対応するのは {own} です。"),
        OF_DATA)  # fmt: skip


def _other_data(x: str, y: str, own: str) -> Note:
    return Note("evaluated-on-other-data", Words(
        f"The outputs of the training data {x} are compared with {y}, which goes with {own}.",
        f"学習データ {x} の出力を {y} と比べています。{y} に対応するのは {own} です。"),
        OF_DATA)  # fmt: skip
