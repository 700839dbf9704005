"""`forward` and `backward` of the exercise: those of one layer, with what they need handed over."""

import functools
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from jaxmlp.network import Network
from jaxmlp.verify import given
from jaxmlp.verify.calling import Subject, array, convention, stacked
from jaxmlp.verify.claimed import points_of
from jaxmlp.verify.derivation import right_quantities
from jaxmlp.verify.ending import (
    at_equal,
    at_equal_sizes,
    attempts,
    best,
    ended,
    recognised,
    unfinished,
)
from jaxmlp.verify.finding import Check, Note, Words, remarked
from jaxmlp.verify.judge.stages import STAGES, judge_stages
from jaxmlp.verify.mistakes import CATALOGUE
from jaxmlp.verify.names import plain_name
from jaxmlp.verify.points import Points, Sizes, draw_points
from jaxmlp.verify.program import Quantities
from jaxmlp.verify.run.outcome import Crashed

SMOOTH = Network("tanh")  # its f' is neither 0 nor 1, so that nothing done to it is hidden
OF_FORWARD = ("z", "slope")


def check_forward(subject: Subject, network: Network) -> tuple[Check, ...]:
    """The exercise's forward(x, W, …) with f handed over: z = (1, f(Wx)) and f'(Wx)."""
    return ended(subject, "z", lambda: _forward(subject, network))


def _forward(subject: Subject, network: Network) -> tuple[Check, ...]:
    """In the first way in which it does not crash: with f and f', or both by one, or f alone."""
    f, slope = given.F[network.hidden.name], given.SLOPE[network.hidden.name]
    points = points_of(network).single()
    judged = functools.partial(_forward_in, subject, points, right_quantities(network, points))
    handed = [([given.PAIR[network.hidden.name]], True), ([f], False)]
    handed = [([f, slope], True)] if len(subject.parameters) > 3 else handed
    ways = ((*option, column) for option in handed for column in (False, True))
    return next(attempts(functools.partial(judged, *way) for way in ways))


def _forward_in(
    subject: Subject, points: Points, right: Quantities,
    functions: list[Callable], with_slope: bool, column: bool,
) -> tuple[Check, ...]:  # fmt: skip
    claims = _forward_claims(subject, points, right, functions, column)
    checks = judge_stages(subject.name, right, claims, CATALOGUE, stages=(*STAGES, "fu"))
    if column:
        checks = remarked(checks, convention("column"))
    if claims.keys() == {"z"} and with_slope:
        checks = (*checks, unfinished(subject, "slope"))
    return checks


def _forward_claims(
    subject: Subject, points: Points, right: Quantities, functions: list[Callable], column: bool
) -> dict[str, np.ndarray]:
    first, second = (plain_name(p) for p in subject.parameters[:2])
    weights_first = first.startswith("w") and not second.startswith("w")
    at_points = []
    for at in range(len(points.W)):
        x = right.x[at, 0]
        args = [np.array(x[:, None] if column else x), np.array(points.W[at])]
        result, _ = subject.call([*(args[::-1] if weights_first else args), *functions])
        values = result if isinstance(result, tuple) else (result,)
        at_points.append([array(v).reshape(1, -1) for v in values])
    if len(at_points[0]) > 2:
        raise Crashed(f"expected (z, f'(Wx)), got {len(at_points[0])} results")
    return dict(zip(("z", "slope"), stacked(at_points), strict=False))


def check_backward(subject: Subject) -> tuple[Check, ...]:
    """The exercise's backward(Ṽ, δ2, f'(Wx)), which gives δ1 (L22)."""
    return ended(subject, "delta1", lambda: _backward(subject))


def _backward(subject: Subject) -> tuple[Check, ...]:
    """Judged as it is called in the exercise, with Ṽ, unless only with V it is right, or runs."""
    at = functools.partial(_backward_at, subject)
    try:
        return best(at(Sizes()), lambda checks: checks[0].verdict == "right")
    except Crashed as why:
        crash = why
    return remarked(next(filter(recognised, at_equal(crash, at))), at_equal_sizes(crash))


def _backward_at(subject: Subject, sizes: Sizes) -> Iterator[tuple[Check, ...]]:
    """The verdicts given Ṽ, and given V, where it does not crash.

    Raises:
        Crashed: it does with both.
    """
    points = draw_points(SMOOTH, sizes).single()
    right = right_quantities(SMOOTH, points)

    def judged(matrices: np.ndarray, *said: Note) -> tuple[Check, ...]:
        claim = _delta1(subject, right, matrices)
        return remarked(judge_stages(subject.name, right, {"delta1": claim}, CATALOGUE), *said)

    return attempts((lambda: judged(right.V_tilde), lambda: judged(points.V, V_GIVEN)))


V_GIVEN = Note("V-given", Words(
    "takes V, and leaves out the bias column by itself",
    "V を受け取り、バイアスの列を関数の中で除きます"))  # fmt: skip


def _delta1(subject: Subject, right: Quantities, matrices: np.ndarray) -> np.ndarray:
    places = _places(subject.parameters)
    deltas = []
    for at in range(len(matrices)):
        values = {"V": matrices[at], "delta": right.delta2[at, 0], "slope": right.slope[at, 0]}
        result, _ = subject.call([np.array(values[place]) for place in places])
        value = array(result)
        vector = value.size == max(value.shape, default=1)
        deltas.append([value.reshape(1, -1) if vector else value])
    return stacked(deltas)[0]


def _places(parameters: Sequence[str]) -> list[str]:
    """Which of three parameters is the matrix, δ2 and f'(Wx): by name, or else in this order."""
    names = [plain_name(p) for p in parameters[:3]]
    delta = next(
        (i for i, n in enumerate(names) if "delta" in n or n in ("d", "d2", "err", "error")), 1
    )
    slopes = ("deriv", "slope", "grad", "nabla", "dz", "df", "prime")
    slope = next(
        (i for i, n in enumerate(names) if i != delta and any(s in n for s in slopes)), None
    )
    slope = max({0, 1, 2} - {delta}) if slope is None else slope
    return ["delta" if i == delta else "slope" if i == slope else "V" for i in range(3)]
