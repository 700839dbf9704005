# -*- coding: utf-8 -*-
# 関数は正しいが, 学習ループで間違えた
import numpy as np

x_train = np.load("x_train.npy")
y_train = np.load("y_train.npy")
n, d = x_train.shape
m = y_train.shape[1]
q = 200


def ReLU(x):
    return np.maximum(x, 0), (x > 0) * 1.0


def softmax(x):
    e = np.exp(x - np.max(x))
    return e / e.sum()


def forward(x, W, actfunc):
    z, dz = actfunc(W @ x)
    return np.append(1, z), dz


def backward(V_tilde, delta, derivative):
    return derivative * (V_tilde.T @ delta)


W = np.random.normal(0, 0.3, (q, d + 1))
V = np.random.normal(0, 0.3, (m, q + 1))
eta = 0.1
for epoch in range(10):
    for i in np.random.permutation(n):
        xi = np.append(1, x_train[i, :])
        yi = y_train[i, :]
        z, dz = forward(xi, W, ReLU)
        g = softmax(V @ z)
        delta2 = yi - g                              # 符号が逆
        delta1 = backward(V[:, :-1], delta2, dz)     # 最後の列を除いている
        V = V - eta * np.outer(delta2, z)
        W = W - eta * np.outer(delta1, xi)
    correct = 0
    for i in range(n):
        xi = np.append(1, x_train[i, :])
        z, _ = forward(xi, W, ReLU)
        correct += np.argmax(softmax(V @ z)) == np.argmax(y_train[i, :])
    print(epoch, correct / n)
