# 知能プログラミング演習 第2回 課題  学籍番号 30114999
import os
import sys

import numpy as np
import matplotlib.pyplot as plt
import seaborn as sns

os.chdir(os.path.dirname(os.path.abspath(sys.argv[0])))

x_train = np.load("./x_train.npy")
y_train = np.load("./y_train.npy")
x_test = np.load("./x_test.npy")
y_test = np.load("./y_test.npy")
n, d = x_train.shape
n_test, _ = x_test.shape
m = 4


def ReLU(x):
    return np.maximum(x, 0)


def dReLU(x):
    return (x > 0).astype(int)


def softmax(x):
    x = x - np.max(x)
    return np.exp(x) / np.sum(np.exp(x))


def CrossEntoropy(g, y):
    return -np.sum(y * np.log(g))


def forward(x, W, actfunc, d_actfunc):
    u = np.dot(W, x)
    z = np.append(1, actfunc(u))
    return z, d_actfunc(u)


def backward(V_tilde, delta, derivative):
    return np.dot(V_tilde.T, delta) * derivative


q = 200
np.random.seed(123)
W = np.random.normal(0, 0.3, (q, d + 1))
V = np.random.normal(0, 0.3, (m, q + 1))

num_epoch = 10
eta = 0.1
e_train, e_test = [], []
for epoch in range(0, num_epoch):
    index = np.random.permutation(n)
    eta_t = eta / (epoch + 1)
    e = np.full(n, np.nan)
    for i in index:
        xi = np.append(1, x_train[i, :])
        yi = y_train[i, :]

        # 順伝播
        z, u_deriv = forward(xi, W, ReLU, dReLU)
        g = softmax(np.dot(V, z))

        # 誤差
        e[i] = CrossEntoropy(g, yi)

        # 逆伝播
        delta_2 = g - yi

        V = V - eta_t * np.outer(delta_2, z)
    e_train.append(np.mean(e))

    e = np.full(n_test, np.nan)
    for j in range(n_test):
        xi = np.append(1, x_test[j, :])
        yi = y_test[j, :]
        z, _ = forward(xi, W, ReLU, dReLU)
        g = softmax(np.dot(V, z))
        e[j] = CrossEntoropy(g, yi)
    e_test.append(np.mean(e))
    print(epoch, e_train[-1], e_test[-1])

plt.plot(e_train)
plt.plot(e_test)
plt.yscale("log")
plt.savefig("./error.pdf")

predict = np.zeros((m, m))
for j in range(n_test):
    xi = np.append(1, x_test[j, :])
    yi = y_test[j, :]
    z, _ = forward(xi, W, ReLU, dReLU)
    predict[np.argmax(yi), np.argmax(np.dot(V, z))] += 1
sns.heatmap(predict, annot=True, fmt="g", cmap="Blues")
plt.savefig("./confusion.pdf")
