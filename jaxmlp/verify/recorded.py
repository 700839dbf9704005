"""What running a file tells of its training steps, beside what its names have told."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, groupby
from typing import NamedTuple

from jaxmlp.verify.finding import Check, Note, Words
from jaxmlp.verify.judge import claims, steps, told
from jaxmlp.verify.names import called, words
from jaxmlp.verify.run.outcome import Crashed, Died, OutOfTime, TimedOut, Unfinished
from jaxmlp.verify.run.recording import Recording, unpacked
from jaxmlp.verify.run.runner import Runner
from jaxmlp.verify.small import TAKES_OUTPUT
from jaxmlp.verify.source import Source

PRODUCTS = frozenset(("dot", "matmul", "outer", "einsum", "inner", "tensordot", "multi_dot"))
BACKWARD = frozenset(("delta2", "dV", "delta1", "dW", "derivation", "update"))
FORWARD = frozenset(("u", "z", "a", "g", "slope"))
# What a diagnosis calls the f, g or E of another network.
OF_ANOTHER = words(
    "unrecognised other-f other-g wrong-loss slope-of-other slope-rule-of-sigmoid "
    "slope-rule-of-tanh f-missing output-missing output-slope-extra output-slope-missing"
)
FORGOTTEN = frozenset(("f-missing", "output-missing"))


class Said(NamedTuple):
    """The names of f, g and E, where somebody has said them."""

    hidden: str | None = None
    output: str | None = None
    error: str | None = None


@dataclass(frozen=True)
class Step:
    """A training step or a call, judged by what it computes.

    Attributes:
        line: of the loop, function or class; 0 for the file itself.
        lines: all lines that it has run.
        checks: one a parameter; none where it could not be judged.
        notes: on what could not be judged.
    """

    line: int
    lines: frozenset[int]
    checks: tuple[Check, ...] = ()
    notes: tuple[Note, ...] = ()

    @property
    def right(self) -> bool:
        """Whether all of it was judged, and is."""
        return self.whole and all(check.verdict == "right" for check in self.checks)

    @property
    def whole(self) -> bool:
        """Whether all of it was judged."""
        return bool(self.checks) and not self.notes


def worth_running(found: Source, checks: Sequence[Check]) -> bool:
    """Whether something may be learned: there are products, or loops, and not all is settled."""
    mine = [one for one in checks if one.stage in BACKWARD]
    if mine and all(one.verdict in ("right", "unfinished") for one in mine) and not found.deep:
        return False
    if any(one.verdict == "unfinished" for one in mine):
        return False
    return found.deep != [] or any(map(_multiplies, ast.walk(found.module)))


def _multiplies(node: ast.AST) -> bool:
    if isinstance(node, ast.BinOp | ast.AugAssign):
        moved = isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Subscript)
        return isinstance(node.op, ast.MatMult) or moved
    return isinstance(node, ast.Call) and called(node) in PRODUCTS


def steps_of(
    cells: Sequence[str], runner: Runner, said: Said, seed: int, *, notebook: bool
) -> list[Step]:
    """Run a file, and judge the steps that it makes."""
    lines = "\n".join(cells).split("\n")
    sizes = [cell.count("\n") + 1 for cell in cells]
    begins = list(accumulate(sizes[:-1], initial=1)) if notebook else []
    try:
        taped = runner.record(cells, seed=seed)["recordings"]
        recordings = [[unpacked(one) for one in worlds] for worlds in taped]
    except (Crashed, Died, TimedOut, Unfinished, OutOfTime) as why:
        return [_not_run(str(why))]
    except Exception:  # what a file sends instead of a recording
        return [_not_run("expected a recording, got something else")]
    found = []
    for worlds in recordings:
        for alike in _alike(worlds):
            step = _judged(alike, seed, said, lines, begins)
            found += [step] if step.checks or step.notes else []
    return found


def _not_run(why: str) -> Step:
    words = Words(f"the file could not be run: {why}", f"ファイルを実行できませんでした: {why}")
    return Step(0, frozenset(), notes=(Note("not-judged", words),))


def _judged(
    alike: Sequence[Recording], seed: int, said: Said, lines: Sequence[str], begins: Sequence[int]
) -> Step:
    """One step, of which there are recordings with different shapes of what is missing."""
    first = alike[0]
    run = frozenset(n.span.line for n in first.nodes.values())
    name = first.name or "training loop"
    try:
        found, by_stage = _found(alike, seed, said, name)
        notes = tuple(told.loose(first.name, name, first.line, begins) for name, _ in found.loose)
        checks = told.checks(found, lines, begins)
        if by_stage and checks:
            place = lambda node: told.placed(first.nodes[node].span, lines, begins)  # noqa: E731
            checks = claims.joined(by_stage, checks, place)
        return Step(first.line, run, checks, notes)
    except steps.Unjudged as why:
        note = told.unjudged(first.name, first.line, why, begins)
        return Step(first.line, run, notes=(note,) if why.reason != "no-output" else ())
    except Exception as error:  # what was not foreseen is told of this step, and the rest goes on
        why = steps.Unjudged("failed", f"{type(error).__name__}: {error}"[:200])
        return Step(first.line, run, notes=(told.unjudged(first.name, first.line, why, begins),))


def _found(
    alike: Sequence[Recording], seed: int, said: Said, name: str
) -> tuple[steps.Judgement, list[claims.Stage] | None]:
    """What there is to say of a step, and of its stages where its network is a chain of layers."""
    try:
        found = steps.judged(alike, seed, said.error)
        return found, claims.stage_checks(found, name, said.hidden, said.output)
    except steps.Unjudged as why:
        if (by_mistakes := claims.explained(why.tried, name, said.hidden, said.output)) is None:
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

    A right step of a network that nobody has declared is right, whatever the lecture's would be;
    what is known to be wrong keeps its diagnosis, and gets its place.

    Args:
        declared: HIDDEN, OUTPUT and the like, those that somebody has given.
    """
    groups = [list(some) for _, some in groupby(checks, lambda one: (one.name, one.line))]
    counted: list[Step] = []
    for step in judged:
        mine = [g for g in groups if _backward(g) and covers(step, g, found)]
        if mine and (all(map(_right, mine)) or any(_stands(g, step, declared) for g in mine)):
            groups = [_with_place(g, step) if g in mine else g for g in groups]
            continue
        groups = [[_as_used(c, step, found) for c in g] for g in groups if g not in mine]
        counted.append(step)
    everything = [*(c for g in groups for c in g), *(c for step in counted for c in step.checks)]
    return tuple(sorted(everything, key=lambda one: one.line or 0)), counted


def _stands(group: Sequence[Check], step: Step, declared: Collection[str]) -> bool:
    """Whether a verdict by names stands beside one on what is computed.

    It does where it is on the forward pass, which no forward pass can tell by itself: an f that was
    forgotten, or another one than was declared. And it does where it knows more.
    """
    wrong = [one for one in group if one.verdict != "right"]
    ids = {note.id for one in wrong for note in one.diagnosis}
    if any(one.verdict in ("unfinished", "timeout", "imprecise") for one in wrong):
        return True
    if not step.whole:
        return True
    if step.right:
        forward = any(one.stage in FORWARD for one in wrong)
        if "BIAS" in declared and any(one.verdict == "crashed" for one in wrong):
            return True
        return forward or bool(ids & (OF_ANOTHER if declared else FORGOTTEN))
    mine = {note.id for one in step.checks for note in one.diagnosis}
    return bool(ids - {"unrecognised"}) and ("unrecognised" not in ids or "unrecognised" in mine)


def _backward(group: Sequence[Check]) -> bool:
    return any(one.stage in BACKWARD for one in group)


def _right(group: Sequence[Check]) -> bool:
    return all(one.verdict == "right" for one in group)


def covers(step: Step, group: Sequence[Check], found: Source) -> bool:
    """Whether a step has run what a group of checks is about."""
    name, line = group[0].name, group[0].line
    if name in found.functions:
        return bool(_extent(found.functions[name]) & step.lines)
    return any(
        n.lineno == line and _extent(n) & (step.lines | {step.line})
        for n in ast.walk(found.module) if isinstance(n, ast.For | ast.While)
    )  # fmt: skip


def _extent(node: ast.stmt) -> set[int]:
    return set(range(node.lineno, (node.end_lineno or node.lineno) + 1))


def _as_used(check: Check, step: Step, found: Source) -> Check:
    """A derivative that is right where a right step calls it: of f(u), not of u."""
    function = found.functions.get(check.name)
    used = function is not None and bool(_extent(function) & step.lines)
    if check.stage == "derivative" and check.verdict == "wrong" and used:
        return Check(check.name, check.stage, "right", check.line, remarks=(TAKES_OUTPUT,))
    return check


def _with_place(group: Sequence[Check], step: Step) -> list[Check]:
    """The checks, the first wrong one with the place of the step's mistake."""
    places: Iterable = (one.place for one in step.checks if one.place)
    place = next(iter(places), None)
    if _right(group):
        return list(group)
    first = next((k for k, one in enumerate(group) if one.verdict == "wrong"), None)
    return [replace(one, place=place) if k == first else one for k, one in enumerate(group)]
