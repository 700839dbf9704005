"""What a hooked program calls in place of int, float, − and [b] * n, so that numbers record."""

from typing import Any

import numpy as np

from jaxmlp.verify.run.arrays import LOST, Recorded, cast, recorded_number, recorded_result
from jaxmlp.verify.run.encoding import encoded, plain
from jaxmlp.verify.run.tape import current


def label(value: Any) -> Any:
    """int(…) of a program; an entry of data stays what it is, so that a label is known as one, and
    so does int(u > 0), which is f'."""
    if isinstance(value, Recorded) and value.ndim == 0:
        op = current().nodes[current().node_of(value)].op
        kept = op in ("leaf", "getitem", "astype") or value.dtype.kind == "b"
        return cast(value, int) if kept else int(value)
    return int(value)


def as_number(value: Any) -> Any:
    """float(…) of a program; what is recorded, or stands in for data, goes on being so."""
    if hasattr(value, "stands_for"):
        return value.become(())
    if isinstance(value, Recorded) and value.size == 1 and value.dtype.kind == "f":
        return value.reshape(())
    return float(value)


def differences(value: Any) -> Any:
    """A stand-in for a numerical gradient, which cannot be followed."""
    return recorded_result(np.zeros(value.shape), f"{LOST}a numerical gradient", encoded((value,)))


def is_instance(value: Any, kinds: Any) -> bool:
    """isinstance(…) of a program: a single number that records is what NumPy would give, a float
    or an integer of its own."""
    single = isinstance(value, Recorded) and value.ndim == 0
    return isinstance(value, kinds) or (single and isinstance(plain(value)[()], kinds))


def from_bytes(data: Any, *args: Any, **kw: Any) -> int:
    """int.from_bytes(…) of a program, of a file that is not there."""
    return data.of_head() if hasattr(data, "stands_for") else int.from_bytes(data, *args, **kw)


def minus(left: Any, right: Any) -> Any:
    """left − right of a program; a plain 1 beside a number that is recorded may be a target, as any
    other number may be: it is none that is written there."""
    sides = [recorded_number(a) if type(a) in (int, float) and a == 1
             and isinstance(b, Recorded) and b.ndim == 0 else a
             for a, b in ((left, right), (right, left))]  # fmt: skip
    return sides[0] - sides[1]


def repeated(values: Any) -> Any:
    """[b] * n of a program, each number in it one of its own: it moves apart from the others."""
    if not isinstance(values, list):
        return values
    is_number = lambda entry: isinstance(entry, Recorded) and entry.ndim == 0  # noqa: E731
    return [np.copy(entry) if is_number(entry) else entry for entry in values]
