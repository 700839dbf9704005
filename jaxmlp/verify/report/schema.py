"""A report and the claims in the JSON schema of `docs/report.md`."""

import json
import math
from collections.abc import Sequence

import jaxmlp
from jaxmlp.verify.finding import Check, Claim, File, Line, Note, Proof, Report, Words
from jaxmlp.verify.report import telling

VERSION = 2


def report_json(told: Report, lang: str, explain: str) -> str:
    """What `telling.told` has left of a report, as JSON."""
    return _dumped(
        {
            **_header("jaxmlp-verify", lang),
            "explain": explain,
            "summary": telling.counts(told.checks),
            "held": told.held and told.held._asdict(),
            "files": [_file(file, lang) for file in told.files],
        }
    )


def claims_json(equations: Sequence[Claim], lang: str) -> str:
    """The claims as JSON."""
    return _dumped(
        {
            **_header("jaxmlp-claims", lang),
            "summary": telling.claim_counts(equations),
            "claims": [claim(equation, lang) for equation in equations],
        }
    )


def _header(schema: str, lang: str) -> dict:
    jaxmlp_version = jaxmlp.__version__
    return {"schema": schema, "version": VERSION, "jaxmlp": jaxmlp_version, "language": lang}


def _dumped(value: dict) -> str:
    """Indented, in UTF-8 without escapes; NaN has been taken care of by `_number`."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, indent=2) + "\n"


def _file(file: File, lang: str) -> dict:
    return {
        "path": _string(file.path),
        "problem": _said(file.problem, lang),
        "remarks": [_note(note, lang) for note in file.remarks],
        "checks": [_check(check, lang) for check in file.checks],
    }


def _check(check: Check, lang: str) -> dict:
    worst, place = check.worst, check.place
    begins = None if check.line is None else int(check.line)
    return {
        "name": _string(check.name),
        "stage": _string(check.stage),
        "verdict": check.verdict,
        "line": int(place.line) if place else begins,
        "column": place and int(place.column),
        "end_line": place and int(place.end_line),
        "end_column": place and int(place.end_column),
        "cell": place and place.cell,
        "expression": place and _string(place.text),
        "begins": begins,
        "expected_shape": _integers(check.expected_shape),
        "got_shape": _integers(check.got_shape),
        "relative_error": _number(check.relative_error),
        "worst": worst
        and {
            "index": _integers(worst.index),
            "expected": _number(worst.expected),
            "got": _number(worst.got),
        },
        "where": _said(check.where, lang),
        "wrong": check.wrong and [list(map(bool, row)) for row in check.wrong],
        "diagnosis": [
            {**_note(note, lang), "explanation": note.explanation} for note in check.diagnosis
        ],
        "remarks": [_note(note, lang) for note in check.remarks],
        "lines": [_line(line, lang) for line in check.lines],
    }


def _line(line: Line, lang: str) -> dict:
    return {
        "number": int(line.number),
        "cell": line.cell,
        "text": _string(line.text),
        "says": _said(line.says, lang),
        "stages": list(map(_string, line.stages)),
        "verdict": line.verdict or None,
    }


def _note(note: Note, lang: str) -> dict:
    equation = _string(note.equation) or None
    return {"id": _string(note.id) or None, "text": _said(note.text, lang), "equation": equation}


def _said(said: Words | None, lang: str) -> str | None:
    return None if said is None else _string(getattr(said, lang))


def _string(text: str) -> str:
    """Without lone surrogates, as of a file name that is not UTF-8: they cannot be encoded."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _integers(values: Sequence[int] | None) -> list[int] | None:
    return None if values is None else list(map(int, values))


def _number(value: float | None) -> float | str | None:
    """As it is; what JSON has no number for as "NaN", "Infinity" or "-Infinity"."""
    if value is None or math.isfinite(value):
        return None if value is None else float(value)
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def claim(equation: Claim, lang: str) -> dict:
    """One claim; the keys are also the columns of the CSV."""
    return {
        "id": _string(equation.id),
        "slide": _string(equation.slide),
        "formula": _string(equation.formula),
        "holds": bool(equation.holds),
        "recorded": bool(equation.recorded),
        "relative_error": _number(equation.relative_error),
        "assumption": _said(equation.assumption, lang),
        "error_without": _number(equation.error_without),
        "correction": equation.correction and _string(equation.correction),
        "correction_error": _number(equation.correction_error),
        "remark": _said(equation.remark, lang),
        **_proof(equation.proof, lang),
    }


def _proof(proof: Proof | None, lang: str) -> dict:
    """What is proved; its chains are for the page alone."""
    return {
        "proved": proof and proof.done,
        "proof": proof and _said(proof.statement, lang),
        "proof_seconds": proof and _number(proof.seconds),
        "refutation": proof and _said(proof.refutation, lang),
    }
