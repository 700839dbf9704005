import numpy as np

d, q, m = 16, 6, 4
W = np.random.randn(q, d + 1)
V = np.random.randn(m, q + 1)
alpha = 0.1
count = 0


def softmax(a):
    global count
    count += 1
    return np.exp(a - a.max()) / np.exp(a - a.max()).sum()


def backprop(W, V, x, y):
    dW = np.zeros((q, d + 1))
    dV = np.zeros((m, q + 1))
    u = np.zeros(q)
    for j in range(q):
        u[j] = W[j] @ x
    z = np.append(1, u * (u > 0))
    g = softmax(V @ z)
    for k in range(m):
        dV[k] = (g[k] - y[k]) * z
    for j in range(q):
        s = 0
        for k in range(m):
            s += (g[k] - y[k]) * V[k, j + 1]
        dW[j] = s * (u[j] > 0) * x
    return dW, dV


def update(x, y):
    global W, V
    dW, dV = backprop(W, V, x, y)
    W = W - alpha * dW
    V = V - alpha * dV
