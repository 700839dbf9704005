"""Columns of a table made ready for a network: words as one-hot, missing numbers filled.

By scikit-learn's transformers, learned from a training part. A model keeps what they learned as
numbers and text, from which they are made again.
"""

import functools
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from jaxmlp.data.header import MISSING

if TYPE_CHECKING:
    import sklearn.compose


class Column(NamedTuple):
    """What was learned of a column.

    Attributes:
        fill: what a missing number becomes: the median; of words, 0.
        missing: whether it has a column beside it that says that it was missing; of words, whether
            a missing one is a word of its own.
        texts: the words; None where the column is numbers.
    """

    fill: float
    missing: bool
    texts: tuple[str, ...] | None = None

    @property
    def width(self) -> int:
        """How many columns become of it."""
        return (1 if self.texts is None else len(self.texts)) + self.missing


def coded(cells: Iterable, codes: dict[str, int], learn: bool = False) -> np.ndarray:
    """Words as their numbers: NaN for a missing one, -1 for one that has none.

    Args:
        learn: whether those that have none get the next.

    Example:
        >>> coded(["Rome", "NA", "Oslo"], {"Paris": 0, "Rome": 1}).tolist()
        [1.0, nan, -1.0]
    """
    number = (lambda c: codes.setdefault(c, len(codes))) if learn else lambda c: codes.get(c, -1)
    words = ("" if cell is None or cell != cell else str(cell) for cell in cells)
    return np.array([np.nan if word in MISSING else number(word) for word in words], float)


def renumbered(codes: np.ndarray, numbers: Sequence[int]) -> np.ndarray:
    """Words by other numbers, NaN where one is missing.

    Args:
        codes: (n,), as from `coded`.
        numbers: of each word, by its number in `codes`.

    Example:
        >>> renumbered(np.array([0.0, np.nan, 1.0]), [7, 5]).tolist()
        [7.0, nan, 5.0]
    """
    return np.array([*numbers, np.nan])[np.where(np.isnan(codes), -1, codes).astype(int)]


def coded_rows(columns: tuple[Column, ...], X: np.ndarray) -> np.ndarray:
    """Rows of numbers and words, (n, d), as numbers: what `apply` takes."""
    numbers = np.empty(X.shape)
    for k, column in enumerate(columns):
        words = column.texts
        if words is None:
            numbers[:, k] = X[:, k].astype(float)
        else:
            numbers[:, k] = coded(X[:, k], {word: code for code, word in enumerate(words)})
    return numbers


def learn(X: np.ndarray, texts: tuple[tuple[str, ...] | None, ...]) -> tuple[Column, ...]:
    """What a training part teaches.

    Args:
        X: (n, d), NaN where a value is missing, words by their numbers.
        texts: of each column of words, these; None for one of numbers.
    """
    made = _transformer(tuple(t is None for t in texts), None).fit(X)
    numbers, words = made.named_transformers_["numbers"], made.named_transformers_["words"]
    fill = iter(getattr(numbers, "statistics_", ()))
    indicated = getattr(getattr(numbers, "indicator_", None), "features_", ())
    columns, categories, k = [], iter(getattr(words, "categories_", ())), 0
    for vocab in texts:
        if vocab is None:
            columns.append(Column(float(next(fill)), k in indicated))
            k += 1
        else:
            codes = next(categories)
            there = codes[~np.isnan(codes)].astype(int)
            columns.append(Column(0.0, len(there) < len(codes), tuple(vocab[c] for c in there)))
    return tuple(columns)


def apply(columns: tuple[Column, ...], X: np.ndarray) -> np.ndarray:
    """(n, d') of (n, d): numbers, then what says that they were missing, then words as one-hot.

    Args:
        X: NaN where a value is missing; words by their numbers in `Column.texts`. A word by any
            other number is 0 in all of its columns.

    Example:
        >>> age, city = Column(30.0, True), Column(0.0, False, ("Paris", "Rome"))
        >>> apply((age, city), np.array([[20.0, 1], [np.nan, 0]])).tolist()
        [[20.0, 0.0, 0.0, 1.0], [30.0, 1.0, 1.0, 0.0]]
    """
    return _made(columns).transform(X)


@functools.lru_cache(maxsize=8)
def _made(columns: tuple[Column, ...]) -> "sklearn.compose.ColumnTransformer":
    """The transformers again: fitted to two rows that teach them the same."""
    rows = np.array([[c.fill for c in columns], [np.nan if c.missing else c.fill for c in columns]])
    categories = [np.append(np.arange(len(c.texts)), [np.nan] * c.missing).astype(float)
                  for c in columns if c.texts is not None]  # fmt: skip
    return _transformer(tuple(c.texts is None for c in columns), categories).fit(rows)


def _transformer(
    numbers: tuple[bool, ...], categories: list[np.ndarray] | None
) -> "sklearn.compose.ColumnTransformer":
    from sklearn.compose import ColumnTransformer
    from sklearn.impute import SimpleImputer
    from sklearn.preprocessing import OneHotEncoder

    fill = SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True)
    words = OneHotEncoder(
        categories="auto" if categories is None else categories,
        handle_unknown="ignore", sparse_output=False,
    )  # fmt: skip
    places = np.array(numbers)
    return ColumnTransformer([
        ("numbers", fill, np.flatnonzero(places)), ("words", words, np.flatnonzero(~places))
    ])  # fmt: skip


def in_words(columns: tuple[Column, ...], names: tuple[str, ...] | None) -> str:
    """What is done with the columns, those that are left as they are not being named."""
    said = []
    called = names or [f"column {k + 1}" for k in range(len(columns))]
    for name, column in zip(called, columns, strict=True):
        if column.texts is not None:
            words = [*column.texts[:5], *["…"] * (len(column.texts) > 5)]
            said.append(f"{name} one-hot ({', '.join([*words, *['missing'] * column.missing])})")
        elif column.missing:
            said.append(f"{name} {column.fill:g} where missing, with a column that says so")
    return "; ".join(said)
