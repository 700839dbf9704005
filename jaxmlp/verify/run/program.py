"""A program, run with recording arrays until its steps have been seen.

Loops are watched: what a pass changes tells a training step from others. One whose step was seen
ends there, all others run as they are.
"""

from __future__ import annotations
import __future__

import ast
import builtins
import contextlib
import io
import os
import struct
import sys
import time
import traceback
import types
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from jaxmlp.verify.run import modules
from jaxmlp.verify.run.answer import Answer
from jaxmlp.verify.run.arrays import Unsupported, label, lifted, number
from jaxmlp.verify.run.beside import module_file, roots
from jaxmlp.verify.run.hooked import Hooked, keys, letters, uses_numpy
from jaxmlp.verify.run.oracle import Oracle
from jaxmlp.verify.run.step import Move, Place, is_stale, moves, places
from jaxmlp.verify.run.stubs import Stub
from jaxmlp.verify.run.table import table
from jaxmlp.verify.run.tape import Span, Tape, TapeFull, begin, current
from jaxmlp.verify.run.unknown import Unknown

WATCHED = 4  # passes of a loop, after which it is taken for one that does not train
LONGEST = 20_000  # passes of a loop that trains nothing: of a million sums the rest is left out
STEPS = 3  # steps that are looked for
ROOM = 20_000  # nodes kept from before a step
NO_MORE = object()  # passes of a loop
BESIDE = "beside."  # before the name of a module of the program's
UNREADABLE = (OSError, EOFError, UnicodeError, zlib.error, zipfile.BadZipFile, struct.error)


class OutOfTime(BaseException):
    """The time for the whole file is over."""


class Seen(NamedTuple):
    """Something to judge: a step, or the values that a call or a script has left.

    Attributes:
        line: of the loop, the function or the class; 0 for the file itself.
        name: of the function or class; empty for a loop or the file.
        begin, end: its first node, and the one after its last.
        moves: of a step, the parameters before and after.
        values: of a call, what it gave back or changed; of a step, what it left as it was.
        last: the node after the last of a pass more, if there was one.
        newest: the parameters' values after that, by those after the step.
        stale: whether it uses values of the step before.
    """

    line: int
    name: str
    begin: int
    end: int
    moves: list[Move]
    values: dict[str, Place]
    last: int = 0
    newest: Mapping[int, int] = {}
    stale: bool = False


class Program:
    """The statements of a file, and what became of them.

    Args:
        statements: of the whole file.
        path: the name to compile it with.
        oracle: of what is not there.
        unknown: the names that are not there.
        until: when to stop, by `time.monotonic`.
    """

    def __init__(
        self, statements: list[ast.stmt], path: str, oracle: Oracle, unknown: set[str], until: float
    ):
        self.path, self.oracle, self.until = path, oracle, until
        oracle.words, oracle.letters = keys(statements), letters(statements)
        self.statements = statements
        self.seen: list[Seen] = []
        self.missing: list[str] = []
        self.errors: list[tuple[str, int, str]] = []
        self.stopped_by: type[BaseException] = BaseException  # the last of them
        self.before: list[tuple[str, int, str]] | None = None  # errors before the first step
        self.reached = 0  # how far it came without an error, in nodes
        self.chosen = 0  # how many choices were made by then
        self.calls = False  # whether functions are called that the file only defines
        self.went_back = False  # whether a backward pass came before the first error
        self.counts: dict[int, int] = {}
        self.depth = 0
        oracle.absent = frozenset(unknown)
        self.names = {name: Unknown(name, oracle) for name in sorted(unknown)} | self._builtins()
        self.modules: dict[str, types.ModuleType] = {}  # beside it, by their paths
        self.roots = roots(Path(path), statements)
        begin(Tape(path))
        current().data = self._data

    @property
    def failures(self) -> list[tuple[str, int, str]]:
        """The errors before the first step, or all, if there is none."""
        return self.errors if self.before is None else self.before

    def _data(self, name: str) -> Unknown:
        """A stand-in for what is not there; read in a loop, it is one sample."""
        current().guessed = True
        if self.depth and name.startswith("np."):
            return self.oracle.sample(name.partition("#")[0])
        self.oracle.calls += 1
        return Unknown(f"{name}#{self.oracle.calls}", self.oracle, loaded=True)

    def _beside(self, name: str, level: int = 0, path: str = "") -> types.ModuleType | None:
        """A module that lies beside the file, run as the file is."""
        home = Path(os.path.realpath(path or self.path)).parent
        found = module_file(name, level, home, self.roots)
        if found is None or str(found) == os.path.realpath(self.path):
            return None
        if str(found) not in self.modules:
            self._taped(name, str(found))
        return self.modules[str(found)]

    def _taped(self, name: str, path: str) -> None:
        made = types.ModuleType(f"{BESIDE}{name}")
        made.__dict__.update({k: v for k, v in self.names.items() if k.startswith("__")})
        made.__dict__.update(__name__=f"{BESIDE}{name}", __file__=path)
        self.modules[path] = made
        with builtins.open(path, "rb") as file:
            tree = ast.parse(file.read())
        tree = Hooked(numbers=not uses_numpy(tree)).visit(tree)
        self.oracle.words += keys(tree.body)
        current().beside.add(path)
        exec(_compiled(ast.fix_missing_locations(tree).body, path), made.__dict__)

    def _builtins(self) -> dict[str, Any]:
        own = dict(vars(builtins))
        own["__import__"] = modules.importer(self.missing, self._data, self._beside)
        own["input"] = own["raw_input"] = lambda *_: Answer(self.oracle)
        own["xrange"], own["unicode"] = range, str
        own["display"] = lambda *_, **__: None
        own["exit"] = own["quit"] = _leave
        own["print"] = lambda *_, **__: None
        own["open"] = self._open
        many = lambda n: self.oracle.lengths.get(str(n), n)  # noqa: E731
        hooks = {
            "__many__": many,
            "__data__": self._data,
            "__drawing__": self._drawing,
            "__passes__": self._passes,
            "__while__": self._while,
            "__holds__": lambda test: test or self._is_guessed(),
            "__int__": label,
            "__number__": number,
            "__table__": table,
        }
        return {"__name__": "__main__", "__file__": self.path, "__builtins__": own, **hooks}

    def _is_guessed(self) -> bool:
        """Whether there are stand-ins for data, whose sizes no assertion is about.

        Those for arguments get the sizes that assertions ask for.
        """
        return not self.calls and (current().guessed or self.oracle.guesses)

    def run(self) -> None:
        """Run all statements; one that fails does not keep the others from running."""
        sys.argv[:] = [self.path]
        for statement in self.statements:
            if len(current().nodes) > ROOM and not self.seen:
                current().forget()
            shown, known = isinstance(statement, ast.Expr), len(self.errors)
            self.attempt(partial(self._execute, statement), statement.lineno, shown=shown)
            if len(self.errors) > known and self._has_no_data(statement):
                del self.errors[known:]

    def _has_no_data(self, statement: ast.stmt) -> bool:
        """Whether a statement found no file, or refused what stands in for one; then what it would
        have read has stand-ins."""
        raised = {n.lineno for one in self.statements for n in ast.walk(one)
                  if isinstance(n, ast.Raise)}  # fmt: skip
        refused = current().guessed and self.errors[-1][1] in raised
        unread = issubclass(self.stopped_by, UNREADABLE) or refused
        if not unread or not isinstance(statement, ast.Assign):
            return False
        names = [n.id for n in ast.walk(statement) if isinstance(n, ast.Name)
                 and isinstance(n.ctx, ast.Store) and n.id not in self.names]  # fmt: skip
        self.names.update((name, self._data(name)) for name in names)
        return bool(names)

    def _open(self, file: Any, mode: str = "r", *args: Any, **kw: Any) -> Any:
        """Files are read, never written; one of a drawing that is not there has random letters."""
        if set(mode) & set("wax+"):
            return Stub("a file")
        try:
            return builtins.open(os.fspath(file), mode, *args, **kw)
        except (OSError, TypeError):
            if "b" in mode or not self.oracle.letters:
                return self._data("a file")
            current().guessed = True
            return io.StringIO(self.oracle.drawing())

    def _execute(self, statement: ast.stmt) -> None:
        exec(_compiled([statement], self.path), self.names)

    def attempt(self, work: Callable[[], Any], line: int, *, shown: bool = False) -> Any:
        """What it gives; what it raises is kept in `errors`.

        Args:
            shown: whether nothing uses what it gives, so that an error of its own is none.
        """
        try:
            return work()
        except (OutOfTime, TapeFull):
            raise
        except BaseException as error:
            frames = traceback.extract_tb(error.__traceback__)
            own = [f.lineno for f in frames if f.filename == self.path and f.lineno]
            if shown and len(own) == 1 and isinstance(error, Exception):
                return None  # it is only shown
            text = " ".join(str(error).split())[:200]
            self.stopped_by = type(error)
            self.errors.append((type(error).__name__, own[-1] if own else line, text))
            self.reached = self.reached or current().next
            self.chosen = self.chosen or len(self.oracle.taken)
            if isinstance(error, Unsupported):
                self.errors[-1] = ("Unsupported", self.errors[-1][1], text)
            return None

    @contextlib.contextmanager
    def _drawing(self, _: str) -> Iterator[None]:
        """A function that draws, of which what fills the tape is forgotten: a fine grid, say."""
        start = current().next
        try:
            yield
        except TapeFull:
            current().forget(start)

    # loops

    def _passes(self, over: Any, line: int) -> Iterator[Any]:
        yield from self._watched(_entries(over), self._line(line), current().frame(beside=True))

    def _line(self, line: int) -> int:
        """A loop's line; of one in a module beside, the line that led there."""
        frame = current().frame()
        inner = current().frame(beside=True)
        return line if frame is inner or frame is None else frame.f_lineno

    def _while(self, test: Callable[[], Any], line: int) -> Iterator[None]:
        def rounds() -> Iterator[None]:
            while test():
                yield None

        where = current().frame(beside=True)
        yield from self._watched(rounds(), self._line(line), where, ends=False)

    def _watched(
        self, entries: Iterator[Any], line: int, frame: Any, *, ends: bool = True
    ) -> Iterator[Any]:
        """The passes of a loop; a long one that trains nothing is cut off.

        Args:
            ends: whether it would come to an end.
        """
        for passes, entry in enumerate(entries):
            self._check_time()
            self.counts[line] = self.counts.get(line, 0) + 1
            if passes > LONGEST and ends and not self.seen:
                return
            if self.counts[line] > WATCHED:
                if self.depth == 0 and len(current().nodes) > ROOM and not self.seen:
                    current().forget()
                yield entry
                continue
            start, known = current().next, len(self.seen)
            before = self._places(frame)
            yield from self._inside(entry)
            if len(self.seen) == known:
                self.look(line, "", start, before, self._places(frame))
                yield from self._once_more(entries, line, frame, known)
            if len(self.seen) > known:
                return

    def _places(self, frame: Any) -> dict[str, Place]:
        return places(frame.f_locals, frame.f_globals, hidden=frame.f_code.co_varnames)

    def _inside(self, entry: Any) -> Iterator[Any]:
        """One pass."""
        self.depth += 1
        try:
            yield entry
        finally:  # it may be left by break
            self.depth -= 1

    def _once_more(
        self, entries: Iterator[Any], line: int, frame: Any, known: int
    ) -> Iterator[Any]:
        """The pass after the first step, which is judged in its place if something is stale."""
        if len(self.seen) == known or (entry := next(entries, NO_MORE)) is NO_MORE:
            return
        start, before = current().next, self._places(frame)
        yield from self._inside(entry)
        first, after = self.seen.pop(), self._places(frame)
        if is_stale(current().nodes, (first.begin, first.end), (start, current().next)):
            self.look(line, "", start, before, after)
            self.seen[known:] = [one._replace(stale=True) for one in self.seen[known:]]
        if len(self.seen) == known:
            newest = {m.new: after[m.name].node for m in first.moves if m.name in after}
            self.seen.append(first._replace(last=current().next, newest=newest))

    def look(
        self, line: int, name: str, start: int, before: dict[str, Place], after: dict[str, Place]
    ) -> None:
        """Remember a step, if what has changed makes one."""
        alone = self.depth == 0  # inside a pass it may be what is carried back through time
        if len(self.seen) < STEPS and (moved := moves(before, after, start, alone=alone)):
            still = {name: place for name, place in after.items() if before.get(name) == place}
            self.seen.append(Seen(line, name, start, current().next, moved, still))
            self.before = self.errors[:] if self.before is None else self.before

    def look_back(self) -> None:
        """Remember what a run without a step has left; or its step, if it was made in no loop.

        That is of arrays that no name leads to, each changed in place once.
        """
        tape, values = current(), places(self.names)
        nodes, named = tape.nodes, {place.node for place in values.values()}
        before: dict[str, Place] = {}
        after: dict[str, Place] = {}
        for last, (first, times) in tape.written.items():
            if times == 1 and last in nodes and first in nodes and last not in named:
                name = self._target(nodes[last].span, len(after))
                before[name] = Place(first, nodes[first].value.shape)
                after[name] = Place(last, nodes[last].value.shape)
        moved = moves(before, after, 0, alone=False)
        self.seen.append(Seen(0, "", 0, tape.next, moved, values))

    def _target(self, span: Span, number: int) -> str:
        """What the program calls an array that it writes to."""
        nodes = [
            n for one in self.statements for n in ast.walk(one) if isinstance(n, ast.AugAssign)
        ]
        names = [ast.unparse(n.target) for n in nodes if n.lineno == span.line]
        return names[0] if len(names) == 1 else f"array {number}"

    def _check_time(self) -> None:
        if time.monotonic() > self.until:
            raise OutOfTime


def _compiled(statements: list[ast.stmt], path: str) -> types.CodeType:
    flags = __future__.annotations.compiler_flag
    return compile(ast.Module(statements, []), path, "exec", flags, dont_inherit=True)


def _entries(over: Any) -> Iterator[Any]:
    for entry in over:
        yield lifted(entry) if isinstance(entry, np.ndarray | tuple) else entry


def _leave(*_: Any) -> None:
    raise SystemExit
