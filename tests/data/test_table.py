"""Tables as people and other programs write them, and damaged ones."""

import bz2
import gzip
import io
import lzma
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.compose import make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.preprocessing import OneHotEncoder

from jaxmlp.data.dataset import split
from jaxmlp.data.table import Reading
from jaxmlp.data.whole import read_table

PACK = {"": bytes, ".gz": gzip.compress, ".bz2": bz2.compress, ".xz": lzma.compress,
        ".zst": lambda raw: pyarrow.Codec("zstd").compress(raw, asbytes=True)}  # fmt: skip


def read_text(folder: Path, text: str | bytes, name: str = "pets.csv", task: str = "auto", **how):
    """The data set in a table of this text."""
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_table(path, Reading(**how), task)


ROWS = "1,2,dog\n3,4,cat\n5,6,dog\n"
NUMBERS = "0.126,-0.132,0.64\n0.105,-0.536,0.362\n1.304,0.947,-0.704\n-1.265,-0.623,0.041\n"


def with_labels(labels, header="a,b,c,kind") -> str:
    """Eight rows of numbers with these labels, in turn, in the last column."""
    rows = (NUMBERS * 2).splitlines()
    lines = [f"{row},{labels[k % len(labels)]}" for k, row in enumerate(rows)]
    return "\n".join([header] * bool(header) + lines) + "\n"


@pytest.mark.parametrize(
    "text",
    ["a,b,kind\n" + ROWS, ROWS.replace(",", ";"), ROWS.replace(",", "\t"), ROWS.replace(",", "|"), ROWS.replace(",", "  "),
     ROWS.replace("\n", "\r\n"), ROWS.replace("\n", "\r"), "\ufeffa,b,kind\n" + ROWS, '"1","2","dog"\n3, 4, cat \n\n5,6,dog',
     ",a,b,kind\n0,1,2,dog\n1,3,4,cat\n2,5,6,dog\n", "sep=;\n" + ROWS.replace(",", ";"), "1,2,dog\n,,\n3,4,cat\n5,6,dog\n\n"],
    ids=["header", "semicolons", "tabs", "bars", "spaces", "CRLF", "CR", "mark", "quotes, blanks", "pandas' index", "sep=", "no cells"],
)  # fmt: skip
def test_text_of_classes(text, tmp_path):
    data = read_text(tmp_path, text)
    assert data.X.tolist() == [[1, 2], [3, 4], [5, 6]]
    assert data.classes == ("cat", "dog")
    assert data.y.tolist() == [1, 0, 1]
    assert data.name == "pets"


@pytest.mark.parametrize("packed", PACK)
@pytest.mark.parametrize("kind", [".csv", ".tsv", ".txt", ".parquet"])
def test_kinds_of_files(kind, packed, tmp_path):
    frame = pd.DataFrame({"a": [1.0, 3, 5], "b": [2, 4, 6], "kind": ["dog", "cat", "dog"]})
    made = io.BytesIO()
    if kind == ".parquet":
        frame.to_parquet(made)
    else:
        frame.to_csv(made, index=False, sep="\t" if kind == ".tsv" else ",")
    data = read_text(tmp_path, PACK[packed](made.getvalue()), f"pets{kind}{packed}")
    assert (data.name, data.features, data.targets) == ("pets", ("a", "b"), ("kind",))
    assert (data.X.tolist(), data.classes) == ([[1, 2], [3, 4], [5, 6]], ("cat", "dog"))


@pytest.mark.parametrize("packed", [".gz", ".bz2", ".xz", ".zst"])
def test_a_file_that_was_cut_is_refused(packed, tmp_path):
    whole = PACK[packed]((ROWS * 999).encode())
    for raw in (b"plain text", whole[: len(whole) // 2]):
        with pytest.raises(ValueError, match="pets.csv.*: a damaged file"):
            read_text(tmp_path, raw, f"pets.csv{packed}")
    with pytest.raises(ValueError, match="pets.parquet: expected rows of a parquet file"):
        read_text(tmp_path, b"PAR1", "pets.parquet")


@pytest.mark.parametrize(
    ("how", "X", "y"),
    [
        ({"target": ("kind",)}, [[1, 2], [3, 4]], ["cat", "dog"]),
        ({"target": ("1",)}, [[1, 2], [3, 4]], ["cat", "dog"]),
        ({"target": ("-3",)}, [[1, 2], [3, 4]], ["cat", "dog"]),
        ({"target": ("price, USD",)}, [[1], [3]], None),
        ({"target": ("price, USD",), "drop": ("a",)}, None, None),
        ({"target": ("kind",), "drop": ("2",)}, [[2], [4]], ["cat", "dog"]),
        ({"target": ("kind",), "id": ("price, USD",)}, [[1], [3]], ["cat", "dog"]),
    ],
)
def test_columns_by_name_and_position(how, X, y, tmp_path):
    text = 'kind,a,"price, USD"\ndog,1,2\ncat,3,4\n'
    if X is None:
        with pytest.raises(ValueError, match="pets.csv: expected at least two columns"):
            read_text(tmp_path, text, **{**how, "id": ("kind",)})
        return
    data = read_text(tmp_path, text, **{"drop": ("kind",)} if y is None else {}, **how)
    assert data.X.tolist() == X
    assert data.classes == (tuple(y) if y else ("2", "4"))


def test_a_name_that_is_asked_for_is_a_headers(tmp_path):
    text = "colour,kind\nred,dog\nblue,cat\n"
    with pytest.raises(ValueError, match="may be names or a sample"):
        read_text(tmp_path, text)
    assert read_text(tmp_path, text, target=("kind",)).classes == ("cat", "dog")


def test_marks_that_cannot_be(tmp_path):
    assert read_text(tmp_path, ROWS.replace(",", "\t"), separator=r"\t").X.shape == (3, 2)
    for how in ({"separator": "ab"}, {"decimal": ""}, {"thousands": "  "}, {"separator": '"'}):
        with pytest.raises(
            ValueError, match=f"expected one character for --{next(iter(how))}, got"
        ):
            Reading(**how)
    with pytest.raises(ValueError, match="expected different characters, got --separator ,, --dec"):
        Reading(separator=",", decimal=",")


def test_several_targets(tmp_path):
    for target in (("d", "b"), ("d, b",), ("4", "2")):
        data = read_text(tmp_path, "a,b,c,d\n1,2,3,4\n5,6,7,8\n", target=target)
        assert data.X.tolist() == [[1, 3], [5, 7]]
        assert data.y.tolist() == [[4, 2], [8, 6]]
        assert (data.classes, data.targets) == (None, ("d", "b"))


def test_one_of_k_is_one_target_or_k_outputs(tmp_path):
    text = "a,b,dog,cat\n1,2,1,0\n3,4,0,1\n5,6,1,0\n"
    data = read_text(tmp_path, text, target=("dog", "cat"))
    assert (data.classes, data.y.tolist(), data.targets) == (
        ("dog", "cat"),
        [0, 1, 0],
        ("dog", "cat"),
    )
    assert "1-of-K" in data.note
    data = read_text(tmp_path, text, target=("dog,cat",), task="regression")
    assert (data.classes, data.y.tolist()) == (None, [[1, 0], [0, 1], [1, 0]])


@pytest.mark.parametrize(
    ("labels", "classes"),
    [
        (["001", "010", "1"], ("001", "1", "010")),
        (["1_2", "12", "3_4"], ("12", "1_2", "3_4")),
        (["0", "1", "2", "3+"], ("0", "1", "2", "3+")),
        (["Bob", "Nan"], ("Bob", "Nan")),
        (["NA", "None", "nan"], ("NA", "None", "nan")),
        (["10", "9"], ("9", "10")),
        (["1.0", "1"], ("1", "1.0")),
    ],
)
def test_labels_are_text_verbatim(labels, classes, tmp_path):
    data = read_text(tmp_path, with_labels(labels), task="classification")
    assert data.classes == classes
    assert [data.classes[k] for k in data.y] == [labels[k % len(labels)] for k in range(8)]
    if "NA" not in labels:
        assert read_text(tmp_path, with_labels(labels)).classes == classes


def test_what_is_classification_is_decided_and_said(tmp_path):
    few = read_text(tmp_path, with_labels(["0", "1"]))
    assert (few.classes, "--task regression" in few.note) == (("0", "1"), True)
    assert read_text(tmp_path, with_labels(["0", "1"]), task="regression").y.shape == (8, 1)
    assert read_text(tmp_path, with_labels(["0.5", "1"])).classes is None
    many = "a,b\n" + "".join(f"{k / 7},{k}\n" for k in range(60))
    data = read_text(tmp_path, many)
    assert (data.classes, "--task classification" in data.note) == (None, True)
    assert len(read_text(tmp_path, many, task="classification").classes) == 60


@pytest.mark.parametrize(
    ("text", "encoding", "likely"),
    [
        (with_labels(["Fuß", "Größe"], "Länge,Höhe,b,kind"), "cp1252", "cp1252"),
        (with_labels(["café", "thé"]), "latin-1", "cp1252"),
        (with_labels(["개", "고양이"]), "euc-kr", "cp949"),
        (with_labels(["いぬ", "ねこ"], "長さ,幅,b,種類"), "cp932", "cp932"),
        (with_labels(["晴れ", "くもり"], "気温,地点,b,天気"), "euc_jp", "euc_jp"),
        (with_labels(["Москва", "Казань"]), "cp1251", "cp1251"),
        (with_labels(["北京", "上海"], "温度,城市,b,天气"), "gb18030", "gb18030"),
    ],
)
def test_encodings_are_asked_for(text, encoding, likely, tmp_path):
    with pytest.raises(
        ValueError, match=rf"text in UTF-8, got something else \(--encoding {likely}, likely"
    ):
        read_text(tmp_path, text.encode(encoding))
    wanted = read_text(tmp_path, text)
    found = read_text(tmp_path, text.encode(encoding), encoding=encoding)
    assert (found.classes, found.features) == (wanted.classes, wanted.features)


def test_encodings_that_cannot_be(tmp_path):
    for how, raw, line in (
        ({"encoding": "utf-9"}, b"", "unknown encoding 'utf-9'"),
        ({"encoding": "rot13"}, b"", "unknown encoding 'rot13'"),
        (
            {"encoding": "cp932"},
            "a,\ue000\n".encode("cp932"),
            "expected text in CP932, got characters that are none",
        ),
        ({}, ROWS.encode("utf-16-le"), "expected text in UTF-8, got characters that are none"),
    ):
        with pytest.raises(ValueError, match=line):
            read_text(tmp_path, raw or ROWS, **how)
    assert read_text(tmp_path, ROWS.encode("utf-16")).classes == ("cat", "dog")


def test_decimals_and_thousands(tmp_path):
    text = 'a;b;kind\n"1.234,5";-0,5;dog\n1,25;3;cat\n-1e3;,5;dog\n'
    data = read_text(tmp_path, text, decimal=",", thousands=".")
    assert data.X.tolist() == [[1234.5, -0.5], [1.25, 3], [-1000, 0.5]]
    with pytest.raises(
        ValueError, match=r"line 2, column a: expected a finite number, got '1.234,5'.*column b"
    ):
        read_text(tmp_path, text)
    for missing in ("fill", "error"):  # what cannot be read is not missing besides
        with pytest.raises(ValueError, match=r"got '0,5' and 1 more \(--decimal ,\)$"):
            read_text(tmp_path, "a;kind\n0,5;dog\n2,5;cat\n", missing=missing)
    data = read_text(tmp_path, "a;b\n0,5;1,5\n2,5;3,5\n1;2\n", decimal=",")
    assert data.y.tolist() == [[1.5], [3.5], [2]]
    with pytest.raises(ValueError, match="the target b: expected numbers"):
        read_text(tmp_path, "a;b\n5;1,5\n2;3,5\n1;2,5\n", separator=";")


@pytest.mark.parametrize("index", [True, False])
@pytest.mark.parametrize("width", [3, 6])
def test_pandas_own_names_are_a_header(index, width, tmp_path, rng):
    frame = pd.DataFrame(rng.normal(size=(9, width)))
    data = read_text(tmp_path, frame.to_csv(index=index))
    np.testing.assert_array_equal(np.hstack([data.X, data.y]), frame)
    assert (data.features, data.targets) == (tuple(map(str, range(width - 1))), (str(width - 1),))


def test_a_column_that_has_no_name_but_fractions_is_no_index(tmp_path):
    assert read_text(tmp_path, ",b,kind\n0.5,2,dog\n1.5,4,cat\n").X.tolist() == [[0.5, 2], [1.5, 4]]


def test_without_header_columns_have_their_positions_for_names(tmp_path):
    data = read_text(tmp_path, NUMBERS, target=("1",))
    assert (data.features, data.targets) == (("column 2", "column 3"), ("column 1",))
    with pytest.raises(ValueError, match="line 2, column 3: expected a finite number, got '0.x'"):
        read_text(tmp_path, NUMBERS.replace("0.362", "0.x"), target=("1",))
    assert read_text(tmp_path, "1,2,3\n4,5,6\n7,8,9\n", header="no").X.shape == (3, 2)
    assert read_text(tmp_path, "1,2,3\n4,5,6\n7,8,9\n", header="yes").features == ("1", "2")


MIXED = "age,city,height,kind\n22,Paris,1.5,cat\n,Rome,1.6,dog\n35,,1.7,cat\n41,Rome,1.8,dog\n28,Paris,1.9,cat\n50,Rome,,dog\n"


def test_words_and_missing_values_as_in_scikit_learns_pipeline(tmp_path):
    data = read_text(tmp_path, MIXED * 1 + MIXED.partition("\n")[2] * 3)
    train, test = split(data, test_size=0.25, seed=1)
    frame = pd.read_csv(io.StringIO(MIXED + MIXED.partition("\n")[2] * 3))
    rows = [split_rows(data, part) for part in (train, test)]
    theirs = make_column_transformer(
        (SimpleImputer(strategy="median", add_indicator=True), ["age", "height"]),
        (OneHotEncoder(handle_unknown="ignore", sparse_output=False), ["city"]),
    )
    wanted = theirs.fit_transform(frame.iloc[rows[0]]), theirs.transform(frame.iloc[rows[1]])
    for part, X, chosen in zip((train, test), wanted, rows, strict=True):
        np.testing.assert_array_equal(part.X, X)
        assert [data.classes[k] for k in part.y] == frame["kind"].iloc[chosen].tolist()
    assert train.features == ("age", "city", "height")


def split_rows(data, part) -> list[int]:
    """Which rows are in the part of `split(data, test_size=0.25, seed=1)`."""
    from dataclasses import replace

    numbered = replace(data, X=np.arange(len(data.X), dtype=float)[:, None], texts=None)
    train, test = split(numbered, test_size=0.25, seed=1)
    return [int(k) for k in (train if len(part.X) == len(train.X) else test).X[:, 0]]


@given(
    st.lists(st.lists(st.floats(-1e300, 1e300), min_size=3, max_size=3), min_size=2, max_size=9),
    st.sampled_from(",;\t| "),
    st.booleans(),
)
def test_any_numbers_come_back(tmp_path_factory, rows, separator, quoted):
    cell = '"{!r}"' if quoted else "{!r}"
    text = "\n".join(separator.join(map(cell.format, row)) for row in rows)
    data = read_text(tmp_path_factory.mktemp("csv"), text, task="regression", header="no")
    np.testing.assert_array_equal(np.hstack([data.X, data.y]), rows)


BAD = [
    ("", {}, "got an empty file"),
    ("\n\n", {}, "got an empty file"),
    ("a,b\n", {}, "expected at least two columns"),
    ("0.5\n2\n", {}, "expected at least two columns"),
    ("1,2,0\n3,4\n5,6,1\n7,8,0\n", {}, "expected 3 cells a line, got line 2: 2"),
    ("a,b,kind\n1,2,0\n3,4,5,1\n7,8,0\n1,2\n", {}, "expected 3 cells a line, got line 3: 4, line 5: 2"),
    ("a,b,kind\n1,2,0,1\n3,4,1\n5,6,0\n7,8,1\n", {}, "expected 3 cells a line, got line 2: 4"),
    ("a,b,kind\n1,2,0\n3,4\n5,6,1\n", {"target": ("a",)}, "expected 3 cells a line, got line 3: 2"),
    ("a,b,kind\n1,2,0\n3,x,1\n5,6,1\n", {}, "line 3, column b: expected a finite number, got 'x'"),
    ("a,b,kind\n1,2,0\n\n3,1e999,1\n", {}, "line 4, column b: expected a finite number, got 'inf'"),
    ("a,b,kind\n1,2,0.5\n3,4,x\n5,6,1.5\n5,6,2.5\n" + "1,2,3.25\n" * 20 + "".join(f"1,2,{k / 8}\n" for k in range(30)), {}, "line 3, the target kind: expected numbers, or names with --task classification, got 'x'"),
    ("a,b,kind\n1,2,0\n3,4,NA\n5,6,1\n", {}, "line 3, the target kind: expected numbers, or names"),
    ("a,b,kind\n1,2,0\n3,4,x\n", {"task": "regression"}, "line 3, the target kind: expected a finite number, got 'x'"),
    ("a,b\n1,2\n", {"target": ("c",)}, "expected one column 'c', got a, b"),
    ("a,b\n1,2\n", {"target": ("3",)}, "expected one column '3', got a, b"),
    ("a,b,kind\n1,2,0\n3,4,0\n", {}, "at least two classes, got only '0'"),
    ("a,b,c\n1,2,3\n", {"target": ("b", "c"), "task": "classification"}, "one column or 1-of-K to classify"),
    ("a,b,kind\n1,2,dog\n3,4,\n5,6,cat\n", {}, "line 3, the target kind: expected a target, got ''"),
    ("a,b,b\n1,2,0\n3,4,1\n", {"target": ("b",)}, "expected one column 'b', got a, b, b"),
    ("1,2\n3,4\n5,6\n", {}, r"the first line \(1, 2\) may be names or a sample: expected --header yes or --header no"),
    ("a,b,kind\n1,,dog\n2,,cat\n", {}, "column b is empty"),
    ("a,b,kind\n1,2,dog\n,3,cat\n", {"missing": "error"}, r"expected no missing values, got 1 in column a \(first: line 3\)"),
    ("a,name,kind\n" + "".join(f"{k},n{k},{k % 2}\n" for k in range(120)), {}, "at most 100 different texts in a column, got 120 in column name .--drop 'name'"),
    ('a,b\n1,2\n"3,4\n5,6\n', {}, "line 3: a quotation mark that is never closed"),
    ('a,b\n1,2\n"3' + "x" * 200_000 + '",4\n', {}, "line 3: field larger than field limit"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "how", "line"), BAD)
def test_bad_tables_are_refused(text, how, line, tmp_path):
    with pytest.raises(ValueError, match=f"pets.*{line}"):
        read_text(tmp_path, text, **how)


def test_all_problems_are_told_at_once(tmp_path):
    text = "a,b,kind\n1,x,dog\n2,3,\n3,4\n4,5,cat\n5,6,dog\ny,7,dog\n"
    with pytest.raises(ValueError, match="pets.csv") as why:
        read_text(tmp_path, text)
    for part in ("line 2, column b: expected a finite number, got 'x'", "line 7, column a", "got 'y'",
                 "line 4: 2", "line 3, the target kind: expected a target"):  # fmt: skip
        assert part in str(why.value)
