"""Files judged by what they compute: any network, any names, any form, and the wrong expression."""

import numpy as np
import pytest

from jaxmlp.verify.homework import NOTHING, Options, verify_file

SIGMOIDS = "import numpy as np\ndef f(a): return 1 / (1 + np.exp(-a))\n"
SQUARED = 'HIDDEN = "sigmoid"; OUTPUT = "sigmoid"; LOSS = "squared_error"; BIAS = False\n'
BINARY = 'HIDDEN = "sigmoid"; OUTPUT = "sigmoid"; LOSS = "binary_cross_entropy"; BIAS = False\n'

RIGHT = {
    "half in the stated E": SIGMOIDS
    + SQUARED
    + """
for t in range(9):
    Z = f(X @ A)
    G = f(Z @ B)
    E = ((G - T) ** 2).sum() / 2
    top = (G - T) * G * (1 - G)
    low = top @ B.T * Z * (1 - Z)
    B -= rate * Z.T @ top
    A -= rate * X.T @ low
""",
    "tanh, softmax and a sum": """
import numpy as np
for t in range(9):
    Z = np.tanh(X @ A + a)
    P = np.exp(Z @ B + b)
    G = P / P.sum(axis=1, keepdims=True)
    top = G - T
    low = top @ B.T * (1 - Z * Z)
    B -= rate * Z.T @ top; b -= rate * top.sum(axis=0)
    A -= rate * X.T @ low; a -= rate * low.sum(axis=0)
""",
    "a mean in the delta": """
import numpy as np
for t in range(9):
    Z = np.tanh(X @ A + a)
    P = np.exp(Z @ B + b)
    G = P / P.sum(axis=1, keepdims=True)
    E = -np.sum(T * np.log(G)) / len(X)
    top = (G - T) / len(X)
    low = top @ B.T * (1 - Z ** 2)
    B -= rate * Z.T @ top; b -= rate * top.sum(axis=0)
    A -= rate * X.T @ low; a -= rate * low.sum(axis=0)
""",
    "Adam, decay of the weights alone, a mean of the biases": """
import numpy as np
X, T = np.random.randn(6, 5), np.eye(3)[[0, 1, 2, 2, 1, 0]]
A, a, B, b = np.random.randn(5, 4), np.random.randn(4), np.random.randn(4, 3), np.random.randn(3)
M, Q, m, q = np.zeros_like(A), np.zeros_like(A), np.zeros_like(a), np.zeros_like(a)
N, R, n, r = np.zeros_like(B), np.zeros_like(B), np.zeros_like(b), np.zeros_like(b)
def adam(w, g, m, v):
    m[...] = 0.9 * m + 0.1 * g
    v[...] = 0.99 * v + 0.01 * g * g
    w -= 0.01 * m / (np.sqrt(v) + 1e-8)
for t in range(9):
    Z = np.tanh(X @ A + a)
    P = np.exp(Z @ B + b)
    top = P / P.sum(axis=1, keepdims=True) - T
    low = top @ B.T * (1 - Z ** 2)
    dB, db = Z.T @ top / len(X), top.mean(axis=0)
    dA, da = X.T @ low / len(X), low.mean(axis=0)
    dA += 0.01 / len(X) * A
    dB += 0.01 / len(X) * B
    adam(A, dA, M, Q); adam(a, da, m, q); adam(B, dB, N, R); adam(b, db, n, r)
""",
    "ReLU by assignment, an identity output": """
import numpy as np
for t in range(9):
    u = x.dot(p)
    z = np.maximum(u, 0)
    g = z.dot(q)
    E = np.square(g - y).sum()
    dg = 2.0 * (g - y)
    dz = dg.dot(q.T)
    dz[u < 0] = 0
    q -= rate * z.T.dot(dg)
    p -= rate * x.T.dot(dz)
""",
    "the target is made in a loop": SIGMOIDS
    + BINARY
    + """
wish = np.zeros((8, 3))
for k in range(8):
    wish[k, 1] = np.sin(k)
for t in range(9):
    Z = f(X @ A)
    G = f(Z @ B)
    top = wish - G
    low = top @ B.T * Z * (1 - Z)
    B += Z.T @ top
    A += X.T @ low
""",
    "a step with a step size of its own": """
import numpy as np
def step(X, T, A, B, a, b, rate=0.2):
    Z = np.maximum(X @ A + a, 0)
    P = np.exp(Z @ B + b)
    top = (P / P.sum(axis=1, keepdims=True) - T) / len(X)
    low = top @ B.T * (Z > 0)
    return A - rate * X.T @ low, B - rate * Z.T @ top, a - rate * low.sum(0), b - rate * top.sum(0)
for t in range(9):
    A, B, a, b = step(X, T, A, B, a, b)
""",
    "gradients added up over the samples": SIGMOIDS
    + """
for t in range(9):
    low_sum = np.zeros(first.shape); top_sum = np.zeros(last.shape)
    for x, y in zip(samples, wishes):
        z = f(x @ first); g = f(z @ last)
        e = y - g
        top_sum += e * z
        low_sum += e * last * z * (1 - z) * x[:, None]
    first += rate * low_sum / len(samples)
    last += rate * top_sum / len(samples)
""",
    "parameters in one vector, only a function": SIGMOIDS
    + """
def cost(v, d, q, m, X, labels):
    A = v[:q * (d + 1)].reshape(q, d + 1)
    B = v[q * (d + 1):].reshape(m, q + 1)
    n = len(X); T = np.eye(m)[labels]
    X1 = np.c_[np.ones(n), X]
    Z1 = np.c_[np.ones(n), f(X1 @ A.T)]
    G = f(Z1 @ B.T)
    E = -(T * np.log(G) + (1 - T) * np.log(1 - G)).sum() / n
    top = G - T
    low = (top @ B * Z1 * (1 - Z1))[:, 1:]
    return E, np.r_[(low.T @ X1 / n).ravel(), (top.T @ Z1 / n).ravel()]
""",
    "columns, and weights the other way round": """
import numpy as np
HIDDEN = "tanh"; OUTPUT = "identity"; LOSS = "squared_error"
def gradients(x, y, A, B):
    z = np.vstack(([[1.0]], np.tanh(A.T @ x)))
    top = 2 * (B.T @ z - y)
    low = B[1:] @ top * (1 - z[1:] ** 2)
    return x @ low.T, z @ top.T
""",
    "one sample, sliced": """
import numpy as np
for t in range(9):
    for i in range(len(images)):
        l0 = images[i:i + 1]
        l1 = np.maximum(l0 @ w01, 0)
        l2 = l1 @ w12
        d2 = 2 * (l2 - answers[i:i + 1])
        d1 = d2 @ w12.T * (l1 > 0)
        w12 -= rate * l1.T @ d2
        w01 -= rate * l0.T @ d1
""",
    "a class with layers in a list": """
import numpy as np
class Layer:
    def __init__(self, n, m):
        self.W = np.random.randn(n, m); self.b = np.zeros(m)
    def forward(self, x):
        self.x = x; self.y = np.tanh(x @ self.W + self.b)
        return self.y
    def backward(self, dy):
        du = dy * (1 - self.y ** 2)
        self.dW = self.x.T @ du; self.db = du.sum(axis=0)
        return du @ self.W.T
class Net:
    def __init__(self):
        self.layers = [Layer(4, 6), Layer(6, 5), Layer(5, 3), Layer(3, 2)]
    def train(self, X, Y):
        for layer in self.layers:
            X = layer.forward(X)
        d = X - Y
        for layer in reversed(self.layers):
            d = layer.backward(d)
        for layer in self.layers:
            layer.W -= 0.1 * layer.dW; layer.b -= 0.1 * layer.db
net = Net()
X = np.random.randn(9, 4); Y = np.random.randn(9, 2)
for t in range(5):
    net.train(X, Y)
""",
    "dicts, momentum and weight decay": SIGMOIDS
    + """
P = {"A": np.random.randn(4, 6), "B": np.random.randn(6, 2)}
M = {k: np.zeros_like(v) for k, v in P.items()}
X = np.random.randn(9, 4); Y = np.random.rand(9, 2)
def gradients(P, X, Y):
    Z = f(X @ P["A"]); G = f(Z @ P["B"])
    top = (G - Y) * G * (1 - G)
    return {"A": X.T @ (top @ P["B"].T * Z * (1 - Z)), "B": Z.T @ top}
for t in range(5):
    D = gradients(P, X, Y)
    for k in P:
        M[k] = 0.9 * M[k] - 0.1 * (D[k] + 0.01 * P[k])
        P[k] = P[k] + M[k]
""",
    "Adam": SIGMOIDS
    + """
A = np.random.randn(4, 6); B = np.random.randn(6, 2)
m = [0, 0]; v = [0, 0]
X = np.random.randn(9, 4); Y = np.random.rand(9, 2)
for t in range(1, 5):
    Z = f(X @ A); G = f(Z @ B)
    top = (G - Y) / len(X)
    D = [X.T @ (top @ B.T * Z * (1 - Z)), Z.T @ top]
    new = []
    for k, p in enumerate([A, B]):
        m[k] = 0.9 * m[k] + 0.1 * D[k]
        v[k] = 0.999 * v[k] + 0.001 * D[k] ** 2
        new.append(p - 0.01 * (m[k] / (1 - 0.9 ** t)) / (np.sqrt(v[k] / (1 - 0.999 ** t)) + 1e-8))
    A, B = new
""",
    "Adam, and decay of the weights alone": """
import numpy as np
X = np.random.randn(12, 4); Y = np.eye(10)[np.arange(12) % 10]
P = {"A": np.random.randn(4, 6), "a": np.zeros((1, 6)),
     "B": np.random.randn(6, 10), "b": np.zeros((1, 10))}
m = {k: np.zeros_like(p) for k, p in P.items()}; v = {k: np.zeros_like(p) for k, p in P.items()}
for t in range(1, 5):
    Z = np.maximum(X @ P["A"] + P["a"], 0)
    E = np.exp(Z @ P["B"] + P["b"]); G = E / E.sum(axis=1, keepdims=True)
    top = (G - Y) / len(X)
    low = top @ P["B"].T * (Z > 0)
    D = {"A": X.T @ low + 0.01 * P["A"], "a": low.sum(axis=0, keepdims=True),
         "B": Z.T @ top + 0.01 * P["B"], "b": top.sum(axis=0, keepdims=True)}
    for k in P:
        m[k] = 0.9 * m[k] + 0.1 * D[k]
        v[k] = 0.999 * v[k] + 0.001 * D[k] ** 2
        P[k] = P[k] - 0.01 * (m[k] / (1 - 0.9 ** t)) / (np.sqrt(v[k] / (1 - 0.999 ** t)) + 1e-8)
""",
    "globals, mini-batches and dropout": """
import numpy as np
A = np.random.randn(4, 6); B = np.random.randn(6, 3)
X = np.random.randn(30, 4); labels = np.random.randint(0, 3, 30)
def update(x, t):
    global A, B
    mask = np.random.rand(len(x), 6) > 0.3
    u = x @ A
    z = np.where(u > 0, u, 0) * mask
    s = z @ B
    e = np.exp(s - s.max(axis=1, keepdims=True))
    top = e / e.sum(axis=1, keepdims=True)
    top[np.arange(len(x)), t] -= 1
    A, B = A - 0.1 * x.T @ (top @ B.T * mask * (u > 0)), B - 0.1 * z.T @ top
for epoch in range(3):
    order = np.random.permutation(30)
    for k in range(0, 30, 10):
        update(X[order[k:k + 10]], labels[order[k:k + 10]])
""",
    "plain numbers in lists": """
import math, random
random.seed(1)
A = [[random.uniform(-1, 1) for j in range(2)] for i in range(3)]
B = [random.uniform(-1, 1) for i in range(3)]
data = [([0.1, 0.9], 1.0), ([0.7, 0.4], 0.0)]
def f(a): return 1 / (1 + math.exp(-a))
for epoch in range(5):
    for x, y in data:
        z = [f(sum(w * v for w, v in zip(row, x))) for row in A]
        g = f(sum(w * v for w, v in zip(B, z)))
        top = (g - y) * g * (1 - g)
        low = [top * B[i] * z[i] * (1 - z[i]) for i in range(3)]
        for i in range(3):
            B[i] -= 0.5 * top * z[i]
            for j in range(2):
                A[i][j] -= 0.5 * low[i] * x[j]
""",
    "jax.numpy": """
import jax.numpy as jnp
from jax import random
k = random.PRNGKey(0)
A = random.normal(k, (4, 6)); B = random.normal(k, (6, 2))
X = random.normal(k, (9, 4)); Y = random.normal(k, (9, 2))
for t in range(5):
    Z = jnp.tanh(jnp.dot(X, A))
    top = jnp.dot(Z, B) - Y
    A, B = A - 0.1 * X.T @ (top @ B.T * (1 - Z ** 2)), B - 0.1 * Z.T @ top
""",
    "back through time": """
import numpy as np
P = np.random.randn(3, 4) / 2; Q = np.random.randn(4, 4) / 2; R = np.random.randn(4, 2) / 2
xs = np.random.randn(5, 3); ys = np.random.randn(5, 2)
for t in range(3):
    z, g = [np.zeros(4)], []
    for x in xs:
        z.append(np.tanh(x @ P + z[-1] @ Q))
        g.append(z[-1] @ R)
    dP, dQ, dR, later = np.zeros_like(P), np.zeros_like(Q), np.zeros_like(R), np.zeros(4)
    for k in reversed(range(5)):
        top = g[k] - ys[k]
        dR += np.outer(z[k + 1], top)
        low = (R @ top + later) * (1 - z[k + 1] ** 2)
        dP += np.outer(xs[k], low); dQ += np.outer(z[k], low)
        later = Q @ low
    P -= 0.1 * dP; Q -= 0.1 * dQ; R -= 0.1 * dR
""",
    "a perceptron of one matrix": """
import numpy as np
X = np.array([[0, 0, 1], [0, 1, 1], [1, 0, 1], [1, 1, 1]]); y = np.array([[0, 0, 1, 1]]).T
w = 2 * np.random.random((3, 1)) - 1
for k in range(100):
    o = 1 / (1 + np.exp(-np.dot(X, w)))
    w += np.dot(X.T, (y - o) * o * (1 - o))
""",
    "a derivative that is only given f(u)": SIGMOIDS
    + """
def slope(x): return x * (1 - x)
for t in range(9):
    Z = f(X @ A)
    G = f(Z @ B)
    top = (T - G) * slope(G)
    low = top @ B.T * slope(Z)
    B += 0.1 * Z.T @ top
    A += 0.1 * X.T @ low
""",
}

NUMBERS = """
import numpy as np
def f(u): return 1 / (1 + np.exp(-u))
def slope(u): return f(u) * (1 - f(u))
def all_errors(w, X, T): return np.mean([(f(w[2] * f(w[0] * x + w[1])) - t) ** 2 for x, t in zip(X, T)])
X, T = np.array([2.5, -28.0, 13.0]), np.array([1, 0, 1])
w = [np.random.normal(), np.random.normal(), np.random.normal()]
for k in range(900):
    for x, t in zip(X, T):
        u = w[0] * x + w[1]
        z = f(u)
        g = f(w[2] * z)
        by_g = -2 * (t - g)
        by_z = w[2] * slope(w[2] * z)
        w2 = w[2] - 0.1 * by_g * z * slope(w[2] * z)
        w[0] -= 0.1 * by_g * by_z * slope(u) * x
        w[1] -= 0.1 * by_g * by_z * slope(u)
        w[2] = w2
        all_errors(w, X, T)
"""
MEMORY = """
import numpy as np
X, T = np.random.randn(7, 3), np.random.randn(7, 2)
A, B = np.random.randn(3, 4), np.random.randn(4, 2)
class Net:
    def __init__(self): self.memory = []
    def forward(self, X):
        self.memory.append(np.tanh(X @ A))
        return self.memory[-1] @ B
net = Net()
for t in range(9):
    top = net.forward(X) - T
    z = net.memory[-1]
    low = top @ B.T * (1 - z * z)
    B -= 0.01 * z.T @ top
    A -= 0.01 * X.T @ low
"""
RIGHT |= {"numbers, on data that saturate, E after the step": NUMBERS, "a list that grows": MEMORY}


# (what the file is, the file, the wrong expressions with the ids of their mistakes)
WRONG = {
    "the value of E for its derivative": (SIGMOIDS + BINARY + """
for t in range(9):
    Z = f(X @ A)
    G = f(Z @ B)
    err = -(T * np.log(G) + (1 - T) * np.log(1 - G))
    top = err * G * (1 - G)
    low = top @ B.T * Z * (1 - Z)
    B += rate * Z.T @ top
    A += rate * X.T @ low
""", {"err * G * (1 - G)": "error-for-derivative"}),
    "a slope missing, and the new B": (SIGMOIDS + SQUARED + """
for t in range(9):
    Z = f(X @ A)
    G = f(Z @ B)
    e = 2 * (T - G)
    B += rate * Z.T @ (e * G * (1 - G))
    A += rate * X.T @ (e @ B.T * Z * (1 - Z))
""", {"e @ B.T": "updated-V+slope-missing"}),
    "bias gradients summed over the units": ("""
import numpy as np
for t in range(9):
    U = A @ X + a
    Z = np.maximum(U, 0)
    P = np.exp(B @ Z + b)
    G = P / P.sum(axis=0)
    top = (G - T) / X.shape[1]
    low = B.T @ top * (U > 0)
    B, b = B - rate * top @ Z.T, b - rate * np.sum(top)
    A, a = A - rate * low @ X.T, a - rate * np.sum(low)
""", {"np.sum(top)": "bias-summed-over-units", "np.sum(low)": "bias-summed-over-units"}),
    "the slope of a ReLU output": ("""
import numpy as np
def ramp(a): return np.maximum(a, 0)
for t in range(9):
    U = X @ A + a
    Z = ramp(U)
    G = ramp(Z @ B + b)
    top = (G - T) / len(X)
    low = top @ B.T * (U > 0)
    B -= rate * Z.T @ top; b -= rate * top.sum(0)
    A -= rate * X.T @ low; a -= rate * low.sum(0)
""", {"(G - T) / len(X)": "slope-missing"}),
    "a matrix that never moves": ("""
import numpy as np
for t in range(9):
    U = X @ A + a
    Z = np.maximum(U, 0)
    P = np.exp(Z @ B + b)
    top = (P / P.sum(axis=1, keepdims=True) - T) / len(X)
    low = top @ B.T * (U > 0)
    step = rate * Z.T @ top
    b = b - rate * top.sum(0)
    A = A - rate * X.T @ low
    a = a - rate * low.sum(0)
""", {"rate * Z.T @ top": "never-moves"}),
    "the slope missing in the sum of one matrix": (SIGMOIDS + """
for t in range(9):
    low_sum = np.zeros(first.shape); top_sum = np.zeros(last.shape)
    for x, y in zip(samples, wishes):
        z = f(np.dot(x, first)); g = f(np.dot(z, last))
        e = y - g
        top_sum += e * g * (1 - g) * z
        low_sum += (np.dot(last, e) * z * (1 - z)) * x[:, None]
    first += rate * low_sum / len(samples)
    last += rate * top_sum / len(samples)
""", {"np.dot(last, e)": "slope-missing"}),
    "a method of a class that is never made": (SIGMOIDS + """
class Net:
    def __init__(self, d, q, m):
        self.A = np.random.rand(q, d); self.B = np.random.rand(m, q)
    def fit(self, x, y):
        z = f(self.A @ x); g = f(self.B @ z)
        e = y - g
        self.B += 0.1 * np.outer(e * g * (1 - g), z)
        self.A += 0.1 * np.outer((self.B.T @ e) * z * (1 - z), x)
""", {"self.B.T @ e": "updated-V+slope-missing"}),
    "the slope of tanh as that of the sigmoid, in the third of four layers": ("""
import numpy as np
W = [np.random.randn(3, 5), np.random.randn(5, 6), np.random.randn(6, 4), np.random.randn(4, 2)]
X = np.random.randn(8, 3); Y = np.random.randn(8, 2)
for t in range(5):
    z = [X]
    for w in W[:-1]:
        z.append(np.tanh(z[-1] @ w))
    d = 2 * (z[-1] @ W[3] - Y)
    D = [z[3].T @ d]
    for k in (3, 2, 1):
        back = d @ W[k].T
        d = back * z[k] * (1 - z[k]) if k == 2 else back * (1 - z[k] ** 2)
        D.insert(0, z[k - 1].T @ d)
    W = [w - 0.05 * g for w, g in zip(W, D)]
""", {"back * z[k] * (1 - z[k])": "slope-rule-of-sigmoid"}),
    "a step uphill": ("""
import numpy as np
A = np.random.randn(4, 6); B = np.random.randn(6, 2)
X = np.random.randn(9, 4); Y = np.random.randn(9, 2)
for t in range(5):
    Z = np.tanh(X @ A)
    top = Z @ B - Y
    low = top @ B.T * (1 - Z ** 2)
    A += 0.1 * X.T @ low
    B += 0.1 * Z.T @ top
""", {"A += 0.1 * X.T @ low": "ascent", "B += 0.1 * Z.T @ top": "ascent"}),
    "a mean here, a sum there": ("""
import numpy as np
def gradients(A, B, X, Y):
    Z = np.tanh(X @ A)
    top = 2 * (Z @ B - Y)
    low = top @ B.T * (1 - Z ** 2)
    return X.T @ low / len(X), Z.T @ top
""", {"X.T @ low / len(X)": "other-factor"}),
}  # fmt: skip


@pytest.fixture
def checked(tmp_path):
    def check(text, **options):
        path = tmp_path / "homework.py"
        path.write_text(text, encoding="utf-8")
        return verify_file(path, Options(**options))

    return check


def left(file):
    return [n.id for n in file.remarks if n.id != "network"]


@pytest.mark.costly
@pytest.mark.parametrize("kind", RIGHT)
def test_a_right_step_of_any_form_is_right(checked, kind):
    file = checked(RIGHT[kind])
    assert {check.verdict for check in file.checks} == {"right"}
    assert any(
        check.stage.startswith("∂E/∂") or check.stage in ("dV", "dW") for check in file.checks
    )
    assert left(file) == []


@pytest.mark.costly
@pytest.mark.parametrize("kind", WRONG)
def test_a_mistake_is_told_once_where_it_is_and_why(checked, kind):
    text, expected = WRONG[kind]
    file = checked(text)
    wrong = [check for check in file.checks if check.verdict == "wrong"]
    assert {c.place.text: "+".join(n.id for n in c.diagnosis) for c in wrong} == expected
    assert len(wrong) == len(expected)
    for place in (check.place for check in wrong):
        line = text.split("\n")[place.line - 1]
        assert line[place.column - 1 : place.end_column - 1] == place.text
    assert all(n.text.en != n.text.ja and n.hint for c in wrong for n in c.diagnosis if n.text)


@pytest.mark.parametrize("kind", RIGHT)
@pytest.mark.parametrize("old", ["top @ B.T", "d @ W[k].T"])
def test_a_right_step_with_one_factor_too_many_on_the_way_is_wrong(checked, kind, old):
    text = RIGHT[kind]
    if text.count(old) != 1:
        pytest.skip("of another form")
    file = checked(text.replace(old, f"(2 * {old})"))
    assert "wrong" in {check.verdict for check in file.checks}


def test_weights_not_turned_on_the_way_back_through_time_are_wrong(checked):
    file = checked(RIGHT["back through time"].replace("later = Q @ low", "later = Q.T @ low"))
    assert "wrong" in {check.verdict for check in file.checks}


NOT_A_NETWORK = {
    "k-means": """
import numpy as np
X = np.random.randn(40, 2); C = X[:3].copy()
for t in range(10):
    nearest = ((X[:, None] - C[None]) ** 2).sum(-1).argmin(1)
    C = np.stack([X[nearest == k].mean(0) for k in range(3)])
print(C @ C.T)
""",
    "plots": """
import numpy as np
import matplotlib.pyplot as plt
x = np.linspace(0, 1, 50)
M = np.random.randn(50, 50)
for k in range(3):
    plt.plot(x, M @ x)
plt.show()
""",
    "PyTorch": """
import torch
import numpy as np
net = torch.nn.Linear(3, 2)
optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
data = np.random.randn(10, 3) @ np.random.randn(3, 3)
for t in range(10):
    loss = ((net(torch.tensor(data)) - 1) ** 2).mean()
    loss.backward()
    optimizer.step()
""",
}


@pytest.mark.parametrize("kind", NOT_A_NETWORK)
def test_what_is_no_backpropagation_is_never_wrong(checked, kind):
    file = checked(NOT_A_NETWORK[kind])
    assert file.checks == ()
    assert file.problem == NOTHING


@pytest.mark.parametrize("kind", ["linear regression", "matrix factorisation", "a cubic error"])
def test_right_gradients_of_other_models_are_never_wrong(checked, kind):
    text = {
        "linear regression": """
import numpy as np
X = np.random.randn(20, 3); y = np.random.randn(20, 2); W = np.zeros((3, 2))
for t in range(10):
    W -= 0.1 * 2 * X.T @ (X @ W - y) / len(X)
""",
        "a cubic error": """
import numpy as np
X, Y = np.random.randn(8, 3), np.random.rand(8, 2)
A, B = np.random.randn(3, 4), np.random.randn(4, 2)
for t in range(100):
    z = np.tanh(X @ A)
    g = 1 / (1 + np.exp(-z @ B))
    e = g - Y
    top = e * g * (1 - g) * np.abs(e)
    low = top @ B.T * (1 - z ** 2)
    B -= 0.01 * z.T @ top
    A -= 0.01 * X.T @ low
""",
        "matrix factorisation": """
import numpy as np
R = np.random.randn(6, 5); P = np.random.randn(6, 2); Q = np.random.randn(5, 2)
for t in range(10):
    E = R - P @ Q.T
    P, Q = P + 0.1 * E @ Q, Q + 0.1 * E.T @ P
""",
    }[kind]
    assert "wrong" not in {check.verdict for check in checked(text).checks}


# What names have told stands where the forward pass cannot tell it

TANH = """
import numpy as np
def backprop(W, V, x, y):
    z = np.append(1, np.tanh(W @ x))
    e = np.exp(V @ z)
    delta2 = e / e.sum() - y
    delta1 = V[:, 1:].T @ delta2 * (1 - z[1:] ** 2)
    return np.outer(delta1, x), np.outer(delta2, z)
"""
NO_BIAS = """
import numpy as np
def backprop(W, V, x, y):
    u = W @ x
    e = np.exp(V @ np.maximum(u, 0))
    delta2 = e / e.sum() - y
    delta1 = V.T @ delta2 * (u > 0)
    return np.outer(delta1, x), np.outer(delta2, np.maximum(u, 0))
"""


@pytest.mark.slow
@pytest.mark.parametrize("text", [TANH, NO_BIAS])
def test_a_network_that_nobody_declared_is_the_one_that_is_computed(checked, text):
    assert {check.verdict for check in checked(text).checks} == {"right"}


@pytest.mark.slow
@pytest.mark.parametrize(
    "text",
    [
        TANH.replace("V[:, 1:].T", "2 * V[:, 1:].T"),
        'HIDDEN = "relu"\n' + TANH,
        "BIAS = True\n" + NO_BIAS,
    ],
    ids=["a factor", "another f declared", "biases declared"],
)
def test_what_is_wrong_or_other_than_declared_stays_so(checked, text):
    assert {check.verdict for check in checked(text).checks} & {"wrong", "crashed"}


@pytest.mark.slow
def test_the_command_line_declares_too(checked):
    assert {c.verdict for c in checked(TANH, hidden="tanh").checks} == {"right"}
    assert "wrong" in {c.verdict for c in checked(TANH, hidden="relu").checks}
    assert "wrong" in {c.verdict for c in checked(NO_BIAS, bias=True).checks}


@pytest.mark.slow
def test_what_runs_at_one_size_alone_is_not_called_right(checked):
    text = NO_BIAS.replace("W @ x", "W @ np.append(1, x)").replace("V.T", "V[:, 1:].T")
    file = checked(text)
    assert "dW" not in {check.stage for check in file.checks}
    assert {note.id for note in file.remarks} & {"not-looked-at", "not-judged"}


def test_a_helper_that_a_class_calls_with_f_of_u_is_no_mistake(checked):
    text = """
import numpy as np
def dsigmoid(x): return x * (1 - x)
class Net:
    def back(self, out, wish): return (wish - out) * dsigmoid(out)
"""
    found = {check.name: check.verdict for check in checked(text).checks}
    assert found["dsigmoid"] == "right"
    assert {c.verdict for c in checked(text.split("class Net")[0]).checks} == {"wrong"}


HIDDEN_STEPS = {
    "by a counter of the same name": """
def step(x, t):
    global A, B
    z = np.tanh(x @ A)
    top = z @ B - t
    low = top @ B.T
    B = B - 0.1 * np.outer(z, top)
    A = A - 0.1 * np.outer(x, low)
def train():
    for A in range(6):
        step(X[A], T[A])
train()
""",
    "in a function that also draws": """
def show_step(A, B):
    z = np.tanh(X @ A)
    top = z @ B - T
    low = top @ B.T
    B -= 0.1 * z.T @ top
    A -= 0.1 * X.T @ low
for t in range(5):
    show_step(A, B)
""",
    "in a function called as if it got weights": """
def get_weight_gradients(A, B, X, T):
    z = np.tanh(X @ A)
    top = z @ B - T
    low = top @ B.T
    return X.T @ low, z.T @ top
for t in range(5):
    dA, dB = get_weight_gradients(A, B, X, T)
    A -= 0.1 * dA
    B -= 0.1 * dB
""",
}


@pytest.mark.slow
def test_a_gradient_that_is_squared_is_no_step(checked):
    text = RIGHT["tanh, softmax and a sum"].replace("T\n    low", "T; top = top[:1]\n    low")
    text = text.replace("Z = np.tanh(X @ A", "X, T = X[:1], T[:1]; Z = np.tanh(X @ A")
    file = checked(text)
    assert {check.verdict for check in file.checks} == {"right"}
    file = checked(text.replace("rate * top.sum(axis=0)", "rate * top[0] ** 2"))
    assert "wrong" in {check.verdict for check in file.checks}


def test_a_sum_where_the_chain_rule_has_a_product(checked):
    file = checked(
        NUMBERS.replace("w[2] * slope(w[2] * z)\n        w2", "w[2] + slope(w[2] * z)\n        w2")
    )
    wrong = [check for check in file.checks if check.verdict == "wrong"]
    assert [(c.place.text, c.diagnosis[0].id) for c in wrong] == [
        ("w[2] + slope(w[2] * z)", "added-for-multiplied")
    ]


@pytest.mark.slow
def test_what_is_left_over_from_the_step_before_is_wrong(checked):
    file = checked(MEMORY.replace("z = net.memory[-1]", "z = net.memory[0]"))
    wrong = [check for check in file.checks if check.verdict == "wrong"]
    assert "stale" in {note.id for check in wrong for note in check.diagnosis}


UPDATES = {
    "not below 0": ("A -= 0.01 * X.T @ low", "A = np.maximum(A - 0.01 * X.T @ low, 0)"),
    "some of them": ("A -= 0.01 * X.T @ low", "A = np.where(M, A - 0.01 * X.T @ low, A)"),
    "one of them then set": ("A -= 0.01 * X.T @ low", "A -= 0.01 * X.T @ low; A[0] = 0"),
}


@pytest.mark.parametrize(
    "kind", ["not below 0", *(pytest.param(k, marks=pytest.mark.slow) for k in [*UPDATES][1:])]
)
def test_a_parameter_is_judged_whatever_is_done_to_it_after_the_step(checked, kind):
    text = """
import numpy as np
X, T, M = np.random.randn(7, 3), np.random.randn(7, 2), np.random.rand(3, 4) > 0.3
A, B = np.random.rand(3, 4), np.random.randn(4, 2)
for t in range(9):
    z = np.tanh(X @ A)
    top = z @ B - T
    low = top @ B.T * (1 - z * z)
    B -= 0.01 * z.T @ top
    A -= 0.01 * X.T @ low
"""
    wrong = text.replace(*UPDATES[kind]).replace("(1 - z * z)", "(1 - np.tanh(z) ** 2)")
    assert "wrong" in {check.verdict for check in checked(wrong).checks}


def test_samples_that_are_0_hide_nothing(checked):
    data = "data = [([0.1, 0.9], 1.0), ([0.7, 0.4], 0.0)]"
    plain = RIGHT["plain numbers in lists"]
    text = plain.replace(data, "data = [[[0, 0], 0], [[0, 1], 1], [[1, 0], 1], [[1, 1], 0]]")
    assert text != plain
    file = checked(text)
    assert {check.verdict for check in file.checks} == {"right"}
    assert "∂E/∂A" in [check.stage for check in file.checks]  # all six of its numbers
    wrong = checked(text.replace("B[i] * z[i] * (1", "B[i] * (1"))
    assert "wrong" in {check.verdict for check in wrong.checks}


def test_what_no_data_show_is_said(checked):
    text = """
import numpy as np
A, R, B = np.random.randn(4, 3), np.random.randn(4, 4), np.random.randn(2, 4)
X, T = np.random.randn(9, 3), np.random.randn(9, 2)
for x, t in zip(X, T):
    before = 0 * x.repeat(2)[:4]
    z = np.tanh(A @ x + R @ before)
    top = B @ z - t
    low = B.T @ top * (1 - z * z)
    B -= 0.01 * np.outer(top, z)
    A -= 0.01 * np.outer(low, x)
    R -= 0.01 * np.outer(low, before) * 7 * before
"""
    file = checked(text)
    assert [note.id for note in file.remarks if note.id == "not-judged"]
    shown = checked(text.replace("0 * x.repeat(2)[:4]", "np.zeros(4)"))  # as a first h may be
    assert [c.stage for c in shown.checks if c.verdict == "wrong"] == ["∂E/∂R"]


def test_a_step_that_only_looks_back_at_numbers_is_right(checked):
    text = MEMORY.replace(
        "    B -= 0.01",
        "    errors.append(np.mean(top**2)); rate = 0.01 * errors[0] / errors[-1]\n    B -= rate",
    )
    file = checked(
        text.replace("net = Net()", "net, errors = Net(), []").replace("A -= 0.01", "A -= rate")
    )
    assert {check.verdict for check in file.checks} == {"right"}


def test_a_loop_that_only_calls_others_has_crashed_where_one_of_them_gives_nothing(checked):
    text = """
import numpy as np
X, T = np.random.randn(7, 3), np.random.randn(7, 2)
def way_back(X, T, A, B):
    Z = np.tanh(X @ A)
    top = Z @ B - T
    dA, dB = X.T @ (top @ B.T * (1 - Z * Z)), Z.T @ top
    return dA, dB
A, B = np.random.randn(3, 4), np.random.randn(4, 2)
for t in range(9):
    dA, dB = way_back(X, T, A, B)
    A, B = A - 0.1 * dA, B - 0.1 * dB
"""
    assert {check.verdict for check in checked(text).checks} == {"right"}
    (check,) = checked(text.replace("    return dA, dB\n", "")).checks
    assert (check.verdict, check.line) == ("crashed", 9)


def test_an_assertion_is_about_the_files_own_data_and_not_about_stand_ins(checked):
    text = """
import numpy as np
X, T = {}
assert X.shape == (700, 3)
A, B = np.random.randn(X.shape[1], 4), np.random.randn(4, 2)
for t in range(9):
    assert len(X) == 700
    Z = np.tanh(X @ A)
    top = Z @ B - T
    low = top @ B.T * (1 - Z * Z)
    A, B = A - 0.1 * X.T @ low, B - 0.1 * Z.T @ top
"""
    absent = checked(
        text.format('np.load("x.npy").reshape(-1, 3), np.load("t.npy").reshape(-1, 2)')
    )
    assert {check.verdict for check in absent.checks} == {"right"}
    own = checked(text.format("np.random.randn(7, 3), np.random.randn(7, 2)"))
    assert {check.verdict for check in own.checks} == {"crashed"}


def test_what_the_first_differences_cannot_tell_apart_is_told_by_autodiff(checked):
    """With weights next to 0 all outputs are alike, and so are the gradients of several E."""
    text = """
import numpy as np
X, kinds = np.random.randn(6, 5), np.array([0, 1, 2, 0, 1, 2])
A, B = 1e-4 * np.random.randn(5, 4), 1e-4 * np.random.randn(4, 3)
for t in range(5):
    Z = np.maximum(X @ A, 0)
    G = np.exp(Z @ B)
    G /= G.sum(axis=1, keepdims=True)
    G[range(6), kinds] -= 1
    G /= 6
    dA, dB = X.T @ (G @ B.T * (Z > 0)), Z.T @ G
    A -= 0.1 * dA
    B -= 0.1 * dB
"""
    assert {check.verdict for check in checked(text).checks} == {"right"}
    wrong = checked(text.replace(" * (Z > 0)", ""))
    assert "wrong" in {check.verdict for check in wrong.checks}


def test_a_factor_is_told_where_only_its_own_parameter_gets_it(checked):
    text = """
import numpy as np
class Layer:
    def __init__(self, d, q):
        self.W, self.b = np.random.randn(d, q), np.zeros(q)
    def forward(self, x):
        self.x = x
        return x @ self.W + self.b
    def backward(self, d):
        self.dW = self.x.T @ d
        self.db = np.mean(d, axis=0)
        return d @ self.W.T
X, T = np.random.randn(5, 3), np.eye(2)[[0, 1, 0, 1, 1]]
one, two = Layer(3, 4), Layer(4, 2)
for t in range(3):
    Z = np.tanh(one.forward(X))
    G = np.exp(two.forward(Z)); G /= G.sum(axis=1, keepdims=True)
    E = -np.sum(T * np.log(G)) / len(X)
    one.backward(two.backward((G - T) / len(X)) * (1 - Z * Z))
    for layer in (one, two):
        layer.W -= 0.1 * layer.dW
        layer.b -= 0.1 * layer.db
"""
    file = checked(text)
    wrong = [check for check in file.checks if check.verdict == "wrong"]
    assert {(c.diagnosis[0].id, c.place.text) for c in wrong} == {
        ("other-factor", "np.mean(d, axis=0)")
    }
    right = checked(text.replace("np.mean(d", "np.sum(d"))
    assert {check.verdict for check in right.checks} == {"right"}


PENALTY = """
import numpy as np
X, T = np.random.randn(6, 5), np.eye(3)[[0, 1, 2, 0, 1, 2]]
A, a = np.random.randn(5, 4), np.random.randn(4)
B = np.random.randn(4, 3)
for t in range(5):
    Z = np.tanh(X @ A + a)
    G = np.exp(Z @ B); G /= G.sum(axis=1, keepdims=True)
    E = -np.sum(T * np.log(G)) / 6 + 0.05 * np.sum(A * A) + 0.05 * np.sum(B ** 2)
    top = (G - T) / 6
    low = top @ B.T * (1 - Z * Z)
    dA, dB = X.T @ low + 0.1 * A, Z.T @ top + 0.1 * B
    A -= 0.3 * dA; a -= 0.3 * low.sum(axis=0)
    B -= 0.3 * dB
"""


def test_weights_shrink_as_the_penalty_in_the_files_own_error_says(checked):
    assert {check.verdict for check in checked(PENALTY).checks} == {"right"}
    file = checked(PENALTY.replace("0.05 *", "0.1 *"))
    wrong = [check for check in file.checks if check.verdict == "wrong"]
    assert [c.place.text for c in wrong] == ["0.1 * A", "0.1 * B"]
    assert all("0.5 times" in c.diagnosis[0].text.en for c in wrong)
    assert {c.diagnosis[0].id for c in wrong} == {"other-share"}


@pytest.mark.slow
def test_so_they_do_without_biases_and_beside_another_mistake(checked):
    without = PENALTY.replace(" + a)", ")").replace("a -= 0.3 * low.sum(axis=0)", "pass")
    assert {check.verdict for check in checked(without).checks} == {"right"}
    wrong = checked(without.replace("0.05 *", "0.1 *")).checks
    assert [c.diagnosis[0].id for c in wrong if c.verdict == "wrong"] == ["other-share"] * 2
    missing = checked(PENALTY.replace(" + 0.1 * B", ""))
    wrong = [check for check in missing.checks if check.verdict == "wrong"]
    assert [c.diagnosis[0].id for c in wrong] == ["no-share"]
    other = checked(PENALTY.replace("0.05 *", "0.1 *").replace(" * (1 - Z * Z)", ""))
    assert "slope-missing" in {n.id for c in other.checks for n in c.diagnosis}


NEVER_WRONG = {
    "a cache that is u, beside a forward pass that gives f(u) alone": """
def sigmoid(z): return 1 / (1 + np.exp(-z))
def sigmoid_backward(dA, activation_cache):
    s = sigmoid(activation_cache)
    return dA * s * (1 - s)
""",
    "a derivative of a module that is not there": """
from layers import sigmoid, dsigmoid
A, B = np.random.randn(5, 4), np.random.randn(4, 3)
for t in range(5):
    Z = sigmoid(X @ A)
    top = Z @ B - T
    A, B = A - 0.1 * X.T @ (top @ B.T * dsigmoid(Z)), B - 0.1 * Z.T @ top
""",
    "a derivative whose name begins with that of another function": """
from layers import leaky_relu_derivative
A, B = np.random.randn(5, 4), np.random.randn(4, 3)
for t in range(5):
    u = X @ A
    Z = np.where(u > 0, u, 0.01 * u)
    top = Z @ B - T
    A, B = A - 0.1 * X.T @ (top @ B.T * leaky_relu_derivative(u)), B - 0.1 * Z.T @ top
""",
    "an f with a flag that is always there": """
from layers import sigmoid
A, B = np.random.randn(5, 4), np.random.randn(4, 3)
for t in range(5):
    Z = sigmoid(X @ A, True)
    top = Z @ B - T
    A, B = A - 0.1 * X.T @ (top @ B.T * Z * (1 - Z)), B - 0.1 * Z.T @ top
""",
    "an f with a flag for something else": """
from layers import tanh
A, B = np.random.randn(5, 4), np.random.randn(4, 3)
for t in range(5):
    Z = tanh(X @ A, clip=True)
    top = Z @ B - T
    A, B = A - 0.1 * X.T @ (top @ B.T * (1 - Z * Z)), B - 0.1 * Z.T @ top
""",
    "the derivative of u, computed once more": """
from layers import sigmoid, sigmoid_derivative
A, B = np.random.randn(5, 4), np.random.randn(4, 3)
for t in range(5):
    Z = sigmoid(X @ A)
    top = Z @ B - T
    A, B = A - 0.1 * X.T @ (top @ B.T * sigmoid_derivative(X @ A)), B - 0.1 * Z.T @ top
""",
    "a loss that gives two values": """
from layers import loss
A, B = np.random.randn(5, 4), np.random.randn(4, 3)
for t in range(5):
    Z = np.tanh(X @ A)
    top = Z @ B - T
    E, hits = loss(Z @ B, T)
    A, B = A - 0.1 * X.T @ (top @ B.T * (1 - Z * Z)), B - 0.1 * Z.T @ top
""",
    "an f that nothing gives": """
A, B = np.random.randn(5, 4), np.random.randn(4, 3)
for t in range(5):
    Z = f(X @ A)
    top = Z @ B - T
    A, B = A - 0.1 * X.T @ (top @ B.T), B - 0.1 * Z.T @ top
""",
    "a loop that draws, and stops": """
def rotated(P, k): return P @ np.array([[0, 1], [-1, 0]])
def shown(P): return [P[n] for n in range(len(P) + 1)]
P = X[:, :2]
for k in range(5):
    shown(rotated(P, k))
""",
    "an int of the file's own": """
def int(u): return np.tanh(u)
A, B = np.random.randn(5, 4), np.random.randn(4, 3)
for t in range(5):
    Z = int(X @ A)
    top = Z @ B - T
    low = top @ B.T * (1 - Z * Z)
    A, B = A - 0.1 * X.T @ low, B - 0.1 * Z.T @ top
""",
}


@pytest.mark.parametrize("kind", NEVER_WRONG)
def test_what_is_not_known_is_not_called_wrong(checked, kind):
    data = "import numpy as np\nX, T = np.random.randn(6, 5), np.random.randn(6, 3)\n"
    file = checked(data + NEVER_WRONG[kind])
    assert {check.verdict for check in file.checks} <= {"right"}


def test_sums_of_gradients_that_are_never_set_to_0_are_not_right(checked):
    text = """
import numpy as np
X, T = np.random.randn(6, 5), np.eye(3)[[0, 1, 2, 0, 1, 2]]
A, B = np.random.randn(4, 5), np.random.randn(3, 4)
dA, dB = np.zeros_like(A), np.zeros_like(B)
for t in range(5):
    for x, y in zip(X, T):
        z = np.tanh(A @ x)
        g = np.exp(B @ z); g = g / np.sum(g)
        top = g - y
        low = B.T @ top * (1 - z * z)
        dB += np.outer(top, z)
        dA += np.outer(low, x)
    A -= 0.1 * dA / 6
    B -= 0.1 * dB / 6
    dA.fill(0)
    dB.fill(0)
"""
    assert {check.verdict for check in checked(text).checks} == {"right"}
    file = checked(text.replace("    dA.fill(0)\n    dB.fill(0)\n", ""))
    assert "right" not in {check.verdict for check in file.checks}


def test_a_forward_pass_that_is_given_a_bias_is_not_the_exercises(checked):
    text = """
import numpy as np
def forward(A, W, b):
    Z = np.dot(W, A) + b
    assert Z.shape == (W.shape[0], A.shape[1])
    return Z
"""
    assert checked(text).checks == ()


def test_a_leaky_relu_is_right_where_a_right_step_calls_it(checked):
    text = """
import numpy as np
def relu(u): return np.where(u > 0, u, 0.01 * u)
X, T = np.random.randn(7, 3), np.random.randn(7, 2)
A, B = np.random.randn(3, 4), np.random.randn(4, 2)
for t in range(9):
    u = X @ A
    z = relu(u)
    top = z @ B - T
    low = top @ B.T * np.where(u > 0, 1, 0.01)
    B -= 0.01 * z.T @ top
    A -= 0.01 * X.T @ low
"""
    file = checked(text)
    assert {check.verdict for check in file.checks} == {"right"}
    assert "relu-leaky" in {note.id for check in file.checks for note in check.remarks}
    assert "wrong" in {check.verdict for check in checked('HIDDEN = "relu"' + text).checks}
    alone = checked(text.split("X, T")[0])
    assert {check.verdict for check in alone.checks} == {"wrong"}


def test_a_function_of_another_form_has_not_crashed(checked):
    text = """
import numpy as np
def relu_derivative(upstream, u, cache): return upstream * (cache > 0)
def linear_gradient(upstream, W): return upstream @ W.T
def cross_entropy(g, y): return -np.sum(y * np.log(g)), g - y
def mse(g, y):
    assert set(np.unique(y)) <= {0, 1}
    return np.mean((g - y) ** 2)
"""
    file = checked(text)
    assert "crashed" not in {check.verdict for check in file.checks}
    assert sum(note.id == "not-judged" for note in file.remarks) >= 2
    broken = checked("import numpy as np\ndef relu(u): return np.maximum(u, nothing)\n")
    assert {check.verdict for check in broken.checks} == {"crashed"}


def test_a_loss_of_logarithms_gets_positive_numbers(checked):
    text = """
import numpy as np
class CrossEntropy:
    def forward(self, p, y):
        self.p, self.y = p, y
        return -np.sum(y * np.log(p)) / len(p)
    def backward(self):
        return -self.y / self.p / len(self.p)
"""
    assert {check.verdict for check in checked(text).checks} == {"right"}
    wrong = checked(text.replace("-self.y / self.p", "self.p - self.y"))
    assert "right" not in {check.verdict for check in wrong.checks}


@pytest.mark.parametrize("kind", HIDDEN_STEPS)
def test_a_mistake_is_found_wherever_it_hides(checked, kind):
    data = "import numpy as np\nX, T = np.random.randn(6, 5), np.random.randn(6, 3)\n"
    text = data + "A, B = np.random.randn(5, 4), np.random.randn(4, 3)\n" + HIDDEN_STEPS[kind]
    assert "wrong" in {check.verdict for check in checked(text).checks}
    right = text.replace("top @ B.T", "top @ B.T * (1 - z * z)")
    assert {check.verdict for check in checked(right).checks} == {"right"}


def test_a_construct_that_cannot_be_followed_is_said_with_its_line(checked):
    file = checked("""
import numpy as np
A = np.random.randn(4, 6); B = np.random.randn(6, 2)
X = np.random.randn(9, 4); Y = np.random.randn(9, 2)
for t in range(5):
    Z = np.fft.fft(np.tanh(X @ A)).real
    top = Z @ B - Y
    A -= 0.1 * X.T @ (top @ B.T * (1 - Z ** 2))
    B -= 0.1 * Z.T @ top
""")
    assert "wrong" not in {check.verdict for check in file.checks}
    assert "not-judged" in left(file)


def test_a_mistake_of_the_checker_itself_does_not_end_the_rest(checked, monkeypatch):
    from jaxmlp.verify.judge import steps

    def broken(recordings, seed, declared=None):
        raise ZeroDivisionError("of ours")

    monkeypatch.setattr(steps, "judged", broken)
    text = RIGHT["a derivative that is only given f(u)"]
    file = checked(text + "def ReLU(x): return np.maximum(x, 0)\n")
    assert "ReLU" in {check.name for check in file.checks}
    (note,) = [n for n in file.remarks if n.id == "not-judged"]
    assert "of ours" in note.text.en


def test_in_a_notebook_the_place_is_a_cell_and_its_line(tmp_path):
    import json

    text, expected = WRONG["the slope of a ReLU output"]
    head, body = text.split("for t in", 1)
    cells = [{"cell_type": "code", "source": s} for s in ("1 + 1", head, "for t in" + body)]
    path = tmp_path / "homework.ipynb"
    path.write_text(json.dumps({"cells": cells}), encoding="utf-8")
    (wrong,) = [c for c in verify_file(path).checks if c.verdict == "wrong"]
    assert (wrong.place.cell, wrong.place.line) == (3, 5)
    assert wrong.place.text in expected
    (by,) = [n for n in wrong.remarks if n.id == "judged-by"]
    assert "at cell 3, line 4," in by.text.en
    assert "セル 3 の 4 行目" in by.text.ja
    assert {line.cell for line in wrong.lines} == {3}
    assert [line.number for line in wrong.lines if line.verdict == "wrong"] == [5]


def test_two_runs_of_a_file_say_the_same(checked):
    text, _ = WRONG["the slope missing in the sum of one matrix"]
    assert checked(text) == checked(text)


def test_the_truth_is_that_of_finite_differences():
    """The checker's own RIGHT step, by differences that know nothing of it."""
    rng = np.random.default_rng(0)
    X, Y = rng.normal(size=(9, 4)), rng.normal(size=(9, 2))
    A, B = rng.normal(size=(4, 6)), rng.normal(size=(6, 2))

    def error(A):
        return np.sum((np.tanh(X @ A) @ B - Y) ** 2) / 2

    Z = np.tanh(X @ A)
    claimed = X.T @ ((Z @ B - Y) @ B.T * (1 - Z**2))
    step = np.zeros_like(A)
    step[1, 2] = 1e-6
    assert np.isclose((error(A + step) - error(A - step)) / 2e-6, claimed[1, 2])


STATED = """
from numpy import *
w, v, b, c = [0.3, -0.2], [0.5, 0.4], [0.1, 0.2], 0.3
p, q, r, s = 0.2, -0.4, 0.1, 0.05
x, first, second = 0.8, 0.9, 0.7
for t in range(9):
    z = 1 / (1 + exp(-(w[0] * x + b[0])))
    g, h = v[0] * z + c, p * z + q
    dg, dh = g - first, h - second
    back = (dg * v[0] + dh * p) * z * (1 - z)
    v[0] -= 0.1 * dg * z
    c -= 0.1 * dg
    p -= 0.1 * dh * z
    q -= 0.1 * dh
    w[0] -= 0.1 * back * x
    b[0] -= 0.1 * back
"""


def verdicts(file) -> set[str]:
    return {check.verdict for check in file.checks}


def test_plain_numbers_of_a_starred_import_with_a_target_for_each_output(checked):
    assert verdicts(checked(STATED)) == {"right"}
    wrong = checked(STATED.replace("dh * p) * z", "dh * v[0]) * z"))
    assert {c.stage for c in wrong.checks if c.verdict == "wrong"} <= {"∂E/∂w[0]", "∂E/∂b[0]"}
    assert "wrong" in verdicts(wrong)


LINES = """
import re, random, numpy
def f(u): return float(1 - numpy.exp(-u)) / (1 + numpy.exp(-u))
rows = []
for line in open("not_there.txt").readlines():
    rows.append([float(one) for one in re.split(r"\\t|,", line)])
w = [random.uniform(-1, 1) for _ in range(3)]
v = [random.uniform(-1, 1) for _ in range(2)]
for row in rows:
    z = f(w[0] + w[1] * row[0] + w[2] * row[1])
    g = v[0] + v[1] * z
    e = row[2] - g
    d = e * v[1] * (1 - z * z) / 2
    v = [v[0] + 0.1 * e, v[1] + 0.1 * e * z]
    w = [w[0] + 0.1 * d, w[1] + 0.1 * d * row[0], w[2] + 0.1 * d * row[1]]
"""


def test_lines_that_are_split_by_a_pattern_are_numbers(checked):
    file = checked(LINES)
    assert verdicts(file) == {"right"}
    assert {"∂E/∂w", "∂E/∂v"} == {check.stage for check in file.checks}  # once for all numbers
    wrong = checked(LINES.replace("(1 - z * z) / 2", "z"))
    assert {c.stage for c in wrong.checks if c.verdict == "wrong"} == {"∂E/∂w"}


COUNTED = """
import numpy as np
class Net:
    def __init__(self, {arguments}):
        self.many, self.W = many, [np.random.randn(j, i) for i, j in zip(sizes[:-1], sizes[1:])]
    def learn(self, x, y, rate):
        outputs = [x]
        for W in self.W:
            outputs.append(np.tanh(W @ outputs[-1]))
        delta = (outputs[-1] - y) * (1 - outputs[-1] ** 2)
        steps = [np.outer(delta, outputs[-2])]
        for l in range(2, self.many):
            delta = self.W[-l + 1].T @ delta * (1 - outputs[-l] ** 2)
            steps.insert(0, np.outer(delta, outputs[-l - 1]))
        for W, step in zip(self.W, steps):
            W -= rate * step
    def confused(self, tables, answers):
        return [tables[k][answers[k]].item() for k in range(7)]
"""


@pytest.mark.parametrize("arguments", ["many, sizes", "sizes, many"])
def test_how_many_layers_there_are_goes_with_their_sizes(arguments, checked):
    text = COUNTED.replace("{arguments}", arguments)
    assert verdicts(checked(text)) == {"right"}
    assert "wrong" in verdicts(checked(text.replace("delta * (1 - outputs[-l] ** 2)", "delta")))


ONCE = """
import numpy as np
x, y, eta = 0.5, 2, 0.3
w, b, v, c = -0.5, 0.1, -0.3, 0.2
z = 1 / (1 + np.exp(-(w * x + b)))
e = y - (v * z + c)
d = -2 * e
back = d * v * z * (1 - z)
v = v - eta * d * z
c = c - eta * d
w = w - eta * back * x
b = b - eta * back
"""


def test_a_single_step_of_the_file_itself(checked):
    assert verdicts(checked(ONCE)) == {"right"}
    line = "back = d * v * z * (1 - z)\n"
    late = checked(ONCE.replace(line, "").replace("w = w", f"{line}w = w"))
    assert {n.id for c in late.checks for n in c.diagnosis} == {"updated-V"}
    assert verdicts(checked(ONCE.replace("b - eta * back", "b - eta * d"))) == {"right", "wrong"}


LATER = """
import numpy as np
X = np.random.randn(7, 3)
Y = np.random.randn(7, 2)
params = [np.random.randn(3, 4), np.random.randn(4, 2)]
for epoch in range(3):
    waiting = [0, 0]
    for x, y in zip(X, Y):
        z = np.tanh(x @ params[0])
        delta = z @ params[1] - y
        steps = [np.outer(x, params[1] @ delta * (1 - z * z)), np.outer(z, delta)]
        for j in range(2):
            params[j] -= waiting[j]
        for j in range(2):
            waiting[j] = 0.01 * steps[j] + 0.9 * waiting[j]
"""


OLD_VELOCITY = """
import numpy as np
X, Y = np.random.randn(7, 3), np.random.randn(7, 2)
A, B = np.random.randn(3, 4), np.random.randn(4, 2)
a, b = np.zeros_like(A), np.zeros_like(B)
for t in range(9):
    A -= a
    B -= b
    z = np.tanh(X @ A)
    d = z @ B - Y
    a = 0.9 * a + 0.01 * X.T @ (d @ B.T * (1 - z * z))
    b = 0.9 * b + 0.01 * z.T @ d
"""


@pytest.mark.parametrize("text", [LATER, OLD_VELOCITY])
def test_a_step_that_is_taken_a_pass_later(text, checked):
    assert verdicts(checked(text)) == {"right"}
    assert "wrong" in verdicts(checked(text.replace(" * (1 - z * z)", "")))


LAYERS = """
import random
from math import tanh
class Unit:
    def __init__(self, n): self.w = [random.uniform(-1, 1) for _ in range(n)]
layers = [[Unit(3) for _ in range(4)], [Unit(4) for _ in range(2)]]
x, y = [0.3, -0.2, 0.7], [0.4, 0.9]
for t in range(9):
    z = [tanh(sum(a * w for a, w in zip(x, unit.w))) for unit in layers[0]]
    g = [tanh(sum(a * w for a, w in zip(z, unit.w))) for unit in layers[1]]
    d = [(a - b) * (1 - a * a) for a, b in zip(g, y)]
    back = [sum(d[k] * layers[1][k].w[j] for k in range(2)) for j in range(4)]
    for k in range(2):
        for j in range(4):
            layers[1][k].w[j] -= 0.01 * d[k] * z[j]
    for j in range(4):
        for i in range(3):
            layers[0][j].w[i] -= 0.01 * back[j] * (1 - z[j] * z[j]) * x[i]
"""


def test_what_does_not_move_though_its_like_do(checked):
    assert verdicts(checked(LAYERS)) == {"right"}
    still = checked(LAYERS.rpartition("    for j in range(4):\n        for i")[0])
    assert verdicts(still) == {"right"}  # it may be on purpose
    (note,) = (n for n in still.remarks if n.id == "not-judged")
    assert "does not move layers[0][0].w, layers[0][1].w" in note.text.en


@pytest.mark.parametrize("other", ["w[j][i] -= 0.01 * back[j] * x[0]", "w[j][i] -= 0.01 * back[j]"])
def test_numbers_of_one_list_share_a_factor(other, checked):
    text = """
import random
w = [[random.uniform(-1, 1) for _ in range(3)] for _ in range(4)]
v = [random.uniform(-1, 1) for _ in range(4)]
x, y = [0.3, -0.2, 0.7], 0.4
for t in range(9):
    z = [sum(a * b for a, b in zip(x, row)) for row in w]
    d = sum(a * b for a, b in zip(z, v)) - y
    back = [d * a for a in v]
    for j in range(4):
        v[j] -= 0.01 * d * z[j]
        for i in range(3):
            w[j][i] -= 0.01 * back[j] * x[i]
"""
    assert verdicts(checked(text)) == {"right"}
    assert verdicts(checked(text.replace("w[j][i] -= 0.01 * back[j] * x[i]", other))) == {
        "right",
        "wrong",
    }


def test_whole_targets_beside_a_stated_one(checked):
    text = """
from math import exp
import random
w = [random.uniform(-1, 1) for _ in range(3)]
v = [[random.uniform(-1, 1) for _ in range(2)] for _ in range(2)]
rows = [([0.3, -0.2], 0), ([0.1, 0.9], 1)]
for t in range(9):
    for row, label in rows:
        expected = [0 for _ in range(2)]
        expected[label] = 1
        z = 1.0 / (1.0 + exp(-(w[0] * row[0] + w[1] * row[1] + w[2])))
        g = [1.0 / (1.0 + exp(-(u[0] * z + u[1]))) for u in v]
        d = [(a - b) * a * (1.0 - a) for a, b in zip(g, expected)]
        back = sum(d[k] * v[k][0] for k in range(2)) * z * (1.0 - z)
        for k in range(2):
            v[k][0] -= 0.5 * d[k] * z
            v[k][1] -= 0.5 * d[k]
        w[0] -= 0.5 * back * row[0]
        w[1] -= 0.5 * back * row[1]
        w[2] -= 0.5 * back
"""
    assert "wrong" not in verdicts(checked(text))
    assert "wrong" in verdicts(checked(text.replace("range(2)) * z * (1.0 - z)", "range(2))")))


def test_a_backward_method_that_did_not_run_is_not_passed_over(checked):
    text = """
import numpy as np
class Net:
    def __init__(self): self.A = np.random.randn(3, 2)
    def backward(self, x, y): self.A -= 0.01 * x.T @ (x @ self.A - y)
    def backward_twice(self, x, y): self.A -= 0.01 * x.T @ (x @ self.A + y)
net, X, Y = Net(), np.random.randn(7, 3), np.random.randn(7, 2)
for t in range(9):
    net.backward(X, Y)
"""
    file = checked(text)
    assert verdicts(file) == {"right"}
    assert any("Net.backward_twice" in note.text.en for note in file.remarks)
    calling = text.replace("self.A -= 0.01 * x.T @ (x @ self.A + y)", "self.backward(x, y)")
    assert not any(note.id == "not-looked-at" for note in checked(calling).remarks)


def test_what_is_done_to_weights_after_a_single_step_is_no_step(checked):
    text = ONCE + "v = v / abs(v)\nw = max(min(w, 2.0), -2.0)\n"
    assert verdicts(checked(text)) == {"right"}


BESIDE = """
import numpy as np
X, Y = np.random.randn(7, 3), np.random.randn(7, 2)
A = np.random.randn(3, 2)
for t in range(9):
    A -= 0.01 * X.T @ (X @ A - Y)
class Net:
    def __init__(self, parts): self.parts = self.made_of(parts)
    def back_propagation(self, x, y):
        d = self.parts["W0"].there @ x - y
        self.parts["W0"].there -= 0.1 * d @ x.T
    def fit(self, x, y):
        for t in range(9): self.back_propagation(x, y)
"""


@pytest.mark.parametrize(("move", "said"), [("grads['dW1']", False), ("grads['dW1'] * 2", True)])
def test_an_update_of_the_entries_of_a_dict_is_no_derivation(checked, move, said):
    update = f"""
def update(parameters, grads, rate):
    W1 = parameters["W1"] - rate * {move}
    return {{"W1": W1}}
"""
    file = checked(BESIDE.partition("class")[0] + update)
    assert any(n.id == "not-looked-at" for n in file.remarks) is said


def test_what_takes_no_part_in_a_right_step_is_not_passed_over(checked):
    file = checked(BESIDE)
    assert verdicts(file) == {"right"}
    (note,) = (n for n in file.remarks if n.id == "not-looked-at")
    assert "class Net" in note.text.en
    alone = checked(BESIDE.partition("class")[0])
    assert not any(n.id == "not-looked-at" for n in alone.remarks)


COLUMNS = """
import cupy as np
from scipy.stats import truncnorm
class Dense:
    def __init__(self, n_in, n_out):
        self.W = truncnorm(-2, 2, loc=0, scale=1).rvs((n_out, n_in))
        self.b = np.random.normal((n_out, 1))
        self.b = np.zeros((n_out, 1))
    def forward(self, x):
        self.x, out = x, np.zeros((x.shape[0], self.W.shape[0], 1))
        for k in range(x.shape[0]):
            out[k] = np.dot(self.W, x[k]) + self.b
        return out
    def backward(self, d):
        self.dW, self.db, dx = np.zeros_like(self.W), np.zeros_like(self.b), np.zeros_like(self.x)
        for k in range(d.shape[0]):
            self.dW += np.dot(d[k], self.x[k].T)
            self.db += d[k]
            dx[k] = np.dot(self.W.T, d[k])
        return dx
"""


def test_samples_as_columns_on_an_axis_of_their_own(checked):
    assert verdicts(checked(COLUMNS)) == {"right"}
    assert "wrong" in verdicts(checked(COLUMNS.replace("self.db += d[k]", "self.db += d[0]")))


def test_another_f_than_its_name_says_is_told_where_a_right_step_calls_it(checked):
    text = """
import numpy as np
def sigmoid(u): return np.tanh(u)
def sigmoid_derivative(z): return 1 - z ** 2
X, Y = np.random.randn(7, 3), np.random.randn(7, 2)
A, B = np.random.randn(3, 4), np.random.randn(4, 2)
for t in range(9):
    z = sigmoid(X @ A)
    d = z @ B - Y
    low = d @ B.T * sigmoid_derivative(z)
    B -= 0.01 * z.T @ d
    A -= 0.01 * X.T @ low
"""
    file = checked(text)
    assert verdicts(file) == {"right"}
    assert "of-another" in {n.id for check in file.checks for n in check.remarks}
    assert "wrong" in verdicts(checked(text.partition("X, Y")[0]))
    assert "wrong" in verdicts(checked('HIDDEN = "sigmoid"' + text))


NEURON = """
import numpy as np
x, z, goal, rate = 0.1, 0.4, 0.7, 0.3
v, w = np.random.rand(), np.random.default_rng(0).normal()
def f(u): return 1 / (1 + np.exp(-u))
def slope(g, goal): return 2 * (g - goal) * g * (1 - g)
def less(w, d): return w - rate * d
for k in range(9):
    g = f(v * x + w * z)
    d = slope(g, goal)
    v = less(v, d * x)
    w = less(w, d * z)
"""
LABELLED = """
import csv
import numpy as np
rows = [[float(a) for a in row[:3]] for row in csv.reader(open("there_is_none.csv"))]
labels = [[1, 0], [0, 1]]
class Net:
    def __init__(self): self.W, self.b = np.random.rand(2, 3), np.random.rand(2)
    def one(self, w, x, b): return 1 / (1 + np.exp(-(sum(a * c for a, c in zip(w, x)) + b)))
    def learn(self):
        for x, label in zip(rows, labels):
            g = [self.one(w, x, b) for w, b in zip(self.W, self.b)]
            e = [label[0] - g[0], label[1] - g[1]]
            if g[0] < g[1]: print(label)
            self.W = self.W + 0.1 * np.array([e]).T * np.array(x)
            self.b = self.b + 0.1 * np.array(e)
net = Net()
for k in range(9): net.learn()
"""
RESHAPED = """
import numpy as np
x, y = np.array([[0.35], [0.9], [0.4]]), np.array([[0.5]])
W, v = np.array([[0.1, 0.8, 0.3], [0.4, 0.6, -0.2]]), np.array([0.3, 0.9])
def f(u): return 1 / (1 + np.exp(-u))
for s in range(9):
    z = f(W @ x)
    g = f(v @ z)
    d = (g - y) * g * (1 - g)
    back = d * v.reshape(2, 1) * z * (1 - z)
    v = v - d * z.T
    W = W - back @ x.T
"""
HIDDEN_METHODS = """
import numpy as np
from sklearn.metrics import log_loss
class Net:
    held = {}
    def __init__(self, sizes, X, Y):
        self.X, self.Y, self.n = X, Y, len(sizes)
        for k in range(1, self.n): self.held[f"W{k}"] = np.random.randn(sizes[k], sizes[k - 1])
    def _forward(self):
        self.A = [self.X]
        for k in range(1, self.n): self.A.append(np.tanh(self.held[f"W{k}"] @ self.A[-1]))
    def _learn(self, many):
        shown = np.zeros(many)
        for t in range(many):
            self._forward()
            d = (self.A[-1] - self.Y) * (1 - self.A[-1] ** 2)
            for k in reversed(range(1, self.n)):
                step = d @ self.A[k - 1].T
                d = self.held[f"W{k}"].T @ d * (1 - self.A[k - 1] ** 2)
                self.held[f"W{k}"] = self.held[f"W{k}"] - 0.1 * step
            shown[t] = log_loss(self.Y, self.A[-1])
"""
SIZED = """
import copy
import numpy as np
def f(u): return 1 / (1 + np.exp(-u))
def costs(Theta1, Theta2, n_in, n_hidden, n_labels, X, y, share):
    m, low, top = X.shape[0], np.zeros(Theta1.shape), np.zeros(Theta2.shape)
    Y = np.zeros([m, n_labels])
    for i in range(m): Y[i, y[i] - 1] = 1
    Z = np.concatenate((np.ones((m, 1)), f(np.c_[np.ones(m), X] @ Theta1.T)), axis=1)
    G = f(Z @ Theta2.T)
    first, second = copy.deepcopy(Theta1), copy.deepcopy(Theta2)
    first[:, 0], second[:, 0] = 0, 0
    J = -np.sum(Y * np.log(G) + (1 - Y) * np.log(1 - G)) / m
    J = J + share / (2 * m) * (np.sum(first ** 2) + np.sum(second ** 2))
    low, top = np.zeros([n_hidden, n_in + 1]), np.zeros([n_labels, n_hidden + 1])
    for i in range(m):
        d = G[i] - Y[i]
        top = top + np.outer(d, Z[i])
        low = low + np.outer((d @ Theta2 * Z[i] * (1 - Z[i]))[1:], np.append([1], X[i]))
    return J, low / m + share / m * first, np.ndarray.copy(top) / m + share / m * second
"""


@pytest.mark.parametrize(
    ("text", "part", "other"),
    [
        (NEURON, "less(w, d * z)", "less(w, d * z * g)"),
        (LABELLED, "self.b + 0.1 * np.array(e)", "self.b + 0.1 * sum(e)"),
        (RESHAPED, " * z * (1 - z)", " * z"),
        (HIDDEN_METHODS, "- self.A[k - 1] ** 2)", "- self.A[k - 1])"),
        (SIZED, " * (1 - Z[i])", ""),
        (SIZED, "share / m * first", "share * first"),
    ],
    ids=[
        "a neuron",
        "labels for each",
        "another shape",
        "hidden methods",
        "sizes apart",
        "a share",
    ],
)
@pytest.mark.costly
def test_what_others_write(text, part, other, checked):
    assert verdicts(checked(text, limit=30.0, budget=120.0)) == {"right"}
    assert "wrong" in verdicts(checked(text.replace(part, other), limit=30.0, budget=120.0))


def test_what_counts_is_no_bias(checked):
    counting = "\ndef predict(g, y):\n    c = 0\n    if g == y: c += 1\n    return c\n"
    assert not any(n.id == "not-looked-at" for n in checked(NEURON + counting).remarks)
    biased = counting.replace("c += 1", "c += 0.1 * (y - g)")
    assert any(n.id == "not-looked-at" for n in checked(NEURON + biased).remarks)


def test_an_inner_loop_that_moves_its_layer_towards_no_target_is_no_step(checked):
    text = """
import numpy as np
X, Y = np.random.randn(7, 3), np.random.randn(7, 2)
W = [np.random.randn(3, 4), np.random.randn(4, 2)]
for t in range(9):
    A = [X]
    for k in range(2): A.append(np.tanh(A[-1] @ W[k]))
    d = (A[-1] - Y) * (1 - A[-1] ** 2)
    for k in (1, 0):
        back = d @ W[k].T * (1 - A[k] ** 2)
        again = 1 - np.tanh(A[k] @ W[k]) ** 2
        W[k] = W[k] - 0.1 * A[k].T @ (d * again / again)
        d = back
"""
    assert verdicts(checked(text)) == {"right"}
    assert "wrong" in verdicts(checked(text.replace("* again / again", "* again")))


SEVERAL = """
import numpy as np
def sample(k): return np.reshape([0.1 * k, 0.7, -0.2 * k], (3, 1)), np.reshape([k % 2, 1 - k % 2], (2, 1))
batch = [sample(k) for k in range(5)]
W, V = np.random.randn(4, 3), np.random.randn(2, 4)
for t in range(9):
    sums = [np.zeros_like(W), np.zeros_like(V)]
    for x, y in batch:
        z = np.tanh(W @ x)
        d = V @ z - y
        sums[1] = sums[1] + d @ z.T
        sums[0] = sums[0] + (V.T @ d * (1 - z * z)) @ x.T
    W, V = W - 0.1 * sums[0], V - 0.1 * sums[1]
"""


def test_samples_of_a_list_that_are_arrays_of_their_own(checked):
    assert verdicts(checked(SEVERAL)) == {"right"}
    wrong = checked(SEVERAL.replace("sums[1] + d", "sums[1] + k * d").replace("x, y in", "k, (x, y) in")
                    .replace("in batch:", "in enumerate(batch):"))  # fmt: skip
    assert "wrong" in verdicts(wrong)


NESTEROV = """
import numpy as np
X, Y = np.random.randn(7, 3), np.random.randn(7, 2)
W, V = np.random.randn(3, 4), np.random.randn(4, 2)
w, v = np.zeros_like(W), np.zeros_like(V)
for t in range(9):
    A, B = W + 0.9 * w, V + 0.9 * v
    z = np.tanh(X @ A)
    d = z @ B - Y
    w = 0.9 * w - 0.01 * X.T @ (d @ B.T * (1 - z * z))
    v = 0.9 * v - 0.01 * z.T @ d
    W, V = W + w, V + v
"""


def test_a_velocity_that_is_ahead_is_no_other_parameter(checked):
    assert verdicts(checked(NESTEROV)) == {"right"}
    assert "wrong" in verdicts(checked(NESTEROV.replace(" * (1 - z * z)", "")))
    assert "wrong" in verdicts(
        checked(NESTEROV.replace("V = W + w, V + v", "V = W + w, V + v * V"))
    )


def test_a_loss_that_asks_for_labels_has_not_crashed_beside_a_step(checked):
    text = """
import numpy as np
def mse_loss(targets, g): return np.mean((np.eye(4)[targets] - g) ** 2)
X, t = np.random.randn(9, 3), np.random.randint(4, size=9)
W, V, T = np.random.randn(3, 5), np.random.randn(5, 4), np.eye(4)[t]
for epoch in range(3):
    Z = np.tanh(X @ W); g = Z @ V
    print(mse_loss(t, g))
    d = 2 * (g - T) / g.size
    dV, dW = Z.T @ d, X.T @ (d @ V.T * (1 - Z ** 2))
    V -= 0.1 * dV; W -= 0.1 * dW
"""
    assert {check.verdict for check in checked(text).checks} == {"right"}
    assert "wrong" in {c.verdict for c in checked(text.replace("(1 - Z ** 2)", "Z")).checks}


LIBRARY_OF_LAYERS = """
import numpy as np
def sigmoid(u): return 1 / (1 + np.exp(-u))
def softmax(a): return np.exp(a - a.max()) / np.exp(a - a.max()).sum()
class Dense:
    def __init__(self, d, q): self.W = np.random.randn(q, d)
    def forward(self, x):
        self.x = x
        return self.W @ x
    def backward(self, d, eta):
        below = self.W.T @ d
        self.W -= eta * np.outer(d, self.x)
        return below
class Net:
    def __init__(self, layers): self.layers = layers
    def fit(self, X, T, eta):
        for x, t in zip(X, T):
            for layer in self.layers: x = layer.forward(x)
            d = x - t
            for layer in reversed(self.layers): d = layer.backward(d, eta)
"""


def test_a_library_of_layers_says_nothing_of_its_softmax(checked):
    file = checked(LIBRARY_OF_LAYERS)
    assert {check.verdict for check in file.checks} == {"right"}


def test_a_small_function_that_is_judged_is_not_told_of_again(checked):
    text = """
import numpy as np
def relu(u): return np.maximum(0, u)
def relu_grad(u):
    slope = np.zeros_like(u)
    slope[u >= 0] = 1
    return slope
"""
    file = checked(text)
    assert [check.verdict for check in file.checks] == ["right", "right"]
    assert not [note for note in file.remarks if note.id == "not-judged"]
