"""Networks of one to four matrices: what a study of them found, right and wrong."""

import json

import pytest

from jaxmlp.verify.homework import verify_file

SINGLE = """
import numpy as np
X, T, eta = np.random.randn(40, 6), np.eye(5)[np.random.randint(5, size=40)], 0.1
W1, b1 = np.random.randn(5, 6), np.random.randn(5)
for i in np.random.permutation(40):
    x, t = X[i], T[i]
    u1 = W1 @ x + b1
    h1 = np.exp(u1) / np.sum(np.exp(u1))
    delta1 = h1 - t
    dW1 = np.outer(delta1, x)
    db1 = delta1
    W1 = W1 - eta * dW1
    b1 = b1 - eta * db1
"""
DEEP = """
import numpy as np
def gradients(W1, b1, W2, b2, W3, b3, W4, b4, X, T):
    u1 = X @ W1 + b1
    h1 = np.tanh(u1)
    u2 = h1 @ W2 + b2
    h2 = np.tanh(u2)
    u3 = h2 @ W3 + b3
    h3 = np.maximum(u3, 0)
    u4 = h3 @ W4 + b4
    h4 = np.exp(u4 - u4.max(axis=1, keepdims=True))
    h4 = h4 / h4.sum(axis=1, keepdims=True)
    delta4 = (h4 - T) / len(X)
    delta3 = delta4 @ W4.T * (h3 > 0)
    delta2 = delta3 @ W3.T * (1 - h2**2)
    delta1 = delta2 @ W2.T * (1 - h1**2)
    db4, db3, db2, db1 = (d.sum(axis=0) for d in (delta4, delta3, delta2, delta1))
    dW4, dW3, dW2, dW1 = h3.T @ delta4, h2.T @ delta3, h1.T @ delta2, X.T @ delta1
    return dW1, db1, dW2, db2, dW3, db3, dW4, db4
"""
OBJECT = """
import numpy as np
class Net:
    def __init__(self):
        self.W1, self.W2 = np.random.randn(7, 7), np.random.randn(3, 8)
    def forward(self, x):
        self.z0 = np.r_[1, x]
        self.h1 = 1 / (1 + np.exp(-np.dot(self.W1, self.z0)))
        self.z1 = np.concatenate([[1], self.h1])
        self.h2 = np.exp(self.W2 @ self.z1)
        self.h2 = self.h2 / self.h2.sum()
    def backward(self, t):
        delta2 = self.h2 - t
        self.dW2 = np.outer(delta2, self.z1)
        self.dW1 = np.outer(self.h1 * (1 - self.h1) * (delta2 @ self.W2[:, 1:]), self.z0)
    def step(self, eta):
        self.W1 = self.W1 - eta * self.dW1
        self.W2 = self.W2 - eta * self.dW2
"""
DATA_FIRST = """
import numpy as np
def backprop(X, Y, W1, b1, W2, b2):
    H = np.tanh(X @ W1 + b1)
    D2 = H @ W2 + b2 - Y
    D1 = D2 @ W2.T * (1 - H ** 2)
    return X.T @ D1, D1.sum(0), H.T @ D2, D2.sum(0)
"""
RATES = """
import numpy as np
X, T = np.random.randn(9, 3), np.random.randn(9, 2)
W, b, V, c = np.random.randn(3, 5), np.ones(5), np.random.randn(5, 2), np.ones(2)
low_rate, high_rate = 0.01, 0.1
for epoch in range(9):
    H = np.tanh(X @ W + b)
    top = H @ V + c - T
    W -= low_rate * X.T @ ((top @ V.T) * (1 - H * H)); b -= low_rate * (top @ V.T * (1 - H * H)).sum(0)
    V -= high_rate * H.T @ top; c -= high_rate * top.sum(0)
"""
BIASES = """
import numpy as np
def step(W1, b1, W2, b2, X, T, lr):
    H = np.tanh(X @ W1 + b1)
    D2 = H @ W2 + b2 - T
    D1 = D2 @ W2.T * (1 - H ** 2)
    return W1 - lr * X.T @ D1, b1 - 2 * lr * D1.sum(0), W2 - lr * H.T @ D2, b2 - 2 * lr * D2.sum(0)
"""
BINARY = """
import numpy as np
def gradients(W1, b1, x, t):
    h1 = 1 / (1 + np.exp(-(W1.dot(x) + b1)))
    delta1 = ((1 - t) / (1 - h1) - t / h1) * h1 * (1 - h1)
    return np.outer(delta1, x), delta1
"""
CALLED = """
import numpy as np
class Net:
    def __init__(self):
        self.W1, self.b1 = np.random.randn(6, 5), np.random.randn(5)
        self.W2, self.b2 = np.random.randn(5, 3), np.random.randn(3)
    def forward(self, x):
        self.x = x
        self.h1 = np.tanh(x @ self.W1 + self.b1)
        self.h2 = self.h1 @ self.W2 + self.b2
        return self.h2
    def backward(self, t):
        delta2 = self.h2 - t
        self.dW2, self.db2 = self.h1.T @ delta2 / len(t), delta2.sum(axis=0) / len(t)
        delta1 = delta2 @ self.W2.T * (1 - self.h1**2)
        self.dW1, self.db1 = self.x.T @ delta1 / len(t), delta1.sum(axis=0) / len(t)
    def step(self, eta):
        self.W1 = self.W1 - eta * self.dW1
        self.b1 = self.b1 - eta * self.db1
        self.W2 = self.W2 - eta * self.dW2
        self.b2 = self.b2 - eta * self.db2
"""
SOFTMAX = """
import numpy as np
def gradients(W1, b1, X, T):
    h1 = np.exp(X @ W1 + b1)
    h1 = h1 / h1.sum(axis=1, keepdims=True)
    delta1 = (h1 - T) / len(X)
    return X.T @ delta1, np.sum(delta1, axis=0)
"""
MASKED = """
import numpy as np
def gradients(W1, b1, W2, b2, W3, b3, W4, b4, X, T):
    h1 = np.tanh(X @ W1 + b1)
    u2 = h1 @ W2 + b2
    h2 = u2 * (u2 > 0)
    u3 = h2 @ W3 + b3
    h3 = np.where(u3 > 0, u3, 0)
    u4 = h3 @ W4 + b4
    h4 = np.exp(u4) / np.exp(u4).sum(axis=1, keepdims=True)
    E = -np.sum(T * np.log(h4))
    delta4 = h4 - T
    delta3 = delta4 @ W4.T * (u3 > 0)
    delta2 = delta3 @ W3.T * (u2 > 0)
    delta1 = delta2 @ W2.T * (1 - h1**2)
    db4, db3, db2, db1 = (d.sum(axis=0) for d in (delta4, delta3, delta2, delta1))
    dW4, dW3, dW2, dW1 = h3.T @ delta4, h2.T @ delta3, h1.T @ delta2, X.T @ delta1
    return dW1, db1, dW2, db2, dW3, db3, dW4, db4
"""

SAME_SIZE = """
import numpy as np
X, T, eta = np.random.randn(40, 6), np.random.randn(40, 4), 0.1
W1, b1, W2, b2 = np.random.randn(6, 4), np.ones(4), np.random.randn(4, 4), np.ones(4)
for epoch in range(9):
    h1 = 1 / (1 + np.exp(-(X @ W1 + b1)))
    delta2 = h1 @ W2 + b2 - T
    back1 = delta2 @ W2.T
    slope1 = h1 * (1 - h1)
    delta1 = back1 * slope1
    dW2, db2, dW1, db1 = h1.T @ delta2, delta2.sum(axis=0), X.T @ delta1, delta1.sum(axis=0)
    W1 = W1 - eta * dW1
    b1 = b1 - eta * db1
    W2 = W2 - eta * dW2
    b2 = b2 - eta * db2
"""


ONE_MATRIX = """
import numpy as np
class Net:
    def __init__(self):
        self.W = np.random.randn(7, 7)
    def forward(self, x):
        self.z0 = np.insert(x, 0, 1, axis=0)
        self.h1 = np.dot(self.W, self.z0)
        return self.h1
    def backward(self, t):
        self.dW = np.dot(self.h1 - t, self.z0.T)
    def step(self, eta):
        self.W = self.W - eta * self.dW
"""
TWO_LAYERS = """
import numpy as np
def gradients(W1, b1, W2, b2, X, T):
    h1 = np.tanh(X @ W1 + b1)
    g = 1 / (1 + np.exp(-(h1 @ W2 + b2)))
    delta2 = g - T
    delta1 = delta2 @ W2.T * (1 - h1**2)
    db2 = np.sum(delta2, axis=0)
    db1 = np.sum(delta1, axis=0)
    return X.T @ delta1, db1, h1.T @ delta2, db2
"""
# (1 + tanh(u/2))/2 near 0 is exact to 1e-16 of 1, not of itself
SATURATED = """
import numpy as np
class Net:
    def __init__(self):
        self.W = [None] * 2
        self.W[0] = np.random.randn(4, 7)
        self.W[1] = np.random.randn(3, 5)

    def forward(self, x):
        self.x = x
        self.z0 = np.insert(self.x, 0, 1, axis=0)
        self.u1 = self.W[0].dot(self.z0)
        self.h1 = np.maximum(self.u1, 0)
        self.z1 = np.insert(self.h1, 0, 1, axis=0)
        self.u2 = np.dot(self.W[1], self.z1)
        self.h2 = (1 + np.tanh(self.u2 / 2)) / 2
        return self.h2

    def backward(self, t):
        E = -np.sum(t * np.log(self.h2) + (1 - t) * np.log(1 - self.h2)) / self.x.shape[1]
        delta2 = ((1 - t) / (1 - self.h2) - t / self.h2) * self.h2 * (1 - self.h2)
        self.dW2 = delta2 @ self.z1.T / self.x.shape[1]
        back1 = np.dot(self.W[1][:, 1:].T, delta2)
        slope1 = (self.h1 > 0).astype(self.h1.dtype)
        delta1 = back1 * slope1
        self.dW1 = delta1 @ self.z0.T / self.x.shape[1]

    def step(self, eta):
        self.W[0] = self.W[0] - eta * self.dW1
        self.W[1] = self.W[1] - eta * self.dW2


X = np.random.randn(40, 6).T
T = np.random.randint(2, size=(40, 3)).T
eta = 0.1
net = Net()
for epoch in range(5):
    for i in range(0, 40, 8):
        x, t = X[:, i:i + 8], T[:, i:i + 8]
        net.forward(x)
        net.backward(t)
        net.step(eta)
"""
OF_A_BATCH = """
import numpy as np
class Net:
    def __init__(self):
        self.W1, self.W2 = np.random.randn(3, 6), np.random.randn(7, 3)
        self.b1, self.b2 = np.random.randn(3, 1), np.random.randn(7, 1)
    def forward(self, x):
        self.x = x
        self.h1 = np.tanh(np.dot(self.W1, x) + self.b1)
        self.g = np.dot(self.W2, self.h1) + self.b2
        return self.g
    def backward(self, t):
        n = self.x.shape[1]
        delta2 = self.g - t
        delta1 = self.W2.T @ delta2 * (1 - self.h1**2)
        self.dW2 = delta2 @ self.h1.T / n
        self.db2 = np.sum(delta2, axis=1, keepdims=True) / n
        self.dW1 = delta1 @ self.x.T / n
        self.db1 = np.sum(delta1, axis=1, keepdims=True) / n
    def step(self, eta):
        self.W1 -= eta * self.dW1
        self.b1 -= eta * self.db1
        self.W2 -= eta * self.dW2
        self.b2 -= eta * self.db2
"""
JOINED = OBJECT.replace("np.concatenate([[1], self.h1])", "np.r_[np.ones(1), self.h1]")


def ids(file):
    return {note.id for check in file.checks for note in check.diagnosis}


ONE = RATES.replace("0.01, 0.1", "0.1, 1.0")


RIGHT = [
    SINGLE,
    DEEP,
    OBJECT,
    BINARY,
    DATA_FIRST,
    RATES,
    ONE,
    BIASES,
    CALLED,
    SOFTMAX,
    MASKED,
    SAME_SIZE,
    ONE_MATRIX,
    TWO_LAYERS,
    OF_A_BATCH,
    SATURATED,
    JOINED,
]


@pytest.mark.parametrize("text", RIGHT)
def test_what_is_right_is_called_right(judged, text):
    file = judged(text)
    assert {check.verdict for check in file.checks} == {"right"}
    assert not any(note.id == "not-looked-at" for note in file.remarks)


@pytest.mark.parametrize(
    ("text", "old", "new", "expected"),
    [
        (SINGLE, "db1 = delta1", "db1 = 2 * delta1", "other-factor"),
        (TWO_LAYERS, "np.sum(delta1, axis=0)", "np.sum(delta1)", "bias-summed-over-units"),
        (TWO_LAYERS, "np.sum(delta2, axis=0)", "delta2[0]", "bias-of-one-sample"),
        (
            OF_A_BATCH,
            "delta2, axis=1, keepdims=True) / n",
            "delta2, axis=1, keepdims=True)",
            "other-factor",
        ),
        (JOINED, "        self.W2 = self.W2 - eta * self.dW2\n", "", "never-moves"),
        (SINGLE, "db1 = delta1", "db1 = np.zeros_like(b1)", "never-moves"),
        (SINGLE, "b1 - eta *", "b1 - eta * eta *", "eta-twice"),
        (SINGLE, "W1 - eta * dW1", "W1 - dW1", "no-step-size"),
        (OBJECT, "W2 - eta *", "W2 - eta * eta *", "eta-twice"),
        (DEEP, "return dW1, db1,", "return dW1, np.zeros_like(b1),", "zero"),
        (DEEP, "return dW1, db1,", "return dW1, db2,", "another-derivative"),
        (DATA_FIRST, "D1.sum(0), H.T", "D2.sum(0), H.T", "another-derivative"),
        (DATA_FIRST, "D1.sum(0), H.T", "np.zeros_like(b1), H.T", "zero"),
        (RATES, "c -= high_rate * top", "c -= top", "no-step-size"),
        (RATES, "c -= high_rate *", "c -= high_rate * high_rate *", "eta-twice"),
        (
            SINGLE,
            "db1 = delta1\n    W1 = W1 - eta * dW1\n    b1 = b1 - eta * db1",
            "db1 = 1 * delta1\n    W1 = W1 - eta * dW1\n    b1 = b1 - db1",
            "no-step-size",
        ),
        (CALLED, "delta1.sum(axis=0) / len(t)", "np.zeros_like(self.b1)", "never-moves"),
        (CALLED, "self.x.T @ delta1 / len(t)", "self.x.T @ delta1", "other-factor"),
        (CALLED, "        self.W1 = self.W1 - eta * self.dW1\n", "", "never-moves"),
        (SOFTMAX, "np.sum(delta1, axis=0)", "np.sum(delta1)", "bias-summed-over-units"),
        (SAME_SIZE, "b2 - eta * db2", "b2 - eta * db1", "another-derivative"),
        (CALLED, "self.b2 - eta * self.db2", "-eta * self.db2", "old-forgotten"),
        (DEEP, "return dW1, db1,", "return dW1, -db1,", "sign"),
        (MASKED, "return dW1, db1,", "return -dW1, db1,", "sign"),
        (BINARY, "np.outer(delta1, x), delta1", "np.outer(delta1, x), np.zeros_like(b1)", "zero"),
    ],
)
def test_mistakes_in_biases_and_step_sizes_are_told(judged, text, old, new, expected):
    assert text.count(old) == 1
    assert ids(judged(text.replace(old, new))) == {expected}


DECLARED = """
import numpy as np
def derivation(W, V, x, y):
    u = W.dot(x)
    fu = 2 / (1 + np.exp(-2 * u)) - 1
    z = np.insert(fu, 0, 1)
    a = np.sum(V * z[None, :], axis=1)
    g = np.exp(a - np.log(np.sum(np.exp(a))))
    delta2 = 2 * g * (g - y - np.sum(g * (g - y), axis=-1, keepdims=True))
    dV = np.einsum("k,j->kj", delta2, z)
    slope = 1 - np.tanh(u) ** 2
    V_tilde = np.delete(V, 0, axis=1)
    back = np.einsum("kj,k->j", V_tilde, delta2)
    delta1 = back * np.array(slope)
    dW = np.array([d * x for d in delta1])
    return {"delta2": delta2, "dV": dV, "delta1": delta1, "dW": dW}
"""


def test_the_softmax_of_one_unit_shows_nothing(judged):
    said = {"hidden": "tanh", "output": "softmax", "loss": "squared_error", "bias": True}
    assert {check.verdict for check in judged(DECLARED, **said).checks} == {"right"}


@pytest.mark.parametrize("slope", ["h1 * (1 + h1)", "1 - h1**2", "np.where(h1 < 0.5, 1.0, 0.0)"])
def test_a_wrong_slope_is_told_where_it_is_computed(judged, slope):
    text = SAME_SIZE.replace("slope1 = h1 * (1 - h1)", f"slope1 = {slope}")
    (check,) = [one for one in judged(text).checks if one.verdict == "wrong"]
    assert text.split("\n")[check.place.line - 1].strip().startswith("slope1 =")


REPLACED = """
import numpy as np
X, T, eta = np.random.randn(40, 6), np.random.rand(40, 3), 0.1
W, b = np.random.randn(6, 5), np.random.randn(5)
V, c = np.random.randn(5, 3), np.random.randn(3)
for epoch in range(9):
    h = 1 / (1 + np.exp(-(X @ W + b)))
    g = 1 / (1 + np.exp(-(h @ V + c)))
    delta2 = (g - T) * g * (1 - g)
    delta1 = delta2 @ V.T * h * (1 - h)
    V, W = V - eta * h.T @ delta2, W - eta * X.T @ delta1
    c = c - eta * delta2.sum(axis=0)
    b = b - eta * delta1.sum(axis=0)
"""


@pytest.mark.parametrize(
    "bias", ["c = c - eta * delta2.sum(axis=0)", "b = b - eta * delta1.sum(axis=0)"]
)
def test_a_bias_that_is_replaced_by_one_number_is_wrong_at_its_line(judged, bias):
    name, _, step = bias.partition(f" = {bias[0]} - ")
    text = REPLACED.replace(bias, f"{name} = {step.replace('axis=0', '')}")
    (check,) = [one for one in judged(text).checks if one.verdict == "wrong"]
    assert ({note.id for note in check.diagnosis}, check.place.line) == (
        {"entries-lost"}, REPLACED[: REPLACED.index(bias)].count("\n") + 1)  # fmt: skip


def test_arrays_of_another_size_that_do_not_follow_the_target_are_no_parameters(judged):
    text = REPLACED.replace("range(9):", "range(9):\n    X = X[: 40 - epoch]\n    T = T[: len(X)]")
    assert {check.verdict for check in judged(text).checks} == {"right"}


@pytest.mark.parametrize("before", ["g = np.zeros((99, 3))\n", "loss = np.zeros(3)\n"])
def test_other_arrays_that_shrink_are_no_parameters(judged, before):
    text = (
        REPLACED.replace("for epoch", f"{before}for epoch") + "    loss = np.mean((g - T) ** 2)\n"
    )
    assert {check.verdict for check in judged(text).checks} == {"right"}


RESHAPED = """
import numpy as np
X, T = np.random.randn(40, 4), np.random.rand(40, 2)
class Net:
    def __init__(self):
        self.W = (np.random.randn(8) / 8).reshape(4, 2)
    def forward(self, x):
        self.x = x
        self.g = np.tanh(x @ self.W)
    def learn(self, t):
        self.W = self.W - 0.1 * (self.x.T @ ((self.g - t) * (1 - self.g**2)) + 0.01 * self.W)
net = Net()
net.forward(X)
net.learn(T)
"""


def test_weights_that_are_brought_into_their_shape_may_decay(judged):
    assert {check.verdict for check in judged(RESHAPED).checks} == {"right"}


SHARED = """
import numpy as np
X, T, eta = np.random.randn(40, 4), np.random.randn(40, 3), 0.1
W, V = np.random.randn(5, 4), np.random.randn(3, 5)
for x, t in zip(X, T):
    h = np.tanh(W @ x)
    top = eta * (V @ h - t)
    low = V.T @ top * (1 - h**2)
    V = V - np.outer(top, h)
    W = W - np.outer(low, x)
"""


def test_a_step_size_that_all_updates_share_is_not_missing_in_one(judged):
    assert {check.verdict for check in judged(SHARED).checks} == {"right"}
    text = SHARED.replace("low = V.T", "low = eta * V.T")
    (check,) = [one for one in judged(text).checks if one.verdict == "wrong"]
    assert {note.id for note in check.diagnosis} == {"eta-twice"}
    assert check.place.line == 8


SPARE = (
    SHARED
    + """
def sigmoid(x): return 1 / (1 + np.exp(-x))
def sigmoid_grad(x): return x * (1 - x)
"""
)


def test_a_slope_that_nothing_calls_may_be_meant_for_outputs(judged):
    assert {check.verdict for check in judged(SPARE).checks} == {"right"}
    assert "wrong" in {
        check.verdict for check in judged(SPARE.replace(SHARED, "import numpy as np\n")).checks
    }


UNROLLED = """
import numpy as np
def cost(theta, n, m, X, Y, lam):
    W = theta[: n * (X.shape[1] + 1)].reshape(n, X.shape[1] + 1)
    V = theta[n * (X.shape[1] + 1) :].reshape(m, n + 1)
    return np.sum(W[:, 1:] ** 2) + np.sum(V[:, 1:] ** 2)
def gradient(theta, n, m, X, Y, lam):
    W = theta[: n * (X.shape[1] + 1)].reshape(n, X.shape[1] + 1)
    V = theta[n * (X.shape[1] + 1) :].reshape(m, n + 1)
    x = np.c_[np.ones(len(X)), X]
    h = 1 / (1 + np.exp(-(x @ W.T)))
    z = np.c_[np.ones(len(X)), h]
    g = 1 / (1 + np.exp(-(z @ V.T)))
    delta2 = g - Y
    delta1 = delta2 @ V[:, 1:] * h * (1 - h)
    dW, dV = delta1.T @ x / len(X), delta2.T @ z / len(X)
    dW[:, 1:] += lam / len(X) * W[:, 1:]
    dV[:, 1:] += lam / len(X) * V[:, 1:]
    return np.r_[dW.ravel(), dV.ravel()]
"""


def test_a_vector_of_all_weights_may_decay_in_part(judged):
    file = judged(UNROLLED)
    assert {check.verdict for check in file.checks} == {"right"}
    assert "not-looked-at" not in {note.id for note in file.remarks}  # the cost moves nothing
    wrong = judged(UNROLLED.replace("* h * (1 - h)", "* (1 - h)"))
    assert wrong.checks == ()  # nothing tells which E it should be of
    assert "not-looked-at" in {note.id for note in wrong.remarks}


CLASSES = """
import numpy as np
data = np.genfromtxt("missing.csv", delimiter=",")
X, y = data[:, :-1], data[:, -1].astype(int)
T = np.zeros((y.size, y.max() + 1))
T[np.arange(y.size), y] = 1
W, b = np.random.randn(4, 3), np.zeros(3)
for x, t in zip(X, T):
    e = np.exp(x @ W + b)
    g = e / e.sum()
    W -= 0.1 * np.outer(x, g - t)
    b -= 0.1 * (g - t)
"""


def test_there_are_as_many_labels_as_the_network_has_outputs(judged):
    assert {check.verdict for check in judged(CLASSES).checks} == {"right"}
    wrong = judged(CLASSES.replace("np.outer(x, g - t)", "np.outer(x, t - g)")).checks
    assert "wrong" in {check.verdict for check in wrong}


UNCONNECTED = """
import numpy as np
X, T = np.random.randn(12, 3), np.random.rand(12, 1)
W, V = np.random.randn(3, 4), np.random.randn(4, 1)
f = lambda u: 1 / (1 + np.exp(-u))
for epoch in range(9):
    for _ in range(2):
        h = f(X @ W)
        g = f(h @ V)
        dV = h.T @ ((g - T) * g * (1 - g))
        dW = X.T @ ((h - T) * h * (1 - h))
        V = V - 0.1 * dV
        W = W - 0.1 * dW
"""


def test_a_step_in_which_no_error_goes_back_is_judged(judged):
    file = judged(UNCONNECTED)
    (wrong,) = [check for check in file.checks if check.verdict == "wrong"]
    assert UNCONNECTED.splitlines()[wrong.place.line - 1].strip().startswith("dW = ")
    assert {check.verdict for check in file.checks if check is not wrong} == {"right"}


def test_a_notebook_may_define_later_what_it_uses(tmp_path):
    head, body = OUT_OF_ORDER.split("# ---\n")
    cells = [{"cell_type": "code", "source": part} for part in (body, head)]
    path = tmp_path / "homework.ipynb"
    path.write_text(json.dumps({"cells": cells}), encoding="utf-8")
    assert {check.verdict for check in verify_file(path).checks} == {"right"}
    script = tmp_path / "homework.py"  # where this is an error
    script.write_text(body + head, encoding="utf-8")
    assert "crashed" in {check.verdict for check in verify_file(script).checks}


OUT_OF_ORDER = """
def forward(x): return squashed(x @ W) @ V
def squashed(u): return np.tanh(u)
# ---
import numpy as np
X, T = np.random.randn(12, 3), np.random.rand(12, 2)
W, V = np.random.randn(3, 4), np.random.randn(4, 2)
for epoch in range(9):
    h = squashed(X @ W)
    delta = forward(X) - T
    V, W = V - 0.1 * h.T @ delta, W - 0.1 * X.T @ (delta @ V.T * (1 - h**2))
"""


def test_a_step_by_what_is_called_a_derivative_looks_like_training(judged):
    text = """
import numpy as np
X, T = np.load("X.npy"), read_somewhere_else("T")
hidden = np.random.rand(3, 4)
if X is T:
    for epoch in range(9):
        d_hidden = X.T @ (X @ hidden - T)
        hidden -= learning_rate * d_hidden
"""
    assert "not-looked-at" in {note.id for note in judged(text).remarks}
