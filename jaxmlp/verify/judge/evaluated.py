"""Whether the network that a program evaluates is the one that it has trained.

It is if it is the same function of the same parameters. Another one is told only with what it is
instead: another activation that is known, or the same without biases.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from jaxmlp.verify import given
from jaxmlp.verify.finding import Note, Words
from jaxmlp.verify.judge.after import After, LaterMistake
from jaxmlp.verify.judge.called import Called, place
from jaxmlp.verify.judge.symbols import JOINING
from jaxmlp.verify.run.graph import Graph
from jaxmlp.verify.run.step import MATRIX_PRODUCTS
from jaxmlp.verify.run.tape import Node, Span

OF_NETWORK = Words(
    "Is this the network that was trained?", "これは学習したネットワークと同じものですか。"
)


class EvaluatedLayer(NamedTuple):
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


class Evaluated(After):
    """The layers that are used after a step, compared with those in it."""

    def mistakes(self) -> Iterator[LaterMistake]:
        """Layers that are other ones than in the step."""
        world, target = self.found.world, self.found.choice.target
        forward = world.graph.dependents(world.roots) - target.backward
        own = {p.old: p.old for p in world.params}
        trained = list(layers(world.recording.nodes, world.graph, own, forward))
        mine = list(layers(self.nodes, self.graph, self.params, self.moving))
        by_matrix = {product.W: product for product in trained}
        biased = {own.W for own in mine if own.biased}  # elsewhere: to do without is a comparison
        for layer in mine:
            was = by_matrix.get(layer.W)
            if was is None or not self.graph.after[layer.product]:  # where the tape ends, perhaps
                continue
            bare = was.biased and not layer.biased and layer.W not in biased
            if bare and self._without_bias(layer, was):
                yield LaterMistake(_without_bias(), self._span(layer.product))
            before = _before(self.graph, mine, layer)
            was_before = _before(world.graph, trained, was)
            if before and was_before and before.W == was_before.W:
                yield from self._activation(layer, before, was, was_before)

    def _without_bias(self, layer: EvaluatedLayer, was: EvaluatedLayer) -> bool:
        """Whether no other use of the parameters could be that of the biases."""
        if layer.cut:
            return layer.x.shape[1] == was.x.shape[1] - 1
        biases = [p for p, old in self.params.items() if old in self._biases(was)]
        used = self.graph.ancestors(self.graph.dependents([layer.product]))
        return bool(biases) and layer.x.shape[1] == was.x.shape[1] and not used & set(biases)

    def _biases(self, was: EvaluatedLayer) -> set[int]:
        """The parameters that are added to a layer's product in the step."""
        world = self.found.world
        after = world.graph.after[was.product]
        feeding = {b for i in after for b in world.graph.before[i]} - {was.product}
        own = {p.old for p in world.params}
        return {world.graph.root(i, own) for i in feeding} - {None}

    def _activation(
        self, layer: EvaluatedLayer, before: EvaluatedLayer, was: EvaluatedLayer,
        was_before: EvaluatedLayer,
    ) -> Iterator[LaterMistake]:  # fmt: skip
        trained, used = _named(was_before.u, was.x), _named(before.u, layer.x)
        if trained and used and not {*trained} & {*used}:
            yield LaterMistake(
                _other_f(trained[0], used[0]), self._span(self._inner(layer, before))
            )

    def _inner(self, layer: EvaluatedLayer, before: EvaluatedLayer) -> int:
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


def layers(
    nodes: Mapping[int, Node], graph: Graph, params: Mapping[int, int], inside: set[int]
) -> Iterator[EvaluatedLayer]:
    """The products with the matrices of a step.

    Args:
        params: by node, the node that it is in the step.
        inside: where to look.
    """
    for number in sorted(inside):
        feeding = graph.before[number]
        if nodes[number].op not in MATRIX_PRODUCTS or len(feeding) != 2:
            continue
        roots = [graph.root(node, params) for node in feeding]
        if roots.count(None) != 1:
            continue
        left = roots[0] is not None
        W, operand, x = (roots[0], *feeding) if left else (roots[1], *feeding[::-1])
        u, biased = number, False
        for after in graph.after[number]:
            others = {graph.root(i, params) for i in graph.before[after] if i != number}
            if after in inside and nodes[after].op == "add" and others - {None}:
                u, biased = after, True
        rows, cut = _rows(nodes[x].value, left), nodes[operand].value.size < nodes[W].value.size
        ones = rows.shape[1] > 1 and any((rows[:, k] == 1).all() for k in (0, -1))
        yield EvaluatedLayer(params[W], rows, x, _rows(nodes[u].value, left), number,
                    biased or (ones and not cut), cut)  # fmt: skip


def _rows(value: np.ndarray, left: bool) -> np.ndarray:
    """One sample a row."""
    if value.ndim != 2:
        return value.reshape(1, -1)
    return value.T if left else value


def _before(
    graph: Graph, known: list[EvaluatedLayer], layer: EvaluatedLayer
) -> EvaluatedLayer | None:
    """The layer that gives what this one is given."""
    behind = graph.ancestors([layer.node])
    return next((earlier for earlier in reversed(known) if earlier.product in behind), None)


def _named(u: np.ndarray, x: np.ndarray) -> list[str]:
    """What f may be by which a layer is given f(u): of u = 0 it may be any with f(0) = 0."""
    return [name for name in given.F if _is(name, u, x)]


def _is(f: str, u: np.ndarray, x: np.ndarray) -> bool:
    """Whether what a layer is given is f(u), with or without its 1."""
    with np.errstate(all="ignore"):
        z = np.asarray(given.F[f](u))
    parts = (x, x[:, 1:], x[:, :-1])
    return any(z.shape == part.shape and np.allclose(z, part, 1e-9, 1e-12) for part in parts)


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
