"""Plain SGD at the speed of matrix products: the same iterates, many samples at a time.

One sample at a time, every step changes the first layer by δ1 times xᵀ (L12, L20), so what it
does to later samples of a block is known without W. With Δ_i = η_i δ1_i,

    U = X W₀ᵀ,  G = X Xᵀ                                two products for the whole block
    u_i = W_{i−1} x_i = U_i − Σ_{j<i} G_ij Δ_j          for one sample after the other:
    Δ_i = η_i δ1(u_i, V),  V ← V − η_i δ2 z_iᵀ          vectors of q and m entries alone
    W = W₀ − Δᵀ X                                       one product

These are the lecture's iterates themselves; only the rounding differs. A batch of B samples takes
the place of one sample in the same way, each δ divided by B. Without hidden layer V takes W's
place, and δ2 that of δ1.

A first layer that fits a CPU core's nearest cache is changed sample by sample all the same, since
that costs less there than the sums over j: all samples in one compiled loop.

Networks that see the samples in the same order share G, and their products are one: they are
stacked on a first axis. Biases are kept apart from their matrices, so that no 1 has to be put in
front of anything: Wx = W̃x + w₀, and G = X̃ X̃ᵀ + 1.
"""

import functools
import math
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax.experimental.xla_metadata import set_xla_metadata
from jaxtyping import Array

from jaxmlp.network import Network, Params, foreign
from jaxmlp.train.layers import DELTAS, Layer, join_bias, split_bias

SMALL_LAYER = 16_384  # weights of a first layer whose products are not worth a block of batches
BLOCK = 64  # samples that make the products large enough
SUBBLOCK = 32  # samples of a block that are corrected for the same number before them
MOST_FUSED_OUTPUTS = 4096  # outputs beyond which XLA compiles no loop as one function
NEAREST = 48 * 2**10  # bytes of a core's nearest cache
CACHED = 2**18  # numbers that a core keeps at hand: a megabyte of float32
REGISTERS = 2**14  # numbers of 4 bytes that a GPU's multiprocessor keeps at hand, of U
KERNEL_SAMPLES = 256  # samples that one kernel takes


def block_size(params: Params, batch_size: int, fused: bool) -> int:
    """How many samples to take at a time: a multiple of the batch size, as measured to be best.

    More samples make larger products, but each sample's correction takes as many vectors.

    Args:
        fused: as for `descend`, on a CPU; a GPU's kernel takes `in_a_kernel`.
    """
    first = params.V if params.W is None else params.W
    if fused and first.nbytes <= NEAREST:
        return 1
    if batch_size > (7 if first.size <= SMALL_LAYER else 32):
        return batch_size
    return batch_size * (BLOCK // batch_size)


def in_a_kernel(params: Params) -> int:
    """How many samples one kernel of a GPU takes (`kernel`): 0 where their numbers find no room."""
    if params.W is None or params.V.dtype not in (jnp.float32, jnp.float64):
        return 0
    m, q = (power_of_2(len(A)) for A in (params.V, params.W))
    words = q * params.V.dtype.itemsize // 4
    most = min(REGISTERS // words, KERNEL_SAMPLES)
    return most if most >= 8 and 2 * m * words <= REGISTERS else 0


def power_of_2(n: int) -> int:
    """The first that is no less than n.

    Example:
        >>> [power_of_2(n) for n in (1, 4, 5, 200)]
        [1, 4, 8, 256]
    """
    return 1 << (n - 1).bit_length()


def blocks_at_once(blocks: int, numbers: int, weights: int) -> int:
    """Of how many blocks to fetch the samples at once, so that time grows no faster than n.

    Rows that lie about in memory come faster together, as long as the cache holds them beside the
    first layer's weights, their change, and as much again. Where it holds few blocks, they come
    one by one: copying them out of what was fetched costs more than it saves.

    Args:
        blocks: in an epoch.
        numbers: of X and Y, in a block.
        weights: of the first layers that are worked at together.
    """
    most = (CACHED - 4 * weights) // numbers
    return 1 if most < 4 else math.ceil(blocks / math.ceil(blocks / most))


def descend(
    network: Network,
    gradient: Callable,
    batch_size: int,
    block: int,
    on_cpu: bool,
    fused: bool,
    train: tuple[Array, Array],
    params: Params,
    order: Array | None,
    rates: Array,
    summed: Callable[[Array], Array] | None = None,
) -> Params:
    """One pass of plain SGD over the samples, for N networks.

    Args:
        gradient: `autodiff` or `backprop`.
        block: samples at a time, a multiple of the batch size.
        on_cpu: whether the small steps go through the networks one after the other, or stacked.
        fused: whether they are compiled to one function without calls, each of which costs more
            than the arithmetic of a small step: on a GPU, to one kernel.
        train: X and Y.
        params: of N networks, (N, q, d+1) and (N, m, q+1).
        order: row numbers of X, one after the other; None where X and Y are blocks in order,
            (…, block, d) and (…, block, m).
        rates: (N, n): what each sample's gradient is multiplied by, in that order.
        summed: as a `Layer` takes it, where the hidden units are some of several devices'.
    """
    X, Y = train
    W, V = (None if A is None else split_bias(network, A) for A in params)
    layers = (V, None) if W is None else (W, V)
    deltas: Callable = DELTAS[gradient]
    deltas = functools.partial(deltas, summed=summed) if summed else deltas
    steps: Callable = functools.partial(_steps, network, deltas, batch_size)
    if fused:
        steps = _as_one_function(steps) if on_cpu else _as_one_kernel(network)
    directly = _as_one_function(functools.partial(_directly, DELTAS[gradient], network))
    one_block = functools.partial(_one_block, network, steps, on_cpu, block == batch_size)

    def some_blocks(layers: tuple, part: tuple) -> tuple:
        rows, rates = part
        if fused and block == 1:
            x, y = (part[rows[:, 0]].astype(X.dtype) for part in train)
            step = lambda first, rest, rates: directly((first, rest), x, y, rates[:, 0])  # noqa: E731
            return each(on_cpu, step, *layers, rates.swapaxes(0, 1)), None
        return jax.lax.scan(one_block, layers, (X[rows], Y[rows].astype(X.dtype), rates))

    if order is None:
        rates = jnp.pad(rates, ((0, 0), (0, -rates.shape[1] % block))).reshape(-1, len(X), block)
        (first, rest), _ = jax.lax.scan(one_block, layers, (X, Y, rates.swapaxes(0, 1)))
    else:
        numbers = block * (X.shape[1] + Y.shape[1])
        # Sample by sample, each network takes all of them before the next is begun.
        at_hand = layers[0].weights[0] if fused and block == 1 else layers[0].weights
        at_once = blocks_at_once(math.ceil(len(order) / block), numbers, at_hand.size)
        parts = _in_blocks(order, rates, block, at_once)
        (first, rest), _ = jax.lax.scan(some_blocks, layers, parts)
    return (
        Params(None, join_bias(first))
        if rest is None
        else Params(join_bias(first), join_bias(rest))
    )


def _one_block(
    network: Network, steps: Callable, on_cpu: bool, single: bool, layers: tuple, samples: tuple
) -> tuple[tuple, None]:
    """The layers after a block.

    Args:
        single: whether the block is a single batch, which nothing corrects.
    """
    first, rest = layers
    x, y, rates = samples
    G = None if single else x @ x.T + int(network.bias)
    step = lambda U, rest, rates: steps(rest, U, G, y, rates)  # noqa: E731
    rest, Delta = each(on_cpu, step, _products(first, x), rest, rates)
    return (_updated(first, Delta, x), rest), None


def _in_blocks(order: Array, rates: Array, block: int, at_once: int) -> tuple[Array, Array]:
    """The order as (…, at_once, block) and the rates as (…, at_once, N, block), filled up."""
    missing = -len(order) % (at_once * block)  # at rate 0: no change
    order = jnp.pad(order, (0, missing)).reshape(-1, at_once, block)
    rates = jnp.pad(rates, ((0, 0), (0, missing))).reshape(-1, *order.shape)
    return order, jnp.moveaxis(rates, 0, 2)


def each(on_cpu: bool, f: Callable, *args: Any) -> Any:
    """f of the arguments of each network: on a CPU one after the other, else stacked."""
    if len(jax.tree.leaves(args)[0]) == 1:
        return jax.tree.map(lambda a: a[None], f(*jax.tree.map(lambda a: a[0], args)))
    return jax.lax.map(lambda slices: f(*slices), args) if on_cpu else jax.vmap(f)(*args)


def _products(first: Layer, x: Array) -> Array:
    """U of each network, (N, S, q): one product."""
    N, q, d = first.weights.shape
    U = (x @ first.weights.reshape(-1, d).T).reshape(len(x), N, q).swapaxes(0, 1)
    return U if first.bias is None else U + first.bias[:, None]


def _updated(first: Layer, Delta: Array, x: Array) -> Layer:
    """W − ΔᵀX of each network: one product."""
    change = (x.T @ Delta.swapaxes(0, 1).reshape(len(x), -1)).T  # faster than ΔᵀX itself
    weights = first.weights - change.reshape(first.weights.shape)
    return Layer(weights, None if first.bias is None else first.bias - Delta.sum(axis=1))


def _steps(
    network: Network,
    deltas: Callable,
    batch_size: int,
    rest: Any,
    U: Array,
    G: Array | None,
    y: Array,
    rates: Array,
) -> tuple:
    """(the second layer after the block's batches, each step's Δ), U and G as above."""
    if G is None:  # a single batch
        drest, Delta = deltas(network, rest, U, y, rates)
        return _minus(rest, drest), Delta

    def step(carry: tuple, i: Array) -> tuple:
        def now(part: Array) -> Array:
            rows = jax.lax.dynamic_slice_in_dim(part, i, batch_size)
            return rows[0] if batch_size == 1 else rows  # vectors are twice as fast as rows

        rest, Delta = carry  # Delta is 0 for this batch and those to come
        u = now(U) - now(G)[..., : len(Delta)] @ Delta
        drest, delta = deltas(network, rest, u, now(y), now(rates))
        delta = jnp.atleast_2d(delta)
        Delta = jax.lax.dynamic_update_slice_in_dim(Delta, delta, i, axis=0)
        return (_minus(rest, drest), Delta), None

    Delta, part = jnp.zeros_like(U[:0]), batch_size * max(1, SUBBLOCK // batch_size)
    for start in range(0, len(U), part):  # the first have few before them
        end = min(start + part, len(U))
        Delta = jnp.pad(Delta, ((0, end - start), (0, 0)))
        starts = jnp.arange(start, end, batch_size)
        (rest, Delta), _ = jax.lax.scan(step, (rest, Delta), starts)
    return rest, Delta


def _directly(
    deltas: Callable, network: Network, layers: tuple, X: Array, y: Array, rates: Array
) -> tuple:
    """The layers after these samples, one after the other."""
    q, d = layers[0].weights.shape
    turned = q > d  # rows are to be long

    def step(layers: tuple, sample: tuple) -> tuple:
        (W, bias), rest = layers
        x, y, rate = sample
        u = x @ W if turned else W @ x
        drest, delta = deltas(network, rest, u if bias is None else u + bias, y, rate)
        change = jnp.outer(x, delta) if turned else jnp.outer(delta, x)
        return (_minus(Layer(W, bias), Layer(change, bias if bias is None else delta)),
                _minus(rest, drest)), None  # fmt: skip

    (W, bias), rest = layers
    layers = Layer(W.T if turned else W, bias), rest
    ((W, bias), rest), _ = jax.lax.scan(step, layers, (X, y, rates))
    return Layer(W.T if turned else W, bias), rest


def _minus(rest: Any, drest: Any) -> Any:
    return jax.tree.map(jnp.subtract, rest, drest)


def fusible(network: Network) -> bool:
    """Whether the steps may be compiled as one function: with f, g and E of the package's.

    A function of one's own may hold arrays, and XLA ends the process where such a function does.
    """
    return not foreign(network)


def _as_one_function(steps: Callable) -> Callable:
    """The steps as one compiled function.

    XLA's CPU backend runs a loop's operations one call at a time, but for very small loops, which
    it compiles as a whole and marks so. The mark is set here for a loop that is a little larger.
    """

    def marked(*args: Any) -> tuple:
        return set_xla_metadata(
            jax.jit(steps)(*args), xla_cpu_small_call="true", inlineable="false"
        )

    return marked


def _as_one_kernel(network: Network) -> Callable:
    """The steps on a GPU; its languages are imported where there is one."""
    from jaxmlp.train import kernel

    return functools.partial(kernel.steps, network)
