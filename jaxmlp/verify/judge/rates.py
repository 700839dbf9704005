"""The numbers by which updates are multiplied or divided: step sizes, and counts of samples."""

import ast
import math
from collections import Counter
from collections.abc import Container, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from jaxmlp.verify.judge.naming import multiple
from jaxmlp.verify.judge.worlds import Param, World
from jaxmlp.verify.run.hooked import MANY_SAMPLES
from jaxmlp.verify.run.step import FACTORS, PASSING, SUMS
from jaxmlp.verify.run.tape import Node, Ref

RATE_TOLERANCE = 1e-6
# By whose results a number multiplies all: rate * x.T @ delta.
INSIDE = frozenset(("multiply", "divide", "negative", "np.sum", *PASSING, *FACTORS))


class Scalars(NamedTuple):
    """What an update has beside its gradient.

    Attributes:
        times: the numbers that it is multiplied by, and how often by each.
        over: those that it is divided by.
    """

    times: Counter[float]
    over: Counter[float]


def is_rate(world: World, new: int, others: Sequence[int], times: float) -> bool:
    """Whether a parameter has a step size of its own: its factor is so many times that of others
    since each is multiplied by another number.

    Args:
        new: the node of its new value; others: those of the others.
    """
    return any(near(times, a / b) for mine, theirs in _apart(world, new, others)
               for a in mine.times - theirs.times for b in theirs.times - mine.times)  # fmt: skip


def of_same_numbers(world: World, one: Param, other: Param, beside: int) -> bool:
    """Whether two updates are multiplied and divided by the same numbers, beside what both are made
    of, and what a node is made of."""
    mine = _numbers(world, one.new, [other.new, beside])
    return mine == _numbers(world, other.new, [one.new, beside])


def lacks_rate(world: World, new: int, others: Sequence[int], times: float) -> bool:
    """Whether the updates of all others are multiplied by a number, and this one by none, not even
    in what both are made of, and it is this that makes its factor so many times theirs."""
    if not others or _numbers(world, new, others).times:
        return False
    theirs = (_numbers(world, other, [new]).times for other in others)
    sizes = [{*numbers, math.prod(numbers.elements())} for numbers in theirs]
    own = _numbers(world, new, []).times
    return any(near(times, 1 / size) for size in set.intersection(*sizes) - {1.0, *own})


def has_more(world: World, new: int, others: Sequence[int], times: float) -> bool:
    """Whether an update is multiplied by the numbers of another and by more, and it is this that
    makes its factor: by the step size once again, or its gradient by 2 or ½."""
    return repeats_rate(world, new, others, times) or any(
        {*more} <= {2.0, 0.5} and near(times, math.prod(more.elements()))
        for more, _ in _more(world, new, others, before=True)
    )


def repeats_rate(world: World, new: int, others: Sequence[int], times: float) -> bool:
    """Whether it is so by the step size once again, which may be in what both are made of."""
    mine = _numbers(world, new, []).times
    theirs_in_all = [_numbers(world, other, []).times for other in others]
    again = (size for size in mine if near(times, size) and size != 1.0)
    if others and any(all(mine[size] > theirs[size] > 0 for theirs in theirs_in_all)
                      for size in again):  # fmt: skip
        return True
    return any(more.keys() <= theirs.keys() and near(times, math.prod(more.elements()))
               for more, theirs in _more(world, new, others))  # fmt: skip


def _more(
    world: World, new: int, others: Sequence[int], *, before: bool = False
) -> Iterator[tuple[Counter[float], Counter[float]]]:
    """(by what an update is multiplied beside all that another is, by what that is).

    Args:
        before: whether only what stands before the line of the update counts.
    """
    for mine, theirs in _apart(world, new, others, before=before):
        more = mine.times - theirs.times
        more.pop(1.0, None)
        if more and theirs.times <= mine.times and mine.over == theirs.over:
            yield more, theirs.times


def squares_rate(
    world: World, param: Param, factors: Mapping[str, float], products: Sequence[ast.BinOp]
) -> float | None:
    """How many times the factor of another parameter one has in whose update a name stands twice
    in a product, and in the other's once: eta * eta * dW. Of plain numbers the text alone shows it.
    """
    news = {p.name: p.new for p in world.params}
    lines = {name: world.recording.nodes[news[name]].span.line for name in factors}
    mine = _names_on(products, lines[param.name]) if not param.gives else []
    twice = {name for names in mine for name, count in names.items() if count > 1}
    for name, factor in factors.items() if twice else ():
        times = factors[param.name] / factor
        shared = twice.intersection(*_names_on(products, lines[name])[:1])
        rates = _numbers(world, news[name], [param.new]).times
        if shared and any(near(times, rate) for rate in rates):
            return times
    return None


def states_rate(
    world: World, param: Param, others: Sequence[Param], times: float, products: Sequence[ast.BinOp]
) -> bool:
    """Whether a parameter has a step size of its own, so many times that of another: each is a
    factor of its update, and the text shows it, since eta * 2 is one number when it is run."""
    nodes = world.recording.nodes
    spans = {p: nodes[p.new].span for p in (param, *others)}
    mine = _factors_on(products, spans[param].line)
    return any(
        _of_lines(world, param.new, other.new, times)
        and (spans[other] == spans[param]
             or _tell_apart(mine, _factors_on(products, spans[other].line)))
        for other in others
    )  # fmt: skip


def _of_lines(world: World, one: int, other: int, times: float) -> bool:
    """Whether it is the numbers on the lines of two updates that make one so many times another."""
    mine, theirs = (
        _numbers(world, new, [beside]).times - _numbers(world, new, [beside], before=True).times
        for new, beside in ((one, other), (other, one))
    )
    return any(near(times, a / b) for a in mine - theirs for b in theirs - mine)


def _tell_apart(mine: Counter[str], theirs: Counter[str]) -> bool:
    """Whether two products have a factor each for another of the other's: 0.02 * dW and 0.01 * dV,
    or eta[0] * dW and eta[1] * dV, but not 2 * eta * dW and eta * dV."""
    own = mine - theirs, theirs - mine
    each = {factor for some in own for factor in some}
    numbers = any(factor.startswith("Constant(") for factor in each)
    named = any(not factor.startswith("Constant(") for factor in mine & theirs)
    simple = not any(factor.startswith("BinOp(") and "op=MatMult()" not in factor
                     for factor in each)  # fmt: skip
    return simple and own[0].total() == own[1].total() > 1 and not (numbers and named)


def _factors_on(products: Sequence[ast.BinOp], line: int) -> Counter[str]:
    """The factors of the largest product on a line, as they are written, but for their signs."""
    written = (Counter(map(_unsigned, _factors(product))) for product in _on_line(products, line))
    return max(written, key=Counter.total, default=Counter())


def _unsigned(factor: ast.expr) -> str:
    return ast.dump(factor.operand if isinstance(factor, ast.UnaryOp) else factor)


def products_in(statements: Sequence[ast.stmt]) -> list[ast.BinOp]:
    """All products of a file, each with those that it is made of."""
    return [n for statement in statements for n in ast.walk(statement)
            if isinstance(n, ast.BinOp) and isinstance(n.op, ast.Mult)]  # fmt: skip


def _names_on(products: Sequence[ast.BinOp], line: int) -> list[Counter[str]]:
    """The names in the products on a line, with how often, the largest product first."""
    names = (Counter(factor.id for factor in _factors(product) if isinstance(factor, ast.Name))
             for product in _on_line(products, line))  # fmt: skip
    return sorted(names, key=lambda some: -some.total())


def _on_line(products: Sequence[ast.BinOp], line: int) -> Iterator[ast.BinOp]:
    return (n for n in products if n.lineno <= line <= (n.end_lineno or n.lineno))


def _factors(product: ast.BinOp) -> Iterator[ast.expr]:
    """What is multiplied, in products of products, too."""
    left: list[ast.expr] = [product.left, product.right]
    while left:
        factor = left.pop()
        if isinstance(factor, ast.BinOp) and isinstance(factor.op, ast.Mult):
            left += [factor.left, factor.right]
        else:
            yield factor


def made_again(world: World, param: Param) -> int:
    """How many times one update of a parameter, by one and the same amount, is made in a step."""
    nodes, graph = world.recording.nodes, world.graph
    new = nodes[param.new]
    alike = [i for i in graph.ancestors([param.new]) & graph.dependents([param.old])
             if (nodes[i].span, nodes[i].op) == (new.span, new.op)]  # fmt: skip
    once = np.stack([state[param.old] - state[min(alike, default=param.new)] for state in world.at])
    whole = world.change(param)
    times = multiple(whole, once) if once.shape == whole.shape else None
    return len(alike) if times is not None and near(times, float(len(alike))) else 1


def counts_otherwise(world: World, new: int, others: Sequence[int], times: float) -> bool:
    """Whether a gradient is divided by another whole number than that of another is, or by none
    before its update where that is a size of the data, and it is this that makes its factor; of
    stand-ins there are as many as there happen to be."""
    least = MANY_SAMPLES if world.recording.guessed else 1
    is_count = lambda number: number > least and number == round(number)  # noqa: E731
    both = ((a, b) for own, other in _divisors(world, new, others)
            for a in own for b in other if is_count(min(a, b)))  # fmt: skip
    one = ((math.prod(own.elements()), math.prod(other.elements()))
           for own, other in _divisors(world, new, others, before=True)
           if not (own and other))  # fmt: skip
    nodes, roots = world.recording.nodes, world.roots
    data = [n.value for n in nodes.values() if n.op == "leaf" and n.id not in roots]
    sizes = {float(size) for value in data for size in value.shape}
    one = ((a, b) for a, b in one if max(a, b) in sizes)
    return any(near(times, b / a) and is_count(max(a, b)) for a, b in (*both, *one))


def _divisors(
    world: World, new: int, others: Sequence[int], *, before: bool = False
) -> Iterator[tuple[Counter[float], Counter[float]]]:
    """What a parameter's gradient alone is divided by, and that of each other alone."""
    return ((mine.over - theirs.over, theirs.over - mine.over)
            for mine, theirs in _apart(world, new, others, before=before))  # fmt: skip


def _apart(
    world: World, new: int, others: Sequence[int], *, before: bool = False
) -> Iterator[tuple[Scalars, Scalars]]:
    """A parameter's numbers beside those of each other, without what both are made of."""
    return ((_numbers(world, new, [i], before=before), _numbers(world, i, [new], before=before))
            for i in others)  # fmt: skip


def _numbers(
    world: World, new: int, others: Sequence[int], *, before: bool = False
) -> Scalars:  # fmt: skip
    """Those on the way to a parameter's new value, and not on that to others'."""
    graph, nodes = world.graph, world.recording.nodes
    both = graph.ancestors([new]) & graph.ancestors(others)
    scalars, left = Scalars(Counter(), Counter()), [(new, INSIDE | SUMS)]
    while left:
        number, through = left.pop()
        op, args = nodes[number].op, nodes[number].args
        counts = not (before and nodes[number].span.line == nodes[new].span.line)
        if op == "multiply" and counts:
            at_end = nodes[number].span.line == nodes[new].span.line
            some = args if at_end else [a for a in args if isinstance(a, Ref) or not _is_one(a)]
            scalars.times.update(_sizes(nodes, some, both))
        elif op == "divide" and counts:
            scalars.over.update(_sizes(nodes, args[1:], both))
        if op in through:
            by = through if op in SUMS else INSIDE
            left += [(operand, by) for operand in graph.before[number] if operand not in both]
    return scalars


def _sizes(nodes: Mapping[int, Node], args: Sequence[Any], both: Container[int]) -> list[float]:
    """The arguments that are numbers other than 0, and no products that are looked into.

    Args:
        both: what is not looked into, since another parameter is made of it, too.
    """
    whole = (a for a in args if not isinstance(a, Ref) or a.id in both
             or nodes[a.id].op not in INSIDE)  # fmt: skip
    values = (nodes[a.id].value if isinstance(a, Ref) else a for a in whole)
    sizes = (abs(float(np.squeeze(value))) for value in values if np.size(value) == 1)
    return [size for size in sizes if size]


def _is_one(number: Any) -> bool:
    """Whether it is a plain 1, as in 1 * delta: no step size."""
    return type(number) is int and number == 1


def near(one: float, other: float) -> bool:
    """Whether they are the same but for rounding."""
    return abs(one - other) <= RATE_TOLERANCE * abs(other)
