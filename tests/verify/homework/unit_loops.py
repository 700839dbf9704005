# -*- coding: utf-8 -*-
# for 文だけで書いた版
import numpy as np
import math

x_train = np.load("x_train.npy")
y_train = np.load("y_train.npy")
n = x_train.shape[0]
W = np.random.normal(0, 0.3, (200, 785))
V = np.random.normal(0, 0.3, (4, 201))


def ReLU(x):
    y = np.zeros(len(x))
    for i in range(len(x)):
        if x[i] > 0:
            y[i] = x[i]
    return y


def softmax(x):
    s = 0
    M = max(x)
    for k in range(len(x)):
        s += math.exp(x[k] - M)
    return np.array([math.exp(x[k] - M) / s for k in range(len(x))])


for epoch in range(10):
    eta = 0.1 / (epoch + 1)
    for i in range(n):
        x = np.ones(785)
        x[1:] = x_train[i]
        y = y_train[i]
        u = np.zeros(200)
        for j in range(200):
            u[j] = np.sum(W[j] * x)
        z = np.ones(201)
        z[1:] = ReLU(u)
        a = np.zeros(4)
        for k in range(4):
            a[k] = np.sum(V[k] * z)
        g = softmax(a)
        delta2 = np.zeros(4)
        for k in range(4):
            delta2[k] = g[k] - y[k]
        delta1 = np.zeros(200)
        for j in range(200):
            if u[j] > 0:
                for k in range(4):
                    delta1[j] += V[k, j + 1] * delta2[k]
        for k in range(4):
            V[k] = V[k] - eta * delta2[k] * z
        for j in range(200):
            W[j] = W[j] - eta * delta1[j] * x
