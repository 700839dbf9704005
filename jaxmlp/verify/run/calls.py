"""What a file only defines: functions and classes that nothing in it calls, called.

Where one function returns what another asks for by the same name, as `cache` or `A2`, it is called
first; a method that sets an attribute comes before those that need it.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from jaxmlp.verify.run.arrays import current
from jaxmlp.verify.run.program import Program, Seen
from jaxmlp.verify.run.step import FACTORS, places
from jaxmlp.verify.run.unknown import Unknown

NO_ATTRIBUTE = re.compile(r"object has no attribute '(\w+)'")


class Uncalled(NamedTuple):
    """A function or a class, to be called.

    Attributes:
        name, line: of its definition.
        methods: of a class, those that its other methods do not call.
        used: whether the file itself names it elsewhere.
        gives: the function that returns what is asked for by a name, or of a class, the method
            that sets an attribute.
    """

    name: str
    line: int
    methods: tuple[str, ...] | None
    used: bool
    gives: Mapping[str, ast.FunctionDef]


def uncalled(tree: ast.Module) -> list[Uncalled]:
    """The functions and classes at the top level, those first that nothing is made of."""
    defined = [n for n in tree.body if isinstance(n, ast.FunctionDef | ast.ClassDef)]
    used = {one.name: _named(one) for one in defined}
    outside = set().union(*(_named(n) for n in tree.body if n not in defined), set())
    functions = [one for one in defined if isinstance(one, ast.FunctionDef)]
    returned = {name: one for one in functions for name in _returned(one)}
    asked = {arg.arg for one in functions for arg in one.args.args}
    found = []
    for one in defined:
        others = set().union(outside, *(used[other.name] for other in defined if other is not one))
        is_class = isinstance(one, ast.ClassDef)
        gives = _setters(one) if is_class else {n: f for n, f in returned.items() if f is not one}
        methods = _roots(one) if is_class else None
        found.append(Uncalled(one.name, one.lineno, methods, one.name in others, gives))
    made_of = {name: bool(asked & set(_returned(one))) for name, one in
               ((one.name, one) for one in functions)}  # fmt: skip
    return sorted(found, key=lambda one: made_of.get(one.name, False))


def _named(node: ast.AST) -> set[str]:
    """The names and attributes that occur in it."""
    names = {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}
    return names | {n.attr for n in ast.walk(node) if isinstance(n, ast.Attribute)}


def _returned(function: ast.FunctionDef) -> list[str]:
    """The names that a function returns, in order."""
    returns = [n.value for n in ast.walk(function) if isinstance(n, ast.Return) and n.value]
    if not returns:
        return []
    last = returns[-1]
    parts = last.elts if isinstance(last, ast.Tuple | ast.List) else [last]
    return [one.id if isinstance(one, ast.Name) else "" for one in parts]


def _setters(made: ast.ClassDef) -> dict[str, ast.FunctionDef]:
    """For each attribute the method that sets it."""
    found = {}
    for method in reversed([n for n in made.body if isinstance(n, ast.FunctionDef)]):
        for node in ast.walk(method):
            if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
                found[node.attr] = method
    return found


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
    known = len(program.seen)
    start = current().next
    result = program.attempt(lambda: _called(program, target, what, given), what.line)
    scope, before = dict(given), places(given, program.names)
    if what.methods is not None and result is not None:
        start = current().next
        scope = {"self": result, **given}
        before = places(scope)
        result = _methods_called(program, result, what, given)
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


def _called(program: Program, function: Any, what: Uncalled, given: dict[str, Any]) -> Any:
    """What a function gives, with what the functions before it give."""
    return function(*_arguments(function, program, what, given, frozenset((what.name,))))


def _methods_called(
    program: Program, made: Any, what: Uncalled, given: dict[str, Any]
) -> dict[str, Any]:
    """What the methods of an object give; one that sets what another needs is called before it."""
    results, left, tried = {}, list(what.methods or ()), set()
    while left:
        name, errors = left[0], len(program.errors)
        method = getattr(made, name)
        work = lambda m=method: m(*_arguments(m, program, what, given))  # noqa: E731
        results[name] = program.attempt(work, what.line)
        missing = NO_ATTRIBUTE.search(program.errors[-1][2] if program.errors[errors:] else "")
        setter = what.gives.get(missing[1]) if missing else None
        if setter is not None and setter.name not in (name, "__init__") and name not in tried:
            tried.add(name)
            del program.errors[errors:]
            left.insert(0, setter.name)
        else:
            left.pop(0)
    return results


def _arguments(
    function: Any, program: Program, what: Uncalled, given: dict[str, Any],
    asking: frozenset[str] = frozenset(),
) -> list[Any]:  # fmt: skip
    """A stand-in for each argument that has no default; those of one name are one."""
    is_type = isinstance(function, type)
    code = getattr(function, "__init__", function) if is_type else function
    code = getattr(code, "__func__", code)
    if not hasattr(code, "__code__"):
        return []
    names = code.__code__.co_varnames[: code.__code__.co_argcount]
    names = names[: len(names) - len(code.__defaults__ or ())]
    if is_type or hasattr(function, "__self__"):
        names = names[1:]
    for name in names:
        before = what.gives.get(name) if what.methods is None else None
        if name not in given and before is not None and before.name not in asking:
            _give(program, before, what, given, asking | {before.name})
        if name not in given:
            given[name] = Unknown(name, program.oracle, setting=is_type)
    return [given[name] for name in names]


def _give(
    program: Program, before: ast.FunctionDef, what: Uncalled, given: dict[str, Any],
    asking: frozenset[str],
) -> None:  # fmt: skip
    """Call a function for what it returns, by the names that it has there."""
    function = program.names[before.name]
    result = function(*_arguments(function, program, what, given, asking))
    names = _returned(before)
    for name, one in zip(names, result if len(names) > 1 else (result,), strict=True):
        given.setdefault(name, one)
