"""Tables out of text and parquet files, read by pandas: all of one for training, or in parts."""

import contextlib
import io
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np

from jaxmlp.data.dataset import Dataset, from_targets
from jaxmlp.data.header import MISREAD, MISSING, is_header, is_text, number_in
from jaxmlp.data.preparation import coded
from jaxmlp.data.text import KINDS, Lines, decoded, kind_of, unpacked

NUMBERS = 2**24  # so many at a time of a table that is read whole
BLOCK = 2**18  # characters, about, that pandas is handed at a time
SHOWN = 3  # of the problems of a kind
MOST_TEXTS = 100  # different texts, at most, in a column that becomes one-hot


@dataclass(frozen=True, kw_only=True)
class Reading:
    """How a table is written, and what its columns are for."""

    target: tuple[str, ...] = ()
    """The target's column, by name or position (1 is the first, -1 the last): several are as many
    outputs, or a class each where they are 1-of-K. None given: the last."""
    drop: tuple[str, ...] = ()
    """Columns to leave out."""
    id: tuple[str, ...] = ()
    """Columns that say which sample it is: no features; predict writes them beside its answers."""
    missing: Literal["fill", "error"] = "fill"
    """fill: by the training part's median, with a column that says so. error: refuse."""
    header: Literal["auto", "yes", "no"] = "auto"
    """Whether the first line is names. auto: if it is words, or numbers that are no sample's."""
    separator: str | None = None
    """Between two cells of a text. None: the one of tab ; | , space that cuts it regularly."""
    decimal: str = "."
    """The decimal point."""
    thousands: str | None = None
    """What stands between thousands, if anything does."""
    encoding: str | None = None
    """Of a text. None: UTF-8, or UTF-16 with its mark."""


class Part(NamedTuple):
    """Some rows.

    Attributes:
        X: (k, d) numbers, NaN where one is missing; of text columns the texts' codes, -1 where
            there is none for it.
        y: (k, t) the targets' cells as text; ids: (k, i).
        where: (k,) the lines they begin in.
    """

    X: np.ndarray
    y: np.ndarray
    ids: np.ndarray
    where: np.ndarray


@dataclass
class Table:
    """A table that is open.

    Attributes:
        names: of its columns: "column 1" and so on without header.
        rows: its first rows, as text.
        frames: a function of the columns, those of them that are text, and a number of rows, which
            gives parts of so many rows as data frames, with the lines they begin in; whether to
            keep the text of a part meanwhile.
        left_over: what is wrong with the text besides, once all parts are read.
        index: the column in which pandas has numbered the rows.
        done: how many bytes were read, of the file's size.
    """

    name: str
    names: list[str]
    rows: list[list[str]]
    frames: Callable[[list[int], list[int], int, bool], Iterator[tuple[Any, Sequence[int]]]]
    reading: Reading
    left_over: Callable[[], list[str]] = list
    done: Callable[[], int] = lambda: 0
    size: int | None = None
    problems: list[str] = field(default_factory=list)

    def __post_init__(self):
        self.is_number = number_in(self.reading.decimal, self.reading.thousands)
        first = self.names[0] if self.names else ""
        numbered = not first or first.startswith("Unnamed: 0")
        fractions = any("." in row[0] for row in self.rows)
        self.index = [0] if numbered and not fractions else []

    def number(self, cell: str) -> float:
        """A cell as a number; NaN where it is none."""
        if not self.is_number(cell):
            return np.nan
        plain = cell.replace(self.reading.thousands or "\0", "")
        return float(plain.replace(self.reading.decimal, "."))

    def cells(self, column: int) -> list[str]:
        return [row[column] for row in self.rows]

    def columns(self, asked: Sequence[str]) -> list[int]:
        """The columns of these names or positions; in one word, several are set apart by commas."""
        count, found = Counter(self.names), []
        for words in asked:
            for name in [words] if words in count else [word.strip() for word in words.split(",")]:
                if count[name] == 1:
                    found.append(self.names.index(name))
                elif place := self._place(name):
                    found.append(range(len(self.names))[place - (place > 0)])
                else:
                    have = ", ".join(self.names[:20]) + ", …" * (len(self.names) > 20)
                    self.problems.append(f"expected one column {name!r}, got {have}")
        return list(dict.fromkeys(found))

    def _place(self, name: str) -> int:
        with contextlib.suppress(ValueError):
            return place if abs(place := int(name)) <= len(self.names) else 0
        return 0

    def texts(self, columns: Sequence[int]) -> list[int]:
        return [c for c in columns if is_text(self.cells(c), self.is_number)]

    def parts(
        self, features: list[int], codes: dict[int, dict], targets: list[int], ids: list[int],
        rows: int, learn: bool = False, keep: bool = True,
    ) -> Iterator[Part]:  # fmt: skip
        """The rows in parts.

        Args:
            codes: of each text column the number of each text; learn: those met are added.

        Raises:
            ValueError: cells that are no numbers where numbers belong, rows of another width.
        """
        text = [*codes, *targets, *ids]
        for frame, where in self.frames(sorted({*features, *text}), text, rows, keep):
            X = self._features(frame, features, codes, where, learn)
            for k in np.flatnonzero(np.isinf(X).any(axis=0)):
                self._bad(np.flatnonzero(np.isinf(X[:, k])), X[:, k], features[k], where)
            y, beside = (frame[columns].to_numpy(object) for columns in (targets, ids))
            yield Part(X, y, beside, np.asarray(where))
            if not learn:
                self.check()

    def _features(self, frame, features: list[int], codes: dict, where, learn: bool) -> np.ndarray:
        """(k, d), the columns as numbers."""
        if all(frame[c].dtype.kind in "fiub" for c in features):
            return frame[features].to_numpy(float)
        X = np.empty((len(frame), len(features)))
        for k, c in enumerate(features):
            if c in codes:
                X[:, k] = coded(frame[c], codes[c], learn)
            else:
                X[:, k] = self._numbers(frame[c], c, where)
        return X

    def _numbers(self, cells, column: int, where) -> np.ndarray:
        """A column with cells that are no numbers, of which is taken note."""
        if cells.dtype.kind in "fiub":
            return cells.to_numpy(float)
        there = (~cells.isna() & ~cells.isin(MISSING)).to_numpy()
        cells = cells.astype(str).str.strip().to_numpy(object)
        numbers = np.array([self.number(cell) for cell in cells], float)
        self._bad(np.flatnonzero(there & np.isnan(numbers)), cells, column, where)
        return numbers

    def _bad(self, bad: np.ndarray, cells: np.ndarray, column: int, where) -> None:
        if len(bad):
            more = f" and {len(bad) - 1:,} more" * (len(bad) > 1)
            cell = cells[bad[0]]
            hint = " (--decimal ,)" * (self.is_number(str(cell).replace(",", ".")) is not None)
            self.problems.append(
                f"line {where[bad[0]]}, {self.called(column)}: expected a finite number, "
                f"got {str(cell)!r}{more}{hint}"
            )

    def called(self, column: int) -> str:
        name = self.names[column]
        return name if name == f"column {column + 1}" else f"column {name or column + 1}"

    def check(self) -> None:
        """Raise all problems found so far."""
        problems = [*dict.fromkeys([*self.problems, *self.left_over()])]
        if problems:
            more = f"; and {len(problems) - 9} problems more" * (len(problems) > 9)
            raise ValueError(f"{self.name}: {'; '.join(problems[:9])}{more}")


def read_table(path: Path, reading: Reading, task: str) -> Dataset:
    """The whole table: the features, and the target, the last column unless another is named.

    Args:
        task: as `from_targets` has it.

    Raises:
        ValueError: all that is wrong with it.
    """
    try:
        return _read(path, reading, task, keep=False)
    except Mixed:
        return _read(path, reading, task, keep=True)


def _read(path: Path, reading: Reading, task: str, keep: bool) -> Dataset:
    with open_table(path, reading) as table:
        targets, ids, drop = map(table.columns, (reading.target, reading.id, reading.drop))
        used = {*ids, *drop, *table.index}
        left = [c for c in range(len(table.names)) if c not in used]
        targets = targets if reading.target else left[-1:]
        features = [c for c in left if c not in targets]
        if not features or not targets or len(table.rows) == 0:
            table.problems.append("expected at least two columns, a feature and the target")
        table.check()
        codes = {c: {} for c in table.texts(features)}
        rows = max(1, NUMBERS // max(1, len(features)))
        parts = list(table.parts(features, codes, targets, [], rows, learn=True, keep=keep))
    if not parts:
        table.problems.append("expected rows of numbers, got none")
        table.check()
    parts = [tuple(map(np.concatenate, zip(*parts, strict=True)))] if parts[1:] else parts
    X, y, _, where = parts.pop()
    texts = tuple(_in_order(X[:, k], codes[c]) if c in codes else None
                  for k, c in enumerate(features))  # fmt: skip
    _check_columns(table, X, features, texts, where)
    names = [table.names[c] for c in targets]
    about = {"features": _own([table.names[c] for c in features]), "texts": texts}
    about |= {"names": _own(names), "number": table.number, "where": where}
    try:
        data = from_targets(
            name_of(path), np.nan_to_num(X) if table.problems else X, y, task, **about
        )
    except ValueError as reason:
        table.problems.append(str(reason).removeprefix(f"{name_of(path)}: "))
    table.check()
    return data


def is_table(path: Path) -> bool:
    """Whether the file is one, by its name."""
    return kind_of(path)[0] in KINDS


def name_of(path: Path) -> str:
    """The file's, without .csv or .csv.gz."""
    return path.name[: len(path.name) - len("".join(kind_of(path)))] or path.name


def _own(names: list[str]) -> tuple[str, ...] | None:
    """The names, if each column has one of its own."""
    return tuple(names) if all(names) and len({*names}) == len(names) else None


def _in_order(X: np.ndarray, codes: dict[str, int]) -> tuple[str, ...]:
    """The texts, sorted, and the column with the numbers that they have so."""
    texts = sorted(codes)
    number = np.empty(len(texts) + 1)
    number[[codes[text] for text in texts]], number[-1] = np.arange(len(texts)), np.nan
    X[:] = number[np.where(np.isnan(X), len(texts), X).astype(int)]
    return tuple(texts)


def _check_columns(table: Table, X: np.ndarray, features: list[int], texts, where) -> None:
    """Take note of columns that no network can use, and of missing values where they are none."""
    many = [k for k, own in enumerate(texts) if own and len(own) > MOST_TEXTS]
    if many:
        got = ", ".join(f"{len(texts[k])} in {table.called(features[k])}" for k in many)
        names = " ".join(repr(table.names[features[k]]) for k in many)
        table.problems.append(
            f"expected at most {MOST_TEXTS} different texts in a column, got {got} "
            f"(--drop {names} leaves out)"
        )
    lacking = np.isnan(X)
    count = lacking.sum(axis=0)
    for k in np.flatnonzero(count == len(X)):
        table.problems.append(f"{table.called(features[k])} is empty (--drop leaves it out)")
    if table.reading.missing == "error" and count.any():
        first = where[lacking.argmax(axis=0)]
        got = ", ".join(
            f"{count[k]} in {table.called(features[k])} (first: line {first[k]})"
            for k in np.flatnonzero(count)
        )
        table.problems.append(f"expected no missing values, got {got}")


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
    with open(source, "rb") as file:
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
    if named is None and known and {*known} <= {*first}:
        named = True
    if named is None:
        number = number_in(reading.decimal, reading.thousands)
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
