"""Tables out of text and parquet files, opened: pandas reads their rows."""

import contextlib
import functools
import io
import os
import sys
import warnings
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jaxmlp.data.header import MISREAD, MISSING, is_header, number_in
from jaxmlp.data.table import Reading, Table
from jaxmlp.data.text import TABLE_SUFFIXES, Lines, decoded_lines, decompressed, kind_of
from jaxmlp.text import first_of
from jaxmlp.whole import regular

if TYPE_CHECKING:
    import pandas


def is_table(path: Path) -> bool:
    """Whether the file is one, by its name."""
    return kind_of(path)[0] in TABLE_SUFFIXES


def stem_of(path: Path) -> str:
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
            table = _parquet(source, decompressed(file, packed), reading)
        else:
            plain = Path(source).is_file() and not (packed or reading.encoding)
            path = Path(source) if plain else None
            table = _text(str(source), decompressed(file, packed), reading, known, path)
        table.size, table.done = size, lambda: size if file.closed else file.tell()
        yield table


def _text(
    name: str, file: Any, reading: Reading, known: Sequence[str], path: Path | None = None
) -> Table:
    lines = Lines(
        name, decoded_lines(name, file, reading.encoding), reading.separator, reading.decimal
    )
    if not lines.head:
        raise ValueError(f"{name}: expected rows of numbers, got an empty file")
    named = _has_names(lines, reading, known)
    names = lines.head[0] if named else [f"column {c + 1}" for c in range(lines.width)]
    records = iter(lines)
    if named:
        next(records)
        lines.numbers = lines.numbers[:0]
    options = {
        "sep": lines.separator, "header": None, "names": range(lines.width),
        "keep_default_na": False, "decimal": reading.decimal,
        "thousands": reading.thousands,
    }  # fmt: skip
    frames = functools.partial(_frames, path, lines, records, options)
    return Table(name, list(names), lines.head[named:], frames, reading, lines.left_over)


def _has_names(lines: Lines, reading: Reading, known: Sequence[str]) -> bool:
    """Whether the first line is names: as told, where a name is asked for, or as it looks."""
    first, number = lines.head[0], number_in(reading.decimal, reading.thousands)
    asked = {name for name in (*reading.target, *reading.drop, *reading.id) if not number(name)}
    if reading.header != "auto":
        return reading.header == "yes"
    if (known and {*known} <= {*first}) or asked & {*first}:
        return True
    named = is_header(lines.head, lambda cell: number(cell) or MISREAD.fullmatch(cell))
    if named is None:
        cells = first_of(first, 5)
        raise ValueError(
            f"{lines.name}: the first line ({cells}) may be names or a sample: "
            "expected --header yes or --header no"
        )
    return named


def _frames(
    path: Path | None, lines: Lines, records: Iterator[str], options: dict,
    columns: list[int], text: list[int], rows: int, whole: bool,
) -> Iterator[tuple[Any, Sequence[int]]]:  # fmt: skip
    """`Table.frames` of a text: from the file itself where that may be, else of whole lines."""
    if whole and len(columns) == lines.width and (where := _lines_as_they_stand(path, lines)):
        with contextlib.suppress(ValueError):  # of what is told better below
            frame = _frame(path, text, {**options, "skiprows": where[0] - 1})
            if _is_whole(frame, len(where)):
                yield frame, where
                return
    while block := "".join(islice(records, rows)):
        numbers, lines.numbers = lines.numbers, lines.numbers[:0]
        yield _frame(block, text, {**options, "usecols": columns}), numbers


def _lines_as_they_stand(path: Path | None, lines: Lines) -> range:
    """The lines that are left, if pandas may read them from the file itself, which it does on
    several cores: there are no quotation marks in them; else empty."""
    if path is None or lines.separator == " ":
        return range(0)
    with open(path, "rb") as file:
        ends, block = sum(1 for _ in islice(file, lines.number)), b"\n"
        for block in iter(functools.partial(file.read, 2**20), b""):
            if b'"' in block or b"\0" in block:
                return range(0)
            ends += block.count(b"\n")
    return range(lines.number + 1, ends + (block[-1:] != b"\n") + 1)


def _is_whole(frame: "pandas.DataFrame", rows: int) -> bool:
    """Whether each line gave a row and each row all its cells: what pandas lacks in a row, it puts
    at the end as missing; what is too much in the first rows becomes an index."""
    import pandas as pd

    last = frame.iloc[:, -1]
    return frame.index.equals(pd.RangeIndex(rows)) and not (last.isna() | (last == "")).any()


def _frame(source: Path | str, text: list[int], options: dict) -> "pandas.DataFrame":
    """Rows of a file or a text as pandas has them: columns of numbers, and of text where some are
    no numbers."""
    import pandas as pd

    def read(**more: Any) -> "pandas.DataFrame":
        file = io.StringIO(source) if isinstance(source, str) else source
        return pd.read_csv(file, **{**options, **more})

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", pd.errors.DtypeWarning)  # of numbers and text in one
        frame = read(dtype=dict.fromkeys(text, str), na_values=[*MISSING])
    kinds = dict.fromkeys(frame.select_dtypes(bool), str)
    frame = frame.astype(kinds) if kinds else frame
    if frame[text].isna().any(axis=None):  # to pandas; of text, all stays as it is written
        frame[text] = read(dtype=str, na_filter=False, usecols=text)[text]
    for c in text:
        frame[c] = frame[c].str.strip()
    return frame


def _parquet(name: str | Path, file: Any, reading: Reading) -> Table:
    from pyarrow import ArrowException, parquet

    try:
        whole = parquet.ParquetFile(file if file.seekable() else io.BytesIO(file.read()))
        head = next(whole.iter_batches(batch_size=1000)).to_pandas()
    except (ArrowException, StopIteration) as reason:
        raise ValueError(f"{name}: expected rows of a parquet file, got {reason}") from None
    own = list(head.columns)

    def frames(
        columns: list[int], text: list[int], rows: int, _: bool
    ) -> Iterator[tuple[Any, Sequence[int]]]:
        done = 0
        for batch in whole.iter_batches(batch_size=rows):
            frame = batch.to_pandas()[own].set_axis(range(len(own)), axis=1)
            for c in text:
                frame[c] = _as_text(frame[c])
            yield frame, range(done + 1, done + len(frame) + 1)
            done += len(frame)

    rows = [[*row] for row in head.apply(_as_text).to_numpy(object)]
    return Table(str(name), list(map(str, own)), rows, frames, reading)


def _as_text(cells: "pandas.Series") -> "pandas.Series":
    """A column as text, "" where a cell is missing; whole numbers without a point."""
    whole = cells.dtype.kind == "f" and (cells.dropna() % 1 == 0).all()
    return (cells.astype("Int64") if whole else cells).astype(str).where(~cells.isna(), "")
