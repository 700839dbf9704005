def step(x, y, eta_t):
    global W, V
    z = np.append(1, ReLU(W @ x))
    g = softmax(V @ z)
    d2 = g - y
    d1 = V[:, 1:].T @ d2 * dReLU(W @ x)
    W = W - eta_t * np.outer(d1, x)
    V = V - eta_t * np.outer(d2, z)
for epoch in range(10):
    eta_t = eta / (epoch + 1)
    for i in np.random.permutation(n):
        xi = np.append(1, x_train[i, :])
        yi = y_train[i, :]
        step(xi, yi, eta_t)
