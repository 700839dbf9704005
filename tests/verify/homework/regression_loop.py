# 回帰: 正弦関数の近似 (中間層 tanh, 出力は恒等, 二乗誤差に 1/2 を付けた)
import numpy as np

HIDDEN = "tanh"
LOSS = "squared_error"

x_train = np.linspace(-1, 1, 100).reshape(-1, 1)
y_train = np.sin(np.pi * x_train)
n, d = x_train.shape
q, m = 10, 1
W = np.random.randn(q, d + 1)
V = np.random.randn(m, q + 1)
eta = 0.01

for epoch in range(1000):
    for i in range(n):
        x = np.hstack(([1], x_train[i]))
        y = y_train[i]
        h = np.tanh(W @ x)
        z = np.hstack(([1], h))
        g = V @ z
        delta2 = g - y
        delta1 = (1 - h**2) * (V[:, 1:].T @ delta2)
        V = V - eta * np.outer(delta2, z)
        W = W - eta * np.outer(delta1, x)
