"""`jaxmlp sweep`: many networks on the same data, their errors as a table and a figure."""

import contextlib
import json
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import product
from pathlib import Path
from typing import Literal, TypeAlias

import jax
import numpy as np
import tyro
from rich.console import Console

from jaxmlp.cli.console import QuietConsole, print_written, progress
from jaxmlp.cli.folder import all_or_nothing
from jaxmlp.cli.processes import are_several, check_same, run_with_others
from jaxmlp.cli.run import about, new_folder, resumed_folder, to_go_on
from jaxmlp.cli.settings import MAY_CHANGE, Settings, check_unchanged, told_and_own
from jaxmlp.cli.sweep_results import SWEEP_FILE, Setting, Trained, table_of, write_sweep
from jaxmlp.cli.task import (
    ROUTES,
    Task,
    choose_network,
    optimizer_named,
    prepare,
    starting_params,
    step_size,
)
from jaxmlp.train.arguments import check_settings
from jaxmlp.train.sweep import sweep
from jaxmlp.whole import write_whole

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


# The settings of networks that are trained together; their results are written when they have come.
Group: TypeAlias = list[Settings]


def main(args: list[str]) -> int:
    """Run `jaxmlp sweep`; its exit code."""
    settings = _told(args)
    _check(settings)
    if settings.resume and (Path(settings.resume) / SWEEP_FILE).exists():
        QuietConsole().print(f"{settings.resume} has finished: nothing is left to do")
        return 0
    return run_with_others("sweep", args, settings, partial(_sweep, settings))


def _told(args: list[str]) -> SweepSettings:
    told, own = told_and_own(SweepSettings, "sweep", args, SweepSettings())
    if own is not None:
        check_unchanged(own, told, MAY_CHANGE)
    return told


def _sweep(settings: SweepSettings, first: bool) -> int:
    console, began = QuietConsole(), time.perf_counter()
    console.quiet = not first
    groups = _groups_of(settings)
    task = prepare(groups[0][0])
    for group in groups:
        _same_data(task, group[0])
    with _folder(settings, about(settings, task)) as folder:
        trained = _train_all(console, settings, groups, task, folder)
        if not first:
            return 0
        seconds = time.perf_counter() - began
        console.print(table_of(task, trained))
        console.print(f"{len(trained)} networks trained in {seconds:.1f} s")
        with all_or_nothing(folder) as unfinished:
            write_sweep(unfinished, settings, task, trained, seconds)
        for k in range(len(groups)):
            _part(folder, k).unlink(missing_ok=True)
    print_written(console, folder)
    return 0


@contextlib.contextmanager
def _folder(settings: SweepSettings, asked: dict) -> Iterator[Path]:
    """The sweep's folder, which the first process makes; what is done is kept in it.

    Raises:
        Stop: it was interrupted, or could not write, and can go on.
    """
    if jax.process_index():
        check_same(asked)
        yield Path(settings.resume or settings.out)
        return
    with (resumed_folder if settings.resume else new_folder)(settings, asked) as folder:
        check_same(asked)
        try:
            yield folder
        except (KeyboardInterrupt, OSError) as why:
            if not any(folder.glob(_part(folder, "*").name)):
                raise
            raise to_go_on("sweep", folder, why) from None


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
    rows = {k: _read(_part(folder, k), group, settings) for k, group in enumerate(groups)}
    rows = _gathered(groups, settings, {k: read for k, read in rows.items() if read is not None})
    missing = [k for k in range(len(groups)) if k not in rows]
    mine, before = missing[jax.process_index() :: jax.process_count()], None
    with progress(console, "training", "epochs") as bar:
        running = bar.add_task("", total=settings.epochs * len(mine))
        for k in mine:
            first = groups[k][0]
            program = first.hidden, first.units, first.batch_size
            if before not in (None, program):
                jax.clear_caches()  # of a program that is not needed again
            before, own_task = program, _same_data(task, first)
            rows[k] = _train(groups[k], len(groups[0]), own_task, lambda: bar.advance(running))
            write_whole(_part(folder, k), json.dumps(rows[k].tolist()).encode())
    rows = _gathered(groups, settings, rows)
    return [_trained(own, row) for k, group in enumerate(groups)
            for own, row in zip(group, rows[k], strict=True)]  # fmt: skip


def _same_data(task: Task, settings: Settings) -> Task:
    """The task of other settings for the network alone."""
    check_settings(settings.eta, batch_size=settings.batch_size)
    return task._replace(network=choose_network(settings, task.train))


def _groups_of(settings: SweepSettings) -> list[Group]:
    """A program for each f, q and batch size; of it, groups of about as many networks, the first
    of which is the largest.

    They do not depend on how many processes there are, so nor do the results.
    """
    groups: list[Group] = []
    common = {name: getattr(settings, name) for name in Settings.__dataclass_fields__}
    for program in product(settings.hidden, settings.units, settings.batch_size):
        common |= zip(("hidden", "units", "batch_size"), program, strict=True)
        networks = product(settings.init, settings.eta, range(settings.seeds))
        own = [Settings(**{**common, "init": init, "eta": eta, "seed": settings.seed + k})
               for init, eta, k in networks]  # fmt: skip
        size = math.ceil(len(own) / math.ceil(len(own) / GROUP))
        groups += (own[k : k + size] for k in range(0, len(own), size))
    return groups


def _part(folder: Path, k: int | str) -> Path:
    return folder / f"networks-{k}.json"


def _read(path: Path, group: Group, settings: SweepSettings) -> np.ndarray | None:
    """What an earlier process has found for a group; None where there is nothing whole."""
    try:
        rows = np.array(json.loads(path.read_bytes()), float)
    except (OSError, ValueError, TypeError, RecursionError):
        return None
    return rows if rows.shape == (len(group), 1 + 2 * settings.epochs) else None


def _gathered(groups: list[Group], settings: SweepSettings, rows: dict) -> dict:
    """The rows of each group that any process has."""
    if jax.process_count() == 1:
        return rows
    from jax.experimental.multihost_utils import process_allgather

    mine = np.zeros((len(groups), len(groups[0]), 2 + 2 * settings.epochs))
    for k, known in rows.items():
        mine[k, : len(known), 0], mine[k, : len(known), 1:] = 1, known
    everyone = np.asarray(process_allgather(mine.view(np.uint32))).view(float)
    return {k: theirs[k, : len(group), 1:] for k, group in enumerate(groups)
            for theirs in everyone if theirs[k, 0, 0]}  # fmt: skip


def _train(group: Group, most: int, task: Task, advance: Callable) -> np.ndarray:
    """A row a network: its measure, its training and its test error after each epoch.

    Args:
        most: networks that the program takes; where they are fewer, the last comes again.
    """
    common, networks = group[0], [*group, *group[-1:] * (most - len(group))]
    X, Y = task.arrays(task.train)
    keys = [jax.random.fold_in(jax.random.key(own.seed), 1) for own in networks]
    result = sweep(
        task.network,
        [starting_params(own, task) for own in networks],
        X,
        Y,
        epochs=common.epochs,
        eta=[step_size(own, len(X)) for own in networks],
        optimizer=optimizer_named(common.optimizer),
        batch_size=common.batch_size,
        key=jax.numpy.stack(keys),
        gradient=ROUTES[common.gradient],
        test=task.arrays(task.test),
        on_epoch=lambda *_: advance(),
    )
    errors = [np.stack([getattr(e, f"{part}_error") for e in result.history]).T
              for part in ("train", "test")]  # fmt: skip
    trained = (jax.tree.map(lambda p, k=k: p[k], result.params) for k in range(len(group)))
    measures = [task.scored(params).measure if np.isfinite(error) else np.nan
                for params, error in zip(trained, errors[0][:, -1], strict=False)]  # fmt: skip
    return np.column_stack([measures, *(part[: len(measures)] for part in errors)])


def _trained(mine: Settings, row: np.ndarray) -> Trained:
    setting = Setting(*(getattr(mine, name) for name in Setting._fields))
    training, test = np.split(row[1:], 2)
    return Trained(setting, mine.seed, row[0], (training, test))
