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


def test_what_only_follows_from_a_mistake_is_no_second_one(judged):
    text = DEEP.replace(" * (1 - h2**2)", "")
    wrong = [check for check in judged(text).checks if check.verdict == "wrong"]
    assert {note.id for check in wrong for note in check.diagnosis} == {"slope-missing"}
