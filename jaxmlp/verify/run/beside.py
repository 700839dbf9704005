"""Where a module may lie that a file imports: beside it, in its package, or where it says."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from pathlib import Path

UP = 2  # folders above, of a file that changes `sys.path`


def roots(path: Path, statements: Iterable[ast.stmt]) -> list[Path]:
    """The folders that a file may import from: its own; those above, if it changes `sys.path`."""
    home = path.resolve().parent
    nodes = (node for one in statements for node in ast.walk(one))
    changed = any(
        isinstance(node, ast.Attribute | ast.ImportFrom)
        and (getattr(node, "attr", None) == "path" or getattr(node, "module", None) == "sys")
        for node in nodes
    )
    return [home, *home.parents[: UP if changed else 0]]


def module_file(name: str, level: int, home: Path, roots: Iterable[Path]) -> Path | None:
    """The file of a module.

    Args:
        name: `layers`, or `common.layers`; empty for what only dots name.
        level: how many dots are in front.
        home: the folder of the file that imports it.
        roots: those that it may import from.
    """
    parts = [part for part in name.split(".") if part]
    if level:
        folders = [[home, *home.parents][min(level - 1, len(home.parents))]]
    else:
        within = [one.parent for one in (home, *home.parents) if parts and one.name == parts[0]]
        folders = [*roots, *within]
    for folder in folders:
        for file in (
            folder.joinpath(*parts).with_suffix(".py"),
            folder.joinpath(*parts, "__init__.py"),
        ):
            if parts and file.is_file():
                return file
    alone = home / f"{parts[-1]}.py" if parts else home  # of a package that is not there
    return alone if alone.is_file() else None
