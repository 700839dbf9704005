"""What is wrong, for editors and CI: one line each, GitHub's annotations, SARIF 2.1.0."""

import json
from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import quote

import jaxmlp
from jaxmlp.verify.finding import Check, File, Report, Words
from jaxmlp.verify.report import telling, words
from jaxmlp.verify.report.words import clean

SARIF_SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
LEVELS = {"imprecise": "warning", "not-judged": "warning"}  # else it is an error
RULES = {
    "not-judged": Words("could not be judged", "判定できませんでした"),
    "not-by-hand": Words("not derived by hand", "手で導出していません"),
}


class Finding(NamedTuple):
    """One thing that is not as it should be.

    Attributes:
        id: of the diagnosis, or the verdict.
        kind: the verdict, "not-by-hand" or "not-judged".
        line, column, end_line, end_column: as of `Place`; None where nobody knows.
        cell: of a notebook, whose lines are the cell's.
    """

    path: str
    id: str
    kind: str
    message: str
    line: int | None = None
    column: int | None = None
    end_line: int | None = None
    end_column: int | None = None
    cell: int | None = None


def findings(report: Report, lang: str, explain: str) -> Iterator[Finding]:
    """All that is not right, or was not judged, at the level of what may be told."""
    words.check_options(lang, explain)
    for file in telling.told(report, explain).files:
        if file.problem:
            yield Finding(file.path, "not-judged", "not-judged", getattr(file.problem, lang))
        for note in file.remarks:
            if note.id in telling.NOT_LOOKED_AT:
                yield Finding(file.path, note.id, "not-judged", getattr(note.text, lang))
        for check in file.checks:
            if check.verdict != "right" or check.bought:
                yield _finding(file, check, lang)


def _finding(file: File, check: Check, lang: str) -> Finding:
    causes = telling.notes_by_explanation(check.diagnosis)
    bought = check.verdict == "right"
    elsewhere = [note for note in check.remarks if note.id in telling.ORIGINS]
    notes = elsewhere if bought or not causes else causes[0]
    kind = "not-by-hand" if bought else check.verdict
    ids = "+".join(dict.fromkeys(note.id for note in notes if note.id))
    quantity = words.say("count", lang, words.stage(check, lang), words.name(check, lang))
    told = " ".join(words.sentence(note, lang) for note in notes) or words.say(check.verdict, lang)
    message = f"{quantity}{words.say('colon', lang)}{told}"
    if (place := check.place) is None:
        return Finding(file.path, ids or kind, kind, message, check.line)
    where = (place.line, place.column, place.end_line, place.end_column, place.cell)
    return Finding(file.path, ids or kind, kind, message, *where)


def as_concise(report: Report, lang: str = "en", explain: str = "full") -> str:
    """`file:line:column: id message`, a line each, as editors take them from ruff and compilers.

    In a notebook it is `file:cell 3:line:column`, as ruff has it.
    """
    lines = [
        f"{_at(finding)}: {finding.id} {_one_line(finding.message)}"
        for finding in findings(report, lang, explain)
    ]
    return "\n".join([*lines, telling.summary(report, lang)])


def _at(finding: Finding) -> str:
    cell = "" if finding.cell is None else f"cell {finding.cell}"
    parts = (clean(finding.path), cell, str(finding.line or 1), str(finding.column or 1))
    return ":".join(filter(None, parts))


def _one_line(text: str) -> str:
    return " ".join(words.lines(text))


def as_github(report: Report, lang: str = "en", explain: str = "full") -> str:
    """GitHub's workflow commands, which become annotations of a pull request's lines."""
    return "\n".join(_command(finding) for finding in findings(report, lang, explain))


def _command(finding: Finding) -> str:
    known: dict[str, object] = {"file": clean(finding.path), "title": f"jaxmlp {finding.id}"}
    if finding.cell is None:  # the lines of a cell are not those of the file
        known |= {"line": finding.line or 1, "col": finding.column, "endLine": finding.end_line}
        known |= {"endColumn": finding.end_column} if finding.line == finding.end_line else {}
    where = ",".join(f"{k}={_property(str(v))}" for k, v in known.items() if v is not None)
    cell = "" if finding.cell is None else f"cell {finding.cell}, line {finding.line}: "
    level, message = LEVELS.get(finding.kind, "error"), _data(cell + _one_line(finding.message))
    return f"::{level} {where}::{message}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def as_sarif(report: Report, lang: str = "en", explain: str = "full") -> str:
    """SARIF 2.1.0, for code scanning and for editors that show it."""
    every = list(findings(report, lang, explain))
    first = {finding.id: finding for finding in reversed(every)}
    ids = list(dict.fromkeys(finding.id for finding in every))
    driver = {
        "name": "jaxmlp verify",
        "version": jaxmlp.__version__,
        "rules": [_rule(first[id], lang) for id in ids],
    }
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_result(finding, ids.index(finding.id)) for finding in every],
    }
    log = {"$schema": SARIF_SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(log, ensure_ascii=False, indent=2)


def _rule(finding: Finding, lang: str) -> dict:
    rule = RULES.get(finding.kind)
    text = getattr(rule, lang) if rule else words.say(finding.kind, lang)
    return {"id": _text(finding.id), "shortDescription": {"text": text},
            "defaultConfiguration": {"level": LEVELS.get(finding.kind, "error")}}  # fmt: skip


def _result(finding: Finding, rule: int) -> dict:
    physical = {"artifactLocation": {"uri": _uri(finding.path)}, "region": _region(finding)}
    location: dict[str, object] = {"physicalLocation": physical}
    if finding.cell is not None:
        name = f"cell {finding.cell}, line {finding.line}, column {finding.column}"
        location["logicalLocations"] = [{"name": name}]
    return {
        "ruleId": _text(finding.id),
        "ruleIndex": rule,
        "level": LEVELS.get(finding.kind, "error"),
        "message": {"text": _text(_one_line(finding.message))},
        "locations": [location],
    }


def _region(finding: Finding) -> dict:
    """Where it is; the beginning of the file where nobody knows, or the file has cells."""
    if finding.line is None or finding.cell is not None:
        return {"startLine": 1}
    known = {"startLine": finding.line, "startColumn": finding.column, "endLine": finding.end_line,
             "endColumn": finding.end_column}  # fmt: skip
    return {key: value for key, value in known.items() if value is not None}


def _uri(path: str) -> str:
    """A path as a relative URI, or file:// where it is absolute."""
    text = path.replace("\\", "/").encode("utf-8", "surrogateescape")
    return ("file://" if path.startswith("/") else "") + quote(text)


def _text(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode()
