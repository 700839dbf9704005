"""From settings to a task: the data made ready, and the network for them."""

import functools
import math
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import numpy as np
import optax
from jaxtyping import Array

from jaxmlp.cli.console import reading_bar
from jaxmlp.cli.settings import Settings, reading_of
from jaxmlp.data.dataset import Dataset, split
from jaxmlp.data.parts import open_parts
from jaxmlp.data.scaling import Scaling, learn_scaling
from jaxmlp.data.sources import load_data
from jaxmlp.evaluate import Score, score
from jaxmlp.gradients import autodiff, backprop
from jaxmlp.losses import LOSS_OF, OUTPUT_OF
from jaxmlp.network import Network, Params, init
from jaxmlp.train.arguments import StepSize, check_settings, inverse_epoch

RANGE = {"sigmoid": (0.0, 1.0), "tanh": (-1.0, 1.0)}  # of an output that is bounded
ROUTES = {"autodiff": autodiff, "backprop": backprop}
MOMENTUM = functools.partial(optax.sgd, momentum=0.9)
MOST_WEIGHTS = 2**31  # more of them do not fit where a mistyped --units would put them


class Task(NamedTuple):
    """A data set split and its scaling learned, with the network to learn it.

    Attributes:
        x_scaling: of the samples.
        y_scaling: of a regression's targets; None for classes.
    """

    train: Dataset
    test: Dataset
    network: Network
    x_scaling: Scaling
    y_scaling: Scaling | None

    def arrays(self, part: Dataset) -> tuple[Any, np.ndarray | jax.Array]:
        """X (n, d) and Y (n, m) of the training or the test part, as the network takes them."""
        return self.x_scaling.apply(part.X), self.targets(part)

    def targets(self, part: Dataset) -> np.ndarray | jax.Array:
        """Y (n, m): 1-of-K, or a single column for two classes of a sigmoid (L10)."""
        if part.classes is None:
            return self.y_scaling.apply(part.y)
        single = len(part.classes) == 2 and self.network.output.name == "sigmoid"
        return rows_of_classes(part.y, 1 if single else len(part.classes))

    def sizes(self, units: int) -> tuple[int, ...]:
        """(d, q, m), or (d, m) without hidden layer."""
        d, m = self.train.X.shape[1], self.targets(self.train.rows(slice(1))).shape[1]
        return (d, m) if self.network.hidden is None else (d, units, m)

    def scored(self, params: Params) -> Score:
        """How good the network is on the test part, with these W and V."""
        classes = self.test.y if self.test.classes else None
        return score(self.network, params, *self.arrays(self.test), classes)


def rows_of_classes(y: np.ndarray, m: int) -> np.ndarray | jax.Array:
    """Y (n, m): 1-of-K, or a single column for two classes (L10)."""
    if m == 1:
        return y[:, None].astype(float)
    return jax.nn.one_hot(y, m, dtype=bool)  # never a copy on the host


def prepare(settings: Settings) -> Task:
    """The data, split and scaled, and the network for them.

    Raises:
        ValueError: a setting is out of its range, or does not go with the data.
    """
    check_settings(settings.eta, epochs=settings.epochs, batch_size=settings.batch_size)
    if settings.out == "":
        raise ValueError("expected a folder for --out, got an empty name")
    load = functools.partial(open_parts, track=reading_bar) if settings.stream else load_data
    data = load(settings.data, reading_of(settings), task=settings.task)
    if settings.classes:
        data = data.only(settings.classes)
    network = choose_network(settings, data)
    train, test = split(data, test_size=settings.test_size, seed=settings.seed)
    x_scaling = learn_scaling(train.X, scaling_of(settings, data))
    if data.classes is not None:
        return Task(train, test, network, x_scaling, None)
    if len(test.X) < 2:
        raise ValueError(f"{data.name}: R² needs at least two test samples, got {len(test.X)}")
    # Standardised targets are beyond the reach of an output that is bounded.
    kind = "standard" if network.output.name == "identity" else "none"
    return Task(train, test, network, x_scaling, learn_scaling(train.y, kind))


def scaling_of(settings: Settings, data: Dataset) -> str:
    """The kind of scaling named, or that which suits the data."""
    if settings.scale != "auto":
        return settings.scale
    return "max" if data.image_shape else "standard"


def choose_network(settings: Settings, data: Dataset) -> Network:
    """The network named; what is "auto" by what goes together."""
    g: str = settings.output
    e: str = settings.loss
    if g == e == "auto":
        g = "softmax" if data.classes else "identity"
    if e == "auto":
        e = LOSS_OF[g] if data.classes else "squared_error"
    if g == "auto":
        g = OUTPUT_OF[e]
    if data.classes is None and e != "squared_error":
        raise ValueError(f"{data.name}: expected squared_error for real targets, got {e}")
    low, high = RANGE.get(g, (-math.inf, math.inf))
    if data.classes is None and (g == "softmax" or ((data.y < low) | (data.y > high)).any()):
        raise ValueError(f"{data.name}: expected identity for these real targets, got {g}")
    hidden = None if settings.hidden == "none" else settings.hidden
    return Network(hidden, g, e, settings.bias)


def starting_params(settings: Settings, task: Task) -> Params:
    """W and V to start from."""
    d, *_, m = task.sizes(settings.units)
    if settings.units * (d + m + 1) > MOST_WEIGHTS:
        raise ValueError(
            f"expected fewer than {MOST_WEIGHTS:,} weights, got {settings.units:,} units"
        )
    initializer: str | float
    try:
        initializer = float(settings.init)
    except ValueError:
        initializer = settings.init

    key = jax.random.key(settings.seed)
    return _drawn(task.network, task.sizes(settings.units), key, initializer, settings.dtype)


@functools.partial(jax.jit, static_argnums=(0, 1, 3, 4))
def _drawn(
    network: Network, sizes: tuple[int, ...], key: Array, initializer: str | float, dtype: str
) -> Params:
    key = jax.random.fold_in(key, 0)
    return init(network, sizes, key=key, initializer=initializer, dtype=dtype)


def optimizer_named(name: str) -> Callable[..., optax.GradientTransformation]:
    """A function of η_t that makes the optimizer."""
    return MOMENTUM if name == "momentum" else getattr(optax, name)


def step_size(settings: Settings, n: int) -> StepSize:
    """η_t as `fit` takes it, for n training samples."""
    if settings.schedule == "constant":
        return settings.eta
    steps = math.ceil(n / settings.batch_size)
    if settings.schedule == "epoch":
        return inverse_epoch(settings.eta, steps)
    return optax.cosine_decay_schedule(settings.eta, steps * settings.epochs)
