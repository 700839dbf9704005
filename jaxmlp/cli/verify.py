"""`jaxmlp verify`: the lecture's claims, or a person's files, against autodiff."""

import os
import re
import signal
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

from jaxmlp.cli import Stop
from jaxmlp.cli.console import progress_aside
from jaxmlp.cli.files import code_or_problem, expanded, passed_over
from jaxmlp.cli.formats import as_concise, as_github, as_sarif
from jaxmlp.cli.verify_options import FORMATS, VerifySettings, options_of, read_verify_settings
from jaxmlp.cli.workers import mapped, signals
from jaxmlp.cores import cores
from jaxmlp.text import Refused
from jaxmlp.verify import report as rendering
from jaxmlp.verify.finding import File, Report, Words
from jaxmlp.verify.grading import verified_cells
from jaxmlp.verify.report.telling import NOT_LOOKED_AT
from jaxmlp.verify.report.words import language
from jaxmlp.verify.run import runner
from jaxmlp.verify.run.box import Held
from jaxmlp.whole import write_whole


def main(args: list[str]) -> int:
    """Run `jaxmlp verify`; its exit code."""
    lang = _asked(args)
    try:
        return _verify(args, lang)
    except Refused as why:
        raise ValueError(getattr(why, lang, why)) from None


def _asked(args: list[str]) -> str:
    """The language, before anything else is known: what is wrong is said in it, too."""
    languages = re.findall(r"--lang[= ](en|ja)\b", " ".join(args))
    return languages[-1] if languages else language()


def _verify(args: list[str], lang: str) -> int:
    settings = read_verify_settings(args)
    if not settings.files:
        return _lecture(settings, lang)
    with signals(signal.default_int_handler, "SIGTERM", "SIGHUP"):
        held = _held(settings, lang)
        if settings.out is not None:
            return _class(settings, held, lang)
        report = Report(tuple(verified(settings, held, lang)), held)
    ways = {name: getattr(rendering, f"as_{name}") for name in FORMATS}
    _write(settings, {"text": _text(settings.format), **ways}, report, lang, settings.explain)
    for line in passed_over(settings.files, lang):
        print(f"jaxmlp: {line}", file=sys.stderr)
    return _exit(report, lang)


def _lecture(settings: VerifySettings, lang: str) -> int:
    """Judge the lecture's own equations."""
    from jaxmlp.cli import lecture

    claims = lecture.judged_claims(settings.seed, settings.proof, lang)
    ways = {name: getattr(rendering, f"claims_as_{name}") for name in ("text", *FORMATS)}
    _write(settings, ways, claims, lang)
    lecture.check(claims, lang)
    return 0


def _text(form: str) -> Callable[..., str]:
    """How the report is printed."""
    if form == "full":
        color = sys.stdout.isatty() and "NO_COLOR" not in os.environ
        return partial(rendering.as_text, color=color)
    return {"concise": as_concise, "github": as_github, "sarif": as_sarif}[form]


def _class(settings: VerifySettings, held: Held, lang: str) -> int:
    """Grade a class."""
    from jaxmlp.cli.classroom import grade

    text, report = grade(settings, held, partial(_judged, settings, held, lang), lang)
    print(text)
    return _exit(report, lang)


def _held(settings: VerifySettings, lang: str) -> Held:
    """What can be held of files that run.

    Raises:
        Stop: less than is required.
    """
    held = runner.held()
    if settings.require_sandbox and not all(held):
        missing = ", ".join(name for name, yes in held._asdict().items() if not yes)
        words = Words(
            f"expected a whole sandbox, this machine does not hold: {missing}",
            f"このマシンでは隔離が完全ではありません (守られないもの: {missing})",
        )
        raise Stop(getattr(words, lang), code=2)
    return held


def verified(settings: VerifySettings, held: Held, lang: str) -> Iterator[File]:
    """Check the files, in order.

    All are read before any is run, so that none can change another.
    """
    contents = {path: code_or_problem(path, settings.files) for path in expanded(settings.files)}
    items = [{"path": p, "cells": c} for p, c in contents.items() if not isinstance(c, File)]
    running = _judged(settings, held, lang, items)
    return (read if isinstance(read, File) else next(running) for read in contents.values())


def _judged(
    settings: VerifySettings, held: Held, lang: str, items: Sequence[Mapping]
) -> Iterator[File]:
    """What is found in each file, some at a time, with a progress bar where there is a terminal."""
    task = partial(verified_cells, options=options_of(settings, held))
    workers = min(len(items), cores())
    running = mapped(task, items, _failed, workers=workers, seconds=settings.budget)
    words = ("検査中", "ファイル") if lang == "ja" else ("checking", "files")
    with progress_aside(*words) as bar:
        yield from bar.track(running, total=len(items))


def _failed(item: Mapping, why: str) -> File:
    """One file's findings, where the checker itself came to no end: it spoils this file alone."""
    text = f"the checker itself failed: {why}"
    return File(item["path"], problem=Words(text, f"検査プログラム自体のエラーです: {why}"))


def _write(settings: VerifySettings, ways: dict[str, Callable[..., str]], *args: object) -> None:
    """The text to standard output, unless another format goes there; the rest to their files."""
    asked = settings.reports()
    for name, path in asked.items():
        encoding = "utf-8-sig" if name == "csv" else "utf-8"  # Excel needs the mark
        if path != "-":
            write_whole(Path(path), ways[name](*args).encode(encoding))
    to_stdout = next((name for name, path in asked.items() if path == "-"), "text")
    print(ways[to_stdout](*args))


def _exit(report: Report, lang: str) -> int:
    """0 where all that was seen was judged, and is right.

    Raises:
        Stop: something isn't right (1), or could not be checked or judged (2).
    """
    bad = [check for check in report.checks if check.verdict != "right"]
    bought = [check for check in report.checks if check.verdict == "right" and check.bought]
    if bad or bought:
        raise Stop("; ".join(_what(len(bad), len(bought), report, lang)), code=1)
    left = [(file.path, file.problem) for file in report.files if file.problem]
    left += [(f.path, n.text) for f in report.files for n in f.remarks if n.id in NOT_LOOKED_AT]
    if left:
        path, words = left[0]
        others = len(dict(left)) - 1
        more = Words(f" (and {others} more)", f" (ほかに {others} ファイル)")[lang == "ja"]
        raise Stop(f"{path}: {getattr(words, lang)}{more if others else ''}", code=2)
    return 0


def _what(bad: int, bought: int, report: Report, lang: str) -> Iterator[str]:
    """What is not as it should be."""
    total = len(report.checks)
    for number, en, ja in (
        (bad, "not right", "が正しくありません"),
        (bought, "right, and not derived by hand", "は、正しいものの手で導出していません"),
    ):
        words = Words(
            f"{number} of {total} checks {'is' if number == 1 else 'are'} {en}",
            f"検査した {total} 個のうち {number} 個{ja}",
        )
        if number:
            yield getattr(words, lang)
