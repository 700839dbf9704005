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
"""

import functools
import math

import jax
import jax.numpy as jnp
from jax.experimental.xla_metadata import set_xla_metadata
from jaxtyping import Array

from jaxmlp import losses
from jaxmlp.gradients import autodiff, backprop
from jaxmlp.network import Network, Params, with_one

SMALL = 16_384  # weights of a first layer whose products are not worth a block of batches


def block_size(params: Params, batch_size: int) -> int:
    """How many samples to take at a time: a multiple of the batch size, as measured to be best.

    More samples make larger products, but each sample's correction takes as many vectors.
    """
    first = params.V if params.W is None else params.W
    small = first.size <= SMALL
    if batch_size > (7 if small else 32):
        return batch_size
    samples = 32 if small and batch_size == 1 else 64
    return batch_size * (samples // batch_size)


def descend(
    network: Network,
    gradient,
    batch_size: int,
    block: int,
    fused: bool,
    train: tuple[Array, Array],
    params: Params,
    order: Array,
    etas: Array,
) -> Params:
    """One pass of plain SGD over the samples.

    Args:
        gradient: `autodiff` or `backprop`.
        block: samples at a time, a multiple of the batch size.
        fused: whether the small steps are compiled to one function without calls (on a CPU,
            where each call costs more than the arithmetic of a small step).
        train: X and Y.
        order: row numbers of X, one after the other.
        etas: the step size of each batch.
    """
    X, Y = train
    order, rates = _in_blocks(order, etas, batch_size, block)

    def one_block(params, part):
        rows, rates = part
        x, y = with_one(network, X[rows]), Y[rows]
        first, rest = (params.V, None) if params.W is None else params
        products = (
            (first @ x.T).T if block > batch_size else x @ first.T,
            x @ x.T if block > batch_size else None,
        )
        steps = functools.partial(_steps, network, DELTAS[gradient], batch_size)
        rest, Delta = (_as_one_function(steps) if fused else steps)(rest, *products, y, rates)
        first = first - Delta.T @ x
        return Params(None, first) if rest is None else Params(first, rest), None

    return jax.lax.scan(one_block, params, (order, rates))[0]


def _in_blocks(order, etas, batch_size: int, block: int):
    """The row numbers, and for each of them η over its batch's size, as (blocks, samples).

    What the last block lacks are samples with rate 0, which change nothing.
    """
    n = len(order)
    batch = jnp.arange(n) // batch_size
    rates = etas[batch] / jnp.minimum(batch_size, n - batch * batch_size).astype(etas.dtype)
    missing = math.ceil(n / block) * block - n
    return (jnp.pad(part, (0, missing)).reshape(-1, block) for part in (order, rates))


def _steps(network, deltas, batch_size: int, rest, U, G, y, rates):
    """(the second layer after the block's batches, each step's Δ), U and G as above."""
    if G is None:  # a single batch
        drest, Delta = deltas(network, rest, U, y, rates)
        return _minus(rest, drest), Delta

    def step(carry, i):
        def now(part):
            return jax.lax.dynamic_slice_in_dim(part, i, batch_size)

        rest, Delta = carry  # Delta is 0 for this batch and those to come
        u = now(U) - now(G) @ Delta
        drest, delta = deltas(network, rest, u, now(y), now(rates))
        Delta = jax.lax.dynamic_update_slice_in_dim(Delta, delta, i, axis=0)
        return (_minus(rest, drest), Delta), None

    starts = jnp.arange(0, len(U), batch_size)
    return jax.lax.scan(step, (rest, jnp.zeros_like(U)), starts)[0]


def _minus(rest, drest):
    return jax.tree.map(jnp.subtract, rest, drest)


def _by_autodiff(network, V, u, y, rates):
    """The gradients of Σ η_i E_i with respect to V and to each u (a, without hidden layer)."""

    def error(V, u):
        a = u if V is None else with_one(network, network.hidden.value(u)) @ V.T
        return rates @ losses.error(network.output, network.loss, a, y)

    return jax.grad(error, (0, 1))(V, u)


def _by_backprop(network, V, u, y, rates):
    """The same by L15 and L22."""
    z = None if V is None else with_one(network, network.hidden.value(u))
    a = u if V is None else z @ V.T
    delta2 = rates[:, None] * losses.delta2(network.output, network.loss, a, y)
    if V is None:
        return None, delta2
    V_tilde = V[:, int(network.bias) :]
    return delta2.T @ z, delta2 @ V_tilde * network.hidden.derivative(u)


DELTAS = {autodiff: _by_autodiff, backprop: _by_backprop}


def _as_one_function(steps):
    """The steps as one compiled function.

    XLA's CPU backend runs a loop's operations one call at a time, but for very small loops, which
    it compiles as a whole and marks so. The mark is set here for a loop that is a little larger.
    """

    def marked(*args):
        rest, Delta = jax.jit(steps)(*args)
        return rest, set_xla_metadata(Delta, xla_cpu_small_call="true", inlineable="false")

    return marked
