"""The rows of a table in parts, against the table as it was written."""

import io
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jaxmlp.data.stream import Wanted, read_parts

TWO = Wanted(2, 1, ("cat", "dog"))
NAMED = Wanted(2, 1, ("cat", "dog"), ("a", "b"), ("kind",))
DIGITS = Wanted(2, 1, ("0", "1"))
NUMBERS = Wanted(2, 1)


def read(text: str, wanted: Wanted, rows: int = 2, **options):
    """(X, y, the columns left out), of all parts."""
    found = read_parts("pets", io.StringIO(text, newline=""), wanted, rows=rows, **options)
    parts = list(found.parts)
    X = [row for part in parts for row in part.X.tolist()]
    y = [label for part in parts for label in part.y.tolist()] if options.get("labelled") else None
    return X, y, found.left_out


ROWS = "1,2,dog\n3,4,cat\n5,6,dog\n"
X = [[1, 2], [3, 4], [5, 6]]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (ROWS, TWO),
        ("a,b,kind\n" + ROWS, TWO),
        ("a,b,kind\n" + ROWS, NAMED),
        ("kind;x;b;a\ndog;9;2;1\ncat;9;4;3\ndog;9;6;5\n", NAMED),
        (ROWS.replace(",", ";"), TWO),
        (ROWS.replace(",", "\t"), NAMED),
        (ROWS.replace("\n", "\r\n"), TWO),
        ('\n\n"1","2","dog"\n3, 4, cat \n\n5,6,dog', TWO),
        (",a,b,kind\n0,1,2,dog\n1,3,4,cat\n2,5,6,dog\n", TWO),
        (",a,b,kind\n0,1,2,dog\n1,3,4,cat\n2,5,6,dog\n", NAMED),
        ('a,b,"kind\n,of"\n1,2,dog\n3,4,"cat"\n5,6,dog\n', TWO),
        ("0,1,target\n1,2,0\n3,4,1\n5,6,0\n", DIGITS),
        ("0,1,target\n1,2,0\n3,4,1\n5,6,0\n", Wanted(2, 1, ("0", "1"), ("0", "1"))),
        ("1,2,0.0\n3,4,1\n5,6,0\n", DIGITS),
    ],
)
@pytest.mark.parametrize("rows", [1, 2, 50])
def test_samples_and_classes(text, wanted, rows):
    found, y, left_out = read(text, wanted, rows, labelled=True)
    assert found == X
    ones = [1, 0, 1] if "dog" in wanted.classes else [0, 1, 0]
    assert y == ones
    assert not {*left_out} & {"a", "b", "kind"}
    assert read(text, wanted, rows)[:2] == (X, None)


@pytest.mark.parametrize(
    ("text", "wanted", "options", "left_out"),
    [
        ("1,2\n3,4\n5,6\n", TWO, {}, []),
        ("0,1\n1,2\n3,4\n5,6\n", Wanted(2, 1, None, ("0", "1")), {}, []),
        ("a,b\n1,2\n3,4\n5,6\n", NAMED, {}, []),
        (ROWS, TWO, {}, ["column 3"]),
        ("a,b,kind\n" + ROWS, NAMED, {}, ["kind"]),
        ("id,b,kind,a\n7,2,x,1\n7,4,x,3\n7,6,x,5\n", NAMED, {}, ["id", "kind"]),
        ("b,a,c\nx,1,2\nx,3,4\nx,5,6\n", TWO, {"target": "b"}, ["b"]),
        ("1,2,\n3,4,\n5,6,\n", NUMBERS, {}, ["column 3"]),
        ("1,2,NA\n3,4,NA\n5,6,7\n", NUMBERS, {}, ["column 3"]),
        ("1,2,cow\n3,4,dog\n5,6,dog\n", TWO, {}, ["column 3"]),
        ("1,2,3,4\n3,4,5,6\n5,6,7,8\n", Wanted(2, 2), {}, ["column 3", "column 4"]),
        (",a,b\n0,1,2\n1,3,4\n2,5,6\n", TWO, {}, [""]),
    ],
)
def test_samples_alone(text, wanted, options, left_out):
    assert read(text, wanted, **options) == (X, None, left_out)


def test_columns_that_have_numbers_for_names():
    """As pandas names those of an array: a header, unless it could be a sample."""
    rows = "1,2,3,4\n5,6,7,8\n"
    four = Wanted(4, 1)
    assert read("0,1,2,3\n" + rows, four)[0] == [[1, 2, 3, 4], [5, 6, 7, 8]]
    assert read("0,1,2,3,target\n" + rows.replace("\n", ",0\n"), four)[0][0] == [1, 2, 3, 4]
    assert read("0,1\n1,2\n", TWO)[0] == [[0, 1], [1, 2]]
    assert read("0,1,target\n1,2,\n", TWO)[0] == [[1, 2]]
    assert read(",0,1,2,3\n0,1,2,3,4\n", four)[0] == [[1, 2, 3, 4]]
    named = Wanted(2, 1, None, ("0", "1"), ("2",))
    assert read("2,1\n3,4\n", named)[0] == [[2, 1], [3, 4]]


def test_targets_that_are_numbers():
    text = "a,b,c,d\n1,2,3,4\n3,4,5,6\n5,6,7,8.5\n"
    assert read(text, Wanted(2, 2), labelled=True)[1] == [[3, 4], [5, 6], [7, 8.5]]
    named = Wanted(2, 2, None, ("a", "b"), ("d", "c"))
    assert read(text, named, labelled=True)[1] == [[4, 3], [6, 5], [8.5, 7]]
    assert read(text, Wanted(2, 2), labelled=True, target="a, b")[0] == [[3, 4], [5, 6], [7, 8.5]]


@given(
    st.integers(1, 4).flatmap(lambda d: st.lists(st.lists(st.floats(-1e300, 1e300), min_size=d, max_size=d), min_size=1, max_size=9)),
    st.sampled_from(",;\t"), st.sampled_from(["{!r}", '"{!r}"', " {!r} "]), st.booleans(), st.integers(1, 10),
)  # fmt: skip
def test_any_numbers_come_back_in_any_parts(rows, separator, cell, header, size):
    lines = [separator.join(map(cell.format, row)) for row in rows]
    names = [separator.join(f"x{k}" for k in range(len(rows[0])))] if header else []
    text = "\n".join([*names, *lines])
    assert read(text, Wanted(len(rows[0]), 1), size)[0] == rows


@pytest.mark.parametrize(
    ("text", "wanted", "options", "line"),
    [
        ("", TWO, {}, "pets: expected rows of numbers, got an empty file"),
        ("\n ,\n", TWO, {}, "got an empty file"),
        ("1,2\n3\n", TWO, {}, "pets, line 2: expected 2 columns as in the first row, got 1"),
        ("1,2\n3,4\n5,6,7\n", TWO, {}, "line 3: expected 2 columns"),
        ("a,b\n1,2\n\n3,x\n", TWO, {}, "pets, line 4, column 2: expected a finite number, got 'x'"),
        ("1,2\n3,nan\n", TWO, {}, "line 2, column 2: expected a finite number, got 'nan'"),
        ("1,2\n3,4\n5,1e999\n", TWO, {}, "line 3, column 2: expected a finite number, got '1e999'"),
        ("1,2\n3,\n", TWO, {}, "line 2, column 2: expected a finite number, got ''"),
        ("1,x\n3,4\n", NUMBERS, {}, "line 1, column 2: expected a finite number, got 'x'"),
        (",2\n3,4\n", NUMBERS, {}, "line 1, column 1: expected a finite number, got ''"),
        ("1\n2\n", TWO, {}, "pets: expected 2 columns, or 3 with the target, got 1"),
        ("1,2,3,4\n", TWO, {}, "expected 2 columns, or 3 with the target, got 4"),
        ("a,b,c,d\n1,2,3,4\n", TWO, {"target": "d"}, "expected 2 columns, got 3"),
        ("a,c,kind\n" + ROWS, NAMED, {}, "expected the network's columns, each once, got a header without b"),
        ("a,b,b\n1,2,3\n", NAMED, {}, "got a header without b"),
        (ROWS, TWO, {"target": "kind"}, "expected a header with the target 'kind', got none"),
        ("a,b,c\n" + ROWS, TWO, {"target": "kind"}, "expected one column 'kind', got a, b, c"),
        ("1,2\n3,4\n", TWO, {"labelled": True}, "expected 1 column of targets beside the samples, got 0"),
        ("x,b,kind,a\n9,2,dog,1\n", Wanted(2, 1, ("dog", "cat"), ("a", "b")), {"labelled": True}, "expected 1 column of targets beside the samples, got 2"),
        ("1,2,dog\n3,4,cow\n", TWO, {"labelled": True}, "pets, line 2: expected one of the network's classes, cat, dog, got 'cow'"),
        ("1,2,cow\n3,4,dog\n", TWO, {"labelled": True}, "line 1: expected one of the network's classes"),
        ("1,2,dog\n3,4,\n", TWO, {"labelled": True}, "line 2: expected one of the network's classes, cat, dog, got ''"),
        ("1,2,3\n3,4,x\n", NUMBERS, {"labelled": True}, "line 2, column 3: expected a finite number, got 'x'"),
        ('1,2\n"3' + "x" * 200_000 + '",4\n', TWO, {}, "pets, line 2: not a CSV file: field larger than field limit"),
        ('1,2\n"3,4\n5,6\n7,8\n', TWO, {}, "line 4: expected 2 columns"),
    ],
)  # fmt: skip
def test_bad_tables_are_refused(text, wanted, options, line):
    with pytest.raises(ValueError, match=re.escape(line)):
        read(text, wanted, **options)


def test_what_is_good_is_read_before_what_is_bad():
    found = read_parts("pets", io.StringIO("1,2\n3,4\n5,6\n7,x\n"), TWO, rows=2)
    assert next(found.parts).X.tolist() == [[1, 2], [3, 4]]
    with pytest.raises(ValueError, match="line 4, column 2"):
        next(found.parts)


def test_no_more_is_read_than_a_part_needs():
    """A table has no end: what is asked for comes all the same."""

    class Endless(io.StringIO):
        def __next__(self):
            return "1,2\n"

    found = read_parts("pets", Endless(), TWO, rows=3)
    assert next(found.parts).X.shape == next(found.parts).X.shape == (3, 2)


def test_plain_numbers_are_read_by_numpy(monkeypatch):
    """And only what it cannot take, cell by cell."""
    monkeypatch.setattr("jaxmlp.data.stream.numbers", lambda *_: np.full((1, 2), 7.0))
    assert read("1,2\n3,4\n\n5,6\n", TWO, 2)[0] == [[1, 2], [3, 4], [7, 7]]
