"""What a file only defines: functions and classes that nothing in it calls, called.

Where one function returns what another asks for by the same name, as `cache` or `A2`, it is called
first; a method that sets an attribute comes before those that need it.
"""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from jaxmlp.verify.layouts import D, M, N, Q, drawn, layouts
from jaxmlp.verify.names import BACK, NOT_CHECKED, called, roles
from jaxmlp.verify.run.arrays import current, lifted
from jaxmlp.verify.run.oracle import SAMPLES, Oracle
from jaxmlp.verify.run.program import Program, Seen
from jaxmlp.verify.run.step import FACTORS, places
from jaxmlp.verify.run.unknown import Unknown

NO_ATTRIBUTE = re.compile(r"object has no attribute '(\w+)'")
MAKES = re.compile(r"init|param|create|make|build", re.IGNORECASE)
SHRINKS = re.compile(r"reg|decay|lam(bda|da|bd)?|l2|lmbd", re.IGNORECASE)
MOVES_BY = re.compile(r"^d_?[A-Z]|^d_?[a-z]\d*$|grad|nabla|delta")  # dW, d_b, grads
DECAY = 0.3
FORWARD = "()"  # in place of a name, the forward pass of the same arguments
KEPT = re.compile(r"cache|memo|saved|ctx|context", re.IGNORECASE)
WAY = re.compile(r"_|forward|backward|fwd|bwd|prop(agation)?|back|pass|grad(ient)?|deriv(ative)?")


class Uncalled(NamedTuple):
    """A function or a class, to be called.

    Attributes:
        name, line, end: of its definition.
        methods: of a class, those that its other methods do not call.
        used: whether the file itself names it elsewhere.
        gives: the function that returns what is asked for by a name, or of a class, the method
            that sets an attribute.
        returns: of a class, by method the names of what it returns.
    """

    name: str
    line: int
    end: int
    methods: tuple[str, ...] | None
    used: bool
    gives: Mapping[str, ast.FunctionDef]
    returns: Mapping[str, list[str]] = {}


def uncalled(tree: ast.Module) -> list[Uncalled]:
    """The functions and classes at the top level, those first that nothing is made of."""
    defined = [n for n in tree.body if isinstance(n, ast.FunctionDef | ast.ClassDef)
               and not _is_left_out(n.name)]  # fmt: skip
    defined = list({n.name: n for n in defined}.values())  # of one name the last
    used = {one.name: _named(one) for one in defined}
    outside = set().union(*(_named(n) for n in tree.body if n not in defined), set())
    functions = [one for one in defined if isinstance(one, ast.FunctionDef)]
    asked = {arg.arg for one in functions for arg in one.args.args}
    found = []
    for one in defined:
        others = set().union(outside, *(used[other.name] for other in defined if other is not one))
        if isinstance(one, ast.ClassDef):
            gives, returns = _setters(one), _results(one)
            methods = _roots(one) or _roots(_whole(one, defined))
        else:
            gives, returns, methods = _givers(one, functions), {}, None
        end, used_by = one.end_lineno or one.lineno, one.name in others
        found.append(Uncalled(one.name, one.lineno, end, methods, used_by, gives, returns))
    made_of = {one.name: bool(asked & set(_returned(one))) for one in functions}
    return sorted(found, key=lambda one: made_of.get(one.name, False))


def _is_left_out(name: str) -> bool:
    return bool(NOT_CHECKED.search(name.replace("_", "").lower()))


def _givers(
    caller: ast.FunctionDef, functions: list[ast.FunctionDef]
) -> dict[str, ast.FunctionDef]:
    """By name the function that returns it: of several the one that goes with the caller."""
    others = [one for one in functions if one is not caller]
    alike = [one for one in others if _alike(one.name, caller.name)]
    given: dict[str, ast.FunctionDef] = {}
    for one in (*others, *alike):
        own = {arg.arg for arg in one.args.args}
        given |= dict.fromkeys(set(_returned(one)) - own, one)
    kept = [a.arg for a in caller.args.args if KEPT.search(a.arg) and a.arg not in given]
    if alike and _gives_several(alike[0]):  # by another name, or by none
        given |= dict.fromkeys(kept, alike[0])
    names = {arg.arg for arg in caller.args.args}
    first = [f for f in alike if {arg.arg for arg in f.args.args} <= names]
    if BACK.search(caller.name) and first and not kept:
        given[FORWARD] = first[0]
    return given


def _gives_several(function: ast.FunctionDef) -> bool:
    """Whether a function gives a tuple, or a dict: a cache is among it, or is it."""
    returns = [n.value for n in ast.walk(function) if isinstance(n, ast.Return) and n.value]
    return len(_returned(function)) > 1 or any(isinstance(one, ast.Dict) for one in returns[-1:])


def _alike(one: str, other: str) -> bool:
    """Whether two names are those of a forward and a backward function of one layer."""
    return WAY.sub("", one.lower()) == WAY.sub("", other.lower())


def parts(what: Uncalled) -> Iterator[Uncalled]:
    """A class with one of its methods each, where all of them together do not work."""
    methods = what.methods or ()
    if len(methods) > 1:
        yield from (what._replace(methods=(name,)) for name in methods)


def _named(node: ast.AST) -> set[str]:
    """The names and attributes that occur in it."""
    names = {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}
    return names | {n.attr for n in ast.walk(node) if isinstance(n, ast.Attribute)}


def _returned(function: ast.FunctionDef) -> list[str]:
    """The names that a function returns, in order."""
    returns = [n.value for n in ast.walk(function) if isinstance(n, ast.Return) and n.value]
    if not returns:
        return []
    return [one.id if isinstance(one, ast.Name) else "" for one in _parts_of(returns[-1])]


def _parts_of(value: ast.expr) -> list[ast.expr]:
    return value.elts if isinstance(value, ast.Tuple | ast.List) else [value]


def _results(made: ast.ClassDef) -> dict[str, list[str]]:
    """For each method the names of what it returns that it was not given."""
    methods = {n.name: n for n in made.body if isinstance(n, ast.FunctionDef)}

    def named(name: str, asking: frozenset[str]) -> list[str]:
        returns = [
            n.value for n in ast.walk(methods[name]) if isinstance(n, ast.Return) and n.value
        ]
        last = returns[-1] if returns else ast.Tuple([])
        other = called(last) if isinstance(last, ast.Call) else ""
        if other in methods.keys() - asking:  # it gives what another method does
            return named(other, asking | {other})
        own = {arg.arg for arg in methods[name].args.args}
        titles = map(_title, _parts_of(last))
        return ["" if title in own else title for title in titles]

    return {name: named(name, frozenset((name,))) for name in methods}


def _title(value: ast.expr) -> str:
    """The name of a value, be it an attribute's, or that of what an array is made of."""
    if isinstance(value, ast.Call) and called(value) in ("array", "asarray", "stack", "copy"):
        return _title(value.args[0]) if value.args else ""
    return value.id if isinstance(value, ast.Name) else getattr(value, "attr", "")


def _setters(made: ast.ClassDef) -> dict[str, ast.FunctionDef]:
    """For each attribute the method that sets it, or a public one that calls that."""
    methods = [n for n in made.body if isinstance(n, ast.FunctionDef)]
    found = {}
    for method in reversed(methods):
        for node in ast.walk(method):
            if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
                found[node.attr] = method
    public = [m for m in methods if not m.name.startswith("_")]
    callers = {m.name: next((p for p in public if m.name in _named(p)), m) for m in methods}
    return {name: callers[m.name] if m.name.startswith("_") else m for name, m in found.items()}


def _whole(made: ast.ClassDef, defined: Sequence[ast.stmt]) -> ast.ClassDef:
    """A class with the methods of those that it is made of."""
    names = {base.id for base in made.bases if isinstance(base, ast.Name)} - {made.name}
    bases = [n for n in defined if isinstance(n, ast.ClassDef) and n.name in names]
    inherited = [method for base in bases for method in _whole(base, defined).body]
    body = [*inherited, *made.body]  # Python 3.12 has type_params
    return ast.ClassDef(made.name, [], [], body, [], type_params=[])  # type: ignore[call-arg]


def _roots(made: ast.ClassDef) -> tuple[str, ...]:
    methods = [n for n in made.body if isinstance(n, ast.FunctionDef)
               and not (_is_left_out(n.name) or _is_attribute(n))]  # fmt: skip
    inner = {m.name: _named(m) for m in methods}
    begun = inner.get("__init__", set())  # what begins an object, once more, would begin it anew
    callers = {m.name: bool(BACK.search(m.name)) for m in methods if not m.name.startswith("__")}
    found = [
        m.name for m in methods if not m.name.startswith("_")
        and not any(m.name in inner[caller] for caller, back in callers.items()
                    if caller != m.name and (callers[m.name] or not back))
    ]  # fmt: skip
    return tuple([name for name in found if name not in begun] or found)


def _is_attribute(method: ast.FunctionDef) -> bool:
    """Whether it is read, set or cached as an attribute is, and never called."""
    return any("property" in ast.unparse(one) or ast.unparse(one).endswith(".setter")
               for one in method.decorator_list)  # fmt: skip


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
    changed = {name: place for name, place in after.items() if before.get(name) != place}
    made = {name: place for name, place in places(given).items() if place.node >= start}
    values = before | places({what.name: result}) | changed | made
    program.look(what.line, what.name, start, before, after)
    if len(program.seen) > known:
        program.seen[-1] = program.seen[-1]._replace(values=values)
    elif multiplies() or _gives_gradients(what, result):
        seen = Seen(what.line, what.name, start, current().next, [], values)
        program.seen.append(seen)


def _gives_gradients(what: Uncalled, result: Any) -> bool:
    """Whether it is called a backward pass, or gives (E, ∂E/∂x)."""
    parts = result if isinstance(result, tuple) else ()
    arrays = [isinstance(one, np.ndarray) and one.ndim > 0 for one in parts]
    several = set(arrays) == {True, False}
    return several or any(map(BACK.search, (what.name, *(what.methods or ()))))


def multiplies() -> bool:
    """Whether there was a product of matrices: without one there is no network."""
    return any(node.op in FACTORS for node in current().nodes.values())


def _called(program: Program, function: Any, what: Uncalled, given: dict[str, Any]) -> Any:
    """What a function gives, with what the functions before it give."""
    args = _arguments(function, program, what, given, frozenset((what.name,)))
    if (before := what.gives.get(FORWARD)) is not None and not what.methods:
        names = [arg.arg for arg in before.args.args]
        given[f"{before.name}[0]"] = program.names[before.name](*map(given.__getitem__, names))
    return function(*args)


def _methods_called(
    program: Program, made: Any, what: Uncalled, given: dict[str, Any]
) -> dict[str, Any]:
    """What the methods of an object give; one that gives what another asks for comes before it."""
    results: dict[str, Any] = {}
    left, tried = _without_rules(made, what.methods or ()), set()
    while left:
        name, errors = _next(made, left, what), len(program.errors)
        method = getattr(made, name)
        work = lambda m=method: m(*_arguments(m, program, what, given, results=results))  # noqa: E731
        results[name] = program.attempt(work, what.line)
        program.went_back |= not program.errors and bool(BACK.search(name)) and multiplies()
        if isinstance(results[name], Unknown) and results[name].known() is None:
            results[name] = _passed_on(results[name], results)
        program.oracle.output = _output(results[name]) or program.oracle.output
        missing = NO_ATTRIBUTE.search(program.errors[-1][2] if program.errors[errors:] else "")
        setter = what.gives.get(missing[1]) if missing else None
        if setter is not None and setter.name not in (name, "__init__") and name not in tried:
            tried.add(name)
            del program.errors[errors:]
            left.insert(0, setter.name)
        else:
            left.remove(name)
    return results


def _asks(made: Any, name: str) -> set[str]:
    """The names of a method's arguments."""
    code = getattr(getattr(type(made), name, None), "__code__", None)
    return set(code.co_varnames[: code.co_argcount] if code else ())


def _without_rules(made: Any, names: Sequence[str]) -> list[str]:
    """The methods but for those that move parameters by gradients that another one gives."""
    backs = {name for name in names if BACK.search(name)}
    rules = {n for n in names if n not in backs and any(map(MOVES_BY.search, _asks(made, n)))}
    return [name for name in names if not (backs and name in rules)]


def _next(made: Any, left: Sequence[str], what: Uncalled) -> str:
    """The first method that asks for nothing which another one gives, or else the first."""
    gives = {name: {one for one in what.returns.get(name, ()) if one} for name in left}
    for name in left:
        asked = _asks(made, name)
        if not any(asked & gives[other] for other in left if other != name):
            return name
    return left[0]


def _output(result: Any) -> tuple[int, ...] | None:
    """The shape of what a method gives first."""
    first = result[0] if isinstance(result, tuple) and result else result
    return first.shape if isinstance(first, np.ndarray) and first.ndim else None


def _of_results(name: str, what: Uncalled, results: Mapping[str, Any]) -> Any:
    """What a method has returned by a name; None if none has."""
    for method, result in results.items():
        names = what.returns.get(method, [])
        parts = result if len(names) > 1 else (result,)
        if name in names and isinstance(parts, tuple) and len(parts) == len(names):
            return parts[names.index(name)]
    return None


def _decays(name: str, default: Any) -> bool:
    """Whether parameters would decay by it, and do not by default."""
    return isinstance(default, float) and default == 0 and bool(SHRINKS.search(name))


def _is_batch(name: str, default: Any) -> bool:
    """Whether it is a number of samples at a time, of which there are fewer."""
    return type(default) is int and default > SAMPLES and "batch" in name.lower()


def _passed_on(argument: Unknown, results: Mapping[str, Any]) -> Any:
    """An argument that comes back as it was: of the shape that a method before it gave."""
    before = [one for one in results.values() if isinstance(one, np.ndarray)]
    return argument.become(before[-1].shape) if before else argument


def _arguments(
    function: Any, program: Program, what: Uncalled, given: dict[str, Any],
    asking: frozenset[str] = frozenset(), results: Mapping[str, Any] = {},
) -> list[Any]:  # fmt: skip
    """A stand-in for each argument that has no default; those of one name are one.

    Args:
        results: what methods have given, by their names: it may be what another asks for.
    """
    is_type = isinstance(function, type)
    code = getattr(function, "__init__", function) if is_type else function
    code = inspect.unwrap(getattr(code, "__func__", code))
    if not hasattr(code, "__code__"):
        return []
    names = code.__code__.co_varnames[: code.__code__.co_argcount]
    required = len(names) - len(code.__defaults__ or ())
    optional = dict(zip(names[required:], code.__defaults__ or (), strict=True))
    asked = _asked(optional, program, is_type=is_type)
    taken = max([required, *(names.index(name) + 1 for name in asked)])
    none = {name for name, value in optional.items() if value is None} - asked
    ours = {name: DECAY for name, value in optional.items() if _decays(name, value)}
    ours |= {name: SAMPLES for name, value in optional.items() if _is_batch(name, value)}
    names = names[: max([taken, *(names.index(name) + 1 for name in ours)])]
    settings = {name: value for name, value in optional.items() if value is not None} | ours
    if is_type or hasattr(function, "__self__"):
        names = names[1:]
    if given.keys().isdisjoint(names):
        given.update(_of_exercise(names, program.oracle))
    givers = {name: what.gives[name] for name in names if name in what.gives and not what.methods}
    for name in sorted(givers, key=lambda name: not _alike(givers[name].name, what.name)):
        before = givers[name]
        if name in given or before.name in asking:
            continue
        if _is_called_for(program, what, before, deep=len(asking) > 1):
            _give(name, program, before, what, given, asking | {before.name})
    for name in names:
        if name not in given and (known := _of_results(name, what, results)) is not None:
            given[name] = known
        if name not in given:
            given[name] = Unknown(name, program.oracle, setting=is_type)
        if isinstance(given[name], Unknown) and BACK.search(getattr(function, "__name__", "")):
            given[name].like = program.oracle.output
    return [None if name in none else settings.get(name, given[name]) for name in names]


def _of_exercise(names: Sequence[str], oracle: Oracle) -> dict[str, Any]:
    """Arguments for W, V, x and y in one of the usual ways, if these are among the names."""
    found = roles(names)
    if not {"W", "V", "x", "y"} <= set(found or ()):
        return {}
    ways = [(way, True) for way in layouts(names, found, bias=True)]
    ways += [(way, False) for way in layouts(names, found, bias=False) if not way.apart]
    if (picked := oracle.choose((*ways, None))) is None:  # as its own sizes may need it
        return {}
    oracle.ours, (way, bias) = True, picked
    oracle.drawn |= dict.fromkeys((D, Q, M, N))  # these are not what the program asks for
    return {k: lifted(v) for k, v in drawn(names, way, oracle.random, bias=bias).items()}


def _is_called_for(
    program: Program, what: Uncalled, before: ast.FunctionDef, *, deep: bool
) -> bool:
    """Whether a function is called for an argument: else that is a stand-in, as ∂E/∂u may be."""
    if not deep and _alike(before.name, what.name):
        return True
    likely = bool(MAKES.search(before.name)) or (not deep and not BACK.search(before.name))
    return program.oracle.choose((True, False) if likely else (False, True))


def _asked(optional: Mapping[str, Any], program: Program, *, is_type: bool) -> frozenset[str]:
    """Those of the arguments whose default is None that are given: all, or none, or one."""
    none = [name for name, value in optional.items() if value is None]
    if not none:
        return frozenset()
    likely = ((), none) if is_type or len(none) > 1 else (none, ())
    single = [[name] for name in reversed(none)] if len(none) > 1 else []
    return frozenset(program.oracle.choose((*likely, *single)))


def _give(
    asked: str, program: Program, before: ast.FunctionDef, what: Uncalled, given: dict[str, Any],
    asking: frozenset[str],
) -> None:  # fmt: skip
    """Call a function for what it returns, by the names that it has there; a cache comes last."""
    function = program.names[before.name]
    result = function(*_arguments(function, program, what, given, asking))
    names = _returned(before)
    results = result if len(names) > 1 else (result,)
    if isinstance(results[0], np.ndarray):
        program.oracle.output = results[0].shape
    for k, (name, one) in enumerate(zip(names, results, strict=True)):
        given.setdefault(name or f"{before.name}[{k}]", one)
    given.setdefault(asked, results[-1])
