"""Which parameters of a step follow the gradient of one E, and by how much of it."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from jaxmlp.verify.judge.choosing import Choice, stated_errors
from jaxmlp.verify.judge.judgement import OWN_ERROR, Judgement
from jaxmlp.verify.judge.naming import Names, multiple
from jaxmlp.verify.judge.rates import made_again, near
from jaxmlp.verify.judge.scaled import scaled_slopes
from jaxmlp.verify.judge.uneven import uneven, uneven_layer
from jaxmlp.verify.judge.updates import MOST_DECAY_SHARE, decays_by_entry, direction, share_of
from jaxmlp.verify.judge.worlds import Param, World
from jaxmlp.verify.names import BIAS, GRADIENT, ROLE, last_of, plain_name
from jaxmlp.verify.run.step import SUMS
from jaxmlp.verify.run.targets import Target
from jaxmlp.verify.truth import errors

NUMBERED = re.compile(r"\[\d+\]")
TINY = 1e-8  # of the largest gradient
CANCELLATION_TOLERANCE = 1e-11  # of its terms, that may be left of a sum that is 0


class Followed(NamedTuple):
    """How a parameter follows its gradient.

    Attributes:
        way: 1 where down, −1 where up, by a rule of its own; 0 where it does not.
        factor: by how much of it, where that is one number; then there is no rule of its own.
        used: the factor that the gradient has where such a rule takes over, if it is computed.
    """

    way: int
    factor: float | None = None
    used: float | None = None


def judgement_by(choice: Choice, names: Names) -> Judgement:
    """What there is to say of a step by one E.

    Args:
        names: of the step's values, by this E.
    """
    world, target = choice.world, choice.target
    seen = [p for p in world.params if p.old in names.adjoints]
    of_any = set().union(*(gradient_nodes(world, target, names, p) for p in seen))
    told = {p.name: _followed(choice, names, p, of_any) for p in seen}
    gone = frozenset(p.name for p in seen if _cancels(world, names, p))
    told |= dict.fromkeys(gone, Followed(1))
    lost = _lost(world, names, seen) & {name for name, how in told.items() if how and not how.way}
    told = {name: how for name, how in told.items() if how is not None and name not in lost}
    factors = {name: how.factor for name, how in told.items() if how.factor is not None}
    by_chance = [*_by_chance(world, names, factors), *_in_one_list(world, factors)]
    right = {name: how.way != 0 and name not in by_chance for name, how in told.items()}
    factors = {name: factor for name, factor in factors.items() if name not in by_chance}
    used = {name: how.used for name, how in told.items() if how.used is not None}
    still = _still(world, target, names)
    judgement = Judgement(
        choice, names, right, factors, still=still, resting=_resting(world, names, still),
        uneven={}, loose=_loose(world, names),
        uphill=frozenset(name for name, how in told.items() if how.way < 0),
        unseen=(*_unseen(choice, names), *sorted(lost)), gone=gone,
        scaled=scaled_slopes(world, target.backward, names, factors or used),
    )  # fmt: skip
    return replace(judgement, uneven=_uneven(judgement, used))


def _followed(choice: Choice, names: Names, param: Param, of_any: set[int]) -> Followed | None:
    """How a parameter follows its gradient; None where what is given is a δ of the same shape.

    Args:
        of_any: the nodes that are the gradient of any parameter.
    """
    world, target = choice.world, choice.target
    factor = multiple(world.change(param), names.adjoints[param.old])
    if factor is not None or passes_on(choice, param):
        return Followed(1, 1.0 if factor is None else factor)
    if param.gives and not target.upstream and names.of(param.new):
        return None
    gradients = gradient_nodes(world, target, names, param)
    used = _as_used(world, names, param, gradients) if gradients else None
    stated = world.recording.handed or stated_errors(choice)  # with what makes them shrink, or none
    if not (gradients or stated) and (way := _decays_in_parts(world, target, names, param)):
        return Followed(way, None, used)
    return Followed(_way(choice, names, param, gradients, of_any), None, used)


def _decays_in_parts(world: World, target: Target, names: Names, param: Param) -> int:
    """1 where a vector of all weights moves down the gradients of its parts, some of which shrink
    besides; −1 where up, else 0."""
    parts = world.graph.through([param.old]) - {param.old}
    leading = world.graph.ancestors([param.new]) & target.backward if parts else ()
    named = ((i, name) for i in leading if (name := names.of(i)))
    gradients = {i for i, name in named if not parts.isdisjoint(names.alike(name.of))}
    if not gradients or param.new in world.graph.dependents(target.nodes, without=gradients):
        return 0
    change, true = world.change(param), names.adjoints[param.old]
    old_at = np.stack([state[param.old] for state in world.at])
    return int(np.sign(np.vdot(change, true))) if decays_by_entry(change, true, old_at) else 0


def passes_on(choice: Choice, param: Param) -> bool:
    """Whether a layer that is a softmax gives back what it is given: beside a cross-entropy that
    begins with g − y its derivative is in that already."""
    target = choice.target
    return target.upstream and param.new in target.nodes and choice.is_softmax


def _way(choice: Choice, names: Names, param: Param, gradients: set[int], of_any: set[int]) -> int:
    """1 where a parameter moves down its gradient by a rule of its own, −1 where up, else 0."""
    world, target = choice.world, choice.target
    uncut = world.graph.dependents(target.nodes, without=gradients)
    old = param.gives or param.old in world.graph.ancestors([param.new], without=gradients)
    by_way = bool(gradients) and param.new not in uncut and old  # of its gradient and old value
    if by_way and not param.gives:
        outputs = [g for g, _ in target.pairs]
        return direction(world, names, outputs, param, gradients, of_any)
    if by_way or (choice.across and choice.error != OWN_ERROR and not param.gives):
        old_at = np.stack([state[param.old] for state in world.at])
        true = names.adjoints[param.old]
        return int(share_of(world.change(param), true, old_at, MOST_DECAY_SHARE) is not None)
    return 0


def _cancels(world: World, names: Names, param: Param) -> bool:
    """Whether the terms of a parameter's gradient, and those of what it moves by, add up to 0 but
    for rounding: so does that of a bias which batch normalisation takes away again."""
    used = [names.adjoints[i] for i in world.graph.after[param.old] if i in names.adjoints]
    others = [world.change(p) for p in world.params if p.old != param.old]
    true, moved = names.adjoints[param.old], world.change(param)
    return _is_rounding(true, used) and _is_rounding(moved, others)


def _lost(world: World, names: Names, params: Sequence[Param]) -> set[str]:
    """The parameters of a step whose gradient is so small beside others', as it is a hundred layers
    down, that it may be rounding."""
    sizes = {p.name: np.abs(names.adjoints[p.old]).max(initial=0) for p in params}
    largest = max(sizes.values(), default=0)
    return {name for name, size in sizes.items() if world.recording.moves and size < TINY * largest}


def _is_rounding(values: np.ndarray, beside: Iterable[np.ndarray]) -> bool:
    largest = max((np.abs(other).max(initial=0) for other in beside), default=0.0)
    return bool(np.abs(values).max(initial=0) < CANCELLATION_TOLERANCE * largest)


def _unseen(choice: Choice, names: Names) -> tuple[str, ...]:
    """The parameters of the network by which E's derivative is 0 here; velocities are none."""
    graph, target = choice.world.graph, choice.target
    forward = graph.ancestors([g for g, _ in target.pairs])
    return tuple(
        p.name for p in choice.world.params
        if not (p.gives or p.old in names.adjoints)
        and p.old in forward and p.new in target.backward
    )  # fmt: skip


def _arrays(world: World) -> list[tuple[str, int]]:
    """What a call gives that may be a gradient: no number, unless it is called one."""
    nodes = world.recording.nodes
    return [(n, r) for n, r in world.results if nodes[r].value.ndim or GRADIENT.search(n)]


def _loose(world: World, names: Names) -> tuple[tuple[str, int], ...]:
    """What a call gives that is no derivative of E, and of no parameter's shape."""
    news = {p.new for p in world.params}
    return tuple((n, r) for n, r in _arrays(world) if r not in news and names.of(r) is None)


def _uneven(judgement: Judgement, used: dict[str, float]) -> dict[str, float]:
    """The parameters whose factor does not go with that of the others.

    Args:
        used: the factors of those that have none of their own.
    """
    world, factors = judgement.world, judgement.factors
    outputs = [g for g, _ in judgement.choice.target.pairs]
    if not judgement.choice.target.upstream:
        by_slopes = {name: slope.times for name, slope in judgement.scaled.items()}
        return by_slopes | uneven(world, outputs, factors or used, _exact(judgement))
    if len(judgement.right) < len({r for _, r in _arrays(world)}):
        return {}  # what the others are is not known
    return uneven_layer(world, outputs, factors)


def _exact(judgement: Judgement) -> set[str]:
    """The parameters whose gradient, as the file computes it, is that of the E which it states."""
    if judgement.choice.error not in errors.ERROR_FUNCTIONS:
        return set()
    stated, graph = dict(judgement.stated_scales()), judgement.world.graph
    inner = set().union(*(graph.ancestors([i]) - {i} for i in stated))  # a sum, say, and E its mean
    scales = [scale for number, scale in stated.items() if number not in inner]
    own = {p.name: [judgement.names.is_gradient(i, p.old)
                    for i in ([p.new] if p.gives else _gradients(judgement, p))]
           for p in judgement.world.params if scales and p.name in judgement.factors}  # fmt: skip
    return {name for name, made in own.items()
            if any(near(abs(factor), scale) for factor in made for scale in scales)}  # fmt: skip


def _gradients(judgement: Judgement, param: Param) -> set[int]:
    return gradient_nodes(judgement.world, judgement.choice.target, judgement.names, param)


def _by_chance(world: World, names: Names, factors: Mapping[str, float]) -> list[str]:
    """The parameters of a step that has stand-ins whose derivative is 0 at all states but one, as
    behind a unit that is off, and that have a factor of their own there: it may be any."""
    if not (world.recording.guessed and world.recording.moves):
        return []
    seen = {p.name: sum(np.any(true) for true in names.adjoints[p.old])
            for p in world.params if p.name in factors}  # fmt: skip
    sure = [factors[name] for name, states in seen.items() if states > 1]
    return [name for name, states in seen.items()
            if sure and states == 1 and not any(near(factors[name], f) for f in sure)]  # fmt: skip


def gradient_nodes(world: World, target: Target, names: Names, param: Param) -> set[int]:
    """The values of the backward pass that are ∂E/∂(a parameter), times some factor."""
    leading = world.graph.ancestors([param.new]) & target.backward
    return {i for i in leading if names.is_gradient(i, param.old) is not None}


def _as_used(world: World, names: Names, param: Param, gradients: set[int]) -> float:
    """The factor of the gradient where a rule of its own takes over, as decay or momentum."""
    way = world.graph.ancestors([param.new])
    last = [i for i in gradients if any(n in way - gradients for n in world.graph.after[i])]
    return max((names.is_gradient(i, param.old) for i in last or gradients), key=abs)


def _still(world: World, target: Target, names: Names) -> dict[int, int]:
    """Of a step, what does not move though its gradient was computed, and used for nothing; where
    nobody has told what the program is asked to do, that may be as it was asked."""
    if not world.recording.moves or world.recording.flagged:
        return {}
    used = world.graph.ancestors([p.new for p in world.params])
    depends = [i for i in world.fixed if np.any(names.adjoints.get(i, 0))]
    listed = _listed_biases(world)
    left = [i for i in depends if i in listed or (i in world.left_out and _is_bias(world, i))]
    forward = world.graph.ancestors([g for g, _ in target.pairs])
    left += [i for i in depends if empty_updates(world, forward, i)]
    return {i: min(world.graph.after[i]) for i in left} | {
        root: i  # the last, where its gradient ends
        for root in world.fixed
        if root in names.adjoints and not _has_moved(world, forward, target.backward, root)
        for i in sorted(target.backward - used)
        if names.is_gradient(i, root) is not None
    }  # fmt: skip


def _has_moved(
    world: World, forward: Collection[int], backward: Collection[int], root: int
) -> bool:
    """Whether something of the backward pass is added to a parameter, whatever that is called, in a
    step that is made once: in a loop it would have to be the parameter of the next pass."""
    if world.recording.line:
        return False
    graph = world.graph
    sums = [i for i in graph.after[root] if graph.nodes[i].op in SUMS and i not in forward]
    return any(i in backward for moved in sums for i in graph.before[moved])


def empty_updates(world: World, forward: Collection[int], leaf: int) -> list[int]:
    """The sums beside the forward pass in which 0 is added to a parameter."""
    nodes = world.recording.nodes
    return [i for i in world.graph.after[leaf] if i not in forward and nodes[i].op in SUMS
            and np.array_equal(nodes[i].value, nodes[leaf].value)]  # fmt: skip


def _is_bias(world: World, leaf: int) -> bool:
    """Whether it is a vector of numbers that are not all one, by the name of a bias."""
    value = world.recording.nodes[leaf].value
    varies = value.size == 1 or value.min() < value.max()
    called = [last_of(name) for name, node in world.recording.values if node == leaf]
    biases = [
        name for name in called if BIAS.search(name) or ROLE.get(plain_name(name)) in ("b", "c")
    ]
    return bool(varies and max(value.shape) == value.size and biases)


def _listed_biases(world: World) -> set[int]:
    """The numbers in lists that have the name of biases, where none of these moves; they are not
    all one, as a threshold may be."""
    nodes, places = world.recording.nodes, {i: name for name, i in world.recording.values}
    lists: dict[str, list[int]] = {}
    for i in world.fixed:
        listed = not nodes[i].value.ndim and places.get(i, "").endswith("]")
        if listed and BIAS.search(last_of(places[i])):
            lists.setdefault(NUMBERED.sub("", places[i]), []).append(i)
    moved = {NUMBERED.sub("", p.name) for p in world.params}
    return {i for name, some in lists.items() if name not in moved for i in some
            if len({float(nodes[k].value) for k in some}) > 1}  # fmt: skip


def _resting(world: World, names: Names, still: Collection[int]) -> tuple[str, ...]:
    """What does not move though E depends on it and its like do: a mistake, or on purpose."""
    depends = [i for i in world.siblings if np.any(names.adjoints.get(i, 0))]
    values = {i: world.recording.nodes[i].value for i in world.left_out}
    depends += [i for i, value in values.items() if value.ndim > 1 and min(value.shape) > 1
                and np.any(names.adjoints.get(i, 0))]  # fmt: skip
    nodes = {i for i in depends if i not in still}
    single = {i for i in nodes if not world.recording.nodes[i].value.ndim}
    told = [name.rpartition("[")[0] if i in single and name.endswith("]") else name
            for name, i in world.recording.values if i in nodes]  # fmt: skip
    return tuple(dict.fromkeys(told))


def _in_one_list(world: World, factors: Mapping[str, float]) -> list[str]:
    """Numbers of a list with another factor than most of the list, and not since they are moved
    more than once: they follow another gradient."""
    lists: dict[str, list[Param]] = {}
    for param in world.params:
        if param.name in factors and not world.at[0][param.old].ndim:
            lists.setdefault(param.name.rpartition("[")[0], []).append(param)
    names = []
    for part, members in lists.items():
        common = _commonest([factors[p.name] for p in members])
        apart = [p for p in members if part and not near(factors[p.name], common)]
        names += [p.name for p in apart
                  if not near(factors[p.name], common * made_again(world, p))]  # fmt: skip
    return names


def _commonest(factors: Sequence[float]) -> float:
    """The one that most of them are, up to rounding."""
    return max(factors, key=lambda f: sum(near(f, other) for other in factors))
