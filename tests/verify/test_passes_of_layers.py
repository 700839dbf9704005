"""Layers, classes and functions that nothing calls: judged by the ∂E/∂(output) they are given."""

import pytest

from jaxmlp.verify.homework import Options, verify_file

LAYERS = """
import numpy as np

class Clip:
    def __init__(self):
        self.off = None
    def forward(self, v):
        self.off = v <= 0
        out = v.copy()
        out[self.off] = 0
        return out
    def backward(self, up):
        up[self.off] = 0
        return up

class Squash:
    def forward(self, v):
        self.out = 1 / (1 + np.exp(-v))
        return self.out
    def backward(self, up):
        return up * self.out * (1 - self.out)

class Dense:
    def __init__(self, A, a):
        self.A, self.a, self.gA, self.ga = A, a, None, None
    def forward(self, v):
        self.v = v
        return v @ self.A + self.a
    def backward(self, up):
        down = up @ self.A.T
        self.gA = self.v.T @ up
        self.ga = up.sum(axis=0)
        return down

class Drop:
    def forward(self, v, p=0.5):
        self.kept = np.random.rand(*v.shape) > p
        return v * self.kept
    def backward(self, up):
        return up * self.kept
"""
PAIRS = """
import numpy as np

def dense_forward(v, A, a):
    out = v.reshape(v.shape[0], -1) @ A + a
    cache = (v, A, a)
    return out, cache

def dense_backward(up, cache):
    v, A, a = cache
    dv = (up @ A.T).reshape(v.shape)
    dA = v.reshape(v.shape[0], -1).T @ up
    da = up.sum(axis=0)
    return dv, dA, da

def clip_forward(v):
    out = np.clip(v, 0, None)
    cache = v
    return out, cache

def clip_backward(up, cache):
    v = cache
    return up * (v > 0)
"""
COLUMNS = """
import numpy as np

def squash(Z):
    A = 1 / (1 + np.exp(-Z))
    cache = Z
    return A, cache

def squash_backward(up, cache):
    Z = cache
    s = 1 / (1 + np.exp(-Z))
    dZ = up * s * (1 - s)
    return dZ

def linear_forward(A, W, b):
    Z = np.dot(W, A) + b
    cache = (A, W, b)
    return Z, cache

def linear_backward(dZ, cache):
    A_prev, W, b = cache
    m = A_prev.shape[1]
    dW = np.dot(dZ, A_prev.T) / m
    db = np.sum(dZ, axis=1, keepdims=True) / m
    dA_prev = np.dot(W.T, dZ)
    return dA_prev, dW, db
"""
NORM = """
import numpy as np

class Norm:
    def __init__(self, scale, shift):
        self.scale, self.shift = scale, shift
    def forward(self, v):
        self.centred = v - v.mean(axis=0)
        self.width = np.sqrt(np.mean(self.centred ** 2, axis=0) + 1e-7)
        self.n = self.centred / self.width
        return self.scale * self.n + self.shift
    def backward(self, up):
        self.gshift = up.sum(axis=0)
        self.gscale = np.sum(self.n * up, axis=0)
        gn = self.scale * up
        gc = gn / self.width
        gw = -np.sum(gn * self.centred / self.width ** 2, axis=0)
        gc = gc + gw * self.centred / (len(up) * self.width)
        return gc - gc.mean(axis=0)
"""
OPTIONAL = """
import numpy as np

class Classifier:
    def __init__(self, inputs=300, units=20, classes=7, decay=0.3):
        self.p = {"A": 0.1 * np.random.randn(inputs, units), "a": np.zeros(units),
                  "B": 0.1 * np.random.randn(units, classes), "b": np.zeros(classes)}
        self.decay = decay
    def loss(self, X, y=None):
        h = np.maximum(X @ self.p["A"] + self.p["a"], 0)
        s = h @ self.p["B"] + self.p["b"]
        if y is None:
            return s
        e = np.exp(s - s.max(axis=1, keepdims=True))
        g = e / e.sum(axis=1, keepdims=True)
        n = len(X)
        E = -np.log(g[range(n), y]).mean()
        E += self.decay * (np.sum(self.p["A"] ** 2) + np.sum(self.p["B"] ** 2))
        d = g.copy()
        d[range(n), y] -= 1
        d /= n
        grads = {"B": h.T @ d + 2 * self.decay * self.p["B"], "b": d.sum(axis=0)}
        low = d @ self.p["B"].T * (h > 0)
        grads["A"] = X.T @ low + 2 * self.decay * self.p["A"]
        grads["a"] = low.sum(axis=0)
        return E, grads
"""
JOINED = """
import numpy as np

class Deep:
    def __init__(self, inputs, hidden, outputs, rate=0.1):
        sizes = [inputs] + hidden + [outputs]
        self.A = [np.random.randn(p, q) * np.sqrt(2.0 / p) for p, q in zip(sizes, sizes[1:])]
        self.rate = rate
    def forward(self, X):
        self.h = [X]
        for A in self.A:
            self.h.append(np.tanh(self.h[-1] @ A))
        return self.h[-1]
    def step(self, X, T):
        d = self.forward(X) - T
        for k in reversed(range(len(self.A))):
            d = d * (1 - self.h[k + 1] ** 2)
            below = d @ self.A[k].T
            self.A[k] = self.A[k] - self.rate * self.h[k].T @ d
            d = below
"""
OLD = """
import numpy as np

class Net(object):
    def __init__(self, sizes):
        self.sizes = sizes
        self.b = [np.random.randn(q, 1) for q in sizes[1:]]
        self.A = [np.random.randn(q, p) for p, q in zip(sizes[:-1], sizes[1:])]

    def fit(self, samples, epochs, batch, rate):
        n = len(samples)
        for j in xrange(epochs):
            for k in xrange(0, n, batch):
                self.step(samples[k:k + batch], rate)
            print "Epoch {0} of {1}".format(
                j, epochs)

    def step(self, samples, rate):
        gb = [np.zeros(b.shape) for b in self.b]
        gA = [np.zeros(A.shape) for A in self.A]
        for x, t in samples:
            h = [x]
            for A, b in zip(self.A, self.b):
                h.append(1.0 / (1.0 + np.exp(-(np.dot(A, h[-1]) + b))))
            d = h[-1] - t
            for l in xrange(1, len(self.sizes)):
                d = d * h[-l] * (1 - h[-l])
                gb[-l] = gb[-l] + d
                gA[-l] = gA[-l] + np.dot(d, h[-l - 1].T)
                d = np.dot(self.A[-l].T, d)
        self.A = [A - rate / len(samples) * g for A, g in zip(self.A, gA)]
        self.b = [b - rate / len(samples) * g for b, g in zip(self.b, gb)]
"""
STEPPING = """
import numpy as np

class Layer:
    def forward(self, v):
        raise NotImplementedError
    def backward(self, up, rate):
        raise NotImplementedError

class Dense(Layer):
    def __init__(self, inputs, outputs):
        self.A = np.random.randn(inputs, outputs) * 0.1
        self.a = np.zeros((1, outputs))
    def forward(self, v):
        self.v = v
        return np.dot(self.v, self.A) + self.a
    def backward(self, up, rate):
        gA = np.dot(self.v.T, up)
        down = np.dot(up, self.A.T)
        self.A -= rate * gA
        self.a -= rate * np.sum(up, axis=0)
        return down
"""
OTHER = """
import numpy as np

class Dense:
    def __init__(self, A):
        self.A = A
    def forward(self, v):
        return v @ self.A
    def backward(self, up, before):
        self.gA = before.T @ up
        return up @ self.A.T
"""
GIVEN = """
import numpy as np

class Dense:
    def __init__(self, inputs, units):
        self.W, self.b = np.random.randn(inputs, units), np.zeros((1, units))
    def forward(self, x):
        self.x = x
        return x @ self.W + self.b
    def backward(self, dout):
        self.dW, self.db = self.x.T @ dout, dout.sum(axis=0, keepdims=True)
        return dout @ self.W.T

class ReLU:
    def forward(self, x):
        self.off = x <= 0
        return np.maximum(0, x)
    def backward(self, dout):
        return np.where(self.off, 0, dout)

class Network:
    def __init__(self, architecture):
        self.layers = architecture
    def forward(self, x):
        for k in range(len(self.layers)):
            x = self.layers[k].forward(x)
        return x
    def train_step(self, x, y, rate):
        g = self.forward(x)
        grad = 2 * (g - y) / len(x)
        for k in range(len(self.layers) - 1, -1, -1):
            grad = self.layers[k].backward(grad)
        for layer in self.layers:
            if isinstance(layer, Dense):
                layer.W -= rate * layer.dW
                layer.b -= rate * layer.db
"""
ANY_NUMBER = GIVEN.replace("architecture):", "*architecture):")
RIGHT = {"layers that an object is given": (GIVEN, 4), "any number of them": (ANY_NUMBER, 4),
         "layers that step": (STEPPING, 3), "layers": (LAYERS, 6), "pairs of functions": (PAIRS, 4), "samples as columns": (COLUMNS, 4),
         "batch normalisation": (NORM, 3), "an optional target": (OPTIONAL, 4),
         "sizes in a list": (JOINED, 4), "Python 2": (OLD, 2)}  # fmt: skip
WRONG = [
    (GIVEN, "np.where(self.off, 0, dout)", "np.where(self.off, dout, 0)"),
    (ANY_NUMBER, "np.where(self.off, 0, dout)", "np.where(self.off, dout, 0)"),
    (STEPPING, "self.A -= rate * gA", "self.A += rate * gA"),
    (STEPPING, "np.dot(self.v.T, up)", "np.dot(self.v.T, up ** 2)"),
    (LAYERS, "up[self.off] = 0", "up[~self.off] = 0"),
    (LAYERS, "up * self.out * (1 - self.out)", "up * self.out"),
    (LAYERS, "up * self.out * (1 - self.out)", "up * self.out * (1 - self.out) * 2"),
    (LAYERS, "up.sum(axis=0)", "up.mean(axis=0)"),
    (LAYERS, "up @ self.A.T", "-up @ self.A.T"),
    (PAIRS, "v.reshape(v.shape[0], -1).T @ up", "np.abs(v.reshape(v.shape[0], -1)).T @ up"),
    (PAIRS, "up * (v > 0)", "up * (v > 0) * v"),
    (COLUMNS, "up * s * (1 - s)", "up * Z * (1 - Z)"),
    (COLUMNS, "np.sum(dZ, axis=1, keepdims=True) / m", "np.sum(dZ, axis=1, keepdims=True)"),
    (
        NORM,
        "gc = gc + gw * self.centred / (len(up) * self.width)\n        return gc - gc.mean(axis=0)",
        "return gc + gw * self.centred / (len(up) * self.width)",
    ),
    (NORM, "self.n * up", "self.centred * up"),
    (OPTIONAL, '2 * self.decay * self.p["A"]', 'self.decay * self.p["A"]'),
    (OPTIONAL, " * (h > 0)", ""),
    (JOINED, "(1 - self.h[k + 1] ** 2)", "(1 - self.h[k + 1])"),
    (OLD, "d = np.dot(self.A[-l].T, d)", "d = np.dot(self.A[-l].T, d) * 2"),
]


@pytest.fixture
def checked(tmp_path):
    def check(text):
        path = tmp_path / "layers.py"
        path.write_text(text, encoding="utf-8")
        return verify_file(path, Options(limit=20.0))

    return check


def left(file):
    return [n.id for n in file.remarks if n.id != "network"]


def steps(file):
    return [check for check in file.checks if check.stage not in ("value", "derivative")]


@pytest.mark.costly
@pytest.mark.parametrize("kind", RIGHT)
def test_what_nothing_calls_is_judged_in_full(checked, kind):
    text, count = RIGHT[kind]
    file = checked(text)
    assert {check.verdict for check in file.checks} == {"right"}
    assert len(steps(file)) == count
    assert left(file) == []


@pytest.mark.costly
@pytest.mark.parametrize(("text", "old", "new"), WRONG)
def test_a_mistake_on_the_way_back_is_wrong_at_its_line(checked, text, old, new):
    assert text.count(old) == 1
    file = checked(text.replace(old, new))
    wrong = [check for check in steps(file) if check.verdict == "wrong"]
    at = text[: text.index(old)].count("\n") + 1
    assert [check.place.line for check in wrong] == [at]
    assert left(file) == []


def test_what_comes_back_as_it_was_given_is_wrong(checked):
    file = checked(LAYERS.replace("return up * self.kept", "return up"))
    assert [(c.name, c.verdict) for c in file.checks if c.verdict != "right"] == [("Drop", "wrong")]


@pytest.mark.slow
def test_modules_are_found_in_the_folder_above_and_in_the_package(tmp_path):
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "layers.py").write_text(LAYERS)
    (tmp_path / "nets").mkdir()
    net = """
class Net:
    def __init__(self, A, a, B, b):
        self.layers = [Dense(A, a), Squash(), Dense(B, b)]
    def forward(self, X):
        for layer in self.layers:
            X = layer.forward(X)
        return X
    def gradients(self, X, T):
        up = self.forward(X) - T
        for layer in reversed(self.layers):
            up = layer.backward(up)
        return [layer.gA for layer in self.layers[::2]]
"""
    for start in (
        "import os, sys\nsys.path.append(os.pardir)\nfrom parts.layers import *",
        "from ..parts.layers import Dense, Squash",
        "import sys; sys.path.append('..')\nfrom parts import layers\nfrom parts.layers import *",
    ):
        path = tmp_path / "nets" / "net.py"
        path.write_text(start + net)
        file = verify_file(path, Options(limit=20.0))
        assert {check.verdict for check in file.checks} == {"right"}
        path.write_text(start + net.replace("self.forward(X) - T", "(self.forward(X) - T) ** 3"))
        assert "right" not in {check.verdict for check in verify_file(path).checks}


def test_what_the_forward_pass_does_not_have_is_not_judged(checked):
    file = checked(OTHER)
    assert "wrong" not in {check.verdict for check in file.checks}
    assert left(file)


def test_a_module_of_somebody_else_above_is_none(tmp_path):
    (tmp_path / "layers.py").write_text(LAYERS)
    (tmp_path / "mine").mkdir()
    path = tmp_path / "mine" / "net.py"
    path.write_text(
        "from layers import *\ndef backward(A, up):\n    return Dense(A, 0).backward(up)"
    )
    file = verify_file(path)
    assert not any(check.verdict == "right" for check in file.checks)


def test_a_class_that_python_cannot_read_is_said(checked):
    file = checked(LAYERS.replace("return v @ self.A + self.a", "return v @@ self.A"))
    assert any(n.id == "not-looked-at" and "Dense" in n.text.en for n in file.remarks)


KEEPS = """
import numpy as np

class Dense:
    def __init__(self, inputs, units, eta=0.1, keep=0.99):
        self.A, self.a = np.random.randn(inputs, units), np.random.randn(1, units)
        self.eta, self.keep = eta, keep
    def forward(self, v):
        self.v = v
        return np.add(np.dot(v, self.A), self.a)
    def backward(self, up):
        A = np.copy(self.A)
        self.gA = np.dot(up.T, self.v).T / len(self.v)
        self.a = np.subtract(np.dot(self.keep, self.a), np.dot(self.eta, np.mean(up, axis=0)))
        self.A = np.subtract(np.dot(self.keep, self.A), np.dot(self.eta, self.gA))
        return np.dot(up, A.T)
"""


@pytest.mark.parametrize(
    ("old", "new", "verdicts"),
    [
        ("", "", {"right"}),
        ("keep=0.99", "keep=1", {"right"}),
        ("np.mean(up, axis=0)", "np.mean(up**2, axis=0)", {"right", "wrong"}),
        (
            "np.dot(self.keep, self.A), np.dot(self.eta",
            "np.dot(-self.keep, self.A), np.dot(self.eta",
            {"right", "wrong"},
        ),
        ("np.dot(self.keep, self.A)", "np.dot(0.0, self.A)", {"right", "wrong"}),
        ("np.dot(up.T, self.v).T", "np.dot(up.T, self.v**2).T", {"right", "wrong"}),
    ],
)
def test_a_layer_may_keep_a_share_of_its_parameters(checked, old, new, verdicts):
    assert old in KEEPS
    assert {check.verdict for check in checked(KEEPS.replace(old, new)).checks} == verdicts


LINKED = """
import numpy as np

class Layer:
    def __init__(self, units, before):
        self.before = before
        self.A = np.random.randn(before.units, units)
        self.a = np.random.randn(1, units)
        self.units = units
    def forward(self):
        self.before.forward()
        self.out = 1 / (1 + np.exp(-(self.before.out @ self.A + self.a)))
    def backward(self, up):
        delta = up * self.out * (1 - self.out)
        down = delta @ self.A.T
        self.A -= 0.5 * self.before.out.T @ delta
        self.a -= 0.5 * delta.sum(0, keepdims=True)
        self.before.backward(down)

class Data:
    units = 5
    def forward(self):
        self.out = np.random.randn(30, 5)
    def backward(self, up):
        pass

def main():
    last = Layer(2, Layer(4, Data()))
    last.forward()
    last.backward(last.out - np.random.rand(30, 2))

main()
"""


@pytest.mark.parametrize("late", [False, True])
def test_layers_that_a_line_changes_each_are_told_apart_where_no_loop_makes_the_step(checked, late):
    down = "        down = delta @ self.A.T\n"
    last = "        self.before.backward(down)\n"
    text = LINKED.replace(down, "").replace(last, down + last) if late else LINKED
    file = checked(text)
    assert len(file.checks) == 4
    wrong = [check for check in file.checks if check.verdict == "wrong"]
    assert [check.place.line for check in wrong] == [17] * late


KINDS = """
import numpy as np

class Base:
    def forward(self, v):
        return v
    def backward(self, up):
        "What is given."
        return up

class Squash(Base):
    KINDS = ("relu", "tanh")
    def __init__(self, kind):
        if kind not in self.KINDS:
            raise ValueError(kind)
        self.kind = kind
    def forward(self, v):
        self.out = np.maximum(v, 0) if self.kind == "relu" else np.tanh(v)
        return self.out
    def backward(self, up):
        return up * ((self.out > 0) if self.kind == "relu" else (1 - self.out ** 2))

class Drop(Base):
    def __init__(self, rate=0.5):
        self.rate, self.mask = rate, None
    def forward(self, v, training=False):
        if training:
            self.mask = (np.random.rand(*v.shape) > self.rate) / (1 - self.rate)
            return v * self.mask
        return v
    def backward(self, up):
        return up if self.mask is None else up * self.mask
"""
BUILT = """
import numpy as np
from functions import Logistic

class Dense:
    def __init__(self, units, activation):
        self.A, self.a = None, np.zeros((1, units))
        self.units = units
        self.f = Logistic() if activation == "logistic" else activation
    def build(self, before):
        self.A = np.random.normal(size=(before, self.units), scale=np.sqrt(2 / (before + self.units)))
    def forward(self, v):
        self.v = v
        self.u = v @ self.A + self.a
        self.out = self.f.a(self.u)
        return self.out
    def grad(self, up):
        delta = up * self.f.d(self.u)
        return delta @ self.A.T, self.v.T @ delta, delta.sum(axis=0)
    def apply_grad(self, up, eta=0.01):
        down, gA, ga = self.grad(up)
        self.A -= eta * gA
        self.a -= eta * ga
        return down
    def __call__(self, *args, **kw):
        return self.forward(args[0])
"""
COUNTED = """
import numpy as np

def train(X, y, eta, rounds, layers, neurons, activation_functions):
    p = {}
    for k in range(layers):
        before = X.shape[1] if k == 0 else neurons[k - 1]
        p[k] = {"A": np.random.randn(before, neurons[k]), "a": np.zeros((1, neurons[k]))}
    for _ in range(rounds):
        h = [X]
        for k in range(layers):
            u = h[-1] @ p[k]["A"] + p[k]["a"]
            if activation_functions[k] == "tanh":
                h.append(np.tanh(u))
            elif activation_functions[k] == "sigmoid":
                h.append(1 / (1 + np.exp(-u)))
        d = h[-1] - y
        E = -np.sum(y * np.log(h[-1]) + (1 - y) * np.log(1 - h[-1]))
        for k in reversed(range(layers)):
            gA, ga, A = h[k].T @ d, d.sum(axis=0, keepdims=True), p[k]["A"].copy()
            p[k]["A"] -= eta * gA
            p[k]["a"] -= eta * ga
            if k > 0:
                slope = h[k] * (1 - h[k]) if activation_functions[k - 1] == "sigmoid" else 1 - h[k]**2
                d = d @ A.T * slope
    return p
"""


@pytest.mark.costly
@pytest.mark.parametrize(
    ("text", "old", "new"),
    [
        (KINDS, "", ""),
        (KINDS, "return up * ((self.out", "return up * self.out * ((self.out"),
        (KINDS, "up if self.mask is None else up * self.mask", "up"),
        (BUILT, "", ""),
        (BUILT, "delta.sum(axis=0)", "delta.sum(axis=0) * len(delta)"),
        (BUILT, "delta @ self.A.T, self", "up @ self.A.T, self"),
        (COUNTED, "", ""),
        (COUNTED, 'p[k]["A"].copy()', 'p[k]["A"]'),
    ],
)
def test_layers_told_by_words_flags_and_counts_are_judged_in_full(checked, text, old, new):
    assert old in text
    file = checked(text.replace(old, new) if old else text)
    assert left(file) == []
    verdicts = {check.verdict for check in steps(file)}
    assert ("wrong" in verdicts) == bool(old)
    assert verdicts <= {"right", "wrong"}


WORDS = """
import numpy as np
class Act:
    def __init__(self, kind="relu"):
        self.kind = kind.lower().strip()
    def forward(self, v):
        self.v = v
        if self.kind == "relu":
            return np.maximum(v, 0)
        if self.kind == "logistic":
            self.z = 1 / (1 + np.exp(-v))
        elif self.kind == "tanh":
            self.z = np.tanh(v)
        return self.z
    def backward(self, up):
        if self.kind == "relu":
            return up * (self.v > 0)
        if self.kind == "logistic":
            return up * self.z * (1 - self.z)
        return up * (1 - self.z ** 2)
"""


@pytest.mark.parametrize(
    ("old", "new", "wrong"),
    [
        ("", "", ()),
        ("(self.v > 0)", "(self.v > 0) * self.v", ("relu",)),
        ("self.z * (1 - self.z)", "self.z", ("logistic",)),
        ("1 - self.z ** 2", "1 - self.z", ("tanh",)),
    ],
)
def test_a_layer_is_judged_for_each_word_that_its_kind_may_be(checked, old, new, wrong):
    file = checked(WORDS.replace(old, new) if old else WORDS)
    told = {check.name: check.verdict for check in file.checks}
    kinds = ("relu", "logistic", "tanh")
    assert told == {f"Act(kind={k!r})": "wrong" if k in wrong else "right" for k in kinds}
    assert left(file) == []
    text = (WORDS.replace(old, new) if old else WORDS).split("\n")
    for check in (check for check in file.checks if check.verdict == "wrong"):
        assert new in text[check.place.line - 1]
    (shown,) = (c for c in file.checks if "logistic" in c.name)
    assert "np.exp(-v)" in shown.lines[0].text  # not where another kind sets the same attribute


@pytest.mark.parametrize("wrong", [False, True])
def test_the_methods_of_an_object_of_an_absent_class_are_those_of_its_name(checked, wrong):
    text = """
import numpy as np
from activations import Tanh, Relu
class Dense:
    def __init__(self, before, units, kind):
        self.A = np.random.randn(before, units)
        self.f = Tanh() if kind == "tanh" else Relu() if kind == "relu" else None
    def forward(self, v):
        self.v, self.u = v, v @ self.A
        return self.f.f(self.u)
    def backward(self, up, eta=0.1):
        low = up * self.f.d(self.u)
        down = low @ self.A.T
        self.A = self.A - eta * self.v.T @ low
        return down
"""
    file = checked(text.replace("down = low", "down = up") if wrong else text)
    names = {check.name for check in file.checks}
    assert names == {"Dense(kind='tanh')"}  # of the other kind the same is told
    assert ("wrong" in {check.verdict for check in file.checks}) == wrong


def test_functions_that_get_constants_for_kinds_and_a_decay_are_judged_for_each(checked):
    text = """
import numpy as np
PLAIN = 0
SQUASHED = 1
ROUNDED = 2
def gradients(X, T, weights, out, lam: float):
    assert lam >= 0
    assert len(weights) > 1
    z, last = np.tanh(X @ weights[0]), len(X)
    g = on(z, weights, out)
    d = (g - T) / last
    if out == ROUNDED:
        raise ValueError("no derivative")
    if out == SQUASHED:
        d = d * (1 - g * g)
    low = d @ weights[1].T * (1 - z * z)
    G = [X.T @ low, z.T @ d]
    for k in range(2):
        G[k] += lam / last * weights[k]
    return G
def on(z, weights, out):
    a = z @ weights[1]
    if out == PLAIN:
        return a
    elif out == SQUASHED:
        return np.tanh(a)
    return np.sign(a)
"""
    names = {f"gradients(out={k})" for k in (0, 1)}
    told = {check.name: check.verdict for check in checked(text).checks}
    assert told == dict.fromkeys(names, "right")
    wrong = checked(text.replace("(1 - g * g)", "(1 - g)"))
    assert {c.name for c in wrong.checks if c.verdict == "wrong"} == {"gradients(out=1)"}


def test_a_class_made_of_any_number_of_weights_gets_some(checked):
    text = """
import numpy as np
class Net:
    def __init__(self, *weights):
        self.weights = list(weights)
    def gradients(self, x, t):
        h = [x]
        for w in self.weights:
            h.append(1 / (1 + np.exp(-(w @ h[-1]))))
        d, found = 2 * (h[-1] - t) * h[-1] * (1 - h[-1]), []
        for k in reversed(range(len(self.weights))):
            found.insert(0, d @ h[k].T)
            d = self.weights[k].T @ d * h[k] * (1 - h[k])
        return found
    def train(self, x, t, eta=0.1):
        for k, g in enumerate(self.gradients(x, t)):
            self.weights[k] = self.weights[k] - eta * g
"""
    assert {check.verdict for check in checked(text).checks} == {"right"}
    wrong = checked(text.replace("self.weights[k].T @ d * h[k] *", "self.weights[k].T @ d *"))
    assert "wrong" in {check.verdict for check in wrong.checks}


@pytest.mark.parametrize("own", [True, False])
def test_a_base_class_that_gives_back_what_it_gets_is_passed_over_where_none_inherits_it(
    checked, own
):
    back = "    def backward(self, up):\n        return up * (1 - self.out ** 2)\n"
    text = f"""
import numpy as np
class Base:
    def forward(self, v):
        return v
    def backward(self, up):
        return up
class Squash(Base):
    def forward(self, v):
        self.out = np.tanh(v)
        return self.out
{back if own else ""}"""
    assert ("not-looked-at" in left(checked(text))) != own


def test_a_class_for_one_sample_at_a_time_gets_one_and_its_biases_keep_their_shape(checked):
    text = """
import numpy as np
class Net:
    def __init__(self, sizes=None, other=None):
        if other is None:
            self.A, self.B = np.random.rand(sizes["h"], sizes["x"]), np.random.rand(sizes["y"], sizes["h"])
            self.a, self.b = np.random.rand(sizes["h"], 1), np.random.rand(sizes["y"], 1)
        else:
            self.A, self.B, self.a, self.b = other.A, other.B, other.a, other.b
    def train(self, given, wanted):
        x, t = np.array(given), np.array(wanted)
        z = np.tanh(np.dot(self.A, x) + self.a)
        g = np.dot(self.B, z) + self.b
        d = 0.1 * (t - g)
        low = np.dot(self.B.T, d) * (1 - z * z)
        self.B = np.add(self.B, np.dot(d, z.T))
        self.b = np.add(self.b, d)
        self.A = np.add(self.A, np.dot(low, x.T))
        self.a = np.add(self.a, low)
    def mutate(self, by):
        self.A, self.B = by(self.A), by(self.B)
"""
    file = checked(text)
    assert {check.verdict for check in file.checks} == {"right"}
    assert left(file) == []
    wrong = checked(text.replace(" * (1 - z * z)", ""))
    assert "wrong" in {check.verdict for check in wrong.checks}


def test_words_that_do_not_go_with_what_is_fixed_are_no_mistake(checked):
    text = """
import numpy as np
class Net:
    def __init__(self, out="softmax", hidden="tanh"):
        self.A, self.B = np.random.randn(5, 4), np.random.randn(4, 3)
        self.out, self.hidden = out, hidden
    def f(self, u, kind):
        if kind == "relu":
            return np.maximum(u, 0)
        if kind == "tanh":
            return np.tanh(u)
        return np.exp(u) / np.exp(u).sum(axis=1, keepdims=True)
    def train(self, X, T, eta=0.1):
        z = self.f(X @ self.A, self.hidden)
        g = self.f(z @ self.B, self.out)
        if self.out not in ("relu", "tanh", "softmax") or self.hidden == "softmax":
            raise ValueError("unknown")
        d = g - T
        low = d @ self.B.T
        if self.hidden == "relu":
            low = low * (z > 0)
        else:
            low = low * (1 - z * z)
        self.B -= eta * z.T @ d
        self.A -= eta * X.T @ low
"""
    file = checked(text)
    assert {check.verdict for check in file.checks} == {"right"}
    assert left(file) == []
    for old, new in (("(1 - z * z)", "(1 - z)"), ("(z > 0)", "z"), ("= g - T", "= T - g")):
        assert "wrong" in {check.verdict for check in checked(text.replace(old, new)).checks}


SOFTMAX_LAYER = """
import numpy as np
class Layer:
    def __init__(self, inputs, outputs):
        self.A, self.b = np.random.randn(inputs, outputs), np.random.randn(outputs)
    def forward(self, x):
        self.x = x
        u = x @ self.A + self.b
        e = np.exp(u - u.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True)
    def backward(self, delta):
        self.delta = delta[:]
        return self.delta @ self.A.T
    def update(self, eta):
        self.A -= eta * self.x.T @ self.delta
        self.b -= eta * self.delta.sum(axis=0)
"""


def test_a_layer_with_weights_and_a_softmax_may_be_given_the_delta_of_its_sums(checked):
    file = checked(SOFTMAX_LAYER)
    assert [check.verdict for check in file.checks] == ["right"] * 3
    turned = checked(SOFTMAX_LAYER.replace("eta * self.x.T @", "-eta * self.x.T @"))
    assert {c.stage for c in turned.checks if c.verdict == "wrong"} == {"∂E/∂self.A"}
    tanh = SOFTMAX_LAYER.replace("return e / e.sum(axis=1, keepdims=True)", "return np.tanh(u)")
    assert "wrong" in {check.verdict for check in checked(tanh).checks}


def test_a_derivative_may_be_among_others_in_a_class_that_is_not_there(checked):
    text = """
import numpy as np
from activations import Activation, DerivativeOfActivation
class Net:
    def __init__(self):
        self.A, self.B = np.random.randn(5, 4), np.random.randn(4, 3)
    def forward(self, x):
        self.z = Activation.sigmoid(x @ self.A)
        self.g = Activation.sigmoid(self.z @ self.B)
        return self.g
    def backward(self, x, t):
        d = (self.g - t) * DerivativeOfActivation.sigmoid(self.g)
        low = (d @ self.B.T) * DerivativeOfActivation.sigmoid(self.z)
        self.B -= 0.1 * self.z.T @ d
        self.A -= 0.1 * x.T @ low
"""
    assert {check.verdict for check in checked(text).checks} == {"right"}
    none = text.replace("(d @ self.B.T) * DerivativeOf", "(d @ self.B.T) * ")
    assert "wrong" in {check.verdict for check in checked(none).checks}


@pytest.mark.parametrize("name", ["Relu", "ReluLayer", "TanhActivation"])
def test_layers_that_are_not_there_pass_back_what_they_are_given(checked, name):
    text = """
import numpy as np
from layers import Relu
class Net:
    def __init__(self):
        self.A, self.B = np.random.randn(5, 4), np.random.randn(4, 4)
        self.C = np.random.randn(4, 3)
        self.f, self.h = Relu(), Relu()
    def forward(self, x):
        self.x = x
        self.z = self.f.forward(x @ self.A)
        self.v = self.h.forward(self.z @ self.B)
        return self.v @ self.C
    def train(self, x, t):
        d = self.forward(x) - t
        high = self.h.backward(d @ self.C.T)
        low = self.f.backward(high @ self.B.T)
        self.C -= 0.1 * self.v.T @ d
        self.B -= 0.1 * self.z.T @ high
        self.A -= 0.1 * self.x.T @ low
""".replace("Relu", name)
    file = checked(text)
    assert [check.verdict for check in file.checks] == ["right"] * 3
    wrong = checked(text.replace("self.f.backward(high @ self.B.T)", "high @ self.B.T"))
    assert {c.stage for c in wrong.checks if c.verdict == "wrong"} == {"∂E/∂self.A"}


GATES = """
class Times:
    def __init__(self):
        self.x = self.y = None
    def forward(self, x, y):
        self.x, self.y = x, y
        return x * y
    def backward(self, up):
        dx = up * self.y
        dy = up * self.x
        return dx, dy

class Plus:
    def forward(self, x, y):
        return x + y
    def backward(self, up):
        dx = up * 1
        dy = up * 1
        return dx, dy
"""


@pytest.mark.parametrize(("right", "wrong"), [
    ("dy = up * self.x", "dy = up * self.y"), ("dx = up * self.y", "dx = up * self.x"),
    ("dy = up * 1", "dy = up * 2"),
])  # fmt: skip
def test_what_two_numbers_are_made_into_goes_back_to_both(judged, right, wrong):
    file = judged(GATES)
    assert {check.verdict for check in file.checks} == {"right"}
    assert not [note for note in file.remarks if note.id == "not-looked-at"]
    text = GATES.replace(right, wrong)
    (bad,) = (check for check in judged(text).checks if check.verdict == "wrong")
    assert bad.place.line == text[: text.index(wrong)].count("\n") + 1


def test_that_both_have_changed_places_is_told(judged):
    text = GATES.replace("self.y\n        dy = up * self.x", "self.x\n        dy = up * self.y")
    assert text != GATES
    wrong = [check for check in judged(text).checks if check.verdict == "wrong"]
    assert {check.diagnosis[0].id for check in wrong} == {"another-derivative"}
