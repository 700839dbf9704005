"""What a file has, each thing checked as what it is."""

import ast
import functools
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from jaxmlp.losses import LOSS_OF, OUTPUT_OF
from jaxmlp.network import Network
from jaxmlp.verify import source
from jaxmlp.verify.clock import Clock
from jaxmlp.verify.ending import out_of_time
from jaxmlp.verify.finding import Check, File, Note, Words, by_function
from jaxmlp.verify.fitting import check_declared
from jaxmlp.verify.grading import Options, unreadable
from jaxmlp.verify.importers import Importer, importers
from jaxmlp.verify.judge.staged import Said
from jaxmlp.verify.judge.stages import STAGES
from jaxmlp.verify.judge.unjudged import unjudged
from jaxmlp.verify.judge.worlds import Unjudged
from jaxmlp.verify.kinds import derivations, pieces_of, stage_of, work
from jaxmlp.verify.names import NOT_CHECKED, names_used, plain_name
from jaxmlp.verify.origin import Origins
from jaxmlp.verify.overlooked import ID as NOT_LOOKED_AT
from jaxmlp.verify.overlooked import broken, idle_loops, idle_methods, overlooked, remark
from jaxmlp.verify.passes import OF_FORWARD
from jaxmlp.verify.pieces import piece
from jaxmlp.verify.ran import RanStep, extent
from jaxmlp.verify.reading import code_of, deep_trees
from jaxmlp.verify.recorded import begins_of, steps_of, worth_running
from jaxmlp.verify.run.hooked import IMPORTS, not_imported
from jaxmlp.verify.run.outcome import BudgetSpent
from jaxmlp.verify.run.runner import Runner
from jaxmlp.verify.source import Source, unused
from jaxmlp.verify.weighing import merged, sure

ANOTHER_FORWARD = Unjudged("another-forward")
ANOTHER_CALL = Unjudged("another-call")
MOST_ABSENT = 3  # modules that are named
LINE_MENTION = re.compile(r" \(line \d+\)|, line \d+(?=\))|、\d+ 行目(?=\))")


def verify_file(
    path: str | Path,
    options: Options = Options(),  # noqa: B008
    *,
    cells: Sequence[str] | None = None,
) -> File:
    """Check all that a .py or .ipynb file defines and the checker knows.

    Its functions are called on arrays of ours, with the imports, constants, decorators and default
    arguments that they need; where that does not settle it, all of it is run, and recorded.

    Args:
        cells: its code, where that has been read already; a notebook's by cells.

    Returns:
        Its checks in the order of the file; where it cannot be read, or has nothing to check,
        `problem` says why.

    Example:
        >>> import tempfile, pathlib
        >>> folder = tempfile.TemporaryDirectory()
        >>> path = pathlib.Path(folder.name) / "homework.py"
        >>> _ = path.write_text(
        ...     "import numpy as np\\ndef sigmoid(x):\\n    return 1 / (1 + np.exp(x))"
        ... )
        >>> [(c.name, c.verdict, c.diagnosis[0].id) for c in verify_file(path).checks]
        [('sigmoid', 'wrong', 'sigmoid-of-minus')]
        >>> folder.cleanup()
    """
    path, clock = Path(path), Clock(options.budget)
    try:
        cells = code_of(path) if cells is None else cells
        parsed = source.read(cells, numbered=path.suffix != ".ipynb")
    except (OSError, ValueError) as why:
        return unreadable(path, why)
    try:
        with deep_trees(), np.errstate(all="ignore"):
            return _verified(path, cells, parsed, options, clock)
    except BudgetSpent as late:
        return File(str(path), problem=out_of_time(late).text)


def _verified(
    path: Path, cells: Sequence[str], source: Source, options: Options, clock: Clock
) -> File:
    try:
        network = settings(source, options)
    except ValueError as why:
        ja = "HIDDEN、OUTPUT、LOSS、BIAS、REDUCTION の指定が正しくありません"
        return unreadable(path, why, ja)
    declared = _declared(source, options)
    exact = _is_whole(declared)
    pieces, origins = pieces_of(str(path), source, declared=exact), Origins(path, source)
    programs = _programs(path, source)
    visible = {*origins.files, *origins.data, *(file for one in programs for file in one.files)}
    runner_of = functools.partial(
        Runner, pieces, limit=options.limit, clock=clock, visible=sorted(visible),
        wanted=options.held)  # fmt: skip
    with runner_of(importers={one.path: one.cells for one in programs}) as runner:
        beside = bool(origins.files or programs)
        named, steps = _run(cells, source, network, options, runner, beside=beside)
    importer = runner.importer
    if importer and not any(step.checks for step in steps):  # then what stands in may tell more
        with runner_of() as runner:
            alone = _steps(cells, source, options, runner, named)
        if any(step.checks for step in alone):
            steps, importer = alone, ""
    judged, counted = merged(named, steps, source, declared)
    of_steps = {id(one) for step in counted for one in step.checks}
    by_names = any(one.stage in STAGES and id(one) not in of_steps for one in judged)
    checks, unsure = sure(judged, steps, counted, source, sure_of_forward=bool(declared))
    run = {line for step in counted if step.checks for line in step.lines}
    functions = pieces_of(str(path), source, declared=False).functions
    looked_at = {f.name for f in functions} | {one.name for one in named}
    remarks = [
        *_remarks(source, looked_at, run, origins),
        *(n for step in counted for n in step.notes),
    ]
    if not origins.gives_all:
        remarks += [_not_imported(name) for name in not_imported(source.module)]
    remarks += _unsure(unsure, source, run, [] if source.numbered else begins_of(cells))
    if origins.absent and (not checks or any(n.id == NOT_LOOKED_AT for n in remarks)):
        remarks.append(_not_there(origins.absent))
    if not checks:
        return File(str(path), remarks=tuple(remarks), problem=NOTHING)
    remarks += [*origins.notes, *_run_by(importer)]
    if by_names or declared - {"REDUCTION"}:
        remarks.append(_network_note(network, source, options))
    said = [origins.said(one) for one in checks]
    numbered = said if source.numbered else map(_without_lines, said)
    return File(str(path), tuple(numbered), tuple(remarks))


def _run(
    cells: Sequence[str], source: Source, network: Network, options: Options, runner: Runner,
    *, beside: bool,
) -> tuple[list[Check], list[RanStep]]:  # fmt: skip
    """What is found by the names of functions; and what by running the file, if that may tell more.

    Args:
        beside: whether there are modules beside the file.
    """
    said = _said(source, options)
    judged = functools.partial(check_declared, reduction=said.reduction, seed=options.seed)
    exercise = judged if _is_whole(_declared(source, options)) else None
    jobs = work(source, exercise)
    checks = [check for job in jobs for check in job.safely(runner, network, options.seed)]
    # The report shows the lines of a derivation, be they right or wrong.
    settled = [check for check in checks if check.name not in said.exercise]
    if not worth_running(source, settled, beside=beside):
        return checks, []
    return checks, _steps(cells, source, options, runner, checks)


def _steps(
    cells: Sequence[str], source: Source, options: Options, runner: Runner,
    checks: Sequence[Check] = (),
) -> list[RanStep]:  # fmt: skip
    """What running the file tells, beside what its names have told."""
    said = _said(source, options)
    groups = [g for g in by_function(checks) if all(check.stage in STAGES for check in g)]
    known = {g[0].name: g for g in groups if g[0].name in said.exercise}
    said = said._replace(known=known, network=settings(source, options))
    return steps_of(cells, runner, said, options.seed, notebook=not source.numbered)


def _unsure(
    checks: Sequence[Check], source: Source, run: set[int], begins: Sequence[int]
) -> list[Note]:
    """That these could not be judged, but for what was run and judged so."""
    lines = {name: extent(function) for name, function in source.functions.items()}
    return [
        unjudged(c.name, c.line, ANOTHER_FORWARD if c.stage in OF_FORWARD else ANOTHER_CALL, begins)
        for c in checks
        if run.isdisjoint(lines.get(c.name, ()))
    ]


def _declared(parsed: Source, options: Options) -> set[str]:
    """The settings that are given, in the file or on the command line."""
    named = {name for name in source.SETTINGS if getattr(options, name.lower()) is not None}
    return named | parsed.settings.keys()


def _is_whole(declared: set[str]) -> bool:
    """Whether it is said what a derivation has to be: with g goes an E, and the other way round."""
    return "HIDDEN" in declared and not declared.isdisjoint(("OUTPUT", "LOSS"))


def _said(source: Source, options: Options) -> Said:
    """What the file, or the command line, says that its network is to be."""
    of_file: dict[str, Any] = source.settings
    kinds = {name: known.kind for name in source.functions if (known := piece(name))}
    softmax = {name for name, kind in kinds.items() if kind == "softmax"}
    hidden = {name for name, kind in kinds.items() if kind == "activation"}
    rest = [node for node in source.module.body if getattr(node, "name", None) not in kinds]
    offered = bool(hidden) and hidden.isdisjoint(names_used(rest, {}))  # by a library of layers
    return Said(
        options.hidden or of_file.get("HIDDEN"), options.output or of_file.get("OUTPUT"),
        options.loss or of_file.get("LOSS"), options.reduction or of_file.get("REDUCTION"),
        of_file.get("BIAS") if options.bias is None else options.bias, derivations(source),
        softmax=bool(softmax), softmax_unused=bool(softmax & set(unused(source))) and not offered,
    )  # fmt: skip


def _without_lines(check: Check) -> Check:
    """A check of a notebook, whose lines have no numbers that count across its cells."""
    remarks = [
        replace(n, text=Words(*(LINE_MENTION.sub("", text) for text in n.text)))
        for n in check.remarks
    ]
    return replace(check, line=None, remarks=tuple(remarks))


NOTHING = Words(
    "nothing in it that the checker knows: expected functions such as backprop(W, V, x, y), "
    "ReLU, softmax, forward or backward, or a training loop that updates W and V",
    "調べられるものがありません。backprop(W, V, x, y)、ReLU、softmax、forward、backward "
    "などの関数か、W と V を更新する学習ループが必要です",
)


def settings(source: Source, options: Options) -> Network:
    """The network, as the options say, or the file, or the lecture.

    Raises:
        ValueError: a name is unknown, or a pair makes no sense.
    """
    said: dict[str, Any] = source.settings
    output = options.output or said.get("OUTPUT")
    loss = options.loss or said.get("LOSS")
    output = output or OUTPUT_OF.get(loss, "softmax")
    loss = loss or LOSS_OF.get(output, "squared_error")
    reduction = options.reduction or said.get("REDUCTION")
    if reduction not in (None, "mean", "sum"):
        raise ValueError(f"unknown REDUCTION {reduction!r}: expected mean or sum")
    bias = said.get("BIAS", True) if options.bias is None else options.bias
    return Network(options.hidden or said.get("HIDDEN", "relu"), output, loss, bias)


def _programs(path: Path, source: Source) -> list[Importer]:
    """The programs beside a file that may run a step of its classes and functions."""
    defines = any(isinstance(n, ast.ClassDef | ast.FunctionDef) for n in source.module.body)
    return importers(path) if defines and path.is_file() else []


def _not_imported(name: str) -> Note:
    """That a library was taken for imported, as in a cell cut out of a notebook."""
    said = IMPORTS[name]
    return Note("not-imported", Words(
        f"{name} is not imported in this file; it was taken for {said}",
        f"{name} がこのファイルで import されていないため、{said} とみなしました"))  # fmt: skip


def _not_there(modules: Sequence[str]) -> Note:
    """That some of what a file imports is missing, and with it what is made of that."""
    names = ", ".join(modules[:MOST_ABSENT])
    return Note("not-there", Words(
        f"neither beside the file nor installed: {names}; what is made of it cannot be judged",
        f"{names} が同じフォルダになく、インストールもされていないため、"
        "それを使う部分は判定できません"))  # fmt: skip


def _run_by(importer: str) -> tuple[Note, ...]:
    """That a program beside the file has run its training step."""
    name = Path(importer).name
    words = Words(f"its training step was run by {name}, which imports it",
                  f"学習ステップは、これを import する {name} で実行しました")  # fmt: skip
    return (Note("run-by", words),) if name else ()


def _remarks(
    source: Source, looked_at: set[str], run: set[int], origins: Origins
) -> tuple[Note, ...]:
    """What was not looked at, neither by its names nor where it was run."""
    examined = looked_at | source.unfinished.keys()
    skipped = {name for name in source.functions if NOT_CHECKED.search(plain_name(name))}
    left = overlooked(source.module, examined | skipped, set(idle_loops(source.module)))
    left += [broken(name, *said) for name, said in source.broken.items() if stage_of(name) is None]
    left = [part for part in left if not run & set(range(part.line, part.end + 1))]
    left += idle_methods(source.module, run)
    left = [part._replace(why=why) if (why := origins.bought(part.name.en, part.line)) else part
            for part in left]  # fmt: skip
    return remark(left, numbered=source.numbered)


def _network_note(network: Network, source: Source, options: Options) -> Note:
    names = f"{network.hidden.name}, {network.output.name}, {network.loss.name}"
    en, ja = ("", "") if network.bias else (", without biases", " (バイアスなし)")
    if own := [n for n in source.settings if getattr(options, n.lower()) is None]:
        said = ", ".join(sorted(own))
        en, ja = f"{en}, as the file itself declares ({said})", f"{ja} (ファイル自身の指定 {said})"
    return Note(
        "network",
        Words(
            f"checked against the network {names}{en}", f"ネットワーク {names}{ja} として調べました"
        ),
    )
