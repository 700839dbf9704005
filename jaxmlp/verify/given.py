"""f, f', g and E in NumPy: handed to a person's `forward`, and tried as mistakes by the thousand.

Nothing is taken to be true because it stands here: truth is autodiff's, and at every set of points
these agree with it or nothing is judged.
"""

import numpy as np


def relu(u):
    """max(0, u) (L5)."""
    return np.maximum(u, 0.0)


def relu_slope(u):
    """1 for u > 0, 0 otherwise (L7)."""
    return (np.asarray(u) > 0) * 1.0


def sigmoid(u):
    """1/(1 + e⁻ᵘ) (L5)."""
    return 1 / (1 + np.exp(-np.asarray(u)))


def sigmoid_slope(u):
    """f(1 − f) (L7)."""
    return sigmoid(u) * (1 - sigmoid(u))


def tanh(u):
    """tanh u (L5)."""
    return np.tanh(u)


def tanh_slope(u):
    """1 − f² (L7)."""
    return 1 - np.tanh(u) ** 2


def identity(u):
    """u (L6)."""
    return np.asarray(u) * 1.0


def identity_slope(u):
    """1."""
    return np.ones_like(np.asarray(u) * 1.0)


def relu_pair(u):
    """(f, f'), as the older scripts have it."""
    return relu(u), relu_slope(u)


def sigmoid_pair(u):
    """(f, f')."""
    return sigmoid(u), sigmoid_slope(u)


def tanh_pair(u):
    """(f, f')."""
    return tanh(u), tanh_slope(u)


def identity_pair(u):
    """(f, f')."""
    return identity(u), identity_slope(u)


def softmax(a):
    """e^{a_k} / Σ_i e^{a_i} along the last axis (L6)."""
    e = np.exp(a - a.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def softmax_pullback(a, r):
    """Jᵀr for the Jacobian J of softmax."""
    g = softmax(a)
    return g * (r - (g * r).sum(axis=-1, keepdims=True))


F = {"relu": relu, "sigmoid": sigmoid, "tanh": tanh, "identity": identity}
SLOPE = {
    "relu": relu_slope,
    "sigmoid": sigmoid_slope,
    "tanh": tanh_slope,
    "identity": identity_slope,
}
PAIR = {"relu": relu_pair, "sigmoid": sigmoid_pair, "tanh": tanh_pair, "identity": identity_pair}
G = {"identity": identity, "softmax": softmax, "sigmoid": sigmoid, "tanh": tanh}
PULLBACK = {
    "identity": lambda a, r: r,
    "softmax": softmax_pullback,
    "sigmoid": lambda a, r: sigmoid_slope(a) * r,
    "tanh": lambda a, r: tanh_slope(a) * r,
}
D_ERROR = {
    "squared_error": lambda g, y: 2 * (g - y),
    "cross_entropy": lambda g, y: -y / g,
    "binary_cross_entropy": lambda g, y: (1 - y) / (1 - g) - y / g,
}
ERROR = {
    "squared_error": lambda g, y: ((y - g) ** 2).sum(axis=-1),
    "cross_entropy": lambda g, y: -np.where(y == 0, 0, y * np.log(g)).sum(axis=-1),
    "binary_cross_entropy": lambda g, y: -(y * np.log(g) + (1 - y) * np.log(1 - g)).sum(axis=-1),
    "mean_squared_error": lambda g, y: ((y - g) ** 2).mean(axis=-1),
}
FUSED = {
    ("softmax", "cross_entropy"): lambda a, y: softmax(a) * y.sum(axis=-1, keepdims=True) - y,
    ("sigmoid", "binary_cross_entropy"): lambda a, y: sigmoid(a) - y,
}


def delta2(output, loss, a, y):
    """δ2 = ∂E/∂a of a pair by name (L15, L23)."""
    if (output, loss) in FUSED:
        return FUSED[output, loss](a, y)
    return PULLBACK[output](a, D_ERROR[loss](G[output](a), y))
