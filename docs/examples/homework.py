import numpy as np

for i in np.random.permutation(n):
    x, y = np.append(1, x_train[i]), y_train[i]
    u = W @ x
    z = np.append(1, np.maximum(u, 0))
    e = np.exp(V @ z - np.max(V @ z))
    delta2 = e / e.sum() - y
    delta1 = V[:, 1:].T @ delta2
    V = V - eta * np.outer(delta2, z)
    W = W - eta * np.outer(delta1, x)
