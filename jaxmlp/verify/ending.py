"""Checks that end without a value to judge, or only at sizes at which little can go wrong."""

import contextlib
import itertools
import re
import textwrap
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TypeVar

from jaxmlp.verify.calling import Subject
from jaxmlp.verify.finding import Check, Note, Words
from jaxmlp.verify.points import EQUAL, Sizes
from jaxmlp.verify.run.outcome import BudgetSpent, Crashed, Died, TimedOut, Unfinished

LONGEST_MESSAGE = 400  # characters of a message
BY_SIZES = frozenset(("ValueError", "IndexError", "ZeroDivisionError"))  # at others it may work
# What a function of another form stops with, called as one of ours, {} being its name.
OF_CALL = (
    r"AssertionError|expected an array, got|expected a function of"
    r"|TypeError: 'function' object is not"
    r"|TypeError: ([\w.]*\.)?{}\(\) (missing \d+ required positional|takes \d+ positional)"
)
BLANK_NAME = re.compile(r"NameError: name '_+' is not defined")  # ____, to be filled in
Judged = TypeVar("Judged")
NUMBERS_ONLY = ("truth value of an array", "be converted to Python scalars")


def ended(
    subject: Subject, stage: str, judged: Callable[[], tuple[Check, ...]]
) -> tuple[Check, ...]:
    """What was judged, with the line of the function; or that it came to no end, as a check."""
    try:
        checks = judged()
    except Unfinished:
        checks = (unfinished(subject, stage),)
    except TimedOut as late:
        checks = (timeout(subject, stage, late),)
    except (Crashed, Died) as why:
        blank = BLANK_NAME.match(str(why))
        stopped = crashed(subject.name, stage, subject.line, why)
        checks = (unfinished(subject, stage) if blank else stopped,)
    return tuple(replace(check, line=subject.line) for check in checks)


def crashed(name: str, stage: str, line: int | None, why: object) -> Check:
    """A check that ends with an exception of the person's own."""
    why = textwrap.shorten(str(why), LONGEST_MESSAGE, placeholder=" …")
    words = Words(f"stopped with {why}", f"エラーで止まりました: {why}")
    if str(why).startswith("expected"):
        words = Words(f"cannot be judged: {why}", f"判定できません: {why}")
    kind = str(why).partition(":")[0]
    by_call = "crash-of-call" if re.match(OF_CALL.format(name), str(why)) else "crash"
    note = Note("crash-of-sizes" if kind in BY_SIZES else by_call, words)
    return Check(name, stage, "crashed", line, remarks=(note,))


def timeout(subject: Subject, stage: str, why: object) -> Check:
    """A check that did not end."""
    note = Note("timeout", Words(f"was stopped after {why} s", f"{why} 秒で打ち切りました"))
    return Check(subject.name, stage, "timeout", subject.line, remarks=(note,))


def out_of_time(late: BudgetSpent) -> Note:
    """That a file had used up its time before this."""
    return Note("out-of-time", Words(
        f"was not judged: the {late} s that a file may take were over",
        f"判定していません。1 ファイルの制限時間 {late} 秒を使い切りました"))  # fmt: skip


def unfinished(subject: Subject, stage: str) -> Check:
    """A check of a function that gives back nothing yet."""
    note = Note("unfinished", Words("gives back nothing yet", "まだ何も返していません"))
    return Check(subject.name, stage, "unfinished", subject.line, remarks=(note,))


def attempts(ways: Iterable[Callable[[], Judged]]) -> Iterator[Judged]:
    """What comes of each way to call a function, where it does not crash.

    Raises:
        Crashed: in all ways; the one farthest down in the file, where the way is the person's own.
    """
    crashes, done = [], False
    for way in ways:
        try:
            judged = way()
        except Crashed as why:
            crashes.append(why)
        else:
            done = True
            yield judged
    if not done:
        raise max(crashes, key=lambda crash: crash.line)


def best(tried: Iterator[Judged], right: Callable[[Judged], bool]) -> Judged:
    """The first that is right, or else the first."""
    first = next(tried)
    return next(filter(right, itertools.chain([first], tried)), first)


def at_equal_sizes(crash: Crashed, en: str = "equal ones", ja: str = "等しいサイズ") -> Note:
    """That the verdict is on equal sizes, or those named, since at unequal ones it crashed."""
    return Note("crashes-at-unequal-sizes", Words(
        f"crashes at unequal sizes ({crash}); judged at {en}",
        f"サイズが異なると実行時エラーになります ({crash})。{ja}で判定しました"))  # fmt: skip


def at_equal(crash: Crashed, judged: Callable[[Sizes], Iterable[Judged]]) -> Iterator[Judged]:
    """What comes of it at equal sizes, once it has crashed at unequal ones.

    Not with one hidden unit, where it is numbers that the code cannot do without: `if u > 0`.

    Raises:
        Crashed: the same, after all that does not crash there as well.
    """
    for sizes in EQUAL:
        if sizes.q > 1 or not any(said in str(crash) for said in NUMBERS_ONLY):
            with contextlib.suppress(Crashed):
                yield from judged(sizes)
    raise crash


def recognised(checks: Sequence[Check]) -> bool:
    """Whether mistakes are named, and no guess is among them: at equal sizes nothing else counts.

    What is right there alone crashes for the person, all the same.
    """
    ids = {note.id for check in checks for note in check.diagnosis}
    return bool(ids) and "unrecognised" not in ids
