def step(W, V, x, y, eta):
    z = np.append(1, ReLU(W @ x))
    d2 = softmax(V @ z) - y
    d1 = V[:, 1:].T @ d2 * dReLU(W @ x)
    W -= eta * np.outer(d1, x)
    V -= eta * np.outer(d2, z)
for epoch in range(10):
    eta_t = eta / (epoch + 1)
    for i in np.random.permutation(n):
        xi = np.append(1, x_train[i, :])
        yi = y_train[i, :]
        step(W, V, xi, yi, eta_t)
