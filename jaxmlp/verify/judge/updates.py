"""From a gradient to the new parameter: whether it is a step down, whatever the rule is.

Plain steps, momentum, Adam, clipping and decay have in common that each entry moves against its own
entry of the gradient, and that nothing of the other parameters comes in but by way of theirs.
"""

from collections.abc import Collection, Mapping
from typing import NamedTuple

import numpy as np

from jaxmlp.verify.judge.naming import RELATIVE_TOLERANCE, Names, multiple
from jaxmlp.verify.judge.worlds import Param, World
from jaxmlp.verify.run.graph import Graph
from jaxmlp.verify.run.step import CURVED, FACTORS
from jaxmlp.verify.truth import replay

MOST_DECAY_SHARE = 0.9  # of the parameters beside their gradient: more is no decay
CLEAR = 0.1  # entries smaller than this may be lost in a rounding


def direction(
    world: World, names: Names, outputs: Collection[int], param: Param, gradients: Collection[int],
    all_of_them: Collection[int],
) -> int:  # fmt: skip
    """1 where a step goes down the gradient entry by entry, −1 where up, 0 where it does neither.

    Args:
        outputs: the nodes of the network's outputs.
        gradients: the nodes that are the gradient of this parameter.
        all_of_them: those that are the gradient of any.
    """
    if not _of_its_own(world, outputs, param, all_of_them):
        return 0
    first = [i for i in gradients if not world.graph.ancestors([i]) & (set(gradients) - {i})]
    drawn = np.random.default_rng(0).normal(size=world.at[0][param.old].shape)
    others = [{i: _in_place_of(names, i, param, np.asarray(times * drawn)) for i in first}
              for times in (1, -1, 3)]  # fmt: skip
    for data in ({}, _data(world)):  # in the run a sample may be 0
        try:
            ends = [_moved(world, param, data | gradients) for gradients in others]
        except replay.NotReplayed:  # a branch that the true gradient does not take
            return 1
        if not np.array_equal(ends[0], ends[1]):
            break
    if np.array_equal(ends[0], ends[1]):  # a step size of 0; or it is squared
        return int(np.array_equal(ends[1], ends[2]))
    clear = np.abs(drawn) > CLEAR
    signs = set(np.sign(ends[1] - ends[0])[clear] * np.sign(drawn)[clear])
    return int(signs.pop()) if len(signs) == 1 else 0


class DecayShare(NamedTuple):
    """A share of the parameters that is taken beside once the gradient.

    Attributes:
        kind: of all, of all but the biases (rows or columns), or of the signs; None where it is 0.
    """

    kind: int | None
    size: float


def share_of(
    change: np.ndarray, true: np.ndarray, old: np.ndarray, most: float = np.inf
) -> DecayShare | None:
    """How large a share of the parameters there is beside the gradient; None if it is not all.

    Args:
        most: the largest that it may be.
    """
    if multiple(change, true) is not None:
        return DecayShare(None, 0.0)
    weights = [old.copy() for _ in range(3)]
    if old.ndim > 2:
        weights[1][:, :, 0] = weights[2][:, 0] = 0  # without the biases
    weights.append(np.sign(old))  # of Σ |w|
    for kind, decaying in enumerate(weights):
        columns = np.stack([true.ravel(), decaying.ravel()], axis=1)
        (factor, share), *_ = np.linalg.lstsq(columns, change.ravel(), rcond=None)
        rest = change - factor * true - share * decaying
        if (
            0 < share * factor < most * factor**2
            and np.abs(rest).max() <= RELATIVE_TOLERANCE * np.abs(change).max()
        ):
            return DecayShare(kind, float(share / factor))
    return None


def decays_by_entry(change: np.ndarray, true: np.ndarray, old: np.ndarray) -> bool:
    """Whether, at all states, each entry is so many times its gradient and, of some entries, a
    share of themselves: one number of times, and one share that is not 0."""
    factors, shares = [], []
    for by_state in zip(*(a.reshape(len(a), -1).T for a in (change, true, old)), strict=True):
        columns = np.stack(by_state[1:], axis=1)
        (factor, share), *_ = np.linalg.lstsq(columns, by_state[0], rcond=None)
        if (
            np.abs(columns @ (factor, share) - by_state[0]).max()
            > RELATIVE_TOLERANCE * np.abs(change).max()
        ):
            return False
        if np.any(by_state[1]):
            factors.append(factor)
            shares.append(share)
    least = np.abs(factors).min(initial=np.inf) * RELATIVE_TOLERANCE
    some = [share for share in shares if abs(share) > least]
    alike = lambda sizes: np.ptp(sizes) <= RELATIVE_TOLERANCE * abs(sizes[0])  # noqa: E731
    return bool(factors and some and alike(factors) and alike(some))


def _moved(world: World, param: Param, known: Mapping[int, np.ndarray]) -> np.ndarray:
    """The new parameter of the step as it was run, but for what is given."""
    return replay.values(world.recording.nodes, dict(known))[param.new]


def _data(world: World) -> dict[int, np.ndarray]:
    """What is given to the step but for its parameters, as it is where it is judged."""
    nodes, state = world.recording.nodes, world.at[0]
    return {n.id: state[n.id] for n in nodes.values()
            if n.op == "leaf" and n.id not in world.roots}  # fmt: skip


def _in_place_of(names: Names, number: int, param: Param, drawn: np.ndarray) -> np.ndarray:
    """Another gradient in the form that a node has it: times its factor, turned or flat."""
    value, true = names.value(number), names.adjoints[param.old]
    factor = names.is_gradient(number, param.old) or 1.0
    turned = value.ndim > 2 and not np.allclose(
        value.reshape(-1), factor * true.reshape(-1), rtol=1e-6, atol=1e-9
    )
    return np.asarray(factor * (drawn.T if turned else drawn).reshape(value.shape[1:]))


def _of_its_own(
    world: World, outputs: Collection[int], param: Param, all_of_them: Collection[int]
) -> bool:
    """Whether neither what the network computes nor another parameter comes in beside gradients."""
    graph, nodes = world.graph, world.recording.nodes
    behind = graph.ancestors([param.new], without=all_of_them)
    forward = graph.ancestors(outputs) & graph.dependents(world.roots)
    if any(nodes[i].op in (*FACTORS, *CURVED) for i in behind & forward):
        return False
    ahead = graph.ancestors(_sums_with(graph, param.old))  # its velocity, of W + μ v
    return not any(p.old in behind & forward and p.old not in ahead
                   for p in world.params if p.old != param.old)  # fmt: skip


def _sums_with(graph: Graph, number: int) -> list[int]:
    """What an array is added to, as it is."""
    arrays = graph.nodes[number].value.ndim > 0
    return [i for i in graph.after[number] if arrays and graph.nodes[i].op in ("add", "subtract")]
