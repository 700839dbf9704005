"""Arrays as a safetensors file, which executes nothing, with a SHA-256 over all that is in it."""

import hashlib
import json
import os
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load as from_bytes
from safetensors.numpy import save as to_bytes

MOST_HEADER = 2**21  # bytes: JSON takes some 25 times as much memory, at worst, once it is read
# What reading a file that is something else may raise, OSError aside.
DAMAGED = (SafetensorError, LookupError, TypeError, AttributeError, ValueError, RecursionError)


def signed(tensors: dict[str, np.ndarray], about: dict[str, Any]) -> bytes:
    """The file's bytes.

    Args:
        about: what is said of the tensors, as JSON has it; with "format", a number.

    Raises:
        ValueError: that is more than `read_signed` takes.
    """
    # One entry only: safetensors writes several in random order, and a run's bits are its own.
    plain = to_bytes(tensors, {"jaxmlp": json.dumps(about)})
    end = 8 + int.from_bytes(plain[:8], "little")
    _, _, digest, _ = _opened(plain[8:end])
    digest.update(plain[end:])
    content = to_bytes(tensors, {"jaxmlp": json.dumps({**about, "sha256": digest.hexdigest()})})
    length = int.from_bytes(content[:8], "little")
    if length > MOST_HEADER:
        raise ValueError(f"expected names of at most {MOST_HEADER:,} bytes, got {length:,}")
    return content


def read_signed(file: Any, number: int) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """(what is said of the tensors, the tensors), once they are those that were signed.

    Args:
        number: the format that is expected.

    Raises:
        DAMAGED: it is something else.
    """
    length = int.from_bytes(file.read(8), "little")
    if not 0 < length <= MOST_HEADER:
        raise ValueError(f"expected a header of 1 to {MOST_HEADER:,} bytes, got {length:,}")
    about, promised, digest, size = _opened(file.read(length))
    if about["format"] != number:
        raise ValueError(f"expected format {number}, got {about['format']!r}")
    expected, got = 8 + length + size, os.fstat(file.fileno()).st_size
    if expected != got:  # before it is read to be hashed
        raise ValueError(f"damaged: expected {expected:,} bytes, got {got:,}")
    checksum = hashlib.file_digest(file, lambda: digest).hexdigest()
    if checksum != promised:
        raise ValueError(f"damaged or altered: expected the SHA-256 {promised}, got {checksum}")
    file.seek(0)
    return about, from_bytes(file.read())


def _opened(header: bytes) -> tuple[dict[str, Any], str | None, Any, int]:
    """What it says of the tensors, the SHA-256 it promises, that so far, and the numbers' bytes.

    So far it is that of the header.
    """
    tensors = json.loads(header)
    about = json.loads(tensors["__metadata__"].pop("jaxmlp"))
    size = max(spec["data_offsets"][1] for name, spec in tensors.items() if name != "__metadata__")
    promised = about.pop("sha256", None)
    digest = hashlib.sha256(json.dumps([tensors, about], sort_keys=True).encode())
    return about, promised, digest, size
