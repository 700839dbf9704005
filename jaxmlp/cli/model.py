"""A trained model as the commands take it: where it is, what it asks of data, what it answers."""

import shlex
from pathlib import Path

import numpy as np

from jaxmlp.cli.settings import SETTINGS_FILE
from jaxmlp.data.preparation import apply
from jaxmlp.data.samples import Wanted
from jaxmlp.data.scaling import Scaling
from jaxmlp.evaluate import predict
from jaxmlp.storage import Model, load_model

PART_SAMPLES = 8192  # most in a part
PART_NUMBERS = 2**22  # most in one of its arrays


def model_file(path: str) -> Path:
    """The file itself, or the one in a run's folder.

    Raises:
        ValueError: the run has not finished.
    """
    file = Path(path, "model.safetensors") if Path(path).is_dir() else Path(path)
    if file != Path(path) and not file.exists() and Path(path, SETTINGS_FILE).exists():
        how = f"jaxmlp train --resume {shlex.quote(path)}"
        raise ValueError(f"{path}: expected a run that has finished, got one to go on with: {how}")
    return file


def open_model(path: str) -> Model:
    """The model in a file or a run's folder; one of numbers with a scaling of its targets."""
    model = load_model(model_file(path))
    if model.classes is None and model.y_scaling is None:
        m = len(model.params.V)
        return model._replace(y_scaling=Scaling(np.zeros(m), np.ones(m)))
    return model


def wanted(model: Model) -> Wanted:
    """What the model expects of its data."""
    d, m = len(model.columns or model.x_scaling.shift), 1 if model.classes else len(model.params.V)
    return Wanted(d, m, model.classes, model.features, model.targets, model.columns)


def rows_of_a_part(model: Model) -> int:
    """How many samples are read and answered at a time."""
    widest = max(len(model.x_scaling.shift), *(len(p) for p in model.params if p is not None))
    return max(1, min(PART_SAMPLES, PART_NUMBERS // widest))


def outputs(model: Model, X: np.ndarray, rows: int, name: str, before: int = 0) -> np.ndarray:
    """g(a) (k, m) of samples as they come, filled up to parts of so many rows: one program.

    Args:
        name: of the source; before: how many of its samples came before these.

    Raises:
        ValueError: a sample, or what comes of it, is too large for the network's numbers.
    """
    parts = []
    for start in range(0, len(X), rows):
        part = X[start : start + rows]
        part = apply(model.columns, part) if model.columns else part
        x = np.zeros((rows, part.shape[1]), model.params.V.dtype)
        with np.errstate(over="ignore", invalid="ignore"):  # told below
            x[: len(part)] = model.x_scaling.apply(part)
        g = predict(model.network, model.params, x)[: len(part)]
        finite = np.isfinite(x[: len(part)]).all(axis=1) & np.isfinite(g).all(axis=1)
        for k in np.flatnonzero(~finite)[:1]:
            most = np.abs(part[k]).max()
            where = f"{name}, sample {before + start + k + 1}"
            raise ValueError(f"{where}: expected smaller numbers for {x.dtype}, got up to {most:g}")
        parts.append(g)
    return np.concatenate(parts)
