"""A tape as plain data: what goes from the child process to its parent, and back into nodes there.

Everything but the arrays is JSON; the arrays are a list beside it, named by their number.
"""

import bisect
import functools
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from jaxmlp.verify.names import BACK
from jaxmlp.verify.run.later import Later
from jaxmlp.verify.run.reads import Read, where_read
from jaxmlp.verify.run.step import FACTORS, PASSING
from jaxmlp.verify.run.tape import Node, Ref, Span

OPTIMISER = re.compile(r"descent|optimi|adagrad", re.IGNORECASE)
LARGEST_UNUSED = 1 << 16  # numbers of an array that a step leaves as it is, and does not use


@dataclass(frozen=True)
class Recording:
    """A step or a call, taped.

    Attributes:
        line: of the loop, the function or the class; 0 for the file itself.
        name: of the function or class; empty for a loop or the file.
        moves: of a step, (place, old node, new node) for each parameter.
        values: (place, node) of the arrays that a call gave, or that a step left as they were.
        nodes: the tape by id, in order; what was there before is a leaf.
        guessed: whether there were stand-ins for data.
        lines: of the file that ran, those of functions that only call others among them.
        later: how a program uses its parameters after the step, if it does.
        stale: whether it uses values of the step before, where that one used its own.
        parts: for the leaves that are 0, and parts of larger arrays, as one sample of all, where
            these were read.
        resized: (name, old node, new node) of what has more or fewer entries after the step.
        flagged: whether a choice between yes and no was made for it, which nobody has told.
        handed: whether an optimiser gets what it gives: E, and its gradient.
    """

    line: int
    name: str
    moves: tuple[tuple[str, int, int], ...]
    values: tuple[tuple[str, int], ...]
    nodes: dict[int, Node]
    guessed: bool
    lines: tuple[int, ...] = ()
    later: Later | None = None
    stale: bool = False
    parts: Mapping[int, Read] = field(default_factory=dict)
    resized: tuple[tuple[str, int, int], ...] = ()
    flagged: bool = False
    handed: bool = False

    @property
    def olds(self) -> list[int]:
        """The nodes of the parameters before the step."""
        return [old for _, old, _ in self.moves]

    @property
    def news(self) -> list[int]:
        """The nodes of the parameters after the step."""
        return [new for _, _, new in self.moves]

    @property
    def gives(self) -> tuple[str, ...]:
        """The names of the function, and of what it gives or keeps in its object."""
        own = (self.name, "self.")
        return (self.name, *(name for name, _ in self.values if name.startswith(own)))

    @property
    def goes_back(self) -> bool:
        """Whether the function, a method, or something that it gives, is called a backward pass;
        gradient descent is none by its name."""
        inside = {n.span.function for n in self.nodes.values()} if self.name else ()
        methods = [function for function in inside if function.startswith(f"{self.name}.")]
        names = (name.removeprefix(self.name) for name in (*self.gives, *methods))
        own = "" if OPTIMISER.search(self.name) else self.name
        return any(BACK.search(name) for name in (own, *names))


def taken(
    seen: Any, nodes: dict[int, Node], lines: Mapping[int, Sequence[int]], *, guessed: bool
) -> Recording:
    """What was seen, cut out of the tape.

    Args:
        lines: that ran, each with its nodes, in order.
    """
    inside = [n for n in nodes.values() if seen.begin <= n.id < seen.end]
    named = {r for n in inside for r in n.references}
    named |= {one for move in seen.moves for one in move[1:]}
    seen = seen._replace(values={
        name: place for name, place in seen.values.items()
        if place.node in named or np.prod(place.shape) <= LARGEST_UNUSED
    })  # fmt: skip
    named |= {place.node for place in seen.values.values()}
    drawn = set() if seen.moves else _drawn(inside, {place.node for place in seen.values.values()})
    kept = {}
    for number in sorted({n.id for n in inside} | named):
        if number in nodes:
            node = nodes[number]
            outside = node.id < seen.begin or number in drawn
            kept[number] = node._replace(op="leaf", args=(), kw={}) if outside else node
    if seen.moves:
        places = {n.span for n in kept.values() if any(one != 1 for one in _stated(n))}
        kept = {n.id: n for node in kept.values() for n in _with_stated(node, places)}
        kept = dict(sorted(kept.items()))
    values = tuple((name, place.node) for name, place in seen.values.items())
    until = max(seen.end, seen.last)
    ran = tuple(n for n, made in lines.items() if _is_any(made, seen.begin, until))
    moves = tuple(map(tuple, seen.moves))
    parts = {i: where_read(nodes, i, {}) for i in kept if 0 <= i < seen.begin
             and nodes[i].op in PASSING and not nodes[i].value.any()}  # fmt: skip
    return Recording(
        seen.line, seen.name, moves, values, kept, guessed, ran,
        stale=seen.stale, parts=parts, resized=tuple(map(tuple, seen.resized)), handed=seen.handed,
    )  # fmt: skip


def _is_any(numbers: Sequence[int], begin: int, end: int) -> bool:
    """Whether any of these, which are in order, is one of begin to end − 1."""
    at = bisect.bisect_left(numbers, begin)
    return at < len(numbers) and numbers[at] < end


def _drawn(nodes: Sequence[Node], named: set[int]) -> set[int]:
    """What has a name, or is a factor, and is made of nothing that has a name, before the network:
    weights, which a program draws and scales, are what it computes with."""
    products = [n for n in nodes if n.op in FACTORS]
    used = named | {i for n in products for i in n.references}
    used |= {i for n in nodes if n.id in used and n.op in PASSING for i in n.references}
    own: set[int] = set()  # made of no name
    drawn = set()
    for node in (n for n in nodes if products and n.id < products[0].id):
        if own.issuperset(node.references):
            if node.id in used and node.op != "leaf" and node.op not in PASSING:
                drawn.add(node.id)
            elif node.id not in named:
                own.add(node.id)
    return drawn


def _stated(node: Node) -> list[int | float]:
    """The number that the program states, of a difference from one, as in 0.9 − g."""
    numbers = [arg for arg in node.args if type(arg) in (int, float)]
    return numbers if node.op == "subtract" and len(numbers) == 1 else []


def _with_stated(node: Node, places: set[Span]) -> Iterator[Node]:
    """A node; of a difference from a number that the program states, that is a leaf.

    It may be a target. 1 alone is none: it is in the slope of many an f.

    Args:
        places: where others than 1 are stated.
    """
    if (stated := _stated(node)) and node.span in places:
        leaf = Node(-1 - node.id, "leaf", (), {}, np.asarray(float(stated[0])), node.span)
        yield leaf
        args = tuple(Ref(leaf.id) if arg is stated[0] else arg for arg in node.args)
        node = node._replace(args=args)
    yield node


def recording_as_data(recording: Recording) -> dict[str, Any]:
    """A recording as plain data."""
    arrays: list[np.ndarray] = []
    after = recording.later
    return {
        "line": recording.line, "name": recording.name, "guessed": recording.guessed,
        "stale": recording.stale, "flagged": recording.flagged,
        "handed": recording.handed,
        "resized": list(map(list, recording.resized)),
        "parts": [[i, *entry] for i, entry in recording.parts.items()],
        "lines": list(recording.lines),
        "moves": [list(entry) for entry in recording.moves],
        "values": [list(entry) for entry in recording.values],
        "nodes": _rows(recording.nodes, arrays),
        "later": after and [list(after.params), _rows(after.nodes, arrays),
                            list(after.kin.items()), list(after.arrays)],
        "arrays": arrays,
    }  # fmt: skip


def _rows(nodes: Mapping[int, Node], arrays: list[np.ndarray]) -> list[list]:
    """Nodes as plain data; their arrays are added to the others."""
    pack = functools.partial(_packed, arrays=arrays)
    return [
        [n.id, n.op, [pack(arg) for arg in n.args], {k: pack(arg) for k, arg in n.kw.items()},
         pack(n.value), list(n.span)] for n in nodes.values()
    ]  # fmt: skip


def _packed(value: Any, arrays: list[np.ndarray]) -> Any:
    """An argument as plain data: what is no number, word or list says what it is."""
    if isinstance(value, Ref):
        return {"ref": value.id}
    if isinstance(value, np.ndarray):
        arrays.append(value)
        return {"array": len(arrays) - 1}
    if isinstance(value, tuple):
        return {"tuple": [_packed(part, arrays) for part in value]}
    if isinstance(value, list):
        return [_packed(part, arrays) for part in value]
    if isinstance(value, slice):
        bounds = (value.start, value.stop, value.step)
        return {"slice": [None if part is None else int(part) for part in bounds]}
    if value is Ellipsis:
        return {"ellipsis": True}
    if value is None or isinstance(value, bool | int | float | str):
        return value
    return {"type": np.dtype(value).str} if isinstance(value, type) else {"other": str(value)}


def recording_from_data(data: dict[str, Any]) -> Recording:
    """A recording out of plain data."""
    arrays = data["arrays"]
    return Recording(
        data["line"], data["name"], pairs(data["moves"]), pairs(data["values"]),
        _taped(data["nodes"], arrays), data["guessed"], tuple(data["lines"]),
        data["later"] and _after(data["later"], arrays), data["stale"],
        {i: Read(root, np.asarray(places)) for i, root, places in data["parts"]},
        pairs(data["resized"]), data["flagged"], data["handed"],
    )  # fmt: skip


def _after(data: Sequence, arrays: Any) -> Later:
    params, rows, kin, named = data
    known = {number: tuple(leaves) for number, leaves in kin}
    shapes = tuple((name, number, tuple(shape)) for name, number, shape in named)
    return Later(pairs(params), _taped(rows, arrays), known, shapes)


def _taped(rows: Iterable, arrays: Any) -> dict[int, Node]:
    """Nodes out of plain data."""
    part, nodes = functools.partial(_unpacked, arrays=arrays), {}
    for number, op, args, kw, value, span in rows:
        named = {key: part(arg) for key, arg in kw.items()}
        nodes[number] = Node(number, op, tuple(map(part, args)), named, part(value), Span(*span))
    return nodes


def _unpacked(value: Any, arrays: Any) -> Any:
    """An argument out of plain data."""
    if isinstance(value, list | tuple):  # a tuple of the program's is marked as one
        return [_unpacked(part, arrays) for part in value]
    if not isinstance(value, dict):
        return value
    ((kind, inner),) = value.items()
    if kind == "ref":
        return Ref(inner)
    if kind == "array":
        return np.asarray(arrays[inner])
    if kind == "tuple":
        return tuple(_unpacked(part, arrays) for part in inner)
    if kind == "slice":
        return slice(*inner)
    return Ellipsis if kind == "ellipsis" else inner


def pairs(rows: Iterable) -> tuple[tuple, ...]:
    """Rows that may have become lists."""
    return tuple(map(tuple, rows))
