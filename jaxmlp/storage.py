"""A trained network as a file: safetensors, which holds numbers and text and executes nothing."""

import json
import os
from pathlib import Path
from typing import NamedTuple

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load as from_bytes
from safetensors.numpy import save as to_bytes

from jaxmlp.activations import HIDDEN, OUTPUTS
from jaxmlp.data.scaling import Scaling
from jaxmlp.losses import LOSSES
from jaxmlp.network import Network, Params

FORMAT = 1


class Model(NamedTuple):
    """All it takes to go from raw samples to answers.

    Attributes:
        x_scaling: of the samples, learned from the training part.
        y_scaling: of a regression's targets; None for classes.
        classes: the names of the classes; None for regression.
    """

    network: Network
    params: Params
    x_scaling: Scaling
    y_scaling: Scaling | None
    classes: tuple[str, ...] | None


def save_model(path: Path, model: Model) -> None:
    """Write the model in one step: whoever looks sees the whole file or none.

    Raises:
        ValueError: f, g or E is a function of one's own, which has no name to load it by.
        OSError: it cannot be written.
    """
    tensors = {
        **{
            name: np.asarray(value)
            for name, value in model.params._asdict().items()
            if value is not None
        },
        **_prefixed("x", model.x_scaling),
        **_prefixed("y", model.y_scaling),
    }
    network = _described(model.network)
    about = {"format": FORMAT, "network": network, "classes": model.classes}
    # One entry only: safetensors writes several in random order, and a run's bits are its own.
    write_whole(path, to_bytes(tensors, {"jaxmlp": json.dumps(about)}))


def load_model(path: Path) -> Model:
    """The model in a file that `save_model` wrote.

    Raises:
        ValueError: the file is something else, or damaged.
        OSError: it cannot be read.
    """
    raw = Path(path).read_bytes()
    try:
        tensors = from_bytes(raw)
        header = json.loads(raw[8 : 8 + int.from_bytes(raw[:8], "little")])
        about = json.loads(header["__metadata__"]["jaxmlp"])
        if about["format"] != FORMAT:
            raise ValueError(f"{path}: expected format {FORMAT}, got {about['format']}")
        x_scaling, y_scaling = (_scaling(tensors, letter) for letter in "xy")
        params = Params(tensors.get("W"), tensors["V"])
        classes = about["classes"] and tuple(about["classes"])
        return Model(Network(**about["network"]), params, x_scaling, y_scaling, classes)
    except (SafetensorError, KeyError, TypeError, json.JSONDecodeError) as reason:
        raise ValueError(
            f"{path}: expected a jaxmlp model, got something else ({reason})"
        ) from None


def write_whole(path: Path, content: bytes) -> None:
    """Write a file in one step: temporary file, fsync, rename."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with open(temporary, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def _prefixed(letter: str, scaling: Scaling | None) -> dict[str, np.ndarray]:
    return {f"{letter}_{k}": v for k, v in scaling._asdict().items()} if scaling else {}


def _scaling(tensors: dict[str, np.ndarray], letter: str) -> Scaling | None:
    names = (f"{letter}_shift", f"{letter}_scale")
    return Scaling(*(tensors[name] for name in names)) if names[0] in tensors else None


def _described(network: Network) -> dict:
    """The network by names, checked that they lead back to it."""
    names = {"output": network.output.name, "loss": network.loss.name, "bias": network.bias}
    names["hidden"] = network.hidden and network.hidden.name
    for part, known in (("hidden", HIDDEN), ("output", OUTPUTS), ("loss", LOSSES)):
        value = getattr(network, part)
        if value is not None and known.get(value.name) != value:
            raise ValueError(f"expected a {part} with a name of the package's, got {value.name!r}")
    return names
