"""回帰。中間層 tanh, 出力層 恒等関数, 二乗誤差"""
import numpy as np
from typing import NamedTuple

HIDDEN = "tanh"
OUTPUT = "identity"
LOSS = "squared_error"


class Grads(NamedTuple):
    dW: np.ndarray
    dV: np.ndarray


def tanh(x):
    return np.tanh(x)


def tanh_dash(x):
    return 1 / np.cosh(x) ** 2


def identity(x):
    return x


def squared_error(g, y):
    return np.sum((g - y) ** 2)


def backprop(W, V, x, y):
    u = W @ x
    z = np.append(1, tanh(u))
    g = identity(V @ z)
    delta2 = 2 * (g - y)
    delta1 = tanh_dash(u) * (V[:, 1:].T @ delta2)
    return np.outer(delta1, x), np.outer(delta2, z)


def backprop_dict(W, V, x, y):
    u = W @ x
    z = np.append(1, tanh(u))
    delta2 = V @ z - y
    delta1 = tanh_dash(u) * (V[:, 1:].T @ delta2)
    return {"dW": np.outer(delta1, x), "dV": np.outer(delta2, z), "delta1": delta1, "delta2": delta2}


def gradients(W, V, x, y):
    u = W @ x
    z = np.append(1, tanh(u))
    delta2 = 2 * (V @ z - y)
    delta1 = tanh_dash(z[1:]) * (V[:, 1:].T @ delta2)
    return Grads(np.outer(delta1, x), np.outer(delta2, z))


def gradient_all(W, V, x, y):
    u = W @ x
    z = np.append(1, tanh(u))
    delta2 = 2 * (V @ z - y)
    delta1 = tanh_dash(u) * (V[:, 1:].T @ delta2)
    return delta2, np.outer(delta2, z), delta1, np.outer(delta1, x)


def loss(W, V, x, y):
    return squared_error(V @ np.append(1, tanh(W @ x)), y)
