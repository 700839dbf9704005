import numpy as np


def f(u):
    return np.tanh(u)


def df(u):
    return 1 - np.tanh(u) ** 2


HIDDEN = "tanh"


def softmax(a):
    a = a - a.max()
    return np.exp(a) / np.exp(a).sum()


def train(X, Y, W, V, eta=0.01, max_iter=10000):
    n = len(X)
    t = 0
    while t < max_iter:
        i = t % n
        x = np.append(1, X[i])
        u = W.dot(x)
        z = np.append(1, f(u))
        p = softmax(V.dot(z))
        delta2 = p - Y[i]
        delta1 = V[:, 1:].T.dot(delta2) * df(u)
        W = W - eta * np.outer(delta1, x)
        V = V - eta * np.outer(delta2, z)
        t += 1
    return W, V


if __name__ == "__main__":
    from sklearn.datasets import load_digits

    X, y = load_digits(return_X_y=True)
    Y = np.eye(10)[y]
    W = np.random.randn(30, X.shape[1] + 1) * 0.1
    V = np.random.randn(10, 31) * 0.1
    W, V = train(X / 16, Y, W, V)
