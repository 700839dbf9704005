"""Whether the first line is names."""

import pytest

from jaxmlp.data.header import is_header, is_text, number_in

NUMBER = number_in(".", None)


def rows(text: str) -> list[list[str]]:
    return [line.split(",") for line in text.split()]


@pytest.mark.parametrize(
    ("text", "header"),
    [
        ("a,b 1,2 3,4", True),
        ("a,b,kind 1,2,dog 3,4,cat", True),
        (",a,b 0,1,2 1,3,4", True),
        ("0,1,2 0.5,1.5,2.5 1.5,2.5,3.5", True),
        ("2019,2020,2021 0.5,1.5,2.5", True),
        ("country,2019,2020 Chad,1.5,2.5 Mali,0.5,3.5", True),
        (",0,1,2,3 0,5,0,9,1 1,3,0,2,1", True),
        ("0,1,target 1,2,0 3,4,1", True),
        ("0,1,2,3 5,3,0,1 1,0,0,2", True),
        ("5,kind 0.5,dog 1.5,cat 2.5,dog 3.5,dog", True),
        ("colour,kind" + " red,dog blue,cat" * 3, True),
        ("a,b,code 1,2,3+ 3,4,0", True),
        ("a,b", True),
        ("1,2,dog 3,4,cat 5,6,dog", False),
        ("0.5,1 1.5,2", False),
        ("1,0.126,-0.132 2,0.105,-0.536 3,1.304,0.947", False),
        ("5,0,0,1 0,0,0,2", False),
        ("5,3,1,0 4,2,7,1 3,3,3,3", False),
        ("red,dog blue,cat red,dog", False),
        ("1,2,3", False),
        ("1,2,3 4,5,6", None),
        ("red,dog blue,cat", None),
        ("colour,kind red,dog blue,cat red,dog blue,cat", None),
        ("x,2,0 3,4,1 5,6,0", None),
        ("x,0.5 3,4 5,6", None),
    ],
)
def test_the_rule(text, header):
    assert is_header(rows(text), NUMBER) is header


@pytest.mark.parametrize(
    ("cells", "text"),
    [
        ("1 2 3", False),
        ("dog cat dog", True),
        ("1 NA ? 3", False),
        ("NA ?", False),
        ("0.5 1.5 2.5 x", False),
        ("0 1 2 3+ 0 1 2 3+", True),
        ("1,5 2,5 3,5", False),
        ("True False True", True),
    ],
)
def test_columns_of_words(cells, text):
    assert is_text(cells.split(), NUMBER) is text


@pytest.mark.parametrize("cell", ["1", "-1.5", ".5", "1.", "+1e-5", "inf", "-Infinity", "007"])
def test_numbers(cell):
    assert NUMBER(cell)


@pytest.mark.parametrize("cell", ["", "1_2", "1,5", "x", "1e", "--1", "１", "nan", "0x1", "1 2"])
def test_what_is_no_number(cell):
    assert not NUMBER(cell)


def test_other_points():
    assert number_in(",", ".")("1.234,5")
    assert not number_in(",", None)("1.5")
