"""What comes out for a class as CSV: the points for the LMS, and every entry."""

from collections.abc import Mapping, Sequence

from jaxmlp.classroom.feedback import not_graded, student_label
from jaxmlp.classroom.grading import Graded
from jaxmlp.classroom.mistakes import mistakes, needs_review
from jaxmlp.classroom.names import Student
from jaxmlp.classroom.rubric import Rubric, RubricPoints
from jaxmlp.classroom.submissions import Class
from jaxmlp.classroom.words import say
from jaxmlp.spreadsheet import as_csv
from jaxmlp.verify.report.words import clean


def table(rows: Sequence[Sequence[object]]) -> bytes:
    """A CSV in UTF-8 with the mark that Excel needs."""
    return as_csv(rows).encode("utf-8-sig", "backslashreplace")


def points_table(
    graded: Sequence[Graded],
    points: Mapping[Student, RubricPoints],
    rubric: Rubric | None,
    lang: str,
) -> bytes:
    """One row a student: id, name, points, the points by stage, mistakes, what was not judged.

    The names of the columns are English in either language: an LMS is told once which is which.
    """
    parts = [*rubric.points, *rubric.functions] if rubric else []
    head = ["id", "name", *(["points"] if rubric else []), *parts, "mistakes", "look at"]
    return table([head, *(_row(work, points, rubric, parts, lang) for work in graded)])


def _row(
    work: Graded, points: Mapping[Student, RubricPoints], rubric: Rubric | None,
    parts: Sequence[str], lang: str,
) -> list[object]:  # fmt: skip
    student = work.submission.student
    mine = points.get(student)
    total = [] if mine is None else ["" if mine.total is None else f"{mine.total:g}"]
    by_part = [f"{mine.parts[p]:g}" if mine and p in mine.parts else "" for p in parts]
    wrong = [f"{m.stage}: {m.ids}" for m in mistakes(work.files)]
    names = [clean(student.id), clean(student.name)]
    return [*names, *total, *by_part, clean("; ".join(wrong)), "; ".join(needs_review(work, lang))]


def entries_table(handed_in: Class, lang: str) -> bytes:
    """One row an entry: where it was, whose it is, and why it was not graded, if it was not."""
    head = [say(key, lang) for key in ("entry", "student", "graded", "why")]
    rows = [[clean("/".join(code.path)), student_label(submission.student), "1", ""]
            for submission in handed_in.submissions for code in submission.code]  # fmt: skip
    rows += [[entry, who, "0", why] for who, entry, why in not_graded(handed_in, lang)]
    return table([head, *sorted(rows)])
