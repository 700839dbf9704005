"""One pass over the samples, and the errors after it, as one program (L12)."""

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax.sharding import Mesh
from jaxtyping import Array

from jaxmlp.gradients import Gradients, autodiff, weighted
from jaxmlp.losses import error
from jaxmlp.network import Network, Params
from jaxmlp.train import blocked, mesh
from jaxmlp.train.arguments import Samples, updates_of
from jaxmlp.train.layers import DELTAS, split_bias
from jaxmlp.train.order import sample_order

EVALUATION_BATCH = 4096  # so many samples at a time are enough to measure the error on
MOST_OUTPUTS = 2**22  # and so many outputs


class Rule(NamedTuple):
    """How the parameters change; what a program is compiled for.

    Attributes:
        make: from η_t to an Optax optimizer.
        gradient: `autodiff`, `backprop`, or another function like them.
        block: samples that plain SGD takes at a time (`blocked`); 0: by the optimizer's own
            update, a batch at a time.
        on_cpu, fused: as in `blocked.descend`.
        mesh: of the devices that share the batches; None: there is one.
        n: the samples, and the test samples, on a mesh.
        units: whether the mesh shares the hidden units instead of a batch's rows.
    """

    network: Network
    make: Callable[[Array], optax.GradientTransformation]
    gradient: Callable[..., Gradients]
    batch_size: int
    block: int
    on_cpu: bool
    fused: bool
    mesh: Mesh | None = None
    n: tuple[int, int] = (0, 0)
    units: bool = False


class State(NamedTuple):
    """What an epoch changes: W and V, and what the optimizer remembers."""

    params: Params
    optimizer: optax.OptState


def rule_for(
    network: Network,
    params: Params,
    make: Callable,
    gradient: Callable,
    batch_size: int,
    block: int | None,
) -> Rule:
    """The rule for these settings; with a block where it applies and none is given.

    Raises:
        ValueError: a block is given that is no multiple of the batch size, or to another
            optimizer than plain SGD.
    """
    plain = make is optax.sgd and gradient in DELTAS
    if block is not None:
        check_block(block, batch_size, plain)
    (device, *_) = jnp.asarray(params.V).devices()
    on_cpu = device.platform == "cpu"
    fused = batch_size == 1 and blocked.fusible(network)
    if on_cpu:
        fused &= len(params.V) <= blocked.MOST_FUSED_OUTPUTS
    else:
        most = blocked.in_a_kernel(params) if device.platform == "gpu" else 0
        fused &= plain and gradient is autodiff and 1 < (most if block is None else block) <= most
        block = most if fused and block is None else block
    if block is None:
        block = blocked.block_size(params, batch_size, fused) if plain else 0
    return Rule(network, make, gradient, batch_size, int(block), on_cpu, fused)


def check_block(block: int, batch_size: int, plain: bool) -> None:
    """Refuse a block that does not fit; plain: whether SGD is."""
    if not isinstance(block, int | np.integer) or block < 0 or block % batch_size:
        raise ValueError(f"expected a multiple of the batch size {batch_size}, got block {block}")
    if block and not plain:
        raise ValueError(f"expected block 0 for anything but optax.sgd, got {block}")


def fused_or_not(rule: Rule, use: Callable[[Rule], object]) -> Any:
    """What `use` gives; without fused loops where the compiler knows no such."""
    try:
        return use(rule)
    except Exception as why:
        if not (rule.fused and is_refusal(why)):
            raise
        return use(rule._replace(fused=False, block=rule.block and max(rule.block, blocked.BLOCK)))


def is_refusal(why: Exception) -> bool:
    """Whether it is of the compiler, or of what makes kernels for it; Pallas' own is not public."""
    known = isinstance(why, jax.errors.JaxRuntimeError | NotImplementedError | ImportError)
    return known or type(why).__name__ == "LoweringError"


def run_alone(rule: Rule, *args: Any) -> Any:
    """`alone`, compiled."""
    return fused_or_not(rule, lambda rule: _compiled(rule, *args))


def alone(
    rule: Rule,
    train: Samples,
    test: Samples | None,
    state: State,
    drawn: Array | tuple[Array, Array],
    etas: Array,
    measured: Array,
) -> tuple[State, Array, Array | None]:
    """`together` for a single network, whose arrays have no first axis."""
    states, rates = jax.tree.map(lambda a: a[None], (state, etas))
    done = together(rule, train, test, states, drawn, rates, measured)
    return jax.tree.map(lambda a: a[0], done)


_compiled = jax.jit(alone, static_argnums=0)


def together(
    rule: Rule,
    train: Samples,
    test: Samples | None,
    states: State,
    drawn: Array | tuple[Array, Array],
    etas: Array,
    measured: Array,
) -> tuple[State, Array, Array | None]:
    """(the states after an epoch, the training errors, the test errors), for N networks.

    Args:
        drawn: the order of the samples, or (a key, the epoch's number) to draw it with.
        etas: (N, steps), the step size of each batch.
        measured: whether to compute the errors; otherwise they are NaN.
    """
    order = sample_order(drawn, rule.n[0] or len(train.X))
    each = functools.partial(blocked.each, rule.on_cpu)
    by_rows = rule.mesh and not rule.units
    batches = mesh.in_batches(rule.mesh, train, order, rule.batch_size) if by_rows else None
    if rule.block:
        states = _in_blocks(rule, train, batches, states, order, etas)
    else:
        states = each(lambda s, e: _step_by_step(rule, train, batches, s, order, e), states, etas)

    def errors(part: Samples | None, n: int) -> Array | None:
        return part and each(lambda p: _error(rule, p, part, n, measured), states.params)

    return states, errors(train, rule.n[0]), errors(test, rule.n[1])


def _in_blocks(
    rule: Rule, train: Samples, batches: Samples | None, states: State, order: Array, etas: Array
) -> State:
    """Many samples at a time, by plain SGD.

    Args:
        batches: on a mesh, those of the epoch.
    """
    how = rule.network, rule.gradient, rule.batch_size, rule.block, rule.on_cpu, rule.fused
    descend: Any = functools.partial(blocked.descend, *how)
    descend = mesh.by_units(rule.mesh, rule.network, descend) if rule.units else descend
    rates = step_by_sample(etas, rule.batch_size, train.weights, order)
    (X, Y, _), rows = (batches, None) if batches else (train, order)
    return states._replace(params=descend((X, Y), states.params, rows, rates))


def step_by_sample(etas: Array, batch_size: int, weights: Array | None, order: Array) -> Array:
    """(N, n): η_i times the sample's share of its batch, in the order given."""
    n = len(order)
    batch = jnp.arange(n) // batch_size
    if weights is None:
        share = 1 / jnp.minimum(batch_size, n - batch * batch_size).astype(etas.dtype)
    else:
        total = jax.ops.segment_sum(weights[order], batch, num_segments=etas.shape[1])
        share = weights[order] / jnp.where(total > 0, total, 1)[batch]
    return etas[:, batch] * share[None]


def _step_by_step(
    rule: Rule, train: Samples, batches: Samples | None, state: State, order: Array, etas: Array
) -> State:
    """A batch at a time, by any optimizer of Optax's; batches as for `_in_blocks`."""
    whole, rest = divmod(len(order), rule.batch_size)

    def step(state: State, batch: tuple) -> tuple[State, None]:
        part, eta = batch
        part = part if batches else jax.tree.map(lambda of: of[part], train)
        return _step(rule, state, part, eta), None

    parts: Any = batches
    if not batches:
        parts = jnp.pad(order, (0, -len(order) % rule.batch_size)).reshape(-1, rule.batch_size)
    full = jax.tree.map(lambda part: part[:whole], parts)
    state, _ = jax.lax.scan(step, state, (full, etas[:whole]))
    last = jax.tree.map(lambda part: part[whole, :rest], parts) if rest else None
    return step(state, (last, etas[-1]))[0] if rest else state


def _step(rule: Rule, state: State, batch: Samples, eta: Array) -> State:
    x, y, weights = batch
    y = y.astype(x.dtype)
    gradients = rule.gradient(rule.network, state.params, x, y, reduction="mean")
    if weights is not None:
        gradients = weighted(rule.network, state.params, x, gradients, weights)
    step = Params(gradients.dW, gradients.dV)
    mean = functools.partial(_mean, rule.network, Samples(x, y, weights))
    return stepped(rule.make(eta), state, step, mean(state.params), mean)


def stepped(
    optimizer: optax.GradientTransformation,
    state: State,
    gradients: Params,
    value: Array,
    value_of: Callable[[Params], Array],
) -> State:
    """One Optax step; the error's value is for optimizers that search along the line."""
    with jax.numpy_dtype_promotion("standard"):  # Optax's own arithmetic needs it
        updates, remembered = updates_of(
            optimizer, gradients, state.optimizer, state.params,
            value=value, grad=gradients, value_fn=value_of,
        )  # fmt: skip
        return State(optax.apply_updates(state.params, updates), remembered)


def _total(network: Network, params: Params, part: Samples, there: Array | None = None) -> Array:
    """Σ E, or Σ w E; without a 1 in front of anything, which would copy it.

    Args:
        there: (n,), whether a row is a sample; all where not given.
    """
    W, V = (A if A is None else split_bias(network, A) for A in params)
    a = V(part.X) if W is None else V(network.hidden.value(W(part.X)))
    each = error(network.output, network.loss, a, part.Y.astype(a.dtype))
    each = each if there is None else jnp.where(there, each, 0)
    return jnp.sum(each) if part.weights is None else part.weights @ each


def _mean(network: Network, part: Samples, params: Params) -> Array:
    weight = len(part.X) if part.weights is None else jnp.sum(part.weights)
    return _total(network, params, part) / weight


def _error(rule: Rule, params: Params, part: Samples, n: int, measured: Any) -> Array:
    """The mean of E over the samples, or NaN."""
    add = functools.partial(_total_of_many, rule.network)

    def mean() -> Array:
        sums = mesh.summed(rule.mesh, add, n, params, part) if rule.mesh else add(params, part)
        return sums / ((n or len(part.X)) if part.weights is None else jnp.sum(part.weights))

    unknown = jnp.full((), jnp.nan, params.V.dtype)
    return jax.lax.cond(measured, mean, lambda: unknown)


mean_error = jax.jit(_error, static_argnums=(0, 3))


def _total_of_many(
    network: Network, params: Params, part: Samples, there: Array | None = None
) -> Array:
    """`_total`, without a second copy of many samples."""

    def some(start: Any, rows: int) -> Array:
        these = jax.tree.map(lambda a: jax.lax.dynamic_slice_in_dim(a, start, rows), (part, there))
        return _total(network, params, *these)

    rows = max(1, min(len(part.X), EVALUATION_BATCH, MOST_OUTPUTS // part.Y.shape[1]))
    whole, rest = divmod(len(part.X), rows)
    sums = jax.lax.map(lambda start: some(start, rows), rows * jnp.arange(whole)).sum()
    return sums + some(whole * rows, rest) if rest else sums
