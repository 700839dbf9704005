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

bs = 5
batch_size = 100
for epoch in range(10):
    perm = np.random.permutation(n)
    x_s = x_train[perm]; y_s = y_train[perm]
    for b in range(n // batch_size):
        xb = np.c_[np.ones(batch_size), x_s[b * batch_size:(b + 1) * batch_size]]
        yb = y_s[b * batch_size:(b + 1) * batch_size]
        U = xb @ W.T
        Z = np.c_[np.ones(batch_size), ReLU(U)]
        A = Z @ V.T
        G = np.exp(A) / np.exp(A).sum(axis=1).reshape(-1, 1)
        d2 = (G - yb) / batch_size
        d1 = d2 @ V[:, 1:] * dReLU(U)
        V -= eta * d2.T @ Z
        W -= eta * d1.T @ xb
