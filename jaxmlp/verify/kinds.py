"""What a function is to be checked as, by its name and those of its parameters."""

import ast
import functools
import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

from jaxmlp.network import Network
from jaxmlp.verify.calling import Subject
from jaxmlp.verify.claimed import confirm
from jaxmlp.verify.ending import crashed, out_of_time
from jaxmlp.verify.finding import Check, Note, Words
from jaxmlp.verify.judge.stages import STAGES
from jaxmlp.verify.loss_slopes import check_slope
from jaxmlp.verify.names import (
    NOT_CHECKED,
    TRAINS,
    called_name,
    imports_of,
    names_used,
    plain_name,
    roles,
    words,
)
from jaxmlp.verify.passes import check_backward, check_forward
from jaxmlp.verify.pieces import STAGE, piece
from jaxmlp.verify.run.outcome import BudgetSpent
from jaxmlp.verify.run.pieces import Pieces
from jaxmlp.verify.run.runner import Runner
from jaxmlp.verify.small import check_piece
from jaxmlp.verify.source import Source

LOOP = "training loop"
UNWRITTEN = Words("is not written yet", "まだ書かれていません")
STILL = Words("is not updated yet", "まだ更新されていません")
BACKWARD = re.compile(r"grad|back|delta|deriv|bp|nabla|gyaku|dloss|derror")
UPDATE = re.compile(r"update|step|sgd|learn|descent|optimi|fit|train|koushin")
ERROR = re.compile(r"loss|error|cost|objective|energy|ent[r]?o?py|^e$|^j$")
FORWARD = re.compile(
    r"forward|fprop|propagat|predict|network|output|^model|^f$|junden|^nn$|inference"
)
SINGLE_STEP = re.compile(r"step|update|batch|sample|one", re.IGNORECASE)
COUNTS = re.compile(r"epoch|iter", re.IGNORECASE)  # steps
NETWORK_NAMES = words("self params parameters param cache grads model net network layers")
SAMPLE = words("x xi xn t ti y yi loss")


def pieces_of(path: str, source: Source, *, declared: bool) -> Pieces:
    """What of a file has to run for its functions to be called.

    Args:
        declared: whether the network is, so that derivations of the exercise are called.
    """
    functions = list(source.functions.values())
    whole = derivations(source) if declared else ()
    checked = [f for f in functions if kind(f) is not None or f.name in whole]
    used = names_used([*checked, *source.constants], source.functions)
    needed = [f for f in functions if f.name in used or f in checked]
    return Pieces(path, imports_of(source.imports, used), source.constants, needed)


JobChecker = Callable[[Runner, Network], Sequence[Check]]
SubjectChecker = Callable[[Subject, Network], Sequence[Check]]


class Job(NamedTuple):
    """One thing to check: where it begins, its name, and what does it."""

    line: int
    name: str
    check: JobChecker

    def safely(
        self, runner: Runner, network: Network, seed: int | None = None
    ) -> tuple[Check, ...]:
        """Its checks; what was not foreseen is told of this one, and the rest goes on.

        With a seed, the derivation that they are judged by is confirmed at its points.
        """
        try:
            runner.clock.left()
            checks = tuple(self.check(runner, network))
            if seed is not None and any(check.stage in STAGES for check in checks):
                confirm(network, seed)
            return checks
        except BudgetSpent as late:
            note = out_of_time(late)
            return (Check(self.name, "derivation", "timeout", self.line, remarks=(note,)),)
        except Exception as error:
            why = f"{type(error).__name__}: {error}"
            words = Words(f"could not be judged ({why})", f"判定できませんでした ({why})")
            note = Note("not-judged", words)
            return (Check(self.name, "derivation", "crashed", self.line, remarks=(note,)),)


def work(source: Source, exercise: SubjectChecker | None = None) -> list[Job]:
    """One job for each function to check, in the order of the file.

    Args:
        exercise: how a derivation of the exercise is judged, where its network is declared; else
            it is what it computes when the file is run.
    """
    softmax, whole = _speaks_of(source.module, "softmax"), derivations(source) if exercise else ()
    ways = {name: _as_subject(source.functions[name], exercise) for name in whole if exercise}
    for name, function in source.functions.items():
        if kind(function) is not None:
            ways[name] = _function_job(function, softmax=softmax)
    jobs = [Job(source.functions[name].lineno, name, way) for name, way in ways.items()
            if name not in source.unfinished]  # fmt: skip
    for name, line in source.unfinished.items():
        stage = stage_of(name)
        if stage is not None:
            blank = unwritten(name, stage, line)
            jobs.append(Job(line, name, lambda *_, check=blank: (check,)))
    for name, (line, why) in source.broken.items():
        stage = stage_of(name)
        if stage is not None:
            said = crashed(name, stage, line, why)
            jobs.append(Job(line, name, lambda *_, check=said: (check,)))
    return sorted(jobs, key=lambda job: job.line)


def stage_of(name: str) -> str | None:
    """The stage of a function that is unfinished, or None if it is none of the known ones."""
    kind = piece(name)
    if kind is not None:
        return STAGE[kind.kind]
    short = plain_name(name)
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


def unwritten(name: str, stage: str, line: int | None, words: Words = UNWRITTEN) -> Check:
    """A check of what is not there yet."""
    return Check(name, stage, "unfinished", line, remarks=(Note("unfinished", words),))


def _parameters(function: ast.FunctionDef) -> tuple[str, ...]:
    """The parameters that have to be given; all, where all have defaults."""
    a = function.args
    names = [argument.arg for argument in (*a.posonlyargs, *a.args)]
    return tuple(names[: len(names) - len(a.defaults)] or names)


def _returned(function: ast.FunctionDef) -> tuple[str, ...]:
    """The names in the last return statement, if it has only names."""
    returns = [n for n in ast.walk(function) if isinstance(n, ast.Return) and n.value is not None]
    if not returns:
        return ()
    value = max(returns, key=lambda r: r.lineno).value
    parts = value.elts if isinstance(value, ast.Tuple | ast.List) else [value]
    names = [p.id for p in parts if isinstance(p, ast.Name)]
    return tuple(names) if len(names) == len(parts) else ()


def kind(function: ast.FunctionDef) -> str | None:
    """What a function is by its name: a "piece", the exercise's "forward" or "backward"."""
    return "piece" if _is_piece(function) else _part_of_exercise(function)


def _is_piece(function: ast.FunctionDef) -> bool:
    """Whether it is f, f', softmax or a loss; what a layer does takes more than u."""
    meaning = piece(function.name)
    if meaning is None or (meaning.of == "identity" and "back" in plain_name(function.name)):
        return False  # the way back through a layer without f gives what it is given
    if len(_parameters(function)) <= 1:
        return True
    if meaning.of == "identity":
        return False
    if meaning.kind == "derivative" and len(_parameters(function)) == 2:
        return True
    return meaning.kind not in ("derivative", "loss-slope") or "back" not in plain_name(
        function.name
    )


def _part_of_exercise(function: ast.FunctionDef) -> str | None:
    """forward(x, W, f), backward(Ṽ, δ2, f'(u)): of one layer, with what it needs handed over."""
    short, parameters = plain_name(function.name), _parameters(function)
    names = set(map(plain_name, parameters))
    if NOT_CHECKED.search(short) or roles(parameters) is not None or names & NETWORK_NAMES:
        return None
    if short.startswith("back") and names & SAMPLE:
        return None  # a pass through a whole network
    if short.startswith(("forward", "fprop")) and len(parameters) in (3, 4):
        return None if _added(function) & set(parameters[2:]) else "forward"  # a bias is no f
    backs = short.startswith(("backward", "bprop", "backprop"))
    return "backward" if backs and len(parameters) == 3 else None


def _added(function: ast.FunctionDef) -> set[str]:
    """The names that something is computed with as they are, as with arrays."""
    operands: list[ast.expr] = []
    for node in ast.walk(function):
        if isinstance(node, ast.BinOp):
            operands += [node.left, node.right]
        elif isinstance(node, ast.AugAssign):
            operands.append(node.value)
        elif isinstance(node, ast.Call) and called_name(node) == "add":
            operands += node.args
    return {operand.id for operand in operands if isinstance(operand, ast.Name)}


def derivations(source: Source) -> dict[str, tuple[str, ...]]:
    """The functions that are of the exercise by the names of their parameters, W, V, x and y, and
    make no more than one step; with these names."""
    parameters = {name: _parameters(function) for name, function in source.functions.items()}
    return {name: names for name, names in parameters.items()
            if {"W", "V", "x", "y"} <= set(roles(names) or ())
            and not (NOT_CHECKED.search(plain_name(name)) or _makes_steps(source.functions[name]))
    }  # fmt: skip


def _makes_steps(function: ast.FunctionDef) -> bool:
    """Whether it is a whole training, by its name or by what it counts."""
    trains = TRAINS.search(function.name) and not SINGLE_STEP.search(function.name)
    names = (getattr(n, "id", getattr(n, "arg", None)) or "" for n in ast.walk(function))
    return bool(trains) or any(map(COUNTS.search, names))


def _speaks_of(node: ast.AST, *words: str) -> bool:
    """Whether a name in it has one of these words in it."""
    names = (getattr(n, key, None) for n in ast.walk(node) for key in ("id", "attr", "name"))
    return any(word in name.lower() for name in names if isinstance(name, str) for word in words)


def _as_subject(function: ast.FunctionDef, judged: SubjectChecker) -> JobChecker:
    """What judges a function by what it gives."""
    parameters, returned = _parameters(function), _returned(function)

    def job(runner: Runner, network: Network) -> Sequence[Check]:
        call = functools.partial(runner.call, function.name)
        subject = Subject(function.name, call, parameters, returned, function.lineno)
        return judged(subject, network)

    return job


def _function_job(function: ast.FunctionDef, *, softmax: bool) -> JobChecker:
    def judged(subject: Subject, network: Network) -> Sequence[Check]:
        if _is_piece(function):
            meaning = piece(function.name)
            if meaning.kind == "loss-slope":
                return check_slope(subject, meaning)
            of_logits = _speaks_of(function, "softmax", "sigmoid", "exp")
            return check_piece(subject, meaning, softmax=softmax, of_logits=of_logits)
        forward = kind(function) == "forward"
        return check_forward(subject, network) if forward else check_backward(subject)

    return _as_subject(function, judged)
