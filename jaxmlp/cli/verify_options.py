"""What `jaxmlp verify` can be told, and what of it does not go together."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import tyro

from jaxmlp.cli.options import parse_options
from jaxmlp.text import Refused
from jaxmlp.verify.clock import BUDGET, LIMIT
from jaxmlp.verify.grading import Options
from jaxmlp.verify.run.box import Held

FORMATS = ("json", "csv", "html")
FILES_ONLY = ("bias", "explain", "format", "hidden", "loss", "out", "output", "reduction")


@dataclass(frozen=True)
class VerifySettings:
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

    def reports(self) -> dict[str, str]:
        """Where each report goes that is asked for, by its format."""
        return {name: path for name in FORMATS if (path := getattr(self, name))}


def read_verify_settings(args: list[str]) -> VerifySettings:
    """The settings, once all that they need is there: before the work, not after it.

    Raises:
        Refused: what cannot be read, in the parser's words; or what does not go together.
    """
    try:
        settings = parse_options(VerifySettings, "verify", args, VerifySettings())
    except ValueError as why:
        raise Refused(str(why), f"オプションを読み取れません: {why}") from None
    _check_numbers(settings)
    _check_files(settings)
    _check_class(settings)
    paths = list(settings.reports().values())
    if paths.count("-") > 1:
        raise Refused("expected - for one of --json, --csv and --html at most",
                      "- を指定できるのは --json、--csv、--html のうち 1 つだけです")  # fmt: skip
    for path in paths:
        if path != "-":
            _check_report(settings, Path(path))
    return settings


def _check_numbers(settings: VerifySettings) -> None:
    for name in ("timeout", "budget"):
        if not (seconds := getattr(settings, name)) > 0:
            raise Refused(f"expected a --{name} above 0 seconds, got {seconds}",
                          f"--{name} は 0 より大きい秒数です ({seconds})")  # fmt: skip
    if settings.seed < 0:
        raise Refused(f"expected a --seed of 0 or above, got {settings.seed}",
                      f"--seed は 0 以上です ({settings.seed} が指定されました)")  # fmt: skip


def _check_files(settings: VerifySettings) -> None:
    """Refuse, without a file, what is of files alone."""
    told = [n for n in FILES_ONLY if getattr(settings, n) != getattr(VerifySettings(), n)]
    if told and not settings.files:
        raise Refused(f"expected a file to check with --{told[0]}, got none",
                      f"--{told[0]} には調べるファイルの指定が必要です")  # fmt: skip


def _check_class(settings: VerifySettings) -> None:
    """Refuse what is of a class alone without --out, and with it what it does not write."""
    if settings.out is not None:
        if settings.reports() or settings.format != "full":
            raise Refused(
                "expected --out without --json, --csv, --html and --format: it writes its own",
                "--out は自分の形式で書き出すため、"
                "--json、--csv、--html、--format と併用できません",
            )
        return
    for name in ("students", "rubric"):
        if getattr(settings, name) is not None:
            raise Refused(f"expected --out DIR with --{name}, got none",
                          f"--{name} には --out DIR の指定が必要です")  # fmt: skip
    for zipped in (name for name in settings.files if name.lower().endswith(".zip")):
        raise Refused(f"expected --out DIR to grade {zipped}, got none",
                      f"{zipped} の採点には --out DIR の指定が必要です")  # fmt: skip


def _check_report(settings: VerifySettings, path: Path) -> None:
    """Refuse a file that could not be written, or would take the place of another."""
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


def options_of(settings: VerifySettings, held: Held) -> Options:
    """How the files are to be judged."""
    said = {name: None if (value := getattr(settings, name)) == "auto" else value
            for name in ("hidden", "output", "loss", "reduction")}  # fmt: skip
    said["bias"] = {"yes": True, "no": False}.get(settings.bias)
    return Options(
        **said, limit=settings.timeout, budget=settings.budget, seed=settings.seed, held=held
    )
