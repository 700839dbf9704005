"""The activations that are handed to a person's `forward`: NumPy, for numbers and arrays."""

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
