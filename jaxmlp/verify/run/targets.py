"""What may be the target of a recorded step, and the output that it meets.

Forward is what depends on the parameters and not on the target; the target is what meets the
forward pass last, and where they meet is the output.
"""

import functools
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from jaxmlp.verify.names import BACK
from jaxmlp.verify.run.graph import Graph
from jaxmlp.verify.run.outputs import as_target, axis_of_one
from jaxmlp.verify.run.recording import Recording
from jaxmlp.verify.run.step import FACTORS, JOINED, PASSING, WRITES
from jaxmlp.verify.run.tape import NOWHERE, Node, Span

GUARD_OPERATIONS = frozenset(("add", "np.clip", "maximum", "minimum"))
AT_PLACES = frozenset(("getitem", *WRITES))
LARGEST_EPSILON = 1e-3


@dataclass(frozen=True)
class Target:
    """What may be the target, and where it meets the forward pass.

    Attributes:
        nodes: the target's values, as the step first reads them.
        backward: all that depends on them.
        pairs: (output, target) for each sample or batch of the step.
        computed: how many values the forward pass computes.
        upstream: whether it is no target, but ∂E/∂(the output), which a backward pass is given.
        itself: whether it is the samples, for want of any other.
    """

    nodes: frozenset[int]
    backward: frozenset[int]
    pairs: tuple[tuple[int, int], ...]
    computed: int
    upstream: bool = False
    itself: bool = False


def targets(
    graph: Graph, params: list[int], results: list[int], *, bare: bool = False
) -> list[Target]:
    """What may be the target of a step, those that meet most of the network first.

    Args:
        results: what all depends on it.
        bare: whether it may meet what is given, as in a loss by itself.
    """
    wanted, used = set(results), graph.ancestors(results)
    moving = graph.dependents(params)
    excluded = set() if bare else set(params)

    def find(group: list[int], *, apart: bool, within: Collection[int] = ()) -> Iterator[Target]:
        backward = graph.dependents(within or group)
        forward = moving - backward - excluded
        computed = sum(graph.nodes[i].op not in PASSING for i in forward)
        if computed and wanted <= backward:
            for pairs in _meetings(graph, group, forward, used, apart=apart):
                yield Target(frozenset(group), frozenset(backward), pairs, computed)

    candidates: list[Target] = []
    for first in ({}, _first_reads(graph)):  # y[i] of several lines may be one y[i]
        groups = _constants(graph, moving, first)
        some = (*groups.values(), *_alike(graph, groups.values()))
        candidates += _largest([target for group in some for target in find(group, apart=True)])
    if not candidates:  # a target may be computed from the samples: y = sin x
        single = [i for group in groups.values() if len(group) > 1 for i in group
                  if graph.nodes[i].value.size > 1]  # fmt: skip
        candidates = _largest([target for i in single for target in find([i], apart=True)])
    if not candidates:  # or they are the samples themselves, as an autoencoder's are
        met = _met_by_itself(graph, [i for group in groups.values() for i in group], moving)
        itself = [target for i, at in met.items() for target in find([i], apart=True, within=at)]
        candidates = [replace(target, itself=True) for target in _largest(itself)]
    if not candidates:  # each of several outputs may have targets of its own
        candidates = [*find(_arrays(graph, groups.values()), apart=False)]
    arrays = any(graph.nodes[y].value.ndim for target in candidates for _, y in target.pairs)
    if not arrays:
        # Of several outputs each may meet a number of its own.
        numbers = dict.fromkeys(n for group in groups.values() for n in group)
        candidates += find([n for n in numbers if _may_be_target(graph, n, moving)], apart=False)
    first_of = {target.pairs: target for target in reversed(candidates)}
    alone = [target for target in candidates if first_of[target.pairs] is target]
    return sorted(alone, key=lambda target: (arrays or -len(target.pairs), -target.computed))


def _met_by_itself(
    graph: Graph, constants: Sequence[int], moving: Collection[int]
) -> dict[int, list[int]]:
    """The arrays that are subtracted from what a network has computed from them, or the like, each
    with where; none of an output that meets another array as well."""
    arrays = [i for i in constants if graph.nodes[i].value.size > 1]
    meetings = {y: [*_meeting(graph, [y])] for y in arrays}
    places: dict[int, list[int]] = {}
    for y in arrays:
        products = [i for node in graph.dependents([y], moving) for i in graph.after[node]
                    if graph.nodes[i].op in FACTORS and i in moving]  # fmt: skip
        computed = graph.dependents(products)
        met = {i: g for _, i, g in meetings[y] if g in computed}
        others = {g for other in arrays if other != y for _, _, g in meetings[other]}
        if met and others.isdisjoint(met.values()):
            places[y] = [*met]
    return places


def _largest(candidates: Sequence[Target]) -> list[Target]:
    """Those whose pairs are not a part of another's."""
    return [one for one in candidates
            if not any({*one.pairs} < {*other.pairs} for other in candidates)]  # fmt: skip


def _arrays(graph: Graph, groups: Iterable[list[int]]) -> list[int]:
    """All arrays that are no factors among what meets the forward pass."""
    factors = {i for n in graph.nodes.values() if n.op in FACTORS for i in graph.before[n.id]}
    used = {i for factor in factors for i in graph.way(factor)}
    return [i for group in groups for i in group if graph.nodes[i].value.size > 1 and i not in used]


def _alike(graph: Graph, groups: Iterable[list[int]]) -> list[list[int]]:
    """Arrays of one shape that are of different origins, as those of a list of samples are."""
    by_shape: dict[tuple[int, ...], list[list[int]]] = {}
    for group in groups:
        for shape in {graph.nodes[i].value.shape for i in group if not is_stated(i)} - {()}:
            by_shape.setdefault(shape, []).append(group)
    return [[i for group in some for i in group] for some in by_shape.values() if len(some) > 1]


def upstream_targets(
    recording: Recording, graph: Graph, params: list[int], y: int
) -> Iterator[Target]:
    """What a backward pass may be given ∂E/∂ of: an output of its shape, which it never meets.

    Args:
        y: an array that may be ∂E/∂(the output).
    """
    backward, moving = graph.dependents([y]), graph.dependents(params)
    shape, kept = recording.nodes[y].value.shape, {node for _, node in recording.values}
    uses = [i for i in graph.after[y] if graph.after[i] or i in kept]  # not of a call that failed
    first = min(uses, default=y)
    ranks: dict[int, tuple[int, int]] = {}
    own = BACK.search(recording.name)  # what a backward pass gives is no output
    values = [v for v in recording.values if not (own and v[0].startswith(recording.name))]
    for number, (name, g) in enumerate(values):
        forward = recording.nodes[g].op != "leaf" and g in moving - backward and g < first
        if forward and recording.nodes[g].value.dtype.kind == "f":
            ranks[g] = min(ranks.get(g, (3, 0)), (kept_at(name), -number))
    least = min((kept for kept, _ in ranks.values()), default=0)
    ranks = {g: kept for g, kept in ranks.items() if recording.nodes[g].value.shape == shape}
    for output in sorted((g for g in ranks if ranks[g][0] == least), key=lambda g: ranks[g]):
        for g in (output, *_below_softmax(graph, params, output)):
            computed = len(graph.ancestors([g]) & moving) - len(params)
            yield Target(frozenset([y]), frozenset(backward), ((g, y),), computed, upstream=True)


def _below_softmax(graph: Graph, params: list[int], g: int) -> list[int]:
    """What an output is the softmax of, made of all that it is made of: beside a cross-entropy, a
    layer may be given ∂E/∂ of this."""
    value, made_of = graph.nodes[g].value, graph.ancestors([g])
    if axis_of_one(value) is None:
        return []
    among, moving = made_of.intersection(params), graph.dependents(params)
    whole = (i for i in sorted(made_of & moving - {g}) if graph.nodes[i].value.shape == value.shape)
    return [i for i in whole if among <= graph.ancestors([i]) - {i}][:1]


def kept_at(name: str) -> int:
    """How far a place is from being where a forward pass has given its output."""
    if name.startswith("self."):
        return 2
    return int("[" in name and "['" not in name)  # a part of a cache, or what a method gave


def _constants(graph: Graph, moving: set[int], first: Mapping[str, int]) -> dict[tuple, list[int]]:
    """What does not depend on the parameters and meets what does, by the data it comes from."""
    groups: dict[tuple, list[int]] = {}
    for number in moving:
        for operand in graph.before[number]:
            if operand not in moving and graph.nodes[operand].value.dtype.kind in "fiub":
                members = groups.setdefault(_origin(graph, operand, number, first), [])
                if operand not in members:
                    members.append(operand)
    return groups


def _first_reads(graph: Graph) -> dict[str, int]:
    """Where each entry of an array is read first: y[i] at every line is one y[i]."""
    by_array = lambda node: any(isinstance(a, np.ndarray) for a in node.args)  # noqa: E731
    reads = [n for n in graph.nodes.values() if n.op == "getitem" and not by_array(n)]
    return {_read(n): n.id for n in reversed(reads)}


def _read(node: Node) -> str:
    return repr(node.args)


def _origin(graph: Graph, number: int, meets: int, first: Mapping[str, int]) -> tuple:
    """The data that a value is made of, and the place where it was taken out of them.

    Numbers that are in no array are of one origin where one expression works on them; those that
    the program states are all of one: 0.9 where a label says so, or else 0.1.

    Args:
        meets: the node that is computed from the value.
        first: where each entry of an array is read first; empty if each read is by itself.
    """
    if is_stated(number):
        return ()
    while graph.before[number] and graph.nodes[number].op != "getitem":
        number = graph.before[number][0]
    data = graph.data(number)
    if not graph.nodes[data].value.ndim:
        return _place(graph.nodes[meets].span)
    return data, *_place(graph.nodes[first.get(_read(graph.nodes[number]), number)].span)


def _may_be_target(graph: Graph, number: int, moving: set[int]) -> bool:
    """Whether it is a number in no array that meets what moves in differences alone."""
    data = number if is_stated(number) else graph.data(number)
    return not graph.nodes[data].value.ndim and all(
        graph.nodes[i].op == "subtract" for i in graph.after[number] if i in moving
    )


def _place(span: Span) -> tuple[int, ...]:
    """Where an expression stands, in a module beside the file, too."""
    return (*span[:4], span.inner)


def is_stated(number: int) -> bool:
    """Whether a leaf is a number that the program states."""
    return number < 0


def _meetings(
    graph: Graph, group: list[int], forward: set[int], used: set[int], *, apart: bool
) -> Iterator[tuple[tuple[int, int], ...]]:
    """Pairs of output and target, one set for each place in the source where they meet.

    Where any of them lead to the step, the others are of no account.

    Args:
        apart: whether those of different places are different sets.
    """
    nodes = graph.nodes
    by_place: dict[tuple, list[tuple[int, int, int]]] = {}
    leading: dict[tuple, list[tuple[int, int, int]]] = {}
    for y, number, g in _meeting(graph, group):
        if g in forward and nodes[g].value.dtype.kind == "f":
            place = _place(nodes[number].span if apart and not is_stated(y) else NOWHERE)
            by_place.setdefault(place, []).append((y, number, g))
            if number in used:
                leading.setdefault(place, []).append((y, number, g))
    for met in map(functools.partial(_as_wholes, graph), (leading or by_place).values()):
        pairs = {g: _positive(graph, y) for y, _, g in met}
        labelled = {g for _, number, g in met if nodes[number].op in AT_PLACES}
        fits = all(_fits(nodes[y].value, nodes[g].value, labelled=g in labelled)
                   for g, y in pairs.items())  # fmt: skip
        if fits and _is_clear(graph, met) and not _are_of_f(graph, met):
            yield tuple(sorted(pairs.items()))


def _as_wholes(graph: Graph, met: list[tuple[int, int, int]]) -> list[tuple[int, int, int]]:
    """All labels in place of each, where an output is met sample by sample, as in g[i, y[i]]."""

    def whole(y: int, number: int, g: int) -> int:
        larger = [i for i in graph.way(y) if graph.nodes[i].value.ndim]
        labels, output = graph.nodes[larger[0] if larger else y].value, graph.nodes[g].value
        places = graph.nodes[number].op in AT_PLACES and not graph.nodes[y].value.ndim
        many = labels.ndim == 1 and output.ndim == 2 and labels.size in output.shape
        return larger[0] if places and many else y

    return [(whole(*meeting), *meeting[1:]) for meeting in met]


def _is_clear(graph: Graph, met: list[tuple[int, int, int]]) -> bool:
    """Whether one number meets each output: of two none is the target."""
    numbers: dict[int, set[float]] = {}
    for y, _, g in met:
        value = graph.nodes[y].value
        numbers.setdefault(g, set()).update([float(value)] if value.ndim == 0 else [])
    return all(len(some) < 2 for some in numbers.values())


def _are_of_f(graph: Graph, met: list[tuple[int, int, int]]) -> bool:
    """Whether these are the ones of an f or its slope, as in 1 / (1 + e⁻ᵘ) and g (1 − g)."""
    nodes = graph.nodes

    def belongs(number: int, g: int) -> bool:
        by = [i for i in graph.after[number] if nodes[i].op == "multiply"]
        return nodes[number].op == "divide" or any(g in graph.before[i] for i in by)

    ones = all(is_stated(y) and nodes[y].value == 1 for y, _, _ in met)
    return ones and all(belongs(number, g) for _, number, g in met)


def _meeting(graph: Graph, group: list[int]) -> Iterator[tuple[int, int, int]]:
    """Each (value of a target, node where it meets something, what it meets)."""
    nodes = graph.nodes
    for y in group:
        for number in graph.after[y]:
            op = nodes[number].op
            if op in FACTORS | JOINED or (op == "add" and nodes[y].op != "negative"):
                continue  # a target is no factor, and is added, or joined, to nothing
            for g in graph.before[number]:
                if nodes[g].op == "log":  # y log g
                    yield y, number, guarded(graph, graph.before[g][0])
                elif op != "multiply" or _are_signs(nodes[y].value):
                    yield y, number, g


def _are_signs(y: np.ndarray) -> bool:
    """Whether these are labels 1 and −1, by which an output is multiplied."""
    return bool(y.size > 1 and (np.abs(y) == 1).all() and (y < 0).any())


def _positive(graph: Graph, y: int) -> int:
    """The target itself, where it is met with the opposite sign, as in g + (−y) and in −y / g."""
    while graph.nodes[y].op == "negative":
        (y,) = graph.before[y]
    return y


def guarded(graph: Graph, g: int) -> int:
    """What a logarithm is of, without what keeps it from 0."""
    while graph.nodes[g].op in GUARD_OPERATIONS and len(graph.before[g]) == 1:
        rest = [a for a in graph.nodes[g].args if isinstance(a, int | float)]
        if not all(abs(a) <= LARGEST_EPSILON or a >= 1 - LARGEST_EPSILON for a in rest):
            break
        (g,) = graph.before[g]
    return g


def _fits(y: np.ndarray, g: np.ndarray, *, labelled: bool) -> bool:
    """Whether one may be the target of the other; a single number of several outputs as a label."""
    return (y.size > 1 or g.size == 1 or labelled) and as_target(y, g) is not None
