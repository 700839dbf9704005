"""Checks that end without a value to judge."""

from jaxmlp.verify.calling import Subject
from jaxmlp.verify.finding import Check, Note, Words


def crashed(subject: Subject, stage: str, why: object) -> Check:
    """A check that ends with an exception of the function's own."""
    words = Words(f"stopped with {why}", f"エラーで止まりました: {why}")
    if str(why).startswith("expected"):
        words = Words(f"cannot be judged: {why}", f"判定できません: {why}")
    note = Note("crash", words)
    return Check(subject.name, stage, "crashed", subject.line, remarks=(note,))


def timeout(subject: Subject, stage: str, why: object) -> Check:
    """A check that did not end."""
    note = Note("timeout", Words(f"was stopped after {why} s", f"{why} 秒で打ち切りました"))
    return Check(subject.name, stage, "timeout", subject.line, remarks=(note,))


def unfinished(subject: Subject, stage: str) -> Check:
    """A check of a function that gives back nothing yet."""
    note = Note("unfinished", Words("gives back nothing yet", "まだ何も返していません"))
    return Check(subject.name, stage, "unfinished", subject.line, remarks=(note,))
