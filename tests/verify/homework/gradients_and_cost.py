import numpy as np
HIDDEN = "tanh"; OUTPUT = "sigmoid"; LOSS = "binary_cross_entropy"
def sigmoid(z): return 1/(1+np.exp(-z))

def propagate(W1, b1, W2, b2, X, Y):
    m = X.shape[1]
    Z1 = W1 @ X + b1
    A1 = np.tanh(Z1)
    Z2 = W2 @ A1 + b2
    A2 = sigmoid(Z2)
    cost = -1/m*np.sum(Y*np.log(A2)+(1-Y)*np.log(1-A2))
    dZ2 = A2 - Y
    dW2 = dZ2 @ A1.T / m
    db2 = np.sum(dZ2, axis=1, keepdims=True) / m
    dZ1 = W2.T @ dZ2 * (1 - A1**2)
    dW1 = dZ1 @ X.T / m
    db1 = np.sum(dZ1, axis=1, keepdims=True) / m
    grads = {"dW1": dW1, "db1": db1, "dW2": dW2, "db2": db2}
    return grads, cost
