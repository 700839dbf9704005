"""Where what a file asks for may lie: a module beside it, in its package, or where it says; data
beside it."""

import ast
import contextlib
import os
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path

INIT = "__init__.py"
DATA = re.compile(r"(?i)\.(csv|txt|dat|tsv|npy|npz|json|[\w-]*data)")
LONGEST_NAME = 200  # characters of a name
LARGEST_FILE = 4 << 20  # bytes of data that are read: more has stand-ins, as what is not there has
MOST_FILES = 50  # files in a folder of which a program may put together the names
LIBRARY_NAMES = frozenset(
    ["numpy", "scipy", "pandas", "sklearn", "matplotlib", "tensorflow", "keras", "torch", "jax"]
)
UP = 2  # folders above, of a file that changes `sys.path`, or of a package that it imports


def roots(path: Path, nodes: Sequence[ast.AST]) -> list[Path]:
    """The folders that a file may import from: its own; if it changes `sys.path`, those above, and
    those inside all of these that it names."""
    home = path.resolve().parent
    if not any(map(_names_sys_path, nodes)):
        return [home]
    texts = (n.value for n in nodes if isinstance(n, ast.Constant) and isinstance(n.value, str))
    parts = {part for text in texts for part in re.split(r"[/\\]", text[:LONGEST_NAME])}
    named = sorted(part for part in parts if part.isprintable() and part.strip("."))
    places = [home, *home.parents[:UP]]
    inside = [place / part for place in places for part in named]
    return [home, *(folder for folder in inside if folder.is_dir()), *places[1:]]


def _names_sys_path(node: ast.AST) -> bool:
    match node:
        case ast.Attribute(value=ast.Name(id="sys"), attr="path"):
            return True
        case ast.ImportFrom(module="sys"):
            return any(alias.name == "path" for alias in node.names)
    return False


def module_file(name: str, level: int, home: Path, roots: Iterable[Path]) -> Path | None:
    """The file of a module.

    Args:
        name: `layers`, or `common.layers`; empty for what only dots name.
        level: how many dots are in front.
        home: the folder of the file that imports it.
        roots: those that it may import from.
    """
    parts = [part for part in name.split(".") if part]
    if not parts:
        return None
    if level:
        folders = [[home, *home.parents][min(level - 1, len(home.parents))]]
    else:
        within = [place.parent for place in (home, *home.parents) if place.name == parts[0]]
        packages = [place for place in home.parents[:UP] if (place / parts[0] / INIT).is_file()]
        folders = [*roots, *within, *packages]  # a package beside it may be installed
    # of a package that is not there
    alone = [] if parts[0] in LIBRARY_NAMES else [home / parts[-1]]
    places = [*(folder.joinpath(*parts) for folder in folders), *alone]
    return next(filter(None, map(_module_at, places)), None)


def _module_at(place: Path) -> Path | None:
    """The file of a module or a package here; in other letters, where the system that it was
    written on does not tell small from capital."""
    exact = (place / INIT, place.with_suffix(".py"))  # the order of Python's
    if file := next((candidate for candidate in exact if candidate.is_file()), None):
        return file
    name = f"{place.name}.py".lower()
    try:
        alike = [candidate for candidate in os.listdir(place.parent) if candidate.lower() == name]
    except OSError:
        return None
    return next(filter(Path.is_file, map(place.parent.joinpath, sorted(alike))), None)


def data_file(name: str, home: Path) -> Path | None:
    """Small data that a file in this folder reads by this name: in the folder, or in one inside it;
    of a path from another machine the last part counts."""
    parts = [part for part in re.split(r"[/\\]", name) if part not in ("", ".")]
    is_name = len(name) <= LONGEST_NAME and name.isprintable()
    if not (is_name and parts and DATA.fullmatch(Path(parts[-1]).suffix)):
        return None
    for file in (home.joinpath(*parts), home / parts[-1]):
        with contextlib.suppress(OSError, ValueError, RuntimeError):  # a loop of links, say
            real = file.resolve()
            inside = real.is_relative_to(home.resolve()) and real.is_file()
            if inside and DATA.fullmatch(real.suffix) and real.stat().st_size <= LARGEST_FILE:
                return real
    return None


def data_files(texts: Collection[str], home: Path) -> Iterator[Path]:
    """The data that texts of a program name, and that are there; those in the folder, too, of which
    they name the ending and another part, as where a name is put together."""
    folder = sorted(home.iterdir()) if home.is_dir() else ()
    inside = [path for path in folder if DATA.fullmatch(path.suffix)][:MOST_FILES]
    named = [path.name for path in inside if any(text.endswith(path.suffix) for text in texts)
             and any(len(text) > 2 and text in path.stem for text in texts)]  # fmt: skip
    for text in (*texts, *named):
        if file := data_file(text, home):
            yield file
