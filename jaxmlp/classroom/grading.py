"""The files of a class judged, but those that have been judged before."""

import contextlib
import hashlib
import json
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

import jaxmlp
from jaxmlp.classroom.kept import from_json_value
from jaxmlp.classroom.submissions import Class, Submission, SubmittedCode
from jaxmlp.verify.finding import Check, File
from jaxmlp.verify.grading import Options
from jaxmlp.whole import write_whole

CLASS_FILE = "class.json"
SCHEMA = "jaxmlp-class"


@dataclass(frozen=True)
class Graded:
    """A submission and what was found in each of its files, by the names the student knows."""

    submission: Submission
    files: tuple[File, ...]

    @property
    def checks(self) -> tuple[Check, ...]:
        """Of all its files."""
        return tuple(check for file in self.files for check in file.checks)


def graded_class(
    handed_in: Class,
    options: Options,
    kept: Mapping[str, File],
    run: Callable[[Sequence[Mapping[str, Any]]], Iterator[File]],
) -> tuple[list[Graded], dict[str, File]]:
    """(what was found, the same by digest, to be kept).

    What is the same, to the last letter, and stands beside the same files, is judged once.

    Args:
        kept: what was found before.
        run: judges files, each with a `path` and `cells`, and gives what it finds in their order.
    """
    digests = {
        id(code): _digest(code, submission, options)
        for submission in handed_in.submissions
        for code in submission.code
    }
    results = {d: kept[d] for d in digests.values() if d in kept}
    with tempfile.TemporaryDirectory(prefix="jaxmlp-class-") as folder:
        new: dict[str, Mapping[str, Any]] = {}
        for number, submission in enumerate(handed_in.submissions):
            for code in submission.code:
                if (digest := digests[id(code)]) not in results | new:
                    path = _laid_out(Path(folder, str(number)), submission.code, code)
                    new[digest] = {"path": str(path), "cells": list(code.cells)}
        results |= dict(zip(new, run(list(new.values())), strict=True))
    made = [
        Graded(
            submission,
            tuple(replace(results[digests[id(code)]], path=code.own) for code in submission.code),
        )
        for submission in handed_in.submissions
    ]
    return made, results


def _laid_out(folder: Path, mine: Sequence[SubmittedCode], code: SubmittedCode) -> Path:
    """Where a file lies among the student's own, which it may import: these are written there."""
    for other in mine:
        path = _inside(folder, other)
        with contextlib.suppress(OSError):  # a file called as another's folder: nobody imports it
            if not path.exists() and not other.notebook:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text("\n".join(other.cells), encoding="utf-8", errors="replace")
    path = _inside(folder, code)
    return path.with_suffix(".ipynb") if code.notebook else path


def _inside(folder: Path, code: SubmittedCode) -> Path:
    """Its place; a name that is none for a file system, too long say, becomes another."""
    parts = [p for p in code.own.split("/") if p not in ("", ".", "..")]
    safe = [p if len(p.encode("utf-8", "replace")) < 200 and "\0" not in p else
            hashlib.sha256(p.encode("utf-8", "replace")).hexdigest() for p in parts]  # fmt: skip
    return folder.joinpath(*[p.encode("utf-8", "replace").decode() for p in safe])


def _digest(code: SubmittedCode, submission: Submission, options: Options) -> str:
    """Of all that a verdict depends on: the code, the files beside it, the options, the checker."""
    beside = sorted(
        (other.own, other.cells) for other in submission.code if len(submission.code) > 1
    )
    inputs = (code.notebook, code.cells, beside, options._asdict(), checker())
    return hashlib.sha256(repr(inputs).encode("utf-8", "surrogatepass")).hexdigest()


@cache
def checker() -> str:
    """A digest of what judges: this package's own source, and the numbers it stands on."""
    digest = hashlib.sha256("".join(map(version, ("jax", "numpy"))).encode())
    package = Path(jaxmlp.__file__).parent
    for path in sorted(package.rglob("*.py")):
        if path.is_relative_to(package / "verify") or path.parent == package:
            digest.update(path.read_bytes())
    return digest.hexdigest()


def read_kept(folder: Path) -> dict[str, File]:
    """What was found before, as `write_kept` has left it; what cannot be read is judged anew."""
    try:
        saved = json.loads((folder / CLASS_FILE).read_text(encoding="utf-8"))
        return {digest: from_json_value(File, file) for digest, file in saved["found"].items()}
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return {}


def write_kept(folder: Path, results: Mapping[str, File]) -> None:
    """Keep what was found, for the next time."""
    saved = {"schema": SCHEMA, "found": {d: asdict(file) for d, file in sorted(results.items())}}
    write_whole(folder / CLASS_FILE, json.dumps(saved, default=np.generic.item).encode())
