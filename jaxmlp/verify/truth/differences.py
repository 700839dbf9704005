"""Differences of the program's own arithmetic: the second referee, and the quick one.

E is computed by the file's own operations, in NumPy, at points on either side; JAX has no part in
it. Only a few directions are tried, which is enough to tell which E a step goes down.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from jaxmlp.verify.run.recording import Recording
from jaxmlp.verify.truth import errors, replay
from jaxmlp.verify.truth.adjoints import States
from jaxmlp.verify.truth.graph import Graph

DIRECTIONS = 2
STEP = 1e-5
NEAR = 1e-4


def slopes(
    recording: Recording, graph: Graph, param: int, ends: Sequence[int],
    error: Callable[[Sequence[np.ndarray]], np.ndarray], state: dict[int, np.ndarray],
    directions: Sequence[np.ndarray],
) -> np.ndarray:  # fmt: skip
    """The derivative of E along some directions of one parameter, by central differences.

    Args:
        ends: the nodes that E is computed from.
        error: of their values.
    """
    order = sorted(graph.ancestors(ends) & graph.dependents([param]))
    nodes = {number: recording.nodes[number] for number in order}

    def at(value: np.ndarray) -> np.ndarray:
        known = dict(state)
        known[param] = value
        for number, node in nodes.items():
            if number != param:
                known[number] = np.asarray(replay.applied(node, known, np))
        return error([known[end] for end in ends])

    value = state[param]
    step = STEP * max(1.0, float(np.abs(value).max(initial=0)))
    return np.array(
        [(at(value + step * v) - at(value - step * v)) / (2 * step) for v in directions]
    )


def fitting(
    recording: Recording, graph: Graph, changes: Sequence[tuple[int, list[np.ndarray]]],
    pairs: Sequence[tuple[int, int]], at: States, name: str, seed: int,
) -> list[bool]:  # fmt: skip
    """Which parameters go down this E, or up, by the same factor wherever they are.

    Args:
        changes: parameters, and how each was changed, at each state.
    """
    ends = [g for g, _ in pairs]
    targets = [errors.as_target(at[0][y], at[0][g]) for g, y in pairs]
    entries = errors.KNOWN[name]

    def error(outputs: Sequence[np.ndarray]) -> float:
        return sum(float(np.sum(entries(g, y))) for g, y in zip(outputs, targets, strict=True))

    random = np.random.default_rng(seed)
    found = []
    for param, change in changes:
        directions = [random.normal(size=change[0].shape) for _ in range(DIRECTIONS)]
        try:
            true = np.concatenate([
                slopes(recording, graph, param, ends, error, dict(state), directions)
                for state in at[:2]
            ])  # fmt: skip
        except replay.NotReplayed:
            found.append(False)
            continue
        told = np.array([np.vdot(one, v) for one in change[:2] for v in directions])
        found.append(proportional(told, true, NEAR))
    return found


def proportional(told: np.ndarray, true: np.ndarray, near: float) -> bool:
    """Whether one is the other times a factor."""
    size = np.vdot(true, true)
    if not np.isfinite(size) or not np.isfinite(told).all() or size == 0 or not np.any(told):
        return False
    factor = np.vdot(told, true) / size
    return bool(np.abs(told - factor * true).max() <= near * np.abs(told).max())

