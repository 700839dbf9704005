"""What running a file tells of its training steps, beside what its names have told."""

from __future__ import annotations

import ast
import builtins
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, groupby

from jaxmlp.verify.ending import BY_SIZES, crashed
from jaxmlp.verify.finding import Check, Note, Words
from jaxmlp.verify.judge import claims, evaluation, steps, suspects, told
from jaxmlp.verify.kinds import LOOP
from jaxmlp.verify.names import BACK, called, names_used
from jaxmlp.verify.reading import of_cells
from jaxmlp.verify.run.graph import Graph
from jaxmlp.verify.run.network import multiplied
from jaxmlp.verify.run.outcome import Crashed, Died, OutOfTime, TimedOut, Unfinished
from jaxmlp.verify.run.recording import Recording, unpacked
from jaxmlp.verify.run.runner import Runner
from jaxmlp.verify.small import TAKES_OUTPUT
from jaxmlp.verify.source import Source

SECONDS = 8.0  # for what could stand in the place of a suspect
PRODUCTS = frozenset(("dot", "matmul", "outer", "einsum", "inner", "tensordot", "multi_dot"))
BACKWARD = frozenset(("delta2", "dV", "delta1", "dW", "derivation", "update"))


@dataclass(frozen=True)
class Step:
    """A training step or a call, judged by what it computes.

    Attributes:
        line: of the loop, function or class; 0 for the file itself.
        lines: all lines that it has run.
        checks: one a parameter; none where it could not be judged.
        notes: on what could not be judged.
        evaluation: what is wrong with the use of its parameters afterwards.
    """

    line: int
    lines: frozenset[int]
    checks: tuple[Check, ...] = ()
    notes: tuple[Note, ...] = ()
    evaluation: tuple[Check, ...] = ()

    @property
    def right(self) -> bool:
        """Whether all of it was judged, and is."""
        return self.whole and all(check.verdict == "right" for check in self.checks)

    @property
    def whole(self) -> bool:
        """Whether all of it was judged."""
        return bool(self.checks) and not self.notes


def worth_running(found: Source, checks: Sequence[Check], *, beside: bool) -> bool:
    """Whether something may be learned: there are products, and not all is settled by names.

    Args:
        beside: whether there are modules beside the file, where products may be.
    """
    backs = [one for one in checks if one.stage in BACKWARD]
    if any(one.verdict == "unfinished" for one in backs):
        return False
    settled = {one.name for one in backs} - {c.name for c in backs if c.verdict != "right"}
    inside = [n for n in found.module.body if getattr(n, "name", None) not in settled]
    nodes = [n for statement in inside for n in ast.walk(statement)]
    steps = any(isinstance(n, ast.For | ast.While | ast.ClassDef) for n in nodes)
    products = any(map(_multiplies, ast.walk(found.module)))
    told = {one.name for one in checks}
    back = any(isinstance(n, ast.FunctionDef) and BACK.search(n.name) and n.name not in told
               for n in nodes)  # fmt: skip
    return (steps or not settled) and (products or back or beside)


def _multiplies(node: ast.AST) -> bool:
    """Whether it is a product of matrices, or a step of numbers: w[k] = w[k] - 0.1 * d[k]."""
    if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Subscript | ast.Attribute):
        return isinstance(node.op, ast.Add | ast.Sub | ast.MatMult)
    if isinstance(node, ast.BinOp | ast.AugAssign):
        return isinstance(node.op, ast.MatMult)
    if isinstance(node, ast.Assign) and isinstance(node.value, ast.BinOp):
        sides = (node.value.left, node.value.right)
        same = {ast.unparse(one) for one in sides} & {ast.unparse(one) for one in node.targets}
        by = any(isinstance(n, ast.Mult) for one in sides for n in ast.walk(one))
        return bool(same) and by and isinstance(node.value.op, ast.Add | ast.Sub)
    return isinstance(node, ast.Call) and called(node) in PRODUCTS


def _works(node: ast.AST) -> bool:
    """Whether there is a product in it."""
    return any(map(_multiplies, ast.walk(node)))


def steps_of(
    cells: Sequence[str], runner: Runner, said: claims.Said, seed: int, *, notebook: bool
) -> list[Step]:
    """Run a file, and judge the steps that it makes."""
    begins = begins_of(cells) if notebook else []
    judge = lambda some, worlds: _judged_all(some, worlds, seed, said, begins)  # noqa: E731
    try:
        recordings, errors, farthest, guessed = _taped(cells, runner, seed)
    except (Crashed, Died, TimedOut, Unfinished, OutOfTime) as why:
        return [_not_run(str(why))]
    except Exception:  # what a file sends instead of a recording
        return [_not_run("expected a recording, got something else")]
    again = lambda some: _taped(some, runner, seed, farthest or None)[:2]  # noqa: E731
    found = judge(cells, [one for one in recordings if _runs(one)])
    if any(step.checks for step in found):
        return found
    stopped = suspects.error(errors)
    if stopped and (suspect := _suspect(cells, begins, stopped, again, judge)):
        return [suspect]
    crash = _crashed(cells, errors, guessed)
    if stopped and crash:
        return crash
    whole = [
        [one for one in worlds if _goes_back(one)] for worlds in recordings if not _runs(worlds)
    ]
    return found or judge(cells, whole) or crash


def begins_of(cells: Sequence[str]) -> list[int]:
    """The first line of each cell."""
    return list(accumulate((cell.count("\n") + 1 for cell in cells[:-1]), initial=1))


def _runs(worlds: Sequence[Recording]) -> bool:
    """Whether these are of a step or a function that came to its end."""
    return any(one.moves or one.name for one in worlds)


def _taped(
    cells: Sequence[str], runner: Runner, seed: int, given: dict | None = None
) -> tuple[list, list, dict, bool]:
    """A file's recordings, what stopped it, with which shapes, and whether these are guesses."""
    answer = runner.record(cells, seed=seed, given=given)
    recordings = [[unpacked(one) for one in worlds] for worlds in answer["recordings"]]
    errors = [(str(kind), int(line), str(text)) for kind, line, text in answer["errors"]]
    return recordings, errors, dict(answer["farthest"]), bool(answer["guessed"])


def _judged_all(
    cells: Sequence[str], recordings: Sequence[Sequence[Recording]], seed: int, said: claims.Said,
    begins: Sequence[int],
) -> list[Step]:  # fmt: skip
    lines = "\n".join(cells).split("\n")
    found = [_judged(alike, seed, said, lines, begins)
             for worlds in recordings for alike in _alike(worlds)]  # fmt: skip
    return [step for step in found if step.checks or step.notes]


def _suspect(
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
        mine = [worlds for worlds in recordings if _runs(worlds)]
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


def _crashed(
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
        inside = {n.name for n in nodes if isinstance(n, ast.FunctionDef) and line in _extent(n)}
        around = [n for n in loops if line in _extent(n)]
        around += [] if around else [n for n in loops if inside & names_used([n], {})]
        of_stand_ins = {kind, errors[0][0]} & {*BY_SIZES, "AssertionError"} or "Unknown" in why
        if around and guessed and of_stand_ins:
            return [_not_run(f"{kind}: {why} (line {line})", around[-1].lineno)]
        if around and kind in vars(builtins):
            check = crashed(LOOP, "update", around[-1].lineno, f"{kind}: {why} (line {line})")
            return [Step(around[-1].lineno, frozenset(_extent(around[-1])), (check,))]
    return []


def _not_run(why: str, line: int = 0) -> Step:
    words = Words(f"the file could not be run: {why}", f"ファイルを実行できませんでした: {why}")
    return Step(line, frozenset(), notes=(Note("not-judged", words),))


def _judged(
    alike: Sequence[Recording],
    seed: int,
    said: claims.Said,
    lines: Sequence[str],
    begins: Sequence[int],
) -> Step:
    """One step, of which there are recordings with different shapes of what is missing."""
    first = alike[0]
    run = frozenset((*first.lines, *(n.span.line for n in first.nodes.values())))
    name = first.name or LOOP
    try:
        found, by_stage = _found(alike, seed, said, name)
        exact = name in said.exercise
        telling = told.Telling(found, lines, begins, exact=exact, reduction=said.reduction)
        told_of = {one.param.name for one in telling.misfits}
        loose = [result for result, node in found.loose
                 if result not in told_of and _like_weights(found, result, node)]  # fmt: skip
        notes = (told.loose(first.name, loose, first.line, begins),) if loose else ()
        if found.unseen:
            why = steps.Unjudged("unseen", ", ".join(found.unseen[: told.SEVERAL]))
            notes += (told.unjudged(first.name, first.line, why, begins),)
        checks = telling.checks()
        if by_stage:
            checks = claims.joined(by_stage, checks, telling)
        after = _evaluated(found, telling)
        return Step(first.line, run, telling.with_code(checks), notes, after)
    except steps.Unjudged as why:
        note = told.unjudged(first.name, first.line, why, begins)
        silent = len(first.moves) < 2 and (
            why.reason == "no-output" or not (first.moves or _goes_back(first))
        )
        return Step(first.line, run, notes=() if silent else (note,))
    except Exception as error:  # what was not foreseen is told of this step, and the rest goes on
        why = steps.Unjudged("failed", f"{type(error).__name__}: {error}"[:200])
        return Step(first.line, run, notes=(told.unjudged(first.name, first.line, why, begins),))


def _like_weights(found: steps.Judgement, name: str, node: int) -> bool:
    """Whether a result may be meant as a gradient: by its name, or by its shape."""
    nodes = found.world.recording.nodes
    shapes = [nodes[p.old].value.shape for p in found.world.params]
    return bool(BACK.search(name)) or nodes[node].value.shape in shapes


def _goes_back(one: Recording) -> bool:
    """Whether it is called a backward pass, or gives what has the shape of weights."""
    graph, leaves = Graph(one.nodes), [n for n in one.nodes.values() if n.op == "leaf"]
    weights = [n.value.shape for n in leaves if multiplied(one, graph, n.id)]
    made = [one.nodes[node] for _, node in one.values]
    alike = any(n.op != "leaf" and n.value.shape in weights for n in made)
    floats = [n.value.shape for n in leaves if n.value.dtype.kind == "f"]
    pair = [n.value.shape for n in made if n.op != "leaf"]
    loss = () in pair and any(shape and shape in floats for shape in pair)  # (E, ∂E/∂x)
    return one.goes_back or alike or bool(one.name and loss)


def _evaluated(found: steps.Judgement, telling: told.Telling) -> tuple[Check, ...]:
    """What is wrong with the use of the parameters afterwards, as far as that can be told."""
    try:
        return evaluation.checks(found, telling)
    except Exception:  # what was not foreseen spoils no verdict on the step
        return ()


def _found(
    alike: Sequence[Recording], seed: int, said: claims.Said, name: str
) -> tuple[steps.Judgement, list[claims.Stage] | None]:
    """What there is to say of a step, and of its stages where its network is a chain of layers."""
    try:
        found = steps.judged(alike, seed, said.error)
        return found, claims.stage_checks(found, name, said)
    except steps.Unjudged as why:
        if (by_mistakes := claims.explained(why.tried, name, said)) is None:
            raise
        return by_mistakes


def _alike(recordings: Sequence[Recording]) -> Iterator[list[Recording]]:
    """The recordings of one loop or function, with different shapes of what is missing."""
    key = lambda one: (one.line, one.name)  # noqa: E731
    for _, alike in groupby(sorted(recordings, key=key), key):
        yield list(alike)


def merged(
    checks: Sequence[Check], judged: Sequence[Step], found: Source, declared: Collection[str]
) -> tuple[tuple[Check, ...], list[Step]]:
    """The checks by names and those of the steps, one verdict on each thing; the steps that count.

    What a step has run and judged is told there, with its place.

    Args:
        declared: HIDDEN, OUTPUT and the like, those that somebody has given.
    """
    groups = [list(some) for _, some in groupby(checks, lambda one: (one.name, one.line))]
    for step in judged:
        gone = [g for g in groups if covers(step, g, found) and _is_told(g, step)]
        groups = [[_as_used(c, step, found, declared) for c in g] for g in groups if g not in gone]
    wrong = [g for g in groups if not _right(g)]
    counted = [_following(step, wrong, found) for step in judged]
    everything = [*(c for g in groups for c in g), *(c for step in counted for c in step.checks)]
    everything += [c for step in judged for c in step.evaluation]
    return tuple(sorted(everything, key=lambda one: one.line or 0)), counted


def _is_told(group: Sequence[Check], step: Step) -> bool:
    """Whether a step tells of a part of the exercise that it has run, or that stopped on ours."""
    if any(one.verdict in ("unfinished", "timeout", "imprecise") for one in group):
        return False
    stopped = all(one.verdict == "crashed" for one in group)
    back = any(one.stage in BACKWARD for one in group)
    wrong = not _right(group)
    return (back and wrong and step.whole) or (stopped and bool(step.checks))


def _following(step: Step, wrong: Sequence[Sequence[Check]], found: Source) -> Step:
    """A step in which what is wrong in a function, and told there, is not told again."""

    def told(check: Check) -> Check:
        for group in wrong:
            function = found.functions.get(group[0].name)
            inside = function and check.place and check.place.line in _extent(function)
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
    return all(one.verdict == "right" for one in group)


def covers(step: Step, group: Sequence[Check], found: Source) -> bool:
    """Whether a step has run the function that a group of checks is about."""
    function = found.functions.get(group[0].name)
    return function is not None and bool(_extent(function) & step.lines)


def _extent(node: ast.stmt) -> set[int]:
    return set(range(node.lineno, (node.end_lineno or node.lineno) + 1))


def _has_right_slopes(step: Step) -> bool:
    """Whether all that is wrong in a step has a cause, and none is a slope."""
    ids = {note.id for check in step.checks for note in check.diagnosis}
    return step.whole and not any(id.startswith(("slope", "unrecognised")) for id in ids)


def _as_used(check: Check, step: Step, found: Source, declared: Collection[str]) -> Check:
    """What is right where a right step calls it: a derivative of f(u), not of u; a leaky ReLU."""
    function = found.functions.get(check.name)
    used = function is not None and bool(_extent(function) & step.lines)
    right = bool(step.checks) and all(one.verdict == "right" for one in step.checks)
    if check.verdict != "wrong" or not used or not (right or check.stage == "derivative"):
        return check
    if check.stage == "derivative" and (right or _has_right_slopes(step)):
        return Check(check.name, check.stage, "right", check.line, remarks=(TAKES_OUTPUT,))
    leaky = not declared and {note.id for note in check.diagnosis} == {"relu-leaky"}
    return (
        replace(check, verdict="right", diagnosis=(), remarks=check.diagnosis) if leaky else check
    )
