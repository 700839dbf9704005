"""Differences of the program's own arithmetic: the second referee, and the quick one.

E is computed by the file's own operations, in NumPy, at points on either side; JAX has no part in
it. Only a few directions are tried, which is enough to tell which E a step goes down.
"""

import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias

import numpy as np

from jaxmlp.verify.run.graph import Graph
from jaxmlp.verify.run.outputs import as_target
from jaxmlp.verify.run.reads import Read, where_read
from jaxmlp.verify.run.recording import Recording
from jaxmlp.verify.truth import errors, replay
from jaxmlp.verify.truth.adjoints import States

ErrorsOf: TypeAlias = Callable[[list[np.ndarray], dict[int, np.ndarray]], np.ndarray]
DIRECTIONS = 2
RELATIVE_STEP = 1e-5
DIFFERENCE_TOLERANCE = 1e-4
SLOPE_ROUNDING = 1e-7  # of the largest slope, that differences may be off
MOST_SCALARS = 50  # parameters that are numbers


def slopes(
    recording: Recording, order: Sequence[int], param: int, ends: Sequence[int],
    errors_of: ErrorsOf, state: dict[int, np.ndarray],
    directions: Sequence[np.ndarray],
) -> np.ndarray:  # fmt: skip
    """The derivatives of some E along some directions of one parameter, by central differences.

    Args:
        order: the nodes between the parameter and the ends.
        ends: the nodes that they are computed from.
        errors_of: their values, from those of the ends and of all that does not move.

    Returns:
        One row a direction, one column an E.
    """
    nodes = {number: recording.nodes[number] for number in order}

    def at(value: np.ndarray) -> np.ndarray:
        known = dict(state)
        known[param] = value
        for number, node in nodes.items():
            if number != param:
                known[number] = np.asarray(replay.applied(node, known, np))
        return errors_of([known[end] for end in ends], state)

    value = state[param]
    step = RELATIVE_STEP * max(1.0, float(np.abs(value).max(initial=0)))
    ways = [np.asarray(step * v) for v in directions]
    ahead, behind = ([at(np.asarray(value + sign * w)) for w in ways] for sign in (1, -1))
    return (np.array(ahead) - np.array(behind)) / (2 * step)


def fitting(
    recording: Recording, graph: Graph, changes: Sequence[tuple[int, list[np.ndarray]]],
    pairs: Sequence[tuple[int, int]], at: States, names: Sequence[str], *, across: bool = False,
) -> dict[str, list[bool]]:  # fmt: skip
    """For each E which parameters go down it, or up, by the same factor wherever they are.

    Args:
        changes: parameters, and how each was changed, at each state.
        across: whether shares of the parameters themselves are of no account, as of weight decay.
    """

    def errors_of(outputs: list[np.ndarray], state: dict[int, np.ndarray]) -> np.ndarray:
        both = [(g, as_target(state[y], g)) for g, (_, y) in zip(outputs, pairs, strict=True)]
        return np.array(
            [sum(np.sum(errors.ERROR_FUNCTIONS[name](g, y)) for g, y in both) for name in names]
        )

    verdicts: dict[str, list[bool]] = {name: [] for name in names}
    ends = [g for g, _ in pairs]
    behind = graph.ancestors(ends)
    numbers = [param for param, change in changes if change[0].size == 1]
    # of many numbers those between are alike
    some = set(numbers[:: 1 + len(numbers) // MOST_SCALARS])
    for param, change in changes:
        if param in numbers and param not in some:
            for fits in verdicts.values():
                fits.append(fits[-1])
            continue
        fits = going_down(
            recording, graph, param, change, ends, errors_of, at, behind, across=across
        )
        for name, fit in zip(names, fits, strict=True):
            verdicts[name].append(fit)
    return verdicts


def going_down(
    recording: Recording, graph: Graph, param: int, change: Sequence[np.ndarray],
    ends: Sequence[int], errors_of: ErrorsOf, at: States,
    behind: set[int] | None = None, *, across: bool = False,
) -> list[bool]:  # fmt: skip
    """For each E whether a change is its gradient times a factor, seen along a few directions.

    Args:
        behind: what the ends are computed from, where that is known.
        across: as for `fitting`.
    """
    behind = graph.ancestors(ends) if behind is None else behind
    order = sorted(behind & graph.dependents([param]))
    values = list(_with_parts(graph, param, at[:2])) if across else []
    random = np.random.default_rng((1, 0))  # no stream that the states are drawn from
    told, true, fits = [], [], [False]
    for _ in range(min(DIRECTIONS, change[0].size)):
        way = random.normal(size=change[0].shape)
        way = _across(way, values) if across else way
        told += [np.vdot(shift, way) for shift in change[:2]]
        try:
            true += [slopes(recording, order, param, ends, errors_of, dict(state), [way])
                     for state in at[:2]]  # fmt: skip
        except replay.NotReplayed:
            return [False] * len(errors_of([at[0][end] for end in ends], dict(at[0])))
        by_state = np.reshape(told, (-1, len(at[:2])))
        fits = [_proportional(by_state, column.reshape(by_state.shape))
                for column in np.concatenate(true).T]  # fmt: skip
        if not any(fits):
            break
    return fits


def _across(way: np.ndarray, values: Sequence[np.ndarray]) -> np.ndarray:
    """A direction at right angles to the parameter itself, and to its parts, so that a share of
    it, as weight decay takes, is not seen."""
    own = np.stack([value.ravel() for value in values], axis=1)
    if way.size <= 2 * own.shape[1]:
        return way
    basis, _ = np.linalg.qr(own)
    return np.asarray(way - (basis @ (basis.T @ way.ravel())).reshape(way.shape))


def _with_parts(graph: Graph, param: int, at: States) -> Iterator[np.ndarray]:
    """A parameter's values; and those of each part of it that is read, as of a vector of all
    weights, with 0 for the rest."""
    value = graph.nodes[param].value
    whole = {param: Read(param, np.arange(value.size).reshape(value.shape))}
    reads = (where_read(graph.nodes, i, whole) for i in sorted(graph.through([param])))
    parts = {places.tobytes(): places for places in (np.unique(part.places) for part in reads)}
    for state, places in itertools.product(at, parts.values()):
        mine = np.zeros(state[param].size)
        mine[places] = state[param].ravel()[places]
        yield mine


def _proportional(told: np.ndarray, true: np.ndarray) -> bool:
    """Whether one is the other times a factor, at each state, the columns: one may be saturated."""
    size = np.vdot(true, true)
    if not np.isfinite(size) or not np.isfinite(told).all() or size == 0 or not np.any(told):
        return False
    factor = np.vdot(told, true) / size
    off, sizes = np.abs(told - factor * true).max(axis=0), np.abs(told).max(axis=0)
    return bool(
        (off <= np.maximum(DIFFERENCE_TOLERANCE * sizes, SLOPE_ROUNDING * sizes.max())).all()
    )
