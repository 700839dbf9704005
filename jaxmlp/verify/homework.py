"""What a file has, each thing checked as what it is."""

import ast
import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from jaxmlp.network import Network
from jaxmlp.verify import source
from jaxmlp.verify.calling import Subject, plain, result_role, roles
from jaxmlp.verify.check import check_derivation
from jaxmlp.verify.claimed import confirm
from jaxmlp.verify.clock import Clock
from jaxmlp.verify.ending import crashed, out_of_time
from jaxmlp.verify.finding import Check, File, Note, Words
from jaxmlp.verify.grading import Options, unreadable
from jaxmlp.verify.judge.stages import STAGES
from jaxmlp.verify.loops import Loop
from jaxmlp.verify.names import imports_of, names_used, words
from jaxmlp.verify.origin import Origins
from jaxmlp.verify.overlooked import overlooked, remark
from jaxmlp.verify.passes import check_backward, check_error, check_forward, check_network
from jaxmlp.verify.pieces import piece
from jaxmlp.verify.reading import code_of, deep_trees
from jaxmlp.verify.recorded import Said, Step, merged, steps_of, worth_running
from jaxmlp.verify.run.outcome import OutOfTime
from jaxmlp.verify.run.pieces import Pieces
from jaxmlp.verify.run.runner import Runner
from jaxmlp.verify.small import FROM_OUTPUT, STAGE, TAKES_OUTPUT, check_piece
from jaxmlp.verify.source import Source
from jaxmlp.verify.stepsize import measured
from jaxmlp.verify.training import NAME as LOOP
from jaxmlp.verify.training import check_loop

BACKWARD = re.compile(r"grad|back|delta|deriv|bp|nabla|gyaku|dloss|derror")
UPDATE = re.compile(r"update|step|sgd|learn|descent|optimi|fit|train|koushin")
ERROR = re.compile(r"loss|error|cost|objective|energy|ent[r]?o?py|^e$|^j$")
FORWARD = re.compile(
    r"forward|fprop|propagat|predict|network|output|^model|^f$|junden|^nn$|inference"
)
WHOLE = words("self params parameters param cache grads model net network layers")
SAMPLE = words("x xi xn t ti y yi loss")
LINE = re.compile(r" \(line \d+\)|, line \d+(?=\))|、\d+ 行目(?=\))")
NOT_CHECKED = re.compile(
    r"numerical|numeric|accuracy|evaluate|plot|confusion|finite|^test|gradcheck|checkgrad"
)


def verify_file(
    path: str | Path,
    options: Options = Options(),  # noqa: B008
    *,
    cells: Sequence[str] | None = None,
) -> File:
    """Check all that a .py or .ipynb file defines and the checker knows.

    Its functions and the bodies of its training loops are run, on arrays of ours, and the imports,
    constants, decorators and default arguments that they need; nothing else of it.

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
        found = source.read(cells, clock, numbered=path.suffix != ".ipynb")
        with deep_trees(), np.errstate(all="ignore"):
            return _verified(path, cells, found, options, clock)
    except (OSError, ValueError) as why:
        return unreadable(path, why)
    except OutOfTime as late:
        return File(str(path), problem=out_of_time(late).text)


def _verified(
    path: Path, cells: Sequence[str], found: Source, options: Options, clock: Clock
) -> File:
    try:
        network, reduction = settings(found, options)
    except ValueError as why:
        return unreadable(
            path, why, "HIDDEN、OUTPUT、LOSS、BIAS、REDUCTION の指定が正しくありません"
        )
    pieces = _pieces(path, found)
    origins = Origins(path, found)
    settled = {"limit": options.limit, "clock": clock, "wanted": options.held}
    with Runner(pieces, visible=origins.files, **settled) as runner:
        checks = [one for job in _work(found, reduction, options)
                  for one in job.safely(runner, network, options.seed)]  # fmt: skip
        by_step: list[Step] = []
        if worth_running(found, checks):
            said = Said(*(getattr(options, one) or found.settings.get(one.upper())
                          for one in ("hidden", "output", "loss")))  # fmt: skip
            by_step = steps_of(cells, runner, said, options.seed, notebook=not found.numbered)
    checks = [_excused(one, checks, found) for one in checks]
    checks, counted = merged(checks, by_step, found, _declared(found, options))
    run = {line for step in counted if step.checks for line in step.lines}
    remarks = (*_remarks(found, pieces, run), *(n for step in counted for n in step.notes))
    if not checks:
        return File(str(path), remarks=remarks, problem=NOTHING)
    checks = [origins.said(one) for one in checks]
    numbered = checks if found.numbered else map(_without_lines, checks)
    by_names = not counted or any(one.stage in STAGES for one in checks)
    against = (_network_note(network, found, options),) if by_names else ()
    return File(str(path), tuple(numbered), (*remarks, *origins.notes, *against))


def _declared(found: Source, options: Options) -> set[str]:
    """The settings that are given, in the file or on the command line."""
    given = {name for name in source.SETTINGS if getattr(options, name.lower()) is not None}
    return given | found.settings.keys()


def _without_lines(check: Check) -> Check:
    """A check of a notebook, whose lines have no numbers that count across its cells."""
    remarks = [
        replace(n, text=Words(*(LINE.sub("", text) for text in n.text))) for n in check.remarks
    ]
    return replace(check, line=None, remarks=tuple(remarks))


def _excused(check: Check, checks: Sequence[Check], found: Source) -> Check:
    """x(1 − x) for f' of the sigmoid is right where the step that calls it, with f(x), is.

    Where a class calls it, no step of which is judged by name, it gets the benefit of the doubt.
    """
    steps = [c for c in checks if c.name == "training loop" or c.stage in ("dW", "dV", "delta1")]
    if not FROM_OUTPUT & {note.id for note in check.diagnosis}:
        return check
    classes = [n for n in ast.walk(found.module) if isinstance(n, ast.ClassDef)]
    if not steps and check.name in names_used(classes, found.functions):
        return Check(check.name, check.stage, "right", check.line, remarks=(TAKES_OUTPUT,))
    if not steps:
        return check
    bodies = [s for loop in found.loops for s in loop.body]
    callers = [found.functions[c.name] for c in steps if c.name in found.functions]
    used = check.name in names_used([*bodies, *callers], found.functions)
    if not used or any(c.verdict != "right" for c in steps):
        return check
    return Check(check.name, check.stage, "right", check.line, remarks=(TAKES_OUTPUT,))


NOTHING = Words(
    "nothing in it that the checker knows: expected functions such as backprop(W, V, x, y), "
    "ReLU, softmax, forward or backward, or a training loop that updates W and V",
    "調べられるものがありません。backprop(W, V, x, y)、ReLU、softmax、forward、backward "
    "などの関数か、W と V を更新する学習ループが必要です",
)


def settings(found: Source, options: Options) -> tuple[Network, str]:
    """The network and the reduction: as the options say, or the file, or the lecture.

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
    reduction = options.reduction or said.get("REDUCTION", "mean")
    if reduction not in ("mean", "sum"):
        raise ValueError(f"unknown REDUCTION {reduction!r}: expected mean or sum")
    bias = said.get("BIAS", True) if options.bias is None else options.bias
    return Network(options.hidden or said.get("HIDDEN", "relu"), output, loss, bias), reduction


def _pieces(path: Path, found: Source) -> Pieces:
    loops = {str(loop.line): [*loop.body, *measured(loop)] for loop in found.loops}
    functions = list(found.functions.values())
    checked = [f for f in functions if _kind(f, found) is not None]
    bodies = [statement for body in loops.values() for statement in body]
    used = names_used([*checked, *bodies, *found.constants], found.functions)
    needed = [f for f in functions if f.name in used or f in checked]
    return Pieces(str(path), imports_of(found.imports, used), found.constants, needed, loops)


class Job(NamedTuple):
    """One thing to check: where it begins, its name, and what does it."""

    line: int
    name: str
    check: Callable[[Runner, Network], Sequence[Check]]

    def safely(
        self, runner: Runner, network: Network, seed: int | None = None
    ) -> tuple[Check, ...]:
        """Its checks; what was not foreseen is told of this one, and the rest goes on.

        With a seed, the derivation that they are judged by is confirmed at its points.
        """
        try:
            runner.clock.left()
            checks = tuple(self.check(runner, network))
            if seed is not None and any(one.stage in STAGES for one in checks):
                confirm(network, seed)
            return checks
        except OutOfTime as late:
            note = out_of_time(late)
            return (Check(self.name, "derivation", "timeout", self.line, remarks=(note,)),)
        except Exception as error:
            why = f"{type(error).__name__}: {error}"
            words = Words(f"could not be judged ({why})", f"判定できませんでした ({why})")
            note = Note("not-judged", words)
            return (Check(self.name, "derivation", "crashed", self.line, remarks=(note,)),)


def _work(found: Source, reduction: str, options: Options) -> list[Job]:
    """One job for each thing to check, in the order of the file."""
    jobs = [
        Job(function.lineno, name, _function_job(function, reduction, options))
        for name, function in found.functions.items()
        if name not in found.unfinished and _kind(function, found) is not None
    ]
    for name, line in found.unfinished.items():
        stage = _stage(name)
        if stage is not None:
            jobs.append(Job(line, name, _unfinished_job(name, stage, line)))
    for name, (line, why) in found.broken.items():
        stage = _stage(name)
        if stage is not None:
            jobs.append(Job(line, name, _broken_job(name, stage, line, why)))
    jobs += [Job(loop.line, LOOP, _loop_job(loop, reduction, options)) for loop in found.loops]
    if not found.loops and LOOP not in found.unfinished:
        jobs += [Job(line, LOOP, _unfinished_job(LOOP, "update", line)) for line in found.idle[:1]]
    return sorted(jobs, key=lambda job: job.line)


def _loop_job(loop: Loop, reduction: str, options: Options):
    return lambda runner, network: check_loop(runner, loop, network, reduction, options.seed)


def _stage(name: str) -> str | None:
    """The stage of a function that is unfinished, or None if it is none of the known ones."""
    if name == LOOP:
        return "update"
    kind = piece(name)
    if kind is not None:
        return STAGE[kind.kind]
    short = plain(name)
    if NOT_CHECKED.search(short):
        return None
    for pattern, stage in (
        (FORWARD, "z"),
        (UPDATE, "update"),
        (BACKWARD, "derivation"),
        (ERROR, "loss"),
    ):
        if pattern.search(short):
            return "delta1" if short == "backward" else stage
    return None


def _unfinished_job(name: str, stage: str, line: int):
    words = Words("is not written yet", "まだ書かれていません")
    note = Note("unfinished", words)
    return lambda runner, network: (Check(name, stage, "unfinished", line, remarks=(note,)),)


def _broken_job(name: str, stage: str, line: int, why: str):
    subject = Subject(name, lambda args: (None, args), (), line=line)
    return lambda runner, network: (crashed(subject, stage, why),)


def _parameters(function: ast.FunctionDef) -> tuple[str, ...]:
    """The parameters that have to be given, and what is known by a name that others have not."""
    a = function.args
    names = [one.arg for one in (*a.posonlyargs, *a.args)]
    required = names[: len(names) - len(a.defaults)] or names
    if piece(function.name) is not None:
        return tuple(required)
    found, longer = roles(required), roles(names[: len(required) + 1])
    if longer and len(required) < len(names) and {"W", "V", "x"} <= set(found):
        return tuple(names[: len(required) + 1])  # a step size with a default, say
    if found is None or not {"W", "V"} <= set(found):
        return tuple(names) if len(names) in (3, 4) else tuple(required)
    return tuple(required)


def _returned(function: ast.FunctionDef) -> tuple[str, ...]:
    """The names in the last return statement, if it has only names."""
    returns = [n for n in ast.walk(function) if isinstance(n, ast.Return) and n.value is not None]
    if not returns:
        return ()
    value = max(returns, key=lambda r: r.lineno).value
    parts = value.elts if isinstance(value, ast.Tuple | ast.List) else [value]
    return tuple(p.id for p in parts) if all(isinstance(p, ast.Name) for p in parts) else ()


def _kind(function: ast.FunctionDef, found: Source) -> str | None:
    """What a function is to be checked as; one with a training loop in it is that loop."""
    if piece(function.name) is not None:
        return "piece"
    lines = {n.lineno for n in ast.walk(function) if isinstance(n, ast.For | ast.While)}
    if lines & {*(loop.line for loop in found.loops), *found.idle, *found.deep, *found.hidden}:
        return None
    return _kind_by_names(function)


def _kind_by_names(function: ast.FunctionDef) -> str | None:
    short, parameters = plain(function.name), _parameters(function)
    found = roles(parameters)
    if NOT_CHECKED.search(short):
        return None
    if found is None:
        names = set(map(plain, parameters))
        if names & WHOLE or (short.startswith("back") and names & SAMPLE):
            return None  # a pass through a whole network, in a dict or an object
        if short.startswith(("forward", "fprop")) and len(parameters) in (3, 4):
            return "forward"
        return (
            "backward"
            if short.startswith(("backward", "bprop", "backprop")) and len(parameters) == 3
            else None
        )
    if not {"W", "V", "x"} <= set(found):
        return None
    if "y" not in found:
        return "network" if FORWARD.search(short) and "eta" not in found else None
    if "eta" in found:
        return "derivation"
    returned = _returned(function)
    named = [result_role(name, found) for name in returned]
    gives_gradients = (named and None not in named) or {"grads", "gradients"} & set(returned)
    if BACKWARD.search(short) or UPDATE.search(short) or gives_gradients:
        return "derivation"
    return "error" if ERROR.search(short) else None


def _function_job(function: ast.FunctionDef, reduction: str, options: Options):
    kind = "piece" if piece(function.name) else _kind_by_names(function)
    parameters = _parameters(function)

    def job(runner: Runner, network: Network) -> Sequence[Check]:
        def call(args: list) -> tuple[object, list]:
            return runner.call(function.name, args, sizes(parameters, args))

        subject = Subject(function.name, call, parameters, _returned(function), function.lineno)
        if kind == "piece":
            return check_piece(subject, piece(function.name))
        if kind == "forward":
            return check_forward(subject, network)
        if kind == "backward":
            return check_backward(subject)
        if kind == "network":
            return check_network(subject, network)
        if kind == "error":
            return check_error(subject, network, reduction)
        return check_derivation(subject, network, reduction=reduction, seed=options.seed)

    return job


def sizes(parameters: Sequence[str], args: Sequence) -> dict[str, int]:
    """d, q, m and n of these arguments, in place of those that a file has as constants."""
    found = roles(parameters)
    if found is None or "W" not in found or "V" not in found:
        return {}
    given = dict(zip(found, args, strict=True))
    apart = "b" in found
    return {
        "q": len(given["W"]),
        "d": given["W"].shape[1] - (0 if apart else 1),
        "m": len(given["V"]),
        "n": len(given["x"]) if np.ndim(given["x"]) == 2 else 1,
    }


def _remarks(found: Source, pieces: Pieces, run: Collection[int]) -> tuple[Note, ...]:
    """What was not looked at, neither by its names nor where it was run."""
    examined = {f.name for f in pieces.functions} | found.unfinished.keys()
    skipped = {name for name in found.functions if NOT_CHECKED.search(plain(name))}
    lines = {*(loop.line for loop in found.loops), *found.idle, *found.deep}
    left = overlooked(found.module, examined | skipped, lines)
    left = [one for one in left if not run & set(range(one.line, one.end + 1))]
    return (*remark(left, numbered=found.numbered), *_deep([] if run else found.deep))


def _deep(deep: Sequence[int]) -> tuple[Note, ...]:
    if not deep:
        return ()
    lines = ", ".join(map(str, deep))
    words = Words(f"a training loop with other than two matrices (line {lines}) is not checked",
                  f"行列が 2 つでない学習ループ ({lines} 行目) は調べていません")  # fmt: skip
    return (Note("deep", words),)


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
