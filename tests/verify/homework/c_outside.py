import numpy as np

x_train = np.load("x_train.npy") / 255
label = np.load("label.npy")
n, d = x_train.shape
m, q = 4, 200
x_train = np.c_[np.ones(n), x_train]     # 1 を先に付けておく

W = np.random.normal(0, 0.3, (q, d + 1))
V = np.random.normal(0, 0.3, (m, q + 1))


def ReLU(x):
    return (x + np.abs(x)) / 2


def dReLU(x):
    return np.sign(np.maximum(x, 0))


def softmax(x):
    c = np.max(x)
    return np.exp(x - c) / np.sum(np.exp(x - c))


for epoch in range(10):
    eta_t = 0.1 / (epoch + 1)
    for i in np.random.permutation(n):
        xi = x_train[i]
        yi = np.eye(m)[label[i]]
        u = np.dot(W, xi)
        zi = np.insert(ReLU(u), 0, 1)
        gi = softmax(np.dot(V, zi))
        delta2 = gi - yi
        delta = np.dot(V[:, 1:].T, delta2) * dReLU(u)
        V -= eta_t * np.outer(delta2, zi)
        W -= eta_t * np.outer(delta, xi)
