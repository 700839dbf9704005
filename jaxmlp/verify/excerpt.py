"""A part of what a notebook or a program has run, judged as a file: a cell, a function, a class.

What goes with it is put before it; in what is found, the lines are those that its reader sees.
"""

import ast
import builtins
import functools
import inspect
import re
import sys
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import replace
from types import FunctionType, ModuleType
from typing import Any, NamedTuple

import numpy as np

from jaxmlp.verify.finding import Check, File, Line, Note, Words
from jaxmlp.verify.grading import Options, verified_cells
from jaxmlp.verify.names import names_used

LINE_NUMBER = re.compile(r"\bline (\d+)|(\d+) 行目")


class Cell(NamedTuple):
    """Code that was run: the number of its cell, its Python, how many lines stand above that."""

    number: int | None
    code: str
    above: int = 0


class Excerpt(NamedTuple):
    """What is to be judged of all that has run.

    Attributes:
        title: what it is called in the report.
        before: the code that goes with it, from elsewhere.
        cell: its own code, and more that stands with it.
        first, last: its lines in that.
    """

    title: str
    before: str
    cell: Cell
    first: int
    last: int

    @property
    def offset(self) -> int:
        """What a line of all the code has over the same line of the cell, as the reader counts."""
        return (self.before.count("\n") + 1 if self.before else 0) - self.cell.above


def of_source(made: Any) -> Excerpt:
    """A function or a class with what it needs of its module; of an object, its class.

    Raises:
        ValueError: its source cannot be read, or it needs what no source can give.
    """
    made = _function_or_class(made)
    code, line = _source(made)
    needed = dict(_needed(code, _names(made), {made.__name__}))
    before = sorted(needed.values(), key=lambda source: not source.startswith(("import ", "from ")))
    cell = Cell(None, code, above=line - 1)
    return Excerpt(made.__name__, "\n".join(before), cell, 1, code.count("\n") + 1)


def _function_or_class(made: Any) -> type | FunctionType:
    while isinstance(made, functools.partial):
        made = made.func
    made = inspect.unwrap(getattr(made, "__func__", made)) if callable(made) else made
    return made if isinstance(made, type | FunctionType) else type(made)


def _source(made: type | FunctionType) -> tuple[str, int]:
    try:
        lines, line = inspect.getsourcelines(made) if made.__name__.isidentifier() else ([], 0)
    except (OSError, TypeError):
        lines, line = [], 0
    if not lines:
        raise ValueError(
            "expected parameters such as W, V, x, y, or a function, a class or an object whose "
            f"source can be read, got {made.__name__}"
        )
    return textwrap.dedent("".join(lines)).rstrip("\n"), line


def _names(made: type | FunctionType) -> Mapping[str, Any]:
    """The names that a function, or the methods of a class and of those it is made of, can see."""
    if isinstance(made, FunctionType):
        return made.__globals__ | dict(inspect.getclosurevars(made).nonlocals)
    inside = [member for base in made.__mro__ for member in vars(base).values()]
    names = dict(vars(sys.modules.get(made.__module__, builtins)))
    for function in (member for member in inside if isinstance(member, FunctionType)):
        names |= function.__globals__ | dict(inspect.getclosurevars(function).nonlocals)
    return names


def _needed(code: str, names: Mapping[str, Any], known: set[str]) -> Iterator[tuple[str, str]]:
    """(name, the statement that gives it) of what code uses, what that needs in turn before it."""
    for name in sorted(
        names_used([ast.parse(code)], {}) & names.keys() - known - set(dir(builtins))
    ):
        known.add(name)
        value = inspect.unwrap(names[name]) if callable(names[name]) else names[name]
        own = getattr(value, "__module__", None) == names.get("__name__")
        if own and isinstance(value, type | FunctionType) and value.__name__.isidentifier():
            inner, _ = _source(value)
            yield from _needed(inner, {**names, **_names(value)}, known)
            alias = "" if value.__name__ == name else f"\n{name} = {value.__name__}"
            yield name, inner + alias
        else:
            yield name, _statement(name, value)


def _statement(name: str, value: Any) -> str:
    """The import or the assignment that gives a name its value.

    Raises:
        ValueError: none does.
    """
    module, own = getattr(value, "__module__", None), getattr(value, "__name__", "")
    if isinstance(value, ModuleType):
        return f"import {own} as {name}"
    if module and own.isidentifier():
        return f"from {module} import {own} as {name}"
    if isinstance(value, np.ndarray | np.generic):
        return f"import numpy\n{name} = numpy.asarray({_written(name, value.tolist())})"
    return f"{name} = {_written(name, value)}"


def _written(name: str, value: Any) -> str:
    """Numbers, words, and lists of them, as they are written in a program."""
    text = repr(value)
    try:
        ast.literal_eval(re.sub(r"\b(inf|nan)\b", "0", text))
    except (ValueError, SyntaxError):
        kind = "a lambda" if callable(value) else type(value).__name__
        raise ValueError(
            f"expected names that can be written into a file, got {name}, {kind}: give it in the "
            "function itself, or check the file"
        ) from None
    return text if isinstance(value, str) else re.sub(r"\b(inf|nan)\b", r"float('\1')", text)


def judged_excerpt(part: Excerpt, options: Options) -> File:
    """What is found in a part, its lines those of the cell."""
    text = f"{part.before}\n{part.cell.code}" if part.before else part.cell.code
    file = verified_cells(f"{part.title}.py", [text], options)
    mine = tuple(_moved(check, part) for check in file.checks if _within(_line(check), part))
    remarks = [_said(note, part) for note in file.remarks if _about(note, part)]
    nothing = Words("nothing in it that the checker knows", "調べられるものがありません")
    return File(part.title, mine, tuple(remarks), file.problem or (None if mine else nothing))


def _line(check: Check) -> int | None:
    return check.line or (check.place and check.place.line)


def _within(line: int | None, part: Excerpt) -> bool:
    above = part.cell.above
    return line is None or part.first <= line - part.offset - above <= part.last


def _about(note: Note, part: Excerpt) -> bool:
    lines = [int(match[1]) for match in re.finditer(r"\bline (\d+)", note.text.en)]
    return not lines or any(_within(line, part) for line in lines)


def _moved(check: Check, part: Excerpt) -> Check:
    place, offset = check.place, part.offset
    if place:
        place = place._replace(line=place.line - offset, end_line=place.end_line - offset,
                               cell=part.cell.number)  # fmt: skip
    line = None if check.line is None else check.line - offset
    lines = tuple(_moved_line(shown, part) for shown in check.lines if _within(shown.number, part))
    remarks, diagnosis = (tuple(_said(n, part) for n in some)
                          for some in (check.remarks, check.diagnosis))  # fmt: skip
    return replace(check, line=line, place=place, lines=lines, remarks=remarks, diagnosis=diagnosis)


def _moved_line(line: Line, part: Excerpt) -> Line:
    says = line.says and _words(line.says, part)
    return line._replace(number=line.number - part.offset, cell=part.cell.number, says=says)


def _said(note: Note, part: Excerpt) -> Note:
    return replace(note, text=_words(note.text, part))


def _words(words: Words, part: Excerpt) -> Words:
    """Words whose lines are those of the cell; lines of what goes with it are nobody's."""

    def line(match: re.Match) -> str:
        number = int(match[1] or match[2]) - part.offset
        if number < 1:
            return "another cell" if match[1] else "別のセル"
        return f"line {number}" if match[1] else f"{number} 行目"

    return Words(*(LINE_NUMBER.sub(line, text) for text in words))
