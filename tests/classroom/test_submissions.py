"""Entries put together by student; all of them accounted for."""

import re
import zipfile

import pytest

from jaxmlp.classroom.names import Student
from jaxmlp.classroom.submissions import collected, likeness, similar_submissions

from . import many
from .many import BASE, zipped


def write(path, files):
    path.write_bytes(zipped(files))
    return path


def who(found):
    return {one.student: [code.own for code in one.code] for one in found.submissions}


def accounted(found):
    code = sum(len(one.code) + len(one.left) for one in found.submissions)
    return code + len(found.left)


def test_a_class_of_200_in_a_zip_of_zips(tmp_path):
    many.write(tmp_path / "class.zip")
    found = collected([tmp_path / "class.zip"])
    assert len(found.submissions) == 200
    assert (
        accounted(found) == 204
    )  # one a submission; two in the bomb and one zip; three in another
    assert {one.student.name for one in found.submissions} >= {"佐藤 太郎", "清水 美咲"}
    graded = {one.student.id for one in found.submissions if one.code}
    left = [one for one in found.submissions if not one.code]
    assert len(graded) == 190
    assert all(entry.why.en and entry.why.ja for one in left for entry in one.left)
    reasons = sorted({re.sub(r"\W.*", "", e.why.en) for one in left for e in one.left})
    assert reasons == ["a", "an", "empty", "expected", "larger", "no", "refused"]


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        # Google Classroom: a folder of the assignment, the students' own names of files in it
        (
            {"課題3/山田太郎.py": BASE, "課題3/sato.ipynb": many.notebook(BASE)},
            {"山田太郎": ["山田太郎.py"], "sato": ["sato.ipynb"]},
        ),
        # one folder a student
        ({"all/sato/src/a.py": BASE, "all/sato/b.py": BASE, "all/ito/a.py": BASE},
         {"sato": ["b.py", "src/a.py"], "ito": ["a.py"]}),
        # one zip a student
        ({"s1234567_sato.zip": zipped({"x/a.py": BASE}), "s1234568_ito.zip": zipped({"a.py": BASE})},
         {"s1234567 sato": ["x/a.py"], "s1234568 ito": ["a.py"]}),
        # one student alone, in a folder
        ({"sato/a.py": BASE}, {"sato": ["a.py"]}),
        # flat, by Canvas: two files of one student
        ({"ito_1_2_a.py": BASE, "ito_1_3_b.py": BASE, "sato_LATE_4_5_a.py": BASE},
         {"1 ito": ["ito_1_2_a.py", "ito_1_3_b.py"], "4 sato": ["sato_LATE_4_5_a.py"]}),
    ],
)  # fmt: skip
def test_layouts(files, expected, tmp_path):
    found = collected([write(tmp_path / "class.zip", files)])
    assert {f"{s.id} {s.name}".strip(): own for s, own in who(found).items()} == expected
    with zipfile.ZipFile(tmp_path / "class.zip") as archive:
        archive.extractall(tmp_path / "folder")
    assert who(collected([tmp_path / "folder"])) == who(found)


def test_gradescope(tmp_path):
    metadata = "submission_3:\n  :submitters:\n  - :name: Sato\n    :sid: '77'\n"
    files = {"export/submission_metadata.yml": metadata, "export/submission_3/hw.py": BASE}
    found = collected([write(tmp_path / "class.zip", files)])
    assert who(found) == {Student("77", "Sato"): ["hw.py"]}
    assert accounted(found) == 2


def test_files_and_zips_on_the_command_line_are_students(tmp_path):
    (tmp_path / "ito.py").write_text(BASE)
    sources = [tmp_path / "ito.py", write(tmp_path / "sato.zip", {"a/x.py": BASE, "a/y.py": BASE})]
    assert who(collected(sources)) == {
        Student("ito"): ["ito.py"],
        Student("sato"): ["a/x.py", "a/y.py"],
    }


def test_a_pattern_of_the_users_own(tmp_path):
    files = {"A/k12-sato/x.py": BASE, "B/k13-ito/x.py": BASE, "B/readme.txt": "hello"}
    pattern = re.compile(r"(?P<id>k\d+)-(?P<name>\w+)")
    found = collected([write(tmp_path / "class.zip", files)], pattern)
    assert list(who(found)) == [Student("k12", "sato"), Student("k13", "ito")]
    assert [entry.why.en for entry in found.left] == ["the --students pattern does not match"]


def test_text_that_holds_python_in_whatever_encoding(tmp_path):
    files = {
        "a.txt": BASE.encode("utf-16"),
        "b.txt": ("# 課題\n" + BASE).encode("cp932"),
        "c.txt": "課題です。for you",
        "d": BASE,
    }
    found = collected([write(tmp_path / "class.zip", files)])
    assert {one.student.id: len(one.code) for one in found.submissions} == {
        "a": 1, "b": 1, "c": 0, "d": 1}  # fmt: skip
    assert all("np.outer" in code.cells[0] for one in found.submissions for code in one.code)


def test_the_same_up_to_names_and_layout(tmp_path):
    other = "# mine\n" + BASE.replace("delta2", "d2").replace("    ", "  ").replace("(x)", "( x )")
    files = {
        "a.py": BASE,
        "b.py": other,
        "c.ipynb": many.notebook(BASE.replace("yi", "target")),
        "d.py": BASE.replace("y_hat - yi", "2 * (y_hat - yi)"),
        "e.py": BASE.replace("y_hat - yi", "yi - y_hat"),
    }
    found = collected([write(tmp_path / "class.zip", files)])
    assert list(similar_submissions(found)) == [(Student("a"), Student("b"), Student("c")),]  # fmt: skip


def test_likeness_of_what_does_not_parse():
    half = "def f(x:\n  return x # here"
    assert likeness([half]) == likeness([half.replace(" # here", "")]) != likeness(["def g(x:"])
