"""What a program of many epochs is given, and what it changes."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import optax
from jax.sharding import Mesh
from jaxtyping import Array

from jaxmlp.network import Network, Params


class CompiledProgram(NamedTuple):
    """What a program is compiled for.

    Attributes:
        make: from η to an Optax optimizer.
        batch_size: samples a step; 0: all of them.
        schedule: "constant", "invscaling" or "adaptive", how η changes after an epoch.
        monitor: what is to become better: "score" or "loss", on the validation samples if any.
        mesh: of the devices that share each batch; None: there is one.
    """

    network: Network
    make: Callable[[Array], optax.GradientTransformation]
    batch_size: int
    schedule: str
    monitor: str
    mesh: Mesh | None = None


class Data(NamedTuple):
    """Samples, then rows of weight 0.

    Attributes:
        X: (N, d).
        Y: (N, m).
        weights: (N,).
        n: how many are samples.
    """

    X: Any
    Y: Any
    weights: Any
    n: Any


class Hyperparameters(NamedTuple):
    """The settings that a program is not compiled for: its η, α and so on may be any."""

    eta: Any
    alpha: Any
    power_t: Any
    tol: Any
    patience: Any


class Progress(NamedTuple):
    """What an epoch changes.

    Attributes:
        optimizer: what the optimizer remembers.
        best: the best parameters by the validation samples; None where there are none.
        best_value: the score, or the error's negative, that was best.
        stale: epochs since it last rose by more than tol.
        seen: samples seen.
        eta: η of the next epoch.
        stopped: whether the rule for stopping is met.
    """

    params: Params
    optimizer: optax.OptState
    best: Params | None
    best_value: Any
    stale: Any
    seen: Any
    eta: Any
    stopped: Any


class Curves(NamedTuple):
    """One number an epoch, (epochs,): those of the epochs that a call did come first."""

    loss: Any
    validation_loss: Any
    validation_score: Any


def padded(samples: Data, batch_size: int) -> Data:
    """Rows of zeros after the samples, as many as other sets of nearly this size have.

    Example:
        >>> folds = [Data(np.ones((n, 5)), np.ones((n, 1)), np.ones(n), n) for n in (810, 811)]
        >>> [padded(fold, 200).X.shape for fold in folds]
        [(1000, 5), (1000, 5)]
    """
    n = samples.n
    missing = rounded(rounded(n, unit(n)), batch_size or 1) - n
    arrays = samples.X, samples.Y, samples.weights
    X, Y, weights = (np.pad(a, [(0, missing)] + [(0, 0)] * (a.ndim - 1)) for a in arrays)
    return Data(X, Y, weights, np.int32(n))


def unit(n: int) -> int:
    """Of what the rows are a multiple: an eighth of n or less, a power of 2, from 32."""
    return 2 ** max(5, n.bit_length() - 4)


def rounded(n: int, unit: int) -> int:
    """n rounded up to a multiple of the unit."""
    return -(-n // unit) * unit
