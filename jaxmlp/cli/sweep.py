"""`jaxmlp sweep`: many networks on the same data, their errors as a table and a figure."""

import csv
import io
import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from itertools import groupby, product
from pathlib import Path
from typing import Literal, NamedTuple

import jax
import numpy as np
import tyro
from matplotlib.figure import Figure
from rich.console import Console
from rich.table import Table

from jaxmlp import plot
from jaxmlp.cli.folder import error_name, run_folder, versions
from jaxmlp.cli.progress import QuietConsole, progress
from jaxmlp.cli.settings import Settings, parsed
from jaxmlp.cli.task import Task, prepare, start, step_size
from jaxmlp.cli.train import ROUTES, optimizer_named
from jaxmlp.evaluate import score
from jaxmlp.train.sweep import sweep
from jaxmlp.whole import write_whole


@dataclass(frozen=True)
class SweepSettings(Settings):
    """Train many networks, all that these lists combine to, each with several seeds.

    Lists are separated by spaces: --eta 0.01 0.03 0.1 --hidden relu tanh.
    """

    preset: tyro.conf.Suppress[str] = "default"
    resume: tyro.conf.Suppress[str | None] = None
    checkpoint_every: tyro.conf.Suppress[float] = 10.0
    units: tuple[int, ...] = (50,)
    """q, the number of hidden units."""
    hidden: tuple[Literal["relu", "sigmoid", "tanh", "identity", "none"], ...] = ("relu",)
    """f. none: no hidden layer, the perceptron."""
    init: tuple[str, ...] = ("he",)
    """The weights to start from: he, glorot, or a number σ for N(0, σ²)."""
    eta: tuple[float, ...] = (0.003, 0.01, 0.03, 0.1, 0.3)
    """η, the step size."""
    batch_size: tuple[int, ...] = (1,)
    """Samples a step."""
    seeds: int = 8
    """How many seeds, from --seed on: of the start and of the order of the samples."""
    seed: int = 0
    """The first of the seeds, and that of the split."""
    epochs: int = 20
    """How often each sample is seen."""


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


def main(args: list[str]) -> int:
    """Run `jaxmlp sweep`; its exit code."""
    settings = parsed(SweepSettings, "sweep", args, SweepSettings())
    _check(settings)
    console = QuietConsole()
    with jax.enable_x64(settings.dtype == "float64"), run_folder(settings) as (unfinished, folder):
        began = time.perf_counter()
        task, trained = _train_all(console, settings)
        seconds = time.perf_counter() - began
        console.print(_table(task, trained))
        console.print(f"{len(trained)} networks trained in {seconds:.1f} s")
        _write(unfinished, settings, task, trained, seconds)
    files = ", ".join(sorted(path.name for path in folder.iterdir()))
    console.print(f"written to {folder}: {files}", markup=False)
    return 0


def _check(settings: SweepSettings) -> None:
    """Refuse lists that are empty, before anything is trained."""
    for name in ("units", "hidden", "init", "eta", "batch_size"):
        if not getattr(settings, name):
            raise ValueError(f"expected at least one value for --{name.replace('_', '-')}")
    if settings.seeds < 1:
        raise ValueError(f"expected a whole number above 0 for seeds, got {settings.seeds}")


def _train_all(console: Console, settings: SweepSettings) -> tuple[Task, list[Trained]]:
    """A program for each f, q and batch size; within one, all starts, step sizes and seeds."""
    programs = list(product(settings.hidden, settings.units, settings.batch_size))
    ready = [_one(settings, *program) for program in programs]
    tasks, trained = [prepare(one) for one in ready], []
    with progress(console, "training", "epochs") as bar:
        running = bar.add_task("", total=settings.epochs * len(programs))
        for program, one, task in zip(programs, ready, tasks, strict=True):
            trained += _train(settings, program, one, task, lambda: bar.advance(running))
            jax.clear_caches()  # of a program that is not needed again
    return tasks[0], trained


def _one(settings: SweepSettings, hidden: str, units: int, batch_size: int) -> Settings:
    """The settings of `jaxmlp train` for one program; η and the start are each network's."""
    common = {name: getattr(settings, name) for name in Settings.__dataclass_fields__}
    own = {"hidden": hidden, "units": units, "batch_size": batch_size}
    return Settings(**{**common, **own, "init": settings.init[0], "eta": settings.eta[0]})


def _train(
    settings: SweepSettings, program: tuple, one: Settings, task: Task, advance: Callable
) -> list[Trained]:
    X, Y = task.arrays(task.train)
    each = list(product(settings.init, settings.eta, range(settings.seeds)))
    own = [replace(one, init=i, eta=e, seed=settings.seed + s) for i, e, s in each]
    keys = [jax.random.fold_in(jax.random.key(mine.seed), 1) for mine in own]
    result = sweep(
        task.network,
        [start(mine, task) for mine in own],
        X,
        Y,
        epochs=one.epochs,
        eta=[step_size(mine, len(X)) for mine in own],
        optimizer=optimizer_named(one.optimizer),
        batch_size=one.batch_size,
        key=jax.numpy.stack(keys),
        gradient=ROUTES[one.gradient],
        test=task.arrays(task.test),
        on_epoch=lambda *_: advance(),
    )
    errors = [np.stack([getattr(e, f"{part}_error") for e in result.history]).T
              for part in ("train", "test")]  # fmt: skip
    found = []
    for k, mine in enumerate(own):
        params = jax.tree.map(lambda p, k=k: p[k], result.params)
        measure = _measure(task, params) if np.isfinite(errors[0][k, -1]) else np.nan
        setting = Setting(*program, mine.init, mine.eta)
        found.append(Trained(setting, mine.seed, measure, (errors[0][k], errors[1][k])))
    return found


def _measure(task: Task, params) -> float:
    test = task.test
    scored = score(task.network, params, *task.arrays(test), test.y if test.classes else None)
    return scored.r2 if scored.accuracy is None else scored.accuracy


def _table(task: Task, trained: list[Trained]) -> Table:
    """A line for each setting: mean ± standard deviation over the seeds."""
    measure = "test accuracy" if task.test.classes else "test R²"
    varied = _varied(trained)
    table = Table(box=None, header_style="bold")
    for name in (*(HEADS[v] for v in varied), "training error", "test error", measure, "diverged"):
        table.add_column(name, justify="left" if name in ("f", "start") else "right", no_wrap=True)
    for setting, group in _groups(trained):
        numbers = [(t.errors[0][-1], t.errors[1][-1], t.measure) for t in group]
        learned = np.array([row for row in numbers if np.isfinite(row).all()])
        cells = [_spread(c) for c in learned.T] if len(learned) else ["–"] * 3
        lost = len(numbers) - len(learned)
        own = [f"{v:g}" if isinstance(v, float) else str(v) for v in
               (getattr(setting, name) for name in varied)]  # fmt: skip
        table.add_row(*own, *cells, str(lost or ""))
    return table


def _varied(trained: list[Trained], without: str = "") -> list[str]:
    """What the settings differ in."""
    names = (name for name in Setting._fields if name != without)
    return [n for n in names if len({getattr(one.setting, n) for one in trained}) > 1]


def _groups(trained: list[Trained]) -> list[tuple[Setting, list[Trained]]]:
    return [(s, list(group)) for s, group in groupby(trained, lambda one: one.setting)]


def _spread(values: np.ndarray) -> str:
    return f"{values.mean():.4g} ± {values.std():.2g}"


def _write(folder: Path, settings, task: Task, trained: list[Trained], seconds: float) -> None:
    """sweep.csv, a row a network; sweep.json, with the errors by epoch; sweep.png."""
    rows = [_row(one) for one in trained]
    text = io.StringIO()
    writer = csv.DictWriter(text, rows[0], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_whole(folder / "sweep.csv", text.getvalue().encode())
    about = {"settings": asdict(settings), "versions": versions(), "seconds": seconds}
    about["device"] = jax.devices()[0].device_kind
    errors = [
        {"training": _numbers(one.errors[0]), "test": _numbers(one.errors[1])} for one in trained
    ]
    about["networks"] = [{**row, "errors": e} for row, e in zip(rows, errors, strict=True)]
    whole = json.dumps(about, indent=1, ensure_ascii=False)
    write_whole(folder / "sweep.json", whole.encode(errors="backslashreplace"))
    with plot.style():
        _figure(task, trained).savefig(folder / "sweep.png", dpi=150)


def _row(one: Trained) -> dict:
    """A network's results; None for what is not finite."""
    ends = [*(errors[-1] for errors in one.errors), one.measure]
    names = ("training_error", "test_error", "measure")
    numbers = dict(zip(names, _numbers(ends), strict=True))
    return {**one.setting._asdict(), "seed": one.seed, **numbers}


def _numbers(values) -> list[float | None]:
    return [float(v) if np.isfinite(v) else None for v in values]


def _figure(task: Task, trained: list[Trained]) -> Figure:
    """The test error against η, q or the batch size, whichever has most values; else by epoch."""
    what = f"test error: {error_name(task)}"
    counts = {name: len({getattr(t.setting, name) for t in trained}) for name in AXES}
    name = max(counts, key=counts.get)
    if counts[name] == 1:
        curves = {
            _label(s, trained): np.array([t.errors[1] for t in g]) for s, g in _groups(trained)
        }
        epochs = np.arange(1, len(trained[0].errors[1]) + 1)
        return plot.bands({k: (epochs, v.T) for k, v in curves.items()}, "epoch", what)
    curves = {}
    for setting, group in _groups(trained):
        label = _label(setting, trained, without=name)
        ends = [one.errors[1][-1] for one in group]
        curves.setdefault(label, []).append((getattr(setting, name), ends))
    drawn = {k: tuple(map(np.array, zip(*sorted(v), strict=True))) for k, v in curves.items()}
    return plot.bands(drawn, AXES[name], what, logarithmic=True)


HEADS = {"hidden": "f", "units": "q", "batch_size": "batch", "init": "start", "eta": "η"}
AXES = {
    "eta": "step size η (no unit)",
    "units": "hidden units q",
    "batch_size": "batch size (samples)",
}
NAMES = {
    "hidden": "{}",
    "units": "q = {}",
    "batch_size": "batch {}",
    "init": "start {}",
    "eta": "η = {:g}",
}


def _label(setting: Setting, trained: list[Trained], without: str = "") -> str:
    """What distinguishes a curve from the others."""
    return ", ".join(
        NAMES[name].format(getattr(setting, name)) for name in _varied(trained, without)
    )
