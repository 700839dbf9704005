"""CSV files as people and other programs write them, and damaged ones."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jaxmlp.data.table import read_csv


def read_text(folder: Path, text: str | bytes, **options):
    """The data set in a .csv of this text."""
    path = folder / "pets.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_csv(path, **options)


ROWS = "1,2,dog\n3,4,cat\n5,6,dog\n"


@pytest.mark.parametrize(
    "text",
    [ROWS, "a,b,kind\n" + ROWS, ROWS.replace(",", ";"), ROWS.replace(",", "\t"), ROWS.replace("\n", "\r\n"),
     "\ufeffa,b,kind\n" + ROWS, '"1","2","dog"\n3, 4, cat\n\n5,6,dog', ",a,b,kind\n0,1,2,dog\n1,3,4,cat\n2,5,6,dog\n"],
    ids=["bare", "header", "semicolons", "tabs", "CRLF", "mark", "quotes, blanks", "pandas' index"],
)  # fmt: skip
def test_csv_of_classes(text, tmp_path):
    data = read_text(tmp_path, text)
    assert data.X.tolist() == [[1, 2], [3, 4], [5, 6]]
    assert data.classes == ("cat", "dog")
    assert data.y.tolist() == [1, 0, 1]
    assert data.name == "pets"


def test_csv_with_the_target_by_name(tmp_path):
    data = read_text(tmp_path, "kind,a,b\ndog,1,2\ncat,3,4\ndog,5,6\n", target="kind")
    assert data.X.tolist() == [[1, 2], [3, 4], [5, 6]]
    assert data.y.tolist() == [1, 0, 1]


def test_names_of_the_columns_are_kept_if_each_has_its_own(tmp_path):
    data = read_text(tmp_path, ",a,kind,b\n0,1,dog,2\n1,3,cat,4\n", target="kind")
    assert (data.features, data.targets) == (("a", "b"), ("kind",))
    for text in (ROWS, "a,a,kind\n" + ROWS, "a,,kind\n" + ROWS):
        assert read_text(tmp_path, text).features is None
    assert read_text(tmp_path, "a,a,kind\n" + ROWS).targets == ("kind",)
    assert data.rows(slice(1)).features == ("a", "b")


def test_csv_with_several_targets(tmp_path):
    data = read_text(tmp_path, "a,b,c,d\n1,2,3,4\n5,6,7,8\n", target="d, b")
    assert data.X.tolist() == [[1, 3], [5, 7]]
    assert data.y.tolist() == [[4, 2], [8, 6]]
    assert data.classes is None


def test_csv_with_numbers_for_names(tmp_path):
    """As pandas names the columns of an array."""
    data = read_text(tmp_path, "0,1,target\n1,2,0\n3,4,1\n")
    assert data.X.tolist() == [[1, 2], [3, 4]]
    assert data.classes == ("0", "1")


def test_csv_as_excel_saves_it_in_japan(tmp_path):
    data = read_text(tmp_path, "長さ,幅,種類\n1,2,いぬ\n3,4,ねこ\n".encode("cp932"), target="種類")
    assert data.classes == ("いぬ", "ねこ")


def test_csv_of_a_spreadsheet_in_utf_16(tmp_path):
    assert read_text(tmp_path, ROWS.replace(",", "\t").encode("utf-16")).classes == ("cat", "dog")


def test_csv_with_blank_lines_first_and_commas_in_quotes(tmp_path):
    data = read_text(tmp_path, '\n\n"a,b,c,d";"e";kind\n1;2;dog\n3;4;cat\n')
    assert data.X.tolist() == [[1, 2], [3, 4]]


def test_task_is_guessed_from_the_targets_or_told(tmp_path):
    whole = "".join(f"{k},{k % 3}\n" for k in range(60))
    assert read_text(tmp_path, whole).classes == ("0", "1", "2")
    assert read_text(tmp_path, whole.replace(",2", ",2.0")).classes == ("0", "1", "2")
    assert read_text(tmp_path, whole, task="regression").y.shape == (60, 1)
    many = "".join(f"{k},{k}\n" for k in range(60))
    assert read_text(tmp_path, many).classes is None
    assert len(read_text(tmp_path, many, task="classification").classes) == 60
    assert read_text(tmp_path, "1,0.5\n2,1.5\n").classes is None


@given(st.lists(st.lists(st.floats(-1e9, 1e9), min_size=3, max_size=3), min_size=2, max_size=9))
def test_any_numbers_come_back(tmp_path_factory, rows):
    text = "\n".join(",".join(map(repr, row)) for row in rows)
    data = read_text(tmp_path_factory.mktemp("csv"), text, task="regression")
    np.testing.assert_array_equal(np.hstack([data.X, data.y]), rows)


@pytest.mark.parametrize(
    ("text", "options", "line"),
    [
        ("", {}, "got an empty file"),
        ("\n\n", {}, "got an empty file"),
        ("a,b\n", {}, "expected at least two columns"),
        ("1\n2\n", {}, "expected at least two columns"),
        ("1,2,0\n3,4\n", {}, "line 2: expected 3 columns as in the first row, got 2"),
        ("1,2,0\n3,x,1\n", {}, "line 2, column 2: expected a finite number, got 'x'"),
        ("abc,2,0\n3,4,1\n", {}, "line 1, column 1: expected a finite number, got 'abc'"),
        ("1,2,0\n3,,1\n", {}, "line 2, column 2: expected a finite number, got ''"),
        ("1,2,0\n3,nan,1\n", {}, "line 2, column 2: expected a finite number, got 'nan'"),
        ("1,2,0\n3,inf,1\n", {}, "got 'inf'"),
        ("1,2,0\n3,4,dog\n", {}, "line 2, column 3: expected a finite number, got 'dog'"),
        ("a,b\n1,2\n", {"target": "c"}, "expected one column 'c', got a, b"),
        ("1,2,0\n3,4,0\n", {}, "at least two classes, got only '0'"),
        ("a,b,c\n1,2,3\n", {"target": "b,c", "task": "classification"}, "one column, or regression, got 2"),
        ("a,b,c\n1,x,z\n", {"target": "b,c"}, "expected numbers in several targets"),
        ("1,2,dog\n3,4,\n5,6,cat\n", {}, "line 2: expected a target, got an empty cell"),
        ("1,2,dog\n3,4,cat\n", {"target": "dog,dog"}, "expected one column 'dog'"),
        ("1,2,dog\n3,4,cat\n", {"target": "kind"}, "a header with the target 'kind', got none"),
        ("a,b,b\n1,2,0\n3,4,1\n", {"target": "b"}, "expected one column 'b', got a, b, b"),
        ("a,b\n1,café\n2,thé\n".encode("latin1") + b"\xff\xa0", {}, "text in UTF-8 or Shift-JIS"),
        ("a,,kind\n1,x,dog\n3,y,cat\n", {}, "line 2, column 2: expected a finite number, got 'x'"),
    ],
)  # fmt: skip
def test_bad_csv_is_refused(text, options, line, tmp_path):
    with pytest.raises(ValueError, match=f"pets.*{line}"):
        read_text(tmp_path, text, **options)
