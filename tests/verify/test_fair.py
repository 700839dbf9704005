"""Right code that looks wrong, and wrong code that looks right: each as people write it."""

import pytest

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
@pytest.mark.costly
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


LAYERS = """
import numpy as np
class Dense:
    def __init__(self, m, n): self.W, self.b = np.random.randn(m, n), np.random.randn(1, n)
    def forward(self, x):
        self.x = x
        return x @ self.W + self.b
    def backward(self, d):
        self.dW, self.db = self.x.T @ d, d.sum(0, keepdims=True)
        return d @ self.W.T
class Sigmoid:
    def forward(self, u):
        self.z = 1 / (1 + np.exp(-u))
        return self.z
    def backward(self, d): return d * self.z * (1 - self.z)
class BinaryCrossEntropy:
    def forward(self, g, t):
        self.g, self.t = np.clip(g, 1e-10, 1 - 1e-10), t
        return -np.sum(t * np.log(self.g) + (1 - t) * np.log(1 - self.g))
    def backward(self): return (self.g - self.t) / (self.g * (1 - self.g))
layers, loss = np.array([Dense(5, 3), Sigmoid(), Dense(3, 4), Sigmoid()]), BinaryCrossEntropy()
X, T = np.random.randn(7, 5), np.random.randint(0, 2, (7, 4))
for i in range(50):
    g = X
    for layer in layers: g = layer.forward(g)
    print(loss.forward(g, T))
    d = loss.backward()
    for layer in np.flip(layers): d = layer.backward(d)
    for layer in layers[::2]: layer.W -= 0.1 * layer.dW; layer.b -= 0.1 * layer.db
"""


def test_the_error_of_a_loss_layer_is_the_one_that_counts(judged):
    """g − t is right before softmax or a sigmoid that is left out going back; here it is not."""
    assert {check.verdict for check in judged(LAYERS).checks} == {"right"}
    text = LAYERS.replace(" / (self.g * (1 - self.g))", "")
    wrong = [check for check in judged(text).checks if check.verdict == "wrong"]
    assert {note.id for check in wrong for note in check.diagnosis} == {
        "output-slope-extra", "output-jacobian-extra",
    }  # fmt: skip


MEANS = """
import numpy as np
def sigmoid(u): return 1 / (1 + np.exp(-u))
X, T = np.random.randn(5, 8), np.random.randint(0, 2, (1, 8))
W, b, V, c = np.random.randn(3, 5), np.ones((3, 1)), np.random.randn(1, 3), np.ones((1, 1))
for i in range(50):
    z = sigmoid(W @ X + b)
    g = sigmoid(V @ z + c)
    E = np.sum(-T * np.log(g) - (1 - T) * np.log(1 - g)) / 8
    top = g - T
    low = V.T @ top * z * (1 - z)
    dV, dc = top @ z.T / 8, top.sum(1, keepdims=True) / 8
    dW, db = low @ X.T / 8, low.sum(1, keepdims=True) / 8
    V, c, W, b = V - 0.1 * dV, c - 0.1 * dc, W - 0.1 * dW, b - 0.1 * db
"""


def test_gradients_with_another_factor_than_the_stated_error_has_are_the_wrong_ones(judged):
    assert {check.verdict for check in judged(MEANS).checks} == {"right"}
    for part, where in (("@ z.T / 8", "top @ z.T"), ("dims=True) / 8", "top.sum")):
        file = judged(MEANS.replace(part, part.removesuffix(" / 8")))
        places = [one.place.text for one in file.checks if one.verdict == "wrong"]
        assert all("/ 8" not in place for place in places)
        assert any(where in place for place in places)


ONE_OUTPUT = """
import numpy as np
def sigmoid(u): return 1 / (1 + np.exp(-u))
W, V = np.random.randn(3, 2), np.random.randn(1, 3)
samples = [[[1, 1], [0]], [[0, 1], [1]], [[1, 0], [1]]]
for i in range(50):
    for x, t in samples:
        x, t = np.array(x, ndmin=2).T, np.array(t, ndmin=2).T
        z = sigmoid(np.dot(W, x))
        g = sigmoid(np.dot(V, z))
        e = t - g
        low = np.dot(V.T, e * g * (1 - g))
        V += 0.5 * np.dot(e * g * (1 - g), z.T)
        W += 0.5 * np.dot(low * z * (1 - z), x.T)
"""


def test_a_missing_slope_of_a_single_output_is_no_length_that_is_cut(judged):
    assert {check.verdict for check in judged(ONE_OUTPUT).checks} == {"right"}
    file = judged(ONE_OUTPUT.replace("np.dot(V.T, e * g * (1 - g))", "np.dot(V.T, e)"))
    (wrong,) = [check for check in file.checks if check.verdict == "wrong"]
    assert [note.id for note in wrong.diagnosis] == ["slope-missing"]


HITS = """
import numpy as np
X, T = np.random.randn(40, 5), np.eye(4)[np.random.randint(0, 4, 40)]
W, V = np.random.randn(5, 3), np.random.randn(3, 4)
for i in range(50):
    z = np.tanh(X @ W)
    e = np.exp(z @ V)
    g = e / e.sum(1, keepdims=True)
    hits = 0
    for k in range(40):
        if np.argmax(g[k]) == np.argmax(T[k]):
            hits += 1
    top = (g - T) / 40
    low = top @ V.T * (1 - z ** 2)
    V -= 0.1 * z.T @ top
    W -= 0.1 * X.T @ low
"""


def test_hits_that_are_counted_in_a_step_do_not_matter(judged):
    assert {check.verdict for check in judged(HITS).checks} == {"right"}
    assert "wrong" in {c.verdict for c in judged(HITS.replace("(1 - z ** 2)", "(1 - z)")).checks}


DEEP = """
import numpy as np
X, T = np.loadtxt("nowhere.csv")[:, :3], np.eye(4)[np.arange(12) % 4]
W = [np.random.randn(a, b) for a, b in zip([3, *[6] * 28], [*[6] * 28, 4])]
for i in range(50):
    z = [X]
    for A in W[:-1]: z.append(np.maximum(z[-1] @ A, 0))
    e = np.exp(z[-1] @ W[-1])
    d = e / e.sum(1, keepdims=True) - T
    moves = []
    for A, x in zip(W[::-1], z[::-1]):
        moves.append(x.T @ d)
        d = (d @ A.T) * (x > 0)
    for A, move in zip(W[::-1], moves): A -= 0.001 * move
"""


@pytest.mark.slow
def test_what_rounding_leaves_of_the_first_of_many_layers_is_not_called_wrong(judged):
    assert "wrong" not in {check.verdict for check in judged(DEEP).checks}
    assert "wrong" in {c.verdict for c in judged(DEEP.replace("(x > 0)", "(x >= 0)")).checks}


def test_what_is_evaluated_with_and_without_biases_is_compared(judged):
    text = (
        MEANS
        + """
def with_b(x): return sigmoid(V @ sigmoid(W @ x + b) + c)
def without(x): return sigmoid(V @ sigmoid(W @ x))
print(np.mean((without(X) > 0.5) == T))
"""
    )
    file = judged(text)
    assert [c.stage for c in file.checks if c.verdict == "wrong"] == ["evaluation"]
    file = judged(text + "print(np.mean((with_b(X) > 0.5) == T))")
    assert {check.verdict for check in file.checks} == {"right"}


def test_a_mean_of_a_function_of_errors_is_no_missing_sum(judged):
    text = """
import numpy as np
def mse(g, y): return 0.5 * (g - y) ** 2
X, T = np.random.randn(7, 5), np.random.randn(7, 4)
W, V = np.random.randn(5, 3), np.random.randn(3, 4)
for i in range(50):
    z = np.tanh(X @ W)
    top = z @ V - T
    V -= 0.1 * z.T @ top; W -= 0.1 * X.T @ (top @ V.T)
    print(np.mean(mse(z @ V, T)))
"""
    by_name = {check.name: check.verdict for check in judged(text).checks if check.name == "mse"}
    assert by_name == {"mse": "right"}
    wrong = judged(text.replace("print(np.mean(mse(z @ V, T)))", "print(mse(z @ V, T))"))
    assert "wrong" in {check.verdict for check in wrong.checks if check.name == "mse"}


def test_a_function_of_an_object_that_the_file_makes_is_not_called_crashed(judged):
    file = judged(
        ONE_OUTPUT
        + """
class Kept: f = staticmethod(sigmoid)
kept = Kept()
def forward_pass(x, W, V): return kept.f(V @ kept.f(W @ x))
"""
    )
    assert {check.verdict for check in file.checks} == {"right"}


ASSIGNED = """
import numpy as np
from sizes_that_are_not_there import load_planar
%matplotlib inline
X, Y = load_planar()
def initialize(n_x, n_h, n_y):
    return {"W1": np.random.randn(n_h, n_x) * 0.1, "b1": np.zeros((n_h, 1)),
            "W2": np.random.randn(n_y, n_h) * 0.1, "b2": np.zeros((n_y, 1))}
def forward_propagation(X, parameters):
    Z1 = np.dot(parameters["W1"], X) + parameters["b1"]
    A1 = np.tanh(Z1)
    A2 = 1 / (1 + np.exp(-(np.dot(parameters["W2"], A1) + parameters["b2"])))
    assert(A2.shape == (1, X.shape[1]))
    return A2, {"A1": A1, "A2": A2}
def compute_cost(A2, Y):
    cost = -np.sum(np.multiply(np.log(A2), Y) + np.multiply(1 - Y, np.log(1 - A2))) / Y.shape[1]
    cost = np.squeeze(cost)
    assert(isinstance(cost, float))
    return cost
def backward_propagation(parameters, cache, X, Y):
    m = X.shape[1]
    dZ2 = cache["A2"] - Y
    dZ1 = np.multiply(np.dot(parameters["W2"].T, dZ2), 1 - np.power(cache["A1"], 2))
    return {"dW1": np.dot(dZ1, X.T) / m, "db1": np.sum(dZ1, axis=1, keepdims=True) / m,
            "dW2": np.dot(dZ2, cache["A1"].T) / m, "db2": np.sum(dZ2, axis=1, keepdims=True) / m}
def update_parameters(parameters, grads, learning_rate=1.2):
    W1, dW1 = parameters["W1"], grads["dW1"]
    b1, db1 = parameters["b1"], grads["db1"]
    W2, dW2 = parameters["W2"], grads["dW2"]
    b2, db2 = parameters["b2"], grads["db2"]
    W1 = W1 - learning_rate * dW1
    b1 = b1 - learning_rate * db1
    W2 = W2 - learning_rate * dW2
    b2 = b2 - learning_rate * db2
    return {"W1": W1, "b1": b1, "W2": W2, "b2": b2}
def nn_model(X, Y, n_h, num_iterations=10000):
    parameters = initialize(X.shape[0], n_h, Y.shape[0])
    for i in range(num_iterations):
        A2, cache = forward_propagation(X, parameters)
        cost = compute_cost(A2, Y)
        grads = backward_propagation(parameters, cache, X, Y)
        parameters = update_parameters(parameters, grads)
    return parameters
"""


@pytest.mark.parametrize(
    ("old", "new", "id"),
    [
        ("", "", None),
        ("1 - np.power(cache", "np.power(cache", "f-for-slope slope-twice"),
        ("np.sum(dZ1, axis=1, keepdims=True) / m", "np.sum(dZ1) / m", "bias-summed-over-units"),
    ],
)
def test_functions_that_assert_one_row_of_outputs_are_judged_without_data(judged, old, new, id):
    file = judged(ASSIGNED.replace(old, new) if old else ASSIGNED)
    found = {note.id for check in file.checks for note in check.diagnosis}
    assert found == set((id or "").split())
    assert not any(note.id in ("not-judged", "not-looked-at") for note in file.remarks)


REFUSES = """
import numpy as np
data = np.genfromtxt("nowhere.csv", delimiter=",")
X, T = data[:, 1:], data[:, :1]
class Net:
    def __init__(self, inputs, hidden):
        self.inputs = inputs
        self.W, self.V = np.random.randn(inputs, hidden), np.random.randn(hidden, 1)
    def step(self, x, t):
        if x.shape[1] != self.inputs:
            raise ValueError("not as many as there are inputs")
        z = np.tanh(x @ self.W)
        top = z @ self.V - t
        low = top @ self.V.T * (1 - z ** 2)
        self.V -= 0.1 * z.T @ top
        self.W -= 0.1 * x.T @ low
net = Net(7, 9)
for i in range(50): net.step(X, T)
for k in range(3):
    print(X[5000, k])
"""


def test_a_program_that_refuses_a_table_gets_one_of_its_own_numbers(judged):
    assert {check.verdict for check in judged(REFUSES).checks} == {"right"}
    assert "wrong" in {c.verdict for c in judged(REFUSES.replace("(1 - z ** 2)", "z")).checks}


def test_a_target_that_is_minus_the_labels_is_none(judged):
    text = LAYERS.replace("return (self.g - self.t) / (self.g * (1 - self.g))",
                          "return -1 * self.t / self.g + (1 - self.t) / (1 - self.g)")  # fmt: skip
    assert text != LAYERS
    assert {check.verdict for check in judged(text).checks} == {"right"}


def test_a_loss_layer_may_keep_the_difference(judged):
    text = LAYERS.replace(
        "        return -np.sum(t *", "        self.d = self.g - t\n        return -np.sum(t *"
    )
    right = text.replace("return (self.g - self.t) /", "return self.d /")
    assert {check.verdict for check in judged(right).checks} == {"right"}
    wrong = text.replace("return (self.g - self.t) / (self.g * (1 - self.g))", "return self.d")
    assert "wrong" in {check.verdict for check in judged(wrong).checks}


def test_a_bias_that_grows_by_its_update_is_wrong(judged):
    checks = judged(MEANS.replace("low.sum(1, keepdims=True) / 8", "low / 8")).checks
    assert [n.id for c in checks for n in c.diagnosis] == ["bias-not-summed"]


def test_a_bias_that_grows_where_the_data_are_not_there_is_told(judged):
    text = MEANS.replace("low.sum(1, keepdims=True) / 8", "low / 8")
    text = text.replace("np.random.randn(5, 8)", "np.load('data.npy').reshape(5, -1)")
    text = text.replace("np.random.randint(0, 2, (1, 8))", "np.load('labels.npy').reshape(1, -1)")
    file = judged(text)
    assert not any(n.id == "bias-not-summed" for c in file.checks for n in c.diagnosis)
    assert any("b has more entries after the step" in note.text.en for note in file.remarks)


@pytest.mark.parametrize(
    "update", ["b1 = b1 - learning_rate * db2", "b1 = b1 - learning_rate * dW1.sum()",
               "b1 = b1 + learning_rate * db1"]
)  # fmt: skip
@pytest.mark.costly
def test_an_update_by_anything_but_its_own_gradient_is_told(judged, update):
    text = ASSIGNED.partition("def nn_model")[0]
    skipped = lambda file: [n for n in file.remarks if n.id == "not-looked-at"]  # noqa: E731
    assert not skipped(judged(text))
    assert skipped(judged(text.replace("b1 = b1 - learning_rate * db1", update)))


SIZED = """
import numpy as np
rate = 0.05
X, T = np.random.randn(7, 5), np.random.randn(7, 4)
W, b, V, c = np.random.randn(5, 3), np.ones((1, 3)), np.random.randn(3, 4), np.ones((1, 4))
for i in range(50):
    z = np.tanh(X @ W + b)
    top = z @ V + c - T
    low = top @ V.T * (1 - z ** 2)
    V = V - rate * z.T @ top
    c = c - rate * top.sum(0, keepdims=True)
    W = W - rate * X.T @ low
    b = b - rate * low.sum(0, keepdims=True)
"""


def test_a_step_size_that_is_missing_is_told_where_it_is(judged):
    assert {check.verdict for check in judged(SIZED).checks} == {"right"}
    wrong = [c for c in judged(SIZED.replace("rate * low.sum", "low.sum")).checks
             if c.verdict == "wrong"]  # fmt: skip
    assert {note.id for check in wrong for note in check.diagnosis} == {"no-step-size"}
    assert {check.place.text for check in wrong} == {"b - low.sum(0, keepdims=True)"}


def test_a_step_size_of_its_own_is_none_that_is_missing(judged):
    text = SIZED.replace("rate * low.sum", "0.3 * low.sum")
    assert {check.verdict for check in judged(text).checks} == {"right"}


def test_means_of_other_counts_are_told(judged):
    both = SIZED.replace("z.T @ top", "(z.T @ top / 9)").replace("X.T @ low", "(X.T @ low / 9)")
    both = both.replace("keepdims=True)", "keepdims=True) / 9")
    ids = lambda text: {n.id for c in judged(text).checks for n in c.diagnosis}  # noqa: E731
    assert ids(both.replace("X.T @ low / 9", "X.T @ low / 8")) == {"other-factor"}
    assert ids(both) == set()


XOR = """
import numpy as np
X, T = np.array([[[0, 0]], [[0, 1]], [[1, 0]], [[1, 1]]]), np.array([[[0]], [[1]], [[1]], [[0]]])
W, V = np.random.randn(2, 8), np.random.randn(8, 1)
for epoch in range(90):
    for k in range(4):
        z = np.tanh(X[k] @ W)
        u = z @ V
        g = np.tanh(u)
        E = np.mean((T[k] - g) ** 2)
        top = 2 * (g - T[k]) * (1 - np.tanh(u) ** 2)
        low = top @ V.T * (1 - z ** 2)
        V -= 0.1 * z.T @ top
        W -= 0.1 * X[k].T @ low
"""


@pytest.mark.parametrize("first", ["[[0]]", "[[1]]"])  # by which one state may be saturated
def test_with_a_target_of_0_alone_nothing_is_taken_for_something_else(judged, first):
    text = XOR.replace("np.array([[[0]]", f"np.array([{first}").replace("[[[0, 0]]", "[[[0, 1]]")
    assert {check.verdict for check in judged(text).checks} == {"right"}
    wrong = judged(text.replace("(1 - np.tanh(u) ** 2)", "np.tanh(u)")).checks
    assert {note.id for check in wrong for note in check.diagnosis} == {"f-for-slope"}


def test_a_factor_of_a_bias_is_told_beside_another_mistake(judged):
    moved = SIZED.replace("    low = ", "    V = V - rate * z.T @ top\n    low = ")
    moved = moved.replace("    V = V - rate * z.T @ top\n    c =", "    c =")
    text = moved.replace("top.sum(0, keepdims=True)", "top.mean(0, keepdims=True)")
    ids = {note.id for check in judged(text).checks for note in check.diagnosis}
    assert ids == {"updated-V", "other-factor"}


def test_a_loss_that_is_summed_may_have_a_number_for_each_output(judged):
    text = "import numpy as np\ndef mse(g, y): return np.power(g - y, 2)\n"
    assert {check.verdict for check in judged(text).checks} == {"wrong"}
    summed = (
        text
        + "def total(G, Y):\n    s = 0\n    for g, y in zip(G, Y): s += mse(g, y)\n    return s\n"
    )
    assert {check.verdict for check in judged(summed).checks} == {"right"}


VELOCITIES = """
import math, random
def f(u): return 1 / (1 + math.exp(-u))
samples, answers = [[0, 1], [1, 1], [1, 0], [0, 0]], [1, 0, 1, 0]
w = [random.uniform(-0.2, 0.2) for _ in range(6)]
v = [random.uniform(-0.2, 0.2) for _ in range(3)]
last = [0, 0, 0, 0, 0, 0]
for epoch in range(500):
    for k in range(4):
        x = samples[k]
        z = [f(x[0] * w[0] + x[1] * w[2] + 1 * w[4]), f(x[0] * w[1] + x[1] * w[3] + 1 * w[5])]
        g = f(z[0] * v[0] + z[1] * v[1] + 1 * v[2])
        top = (answers[k] - g) * ((1 - g) * g)
        low = [(1 - z[0]) * z[0] * v[0] * top, (1 - z[1]) * z[1] * v[1] * top]
        up = [z[0] * top, z[1] * top, 1 * top]
        for i in range(3): v[i] += 0.7 * up[i]
        down = [x[0] * low[0], x[0] * low[1], x[1] * low[0], x[1] * low[1], 1 * low[0], 1 * low[1]]
        moves = [0] * 6
        for i in range(6): moves[i] = 0.7 * down[i] + 0.3 * last[i]
        last = moves
        for i in range(6): w[i] += moves[i]
"""


def test_velocities_beside_an_input_of_0_are_no_mistake(judged):
    assert {check.verdict for check in judged(VELOCITIES).checks} <= {"right", "imprecise"}
    assert "wrong" in {
        c.verdict for c in judged(VELOCITIES.replace("z[0] * v[0] * top", "v[0] * top")).checks
    }


READ_AGAIN = """
import numpy as np
X, t = np.random.rand(9, 4), np.array([0, 1, 1, 0, 1, 0, 0, 1, 1])
W, b = np.random.randn(4, 3), np.random.randn(1, 3)
V, c = np.random.randn(3, 1), np.random.randn(1, 1)
def f(u): return 1 / (1 + np.exp(-u))
for epoch in range(9):
    for k, x in enumerate(X):
        z = f(X[k] @ W + b)
        g = f(z @ V + c)
        E = (t[k] - g) ** 2
        below = -2 * (t[k] - g) * g * (1 - g) * V.T * z * (1 - z)
        V = V - 0.5 * (-2 * (t[k] - g)) * g * (1 - g) * z.T
        c = c - 0.5 * (-2 * (t[k] - g)) * g * (1 - g)
        W = W - 0.5 * X[k][:, None] * below
        b = b - 0.5 * below
"""


def test_a_target_that_is_read_at_several_lines_is_one(judged):
    assert {check.verdict for check in judged(READ_AGAIN).checks} == {"right"}
    below = next(line for line in READ_AGAIN.split("\n") if "below =" in line)
    late = READ_AGAIN.replace(below + "\n", "").replace("        W = W", f"{below}\n        W = W")
    notes = {note.id for check in judged(late).checks for note in check.diagnosis}
    assert notes == {"updated-V"}


BIASES = """
import numpy as np
X, T = np.random.rand(9, 4), np.random.rand(9, 2)
W, b = np.random.randn(4, 3), np.ones(3)
V, c = np.random.randn(3, 2), np.ones(2)
for epoch in range(9):
    z = np.tanh(X @ W + b)
    top = z @ V + c - T
    low = top @ V.T * (1 - z ** 2)
    dV, dc, dW, db = z.T @ top, top.sum(0), X.T @ low, low.sum(0)
    V -= 0.1 * dV; c -= 0.1 * dc
    W -= 0.1 * dW; b -= 0.1 * db
"""


def test_biases_whose_gradient_is_not_used_never_move(judged):
    assert {check.verdict for check in judged(BIASES).checks} == {"right"}
    still = BIASES.replace("; c -= 0.1 * dc", "").replace("; b -= 0.1 * db", "")
    found = [check for check in judged(still).checks if check.verdict == "wrong"]
    assert {note.id for check in found for note in check.diagnosis} == {"never-moves"}
    assert [check.place.line for check in found] == [10, 10]


LEFT_OUT = """
import numpy as np
X, T = np.random.rand(9, 4), np.random.rand(9, 2)
W, b = np.random.uniform(size=(4, 3)), np.random.uniform(size=(1, 3))
V, c = np.random.uniform(size=(3, 2)), np.random.uniform(size=(1, 2))
for epoch in range(9):
    z = np.tanh(X @ W + b)
    top = T - (z @ V + c)
    low = top @ V.T * (1 - z ** 2)
    V += 0.1 * z.T @ top
    W += 0.1 * X.T @ low
"""


def test_biases_that_nothing_moves_are_told_where_they_are_used(judged):
    wrong = [check for check in judged(LEFT_OUT).checks if check.verdict == "wrong"]
    assert {note.id for check in wrong for note in check.diagnosis} == {"never-moves"}
    assert sorted(check.place.line for check in wrong) == [7, 8]
    moved = "    c += 0.1 * top.sum(0); b += 0.1 * low.sum(0)\n"
    assert {check.verdict for check in judged(LEFT_OUT + moved).checks} == {"right"}
    ones = LEFT_OUT.replace("uniform(size=(1, 3))", "randint(1, 2, (1, 3))")
    wrong = [check for check in judged(ones).checks if check.verdict == "wrong"]
    assert [check.place.line for check in wrong] == [8]  # a 1 may be meant


@pytest.mark.parametrize("used", ["b = np.ones(3) * 0.5", "b = np.full(3, -1.0)",
                                  "context = np.random.rand(3)"])  # fmt: skip
def test_what_may_be_meant_to_stay_is_no_bias_that_was_forgotten(judged, used):
    name = used.partition(" ")[0]
    text = LEFT_OUT.replace(
        "b = np.random.uniform(size=(4, 3)), np.random.uniform(size=(1, 3))",
        "_ = np.random.uniform(size=(4, 3)), 0",
    ).replace("+ b)", f"+ {name})")
    text = text.replace("V, c =", f"{used}\nV, c =").replace("+ c)", ")")
    assert {check.verdict for check in judged(text).checks} == {"right"}


def test_of_a_matrix_that_nothing_moves_it_is_only_said(judged):
    text = LEFT_OUT.replace(" + b)", ")").replace(" + c)", ")").replace("z @ V", "z @ U @ V")
    text = text.replace("z.T", "(z @ U).T").replace("V.T *", "V.T @ U.T *")
    text = text.replace("V, c =", "U = np.random.uniform(size=(3, 3))\nV, c =")
    file = judged(text)
    assert {check.verdict for check in file.checks} == {"right"}
    assert any("U" in note.text.en for note in file.remarks if note.id == "not-judged")


def test_a_crash_in_what_trains_is_told_where_no_data_are_missing(judged):
    text = """
import numpy as np
from math import fsum
class Net:
    def __init__(self): self.w = [[0.1, 0.2], [0.3, 0.4]]
    def train(self, x, t):
        g = [fsum(a * b for a, b in zip(row, x)) for row in self.w]
        for k in range(3): self.w[k][0] -= 0.1 * (g[k] - t[k])
net = Net()
for x, t in [([1, 0], [1, 0]), ([0, 1], [0, 1])]:
    net.train(x, t)
"""
    assert "crashed" in {check.verdict for check in judged(text).checks}


COLUMNS = """
import numpy as np
def diagonal(u):
    made = np.identity(len(u)); np.fill_diagonal(made, 1 - np.tanh(u) ** 2)
    return made
X, T = np.random.rand(9, 4), np.random.rand(9, 2)
W, V = np.random.randn(3, 4), np.random.randn(2, 3)
for x, t in zip(X, T):
    u = W @ x
    z = np.tanh(u)
    top = V @ z - t
    low = diagonal(u) @ V.T @ top
    V -= 0.1 * np.outer(top, z)
    W -= 0.1 * np.outer(low, x)
"""


def test_what_is_written_to_a_diagonal_is_followed(judged):
    assert {check.verdict for check in judged(COLUMNS).checks} == {"right"}
    assert "wrong" in {c.verdict for c in judged(COLUMNS.replace("1 - np.tanh(u)", "2 - u")).checks}


MATRICES = """
import numpy as np
X, T = np.mat(np.random.rand(9, 4)), np.mat(np.random.rand(9, 2))
W, V = np.mat(np.random.randn(5, 3)), np.mat(np.random.randn(3, 2))
ones = np.hstack((np.ones((9, 1)), X))
for epoch in range(9):
    z = np.tanh(ones * W)
    top = z * V - T
    low = np.multiply(top * V.T, 1 - np.array(z) * np.array(z))
    V -= 0.1 * z.T * top
    W -= 0.1 * ones.T * low
"""


def test_matrices_joined_are_one_and_copied_to_an_array_are_none(judged):
    assert {check.verdict for check in judged(MATRICES).checks} == {"right"}
    wrong = MATRICES.replace("np.array(z) * np.array(z)", "np.array(z)")
    assert "wrong" in {check.verdict for check in judged(wrong).checks}


def test_numbers_of_samples_are_none_of_the_programs_own(judged):
    text = """
import numpy as np
X = np.loadtxt("nowhere.csv", delimiter=",")[:, :3].T
T = np.loadtxt("nothing.csv", delimiter=",")[:, :2].T
W, b = np.random.randn(12, 3), np.zeros((12, 1))
V, c = np.random.randn(2, 12), np.zeros((2, 1))
m = X.shape[1]
for epoch in range(9):
    z = np.tanh(W @ X + b)
    top = V @ z + c - T
    low = V.T @ top * (1 - z ** 2)
    V -= 0.1 * top @ z.T / m; c -= 0.1 * top.sum(1, keepdims=True) / m
    W -= 0.1 * low @ X.T / m; b -= 0.1 * low.sum(1, keepdims=True) / m
"""
    assert {check.verdict for check in judged(text).checks} == {"right"}
    wrong = text.replace("keepdims=True) / m; c", "").replace("c -= 0.1 * top.sum(1, keepdims=True) / m",
                         "c -= 0.1 * top.sum(1, keepdims=True)")  # fmt: skip
    assert "other-factor" in {n.id for c in judged(wrong).checks for n in c.diagnosis}


UNDEFINED = """
import numpy as np
def update(W, V, x, y, eta):
    z = np.append(1, np.tanh(W @ x))
    a = V @ z
    e = np.exp(a - a.max()); d2 = e / e.sum() - y
    d1 = V[:, 1:].T @ d2 * (1 - z[1:] ** 2)
    return W - eta * np.outer(d1, x), V - eta * np.outer(d2, z)
"""


def test_what_is_moved_by_a_name_that_nothing_defines_is_not_passed_over(judged):
    assert {check.verdict for check in judged(UNDEFINED).checks} == {"right"}
    file = judged(UNDEFINED.replace("@ d2 *", "@ d3 *"))
    assert {c.stage for c in file.checks if c.verdict == "wrong"} == {"dW"}


def test_a_slope_of_another_f_is_wrong_though_the_function_itself_only_overflows(judged):
    text = """
import numpy as np
def d_sigmoid(x): return np.exp(-x) / (1 + np.exp(-x)) ** 2
X, T = np.random.randn(9, 3), np.random.rand(9, 2)
W, V = np.random.randn(3, 5), np.random.randn(5, 2)
for epoch in range(9):
    u = X @ W
    z = np.maximum(u, 0)
    top = z @ V - T
    low = top @ V.T * d_sigmoid(u)
    V -= 0.1 * z.T @ top
    W -= 0.1 * X.T @ low
"""
    assert "wrong" in {check.verdict for check in judged(text).checks}
    right = text.replace("np.maximum(u, 0)", "1 / (1 + np.exp(-u))")
    assert "wrong" not in {check.verdict for check in judged(right).checks}


KEPT = """
import numpy as np
X, T = np.random.randn(8, 3), np.random.randn(8, 2)
W, V = np.random.randn(3, 4), np.random.randn(4, 2)
kept = []
for epoch in range(9):
    for start in range(0, 8, 8):
        x, t = X[start:start + 8], T[start:start + 8]
        kept.append(np.tanh(x @ W))
        top = kept[-1] @ V - t
        low = top @ V.T * (1 - kept[-1] ** 2)
        V -= 0.01 * kept[0].T @ top
        W -= 0.01 * x.T @ low
"""


def test_what_is_kept_of_the_first_batch_is_found_where_an_epoch_has_only_one(judged):
    wrong = [check for check in judged(KEPT).checks if check.verdict == "wrong"]
    assert [(check.place.line, check.diagnosis[0].id) for check in wrong] == [(12, "stale")]
    right = judged(KEPT.replace("kept[0].T", "kept[-1].T"))
    assert {check.verdict for check in right.checks} == {"right"}


OWN_SLOPE = """
import numpy as np
def f(u, slope=False):
    if slope:
        return {slope}
    return 1 / (1 + np.exp(-u))
def derivative(s):
    return {of_output}
X, Y = np.random.rand(6, 3), np.random.rand(6, 2)
W, V = np.random.randn(3, 5), np.random.randn(5, 2)
for epoch in range(100):
    u = X @ W
    z = f(u)
    g = f(z @ V)
    top = (g - Y) * derivative(g)
    low = top @ V.T * {call}
    V -= 0.1 * z.T @ top
    W -= 0.1 * X.T @ low
"""


@pytest.mark.parametrize(
    ("edits", "id", "line"),
    [
        ({"of_output": "s * (1 + s)"}, "slope-plus", 8),
        ({"slope": "1 - f(u)"}, "slope-1-f", 5),
        ({"call": "f(u)"}, "f-for-slope", 16),
        ({"call": "derivative(u)"}, "slope-rule-at-u", 16),
    ],
)
def test_a_slope_is_wrong_where_it_is_written_or_where_another_is_called(judged, edits, id, line):
    right = {"slope": "f(u) * (1 - f(u))", "of_output": "s * (1 - s)", "call": "f(u, True)"}
    assert {one.verdict for one in judged(OWN_SLOPE.format(**right)).checks} == {"right"}
    wrong = [one for one in judged(OWN_SLOPE.format(**right | edits)).checks
             if one.verdict == "wrong"]  # fmt: skip
    assert [(one.diagnosis[0].id, one.place.line) for one in wrong] == [(id, line)]


def test_a_loss_that_computes_a_softmax_by_itself_takes_what_that_takes(judged):
    text = """
import numpy as np
def softmax(x):
    e = np.exp(x - np.max(x))
    return e / e.sum()
def cross_entropy(y, t):
    return -np.sum(t * np.log(softmax(y)))
"""
    ids = lambda file: {n.id for c in file.checks for n in c.remarks}  # noqa: E731
    assert {check.verdict for check in judged(text).checks} == {"right"}
    assert "takes-logits" in ids(judged(text))
    assert "wrong" in {c.verdict for c in judged(text.replace("t * np.log", "np.log")).checks}


HALVED = """
import numpy as np
X, Y = np.random.randn(20, 3), np.random.randn(20)
W, b, v, c = np.random.randn(3, 4), np.zeros(4), np.random.randn(4), 0.0
def MSE(y_real, y_pred):
    error = y_pred - y_real
    loss = 0.5 * error**2
    return error, loss
for epoch in range(10):
    for x, y in zip(X, Y):
        h = np.tanh(x @ W + b)
        g = h @ v + c
        error, loss = MSE(y, g)
        dh = error * v * (1 - h)
        v -= 0.1 * error * h
        c -= 0.1 * error
        W -= 0.1 * np.outer(x, dh)
        b -= 0.1 * dh
"""


def test_the_error_of_one_output_is_right_whatever_else_is_wrong(judged):
    verdicts = {(check.name, check.verdict) for check in judged(HALVED).checks}
    assert ("MSE", "right") in verdicts
    assert ("training loop", "wrong") in verdicts
