"""A data set as arrays: its targets as classes or numbers, split in two, and as 1-of-K rows."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from jaxmlp.data import preparation
from jaxmlp.data.preparation import Column, renumbered
from jaxmlp.data.rows import Rows
from jaxmlp.text import listed


@dataclass(frozen=True)
class Dataset:
    """Samples and their targets.

    Attributes:
        name: what reports call it.
        X: (n, d), one sample a row; `Rows`, finite, of what is too much for memory.
        y: (n,) numbers of the classes, or (n, m) real targets.
        classes: the classes' names, by number; None for regression.
        image_shape: (height, width) where each row of X is an image.
        n_test: how many rows, the last, the source itself set aside as its test part.
        features: the names of the columns of X, where the source has them.
        targets: those of y, likewise.
        texts: of a table, of each column the words that the numbers in X stand for, None where they
            are numbers; NaN stands for what is missing.
        columns: what was learned for X as it is now; then `texts` is None.
        note: how it was decided what the targets are.

    Raises:
        ValueError: empty, not finite, not numbers, lengths that differ, fewer than two classes.
    """

    name: str
    X: Any  # np.ndarray or Rows
    y: np.ndarray
    classes: tuple[str, ...] | None = None
    image_shape: tuple[int, int] | None = None
    n_test: int = 0
    features: tuple[str, ...] | None = None
    targets: tuple[str, ...] | None = None
    texts: tuple[tuple[str, ...] | None, ...] | None = None
    columns: tuple[Column, ...] | None = None
    note: str = ""

    def __post_init__(self) -> None:
        if self.X.ndim != 2 or 0 in self.X.shape:
            raise ValueError(f"{self.name}: expected samples of shape (n, d), got {self.X.shape}")
        if len(self.X) != len(self.y):
            wanted = f"as many targets as samples, {len(self.X)}"
            raise ValueError(f"{self.name}: expected {wanted}, got {len(self.y)}")
        if self.texts is None and isinstance(self.X, np.ndarray):
            check_finite(f"{self.name}: the samples", self.X)
        check_finite(f"{self.name}: the targets", self.y)
        if self.classes is not None:
            self._check_labels(self.classes)

    def __repr__(self) -> str:
        """A few lines, however many samples and classes there are.

        Example:
            >>> Dataset("pets", np.eye(3), np.array([1, 0, 1]), ("cat", "dog"))
            Dataset pets: X (3, 3), y (3,)
            2 classes: cat, dog
        """
        targets = self.classes or self.targets
        kind = "targets" if self.classes is None else f"{len(self.classes)} classes"
        lines = [f"Dataset {self.name}: X {self.X.shape}, y {self.y.shape}"]
        lines += [f"{kind}: {listed(targets)}"] if targets else []
        lines += [f"features: {listed(self.features)}"] if self.features else []
        lines += [f"images of {self.image_shape}"] if self.image_shape else []
        return "\n".join(lines + ([f"test: the last {self.n_test}"] if self.n_test else []))

    def _check_labels(self, classes: tuple[str, ...]) -> None:
        if len(classes) < 2:
            raise ValueError(f"{self.name}: expected at least two classes, got only {classes[0]!r}")
        _check_range(self.name, self.y, len(classes))
        if self.n_test:
            train, test = np.split(self.y, [len(self.y) - self.n_test])
            for label in np.setdiff1d(test, train)[:1]:
                raise ValueError(
                    f"{self.name}: expected test labels that occur in training, "
                    f"got {classes[label]!r}"
                )

    def rows(self, which: np.ndarray | slice) -> "Dataset":
        """The data set of these rows only."""
        return replace(self, X=self.X[which], y=self.y[which], n_test=0)

    def only(self, names: tuple[str, ...]) -> "Dataset":
        """The data set of these classes only, numbered in this order.

        Raises:
            ValueError: it has no classes, or not these.
        """
        if self.classes is None:
            raise ValueError(f"{self.name}: expected classes to choose {names} from, got none")
        unknown = [name for name in names if name not in self.classes]
        if unknown or len(set(names)) < len(names):
            raise ValueError(
                f"{self.name}: expected classes out of {', '.join(self.classes)}, "
                f"each once, got {', '.join(names)}"
            )
        number = np.full(len(self.classes), -1)
        number[[self.classes.index(name) for name in names]] = np.arange(len(names))
        y = number[self.y]
        kept, n_test = y >= 0, int((y[len(y) - self.n_test :] >= 0).sum())
        return replace(self, X=self.X[kept], y=y[kept], classes=tuple(names), n_test=n_test)


def check_finite(what: str, values: np.ndarray) -> None:
    """Refuse what are no numbers, or none that are finite.

    Args:
        what: what they are called in the message.
        values: of any shape.

    Raises:
        ValueError: with the dtype, or the first value that is not finite and where it is.
    """
    if values.dtype.kind not in "fiub":
        raise ValueError(f"{what}: expected numbers, got {values.dtype}")
    bad = np.argwhere(~np.isfinite(values))
    if len(bad):
        where = ", ".join(str(i) for i in bad[0])
        raise ValueError(
            f"{what}: expected finite numbers, got {values[tuple(bad[0])]} at [{where}]"
        )


def from_labels(
    name: str, X: np.ndarray | Rows, labels: np.ndarray, by: np.ndarray | None = None, **rest: Any
) -> Dataset:
    """A classification data set: the classes are the labels that occur, sorted.

    Args:
        by: numbers to sort them by; then by their names.

    Example:
        >>> data = from_labels("pets", np.eye(3), np.array(["dog", "cat", "dog"]))
        >>> data.classes, data.y.tolist()
        (('cat', 'dog'), [1, 0, 1])
    """
    names, first, y = np.unique(labels, return_index=True, return_inverse=True)
    order = np.arange(len(names)) if by is None else np.argsort(by[first], kind="stable")
    y = np.argsort(order)[y.reshape(-1)]
    return Dataset(name, X, y, tuple(str(names[k]) for k in order), **rest)


def split(data: Dataset, *, test_size: float = 0.2, seed: int = 0) -> tuple[Dataset, Dataset]:
    """(train, test): the source's own split where it has one, else a random one.

    Of classes, the random one takes the same share of each. Words in the columns of a table become
    one-hot, and missing values are filled, as the training part teaches.

    Raises:
        ValueError: test_size or seed out of range, or a class too small to be split.
    """
    if data.n_test:
        cut = len(data.X) - data.n_test
        return prepared(data.rows(slice(cut)), data.rows(slice(cut, None)))
    if not 0 < test_size < 1:
        raise ValueError(f"expected a test_size between 0 and 1, got {test_size}")
    if not 0 <= seed < 2**32:
        raise ValueError(f"expected a seed from 0 to {2**32 - 1}, got {seed}")
    if data.classes is not None:
        _check_classes(data)
    from sklearn.model_selection import train_test_split

    by_class = None if data.classes is None else data.y
    try:
        train, test = train_test_split(
            np.arange(len(data.X)), test_size=test_size, random_state=seed, stratify=by_class
        )
    except ValueError as reason:
        raise ValueError(f"{data.name}: cannot be split: {reason}") from None
    return prepared(data.rows(train), data.rows(test))


def _check_classes(data: Dataset) -> None:
    counts = np.bincount(data.y, minlength=len(data.classes))
    rare = [name for name, n in zip(data.classes, counts, strict=True) if n < 2]
    if rare:
        wanted = "at least two samples of each class"
        raise ValueError(f"{data.name}: cannot be split: expected {wanted}, not so {rare[:3]}")


def prepared(train: Dataset, test: Dataset) -> tuple[Dataset, Dataset]:
    """Both, with words as one-hot and missing values filled, as the first teaches."""
    if train.texts is None:
        return train, test
    if not any(train.texts) and np.isfinite(train.X).all() and np.isfinite(test.X).all():
        return replace(train, texts=None), replace(test, texts=None)
    columns = preparation.learn(train.X, train.texts)

    def one(part: Dataset) -> Dataset:
        X = part.X.copy()
        for c, words in enumerate(train.texts):
            if words is not None:  # of the words as they were, to those of the training part
                number = {text: k for k, text in enumerate(columns[c].texts)}
                X[:, c] = renumbered(X[:, c], [number.get(text, -1) for text in words])
        return replace(part, X=preparation.apply(columns, X), texts=None, columns=columns)

    return one(train), one(test)


def one_hot(y: np.ndarray, m: int, dtype: type = float) -> np.ndarray:
    """1-of-K rows (L2): (n,) numbers of classes to (n, m).

    Raises:
        ValueError: a number that is not one of 0 to m − 1.

    Example:
        >>> one_hot(np.array([2, 0]), m=3).tolist()
        [[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]
    """
    _check_range("one_hot", y, m)
    Y: np.ndarray = np.zeros((len(y), m), dtype)
    Y[np.arange(len(y)), y] = 1
    return Y


def _check_range(name: str, y: np.ndarray, m: int) -> None:
    if len(y) and not 0 <= y.min() <= y.max() < m:
        raise ValueError(f"{name}: expected labels 0 to {m - 1}, got {y.min()} to {y.max()}")
