"""What `jaxmlp train` can be told, and how it is read from the command line."""

import contextlib
import io
import re
from dataclasses import dataclass
from typing import Literal

import tyro


@dataclass(frozen=True)
class Settings:
    """Train a three-layer network, and write the model, its history and figures to a folder."""

    preset: Literal["default", "lecture"] = "default"
    """Defaults for what isn't given. lecture: the students' exercise (the README has it whole)."""

    data: str = "digits"
    """digits, iris, wine, breast_cancer, diabetes, linnerud, mnist; or a file or folder."""
    target: str | None = None
    """The target's column in a .csv; several: separated by commas. None: the last."""
    task: Literal["auto", "classification", "regression"] = "auto"
    """Whether a file's targets are classes. auto: if they are text, or few whole numbers."""
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
    """The settings on the command line, the preset's where nothing is given.

    Raises:
        ValueError: one line that says what cannot be read.
        SystemExit: after --help.
    """
    return parsed(Settings, "train", args, PRESETS[_preset(args)])


def parsed(kind: type, command: str, args: list[str], default: object = tyro.MISSING_NONPROP):
    """A dataclass of settings, as the command line has it.

    Raises:
        ValueError: one line that says what cannot be read.
        SystemExit: after --help.
    """
    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said):
            return tyro.cli(kind, prog=f"jaxmlp {command}", args=args, default=default)
    except SystemExit as stop:
        if not stop.code:
            raise
    raise ValueError(_first_lines(said.getvalue()))


def _preset(args: list[str]) -> str:
    """The preset named; "default" where it is none, which is then refused with the rest."""
    found = re.findall(r"--preset[= ](\S+)", " ".join(args))
    return found[-1] if found and found[-1] in PRESETS else "default"


def _first_lines(box: str) -> str:
    """The message at the top of the box that tyro draws, as one line."""
    lines = [line.strip("│ ") for line in box.splitlines() if not line.startswith(("╭", "╰"))]
    rule = next((i for i, line in enumerate(lines) if set(line) == {"─"}), len(lines))
    return " ".join(lines[:rule])
