"""`jaxmlp train`: data in, a trained network and its figures out."""

import contextlib
import functools
import json
import math
import os
import platform
import shutil
import time
from collections.abc import Iterator
from dataclasses import asdict, replace
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

import jax
import numpy as np
import optax
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from jaxmlp import plot
from jaxmlp.cli import Stop
from jaxmlp.cli.settings import Settings, read_settings
from jaxmlp.data.dataset import Dataset, Scaling, learn_scaling, one_hot, split
from jaxmlp.data.sources import load_data
from jaxmlp.evaluate import Score, classify, dead_units, score
from jaxmlp.gradients import autodiff, backprop, difference
from jaxmlp.network import Network, Params, forward, init
from jaxmlp.storage import Model, save_model, write_whole
from jaxmlp.train.sgd import Diverged, Epoch, Fit, fit, inverse_epoch

CHECKED = 1000  # so many training samples are enough to compare the gradients on
AGREE = 1e-10  # of the largest entry, in float64
LOSS_OF = {"softmax": "cross_entropy", "sigmoid": "binary_cross_entropy"}
OUTPUT_OF = {"cross_entropy": "softmax", "binary_cross_entropy": "sigmoid"}
ETA = {"squared_error": 0.001}
OPTIMIZERS = {"momentum": functools.partial(optax.sgd, momentum=0.9)}


class Task(NamedTuple):
    """A data set made ready: (X, Y) scaled and encoded for the network."""

    train: Dataset
    test: Dataset
    network: Network
    x_scaling: Scaling
    y_scaling: Scaling | None

    def arrays(self, part: Dataset) -> tuple[np.ndarray, np.ndarray]:
        """X (n, d) and Y (n, m) of the training or test part."""
        return self.x_scaling.apply(part.X), self.targets(part)

    def targets(self, part: Dataset) -> np.ndarray:
        if part.classes is None:
            return self.y_scaling.apply(part.y)
        single = len(part.classes) == 2 and self.network.output.name == "sigmoid"
        return part.y[:, None].astype(float) if single else one_hot(part.y, len(part.classes))


def main(args: list[str]) -> int:
    """Run `jaxmlp train`; its exit code."""
    settings = read_settings(args)
    console = Console(highlight=False, soft_wrap=True)
    with jax.enable_x64(settings.dtype == "float64"):
        task = prepare(settings)
        if settings.eta is None:
            settings = replace(settings, eta=ETA.get(task.network.loss.name, 0.05))
        params = start(settings, task)
        with run_folder(settings) as folder:
            describe(console, settings, task, params)
            check_gradients(console, task, params)
            began = time.perf_counter()
            result = learn(console, settings, task, params)
            console.print(f"trained in {time.perf_counter() - began:.1f} s")
            scored = report(console, task, result.params)
            write(folder, settings, task, result, scored)
    console.print(f"written to {folder}: {', '.join(sorted(p.name for p in folder.iterdir()))}")
    return 0


def prepare(settings: Settings) -> Task:
    """The data, split and scaled, and the network for them."""
    data = load_data(settings.data, target=settings.target, task=settings.task)
    if settings.classes:
        data = data.only(settings.classes)
    network = choose_network(settings, data)
    train, test = split(data, test_size=settings.test_size, seed=settings.seed)
    kind = settings.scale
    if kind == "auto":
        kind = "max" if data.image_shape else "standard"
    y_scaling = None
    if data.classes is None:  # only an unbounded output can reach standardised targets
        wide = network.output.name == "identity"
        y_scaling = learn_scaling(train.y, "standard" if wide else "none")
    return Task(train, test, network, learn_scaling(train.X, kind), y_scaling)


def choose_network(settings: Settings, data: Dataset) -> Network:
    """The network named; what is "auto" by what goes together."""
    g, e = settings.output, settings.loss
    if g == e == "auto":
        g = "softmax" if data.classes else "identity"
    if e == "auto":
        e = LOSS_OF.get(g, "squared_error") if data.classes else "squared_error"
    if g == "auto":
        g = OUTPUT_OF.get(e, "identity")
    if data.classes is None and e != "squared_error":
        raise ValueError(f"{e} is for classes: expected squared_error for {data.name}'s real targets")
    hidden = None if settings.hidden == "none" else settings.hidden
    return Network(hidden, g, e, settings.bias)


def start(settings: Settings, task: Task) -> Params:
    """W and V to start from."""
    d, m = task.train.X.shape[1], task.targets(task.train).shape[1]
    sizes = (d, m) if task.network.hidden is None else (d, settings.units, m)
    try:
        initializer = float(settings.init)
    except ValueError:
        initializer = settings.init
    key = jax.random.fold_in(jax.random.key(settings.seed), 0)
    return init(task.network, sizes, key=key, initializer=initializer, dtype=settings.dtype)


def describe(console: Console, settings: Settings, task: Task, params: Params) -> None:
    """Say what is going to be done."""
    train, net = task.train, task.network
    kind = f"{len(train.classes)} classes" if train.classes else "real targets, standardised"
    sizes = [train.X.shape[1], *([] if params.W is None else [len(params.W)]), len(params.V)]
    names = [net.hidden.name] if net.hidden else []
    own = f"η {settings.eta:g} ({settings.schedule}), batch size {settings.batch_size}"
    device = jax.devices()[0]
    lines = {
        "data": f"{train.name}, {kind}: {len(train.X)} samples to train on, {len(task.test.X)} to test",
        "network": " → ".join(map(str, sizes))
        + f": {', '.join([*names, net.output.name, net.loss.name])}"
        + f"{'' if net.bias else ', no bias'}; {sum(p.size for p in jax.tree.leaves(params)):,} weights",
        "optimizer": f"{settings.optimizer}, {own}, {settings.epochs} epochs, by {settings.gradient}",
        "device": f"{device.platform} ({device.device_kind}), {settings.dtype}; seed {settings.seed}",
        "versions": ", ".join(f"{name} {number}" for name, number in versions().items()),
    }
    for name, text in lines.items():
        console.print(f"{name:<11}{text}")


def versions() -> dict[str, str]:
    names = ("jaxmlp", "jax", "jaxlib", "optax", "numpy")
    return {**{name: version(name) for name in names}, "Python": platform.python_version()}


def check_gradients(console: Console, task: Task, params: Params) -> None:
    """Compare both gradients on this very data, in float64, before trusting either."""
    part = task.train.rows(slice(CHECKED))
    with jax.enable_x64(True), jax.default_matmul_precision("highest"):
        exact = jax.tree.map(lambda p: jax.numpy.asarray(p, "float64"), params)
        X, Y = map(jax.numpy.asarray, task.arrays(part))
        apart = difference(
            autodiff(task.network, exact, X, Y), backprop(task.network, exact, X, Y)
        )
    found = f"largest difference {apart.absolute:.1e}, {apart.relative:.1e} of the largest entry"
    if not apart.relative <= AGREE:
        raise Stop(f"autodiff and backprop disagree on {task.train.name}: {found}", code=1)
    console.print(f"gradients  autodiff and backprop agree on {len(part.X)} samples: {found} (float64)")


def learn(console: Console, settings: Settings, task: Task, params: Params) -> Fit:
    """Train, with a progress bar and a line an epoch."""
    X, Y = task.arrays(task.train)
    bar = Progress(
        TextColumn("training"), BarColumn(), MofNCompleteColumn(), TextColumn("epochs"),
        TimeRemainingColumn(), console=console, transient=True,
    )
    console.print(f"\n{'epoch':>5} {'step size':>10} {'training error':>15} {'test error':>11}")
    with bar:
        running = bar.add_task("", total=settings.epochs)

        def on_epoch(done: Epoch, _: Params) -> None:
            bar.console.print(
                f"{done.epoch:>5} {done.eta:>10.4g} {done.train_error:>15.4g} {done.test_error:>11.4g}"
            )
            bar.advance(running)

        try:
            return fit(
                task.network, params, X, Y,
                epochs=settings.epochs,
                eta=step_size(settings, len(X)),
                optimizer=OPTIMIZERS.get(settings.optimizer) or getattr(optax, settings.optimizer),
                batch_size=settings.batch_size,
                key=jax.random.fold_in(jax.random.key(settings.seed), 1),
                gradient={"autodiff": autodiff, "backprop": backprop}[settings.gradient],
                test=task.arrays(task.test),
                on_epoch=on_epoch,
            )  # fmt: skip
        except Diverged as diverged:
            raise Stop(diverged, code=3) from None


def step_size(settings: Settings, n: int):
    """η_t as `fit` takes it."""
    eta = settings.eta
    if settings.schedule == "constant" or not eta > 0 or settings.batch_size < 1:
        return eta  # which `fit` refuses where it is no step size
    steps = math.ceil(n / settings.batch_size)
    if settings.schedule == "epoch":
        return inverse_epoch(eta, steps)
    return optax.cosine_decay_schedule(eta, steps * settings.epochs)


def report(console: Console, task: Task, params: Params) -> Score:
    """Say how good the trained network is."""
    test = task.test
    scored = score(task.network, params, *task.arrays(test), test.y if test.classes else None)
    if (f := task.network.hidden) and f.name == "relu":
        dead = dead_units(task.network, params, task.arrays(task.train)[0])
        console.print(f"dead ReLUs: {dead} of {len(params.W)} (0 on every training sample)")
    if scored.confusion is None:
        console.print(f"test R²: {scored.r2:.4f}")
        return scored
    console.print("confusion matrix of the test samples (rows: true class, columns: predicted)")
    width = max(map(len, (*test.classes, str(scored.confusion.max())))) + 1
    for head, cells in [("", test.classes), *zip(test.classes, scored.confusion, strict=True)]:
        console.print(f"{head:>{width}} " + "".join(f"{cell!s:>{width}}" for cell in cells))
    console.print(f"test accuracy: {scored.accuracy:.4f}")
    return scored


@contextlib.contextmanager
def run_folder(settings: Settings) -> Iterator[Path]:
    """The run's own folder, new or empty; it goes again if the run fails."""
    if settings.out is None:
        name = f"{time.strftime('%Y%m%d-%H%M%S')}-{Path(settings.data).stem}"
        folder = next(p for p in numbered(Path("runs", name)) if not p.exists())
    elif (folder := Path(settings.out)).is_dir() and any(folder.iterdir()):
        raise ValueError(f"expected a new or empty folder for --out, got {folder}, which has files")
    there = folder.is_dir()
    folder.mkdir(parents=True, exist_ok=True)
    if not os.access(folder, os.W_OK):
        raise ValueError(f"expected a folder that can be written, got {folder}")
    try:
        yield folder
    except BaseException:
        for file in folder.iterdir():
            file.unlink()
        if not there:
            folder.rmdir()
        raise


def numbered(path: Path) -> Iterator[Path]:
    """path, path-2, path-3, …"""
    yield path
    k = 2
    while True:
        yield path.with_name(f"{path.name}-{k}")
        k += 1


def write(folder: Path, settings: Settings, task: Task, result: Fit, scored: Score) -> None:
    """The model, the settings and the history as JSON, and the figures."""
    classes = task.train.classes
    model = Model(task.network, result.params, task.x_scaling, task.y_scaling, classes)
    save_model(folder / "model.safetensors", model)
    network = task.network
    chosen = {"output": network.output.name, "loss": network.loss.name}
    about = {**asdict(settings), **chosen, "classes": classes, "versions": versions()}
    about["device"] = jax.devices()[0].device_kind
    history = {
        "epochs": [done._asdict() for done in result.history],
        "test": {k: v.tolist() if k == "confusion" and v is not None else v for k, v in scored._asdict().items()},
    }
    for name, content in (("settings", about), ("history", history)):
        text = json.dumps(content, indent=2, ensure_ascii=False)
        write_whole(folder / f"{name}.json", text.encode())
    with plot.style():
        for name, figure in figures(task, result, scored).items():
            figure.savefig(folder / f"{name}.png", dpi=150)


def figures(task: Task, result: Fit, scored: Score) -> dict:
    """The run's figures by name."""
    what = f"mean {task.network.loss.name.replace('_', ' ')} a sample"
    drawn = {"error": plot.error_by_epoch(result.history, what)}
    test = task.test
    X, _ = task.arrays(test)
    g = np.asarray(forward(task.network, result.params, X.astype(result.params.V.dtype)).g)
    if scored.confusion is None:
        return {**drawn, "predictions": plot.predictions(test.y, task.y_scaling.undo(g))}
    drawn["confusion"] = plot.confusion(scored.confusion, test.classes)
    if test.image_shape:
        images = test.X.reshape(-1, *test.image_shape)
        drawn["misclassified"] = plot.misclassified(images, test.y, classify(g), test.classes)
    return drawn
