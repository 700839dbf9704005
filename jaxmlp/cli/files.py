"""The files that `jaxmlp verify` is to check: those named, and those in folders."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from jaxmlp.text import Refused, clean
from jaxmlp.verify.finding import File, Words
from jaxmlp.verify.grading import unreadable
from jaxmlp.verify.reading import code_of


def code_or_problem(path: str, named: Sequence[str]) -> list[str] | File:
    """The code of a file; a link in a folder may lead to another person's."""
    try:
        if path not in named and os.path.islink(path):
            raise Refused(
                "expected a regular file, got a link",
                "通常のファイルが必要です (リンクは読みません)",
            )
        return code_of(Path(path))
    except (OSError, ValueError) as why:
        return unreadable(path, why)


def expanded(files: Sequence[str]) -> list[str]:
    """The files, each folder replaced by the .py and .ipynb files in it.

    Raises:
        ValueError: a folder has none.
    """
    paths = []
    for name in files:
        path = Path(name)
        if not path.is_dir():
            paths.append(name)
            continue
        inside = [str(p) for p in _visible(path) if p.suffix in (".py", ".ipynb")]
        if not inside:
            raise Refused(
                f"expected .py or .ipynb files, got the folder {name}, which has none",
                f"フォルダ {name} に .py や .ipynb のファイルがありません",
            )
        paths += inside
    return list(dict.fromkeys(paths))


def _visible(folder: Path) -> Iterator[Path]:
    """The files in a folder, hidden ones left out."""
    for path in sorted(folder.rglob("*")):
        hidden = any(part.startswith((".", "__")) for part in path.relative_to(folder).parts)
        if not hidden and not path.is_dir():
            yield path


def passed_over(files: Sequence[str], lang: str) -> Iterator[str]:
    """What may be somebody's submission, too, and was not looked at."""
    for folder in map(Path, files):
        others = [p.name for p in _visible(folder) if p.suffix in (".txt", ".zip")]
        if others and folder.is_dir():
            words = Words(
                f"not looked at in {folder}: {', '.join(others)} (--out DIR grades these, too)",
                f"{folder} のうち調べていないもの: {', '.join(others)} (--out DIR なら採点します)",
            )
            yield clean(getattr(words, lang))
