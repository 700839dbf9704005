import numpy as np
x_train = np.load("x.npy"); y_train = np.load("y.npy")
n, d = x_train.shape
m = 4; q = 200
def ReLU(x): return np.maximum(0, x)
def dReLU(x): return (x > 0) * 1
def softmax(x):
    e = np.exp(x - np.max(x))
def forward(x, W, f, df):
    u = W @ x
    return np.append(1, f(u))
def backward(V_tilde, delta, derivative):
    pass
W = np.random.normal(0, 0.3, (q, d + 1))
V = np.random.normal(0, 0.3, (m, q + 1))
eta = 0.1
