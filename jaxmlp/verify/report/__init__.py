"""A report, and the lecture's claims, written down: text, JSON, CSV and one HTML page.

`docs/report.md` says what the JSON and the CSV hold. Nothing here prints.
"""

import csv
import io
from collections.abc import Iterator, Sequence

from jaxmlp.spreadsheet import harmless
from jaxmlp.verify.finding import VERDICTS, Check, Claim, File, Note, Report, by_function
from jaxmlp.verify.report import code, drawing, lecture, page, schema, telling, words
from jaxmlp.verify.report.words import clean, say

COLOURS = dict(zip(VERDICTS, (32, 31, 33, 36, 35, 35), strict=True))


def as_text(report: Report, lang: str = "en", explain: str = "full", color: bool = False) -> str:
    """The report for a terminal.

    Args:
        lang: "en" or "ja".
        explain: "verdict", "hint" (where to look, not what belongs there) or "full".
        color: whether to mark verdicts with ANSI colours.

    Raises:
        ValueError: the language or the level is unknown.
    """
    words.check_options(lang, explain)
    report = telling.told(report, explain)
    blocks = ["\n".join(_file_lines(file, lang, explain, color)) for file in report.files]
    last = [telling.summary(report, lang), telling.held(report, lang)]
    return "\n\n".join([*blocks, "\n".join(filter(None, last))]) + "\n"


def _file_lines(file: File, lang: str, explain: str, color: bool) -> Iterator[str]:
    yield _paint(clean(file.path), "1", color)
    if file.problem is not None:
        said, *more = words.lines(getattr(file.problem, lang))
        yield f"  {say('problem', lang)}{say('colon', lang)}{said}"
        yield from (f"    {line}" for line in more)
    yield from _remarks(file.remarks, lang, "  ")
    for first, *rest in by_function(file.checks):
        yield f"  {words.name(first, lang)}{_at(first.line, lang)}"
        rows = code.listed([first, *rest])
        yield from code.as_text(
            rows,
            lang,
            paint=lambda text, painted: _paint(text, painted, color),
            told=lambda check: _in_code(check, lang, explain),
        )
        told = [check for row in rows for check in row.wrong]
        for check in (first, *rest):
            yield from _check_lines(check, lang, explain, color, told=check in told)


def _in_code(check: Check, lang: str, explain: str) -> Iterator[str]:
    """What stands below a wrong expression: its cause."""
    yield from _diagnosis(check, lang, explain)


def _at(line: int | None, lang: str) -> str:
    return "" if line is None else f" ({say('from line', lang, line)})"


def _paint(text: str, code: object, color: bool) -> str:
    return f"\x1b[{code}m{text}\x1b[0m" if color else text


def _check_lines(
    check: Check, lang: str, explain: str, color: bool, *, told: bool
) -> Iterator[str]:
    """A verdict, and what there is to say of it that was not told in the code."""
    verdict = say(check.verdict, lang)
    wide = 12 if lang == "ja" else 10  # six characters of two columns, or "unfinished"
    gap = " " * (wide - len(verdict) * (2 if lang == "ja" else 1))
    painted = _paint(f"{words.mark(check.verdict, lang)} {verdict}", COLOURS[check.verdict], color)
    yield f"    {painted}{gap}  {words.stage(check, lang)}"
    colon, indent = say("colon", lang), " " * 8
    yield from (f"{indent}{label}{colon}{text}" for label, text in telling.facts(check, lang, told))
    yield from () if told else (indent + line for line in _diagnosis(check, lang, explain))
    yield from _remarks(check.remarks, lang, indent)


def _remarks(remarks: Sequence[Note], lang: str, indent: str) -> Iterator[str]:
    for note in remarks:
        yield f"{indent}{say('remark', lang)}{say('colon', lang)}{words.sentence(note, lang)}"


def _diagnosis(check: Check, lang: str, explain: str) -> Iterator[str]:
    """The mistakes that belong together, or each explanation with those that do."""
    colon, explanations = say("colon", lang), telling.notes_by_explanation(check.diagnosis)
    if explain == "hint":
        for note in check.diagnosis:
            yield f"{say('hint', lang)}{colon}{words.sentence(note, lang)}"
    elif len(explanations) > 1:
        yield say("apart", lang, len(explanations)) + colon.rstrip()
        for k, notes in enumerate(explanations):
            yield from _together(notes, "  " + say("or" if k else "either", lang, k + 1), lang)
    elif explanations:
        many = len(explanations[0]) > 1
        head = say("together", lang, len(explanations[0])) if many else say("diagnosis", lang)
        yield from _together(explanations[0], head + colon.rstrip(), lang)


def _together(notes: Sequence[Note], head: str, lang: str) -> Iterator[str]:
    if len(notes) == 1:
        yield f"{head} {words.sentence(notes[0], lang)}"
        return
    yield head
    yield from (f"    - {words.sentence(note, lang)}" for note in notes)


def as_json(report: Report, lang: str = "en", explain: str = "full") -> str:
    """The report as JSON, in the schema of `docs/report.md`; arguments as for `as_text`."""
    words.check_options(lang, explain)
    return schema.report_json(telling.told(report, explain), lang, explain)


def as_csv(report: Report, lang: str = "en", explain: str = "full") -> str:
    """A class as a table, one row a file; arguments as for `as_text`.

    To be written as "utf-8-sig" and with `newline=""`, for Excel.
    """
    words.check_options(lang, explain)
    report = telling.told(report, explain)
    columns = telling.columns(report)
    keys = [(c.name, c.stage) for c in columns]
    head = [say("file", lang), say("problem", lang), *(say(v, lang) for v in VERDICTS)]
    head += [say("network", lang), say("origin", lang)]
    head += [f"{words.name(c, lang)} {words.stage(c, lang)}" for c in columns]
    return _table([head, *(_row(file, keys, lang) for file in report.files)])


def _row(file: File, keys: Sequence[tuple[str, str]], lang: str) -> list[object]:
    left = [n.text for n in file.remarks if n.id in telling.NOT_LOOKED_AT]
    said = [*filter(None, [file.problem]), *left]
    problem = "; ".join(" ".join(words.lines(getattr(message, lang))) for message in said)
    cells = [
        " | ".join(_cell(c, lang) for c in file.checks if (c.name, c.stage) == key) for key in keys
    ]
    told = [telling.checked_network(file, lang), telling.origins(file, lang)]
    return [clean(file.path), problem, *telling.counts(file.checks).values(), *told, *cells]


def _cell(check: Check, lang: str) -> str:
    ids = telling.ids(check)
    return say(check.verdict, lang) + (say("colon", lang) + ids if ids else "")


def _table(rows: Sequence[Sequence[object]]) -> str:
    """As RFC 4180 has it, and no cell is a formula."""
    out = io.StringIO()
    csv.writer(out).writerows([[harmless(cell) for cell in row] for row in rows])
    return out.getvalue()


def as_html(report: Report, lang: str = "en", explain: str = "full") -> str:
    """The report as one page that needs nothing else; arguments as for `as_text`."""
    return page.whole(as_fragment(report, lang, explain), "title", lang)


def as_fragment(report: Report, lang: str = "en", explain: str = "full") -> str:
    """The same as one <div>; arguments as for `as_text`."""
    words.check_options(lang, explain)
    return page.fragment(telling.told(report, explain), lang, explain)


def as_notebook(report: Report, lang: str = "en", explain: str = "full") -> str:
    """The same for a notebook's output, trusted or not."""
    return drawing.as_images(as_fragment(report, lang, explain))


def claims_as_text(claims: Sequence[Claim], lang: str = "en") -> str:
    """The lecture's claims for a terminal: each with its verdict, and the form that holds."""
    words.check_options(lang)
    blocks = ["\n".join(_claim_lines(claim, lang)) for claim in claims]
    return "\n\n".join([*blocks, telling.claims_summary(claims, lang)]) + "\n"


def _claim_lines(claim: Claim, lang: str) -> Iterator[str]:
    key = "holds" if claim.holds else "fails"
    yield f"{words.mark(key, lang)} {clean(claim.id)}  {say(key, lang)}  {clean(claim.slide)}"
    indent, colon = " " * 4, say("colon", lang)
    yield indent + clean(claim.formula)
    if claim.holds != claim.recorded:
        yield f"{indent}!! {telling.not_as_recorded(claim, lang)} !!"
    yield from (f"{indent}{label}{colon}{text}" for label, text in telling.claim_facts(claim, lang))


def claims_as_json(claims: Sequence[Claim], lang: str = "en") -> str:
    """The lecture's claims as JSON, in the schema of `docs/report.md`."""
    words.check_options(lang)
    return schema.claims_json(claims, lang)


def claims_as_csv(claims: Sequence[Claim], lang: str = "en") -> str:
    """The lecture's claims as a table, the numbers in full; the columns are those of the JSON."""
    words.check_options(lang)
    rows = [schema.claim(claim, lang) for claim in claims]
    return _table([list(rows[0]) if rows else [], *(list(row.values()) for row in rows)])


def claims_as_html(claims: Sequence[Claim], lang: str = "en") -> str:
    """The lecture's claims as one page that needs nothing else."""
    words.check_options(lang)
    return page.whole(lecture.claims_table(claims, lang), "claims title", lang)
