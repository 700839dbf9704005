"""Steps whose output meets its target in another way, or in several places; and how they move."""

import pytest

HINGE = """
import numpy as np
X = np.random.randn(20, 4)
y = np.sign(X[:, :1] * X[:, 1:2])
W, b, V = np.random.randn(4, 5), np.ones(5), np.random.randn(5, 1)
for epoch in range(100):
    z = np.maximum(0, X @ W + b)
    s = z @ V
    print(np.maximum(0, 1 - y * s).mean())
    top = np.where(y * s < 1, -y, 0) / 20
    low = top @ V.T * (z > 0)
    W -= 0.1 * X.T @ low; b -= 0.1 * low.sum(0)
    V -= 0.1 * z.T @ top
"""
HEADS = """
import numpy as np
X, Y, R = np.random.randn(20, 4), np.random.randn(20, 2), np.random.randn(20, 1)
W, A, C = np.random.randn(4, 5), np.random.randn(5, 2), np.random.randn(5, 1)
for epoch in range(100):
    z = np.tanh(X @ W)
    one, other = z @ A, z @ C
    print(0.5 * ((one - Y) ** 2).sum() + np.abs(other - R).sum())
    top, end = one - Y, np.sign(other - R)
    low = (top @ A.T + end @ C.T) * (1 - z ** 2)
    W -= 0.01 * X.T @ low; A -= 0.01 * z.T @ top; C -= 0.01 * z.T @ end
"""
VIEWS = """
import numpy as np
X, Y = np.random.randn(20, 4), np.random.randn(20, 4)
W, U, V = np.random.randn(3, 4, 4)
for epoch in range(100):
    z = np.tanh(X @ W)
    a = np.tanh(z @ U)
    g = a @ V
    print(((g - Y) ** 2).mean())
    top = 2 * (g - Y) / g.size
    mid = top @ V.T * (1 - a ** 2)
    low = mid @ U.T * (1 - z ** 2)
    W -= 0.1 * X.T @ low
    U -= 0.1 * z.T @ mid
    V -= 0.1 * a.T @ top
"""
REPORTED = """
import numpy as np
class Layer:
    def __init__(self, inputs, units, how):
        self.W, self.v = np.random.randn(units, inputs + 1), np.zeros((units, inputs + 1))
        self.how = how
    def forward(self, x):
        self.x = np.concatenate((x, np.ones((len(x), 1))), axis=1)
        self.u = self.x @ self.W.T
        if self.how == "relu": return np.maximum(self.u, 0)
        e = np.exp(self.u - self.u.max(axis=1, keepdims=True))
        return e / e.sum(axis=1)[:, None]
    def backward(self, d, eta):
        if self.how == "relu": d = d * (self.u >= 0)
        below = (d @ self.W)[:, :-1]
        self.v = 0.9 * self.v + 0.1 * d.T @ self.x
        self.W -= eta * self.v
        return below
class Net:
    def __init__(self, sizes=[70, 8, 6], hows=["relu", "softmax"]):
        self.layers = [Layer(*one) for one in zip(sizes, sizes[1:], hows)]
    def run(self, x):
        z = np.array(x).T
        for layer in self.layers: z = layer.forward(z)
        return z
    def train(self, x, t, eta=0.01):
        x, t = np.atleast_2d(np.array(x)), np.atleast_2d(np.array(t))
        d = self.run(x.T) - t
        reported = np.average(np.square(d))
        for layer in reversed(self.layers): d = layer.backward(d, eta)
        return reported
"""
WARM_UP = """
import numpy as np
X, Y = np.random.randn(20, 4), np.random.randn(20, 2)
W, V = np.random.randn(4, 3), np.random.randn(3, 2)
for epoch in range(100):
    eta = 0.05 * min(1, epoch / 10)
    z = np.tanh(X @ W)
    g = z @ V
    print(((g - Y) ** 2).mean())
    top = 2 * (g - Y) / g.size
    low = top @ V.T * (1 - z ** 2)
    V -= eta * z.T @ top
    W -= eta * X.T @ low
"""


@pytest.mark.parametrize(
    ("text", "right", "wrong", "line"),
    [
        (HINGE, "-y, 0", "y, 0", None),
        (HINGE, "* (z > 0)", "* z", 11),
        (HEADS, "+ end @ C.T", "- end @ C.T", 10),
        (HEADS, "np.sign(other - R)", "np.sign(R - other)", None),
        (VIEWS, "mid @ U.T", "mid @ U", 12),
        (VIEWS, "top @ V.T", "top @ W.T", 11),
        (WARM_UP, "min(1, epoch / 10)", "(epoch // 1000)", 12),
        (WARM_UP, "(1 - z ** 2)", "(1 - z)", 11),
    ],
)
def test_a_step_is_judged_however_it_meets_its_target(judged, text, right, wrong, line):
    assert {check.verdict for check in judged(text).checks} == {"right"}
    assert text.count(right) == 1
    checks = judged(text.replace(right, wrong)).checks
    first = next(check for check in checks if check.verdict == "wrong")
    assert line in (None, first.place.line)


SQUARED = """
import numpy as np
X, T = np.random.randn(12, 3), (np.random.rand(12, 1) > 0.5).astype(float)
W, V = np.random.randn(3, 4), np.random.randn(4, 1)
for epoch in range(100):
    z = np.tanh(X @ W)
    g = 1 / (1 + np.exp(-(z @ V)))
    print({stated})
    top = (g - T) / 12
    low = top @ V.T * (1 - z ** 2)
    V -= 0.1 * z.T @ top
    W -= 0.1 * X.T @ low
"""


@pytest.mark.parametrize(
    ("stated", "said"),
    [("0.5 * np.mean((g - T) ** 2)", True), ("np.mean((g > 0.5) == T)", False),
     ("-np.mean(T * np.log(g) + (1 - T) * np.log(1 - g))", False)],
)  # fmt: skip
def test_that_a_file_states_another_E_than_it_goes_down_is_said(judged, stated, said):
    file = judged(SQUARED.format(stated=stated))
    assert {check.verdict for check in file.checks} == {"right"}
    ids = {note.id for check in file.checks for note in check.remarks}
    assert ("other-error-stated" in ids) == said


@pytest.mark.slow
def test_a_single_number_for_each_sample_is_asked_for_by_what_is_done_with_it(judged):
    text = """
import numpy as np
def start(n_h, n_x, n_y):
    return {"W": np.random.randn(n_h, n_x), "V": np.random.randn(n_y, n_h)}
def forward(X, p):
    z = np.tanh(p["W"] @ X)
    return 1 / (1 + np.exp(-(p["V"] @ z))), {"z": z}
def hits(g, T, m):
    return sum(1 for off in np.squeeze(g) - T if abs(off) < 0.5) / m
def back(X, T, g, c, p, m):
    top = g - T
    low = p["V"].T @ top * (1 - c["z"] ** 2)
    return {"V": top @ c["z"].T / m, "W": low @ X.T / m}
def model(X, T, n_x, n_h, n_y, n, eta):
    m, p = X.shape[1], start(n_h, n_x, n_y)
    for i in range(n + 1):
        g, c = forward(X, p)
        print(hits(g, T, m))
        d = back(X, T, g, c, p, m)
        p = {"W": p["W"] - eta * d["W"], "V": p["V"] - eta * d["V"]}
    return p
"""
    assert {check.verdict for check in judged(text).checks} == {"right"}
    wrong = judged(text.replace("(1 - c", "(1 + c")).checks
    assert "wrong" in {check.verdict for check in wrong}


LAYERS = """
import numpy as np
class Linear:
    def __init__(self, n, m):
        self.W, self.b = np.random.randn(n, m), np.random.randn(m)
        self.dW, self.db = np.zeros((n, m)), np.zeros(m)
        self.params = [(self.W, self.dW), (self.b, self.db)]
    def forward(self, x):
        self.x = x
        return x @ self.W + self.b
    def backward(self, d):
        self.dW += self.x.T @ d
        self.db += d.sum(0)
        return d @ self.W.T
X, T = np.random.randn(10, 3), np.random.randn(10, 2)
one, two = Linear(3, 4), Linear(4, 2)
for epoch in range(50):
    z = np.tanh(one.forward(X))
    g = two.forward(z)
    one.backward(two.backward((g - T) / 10) * (1 - z ** 2))
    for layer in (one, two):
        for p, dp in layer.params:
            p -= 0.1 * dp
            dp *= 0
"""


@pytest.mark.slow
def test_a_gradient_that_gets_another_name_never_arrives(judged):
    assert {check.verdict for check in judged(LAYERS).checks} == {"right"}
    wrong = judged(LAYERS.replace("self.db += d", "self.db = d")).checks
    told = [(check.place.line, check.diagnosis[0].id) for check in wrong if check.diagnosis]
    assert told == [(23, "never-moves")]


LISTED = """
import numpy as np
X, labels = np.random.rand(30, 5), np.random.randint(0, 3, 30)
W, V = np.random.randn(5, 4), np.random.randn(4, 3)
f = lambda u: 1 / (1 + np.exp(-u))
for k in range(30):
    t = [0] * 3
    t[int(labels[k])] = 1
    z = f(X[k] @ W)
    g = f(z @ V)
    top = (g - t) * g * (1 - g)
    low = V @ top * z * (1 - z)
    V -= 0.1 * np.outer(z, top)
    W -= 0.1 * np.outer(X[k], low)
"""


def test_a_target_may_be_a_list_of_numbers(judged):
    assert {check.verdict for check in judged(LISTED).checks} == {"right"}
    wrong = judged(LISTED.replace("top * z * (1 - z)", "top * (1 - z)")).checks
    assert [check.place.line for check in wrong if check.verdict == "wrong"] == [12]


TWO_FORWARD = """
import numpy as np
def forward(X, w, b):
    e = np.exp(X @ w + b)
    y_pred = e / e.sum(axis=1, keepdims=True)
    return y_pred
def forward_mlp(X, wh, bh, wy, by):
    H = 1 / (1 + np.exp(-(X @ wh + bh)))
    pred = forward(H, wy, by)
    return pred, H
def backward_mlp(X, h, y_pred, y_true, rate, wh, bh, wy, by):
    top = (y_pred - y_true) / len(X)
    low = top @ wy.T * (h * (1 - h))
    return wy - rate * h.T @ top, by - rate * top.sum(0), wh - rate * X.T @ low, bh - rate * low.sum(0)
"""


def test_what_a_forward_pass_returns_is_known_by_another_spelling(judged):
    assert {check.verdict for check in judged(TWO_FORWARD).checks} == {"right"}
    wrong = judged(TWO_FORWARD.replace("(h * (1 - h))", "(1 - h)")).checks
    assert [check.place.line for check in wrong if check.verdict == "wrong"] == [13]


def test_a_right_slope_of_another_value_is_told_where_it_is_called(judged):
    text = """
import math, random
def f(u): return 1 / (1 + math.exp(-u))
def slope(u):
    s = f(u)
    return s * (1 - s)
data = [(0.1 * k, float(2 < k < 7)) for k in range(10)]
w, b, v, c = [random.uniform(0.1, 1) for k in range(4)]
for epoch in range(100):
    for x, t in data:
        u, a = w * x + b, v * x + c
        one, other = f(u), f(-a + 3)
        g = one * other
        off = g - t
        du, da = off * other * slope(u), off * one * -slope(-a + 3)
        w -= 0.1 * du * x
        b -= 0.1 * du
        v -= 0.1 * da * x
        c -= 0.1 * da
"""
    assert {check.verdict for check in judged(text).checks} == {"right"}
    wrong = judged(text.replace("-slope(-a + 3)", "slope(a)")).checks
    told = [(c.place.line, c.diagnosis[0].id) for c in wrong if c.verdict == "wrong"]
    assert told == [(15, "slope-elsewhere")]


def test_a_softmax_layer_may_leave_its_derivative_to_the_error(judged):
    text = """
import numpy as np
class Softmax:
    def forward(self, x):
        e = np.exp(x - x.max(axis=1, keepdims=True))
        self.out = e / e.sum(axis=1, keepdims=True)
        return self.out
    def backward(self, dout):
        return dout
"""
    (check,) = judged(text).checks
    assert check.verdict == "right"
    assert "passed-on" in {note.id for note in check.remarks}
    assert {c.verdict for c in judged(text.replace("return dout", "return dout * 2")).checks} == {
        "wrong"
    }


@pytest.mark.slow
def test_a_reported_error_of_a_network_is_not_what_its_softmax_goes_down(judged):
    checks = judged(REPORTED).checks
    assert {check.verdict for check in checks} == {"right"}
    wrong = judged(REPORTED.replace("d = d * (self.u >= 0)", "d = d * self.u")).checks
    assert "wrong" in {check.verdict for check in wrong}


ONE_BY_ONE = """
import numpy as np
X, T = np.random.randn(20, 3), np.random.randn(20, 2)
class Layer:
    def __init__(self, n, m):
        self.W, self.dW = np.random.randn(n, m), np.zeros((n, m))
    def forward(self, x):
        self.x = x
        return x @ self.W
    def backward(self, d):
        self.dW += np.outer(self.x, d)
        return self.W @ d
    def step(self):
        self.W -= 0.1 * self.dW / 5
        self.dW[:] = 0
one, two = Layer(3, 4), Layer(4, 2)
for epoch in range(50):
    for k in range(0, 20, 5):
        for x, t in zip(X[k:k + 5], T[k:k + 5]):
            z = np.tanh(one.forward(x))
            one.backward(two.backward(two.forward(z) - t) * (1 - z ** 2))
        one.step(); two.step()
"""


def test_that_gradients_of_samples_before_are_not_used_is_told(judged):
    report = judged(ONE_BY_ONE)
    assert {check.verdict for check in report.checks} == {"right"}
    assert "not-judged" not in {note.id for note in report.remarks}
    report = judged(ONE_BY_ONE.replace("self.dW +=", "self.dW ="))
    assert {check.verdict for check in report.checks} == {"right"}  # of the last sample
    assert "not-judged" in {note.id for note in report.remarks}


ADDED_UP = """
import numpy as np
X, T = np.random.rand(20, 5, 3), np.random.rand(20, 5, 1)
W, V, H = np.random.randn(3, 4), np.random.randn(4, 1), np.random.randn(4, 4)
dW, dV, dH = np.zeros_like(W), np.zeros_like(V), np.zeros_like(H)
def f(u): return 1 / (1 + np.exp(-u))
for epoch in range(100):
    k = np.random.randint(20)
    z, tops = [np.zeros((1, 4))], []
    for x, t in zip(X[k], T[k]):
        z.append(f(x[None] @ W + z[-1] @ H))
        g = f(z[-1] @ V)
        tops.append((t - g) * g * (1 - g))
    later = np.zeros((1, 4))
    for p in reversed(range(5)):
        low = (later @ H.T + tops[p] @ V.T) * z[p + 1] * (1 - z[p + 1])
        dV += z[p + 1].T @ tops[p]
        dH += z[p].T @ low
        dW += X[k, p][None].T @ low
        later = low
    W += dW * 0.1; V += dV * 0.1; H += dH * 0.1
    dW *= 0; dV *= 0; dH *= 0
"""


@pytest.mark.slow
def test_sums_of_gradients_that_are_0_again_after_a_step_have_no_part_in_the_next(judged):
    assert {check.verdict for check in judged(ADDED_UP).checks} == {"right"}
    wrong = judged(ADDED_UP.replace("* z[p + 1] * (1 - z[p + 1])", "* z[p + 1]")).checks
    assert "wrong" in {check.verdict for check in wrong}


ROWS = """
import numpy as np
W = np.array([np.random.randn(3), np.random.randn(3), np.random.randn(3)], dtype=object)
data = [(np.array([0, 0]), 0), (np.array([0, 1]), 1), (np.array([1, 0]), 1), (np.array([1, 1]), 0)]
def f(u): return 1 / (1 + np.exp(-u))
for epoch in range(9):
    for x, t in data:
        x = np.insert(x, 0, 1)
        a, b = f(W[0].dot(x)), f(W[1].dot(x))
        h = np.array([1, a, b])
        g = f(W[2].dot(h))
        d = (g - t) * g * (1 - g)
        one, other = d * W[2][1] * a * (1 - a) * x, d * W[2][2] * b * (1 - b) * x
        down = np.array([one, other, d * h], dtype=object)
        W[0] -= 0.1 * down[0]
        W[1] -= 0.1 * down[1]
        W[2] -= 0.1 * down[2]
"""


def test_rows_of_one_array_that_are_added_to_one_by_one_make_a_step_of_a_sample(judged):
    assert {check.verdict for check in judged(ROWS).checks} == {"right"}
    wrong = judged(ROWS.replace("* a * (1 - a)", "* a")).checks
    assert "wrong" in {check.verdict for check in wrong}


ALONG_TIME = """
import numpy as np
S = np.random.randn(9, 6, 4)
H = 0.3 * np.random.randn(4, 4)
for epoch in range(9):
    for s in S:
        h = np.zeros((7, 4))
        for t in range(6):
            h[t + 1] = h[t] - 0.5 * (np.tanh(h[t] @ H) - s[t])
        d, dH = h[6] - s[5], 0
        for t in reversed(range(6)):
            low = -0.5 * d * (1 - np.tanh(h[t] @ H) ** 2)
            dH = dH + np.outer(h[t], low)
            d = d + low @ H.T
        H = H - 0.1 * dH
"""


def test_rows_of_a_state_along_time_are_no_step(judged):
    assert {check.verdict for check in judged(ALONG_TIME).checks} == {"right"}


AUTOENCODER = """
import numpy as np
X = np.random.rand(90, 6)
W, b, V, c = np.random.randn(6, 3), np.ones(3), np.random.randn(3, 6), np.ones(6)
for n in range(50):
    x = X[9 * n % 81:9 * n % 81 + 9]
    z = np.tanh(x @ W + b)
    g = 1 / (1 + np.exp(-(z @ V + c)))
    top = (g - x) * g * (1 - g)
    low = top @ V.T * (1 - z ** 2)
    V -= 0.1 * z.T @ top; c -= 0.1 * top.sum(0)
    W -= 0.1 * x.T @ low; b -= 0.1 * low.sum(0)
"""


@pytest.mark.parametrize(
    ("part", "other", "line"),
    [("(g - x)", "(x - g)", None), ("@ V.T * (1 - z ** 2)", "@ V.T", 10),
     ("0.1 * x.T", "0.1 * (x - 1).T", 12)],
)  # fmt: skip
def test_the_target_of_an_autoencoder_is_its_input(judged, part, other, line):
    assert {check.verdict for check in judged(AUTOENCODER).checks} == {"right"}
    wrong = [c for c in judged(AUTOENCODER.replace(part, other)).checks if c.verdict == "wrong"]
    assert wrong
    assert line is None or {check.place.line for check in wrong} == {line}


def test_the_samples_of_an_autoencoder_may_have_ones(judged):
    text = AUTOENCODER.replace("    z = np", "    x1 = np.hstack([x, np.ones((9, 1))])\n    z = np")
    text = text.replace("x @ W + b", "x1 @ W").replace("randn(6, 3)", "randn(7, 3)")
    text = text.replace("0.1 * x.T @ low; b -= 0.1 * low.sum(0)", "0.1 * x1.T @ low")
    assert {check.verdict for check in judged(text).checks} == {"right"}


OJA = """
import numpy as np
X, Y = np.random.rand(40, 5), np.random.rand(40, 5)
w = np.random.rand(5)
for x in X:
    y = np.dot(w, x)
    w += 0.01 * y * (x - y * w)
"""
MEANT = """
import numpy as np
X, Y = np.random.rand(40, 5), np.random.rand(40, 5)
W, V = np.random.rand(5, 3), np.random.rand(3, 5)
for n in range(9):
    z = np.tanh(X @ W)
    g = z @ V
    print(np.mean((g - Y) ** 2))
    top = g - X
    W, V = W - 0.1 * X.T @ (top @ V.T * (1 - z ** 2)), V - 0.1 * z.T @ top
"""


@pytest.mark.parametrize("text", [OJA, MEANT])
def test_samples_are_no_target_of_another_rule_or_beside_another(judged, text):
    assert judged(text).checks == ()


IN_ONE = """
import numpy as np
X, Y = np.random.rand(40, 5), np.random.rand(40, 3)
W, b, V, c = np.random.randn(5, 4), np.ones(4), np.random.randn(4, 3), np.ones(3)
for n in range(50):
    z = np.tanh(X @ W + b)
    g = z @ V + c
    error = np.sum(g - Y)
    top = error * np.ones_like(g)
    low = top @ V.T * (1 - z ** 2)
    V -= 0.1 * z.T @ top; c -= 0.1 * top.sum(0)
    W -= 0.1 * X.T @ low; b -= 0.1 * low.sum(0)
"""


def test_errors_that_go_back_as_one_number_are_told(judged):
    (wrong,) = (check for check in judged(IN_ONE).checks if check.verdict == "wrong")
    assert ({n.id for n in wrong.diagnosis}, wrong.place.line) == ({"error-in-one-number"}, 8)
    apart = IN_ONE.replace("np.sum(g - Y)", "g - Y")
    assert {check.verdict for check in judged(apart).checks} == {"right"}


COLUMNS = """
import numpy as np
class Dense:
    def __init__(self, n, m): self.W, self.b = np.random.randn(m, n), np.random.randn(m, 1)
    def forward(self, x): self.x = x; return self.W @ x + self.b
    def backward(self, d):
        back = self.W.T @ d
        self.W -= 0.1 * d @ self.x.T; self.b -= 0.1 * d
        return back
class Tanh:
    def forward(self, u): self.u = u; return np.tanh(u)
    def backward(self, d): return d * (1 - np.tanh(self.u) ** 2)
net = [Dense(5, 4), Tanh(), Dense(4, 3)]
X, Y = np.random.rand(9, 5, 1), np.random.rand(9, 3, 1)
for n in range(10):
    for x, y in zip(list(X), list(Y)):
        a = x
        for layer in net: a = layer.forward(a)
        d = 2 * (a - y) / y.size
        for layer in reversed(net): d = layer.backward(d)
"""


def test_a_sample_as_a_column_is_no_matrix_that_never_moves(judged):
    assert {check.verdict for check in judged(COLUMNS).checks} == {"right"}
    wrong = judged(COLUMNS.replace("self.b -= 0.1 * d", "self.b -= 0 * d")).checks
    assert "wrong" in {check.verdict for check in wrong}


def test_weights_of_one_input_that_never_move_are_told(judged):
    text = """
import numpy as np
X = np.random.rand(50, 1)
Y = np.sin(X)
W, V = np.random.rand(1, 8), np.random.rand(8, 1)
for n in range(9):
    z = np.tanh(X @ W)
    top = (z @ V - Y) / 50
    dV, dW = z.T @ top, X.T @ (top @ V.T * (1 - z ** 2))
    V -= 0.1 * dV
"""
    wrong = [check for check in judged(text).checks if check.verdict == "wrong"]
    assert {note.id for check in wrong for note in check.diagnosis} == {"never-moves"}
    moved = text.replace("V -= 0.1 * dV", "V -= 0.1 * dV; W -= 0.1 * dW / 10")
    assert {check.verdict for check in judged(moved).checks} == {
        "right"
    }  # 10 is no size of the data


UNDIVIDED = """
import numpy as np
class Net:
    def __init__(self):
        self.W, self.b = np.random.rand(4, 2), np.random.rand(4, 1)
        self.V, self.c = np.random.rand(1, 4), np.random.rand(1, 1)
    def forward(self, x):
        z = 1 / (1 + np.exp(-(self.W @ x + self.b)))
        return 1 / (1 + np.exp(-(self.V @ z + self.c))), z
    def back(self, x, y, g, z):
        N = x.shape[0]
        d = g - y
        dV, dc = d @ z.T / N, d.sum(axis=1, keepdims=True) / N
        low = self.V.T @ d * z * (1 - z)
        return dV, dc, low @ x.T / N, low.sum(axis=1, keepdims=True) / N
x, y = np.array([[0, 0], [0, 1], [1, 0], [1, 1]]).T, np.array([0, 1, 1, 0])
net = Net()
for n in range(100):
    g, z = net.forward(x)
    dV, dc, dW, db = net.back(x, y, g, z)
    net.V -= 0.1 * dV; net.c -= 0.1 * dc; net.W -= 0.1 * dW; net.b -= 0.1 * db
"""


@pytest.mark.parametrize("part", ["d.sum(axis=1, keepdims=True)", "low @ x.T"])
def test_one_gradient_that_is_not_divided_as_the_others_are_is_wrong(judged, part):
    assert {check.verdict for check in judged(UNDIVIDED).checks} == {"right"}
    (wrong,) = (check for check in judged(UNDIVIDED.replace(f"{part} / N", part)).checks
                if check.verdict == "wrong")  # fmt: skip
    assert {note.id for note in wrong.diagnosis} == {"other-factor"}


ROUNDED = """
import math
w, v, b, c = 0.21, -0.4, 0.1, 0.2
for n in range(9):
    for x, t in [(0.5, 0.2), (-0.3, 0.7), (0.8, 0.4)]:
        z = round(1 / (1 + math.exp(-(w * x + b))), 4)
        g = round(1 / (1 + math.exp(-(v * z + c))), 4)
        d = round((t - g) * g * (1 - g), 4)
        e = d * v * z * (1 - z)
        v, c = round(v + d * z, 4), round(c + d, 4)
        w, b = round(w + e * x, 4), round(b + e, 4)
"""


def test_numbers_that_are_rounded_to_some_decimals_are_taken_as_they_are(judged):
    assert {check.verdict for check in judged(ROUNDED).checks} == {"right"}
    with_numpy = ROUNDED.replace("import math", "import math, numpy as np").replace(
        "round(", "np.round("
    )
    assert {check.verdict for check in judged(with_numpy).checks} == {"right"}
    wrong = judged(ROUNDED.replace("d * v * z", "d * w * z")).checks
    assert {c.place.line for c in wrong if c.verdict == "wrong"} == {9}


NEURONS = """
from math import exp
from random import random
net = [[{"w": [random() for _ in range(n + 1)]} for _ in range(m)] for n, m in [(2, 3), (3, 2)]]
rows = [([0.3, -0.7], [1, 0]), ([-0.5, 0.4], [0, 1]), ([0.8, 0.6], [0, 1])]
for epoch in range(20):
    for x, t in rows:
        given = x
        for layer in net:
            for one in layer:
                u = one["w"][-1] + sum(w * v for w, v in zip(one["w"], given))
                one["z"] = 1 / (1 + exp(-u))
            given = [one["z"] for one in layer]
        for k, one in enumerate(net[1]):
            one["d"] = (one["z"] - t[k]) * one["z"] * (1 - one["z"])
        for k, one in enumerate(net[0]):
            back = sum(top["w"][k] * top["d"] for top in net[1])
            one["d"] = back * one["z"] * (1 - one["z"])
        for k, layer in enumerate(net):
            given = x if k == 0 else [one["z"] for one in net[0]]
            for one in layer:
                for j, v in enumerate(given):
                    one["w"][j] -= 0.5 * one["d"] * v
                one["w"][-1] -= 0.5 * one["d"]
"""
MATRICES = """
import numpy as np
X, Y = np.random.rand(9, 5), np.random.rand(9, 3)
W, b, V, c = np.random.randn(5, 4), np.ones(4), np.random.randn(4, 3), np.ones(3)
for n in range(50):
    z = np.tanh(X @ W + b)
    top = z @ V + c - Y
    low = top @ V.T * (1 - z ** 2)
    for k in range(2):
        if k: V -= 0.1 * z.T @ top
        if k: c -= 0.1 * top.sum(0)
        if k: W -= 0.1 * X.T @ low
        if k: b -= 0.1 * low.sum(0)
"""


@pytest.mark.parametrize(
    ("text", "part", "other", "line"),
    [
        (NEURONS, '    one["w"][-1] -=', '        one["w"][-1] -=', 24),
        (MATRICES, "if k: W -=", "W -=", 12),
    ],
)
def test_an_update_that_is_made_more_than_once_in_a_step_is_told(judged, text, part, other, line):
    assert {check.verdict for check in judged(text).checks} == {"right"}
    found = [c for c in judged(text.replace(part, other)).checks if c.verdict == "wrong"]
    assert {note.id for check in found for note in check.diagnosis} == {"made-again"}
    assert {check.place.line for check in found} == {line}
