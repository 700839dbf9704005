"""Values that stand in the place of others of their shape, in a network of layers of one size."""

import pytest

DEEP = """
import numpy as np
X, T, eta = np.random.randn(40, 4), np.random.randn(40, 4), 0.1
W1, W2, W3 = (np.random.randn(4, 4) for _ in range(3))
b1, b2, b3 = (np.random.randn(4) for _ in range(3))
for epoch in range(9):
    u1 = X @ W1.T + b1
    h1 = (1 + np.tanh(u1 / 2)) / 2
    u2 = h1 @ W2.T + b2
    h2 = np.tanh(u2)
    g = h2 @ W3.T + b3
    delta3 = g - T
    delta2 = delta3 @ W3 * (1 - h2**2)
    slope1 = h1 * (1 - h1)
    delta1 = (delta2 @ W2) * slope1
    dW3, dW2, dW1 = delta3.T @ h2, delta2.T @ h1, delta1.T @ X
    db3 = delta3.sum(axis=0)
    db2 = delta2.sum(axis=0)
    db1 = delta1.sum(axis=0)
    W1, W2, W3 = W1 - eta * dW1, W2 - eta * dW2, W3 - eta * dW3
    b1 = b1 - eta * db1
    b2 = b2 - eta * db2
    b3 = b3 - eta * db3
"""
BIAS_IN_FRONT = """
import numpy as np
X, T, eta = np.random.randn(40, 4), np.random.randn(40, 4), 0.1
W, V = np.random.randn(4, 5), np.random.randn(4, 5)
for epoch in range(9):
    x = np.c_[np.ones(40), X]
    u = x @ W.T
    z = np.c_[np.ones(40), np.maximum(u, 0)]
    delta2 = z @ V.T - T
    delta1 = delta2 @ V[:, 1:] * (u > 0)
    V, W = V - eta * delta2.T @ z, W - eta * delta1.T @ x
"""


CLASSES = """
import numpy as np
X, T = np.random.randn(40, 4), np.eye(4)[np.random.randint(4, size=40)]
W = np.random.randn(4, 4)
for epoch in range(9):
    e = np.exp(X @ W)
    g = e / e.sum(axis=1, keepdims=True)
    E = -np.sum(T * np.log(g))
    delta = g - T
    W = W - 0.1 * X.T @ delta
"""


@pytest.mark.parametrize("text", [DEEP, BIAS_IN_FRONT, CLASSES])
def test_what_is_right_is_called_right(judged, text):
    assert {check.verdict for check in judged(text).checks} == {"right"}


@pytest.mark.parametrize(
    ("text", "old", "new", "expected"),
    [
        (DEEP, "(delta2 @ W2) * slope1", "(delta3 @ W2) * slope1", "another-derivative"),
        (DEEP, "delta2 = delta3 @ W3 *", "delta2 = delta3 *", "V-missing"),
        (DEEP, "(delta2 @ W2) *", "delta2.sum(axis=1, keepdims=True) *", "V-missing"),
        (DEEP, "(delta2 @ W2) * slope1", "(delta2 @ W3) * slope1", "W-for-V"),
        (DEEP, "(delta2 @ W2) * slope1", "(delta2 @ W2.T) * slope1", "V-not-transposed"),
        (DEEP, "(delta2 @ W2) * slope1", "(delta2 * slope1) @ W2", "slope-inside"),
        (DEEP, "(delta2 @ W2) * slope1", "(delta2 @ W2) * slope1 * slope1", "slope-twice"),
        (DEEP, "slope1 = h1 * (1 - h1)", "slope1 = 1 - h2**2", "slope-of-layer"),
        (DEEP, "slope1 = h1 * (1 - h1)", "slope1 = h2 * (1 - h2)", "slope-of-layer"),
        (DEEP, "slope1 = h1 * (1 - h1)", "slope1 = 1 - np.tanh(u1) ** 2", "slope-of-other"),
        (DEEP, "slope1 = h1 * (1 - h1)", "slope1 = 1 * h1", "f-for-slope"),
        (DEEP, "dW1 = delta3.T @ h2, delta2.T @ h1, delta1.T @ X",
         "dW1 = delta3.T @ h2, delta2.T @ h1, delta2.T @ X", "another-derivative"),
        (DEEP, "dW3, dW2, dW1 = delta3.T @ h2", "dW3, dW2, dW1 = h2.T @ delta3", "transposed"),
        (DEEP, "db2 = delta2.sum(axis=0)", "db2 = delta2[0]", "bias-of-one-sample"),
        (DEEP, "db1 = delta1.sum(axis=0)", "db1 = delta1[-1, :]", "bias-of-one-sample"),
        (BIAS_IN_FRONT, "V[:, 1:]", "V[:, :-1]", "V-last-dropped"),
        (BIAS_IN_FRONT, "V[:, 1:]", "W[:, 1:]", "W-for-V"),
        (CLASSES, "delta = g - T", "delta = (g - T) * g * (1 - g)", "output-slope-extra"),
        (BIAS_IN_FRONT, "(u > 0)", "(u < 0)", "slope-reversed"),
    ],
)  # fmt: skip
def test_the_value_that_does_not_belong_there_is_named_at_its_line(
    judged, text, old, new, expected
):
    assert text.count(old) == 1
    wrong = [check for check in judged(text.replace(old, new)).checks if check.verdict == "wrong"]
    assert {note.id for note in wrong[0].diagnosis} == {expected}
    assert wrong[0].place.line == text[: text.index(old)].count("\n") + 1


def test_a_second_mistake_behind_the_first_is_told_at_its_line(judged):
    first, second = "delta2 = delta3 @ W3 * (1 - h2**2)", "db1 = delta1.sum(axis=0)"
    text = DEEP.replace(first, "delta2 = delta3 @ W3").replace(second, "db1 = dW1.sum(axis=1)")
    wrong = [check for check in judged(text).checks if check.verdict == "wrong"]
    told = {(note.id, check.place.line) for check in wrong for note in check.diagnosis}
    assert ("another-derivative", DEEP[: DEEP.index(second)].count("\n") + 1) in told
    assert {name for name, _ in told} == {"another-derivative", "slope-missing"}


FOUR = """
import numpy as np
X, T = np.random.randn(20, 4), np.eye(3)[np.random.randint(3, size=20)]
W1, W2 = np.random.randn(4, 5), np.random.randn(5, 5)
W3, W4 = np.random.randn(5, 5), np.random.randn(5, 3)
b1, b2, b3, b4 = np.ones(5), np.ones(5), np.ones(5), np.ones(3)
v1, v2, v3, v4 = (np.zeros_like(W) for W in (W1, W2, W3, W4))
def f(u): return 1 / (1 + np.exp(-u))
def df(h): return h * (1 - h)
for epoch in range(9):
    h1 = f(X @ W1 + b1)
    h2 = f(h1 @ W2 + b2)
    h3 = f(h2 @ W3 + b3)
    s = np.exp(h3 @ W4 + b4)
    d4 = s / s.sum(axis=1, keepdims=True) - T
    d3 = d4 @ W4.T * df(h3)
    d2 = d3 @ W3.T * df(h2)
    d1 = d2 @ W2.T * df(h1)
    dW4, dW3, dW2, dW1 = h3.T @ d4, h2.T @ d3, h1.T @ d2, X.T @ d1
    b4 = b4 - 0.1 * d4.sum(axis=0)
    b3 = b3 - 0.1 * d3.sum(axis=0)
    b2 = b2 - 0.1 * d2.sum(axis=0)
    b1 = b1 - 0.1 * d1.sum(axis=0)
"""
PLAIN = "".join(f"    W{k} = W{k} - 0.1 * dW{k}\n" for k in (1, 2, 3, 4))
MOMENTUM = "".join(
    f"    v{k} = 0.9 * v{k} - 0.1 * dW{k}\n    W{k} = W{k} + v{k}\n" for k in (1, 2, 3, 4)
)
OF_SQUARES = "".join(
    f"    v{k} = 0.9 * v{k} + 0.1 * dW{k}**2\n    W{k} = W{k} - 0.1 * dW{k} / (np.sqrt(v{k}) + 1e-8)\n"
    for k in (1, 2, 3, 4)
)


@pytest.mark.costly
@pytest.mark.parametrize("update", [PLAIN, MOMENTUM, OF_SQUARES])
@pytest.mark.parametrize(
    ("old", "new"), [("return h * (1 - h)", "return f(h) * (1 - f(h))"), ("* df(h3)", "+ df(h3)")]
)
def test_what_only_follows_from_a_mistake_is_no_second_one(judged, update, old, new):
    assert FOUR.count(old) == 1
    assert {check.verdict for check in judged(FOUR + update).checks} == {"right"}
    checks = judged(FOUR.replace(old, new) + update).checks
    assert len([check for check in checks if check.verdict == "wrong"]) == 1


def test_two_mistakes_of_one_kind_are_two(judged):
    text = DEEP.replace("(1 - h2**2)", "(1 - h2)").replace("(h1 * (1 - h1))", "")
    text = text.replace("slope1 = h1 * (1 - h1)", "slope1 = 1 - h1")
    wrong = {check.place.line for check in judged(text).checks if check.verdict == "wrong"}
    assert wrong == {13, 14}
