import numpy as np


def relu(u):
    return np.maximum(0.0, u)


def step_function(u):
    return np.array(u > 0, dtype=np.float64)


def softmax(a):
    e = np.exp(a - np.max(a))
    return e / np.sum(e)


def forward_all(W, V, x):
    z = np.append(1, relu(np.dot(W, x)))
    return z, softmax(np.dot(V, z))


def update(W, V, x, y, eta):
    z, g = forward_all(W, V, x)
    d2 = g - y
    d1 = np.dot(V[:, 1:].T, d2) * step_function(np.dot(W, x))
    V = V - eta * np.outer(d2, z)
    W = W - eta * np.outer(d1, x)
    return W, V


if __name__ == "__main__":
    X, T = np.load("x.npy"), np.load("t.npy")
    W = np.random.normal(0, 0.3, (200, X.shape[1] + 1))
    V = np.random.normal(0, 0.3, (T.shape[1], 201))
    for epoch in range(10):
        for i in np.random.permutation(len(X)):
            W, V = update(W, V, np.append(1, X[i]), T[i], 0.1)
        print(epoch)
