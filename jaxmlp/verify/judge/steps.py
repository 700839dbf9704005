"""A recorded step, judged: which E it goes down, and which parameters do not follow its gradient.

No 'wrong' without evidence: the output was found, E is stated or is right for one parameter at
least, and all is compared at several random states.
"""

import contextlib
import functools
import itertools
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeAlias

from jaxmlp.verify.judge.choosing import Choice, choices, own_error, pressed, rank, stated_errors
from jaxmlp.verify.judge.evidence import error_is_known, has_slope, stated_error
from jaxmlp.verify.judge.following import judgement_by
from jaxmlp.verify.judge.judgement import OWN_ERROR, Judgement
from jaxmlp.verify.judge.naming import Names
from jaxmlp.verify.judge.suited import seen
from jaxmlp.verify.judge.updates import DecayShare, decays_by_entry, share_of
from jaxmlp.verify.judge.worlds import Unjudged, World, at_rest, worlds
from jaxmlp.verify.names import BACK
from jaxmlp.verify.run.recording import Recording
from jaxmlp.verify.run.step import FACTORS
from jaxmlp.verify.run.targets import guarded
from jaxmlp.verify.truth import adjoints, replay

STATED = 3  # numbers that may be E
ByOwn: TypeAlias = Callable[[int], Judgement]  # by an E that the file states: `_by_own`, kept
MANY_FITTING, MANY_UNFIT = 20_000, 3000  # operations that are differentiated, if an E fits or none


def judged(recordings: Sequence[Recording], seed: int, declared: str | None = None) -> Judgement:
    """The verdict on one step, of which there are recordings with different shapes of its data.

    Args:
        declared: the name of E, where somebody has said it.

    Raises:
        Unjudged: there is no evidence for a verdict.
    """
    ready = list(worlds(recordings, seed))
    try:
        judgement = _judged(ready, seed, declared)
    except Unjudged as why:
        if why.reason != "no-error" or not (resting := _at_rest(ready, seed)):
            raise
        return _judged(resting, seed, declared)
    if not judgement.is_right and (resting := _at_rest(ready, seed)):
        with contextlib.suppress(Unjudged):
            judgement = _better(judgement, _judged(resting, seed, declared))
    return judgement


def _at_rest(ready: Sequence[World], seed: int) -> list[World]:
    """The worlds in which sums that are 0 between steps are 0, if there are such."""
    with contextlib.suppress(replay.NotReplayed):
        return [resting for resting in (at_rest(world, seed) for world in ready) if resting]
    return []


def _judged(ready: Sequence[World], seed: int, declared: str | None) -> Judgement:
    best_first = sorted(choices(ready, seed, declared), key=rank, reverse=True)
    _check_choices(best_first)
    tried = _tried(pressed(best_first))
    best = functools.reduce(_better, tried)
    if (sure := _without_chance(best_first, tried)) != best_first:
        tried = _tried(pressed(sure))
        best = functools.reduce(_better, tried)
    if not any(best.right.values()):
        best = next((judgement for judgement in tried if has_slope(judgement)), best)
        if best.choice.target.itself:  # so that it is not its target after all
            raise Unjudged("no-output")
    if best.choice.target.upstream and (other := _of_another_array(best)):
        raise Unjudged("other-array", other)
    if not error_is_known(best, declared):
        upstream = best.choice.target.upstream
        stated = next(filter(None, map(_as_stated, () if upstream else tried)), None)
        if stated is None:
            raise Unjudged("no-error", tried=tried)
        best = stated
    if best.world.recording.handed:
        return _as_handed(best.choice)
    if not best.is_shown_right and _is_spread(best):
        raise Unjudged("shapes")
    return _more_seen(best, seed) if best.unseen else best


def _is_spread(judgement: Judgement) -> bool:
    """Whether, by a guess, one number is the target of several outputs of a sample."""
    nodes = judgement.world.recording.nodes
    shapes = [
        (nodes[g].value.shape, nodes[y].value.shape) for g, y in judgement.choice.target.pairs
    ]
    return judgement.world.recording.guessed and any(
        len(g) == len(y) == 2 and g[0] == y[0] > 1 == y[1] < g[1] for g, y in shapes
    )


def _more_seen(judgement: Judgement, seed: int) -> Judgement:
    """The verdict where more of the parameters is seen, if it is anywhere."""
    best = judgement
    for world in seen(judgement.world, seed):
        choice = judgement.choice._replace(world=world)
        with contextlib.suppress(replay.NotReplayed):
            truth = functools.partial(_of_known, among=[choice])
            other = _in_full(choice, truth, functools.cache(functools.partial(_by_own, choice)))
            best = other if len(other.unseen) < len(best.unseen) else best
        if not best.unseen:
            break
    return best


def _without_chance(best_first: list[Choice], tried: Sequence[Judgement]) -> list[Choice]:
    """The choices in order, of those tried with as many parameters that fit as exactly do: where
    all g are near ½, g (1 − g) is almost a factor."""
    exact = {(one.choice.target.pairs, one.choice.error): one for one in tried}
    corrected = []
    for one in best_first:
        judged = exact.get((one.target.pairs, one.error))
        if judged and judged.choice.world is one.world and not one.target.upstream:
            right = [p.old for p in one.world.params if judged.right.get(p.name)]
            if len(right) < one.fitting:
                nearest = max((min(one.world.graph.after[old]) for old in right), default=0)
                one = one._replace(fitting=len(right), nearest=nearest)
        corrected.append(one)
    return sorted(corrected, key=rank, reverse=True)


def _check_choices(best_first: Sequence[Choice]) -> None:
    """Raise Unjudged where there is no output, or where nothing could be shown by the best."""
    if not best_first:
        raise Unjudged("no-output")
    best = best_first[0]
    if best.world.recording.guessed and best.world.degenerate:
        raise Unjudged("shapes")
    many = _length(best)
    if many > (MANY_FITTING if best.fitting else MANY_UNFIT):
        raise Unjudged("long", f"{many:,}")


def _tried(among: Sequence[Choice]) -> list[Judgement]:
    """The exact verdict by each of these; one alone, if by it all is right."""
    truth = functools.cache(lambda world, pairs: _of_known(world, pairs, among))
    tried = []
    for choice in among:
        try:
            by_own = functools.cache(functools.partial(_by_own, choice))
            judgement = _in_full(choice, truth, by_own)
        except replay.NotReplayed as why:
            raise Unjudged("construct", why.node.op, why.node.span.line) from why
        if judgement.is_shown_right and not choice.target.upstream:
            return [judgement]
        tried.append(judgement)
    return tried


def _better(best: Judgement, other: Judgement) -> Judgement:
    """The one by which more is right; of what a layer gives back the one by which less is."""
    more = _merit(other) > _merit(best)
    return other if more != other.choice.target.upstream else best


def _length(choice: Choice) -> int:
    """How many operations there are from the parameters to the output."""
    graph = choice.world.graph
    outputs = [g for g, _ in choice.target.pairs]
    return len(graph.ancestors(outputs) & graph.dependents(choice.world.roots))


def _merit(judgement: Judgement) -> tuple[int, bool]:
    """How many parameters are right, and whether the file states this E."""
    return sum(judgement.right.values()) - len(judgement.gone), stated_error(
        judgement
    ) == judgement.choice.error


def _of_another_array(judgement: Judgement) -> str:
    """What a wrong result of a layer is made of that its forward pass does not have."""
    world, target = judgement.world, judgement.choice.target
    nodes, graph = world.recording.nodes, world.graph
    forward = graph.ancestors([g for g, _ in target.pairs]) | target.nodes
    named = {node: name for name, node in world.recording.values}
    for param in world.params:
        if judgement.right.get(param.name) is False:
            for i in sorted(graph.ancestors([param.new]) - forward - {param.old}):
                varies = nodes[i].op == "leaf" and nodes[i].value.size > 1
                if varies and nodes[i].value.dtype.kind == "f" and i in named:
                    return named[i]
    return ""


def _in_full(
    choice: Choice, truth: Callable[..., dict[str, adjoints.Adjoints]], by_own: ByOwn
) -> Judgement:
    """All parameters of a choice, by JAX; by the file's own E where it fits one of them."""
    world, own, plain = choice.world, own_error(choice), None
    if choice.across or not own:  # E without what makes weights shrink
        known = truth(world, choice.target.pairs)[choice.error]
        plain = judgement_by(choice, Names(known, world.at))
    chosen = by_own(own) if own else _penalised(plain, by_own) or plain
    known_right = chosen.is_shown_right and chosen.choice.error != OWN_ERROR
    paired = _by_paired(choice, by_own) if known_right else None
    if paired and paired.choice.stated not in dict(chosen.stated_scales()):
        return paired
    if plain and plain.is_shown_right and not chosen.is_shown_right:
        return replace(chosen, shares=_shares(chosen, plain.names))
    return chosen


def _by_paired(choice: Choice, by_own: ByOwn) -> Judgement | None:
    """The verdicts by the E that an object gives whose own backward pass begins the step's, as a
    loss layer does: it is this one that the step is meant to go down."""
    nodes = choice.world.recording.nodes
    owner = lambda i: nodes[i].span.own.rpartition(".")[0]  # noqa: E731
    leading = choice.world.graph.ancestors([p.new for p in choice.world.params])
    first = sorted(choice.target.backward & leading)
    back = (i for i in first if BACK.search(nodes[i].span.own))
    begin = {owner(i) for i in (*first[:1], *itertools.islice(back, 1))}
    forward = choice.world.graph.ancestors([g for g, _ in choice.target.pairs])
    graph = choice.world.graph
    weighed = {i for root in choice.world.roots for i in graph.after[root]} & forward
    behind = graph.ancestors([i for i in forward if nodes[i].op in FACTORS or i in weighed])
    begin -= {"", *map(owner, behind)}  # it is the network, or its data
    for number in (n for n in stated_errors(choice)[:STATED] if owner(n) in begin):
        judgement = by_own(number)
        if all(g in judgement.names.adjoints for g, _ in choice.target.pairs):
            # no count of hits, nor the E of one of several samples
            return judgement
    return None


def _by_own(choice: Choice, number: int) -> Judgement:
    """The verdicts by an E that the file states; without what keeps its logarithms from 0 where
    more is right by that: few subtract in δ what ε adds to g."""
    judgement = _by_own_at(choice, number, choice.world.at)
    unguarded = None if judgement.is_shown_right else _unguarded(choice.world, number)
    if unguarded is None:
        return judgement
    return max(judgement, _by_own_at(choice, number, unguarded), key=_merit)


def _by_own_at(choice: Choice, number: int, at: adjoints.States) -> Judgement:
    """Args: at: the states by whose values its derivatives are taken."""
    world = choice.world
    own = adjoints.of_own(world.recording, world.graph, world.roots, number, at)
    if adjoints.is_opposite(own, choice.error, choice.target.pairs, world.at):
        own = {i: -value for i, value in own.items()}  # what the file states is a likelihood
    return judgement_by(choice._replace(error=OWN_ERROR, stated=number), Names(own, world.at))


def _unguarded(world: World, number: int) -> adjoints.States | None:
    """The states with g for what an E takes logarithms of, g + ε; None where there is no ε."""
    graph = world.graph
    of = {graph.before[i][0] for i in graph.ancestors([number]) if graph.nodes[i].op == "log"}
    plain = {i: g for i in of if (g := guarded(graph, i)) != i}
    at = [{**state, **{i: state[g] for i, g in plain.items()}} for state in world.at]
    return at if plain else None


def _as_handed(choice: Choice) -> Judgement:
    """The verdicts by the very E that an optimiser gets beside its gradient: it is this one."""
    world = choice.world
    places = dict(world.recording.values)
    number = places.get(f"{world.recording.name}[0]")
    if number is None or number not in world.graph.dependents(world.roots):
        raise Unjudged("no-error")
    own = adjoints.of_own(world.recording, world.graph, world.roots, number, world.at)
    return judgement_by(choice._replace(error=OWN_ERROR, stated=number), Names(own, world.at))


def _penalised(plain: Judgement, by_own: ByOwn) -> Judgement | None:
    """The verdicts by an E that the file states, if by the plain one all is right, and it is this
    one and a penalty on the parameters."""
    for number in plain.stated_numbers[:STATED] if plain.is_shown_right else ():
        judgement = by_own(number)
        shares = _shares_by(plain, judgement.names).values()
        if None not in shares and any(share and share.size for share in shares):
            return judgement
    return None


def _as_stated(plain: Judgement) -> Judgement | None:
    """The verdicts by an E that the file states, if it is a known one and a penalty on the
    parameters, or on some of their entries: it is stated with care, though nothing goes down it."""
    params = [p for p in plain.world.params if p.name in plain.right]
    for number in plain.stated_numbers[:STATED]:
        own = _by_own(plain.choice, number)
        pairs = [(own.names.adjoints.get(p.old), plain.names.adjoints[p.old],
                  plain.names.value(p.old)) for p in params]  # fmt: skip
        if pairs and all(stated is not None and decays_by_entry(stated, true, old)
                         for stated, true, old in pairs):  # fmt: skip
            return own
    return None


def _shares_by(plain: Judgement, own: Names) -> dict[str, DecayShare | None]:
    """By parameter the share of itself that an E takes beside the gradient of the plain one."""
    world = plain.world
    return {
        p.name: share_of(own.adjoints[p.old], plain.names.adjoints[p.old], plain.names.value(p.old))
        for p in world.params if p.name in plain.right and p.old in own.adjoints
    }  # fmt: skip


def _shares(judgement: Judgement, plain: Names) -> dict[str, float]:
    """How many times as much as E says each parameter that is wrong shrinks.

    Args:
        plain: the names of the values by E without what makes the parameters shrink.
    """
    made = {}
    for param in (p for p in judgement.world.params if judgement.right.get(p.name) is False):
        old, true = judgement.names.value(param.old), plain.adjoints[param.old]
        is_ = share_of(judgement.world.change(param), true, old)
        should = share_of(judgement.names.adjoints[param.old], true, old)
        if is_ and should and should.size and is_.kind in (None, should.kind):
            made[param.name] = is_.size / should.size
    return made


def _of_known(
    world: World, pairs: Sequence[tuple[int, int]], among: Sequence[Choice]
) -> dict[str, adjoints.Adjoints]:
    """The adjoints of all E that are tried for an output, computed at once."""
    names = [c.error for c in among if c.world is world and c.target.pairs == pairs]
    return adjoints.of_known(world.recording, world.graph, world.roots, pairs, world.at, names)
