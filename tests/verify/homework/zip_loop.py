import numpy as np

X_train = np.loadtxt("x.txt")
Y_train = np.loadtxt("t.txt")
q = 10
n, d = X_train.shape
m = Y_train.shape[1]
w = np.random.randn(q, d + 1)
v = np.random.randn(m, q + 1)
lr = 0.05

relu = lambda x: np.where(x > 0, x, 0)
relu_d = lambda x: np.where(x > 0, 1, 0)
softmax = lambda x: np.exp(x - max(x)) / sum(np.exp(x - max(x)))

for epoch in range(30):
    for k, (x, t) in enumerate(zip(X_train, Y_train)):
        x = np.r_[1, x]
        u = w @ x
        z = np.r_[1, relu(u)]
        y = softmax(v @ z)
        d_out = y - t
        d_hid = v.T[1:] @ d_out * relu_d(u)
        v = v - lr * d_out.reshape(-1, 1) @ z.reshape(1, -1)
        w = w - lr * d_hid.reshape(-1, 1) @ x.reshape(1, -1)
        if k % 100 == 0:
            print(k, -np.log(y[np.argmax(t)]))
