"""Whose an entry is, from how learning management systems name what they hand out."""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

FILE_SUFFIX = re.compile(r"(?i)\.(py|ipynb|txt|zip)$")
# Each as its LMS writes it, in the name of a file, a zip or a folder:
LMS = (
    # Moodle: "Taro Yamada_1327627_assignsubmission_file_", or so before the file's own name.
    re.compile(r"(?P<name>.+?)_(?P<id>\d+)_assignsubmission_[a-z]+(?:_.*)?"),
    # Canvas: "yamadataro_LATE_12345_67890_homework-1.py", the file's own name last.
    re.compile(r"(?P<name>[^_]+)_(?:LATE_)?(?P<id>\d+)_\d+_.+"),
    # manaba: "1W123456@user01@homework.py", a student's number, the account, the file's own name.
    re.compile(r"(?P<id>[^@]+)@(?P<name>[^@]+)(?:@.*)?"),
)
GRADESCOPE = re.compile(r"submission_(?P<id>\d+)")
METADATA = "submission_metadata.yml"
NUMBER = re.compile(
    r"(?<![A-Za-z0-9])(?P<id>(?=[A-Za-z]*\d)[A-Za-z]{0,3}\d{1,2}[A-Za-z]{0,2}\d{3,}[A-Za-z]?|\d{5,})(?![A-Za-z0-9])"
)
APART = re.compile(r"[\s_\-–—()\[\]（）　,.、・]+")
ASSIGNMENT = re.compile(
    r"(?i)((home)?work|hw|kadai|課題|レポート|report|assignment|answer|solution|backprop\w*|main"
    r"|submission|final|ex(ercise)?|week|第?\d{1,2}(回|章)?|v|copy|コピー|提出(用|物)?)\d*"
)


class Student(NamedTuple):
    """Whose a submission is.

    Attributes:
        id: a student's number, or whatever tells one from another.
        name: or nothing.
    """

    id: str
    name: str = ""


def by_pattern(path: Sequence[str], pattern: re.Pattern) -> Student | None:
    """The student that a pattern of the user's finds in a path.

    Args:
        pattern: with a group `id`, and `name` if wanted; searched in the path with / between.
    """
    if not (match := pattern.search("/".join(path))):
        return None
    groups = match.groupdict()
    return Student((groups.get("id") or "").strip(), (groups.get("name") or "").strip())


def by_lms(path: Sequence[str], metadata: Mapping[str, Student]) -> tuple[Student, int] | None:
    """The student, and at which level of the path an LMS has written who it is.

    Args:
        metadata: of Gradescope's export, by folder.

    Example:
        >>> by_lms(("all.zip", "山田 太郎_1327627_assignsubmission_file_", "hw.py"), {})
        (Student(id='1327627', name='山田 太郎'), 1)
    """
    for level, part in enumerate(path):
        if match := GRADESCOPE.fullmatch(part):
            return metadata.get(part, Student(match["id"])), level
        for pattern in LMS:
            if match := pattern.fullmatch(part):
                return Student(match["id"], match["name"].strip()), level
    return None


def by_name(part: str) -> Student:
    """The number and the name in a file's or folder's own name; else the name as it is.

    Example:
        >>> by_name("s1234567_山田太郎_課題3.py"), by_name("suzuki.zip")
        (Student(id='s1234567', name='山田太郎'), Student(id='suzuki', name=''))
    """
    stem = part
    while FILE_SUFFIX.search(stem):
        stem = FILE_SUFFIX.sub("", stem)
    if not (match := NUMBER.search(stem)):
        return Student(stem.strip() or part)
    rest = APART.split(stem[: match.start()] + " " + stem[match.end() :])
    words = [word for word in rest if word and not ASSIGNMENT.fullmatch(word)]
    return Student(match["id"], " ".join(words))


def gradescope(text: str) -> dict[str, Student]:
    """Who is who in Gradescope's submission_metadata.yml: of each folder all that submitted it."""
    submitters: dict[str, list[dict[str, str]]] = {}
    people: list[dict[str, str]] = []
    inside = False
    for line in text.splitlines():
        if top := re.match(r"(submission_\w+):\s*$", line):
            people = submitters.setdefault(top[1], [])
        elif key := re.match(r"  :(\w+):", line):
            inside = key[1] == "submitters"
        elif field := inside and re.match(r"  (- |  ):(name|sid|email):\s*(.*?)\s*$", line):
            if field[1] == "- " or not people:
                people.append({})
            people[-1][field[2]] = field[3].strip("'\"")
    return {
        folder: Student(
            _joined(group, "sid") or _joined(group, "email") or folder, _joined(group, "name")
        )
        for folder, group in submitters.items()
    }


def _joined(group: Sequence[Mapping[str, str]], key: str) -> str:
    return ", ".join(person[key] for person in group if person.get(key))
