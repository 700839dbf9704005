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

for epoch in range(100):
    dW = np.zeros(W.shape)
    dV = np.zeros(V.shape)
    for i in range(n):
        xi = np.append(1, x_train[i]); yi = y_train[i]
        z, dz = forward(xi, W, ReLU, dReLU)
        delta2 = softmax(V @ z) - yi
        delta1 = backward(V[:, 1:], delta2, dz)
        dV += np.outer(delta2, z) / n
        dW += np.outer(delta1, xi) / n
    W -= eta * dW
    V -= eta * dV
