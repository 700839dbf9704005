"""A run's own folder: the model, what was asked for, what happened, and the figures."""

import contextlib
import json
import platform
import shutil
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict
from importlib.metadata import version
from itertools import count
from pathlib import Path

import jax
from matplotlib.figure import Figure

from jaxmlp import plot
from jaxmlp.cli.settings import Settings
from jaxmlp.cli.task import Task
from jaxmlp.evaluate import Score, classify, predict
from jaxmlp.storage import Model, save_model, write_whole
from jaxmlp.train.sgd import Fit

UNITS = {"cross_entropy": "nats", "binary_cross_entropy": "nats"}


@contextlib.contextmanager
def run_folder(settings: Settings) -> Iterator[tuple[Path, Path]]:
    """The run's own folder, new or empty: the whole run appears in it, or nothing.

    Yields a hidden folder inside it, to write to, and the folder itself. What the run did not
    make it does not remove.

    Raises:
        ValueError: the folder has files, or is a file.
        OSError: it cannot be written.
    """
    made, folder = make_folder(settings)
    try:
        hidden = Path(tempfile.mkdtemp(prefix=".unfinished-", dir=folder))
        try:
            yield hidden, folder
            for file in hidden.iterdir():
                file.rename(folder / file.name)
        finally:
            shutil.rmtree(hidden)
    except BaseException:
        with contextlib.suppress(OSError):  # another run may have come below runs/
            for path in made:
                path.rmdir()
        raise


def make_folder(settings: Settings) -> tuple[list[Path], Path]:
    """(the folders that had to be made, the innermost first; the run's folder)."""
    folder = Path(settings.out) if settings.out else new_name(Path(settings.data).resolve().stem)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ValueError(f"expected a new or empty folder for --out, got {folder}, which is there")
    made = [path for path in (folder, *folder.parents) if not path.exists()]
    folder.mkdir(parents=True, exist_ok=settings.out is not None)
    return made, folder


def new_name(data: str) -> Path:
    """A folder below runs/ that isn't there yet."""
    name = f"{time.strftime('%Y%m%d-%H%M%S')}-{data}"
    names = (Path("runs", name if k == 1 else f"{name}-{k}") for k in count(1))
    return next(path for path in names if not path.exists())


def write(folder: Path, settings: Settings, task: Task, result: Fit, scored: Score) -> None:
    """model.safetensors, settings.json, history.json and the figures."""
    network, classes = task.network, task.train.classes
    names = (classes, task.train.features, task.train.targets)
    model = Model(network, result.params, task.x_scaling, task.y_scaling, *names)
    save_model(folder / "model.safetensors", model)
    chosen = {"output": network.output.name, "loss": network.loss.name, "classes": classes}
    device = jax.devices()[0].device_kind
    about = {**asdict(settings), **chosen, "versions": versions(), "device": device}
    confusion = None if scored.confusion is None else scored.confusion.tolist()
    epochs = [done._asdict() for done in result.history]
    history = {"epochs": epochs, "test": {**scored._asdict(), "confusion": confusion}}
    for name, content in (("settings", about), ("history", history)):
        text = json.dumps(content, indent=2, ensure_ascii=False)
        write_whole(folder / f"{name}.json", text.encode(errors="backslashreplace"))
    with plot.style():
        for name, figure in figures(task, result, scored).items():
            figure.savefig(folder / f"{name}.png", dpi=150)


def versions() -> dict[str, str]:
    """What the run stands on."""
    names = ("jaxmlp", "jax", "jaxlib", "optax", "numpy")
    return {**{name: version(name) for name in names}, "Python": platform.python_version()}


def error_name(task: Task) -> str:
    """What E is called on an axis, with its unit."""
    loss = task.network.loss.name
    unit = UNITS.get(loss, "standard deviations²" if task.y_scaling else "no unit")
    return f"mean {loss.replace('_', ' ')} of a sample ({unit})"


def figures(task: Task, result: Fit, scored: Score) -> dict[str, Figure]:
    """The run's figures by name."""
    test = task.test
    drawn = {"error": plot.error_by_epoch(result.history, error_name(task))}
    g = predict(task.network, result.params, task.arrays(test)[0])
    if test.classes is None:
        return {**drawn, "predictions": plot.predictions(test.y, task.y_scaling.undo(g))}
    drawn["confusion"] = plot.confusion(scored.confusion, test.classes)
    if test.image_shape:
        images = test.X.reshape(-1, *test.image_shape)
        drawn["misclassified"] = plot.misclassified(images, test.y, classify(g), test.classes)
    return drawn
