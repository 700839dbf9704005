"""`jaxmlp train`: data in, a trained network and its figures out."""

import time
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import jax
import numpy as np
from rich.console import Console

from jaxmlp.cli import Stop
from jaxmlp.cli.console import QuietConsole, print_lines, print_written, progress
from jaxmlp.cli.folder import all_or_nothing, figures, model_of, save_figures, versions, write_run
from jaxmlp.cli.processes import devices_for, run_with_others
from jaxmlp.cli.report import print_score
from jaxmlp.cli.run import Run, finished, tidy, under_way
from jaxmlp.cli.settings import Settings, read_settings
from jaxmlp.cli.task import ROUTES, Task, optimizer_named, prepare, starting_params, step_size
from jaxmlp.data.preparation import in_words
from jaxmlp.evaluate import Score, dead_units
from jaxmlp.gradients import autodiff, backprop, difference
from jaxmlp.network import Params
from jaxmlp.storage import model_bytes
from jaxmlp.train.fitted import Diverged, Epoch, Fit, begin
from jaxmlp.train.sgd import fit
from jaxmlp.train.stream import Stream

CHECKED = 1000  # so many training samples are enough to compare the gradients on
MOST_CHECKED_OUTPUTS = 2**20  # or so few as have so many outputs
GRADIENT_TOLERANCE = 1e-10  # of the largest entry, in float64
DEFAULT_ETA = {"squared_error": 0.001}


def main(args: list[str]) -> int:
    """Run `jaxmlp train`; its exit code."""
    settings = read_settings(args)
    if settings.resume and finished(folder := Path(settings.resume), settings.epochs):
        tidy(folder)
        QuietConsole().print(f"{folder} has finished: nothing is left to do")
        return 0
    return run_with_others("train", args, settings, partial(_train, settings))


def _train(settings: Settings, first: bool) -> int:
    console = QuietConsole()
    console.quiet = not first
    task = prepare(settings)
    settings = decided(settings, task)
    params = starting_params(settings, task)
    devices, said = devices_for(settings, params, len(task.train.X))
    with under_way(settings, task) as run:
        model_bytes(model_of(task, params))  # what cannot be saved is not trained
        describe(console, settings, task, params)
        print_lines(console, said)
        check_gradients(console, task, params)
        result = train_or_resume(console, settings, task, params, run, devices)
        if not first:
            return 0
        scored = report(console, task, result.params)
        run.end()
        # As long as the folder of the figures is there, the run has not finished.
        with all_or_nothing(run.folder) as drawn:
            with all_or_nothing(run.folder) as written:
                write_run(written, task, result, scored)
            save_figures(drawn, lambda: figures(task, result, scored))
    print_written(console, run.folder)
    return 0


def decided(settings: Settings, task: Task) -> Settings:
    """The settings with what was left to the data and the loss."""
    network, classes = task.network, task.train.classes or ()
    eta = DEFAULT_ETA.get(network.loss.name, 0.05) if settings.eta is None else settings.eta
    names: dict[str, Any] = {"output": network.output.name, "loss": network.loss.name}
    return replace(settings, eta=eta, classes=classes, **names)


def describe(console: Console, settings: Settings, task: Task, params: Params) -> None:
    """Say what is going to be done."""
    train, device = task.train, jax.devices()[0]
    kind = f"{len(train.classes)} classes" if train.classes else "real targets"
    lines = {
        "data": f"{train.name}, {kind}: {len(train.X)} samples to train on, "
        f"{len(task.test.X)} to test"
    }
    if train.note:
        lines["target"] = f"{', '.join(train.targets or ()) or 'y'}: {train.note}"
    if train.columns:
        lines["columns"] = in_words(train.columns, train.features)
    lines |= {
        "network": model_of(task, params).network_in_short(),
        "optimizer": f"{settings.optimizer}, η {settings.eta:g} ({settings.schedule}), batch size "
        f"{settings.batch_size}, {settings.epochs} epochs, by {settings.gradient}",
        "device": f"{device.platform} ({device.device_kind}), {settings.dtype}; "
        f"seed {settings.seed}",
        "versions": ", ".join(f"{name} {number}" for name, number in versions().items()),
    }
    print_lines(console, lines)


def check_gradients(console: Console, task: Task, params: Params) -> None:
    """Compare both gradients on this very data, in float64, before trusting either.

    Raises:
        Stop: they disagree.
    """
    few = max(1, min(CHECKED, MOST_CHECKED_OUTPUTS // len(params.V)))
    X, Y = map(np.asarray, task.arrays(task.train.rows(slice(few))))
    with jax.enable_x64(True), jax.default_matmul_precision("highest"):
        exact = jax.tree.map(lambda p: np.asarray(p, "float64"), params)
        routes = (jax.jit(route, static_argnums=0) for route in (backprop, autodiff))
        gap = difference(*(route(task.network, exact, X, Y.astype(float)) for route in routes))
    size = f"{gap.absolute:.1e}, {gap.relative:.1e} of the largest entry"
    if not np.isfinite(gap.absolute):
        raise ValueError("the gradients at the start are not finite: expected smaller numbers")
    if not gap.relative <= GRADIENT_TOLERANCE:
        raise Stop(f"autodiff and backprop disagree: largest difference {size}", code=1)
    agree = f"autodiff and backprop agree on {len(X)} samples: largest difference {size} (float64)"
    print_lines(console, {"gradients": agree})


def train_or_resume(
    console: Console,
    settings: Settings,
    task: Task,
    params: Params,
    run: Run,
    devices: list[jax.Device] | None = None,
) -> Fit:
    """Train, or go on with it, with a progress bar and a line an epoch.

    Raises:
        Stop: the training error is no longer finite.
    """
    (X, Y), test = task.arrays(task.train), task.arrays(task.test)
    if settings.stream:
        X, test = Stream(X), (Stream(test[0]), test[1])
    rule: dict[str, Any] = {
        "optimizer": optimizer_named(settings.optimizer),
        "eta": step_size(settings, len(Y)),
    }
    resume = run.load(begin(params, **rule, stream=settings.stream)) if settings.resume else None
    done = len(resume.history) if resume else 0
    if settings.resume:
        samples = f" and {resume.seen:,} samples" if resume and resume.seen else ""
        print_lines(console, {"resumed": f"after {done} of {settings.epochs} epochs{samples}"})
    began = time.perf_counter()
    console.print("\nepoch  step size  training error  test error")
    with progress(console, "training", "epochs") as bar:
        running = bar.add_task("", total=settings.epochs, completed=done)

        def save(so_far: Fit) -> None:
            seen = int(so_far.seen or 0) / len(Y)
            bar.update(running, completed=len(so_far.history) + seen)
            run.keep(so_far)

        run.training = True
        try:
            result = fit(
                task.network, params, X, Y, **rule, epochs=settings.epochs, key=run.key, test=test,
                batch_size=settings.batch_size, gradient=ROUTES[settings.gradient], save=save,
                on_epoch=lambda epoch, _: bar.console.print(_line(epoch)), resume=resume,
                device=devices,
            )  # fmt: skip
        except Diverged as diverged:
            raise Stop(diverged, code=3) from None
        run.training = False
    console.print(f"trained in {time.perf_counter() - began:.1f} s\n")
    return result._replace(params=jax.tree.map(np.asarray, result.params))  # off their devices


def _line(done: Epoch) -> str:
    numbers = f"{done.eta:>11.4g}{done.train_error:>16.4g}{done.test_error:>12.4g}"
    return f"{done.epoch:>5}{numbers}"


def report(console: Console, task: Task, params: Params) -> Score:
    """Say how good the trained network is."""
    hidden, scored = task.network.hidden, task.scored(params)
    if hidden and hidden.name == "relu":
        dead = dead_units(task.network, params, task.x_scaling.apply(task.train.X))
        console.print(f"dead ReLUs: {dead} of {len(params.W)} (0 on every training sample)")
        if dead == len(params.W):
            console.print("  so this network no longer learns: try a smaller --eta")
        elif dead > len(params.W) / 4:
            console.print("  a smaller --eta keeps more of them alive")
    print_score(console, scored, task.test.classes, "test ")
    return scored
