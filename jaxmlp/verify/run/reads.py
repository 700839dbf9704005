"""Where in the data a value was read: the array it is a part of, and the places of its entries."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from jaxmlp.verify.run.step import PASSING, SHAPING
from jaxmlp.verify.run.tape import Node, Ref


class Read(NamedTuple):
    """What was read.

    Attributes:
        data: the node of the whole array.
        places: of the entries in it, all axes counted on, in the shape of what was read.
    """

    data: int
    places: np.ndarray


def where_read(nodes: Mapping[int, Node], number: int, known: Mapping[int, Read]) -> Read:
    """Where a value was read; all of itself, if it is no part of another.

    Args:
        known: that of nodes whose own way is not on the tape any more.
    """
    node, before = nodes[number], next(iter(nodes[number].references), None)
    if number in known:
        return known[number]
    if node.op not in PASSING or before not in nodes:
        return Read(number, np.arange(node.value.size).reshape(node.value.shape))
    data, places = where_read(nodes, before, known)
    first, *rest = filled((*node.args, node.kw), {i: nodes[i].value for i in node.references}
                          | {before: places})  # fmt: skip
    return Read(data, _passed(node.op, first, rest[:-1], rest[-1]))


def _passed(op: str, places: np.ndarray, args: list[Any], kw: dict[str, Any]) -> np.ndarray:
    """Places, in the shape to which an operation brings what is there."""
    if op == "getitem":
        return np.asarray(places[args[0]])
    if op == "take":
        return np.asarray(places.reshape(-1)[args[0]])
    return getattr(np, op.removeprefix("np."))(places, *args, **kw) if op in SHAPING else places


def filled(value: Any, known: Mapping[int, Any]) -> Any:
    """An argument with values in place of the nodes in it."""
    if isinstance(value, Ref):
        return known[value.id]
    if isinstance(value, tuple):
        return tuple(filled(part, known) for part in value)
    if isinstance(value, dict):
        return {key: filled(part, known) for key, part in value.items()}
    if isinstance(value, list):
        made = [filled(part, known) for part in value]
        return made if any(map(_holds, value)) else np.asarray(made)
    return value


def _holds(value: Any) -> bool:
    """Whether there is a node in it; a list without any is an array of numbers."""
    if isinstance(value, Ref):
        return True
    return isinstance(value, list | tuple) and any(map(_holds, value))
