"""Steps of an E that is none of the known ones: judged from their own ∂E/∂(the output) on."""

import pytest

STEP = """
import numpy as np
X, T = np.random.rand(10, 3), np.random.rand(10, 2)
weights = np.random.rand(10, 1) + 0.5
W, b, V, c = np.random.randn(3, 4), np.ones(4), np.random.randn(4, 2), np.ones(2)
for epoch in range(50):
    z = np.tanh(X @ W + b)
    g = 1 / (1 + np.exp(-(z @ V + c)))
    {stated}
    top = {top}
    low = top @ V.T * (1 - z ** 2)
    V -= 0.1 * z.T @ top; c -= 0.1 * top.sum(0)
    W -= 0.1 * X.T @ low; b -= 0.1 * low.sum(0)
"""
CUBIC = "(g - T) * np.abs(g - T) * g * (1 - g)"  # of Σ |g − y|³ / 3
SIGN = "np.sign(g - T) * g * (1 - g)"
STATED = "print(np.mean((g - T) ** 2))"
HEADS = """
import numpy as np
X, Y, R = np.random.rand(10, 3), np.random.rand(10, 2), np.random.rand(10, 1)
W, A, C = np.random.randn(3, 4), np.random.randn(4, 2), np.random.randn(4, 1)
for epoch in range(50):
    z = np.tanh(X @ W)
    actor = (z @ A - Y) ** 3
    critic = (z @ C - R) ** 5
    low = (actor @ A.T + critic @ C.T) * (1 - z ** 2)
    A -= 0.1 * z.T @ actor
    C -= 0.1 * z.T @ critic
    W -= 0.1 * X.T @ low
"""


def step(top, stated="pass", **edits):
    text = STEP.format(top=top, stated=stated)
    for old, new in edits.get("edits", ()):
        assert text.count(old) == 1
        text = text.replace(old, new)
    return text


def verdicts(file):
    return {check.verdict for check in file.checks}


def ids(file):
    return {note.id for check in file.checks for note in check.diagnosis}


def is_in_full(file):
    return not any("could not be judged" in note.text.en for note in file.remarks)


@pytest.mark.costly
@pytest.mark.parametrize("top", [CUBIC, f"-{CUBIC}", SIGN])
def test_all_behind_the_delta_of_an_unknown_E_is_judged_and_the_delta_is_not(judged, top):
    text = step(top)
    if top.startswith("-"):
        text = text.replace("-= 0.1", "+= 0.1")
    file = judged(text)
    assert verdicts(file) == {"right"}
    assert not is_in_full(file)


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [("(1 - z ** 2)", "(1 - z)", 11), ("top @ V.T", "top @ V.T[::-1]", 11),
     ("X.T @ low", "X.T @ low / 10", 13), ("W -= 0.1", "W += 0.1", 13)],
)  # fmt: skip
def test_what_does_not_follow_from_it_is_wrong(judged, old, new, line):
    file = judged(step(CUBIC, edits=[(old, new)]))
    assert {check.place.line for check in file.checks if check.verdict == "wrong"} == {line}


@pytest.mark.parametrize("weighed", ["weights", "(0.5 + T[:, :1] > 1)"])
def test_weights_of_samples_are_right_and_said(judged, weighed):
    file = judged(step(f"(g - T) * g * (1 - g) * {weighed}"))
    assert verdicts(file) == {"right"}
    assert is_in_full(file)
    assert "weighed" in {note.id for check in file.checks for note in check.remarks}


def test_a_weight_for_each_output_of_a_softmax_is_none(judged):
    softmax = [("g = 1 / (1 + np.exp(-(z @ V + c)))",
                "g = np.exp(z @ V + c); g = g / g.sum(1, keepdims=True)"),
               ("np.random.rand(10, 2)", "np.eye(2)[np.random.randint(2, size=10)]")]  # fmt: skip
    by_sample = judged(step("(g - T) * weights", edits=softmax))
    assert "weighed" in {note.id for check in by_sample.checks for note in check.remarks}
    by_output = judged(step("(g - T) * np.array([0.5, 2.0])", edits=softmax))
    assert verdicts(by_output) != {"right"} or not is_in_full(by_output)


def test_a_known_mistake_in_the_derivative_of_E_is_named_at_its_place(judged):
    file = judged(step("d * g * (1 - g)", "d = -T / g - (1 - T) / (1 - g)"))
    (check,) = [check for check in file.checks if check.verdict == "wrong"]
    assert check.place.line == 9
    assert {note.id for note in check.diagnosis} == {"second-term-sign"}


@pytest.mark.slow
def test_the_derivative_of_another_E_that_goes_up_the_stated_one_is_wrong(judged):
    top = "(np.sqrt(g) - np.sqrt(T)) ** 3"
    assert verdicts(judged(step(top, STATED))) == {"right"}
    assert "wrong" in verdicts(judged(step("T / g - 2", STATED)))


def test_a_network_with_two_outputs_is_never_wrong(judged):
    assert "wrong" not in verdicts(judged(HEADS))
