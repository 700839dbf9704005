"""What was taken out of a file, and the programs that are made of it."""

import ast
import functools
import marshal
from typing import Any, NamedTuple

import numpy as np


class Pieces(NamedTuple):
    """What was taken out of a file.

    Attributes:
        path: of the file, for line numbers in messages, and for modules that lie beside it.
        imports: import statements.
        constants: assignments of simple values, and classes that hold results, in order.
        functions: function definitions.
        loops: by name, the statements of a training step.
    """

    path: str
    imports: list[ast.stmt]
    constants: list[ast.stmt]
    functions: list[ast.FunctionDef]
    loops: dict[str, list[ast.stmt]]


def compiled(pieces: Pieces) -> dict[str, Any]:
    """The pieces as programs, ready to be sent."""
    code = functools.partial(_code, pieces.path)
    return {
        "path": pieces.path,
        "imports": [(code(s), _brought(s)) for s in pieces.imports],
        "constants": [code(s) for s in pieces.constants],
        "functions": [(f.name, code(f), code(_bare(f))) for f in pieces.functions],
        "redefined": [code(s) for s in _redefinitions(pieces)],
        "loops": {name: (code(_once(body)), _stored(body)) for name, body in pieces.loops.items()},
    }


def _code(path: str, statement: ast.stmt) -> np.ndarray:
    """What Python makes of a statement; of one that it refuses, an exception that says so."""
    try:
        code = compile(ast.Module([statement], []), path, "exec", dont_inherit=True)
    except Exception as error:
        code = compile(f"raise SyntaxError({str(error)!r})", path, "exec", dont_inherit=True)
    return np.frombuffer(marshal.dumps(code), np.uint8)


def _brought(statement: ast.Import | ast.ImportFrom) -> list[str]:
    return [alias.asname or alias.name.split(".")[0] for alias in statement.names]


def _bare(function: ast.FunctionDef) -> ast.FunctionDef:
    """A function without its decorators."""
    return ast.copy_location(ast.FunctionDef(**{**vars(function), "decorator_list": []}), function)


def _redefinitions(pieces: Pieces) -> list[ast.stmt]:
    """What gives a function's name to something else after its definition: np.vectorize(f)."""
    lines = {f.name: f.lineno for f in pieces.functions}
    made = [s for s in pieces.constants if isinstance(s, ast.Assign)]
    return [
        s
        for s in made
        if any(isinstance(t, ast.Name) and s.lineno > lines.get(t.id, s.lineno) for t in s.targets)
    ]


def _once(body: list[ast.stmt]) -> ast.For:
    """A loop of one round: the body may have a `continue`."""
    target = ast.Name("__round__", ast.Store())
    loop = ast.For(target, ast.Tuple([ast.Constant(0)], ast.Load()), body, [])
    return ast.fix_missing_locations(loop)


def _stored(body: list[ast.stmt]) -> list[str]:
    nodes = [n for s in body for n in ast.walk(s)]
    return [n.id for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)]
