"""Files: read where they are regular ones, written whole or not at all."""

import contextlib
import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from jaxmlp.text import Refused


def write_whole(path: Path, content: bytes) -> None:
    """Write a file in one step: temporary file, fsync, rename."""
    with whole_file(path) as file:
        file.write(content)


@contextlib.contextmanager
def whole_file(path: Path) -> Iterator[BinaryIO]:
    """A file to write to, which appears in one step: temporary file, fsync, rename."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with open(temporary, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as reason:
        if reason.errno == errno.ENOSPC:  # which comes without a name
            raise OSError(reason.errno, reason.strerror, str(path)) from None
        raise
    finally:
        temporary.unlink(missing_ok=True)


def regular(path: str, flags: int) -> int:
    """An opener for `open` that waits for nothing, and takes regular files only.

    Raises:
        ValueError: it is none.
    """
    file = os.open(path, flags | getattr(os, "O_NONBLOCK", 0))
    kind = os.fstat(file).st_mode
    if stat.S_ISREG(kind) or stat.S_ISDIR(kind):  # of a folder, `open` says so itself
        return file
    os.close(file)
    raise Refused("expected a regular file, got a pipe, a device or the like",
                  "通常のファイルが必要です (パイプやデバイスは読みません)")  # fmt: skip
