"""Many networks in one program: seeds, step sizes, scales of the start (L12)."""

import functools
import math
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from numbers import Real
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax.typing import ArrayLike
from jaxtyping import Array, Key

from jaxmlp.cores import cores
from jaxmlp.gradients import Gradients, autodiff
from jaxmlp.network import Network, Params, full_precision
from jaxmlp.train.arguments import (
    Optimizer,
    Samples,
    StepSize,
    check_settings,
    held_out_samples,
    measured_epochs,
    step_rule,
    step_sizes,
    valid_samples,
)
from jaxmlp.train.blocked import each
from jaxmlp.train.epoch import Rule, State, alone, fused_or_not, rule_for, together
from jaxmlp.train.fitted import Epoch, Fit
from jaxmlp.train.order import order_of


@full_precision()
def sweep(
    network: Network,
    params: Params | Sequence[Params],
    X: ArrayLike,
    Y: ArrayLike,
    *,
    epochs: int,
    eta: StepSize | Sequence[StepSize] | None = None,
    optimizer: Optimizer = optax.sgd,
    batch_size: int = 1,
    key: Key[Array, "..."] | None = None,
    order: ArrayLike | None = None,
    gradient: Callable[..., Gradients] = autodiff,
    block: int | None = None,
    weights: ArrayLike | None = None,
    test: tuple[ArrayLike, ...] | None = None,
    errors_every: int = 1,
    on_epoch: Callable[[Epoch, Params], object] | None = None,
) -> Fit:
    """`fit` for many networks of the same shape at once, each as if it were alone.

    Compiled once for all. Each core of a CPU, or each accelerator, takes a share of the networks.
    Those that see the samples in the same order share the large products (`jaxmlp.train.blocked`).

    Args:
        params: to start from: a list of N `Params`, or one whose arrays have a first axis of N.
        eta: one for all, or N of them.
        key: one for all, or an array of N keys, one for each network's order of the samples.
        network, X, Y, epochs, optimizer, batch_size, order, gradient, block, weights, test: as for
            `fit`.
        errors_every, on_epoch: as for `fit`. The `Epoch` has arrays of N errors; those of a
            network that diverged are not finite.

    Returns:
        The parameters, with a first axis of N, and the history, with arrays of N errors.

    Raises:
        ValueError: an argument is out of its range, or shapes do not fit together.

    Example:
        >>> net = Network("tanh", "identity", "squared_error")
        >>> X = jnp.linspace(-1, 1, 20)[:, None]
        >>> from jaxmlp import init
        >>> starts = [init(net, (1, 8, 1), key=jax.random.key(seed)) for seed in range(3)]
        >>> etas = [0.1, 0.05, 0.02]
        >>> result = sweep(net, starts, X, X**2, epochs=200, eta=etas, key=jax.random.key(1))
        >>> result.params.W.shape, result.history[-1].train_error.shape
        ((3, 8, 2), (3,))
    """
    params = _stacked(params)
    N, first = len(params.V), jax.tree.map(lambda p: p[0], params)
    train, test = (
        valid_samples(network, first, "", X, Y, weights),
        held_out_samples(network, first, test),
    )
    each_eta = _each(eta, N)
    for one_eta in each_eta:
        check_settings(one_eta, gradient, epochs=epochs, batch_size=batch_size)
    rules = [step_rule(optimizer, one_eta) for one_eta in each_eta]
    keys = key if key is not None and key.shape else None
    order = order_of(_one_of(key, N), order, epochs, len(train.X))
    an_epoch = len(train.X) if order is None else order.shape[1]
    rule = rule_for(network, first, rules[0][0], gradient, min(batch_size, an_epoch), block)
    steps, measuring = math.ceil(an_epoch / rule.batch_size), measured_epochs(errors_every, epochs)
    shares, states, history = _shares(first, N, (train, test)), None, []
    for epoch in range(epochs):
        etas = np.stack([step_sizes(own, epoch * steps, steps, first.V.dtype) for _, own in rules])
        if states is None:
            begun = jax.vmap(lambda p, eta: State(p, rule.make(eta).init(p)))(params, etas[:, 0])
            states = [share.of(begun) for share in shares]
        number = np.uint32(epoch)
        drawn = order[epoch] if order is not None else number if keys is not None else (key, number)
        measured = measuring(epoch)
        states, *errors = _epoch(rule, shares, states, (etas, keys), drawn, np.bool_(measured))
        errors = [_joined(e, N) if measured and e[0] is not None else None for e in errors]
        last: Any = etas[:, -1] if rules[0][1] else None  # an Epoch of many has arrays
        history.append(Epoch(epoch + 1, last, *errors))
        if on_epoch and on_epoch(history[-1], _joined([s.params for s in states], N)) is True:
            break
    return Fit(_joined([s.params for s in states], N), history)


class Share(NamedTuple):
    """The networks that one worker trains: a core of a CPU, or another device.

    Attributes:
        rows: their numbers; the last is trained twice where shares are unequal.
        data: training and test samples, on the device.
    """

    device: jax.Device
    rows: np.ndarray
    data: tuple

    def of(self, tree: Any) -> Any:
        """What belongs to its networks, of arrays for all of them."""
        return jax.device_put(jax.tree.map(lambda a: a[self.rows], tree), self.device)


def _shares(first: Params, N: int, data: Any) -> list[Share]:
    platform = next(iter(jnp.asarray(first.V).devices())).platform
    devices = jax.local_devices(backend=platform)
    workers = max(len(devices), cores() if platform == "cpu" else 1)
    most = math.ceil(N / min(workers, N))
    rows = np.minimum(np.arange(math.ceil(N / most) * most), N - 1).reshape(-1, most)
    there = [devices[k % len(devices)] for k in range(len(rows))]
    return [Share(d, r, jax.device_put(data, d)) for d, r in zip(there, rows, strict=True)]


def _epoch(
    rule: Rule,
    shares: Sequence[Share],
    states: Sequence[State],
    own: Sequence,
    drawn: Any,
    measured: Any,
) -> tuple:
    """(the states, the training errors, the test errors) after an epoch, one for each share."""
    tasks = [
        (*share.data, (state, *share.of(own)), jax.device_put(drawn, share.device), measured)
        for share, state in zip(shares, states, strict=True)
    ]
    programs = [_program(rule, share, task) for share, task in zip(shares, tasks, strict=True)]
    with ThreadPoolExecutor(len(shares)) as threads:
        done = threads.map(lambda run, task: jax.block_until_ready(run(*task)), programs, tasks)
        return tuple(zip(*done, strict=True))


def _program(rule: Rule, share: Share, task: Any) -> Callable:
    """The program for arguments like these, compiled here: threads have no settings of JAX's."""
    leaves, tree = jax.tree.flatten(task)
    kinds = tuple(jax.ShapeDtypeStruct(np.shape(leaf), leaf.dtype) for leaf in leaves)
    x64 = getattr(jax.config, "jax_enable_x64")  # noqa: B009
    return _compiled(rule, share.device, tree, kinds, x64)


@functools.lru_cache(maxsize=64)
def _compiled(rule: Rule, device: jax.Device, tree: Any, kinds: Any, x64: bool) -> Callable:
    there = jax.sharding.SingleDeviceSharding(device)
    kinds = [jax.ShapeDtypeStruct(k.shape, k.dtype, sharding=there) for k in kinds]
    task = jax.tree.unflatten(tree, kinds)
    return fused_or_not(
        rule, lambda rule: jax.jit(_many, static_argnums=0).lower(rule, *task).compile()
    )


def _many(
    rule: Rule, train: Samples, test: Samples | None, networks: Any, drawn: Any, measured: Any
) -> tuple:
    """An epoch of each network: those with an order in common together."""
    states, etas, keys = networks
    if keys is None:
        return together(rule, train, test, states, drawn, etas, measured)

    def one(state: State, etas: Any, key: Any) -> tuple:
        return alone(rule, train, test, state, (key, drawn), etas, measured)

    return each(rule.on_cpu, one, states, etas, keys)


def _joined(parts: Sequence, N: int) -> Any:
    """The shares' arrays as one, on the first axis."""
    if len(parts) == 1:
        return jax.tree.map(lambda p: p[:N], parts[0])
    return jax.tree.map(lambda *p: jnp.asarray(np.concatenate(p)[:N]), *parts)


def _stacked(params: Any) -> Params:
    """One `Params` with a first axis, from one or a list.

    Raises:
        ValueError: there is none, or they differ in shape.
    """
    if not isinstance(params, Params):
        params = list(params)
        shapes = {tuple(None if p is None else jnp.shape(p) for p in start) for start in params}
        if len(shapes) != 1:
            raise ValueError(
                f"expected networks of one shape, got shapes {sorted(map(str, shapes))}"
            )
        params = jax.tree.map(lambda *p: jnp.stack(p), *params)
    params = jax.tree.map(jnp.asarray, params)
    if params.V.ndim != 3 or len(params.V) == 0:
        raise ValueError(f"expected V of shape (N, m, q+1) for N networks, got {params.V.shape}")
    return params


def _each(eta: Any, N: int) -> Sequence:
    """η of each network."""
    if eta is None or callable(eta) or isinstance(eta, Real):
        return [eta] * N
    if len(eta) != N:
        raise ValueError(f"expected one eta, or {N}, one for each network, got {len(eta)}")
    return [float(rate) if isinstance(rate, np.generic | jax.Array) else rate for rate in eta]


def _one_of(key: Any, N: int) -> Any:
    """A key to stand for all in the checks."""
    if key is None or not key.shape:
        return key
    if key.shape != (N,):
        raise ValueError(f"expected one key, or {N}, one for each network, got {key.shape}")
    return key[0]
