"""The verdict on each stage, in the order of the derivation, as a fair teacher would give it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from jaxmlp.verify.derivation import MADE_OF, SYMBOL
from jaxmlp.verify.diagnose import (
    Explanation,
    differs,
    explanations,
    mask,
    notes,
    reproduces,
    same,
    tolerance,
    unrecognised,
    where_wrong,
    worst_entry,
)
from jaxmlp.verify.finding import FROM_WRONG, Check, Note, Words
from jaxmlp.verify.program import Mistake, Quantities

STAGES = ("u", "z", "slope", "a", "g", "delta2", "dV", "delta1", "dW")
STAGE_SYMBOLS = {"u": "u", "fu": "z", "z": "z", "a": "a", "g": "g", "V_tilde": "δ1", **SYMBOL}
STAGE_SYMBOLS |= {"slope": "f'(u)"}
NOISE = 1e-3  # a relative error above this is no rounding
Claims = Mapping[str, np.ndarray]  # by stage, the points along the first axis
# By stage that is wrong: the explanations, or else the wrong stage that it was fed.
Blamed = dict[str, tuple[list[Explanation], str | None]]


def judge_stages(
    name: str, right: Quantities, claims: Claims, catalogue: Sequence[Mistake],
    nearby: Callable[[], tuple[Quantities, Claims]] | None = None, stages: Sequence[str] = STAGES,
    most: int = 2,
) -> tuple[Check, ...]:  # fmt: skip
    """A check for each stage claimed.

    Args:
        right: the right derivation at the points.
        claims: by stage, what was claimed, the points along the first axis.
        catalogue: the mistakes to look for.
        nearby: the right derivation and the claims at points a rounding error away.
        stages: their order.
        most: how many mistakes are tried together.
    """
    claims = {s: claims[s] for s in stages if s in claims}
    fitting = {s: claim for s, claim in claims.items() if claim.shape == getattr(right, s).shape}
    blamed = _blame(right, claims, catalogue, most)
    checks = []
    for stage, claim in claims.items():
        explained, fed_by = blamed.get(stage, ((), None))
        check = _judged(name, stage, getattr(right, stage), claim, explained, fed_by, right)
        checks.append(check)
    if nearby and any(_unexplained(check) for check in checks):
        lost = noisy(right, fitting, *nearby())
        checks = [imprecise(c) if _unexplained(c) and c.stage in lost else c for c in checks]
    return tuple(checks)


def _blame(right: Quantities, claims: Claims, catalogue: Sequence[Mistake], most: int) -> Blamed:
    """What is to blame for each stage that is wrong."""
    wrong = [
        s for s, claim in claims.items() if not same(claim, getattr(right, s), tolerance(claim))
    ]
    if not wrong:
        return {}
    together = explanations(right, claims, catalogue, most=most)
    if together:
        return _shared_out(right, wrong, together)
    return _one_by_one(right, claims, wrong, catalogue, most)


def _shared_out(right: Quantities, wrong: Sequence[str], together: Sequence[Explanation]) -> Blamed:
    """Each mistake of a common explanation is blamed on the first stage that it spoils.

    One in the factor that ∂E/∂V and ∂E/∂W have in common is made in both.
    """
    blamed: Blamed = {}
    first: dict[tuple[int, Mistake], str] = {}
    for stage in wrong:
        before = right.program.before(stage)
        mine = []
        for number, made in enumerate(together):
            spoiling = [m for m in made if m.step in before]
            own = (m for m in spoiling if first.setdefault((number, m), stage) == stage
                   or m.step == "share")  # fmt: skip
            mine.append(tuple(own))
        mine = [made for made in dict.fromkeys(mine) if made]
        step = next((m.step for m in together[0] if m.step in before), stage)
        blamed[stage] = (mine, None if mine else _feeder(right, stage, wrong) or step)
    return blamed


def _feeder(right: Quantities, stage: str, wrong: Sequence[str]) -> str | None:
    """The nearest stage before it that was claimed, and wrongly; ∂E/∂V feeds nothing."""
    before = right.program.before(stage) - {"dV", stage}
    return next((s for s in reversed(wrong) if s in before), None)


def _one_by_one(
    right: Quantities, claims: Claims, wrong: Sequence[str], catalogue: Sequence[Mistake], most: int
) -> Blamed:
    """Each stage by itself, from what was claimed before it."""
    blamed: Blamed = {}
    implied: dict[str, np.ndarray] = {}
    context = right
    innocent = _innocent(right, [s for s in claims if s not in wrong], catalogue)
    for stage, claim in claims.items():
        if stage in wrong:
            if blamed and same(claim, getattr(context, stage), tolerance(claim)):
                fed = _feeder(right, stage, wrong) or ("delta2" if implied else wrong[0])
                blamed[stage] = ([], fed)
            else:
                possible = [m for m in catalogue if m.step == stage or m not in innocent]
                explained = explanations(context, {stage: claim}, possible, most=most)
                explained = explained or explanations(right, {stage: claim}, possible, most=most)
                blamed[stage] = (explained, None)
                context = context.having(*(m for m in (explained or [()])[0] if m.step != stage))
                implied |= _implied(context, stage, claim, claims)
                context = context.given(**implied)
        if claim.shape == getattr(right, stage).shape:
            context = context.given(**{stage: claim})
    return blamed


def _innocent(
    right: Quantities, stages: Sequence[str], catalogue: Sequence[Mistake]
) -> set[Mistake]:
    """The mistakes that were not made: they would have spoiled one of these stages, all right."""
    with np.errstate(all="ignore"):
        return {
            mistake
            for mistake in catalogue
            if any(
                mistake.step in right.program.before(stage)
                and not reproduces(right.having(mistake), {stage: getattr(right, stage)})
                for stage in stages
            )
        }


def _implied(context: Quantities, stage: str, claim: np.ndarray, claims: Claims) -> Claims:
    """The delta behind a wrong ∂E/∂V or ∂E/∂W of one sample, if it is delta times its input."""
    delta, fed = MADE_OF.get(stage, (None, None))
    if delta is None or delta in claims or not context.bias or context.x.shape[1] != 1:
        return {}
    if claim.shape != getattr(context, stage).shape:
        return {}
    value = claim[..., 0][:, None, :]
    outer = value.mT @ getattr(context, fed)
    return {delta: value} if same(claim, outer, tolerance(claim)) else {}


def _judged(
    name: str, stage: str, true: np.ndarray, claim: np.ndarray, explained: Sequence[Explanation],
    fed_by: str | None, right: Quantities,
) -> Check:  # fmt: skip
    if not explained and fed_by is None and same(claim, true, tolerance(claim)):
        return Check(name, stage, "right", relative_error=_error(claim, true))
    check = _measured(Check(name, stage, "wrong"), stage, claim, true, right)
    symbol = STAGE_SYMBOLS.get(fed_by, fed_by)
    if fed_by and not _says_something(claim):
        return replace(check, verdict="unfinished", remarks=(_says_nothing(symbol),))
    if fed_by:
        words = Words(
            f"right, from a wrong {symbol}", f"{symbol} は誤りですが、ここから先の計算は正しいです"
        )
        return replace(check, verdict="right", remarks=(Note(FROM_WRONG, words),))
    if explained:
        return replace(check, diagnosis=notes(explained))
    return replace(check, diagnosis=(unrecognised(claim, true),))


def _says_something(claim: np.ndarray) -> bool:
    """Whether it is computed at all: 0 and NaN follow from any 0 and NaN."""
    return bool((np.isfinite(claim) & (claim != 0)).any())


def _says_nothing(symbol: str) -> Note:
    return Note("says-nothing", Words(
        f"gives nothing but 0, NaN or infinity, and {symbol} is wrong: this step cannot be judged",
        f"0、NaN、無限大のいずれかしか返さず、{symbol} も誤りなので、判定できません"))  # fmt: skip


def _measured(
    check: Check, stage: str, claim: np.ndarray, true: np.ndarray, right: Quantities
) -> Check:
    """How far off it is, and where; for a wrong shape, the shapes."""
    if claim.ndim == true.ndim == 3 and stage not in ("dV", "dW") and true.shape[1] == 1:
        claim, true = claim[:, 0], true[:, 0]  # a vector, of one sample
    shapes: dict[str, Any] = {"expected_shape": true.shape[1:], "got_shape": claim.shape[1:]}
    if claim.shape != true.shape:
        return replace(check, **shapes)
    if true.ndim == 1:  # a number has no place
        error, entry = worst_entry(claim, true)
        return replace(check, relative_error=error, worst=entry)
    check = replace(check, **shapes)
    off = differs(claim, true, tolerance(claim))
    error, entry = worst_entry(claim, true)
    bias = stage in ("dV", "dW") and bool(right.bias)
    words = where_wrong(off, bias=bias) if off.ndim == 3 and off.shape[1] > 1 else None
    return replace(check, relative_error=error, worst=entry, wrong=mask(off), where=words)


def _error(claim: np.ndarray, true: np.ndarray) -> float | None:
    return worst_entry(claim, true)[0] if claim.shape == true.shape and claim.size else None


def _unexplained(check: Check) -> bool:
    small = check.relative_error is not None and check.relative_error < NOISE
    return (
        check.verdict == "wrong" and small and all(n.id == "unrecognised" for n in check.diagnosis)
    )


def noisy(right: Quantities, claims: Claims, near: Quantities, near_claims: Claims) -> set[str]:
    """The stages whose error changes altogether from one point to the next: that is rounding."""
    unstable = set()
    for stage, claim in claims.items():
        error = claim - getattr(right, stage)
        change = near_claims[stage] - getattr(near, stage) - error
        if np.linalg.norm(change) > 0.03 * np.linalg.norm(error):
            unstable.add(stage)
    return unstable


def imprecise(check: Check) -> Check:
    """The check, its error being one of rounding and not of the formula."""
    words = Words(
        "The formula is right, but precision is lost on the way: are there float32 numbers in it?",
        "式は正しいのですが、途中で精度が失われています。float32 の数が混ざっていませんか。",
    )
    return replace(check, verdict="imprecise", diagnosis=(Note("low-precision", words),))
