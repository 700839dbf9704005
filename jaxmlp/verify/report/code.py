"""The judged code: its lines numbered, what each computes beside it, what is wrong underlined."""

import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from html import escape
from typing import NamedTuple

from jaxmlp.verify.finding import Check, Line, Place
from jaxmlp.verify.report.drawing import EQUATIONS, set_equation
from jaxmlp.verify.report.words import clean, mark

WIDEST_LINE = 60  # a line beside which there is room
TAB = 4
PAINTED = {"right": 32, "wrong": 31, "follows": 2, "": 2}


class Row(NamedTuple):
    """A line as it is shown; one without is where lines are left out.

    Attributes:
        line: with its tabs and its indentation made the same for all.
        marks: (begin, end) of what is wrong in it.
        wrong: the checks that are told below it.
    """

    line: Line | None
    text: str = ""
    marks: tuple[tuple[int, int], ...] = ()
    wrong: tuple[Check, ...] = ()


def listed(checks: Sequence[Check]) -> list[Row]:
    """The rows of one step: what its checks say of a place stands below its last line."""
    by_number = {(line.cell or 0, line.number): line for check in checks for line in check.lines}
    lines = [by_number[number] for number in sorted(by_number)]
    margin = min((_margin(line.text) for line in lines if line.text.strip()), default=0)
    told = [check for check in checks if shown(check, lines)]
    rows = [_row(line, told, margin) for line in lines]
    listing: list[Row] = []
    for row in rows:
        before = listing[-1].line if listing else None
        if before and (before.cell, before.number + 1) != (row.line.cell, row.line.number):
            listing.append(Row(None))
        listing.append(row)
    return listing


def shown(check: Check, lines: Sequence[Line]) -> bool:
    """Whether a check's wrong expression is in these lines."""
    place = check.place
    return place is not None and any(_is_in(line, place) for line in lines)


def _is_in(line: Line, place: Place) -> bool:
    return line.cell == place.cell and place.line <= line.number <= place.end_line


def _margin(text: str) -> int:
    return len(_plain(text)) - len(_plain(text).lstrip())


def _plain(text: str) -> str:
    return clean(text.expandtabs(TAB))


def _row(line: Line, told: Sequence[Check], margin: int) -> Row:
    marks: list[tuple[int, int]] = []
    wrong: list[Check] = []
    for check in told:
        place = check.place
        if _is_in(line, place):
            blank = len(line.text) - len(line.text.lstrip())
            begin = place.column - 1 if line.number == place.line else blank
            end = place.end_column - 1 if line.number == place.end_line else len(line.text)
            first, last = (max(len(_plain(line.text[:k])) - margin, 0) for k in (begin, end))
            marks.append((first, last))
            wrong += [check] if line.number == place.end_line else []
    said = {(check.place, check.diagnosis): check for check in reversed(wrong)}  # each once
    told_here = tuple(reversed(said.values()))
    return Row(line, _plain(line.text)[margin:], tuple(dict.fromkeys(marks)), told_here)


def width(text: str) -> int:
    """How many columns a text takes in a terminal."""
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


def as_text(
    rows: Sequence[Row], lang: str, paint: Callable[[str, object], str],
    told: Callable[[Check], Iterable[str]],
) -> Iterator[str]:  # fmt: skip
    """The rows for a terminal.

    Args:
        paint: (text, code) to coloured text.
        told: what there is to say of a wrong check, in lines.
    """
    room = max((w for row in rows if (w := width(row.text)) <= WIDEST_LINE), default=0)
    for row in rows:
        if row.line is None:
            yield f"{'…':>9}"
            continue
        cites = ", ".join(dict.fromkeys(cite for _, cite in _equations(row.line)))
        says = _says(row.line, lang) + (f"  [{cites}]" if cites else "")
        says = paint(says, PAINTED.get(row.line.verdict, 2)) if says else ""
        head = f"{_number(row.line):>9} │ {row.text}".rstrip()
        gap = " " * (room - width(row.text) + 3)
        beside = says and width(row.text) <= room
        yield f"{head}{gap}{says}" if beside else head
        if says and not beside:
            yield f"{'':9} │ {' ' * (room + 3)}{says}"
        if row.marks:
            yield f"{'':9} │ {paint(_carets(row), 31)}"
        for check in row.wrong:
            yield from (f"{'':9} │ {line}" for line in told(check))


def _number(line: Line) -> str:
    return str(line.number) if line.cell is None else f"[{line.cell}] {line.number}"


def _says(line: Line, lang: str) -> str:
    """What it computes; with a hint alone, that it is right."""
    if line.says is None:
        return mark("right", lang) if line.verdict == "right" else ""
    return clean(getattr(line.says, lang))


def _equations(line: Line) -> list[tuple[str, str]]:
    """The lecture's equations for what a line computes, each with its number."""
    return [EQUATIONS[stage] for stage in line.stages if stage in EQUATIONS]


def _carets(row: Row) -> str:
    """Below each column of a mark a ^."""
    columns = [any(a <= k < max(b, a + 1) for a, b in row.marks) for k in range(len(row.text) + 1)]
    text = f"{row.text} "
    under = ("^" if on else " " for on in columns)
    return "".join(c * width(char) for c, char in zip(under, text, strict=True)).rstrip()


def as_html(rows: Sequence[Row], lang: str, told: Callable[[Check], str]) -> str:
    """The rows as a grid of numbers, code and what it is; arguments as for `as_text`."""
    inside = "\n".join(_html_row(row, lang, told) for row in rows)
    return f'<div class="code">\n{inside}\n</div>\n' if rows else ""


def _html_row(row: Row, lang: str, told: Callable[[Check], str]) -> str:
    if row.line is None:
        return '<span class="number">…</span>'
    line = row.line
    says = escape(_says(line, lang)) + "".join(map(set_equation, _equations(line)))
    below = "".join(f'<div class="below">{told(check)}</div>' for check in row.wrong)
    return (
        f'<span class="number">{_number(line)}</span><code>{_marked(row)}</code>'
        f'<span class="says {line.verdict}">{says}</span>{below}'
    )


def _marked(row: Row) -> str:
    """The code, with what is wrong in <mark>."""
    marked = [any(a <= k < b for a, b in row.marks) for k in range(len(row.text))]
    pieces, k = [], 0
    while k < len(row.text):
        end = next((i for i in range(k, len(row.text)) if marked[i] != marked[k]), len(row.text))
        text = escape(row.text[k:end])
        pieces.append(f"<mark>{text}</mark>" if marked[k] else text)
        k = end
    return "".join(pieces)
