"""`jaxmlp evaluate`: a trained network on data with targets: how good it is, and the figures."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

import jax
import numpy as np
import tyro

from jaxmlp.cli.console import QuietConsole, parts_of, print_written
from jaxmlp.cli.folder import figures_of_answers, run_folder, save_figures, versions, write_json
from jaxmlp.cli.model import model_file, open_model, outputs, rows_of_a_part, wanted
from jaxmlp.cli.options import parse_options
from jaxmlp.cli.report import print_score
from jaxmlp.cli.settings import reading_of
from jaxmlp.cli.task import rows_of_classes
from jaxmlp.data.dataset import Dataset
from jaxmlp.data.preparation import apply
from jaxmlp.data.samples import open_samples
from jaxmlp.data.table import Reading
from jaxmlp.evaluate import Score, score
from jaxmlp.storage import Model


@dataclass(frozen=True, kw_only=True)
class EvaluateSettings(Reading):
    """Say how good a trained network is on data with targets, and write that and the figures."""

    model: Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar="MODEL")]
    """A model file, or a run's folder."""
    data: Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar="DATA")]
    """As for train; of data with a test part of their own, that part. -: standard input, a text."""
    out: str | None = None
    """The folder to write, new or empty. None: a new one below runs/."""


def main(args: list[str]) -> int:
    """Run `jaxmlp evaluate`; its exit code."""
    settings = parse_options(EvaluateSettings, "evaluate", args)
    if settings.out == "":
        raise ValueError("expected a folder for --out, got an empty name")
    model = open_model(settings.model)
    console = QuietConsole()
    name = "stdin" if settings.data == "-" else settings.data
    with (
        jax.enable_x64(model.params.V.dtype == "float64"),
        run_folder(settings.out, name) as (new, folder),
    ):
        data = _read(settings, model)
        g = outputs(model._replace(columns=None), data.X, rows_of_a_part(model), data.name)
        scored = _score(model, data)
        console.print(f"{data.name}: {len(data.X):,} samples")
        print_score(console, scored, model.classes, "")
        _write(new, settings, model, data, scored)
        save_figures(new, lambda: figures_of_answers(data, model.y_scaling, scored, lambda: g))
    print_written(console, folder)
    return 0


def _read(settings: EvaluateSettings, model: Model) -> Dataset:
    """All of the samples with their targets."""
    console = QuietConsole(stderr=True)
    options: dict[str, Any] = {"rows": rows_of_a_part(model), "labelled": True}
    with open_samples(settings.data, wanted(model), reading_of(settings), **options) as samples:
        if samples.note:
            console.print(samples.note)
        if "test part" not in samples.note and _trained_on(settings):
            console.print(f"{samples.name}: most of it is what the network was trained on")
        parts = list(parts_of(samples, console, "reading"))
        if not parts:
            raise ValueError(f"{samples.name}: expected samples below the header, got none")
        X, y, _ = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
        X = apply(model.columns, X) if model.columns else X
        return Dataset(samples.name, X, y, model.classes, samples.image_shape)


def _trained_on(settings: EvaluateSettings) -> bool:
    """Whether the run beside the model had the same source."""
    try:
        saved = json.loads(model_file(settings.model).with_name("settings.json").read_bytes())
        return saved["data"] == settings.data
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return False


def _score(model: Model, data: Dataset) -> Score:
    X, m = model.x_scaling.apply(data.X), len(model.params.V)
    if model.classes is None:
        if len(X) < 2:
            raise ValueError(f"{data.name}: R² needs at least two samples, got {len(X)}")
        return score(model.network, model.params, X, model.y_scaling.apply(data.y))
    return score(model.network, model.params, X, rows_of_classes(data.y, m), data.y)


def _write(
    folder: Path, settings: EvaluateSettings, model: Model, data: Dataset, scored: Score
) -> None:
    """evaluation.json."""
    about = {
        **asdict(settings),
        "model": str(model_file(settings.model).resolve()),
        "samples": len(data.X),
        **scored._asdict(),
        "classes": model.classes,
        "versions": versions(),
    }
    write_json(folder / "evaluation.json", about)
