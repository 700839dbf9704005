"""What was taken out of a file, and the programs that are made of it."""

import ast
import functools
import marshal
import os
from typing import Any, NamedTuple

import numpy as np


class Pieces(NamedTuple):
    """What was taken out of a file.

    Attributes:
        path: of the file, for line numbers in messages, and for modules that lie beside it.
        imports: import statements.
        constants: assignments of simple values, and classes that hold results, in order.
        functions: function definitions.
    """

    path: str
    imports: list[ast.Import | ast.ImportFrom]
    constants: list[ast.stmt]
    functions: list[ast.FunctionDef]


def compiled_pieces(pieces: Pieces) -> dict[str, Any]:
    """The pieces as programs, ready to be sent."""
    path = os.path.abspath(pieces.path)  # it will run in another folder
    code = functools.partial(_code, path)
    return {
        "path": path,
        "imports": [(code(s), [a.asname or a.name.split(".")[0] for a in s.names])
                    for s in pieces.imports],
        "constants": [code(s) for s in pieces.constants],
        "functions": [(f.name, code(f), code(_bare(f))) for f in pieces.functions],
        "redefined": [code(s) for s in _redefinitions(pieces)],
    }  # fmt: skip


def _code(path: str, statement: ast.stmt) -> np.ndarray:
    """What Python makes of a statement; of one that it refuses, an exception that says so."""
    try:
        code = compile(ast.Module([statement], []), path, "exec", dont_inherit=True)
    except Exception as error:
        code = compile(f"raise SyntaxError({str(error)!r})", path, "exec", dont_inherit=True)
    return np.frombuffer(marshal.dumps(code), np.uint8)


def _bare(function: ast.FunctionDef) -> ast.FunctionDef:
    """A function without its decorators."""
    return ast.copy_location(ast.FunctionDef(**{**vars(function), "decorator_list": []}), function)


def _redefinitions(pieces: Pieces) -> list[ast.stmt]:
    """What gives a function's name to something else after its definition: np.vectorize(f)."""
    lines = {f.name: f.lineno for f in pieces.functions}
    made = [s for s in pieces.constants if isinstance(s, ast.Assign)]
    return [s for s in made if any(isinstance(t, ast.Name)
            and s.lineno > lines.get(t.id, s.lineno) for t in s.targets)]  # fmt: skip
