"""The text of a table: how it is compressed and encoded, what separates its cells, its lines."""

import bz2
import codecs
import contextlib
import csv
import gzip
import io
import lzma
import re
from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any

from jaxmlp.data.header import MISREAD, number_in

HEAD_CHARACTERS = 2**18  # characters from which separator, header and the columns' kinds are seen
FEWEST = 20  # lines of it
MOST_LINE = 2**24  # characters: a line without end is not read to it
SHOWN_LINES = 3  # of the lines that are left out
SEPARATORS = "\t;|, "
TABLE_SUFFIXES = (".csv", ".tsv", ".txt", ".parquet")
PACKED: dict[str, Callable] = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}
FILE_SIGNATURES = (b"\x1f\x8b", b"PK\x03\x04", b"BZh", b"\xfd7zX", b"(\xb5/\xfd", b"PAR1")
PRIVATE = re.compile("[\ue000-\uf8ff]")
# What a language is written in, where its bytes are decoded by the encoding that it commonly has.
SCRIPTS = {
    "cp1252": "(?<![À-ÿ])[À-ÿ°€–—‘’“”…]{1,2}(?![À-ÿ])",
    "cp932": "[ぁ-ヶー一-龠]",
    "euc_jp": "[ぁ-ヶー]",
    "cp949": "[가-힣]",
    "cp1251": "[А-яЁё]",
    "gb18030": "[一-龠]",
}


def kind_of(path: Path) -> tuple[str, str]:
    """(".csv" or the like, how it is compressed); as in .csv.gz."""
    *_, before, last = ["", "", *(suffix.lower() for suffix in path.suffixes)]
    return (before, last) if last in (*PACKED, ".zst") else (last, "")


def decompressed(file: Any, packed: str) -> Any:
    """The file's contents."""
    if packed == ".zst":
        from pyarrow import CompressedInputStream

        return CompressedInputStream(file, "zstd")
    return PACKED[packed](file) if packed else file


def decoded_lines(name: str, file: Any, encoding: str | None) -> Iterator[str]:
    """The lines, in UTF-8, or UTF-16 with its mark, unless another encoding is given.

    Raises:
        ValueError: they are something else; with the encoding that is likely.
    """
    file, text = io.BufferedReader(file), None
    try:
        if file.peek(4)[:4].startswith(FILE_SIGNATURES):
            raise ValueError(f"{name}: expected text, got a compressed file or a workbook")
        wide = file.peek(2)[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
        known = codecs.lookup(encoding or ("utf-16" if wide else "utf-8")).name
        text = io.TextIOWrapper(file, "utf-8-sig" if known == "utf-8" else known)
        for line in iter(lambda: text.readline(MOST_LINE), ""):
            _check_line(name, line, known, told=bool(encoding))
            yield line
    except UnicodeDecodeError as error:
        likely = likely_encoding(error.object)
        hint = f" (--encoding {likely}, likely)" if likely else ""
        raise ValueError(
            f"{name}: expected text in {known.upper()}, got something else{hint}"
        ) from None
    except LookupError:
        raise ValueError(f"{name}: unknown encoding {encoding!r}") from None
    except Exception as reason:  # each way of compressing has its own
        if isinstance(reason, ValueError) or getattr(reason, "errno", None):
            raise
        raise ValueError(f"{name}: a damaged file: {reason}") from None
    finally:  # whoever opened the file closes it, perhaps before
        with contextlib.suppress(ValueError):
            if text:
                text.detach()
            file.detach()


def _check_line(name: str, line: str, encoding: str, *, told: bool) -> None:
    """Refuse a line without end, or one that no text in this encoding has.

    Args:
        told: whether the encoding is one that was asked for.
    """
    if len(line) == MOST_LINE and line[-1] != "\n":
        most = f"{MOST_LINE >> 20} million characters"
        raise ValueError(f"{name}: expected lines of less than {most}, got a longer one")
    if "\0" in line or (told and not line.isascii() and PRIVATE.search(line)):
        got = "characters that are none"
        raise ValueError(f"{name}: expected text in {encoding.upper()}, got {got}")


def likely_encoding(raw: bytes) -> str:
    """That in which most of what is not ASCII is of its own script; "" if there is none."""
    shares = {}
    for encoding, script in SCRIPTS.items():
        text = raw.decode(encoding, "replace")
        foreign = len(re.findall("[^\0-\x7f]", text))
        shares[encoding] = len("".join(re.findall(script, text))) / max(foreign, 1)
    shares["euc_jp"] *= 3  # where there are kana, the rest is kanji
    best = max(shares, key=shares.__getitem__)
    return best if shares[best] > 0.5 else ""


def separator_of(head: list[str], decimal: str) -> str:
    """What cuts most lines into equally many cells, at least two; then, more into numbers."""
    number = number_in(decimal, None)

    def cut(separator: str) -> tuple[int, float]:
        rows = list(cells_of(head, separator))
        width, n = Counter(map(len, rows)).most_common(1)[0] if rows else (0, 0)
        if width < 2:
            return 0, 0.0
        cells = [cell for row in rows[:100] for cell in row]
        return n, sum(bool(number(c) or MISREAD.fullmatch(c)) for c in cells) / len(cells)

    return max(SEPARATORS.replace(decimal, ""), key=cut)


def widths(head: list[str], separator: str) -> Counter:
    """How many lines have how many cells."""
    return Counter(len(cells) for cells in cells_of(head, separator))


def cells_of(lines: Iterable[str], separator: str) -> Iterator[list[str]]:
    """The cells of each line that isn't blank, without blanks around them."""
    lines = (line.strip(" ") for line in lines) if separator == " " else lines
    with contextlib.suppress(csv.Error):  # of a quotation that is never closed
        for cells in csv.reader(lines, delimiter=separator, skipinitialspace=True):
            if any(cells := [cell.strip() for cell in cells]):
                yield cells


class Lines:
    """The lines of a table as pandas is given them: whole rows, of equally many cells.

    Attributes:
        head: the cells of the first lines.
        numbers: where the rows begin that were read; ragged: those that were left out.
    """

    def __init__(self, name: str, lines: Iterator[str], separator: str | None, decimal: str):
        self.name, self.number, size = name, 0, 0
        head: list[str] = []
        for line in lines:
            if not head and (said := re.fullmatch(r'\ufeff?"?sep=(.)"?\s*', line, re.I)):
                separator, self.number = separator or said[1], self.number + 1
                continue
            head.append(line)
            size += len(line)
            if size > HEAD_CHARACTERS and len(head) > FEWEST:
                break
        self.separator = separator or separator_of(head, decimal)
        counted = widths(head, self.separator)
        self.width = counted.most_common(1)[0][0] if counted else 0
        self.head = [row for row in cells_of(head, self.separator) if len(row) == self.width]
        self.blank = self.separator + ' \t\r\n"'
        self.numbers: array[int] = array("q")
        self.ragged: list[tuple[int, int]] = []
        self.source = chain(head, lines)

    def __iter__(self) -> Iterator[str]:
        for line in self.source:
            self.number += 1
            if not line.strip(self.blank):
                continue
            if self.separator == " ":
                line = " ".join(line.split()) + "\n"
            number, cells = self.number, line.count(self.separator) + 1
            if '"' in line:
                line, cells = self._quoted(line)
            if cells == self.width:
                self.numbers.append(number)
                yield line
            else:
                self.ragged.append((number, cells))

    def left_over(self) -> list[str]:
        """What is wrong with the lines that were left out."""
        some = ", ".join(f"line {n}: {cells}" for n, cells in self.ragged[:SHOWN_LINES])
        more = f" and {len(self.ragged) - SHOWN_LINES:,} lines more" * (
            len(self.ragged) > SHOWN_LINES
        )
        return [f"expected {self.width} cells a line, got {some}{more}"] if self.ragged else []

    def _quoted(self, line: str) -> tuple[str, int]:
        """A row with cells in quotes, in which there may be separators and ends of lines."""

        def more() -> Iterator[str]:
            yield line
            for another in self.source:
                self.number += 1
                yield another
            raise csv.Error("a quotation mark that is never closed")

        where, plain = self.number, io.StringIO()
        try:
            cells = next(csv.reader(more(), delimiter=self.separator, skipinitialspace=True))
        except csv.Error as reason:
            raise ValueError(f"{self.name}, line {where}: {reason}") from None
        csv.writer(plain, delimiter=self.separator, lineterminator="\n").writerow(cells)
        return plain.getvalue(), len(cells)
