"""Random points, and the true gradients there: autodiff, with finite differences as referee."""

import functools
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from jaxtyping import Array

from jaxmlp.gradients import Gradients, autodiff
from jaxmlp.network import Forward, Network, Params, forward, loss
from jaxmlp.verify.layouts import prepend_one

MARGIN = 0.2  # over q: no u is nearer to 0, where a ReLU has no derivative
DIFFERENCE_STEP = 1e-5
AUTODIFF_TOLERANCE = 1e-6  # of finite differences with autodiff, relative to the largest entry


class Sizes(NamedTuple):
    """d, q, m, the number n of rows, and how many draws of parameters.

    Unequal, also to d + 1 and q + 1, so that a transpose fails; n and m are odd and unequal
    primes, so that no product of factors (2, m, n and their inverses) can be taken for another.
    """

    d: int = 7
    q: int = 4
    m: int = 3
    n: int = 11
    draws: int = 3


# A mistake that does not conform at unequal sizes may at these, and can then be named.
EQUAL = (Sizes(7, 5, 5), Sizes(4, 5, 5), Sizes(7, 4, 5), Sizes(5, 5, 5), Sizes(7, 1, 3))


class Points(NamedTuple):
    """Parameters and samples, one draw of parameters with its own rows at each point.

    Attributes:
        W: (draws, q, d+1), or (draws, q, d) without bias.
        V: (draws, m, q+1), or (draws, m, q).
        x: (draws, n, d), without the 1.
        y: (draws, n, m).
    """

    W: np.ndarray
    V: np.ndarray
    x: np.ndarray
    y: np.ndarray

    def single(self) -> "Points":
        """Each row as a point of its own."""
        draws, n = self.x.shape[:2]
        W, V = (np.repeat(p, n, axis=0) for p in (self.W, self.V))
        return Points(W, V, *(v.reshape(draws * n, 1, -1) for v in (self.x, self.y)))


def draw_points(network: Network, sizes: Sizes, *, seed: int = 0) -> Points:
    """Points at which no u is near 0, and each hidden unit is on in some and off in others.

    The numbers are float32's, so that a derivation that computes in float32 sees the same points.
    """
    rng = np.random.default_rng(seed)
    d, q, m, n, draws = sizes
    for _ in range(1000):
        W = _rounded(rng.normal(size=(draws, q, d + network.bias)) * 1.2 / np.sqrt(d))
        V = _rounded(rng.normal(size=(draws, m, q + network.bias)) * 1.5 / np.sqrt(q))
        many = _rounded(rng.normal(size=(draws, 40 * n, d)))
        u = _with_one(network, many) @ W.mT
        near = np.abs(u).min(axis=-1) < MARGIN / q
        clear = np.argsort(near, axis=1, kind="stable")[:, :n]
        x = np.take_along_axis(many, clear[:, :, None], axis=1)
        u = _with_one(network, x) @ W.mT
        on = (u > 0).reshape(-1, q)
        both = on.any(axis=0) & ~on.all(axis=0)
        if np.abs(u).min() >= MARGIN / q and (both.all() or q > 50):
            return Points(W, V, x, _targets(network, rng, (draws, n, m)))
    raise ValueError(f"expected sizes at which the points stay clear of u = 0, got {sizes}")


def _rounded(values: np.ndarray) -> np.ndarray:
    return values.astype(np.float32).astype(np.float64)


def _with_one(network: Network, x: np.ndarray) -> np.ndarray:
    return prepend_one(x) if network.bias else x


def _targets(network: Network, rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """1-of-K for classes, 0 or 1 for each output, or real numbers."""
    if network.loss.name == "cross_entropy" or network.output.name == "softmax":
        return np.eye(shape[-1])[rng.integers(shape[-1], size=shape[:-1])]
    if network.loss.name == "binary_cross_entropy":
        return rng.integers(2, size=shape).astype(float)
    return _rounded(rng.normal(size=shape))


class Truth(NamedTuple):
    """What is true at points of one row each.

    Attributes:
        dW, dV, delta1, delta2: the gradients by autodiff.
        u, z, a, g: the intermediates of the forward pass.
    """

    dW: np.ndarray
    dV: np.ndarray
    delta1: np.ndarray
    delta2: np.ndarray
    u: np.ndarray
    z: np.ndarray
    a: np.ndarray
    g: np.ndarray


def truth(network: Network, points: Points) -> Truth:
    """The gradients by autodiff at points of one row, once finite differences confirm them.

    Raises:
        ValueError: the two disagree, so that nothing can be judged on this network.
    """
    with jax.enable_x64(True), jax.default_matmul_precision("highest"):
        exact, slopes, values = jax.tree.map(np.asarray, _truth(network, points))
    for name, slope in zip(("dW", "dV"), slopes, strict=True):
        apart = np.abs(getattr(exact, name) - slope).max()
        if not apart <= AUTODIFF_TOLERANCE * np.abs(slope).max():
            raise ValueError(
                f"expected autodiff and finite differences to agree on {name} of this network, "
                f"got a difference of {apart:.1e}: is an f, g or E not differentiable?"
            )
    return Truth(exact.dW, exact.dV, exact.delta1, exact.delta2, *values)


Numbers = np.ndarray | Array
Comparison = tuple[Gradients, Params, Forward]  # by autodiff, by finite differences; the values


# Run a few times only: compiling it is what takes the time.
@functools.partial(
    jax.jit, static_argnums=0, compiler_options={"xla_backend_optimization_level": 0}
)
def _truth(network: Network, points: Points) -> Comparison:
    return jax.vmap(functools.partial(_at_one_point, network))(*points)


def _at_one_point(network: Network, W: Numbers, V: Numbers, x: Numbers, y: Numbers) -> Comparison:
    exact = autodiff(network, Params(W, V), x, y, reduction="sum")
    flat, shaped = ravel_pytree(Params(W, V))

    def error(p: Array) -> Array:
        return loss(network, shaped(p), x, y, reduction="sum")

    steps = DIFFERENCE_STEP * jnp.eye(flat.size, dtype=flat.dtype)
    slopes = jax.vmap(lambda e: (error(flat + e) - error(flat - e)) / (2 * DIFFERENCE_STEP))(steps)
    return exact, shaped(slopes), forward(network, Params(W, V), x)
