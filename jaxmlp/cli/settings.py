"""What `jaxmlp train` can be told, and how it is read from the command line."""

import hashlib
import json
import math
import re
from dataclasses import asdict, dataclass
from pathlib import Path
from types import UnionType
from typing import Any, Literal, get_args, get_origin, get_type_hints

from jaxmlp.cli.options import parse_options
from jaxmlp.data.table import Reading

SETTINGS_FILE = "settings.json"  # in a run's folder from the beginning
# of a process, and not of what it computes
PROCESS_SETTINGS = {"resume", "devices", "coordinator", "processes", "process", "distributed"}
MAY_CHANGE = PROCESS_SETTINGS | {"checkpoint_every", "data"}  # moved data are checked


@dataclass(frozen=True)
class Settings(Reading):
    """Train a three-layer network, and write the model, its history and figures to a folder."""

    preset: Literal["default", "lecture"] = "default"
    """Defaults for what isn't given. lecture: the students' exercise (docs/training.md)."""

    data: str = "digits"
    """digits, iris, wine, breast_cancer, diabetes, linnerud, mnist; or a file or folder."""
    stream: bool = False
    """The data are a folder of .parquet, .npz or IDX parts, too much for memory."""
    task: Literal["auto", "classification", "regression"] = "auto"
    """Whether a file's targets are classes. auto: if they are words, 1-of-K or few numbers."""
    classes: tuple[str, ...] = ()
    """Only these classes, by name. None given: all."""
    test_size: float = 0.2
    """Share of the samples kept for the test, where the data have no test part of their own."""
    scale: Literal["auto", "standard", "max", "none"] = "auto"
    """Learned from the training part. max: all divided by the largest. auto: max for images."""

    units: int = 200
    """q, the number of hidden units."""
    hidden: Literal["relu", "sigmoid", "tanh", "identity", "none"] = "relu"
    """f. none: no hidden layer, the perceptron."""
    output: Literal["auto", "identity", "softmax", "sigmoid", "tanh"] = "auto"
    """g. auto: what goes with the loss; softmax for classes, identity for regression."""
    loss: Literal["auto", "squared_error", "cross_entropy", "binary_cross_entropy"] = "auto"
    """E. auto: what goes with the output; cross_entropy for classes, else squared_error."""
    bias: bool = True
    """Whether x and z have a 1 in front."""
    init: str = "he"
    """The weights to start from: he, glorot, or a number σ for N(0, σ²)."""

    gradient: Literal["autodiff", "backprop"] = "autodiff"
    """autodiff: jax.grad. backprop: the lecture's closed form."""
    optimizer: Literal["sgd", "momentum", "adam", "adamw", "rmsprop", "adagrad", "lion"] = "sgd"
    """From Optax, with its defaults. momentum: sgd with momentum 0.9."""
    eta: float | None = None
    """η, the step size. None: 0.001 with squared_error, 0.05 with the others."""
    schedule: Literal["constant", "epoch", "cosine"] = "constant"
    """η_t. epoch: η/(epoch+1), the first epoch being 0. cosine: falling to 0 at the end."""
    epochs: int = 30
    """How often each sample is seen."""
    batch_size: int = 1
    """Samples a step."""
    seed: int = 0
    """Of the split, the start and the order of the samples."""
    dtype: Literal["float32", "float64"] = "float32"
    """In which numbers the network is trained."""

    out: str | None = None
    """The folder to write, new or empty. None: a new one below runs/."""
    resume: str | None = None
    """The folder of a run to go on with, by its own settings, or to more --epochs."""
    checkpoint_every: float = 10.0
    """Seconds, at least, between two checkpoints, written at the end of an epoch."""

    devices: int | None = None
    """How many share each batch. None: all, if --batch-size is a multiple; else one."""
    coordinator: str | None = None
    """HOST:PORT of the first of several processes that train as one."""
    processes: int | None = None
    """How many they are."""
    process: int | None = None
    """Which of them this is; 0, the first, prints and writes."""
    distributed: bool = False
    """All this as Slurm, Open MPI or Kubernetes has it."""


PRESETS = {
    "default": Settings(),
    "lecture": Settings(
        preset="lecture",
        classes=("0", "1", "2", "3"),
        scale="max",
        init="0.3",
        eta=0.1,
        schedule="epoch",
        epochs=10,
    ),
}


def read_settings(args: list[str]) -> Settings:
    """The settings on the command line; where nothing is given, the preset's, or a resumed run's.

    Raises:
        ValueError: one line that says what cannot be read, or is another than the run's own.
        SystemExit: after --help.
    """
    told, own = told_and_own(Settings, "train", args, PRESETS[_preset(args)])
    if not 0 <= told.checkpoint_every < math.inf:
        raise ValueError(f"expected seconds for --checkpoint-every, got {told.checkpoint_every}")
    if own is None:
        return told
    changed = MAY_CHANGE | ({"epochs"} if told.epochs > own.epochs else set())
    if told.epochs > own.epochs and own.schedule == "cosine":
        raise ValueError(
            f"expected --epochs {own.epochs}, as {told.resume} has it, got {told.epochs}: "
            "with --schedule cosine the step sizes depend on them"
        )
    check_unchanged(own, told, changed)
    return told


def told_and_own(kind: type, command: str, args: list[str], default: Settings) -> tuple[Any, Any]:
    """(the settings on the command line, those of the run to go on with, or None).

    Raises:
        ValueError, SystemExit: as for `parse_options`; or that run has none.
    """
    told = parse_options(kind, command, args, default)
    if told.resume is None:
        return told, None
    own = saved_settings(Path(told.resume), kind)
    return parse_options(kind, command, args, own), own


def check_unchanged(own: Settings, told: Settings, may_change: set[str]) -> None:
    """Refuse other settings than those that a run began with.

    Raises:
        ValueError: with the first.
    """
    for name in sorted(asdict(own).keys() - may_change):
        if (mine := getattr(own, name)) != (other := getattr(told, name)):
            option = f"--{name.replace('_', '-')}"
            raise ValueError(f"expected {option} {mine}, as {told.resume} has it, got {other}")


def reading_of(settings: Reading) -> Reading:
    """How a table is to be read, alone."""
    return Reading(**{name: getattr(settings, name) for name in Reading.__dataclass_fields__})


def saved_settings(folder: Path, kind: type = Settings) -> Settings:
    """The settings that a run began with.

    Raises:
        ValueError: there are none, or they are damaged.
    """
    saved, hints = read_saved(folder), get_type_hints(kind)
    values = {name: saved.get(name) for name in hints if name not in PROCESS_SETTINGS}
    values = {k: tuple(v) if isinstance(v, list) else v for k, v in values.items()}
    for name, value in values.items():
        if not _is(value, hints[name]):
            raise ValueError(f"{folder / SETTINGS_FILE}: expected a run's {name}, got {value!r}")
    return kind(**values)


def read_saved(folder: Path) -> dict:
    """What a run wrote of itself when it began.

    Raises:
        ValueError: it is not there, or damaged.
    """
    try:
        saved = json.loads((folder / SETTINGS_FILE).read_text(encoding="utf-8"))
        promised = saved.pop("sha256", None) if isinstance(saved, dict) else None
        if promised and "data_sha256" in saved and promised == _sha256(saved):
            return saved
        reason = "its sha256 is that of others: altered" if promised else "without a sha256"
    except (FileNotFoundError, NotADirectoryError):
        raise ValueError(f"expected the folder of a run for --resume, got {folder}") from None
    except (ValueError, RecursionError) as error:
        reason = str(error)
    raise ValueError(f"{folder / SETTINGS_FILE}: expected the settings of a run ({reason})")


def signed_settings(saved: dict) -> str:
    """What a run writes of itself when it begins, with a SHA-256: settings that were altered are
    those of no run."""
    return json.dumps({**saved, "sha256": _sha256(saved)}, indent=2, ensure_ascii=False)


def _sha256(saved: dict) -> str:
    """Of what JSON makes of it, in whatever order."""
    return hashlib.sha256(json.dumps(saved, sort_keys=True).encode()).hexdigest()


def _is(value: object, hint: object) -> bool:
    """Whether a value out of a file is of an option's type."""
    if get_origin(hint) is Literal:
        return value in get_args(hint)
    if isinstance(hint, UnionType):
        return any(_is(value, member) for member in get_args(hint))
    if get_origin(hint) is tuple:
        return isinstance(value, tuple) and all(_is(member, get_args(hint)[0]) for member in value)
    return type(value) is hint


def _preset(args: list[str]) -> str:
    """The preset named; "default" where it is none, which is then refused with the rest."""
    names = re.findall(r"--preset[= ](\S+)", " ".join(args))
    return names[-1] if names and names[-1] in PRESETS else "default"
