"""Random points with the lecture's symbols, and what JAX says there.

One jitted program gives every value and every slope, by the forward pass and by automatic
differentiation of the network's own loss.
"""

import functools
from collections.abc import Iterator
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from jaxmlp import losses
from jaxmlp.gradients import Gradients
from jaxmlp.network import Network, Params, forward, loss
from jaxmlp.verify.given import Function, Reals, relu, relu_slope, tanh_slope
from jaxmlp.verify.points import Numbers


class LectureSizes(NamedTuple):
    """d, q, m: unequal, and unequal to d + 1 and q + 1, so that a transpose cannot pass."""

    d: int
    q: int
    m: int


# Two of the printed forms conform only where sizes coincide; there they are judged by value.
SIZES = {
    "any": LectureSizes(6, 3, 5),
    "m = q + 1": LectureSizes(6, 3, 4),
    "m = q": LectureSizes(6, 4, 4),
}


def tanh(u: Reals) -> Reals:
    """(e^u − e^{−u}) / (e^u + e^{−u}), as printed (L5)."""
    return (np.exp(u) - np.exp(-u)) / (np.exp(u) + np.exp(-u))


def softmax(a: Reals) -> Reals:
    """e^{a_i} / Σ_l e^{a_l}, as printed, (m,) (L6)."""
    return np.exp(a) / np.exp(a).sum()


LECTURE_ACTIVATIONS: dict[str, tuple[Function, Function]] = {
    "relu": (relu, relu_slope),
    "tanh": (tanh, tanh_slope),
}
NETWORKS = {  # (g, E); f is the point's
    "entropy": ("softmax", "cross_entropy"),
    "squared": ("sigmoid", "squared_error"),
    "linear": ("identity", "squared_error"),
    "binary": ("sigmoid", "binary_cross_entropy"),
}


class Drawn(NamedTuple):
    """What is random at a point.

    Attributes:
        x: (d+1,), the 1 in front.
        y: (m,), the target.
        W, V: (q, d+1) and (m, q+1).
        eta: the step size.
        label: 0 or 1, the perceptron's target.
        r: (7,), arguments of the activations, the first 0.
    """

    x: np.ndarray
    y: np.ndarray
    W: np.ndarray
    V: np.ndarray
    eta: np.ndarray
    label: np.ndarray
    r: np.ndarray


class ForwardValues(NamedTuple):
    """The forward pass: E of the four networks, log g of the softmax, a, z, and the g of each."""

    E: dict[str, Numbers]
    log_g: Numbers
    a: Numbers
    z: Numbers
    g: dict[str, Numbers]


class Slopes(NamedTuple):
    """By autodiff, with respect to W, V, u and a; log g and a have the row i in front.

    Attributes:
        entropy, squared, linear, binary: of E, by `NETWORKS`; None where sizes coincide and they
            are not needed.
        log_g: of log g_i, g softmax.
        a: of a_i = v_i·z.
    """

    entropy: Gradients | None = None
    squared: Gradients | None = None
    linear: Gradients | None = None
    binary: Gradients | None = None
    log_g: Gradients | None = None
    a: Gradients | None = None


class Simple(NamedTuple):
    """What JAX says that does not depend on f.

    Attributes:
        one_hot: (m,), of the class of the largest y.
        neuron, neuron_E, neuron_dw: σ(w·x), w = w_1, and its E and ∂E/∂w under L10.
        two_E: E of L9 without hidden layer, m = 2, V = (w_1, w_2), target (label, 1 − label).
        product, product_dx: the output of L4, and ∂y/∂x, (m, d).
        f, df: (4, 7), ReLU, sigmoid, tanh and max(r, 0) at r, and their derivatives.
        softmax: (m,), of y.
        trace, trace_dW: tr(WᵀW), and its gradient.
    """

    one_hot: Numbers
    neuron: Numbers
    neuron_E: Numbers
    neuron_dw: Numbers
    two_E: Numbers
    product: Numbers
    product_dx: Numbers
    f: Numbers
    df: Numbers
    softmax: Numbers
    trace: Numbers
    trace_dW: Numbers


def _values(f: str, at: Drawn, W: Array, V: Array, du: Array, da: Array) -> ForwardValues:
    nets = {name: Network(f, *pair) for name, pair in NETWORKS.items()}
    passes = {k: forward(net, Params(W, V), at.x[1:], du=du, da=da) for k, net in nets.items()}
    _, z, a, g = passes["entropy"]
    E: dict[str, Numbers] = {
        k: losses.error(net.output, net.loss, passes[k].a, at.y) for k, net in nets.items()
    }
    return ForwardValues(E, jnp.log(g), a, z, {k: passed.g for k, passed in passes.items()})


def _slopes(f: str, wanted: tuple[str, ...], at: Drawn) -> tuple[Slopes, ForwardValues]:
    """One Jacobian of all that is wanted, since compiling many takes long."""

    def outputs(
        W: Array, V: Array, du: Array, da: Array
    ) -> tuple[dict[str, Numbers], ForwardValues]:
        values = _values(f, at, W, V, du, da)
        known = values.E | {"log_g": values.log_g, "a": values.a}
        return {name: known[name] for name in wanted}, values

    shifts = jnp.zeros_like(at.W[:, 0]), jnp.zeros_like(at.V[:, 0])
    jacobians, values = jax.jacrev(outputs, argnums=(0, 1, 2, 3), has_aux=True)(at.W, at.V, *shifts)
    return Slopes(**{name: Gradients(*each) for name, each in jacobians.items()}), values


def _simple(at: Drawn) -> Simple:
    x, w = at.x[1:], Params(None, at.W[:1])
    neuron = Network(None, "sigmoid", "binary_cross_entropy")
    two = Network(None, "softmax", "cross_entropy")
    plain = Network("identity", "identity", "squared_error", bias=False)

    def neuron_E(w: Params) -> Array:
        return loss(neuron, w, x, jnp.stack([at.label]))

    def product(x: Numbers) -> Array:
        return forward(plain, Params(at.W[:, 1:], at.V[:, 1:]), x).g

    def fs(r: Array) -> Array:
        return jnp.stack([jax.nn.relu(r), jax.nn.sigmoid(r), jnp.tanh(r), jnp.maximum(r, 0.0)])

    def trace(W: Numbers) -> Array:
        return jnp.trace(W.T @ W)

    f, df = jax.jvp(fs, (at.r,), (jnp.ones_like(at.r),))
    return Simple(
        jax.nn.one_hot(jnp.argmax(at.y), len(at.y), dtype=at.y.dtype),
        forward(neuron, w, x).g[0], neuron_E(w), jax.grad(neuron_E)(w).V[0],
        loss(two, Params(None, at.W[:2]), x, jnp.stack([at.label, 1 - at.label])),
        product(x), jax.jacobian(product)(x), f, df, jax.nn.softmax(at.y),
        trace(at.W), jax.grad(trace)(at.W),
    )  # fmt: skip


Looked = tuple[dict[str, tuple[Slopes, ForwardValues]], Simple | None]


# Compiling takes longer than running, so it is done once, for all points, and without optimising.
@functools.partial(jax.jit, compiler_options={"xla_backend_optimization_level": 0})
def _look(drawn: dict[str, Drawn]) -> dict[str, Looked]:
    """(slopes and values by f, `Simple`) of the points of each of `SIZES`."""

    def slopes(f: str, wanted: tuple[str, ...], points: Drawn) -> tuple[Slopes, ForwardValues]:
        return jax.vmap(functools.partial(_slopes, f, wanted))(points)

    by_f = {f: slopes(f, (*NETWORKS, "log_g", "a"), drawn["any"]) for f in LECTURE_ACTIVATIONS}
    return {
        "any": (by_f, jax.vmap(_simple)(drawn["any"])),
        "m = q + 1": ({"tanh": slopes("tanh", ("entropy",), drawn["m = q + 1"])}, None),
        "m = q": ({"tanh": slopes("tanh", ("squared",), drawn["m = q"])}, None),
    }


class _Point(NamedTuple):
    """A random point in the lecture's symbols, and what JAX says there.

    Attributes:
        f, df: the f of the hidden layer, and f', as printed.
        x to r: as in `Drawn`.
        d: the slopes, by autodiff.
        net: the values of the forward pass.
        late: the slopes at (W⁽ᵗ⁾, V⁽ᵗ⁺¹⁾); None where sizes coincide.
        simple: what does not depend on f; likewise.
    """

    f: Function
    df: Function
    x: np.ndarray
    y: np.ndarray
    W: np.ndarray
    V: np.ndarray
    eta: np.ndarray
    label: np.ndarray
    r: np.ndarray
    d: Slopes
    net: ForwardValues
    late: Slopes | None
    simple: Simple | None


class Point(_Point):
    """The same with what follows from it: u, z, a, g, Ṽ, and the gradients of L9."""

    u = property(lambda p: p.W @ p.x)
    z = property(lambda p: np.append(1, p.f(p.u)))
    a = property(lambda p: p.V @ p.z)
    g = property(lambda p: softmax(p.a))
    V_tilde = property(lambda p: p.V[:, 1:])
    dW = property(lambda p: p.d.entropy.dW)
    dV = property(lambda p: p.d.entropy.dV)
    delta1 = property(lambda p: p.d.entropy.delta1)
    delta2 = property(lambda p: p.d.entropy.delta2)


def _draw(rng: np.random.Generator, sizes: LectureSizes, y: np.ndarray) -> Drawn:
    """Units on and off, and none near the kink of the ReLU."""
    d, q, m = sizes
    while True:
        x, W = np.append(1, rng.normal(size=d)), rng.normal(size=(q, d + 1)) / 2
        u = W @ x
        if 0 < np.sum(u > 0) < q and np.abs(u).min() > 0.1:
            break
    V, r = rng.normal(size=(m, q + 1)), np.append(0, rng.normal(size=6))
    return Drawn(x, y, W, V, np.array(rng.uniform(0.1, 1)), np.array(rng.integers(2) * 1.0), r)


def _targets(rng: np.random.Generator, m: int) -> list[np.ndarray]:
    """Two of each: 1-of-K; soft, with Σ y = 1; and any numbers."""
    one_hot = np.eye(m)[rng.permutation(m)[:2]]
    return [*one_hot, *rng.dirichlet(np.ones(m), 2), *rng.uniform(-1, 3, (2, m))]


def draw_lecture_points(seed: int = 0) -> dict[str, list[Point]]:
    """Random points for each of `SIZES`, and what JAX says there, in float64."""
    rng = np.random.default_rng(seed)
    rows = {k: [_draw(rng, n, y) for y in _targets(rng, n.m)] for k, n in SIZES.items()}
    drawn = {kind: Drawn(*map(np.stack, zip(*each, strict=True))) for kind, each in rows.items()}
    with jax.enable_x64(True), jax.default_matmul_precision("highest"):
        now = jax.tree.map(np.asarray, _look(drawn))
        after = {f: _after(drawn, slopes) for f, (slopes, _) in now["any"][0].items()}
        late = {
            f: jax.tree.map(np.asarray, _look(after[f])["any"][0][f]) for f in LECTURE_ACTIVATIONS
        }
    return {kind: list(_points(drawn[kind], now[kind], late)) for kind in drawn}


def _after(drawn: dict[str, Drawn], slopes: Slopes) -> dict[str, Drawn]:
    """The points with V one step later."""
    now = drawn["any"]
    step = now.eta[:, None, None] * slopes.entropy.dV
    return drawn | {"any": now._replace(V=now.V - step)}


def _points(
    drawn: Drawn, looked: Looked, late: dict[str, tuple[Slopes, ForwardValues]]
) -> Iterator[Point]:
    by_f, simple = looked
    for f, (slopes, values) in by_f.items():
        for i in range(len(drawn.x)):
            here = (drawn, slopes, values, late[f][0] if simple else None, simple)
            at, *seen = jax.tree.map(lambda leaf, i=i: leaf[i], here)
            yield Point(*LECTURE_ACTIVATIONS[f], *at, *seen)
