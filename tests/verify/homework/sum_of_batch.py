import numpy as np

REDUCTION = "sum"
HIDDEN = "sigmoid"


def sigmoid(x):
    x = np.clip(x, -500, 500)
    return 1 / (1 + np.exp(-x))


def softmax(X):
    E = np.exp(X - np.max(X, axis=1)[:, np.newaxis])
    return E / np.sum(E, axis=1)[:, np.newaxis]


def backprop(W, V, X, Y):
    X1 = np.insert(X, 0, 1, axis=1)
    F = sigmoid(X1.dot(W.T))
    Z = np.insert(F, 0, 1, axis=1)
    G = softmax(Z.dot(V.T))
    D2 = G - Y
    D1 = D2.dot(V[:, 1:]) * F * (1 - F)
    dV = D2.T.dot(Z)
    dW = D1.T.dot(X1)
    return dW, dV


def update(W, V, X, Y, eta):
    dW, dV = backprop(W, V, X, Y)
    W -= eta * dW
    V -= eta * dV


def sgd_step(W, V, X, Y, lr=0.1):
    dW, dV = backprop(W, V, X, Y)
    return W - lr * dW, V - lr * dV
