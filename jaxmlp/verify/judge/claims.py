"""What a step claims for δ2, ∂E/∂V, δ1 and ∂E/∂W, judged stage by stage by the catalogue."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from jaxmlp.verify.decay import decay_said, without_decay
from jaxmlp.verify.diagnose import notes, same
from jaxmlp.verify.finding import Check, Place
from jaxmlp.verify.judge import stages
from jaxmlp.verify.judge.judgement import Judgement
from jaxmlp.verify.judge.layers import Chain, Layer, chain, param_of
from jaxmlp.verify.judge.naming import multiple
from jaxmlp.verify.judge.told import FOLLOWS, Telling
from jaxmlp.verify.judge.worlds import Param, World
from jaxmlp.verify.kinds import STILL, unwritten
from jaxmlp.verify.mistakes import CATALOGUE
from jaxmlp.verify.program import Mistake, Quantities
from jaxmlp.verify.run.step import FACTORS
from jaxmlp.verify.run.tape import Node, Ref

NEAR = 1e-9
# Causes at the place of the mistake that say more than any formula that gives the same.
NEARER = frozenset(("error-for-derivative", "bias-summed-over-units", "updated-V"))
LARGE = 2000  # entries of a matrix, with which two mistakes together take too long to find
DELTA = {"dV": "delta2", "dW": "delta1"}
F_MISSING = [mistake for mistake in CATALOGUE if mistake.id == "f-missing"]


class Said(NamedTuple):
    """The names of f, g and E, where somebody has said them, and what else names tell.

    Attributes:
        reduction: "mean" or "sum" over the samples.
        bias: whether z has a 1 in front.
        exercise: the functions whose parameters are the exercise's: what these give are gradients,
            and no steps downhill.
        softmax: whether the file has a function of that name.
        softmax_unused: whether it never calls it.
    """

    hidden: str | None = None
    output: str | None = None
    error: str | None = None
    reduction: str | None = None
    bias: bool | None = None
    exercise: frozenset[str] = frozenset()
    softmax: bool = False
    softmax_unused: bool = False


class Claim(NamedTuple):
    """What is claimed for one layer, in the lecture's form.

    Attributes:
        params: the names of its weights and biases.
        d: its gradient times a step size, (states, q, d+1); None where it isn't moved.
        delta: what its gradient is made from, (states, n, q), or None.
        factor: between the product of these and d.
        sure: whether d is right.
        nodes: of the δ, and of the new parameter.
    """

    params: tuple[str, ...]
    d: np.ndarray | None
    delta: np.ndarray | None
    factor: float
    sure: bool
    nodes: tuple[int | None, int | None] = (None, None)


class Stage(NamedTuple):
    """A stage's check, the parameters that come of it, and the node that it is claimed by."""

    params: tuple[str, ...]
    check: Check
    node: int | None = None


def stage_checks(
    found: Judgement, name: str, said: Said, most: int = 2, meant: tuple[str, str] | None = None
) -> list[Stage] | None:
    """The stages of a network that is a chain of layers, in the order of the derivation.

    Their names are the lecture's where there are two layers: δ2, ∂E/∂V, δ1, ∂E/∂W.
    """
    network = chain(found, meant)
    if network is None or (not meant and not _agrees(found, network)):
        return None
    claims = [_claim(found, network, k) for k in range(len(network.layers))]
    large = max(form.W[0].size for form in network.forms) > LARGE
    judged = functools.partial(_judged, name, network, claims, most=1 if large else most)
    sizes = list(_sizes(found, network, claims))
    tried = [judged(sizes[0])]
    tried += [judged(size) for size in sizes[1:] if cost(tried[0]) > (0, 1)]
    best = min(tried, key=cost)
    if cost(best) > (0, 0) and network.f == ("identity",):
        forgotten = (_judged(name, one, claims, size, F_MISSING)
                     for one in network.with_any_f() for size in sizes)  # fmt: skip
        best = next((one for one in forgotten if not cost(one)[0]), best)
    if len(claims) == 2 and claims[1].d is None and network.world.recording.moves:
        best = [*best, Stage((), unwritten(name, "dV", None, STILL))]
    if _goes_down(found) and any(one.check.verdict == "wrong" for one in best):
        return None  # a closed form may be of another network, ∂E/∂(a parameter) is not
    told = {one.check.stage for one in best}
    forward = _forward(name, network, said)
    return [*(one for one in forward if one.check.stage not in told), *best]


def _goes_down(found: Judgement) -> bool:
    """Whether all is right, and every parameter that moves goes down E."""
    moved = [p.name for p in found.world.params if not p.gives]
    return (
        found.is_right
        and not found.uphill
        and all(found.factors.get(name, 1) > 0 for name in moved)
    )


def explained(
    tried: Sequence[Judgement], name: str, said: Said
) -> tuple[Judgement, list[Stage]] | None:
    """Of networks and E, that in which one known mistake explains all: evidence enough."""
    tried = [one for one in tried if one.right]  # of no parameter there is nothing to explain
    made = [(one, stage_checks(one, name, said, most=1)) for one in tried]
    if said.softmax or any(map(_is_softmax, tried)):  # which may be a wrong one
        usual = ("softmax", "cross_entropy")
        made += [(one, stage_checks(one, name, said, 1, usual)) for one in tried[:1]]
    fits = [(one, found) for one, found in made if found and cost(found)[0] == 0]
    return min(fits, key=lambda one: (cost(one[1]), _unusual(one[0])), default=None)


def _unusual(found: Judgement) -> bool:
    """Whether E does not go with an output that is a softmax."""
    return _is_softmax(found) and found.choice.error != "cross_entropy"


def _is_softmax(found: Judgement) -> bool:
    """Whether the outputs of a sample are one altogether."""
    (g, _), *_ = found.choice.target.pairs
    outputs = found.names.value(g)
    return outputs.shape[-1] > 1 and np.allclose(outputs.sum(-1), 1)


def _forward(name: str, network: Chain, said: Said) -> list[Stage]:
    """What of the forward pass is not that of the network that somebody has declared."""
    output = said.output
    if said.softmax_unused and network.output == "identity":
        output = output or "softmax"
    z = network.layers[-1].x[-1]
    if len(network.layers) == 2 and said.bias and not network.forms[-1].one:
        (without,) = (m for m in CATALOGUE if m.id == "z-without-1" and m.step == "z")
        return [Stage((), Check(name, "z", "wrong", diagnosis=notes([(without,)])), z)]
    if len(network.layers) != 2 or not (said.hidden or output):
        return []
    meant = network.meaning(f=said.hidden, output=output)
    given = {"z": meant.z, "g": network.right[0].g}
    checks = stages.judge(name, meant.right[0], given, CATALOGUE)
    nodes = {"z": z, "g": network.g[-1]}
    return [Stage((), c, nodes[c.stage]) for c in checks if c.verdict == "wrong"]


def _right(network: Chain, k: int, stage: str = "d") -> np.ndarray:
    """The right gradient of a layer, or its right δ."""
    pair, low = network.right[min(k, len(network.right) - 1)], k < len(network.layers) - 1
    gradient = "dW" if low else "dV"
    return getattr(pair, gradient if stage == "d" else DELTA[gradient])


def _claim(found: Judgement, network: Chain, k: int) -> Claim:
    layer, form, world = network.layers[k], network.forms[k], network.world
    W, b = param_of(world, layer.W), param_of(world, layer.b)
    params = tuple(p.name for p in (W, b) if p)
    if W is None:
        return Claim(params, None, None, 1.0, sure=False)
    right, d = _right(network, k), world.change(W)
    d = d.mT if layer.turned else d
    d = np.roll(d, 1, -1) if form.one == "last" else d
    node, delta, factor = _delta(found, network, layer, W)
    if delta is not None:
        weights = slice(bool(form.one) - form.x.shape[-1], None)
        made = (delta.mT @ form.x)[..., weights]  # η may stand in either factor
        factor = multiple(d[..., weights], made) or factor
    if right.shape[-1] > d.shape[-1]:
        own = right[..., 0] if delta is None else factor * delta.sum(1)
        column = world.change(b) if b else own
        d = np.concatenate([column.reshape(*d.shape[:2], 1), d], axis=-1)
    sure = all(found.right.get(p, False) and found.factors.get(p, 1) > 0 for p in params)
    return Claim(params, d, delta, factor, sure, (node, W.new))


def _delta(
    found: Judgement, network: Chain, layer: Layer, W: Param
) -> tuple[int | None, np.ndarray | None, float]:
    """(the node of the δ that a gradient is made of, its rows, the factor from product to step)."""
    world, backward = network.world, found.choice.target.backward
    if len(layer.x) > 1:  # gradients that are added up
        return None, None, 1.0
    for number in sorted(world.graph.ancestors([W.new]) & backward, reverse=True):
        node = world.recording.nodes[number]
        refs = [a.id for a in node.args if isinstance(a, Ref)]
        if len(refs) != 2 or sum(i in backward for i in refs) != 1 or not _outer(node, W, world):
            continue
        made, change = np.stack([s[number] for s in world.at]), world.change(W)
        factor = multiple(change, made) or multiple(change, made.mT)
        left = refs[0] in backward
        value = np.stack([s[refs[not left]] for s in world.at])
        n, q = network.forms[network.layers.index(layer)].u.shape[1:]
        if factor is None or value[0].size != n * q or value.dtype.kind != "f":
            return None, None, 1.0
        turned = left and value.ndim == 3 and n > 1
        rows = (value.mT if turned else value).reshape(-1, n, q)
        return refs[not left], rows, factor
    return None, None, 1.0


def _outer(node: Node, W: Param, world: World) -> bool:
    """Whether an operation may be the product of a δ and what the layer is given."""
    shape = node.value.shape
    fits = len(shape) == 2 and shape in (world.at[0][W.old].shape, world.at[0][W.old].shape[::-1])
    parts = [world.at[0][a.id].shape for a in node.args if isinstance(a, Ref)]
    by_entries = node.op == "multiply" and shape not in parts  # δ[:, None] * z
    return fits and (node.op in FACTORS or by_entries)


def _sizes(found: Judgement, network: Chain, claims: Sequence[Claim]) -> Iterator[float]:
    """What the step size may be, the likeliest first: a common factor is a convention."""
    known = list(found.factors.values())
    if known:
        common: float = max(known, key=lambda f: sum(np.isclose(f, g) for g in known))
        at = next(k for k, c in enumerate(claims) if set(c.params) & found.factors.keys())
        yield abs(common) * (_scale(found, network, at) or 1.0)
        return
    made = [abs(c.factor) for c in claims if c.delta is not None]
    for share in dict.fromkeys((1.0, 1 / network.forms[0].x.shape[1])):
        for half in (1.0, 0.5):
            yield (made[-1] if made else 1.0) * share * half


def _agrees(found: Judgement, network: Chain) -> bool:
    """Whether the closed form's gradients are autodiff's, up to a factor."""
    return None not in (_scale(found, network, k) for k in range(len(network.layers)))


def _scale(found: Judgement, network: Chain, k: int) -> float | None:
    """How many times the closed form's gradient autodiff's is; None where it is no multiple."""
    layer, true = network.layers[k], found.names.adjoints.get(network.layers[k].W)
    if true is None:
        return None
    closed = _right(network, k)[: len(true)]
    closed = np.roll(closed, -1, -1) if network.forms[k].one == "last" else closed
    true = true.mT if layer.turned else true
    return multiple(true, closed[..., closed.shape[-1] - true.shape[-1] :])


def _judged(
    name: str, network: Chain, claims: Sequence[Claim], size: float,
    catalogue: Sequence[Mistake] = CATALOGUE, most: int = 2,
) -> list[Stage]:  # fmt: skip
    """The stages with this step size."""
    found: list[Stage] = []
    before: dict[str, np.ndarray] = {}
    for right, by_stage in _windows(network):
        right = right.given(**before, eta=size, update=bool(network.world.recording.moves))
        style = None if network.z is not None else _style(claims)
        mine = {s: _taken(right, s, claims[k], size, style) for s, k in by_stage.items()}
        claimed = {s: a for some in mine.values() for s, a in some.items()}
        claimed |= {"z": network.z} if network.z is not None else {}
        delta = next((some[DELTA[s]] for s, some in mine.items() if DELTA[s] in some), None)
        before = {} if delta is None else {"delta2": delta}
        claimed, shares = without_decay(right, claimed)
        for check in decay_said(stages.judge(name, right, claimed, catalogue, most=most), shares):
            found.append(_stage(network, claims, by_stage, check))
    return found if len(claims) < 3 else _by_param(found)


def _windows(network: Chain) -> Iterator[tuple[Quantities, dict[str, int]]]:
    """What is right, and the layers that ∂E/∂V and ∂E/∂W are those of, from the output on."""
    last = len(network.layers) - 1
    if last < 2:
        yield network.right[0], {"dV": last, "dW": 0} if last else {"dV": 0}
        return
    yield network.right[-1], {"dV": last}
    for k in range(last - 1, -1, -1):
        yield network.right[k], {"dW": k}


def _stage(
    network: Chain, claims: Sequence[Claim], by_stage: dict[str, int], check: Check
) -> Stage:
    gradient = next((s for s, d in DELTA.items() if check.stage in (s, d)), None)
    if gradient is None:  # z
        return Stage((), check, network.layers[-1].x[-1])
    claim = claims[by_stage[gradient]]
    return Stage(claim.params, check, claim.nodes[gradient == check.stage])


def _style(claims: Sequence[Claim]) -> int:
    """1 where what is right is taken off, −1 where it is −δ and added; 0 where nothing is right."""
    return next((int(np.sign(c.factor)) for c in claims if c.sure and c.delta is not None), 0)


def _taken(
    right: Quantities, stage: str, claim: Claim, size: float, style: int | None
) -> dict[str, np.ndarray]:
    """A layer's gradient and δ, in the size of the gradient of E.

    Where the gradient is right, another δ (with η in it, or before its f') is no mistake.
    """
    if claim.d is None:
        return {}
    true = getattr(right, stage)
    d = true if claim.sure and style is not None else claim.d / size
    if claim.delta is None:
        return {stage: d}
    true_delta = getattr(right, DELTA[stage])
    size_of = abs(claim.factor) / size
    up = same(claim.delta * size_of, true_delta, NEAR)  # then the step is uphill, and not δ wrong
    delta = claim.delta * (style * size_of if style else size_of if up else claim.factor / size)
    fine = same(d, true, NEAR) and not same(delta, true_delta, NEAR)
    return {stage: d} if fine else {DELTA[stage]: delta, stage: d}


def _by_param(found: Sequence[Stage]) -> list[Stage]:
    """One check a layer: what is wrong with its δ is told of its gradient."""
    made, deltas = [], {s.params: s.check for s in found if s.check.stage in DELTA.values()}
    for params, check, node in found:
        if check.stage in DELTA:
            delta = deltas.get(params)
            if delta is not None and delta.verdict == "wrong":
                check = replace(delta, remarks=())
            made.append(Stage(params, replace(check, stage=f"∂E/∂{params[0]}"), node))
    return made


def cost(found: Sequence[Stage]) -> tuple[int, int]:
    """How much has to be assumed: what is unrecognised, and the mistakes."""
    notes = [note.id for one in found for note in one.check.diagnosis if note.explanation == 0]
    return notes.count("unrecognised"), len(notes)


def joined(
    found: Sequence[Stage], by_param: Sequence[Check], telling: Telling
) -> tuple[Check, ...]:
    """The stages, with what is known of their parameters: where it is wrong, and what else is.

    Args:
        by_param: the checks of ∂E/∂(each parameter).
    """
    known = {check.stage: check for check in by_param}
    left = [check for check in by_param if check.verdict == "wrong" and check.place]
    wrong = [one for one in found if one.check.verdict == "wrong"]
    all_told = bool(wrong) and cost(found)[0] == 0
    made: list[Check] = []
    used: list[Check] = []
    for params, check, node in found:
        if params and check.stage == f"∂E/∂{params[0]}":
            check = replace(check, stage=telling.stage(params[0]))
        mine = [known[s] for s in map(telling.stage, params) if s in known]
        follows = not left and any(FOLLOWS in one.remarks for one in mine)
        told = any(one in used for one in mine)
        if check.verdict == "wrong" and (follows or told):
            check = replace(check, verdict="right", diagnosis=(), remarks=(FOLLOWS,))
        elif check.verdict == "wrong":
            other = next((one for one in left if one in mine), next(iter(left), None))
            used += [other] if other else []
            left = [one for one in left if one is not other]
            check = _with_place(check, other, telling.place(node) if node is not None else None)
        elif check.stage not in DELTA.values() and not all_told:
            other = next(
                (one for one in mine if one in left or (one.verdict == "wrong" and not wrong)), None
            )
            check = check if other is None else replace(other, stage=check.stage)
        made.append(check)
    staged = {telling.stage(p) for stage in found for p in stage.params}
    rest = [one for stage, one in known.items() if stage not in staged]
    if any(note.id == "never-moves" for one in rest for note in one.diagnosis):
        made = [one for one in made if one.verdict != "unfinished"]
    first = by_param[0]
    made[0] = replace(made[0], remarks=(*first.remarks[:1], *made[0].remarks))
    return (*(replace(one, line=first.line) for one in made), *rest)


def _with_place(check: Check, other: Check | None, own: Place | None) -> Check:
    """A wrong stage with the place of its parameter's, and the cause where none is known."""
    if other is None or other.diagnosis[0].id == "uphill":
        return replace(check, place=own)
    ids, others = ({note.id for note in one.diagnosis} for one in (check, other))
    known = ids != {"unrecognised"} and not (NEARER & others and not NEARER & ids)
    diagnosis = check.diagnosis if known else other.diagnosis
    return replace(check, diagnosis=diagnosis, place=other.place or own)
