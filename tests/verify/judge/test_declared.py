"""Derivations of the exercise in files whose network is declared: exactly that, and at its place."""

import pytest

from jaxmlp.verify.grading import Options
from jaxmlp.verify.homework import verify_file

NETWORK = {"hidden": "tanh", "output": "softmax", "loss": "cross_entropy"}
SAMPLE = """
import numpy as np
def derive(W, V, x, y):
    u = W @ x
    z = np.append(1, np.tanh(u))
    a = V @ z
    e = np.exp(a - a.max())
    d2 = e / e.sum() - y
    back = V[:, 1:].T @ d2
    d1 = back * (1 - np.tanh(u) ** 2)
    return np.outer(d1, x), np.outer(d2, z)
"""
ROWS = """
import numpy as np
def derive(W, V, X, Y, eta):
    u = X @ W.T
    z = np.hstack([np.ones((len(X), 1)), np.tanh(u)])
    a = z @ V.T
    e = np.exp(a - a.max(axis=1, keepdims=True))
    d2 = e / e.sum(axis=1, keepdims=True) - Y
    dV = d2.T @ z / len(X)
    d1 = d2 @ V[:, 1:] * (1 - np.tanh(u) ** 2)
    dW = d1.T @ X / len(X)
    return W - eta * dW, V - eta * dV
"""
APART = """
import numpy as np
def derive(x, y, W1, b1, W2, b2):
    u = W1 @ x + b1
    z = np.tanh(u)
    a = W2 @ z + b2
    e = np.exp(a - a.max(axis=0, keepdims=True))
    d2 = e / e.sum(axis=0, keepdims=True) - y
    d1 = W2.T @ d2 * (1 - z ** 2)
    n = x.shape[1]
    dW1, db1 = d1 @ x.T / n, d1.sum(axis=1, keepdims=True) / n
    dW2, db2 = d2 @ z.T / n, d2.sum(axis=1, keepdims=True) / n
    return dW1, db1, dW2, db2
"""
FORMS = {"one sample": SAMPLE, "rows, a step": ROWS, "columns, biases apart": APART}
MISTAKES = [
    ("one sample", "np.append(1, np.tanh(u))", "np.append(1, u)", "f-missing", "np.append(1, u)"),
    ("one sample", "a = V @ z", "a = V[:, 1:] @ z[1:]", "bias-ignored-V", "V[:, 1:] @ z[1:]"),
    ("one sample", "e.sum() - y", "e.sum()", "y-missing", "e / e.sum()"),
    ("one sample", "V[:, 1:].T @ d2", "V[:, :-1].T @ d2", "V-last-dropped", "V[:, :-1]"),
    ("one sample", "np.tanh(u) ** 2", "np.tanh(u)", "slope-1-f", "1 - np.tanh(u)"),
    ("one sample", "d1 = back * (1 - np.tanh(u) ** 2)", "d1 = back", "slope-missing",
     "V[:, 1:].T @ d2"),
    ("one sample", "np.outer(d2, z)", "np.outer(d2, np.append(1, u))", "u-for-z",
     "np.outer(d2, np.append(1, u))"),
    ("rows, a step", "V - eta * dV", "V + eta * dV", "ascent", "V + eta * dV"),
    ("rows, a step", "- Y\n", "- Y; d2 = eta * d2\n", "eta-twice", "eta * d2"),
    ("rows, a step", "V[:, 1:]", "(V - eta * dV)[:, 1:]", "updated-V", "(V - eta * dV)[:, 1:]"),
    ("rows, a step", "d1.T @ X / len(X)", "d1.T @ X", "sum-for-mean", "d1.T @ X"),
    ("columns, biases apart", "(1 - z ** 2)", "(1 - u ** 2)", "slope-rule-at-u", "1 - u ** 2"),
    ("columns, biases apart", "d1.sum(axis=1, keepdims=True) / n",
     "d1.sum(axis=1, keepdims=True)", "bias-times-n", None),
]  # fmt: skip


@pytest.fixture
def judged(tmp_path):
    def judge(text, **declared):
        path = tmp_path / "homework.py"
        path.write_text(text, encoding="utf-8")
        return verify_file(path, Options(limit=30.0, budget=200.0, **{**NETWORK, **declared}))

    return judge


@pytest.mark.parametrize("form", FORMS)
def test_what_is_right_for_the_network_is_right(judged, form):
    file = judged(FORMS[form])
    assert {one.verdict for one in file.checks} == {"right"}
    assert any("autodiff" in note.text.en for note in file.checks[0].remarks)
    other = judged(FORMS[form], hidden="sigmoid")
    assert "wrong" in {one.verdict for one in other.checks}


@pytest.mark.parametrize(("form", "old", "new", "id", "at"), MISTAKES)
def test_a_mistake_is_named_at_its_place(judged, form, old, new, id, at):
    assert FORMS[form].count(old) == 1
    text = FORMS[form].replace(old, new)
    wrong = [one for one in judged(text).checks if one.verdict == "wrong"]
    assert wrong
    ids = {note.id for one in wrong for note in one.diagnosis}
    assert id in ids
    if at:
        (line, *_) = [k for k, one in enumerate(text.split("\n"), 1) if at in one]
        assert {(one.place.line, one.place.text) for one in wrong if one.place} >= {(line, at)}


HALF = SAMPLE.replace("e = np.exp(a - a.max())\n    d2 = e / e.sum() - y", "d2 = a - y")


def test_half_a_squared_error_is_one_in_a_file(judged):
    squared = {"output": "identity", "loss": "squared_error"}
    file = judged(HALF, **squared)
    assert {one.verdict for one in file.checks} == {"right"}
    uneven = HALF.replace("np.outer(d2, z)", "2 * np.outer(d2, z)")
    assert "wrong" in {one.verdict for one in judged(uneven, **squared).checks}


def test_the_sum_is_as_right_as_the_mean_where_nobody_says_which(judged):
    summed = ROWS.replace(" / len(X)", "")
    assert {one.verdict for one in judged(summed).checks} == {"right"}
    assert {one.verdict for one in judged(summed, reduction="sum").checks} == {"right"}
    ids = {n.id for one in judged(summed, reduction="mean").checks for n in one.diagnosis}
    assert ids == {"sum-for-mean"}


@pytest.mark.slow
def test_what_no_known_mistake_explains_is_not_called_right(judged):
    file = judged(ROWS.replace("d2 = e", "d2 = 2 * e"))
    assert not file.checks or any(note.id == "not-looked-at" for note in file.remarks)


RATE = SAMPLE.replace("(W, V, x, y)", "(W, V, x, y, eta=0.1)").replace(
    "return np.outer(d1, x), np.outer(d2, z)",
    "return W - eta * np.outer(d1, x), V - eta * np.outer(d2, z)",
)


@pytest.mark.slow
def test_a_step_whose_size_is_no_parameter_is_judged_by_what_it_computes(judged):
    assert {one.verdict for one in judged(RATE).checks} == {"right"}
    ids = {n.id for one in judged(RATE.replace(" ** 2)", ")")).checks for n in one.diagnosis}
    assert ids == {"slope-1-f"}


def test_a_convention_is_no_mistake_beside_one(judged):
    summed = ROWS.replace(" / len(X)", "").replace(" ** 2)", ")")
    (wrong,) = [one for one in judged(summed).checks if one.verdict == "wrong"]
    assert [n.id for n in wrong.diagnosis] == ["slope-1-f"]
    squared = {"output": "identity", "loss": "squared_error"}
    (only,) = [c for c in judged(HALF.replace(" ** 2)", ")"), **squared).checks
               if c.verdict == "wrong"]  # fmt: skip
    assert only.place.text == "1 - np.tanh(u)"


def test_half_a_declaration_is_none(judged):
    squared = HALF.replace("np.tanh(u)", "(1 / (1 + np.exp(-u)))").replace("(1 - ", "(0 + ")
    slope = "(1 / (1 + np.exp(-u))) * (1 - 1 / (1 + np.exp(-u)))"
    right = squared.replace("(0 + (1 / (1 + np.exp(-u))) ** 2)", slope)
    file = judged(right, hidden="sigmoid", output=None, loss=None)
    assert {one.verdict for one in file.checks} == {"right"}


def test_what_gives_no_gradient_is_none(judged):
    more = """
def error(W, V, x, y):
    a = V @ np.append(1, np.tanh(W @ x))
    return np.log(np.exp(a).sum()) - y @ a
def train(W, V, x, y, eta):
    for k in range(20):
        dW, dV = derive(W, V, x, y)
        W, V = W - eta * dW, V - eta * dV
    return W, V
"""
    file = judged(SAMPLE + more)
    assert {one.verdict for one in file.checks} == {"right"}
    assert "error" not in {one.name for one in file.checks}
