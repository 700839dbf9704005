import numpy as np

REDUCTION = "mean"


def softmax(A):
    A = A - A.max(axis=1, keepdims=True)
    E = np.exp(A)
    return E / E.sum(axis=1, keepdims=True)


def train(X, Y, q=100, epochs=20, batch_size=32, eta=0.1, seed=0):
    rng = np.random.default_rng(seed)
    n, d = X.shape
    m = Y.shape[1]
    X = np.hstack([np.ones((n, 1)), X])
    W = rng.normal(0, 0.1, (q, d + 1))
    V = rng.normal(0, 0.1, (m, q + 1))
    for epoch in range(epochs):
        perm = rng.permutation(n)
        for start in range(0, n, batch_size):
            idx = perm[start : start + batch_size]
            xb, yb = X[idx], Y[idx]
            U = xb @ W.T
            Z = np.c_[np.ones(len(xb)), np.maximum(U, 0)]
            G = softmax(Z @ V.T)
            D2 = (G - yb) / len(xb)
            D1 = (D2 @ V[:, 1:]) * (U > 0)
            V -= eta * D2.T @ Z
            W -= eta * D1.T @ xb
    return W, V
