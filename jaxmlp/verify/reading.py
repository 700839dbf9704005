"""Text out of a file in whatever encoding, and statements out of text, broken or not."""

import ast
import codecs
import contextlib
import io
import json
import re
import sys
import tokenize
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from jaxmlp.text import Refused
from jaxmlp.verify.python2 import as_python_3
from jaxmlp.whole import regular

FILE = 10 << 20  # bytes
MOST_CHARACTERS, LINES = 1 << 18, 20_000  # characters and lines that are read
RECURSION_LIMIT = 20_000  # calls in Python, a few for each level of a syntax tree
ENCODINGS = ("utf-8", "cp932", "euc_jp")
USUAL = re.compile(r"utf|cp\d|windows|shift|sjis|euc|iso|latin|ascii|gb|big5|koi8|mac|johab|tis")
RUNNING_CELL = re.compile(r"%%(time|timeit|capture|prun)\b.*\n?")
HALF = re.compile(r"[=+\-*/@,(\[]\s*(#.*)?$")
TRAINING = re.compile(r"\b(xi|yi|ti|eta\w*|delta\w*|x_train|X_train|lr|learning_rate)\b")


def code_of(path: Path) -> list[str]:
    """The code of a .py file, or of each cell of an .ipynb file; nothing is waited for.

    Raises:
        OSError: it cannot be opened.
        ValueError: it is no regular file, no text, no notebook, or more than anybody writes.
    """
    with open(path, "rb", buffering=0, opener=regular) as file:
        data = file.read(FILE + 1)
    if len(data) > FILE:
        raise Refused(f"expected a file of at most {FILE >> 20} MB, got a larger one",
                      f"{FILE >> 20} MB 以下のファイルが必要です")  # fmt: skip
    return code_in(data, notebook=path.suffix == ".ipynb")


def code_in(data: bytes, *, notebook: bool) -> list[str]:
    """The code in what a file holds, of a notebook by cells.

    Raises:
        ValueError: it is no text, no notebook, or more than anybody writes.
    """
    return _of_length(notebook_cells(decoded(data)) if notebook else [decoded(data)])


def _of_length(cells: list[str]) -> list[str]:
    lines, code = sum(c.count("\n") for c in cells), sum(map(len, cells))
    if lines > LINES or code > MOST_CHARACTERS:
        raise Refused(
            f"expected code of at most {LINES} lines and {MOST_CHARACTERS >> 10} kB, "
            f"got {lines} lines and {code >> 10} kB",
            f"コードは {LINES} 行・{MOST_CHARACTERS >> 10} kB までです "
            f"({lines} 行・{code >> 10} kB でした)",
        )
    return cells


def decoded(data: bytes) -> str:
    """Text in UTF-8, with or without a mark, UTF-16 with one, Shift-JIS, EUC-JP, or as it declares.

    Raises:
        ValueError: it is none of these.
    """
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return _unix(data.decode("utf-16"))
    try:
        declared, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
    except SyntaxError:
        declared = "utf-8"
    if not USUAL.match(declared):  # punycode, say, takes a time that grows with the square
        declared = "utf-8"
    for encoding in (declared, *ENCODINGS):
        try:
            text = data.decode("utf-8-sig" if encoding == "utf-8" else encoding)
        except (UnicodeDecodeError, LookupError):
            continue
        if "\0" in text:
            break
        return _unix(text)
    raise Refused("expected a text file in UTF-8 or Shift-JIS, got something else",
                  "UTF-8 か Shift-JIS のテキストファイルが必要です")  # fmt: skip


def _unix(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def notebook_cells(text: str) -> list[str]:
    """The code cells of a notebook, without magics and shell commands.

    Raises:
        ValueError: it is no notebook.
    """
    try:
        cells = json.loads(text)["cells"]
        code = ["".join(c["source"]) for c in cells if c["cell_type"] == "code"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise Refused("expected a Jupyter notebook (JSON with cells), got something else",
                      "Jupyter ノートブックではありません") from None  # fmt: skip
    return [_without_magics(RUNNING_CELL.sub("", cell, count=1)) for cell in _of_length(code)
            if RUNNING_CELL.match(cell) or not cell.startswith("%%")]  # fmt: skip


def _without_magics(cell: str) -> str:
    """A cell as Python: what is Python already may have lines that begin with %."""
    try:
        ast.parse(cell)
    except (SyntaxError, ValueError, RecursionError):
        return re.sub(r"^[ \t]*[%!?].*$", "", cell, flags=re.MULTILINE)
    return cell


class Flaw(NamedTuple):
    """What cannot be parsed.

    Attributes:
        name: of the function or class, or "training loop".
        line: where it begins.
        why: the syntax error; empty where something is not written yet.
    """

    name: str
    line: int
    why: str = ""


@contextlib.contextmanager
def deep_trees() -> Iterator[None]:
    """Walk syntax trees as deep as the parser makes them: a sum of 950 terms is 950 deep.

    The parser's own limit stays, for it is one of the stack of C.
    """
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(max(before, RECURSION_LIMIT))
    try:
        yield
    finally:
        sys.setrecursionlimit(before)


def parsed(text: str) -> Sequence[ast.stmt | Flaw]:
    """Its statements, and the functions that cannot be parsed."""
    try:
        return _tree(text).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return [part for chunk in _chunks(text) for part in _parsed_chunk(*chunk)]


def _tree(text: str) -> ast.Module:
    """The syntax tree; Python 2 is understood."""
    with warnings.catch_warnings():  # of a "\\d" in the person's own strings
        warnings.simplefilter("ignore")
        try:
            return ast.parse(text)
        except SyntaxError:
            newer = as_python_3(text)
            if newer == text:
                raise
            return ast.parse(newer)


def _chunks(text: str) -> Iterator[tuple[str, int]]:
    """(a piece of text, its first line): split before each line that begins a statement."""
    goes_on = re.compile(r"(else|elif|except|finally)\b")
    lines: list[str] = []
    first = 1
    for number, line in enumerate(text.split("\n"), 1):
        begins = re.match(r"[A-Za-z_@]", line) and not goes_on.match(line)
        if begins and not (lines and lines[-1].startswith("@")):
            yield "\n".join(lines), first
            lines, first = [], number
        lines.append(line)
    yield "\n".join(lines), first


def _parsed_chunk(chunk: str, first: int) -> Sequence[ast.stmt | Flaw]:
    try:
        body = _tree(chunk).body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        return _flaws(chunk, first, error)
    for statement in body:
        ast.increment_lineno(statement, first - 1)
    return body


def _flaws(chunk: str, first: int, error: Exception) -> list[Flaw]:
    match = re.match(r"(?:@.*\n)*(?:async )?(?:def|class)\s+(\w+)", chunk)
    if not match and not (re.match(r"for|while|if", chunk) and TRAINING.search(chunk)):
        return []
    line = getattr(error, "lineno", None) or 1
    written = (chunk.split("\n")[line - 1 : line] or [""])[0]
    half = "indented block" in str(error) or "never closed" in str(error) or HALF.search(written)
    if isinstance(error, RecursionError):
        error = SyntaxError("nested too deeply")
    said = f"{type(error).__name__}: {getattr(error, 'msg', error)} (line {first + line - 1})"
    why = "" if half else said
    return [Flaw(match[1] if match else "training loop", first, why)]


def of_cells(cells: Sequence[str]) -> Iterator[ast.stmt | Flaw]:
    """The statements of all cells, their lines counted on: one broken cell spoils no other."""
    lines = 0
    for cell in cells:
        for part in parsed(cell):
            if isinstance(part, Flaw):
                yield part._replace(line=part.line + lines)
            else:
                yield ast.increment_lineno(part, lines)
        lines += cell.count("\n") + 1


def statements_of(cells: Sequence[str]) -> list[ast.stmt]:
    """The statements that can be read."""
    return [part for part in of_cells(cells) if isinstance(part, ast.stmt)]


def code_cells(lines: Sequence[str], begins: Sequence[int]) -> list[str]:
    """A file's cells, told by their first lines; one, where it is no notebook."""
    ends = [*(begin - 1 for begin in begins[1:]), len(lines)]
    return ["\n".join(lines[a:b]) for a, b in zip([0, *ends[:-1]], ends, strict=True)]
