"""What a file only defines: functions and classes that nothing in it calls, called."""

from __future__ import annotations

import ast
from typing import Any, NamedTuple

from jaxmlp.verify.run.arrays import current
from jaxmlp.verify.run.program import Program, Seen
from jaxmlp.verify.run.step import FACTORS, places
from jaxmlp.verify.run.unknown import Unknown


class Uncalled(NamedTuple):
    """A function or a class, to be called.

    Attributes:
        name, line: of its definition.
        methods: of a class, those that its other methods do not call.
        used: whether the file itself names it elsewhere.
    """

    name: str
    line: int
    methods: tuple[str, ...] | None = None
    used: bool = False


def uncalled(tree: ast.Module) -> list[Uncalled]:
    """The functions and classes at the top level."""
    defined = [n for n in tree.body if isinstance(n, ast.FunctionDef | ast.ClassDef)]
    used = {one.name: _named(one) for one in defined}
    outside = set().union(*(_named(n) for n in tree.body if n not in defined), set())
    found = []
    for one in defined:
        others = set().union(outside, *(used[other.name] for other in defined if other is not one))
        methods = _roots(one) if isinstance(one, ast.ClassDef) else None
        found.append(Uncalled(one.name, one.lineno, methods, one.name in others))
    return found


def _named(node: ast.AST) -> set[str]:
    """The names and attributes that occur in it."""
    names = {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}
    return names | {n.attr for n in ast.walk(node) if isinstance(n, ast.Attribute)}


def _roots(made: ast.ClassDef) -> tuple[str, ...]:
    methods = [n for n in made.body if isinstance(n, ast.FunctionDef)]
    inner = {m.name: _named(m) for m in methods}
    return tuple(
        m.name for m in methods
        if not m.name.startswith("__")
        and not any(m.name in inner[other.name] for other in methods if other is not m)
    )  # fmt: skip


def call(program: Program, what: Uncalled) -> None:
    """Call a function, or a new object's methods, and remember what it moved or gave."""
    target = program.names.get(what.name)
    if not callable(target):
        return
    given: dict[str, Any] = {}
    start, known = current().next, len(program.seen)
    result = program.attempt(lambda: target(*_arguments(target, program, given)), what.line)
    if what.methods is not None and result is not None:
        start = current().next
        scope = {"self": result, **given}
        before = places(scope)
        made = {}
        for name in what.methods:
            method = getattr(result, name)
            work = lambda m=method: m(*_arguments(m, program, given))  # noqa: E731
            made[name] = program.attempt(work, what.line)
        result = made
    else:
        scope, before = dict(given), places(given, program.names)
    if len(program.seen) > known:
        return
    after = places(scope, given, program.names)
    program.look(what.line, what.name, start, before, after)
    if len(program.seen) == known and multiplies():
        values = {name: place for name, place in after.items() if before.get(name) != place}
        values = places({what.name: result}) | values
        seen = Seen(what.line, what.name, start, current().next, [], values)
        program.seen.append(seen)


def multiplies() -> bool:
    """Whether there was a product of matrices: without one there is no network."""
    return any(node.op in FACTORS for node in current().nodes.values())


def _arguments(function: Any, program: Program, given: dict[str, Any]) -> list[Any]:
    """A stand-in for each argument that has no default; those of one name are one."""
    code = getattr(function, "__init__", function) if isinstance(function, type) else function
    code = getattr(code, "__func__", code)
    if not hasattr(code, "__code__"):
        return []
    names = code.__code__.co_varnames[: code.__code__.co_argcount]
    names = names[: len(names) - len(code.__defaults__ or ())]
    if isinstance(function, type) or hasattr(function, "__self__"):
        names = names[1:]
    return [given.setdefault(name, Unknown(name, program.oracle)) for name in names]
