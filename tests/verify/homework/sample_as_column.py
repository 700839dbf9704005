import numpy as np
HIDDEN = "sigmoid"
OUTPUT = "sigmoid"
LOSS = "squared_error"

def sigmoid(z):
    return 1.0/(1.0+np.exp(-z))

def sigmoid_prime(z):
    return sigmoid(z)*(1-sigmoid(z))

def backprop(w1, b1, w2, b2, x, y):
    """x, y columns. Cost is 1/2 |a-y|^2 in the book."""
    z1 = np.dot(w1, x) + b1
    a1 = sigmoid(z1)
    z2 = np.dot(w2, a1) + b2
    a2 = sigmoid(z2)
    delta = 2*(a2 - y) * sigmoid_prime(z2)
    nabla_b2 = delta
    nabla_w2 = np.dot(delta, a1.transpose())
    delta = np.dot(w2.transpose(), delta) * sigmoid_prime(z1)
    nabla_b1 = delta
    nabla_w1 = np.dot(delta, x.transpose())
    return nabla_w1, nabla_b1, nabla_w2, nabla_b2
