"""Which arrays a pass moves, and the shapes of what is not there."""

import numpy as np
import pytest

from jaxmlp.verify.run.oracle import Oracle
from jaxmlp.verify.run.record import record
from jaxmlp.verify.run.recording import recording_from_data
from jaxmlp.verify.run.recording_numpy import NUMPY
from jaxmlp.verify.run.tape import Tape, record_on
from jaxmlp.verify.run.unknown import Unknown

HEAD = "import numpy as np\n"


def recorded(text: str):
    found = record([HEAD + text], path="<script>", seconds=20.0, seed=0)
    return [recording_from_data(one) for worlds in found["recordings"] for one in worlds]


def moved(text: str) -> set[str]:
    first, *_ = recorded(text)
    return {name for name, _, _ in first.moves}


BODY = """
X = np.random.randn(8, 3); Y = np.random.randn(8, 2); rate = 0.1
A = np.random.randn(3, 4); B = np.random.randn(4, 2)
"""
STEP = """
    Z = np.tanh(X @ {A}); d = Z @ {B} - Y
    gA, gB = X.T @ (d @ {B}.T * (1 - Z ** 2)), Z.T @ d
"""


@pytest.mark.parametrize(
    ("before", "A", "B", "update"),
    [
        ("", "A", "B", "A, B = A - rate * gA, B - rate * gB"),
        ("", "A", "B", "A -= rate * gA; B -= rate * gB; rate *= 0.9; X = X[::-1]; Y = Y[::-1]"),
        (
            "P = {'A': A.copy(), 'B': B.copy()}",
            "P['A']",
            "P['B']",
            "P['A'] -= rate * gA; P['B'] -= rate * gB",
        ),
        ("P = [A, B]", "P[0]", "P[1]", "P = [P[0] - rate * gA, P[1] - rate * gB]"),
        (
            "class N: pass\nn = N(); n.A = A; n.B = B",
            "n.A",
            "n.B",
            "n.A = n.A - rate * gA; n.B = n.B - rate * gB",
        ),
    ],
)
def test_parameters_are_what_a_pass_moves_and_feeds_back(before, A, B, update):
    text = f"{BODY}{before}\nfor t in range(5):{STEP.format(A=A, B=B)}    {update}\n"
    assert {A, B} <= moved(text) <= {A, B, "A", "B"}


def test_what_moves_by_itself_is_no_parameter():
    assert recorded("C = np.zeros(3)\nfor t in range(5):\n    C = C + np.random.randn(3)\n") == []


def test_the_step_is_found_in_a_while_and_inside_a_function():
    text = (
        BODY
        + "def train():\n    global A, B\n    t = 0\n    while t < 5:\n"
        + STEP.format(A="A", B="B").replace("\n    ", "\n        ")
        + "\n        A = A - rate * gA; B = B - rate * gB; t += 1\ntrain()\n"
    )
    assert moved(text) == {"A", "B"}


def test_data_that_are_not_there_get_sizes_that_fit_and_differ():
    first, *_ = recorded(
        "for t in range(5):" + STEP.format(A="A", B="B") + "    A -= r * gA; B -= r * gB\n"
    )
    shapes = {name: first.nodes[old].value.shape for name, old, _ in first.moves}
    assert first.guessed
    assert shapes["A"][1] == shapes["B"][0]
    assert len({*shapes["A"], *shapes["B"]}) == 3


@pytest.mark.parametrize("permuting", [NUMPY.random, NUMPY.random.default_rng(0)])
def test_what_is_permuted_and_not_there_is_a_number_of_samples(permuting):
    record_on(Tape("<s>"))
    n = Unknown("n", Oracle((), {}, 0, ()))
    order = permuting.permutation(n)
    assert sorted(np.asarray(order).tolist()) == list(range(n.as_integer()))
    assert sorted(np.asarray(permuting.permutation(np.array([3.0, 5.0])))) == [3.0, 5.0]


@pytest.mark.slow
def test_a_long_loop_without_a_step_runs_to_its_end():
    (only,) = recorded("M = np.eye(2)\nfor k in range(3000):\n    M = M + 1\nout = M @ M\n")
    assert np.allclose(only.nodes[dict(only.values)["M"]].value, np.eye(2) + 3000)


def test_an_endless_loop_is_left():
    found = record([HEAD + "while True:\n    pass\n"], path="<s>", seconds=0.3, seed=0)
    assert found["recordings"] == []
    assert found["errors"][0][0] == "OutOfTime"


def test_of_a_long_loop_that_trains_nothing_the_rest_is_left_out():
    text = HEAD + "n = 0\nfor k in range(10**9):\n    n += 1\nassert 1000 < n < 10**6\n"
    assert record([text], path="<s>", seconds=60.0, seed=0)["errors"] == []
    often = HEAD + "def f():\n    n = 0\n    for k in range(10):\n        n += 1\n    return n\n"
    often += "assert sum(f() for _ in range(3000)) == 30000\n"
    assert record([often], path="<s>", seconds=60.0, seed=0)["errors"] == []


def test_a_list_of_one_times_a_number_that_is_not_told_has_so_many_entries():
    record_on(Tape("<s>"))
    n = Unknown("n", Oracle((), {}, 0, ()))
    times, other_way = [0.0] * n, n * [0.0]
    assert times == other_way == [0.0] * int(n)
    assert len(times) > 1
