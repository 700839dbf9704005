"""What is told of a report and of a claim, before it takes a form: levels, counts, facts."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

from jaxmlp.verify.finding import ORIGINS, VERDICTS, Check, Claim, File, Line, Note, Place, Report
from jaxmlp.verify.report.words import clean, format_number, lines, say, small

NOT_LOOKED_AT = frozenset(("not-looked-at", "not-judged", "deep"))
ALWAYS = NOT_LOOKED_AT | ORIGINS | {"network"}


def told(report: Report, explain: str) -> Report:
    """What may be told: the rest is taken out of the data, so that no form of it can give it away.

    With "hint", a diagnosed mistake is a note without id and equation whose text is the hint;
    the equations, shapes and numbers that would be the answer are gone.
    """
    if explain == "full":
        return report
    tell = _hinted if explain == "hint" else _bare
    files = report.files if explain == "hint" else [_without_remarks(f) for f in report.files]
    files = [File(f.path, tuple(map(tell, f.checks)), f.remarks, f.problem) for f in files]
    return replace(report, files=tuple(files))


def _without_remarks(file: File) -> File:
    return File(file.path, file.checks, _always(file.remarks), file.problem)


def _always(remarks: Iterable[Note]) -> tuple[Note, ...]:
    """Those without which a verdict would say too much."""
    return tuple(note for note in remarks if note.id in ALWAYS)


def _bare(check: Check) -> Check:
    remarks = _always(check.remarks)
    return Check(check.name, check.stage, check.verdict, check.line, remarks=remarks)


def _hinted(check: Check) -> Check:
    hints = dict.fromkeys(note.hint for note in check.diagnosis if note.hint)
    # A remark on what is wrong may name the answer; elsewhere there is none to give away.
    answer = check.verdict in ("wrong", "imprecise")
    return Check(
        check.name, check.stage, check.verdict, check.line,
        diagnosis=tuple(Note("", hint, hint) for hint in hints),
        remarks=_always(check.remarks) if answer else check.remarks,
        got_shape=None if check.got_shape == check.expected_shape else check.got_shape,
        wrong=check.wrong, where=check.where, place=check.place, lines=_hinted_lines(check.lines),
    )  # fmt: skip


def _hinted_lines(lines: tuple[Line, ...]) -> tuple[Line, ...]:
    """Where something is wrong, what a line computes says what another has to."""
    if all(line.verdict in ("", "right") for line in lines):
        return lines
    return tuple(line._replace(says=None, stages=()) for line in lines)


def notes_by_explanation(diagnosis: Iterable[Note]) -> list[list[Note]]:
    """The notes by explanation, in order of first appearance."""
    groups: dict[int, list[Note]] = {}
    for note in diagnosis:
        groups.setdefault(note.explanation, []).append(note)
    return list(groups.values())


def counts(checks: Iterable[Check]) -> dict[str, int]:
    """How many of each verdict."""
    tally = Counter(check.verdict for check in checks)
    return {verdict: tally[verdict] for verdict in VERDICTS}


def columns(report: Report) -> list[Check]:
    """The first check of each (function, stage), in order of appearance."""
    first: dict[tuple[str, str], Check] = {}
    for check in report.checks:
        first.setdefault((check.name, check.stage), check)
    return list(first.values())


def ids(check: Check) -> str:
    """The diagnosis by its ids: "slope-missing + sign / sign", "/" between explanations.

    After it, what comes from elsewhere: "; autodiff".
    """
    told = [
        [clean(note.id) for note in e if note.id] for e in notes_by_explanation(check.diagnosis)
    ]
    diagnosis = " / ".join(" + ".join(e) for e in told if e)
    elsewhere = [note.id for note in check.remarks if note.id in ORIGINS]
    return "; ".join(filter(None, [diagnosis, *elsewhere]))


def origins(file: File, lang: str) -> str:
    """What its functions have from elsewhere, each once."""
    notes = [n for c in file.checks for n in c.remarks if n.id in ORIGINS]
    return "; ".join(dict.fromkeys(clean(getattr(note.text, lang)) for note in notes))


def checked_network(file: File, lang: str) -> str:
    """The network that it was checked against, and whether it says so itself."""
    return "; ".join(clean(getattr(n.text, lang)) for n in file.remarks if n.id == "network")


def shape(check: Check, lang: str) -> str | None:
    """The shape expected and got, in words."""
    expected, got = _tuple(check.expected_shape), _tuple(check.got_shape)
    if expected and got:
        key = "shape right" if expected == got else "shape wrong"
        return say(key, lang, expected, got)
    if expected or got:
        return say("shape missing" if expected else "shape got", lang, expected or got)
    return None


def _tuple(shape: tuple[int, ...] | None) -> str | None:
    return None if shape is None else str(tuple(map(int, shape)))


def worst(check: Check, lang: str) -> str | None:
    """The entry that is farthest off, with both values."""
    if check.worst is None:
        return None
    index, expected, got = check.worst
    values = format_number(expected, beside=got), format_number(got, beside=expected)
    key = "entry" if index else "number"
    return say(key, lang, *values, list(map(int, index)))


def facts(check: Check, lang: str, in_code: bool = False) -> list[tuple[str, str]]:
    """What is known of a check that is not right, each with its label.

    Args:
        in_code: whether the wrong expression is shown where it stands: that says more than figures.
    """
    if check.verdict == "right":
        return []
    error, fits = check.relative_error, check.expected_shape == check.got_shape
    known = {
        "where": check.where and clean(getattr(check.where, lang)),
        "shape": None if in_code and fits else shape(check, lang),
    }
    if not in_code:
        known |= {
            "expression": check.place and expression(check.place, lang),
            "error": None if error is None else small(error),
            "worst": worst(check, lang),
        }
    return [(say(key, lang), text) for key, text in known.items() if text]


def expression(place: Place, lang: str) -> str:
    """The wrong expression, and the line that it stands in."""
    line = say("from line", lang, place.line)
    if place.cell is not None:
        line = say("in cell", lang, place.cell, line)
    return f"{line}{say('colon', lang)}{clean(place.text)}"


def summary(report: Report, lang: str) -> str:
    """How many files and quantities, and how many of each verdict, on one line."""
    files, checks = len(report.files), len(report.checks)
    if not files:
        return say("nothing", lang)
    problems = sum(file.problem is not None for file in report.files)
    verdicts = [
        say("count", lang, say(verdict, lang), count)
        for verdict, count in counts(report.checks).items()
        if count
    ]
    judged = [file for file in report.files if file.problem is None]
    left = sum(any(note.id in NOT_LOOKED_AT for note in file.remarks) for file in judged)
    parts = verdicts + ([say("problems", lang, problems)] if problems else [])
    parts += [say("left", lang, left)] if left else []
    elsewhere = sum(check.bought for check in report.checks)
    parts += [say("bought", lang, elsewhere)] if elsewhere else []
    many = say("one file" if files == 1 else "files", lang, files)
    quantities = say("one quantity" if checks == 1 else "quantities", lang, checks)
    comma = say("comma", lang)
    return f"{many}{comma}{quantities}{say('colon', lang) if parts else ''}{comma.join(parts)}"


def held(report: Report, lang: str) -> str | None:
    """What was held of the files that ran, and what was not."""
    if report.held is None:
        return None
    missing = [say(f"not held {n}", lang) for n, yes in report.held._asdict().items() if not yes]
    return say("not held", lang, say("comma", lang).join(missing)) if missing else say("held", lang)


def not_as_recorded(claim: Claim, lang: str) -> str:
    """What stands out: the claim is known to hold and does not, or the other way round."""
    known = say("recorded holds" if claim.recorded else "recorded fails", lang)
    return f"{say('unexpected', lang)} ({known})"


def claim_counts(claims: Iterable[Claim]) -> dict[str, int]:
    """How many hold, how many do not, and how many are not as recorded."""
    outcomes = [(bool(claim.holds), claim.holds != claim.recorded) for claim in claims]
    holds = sum(h for h, _ in outcomes)
    unexpected = sum(u for _, u in outcomes)
    return {"holds": holds, "does_not_hold": len(outcomes) - holds, "unexpected": unexpected}


def claims_summary(claims: Sequence[Claim], lang: str) -> str:
    """How many hold and how many do not, on one line; on another, why nothing was proved."""
    keys = zip(("holding", "not holding", "unexpected"), claim_counts(claims).values(), strict=True)
    phrases = [say("count", lang, say(key, lang), count) for key, count in keys if count]
    many = say("claims", lang, len(claims))
    line = say("colon", lang).join([many, say("comma", lang).join(phrases)] if phrases else [many])
    untried = {getattr(c.proof.statement, lang) for c in claims if c.proof and c.proof.done is None}
    return "\n".join([line, *sorted(untried)])


def claim_facts(claim: Claim, lang: str) -> list[tuple[str, str]]:
    """What is known of a claim, each with its label."""
    known = {
        "difference": small(claim.relative_error),
        "corrected": corrected(claim),
        "needs": needs(claim, lang),
        "remark": claim.remark and " ".join(lines(getattr(claim.remark, lang))),
        "proof": proved(claim, lang),
        "refutation": claim.proof and claim.proof.refutation and refuted(claim, lang),
    }
    return [(say(key, lang), text) for key, text in known.items() if text]


def needs(claim: Claim, lang: str) -> str | None:
    """The assumption, and how far off the claim is without it."""
    if claim.assumption is None:
        return None
    text, error = clean(getattr(claim.assumption, lang)), claim.error_without
    if not claim.holds:
        text = say("of the corrected", lang, text)
    return text if error is None else f"{text} ({say('without', lang, small(error))})"


def proved(claim: Claim, lang: str) -> str | None:
    """For which sizes it is proved, with the time; None where nothing was tried."""
    if claim.proof is None or claim.proof.done is None:
        return None
    statement = clean(getattr(claim.proof.statement, lang))
    return say("proved in", lang, statement, f"{claim.proof.seconds:.1f}")


def refuted(claim: Claim, lang: str) -> str:
    """The numbers that refute the printed form."""
    return clean(getattr(claim.proof.refutation, lang))


def corrected(claim: Claim) -> str | None:
    """The form that holds, with its difference."""
    if claim.correction is None:
        return None
    error = claim.correction_error
    return clean(claim.correction) + ("" if error is None else f" ({small(error)})")
