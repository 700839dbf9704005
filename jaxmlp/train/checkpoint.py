"""Stop anywhere and go on bit for bit: all that a training consists of, as a file."""

import json
import re
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Key

from jaxmlp.network import Params
from jaxmlp.signing import DAMAGED, read_signed, signed
from jaxmlp.train.fitted import Epoch, Fit, arrays, check_arrays
from jaxmlp.whole import regular, write_whole

CHECKPOINT_FORMAT = 2  # 1 had its hash over the numbers alone
NAME = re.compile(r"checkpoint-(\d{1,18})\.safetensors")


class Checkpoint(NamedTuple):
    """All that a training consists of after an epoch.

    Attributes:
        fit: W and V, what the optimizer remembers, and the history; as many epochs are done.
        key: what the order of the samples is drawn with; None where the order was given.
        best: the best W and V so far, where somebody keeps them.
    """

    fit: Fit
    key: Key[Array, ""] | None = None
    best: Params | None = None


def save_checkpoint(folder: str | Path, checkpoint: Checkpoint) -> Path:
    """Write a checkpoint, and keep it and the one before.

    In one step: whatever ends the process, and whenever, the file is there whole or not at all.

    Args:
        folder: where it becomes `checkpoint-E.safetensors` after E epochs.

    Raises:
        OSError: it cannot be written; those there are left as they are.
    """
    done = len(checkpoint.fit.history)
    path = Path(folder) / f"checkpoint-{done}.safetensors"
    write_whole(path, _packed(checkpoint))
    # Those of more epochs are damaged, or this training would have begun there.
    before = [other for other in checkpoints(folder) if epochs_of(other) < done]
    for other in checkpoints(folder):
        if other not in (path, *before[:1]):
            other.unlink(missing_ok=True)
    return path


def load_checkpoint(
    folder: str | Path, like: Checkpoint, warn: Callable[[str], object] = warnings.warn
) -> Checkpoint | None:
    """The newest whole checkpoint in a folder; None where there is no checkpoint at all.

    Executes nothing of what it reads, and checks all of it.

    Args:
        like: what it must be like: `fit` as from `begin`, and the same key.
        warn: told of a newer one that is damaged.

    Raises:
        ValueError: there are checkpoints, but none is whole and of this training.

    Example:
        >>> from tempfile import mkdtemp
        >>> from jaxmlp import begin
        >>> begun = Checkpoint(begin(Params(None, jnp.ones((2, 3)))), jax.random.key(0))
        >>> folder = mkdtemp()
        >>> save_checkpoint(folder, begun).name
        'checkpoint-0.safetensors'
        >>> load_checkpoint(folder, like=begun).fit.params.V.shape
        (2, 3)
    """
    refused = []
    for path in checkpoints(folder):
        try:
            checkpoint = _unpacked(path, like)
        except (ValueError, OSError) as reason:
            refused.append(str(reason))
            continue
        for why in refused:
            warn(f"{why}; going on from {path.name}")
        return checkpoint
    if refused:
        raise ValueError(f"{'; '.join(refused)}. Without these files it begins anew")
    return None


def checkpoints(folder: str | Path) -> list[Path]:
    """The checkpoints in a folder, the newest first."""
    paths = [path for path in Path(folder).glob("checkpoint-*") if NAME.fullmatch(path.name)]
    return sorted(paths, key=epochs_of, reverse=True)


def epochs_of(path: Path) -> int:
    """The number of epochs in a checkpoint's name."""
    return int(NAME.fullmatch(path.name)[1])


def _packed(checkpoint: Checkpoint) -> bytes:
    history = json.dumps([epoch[1:] for epoch in checkpoint.fit.history]).encode()
    tensors = {**_tensors(checkpoint), "history": np.frombuffer(history, np.uint8)}
    return signed(tensors, {"format": CHECKPOINT_FORMAT})


def _unpacked(path: Path, like: Checkpoint) -> Checkpoint:
    """The checkpoint in a file, all of it checked against what it must be like."""
    try:
        with open(path, "rb", opener=regular) as file:
            _, tensors = read_signed(file, CHECKPOINT_FORMAT)
        history = _history(json.loads(tensors.pop("history").tobytes()))
        best = like.fit.params if any(name.startswith("best.") for name in tensors) else None
        like = like._replace(best=best)
        check_arrays(tensors, _tensors(like))
        if like.key is not None and (tensors["key"] != _plain(like.key)).any():
            raise ValueError("it is of a training with another key")
    except DAMAGED as reason:
        raise ValueError(f"{path}: expected a whole checkpoint of this run ({reason})") from None
    return _filled(like, tensors, history)


def _tensors(checkpoint: Checkpoint) -> dict[str, np.ndarray]:
    """The arrays of a checkpoint by name."""
    key = {} if checkpoint.key is None else {"key": checkpoint.key}
    best = checkpoint.best._asdict() if checkpoint.best else {}
    best = {f"best.{name}": value for name, value in best.items() if value is not None}
    named = {**arrays(checkpoint.fit), **key, **best}
    return {name: _plain(leaf) for name, leaf in named.items()}


def _filled(like: Checkpoint, tensors: dict[str, np.ndarray], history: list[Epoch]) -> Checkpoint:
    """A checkpoint like this one, with the arrays of these names."""
    fit = like.fit._replace(history=None)
    filled = [_as(leaf, tensors[name]) for name, leaf in arrays(like.fit).items()]
    fit = jax.tree.unflatten(jax.tree.structure(fit), filled)._replace(history=history)
    weights = (tensors.get(f"best.{name}") for name in Params._fields)
    best = like.best and Params(*(v if v is None else jnp.asarray(v) for v in weights))
    return Checkpoint(fit, like.key, best)


def _plain(leaf: Array) -> np.ndarray:
    """An array as safetensors takes it: keys, and numbers that NumPy has not, as whole numbers."""
    if jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key):
        leaf = jax.random.key_data(leaf)
    value = np.asarray(leaf)
    return value if value.dtype.isbuiltin == 1 else value.view(f"u{value.itemsize}")


def _as(leaf: Array, value: np.ndarray) -> Array:
    """What `_plain` was given, like this array."""
    if jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key):
        return jax.random.wrap_key_data(jnp.asarray(value), impl=jax.random.key_impl(leaf))
    return jnp.asarray(value.view(leaf.dtype))


def _history(rows: Any) -> list[Epoch]:
    """The history, once it is one: numbers, or None where there was none."""
    for row in rows:
        if len(row) != 3 or not all(value is None or type(value) is float for value in row):
            raise ValueError(f"expected three numbers an epoch, got {row!r}")
    return [Epoch(number, *row) for number, row in enumerate(rows, 1)]
