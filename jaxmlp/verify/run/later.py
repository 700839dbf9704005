"""What a program does with its parameters after a step: how it evaluates them, and on which data.

Data are told apart by where they come from: two arrays are of the same kin if one is made of the
other.
"""

from collections.abc import Collection, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from jaxmlp.verify.run.arrays import Recorded
from jaxmlp.verify.run.step import reached
from jaxmlp.verify.run.tape import Node, current, spread

MOST_LATER_NODES = 600  # nodes
LARGEST_KEPT = 50_000  # numbers in an array that is kept with its values


class Later(NamedTuple):
    """A part of the tape after a step.

    Attributes:
        params: for each parameter of the step (its old node) the node of its value then.
        nodes: what is computed from these, and from what else; what was there before is a leaf.
        kin: by node, the leaves of the step that are made of it, or that it is made of.
        arrays: (name, node, shape) of the arrays of the file's own names.
    """

    params: tuple[tuple[int, int], ...]
    nodes: dict[int, Node]
    kin: dict[int, tuple[int, ...]]
    arrays: tuple[tuple[str, int, tuple[int, ...]], ...]


def what_follows(seen: Any, kept: Mapping[int, Node], names: Mapping[str, Any]) -> Later | None:
    """What follows a step; None if its parameters are used no more.

    Args:
        seen: the step.
        kept: its nodes.
        names: those of the program at its end.
    """
    nodes = current().nodes
    params = {old: seen.newest.get(new, new) for _, old, new in seen.moves}
    end = seen.last or seen.end
    part = _part(nodes, end, set(params.values()))
    if not part:
        return None
    arrays = tuple(_arrays(names))
    leaves = [n.id for n in kept.values() if n.op == "leaf" and n.value.ndim]
    leaves = [i for i in leaves if i not in params]
    before = {n.id: n for n in nodes.values() if not seen.begin <= n.id < end}
    kin = _kin(nodes, before, [*params.values()], leaves, {*part, *(n for _, n, _ in arrays)})
    return Later(tuple(params.items()), part, kin, arrays)


def _part(nodes: Mapping[int, Node], start: int, params: set[int]) -> dict[int, Node]:
    """What is computed from parameters, with what else that is computed from."""
    moving, wanted = set(params), set(params)
    for node in nodes.values():
        if node.id >= start and len(wanted) < MOST_LATER_NODES:
            refs = set(node.references)
            if refs & moving:
                moving.add(node.id)
                wanted |= {node.id, *_behind(nodes, refs, start)}
    if moving == params:
        return {}
    inside = {i for i in wanted if i >= start and i not in params}
    return {
        i: _light(nodes[i]) if i in inside else _light(nodes[i])._replace(op="leaf", args=(), kw={})
        for i in sorted(wanted)
        if i in nodes
    }


def _behind(nodes: Mapping[int, Node], refs: Collection[int], start: int) -> set[int]:
    return spread(refs, lambda i: nodes[i].references if i >= start and i in nodes else ())


def _light(node: Node) -> Node:
    """Without a value that is too large."""
    return node if node.value.size <= LARGEST_KEPT else node._replace(value=np.empty(0))


def _kin(
    nodes: Mapping[int, Node], outside: Mapping[int, Node], news: list[int], leaves: list[int],
    of: Collection[int],
) -> dict[int, tuple[int, ...]]:  # fmt: skip
    """For each of some nodes the leaves of a step that it is made of, or that are made of it.

    Args:
        outside: the nodes before and after the step.
    """
    made = reached(outside, [*leaves, *news])
    behind = {leaf: _behind(nodes, [leaf], 0) for leaf in leaves}
    related = {}
    for node in of:
        kin = {i for i in made.get(node, ()) if i in behind} | {
            i for i in leaves if node in behind[i]
        }
        if kin:
            related[node] = tuple(sorted(kin))
    return related


def _arrays(names: Mapping[str, Any]) -> Iterator[tuple[str, int, tuple[int, ...]]]:
    for name, value in names.items():
        if isinstance(value, Recorded) and value.ndim and not name.startswith("_"):
            yield name, current().node_of(value), value.shape
