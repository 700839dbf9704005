"""Places of a file in words and as data; of a notebook in its cells."""

from collections.abc import Sequence

import numpy as np

from jaxmlp.verify.finding import Place, Words
from jaxmlp.verify.run.tape import Span


def placed(span: Span, lines: Sequence[str], cells: Sequence[int]) -> Place | None:
    """A span as a place of the file: in characters, and of a notebook in its cell.

    None where it is in no line of the file, but in a program that imports it, say.
    """
    if not span.line:
        return None
    begin, end = lines[span.line - 1].encode(), lines[span.end_line - 1].encode()
    column = len(begin[: span.column].decode(errors="replace"))
    end_column = len(end[: span.end_column].decode(errors="replace"))
    whole = "\n".join(lines[span.line - 1 : span.end_line])
    over = len(lines[span.end_line - 1]) - end_column
    text = " ".join(whole[column : len(whole) - over].split())
    cell, line = in_cell(span.line, cells)
    end_line = line + span.end_line - span.line
    return Place(line, column + 1, end_line, end_column + 1, text, cell)


def in_cell(line: int, cells: Sequence[int]) -> tuple[int | None, int]:
    """The number of the cell that a line of a notebook is in, and which of its lines it is."""
    if not cells:
        return None, line
    cell = int(np.searchsorted(cells, line, side="right"))
    return cell, line - cells[cell - 1] + 1


def at_line(line: int, cells: Sequence[int]) -> Words:
    """A line of the file, or of a cell of a notebook, in words."""
    if not line:
        return Words("a line of another file", "別のファイルの行")
    cell, line = in_cell(line, cells)
    if cell is None:
        return Words(f"line {line}", f"{line} 行目")
    return Words(f"cell {cell}, line {line}", f"セル {cell} の {line} 行目")
