"""`jaxmlp verify`: the lecture's claims, or a person's files, against autodiff."""

import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Annotated, Literal

import tyro
from rich.console import Console

from jaxmlp.cli import Stop
from jaxmlp.cli.console import progress
from jaxmlp.cli.formats import as_concise, as_github, as_sarif
from jaxmlp.cli.settings import parsed
from jaxmlp.cli.workers import cores, interrupt, mapped, signals
from jaxmlp.text import Refused, clean
from jaxmlp.verify import report as rendering
from jaxmlp.verify.clock import BUDGET, LIMIT
from jaxmlp.verify.finding import Claim, File, Proof, Report, Words
from jaxmlp.verify.grading import Options, graded, unreadable
from jaxmlp.verify.reading import code_of
from jaxmlp.verify.report.telling import NOT_LOOKED_AT
from jaxmlp.verify.report.words import language
from jaxmlp.verify.run import runner
from jaxmlp.verify.run.box import Held
from jaxmlp.whole import write_whole

NO_SYMPY = Words(
    "SymPy is not installed: by numbers only, without proofs (pip install 'jaxmlp[app]').",
    "SymPy がないため、証明はせず、数値だけで確かめました (pip install 'jaxmlp[app]')。",
)
FORMATS = ("json", "csv", "html")


@dataclass(frozen=True)
class Settings:
    """Check hand-derived gradients against autodiff, and say which line is wrong, by which mistake.

    Without a file: the lecture's equations L1 to L27. Of a file, the functions and the bodies of
    training loops are run, with the imports, constants, decorators and default arguments that they
    need; where names do not say what they are, the file itself, until its training step has been
    seen. It runs in a process of its own that is shut in as far as the system can: docs/sandbox.md.

    Exit code 0: all backpropagation that was seen was judged, is right, and was derived by hand.
    1: something is not. 2: something could not be checked or judged.
    """

    files: tyro.conf.Positional[tuple[str, ...]] = ()
    """.py or .ipynb files, or folders of them; with --out also zips."""

    hidden: Literal["auto", "relu", "tanh", "sigmoid", "identity"] = "auto"
    """f. auto: the file's constant HIDDEN, or else relu."""
    output: Literal["auto", "softmax", "sigmoid", "tanh", "identity"] = "auto"
    """g. auto: the file's OUTPUT, or what goes with the loss, or else softmax."""
    loss: Literal["auto", "cross_entropy", "squared_error", "binary_cross_entropy"] = "auto"
    """E. auto: the file's LOSS, or what goes with the output, or else cross_entropy."""
    bias: Literal["auto", "yes", "no"] = "auto"
    """Whether x and z have a 1 in front. auto: no if the file says BIAS = False, or else yes."""
    reduction: Literal["auto", "mean", "sum"] = "auto"
    """Of a batch. auto: the file's REDUCTION, or else mean."""

    explain: Literal["full", "hint", "verdict"] = "full"
    """full: the mistake and what belongs there. hint: where to look. verdict: right or wrong."""
    lang: Literal["auto", "en", "ja"] = "auto"
    """auto: by locale."""
    format: Literal["full", "concise", "github", "sarif"] = "full"
    """Of what is printed. concise: file:line:column: id message, for editors. github: annotations.
    sarif: for code scanning."""
    json: Annotated[str | None, tyro.conf.arg(metavar="PATH")] = None
    """Write the report as JSON; - is standard output."""
    csv: Annotated[str | None, tyro.conf.arg(metavar="PATH")] = None
    """Write one row a file, for a class; - is standard output."""
    html: Annotated[str | None, tyro.conf.arg(metavar="PATH")] = None
    """Write one self-contained page; - is standard output."""
    overwrite: bool = False
    """Write --json, --csv and --html even if they are there."""

    out: Annotated[str | None, tyro.conf.arg(metavar="DIR")] = None
    """Grade a class: the submissions in folders and zips, whatever LMS they are from. Writes a page
    of the class, feedback for each student and tables; again, only what has changed is run."""
    students: Annotated[str | None, tyro.conf.arg(metavar="PATTERN")] = None
    """With --out: a regular expression with (?P<id>…) and, if wanted, (?P<name>…), for paths."""
    rubric: Annotated[str | None, tyro.conf.arg(metavar="TOML")] = None
    """With --out: what each stage is worth."""

    proof: bool = True
    """Without a file: also prove the equations for every size, in SymPy."""

    timeout: float = LIMIT
    """Seconds that one call of a function may take."""
    budget: float = BUDGET
    """Seconds that one file may take in all."""
    require_sandbox: bool = False
    """Run nothing unless all of it is shut in; see docs/sandbox.md."""
    seed: int = 0
    """Of the random points."""


def main(args: list[str]) -> int:
    """Run `jaxmlp verify`; its exit code."""
    lang = _asked(args)
    try:
        return _verify(args, lang)
    except Refused as why:
        raise ValueError(getattr(why, lang, why)) from None


def _asked(args: list[str]) -> str:
    """The language, before anything else is known: what is wrong is said in it, too."""
    found = re.findall(r"--lang[= ](en|ja)\b", " ".join(args))
    return found[-1] if found else language()


def _parsed(args: list[str]) -> Settings:
    """The settings.

    Raises:
        Refused: what cannot be read, in the parser's words.
    """
    try:
        return parsed(Settings, "verify", args, Settings())
    except ValueError as why:
        raise Refused(str(why), f"オプションを読み取れません: {why}") from None


def _verify(args: list[str], lang: str) -> int:
    settings = _parsed(args)
    _check_paths(settings)
    if not settings.files:
        return _claims(settings, lang)
    with signals(interrupt, "SIGTERM", "SIGHUP"):
        held = _held(settings, lang)
        if settings.out is not None:
            return _class(settings, held, lang)
        report = Report(tuple(verified(settings, held)), held)
    _write(settings, {
        "text": _text(settings.format),
        **{name: getattr(rendering, f"as_{name}") for name in FORMATS},
    }, report, lang, settings.explain)  # fmt: skip
    for line in _passed_over(settings.files, lang):
        print(f"jaxmlp: {line}", file=sys.stderr)
    return _exit(report, lang)


def _text(form: str) -> Callable[..., str]:
    """How the report is printed."""
    if form == "full":
        return partial(rendering.as_text, color=_colour())
    return {"concise": as_concise, "github": as_github, "sarif": as_sarif}[form]


def _class(settings: Settings, held: Held, lang: str) -> int:
    """Grade a class."""
    from jaxmlp.cli.classroom import grade

    text, report = grade(
        settings.files, Path(settings.out), settings.students, settings.rubric,
        _options(settings, held), partial(_judged, settings, held), lang, settings.explain,
    )  # fmt: skip
    print(text)
    return _exit(report, lang)


def _held(settings: Settings, lang: str) -> Held:
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


def _check_paths(settings: Settings) -> None:
    """Refuse before the work what could not be written after it."""
    for name in ("timeout", "budget"):
        if not (seconds := getattr(settings, name)) > 0:
            raise Refused(f"expected a --{name} above 0 seconds, got {seconds}",
                          f"--{name} は 0 より大きい秒数です ({seconds})")  # fmt: skip
    if settings.seed < 0:
        raise Refused(f"expected a --seed of 0 or above, got {settings.seed}",
                      f"--seed は 0 以上です ({settings.seed} が指定されました)")  # fmt: skip
    meant = {"hidden", "output", "loss", "bias", "reduction", "explain", "out", "format"}
    told = [n for n in sorted(meant) if getattr(settings, n) != getattr(Settings(), n)]
    if told and not settings.files:
        raise Refused(f"expected a file to check with --{told[0]}, got none",
                      f"--{told[0]} には調べるファイルの指定が必要です")  # fmt: skip
    for name in ("students", "rubric"):
        if getattr(settings, name) is not None and settings.out is None:
            raise Refused(f"expected --out DIR with --{name}, got none",
                          f"--{name} には --out DIR の指定が必要です")  # fmt: skip
    zips = [name for name in settings.files if name.lower().endswith(".zip")]
    if zips and settings.out is None:
        raise Refused(f"expected --out DIR to grade {zips[0]}, got none",
                      f"{zips[0]} の採点には --out DIR の指定が必要です")  # fmt: skip
    given = [path for name in FORMATS if (path := getattr(settings, name))]
    if settings.out is not None and (given or settings.format != "full"):
        raise Refused(
            "expected --out without --json, --csv, --html and --format: it writes its own",
            "--out は自分の形式で書き出すため、--json、--csv、--html、--format と併用できません",
        )
    if given.count("-") > 1:
        raise Refused("expected - for one of --json, --csv and --html at most",
                      "- を指定できるのは --json、--csv、--html のうち 1 つだけです")  # fmt: skip
    for path in map(Path, filter(lambda path: path != "-", given)):
        if path.is_dir() or not path.parent.is_dir():
            raise Refused(f"expected a file in a folder that is there, got {path}",
                          f"{path} を置くフォルダがありません")  # fmt: skip
        if any(path.resolve() == Path(file).resolve() for file in settings.files):
            raise Refused(f"expected another file for the report, got {path}, which is checked",
                          f"{path} は調べるファイルです。レポートは別の名前にします")  # fmt: skip
        if path.is_file() and not settings.overwrite:
            hint = "which is there (--overwrite replaces it)"
            raise Refused(f"expected a new file for the report, got {path}, {hint}",
                          f"{path} は既にあります (--overwrite で上書き)")  # fmt: skip


def verified(settings: Settings, held: Held) -> Iterator[File]:
    """Check the files, in order.

    All are read before any is run, so that none can change another.
    """
    found = {path: _read(path, settings.files) for path in expanded(settings.files)}
    items = [{"path": p, "cells": c} for p, c in found.items() if not isinstance(c, File)]
    running = _judged(settings, held, items)
    return (read if isinstance(read, File) else next(running) for read in found.values())


def _language(settings: Settings) -> str:
    return language() if settings.lang == "auto" else settings.lang


def _options(settings: Settings, held: Held) -> Options:
    said = {name: None if (value := getattr(settings, name)) == "auto" else value
            for name in ("hidden", "output", "loss", "reduction")}  # fmt: skip
    said["bias"] = {"yes": True, "no": False}.get(settings.bias)
    return Options(
        **said, limit=settings.timeout, budget=settings.budget, seed=settings.seed, held=held
    )


def _judged(settings: Settings, held: Held, items: Sequence[Mapping]) -> Iterator[File]:
    """What is found in each file, some at a time, with a progress bar where there is a terminal."""
    task = partial(graded, options=_options(settings, held))
    workers = min(len(items), cores())
    running = mapped(task, items, _failed, workers=workers, seconds=settings.budget)
    console = Console(stderr=True)
    words = ("検査中", "ファイル") if _language(settings) == "ja" else ("checking", "files")
    with progress(console, *words, disable=not console.is_terminal) as bar:
        done = bar.add_task("", total=len(items))
        for file in running:
            yield file
            bar.advance(done)


def _read(path: str, named: Sequence[str]) -> list[str] | File:
    """The code of a file; a link in a folder may lead to another person's."""
    try:
        if path not in named and os.path.islink(path):
            raise Refused(
                "expected a regular file, got a link",
                "通常のファイルが必要です (リンクは読みません)",
            )
        return code_of(Path(path))
    except (OSError, ValueError) as why:
        return unreadable(path, why)


def _failed(item: Mapping, why: str) -> File:
    """One file's findings, where the checker itself came to no end: it spoils this file alone."""
    text = f"the checker itself failed: {why}"
    return File(item["path"], problem=Words(text, f"検査プログラム自体のエラーです: {why}"))


def expanded(files: Sequence[str]) -> list[str]:
    """The files, each folder replaced by the .py and .ipynb files in it.

    Raises:
        ValueError: a folder has none.
    """
    found = []
    for name in files:
        path = Path(name)
        if not path.is_dir():
            found.append(name)
            continue
        inside = [str(p) for p in _visible(path) if p.suffix in (".py", ".ipynb")]
        if not inside:
            raise Refused(
                f"expected .py or .ipynb files, got the folder {name}, which has none",
                f"フォルダ {name} に .py や .ipynb のファイルがありません",
            )
        found += inside
    return list(dict.fromkeys(found))


def _visible(folder: Path) -> Iterator[Path]:
    """The files in a folder, hidden ones left out."""
    for path in sorted(folder.rglob("*")):
        hidden = any(part.startswith((".", "__")) for part in path.relative_to(folder).parts)
        if not hidden and not path.is_dir():
            yield path


def _passed_over(files: Sequence[str], lang: str) -> Iterator[str]:
    """What may be somebody's submission, too, and was not looked at."""
    for folder in map(Path, files):
        others = [p.name for p in _visible(folder) if p.suffix in (".txt", ".zip")]
        if others and folder.is_dir():
            words = Words(
                f"not looked at in {folder}: {', '.join(others)} (--out DIR grades these, too)",
                f"{folder} のうち調べていないもの: {', '.join(others)} (--out DIR なら採点します)",
            )
            yield clean(getattr(words, lang))


def _colour() -> bool:
    return sys.stdout.isatty() and "NO_COLOR" not in os.environ


def _claims(settings: Settings, lang: str) -> int:
    """Judge the lecture's own equations."""
    from jaxmlp.verify.lecture import claims

    found = claims(seed=settings.seed)
    if settings.proof:
        found = tuple(_proved(found, lang))
    ways = {name: getattr(rendering, f"claims_as_{name}") for name in ("text", *FORMATS)}
    _write(settings, ways, found, lang)
    other = [claim.id for claim in found if claim.holds != claim.recorded]
    if other:
        said = Words("not as recorded", "記録と不一致")
        raise Stop(f"{getattr(said, lang)}: {', '.join(other)}", code=1)
    unproved = [claim.id for claim in found if claim.proof and claim.proof.done is False]
    if unproved:
        said = Words("not proved", "証明できなかったもの")
        raise Stop(f"{getattr(said, lang)}: {', '.join(unproved)}", code=1)
    return 0


def _proved(found: Sequence[Claim], lang: str) -> Iterator[Claim]:
    """The claims with their proofs; where there is no SymPy, with word of that."""
    try:
        from jaxmlp.verify.lecture.proof import CHAINS, proof
    except ModuleNotFoundError as error:
        if error.name != "sympy":
            raise
        yield from (replace(claim, proof=Proof(claim.id, NO_SYMPY, None)) for claim in found)
        return
    console = Console(stderr=True)
    words = ("証明中", "件") if lang == "ja" else ("proving", "claims")
    with progress(console, *words, disable=not console.is_terminal) as bar:
        running = bar.add_task("", total=len(CHAINS))
        for claim in found:
            known = claim.id in CHAINS
            yield replace(claim, proof=proof(claim.id)) if known else claim
            bar.advance(running, known)


def _write(settings: Settings, ways: dict[str, Callable[..., str]], *what: object) -> None:
    """The text to standard output, unless another format goes there; the rest to their files."""
    asked = {name: path for name in FORMATS if (path := getattr(settings, name))}
    for name, path in asked.items():
        encoding = "utf-8-sig" if name == "csv" else "utf-8"  # Excel needs the mark
        if path != "-":
            write_whole(Path(path), ways[name](*what).encode(encoding))
    to_stdout = next((name for name, path in asked.items() if path == "-"), "text")
    print(ways[to_stdout](*what))


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
