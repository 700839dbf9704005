"""A file that stopped with an error of its own, and the expression that is the suspect."""

from __future__ import annotations

import ast
import builtins
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from jaxmlp.verify.ending import BY_SIZES, crashed
from jaxmlp.verify.finding import Note
from jaxmlp.verify.judge import suspects, told
from jaxmlp.verify.kinds import LOOP
from jaxmlp.verify.names import names_used
from jaxmlp.verify.ran import Step, extent, multiplies, not_run, runs
from jaxmlp.verify.reading import of_cells
from jaxmlp.verify.run.outcome import Crashed, Died, OutOfTime, TimedOut, Unfinished

SECONDS = 8.0  # for what could stand in the place of a suspect


def suspect(
    cells: Sequence[str], begins: Sequence[int], stopped: tuple[str, int, str],
    again: Callable, judge: Callable,
) -> Step | None:  # fmt: skip
    """A step that stopped, with the expression that is the suspect.

    Where data are stand-ins, it may be their shapes that do not fit: only what is right counts.
    """
    text, fits, until = "\n".join(cells), None, time.monotonic() + SECONDS
    statements = [one for one in of_cells(list(cells)) if isinstance(one, ast.stmt)]
    for edit in suspects.edits(statements, *stopped[:2]):
        if time.monotonic() > until:
            break
        changed = _cells(suspects.edited(text, edit), begins)
        try:
            recordings, errors = again(changed)
        except (Crashed, Died, TimedOut, Unfinished, OutOfTime):
            break
        mine = [worlds for worlds in recordings if runs(worlds)]
        if suspects.error(errors) or not mine:
            continue
        guessed = edit.why != suspects.ZERO and any(r.guessed for worlds in mine for r in worlds)
        found = [step for step in judge(changed, recordings) if step.checks]
        if found and all(step.right for step in found):
            return _stopped(found[0], text, begins, stopped, suspects.note(edit, right=True), edit)
        fits = fits or (not guessed and found and (found[0], edit))
    if not fits:
        return None
    step, edit = fits
    why = suspects.note(edit, right=False)
    return _stopped(step, text, begins, stopped, why, edit)


def _cells(text: str, begins: Sequence[int]) -> list[str]:
    """A file's cells; one, where it is no notebook."""
    lines = text.split("\n")
    ends = [*(begin - 1 for begin in begins[1:]), len(lines)]
    return ["\n".join(lines[a:b]) for a, b in zip([0, *ends[:-1]], ends, strict=True)]


def _stopped(
    step: Step, text: str, begins: Sequence[int], stopped: tuple[str, int, str], why: Note,
    edit: suspects.Edit,
) -> Step:  # fmt: skip
    kind, line, said = stopped
    lines = text.split("\n")
    check = crashed(
        step.checks[0].name, "update", step.line or None, f"{kind}: {said} (line {line})"
    )
    place = told.placed(edit.span, lines, begins)
    shown = told.stopped(place, line, lines, begins)
    return replace(step, checks=(replace(check, diagnosis=(why,), place=place, lines=shown),))


def loop_crashed(
    cells: Sequence[str], errors: Sequence[tuple[str, int, str]], guessed: bool
) -> list[Step]:
    """The first loop with a product in it that stopped with an error of its own, or in a call.

    Args:
        guessed: whether there are stand-ins, whose shapes may be to blame.
    """
    statements = [one for one in of_cells(list(cells)) if isinstance(one, ast.stmt)]
    nodes = [n for one in statements for n in ast.walk(one)]
    working = {n.name for n in nodes if isinstance(n, ast.FunctionDef) and _works(n)}
    loops = [n for n in nodes if isinstance(n, ast.For | ast.While)]
    loops = [n for n in loops if _works(n) or working & names_used([n], {})]
    for kind, line, why in errors:
        inside = {n.name for n in nodes if isinstance(n, ast.FunctionDef) and line in extent(n)}
        around = [n for n in loops if line in extent(n)]
        around += [] if around else [n for n in loops if inside & names_used([n], {})]
        of_stand_ins = {kind, errors[0][0]} & {*BY_SIZES, "AssertionError"} or "Unknown" in why
        if around and guessed and of_stand_ins:
            return [not_run(f"{kind}: {why} (line {line})", around[-1].lineno)]
        if around and kind in vars(builtins):
            check = crashed(LOOP, "update", around[-1].lineno, f"{kind}: {why} (line {line})")
            return [Step(around[-1].lineno, frozenset(extent(around[-1])), (check,))]
    return []


def _works(node: ast.AST) -> bool:
    """Whether there is a product in it."""
    return any(map(multiplies, ast.walk(node)))
