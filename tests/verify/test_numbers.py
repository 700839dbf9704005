"""Networks of single numbers: a variable or an attribute for each weight and each bias."""

import pytest

XOR = """
from math import exp
from random import uniform
def sigmoid(x): return 1 / (1 + exp(-x))
def teach(rows, rate, epochs):
    n0, n1, n2 = uniform(-1, 1), uniform(-1, 1), uniform(-1, 1)
    m0, m1, m2 = uniform(-1, 1), uniform(-1, 1), uniform(-1, 1)
    k0, k1, k2 = uniform(-1, 1), uniform(-1, 1), uniform(-1, 1)
    for epoch in range(epochs):
        for x1, x2, t in rows:
            z1 = sigmoid(m0 + x1 * m1 + x2 * m2)
            z2 = sigmoid(k0 + x1 * k1 + x2 * k2)
            g = sigmoid(n0 + z1 * n1 + z2 * n2)
            delta = (t - g) * g * (1 - g)
            delta_1 = n1 * delta * z1 * (1 - z1)
            delta_2 = n2 * delta * z2 * (1 - z2)
            d_n0, d_n1, d_n2 = rate * delta, rate * delta * z1, rate * delta * z2
            d_m0, d_m1, d_m2 = rate * delta_1, rate * delta_1 * x1, rate * delta_1 * x2
            d_k0, d_k1, d_k2 = rate * delta_2, rate * delta_2 * x1, rate * delta_2 * x2
            n0 += d_n0
            n1 += d_n1
            n2 += d_n2
            m0 += d_m0
            m1 += d_m1
            m2 += d_m2
            k0 += d_k0
            k1 += d_k1
            k2 += d_k2
    return n0, n1, n2
teach([(0.2, 0.9, 0.9), (0.7, 0.4, 0.1), (0.6, 0.3, 0.8)], 0.5, 100)
"""
TWO_OUTPUTS = """
import random, math
def sigmoid(x): return 1 / (1 + math.exp(-x))
class Net:
    def __init__(self):
        self.w1, self.w2 = random.uniform(-0.5, 0.5), random.uniform(-0.5, 0.5)
        self.w3, self.w4 = random.uniform(-0.5, 0.5), random.uniform(-0.5, 0.5)
        self.b1, self.b2, self.rate = 0.5, 0.7, 0.5
    def forward(self, x):
        self.x = x
        self.h = sigmoid(self.w1 * x + self.b1)
        self.o1 = sigmoid(self.w2 * self.h + self.b2)
        self.o2 = sigmoid(self.w3 * self.h + self.b2)
        return self.o1, self.o2
    def backward(self, t1, t2):
        d1 = (self.o1 - t1) * self.o1 * (1 - self.o1)
        d2 = (self.o2 - t2) * self.o2 * (1 - self.o2)
        dh = (d1 * self.w2 + d2 * self.w3) * self.h * (1 - self.h)
        self.w2 -= self.rate * d1 * self.h
        self.w3 -= self.rate * d2 * self.h
        self.b2 -= self.rate * (d1 + d2)
        self.w1 -= self.rate * dh * self.x
        self.b1 -= self.rate * dh
    def train(self, x, t1, t2, epochs):
        for i in range(epochs):
            o1, o2 = self.forward(x)
            self.backward(t1, t2)
            error1 = o1 - t1
            error2 = o2 - t2
            print(error1, error2)
Net().train(0.1, 0.5, 0.3, 100)
"""
STARTING_AT_0 = """
import numpy as np
X, Y = np.random.rand(12, 2), np.random.randint(2, size=12)
class Net:
    def sigmoid(self, x): return 1 / (1 + np.exp(-x))
    def grad(self, x, y):
        x1, x2 = x
        h = self.sigmoid(self.w1 * x1 + self.w2 * x2 + self.b1)
        g = self.sigmoid(self.w3 * h + self.b2)
        delta = (g - y) * g * (1 - g)
        self.dw3, self.db2 = delta * h, delta
        back = delta * self.w3 * h * (1 - h)
        self.dw1, self.dw2, self.db1 = back * x1, back * x2, back
    def fit(self, X, Y, epochs, rate=0.1):
        self.w1, self.w2, self.w3 = np.random.rand(), np.random.rand(), np.random.rand()
        self.b1 = 0
        self.b2 = 0
        for epoch in range(epochs):
            dw1 = dw2 = dw3 = db1 = db2 = 0
            for x, y in zip(X, Y):
                self.grad(x, y)
                dw1 += self.dw1
                dw2 += self.dw2
                dw3 += self.dw3
                db1 += self.db1
                db2 += self.db2
            self.w1 -= rate * dw1
            self.w2 -= rate * dw2
            self.w3 -= rate * dw3
            self.b1 -= rate * db1
            self.b2 -= rate * db2
Net().fit(X, Y, 9)
"""
COLUMNS = """
import pandas as pd, numpy as np
table = pd.read_csv("people.csv")
x1, x2 = np.array(table["Height"].values.tolist()), np.array(table["Weight"].values.tolist())
t = np.array(table["Index"].values.tolist()) / 10
W, V = np.random.uniform(-0.5, 0.5, size=(2, 2)), np.random.uniform(-0.5, 0.5, size=2)
def sigmoid(x): return 1 / (1 + np.exp(-x))
for epoch in range(9):
    for a, b, y in zip(x1 / 100, x2 / 100, t):
        h1 = sigmoid(a * W[0][0] + b * W[0][1])
        h2 = sigmoid(a * W[1][0] + b * W[1][1])
        g = sigmoid(h1 * V[0] + h2 * V[1])
        delta = (y - g) * g * (1 - g)
        d1, d2 = delta * V[0] * h1 * (1 - h1), delta * V[1] * h2 * (1 - h2)
        V[0] += 0.1 * delta * h1
        V[1] += 0.1 * delta * h2
        W[0][0] += 0.1 * d1 * a
        W[0][1] += 0.1 * d1 * b
        W[1][0] += 0.1 * d2 * a
        W[1][1] += 0.1 * d2 * b
"""


@pytest.mark.parametrize("text", [XOR, TWO_OUTPUTS, STARTING_AT_0, COLUMNS])
def test_what_is_right_is_called_right(judged, text):
    file = judged(text)
    steps = [check for check in file.checks if check.stage.startswith("∂E/∂")]
    assert steps
    assert {check.verdict for check in steps} == {"right"}
    assert "not-looked-at" not in {note.id for note in file.remarks}


@pytest.mark.parametrize(
    ("text", "old", "new", "line", "why"),
    [
        (XOR, "delta_1 = n1 *", "delta_1 = m1 *", 15, "W-for-V"),
        (TWO_OUTPUTS, "d1 * self.w2 +", "d1 * self.w3 +", 18, "W-for-V"),
        # delta V[1] is ∂E/∂h2, so that it is as well f' that is of another unit
        (COLUMNS, "delta * V[0] * h1", "delta * V[1] * h1", 14, "slope-of-layer"),
    ],
)
def test_another_weight_on_the_way_back_is_wrong_at_its_line(judged, text, old, new, line, why):
    assert old in text
    checks = [check for check in judged(text.replace(old, new)).checks if check.verdict == "wrong"]
    assert {check.place.line for check in checks} == {line}
    assert {note.id for check in checks for note in check.diagnosis} == {why}


def test_biases_that_never_move_are_told_where_their_gradients_end(judged):
    text = STARTING_AT_0.replace("self.b1 -= rate", "self.db1 -= rate")
    text = text.replace("self.b2 -= rate", "self.db2 -= rate")
    checks = [check for check in judged(text).checks if check.verdict == "wrong"]
    assert {check.stage for check in checks} == {"∂E/∂self.b1", "∂E/∂self.b2"}
    assert {note.id for check in checks for note in check.diagnosis} == {"never-moves"}
    assert {text.split("\n")[check.place.line - 1].split()[0] for check in checks} == {
        "self.db1",
        "self.db2",
    }


def test_biases_that_are_fixed_on_purpose_are_not_told(judged):
    text = TWO_OUTPUTS.replace("        self.b2 -= self.rate * (d1 + d2)\n", "")
    text = text.replace("        self.b1 -= self.rate * dh\n", "")
    assert text.count("self.b1") == 2  # where it is stated, and used
    steps = [check for check in judged(text).checks if check.stage.startswith("∂E/∂")]
    assert {check.verdict for check in steps} == {"right"}


GROWING = """
import numpy as np
X, T = np.random.randn(40, 3), np.random.randn(40, 2)
W, V = np.random.randn(3, 4), np.random.randn(4, 2)
b1 = 0
b2 = 0
for epoch in range(9):
    h = np.tanh(X @ W + b1)
    delta2 = h @ V + b2 - T
    delta1 = delta2 @ V.T * (1 - h**2)
    V -= 0.1 * h.T @ delta2
    W -= 0.1 * X.T @ delta1
    b2 = b2 - 0.1 * delta2.sum(axis=0)
    b1 = b1 - 0.1 * delta1.sum(axis=0)
"""


def test_a_bias_that_is_0_before_it_is_a_vector_is_judged(judged):
    assert {check.verdict for check in judged(GROWING).checks} == {"right"}
    uphill = judged(GROWING.replace("b1 = b1 - 0.1", "b1 = b1 + 0.1"))
    assert "wrong" in {check.verdict for check in uphill.checks}
