"""Tables written in every way, and damaged: the arrays that pandas has, or one clear line."""

import random
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from jaxmlp.data.table import Reading
from jaxmlp.data.whole import read_table

NUMBERS = [
    lambda r: str(r.randrange(-50, 3000)),
    lambda r: repr(r.uniform(-5, 5)),
    lambda r: f"{r.uniform(-1e5, 1e5):.3e}",
    lambda r: f"+{r.uniform(0, 10):.1f}",
    lambda r: f"{r.uniform(0, 1):.3f}"[1:],
]
DAMAGE = {
    "short": lambda line, sep: line.rsplit(sep, 1)[0],
    "long": lambda line, sep: f"{line}{sep}1",
    "garbage": lambda line, sep: line.replace(sep, f"{sep}x", 1),
    "blank": lambda line, sep: f"{line}\n{sep}\n \n",
    "quote": lambda line, sep: f'"{line}',
    "nul": lambda line, sep: f"\0{line}",
}


class Written:
    """A table: its text, how pandas reads it when it is told everything, and what we are told."""

    def __init__(self, r: random.Random):
        self.sep = r.choice(",,;\t| ")
        self.decimal = r.choice(",.") if self.sep in ";\t" else "."
        self.thousands = r.choice([None, "."]) if self.decimal == "," else None
        self.encoding = r.choice(["utf-8"] * 4 + ["utf-8-sig", "utf-16", "cp1252", "cp932"])
        letter = {"cp1252": "ö", "cp932": "長"}.get(self.encoding, r.choice("aö長"))
        self.d, quoted = r.randrange(1, 6), r.choice(["never", "always", "at times"])
        self.named = r.random() < 0.7
        words = ["red", f"{letter}x", *(['say "hi"', f"a{self.sep}b"] if quoted != "never" else [])]
        rows = [self._row(r, words, letter) for _ in range(r.randrange(3, 25))]
        names = [r.choice([f"{letter}{k}", f"{2019 + k}"]) for k in range(self.d + 1)]
        names = r.choice([names, [str(k) for k in range(self.d + 1)]])

        def cell(text: str) -> str:
            marks = quoted == "always" or (quoted == "at times" and r.random() < 0.3)
            if marks or self.sep in text or '"' in text:
                return '"' + text.replace('"', '""') + '"'
            return f" {text}" if self.sep != " " and r.random() < 0.05 else text

        lines = [self.sep.join(map(cell, row)) for row in [names] * self.named + rows]
        self.damage = r.choice([None] * 6 + [*DAMAGE])
        if self.damage:
            k = r.randrange(1, len(lines))
            lines[k] = DAMAGE[self.damage](lines[k], self.sep)
        self.raw = r.choice(["\n", "\r\n"]).join(lines).encode(self.encoding)
        self.told = {"decimal": self.decimal, "thousands": self.thousands}
        if self.encoding.startswith("cp") and r.random() < 0.8:
            self.told["encoding"] = self.encoding
        if r.random() < 0.3:
            self.told |= {"separator": self.sep, "header": "yes" if self.named else "no"}

    def _row(self, r: random.Random, words: list[str], letter: str) -> list[str]:
        row = [r.choice(NUMBERS)(r).replace(".", self.decimal) for _ in range(self.d)]
        if self.sep != " ":
            if words[0] == "red" and self.d % 2:
                row[0] = r.choice(words)
            if r.random() < 0.1:
                row[-1] = r.choice(["", "NA", "nan", "?"])
        return [*row, r.choice(["dog", "cat", letter])]

    def as_pandas_has_it(self, path: Path) -> pd.DataFrame:
        return pd.read_csv(
            path, sep=self.sep, header=None, names=range(self.d + 1), skiprows=int(self.named),
            encoding=self.encoding, decimal=self.decimal, thousands=self.thousands,
            na_values=["?"], skipinitialspace=True, dtype={self.d: str},
        ).dropna(how="all")  # fmt: skip


@pytest.mark.costly
@pytest.mark.parametrize("seed", range(10))
def test_a_hundred_tables(seed, tmp_path):
    r, path, read, told = random.Random(seed), tmp_path / "t.csv", 0, []
    for _ in range(100):
        table = Written(r)
        path.write_bytes(table.raw)
        try:
            data = read_table(path, Reading(**table.told), "classification")
        except ValueError as why:
            told.append(str(why))
            continue
        frame, read = table.as_pandas_has_it(path), read + 1
        assert data.X.shape == (len(frame), table.d), table.raw
        for k in range(table.d):
            assert_same(data, k, frame[k], table)
        labels = [cell.strip() for cell in frame[table.d]]
        assert [data.classes[code] for code in data.y] == labels, table.raw
    assert read > 40
    for line in told:
        assert re.fullmatch(r".*t(\.csv)?[:,] .*(expected|never closed|empty).*", line)


def assert_same(data, k: int, cells: pd.Series, table: Written) -> None:
    texts = data.texts[k]
    if texts is None:
        np.testing.assert_array_equal(data.X[:, k], cells.to_numpy(float), str(table.raw))
    else:
        found = [None if np.isnan(code) else texts[int(code)] for code in data.X[:, k]]
        assert found == [None if pd.isna(c) else str(c).strip() for c in cells], table.raw
