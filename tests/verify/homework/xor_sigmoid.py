# XOR: シグモイド 2 層, 二値交差エントロピー
import numpy as np

HIDDEN = "sigmoid"
OUTPUT = "sigmoid"
LOSS = "binary_cross_entropy"


def sigmoid(x):
    return np.where(x >= 0, 1 / (1 + np.exp(-np.abs(x))), np.exp(-np.abs(x)) / (1 + np.exp(-np.abs(x))))


def sigmoid_prime(x):
    return sigmoid(x) - sigmoid(x) ** 2


def binary_cross_entropy(y, t):
    return -np.sum(t * np.log(y) + (1 - t) * np.log(1 - y))


X = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
T = np.array([[0], [1], [1], [0]])
W1 = np.random.randn(2, 3)
b1 = np.zeros((1, 3))
W2 = np.random.randn(3, 1)
b2 = np.zeros((1, 1))
lr = 0.5
for step in range(10000):
    a1 = X @ W1 + b1
    z1 = sigmoid(a1)
    y = sigmoid(z1 @ W2 + b2)
    delta2 = (y - T) / len(X)
    delta1 = (delta2 @ W2.T) * z1 * (1 - z1)
    W2 -= lr * z1.T @ delta2
    b2 -= lr * delta2.sum(axis=0, keepdims=True)
    W1 -= lr * X.T @ delta1
    b1 -= lr * delta1.sum(axis=0, keepdims=True)
