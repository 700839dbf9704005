"""`jaxmlp verify`: the lecture's claims, or a person's files, against autodiff."""

import locale
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Literal

import tyro
from rich.console import Console

from jaxmlp.cli import Stop
from jaxmlp.cli.progress import progress
from jaxmlp.cli.settings import parsed
from jaxmlp.verify import report as rendering
from jaxmlp.verify.finding import File, Report, Words
from jaxmlp.verify.report.telling import NOT_LOOKED_AT

FEW = 4  # files that are not worth a second process
FORMATS = ("json", "csv", "html")


@dataclass(frozen=True)
class Settings:
    """Check hand-derived gradients against autodiff, and say which line is wrong, by which mistake.

    Without a file: the lecture's equations L1 to L27. Functions and the body of a training loop are
    taken out of a file and called, in a child process with a time limit; where names do not say
    what they are, the file is run until its training step has been seen. That is no sandbox: check
    only what you would run.

    Exit code 0: all backpropagation that was seen was judged, and is right. 1: something is wrong.
    2: something could not be checked or judged.
    """

    files: tyro.conf.Positional[tuple[str, ...]] = ()
    """.py or .ipynb files, or folders of them."""

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
    json: Annotated[str | None, tyro.conf.arg(metavar="PATH")] = None
    """Write the report as JSON; - is standard output."""
    csv: Annotated[str | None, tyro.conf.arg(metavar="PATH")] = None
    """Write one row a file, for a class; - is standard output."""
    html: Annotated[str | None, tyro.conf.arg(metavar="PATH")] = None
    """Write one self-contained page; - is standard output."""

    timeout: float = 5.0
    """Seconds that one call of a function may take."""
    seed: int = 0
    """Of the random points."""


def main(args: list[str]) -> int:
    """Run `jaxmlp verify`; its exit code."""
    settings = parsed(Settings, "verify", args, Settings())
    lang = language() if settings.lang == "auto" else settings.lang
    _check_paths(settings)
    if not settings.files:
        return _claims(settings, lang)
    report = Report(tuple(verified(settings)))
    _write(settings, {
        "text": partial(rendering.as_text, color=_colour()),
        **{name: getattr(rendering, f"as_{name}") for name in FORMATS},
    }, report, lang, settings.explain)  # fmt: skip
    return _exit(report, lang)


def language() -> str:
    """ja where the locale is Japanese, else en."""
    names = [os.environ.get(name) for name in ("LC_ALL", "LC_MESSAGES", "LANG")]
    said = next((name for name in names if name), None) or locale.getlocale()[0] or ""
    return "ja" if said.lower().startswith("ja") else "en"


def _check_paths(settings: Settings) -> None:
    """Refuse before the work what could not be written after it."""
    if not settings.timeout > 0:
        raise ValueError(f"expected a --timeout above 0 seconds, got {settings.timeout}")
    if settings.seed < 0:
        raise ValueError(f"expected a --seed of 0 or above, got {settings.seed}")
    meant = {"hidden", "output", "loss", "bias", "reduction", "explain"}
    told = [n for n in sorted(meant) if getattr(settings, n) != getattr(Settings(), n)]
    if told and not settings.files:
        raise ValueError(f"expected a file to check with --{told[0]}, got none")
    given = [path for name in FORMATS if (path := getattr(settings, name))]
    if given.count("-") > 1:
        raise ValueError("expected - for one of --json, --csv and --html at most")
    for path in map(Path, filter(lambda path: path != "-", given)):
        if path.is_dir() or not path.parent.is_dir():
            raise ValueError(f"expected a file in a folder that is there, got {path}")
        if any(path.resolve() == Path(file).resolve() for file in settings.files):
            raise ValueError(f"expected another file for the report, got {path}, which is checked")


def verified(settings: Settings) -> Iterator[File]:
    """Check the files, in order, some at a time, with a progress bar where there is a terminal."""
    paths = expanded(settings.files)
    check = partial(_one, settings)
    console = Console(stderr=True)
    disable = not console.is_terminal
    with progress(console, "checking", "files", disable=disable) as bar:
        running = bar.add_task("", total=len(paths))
        for file in _mapped(check, paths):
            bar.advance(running)
            yield file


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
        inside = [p for p in sorted(path.rglob("*")) if p.suffix in (".py", ".ipynb")]
        inside = [
            str(p)
            for p in inside
            if not any(q.startswith((".", "__")) for q in p.relative_to(path).parts)
        ]
        if not inside:
            raise ValueError(f"expected .py or .ipynb files, got the folder {name}, which has none")
        found += inside
    return list(dict.fromkeys(found))


def _mapped(check, paths: Sequence[str]) -> Iterator[File]:
    if len(paths) < FEW:
        yield from map(check, paths)
        return
    from jaxmlp.verify.runner import context

    workers = min(len(paths), os.cpu_count() or 1)
    with ProcessPoolExecutor(workers, mp_context=context()) as pool:
        yield from pool.map(check, paths)


def _one(settings: Settings, path: str) -> File:
    """One file's findings; what goes wrong with the checker itself spoils this file alone."""
    from jaxmlp.verify.homework import Options, verify_file

    said = {name: None if (value := getattr(settings, name)) == "auto" else value
            for name in ("hidden", "output", "loss", "reduction")}  # fmt: skip
    said["bias"] = {"yes": True, "no": False}.get(settings.bias)
    try:
        return verify_file(path, Options(**said, limit=settings.timeout, seed=settings.seed))
    except Exception as error:
        text = f"the checker itself failed: {type(error).__name__}: {error}"
        return File(path, problem=Words(text, text))


def _colour() -> bool:
    return sys.stdout.isatty() and "NO_COLOR" not in os.environ


def _claims(settings: Settings, lang: str) -> int:
    """Judge the lecture's own equations."""
    from jaxmlp.verify.lecture import claims

    found = claims(seed=settings.seed)
    ways = {name: getattr(rendering, f"claims_as_{name}") for name in ("text", *FORMATS)}
    _write(settings, ways, found, lang)
    other = [claim.id for claim in found if claim.holds != claim.recorded]
    if other:
        raise Stop(f"not as recorded: {', '.join(other)}", code=1)
    return 0


def _write(settings: Settings, ways: dict[str, Callable[..., str]], *what: object) -> None:
    """The text to standard output, unless another format goes there; the rest to their files."""
    from jaxmlp.storage import write_whole

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
    if bad:
        are, total = "is" if len(bad) == 1 else "are", len(report.checks)
        words = Words(
            f"{len(bad)} of {total} checks {are} not right",
            f"検査した {total} 個のうち {len(bad)} 個が正しくありません",
        )
        raise Stop(getattr(words, lang), code=1)
    left = [(file.path, file.problem) for file in report.files if file.problem]
    left += [(f.path, n.text) for f in report.files for n in f.remarks if n.id in NOT_LOOKED_AT]
    if left:
        path, words = left[0]
        others = len(dict(left)) - 1
        more = (
            Words(f" (and {others} more)", f" (ほかに {others} ファイル)")
            if others
            else Words("", "")
        )
        raise Stop(f"{path}: {getattr(words, lang)}{getattr(more, lang)}", code=2)
    return 0
