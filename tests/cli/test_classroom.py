"""`jaxmlp verify … --out DIR` from end to end."""

import csv
import io
from html import unescape

import pytest

from tests.classroom import many
from tests.classroom.many import notebook, written, zipped

from .conftest import refused


@pytest.fixture
def graded(command, tmp_path):
    """A class of four, graded: (exit code, output, errors) of a command in that folder."""
    files = {
        "佐藤_11_assignsubmission_file_/hw.zip": zipped({"課題.py": written("none")}, "cp932"),
        "伊藤_12_assignsubmission_file_/hw.txt": written("no slope"),
        "阿部_13_assignsubmission_file_/hw.ipynb": notebook(written("no slope")),
        "林_14_assignsubmission_file_/report.pdf": b"%PDF",
    }
    (tmp_path / "class.zip").write_bytes(zipped(files))
    (tmp_path / "rubric.toml").write_text("[points]\ndelta2 = 3\ndV = 2\ndelta1 = 3\ndW = 2\n")
    return command(
        "verify", "class.zip", "--out", "graded", "--rubric", "rubric.toml", "--lang", "ja"
    )


def table(path):
    return list(csv.DictReader(io.StringIO(path.read_bytes().decode("utf-8-sig"))))


def test_a_class(graded, command, tmp_path):
    code, out, _ = graded
    assert code == 1
    assert "提出 4 件" in out
    assert "4 個のうち採点 3、採点なし 1" in out
    assert "今回検査 3、前回の結果を利用 0" in out
    assert [(row["id"], row["points"]) for row in table(tmp_path / "graded/points.csv")] == [
        ("11", "10"), ("12", "7"), ("13", "7"), ("14", "")]  # fmt: skip
    _, out, _ = command(
        "verify", "class.zip", "--out", "graded", "--lang", "en", "--explain", "hint"
    )
    assert "0 files judged now, 3 kept from before" in out
    told = [unescape((tmp_path / "graded" / name).read_text(encoding="utf-8"))
            for name in ("index.html", "feedback/12_伊藤.html")]  # fmt: skip
    assert ["f' is missing" in text for text in told] == [True, False]


@pytest.mark.parametrize(
    ("args", "line"),
    [
        (("class.zip", "--rubric", "r.toml"), "expected --out DIR with --rubric, got none"),
        (("--out", "x"), "expected a file to check with --out, got none"),
        (("class.zip", "--out", "x", "--json", "-"), "expected --out without --json"),
        (("class.zip", "--out", "x", "--students", "("), "expected a regular expression"),
        (("class.zip", "--out", "x", "--students", "a+"), "expected a group (?P<id>…)"),
        (("class.zip", "--out", "x", "--rubric", "no.toml"), "no.toml"),
        (("no.zip", "--out", "x"), "no.zip"),
        (("empty.zip", "--out", "x"), "expected submissions with Python in empty.zip, got none"),
        (("class.zip",), "expected --out DIR to grade class.zip"),
    ],
)
def test_what_cannot_be_graded_is_one_line_and_writes_nothing(args, line, command, tmp_path):
    (tmp_path / "class.zip").write_bytes(zipped({"a.py": written("none")}))
    (tmp_path / "empty.zip").write_bytes(zipped({}))
    refused(command("verify", *args), line)
    assert not (tmp_path / "x").exists()


@pytest.mark.slow
def test_what_of_a_folder_is_not_looked_at_is_said(command, tmp_path):
    (tmp_path / "class").mkdir()
    for name in ("a.py", "b.txt", "c.zip", ".hidden"):
        (tmp_path / "class" / name).write_text(written("none"))
    code, _, err = command("verify", "class", "--lang", "en")
    assert code == 0
    assert "not looked at in class: b.txt, c.zip (--out DIR grades these, too)" in err


@pytest.mark.slow
@pytest.mark.measured
def test_a_class_of_200(command, tmp_path):
    """In a zip of zips, 10 of them hostile, 20 in odd forms: every entry accounted for."""
    many.write(tmp_path / "class.zip")
    code, out, _ = command("verify", "class.zip", "--out", "graded", "--lang", "en")
    assert code == 1
    assert "- 200 submissions" in out
    assert "- 204 entries: 191 graded, 13 not" in out
    rows = table(tmp_path / "graded/entries.csv")
    assert len(rows) == 204
    assert all(row["graded"] == "1" or row["why"] for row in rows)
    assert len(list((tmp_path / "graded/feedback").glob("*.html"))) == 200
