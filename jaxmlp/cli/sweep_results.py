"""What came of a sweep: its table, its files and its figure."""

import csv
import io
from dataclasses import asdict
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np
from matplotlib.figure import Figure
from rich.table import Table

from jaxmlp import plot
from jaxmlp.cli.folder import error_name, versions, write_json
from jaxmlp.cli.settings import Settings
from jaxmlp.cli.task import Task
from jaxmlp.whole import write_whole

SWEEP_FILE = "sweep.json"  # where it is, a sweep has finished
HEADS = {"hidden": "f", "units": "q", "batch_size": "batch", "init": "start", "eta": "η"}
AXIS_LABELS = {
    "eta": "step size η (no unit)",
    "units": "hidden units q",
    "batch_size": "batch size (samples)",
}
LABEL_FORMATS = {
    "hidden": "{}",
    "units": "q = {}",
    "batch_size": "batch {}",
    "init": "start {}",
    "eta": "η = {:g}",
}


class Setting(NamedTuple):
    """What distinguishes the networks, but for their seeds."""

    hidden: str
    units: int
    batch_size: int
    init: str
    eta: float


class Trained(NamedTuple):
    """A network's results.

    Attributes:
        measure: test accuracy, or R² for a regression; NaN where the training diverged.
        errors: the training and the test error after each epoch.
    """

    setting: Setting
    seed: int
    measure: float
    errors: tuple[np.ndarray, np.ndarray]


def table_of(task: Task, trained: list[Trained]) -> Table:
    """A line for each setting: mean ± standard deviation over the seeds."""
    measure = "test accuracy" if task.test.classes else "test R²"
    varied = _varied(trained)
    table = Table(box=None, header_style="bold")
    for name in (*(HEADS[v] for v in varied), "training error", "test error", measure, "diverged"):
        table.add_column(name, justify="left" if name in ("f", "start") else "right", no_wrap=True)
    for setting, group in _groups(trained):
        numbers = [(t.errors[0][-1], t.errors[1][-1], t.measure) for t in group]
        learned = np.array([row for row in numbers if np.isfinite(row).all()])
        spreads = [f"{c.mean():.4g} ± {c.std():.2g}" for c in learned.T] or ["–"] * 3
        lost = len(numbers) - len(learned)
        own = [f"{v:g}" if isinstance(v, float) else str(v) for v in
               (getattr(setting, name) for name in varied)]  # fmt: skip
        table.add_row(*own, *spreads, str(lost or ""))
    return table


def _varied(trained: list[Trained], without: str = "") -> list[str]:
    """What the settings differ in."""
    names = (name for name in Setting._fields if name != without)
    return [n for n in names if len({getattr(net.setting, n) for net in trained}) > 1]


def _groups(trained: list[Trained]) -> list[tuple[Setting, list[Trained]]]:
    return [(s, list(group)) for s, group in groupby(trained, lambda net: net.setting)]


def write_sweep(
    folder: Path, settings: Settings, task: Task, trained: list[Trained], seconds: float
) -> None:
    """sweep.csv, a row a network; sweep.json, with the errors by epoch; sweep.png."""
    rows = [_row(net) for net in trained]
    text = io.StringIO()
    writer = csv.DictWriter(text, rows[0], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_whole(folder / "sweep.csv", text.getvalue().encode())
    about = {"settings": asdict(settings), "versions": versions(), "seconds": seconds}
    about["device"] = jax.devices()[0].device_kind
    errors = [
        {"training": _numbers(net.errors[0]), "test": _numbers(net.errors[1])} for net in trained
    ]
    about["networks"] = [{**row, "errors": e} for row, e in zip(rows, errors, strict=True)]
    write_json(folder / SWEEP_FILE, about)
    with plot.style():
        _figure(task, trained).savefig(folder / "sweep.png", dpi=150)


def _row(net: Trained) -> dict:
    """A network's results; None for what is not finite."""
    ends = [*(errors[-1] for errors in net.errors), net.measure]
    names = ("training_error", "test_error", "measure")
    numbers = dict(zip(names, _numbers(ends), strict=True))
    return {**net.setting._asdict(), "seed": net.seed, **numbers}


def _numbers(values: Any) -> list[float | None]:
    return [float(v) if np.isfinite(v) else None for v in values]


def _figure(task: Task, trained: list[Trained]) -> Figure:
    """The test error against η, q or the batch size, whichever has most values; else by epoch."""
    error = f"test error: {error_name(task)}"
    counts = {name: len({getattr(t.setting, name) for t in trained}) for name in AXIS_LABELS}
    name = max(counts, key=counts.get)
    if counts[name] == 1:
        return plot.bands(_by_epoch(trained), "epoch", error)
    return plot.bands(_by_setting(trained, name), AXIS_LABELS[name], error, logarithmic=True)


def _by_epoch(trained: list[Trained]) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """The epochs, (epochs,), and the test errors, (epochs, seeds), by what the settings are."""
    epochs = np.arange(1, len(trained[0].errors[1]) + 1)
    return {
        _label(setting, trained): (epochs, np.array([net.errors[1] for net in group]).T)
        for setting, group in _groups(trained)
    }


def _by_setting(trained: list[Trained], name: str) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """The values of a setting, (k,), and the last test errors, (k, seeds), by the other ones."""
    points: dict[str, list] = {}
    for setting, group in _groups(trained):
        ends = [net.errors[1][-1] for net in group]
        label = _label(setting, trained, without=name)
        points.setdefault(label, []).append((getattr(setting, name), ends))
    columns = {label: zip(*sorted(of), strict=True) for label, of in points.items()}
    return {label: (np.array(x), np.array(y)) for label, (x, y) in columns.items()}


def _label(setting: Setting, trained: list[Trained], without: str = "") -> str:
    """What distinguishes a curve from the others."""
    return ", ".join(
        LABEL_FORMATS[name].format(getattr(setting, name)) for name in _varied(trained, without)
    )
