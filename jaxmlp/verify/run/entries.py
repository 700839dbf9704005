"""Arrays that a program works on number by number: there each entry is a parameter of its own."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np

from jaxmlp.verify.run.tape import Node, Ref

SHOWS: dict[str, Callable[..., Any]] = {
    "getitem": lambda places, index: places[index],
    "take": lambda places, where: places.reshape(-1)[where],
    "np.transpose": np.transpose,
    "np.reshape": np.reshape,
    "np.copy": np.copy,
}


class WrittenEntry(NamedTuple):
    """An entry that a pass changes.

    Attributes:
        at: where it is.
        old: the node of the number that was there before.
        again: other nodes that read it.
        new: the node of the number that is there after.
    """

    at: tuple[int, ...]
    old: int
    again: tuple[int, ...]
    new: int


def changed(
    nodes: Mapping[int, Node], old: int, shape: tuple[int, ...], before: Mapping[int, int],
    after: Mapping[int, int],
) -> list[WrittenEntry]:  # fmt: skip
    """The entries of an array that are changed; none if a pass uses the array in another way.

    Args:
        nodes: of the pass.
        old: the array's node before it.
        before, after: the nodes of entries that were written one by one, by their places.
    """
    read = _read(nodes, old, shape)
    entries = []
    for place, new in after.items() if read is not None else ():
        olds = [*([before[place]] if place in before else ()), *read.get(place, ())]
        if new in nodes and olds and new not in olds:
            index = tuple(map(int, np.unravel_index(place, shape)))
            entries.append(WrittenEntry(index, olds[0], tuple(olds[1:]), new))
    return entries


def read_once(nodes: Mapping[int, Node], entries: Iterable[WrittenEntry]) -> dict[int, Node]:
    """The nodes that read an entry again, so that they work on the node that read it first."""
    same = {again: one.old for one in entries for again in one.again}
    return {
        node.id: node._replace(args=_renamed(node.args, same), kw=_renamed(node.kw, same))
        for node in (nodes.values() if same else ())
        if any(isinstance(one, Ref) and one.id in same for one in _all(node.args, node.kw))
    }


def _renamed(value: Any, same: Mapping[int, int]) -> Any:
    """An argument in which some nodes go by the number of others."""
    if isinstance(value, Ref):
        return Ref(same.get(value.id, value.id))
    if isinstance(value, dict):
        return {key: _renamed(part, same) for key, part in value.items()}
    listed = type(value) in (tuple, list)
    return type(value)(_renamed(part, same) for part in value) if listed else value


def _read(
    nodes: Mapping[int, Node], old: int, shape: tuple[int, ...]
) -> dict[int, list[int]] | None:
    """The nodes that read an entry of an array, by its place; None if it is used as a whole."""
    places = {old: np.arange(int(np.prod(shape))).reshape(shape)}
    read: dict[int, list[int]] = {}
    for node in nodes.values():
        if places.keys().isdisjoint(node.references):
            continue
        array = node.args[0] if node.args else None
        mine = places.get(array.id) if isinstance(array, Ref) else None
        if any(isinstance(ref, Ref) and ref.id in places for ref in _all(node.args[1:], node.kw)):
            return None
        if mine is None:
            continue
        if node.op == "setitem" and _is_single(mine, node):
            places[node.id] = mine
        elif node.op in SHOWS and not any(isinstance(ref, Ref) for ref in _all(node.args[1:], {})):
            shown = SHOWS[node.op](mine, *node.args[1:])
            if np.ndim(shown):
                places[node.id] = shown
            else:
                read.setdefault(int(shown), []).append(node.id)
        else:
            return None
    return read


def _is_single(places: np.ndarray, node: Node) -> bool:
    """Whether a number that was computed is written to one entry."""
    _, index, value = node.args
    alone = not any(isinstance(ref, Ref) for ref in _all(index, {}))
    return alone and isinstance(value, Ref) and np.ndim(places[index]) == 0


def _all(value: Any, more: Any) -> list[Any]:
    """What is in an argument, and in others by name."""
    if isinstance(value, Ref) or not isinstance(value, tuple | list):
        inside = [value]
    else:
        inside = [part for element in value for part in _all(element, {})]
    return inside + [part for element in more.values() for part in _all(element, {})]
