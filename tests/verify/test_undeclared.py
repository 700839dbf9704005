"""Files that do not say which network they mean: what is right for another is told so."""

import pytest

from jaxmlp.verify.homework import Options, verify_file

TANH = """
import numpy as np
def backprop(W, V, x, y):
    z = np.append(1, np.tanh(W @ x))
    e = np.exp(V @ z)
    delta2 = e / e.sum() - y
    delta1 = V[:, 1:].T @ delta2 * (1 - z[1:] ** 2)
    return np.outer(delta1, x), np.outer(delta2, z)
"""
SIGMOIDS = """
import numpy as np
def sigmoid(x):
    return 1 / (1 + np.exp(-x))
for epoch in range(10):
    for i in range(n):
        x = np.append(1, x_train[i])
        y = y_train[i]
        z = np.append(1, sigmoid(W @ x))
        o = sigmoid(V @ z)
        d2 = 2 * (o - y) * o * (1 - o)
        d1 = V[:, 1:].T @ d2 * z[1:] * (1 - z[1:])
        V -= eta * np.outer(d2, z)
        W -= eta * np.outer(d1, x)
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
TANH_NO_BIAS = """
import numpy as np
def backprop(W, V, x, y):
    h = np.tanh(W @ x)
    delta2 = 2 * (V @ h - y)
    delta1 = V.T @ delta2 * (1 - h**2)
    return np.outer(delta1, x), np.outer(delta2, h)
"""
TWO_SYNAPSES = """
import numpy as np
HIDDEN = "sigmoid"
OUTPUT = "sigmoid"
LOSS = "squared_error"
REDUCTION = "sum"
def nonlin(x, deriv=False):
    return x * (1 - x) if deriv else 1 / (1 + np.exp(-x))
for j in range(60000):
    l1 = nonlin(np.dot(X, W0))
    l2 = nonlin(np.dot(l1, W1))
    l2_delta = (y - l2) * nonlin(l2, deriv=True)
    l1_delta = l2_delta.dot(W1.T) * nonlin(l1, deriv=True)
    W1 += l1.T.dot(l2_delta)
    W0 += X.T.dot(l1_delta)
"""


@pytest.fixture
def checked(tmp_path):
    def check(text, **options):
        path = tmp_path / "homework.py"
        path.write_text(text, encoding="utf-8")
        return verify_file(path, Options(**options))

    return check


def meant(file) -> list[str]:
    notes = [n for one in file.checks for n in one.remarks if n.id == "undeclared"]
    assert all(n.text.en != n.text.ja for n in notes)
    return [n.text.en for n in notes]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (TANH, 'HIDDEN = "tanh"'),
        (SIGMOIDS, 'HIDDEN = "sigmoid"; OUTPUT = "sigmoid"; LOSS = "squared_error"'),
        (NO_BIAS, "BIAS = False"),
        (
            TANH_NO_BIAS,
            'HIDDEN = "tanh"; OUTPUT = "identity"; LOSS = "squared_error"; BIAS = False',
        ),
    ],
)
def test_the_network_that_would_be_right_is_named_and_right_once_declared(checked, text, said):
    file = checked(text)
    assert any(c.verdict in ("wrong", "crashed") for c in file.checks)
    (note,) = meant(file)
    assert f"write {said} in the file" in note
    declared = checked(said.replace("; ", "\n") + text)
    assert {c.verdict for c in declared.checks} == {"right"}
    assert meant(declared) == []


@pytest.mark.parametrize(
    "text",
    [
        TANH.replace("V[:, 1:].T", "2 * V[:, 1:].T"),
        SIGMOIDS.replace("2 * (o - y)", "3 * (o - y)"),
        NO_BIAS.replace("V.T @ delta2", "V.T @ delta2 + x"),
        'HIDDEN = "relu"\n' + TANH,
        'LOSS = "binary_cross_entropy"\n' + SIGMOIDS,
        "BIAS = True\n" + NO_BIAS,
    ],
)
def test_nothing_is_said_of_what_is_wrong_for_all_or_declared(checked, text):
    file = checked(text)
    assert any(c.verdict in ("wrong", "crashed") for c in file.checks)
    assert meant(file) == []


def test_what_is_declared_stays_and_the_rest_is_named(checked):
    (note,) = meant(checked('HIDDEN = "tanh"\n' + TANH_NO_BIAS))
    assert 'write OUTPUT = "identity"; LOSS = "squared_error"; BIAS = False in' in note
    (note,) = meant(checked("BIAS = False\n" + TANH_NO_BIAS))
    assert 'write HIDDEN = "tanh"; OUTPUT = "identity"; LOSS = "squared_error" in' in note


def test_the_command_line_declares_too(checked):
    assert {c.verdict for c in checked(TANH, hidden="tanh").checks} == {"right"}
    assert {c.verdict for c in checked(NO_BIAS, bias=False).checks} == {"right"}
    assert meant(checked(NO_BIAS, bias=True)) == []
    assert meant(checked(TANH, hidden="relu")) == []


def test_known_mistakes_of_a_step_without_biases_are_named(checked):
    file = checked(TWO_SYNAPSES)
    found = {c.stage: (c.verdict, *(n.id for n in c.diagnosis)) for c in file.checks}
    # (y − o) f' added is the step along the gradient; L8 has no ½.
    assert found == {
        "delta2": ("wrong", "times-half"),
        "dV": ("right",),
        "delta1": ("right",),
        "dW": ("right",),
    }
    (note,) = meant(file)
    assert "BIAS = False" in note


def test_a_forgotten_1_is_no_network_without_biases(checked):
    with_one = NO_BIAS.replace("W @ x", "W @ np.append(1, x)").replace("V.T", "V[:, 1:].T")
    file = checked(with_one)
    assert {c.verdict for c in file.checks} & {"wrong", "crashed"}
    assert meant(file) == []
