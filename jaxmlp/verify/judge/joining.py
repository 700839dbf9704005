"""The stages of a step and its parameters as one list of checks: each mistake is told once."""

from collections.abc import Sequence
from dataclasses import replace

from jaxmlp.verify.finding import Check, Place
from jaxmlp.verify.judge.claims import DELTA_OF
from jaxmlp.verify.judge.staged import Stage, cost
from jaxmlp.verify.judge.told import FOLLOWS, Telling

UNEVEN = frozenset(("other-factor", "no-step-size", "made-again"))
# Causes at the place of the mistake that say more than any formula that gives the same.
NEARER = frozenset(("error-for-derivative", "bias-summed-over-units", "updated-V"))


def joined_checks(
    stages: Sequence[Stage], by_param: Sequence[Check], telling: Telling
) -> tuple[Check, ...]:
    """The stages, with what is known of their parameters: where it is wrong, and what else is.

    Args:
        by_param: the checks of ∂E/∂(each parameter).
    """
    made = _placed(stages, by_param, telling)
    staged = {telling.stage(p) for stage in stages for p in stage.params}
    rest = {check.stage: check for check in by_param
            if check.stage not in staged and check not in made}.values()  # fmt: skip
    if any(note.id == "never-moves" for judged in rest for note in judged.diagnosis):
        made = [judged for judged in made if judged.verdict != "unfinished"]
    first = by_param[0]
    made[0] = replace(made[0], remarks=(*telling.compared_with, *made[0].remarks))
    return (*(replace(judged, line=first.line) for judged in made), *rest)


def _placed(stages: Sequence[Stage], by_param: Sequence[Check], telling: Telling) -> list[Check]:
    """The stages where their parameters are wrong; what follows from one that is told is right."""
    known = {check.stage: check for check in by_param}
    placed = [check for check in by_param if check.verdict == "wrong" and check.place]
    uneven = [check for check in placed if _is_uneven(check)]
    left = [check for check in placed if check not in uneven]
    wrong = any(one.check.verdict == "wrong" for one in stages)
    all_told = wrong and cost(stages)[0] == 0
    made: list[Check] = []
    used: list[Check] = []
    for params, check, node in stages:
        of_one = bool(params) and check.stage == f"∂E/∂{params[0]}"
        if of_one:
            check = replace(check, stage=telling.stage(params[0]))
        mine = [known[s] for s in map(telling.stage, params) if s in known]
        follows = not left and any(FOLLOWS in one.remarks for one in mine)
        if check.verdict == "wrong" and (follows or any(one in used for one in mine)):
            check = replace(check, verdict="right", diagnosis=(), remarks=(FOLLOWS,))
        elif check.verdict == "wrong":
            other = next((one for one in left if one in mine), next(iter(left), None))
            used += [other] if other else []
            left = [one for one in left if one is not other]
            check = _with_place(check, other, telling.place(node) if node is not None else None)
        elif check.stage not in DELTA_OF.values():
            untold = uneven if all_told else [*left, *uneven]
            bad = [one for one in mine if one in untold or (one.verdict == "wrong" and not wrong)]
            if of_one and check.stage not in {one.stage for one in bad}:
                made += bad
            elif bad:
                check = replace(bad[0], stage=check.stage)
        made.append(check)
    return made + [check for check in left if _is_another(check, used)]


def _is_another(check: Check, told: Sequence[Check]) -> bool:
    """Whether a mistake is none of these: as behind the first one of a stage there may be."""
    return bool(told) and all(check.diagnosis != one.diagnosis for one in told)


def _is_uneven(check: Check) -> bool:
    """Whether a parameter's factor is not that of the others, which no stage by itself can show."""
    return bool(UNEVEN & {note.id for note in check.diagnosis})


def _with_place(check: Check, other: Check | None, own: Place | None) -> Check:
    """A wrong stage with the place of its parameter's, and the cause where none is known."""
    ids = {note.id for note in check.diagnosis}
    unknown = ids == {"unrecognised"}
    if other is None or (other.diagnosis[0].id == "uphill" and not unknown):
        return replace(check, place=own)
    others = {note.id for note in other.diagnosis}
    known = not unknown and not (NEARER & others and not NEARER & ids)
    diagnosis = check.diagnosis if known else other.diagnosis
    return replace(check, diagnosis=diagnosis, place=other.place or own)
