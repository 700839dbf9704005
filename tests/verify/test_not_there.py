"""Programs that lack more than data: modules of which all names are imported, sizes, pairs."""

import pytest

STARRED = """
import random
from helpers import *

class Net:
    def __init__(self, ni, nh, no):
        self.ni, self.nh, self.no = ni + 1, nh, no
        self.ai, self.ah, self.ao = [1.0] * self.ni, [1.0] * self.nh, [1.0] * self.no
        self.wi, self.wo = np.zeros([self.ni, self.nh]), np.zeros([self.nh, self.no])
        for i in range(self.ni):
            for j in range(self.nh):
                self.wi[i][j] = random.uniform(-0.2, 0.2)
        for j in range(self.nh):
            for k in range(self.no):
                self.wo[j][k] = random.uniform(-2.0, 2.0)

    def update(self, inputs):
        if len(inputs) != self.ni - 1:
            raise ValueError("not as many as there are input nodes")
        for i in range(self.ni - 1):
            self.ai[i] = inputs[i]
        for j in range(self.nh):
            self.ah[j] = np.tanh(sum(self.ai[i] * self.wi[i][j] for i in range(self.ni)))
        for k in range(self.no):
            self.ao[k] = np.tanh(sum(self.ah[j] * self.wo[j][k] for j in range(self.nh)))

    def back(self, targets, rate):
        out, hidden = [0.0] * self.no, [0.0] * self.nh
        for k in range(self.no):
            out[k] = (1 - self.ao[k] ** 2) * (targets[k] - self.ao[k])
        for j in range(self.nh):
            hidden[j] = (1 - self.ah[j] ** 2) * sum(out[k] * self.wo[j][k] for k in range(self.no))
        for j in range(self.nh):
            for k in range(self.no):
                self.wo[j][k] += rate * out[k] * self.ah[j]
        for i in range(self.ni):
            for j in range(self.nh):
                self.wi[i][j] += rate * hidden[j] * self.ai[i]

    def train(self, patterns, epochs=9, rate=0.1):
        for epoch in range(epochs):
            for pattern in patterns:
                self.update(pattern[0])
                self.back(pattern[1], rate)
"""
DATA = """
net = Net(6, 3, 1)
X, Y = normalized(data_of(3))
for x, y in zip(X, Y):
    net.update(x)
    net.back([y], 0.1)
"""
IMPORTED = STARRED.replace("from helpers import *", "import numpy as np")
COLUMNS = """
import numpy as np
x, y = np.load('data/x.npy'), np.load('data/y.npy')
W, b = np.random.randn(8, 12) * 0.1, np.zeros((8, 1))
V, c = np.random.randn(1, 8) * 0.1, np.zeros((1, 1))
for epoch in range(50):
    z = np.tanh(W @ x + b)
    g = 1 / (1 + np.exp(-(V @ z + c)))
    delta2 = (g - y) / x.shape[1]
    delta1 = V.T @ delta2 * (1 - z * z)
    V -= 0.1 * delta2 @ z.T
    c -= 0.1 * delta2.sum(axis=1, keepdims=True)
    W -= 0.1 * delta1 @ x.T
    b -= 0.1 * delta1.sum(axis=1, keepdims=True)
"""
REFUSES = """
import numpy as np
class Net:
    def __init__(self, inputs, hidden, outputs):
        sizes = [inputs] + list(hidden) + [outputs]
        self.W = [np.random.randn(m, n) for m, n in zip(sizes, sizes[1:])]
    def fit(self, X, y):
        for epoch in range(9):
            a = [X]
            for W in self.W:
                a.append(np.tanh(a[-1] @ W))
            if y.shape[1] != a[-1].shape[1]:
                raise ValueError(f"expected {a[-1].shape[1]} columns, got {y.shape[1]}")
            delta = (a[-1] - y) * (1 - a[-1] ** 2)
            for k in reversed(range(len(self.W))):
                dW, delta = a[k].T @ delta, delta @ self.W[k].T * (1 - a[k] ** 2)
                self.W[k] -= 0.1 * dW
"""
DRAWN = """
import numpy as np
from activation import SigmoidActivator, TanhActivator
from utils import init_weight

class Layer:
    def __init__(self, inputs, outputs, activator):
        self.W, self.b = init_weight(outputs, inputs), init_weight(outputs, 1)
        self.activator = activator
    def forward(self, x):
        self.x, self.u = x, self.W @ x + self.b
        return self.activator.forward(self.u)
    def backward(self, up):
        delta = up * self.activator.backward(self.u)
        self.dW, self.db = delta @ self.x.T, delta.sum(axis=1, keepdims=True)
        return self.W.T @ delta

layers = [Layer(2, 7, TanhActivator()), Layer(7, 1, SigmoidActivator())]
X, y = np.random.randn(2, 9), np.random.randint(0, 2, (1, 9))
for epoch in range(9):
    a = X
    for layer in layers:
        a = layer.forward(a)
    up = (1 - y) / (1 - a) - y / a
    for layer in reversed(layers):
        up = layer.backward(up)
    for layer in layers:
        layer.W -= 0.1 * layer.dW
        layer.b -= 0.1 * layer.db
"""
PROGRAMS = {
    "all names of a module": (STARRED + DATA, "rate * out[k]", "-rate * out[k]"),
    "pairs, and lists as long as is said": (IMPORTED, "rate * out[k]", "-rate * out[k]"),
    "samples as columns": (COLUMNS, "(1 - z * z)", "(1 - z)"),
    "a program that refuses sizes": (REFUSES, "delta @ self.W[k].T *", "-delta @ self.W[k].T *"),
    "weights that a function draws": (DRAWN, "delta @ self.x.T", "up @ self.x.T"),
}  # fmt: skip


@pytest.mark.costly
@pytest.mark.parametrize("kind", PROGRAMS)
def test_it_is_judged_without_what_is_not_there(judged, kind):
    text, right, wrong = PROGRAMS[kind]
    file = judged(text)
    assert {check.verdict for check in file.checks} == {"right"}
    assert not any(note.id in ("not-looked-at", "not-judged") for note in file.remarks)
    assert text.count(right) == 1
    changed = judged(text.replace(right, wrong))
    lines = {check.place.line for check in changed.checks if check.verdict == "wrong"}
    at = text[: text.index(right)].count("\n") + 1
    assert lines & {at, at + 1}


def test_that_np_is_not_imported_is_said(judged):
    assert any(note.id == "not-imported" for note in judged(STARRED + DATA).remarks)
    assert not any(note.id == "not-imported" for note in judged(IMPORTED).remarks)


def test_a_star_of_a_library_gives_no_np_and_hides_nothing(judged):
    file = judged(
        "from numpy import *\ndef relu(x):\n    return maximum(x, 0) + 0 * random.rand()\n"
    )
    assert [check.verdict for check in file.checks] == ["right"]
    assert not any(note.id == "not-imported" for note in file.remarks)
