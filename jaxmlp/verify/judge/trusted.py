"""A step of which no known E is shown: what follows from the δ of its output, taken as it is.

Whatever E may be, its parameters show what a step takes for ∂E/∂(the output): the value by which
most of them follow the gradient. If weights do, it is that derivative, and all others have to
follow from it as well. Of the value itself something can be said where E is stated, where it is a
known E with a weight for each sample, or one of the known mistakes in ∂E/∂g.
"""

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice

import numpy as np

from jaxmlp.verify.diagnose import notes
from jaxmlp.verify.finding import Note, Words
from jaxmlp.verify.judge.causes import (
    SOFTMAX_OF_ALL,
    is_in_one_number,
    is_of_softmax_of_all,
)
from jaxmlp.verify.judge.evidence import stated_error
from jaxmlp.verify.judge.following import judgement_by
from jaxmlp.verify.judge.judgement import OWN_ERROR, Judgement
from jaxmlp.verify.judge.naming import RELATIVE_TOLERANCE, Names, multiple
from jaxmlp.verify.judge.worlds import World
from jaxmlp.verify.pieces import Piece, piece_quantities
from jaxmlp.verify.run.network import multiplied
from jaxmlp.verify.run.outputs import as_target, axis_of_one
from jaxmlp.verify.run.step import FACTORS
from jaxmlp.verify.run.targets import Target
from jaxmlp.verify.slips import slips
from jaxmlp.verify.truth import adjoints, errors, replay

MOST_DELTAS = 40  # pairs of an output and its δ that are tried
TRUSTED_WORLDS = 2
MULTIPLICATIONS = FACTORS | {"multiply"}
SURE = frozenset(("plus-for-minus", "error-for-slope", "second-term-sign", "second-term-g"))
WEIGHED = Note("weighed", Words(
    "each sample, or each output, has a weight of its own in E",
    "E ではサンプルごと、または出力ごとに重みが付いています"))  # fmt: skip
NOT_OF_E = Note("unrecognised", Words(
    "This is not the derivative of the E that the file states.",
    "ファイルが計算している E の微分ではありません。"))  # fmt: skip


def by_own_delta(tried: Sequence[Judgement]) -> Judgement | None:
    """The verdict on a step by what it takes for ∂E/∂(the output); None where nothing shows that.

    Args:
        tried: the verdicts by the known E.
    """
    worlds = list({(one.world, one.choice.target.pairs): one for one in tried}.values())[
        :TRUSTED_WORLDS
    ]
    made = [judged for one in worlds for judged in islice(_by_each(one), MOST_DELTAS)]
    best = max(filter(_is_shown, made), key=_follows, default=None)
    return replace(best, instead=tuple(tried)) if best else None


def weighed(judgement: Judgement) -> Judgement | None:
    """The verdict by a known E in which samples have weights, where nothing follows the plain one,
    and by this one all is right."""
    if any(judgement.right.values()) or judgement.choice.error in (
        OWN_ERROR,
        errors.UPSTREAM_ERROR,
    ):
        return None
    own = by_own_delta([judgement])
    return own if own and own.is_right and of_delta(own) == WEIGHED else None


def of_delta(judgement: Judgement) -> Note | None:
    """What can be said of the δ that is taken as it is: `WEIGHED`, or a mistake."""
    (a, delta), *others = judgement.choice.target.pairs
    alone = [plain for plain in judgement.instead
             if not others and len(plain.choice.target.pairs) == 1]  # fmt: skip
    if any(_has_weights(judgement, plain, a) and not _states_an_error(plain) for plain in alone):
        return WEIGHED
    if any(is_of_softmax_of_all(plain, delta) for plain in alone):
        return SOFTMAX_OF_ALL
    stated = [plain for plain in alone if stated_error(plain) == plain.choice.error]
    for plain in alone:
        ((g, y),) = plain.choice.target.pairs
        slip = _slip(judgement, g, y, delta) if g == a else None
        if slip and (slip.id in SURE or stated):
            return slip
    return NOT_OF_E if any(_goes_up(judgement, plain, a) for plain in stated) else None


def in_one_number(judgement: Judgement) -> int | None:
    """The sum over all samples and outputs of ∂E/∂g that alone a δ is made of; None if of none."""
    (_, delta), *_ = judgement.choice.target.pairs
    graph = judgement.world.graph
    for known in (plain for plain in judgement.instead if plain.world is judgement.world):
        behind, targets = known.choice.target.backward, known.choice.target.nodes
        sums = (i for i in sorted(graph.ancestors([delta]) & behind)
                if is_in_one_number(known, known.world.recording.nodes[i]))  # fmt: skip
        for i in sums:
            if delta not in graph.dependents(targets, without=[i]):
                return i
    return None


def _states_an_error(plain: Judgement) -> bool:
    """Whether the file computes an E of this output itself, which says what weights it has."""
    world, outputs = plain.world, [g for g, _ in plain.choice.target.pairs]
    for number in plain.stated_numbers:
        with contextlib.suppress(replay.NotReplayed):  # a count of hits, say
            own = adjoints.of_own(world.recording, world.graph, world.roots, number, world.at)
            if any(np.any(own.get(g, 0)) for g in outputs):
                return True
    return False


def _goes_up(judgement: Judgement, stated: Judgement, a: int) -> bool:
    """Whether a δ has another sign than ∂E/∂a somewhere: with the same signs it may be of another E
    that has its minimum there, too."""
    true = stated.names.adjoints.get(a)
    return true is not None and bool(np.any(judgement.names.adjoints[a] * true < 0))


def _has_weights(judgement: Judgement, plain: Judgement, a: int) -> bool:
    """Whether a δ is that of a known E, each sample or each output so many times."""
    true, ((g, y),) = plain.names.adjoints.get(a), plain.choice.target.pairs
    if true is None or not np.all(true):
        return False
    target = plain.names.value(y)
    alike = [np.array_equal(one, target[0]) for one in target]  # weights may be those of classes
    times = (judgement.names.adjoints[a] / true)[alike]
    if (
        len(times) < 2
        or np.any(times < 0)
        or np.abs(times - times[:1]).max() > RELATIVE_TOLERANCE * times.max()
    ):
        return False
    one = axis_of_one(judgement.world.recording.nodes[g].value) if a != g else None
    axes = [-1 - one] if one is not None else range(times.ndim - 1)
    return any(
        np.ptp(times[0], axis=axis).max() <= RELATIVE_TOLERANCE * times.max() for axis in axes
    )


def _slip(judgement: Judgement, g: int, y: int, delta: int) -> Note | None:
    """The known mistake in ∂E/∂g that a value is."""
    value, true = judgement.names.value, judgement.world.at
    at = {"g": value(g), "y": np.stack([as_target(state[y], state[g]) for state in true])}
    outputs = [state[g] for state in true]
    for name in (error for error in errors.ERROR_FUNCTIONS if errors.possible(error, outputs)):
        right = piece_quantities(Piece("loss-slope", name), at, value(delta))
        for slip in slips(Piece("loss-slope", name)):
            if (multiple(value(delta), slip.formula(right, right.dE)) or 0) > 0:
                return notes([(slip,)])[0]
    return None


def _by_each(judgement: Judgement) -> Iterator[Judgement]:
    """The verdicts by each value that may be ∂E/∂(the output)."""
    world = judgement.world
    for pairs in _deltas(judgement) if world.recording.moves else ():
        deltas = [delta for _, delta in pairs]
        backward = frozenset(world.graph.dependents(deltas))
        target = Target(frozenset(deltas), backward, pairs, 0, upstream=True)
        truth = adjoints.of_known(
            world.recording, world.graph, world.roots, pairs, world.at, [errors.UPSTREAM_ERROR]
        )[errors.UPSTREAM_ERROR]
        choice = judgement.choice._replace(target=target, error=errors.UPSTREAM_ERROR, stated=0)
        made = judgement_by(choice, Names(truth, world.at))
        if sum(map(np.sign, made.factors.values())) < 0:  # it is −∂E/∂g, as in W += η (y − g) x
            made = judgement_by(choice, Names({i: -value for i, value in truth.items()}, world.at))
        yield made


def _follows(judgement: Judgement) -> int:
    """How many parameters follow."""
    return sum(judgement.right.values())


def _is_shown(judgement: Judgement) -> bool:
    """Whether some weights follow, and there is no other output that weights lead to."""
    graph, pairs = judgement.world.graph, judgement.choice.target.pairs
    leading = graph.ancestors([a for a, _ in pairs])
    weights = [p for p in judgement.world.params if multiplied(graph, p.old)]
    follow = any(judgement.right.get(p.name) for p in weights)
    return follow and all(p.old in leading for p in weights)


def _deltas(judgement: Judgement) -> Iterator[tuple[tuple[int, int], ...]]:
    """(a value of the output or before it, what may be the derivative of E by it), for each
    sample of the step."""
    world, target = judgement.world, judgement.choice.target
    by_place: dict[tuple, list[int]] = {}
    for i in sorted(target.backward):
        node = world.recording.nodes[i]
        by_place.setdefault((node.span, node.op) if target.pairs[1:] else (i,), []).append(i)
    for outputs in zip(*(_outputs(world, target, g) for g, _ in target.pairs), strict=False):
        for deltas in (some for some in by_place.values() if len(some) == len(outputs)):
            pairs = tuple(zip(outputs, deltas, strict=True))
            if all(_fits(world, *pair) for pair in pairs):
                yield pairs


def _outputs(world: World, target: Target, g: int) -> list[int]:
    """An output, and what it is made of entry by entry."""
    forward = world.recording.nodes.keys() - set(world.roots) - target.backward
    return [g, *world.inner(g, forward)]


def _fits(world: World, a: int, delta: int) -> bool:
    """Whether a value may be the derivative by another: of its size, and multiplied with."""
    one, other = world.recording.nodes[a].value, world.recording.nodes[delta].value
    used = any(world.recording.nodes[i].op in MULTIPLICATIONS for i in world.graph.after[delta])
    return used and one.size == other.size and one.dtype.kind == other.dtype.kind == "f"
