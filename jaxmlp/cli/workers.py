"""Work shared out to processes, which are ended with the command and where one takes too long."""

import contextlib
import multiprocessing
import multiprocessing.connection
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from jaxmlp.verify.run.box import end_with

GRACE = 10.0  # seconds to come to an end by itself


def mapped(
    task: Callable[..., Any],
    items: Sequence[Mapping[str, Any]],
    failed: Callable[[Mapping[str, Any], str], Any],
    *,
    workers: int,
    seconds: float,
) -> Iterator[Any]:
    """What the task makes of each item, in order, some at a time.

    Args:
        task: can be imported by its name; it is called with an item's entries as keywords.
        failed: what is to stand for an item, and why: it raised, died, or took too long.
        seconds: that one item may take, but for a grace.
    """
    crew = [_Worker(task) for _ in range(workers)]
    waiting, done, after = list(enumerate(items))[::-1], {}, 0
    try:
        while after < len(items):
            for worker in crew:
                if worker.number is None and waiting:
                    worker.begin(*waiting.pop(), seconds + GRACE)
            for number, result in _ended([w for w in crew if w.number is not None], failed):
                done[number] = result
            while after in done:
                yield done.pop(after)
                after += 1
    finally:
        with signals(signal.SIG_IGN, "SIGTERM", "SIGHUP", "SIGINT"):
            for worker in crew:
                worker.stop()


def _ended(busy: list["_Worker"], failed: Callable) -> Iterator[tuple[int, Any]]:
    """Wait for some to answer, or to be too late: (number, result) of each."""
    left = max(0.0, min(worker.end for worker in busy) - time.monotonic())
    multiprocessing.connection.wait([worker.connection for worker in busy], left)
    for worker in busy:
        if worker.connection.poll() or time.monotonic() > worker.end:
            yield worker.number, worker.answer(failed)


class _Worker:
    """A process, made anew after it was ended."""

    def __init__(self, task: Callable[..., Any]):
        self.task, self.end = task, 0.0
        self.number: int | None = None
        self.item: Mapping[str, Any] = {}
        self._start()

    def _start(self) -> None:
        context = multiprocessing.get_context("spawn")
        self.connection, theirs = context.Pipe()
        args = (theirs, self.task, os.getpid())
        self.process = context.Process(target=_serve, args=args, daemon=True)
        self.process.start()
        theirs.close()

    def begin(self, number: int, item: Mapping[str, Any], seconds: float) -> None:
        """Give it something to do."""
        self.number, self.item, self.end = number, item, time.monotonic() + seconds
        with contextlib.suppress(OSError):  # it has died: the answer says so
            self.connection.send(item)

    def answer(self, failed: Callable) -> Any:
        """What it made of it; if that is nothing, it is replaced by another process."""
        why = "it took too long"
        if self.connection.poll():
            try:
                result, why = self.connection.recv()
                self.number = None
                return failed(self.item, why) if why else result
            except (EOFError, OSError):
                why = "its process ended"
        self.stop()
        self.number = None
        self._start()
        return failed(self.item, why)

    def stop(self) -> None:
        """End it: at once if it is idle, else by itself, so that it can tidy up."""
        if self.number is not None:
            self.process.terminate()
            self.process.join(1)
        self.process.kill()
        self.process.join()
        self.connection.close()


def _serve(connection: multiprocessing.connection.Connection, task: Callable, parent: int) -> None:
    """In a worker: items come, (result, "") or (None, what went wrong) goes."""
    end_with(parent)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the command itself is told
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1):  # what a library prints is no part of the report
        os.dup2(nowhere, stream)
    with signals(lambda *_: sys.exit(1), "SIGTERM", "SIGHUP"), contextlib.suppress(EOFError):
        while True:
            item = connection.recv()
            try:
                answer = task(**item), ""
            except Exception as error:
                answer = None, f"{type(error).__name__}: {error}"
            connection.send(answer)


@contextlib.contextmanager
def signals(handler: Callable | int, *names: str) -> Iterator[None]:
    """Handle signals so for a while; those that are ignored, as under nohup, stay so.

    Outside the main thread nothing can be handled, and nothing is.
    """
    if threading.current_thread() is not threading.main_thread():
        names = ()
    kinds = [getattr(signal, name) for name in names if hasattr(signal, name)]
    heard = [kind for kind in kinds if signal.getsignal(kind) != signal.SIG_IGN]
    before = {kind: signal.signal(kind, handler) for kind in heard}
    try:
        yield
    finally:
        for kind, old in before.items():
            signal.signal(kind, old)
