"""Functions and classes that nothing in a file calls, called: what they move, or give."""

import collections
import re
from collections.abc import Mapping, Sequence
from functools import partial
from types import GeneratorType
from typing import Any

import numpy as np

from jaxmlp.verify.names import BACK, SLOPE_NAME, is_of_derivative
from jaxmlp.verify.run.arguments import Arguments
from jaxmlp.verify.run.loops import Seen
from jaxmlp.verify.run.program import Program
from jaxmlp.verify.run.shapes import SCALAR_NAME
from jaxmlp.verify.run.step import FACTORS, TapePlace, reachable_arrays
from jaxmlp.verify.run.tape import current
from jaxmlp.verify.run.uncalled import FORWARD_CALL, Uncalled
from jaxmlp.verify.run.unknown import Unknown

NO_ATTRIBUTE = re.compile(r"object has no attribute '(\w+)'")
MOVES_BY = re.compile(r"^d_?[A-Z]|^d_?[a-z]\d*$|grad|nabla|delta")  # dW, d_b, grads
MOVES = re.compile(r"updat|step|apply|adjust|optimi", re.IGNORECASE)


def call(program: Program, uncalled: Uncalled) -> None:
    """Call a function, or a new object's methods, and remember what it moved or gave."""
    function = program.names.get(uncalled.name)
    if not callable(function):
        return
    arguments, known, start = Arguments(program, uncalled), len(program.seen), current().next
    inputs = arguments.given
    result = program.attempt(lambda: _called(arguments, function), uncalled.line)
    scope, before = dict(inputs), reachable_arrays(inputs, program.names)
    if uncalled.methods is not None and result is not None:
        start, scope = current().next, {"self": result, **inputs}
        before = reachable_arrays(scope)
        result = _methods_called(arguments, result, before)
    if len(program.seen) == known and (optimised := [s for s in handed() if s.begin >= start]):
        program.seen.extend(optimised)
    elif len(program.seen) == known:
        after = reachable_arrays(scope, inputs, program.names)
        changed = {name: place for name, place in after.items() if before.get(name) != place}
        made = {
            name: place for name, place in reachable_arrays(inputs).items() if place.node >= start
        }
        values = before | reachable_arrays({uncalled.title: result}) | changed | made
        values |= _whole_slopes(uncalled.title, result)
        gives = has_matrix_product() or _gives_gradients(uncalled, result)
        _remember(program, Seen(uncalled.line, uncalled.title, start, current().next, [], values),
                  before, after, gives=gives)  # fmt: skip


def handed() -> list[Seen]:
    """The first call of each thing that the program has handed to an optimiser."""
    tape = current()
    first = {entry.code: entry for entry in reversed(tape.handed)}
    return [Seen(entry.code.co_firstlineno if entry.code.co_filename == tape.path else 0,
                 entry.code.co_name, entry.begin, entry.end, [], reachable_arrays(entry.made),
                 handed=True)
            for entry in sorted(first.values(), key=lambda entry: entry.begin)]  # fmt: skip


def _remember(
    program: Program, seen: Seen, before: dict[str, TapePlace], after: dict[str, TapePlace],
    *, gives: bool,
) -> None:  # fmt: skip
    """Remember a call: as a step, or for what it gives, if that may be gradients."""
    known = len(program.seen)
    program.loops.look(seen.line, seen.name, seen.begin, before, after)
    if len(program.seen) > known:
        moved = {move.name for move in program.seen[-1].moves}
        left = {name: place for name, place in before.items() if name not in moved}
        program.seen[-1] = program.seen[-1]._replace(values=seen.values | left)
    elif gives and seen.values:
        program.seen.append(seen)


def _gives_gradients(uncalled: Uncalled, result: Any) -> bool:
    """Whether it is called a backward pass, or gives (E, ∂E/∂x)."""
    parts = result if isinstance(result, tuple) else ()
    arrays = [isinstance(part, np.ndarray) and part.ndim > 0 for part in parts]
    several = set(arrays) == {True, False}
    names = (uncalled.name, *(uncalled.methods or ()))
    return several or any(map(is_of_derivative, names))


def _whole_slopes(title: str, result: Any) -> dict[str, TapePlace]:
    """The derivatives that methods give in whole numbers, as that of a ReLU may be."""
    methods = result if isinstance(result, dict) else {}
    return {f"{title}[{name!r}]": TapePlace(current().node_of(one), one.shape)
            for name, one in methods.items() if SLOPE_NAME.search(name)
            and isinstance(one, np.ndarray) and one.ndim and one.dtype.kind in "iub"}  # fmt: skip


def has_matrix_product() -> bool:
    """Whether there was a product of matrices: without one there is no network."""
    return any(node.op in FACTORS for node in current().nodes.values())


def _called(arguments: Arguments, function: Any) -> Any:
    """What a function gives, with what the functions before it give."""
    uncalled, inputs = arguments.what, arguments.given
    ready = arguments.of(function, frozenset((uncalled.name,)))
    if (before := uncalled.gives.get(FORWARD_CALL)) is not None and not uncalled.methods:
        names = [arg.arg for arg in before.args.args]
        forward = arguments.program.names[before.name]
        inputs[f"{before.name}[0]"] = forward(*map(inputs.__getitem__, names))
    return _run(ready())


def _methods_called(
    arguments: Arguments, made: Any, before: dict[str, TapePlace]
) -> dict[str, Any]:
    """What the methods of an object give; one that gives what another asks for comes before it.

    Args:
        before: gets the arrays that the object has made until it goes back.
    """
    program, uncalled, results = arguments.program, arguments.what, arguments.results
    left, tried = _without_rules(made, uncalled.methods or ()), set()
    while left:
        name, errors = _next(made, left, uncalled), len(program.errors)
        if BACK.search(name):
            before |= reachable_arrays({"self": made}) | before  # as they were first
        results[name] = _result(arguments, name, getattr(made, name))
        program.went_back |= not program.errors and bool(BACK.search(name)) and has_matrix_product()
        if isinstance(results[name], Unknown) and results[name].known() is None:
            results[name] = _passed_on(results[name], results)
        program.oracle.output = _output(results[name]) or program.oracle.output
        setter = _setter(uncalled, program.errors[errors:])
        if setter not in (None, name, "__init__") and name not in tried:
            tried.add(name)
            del program.errors[errors:]
            left.insert(0, setter)
        else:
            left.remove(name)
    return results


def _result(arguments: Arguments, name: str, method: Any) -> Any:
    """What a method gives; one that adds layers to its object is called for each of several."""
    program, uncalled, result = arguments.program, arguments.what, None
    adding = partial(arguments.additions, method) if name in uncalled.adding else list
    for again, added in enumerate(program.attempt(adding, uncalled.line) or [{}]):
        if again or added:
            arguments.forget(method)
        arguments.given |= added
        result = program.attempt(lambda: _run(arguments.of(method)()), uncalled.line)
    return result


def _run(result: Any) -> Any:
    """What a call gives; of one that gives one result after the other, the last."""
    if not isinstance(result, GeneratorType):
        return result
    last = collections.deque(result, maxlen=1)
    return last.pop() if last else None


def _setter(uncalled: Uncalled, errors: Sequence[tuple[str, int, str]]) -> str | None:
    """The method that sets the attribute for want of which another failed at last."""
    missing = NO_ATTRIBUTE.search(errors[-1][2]) if errors else None
    setter = uncalled.gives.get(missing[1]) if missing else None
    return setter.name if setter is not None else None


def _asks(made: Any, name: str) -> set[str]:
    """The names of a method's arguments."""
    code = getattr(getattr(type(made), name, None), "__code__", None)
    return set(code.co_varnames[: code.co_argcount] if code else ())


def _without_rules(made: Any, names: Sequence[str]) -> list[str]:
    """The methods but for those that move parameters by gradients that another one gives."""
    backs = {name for name in names if BACK.search(name)}
    rules = {n for n in names if n not in backs and any(map(MOVES_BY.search, _asks(made, n)))}
    return [name for name in names if not (backs and name in rules)]


def _next(made: Any, left: Sequence[str], uncalled: Uncalled) -> str:
    """The first method that asks for nothing which another one gives, or else the first; one that
    only asks for a step size, or for nothing to update, comes after those that go back."""
    backs = [name for name in left if BACK.search(name)]
    left = [name for name in left if not (backs and _only_moves(made, name))] or left
    gives = {name: {output for output in uncalled.returns.get(name, ()) if output} for name in left}
    for name in left:
        asked = _asks(made, name)
        if not any(asked & gives[other] for other in left if other != name):
            return name
    return left[0]


def _only_moves(made: Any, name: str) -> bool:
    """Whether a method asks for no more than by how much to move what it updates."""
    asked = _asks(made, name) - {"self"}
    rates = all(map(SCALAR_NAME.fullmatch, asked))
    return rates and not BACK.search(name) and bool(MOVES.search(name))


def _output(result: Any) -> tuple[int, ...] | None:
    """The shape of what a method gives first."""
    first = result[0] if isinstance(result, tuple) and result else result
    return first.shape if isinstance(first, np.ndarray) and first.ndim else None


def _passed_on(argument: Unknown, results: Mapping[str, Any]) -> Any:
    """An argument that comes back as it was: of the shape that a method before it gave."""
    before = [output for output in results.values() if isinstance(output, np.ndarray)]
    return argument.become(before[-1].shape) if before else argument
