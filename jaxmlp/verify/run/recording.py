"""A tape as plain data: what goes from the child process to its parent, and back into nodes there.

Everything but the arrays is JSON; the arrays are a list beside it, named by their number.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from jaxmlp.verify.run.tape import Node, Ref, Span


@dataclass(frozen=True)
class Recording:
    """A step or a call, taped.

    Attributes:
        line: of the loop, the function or the class; 0 for the file itself.
        name: of the function or class; empty for a loop or the file.
        moves: of a step, (place, old node, new node) for each parameter.
        values: of a call, (place, node) for each array that it gave.
        nodes: the tape by id, in order; what was there before is a leaf.
        guessed: whether there were stand-ins for data.
    """

    line: int
    name: str
    moves: tuple[tuple[str, int, int], ...]
    values: tuple[tuple[str, int], ...]
    nodes: dict[int, Node]
    guessed: bool


def packed(seen: Any, nodes: dict[int, Node], *, guessed: bool) -> dict[str, Any]:
    """What was seen, as plain data."""
    arrays: list[np.ndarray] = []

    def part(value: Any) -> Any:
        if isinstance(value, Ref):
            return {"ref": value.id}
        if isinstance(value, np.ndarray):
            arrays.append(value)
            return {"array": len(arrays) - 1}
        if isinstance(value, tuple):
            return {"tuple": [part(one) for one in value]}
        if isinstance(value, list):
            return [part(one) for one in value]
        if isinstance(value, slice):
            return {"slice": [value.start, value.stop, value.step]}
        if value is Ellipsis:
            return {"ellipsis": True}
        if value is None or isinstance(value, bool | int | float | str):
            return value
        return {"type": np.dtype(value).str} if isinstance(value, type) else {"other": str(value)}

    kept = _kept(seen, nodes)
    table = []
    for node in kept:
        given = node.id < seen.begin or node.op == "leaf"
        args = [] if given else [part(one) for one in node.args]
        kw = {} if given else {key: part(one) for key, one in node.kw.items()}
        op = "leaf" if given else node.op
        table.append([node.id, op, args, kw, part(node.value), list(node.span)])
    return {
        "line": seen.line, "name": seen.name, "moves": [list(one) for one in seen.moves],
        "values": [[name, place.node] for name, place in seen.values.items()],
        "guessed": guessed, "nodes": table, "arrays": arrays,
    }  # fmt: skip


def _kept(seen: Any, nodes: dict[int, Node]) -> list[Node]:
    """The nodes of the step, and those before it that it reads."""
    from jaxmlp.verify.run.step import references

    inside = [n for n in nodes.values() if seen.begin <= n.id < seen.end]
    named = {r for n in inside for r in references(n)}
    named |= {one for move in seen.moves for one in move[1:]}
    named |= {place.node for place in seen.values.values()}
    ids = sorted({n.id for n in inside} | named)
    return [nodes[i] for i in ids if i in nodes]


def unpacked(data: dict[str, Any]) -> Recording:
    """A recording out of plain data."""
    arrays = data["arrays"]

    def part(value: Any) -> Any:
        if isinstance(value, list):
            return [part(one) for one in value]
        if not isinstance(value, dict):
            return value
        ((kind, inner),) = value.items()
        if kind == "ref":
            return Ref(inner)
        if kind == "array":
            return np.asarray(arrays[inner])
        if kind == "tuple":
            return tuple(part(one) for one in inner)
        if kind == "slice":
            return slice(*inner)
        return Ellipsis if kind == "ellipsis" else inner

    def node(row: list) -> Node:
        number, op, args, kw, value, span = row
        named = {key: part(one) for key, one in kw.items()}
        return Node(number, op, tuple(map(part, args)), named, part(value), Span(*span))

    nodes: Iterable[Node] = map(node, data["nodes"])
    return Recording(
        data["line"], data["name"], tuple(map(tuple, data["moves"])),
        tuple(map(tuple, data["values"])), {n.id: n for n in nodes}, data["guessed"],
    )  # fmt: skip
