"""From the end of a tape to its beginning: each operation's own derivative, by JAX.

All values are known at all states, so that the derivative of one operation is all that is asked of
JAX at a time. Operations that are alike, as those of a loop over plain numbers, are compiled once,
and the time that a tape of thousands takes grows no faster than the tape.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from jaxmlp.verify.run.tape import Node, Ref, references_in
from jaxmlp.verify.truth import replay

INDEXED = frozenset(("getitem", "setitem", "take", "put"))
MOST_COMPILED = 2000  # compiled functions
UNOPTIMISED = {"xla_backend_optimization_level": 0, "xla_llvm_disable_expensive_passes": True}

_compiled: dict[tuple, Callable] = {}  # for operations that are alike, on values of some shapes


class Operation(NamedTuple):
    """An operation whose arguments are numbered.

    Attributes:
        node: its arguments refer to `moving`, and after these to `steady`.
        moving: the nodes that it is differentiated by.
        steady: what it works on besides: data, numbers, and places in an array.
        key: the same for all operations that are alike.
    """

    node: Node
    moving: tuple[int, ...]
    steady: tuple[np.ndarray, ...]
    key: tuple


def through(
    nodes: Mapping[int, Node], order: Sequence[int], at: Sequence[Mapping[int, np.ndarray]],
    ends: Mapping[int, np.ndarray], roots: Collection[int],
) -> dict[int, np.ndarray]:  # fmt: skip
    """The derivatives of several E by the nodes of `order`, as far as they are not all 0.

    Args:
        order: what is differentiated, in the tape's order.
        at: all values, at several states.
        ends: the derivatives by the last nodes: the states along the first axis, the E along the
            second.
        roots: what is not followed to what it was computed from.

    Raises:
        NotReplayed: JAX has no name for an operation.
    """
    inside, adjoints = set(order), dict(ends)
    for number in reversed(order):
        node = nodes[number]
        if number not in roots and number in adjoints and node.value.dtype.kind == "f":
            op = _numbered(node, inside, at[0])
            values = [np.stack([state[i] for state in at]) for i in op.moving]
            for i, pulled in zip(op.moving, _pulled(op, values, adjoints[number]), strict=True):
                adjoints[i] = adjoints.get(i, 0.0) + np.asarray(pulled)
    return adjoints


def _pulled(operation: Operation, values: list[np.ndarray], pulling: np.ndarray) -> Sequence[Any]:
    """The derivatives by what moves."""
    shapes = tuple((v.shape, v.dtype.str) for v in (*values, *operation.steady, pulling))
    if (operation.key, shapes) not in _compiled:
        if len(_compiled) >= MOST_COMPILED:
            _compiled.clear()
        _compiled[operation.key, shapes] = _derivative(operation)
    try:
        return _compiled[operation.key, shapes](values, operation.steady, pulling)
    except Exception as error:
        del _compiled[operation.key, shapes]
        raise replay.NotReplayed(operation.node, f"({type(error).__name__})") from error


def _derivative(operation: Operation) -> Callable:
    """The derivatives of an operation, at all states and of all E at once, compiled."""

    def pulled(values: Sequence[Any], steady: Sequence[Any], pulling: Any) -> list[Any]:
        floats = [k for k, value in enumerate(values) if value.dtype.kind == "f"]

        def result(changed: Sequence[Any]) -> Any:
            known = dict(enumerate([*values, *steady])) | dict(zip(floats, changed, strict=True))
            return jnp.asarray(replay.applied(operation.node, known, jnp), float)

        back = jax.vjp(result, [values[k] for k in floats])[1]
        derivatives = dict(zip(floats, jax.vmap(lambda e: back(e)[0])(pulling), strict=True))
        nothing = lambda v: jnp.zeros((len(pulling), *v.shape))  # noqa: E731
        return [derivatives[k] if k in derivatives else nothing(v) for k, v in enumerate(values)]

    return jax.jit(jax.vmap(pulled, in_axes=(0, None, 0)), compiler_options=UNOPTIMISED)


def _masks(node: Node, values: Mapping[int, np.ndarray]) -> set[int]:
    """The masks by which it takes or writes several numbers: the same at all states."""
    single = node.op == "setitem" and all(
        np.size(values[i]) == 1 for i in references_in(node.args[2:])
    )
    if single or node.op not in ("getitem", "setitem"):
        return set()
    return {i for i in references_in(node.args[1:2]) if values[i].dtype.kind == "b"}


def _numbered(node: Node, inside: Collection[int], values: Mapping[int, np.ndarray]) -> Operation:
    """What operations have in common that differ only in what they work on."""
    masks = _masks(node, values)
    moving = tuple(dict.fromkeys(i for i in node.references if i in inside and i not in masks))
    steady: list[np.ndarray] = []
    fixed: list[bytes] = []
    indexed = node.op in INDEXED or node.op.endswith(".at")
    entrywise = isinstance(getattr(np, node.op, None), np.ufunc) and node.op != "power"

    def numbered(value: Any) -> Any:
        if isinstance(value, Ref):
            return Ref(moving.index(value.id)) if value.id in moving else array(values[value.id])
        if isinstance(value, np.ndarray):
            return array(value)
        if type(value) is tuple or (type(value) is list and any(references_in(value))):
            return type(value)(map(numbered, value))
        kinds = (int,) * indexed + (float,) * entrywise
        return array(np.asarray(value)) if type(value) in kinds else value

    def array(value: np.ndarray) -> Any:
        if value.dtype.kind == "f" or (value.dtype.kind in "iu" and indexed):
            steady.append(value)
            return Ref(len(moving) + len(steady) - 1)
        fixed.append(value.tobytes())
        return value

    args, kw = numbered(node.args), {k: numbered(v) for k, v in sorted(node.kw.items())}
    key = (node.op, repr(args), repr(kw), *fixed)
    return Operation(node._replace(args=args, kw=kw), moving, tuple(steady), key)
