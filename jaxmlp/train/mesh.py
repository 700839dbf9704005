"""Mini-batches shared out over devices: the samples, or the hidden units (L12).

By samples, with W and V on each device: every device holds its share of X. An epoch's order is the
same on any number of devices; so at its beginning the shares go round once, and each device picks
out its rows of every batch. From there on only gradients travel: XLA sums them where a product runs
over rows that are shared out.

By hidden units, with all samples on each device: only sums over hidden units travel (`by_units`).
"""

import functools
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np
from jax.experimental.multihost_utils import sync_global_devices
from jax.sharding import Mesh, NamedSharding, PartitionSpec
from jaxtyping import Array

from jaxmlp.network import Network, Params
from jaxmlp.train.arguments import Samples
from jaxmlp.train.layers import Layer, join_bias, split_bias

AXIS = "samples"
SHARDED: Any = PartitionSpec(AXIS)
REPLICATED: Any = PartitionSpec()
Devices: TypeAlias = jax.Device | Sequence[jax.Device] | None


def device_mesh(device: Devices) -> tuple[Mesh | None, Callable]:
    """(the mesh of several devices, or None; how to put a tree of arrays on each of them).

    Raises:
        ValueError: something else, or no device at all.
    """
    if device is None:
        return None, jax.device_put
    devices = [device] if isinstance(device, jax.Device) else [*device]
    if not devices or not all(isinstance(member, jax.Device) for member in devices):
        raise ValueError(f"expected devices, as of jax.devices(), got {device!r}")
    mesh = Mesh(np.array(devices), (AXIS,))
    here = all(member.process_index == jax.process_index() for member in devices)
    everywhere = NamedSharding(mesh, REPLICATED)
    if here:
        return mesh if len(devices) > 1 else None, lambda tree: jax.device_put(tree, everywhere)
    sync_global_devices("mesh")  # MPI lets only the main thread begin; later ones may go on
    return mesh, lambda tree: jax.tree.map(lambda leaf: _of_all(np.asarray(leaf), everywhere), tree)


def _of_all(array: np.ndarray, sharding: NamedSharding) -> Array:
    """An array of all processes, of which each puts the rows of its own devices there."""
    return jax.make_array_from_callback(array.shape, sharding, lambda index: array[index])


def check_batch(mesh: Mesh, batch_size: int) -> None:
    """Refuse batches that cannot be shared out equally.

    Raises:
        ValueError: with the reason.
    """
    if batch_size == 1:
        raise ValueError(
            f"expected one device for one sample at a time, got {mesh.size}: each step begins "
            "with the W and V of the one before"
        )
    if batch_size % mesh.size:
        raise ValueError(
            f"expected batches of a multiple of the {mesh.size} devices, got {batch_size} samples"
        )


def shared(mesh: Mesh, part: Samples, whole: bool = False) -> Samples:
    """The samples with a share of their rows on each device, filled up with zeros.

    Args:
        whole: all rows on each device.
    """
    missing = -len(part.X) % mesh.size
    where = NamedSharding(mesh, REPLICATED if whole else SHARDED)

    def put(array: Any) -> Array:
        array = np.asarray(array)
        rows = np.pad(array, [(0, missing), *[(0, 0)] * (array.ndim - 1)]) if missing else array
        return _of_all(rows, where)

    return jax.tree.map(put, part)


def own_share(mesh: Mesh, rows: np.ndarray) -> np.ndarray:
    """Of row numbers, those whose samples this process' devices hold, filled up with the first."""
    shares = np.pad(rows, (0, -len(rows) % mesh.size), constant_values=rows[0])
    here = [device.process_index == jax.process_index() for device in mesh.devices.flat]
    return shares.reshape(mesh.size, -1)[here].reshape(-1)


def from_own_shares(mesh: Mesh, part: Samples) -> Samples:
    """`shared`, where each process has its `own_share` alone."""
    where = NamedSharding(mesh, SHARDED)
    return jax.tree.map(lambda a: jax.make_array_from_process_local_data(where, a), part)


def shared_out(mesh: Mesh, batch: Any) -> Any:
    """A batch that every device has, with only a share of its rows worked at on each."""
    where = NamedSharding(mesh, SHARDED)
    return jax.tree.map(
        lambda part: jax.lax.with_sharding_constraint(part, where) if part.ndim else part, batch
    )


def in_batches(mesh: Mesh, part: Samples, order: Array, batch_size: int) -> Samples:
    """An epoch's batches in order, (steps, batch_size, …), of each a share on every device.

    Args:
        part: as from `shared`.
        order: row numbers; the last batch is filled up with the first row.
    """
    rows = jnp.pad(order, (0, -len(order) % batch_size)).reshape(-1, batch_size)
    batches = PartitionSpec(None, AXIS)
    picked = jax.shard_map(
        functools.partial(_picked, mesh.size), mesh=mesh, in_specs=(SHARDED, batches),
        out_specs=batches,
    )  # fmt: skip
    return picked(part, rows)


def _picked(devices: int, own: Samples, rows: Array) -> Samples:
    """On each device: the rows of its own and of all other shares that its batches take."""
    me, size = jax.lax.axis_index(AXIS), len(own.X)
    round_the_ring = [(k, (k - 1) % devices) for k in range(devices)]

    def pick(hop: Any, picked: Any, visiting: Any) -> Any:
        here = rows - (me + hop) % devices * size
        there = (here >= 0) & (here < size)

        def some(picked: Any, share: Any) -> Any:
            mine = there.reshape(there.shape + (1,) * (share.ndim - 1))
            return jnp.where(mine, share[jnp.where(there, here, 0)], picked)

        return jax.tree.map(some, picked, visiting)

    def pass_on(hop: Any, carry: Any) -> Any:
        picked, visiting = carry
        visiting = jax.lax.ppermute(visiting, AXIS, round_the_ring)
        return pick(hop, picked, visiting), visiting

    nothing = jax.tree.map(lambda a: jnp.zeros(rows.shape + a.shape[1:], a.dtype), own)
    picked = pick(0, jax.lax.pcast(nothing, AXIS, to="varying"), own)
    return jax.lax.fori_loop(1, devices, pass_on, (picked, own))[0]


def shares_units(
    devices: int, params: Params, batch_size: int, *, plain: bool, streamed: bool = False
) -> bool:
    """Whether so many devices share the hidden units: less crosses then, and all have as many.

    By rows of the batch, what crosses is a gradient, of all weights; by hidden units the outputs'
    sums, m numbers a sample.

    Args:
        plain: whether it is plain SGD by `autodiff` or `backprop`: other optimizers may need all
            of W, and other gradients' a = Vz is not at hand.
        streamed: whether samples are read as they are needed: each device then takes a share.
    """
    if not plain or streamed or params.W is None or len(params.W) % devices:
        return False
    return len(params.V) * batch_size < params.W.size + params.V.size


def by_units(mesh: Mesh, network: Network, descend: Callable) -> Callable:
    """`blocked.descend` with a share of the hidden units on each device, and all samples.

    Of a batch, each device has the sums over its own units in a = Vz. They are exchanged; all
    else, forward and back, is at home: W by rows, V by columns, the outputs' bias everywhere.
    """
    rows = PartitionSpec(None, AXIS)
    columns: Any = PartitionSpec(None, None, AXIS)
    second = Layer(columns, REPLICATED if network.bias else None)

    def own(data: Any, W: Any, V: Layer, order: Array, rates: Array) -> tuple:
        params = Params(W, join_bias(V))
        params = descend(data, params, order, rates, functools.partial(_exchanged, mesh.size))
        return params.W, split_bias(network, params.V)

    shared_out = jax.shard_map(
        own, mesh=mesh, in_specs=(REPLICATED, rows, second, REPLICATED, REPLICATED),
        out_specs=(rows, second), check_vma=False,
    )  # fmt: skip

    def together(data: Any, params: Params, order: Array, rates: Array) -> Params:
        W, V = shared_out(data, params.W, split_bias(network, params.V), order, rates)
        return jax.lax.with_sharding_constraint(
            Params(W, join_bias(V)), NamedSharding(mesh, REPLICATED)
        )

    return together


@functools.partial(jax.custom_vjp, nondiff_argnums=(0,))
def _exchanged(devices: int, a: Array) -> Array:
    """The sum of all devices' a: of the same bits on each, as a + b is b + a.

    Backwards nothing crosses: each has the whole derivative by the sum.
    """
    if devices & (devices - 1):
        return jax.lax.psum(a, AXIS)
    for hop in (1 << k for k in range(devices.bit_length() - 1)):  # half as long as a ring
        a = a + jax.lax.ppermute(a, AXIS, [(k, k ^ hop) for k in range(devices)])
    return a


_exchanged.defvjp(lambda devices, a: (_exchanged(devices, a), None), lambda _, __, da: (da,))


def summed(mesh: Mesh, total: Callable, n: int, params: Any, part: Samples) -> Array:
    """Σ of `total` over the first n samples: on each device over its share, then over all."""

    def local(params: Any, own: Any) -> Array:
        first = jax.lax.axis_index(AXIS) * len(own.X)
        there = first + jnp.arange(len(own.X)) < n
        return jax.lax.psum(total(params, own, there), AXIS)

    shared_out = jax.shard_map(
        local, mesh=mesh, in_specs=(REPLICATED, SHARDED), out_specs=REPLICATED
    )
    return shared_out(params, part)
