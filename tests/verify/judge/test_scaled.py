"""Slopes that are a multiple of f'(u), which give the layers below another factor."""

import pytest

STEP = """
import numpy as np
X, T = np.random.randn(40, 5), np.random.randn(40, 2)
W, V, U = np.random.randn(5, 4), np.random.randn(4, 3), np.random.randn(3, 2)
b, c = np.random.randn(4), np.random.randn(3)
def f(u):
    return {f}
for epoch in range(9):
    z1 = f(X @ W + b)
    z2 = f(z1 @ V + c)
    delta3 = z2 @ U - T
    delta2 = (delta3 @ U.T) * ({slope2})
    delta1 = (delta2 @ V.T) * ({slope1})
    U -= 0.01 * z2.T @ delta3
    V -= 0.01 * z1.T @ delta2
    W -= 0.01 * X.T @ delta1
    c -= 0.01 * delta2.sum(axis=0)
    b -= 0.01 * delta1.sum(axis=0)
"""
HALF = "(1 - np.exp(-u)) / (1 + np.exp(-u))"  # tanh(u/2)
BASE_2 = "1 / (1 + np.exp2(-u))"


def step(f, slope):
    return STEP.format(f=f, slope2=slope.replace("z", "z2"), slope1=slope.replace("z", "z1"))


def wrong(file):
    return [check for check in file.checks if check.verdict == "wrong"]


@pytest.mark.parametrize(
    ("f", "slope", "times"),
    [
        (HALF, "1 - z**2", "2 times"),
        (HALF, "(1 - z) * (1 + z)", "2 times"),
        (BASE_2, "z * (1 - z)", "1.443 times"),
    ],
)
def test_a_slope_that_lacks_a_factor_is_wrong_where_it_comes_in(judged, f, slope, times):
    checks = wrong(judged(step(f, slope)))
    assert {note.id for check in checks for note in check.diagnosis} == {"slope-scaled"}
    assert all(times in check.diagnosis[0].text.en for check in checks)
    assert {check.place.line for check in checks} == {12, 13}  # of either layer
    spoiled = {check.stage for check in checks}
    assert spoiled == {"∂E/∂V", "∂E/∂W", "∂E/∂b", "∂E/∂c"}  # and not that above


@pytest.mark.parametrize(
    ("f", "slope"),
    [
        (HALF, "(1 - z**2) / 2"),
        (HALF, "(1 - z) * (1 + z) / 2"),
        (HALF, "0.5 * (1 - z) * (1 + z)"),
        (BASE_2, "np.log(2) * z * (1 - z)"),
        ("np.tanh(u)", "1 - z**2"),
        ("1.7159 * np.tanh(2 * u / 3)", "2 / 3 * (1.7159 - z**2 / 1.7159)"),
    ],
)
def test_a_slope_with_its_factor_is_right(judged, f, slope):
    assert {check.verdict for check in judged(step(f, slope)).checks} == {"right"}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("(delta2 @ V.T)", "0.7 * (delta2 @ V.T)"),
        ("((1 - z1) * (1 + z1) / 2)", "(1 - z1) * (1 + z1)\n    delta1 *= 0.5"),
        ("W -= 0.01 * X.T @ delta1", "W -= 0.03 * X.T @ delta1"),
    ],
)
def test_a_number_that_the_program_multiplies_by_may_be_a_step_size(judged, old, new):
    text = step(HALF, "(1 - z) * (1 + z) / 2")
    assert old in text
    file = judged(text.replace(old, new))
    assert {check.verdict for check in file.checks} == {"right"}


@pytest.mark.parametrize(
    ("old", "new", "spoiled"),
    [
        ("W -= 0.01", "W += 0.01", {"∂E/∂W"}),
        ("b -= 0.01 * delta1", "b -= 0.00 * delta1", {"∂E/∂b"}),
        ("U -= 0.01", "U += 0.01", {"∂E/∂U"}),
    ],
)
def test_what_else_is_wrong_beside_a_right_slope_is_told(judged, old, new, spoiled):
    text = step(HALF, "(1 - z) * (1 + z) / 2")
    assert old in text
    checks = wrong(judged(text.replace(old, new)))
    assert {check.stage for check in checks} == spoiled
    assert "slope-scaled" not in {note.id for check in checks for note in check.diagnosis}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("0.02", "0.01"), ("0.005", "0.01"), ("rates[1]", "rates[0]"), ("0.5", "0.25"),
        ("2 * rates[0]", "2 * rates[1]"), ("1.0", "0.5"),
    ],
)  # fmt: skip
def test_a_layer_may_have_twice_the_step_size_of_another_or_half_of_it(judged, one, other):
    text = "rates = [0.01, 0.02]\n" + step("np.tanh(u)", "1 - z**2")
    assert "V -= 0.01" in text
    text = text.replace("V -= 0.01", f"V -= {one}").replace("-= 0.01", f"-= {other}")
    assert {check.verdict for check in judged(text).checks} == {"right"}


@pytest.mark.parametrize(
    "rate",
    [
        "eta * 2", "2 * eta", "eta / 2", "0.5 * eta", "eta * (2 / m)", "2 / m * eta", "(eta + eta)",
        "eta * 2**1", "TWO * eta",
    ],
)  # fmt: skip
def test_twice_the_step_size_of_the_others_is_told(judged, rate):
    text = step("np.tanh(u)", "1 - z**2").replace("0.01", "eta")
    of_all = " / m" if "m" in rate else ""
    text = text.replace("-= eta", f"-= eta{of_all}").replace(f"V -= eta{of_all}", f"V -= {rate}")
    twice = "eta, m, TWO = 0.01, 40, 2\n" + text
    assert "∂E/∂V" in {check.stage for check in wrong(judged(twice))}


@pytest.mark.parametrize("twice", ["2 * ", "(2 / m) * ", "0.5 * "])
def test_twice_the_gradient_of_the_others_is_told_on_a_line_of_its_own(judged, twice):
    once = "(1 / m) * " if "m" in twice else ""
    text = step("np.tanh(u)", "1 - z**2").replace("0.01 * ", f"0.01 * {once}")
    text = text.replace(
        f"V -= 0.01 * {once}z1.T @ delta2", f"gV = {twice}z1.T @ delta2\n    V -= 0.01 * gV"
    )
    assert "gV" in text
    assert "∂E/∂V" in {check.stage for check in wrong(judged("m = 40\n" + text))}


def test_inverted_dropout_is_told_where_its_factor_is_missing_on_the_way_back(judged):
    right = """
import numpy as np
def mask(z):
    kept = np.random.permutation(np.arange(z.size) < round(0.8 * z.size))
    return kept.reshape(z.shape) / 0.8
def f(u):
    return 0.5 * np.maximum(u, 0)
def slope(z):
    return 0.5 * (z > 0)
def train(W, V, U, w, v, u, X, T):
    for x, t in zip(X, T):
        x = x.reshape(-1, 1)
        z1 = f(W @ x)
        m1 = mask(z1)
        z1 = z1 * m1
        z2 = f(V @ z1)
        m2 = mask(z2)
        z2 = z2 * m2
        delta3 = t.reshape(-1, 1) - U @ z2
        delta2 = (slope(z2) * m2) * (U.T @ delta3)
        delta1 = (slope(z1) * m1) * (V.T @ delta2)
        u = 0.9 * u + (0.01 * delta3) @ z2.T
        U = U + u
        v = 0.9 * v + (0.01 * delta2) @ z1.T
        V = V + v
        w = 0.9 * w + (0.01 * delta1) @ x.T
        W = W + w
    return W, V, U, w, v, u
"""
    of_loop = lambda file: [check for check in file.checks if check.stage.startswith("∂")]  # noqa: E731
    assert {check.verdict for check in of_loop(judged(right))} == {"right"}
    text = right.replace("(slope(z1) * m1)", "slope(z1)").replace("(slope(z2) * m2)", "slope(z2)")
    checks = [check for check in of_loop(judged(text)) if check.verdict == "wrong"]
    assert {(check.stage, check.place.line) for check in checks} == {("∂E/∂V", 20), ("∂E/∂W", 21)}
    assert {note.id for check in checks for note in check.diagnosis} == {"slope-scaled"}
    assert all("0.8 times" in check.diagnosis[0].text.en for check in checks)
