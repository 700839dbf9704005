"""A claim as its two sides, and the verdict on it: whether they agree at every point."""

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from jax.typing import ArrayLike

from jaxmlp.verify.finding import Claim, Words
from jaxmlp.verify.lecture.points import Point

EQUALITY_TOLERANCE = (
    1e-9  # what holds agrees to rounding, 1e-14 or so; what does not is off by percents
)

Side = ArrayLike | Sequence
Sides = Callable[..., tuple[Side, Side]]


class Remark(NamedTuple):
    """What else is worth saying, with its evidence: it is said only where that is found again.

    Attributes:
        en, ja: the words.
        agree, differ: two sides that do, and that do not.
        unfit: whose right side does not conform unless sizes coincide.
    """

    en: str
    ja: str
    agree: Sequence[Sides] = ()
    differ: Sequence[Sides] = ()
    unfit: Sequence[Sides] = ()


class ClaimEntry(NamedTuple):
    """A claim as printed.

    Attributes:
        id, slide, formula, recorded: as in `Claim`.
        printed: functions of a point, to the two sides of an equation; all have to agree.
        any_y: where Σ y = 1 is needed, the form for any y; its sides take s = Σ y.
        correction, corrected: the form that holds instead, in words and as sides.
        at: where the printed form conforms, one of `SIZES`.
    """

    id: str
    slide: str
    formula: str
    recorded: bool
    printed: Sequence[Sides]
    any_y: str | None = None
    correction: str | None = None
    corrected: Sequence[Sides] = ()
    at: str = "any"
    remark: Remark | None = None


def apart(left: Side, right: Side) -> float:
    """The largest difference, relative to the largest entry of the left; ∞ between shapes."""
    left, right = np.asarray(left, float), np.asarray(right, float)
    if left.shape != right.shape or np.isnan(left).any() or np.isnan(right).any():
        return math.inf
    size, far = (np.abs(each).max(initial=0) for each in (left, left - right))
    return float(far / size) if size else (0.0 if far == 0 else math.inf)


def farthest(equations: Sequence[Sides], points: Sequence[Point], general: bool = False) -> float:
    """The largest `apart` of the equations over the points; ∞ where a side does not conform.

    Args:
        general: evaluate the form for any y.
    """
    try:
        sides = [each(p, p.y.sum()) if general else each(p) for each in equations for p in points]
    except (ValueError, IndexError):
        return math.inf
    return max(apart(*pair) for pair in sides)


def judge_claim(entry: ClaimEntry, points: dict[str, list[Point]]) -> Claim:
    """The entry's verdict, from its values at the points alone."""

    def usable(some: list[Point]) -> list[Point]:
        return [p for p in some if entry.any_y is None or _sums_to_1(p)]

    here, anywhere = points[entry.at], points["any"]
    error = farthest(entry.printed, usable(here))
    judged: dict[str, Any] = {"holds": error <= EQUALITY_TOLERANCE, "relative_error": error}
    if entry.corrected:
        judged["correction"] = entry.correction
        judged["correction_error"] = farthest(entry.corrected, usable(here + anywhere))
    if entry.any_y is not None:
        judged |= _assumption(entry, [p for p in anywhere if not _sums_to_1(p)])
    if entry.remark and _found_again(entry.remark, usable(here), anywhere):
        judged["remark"] = Words(entry.remark.en, entry.remark.ja)
    return Claim(entry.id, entry.slide, entry.formula, recorded=entry.recorded, **judged)


def _sums_to_1(p: Point) -> bool:
    return math.isclose(p.y.sum(), 1)


def _assumption(entry: ClaimEntry, points: Sequence[Point]) -> dict[str, Words | float]:
    """Σ y = 1, said where the form fails without it and the form for any y does not."""
    form = entry.corrected or entry.printed
    without = farthest(form, points)
    if not farthest(form, points, general=True) <= EQUALITY_TOLERANCE < without:
        return {"error_without": without}
    words = Words(
        f"Σ y = 1; for any y: {entry.any_y}",
        f"Σ y = 1 のときに成り立ちます。一般の y では {entry.any_y}",
    )
    return {"assumption": words, "error_without": without}


def _found_again(remark: Remark, here: Sequence[Point], anywhere: Sequence[Point]) -> bool:
    return (
        all(farthest([each], here) <= EQUALITY_TOLERANCE for each in remark.agree)
        and all(EQUALITY_TOLERANCE < farthest([each], here) < math.inf for each in remark.differ)
        and all(farthest([each], anywhere) == math.inf for each in remark.unfit)
    )
