"""Which target a step has, and which E it goes down: chosen by finite differences."""

import functools
import re
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from jaxmlp.verify.judge.suited import suited
from jaxmlp.verify.judge.worlds import Param, World
from jaxmlp.verify.names import BACK, is_target, lower_last_word, meant
from jaxmlp.verify.run import network
from jaxmlp.verify.run.outputs import axis_of_one
from jaxmlp.verify.run.step import CURVED, FACTORS
from jaxmlp.verify.run.targets import Target
from jaxmlp.verify.truth import differences, errors

CHOICE_SECONDS = 6.0  # for the choice among worlds and errors
MOST_CANDIDATES = 60  # worlds and targets that are tried
PRESSED = 6  # choices that are looked at in full


class Choice(NamedTuple):
    """A world, a target and an E, and how many parameters go down it or up.

    Attributes:
        stated: the node of the file's own E, if it is that.
        fitting: how many go down or up.
        nearest: where the one of these that is nearest to the output is used first.
        across: whether they do but for shares of themselves, as with weight decay.
    """

    world: World
    target: Target
    error: str
    stated: int
    fitting: int
    nearest: int
    across: bool = False

    @property
    def is_softmax(self) -> bool:
        """Whether the outputs of a sample are one altogether."""
        outputs = (self.world.recording.nodes[g].value for g, _ in self.target.pairs)
        return all(axis_of_one(output) is not None for output in outputs)


def choices(worlds: Sequence[World], seed: int, declared: str | None) -> Iterator[Choice]:
    """Each E that is possible for each target, with how well it fits by differences."""
    until = time.monotonic() + CHOICE_SECONDS
    tried = [(world, target) for world in worlds for target in world.targets]
    for plain, target in tried[:MOST_CANDIDATES]:
        world = suited(plain, target, seed)
        changes = [(p.old, list(map(np.asarray, _moved_by(world, p)))) for p in world.params]
        names = possible_errors(world, target, declared)
        fitting_of = functools.partial(
            differences.fitting, world.recording, world.graph, changes, target.pairs, world.at,
            names)  # fmt: skip
        fitting, across = fitting_of(), False
        if not any(map(all, fitting.values())):  # with weight decay the weights don't, as they are
            wider = fitting_of(across=True)
            across = any(sum(wider[name]) > sum(fits) for name, fits in fitting.items())
            fitting = wider if across else fitting
        fits_all = False  # whether some E fits all, in a world that says as much
        for name, fits in fitting.items():
            chosen = world if world.recording.moves else matched(world, fits)
            used = [
                min(world.graph.after[p.old])
                for p, fit in zip(world.params, fits, strict=True)
                if fit
            ]
            yield Choice(chosen, target, name, 0, sum(fits), max(used, default=0), across)
            wanted = {p.new for p in world.params}
            fits_all |= bool(chosen.params) and sum(fits) == len(wanted) and not chosen.odd
        if fits_all:
            return
        if time.monotonic() > until:
            return


def _moved_by(world: World, param: Param) -> np.ndarray:
    """By how much a parameter goes down; where W = −η dW stands in its place, by the step that
    should have been added."""
    graph, nodes = world.graph, world.recording.nodes
    factors = {i for i in nodes if nodes[i].op in (*FACTORS, *CURVED)}
    replaced = not param.gives and param.old not in graph.ancestors([param.new], without=factors)
    return np.stack([-state[param.new] for state in world.at]) if replaced else world.change(param)


def matched(world: World, fits: Sequence[bool]) -> World:
    """The same with one parameter for each result: the one that fits, or the only one left."""
    pairs = list(zip(world.params, fits, strict=True))
    matches = {p.new: p for p, fit in pairs if fit and not _said_of_another(world, p)}
    if len(matches) > 1:
        placed = tuple_results(world, {new: p.old for new, p in matches.items()})
        places = {node: root for _, node, root in placed}
        if all(places.get(new) == p.old for new, p in matches.items()):
            matches |= {p.new: p for p, _ in pairs if places.get(p.new) == p.old}
        matches = _at_places(matches, pairs, places)
    taken = {p.old for p in matches.values()}
    left: dict[int, list[Param]] = {}
    for p, fit in pairs:
        if fit or p.new in matches or p.old in taken:  # it fits, and is said to be of another
            continue
        if _may_be(world, p, among=bool(matches)):
            left.setdefault(p.new, []).append(p)
    exact = {new: [p for p in some if _equal(world, p)] or some for new, some in left.items()}
    alone = {some[0].old: (new, some[0]) for new, some in exact.items() if len(some) == 1}
    matches |= dict(alone.values())
    params = tuple(matches.values())
    olds = {p.old for p in params}
    fixed = tuple(dict.fromkeys(i for i in world.roots if i not in olds))
    return replace(world, params=params, fixed=fixed)


def _at_places(
    matches: Mapping[int, Param], pairs: Sequence[tuple[Param, bool]], places: Mapping[int, int]
) -> dict[int, Param]:
    """The matches, but for results that fit what another one fits at its place, dy that is dx; and
    for those of an object's backward pass that all fit, and not at their places.

    Args:
        places: by result the argument at the same place.
    """
    taken = Counter(p.old for p in matches.values())
    exchanged = places.keys() == matches.keys() and {*places.values()} == taken.keys()
    exchanged &= all("['" in p.name for p in matches.values())
    astray = {new for new, p in matches.items()
              if (exchanged or taken[p.old] > 1) and places.get(new) not in (None, p.old)
              }  # fmt: skip
    own = {p.new: p for p, _ in pairs if p.new in astray and places[p.new] == p.old}
    return {new: own.get(new, p) for new, p in matches.items()}


def tuple_results(world: World, known: Mapping[int, int]) -> list[tuple[str, int, int]]:
    """(name, node, argument) of the results of a function, or of an object's backward pass, that
    are a tuple, each with the argument at the same place, the data before these left out.

    Args:
        known: by result the argument that it is the gradient of, which tells where these begin.
    """
    recording = world.recording
    place = re.compile(re.escape(recording.name) + rf"(\['\w*(?:{BACK.pattern})\w*'\])?\[\d+\]")
    results = [pair for pair in recording.values if place.fullmatch(pair[0])]
    asked = [node for name, node in recording.values if name.isidentifier() and node in world.roots]
    rows = [[(name, node, root) for (name, node), root in zip(results, asked[k:], strict=False)]
            for k in range(len(asked) - len(results) + 1)]  # fmt: skip
    agree = lambda row: sum(known.get(node) == root for _, node, root in row)  # noqa: E731
    return max(rows, key=agree, default=[])


def _said_of_another(world: World, param: Param) -> bool:
    """Whether a result is called the gradient of another array than this: b1 for b2."""
    words = {node: lower_last_word(place) for place, node in world.recording.values}
    said = meant(param.name)
    others = {words.get(root) for root in world.roots if root != param.old}
    return bool(said & others) and words.get(param.old) not in said


def _may_be(world: World, param: Param, *, among: bool) -> bool:
    """Whether a result that does not fit may be meant as this gradient.

    Args:
        among: whether another result does fit, so that these are gradients.
    """
    weights = network.multiplied(world.graph, param.old)
    shape = world.recording.nodes[param.old].value.shape
    passed = any(target.upstream for target in world.targets)
    return weights or (_equal(world, param) and (passed or (among and len(shape) == 1)))


def _equal(world: World, param: Param) -> bool:
    nodes = world.recording.nodes
    return nodes[param.old].value.shape == nodes[param.new].value.shape


def possible_errors(world: World, target: Target, declared: str | None) -> list[str]:
    """The names of the E that this target may have."""
    if target.upstream:
        return [errors.UPSTREAM_ERROR]
    outputs = [state[g] for state in world.at for g, _ in target.pairs]
    names = [declared] if declared else list(errors.ERROR_FUNCTIONS)
    data = [] if world.recording.guessed else [world.at[0][y] for _, y in target.pairs]
    met = [np.asarray(y, float) for y in data if y.shape in {g.shape for g in outputs}]
    return [name for name in names if errors.possible(name, outputs) and errors.meets(name, met)]


def rank(choice: Choice) -> tuple:
    """What fits best, in the world that is the likeliest."""
    nodes = choice.world.recording.nodes
    exact = all(nodes[g].value.shape == nodes[y].value.shape for g, y in choice.target.pairs)
    oddities, fits = choice.world.odd, choice.fitting
    size = len(choice.target.backward)
    bare = {g for g, _ in choice.target.pairs if nodes[g].op == "leaf"}
    named = {i: name for name, i in choice.world.recording.values if i in bare} if bare else {}
    output = not any(map(is_target, named.values()))
    return (not choice.world.degenerate, fits > 0, -oddities, fits, exact, choice.nearest, size,
            output)  # fmt: skip


def pressed(choices: Sequence[Choice]) -> list[Choice]:
    """The choices worth the time of an exact look: the best of each E, in the best world."""
    kept: dict[tuple, Choice] = {}
    best = choices[0]
    if best.target.upstream:  # E is in no doubt: to be right in one world is not enough
        return [candidate for candidate in choices if _as_generic(candidate, best)][-PRESSED:]
    for choice in choices:
        if rank(choice)[:6] == rank(best)[:6] and len(kept) < PRESSED:
            kept.setdefault((choice.target.pairs, choice.error), choice)
    return list(kept.values())


def _as_generic(choice: Choice, best: Choice) -> bool:
    """Whether it is of the same output, in a world that says as much."""
    outputs = [pick.world.recording.nodes[pick.target.pairs[0][0]].span for pick in (choice, best)]
    alike = rank(choice)[0] == rank(best)[0] and rank(choice)[2] == rank(best)[2]
    many = len(choice.world.params) == len(best.world.params)
    return choice.target.upstream and alike and many and outputs[0] == outputs[1]


def stated_errors(choice: Choice) -> list[int]:
    """The numbers that may be an E which the file states."""
    world, results = choice.world, [p.new for p in choice.world.params]
    return network.stated_numbers(world.graph, world.roots, choice.target, results)


def own_error(choice: Choice) -> int | None:
    """An E that the file states, if some parameter goes down it and not all go down the other.

    A function that gives E itself, and has no network in it, is about this E.
    """
    world = choice.world
    stated = stated_errors(choice)
    if choice.fitting == len(world.params) and not choice.across:
        returned = {node for _, node in world.recording.values}
        inside = any(n.op in FACTORS for n in world.recording.nodes.values())
        alone = world.recording.name and not (inside or world.recording.moves)
        return next((number for number in stated if number in returned), None) if alone else None
    for number in stated:
        for param in world.params:
            change = list(map(np.asarray, world.change(param)))
            value = lambda ends, _: np.array([np.sum(ends[0])])  # noqa: E731
            if differences.going_down(
                world.recording, world.graph, param.old, change, [number], value, world.at
            )[0]:
                return number
    return None
