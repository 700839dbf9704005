"""Right code that looks wrong, and wrong code that looks right: each as people write it."""

import pytest

from jaxmlp.verify.homework import Options, verify_file

ASCENT = """
import numpy as np
X = np.random.randn(20, 3)
T = (X[:, 0] > 0).astype(float)
W, b, V, c = np.random.randn(3, 4), np.random.randn(4), np.random.randn(4), np.random.randn(1)
seen = []
for i in range(50):
    Z = np.tanh(X.dot(W) + b)
    Y = 1 / (1 + np.exp(-(Z.dot(V) + c)))
    seen.append(np.sum(T * np.log(Y) + (1 - T) * np.log(1 - Y)))
    dZ = np.outer(T - Y, V) * (1 - Z * Z)
    V += 0.01 * ((T - Y).dot(Z) - 0.2 * V)
    c += 0.01 * ((T - Y).sum() - 0.2 * c)
    W += 0.01 * (X.T.dot(dZ) - 0.2 * W)
    b += 0.01 * (dZ.sum(axis=0) - 0.2 * b)
"""
NORMALISED = """
import numpy as np
X, T = np.random.randn(7, 5), np.random.randn(7, 4)
W, b, V, c = np.random.randn(5, 3), np.ones(3), np.random.randn(3, 4), np.ones(4)
for i in range(50):
    u = X @ W + b
    d = u - u.mean(0)
    s = np.sqrt((d ** 2).mean(0) + 1e-7)
    n = d / s
    z = np.tanh(n)
    g = z @ V + c
    top = g - T
    dn = top @ V.T * (1 - z ** 2)
    dd = dn / s - d * (dn * d).sum(0) / s ** 3 / 7
    du = dd - dd.mean(0)
    V -= 0.1 * z.T @ top; c -= 0.1 * top.sum(0)
    W -= 0.1 * X.T @ du; b -= 0.1 * du.sum(0)
"""
TWICE = """
import numpy as np
class Unit:
    def __init__(self, size): self.w, self.b = np.random.uniform(0.5, 1, size), 0
    def forward(self, x): self.a = 1 / (1 + np.exp(-(np.dot(self.w, x) + self.b)))
low, top = [Unit(2), Unit(2), Unit(2)], Unit(3)
inputs, targets = np.array([[0, 0], [0, 1], [1, 0], [1, 1]]), np.array([0, 1, 1, 0])
for epoch in range(100):
    for k, sample in enumerate(inputs):
        for unit in low: unit.forward(sample)
        top.forward([unit.a for unit in low])
        d = 2 * (top.a - targets[k]) * top.a * (1 - top.a)
        steps = [inputs[k] * d * w * unit.a * (1 - unit.a) for w, unit in zip(top.w, low)]
        top.w -= 0.2 * d * np.array([unit.a for unit in low])
        for unit, step in zip(low, steps): unit.w -= 0.2 * step
"""
HARD = """
import numpy as np
X, T = np.random.randn(7, 5), np.random.randn(7, 4)
W, V = np.random.randn(5, 3), np.random.randn(3, 4)
def MSE(g, y): return (g - y) ** 2
def softmax(a):
    best = list(a).index(max(a))
    return [1 if k == best else 0 for k in range(len(a))]
for i in range(50):
    z = np.tanh(X @ W)
    g = 1 / (1 + np.exp(-z @ V))
    top = (g - T) * g * (1 - g)
    low = top @ V.T * (1 - z ** 2)
    V -= 0.1 * z.T @ top; W -= 0.1 * X.T @ low
"""
LARGE = """
import numpy as np
X = 40 * np.random.rand(30, 9) + 10
T = np.random.randint(0, 2, (30, 1))
W, V = np.random.randn(9, 50), np.random.randn(50, 1)
for i in range(50):
    z = np.maximum(0, X @ W)
    g = np.reciprocal(1 + np.exp(-z @ V))
    top = g - T
    low = top @ V.T * (z > 0)
    V -= 0.1 * z.T @ top; W -= 0.1 * X.T @ low
"""
FILES = {  # name: right code, and an edit that makes it wrong
    "a likelihood is maximised": (ASCENT, "(1 - Z * Z)", "(1 - Z)"),
    "a likelihood is minimised": (ASCENT, "+= 0.01", "-= 0.01"),
    "a bias that normalisation takes away": (NORMALISED, "du = dd - dd.mean(0)", "du = dd"),
    "a sample that is 0 and read twice": (TWICE, "inputs[k] * d *", "inputs[k - 1] * d *"),
    "outputs that are 0 or 1 to the last digit": (LARGE, "(z > 0)", "z"),
}


@pytest.fixture
def judged(tmp_path):
    def judge(text):
        path = tmp_path / "homework.py"
        path.write_text(text, encoding="utf-8")
        return verify_file(path, Options(limit=30.0, budget=200.0))

    return judge


@pytest.mark.parametrize("kind", FILES)
def test_what_is_right_is_called_right_and_what_is_wrong_is_not(judged, kind):
    text, old, new = FILES[kind]
    found = judged(text)
    assert {check.verdict for check in found.checks} == {"right"}
    assert old in text
    assert "wrong" in {check.verdict for check in judged(text.replace(old, new)).checks}


def test_a_bias_that_normalisation_takes_away_is_judged(judged):
    assert any("b" in check.stage for check in judged(NORMALISED).checks)


def test_functions_that_a_right_step_does_not_use_are_not_called_wrong(judged):
    """E of each output, whose sum is taken elsewhere; and the labels in place of probabilities."""
    found = judged(HARD)
    assert {check.verdict for check in found.checks} == {"right"}
    told = {note.id for check in found.checks for note in check.remarks}
    assert "sum-missing" in told
    assert any("softmax" in note.text.en for note in found.remarks if note.id == "not-judged")


def test_they_are_where_there_is_no_right_step(judged):
    found = judged(HARD.replace("(1 - z ** 2)", "z"))
    wrong = {check.name for check in found.checks if check.verdict == "wrong"}
    assert {"MSE", "softmax"} <= wrong


def test_a_penalty_in_the_files_own_error_that_no_gradient_has(judged):
    """It is computed, and left alone: the weights do not go down the E that the file states."""
    plain = """
import numpy as np
X, y = np.random.randn(20, 5), np.random.randint(0, 4, 20)
W, V = np.random.randn(5, 3), np.random.randn(3, 4)
for i in range(50):
    z = np.tanh(X @ W)
    a = np.exp(z @ V)
    g = a / a.sum(1, keepdims=True)
    E = -np.log(g[range(20), y]).sum() / 20
    E += 0.05 * (np.sum(W ** 2) + np.sum(V ** 2))
    top = g.copy()
    top[range(20), y] -= 1
    top /= 20
    dV, dW = z.T @ top, X.T @ (top @ V.T * (1 - z ** 2))
    V -= 0.3 * dV; W -= 0.3 * dW
"""
    wrong = [check for check in judged(plain).checks if check.verdict == "wrong"]
    assert [check.diagnosis[0].id for check in wrong] == ["no-share", "no-share"]
    right = plain.replace("0.3 * dV", "0.3 * (dV + 0.1 * V)").replace(
        "0.3 * dW", "0.3 * (dW + 0.1 * W)")  # fmt: skip
    assert {check.verdict for check in judged(right).checks} == {"right"}
