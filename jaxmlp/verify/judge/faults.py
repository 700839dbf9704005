"""Where a backward pass goes wrong: the first value that is nothing, though what it is made of is.

A value is something if it is a derivative of E by a value of the forward pass, or if all that comes
of it is. What is nothing is made of named values somewhere: there the mistake is.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

from jaxmlp.verify.finding import Note
from jaxmlp.verify.judge.judgement import Judgement
from jaxmlp.verify.judge.worlds import Param
from jaxmlp.verify.run.tape import Node, Ref, Span

ENTRYWISE = frozenset((
    "multiply", "add", "subtract", "divide", "true_divide", "negative", "power", "square",
    "positive", "where", "np.where", "maximum", "minimum", "exp", "log", "tanh", "sqrt",
    "reciprocal",
))  # fmt: skip


@dataclass(frozen=True)
class Fault:
    """One mistake.

    Attributes:
        first: the first node that is nothing.
        node: the whole of its expression.
        span: the wrong expression.
        params: the parameters that it spoils.
    """

    first: int
    node: int
    span: Span
    params: tuple[str, ...]


class StepMistake(NamedTuple):
    """A mistake of a step.

    Attributes:
        params: the names of those that it spoils; it is told of the first.
        notes: its diagnosis.
        span: where it is.
    """

    params: tuple[str, ...]
    notes: tuple[Note, ...]
    span: Span


def faults(judgement: Judgement) -> list[Fault]:
    """The mistakes of a step, in the order of the program; of one expression there is one."""
    spoiled: dict[int, list[str]] = {}
    for param in judgement.world.params:
        if judgement.right.get(param.name) is False:
            for number in _firsts(judgement, param):
                spoiled.setdefault(number, []).append(param.name)
    made: dict[tuple, Fault] = {}
    for number, params in sorted(spoiled.items()):
        whole = _whole(judgement, number)
        span = judgement.world.recording.nodes[whole].span
        old = made.get(span[:4])
        names = tuple(dict.fromkeys((*(old.params if old else ()), *params)))
        made[span[:4]] = Fault(
            old.first if old else number, old.node if old else whole, span, names
        )
    return list(made.values())


def backward(judgement: Judgement, param: Param) -> set[int]:
    """What a parameter's new value is computed from, of what depends on the target."""
    leading = judgement.world.graph.ancestors([param.new])
    return leading & judgement.choice.target.backward


def _firsts(judgement: Judgement, param: Param) -> list[int]:
    """Nothing that leads to the new value by way of nothing, and begins there."""
    graph, inside = judgement.world.graph, backward(judgement, param)
    targets = judgement.choice.target.nodes
    bad: set[int] = set()
    for number in sorted(inside, reverse=True):
        leads = number == param.new or any(i in bad for i in graph.after[number])
        if leads and number not in targets and not known(judgement, number):
            bad.add(number)
    return [i for i in bad if not any(b in bad for b in graph.before[i])]


def known(judgement: Judgement, number: int) -> bool:
    """Whether a value is a derivative of E, or E itself, or a parameter that was moved rightly."""
    if judgement.names.of(number) is not None:
        return True
    moved = moved_param(judgement, number)
    if moved is not None:
        return judgement.right.get(moved.name, False)
    return judgement.is_error(number) or judgement.names.is_row(number)


def moved_param(judgement: Judgement, number: int) -> Param | None:
    """The parameter whose new value a node is, or part of it, turned or cut as it may be."""
    graph = judgement.world.graph
    news = {p.new: p for p in judgement.world.params if not p.gives}
    news = {i: p for i, (p, _) in written(judgement).items()} | news
    return news.get(graph.root(number, news))


def written(judgement: Judgement) -> dict[int, tuple[Param, Any]]:
    """What was written to a parameter part by part, and where: a step that is made by entries."""
    nodes = judgement.world.recording.nodes
    parts: dict[int, tuple[Param, Any]] = {}
    for param in (p for p in judgement.world.params if not p.gives):
        number = param.new
        while number in nodes and nodes[number].op == "setitem":
            array, index, value = nodes[number].args
            if isinstance(value, Ref):
                parts.setdefault(value.id, (param, index))
            number = array.id
    return parts


def leads_somewhere(judgement: Judgement, number: int) -> bool:
    """Whether a value is something, or comes to be part of something."""
    if known(judgement, number):
        return True
    after = [
        i for i in judgement.world.graph.after[number] if i in judgement.choice.target.backward
    ]
    return any(leads_somewhere(judgement, i) for i in after)


def slope_apart(judgement: Judgement, fault: Fault) -> Span | None:
    """Where the factor of a ∂E/∂f(u) is computed, if that is on a line of its own: it is this that
    is wrong, unless it is right of another layer."""
    world, names, behind = judgement.world, judgement.names, judgement.choice.target.backward
    nodes, graph, node = world.recording.nodes, world.graph, world.recording.nodes[fault.first]
    factors = [i for i in graph.before[node.id] if i not in behind]
    parents = [name for i in graph.before[node.id] if i in behind and (name := names.of(i))]
    if node.op != "multiply" or len(factors) != 1 or len(parents) != 1:
        return None
    (factor,), (of, _) = factors, parents[0]
    there, here = nodes[factor].span, node.span
    apart = there.line not in (0, here.line) and there.function == here.function
    of_f = any(nodes[i].value.shape == node.value.shape for i in world.inner(of, names.adjoints))
    right = any(known(judgement, i) for i in graph.after[factor] if i != node.id)
    return there if apart and factor not in judgement.forward and of_f and not right else None


def _whole(judgement: Judgement, number: int) -> int:
    """The node of the whole expression, entry by entry, that a first wrong value stands in."""
    nodes, graph = judgement.world.recording.nodes, judgement.world.graph
    news = {p.new for p in judgement.world.params}
    while True:
        wider = [
            i for i in graph.after[number]
            if i in judgement.choice.target.backward and _inside(nodes[number], nodes[i])
            and i not in news
        ]  # fmt: skip
        if nodes[number].op not in ENTRYWISE or len(wider) != 1:
            return number
        (number,) = wider


def _inside(node: Node, wider: Node) -> bool:
    """Whether one expression is part of another, of the same shape, and is worked on by entries."""
    begin, end = (node.span.line, node.span.column), (node.span.end_line, node.span.end_column)
    outer = (wider.span.line, wider.span.column), (wider.span.end_line, wider.span.end_column)
    entries = wider.op in ENTRYWISE and wider.value.shape == node.value.shape
    return entries and outer[0] <= begin and end <= outer[1] and (begin, end) != outer
