"""`jaxmlp sweep`: many networks on the same data, their errors as a table and a figure."""

import contextlib
import csv
import io
import json
import math
import os
import shlex
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from itertools import groupby, product
from pathlib import Path
from typing import Any, Literal, NamedTuple

import jax
import numpy as np
import tyro
from matplotlib.figure import Figure
from rich.console import Console
from rich.table import Table

from jaxmlp import plot
from jaxmlp.cli import Stop
from jaxmlp.cli.console import QuietConsole, print_written, progress
from jaxmlp.cli.folder import error_name, versions, whole, write_json
from jaxmlp.cli.processes import WATCHED, are_several, check_same, joined, watch
from jaxmlp.cli.run import about, new_folder, resumed_folder
from jaxmlp.cli.settings import MAY_CHANGE, Settings, check_unchanged, parsed, saved_settings
from jaxmlp.cli.task import Task, choose_network, prepare, start, step_size
from jaxmlp.cli.train import ROUTES, optimizer_named
from jaxmlp.evaluate import score
from jaxmlp.network import Params
from jaxmlp.train.arguments import check_settings
from jaxmlp.train.sweep import sweep
from jaxmlp.whole import write_whole

WHOLE = "sweep.json"  # where it is, a sweep has finished
GROUP = 16  # networks, at most, whose results come together


@dataclass(frozen=True)
class SweepSettings(Settings):
    """Train many networks, all that these lists combine to, each with several seeds.

    Lists are separated by spaces: --eta 0.01 0.03 0.1 --hidden relu tanh.
    """

    preset: tyro.conf.Suppress[str] = "default"
    resume: str | None = None
    """The folder of a sweep to go on with, by its own settings: only what is missing is trained."""
    stream: tyro.conf.Suppress[bool] = False
    devices: tyro.conf.Suppress[int | None] = None
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


class Group(NamedTuple):
    """Networks that one program trains together; their results are written when they have come.

    Attributes:
        program: f, q and the batch size.
        own: the settings of each network; filled: with the last again, as many as in the others.
    """

    program: tuple
    own: list[Settings]
    filled: list[Settings]


def main(args: list[str]) -> int:
    """Run `jaxmlp sweep`; its exit code."""
    settings = _told(args)
    _check(settings)
    if are_several(settings) and WATCHED not in os.environ:
        return watch("sweep", args, settings)
    console = QuietConsole()
    if settings.resume and (Path(settings.resume) / WHOLE).exists():
        console.print(f"{settings.resume} has finished: nothing is left to do")
        return 0
    with joined(settings) as first, jax.enable_x64(settings.dtype == "float64"):
        console.quiet = not first
        _sweep(console, settings, first)
    return 0


def _told(args: list[str]) -> SweepSettings:
    told = parsed(SweepSettings, "sweep", args, SweepSettings())
    if told.resume is None:
        return told
    own = saved_settings(Path(told.resume), SweepSettings)
    told = parsed(SweepSettings, "sweep", args, own)
    check_unchanged(own, told, MAY_CHANGE)
    return told


def _sweep(console: Console, settings: SweepSettings, first: bool) -> None:
    began = time.perf_counter()
    groups = _groups_of(settings)
    task = prepare(groups[0].own[0])
    for group in groups:
        _same_data(task, group.own[0])
    with _folder(settings, about(settings, task)) as folder:
        trained = _train_all(console, settings, groups, task, folder)
        if not first:
            return
        seconds = time.perf_counter() - began
        console.print(_table(task, trained))
        console.print(f"{len(trained)} networks trained in {seconds:.1f} s")
        with whole(folder) as unfinished:
            _write(unfinished, settings, task, trained, seconds)
        for k in range(len(groups)):
            _part(folder, k).unlink(missing_ok=True)
    print_written(console, folder)


@contextlib.contextmanager
def _folder(settings: SweepSettings, about: dict) -> Iterator[Path]:
    """The sweep's folder, which the first process makes; what is done is kept in it.

    Raises:
        Stop: it was interrupted, or could not write, and can go on.
    """
    if jax.process_index():
        check_same(about)
        yield Path(settings.resume or settings.out)
        return
    with (resumed_folder if settings.resume else new_folder)(settings, about) as folder:
        check_same(about)
        try:
            yield folder
        except (KeyboardInterrupt, OSError) as why:
            if not _part_of_any(folder):
                raise
            interrupted = isinstance(why, KeyboardInterrupt)
            text = "interrupted" if interrupted else why
            how = f"to go on: jaxmlp sweep --resume {shlex.quote(str(folder))}"
            raise Stop(f"{text}; {how}", 130 if interrupted else 2) from None


def _check(settings: SweepSettings) -> None:
    """Refuse lists that are empty, before anything is trained."""
    for name in ("units", "hidden", "init", "eta", "batch_size"):
        if not getattr(settings, name):
            raise ValueError(f"expected at least one value for --{name.replace('_', '-')}")
    if are_several(settings) and not (settings.out or settings.resume):
        raise ValueError("expected --out DIR of several processes, a folder that all of them see")
    if settings.seeds < 1:
        raise ValueError(f"expected a whole number above 0 for seeds, got {settings.seeds}")


def _train_all(
    console: Console, settings: SweepSettings, groups: list[Group], task: Task, folder: Path
) -> list[Trained]:
    """Train what is not there yet, shared out to the processes; the results of all."""
    found = {k: _read(_part(folder, k), group, settings) for k, group in enumerate(groups)}
    found = _gathered(groups, settings, {k: one for k, one in found.items() if one is not None})
    missing = [k for k in range(len(groups)) if k not in found]
    mine, before = missing[jax.process_index() :: jax.process_count()], None
    with progress(console, "training", "epochs") as bar:
        running = bar.add_task("", total=settings.epochs * len(mine))
        for k in mine:
            if before not in (None, groups[k].program):
                jax.clear_caches()  # of a program that is not needed again
            before = groups[k].program
            own_task = _same_data(task, groups[k].own[0])
            found[k] = _train(groups[k], own_task, lambda: bar.advance(running))
            write_whole(_part(folder, k), json.dumps(found[k].tolist()).encode())
    found = _gathered(groups, settings, found)
    return [_trained(group, mine, row) for k, group in enumerate(groups)
            for mine, row in zip(group.own, found[k], strict=True)]  # fmt: skip


def _same_data(task: Task, settings: Settings) -> Task:
    """The task of other settings for the network alone."""
    check_settings(settings.eta, batch_size=settings.batch_size)
    return task._replace(network=choose_network(settings, task.train))


def _groups_of(settings: SweepSettings) -> list[Group]:
    """A program for each f, q and batch size; of it, groups of about as many networks.

    They do not depend on how many processes there are, so nor do the results.
    """
    found = []
    for program in product(settings.hidden, settings.units, settings.batch_size):
        one = _one(settings, *program)
        each = product(settings.init, settings.eta, range(settings.seeds))
        own = [replace(one, init=i, eta=e, seed=settings.seed + s) for i, e, s in each]
        size = math.ceil(len(own) / math.ceil(len(own) / GROUP))
        for k in range(0, len(own), size):
            some = own[k : k + size]
            found.append(Group(program, some, [*some, *some[-1:] * (size - len(some))]))
    return found


def _part(folder: Path, k: int) -> Path:
    return folder / f"networks-{k}.json"


def _part_of_any(folder: Path) -> bool:
    return any(folder.glob("networks-*.json"))


def _read(path: Path, group: Group, settings: SweepSettings) -> np.ndarray | None:
    """What an earlier process has found for a group; None where there is nothing whole."""
    try:
        rows = np.array(json.loads(path.read_bytes()), float)
    except (OSError, ValueError, TypeError, RecursionError):
        return None
    return rows if rows.shape == (len(group.own), 1 + 2 * settings.epochs) else None


def _gathered(groups: list[Group], settings: SweepSettings, found: dict) -> dict:
    """What any process has found."""
    if jax.process_count() == 1:
        return found
    from jax.experimental.multihost_utils import process_allgather

    rows = max(len(group.own) for group in groups)
    mine = np.zeros((len(groups), rows, 2 + 2 * settings.epochs))
    for k, one in found.items():
        mine[k, : len(one), 0], mine[k, : len(one), 1:] = 1, one
    everyone = np.asarray(process_allgather(mine.view(np.uint32))).view(float)
    return {k: theirs[k, : len(group.own), 1:] for k, group in enumerate(groups)
            for theirs in everyone if theirs[k, 0, 0]}  # fmt: skip


def _one(settings: SweepSettings, hidden: str, units: int, batch_size: int) -> Settings:
    """The settings of `jaxmlp train` for one program; η and the start are each network's."""
    common = {name: getattr(settings, name) for name in Settings.__dataclass_fields__}
    own: dict[str, Any] = {"hidden": hidden, "units": units, "batch_size": batch_size}
    own |= {"init": settings.init[0], "eta": settings.eta[0]}
    return Settings(**{**common, **own})


def _train(group: Group, task: Task, advance: Callable) -> np.ndarray:
    """A row a network: its measure, its training and its test error after each epoch."""
    one, own = group.own[0], group.filled
    X, Y = task.arrays(task.train)
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
    measures = []
    for k in range(len(group.own)):
        params = jax.tree.map(lambda p, k=k: p[k], result.params)
        measures.append(_measure(task, params) if np.isfinite(errors[0][k, -1]) else np.nan)
    return np.column_stack([measures, *(part[: len(measures)] for part in errors)])


def _trained(group: Group, mine: Settings, row: np.ndarray) -> Trained:
    hidden, units, batch_size = group.program
    setting = Setting(hidden, units, batch_size, mine.init, mine.eta)
    training, test = np.split(row[1:], 2)
    return Trained(setting, mine.seed, row[0], (training, test))


def _measure(task: Task, params: Params) -> float:
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


def _spread(values: Any) -> str:
    return f"{values.mean():.4g} ± {values.std():.2g}"


def _write(
    folder: Path, settings: SweepSettings, task: Task, trained: list[Trained], seconds: float
) -> None:
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
    write_json(folder / WHOLE, about)
    with plot.style():
        _figure(task, trained).savefig(folder / "sweep.png", dpi=150)


def _row(one: Trained) -> dict:
    """A network's results; None for what is not finite."""
    ends = [*(errors[-1] for errors in one.errors), one.measure]
    names = ("training_error", "test_error", "measure")
    numbers = dict(zip(names, _numbers(ends), strict=True))
    return {**one.setting._asdict(), "seed": one.seed, **numbers}


def _numbers(values: Any) -> list[float | None]:
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
    points: dict[str, list] = {}
    for setting, group in _groups(trained):
        label = _label(setting, trained, without=name)
        ends = [one.errors[1][-1] for one in group]
        points.setdefault(label, []).append((getattr(setting, name), ends))
    drawn: dict[str, Any] = {
        k: tuple(map(np.array, zip(*sorted(v), strict=True))) for k, v in points.items()
    }
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
