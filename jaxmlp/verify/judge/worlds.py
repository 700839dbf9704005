"""A recorded step made ready to be judged: its parameters, what may be the target, its states."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from jaxmlp.verify.names import BACK, BIAS, GRADIENT, LOSS, last_of
from jaxmlp.verify.run import network, sense
from jaxmlp.verify.run.arrays import LOST, STOOD_IN
from jaxmlp.verify.run.graph import Graph
from jaxmlp.verify.run.recording import Recording
from jaxmlp.verify.run.step import FACTORS, FLATTENING, JOINED, PASSING, SUMS, WRITES
from jaxmlp.verify.run.tape import Ref, spread
from jaxmlp.verify.run.targets import Target, targets, upstream_targets
from jaxmlp.verify.truth import adjoints, replay

if TYPE_CHECKING:
    from jaxmlp.verify.judge.judgement import Judgement


LEAST_KEPT = 0.5  # of what decays, in a step
ONE_TOLERANCE = 1e-13  # by which an output may differ from 1, and be 1
# What only these use is no variable: the random numbers of a mask, say.
COMPARES = frozenset(("greater", "less", "greater_equal", "less_equal"))


class Unjudged(Exception):
    """Why there is no verdict: a key of `judge.told`, and where; what was tried in vain."""

    def __init__(self, reason: str, what: str = "", line: int = 0, tried: Sequence[Judgement] = ()):
        super().__init__(reason)
        self.reason, self.what, self.line, self.tried = reason, what, line, tuple(tried)


class Param(NamedTuple):
    """A parameter of a step, or of what a call has given back.

    Attributes:
        name: the place where it is, or where its gradient is.
        old: the node of its value in the forward pass.
        new: the node that it is changed to, or that should be its gradient.
        gives: whether `new` is the gradient itself.
    """

    name: str
    old: int
    new: int
    gives: bool = False


@dataclass(frozen=True, eq=False)
class World:
    """A recording, ready to be judged.

    Attributes:
        params: the parameters that it moves, or whose gradients it gives.
        fixed: other arrays that the forward pass multiplies with.
        at: all values, at several states.
        targets: what may be the target, and where it meets the forward pass.
        siblings: what does not move, though its like in a list do (`network.siblings`).
        results: of a call, (name, node) of what it gives and depends on the target.
    """

    recording: Recording
    graph: Graph
    params: tuple[Param, ...]
    fixed: tuple[int, ...]
    at: Sequence[Mapping[int, np.ndarray]]
    targets: tuple[Target, ...]
    siblings: tuple[int, ...] = ()
    results: tuple[tuple[str, int], ...] = ()

    @property
    def roots(self) -> list[int]:
        """The nodes that the forward pass begins with."""
        return [*dict.fromkeys(p.old for p in self.params), *self.fixed]

    @cached_property
    def left_out(self) -> list[int]:
        """What a program moves nowhere in a step, and has in its forward pass beside the samples:
        arrays that are not just of 0 and 1."""
        if not self.recording.moves:
            return []
        nodes, named = self.recording.nodes, {node for _, node in self.recording.values}
        pairs = [pair for target in self.targets for pair in target.pairs]
        outputs = {n for g, _ in pairs for n in nodes[g].value.shape}
        whole = [i for i in self.fixed if i in named and nodes[i].value.ndim
                 and not np.isin(nodes[i].value, (0, 1)).all()]  # fmt: skip
        return [i for i in whole if min(nodes[i].value.shape) == 1 or nodes[i].value.ndim == 1
                or not outputs.intersection(nodes[i].value.shape)]  # fmt: skip

    @cached_property
    def odd(self) -> int:
        """How many parameters have the size of the batch or two of one size, or are of one unit.

        Where shapes are guessed, these are guesses with which mistakes may not show.
        """
        if not self.recording.guessed:
            return 0
        olds = [p.old for p in self.params]
        matrices, outputs = sense.shapes(self.graph, olds, self.targets)
        many = any(len(target.pairs) > 1 for target in self.targets)
        nodes = self.recording.nodes
        left = Counter(tuple(sorted(nodes[i].value.shape)) for i in self.roots)
        wanted = Counter(tuple(sorted(nodes[r].value.shape)) for r in {r for _, r in self.results})
        numbers = wanted.pop((), 0)  # more than E: a gradient that has lost its shape
        strange = (wanted - left).total()  # what is given is the gradient of no array
        single = sum(1 in shape or not (shape or many) for shape in (*matrices, *outputs)) + numbers
        square = sum(len(shape) > len(set(shape)) for shape in (*matrices, *outputs))
        moved = [p for p in self.params if not p.gives]
        units = {n for p in moved for n in nodes[p.old].value.shape}
        alike = sum(len(shape) > 1 and units >= {*shape} for shape in outputs)  # samples as units
        pairs = [(nodes[g].value, nodes[y].value) for one in self.targets for g, y in one.pairs]
        spread = any(g.ndim and g.ndim != y.ndim and g.shape[-1:] == y.shape[-1:] for g, y in pairs)
        return single + square + 2 * strange + alike + spread + self.degenerate

    @cached_property
    def degenerate(self) -> int:
        """How many parameters show nothing; all of them where the output is always 1, as the
        softmax of one unit is."""
        olds = [p.old for p in self.params]
        pairs = (pair for target in self.targets for pair in target.pairs)
        outputs = ([state[g] for state in self.at] for g, _ in pairs)
        if all(np.allclose(values, 1, rtol=ONE_TOLERANCE, atol=0) for values in outputs):
            return len(olds)
        return sense.degenerate(self.recording, self.graph, olds, self.targets)

    def inner(self, number: int, among: Container[int]) -> Iterator[int]:
        """The values among some that a value is made of entry by entry, as f(u) is of u, be they
        written one by one."""
        nodes, seen = self.recording.nodes, set()
        left = [] if nodes[number].op in FACTORS else [number]
        while left:
            for parent in self.graph.before[left.pop()]:
                if parent in seen or parent not in among:
                    continue
                seen.add(parent)
                node, op = nodes[parent], nodes[parent].op
                alike = node.value.shape == nodes[number].value.shape
                if alike and op not in WRITES:
                    yield parent
                known = sum(i in among for i in self.graph.before[parent])  # u alone, and no w x
                entry = (node.value.size == 1 and known == 1) or op in PASSING or op in WRITES
                left += [parent] if (alike or entry) and op not in FACTORS else []

    def replayed(
        self, state: Mapping[int, np.ndarray], known: Mapping[int, Any]
    ) -> dict[str, np.ndarray]:
        """How far the parameters move at a state, or their gradients, if some values are given.

        Raises:
            NotReplayed: a branch is not taken then.
        """
        again = self.values(state, known)
        return {p.name: np.asarray(again[p.new] - (0 if p.gives else state[p.old]))
                for p in self.params}  # fmt: skip

    def values(self, state: Mapping[int, np.ndarray], known: Mapping[int, Any]) -> dict[int, Any]:
        """All values at a state, if some are given; errors as `replayed`."""
        nodes = self.recording.nodes
        leaves = {n.id: state[n.id] for n in nodes.values() if n.op == "leaf"}
        return replay.values(nodes, {**leaves, **known})

    def change(self, param: Param) -> np.ndarray:
        """A gradient, or how far a step moves downwards, the states along the first axis."""
        if param.gives:
            shape = self.at[0][param.old].shape
            return np.stack([_shaped(state[param.new], shape) for state in self.at])
        return np.stack([state[param.old] - state[param.new] for state in self.at])


def _shaped(value: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    return value.T if value.T.shape == shape != value.shape else value.reshape(shape)


def worlds(recordings: Sequence[Recording], seed: int) -> Iterator[World]:
    """Those that can be computed anew and have a target."""
    stopped, any_found = None, False
    for recording in recordings:
        graph = Graph(recording.nodes)
        params = tuple(Param(*move) for move in recording.moves)
        try:
            candidates = (
                [_moving(recording, graph, params, seed)]
                if params
                else list(given(recording, graph, seed))
            )
        except replay.NotReplayed as why:
            stopped = why
            continue
        for world in candidates:
            if world.targets:
                any_found = True
                yield world
    if stopped is not None and not any_found:
        raise Unjudged("construct", stopped.node.op, stopped.node.span.line)


def _moving(recording: Recording, graph: Graph, params: tuple[Param, ...], seed: int) -> World:
    olds, news = recording.olds, recording.news
    if (lost := network.lost(graph, olds)) is not None:
        raise Unjudged(
            "construct", lost.op.removeprefix(STOOD_IN).removeprefix(LOST), lost.span.line
        )
    candidates = tuple(targets(graph, olds, news))
    fixed = network.fixed(graph, olds, candidates)
    siblings = tuple(network.siblings(recording, graph, candidates))
    idle = network.idle(graph, olds, news, candidates)
    others = (*siblings, *idle, *_single_biases(recording, graph, olds))
    fixed += [i for i in dict.fromkeys(others) if i not in fixed]
    empty = network.empty_samples(graph, olds, candidates, recording.parts)
    zero = network.zero_targets(graph, candidates, recording.parts)
    roots = [*olds, *fixed]
    at = adjoints.states(recording, roots, seed, empty=empty, zero=zero) if candidates else ()
    return World(recording, graph, params, tuple(fixed), at, candidates, siblings)


def _single_biases(recording: Recording, graph: Graph, olds: Sequence[int]) -> list[int]:
    """The numbers that are called biases, are added to what a network has computed, be it before or
    after other numbers, and do not move: on purpose, as long as no gradient is computed for them.
    """
    nodes, moving = recording.nodes, graph.dependents(olds)
    called = dict.fromkeys(i for name, i in recording.values if BIAS.search(last_of(name)))
    single = (i for i in called if nodes[i].op == "leaf" and not nodes[i].value.ndim)
    sums = lambda number: [i for i in graph.after[number] if nodes[i].op in SUMS]  # noqa: E731
    return [i for i in single if i not in moving and not moving.isdisjoint(spread([i], sums))]


def at_rest(world: World, seed: int) -> World | None:
    """The same where what begins at 0, is in no network, and is 0 again after the step, as sums of
    gradients are, is still 0. None if there is no such thing."""
    graph, nodes = world.graph, world.recording.nodes
    forward = graph.ancestors([g for target in world.targets for g, _ in target.pairs])
    is_0 = lambda p: not (nodes[p.old].value.any() or nodes[p.new].value.any())  # noqa: E731
    resting = {p.old for p in world.params if p.old not in forward and is_0(p)}
    params = tuple(p for p in world.params if p.old not in resting)
    if not resting or not params or not world.recording.moves:
        return None
    roots = [*(p.old for p in params), *world.fixed]
    empty = network.empty_samples(graph, roots, world.targets, world.recording.parts)
    at = adjoints.states(world.recording, roots, seed, empty=empty)
    return replace(world, params=params, at=at)


def given(recording: Recording, graph: Graph, seed: int) -> Iterator[World]:
    """What a call gives, as gradients or moved parameters, for each possible target."""
    if not _is_loss(recording) and not any(n.op in FACTORS for n in recording.nodes.values()):
        return  # a plain rule of an update, say
    used, shown = _arrays(recording, graph)
    for y in reversed(used):
        behind = graph.dependents([y])
        own = [i for i in shown if i != y and not behind.issuperset(graph.after[i])]
        named = [(name, r) for name, r in recording.values if r in behind and r != y]
        results = [part for one in named for part in _parts(graph, *one, own)]
        roots, met = _met(recording, graph, y, own, used)
        results += _moved_without(recording, graph, roots, behind) if results else []
        if any(target.upstream for target in met):
            results += [(name, r) for name, r in recording.values if r == y and "[" in name]
        params = tuple(_candidates(recording, graph, roots, results)) if met else ()
        if params:
            at = adjoints.states(recording, roots, seed)
            fixed = tuple(i for i in roots if i not in {p.old for p in params})
            yield World(recording, graph, params, fixed, at, met, results=tuple(results))


def _parts(graph: Graph, name: str, number: int, roots: Sequence[int]) -> list[tuple[str, int]]:
    """What a vector is put together of, as one of all gradients is, each part as it was before it
    was made flat; or a result as it is."""
    nodes, vector = graph.nodes, graph.nodes[number]
    parts = graph.before[number] if vector.op in JOINED and vector.value.ndim == 1 else ()
    if not parts or vector.value.shape in {nodes[root].value.shape for root in roots}:
        return [(name, number)]
    wholes = [list(graph.way(part, FLATTENING))[-1] for part in parts]
    return [(f"{name}[{k}]", whole) for k, whole in enumerate(wholes)]


def _arrays(recording: Recording, graph: Graph) -> tuple[list[int], list[int]]:
    """The arrays that a call is given: what may be a target, and what may be a parameter.

    None is what a function makes itself, as zeros, ones and a unit matrix; but biases of 0 that
    have a name, in an object or as an argument, are, and had one before they were moved.
    """
    nodes = recording.nodes
    moved = {graph.before[i][0] for name, i in recording.values
             if name.startswith("self.") and nodes[i].op in SUMS and graph.before[i]}  # fmt: skip
    compared = lambda i: all(nodes[child].op in COMPARES for child in graph.after[i])  # noqa: E731
    back = {node for name, node in recording.values if "[" in name and BACK.search(name)}
    kept = {node for _, node in recording.values} | back | moved
    first = min((n.id for n in nodes.values() if n.op != "leaf"), default=0)
    given = [n for n in nodes.values() if n.op == "leaf"]
    leaves = [n for n in given if n.value.ndim] or given  # a layer may multiply two numbers
    leaves = [n for n in leaves if not compared(n.id) or n.id in back]
    used = [n for n in leaves if n.id < first or n.value.size < 2 or n.value.min() != n.value.max()]
    made = {n.id for n in leaves if n.id > first and np.isin(n.value, (0, 1)).all()} - kept
    shown = ({n.id for n in used} | kept) - made
    targets = [n.id for n in used if n.value.dtype.kind in "fiu"]
    return targets, [n.id for n in leaves if n.value.dtype.kind == "f" and n.id in shown]


def _met(
    recording: Recording, graph: Graph, y: int, roots: list[int], used: Sequence[int]
) -> tuple[list[int], tuple[Target, ...]]:
    """(the parameters, what y may be the target of): an output that they meet; in a loss by
    itself, another array; or nothing, where y is ∂E/∂(an output)."""
    nodes, behind = recording.nodes, graph.dependents([y])
    kept = {node for name, node in recording.values if name.startswith("self.")}

    def met(params: list[int], *, bare: bool = False) -> tuple[Target, ...]:
        candidates = _of(targets(graph, params, [], bare=bare), behind)
        return tuple(target for target in candidates if not _is_update(graph, target, kept))

    if _is_loss(recording):
        shape = nodes[y].value.shape
        bare = [i for i in used if i != y and nodes[i].value.shape == shape]
        bare = [i for i in bare if nodes[i].value.dtype.kind == "f"]
        plain = [one for one in met(bare, bare=True) if any(g in bare for g, _ in one.pairs)]
        if plain:
            return bare, tuple(plain)
    if candidates := met(roots):
        return roots, candidates
    return roots, tuple(upstream_targets(recording, graph, roots, y))


def _moved_without(
    recording: Recording, graph: Graph, roots: list[int], behind: set[int]
) -> list[tuple[str, int]]:
    """What a call gives as W − d though d is not made of the target: a name that nothing defines
    stands in for it, say."""
    nodes = recording.nodes
    return [(name, r) for name, r in recording.values if "[" in name and r not in behind
            and nodes[r].op == "subtract" and graph.before[r][0] in roots
            and nodes[graph.before[r][0]].value.shape == nodes[r].value.shape]  # fmt: skip


def _is_update(graph: Graph, target: Target, kept: set[int]) -> bool:
    """Whether what looks like a target only meets what an object keeps, where that is moved."""
    return any(kept.intersection(graph.after[g]) for g, _ in target.pairs)


def _is_loss(recording: Recording) -> bool:
    """Whether it is called a loss, or a backward pass."""
    return recording.goes_back or any(LOSS.search(name) for name in recording.gives)


def _of(targets: Sequence[Target], behind: set[int]) -> tuple[Target, ...]:
    """Those that are made of one array."""
    return tuple(target for target in targets if target.nodes <= behind)


def _candidates(
    recording: Recording, graph: Graph, roots: list[int], results: list[tuple[str, int]]
) -> Iterator[Param]:
    """Each result with each array of its size that it may be the gradient of, or the new value."""
    for name, result in {r: (n, r) for n, r in reversed(results)}.values():
        value = recording.nodes[result].value
        own = not name.startswith("self.") and min(value.shape, default=1) > 1
        after = {recording.nodes[i].op for i in graph.after[result]}
        piece = value.ndim == 1 and not after.isdisjoint(JOINED)  # of a vector, and flat
        for root in roots:
            shape = recording.nodes[root].value.shape
            alike = shape == value.shape or (shape == value.T.shape and not own)
            if alike or (piece and recording.nodes[root].value.size == value.size):
                moved = _is_moved(graph, root, result) and not GRADIENT.search(name)
                yield Param(name, root, result, gives=not moved)


def _is_moved(graph: Graph, root: int, result: int) -> bool:
    """Whether a value is another plus or minus something, or most of it minus something."""
    op, before = graph.nodes[result].op, graph.before[result]
    if op not in ("subtract", "add"):
        return False
    return root in before or (op == "subtract" and _keeps_most(graph, root, before[0]))


def _keeps_most(graph: Graph, root: int, number: int) -> bool:
    """Whether a value is a share of another, as what decays is."""
    node = graph.nodes[number]
    values = [graph.nodes[a.id].value if isinstance(a, Ref) else a for a in node.args]
    shares = [float(value) for value in values if np.ndim(value) == 0]
    one = node.op == "multiply" and root in graph.before[number] and len(shares) == 1
    return one and LEAST_KEPT < shares[0] <= 1
