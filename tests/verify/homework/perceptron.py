# 第1回: パーセプトロン
import numpy as np

x = np.load("x.npy")
y = np.load("y.npy")
n, d = x.shape
w = np.random.normal(0, 0.3, d + 1)
eta = 0.1


def sigmoid(a):
    return 1 / (1 + np.exp(-a))


for epoch in range(100):
    for i in np.random.permutation(n):
        xi = np.append(1, x[i])
        g = sigmoid(np.dot(w, xi))
        w = w - eta * (g - y[i]) * xi
    print(epoch)
