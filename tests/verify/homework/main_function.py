"""課題 2: 関数 main にまとめた版"""
import numpy as np
import argparse


def relu(u):
    return np.maximum(u, 0)


def relu_prime(u):
    return np.heaviside(u, 0)


def softmax(a):
    e = np.exp(a - np.max(a))
    return e / e.sum()


def load(name):
    data = np.load(name)
    return data["x"], data["y"]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--epochs", type=int, default=10)
    args = parser.parse_args()
    x_train, y_train = load("digits.npz")
    n, d = x_train.shape
    m = y_train.shape[1]
    q = 200
    rng = np.random.default_rng(0)
    W = rng.normal(0, 0.3, size=(q, d + 1))
    V = rng.normal(0, 0.3, size=(m, q + 1))
    for epoch in range(args.epochs):
        eta = 0.1 / (epoch + 1)
        loss = 0.0
        for i in rng.permutation(n):
            x = np.concatenate([[1.0], x_train[i]])
            y = y_train[i]
            u = W @ x
            z = np.concatenate([[1.0], relu(u)])
            g = softmax(V @ z)
            loss += -np.log(g[y == 1][0])
            delta2 = g - y
            delta1 = (V[:, 1:].T @ delta2) * relu_prime(u)
            W -= eta * delta1[:, None] * x[None, :]
            V -= eta * delta2[:, None] * z[None, :]
        print(f"epoch {epoch}: {loss / n:.4f}")


if __name__ == "__main__":
    main()
