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
    return np.vstack([np.ones((1, 1)), f(u)]), df(u)
def backward(V_tilde, delta, derivative):
    return V_tilde.T @ delta * derivative
W = np.random.normal(0, 0.3, (q, d + 1))
V = np.random.normal(0, 0.3, (m, q + 1))
eta = 0.1
for epoch in range(10):
    eta_t = eta / (epoch + 1)
    for i in np.random.permutation(n):
        xi = np.append(1, x_train[i, :]).reshape(-1, 1)
        yi = y_train[i, :].reshape(-1, 1)
        z, dz = forward(xi, W, ReLU, dReLU)
        g = softmax(V @ z)
        delta2 = g - yi
        delta1 = backward(V[:, 1:], delta2, dz)
        V = V - eta_t * delta2 @ z.T
        W = W - eta_t * delta1 @ xi.T
