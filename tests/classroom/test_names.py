"""Whose an entry is, under the names that each LMS gives."""

import re

import pytest

from jaxmlp.classroom.names import Student, by_lms, by_name, by_pattern, gradescope


@pytest.mark.parametrize(
    ("path", "student", "level"),
    [
        ("山田 太郎_1327627_assignsubmission_file_/hw.py", ("1327627", "山田 太郎"), 0),
        ("Toni-Marie Noel_657693_assignsubmission_file_hw.py", ("657693", "Toni-Marie Noel"), 0),
        ("a_b c_12_assignsubmission_onlinetext_/onlinetext.html", ("12", "a_b c"), 0),
        ("yamadataro_LATE_12345_67890_homework-1.py", ("12345", "yamadataro"), 0),
        ("yamadataro_12345_67890_my_homework.py", ("12345", "yamadataro"), 0),
        ("report/1W123456@user01@課題.py", ("1W123456", "user01"), 1),
        ("1W123456@user01/課題.py", ("1W123456", "user01"), 0),
        ("assignment_9100_export/submission_301/hw.py", ("301", ""), 1),
    ],
)
def test_what_an_lms_writes(path, student, level):
    assert by_lms(path.split("/"), {}) == (Student(*student), level)


@pytest.mark.parametrize("path", ["homework.py", "src/my_homework_2.py", "week_3/main.py"])
def test_what_no_lms_has_written(path):
    assert by_lms(path.split("/"), {}) is None


def test_who_is_who_in_gradescope():
    text = (
        "submission_301:\n  :submitters:\n  - :name: 山田 太郎\n    :sid: '1W1'\n    :email: a@b.jp\n"
        "  :created_at: 2026-11-01\n  :score: 3.0\n  :results:\n    :tests:\n    - :name: a test\n"
        "submission_302:\n  :submitters:\n  - :name: Pair One\n    :sid: '200'\n"
        "  - :name: Pair Two\n    :sid: '201'\n"
        "submission_303:\n  :submitters:\n  - :name: No Number\n    :email: no@number.jp\n"
    )
    assert gradescope(text) == {
        "submission_301": Student("1W1", "山田 太郎"),
        "submission_302": Student("200, 201", "Pair One, Pair Two"),
        "submission_303": Student("no@number.jp", "No Number"),
    }


@pytest.mark.parametrize(
    ("name", "student"),
    [
        ("s1234567_山田太郎_課題3.py", ("s1234567", "山田太郎")),
        ("21A1234 佐藤 花子.zip", ("21A1234", "佐藤 花子")),
        ("1234567-sato.ipynb", ("1234567", "sato")),
        ("山田太郎(1234567).py", ("1234567", "山田太郎")),
        ("homework_1234567.py.txt", ("1234567", "")),
        ("suzuki.zip", ("suzuki", "")),
        ("Suzuki Ichiro", ("Suzuki Ichiro", "")),
        (".py", (".py", "")),
    ],
)
def test_numbers_and_names_in_file_names(name, student):
    assert by_name(name) == Student(*student)


def test_a_pattern():
    pattern = re.compile(r"(?P<name>[^/]+)/(?P<id>k\d+)\.py")
    assert by_pattern(("class", "sato", "k12.py"), pattern) == Student("k12", "sato")
    assert by_pattern(("class", "sato", "12.py"), pattern) is None
