"""The process in which a person's code runs. It imports nothing that is slow to import.

It builds a namespace from the pieces of a file that were taken out, calls what it is asked to
call, and answers with plain arrays.
"""

import contextlib
import marshal
import os
import sys
import time
import traceback
import warnings
from collections.abc import Iterable, Mapping
from types import CodeType
from typing import Any

import numpy as np

from jaxmlp.verify.run import message
from jaxmlp.verify.run.message import ByteStream


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


def serve(requests: ByteStream, answers: ByteStream) -> None:
    """Answer requests until there are none; the first has the pieces of the file.

    The others are ("call", function, arguments) and ("record", the file's code, settings).
    """
    _quiet()
    time.clock = time.perf_counter  # type: ignore[attr-defined]  # of Python before 3.8
    names: dict[str, Any] = {}
    with contextlib.suppress(EOFError):
        pieces = message.unpacked(*message.read(requests))
        sys.argv = [pieces["path"]]  # whatever options it has, none is given
        # Last, so that no file of another person takes the place of a library.
        sys.path.append(os.path.dirname(os.path.realpath(pieces["path"])))
        while True:
            request = message.unpacked(*message.read(requests))
            try:
                if request[0] == "call" and not names:
                    names = namespace(pieces)
                answer = message.packed(("done", *_answer(pieces, names, *request)))
            except NotImplementedError:
                answer = message.packed(("unfinished",))
            except BaseException as error:
                answer = message.packed(("crashed", *_told(pieces["path"], error)))
            answers.write(answer)
            answers.flush()


def _quiet() -> None:
    """Nothing on the terminal, and no warnings."""
    null = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(null, stream)
    sys.stdin, sys.stdout, sys.stderr = (os.fdopen(null, mode, closefd=False) for mode in "rww")
    warnings.simplefilter("ignore")
    np.seterr(all="ignore")


def namespace(pieces: Mapping[str, Any]) -> dict[str, Any]:
    """The names of a file that its functions need."""
    names: dict[str, Any] = {"__name__": "checked"}
    for code, brought in pieces["imports"]:
        _import(_code(code), brought, names)
    if "jax" in sys.modules:
        sys.modules["jax"].config.update("jax_enable_x64", True)
    for name, whole, bare in pieces["functions"]:
        _define(name, whole, bare, names)
    for code in pieces["constants"]:
        with contextlib.suppress(Exception):
            exec(_code(code), names)
    for name, whole, bare in pieces["functions"]:  # again, for defaults that need the constants
        _define(name, whole, bare, names)
    for code in pieces["redefined"]:
        with contextlib.suppress(Exception):
            exec(_code(code), names)
    return names


def _code(array: np.ndarray) -> CodeType:
    return marshal.loads(array.tobytes())


def _import(code: CodeType, brought: Iterable[str], names: dict[str, Any]) -> None:
    try:
        exec(code, names)
    except BaseException as error:
        why = ImportError(f"{type(error).__name__}: {error}")
        names.update(dict.fromkeys(brought, Missing(why)))


def _define(name: str, whole: np.ndarray, bare: np.ndarray, names: dict[str, Any]) -> None:
    """Define a function; without its decorators where those are missing."""
    for code in (whole, bare):
        try:
            return exec(_code(code), names)
        except Exception as error:
            names[name] = Missing(error)
    return None


def _answer(pieces: Mapping, names: dict[str, Any], kind: str, subject: str, inputs: Any) -> tuple:
    if kind == "record":
        from jaxmlp.verify.run.record import record

        return (record(subject, path=pieces["path"], **inputs),)
    if subject not in names:
        raise NameError(f"name {subject!r} is not defined")
    function = names[subject]
    args = [np.array(arg) if isinstance(arg, np.ndarray) else arg for arg in inputs]
    try:
        result = function(*args)
    except Exception:
        if not any(getattr(v, "__name__", "") in ("jax", "jax.numpy") for v in names.values()):
            raise
        with contextlib.suppress(Exception):
            return portable(function(*map(_as_jax, inputs))), [None] * len(inputs)
        raise
    return portable(result), [portable(a) if isinstance(a, np.ndarray) else None for a in args]


def _as_jax(value: Any) -> Any:
    """An array as one of JAX's, which has `.at`."""
    return sys.modules["jax"].numpy.asarray(value) if isinstance(value, np.ndarray) else value


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
        return {str(key): portable(entry) for key, entry in value.items()}
    if isinstance(value, tuple | list):
        return tuple(map(portable, value)) if _nested(value) else np.array(value)
    if isinstance(value, np.ndarray | np.generic) or hasattr(value, "__array__"):
        plain = np.array(value)
        if plain.dtype.kind in message.NUMBER_KINDS and plain.size <= message.LARGEST_ARRAY:
            return plain
        if plain.dtype.kind in message.NUMBER_KINDS:
            raise TypeError(f"expected arrays of at most {message.LARGEST_ARRAY} numbers, "
                            f"got {plain.shape}")  # fmt: skip
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


def _told(path: str, error: BaseException) -> tuple[str, int]:
    """The exception, with the line of the file that it came from; and the outermost such line."""
    lines = _lines(path, error)
    place = f" (line {lines[-1]})" if lines[-1] else ""
    text = " ".join(str(error).split())[:300]
    said = f"{type(error).__name__}: {text}{place}" if text else f"{type(error).__name__}{place}"
    return said, lines[0]
