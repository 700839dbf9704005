"""The small functions of the exercise, f, f', softmax and the losses: by their names, and as they are.

Each acts on many points at once: u is (points, k); g and y are (points, m).
"""

import functools
import re
from typing import NamedTuple

import numpy as np

from jaxmlp.verify import given
from jaxmlp.verify.names import plain_name
from jaxmlp.verify.program import DerivationProgram, Formula, Quantities
from jaxmlp.verify.truth.errors import ERROR_FUNCTIONS

SPELLINGS = {
    "relu": "relu rectifiedlinear rectifiedlinearunit rampfunction ramp",
    "sigmoid": "sigmoid sigm sig logistic logisticfunction sigmoidfunction",
    "tanh": "tanh hyperbolictangent tanhfunction tanhyperbolic htan",
    "identity": "identity linear identityfunction",
}
ACTIVATION_BY_SPELLING = {s: name for name, all in SPELLINGS.items() for s in all.split()}
_WORDS = "|".join(sorted(ACTIVATION_BY_SPELLING, key=len, reverse=True))
_FUNCTION = r"(?:function|func|fn|activation)?"
NAMED = re.compile(rf"(?:my)?({_WORDS}){_FUNCTION}")


def _derivative(words: str) -> re.Pattern[str]:
    """What names the derivative of one of these: dtanh, tanh_prime."""
    return re.compile(
        r"(?:d|df|diff|dif|differential|grad|gradient|gradientof|deriv|derivative|derivativeof"
        rf"|derived|der|nabla|prime|backward|bibun)({words}){_FUNCTION}"
        rf"|({words}){_FUNCTION}(?:d|df|diff|dif|grad|gradient|deriv|derivative|der|prime|dash"
        r"|backward|bibun)"
    )


DERIVATIVE = _derivative(_WORDS)
LOSS_NAMES = {
    "cross_entropy": "crossentoropy crossentropy crossentropyerror crossentropyloss ce celoss"
    " categoricalcrossentropy crossentropyfunction xent calcloss",
    "binary_cross_entropy": "binarycrossentropy binarycrossentoropy bce bceloss errorfunction logloss"
    " binarycrossentropyerror binarycrossentropyloss logisticloss",
    "squared_error": "squarederror l2error l2loss l2 sse sumsquarederror sumofsquarederror"
    " sumofsquarederrors squaredloss squarederrorloss sumsquarederrors quadraticloss",
    "mean_squared_error": "mse meansquarederror mseloss",
}
LOSS_BY_SPELLING = {s: name for name, all in LOSS_NAMES.items() for s in all.split()}
SLOPE_OF_LOSS = _derivative("|".join(sorted(LOSS_BY_SPELLING, key=len, reverse=True)))
STAGE = {"activation": "value", "softmax": "value", "derivative": "derivative", "loss": "loss",
         "loss-slope": "dE"}  # fmt: skip
ERROR_OF = {name: name.removeprefix("mean_") for name in LOSS_NAMES}


class Piece(NamedTuple):
    """A small function that a file may define.

    Attributes:
        kind: "activation", "derivative", "softmax", "loss" or "loss-slope" (∂E/∂g).
        of: which: relu, …; a loss's name.
    """

    kind: str
    of: str


def piece(name: str) -> Piece | None:
    """What a function's name says it is, or None."""
    short = plain_name(name)
    plainly = NAMED.fullmatch(short)
    if plainly:
        return Piece("activation", ACTIVATION_BY_SPELLING[plainly[1]])
    if re.fullmatch(r"(stable|my)?softmax(function|fn)?\d?", short):
        return Piece("softmax", "softmax")
    if short in LOSS_BY_SPELLING:
        return Piece("loss", LOSS_BY_SPELLING[short])
    if match := SLOPE_OF_LOSS.fullmatch(short):
        return Piece("loss-slope", LOSS_BY_SPELLING[match[1] or match[2]])
    match = DERIVATIVE.fullmatch(short)
    return Piece("derivative", ACTIVATION_BY_SPELLING[match[1] or match[2]]) if match else None


def error_by_name(name: str, g: np.ndarray, y: np.ndarray) -> np.ndarray:
    """An E by its name, one number a point."""
    if name == "mean_squared_error":
        return ERROR_FUNCTIONS["squared_error"](g, y).mean(axis=-1)
    return ERROR_FUNCTIONS[name](g, y).sum(axis=-1)


@functools.cache
def program(kind: Piece) -> DerivationProgram:
    """A program of one step: what the function should give."""
    true: dict[str, Formula] = {
        "activation": lambda q: given.F[kind.of](q.u),
        "derivative": lambda q: given.SLOPE[kind.of](q.u),
        "softmax": lambda q: given.softmax(q.u),
        "loss": lambda q: error_by_name(kind.of, q.g, q.y),
        "loss-slope": lambda q: given.D_ERROR[ERROR_OF[kind.of]](q.g, q.y),
    }
    step, inputs = STAGE[kind.kind], ("g", "y") if "loss" in kind.kind else ("u",)
    return DerivationProgram({step: true[kind.kind]}, {step: inputs}, inputs)


def points(kind: Piece, *, seed: int = 0) -> dict[str, np.ndarray]:
    """Where the function is evaluated."""
    rng = np.random.default_rng(seed)
    if "loss" not in kind.kind:
        u = rng.uniform(0.1, 2.5, size=(6, 5)) * rng.choice([-1, 1], size=(6, 5))
        # Both signs in each row, and in its first place: np.vectorize takes its dtype from there.
        u[:, 0], u[:, 1] = np.abs(u[:, 0]), -np.abs(u[:, 1])
        u[::2] *= -1
        return {"u": u}
    g = rng.dirichlet(np.ones(5), size=8).clip(0.01)
    y = np.eye(5)[rng.integers(5, size=8)]
    small = (1e-30, 1e-20, 1e-12, 1e-9) if kind.kind == "loss" else ()  # a small ε shows here alone
    if kind.of == "cross_entropy":
        for row, tiny in enumerate(small):
            g[row, y[row].argmax()] = tiny
        return {"g": g / g.sum(axis=1, keepdims=True), "y": y}
    if kind.of == "binary_cross_entropy":
        p, labels = rng.uniform(0.05, 0.95, size=(8, 5)), rng.integers(2, size=(8, 5)) * 1.0
        for row, tiny in enumerate(small):
            p[row, 0], labels[row, 0] = tiny, 1
        return {"g": p, "y": labels}
    return {"g": rng.normal(size=(8, 5)), "y": rng.normal(size=(8, 5))}


def piece_quantities(kind: Piece, at: dict[str, np.ndarray], claimed: np.ndarray) -> Quantities:
    """The right function at these points, and what was claimed, from which an ε is read off."""
    return Quantities(program(kind), {**at, "claimed": claimed})
