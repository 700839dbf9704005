"""Why an expression is wrong: one of the values in it stands in the place of another of its shape.

Another derivative of E, another matrix, or f' on the other side of a product: only with layers of
one size does a program run with these.
"""

import itertools
from collections.abc import Callable, Iterator, Mapping

import numpy as np

from jaxmlp.verify.finding import Note
from jaxmlp.verify.judge.faults import Fault
from jaxmlp.verify.judge.judgement import Judgement
from jaxmlp.verify.judge.naming import Name, both_ways, same_axes
from jaxmlp.verify.judge.otherwise import Cause, Values, backwards_note, before, remade, repaired
from jaxmlp.verify.judge.wrong_slopes import (
    MASK_MISSING,
    SLOPE_MISSING,
    is_by_a_slope,
    is_scaled,
)
from jaxmlp.verify.run.step import FACTORS, JOINED, PASSING, REDUCED, SUMS
from jaxmlp.verify.run.tape import Node
from jaxmlp.verify.truth import replay

MOST_DERIVATIVES = 200  # derivatives that are tried in place of one
LINEAR_OPERATIONS = FACTORS | JOINED | PASSING | SUMS
WEIGHT_CUTS: tuple[Callable[[np.ndarray], np.ndarray], ...] = (
    lambda w: w, lambda w: w[..., 1:], lambda w: w[..., :-1], lambda w: w[1:], lambda w: w[:-1],
)  # fmt: skip
ANOTHER_DERIVATIVE = backwards_note(
    "another-derivative",
    "The derivative of E by another value stands here, such as the δ of another layer.",
    "別の層の δ など、E の別の値による微分が使われています。",
    "L22",
)
WEIGHTS_MISSING = backwards_note(
    "V-missing",
    "The weights are missing here: what is passed on is ∂E/∂a, where ∂E/∂z = Vᵀ ∂E/∂a belongs.",
    "重みが抜けています。∂E/∂z = Vᵀ ∂E/∂a を伝えるべきところで、∂E/∂a をそのまま使っています。",
    "L22",
)
OTHER_WEIGHTS = backwards_note(
    "W-for-V",
    "Other weights stand here than in the forward pass: ∂E/∂a goes back by the weights that a was "
    "computed with.",
    "順伝播で a を計算した重みとは別の重みです。∂E/∂a は a を与えた重みで逆伝播させます。",
    "L22",
)
NOT_TRANSPOSED = backwards_note(
    "V-not-transposed",
    "The matrix is the wrong way round: ∂E/∂z is Vᵀ ∂E/∂a, of which V ∂E/∂a has only the shape.",
    "行列の向きが逆です。∂E/∂z は Vᵀ ∂E/∂a です (V ∂E/∂a は形が同じだけです)。",
    "L24",
)
OTHER_COLUMN = backwards_note(
    "V-last-dropped",
    "Another row or column is left out of the matrix than that of the biases.",
    "行列からバイアスとは別の行または列を除いています。",
    "L22",
)
SLOPE_INSIDE = backwards_note(
    "slope-inside",
    "f' is inside the product: Vᵀ(δ ⊙ f') for Vᵀδ ⊙ f'. It belongs to the units that Vᵀ leads to.",
    "f' が積の中にあります (Vᵀ(δ ⊙ f'))。f' は Vᵀ で戻った先のユニットに掛かるので Vᵀδ ⊙ f' です。",
    "L22",
)


def another_derivative(judgement: Judgement, fault: Fault, node: Node) -> Cause | None:
    """A derivative of E by another value than the one whose derivative belongs here."""
    for parent in before(judgement, node):
        if (name := judgement.names.of(parent)) is None:
            continue
        others = itertools.islice(_others(judgement, parent, name.of), MOST_DERIVATIVES)
        for number, true in others:
            fed = [{parent: name.factor * a} for a in true]
            if made := _mended(judgement, fault, fed):
                said = relation(judgement, number, name.of)
                if said is SLOPE_MISSING and is_by_a_slope(judgement, node, fed):
                    continue
                return made._replace(notes=(said,))
        if node.op in REDUCED and name.of in judgement.world.roots:
            return _sum_of_weights(judgement, fault, name)
    return None


def _sum_of_weights(judgement: Judgement, fault: Fault, name: Name) -> Cause | None:
    """For a bias a sum of the derivatives by weights, where it is one of those by u or a."""
    names = judgement.names
    for param in (p for p in judgement.world.params if p.name in fault.params):
        true = names.adjoints.get(param.old, np.zeros(0))
        repair = [{fault.node: name.factor * a} for a in true]
        made = Cause((ANOTHER_DERIVATIVE,), repair=repair)
        fits = true.shape == names.value(fault.node).shape
        if fits and repaired(judgement, made, fault.params):
            return made
    return None


def relation(judgement: Judgement, inner: int, outer: int) -> Note:
    """What is missing between the derivative that stands there and the one that belongs there."""
    graph = judgement.world.graph
    by_f = inner in judgement.world.inner(outer, judgement.names.adjoints)
    of_outputs = outer in {g for g, _ in judgement.choice.target.pairs}  # a softmax, too
    if by_f or (of_outputs and inner in graph.ancestors([outer])):
        return MASK_MISSING if is_scaled(graph, inner, outer) else SLOPE_MISSING
    return WEIGHTS_MISSING if _is_linear(judgement, inner, outer) else ANOTHER_DERIVATIVE


def _others(judgement: Judgement, node: int, own: int) -> Iterator[tuple[int, np.ndarray]]:
    """The derivatives of E that a value may stand for by its shape, turned as it may be, but for
    its own."""
    names, shape = judgement.names, judgement.names.value(node).shape
    mine = names.adjoints[own]
    for number, true in names.adjoints.items():
        if true.shape != mine.shape or not np.allclose(true, mine):
            for form in both_ways(true):
                if same_axes(form.shape, shape):
                    yield number, form.reshape(shape)


def _is_linear(judgement: Judgement, inner: int, outer: int) -> bool:
    """Whether a value is the product of weights with another, and no function of that."""
    graph, nodes = judgement.world.graph, judgement.world.recording.nodes
    between = graph.dependents([inner]) & graph.ancestors([outer]) - {inner}
    ops = [nodes[i].op for i in between]
    return LINEAR_OPERATIONS.issuperset(ops) and sum(op in FACTORS for op in ops) == 1


def weights_missing(judgement: Judgement, fault: Fault, node: Node) -> Cause | None:
    """A sum over the units in place of the product with the weights."""
    names = judgement.names
    named = [name for i in before(judgement, node) if (name := names.of(i))]
    for name in named if node.op in REDUCED else ():
        inside = judgement.world.graph.ancestors([name.of]) & names.adjoints.keys()
        for number in (i for i in sorted(inside) if _is_linear(judgement, i, name.of)):
            true = name.factor * names.adjoints[number]
            made = Cause((WEIGHTS_MISSING,), repair=[{fault.node: array} for array in true])
            if repaired(judgement, made, fault.params):
                return made
    return None


def another_matrix(judgement: Judgement, fault: Fault, node: Node) -> Cause | None:
    """Another of the matrices, or the right one the wrong way round, or without another column; in
    a network of single numbers, another of these."""
    world, nodes, product = judgement.world, judgement.world.recording.nodes, node.op in FACTORS
    weights = [root for root in world.roots if bool(nodes[root].value.ndim) == product]
    for operand in world.graph.before[node.id] if product or node.op == "multiply" else ():
        own, value = world.graph.root(operand, weights), nodes[operand].value
        for root in weights[:MOST_DERIVATIVES] if own is not None else ():
            for form in _forms(nodes[root].value.shape, value.shape):
                tried = [{operand: form(state[root])} for state in world.at]
                if made := _mended(judgement, fault, tried):
                    turned = np.array_equal(form(nodes[root].value).T, value)
                    told = NOT_TRANSPOSED if turned else OTHER_COLUMN
                    return made._replace(notes=(told if root == own else OTHER_WEIGHTS,))
    return None


def _forms(shape: tuple[int, ...], wanted: tuple[int, ...]) -> Iterator[Callable]:
    """Ways to bring a matrix to a shape: cut, turned, or both; a number is what it is."""
    if not shape and not wanted:
        yield lambda w: w
    for cut, turned in itertools.product(WEIGHT_CUTS if shape else (), (False, True)):
        made = cut(np.empty(shape)).shape
        if (made[::-1] if turned else made) == wanted:
            yield lambda w, cut=cut, turned=turned: cut(w).T if turned else cut(w)


def slope_inside(judgement: Judgement, fault: Fault, node: Node) -> Cause | None:
    """A factor f' that stands before the product with the weights, where it belongs after it."""
    world, nodes, names = judgement.world, judgement.world.recording.nodes, judgement.names
    deltas = [i for i in before(judgement, node) if names.of(i)]
    factors = [i for i in world.graph.before[node.id] if i not in deltas]
    if node.op != "multiply" or len(deltas) != 1 or len(factors) != 1:
        return None
    for product in (i for i in world.graph.after[node.id] if nodes[i].op in FACTORS):
        values = [_product(nodes, {**state, node.id: state[deltas[0]]}, product)
                  for state in world.at]  # fmt: skip
        slopes = [state[factors[0]] for state in world.at]
        if any(v is None or v.shape != s.shape for v, s in zip(values, slopes, strict=True)):
            continue
        tried = [{product: v * s} for v, s in zip(values, slopes, strict=True)]
        made = Cause((SLOPE_INSIDE,), repair=tried)
        if repaired(judgement, made, fault.params):
            return made
    return None


def _product(
    nodes: Mapping[int, Node], values: Mapping[int, np.ndarray], number: int
) -> np.ndarray | None:
    try:
        return np.asarray(replay.applied(nodes[number], values, np))
    except (replay.NotReplayed, ValueError):
        return None


def _mended(judgement: Judgement, fault: Fault, tried: Values) -> Cause | None:
    """A cause without notes, if all that the fault spoils is right with these values in it."""
    values = remade(judgement, fault, tried)
    if values is None or judgement.names.named(values, judgement.names.adjoints) is None:
        return None
    made = Cause((), repair=[{fault.node: value} for value in values])
    return made if repaired(judgement, made, fault.params) else None
