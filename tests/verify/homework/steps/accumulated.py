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
