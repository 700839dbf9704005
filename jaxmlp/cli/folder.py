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
from jaxmlp.cli.task import Task
from jaxmlp.data.dataset import Dataset
from jaxmlp.data.rows import Rows
from jaxmlp.data.scaling import Scaling
from jaxmlp.evaluate import Score, classify, predict
from jaxmlp.network import Params
from jaxmlp.storage import Model, save_model
from jaxmlp.train.fitted import Fit
from jaxmlp.whole import write_whole

FIGURE_SAMPLES = 2000  # samples of a stream, at most, of which figures are drawn
MODEL = "model.safetensors"  # the last to appear but for the figures
UNFINISHED = ".unfinished-"  # begins the name of a folder that a kill leaves behind
NO_FONT = (
    "some characters are boxes in the figures: expected a font for them, such as Noto Sans CJK JP "
    "(図の一部の文字が□になっています。fonts-noto-cjk などのフォントを入れてください)"
)
UNITS = {"cross_entropy": "nats", "binary_cross_entropy": "nats"}


@contextlib.contextmanager
def run_folder(out: str | None, data: str) -> Iterator[tuple[Path, Path]]:
    """A run's own folder, new or empty: the whole run appears in it, or nothing.

    Yields a hidden folder inside it, to write to, and the folder itself. What the run did not
    make it does not remove.

    Raises:
        ValueError: the folder has files, or is a file.
        OSError: it cannot be written.
    """
    with made_folder(out, data) as folder, all_or_nothing(folder) as hidden:
        yield hidden, folder


@contextlib.contextmanager
def made_folder(out: str | None, data: str) -> Iterator[Path]:
    """A run's folder; of what had to be made for it, the run's failure leaves what is not empty."""
    made, folder = make_folder(out, data)
    try:
        yield folder
    except BaseException:
        with contextlib.suppress(OSError):  # another run may have come below runs/
            for path in made:
                path.rmdir()
        raise


@contextlib.contextmanager
def all_or_nothing(folder: Path) -> Iterator[Path]:
    """A hidden folder inside, whose files appear in the folder together, or not at all."""
    hidden = Path(tempfile.mkdtemp(prefix=UNFINISHED, dir=folder))
    try:
        yield hidden
        for file in sorted(hidden.iterdir(), key=lambda file: file.name == MODEL):
            file.replace(folder / file.name)
    finally:
        shutil.rmtree(hidden, ignore_errors=True)


def make_folder(out: str | None, data: str) -> tuple[list[Path], Path]:
    """(the folders that had to be made, the innermost first; the run's folder).

    Args:
        out: the folder asked for; None: one below runs/, called by the time and the data.
    """
    names = [Path(out)] if out else new_names(Path(data).resolve().stem)
    for folder in names:
        made = [path for path in (folder, *folder.parents) if not path.exists()]
        try:
            folder.mkdir(parents=True)
            return made, folder
        except FileExistsError:  # perhaps this very moment
            if out and folder.is_dir() and not any(folder.iterdir()):
                return [], folder
    raise ValueError(f"expected a new or empty folder for --out, got {folder}, which is there")


def new_names(data: str) -> Iterator[Path]:
    """Names of folders below runs/, until one of them isn't there yet."""
    name = f"{time.strftime('%Y%m%d-%H%M%S')}-{data}"
    return (Path("runs", name if k == 1 else f"{name}-{k}") for k in count(1))


def write_run(folder: Path, task: Task, result: Fit, scored: Score) -> None:
    """model.safetensors and history.json."""
    save_model(folder / MODEL, model_of(task, result.params))
    epochs = [done._asdict() for done in result.history]
    write_json(folder / "history.json", {"epochs": epochs, "test": scored._asdict()})


def write_json(path: Path, about: dict) -> None:
    """As a reader of both finds it best, whatever names are in it."""
    text = json.dumps(about, indent=2, ensure_ascii=False, default=np.ndarray.tolist)
    write_whole(path, text.encode(errors="backslashreplace"))


def save_figures(folder: Path, figures: Callable[[], Iterator[tuple[str, Figure]]]) -> None:
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
        test = test.rows(slice(FIGURE_SAMPLES))
        test = replace(test, X=np.asarray(test.X))
    yield "error", plot.error_by_epoch(result.history, error_name(task))
    yield from figures_of_answers(
        test, task.y_scaling, scored,
        lambda: predict(task.network, result.params, task.x_scaling.apply(test.X)),
    )  # fmt: skip


def figures_of_answers(
    data: Dataset, y_scaling: Scaling | None, scored: Score, outputs: Callable[[], np.ndarray]
) -> Iterator[tuple[str, Figure]]:
    """What a network makes of data with targets, with the figures' names.

    Args:
        outputs: gives g(a), (n, m), where it is needed.
    """
    if data.classes is None:
        yield "predictions", plot.predictions(data.y, y_scaling.undo(outputs()))
    if scored.confusion is not None:
        yield "confusion", plot.confusion(scored.confusion, data.classes)
    if data.classes and data.image_shape:
        images = data.X.reshape(-1, *data.image_shape)
        yield "misclassified", plot.misclassified(images, data.y, classify(outputs()), data.classes)
