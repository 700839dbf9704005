"""Results of a call that are made as a gradient is, and have not the shape of what E is
differentiated by; or that are nothing but 0."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from jaxmlp.verify.finding import Note, Words
from jaxmlp.verify.judge.causes import (
    OF_ONE_SAMPLE,
    OTHER_INPUT,
    SUMMED,
    TRANSPOSED,
    inputs,
    is_of_one_sample,
)
from jaxmlp.verify.judge.choosing import tuple_results
from jaxmlp.verify.judge.judgement import Judgement
from jaxmlp.verify.judge.naming import multiple
from jaxmlp.verify.judge.worlds import Param
from jaxmlp.verify.names import lower_last_word, meant
from jaxmlp.verify.run import network
from jaxmlp.verify.run.step import FACTORS, PASSING

SHAPE_HINT = Words(
    "A gradient has the shape of what E is differentiated by: compare them.",
    "勾配は、E を微分する相手と同じ形になります。形を比べてください。",
)

SUMMING = frozenset(("np.sum", "np.mean", "add.reduce", "multiply", "divide", *PASSING))
ZERO_SUM_TOLERANCE = 1e-9  # of the largest entry, that a sum which is 0 may be


class Misfit(NamedTuple):
    """A result that is meant as a gradient, with what is wrong with it."""

    param: Param
    note: Note


def _note(name: str, en: str, ja: str) -> Note:
    return Note(name, Words(en, ja), SHAPE_HINT)


NO_BIAS = _note(
    "bias-column-missing",
    "The entries that belong to the biases are missing: the matrix has them, so its gradient "
    "must have them, too.",
    "バイアスに対応する成分がありません。行列にはバイアスが含まれるので、勾配にも必要です。",
)
OVER_UNITS = _note(
    "bias-over-units",
    "This is summed over the units, so that there is one number for each sample: a bias needs "
    "the sum over the samples.",
    "ユニットについて和を取っているので、サンプルごとの値になっています。"
    "バイアスの勾配はサンプルについての和です。",
)
ALL_ZERO = _note(
    "zero",
    "This is 0 everywhere: it is never computed.",
    "すべて 0 です。計算されていません。",
)


def misfits(judgement: Judgement) -> list[Misfit]:
    """The results that are no gradient by their shape, each of what has none beside it."""
    guessed = judgement.world.recording.guessed  # a guess of one number fits anything
    left = [i for i in judgement.world.fixed if i in judgement.names.adjoints
            and not (guessed and judgement.world.at[0][i].size == 1)]  # fmt: skip
    results = [*_beside(judgement), *_empty(judgement, left)]
    made: list[Misfit] = []
    for look in (_wrong_shape, _summed_up, _wrong_factor):
        for name, node in results:
            notes = ((root, look(judgement, node, root)) for root in left)
            root, note = next(((r, n) for r, n in notes if n is not None), (None, None))
            if root is not None and all(node != misfit.param.new for misfit in made):
                made.append(Misfit(Param(name, root, node, gives=True), note))
                left.remove(root)
    return made


def misnamed(judgement: Judgement) -> list[tuple[Param, int]]:
    """(what a result is called the gradient of, and what it is it of): db1 that is ∂E/∂b2."""
    values, fixed = judgement.world.recording.values, judgement.world.fixed
    left = {lower_last_word(place): node for place, node in values if node in fixed}
    roots, made = judgement.world.roots, []
    for name, node in _beside(judgement):
        known = judgement.names.of(node)
        said = next(iter(meant(name) & left.keys()), None)
        if known and said and known.of in roots and known.of != left[said]:
            made.append((Param(name, left[said], node, gives=True), known.of))
    of = {p.new: p.old for p in judgement.world.params}
    return made + [(p, of[p.new]) for p in _out_of_order(judgement)
                   if of.get(p.new, p.old) != p.old]  # fmt: skip


def _out_of_order(judgement: Judgement) -> list[Param]:
    """The results that are not the gradient of the argument at their place, where the others are
    and that argument has none: (dW1, db2, dW2, db2), say, of W1, b1, W2 and b2."""
    of = {p.new: p.old for p in judgement.world.params if judgement.right.get(p.name)}
    placed = tuple_results(judgement.world, of)
    right = {root for _, node, root in placed if of.get(node) == root}
    told = {of[node] for _, node, _ in placed if node in of}
    if 2 * len(right) < len(placed) or not told <= right:
        return []
    return [Param(name, root, node, gives=True) for name, node, root in placed
            if root not in right and root in judgement.names.adjoints]  # fmt: skip


def _beside(judgement: Judgement) -> list[tuple[str, int]]:
    """The results that are no parameter's gradient."""
    news = {p.new for p in judgement.world.params}
    return [(name, node) for name, node in judgement.world.results if node not in news]


def _empty(judgement: Judgement, roots: list[int]) -> list[tuple[str, int]]:
    """What a function gives that is 0 throughout, in the shape of a matrix."""
    recording, target = judgement.world.recording, judgement.choice.target
    nodes = recording.nodes
    weights = {nodes[i].value.shape for i in roots
               if network.multiplied(judgement.world.graph, i)}  # fmt: skip
    if any(name.startswith("self.") for name, _ in recording.values):
        return []  # an object may keep a matrix that it does not move
    weights |= {nodes[p.old].value.shape for p in _out_of_order(judgement)}
    arrays = [(name, i) for name, i in recording.values if "[" in name and i not in target.backward]
    return [(name, i) for name, i in arrays
            if nodes[i].value.shape in weights and not np.any(nodes[i].value)]  # fmt: skip


def _wrong_shape(judgement: Judgement, node: int, root: int) -> Note | None:
    """What is wrong with a result as the gradient of an array."""
    value, true = judgement.names.value(node), judgement.names.adjoints[root]
    if not np.any(value):
        return ALL_ZERO if value.shape == true.shape else None
    guess = _per_sample(judgement, root)
    for note, other in _variants(judgement, true):
        if (
            not (guess and note is OVER_UNITS)
            and other.shape == value.shape
            and multiple(value, other) is not None
        ):
            return note
    fits = value.size == true.size and not guess
    return OF_ONE_SAMPLE if fits and is_of_one_sample(judgement, node, root) else None


def _per_sample(judgement: Judgement, root: int) -> bool:
    """Whether an array that is not there was given an entry for each sample: a bias has none."""
    state, pairs = judgement.world.at[0], judgement.choice.target.pairs
    shapes = [state[p.old].shape for p in judgement.world.params]
    units = {n for shape in shapes if len(shape) > 1 for n in shape}
    samples = {n for g, _ in pairs for n in state[g].shape if n > 1} - units
    return judgement.world.recording.guessed and state[root].size in samples


def _summed_up(judgement: Judgement, node: int, root: int) -> Note | None:
    """Whether it is one number where each unit has a gradient: all of them, summed up."""
    value, true = judgement.names.value(node), judgement.names.adjoints[root]
    recording = judgement.world.recording
    if value.size != len(true) or true[0].size < 2 or not _is_whole(judgement, node, true):
        return None
    others = [p for p in judgement.world.params if judgement.right.get(p.name)]
    vectors = any(p.gives and true[0].ndim == 1 == recording.nodes[p.new].value.ndim
                  and recording.nodes[p.new].value.size > 1 for p in others)  # fmt: skip
    single = recording.guessed and not judgement.choice.is_softmax and not vectors
    if single and np.any(recording.nodes[root].value):
        return None  # a stand-in: with one output it would be right
    return SUMMED if max(true.shape[1:]) == true[0].size else None


def _is_whole(judgement: Judgement, node: int, true: np.ndarray) -> bool:
    """Whether a number is the sum of all entries of a gradient; of a softmax this is 0 but for
    rounding, and has to be made of a derivative."""
    value, whole = judgement.names.value(node), true.reshape(len(true), -1).sum(1)
    if multiple(value, whole) is not None:
        return True
    gone = all(
        np.abs(array).max() < ZERO_SUM_TOLERANCE * np.abs(true).max() for array in (value, whole)
    )
    way = judgement.world.graph.way(node, by=SUMMING)
    return bool(gone) and any(judgement.names.of(i) for i in way)


def _wrong_factor(judgement: Judgement, node: int, root: int) -> Note | None:
    """Whether it is a product of ∂E/∂u, u being the product with the matrix on the way forward."""
    if (
        judgement.world.recording.nodes[node].op not in FACTORS
        or judgement.names.of(node) is not None
    ):
        return None
    factors = [judgement.names.value(i) for i in judgement.world.graph.before[node]]
    deltas = [
        judgement.names.adjoints[u]
        for u in inputs(judgement, root)
        if u in judgement.names.adjoints
    ]
    same = (f.size == d.size and multiple(f, d) is not None for f in factors for d in deltas)
    return OTHER_INPUT if any(same) else None


def _variants(judgement: Judgement, true: np.ndarray) -> Iterator[tuple[Note, np.ndarray]]:
    """A gradient as it may be mistaken, the states along the first axis."""
    if true.ndim == 3 and min(true.shape) > 1:
        yield TRANSPOSED, true.mT
        yield from ((NO_BIAS, part) for part in _cut(true))
    for delta in judgement.names.adjoints.values():
        if delta.ndim == 3 and min(delta.shape) > 1:
            for over in (1, 2):
                summed = delta.sum(over)
                if summed.size == true.size and multiple(summed, true) is not None:
                    yield from ((OVER_UNITS, delta.sum(3 - over, keepdims=keep))
                                for keep in (False, True))  # fmt: skip


def _cut(value: np.ndarray) -> list[np.ndarray]:
    """A matrix without its first or last row or column."""
    if value.ndim != 3 or min(value.shape[1:]) < 2:
        return []
    return [value[:, 1:], value[:, :-1], value[:, :, 1:], value[:, :, :-1]]
