"""Samples from files, by name and from standard input, in parts."""

import io
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jaxmlp.data.preparation import Column
from jaxmlp.data.samples import Wanted, open_samples
from jaxmlp.data.sources import load_data
from jaxmlp.data.table import Reading

from .test_idx import write_idx

IRIS = Wanted(4, 1, ("virginica", "versicolor", "setosa"))


def read(source: str, wanted: Wanted, rows: int = 7, encoding: str | None = None, **options):
    """(X, y, the source), all parts together."""
    with open_samples(source, wanted, Reading(encoding=encoding), rows=rows, **options) as samples:
        counted, parts = [], []
        for part in samples.parts:
            counted.append(samples.done())
            parts.append(part)
    if samples.total is not None:
        assert counted == sorted(counted)
        assert counted[-1] == samples.total
    X = np.concatenate([part.X for part in parts])
    return (
        X,
        np.concatenate([part.y for part in parts]) if options.get("labelled") else None,
        samples,
    )


def test_by_name_with_the_networks_own_numbers_for_classes():
    data = load_data("iris")
    X, y, samples = read("iris", IRIS, labelled=True)
    np.testing.assert_array_equal(X, data.X)
    np.testing.assert_array_equal(y, 2 - data.y)
    assert (samples.name, samples.total, samples.unit, samples.note) == ("iris", 150, "samples", "")
    assert read("iris", IRIS)[1] is None


def test_numbers_by_name():
    X, y, _ = read("linnerud", Wanted(3, 3), labelled=True)
    data = load_data("linnerud")
    assert (X.tolist(), y.tolist()) == (data.X.tolist(), data.y.tolist())


def test_of_images_the_test_part(tmp_path, rng):
    images, labels = (
        rng.integers(0, 256, (9, 2, 3)).astype(np.uint8),
        np.arange(9, dtype=np.uint8) % 3,
    )
    write_idx(tmp_path, images, labels)
    write_idx(tmp_path, images[:4], labels[:4], part="t10k")
    X, y, samples = read(str(tmp_path), Wanted(6, 1, ("0", "1", "2")), rows=3, labelled=True)
    np.testing.assert_array_equal(X, images[:4].reshape(4, 6))
    assert y.tolist() == [0, 1, 2, 0]
    assert samples.image_shape == (2, 3)
    assert samples.note == f"{tmp_path.name}: its test part"


def test_a_table_counts_its_megabytes(tmp_path):
    (tmp_path / "pets.csv").write_text("1,2,dog\n" * 1000)
    X, _, samples = read(str(tmp_path / "pets.csv"), Wanted(2, 1, ("cat", "dog")))
    assert X.shape == (1000, 2)
    assert (samples.name, samples.total, samples.unit) == ("pets", 0.008, "MB")
    assert samples.note == "columns left out: column 3"


def test_a_table_as_excel_saves_it_in_japan(tmp_path):
    (tmp_path / "pets.csv").write_bytes("長さ,幅,種類\n1,2,いぬ\n3,4,ねこ\n".encode("cp932"))
    wanted = Wanted(2, 1, ("ねこ", "いぬ"), ("幅", "長さ"), ("種類",))
    X, y, _ = read(str(tmp_path / "pets.csv"), wanted, labelled=True, encoding="cp932")
    assert (X.tolist(), y.tolist()) == ([[2, 1], [4, 3]], [1, 0])


def test_standard_input_stays_open(monkeypatch):
    raw = io.BufferedReader(io.BytesIO(b"\xef\xbb\xbf1.5,2\n3,4\n"))
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(raw))
    X, _, samples = read("-", Wanted(2, 1), encoding="utf-8")
    assert (X.tolist(), samples.total) == ([[1.5, 2], [3, 4]], None)
    assert not raw.closed
    monkeypatch.setattr("sys.stdin", None)
    with pytest.raises(ValueError, match="a CSV on standard input, got none"):
        read("-", Wanted(2, 1))


def test_whole_numbers_of_many_values_are_classes_if_the_network_has_such(tmp_path):
    """Where `load_data` alone would take them for a regression's."""
    names = tuple(map(str, range(30)))
    np.savez(tmp_path / "many.npz", X=np.ones((30, 2)), y=np.arange(30))
    assert read(str(tmp_path / "many.npz"), Wanted(2, 1, names), labelled=True)[1].tolist() == [
        *range(30)
    ]


@pytest.mark.parametrize(
    ("source", "wanted", "line"),
    [
        ("iris", Wanted(5, 1, IRIS.classes), "iris: expected samples of 5 numbers, got 4"),
        ("iris", Wanted(4, 1, ("setosa", "virginica")), "iris: expected one of the network's classes, setosa, virginica, got 'versicolor'"),
        ("iris", Wanted(4, 1), "iris: expected numbers for targets, got classes"),
        ("diabetes", IRIS, "diabetes: expected classes for targets, got numbers"),
        ("linnerud", Wanted(3, 2), "linnerud: expected 2 targets, got 3"),
        ("irs", IRIS, "unknown data 'irs'"),
        ("", IRIS, "unknown data ''"),
    ],
)  # fmt: skip
def test_what_the_network_does_not_expect_is_refused(source, wanted, line):
    with pytest.raises(ValueError, match=line):
        read(source, wanted, labelled=True)


TWO = Wanted(2, 1, ("cat", "dog"))
NAMED = Wanted(2, 1, ("cat", "dog"), ("a", "b"), ("kind",))
DIGITS = Wanted(2, 1, ("0", "1"))
NUMBERS = Wanted(2, 1)
FIRST = Wanted(2, 1, ("cat", "dog"), ("column 2", "column 3"), ("column 1",))
ROWS = "1,2,dog\n3,4,cat\n5,6,dog\n"
X = [[1, 2], [3, 4], [5, 6]]


def read_text(text: str, wanted: Wanted, rows: int = 2, labelled: bool = False, **how):
    """(X, y, the columns left out), of all parts of a text on standard input."""
    with pytest.MonkeyPatch.context() as patch:
        raw = io.BufferedReader(io.BytesIO(text.encode()))
        patch.setattr("sys.stdin", io.TextIOWrapper(raw))
        with open_samples("-", wanted, Reading(**how), rows=rows, labelled=labelled) as samples:
            parts = list(samples.parts)
    found = [row for part in parts for row in part.X.tolist()]
    y = [label for part in parts for label in part.y.tolist()] if labelled else None
    out = samples.note.removeprefix("columns left out: ").split(", ") if samples.note else []
    return found, y, out


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (ROWS, TWO),
        ("a,b,kind\n" + ROWS, TWO),
        ("a,b,kind\n" + ROWS, NAMED),
        ("kind;x;b;a\ndog;9;2;1\ncat;9;4;3\ndog;9;6;5\n", NAMED),
        (ROWS.replace(",", ";"), TWO),
        (ROWS.replace(",", "\t"), NAMED),
        ('\n\n"1","2","dog"\n3, 4, cat \n\n5,6,dog', TWO),
        (",a,b,kind\n0,1,2,dog\n1,3,4,cat\n2,5,6,dog\n", TWO),
        (",a,b,kind\n0,1,2,dog\n1,3,4,cat\n2,5,6,dog\n", NAMED),
        ('a,b,"kind\n,of"\n1,2,dog\n3,4,"cat"\n5,6,dog\n', TWO),
        ("0,1,target\n1,2,0\n3,4,1\n5,6,0\n", DIGITS),
        ("0,1,target\n1,2,0\n3,4,1\n5,6,0\n", Wanted(2, 1, ("0", "1"), ("0", "1"))),
        ("dog,1,2\ncat,3,4\ndog,5,6\n", FIRST),
        ("kind,a,b\ndog,1,2\ncat,3,4\ndog,5,6\n", FIRST),
        (
            "a,b,cat,dog\n1,2,0,1\n3,4,1,0\n5,6,0,1\n",
            Wanted(2, 1, ("cat", "dog"), ("a", "b"), ("cat", "dog")),
        ),
        (
            "a,dog,cat,b\n1,1,0,2\n3,0,1,4\n5,1,0,6\n",
            Wanted(2, 1, ("cat", "dog"), ("a", "b"), ("cat", "dog")),
        ),
    ],
)
@pytest.mark.parametrize("rows", [1, 2, 50])
def test_samples_and_classes(text, wanted, rows):
    found, y, left_out = read_text(text, wanted, rows, labelled=True)
    assert found == X
    assert y == ([1, 0, 1] if "dog" in wanted.classes else [0, 1, 0])
    assert not {*left_out} & {"a", "b", "kind"}
    assert read_text(text, wanted, rows)[:2] == (X, None)


@pytest.mark.parametrize(
    ("text", "wanted", "how", "left_out"),
    [
        ("1,2\n3,4\n5,6\n", TWO, {"header": "no"}, []),
        ("0,1\n1,2\n3,4\n5,6\n", Wanted(2, 1, None, ("0", "1")), {}, []),
        ("a,b\n1,2\n3,4\n5,6\n", NAMED, {}, []),
        (ROWS, TWO, {}, ["column 3"]),
        ("id,b,kind,a\n7,2,x,1\n7,4,x,3\n7,6,x,5\n", NAMED, {}, ["id", "kind"]),
        ("b,a,c\nx,1,2\nx,3,4\nx,5,6\n", TWO, {"target": ("b",)}, ["b"]),
        ("b,a,c\nx,1,2\nx,3,4\nx,5,6\n", TWO, {"drop": ("b",)}, ["b"]),
        ("b,a,c\nx,1,2\nx,3,4\nx,5,6\n", TWO, {"id": ("b",)}, []),
        ("1,2,cow\n3,4,dog\n5,6,dog\n", TWO, {"header": "no"}, ["column 3"]),
        ("1,2,3,4\n3,4,5,6\n5,6,7,8\n", Wanted(2, 2), {"header": "no"}, ["column 3", "column 4"]),
        (",a,b\n0,1,2\n1,3,4\n2,5,6\n", TWO, {}, ["the index"]),
    ],
)  # fmt: skip
def test_samples_alone(text, wanted, how, left_out):
    assert read_text(text, wanted, **how) == (X, None, left_out)


def test_words_and_missing_values_are_numbers_and_nan():
    columns = (Column(30.0, True), Column(0.0, False, ("Paris", "Rome")))
    wanted = Wanted(2, 1, None, ("age", "city"), ("price",), columns)
    found, _, _ = read_text("city,age\nRome,22\nOslo,\n,NA\nParis,7\n", wanted)
    np.testing.assert_array_equal(found, [[22, 1], [np.nan, -1], [np.nan, np.nan], [7, 0]])
    line = "line 3, column age: expected a value, got none and 1 more"
    with pytest.raises(ValueError, match=line):
        read_text("city,age\nRome,22\nOslo,\n,NA\nParis,7\n", wanted, 9, missing="error")


def test_targets_that_are_numbers():
    text = "a,b,c,d\n1,2,3,4\n3,4,5,6\n5,6,7,8.5\n"
    assert read_text(text, Wanted(2, 2), labelled=True)[1] == [[3, 4], [5, 6], [7, 8.5]]
    named = Wanted(2, 2, None, ("a", "b"), ("d", "c"))
    assert read_text(text, named, labelled=True)[1] == [[4, 3], [6, 5], [8.5, 7]]
    assert read_text(text, Wanted(2, 2), labelled=True, target=("a", "b"))[0][2] == [7, 8.5]


@given(
    st.integers(1, 4).flatmap(lambda d: st.lists(st.lists(st.floats(-1e300, 1e300), min_size=d, max_size=d), min_size=1, max_size=9)),
    st.sampled_from(",;\t"), st.sampled_from(["{!r}", '"{!r}"', " {!r} "]), st.booleans(), st.integers(1, 10),
)  # fmt: skip
def test_any_numbers_come_back_in_any_parts(rows, separator, cell, header, size):
    lines = [separator.join(map(cell.format, row)) for row in rows]
    names = [separator.join(f"x{k}" for k in range(len(rows[0])))] if header else []
    how = {"header": "yes" if header else "no", "separator": separator}
    assert read_text("\n".join([*names, *lines]), Wanted(len(rows[0]), 1), size, **how)[0] == rows


@pytest.mark.parametrize(
    ("text", "wanted", "how", "line"),
    [
        ("", TWO, {}, "standard input: expected rows of numbers, got an empty file"),
        ("\n \n", TWO, {}, "got an empty file"),
        ("0.5,2\n3\n5,6\n", TWO, {}, "expected 2 cells a line, got line 2: 1"),
        ("a,b\n1,2\n\n3,x\n5,6\n", TWO, {}, "line 4, column b: expected a finite number, got 'x'"),
        ("0.5,2\n3,inf\n", TWO, {}, "line 2, column 2: expected a finite number, got 'inf'"),
        ("0.5,2\n3,nan\n", TWO, {}, "line 2, column 2: expected a value, got none"),
        ("0.5,x\n3,4\n5,7\n5,8\n", NUMBERS, {"header": "no"}, "line 1, column 2: expected a finite number, got 'x'"),
        ("0.5\n2\n", TWO, {}, "expected 2 columns, or 3 with the target, got 1"),
        ("0.5,2,3,4\n", TWO, {}, "expected 2 columns, or 3 with the target, got 4"),
        ("a,b,c,d\n1,2,3,4\n", TWO, {"target": ("d",)}, "expected 2 columns, got 3"),
        ("a,c,kind\n" + ROWS, NAMED, {}, "expected the network's columns, each once, got a header without b"),
        ("a,b,b\n1,2,3\n", NAMED, {}, "got a header without b"),
        (ROWS, TWO, {"target": ("kind",)}, "expected one column 'kind', got column 1, column 2, column 3"),
        ("0.5,2\n3,4\n", TWO, {"labelled": True}, "expected 1 column of targets beside the samples, got 0"),
        ("x,b,kind,a\n9,2,dog,1\n", NAMED._replace(targets=None), {"labelled": True}, "expected 1 column of targets beside the samples, got 2 (--target"),
        (ROWS + "3,4,cow\n", TWO, {"labelled": True}, "line 4, column 3: expected one of the network's classes, cat, dog, got 'cow'"),
        (ROWS + "3,4,\n", TWO, {"labelled": True}, "line 4, column 3: expected one of the network's classes, cat, dog, got ''"),
        ("1,2,3.5\n3,4,x\n", NUMBERS, {"labelled": True}, "line 2, column 3: expected a finite number, got 'x'"),
        ("1,2\n3,4\n", TWO, {}, "the first line (1, 2) may be names or a sample"),
    ],
)  # fmt: skip
def test_bad_tables_are_refused(text, wanted, how, line):
    with pytest.raises(ValueError, match=re.escape(line)):
        read_text(text, wanted, **how)


def test_what_is_good_is_read_before_what_is_bad(monkeypatch):
    text = b"0.5,2\n" * 9 + b"7,x\n"
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BufferedReader(io.BytesIO(text))))
    with open_samples("-", TWO, rows=4) as samples:
        assert [len(next(samples.parts).X) for _ in range(2)] == [4, 4]
        with pytest.raises(ValueError, match="line 10, column 2"):
            next(samples.parts)
