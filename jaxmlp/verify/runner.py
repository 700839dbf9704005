"""A person's code in a child process, with a time limit: what it breaks is its own."""

import contextlib
import multiprocessing
import os
import signal
import sys
import tempfile
import types
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from jaxmlp.verify import child
from jaxmlp.verify.calling import Crashed, Died, TimedOut, Unfinished
from jaxmlp.verify.child import Pieces

LIMIT = 5.0  # seconds a call may take
START = 30.0  # seconds until a child has imported what its file needs


def context(*, jax: bool = False):
    """How children are started: forked, where possible, from a clean process that has NumPy."""
    if sys.platform == "win32":
        return multiprocessing.get_context("spawn")
    found = multiprocessing.get_context("forkserver")
    found.set_forkserver_preload(["jaxmlp.verify.child", *(["jax.numpy"] if jax else [])])
    return found


class Runner:
    """Calls the functions of one file in a child process, which is made anew when it fails.

    Args:
        pieces: what was taken out of the file.
        limit: seconds that one call may take.
    """

    def __init__(self, pieces: Pieces, *, limit: float = LIMIT):
        self.pieces, self.limit = pieces, limit
        self.process, self.connection, self.folder = None, None, None
        self.stillborn: Died | TimedOut | None = None

    def __enter__(self) -> "Runner":
        return self

    def __exit__(self, *_: object) -> None:
        self._stop()

    def call(self, name: str, args: Sequence[Any], sizes: Mapping[str, int]) -> tuple[Any, list]:
        """(the result of a function, its arguments afterwards).

        Raises:
            Crashed, Died, TimedOut, Unfinished.
        """
        result, after = self._ask("call", name, list(args), dict(sizes))
        return result, [old if new is None else new for old, new in zip(args, after, strict=True)]

    def run(self, loop: str, names: Mapping[str, Any], sizes: Mapping[str, int]) -> dict[str, Any]:
        """The numbers and arrays that are there after a training step.

        Raises:
            Crashed, Died, TimedOut, Unfinished.
        """
        return self._ask("run", loop, dict(names), dict(sizes))[0]

    def record(self, text: str, *, notebook: bool, seed: int) -> dict[str, Any]:
        """What a file computes when it is run: `jaxmlp.verify.run.record.record`.

        Raises:
            Crashed, Died, TimedOut.
        """
        settings = {"notebook": notebook, "seed": seed, "seconds": 0.8 * self.limit}
        return self._ask("record", text, settings, {"": 0})[0]

    def _ask(self, *request: Any) -> tuple:
        if self.stillborn:
            raise self.stillborn
        if self.process is None:
            self._start()
        kind, *answer = self._exchange(request, self.limit)
        if kind == "unfinished":
            raise Unfinished
        if kind == "crashed":
            crash = Crashed(answer[0])
            crash.line = answer[1]
            raise crash
        return tuple(answer)

    def _exchange(self, request: tuple, limit: float) -> tuple:
        try:
            self.connection.send(request)
            if not self.connection.poll(limit):
                self._stop()
                raise TimedOut(f"{limit:g}")
            return self.connection.recv()
        except (EOFError, OSError):
            self.process.join(1)
            code = self.process.exitcode
            self._stop()
            raise Died(f"the end of the whole process (exit code {code})") from None

    def _start(self) -> None:
        jax = any("jax" in packages(one) for one in self.pieces.imports)
        found = context(jax=jax)
        self.connection, theirs = found.Pipe()
        self.folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        args = (theirs, self.pieces, self.folder.name)
        self.process = found.Process(target=child.serve, args=args, daemon=True)
        with _no_main():
            self.process.start()
        theirs.close()
        try:  # the imports have a time of their own, and are not tried twice
            self._exchange(("call", "", [], {"": 0}), START)
        except (Died, TimedOut) as why:
            self.stillborn = why
            raise

    def _stop(self) -> None:
        if self.process is not None:
            _kill(self.process)
            self.connection.close()
            self.folder.cleanup()
        self.process = self.connection = self.folder = None


def _kill(process: multiprocessing.process.BaseProcess) -> None:
    """End a child and all that it has started."""
    if hasattr(os, "killpg"):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    process.kill()
    process.join()


@contextlib.contextmanager
def _no_main() -> Iterator[None]:
    """A child would import its parent's main module, and run it where it is a script."""
    main = sys.modules["__main__"]
    sys.modules["__main__"] = types.ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


def packages(statement: Any) -> list[str]:
    """The packages that an import statement names."""
    names = [getattr(statement, "module", None) or "", *(alias.name for alias in statement.names)]
    return [name.split(".")[0] for name in names]
