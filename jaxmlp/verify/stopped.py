"""A file that stopped with an error of its own, and the expression that is the suspect."""

import ast
import builtins
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

from jaxmlp.verify.ending import BY_SIZES, crashed
from jaxmlp.verify.finding import Line, Place, Words
from jaxmlp.verify.judge import suspects
from jaxmlp.verify.judge.places import in_cell, placed
from jaxmlp.verify.kinds import LOOP
from jaxmlp.verify.names import TRAINS, called_name, names_used, updates
from jaxmlp.verify.ran import RanStep, extent, multiplies, not_run, runs
from jaxmlp.verify.reading import code_cells, statements_of
from jaxmlp.verify.run.outcome import BudgetSpent, Crashed, Died, TimedOut, Unfinished
from jaxmlp.verify.run.recording import Recording

Recordings = Sequence[Sequence[Recording]]
RaisedError = tuple[str, int, str]  # its kind, the line, its text
Again = Callable[[Sequence[str]], tuple[Recordings, Sequence[RaisedError]]]  # to run other cells
Judge = Callable[[Sequence[str], Recordings], list[RanStep]]
SUSPECT_SECONDS = 8.0  # for what could stand in the place of a suspect
STOPPED = Words("stops here", "ここで停止")


def suspect(
    cells: Sequence[str], begins: Sequence[int], stopped: RaisedError, again: Again, judge: Judge
) -> RanStep | None:
    """A step that stopped, with the expression that is the suspect.

    Where data are stand-ins, it may be their shapes that do not fit: only what is right counts.
    """
    fits = None
    for edit, steps, guessed in _edited(cells, begins, stopped, again, judge):
        if all(step.right for step in steps):
            return _stopped(steps[0], cells, begins, stopped, edit, right=True)
        fits = fits or (not guessed and (steps[0], edit))
    return _stopped(fits[0], cells, begins, stopped, fits[1], right=False) if fits else None


def _edited(
    cells: Sequence[str], begins: Sequence[int], stopped: RaisedError, again: Again, judge: Judge
) -> Iterator[tuple[suspects.Edit, list[RanStep], bool]]:
    """The changes with which it does not stop: the steps then, and whether shapes are guessed."""
    until = time.monotonic() + SUSPECT_SECONDS
    for edit in suspects.edits(statements_of(cells), *stopped[:2]):
        if time.monotonic() > until:
            return
        changed = code_cells(suspects.edited("\n".join(cells), edit).split("\n"), begins)
        try:
            recordings, errors = again(changed)
        except (Crashed, Died, TimedOut, Unfinished, BudgetSpent):
            return
        mine = [worlds for worlds in recordings if runs(worlds)]
        if suspects.suspect_error(errors) or not mine:
            continue
        guessed = edit.why != suspects.DIVISION_BY_ZERO and any(
            r.guessed for worlds in mine for r in worlds
        )
        if steps := [step for step in judge(changed, recordings) if step.checks]:
            yield edit, steps, guessed


def _stopped(
    step: RanStep, cells: Sequence[str], begins: Sequence[int], stopped: RaisedError,
    edit: suspects.Edit, *, right: bool,
) -> RanStep:  # fmt: skip
    kind, line, said = stopped
    lines = "\n".join(cells).split("\n")
    why = f"{kind}: {said} (line {line})"
    check = crashed(step.checks[0].name, "update", step.line or None, why)
    place = placed(edit.span, lines, begins)
    shown = _lines_of(place, line, lines, begins)
    notes = (suspects.note(edit, right=right),)
    return replace(step, checks=(replace(check, diagnosis=notes, place=place, lines=shown),))


def loop_crashed(
    cells: Sequence[str], errors: Sequence[RaisedError], guessed: bool
) -> list[RanStep]:
    """The first loop with a product in it that stopped with an error of its own, or in a call.

    Args:
        guessed: whether there are stand-ins, whose shapes may be to blame.
    """
    nodes = [n for statement in statements_of(cells) for n in ast.walk(statement)]
    working = {n.name for n in nodes if isinstance(n, ast.FunctionDef) and _works(n)}
    training = set() if guessed else {name for name in _functions(nodes) if TRAINS.search(name)}
    loops = [n for n in nodes if isinstance(n, ast.For | ast.While)]
    loops = [n for n in loops if _works(n) or (working & names_used([n], {}) and updates(n))
             or training & _calls(n)]  # fmt: skip
    if any(kind == "SystemExit" and not any(line in extent(n) for n in loops)
           for kind, line, _ in errors):  # fmt: skip
        return []  # it has ended by itself
    for kind, line, why in errors:
        inside = _functions(n for n in nodes if isinstance(n, ast.stmt) and line in extent(n))
        around = [n for n in loops if line in extent(n)]
        if not around:
            around = [n for n in loops if inside & (names_used([n], {}) | _calls(n))]
        of_stand_ins = {kind, errors[0][0]} & {*BY_SIZES, "AssertionError"} or "Unknown" in why
        if around and guessed and of_stand_ins:
            return [not_run(f"{kind}: {why} (line {line})", line=around[-1].lineno)]
        if around and kind in vars(builtins):
            check = crashed(LOOP, "update", around[-1].lineno, f"{kind}: {why} (line {line})")
            return [RanStep(around[-1].lineno, frozenset(extent(around[-1])), (check,))]
    return []


def _functions(nodes: Iterable[ast.AST]) -> set[str]:
    return {n.name for n in nodes if isinstance(n, ast.FunctionDef)}


def _calls(node: ast.AST) -> set[str]:
    """The names of the functions and methods that are called in it."""
    return {called_name(n) for n in ast.walk(node) if isinstance(n, ast.Call)}


def _works(node: ast.AST) -> bool:
    """Whether there is a product in it."""
    return any(map(multiplies, ast.walk(node)))


def _lines_of(
    place: Place, line: int, lines: Sequence[str], cells: Sequence[int]
) -> tuple[Line, ...]:
    """The line of a suspect, and the one where the program stopped."""
    cell, number = in_cell(line, cells)
    here = Line(number, lines[line - 1], cell, STOPPED, (), "wrong")
    if (place.cell, place.line) == (cell, number):
        return (here,)
    begin = place.line + (cells[place.cell - 1] - 1 if place.cell else 0)
    suspect = Line(place.line, lines[begin - 1], place.cell, None, (), "wrong")
    return tuple(sorted((suspect, here), key=lambda judged: (judged.cell or 0, judged.number)))
