"""The stages of a network that is a chain of layers, judged by the catalogue: δ2, ∂E/∂V, …"""

import functools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from jaxmlp.network import Network
from jaxmlp.verify.decay import decay_said, without_decay
from jaxmlp.verify.diagnose import notes
from jaxmlp.verify.finding import Check
from jaxmlp.verify.judge import stages
from jaxmlp.verify.judge.claims import (
    DELTA_OF,
    LayerClaim,
    by_stage_of,
    layer_claim,
    right_of,
    style_of,
)
from jaxmlp.verify.judge.judgement import Judgement
from jaxmlp.verify.judge.layers import LayerChain, chain
from jaxmlp.verify.judge.naming import multiple
from jaxmlp.verify.kinds import STILL, unwritten
from jaxmlp.verify.mistakes import CATALOGUE
from jaxmlp.verify.program import Mistake, Quantities

LARGE_MATRIX = 2000  # entries of a matrix, with which two mistakes together take too long to find
F_MISSING = [mistake for mistake in CATALOGUE if mistake.id == "f-missing"]


class Said(NamedTuple):
    """The names of f, g and E, where somebody has said them, and what else names tell.

    Attributes:
        reduction: "mean" or "sum" over the samples.
        bias: whether z has a 1 in front.
        exercise: the functions of the exercise, with their parameters: what these give are
            gradients, or with η the parameters after a step.
        known: the checks of these, by the network that is declared.
        network: this one.
        softmax: whether the file has a function of that name.
        softmax_unused: whether it never calls it.
    """

    hidden: str | None = None
    output: str | None = None
    error: str | None = None
    reduction: str | None = None
    bias: bool | None = None
    exercise: Mapping[str, tuple[str, ...]] = {}
    known: Mapping[str, Sequence[Check]] = {}
    network: Network | None = None
    softmax: bool = False
    softmax_unused: bool = False


class Stage(NamedTuple):
    """A stage's check, the parameters that come of it, and the node that it is claimed by."""

    params: tuple[str, ...]
    check: Check
    node: int | None = None


def stage_checks(
    judgement: Judgement, name: str, said: Said, most: int = 2, meant: tuple[str, str] | None = None
) -> list[Stage] | None:
    """The stages of a network that is a chain of layers, in the order of the derivation.

    Their names are the lecture's where there are two layers: δ2, ∂E/∂V, δ1, ∂E/∂W.
    """
    network = chain(judgement, meant)
    if network is None or (not meant and not _agrees(judgement, network)):
        return None
    claims = [layer_claim(judgement, network, k) for k in range(len(network.layers))]
    best = _best(name, network, claims, _sizes(judgement, network, claims), most)
    if len(claims) == 2 and claims[1].d is None and network.world.recording.moves:
        best = [*best, Stage((), unwritten(name, "dV", None, STILL))]
    if _goes_down(judgement) and any(stage.check.verdict == "wrong" for stage in best):
        return None  # a closed form may be of another network, ∂E/∂(a parameter) is not
    told = {stage.check.stage for stage in best}
    forward = _forward(name, network, said)
    return [*(stage for stage in forward if stage.check.stage not in told), *best]


def _best(
    name: str, network: LayerChain, claims: Sequence[LayerClaim], sizes: Sequence[float], most: int
) -> list[Stage]:
    """The stages with the step size by which least is wrong; or with an f that was forgotten."""
    large = max(form.W[0].size for form in network.forms) > LARGE_MATRIX
    judged = functools.partial(_judged, name, network, claims, most=1 if large else most)
    tried = [judged(sizes[0])]
    tried += [judged(size) for size in sizes[1:] if cost(tried[0]) > (0, 1)]
    best = min(tried, key=cost)
    if cost(best) > (0, 0) and network.f == ("identity",):
        forgotten = (_judged(name, variant, claims, size, F_MISSING)
                     for variant in network.with_any_f() for size in sizes)  # fmt: skip
        best = next((variant for variant in forgotten if not cost(variant)[0]), best)
    return best


def _goes_down(judgement: Judgement) -> bool:
    """Whether all is right, and every parameter that moves goes down E."""
    moved = [p.name for p in judgement.world.params if not p.gives]
    return (
        judgement.is_right
        and not judgement.uphill
        and all(judgement.factors.get(name, 1) > 0 for name in moved)
    )


def explained(
    tried: Sequence[Judgement], name: str, said: Said
) -> tuple[Judgement, list[Stage]] | None:
    """Of networks and E, that in which one known mistake explains all: evidence enough."""
    tried = [one for one in tried if one.right and _has_target(one)]  # else there is no evidence
    made = [(one, stage_checks(one, name, said, most=1)) for one in tried]
    if said.softmax or any(one.choice.is_softmax for one in tried):  # which may be a wrong one
        usual = ("softmax", "cross_entropy")
        made += [(one, stage_checks(one, name, said, 1, usual)) for one in tried[:1]]
    fits = [(one, checks) for one, checks in made if checks and cost(checks)[0] == 0]
    return min(fits, key=lambda one: (cost(one[1]), _unusual(one[0])), default=None)


def _has_target(judgement: Judgement) -> bool:
    """Whether not all that the output meets is 0: it may be what a program could not fill."""
    return any(
        np.any(state[y]) for state in judgement.world.at for _, y in judgement.choice.target.pairs
    )


def _unusual(judgement: Judgement) -> bool:
    """Whether E does not go with an output that is a softmax."""
    return judgement.choice.is_softmax and judgement.choice.error != "cross_entropy"


def _forward(name: str, network: LayerChain, said: Said) -> list[Stage]:
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
    claims = {"z": meant.z, "g": network.right[0].g}
    checks = stages.judge_stages(name, meant.right[0], claims, CATALOGUE)
    nodes = {"z": z, "g": network.g[-1]}
    return [Stage((), c, nodes[c.stage]) for c in checks if c.verdict == "wrong"]


def _sizes(judgement: Judgement, network: LayerChain, claims: Sequence[LayerClaim]) -> list[float]:
    """What the step size may be, the likeliest first: a common factor is a convention."""
    known = list(judgement.factors.values())
    if known:
        common: float = max(known, key=lambda f: sum(np.isclose(f, g) for g in known))
        at = next(k for k, c in enumerate(claims) if set(c.params) & judgement.factors.keys())
        return [abs(common) * (_scale(judgement, network, at) or 1.0)]
    made = [abs(c.factor) for c in claims if c.delta is not None]
    shares = dict.fromkeys((1.0, 1 / network.forms[0].x.shape[1]))
    return [(made[-1] if made else 1.0) * share * half for share in shares for half in (1.0, 0.5)]


def _agrees(judgement: Judgement, network: LayerChain) -> bool:
    """Whether the closed form's gradients are autodiff's, up to a factor."""
    return None not in (_scale(judgement, network, k) for k in range(len(network.layers)))


def _scale(judgement: Judgement, network: LayerChain, k: int) -> float | None:
    """How many times the closed form's gradient autodiff's is; None where it is no multiple."""
    layer, true = network.layers[k], judgement.names.adjoints.get(network.layers[k].W)
    if true is None:
        return None
    closed = right_of(network, k)[: len(true)]
    closed = np.roll(closed, -1, -1) if network.forms[k].one == "last" else closed
    true = true.mT if layer.turned else true
    return multiple(true, closed[..., closed.shape[-1] - true.shape[-1] :])


def _judged(
    name: str, network: LayerChain, claims: Sequence[LayerClaim], size: float,
    catalogue: Sequence[Mistake] = CATALOGUE, most: int = 2,
) -> list[Stage]:  # fmt: skip
    """The stages with this step size."""
    judged: list[Stage] = []
    before: dict[str, np.ndarray] = {}
    for right, by_stage in _windows(network):
        right = right.given(**before, eta=size, update=bool(network.world.recording.moves))
        style = None if network.z is not None else style_of(claims)
        mine = {s: by_stage_of(right, s, claims[k], size, style) for s, k in by_stage.items()}
        claimed = {s: a for some in mine.values() for s, a in some.items()}
        claimed |= {"z": network.z} if network.z is not None else {}
        delta = next((some[DELTA_OF[s]] for s, some in mine.items() if DELTA_OF[s] in some), None)
        before = {} if delta is None else {"delta2": delta}
        claimed, shares = without_decay(right, claimed)
        for check in decay_said(
            stages.judge_stages(name, right, claimed, catalogue, most=most), shares
        ):
            judged.append(_stage(network, claims, by_stage, check))
    return judged if len(claims) < 3 else _by_param(judged)


def _windows(network: LayerChain) -> Iterator[tuple[Quantities, dict[str, int]]]:
    """What is right, and the layers that ∂E/∂V and ∂E/∂W are those of, from the output on."""
    last = len(network.layers) - 1
    if last < 2:
        yield network.right[0], {"dV": last, "dW": 0} if last else {"dV": 0}
        return
    yield network.right[-1], {"dV": last}
    for k in range(last - 1, -1, -1):
        yield network.right[k], {"dW": k}


def _stage(
    network: LayerChain, claims: Sequence[LayerClaim], by_stage: dict[str, int], check: Check
) -> Stage:
    gradient = next((s for s, d in DELTA_OF.items() if check.stage in (s, d)), None)
    if gradient is None:  # z
        return Stage((), check, network.layers[-1].x[-1])
    claim = claims[by_stage[gradient]]
    return Stage(claim.params, check, claim.nodes[gradient == check.stage])


def _by_param(judged: Sequence[Stage]) -> list[Stage]:
    """One check a layer: what is wrong with its δ is told of its gradient."""
    made, deltas = [], {s.params: s.check for s in judged if s.check.stage in DELTA_OF.values()}
    for params, check, node in judged:
        if check.stage in DELTA_OF:
            delta = deltas.get(params)
            if delta is not None and delta.verdict == "wrong":
                check = replace(delta, remarks=())
            made.append(Stage(params, replace(check, stage=f"∂E/∂{params[0]}"), node))
    return made


def cost(judged: Sequence[Stage]) -> tuple[int, int]:
    """How much has to be assumed: what is unrecognised, and the mistakes."""
    notes = [note.id for stage in judged for note in stage.check.diagnosis if note.explanation == 0]
    return notes.count("unrecognised"), len(notes)
