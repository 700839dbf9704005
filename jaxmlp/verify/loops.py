"""The training steps of a file: loops that update W and V, as far as those depend on the body."""

import ast
import re
from collections.abc import Container, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from jaxmlp.verify.before import READERS, Known, sort_out
from jaxmlp.verify.calling import ROLE, plain, role_table
from jaxmlp.verify.clock import Clock
from jaxmlp.verify.names import blocks, called, live_in, loads, role_of_data, stores, words

COUNTS = words("range arange permutation trange shuffle sample choice count shuffled")
SIZES = ("d", "q", "m", "n")


@dataclass(frozen=True)
class Loop:
    """A training step: the body of a loop in which W and V are updated.

    Attributes:
        line: where the loop begins.
        body: the statements that the new parameters depend on, in order.
        reads: the names it reads before it has assigned them.
        W, V, b, c: what the parameters are called; None where there is none.
        counters: the variables of this loop and of those around it, with what each runs over.
        reader: whether the body reads its samples from files.
        eta: whether there is a step size, in the body or before it.
        adds_one: whether the data have no 1, but W has a column for it.
        known: what is known of the names from before it.
    """

    line: int
    body: list[ast.stmt]
    reads: tuple[str, ...]
    params: dict[str, str]
    counters: dict[str, ast.expr]
    reader: bool = False
    eta: bool = False
    adds_one: bool = False
    known: Known = field(default_factory=Known)


class Loops(NamedTuple):
    """The loops of a file.

    Attributes:
        training: the training steps.
        idle: lines of those that take a sample and update nothing yet.
        deep: lines of those with more matrices than two.
        hidden: lines of those whose step is in a function that cannot be taken out.
    """

    training: list[Loop]
    idle: list[int]
    deep: list[int]
    hidden: list[int]


def training_loops(module: ast.Module, functions: Container[str], clock: Clock) -> Loops:
    """The innermost loops that take a sample and update parameters.

    Args:
        functions: the names of the file's functions, which are no data.

    Raises:
        OutOfTime.
    """
    found = Loops([], [], [], [])

    def search(body: list[ast.stmt], before: list[ast.stmt], counters: dict) -> bool:
        any_found = False
        for number, statement in enumerate(body):
            earlier = [*before, *body[:number], *_defaults(statement)]
            inner = counters | _counters(statement)
            deeper = False
            for block in blocks(statement):
                deeper |= search(block, earlier, inner)
            clock.left()
            if isinstance(statement, ast.For | ast.While) and not deeper:
                deeper = _training_step(statement, earlier, inner, functions, found)
            any_found |= deeper
        return any_found

    search(module.body, [], {})
    return found


def _defaults(statement: ast.stmt) -> Iterator[ast.stmt]:
    """The parameters of a function as assignments; those without a default are given."""
    if isinstance(statement, ast.FunctionDef):
        a = statement.args
        names = [*a.posonlyargs, *a.args]
        given = len(names) - len(a.defaults)
        values = [*[None] * given, *a.defaults, *a.kw_defaults]
        for name, value in zip((*names, *a.kwonlyargs), values, strict=True):
            target = ast.Name(name.arg, ast.Store())
            made = ast.Assign([target], value) if value else ast.AnnAssign(target, target, None, 1)
            yield ast.fix_missing_locations(ast.copy_location(made, statement))


def _counters(statement: ast.stmt) -> dict[str, ast.expr]:
    """Loop variables, each with what it runs over: a call of `range` for all that are numbers."""
    if isinstance(statement, ast.While):
        changed = set().union(*map(stores, statement.body))
        number = ast.Call(ast.Name("range", ast.Load()), [], [])
        return dict.fromkeys(loads(statement.test) & changed, number)
    return _running(statement.target, statement.iter) if isinstance(statement, ast.For) else {}


def _running(target: ast.expr, over: ast.expr) -> dict[str, ast.expr]:
    name = called(over) if isinstance(over, ast.Call) else ""
    if name == "tqdm" and over.args:
        return _running(target, over.args[0])
    if isinstance(target, ast.Name):
        return {target.id: over}
    parts = target.elts if isinstance(target, ast.Tuple | ast.List) else []
    if name == "enumerate" and len(parts) == 2:
        number = ast.Call(ast.Name("range", ast.Load()), [], [])
        return _running(parts[0], number) | _running(parts[1], over.args[0])
    if name == "zip" and len(parts) == len(over.args):
        found = {}
        for part, one in zip(parts, over.args, strict=True):
            found |= _running(part, one)
        return found
    return {n.id: over for n in ast.walk(target) if isinstance(n, ast.Name)}


def numbers(over: ast.expr) -> bool:
    """Whether what a loop runs over is certainly numbers."""
    return isinstance(over, ast.Call) and called(over) in COUNTS


def _training_step(
    loop: ast.For | ast.While,
    before: list[ast.stmt],
    counters: dict[str, ast.expr],
    functions: Container[str],
    found: Loops,
) -> bool:
    """Add a loop, if it is one that trains; whether it is."""
    params = _parameters(loop)
    if params.keys() - {"W", "V", "b", "c"} or any(len(names) > 1 for names in params.values()):
        found.deep.append(loop.lineno)
        return True
    if not params.get("W") and not params.get("V"):
        if _takes_a_sample(loop) and _has_parameters(before) and not _adds_up(loop):
            (found.hidden if _passes_on(loop) else found.idle).append(loop.lineno)
        return False
    if not (params.get("W") and params.get("V")) and not _has_sample(loop):
        return False  # a loop over the units, of a step that stands around it
    chosen = {role: names[0] for role, names in params.items()}
    body, reader = _without_readers(_slice(loop.body, set(chosen.values())))
    if not params.get("V") and not _reads_both(body, chosen):
        return False  # the perceptron of the lesson before
    known = sort_out(before, functions, _put_in)
    setup = _setup([*known.harmless], body, {*chosen.values(), *counters})
    body, more = _without_readers([*setup, *body], known.unknown)
    reads = tuple(name for name in live_in(body) if name not in functions)
    there = set().union(*map(stores, [*before, *loop.body]))
    eta = any(ROLE.get(plain(name)) == "eta" for name in there if name not in functions)
    adds_one = _one_column_more(before, chosen.get("W"))
    made = Loop(loop.lineno, body, reads, chosen, counters, reader or more, eta, adds_one, known)
    found.training.append(made)
    return True


def _reads_both(body: list[ast.stmt], chosen: dict) -> bool:
    """Whether a V is read, though only W is updated yet."""
    return any(ROLE.get(plain(name)) == "V" for name in live_in(body)) and bool(chosen)


def _takes_a_sample(loop: ast.For | ast.While) -> bool:
    stored = {ROLE.get(plain(name)) for s in loop.body for name in stores(s)}
    text = " ".join(ast.dump(s) for s in loop.body)
    return {"x", "y"} <= stored and "test" not in text


def _has_sample(loop: ast.For | ast.While) -> bool:
    """Whether a loop has an x of its own: assigned, counted through, or a row of the data."""
    own = set(_counters(loop)).union(*map(stores, loop.body))
    if any(ROLE.get(plain(name)) == "x" for name in own):
        return True
    rows = [n for s in loop.body for n in ast.walk(s) if isinstance(n, ast.Subscript)]
    return any(
        isinstance(r.value, ast.Name) and role_of_data(r.value.id) == "x" and loads(r.slice) & own
        for r in rows
    )


def _has_parameters(before: list[ast.stmt]) -> bool:
    """Whether W and V are there before a loop."""
    made = [s for s in before if not isinstance(s, ast.FunctionDef | ast.ClassDef)]
    there = {ROLE.get(plain(name)) for s in made for name in stores(s)}
    return {"W", "V"} <= there


def _adds_up(loop: ast.For | ast.While) -> bool:
    """Whether something is added up or changed in place there, that is no count."""
    inside = [n for s in loop.body for n in ast.walk(s) if isinstance(n, ast.AugAssign)]
    return not all(isinstance(n.value, ast.Constant) for n in inside)


def _passes_on(loop: ast.For | ast.While) -> bool:
    """Whether the step may be in a function that changes what it is given."""
    inside = [n for s in loop.body for n in ast.walk(s) if isinstance(n, ast.Expr)]
    calls = [n.value for n in inside if isinstance(n.value, ast.Call)]
    return any(called(call) not in ("print", "append", "set_description") for call in calls)


def _parameters(loop: ast.For | ast.While) -> dict[str, list[str]]:
    """By role, the parameters that the loop reads and then assigns; w3 is a role of its own."""
    live = set(live_in(loop.body))
    stored = {name for s in loop.body for name in stores(s)} & live
    table = role_table(stored)
    found: dict[str, list[str]] = {}
    for name in sorted(stored):
        role = table.get(plain(name))
        if role is None and re.fullmatch(r"[wvb]\d+", plain(name)):
            role = plain(name)
        if role in ("W", "V", "b", "c") or re.fullmatch(r"[wvb]\d+", role or ""):
            found.setdefault(role, []).append(name)
    return found


def _slice(body: list[ast.stmt], wanted: set[str]) -> list[ast.stmt]:
    """The statements that what is wanted depends on; no printing, no bookkeeping."""
    needed, kept = set(wanted), []
    for statement in reversed(body):
        if isinstance(statement, ast.FunctionDef):
            continue
        if stores(statement) & needed or _delta(statement):
            kept.append(statement)
            needed |= loads(statement)
    return kept[::-1]


def _delta(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Assign) and any("delta" in plain(n) for n in stores(statement))


def _setup(before: list[ast.stmt], body: list[ast.stmt], bound: set[str]) -> list[ast.stmt]:
    """What stands before the loop, is simple, and computes a name that the loop reads."""
    kept: list[ast.stmt] = []
    for statement in reversed(before):
        names = stores(statement)
        wanted = set(live_in([*kept[::-1], *body])) - bound
        if not isinstance(statement, ast.Assign) or not names & wanted:
            continue
        if not _given(names) or _counted_from(statement) or _size_of_data(statement):
            kept.append(statement)
    return kept[::-1]


def _counted_from(statement: ast.Assign) -> bool:
    """Whether a number is put under the name of a sample: t = 0, which counts the steps."""
    number = isinstance(statement.value, ast.Constant)
    return number and all(role_of_data(name) in ("x", "y") for name in stores(statement))


def _size_of_data(statement: ast.Assign) -> bool:
    """Whether a size read off the data has another name than it has here: m for the samples."""
    return any(name in SIZES and name != usual for name, usual in _sizes_read(statement).items())


def _sizes_read(statement: ast.stmt) -> dict[str, str]:
    """The sizes of the data that are read off here, by the name they get: n or d.

    N, p = X.shape gives {"N": "n", "p": "d"}; also known are len(X), X.shape[0] and X.shape[-1].
    "?" is Y.shape[1]: m, or n where the samples are columns.
    """
    if not isinstance(statement, ast.Assign):
        return {}
    target, data, axes = statement.targets[0], *_axes_read(statement.value)
    sizes = {"x": "nd", "y": "n?"}.get(role_of_data(data) or "", "")
    names = [getattr(t, "id", "") for t in (getattr(target, "elts", None) or [target])]
    if not sizes or len(names) != len(axes):
        return {}
    return {name: sizes[axis] for name, axis in zip(names, axes, strict=True) if name}


def _axes_read(value: ast.expr) -> tuple[str, list[int]]:
    """The array whose sizes along these axes a value gives."""
    match value:
        case ast.Call(ast.Name("len"), [ast.Name(data)]):
            return data, [0]
        case ast.Attribute(ast.Name(data), "shape"):
            return data, [0, 1]
        case ast.Subscript(ast.Attribute(ast.Name(data), "shape"), axis):
            known = {"0": [0], "1": [1], "-1": [1]}
            return data, known.get(ast.unparse(axis), [])
    return "", []


def _one_column_more(before: list[ast.stmt], W: str | None) -> bool:
    """Whether W is made with d + 1 columns, d being those of data that stay as they are."""
    width, found = None, False
    for statement in before:
        names = stores(statement)
        if any(role_of_data(name) == "x" for name in names):
            width, found = None, False
        width = next((name for name, size in _sizes_read(statement).items() if size == "d"), width)
        if W in names and width:
            sums = (n for n in ast.walk(statement) if isinstance(n, ast.BinOp))
            found = any(ast.unparse(n) in (f"{width} + 1", f"1 + {width}") for n in sums)
    return found


def _given(names: set[str]) -> bool:
    """Whether it makes the data, the parameters or the order, for which others are put in."""
    return any(_put_in(name) and role_of_data(name) != "eta" for name in names)


def _put_in(name: str) -> bool:
    return role_of_data(name) is not None or name in SIZES or drawn(name) is not None


def drawn(name: str) -> str | None:
    """What a name says of the order of the samples: "order", "batch", "size", or nothing."""
    short = plain(name)
    if "batch" in short:
        return "size" if "size" in short else "batch" if re.search("mask|id|ind", short) else None
    known = "index idx indices inds perm order permutation randidx mask shuffled rand ids shuffle"
    return "order" if short in known.split() else None


def _without_readers(
    body: list[ast.stmt], unknown: frozenset[str] = frozenset()
) -> tuple[list[ast.stmt], bool]:
    """The body with `__sample__` in place of every call that reads a file, `lr` for `args.lr`."""
    swap = _Swap(unknown)
    return [ast.fix_missing_locations(swap.visit(s)) for s in body], swap.found


class _Swap(ast.NodeTransformer):
    def __init__(self, unknown: frozenset[str]):
        self.found, self.unknown = False, unknown

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        self.generic_visit(node)
        if ROLE.get(plain(node.attr)) == "eta" and getattr(node.value, "id", "") in self.unknown:
            return ast.copy_location(ast.Name(node.attr, ast.Load()), node)
        return node

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        if called(node) not in READERS:
            return node
        self.found = True
        return ast.copy_location(ast.Name("__sample__", ast.Load()), node)
