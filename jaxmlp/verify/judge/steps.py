"""A recorded step, judged: which E it goes down, and which parameters do not follow its gradient.

No 'wrong' without evidence: the output was found, E is stated or is right for one parameter at
least, and all is compared at several random states.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from jaxmlp.verify.judge.naming import Names, multiple
from jaxmlp.verify.run import network
from jaxmlp.verify.run.arrays import LOST
from jaxmlp.verify.run.graph import Graph
from jaxmlp.verify.run.network import Target, as_target
from jaxmlp.verify.run.recording import Recording
from jaxmlp.verify.truth import adjoints, differences, errors, replay

SECONDS = 6.0  # for the choice among worlds and errors
MOST = 60  # worlds and targets that are tried
OWN = "own"
SAME = 1e-6
PRESSED = 3  # worlds that are looked at in full


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


@dataclass(frozen=True)
class World:
    """A recording, ready to be judged.

    Attributes:
        params: the parameters that it moves, or whose gradients it gives.
        fixed: other arrays that the forward pass multiplies with.
        at: all values, at several states.
        targets: what may be the target, and where it meets the forward pass.
        results: of a call, (name, node) of the arrays that it gives and that depend on the target.
    """

    recording: Recording
    graph: Graph
    params: tuple[Param, ...]
    fixed: tuple[int, ...]
    at: Sequence[Mapping[int, np.ndarray]]
    targets: tuple[Target, ...]
    results: tuple[tuple[str, int], ...] = ()

    @property
    def roots(self) -> list[int]:
        """The nodes that the forward pass begins with."""
        return [*dict.fromkeys(p.old for p in self.params), *self.fixed]

    def change(self, param: Param) -> np.ndarray:
        """A gradient, or how far a step moves downwards, the states along the first axis."""
        if param.gives:
            shape = self.at[0][param.old].shape
            return np.stack([_shaped(state[param.new], shape) for state in self.at])
        return np.stack([state[param.old] - state[param.new] for state in self.at])


def _shaped(value: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    return value.T if value.T.shape == shape != value.shape else value.reshape(shape)


class Choice(NamedTuple):
    """A world, a target and an E, and how many parameters go down it or up.

    Attributes:
        stated: the node of the file's own E, if it is that.
        fitting: how many go down or up.
        nearest: where the one of these that is nearest to the output is used first.
    """

    world: World
    target: Target
    error: str
    stated: int
    fitting: int
    nearest: int


@dataclass(frozen=True)
class Judgement:
    """What there is to say of a step.

    Attributes:
        choice: what it was judged by.
        names: what its values are.
        right: by parameter, whether it follows the gradient.
        factors: by parameter, by how much of it, where that is one number.
        still: parameters of the forward pass that never move, with the nodes of their gradients.
        uneven: by parameter, how many times the factor of the others it has.
        loose: what a call gives that is no derivative of E, and of no parameter's shape.
    """

    choice: Choice
    names: Names
    right: dict[str, bool]
    factors: dict[str, float]
    still: dict[int, int]
    uneven: dict[str, float]
    loose: tuple[tuple[str, int], ...]

    @property
    def world(self) -> World:
        """The recording, ready to be judged."""
        return self.choice.world

    def is_error(self, number: int) -> bool:
        """Whether a value is E, entry by entry."""
        entries, pairs = errors.KNOWN.get(self.choice.error), self.choice.target.pairs
        if entries is None or len(pairs) != 1:
            return False
        ((g, y),) = pairs
        value = self.names.value(number)
        if value.shape != self.names.value(g).shape:
            return False
        at = self.world.at
        true = [entries(state[g], as_target(state[y], state[g])) for state in at]
        return multiple(value, np.stack(true)) is not None


class Unjudged(Exception):
    """Why there is no verdict: a key of `judge.told`, and where; what was tried without evidence."""

    def __init__(self, reason: str, what: str = "", line: int = 0, tried: Sequence[Judgement] = ()):
        super().__init__(reason)
        self.reason, self.what, self.line, self.tried = reason, what, line, tuple(tried)


def judged(recordings: Sequence[Recording], seed: int, declared: str | None = None) -> Judgement:
    """The verdict on one step, of which there are recordings with different shapes of its data.

    Args:
        declared: the name of E, where somebody has said it.

    Raises:
        Unjudged: there is no evidence for a verdict.
    """
    worlds = list(_worlds(recordings, seed))
    choices = sorted(_choices(worlds, seed, declared), key=_rank, reverse=True)
    if not choices:
        raise Unjudged("no-output")
    if choices[0].world.recording.guessed and _degenerate(choices[0].world):
        raise Unjudged("shapes")
    best, tried = None, []
    for choice in _pressed(choices):
        try:
            found = _in_full(choice)
        except replay.NotReplayed as why:
            raise Unjudged("construct", why.node.op, why.node.span.line) from why
        if _all_right(found):
            return found
        tried.append(found)
        if best is None or sum(found.right.values()) > sum(best.right.values()):
            best = found
    if not _shown(best, declared):
        raise Unjudged("no-error", tried=tried)
    return best


def _shown(found: Judgement, declared: str | None) -> bool:
    """Whether E is known: it is right for a parameter; or it must be this, and is derived there."""
    if any(found.right.values()) and (found.world.recording.moves or found.choice.fitting):
        return True
    world, target, error = found.world, found.choice.target, found.choice.error
    if declared != error and _possible(world, target, None) != [error]:
        return False
    outputs = {g for g, _ in target.pairs}
    names = {i: found.names.of(i) for i in target.backward}
    derived = [i for i, name in names.items() if name is not None and name.of in outputs]
    wrong = [i for i in target.backward if found.is_error(i)]
    return bool(wrong) or (bool(derived) and _is_passed_on(world, derived))


def _is_passed_on(world: World, derived: Sequence[int]) -> bool:
    """Whether twice ∂E/∂g makes twice the step: of another E it may be the sign, or be cut off."""
    state = world.at[0]
    given = {i: 2 * state[i] for i in derived}
    again = replay.values(world.recording.nodes, {**_leaves(world), **given})
    for param in world.params:
        base = 0 if param.gives else state[param.old]
        if not np.allclose(again[param.new] - base, 2 * (state[param.new] - base)):
            return False
    return True


def _leaves(world: World) -> dict[int, np.ndarray]:
    """The values that a step begins with, at the first state."""
    return {n.id: world.at[0][n.id] for n in world.recording.nodes.values() if n.op == "leaf"}


def _all_right(found: Judgement) -> bool:
    """Whether every parameter follows the gradient; what only gives gradients has to fit, too."""
    fits = bool(found.world.recording.moves) or found.choice.fitting > 0
    return (
        fits
        and bool(found.right)
        and all(found.right.values())
        and not (found.still or found.loose or found.uneven)
    )


def _worlds(recordings: Sequence[Recording], seed: int) -> Iterator[World]:
    """Those that can be computed anew and have a target."""
    stopped, any_found = None, False
    for recording in recordings:
        graph = Graph(recording.nodes)
        params = tuple(Param(*move) for move in recording.moves)
        try:
            found = (
                [_moving(recording, graph, params, seed)]
                if params
                else given(recording, graph, seed)
            )
        except replay.NotReplayed as why:
            stopped = why
            continue
        for world in found:
            if world.targets:
                any_found = True
                yield world
    if stopped is not None and not any_found:
        raise Unjudged("construct", stopped.node.op, stopped.node.span.line)


def _moving(recording: Recording, graph: Graph, params: tuple[Param, ...], seed: int) -> World:
    olds, news = [p.old for p in params], [p.new for p in params]
    if (lost := network.lost(recording)) is not None:
        raise Unjudged("construct", lost.op.removeprefix(LOST), lost.span.line)
    targets = tuple(network.targets(recording, graph, olds, news))
    fixed = network.fixed(recording, graph, olds, targets)
    at = adjoints.states(recording, [*olds, *fixed], seed) if targets else ()
    return World(recording, graph, params, tuple(fixed), at, targets)


def suited(world: World, target: Target, seed: int) -> World:
    """The same, where the target is a stand-in, with one whose entries could be the outputs'."""
    recording = world.recording
    values = network.like_outputs(recording, world.graph, target) if recording.guessed else {}
    if not values:
        return world
    nodes = recording.nodes
    nodes = nodes | {i: nodes[i]._replace(value=value) for i, value in values.items()}
    changed = replace(recording, nodes=nodes)
    return replace(world, recording=changed, at=adjoints.states(changed, world.roots, seed))


def given(recording: Recording, graph: Graph, seed: int) -> Iterator[World]:
    """What a call gives, as gradients or moved parameters, for each possible target."""
    used = [
        n for n in recording.nodes.values() if n.op == "leaf" and n.value.ndim and graph.after[n.id]
    ]
    for y in (n.id for n in used if n.value.dtype.kind in "fiu"):
        behind = graph.dependents([y])
        roots = [n.id for n in used if n.value.dtype.kind == "f" and n.id != y
                 and not behind.issuperset(graph.after[n.id])]  # fmt: skip
        results = [(name, r) for name, r in recording.values if r in behind and r != y]
        found = network.targets(recording, graph, roots, [])
        targets = tuple(t for t in found if t.nodes <= behind)
        if not results or not targets:
            continue
        at = adjoints.states(recording, roots, seed)
        params = tuple(_candidates(recording, graph, roots, results))
        if params:
            fixed = tuple(i for i in roots if i not in {p.old for p in params})
            arrays = [(n, r) for n, r in results if recording.nodes[r].value.ndim]
            yield World(recording, graph, params, fixed, at, targets, tuple(arrays))


def _candidates(
    recording: Recording, graph: Graph, roots: list[int], results: list[tuple[str, int]]
) -> Iterator[Param]:
    """Each result with each array of its size that it may be the gradient of, or the new value."""
    for name, result in {r: (n, r) for n, r in reversed(results)}.values():
        value = recording.nodes[result].value
        direct = graph.before[result]
        for root in roots:
            shape = recording.nodes[root].value.shape
            if shape in (value.shape, value.T.shape) or (value.ndim == 1 and value.shape == shape):
                moved = root in direct and recording.nodes[result].op in ("subtract", "add")
                yield Param(name, root, result, gives=not moved)


def _choices(worlds: Sequence[World], seed: int, declared: str | None) -> Iterator[Choice]:
    """Each E that is possible for each target, with how well it fits by differences."""
    until = time.monotonic() + SECONDS
    tried = [(world, target) for world in worlds for target in world.targets]
    for plain, target in tried[:MOST]:
        world = suited(plain, target, seed)
        changes = [(p.old, list(map(np.asarray, world.change(p)))) for p in world.params]
        names = _possible(world, target, declared)
        fitting = differences.fitting(
            world.recording, world.graph, changes, target.pairs, world.at, names)  # fmt: skip
        for name, fits in fitting.items():
            chosen = world if world.recording.moves else matched(world, fits)
            used = [
                min(world.graph.after[p.old])
                for p, fit in zip(world.params, fits, strict=True)
                if fit
            ]
            yield Choice(chosen, target, name, 0, sum(fits), max(used, default=0))
            wanted = {p.new for p in world.params}
            if chosen.params and sum(fits) == len(wanted) and not _odd(chosen):
                return
        if time.monotonic() > until:
            return


def matched(world: World, fits: Sequence[bool]) -> World:
    """The same with one parameter for each result: the one that fits, or the only one left."""
    pairs = list(zip(world.params, fits, strict=True))
    found = {p.new: p for p, fit in pairs if fit}
    taken = {p.old for p in found.values()}
    left: dict[int, list[Param]] = {}
    for p, _ in pairs:
        if (
            p.new not in found
            and p.old not in taken
            and network.multiplied(world.recording, world.graph, p.old)
        ):
            left.setdefault(p.new, []).append(p)
    exact = {new: [p for p in some if _equal(world, p)] or some for new, some in left.items()}
    found |= {new: some[0] for new, some in exact.items() if len(some) == 1}
    params = tuple(found.values())
    olds = {p.old for p in params}
    fixed = tuple(dict.fromkeys(i for i in world.roots if i not in olds))
    return replace(world, params=params, fixed=fixed)


def _equal(world: World, param: Param) -> bool:
    nodes = world.recording.nodes
    return nodes[param.old].value.shape == nodes[param.new].value.shape


def _possible(world: World, target: Target, declared: str | None) -> list[str]:
    outputs = [state[g] for state in world.at for g, _ in target.pairs]
    names = [declared] if declared else list(errors.KNOWN)
    return [name for name in names if errors.possible(name, outputs)]


def _rank(choice: Choice) -> tuple:
    """What fits best, in the world that is the likeliest."""
    nodes = choice.world.recording.nodes
    exact = all(nodes[g].value.shape == nodes[y].value.shape for g, y in choice.target.pairs)
    odd, fits = _odd(choice.world), choice.fitting
    size = len(choice.target.backward)
    return (not _degenerate(choice.world), fits > 0, -odd, fits, exact, choice.nearest, size)


def _odd(world: World) -> int:
    """How many parameters have the size of the batch or two of one size, or are of one unit.

    Where shapes are guessed, these are guesses with which mistakes may not show.
    """
    if not world.recording.guessed:
        return 0
    olds = [p.old for p in world.params]
    matrices, outputs = network.shapes(world.recording, world.graph, olds, world.targets)
    many = any(len(target.pairs) > 1 for target in world.targets)
    single = sum(1 in shape or not (shape or many) for shape in (*matrices, *outputs))
    square = sum(len(shape) > len(set(shape)) for shape in matrices)
    return single + square + _degenerate(world)


def _degenerate(world: World) -> int:
    olds = [p.old for p in world.params]
    return network.degenerate(world.recording, world.graph, olds, world.targets)


def _pressed(choices: Sequence[Choice]) -> list[Choice]:
    """The choices worth the time of an exact look: the best of each E, in the best world."""
    found: dict[tuple, Choice] = {}
    best = choices[0]
    for choice in choices:
        if _rank(choice)[:6] == _rank(best)[:6] and len(found) < PRESSED:
            found.setdefault((choice.target.pairs, choice.error), choice)
    return list(found.values())


def _in_full(choice: Choice) -> Judgement:
    """All parameters of a choice, by JAX; with the file's own E where it fits one of them."""
    world, target = choice.world, choice.target
    own = _own_error(choice)
    if own:
        choice = choice._replace(error=OWN, stated=own)
        found = adjoints.of_own(world.recording, world.graph, world.roots, own, world.at)
    else:
        found = adjoints.of_known(
            world.recording, world.graph, world.roots, target.pairs, world.at, [choice.error]
        )[choice.error]
    return _verdicts(choice, Names(found, world.at))


def _own_error(choice: Choice) -> int | None:
    """An E that the file states, if some parameter goes down it and not all go down the other."""
    world = choice.world
    if choice.fitting == len(world.params):
        return None
    results = [p.new for p in world.params]
    for number in network.stated(world.recording, world.graph, world.roots, choice.target, results):
        for param in world.params:
            change = list(map(np.asarray, world.change(param)))
            value = lambda ends: np.array([np.sum(ends[0])])  # noqa: E731
            if differences.going_down(
                world.recording, world.graph, param.old, change, [number], value, world.at
            )[0]:
                return number
    return None


def _verdicts(choice: Choice, names: Names) -> Judgement:
    world, target = choice.world, choice.target
    right, factors, given = {}, {}, {}
    for param in world.params:
        if param.old not in names.adjoints:
            continue  # E does not depend on it: a velocity, a counter
        gradients = gradient_nodes(world, target, names, param)
        uncut = world.graph.dependents(target.nodes, without=gradients)
        right[param.name] = bool(gradients) and param.new not in uncut
        factor = multiple(world.change(param), names.adjoints[param.old])
        if factor is not None:
            factors[param.name] = factor
        elif gradients:
            given[param.name] = names.is_gradient(max(gradients), param.old)
    news = {p.new for p in world.params}
    loose = tuple((n, r) for n, r in world.results if r not in news and names.of(r) is None)
    still, uneven = _still(world, target, names), _uneven(world, factors or given)
    return Judgement(choice, names, right, factors, still, uneven, loose)


def _uneven(world: World, factors: Mapping[str, float]) -> dict[str, float]:
    """The parameters whose gradient has another factor than most, or than the one nearest to E.

    A step may have a step size for each; then only a factor that is a size of the data, or 2, is
    told, since nobody chooses such a one.
    """
    if len(factors) < 2:
        return {}
    last = max(
        (p for p in world.params if p.name in factors), key=lambda p: min(world.graph.after[p.old])
    )
    common = max(factors.values(), key=lambda f: (sum(_near(f, g) for g in factors.values()),
                                                  _near(f, factors[last.name])))  # fmt: skip
    found = {name: factor / common for name, factor in factors.items() if not _near(factor, common)}
    if all(p.gives for p in world.params):
        return found
    sizes = {2.0, *(float(n) for node in world.recording.nodes.values() for n in node.value.shape)}
    known = {n for size in sizes - {0.0, 1.0} for n in (size, 1 / size)}
    return {name: f for name, f in found.items() if any(_near(f, n) for n in known)}


def _near(one: float, other: float) -> bool:
    return abs(one - other) <= SAME * abs(other)


def gradient_nodes(world: World, target: Target, names: Names, param: Param) -> set[int]:
    """The values of the backward pass that are ∂E/∂(a parameter), times some factor."""
    leading = world.graph.ancestors([param.new]) & target.backward
    return {i for i in leading if names.is_gradient(i, param.old) is not None}


def _still(world: World, target: Target, names: Names) -> dict[int, int]:
    """Of a step, what does not move though its gradient was computed, and used for nothing."""
    if not world.recording.moves:
        return {}
    used = world.graph.ancestors([p.new for p in world.params])
    return {
        root: i
        for root in world.fixed if root in names.adjoints
        for i in sorted(target.backward - used)
        if names.is_gradient(i, root) is not None
    }  # fmt: skip
