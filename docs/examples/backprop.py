import numpy as np


def backprop(W, V, x, y):
    u = W @ x
    z = np.append(1, np.maximum(u, 0))
    e = np.exp(V @ z - np.max(V @ z))
    delta2 = e / e.sum() - y
    delta1 = V[:, 1:].T @ delta2 * (u > 0)
    return np.outer(delta1, x), np.outer(delta2, z)
