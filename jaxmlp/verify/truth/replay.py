"""A tape's operations, computed anew: in NumPy at other parameters, or one by one in JAX."""

import functools
from collections.abc import Callable, Container, Mapping
from types import ModuleType
from typing import Any

import jax.numpy as jnp
import jax.scipy.special
import numpy as np

from jaxmlp.verify.run.arrays import LOST
from jaxmlp.verify.run.reads import filled
from jaxmlp.verify.run.step import FACTORS
from jaxmlp.verify.run.tape import Node, references_in

IGNORED = frozenset(["dtype", "casting", "order", "subok", "copy", "out"])
OF_AXES = frozenset(("np.max", "np.min", "np.amax", "np.amin", "np.sum", "np.mean", "np.prod"))


class NotReplayed(Exception):
    """An operation that cannot be computed anew; it has the node."""

    def __init__(self, node: Node, why: str = ""):
        super().__init__(f"{node.op} {why}".strip())
        self.node = node


def values(
    nodes: Mapping[int, Node], replaced: Mapping[int, np.ndarray], *, any_way: bool = False
) -> dict[int, np.ndarray]:
    """All values of a tape with others for some nodes, in NumPy: the program's own arithmetic.

    Args:
        any_way: whether an `if` may turn out otherwise than in the run. What there is on the way of
            the run, forward and back, belongs together wherever it is computed.

    Raises:
        NotReplayed: the program would have gone another way, or an operation is not known.
    """
    known: dict[int, np.ndarray] = {}
    moved = set(replaced)
    for node in nodes.values():
        if not moved.isdisjoint(node.references):
            moved.add(node.id)
        if node.id in replaced:
            known[node.id] = replaced[node.id]
        elif node.op == "leaf" or node.op.startswith(LOST):
            known[node.id] = node.value
        else:
            known[node.id] = np.asarray(applied(node, known, np))
        if not (any_way and node.op == "branch") and not _as_before(node, nodes, known, moved):
            raise NotReplayed(node, "another branch")
    return known


def _as_before(
    node: Node, nodes: Mapping[int, Node], known: Mapping[int, np.ndarray], moved: Container[int]
) -> bool:
    """Whether a program goes the same way: an `if` as in its run, the same places by a mask.

    Args:
        moved: what depends on the values that are others than in the run.
    """
    if node.op == "branch":
        return bool(known[node.id]) == bool(node.value)
    if node.op != "getitem" or node.value.dtype.kind != "f":
        return True
    masks = [i for i in references_in(node.args[1:]) if nodes[i].value.dtype.kind == "b"]
    masks = [i for i in masks if i in moved]
    return all(np.array_equal(known[i], nodes[i].value) for i in masks)


def applied(node: Node, known: Mapping[int, Any], xp: ModuleType) -> Any:
    """One operation, on known values, in NumPy or JAX."""
    args = tuple(filled(arg, known) for arg in node.args)
    if node.op in FACTORS or isinstance(getattr(np, node.op, None), np.ufunc):  # of numbers in ()
        args = tuple(xp.asarray(arg) if isinstance(arg, tuple) else arg for arg in args)
    kw = {key: filled(arg, known) for key, arg in node.kw.items()
          if key not in IGNORED or (key, arg) == ("order", "F")}  # fmt: skip
    if node.op in OF_AXES and not np.ndim(args[0]) and kw.get("axis", (*args, None)[1]) in (0, -1):
        args, kw = args[:1], {}  # as NumPy has it
    try:
        with np.errstate(all="ignore"):
            return _operation(node.op, xp)(*args, **kw)
    except NotReplayed:
        raise
    except Exception as error:
        raise NotReplayed(node, f"({type(error).__name__})") from error


def _operation(op: str, xp: ModuleType) -> Callable:
    if op in OWN_OPERATIONS:
        return functools.partial(OWN_OPERATIONS[op], xp)
    if op.endswith("]"):
        op, part = op[:-1].split("[")
        whole = _operation(op, xp)
        return lambda *args, **kw: whole(*args, **kw)[int(part)]
    names = op.removeprefix("np.").split(".")
    if not op.startswith("np.") and len(names) == 2:
        return _by_method(names[0], names[-1], xp)
    function: Any = xp
    for name in names:
        function = getattr(function, name, None) or getattr(jax.scipy.special, name)
    return function


def _by_method(name: str, method: str, xp: ModuleType) -> Callable:
    if xp is np and method != "at":
        return getattr(getattr(np, name), method)
    if method == "at":
        return lambda array, index, value: _added(xp, array, index, value, name)
    if method == "outer":
        return lambda a, b: getattr(xp, name)(
            xp.asarray(a).reshape(*np.shape(a), *(1,) * np.ndim(b)), b)  # fmt: skip
    whole = {"add": "sum", "multiply": "prod", "maximum": "max", "minimum": "min",
             "logical_and": "all", "logical_or": "any"}[name]  # fmt: skip
    whole = whole if method == "reduce" else {"sum": "cumsum", "prod": "cumprod"}[whole]
    return lambda array, axis=0, **kw: getattr(xp, whole)(array, axis=axis, **kw)


def _added(xp: ModuleType, array: Any, index: Any, value: Any, name: str) -> Any:
    if xp is np:
        changed = np.array(array)
        getattr(np, name).at(changed, index, value)
        return changed
    way = {"add": "add", "multiply": "multiply"}[name]
    sign = -1 if name == "subtract" else 1
    return getattr(jnp.asarray(array).at[index], way)(sign * value)


def _set(xp: ModuleType, array: Any, index: Any, value: Any) -> Any:
    if xp is np:
        changed = np.array(array)
        changed[index] = value
        return changed
    mask = not isinstance(index, tuple | slice) and np.shape(index) == np.shape(array)
    by_mask = mask and jnp.asarray(index).dtype.kind == "b"
    if by_mask and np.size(value) == 1:
        return jnp.where(index, value, array)
    return jnp.asarray(array).at[index].set(_as_assigned(value, jnp.asarray(array)[index].ndim))


def _as_assigned(value: Any, axes: int) -> Any:
    """A value without the leading axes of one that NumPy drops where it assigns."""
    shape = np.shape(value)
    while len(shape) > axes and shape[0] == 1:
        shape = shape[1:]
    return value if shape == np.shape(value) else jnp.reshape(value, shape)


def _put(xp: ModuleType, array: Any, places: Any, value: Any) -> Any:
    flat = _set(xp, xp.asarray(array).reshape(-1), places.reshape(-1), xp.reshape(value, -1))
    return flat.reshape(np.shape(array))


def _written(name: str, xp: ModuleType, array: Any, *args: Any, **kw: Any) -> Any:
    """What a function of NumPy's makes of an array that it writes to."""
    if xp is not np:
        return getattr(jnp, name)(jnp.asarray(array), *args, **kw, inplace=False)
    changed = np.array(array)
    getattr(np, name)(changed, *args, **kw)
    return changed


OWN_OPERATIONS: dict[str, Callable] = {
    "getitem": lambda xp, array, index: xp.asarray(array)[index],
    "setitem": _set,
    "take": lambda xp, array, places: xp.asarray(array).reshape(-1)[places],
    "put": _put,
    "astype": lambda xp, array, kind: xp.asarray(array).astype(kind),
    "branch": lambda xp, value: value,
    **{
        f"np.{name}": functools.partial(_written, name)
        for name in ("fill_diagonal", "put", "place", "put_along_axis")
    },
    "np.copy": lambda xp, array: xp.asarray(array),
    "np.clip": lambda xp, array, a_min=None, a_max=None, **kw: xp.clip(
        array, kw.get("min", a_min), kw.get("max", a_max)
    ),
}
