"""Many epochs of training in one program, which itself sees when to stop.

`jaxmlp.fit` is one program an epoch, and what it is given is the lecture's. An estimator's epochs
are often shorter than the way to a program and back, its objective has a penalty, and it stops when
the error no longer falls. So its epochs run in a loop on the device. Arrays are longer than the
samples, with weights of 0 at the end: sets of nearly the same size, the folds of a
cross-validation, then share one compiled program.
"""

import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array

from jaxmlp.estimators.judging import judged_epoch, measured, reported, total_error
from jaxmlp.estimators.state import (
    CompiledProgram,
    Curves,
    Data,
    Hyperparameters,
    Progress,
    rounded,
    unit,
)
from jaxmlp.network import Network, Params, forward
from jaxmlp.train.epoch import State, stepped
from jaxmlp.train.mesh import shared_out

# XLA's newer way to fuse small operations takes a third of the time that a first fit takes to
# compile, and makes these programs no faster.
NO_FUSION_EMITTERS = {"xla_cpu_use_fusion_emitters": False}
PREDICTION_BATCH = 8192  # samples whose outputs are computed at a time


def compiled(*static: int) -> Callable[[Callable], Callable]:
    """`jax.jit` with these arguments static, compiled quickly where the compiler knows how."""

    def decorate(function: Callable) -> Callable:
        ways = [jax.jit(function, static_argnums=static, compiler_options=how)
                for how in (NO_FUSION_EMITTERS, None)]  # fmt: skip

        @functools.wraps(function)
        def call(*args: Any) -> Any:
            try:
                return ways[0](*args)
            except jax.errors.JaxRuntimeError as why:
                if "No such compile option" not in str(why):
                    raise
                del ways[0]
                return ways[0](*args)

        call.ways = ways  # type: ignore[attr-defined]
        return call

    return decorate


def forward_part(network: Network, params: Params, X: np.ndarray, part: str) -> np.ndarray:
    """A part of the forward pass, by its name in `Forward`, some rows at a time."""

    def of(rows: np.ndarray) -> np.ndarray:
        more = np.pad(rows, ((0, rounded(len(rows), unit(len(rows))) - len(rows)), (0, 0)))
        return np.asarray(_output(network, part, params, more))[: len(rows)]

    return np.concatenate(
        [of(X[i : i + PREDICTION_BATCH]) for i in range(0, len(X), PREDICTION_BATCH)]
    )


@compiled(0, 1)
def _output(network: Network, part: str, params: Params, X: Array) -> Array:
    return getattr(forward(network, params, X), part)


@compiled(0)
def optimizer_state(rule: CompiledProgram, params: Params, eta: Array) -> optax.OptState:
    """What the optimizer remembers before its first step."""
    return rule.make(eta).init(params)


@compiled(0)
def train_epochs(
    rule: CompiledProgram,
    train: Data,
    validation: Data | None,
    state: Progress,
    numbers: Hyperparameters,
    orders: Array,
    limit: Array,
) -> tuple[Progress, Curves, Array]:
    """Epochs until the rule for stopping is met, `limit` of them at most; and how many those are.

    Args:
        orders: (epochs, N) row numbers of the samples, as each epoch takes them; (epochs, 0)
            where all are taken at once.
    """
    nothing = jnp.full(len(orders), jnp.nan, train.X.dtype)
    curves = Curves(nothing, *([None] * 2 if validation is None else [nothing] * 2))

    def go_on(carry: tuple) -> Array:
        done, state, _ = carry
        return (done < limit) & ~state.stopped

    def one(carry: tuple) -> tuple:
        done, state, curves = carry
        params, optimizer, report = _epoch(rule, train, state, numbers, orders[done])
        state = state._replace(params=params, optimizer=optimizer)
        now = Curves(report, *measured(rule, params, validation))
        state = judged_epoch(rule, state, now, train.n, numbers)
        curves = jax.tree.map(lambda curve, value: curve.at[done].set(value), curves, now)
        return done + 1, state, curves

    done, *rest = jax.lax.while_loop(go_on, one, (jnp.int32(0), state, curves))
    return *rest, done


def _epoch(
    rule: CompiledProgram, train: Data, state: Progress, numbers: Hyperparameters, order: Array
) -> tuple:
    """(W and V, what the optimizer remembers, the mean of what each step reports)."""
    take = functools.partial(_step, rule, numbers, state.eta)
    if not rule.batch_size:
        return take(state.params, state.optimizer, train)
    size, n = rule.batch_size, train.n

    def step(i: Array, carry: tuple) -> tuple:
        rows = jax.lax.dynamic_slice_in_dim(order, i * size, size)
        X, Y, weights = (part[rows] for part in train[:3])
        batch = Data(X, Y, weights, jnp.minimum(size, n - i * size))
        batch = batch if rule.mesh is None else shared_out(rule.mesh, batch)
        params, optimizer, total = carry
        params, optimizer, report = take(params, optimizer, batch)
        return params, optimizer, total + report * batch.n

    carry = (state.params, state.optimizer, jnp.zeros((), train.X.dtype))
    params, optimizer, total = jax.lax.fori_loop(0, (n + size - 1) // size, step, carry)
    return params, optimizer, total / n


def _step(
    rule: CompiledProgram,
    numbers: Hyperparameters,
    eta: Array,
    params: Params,
    optimizer: Any,
    batch: Data,
) -> tuple:
    """(W and V, what the optimizer remembers) after a step, and the objective
    before it, as it is reported."""
    weight = batch.weights.sum()
    share = jnp.where(weight > 0, 1 / weight, 0)  # a batch of weight 0 teaches nothing

    def objective(params: Params) -> tuple[Array, Array]:
        squares = sum((weights[:, 1:] ** 2).sum() for weights in params)
        mean = total_error(rule, params, batch) * share
        penalty = numbers.alpha / 2 * squares * share
        return mean + penalty, mean / reported(rule, batch) + penalty

    (value, report), gradients = jax.value_and_grad(objective, has_aux=True)(params)
    optimizer, before = rule.make(eta), State(params, optimizer)
    return *stepped(optimizer, before, gradients, value, lambda p: objective(p)[0]), report
