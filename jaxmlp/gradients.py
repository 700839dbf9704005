"""Two ways to the same gradient: `jax.grad`, and the lecture's closed form (L15, L20)."""

from typing import Any, Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from jaxmlp import losses
from jaxmlp.losses import Vectors
from jaxmlp.network import Inputs, Network, Params, check_targets, forward, full_precision, with_one


class Gradients(NamedTuple):
    """What backpropagation computes.

    Attributes:
        dW: ∂E/∂W, of W's shape (L20); None without hidden layer.
        dV: ∂E/∂V, of V's shape (L15).
        delta1: δ1 = ∂E/∂u, (*n, q), one row a sample, undivided (L22); None without hidden layer.
        delta2: δ2 = ∂E/∂a, (*n, m), likewise.
    """

    dW: Array | None
    dV: Array
    delta1: Array | None
    delta2: Array


def autodiff(
    network: Network,
    params: Params,
    x: Inputs,
    y: Vectors,
    *,
    reduction: Literal["mean", "sum"] = "mean",
) -> Gradients:
    """The gradients of E by `jax.grad`, which knows nothing of the lecture's derivation.

    δ1 and δ2 are the gradients with respect to a shift of u and of a.

    Args:
        x: (d,) or (n, d).
        y: (m,) or (n, m).
        reduction: whether dW and dV are those of the mean or of the sum of E over the rows.

    Raises:
        ValueError: the shapes do not fit together, or the reduction is unknown.

    Example:
        >>> net = Network("identity", "identity", "squared_error", bias=False)
        >>> params = Params(W=jnp.array([[1.0, 2.0]]), V=jnp.array([[3.0]]))
        >>> g = autodiff(net, params, jnp.array([10.0, 1.0]), jnp.array([30.0]))
        >>> g.delta2.tolist(), g.delta1.tolist(), g.dV.tolist(), g.dW.tolist()
        ([12.0], [36.0], [[144.0]], [[360.0, 36.0]])
    """

    def total(params: Params, shifts: Any) -> Array:
        a = forward(network, params, x, du=shifts[0], da=shifts[1]).a
        check_targets(a, y)
        return jnp.sum(losses.error(network.output, network.loss, a, y))

    shapes = jax.eval_shape(lambda: forward(network, params, x))
    zeros = jax.tree.map(jnp.zeros_like, (shapes.u, shapes.a))
    (dW, dV), (delta1, delta2) = jax.grad(total, argnums=(0, 1))(params, zeros)
    return _reduced(params, Gradients(dW, dV, delta1, delta2), reduction)


@full_precision()
def backprop(
    network: Network,
    params: Params,
    x: Inputs,
    y: Vectors,
    *,
    reduction: Literal["mean", "sum"] = "mean",
) -> Gradients:
    """The gradients of E by the lecture's closed form; same arguments and result as `autodiff`.

        δ2 = g(a) − y                  (L15; for other pairs of g and E: Jᵀ ∂E/∂g)
        δ1 = Ṽᵀδ2 ⊙ f'(u)              (L22)
        ∂E/∂V = δ2 zᵀ                  (L15)
        ∂E/∂W = δ1 xᵀ                  (L20)

    and over a batch the mean or the sum of the two last.

    Example:
        >>> net = Network("identity", "identity", "squared_error", bias=False)
        >>> params = Params(W=jnp.array([[1.0, 2.0]]), V=jnp.array([[3.0]]))
        >>> g = backprop(net, params, jnp.array([10.0, 1.0]), jnp.array([30.0]))
        >>> g.delta2.tolist(), g.delta1.tolist(), g.dV.tolist(), g.dW.tolist()
        ([12.0], [36.0], [[144.0]], [[360.0, 36.0]])
    """
    u, z, a, _ = forward(network, params, x)
    check_targets(a, y)
    delta2 = losses.delta2(network.output, network.loss, a, y)
    dV = _outer(delta2, z)
    if network.hidden is None:
        return _reduced(params, Gradients(None, dV, None, delta2), reduction)
    V_tilde = params.V[:, int(network.bias) :]
    delta1 = delta2 @ V_tilde * network.hidden.derivative(u)
    dW = _outer(delta1, with_one(network, x))
    return _reduced(params, Gradients(dW, dV, delta1, delta2), reduction)


def _outer(delta: Any, z: Any) -> Array:
    """δzᵀ, summed over the rows of a batch."""
    return jnp.atleast_2d(delta).T @ jnp.atleast_2d(z)


def _reduced(params: Params, total: Gradients, reduction: str) -> Gradients:
    """dW and dV divided as the reduction says, each in the dtype of its parameter."""
    if reduction not in ("mean", "sum"):
        raise ValueError(f"unknown reduction {reduction!r}: expected mean or sum")
    rows = len(jnp.atleast_2d(total.delta2)) if reduction == "mean" else 1
    sums = Params(total.dW, total.dV)
    dW, dV = jax.tree.map(lambda d, p: (d / rows).astype(p.dtype), sums, params)
    return total._replace(dW=dW, dV=dV)


def weighted(
    network: Network,
    params: Params,
    x: Float[Array | np.ndarray, "n d"],
    found: Gradients,
    weights: Float[Array | np.ndarray, " n"],
) -> Gradients:
    """The gradients of the weighted mean Σ w_i E_i / Σ w_i, from the δ's, which no weight changes.

    Args:
        x: (n, d), the rows that `found` is of.
        found: from either route.
        weights: (n,), from 0; where all are 0, dW and dV are 0, too.

    Example:
        >>> net = Network(None, "identity", "squared_error", bias=False)
        >>> params, x, y = Params(None, jnp.ones((1, 1))), jnp.ones((2, 1)), jnp.zeros((2, 1))
        >>> found = backprop(net, params, x * jnp.array([[1.0], [3.0]]), y)
        >>> weights = jnp.array([1.0, 0.0])
        >>> found.dV.tolist(), weighted(net, params, x, found, weights).dV.tolist()
        ([[10.0]], [[2.0]])
    """
    total = jnp.sum(weights)
    share = (weights / jnp.where(total > 0, total, 1))[:, None]
    dV = _outer(share * found.delta2, forward(network, params, x).z)
    if found.delta1 is None:
        return found._replace(dV=dV)
    return found._replace(dV=dV, dW=_outer(share * found.delta1, with_one(network, x)))


class Difference(NamedTuple):
    """How far two `Gradients` are apart.

    Attributes:
        absolute: the largest difference of two entries.
        relative: the largest difference over the largest entry of the other, worst of the four.
    """

    absolute: float
    relative: float


def difference(one: Gradients, other: Gradients) -> Difference:
    """How far one gradient is from the other, over dW, dV, δ1 and δ2.

    Raises:
        ValueError: their shapes differ.

    Example:
        >>> g = Gradients(jnp.ones((2, 3)), jnp.ones((4, 3)), jnp.ones(2), jnp.ones(4))
        >>> difference(g._replace(delta2=jnp.full(4, 1.25)), g)
        Difference(absolute=0.25, relative=0.25)
    """
    shapes = [[None if part is None else np.shape(part) for part in g] for g in (one, other)]
    if shapes[0] != shapes[1]:
        raise ValueError(f"expected gradients of the same shapes, got {shapes[0]} and {shapes[1]}")
    pairs = zip(jax.tree.leaves(one), jax.tree.leaves(other), strict=True)
    sizes = [(np.abs(np.subtract(a, b)).max(), np.abs(b).max()) for a, b in pairs]
    apart, size = np.array(sizes, float).T
    relative = np.divide(apart, size, out=np.where(apart == 0, 0, np.inf), where=size != 0)
    return Difference(float(apart.max()), float(relative.max()))
