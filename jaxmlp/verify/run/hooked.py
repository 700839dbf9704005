"""A program's syntax tree: with loops that say when a pass begins, and what can be told from it."""

import ast
import builtins
import math
import re
import sys
from collections import Counter
from typing import Any

import numpy as np

from jaxmlp.verify.names import DRAWS, SINGLE_BIAS, called_name, is_product

MANY_SAMPLES = 500  # a number of samples that a program counts on may be another
BATCH_SAMPLES = 32  # so may be a number in a batch, where otherwise no step comes about
OF_ARRAYS = ("numpy", "jax", "pylab")
# Of NumPy: with no more of it, a program works on plain numbers.
OF_NUMBERS = frozenset((
    "abs", "cosh", "e", "exp", "float64", "log", "log2", "maximum", "minimum", "pi", "power",
    "round", "sign", "sinh", "sqrt", "square", "tanh",
))  # fmt: skip
ARRAY_CREATION = ("array", "asarray", "zeros", "ones")
OLD = ("xrange", "unicode", "raw_input", "display")  # of Python 2, and of notebooks
WELL_KNOWN = ("numpy", "scipy", "pylab", "matplotlib", "pandas", "jax", "torch", "tensorflow")
NUMERICAL = re.compile(r"numeric|num_?grad|finite", re.IGNORECASE)  # differences for a gradient
IMPORTS = {"np": "numpy", "math": "math", "random": "random", "plt": "matplotlib.pyplot"}


class Hooked(ast.NodeTransformer):
    """Loops that say when a pass begins and ends; numbers that record, where NumPy is not used."""

    def __init__(self, *, numbers: bool):
        self.numbers = numbers
        self.multiplies = True  # whether there are products of matrices, so that biases are vectors
        self.own: set[str] = set()  # the names that the file itself gives
        self.globals: dict[str, None] = {}  # that a function has said so far
        self.trying = 0  # statements of which an exception may be caught

    def visit_Module(self, node: ast.Module) -> ast.AST:
        self.own = bound(node.body)
        self.multiplies = any(map(is_product, ast.walk(node)))
        self.generic_visit(node)
        return node

    def visit_Try(self, node: ast.Try) -> ast.AST:
        self.trying += 1
        self.generic_visit(node)
        self.trying -= 1
        return node

    def visit_For(self, node: ast.For) -> ast.AST:
        self.generic_visit(node)
        node.iter = _call("__passes__", node.iter, ast.Constant(node.lineno))
        return node

    def visit_While(self, node: ast.While) -> ast.AST:
        self.generic_visit(node)
        nothing = ast.arguments([], [], None, [], [], None, [])
        test = ast.copy_location(ast.Lambda(nothing, node.test), node.test)
        passes = _call("__while__", test, ast.Constant(node.lineno))
        target = ast.Name("__pass__", ast.Store())
        made = ast.For(target, passes, node.body, node.orelse)
        return ast.copy_location(made, node)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        if name in {"int", "float"} - self.own and len(node.args) == 1:
            node.func = ast.copy_location(ast.Name(f"__{name}__", ast.Load()), node.func)
        match node:
            case ast.Call(ast.Attribute(ast.Name("int"), "from_bytes") as function):
                node.func = ast.copy_location(ast.Name("__from_bytes__", ast.Load()), function)
        return node

    def visit_Assert(self, node: ast.Assert) -> ast.AST:
        self.generic_visit(node)
        node.test = node.test if self.trying else _call("__holds__", node.test)
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        self._with_globals(node)
        yields = any(isinstance(n, ast.Yield | ast.YieldFrom) for n in ast.walk(node))
        if DRAWS.search(node.name.lower()) and not yields:
            drawing = ast.withitem(_call("__drawing__", ast.Constant(node.name)))
            ast.copy_location(drawing.context_expr, node)
            node.body = [ast.copy_location(ast.With([drawing], node.body), node.body[0])]
        if NUMERICAL.search(node.name) and _calls_its_first(node):
            at = ast.copy_location(_given_up(node.args.args[1].arg), node.body[0])
            node.body.insert(0, at)
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        self._with_globals(node)
        return node

    def _with_globals(self, node: ast.FunctionDef | ast.ClassDef) -> None:
        """Visit what is in it, and say at its beginning which of its names are the module's."""
        outside, self.globals = self.globals, dict[str, None]()
        self.generic_visit(node)
        if self.globals:
            said = ast.copy_location(ast.Global([*self.globals]), node.body[0])
            node.body.insert(int(ast.get_docstring(node) is not None), said)
        self.globals = outside

    def visit_Global(self, node: ast.Global) -> ast.AST:
        """Said at the beginning of its function: Python before 3.6 let it be said later."""
        self.globals |= dict.fromkeys(node.names)
        return ast.copy_location(ast.Pass(), node)

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        left = node.left
        self.generic_visit(node)
        if isinstance(left, ast.Constant) and left.value == 1:
            node.left = left  # the 1 of 1 - g is no target, written 1.0 or 1
        literal = isinstance(node.left, ast.Constant) or isinstance(node.right, ast.Constant)
        if isinstance(node.op, ast.Sub) and not (self.numbers or literal):
            return ast.copy_location(_call("__minus__", node.left, node.right), node)
        is_list = isinstance(node.left, ast.List) or isinstance(node.right, ast.List)
        return _call("__repeated__", node) if is_list and isinstance(node.op, ast.Mult) else node

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        if self.numbers and isinstance(node.value, float) and math.isfinite(node.value):
            return ast.copy_location(_call("__number__", node), node)
        if type(node.value) is int and node.value >= BATCH_SAMPLES:
            return ast.copy_location(_call("__many__", node), node)
        return node

    def visit_Assign(self, node: ast.Assign) -> ast.AST:
        match node:
            case ast.Assign([ast.Name(id=name)], ast.Lambda() as function):
                return self.visit(_by_name(name, function))
        is_table = _is_table(node.value)
        self.generic_visit(node)
        if is_table and not self.numbers:
            node.value = _call("__table__", node.value)
        into_list = isinstance(node.targets[0], ast.Subscript)
        if self.numbers and into_list and _is_small_integer(node.value):  # y[label] = 1
            node.value = _call("__number__", node.value)
        if not (self.numbers or self.multiplies) and _is_bias_of_0(node):
            node.value = _call("__number__", node.value)
        return node

    def visit_List(self, node: ast.List) -> ast.AST:
        self.generic_visit(node)
        if self.numbers and isinstance(node.ctx, ast.Load):  # samples and targets, say
            rows: list[Any] = [node, *(n for n in node.elts if isinstance(n, ast.Tuple))]
            for row in rows:
                row.elts = [_call("__number__", n) if _is_small_integer(n) else n for n in row.elts]
        return node

    def visit_MatchValue(self, node: ast.MatchValue) -> ast.AST:
        return node

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.AST:
        return node


def _is_small_integer(node: ast.expr) -> bool:
    """Whether it is a small whole number."""
    return isinstance(node, ast.Constant) and type(node.value) is int and node.value < BATCH_SAMPLES


def _by_name(name: str, function: ast.Lambda) -> ast.FunctionDef:
    """f = lambda x: … as a function that knows its name."""
    (made,) = ast.parse("def f(): pass").body
    assert isinstance(made, ast.FunctionDef)
    body = ast.copy_location(ast.Return(function.body), function.body)
    made.name, made.args, made.body = name, function.args, [body]
    return ast.copy_location(made, function)


def _is_bias_of_0(node: ast.Assign) -> bool:
    """Whether it is self.b1 = 0, say."""
    target, value = node.targets[0], node.value
    name = getattr(target, "attr", getattr(target, "id", ""))
    zero = isinstance(value, ast.Constant) and type(value.value) in (int, float) and not value.value
    return zero and bool(SINGLE_BIAS.fullmatch(name))


def _is_table(node: ast.expr) -> bool:
    """Whether it is samples, stated as rows of numbers: [(0, 1, 1), (1, 1, 0)]."""
    rows = node.elts if isinstance(node, ast.List | ast.Tuple) else []
    return len(rows) > 1 and all(
        isinstance(row, ast.List | ast.Tuple) and row.elts and all(map(_is_number, row.elts))
        for row in rows
    )


def _is_number(node: ast.expr) -> bool:
    node = node.operand if isinstance(node, ast.UnaryOp) else node
    return isinstance(node, ast.Constant) and type(node.value) in (int, float)


def _call(name: str, *args: ast.expr) -> ast.Call:
    return ast.copy_location(ast.Call(ast.Name(name, ast.Load()), list(args), []), args[0])


def undefined(tree: ast.Module) -> set[str]:
    """The names that a file reads and nothing in it gives."""
    read: set[str] = set()
    defined = set(dir(builtins)) | {"__file__", "__name__", *OLD}
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            (read if isinstance(node.ctx, ast.Load) else defined).add(node.id)
        elif isinstance(node, ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef):
            defined.add(node.name)
        elif isinstance(node, ast.arg):
            defined.add(node.arg)
        elif isinstance(node, ast.alias):
            defined.add((node.asname or node.name).split(".")[0])
        elif isinstance(node, ast.ExceptHandler | ast.MatchAs) and node.name:
            defined.add(node.name)
    return read - defined


def filled_in(body: list[ast.stmt]) -> list[ast.stmt]:
    """The statements, with data for arrays that they leave empty for somebody to fill in, and with
    the imports that are missing."""
    assigned = Counter(n.id for statement in body for n in ast.walk(statement)
                       if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store))  # fmt: skip
    for statement in body:
        name = _blank(statement)
        if isinstance(statement, ast.Assign) and assigned[name] == 1:
            statement.value = _call("__data__", ast.copy_location(ast.Constant(name), statement))
    return [*lacked_imports(ast.Module(body, [])), *body]


def lacked_imports(tree: ast.Module) -> list[ast.Import]:
    """Those of the libraries that a program uses by their usual names, and does not import."""
    names = [ast.alias(IMPORTS[name], name) for name in not_imported(tree)]
    return [ast.fix_missing_locations(ast.Import([name], lineno=1, col_offset=0)) for name in names]


def _calls_its_first(function: ast.FunctionDef) -> bool:
    """Whether a function of two arguments calls the first again and again."""
    if len(function.args.args) < 2:
        return False
    name = function.args.args[0].arg
    loops = [n for n in ast.walk(function) if isinstance(n, ast.For | ast.While)]
    calls = (n for loop in loops for n in ast.walk(loop) if isinstance(n, ast.Call))
    return any(isinstance(call.func, ast.Name) and call.func.id == name for call in calls)


def _given_up(name: str) -> ast.stmt:
    """What gives a stand-in for a numerical gradient, which takes a run for each entry."""
    return ast.parse(f"if isinstance({name}, __recorded__): return __differences__({name})").body[0]


def not_imported(tree: ast.Module) -> list[str]:
    """The usual names of libraries that a program without imports uses, one cut out of another; or
    one that imports all there is in a module, which may give them."""
    imports = [n for n in ast.walk(tree) if isinstance(n, ast.Import | ast.ImportFrom)]
    if imports and not any(map(_gives_any, imports)):
        return []
    return sorted(undefined(tree) & IMPORTS.keys())


def _gives_any(node: ast.Import | ast.ImportFrom) -> bool:
    """Whether it imports all names of a module of which nothing is known."""
    root = (getattr(node, "module", None) or "").partition(".")[0]
    known = not getattr(node, "level", 0) and root in (*sys.stdlib_module_names, *WELL_KNOWN)
    return any(alias.name == "*" for alias in node.names) and not known


def _blank(statement: ast.stmt) -> str:
    """The name that is given an array with nothing in it: x = np.array([]); "" if none is."""
    match statement:
        case ast.Assign(
            targets=[ast.Name(id=name)], value=ast.Call(args=[ast.List(elts=[])]) as call
        ):
            return name if called_name(call) in ("array", "asarray") else ""
    return ""


def bound(body: list[ast.stmt]) -> set[str]:
    """The names that a file's own statements give, outside of functions, classes and loops."""
    names: set[str] = set()
    left: list[ast.AST] = list(body)
    while left:
        node = left.pop()
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        elif not isinstance(node, ast.Lambda | ast.For | ast.While | ast.AugAssign):
            left += ast.iter_child_nodes(node)
    return names


def uses_numpy(tree: ast.Module) -> bool:
    """Whether it uses NumPy's arrays, or JAX's; without them numbers have to record. Those that it
    only makes, and works at number by number, do not count."""
    nodes = [*ast.walk(tree)]
    modules: set[str] = set()
    used: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            arrays = [alias for alias in node.names if alias.name.split(".")[0] in OF_ARRAYS]
            modules.update(alias.asname or alias.name.split(".")[0] for alias in arrays)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in OF_ARRAYS:
            used.update(alias.name for alias in node.names)
    for node in nodes:
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            used.update({node.attr} if node.value.id in modules else ())
    if "*" in used:
        used |= {n.id for n in nodes if isinstance(n, ast.Name)} & {*dir(np)} - {*dir(builtins)}
    products = any(isinstance(n, ast.MatMult) or getattr(n, "attr", "") in ("dot", "T")
                   for n in nodes)  # fmt: skip
    return bool(used - {*OF_NUMBERS, *(() if products else ARRAY_CREATION), "*"})
