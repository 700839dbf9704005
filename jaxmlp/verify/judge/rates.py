"""The numbers by which updates are multiplied or divided: step sizes, and counts of samples."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from jaxmlp.verify.judge.worlds import World
from jaxmlp.verify.run.hooked import MANY
from jaxmlp.verify.run.step import FACTORS, PASSING
from jaxmlp.verify.run.tape import Node, Ref

SAME = 1e-6
# By whose results a number multiplies all: rate * x.T @ delta.
INSIDE = frozenset(("multiply", "divide", "negative", "np.sum", *PASSING, *FACTORS))
SUMS = frozenset(("add", "subtract"))


class Scalars(NamedTuple):
    """What an update has beside its gradient.

    Attributes:
        times: the numbers that it is multiplied by.
        over: those that it is divided by.
    """

    times: set[float]
    over: set[float]


def is_rate(world: World, new: int, others: Sequence[int], times: float) -> bool:
    """Whether a parameter has a step size of its own: its factor is so many times that of others
    since each is multiplied by another number.

    Args:
        new: the node of its new value; others: those of the others.
    """
    return any(near(times, a / b) for mine, theirs in _apart(world, new, others)
               for a in mine.times - theirs.times for b in theirs.times - mine.times)  # fmt: skip


def lacks_rate(world: World, new: int, others: Sequence[int], times: float) -> bool:
    """Whether the updates of all others are multiplied by a number, and this one by none, and it is
    this that makes its factor so many times theirs."""
    if not others or _numbers(world, new, others).times:
        return False
    shared = set.intersection(*(_numbers(world, one, [new]).times for one in others))
    return any(near(times, 1 / size) for size in shared)


def counts_otherwise(world: World, new: int, others: Sequence[int], times: float) -> bool:
    """Whether a gradient is divided by another whole number than that of another is, and it is
    this that makes its factor; of stand-ins there are as many as there happen to be."""
    least = MANY if world.recording.guessed else 1
    return any(near(times, b / a) for mine, theirs in _apart(world, new, others)
               for a in mine.over - theirs.over for b in theirs.over - mine.over
               if min(a, b) > least and a == round(a) and b == round(b))  # fmt: skip


def _apart(world: World, new: int, others: Sequence[int]) -> Iterator[tuple[Scalars, Scalars]]:
    """A parameter's numbers beside those of each other, without what both are made of."""
    return ((_numbers(world, new, [one]), _numbers(world, one, [new])) for one in others)


def _numbers(world: World, new: int, others: Sequence[int]) -> Scalars:
    """Those on the way to a parameter's new value, and not on that to others'."""
    graph, nodes = world.graph, world.recording.nodes
    both = graph.ancestors([new]) & graph.ancestors(others)
    found, left = Scalars(set(), set()), [(new, INSIDE | SUMS)]
    while left:
        number, through = left.pop()
        op, args = nodes[number].op, nodes[number].args
        if op == "multiply":
            found.times.update(_sizes(nodes, args))
        elif op == "divide":
            found.over.update(_sizes(nodes, args[1:]))
        if op in through:
            by = through if op in SUMS else INSIDE
            left += [(one, by) for one in graph.before[number] if one not in both]
    return found


def _sizes(nodes: Mapping[int, Node], args: Sequence[Any]) -> list[float]:
    """The arguments that are numbers, and not 0."""
    values = (nodes[a.id].value if isinstance(a, Ref) else a for a in args)
    sizes = (abs(float(np.squeeze(value))) for value in values if np.size(value) == 1)
    return [size for size in sizes if size]


def near(one: float, other: float) -> bool:
    """Whether they are the same but for rounding."""
    return abs(one - other) <= SAME * abs(other)
