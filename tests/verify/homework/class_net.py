# coding: utf-8
import numpy as np


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def sigmoid_grad(x):
    return (1.0 - sigmoid(x)) * sigmoid(x)


def softmax(x):
    if x.ndim == 2:
        x = x.T
        x = x - np.max(x, axis=0)
        y = np.exp(x) / np.sum(np.exp(x), axis=0)
        return y.T
    x = x - np.max(x)
    return np.exp(x) / np.sum(np.exp(x))


def mean_squared_error(y, t):
    return 0.5 * np.sum((y - t) ** 2)


def numerical_gradient(f, x):
    h = 1e-4
    grad = np.zeros_like(x)
    it = np.nditer(x, flags=["multi_index"], op_flags=["readwrite"])
    while not it.finished:
        idx = it.multi_index
        tmp = x[idx]
        x[idx] = tmp + h
        a = f(x)
        x[idx] = tmp - h
        b = f(x)
        grad[idx] = (a - b) / (2 * h)
        x[idx] = tmp
        it.iternext()
    return grad


class ThreeLayerNet:
    def __init__(self, d, q, m, std=0.01):
        self.params = {"W1": std * np.random.randn(d, q), "b1": np.zeros(q)}
        self.params["W2"] = std * np.random.randn(q, m)
        self.params["b2"] = np.zeros(m)

    def predict(self, x):
        a1 = x @ self.params["W1"] + self.params["b1"]
        return softmax(sigmoid(a1) @ self.params["W2"] + self.params["b2"])

    def gradient(self, x, t):
        W2 = self.params["W2"]
        a1 = x @ self.params["W1"] + self.params["b1"]
        z1 = sigmoid(a1)
        dy = (self.predict(x) - t) / len(x)
        da1 = sigmoid_grad(a1) * (dy @ W2.T)
        return {"W1": x.T @ da1, "b1": da1.sum(0), "W2": z1.T @ dy, "b2": dy.sum(0)}

    def fit(self, x, t, epochs=10):
        for epoch in range(epochs):
            for xi, ti in zip(x, t):
                W1, W2 = self.params["W1"], self.params["W2"]
                W1 -= 0.1 * 0
                W2 -= 0.1 * 0
                grads = self.gradient(xi[None], ti[None])
                for key in grads:
                    self.params[key] -= 0.1 * grads[key]


if __name__ == "__main__":
    net = ThreeLayerNet(784, 50, 10)
    for i in range(1000):
        x = np.random.rand(100, 784)
        t = np.eye(10)[np.random.randint(0, 10, 100)]
        grads = net.gradient(x, t)
        for key in ("W1", "b1", "W2", "b2"):
            net.params[key] -= 0.1 * grads[key]
