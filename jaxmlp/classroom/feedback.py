"""A page of feedback for a student, as HTML and as Markdown, at the level wanted."""

import html
import re
from collections.abc import Iterator

from jaxmlp.classroom.grading import Graded
from jaxmlp.classroom.names import Student
from jaxmlp.classroom.rubric import Rubric, RubricPoints
from jaxmlp.classroom.submissions import Class
from jaxmlp.classroom.words import say
from jaxmlp.verify.finding import Check, File, Report
from jaxmlp.verify.report import as_fragment, telling, words
from jaxmlp.verify.report.style import PAGE, SCOPE
from jaxmlp.verify.report.words import clean


def student_label(student: Student) -> str:
    """The number and the name."""
    return clean(f"{student.id} {student.name}".strip())


def not_graded(handed_in: Class, lang: str) -> Iterator[tuple[str, str, str]]:
    """(whose, what, why) of each entry that was not graded; what is nobody's comes last."""
    mine = (
        (student_label(work.student), entry)
        for work in handed_in.submissions
        for entry in work.left
    )
    for who, entry in (*mine, *(("", entry) for entry in handed_in.left)):
        yield who, clean("/".join(entry.path)), getattr(entry.why, lang) if entry.why else ""


def total(points: RubricPoints, lang: str) -> str:
    """The points in all."""
    return say("by hand", lang) if points.total is None else f"{points.total:g}"


def scored(points: RubricPoints, rubric: Rubric, lang: str) -> str:
    """The points as they are read."""
    return say("of", lang, total(points, lang), f"{rubric.most:g}")


def as_html(graded: Graded, score: str, lang: str, explain: str) -> str:
    """One page that needs nothing else."""
    title = html.escape(student_label(graded.submission.student))
    left = "".join(f"<li><code>{html.escape(path)}</code>: {html.escape(why)}</li>"
                   for path, why in _left(graded, lang))  # fmt: skip
    parts = [f"<p>{html.escape(score)}</p>" if score else "",
             f"<h2>{say('left', lang)}</h2><ul>{left}</ul>" if left else ""]  # fmt: skip
    above = f'<div class="{SCOPE}" lang="{lang}">{"".join(parts)}</div>' if any(parts) else ""
    report = as_fragment(Report(graded.files), lang, explain) if graded.files else ""
    return shell(f"<h1>{title}</h1>\n{above}{report}", f"{say('feedback', lang)}: {title}", lang)


def shell(inside: str, title: str, lang: str, style: str = "") -> str:
    """A page: no script, nothing to fetch."""
    return (
        f'<!DOCTYPE html>\n<html lang="{lang}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title} – jaxmlp</title>\n<style>\n{PAGE}{style}</style>\n</head>\n"
        f"<body>\n<main>\n{inside}</main>\n</body>\n</html>\n"
    )


def _left(graded: Graded, lang: str) -> Iterator[tuple[str, str]]:
    """What of it was not graded, by the names the student knows."""
    for entry in graded.submission.left:
        yield clean(entry.path[-1]), getattr(entry.why, lang)


def as_markdown(graded: Graded, score: str, lang: str, explain: str) -> str:
    """The same as Markdown, to be pasted where a student reads it."""
    lines = [f"# {_plain(student_label(graded.submission.student))}", ""]
    lines += [score, ""] if score else []
    report = telling.told(Report(graded.files), explain)
    lines += [telling.summary(report, lang) if graded.files else say("nothing", lang), ""]
    for file in report.files:
        lines += [*_file(file, lang), ""]
    if left := list(_left(graded, lang)):
        lines += [f"## {say('left', lang)}", ""]
        lines += [f"- {_code(path)}: {_plain(why)}" for path, why in left]
    return "\n".join(lines).rstrip() + "\n"


def _file(file: File, lang: str) -> Iterator[str]:
    yield f"## {_code(file.path)}"
    yield ""
    if file.problem:
        yield f"{words.say('problem', lang)}: {_plain(getattr(file.problem, lang))}"
    for note in file.remarks:
        yield f"- {words.say('remark', lang)}: {_plain(words.sentence(note, lang))}"
    for check in file.checks:
        yield from _check(check, lang)


def _check(check: Check, lang: str) -> Iterator[str]:
    at = "" if check.line is None else f" ({words.say('from line', lang, check.line)})"
    head = f"**{words.mark(check.verdict, lang)} {words.say(check.verdict, lang)}**"
    yield f"- {head} {_plain(words.stage(check, lang))}, {_code(words.name(check, lang))}{at}"
    for label, text in telling.facts(check, lang):
        yield f"  - {label}: {_code(text)}"
    explanations = telling.notes_by_explanation(check.diagnosis)
    label = words.say("diagnosis" if all(n.id for n in check.diagnosis) else "hint", lang)
    for number, notes in enumerate(explanations):
        if len(explanations) > 1:
            label = words.say("or" if number else "either", lang, number + 1)
        for note in notes:
            yield f"  - {label}: {_plain(words.sentence(note, lang))}"
    for note in check.remarks:
        yield f"  - {words.say('remark', lang)}: {_plain(words.sentence(note, lang))}"


def _plain(text: str) -> str:
    """Text in which nothing is markup."""
    return re.sub(r"([\\`*_\[\]<>#|])", r"\\\1", clean(" ".join(text.split())))


def _code(text: str) -> str:
    """Text as code, whatever backquotes are in it."""
    text = clean(text)
    fence = "`" * (1 + max(map(len, re.findall("`+", text)), default=0))
    pad = " " if "`" in text[:1] + text[-1:] else ""
    return f"{fence}{pad}{text}{pad}{fence}"
