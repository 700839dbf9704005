"""The steps of a block as one kernel of a GPU: one sample after the other, each network on one of
its multiprocessors.

As calls of a GPU, a step's few vectors cost ten times their arithmetic. Here u of all samples of
the block and V stay in registers: each sample's Δ is at once taken from the u of those to come,

    u_i = U_i,  Δ_i = η_i δ1(u_i, V),  V ← V − η_i δ2 z_iᵀ,  U_j ← U_j − G_ji Δ_i,

which is `blocked`'s sum the other way round. Sizes are filled up to powers of 2, as such kernels
want it. They are written for Pallas' Triton backend; in a JAX without it the steps are XLA's, as
they are where a compiler refuses the kernel.
"""

import functools
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jax.experimental import pallas
from jax.experimental.pallas import triton
from jaxtyping import Array

from jaxmlp.activations import SOFTMAX
from jaxmlp.losses import error
from jaxmlp.network import Network
from jaxmlp.train.blocked import power_of_2
from jaxmlp.train.layers import Layer

A_THREAD = 160  # numbers that a thread's registers hold, beside what it needs itself


def steps(
    network: Network, second: Layer, U: Array, G: Array, y: Array, rates: Array, *,
    interpret: bool = False,
) -> tuple[Layer, Array]:  # fmt: skip
    """(the second layer after the block's samples, each one's Δ): as `blocked`'s.

    Args:
        second: V, (m, q), and its bias.
        U: (S, q), Wx of each sample, with the W before the block.
        G: (S, S), the samples' products with each other.
        y: (S, m).
        rates: (S,).
        interpret: computed without a GPU, for tests.
    """
    (S, q), m = U.shape, y.shape[1]
    P, Q, M = map(power_of_2, (S, q, m))
    wide = Layer(_filled(second.weights, M, Q), second.bias)
    wide = wide if wide.bias is None else wide._replace(bias=_filled(wide.bias, M))
    shapes = jax.tree.map(lambda a: jax.ShapeDtypeStruct(a.shape, a.dtype), wide)
    warps = min(max(power_of_2(-(-Q * (P + 4 * M) // (32 * A_THREAD))), 4), 16)
    wide, Delta = pallas.pallas_call(
        functools.partial(_kernel, network, (S, q, m)),
        out_shape=(shapes, jax.ShapeDtypeStruct((P, Q), U.dtype)),
        compiler_params=triton.CompilerParams(num_warps=warps, num_stages=1),
        interpret=interpret,
    )(wide, _filled(U, P, Q), _filled(G, P, P), _filled(y, P, M), _filled(rates, P))
    bias = None if wide.bias is None else wide.bias[:m]
    return Layer(wide.weights[:m, :q], bias), Delta[:S, :q]


def _filled(A: Array, *shape: int) -> Array:
    """A with zeros after its rows and columns."""
    return jnp.pad(A, [(0, long - short) for long, short in zip(shape, A.shape, strict=True)])


def _kernel(
    network: Network, sizes: tuple[int, ...], second: Any, U: Any, G: Any, y: Any, rates: Any,
    second_after: Any, Delta: Any,
) -> None:  # fmt: skip
    """What one network's threads do; arguments and results lie in the GPU's memory."""
    samples, *real = sizes
    slopes = jax.grad(functools.partial(_error, network, real), (0, 1))
    rows = jnp.arange(len(U))[:, None]

    def step(i: Array, carry: tuple) -> tuple:
        U, second = carry
        before = G[i, :]
        u = jnp.sum(jnp.where(rows == i, U, 0), axis=0)
        dsecond, delta = slopes(second, u, y[i, :], rates[i])
        Delta[i, :] = delta
        return U - before[:, None] * delta[None], jax.tree.map(jnp.subtract, second, dsecond)

    start = U[...], jax.tree.map(lambda part: part[...], second)
    _, last = jax.lax.fori_loop(0, samples, step, start)
    for place, part in zip(jax.tree.leaves(second_after), jax.tree.leaves(last), strict=True):
        place[...] = part


def _error(
    network: Network, sizes: Sequence[int], second: Layer, u: Array, y: Array, rate: Array
) -> Array:
    """η E of one sample, of which what is filled up is no part."""
    q, m = sizes
    h = jnp.where(jnp.arange(len(u)) < q, network.hidden.value(u), 0)
    a = jnp.sum(second.weights * h[None], axis=1)
    a = a if second.bias is None else a + second.bias
    nothing = -1e30 if network.output is SOFTMAX else 0  # whose e^a is 0
    return rate * error(
        network.output, network.loss, jnp.where(jnp.arange(len(y)) < m, a, nothing), y
    )
