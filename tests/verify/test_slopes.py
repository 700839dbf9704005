"""An activation and its derivative as methods of a class: by what they compute, whatever their names."""

import pytest

CLASS = """
import numpy as np
class Activation:
    def __init__(self, alpha=0.3):
        self.alpha = alpha
    def {f}(self, x):
        return {value}
    def {slope}(self, {argument}):
        return {given}
"""
RIGHT = {
    "sigmoid": ("1 / (1 + np.exp(-x))", "self.{f}(x) * (1 - self.{f}(x))"),
    "tanh": ("2 / (1 + np.exp(-2 * x)) - 1", "1 - self.{f}(x) ** 2"),
    "relu": ("np.where(x >= 0, x, 0)", "np.where(x >= 0, 1, 0)"),
    "elu": ("np.where(x > 0, x, self.alpha * (np.exp(x) - 1))",
            "np.where(x > 0, 1.0, self.alpha * np.exp(x))"),
    "softplus": ("np.log(1 + np.exp(x))", "1 / (1 + np.exp(-x))"),
    "identity": ("self.alpha * x", "self.alpha * np.ones_like(x)"),
}  # fmt: skip
NAMES = (("__call__", "gradient"), ("forward", "derivative"), ("fn", "grad"), ("f", "df"))


def written(value, given, f="forward", slope="derivative", argument="x"):
    given = given.replace("{f}", f)
    return CLASS.format(f=f, value=value, slope=slope, argument=argument, given=given)


@pytest.mark.parametrize("names", NAMES)
@pytest.mark.parametrize("of", RIGHT)
def test_a_derivative_is_that_of_its_function(judged, of, names):
    (check,) = judged(written(*RIGHT[of], *names)).checks
    assert (check.stage, check.verdict) == ("derivative", "right")


@pytest.mark.parametrize("of", RIGHT)
def test_another_function_is_none(judged, of):
    value, given = RIGHT[of]
    (check,) = judged(written(value, f"({given}) + 0.1 * x")).checks
    assert check.verdict == "wrong"
    assert check.place.line == 9


def test_a_known_mistake_is_named(judged):
    (check,) = judged(written("np.tanh(x)", "1 - self.{f}(x)")).checks
    assert [note.id for note in check.diagnosis] == ["tanh-slope-square-missing"]


def test_it_may_be_given_what_the_function_gives(judged):
    (check,) = judged(written("np.tanh(x)", "1 - a ** 2", argument="a")).checks
    assert check.verdict == "right"
    assert "takes-output" in {note.id for note in check.remarks}


def test_each_may_call_its_argument_as_it_likes(judged):
    (check,) = judged(written("np.sin(x)", "np.cos(u)", argument="u")).checks
    assert check.verdict == "right"


def test_a_second_derivative_is_not_taken_for_the_first(judged):
    second = "    def grad2(self, x):\n        return -np.sin(x)\n"
    (check,) = judged(written("np.sin(x)", "np.cos(x)", slope="grad") + second).checks
    assert check.verdict == "right"


def test_a_pass_that_goes_back_is_none(judged):
    text = written("2.0 * x", "2.0 * x", slope="backward")
    assert "wrong" not in {check.verdict for check in judged(text).checks}


def test_a_softmax_is_not_taken_entry_by_entry(judged):
    text = written("np.exp(x) / np.sum(np.exp(x))", "self.{f}(x) * (1 - self.{f}(x))")
    assert not judged(text).checks


SEVERAL = """
import numpy as np
class Functions:
    def relu(self, x): return np.maximum(x, 0)
    def sigmoid(self, x): return 1 / (1 + np.exp(-x))
    def tanh(self, x): return np.tanh(x)
    def sigmoid_derivative(self, x): return self.sigmoid(x) * (1 - self.sigmoid(x))
    def relu_prime(self, x): return 1.0 * (x > 0)
    def d_tanh(self, x): return 1 - np.tanh(x) ** 2
"""


def test_several_of_one_class_belong_together_by_their_names(judged):
    checks = judged(SEVERAL).checks
    assert {check.verdict for check in checks} == {"right"}
    assert {check.name for check in checks} == {
        "Functions.sigmoid_derivative", "Functions.relu_prime", "Functions.d_tanh"
    }  # fmt: skip
    (wrong,) = [check for check in judged(SEVERAL.replace("np.tanh(x) ** 2", "np.tanh(x)")).checks
                if check.verdict == "wrong"]  # fmt: skip
    assert (wrong.name, wrong.place.line) == ("Functions.d_tanh", 9)


OTHERS = {
    "no function": "def blur(self, x): return x / 4\n    def gradient(self, x): return np.abs(x)",
    "two functions": "def forward(self, x): return x ** 2\n    def value(self, x): return x ** 3\n"
                     "    def derivative(self, x): return 2 * x",
    "another's": "def sigmoid(self, x): return 1 / (1 + np.exp(-x))\n"
                 "    def tanh_derivative(self, x): return 1 - np.tanh(x) ** 2",
    "an optimiser": "def clip(self, g): return np.minimum(g, 1)\n"
                    "    def normalize_gradient(self, g): return g / 2",
}  # fmt: skip


@pytest.mark.parametrize("name", OTHERS)
def test_what_belongs_to_no_function_is_no_derivative(judged, name):
    text = f"import numpy as np\nclass Thing:\n    {OTHERS[name]}\n"
    assert "derivative" not in {check.stage for check in judged(text).checks}


def test_an_approximation_is_near(judged):
    value = "0.5 * x * (1 + np.tanh(0.7978845608 * (x + 0.044715 * x ** 3)))"
    given = "0.5 * (1 + np.tanh(0.7978845608 * (x + 0.044715 * x ** 3)))"
    (check,) = judged(written(value, f"{given} + x * np.exp(-x ** 2 / 2) / 2.5066282746")).checks
    assert (check.verdict, check.diagnosis[0].id) == ("imprecise", "near-its-derivative")
