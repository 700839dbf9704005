import numpy as np

def ReLU(x):
    return np.maximum(0, x

def dReLU(x):
    retrun np.where(x > 0, 1, 0)

def softmax(x)
    return np.exp(x) / np.sum(np.exp(x))

def CrossEntoropy(g, y):
    return -np.sum(y * np.log(g)))

def sigmoid(x):
	return 1 / (1 + np.exp(-x))

def tanh(x):
    a = np.exp(x)
	b = np.exp(-x)
	return (a - b) / (a + b)

def forward(x, W, actfunc, d_actfunc):
    u = 
    return

def backward(V_tilde, delta, derivative):
    d = V_tilde.T @ delta　* derivative
    return d
