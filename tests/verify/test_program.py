"""Steps, and mistakes made in them."""

import numpy as np

from jaxmlp.verify.finding import Words
from jaxmlp.verify.program import DerivationProgram, Mistake, Quantities

SUM = DerivationProgram(
    {"double": lambda q: 2 * q.x, "sum": lambda q: q.double + q.y, "other": lambda q: -q.y},
    {"double": ("x",), "sum": ("double", "y"), "other": ("y",)},
    ("x", "y"),
)
WORDS = Words("en", "ja")
TRIPLE = Mistake("triple", "double", lambda q, v: 3 * q.x, WORDS)
MINUS = Mistake("minus", "double", lambda q, v: -v, WORDS, keeps=True)


def right():
    return Quantities(SUM, {"x": np.array([1.0, 2.0]), "y": np.array([10.0, 20.0])})


def test_a_step_is_computed_once_when_it_is_asked_for():
    q = right()
    assert "sum" not in q.known
    assert q.sum.tolist() == [12, 24]
    assert q.sum is q.sum


def test_a_mistake_changes_what_follows_and_nothing_else():
    q = right()
    before, other = q.sum, q.other
    wrong = q.having(TRIPLE)
    assert wrong.sum.tolist() == [13, 26]
    assert wrong.other is other
    assert q.sum is before


def test_two_mistakes_on_one_step_are_made_one_after_the_other():
    assert right().having(TRIPLE, MINUS).double.tolist() == [-3, -6]
    assert right().having(TRIPLE).having(MINUS).double.tolist() == [-3, -6]


def test_what_is_given_is_not_computed_again():
    q = right().given(double=np.array([7.0, 7.0]))
    assert q.sum.tolist() == [17, 27]
    assert q.having(TRIPLE).double.tolist() == [7, 7]


def test_after_and_before():
    assert SUM.after(frozenset({"x"})) == {"x", "double", "sum"}
    assert SUM.before("sum") == {"sum", "double", "x", "y"}
    assert SUM.before("sum", fixed=("double",)) == {"sum", "y"}


def test_the_first_point_alone():
    q = right()
    assert q.sum.shape == (2,)
    assert q.at_first_point().sum.tolist() == [12]
    assert q.having(TRIPLE).at_first_point().sum.tolist() == [13]
