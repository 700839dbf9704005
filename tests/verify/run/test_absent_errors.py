"""Error functions that are not there: of a module, or an argument; by their names."""

import pytest

from jaxmlp.verify.homework import verify_file

PROGRAM = """
import numpy as np
{imports}

class Network:
    def __init__(self, d, q, m{more}):
        self.W, self.V = np.random.randn(d, q), np.random.randn(q, m)
        {kept}

    def train(self, X, Y, eta=0.1, epochs=10):
        for _ in range(epochs):
            z = np.tanh(X @ self.W)
            g = {output}
            loss = {value}
            delta2 = {slope}
            delta1 = delta2 @ self.V.T * (1 - z * z)
            self.V -= eta * z.T @ delta2
            self.W -= eta * X.T @ delta1
"""
LINEAR = "z @ self.V"
WAYS = {
    "two functions of a module": (
        "from losses import mse, mse_prime", "", "pass", LINEAR, "mse(Y, g)", "mse_prime(Y, g)"),
    "the output first": (
        "import losses", "", "pass", LINEAR, "0", "losses.squared_error_gradient(g, Y)"),
    "a name in front": (
        "from losses import d_mse", "", "pass", LINEAR, "0", "d_mse(Y, g)"),
    "both at once": (
        "from losses import cost", "", "pass", LINEAR, "0; loss, d = cost(g, Y)", "d"),
    "two arguments": (
        "", ", loss, loss_prime", "self.loss, self.loss_prime = loss, loss_prime", LINEAR,
        "self.loss(Y, g)", "self.loss_prime(Y, g)"),
    "a flag": (
        "from utils import cost", "", "pass", LINEAR, "cost(Y, g)", "cost(Y, g, derivative=True)"),
    "a class": (
        "from loss import MSELoss", "", "self.loss = MSELoss()", LINEAR,
        "self.loss.forward(g, Y)", "self.loss.backward()"),
    "by a": (
        "from loss import softmax, cross_entropy_grad", "", "pass", "softmax(z @ self.V)", "0",
        "cross_entropy_grad(g, Y)"),
    "by g, of a sigmoid": (
        "from loss import bce_prime, sigmoid", "", "pass", "sigmoid(z @ self.V)", "0",
        "bce_prime(Y, g) * g * (1 - g)"),
}  # fmt: skip


def checks_of(tmp_path, text):
    path = tmp_path / "net.py"
    path.write_text(text)
    return verify_file(path).checks


def program(way):
    names = ("imports", "more", "kept", "output", "value", "slope")
    return PROGRAM.format(**dict(zip(names, WAYS[way], strict=True)))


@pytest.mark.parametrize("way", WAYS)
def test_what_follows_from_its_slope_is_right(tmp_path, way):
    checks = checks_of(tmp_path, program(way))
    assert {check.verdict for check in checks} == {"right"}
    assert {"dV", "dW"} <= {check.stage for check in checks}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(("right", "wrong", "told"), [
    (" * (1 - z * z)", "", "slope-missing"),
    ("self.W -=", "self.W +=", "ascent"),
])  # fmt: skip
def test_a_mistake_behind_it_is_told_at_its_line(tmp_path, way, right, wrong, told):
    text = program(way).replace(right, wrong)
    bad = [check for check in checks_of(tmp_path, text) if check.verdict == "wrong"]
    (line,) = (
        n for n, said in enumerate(text.split("\n"), 1) if said != program(way).split("\n")[n - 1]
    )
    assert {check.diagnosis[0].id for check in bad} == {told}
    assert {check.place.line for check in bad} == {line}


def test_another_function_of_the_module_is_no_slope_of_e(tmp_path):
    text = program("two functions of a module")
    penalised = text.replace("mse_prime\n", "mse_prime, l2_loss_grad\n", 1)
    penalised = penalised.replace("z.T @ delta2", "(z.T @ delta2 + l2_loss_grad(self.V))")
    assert penalised.count("l2_loss_grad") == 2
    assert not [check for check in checks_of(tmp_path, penalised) if check.stage in ("dV", "dW")]


def test_that_squares_are_stated_is_said_where_a_step_goes_down_another_e(tmp_path):
    text = PROGRAM.format(
        imports="from losses import mse_prime, sigmoid", more="", kept="pass",
        output="sigmoid(z @ self.V)", value="0", slope="mse_prime(Y, g)",
    )  # fmt: skip
    remarks = {note.id for check in checks_of(tmp_path, text) for note in check.remarks}
    assert "other-error-stated" in remarks


def test_a_slope_of_a_softmax_that_is_not_there_is_a_factor_too_many(tmp_path):
    right = PROGRAM.format(
        imports="from utils import softmax", more="", kept="pass", output="softmax(z @ self.V)",
        value="0", slope="g - Y",
    )  # fmt: skip
    assert {check.verdict for check in checks_of(tmp_path, right)} == {"right"}
    text = right.replace("= g - Y", "= (g - Y) * softmax(z @ self.V, derivative=True)")
    (wrong,) = (check for check in checks_of(tmp_path, text) if check.verdict == "wrong")
    assert wrong.diagnosis[0].id == "output-slope-extra"


NOTEBOOK = """
import numpy as np

def softmax(a):
    e = np.exp(a - a.max(axis=0))
    return e / e.sum(axis=0)

def backward(W, V, X, Y):
    z = np.tanh(W @ X)
    g = softmax(V @ z)
    delta = (g - one_hot_converter(Y)) / 3
    return delta @ z.T, (V.T @ delta * (1 - z * z)) @ X.T

def train(X, Y, eta):
    W, V = initialize_parameters()
    for i in range(10):
        dV, dW = backward(W, V, X, Y)
        W = W - eta * dW
        V = V - eta * dV
        print(get_accuracy(get_predictions(V @ np.tanh(W @ X)), Y))
"""


def test_functions_that_nothing_defines_give_data(tmp_path):
    checks = checks_of(tmp_path, NOTEBOOK)
    assert {check.verdict for check in checks} == {"right"}
    assert any(check.name == "training loop" for check in checks)
    wrong = checks_of(tmp_path, NOTEBOOK.replace("V.T @ delta *", "V.T @ delta +"))
    assert "wrong" in {check.verdict for check in wrong}


def test_one_that_gets_what_the_network_computes_is_not_guessed(tmp_path):
    checks = checks_of(tmp_path, NOTEBOOK.replace("delta @ z.T,", "clean_up(delta) @ z.T,"))
    assert not [check for check in checks if check.stage in ("dV", "dW")]
