"""Samples that are too much for memory, read by Grain while training is at those before (L12).

The order is drawn over all samples, as in memory; so batches and parameters are those of training
in memory, up to rounding. Where processes share the batches, each reads what its devices take.
"""

import functools
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh

from jaxmlp.network import Params
from jaxmlp.train import mesh
from jaxmlp.train.arguments import Samples, valid_samples
from jaxmlp.train.epoch import Rule, State, mean_error, run_alone
from jaxmlp.train.order import sample_order

STREAM_NUMBERS = 2**18  # of X, that are read at a time: 334 images of 28 × 28


class Stream(NamedTuple):
    """X that is read as it is needed, for `fit`.

    Attributes:
        X: (n, d): whatever has a shape, and whose X[rows], of an array of row numbers, are these
            rows, or become so by `np.asarray`: `np.memmap`, for one.
        at_once: how many samples are read at a time, about; None: a quarter of a million numbers.
    """

    X: Any
    at_once: int | None = None


def of_stream(part: str, X: Any, Y: Any, weights: Any = None) -> Samples:
    """Samples that are not read yet.

    Raises:
        ValueError: shapes that are none of samples and their targets, or weights.
    """
    X, Y = X.X if isinstance(X, Stream) else X, np.asarray(Y)
    if weights is not None:
        raise ValueError(f"expected no {part}weights of samples that are streamed")
    if len(X.shape) != 2 or not 0 < X.shape[0] == len(Y):
        raise ValueError(
            f"expected {part}X of shape (n, d) with n at least 1, and as many Y, "
            f"got {X.shape} and {len(Y)}"
        )
    return Samples(X, Y)


_order = jax.jit(sample_order, static_argnums=1)


@dataclass(frozen=True)
class Parts:
    """What Grain reads from: the samples in order, in parts of so many.

    Attributes:
        devices: the mesh that shares them; None: there is one.
    """

    samples: Samples
    order: np.ndarray
    size: int
    dtype: np.dtype
    devices: Mesh | None

    def __len__(self) -> int:
        return math.ceil(len(self.order) / self.size)

    def __getitem__(self, k: int) -> tuple[int, Samples]:
        """(how many they are, those of them that this process takes)."""
        rows = self.order[k * self.size : (k + 1) * self.size]
        own = mesh.own_share(self.devices, rows) if self.devices else rows
        X, Y, _ = self.samples
        read: list[Any] = [np.asarray(X[own], self.dtype), np.asarray(Y[own])]
        return len(rows), Samples(*read)


class Reader(NamedTuple):
    """How samples come to their devices: so many at a time; put: what puts them there."""

    at_once: int | None
    put: Callable

    def read(self, rule: Rule, params: Params, part: Samples, order: np.ndarray) -> Iterator:
        """(how many samples, these), part by part in this order.

        Raises:
            ValueError: Grain is not there, or numbers are not finite in the dtype of params.
        """
        try:
            import grain
        except ModuleNotFoundError as why:
            raise ValueError(f"{why}: streams need pip install 'jaxmlp[scale]'") from None
        unit = rule.block or rule.batch_size
        at_once = self.at_once or STREAM_NUMBERS // part.X.shape[1]
        parts = Parts(part, order, unit * max(1, at_once // unit), params.V.dtype, rule.mesh)
        # Without threads: JAX computes while this one reads, and memory is not torn in pieces.
        here = grain.ReadOptions(num_threads=0, prefetch_buffer_size=0)
        for n, some in grain.MapDataset.source(parts).to_iter_dataset(here):
            yield n, self.put(valid_samples(rule.network, params, "", *some[:2]))

    def epoch(
        self, rule: Rule, train: Samples, test: Samples | None, state: State, drawn: Any,
        etas: np.ndarray, measured: bool, seen: int, keep: Callable[[State, int], object],
    ) -> tuple[State, float | None, float | None]:  # fmt: skip
        """`run_alone`, for samples that are not read yet.

        Args:
            seen: how many of the epoch's samples are done.
            keep: called with the state and that number after each part.
        """
        order = np.asarray(_order(drawn, len(train.Y)))
        for n, some in self.read(rule, state.params, train, order[seen:]):
            size = rule.batch_size
            steps = slice(seen // size, math.ceil((seen + n) / size))
            own = rule._replace(n=(n, 0)) if rule.mesh else rule
            jax.block_until_ready(state)  # no more is read than what comes next
            state, *_ = run_alone(own, some, None, state, jnp.arange(n), etas[steps], False)
            keep(state, seen := seen + n)
        if not measured:
            return state, None, None
        error = functools.partial(self._error, rule, state.params)
        return state, error(train), None if test is None else error(test)

    def _error(self, rule: Rule, params: Params, part: Samples) -> float:
        """The mean of E over all samples."""
        total, everything = 0.0, np.arange(len(part.Y))
        for n, some in self.read(rule, params, part, everything):
            total += n * float(mean_error(rule, params, some, n if rule.mesh else 0, True))
        return total / len(part.Y)
