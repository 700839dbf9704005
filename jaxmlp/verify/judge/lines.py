"""The lines of a judged step, each with what it computes."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import NamedTuple

from jaxmlp.verify.finding import Line, Place, Words
from jaxmlp.verify.judge.called import Called, CalledPart
from jaxmlp.verify.judge.faults import backward, moved_param
from jaxmlp.verify.judge.judgement import Judgement
from jaxmlp.verify.judge.places import at_line, in_cell
from jaxmlp.verify.judge.symbols import Symbols, adjoint_key
from jaxmlp.verify.judge.worlds import Param
from jaxmlp.verify.truth import errors

FRACTIONS = {Fraction(1): "", Fraction(1, 2): "½ ", Fraction(1, 3): "⅓ ", Fraction(1, 4): "¼ "}
SYMBOLS = {"delta2": "δ2", "delta1": "δ1"}
OUTPUT = Words("the output g", "出力 g")
ENTRYWISE_ERROR = Words("E, entry by entry", "E の各成分")
MOST_PER_LINE = 3  # things that are said of one line


class LineSaid(NamedTuple):
    """What is said of a value, as in `finding.Line`."""

    words: Words
    stage: str = ""
    verdict: str = ""


def listing(
    told: Told, wrong: Mapping[Place, Sequence[int]], lines: Sequence[str]
) -> tuple[Line, ...]:
    """The lines of a step that matter, in the order of the file, with what each computes.

    Args:
        wrong: the wrong expressions, with their nodes.
        lines: of the file.
    """
    nearest = sorted(wrong, key=lambda place: max(wrong[place], default=0), reverse=True)
    told.wrong = {place: told.graph.dependents(wrong[place]) for place in nearest}
    said: dict[int, list[LineSaid]] = {}
    shown: set[int] = set()
    for part in told.called.parts:
        first, last = part.statement.lineno, part.statement.end_lineno
        if new := [fact for fact in told.of(part) if fact not in said.get(first, ())]:
            said.setdefault(first, []).extend(new)
            shown |= set(range(first, last + 1))
    marked = {
        told.number(place) + k for place in wrong for k in range(place.end_line - place.line + 1)
    }
    return tuple(
        _line(n, lines[n - 1], told.cells, said.get(n, []), n in marked)
        for n in _filled(shown | marked)
    )


def _filled(shown: set[int]) -> list[int]:
    """The same with what is a single line between two of them."""
    return sorted(shown | {n + 1 for n in shown if n + 2 in shown})


def _line(number: int, text: str, cells: Sequence[int], said: list[LineSaid], wrong: bool) -> Line:
    cell, at = in_cell(number, cells)
    told = [fact for fact in said if not (wrong and fact.verdict == "follows")]
    words = list(dict.fromkeys(fact.words for fact in told))[:MOST_PER_LINE]
    whole = Words("; ".join(fact.en for fact in words), "; ".join(fact.ja for fact in words))
    verdicts = ["wrong"] * wrong + [fact.verdict for fact in said]
    verdict = next((v for v in ("wrong", "follows", "right") if v in verdicts), "")
    stages = tuple(dict.fromkeys(fact.stage for fact in told if fact.stage))
    return Line(at, text, cell, whole if told else None, stages, verdict)


class Told:
    """What there is to say of the values of a step.

    Attributes:
        wrong: the wrong expressions, with all that comes of them.
    """

    def __init__(self, judgement: Judgement, called: Called):
        self.found, self.called, self.cells = judgement, called, called.cells
        self.wrong: dict[Place, set[int]] = {}
        self.symbols = Symbols(judgement)
        self.nodes, self.graph = judgement.world.recording.nodes, judgement.world.graph
        self.news = {p.new: p for p in judgement.world.params}
        self.leading = set().union(*(backward(judgement, p) for p in judgement.world.params))
        self.same: dict[bytes, list[int]] = {}
        for number, adjoint in judgement.names.adjoints.items():
            self.same.setdefault(adjoint_key(adjoint), []).append(number)
        self.stated, self.scale = _own_error(judgement)
        self.calls = {
            number: part
            for part in called.parts
            if isinstance(part.value, ast.Call)
            for number in called.given(part)
        }

    def of(self, part: CalledPart) -> list[LineSaid]:
        """What a part of a statement computes; of what it is made of, if it is nothing itself."""
        numbers = self.called.given(part) or self.called.inner(part)
        said = [fact for number in numbers if (fact := self.said(number, part.scope))
                and (fact.verdict or self._is_here(number, part))]  # fmt: skip
        known = [fact for fact in said if fact.verdict != "follows"]
        return list(dict.fromkeys(known or said))

    def _is_here(self, number: int, part: CalledPart) -> bool:
        """Whether a value is told of here, and not where a function was called that gives it."""
        call = self.calls.get(number, part)
        return call.statement is part.statement

    def said(self, number: int, scope: int) -> LineSaid | None:
        """What a value is."""
        moved = self.news.get(number) or moved_param(self.found, number)
        if moved is not None and not moved.gives and moved.name in self.found.right:
            return self._new(moved, number, scope)
        if number == self.stated:
            return LineSaid(Words("E", "E"))
        name = self.found.names.of(number) if number in self._behind else None
        if name is not None:
            return self._derivative(name.of, name.factor / self.scale, scope)
        if number in self._behind and self.found.is_error(number):
            return LineSaid(ENTRYWISE_ERROR)
        if number in self.leading:
            return self._follows(number)
        symbol = self.symbols.forward(number)
        return LineSaid(OUTPUT if symbol == "g" else Words(symbol, symbol)) if symbol else None

    @property
    def _behind(self) -> frozenset[int]:
        return self.found.choice.target.backward

    def _new(self, param: Param, number: int, scope: int) -> LineSaid | None:
        """A parameter's new value, as a step from its old one."""
        if not self.found.right[param.name]:
            return self._follows(number)
        factor = self.found.factors.get(param.name)
        title, stage = self._title(param.old, scope)
        if factor is None:
            return LineSaid(Words(f"new {title.en}", f"新しい {title.ja}"), stage, "right")
        step = f"{abs(factor / self.scale):.3g}"
        step = "η " if self.found.world.recording.guessed else "" if step == "1" else f"{step} "
        sign = "−" if factor > 0 else "+"
        en, ja = (f"{t} ← {t} {sign} {step}∂E/∂{t}" for t in title)
        return LineSaid(Words(en, ja), stage, "right")

    def _derivative(self, of: int, factor: float, scope: int) -> LineSaid:
        title, stage = self._title(of, scope)
        before = times(factor)
        symbol = f"{before}{SYMBOLS[stage]} = " if stage in SYMBOLS else ""
        en, ja = (f"= {symbol}{before}∂E/∂{t}" for t in title)
        return LineSaid(Words(en, ja), stage, "right")

    def output(self) -> tuple[Words, int]:
        """What the file calls the output, or nothing, and the line that gives it."""
        last = self.found.choice.target.pairs[-1][0]
        part = self.calls.get(last)
        rank, title = self.called.name(last, part.scope if part else 0)
        line = part.statement.lineno if part else self.nodes[last].span.line
        return title if rank <= 1 else Words("", ""), line

    def error(self) -> int | None:
        """The line of the E that the file itself states, if it is this one."""
        return None if self.stated is None else self.nodes[self.stated].span.line

    def title(self, of: int) -> Words:
        """What the file calls a value."""
        return self._title(of, 0)[0]

    def _title(self, of: int, scope: int) -> tuple[Words, str]:
        """What the file calls a value, or one that E depends on in the same way."""
        roots = set(self.found.world.roots)
        alike = self.same.get(adjoint_key(self.found.names.adjoints[of]), [of])
        inside = [n for n in alike if n not in roots]
        ranked = [(*self.called.name(n, scope), n) for n in inside or alike]
        _, title, best = min(ranked, key=lambda candidate: (candidate[0], -candidate[2]))
        return title, self.symbols.backward(best)

    def _follows(self, number: int) -> LineSaid | None:
        """That a value is made of a wrong one."""
        for place, behind in self.wrong.items():
            if number in behind:
                at = at_line(self.number(place), self.cells)
                words = Words(f"from the wrong value of {at.en}", f"{at.ja}の誤った値から計算")
                return LineSaid(words, "", "follows")
        return None

    def number(self, place: Place) -> int:
        """The line of the file, all cells of a notebook counted on, where a place begins."""
        return place.line + (self.cells[place.cell - 1] - 1 if place.cell else 0)


def _own_error(judgement: Judgement) -> tuple[int | None, float]:
    """The node of the E that the file states, if it is the one of the verdict times a factor."""
    if judgement.choice.error not in errors.ERROR_FUNCTIONS:
        return judgement.choice.stated, 1.0
    return next((stated for stated in judgement.stated_scales() if stated[1] > 0), (None, 1.0))


def times(factor: float) -> str:
    """A factor as it is written in front of a derivative.

    Example:
        >>> times(-0.5), times(1.0), times(1 / 8), times(0.3333)
        ('−½ ', '', '1/8 ', '0.333 ')
    """
    size = abs(factor)
    near = Fraction(size).limit_denominator(1000)
    said = f"{size:.3g} "
    if near and abs(float(near) - size) <= 1e-9 * size:
        said = FRACTIONS.get(near) if near in FRACTIONS else f"{near} "
    return ("−" if factor < 0 else "") + said
