import numpy as np
HIDDEN = "sigmoid"
def sigmoid(x): return 1/(1+np.exp(-x))
def sigmoid_derivative(x): return x*(1-x)
def dtanh(y): return 1 - y**2
def softmax(x):
    e = np.exp(x - x.max()); return e/e.sum()
W = np.random.randn(5, 8); V = np.random.randn(3, 6)
x_train = np.load("a"); y_train = np.load("b")
for i in range(100):
    x = np.r_[1, x_train[i]]; t = y_train[i]
    h = sigmoid(W @ x)
    z = np.r_[1, h]
    p = softmax(V @ z)
    delta = p - t
    W -= 0.1 * np.outer(V[:, 1:].T @ delta * sigmoid_derivative(W @ x), x)
    V -= 0.1 * np.outer(delta, z)
