"""What a file has, each thing checked as what it is."""

import ast
import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from jaxmlp.network import Network
from jaxmlp.verify import source
from jaxmlp.verify.calling import Subject, plain, result_role, roles
from jaxmlp.verify.check import check_derivation
from jaxmlp.verify.child import Pieces
from jaxmlp.verify.finding import Check, File, Note, Words
from jaxmlp.verify.passes import check_backward, check_error, check_forward, check_network
from jaxmlp.verify.pieces import piece
from jaxmlp.verify.runner import LIMIT, Runner
from jaxmlp.verify.small import STAGE, check_piece
from jaxmlp.verify.source import Source
from jaxmlp.verify.training import check_loop

BACKWARD = re.compile(r"grad|back|delta|deriv|bp|nabla|gyaku|dloss|derror")
UPDATE = re.compile(r"update|step|sgd|learn|descent|optimi|fit|train|koushin")
ERROR = re.compile(r"loss|error|cost|objective|energy|ent[r]?o?py|^e$|^j$")
FORWARD = re.compile(
    r"forward|fprop|propagat|predict|network|output|^model|^f$|junden|^nn$|inference"
)
NOT_CHECKED = re.compile(
    r"numerical|numeric|accuracy|evaluate|plot|confusion|finite|^test|gradcheck|checkgrad"
)


class Options(NamedTuple):
    """What the command line says of all files; None: what each file says, or else the lecture.

    Attributes:
        hidden, output, loss, reduction: names.
        limit: seconds that one call may take.
        seed: of the random points.
    """

    hidden: str | None = None
    output: str | None = None
    loss: str | None = None
    reduction: str | None = None
    limit: float = LIMIT
    seed: int = 0


def verify_file(path: str | Path, options: Options = Options()) -> File:  # noqa: B008
    """Check all that a .py or .ipynb file defines and the checker knows, without running the file.

    Returns:
        Its checks in the order of the file; where it cannot be read, or has nothing to check,
        `problem` says why.

    Example:
        >>> import tempfile, pathlib
        >>> folder = tempfile.TemporaryDirectory()
        >>> path = pathlib.Path(folder.name) / "homework.py"
        >>> _ = path.write_text("def sigmoid(x):\\n    return 1 / (1 + np.exp(x))\\nimport numpy as np")
        >>> [(c.name, c.verdict, c.diagnosis[0].id) for c in verify_file(path).checks]
        [('sigmoid', 'wrong', 'sigmoid-of-minus')]
        >>> folder.cleanup()
    """
    path = Path(path)
    try:
        found = source.read(path)
        network, reduction = settings(found, options)
    except (OSError, ValueError) as why:
        text = " ".join(str(getattr(why, "strerror", None) or why).split())
        return File(str(path), problem=Words(text, text))
    work = _work(found, network, reduction, options)
    pieces = _pieces(path, found)
    with Runner(pieces, limit=options.limit) as runner:
        checks = [one for job in work for one in job(runner)]
    if not checks:
        return File(str(path), remarks=_remarks(found), problem=NOTHING)
    numbered = (
        checks
        if found.numbered
        else [one.__class__(**{**vars(one), "line": None}) for one in checks]
    )
    return File(str(path), tuple(numbered), (*_remarks(found), _network_note(network)))


NOTHING = Words(
    "nothing in it that the checker knows: expected functions such as backprop(W, V, x, y), "
    "ReLU, softmax, forward or backward, or a training loop that updates W and V",
    "調べられるものがありません。backprop(W, V, x, y)、ReLU、softmax、forward、backward などの関数か、"
    "W と V を更新する学習ループが必要です",
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
    return Network(options.hidden or said.get("HIDDEN", "relu"), output, loss), reduction


def _pieces(path: Path, found: Source) -> Pieces:
    loops = {str(loop.line): loop.body for loop in found.loops}
    functions = list(found.functions.values())
    checked = [f for f in functions if _kind(f) is not None]
    bodies = [statement for body in loops.values() for statement in body]
    used = source.names_used([*checked, *bodies, *found.constants], found.functions)
    needed = [f for f in functions if f.name in used or f in checked]
    return Pieces(str(path), source.imports_of(found.imports, used), found.constants, needed, loops)


def _work(found: Source, network: Network, reduction: str, options: Options) -> list:
    """One job for each thing to check, in the order of the file."""
    jobs: list[tuple[int, object]] = []
    for name, function in found.functions.items():
        if name not in found.unfinished and _kind(function) is not None:
            jobs.append((function.lineno, _function_job(function, network, reduction, options)))
    for name, line in found.unfinished.items():
        stage = _stage(name, found)
        if stage is not None:
            jobs.append((line, _unfinished_job(name, stage, line)))
    for loop in found.loops:
        jobs.append(
            (
                loop.line,
                lambda runner, loop=loop: check_loop(
                    runner, loop, network, reduction, options.seed
                ),
            )
        )
    if not found.loops:
        for line in found.idle[:1]:
            jobs.append((line, _unfinished_job("training loop", "update", line)))
    return [job for _, job in sorted(jobs, key=lambda one: one[0])]


def _stage(name: str, found: Source) -> str | None:
    """The stage of a function that is unfinished, or None if it is none of the known ones."""
    if name == "training loop":
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
    return lambda runner: (Check(name, stage, "unfinished", line, remarks=(note,)),)


def _parameters(function: ast.FunctionDef) -> tuple[str, ...]:
    """The parameters that have to be given, and those with defaults that have a known role."""
    a = function.args
    names = [one.arg for one in (*a.posonlyargs, *a.args)]
    required = names[: len(names) - len(a.defaults)]
    return tuple(required) or tuple(names)


def _returned(function: ast.FunctionDef) -> tuple[str, ...]:
    """The names in the last return statement, if it has only names."""
    returns = [n for n in ast.walk(function) if isinstance(n, ast.Return) and n.value is not None]
    if not returns:
        return ()
    value = max(returns, key=lambda r: r.lineno).value
    parts = value.elts if isinstance(value, ast.Tuple | ast.List) else [value]
    return tuple(p.id for p in parts) if all(isinstance(p, ast.Name) for p in parts) else ()


def _kind(function: ast.FunctionDef) -> str | None:
    """What a function is to be checked as."""
    if piece(function.name) is not None:
        return "piece"
    short, parameters = plain(function.name), _parameters(function)
    found = roles(parameters)
    if NOT_CHECKED.search(short):
        return None
    if found is None:
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
    named = [result_role(name, found) for name in _returned(function)]
    if BACKWARD.search(short) or UPDATE.search(short) or (named and None not in named):
        return "derivation"
    return "error" if ERROR.search(short) else None


def _function_job(function: ast.FunctionDef, network: Network, reduction: str, options: Options):
    kind, parameters = _kind(function), _parameters(function)

    def job(runner: Runner) -> Sequence[Check]:
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
    """d, q, m and n of these arguments, for a function that reads them from its file's constants."""
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


def _remarks(found: Source) -> tuple[Note, ...]:
    if not found.deep:
        return ()
    lines = ", ".join(map(str, found.deep))
    words = Words(f"a training loop with other than two matrices (line {lines}) is not checked",
                  f"行列が 2 つでない学習ループ ({lines} 行目) は調べていません")  # fmt: skip
    return (Note("deep", words),)


def _network_note(network: Network) -> Note:
    names = f"{network.hidden.name}, {network.output.name}, {network.loss.name}"
    return Note(
        "network",
        Words(f"checked against the network {names}", f"ネットワーク {names} として調べました"),
    )
