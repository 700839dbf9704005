import numpy as np
x_train = np.load("x.npy"); y_train = np.load("y.npy")
n, d = x_train.shape
m = 4; q = 200
def ReLU(x): return np.maximum(0, x)
def dReLU(x): return (x > 0) * 1
def softmax(x):
    e = np.exp(x - np.max(x))
    return e / np.sum(e)
def forward(x, W, f, df):
    u = W @ x
    return np.append(1, f(u)), df(u)
def backward(V_tilde, delta, derivative):
    return V_tilde.T @ delta * derivative
W = np.random.normal(0, 0.3, (q, d + 1))
V = np.random.normal(0, 0.3, (m, q + 1))
eta = 0.1

X = np.vstack([np.ones((1, n)), x_train.T])
Y = y_train.T
for epoch in range(100):
    U = np.dot(W, X)
    Z = np.vstack([np.ones((1, n)), ReLU(U)])
    A = np.dot(V, Z)
    G = np.exp(A - A.max(axis=0))
    G = G / G.sum(axis=0)
    delta2 = (G - Y) / n
    delta1 = np.dot(V[:, 1:].T, delta2) * dReLU(U)
    V = V - eta * np.dot(delta2, Z.T)
    W = W - eta * np.dot(delta1, X.T)
