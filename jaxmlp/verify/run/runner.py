"""A person's code in a process, shut in, with a time limit: what it breaks is its own."""

import compileall
import contextlib
import functools
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from importlib.machinery import PathFinder
from typing import Any

import jaxmlp
from jaxmlp.verify.clock import LIMIT, Clock
from jaxmlp.verify.run import box, message
from jaxmlp.verify.run.box import Held
from jaxmlp.verify.run.message import ByteStream
from jaxmlp.verify.run.outcome import Crashed, Died, TimedOut, Unfinished
from jaxmlp.verify.run.pieces import Pieces, compiled_pieces

SEARCH = 1.4  # times as long as a call may take, the search in a file may
PATIENCE = 3  # times as long as the processor works for it, a file may be run: others use it, too
START = 30.0  # seconds until a child has imported what its file needs
BOOT = "import sys; sys.path[:] = sys.argv[1:]; from jaxmlp.verify.run import box; box.main()"
# What Python may need to start.
KEPT_VARIABLES = ("LD_LIBRARY_PATH", "SYSTEMROOT", "OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")


class Runner:
    """Calls the functions of one file in a child process, which is made anew when it fails.

    Args:
        pieces: what was taken out of the file.
        limit: seconds that one call may take.
        clock: what the file has left.
        visible: what it may read besides Python, its packages and the system.
        wanted: what is to be held; what this machine can hold, where it isn't given.
        importers: the code of programs that import the file, by their paths.

    Attributes:
        importer: the path of the one that has run the file's step; empty if none has.
    """

    def __init__(
        self, pieces: Pieces, *, limit: float = LIMIT, clock: Clock | None = None,
        visible: Sequence[str] = (), wanted: Held | None = None,
        importers: Mapping[str, Sequence[str]] | None = None,
    ):  # fmt: skip
        self.importers, self.importer = importers or {}, ""
        self.pieces, self.limit, self.visible = pieces, limit, visible
        self.clock, self.wanted = clock or Clock(), wanted or held()
        self.process: subprocess.Popen[bytes] | None = None
        self.folder: tempfile.TemporaryDirectory[str] | None = None
        self.stillborn: Died | TimedOut | None = None

    def __enter__(self) -> "Runner":
        return self

    def __exit__(self, *_: object) -> None:
        self._stop()

    def call(self, name: str, args: Sequence[Any]) -> tuple[Any, list]:
        """(the result of a function, its arguments afterwards).

        Raises:
            Crashed, Died, TimedOut, Unfinished.
        """
        match self._ask("call", name, list(args)):
            case (result, tuple(after)) if len(after) == len(args):
                pairs = zip(args, after, strict=True)
                return result, [old if new is None else new for old, new in pairs]
        raise self._garbled()

    def record(
        self, cells: Sequence[str], *, seed: int, given: dict | None = None
    ) -> dict[str, Any]:
        """What a file computes when it is run: `jaxmlp.verify.run.record.record`.

        Raises:
            Crashed, Died, TimedOut.
        """
        programs = {path: list(code) for path, code in self.importers.items()}
        settings = {"seed": seed, "seconds": SEARCH * self.limit, "given": given,
                    "importers": programs}  # fmt: skip
        match self._ask("record", list(cells), settings, limit=PATIENCE * self.limit):
            case (dict(answer),):
                self.importer = str(answer["importer"])
                return answer
        raise self._garbled()

    def _ask(self, *request: Any, limit: float = 0) -> tuple:
        """What the child answers, within the limit of a call, or another."""
        self.clock.left()
        if self.stillborn:
            raise self.stillborn
        if self.process is None:
            self._start()
        match self._exchange(request, limit or self.limit):
            case ("done", *answer):
                return tuple(answer)
            case ("unfinished",):
                raise Unfinished
            case ("crashed", str(why), int(line)):
                crash = Crashed(why[:400])
                crash.line = line
                raise crash
        raise self._garbled()

    def _garbled(self) -> Crashed:
        self._stop()
        return Crashed("expected arrays, got something else")

    def _exchange(self, request: Any, limit: float, first: bytes = b"") -> Any:
        """The answer to a request, with what the child has to have before it."""
        sent = first + message.packed(request)
        try:
            text, arrays = self._within(limit, sent, message.read)
            return message.unpacked(text, arrays, functions={})
        except message.Garbled:
            raise self._garbled() from None

    def _within(self, limit: float, sent: bytes, read: Callable[[ByteStream], Any]) -> Any:
        """What is read after this was sent; if it takes too long or fails, the process is ended."""
        got: list[Any] = []
        process, left = self.process, self.clock.left()

        def talk() -> None:
            try:
                _write(process.stdin, sent)
                got.append(read(process.stdout))
            except Exception as error:
                got.append(error)

        thread = threading.Thread(target=talk, daemon=True)
        thread.start()
        thread.join(min(limit, left))
        match got:
            case []:
                self._stop()
                raise TimedOut(f"{limit:g}") if limit < left else self.clock.over()
            case [EOFError() | OSError()]:
                code = self._stop(patience=1.0)
                raise Died(f"the end of the whole process (exit code {code})") from None
            case [Exception() as error]:
                raise error
        return got[0]

    def _start(self) -> None:
        sent = message.packed(compiled_pieces(self.pieces))
        try:  # the imports have a time of their own, and are not tried twice
            if self.begin() != self.wanted:
                raise Died("the sandbox: it is not what this machine can hold")
            self._exchange(("call", "", [], {"": 0}), START, sent)
        except (Died, TimedOut) as why:
            self._stop()
            self.stillborn = why
            raise

    def begin(self) -> Held | None:
        """Start a process; what is held of it, or None where it could not be shut in as wanted."""
        self.folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        folder = os.path.realpath(self.folder.name)
        if not self.wanted.disk:
            box.guard()
        _compile()
        paths, visible = _python()
        measures = {"namespaces": self.wanted.disk, "calls": self.wanted.processes}
        setup = box.Setup(os.getpid(), folder, (*visible, *self.visible), **measures)
        self.process = subprocess.Popen(
            [sys.executable, "-I", "-B", "-c", BOOT, *paths],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, bufsize=0,
            cwd=folder, env=_environment(folder), start_new_session=os.name == "posix",
        )  # fmt: skip
        line = json.dumps(setup._asdict()).encode() + b"\n"
        said = json.loads(self._within(START, line, _line) or "{}")
        return Held(**said) if said.keys() == set(Held._fields) else None

    def _stop(self, patience: float = 0.0) -> int | None:
        """End the process and all that it has started; its exit code, if it ended by itself."""
        if self.process is None:
            return None
        process, folder, self.process, self.folder = self.process, self.folder, None, None
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(patience)
        code = process.poll()
        if hasattr(os, "killpg"):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
        process.kill()
        process.wait()
        _await_end(process.stdout)
        process.stdin.close()
        process.stdout.close()
        folder.cleanup()
        return code


@functools.cache
def held() -> Held:
    """What this machine can hold of a file, tried with none: all, or all but namespaces."""
    for wanted in (Held(), Held(disk=False)):
        with Runner(Pieces(__file__, [], [], []), wanted=wanted) as runner:
            granted = runner.begin()
            if granted is not None:
                return granted
    return Held(*[False] * len(Held._fields))


@functools.cache
def _compile() -> None:
    """Have a child find its modules compiled where Python may keep them: it writes none itself."""
    if not sys.dont_write_bytecode:
        compileall.compile_dir(os.path.dirname(__file__), quiet=2)


def _line(stream: ByteStream) -> bytes:
    return stream.readline(1 << 16)


def _write(stream: ByteStream, data: bytes) -> None:
    left = memoryview(data)
    while left:
        left = left[stream.write(left) :]


def _await_end(stream: ByteStream, seconds: float = 1.0) -> None:
    """Wait until nobody has the other end of a pipe: then all that were in a namespace are gone."""
    end = time.monotonic() + seconds
    while os.name == "posix" and (left := end - time.monotonic()) > 0:
        if select.select([stream], [], [], left)[0] and not os.read(stream.fileno(), 1 << 16):
            break


def is_library(module: str) -> bool:
    """Whether a child imports a top-level module from where Python and its packages are."""
    known = sys.stdlib_module_names
    return module in known or bool(PathFinder.find_spec(module, _python()[0][:-1]))


def _python() -> tuple[list[str], tuple[str, ...]]:
    return _python_of(tuple(sys.path), os.getcwd())


@functools.lru_cache(maxsize=1)  # asked for every import of every file
def _python_of(path: tuple[str, ...], here: str) -> tuple[list[str], tuple[str, ...]]:
    """(where a child imports from, what it has to see for it): no folder where someone works."""
    package = os.path.dirname(os.path.realpath(jaxmlp.__file__))
    root, here = os.path.dirname(package), os.path.realpath(here)
    folders = [os.path.realpath(folder) for folder in path if folder]
    paths = [p for p in dict.fromkeys(folders) if p not in (root, here) and os.path.exists(p)]
    seen = [*map(os.path.realpath, (sys.prefix, sys.base_prefix)), package, *paths]
    if root.endswith("-packages"):  # installed, and not where it is worked on
        seen.append(root)
    return [*paths, root], tuple(dict.fromkeys(seen))


def _environment(folder: str) -> dict[str, str]:
    kept = {name: os.environ[name] for name in KEPT_VARIABLES if name in os.environ}
    places = dict.fromkeys(("HOME", "USERPROFILE", "TMPDIR", "TEMP", "TMP"), folder)
    threads = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    ways = {"MPLBACKEND": "Agg", "JAX_PLATFORMS": "cpu", "MALLOC_ARENA_MAX": "2"}
    return kept | places | threads | ways
