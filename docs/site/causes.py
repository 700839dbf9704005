"""What a report can say of a program of any shape, read out of the source of the judge.

Its notes are made where the mistake is seen, some of them of what was found there: so they are
listed as they are written, with the names of what is put in between braces.
"""

import ast
import inspect
from collections.abc import Iterator
from types import ModuleType
from typing import NamedTuple

from jaxmlp.verify.finding import Words
from jaxmlp.verify.judge import (
    causes,
    compared,
    evaluated,
    exchanged,
    factors,
    misfits,
    slopes,
    still,
    suspects,
    told,
    wrong_slopes,
)

MODULES = (
    causes, exchanged, wrong_slopes, slopes, told, still, factors, misfits, suspects, compared,
    evaluated,
)  # fmt: skip


class Cause(NamedTuple):
    """A mistake in a program: its id, what is said of it, and the equation of the lecture."""

    id: str
    text: Words
    equation: str = ""


def listed() -> tuple[Cause, ...]:
    """All that the modules name, each once, in the order of their source."""
    return tuple(dict.fromkeys(cause for module in MODULES for cause in _of_module(module)))


def _of_module(module: ModuleType) -> Iterator[Cause]:
    nodes = list(ast.walk(ast.parse(inspect.getsource(module))))
    calls = [node for node in nodes if isinstance(node, ast.Call)]
    tables = [node.value for node in nodes if isinstance(node, ast.Yield)]
    made = [(node.lineno, cause) for node in [*calls, *tables] if (cause := _cause(node))]
    yield from (cause for _, cause in sorted(made, key=lambda one: one[0]))


def _cause(node: ast.expr | None) -> Cause | None:
    """A note with a hint, as only a mistake has one; or a row of those of f'."""
    match node:
        case ast.Call(
            func=ast.Name("Note"),
            args=[ast.Constant(str(id)), ast.Call(args=[en, ja]), _, *rest],
        ):
            return Cause(id, Words(_text(en), _text(ja)), _equation(rest))
        case ast.Call(
            func=ast.Name("_note" | "backwards_note"), args=[ast.Constant(str(id)), en, ja, *rest]
        ):
            return Cause(id, Words(_text(en), _text(ja)), _equation(rest))
        case ast.Tuple([ast.Constant(str(id)), _, en, ja]):
            return Cause(id, Words(_text(en), _text(ja)), "L18")
    return None


def _equation(rest: list[ast.expr]) -> str:
    return next((one.value for one in rest if isinstance(one, ast.Constant)), "")


def _text(said: ast.expr) -> str:
    """A text; what is put into it by name, and what has a form in each language left out."""
    if isinstance(said, ast.JoinedStr):
        return "".join(map(_text, said.values))
    if isinstance(said, ast.FormattedValue):
        names = [name for name in ast.unparse(said.value).split(".") if name not in Words._fields]
        return f"{{{names[-1]}}}" if names else "…"
    return str(ast.literal_eval(said))
