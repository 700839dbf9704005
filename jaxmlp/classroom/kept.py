"""What was found, out of JSON: dataclasses and named tuples of plain values."""

import dataclasses
import types
from typing import Any, Union, get_args, get_origin, get_type_hints


def from_json_value(kind: Any, value: Any) -> Any:
    """What JSON was made of, by its type; of a dataclass, `dataclasses.asdict`.

    Raises:
        ValueError, TypeError, LookupError, AttributeError: it is something else.

    Example:
        >>> from jaxmlp.verify.finding import File, Words
        >>> file = File("a.py", problem=Words("empty", "空です"))
        >>> from_json_value(File, dataclasses.asdict(file))
        File(path='a.py', checks=(), remarks=(), problem=Words(en='empty', ja='空です'))
    """
    origin, args = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        if value is None and type(None) in args:
            return None
        return from_json_value(next(member for member in args if member is not type(None)), value)
    if dataclasses.is_dataclass(kind) or hasattr(kind, "_fields"):
        named = hasattr(kind, "_fields")
        parts = zip(kind._fields, value, strict=True) if named else value.items()
        hints = get_type_hints(kind)
        return kind(**{name: from_json_value(hints[name], member) for name, member in parts})
    if origin is tuple:
        kinds = args[:1] * len(value) if args[-1] is Ellipsis else args
        return tuple(from_json_value(member, v) for member, v in zip(kinds, value, strict=True))
    if kind is float and isinstance(value, int):
        return float(value)
    if not isinstance(value, kind):
        raise ValueError(f"expected {kind.__name__}, got {value!r}")
    return value
