"""`jaxmlp verify … --out DIR`: a class in one command."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from jaxmlp.classroom import page, written
from jaxmlp.classroom.grading import graded_class, read_kept
from jaxmlp.classroom.rubric import read_rubric
from jaxmlp.classroom.submissions import collected
from jaxmlp.classroom.words import say
from jaxmlp.cli.verify_options import VerifySettings, options_of
from jaxmlp.text import Refused
from jaxmlp.verify.finding import File, Report
from jaxmlp.verify.report import telling
from jaxmlp.verify.run.box import Held


def grade(
    settings: VerifySettings,
    held: Held,
    run: Callable[[Sequence[Mapping[str, Any]]], Iterator[File]],
    lang: str,
) -> tuple[str, Report]:
    """Grade the submissions in folders and zips, and write what comes out to a folder.

    Args:
        held: what can be held of files that run.
        run: judges files.

    Returns:
        What is to be printed; all that was found.

    Raises:
        ValueError, OSError: a source, the pattern, the rubric or the folder will not do.
    """
    out, sources = Path(settings.out), settings.files
    written.check_folder(out)
    rubric = None if settings.rubric is None else read_rubric(Path(settings.rubric))
    handed_in = collected([Path(source) for source in sources], _pattern(settings.students))
    if not any(work.code for work in handed_in.submissions):
        raise Refused(
            f"expected submissions with Python in {', '.join(sources)}, got none",
            f"{', '.join(sources)} に Python の提出物がありません",
        )
    kept = read_kept(out)
    made, results = graded_class(handed_in, options_of(settings, held), kept, run)
    new = len(results.keys() - kept.keys())
    files = tuple(file for work in made for file in work.files)
    report = Report(files, held if new else None)
    told = [say("new", lang, new, len(results) - new), telling.held(report, lang)]
    told = list(filter(None, told))
    written.write(out, handed_in, made, results, rubric, told, lang, settings.explain)
    text = "\n".join([page.as_text(handed_in, made, lang), *told, str(out / "index.html")])
    return text, report


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
