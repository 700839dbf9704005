"""The shapes that stand-ins get from what they are used with."""

import itertools
import re
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from jaxmlp.verify import names
from jaxmlp.verify.names import ROLE
from jaxmlp.verify.run.arrays import Recorded
from jaxmlp.verify.run.encoding import is_open, plain
from jaxmlp.verify.run.oracle import SAMPLES, Oracle, Shape
from jaxmlp.verify.run.tape import Ref, current

AFFINE = frozenset(("matmul", "dot", "np.dot", "np.matmul", "np.einsum", "add"))
LOOKBACK = 50  # operations that are looked back over
COMPARE = frozenset(["greater", "less", "greater_equal", "less_equal", "equal", "not_equal"])
SCALAR_NAME = re.compile(r"lr|eta|(\w+_?)?rate|step(_?size)?|momentum", re.IGNORECASE)
WINDOW = 2
CLIPPING = frozenset(["maximum", "minimum"])


def _shape_of(value: Any) -> Shape:
    return np.shape(value.known() if hasattr(value, "stands_for") else value)


def product(pair: list, oracle: Oracle) -> None:
    """Decide the shapes of the factors of a matrix product."""
    left, right = pair[:2]
    if is_open(left) and left.loaded and not is_open(right) and _shape_of(right):
        inner = _shape_of(right)[-2 if len(_shape_of(right)) > 1 else 0]
        _loaded_factor(left, right, oracle, inner, lambda rows: (rows, inner))
    if is_open(right) and right.loaded and not is_open(left) and _shape_of(left):
        inner = _shape_of(left)[-1]
        _loaded_factor(right, left, oracle, inner, lambda columns: (inner, columns))
    if is_open(left) and is_open(right):
        inner, other = oracle.fresh(), oracle.fresh(1)
        rows = other if left._flip is not None else SAMPLES
        tables = [(size, inner) for size in (rows, *oracle.own, other)]
        left.become(oracle.choose([tables[0], (inner,), *tables[1:]]))
    if is_open(left):
        _factor(left, right, oracle, -1)
    elif is_open(right):
        _factor(right, left, oracle, 0)


def _loaded_factor(
    mine: Any, other: Any, oracle: Oracle, inner: int, shape: Callable[[int], Shape]
) -> None:
    """Decide the shape of a factor out of a file: beside data it is weights, else it is the data,
    or one of its samples.

    Args:
        inner: the size that both factors have.
        shape: with so many units, or samples.
    """
    if not _is_of_data(other, oracle):
        single = mine._row is not None and isinstance(mine._row[1], int)
        mine.become((inner,) if single else shape(oracle.rows))
        return
    mine.loaded = False
    mine.become(oracle.choose([shape(n) for n in dict.fromkeys((oracle.fresh(), *oracle.own))]))


def _is_of_data(value: Any, oracle: Oracle) -> bool:
    """Whether a value is computed from what was loaded."""
    if not isinstance(value, Recorded):
        return False
    loaded = {current().node_of(one) for one in oracle.loads}
    return any(one in loaded for one in _behind(value))


def _behind(value: Recorded) -> Iterator[int]:
    """The nodes that a value is made of, itself among them."""
    nodes, left = current().nodes, [current().node_of(value)]
    seen: set[int] = set()
    while left:
        node = left.pop()
        if node not in seen:
            seen.add(node)
            yield node
            left += [a.id for a in nodes[node].args if isinstance(a, Ref)] if node in nodes else []


def _factor(mine: Any, other: Any, oracle: Oracle, inner_axis: int) -> None:
    """Decide the shape of one factor beside the other.

    Args:
        inner_axis: which of its axes is summed over: -1 of the left one, 0 of the right one.
    """
    shape = _shape_of(other)
    if not shape:
        mine.as_array() if inner_axis == 0 else mine.become(())
        return
    inner = shape[0] if len(shape) == 1 else shape[-2 if inner_axis else -1]
    of_one = oracle.used() if len(shape) == 1 else ()  # a sample, with targets beside it
    sizes = dict.fromkeys((*_counts(other, oracle), *oracle.own, *of_one, 1, inner))
    first, *rest = [(size, inner) if inner_axis else (inner, size) for size in sizes]
    fits = lambda like: like[inner_axis] == inner  # noqa: E731
    mine.become(oracle.choose(_likely(mine, [first, (inner,), *rest], fits)))


def _likely(mine: Any, options: list[Shape], fits: Callable[[Shape], bool]) -> list[Shape]:
    """The options, that first which has the shape of the output that it is the derivative by."""
    like = mine.like if mine._flip is None else mine._flip.like and mine._flip.like[::-1]
    return [like, *options] if like and like not in options[:1] and fits(like) else options


def _counts(other: Any, oracle: Oracle) -> tuple[int, ...]:
    """How many rows a factor may have: units next to what is computed, or to samples, samples next
    to weights."""
    units, samples = oracle.fresh(), SAMPLES
    beside = is_computed(other) or samples in _shape_of(other)
    return (units, samples) if beside else (samples, units)


def is_computed(value: Any) -> bool:
    """Whether a product of matrices has led to a value, so that it is none of the parameters."""
    if not isinstance(value, Recorded):
        return hasattr(value, "stands_for")
    nodes = current().nodes
    made_of = itertools.islice((node for node in _behind(value) if node in nodes), LOOKBACK)
    return any(nodes[node].op in AFFINE - {"add"} for node in made_of)


def decide_elementwise(name: str, pair: list, oracle: Oracle) -> None:
    """Decide the shapes of what is added, multiplied or compared entry by entry."""
    for operand in pair:
        if is_open(operand) and SCALAR_NAME.fullmatch(operand.stands_for):
            operand.become(oracle.choose([()]))
    undecided = [operand for operand in pair if is_open(operand)]
    if len(undecided) == 2:
        _two_open(name, undecided, pair, oracle)
    elif len(pair) == 1 and undecided:
        pair[0].as_array()
    elif undecided:
        _beside(name, undecided[0], pair, oracle)


def _two_open(name: str, undecided: list, pair: list, oracle: Oracle) -> None:
    """Decide one of two, and then the other beside it."""
    first, second = undecided
    flipped = any(getattr(operand, "_flip", None) is not None for operand in pair)
    if all(operand.setting for operand in pair) and oracle.choose((True, False)):
        first.as_integer()
    elif name in ("multiply", "divide") and not flipped:
        first.become(oracle.choose([(), (SAMPLES, oracle.fresh())]))
    else:
        first.as_array()
    if is_open(second) and isinstance(first.known(), int):
        second.as_integer()
    elif is_open(second):
        decide_elementwise(name, pair, oracle)


def _beside(name: str, mine: Any, pair: list, oracle: Oracle) -> None:
    """Decide what stands beside something that is known."""
    other = pair[1] if pair[0] is mine else pair[0]
    other = other.known() if hasattr(other, "stands_for") else other
    shape = np.shape(other)
    if not shape:
        second = pair[-1] is mine
        output = _probabilities() if name == "subtract" and second and other == 1 else None
        if output is not None and oracle.choose((True, False)):  # 1 − y
            mine.become(output.shape, output)
        else:
            part = WINDOW if second and name == "subtract" and mine.setting else 0
            _beside_number(name, mine, other, oracle, divides=second and name == "divide",
                           part=part)  # fmt: skip
        return
    kind = f"bias of {len(shape)}" if name == "add" and _op(other) in AFFINE else ""
    options = _beside_array(name, other, shape, bias=bool(kind))
    if mine.setting and len(shape) > 1 and name == "multiply":
        options = [shape[-1:], *options]  # an object has a factor for each unit
    fits = lambda like: like[-len(shape) :] == shape or like == shape  # noqa: E731
    mine.become(oracle.choose(_likely(mine, options, fits), kind), _compared(other))


def _probabilities() -> np.ndarray | None:
    """The last array that was computed and is of numbers between 0 and 1, as an output is."""
    for node in reversed(current().nodes.values()):
        value = node.value
        if node.op != "leaf" and value.ndim and value.dtype.kind == "f" and value.size > 1:
            return value if ((value > 0) & (value < 1)).all() else None
    return None


def _compared(other: Any) -> np.ndarray:
    """The array that a stand-in next to another may be a target for: g in y log g."""
    if isinstance(other, Recorded):
        node = current().nodes[current().node_of(other)]
        if node.op == "log" and isinstance(node.args[0], Ref):
            return current().nodes[node.args[0].id].value
    return np.asarray(plain(other))


def _beside_number(
    name: str, mine: Any, other: Any, oracle: Oracle, *, divides: bool, part: int
) -> None:
    """A size, a rate or an array, next to a number; a setting that divides is a size.

    Args:
        part: of a larger size, such as the side of a window that is moved over an image; 0 for any.
    """
    table = mine.loaded and "['" not in mine.stands_for  # no setting of a file
    if table or mine._flip is not None or name in COMPARE | CLIPPING:
        mine.as_array()
        return
    kind = oracle.choose(
        ("integer", "array", "number")
        if isinstance(other, int | np.integer) or (divides and mine.setting)
        else ("number", "array")
    )
    if kind == "integer" and part and mine.known() is None:
        mine.value = part
    elif kind == "integer":
        mine.as_integer()
    elif kind == "array":
        mine.as_array()
    else:
        mine.become(())


def _beside_array(name: str, other: Any, shape: Shape, *, bias: bool) -> list[Shape]:
    """The shapes that would do next to an array, the likeliest first."""
    along_last = [shape[-1:]] if len(shape) > 1 else []
    along_first = [(shape[0], 1), (1, shape[-1])] if len(shape) == 2 else []
    if name in ("multiply", "divide", "power"):
        if _op(other) == "log":  # in y log g
            return [shape, *along_last, *along_first, ()]
        samples = [(SAMPLES, *shape)] if len(shape) == 1 else []
        return [(), shape, *along_last, *along_first, *samples]
    if bias:
        return [*along_last, *along_first, shape] if len(shape) > 1 else [shape]
    if name in COMPARE:
        return [(), shape]
    return [shape, *along_last, *along_first, ()]


def _op(array: Any) -> str:
    """The operation that gave an array."""
    if not isinstance(array, Recorded):
        return ""
    node = current().nodes[current().node_of(array)]
    while node.op in ("take", "getitem", "np.transpose") and isinstance(node.args[0], Ref):
        node = current().nodes[node.args[0].id]
    return node.op


def target(like: np.ndarray | None, shape: Shape, random: np.random.Generator) -> np.ndarray:
    """Random values; beside probabilities, ones that may be a target for them."""
    if shape == ():
        return np.asarray(random.uniform(0.2, 0.5))
    drawn = random.normal(size=shape)
    if like is None or like.shape != shape or like.dtype.kind != "f":
        return drawn
    if (like >= 0).all() and (like <= 1).all() and like.max() > like.min():
        drawn = random.uniform(0.1, 0.9, size=shape)
        for axis in range(like.ndim):
            if like.shape[axis] > 1 and np.allclose(like.sum(axis), 1):
                return drawn / drawn.sum(axis, keepdims=True)
    return drawn


def as_weights(name: str, oracle: Oracle) -> list[Shape]:
    """Where something is called so, the shapes of weights that follow on those before."""
    are_weights = lambda name: ROLE.get(names.plain_name(name)) in ("W", "V")  # noqa: E731
    if not are_weights(name):
        return []
    before = [v.shape for other, v in oracle.made.items() if are_weights(other) and v.ndim == 2]
    if not before:
        return [(oracle.fresh(), oracle.fresh(1))]
    (rows, columns), units = before[-1], oracle.fresh()
    return [(units, rows + 1), (units, rows), (columns + 1, units), (columns, units)]
