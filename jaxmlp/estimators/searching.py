"""Step sizes and seeds side by side: `jaxmlp.sweep` on an estimator's samples."""

import functools
from collections.abc import Callable, Iterable
from itertools import product
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array

from jaxmlp.estimators import settings
from jaxmlp.estimators.inputs import ArrayInput, Integral, Real
from jaxmlp.estimators.running import precision
from jaxmlp.estimators.samples import checked_samples, validation_split
from jaxmlp.estimators.settings import ABOVE_0
from jaxmlp.estimators.state import Curves
from jaxmlp.network import Params
from jaxmlp.train.fitted import Epoch
from jaxmlp.train.sweep import sweep

if TYPE_CHECKING:
    import jaxmlp.estimators.base


def search(
    estimator: "jaxmlp.estimators.base.ThreeLayer",
    X: ArrayInput,
    y: ArrayInput,
    sample_weight: ArrayInput,
    rates: Any,
    seeds: Any,
) -> "jaxmlp.estimators.base.ThreeLayer":
    """What `search` of both estimators does."""
    options, random = estimator._checked_settings()
    grid = _grid(rates, seeds)
    samples = checked_samples(estimator, X, y, sample_weight, again=False, step=False)
    train, validation = validation_split(estimator, random, samples)
    starts = [estimator._drawn(np.random.RandomState(seed), samples) for _, seed in grid]
    rule = settings.program_of(options, estimator._network(), train.n)
    size = rule.batch_size or train.n
    half = rule.network.loss.name == "squared_error"
    scale = 0.5 / samples.Y.shape[1] if half else 1.0
    best = Best(len(grid), scale, float(estimator.tol), estimator.n_iter_no_change)
    with precision(samples.X.dtype):
        history = sweep(
            rule.network, starts, train.X, train.Y, weights=train.weights, test=validation[:3],
            epochs=estimator.max_iter, eta=[rate for rate, _ in grid], batch_size=size,
            optimizer=penalised(rule.make, estimator.alpha / size, half),
            key=jax.vmap(jax.random.key)(jnp.array([seed for _, seed in grid], jnp.uint32)),
            on_epoch=best.see,
        ).history  # fmt: skip
    k = _reported(estimator, grid, best)
    curves = ([epoch.train_error for epoch in history], [epoch.test_error for epoch in history])
    losses, errors = (scale * np.asarray(curve, float)[:, k] for curve in curves)
    params = Params(*(part[k] for part in best.params))
    estimator._keep(params, Curves(losses, errors, None), again=False)
    estimator.t_, estimator._memory = len(losses) * train.n, None
    return estimator


class Best:
    """Each network at its best epoch, and whether any still improves."""

    def __init__(self, networks: int, scale: float, tol: float, patience: Real):
        self.scale, self.tol, self.patience, self.stale = scale, tol, patience, 0
        self.errors, self.epochs = np.full(networks, np.inf), np.zeros(networks, int)
        self.params: Params | None = None

    def see(self, epoch: Epoch, params: Params) -> bool:
        """Take note of an epoch: whether training is to end."""
        errors = np.asarray(epoch.test_error, float) * self.scale
        better, much = errors < self.errors, (errors < self.errors - self.tol).any()
        self.stale = 0 if much else self.stale + 1
        self.epochs[better], self.errors[better] = epoch.epoch, errors[better]
        before = self.params or params

        def kept(new: Any, old: Any) -> Any:
            return np.where(better[:, None, None], new, old)

        self.params = Params(*map(kept, params, before))
        return self.stale > self.patience


@functools.cache
def penalised(make: Callable, decay: float, half: bool) -> Callable:
    """The optimizer with α of all samples of a batch times the weights, not the biases, added to
    its gradients; those of the squared error are halved, as for `fit`."""

    def add(gradients: Any, params: Any) -> Any:
        def one(gradient: Array, weights: Array) -> Array:
            return (gradient / 2 if half else gradient) + decay * weights.at[:, 0].set(0)

        return jax.tree.map(one, gradients, params)

    return lambda eta: optax.chain(optax.stateless(add), make(eta))


def _grid(rates: Any, seeds: Any) -> list[tuple[float, int]]:
    rates = _list("learning_rate_init", rates, "numbers above 0", ABOVE_0[1])
    seeds = _list("random_state", seeds, "whole numbers from 0, below 2**32", _seed)
    return [(float(rate), int(seed)) for rate, seed in product(rates, seeds)]


def _list(name: str, values: Any, expected: str, right: Callable) -> list:
    many = isinstance(values, Iterable) and not isinstance(values, str)
    several = list(values) if many else []
    if not several or not all(map(right, several)):
        raise ValueError(f"expected {expected} for {name}, at least one, got {values!r}")
    return several


def _seed(value: Any) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool) and 0 <= int(value) < 2**32


def _reported(
    estimator: "jaxmlp.estimators.base.ThreeLayer", grid: list[tuple[float, int]], best: Best
) -> int:
    """Which network is the best; the estimator is told its settings, and what each came to."""
    rates, seeds = map(np.array, zip(*grid, strict=True))
    k = int(best.errors.argmin())
    if not np.isfinite(best.errors[k]):
        raise ValueError("every network diverged; X, y or learning_rate_init may be too large")
    estimator.best_params_ = {
        "learning_rate_init": rates[k].item(),
        "random_state": seeds[k].item(),
    }
    estimator.search_results_ = {
        "learning_rate_init": rates,
        "random_state": seeds,
        "validation_loss": best.errors,
        "epoch": best.epochs,
    }
    return k
