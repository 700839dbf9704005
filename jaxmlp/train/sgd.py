"""Training by stochastic gradients: one jitted program an epoch (L12)."""

import functools
import math
from collections.abc import Callable, Sequence
from numbers import Real
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax.sharding import Mesh
from jax.typing import ArrayLike
from jaxtyping import Array, Key

from jaxmlp.gradients import Gradients, autodiff
from jaxmlp.network import Network, Params, full_precision
from jaxmlp.train.arguments import (
    Optimizer,
    Samples,
    StepSize,
    as_range,
    check_settings,
    held_out_samples,
    measured_epochs,
    step_rule,
    step_sizes,
    valid_samples,
)
from jaxmlp.train.epoch import Rule, State, rule_for, run_alone
from jaxmlp.train.fitted import Diverged, Epoch, Fit, begin, check_resume
from jaxmlp.train.mesh import (
    Devices,
    check_batch,
    device_mesh,
    from_own_shares,
    shared,
    shares_units,
)
from jaxmlp.train.order import order_of
from jaxmlp.train.stream import Reader, Stream, of_stream


@full_precision()
def fit(
    network: Network,
    params: Params,
    X: Any,
    Y: Any,
    *,
    epochs: int,
    eta: StepSize | None = None,
    optimizer: Optimizer = optax.sgd,
    batch_size: int = 1,
    key: Key[Array, ""] | None = None,
    order: ArrayLike | None = None,
    gradient: Callable[..., Gradients] = autodiff,
    block: int | None = None,
    weights: ArrayLike | None = None,
    test: Sequence[Any] | None = None,
    errors_every: int = 1,
    on_epoch: Callable[[Epoch, Params], object] | None = None,
    resume: Fit | None = None,
    save: Callable[[Fit], object] | None = None,
    device: Devices = None,
) -> Fit:
    """Learn W and V from data: both step along −η_t ∂E/∂(W, V) at (W, V) (L12).

    Computes in the dtype of `params`; X and Y are converted to it.

    Args:
        params: to start from, as from `init`.
        X: (n, d), one sample a row; or a `Stream` of what is too much for memory.
        Y: (n, m), their targets.
        epochs: how often each sample is seen.
        eta: η_t, the step size: a number (0.01 by default), or a function of the step t (from 0)
            written in jax.numpy, without `if`: `inverse_epoch`, or any Optax schedule.
        optimizer: a function of η_t that makes an Optax optimizer: `optax.sgd`, `optax.adam`,
            `functools.partial(optax.sgd, momentum=0.9)`; or one that is ready and has a step
            size of its own, `optax.adam(1e-3)`: then `eta` is not given. (The few that keep
            the step size in their state, `optax.rprop` for one, keep the first.)
        batch_size: samples a step. The gradient is that of their mean error. The last step of
            an epoch takes what is left, so no sample is dropped.
        key: from `jax.random.key`: the samples come in a fresh random order each epoch.
        order: instead of `key`, the order itself: (epochs, k) row numbers of X.
        gradient: `autodiff` or `backprop`.
        block: how many samples plain SGD takes at a time, for speed (`jaxmlp.train.blocked`): the
            parameters are those of one batch at a time, up to rounding. Chosen where it is not
            given; 0: every batch by itself, by Optax's own update.
        weights: (n,), what each sample counts, from 0: the gradient of a batch is that of
            Σ w_i E_i / Σ w_i, and so is the training error. All the same where not given.
        test: (X, Y), or (X, Y, weights), of samples whose error is followed, too.
        errors_every: the errors are measured after so many epochs, and after the last. 0: never,
            which saves a pass over the samples; then divergence goes unseen.
        on_epoch: called after each epoch with its `Epoch` and the parameters. Where it returns
            True, training ends there.
        resume: go on from there, to the last bit as if training had never stopped. All else is to
            be as it was; `epochs` count from the beginning.
        save: called after each epoch, before `on_epoch`, with all that `resume` takes; of a
            `Stream` also after each part of an epoch.
        device: where to compute; JAX's default where it is not given. Of several, each takes its
            share of every batch, or of the hidden units (`mesh.shares_units`); batches are to be a
            multiple of them, and the parameters are those of one device, up to rounding.

    Raises:
        ValueError: an argument is out of its range, or shapes do not fit together.
        Diverged: the training error, measured after an epoch, is not finite.

    Example:
        >>> net = Network("tanh", "identity", "squared_error")
        >>> X = jnp.linspace(-1, 1, 20)[:, None]
        >>> from jaxmlp import init
        >>> start = init(net, (1, 8, 1), key=jax.random.key(0))
        >>> result = fit(net, start, X, X**2, epochs=200, eta=0.1, key=jax.random.key(1))
        >>> result.history[-1].train_error < 1e-3
        True
    """
    params = jax.tree.map(jnp.asarray, Params(*params))
    mesh, everywhere = device_mesh(device)
    train, tested = _checked(network, params, (X, Y, weights), test)
    check_settings(eta, gradient, epochs=epochs, batch_size=batch_size)
    measuring = measured_epochs(errors_every, epochs)
    make, eta = step_rule(optimizer, eta)
    order = order_of(key, order, epochs, len(train.Y))
    an_epoch = len(train.Y) if order is None else order.shape[1]
    rule = rule_for(network, params, make, gradient, min(batch_size, an_epoch), block)
    streamed = isinstance(X, Stream)
    if mesh:
        n = len(train.Y), len(tested.Y) if tested else 0
        rule = _on_mesh(mesh, rule, params, n, streamed=streamed)
    so_far = begin(params, optimizer=make, eta=eta or 0.0, stream=streamed)
    if resume is not None:
        check_resume(resume, so_far, epochs)
        so_far = resume
    state = everywhere(State(so_far.params, so_far.optimizer))
    history, seen = [*so_far.history], int(so_far.seen or 0)

    def keep(state: State, seen: int) -> None:
        if save:
            part = jnp.asarray(seen, jnp.int32) if streamed else None
            save(Fit(state.params, [*history], state.optimizer, part))

    one_epoch = _one_epoch(rule, X, train, tested, everywhere)
    steps = math.ceil(an_epoch / rule.batch_size)
    for epoch in range(len(history), epochs):
        etas = step_sizes(eta, epoch * steps, steps, params.V.dtype)
        drawn = (key, epoch) if order is None else order[epoch]
        state, *errors = one_epoch(state, drawn, etas, measuring(epoch), seen, keep)
        history.append(_epoch(epoch, eta, etas, errors))
        keep(state, seen := 0)
        if on_epoch and on_epoch(history[-1], state.params) is True:
            break
    return Fit(state.params, history, state.optimizer)


def _checked(
    network: Network, params: Params, training: Sequence, test: Sequence | None
) -> tuple[Samples, Samples | None]:
    """(the training samples, the test samples), which lie where they lay."""
    X, Y, weights = training
    if isinstance(X, Stream):
        return of_stream("", X, Y, weights), of_stream("test ", *test) if test else None
    train = valid_samples(network, params, "", X, Y, weights)
    return train, held_out_samples(network, params, test)


def _on_mesh(mesh: Mesh, rule: Rule, params: Params, n: tuple[int, int], *, streamed: bool) -> Rule:
    """The rule where several devices share the batches or the hidden units.

    Args:
        n: how many training and test samples there are.
    """
    check_batch(mesh, rule.batch_size)
    block = rule.batch_size if rule.block else 0
    how = {"plain": block > 0, "streamed": streamed}
    units = shares_units(mesh.size, params, rule.batch_size, **how)
    return rule._replace(mesh=mesh, n=n, block=block, fused=False, units=units)


def _one_epoch(
    rule: Rule, X: Any, train: Samples, test: Samples | None, everywhere: Callable
) -> Callable:
    """An epoch as a function of what changes from one to the next: `Reader.epoch`, or like it."""
    mesh = rule.mesh
    if isinstance(X, Stream):
        put = functools.partial(from_own_shares, mesh) if mesh else everywhere
        return functools.partial(Reader(X.at_once, put).epoch, rule, train, test)
    put = functools.partial(shared, mesh, whole=rule.units) if mesh else everywhere
    there = put(train), test and put(test)

    def in_memory(state: State, drawn: Any, etas: np.ndarray, measured: bool, *_: Any) -> tuple:
        state, *errors = run_alone(rule, *there, state, drawn, etas, measured)
        return (state, *errors) if measured else (state, None, None)

    return in_memory


def _epoch(epoch: int, eta: StepSize | None, etas: np.ndarray, errors: Sequence) -> Epoch:
    """What is known after an epoch, counted from 0.

    Raises:
        Diverged: the training error was measured, and is not finite.
    """
    last_eta = float(eta if isinstance(eta, Real) else etas[-1]) if eta else None
    done = Epoch(epoch + 1, last_eta, *(None if e is None else float(e) for e in errors))
    if done.train_error is not None and not math.isfinite(done.train_error):
        raise Diverged(done, as_range(etas) if eta else "the optimizer's own")
    return done
