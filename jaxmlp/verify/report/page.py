"""A report as HTML, a page or a <div> for a notebook; whatever comes from a file is escaped."""

import html
import zlib
from collections.abc import Iterator, Sequence

import jaxmlp
from jaxmlp.verify.finding import Check, File, Note, Report, by_function
from jaxmlp.verify.report import code, telling, words
from jaxmlp.verify.report.drawing import equation, picture
from jaxmlp.verify.report.style import PAGE, SCOPE, style_sheet
from jaxmlp.verify.report.words import clean, say


def escape(text: str) -> str:
    """Safe between tags and in attributes."""
    return html.escape(clean(text))


def whole(inside: str, title: str, lang: str) -> str:
    """A page around a fragment: no script, nothing to fetch."""
    return (
        f'<!DOCTYPE html>\n<html lang="{lang}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{say(title, lang)} – jaxmlp</title>\n<style>\n{PAGE}</style>\n</head>\n<body>\n"
        f"<main>\n<h1>{say(title, lang)}</h1>\n{inside}</main>\n</body>\n</html>\n"
    )


def wrapped(parts: Sequence[str], lang: str) -> str:
    """A <div> with its style around these parts."""
    inside = "\n".join(part for part in parts if part)
    return (
        f'<div class="{SCOPE}" lang="{lang}">\n<style>{style_sheet()}</style>\n{inside}\n'
        f"<footer>jaxmlp {jaxmlp.__version__}</footer>\n</div>\n"
    )


def fragment(report: Report, lang: str, explain: str) -> str:
    """The report as one <div>, of what `telling.told` has left of it."""
    # Two reports in one notebook must not share the targets of their links.
    prefix = f"file-{zlib.crc32(repr(report).encode('utf-8', 'replace')):08x}"
    files = [
        _file(file, f"{prefix}-{k}", lang, explain) for k, file in enumerate(report.files, start=1)
    ]
    return wrapped([_summary(report, prefix, lang), *files], lang)


def _summary(report: Report, prefix: str, lang: str) -> str:
    badges = [
        f"<li>{badge(verdict, lang, f' {count}')}</li>"
        for verdict, count in telling.counts(report.checks).items()
        if count
    ]
    listed = f'<ul class="counts">{"".join(badges)}</ul>' if badges else ""
    table = _class(report, prefix, lang) if len(report.files) > 1 else ""
    held = telling.held(report, lang)
    table += f"<p>{escape(held)}</p>" if held else ""
    return (
        f"<section><h2>{say('summary', lang)}</h2>\n"
        f"<p>{escape(telling.summary(report, lang))}</p>\n{listed}{table}</section>"
    )


def badge(verdict: str, lang: str, more: str = "") -> str:
    """A verdict with its mark, coloured."""
    mark = f'<span aria-hidden="true">{words.mark(verdict, lang)}</span>'
    return f'<span class="badge {verdict}">{mark} {say(verdict, lang)}{more}</span>'


def _class(report: Report, prefix: str, lang: str) -> str:
    """One row a file, one column a quantity, each file's name a link to what is said of it."""
    columns = telling.columns(report)
    head = [say("file", lang), *(f"{escape(words.name(c, lang))}<br>{escape(words.stage(c, lang))}"
                                 for c in columns)]  # fmt: skip
    cells = "".join(f'<th scope="col">{text}</th>' for text in head)
    rows = "\n".join(
        _row(file, f"{prefix}-{k}", columns, lang) for k, file in enumerate(report.files, start=1)
    )
    return (
        f'<div class="scroll"><table><caption hidden>{say("class", lang)}</caption>'
        f"<thead><tr>{cells}</tr></thead>\n<tbody>\n{rows}\n</tbody></table></div>\n"
    )


def _row(file: File, anchor: str, columns: Sequence[Check], lang: str) -> str:
    problem = f"<br>{tag('problem', lang)}" if file.problem else ""
    head = f'<th scope="row"><a href="#{anchor}">{escape(file.path)}</a>{problem}</th>'
    cells = (
        _cell([c for c in file.checks if (c.name, c.stage) == (column.name, column.stage)], lang)
        for column in columns
    )
    return f"<tr>{head}{''.join(cells)}</tr>"


def _cell(checks: Sequence[Check], lang: str) -> str:
    """The verdicts on one quantity, coloured where there is one verdict."""
    said = [
        f"{words.mark(c.verdict, lang)} {say(c.verdict, lang)}"
        + (f"<small>{escape(telling.ids(c))}</small>" if telling.ids(c) else "")
        for c in checks
    ]
    verdicts = {check.verdict for check in checks}
    kind = f" {verdicts.pop()}" if len(verdicts) == 1 else ""
    return f'<td class="cell{kind}">{"<br>".join(said)}</td>'


def tag(key: str, lang: str) -> str:
    """A word before what it is about."""
    return f'<span class="tag">{say(key, lang)}</span>'


def _file(file: File, anchor: str, lang: str, explain: str) -> str:
    parts = [_function(checks, lang, explain) for checks in by_function(file.checks)]
    problem = ""
    if file.problem is not None:
        text = "<br>".join(map(escape, words.lines(getattr(file.problem, lang))))
        problem = f'<p class="problem">{tag("problem", lang)}<br>{text}</p>\n'
    return (
        f'<section id="{anchor}"><h2><code>{escape(file.path)}</code></h2>\n{problem}'
        f"{''.join(_remarks(file.remarks, lang))}{''.join(parts)}</section>"
    )


def _function(checks: Sequence[Check], lang: str, explain: str) -> str:
    name, line = escape(words.name(checks[0], lang)), checks[0].line
    at = "" if line is None else f' <span class="line">{say("from line", lang, line)}</span>'
    rows = code.listed(checks)
    drawn = code.as_html(rows, lang, lambda check: "".join(_diagnosis(check, lang, explain)))
    told = [check for row in rows for check in row.wrong]
    items = "\n".join(_check(check, lang, explain, told=check in told) for check in checks)
    return f"<h3><code>{name}</code>{at}</h3>\n{drawn}<ul>\n{items}\n</ul>\n"


def _check(check: Check, lang: str, explain: str, *, told: bool) -> str:
    """A verdict, and what there is to say of it that was not told in the code."""
    # The equation is the answer, so the hint goes without it.
    math = equation(check) if explain == "full" else ""
    head = (
        f'<div class="head">{badge(check.verdict, lang)} '
        f'<span class="quantity">{escape(words.stage(check, lang))}</span> {math}</div>'
    )
    diagnosis = () if told else _diagnosis(check, lang, explain)
    said = [_facts(check, lang, told), *diagnosis, *_remarks(check.remarks, lang)]
    text, drawn = "".join(said), picture(check, lang)
    details = f'<div class="found"><div>{text}</div>{drawn}</div>' if text or drawn else ""
    return f'<li class="check {check.verdict}">{head}{details}</li>'


def _facts(check: Check, lang: str, in_code: bool) -> str:
    pairs = telling.facts(check, lang, in_code)
    # No <dl>: notebooks have rules of their own for <dt>.
    return "".join(
        f'<div class="fact"><span class="tag">{label}{say("colon", lang)}</span>'
        f"{escape(text)}</div>" for label, text in pairs)  # fmt: skip


def _remarks(remarks: Sequence[Note], lang: str) -> Iterator[str]:
    for note in remarks:
        yield f'<div class="note">{tag("remark", lang)}<br>{_sentence(note, lang)}</div>\n'


def _sentence(note: Note, lang: str) -> str:
    text = "<br>".join(map(escape, words.lines(getattr(note.text, lang))))
    return text + (f" <small>{escape(note.equation)}</small>" if note.equation else "")


def _diagnosis(check: Check, lang: str, explain: str) -> Iterator[str]:
    """The mistakes that belong together, or each explanation with those that do."""
    explanations = telling.notes_by_explanation(check.diagnosis)
    if not explanations:
        return
    if explain == "hint":
        head, items = say("hint", lang), [_sentence(note, lang) for note in check.diagnosis]
    elif len(explanations) > 1:
        head = say("apart", lang, len(explanations))
        items = [_explanation(notes, k, lang) for k, notes in enumerate(explanations)]
    else:
        many = len(explanations[0]) > 1
        head = say("together", lang, len(explanations[0])) if many else say("diagnosis", lang)
        items = [_sentence(note, lang) for note in explanations[0]]
    listed = "".join(f"<li>{item}</li>" for item in items)
    kind = "" if explain == "hint" else " cause"
    yield f'<div class="note{kind}"><span class="tag">{head}</span><ul>{listed}</ul></div>\n'


def _explanation(notes: Sequence[Note], k: int, lang: str) -> str:
    head = f"<b>{say('or' if k else 'either', lang, k + 1)}</b> "
    if len(notes) == 1:
        return head + _sentence(notes[0], lang)
    items = "".join(f"<li>{_sentence(note, lang)}</li>" for note in notes)
    return f"{head}{say('together', lang, len(notes))}<ul>{items}</ul>"
