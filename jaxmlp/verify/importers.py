"""The programs beside a file that import it: they say what its classes and functions are given."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from jaxmlp.verify.names import TRAINS, called_name
from jaxmlp.verify.origin import beside
from jaxmlp.verify.reading import FILE, code_in, statements_of

MOST_IMPORTERS = 3  # programs that are tried
FOLDERS = 20  # beside a package
SEARCHED = 200  # files of a folder that are looked into
SUFFIXES = (".py", ".ipynb")
OTHERS = 40  # files that may import the file by way of another, and are read
LEFT_OUT = ("setup", "conftest", "test_", "__init__")  # what such names begin with trains nothing


class Importer(NamedTuple):
    """A program that imports the file which is judged.

    Attributes:
        path: without links.
        cells: its code; a notebook's by cells.
        files: those beside it that it imports, and the data that it names.
    """

    path: str
    cells: list[str]
    files: list[str]


def importers(path: Path) -> list[Importer]:
    """Those in its folder and the one above, and in the folders beside its package; those that name
    it before those that only import what does, those that are called after training before others,
    scripts before notebooks, the shortest first."""
    path = path.resolve()
    name = path.parent.name if path.stem == "__init__" else path.stem
    contents = {file: content for file in _candidates(path) if (content := _content(file))}
    naming = [file for file, content in contents.items() if name.encode() in content]
    others = [file for file in contents if file not in naming][:OTHERS]
    key = lambda file: (not TRAINS.search(Path(file.path).stem), file.path.endswith(SUFFIXES[1]),  # noqa: E731
                        sum(map(len, file.cells)))  # fmt: skip
    programs: list[Importer] = []
    for some in (naming, others):
        if len(programs) < MOST_IMPORTERS:
            made = (_importer(file, contents[file], path) for file in some)
            programs += sorted(filter(None, made), key=key)
    return programs[:MOST_IMPORTERS]


def _candidates(path: Path) -> Iterator[Path]:
    """The files in which such programs may be."""
    for folder in _folders(path):
        files = sorted(file for file in folder.glob("*.*") if file.suffix in SUFFIXES)[:SEARCHED]
        for file in files:
            left_out = file == path or file.stem.startswith(LEFT_OUT) or file.is_symlink()
            if not left_out:
                yield file


def _folders(path: Path) -> list[Path]:
    """Where such programs may be."""
    above = next(folder for folder in path.parents if not (folder / "__init__.py").exists())
    packed = above != path.parent
    beside = sorted(folder for folder in above.iterdir() if folder.is_dir()) if packed else []
    return list(dict.fromkeys([path.parent, path.parent.parent, above, *beside[:FOLDERS]]))


def _content(candidate: Path) -> bytes:
    """What is in a file; nothing where it cannot be read, or is too large."""
    try:
        small = candidate.is_file() and candidate.stat().st_size <= FILE
        return candidate.read_bytes() if small else b""
    except OSError:
        return b""


def _importer(candidate: Path, content: bytes, path: Path) -> Importer | None:
    """The program, if it imports the file and does more than to define."""
    try:
        cells = code_in(content, notebook=candidate.suffix == SUFFIXES[1])
    except ValueError:
        return None
    body = statements_of(cells)
    files, data = beside(candidate, ast.Module(body, []))
    does = any(not isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Import | ast.ImportFrom)
               for node in body)  # fmt: skip
    if not does or path not in files or _changes(body, path.stem):
        return None
    return Importer(str(candidate), cells, [*map(str, files), *map(str, data)])


def _changes(body: list[ast.stmt], module: str) -> bool:
    """Whether a program gives what it imports from a module other attributes, or may: what it makes
    of it then is not the module's."""
    nodes = [n for node in body for n in ast.walk(node)]
    imports = [n for n in nodes if isinstance(n, ast.Import | ast.ImportFrom)]
    own = [n for n in imports if module in re.findall(r"\w+", ast.unparse(n))]
    names = {(node.asname or node.name).split(".")[0] for n in own for node in n.names}
    attributes = [n for n in nodes if isinstance(n, ast.Attribute) and isinstance(n.ctx, ast.Store)]
    roots = [ast.unparse(n).split(".")[0] for n in attributes]
    return bool(names.intersection(roots)) or any(
        isinstance(n, ast.Call) and called_name(n) in ("setattr", "exec", "eval") for n in nodes
    )
