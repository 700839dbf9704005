"""A recorded step, judged: which E it goes down, and which parameters do not follow its gradient.

No 'wrong' without evidence: the output was found, E is stated or is right for one parameter at
least, and all is compared at several random states.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import permutations

import numpy as np

from jaxmlp.verify.judge.choosing import (
    Choice,
    choices,
    own_error,
    possible,
    pressed,
    rank,
    stated_errors,
)
from jaxmlp.verify.judge.naming import Names, multiple
from jaxmlp.verify.judge.updates import Share, decayed, direction, share_of
from jaxmlp.verify.judge.worlds import (
    Param,
    Unjudged,
    World,
    at_rest,
    degenerate,
    worlds,
)
from jaxmlp.verify.names import GRADIENT
from jaxmlp.verify.run.network import Target, as_target
from jaxmlp.verify.run.recording import Recording
from jaxmlp.verify.run.step import FACTORS
from jaxmlp.verify.truth import adjoints, errors, replay

OWN = "own"
SAME = 1e-6
STATED = 3  # numbers that may be E
MANY, MANY_UNFIT = 20_000, 3000  # operations that are differentiated, if an E fits or none


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
        uphill: the parameters that go up E by a rule other than a plain step.
        unseen: those by which the derivative of E is 0 with these data, so that nothing is shown.
        shares: by parameter, how many times the share of itself is taken away that the file's own E
            takes, where all but that is right.
    """

    choice: Choice
    names: Names
    right: dict[str, bool]
    factors: dict[str, float]
    still: dict[int, int]
    uneven: dict[str, float]
    loose: tuple[tuple[str, int], ...]
    uphill: frozenset[str] = frozenset()
    unseen: tuple[str, ...] = ()
    shares: Mapping[str, float] = field(default_factory=dict)

    @property
    def world(self) -> World:
        """The recording, ready to be judged."""
        return self.choice.world

    def is_error(self, number: int) -> bool:
        """Whether a value is E, entry by entry."""
        entries, pairs = errors.KNOWN.get(self.choice.error), self.choice.target.pairs
        if entries is None or len(pairs) != 1 or self.choice.target.upstream:
            return False
        ((g, y),) = pairs
        value = self.names.value(number)
        if value.shape != self.names.value(g).shape:
            return False
        at = self.world.at
        true = [entries(state[g], as_target(state[y], state[g])) for state in at]
        return multiple(value, np.stack(true)) is not None


def judged(recordings: Sequence[Recording], seed: int, declared: str | None = None) -> Judgement:
    """The verdict on one step, of which there are recordings with different shapes of its data.

    Args:
        declared: the name of E, where somebody has said it.

    Raises:
        Unjudged: there is no evidence for a verdict.
    """
    ready = list(worlds(recordings, seed))
    try:
        return _judged(ready, seed, declared)
    except Unjudged as why:
        resting = [one for one in (at_rest(world, seed) for world in ready) if one]
        if why.reason != "no-error" or not resting:
            raise
        return _judged(resting, seed, declared)


def _judged(ready: Sequence[World], seed: int, declared: str | None) -> Judgement:
    best_first = sorted(choices(ready, seed, declared), key=rank, reverse=True)
    if not best_first:
        raise Unjudged("no-output")
    if best_first[0].world.recording.guessed and degenerate(best_first[0].world):
        raise Unjudged("shapes")
    many, fits = _length(best_first[0]), best_first[0].fitting > 0
    if many > (MANY if fits else MANY_UNFIT):
        raise Unjudged("long", f"{many:,}")
    best, tried = None, []
    among = pressed(best_first)
    truth = functools.cache(lambda world, pairs: _of_known(world, pairs, among))
    for choice in among:
        try:
            found = _in_full(choice, truth)
            found = found if all_right(found) else _by_stated(choice) or found
        except replay.NotReplayed as why:
            raise Unjudged("construct", why.node.op, why.node.span.line) from why
        if all_right(found) and not choice.target.upstream:
            return found
        tried.append(found)
        if best is None or (_merit(found) > _merit(best)) != choice.target.upstream:
            best = found
    if best and not any(best.right.values()):
        best = next((one for one in tried if _has_slope(one)), best)
    if best and best.choice.target.upstream and (other := _of_another_array(best)):
        raise Unjudged("other-array", other)
    if not _shown(best, declared):
        raise Unjudged("no-error", tried=tried)
    return best


def _length(choice: Choice) -> int:
    """How many operations there are from the parameters to the output."""
    graph = choice.world.graph
    outputs = [g for g, _ in choice.target.pairs]
    return len(graph.ancestors(outputs) & graph.dependents(choice.world.roots))


def _shown(found: Judgement, declared: str | None) -> bool:
    """Whether E is known: it is right for a parameter; or it must be this, and is derived there."""
    if not found.right or found.shares:
        return bool(found.shares)
    world, target, error = found.world, found.choice.target, found.choice.error
    if target.upstream and not world.recording.goes_back:
        return False
    if not any(found.right.values()) and _is_cut(found):
        return False
    if any(found.right.values()) and (
        world.recording.moves or found.choice.fitting or error == OWN
    ):
        return True
    if target.upstream:
        return _is_passed_on(world, sorted(target.nodes))
    if _has_slope(found):
        return True
    if error not in (declared, _stated(found)) and possible(world, target, None) != [error]:
        return False
    outputs = {g for g, _ in target.pairs}
    names = {i: found.names.of(i) for i in target.backward}
    derived = [i for i, name in names.items() if name is not None and name.of in outputs]
    wrong = [i for i in target.backward if found.is_error(i)]
    return bool(wrong) or (bool(derived) and _is_passed_on(world, derived))


def _is_cut(found: Judgement) -> bool:
    """Whether derivatives by some of the outputs are left out, so that E is of the others."""
    nodes, before = found.world.recording.nodes, found.world.graph.before
    cuts = [i for i in found.choice.target.backward if nodes[i].op in ("getitem", "take")]
    return any(found.names.of(i) is None and found.names.of(before[i][0]) for i in cuts)


def _has_slope(found: Judgement) -> bool:
    """Whether g − y is multiplied by something of g or u: by what is meant for the slope of the
    output, and E is the squared error, whose ∂E/∂u has one."""
    world, target = found.world, found.choice.target
    nodes, graph = world.recording.nodes, world.graph
    by_entries = not any(_is_softmax(nodes[g].value) for g, _ in target.pairs)
    if found.choice.error != "squared_error" or not (found.right and by_entries):
        return False
    seen = False
    for g, _ in target.pairs:
        own = _by_entries(world, g)
        slopes = graph.dependents(list(own)) - target.backward
        for i in (i for i in target.backward if nodes[i].op == "multiply"):
            for one, other in permutations(graph.before[i], 2):
                name = found.names.of(one) if one in target.backward else None
                if name is not None and name.of == g:
                    if other in target.backward:  # of an E of another kind
                        return False
                    seen |= other in slopes and nodes[other].value.shape == nodes[g].value.shape
                elif one in target.backward and other in target.backward:
                    return False
    return seen


def _by_entries(world: World, g: int) -> set[int]:
    """An output, and what it is made of entry by entry: u."""
    nodes, found, left = world.recording.nodes, {g}, [g]
    while left:
        one = left.pop()
        inside = [] if nodes[one].op in FACTORS else world.graph.before[one]
        new = [i for i in inside if nodes[i].value.shape == nodes[g].value.shape and i not in found]
        new = [i for i in new if i not in world.roots]
        found.update(new)
        left += new
    return found


def _is_softmax(g: np.ndarray) -> bool:
    """Whether the entries of an output are one altogether, along one of its axes."""
    return any(g.shape[k] > 1 and np.allclose(g.sum(k), 1) for k in range(g.ndim))


def _merit(found: Judgement) -> tuple[int, bool]:
    """How many parameters are right, and whether the file states this E."""
    return sum(found.right.values()), _stated(found) == found.choice.error


def _stated(found: Judgement) -> str | None:
    """The name of E, if a number that the file computes is this E at all states, but for a factor.

    It is none that the step itself makes use of.
    """
    world, target, error = found.world, found.choice.target, found.choice.error
    if error not in errors.KNOWN:
        return error
    numbers = stated_errors(found.choice)
    entries = errors.KNOWN[error]
    true = np.array([
        sum(np.sum(entries(state[g], as_target(state[y], state[g]))) for g, y in target.pairs)
        for state in world.at
    ])  # fmt: skip
    same = any(multiple(found.names.value(number), true) is not None for number in numbers)
    return error if same else None


def _of_another_array(found: Judgement) -> str:
    """What a wrong result of a layer is made of that its forward pass does not have."""
    world, target = found.world, found.choice.target
    nodes, graph = world.recording.nodes, world.graph
    forward = graph.ancestors([g for g, _ in target.pairs]) | target.nodes
    named = {node: name for name, node in world.recording.values}
    for param in world.params:
        if found.right.get(param.name) is False:
            for i in sorted(graph.ancestors([param.new]) - forward - {param.old}):
                varies = nodes[i].op == "leaf" and nodes[i].value.size > 1
                if varies and nodes[i].value.dtype.kind == "f" and i in named:
                    return named[i]
    return ""


def _is_passed_on(world: World, derived: Sequence[int]) -> bool:
    """Whether twice ∂E/∂g makes twice the step: of another E it may be the sign, or be cut off."""
    state = world.at[0]
    given = {i: 2 * state[i] for i in derived}
    try:
        again = replay.values(world.recording.nodes, {**_leaves(world), **given})
    except replay.NotReplayed:  # a branch that this would not take
        return False
    for param in world.params:
        base = 0 if param.gives else state[param.old]
        if not np.allclose(again[param.new] - base, 2 * (state[param.new] - base)):
            return False
    return True


def _leaves(world: World) -> dict[int, np.ndarray]:
    """The values that a step begins with, at the first state."""
    return {n.id: world.at[0][n.id] for n in world.recording.nodes.values() if n.op == "leaf"}


def all_right(found: Judgement) -> bool:
    """Whether every parameter follows the gradient; what only gives gradients has to fit, too."""
    fits = bool(found.world.recording.moves) or found.choice.fitting > 0
    return (
        fits
        and bool(found.right)
        and all(found.right.values())
        and not (found.still or found.loose or found.uneven)
    )


def _in_full(choice: Choice, truth: Callable[..., dict[str, adjoints.Adjoints]]) -> Judgement:
    """All parameters of a choice, by JAX; by the file's own E where it fits one of them."""
    world = choice.world

    def known() -> Judgement:
        return _verdicts(choice, Names(truth(world, choice.target.pairs)[choice.error], world.at))

    plain = known() if choice.across else None  # E without what makes the weights shrink
    own = own_error(choice)
    stated = _by_own(choice, own) if own else _penalised(plain) if plain else None
    if stated is None:
        return plain or known()
    if plain and all_right(plain) and not all_right(stated):
        return replace(stated, shares=_shares(stated, plain.names))
    return stated


def _by_own(choice: Choice, number: int) -> Judgement:
    """The verdicts by an E that the file states."""
    world = choice.world
    own = adjoints.of_own(world.recording, world.graph, world.roots, number, world.at)
    return _verdicts(choice._replace(error=OWN, stated=number), Names(own, world.at))


def _penalised(plain: Judgement) -> Judgement | None:
    """The verdicts by an E that the file states, if by the plain one all is right, and it is this
    one and a penalty on the parameters."""
    for number in stated_errors(plain.choice)[:STATED] if all_right(plain) else ():
        found = _by_own(plain.choice, number)
        shares = _shares_by(plain, found.names).values()
        if None not in shares and any(one and one.size for one in shares):
            return found
    return None


def _shares_by(plain: Judgement, own: Names) -> dict[str, Share | None]:
    """By parameter the share of itself that an E takes beside the gradient of the plain one."""
    world = plain.world
    return {
        p.name: share_of(own.adjoints[p.old], plain.names.adjoints[p.old], plain.names.value(p.old))
        for p in world.params if p.name in plain.right and p.old in own.adjoints
    }  # fmt: skip


def _shares(found: Judgement, plain: Names) -> dict[str, float]:
    """How many times as much as E says each parameter that is wrong shrinks.

    Args:
        plain: the names of the values by E without what makes the parameters shrink.
    """
    made = {}
    for param in (p for p in found.world.params if found.right.get(p.name) is False):
        old, true = found.names.value(param.old), plain.adjoints[param.old]
        is_ = share_of(found.world.change(param), true, old)
        should = share_of(found.names.adjoints[param.old], true, old)
        if is_ and should and should.size and is_.kind in (None, should.kind):
            made[param.name] = is_.size / should.size
    return made


def _by_stated(choice: Choice) -> Judgement | None:
    """The verdict by the file's own E, if by that all is right as it is: with weight decay, say."""
    if choice.target.upstream or choice.world.recording.moves:
        return None
    for number in stated_errors(choice)[:STATED]:
        found = _by_own(choice, number)
        if all_right(found) and found.factors.keys() == found.right.keys():
            return found
    return None


def _of_known(
    world: World, pairs: Sequence[tuple[int, int]], among: Sequence[Choice]
) -> dict[str, adjoints.Adjoints]:
    """The adjoints of all E that are tried for an output, computed at once."""
    names = [c.error for c in among if c.world is world and c.target.pairs == pairs]
    return adjoints.of_known(world.recording, world.graph, world.roots, pairs, world.at, names)


def _verdicts(choice: Choice, names: Names) -> Judgement:
    world, target = choice.world, choice.target
    right, factors, given = {}, {}, {}
    uphill: set[str] = set()
    unseen: list[str] = []
    outputs = [g for g, _ in target.pairs]
    all_of_them = set().union(*(gradient_nodes(world, target, names, p) for p in world.params
                                if p.old in names.adjoints))  # fmt: skip
    for param in world.params:
        if param.old not in names.adjoints:  # a velocity, a counter; or E's derivative is 0 here
            known = param.old in world.graph.ancestors(outputs) and param.new in target.backward
            unseen += [param.name] if known and not param.gives else []
            continue
        gradients = gradient_nodes(world, target, names, param)
        uncut = world.graph.dependents(target.nodes, without=gradients)
        factor = multiple(world.change(param), names.adjoints[param.old])
        if factor is None and param.gives and not target.upstream and names.of(param.new):
            continue  # a δ of the same shape
        # Or else it comes by way of the gradient, and of the old value.
        old = param.gives or param.old in world.graph.ancestors([param.new], without=gradients)
        by_way = bool(gradients) and param.new not in uncut and old
        shrinks = choice.across and choice.error != OWN and not param.gives
        if factor is None and (param.gives if by_way else shrinks):
            old_at = np.stack([state[param.old] for state in world.at])
            by_way = decayed(world.change(param), names.adjoints[param.old], old_at)
        elif factor is None and by_way:
            way = direction(world, names, outputs, param, gradients, all_of_them)
            by_way, uphill = way != 0, uphill | ({param.name} if way < 0 else set())
        right[param.name] = factor is not None or by_way
        if factor is not None:
            factors[param.name] = factor
        elif gradients:
            given[param.name] = _as_used(world, names, param, gradients)
    for name in _by_chance(world, names, factors):
        right[name] = False
        del factors[name]
    news = {p.new for p in world.params}
    arrays = [(n, r) for n, r in world.results
              if world.recording.nodes[r].value.ndim or GRADIENT.search(n)]  # fmt: skip
    loose = tuple((n, r) for n, r in arrays if r not in news and names.of(r) is None)
    if not target.upstream:
        uneven = _uneven(world, outputs, factors or given)
    elif len(right) >= len({r for _, r in arrays}):
        uneven = _uneven_layer(world, outputs, factors)
    else:  # what the others are is not known
        uneven = {}
    still = _still(world, target, names)
    return Judgement(
        choice, names, right, factors, still, uneven, loose, frozenset(uphill), tuple(unseen)
    )


def _by_chance(world: World, names: Names, factors: Mapping[str, float]) -> list[str]:
    """The parameters of a step that has stand-ins whose derivative is 0 at all states but one, as
    behind a unit that is off, and that have a factor of their own there: it may be any."""
    if not (world.recording.guessed and world.recording.moves):
        return []
    seen = {p.name: sum(np.any(true) for true in names.adjoints[p.old])
            for p in world.params if p.name in factors}  # fmt: skip
    sure = [factors[name] for name, states in seen.items() if states > 1]
    return [name for name, states in seen.items()
            if sure and states == 1 and not any(_near(factors[name], f) for f in sure)]  # fmt: skip


def _uneven(world: World, outputs: Sequence[int], factors: Mapping[str, float]) -> dict[str, float]:
    """The parameters whose gradient has another factor than most, or than the one nearest to E.

    A step may have a step size for each; then only the number of samples is told, and of weights 2.
    """
    if len(factors) < 2:
        return {}
    shapes = {p.name: world.at[0][p.old].shape for p in world.params}
    weights = [name for name in factors if min(shapes[name], default=1) > 1 < len(shapes[name])]
    among = {name: factors[name] for name in weights or factors}
    last = max(
        (p for p in world.params if p.name in among), key=lambda p: min(world.graph.after[p.old])
    )
    common = max(among.values(), key=lambda f: (sum(_near(f, g) for g in factors.values()),
                                                _near(f, among[last.name])))  # fmt: skip
    found = {name: factor / common for name, factor in factors.items() if not _near(factor, common)}
    sizes = {n for g in outputs for n in world.at[0][g].shape if n > 1}
    if all(p.gives for p in world.params):  # ∂E/∂x may be of the sum where the weights' is a mean
        samples = sizes - {n for name in factors.keys() - found.keys() for n in shapes[name]}
        return {name: f for name, f in found.items()
                if not any(n in shapes[name] and _near(f, float(n)) for n in samples)}  # fmt: skip
    batch = {float(n) for n in sizes} - {n for shape in shapes.values() for n in shape}
    told = {name: (*batch, 2.0) if name in weights else tuple(batch) for name in found}
    return {name: f for name, f in found.items()
            if any(_near(f, n) or _near(f, 1 / n) for n in told[name])}  # fmt: skip


def _uneven_layer(
    world: World, outputs: Sequence[int], factors: Mapping[str, float]
) -> dict[str, float]:
    """Those of a layer: what it gives back beside ∂E/∂(output), what it moves by itself alike."""
    own = {p.name for p in world.params if p.gives}
    passed = {name: f for name, f in factors.items() if name in own}
    moved = {name: f for name, f in factors.items() if name not in own}
    return _passed_unevenly(world, outputs[0], passed) | _uneven(world, outputs, moved)


def _passed_unevenly(world: World, output: int, factors: Mapping[str, float]) -> dict[str, float]:
    """The results of a layer's backward pass that are not ∂E/∂(what it has) for ∂E/∂(output).

    The mean over the samples may be taken here, of all that has no entry for each of them.
    """
    shapes = {p.name: world.at[0][p.old].shape for p in world.params}
    size = world.at[0][output].shape
    if world.recording.guessed and len(set(size)) < len(size):
        return {}  # as many samples as units: which of them the mean is of cannot be seen
    found: list[tuple[int, int, dict[str, float]]] = []
    for n in samples(world, output):
        means = {name: f for name, f in factors.items() if n not in shapes[name]}
        weights = [f for name, f in means.items() if len(shapes[name]) > 1 < min(shapes[name])]
        told = weights or list(means.values())
        share = 1 / n if told and all(_near(f, 1 / n) for f in told) else 1.0
        odd = {name: f for name, f in factors.items()
               if not _near(f, 1.0 if n in shapes[name] else share)}  # fmt: skip
        found.append((len(odd), -len(means), odd))
    return min(found, key=lambda one: one[:2])[2] if found else {}


def samples(world: World, output: int) -> list[int]:
    """How many samples there may be, the likeliest first: as many as what is used first and the
    output have."""
    shapes = world.at[0][output].shape or (1,)
    first = min((p.old for p in world.params), key=lambda i: min(world.graph.after[i], default=i))
    both = [n for n in shapes if n in world.at[0][first].shape]
    known = [world.at[0][p.old].shape for p in world.params]
    units = {n for shape in known if sum(k > 1 for k in shape) == 1 for n in shape}  # of biases
    return [n for n in both if n not in units] or [n for n in shapes if n not in units] or both


def _near(one: float, other: float) -> bool:
    return abs(one - other) <= SAME * abs(other)


def scaled_at(found: Judgement, param: Param, times: float) -> int:
    """Where the factor comes in that the gradient of a parameter has and others have not."""
    backward, graph = found.choice.target.backward, found.world.graph
    others = [p.new for p in found.world.params if p.name in found.right.keys() - found.uneven]
    for number in sorted((graph.ancestors([param.new]) & backward) - graph.ancestors(others)):
        name = found.names.of(number)
        before = [found.names.of(b) for b in found.world.graph.before[number] if b in backward]
        if name and any(one and _near(name.factor, times * one.factor) for one in before):
            return number
    mine = gradient_nodes(found.world, found.choice.target, found.names, param)
    return min(mine, default=param.new)  # which lacks it from the beginning


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
