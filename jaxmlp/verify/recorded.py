"""What running a file tells of its training steps, beside what its names have told."""

import ast
import functools
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from itertools import accumulate, groupby

from jaxmlp.verify.finding import FROM_WRONG, Check, Note, Place, remarked
from jaxmlp.verify.judge import declared, evaluation, steps, suspects, told, trusted
from jaxmlp.verify.judge.causes import IN_ONE_NUMBER
from jaxmlp.verify.judge.joining import joined_checks
from jaxmlp.verify.judge.judgement import Judgement
from jaxmlp.verify.judge.slopes import given_outputs
from jaxmlp.verify.judge.staged import Said, Stage, explained, stage_checks
from jaxmlp.verify.judge.still import is_larger, overwritten
from jaxmlp.verify.judge.unjudged import MOST_NAMED_RESULTS, loose, unjudged
from jaxmlp.verify.judge.worlds import Unjudged
from jaxmlp.verify.kinds import LOOP
from jaxmlp.verify.names import BACK, SLOPE_NAME
from jaxmlp.verify.overlooked import overlooked
from jaxmlp.verify.ran import BACK_STAGES, RanStep, multiplies, not_run, runs
from jaxmlp.verify.run.graph import Graph
from jaxmlp.verify.run.network import multiplied
from jaxmlp.verify.run.outcome import BudgetSpent, Crashed, Died, TimedOut, Unfinished
from jaxmlp.verify.run.recording import Recording, recording_from_data
from jaxmlp.verify.run.runner import Runner
from jaxmlp.verify.slopes import slope_checks
from jaxmlp.verify.source import Source
from jaxmlp.verify.stopped import loop_crashed, suspect


def worth_running(source: Source, checks: Sequence[Check], *, beside: bool) -> bool:
    """Whether something may be learned: there are products, and not all is settled by names.

    Args:
        beside: whether there are modules beside the file, where products may be.
    """
    backs = [check for check in checks if check.stage in BACK_STAGES]
    if any(check.verdict == "unfinished" for check in backs):
        return False
    settled = {check.name for check in backs} - {c.name for c in backs if c.verdict != "right"}
    inside = [n for n in source.module.body if getattr(n, "name", None) not in settled]
    nodes = [n for statement in inside for n in ast.walk(statement)]
    steps = any(isinstance(n, ast.For | ast.While | ast.ClassDef) for n in nodes)
    products = any(map(multiplies, ast.walk(source.module)))
    told = {check.name for check in checks}
    back = any(isinstance(n, ast.FunctionDef) and BACK.search(n.name) and n.name not in told
               for n in nodes)  # fmt: skip
    slope = any(isinstance(m, ast.FunctionDef) and SLOPE_NAME.search(m.name)
                for n in nodes if isinstance(n, ast.ClassDef) for m in n.body)  # fmt: skip
    looks_like_it = products or back or slope or beside or overlooked(source.module, told, set())
    return (steps or not settled) and bool(looks_like_it)


def steps_of(
    cells: Sequence[str], runner: Runner, said: Said, seed: int, *, notebook: bool
) -> list[RanStep]:
    """Run a file, and judge the steps that it makes."""
    begins = begins_of(cells) if notebook else []
    judge = lambda some, worlds: _judged_all(some, worlds, seed, said, begins)  # noqa: E731
    try:
        recordings, errors, farthest, guessed = _taped(cells, runner, seed)
    except TimedOut as why:
        return [not_run(f"it had not ended after {why} s", f"{why} 秒たっても終わりませんでした")]
    except (Crashed, Died, Unfinished, BudgetSpent) as why:
        return [not_run(str(why))]
    except Exception:  # what a file sends instead of a recording
        return [not_run("expected a recording, got something else")]
    again = lambda some: _taped(some, runner, seed, farthest or None)[:2]  # noqa: E731
    judged = judge(cells, [alike for alike in recordings if runs(alike)])
    if any(step.checks for step in judged):
        return judged
    stopped = suspects.suspect_error(errors)
    if stopped and (step := suspect(cells, begins, stopped, again, judge)):
        return [step]
    crash = loop_crashed(cells, errors, guessed)
    if stopped and crash:
        return crash
    back = [([*filter(_goes_back, alike)], len(alike)) for alike in recordings if not runs(alike)]
    by_chance = lambda some, count: some and not some[0].line and len(some) * 2 < count  # noqa: E731
    whole = [some for some, count in back if not by_chance(some, count)]
    return judged or judge(cells, whole) or crash


def begins_of(cells: Sequence[str]) -> list[int]:
    """The first line of each cell."""
    return list(accumulate((cell.count("\n") + 1 for cell in cells[:-1]), initial=1))


def _taped(
    cells: Sequence[str], runner: Runner, seed: int, start: dict | None = None
) -> tuple[list, list, dict, bool]:
    """A file's recordings, what stopped it, with which shapes, and whether these are guesses."""
    answer = runner.record(cells, seed=seed, given=start)
    recordings = [
        [recording_from_data(world) for world in worlds] for worlds in answer["recordings"]
    ]
    errors = [(str(kind), int(line), str(text)) for kind, line, text in answer["errors"]]
    return recordings, errors, dict(answer["farthest"]), bool(answer["guessed"])


def _judged_all(
    cells: Sequence[str], recordings: Sequence[Sequence[Recording]], seed: int, said: Said,
    begins: Sequence[int],
) -> list[RanStep]:  # fmt: skip
    lines = "\n".join(cells).split("\n")
    steps = [(alike[0].name, _judged(alike, seed, said, lines, begins))
             for worlds in recordings for alike in _alike(worlds)]  # fmt: skip
    told = [(name, step) for name, step in steps if step.checks or step.notes]
    worded = {step.line for name, step in steps if "(" in name}
    return [*_told_once(_as_meant(told, worded), worded)]


def _as_meant(steps: Sequence[tuple[str, RanStep]], worded: Container[int]) -> Iterator[RanStep]:
    """The steps, but for those with words that may not be meant to go together, as an output that
    is no softmax with g − y. Of the first words all is told.

    Args:
        steps: each with its name.
        worded: the lines of what is called with words.
    """
    right: dict[int, frozenset[int]] = {}
    first = {step.line: name for name, step in reversed(steps)}
    for _, step in steps:
        right[step.line] = right.get(step.line, frozenset()) | (step.lines if step.right else set())
    for name, step in steps:
        told = step.right or step.line not in worded or name == first[step.line]
        if told or _is_meant(name, step, right[step.line]):
            yield step


def _is_meant(name: str, step: RanStep, right: frozenset[int]) -> bool:
    """Whether what is not right with some words is so in a layer, or in lines of its own that are
    no forward pass; with several words it has to be behind the output, which is right.

    Args:
        right: the lines of what is right with other words.
    """
    if not step.checks:
        return not step.lines <= right
    alone = "," not in name or any(map(_holds, step.checks))
    return step.layer or (alone and not step.lines <= right | step.forward)


def _holds(check: Check) -> bool:
    """Whether it is right, and not only of what is wrong before it."""
    return check.verdict == "right" and FROM_WRONG not in {note.id for note in check.remarks}


def _told_once(steps: Iterable[RanStep], worded: Container[int]) -> Iterator[RanStep]:
    """The steps, but for those that tell nothing new of a class or function: each line has run, and
    each check been told, with another word, or all that is wrong is told there."""
    told: dict[tuple, frozenset[int]] = {}
    faulty: dict[int, set[Place | None]] = {}
    for step in steps:
        said = step.line, *((check.stage, check.verdict, check.place) for check in step.checks)
        known, wrong = told.setdefault(said, frozenset()), faulty.setdefault(step.line, set())
        here = {check.place for check in step.checks if check.verdict == "wrong"}
        again = step.checks and (step.lines <= known or (here and here <= wrong))
        told[said] = known | step.lines
        wrong |= here
        if not (again and step.line in worded):
            yield step


def _judged(
    alike: Sequence[Recording], seed: int, said: Said, lines: Sequence[str], begins: Sequence[int]
) -> RanStep:
    """One step, of which there are recordings with different shapes of what is missing."""
    first, name = alike[0], alike[0].name or LOOP
    run = _lines_of(first)
    for one in alike:
        if checks := slope_checks(one, seed, lines, begins):
            return RanStep(first.line, _lines_of(one), checks)
    known: tuple[Check, ...] = ()
    try:
        known = _known(alike, name, said, lines, begins)
        asked = functools.partial(told.as_asked, lines=lines, cells=begins)
        judgement, by_stage = _found(alike, seed, said, name, asked)
        exact = name in said.exercise
        telling = told.Telling(judgement, lines, begins, exact=exact, reduction=said.reduction)
        notes, checks = _notes(judgement, telling, first, begins), telling.checks()
        checks = joined_checks(by_stage, checks, telling) if by_stage else checks
        if judgement.instead:
            checks, unknown = _with_delta(judgement, telling, checks, begins)
            notes = (*notes, *unknown)
        if known:
            more = declared.says_more(checks, known)
            tell = declared.at_known_places if more else declared.with_told
            notes, checks = (), tell(checks, known)
        if any(check.verdict == "wrong" for check in checks) and _is_shared(judgement, checks):
            raise Unjudged("elsewhere")
        after, moves = _evaluated(judgement, telling), bool(first.moves)
        forward = frozenset(judgement.world.recording.nodes[i].span.line for i in judgement.forward)
        run = _lines_of(judgement.world.recording)
        return RanStep(first.line, run, telling.with_code(checks), notes, after, moves,
                       given_outputs(judgement.world), judgement.error_lines, forward,
                       judgement.choice.target.upstream)  # fmt: skip
    except Unjudged as why:
        silent = len(first.moves) < 2 and (
            why.reason == "no-output" or not (first.moves or _goes_back(first))
        )
        notes = () if silent else (unjudged(first.name, first.line, why, begins),)
    except Exception as error:  # what was not foreseen is told of this step, and the rest goes on
        failed = Unjudged("failed", f"{type(error).__name__}: {error}"[:200])
        notes = (unjudged(first.name, first.line, failed, begins),)
    return RanStep(first.line, run, known) if known else RanStep(first.line, run, notes=notes)


def _lines_of(recording: Recording) -> frozenset[int]:
    """The lines that have run."""
    computed = (n.span.line for n in recording.nodes.values() if n.op != "leaf")
    return frozenset((*recording.lines, *computed))


def _with_delta(
    judgement: Judgement, telling: told.Telling, checks: tuple[Check, ...], begins: Sequence[int]
) -> tuple[tuple[Check, ...], tuple[Note, ...]]:
    """The checks with that of the δ that was taken as it is, or with a note that it is unknown."""
    (_, delta), *_ = judgement.choice.target.pairs
    recording, whole = judgement.world.recording, trusted.in_one_number(judgement)
    delta = delta if whole is None else whole
    said = trusted.of_delta(judgement) if whole is None else IN_ONE_NUMBER
    if said is None:
        why = Unjudged("own-delta", line=recording.nodes[delta].span.line)
        return checks, (unjudged(recording.name, recording.line, why, begins),)
    first, *rest = checks
    if said == trusted.WEIGHED:
        return (remarked((first,), said)[0], *rest), ()
    wrong = Check(first.name, "dE", "wrong", first.line, diagnosis=(said,),
                  place=telling.place(delta))  # fmt: skip
    return (*checks, wrong), ()


def _known(
    alike: Sequence[Recording], name: str, said: Said, lines: Sequence[str], begins: Sequence[int]
) -> tuple[Check, ...]:
    """The checks of a derivation whose network is declared, with their places."""
    if name not in said.known or said.network is None:
        return ()
    parameters = said.exercise[name]
    return declared.at_places(said.known[name], alike, parameters, said.network, lines, begins)


def _is_shared(judgement: Judgement, checks: Sequence[Check]) -> bool:
    """Whether the program that imports the file computes what is wrong, or hands its backward pass
    what is no derivative of E."""
    graph, nodes = judgement.world.graph, judgement.world.recording.nodes
    foreign = {n.id for n in nodes.values() if n.span.inner and not n.span.line and n.op != "leaf"}
    ways = graph.ancestors(judgement.world.recording.news) & judgement.choice.target.backward
    handed = {j for i in ways - foreign for j in graph.before[i]} & foreign & ways
    unnamed = any(judgement.names.of(j) is None for j in handed)
    return unnamed or bool(foreign & ways and any(check.place is None for check in checks
                                                  if check.verdict == "wrong"))  # fmt: skip


def _notes(
    judgement: Judgement, telling: told.Telling, first: Recording, begins: Sequence[int]
) -> tuple[Note, ...]:
    """On results that nothing was found of, and on parameters that were not seen."""
    told_of = {misfit.param.name for misfit in telling.misfits}
    results = [result for result, node in judgement.loose
             if result not in told_of and _like_weights(judgement, result, node)
             and not judgement.is_error(node)]  # fmt: skip
    notes = [loose(first.name, results, first.line, begins)] if results else []
    grown = [name for name, old, new in first.resized if is_larger(first, old, new)]
    reasons = {
        "resting": judgement.resting,
        "overwritten": overwritten(judgement),
        "stretched": grown if first.guessed else (),  # of data that are there it is wrong
        "unseen": judgement.unseen,
    }
    for reason, names in reasons.items():
        if names:
            why = Unjudged(reason, ", ".join(names[:MOST_NAMED_RESULTS]))
            notes.append(unjudged(first.name, first.line, why, begins))
    return tuple(notes)


def _like_weights(judgement: Judgement, name: str, node: int) -> bool:
    """Whether a result may be meant as a gradient: by its name, or by its shape."""
    nodes = judgement.world.recording.nodes
    shapes = [nodes[p.old].value.shape for p in judgement.world.params]
    return bool(BACK.search(name)) or nodes[node].value.shape in shapes


def _goes_back(recording: Recording) -> bool:
    """Whether it is called a backward pass, or gives what has the shape of weights."""
    graph, leaves = Graph(recording.nodes), [n for n in recording.nodes.values() if n.op == "leaf"]
    weights = [n.value.shape for n in leaves if multiplied(graph, n.id)]
    made = [recording.nodes[node] for _, node in recording.values]
    alike = any(n.op != "leaf" and n.value.shape in weights for n in made)
    floats = [n.value.shape for n in leaves if n.value.dtype.kind == "f"]
    pair = [n.value.shape for n in made if n.op != "leaf"]
    loss = () in pair and any(shape and shape in floats for shape in pair)  # (E, ∂E/∂x)
    return recording.goes_back or alike or bool(recording.name and loss)


def _evaluated(judgement: Judgement, telling: told.Telling) -> tuple[Check, ...]:
    """What is wrong with the use of the parameters afterwards, as far as that can be told."""
    try:
        return evaluation.checks(judgement, telling)
    except Exception:  # what was not foreseen spoils no verdict on the step
        return ()


def _found(
    alike: Sequence[Recording],
    seed: int,
    said: Said,
    name: str,
    asked: Callable[[Judgement], Judgement],
) -> tuple[Judgement, list[Stage] | None]:
    """What there is to say of a step, and of its stages where its network is a chain of layers."""
    try:
        judgement = asked(steps.judged(alike, seed, said.error))
        if by_weights := trusted.weighed(judgement):
            return asked(by_weights), None
        return judgement, stage_checks(judgement, name, said)
    except Unjudged as why:
        if (by_mistakes := explained(why.tried, name, said)) is not None:
            return by_mistakes
        if (by_delta := trusted.by_own_delta(why.tried)) is None:
            raise
        return asked(by_delta), None


def _alike(recordings: Sequence[Recording]) -> Iterator[list[Recording]]:
    """The recordings of one loop or function, with different shapes of what is missing."""
    key = lambda recording: (recording.line, recording.name)  # noqa: E731
    for _, alike in groupby(sorted(recordings, key=key), key):
        yield list(alike)
