"""What passes between a runner and its child: all of it comes back, and nothing else does harm."""

import io
import pickle
import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from jaxmlp.verify import given as ours
from jaxmlp.verify.run.message import CAP, JSON_CAP, MESSAGE_HEADER, Garbled, packed, read, unpacked

NUMBERS = hnp.boolean_dtypes() | hnp.integer_dtypes() | hnp.floating_dtypes(endianness="?")
arrays = hnp.arrays(NUMBERS, hnp.array_shapes(min_dims=0, min_side=0))
plain = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | arrays
values = st.recursive(
    plain,
    lambda inner: st.lists(inner).map(tuple) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


def there_and_back(value):
    return unpacked(*read(io.BytesIO(packed(value))))


@given(values)
def test_all_values_come_back(value):
    np.testing.assert_equal(there_and_back(value), value)


def test_arrays_keep_their_dtype_and_own_their_numbers():
    made = np.arange(6, dtype=">f4").reshape(2, 3).T
    found = there_and_back(made)
    assert found.dtype == np.dtype("=f4")
    assert found.flags.writeable
    np.testing.assert_array_equal(found, made)


def test_functions_of_ours_go_by_name_and_no_others():
    assert there_and_back((ours.relu, 1)) == (ours.relu, 1)
    for other in (len, lambda u: u):
        with pytest.raises(TypeError, match="not JSON serializable"):
            packed(other)
    assert_garbled(b'{"given": "system"}')


@pytest.mark.parametrize("value", [object(), {1, 2}, np.array([None]), b"bytes", 1j])
def test_nothing_else_is_sent(value):
    with pytest.raises((TypeError, ValueError)):
        packed(value)


@pytest.mark.slow
@pytest.mark.parametrize(
    "made",
    [lambda: "x" * JSON_CAP, lambda: np.zeros(CAP, np.int8), lambda: tuple(range(3_000_000))],
)
def test_what_is_too_long_is_not_sent(made):
    with pytest.raises(ValueError, match="expected .* of at most"):
        packed(made())


class Counting(io.BytesIO):
    """A stream that knows how much of it was wanted."""

    wanted = 0

    def read(self, size=-1):
        assert size >= 0
        self.wanted += size
        return super().read(size)


def taken(data):
    """The value of a message, or None where it is none; no more is read than a message may have."""
    stream = Counting(data)
    try:
        return unpacked(*read(stream))
    except (Garbled, EOFError):
        return None
    finally:
        assert stream.wanted <= MESSAGE_HEADER.size + JSON_CAP + CAP


def assert_garbled(text, arrays=b""):
    with pytest.raises(Garbled):
        unpacked(text, arrays)


def npy(value, **more):
    out = io.BytesIO()
    np.save(out, value, **more)
    return out.getvalue()


@pytest.mark.parametrize(
    ("text", "arrays"),
    [
        (b"", b""), (b"\xff", b""), (b"[" * 100_000, b""), (b"[1", b""), (b"9" * 5000, b""),
        (b'{"npy": 8}', b""), (b'{"npy": -1}', b""), (b'{"npy": true}', b"x"), (b'{"a": 1}', b""),
        (b'{"dict": [[1, 2, 3]]}', b""), (b'{"dict": 1}', b""),
        (b'{"npy": 1000}', pickle.dumps(np.ones(3))),
        (b'{"npy": 1000}', npy(np.array([{}]), allow_pickle=True)),
        (b'{"npy": 1000}', npy(np.array(["text"]))),
        (b'{"npy": 1000}', npy(np.zeros(2, [("a", "f8")]))),
        (b'{"npy": 1000}', npy(np.ones(3))[:-1]),
        (b'{"npy": 1000}', npy(np.ones(3)) + b"x"),
        (b'{"npy": 1000}', npy(np.ones(3)).replace(b"(3,)", b"(9,)")),
        (b'{"npy": 1000}', npy(np.ones((0, 9))).replace(b"(0, 9)", b"(0,9" + b"9" * 17 + b")")),
    ],
)  # fmt: skip
def test_what_is_no_message_is_garbled(text, arrays):
    assert_garbled(text, arrays)


@pytest.mark.parametrize("lengths", [(JSON_CAP + 1, 0), (0, CAP + 1), (2**32 - 1, 2**32 - 1)])
def test_a_length_above_the_cap_is_not_waited_for(lengths):
    stream = Counting(MESSAGE_HEADER.pack(*lengths))
    with pytest.raises(Garbled):
        read(stream)
    assert stream.wanted == MESSAGE_HEADER.size


def mutated(data, draw):
    """A message with some of its bytes changed, taken out, put in or doubled."""
    data = bytearray(data)
    for _ in range(draw.randint(1, 8)):
        at, length = draw.randrange(len(data) + 1), draw.randint(0, 12)
        kind = draw.randrange(4)
        if kind == 0:
            data[at : at + 1] = bytes([draw.randrange(256)])
        elif kind == 1:
            del data[at : at + length]
        elif kind == 2:
            data[at:at] = draw.choice([b"\xff", b"9", b"[", b'"', b"\x93NUMPY", bytes(length)])
        else:
            data[at:at] = data[at : at + length]
    return bytes(data)


def test_mutated_messages_are_values_or_garbled():
    draw = random.Random(0)
    answer = ("done", {"W": np.ones((3, 6)), "b": 1.5}, (np.arange(4), None, "text"))
    began = [packed(answer), packed(("crashed", "ValueError: no (line 3)", 3)), packed(answer[1])]
    found = [taken(mutated(draw.choice(began), draw)) for _ in range(10_000)]
    assert 0 < sum(value is None for value in found) < len(found)
