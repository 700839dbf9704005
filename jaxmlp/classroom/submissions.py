"""Entries put together by student, each with its code, or why it has none."""

import ast
import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from jaxmlp.classroom.archives import ArchiveEntry, entries
from jaxmlp.classroom.names import METADATA, Student, by_lms, by_name, by_pattern, gradescope
from jaxmlp.text import Refused
from jaxmlp.verify.finding import Words
from jaxmlp.verify.reading import code_in, decoded, deep_trees

PYTHON = re.compile(r"^\s*(def |import |from \w+ import |class |for .*:\s*$|while .*:\s*$)", re.M)
SYSTEM_FILES = frozenset(("__MACOSX", ".DS_Store", "Thumbs.db", "desktop.ini"))
NO_PYTHON = Words("a text without Python in it", "Python を含まないテキストです")
NO_STUDENT = Words("the --students pattern does not match", "--students のパターンに合いません")


@dataclass(frozen=True)
class SubmittedCode:
    """A file of code.

    Attributes:
        path: from the source to it.
        own: from the student's folder or zip to it, which is what the student knows.
        cells: its code; a notebook's by cells.
        likeness: alike for files that differ in names and layout alone.
    """

    path: tuple[str, ...]
    own: str
    cells: tuple[str, ...]
    likeness: str

    @property
    def notebook(self) -> bool:
        """Whether it has cells."""
        return self.path[-1].lower().endswith(".ipynb")


@dataclass(frozen=True)
class Submission:
    """What one student has handed in.

    Attributes:
        code: what is to be graded.
        left: the entries that are not, each with the reason.
    """

    student: Student
    code: tuple[SubmittedCode, ...] = ()
    left: tuple[ArchiveEntry, ...] = ()


@dataclass(frozen=True)
class Class:
    """All submissions, and the entries that are nobody's."""

    submissions: tuple[Submission, ...]
    left: tuple[ArchiveEntry, ...] = ()


def collected(sources: Sequence[Path], pattern: re.Pattern | None = None) -> Class:
    """The submissions in folders and zips.

    Args:
        pattern: with the groups `id` and `name`, for names that nobody knows; see `by_pattern`.

    Raises:
        OSError, ValueError: a source cannot be opened.
    """
    many = len(sources) > 1
    by_source = [_of_source(source, many=many) for source in sources]
    metadata: dict[str, Student] = {}
    for entry in (entry for some in by_source for entry in some):
        if entry.path[-1] == METADATA and entry.data:
            metadata |= gradescope(decoded(entry.data))
    owned: dict[Student, list[tuple[ArchiveEntry, int]]] = {}
    nobodys: list[ArchiveEntry] = []
    for source, some in zip(sources, by_source, strict=True):
        shared = 0 if many and not source.is_dir() else _shared(some)
        for entry in some:
            student, level = _owner(entry, shared, pattern, metadata)
            if student is None:
                nobodys.append(entry._replace(why=entry.why or NO_STUDENT, data=None))
            else:
                owned.setdefault(student, []).append((entry, level))
    made = [_submission(student, mine) for student, mine in owned.items()]
    return Class(tuple(sorted(made, key=lambda submission: submission.student)), tuple(nobodys))


def _of_source(source: Path, *, many: bool) -> list[ArchiveEntry]:
    """The entries of a source; the name of a lone zip or of a folder is no student's."""
    listing = list(entries(source))
    if source.suffix.lower() == ".zip" and not source.is_dir() and not many:
        return [entry._replace(path=entry.path[1:] or entry.path) for entry in listing]
    return listing


def _shared(listing: Iterable[ArchiveEntry]) -> int:
    """How many levels all entries share: folders that an LMS or a zip program has put around."""
    paths = [entry.path for entry in listing if not _nobodys(entry)]
    if not paths:
        return 0
    level = 0
    while all(len(p) > level + 1 and p[level] == paths[0][level] for p in paths):
        if by_lms(paths[0][level : level + 1], {}):
            break
        level += 1
    names = {p[level] for p in paths}
    # One student alone: the folder around is the student's.
    return max(level - 1, 0) if len(names) < 2 and level else level


def _nobodys(entry: ArchiveEntry) -> bool:
    """Whether it lies beside the students' own, by what it is."""
    return entry.path[-1] == METADATA or not SYSTEM_FILES.isdisjoint(entry.path)


def _owner(
    entry: ArchiveEntry, shared: int, pattern: re.Pattern | None, metadata: Mapping[str, Student]
) -> tuple[Student | None, int]:
    """Whose an entry is, and the level of the path that says so."""
    if _nobodys(entry):
        return None, 0
    if pattern:
        return by_pattern(entry.path, pattern), min(shared, len(entry.path) - 1)
    if owner := by_lms(entry.path, metadata):
        return owner
    level = min(shared, len(entry.path) - 1)
    return by_name(entry.path[level]), level


def _submission(student: Student, mine: Sequence[tuple[ArchiveEntry, int]]) -> Submission:
    code: list = []
    left: list = []
    for entry, level in mine:
        own = PurePosixPath(*(entry.path[level + 1 :] or entry.path[level:])).as_posix()
        read = _code(entry, own)
        (code if isinstance(read, SubmittedCode) else left).append(read)
    return Submission(student, tuple(sorted(code, key=lambda file: file.own)), tuple(left))


def _code(entry: ArchiveEntry, own: str) -> SubmittedCode | ArchiveEntry:
    """The code in an entry, or the entry with the reason why there is none."""
    if entry.data is None:
        return entry
    suffix = PurePosixPath(entry.path[-1]).suffix.lower()
    try:
        text = decoded(entry.data)
        if suffix not in (".py", ".ipynb") and not PYTHON.search(text):
            return entry._replace(data=None, why=NO_PYTHON)
        cells = tuple(code_in(entry.data, notebook=suffix == ".ipynb"))
    except Refused as why:
        return entry._replace(data=None, why=Words(str(why), why.ja))
    return SubmittedCode(entry.path, own, cells, likeness(cells))


def likeness(cells: Sequence[str]) -> str:
    """A digest that does not change with names, comments and layout.

    Example:
        >>> likeness(["def f(x):\\n    return x"]) == likeness(["def g(u):  # mine\\n  return u"])
        True
        >>> likeness(["def f(x):\\n    return x"]) == likeness(["def f(x):\\n    return -x"])
        False
    """
    text = "\n".join(cells)
    try:
        with deep_trees():
            text = ast.dump(_Renamed().visit(ast.parse(text)))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        text = re.sub(r"#.*|\s+", "", text)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


class _Renamed(ast.NodeTransformer):
    """Names by the order in which they come; no docstrings."""

    def __init__(self) -> None:
        self.known: dict[str, str] = {}

    def _name(self, name: str | None) -> str | None:
        return name and self.known.setdefault(name, f"n{len(self.known)}")

    def visit(self, node: ast.AST) -> ast.AST:
        for field in ("id", "arg", "name", "asname"):
            if isinstance(value := getattr(node, field, None), str) and not isinstance(
                node, ast.alias
            ):
                setattr(node, field, self._name(value))
        if isinstance(body := getattr(node, "body", None), list):
            setattr(node, "body", [s for s in body if not _is_text(s)])  # noqa: B010
        return super().generic_visit(node)


def _is_text(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def similar_submissions(handed_in: Class) -> Iterator[tuple[Student, ...]]:
    """Students with a file that is the same up to names and layout, of more than a few lines."""
    by_likeness: dict[str, list[Student]] = {}
    for submission in handed_in.submissions:
        for code in submission.code:
            if sum(cell.count("\n") for cell in code.cells) >= 5:
                by_likeness.setdefault(code.likeness, []).append(submission.student)
    groups = Counter(tuple(sorted(set(group))) for group in by_likeness.values())
    yield from sorted(group for group in groups if len(group) > 1)
