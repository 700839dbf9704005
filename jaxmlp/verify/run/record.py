"""A file, run: what there is to judge in it, as plain data."""

import ast
import builtins
import symtable
import time
from collections.abc import Mapping, Sequence
from typing import Any

from jaxmlp.verify.reading import statements_of
from jaxmlp.verify.run.code import Code
from jaxmlp.verify.run.explored import explored
from jaxmlp.verify.run.hooked import Hooked, filled_in, undefined, uses_numpy
from jaxmlp.verify.run.left import RunStart
from jaxmlp.verify.run.uncalled import uncalled


def record(
    cells: Sequence[str], *, path: str, seconds: float, seed: int, given: dict | None = None,
    importers: Mapping[str, Sequence[str]] | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Run a file, and tape what it does to its parameters.

    Args:
        cells: its code; a notebook's by cells.
        path: its name, which its code is compiled with.
        seconds: of the processor's time that all of it may take.
        seed: of the stand-ins, and of the file's own random numbers.
        given: the shapes to begin with, of the program before a change.
        importers: the code of programs that import the file, by their paths.

    Returns:
        `recordings`: what there is to judge, each a tape; `errors`: (kind, line, text) of what
        stopped; `missing`: modules that are not there; `farthest`: the shapes with which it came
        farthest; `guessed`: whether there were stand-ins; `importer`: the path of the program that
        has run the file's step, if one of these has.
    """
    until = time.process_time() + seconds
    first = RunStart(tuple(given["told"]), dict(given["lengths"])) if given else None
    code = _code(cells, path)
    others = [_code(lines, name) for name, lines in (importers or {}).items()]
    return explored(code, uncalled(ast.Module(code.body, [])), others, until, seed, first)


def _code(cells: Sequence[str], path: str) -> Code:
    """A program, hooked."""
    statements = statements_of(cells)
    if len(cells) > 1:
        statements = _in_order(statements)
    tree = ast.Module(filled_in(statements), [])
    unknown = undefined(tree)
    hooked = Hooked(numbers=not uses_numpy(tree)).visit(tree)
    return Code(ast.fix_missing_locations(hooked).body, path, unknown)


def _in_order(statements: Sequence[ast.stmt]) -> list[ast.stmt]:
    """A notebook's statements, each after the definitions that it needs: its cells may have been
    run in another order."""
    defines = (ast.FunctionDef, ast.ClassDef)
    definitions = {s.name: s for s in reversed(statements) if isinstance(s, defines)}
    ordered: dict[ast.stmt, None] = {}
    bound = {*dir(builtins)}
    seen: set[str] = set()

    def define(statement: ast.stmt) -> None:
        for name in sorted(_needed(statement).intersection(definitions) - bound):
            if name not in seen:
                seen.add(name)
                define(definitions[name])
                ordered.setdefault(definitions[name])

    for statement in statements:
        if not isinstance(statement, defines):
            define(statement)
            symbols = _table(statement).get_symbols()
            bound |= {s.get_name() for s in symbols if s.is_assigned() or s.is_imported()}
        ordered.setdefault(statement)
    return list(ordered)


def _table(statement: ast.stmt) -> symtable.SymbolTable:
    return symtable.symtable(ast.unparse(statement), "<statement>", "exec")


def _needed(statement: ast.stmt) -> set[str]:
    """The names of the module that a statement uses, or a definition, when it is called."""
    tables, names = [_table(statement)], set()
    for table in tables:  # it grows
        names |= {s.get_name() for s in table.get_symbols()
                  if s.is_referenced() and (s.is_global() or table is tables[0])}  # fmt: skip
        tables += table.get_children()
    return names
