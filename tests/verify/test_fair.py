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


STABLE = """
import numpy as np
def sigmoid(s):
    made = np.zeros(s.shape)
    made[s >= 0] = 1 / (1 + np.exp(-s[s >= 0]))
    made[s < 0] = np.exp(s[s < 0]) / (1 + np.exp(s[s < 0]))
    return made
X, T = np.random.randn(7, 5), np.random.rand(7, 4)
W, V = np.random.randn(5, 3), np.random.randn(3, 4)
for i in range(50):
    z = sigmoid(X @ W)
    g = sigmoid(z @ V)
    top = g - T
    low = top @ V.T * z * (1 - z)
    V -= 0.1 * z.T @ top
    W -= 0.1 * X.T @ low
"""
CURVE = """
import numpy as np
W, b, V, c = np.random.randn(6, 1), np.random.randn(6, 1), np.random.randn(1, 6), np.ones((1, 1))
for i in range(50):
    rows, targets = [], []
    for k in range(4):
        x = np.linspace(0, 3, 9)
        rows.append(x)
        targets.append(np.sin(x) + 0.1 * np.random.randn(9))
    x, t = np.concatenate(rows)[None], np.concatenate(targets)[None]
    z = np.tanh(W @ x + b)
    top = V @ z + c - t
    low = V.T @ top * (1 - z ** 2)
    V -= 0.01 * top @ z.T; c -= 0.01 * top.sum(1, keepdims=True)
    W -= 0.01 * low @ x.T; b -= 0.01 * low.sum(1, keepdims=True)
"""


@pytest.mark.parametrize("text", [STABLE, CURVE], ids=["by masks", "of the samples"])
@pytest.mark.parametrize("slip", [("low = ", "low = -"), ("* (1 - z", "+ (1 - z")])
def test_a_sigmoid_by_masks_and_a_target_that_is_computed(judged, text, slip):
    assert {check.verdict for check in judged(text).checks} == {"right"}
    changed = text.replace(*slip)
    if changed != text:
        assert "wrong" in {check.verdict for check in judged(changed).checks}


BY_OBJECT = """
import numpy as np
class Net:
    def __init__(self):
        self.W, self.V = np.random.randn(5, 3), np.random.randn(3, 4)
    def f(self, u):
        return 1 / (1 + np.exp(-u))
    def f_prime(self, u):
        return np.exp(-u) / (1 + np.exp(-u)) ** 2
    def step(self, X, T):
        u = X @ self.W
        z = self.f(u)
        a = z @ self.V
        top = (self.f(a) - T) * self.f_prime(a)
        low = top @ self.V.T * self.f_prime(u)
        self.V -= 0.1 * z.T @ top
        self.W -= 0.1 * X.T @ low
net = Net()
X, T = np.random.randn(7, 5), np.random.rand(7, 4)
for i in range(50):
    net.step(X, T)
"""


def test_a_method_that_gives_another_slope_is_where_the_mistake_is(judged):
    assert {check.verdict for check in judged(BY_OBJECT).checks} == {"right"}
    text = BY_OBJECT.replace("(1 + np.exp(-u)) ** 2", "(1 + np.exp(-u) ** 2)")
    (wrong,) = [one for one in judged(text).checks if one.verdict == "wrong"]
    assert [note.id for note in wrong.diagnosis] == ["slope-wrong"]
    assert wrong.place.text == "np.exp(-u) / (1 + np.exp(-u) ** 2)"


def test_a_slope_that_is_given_f_of_u_is_right_in_a_wrong_file(judged):
    file = judged("""
import numpy as np
def sigmoid(u): return 1 / (1 + np.exp(-u))
def sigmoid_derivative(x): return x * (1 - x)
X, T = np.random.randn(7, 5), np.random.rand(7, 4)
W, V = np.random.randn(5, 3), np.random.randn(3, 4)
for i in range(50):
    z = sigmoid(X @ W)
    g = sigmoid(z @ V)
    top = (g - T) * sigmoid_derivative(g)
    low = top.dot(np.roll(V, 1, 0).T) * sigmoid_derivative(z)
    V -= 0.1 * z.T @ top
    W -= 0.1 * X.T @ low
""")
    by_name = {check.name: check.verdict for check in file.checks}
    assert by_name.pop("sigmoid_derivative") == "right"
    assert "wrong" in {check.verdict for check in file.checks}


def test_samples_in_brackets_may_begin_with_zeros(judged):
    text = """
from math import exp
data = [[(0, 0), 0], [(1, 0), 1], [(0, 1), 1]]
w, v = [[0.5, 0.2], [-0.5, -0.3]], [0.5, -0.5]
for t in range(100):
    for (p, q), y in data:
        z = [1 / (1 + exp(-(r[0] * p + r[1] * q))) for r in w]
        g = z[0] * v[0] + z[1] * v[1]
        top = g - y
        low = [top * v[k] * z[k] * (1 - z[k]) for k in range(2)]
        for k in range(2):
            v[k] -= 0.1 * top * z[k]
            w[k][0] -= 0.1 * low[k] * p
            w[k][1] -= 0.1 * low[k] * q
"""
    file = judged(text)
    assert {check.verdict for check in file.checks} == {"right"}
    assert not any(note.id == "not-judged" for note in file.remarks)
    wrong = judged(text.replace("low[k] * q", "low[k] * p"))
    assert "wrong" in {check.verdict for check in wrong.checks}


AVERAGED = """
import numpy as np
def sigmoid(u): return 1 / (1 + np.exp(-u))
X, T = np.random.randn(7, 5), np.random.rand(7, 4)
U, W, V = np.random.randn(6, 5), np.random.randn(3, 6), np.random.randn(4, 3)
for epoch in range(50):
    for x, t in zip(X, T):
        y = sigmoid(np.sum(x * U, axis=1))
        z = sigmoid(np.sum(y * W, axis=1))
        g = sigmoid(np.sum(z * V, axis=1))
        top = (g - t) * g * (1 - g)
        mid = np.sum(top[:, None] * V, axis=0) * z * (1 - z)
        low = np.sum(mid[:, None] * W, axis=0) * y * (1 - y)
        V -= 0.1 * top[:, None] * z
        W -= 0.1 * mid[:, None] * y
        U -= 0.1 * low[:, None] * x
while True:
    try:
        print(X[int(input())])
    except IndexError:
        pass
"""


def test_a_mean_over_units_is_no_step_size(judged):
    assert {check.verdict for check in judged(AVERAGED).checks} == {"right"}
    for old in ("np.sum(top", "np.sum(mid"):
        file = judged(AVERAGED.replace(old, old.replace("sum", "average")))
        wrong = [check for check in file.checks if check.verdict == "wrong"]
        assert {note.id for check in wrong for note in check.diagnosis} == {"other-factor"}
    slower = AVERAGED.replace("U -= 0.1", "U -= 0.02")  # a step size of its own
    assert {check.verdict for check in judged(slower).checks} == {"right"}


GUARDED = """
import numpy as np
X, T = np.random.rand(7, 5), np.eye(4)[[0, 1, 2, 3, 0, 1, 2]]
W, V, b = 0.1 * np.random.randn(5, 3), 0.1 * np.random.randn(3, 4), np.zeros((1, 4))
ones = np.ones((7, 1))
for i in range(50):
    z = np.maximum(X @ W, 0)
    e = np.exp(z @ V + ones.dot(b))
    g = e / e.sum(1, keepdims=True)
    E = np.sum(-T * np.log(g + 1e-6), 1).mean()
    top = (g - T) / 7
    low = top @ V.T
    low[z <= 0] = 0
    V -= 0.1 * z.T @ top
    W -= 0.1 * X.T @ low
    b -= 0.1 * ones.T.dot(top)
"""


def test_an_epsilon_in_a_logarithm_is_no_other_error(judged):
    assert {check.verdict for check in judged(GUARDED).checks} == {"right"}
    for old, new in (("low[z <= 0] = 0", ""), ("top @ V.T", "(top * g) @ V.T")):
        assert "wrong" in {check.verdict for check in judged(GUARDED.replace(old, new)).checks}
