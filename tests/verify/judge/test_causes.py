"""Mistakes told at their root, in networks of any size."""

import pytest

SOFTMAX = """
import numpy as np
X, T = np.random.randn(40, 5), np.eye(3)[np.random.randint(3, size=40)]
W, V = np.random.randn(5, 4), np.random.randn(4, 3)
b, c = np.random.randn(4), np.random.randn(3)
def softmax(a):
    e = np.exp(a - a.max())
    return e / e.sum({axis})
for epoch in range(9):
    z = np.maximum(X @ W + b, 0)
    g = softmax(z @ V + c)
    E = -np.sum(T * np.log(g)) / 40
    delta2 = g - T
    delta1 = delta2 @ V.T * (z > 0)
    V -= 0.01 * z.T @ delta2
    W -= 0.01 * X.T @ delta1
    c -= 0.01 * delta2.sum(axis=0)
    b -= 0.01 * delta1.sum(axis=0)
"""
ONE_BY_ONE = """
import numpy as np
X, T = np.random.randn(3, 5), np.random.randn(3, 2)
{weights}
def sigmoid(u): return 1 / (1 + np.exp(-u))
for epoch in range(9):
    {cut}
    dW, dV = np.zeros_like(W), np.zeros_like(V)
    for x, t in zip(X, T):
        x = np.append(1, x)
        u = W @ x
        z = np.append(1, sigmoid(u))
        g = V @ z
        delta2 = 2 * (g - t)
        delta1 = (V.T @ delta2)[1:]{slope}
        dV += np.outer(delta2, z)
        dW += np.outer(delta1, x)
    {step}
"""
FORMS = {
    "matrices": {
        "weights": "W, V = np.random.randn(4, 6), np.random.randn(2, 5)",
        "cut": "pass",
        "step": "W, V = W - 0.1 * dW, V - 0.1 * dV",
    },
    "a vector of all": {
        "weights": "theta = np.random.randn(34)",
        "cut": "W, V = theta[:24].reshape(4, 6), theta[24:].reshape(2, 5)",
        "step": "theta = theta - 0.1 * np.hstack([dW.ravel(), dV.ravel()])",
    },
}


def wrong(file):
    return [check for check in file.checks if check.verdict == "wrong"]


def test_a_softmax_of_the_whole_batch_is_told_where_it_divides(judged):
    (check,) = wrong(judged(SOFTMAX.format(axis="")))
    assert [note.id for note in check.diagnosis] == ["softmax-whole-batch"]
    assert check.place.line == 8
    assert not wrong(judged(SOFTMAX.format(axis="axis=1, keepdims=True")))


@pytest.mark.parametrize("form", FORMS)
def test_a_slope_that_samples_lack_one_by_one_is_told_where_the_delta_is_made(judged, form):
    (check,) = wrong(judged(ONE_BY_ONE.format(slope="", **FORMS[form])))
    assert [note.id for note in check.diagnosis] in (["slope-missing"], ["dW-no-slope"])
    assert check.place.line == 15
    right = judged(ONE_BY_ONE.format(slope=" * z[1:] * (1 - z[1:])", **FORMS[form]))
    assert not wrong(right)


def test_a_step_in_place_of_every_parameter_is_told(judged):
    text = """
import numpy as np
x, t = np.array([[1.0, 0.5, 0.3]]), np.array([[1.0, 0.0]])
V, W = np.random.randn(3, 4), np.random.randn(4, 2)
y = x.dot(V)
z = y.dot(W)
delta2 = z - t
delta1 = delta2.dot(W.T)
W = -0.1 * y.T.dot(delta2)
V = -0.1 * x.T.dot(delta1)
"""
    file = judged(text)
    wrong = [check for check in file.checks if check.verdict == "wrong"]
    assert {check.place.line for check in wrong} == {9, 10}
    assert {note.id for check in wrong for note in check.diagnosis} == {"old-forgotten"}
    beside = judged(text.replace("W = -", "W += -").replace("V = -", "V += -"))
    assert {check.verdict for check in beside.checks} == {"right"}


def test_a_gradient_of_the_data_that_nothing_uses_is_no_mistake(judged):
    text = """
import numpy as np
X, t = np.random.randn(5, 4), np.random.randn(5, 1)
p = {"W0": np.random.randn(4, 5), "W1": np.random.randn(5, 1)}
f = np.tanh
for epoch in range(9):
    h = [X, f(X @ p["W0"])]
    g = h[1] @ p["W1"]
    d, grads = g - t, {}
    for k in (1, 0):
        grads[f"W{k}"] = h[k].T @ d
        d = d @ p[f"W{k}"].T * (1 - h[k] ** 2)
    for name in p:
        p[name] -= 0.1 * grads[name]
"""
    assert {check.verdict for check in judged(text).checks} == {"right"}
    wrong = judged(text.replace("g - t", "t - g")).checks
    assert "wrong" in {check.verdict for check in wrong}


CLIPPING = """
import numpy as np
X, T = np.random.randn(30, 5), np.random.rand(30, 2)
A, B = np.random.randn(5, 6), np.random.randn(6, 2)
for t in range(30):
    x, y = X[t], T[t]
    u = x @ A
    z = u.copy()
    z[u <= 0] = 0
    g = z @ B
    d = 2 * (g - y)
    up = B @ d
    f = u.copy()
    f[u > 0] = 1{rest}
    low = up * f
    B -= 0.01 * np.outer(z, d)
    A -= 0.01 * np.outer(x, low)
"""


def test_what_is_made_of_u_in_place_of_its_slope_is_told_and_not_that_a_slope_is_missing(judged):
    (check,) = wrong(judged(CLIPPING.format(rest="")))
    assert [note.id for note in check.diagnosis] == ["slope-none"]
    assert check.place.line in (13, 14, 15)
    assert not wrong(judged(CLIPPING.format(rest="\n    f[u <= 0] = 0")))
    (check,) = wrong(judged(CLIPPING.format(rest="").replace("up * f", "up * 1.0")))
    assert "slope-missing" in check.diagnosis[0].id or "no-slope" in check.diagnosis[0].id


def test_a_matrix_moved_already_is_told_where_derivatives_of_the_output_are_passed_back(judged):
    text = """
import numpy as np
X, T = np.random.randn(20, 5), np.random.randn(20, 1)
A, B = np.random.randn(5, 4), np.random.randn(4, 1)
for t in range(20):
    z = np.tanh(X @ A)
    g = z @ B
    d = 2 * (g - T) / 20
    B = B - 0.1 * z.T @ d
    slope = B.T * (1 - z * z)  # of g alone
    A = A - 0.1 * X.T @ (d * slope)
"""
    (check,) = wrong(judged(text))
    assert [note.id for note in check.diagnosis] == ["updated-V"]
    lines = text.replace("    B = B - 0.1 * z.T @ d\n", "")
    assert not wrong(judged(lines + "    B = B - 0.1 * z.T @ d\n"))


def test_a_bias_that_moves_by_the_gradient_of_another_is_told_where_that_is_made(judged):
    text = """
import numpy as np
X, T = np.random.randn(20, 5), np.random.randn(20, 3)
A, B, a, b = np.random.randn(5, 3), np.random.randn(3, 3), np.zeros(3), np.zeros(3)
for t in range(20):
    z = np.tanh(X @ A + a)
    d = z @ B + b - T
    low = d @ B.T * (1 - z * z)
    gb = d.sum(axis=0)
    ga = d.sum(axis=0)
    A = A - 0.01 * X.T @ low
    B = B - 0.01 * z.T @ d
    a = a - 0.01 * ga
    b = b - 0.01 * gb
"""
    (check,) = wrong(judged(text))
    assert check.place.line == 10
    assert not wrong(judged(text.replace("ga = d.sum", "ga = low.sum")))
