"""f, f', g and δ2 in NumPy: handed to a person's `forward`, and tried as mistakes by the thousand.

Nothing is taken to be true because it stands here: truth is autodiff's, of the f, g and E that
`activations` and `losses` have for JAX, and at every set of points these agree with it or nothing
is judged. In NumPy they stand here alone, but for what the lecture prints otherwise
(`lecture.points`) and for what is recorded operation by operation (`run.modules`).
"""

from collections.abc import Callable
from typing import Any

import numpy as np

Reals = np.ndarray | np.number | float | int
Function = Callable[[Reals], Any]  # f or f', number by number
OfRows = Callable[[np.ndarray], Any]
OfTwo = Callable[[np.ndarray, np.ndarray], Any]


def relu(u: Reals) -> Reals:
    """max(0, u) (L5)."""
    return np.maximum(u, 0.0)


def relu_slope(u: Reals) -> Reals:
    """1 for u > 0, 0 otherwise (L7)."""
    return (np.asarray(u) > 0) * 1.0


def sigmoid(u: Reals) -> Reals:
    """1/(1 + e⁻ᵘ) (L5)."""
    return 1 / (1 + np.exp(-np.asarray(u)))


def sigmoid_slope(u: Reals) -> Reals:
    """f(1 − f) (L7)."""
    return sigmoid(u) * (1 - sigmoid(u))


def tanh(u: Reals) -> Reals:
    """tanh u (L5)."""
    return np.tanh(u)


def tanh_slope(u: Reals) -> Reals:
    """1 − f² (L7)."""
    return 1 - np.tanh(u) ** 2


def identity(u: Reals) -> Reals:
    """u (L6)."""
    return np.asarray(u) * 1.0


def identity_slope(u: Reals) -> Reals:
    """1."""
    return np.ones_like(np.asarray(u) * 1.0)


def softmax(a: np.ndarray) -> np.ndarray:
    """e^{a_k} / Σ_i e^{a_i} along the last axis (L6)."""
    e = np.exp(a - a.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def softmax_pullback(a: np.ndarray, r: np.ndarray) -> np.ndarray:
    """Jᵀr for the Jacobian J of softmax."""
    g = softmax(a)
    return g * (r - (g * r).sum(axis=-1, keepdims=True))


F: dict[str, Function] = {"relu": relu, "sigmoid": sigmoid, "tanh": tanh, "identity": identity}
SLOPE: dict[str, Function] = {
    "relu": relu_slope,
    "sigmoid": sigmoid_slope,
    "tanh": tanh_slope,
    "identity": identity_slope,
}


def _pair(name: str) -> Callable[[Reals], tuple[Reals, Reals]]:
    """(f, f'), as the older scripts have it; a function of its own name, by which it is sent."""

    def pair(u: Reals) -> tuple[Reals, Reals]:
        return F[name](u), SLOPE[name](u)

    pair.__name__ = f"{name}_pair"
    return pair


PAIR = {name: _pair(name) for name in F}
G: dict[str, OfRows] = {"identity": identity, "softmax": softmax, "sigmoid": sigmoid, "tanh": tanh}
PULLBACK: dict[str, OfTwo] = {
    "identity": lambda a, r: r,
    "softmax": softmax_pullback,
    "sigmoid": lambda a, r: sigmoid_slope(a) * r,
    "tanh": lambda a, r: tanh_slope(a) * r,
}
D_ERROR: dict[str, OfTwo] = {
    "squared_error": lambda g, y: 2 * (g - y),
    "cross_entropy": lambda g, y: -y / g,
    "binary_cross_entropy": lambda g, y: (1 - y) / (1 - g) - y / g,
}
FUSED_DELTA: dict[tuple[str, str], OfTwo] = {
    ("softmax", "cross_entropy"): lambda a, y: softmax(a) * y.sum(axis=-1, keepdims=True) - y,
    ("sigmoid", "binary_cross_entropy"): lambda a, y: sigmoid(a) - y,
}


def delta2(output: str, loss: str, a: np.ndarray, y: np.ndarray) -> np.ndarray:
    """δ2 = ∂E/∂a of a pair by name (L15, L23)."""
    if (output, loss) in FUSED_DELTA:
        return FUSED_DELTA[output, loss](a, y)
    return PULLBACK[output](a, D_ERROR[loss](G[output](a), y))
