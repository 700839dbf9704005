"""A class graded: what comes out, and that only what has changed is run again."""

import csv
import io
import re
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import pytest

from jaxmlp.classroom import feedback, page, tables
from jaxmlp.classroom.grading import Graded, graded_class, read_kept, write_kept
from jaxmlp.classroom.mistakes import common, mistakes
from jaxmlp.classroom.names import Student
from jaxmlp.classroom.rubric import Rubric, awarded_points
from jaxmlp.classroom.submissions import Class, Submission, collected
from jaxmlp.classroom.written import check_folder, write
from jaxmlp.verify.finding import Check, File, Note, Place, Words, Worst
from jaxmlp.verify.grading import Options

from . import many
from .many import BASE, zipped

SLOPE = Note(
    "slope-missing",
    Words("f' is missing", "f' がありません"),
    Words("Look at f'.", "f' を見よ"),
    "L22",
)
WRONG = Check("backward", "delta1", "wrong", 3, (SLOPE,), (), (4,), (4,), 0.5, Worst((1,), 1.0, 2.0),
              None, None, Place(3, 5, 3, 9, "V.T @ d"))  # fmt: skip
FILES = (
    File("hw.py", (Check("loop", "delta2", "right"), WRONG, replace(WRONG, name="loop", stage="dW")),
         remarks=(Note("not-looked-at", Words("line 9 was not", "9 行目は")),)),
)  # fmt: skip


def judge(items):
    """A checker that finds the path and the length of what it is given."""
    for item in items:
        text = "".join(item["cells"])
        yield File(item["path"], (Check("f", "delta1", "right" if "good" in text else "wrong", 1),))


def seen(tmp_path, files, kept, options=Options()):  # noqa: B008
    (tmp_path / "class.zip").write_bytes(zipped(files))
    run = []
    made, results = graded_class(collected([tmp_path / "class.zip"]), options, kept,
                           lambda items: judge(run.extend(items) or items))  # fmt: skip
    return made, results, [Path(item["path"]).name for item in run]


def test_only_what_has_changed_is_run(tmp_path):
    files = {f"{who}/hw.py": f"def f(x): return '{who}'" for who in ("ito", "sato", "abe")}
    _, results, run = seen(tmp_path, files, {})
    assert len(run) == 3
    write_kept(tmp_path, results)
    files["sato/hw.py"] += "  # good"
    made, again, run = seen(tmp_path, files, read_kept(tmp_path))
    assert run == ["hw.py"]
    assert [one.checks[0].verdict for one in made] == ["wrong", "wrong", "right"]
    assert len(again.keys() - results.keys()) == 1
    assert len(again) == 3
    assert len(seen(tmp_path, files, again, Options(hidden="tanh"))[2]) == 3
    files["sato/other.py"] = "def g(x): return 1"
    assert sorted(seen(tmp_path, files, again)[2]) == ["hw.py", "other.py"]


def test_what_is_the_same_is_run_once(tmp_path):
    files = {f"{who}/hw.py": "def f(x): return 1" for who in ("ito", "sato")}
    made, _, run = seen(tmp_path, files, {})
    assert len(run) == 1
    assert [one.files[0].path for one in made] == ["hw.py", "hw.py"]


def test_a_checker_that_has_changed_runs_all_again(tmp_path, monkeypatch):
    from jaxmlp.classroom import grading

    _, results, _ = seen(
        tmp_path, {"a/hw.py": "def f(x): return 1", "b/hw.py": "def g(): pass"}, {}
    )
    monkeypatch.setattr(grading, "checker", lambda: "another")
    assert len(seen(tmp_path, {"a/hw.py": "def f(x): return 1"}, results)[2]) == 1


def test_what_is_kept_comes_back(tmp_path):
    write_kept(tmp_path, {str(k): file for k, file in enumerate(FILES)})
    assert [*read_kept(tmp_path).values()] == [*FILES]
    for damaged in ("{}", "[", '{"found": {"x": 3}}', '{"found": {"x": {"path": 3}}}', ""):
        (tmp_path / "class.json").write_text(damaged)
        assert read_kept(tmp_path) == {}


def whole(found, made, tmp_path, explain="full", lang="en"):
    out = tmp_path / "out"
    rubric = Rubric({"delta2": 3.0, "delta1": 3.0, "dW": 2.0})
    write(out, found, made, {}, rubric, ["a line"], lang, explain)
    return out


@pytest.fixture
def one(tmp_path):
    """A student with a mistake that shows twice, and one whose name is markup."""
    students = [Student("k1", "山田 太郎"), Student("=1+1", "<b>&")]
    found = Class(tuple(Submission(student) for student in students))
    return found, [Graded(found.submissions[0], FILES), Graded(found.submissions[1], ())]


def test_a_mistake_that_shows_twice_is_one(one):
    assert [(m.stage, m.ids) for m in mistakes(FILES)] == [("δ1", "slope-missing")]
    (found,) = common(one[1])
    assert (found.students, found.line) == (1, "V.T @ d")


class Cells(HTMLParser):
    """The text of each row's cells."""

    def __init__(self, text):
        super().__init__()
        self.rows, self.open = [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th"):
            self.rows[-1].append("")
        self.open.append(tag)

    def handle_data(self, data):
        if self.rows and self.rows[-1] and self.open[-1] != "style":
            self.rows[-1][-1] += data


def test_the_page_of_the_class(one, tmp_path):
    out = whole(*one, tmp_path)
    text = (out / "index.html").read_text(encoding="utf-8")
    head, first, second = ([c.strip() for c in row] for row in Cells(text).rows[:3])
    assert head == ["student", "mistakes", "points", "δ2", "∂E/∂V", "δ1", "∂E/∂W", "functions",
                    "other quantities", "to look at"]  # fmt: skip
    assert first[:3] == ["k1山田 太郎", "1", "5"]
    assert "slope-missing" in first[5]
    assert "hw.py: line 9 was not" in first[-1]
    assert second[0] == "=1+1<b>&"
    assert "<b>&" not in text
    assert "<script" not in text
    links = re.findall(r'href="(feedback/[^"]+)"', text)
    assert all((out / link).is_file() for link in links)
    assert len(links) == 2


@pytest.mark.parametrize("lang", ["en", "ja"])
def test_feedback_does_not_tell_more_than_it_is_to(lang, one, tmp_path):
    told = {
        level: whole(*one, tmp_path, level, lang) / "feedback/k1_山田_太郎" for level in ["hint"]
    }
    for suffix in (".html", ".md"):
        text = unescape(told["hint"].with_suffix(suffix).read_text(encoding="utf-8"))
        assert getattr(SLOPE.hint, lang) in text
        assert getattr(SLOPE.text, lang) not in text
        assert "slope-missing" not in text
        assert "L22" not in text
    whole(*one, tmp_path, "verdict", lang)
    text = told["hint"].with_suffix(".md").read_text(encoding="utf-8")
    assert getattr(SLOPE.hint, lang) not in text
    assert "V.T @ d" not in text


def test_markdown_shows_what_a_file_is_called_and_runs_none_of_it():
    name = "`](x)<img src=x>|.py"
    made = Graded(Submission(Student("k*1*", "[a](b)")), (File(name, (WRONG,)),))
    text = feedback.as_markdown(made, "", "en", "full")
    assert "# k\\*1\\* \\[a\\](b)" in text
    assert f"## `` {name} ``" in text


def test_the_tables(one, tmp_path):
    out = whole(*one, tmp_path)
    data = (out / "points.csv").read_bytes()
    assert data.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"))))
    assert rows[0]["points"] == "5"
    assert rows[0]["mistakes"] == "δ1: slope-missing"
    assert rows[1]["id"] == "'=1+1"
    assert rows[1]["points"] == ""
    assert awarded_points(one[1][1], Rubric({"dV": 1.0})).total is None
    assert b"entry" in (out / "entries.csv").read_bytes()


def test_every_entry_is_in_the_table(tmp_path):
    many.write(tmp_path / "class.zip")
    found = collected([tmp_path / "class.zip"])
    for lang in ("en", "ja"):
        rows = list(csv.reader(io.StringIO(tables.entries_table(found, lang).decode("utf-8-sig"))))
        assert len(rows) == 1 + 204
        assert all(row[2] == "1" or row[3] for row in rows[1:])
    text = page.as_text(found, [Graded(one, ()) for one in found.submissions], "en")
    assert "204 entries: 191 graded, 13 not" in text


def test_a_folder_of_somebody_is_refused(tmp_path):
    (tmp_path / "mine").mkdir()
    check_folder(tmp_path / "mine")
    (tmp_path / "mine" / "thesis.tex").touch()
    with pytest.raises(ValueError, match="expected a new folder, or one of a class before"):
        check_folder(tmp_path / "mine")
    with pytest.raises(ValueError, match="expected a folder in one that is there"):
        check_folder(tmp_path / "no" / "where")
    with pytest.raises(ValueError, match="got the file"):
        check_folder(tmp_path / "mine" / "thesis.tex")


def test_names_that_a_file_system_takes_for_one(tmp_path):
    students = [
        Student("K1"),
        Student("k1"),
        Student("k/1"),
        Student("../../x"),
        Student("学" * 300),
    ]
    found = Class(tuple(Submission(student) for student in students))
    out = whole(found, [Graded(one, ()) for one in found.submissions], tmp_path)
    assert len(list((out / "feedback").glob("*.html"))) == 5
    assert BASE
