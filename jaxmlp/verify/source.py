"""A person's file, read and taken apart without being run.

Out of its syntax tree come the functions, and the imports and simple constants that they need.
"""

import ast
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from jaxmlp.verify.names import called_name, loads, names_used, stores, words
from jaxmlp.verify.pieces import piece
from jaxmlp.verify.reading import Flaw, deep_trees, of_cells
from jaxmlp.verify.run.hooked import lacked_imports

SIMPLE_CALLS = words(
    "identity eye zeros ones full array asarray arange linspace vectorize vmap jit grad "
    "partial float32 float64 int float tuple list dict range len value_and_grad namedtuple"
)
SETTINGS = {"HIDDEN": str, "OUTPUT": str, "LOSS": str, "BIAS": bool, "REDUCTION": str}


@dataclass(frozen=True)
class Source:
    """What a file has.

    Attributes:
        functions: definitions, in order, those of one name replaced by the last.
        unfinished: (name, line) of functions that have no body yet, or half a line.
        broken: (line, why) by name, of functions that have a syntax error otherwise.
        imports, constants: statements.
        settings: HIDDEN, OUTPUT, LOSS, BIAS, REDUCTION, where the file gives them.
        numbered: whether line numbers are those of the file.
        module: all its statements.
    """

    functions: dict[str, ast.FunctionDef] = field(default_factory=dict)
    unfinished: dict[str, int] = field(default_factory=dict)
    broken: dict[str, tuple[int, str]] = field(default_factory=dict)
    imports: list[ast.Import | ast.ImportFrom] = field(default_factory=list)
    constants: list[ast.stmt] = field(default_factory=list)
    settings: dict[str, str | bool] = field(default_factory=dict)
    numbered: bool = True
    module: ast.Module = field(default_factory=lambda: ast.Module([], []))


def read(cells: Sequence[str], *, numbered: bool = True) -> Source:
    """What the code of a file, or of a notebook's cells, has."""
    statements = list(of_cells(cells))
    with deep_trees():
        return take_apart(statements, numbered=numbered)


def take_apart(statements: Iterable[ast.stmt | Flaw], *, numbered: bool = True) -> Source:
    """Sort the statements of a file by what they are to the checker."""
    source = Source(numbered=numbered)
    parts = list(statements)
    for name, line, why in (part for part in parts if isinstance(part, Flaw)):
        if why:
            source.broken[name] = (line, why)
        else:
            source.unfinished[name] = line
    module = ast.Module([part for part in parts if isinstance(part, ast.stmt)], [])
    module = ast.fix_missing_locations(_Untyped().visit(module))
    closures = set(_closures(module))
    for node in _outside_classes(module):
        if node in closures:
            continue
        if isinstance(node, ast.FunctionDef):
            source.functions.pop(node.name, None)  # the last definition counts, in its own place
            source.functions[node.name] = node
            for enclosing in (source.unfinished, source.broken):
                enclosing.pop(node.name, None)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            source.imports.append(node)
    source.imports[:0] = lacked_imports(module)
    for name, function in source.functions.items():
        if empty(function):
            source.unfinished[name] = function.lineno
    _constants(module, source)
    return replace(source, module=module)


class _Untyped(ast.NodeTransformer):
    """Takes the annotations out: they may name what isn't there, and change nothing."""

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        self.generic_visit(node)
        vars(node).update(returns=None, type_params=[])
        return node

    def visit_arg(self, node: ast.arg) -> ast.AST:
        node.annotation = None
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        if node.value is None:
            return ast.copy_location(ast.Pass(), node)
        return ast.copy_location(ast.Assign([node.target], node.value), node)

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        """The fields of one that holds results are made by their annotations."""
        for statement in node.body:
            if isinstance(statement, ast.AnnAssign):
                statement.annotation = ast.Constant("object")
            else:
                self.visit(statement)
        return node


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
    more = [parameter for parameter in (a.vararg, a.kwarg) if parameter]
    return {parameter.arg for parameter in (*a.posonlyargs, *a.args, *a.kwonlyargs, *more)}


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


def _constants(module: ast.Module, source: Source) -> None:
    """Assignments of simple values at the top level, lambdas and the settings among them."""
    imported = {a.asname or a.name.split(".")[0] for node in source.imports for a in node.names}
    known = imported | source.functions.keys()
    for statement in module.body:
        if isinstance(statement, ast.ClassDef) and _holds_results(statement):
            source.constants.append(statement)
        if not isinstance(statement, ast.Assign):
            continue
        names = [
            n.id
            for target in statement.targets
            for n in ast.walk(target)
            if isinstance(n, ast.Name)
        ]
        if not names or not _simple(statement.value, known):
            continue
        known.update(names)
        source.constants.append(statement)
        if len(names) == 1 and (
            isinstance(statement.value, ast.Lambda)
            or (isinstance(statement.value, ast.Call | ast.Attribute) and piece(names[0]))
        ):
            source.functions.setdefault(names[0], _named(names[0], statement.value))
        said = getattr(statement.value, "value", None)
        if isinstance(said, str | bool) and isinstance(said, SETTINGS.get(names[0], ())):
            source.settings[names[0]] = said


def _holds_results(made: ast.ClassDef) -> bool:
    """Whether a class is a named tuple or a dataclass, and no network of its own."""
    said = " ".join(map(ast.dump, [*made.bases, *made.decorator_list]))
    return any(name in said for name in ("NamedTuple", "namedtuple", "dataclass", "TypedDict"))


def _named(name: str, function: ast.expr) -> ast.FunctionDef:
    """A lambda, or another expression that is a function, as a definition."""
    if isinstance(function, ast.Lambda):
        args, value = function.args, function.body
    else:
        args = ast.arguments([], [ast.arg("x")], None, [], [], None, [])
        value = ast.Call(function, [ast.Name("x", ast.Load())], [])
    body: list[ast.stmt] = [ast.copy_location(ast.Return(value), function)]
    made = ast.FunctionDef(name, args, body, [], None)
    vars(made).update(type_params=[])
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
        return called_name(value) in SIMPLE_CALLS and all(_simple(v, known) for v in inner)
    if isinstance(value, ast.BinOp | ast.UnaryOp | ast.Tuple | ast.List | ast.Dict | ast.Compare):
        parts = [p for p in ast.iter_child_nodes(value) if isinstance(p, ast.expr)]
        return all(_simple(p, known) for p in parts)
    return False


def unused(source: Source) -> list[str]:
    """The functions that nothing in the file names."""
    return [name for name in source.functions if name not in names_used([source.module], {})]
