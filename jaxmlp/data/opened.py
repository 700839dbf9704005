"""Tables out of text and parquet files, opened: pandas reads their rows."""

import contextlib
import io
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from pathlib import Path

from jaxmlp.data.header import MISREAD, MISSING, is_header, number_in
from jaxmlp.data.table import Reading, Table
from jaxmlp.data.text import KINDS, Lines, decoded, kind_of, unpacked
from jaxmlp.whole import regular

BLOCK = 2**18  # characters, about, that pandas is handed at a time
SHOWN = 3  # of the lines that are left out


def is_table(path: Path) -> bool:
    """Whether the file is one, by its name."""
    return kind_of(path)[0] in KINDS


def name_of(path: Path) -> str:
    """The file's, without .csv or .csv.gz."""
    return path.name[: len(path.name) - len("".join(kind_of(path)))] or path.name


@contextlib.contextmanager
def open_table(source: str | Path, reading: Reading, known: Sequence[str] = ()) -> Iterator[Table]:
    """A table in a file, or "-": a text on standard input.

    Args:
        known: names that a header will have, if there is one.

    Raises:
        ValueError: it is empty, damaged, encoded otherwise, or its first line may be names or not.
    """
    if source == "-":
        if sys.stdin is None:
            raise ValueError("expected a CSV on standard input, got none")
        yield _text("standard input", sys.stdin.buffer, reading, known)
        return
    kind, packed = kind_of(Path(source))
    with open(source, "rb", opener=regular) as file:
        size = os.fstat(file.fileno()).st_size
        if kind == ".parquet":
            table = _parquet(source, unpacked(file, packed), reading)
        else:
            table = _text(str(source), unpacked(file, packed), reading, known)
        table.size, table.done = size, lambda: size if file.closed else file.tell()
        yield table


def _text(name: str, file, reading: Reading, known: Sequence[str]) -> Table:
    lines = Lines(name, decoded(name, file, reading.encoding), reading.separator, reading.decimal)
    if not lines.head:
        raise ValueError(f"{name}: expected rows of numbers, got an empty file")
    head, first = lines.head, lines.head[0]
    named = {"yes": True, "no": False}.get(reading.header)
    number = number_in(reading.decimal, reading.thousands)
    asked = {name for name in (*reading.target, *reading.drop, *reading.id) if not number(name)}
    if named is None and ((known and {*known} <= {*first}) or asked & {*first}):
        named = True
    if named is None:
        named = is_header(head, lambda cell: number(cell) or MISREAD.fullmatch(cell))
    if named is None:
        cells = ", ".join(first[:5]) + ", …" * (len(first) > 5)
        raise ValueError(
            f"{name}: the first line ({cells}) may be names or a sample: "
            "expected --header yes or --header no"
        )
    records = iter(lines)
    if named:
        next(records)
    names = first if named else [f"column {c + 1}" for c in range(lines.width)]

    def frames(columns: list[int], text: list[int], rows: int, keep: bool):
        numbers = [c for c in columns if c not in {*text}]
        options = {
            "sep": lines.separator, "header": None, "names": range(lines.width),
            "usecols": columns, "na_values": dict.fromkeys(numbers, MISSING),
            "keep_default_na": False, "decimal": reading.decimal, "thousands": reading.thousands,
        }  # fmt: skip
        for first in records:
            frame = _frame(first, islice(records, rows - 1), text, options, keep)
            where, lines.numbers = lines.numbers[-len(frame) :], lines.numbers[:0]
            yield frame, where

    def left_over() -> list[str]:
        some = ", ".join(f"line {n}: {cells}" for n, cells in lines.ragged[:SHOWN])
        more = f" and {len(lines.ragged) - SHOWN:,} lines more" * (len(lines.ragged) > SHOWN)
        return [f"expected {lines.width} cells a line, got {some}{more}"] if lines.ragged else []

    return Table(name, list(names), head[named:], frames, reading, left_over)


class Mixed(Exception):
    """Words where there were only numbers so far."""


class Rows:
    """Lines as a file that pandas reads."""

    def __init__(self, lines: Iterable[str], few: int):
        self.lines, self.few = iter(lines), few

    def __iter__(self) -> Iterator[str]:
        return self.lines

    def read(self, _: int = -1) -> str:
        return "".join(islice(self.lines, self.few))


def _frame(first: str, rest: Iterator[str], as_text: list[int], options: dict, keep: bool):
    """Rows as pandas has them; all cells as text where some are no numbers.

    Raises:
        Mixed: some are no numbers, and the lines, which fill much memory, were not to be kept.
    """
    import pandas as pd

    lines, few = chain([first], rest), 1 + BLOCK // len(first)
    lines = [*lines] if keep else lines
    kinds = {c: str if c in {*as_text} else float for c in options["usecols"]}
    try:
        frame = pd.read_csv(Rows(lines, few), dtype=kinds, **options)
    except ValueError:
        if not keep:
            raise Mixed from None
        plain = {**options, "na_values": None, "na_filter": False}
        frame = pd.read_csv(Rows(lines, few), dtype=str, **plain)
    for c in as_text:
        frame[c] = frame[c].str.strip()
    return frame


def _parquet(name: str | Path, file, reading: Reading) -> Table:
    from pyarrow import ArrowException, parquet

    try:
        whole = parquet.ParquetFile(file if file.seekable() else io.BytesIO(file.read()))
        head = next(whole.iter_batches(batch_size=1000)).to_pandas()
    except (ArrowException, StopIteration) as reason:
        raise ValueError(f"{name}: expected rows of a parquet file, got {reason}") from None
    own = list(head.columns)

    def frames(columns: list[int], text: list[int], rows: int, keep: bool):
        done = 0
        for batch in whole.iter_batches(batch_size=rows):
            frame = batch.to_pandas()[own].set_axis(range(len(own)), axis=1)
            for c in text:
                frame[c] = plain(frame[c])
            yield frame, range(done + 1, done + len(frame) + 1)
            done += len(frame)

    def plain(cells):
        whole_numbers = cells.dtype.kind == "f" and (cells.dropna() % 1 == 0).all()
        return (
            (cells.astype("Int64") if whole_numbers else cells).astype(str).where(~cells.isna(), "")
        )

    rows = [[*row] for row in head.apply(plain).to_numpy(object)]
    return Table(str(name), list(map(str, own)), rows, frames, reading)
