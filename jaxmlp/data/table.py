"""A table that is open: its columns, and its rows in parts."""

import contextlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

from jaxmlp.data.header import MISSING, is_text, number_in
from jaxmlp.data.preparation import coded
from jaxmlp.text import first_of

if TYPE_CHECKING:
    import pandas


@dataclass(frozen=True, kw_only=True)
class Reading:
    """How a table is written, and what its columns are for."""

    target: tuple[str, ...] = ()
    """The target's column, by name or position; several: outputs, or 1-of-K. None: the last."""
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

    def __post_init__(self) -> None:
        if self.separator == r"\t":  # as a shell hands it over
            object.__setattr__(self, "separator", "\t")
        names = ("separator", "decimal", "thousands")
        marks = {name: mark for name in names if (mark := getattr(self, name)) is not None}
        for name, mark in marks.items():
            if len(mark) != 1 or mark in '"\r\n':
                raise ValueError(f"expected one character for --{name}, got {mark!r}")
        if len({*marks.values()}) < len(marks):
            got = ", ".join(f"--{name} {mark}" for name, mark in marks.items())
            raise ValueError(f"expected different characters, got {got}")


class Cells(NamedTuple):
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
            gives parts of so many rows as data frames, with the lines they begin in; whether all
            may come at once.
        left_over: what is wrong with the text besides, once all parts are read.
        index: the column in which pandas has numbered the rows.
        misread: the columns with cells that are no numbers.
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
    misread: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
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

    def columns(self, asked: Sequence[str]) -> list[int]:
        """The columns of these names or positions; in one word, several are set apart by commas."""
        count, indices = Counter(self.names), []
        for words in asked:
            for name in [words] if words in count else [word.strip() for word in words.split(",")]:
                if count[name] == 1:
                    indices.append(self.names.index(name))
                elif place := self._place(name):
                    indices.append(range(len(self.names))[place - (place > 0)])
                else:
                    have = first_of(self.names, 20)
                    self.problems.append(f"expected one column {name!r}, got {have}")
        return list(dict.fromkeys(indices))

    def _place(self, name: str) -> int:
        with contextlib.suppress(ValueError):
            return place if abs(place := int(name)) <= len(self.names) else 0
        return 0

    def texts(self, columns: Sequence[int]) -> list[int]:
        """Those of the columns that are of words."""
        return [c for c in columns if is_text([row[c] for row in self.rows], self.is_number)]

    def parts(
        self, features: list[int], codes: dict[int, dict], targets: list[int], ids: list[int],
        rows: int, learn: bool = False,
    ) -> Iterator[Cells]:  # fmt: skip
        """The rows in parts.

        Args:
            codes: of each text column the number of each text; learn: those met are added.

        Raises:
            ValueError: cells that are no numbers where numbers belong, rows of another width.
        """
        text = [*codes, *targets, *ids]
        for frame, where in self.frames(sorted({*features, *text}), text, rows, learn):
            X = self._features(frame, features, codes, where, learn)
            for k in np.flatnonzero(np.isinf(X).any(axis=0)):
                self._bad(np.flatnonzero(np.isinf(X[:, k])), X[:, k], features[k], where)
            y, beside = (frame[columns].to_numpy(object) for columns in (targets, ids))
            yield Cells(X, y, beside, np.asarray(where))
            if not learn:
                self.check()

    def _features(
        self,
        frame: "pandas.DataFrame",
        features: list[int],
        codes: dict,
        where: Sequence[int],
        learn: bool,
    ) -> np.ndarray:
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

    def _numbers(self, cells: "pandas.Series", column: int, where: Sequence[int]) -> np.ndarray:
        """A column with cells that are no numbers, of which is taken note."""
        if cells.dtype.kind in "fiub":
            return cells.to_numpy(float)
        there = (~cells.isna() & ~cells.isin(MISSING)).to_numpy()
        cells = cells.astype(str).fillna("").str.strip().to_numpy(object)
        numbers = np.array([self.number(cell) for cell in cells], float)
        self._bad(np.flatnonzero(there & np.isnan(numbers)), cells, column, where)
        return numbers

    def _bad(self, bad: np.ndarray, cells: np.ndarray, column: int, where: Sequence[int]) -> None:
        if len(bad):
            self.misread.add(column)
            cell = str(cells[bad[0]])
            hint = " (--decimal ,)" * (self.is_number(cell.replace(",", ".")) is not None)
            self.note(where[bad[0]], column, "a finite number", f"{cell!r}", len(bad), hint)

    def note(
        self, line: Any, column: int, expected: str, got: str, cells: int = 1, hint: str = ""
    ) -> None:
        """Take note of so many cells of a column that are not as expected, the first in a line."""
        more = f" and {cells - 1:,} more" * (cells > 1)
        at = f"line {line}, {self.called(column)}"
        self.problems.append(f"{at}: expected {expected}, got {got}{more}{hint}")

    def called(self, column: int) -> str:
        """What a message calls a column: its name, or its number from 1."""
        name = self.names[column]
        return name if name == f"column {column + 1}" else f"column {name or column + 1}"

    def check(self) -> None:
        """Raise all problems found so far."""
        problems = [*dict.fromkeys([*self.problems, *self.left_over()])]
        if problems:
            more = f"; and {len(problems) - 9} problems more" * (len(problems) > 9)
            raise ValueError(f"{self.name}: {'; '.join(problems[:9])}{more}")
