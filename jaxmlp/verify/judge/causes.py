"""Why an expression is wrong: what would make its value a derivative of E.

Each cause is a change of the operation, or of what it is fed; it is the cause if with it the value
is ∂E/∂(something) exactly, at all states. None of them knows a network, or a name.
"""

import functools
import itertools
from collections.abc import Callable, Mapping

import numpy as np

from jaxmlp.verify.judge.exchanged import (
    another_derivative,
    another_matrix,
    slope_inside,
    weights_missing,
)
from jaxmlp.verify.judge.faults import Fault, moved_param, written
from jaxmlp.verify.judge.judgement import Judgement
from jaxmlp.verify.judge.naming import multiple
from jaxmlp.verify.judge.otherwise import (
    Cause,
    Values,
    backwards_note,
    before,
    is_something,
    redone,
    repaired,
    without,
)
from jaxmlp.verify.judge.still import WITHOUT_GRADIENT
from jaxmlp.verify.judge.wrong_slopes import (
    SLOPE_MISSING,
    off_target,
    other_slope,
    slope_missing,
    slope_none,
    slope_of_layer,
    slope_value,
    slope_with,
)
from jaxmlp.verify.run.network import multiplied
from jaxmlp.verify.run.step import FACTORS, REDUCED
from jaxmlp.verify.run.tape import Node
from jaxmlp.verify.truth import replay

REPLAYED = 20_000  # operations, at most, that are computed anew to try a cause


def cause(judgement: Judgement, fault: Fault) -> Cause | None:
    """The cause of a fault; None if it is none of the known ones."""
    node = judgement.world.recording.nodes[fault.first]
    for look in CAUSES:
        if (made := look(judgement, fault, node)) is not None:
            return made
    return None


ADDED = backwards_note(
    "added-for-multiplied",
    "This adds what has to be multiplied: by the chain rule, the derivative of f(g(x)) is a "
    "product.",
    "掛けるべきところで足しています。連鎖律により、合成関数 f(g(x)) の微分は積になります。",
    "L18",
)
SUMMED = backwards_note(
    "bias-summed-over-units",
    "This sums over the units as well as over the samples, so that all units get one number: "
    "each has a gradient of its own (sum over the samples alone).",
    "サンプルについてだけでなくユニットについても和を取っているので、すべてのユニットが同じ値になります。"
    "勾配はユニットごとに異なります (サンプルについてだけ和を取ります)。",
    "L20",
)


TRANSPOSED = backwards_note(
    "transposed",
    "This is the transpose of the gradient: the factors of the product have changed places.",
    "勾配の転置になっています。積の 2 つの因子が逆です。",
)
OF_ONE_SAMPLE = backwards_note(
    "bias-of-one-sample",
    "This is what a single sample gives: the gradient is the sum over the samples.",
    "1 つのサンプルから計算した値だけになっています。勾配はすべてのサンプルについての和です。",
    "L20",
)
IN_ONE_NUMBER = backwards_note(
    "error-in-one-number",
    "This makes one number of ∂E/∂g of all samples and outputs; one for each has to go back.",
    "∂E/∂g をすべてのサンプルと出力について 1 つの数にまとめています。"
    "サンプルごと、出力ごとに別々の値を逆伝播させます。",
    "L15",
)
SOFTMAX_OF_ALL = backwards_note(
    "softmax-whole-batch",
    "Softmax is summed over the whole batch: it must be summed over the outputs of each sample.",
    "ソフトマックスの和をバッチ全体で取っています。サンプルごとに出力について取ります。",
    "L6",
)
OTHER_INPUT = backwards_note(
    "other-input",
    "The δ is multiplied by another value than the one that the matrix is multiplied by on the way "
    "forward.",
    "順伝播でこの行列に掛けた値とは別の値を δ に掛けています。",
    "L20",
)


def _without_gradient(judgement: Judgement, fault: Fault, _: Node) -> Cause | None:
    """A new value that is not made of the target at all: of zeros that were never replaced, say."""
    news = [p.new for p in judgement.world.params if p.name in fault.params and not p.gives]
    met = judgement.world.graph.dependents([y for _, y in judgement.choice.target.pairs])
    apart = news and met.isdisjoint(news)
    return Cause((WITHOUT_GRADIENT,)) if apart and not judgement.world.recording.stale else None


def _updated(judgement: Judgement, fault: Fault, node: Node) -> Cause | None:
    """With a parameter that was moved already, where the old one belongs."""
    parents = before(judgement, node)
    moved = {i: p for i in parents if (p := moved_param(judgement, i)) is not None}
    if not moved:
        return None
    known: Values = [
        {i: _like(judgement, i, state, p.old) for i, p in moved.items()}
        for state in judgement.world.at
    ]
    alone = is_something(judgement, fault, known)
    if not alone and not slope_with(judgement, fault, node, known):
        tried = Cause((), repair=known)  # as a derivative of g, by which E's is multiplied later
        if not (alone := any(without(judgement, tried, fault.params).values())):
            return None
    name = next(iter(moved.values())).name
    notes = (backwards_note(
        "updated-V",
        f"{name} is already updated here: all gradients must be taken before the update.",
        f"ここではすでに更新後の {name} を使っています。勾配はすべて更新の前の値で計算します。",
        "L26"),)  # fmt: skip
    return Cause(notes if alone else (*notes, SLOPE_MISSING), repair=known if alone else [])


def _like(
    judgement: Judgement, number: int, state: Mapping[int, np.ndarray], old: int
) -> np.ndarray:
    """A node's value, had it been made of the old parameter."""
    graph, nodes = judgement.world.graph, judgement.world.recording.nodes
    news = {p.new for p in judgement.world.params}
    if number in news:
        return state[old]
    if number in (parts := written(judgement)):
        return np.asarray(state[old][parts[number][1]])
    inner = graph.before[number][0]
    known = dict(state) | {inner: _like(judgement, inner, state, old)}
    return np.asarray(replay.applied(nodes[number], known, np))


def _value_of_error(judgement: Judgement, fault: Fault, node: Node) -> Cause | None:
    """The value of E where its derivative belongs."""
    if not any(judgement.is_error(i) for i in before(judgement, node)):
        return None
    return Cause((backwards_note(
        "error-for-derivative",
        "The value of E stands where its derivative ∂E/∂g belongs.",
        "E の微分 ∂E/∂g を使うところで、E の値そのものを使っています。", "L15"),))  # fmt: skip


def _summed(judgement: Judgement, fault: Fault, node: Node) -> Cause | None:
    """A bias gradient that is summed over the units, too."""
    if not _is_of_all(node):
        return None
    named = [n for i in before(judgement, node) if (n := judgement.names.of(i))]
    mine = judgement.names.value(fault.first).reshape(-1)
    for param in judgement.world.params:
        true = judgement.names.adjoints.get(param.old, np.zeros(1))
        whole = true.reshape(len(true), -1)
        if not named or param.name not in fault.params or whole.shape[1] < 2:
            continue
        near = 1e-9 * np.abs(whole).max()  # of a softmax, all units together may give 0
        sums = (np.allclose(mine, n.factor * whole.sum(1), atol=near) for n in named)
        if any(sums) or multiple(mine, whole.sum(1)) is not None:
            return Cause((SUMMED,))
    return None


def _of_softmax_of_all(judgement: Judgement, fault: Fault, node: Node) -> Cause | None:
    """g − y, where all outputs of all samples add up to 1: the mistake is in g."""
    if not is_of_softmax_of_all(judgement, fault.node):
        return None
    ((g, _y),) = judgement.choice.target.pairs
    return Cause((SOFTMAX_OF_ALL,), judgement.world.recording.nodes[g].span)


def is_of_softmax_of_all(judgement: Judgement, number: int) -> bool:
    """Whether a value is g − y, where all outputs of all samples add up to 1."""
    ((g, y), *more) = judgement.choice.target.pairs
    z, delta = judgement.names.value(g), judgement.names.value(number)
    if more or z.ndim != 3 or min(z.shape[1:]) < 2 or not np.allclose(z.sum((1, 2)), 1):
        return False
    off = off_target(judgement, g, y)
    return delta.shape == off.shape and multiple(delta, off) is not None


def _of_one_sample(judgement: Judgement, fault: Fault, node: Node) -> Cause | None:
    """A bias that follows what one sample gives."""
    nodes = judgement.world.recording.nodes
    olds = [p.old for p in judgement.world.params if p.name in fault.params]
    first = _earliest(
        judgement, node, lambda i: any(is_of_one_sample(judgement, i, old) for old in olds)
    )
    return Cause((OF_ONE_SAMPLE,), nodes[first].span) if first is not None else None


def _turned(judgement: Judgement, fault: Fault, node: Node) -> Cause | None:
    """A step by the transpose of the gradient of a square matrix."""
    nodes, adjoints = judgement.world.recording.nodes, judgement.names.adjoints
    for old in (p.old for p in judgement.world.params if p.name in fault.params):
        true = adjoints.get(old, np.zeros(1))
        first = _earliest(judgement, node, functools.partial(_is_turned, judgement, true))
        if first is not None:
            return Cause((TRANSPOSED,), nodes[first].span)
    return None


def _is_turned(judgement: Judgement, true: np.ndarray, number: int) -> bool:
    """Whether a value is the transpose of a gradient, and not that itself."""
    value = judgement.names.value(number)
    if value.shape != true.shape or true.ndim != 3 or value.dtype.kind != "f":
        return False
    return multiple(value, true) is None and multiple(value, true.mT) is not None


def _earliest(judgement: Judgement, node: Node, fits: Callable[[int], bool]) -> int | None:
    """The first value on the way to an operation, or its own, that is something throughout."""
    nodes, first, left = judgement.world.recording.nodes, None, [node.id, *before(judgement, node)]
    while (number := next(filter(fits, left), None)) is not None:
        first, left = number, before(judgement, nodes[number])
    return first


def is_of_one_sample(judgement: Judgement, number: int, root: int) -> bool:
    """Whether a value is one row of a derivative whose sum over all is the gradient of an array."""
    value, true = judgement.names.value(number), judgement.names.adjoints.get(root)
    if true is None or value.size != true.size or value.dtype.kind != "f" or not np.any(value):
        return False
    for delta in (a for a in judgement.names.adjoints.values() if a.ndim == 3 and min(a.shape) > 1):
        for axis in (1, 2):
            whole = delta.sum(axis)
            if whole.size == true.size and np.allclose(whole.ravel(), true.ravel()):
                rows = np.moveaxis(delta, axis, 0)
                return any(multiple(value, row) is not None for row in rows)
    return False


def _is_of_all(node: Node) -> bool:
    """Whether it is one number, a sum or a mean, as it may be of all entries."""
    return node.op in REDUCED and node.value.size == 1


def _in_one_number(judgement: Judgement, fault: Fault, node: Node) -> Cause | None:
    """One number for all that goes back to weights, and is no sum for a bias."""
    olds = [p.old for p in judgement.world.params if p.name in fault.params]
    back = any(multiplied(judgement.world.graph, old) for old in olds)
    return Cause((IN_ONE_NUMBER,)) if back and is_in_one_number(judgement, node) else None


def is_in_one_number(judgement: Judgement, node: Node) -> bool:
    """Whether it is a sum, or a mean, over all entries of ∂E/∂g or ∂E/∂a."""
    if not _is_of_all(node):
        return False
    inner = judgement.world.inner
    outputs = {i for g, _ in judgement.choice.target.pairs
               for i in (g, *inner(g, judgement.names.adjoints))}  # fmt: skip
    names = (judgement.names.of(i) for i in before(judgement, node)
             if judgement.world.recording.nodes[i].value.size > 1)  # fmt: skip
    return any(n and n.of in outputs for n in names)


def _added(judgement: Judgement, fault: Fault, _: Node) -> Cause | None:
    """A sum where the chain rule has a product."""
    graph, nodes = judgement.world.graph, judgement.world.recording.nodes
    news = [p.new for p in judgement.world.params if p.name in fault.params]
    outputs = [g for g, _ in judgement.choice.target.pairs]
    sums = [i for i in graph.ancestors(news) - graph.ancestors(outputs)
            if nodes[i].op == "add" and len(graph.before[i]) == 2]  # fmt: skip
    if len(sums) * len(nodes) > REPLAYED:
        return None
    for number in sorted(sums):
        one, other = graph.before[number]
        product: Values = [{number: state[one] * state[other]} for state in judgement.world.at]
        made = Cause((ADDED,), nodes[number].span, product)
        if repaired(judgement, made, fault.params):
            return made
    return None


def _other_input(judgement: Judgement, fault: Fault, node: Node) -> Cause | None:
    """A product of the right δ with another value than the matrix is fed with."""
    if node.op not in FACTORS or fault.first != fault.node or judgement.world.recording.stale:
        return None
    nodes, behind = judgement.world.recording.nodes, judgement.choice.target.backward
    others = [i for i in judgement.world.graph.before[node.id] if i not in behind]
    for param in (p for p in judgement.world.params if p.name in fault.params):
        for x in inputs(judgement, param.old).values():
            for other, turned in itertools.product(others, (False, True)):
                tried = [
                    {other: state[x].T if turned else state[x]} for state in judgement.world.at
                ]
                fits = nodes[other].value.ndim == nodes[x].value.ndim
                if fits and redone(judgement, fault, tried, [param.old]) is not None:
                    return Cause((OTHER_INPUT,), repair=tried)
    return None


def inputs(judgement: Judgement, root: int) -> dict[int, int]:
    """The products with a matrix in the forward pass, each with what it is multiplied by."""
    recording, graph = judgement.world.recording, judgement.world.graph
    shown = graph.through([root])
    products = {i for node in shown for i in graph.after[node] if recording.nodes[i].op in FACTORS}
    return {
        i: x for i in products - judgement.choice.target.backward
        for x in graph.before[i] if x not in shown
    }  # fmt: skip


CAUSES = (
    _without_gradient, _updated, _value_of_error, _of_softmax_of_all, _in_one_number, _summed,
    _of_one_sample, _turned, _added, slope_missing, another_derivative, slope_inside, other_slope,
    slope_value, slope_of_layer, slope_none, _other_input, another_matrix, weights_missing,
)  # fmt: skip
