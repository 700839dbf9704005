"""Programs whose data are not there, or come in forms of their own, still show their step."""

import pytest

from jaxmlp.verify.homework import verify_file
from jaxmlp.verify.judge import steps
from jaxmlp.verify.judge.faults import faults
from jaxmlp.verify.judge.worlds import Unjudged
from jaxmlp.verify.run.record import record
from jaxmlp.verify.run.recording import recording_from_data

# Each has "slope" on one line, which a mistake takes away.
FORMS = {
    "a table of a csv file, labels in its first column": """
import numpy as np
import pandas as pd
table = np.array(pd.read_csv("digits.csv"))
n, width = table.shape
np.random.shuffle(table)
train = table[1000:n].T
labels, pixels = train[0], train[1:width] / 255.0
A, a = np.random.randn(8, 784) * 0.1, np.zeros((8, 1))
B, b = np.random.randn(10, 8) * 0.1, np.zeros((10, 1))
for t in range(5):
    Z = np.tanh(A @ pixels + a)
    P = np.exp(B @ Z + b)
    P = P / P.sum(axis=0)
    T = np.zeros((10, labels.size)); T[labels, np.arange(labels.size)] = 1
    top = P - T
    low = (B.T @ top) * (1 - Z * Z)  # slope
    A -= 0.1 * low @ pixels.T; a -= 0.1 * low.sum(axis=1, keepdims=True)
    B -= 0.1 * top @ Z.T; b -= 0.1 * top.sum(axis=1, keepdims=True)
""",
    "a loader of images, unpacked, a known number of them": """
import numpy as np
from keras.datasets import fashion
(images, kinds), (others, other_kinds) = fashion.load_data()
images = images.reshape(60000, 784).astype("float32") / 255
T = np.eye(10)[kinds]
A, B = np.random.randn(784, 7) * 0.1, np.random.randn(7, 10) * 0.1
for t in range(5):
    Z = 1 / (1 + np.exp(-images @ A))
    P = np.exp(Z @ B); P /= P.sum(axis=1, keepdims=True)
    E = -np.sum(T * np.log(P)) / 60000
    top = (P - T) / 60000
    low = top @ B.T * Z * (1 - Z)  # slope
    B -= Z.T @ top
    A -= images.T @ low
""",
    "pairs of samples and wishes, one by one, out of a file": """
import numpy as np
import pickle
with open("pairs.pkl", "rb") as file:
    pairs = pickle.load(file)
A, B = np.random.randn(6, 4), np.random.randn(3, 6)
for t in range(5):
    np.random.shuffle(pairs)
    for x, y in pairs:
        z = 1 / (1 + np.exp(-A @ x.reshape(4, 1)))
        g = 1 / (1 + np.exp(-B @ z))
        top = (g - y.reshape(3, 1)) * g * (1 - g)
        low = B.T @ top * z * (1 - z)  # slope
        B -= 0.5 * top @ z.T
        A -= 0.5 * low @ x.reshape(4, 1).T
""",
    "samples that another library makes, splits and scales": """
import numpy as np
from sklearn.datasets import make_moons
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler
X, y = make_moons(n_samples=200, noise=0.1)
X_train, X_test, y_train, y_test = train_test_split(X, y.reshape(-1, 1), test_size=0.2)
X_train = StandardScaler().fit_transform(X_train)
A, a, B = np.random.randn(2, 5), np.zeros((1, 5)), np.random.randn(5, 1)
for t in range(5):
    u = X_train @ A + a
    z = np.maximum(u, 0)
    g = 1 / (1 + np.exp(-z @ B))
    top = (g - y_train) / len(X_train)
    low = top @ B.T * (u > 0)  # slope
    B -= z.T @ top
    A -= X_train.T @ low; a -= low.sum(axis=0)
""",
    "known images, a network too large to be taped, a name that a function has, too": """
import numpy as np
from tensorflow.keras.datasets import mnist
def drawn(sizes):
    return {f"A{k}": np.random.randn(a, b) * 0.1 for k, (a, b) in enumerate(zip(sizes, sizes[1:]))}
def fitted(X, T, sizes):
    net = drawn(sizes)
    for first in range(0, len(X), 64):
        x, t = X[first:first + 64], T[first:first + 64]
        z = np.maximum(x @ net["A0"], 0)
        P = np.exp(z @ net["A1"]); P /= P.sum(axis=1, keepdims=True)
        top = (P - t) / len(x)
        low = top @ net["A1"].T * (z > 0)  # slope
        down = {"A0": x.T @ low, "A1": z.T @ top}
        for key in net:
            net[key] -= 0.1 * down[key]
    return net
(images, kinds), _ = mnist.load_data()
images = images.reshape(len(images), -1) / 255
net = drawn([784, 5000, 10])
net = fitted(images, np.eye(10)[kinds], [784, 5000, 10])
""",
    "images of a package, in batches of more than there are stand-ins": """
import mnist
import numpy as np
X = mnist.train_images().reshape(-1, 784) / 255
T = np.eye(10)[mnist.train_labels()]
A, B = np.random.randn(784, 7) * 0.1, np.random.randn(7, 10) * 0.1
for t in range(5):
    total, batches = 0, X.shape[0] // 50
    for k in range(batches):
        x, y = X[50 * k:50 * (k + 1)], T[50 * k:50 * (k + 1)]
        z = np.tanh(x @ A)
        top = z @ B - y
        low = top @ B.T * (1 - z * z)  # slope
        A, B = A - 0.01 * x.T @ low, B - 0.01 * z.T @ top
        total += np.sum(top ** 2) / 2
    print(total / batches)
""",
    "pictures in three colours, and labels, of files of arrays": """
import numpy as np
import h5py
def loaded():
    kept, others = h5py.File("data/train.h5", "r"), h5py.File("data/test.h5", "r")
    X, y = np.array(kept["train_set_x"][:]), np.array(kept["train_set_y"][:])
    X_test, y_test = np.array(others["test_set_x"][:]), np.array(others["test_set_y"][:])
    return X, y.reshape((1, y.shape[0])), X_test, y_test.reshape((1, y_test.shape[0]))
X, y, X_test, y_test = loaded()
print(X.shape[1] * X.shape[2] * X.shape[3])
X = X.reshape(X.shape[0], -1).T / 255
A, a = np.random.randn(7, 12288) * 0.01, np.zeros((7, 1))
B, b = np.random.randn(1, 7) * 0.1, np.zeros((1, 1))
for t in range(5):
    Z = np.tanh(A @ X + a)
    G = 1 / (1 + np.exp(-(B @ Z + b)))
    top = G - y
    low = B.T @ top * (1 - Z * Z)  # slope
    A -= 0.1 * low @ X.T; a -= 0.1 * low.sum(axis=1, keepdims=True)
    B -= 0.1 * top @ Z.T; b -= 0.1 * top.sum(axis=1, keepdims=True)
""",
    "a table that a library brings, drawn before it is learned": """
import numpy as np
from sklearn.datasets import load_wine
wine = load_wine()
X, y = wine.data, wine["target"]
X = (X - X.mean(axis=0)) / X.std(axis=0)
T = np.eye(len(wine.target_names))[y]
def plot_regions(A, B):
    grid = np.random.randn(300 * 300, 13)
    print((np.tanh(grid @ A) @ B).reshape(7, 7))
A, B = np.random.randn(13, 7), np.random.randn(7, 3)
plot_regions(A, B)
for t in range(5):
    z = np.tanh(X @ A)
    P = np.exp(z @ B); P /= P.sum(axis=1, keepdims=True)
    top = (P - T) / len(X)
    low = top @ B.T * (1 - z * z)  # slope
    A, B = A - 0.01 * X.T @ low, B - 0.01 * z.T @ top
""",
    "an object made with the sizes of its layers, and never made": """
import numpy as np
class Net:
    def __init__(self, sizes, kind):
        self.W = [np.random.randn(a, b) for a, b in zip(sizes[:-1], sizes[1:])]
        self.f, self.slope = {"tanh": (np.tanh, lambda z: 1 - z ** 2)}[kind]
    def forward(self, x):
        self.z = [x]
        for W in self.W[:-1]:
            self.z.append(self.f(self.z[-1] @ W))
        self.g = self.z[-1] @ self.W[-1]
    def learn(self, y, rate=0.1):
        d = 2 * (self.g - y)
        for k in reversed(range(len(self.W))):
            mine = self.z[k].T @ d
            d = d @ self.W[k].T * self.slope(self.z[k])  # slope
            self.W[k] = self.W[k] - rate * mine
    def evaluate(self, x):
        self.forward(x)
        return self.g
""",
    "functions, each of which gives what the next one asks for": """
import numpy as np
def forward(X, A, B):
    Z = np.tanh(X @ A)
    G = Z @ B
    cache = (Z, G)
    return G, cache
def backward(cache, X, y, B):
    Z, G = cache
    top = (G - y) / len(X)
    low = top @ B.T * (1 - Z ** 2)  # slope
    dA, dB = X.T @ low, Z.T @ top
    return dA, dB
def update(A, B, dA, dB, rate):
    return A - rate * dA, B - rate * dB
""",
    "np.matrix": """
import numpy as np
X = np.matrix(np.random.randn(6, 3)); T = np.matrix(np.random.randn(6, 2))
A, B = np.matrix(np.random.randn(3, 4)), np.matrix(np.random.randn(4, 2))
b = np.matrix(np.zeros((1, 2)))
for t in range(3):
    Z = np.tanh(X * A)
    top = Z * B + b - T
    low = np.multiply(top * B.T, 1 - np.multiply(Z, Z))  # slope
    B = B - 0.1 * Z.T * top; b -= 0.1 * top.sum(axis=0)
    A -= 0.1 * X.T * low
""",
    "a ReLU on its kink, where biases begin with 0": """
import numpy as np
X = np.array([[0, 0], [0, 1], [1, 0], [1, 1]]); T = np.array([[0], [1], [1], [0]])
A, a, B = np.random.randn(2, 4), np.zeros((1, 4)), np.random.randn(4, 1)
for t in range(3):
    u = X @ A + a
    z = np.maximum(0, u)
    g = 1 / (1 + np.exp(-z @ B))
    top = (g - T) * g * (1 - g)
    low = (top @ B.T) * (u > 0)  # slope
    B -= z.T @ top
    A -= X.T @ low; a -= low.sum(axis=0, keepdims=True)
""",
    "a class that is made of another, or of sizes in a dict": """
import numpy as np
class Network:
    def __init__(self, other=None, sizes=None):
        if other is None:
            self.A = np.random.rand(sizes["hidden"], sizes["inputs"])
            self.B = np.random.rand(sizes["outputs"], sizes["hidden"])
        else:
            self.A, self.B = other.A.copy(), other.B.copy()
        self.f = np.vectorize(lambda u: 1 / (1 + np.exp(-u)))
    def train(self, sample, wished):
        x, y = np.array(sample), np.array(wished)
        z = self.f(self.A @ x)
        g = self.f(self.B @ z)
        top = (g - y) * g * (1 - g)
        low = (self.B.T @ top) * z * (1 - z)  # slope
        self.B = self.B - 0.1 * top @ z.T
        self.A = self.A - 0.1 * low @ x.T
""",
    "a number of layers that has to fit the sizes, each sample by itself": """
import numpy as np
class Network:
    def __init__(self, inputs, hidden, outputs, num_layers):
        assert len(hidden) == num_layers - 1
        sizes, self.L = [inputs] + hidden + [outputs], num_layers
        self.p = {"W" + str(k): np.random.randn(sizes[k - 1], sizes[k]) for k in range(1, self.L + 1)}
    def forward(self, X):
        self.z = {"z0": X}
        for k in range(1, self.L + 1):
            u = self.z["z" + str(k - 1)] @ self.p["W" + str(k)]
            self.z["z" + str(k)] = u if k == self.L else np.tanh(u)
        return self.z["z" + str(self.L)]
    def backward(self, y):
        self.d = {key: np.zeros_like(W) for key, W in self.p.items()}
        top = (self.z["z" + str(self.L)] - y) / len(y)
        for n in range(len(y)):
            now = top[n]
            for k in range(self.L, 0, -1):
                z = self.z["z" + str(k - 1)][n]
                self.d["W" + str(k)] += np.outer(z, now)
                now = (self.p["W" + str(k)] @ now) * (1 - z * z)  # slope
        return np.mean((self.z["z" + str(self.L)] - y) ** 2)
    def update(self, rate):
        for key in self.p:
            self.p[key] -= rate * self.d[key]
""",
    "lists of parameters, and the activation, as arguments": """
import numpy as np
def forward(X, weights, biases, activation):
    outputs = [X]
    for k in range(len(weights)):
        outputs.append(activation(outputs[-1] @ weights[k] + biases[k]))
    return outputs
def step(X, Y, weights, biases, rate, activation, activation_derivative):
    outputs = forward(X, weights, biases, activation)
    delta = (Y - outputs[-1]) * activation_derivative(outputs[-1])
    for k in range(len(weights) - 1, -1, -1):
        dW, db, z = outputs[k].T @ delta, delta.sum(axis=0), outputs[k]
        delta = (delta @ weights[k].T) * (1 - z * z)  # slope
        weights[k] += rate * dW
        biases[k] += rate * db
""",
    "columns of samples, of one output, that functions find in dicts": """
import numpy as np
def forward(X, parameters):
    z = np.tanh(parameters["A"] @ X + parameters["a"])
    g = 1 / (1 + np.exp(-(parameters["B"] @ z + parameters["b"])))
    assert g.shape == (1, X.shape[1])
    cache = {"z": z, "g": g}
    return g, cache
def backward(parameters, cache, X, Y):
    n = X.shape[1]
    z, top = cache["z"], cache["g"] - Y
    low = (parameters["B"].T @ top) * (1 - z * z)  # slope
    grads = {"dB": top @ z.T / n, "db": top.sum(axis=1, keepdims=True) / n}
    grads |= {"dA": low @ X.T / n, "da": low.sum(axis=1, keepdims=True) / n}
    return grads
""",
    "a reader that refuses what is no file of the kind": """
import gzip, os, struct
import numpy as np
from urllib.request import urlretrieve
def read(source, count):
    name, _ = urlretrieve(source, "./there")
    try:
        with gzip.open(name) as file:
            if struct.unpack("I", file.read(4))[0] != 0x3080000:
                raise Exception("no file of images")
            return np.frombuffer(file.read(count), dtype=np.uint8).reshape(count, 5)
    finally:
        os.remove(name)
X = read("https://example.org/images.gz", 60000)
T = np.random.randn(len(X), 3)
A, B = np.random.uniform(size=[5, 4], low=-1, high=1), np.ones(shape=(4, 3))
for t in range(3):
    z = np.tanh(X @ A / 9)
    top = (z @ B - T) / len(X)
    low = top @ B.T * (1 - z * z)  # slope
    B = B - 0.1 * z.T @ top
    A = A - 0.1 * X.T @ low / 9
""",
    "columns of a data frame, the last of them the label": """
import numpy as np
import pandas as pd
from sklearn.preprocessing import LabelEncoder
table = pd.read_csv("flowers.csv", index_col=0)
names = list(table.columns)
last = names.pop()
X, kind = np.array(table[names].copy()), LabelEncoder().fit_transform(table[last].copy())
A, B = np.random.randn(X.shape[1], 6) * 0.1, np.random.randn(6, 10) * 0.1
for t in range(5):
    Z = np.tanh(X @ A)
    P = np.exp(Z @ B); P /= P.sum(axis=1, keepdims=True)
    top = P.copy(); top[range(len(X)), kind] -= 1
    low = top @ B.T * (1 - Z * Z)  # slope
    B -= 0.1 * Z.T @ top
    A -= 0.1 * X.T @ low
""",
    "a recurrent network, of batches of sequences": """
import numpy as np
class Recurrent:
    def __init__(self, inputs, units, outputs):
        self.W, self.R = np.zeros((inputs, units)), np.eye(units)
        self.V, self.b = np.zeros((units, outputs)), np.zeros((1, units))
        self.begin()
    def begin(self):
        self.W = np.random.randn(*self.W.shape)
        self.V = np.random.randn(*self.V.shape)
    def forward(self, x):
        steps, batch, _ = x.shape
        self.x, self.h = x, {0: np.zeros((batch, len(self.R)))}
        for t in range(len(x)):
            now = np.tanh(x[t] @ self.W + self.h[t] @ self.R + self.b)
            self.h[t + 1] = now
        return now @ self.V
    def backward(self, top):
        self.d = {"W": 0, "R": 0, "b": 0, "V": self.h[len(self.x)].T @ top}
        back = top @ self.V.T
        for t in reversed(range(len(self.x))):
            z = self.h[t + 1]
            low = back * (1 - z * z)  # slope
            self.d["W"] = self.d["W"] + self.x[t].T @ low
            self.d["R"] = self.d["R"] + self.h[t].T @ low
            self.d["b"] = self.d["b"] + low.sum(axis=0, keepdims=True)
            back = low @ self.R.T
    def update(self, rate):
        self.W -= rate * self.d["W"]
        self.R -= rate * self.d["R"]
        self.V -= rate * self.d["V"]
        self.b -= rate * self.d["b"]
""",
    "neurons of plain numbers, in lists that a class has, for whole numbers": """
import math, random
class Neuron:
    def __init__(self, inputs):
        self.w = [random.uniform(-1, 1) for _ in range(inputs)]
    def gives(self, before):
        self.x = before
        self.z = math.tanh(sum(w * x for w, x in zip(self.w, before)))
        return self.z
class Net:
    layers = []
    def __init__(self, sizes):
        for before, units in zip(sizes, sizes[1:]):
            self.layers.append([Neuron(before) for _ in range(units)])
    def learn(self, samples, wished):
        for t in range(900):
            for x, y in zip(samples, wished):
                for layer in self.layers:
                    x = [one.gives(x) for one in layer]
                for one, w in zip(self.layers[-1], [y]):
                    one.d = (w - one.z) * (1 - one.z * one.z)
                for k, one in enumerate(self.layers[0]):
                    back = sum(above.w[k] * above.d for above in self.layers[1])
                    z = one.z
                    one.d = back * (1 - z * z)  # slope
                for layer in self.layers:
                    for one in layer:
                        for k in range(len(one.w)):
                            one.w[k] += 0.1 * one.d * one.x[k]
Net([3, 2, 1]).learn([[1, 0, 0.5], [1, 1, 0], [1, 0, 1]], [1, 0, 0])
""",
    "a batch number by number, of more samples than stand-ins have": """
import math
import numpy as np
from sklearn.datasets import make_moons
X, kinds = make_moons(300)
A, B = np.random.randn(5, 2).tolist(), np.random.randn(5).tolist()
for t in range(40):
    for batch in range(20):
        dA, dB = [[0.0, 0.0] for a in A], [0.0] * 5
        for n in range(15):
            x, y = X[15 * batch + n], kinds[15 * batch + n]
            sums = [a[0] * x[0] + a[1] * x[1] for a in A]
            top = sum(b * math.tanh(u) for b, u in zip(B, sums)) - y
            for k, u in enumerate(sums):
                z = math.tanh(u)
                low = top * B[k] * (1 - z * z)  # slope
                dB[k] += top * z
                for i in range(2):
                    dA[k][i] += low * x[i]
        for k in range(5):
            B[k] -= 0.01 * dB[k]
            for i in range(2):
                A[k][i] -= 0.01 * dA[k][i]
""",
    "parameters and what they are moved by in arrays, entry by entry, some of them unused": """
import numpy as np
X, T = np.zeros((7, 2)), np.zeros(7)
for n in range(7):
    X[n] = np.random.randn(2)
    T[n] = X[n, 0] * X[n, 1]
A, B, dA, dB = np.zeros((4, 3)), np.zeros(4), np.empty((4, 3)), np.zeros(4)
z, d = np.ones(4), np.empty(4)
for k in range(4):
    B[k] = np.random.rand()
    for i in range(3):
        A[k, i] = np.random.rand()
for t in range(9):
    for n in range(7):
        for k in range(1, 4):
            z[k] = np.tanh(A[k][0] + A[k][1] * X[n][0] + A[k][2] * X[n][1])
        top = B[0] + B[1] * z[1] + B[2] * z[2] + B[3] * z[3] - T[n]
        for k in range(1, 4):
            d[k] = top * B[k] * (1 - z[k] * z[k])  # slope
            dA[k][0] = d[k]
            dA[k][1], dA[k][2] = d[k] * X[n][0], d[k] * X[n][1]
            for i in range(3):
                A[k, i] -= 0.1 * dA[k, i]
        for k in range(4):
            B[k] = B[k] - 0.1 * top * z[k]
""",
    "samples and wishes in lists, all of them in a step": """
import math, random
X = [[0.1, 0.9], [1, 0.3], [0.4, 0.6], [1, 0], [0.2, 0.2]]
T = [[1, 0, 1], [0, 0.5, 0], [1, 1, 0], [0, 1, 0], [1, 1, 1]]
A = [[random.uniform(-1, 1) for i in range(2)] for k in range(4)]
B = [[random.uniform(-1, 1) for k in range(4)] for j in range(3)]
for t in range(50):
    dA, dB = [[0.0] * 2 for a in A], [[0.0] * 4 for b in B]
    for x, y in zip(X, T):
        us = [a[0] * x[0] + a[1] * x[1] for a in A]
        top = [sum(w * math.tanh(u) for w, u in zip(b, us)) - one for b, one in zip(B, y)]
        for k, u in enumerate(us):
            z = math.tanh(u)
            low = sum(d * b[k] for d, b in zip(top, B)) * (1 - z * z)  # slope
            for j in range(3):
                dB[j][k] += top[j] * z
            for i in range(2):
                dA[k][i] += low * x[i]
    for k in range(4):
        for i in range(2):
            A[k][i] -= 0.1 * dA[k][i]
        for j in range(3):
            B[j][k] -= 0.1 * dB[j][k]
""",
    "weights and data out of files that are not there, and saved to a folder that is not": """
import numpy as np
np.savetxt("results/begun.csv", np.zeros(3))
X = np.loadtxt("samples.csv", delimiter=",").reshape(400, 9)
T = np.loadtxt("wishes.csv", delimiter=",").reshape(400, 4)
A = np.loadtxt("first.csv", delimiter=",")
B = np.loadtxt("last.csv", delimiter=",")
for t in range(5):
    Z = np.tanh(np.dot(X, A))
    top = np.dot(Z, B) - T
    low = top @ B.T * (1 - Z * Z)  # slope
    B -= 0.01 * Z.T @ top
    A -= 0.01 * X.T @ low
""",
    "arrays that somebody is to fill with data": """
import numpy as np
X = np.array([])
T = np.array([])
count = len(X)
A, B = np.random.randn(6, 5), np.random.randn(5, 4)
for t in range(5):
    Z = np.tanh(X @ A)
    top = (Z @ B - T) / count
    low = top @ B.T * (1 - Z * Z)  # slope
    B -= Z.T @ top
    A -= X.T @ low
""",
    "drawings in letters": """
import numpy as np
def drawn(text):
    return np.array([[{"x": 1, "-": -1}[sign] for sign in line] for line in text.split()])
with open("letters.txt") as letters, open("classes.txt") as classes:
    X, T = drawn(letters.read()), drawn(classes.read())
A, B = np.random.randn(24, 5), np.random.randn(5, 3)
for t in range(5):
    Z = np.tanh(X @ A)
    top = Z @ B - T
    low = top @ B.T * (1 - Z * Z)  # slope
    B -= 0.01 * Z.T @ top
    A -= 0.01 * X.T @ low
""",
    "numbers that somebody types, a step in no loop, a target that is stated": """
import numpy as np
class Net:
    def __init__(self, wish=0.3):
        inputs, units = int(input("inputs? ")), int(input("units? "))
        x = np.array([[float(input(f"x{i}? ")) for i in range(inputs)]])
        A = np.array([[float(input()) for k in range(units)] for i in range(inputs)])
        B = np.array([[float(input())] for k in range(units)])
        z = np.tanh(x @ A)
        self.learn(x, z, z @ B, wish, A, B)
    def learn(self, x, z, g, wish, A, B):
        top = g - wish
        low = top @ B.T * (1 - z * z)  # slope
        A -= 0.5 * x.T @ low
        B -= 0.5 * z.T @ top
Net()
""",
    "a recurrent layer whose states are objects, its gradients cut off": """
import numpy as np
class Seen:
    def __init__(self):
        self.hs, self.outs = [], []
class Layer:
    def __init__(self, inputs, units, outputs):
        self.W, self.R = np.random.randn(inputs, units), np.random.randn(units, units)
        self.V = np.random.randn(units, outputs)
        self.units = units
    def one(self, seen, xs, t):
        _, batch, _ = xs.shape
        before = seen.hs[-1] if t else np.zeros((batch, self.units))
        seen.hs.append(np.tanh(xs[t] @ self.W + before @ self.R))
        seen.outs.append(seen.hs[-1] @ self.V)
    def forward(self, xs):
        seen = Seen()
        for t in range(len(xs)):
            self.one(seen, xs, t)
        return np.array(seen.outs), np.array(seen.hs)
    def move(self, rate, dW, dR, dV):
        self.W, self.R, self.V = self.W - rate * dW, self.R - rate * dR, self.V - rate * dV
    def backward(self, hs, xs, tops):
        return self.back_from(hs, xs, tops, len(hs))
    def back_from(self, hs, xs, tops, end):
        dW, dR, dV = np.zeros_like(self.W), np.zeros_like(self.R), np.zeros_like(self.V)
        later = np.zeros_like(hs[0])
        for t in reversed(range(end)):
            z, before = hs[t], hs[t - 1] if t else np.zeros_like(hs[0])
            dV += z.T @ tops[t]
            low = (tops[t] @ self.V.T + later) * (1 - z * z)  # slope
            dW += xs[t].T @ low
            dR += before.T @ low
            later = low @ self.R.T
        return np.clip(dW, -2, 2), np.clip(dR, -2, 2), np.clip(dV, -2, 2)
""",
    "a network in dicts in dicts, gone back through by calls of itself": """
import numpy as np
class Net:
    def __init__(self, sizes):
        self.count, self.net = len(sizes), {}
        for k in range(1, len(sizes) + 1):
            self.net[k] = {"z": np.zeros((sizes[k - 1], 1))}
            if k > 1:
                self.net[k]["W"] = np.random.randn(sizes[k - 1], sizes[k - 2])
                self.net[k]["b"] = np.random.randn(sizes[k - 1], 1)
    def empty(self):
        down = {}
        for k in range(2, self.count + 1):
            down[k] = {key: np.zeros(self.net[k][key].shape) for key in ("W", "b")}
        return down
    def forward(self, x):
        self.net[1]["z"] = x.reshape(-1, 1) / 4
        for k in range(2, self.count + 1):
            self.net[k]["z"] = np.tanh(self.net[k]["W"] @ self.net[k - 1]["z"] + self.net[k]["b"])
        return self.net[self.count]["z"]
    def backward(self, k, down, wish=None):
        if k == 1:
            return down
        z = self.net[k]["z"]
        if k == self.count:
            by = z - wish
        else:
            by = self.net[k + 1]["W"].T @ down[k + 1]["b"]
        low = by * (1 - z * z)  # slope
        down[k]["W"], down[k]["b"] = low @ self.net[k - 1]["z"].T, low
        return self.backward(k - 1, down)
    def joined(self, one, other):
        for k in range(2, len(one) + 2):
            for key in ("W", "b"):
                one[k][key] += other[k][key]
        return one
""",
    "labels that are met one by one, out of a file of bytes": """
import struct
import numpy as np
def table(path):
    with open(path, "rb") as file:
        magic, n = struct.unpack(">II", file.read(8))
        if magic != 2049:
            raise ValueError("another kind of file")
        return np.fromfile(file, dtype=np.uint8)
pictures, kinds = table("pictures").reshape(600, 49), table("kinds")
print(kinds.shape)
A, B = np.random.randn(49, 6) * 0.1, np.random.randn(6, 10) * 0.1
for t in range(5):
    some = np.random.choice(len(pictures), 20)
    x, y = pictures[some] / 255, kinds[some]
    z = np.tanh(x @ A)
    g = np.exp(z @ B)
    E = 0
    for i in range(20):
        g[i, :] /= np.sum(g[i, :])
        E += -np.log(g[i, y[i]]) / 20
    top = g.copy()
    for i in range(20):
        top[i, y[i]] -= 1
    low = top @ B.T * (1 - z ** 2)  # slope
    B -= 0.1 * z.T @ top / 20
    A -= 0.1 * x.T @ low / 20
""",
    "a label of one sample": """
import numpy as np
X, kinds = np.random.randn(30, 5), np.random.randint(0, 3, 30)
A, a = np.random.randn(4, 5), np.random.randn(4)
B, b = np.random.randn(3, 4), np.random.randn(3)
for t in range(300):
    k = np.random.randint(30)
    x, label = X[k], kinds[k]
    z = np.tanh(A @ x + a)
    g = np.exp(B @ z + b)
    g = g / g.sum()
    E = -np.log(g[label])
    top = g.copy()
    top[label] -= 1
    low = B.T @ top * (1 - z * z)  # slope
    B -= 0.1 * np.outer(top, z); b -= 0.1 * top
    A -= 0.1 * np.outer(low, x); a -= 0.1 * low
""",
    "samples that are stated as rows, the wish last": """
import numpy as np
rows = [(0.1, -1, 1, -1), (-1, 0.3, 1, 1), (1, 1, -0.2, -1), (0.7, -1, 0.5, 1)]
A, B = np.array([[0.2, -0.3, 0.4], [-0.1, 0.3, 0.4]]), np.array([0.3, -0.2])
for t in range(40):
    row = rows[np.random.randint(len(rows))]
    z = np.tanh(np.dot(A, row[0:3]))
    g = np.tanh(np.dot(B, z))
    top = (g - row[-1]) * (1 - g * g)
    low = B * top * (1 - z * z)  # slope
    B[0] = B[0] - 0.1 * top * z[0]
    B[1] = B[1] - 0.1 * top * z[1]
    A[0, :] = A[0, :] - 0.1 * np.array(row[0:3]) * low[0]
    A[1, :] = A[1, :] - 0.1 * np.array(row[0:3]) * low[1]
""",
    "a data frame, its columns standardised, its rows split by number": """
import numpy as np
import pandas as pd
frame = pd.read_csv("students.csv")
frame = pd.concat([frame, pd.get_dummies(frame["school"])], axis=1).drop("school", axis=1)
for name in ["marks", "hours"]:
    frame.loc[:, name] = (frame[name] - frame[name].mean()) / frame[name].std()
some = np.random.choice(frame.index, size=int(len(frame) * 0.9), replace=False)
train, rest = frame.loc[some], frame.drop(some)
X, T = train.drop("passed", axis=1), train["passed"]
n, d = X.shape
A, B = np.random.randn(d, 3), np.random.randn(3)
for t in range(5):
    dA, dB = np.zeros(A.shape), np.zeros(B.shape)
    for x, y in zip(X.values, T):
        z = 1 / (1 + np.exp(-np.dot(x, A)))
        g = 1 / (1 + np.exp(-np.dot(z, B)))
        top = (y - g) * g * (1 - g)
        low = B * top * z * (1 - z)  # slope
        dB += top * z
        dA += low * x[:, None]
    A += 0.5 * dA / n
    B += 0.5 * dB / n
""",
    "samples and labels in one pickled file, of known sizes": """
import gzip
import pickle
import random
import numpy as np
train, valid, test = pickle.load(gzip.open("digits.pkl.gz", "rb"), encoding="latin1")
def batch(data, size):
    picked = random.sample(range(data[1].shape[0]), size)
    x, y = data[0][picked].T, data[1][picked]
    assert x.shape == (784, size)
    wish = np.zeros((10, size))
    for k in range(size):
        wish[y[k], k] = 1
    return x, wish
A, B = np.random.randn(30, 784) * 0.01, np.random.randn(10, 30) * 0.01
for t in range(5):
    X, T = batch(train, 350)
    Z = np.tanh(A @ X)
    G = 1 / (1 + np.exp(-B @ Z))
    top = (G - T) / 350
    low = B.T @ top * (1 - Z * Z)  # slope
    A = A - 0.7 * low @ X.T
    B = B - 0.7 * top @ Z.T
""",
    "gradients added up with a penalty, and set to 0 after the step": """
import numpy as np
A, B = np.random.randn(4, 5), np.random.randn(3, 4)
dA, dB = np.zeros_like(A), np.zeros_like(B)
X, T = np.random.randn(6, 5), np.eye(3)[[0, 1, 2, 0, 1, 2]]
for t in range(5):
    for x, y in zip(X, T):
        z = np.tanh(A @ x)
        g = np.exp(B @ z); g = g / np.sum(g)
        top = g - y
        low = B.T @ top * (1 - z * z)  # slope
        dB += np.outer(top, z) + 0.01 * B
        dA += np.outer(low, x) + 0.01 * A
    A -= 0.1 * dA / 6
    B -= 0.1 * dB / 6
    dA.fill(0)
    dB.fill(0)
""",
    "flowers, shuffled together by a library, a column of wishes filled by way of a row": """
import numpy as np
from sklearn import datasets
from helpers import shuffled
flowers = datasets.load_iris()
X = np.array([flowers.data[k + 50 * j] for k in range(50) for j in range(3)])
X, kinds = shuffled(arrays=[X, flowers.target], seed=1)
A, a = np.random.randn(5, 4) / 2, np.random.randn(5, 1)
B, b = np.random.randn(3, 5) / 2, np.random.randn(3, 1)
for t in range(5):
    for k in range(150):
        x = X[k][None].T
        z = 1 / (1 + np.exp(-(A @ x + a)))
        g = np.exp(B @ z + b); g = g / g.sum()
        wish = np.zeros([3, 1])
        wish[kinds[k]][0] = 1
        top = g - wish
        low = B.T @ top * z * (1 - z)  # slope
        A -= 0.1 * np.outer(low, x); a += 0.1 * -low
        B -= 0.1 * np.outer(top, z); b += 0.1 * -top
""",
    "activations of a module that is not there": """
import numpy as np
from layers import sigmoid, softmax
X, T = np.random.randn(6, 5), np.eye(3)[[0, 1, 2, 0, 1, 2]]
A, B = np.random.randn(5, 4), np.random.randn(4, 3)
for t in range(5):
    Z = sigmoid(X @ A)
    G = softmax(Z @ B)
    top = G - T
    low = top @ B.T * Z * (1 - Z)  # slope
    B -= 0.1 * Z.T @ top
    A -= 0.1 * X.T @ low
""",
    "a module that is not there, which has f, f' and E": """
import numpy as np
import tools as F
X, T = np.random.randn(6, 5), np.random.rand(6, 3)
A, B = np.random.randn(5, 4), np.random.randn(4, 3)
for t in range(5):
    u = X @ A
    Z = F.relu(u)
    top = F.sigmoid(Z @ B) - T
    print(F.cross_entropy(T, Z @ B))
    low = top @ B.T * F.relu_derivative(Z)  # slope
    B -= 0.1 * Z.T @ top
    A -= 0.1 * X.T @ low
""",
    "an f of a module of which all is taken, with a flag for f'": """
import numpy as np
from tools import *
X, T = np.random.randn(6, 5), np.random.randn(6, 3)
A, B = np.random.randn(5, 4), np.random.randn(4, 3)
for t in range(5):
    u = X @ A
    Z = sigmoid(u)
    top = Z @ B - T
    low = top @ B.T * sigmoid(u, True)  # slope
    B -= 0.1 * Z.T @ top
    A -= 0.1 * X.T @ low
""",
    "an object of a module of which all is taken": """
import numpy as np
from tools import *
class Net:
    def __init__(self, act=Logistic):
        self.act = act()
        self.A, self.B = np.random.randn(5, 4), np.random.randn(4, 3)
    def step(self, X, T):
        Z = self.act(X @ self.A)
        top = Z @ self.B - T
        low = top @ self.B.T * self.act.derivative(Z)  # slope
        self.B -= 0.1 * Z.T @ top
        self.A -= 0.1 * X.T @ low
net = Net()
for t in range(5):
    net.step(np.random.randn(6, 5), np.random.randn(6, 3))
""",
    "members of an enumeration that is not there": """
import numpy as np
from parts import Side, images
class Net:
    low = np.random.uniform(-0.5, 0.5, (7, 5))
    high = np.random.uniform(-0.5, 0.5, (3, 7))
    def way(self, side, v):
        w = self.low if side == Side.first else self.high
        return 1 / (1 + np.exp(-(w @ v)))
    def learn(self):
        X, T = images.load()
        for x, t in zip(X, T):
            x, t = x.reshape(-1, 1), t.reshape(-1, 1)
            h = self.way(Side.first, x)
            g = self.way(Side.second, h)
            top = (g - t) * g * (1 - g)
            low = self.high.T @ top * (h * (1 - h))  # slope
            self.high = self.high - 0.1 * top @ h.T
            self.low = self.low - 0.1 * low @ x.T
""",
    "names of the module that a function says to be its own late": """
import numpy as np
A, B = np.random.randn(5, 4), np.random.randn(4, 3)
X, T = np.random.randn(6, 5), np.random.randn(6, 3)
def train(rounds):
    for t in range(rounds):
        for x, y in zip(X, T):
            global A
            Z = np.tanh(x @ A)
            top = Z @ B - y
            low = (B @ top) * (1 - Z * Z)  # slope
            global A, B
            A = A - 0.1 * np.outer(x, low)
            B = B - 0.1 * np.outer(Z, top)
train(5)
""",
    "two steps in one pass, by a function that is called twice": """
import numpy as np
X, T = np.random.randn(6, 5, 1), np.random.randn(6, 3, 1)
A, B = np.random.randn(4, 5), np.random.randn(3, 4)
def learn(x, y, A, B):
    Z = np.tanh(A @ x)
    top = B @ Z - y
    low = (B.T @ top) * (1 - Z * Z)  # slope
    A -= 0.1 * low @ x.T
    B -= 0.1 * top @ Z.T
    return top
for t in range(20):
    k = np.random.randint(len(X))
    learn(X[k], T[k], A, B)
    if t % 2 == 0:
        error = np.sum(np.square(learn(X[k], T[k], A, B)))
""",
    "some columns of a table by their names": """
import numpy as np
import pandas as pd
data = pd.read_csv("grades.csv")
X, T = np.array(data[["first", "second"]]), np.array(data[["passed"]])
A, B = np.random.randn(2, 4), np.random.randn(4, 1)
def train(A, B):
    for t in range(20):
        Z = np.tanh(X @ A)
        top = Z @ B - T
        low = (top @ B.T) * (1 - Z * Z)  # slope
        A -= 0.1 * X.T @ low
        B -= 0.1 * Z.T @ top
    return A, B
A, B = train(A, B)
""",
    "batches of pairs that are taken by numbers": """
import random
import numpy as np
import digits
class Net:
    def __init__(self, sizes):
        self.A, self.B = (np.random.randn(q, p) / 99 for p, q in zip(sizes[:-1], sizes[1:]))
    def fit(self, samples, m=10):
        for t in range(3):
            random.shuffle(samples)
            for batch in [samples[k:k + m] for k in range(0, len(samples), m)]:
                x = np.array([pair[0].reshape(784) for pair in batch]).T
                y = np.array([pair[1].reshape(10) for pair in batch]).T
                Z = np.tanh(self.A @ x)
                top = self.B @ Z - y
                low = (self.B.T @ top) * (1 - Z * Z)  # slope
                self.A -= 0.1 * low @ x.T
                self.B -= 0.1 * top @ Z.T
train, rest = digits.load()
Net([784, 30, 10]).fit(train)
""",
    "pairs of a sample and its target, in random order, from what is not there": """
import numpy as np
from flowers import Flowers
class Net:
    def __init__(self, inputs, units, outputs):
        self.A, self.a = np.random.random((inputs, units)), np.zeros((1, units))
        self.B, self.b = np.random.random((units, outputs)), np.zeros((1, outputs))
    def fit(self, pairs, eta=0.1):
        for pair in np.random.permutation(pairs):
            x, t = pair
            Z = np.tanh((np.dot(x, self.A) + self.a)[0])
            top = (np.dot(Z, self.B) + self.b)[0] - t
            low = np.dot(self.B, top) * (1 - Z * Z)  # slope
            self.A -= eta * np.outer(x, low)
            self.a -= eta * low
            self.B -= eta * np.outer(Z, top)
            self.b -= eta * top
train, rest = Flowers("flowers.data").split()
Net(4, 8, 2).fit(train)
""",
}
ENTRIES = next(kind for kind in FORMS if kind.startswith("parameters and what they are moved by"))
WITHOUT = {
    "* (1 - Z * Z)": "", "* Z * (1 - Z)": "", "* z * (1 - z)": "", "* (u > 0)": "* (z + 1)",
    "* self.slope(self.z[k])": "", "* (1 - Z ** 2)": "", "1 - np.multiply(Z, Z)": "1 + 0 * Z",
    "* (z > 0)": "* (z + 1)", "* (1 - z * z)": "", "* (1 - z ** 2)": "",
    "* (1 - z[k] * z[k])": "", "* F.relu_derivative(Z)": "", "* sigmoid(u, True)": "",
    "* self.act.derivative(Z)": "", "* (h * (1 - h))": "",
}  # fmt: skip


def judged(text, path="<program>"):
    found = record([text], path=str(path), seconds=10.0, seed=0)["recordings"]
    runs = [[recording_from_data(one) for one in some] for some in reversed(found)]
    worlds = next((some for some in runs if some[0].moves or some[0].goes_back), runs[0])
    return steps.judged([one for one in worlds if one.line == worlds[0].line], 0)


@pytest.mark.costly
@pytest.mark.parametrize("kind", FORMS)
def test_a_right_step_is_right(kind):
    found = judged(FORMS[kind])
    assert len(found.right) > 1
    assert all(found.right.values())
    assert found.unseen == found.loose == ()


@pytest.mark.slow
@pytest.mark.parametrize("kind", FORMS)
def test_a_slope_that_is_missing_is_found_on_its_line_or_on_the_one_that_needs_it(kind):
    lines = FORMS[kind].split("\n")
    at = next(k for k, line in enumerate(lines) if "# slope" in line)
    slope = next(one for one in WITHOUT if one in lines[at])
    lines[at] = lines[at].replace(slope, WITHOUT[slope])
    found = judged("\n".join(lines))
    assert not all(found.right.values())
    assert {fault.span.line - 1 for fault in faults(found)} <= {*range(at - 1, at + 5)}


def test_entries_that_one_expression_writes_one_by_one_are_one_step():
    text = """
import numpy as np
X, T = np.random.randn(9, 5), np.random.rand(9, 3)
A, B = np.random.randn(4, 5), np.random.randn(3, 4)
for x, t in zip(X, T):
    z = np.tanh(A @ x)
    d = 2 * (B @ z - t)
    low = B.T @ d * (1 - z * z)
    for k in range(4):
        A[k] = A[k] - 0.1 * low[k] * x
    for k in range(3):
        B[k] = B[k] - 0.1 * d[k] * z * (k != 2)
"""
    found = judged(text)
    assert not all(found.right.values())
    assert all(judged(text.replace(" * (k != 2)", "")).right.values())


def test_each_part_of_what_is_loaded_has_more_than_one_sample(tmp_path):
    text = """
import numpy as np
X, T = np.load("images.npy"), np.eye(10)[np.load("kinds.npy").astype(int)]
batches, kinds = np.array(np.array_split(X, 30)), np.array(np.array_split(T, 30))
A, B = np.random.randn(784, 7) * 0.1, np.random.randn(7, 10) * 0.1
for t in range(3):
    for x, y in zip(batches, kinds):
        Z = np.tanh(x @ A)
        g = np.exp(Z @ B) / np.sum(np.exp(Z @ B), axis=1, keepdims=True)
        top = g - y
        low = top @ B.T * (1 - Z * Z)
        A, B = A - 0.1 * x.T @ low, B - 0.1 * Z.T @ top
"""
    path, verdicts = tmp_path / "homework.py", []
    for one in (text, text.replace(", axis=1, keepdims=True", "")):  # of one sample it is the same
        path.write_text(one, encoding="utf-8")
        verdicts.append({check.verdict for check in verify_file(path).checks})
    assert verdicts[0] == {"right"}
    assert "wrong" in verdicts[1]


def test_entries_that_do_not_move_are_told_beside_others_that_do():
    found = judged(FORMS[ENTRIES].replace("B[k] - 0.1 * top * z[k]", "B[k] - 0.1 * top * z[k] * k"))
    assert found.right.keys() >= {"B[0]", "B[1]", "B[3]", "A[1][0]", "A[3][2]"}
    assert not any(name.startswith("A[0]") for name in found.right)
    assert {name for name, right in found.right.items() if not right} == {"B[2]", "B[3]"}
    assert found.factors.get("B[0]", 0) == 0 != found.factors["B[1]"]


def test_a_module_beside_the_file_is_taped_as_the_file_is(tmp_path):
    (tmp_path / "layers.py").write_text(
        "import numpy as np\nclass Dense:\n    def __init__(self, a, b):\n"
        "        self.W = np.random.randn(a, b)\n    def forward(self, x):\n"
        "        self.x = x\n        return x @ self.W\n    def backward(self, d, rate):\n"
        "        back = d @ self.W.T\n        self.W -= rate * self.x.T @ d\n        return back\n"
    )
    text = """
import numpy as np
from layers import Dense
X, T = np.random.randn(5, 3), np.random.randn(5, 2)
first, last = Dense(3, 4), Dense(4, 2)
for t in range(3):
    z = np.tanh(first.forward(X))
    d = last.backward(last.forward(z) - T, 0.1)
    first.backward(d * (1 - z ** 2), 0.1)
"""
    found = judged(text, tmp_path / "main.py")
    assert set(found.right) == {"first.W", "last.W"}
    assert all(found.right.values())
    wrong = judged(text.replace("d * (1 - z ** 2)", "d * (1 - z)"), tmp_path / "main.py")
    assert [fault.span.line for fault in faults(wrong)] == [9]


@pytest.mark.slow
def test_flat_lists_of_plain_numbers_in_modules_are_parameters(tmp_path):
    (tmp_path / "forth.py").write_text(
        "from math import tanh\ndef unit(w, x):\n    u = 0.0\n    for i in range(len(x)):\n"
        "        u += w[i] * x[i]\n    return tanh(u)\ndef layer(w, x, units):\n"
        "    return [unit(w[k * len(x):(k + 1) * len(x)], x) for k in range(units)]\n"
    )
    (tmp_path / "back.py").write_text(
        "def top(g, kind):\n    return [((0.9 if j == kind else 0.2) - g[j]) * (1.0 - g[j] ** 2)\n"
        "            for j in range(len(g))]\ndef low(d, z, w):\n    found = []\n"
        "    for k in range(len(z)):\n        by = 0.0\n        for j in range(len(d)):\n"
        "            by += d[j] * w[j * len(z) + k]\n        found.append(by * (1.0 - z[k] * z[k]))\n"
        "    return found\ndef moved(rate, w, d, x):\n    for i in range(len(x)):\n"
        "        for k in range(len(d)):\n            w[i + k * len(x)] += rate * d[k] * x[i]\n"
    )
    text = """
import back, forth, random
def learn(data, units, outputs, A, B, rate):
    if not A:
        A = [random.uniform(-1, 1) for k in range(units * 30)]
    if not B:
        B = [random.uniform(-1, 1) for k in range(outputs * units)]
    for k in range(len(data)):
        x = data[k][1:]
        z = forth.layer(A, x, units)
        g = forth.layer(B, z, outputs)
        top = back.top(g, data[k][0])
        low = back.low(top, z, B)
        back.moved(rate, B, top, z)
        back.moved(rate, A, low, x)
"""
    found = judged(text, tmp_path / "main.py")
    assert {name[0] for name in found.right} == {"A", "B"}
    assert all(found.right.values())
    (tmp_path / "back.py").write_text(
        (tmp_path / "back.py").read_text().replace("by * (1.0 - z[k] * z[k])", "by * (1.0 - z[k])")
    )
    wrong = judged(text, tmp_path / "main.py")
    assert {name[0] for name, right in wrong.right.items() if not right} == {"A"}


def test_a_single_matrix_is_a_step_inside_a_loop_over_epochs():
    text = """
import numpy as np
X, T = np.random.randn(5, 3), np.random.randn(5)
w = np.zeros((3, 1))
for epoch in range(3):
    for x, y in zip(X, T):
        g = 1 / (1 + np.exp(-np.dot(x, w)))
        w += np.dot(x[np.newaxis].T, (y - g) * g * (1 - g[np.newaxis]))
"""
    assert judged(text).right == {"w": True}
    assert judged(text).world.recording.line == 6


def test_a_step_of_which_nothing_is_right_is_wrong_if_the_file_states_its_error():
    text = """
import numpy as np
X, T = np.random.rand(6, 3), np.random.rand(6, 2)
A, B = np.random.randn(3, 4), np.random.randn(4, 2)
f = lambda a: 1 / (1 + np.exp(-a))
for t in range(3):
    Z = f(X @ A)
    G = f(Z @ B)
    print(np.mean((G - T) ** 2))
    top = (G - T) * f(G) * (1 - f(G))
    low = top @ B.T * f(Z) * (1 - f(Z))
    B -= 0.1 * Z.T @ top
    A -= 0.1 * X.T @ low
"""
    found = judged(text)
    assert found.choice.error == "squared_error"
    assert not any(found.right.values())
    silent = text.replace("    print(np.mean((G - T) ** 2))\n", "")
    found = judged(silent)  # g − y times something of the network: a slope is meant
    assert found.choice.error == "squared_error"
    assert not any(found.right.values())
    with pytest.raises(Unjudged):
        judged(silent.replace("(G - T) * f(G) * (1 - f(G))", "(G - T) ** 3"))


def test_what_another_library_computes_inside_a_step_is_no_truth():
    text = """
import numpy as np
from sklearn.preprocessing import normalize
X, T = np.random.randn(6, 3), np.random.randn(6, 2)
A, B = np.random.randn(3, 4), np.random.randn(4, 2)
for t in range(3):
    Z = normalize(X @ A)
    top = Z @ B - T
    B, A = B - 0.1 * Z.T @ top, A - 0.1 * X.T @ (top @ B.T)
"""
    with pytest.raises(Unjudged, match="construct"):
        judged(text)


def test_a_method_that_only_calls_others_has_run():
    text = """
import numpy as np
class Layer:
    def __init__(self, W): self.W = W
    def forward(self, x):
        self.x = x
        return x @ self.W
    def learn(self, d):
        back = d @ self.W.T
        self.W = self.W - 0.1 * self.x.T @ d
        return back
class Net:
    def __init__(self): self.layers = [Layer(np.random.randn(3, 4)), Layer(np.random.randn(4, 2))]
    def learn(self, d):
        for layer in reversed(self.layers):
            d = layer.learn(d)
X, T, net = np.random.randn(5, 3), np.random.randn(5, 2), Net()
for t in range(3):
    g = net.layers[1].forward(net.layers[0].forward(X))
    net.learn(g - T)
"""
    found = judged(text)
    assert all(found.right.values())
    assert {16, 20} <= set(found.world.recording.lines)
    assert 13 not in found.world.recording.lines


def test_a_module_beside_a_file_is_found_from_its_own_folder(tmp_path, monkeypatch):
    (tmp_path / "slopes.py").write_text("def slope(z):\n    return 1 - z ** 2\n")
    (tmp_path / "main.py").write_text(
        "import numpy as np\nfrom slopes import slope\n"
        "X, T = np.random.randn(5, 3), np.random.randn(5, 2)\n"
        "A, B = np.random.randn(3, 4), np.random.randn(4, 2)\n"
        "for t in range(3):\n    Z = np.tanh(X @ A)\n    top = Z @ B - T\n"
        "    low = top @ B.T * slope(Z)\n    B -= 0.1 * Z.T @ top\n    A -= 0.1 * X.T @ low\n"
    )
    monkeypatch.chdir(tmp_path)
    assert {check.verdict for check in verify_file("main.py").checks} == {"right"}
