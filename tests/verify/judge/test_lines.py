"""What is said of the lines of a step: by words, by finite differences, and of wrong ones nothing."""

import re
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jaxmlp.verify.homework import verify_file
from jaxmlp.verify.judge.lines import times


@pytest.fixture
def said(tmp_path):
    """A file's lines that something is said of: {number: (words, stages, verdict)}."""

    def of(text: str, lang: str = "en") -> dict[int, tuple]:
        path = tmp_path / "homework.py"
        path.write_text(text, encoding="utf-8")
        lines = [line for check in verify_file(path).checks for line in check.lines]
        assert all(text.split("\n")[line.number - 1] == line.text for line in lines)
        return {
            line.number: (line.says and getattr(line.says, lang), line.stages, line.verdict)
            for line in lines
            if line.says or line.verdict
        }

    return of


DATA = """import numpy as np
rng = np.random.default_rng(1)
X, T = rng.normal(size=(7, 5)), rng.normal(size=(7, 2))
P, Q = rng.normal(size=(5, 3)), rng.normal(size=(3, 2))
"""
TWO = (
    DATA
    + """for t in range(3):
    u = X @ P
    z = np.tanh(u)
    g = z @ Q
    loss = ((g - T) ** 2).sum() / 2
    top = g - T
    low = (top @ Q.T) * (1 - z ** 2)
    Q -= 0.1 * z.T @ top
    P -= 0.1 * X.T @ low
"""
)


def test_two_layers_have_the_symbols_and_the_equations_of_the_lecture(said):
    assert said(TWO) == {
        6: ("u", (), ""),
        7: ("z = f(u)", (), ""),
        8: ("the output g", (), ""),
        9: ("E", (), ""),
        10: ("= δ2 = ∂E/∂g", ("delta2",), "right"),
        11: ("= δ1 = ∂E/∂u", ("delta1",), "right"),
        12: ("Q ← Q − 0.1 ∂E/∂Q", ("dV",), "right"),
        13: ("P ← P − 0.1 ∂E/∂P", ("dW",), "right"),
    }


def test_without_an_error_of_its_own_a_file_has_the_known_one(said):
    found = said(TWO.replace("    loss = ((g - T) ** 2).sum() / 2\n", ""))
    assert found[9][0] == "= ½ δ2 = ½ ∂E/∂g"
    assert found[11][0] == "Q ← Q − 0.05 ∂E/∂Q"


def test_what_is_said_is_true_by_finite_differences(said):
    """Each '= c ∂E/∂(a name)' is compared with differences of the same program in plain NumPy."""
    text = TWO.replace("top = g - T", "top = 3 * (T - g)").replace("-= 0.1", "+= 0.1")
    told = {n: words for n, (words, *_) in said(text).items() if words and "= −" in words}
    assert set(told) == {10, 11}
    before, body = text.split("for t in range(3):\n")
    lines = [line.strip() for line in body.splitlines()]

    def loss(name: str, moved: np.ndarray | float) -> float:
        names: dict = {}
        exec(before, names)
        for line in lines[:4]:
            exec(line, names)
            if line.startswith(f"{name} ="):
                names[name] = names[name] + moved
        return float(names["loss"])

    names: dict = {}
    exec(before + "\n".join(lines[:6]), names)
    for number, words in told.items():
        factor, of = re.fullmatch(r"= −(\d) δ\d = −\1 ∂E/∂(\w)", words).groups()
        mine = names[lines[number - 6].split()[0]]
        step = np.zeros_like(mine)
        step[2, 1] = 1e-5
        slope = (loss(of, step) - loss(of, -step)) / 2e-5
        assert np.isclose(mine[2, 1], -int(factor) * slope, rtol=1e-6)


def test_nothing_is_said_of_a_wrong_value_and_of_others_that_they_are_made_of_it(said):
    found = said(TWO.replace("(1 - z ** 2)", "(1 + z ** 2)"))
    assert found[10] == ("= δ2 = ∂E/∂g", ("delta2",), "right")
    assert found[11] == (None, (), "wrong")
    assert found[12][2] == "right"
    assert found[13] == ("from the wrong value of line 11", (), "follows")


def test_a_step_uphill_is_said_with_its_sign(said):
    found = said(TWO.replace("Q -= 0.1", "Q += 0.1"))
    assert found[12] == ("Q ← Q + 0.1 ∂E/∂Q", ("dV",), "wrong")


def test_a_step_size_that_is_not_there_is_called_eta(said):
    text = TWO.replace("0.1", "rate")
    assert said(text)[12][0] == "Q ← Q − η ∂E/∂Q"


def test_the_japanese_says_the_same(said):
    found = said(TWO.replace("(1 - z ** 2)", "(1 + z ** 2)"), "ja")
    assert found[8][0] == "出力 g"
    assert found[13][0] == "11 行目の誤った値から計算"


EXERCISE = """import numpy as np
x_all = np.linspace(0.1, 1, 35).reshape(7, 5) ** 3
y_all = np.eye(3)[[0, 2, 1, 1, 0, 2, 2]]
W = np.sin(np.arange(24.0)).reshape(4, 6)
V = np.cos(np.arange(15.0)).reshape(3, 5)
def softmax(a):
    e = np.exp(a - a.max())
    return e / e.sum()
def forward(x, W):
    u = W @ x
    return np.append(1, np.maximum(u, 0)), (u > 0) * 1.0
def back(V, delta, slope):
    return (V.T @ delta) * slope
for x, y in zip(x_all, y_all):
    x = np.append(1, x)
    z, slope = forward(x, W)
    g = softmax(V @ z)
    d2 = g - y
    d1 = back(V[:, 1:], d2, slope)
    V = V - 0.2 * np.outer(d2, z)
    W = W - 0.2 * np.outer(d1, x)
"""


def test_what_a_function_gives_is_said_where_it_is_called(said):
    found = said(EXERCISE)
    assert 8 not in found  # softmax: g is said of its call
    assert found[10][0] == "u"
    assert found[11][0] == "f'(u)"  # its z is said of the call
    assert found[13] == ("= δ1 = ∂E/∂u", ("delta1",), "right")
    assert found[16][0] == "z"
    assert found[17][0] == "the output g"
    assert found[18][0] == "= δ2 = ∂E/∂(V @ z)"
    assert found[19] == ("= δ1 = ∂E/∂u", ("delta1",), "right")
    assert found[20][0] == "V ← V − 0.2 ∂E/∂V"


LAYERS = """import numpy as np
rng = np.random.default_rng(2)
X, T = rng.normal(size=(9, 5)), rng.normal(size=(9, 2))
class Layer:
    def __init__(self, a, b):
        self.W = rng.normal(size=(a, b))
    def go(self, x):
        self.x = x
        self.h = np.tanh(x @ self.W)
        return self.h
    def back(self, up):
        low = up * (1 - self.h ** 2)
        self.dW = self.x.T @ low
        return low @ self.W.T
layers = [Layer(5, 4), Layer(4, 3), Layer(3, 2)]
for t in range(4):
    out = X
    for layer in layers:
        out = layer.go(out)
    up = out - T
    for layer in layers[::-1]:
        up = layer.back(up)
    for layer in layers:
        layer.W -= 0.1 * layer.dW
"""


def test_a_line_that_serves_several_layers_is_said_once_in_its_own_words(said):
    found = said(LAYERS)
    assert found[13] == ("= ½ ∂E/∂self.W", (), "right")
    assert found[20] == ("= ½ ∂E/∂out", (), "right")
    assert found[24] == ("layer.W ← layer.W − 0.05 ∂E/∂layer.W", (), "right")
    assert not any(stages for _, stages, _ in found.values())


def test_a_statement_over_several_lines_is_shown_whole(tmp_path):
    path = tmp_path / "homework.py"
    path.write_text(TWO.replace("low = (top @ Q.T)", "low = (top\n           @ Q.T)"))
    (first, *_) = verify_file(path).checks
    shown = {line.number: line for line in first.lines}
    assert shown[11].says.en == "= δ1 = ∂E/∂u"
    assert shown[12].says is None
    assert shown[12].text == "           @ Q.T) * (1 - z ** 2)"


@given(st.fractions(Fraction(1, 99), 99, max_denominator=99), st.sampled_from([1, -1]))
def test_a_factor_reads_as_it_is(size, sign):
    written = times(float(sign * size))
    signs = {"−": -1}
    plain = written.lstrip("−").strip() or "1"
    plain = {"½": "1/2", "⅓": "1/3", "¼": "1/4"}.get(plain, plain)
    assert signs.get(written[:1], 1) * Fraction(plain) == sign * size
