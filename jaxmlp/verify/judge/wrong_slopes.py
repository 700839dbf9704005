"""Why an expression is wrong: f' is missing, is that of something else, or is taken elsewhere."""

from collections.abc import Iterator, Sequence

import numpy as np

from jaxmlp.verify.finding import Note
from jaxmlp.verify.judge.faults import Fault, leads_somewhere
from jaxmlp.verify.judge.judgement import Judgement
from jaxmlp.verify.judge.naming import multiple
from jaxmlp.verify.judge.otherwise import (
    Cause,
    Values,
    backwards_note,
    before,
    is_something,
    repaired,
)
from jaxmlp.verify.judge.slopes import close, is_of_other_layer, like_slope, own_slopes
from jaxmlp.verify.names import SLOPE_NAME
from jaxmlp.verify.run.graph import Graph
from jaxmlp.verify.run.outputs import as_target
from jaxmlp.verify.run.step import PASSING
from jaxmlp.verify.run.tape import Node, Span

SCALING_OPERATIONS = PASSING | {"multiply", "divide"}
OF_SLOPE = frozenset(("slope-plus", "slope-1-f", "f-for-slope"))  # mistakes in f' by itself
SLOPE_MISSING = backwards_note(
    "slope-missing",
    "The derivative of the activation is missing here: what is passed on is ∂E/∂f(u), where "
    "∂E/∂u = ∂E/∂f(u) ⊙ f'(u) belongs.",
    "活性化関数の微分が抜けています。∂E/∂u = ∂E/∂f(u) ⊙ f'(u) を伝えるべきところで、∂E/∂f(u) を"
    "そのまま使っています。",
    "L18",
)
MASK_MISSING = backwards_note(
    "mask-missing",
    "What the forward pass multiplies by here, such as the mask of dropout, is missing: the "
    "gradient has to be multiplied by the same.",
    "順伝播でここに掛けている値 (ドロップアウトのマスクなど) が抜けています。"
    "勾配にも同じ値を掛けます。",
)
SLOPE_TWICE = backwards_note(
    "slope-twice",
    "f' is applied twice: what it is multiplied with here already contains it.",
    "f' が 2 回掛かっています。ここで掛ける前の値にすでに含まれています。",
    "L18",
)
OUTPUT_SLOPE_EXTRA = backwards_note(
    "output-slope-extra",
    "g'(a) is a factor too many here: for this g and E it has cancelled, ∂E/∂a = g − y.",
    "余分な g'(a) が掛かっています。この g と E では打ち消し合い、∂E/∂a = g − y になります。",
    "L23",
)
SLOPE_OF_LAYER = backwards_note(
    "slope-of-layer",
    "This f' belongs to another layer: it is taken at the u of that one.",
    "別の層の u での f' を使っています。この層の u で計算します。",
    "L18",
)


WRONG_SLOPE = backwards_note(
    "slope-none",
    "What ∂E/∂f(u) is multiplied with here is made of u, and is not the derivative f'(u).",
    "∂E/∂f(u) に掛けている値は u から計算されていますが、微分 f'(u) ではありません。",
    "L18",
)


def slope_missing(judgement: Judgement, fault: Fault, node: Node) -> Cause | None:
    """Fed with ∂E/∂f(u), where ∂E/∂u belongs."""
    fed = slopes_with(judgement, fault, node, [{} for _ in judgement.world.at])
    repair = next((one for one in fed if not is_by_a_slope(judgement, node, one)), None)
    if repair is None:
        return None
    parent, *_ = repair[0]
    graph = judgement.world.graph
    feeds = [i for i in graph.after[parent] if i in judgement.choice.target.backward]
    never = not any(leads_somewhere(judgement, i) for i in feeds)
    *_, made = graph.way(parent, PASSING - {"np.copy"})
    span = judgement.world.recording.nodes[made].span if never else None
    return Cause((_missing(judgement, parent, np.asarray(repair[0][parent])),), span, repair)


def _missing(judgement: Judgement, parent: int, fed: np.ndarray) -> Note:
    """What is missing in a value that is ∂E/∂f(u): f', or the mask that f(u) is multiplied by."""
    name, adjoints = judgement.names.of(parent), judgement.names.adjoints
    inside = judgement.world.inner(name.of, adjoints) if name else ()
    scaled = (i for i in inside if is_scaled(judgement.world.graph, i, name.of))
    by_mask = any(np.allclose(name.factor * adjoints[i][0].ravel(), fed.ravel()) for i in scaled)
    return MASK_MISSING if by_mask else SLOPE_MISSING


def is_scaled(graph: Graph, inner: int, outer: int) -> bool:
    """Whether a value is another times an array that is not made of it, as dropout has it."""
    of_it = graph.dependents([inner])
    between = (of_it & graph.ancestors([outer])) - {inner}
    products = [i for i in between if graph.nodes[i].op == "multiply"]
    once = all(len(of_it.intersection(graph.before[i])) == 1 for i in products)
    arrays = any(graph.nodes[k].value.size > 1 for i in products
                 for k in graph.before[i] if k not in of_it)  # fmt: skip
    scaled = SCALING_OPERATIONS.issuperset(graph.nodes[i].op for i in between)
    return scaled and once and arrays


def is_by_a_slope(judgement: Judgement, node: Node, fed: Values) -> bool:
    """Whether what ∂E/∂f(u) is multiplied by is made of u and is to be f'(u) itself: fed with
    ∂E/∂u, it changes nothing."""
    parents = {*before(judgement, node)}
    return any(
        all(np.allclose(a * state[factor], a, rtol=1e-9, atol=1e-12)
            for state, values in zip(judgement.world.at, fed, strict=True)
            for i, a in values.items() if i in parents)
        for factor in _of_u(judgement, node)
    )  # fmt: skip


def _of_u(judgement: Judgement, node: Node) -> Iterator[int]:
    """What is made of u, where ∂E/∂f(u) is multiplied by it entry by entry, in place of f'(u)."""
    graph, taken = judgement.world.graph, judgement.choice.target.backward | judgement.forward
    names = filter(None, map(judgement.names.of, before(judgement, node)))
    u = {i for name in names for i in judgement.world.inner(name.of, judgement.names.adjoints)}
    factors = [i for i in graph.before[node.id] if i not in taken and node.op == "multiply"]
    yield from (i for i in factors if u & graph.ancestors([i]))


def slope_with(judgement: Judgement, fault: Fault, node: Node, known: Values) -> Values | None:
    """The first of `slopes_with`."""
    return next(slopes_with(judgement, fault, node, known), None)


def slopes_with(judgement: Judgement, fault: Fault, node: Node, known: Values) -> Iterator[Values]:
    """The values of the node that is fed, if with ∂E/∂u in place of its ∂E/∂f(u) all is right; of
    samples that are passed one by one, those of all of them."""
    for parent in before(judgement, node):
        for fed in _sloped(judgement, parent):
            tried = [{**values, parent: a} for values, a in zip(known, fed, strict=True)]
            if is_something(judgement, fault, tried):
                yield tried
        if (alike := _sloped_alike(judgement, fault, parent, known)) is not None:
            yield alike


def _sloped_alike(
    judgement: Judgement, fault: Fault, parent: int, known: Values
) -> Values | None:  # fmt: skip
    """∂E/∂u for all ∂E/∂f(u) that stand at one place, if this makes right what the fault spoils."""
    nodes = judgement.world.recording.nodes
    alike = [
        i for i in sorted(judgement.choice.target.backward) if nodes[i].span == nodes[parent].span
    ]
    each = zip(*(_sloped(judgement, i) for i in alike), strict=False)
    for fed in each if len(alike) > 1 else ():
        tried = [{**values, **{i: a[k] for i, a in zip(alike, fed, strict=True)}}
                 for k, values in enumerate(known)]  # fmt: skip
        if repaired(judgement, Cause((SLOPE_MISSING,), None, tried), fault.params):
            return tried
    return None


def _sloped(judgement: Judgement, parent: int) -> Iterator[np.ndarray]:
    """What ∂E/∂u is, in the shape of a node that is ∂E/∂f(u); of what f is computed by, as −u is,
    after that."""
    name, value = judgement.names.of(parent), judgement.names.value(parent)
    inside = judgement.world.inner(name.of, judgement.names.adjoints) if name else ()
    for inner in sorted(inside):
        true = judgement.names.adjoints[inner]
        if true.squeeze().shape == value.squeeze().shape:
            yield name.factor * true.reshape(value.shape)


def other_slope(judgement: Judgement, fault: Fault, node: Node) -> Cause | None:
    """A derivative that belongs to something else, or is taken at another place."""
    for outers, slope in _factors(judgement, fault, node):
        if _is_again(judgement, node):
            return Cause((SLOPE_TWICE,))
        if _is_extra(judgement, outers, slope):
            return Cause((OUTPUT_SLOPE_EXTRA,))
        like = (said for outer in outers for said in like_slope(judgement, outer, slope))
        for identity, en, ja in like:
            at = _of_function(judgement, node) if identity in OF_SLOPE else None
            return Cause((backwards_note(identity, en, ja, "L18"),), at)
    return None


def slope_of_layer(judgement: Judgement, fault: Fault, node: Node) -> Cause | None:
    """A derivative that belongs to the f(u) of another layer."""
    factors = _factors(judgement, fault, node)
    others = (is_of_other_layer(judgement, outers, slope) for outers, slope in factors)
    return Cause((SLOPE_OF_LAYER,)) if any(others) else None


def _factors(
    judgement: Judgement, fault: Fault, node: Node
) -> Iterator[tuple[list[int], np.ndarray]]:
    """What stands in place of f' beside each ∂E/∂f(u), with f(u), and 2 f(u) + 1 on the way to
    it."""
    value = judgement.names.value(fault.node)
    for parent in before(judgement, node):
        name = judgement.names.of(parent)
        if name is None or judgement.names.value(parent).shape != value.shape:
            continue
        if (true := judgement.names.adjoints[name.of]).shape == value.shape:  # else it is turned
            with np.errstate(all="ignore"):
                yield judgement.names.alike(name.of), value / (name.factor * true)


def _is_again(judgement: Judgement, node: Node) -> bool:
    """Whether ∂E/∂u is multiplied by f'(u), which is in it already."""
    graph, behind = judgement.world.graph, judgement.choice.target.backward
    factors = [i for i in graph.before[node.id] if i not in behind]
    last = [i for parent in before(judgement, node) for i in graph.before[parent]]
    values = [judgement.names.value(i) for i in factors]
    return any(np.array_equal(judgement.names.value(i), value)
               for i in last if i not in behind for value in values)  # fmt: skip


def _is_extra(judgement: Judgement, own: Sequence[int], slope: np.ndarray) -> bool:
    """Whether ∂E/∂a, where that is g − y, is multiplied by the slope of g, which has cancelled in
    it."""
    names, true = judgement.names, judgement.names.adjoints[own[0]]
    inside = lambda g: any(judgement.world.inner(g, names.adjoints))  # noqa: E731
    for g, y in judgement.choice.target.pairs:
        if g in own and inside(g):  # it is ∂E/∂g = g − y, and g has a slope
            continue
        z, off = names.value(g), off_target(judgement, g, y)
        cancelled = off.shape == true.shape and multiple(true, off) is not None
        if cancelled and any(close(slope, form) for form in (z * (1 - z), 1 - z**2)):
            return True
    return False


def off_target(judgement: Judgement, g: int, y: int) -> np.ndarray:
    """g − y, the states along the first axis."""
    at = judgement.names.at
    targets = [as_target(state[y], state[g]) for state in at]
    return np.stack([
        state[g] if t is None else state[g] - t for state, t in zip(at, targets, strict=True)
    ])  # fmt: skip


def _of_function(judgement: Judgement, node: Node) -> Span | None:
    """Where another function of the file gives a factor, and nothing of the forward pass."""
    nodes, behind = judgement.world.recording.nodes, judgement.choice.target.backward
    used = {nodes[i].span for i in judgement.forward}
    spans = (nodes[i].span for i in judgement.world.graph.before[node.id] if i not in behind)
    return next((span for span in spans if span.line and span.function != node.span.function
                 and span not in used), None)  # fmt: skip


def place_of(judgement: Judgement, fault: Fault) -> Span:
    """Where a mistake is: in the function that gives f' for several layers, it may be one."""
    node = judgement.world.recording.nodes[fault.first]
    return _of_function(judgement, node) or fault.span


def slope_value(judgement: Judgement, fault: Fault, node: Node) -> Cause | None:
    """What a function of the file gives for f', and is not: there the mistake is."""
    nodes, behind = judgement.world.recording.nodes, judgement.choice.target.backward
    for factor in (i for i in judgement.world.graph.before[node.id] if i not in behind):
        name = nodes[factor].span.function
        own = name != node.span.function and SLOPE_NAME.search(name.rpartition(".")[2])
        if own and (tried := _with_slope(judgement, fault, node, factor)):
            if _is_right_elsewhere(judgement, factor):
                return Cause((_slope_elsewhere(name),), None, tried)
            return Cause((_wrong_slope(name),), nodes[factor].span, tried)
    return None


def slope_none(judgement: Judgement, fault: Fault, node: Node) -> Cause | None:
    """What is made of u in place of f', and is none."""
    for factor in _of_u(judgement, node):
        if tried := _with_slope(judgement, fault, node, factor):
            return Cause((WRONG_SLOPE,), judgement.world.recording.nodes[factor].span, tried)
    return None


def _with_slope(judgement: Judgement, fault: Fault, node: Node, factor: int) -> Values | None:
    """f' in place of a factor, if all is right with it."""
    shape = judgement.world.recording.nodes[factor].value.shape
    for slope in _slopes_of(judgement, node):
        tried: Values = [{factor: value} for value in slope if value.shape == shape]
        if tried and is_something(judgement, fault, tried):
            return tried
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
        yield from map(np.nan_to_num, own_slopes(judgement, name.of))


def _wrong_slope(function: str) -> Note:
    return backwards_note(
        "slope-wrong",
        f"What {function} gives is not the derivative of the activation.",
        f"{function} の返す値は活性化関数の微分になっていません。", "L7")  # fmt: skip


def _slope_elsewhere(function: str) -> Note:
    return backwards_note(
        "slope-elsewhere",
        f"{function} gives another derivative than f'(u) here: of which value is it taken?",
        f"{function} の値はここでの f'(u) ではありません。どの値での微分ですか", "L7")  # fmt: skip
