"""`jaxmlp verify … --out DIR`: a class in one command."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from jaxmlp.classroom import page, written
from jaxmlp.classroom.grading import graded, read_kept
from jaxmlp.classroom.rubric import read_rubric
from jaxmlp.classroom.submissions import collected
from jaxmlp.classroom.words import say
from jaxmlp.text import Refused
from jaxmlp.verify.finding import File, Report
from jaxmlp.verify.grading import Options
from jaxmlp.verify.report import telling
from jaxmlp.verify.run.box import Held


def grade(
    sources: Sequence[str],
    out: Path,
    students: str | None,
    rubric: str | None,
    options: Options,
    run: Callable[[Sequence[Mapping[str, Any]]], Iterator[File]],
    lang: str,
    explain: str,
) -> tuple[str, Report]:
    """Grade the submissions in folders and zips, and write what comes out to a folder.

    Args:
        students: a pattern with the groups id and name, or None.
        rubric: a TOML file, or None.
        run: judges files.

    Returns:
        What is to be printed; all that was found.

    Raises:
        ValueError, OSError: a source, the pattern, the rubric or the folder will not do.
    """
    written.check_folder(out)
    worth = None if rubric is None else read_rubric(Path(rubric))
    handed_in = collected([Path(source) for source in sources], _pattern(students))
    if not any(one.code for one in handed_in.submissions):
        raise Refused(
            f"expected submissions with Python in {', '.join(sources)}, got none",
            f"{', '.join(sources)} に Python の提出物がありません",
        )
    kept = read_kept(out)
    fresh: list = []

    def counted(items: Sequence[Mapping[str, Any]]) -> Iterator[File]:
        fresh.extend(items)
        yield from run(items)

    made, results = graded(handed_in, options, kept, counted)
    report = Report(tuple(file for one in made for file in one.files), _held(options.held, fresh))
    reused = len(results) - len(fresh)
    told = [say("new", lang, len(fresh), reused), telling.held(report, lang)]
    told = list(filter(None, told))
    written.write(out, handed_in, made, results, worth, told, lang, explain)
    text = "\n".join([page.as_text(handed_in, made, lang), *told, str(out / "index.html")])
    return text, report


def _held(held: Held | None, fresh: Sequence) -> Held | None:
    return held if fresh else None


def _pattern(students: str | None) -> re.Pattern | None:
    if students is None:
        return None
    try:
        pattern = re.compile(students)
    except re.error as why:
        raise Refused(
            f"expected a regular expression for --students, got {students!r} ({why})",
            f"--students は正規表現です: {students!r} ({why})",
        ) from None
    if "id" not in pattern.groupindex:
        raise Refused(
            f"expected a group (?P<id>…) in --students, got {students!r}",
            f"--students には (?P<id>…) が必要です: {students!r}",
        )
    return pattern
