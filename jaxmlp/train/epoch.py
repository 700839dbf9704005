"""One pass over the samples, and the errors after it, as one program (L12)."""

import functools
from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array

from jaxmlp.gradients import Gradients
from jaxmlp.network import Network, Params, loss
from jaxmlp.train import blocked

ROWS = 4096  # so many samples at a time are enough to measure the error on


class Rule(NamedTuple):
    """How the parameters change; what a program is compiled for.

    Attributes:
        make: from η_t to an Optax optimizer.
        gradient: `autodiff`, `backprop`, or another function like them.
        block: samples that plain SGD takes at a time (`blocked`); 0: by the optimizer's own
            update, a batch at a time.
        on_cpu: whether it is for a CPU.
        fused: as in `blocked.descend`.
    """

    network: Network
    make: Callable[[Array], optax.GradientTransformation]
    gradient: Callable[..., Gradients]
    batch_size: int
    block: int
    on_cpu: bool
    fused: bool


class State(NamedTuple):
    """What an epoch changes: W and V, and what the optimizer remembers."""

    params: Params
    optimizer: optax.OptState


def rule_for(
    network: Network, params: Params, make, gradient, batch_size: int, block: int | None
) -> Rule:
    """The rule for these settings; with a block where it applies and none is given.

    Raises:
        ValueError: a block is given that is no multiple of the batch size, or to another
            optimizer than plain SGD.
    """
    plain = make is optax.sgd and gradient in blocked.DELTAS
    if block is None:
        block = blocked.block_size(params, batch_size) if plain else 0
    elif not isinstance(block, int | np.integer) or block < 0 or block % batch_size:
        raise ValueError(f"expected a multiple of the batch size {batch_size}, got block {block}")
    elif block and not plain:
        raise ValueError(f"expected block 0 for anything but optax.sgd, got {block}")
    on_cpu = next(iter(params.V.devices())).platform == "cpu"
    return Rule(network, make, gradient, batch_size, int(block), on_cpu, on_cpu and batch_size == 1)


def fused_or_not(rule: Rule, use: Callable[[Rule], object]):
    """What `use` gives; without fused loops where the compiler knows no such."""
    try:
        return use(rule)
    except jax.errors.JaxRuntimeError:
        if not rule.fused:
            raise
        return use(rule._replace(fused=False))


def run(rule: Rule, *args):
    """`pass_over`, compiled."""
    return fused_or_not(rule, lambda rule: _compiled(rule, *args))


def pass_over(
    rule: Rule,
    train: tuple[Array, Array],
    test: tuple[Array, Array] | None,
    state: State,
    drawn: Array | tuple[Array, Array],
    etas: Array,
    measured: Array,
) -> tuple[State, Array, Array | None]:
    """(the state after an epoch, the training error, the test error).

    Args:
        drawn: the order of the samples, or (a key, the epoch's number) to draw it with.
        etas: the step size of each batch.
        measured: whether to compute the errors; otherwise they are NaN.
    """
    samples = in_order(drawn, len(train[0]))
    if rule.block:
        how = rule.network, rule.gradient, rule.batch_size, rule.block, rule.fused
        params = blocked.descend(*how, train, state.params, samples, etas)
        state = state._replace(params=params)
    else:
        state = _step_by_step(rule, train, state, samples, etas)
    return state, *(
        part and _error(rule.network, state.params, *part, measured) for part in (train, test)
    )


def in_order(drawn: Array | tuple[Array, Array], n: int) -> Array:
    """The order of n samples, drawn with the key if it isn't given."""
    if not isinstance(drawn, tuple):
        return drawn
    return jax.random.permutation(jax.random.fold_in(*drawn), n)


_compiled = jax.jit(pass_over, static_argnums=0)


def _step_by_step(rule: Rule, train, state: State, samples, etas) -> State:
    """A batch at a time, by any optimizer of Optax's."""
    X, Y = train

    def step(state, batch):
        rows, eta = batch
        x, y = X[rows], Y[rows]
        gradients = rule.gradient(rule.network, state.params, x, y, reduction="mean")
        error = functools.partial(_loss, rule.network, x, y)
        return _update(rule.make(eta), state, gradients, error), None

    whole = len(samples) // rule.batch_size
    full, rest = jnp.split(samples, [whole * rule.batch_size])
    full = full.reshape(whole, rule.batch_size)
    state, _ = jax.lax.scan(step, state, (full, etas[:whole]))
    return step(state, (rest, etas[-1]))[0] if rest.size else state


def _loss(network, x, y, params):
    return loss(network, params, x, y)


def _update(optimizer, state: State, gradients, error) -> State:
    """One Optax step; the error is for optimizers that search along the line."""
    step = Params(gradients.dW, gradients.dV)
    with jax.numpy_dtype_promotion("standard"):  # Optax's own arithmetic needs it
        updates, remembered = optax.with_extra_args_support(optimizer).update(
            step, state.optimizer, state.params,
            value=error(state.params), grad=step, value_fn=error,
        )  # fmt: skip
        return State(optax.apply_updates(state.params, updates), remembered)


def _error(network: Network, params: Params, X, Y, measured) -> Array:
    """The mean of E over the samples, or NaN; without a second copy of many samples."""

    def total(start, rows):
        x, y = (jax.lax.dynamic_slice_in_dim(part, start, rows) for part in (X, Y))
        return loss(network, params, x, y, reduction="sum")

    def mean():
        rows = min(len(X), ROWS)
        whole, rest = divmod(len(X), rows)
        sums = jax.lax.map(lambda start: total(start, rows), rows * jnp.arange(whole)).sum()
        return (sums + total(whole * rows, rest) if rest else sums) / len(X)

    unknown = jnp.full((), jnp.nan, params.V.dtype)
    return jax.lax.cond(measured, mean, lambda: unknown)
