"""∂E/∂g as a small function of a file (`mse_prime`, say), called and judged by the E of its name.

It may have any factor, as a mean has, or the other sign, which is said; and it may be the
derivative by a, where g is the output of softmax or of the sigmoid. What is none of these is wrong
where it is known by which mistake; otherwise it may be something else, and nothing is said of it.
"""

from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from jaxmlp.verify import given, pieces
from jaxmlp.verify.calling import Subject
from jaxmlp.verify.diagnose import same, tolerance
from jaxmlp.verify.ending import ended
from jaxmlp.verify.finding import Check, Note, Words
from jaxmlp.verify.names import TARGETS, plain_name
from jaxmlp.verify.pieces import STAGE, Piece
from jaxmlp.verify.run.outcome import Crashed
from jaxmlp.verify.slips import SLIPS
from jaxmlp.verify.small import judged_quantity, of_outputs

SlopeForm: TypeAlias = tuple[Callable[[np.ndarray, np.ndarray], np.ndarray], tuple[Note, ...]]

OPPOSITE = Note("opposite", Words(
    "gives −∂E/∂g, so the update must be added, not subtracted",
    "−∂E/∂g を返します。この値を使う場合、更新では引かずに足します"))  # fmt: skip
BY_A = Note("by-a", Words(
    "gives the derivative with respect to a, the input of the output function",
    "出力関数の入力 a についての微分を返します"))  # fmt: skip
LOGARITHMS: tuple[SlopeForm, ...] = (
    (given.D_ERROR["cross_entropy"], ()),
    (given.D_ERROR["binary_cross_entropy"], ()),
    (lambda g, y: g - y, (BY_A,)),
    (lambda g, y: given.softmax(g) - y, (BY_A,)),
    (lambda g, y: given.sigmoid(g) - y, (BY_A,)),
)
SQUARES: tuple[SlopeForm, ...] = (
    (given.D_ERROR["squared_error"], ()),
    (lambda g, y: (g - y) * g * (1 - g), (BY_A,)),
    (lambda g, y: (g - y) * (1 - g**2), (BY_A,)),
)
RIGHT = {
    "squared_error": SQUARES,
    "mean_squared_error": SQUARES,
    "cross_entropy": LOGARITHMS,
    "binary_cross_entropy": LOGARITHMS[1:],
}


def check_slope(subject: Subject, kind: Piece) -> tuple[Check, ...]:
    """A check of such a function, if anything is known of what it gives."""
    return ended(subject, STAGE[kind.kind], lambda: _slope(subject, kind))


def _slope(subject: Subject, kind: Piece) -> tuple[Check, ...]:
    call, exchanged = of_outputs(subject)
    at = pieces.points(kind)
    g, y = at["g"], at["y"]
    try:
        claim = call(g, y)
    except Crashed:  # it may ask for the numbers of the classes, say
        return ()
    names = set(map(plain_name, subject.parameters))
    for formula, remarks in RIGHT[kind.of]:
        if times := _times(claim, formula(g, y)):
            sure = times < 0 and (exchanged or names & TARGETS)  # which of both is the target
            said = (*remarks, OPPOSITE) if sure else remarks
            return (Check(subject.name, STAGE[kind.kind], "right", remarks=said),)
    if any("log" in name for name in names):
        return ()  # it may be given log g
    right = pieces.piece_quantities(kind, at, claim)
    for _, slip, *_ in SLIPS[kind]:
        times = _times(claim, slip(right, given.D_ERROR[pieces.ERROR_OF[kind.of]](g, y)))
        if times > 0:
            again = lambda g, times=times: call(g, y) / times  # noqa: E731
            return (judged_quantity(subject, kind, at, claim / times, again, "g"),)
    return ()


def _times(claim: np.ndarray, formula: np.ndarray) -> float:
    """How many times a formula this is; 0 if it is no multiple."""
    if claim.shape != formula.shape:
        return 0.0
    times = float((claim * formula).sum() / (formula**2).sum())
    return times if same(claim, times * formula, tolerance(claim)) else 0.0
