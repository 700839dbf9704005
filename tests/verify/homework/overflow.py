from numpy import *


def relu(x):
    return x * (x > 0)


def relu_grad(x):
    y = zeros_like(x)
    y[x > 0] = 1
    return y


def sigmoid(x):
    return 1 / (1 + exp(-x))


def softmax(x):
    """オーバーフローする"""
    return exp(x) / sum(exp(x))


def cross_entropy(y, t):
    return -sum(t * log(maximum(y, 1e-15)))
