"""What is taken for f': the derivative of another f, or f' at another place, or f itself."""

from collections import defaultdict
from collections.abc import Collection, Iterator

import numpy as np

from jaxmlp.verify.given import SLOPE, F
from jaxmlp.verify.judge.judgement import Judgement
from jaxmlp.verify.judge.worlds import World
from jaxmlp.verify.run.step import JOINED, PASSING, WRITES

SLOPES = {"relu": "[u > 0]", "sigmoid": "σ'(u)", "tanh": "tanh'(u)"}
MOST_VALUES = 20  # values that a function is given, and operations from u to f(u)


def like_slope(
    judgement: Judgement, outer: int, slope: np.ndarray
) -> Iterator[tuple[str, str, str]]:
    """What a factor is that stands in place of f': its id, and what it is in both languages.

    Args:
        outer: the node of f(u).
        slope: the factor.
    """
    value, inside = judgement.names.value, judgement.world.inner(outer, judgement.names.adjoints)
    inners = [i for i in inside if _is_by_entries(judgement, outer, i)]
    others = [f for f in SLOPES if not any(close(value(outer), F[f](value(i))) for i in inners)]
    for inner in inners:
        u = value(inner)
        for identity, at, en, ja in _slopes(judgement, outer, inner, others):
            if close(slope, at) and u.shape == slope.shape:
                yield identity, en, ja


def is_of_other_layer(judgement: Judgement, own: Collection[int], slope: np.ndarray) -> bool:
    """Whether a factor is the f' of another f(u) than its own, or f' at that u."""
    adjoints = judgement.names.adjoints
    for outer in (i for i, true in adjoints.items() if true.shape == slope.shape and i not in own):
        v = judgement.names.value(outer)
        if any(close(slope, at) for at in (v * (1 - v), 1 - v**2, *(SLOPE[f](v) for f in SLOPES))):
            return True
        theirs = filter(_varies, own_slopes(judgement, outer))
        if any(close(slope, other) for other in theirs):
            return True
    return False


def own_slopes(judgement: Judgement, outer: int) -> Iterator[np.ndarray]:
    """The f' of an f(u), by each of the values that it is made of entry by entry."""
    adjoints = judgement.names.adjoints
    for inner in judgement.world.inner(outer, adjoints):
        with np.errstate(all="ignore"):
            yield adjoints[inner] / adjoints[outer]


def _varies(slope: np.ndarray) -> bool:
    finite = slope[np.isfinite(slope)]
    return bool(finite.size and np.ptp(finite) > 0)


def _slopes(
    judgement: Judgement, outer: int, inner: int, others: Collection[str]
) -> Iterator[tuple[str, np.ndarray, str, str]]:
    """Derivatives that are taken for f'(u), with what they are.

    Args:
        others: the activations that f is none of.
    """
    z, u = judgement.names.value(outer), judgement.names.value(inner)
    with np.errstate(all="ignore"):
        at_z = [SLOPE[f](z) for f in ("sigmoid", "tanh")]
        rules = [("f(1 − f)", z * (1 - z)), ("1 − f²", 1 - z**2)]
        rules += [(SLOPES[f], SLOPE[f](u)) for f in others]
        at_u = (("u(1 − u)", u * (1 - u)), ("1 − u²", 1 - u**2))
    for slope in at_z:
        yield ("slope-at-z", slope, "f' is taken at f(u); it belongs at u.",
               "f' を f(u) で計算しています。正しくは u での値です。")  # fmt: skip
    for rule, slope in rules:
        yield ("slope-of-other", slope, f"{rule} is the derivative of another activation.",
               f"{rule} は、ここで使っている活性化関数の微分ではありません。")  # fmt: skip
    for rule, slope in at_u:
        yield ("slope-rule-at-u", slope, f"The rule wants f(u), and gets u: {rule}.",
               f"f(u) を入れるべき式に u を入れています ({rule})。")  # fmt: skip
    for rule, slope in (("1 + f²", 1 + z**2), ("f(1 + f)", z * (1 + z))):
        yield ("slope-plus", slope, f"f' is {rule}: the sign is wrong.",
               f"f' が {rule} になっています。符号が逆です。")  # fmt: skip
    yield ("slope-reversed", (u < 0) * 1.0, "f' is 1 for u < 0; it must be 1 for u > 0.",
           "f' が u < 0 で 1 になっています。1 になるのは u > 0 です。")  # fmt: skip
    yield ("slope-1-f", 1 - z, "f' is 1 − f: a factor f, or a square, is missing.",
           "f' が 1 − f になっています。f を掛けるか、2 乗が抜けています。")  # fmt: skip
    yield ("f-for-slope", z, "f(u) stands where f'(u) belongs.",
           "f'(u) の代わりに f(u) を使っています。")  # fmt: skip


def given_outputs(world: World) -> frozenset[str]:
    """The functions that get f(u), of a sigmoid or a tanh, wherever they are called."""
    nodes, inputs = world.recording.nodes, defaultdict[str, set[int]](set)
    for node in nodes.values():
        own = node.span.function
        inputs[own].update(i for i in node.references if nodes[i].span.function != own
                           and nodes[i].value.dtype.kind == "f")  # fmt: skip
    few = {name: some for name, some in inputs.items() if 0 < len(some) <= MOST_VALUES}
    return frozenset(name for name, some in few.items() if all(_is_output(world, i) for i in some))


def _is_output(world: World, number: int) -> bool:
    """Whether a value is the sigmoid or tanh of one that it is computed from."""
    nodes, graph = world.recording.nodes, world.graph
    parts = graph.before[number]
    if nodes[number].op in (*JOINED, *WRITES):  # into what is not written yet; beside a bias's 1
        parts = tuple(i for i in parts if nodes[i].op != "leaf")
    if nodes[number].op in (*PASSING, *JOINED, *WRITES) and parts:
        return all(_is_output(world, i) for i in parts)
    f = np.stack([state[number] for state in world.at])
    kind = lambda i: (nodes[i].value.shape, nodes[i].value.dtype)  # noqa: E731
    alike = [i for i in sorted(graph.ancestors([number]), reverse=True) if kind(i) == kind(number)]
    for inner in alike[1 : 1 + MOST_VALUES]:
        u = np.stack([state[inner] for state in world.at])
        if any(close(f, np.asarray(function(u))) for function in (F["sigmoid"], F["tanh"])):
            return True
    return False


def _is_by_entries(judgement: Judgement, outer: int, inner: int) -> bool:
    """Whether a value is made of another entry by entry: a softmax has no slope of its own."""
    graph, nodes = judgement.world.graph, judgement.world.recording.nodes
    between = graph.dependents([inner]) & graph.ancestors([outer]) - {inner}
    return all(nodes[i].value.shape == nodes[outer].value.shape for i in between)


def close(slope: np.ndarray, other: np.ndarray) -> bool:
    """Whether two arrays of one shape are the same but for rounding, where the first is finite;
    what is 0 there is like nothing."""
    use = np.isfinite(slope)
    if slope.shape != other.shape or not use.any() or not np.any(other[use]):
        return False
    return bool(np.allclose(slope[use], other[use], rtol=1e-6, atol=1e-9))
