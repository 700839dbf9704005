"""A file to be graded, before anything that is slow to import."""

from pathlib import Path
from typing import NamedTuple

from jaxmlp.verify.clock import BUDGET, LIMIT
from jaxmlp.verify.finding import File, Words
from jaxmlp.verify.run.box import Held

JAPANESE_ERRORS = {
    FileNotFoundError: "ファイルがありません",
    PermissionError: "読み取りが許可されていません",
    IsADirectoryError: "ファイルではなくフォルダです",
}


class Options(NamedTuple):
    """What the command line says of all files; None: what each file says, or else the lecture.

    Attributes:
        hidden, output, loss, reduction: names.
        bias: whether x and z have a 1 in front.
        limit: seconds that one call may take.
        budget: seconds that the whole file may take, reading it included.
        seed: of the random points.
        held: what is to be held while it runs; None: what this machine can hold.
    """

    hidden: str | None = None
    output: str | None = None
    loss: str | None = None
    reduction: str | None = None
    bias: bool | None = None
    limit: float = LIMIT
    budget: float = BUDGET
    seed: int = 0
    held: Held | None = None


def verified_cells(path: str, cells: list[str], options: Options) -> File:
    """What `verify_file` finds in a file of this code."""
    from jaxmlp.verify.homework import verify_file

    return verify_file(path, options, cells=cells)


def unreadable(path: str | Path, why: Exception, ja: str = "読み込めません") -> File:
    """A file that cannot be checked, and why not."""
    text = " ".join(str(getattr(why, "strerror", None) or why).split())
    known = (said for kind, said in JAPANESE_ERRORS.items() if isinstance(why, kind))
    said = getattr(why, "ja", None) or next(known, f"{ja} ({text})")
    return File(str(path), problem=Words(text, said))
