"""What a check has found, as plain data in both languages; `report` writes it down."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import NamedTuple

from jaxmlp.verify.run.box import Held

VERDICTS = ("right", "wrong", "imprecise", "unfinished", "crashed", "timeout")
BOUGHT = frozenset(("autodiff", "library", "complex-step"))  # remarks on what nobody derived
ORIGINS = BOUGHT | {"hidden-code", "other-file"}  # remarks on what comes from elsewhere


class Words(NamedTuple):
    """A sentence in English and in Japanese."""

    en: str
    ja: str


@dataclass(frozen=True)
class Note:
    """A diagnosed mistake, or a remark.

    Attributes:
        id: its name in the catalogue, the same in every language.
        text: what was done, and what belongs there.
        hint: where to look, without the answer; None for a remark.
        equation: the lecture's equation it concerns ("L22"), or nothing.
        explanation: notes of one number belong together; notes of different numbers are
            explanations that no data can tell apart.
    """

    id: str
    text: Words
    hint: Words | None = None
    equation: str = ""
    explanation: int = 0


class Worst(NamedTuple):
    """The entry that is farthest off."""

    index: tuple[int, ...]  # type: ignore[assignment]  # a tuple has a method of that name
    expected: float
    got: float


FROM_WRONG = "right-from-wrong"  # the remark on what is right, made of what is wrong


class Place(NamedTuple):
    """Where an expression stands in a file.

    Attributes:
        line, end_line: from 1; in a notebook, of the cell.
        column, end_column: characters from 1; the last is the one after its end.
        text: the expression.
        cell: the number of the code cell, from 1; None where it is no notebook.
    """

    line: int
    column: int
    end_line: int
    end_column: int
    text: str
    cell: int | None = None


class Line(NamedTuple):
    """A line of the code that was judged.

    Attributes:
        number: from 1; in a notebook, of the cell.
        text: as it stands in the file.
        cell: the number of the code cell, from 1; None where it is no notebook.
        says: what it computes ("= ½ ∂E/∂u"), or None.
        stages: the quantities of the lecture's that these are ("delta1").
        verdict: of what it computes backwards: "right", "wrong", or "follows" if it is made of what
            is wrong; nothing for a line of the forward pass.
    """

    number: int
    text: str
    cell: int | None = None
    says: Words | None = None
    stages: tuple[str, ...] = ()
    verdict: str = ""


@dataclass(frozen=True)
class Check:
    """One quantity of one function, judged.

    Attributes:
        name: the function's name, or "training loop".
        stage: which quantity: delta2, dV, delta1, dW in the order of the derivation; u, z, slope
            (f'(u)), a, g of a forward pass; value, derivative, loss of the small functions.
        verdict: one of `VERDICTS`.
        line: where the function begins in its file.
        diagnosis: the mistakes that reproduce what was claimed, exactly, at every point.
        remarks: conventions recognised, and what else is worth saying.
        expected_shape, got_shape: None where there is no array to speak of.
        relative_error: the largest difference, relative to the largest entry.
        worst: the entry that is farthest off.
        wrong: per entry of the expected shape, at most two-dimensional, whether it is wrong.
        where: which rows or columns are wrong, in words.
        place: the wrong expression.
        lines: of the first check of a step, the lines of code that matter for all of them.
    """

    name: str
    stage: str
    verdict: str
    line: int | None = None
    diagnosis: tuple[Note, ...] = ()
    remarks: tuple[Note, ...] = ()
    expected_shape: tuple[int, ...] | None = None
    got_shape: tuple[int, ...] | None = None
    relative_error: float | None = None
    worst: Worst | None = None
    wrong: tuple[tuple[bool, ...], ...] | None = None
    where: Words | None = None
    place: Place | None = None
    lines: tuple[Line, ...] = ()

    @property
    def bought(self) -> bool:
        """Whether what it judges was not derived by hand, right or wrong."""
        return any(note.id in BOUGHT for note in self.remarks)


def by_function(checks: Sequence[Check]) -> list[list[Check]]:
    """The checks of each function of a file, one after the other."""
    return [list(some) for _, some in groupby(checks, lambda check: (check.name, check.line))]


def remarked(checks: tuple[Check, ...], *remarks: Note) -> tuple[Check, ...]:
    """The checks of one function, with these remarks before all others."""
    first, *rest = checks
    return (replace(first, remarks=(*remarks, *first.remarks)), *rest)


@dataclass(frozen=True)
class File:
    """All that was found in one file, or in one function handed over in Python.

    Attributes:
        path: the file, or the function's name.
        checks: in the order of the file.
        remarks: what concerns the file as a whole.
        problem: why it could not be checked at all, or None.
    """

    path: str
    checks: tuple[Check, ...] = ()
    remarks: tuple[Note, ...] = ()
    problem: Words | None = None


@dataclass(frozen=True)
class Report:
    """The findings in one or many files.

    `str` of it is the report in the locale's language; in a notebook it shows itself as a page.

    Attributes:
        held: what was held of the files that ran, where any did.
    """

    files: tuple[File, ...]
    held: Held | None = None

    @property
    def checks(self) -> tuple[Check, ...]:
        """The checks of all files."""
        return tuple(check for file in self.files for check in file.checks)

    @property
    def right(self) -> bool:
        """Whether there was something to check, and all of it is right, and derived by hand."""
        problem = any(file.problem for file in self.files)
        fine = (check.verdict == "right" and not check.bought for check in self.checks)
        return not problem and bool(self.checks) and all(fine)

    def __str__(self) -> str:
        return self.text()

    def text(self, lang: str | None = None, explain: str = "full") -> str:
        """The report in words.

        Args:
            lang: "en" or "ja"; the locale's where it isn't given.
            explain: "verdict", "hint" or "full".
        """
        from jaxmlp.verify.report import as_text
        from jaxmlp.verify.report.words import language

        return as_text(self, lang or language(), explain)

    def _repr_html_(self) -> str:
        from jaxmlp.verify.report import as_notebook
        from jaxmlp.verify.report.words import language

        return as_notebook(self, language())


class Law(NamedTuple):
    """A rule of the proofs: its name, and as a formula what it says, or nothing."""

    name: Words
    formula: str = ""


@dataclass(frozen=True)
class Step:
    """One expression of a chain of equalities, and the rules that lead to it."""

    formula: str
    rules: tuple[Law, ...] = ()


@dataclass(frozen=True)
class Derivation:
    """A chain of equalities that SymPy has checked, link by link.

    Attributes:
        title: what is derived.
        where: the ranges of its free indices.
        steps: the expressions, each equal to the one before.
    """

    title: Words
    where: str
    steps: tuple[Step, ...]


@dataclass(frozen=True)
class Proof:
    """What is proved of a claim for every size, or why it does not hold as printed.

    Attributes:
        claim: L8 to L27.
        statement: for which sizes and functions; or what went wrong.
        done: whether all of it could be proved; None if it was not tried.
        seconds: the time it took.
        refutation: numbers, or shapes, that refute the printed form, or None.
        derivations: the chains, of the corrected form where the printed one does not hold.
    """

    claim: str
    statement: Words
    done: bool | None
    seconds: float = 0.0
    refutation: Words | None = None
    derivations: tuple[Derivation, ...] = ()


@dataclass(frozen=True)
class Claim:
    """A claim of the lecture, judged by evaluating its two sides.

    Attributes:
        id: L1 to L27.
        slide: the slide's title, as printed.
        formula: what is claimed, in Unicode.
        holds: whether the two sides agree.
        recorded: whether they are known to.
        relative_error: the largest difference, relative to the largest entry.
        assumption: what it needs (Σ y = 1), or None.
        error_without: the difference where the assumption does not hold, or None.
        correction: the form that holds, where the printed one does not, or None.
        correction_error: its largest relative difference.
        remark: what else is worth knowing, or None.
        proof: for every size, or None.
    """

    id: str
    slide: str
    formula: str
    holds: bool
    recorded: bool
    relative_error: float
    assumption: Words | None = None
    error_without: float | None = None
    correction: str | None = None
    correction_error: float | None = None
    remark: Words | None = None
    proof: Proof | None = None
