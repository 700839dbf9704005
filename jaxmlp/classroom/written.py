"""The folder of a class: its page, the feedback, the tables, and what is kept for the next time."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from jaxmlp.classroom import feedback, page, tables
from jaxmlp.classroom.grading import CLASS_FILE, Graded, write_kept
from jaxmlp.classroom.names import Student
from jaxmlp.classroom.rubric import Rubric, awarded_points
from jaxmlp.classroom.submissions import Class
from jaxmlp.text import Refused
from jaxmlp.verify.finding import File
from jaxmlp.whole import write_whole


def check_folder(out: Path) -> None:
    """Refuse a folder that is not ours.

    Raises:
        ValueError: it is there, holds something, and is not the folder of a class.
    """
    if out.exists() and not out.is_dir():
        raise Refused(
            f"expected a folder for --out, got the file {out}",
            f"--out にはフォルダを指定してください ({out} はファイルです)",
        )
    if out.is_dir() and any(out.iterdir()) and not (out / CLASS_FILE).is_file():
        raise Refused(
            f"expected a new folder, or one of a class before, for --out, got {out}",
            f"--out には新しいフォルダか、前回の採点フォルダを指定してください: {out}",
        )
    if not out.resolve().parent.is_dir():
        raise Refused(
            f"expected a folder in one that is there for --out, got {out}",
            f"--out のフォルダを置く場所がありません: {out}",
        )


def write(
    out: Path,
    handed_in: Class,
    graded: Sequence[Graded],
    results: Mapping[str, File],
    rubric: Rubric | None,
    told: Sequence[str],
    lang: str,
    explain: str,
) -> None:
    """Write all that comes out; what was there of the same class is replaced."""
    score = (
        {work.submission.student: awarded_points(work, rubric) for work in graded} if rubric else {}
    )
    pages = _pages([work.submission.student for work in graded])
    (out / "feedback").mkdir(parents=True, exist_ok=True)
    write_kept(out, results)
    for work in graded:
        student = work.submission.student
        line = feedback.scored(score[student], rubric, lang) if rubric else ""
        for form, suffix in ((feedback.as_html, ".html"), (feedback.as_markdown, ".md")):
            text = form(work, line, lang, explain)
            _write(out / f"{pages[student]}{suffix}", text)
    links = {student: f"{path}.html" for student, path in pages.items()}
    _write(out / "index.html", page.as_html(handed_in, graded, links, score, told, lang))
    _write(out / "summary.md", page.as_text(handed_in, graded, lang))
    write_whole(out / "points.csv", tables.points_table(graded, score, rubric, lang))
    write_whole(out / "entries.csv", tables.entries_table(handed_in, lang))


def _write(path: Path, text: str) -> None:
    write_whole(path, text.encode("utf-8", "backslashreplace"))


def _pages(students: Sequence[Student]) -> dict[Student, str]:
    """A file for each: its number and name, of characters that every file system and URL takes."""
    pages: dict[Student, str] = {}
    taken: set[str] = set()
    for student in students:
        stem = re.sub(r"[^\w.@-]+", "_", f"{student.id}_{student.name}").strip("_.")[:60] or "x"
        number, name = 1, stem
        while name.lower() in taken:
            number += 1
            name = f"{stem}_{number}"
        taken.add(name.lower())
        pages[student] = f"feedback/{name}"
    return pages
