"""What a run is followed by."""

import ast
import time

import pytest

from jaxmlp.verify.run.code import Code
from jaxmlp.verify.run.hooked import Hooked
from jaxmlp.verify.run.left import RunStart
from jaxmlp.verify.run.record import record
from jaxmlp.verify.run.search import Search


@pytest.mark.parametrize(
    ("kind", "expected"),
    [("OutOfTime", {"100", "600"}), ("TapeFull", {"600"}), ("ValueError", set())],
)
def test_fewer_units_are_tried_where_all_are_too_many(kind, expected):
    body = Hooked(numbers=False).visit(ast.parse("hidden = 100\nn = 600\nbatch = 20")).body
    search = Search(Code(body, "<net>", set()), time.monotonic() + 5, 0)
    program = search._run(RunStart(), None)
    program.errors = [(kind, 1, "")]
    found = search._lengths(program, {}, may_be_few=False)
    assert set().union(*found) == expected
    assert search.fewer.keys() == expected


def test_time_that_others_take_does_not_count():
    text = (
        "import time\nimport numpy as np\ntime.sleep(1.5)\nX, Y = np.ones((3, 2)), np.ones((3, 4))\n"
        "W = np.zeros((2, 4))\nfor t in range(9): W -= 0.1 * X.T @ (np.tanh(X @ W) - Y)\n"
    )
    found = record([text], path="<net>", seconds=1.0, seed=0)
    assert [len(world["moves"]) for worlds in found["recordings"] for world in worlds] == [1]
