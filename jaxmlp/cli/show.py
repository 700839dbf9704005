"""`jaxmlp show`: what is in a model file."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import tyro

from jaxmlp.cli.console import QuietConsole, print_lines
from jaxmlp.cli.model import model_file
from jaxmlp.cli.options import parse_options
from jaxmlp.data.preparation import in_words
from jaxmlp.data.scaling import Scaling
from jaxmlp.storage import Model, load_model
from jaxmlp.text import listed


@dataclass(frozen=True)
class ShowSettings:
    """Say what a trained model is: its network, sizes, classes, scaling; of a run, its settings."""

    model: Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar="MODEL")]
    """A model file, or a run's folder."""


def main(args: list[str]) -> int:
    """Run `jaxmlp show`; its exit code."""
    path = model_file(parse_options(ShowSettings, "show", args).model)
    model = load_model(path)
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    console = QuietConsole()
    print_lines(console, {"file": f"{path}, {path.stat().st_size:,} bytes", "SHA-256": digest})
    print_lines(console, described(model))
    for name, said in (("settings", _settings), ("history", _history)):
        beside = path.with_name(f"{name}.json")
        if beside.is_file():
            print_lines(console, said(_json(beside)))
    return 0


def described(model: Model) -> dict[str, str]:
    """What is to be said of the model, by a word for it."""
    lines = {
        "network": model.in_short(),
        "classes": listed(model.classes) if model.classes else "none: a regression",
        "samples": _scaling(model.x_scaling),
    }
    if model.y_scaling is not None:
        lines["targets"] = _scaling(model.y_scaling)
    if model.columns:
        lines["columns"] = in_words(model.columns, model.features)
    for name in ("features", "targets"):
        if getattr(model, name):
            text = f"{lines['targets']}: " if name in lines else ""
            lines[name] = text + listed(getattr(model, name))
    return lines


def _scaling(scaling: Scaling) -> str:
    """In words, as `learn_scaling` has its kinds."""
    shift, scale = scaling
    if not shift.any() and np.ptp(scale) == 0:
        return "as they are" if scale[0] == 1 else f"divided by {scale[0]:g}"
    of = f"{shift.min():g} to {shift.max():g}" if len(shift) > 1 else f"{shift[0]:g}"
    by = f"{scale.min():g} to {scale.max():g}" if len(scale) > 1 else f"{scale[0]:g}"
    return f"less {of}, divided by {by}"


def _json(path: Path) -> dict:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if isinstance(content, dict):
            return content
    except (ValueError, RecursionError):
        pass
    raise ValueError(f"{path}: expected what a run writes, got something else")


def _settings(saved: dict) -> dict[str, str]:
    """Settings and versions, a line each."""
    left_out = ("versions", "classes", "device", "out")
    chosen = ", ".join(f"{k} {v}" for k, v in saved.items() if k not in left_out and v is not None)
    versions = saved.get("versions")
    lines = {"settings": chosen, "device": str(saved.get("device"))}
    if isinstance(versions, dict):
        lines["versions"] = ", ".join(f"{k} {v}" for k, v in versions.items())
    return lines


def _history(history: dict) -> dict[str, str]:
    """The last epoch and the test."""
    epochs, test = history.get("epochs"), history.get("test")
    lines = {}
    if isinstance(epochs, list):
        lines["epochs"] = str(len(epochs))
    if isinstance(test, dict):
        measures = [(k, test.get(k)) for k in ("error", "accuracy", "r2")]
        lines["test"] = ", ".join(f"{k} {v:.4f}" for k, v in measures if isinstance(v, float))
    return lines
