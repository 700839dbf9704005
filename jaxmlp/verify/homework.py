"""What a file has, each thing checked as what it is."""

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from itertools import groupby
from pathlib import Path

import numpy as np

from jaxmlp.network import Network
from jaxmlp.verify import source
from jaxmlp.verify.clock import Clock
from jaxmlp.verify.ending import out_of_time
from jaxmlp.verify.finding import Check, File, Note, Words
from jaxmlp.verify.grading import Options, unreadable
from jaxmlp.verify.judge.claims import Said
from jaxmlp.verify.judge.stages import STAGES
from jaxmlp.verify.judge.told import unjudged
from jaxmlp.verify.judge.worlds import Unjudged
from jaxmlp.verify.kinds import (
    BACKWARD,
    LOOP,
    STILL,
    derivations,
    pieces_of,
    stage_of,
    unwritten,
    work,
)
from jaxmlp.verify.names import DELTA, NOT_CHECKED, names_used, plain, stores
from jaxmlp.verify.origin import Origins
from jaxmlp.verify.overlooked import broken, idle, overlooked, remark
from jaxmlp.verify.passes import OF_FORWARD
from jaxmlp.verify.pieces import piece
from jaxmlp.verify.reading import code_of, deep_trees
from jaxmlp.verify.recorded import Step, begins_of, merged, steps_of, worth_running
from jaxmlp.verify.run.outcome import OutOfTime
from jaxmlp.verify.run.pieces import Pieces
from jaxmlp.verify.run.runner import Runner
from jaxmlp.verify.small import FROM_OUTPUT, STAGE, TAKES_OUTPUT
from jaxmlp.verify.source import Source

ANOTHER = Unjudged("another-forward")
ANOTHER_CALL = Unjudged("another-call")
LINE = re.compile(r" \(line \d+\)|, line \d+(?=\))|、\d+ 行目(?=\))")


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
        found = source.read(cells, numbered=path.suffix != ".ipynb")
    except (OSError, ValueError) as why:
        return unreadable(path, why)
    try:
        with deep_trees(), np.errstate(all="ignore"):
            return _verified(path, cells, found, options, clock)
    except OutOfTime as late:
        return File(str(path), problem=out_of_time(late).text)


def _verified(
    path: Path, cells: Sequence[str], found: Source, options: Options, clock: Clock
) -> File:
    try:
        network = settings(found, options)
    except ValueError as why:
        return unreadable(
            path, why, "HIDDEN、OUTPUT、LOSS、BIAS、REDUCTION の指定が正しくありません"
        )
    pieces, origins = pieces_of(str(path), found), Origins(path, found)
    settled = {"limit": options.limit, "clock": clock, "wanted": options.held}
    by_step: list[Step] = []
    with Runner(pieces, visible=origins.files, **settled) as runner:
        checks = [one for job in work(found)
                  for one in job.safely(runner, network, options.seed)]  # fmt: skip
        if worth_running(found, checks, beside=bool(origins.files)):
            said = _said(found, options)
            by_step = steps_of(cells, runner, said, options.seed, notebook=not found.numbered)
    declared = _declared(found, options)
    checks, counted = merged(checks, by_step, found, declared)
    of_steps = {id(one) for step in counted for one in step.checks}
    by_names = any(one.stage in STAGES and id(one) not in of_steps for one in checks)
    checks = [_excused(one, checks, found) for one in (*checks, *_missing(found, checks, by_step))]
    checks, unsure = _apart(checks, _of_another_call)
    if not declared:
        checks, forward = _apart(checks, _of_another_forward)
        unsure += [] if any(step.checks for step in counted) else forward  # a step has its own
    begins = [] if found.numbered else begins_of(cells)
    run = {line for step in counted if step.checks for line in step.lines}
    lines = {name: range(f.lineno, (f.end_lineno or f.lineno) + 1)
             for name, f in found.functions.items()}  # fmt: skip
    unsure = [one for one in unsure if run.isdisjoint(lines.get(one.name, ()))]
    remarks = (*_remarks(found, pieces, run, origins), *(n for step in counted for n in step.notes))
    remarks += tuple(
        unjudged(one.name, one.line, ANOTHER if one.stage in OF_FORWARD else ANOTHER_CALL, begins)
        for one in unsure
    )  # fmt: skip
    if not checks:
        return File(str(path), remarks=remarks, problem=NOTHING)
    checks = [origins.said(one) for one in checks]
    numbered = checks if found.numbered else map(_without_lines, checks)
    against = (
        (_network_note(network, found, options),) if by_names or declared - {"REDUCTION"} else ()
    )
    return File(str(path), tuple(numbered), (*remarks, *origins.notes, *against))


def _declared(found: Source, options: Options) -> set[str]:
    """The settings that are given, in the file or on the command line."""
    given = {name for name in source.SETTINGS if getattr(options, name.lower()) is not None}
    return given | found.settings.keys()


def _said(found: Source, options: Options) -> Said:
    """What the file, or the command line, says that its network is to be."""
    given = [getattr(options, one) or found.settings.get(one.upper())
             for one in ("hidden", "output", "loss", "reduction")]  # fmt: skip
    softmax = {n for n in found.functions if (one := piece(n)) and one.kind == "softmax"}
    unused = bool(softmax & set(_unused(found)))
    bias = found.settings.get("BIAS") if options.bias is None else options.bias
    more = {"softmax": bool(softmax), "softmax_unused": unused}
    return Said(*given, bias=bias, exercise=derivations(found), **more)


def _unused(found: Source) -> list[str]:
    """The functions that nothing in the file names."""
    return [name for name in found.functions if name not in names_used([found.module], {})]


def _apart(
    checks: Sequence[Check], another: Callable[[Check], bool]
) -> tuple[list[Check], list[Check]]:
    """The checks; and apart from them, one each, functions that are others than their names say."""
    groups = [list(some) for _, some in groupby(checks, lambda one: (one.name, one.line))]
    unsure = [some for some in groups if all(map(another, some))]
    left = [one for some in groups if some not in unsure for one in some]
    return left, [some[0] for some in unsure]


def _of_another_call(check: Check) -> bool:
    """Whether a small function has stopped since it was called otherwise than it asks for."""
    ids = {note.id for note in check.remarks}
    return check.stage in STAGE.values() and check.verdict == "crashed" and "crash-of-call" in ids


def _of_another_forward(check: Check) -> bool:
    """Whether it is wrong by nothing that is known; or right, if what is before it was.

    What is called a forward pass may give labels, or another value first: that is no mistake.
    """
    ids = {note.id for note in check.diagnosis}
    follows = check.verdict == "right" and "right-from-wrong" in {n.id for n in check.remarks}
    ways = {"crash-of-sizes", "crash-of-call"} & {n.id for n in check.remarks}
    by_sizes = check.verdict == "crashed" and bool(ways)
    wrong = follows or by_sizes or (check.verdict == "wrong" and ids == {"unrecognised"})
    return check.stage in OF_FORWARD and wrong


def _missing(found: Source, checks: Sequence[Check], steps: Sequence[Step]) -> list[Check]:
    """A training loop that is there and updates nothing yet, or V alone."""
    if LOOP in {*found.unfinished, *found.broken}:
        return []
    mine = {one.stage: one.line for one in checks if one.name == LOOP}
    if not steps and not mine:
        return [unwritten(LOOP, "update", line) for line in idle(found.module)[:1]]
    begun = any(DELTA.get(plain(name)) == "delta1" for name in stores(found.module))
    begun |= any(BACKWARD.search(plain(name)) for name in _unused(found))
    if "dV" in mine and "dW" not in mine and begun:
        return [unwritten(LOOP, "dW", mine["dV"], STILL)]
    return []


def _without_lines(check: Check) -> Check:
    """A check of a notebook, whose lines have no numbers that count across its cells."""
    remarks = [
        replace(n, text=Words(*(LINE.sub("", text) for text in n.text))) for n in check.remarks
    ]
    return replace(check, line=None, remarks=tuple(remarks))


def _excused(check: Check, checks: Sequence[Check], found: Source) -> Check:
    """x(1 − x) for f' of the sigmoid is right where the step that calls it, with f(x), is.

    Where something calls it, and no step is judged, it gets the benefit of the doubt.
    """
    steps = [c for c in checks if c.name == "training loop" or c.stage in ("dW", "dV", "delta1")]
    if not FROM_OUTPUT & {note.id for note in check.diagnosis}:
        return check
    if not steps and check.name in names_used([found.module], found.functions):
        return Check(check.name, check.stage, "right", check.line, remarks=(TAKES_OUTPUT,))
    if not steps:
        return check
    callers = [found.functions[c.name] for c in steps if c.name in found.functions]
    used = check.name in names_used(callers, found.functions)
    if not used or any(c.verdict != "right" for c in steps):
        return check
    return Check(check.name, check.stage, "right", check.line, remarks=(TAKES_OUTPUT,))


NOTHING = Words(
    "nothing in it that the checker knows: expected functions such as backprop(W, V, x, y), "
    "ReLU, softmax, forward or backward, or a training loop that updates W and V",
    "調べられるものがありません。backprop(W, V, x, y)、ReLU、softmax、forward、backward "
    "などの関数か、W と V を更新する学習ループが必要です",
)


def settings(found: Source, options: Options) -> Network:
    """The network, as the options say, or the file, or the lecture.

    Raises:
        ValueError: a name is unknown, or a pair makes no sense.
    """
    said = found.settings
    output = options.output or said.get("OUTPUT")
    loss = options.loss or said.get("LOSS")
    usual = {
        "cross_entropy": "softmax",
        "squared_error": "identity",
        "binary_cross_entropy": "sigmoid",
    }
    output = output or usual.get(loss, "softmax")
    goes_with = {"softmax": "cross_entropy", "sigmoid": "binary_cross_entropy"}
    loss = loss or goes_with.get(output, "squared_error")
    reduction = options.reduction or said.get("REDUCTION")
    if reduction not in (None, "mean", "sum"):
        raise ValueError(f"unknown REDUCTION {reduction!r}: expected mean or sum")
    bias = said.get("BIAS", True) if options.bias is None else options.bias
    return Network(options.hidden or said.get("HIDDEN", "relu"), output, loss, bias)


def _remarks(
    found: Source, pieces: Pieces, run: Collection[int], origins: Origins
) -> tuple[Note, ...]:
    """What was not looked at, neither by its names nor where it was run."""
    examined = {f.name for f in pieces.functions} | found.unfinished.keys()
    skipped = {name for name in found.functions if NOT_CHECKED.search(plain(name))}
    left = overlooked(found.module, examined | skipped, set(idle(found.module)))
    left += [broken(name, *said) for name, said in found.broken.items() if stage_of(name) is None]
    left = [one for one in left if not run & set(range(one.line, one.end + 1))]
    left = [one._replace(why=why) if (why := origins.bought(one.name.en, one.line)) else one
            for one in left]  # fmt: skip
    return remark(left, numbered=found.numbered)


def _network_note(network: Network, found: Source, options: Options) -> Note:
    names = f"{network.hidden.name}, {network.output.name}, {network.loss.name}"
    en, ja = ("", "") if network.bias else (", without biases", " (バイアスなし)")
    if own := [n for n in found.settings if getattr(options, n.lower()) is None]:
        said = ", ".join(sorted(own))
        en, ja = f"{en}, as the file itself declares ({said})", f"{ja} (ファイル自身の指定 {said})"
    return Note(
        "network",
        Words(
            f"checked against the network {names}{en}", f"ネットワーク {names}{ja} として調べました"
        ),
    )
