"""The process in which a person's code runs. It imports nothing that is slow to import.

It builds a namespace from the pieces of a file that were taken out, calls what it is asked to
call, and answers with plain arrays. It is no sandbox.
"""

import ast
import contextlib
import os
import sys
import traceback
import warnings
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

MEMORY = 4 << 30  # bytes


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


class Missing:
    """In place of what could not be imported or defined: says so when it is used."""

    def __init__(self, why: BaseException):
        self._why = why

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # asked by Python, not by the person
            raise AttributeError(name)
        raise self._why

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        raise self._why


class Sample(np.ndarray):
    """What a reader gives back: an array that also answers as a data frame would."""

    values = property(lambda self: self)

    def to_numpy(self, *args: Any, **kwargs: Any) -> "Sample":
        """The array."""
        return self


def serve(connection, pieces: Pieces, folder: str) -> None:
    """Answer requests until there are none.

    They are ("call", function, arguments, sizes), ("run", loop, names, sizes) and ("record", the
    file's text, settings, sizes).

    Args:
        folder: where to work: what is written there is removed by others.
    """
    if hasattr(os, "setpgid"):  # a group, so that what is started here can be ended with it
        os.setpgid(0, 0)
    _quiet()
    sys.path.insert(0, os.path.dirname(os.path.abspath(pieces.path)))
    sizes, names = None, {}
    os.chdir(folder)
    with contextlib.suppress(EOFError):
        while True:
            request = connection.recv()
            try:
                if request[3] != sizes:
                    sizes = request[3]
                    names = namespace(pieces, sizes)
                answer = ("done", *_answer(pieces, names, *request[:3]))
            except NotImplementedError:
                answer = ("unfinished",)
            except BaseException as error:
                answer = ("crashed", _message(pieces.path, error), *_lines(pieces.path, error)[:1])
            try:
                connection.send(answer)
            except Exception as error:
                connection.send(("crashed", f"{type(error).__name__}: {error}", 0))


def _quiet() -> None:
    """Nothing on the terminal, no window, no more memory than is reasonable."""
    null = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(null, stream)
    sys.stdin, sys.stdout, sys.stderr = (os.fdopen(null, mode, closefd=False) for mode in "rww")
    os.environ["MPLBACKEND"] = "Agg"
    warnings.simplefilter("ignore")
    np.seterr(all="ignore")
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))


def namespace(pieces: Pieces, sizes: Mapping[str, int]) -> dict[str, Any]:
    """The names of a file, with these sizes in place of its own d, q, m and n."""
    names: dict[str, Any] = {"__name__": "checked"}
    for statement in pieces.imports:
        _import(statement, names)
    if "jax" in sys.modules:
        sys.modules["jax"].config.update("jax_enable_x64", True)
    for function in pieces.functions:
        _define(function, names, pieces.path)
    for statement in pieces.constants:
        with contextlib.suppress(Exception):
            _execute([statement], names, pieces.path)
        names.update({n: v for n, v in sizes.items() if isinstance(names.get(n), int)})
    for function in pieces.functions:  # again, for defaults that need the constants
        _define(function, names, pieces.path)
    for statement in _redefinitions(pieces):
        with contextlib.suppress(Exception):
            _execute([statement], names, pieces.path)
    return names


def _redefinitions(pieces: Pieces) -> list[ast.stmt]:
    """What gives a function's name to something else after its definition: np.vectorize(f)."""
    lines = {f.name: f.lineno for f in pieces.functions}
    made = [s for s in pieces.constants if isinstance(s, ast.Assign)]
    return [
        s
        for s in made
        if any(isinstance(t, ast.Name) and s.lineno > lines.get(t.id, s.lineno) for t in s.targets)
    ]


def _execute(statements: list[ast.stmt], names: dict[str, Any], path: str) -> None:
    exec(compile(ast.Module(statements, []), path, "exec"), names)


def _import(statement: ast.stmt, names: dict[str, Any]) -> None:
    try:
        _execute([statement], names, "import")
    except BaseException as error:
        why = ImportError(f"{type(error).__name__}: {error}")
        for alias in statement.names:
            names[alias.asname or alias.name.split(".")[0]] = Missing(why)


def _define(function: ast.FunctionDef, names: dict[str, Any], path: str) -> None:
    """Define it; without its decorators where those are missing."""
    bare = ast.copy_location(ast.FunctionDef(**{**vars(function), "decorator_list": []}), function)
    for one in (function, bare):
        try:
            return _execute([one], names, path)
        except Exception as error:
            names[function.name] = Missing(error)
    return None


def _answer(pieces: Pieces, names: dict[str, Any], kind: str, what: str, given: Any) -> tuple:
    if kind == "run":
        return (_run(pieces, names, pieces.loops[what], given),)
    if kind == "record":
        from jaxmlp.verify.run.record import record

        return (record(what, path=pieces.path, **given),)
    if what not in names:
        raise NameError(f"name {what!r} is not defined")
    function = names[what]
    args = [np.array(arg) if isinstance(arg, np.ndarray) else arg for arg in given]
    try:
        result = function(*args)
    except Exception:
        if not any(getattr(v, "__name__", "") in ("jax", "jax.numpy") for v in names.values()):
            raise
        with contextlib.suppress(Exception):
            return portable(function(*map(_as_jax, given))), [None] * len(given)
        raise
    return portable(result), [portable(a) if isinstance(a, np.ndarray) else None for a in args]


def _run(pieces: Pieces, names: dict[str, Any], body: list[ast.stmt], given: Mapping) -> dict:
    """What a training step leaves: run among the names, where functions see and change them."""
    before = dict(names)
    names.update(given)
    if "__sample__" in given:
        names["__sample__"] = given["__sample__"].view(Sample)
    try:
        _execute([_once(body)], names, pieces.path)
        stored = {
            n.id
            for s in body
            for n in ast.walk(s)
            if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
        }
        return _arrays(names, {n: v for n, v in before.items() if n not in stored})
    finally:
        names.clear()
        names.update(before)


def _once(body: list[ast.stmt]) -> ast.For:
    """A loop of one round: the body may have a `continue`."""
    target = ast.Name("__round__", ast.Store())
    loop = ast.For(target, ast.Tuple([ast.Constant(0)], ast.Load()), body, [])
    return ast.fix_missing_locations(loop)


def _as_jax(value: Any) -> Any:
    """An array as one of JAX's, which has `.at`."""
    return sys.modules["jax"].numpy.asarray(value) if isinstance(value, np.ndarray) else value


def _arrays(local: Mapping[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
    """The numbers and arrays among the names, of those that are new or changed."""
    found = {}
    for name, value in local.items():
        if name.startswith("__") or (name in before and before[name] is value):
            continue
        with contextlib.suppress(TypeError):
            found[name] = portable(value)
    return found


def portable(value: Any) -> Any:
    """A result made of plain arrays, numbers, tuples and dicts.

    Raises:
        TypeError: it is something else.
    """
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if hasattr(value, "_asdict"):
        value = value._asdict()
    if isinstance(value, Mapping):
        return {str(key): portable(one) for key, one in value.items()}
    if isinstance(value, tuple | list):
        return tuple(map(portable, value)) if _nested(value) else np.array(value)
    if isinstance(value, np.ndarray | np.generic) or hasattr(value, "__array__"):
        plain = np.array(value)
        if plain.dtype.kind in "biufc":
            return plain
    raise TypeError(f"expected arrays, got {type(value).__name__}")


def _nested(values: Any) -> bool:
    """Whether a sequence is one of results, and not a list of numbers."""
    return isinstance(values, tuple) or not all(
        isinstance(v, int | float | np.generic) for v in values
    )


def _lines(path: str, error: BaseException) -> list[int]:
    """The lines of the file that it went through, the outermost first; 0 where there is none."""
    frames = traceback.extract_tb(error.__traceback__)
    return [f.lineno or 0 for f in frames if f.filename == path] or [0]


def _message(path: str, error: BaseException) -> str:
    """The exception, and the line of the file that it came from."""
    *_, line = _lines(path, error)
    place = f" (line {line})" if line else ""
    text = " ".join(str(error).split())[:300]
    return f"{type(error).__name__}: {text}{place}" if text else f"{type(error).__name__}{place}"
