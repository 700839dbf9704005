"""Many epochs of training in one program, which itself sees when to stop.

`jaxmlp.fit` is one program an epoch, and what it is given is the lecture's. An estimator's epochs
are often shorter than the way to a program and back, its objective has a penalty, and it stops when
the error no longer falls. So its epochs run in a loop on the device. Arrays are longer than the
samples, with weights of 0 at the end: sets of nearly the same size, the folds of a
cross-validation, then share one compiled program.
"""

import functools
from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array

from jaxmlp.network import Network, Params, forward, loss

EPOCHS = 64  # the most that one call runs
ORDERS = 2**22  # the most row numbers that it is given


class Rule(NamedTuple):
    """What a program is compiled for.

    Attributes:
        make: from η to an Optax optimizer.
        batch_size: samples a step; 0: all of them.
        schedule: "constant", "invscaling" or "adaptive", how η changes after an epoch.
        monitor: what is to become better: "score" or "loss", on the validation samples if any.
    """

    network: Network
    make: Callable[[Array], optax.GradientTransformation]
    batch_size: int
    schedule: str
    monitor: str


class Data(NamedTuple):
    """Samples, then rows of weight 0.

    Attributes:
        X: (N, d).
        Y: (N, m).
        weights: (N,).
        n: how many are samples.
    """

    X: np.ndarray
    Y: np.ndarray
    weights: np.ndarray
    n: np.int32


class Numbers(NamedTuple):
    """The settings that a program is not compiled for: its η, α and so on may be any."""

    eta: float
    alpha: float
    power_t: float
    tol: float
    patience: float


class State(NamedTuple):
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
    best_value: Array
    stale: Array
    seen: Array
    eta: Array
    stopped: Array


class Curves(NamedTuple):
    """One number an epoch, (epochs,): those of the epochs that a call did come first."""

    loss: Array
    validation_loss: Array | None
    validation_score: Array | None


def padded(X: np.ndarray, Y: np.ndarray, weights: np.ndarray, batch_size: int) -> Data:
    """Rows of zeros after the samples, as many as other sets of nearly this size have.

    Example:
        >>> folds = [padded(np.ones((n, 5)), np.ones((n, 1)), np.ones(n), 200) for n in (810, 811)]
        >>> [fold.X.shape for fold in folds]
        [(1000, 5), (1000, 5)]
    """
    n = len(X)
    rows = rounded(rounded(n, unit(n)), batch_size or 1)
    missing = rows - n
    more = (np.pad(a, [(0, missing)] + [(0, 0)] * (a.ndim - 1)) for a in (X, Y, weights))
    return Data(*more, np.int32(n))


def unit(n: int) -> int:
    """Of what the rows are a multiple: an eighth of n or less, a power of 2, from 32."""
    return 2 ** max(5, n.bit_length() - 4)


def rounded(n: int, unit: int) -> int:
    """n rounded up to a multiple of the unit."""
    return -(-n // unit) * unit


def output(network: Network, params: Params, X: np.ndarray, part: str) -> np.ndarray:
    """A part of the forward pass, by its name in `Forward`."""
    more = np.pad(X, ((0, rounded(len(X), unit(len(X))) - len(X)), (0, 0)))
    return np.asarray(_output(network, part, params, more))[: len(X)]


@functools.partial(jax.jit, static_argnums=(0, 1))
def _output(network: Network, part: str, params: Params, X: Array) -> Array:
    return getattr(forward(network, params, X), part)


@functools.partial(jax.jit, static_argnums=0)
def start(rule: Rule, params: Params, eta: Array) -> optax.OptState:
    """What the optimizer remembers before its first step."""
    return rule.make(eta).init(params)


def most_epochs(rows: int) -> int:
    """How many epochs of so many rows a call may be given."""
    return max(1, min(EPOCHS, ORDERS // rows))


@functools.partial(jax.jit, static_argnums=0)
def descend(
    rule: Rule,
    train: Data,
    validation: Data | None,
    state: State,
    numbers: Numbers,
    orders: Array,
    limit: Array,
) -> tuple[State, Curves, Array]:
    """Epochs until the rule for stopping is met, `limit` of them at most; and how many those are.

    Args:
        orders: (epochs, N) row numbers of the samples, as each epoch takes them; (epochs, 0)
            where all are taken at once.
    """
    nothing = jnp.full(len(orders), jnp.nan, train.X.dtype)
    curves = Curves(nothing, *([None] * 2 if validation is None else [nothing] * 2))

    def go_on(carry):
        done, state, _ = carry
        return (done < limit) & ~state.stopped

    def one(carry):
        done, state, curves = carry
        params, optimizer, error = _epoch(rule, train, state, numbers, orders[done])
        state = state._replace(params=params, optimizer=optimizer)
        now = Curves(error, *_measured(rule, params, validation))
        state = _judged(rule, state, now, train.n, numbers)
        curves = jax.tree.map(lambda curve, value: curve.at[done].set(value), curves, now)
        return done + 1, state, curves

    done, *rest = jax.lax.while_loop(go_on, one, (jnp.int32(0), state, curves))
    return *rest, done


def _epoch(rule: Rule, train: Data, state: State, numbers: Numbers, order: Array):
    """(W and V, what the optimizer remembers, the mean of the objective before each step)."""
    take = functools.partial(_step, rule, numbers, state.eta)
    if not rule.batch_size:
        return take(state.params, state.optimizer, train)
    size, n = rule.batch_size, train.n

    def step(i, carry):
        rows = jax.lax.dynamic_slice_in_dim(order, i * size, size)
        batch = Data(*(part[rows] for part in train[:3]), jnp.minimum(size, n - i * size))
        *changed, error = take(*carry[:2], batch)
        return *changed, carry[2] + error * batch.n

    carry = (state.params, state.optimizer, jnp.zeros((), train.X.dtype))
    params, optimizer, total = jax.lax.fori_loop(0, (n + size - 1) // size, step, carry)
    return params, optimizer, total / n


def _step(rule: Rule, numbers: Numbers, eta: Array, params: Params, optimizer, batch: Data):
    """(W and V, what the optimizer remembers) after a step, and the objective before it."""
    total = batch.weights.sum()
    share = jnp.where(total > 0, 1 / total, 0)  # a batch of weight 0 teaches nothing

    def objective(params):
        squares = sum((weights[:, 1:] ** 2).sum() for weights in params)
        return _error(rule, params, batch) * share + numbers.alpha / 2 * squares * share

    value, gradients = jax.value_and_grad(objective)(params)
    updates, optimizer = optax.with_extra_args_support(rule.make(eta)).update(
        gradients, optimizer, params, value=value, grad=gradients, value_fn=objective
    )
    return optax.apply_updates(params, updates), optimizer, value


def _error(rule: Rule, params: Params, data: Data) -> Array:
    """The weighted sum of E, or of half the squared error, whose δ2 is g − y."""
    errors = data.weights @ loss(rule.network, params, data.X, data.Y, reduction="none")
    return errors / 2 if rule.network.loss.name == "squared_error" else errors


def _measured(rule: Rule, params: Params, data: Data | None) -> tuple:
    """(the error, the score) on the validation samples."""
    if data is None:
        return None, None
    total = data.weights.sum()
    g, score = forward(rule.network, params, data.X).g, SCORES[rule.network.output.name]
    return _error(rule, params, data) / total, score(g, data.Y, data.weights / total)


def accuracy(g: Array, Y: Array, shares: Array) -> Array:
    """The share of rows whose largest output is that of their class (L25)."""
    return shares @ (g.argmax(axis=1) == Y.argmax(axis=1))


def subset_accuracy(g: Array, Y: Array, shares: Array) -> Array:
    """The share of rows of which every yes and no is right."""
    return shares @ ((g > 0.5) == (Y > 0.5)).all(axis=1)


def r_squared(g: Array, Y: Array, shares: Array) -> Array:
    """R², averaged over the outputs; of a constant output 1 where it is met, and otherwise 0."""
    residual, total = shares @ (Y - g) ** 2, shares @ (Y - (shares @ Y)[None]) ** 2
    constant = total == 0
    return jnp.where(constant, residual == 0, 1 - residual / jnp.where(constant, 1, total)).mean()


SCORES = {"softmax": accuracy, "sigmoid": subset_accuracy, "identity": r_squared}


def _judged(rule: Rule, state: State, now: Curves, n: Array, numbers: Numbers) -> State:
    """The state once an epoch's numbers are known: what was best, whether to stop, the next η."""
    if now.validation_loss is None:
        value = -now.loss
    else:
        value = now.validation_score if rule.monitor == "score" else -now.validation_loss
    better = value > state.best_value
    stale = jnp.where(value < state.best_value + numbers.tol, state.stale + 1, 0)
    enough, eta = stale > numbers.patience, state.eta
    if rule.schedule == "adaptive":  # a smaller step, until it is too small
        eta = jnp.where(enough & (eta > 1e-6), eta / 5, eta)
        stale, enough = jnp.where(enough, 0, stale), enough & (state.eta <= 1e-6)
    seen = state.seen + n
    if rule.schedule == "invscaling":
        eta = numbers.eta / (seen + 1) ** numbers.power_t
    best = state.best and jax.tree.map(
        functools.partial(jnp.where, better), state.params, state.best
    )
    return State(
        params=state.params,
        optimizer=state.optimizer,
        best=best,
        best_value=jnp.where(better, value, state.best_value),
        stale=stale,
        seen=seen,
        eta=eta,
        stopped=enough | ~jnp.isfinite(now.loss),
    )
