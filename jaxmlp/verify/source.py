"""A person's file, read and taken apart without being run.

Out of its syntax tree come the functions, the imports and simple constants that they need, and
the body of the training loop, as far as the parameters depend on it.
"""

import ast
import codecs
import io
import json
import re
import tokenize
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from jaxmlp.verify.calling import ROLE, plain
from jaxmlp.verify.pieces import piece


def words(text: str) -> frozenset[str]:
    """The words of a table."""
    return frozenset(text.split())


ENCODINGS = ("utf-8", "cp932", "euc_jp")
SIMPLE_CALLS = words(
    "identity eye zeros ones full array asarray arange linspace vectorize vmap jit grad "
    "partial float32 float64 int float tuple list dict range len value_and_grad namedtuple"
)
READERS = words("genfromtxt loadtxt read_csv read_table fromfile imread open_image load fromstring")
COUNTS = words("range arange permutation trange shuffle sample choice count shuffled")
SIZES = ("d", "q", "m", "n")
RUNNING_CELL = re.compile(r"%%(time|timeit|capture|prun)\b.*\n?")
PRINT = re.compile(r"^(\s*)print\s+(?![=(])(.+)$", re.MULTILINE)
HALF = re.compile(r"[=+\-*/@,(\[]\s*(#.*)?$")
TRAINING = re.compile(r"\b(xi|yi|ti|eta\w*|delta\w*|x_train|X_train|lr|learning_rate)\b")
SETTINGS = ("HIDDEN", "OUTPUT", "LOSS", "REDUCTION")


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
    """

    line: int
    body: list[ast.stmt]
    reads: tuple[str, ...]
    params: dict[str, str]
    counters: dict[str, ast.expr]
    reader: bool = False
    eta: bool = False


@dataclass(frozen=True)
class Source:
    """What a file has.

    Attributes:
        functions: definitions, in order, those of one name replaced by the last.
        unfinished: (name, line) of functions that have no body yet, or half a line.
        broken: (line, why) by name, of functions that have a syntax error otherwise.
        imports, constants: statements.
        settings: HIDDEN, OUTPUT, LOSS, REDUCTION, where the file gives them.
        loops: the training steps found.
        idle: lines of loops that take a sample and update nothing yet.
        deep: whether there is a training loop with more matrices than two.
        numbered: whether line numbers are those of the file.
    """

    functions: dict[str, ast.FunctionDef] = field(default_factory=dict)
    unfinished: dict[str, int] = field(default_factory=dict)
    broken: dict[str, tuple[int, str]] = field(default_factory=dict)
    imports: list[ast.stmt] = field(default_factory=list)
    constants: list[ast.stmt] = field(default_factory=list)
    settings: dict[str, str] = field(default_factory=dict)
    loops: list[Loop] = field(default_factory=list)
    idle: list[int] = field(default_factory=list)
    deep: list[int] = field(default_factory=list)
    numbered: bool = True


def read(path: Path) -> Source:
    """What a .py or .ipynb file has.

    Raises:
        OSError: it cannot be read.
        ValueError: it is no text, or no notebook.
    """
    data = path.read_bytes()
    if path.suffix == ".ipynb":
        return take_apart(_of_cells(notebook_cells(decoded(data))), numbered=False)
    return take_apart(parsed(decoded(data)))


def _of_cells(cells: list[str]) -> Iterator["ast.stmt | Flaw"]:
    """The statements of all cells, their lines counted on: one broken cell spoils no other."""
    lines = 0
    for cell in cells:
        for one in parsed(cell):
            if isinstance(one, Flaw):
                yield one._replace(line=one.line + lines)
            else:
                yield ast.increment_lineno(one, lines)
        lines += cell.count("\n") + 1


def decoded(data: bytes) -> str:
    """Text in UTF-8, with or without a mark, UTF-16 with one, Shift-JIS, EUC-JP, or as it declares.

    Raises:
        ValueError: it is none of these.
    """
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return _unix(data.decode("utf-16"))
    try:
        declared, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
    except SyntaxError:
        declared = "utf-8"
    for encoding in (declared, *ENCODINGS):
        try:
            text = data.decode("utf-8-sig" if encoding == "utf-8" else encoding)
        except (UnicodeDecodeError, LookupError):
            continue
        if "\0" in text:
            break
        return _unix(text)
    raise ValueError("expected a text file in UTF-8 or Shift-JIS, got something else")


def _unix(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def notebook_cells(text: str) -> list[str]:
    """The code cells of a notebook, without magics and shell commands.

    Raises:
        ValueError: it is no notebook.
    """
    try:
        cells = json.loads(text)["cells"]
        code = ["".join(c["source"]) for c in cells if c["cell_type"] == "code"]
    except (ValueError, KeyError, TypeError):
        raise ValueError(
            "expected a Jupyter notebook (JSON with cells), got something else"
        ) from None
    return [_without_magics(RUNNING_CELL.sub("", cell, count=1)) for cell in code
            if RUNNING_CELL.match(cell) or not cell.startswith("%%")]  # fmt: skip


def _without_magics(cell: str) -> str:
    """A cell as Python: what is Python already may have lines that begin with %."""
    try:
        ast.parse(cell)
    except (SyntaxError, ValueError, RecursionError):
        return re.sub(r"^[ \t]*[%!?].*$", "", cell, flags=re.MULTILINE)
    return cell


class Flaw(NamedTuple):
    """What cannot be parsed.

    Attributes:
        name: of the function, or "training loop".
        line: where it begins.
        why: the syntax error; empty where something is not written yet.
    """

    name: str
    line: int
    why: str = ""


def parsed(text: str) -> list[ast.stmt | Flaw]:
    """Its statements, and the functions that cannot be parsed."""
    try:
        return _tree(text).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return [one for chunk in _chunks(text) for one in _parsed_chunk(*chunk)]


def _tree(text: str) -> ast.Module:
    """The syntax tree; a print of Python 2 is understood."""
    with warnings.catch_warnings():  # of a "\\d" in the person's own strings
        warnings.simplefilter("ignore")
        try:
            return ast.parse(text)
        except SyntaxError:
            newer = PRINT.sub(r"\1print(\2)", text)
            if newer == text:
                raise
            return ast.parse(newer)


def _chunks(text: str) -> Iterator[tuple[str, int]]:
    """(a piece of text, its first line): split before each line that begins a statement."""
    goes_on = re.compile(r"(else|elif|except|finally)\b")
    lines, first = [], 1
    for number, line in enumerate(text.split("\n"), 1):
        begins = re.match(r"[A-Za-z_@]", line) and not goes_on.match(line)
        if begins and not (lines and lines[-1].startswith("@")):
            yield "\n".join(lines), first
            lines, first = [], number
        lines.append(line)
    yield "\n".join(lines), first


def _parsed_chunk(chunk: str, first: int) -> list[ast.stmt | Flaw]:
    try:
        body = _tree(chunk).body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        return _flaws(chunk, first, error)
    for statement in body:
        ast.increment_lineno(statement, first - 1)
    return body


def _flaws(chunk: str, first: int, error: Exception) -> list[Flaw]:
    match = re.match(r"(?:@.*\n)*(?:async )?def\s+(\w+)", chunk)
    if not match and not (re.match(r"for|while|if", chunk) and TRAINING.search(chunk)):
        return []
    line = getattr(error, "lineno", None) or 1
    written = (chunk.split("\n")[line - 1 : line] or [""])[0]
    half = "indented block" in str(error) or "never closed" in str(error) or HALF.search(written)
    why = (
        ""
        if half
        else f"{type(error).__name__}: {getattr(error, 'msg', error)} (line {first + line - 1})"
    )
    return [Flaw(match[1] if match else "training loop", first, why)]


def take_apart(statements: Iterable[ast.stmt | Flaw], *, numbered: bool = True) -> Source:
    """Sort the statements of a file by what they are to the checker."""
    found = Source(numbered=numbered)
    parts = list(statements)
    for name, line, why in (part for part in parts if isinstance(part, Flaw)):
        if why:
            found.broken[name] = (line, why)
        else:
            found.unfinished[name] = line
    module = ast.Module([part for part in parts if isinstance(part, ast.stmt)], [])
    closures = set(_closures(module))
    for node in _outside_classes(module):
        if node in closures:
            continue
        if isinstance(node, ast.FunctionDef):
            found.functions.pop(node.name, None)  # the last definition counts, in its own place
            found.functions[node.name] = node
            for enclosing in (found.unfinished, found.broken):
                enclosing.pop(node.name, None)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            found.imports.append(node)
    for name, function in found.functions.items():
        if empty(function):
            found.unfinished[name] = function.lineno
    _constants(module, found)
    for node in ast.walk(module):
        _effects(node, found.functions)
    _training_loops(module, found)
    return found


def _closures(module: ast.Module) -> Iterator[ast.FunctionDef]:
    """Functions inside functions that use what is local there: they cannot be taken out."""
    for outer in (n for n in ast.walk(module) if isinstance(n, ast.FunctionDef)):
        local = _arguments(outer).union(*map(stores, outer.body))
        for inner in (
            n for n in ast.walk(outer) if isinstance(n, ast.FunctionDef) and n is not outer
        ):
            own = _arguments(inner).union(*map(stores, inner.body))
            if set().union(*map(loads, inner.body)) & (local - own):
                yield inner


def _arguments(function: ast.FunctionDef) -> set[str]:
    a = function.args
    more = [one for one in (a.vararg, a.kwarg) if one]
    return {one.arg for one in (*a.posonlyargs, *a.args, *a.kwonlyargs, *more)}


def _effects(node: ast.AST, functions: dict[str, ast.FunctionDef]) -> None:
    """Write on a call of a file's function which global names it reads, and which it changes."""
    if not isinstance(node, ast.Call) or called(node) not in functions:
        return
    node.reads, node.changes = set(), set()
    for name in names_used([node.func], functions) & functions.keys():
        function = functions[name]
        inside = set().union(*map(stores, function.body))
        shared = {n for g in ast.walk(function) if isinstance(g, ast.Global) for n in g.names}
        own = (inside | _arguments(function)) - shared
        node.reads |= set().union(*map(loads, function.body)) - own
        node.changes |= inside & shared


def _outside_classes(node: ast.AST) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, ast.ClassDef):
            yield child
            yield from _outside_classes(child)


def empty(function: ast.FunctionDef) -> bool:
    """Whether there is nothing but a docstring, `pass`, `...`, `return` or a `raise` to do."""

    def idle(s: ast.stmt) -> bool:
        if isinstance(s, ast.Return):
            return s.value is None or _is_none(s.value)
        if isinstance(s, ast.Raise):
            return "NotImplemented" in ast.dump(s)
        return isinstance(s, ast.Pass) or (
            isinstance(s, ast.Expr) and isinstance(s.value, ast.Constant)
        )

    return all(map(idle, function.body))


def _is_none(value: ast.expr) -> bool:
    if isinstance(value, ast.Tuple):
        return all(map(_is_none, value.elts))
    return isinstance(value, ast.Constant) and value.value in (None, ...)


def _constants(module: ast.Module, found: Source) -> None:
    """Assignments of simple values at the top level, lambdas and the settings among them."""
    imported = {a.asname or a.name.split(".")[0] for one in found.imports for a in one.names}
    known = imported | found.functions.keys()
    for statement in module.body:
        if isinstance(statement, ast.ClassDef) and _holds_results(statement):
            found.constants.append(statement)
        if not isinstance(statement, ast.Assign):
            continue
        names = [
            n.id
            for target in statement.targets
            for n in ast.walk(target)
            if isinstance(n, ast.Name)
        ]
        if not names or not _simple(statement.value, known):
            found.constants.extend(_size(name, statement) for name in names if name in SIZES)
            continue
        known.update(names)
        found.constants.append(statement)
        if len(names) == 1 and (
            isinstance(statement.value, ast.Lambda)
            or (isinstance(statement.value, ast.Call | ast.Attribute) and piece(names[0]))
        ):
            found.functions.setdefault(names[0], _named(names[0], statement.value))
        said = getattr(statement.value, "value", None)
        if names[0] in SETTINGS and isinstance(said, str):
            found.settings[names[0]] = said


def _holds_results(made: ast.ClassDef) -> bool:
    """Whether a class is a named tuple or a dataclass, and no network of its own."""
    said = " ".join(map(ast.dump, [*made.bases, *made.decorator_list]))
    return any(name in said for name in ("NamedTuple", "namedtuple", "dataclass", "TypedDict"))


def _size(name: str, where: ast.stmt) -> ast.stmt:
    """A place for a size that the file reads off its data."""
    made = ast.Assign([ast.Name(name, ast.Store())], ast.Constant(0))
    return ast.fix_missing_locations(ast.copy_location(made, where))


def _named(name: str, function: ast.expr) -> ast.FunctionDef:
    """A lambda, or another expression that is a function, as a definition."""
    if isinstance(function, ast.Lambda):
        args, value = function.args, function.body
    else:
        args = ast.arguments([], [ast.arg("x")], None, [], [], None, [])
        value = ast.Call(function, [ast.Name("x", ast.Load())], [])
    body = [ast.copy_location(ast.Return(value), function)]
    made = ast.FunctionDef(name, args, body, [], None, type_params=[])
    return ast.fix_missing_locations(ast.copy_location(made, function))


def _simple(value: ast.expr, known: set[str]) -> bool:
    """Whether an expression is made of literals, earlier constants, lambdas and harmless calls."""
    if isinstance(value, ast.Constant | ast.Lambda):
        return True
    if isinstance(value, ast.Name):
        return value.id in known
    if isinstance(value, ast.Attribute):  # np.pi, and not x_train.shape
        return _simple(value.value, known)
    if isinstance(value, ast.Call):
        inner = [*value.args, *(k.value for k in value.keywords)]
        return called(value) in SIMPLE_CALLS and all(_simple(v, known) for v in inner)
    if isinstance(value, ast.BinOp | ast.UnaryOp | ast.Tuple | ast.List | ast.Dict | ast.Compare):
        parts = [p for p in ast.iter_child_nodes(value) if isinstance(p, ast.expr)]
        return all(_simple(p, known) for p in parts)
    return False


def called(call: ast.Call) -> str:
    """The last name of what is called: genfromtxt in np.genfromtxt(…)."""
    return getattr(call.func, "attr", getattr(call.func, "id", ""))


def _training_loops(module: ast.Module, found: Source) -> None:
    """Find the innermost loops that take a sample and update parameters."""

    def search(body: list[ast.stmt], before: list[ast.stmt], counters: dict) -> bool:
        any_found = False
        for number, statement in enumerate(body):
            earlier = [*before, *body[:number], *_defaults(statement)]
            inner = counters | _counters(statement)
            deeper = False
            for block in _blocks(statement):
                deeper |= search(block, earlier, inner)
            if isinstance(statement, ast.For | ast.While) and not deeper:
                deeper = _training_step(statement, earlier, inner, found)
            any_found |= deeper
        return any_found

    search(module.body, [], {})


def _blocks(statement: ast.stmt) -> Iterator[list[ast.stmt]]:
    if isinstance(statement, ast.ClassDef):
        return
    for name in ("body", "orelse", "finalbody"):
        block = getattr(statement, name, None)
        if isinstance(block, list):
            yield block


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


def _training_step(loop: ast.For | ast.While, before: list, counters: dict, found: Source) -> bool:
    """Add a loop, if it is one that trains; whether it is."""
    params = _parameters(loop)
    if params.keys() - {"W", "V", "b", "c"} or any(len(names) > 1 for names in params.values()):
        found.deep.append(loop.lineno)
        return True
    if not params.get("W") and not params.get("V"):
        if _takes_a_sample(loop) and _has_parameters(before) and not _passes_on(loop):
            found.idle.append(loop.lineno)
        return False
    if not (params.get("W") and params.get("V")) and not _has_sample(loop):
        return False  # a loop over the units, of a step that stands around it
    chosen = {role: names[0] for role, names in params.items()}
    body, reader = _without_readers(_slice(loop.body, set(chosen.values())))
    if not params.get("V") and not _reads_both(body, chosen):
        return False  # the perceptron of the lesson before
    setup = _setup(before, body, {*chosen.values(), *counters})
    body, more = _without_readers([*setup, *body])
    reads = tuple(name for name in live_in(body) if name not in found.functions)
    there = set().union(*map(stores, [*before, *loop.body]))
    eta = any(ROLE.get(plain(name)) == "eta" for name in there - found.functions.keys())
    found.loops.append(Loop(loop.lineno, body, reads, chosen, counters, reader or more, eta))
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


def role_of_data(name: str) -> str | None:
    """The role of a name, also with "train" or "data" in it."""
    short = plain(name)
    names = (short, *(short.replace(part, "") for part in ("train", "data", "all", "tr")))
    return next((ROLE[one] for one in names if one in ROLE), None)


def _has_parameters(before: list[ast.stmt]) -> bool:
    """Whether W and V are there before a loop."""
    made = [s for s in before if not isinstance(s, ast.FunctionDef | ast.ClassDef)]
    there = {ROLE.get(plain(name)) for s in made for name in stores(s)}
    return {"W", "V"} <= there


def _passes_on(loop: ast.For | ast.While) -> bool:
    """Whether the step may be in a function that changes what it is given."""
    calls = [
        s.value for s in loop.body if isinstance(s, ast.Expr) and isinstance(s.value, ast.Call)
    ]
    return any(called(call) not in ("print", "append", "set_description") for call in calls)


def _parameters(loop: ast.For | ast.While) -> dict[str, list[str]]:
    """By role, the parameters that the loop reads and then assigns; w3 is a role of its own."""
    live = set(live_in(loop.body))
    stored = {name for s in loop.body for name in stores(s)} & live
    names = [plain(n) for n in stored]
    shifted = "w0" in names and "w1" in names and "w2" not in names
    table = {**ROLE, "w0": "W", "w1": "V", "b0": "b", "b1": "c"} if shifted else ROLE
    found: dict[str, list[str]] = {}
    for name in sorted(stored):
        role = table.get(plain(name))
        if role is None and re.fullmatch(r"[wvb]\d+", plain(name)):
            role = plain(name)
        if role in ("W", "V", "b", "c") or re.fullmatch(r"[wvb]\d+", role or ""):
            found.setdefault(role, []).append(name)
    return found


def stores(statement: ast.AST) -> set[str]:
    """The names that a statement assigns, or changes by assigning to parts of them."""
    found = set()
    for node in ast.walk(statement):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
        if isinstance(node, ast.Subscript | ast.Attribute) and isinstance(node.ctx, ast.Store):
            base = node.value
            while isinstance(base, ast.Subscript | ast.Attribute):
                base = base.value
            if isinstance(base, ast.Name):
                found.add(base.id)
        found |= getattr(node, "changes", set())
    return found | _handed_over(statement)


def _handed_over(statement: ast.AST) -> set[str]:
    """The names that a bare call of a function of the file is given, and may change in place."""
    call = statement.value if isinstance(statement, ast.Expr) else None
    if not isinstance(call, ast.Call) or not hasattr(call, "changes"):
        return set()
    return {a.id for a in call.args if isinstance(a, ast.Name)}


def loads(statement: ast.AST) -> set[str]:
    """The names that a statement reads."""
    found = {
        n.id for n in ast.walk(statement) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)
    }
    for node in ast.walk(statement):
        if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
            found.add(node.target.id)
        found |= getattr(node, "reads", set())
    own = {a.arg for n in ast.walk(statement) if isinstance(n, ast.Lambda) for a in n.args.args}
    inner = {n.id for c in ast.walk(statement) if isinstance(c, ast.comprehension)
             for n in ast.walk(c.target) if isinstance(n, ast.Name)}  # fmt: skip
    return found - own - inner


def live_in(body: list[ast.stmt]) -> list[str]:
    """The names that are read before they have been assigned, in order."""
    found, assigned = {}, set()
    for statement in body:
        reads = loads(statement)
        if isinstance(statement, ast.For):
            reads -= stores(statement.target)
        if isinstance(statement, ast.For | ast.While | ast.If | ast.With):
            reads -= _inner(statement, set(assigned))
        for name in sorted(reads - assigned):
            found.setdefault(name)
        assigned |= {n for n in stores(statement) if n not in found}
    return list(found)


def _inner(statement: ast.stmt, assigned: set[str]) -> set[str]:
    """Names that a compound statement reads only after having assigned them itself."""
    inside = [s for block in _blocks(statement) for s in block]
    heads = loads(statement) - set().union(*map(loads, inside)) if inside else set()
    needed = set(live_in(inside)) | heads
    return loads(statement) - needed - assigned


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
        if not isinstance(statement, ast.Assign) or not names & wanted or _given(names):
            continue
        kept.append(statement)
    return kept[::-1]


def _given(names: set[str]) -> bool:
    """Whether it makes the data, the parameters or the order, for which others are put in."""
    roles = ("x", "y", "W", "V", "b", "c")
    return any(role_of_data(name) in roles or name in SIZES or drawn(name) for name in names)


def drawn(name: str) -> str | None:
    """What a name says of the order of the samples: "order", "batch", "size", or nothing."""
    short = plain(name)
    if "batch" in short:
        return "size" if "size" in short else "batch" if re.search("mask|id|ind", short) else None
    known = "index idx indices inds perm order permutation randidx mask shuffled rand ids shuffle"
    return "order" if short in known.split() else None


def _without_readers(body: list[ast.stmt]) -> tuple[list[ast.stmt], bool]:
    """The body with `__sample__` in place of every call that reads a file."""
    swap = _Swap()
    return [ast.fix_missing_locations(swap.visit(s)) for s in body], swap.found


class _Swap(ast.NodeTransformer):
    found = False

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        if called(node) not in READERS:
            return node
        self.found = True
        return ast.copy_location(ast.Name("__sample__", ast.Load()), node)


def names_used(nodes: Iterable[ast.AST], functions: dict[str, ast.FunctionDef]) -> set[str]:
    """The names that these use, and the functions that they call use, and so on."""
    used: set[str] = set()
    left = list(nodes)
    while left:
        new = {n.id for n in ast.walk(left.pop()) if isinstance(n, ast.Name)} - used
        used |= new
        left += [functions[name] for name in new if name in functions]
    return used


def imports_of(imports: list[ast.stmt], used: set[str]) -> list[ast.stmt]:
    """The import statements that bring in one of these names, or who knows which."""

    def brings(statement):
        names = {alias.asname or alias.name.split(".")[0] for alias in statement.names}
        return bool(names & used) or "*" in names

    return [statement for statement in imports if brings(statement)]
