"""Weight decay: a small share of the parameters beside the gradient. Not E's, but no mistake."""

from collections.abc import Mapping

import numpy as np

from jaxmlp.verify.diagnose import same, tolerance
from jaxmlp.verify.finding import Note, Words
from jaxmlp.verify.program import Quantities

PARAMETER = {"dV": "V", "dW": "W"}
MOST = 0.5  # of the parameters: more is no decay


def decays(right: Quantities, claims: Mapping[str, np.ndarray]) -> dict[str, tuple]:
    """By stage with a constant share of its parameters in it: (the share, the gradient alone)."""
    found = {}
    for stage in PARAMETER.keys() & claims.keys():
        claim, true = claims[stage], getattr(right, stage)
        if claim.shape != true.shape or same(claim, true, tolerance(claim)):
            continue
        for weights in _weights(right, stage):
            extra = claim - true
            share = float((extra * weights).sum() / (weights * weights).sum())
            if 0 < share < MOST and same(claim, true + share * weights, tolerance(claim)):
                found[stage] = (share, claim - share * weights)
    return found


def _weights(right: Quantities, stage: str) -> list[np.ndarray]:
    """The parameters that may decay: all, or all but the biases."""
    whole = getattr(right, PARAMETER[stage])
    if not right.bias:
        return [whole]
    return [whole, np.concatenate([np.zeros_like(whole[..., :1]), whole[..., 1:]], axis=-1)]


def remark(stage: str, share: float) -> Note:
    """That it is there, and how large."""
    p = PARAMETER[stage]
    words = Words(
        f"beside the gradient of E there is {share:.3g} {p}: weight decay, which E itself has not",
        f"E の勾配のほかに {share:.3g} {p} が足されています (荷重減衰。E 自体にはない項です)",
    )
    return Note("weight-decay", words)
