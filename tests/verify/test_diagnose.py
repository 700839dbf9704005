"""Explanations, and what is said of what has none."""

from dataclasses import replace

import numpy as np
import pytest

from jaxmlp.network import Network
from jaxmlp.verify.derivation import right_quantities
from jaxmlp.verify.diagnose import (
    differs,
    explanations,
    same,
    tolerance,
    unrecognised,
    where_wrong,
    worst_entry,
)
from jaxmlp.verify.mistakes import CATALOGUE
from jaxmlp.verify.points import Sizes, draw_points


@pytest.fixture(scope="module")
def right():
    network = Network("tanh")
    return right_quantities(network, draw_points(network, Sizes()).single())


def made(*ids):
    return [next(m for m in CATALOGUE if m.id == i and m.step == s) for i, s in ids]


def names(found):
    return [{m.id for m in one} for one in found]


def test_the_smallest_explanation_of_all_claims_together(right):
    wrong = right.having(*made(("g-y-exchanged", "delta2")))
    assert names(explanations(right, {"dV": wrong.dV, "dW": wrong.dW}, CATALOGUE)) == [
        {"g-y-exchanged"}
    ]
    assert {"sign"} in names(explanations(right, {"dV": wrong.dV, "dW": right.dW}, CATALOGUE))


def test_two_at_once(right):
    wrong = right.having(*made(("slope-missing", "slope"), ("times-2", "dV")))
    found = explanations(right, {"dV": wrong.dV, "dW": wrong.dW}, CATALOGUE)
    assert {"slope-missing", "times-2"} in names(found)
    assert explanations(right, {"dV": wrong.dV, "dW": wrong.dW}, CATALOGUE, most=1) == []


def test_of_many_explanations_the_last_three_are_named(right):
    (sign,) = made(("sign", "dV"))
    alike = [replace(sign, id=str(k)) for k in range(5)]
    assert names(explanations(right, {"dV": -right.dV}, alike)) == [{"2"}, {"3"}, {"4"}]


def test_what_is_no_known_mistake_has_no_explanation(right):
    assert explanations(right, {"dV": right.dV + 0.1, "dW": right.dW}, CATALOGUE) == []


def test_a_mistake_that_agrees_at_one_point_only_is_no_explanation(right):
    wrong = np.array(right.dV)
    wrong[0] *= -1
    assert explanations(right, {"dV": wrong}, CATALOGUE) == []


@pytest.mark.parametrize(
    ("change", "off"),
    [(1e-12, False), (1e-9, True), (np.nan, True), (np.inf, True)],
)
def test_what_counts_as_different(change, off):
    true = np.ones((2, 3))
    claimed = true.copy()
    claimed[1, 2] += change
    assert differs(claimed, true, tolerance(claimed)).any() == off


def test_equal_infinities_and_nans_are_the_same():
    odd = np.array([[np.inf, -np.inf, np.nan, 1.0]])
    assert same(odd, odd.copy(), 1e-11)
    assert not same(odd, -odd, 1e-11)
    assert not same(np.ones((1, 4)), odd, 1e-11)
    assert not same(odd, np.ones((1, 4)), 1e-11)


def test_tolerance_follows_the_dtype():
    half, single, double = (np.ones(2, t) for t in ("float16", "float32", "float64"))
    assert tolerance(double) < tolerance(single) < tolerance(half)
    assert tolerance(double, single) == tolerance(single)
    assert tolerance(double) <= 1e-11  # an error of 1e-6 in an entry of 1e-3 of the largest


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        (np.s_[:, 0], "only the bias column (column 0) is wrong"),
        (np.s_[:, 1:], "all is wrong but the bias column (column 0)"),
        (np.s_[2], "wrong in row 2 alone"),
        (np.s_[:, [1, 3]], "wrong in columns 1, 3 alone"),
        (np.s_[:], "every entry is wrong"),
    ],
)
def test_where(entries, expected):
    off = np.zeros((5, 4, 6), bool)
    off[3][entries] = True
    assert where_wrong(off, bias=True).en == expected


def test_where_of_scattered_entries():
    assert where_wrong(np.eye(3, dtype=bool)[None], bias=True).en == "3 of 9 entries are wrong"


def test_worst_is_relative_to_its_own_point():
    true = np.array([[1.0, 1.0], [1000.0, 1000.0]])
    claimed = true + np.array([[0.1, 0], [0, 1]])
    assert worst_entry(claimed, true)[0] == pytest.approx(0.1)
    assert worst_entry(claimed, true)[1] == ((0,), 1.0, 1.1)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (lambda t: 3.25 * t, "3.25 times the true value"),
        (lambda t: 0 * t, "It is zero"),
        (
            lambda t: t * np.array([1.0, 2, 3, 4])[:, None],
            "Each row is a multiple of the true one: 1, 2, 3, 4",
        ),
        (
            lambda t: t * np.array([1.0, 2, 3, 4, 5]),
            "Each column is a multiple of the true one: 1, 2, 3, 4, 5",
        ),
        (lambda t: np.full_like(t, np.nan), "not finite"),
        (lambda t: t + 1, "nor two of them together.$"),
        (lambda t: t[:, 1:], r"Its shape is \(3, 5\), where \(4, 5\) belongs"),
    ],
)
def test_what_is_known_of_the_unrecognised(wrong, said, rng):
    import re

    true = rng.normal(size=(6, 4, 5))
    note = unrecognised(wrong(true), true)
    assert re.search(said, note.text.en)
    assert note.id == "unrecognised"
