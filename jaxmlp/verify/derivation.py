"""The derivation as steps, at many points at once.

x is (points, n, d+1), with its 1, W is (points, q, d+1), V is (points, m, q+1), and what follows
from them likewise.
"""

import functools
from collections.abc import Callable
from typing import NamedTuple

import jax
import numpy as np

from jaxmlp import losses
from jaxmlp.activations import HIDDEN, OUTPUTS
from jaxmlp.losses import LOSSES
from jaxmlp.network import Network
from jaxmlp.verify import given
from jaxmlp.verify.layouts import prepend_one
from jaxmlp.verify.points import Points
from jaxmlp.verify.program import DerivationProgram, Formula, Quantities

STEPS: dict[str, Formula] = {
    "u": lambda q: q.x @ q.W.mT,
    "fu": lambda q: q.by.f(q.u),
    "z": lambda q: prepend_one(q.fu) if q.bias else q.fu,
    "a": lambda q: q.z @ q.V.mT,
    "g": lambda q: q.by.g(q.a),
    "delta2": lambda q: q.by.delta2(q.a, q.y),
    "share": lambda q: np.full((len(q.x), 1, 1), 1 / q.x.shape[1] if q.mean else 1.0),
    "dV": lambda q: q.delta2.mT @ q.z * q.share,
    "V_tilde": lambda q: q.V[..., int(q.bias) :],
    "slope": lambda q: q.by.slope(q.u),
    "delta1": lambda q: q.delta2 @ q.V_tilde * q.slope,
    "dW": lambda q: q.delta1.mT @ q.x * q.share,
}
USES: dict[str, tuple[str, ...]] = {
    "u": ("x", "W"),
    "fu": ("u",),
    "z": ("fu",),
    "a": ("z", "V"),
    "g": ("a",),
    "delta2": ("a", "y"),
    "share": (),
    "dV": ("delta2", "z", "share"),
    "V_tilde": ("V", "dV"),  # dV, since V may have been updated too early
    "slope": ("u",),
    "delta1": ("delta2", "V_tilde", "slope"),
    "dW": ("delta1", "x", "share"),
}
DERIVATION = DerivationProgram(STEPS, USES, ("W", "V", "x", "y"))
# What the gradients are the products of: a δ, and what its layer is given.
MADE_OF = {"dV": ("delta2", "z"), "dW": ("delta1", "x")}
SYMBOL = {"delta2": "δ2", "delta1": "δ1", "dV": "∂E/∂V", "dW": "∂E/∂W", "share": "∂E/∂V, ∂E/∂W"}


class Functions(NamedTuple):
    """The functions of a network, of NumPy arrays, and what they are called.

    Attributes:
        f, slope, g: f, f' and g.
        pullback: (a, r) to Jᵀr, J being the Jacobian of g.
        dE: (g, y) to ∂E/∂g.
        delta2: (a, y) to δ2.
        hidden, output, loss: the names of f, g and E.
    """

    f: Callable
    slope: Callable
    g: Callable
    pullback: Callable
    dE: Callable
    delta2: Callable
    hidden: str
    output: str
    loss: str


def functions_named(hidden: str, output: str, loss: str) -> Functions:
    """Those of these names."""
    return Functions(
        given.F[hidden], given.SLOPE[hidden], given.G[output], given.PULLBACK[output],
        given.D_ERROR[loss], functools.partial(given.delta2, output, loss), hidden, output, loss,
    )  # fmt: skip


@functools.cache
def functions(network: Network) -> Functions:
    """Those of a network; of one with an f, g or E of somebody's own, JAX's."""
    f, g, e = network.hidden, network.output, network.loss
    if HIDDEN.get(f.name) is f and OUTPUTS.get(g.name) is g and LOSSES.get(e.name) is e:
        return functions_named(f.name, g.name, e.name)
    slope = jax.vmap(jax.grad(f.value))
    return Functions(
        numpy_call(f.value), numpy_call(lambda u: slope(u.ravel()).reshape(u.shape)),
        numpy_call(g.value), numpy_call(g.pullback), numpy_call(e.derivative),
        numpy_call(lambda a, y: losses.delta2(g, e, a, y)), f.name, g.name, e.name,
    )  # fmt: skip


def numpy_call(function: Callable) -> Callable:
    """A function of JAX arrays as one of NumPy arrays, in float64."""
    jitted = jax.jit(function)

    def call(*args: np.ndarray) -> np.ndarray:
        with jax.enable_x64(True):
            return np.asarray(jitted(*args))

    return call


def right_quantities(
    network: Network, points: Points, *, mean: bool = False, eta: float | None = None
) -> Quantities:
    """The right derivation at these points; with η, that of an update step."""
    return Quantities(DERIVATION, {
        "W": points.W, "V": points.V, "x": prepend_one(points.x) if network.bias else points.x,
        "y": points.y, "by": functions(network), "bias": network.bias, "mean": mean,
        "eta": 1.0 if eta is None else eta, "update": eta is not None})  # fmt: skip
