"""`jaxmlp predict`: samples in, classes with their probabilities or values out, as CSV."""

import contextlib
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, BinaryIO

import jax
import numpy as np
import tyro
from rich.console import Console

from jaxmlp.cli.console import QuietConsole, parts_of
from jaxmlp.cli.model import model_file, open_model, outputs, rows_of_a_part, wanted
from jaxmlp.cli.options import parse_options
from jaxmlp.cli.settings import reading_of
from jaxmlp.data.samples import SampleSource, open_samples
from jaxmlp.data.table import Reading
from jaxmlp.evaluate import classify, probabilities
from jaxmlp.spreadsheet import as_csv
from jaxmlp.storage import Model
from jaxmlp.whole import whole_file

DIGITS = {"float16": 5, "float32": 9}  # that tell any two numbers apart; 17 of float64


@dataclass(frozen=True, kw_only=True)
class PredictSettings(Reading):
    """Answer for each sample, as CSV: its class and the probabilities of all, or its values."""

    model: Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar="MODEL")]
    """A model file, or a run's folder."""
    data: Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar="DATA")]
    """As for train, the targets being left out; a table need not have any. -: standard input."""
    out: str | None = None
    """The file to write, a new one. None, or -: standard output."""
    overwrite: bool = False
    """Write --out even if it is there: in one step, once everything is done."""


def main(args: list[str]) -> int:
    """Run `jaxmlp predict`; its exit code."""
    settings = parse_options(PredictSettings, "predict", args)
    _check_out(settings)
    model = open_model(settings.model)
    rows, console = rows_of_a_part(model), QuietConsole(stderr=True)
    with (
        jax.enable_x64(model.params.V.dtype == "float64"),
        open_samples(settings.data, wanted(model), reading_of(settings), rows=rows) as samples,
        _output(settings) as out,
    ):
        if samples.note:
            console.print(samples.note)
        n = _predict(model, samples, rows, out, console)
    if settings.out not in (None, "-"):
        console.print(f"{n:,} samples predicted: {settings.out}")
    return 0


def _check_out(settings: PredictSettings) -> None:
    """Refuse before the work what would lose something after it."""
    if settings.out in (None, "-"):
        return
    path = Path(settings.out)
    if path.exists() and not (settings.overwrite and path.is_file()):
        hint = " (--overwrite replaces a file)" * path.is_file()
        raise ValueError(f"expected a new file for --out, got {path}, which is there{hint}")
    if not path.parent.is_dir():
        raise ValueError(f"expected a file in a folder that is there for --out, got {path}")
    for source in (model_file(settings.model), Path(settings.data)):
        if path.exists() and source.exists() and path.samefile(source):
            raise ValueError(f"expected another file for --out, got {path}, which is read")


@contextlib.contextmanager
def _output(settings: PredictSettings) -> Iterator[BinaryIO]:
    """Where the answers go: a file that appears when it is whole, or standard output."""
    if settings.out in (None, "-"):
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    with whole_file(Path(settings.out)) as file:
        yield file
        _check_out(settings)  # something may have come meanwhile


def _predict(
    model: Model, samples: SampleSource, rows: int, out: BinaryIO, console: Console
) -> int:
    """Write the answers as they come; how many there are."""
    n, write = 0, _writer(model)
    out.write(_csv([*samples.ids, *_header(model)]).encode())
    for part in parts_of(samples, console, "predicting"):
        lines = write(outputs(model, part.X, rows, samples.name, n))
        if samples.ids:
            beside = (_csv(list(ids))[:-1] for ids in part.ids)
            lines = [f"{ids},{line}" for ids, line in zip(beside, lines, strict=True)]
        out.write("".join(lines).encode())
        n += len(part.X)
    if not n:
        raise ValueError(f"{samples.name}: expected samples below the header, got none")
    return n


def _header(model: Model) -> list[str]:
    if model.classes is not None:
        symbol = "P" if model.network.output.name in ("softmax", "sigmoid") else "g"
        return ["class", *(f"{symbol}({name})" for name in model.classes)]
    m = len(model.params.V)
    return list(model.targets or (["value"] if m == 1 else [f"value {k + 1}" for k in range(m)]))


def _csv(cells: list[str]) -> str:
    """A line."""
    return as_csv([cells], "\n")


def _writer(model: Model) -> Callable[[np.ndarray], list[str]]:
    """A function of g(a) (k, m) that gives k lines."""
    number = f"%.{DIGITS.get(model.params.V.dtype.name, 17)}g"
    if model.classes is None:
        line = ",".join([number] * len(model.params.V)) + "\n"
        return lambda g: [line % tuple(row) for row in model.y_scaling.undo(g).tolist()]
    names = [_csv([name])[:-1] for name in model.classes]
    line = "%s" + f",{number}" * len(names) + "\n"

    def lines(g: np.ndarray) -> list[str]:
        rows = zip(classify(g).tolist(), probabilities(g).tolist(), strict=True)
        return [line % (names[code], *row) for code, row in rows]

    return lines
