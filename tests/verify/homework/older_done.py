# -*- coding: utf-8 -*-
import numpy as np
import matplotlib.pyplot as plt
import glob

files = glob.glob("./data/train/*.csv")
files_test = glob.glob("./data/test/*.csv")
n, n_test = len(files), len(files_test)
d, q, m = 784, 200, 4


def ReLU(x):
    return np.where(x > 0, x, 0), np.where(x > 0, 1, 0)


def softmax(x):
    ex = np.exp(x - x.max())
    return ex / ex.sum()


def CrossEntoropy(g, y):
    return -np.dot(y, np.log(g))


def forward(x, w, fncs):
    f, df = fncs(w.dot(x))
    return np.hstack((1, f)), df


def backward(v, delta, derivative):
    return v.T.dot(delta) * derivative


w = np.random.normal(0, 0.3, (q, d + 1))
v = np.random.normal(0, 0.3, (m, q + 1))
eta = 0.1
e_train = []
for epoch in range(50):
    error = []
    eta_t = eta / (epoch + 1)
    for i in np.random.permutation(n):
        data = np.loadtxt(files[i], delimiter=",")
        xi = np.append(1, data[1:] / 255)
        yi = np.zeros(m)
        yi[int(data[0])] = 1

        z, dz = forward(xi, w, ReLU)
        g = softmax(v.dot(z))
        error.append(CrossEntoropy(g, yi))

        delta_2 = g - yi
        delta_1 = backward(v[:, 1:], delta_2, dz)
        v -= eta_t * np.outer(delta_2, z)
        w -= eta_t * np.outer(delta_1, xi)
    e_train.append(sum(error) / n)
    print(epoch, e_train[-1])
np.savetxt("w.csv", w)
np.savetxt("v.csv", v)
plt.plot(e_train)
plt.savefig("error.pdf")
