"""The three-layer network as pure functions of (W, V) (L3).

Rows are samples. x is (d,) or (n, d), without the 1 that the lecture puts in front: the network
adds it. In a shape, `*n` stands for either: nothing for one sample, n for a batch of rows.
"""

import contextlib
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any, Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import DTypeLike
from jaxtyping import Array, Float, Key

from jaxmlp import losses
from jaxmlp.activations import HIDDEN, OUTPUTS, Activation, Output, activation, look_up
from jaxmlp.activations import output as output_function
from jaxmlp.losses import Loss, Vectors

Reduction = Literal["mean", "sum", "none"]
Inputs = Float[Array | np.ndarray, "*n d"]

INITIALIZERS = {
    "glorot": jax.nn.initializers.glorot_normal(in_axis=1, out_axis=0),
    "he": jax.nn.initializers.he_normal(in_axis=1, out_axis=0),
}


@contextlib.contextmanager
def full_precision() -> Iterator[None]:
    """Products as exact as their numbers, unless JAX's `jax_default_matmul_precision` is set.

    Left to itself, JAX has a GPU round float32 to 11 bits before it multiplies (TF32).

    Example:
        >>> with full_precision(), jax.default_matmul_precision("tensorfloat32"):
        ...     with full_precision():
        ...         jax.config.jax_default_matmul_precision
        'tensorfloat32'
    """
    chosen = getattr(jax.config, "jax_default_matmul_precision")  # noqa: B009
    with jax.default_matmul_precision(chosen or "highest"):
        yield


class Params(NamedTuple):
    """The network's weights.

    Attributes:
        W: input to hidden layer, (q, d+1) with the bias in column 0, (q, d) without bias;
            None where there is no hidden layer.
        V: hidden to output layer, (m, q+1) or (m, q); without hidden layer (m, d+1) or (m, d).
    """

    W: Array | np.ndarray | None
    V: Array | np.ndarray


@dataclass(frozen=True, init=False)
class Network:
    """What is fixed while W and V are learned: f, g and E of L3, and whether there is a bias.

    Args:
        hidden: f, by name ("relu", "sigmoid", "tanh", "identity"), as an `Activation`, or as a
            function of one number in jax.numpy. None: no hidden layer, the perceptron
            y = g(Vx) of L1.
        output: g, by name ("identity", "softmax", "sigmoid", "tanh"), as an `Output` or an
            `Activation`, or as a function of one vector.
        loss: E, by name ("squared_error", "cross_entropy", "binary_cross_entropy"), as a
            `Loss`, or as a function of one (g, y).
        bias: whether x and z have a 1 in front. The lecture's L4 has none.

    Raises:
        ValueError: a name is unknown, or g and E make no sense together.

    Example:
        >>> Network("tanh", "identity", "squared_error").hidden.name
        'tanh'
    """

    hidden: Activation | None
    output: Output
    loss: Loss
    bias: bool

    def __init__(
        self,
        hidden: Activation | Callable | str | None = "relu",
        output: Output | Activation | Callable | str = "softmax",
        loss: Loss | Callable | str = "cross_entropy",
        bias: bool = True,
    ) -> None:
        f = None if hidden is None else activation(hidden)
        g, e = output_function(output), losses.loss_function(loss)
        losses.check_pair(g, e)
        for name, value in (("hidden", f), ("output", g), ("loss", e), ("bias", bias)):
            object.__setattr__(self, name, value)


def foreign(network: Network) -> dict[str, Any]:
    """Those of f, g and E that are none of the package's, by what they are of the network.

    Example:
        >>> [*foreign(Network(hidden=jnp.sin))]
        ['hidden']
    """
    ours = [None, *HIDDEN.values(), *OUTPUTS.values(), *losses.LOSSES.values()]
    parts = {"hidden": network.hidden, "output": network.output, "loss": network.loss}
    return {part: f for part, f in parts.items() if f not in ours}


class Forward(NamedTuple):
    """Every intermediate of the forward pass (L3).

    Attributes:
        u: Wx, (*n, q); None without hidden layer.
        z: (1, f(u)), (*n, q+1), or f(u), (*n, q), without bias; x instead of f(u) without
            hidden layer.
        a: Vz, (*n, m).
        g: g(a), the network's output, (*n, m).
    """

    u: Array | None
    z: Array
    a: Array
    g: Array


def init(
    network: Network,
    sizes: Sequence[int],
    *,
    key: Key[Array, ""],
    initializer: str | float = "glorot",
    dtype: DTypeLike | None = None,
) -> Params:
    """W and V to start from.

    Args:
        sizes: (d, q, m), or (d, m) without hidden layer.
        key: from `jax.random.key`.
        initializer: a number σ draws every weight, biases too, from N(0, σ²), as the exercise
            does with 0.3; "glorot" and "he" draw N(0, 2/(d+q)) and N(0, 2/d) (truncated at two
            standard deviations), with q and m in their turn for V, and biases of 0.
        dtype: JAX's default float where it is not given.

    Raises:
        ValueError: wrong number of sizes, a size below 1, an unknown initializer, σ ≤ 0.

    Example:
        >>> params = init(Network(), (5, 3, 4), key=jax.random.key(0))
        >>> params.W.shape, params.V.shape
        ((3, 6), (4, 4))
    """
    layers = 1 if network.hidden is None else 2
    if len(sizes) != layers + 1 or min(sizes) < 1:
        wanted = "(d, q, m)" if network.hidden else "(d, m)"
        raise ValueError(f"expected {wanted}, each at least 1, got sizes {tuple(sizes)}")
    shapes = zip(sizes[1:], sizes, strict=False)
    keys = jax.random.split(key, layers)
    draw = _drawer(initializer, network.bias, dtype or jnp.result_type(float))
    *W, V = (draw(k, shape) for k, shape in zip(keys, shapes, strict=True))
    return Params(W[0] if W else None, V)


def _drawer(initializer: str | float, bias: bool, dtype: DTypeLike) -> Callable:
    if isinstance(initializer, str):
        weights = look_up(INITIALIZERS, initializer, "initializer")
        column = [(0, 0), (int(bias), 0)]
        return lambda key, shape: jnp.pad(weights(key, shape, dtype), column)
    if not isinstance(initializer, Real) or not 0 < initializer < math.inf:
        raise ValueError(f"expected a standard deviation above 0, got {initializer!r}")
    normal = jax.nn.initializers.normal(initializer)
    return lambda key, shape: normal(key, (shape[0], shape[1] + bias), dtype)


@full_precision()
def forward(
    network: Network,
    params: Params,
    x: Inputs,
    *,
    du: Array | float | None = 0.0,
    da: Array | float = 0.0,
) -> Forward:
    """u = Wx, z = (1, f(u)), a = Vz and g(a), of one sample or of a batch of rows (L3, L27).

    Args:
        x: (d,) or (n, d).
        du, da: added to u and to a: the gradients with respect to them, at 0, are δ1 and δ2.

    Raises:
        ValueError: x, W and V do not fit together.

    Example:
        >>> net = Network("identity", "identity", "squared_error", bias=False)
        >>> params = Params(W=jnp.array([[1.0, 2.0]]), V=jnp.array([[3.0]]))
        >>> forward(net, params, jnp.array([10.0, 1.0])).g.tolist()  # y = VWx (L4)
        [36.0]
    """
    _check_sizes(network, params, x)
    W, V = params
    u, z = None, with_one(network, x)
    if network.hidden is not None:
        u = z @ W.T + du
        z = with_one(network, network.hidden.value(u))
    a = z @ V.T + da
    return Forward(u, z, a, network.output.value(a))


def with_one(network: Network, x: Inputs) -> Float[Array, "*n d1"]:
    """(1, x) of L3: a 1 in front of each row, where the network has a bias."""
    ones = [(0, 0)] * (x.ndim - 1) + [(int(network.bias), 0)]
    return jnp.pad(x, ones, constant_values=1)


def loss(
    network: Network, params: Params, x: Inputs, y: Vectors, *, reduction: Reduction = "mean"
) -> Float[Array, "..."]:
    """E(W, V) (L8 to L10), averaged or summed over a batch.

    Args:
        x: (d,) or (n, d).
        y: (m,) or (n, m).
        reduction: "mean" or "sum" over the rows, or "none", which keeps one number a row.

    Raises:
        ValueError: the shapes do not fit together, or the reduction is unknown.

    Example:
        >>> net = Network("relu", "softmax", "cross_entropy")
        >>> params = Params(W=jnp.ones((3, 6)), V=jnp.zeros((4, 4)))
        >>> round(float(loss(net, params, jnp.ones(5), jnp.eye(4)[0])), 4)  # log 4
        1.3863
    """
    a = forward(network, params, x).a
    check_targets(a, y)
    per_row = losses.error(network.output, network.loss, a, y)
    return look_up(REDUCE, reduction, "reduction")(per_row)


REDUCE = {"mean": jnp.mean, "sum": jnp.sum, "none": lambda per_row: per_row}


def _check_sizes(network: Network, params: Params, x: Inputs) -> None:
    """One line that names what does not fit, instead of a matrix product's message."""
    if jnp.ndim(x) not in (1, 2) or 0 in jnp.shape(x):
        raise ValueError(f"expected x of shape (d,) or (n, d), got {jnp.shape(x)}")
    W, V = params
    if network.hidden is None and W is not None:
        raise ValueError(f"expected W to be None without hidden layer, got shape {jnp.shape(W)}")
    if network.hidden is not None:
        _check_columns("W", W, x.shape[-1], network.bias)
    _check_columns("V", V, x.shape[-1] if W is None else len(W), network.bias)


def _check_columns(name: str, matrix: Array | np.ndarray | None, inputs: int, bias: bool) -> None:
    got = None if matrix is None else jnp.shape(matrix)
    if got is None or len(got) != 2 or got[1] != inputs + bias:
        why = f"{inputs} inputs{' and the bias' if bias else ''}"
        raise ValueError(
            f"expected {name} with {inputs + bias} columns, for {why}, got shape {got}"
        )
    if not jnp.issubdtype(matrix.dtype, jnp.floating):
        raise ValueError(f"expected {name} of floating-point numbers, got {matrix.dtype}")


def check_targets(a: Array, y: Vectors) -> None:
    """Refuse targets of another shape than the output's."""
    if jnp.shape(y) != a.shape:
        raise ValueError(f"expected y of the output's shape {a.shape}, got {jnp.shape(y)}")
