"""Which verdicts count, where names and running tell of the same thing, and where it is unsure."""

import ast
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace

from jaxmlp.verify.finding import FROM_WRONG, Check, Note, Words, by_function
from jaxmlp.verify.kinds import BACKWARD, LOOP, STILL, unwritten
from jaxmlp.verify.names import DELTA_ROLE, ROLE, called_name, names_used, plain_name, stores
from jaxmlp.verify.overlooked import idle_loops
from jaxmlp.verify.passes import OF_FORWARD
from jaxmlp.verify.pieces import STAGE
from jaxmlp.verify.ran import BACK_STAGES, RanStep, extent
from jaxmlp.verify.run.hooked import bound
from jaxmlp.verify.run.program import NO_NAME
from jaxmlp.verify.slips import of_output, wants_output
from jaxmlp.verify.source import Source, unused

SUM_CALLS = ("sum", "mean", "average", "fsum")


def merged(
    checks: Sequence[Check], judged: Sequence[RanStep], source: Source, declared: Collection[str]
) -> tuple[tuple[Check, ...], list[RanStep]]:
    """The checks by names and those of the steps, one verdict on each thing; the steps that count.

    What a step has run and judged is told there, with its place.

    Args:
        declared: HIDDEN, OUTPUT and the like, those that somebody has given.
    """
    groups = [[_as_summed(c, source, declared) for c in g] for g in by_function(checks)]
    for step in judged:
        gone = [g for g in groups if covers(step, g, source) and _is_told(g, step)]
        gone += [g for g in groups if any(check.name == g[0].name != LOOP for check in step.checks)]
        groups = [[_as_used(c, step, source, declared) for c in g] for g in groups if g not in gone]
    wrong = [g for g in groups if any(check.verdict == "wrong" for check in g)]
    small = {g[0].line for g in groups if g[0].stage in STAGE.values()}
    known = [replace(one, notes=()) if one.line in small and not one.checks else one
             for one in judged]  # fmt: skip
    counted = [_following(step, wrong, source) for step in known]
    everything = [*(c for g in groups for c in g), *(c for step in counted for c in step.checks)]
    everything += [c for step in judged for c in step.evaluation]
    return tuple(sorted(everything, key=lambda check: check.line or 0)), counted


def _is_told(group: Sequence[Check], step: RanStep) -> bool:
    """Whether a step tells of a part of the exercise that it has run, or that stopped on ours."""
    if any(check.verdict in ("unfinished", "timeout", "imprecise") for check in group):
        return False
    stopped = all(check.verdict == "crashed" for check in group)
    back = any(check.stage in BACK_STAGES for check in group)
    wrong = not _right(group)
    return (back and wrong and step.whole) or (stopped and bool(step.checks))


def _following(step: RanStep, wrong: Sequence[Sequence[Check]], source: Source) -> RanStep:
    """A step in which what is wrong in a function, and told there, is not told again."""

    def told(check: Check) -> Check:
        for group in wrong:
            function = source.functions.get(group[0].name)
            inside = function and check.place and check.place.line in extent(function)
            if check.verdict == "wrong" and inside and group[0].name != check.name:
                return replace(check, verdict="right", diagnosis=(), remarks=(_follows(group[0]),))
        return check

    return replace(step, checks=tuple(map(told, step.checks)))


def _follows(check: Check) -> Note:
    name = check.name
    return Note("follows", Words(
        f"right, but for what is wrong in {name}",
        f"{name} の誤りのほかは正しいです"))  # fmt: skip


def _right(group: Sequence[Check]) -> bool:
    return all(check.verdict == "right" for check in group)


def covers(step: RanStep, group: Sequence[Check], source: Source) -> bool:
    """Whether a step has run the function that a group of checks is about."""
    return bool(_lines(group[0], source) & step.lines)


def _lines(check: Check, source: Source) -> set[int]:
    """Those of the function that a check is about; none where it is about none."""
    function = source.functions.get(check.name)
    return set() if function is None else extent(function)


def _has_right_slopes(step: RanStep) -> bool:
    """Whether all that is wrong in a step has a cause, and none is a slope."""
    ids = {note.id for check in step.checks for note in check.diagnosis}
    return step.whole and not any(id.startswith(("slope", "unrecognised")) for id in ids)


def _as_used(check: Check, step: RanStep, source: Source, declared: Collection[str]) -> Check:
    """What is right where a right step calls it: a derivative of f(u), not of u; a leaky ReLU, or
    another f than its name says, which is told all the same. A loss that gives one number for each
    output is right, too; in any step so is one that gives a known E of its outputs, times a
    number."""
    right = bool(step.checks) and _right(step.checks)
    ids = {note.id for note in check.diagnosis}
    is_error = check.stage == "loss" and bool(step.error_lines & _lines(check, source))
    if (right and _is_each(check, declared)) or (is_error and not declared):
        return _as_remark(check)
    if check.verdict != "wrong" or not covers(step, [check], source):
        return check
    given_outputs = check.stage == "derivative" and check.name in step.of_outputs
    if given_outputs and (inside := _inside(check, step, source)):
        return Check(check.name, check.stage, "wrong", check.line,
                     diagnosis=inside.diagnosis, place=inside.place)  # fmt: skip
    if given_outputs or (check.stage == "derivative" and (right or _has_right_slopes(step))):
        return of_output(check)
    another = ids in ({"relu-leaky"}, {"of-another"}) and (right or _has_right_slopes(step))
    if not declared and (another or (right and check.stage == "dE")):
        return _as_remark(check)
    return check


def _inside(check: Check, step: RanStep, source: Source) -> Check | None:
    """What is wrong in a step at a place in the function that a check is about."""
    lines = extent(source.functions[check.name])
    return next((fault for fault in step.checks if fault.verdict == "wrong"
                 and fault.place and fault.place.line in lines), None)  # fmt: skip


def _as_remark(check: Check) -> Check:
    """Right, what was diagnosed being told all the same."""
    return replace(check, verdict="right", diagnosis=(), remarks=check.diagnosis)


def _is_each(check: Check, declared: Collection[str]) -> bool:
    """Whether a loss is wrong only in that it gives one number for each output."""
    ids = {note.id for note in check.diagnosis}
    each = "sum-missing" in ids and ids <= {"sum-missing", "times-half"}
    return check.stage == "loss" and each and not declared


def _as_summed(check: Check, source: Source, declared: Collection[str]) -> Check:
    """Right, where it gives one number for each output, and the file takes their sum or mean."""
    summed = _is_each(check, declared) and _is_summed(check, source)
    return _as_remark(check) if summed else check


def _is_summed(check: Check, source: Source) -> bool:
    """Whether a file takes the sum or the mean of what a function gives: mean(mse(g, y)), or
    total += mse(g, y)."""
    nodes = [*ast.walk(source.module)]
    sums = [n for n in nodes if isinstance(n, ast.Call) and called_name(n) in SUM_CALLS]
    added = [n.value for n in nodes if isinstance(n, ast.AugAssign) and isinstance(n.op, ast.Add)]
    inside = (n for s in sums for arg in s.args for n in ast.walk(arg))
    return any(isinstance(n, ast.Call) and called_name(n) == check.name for n in (*inside, *added))


def sure(
    checks: Sequence[Check], steps: Sequence[RanStep], counted: Sequence[RanStep], source: Source,
    *, sure_of_forward: bool,
) -> tuple[list[Check], list[Check]]:  # fmt: skip
    """The checks, with what is not there yet; and apart from them what may be something else.

    Args:
        sure_of_forward: whether what is called a forward pass is one: somebody has given a network.
    """
    excused = [_excused(check, checks, source) for check in checks]
    judged = [step for step in counted if step.checks]  # each has an E of its own

    def of_targets(check: Check) -> bool:
        apart = _has_stopped(check, "crash-of-sizes") or _is_cut_out(check, source)
        return bool(judged) and check.stage == "loss" and apart

    ours = lambda c: of_targets(c) or _of_another_call(c) or _is_cut_out(c, source)  # noqa: E731
    left, unsure = _apart([*excused, *_missing(source, checks, steps)], ours)
    unsure = [check for check in unsure if not of_targets(check)]
    if not sure_of_forward:
        left, forward = _apart(left, _of_another_forward)
        unsure += [] if judged else forward
        if judged and all(_right(step.checks) for step in judged):
            left, others = _apart(left, _of_another_value)
            unsure += others
    return left, unsure


def _apart(
    checks: Sequence[Check], another: Callable[[Check], bool]
) -> tuple[list[Check], list[Check]]:
    """The checks; and apart from them, one each, functions that are others than their names say."""
    groups = by_function(checks)
    unsure = [some for some in groups if all(map(another, some))]
    left = [check for some in groups if some not in unsure for check in some]
    return left, [some[0] for some in unsure]


def _of_another_call(check: Check) -> bool:
    """Whether a small function has stopped since it was called otherwise than it asks for."""
    return check.stage in STAGE.values() and _has_stopped(check, "crash-of-call")


def _has_stopped(check: Check, *ways: str) -> bool:
    """Whether a function has stopped in one of these ways: at arrays that it may not be meant for,
    say, or since it asks for others."""
    return check.verdict == "crashed" and not {n.id for n in check.remarks}.isdisjoint(ways)


def _is_cut_out(check: Check, source: Source) -> bool:
    """Whether a function has stopped for want of what the file makes when it runs, an object say:
    it was called apart from that."""
    lacked = [m[1] for note in check.remarks if (m := NO_NAME.search(note.text.en))]
    alone = check.verdict == "crashed" and check.name in source.functions
    return alone and bool(bound(source.module.body).intersection(lacked))


def _of_another_value(check: Check) -> bool:
    """Whether a small function is wrong by nothing that is known: a softmax that gives labels."""
    unknown = {note.id for note in check.diagnosis} == {"unrecognised"}
    return check.stage == "value" and check.verdict == "wrong" and unknown


def _of_another_forward(check: Check) -> bool:
    """Whether it is wrong by nothing that is known; or right, if what is before it was.

    What is called a forward pass may give labels, or another value first: that is no mistake.
    """
    ids = {note.id for note in check.diagnosis}
    follows = check.verdict == "right" and FROM_WRONG in {n.id for n in check.remarks}
    stopped = _has_stopped(check, "crash-of-sizes", "crash-of-call")
    wrong = follows or stopped or (check.verdict == "wrong" and ids == {"unrecognised"})
    return check.stage in OF_FORWARD and wrong


def _missing(source: Source, checks: Sequence[Check], steps: Sequence[RanStep]) -> list[Check]:
    """A training loop that is there and updates nothing yet, or V alone."""
    mine = {check.stage: check.line for check in checks if check.name == LOOP}
    if not steps and not mine:
        return [unwritten(LOOP, "update", line) for line in idle_loops(source.module)[:1]]
    names = [plain_name(name) for name in stores(source.module)]
    begun = any(DELTA_ROLE.get(name) == "delta1" for name in names)
    begun |= any(BACKWARD.search(plain_name(name)) for name in unused(source))
    two = {"W", "V"} <= {ROLE.get(name) for name in names}  # a single matrix is V
    if "dV" in mine and "dW" not in mine and begun and two:
        return [unwritten(LOOP, "dW", mine["dV"], STILL)]
    return []


def _excused(check: Check, checks: Sequence[Check], source: Source) -> Check:
    """x(1 − x) for f' of the sigmoid is right where the step that calls it, with f(x), is.

    Where something calls it, and no step is judged, it gets the benefit of the doubt; and where
    nothing does, and there are steps which do without.
    """
    if not wants_output(check):
        return check
    steps = [c for c in checks if c.name == LOOP or c.stage in ("dW", "dV", "delta1")]
    callers = [source.functions[c.name] for c in steps if c.name in source.functions]
    used = check.name in names_used(callers if steps else [source.module], source.functions)
    spare = steps and check.name in unused(source)
    return of_output(check) if (used or spare) and _right(steps) else check
