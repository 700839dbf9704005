"""The lecture's symbols in a network of two layers: which of its values are u, z, a, g, δ2 and δ1.

Values are the same if E has the same derivative by them: u = Wx before a bias is added, and after.
"""

from collections.abc import Iterable

import numpy as np

from jaxmlp.verify.judge.judgement import Judgement
from jaxmlp.verify.run.step import FACTORS, JOINED, PASSING
from jaxmlp.verify.run.tape import spread

JOINING = PASSING | JOINED | {"put", "setitem"}
MOST_SAMPLES = 16  # samples of a step in which f'(u) is looked for


class Symbols:
    """The symbols of a judged step; only g, where it is no network of two layers."""

    def __init__(self, judgement: Judgement):
        self.found, self.names = judgement, judgement.names
        self.outputs = {g for g, _ in judgement.choice.target.pairs}
        self.stages: dict[bytes, str] = {}  # of what E is differentiated by
        self.roots: dict[int, str] = {}
        self.z: set[int] = set()
        self.f: dict[int, int] = {}  # the node of f(u), and that of its u
        products = self._products()
        if len(products) == 2:
            self._two(products)

    def _products(self) -> dict[int, list[int]]:
        """For each matrix of the forward pass the products with it, in the order of their use."""
        world, behind = self.found.world, self.found.choice.target.backward
        after, nodes = world.graph.after, world.recording.nodes
        used: dict[int, list[int]] = {}
        taken: set[int] = set()
        for root in world.roots:  # the parameters come first, what may be data last
            shown = world.graph.through([root])
            of = {i for one in shown for i in after[one] if nodes[i].op in FACTORS}
            if mine := sorted(i for i in of - behind - taken if i in self.names.adjoints):
                used[root] = mine
                taken.update(mine)
        return dict(sorted(used.items(), key=lambda one: one[1]))

    def _two(self, products: dict[int, list[int]]) -> None:
        (W, inner), (V, outer) = products.items()
        graph = self.found.world.graph
        hidden = graph.dependents(inner)
        if not hidden.issuperset(outer) or hidden & {b for i in inner for b in graph.before[i]}:
            return
        self.roots = {W: "dW", V: "dV"}
        self.stages = {self._key(i): "delta1" for i in inner}
        self.stages |= {self._key(i): "delta2" for i in outer}
        self.z = {b for i in outer for b in graph.before[i] if b in hidden}
        u = sorted(inner)
        for number in self._joined(self.z, hidden):
            same = [i for i in u if i < number and self._shape(i) == self._shape(number)]
            if same and number not in inner:
                self.f[number] = same[-1]

    def _joined(self, ends: Iterable[int], inside: set[int]) -> set[int]:
        """What these are put together of."""
        graph, nodes = self.found.world.graph, self.found.world.recording.nodes
        joins = lambda i: inside.intersection(graph.before[i] if nodes[i].op in JOINING else ())  # noqa: E731
        return spread(inside.intersection(ends), joins)

    def _key(self, number: int) -> bytes:
        return adjoint_key(self.names.adjoints[number])

    def _shape(self, number: int) -> tuple[int, ...]:
        return self.found.world.recording.nodes[number].value.shape

    def backward(self, of: int) -> str:
        """The stage of the lecture's derivation that gives ∂E/∂(a value)."""
        return self.roots.get(of) or self.stages.get(self._key(of), "")

    def forward(self, number: int) -> str:
        """What a value of the forward pass is; nothing if it has no symbol."""
        if number in self.outputs:
            return "g"
        if not self.stages or number in self.found.choice.target.backward:
            return ""
        if number in self.names.adjoints:
            stage = self.stages.get(self._key(number), "")
            if stage or number in self.z or number in self.f:
                known = {"delta1": "u", "delta2": "a"}.get(stage)
                parts = ["z"] * (number in self.z) + ["f(u)"] * (number in self.f)
                return known or " = ".join(parts)
        return "f'(u)" if self._is_slope(number) else ""

    def _is_slope(self, number: int) -> bool:
        """Whether ∂E/∂u is ∂E/∂f(u) times this, entry by entry."""
        value = self.names.value(number)
        for f, u in list(self.f.items())[:MOST_SAMPLES]:
            outer, inner = self.names.adjoints.get(f), self.names.adjoints[u]
            if outer is None or not outer.shape == inner.shape == value.shape:
                continue
            if np.allclose(outer * value, inner, rtol=1e-9, atol=1e-12 * np.abs(inner).max()):
                return True
        return False


def adjoint_key(adjoint: np.ndarray) -> bytes:
    """The same for derivatives that are the same, entry by entry."""
    return np.ascontiguousarray(adjoint).tobytes()
