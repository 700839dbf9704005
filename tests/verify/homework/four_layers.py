import numpy as np

W1 = np.random.randn(100, 785)
W2 = np.random.randn(50, 101)
W3 = np.random.randn(10, 51)
x_train = np.load("x.npy")
y_train = np.load("y.npy")


def relu(x):
    return np.maximum(0, x)


def softmax(x):
    e = np.exp(x - np.max(x))
    return e / np.sum(e)


for epoch in range(10):
    for i in range(len(x_train)):
        x = np.append(1, x_train[i])
        u1 = W1 @ x
        z1 = np.append(1, relu(u1))
        u2 = W2 @ z1
        z2 = np.append(1, relu(u2))
        g = softmax(W3 @ z2)
        d3 = g - y_train[i]
        d2 = W3[:, 1:].T @ d3 * (u2 > 0)
        d1 = W2[:, 1:].T @ d2 * (u1 > 0)
        W3 -= 0.1 * np.outer(d3, z2)
        W2 -= 0.1 * np.outer(d2, z1)
        W1 -= 0.1 * np.outer(d1, x)
