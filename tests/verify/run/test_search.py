"""What a run is followed by."""

import ast
import time

import pytest

from jaxmlp.verify.run.hooked import Hooked
from jaxmlp.verify.run.left import Given
from jaxmlp.verify.run.search import Code, Search


@pytest.mark.parametrize(
    ("kind", "expected"),
    [("OutOfTime", {"100", "600"}), ("TapeFull", {"600"}), ("ValueError", set())],
)
def test_fewer_units_are_tried_where_all_are_too_many(kind, expected):
    body = Hooked(numbers=False).visit(ast.parse("hidden = 100\nn = 600\nbatch = 20")).body
    search = Search(Code(body, "<net>", set()), time.monotonic() + 5, 0)
    program = search._run(Given(), None)
    program.errors = [(kind, 1, "")]
    found = search._lengths(program, {}, may_be_few=False)
    assert set().union(*found) == expected
    assert search.fewer.keys() == expected
