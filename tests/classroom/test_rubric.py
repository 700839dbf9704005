"""Points as a person has given them, with the same rubric, to 20 submissions."""

import re

import pytest

from jaxmlp.classroom.grading import Graded
from jaxmlp.classroom.names import Student
from jaxmlp.classroom.rubric import Rubric, awarded_points, read_rubric
from jaxmlp.classroom.submissions import Submission
from jaxmlp.verify.finding import Check, File, Note, Words
from jaxmlp.verify.grading import Options, verified_cells

from .many import BASE, MISTAKES, written

RUBRIC = Rubric({"delta2": 3.0, "dV": 2.0, "delta1": 3.0, "dW": 2.0}, {"softmax": 1.0, "ReLU": 1.0})
WITHOUT_FUNCTIONS = BASE[: BASE.index("def ReLU")] + BASE[BASE.index("for epoch") :]
LOOP = BASE[BASE.index("for epoch") :]
INLINE = (
    WITHOUT_FUNCTIONS.replace("z1, u1_prime = forward(xi, W, ReLU, dReLU)",
                              "u1 = np.dot(W, xi)\n        z1 = np.append(1, np.maximum(u1, 0))")
    .replace("softmax(np.dot(V, z1))", "np.exp(V @ z1) / np.sum(np.exp(V @ z1))")
    .replace("backward(V[:, 1:], delta2, u1_prime)", "np.dot(V[:, 1:].T, delta2) * (u1 > 0)")
)  # fmt: skip
PAIR = """import numpy as np
def backprop(W, V, x, y):
    u = W @ x
    z = np.append(1, np.maximum(u, 0))
    e = np.exp(V @ z)
    delta2 = e / e.sum() - y
    delta1 = V[:, 1:].T @ delta2 * (u > 0)
    return np.outer(delta1, x), np.outer(delta2, z)
"""
# Each read by a person: the points for δ2, ∂E/∂V, δ1, ∂E/∂W, softmax and ReLU. 12 in all.
BY_HAND = {
    **{f"written: {name}": (written(name), 12 - {"delta2": 3, "dV": 2, "delta1": 3, "dW": 2}.get((*lost, "")[0], 0))
       for name, (_, _, lost) in MISTAKES.items()},
    "two mistakes": (written("no slope").replace("y_hat - yi", "yi - y_hat"), 12 - 3 - 3),
    "all in the loop, no slope": (INLINE.replace(" * (u1 > 0)", ""), 10 - 3),
    "softmax overflows": (BASE.replace("np.exp(x - np.max(x))", "np.exp(x)"), 12 - 0.5),
    "all in the loop": (INLINE, 10),
    "a function that gives the pair": (PAIR, 10),
    "the pair, no slope": (PAIR.replace(" * (u > 0)", ""), 10 - 3),
    "the pair, last column": (PAIR.replace("V[:, 1:]", "V[:, :-1]"), 10 - 3),
    "by autodiff": ("import jax, numpy as np\n" + PAIR.replace("delta1 = V[:, 1:].T @ delta2 * (u > 0)",
        "delta1 = jax.grad(lambda u: 0.5 * (u * u).sum())(V[:, 1:].T @ delta2 * (u > 0))"), None),
    "nothing": ("def softmax(x):\n    return\ndef backward(V_tilde, delta, derivative):\n    return\n", 0),
}  # fmt: skip


def judged(text):
    file = verified_cells("hw.py", [text], Options())
    return Graded(Submission(Student("k1")), (file,))


def test_there_are_20():
    assert len(BY_HAND) == 20


@pytest.mark.costly
@pytest.mark.parametrize("name", BY_HAND)
def test_the_points_are_those_by_hand(name):
    text, expected = BY_HAND[name]
    assert awarded_points(judged(text), RUBRIC).total == expected, awarded_points(
        judged(text), RUBRIC
    )


def one(*checks, **kw):
    return Graded(Submission(Student("k1")), (File("hw.py", checks, **kw),))


def wrong(name, stage, what):
    return Check(name, stage, "wrong", diagnosis=(Note(what, Words("", "")),))


def test_a_mistake_costs_once():
    twice = one(wrong("backward", "delta1", "slope-missing"), wrong("loop", "delta1", "slope-missing"),
                wrong("loop", "dW", "slope-missing"))  # fmt: skip
    assert awarded_points(twice, RUBRIC).parts == {
        "delta2": 3, "dV": 0, "delta1": 0, "dW": 2, "softmax": 0, "ReLU": 0}  # fmt: skip
    other = one(wrong("loop", "delta1", "slope-missing"), wrong("loop", "dW", "transposed"))
    assert awarded_points(other, RUBRIC).parts["dW"] == 0


def test_parameters_in_places_of_their_own_share_the_points():
    checks = [Check("Net", f"∂E/∂self.{n}", "right") for n in ("W1", "b1", "W2")]
    assert awarded_points(one(*checks, wrong("Net", "∂E/∂self.b2", "x")), RUBRIC).total == 7.5


def test_what_was_not_judged_has_no_points_at_all():
    assert awarded_points(one(problem=Words("nothing in it", "")), RUBRIC).total is None
    assert awarded_points(one(Check("softmax", "value", "right")), RUBRIC).total is None


def test_a_file(tmp_path):
    path = tmp_path / "rubric.toml"
    path.write_text(
        "[points]\ndelta2 = 3\ndW = 2.5\n[functions]\nsoftmax = 1\n[shares]\nimprecise = 1\n"
    )
    found = read_rubric(path)
    assert (dict(found.points), dict(found.functions)) == ({"delta2": 3, "dW": 2.5}, {"softmax": 1})
    assert (found.most, found.share(Check("softmax", "value", "imprecise"))) == (6.5, 1)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[points]\ndelta3 = 1", "expected delta2, dV, delta1, dW in [points], got 'delta3'"),
        ("[points]\ndV = -1", "expected a number from 0 for 'dV', got -1"),
        ("[points]\ndV = true", "expected a number from 0 for 'dV', got True"),
        ("[points]\ndV = nan", "expected a number from 0 for 'dV', got nan"),
        ("[point]\ndV = 1", "expected [points], [functions], [shares], got 'point'"),
        ("points = 3", "expected a table [points], got 3"),
        ("[functions]\nReLU = 1", "expected [points] with delta2"),
        ("[points]\ndV = 1\n[shares]\nimprecise = 2", "expected shares from 0 to 1"),
        ("[points", "expected TOML in UTF-8"),
    ],
)
def test_no_rubric(text, why, tmp_path):
    (tmp_path / "rubric.toml").write_text(text)
    with pytest.raises(ValueError, match=re.escape(why)):
        read_rubric(tmp_path / "rubric.toml")
