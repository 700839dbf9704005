"""What the values of a backward pass are, and no verdict without evidence."""

import pytest

from jaxmlp.verify.judge import steps
from jaxmlp.verify.judge.faults import faults
from jaxmlp.verify.judge.mending import repairs
from jaxmlp.verify.judge.worlds import Unjudged
from jaxmlp.verify.run.record import record
from jaxmlp.verify.run.recording import recording_from_data

NET = """
import numpy as np
X = np.random.randn(7, 3); Y = np.random.randn(7, 2)
A = np.random.randn(3, 4); B = np.random.randn(4, 2)
for t in range(3):
    Z = np.tanh(X @ A)
    d2 = Z @ B - Y
    d1 = d2 @ B.T * (1 - Z ** 2)
    A, B = A - 0.1 * X.T @ d1, B - 0.1 * Z.T @ d2
"""


def judged(text: str):
    found = record([text], path="<net>", seconds=5.0, seed=0)
    return steps.judged([recording_from_data(one) for one in found["recordings"][0]], 0)


def test_every_value_of_the_backward_pass_is_named_with_its_factor():
    found = judged(NET)
    nodes = found.world.recording.nodes
    named = {}
    for number in found.choice.target.backward:
        name = found.names.of(number)
        if name and nodes[number].span.line in (7, 8):
            named[nodes[number].span.line, nodes[number].op] = (
                nodes[name.of].span.line,
                name.factor,
            )
    assert named[7, "subtract"] == (7, pytest.approx(0.5))  # d2 is half of ∂E/∂(Z @ B)
    assert named[8, "matmul"] == (6, pytest.approx(0.5))  # d2 @ B.T of ∂E/∂Z
    assert named[8, "multiply"] == (6, pytest.approx(0.5))  # d1 of ∂E/∂(X @ A)
    assert found.right == {"A": True, "B": True}
    assert found.factors == pytest.approx({"A": 0.05, "B": 0.05})


def test_the_first_value_that_is_nothing_is_the_fault():
    found = judged(NET.replace("(1 - Z ** 2)", "(1 - Z)"))
    (fault,) = faults(found)
    assert (fault.span.line, fault.span.column, fault.params) == (8, 9, ("A",))
    assert found.right == {"A": False, "B": True}


def test_a_step_along_nothing_that_is_known_is_not_judged():
    text = NET.replace("d2 = Z @ B - Y", "d2 = np.sign(Z @ B - Y) * (Z @ B) ** 2")
    with pytest.raises(Unjudged) as why:
        judged(text.replace("Z.T @ d2", "Z.T @ d2 ** 3"))
    assert why.value.reason == "no-error"


def test_dropout_and_other_random_numbers_are_constants_of_the_step():
    text = NET.replace("np.tanh(X @ A)", "np.tanh(X @ A) * M").replace(
        "    Z =", "    M = np.random.rand(7, 4) > 0.3\n    Z ="
    )
    assert judged(text.replace("(1 - Z ** 2)", "M * (1 - Z ** 2)")).right == {"A": True, "B": True}
    # without the mask a unit that was dropped learns
    assert judged(text).right == {"A": False, "B": True}


OF_EACH_SAMPLE = """
import numpy as np
class Squares:
    def value(self, g, y): return np.mean((g - y) ** 2)
    def slope(self, g, y): return 2 * (g - y) / len(g)
class Net:
    def __init__(self, d, q, m):
        self.W, self.V, self.loss = np.random.randn(q, d), np.random.randn(m, q), Squares()
        self.dW, self.dV = np.zeros((q, d)), np.zeros((m, q))
    def back(self, x, y):
        delta2 = self.loss.slope(self.g, y) * (1 - self.g ** 2)
        self.dV += np.outer(delta2, self.z)
        self.dW += np.outer(self.V.T @ delta2 * (1 - self.z ** 2), x)
    def train(self, X, Y, eta=0.1):
        for epoch in range(9):
            self.dW.fill(0.0)
            self.dV.fill(0.0)
            total = 0.0
            for x, y in zip(X, Y):
                self.z = np.tanh(self.W @ x)
                self.g = np.tanh(self.V @ self.z)
                total += self.loss.value(self.g, y)
                self.back(x, y)
            self.V -= eta * self.dV / len(X)
            self.W -= eta * self.dW / len(X)
            print(total / len(X))
"""


def test_an_e_of_one_sample_is_not_that_of_the_step(judged):
    file = judged(OF_EACH_SAMPLE)
    assert {check.verdict for check in file.checks} == {"right"}
    assert not [note for note in file.remarks if note.id == "not-judged"]
    wrong = judged(OF_EACH_SAMPLE.replace("(1 - self.z ** 2)", "(1 - self.z)"))
    assert [c.diagnosis[0].id for c in wrong.checks if c.verdict == "wrong"] == ["slope-1-f"]


UNITS = """
import random
import numpy as np
X, Y = np.array([[1, 0], [0, 1], [1, 1]]), np.array([[0.2], [0.9], [0.4]])
class Unit:
    def __init__(self, n):
        self.w = np.array([random.uniform(-1, 1) for k in range(n)])
    def output(self, x):
        return 1 / (1 + np.exp(-sum(a * b for a, b in zip(x, self.w))))
class Layer:
    def __init__(self, n, m):
        self.units, self.out = [Unit(n) for k in range(m)], np.zeros(m)
    def outputs(self, x):
        for k, unit in enumerate(self.units):
            self.out[k] = unit.output(x)
        return self.out
low, top = Layer(2, 2), Layer(2, 1)
for epoch in range(9):
    for x, y in zip(X, Y):
        z = low.outputs(x)
        g = top.outputs(z)
        d = g * (1 - g) * (g - y)
        e = z * (1 - z) * (d @ np.vstack([unit.w for unit in top.units]))
        for k, unit in enumerate(top.units):
            unit.w = unit.w - 0.1 * d[k] * z
        for k, unit in enumerate(low.units):
            unit.w = unit.w - 0.1 * np.outer(e, x)[k]
"""


def test_a_sample_that_is_read_as_a_whole_keeps_its_zeros(judged):
    assert {check.verdict for check in judged(UNITS).checks} == {"right"}
    wrong = judged(UNITS.replace("e = z * (1 - z) *", "e = z *"))
    assert "wrong" in {check.verdict for check in wrong.checks}


UNROLLED = """
import numpy as np
class Net:
    def __init__(self, share=0):
        self.W1, self.W2, self.share = np.random.randn(2, 3), np.random.randn(3, 1), share
    def forward(self, x):
        self.u = x @ self.W1
        self.z = np.tanh(self.u)
        return self.z @ self.W2
    def cost(self, x, y):
        return 0.5 * np.sum((self.forward(x) - y) ** 2)
    def cost_derivative(self, x, y):
        delta = self.forward(x) - y
        return x.T @ (delta @ self.W2.T * (1 - self.z ** 2)), self.z.T @ delta
    def compute_gradients(self, x, y):
        dW1, dW2 = self.cost_derivative(x, y)
        return np.concatenate((dW1.ravel(), dW2.ravel()))
"""


def test_a_vector_of_all_gradients_is_judged_with_these(judged):
    unsure = lambda text: [note for note in judged(text).remarks if note.id == "not-judged"]  # noqa: E731
    assert {check.verdict for check in judged(UNROLLED).checks} == {"right"}
    assert not unsure(UNROLLED)
    (wrong,) = (
        c
        for c in judged(UNROLLED.replace("dW2.ravel()))", "3 * dW2.ravel()))")).checks
        if c.verdict == "wrong"
    )
    assert wrong.diagnosis[0].id == "other-factor"


OF_ANOTHER = """
import numpy as np
X, Y = np.random.rand(6, 3), np.random.rand(6, 1)
W, V = np.random.randn(3, 4), np.random.randn(4, 1)
for epoch in range(9):
    z = 1 / (1 + np.exp(-(X @ W)))
    g = 1 / (1 + np.exp(-(z @ V)))
    E = 0.5 * np.sum((g - Y) ** 2)
    delta2 = (1 - g ** 2) * (g - Y)
    delta1 = (1 - z ** 2) * (delta2 @ V.T)
    V -= 0.1 * z.T @ delta2
    W -= 0.1 * X.T @ delta1
"""


def test_the_slope_of_another_activation_is_no_factor_too_many(judged):
    ids = {note.id for check in judged(OF_ANOTHER).checks for note in check.diagnosis}
    assert "slope-of-other" in ids
    assert "output-slope-extra" not in ids


IN_LISTS = """
import numpy as np
X, Y = np.random.randn(9, 5), np.eye(3)[np.random.randint(0, 3, 9)]
W, B = [np.random.randn(4, 5), np.random.randn(3, 4)], [np.zeros((4, 1)), np.zeros((3, 1))]
def forward(x):
    z = 1 / (1 + np.exp(-(W[0] @ x.T + B[0])))
    e = np.exp(W[1] @ z + B[1])
    g = e / e.sum(axis=0)
    return z, g
def backward(z, g, y, x):
    d = (g - y.T) / len(y)
    low = W[1].T @ d * z * (1 - z)
    return d.sum(axis=1, keepdims=True), d @ z.T, low @ x, low.sum(axis=1, keepdims=True)
"""


def test_the_number_of_a_result_is_no_name(judged):
    assert {check.verdict for check in judged(IN_LISTS).checks} == {"right"}
    wrong = judged(IN_LISTS.replace("low @ x,", "2 * low @ x,"))
    assert "other-factor" in {note.id for check in wrong.checks for note in check.diagnosis}


def test_thresholds_that_never_move_are_told_if_their_gradient_is_computed(judged):
    text = UNITS.replace(
        "n):\n        self.w", "n):\n        self.threshold = random.random()\n        self.w"
    )
    text = text.replace("zip(x, self.w))))", "zip(x, self.w)) + self.threshold))")
    moved = "unit.w = unit.w - 0.1 * d[k] * z\n"
    kept = text.replace(moved, moved + "            dt = -0.1 * d[k]\n")
    (wrong,) = (check for check in judged(kept).checks if check.verdict == "wrong")
    assert (wrong.diagnosis[0].id, "threshold" in wrong.stage) == ("never-moves", True)
    all_moved = text.replace(moved, moved + "            unit.threshold += 0.1 * d[k]\n")
    assert {check.verdict for check in judged(all_moved).checks} == {"right"}


TOO_FEW = """
import numpy as np
f = lambda u: 1 / (1 + np.exp(-u))
X, Y = np.random.rand(6, 3, 1), np.random.rand(6, 2, 1)
W = [np.random.randn(4, 3), np.random.randn(5, 4), np.random.randn(2, 5)]
b = [np.random.randn(4, 1), np.random.randn(5, 1), np.random.randn(2, 1)]
for epoch in range(9):
    for x, y in zip(X, Y):
        z, dW, db = [x], [np.zeros(w.shape) for w in W], [np.zeros(c.shape) for c in b]
        for w, c in zip(W, b):
            z.append(f(w @ z[-1] + c))
        delta = (z[-1] - y) * z[-1] * (1 - z[-1])
        for l in range(1, 4):
            dW[-l], db[-l] = delta @ z[-l - 1].T, delta
            delta = W[-l].T @ delta * z[-l - 1] * (1 - z[-l - 1])
        W = [w - 0.1 * dw for w, dw in zip(W, dW)]
        b = [c - 0.1 * dc for c, dc in zip(b, db)]
"""


def test_a_layer_that_the_way_back_does_not_reach_never_moves(judged):
    assert {check.verdict for check in judged(TOO_FEW).checks} == {"right"}
    file = judged(TOO_FEW.replace("range(1, 4)", "range(1, 3)"))
    wrong = {
        check.stage: check.diagnosis[0].id for check in file.checks if check.verdict == "wrong"
    }
    assert wrong == {"∂E/∂W[0]": "never-moves", "∂E/∂b[0]": "never-moves"}
    assert not [note for note in file.remarks if note.id == "not-judged"]


GUARDED = """
import numpy as np
rng = np.random.default_rng(0)
X, Y = rng.normal(size=(7, 3)), np.eye(4)[rng.integers(4, size=7)]
W, V, lam = rng.normal(size=(3, 5)), rng.normal(size=(5, 4)), {lam}
for t in range(3):
    Z = np.tanh(X @ W)
    g = np.exp(Z @ V); g /= g.sum(axis=1, keepdims=True)
    E = -np.sum(Y * np.log(g + 1e-4)) + 0.5 * lam * (np.sum(W ** 2) + np.sum(V ** 2))
    d = g - Y
    dV, dW = Z.T @ d + lam * V, X.T @ (d @ V.T * (1 - Z ** 2)) + lam * W
    V, W = V - 0.1 * dV, W - 0.1 * dW
"""


@pytest.mark.parametrize("lam", [0.0, 0.3])
def test_what_keeps_a_logarithm_from_0_is_in_no_gradient(lam):
    assert set(judged(GUARDED.format(lam=lam)).right.values()) == {True}
    wrong = judged(GUARDED.format(lam=lam).replace("(1 - Z ** 2)", "(1 - Z)"))
    assert wrong.right == {"V": True, "W": False}


LISTED = """
import math, random
random.seed(1)
W = [[random.random() for k in range(2)] for j in range(3)]
V = [random.random() for j in range(3)]
biases = [[random.random() for j in range(3)], [random.random()]]
for t in range(5):
    for x, y in (([0.2, 0.9], 1.0), ([0.7, 0.1], 0.0)):
        h = []
        for j in range(3):
            u = 0
            u += biases[0][j]
            for k in range(2):
                u += W[j][k] * x[k]
            h.append(1 / (1 + math.exp(-u)))
        g = biases[1][0] + sum(V[j] * h[j] for j in range(3))
        d = g - y
        below = [d * V[j] * h[j] * (1 - h[j]) for j in range(3)]
        for j in range(3):
            V[j] -= 0.1 * d * h[j]
            for k in range(2):
                W[j][k] -= 0.1 * below[j] * x[k]
{more}
"""
MOVED = """
        biases[1][0] -= 0.1 * d
        for j in range(3):
            biases[0][j] -= 0.1 * below[j]
"""


def test_numbers_in_a_list_of_biases_have_to_move():
    nodes = {i: name for name, i in judged(LISTED.format(more="")).world.recording.values}
    still = {nodes[leaf] for leaf in judged(LISTED.format(more="")).still}
    assert still == {"biases[0][0]", "biases[0][1]", "biases[0][2]", "biases[1][0]"}
    assert not judged(LISTED.format(more=MOVED)).still


ONCE = NET.replace("for t in range(3):", "C0 = np.random.randn(2)\nif True:").replace(
    "Z @ B", "Z @ B + C0"
)


def test_what_is_moved_under_another_name_has_moved():
    moved = ONCE + "    C = C0 - 0.1 * d2.sum(0)\n"
    assert not judged(moved).still
    assert judged(moved.replace("if True:", "for t in range(3):")).still


def test_a_derivative_in_whole_numbers_is_followed():
    text = """
import numpy as np
rng = np.random.default_rng(0)
X, Y = rng.random((7, 3)), rng.random((7, 2))
W, V = rng.random((4, 3)), rng.random((2, 4))
for t in range(3):
    for x, y in zip(X, Y):
        u = W @ x
        z = np.array([max(a, 0) for a in u])
        d = V @ z - y
        below = V.T @ d * np.array([int(a > 0) for a in u])
        V, W = V - 0.1 * np.outer(d, z), W - 0.1 * np.outer(below, x)
"""
    assert set(judged(text).right.values()) == {True}
    assert not judged(text.replace("max(a, 0)", "np.max(a, 0)")).right["W"]


DROPPED = """
import numpy as np
rng = np.random.default_rng(0)
X, Y = rng.normal(size=(20, 3)), rng.normal(size=(20, 2))
W, V, U = rng.normal(size=(3, 6)), rng.normal(size=(6, 5)), rng.normal(size=(5, 2))
for t in range(3):
    mask = (np.random.rand(20, 6) < 0.8) / 0.8
    z = np.tanh(X @ W)
    h = np.tanh((z * mask) @ V)
    d3 = h @ U - Y
    d2 = d3 @ U.T * (1 - h ** 2)
    d1 = mask * (d2 @ V.T) * (1 - z ** 2)
    dU, dV, dW = h.T @ d3, (z * mask).T @ d2, X.T @ d1
    U -= 0.1 * dU; V -= 0.1 * dV; W -= 0.1 * dW
"""


def test_a_mask_that_one_layer_has_belongs_in_its_gradient():
    assert set(judged(DROPPED).right.values()) == {True}
    wrong = judged(DROPPED.replace("mask * (d2 @ V.T)", "(d2 @ V.T)"))
    ((fault, why),) = next(repairs(wrong))[1]
    assert [note.id for note in why.notes] == ["mask-missing"]
    assert wrong.world.recording.nodes[fault.first].span.line == 12
