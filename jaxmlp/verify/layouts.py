"""How samples, weights and biases are handed to a function of the exercise: the usual ways."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from jaxmlp.verify.names import roles

D, Q, M, N = 7, 4, 3, 11
ETA = 0.37  # a step size
SINGLE_SAMPLE = ("sample", "column")  # a layout of one sample at a time


class Layout(NamedTuple):
    """How samples and biases are handed over.

    Attributes:
        samples: "sample", one at a time; "rows" or "columns" of a batch; "column", one at a time
            as a matrix of one column.
        one: whether x has its 1 in front.
        apart: whether the biases are parameters of their own.
        turned: whether the weights are the transposes of the lecture's, as in xW.
    """

    samples: str
    one: bool
    apart: bool
    turned: bool = False


def layouts(parameters: Sequence[str], symbols: Sequence[str], *, bias: bool) -> Iterator[Layout]:
    """The conventions to try, the likeliest first."""
    x = parameters[symbols.index("x")]
    upper = x[0].isupper() or "batch" in x.lower()
    orders = ("rows", "columns", "sample") if upper else ("sample", "rows", "columns")
    apart = "b" in symbols or "c" in symbols
    for samples in orders:
        for one in (False,) if apart or not bias else (True, False):
            yield Layout(samples, one, apart)
    for samples in (s for s in orders if s != "columns"):
        for one in (False,) if apart or not bias else (True, False):
            yield Layout(samples, one, apart, turned=True)
    if apart and not upper:
        yield Layout("column", False, apart)


def arguments(
    symbols: Sequence[str], layout: Layout, p: Sequence[np.ndarray], at: int, eta: float | None
) -> list:
    """The arguments at one point, each a copy of its own.

    Args:
        p: W, V, x and y at many points, x without its 1.
    """
    W, V, x, y = (part[at] for part in p)
    if layout.one:
        x = prepend_one(x)
    if layout.samples != "rows":
        x, y = (x[0], y[0]) if layout.samples == "sample" else (x.T, y.T)
    values = {"W": W, "V": V, "x": x, "y": y, "eta": eta}
    if layout.apart:
        column = (
            (slice(None), slice(0, 1)) if layout.samples.startswith("column") else (slice(None), 0)
        )
        values |= {"W": W[:, 1:], "V": V[:, 1:], "b": W[column], "c": V[column]}
    if layout.turned:
        values |= {"W": values["W"].T, "V": values["V"].T}
    return [v if np.isscalar(v) else np.array(v) for v in map(values.__getitem__, symbols)]


def random_arguments(
    names: Sequence[str], layout: Layout, random: np.random.Generator, *, bias: bool
) -> dict[str, np.ndarray]:
    """Random arguments of unequal sizes, by the names of the parameters.

    Args:
        bias: whether W and V have a column for it.
    """
    d, q, m, n = D, Q, M, N
    W, V = (random.normal(size=(1, k, j + bias)) / np.sqrt(j) for k, j in ((q, d), (m, q)))
    x, y = random.normal(size=(1, n, d)), np.eye(m)[random.integers(m, size=(1, n))]
    values = arguments(roles(names) or (), layout, (W, V, x, y), 0, ETA)
    return dict(zip(names, map(np.asarray, values), strict=True))


def prepend_one(x: np.ndarray) -> np.ndarray:
    """A 1 in front of each row."""
    return np.concatenate([np.ones_like(x[..., :1]), x], axis=-1)


def bias_zeroed(d: np.ndarray) -> np.ndarray:
    """A matrix, or many, with zeros in the bias column."""
    return np.concatenate([np.zeros_like(d[..., :1]), d[..., 1:]], axis=-1)
