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
