"""The arrays of a recorded network beside its parameters: weights that do not move, samples, E."""

import re
from collections.abc import Collection, Mapping, Sequence

import numpy as np

from jaxmlp.verify.given import F
from jaxmlp.verify.run.arrays import LOST, STOOD_IN
from jaxmlp.verify.run.graph import Graph
from jaxmlp.verify.run.outputs import axis_of_one
from jaxmlp.verify.run.reads import Read, where_read
from jaxmlp.verify.run.recording import Recording
from jaxmlp.verify.run.shapes import COMPARE
from jaxmlp.verify.run.step import FACTORS, PASSING
from jaxmlp.verify.run.tape import Node, spread
from jaxmlp.verify.run.targets import Target

NUMBERED = re.compile(r"\[\d+\]")
ERROR_CANDIDATES = 6  # numbers that E may be, from either end


def multiplied(graph: Graph, param: int) -> bool:
    """Whether an array is a factor of a product of matrices, turned or cut as it may be; a bias
    that is brought to all samples by a product with ones is none."""
    shown = graph.through([param])
    products = {i for node in shown for i in graph.after[node] if graph.nodes[i].op in FACTORS}
    others = (i for product in products for i in graph.before[product] if i not in shown)
    return any(not np.all(graph.nodes[i].value == 1) for i in others)


def fixed(graph: Graph, params: list[int], targets: tuple[Target, ...]) -> list[int]:
    """The arrays of floats that the forward pass multiplies what it has computed with, or, if each
    is one vector, adds to a product.

    They are parameters that do not move; the samples are none, since they only meet parameters, and
    where they are added once more they are many vectors.
    """
    moving = graph.dependents(params)
    behind = frozenset().union(*(one.backward for one in targets))
    shown = graph.through(params)
    arrays = [n for n in graph.nodes.values() if n.op == "leaf" and n.value.ndim]
    leaves = [n.id for n in arrays if n.value.dtype.kind == "f" and n.id not in moving]
    vectors = {n.id for n in arrays if sum(size > 1 for size in n.value.shape) <= 1}
    met = lambda i: [b for b in graph.before[i] if b in moving and b not in shown]  # noqa: E731
    is_product = lambda i: graph.nodes[graph.data(i)].op in FACTORS  # noqa: E731
    return [
        leaf for leaf in leaves
        if leaf not in behind
        and any(i not in behind and ((graph.nodes[i].op in FACTORS and met(i))
                                     or (leaf in vectors and graph.nodes[i].op == "add"
                                         and any(map(is_product, met(i)))))
                for one in graph.through([leaf]) for i in graph.after[one])
    ]  # fmt: skip


def idle(
    graph: Graph, params: Sequence[int], news: Sequence[int], targets: Sequence[Target]
) -> list[int]:
    """The matrices that only data are multiplied with, and in whose shape a step makes a product
    that it does not use: weights of the first layer that do not move, though their gradient is
    computed. Samples are none, by their number."""
    nodes = graph.nodes
    outputs = graph.ancestors([g for one in targets for g, _ in one.pairs])
    behind = frozenset().union(*(one.backward for one in targets))
    passed_on = {i for one in graph.through(params) for i in graph.after[one]}  # ∂E/∂x, say
    back = spread(passed_on, lambda one: _multiplied_with(graph, one))
    unused = behind - graph.ancestors(news) - back
    made = {nodes[i].value.shape for i in unused if nodes[i].op in ("multiply", *FACTORS)}
    units = {n for i in params for n in nodes[i].value.shape}
    samples = {n for one in targets for g, _ in one.pairs for n in nodes[g].value.shape} - units
    arrays = [n for n in nodes.values() if n.op == "leaf" and n.value.dtype.kind == "f"]
    return [
        n.id for n in arrays
        if n.value.ndim == 2 and made & {n.value.shape, n.value.T.shape}
        and n.id in outputs - behind and n.id not in params
        and samples.isdisjoint(n.value.shape) and multiplied(graph, n.id)
    ]  # fmt: skip


def _multiplied_with(graph: Graph, number: int) -> list[int]:
    """What it is multiplied into, entry by entry."""
    nodes, shape = graph.nodes, graph.nodes[number].value.shape
    return [i for i in graph.after[number]
            if nodes[i].op == "multiply" and nodes[i].value.shape == shape]  # fmt: skip


def siblings(recording: Recording, graph: Graph, targets: Sequence[Target]) -> list[int]:
    """What does not move and leads to the output, and stands in one list with what moves.

    Such as the weights of the first layer, in an object of a list of layers.
    """
    moved = {NUMBERED.sub("[]", one[0]) for one in recording.moves}
    alike = [i for name, i in recording.values if NUMBERED.sub("[]", name) in moved]
    outputs = graph.ancestors([g for one in targets for g, _ in one.pairs])
    return [i for i in alike if i in outputs and graph.nodes[i].op == "leaf"]


def empty_samples(
    graph: Graph, params: Sequence[int], targets: Sequence[Target], parts: Collection[int], *,
    own: bool = False,
) -> list[int]:  # fmt: skip
    """What weights are multiplied by and is 0, as a sample of XOR is: nothing is seen with it.

    It is a number, or a part of larger data; an array of its own may be 0 on purpose, as a first h.

    Args:
        parts: the leaves that are parts of larger arrays.
        own: whether arrays of their own count, too.
    """
    nodes, moving = graph.nodes, graph.dependents(list(params))
    behind = set().union(*(target.backward | target.nodes for target in targets))
    outputs = graph.ancestors([g for target in targets for g, _ in target.pairs])

    def is_part(number: int) -> bool:
        alone = own and nodes[number].op == "leaf"
        return _is_zero_part(graph, number, {number} if alone else parts)

    def is_zero(number: int) -> bool:
        return nodes[number].op == "leaf" and not (nodes[number].value.ndim or nodes[number].value)

    used = {number for i in moving & outputs if nodes[i].op in ("multiply", *FACTORS)
            for number in graph.before[i] if number not in moving | behind}  # fmt: skip
    origins = {way for number in used for way in graph.way(number) if is_part(way)}
    origins |= set(filter(is_zero, graph.ancestors(used)))
    shapes = {nodes[i].value.shape for i in origins}
    again = {i for i in nodes if nodes[i].value.shape in shapes and i not in moving and is_part(i)}
    empty = (origins | again) - behind  # the backward pass may read it once more
    return sorted(number for number in empty if not _is_read_as_a_whole(graph, number))


def _is_read_as_a_whole(graph: Graph, number: int) -> bool:
    """Whether something is computed from an array of which it is a single number, too: there it
    would stay 0."""
    nodes = graph.nodes
    arrays = [i for i in graph.way(number) if nodes[i].value.ndim]
    if nodes[number].value.ndim or not arrays:
        return False
    wholes = [i for i in graph.through(arrays) if nodes[i].value.ndim]
    return any(nodes[after].op not in PASSING for i in wholes for after in graph.after[i])


def _is_zero_part(graph: Graph, number: int, parts: Collection[int]) -> bool:
    """Whether it is 0, and a part of data that are not."""
    node = graph.nodes[number]
    passed = node.op in PASSING and np.any(graph.nodes[graph.before[number][0]].value)
    return (number in parts or bool(passed)) and not np.any(node.value)


def zero_targets(graph: Graph, targets: Sequence[Target], parts: Mapping[int, Read]) -> list[int]:
    """Where targets are read that are 0 and part of larger data, as one of XOR is: with those
    alone, g (g − y) is the square of the error.

    None, if another 0 goes into the backward pass: it may be the same, read in another way.
    """
    nodes = graph.nodes
    if any(nodes[y].value.size < nodes[g].value.size for one in targets for g, y in one.pairs):
        return []  # the number of a class
    zero = {i: where_read(nodes, i, parts) for i in nodes if _is_zero_part(graph, i, parts)}
    own = [zero[way] for target in targets for y in target.nodes for way in graph.way(y)
           if way in zero]  # fmt: skip
    same = {i for i, one in zero.items() for other in own
            if one.data == other.data and np.isin(one.places, other.places).all()}  # fmt: skip
    behind = set().union(*(target.backward for target in targets))
    leaves = [n.id for n in nodes.values() if n.op == "leaf" and not np.any(n.value)]
    others = [i for i in leaves if i not in same and behind.intersection(graph.after[i])]
    return [] if others else sorted(same)


def lost(graph: Graph, params: list[int]) -> Node | None:
    """An operation whose result could not be recorded; of a stand-in, if parameters fed it."""
    moving, nodes = graph.dependents(params), graph.nodes.values()
    operations = [n for n in nodes if n.op.startswith(LOST)]
    return next((n for n in operations if n.id in moving or not n.op.startswith(STOOD_IN)), None)


def like_outputs(
    graph: Graph, target: Target, state: Mapping[int, np.ndarray]
) -> dict[int, np.ndarray]:
    """Values for a target that is a stand-in, such as an output that is a probability may have.

    Args:
        state: the values at which the outputs are looked at: in the run they may be no numbers.
    """
    values = {}
    for g, y in target.pairs:
        leaf, out = graph.nodes[graph.data(y)], state[g]
        is_label = graph.nodes[y].value.size < out.size
        if leaf.op == "leaf" and leaf.value.dtype.kind == "f" and leaf.value.ndim and not is_label:
            axis = axis_of_one(out)
            if axis is not None or ((out > 0).all() and (out < 1).all()):
                values[leaf.id] = F["sigmoid"](leaf.value)
            if axis is not None and axis < leaf.value.ndim:
                turned = sum(graph.nodes[i].op == "np.transpose" for i in graph.way(y)) % 2
                turned |= graph.nodes[y].value.shape != out.shape
                along = axis if turned and leaf.value.ndim == 2 else -1 - axis
                along %= leaf.value.ndim
                many = [k for k, n in enumerate(leaf.value.shape) if n == out.shape[-1 - axis]]
                along = many[0] if len(many) == 1 else along
                values[leaf.id] /= values[leaf.id].sum(along, keepdims=True)
    return values


def stated_numbers(
    graph: Graph, params: list[int], target: Target, results: list[int]
) -> list[int]:
    """Numbers that depend on the parameters and the target: E, if the file states it.

    Args:
        results: what the step is after; what it is computed from is no E, nor what is computed
            from it: that is E after the step.
    """
    counts = [i for i, node in graph.nodes.items() if node.op in COMPARE or node.op == "np.argmax"]
    moving = graph.dependents(params, without=frozenset(counts))  # no number of hits
    used = graph.ancestors(results) | graph.dependents(results)
    data = [i for i in graph.ancestors(target.nodes) if not graph.before[i]]
    behind = target.backward | graph.dependents(data)  # it may read the same labels anew
    numbers = [
        number for number in sorted((moving & behind) - used, reverse=True)
        if graph.nodes[number].value.size == 1
        and graph.nodes[number].value.dtype.kind == "f"
        and graph.nodes[number].op not in PASSING
        and np.isfinite(graph.nodes[number].value).all()
    ]  # fmt: skip
    return [*numbers[:ERROR_CANDIDATES], *numbers[ERROR_CANDIDATES:][-ERROR_CANDIDATES:]]
