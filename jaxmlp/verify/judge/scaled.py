"""Slopes that are a multiple of f'(u), as 1 − f² is for (1 − e⁻ᵘ)/(1 + e⁻ᵘ)."""

from collections.abc import Mapping
from typing import NamedTuple

from jaxmlp.verify.judge.naming import Names
from jaxmlp.verify.judge.rates import near, of_same_numbers
from jaxmlp.verify.judge.worlds import World
from jaxmlp.verify.run.tape import Node, Ref

BY_ENTRIES = frozenset(("multiply", "divide", "negative"))


class ScaledSlope(NamedTuple):
    """Where the gradient of a parameter gets another factor than those nearer to the output.

    Attributes:
        node: the product of ∂E/∂f(u) and what is taken for f'(u).
        times: how many times f'(u) that is.
    """

    node: int
    times: float


def scaled_slopes(
    world: World, backward: frozenset[int], names: Names, factors: Mapping[str, float]
) -> dict[str, ScaledSlope]:
    """The parameters with another factor than those one layer nearer to the output, where it is
    the slope between them that brings it, and no number that the program states.

    Args:
        backward: the nodes of the backward pass.
        factors: of the gradients, by the parameters' names.
    """
    slopes = _slopes(world, backward, names)
    below = {i: world.graph.dependents([i]) for i in slopes}
    last = {p: max((i for i in slopes if p.new in below[i]), default=None)
            for p in world.params if p.name in factors}  # fmt: skip
    scaled = {}
    for param, node in last.items():
        if node is not None:
            former = max((i for i in slopes if i < node and node in below[i]), default=None)
            above = [
                p for p in last if last[p] == former and of_same_numbers(world, param, p, node)
            ]
            times = [factors[param.name] / factors[p.name] for p in above]
            if times and all(t > 0 and any(near(t, s) for s in slopes[node]) for t in times):
                scaled[param.name] = ScaledSlope(node, times[0])
    return {name: slope for name, slope in scaled.items() if not near(slope.times, 1.0)}


def _slopes(world: World, backward: frozenset[int], names: Names) -> dict[int, set[float]]:
    """The whole products that are ∂E/∂u, of ∂E/∂f(u) and what the forward pass has computed; with
    how many times f'(u) this may be."""
    nodes, graph = world.recording.nodes, world.graph
    computed = graph.dependents([p.old for p in world.params])
    products = {i for i in backward if _is_product(nodes[i])}
    whole = [i for i in sorted(products) if names.of(i) and products.isdisjoint(graph.after[i])]
    made = {}
    for number in whole:
        parts = _parts(world, backward, number) or []
        formers = [i for i in parts if i in backward]
        known = len(formers) == 1 and computed.issuperset(set(parts) - {*formers})
        if known and _is_passed(world, names, formers[0], number):
            made[number] = names.ratio(number, formers[0])
    return made


def _is_product(node: Node) -> bool:
    """Whether it is made of arrays alone: by a step size, say, all is multiplied later."""
    return node.op in BY_ENTRIES and all(isinstance(arg, Ref) for arg in node.args)


def _parts(world: World, backward: frozenset[int], number: int) -> list[int] | None:
    """What a product is made of, and the products in it; None where a number stands in it."""
    node = world.recording.nodes[number]
    parts: list[int] = []
    for arg in node.args:
        inner = world.recording.nodes.get(arg.id) if isinstance(arg, Ref) else None
        if inner is None or not isinstance(arg, Ref):
            return None
        whole = arg.id not in backward or inner.op not in BY_ENTRIES
        more = [arg.id] if whole else _parts(world, backward, arg.id)
        if more is None:
            return None
        parts += more
    return parts


def _is_passed(world: World, names: Names, outer: int, inner: int) -> bool:
    """Whether one derivative of E is by an f(u), and another by its u."""
    f, u = names.of(outer), names.of(inner)
    if f is None or u is None:
        return False
    made_of = {i for o in (f.of, *names.alike(f.of)) for i in world.inner(o, names.adjoints)}
    return not made_of.isdisjoint((u.of, *names.alike(u.of)))
