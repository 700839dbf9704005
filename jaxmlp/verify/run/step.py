"""The step by what moves: which arrays a pass changes, and feeds back into each other."""

import types
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np

from jaxmlp.verify.run import entries
from jaxmlp.verify.run.tape import Node, current
from jaxmlp.verify.run.unknown import Unknown

CURVED = frozenset(
    ["exp", "tanh", "maximum", "where", "np.where", "square", "power", "reciprocal", "expit"]
)
FLATTENING = frozenset((
    "np.reshape", "np.ravel", "np.squeeze", "np.expand_dims", "np.atleast_1d", "np.atleast_2d",
    "np.atleast_3d",
))  # fmt: skip
SHAPING = FLATTENING | {"np.transpose", "np.swapaxes", "np.moveaxis", "np.rollaxis"}
PASSING = SHAPING | {"take", "getitem", "np.copy", "astype"}
SUMS = frozenset(("add", "subtract"))
WRITES = frozenset(("setitem", "put"))
MODULE_PREFIX = "beside."  # before the name of a module of the program's
DEPTH, MOST_ITEMS = 5, 3000
MOST_PLACES = 5 * MOST_ITEMS  # places in all
MATRIX_PRODUCTS = frozenset(("matmul", "np.dot", "np.matmul"))
FACTORS = MATRIX_PRODUCTS | {
    "multiply.outer", "np.outer", "np.einsum", "np.tensordot", "np.inner",
}  # fmt: skip
REDUCED = frozenset(("np.sum", "add.reduce", "np.mean", "np.average"))
JOINED = frozenset((
    "np.concatenate", "np.stack", "np.append", "np.insert", "np.hstack", "np.vstack",
    "np.column_stack", "np.pad",
))  # fmt: skip
PLAIN = (str, bytes, types.ModuleType, types.FunctionType, types.MethodType, type)


class TapePlace(NamedTuple):
    """What is at a place of the program: the node of an array, its shape, and its entries' nodes.

    Only entries that were written one by one have nodes.
    """

    node: int
    shape: tuple[int, ...]
    entries: Mapping[int, int] = {}


class Move(NamedTuple):
    """A place whose array was changed, with the nodes before and after."""

    name: str
    old: int
    new: int


def reachable_arrays(
    *scopes: Mapping[str, Any], hidden: Collection[str] = ()
) -> dict[str, TapePlace]:
    """All arrays of floats that can be reached from these names, by the way to them.

    Args:
        hidden: the names that a function has of its own; global ones of these names are others.
    """
    arrays: dict[str, TapePlace] = {}
    seen: set[int] = set()
    inner: set[str] = set()
    for k, scope in enumerate(scopes):
        for name, value in list(scope.items()):
            way = f"globals()[{name!r}]" if k and name in hidden else name
            known = len(arrays)
            if not (name.startswith("__") or way in inner):
                _find(way, value, arrays, seen)
            if len(arrays) > known:
                inner.add(way)
    return arrays


def _find(
    path: str, value: Any, arrays: dict[str, TapePlace], seen: set[int], depth: int = 0
) -> None:
    """All arrays of floats in a value.

    Args:
        seen: the collections that have been looked into, by id.
    """
    if isinstance(value, Unknown):
        for key, part in value.parts.items():
            _find(f"{path}[{key!r}]", part, arrays, seen, depth + 1)
        value = value.value
    if isinstance(value, np.ndarray) and value.dtype != object:
        if value.dtype.kind == "f" and value.size:
            tape = current()
            arrays[path] = TapePlace(tape.node_of(value), value.shape, tape.entries(value))
        return
    if depth > DEPTH or len(arrays) > MOST_PLACES or value is None or isinstance(value, PLAIN):
        return
    children = _children(path, value)
    if children is not None and id(value) not in seen:
        seen.add(id(value))
        for name, child in children:
            _find(name, child, arrays, seen, depth + 1)


def _children(path: str, value: Any) -> Iterable[tuple[str, Any]] | None:
    if isinstance(value, Mapping):
        return [(f"{path}[{key!r}]", one) for key, one in list(value.items())[:MOST_ITEMS]]
    if isinstance(value, np.ndarray):
        value = list(value.flat)  # of layers, say
    if isinstance(value, list | tuple):
        return [(f"{path}[{k}]", one) for k, one in enumerate(value[:MOST_ITEMS])]
    made = type(value)
    if is_own(made) and hasattr(value, "__dict__"):
        shared = {k: v for one in made.__mro__ if is_own(one) for k, v in vars(one).items()
                  if not (callable(v) or hasattr(v, "__get__") or k.startswith("__"))}  # fmt: skip
        return [(f"{path}.{key}", one) for key, one in {**shared, **vars(value)}.items()]
    return None


def is_own(made: type) -> bool:
    """Whether a class is the program's own."""
    module = str(made.__module__)
    return module == "__main__" or module.startswith(MODULE_PREFIX)


def moves(
    before: Mapping[str, TapePlace], after: Mapping[str, TapePlace], start: int, *, alone: bool
) -> list[Move]:
    """The parameters: changed places whose new arrays depend on each other's old ones.

    Args:
        start: the first node of the pass.
        alone: whether a single array counts that is not just added to: a network may have a
            single matrix.
    """
    nodes = {n.id: n for n in current().nodes.values() if n.id >= start}
    changed, olds = [], set()
    for name in sorted(before, key=lambda name: (name.count("[") + name.count("."), len(name))):
        now = after.get(name)
        was = before[name]
        same = now is None or now.node == was.node or now.shape != was.shape
        if not same and was.node not in olds:
            olds.add(was.node)
            changed += _entries(nodes, name, was, now) or [Move(name, was.node, now.node)]
    if not changed:
        return []
    changed = _parameters(nodes, changed)
    roots = reached(nodes, [move.old for move in changed])
    back = {move.old: roots.get(move.new, frozenset()) for move in changed}
    mutual = [
        move for move in changed
        if move.old in back[move.old]
        and any(p.old != move.old and p.old in back[move.old] and move.old in back[p.old]
                for p in changed)
    ]  # fmt: skip
    if mutual and any(_is_more_than_a_sum(nodes[i], roots) for i in roots if i in nodes):
        return mutual
    if (single := _alone(nodes, changed, before)) and (alone or _is_added_to(nodes, single[0])):
        return single
    return _one_way(nodes, changed, back)


def _one_way(
    nodes: Mapping[int, Node], changed: list[Move], back: Mapping[int, frozenset[int]]
) -> list[Move]:
    """Several arrays that something is added to, of which one depends on the others and not they
    on it: where nothing goes back from layer to layer, which is a mistake."""
    added = [move for move in changed if _is_added_to(nodes, move) and move.old in back[move.old]]
    olds = frozenset(move.old for move in added)
    return added if any(back[move.old] & (olds - {move.old}) for move in added) else []


def _entries(nodes: dict[int, Node], name: str, was: TapePlace, now: TapePlace) -> list[Move]:
    """The entries of an array that moved, where a pass works on it number by number."""
    written = entries.changed(nodes, was.node, was.shape, was.entries, now.entries)
    for number, node in entries.read_once(nodes, written).items():
        nodes[number] = current().nodes[number] = node
    index = lambda entry: "".join(f"[{k}]" for k in entry.at)  # noqa: E731
    return [Move(name + index(entry), entry.old, entry.new) for entry in written]


def _parameters(nodes: Mapping[int, Node], changed: list[Move]) -> list[Move]:
    """Without what is computed anew: a state h = f(h W), and what leads to the others, as z does.

    Of a parameter something is kept, or its old value was forgotten, which is a mistake.
    """
    kept = _kept(nodes, [move.old for move in changed])
    moved = [move for move in changed if move.old in kept.get(move.new, ())]
    leads = reached(nodes, [move.new for move in changed])
    before = frozenset().union(*(leads.get(move.new, frozenset()) - {move.new} for move in moved))
    return [
        move for move in changed
        if move in moved or (move.new in nodes and move.new not in before
                             and nodes[move.new].op not in (*CURVED, *WRITES, "divide"))
    ]  # fmt: skip


def _kept(nodes: Mapping[int, Node], roots: list[int]) -> dict[int, frozenset[int]]:
    """For each node the roots of which it keeps something, as W − ηd does, cut off or set in part.

    Nothing is kept in a product with what moves, where only entries of the root are set, or by an f
    that is not of a plain sum: max(W − ηd, 0) keeps something, f(w x) does not.
    """
    depends = reached(nodes, roots)
    kept = {root: frozenset((root,)) for root in roots}
    sums = dict(kept)
    bare = set(roots)  # roots of which entries are set, and nothing else
    for node in nodes.values():
        refs = list(node.references)
        by_moving = node.op in ("multiply", "divide") and sum(r in depends for r in refs) > 1
        if node.id in kept or node.op in FACTORS or by_moving or not refs:
            continue
        array = refs[0] if node.op in WRITES else None
        operands = [r for r in refs if r != array or r not in bare]
        plain = frozenset().union(*(sums.get(r, ()) for r in operands))
        if node.op in ("add", "subtract", *PASSING, *WRITES):
            sums[node.id] = plain
        retained = plain if node.op in CURVED else plain.union(*(kept.get(r, ()) for r in operands))
        if retained:
            kept[node.id] = retained
        elif array in bare:
            bare.add(node.id)
    return kept


def _is_more_than_a_sum(node: Node, roots: Mapping[int, frozenset[int]]) -> bool:
    """Whether a node is no linear function of what moves: a network is none, momentum is one."""
    factors = [r for r in node.references if r in roots]
    return node.op in FACTORS or node.op in CURVED or (node.op == "multiply" and len(factors) == 2)


def _is_added_to(nodes: Mapping[int, Node], move: Move) -> bool:
    """Whether something was added to it, as a step does, or to its rows one by one, and it was not
    computed anew."""
    number = move.new
    while number in nodes and number != move.old:
        node = nodes[number]
        added = node.op in ("add", "subtract") or (node.op in WRITES and _adds_to_row(nodes, node))
        if not added:
            return False
        number = next(iter(node.references), -1)
    return number == move.old


def _adds_to_row(nodes: Mapping[int, Node], write: Node) -> bool:
    """Whether what is written to a row is what was there, and something."""
    value = nodes.get([*write.references][-1])
    if value is None or value.op not in ("add", "subtract"):
        return False
    read = [nodes[i] for i in value.references if i in nodes and nodes[i].op == "getitem"]
    return any(write.op == "put" or repr(node.args[1:]) == repr(write.args[1:-1]) for node in read)


def _alone(
    nodes: Mapping[int, Node], changed: list[Move], before: Mapping[str, TapePlace]
) -> list[Move]:
    """The only array that is moved by way of a product with it, and of which something is kept."""
    moved = []
    kept = _kept(nodes, [move.old for move in changed])
    for move in (move for move in changed if move.old in kept.get(move.new, ())):
        feeds = reached(nodes, [move.old])
        products = [i for i in feeds if i != move.old and i in nodes and nodes[i].op in FACTORS]
        whole = move.name in before and before[move.name].shape
        if whole and products and move.new in reached(nodes, products):
            moved.append(move)
    return moved if len(moved) == 1 else []


def reached(nodes: Mapping[int, Node], roots: list[int]) -> dict[int, frozenset[int]]:
    """For each node the roots that it depends on; nodes are in order, so one pass is enough."""
    origins = {root: frozenset((root,)) for root in roots}
    for node in nodes.values():
        union = frozenset().union(*(origins.get(r, frozenset()) for r in node.references))
        if node.id in origins:
            continue  # a root: what it was computed from is another matter
        if union:
            origins[node.id] = union
    return origins


def prepared_steps(nodes: Mapping[int, Node], moved: list[Move]) -> set[str]:
    """The places of steps that a pass takes and the one before has prepared: d of W −= d, which
    gets a new value then."""
    names = {move.old: move.name for move in moved}
    steps: set[str] = set()
    for move in (move for move in moved if move.new in nodes):
        used = set(nodes[move.new].references)
        if nodes[move.new].op in ("add", "subtract") and used <= names.keys():
            steps |= {names[i] for i in used - {move.old}}
    return steps


def is_stale(nodes: Mapping[int, Node], first: tuple[int, int], second: tuple[int, int]) -> bool:
    """Whether one pass uses an array that an earlier one has computed, where that one used its own.

    Args:
        first, second: the first node of each, and the one after its last.
    """
    one, other = _computed(nodes, *first), _computed(nodes, *second)
    for where, node in other.items():
        mine = one.get(where)
        operands = zip(mine.references, node.references, strict=False) if mine else ()
        for a, b in operands:
            inside = _is_computed(nodes, a, *first) and _is_computed(nodes, b, *first)
            if inside and nodes[b].value.size > 1:
                return True
    return False


def _computed(nodes: Mapping[int, Node], begin: int, end: int) -> dict[tuple, Node]:
    """What a pass computes, by the expression, and how often that came before."""
    computed: dict[tuple, Node] = {}
    times: Counter = Counter()
    for node in (nodes[i] for i in range(begin, end) if i in nodes):
        if node.op not in ("leaf", *PASSING):
            times[node.op, node.span] += 1
            computed[node.op, node.span, times[node.op, node.span]] = node
    return computed


def _is_computed(nodes: Mapping[int, Node], number: int, begin: int, end: int) -> bool:
    """Whether a pass has computed a value, or what it shows in another shape."""
    while number in nodes and nodes[number].op in PASSING:
        number = next(iter(nodes[number].references), -1)
    return number in nodes and begin <= number < end and nodes[number].op != "leaf"
