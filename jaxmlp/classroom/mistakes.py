"""The mistakes of a student and of a class: each counted once, with a line to show it."""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from jaxmlp.classroom.grading import Graded
from jaxmlp.classroom.words import say
from jaxmlp.verify.finding import Check, File
from jaxmlp.verify.report import words
from jaxmlp.verify.report.telling import NOT_LOOKED_AT, ids, notes_by_explanation
from jaxmlp.verify.report.words import clean

GRADED = ("delta2", "dV", "delta1", "dW")  # in the order of the derivation
UPSTREAM = {"dV": ("delta2",), "delta1": ("delta2",), "dW": ("delta2", "delta1")}
STAGES_BY_NAME = {words.STAGE_NAMES[stage].en: stage for stage in GRADED}


def graded_stage(check: Check) -> str:
    """The stage of the derivation that a check is about, or nothing."""
    return check.stage if check.stage in GRADED else STAGES_BY_NAME.get(check.stage, "")


class ClassMistake(NamedTuple):
    """One thing that is not right, wherever else it shows.

    Attributes:
        stage: the quantity, as the lecture writes it.
        ids: of its diagnosis, or its verdict.
        check: where it was first seen.
        path: of the file.
    """

    stage: str
    ids: str
    check: Check
    path: str


def mistakes(files: Iterable[File]) -> list[ClassMistake]:
    """What is not right in a student's files, each once.

    The same of the same stage, in a function and in the loop that calls it, is one mistake; so is
    what shows again further down, the δ1 without f' in the ∂E/∂W that is made of it.
    """
    seen: dict[tuple[str, str], ClassMistake] = {}
    for file in files:
        for check in file.checks:
            if check.verdict != "right" or check.bought:
                stage = words.stage(check, "en")
                fault = ids(check) or check.verdict
                seen.setdefault((stage, fault), ClassMistake(stage, fault, check, file.path))
    return [mistake for mistake in seen.values() if not any(
        (words.STAGE_NAMES[above].en, mistake.ids) in seen and ids(mistake.check)
        for above in UPSTREAM.get(graded_stage(mistake.check), ()))]  # fmt: skip


class Common(NamedTuple):
    """A mistake, how many students have made it, and one of them."""

    mistake: ClassMistake
    students: int
    line: str


def common(graded: Sequence[Graded]) -> list[Common]:
    """The mistakes of a class, those that most have made first."""
    by_mistake: dict[tuple[str, str], list[tuple[Graded, ClassMistake]]] = {}
    for work in graded:
        for mistake in mistakes(work.files):
            by_mistake.setdefault(mistake[:2], []).append((work, mistake))
    made = [Common(some[0][1], len(some), next(filter(None, map(_line, some)), ""))
            for some in by_mistake.values()]  # fmt: skip
    return sorted(made, key=lambda shared: (-shared.students, shared.mistake[:2]))


def _line(where: tuple[Graded, ClassMistake]) -> str:
    """The line that shows a mistake: the wrong expression, or where its function begins."""
    work, mistake = where
    if mistake.check.place:
        return mistake.check.place.text
    code = next((c for c in work.submission.code if c.own == mistake.path), None)
    number = mistake.check.line
    if code is None or number is None or code.notebook:
        return ""
    lines = "\n".join(code.cells).split("\n")
    return lines[number - 1].strip() if number <= len(lines) else ""


def said(mistake: ClassMistake, lang: str) -> str:
    """What was done, in words; of what was not recognised, the verdict."""
    notes = [note for some in notes_by_explanation(mistake.check.diagnosis)[:1] for note in some]
    text = " ".join(words.sentence(note, lang) for note in notes)
    bought = [n for n in mistake.check.remarks if mistake.check.bought and n.id in mistake.ids]
    return text or " ".join(words.sentence(n, lang) for n in bought) or words.say(
        mistake.check.verdict, lang
    )  # fmt: skip


def needs_review(graded: Graded, lang: str) -> Iterator[str]:
    """What has to be looked at by a person."""
    for file in graded.files:
        unseen = (note.text for note in file.remarks if note.id in NOT_LOOKED_AT)
        for why in filter(None, (file.problem, *unseen)):
            yield clean(f"{file.path}: {getattr(why, lang)}")
    if not graded.files:
        yield say("nothing", lang)
