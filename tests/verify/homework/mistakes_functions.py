import numpy as np
import math


def ReLU(x):
    # 数にしか使えない
    if x > 0:
        return x
    else:
        return 0


def dReLU(x):
    return 1 if x >= 0 else 0


def sigmoid(x):
    return 1.0 / (1.0 + math.exp(-x))


def d_sigmoid(x):
    return x * (1 - x)


def tanh(x):
    return (np.exp(x) - np.exp(-x)) / (np.exp(x) + np.exp(-x))


def d_tanh(x):
    return 1 - np.tanh(x)


def softmax(x):
    return np.exp(x)


def CrossEntoropy(g, y):
    return -np.sum(y * np.log(g + 1e-10))


def forward(x, W, actfunc, d_actfunc):
    u = np.dot(W, x)
    return actfunc(u), d_actfunc(u)


def backward(V_tilde, delta, derivative):
    return np.dot(V_tilde, delta) * derivative
