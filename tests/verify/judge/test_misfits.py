"""What a function gives in another shape, by another name or with another factor than a gradient."""

import textwrap

import pytest

from jaxmlp.verify.grading import Options
from jaxmlp.verify.homework import verify_file
from jaxmlp.verify.report.telling import NOT_LOOKED_AT

GRADIENTS = """
import numpy as np
def gradients(W1, b1, W2, b2, X, T):
    Z = np.tanh(X @ W1 + b1)
    top = Z @ W2 + b2 - T
    low = top @ W2.T * (1 - Z ** 2)
    grads = {}
    grads["W2"] = Z.T @ top
    grads["b2"] = top.sum(axis=0)
    grads["W1"] = X.T @ low
    grads["b1"] = low.sum(axis=0)
    return grads
"""
IN_ONE = """
import numpy as np
def backprop(W, V, x, y):
    u = W @ x
    z = np.append(1, np.tanh(u))
    delta2 = V @ z - y
    delta1 = V[:, 1:].T @ delta2 * (1 - z[1:] ** 2)
    dV = np.outer(delta2, z)
    dW = np.outer(delta1, x)
    return dW, dV
"""
LAYER = """
import numpy as np
class Dense:
    def __init__(self, inputs, outputs):
        self.W, self.b = np.random.randn(outputs, inputs), np.random.randn(outputs, 1)
    def forward(self, x):
        self.x = x
        return self.W @ x + self.b
    def backward(self, up, rate):
        down = self.W.T @ up
        self.W -= rate * up @ self.x.T
        self.b -= rate * up
        return down
class Activation:
    def __init__(self, activation, activation_prime):
        self.activation, self.activation_prime = activation, activation_prime
    def forward(self, x):
        self.x = x
        return self.activation(x)
    def backward(self, up, rate):
        return up * self.activation_prime(self.x)
"""
SCRIPT = """
import numpy as np
class Dense:
    def __init__(self, inputs, outputs):
        self.W, self.b = 0.1 * np.random.randn(inputs, outputs), np.zeros((1, outputs))
    def forward(self, x):
        self.x, self.out = x, x @ self.W + self.b
    def backward(self, up):
        self.dW, self.db = self.x.T @ up, up.sum(axis=0, keepdims=True)
        self.dx = up @ self.W.T
X, T = np.random.randn(6, 2), np.random.randn(6, 3)
first, last = Dense(2, 4), Dense(4, 3)
first.forward(X)
z = np.tanh(first.out)
last.forward(z)
last.backward((last.out - T) / len(X))
first.backward(last.dx * (1 - z ** 2))
"""
OF_LAYERS = """
import numpy as np
class Affine:
    def __init__(self, W, b):
        self.W, self.b = W, b
    def forward(self, x):
        self.x = x.reshape(x.shape[0], -1)
        return self.x @ self.W + self.b
    def backward(self, up):
        self.dW, self.db = self.x.T @ up, up.sum(axis=0)
        return up @ self.W.T
class Tanh:
    def forward(self, x):
        self.z = np.tanh(x)
        return self.z
    def backward(self, up):
        return up * (1 - self.z ** 2)
class Net:
    def __init__(self, inputs, hidden, outputs):
        self.params = {"A": np.random.randn(inputs, hidden), "a": np.zeros(hidden),
                       "B": np.random.randn(hidden, outputs), "b": np.zeros(outputs)}
        self.layers = [Affine(self.params["A"], self.params["a"]), Tanh(),
                       Affine(self.params["B"], self.params["b"])]
    def loss(self, x, t):
        for layer in self.layers:
            x = layer.forward(x)
        e = np.exp(x - x.max(axis=1, keepdims=True))
        self.y, self.t = e / e.sum(axis=1, keepdims=True), t
        if t.ndim == 1:
            t = np.eye(x.shape[1])[t]
        return -np.sum(t * np.log(self.y + 1e-7)) / len(t)
    def gradient(self, x, t):
        self.loss(x, t)
        up = self.y.copy()
        up[np.arange(len(t)), self.t] -= 1
        up = up / len(t)
        for layer in self.layers[::-1]:
            up = layer.backward(up)
        first, _, last = self.layers
        return {"A": first.dW, "a": first.db, "B": last.dW, "b": last.db}
"""
DECAYED = """
import numpy as np
def init(hidden=5):
    W1, b1 = np.random.rand(hidden, 7) * 0.4, np.zeros((hidden, 1))
    W2, b2 = np.random.rand(3, hidden) * 0.6, np.zeros((3, 1))
    return W1, b1, W2, b2
def forward_prop(X, W1, b1, W2, b2):
    Z1 = W1 @ X + b1
    A1 = np.tanh(Z1)
    Z2 = W2 @ A1 + b2
    A2 = 1 / (1 + np.exp(-Z2))
    return Z1, A1, Z2, A2
def backward_prop(A1, A2, W1, W2, X, Y, m, lambd=0.0):
    dZ2 = A2 - Y
    dW2 = 1 / m * dZ2 @ A1.T + lambd / m * W2
    db2 = 1 / m * np.sum(dZ2, axis=1, keepdims=True)
    dZ1 = W2.T @ dZ2 * (1 - A1 ** 2)
    dW1 = 1 / m * dZ1 @ X.T + lambd / m * W1
    db1 = 1 / m * np.sum(dZ1, axis=1, keepdims=True)
    return dW1, db1, dW2, db2
"""
PAIR = """
import numpy as np
def dense_backward(up, x, W, b):
    n = x.shape[1]
    return W.T @ up, up @ x.T / n, up.sum(axis=1, keepdims=True) / n
def dense_forward(x, W, b):
    return W @ x + b
"""
LOSS_LAYER = """
import numpy as np
def softmax_loss(s, t):
    p = np.exp(s - s.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    n = len(s)
    E = -np.log(p[np.arange(n), t]).sum() / n
    ds = p.copy()
    ds[np.arange(n), t] -= 1
    return E, ds / n
"""
LINE = """
import numpy as np
def line_gradient(X, t, w, b):
    r = X @ w + b - t
    return 2 * X.T @ r / r.size, 2 * np.mean(r)
"""
PENALISED = """
import numpy as np
def loss_and_gradient(W, X, t, share):
    p = np.exp(X @ W)
    p /= p.sum(axis=1, keepdims=True)
    n = len(X)
    E = -np.log(p[np.arange(n), t]).sum() / n + share * np.sum(W * W)
    p[np.arange(n), t] -= 1
    return E, X.T @ p / n + 2 * share * W
"""
WHOLE = {"a layer without a cache": PAIR, "a loss by itself": LOSS_LAYER, "a line": LINE, "a penalty": PENALISED, "by parameter": GRADIENTS, "in one": IN_ONE, "layers that move themselves": LAYER,
         "a script of layers": SCRIPT, "a class of layers": OF_LAYERS, "decay": DECAYED}  # fmt: skip


def checked(tmp_path, text, **options):
    path = tmp_path / "homework.py"
    path.write_text(textwrap.dedent(text), encoding="utf-8")
    return verify_file(path, Options(limit=30.0, **options))


@pytest.mark.slow
@pytest.mark.parametrize("kind", WHOLE)
def test_what_is_right_is_right_and_judged(tmp_path, kind):
    file = checked(tmp_path, WHOLE[kind])
    assert {check.verdict for check in file.checks} == {"right"}
    assert not {note.id for note in file.remarks} & NOT_LOOKED_AT


WRONG = {
    "transposed": (IN_ONE, "np.outer(delta1, x)", "np.outer(x, delta1)", "transposed"),
    "without its biases": (IN_ONE, "np.outer(delta2, z)", "np.outer(delta2, z[1:])", "bias-column-missing"),
    "never computed": (IN_ONE, "np.outer(delta1, x)", "np.zeros_like(W)", "zero"),
    "of another input": (IN_ONE, "np.outer(delta1, x)", "np.outer(delta1, z)", "other-input"),
    "with the other sign": (IN_ONE, "V @ z - y", "y - V @ z", "sign"),
    "by another name": (GRADIENTS, 'grads["b1"] = low', 'grads["b1"] = top', "another-derivative"),
    "by a name that has one": (GRADIENTS, 'grads["b1"] = low', 'grads["b2"] = low', "another-derivative"),
    "summed over the units": (GRADIENTS, 'grads["b1"] = low.sum(axis=0)', 'grads["b1"] = low.sum(axis=1)', "bias-over-units"),
    "summed over all": (DECAYED, "np.sum(dZ1, axis=1, keepdims=True)", "np.sum(dZ1)", "bias-summed-over-units"),
    "after the update": (LAYER, "        down = self.W.T @ up\n        self.W -= rate * up @ self.x.T\n", "        self.W -= rate * up @ self.x.T\n        down = self.W.T @ up\n", "updated-V"),
    "of another layer": (SCRIPT, "last.dx * (1 - z ** 2)", "last.dx * (1 - z)", "slope-1-f"),
    "in a layer of functions": (PAIR, "up @ x.T / n", "x @ up.T / n", "transposed"),
    "in a layer": (OF_LAYERS, "up * (1 - self.z ** 2)", "up * self.z", "f-for-slope"),
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("kind", WRONG)
def test_what_is_wrong_is_told_on_its_line(tmp_path, kind):
    text, right, wrong, id = WRONG[kind]
    assert text.count(right) == 1
    changed = text.replace(right, wrong)
    found = [one for one in checked(tmp_path, changed).checks if one.verdict == "wrong"]
    assert {note.id for one in found for note in one.diagnosis} == {id}
    edited = {k + 1 for k, line in enumerate(changed.split("\n")) if line not in text.split("\n")}
    edited = edited or {k + 1 for k, line in enumerate(changed.split("\n")) if "down = " in line}
    told = {one.place.line for one in found if one.place}  # zeros that are never touched have none
    assert told <= {line + k for line in edited for k in range(3)}


def test_a_declared_reduction_is_asked_for(tmp_path):
    mean = GRADIENTS.replace("+ b2 - T", "+ b2 - T; top = top / len(X)")
    for text, reduction, ids in (
        (GRADIENTS, "sum", set()), (GRADIENTS, "mean", {"sum-for-mean"}),
        (mean, "mean", set()), (mean, "sum", {"mean-for-sum"}),
    ):  # fmt: skip
        checks = checked(tmp_path, text, reduction=reduction).checks
        assert {note.id for one in checks for note in one.diagnosis} == ids
