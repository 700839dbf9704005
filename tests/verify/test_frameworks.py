"""Small frameworks, as textbooks build them: right as they are, and wrong with a mistake in them."""

import pytest

LOSSES = """
import numpy as np
def softmax(x):
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)
def cross_entropy(g, t):
    if t.size == g.size:
        t = t.argmax(axis=1)
    return -np.sum(np.log(g[np.arange(len(g)), t] + 1e-7)) / len(g)
class SoftmaxWithLoss:
    def forward(self, a, t):
        self.g, self.t = softmax(a), t
        return cross_entropy(self.g, self.t)
    def backward(self, upstream=1):
        if self.t.size == self.g.size:
            return (self.g - self.t) / len(self.t)
        d = self.g.copy()
        d[np.arange(len(d)), self.t] -= 1
        return d / len(d)
class SquareLoss:
    def loss(self, y, y_pred):
        return 0.5 * (y - y_pred) ** 2
    def gradient(self, y, y_pred):
        return y_pred - y
class BinaryCrossEntropy:
    def loss(self, y, p):
        p = np.clip(p, 1e-15, 1 - 1e-15)
        return -y * np.log(p) - (1 - y) * np.log(1 - p)
    def score(self, y, p):
        return np.mean(np.argmax(y, axis=1) == np.argmax(p, axis=1))
    def gradient(self, y, p):
        p = np.clip(p, 1e-15, 1 - 1e-15)
        return -y / p + (1 - y) / (1 - p)
"""
DENSE = """
import math
import numpy as np
class Dense:
    def __init__(self, units, input_shape=None):
        self.units, self.input_shape, self.W, self.b = units, input_shape, None, None
    def initialize(self, optimizer):
        limit = 1 / math.sqrt(self.input_shape[0])
        self.W = np.random.uniform(-limit, limit, (self.input_shape[0], self.units))
        self.b = np.zeros((1, self.units))
        self.rule, self.rule_b = optimizer, optimizer
    def forward(self, X):
        self.X = X
        return X.dot(self.W) + self.b
    def backward(self, grad):
        W = self.W
        self.W = self.rule.update(self.W, self.X.T.dot(grad))
        self.b = self.rule_b.update(self.b, np.sum(grad, axis=0, keepdims=True))
        return grad.dot(W.T)
"""
IMAGES = """
import numpy as np
def columns(x, h, w):
    N, C, H, W = x.shape
    out = [x[:, :, i:i + h, j:j + w].reshape(N, -1)
           for i in range(H - h + 1) for j in range(W - w + 1)]
    return np.stack(out, axis=1)
class Convolution:
    def __init__(self, W, b):
        self.W, self.b = W, b
    def forward(self, x):
        F, C, h, w = self.W.shape
        N, C, H, W = x.shape
        self.x, self.columns = x, columns(x, h, w)
        out = self.columns @ self.W.reshape(F, -1).T + self.b
        return out.reshape(N, H - h + 1, W - w + 1, F).transpose(0, 3, 1, 2)
    def backward(self, d):
        F, C, h, w = self.W.shape
        d = d.transpose(0, 2, 3, 1).reshape(len(d), -1, F)
        self.db = d.sum(axis=(0, 1))
        self.dW = np.einsum("nkf,nkc->fc", d, self.columns).reshape(self.W.shape)
"""
MASKS = """
import numpy as np
class ReLU:
    def forward(self, x):
        self.x = x
        return np.maximum(x, 0)
    def backward(self, d):
        return d * (self.x > 0)
class Dropout:
    def __init__(self, keep):
        self.keep = keep
    def forward(self, x):
        self.mask = np.random.rand(*x.shape) < self.keep
        return x * self.mask
    def backward(self, d):
        return d * self.mask
"""
MISTAKES = {
    "dense": (DENSE, "self.X.T.dot(grad)", "self.X.T.dot(grad ** 2)", "Dense"),
    "dense, biases": (DENSE, "np.sum(grad, axis=0", "np.sum(grad ** 2, axis=0", "Dense"),
    "dense, passed on": (DENSE, "grad.dot(W.T)", "grad.dot(self.W.T)", "Dense"),
    "images": (IMAGES, "nkf,nkc->fc\", d,", "nkf,nkc->fc\", d ** 2,", "Convolution"),
    "relu": (MASKS, "d * (self.x > 0)", "d", "ReLU"),
    "dropout": (MASKS, "d * self.mask", "d", "Dropout"),
}  # fmt: skip


@pytest.mark.parametrize("text", [LOSSES, DENSE, IMAGES, MASKS],
                         ids=["losses", "dense", "images", "masks"])  # fmt: skip
def test_each_layer_is_right(judged, text):
    file = judged(text)
    assert {check.verdict for check in file.checks} == {"right"}
    classes = {line[6:].strip(":") for line in text.split("\n") if line.startswith("class")}
    assert classes <= {check.name for check in file.checks}


@pytest.mark.parametrize("name", MISTAKES)
def test_with_a_mistake_it_is_wrong(judged, name):
    text, old, new, layer = MISTAKES[name]
    assert text.count(old) == 1
    wrong = [check for check in judged(text.replace(old, new)).checks if check.verdict == "wrong"]
    assert {check.name for check in wrong} == {layer}
    line = text[: text.index(old)].count("\n") + 1
    assert line in {check.place.line for check in wrong}


@pytest.mark.parametrize(
    ("name", "cause"), [("relu", "slope-missing"), ("dropout", "mask-missing")]
)
def test_what_a_layer_does_not_multiply_by_is_named(judged, name, cause):
    text, old, new, _ = MISTAKES[name]
    (wrong,) = [
        check for check in judged(text.replace(old, new)).checks if check.verdict == "wrong"
    ]
    assert [note.id for note in wrong.diagnosis] == [cause]


def test_a_gradient_of_the_opposite_sign_is_right_and_said(judged):
    checks = judged(LOSSES.replace("return y_pred - y", "return y - y_pred")).checks
    (check,) = [check for check in checks if check.name == "SquareLoss"]
    assert (check.stage, check.verdict) == ("∂E/∂y_pred", "right")
    assert "opposite" in {note.id for note in check.remarks}


BOOK = """
import numpy
class Network:
    def __init__(self, inputs, hidden, outputs, rate):
        self.V = numpy.random.normal(0, 1, (hidden, inputs))
        self.W = numpy.random.normal(0, 1, (hidden, hidden))
        self.U = numpy.random.normal(0, 1, (outputs, hidden))
        self.rate = rate
    def f(self, u):
        return 1 / (1 + numpy.exp(-u))
    def train(self, x, t):
        x, t = numpy.array(x, ndmin=2).T, numpy.array(t, ndmin=2).T
        z = self.f(self.V @ x)
        h = self.f(self.W @ z)
        g = self.f(self.U @ h)
        e = t - g
        d = self.U.T @ (e * g * (1 - g))
        c = self.W.T @ (d * h * (1 - h))
        self.U += self.rate * (e * g * (1 - g)) @ h.T
        self.W += self.rate * (d * h * (1 - h)) @ z.T
        self.V += self.rate * (c * z * (1 - z)) @ x.T
    def query(self, x):
        return self.f(self.U @ self.f(self.W @ self.f(self.V @ numpy.array(x, ndmin=2).T)))
"""
ASKED = "network = Network(3, 4, 2, 0.3)\nprint(network.query([1.0, 0.5, -1.5]))\n"


@pytest.mark.parametrize("end", ["", ASKED], ids=["defined", "asked"])
def test_a_network_that_a_file_only_asks_is_trained_all_the_same(judged, end):
    assert {check.verdict for check in judged(BOOK + end).checks} == {"right"}


def test_a_slope_that_is_missing_in_each_layer_is_told_in_each(judged):
    text = BOOK.replace("self.U.T @ (e * g * (1 - g))", "self.U.T @ e")
    text = text.replace("self.W.T @ (d * h * (1 - h))", "self.W.T @ d")
    wrong = [check for check in judged(text).checks if check.verdict == "wrong"]
    assert [check.place.line for check in wrong] == [17, 18]
    assert {note.id for check in wrong for note in check.diagnosis} == {"slope-missing"}


def test_what_updates_comes_after_what_goes_back(judged):
    text = """
import numpy as np
class Net:
    def __init__(self, d, q, m):
        self.W, self.V = np.random.randn(d, q), np.random.randn(q, m)
    def forward(self, x):
        self.x, self.z = x, np.tanh(x @ self.W)
        self.g = self.z @ self.V
        return self.g
    def update(self, eta):
        self.W -= eta * self.dW
        self.V -= eta * self.dV
        self.dW, self.dV = 0 * self.W, 0 * self.V
    def backward(self, t):
        d = self.g - t
        self.dV = self.z.T @ d
        self.dW = self.x.T @ (d @ self.V.T * (1 - self.z ** 2))
"""
    assert {check.verdict for check in judged(text).checks} == {"right"}


def test_modules_that_are_not_there_are_named_where_nothing_can_be_judged(judged):
    text = """
from common.layers import Affine, Loss
class Net:
    def __init__(self, W, b):
        self.layers, self.last = [Affine(W, b)], Loss()
    def gradient(self, x, t):
        for layer in self.layers: x = layer.forward(x)
        d = self.last.backward(self.last.forward(x, t))
        for layer in reversed(self.layers): d = layer.backward(d)
        return {"W": self.layers[0].dW, "b": self.layers[0].db}
"""
    (note,) = [note for note in judged(text).remarks if note.id == "not-there"]
    assert "common.layers" in note.text.en
    assert "common.layers" in note.text.ja
    assert "not-there" not in {note.id for note in judged(MASKS).remarks}


CHECKED = """
import numpy as np
def numerical_gradient(f, x):
    h, grad = 1e-4, np.zeros_like(x)
    it = np.nditer(x, flags=["multi_index"], op_flags=["readwrite"])
    while not it.finished:
        k = it.multi_index
        kept = x[k]
        x[k] = kept + h; above = f(x)
        x[k] = kept - h; below = f(x)
        x[k] = kept
        grad[k] = (above - below) / (2 * h)
        it.iternext()
    return grad
class Net:
    def __init__(self, d, q, m):
        self.W, self.V = np.random.randn(d, q), np.random.randn(q, m)
    def loss(self, X, T):
        return np.sum((np.tanh(X @ self.W) @ self.V - T) ** 2) / 2
    def numerical(self, X, T):
        f = lambda _: self.loss(X, T)
        return {"W": numerical_gradient(f, self.W), "V": numerical_gradient(f, self.V)}
    def gradient(self, X, T):
        Z = np.tanh(X @ self.W)
        d = Z @ self.V - T
        return {"W": X.T @ (d @ self.V.T * (1 - Z ** 2)), "V": Z.T @ d}
net = Net(300, 50, 10)
X, T = np.random.randn(3, 300), np.random.randn(3, 10)
by_differences, by_hand = net.numerical(X, T), net.gradient(X, T)
for key in by_hand:
    print(key, np.average(np.abs(by_hand[key] - by_differences[key])))
"""


def test_a_gradient_check_of_many_entries_is_not_waited_for(judged):
    assert {check.verdict for check in judged(CHECKED).checks} == {"right"}
    (wrong,) = [check for check in judged(CHECKED.replace("(1 - Z ** 2)", "(1 - Z)")).checks
                if check.verdict == "wrong"]  # fmt: skip
    assert wrong.place.line == 26


OPTIMISER = """
import numpy as np
class StochasticGradientDescent:
    def __init__(self, rate=0.01, momentum=0.5):
        self.rate, self.momentum, self.moved = rate, momentum, None
    def update(self, w, grad_wrt_w):
        if self.moved is None:
            self.moved = np.zeros(np.shape(w))
        self.moved = self.momentum * self.moved + (1 - self.momentum) * grad_wrt_w
        return w - self.rate * self.moved
"""


def test_gradient_descent_by_itself_is_no_backward_pass(judged):
    assert not judged(OPTIMISER).checks


def test_what_an_optimiser_gives_is_no_parameter_where_it_is_subtracted(judged):
    text = DENSE.replace(
        "self.W = self.rule.update(self.W, ", "self.W -= self.rule.update(self.W, "
    )
    assert "wrong" not in {check.verdict for check in judged(text).checks}
