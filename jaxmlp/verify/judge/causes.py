"""Why an expression is wrong: what would make its value a derivative of E.

Each cause is a change of the operation, or of what it is fed; it is the cause if with it the value
is ∂E/∂(something) exactly, at all states. None of them knows a network, or a name.
"""

import itertools
from collections.abc import Iterator, Mapping

import numpy as np

from jaxmlp.verify.finding import Note
from jaxmlp.verify.judge.exchanged import another_derivative, another_matrix, slope_inside
from jaxmlp.verify.judge.faults import Fault, leads_somewhere, moved_param, written
from jaxmlp.verify.judge.judgement import Judgement
from jaxmlp.verify.judge.naming import multiple
from jaxmlp.verify.judge.otherwise import (
    Cause,
    Values,
    before,
    is_something,
    note,
    redone,
    repaired,
)
from jaxmlp.verify.judge.slopes import is_of_other_layer, like_slope
from jaxmlp.verify.judge.still import WITHOUT_GRADIENT
from jaxmlp.verify.names import SLOPE
from jaxmlp.verify.run.network import multiplied
from jaxmlp.verify.run.step import FACTORS
from jaxmlp.verify.run.tape import Node, Span
from jaxmlp.verify.truth import replay

OF_SLOPE = frozenset(("slope-plus", "slope-1-f", "f-for-slope"))  # mistakes in f' by itself
REPLAYED = 20_000  # operations, at most, that are computed anew to try a cause
WHOLE = frozenset(("np.sum", "add.reduce", "np.mean", "np.average"))  # of all entries, as it may be


def cause(judgement: Judgement, fault: Fault) -> Cause | None:
    """The cause of a fault; None if it is none of the known ones."""
    node = judgement.world.recording.nodes[fault.first]
    for look in LOOKS:
        if (made := look(judgement, fault, node)) is not None:
            return made
    return None


SLOPE_MISSING = note(
    "slope-missing",
    "The derivative of the activation is missing here: what is passed on is ∂E/∂f(u), where "
    "∂E/∂u = ∂E/∂f(u) ⊙ f'(u) belongs.",
    "活性化関数の微分が抜けています。∂E/∂u = ∂E/∂f(u) ⊙ f'(u) を伝えるべきところで、∂E/∂f(u) を"
    "そのまま使っています。",
    "L18",
)
ADDED = note(
    "added-for-multiplied",
    "This adds what has to be multiplied: by the chain rule, the derivative of f(g(x)) is a "
    "product.",
    "掛けるべきところで足しています。連鎖律により、合成関数 f(g(x)) の微分は積になります。",
    "L18",
)
SUMMED = note(
    "bias-summed-over-units",
    "This sums over the units as well as over the samples, so that all units get one number: "
    "each has a gradient of its own (sum over the samples alone).",
    "サンプルについてだけでなくユニットについても和を取っているので、すべてのユニットが同じ値になります。"
    "勾配はユニットごとに異なります (サンプルについてだけ和を取ります)。",
    "L20",
)


SLOPE_TWICE = note(
    "slope-twice",
    "f' is applied twice: it is in what is multiplied by it here already.",
    "f' が 2 回掛かっています。ここで掛ける前の値にすでに含まれています。",
    "L18",
)
SLOPE_OF_LAYER = note(
    "slope-of-layer",
    "This f' belongs to another layer: it is taken at the u of that one.",
    "別の層の u での f' を使っています。この層の u で計算します。",
    "L18",
)
OF_ONE_SAMPLE = note(
    "bias-of-one-sample",
    "This is what a single sample gives: the gradient is the sum over the samples.",
    "1 つのサンプルの分だけです。勾配はすべてのサンプルについての和です。",
    "L20",
)
IN_ONE_NUMBER = note(
    "error-in-one-number",
    "This makes one number of ∂E/∂g of all samples and outputs; one for each has to go back.",
    "∂E/∂g をすべてのサンプルと出力について 1 つの数にまとめています。"
    "サンプルごと、出力ごとに別々の値を逆伝播させます。",
    "L15",
)
OTHER_INPUT = note(
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
    if not is_something(judgement, fault, known) and not _slope_with(judgement, fault, node, known):
        return None
    name = next(iter(moved.values())).name
    notes = (note(
        "updated-V",
        f"{name} is already updated here: all gradients must be taken before the update.",
        f"ここではすでに更新後の {name} を使っています。勾配はすべて更新の前の値で計算します。",
        "L26"),)  # fmt: skip
    alone = is_something(judgement, fault, known)
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
    return Cause((note(
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


def _of_one_sample(judgement: Judgement, fault: Fault, node: Node) -> Cause | None:
    """A bias that follows what one sample gives."""
    nodes = judgement.world.recording.nodes
    olds = [p.old for p in judgement.world.params if p.name in fault.params]
    is_row = lambda i: any(is_of_one_sample(judgement, i, old) for old in olds)  # noqa: E731
    first, left = None, [node.id]
    while left := [i for number in left for i in before(judgement, nodes[number]) if is_row(i)]:
        first = left[0]
    return Cause((OF_ONE_SAMPLE,), nodes[first].span) if first is not None else None


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
    return node.op in WHOLE and node.value.size == 1


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


def _slope_missing(judgement: Judgement, fault: Fault, node: Node) -> Cause | None:
    """Fed with ∂E/∂f(u), where ∂E/∂u belongs."""
    repair = _slope_with(judgement, fault, node, [{} for _ in judgement.world.at])
    if repair is None:
        return None
    (parent,) = repair[0]
    graph = judgement.world.graph
    feeds = [i for i in graph.after[parent] if i in judgement.choice.target.backward]
    never = not any(leads_somewhere(judgement, i) for i in feeds)
    span = judgement.world.recording.nodes[parent].span if never else None
    return Cause((SLOPE_MISSING,), span, repair)


def _slope_with(judgement: Judgement, fault: Fault, node: Node, known: Values) -> Values | None:
    """The values of the node that is fed, if with ∂E/∂u in place of its ∂E/∂f(u) all is right."""
    for parent in before(judgement, node):
        name = judgement.names.of(parent)
        if name is None:
            continue
        for inner in judgement.world.inner(name.of, judgement.names.adjoints):
            true = judgement.names.adjoints[inner]
            value = judgement.names.value(parent)
            if true.squeeze().shape != value.squeeze().shape:
                continue
            fed = name.factor * true.reshape(value.shape)
            tried = [{**values, parent: a} for values, a in zip(known, fed, strict=True)]
            if is_something(judgement, fault, tried):
                return tried
    return None


def _other_slope(judgement: Judgement, fault: Fault, node: Node) -> Cause | None:
    """A derivative that belongs to something else, or is taken at another place."""
    value = judgement.names.value(fault.node)
    for parent in before(judgement, node):
        name = judgement.names.of(parent)
        if name is None or judgement.names.value(parent).shape != value.shape:
            continue
        if (true := judgement.names.adjoints[name.of]).shape != value.shape:
            continue  # turned
        with np.errstate(all="ignore"):
            slope = value / (name.factor * true)
        if _is_again(judgement, node):
            return Cause((SLOPE_TWICE,))
        outers = judgement.names.alike(name.of)  # f(u), and 2 f(u) + 1 on the way to it
        like = (said for outer in outers for said in like_slope(judgement, outer, slope))
        for identity, en, ja in like:
            at = _of_function(judgement, node) if identity in OF_SLOPE else None
            return Cause((note(identity, en, ja, "L18"),), at)
        if is_of_other_layer(judgement, outers, slope):
            return Cause((SLOPE_OF_LAYER,))
    return None


def _is_again(judgement: Judgement, node: Node) -> bool:
    """Whether ∂E/∂u is multiplied by f'(u), which is in it already."""
    graph, behind = judgement.world.graph, judgement.choice.target.backward
    factors = [i for i in graph.before[node.id] if i not in behind]
    last = [i for parent in before(judgement, node) for i in graph.before[parent]]
    values = [judgement.names.value(i) for i in factors]
    return any(np.array_equal(judgement.names.value(i), value)
               for i in last if i not in behind for value in values)  # fmt: skip


def _of_function(judgement: Judgement, node: Node) -> Span | None:
    """Where another function of the file gives a factor, and nothing of the forward pass."""
    nodes, behind = judgement.world.recording.nodes, judgement.choice.target.backward
    used = {nodes[i].span for i in judgement.forward}
    spans = (nodes[i].span for i in judgement.world.graph.before[node.id] if i not in behind)
    return next((span for span in spans if span.line and span.function != node.span.function
                 and span not in used), None)  # fmt: skip


def _slope_value(judgement: Judgement, fault: Fault, node: Node) -> Cause | None:
    """What a function of the file gives for f', and is not: there the mistake is."""
    nodes, behind = judgement.world.recording.nodes, judgement.choice.target.backward
    for factor in (i for i in judgement.world.graph.before[node.id] if i not in behind):
        name = nodes[factor].span.function
        own = name != node.span.function and SLOPE.search(name.rpartition(".")[2])
        for slope in _slopes_of(judgement, node) if own else ():
            tried = [{factor: value} for value in slope if value.shape == nodes[factor].value.shape]
            if tried and is_something(judgement, fault, tried):
                if _is_right_elsewhere(judgement, factor):
                    return Cause((_slope_elsewhere(name),), None, tried)
                return Cause((_wrong_slope(name),), nodes[factor].span, tried)
    return None


def _is_right_elsewhere(judgement: Judgement, factor: int) -> bool:
    """Whether the same expression gives a factor of a right derivative at another call."""
    nodes, after = judgement.world.recording.nodes, judgement.world.graph.after
    others = (i for i, n in nodes.items() if n.span == nodes[factor].span and i != factor)
    return any(judgement.names.of(product) for i in others for product in after[i]
               if product in judgement.choice.target.backward)  # fmt: skip


def _slopes_of(judgement: Judgement, node: Node) -> Iterator[np.ndarray]:
    """What f' may be, where a ∂E/∂f(u) is multiplied."""
    for name in filter(None, map(judgement.names.of, before(judgement, node))):
        outer = judgement.names.adjoints[name.of]
        for inner in judgement.world.inner(name.of, judgement.names.adjoints):
            with np.errstate(all="ignore"):
                yield np.nan_to_num(judgement.names.adjoints[inner] / outer)


def _wrong_slope(function: str) -> Note:
    return note(
        "slope-wrong",
        f"What {function} gives is not the derivative of the activation.",
        f"{function} の返す値は活性化関数の微分になっていません。", "L7")  # fmt: skip


def _slope_elsewhere(function: str) -> Note:
    return note(
        "slope-elsewhere",
        f"{function} gives another derivative than f'(u) here: of which value is it taken?",
        f"{function} の値はここでの f'(u) ではありません。どの値での微分ですか", "L7")  # fmt: skip


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


LOOKS = (
    _without_gradient, _updated, _value_of_error, _summed, _of_one_sample, _in_one_number, _added,
    _slope_missing, another_derivative, slope_inside, _other_slope, _slope_value, _other_input,
    another_matrix,
)  # fmt: skip
