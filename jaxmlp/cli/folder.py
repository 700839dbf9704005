"""A run's own folder: the model, what was asked for, what happened, and the figures."""

import contextlib
import json
import platform
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from importlib.metadata import version
from itertools import count
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from jaxmlp import plot
from jaxmlp.cli.console import warn
from jaxmlp.cli.settings import Settings
from jaxmlp.cli.task import Task
from jaxmlp.data.rows import Rows
from jaxmlp.evaluate import Score, classify, predict
from jaxmlp.network import Params
from jaxmlp.storage import Model, save_model
from jaxmlp.train.fitted import Fit
from jaxmlp.whole import write_whole

SHOWN = 2000  # samples of a stream, at most, of which figures are drawn
MODEL = "model.safetensors"  # the last to appear: where it is, a run has finished
NO_FONT = (
    "some characters are boxes in the figures: expected a font for them, such as Noto Sans CJK JP "
    "(図の一部の文字が□になっています。fonts-noto-cjk などのフォントを入れてください)"
)
UNITS = {"cross_entropy": "nats", "binary_cross_entropy": "nats"}


@contextlib.contextmanager
def run_folder(settings: Settings) -> Iterator[tuple[Path, Path]]:
    """A run's own folder, new or empty: the whole run appears in it, or nothing.

    Yields a hidden folder inside it, to write to, and the folder itself. What the run did not
    make it does not remove.

    Raises:
        ValueError: the folder has files, or is a file.
        OSError: it cannot be written.
    """
    made, folder = make_folder(settings)
    try:
        with whole(folder) as hidden:
            yield hidden, folder
    except BaseException:
        remove(made)
        raise


@contextlib.contextmanager
def whole(folder: Path) -> Iterator[Path]:
    """A hidden folder inside, whose files appear in the folder together, or not at all."""
    hidden = Path(tempfile.mkdtemp(prefix=".unfinished-", dir=folder))
    try:
        yield hidden
        for file in sorted(hidden.iterdir(), key=lambda file: file.name == MODEL):
            file.replace(folder / file.name)
    finally:
        shutil.rmtree(hidden, ignore_errors=True)


def make_folder(settings: Settings) -> tuple[list[Path], Path]:
    """(the folders that had to be made, the innermost first; the run's folder)."""
    names = [Path(settings.out)] if settings.out else new_names(Path(settings.data).resolve().stem)
    for folder in names:
        made = [path for path in (folder, *folder.parents) if not path.exists()]
        try:
            folder.mkdir(parents=True)
            return made, folder
        except FileExistsError:  # perhaps this very moment
            if settings.out and folder.is_dir() and not any(folder.iterdir()):
                return [], folder
    raise ValueError(f"expected a new or empty folder for --out, got {folder}, which is there")


def new_names(data: str) -> Iterator[Path]:
    """Names of folders below runs/, until one of them isn't there yet."""
    name = f"{time.strftime('%Y%m%d-%H%M%S')}-{data}"
    return (Path("runs", name if k == 1 else f"{name}-{k}") for k in count(1))


def remove(made: list[Path]) -> None:
    """Folders that had to be made, the innermost first, as far as they are empty."""
    with contextlib.suppress(OSError):  # another run may have come below runs/
        for path in made:
            path.rmdir()


def write(folder: Path, task: Task, result: Fit, scored: Score) -> None:
    """model.safetensors and history.json."""
    save_model(folder / MODEL, model_of(task, result.params))
    confusion = None if scored.confusion is None else scored.confusion.tolist()
    epochs = [done._asdict() for done in result.history]
    history = {"epochs": epochs, "test": {**scored._asdict(), "confusion": confusion}}
    write_json(folder / "history.json", history)


def write_json(path: Path, about: dict) -> None:
    """As a reader of both finds it best, whatever names are in it."""
    text = json.dumps(about, indent=2, ensure_ascii=False)
    write_whole(path, text.encode(errors="backslashreplace"))


def draw(folder: Path, figures: Callable[[], Iterator[tuple[str, Figure]]]) -> None:
    """The figures; one that cannot be drawn is said, and spoils nothing that was written before."""
    with plot.style() as missing:
        try:
            for name, figure in figures():
                figure.savefig(folder / f"{name}.png", dpi=150)
        except (MemoryError, ValueError, OverflowError, RuntimeError) as why:
            warn(f"no more figures: {str(why) or type(why).__name__}")
    if missing:
        warn(NO_FONT)


def model_of(task: Task, params: Params) -> Model:
    """The network with all that it takes to use it."""
    train = task.train
    names = (train.classes, train.features, train.targets, train.columns)
    return Model(task.network, params, task.x_scaling, task.y_scaling, *names)


def versions() -> dict[str, str]:
    """What the run stands on."""
    names = ("jaxmlp", "jax", "jaxlib", "optax", "numpy")
    return {**{name: version(name) for name in names}, "Python": platform.python_version()}


def error_name(task: Task) -> str:
    """What E is called on an axis, with its unit."""
    loss = task.network.loss.name
    unit = UNITS.get(loss, "standard deviations²" if task.y_scaling else "no unit")
    return f"mean {loss.replace('_', ' ')} of a sample ({unit})"


def figures(task: Task, result: Fit, scored: Score) -> Iterator[tuple[str, Figure]]:
    """The run's figures with their names; of a stream, of its first test samples."""
    test = task.test
    if isinstance(test.X, Rows):
        test = test.rows(slice(SHOWN))
        test = replace(test, X=np.asarray(test.X))
    yield "error", plot.error_by_epoch(result.history, error_name(task))
    if scored.confusion is not None:
        yield "confusion", plot.confusion(scored.confusion, test.classes)
    if test.classes and not test.image_shape:
        return
    g = predict(task.network, result.params, task.x_scaling.apply(test.X))
    if test.classes is None:
        yield "predictions", plot.predictions(test.y, task.y_scaling.undo(g))
    else:
        images = test.X.reshape(-1, *test.image_shape)
        yield "misclassified", plot.misclassified(images, test.y, classify(g), test.classes)
