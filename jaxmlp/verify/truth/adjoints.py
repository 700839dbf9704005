"""The derivative of E by every value of the forward pass, by JAX, at several states."""

import contextlib
import functools
from collections.abc import Callable, Iterator, Mapping, Sequence

import jax
import jax.numpy as jnp
import numpy as np

from jaxmlp.verify.run.graph import Graph
from jaxmlp.verify.run.outputs import as_target
from jaxmlp.verify.run.reads import where_read
from jaxmlp.verify.run.recording import Recording
from jaxmlp.verify.run.step import PASSING
from jaxmlp.verify.truth import backward, errors, replay

States = Sequence[Mapping[int, np.ndarray]]
Adjoints = dict[int, np.ndarray]
STATES = 3
ATTEMPTS = 8
SHRINK_FACTOR = 0.2
SHRUNK = 4  # times, at most
MASKING = frozenset(("multiply", "where", "np.where"))  # what a ReLU is written with, too
KEEPING_POSITIVE = frozenset(("np.clip", "subtract"))  # of a probability p: 1 − p
LEAST = 1e-10  # of a parameter, by which it moves, at least


def states(
    recording: Recording, params: list[int], seed: int, count: int = STATES,
    empty: Sequence[int] = (), size: float = 1.0, zero: Sequence[int] = (),
) -> list[dict[int, np.ndarray]]:  # fmt: skip
    """All values of a step at random parameters, near those of the run and anywhere.

    Args:
        size: of the parameters, by the run's.
        empty: samples that are 0, in whose place there is another, the same at all states.
        zero: targets that are 0, in whose place there is 1 at every second state.

    None is the run itself: there biases are often 0, and what a ReLU gets is on its kink.

    Raises:
        NotReplayed: it cannot be computed anew.
    """
    random = np.random.default_rng(seed)
    nodes = recording.nodes
    accepted: list[dict[int, np.ndarray]] = []
    samples = {i: _drawn(recording, i, seed) for i in empty}
    logged = _with_logarithm(recording, params)
    scale, near, last = 0.5, True, None
    # its data may be larger than it was made for
    size *= SHRINK_FACTOR if recording.guessed else 1.0
    for left in reversed(range(2 * ATTEMPTS + count)):
        inputs = {p: _moved(nodes[p].value, scale, random, near=near) for p in params}
        inputs = {p: np.asarray(size * value) for p, value in inputs.items()}
        inputs |= {p: _positive(inputs[p], nodes[p].value.max()) for p in logged} | samples
        inputs |= {i: np.ones_like(nodes[i].value) for i in zero} if len(accepted) % 2 else {}
        try:
            values = replay.values(nodes, inputs, any_way=left < ATTEMPTS)
            if size > SHRINK_FACTOR**SHRUNK and left and _is_saturated(recording, values):
                size *= SHRINK_FACTOR  # with units that are saturated nothing is seen
                continue
            if left > ATTEMPTS and _is_dead(recording, values):
                continue
            accepted.append(values)
            near = not near or scale < 0.5
        except replay.NotReplayed as why:
            scale, near, last = scale if samples else scale / 4, True, why
            if left == ATTEMPTS:  # counts of hits may never be the same
                scale = 0.5
            if zero and len(accepted) % 2:  # with another target a branch may go another way
                zero, accepted = (), []
            elif samples:  # with those, too; all states have the same
                samples, accepted = {}, []
        if len(accepted) == count:
            return accepted
    raise last


def _drawn(recording: Recording, number: int, seed: int) -> np.ndarray:
    """Other numbers for a part of the data: each place of these has one, however often and in
    whatever form it is read."""
    data, places = where_read(recording.nodes, number, recording.parts)
    random = np.random.default_rng((seed, abs(data)))
    return np.asarray(0.5 * random.normal(size=int(places.max(initial=0)) + 1)[places])


def _with_logarithm(recording: Recording, roots: Sequence[int]) -> set[int]:
    """The parameters of whose entries a logarithm is taken, so that they are positive."""
    nodes = recording.nodes
    shown = {p: {p} for p in roots if nodes[p].value.min(initial=1) > 0}
    logged: set[int] = set()
    for node in nodes.values() if shown else ():
        of = set().union(*(shown.get(i, ()) for i in node.references))
        if node.op in ("log", "log2", "sqrt"):
            logged |= of
        elif of and (node.op in PASSING or node.op in KEEPING_POSITIVE):
            shown[node.id] = of | shown.get(node.id, set())
    return logged


def _positive(value: np.ndarray, largest: float) -> np.ndarray:
    """Positive numbers; such as are below 1, where the largest in the run is."""
    size = np.abs(value)
    return size / (1 + size) if largest < 1 else size


def _is_saturated(recording: Recording, values: dict[int, np.ndarray]) -> bool:
    """Whether a parameter that was moved in the run moves by less than can be told, or all do."""
    still = []
    for _, old, new in recording.moves:
        ran = recording.nodes[new].value - recording.nodes[old].value
        moved = np.abs(values[new] - values[old]).max(initial=0)
        still.append(moved <= LEAST * np.abs(values[old]).max(initial=0))
        if still[-1] and np.any(ran):
            return True
    return bool(still) and all(still)


def _is_dead(recording: Recording, values: Mapping[int, np.ndarray]) -> bool:
    """Whether a ReLU is 0 of all units and samples, so that nothing before it is seen; so may be
    what is written in another way, if it was not in the run."""
    nodes = [n for n in recording.nodes.values() if n.value.size > 1]
    rectified = (n.id for n in nodes if n.op == "maximum" or (n.op in MASKING and np.any(n.value)))
    return not all(np.any(values[i]) for i in rectified)


def _moved(
    value: np.ndarray, scale: float, random: np.random.Generator, *, near: bool
) -> np.ndarray:
    """Elsewhere, by as much as its entries are large; by more where they are so small, as most
    begin, that a network is linear: its mistakes would not show."""
    size = np.sqrt(np.sum(value**2) / max(value.size, 1))
    size = max(size, 0.5 / np.sqrt(max((1, *value.shape))))
    drawn = size * random.normal(size=value.shape)
    return np.asarray(value + scale * drawn if near else drawn)


def of_known(
    recording: Recording, graph: Graph, params: list[int], pairs: Sequence[tuple[int, int]],
    at: States, names: Sequence[str],
) -> dict[str, Adjoints]:  # fmt: skip
    """For each known E of these outputs and targets its adjoints, the states along the first axis.

    Raises:
        NotReplayed: the forward pass has an operation that JAX has no name for.
    """
    ends: dict[int, np.ndarray] = {}
    for g, y in pairs:
        values, meant = _met(g, y, at)
        with _as_numpy():
            ends[g] = np.stack([_slope(name)(values, meant) for name in names], axis=1)
    return dict(zip(names, _behind(recording, graph, params, at, ends), strict=True))


@functools.cache
def _slope(name: str) -> Callable:
    """∂E/∂g at several states."""
    return jax.jit(jax.vmap(jax.grad(lambda g, y: jnp.sum(errors.ERROR_FUNCTIONS[name](g, y)))))


def _met(g: int, y: int, at: States) -> tuple[np.ndarray, np.ndarray]:
    """An output and its target at all states."""
    return (np.stack([state[g] for state in at]),
            np.stack([as_target(state[y], state[g]) for state in at]))  # fmt: skip


def is_opposite(
    own: Adjoints, error: str, pairs: Sequence[tuple[int, int]], at: States
) -> bool:  # fmt: skip
    """Whether an E that the file states grows where a known one falls, as a likelihood does."""
    if error not in errors.ERROR_FUNCTIONS or any(g not in own for g, _ in pairs):
        return False
    with _as_numpy():
        known = [_slope(error)(*_met(g, y, at)) for g, y in pairs]
    both = [(own[g].ravel(), np.asarray(k).ravel()) for (g, _), k in zip(pairs, known, strict=True)]
    mine, theirs = (np.concatenate(some) for some in zip(*both, strict=True))
    cosine = mine @ theirs / max(np.linalg.norm(mine) * np.linalg.norm(theirs), 1e-300)
    return bool(cosine < -1 + 1e-6)


def of_own(
    recording: Recording, graph: Graph, params: list[int], stated: int, at: States
) -> Adjoints:
    """The adjoints of an E that the file computes itself.

    Raises:
        NotReplayed: it has an operation that JAX has no name for.
    """
    ones = np.ones((len(at), 1, *at[0][stated].shape))
    return _behind(recording, graph, params, at, {stated: ones})[0]


def _behind(
    recording: Recording, graph: Graph, params: list[int], at: States, ends: dict[int, np.ndarray]
) -> list[Adjoints]:
    """For each E the derivatives by all that leads from the parameters to some ends."""
    order = sorted(graph.ancestors(ends) & graph.dependents(params))
    with _as_numpy():
        grads = backward.through(recording.nodes, order, at, ends, params)
    count = next(iter(ends.values())).shape[1]
    return [
        {i: np.ascontiguousarray(grads[i][:, k]) for i in order if i in grads} for k in range(count)
    ]


@contextlib.contextmanager
def _as_numpy() -> Iterator[None]:
    """The program's arithmetic is NumPy's, whatever is forbidden to the code around."""
    standard = jax.numpy_dtype_promotion("standard"), jax.numpy_rank_promotion("allow")
    with jax.enable_x64(True), standard[0], standard[1]:
        yield
