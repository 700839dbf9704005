"""Weight decay: a small share of the parameters beside the gradient. Not E's, but no mistake."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from jaxmlp.verify.derivation import MADE_OF
from jaxmlp.verify.diagnose import same, tolerance
from jaxmlp.verify.finding import Check, Note, Words
from jaxmlp.verify.layouts import bias_zeroed
from jaxmlp.verify.program import Quantities

PARAMETER = {"dV": "V", "dW": "W"}
MOST_DECAY = 0.5  # of the parameters: more is no decay
MOST_LOST = 0.09  # of the parameters, in one step: V = 0.9 V − … is momentum in the wrong place


def without_decay(
    right: Quantities, claims: Mapping[str, np.ndarray]
) -> tuple[dict[str, np.ndarray], dict[str, float]]:
    """The claims without decay, and by stage the share of its parameters that was in it.

    The rest may be wrong by a factor, or made from a wrong delta that is claimed, too; whatever
    else it is, it is taken to decay as the other stage does.
    """
    decays = {}
    for stage in PARAMETER.keys() & claims.keys():
        decay = next(_shares(right, claims, stage), None)
        if decay:
            decays[stage] = decay
    if len(decays) == 1 and len(PARAMETER.keys() & claims.keys()) == 2:
        decays |= _alike(right, claims, *decays.values())
    alone = {s: claims[s] - share * weights for s, (share, weights, _) in decays.items()}
    return {**claims, **alone}, {stage: share for stage, (share, *_) in decays.items()}


def _shares(right: Quantities, claims: Mapping[str, np.ndarray], stage: str) -> Iterator[tuple]:
    """(the share, the weights that decay, which of `_weights` these are)."""
    if not _wrong(right, claims, stage):
        return
    for number, weights in enumerate(_weights(right, stage)):
        for rest in _rests(right, claims, stage):
            share = _share(right, claims[stage], rest, weights)
            if share:
                yield share, weights, number


def _wrong(right: Quantities, claims: Mapping[str, np.ndarray], stage: str) -> bool:
    """Whether it has the right shape, and other values."""
    claim, true = claims[stage], getattr(right, stage)
    return claim.shape == true.shape and not same(claim, true, tolerance(claim))


def _weights(right: Quantities, stage: str) -> list[np.ndarray]:
    """The parameters that may decay: all, or all but the biases."""
    whole = getattr(right, PARAMETER[stage])
    return [whole, bias_zeroed(whole)] if right.bias else [whole]


def _rests(right: Quantities, claims: Mapping[str, np.ndarray], stage: str) -> Iterator[np.ndarray]:
    """What the gradient without decay may be, up to a factor."""
    yield getattr(right, stage)
    delta, fed = MADE_OF[stage]
    if delta in claims and claims[delta].shape == getattr(right, delta).shape:
        yield claims[delta].mT @ getattr(right, fed)


def _share(
    right: Quantities, claim: np.ndarray, rest: np.ndarray, weights: np.ndarray
) -> float | None:
    """The share with which the claim is a multiple of the rest and that of the weights."""
    if _multiple(claim, rest) or not np.isfinite([claim, rest, weights]).all():
        return None
    claim, within = claim.astype(float), tolerance(claim)
    columns = np.stack([rest.ravel(), weights.ravel()], axis=1)
    (factor, share), *_ = np.linalg.lstsq(columns, claim.ravel(), rcond=None)
    small = share * right.eta < MOST_LOST if right.update else share < MOST_DECAY
    fits = same(claim, factor * rest + share * weights, within)
    return float(share) if share > 0 and small and fits else None


def _multiple(claim: np.ndarray, rest: np.ndarray) -> bool:
    factor = (claim * rest).sum() / max((rest * rest).sum(), np.finfo(float).tiny)
    return same(claim, factor * rest, tolerance(claim))


def _alike(right: Quantities, claims: Mapping[str, np.ndarray], decay: tuple) -> dict[str, tuple]:
    """The same decay of the other stage, if that is wrong and no multiple of what it may be."""
    share, weights, number = decay
    return {
        stage: (share, _weights(right, stage)[number], number)
        for stage, parameter in PARAMETER.items()
        if weights.shape != getattr(right, parameter).shape
        and _wrong(right, claims, stage)
        and not any(_multiple(claims[stage], rest) for rest in _rests(right, claims, stage))
    }


def decay_said(checks: Sequence[Check], shares: Mapping[str, float]) -> tuple[Check, ...]:
    """The checks, with a remark where there is decay."""
    said = {stage: (_remark(stage, share),) for stage, share in shares.items()}
    return tuple(replace(c, remarks=(*c.remarks, *said.get(c.stage, ()))) for c in checks)


def _remark(stage: str, share: float) -> Note:
    p = PARAMETER[stage]
    words = Words(
        f"beside the gradient of E there is {share:.3g} {p}: weight decay, which is not part of E",
        f"E の勾配のほかに {share:.3g} {p} が足されています (重み減衰。E には含まれない項です)",
    )
    return Note("weight-decay", words)
