X = np.vstack([np.ones((1, n)), x_train.T])
Y = y_train.T
for epoch in range(100):
    U = np.dot(W, X)
    Z = np.vstack([np.ones((1, n)), ReLU(U)])
    A = np.dot(V, Z)
    G = np.exp(A - A.max(axis=0))
    G = G / G.sum(axis=0)
    delta2 = (G - Y) / n
    delta1 = np.dot(V[:, 1:].T, delta2) * dReLU(U)
    V = V - eta * np.dot(delta2, Z.T)
    W = W - eta * np.dot(delta1, X.T)
