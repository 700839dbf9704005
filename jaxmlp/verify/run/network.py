"""The network in a recording: its parameters, its forward pass, its outputs and their targets.

Forward is what depends on the parameters and not on the target; the target is what meets the
forward pass last, and where they meet is the output.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from jaxmlp.verify.given import F
from jaxmlp.verify.names import BACK, GRADIENT
from jaxmlp.verify.run.arrays import LOST, STOOD_IN
from jaxmlp.verify.run.graph import Graph
from jaxmlp.verify.run.recording import Recording
from jaxmlp.verify.run.step import FACTORS, PASSING, WRITES
from jaxmlp.verify.run.tape import NOWHERE, Node, Span

GUARDS = frozenset(("add", "np.clip", "maximum", "minimum"))
AT_PLACES = frozenset(("getitem", *WRITES))
EPSILON = 1e-3
MANY = 300  # nodes of a call, from where on shapes are not looked at
FEW = 6  # numbers that E may be, from either end


@dataclass(frozen=True)
class Target:
    """What may be the target, and where it meets the forward pass.

    Attributes:
        nodes: the target's values, as the step first reads them.
        backward: all that depends on them.
        pairs: (output, target) for each sample or batch of the step.
        computed: how many values the forward pass computes.
        upstream: whether it is no target, but ∂E/∂(the output), which a backward pass is given.
    """

    nodes: frozenset[int]
    backward: frozenset[int]
    pairs: tuple[tuple[int, int], ...]
    computed: int
    upstream: bool = False


def targets(
    recording: Recording, graph: Graph, params: list[int], results: list[int], *, bare: bool = False
) -> list[Target]:
    """What may be the target of a step, those that meet most of the network first.

    Args:
        results: what all depends on it.
        bare: whether it may meet what is given, as in a loss by itself.
    """
    wanted, used = set(results), graph.ancestors(results)
    moving = graph.dependents(params)
    given = set() if bare else set(params)
    found: dict[tuple, Target] = {}
    for group in _constants(graph, moving).values():
        backward = graph.dependents(group)
        forward = moving - backward - given
        computed = sum(recording.nodes[i].op not in PASSING for i in forward)
        if not computed or not wanted <= backward:
            continue
        for pairs in _meetings(recording, graph, group, forward, used):
            found.setdefault(pairs, Target(frozenset(group), frozenset(backward), pairs, computed))
    return sorted(found.values(), key=lambda one: -one.computed)


def given_back(recording: Recording, graph: Graph, params: list[int], y: int) -> Iterator[Target]:
    """What a backward pass may be given ∂E/∂ of: an output of its shape, which it never meets.

    Args:
        y: an array that may be ∂E/∂(the output).
    """
    backward, moving = graph.dependents([y]), graph.dependents(params)
    shape, kept = recording.nodes[y].value.shape, {node for _, node in recording.values}
    uses = [i for i in graph.after[y] if graph.after[i] or i in kept]  # not of a call that failed
    first = min(uses, default=y)
    found: dict[int, tuple[int, int]] = {}
    own = BACK.search(recording.name)  # what a backward pass gives is no output
    values = [v for v in recording.values if not (own and v[0].startswith(recording.name))]
    for number, (name, g) in enumerate(values):
        forward = recording.nodes[g].op != "leaf" and g in moving - backward and g < first
        if forward and recording.nodes[g].value.dtype.kind == "f":
            found[g] = min(found.get(g, (3, 0)), (_kept(name), -number))
    least = min((kept for kept, _ in found.values()), default=0)
    found = {g: kept for g, kept in found.items() if recording.nodes[g].value.shape == shape}
    for g in sorted((g for g in found if found[g][0] == least), key=lambda g: found[g]):
        computed = len(graph.ancestors([g]) & moving) - len(params)
        yield Target(frozenset([y]), frozenset(backward), ((g, y),), computed, upstream=True)


def _kept(name: str) -> int:
    """How far a place is from being where a forward pass has given its output."""
    if name.startswith("self."):
        return 2
    return int("[" in name and "['" not in name)  # a part of a cache, or what a method gave


def has_target(recording: Recording) -> bool:
    """Whether what a call moves is moved towards a target; a layer that moves its own has none."""
    if not (recording.moves and recording.name):
        return True
    olds, news = [old for _, old, _ in recording.moves], [new for _, _, new in recording.moves]
    return bool(targets(recording, Graph(recording.nodes), olds, news))


def sensible(recording: Recording) -> bool:
    """Whether guessed shapes give a network, with a target; or gradients of its arrays."""
    nodes = recording.nodes
    if not recording.moves:
        leaves = {n.value.shape for n in nodes.values() if n.op == "leaf"}
        given = [nodes[node].value.shape for name, node in recording.values
                 if GRADIENT.search(name) or BACK.search(name)] or _of_all(recording)  # fmt: skip
        fits = all(len(s) < 2 or s in leaves or s[::-1] in leaves for s in given)
        return fits and (len(nodes) > MANY or _is_passed_back(recording))
    graph = Graph(nodes)
    olds, news = [old for _, old, _ in recording.moves], [new for _, _, new in recording.moves]
    found = targets(recording, graph, olds, news)
    # Of samples, one by one; or it is a number that the program states.
    whole = lambda y: nodes[_data(graph, y)].value.ndim or is_stated(y)  # noqa: E731
    meets = any(whole(y) or len(one.pairs) > 1 for one in found for _, y in one.pairs)
    return meets and not degenerate(recording, graph, olds, found)


def _of_all(recording: Recording) -> list[tuple[int, ...]]:
    """The shapes of what a function gives that depends on all that it is given, if these are many:
    gradients, whatever they are called."""
    graph, nodes = Graph(recording.nodes), recording.nodes
    leaves = {n.id for n in nodes.values() if n.op == "leaf" and n.value.ndim}
    made = [node for name, node in recording.values if name.startswith(f"{recording.name}[")]
    whole = [i for i in made if leaves <= graph.ancestors([i])]
    return [nodes[i].value.shape for i in whole] if len(whole) > 1 else []


def _is_passed_back(recording: Recording) -> bool:
    """Whether a pass that goes back is given ∂E/∂(an output), where it has one."""
    graph = Graph(recording.nodes)
    arrays = [n for n in recording.nodes.values() if n.op == "leaf" and n.value.ndim]
    outputs = [g for name, g in recording.values if _kept(name) == 0]
    outputs = [g for g in outputs if recording.nodes[g].op != "leaf"]
    if not (recording.name and recording.goes_back and len(outputs) == 2):
        return True
    return any(
        any(given_back(recording, graph, [n.id for n in arrays if n.id != y.id], y.id))
        for y in arrays
    )


def degenerate(
    recording: Recording, graph: Graph, params: Sequence[int], found: Sequence[Target]
) -> int:
    """How many parameters have an entry for each sample, or are those of a single hidden unit.

    Nothing is shown by a guess with one of them.
    """
    nodes = recording.nodes
    matrices, outputs = shapes(recording, graph, params, found)
    pairs = {pair for target in found for pair in target.pairs}
    alike = [g for g, y in pairs if nodes[g].value.size == nodes[y].value.size]
    of_one = {*outputs, *(nodes[g].value.shape for g in alike)}
    one_output = any(1 in shape or not shape for shape in of_one)
    if not one_output and any(1 in shape for shape in matrices):
        return 1
    if any(target.upstream for target in found):
        return 0  # what a layer is given has an entry for each sample
    batch = {n for shape in outputs for n in shape if n > 1} - {n for s in matrices for n in s}
    first = min(params, key=lambda p: min(graph.after[p], default=p), default=None)
    own = first if not recording.moves else None  # ∂E/∂x has an entry for each sample
    return sum(bool(batch & set(nodes[p].value.shape)) for p in params if p != own)


def shapes(
    recording: Recording, graph: Graph, params: Sequence[int], found: Sequence[Target]
) -> tuple[list[tuple[int, ...]], set[tuple[int, ...]]]:
    """The shapes of the matrices among the parameters, and those of what may be the target."""
    nodes = recording.nodes
    weights = [*params, *fixed(recording, graph, list(params), tuple(found))]
    matrices = [nodes[p].value.shape for p in weights if multiplied(recording, graph, p)]
    return matrices, {nodes[y].value.shape for target in found for _, y in target.pairs}


def multiplied(recording: Recording, graph: Graph, param: int) -> bool:
    """Whether an array is a factor of a product of matrices, turned or cut as it may be."""
    shown = through(recording, graph, [param])
    return any(recording.nodes[i].op in FACTORS for one in shown for i in graph.after[one])


def _constants(graph: Graph, moving: set[int]) -> dict[tuple, list[int]]:
    """What does not depend on the parameters and meets what does, by the data it comes from."""
    groups: dict[tuple, list[int]] = {}
    for number in moving:
        for one in graph.before[number]:
            if one not in moving and graph.nodes[one].value.dtype.kind in "fiub":
                members = groups.setdefault(_origin(graph, one, number), [])
                if one not in members:
                    members.append(one)
    return groups


def _origin(graph: Graph, number: int, meets: int) -> tuple:
    """The data that a value is made of, and the place where it was taken out of them.

    Numbers that are in no array are of one origin where one expression works on them; those that
    the program states are all of one: 0.9 where a label says so, or else 0.1.

    Args:
        meets: the node that is computed from the value.
    """
    if is_stated(number):
        return ()
    while graph.before[number] and graph.nodes[number].op != "getitem":
        number = graph.before[number][0]
    data, span = _data(graph, number), graph.nodes[number].span
    alone = not graph.nodes[data].value.ndim
    return _place(graph.nodes[meets].span) if alone else (data, *_place(span))


def _place(span: Span) -> tuple[int, ...]:
    """Where an expression stands, in a module beside the file, too."""
    return (*span[:4], span.inner)


def is_stated(number: int) -> bool:
    """Whether a leaf is a number that the program states."""
    return number < 0


def _data(graph: Graph, number: int) -> int:
    """The array that a value was taken out of."""
    *_, data = _way(graph, number)
    return data


def _meetings(
    recording: Recording, graph: Graph, group: list[int], forward: set[int], used: set[int]
) -> Iterator[tuple[tuple[int, int], ...]]:
    """Pairs of output and target, one set for each place in the source where they meet.

    Where any of them lead to the step, the others are of no account.
    """
    nodes = recording.nodes
    by_place: dict[tuple, list[tuple[int, int, int]]] = {}
    leading: dict[tuple, list[tuple[int, int, int]]] = {}
    for y, number, g in _meeting(recording, graph, group):
        if g in forward and nodes[g].value.dtype.kind == "f":
            place = _place(NOWHERE if is_stated(y) else nodes[number].span)
            by_place.setdefault(place, []).append((y, number, g))
            if number in used:
                leading.setdefault(place, []).append((y, number, g))
    for met in map(functools.partial(_as_wholes, graph), (leading or by_place).values()):
        pairs = {g: _positive(recording, graph, y) for y, _, g in met}
        labelled = {g for _, number, g in met if nodes[number].op in AT_PLACES}
        fits = all(_fits(nodes[y].value, nodes[g].value, labelled=g in labelled)
                   for g, y in pairs.items())  # fmt: skip
        if fits and _is_clear(recording, met) and not _are_of_f(recording, graph, met):
            yield tuple(sorted(pairs.items()))


def _as_wholes(graph: Graph, met: list[tuple[int, int, int]]) -> list[tuple[int, int, int]]:
    """All labels in place of each, where an output is met sample by sample, as in g[i, y[i]]."""

    def whole(y: int, number: int, g: int) -> int:
        larger = [i for i in _way(graph, y) if graph.nodes[i].value.ndim]
        labels, output = graph.nodes[larger[0] if larger else y].value, graph.nodes[g].value
        places = graph.nodes[number].op in AT_PLACES and not graph.nodes[y].value.ndim
        many = labels.ndim == 1 and output.ndim == 2 and labels.size in output.shape
        return larger[0] if places and many else y

    return [(whole(*one), *one[1:]) for one in met]


def _is_clear(recording: Recording, met: list[tuple[int, int, int]]) -> bool:
    """Whether one number meets each output: of two none is the target."""
    numbers: dict[int, set[float]] = {}
    for y, _, g in met:
        value = recording.nodes[y].value
        numbers.setdefault(g, set()).update([float(value)] if value.ndim == 0 else [])
    return all(len(some) < 2 for some in numbers.values())


def _are_of_f(recording: Recording, graph: Graph, met: list[tuple[int, int, int]]) -> bool:
    """Whether these are the ones of an f or its slope, as in 1 / (1 + e⁻ᵘ) and g (1 − g)."""
    nodes = recording.nodes

    def belongs(number: int, g: int) -> bool:
        by = [i for i in graph.after[number] if nodes[i].op == "multiply"]
        return nodes[number].op == "divide" or any(g in graph.before[i] for i in by)

    ones = all(is_stated(y) and nodes[y].value == 1 for y, _, _ in met)
    return ones and all(belongs(number, g) for _, number, g in met)


def _meeting(
    recording: Recording, graph: Graph, group: list[int]
) -> Iterator[tuple[int, int, int]]:
    """Each (value of a target, node where it meets something, what it meets)."""
    nodes = recording.nodes
    for y in group:
        for number in graph.after[y]:
            op = nodes[number].op
            if op in FACTORS or (op == "add" and nodes[y].op != "negative"):
                continue  # a target is no factor, and is added to nothing
            for g in graph.before[number]:
                if nodes[g].op == "log":  # y log g
                    yield y, number, _guarded(recording, graph, graph.before[g][0])
                elif op != "multiply":
                    yield y, number, g


def _positive(recording: Recording, graph: Graph, y: int) -> int:
    """The target itself, where it is met with the opposite sign, as in g + (−y) and in −y / g."""
    while recording.nodes[y].op == "negative":
        (y,) = graph.before[y]
    return y


def _guarded(recording: Recording, graph: Graph, g: int) -> int:
    """What a logarithm is of, without what keeps it from 0."""
    while recording.nodes[g].op in GUARDS and len(graph.before[g]) == 1:
        rest = [a for a in recording.nodes[g].args if isinstance(a, int | float)]
        if not all(abs(a) <= EPSILON or a >= 1 - EPSILON for a in rest):
            break
        (g,) = graph.before[g]
    return g


def _fits(y: np.ndarray, g: np.ndarray, *, labelled: bool) -> bool:
    """Whether one may be the target of the other; a single number of several outputs as a label."""
    return (y.size > 1 or g.size == 1 or labelled) and as_target(y, g) is not None


def fixed(
    recording: Recording, graph: Graph, params: list[int], found: tuple[Target, ...]
) -> list[int]:
    """The arrays of floats that the forward pass multiplies what it has computed with.

    They are parameters that do not move; the samples are none, since they only meet parameters.
    """
    moving = graph.dependents(params)
    behind = frozenset().union(*(one.backward for one in found))
    given = through(recording, graph, params)
    arrays = [n for n in recording.nodes.values() if n.op == "leaf" and n.value.ndim]
    leaves = [n.id for n in arrays if n.value.dtype.kind == "f" and n.id not in moving]
    return [
        leaf for leaf in leaves
        if leaf not in behind
        and any(recording.nodes[i].op in FACTORS and i not in behind
                and any(b in moving and b not in given for b in graph.before[i])
                for one in through(recording, graph, [leaf]) for i in graph.after[one])
    ]  # fmt: skip


def empty_samples(
    recording: Recording, graph: Graph, params: Sequence[int], found: Sequence[Target]
) -> list[int]:
    """What weights are multiplied by and is 0, as a sample of XOR is: nothing is seen with it.

    It is a number, or a part of larger data; an array of its own may be 0 on purpose, as a first h.
    """
    nodes, moving = recording.nodes, graph.dependents(list(params))
    behind = set().union(*(target.backward | target.nodes for target in found))
    outputs = graph.ancestors([g for target in found for g, _ in target.pairs])

    def is_sample(number: int) -> bool:
        node = nodes[number]
        part: bool | np.bool_ = number in recording.parts
        part |= node.op in PASSING and np.any(nodes[graph.before[number][0]].value)
        return bool(part or (node.op == "leaf" and not node.value.ndim)) and not np.any(node.value)

    used = {number for i in moving & outputs if nodes[i].op in ("multiply", *FACTORS)
            for number in graph.before[i] if number not in moving | behind}  # fmt: skip
    origins = {way for number in used for way in _way(graph, number) if is_sample(way)}
    return sorted(origins - behind)


def _way(graph: Graph, number: int) -> Iterator[int]:
    """A value, and what it only shows in another shape."""
    yield number
    while graph.before[number] and graph.nodes[number].op in PASSING:
        number = graph.before[number][0]
        yield number


def through(recording: Recording, graph: Graph, roots: list[int]) -> set[int]:
    """Arrays, and what only shows them in another shape."""
    found, left = set(), list(roots)
    while left:
        one = left.pop()
        if one not in found:
            found.add(one)
            left += [i for i in graph.after[one] if recording.nodes[i].op in PASSING]
    return found


def lost(recording: Recording, graph: Graph, params: list[int]) -> Node | None:
    """An operation whose result could not be recorded; of a stand-in, if parameters fed it."""
    moving, nodes = graph.dependents(params), recording.nodes.values()
    found = [n for n in nodes if n.op.startswith(LOST)]
    return next((n for n in found if n.id in moving or not n.op.startswith(STOOD_IN)), None)


def like_outputs(recording: Recording, graph: Graph, target: Target) -> dict[int, np.ndarray]:
    """Values for a target that is a stand-in, such as an output that is a probability may have."""
    found = {}
    for g, y in target.pairs:
        leaf, out = recording.nodes[_data(graph, y)], recording.nodes[g].value
        is_label = recording.nodes[y].value.size < out.size
        if leaf.op == "leaf" and leaf.value.dtype.kind == "f" and leaf.value.ndim and not is_label:
            axis = axis_of_one(out)
            if axis is not None or ((out > 0).all() and (out < 1).all()):
                found[leaf.id] = F["sigmoid"](leaf.value)
            if axis is not None and axis < leaf.value.ndim:
                turned = recording.nodes[y].value.shape != out.shape and leaf.value.ndim == 2
                along = (axis if turned else -1 - axis) % leaf.value.ndim
                many = [k for k, n in enumerate(leaf.value.shape) if n == out.shape[-1 - axis]]
                along = many[0] if len(many) == 1 else along
                found[leaf.id] /= found[leaf.id].sum(along, keepdims=True)
    return found


def axis_of_one(out: np.ndarray) -> int | None:
    """The axis, counted from the last, along which outputs sum to 1."""
    for axis in range(out.ndim):
        if out.shape[-1 - axis] > 1 and np.allclose(out.sum(-1 - axis), 1):
            return axis
    return None


def stated(
    recording: Recording, graph: Graph, params: list[int], target: Target, results: list[int]
) -> list[int]:
    """Numbers that depend on the parameters and the target: E, if the file states it.

    Args:
        results: what the step is after; what it is computed from is no E, nor what is computed
            from it: that is E after the step.
    """
    moving = graph.dependents(params)
    used = graph.ancestors(results) | graph.dependents(results)
    data = [i for i in graph.ancestors(target.nodes) if not graph.before[i]]
    behind = target.backward | graph.dependents(data)  # it may read the same labels anew
    found = [
        number for number in sorted((moving & behind) - used, reverse=True)
        if recording.nodes[number].value.size == 1
        and recording.nodes[number].value.dtype.kind == "f"
        and recording.nodes[number].op not in PASSING
        and np.isfinite(recording.nodes[number].value).all()
    ]  # fmt: skip
    return [*found[:FEW], *found[FEW:][-FEW:]]


def as_target(y: np.ndarray, g: np.ndarray) -> np.ndarray | None:
    """A target in the shape of the output: as it is, or one place for each label."""
    if y.shape == g.shape:
        return y.astype(float)
    if y.size == g.size:
        turned = y.T if y.T.shape == g.shape else y.reshape(g.shape)
        return turned.astype(float)
    labels = np.ravel(y)
    whole = y.dtype.kind in "iub" or (labels == np.round(labels)).all()
    if not whole or not labels.size or labels.min() < 0:
        return _spread(y, g)
    labels = labels.astype(int)
    if g.ndim == 1 and labels.size == 1 and labels.max() < g.size:
        return np.eye(g.size)[labels[0]]
    if g.ndim == 2 and g.shape[0] == labels.size and labels.max() < g.shape[1]:
        return np.eye(g.shape[1])[labels]
    if g.ndim == 2 and g.shape[1] == labels.size and labels.max() < g.shape[0]:
        return np.eye(g.shape[0])[labels].T
    return _spread(y, g)


def _spread(y: np.ndarray, g: np.ndarray) -> np.ndarray | None:
    try:
        return np.broadcast_to(y, g.shape).astype(float)
    except ValueError:
        return None
