"""What passes between a runner and its child: JSON and the bytes of .npy files, of limited length.

A message is made of values: None, booleans, numbers, strings, arrays of numbers, sequences
(which arrive as tuples), dicts, and the names of the functions in `given`. Nothing else is named.
"""

import json
import math
import struct
import warnings
from collections.abc import Callable, Mapping
from io import BytesIO, IOBase
from typing import IO, Any

import numpy as np

from jaxmlp.verify import given

MESSAGE_HEADER = struct.Struct(">II")  # bytes of JSON, bytes of arrays
JSON_CAP = 16 << 20
CAP = 128 << 20
LARGEST_ARRAY = 1 << 20  # numbers in an array: at the exercise's sizes W has 157,000
GIVEN_FUNCTIONS = {
    f.__name__: f for all in (given.F, given.SLOPE, given.PAIR) for f in all.values()
}
NUMBER_KINDS = "biufc"  # kinds of dtype
ByteStream = IOBase | IO[bytes]  # a pipe, or what stands for one


class Garbled(Exception):
    """What came is no message."""


def packed(value: Any) -> bytes:
    """A value as a message.

    Raises:
        TypeError, ValueError: it is none of those that a message has, or too long.

    Example:
        ???(*read(BytesIO(packed({"W": np.ones((1, 2))}))))
        {'W': array([[1., 1.]])}
    """
    arrays: list[bytes] = []
    text = json.dumps(_flat(value, arrays)).encode("ascii")
    if len(text) > JSON_CAP or sum(map(len, arrays)) > CAP:
        raise ValueError(f"expected results of at most {CAP >> 20} MB")
    return b"".join([MESSAGE_HEADER.pack(len(text), sum(map(len, arrays))), text, *arrays])


def _flat(value: Any, arrays: list[bytes]) -> Any:
    """A value as JSON has it: {"npy": length} for an array, pairs for a dict."""
    if isinstance(value, np.ndarray):
        if value.size > LARGEST_ARRAY:
            raise ValueError(
                f"expected arrays of at most {LARGEST_ARRAY} numbers, got {value.shape}"
            )
        out = BytesIO()
        np.lib.format.write_array(out, value, version=(1, 0), allow_pickle=False)
        arrays.append(out.getvalue())
        return {"npy": len(arrays[-1])}
    if isinstance(value, np.bool_ | np.integer | np.floating):
        return value.item()
    if isinstance(value, Mapping):
        return {"dict": [[str(key), _flat(part, arrays)] for key, part in value.items()]}
    if isinstance(value, tuple | list):
        return [_flat(part, arrays) for part in value]
    return {"given": value.__name__} if any(value is f for f in GIVEN_FUNCTIONS.values()) else value


def read(stream: ByteStream) -> tuple[bytes, bytes]:
    """The next message of a stream, as it came; no more is read than a message may have.

    Raises:
        EOFError: there is none, or half of one. Garbled: it says that it is longer than that.
    """
    text, arrays = MESSAGE_HEADER.unpack(_exactly(stream, MESSAGE_HEADER.size))
    if text > JSON_CAP or arrays > CAP:
        raise Garbled
    return _exactly(stream, text), _exactly(stream, arrays)


def _exactly(stream: ByteStream, length: int) -> bytes:
    parts = []
    while length and (part := stream.read(min(length, 1 << 20))):
        parts.append(part)
        length -= len(part)
    if length:
        raise EOFError
    return b"".join(parts)


def unpacked(
    text: bytes, arrays: bytes, functions: Mapping[str, Callable] = GIVEN_FUNCTIONS
) -> Any:
    """The value of a message.

    Args:
        functions: those that it may name; an answer names none.

    Raises:
        Garbled: it is no message.
    """
    rest = BytesIO(arrays)
    try:
        with warnings.catch_warnings(action="error"):
            return _value(json.loads(text.decode("ascii")), rest, functions)
    except Exception:  # RecursionError and MemoryError among them
        raise Garbled from None


def _value(flat: Any, arrays: ByteStream, functions: Mapping[str, Callable]) -> Any:
    match flat:
        case {"npy": int(length)}:
            return _array(arrays.read(length))
        case {"given": str(name)}:
            return functions[name]
        case {"dict": list(pairs)}:
            return {str(key): _value(part, arrays, functions) for key, part in pairs}
        case list():
            return tuple(_value(part, arrays, functions) for part in flat)
        case dict():
            raise Garbled
    return flat


def _array(data: bytes) -> np.ndarray:
    """An array of a .npy file, which has to be as long as its header says."""
    stream = BytesIO(data)
    if np.lib.format.read_magic(stream) != (1, 0):
        raise Garbled
    shape, fortran, dtype = np.lib.format.read_array_header_1_0(stream)
    if (
        dtype.kind not in NUMBER_KINDS
        or math.prod(shape) > LARGEST_ARRAY
        or max(shape, default=0) > LARGEST_ARRAY
    ):
        raise Garbled
    array = np.ndarray(shape, dtype, data, stream.tell(), order="F" if fortran else "C")
    if array.nbytes != len(data) - stream.tell():
        raise Garbled
    return array.astype(dtype.newbyteorder("="))
