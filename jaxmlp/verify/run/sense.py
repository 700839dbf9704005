"""Whether the shapes that were guessed for a recording make a network of which mistakes show."""

from collections.abc import Sequence

import numpy as np

from jaxmlp.verify.names import BACK, GRADIENT, GRADIENT_OF, last_word
from jaxmlp.verify.run.graph import Graph
from jaxmlp.verify.run.network import fixed, multiplied
from jaxmlp.verify.run.recording import Recording
from jaxmlp.verify.run.slope_pairs import slope_pairs
from jaxmlp.verify.run.step import FACTORS
from jaxmlp.verify.run.targets import Target, is_stated, kept_at, targets, upstream_targets

MANY_NODES = 300  # nodes of a call, from where on shapes are not looked at


def has_target(recording: Recording) -> bool:
    """Whether what a call moves is moved towards a target; a layer that moves its own has none."""
    if not (recording.moves and recording.name):
        return True
    return bool(targets(Graph(recording.nodes), recording.olds, recording.news))


def sensible(recording: Recording) -> bool:
    """Whether guessed shapes give a network, with a target; or gradients of its arrays."""
    nodes = recording.nodes
    if not recording.moves:
        leaves = {n.value.shape for n in nodes.values() if n.op == "leaf"}
        given = [nodes[node].value.shape for name, node in recording.values
                 if GRADIENT.search(name) or BACK.search(name)] or _of_all(recording)  # fmt: skip
        fits = all(len(s) < 2 or s in leaves or s[::-1] in leaves for s in given)
        return (
            fits
            and _of_one_size(recording)
            and (len(nodes) > MANY_NODES or _is_passed_back(recording))
        )
    graph = Graph(nodes)
    candidates = targets(graph, recording.olds, recording.news)

    def is_told(y: int) -> bool:
        """Of samples, one by one; or a number that is stated, or that its loop goes over."""
        data = nodes[graph.data(y)]
        return bool(data.value.ndim) or is_stated(y) or data.span.line == recording.line

    pairs_of = [target.pairs for target in candidates]
    meets = any(len(pairs) > 1 or is_told(y) for pairs in pairs_of for _, y in pairs)
    return meets and not degenerate(recording, graph, recording.olds, candidates)


def _of_one_size(recording: Recording) -> bool:
    """Whether what is called the gradient of an array has as many entries as that: db1 as b1."""
    nodes = recording.nodes
    arrays = {last_word(place): node for place, node in recording.values}
    known = {of: node for name, node in arrays.items() for of in GRADIENT_OF.findall(name)}
    return all(nodes[node].value.size == nodes[arrays[name]].value.size
               for name, node in known.items() if name in arrays)  # fmt: skip


def _of_all(recording: Recording) -> list[tuple[int, ...]]:
    """The shapes of what a function gives that depends on all that it is given, if these are many:
    gradients, whatever they are called."""
    graph, nodes = Graph(recording.nodes), recording.nodes
    leaves = {n.id for n in nodes.values() if n.op == "leaf" and n.value.ndim}
    made = [node for name, node in recording.values if name.startswith(f"{recording.name}[")]
    whole = [i for i in made if leaves <= graph.ancestors([i])]
    return [nodes[i].value.shape for i in whole] if len(whole) > 1 else []


def _is_passed_back(recording: Recording) -> bool:
    """Whether a pass that goes back is given ∂E/∂(an output), where it has one."""
    graph = Graph(recording.nodes)
    arrays = [n for n in recording.nodes.values() if n.op == "leaf" and n.value.ndim]
    outputs = [g for name, g in recording.values if kept_at(name) == 0]
    outputs = [g for g in outputs if recording.nodes[g].op != "leaf"]
    if not (recording.name and recording.goes_back and len(outputs) == 2):
        return True
    if slope_pairs(recording, graph):
        return True
    return any(
        any(upstream_targets(recording, graph, [n.id for n in arrays if n.id != y.id], y.id))
        for y in arrays
    )


def degenerate(
    recording: Recording, graph: Graph, params: Sequence[int], candidates: Sequence[Target]
) -> int:
    """How many parameters have an entry for each sample, or are those of a single hidden unit, or
    move by the product of two vectors that fit where matrices are meant.

    Nothing is shown by a guess with one of them.
    """
    nodes = recording.nodes
    matrices, outputs = shapes(graph, params, candidates)
    pairs = {pair for target in candidates for pair in target.pairs}
    alike = [g for g, y in pairs if nodes[g].value.size == nodes[y].value.size]
    of_one = {*outputs, *(nodes[g].value.shape for g in alike)}
    one_output = any(1 in shape or not shape for shape in of_one)
    if not one_output and any(1 in shape for shape in matrices):
        return 1
    if moved := moved_by_one_number(recording, graph):
        return moved
    if any(target.upstream for target in candidates):
        return 0  # what a layer is given has an entry for each sample
    batch = {n for shape in outputs for n in shape if n > 1} - {n for s in matrices for n in s}
    first = min(params, key=lambda p: min(graph.after[p], default=p), default=None)
    own = first if not recording.moves else None  # ∂E/∂x has an entry for each sample
    return sum(bool(batch & set(nodes[p].value.shape)) for p in params if p != own)


def moved_by_one_number(recording: Recording, graph: Graph) -> int:
    """How many matrices move by one number in all entries, made by the product of two vectors."""
    nodes = graph.nodes
    inner = {n.id for n in nodes.values() if n.op in FACTORS and not n.value.ndim
             and all(nodes[i].value.ndim == 1 for i in graph.before[n.id])}  # fmt: skip
    moves = [(new, nodes[new].value - nodes[old].value) for _, old, new in recording.moves
             if min(nodes[old].value.shape, default=1) > 1
             and nodes[old].value.shape == nodes[new].value.shape]  # fmt: skip
    return sum(bool(inner & graph.ancestors([new])) and bool(change.flat[0])
               and np.allclose(change, change.flat[0]) for new, change in moves)  # fmt: skip


def shapes(
    graph: Graph, params: Sequence[int], candidates: Sequence[Target]
) -> tuple[list[tuple[int, ...]], set[tuple[int, ...]]]:
    """The shapes of the matrices among the parameters, and those of what may be the target."""
    nodes = graph.nodes
    weights = [*params, *fixed(graph, list(params), tuple(candidates))]
    matrices = [nodes[p].value.shape for p in weights if multiplied(graph, p)]
    matrices = matrices or [nodes[p].value.shape for p in weights if nodes[p].value.ndim == 2]
    return matrices, {nodes[y].value.shape for target in candidates for _, y in target.pairs}
