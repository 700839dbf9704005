import math
import numpy as np

# いろいろな書き方
relu = np.vectorize(lambda t: t if t > 0 else 0.0)


@np.vectorize
def drelu(t):
    return 1.0 if t > 0 else 0.0


def sigmoid(x, alpha=1.0):
    """標準シグモイド関数"""
    return 1 / (1 + np.exp(-alpha * x))


def sigmoid_derivative(x, alpha=1.0):
    s = sigmoid(x, alpha)
    return alpha * s * (1 - s)


def Tanh(x):
    e1, e2 = math.exp(x), math.exp(-x)
    return (e1 - e2) / (e1 + e2)


def softmax(x, axis=-1):
    e = np.exp(x - np.max(x, axis=axis, keepdims=True))
    return e / np.sum(e, axis=axis, keepdims=True)


def cross_entropy(y_true, y_pred, eps=1e-12):
    y_pred = np.clip(y_pred, eps, 1 - eps)
    return -np.sum(y_true * np.log(y_pred))


def mse(y_pred, y_true):
    return np.mean((y_pred - y_true) ** 2)
