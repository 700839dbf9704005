"""A program, run with recording arrays: its statements, and the names and files that it finds."""

from __future__ import annotations

import ast
import builtins
import contextlib
import io
import itertools
import os
import re
import struct
import sys
import traceback
import types
import zipfile
import zlib
from collections.abc import Callable, Collection, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from jaxmlp.verify.run import data_sets, modules
from jaxmlp.verify.run.answer import Answer
from jaxmlp.verify.run.arrays import Recorded, Unsupported, recorded_number
from jaxmlp.verify.run.beside import data_file
from jaxmlp.verify.run.code import Code
from jaxmlp.verify.run.hooks import (
    as_number,
    differences,
    from_bytes,
    is_instance,
    label,
    minus,
    repeated,
)
from jaxmlp.verify.run.loops import Loops, OutOfTime, Seen
from jaxmlp.verify.run.oracle import ARGUMENTS, TABLE_ROWS, Oracle
from jaxmlp.verify.run.recording_numpy import forget_saved
from jaxmlp.verify.run.step import MODULE_PREFIX, TapePlace, moves, reachable_arrays
from jaxmlp.verify.run.stubs import Written
from jaxmlp.verify.run.table import recorded_rows
from jaxmlp.verify.run.tape import Span, Tape, TapeFull, current, record_on
from jaxmlp.verify.run.unknown import Unknown

NO_NAME = re.compile(r"name '(\w+)' is not defined")
ANSWERS = 100  # that are typed, at most
LABEL_FILE = re.compile(r"(^|[^a-z])labels?([^a-z]|$)|idx1", re.IGNORECASE)  # one of MNIST's, say
PARAMETER_FILE = re.compile(
    r"weight|param|model|checkpoint|ckpt|trained|network|theta", re.IGNORECASE
)
UNREADABLE = (OSError, EOFError, UnicodeError, zlib.error, zipfile.BadZipFile, struct.error)


class Unsaved(FileNotFoundError):
    """Parameters that a program would have saved, had it been trained."""


class Program:
    """The statements of a file, and what became of them.

    Args:
        code: of the whole file.
        oracle: of what is not there.
        unknown: the names that are not there.
        until: when to stop, by `time.process_time`.
        judged: the path of the module whose operations count; empty for the file itself.
        reads: whether it finds the data that lie beside it.
        rows: of these, at most; 0 for all.

    Attributes:
        has_read: whether it has found some.
    """

    def __init__(
        self, code: Code, oracle: Oracle, unknown: set[str], until: float, judged: str = "", *,
        reads: bool = True, rows: int = 0,
    ):  # fmt: skip
        self.code, self.path, self.oracle = code, code.path, oracle
        self.reads, self.has_read = reads, False
        oracle.words, oracle.letters = code.keys, code.letters
        self.missing: list[str] = []
        self.errors: list[tuple[str, int, str]] = []
        self.stopped_by: type[BaseException] = BaseException  # the last of them
        self.reached = 0  # how far it came without an error, in nodes
        self.chosen = 0  # how many choices were made by then
        self.blamed: set[int] | None = None  # what the first error comes from, if that is known
        self.answers = 0  # that were typed
        self.written: dict[str, Written] = {}  # files, by what the program calls them
        self.unsaved: set[str] = set()  # names of what would have been read of saved parameters
        self.calls = False  # whether functions are called that the file only defines
        self.went_back = False  # whether a backward pass came before the first error
        self.loops = Loops(until, self.errors, imported=bool(judged))
        self.seen = self.loops.seen
        # What names of the file led to before they changed, and when they had changed once.
        self.begun: dict[str, TapePlace] = {}
        self.changed: dict[str, TapePlace] = {}
        oracle.absent = frozenset(unknown)
        oracle.usual = next(n for n in itertools.count(TABLE_ROWS) if n not in code.whole_numbers)
        self.names = {name: _absent(name, oracle) for name in sorted(unknown)} | self._builtins()
        self.modules: dict[str, types.ModuleType] = {}  # beside it, by their paths
        self.roots = [*code.roots]
        forget_saved()
        record_on(Tape(os.path.realpath(judged) if judged else code.path))
        current().data, current().find, current().rows = self._data, self._find, rows
        if judged:
            current().beside.add(code.path)

    @property
    def failures(self) -> list[tuple[str, int, str]]:
        """The errors before the first step, or all, if there is none."""
        return self.errors if self.loops.before is None else self.loops.before

    @property
    def has_step(self) -> bool:
        """Whether it has made a step: after an error only one that a loop or a call has made."""
        return any(step.moves and (step.line or not self.failures) for step in self.seen)

    def _data(self, name: str, file: Any = "") -> Unknown:
        """A stand-in for what is not there; read in a loop, it is one sample.

        Raises:
            Unsaved: by its name, the file has what only training would have written.
        """
        called = os.path.basename(file) if isinstance(file, str | os.PathLike) else ""
        saved = PARAMETER_FILE.search(called) and not called.endswith((".csv", ".txt"))
        if saved and self.oracle.choose((True, False), "saved"):
            raise Unsaved(f"{os.fspath(file)!r} is not there")
        current().guessed = True
        if self.loops.depth and name.startswith("np."):
            return self.oracle.sample(name.partition("#")[0])
        self.oracle.calls += 1
        what = " of labels" if LABEL_FILE.search(called) else ""
        return Unknown(f"{name}{what}#{self.oracle.calls}", self.oracle, loaded=True)

    def _find(self, file: Any) -> Any:
        """Where data are that a program calls so; the same, if they are not beside it."""
        named = isinstance(file, str | os.PathLike) and self.reads
        home = Path(os.path.realpath(self.path)).parent
        path = data_file(os.fspath(file), home) if named else None
        self.has_read |= path is not None
        return file if path is None else path

    def _beside(self, name: str, level: int = 0, path: str = "") -> types.ModuleType | None:
        """A module that lies beside the file, run as the file is."""
        home = Path(os.path.realpath(path or self.path)).parent
        file = self.code.find(name, level, home, self.roots)
        if file is None or str(file) == os.path.realpath(self.path):
            return None
        if str(file) not in self.modules:
            self._taped(name, str(file))
        return self.modules[str(file)]

    def _taped(self, name: str, path: str) -> None:
        made = sys.modules[f"{MODULE_PREFIX}{name}"] = types.ModuleType(f"{MODULE_PREFIX}{name}")
        made.__dict__.update({k: v for k, v in self.names.items() if k.startswith("__")})
        made.__dict__.update(__name__=f"{MODULE_PREFIX}{name}", __file__=path)
        self.modules[path] = made
        code = self.code.module(path)
        self.roots += [root for root in code.roots if root not in self.roots]
        self.oracle.words += code.keys
        if path != current().path:
            current().beside.add(path)
        for statement in code.body:
            code.execute(statement, made.__dict__)

    def _builtins(self) -> dict[str, Any]:
        answer, nothing = self._answer, lambda *_, **__: None
        own = vars(builtins) | {
            "__import__": modules.importer(self.missing, self._data, self._beside,
                                           self.oracle.absent),
            "input": answer, "raw_input": answer, "xrange": range, "unicode": str,
            "display": nothing, "print": nothing, "exit": _leave, "quit": _leave,
            "open": self._open, "isinstance": is_instance,
        }  # fmt: skip
        hooks = {
            "__many__": lambda n: self.oracle.lengths.get(str(n), n),
            "__data__": self._data, "__drawing__": self._drawing, "__table__": recorded_rows,
            "__passes__": self.loops.passes, "__while__": self.loops.passes_while,
            "__holds__": lambda test: test or self._is_guessed(),
            "__int__": label, "__float__": as_number, "__number__": recorded_number,
            "__recorded__": Recorded, "__differences__": differences,
            "__from_bytes__": from_bytes, "__repeated__": repeated, "__minus__": minus,
        }  # fmt: skip
        return {"__name__": "__main__", "__file__": self.path, "__builtins__": own, **hooks}

    def _answer(self, *_: Any) -> Answer:
        """What somebody types; of those who would go on for ever nobody does."""
        self.answers += 1
        if self.answers > ANSWERS:
            raise EOFError("there is nobody who answers any more")
        return Answer(self.oracle)

    def _is_guessed(self) -> bool:
        """Whether there are stand-ins for data, whose sizes no assertion is about.

        Those for arguments get the sizes that assertions ask for.
        """
        return not self.calls and (current().guessed or self.oracle.guesses)

    def run(self) -> None:
        """Run all statements; one that fails does not keep the others from running."""
        typed = [Answer(self.oracle) for _ in range(self.oracle.lengths.get(ARGUMENTS, 0))]
        sys.argv[:] = [self.path, *typed]
        for statement in self.code.body:
            self.loops.make_room()
            self._remember(statement)
            shown, known = _only_shows(statement), len(self.errors)
            execute = partial(self.code.execute, statement, self.names)
            if _is_call(statement):
                execute = partial(self.loops.single, self.names, statement.lineno, execute)
            self.attempt(execute, statement.lineno, shown=shown)
            if len(self.errors) > known and self._has_no_data(statement):
                del self.errors[known:]
            new = {name: self.names[name] for name in self.begun if name in self.names}
            self.changed = {name: place for name, place in reachable_arrays(new).items()
                            if name in self.begun and place.node != self.begun[name].node
                            } | self.changed  # fmt: skip

    def _remember(self, statement: ast.stmt) -> None:
        """What a statement of the file itself gives another value, at first: W = W - η d."""
        if isinstance(statement, ast.Assign | ast.AugAssign):
            names = {n.id for n in ast.walk(statement) if isinstance(n, ast.Name)
                     and isinstance(n.ctx, ast.Store)}  # fmt: skip
            again = {name: self.names[name] for name in names if name in self.names}
            self.begun = reachable_arrays(again) | self.begun

    def _has_no_data(self, statement: ast.stmt) -> bool:
        """Whether a statement found no file, or refused what stands in for one; then what it would
        have read has stand-ins."""
        names = [n.id for n in ast.walk(statement) if isinstance(n, ast.Name)
                 and isinstance(n.ctx, ast.Store) and n.id not in self.names]  # fmt: skip
        if self._is_unsaved():
            self.unsaved.update(names)
            return True
        refused = current().guessed and self.errors[-1][1] in self.code.raises
        unread = issubclass(self.stopped_by, UNREADABLE) or refused
        if not unread or not isinstance(statement, ast.Assign):
            return False
        self.names.update((name, self._data(name)) for name in names)
        return bool(names)

    def _is_unsaved(self) -> bool:
        """Whether a statement found no parameters saved, or used what would have been read of
        them: then those that were there before stay."""
        kind, _, text = self.errors[-1]
        lacked = NO_NAME.search(text) if kind == "NameError" else None
        return issubclass(self.stopped_by, Unsaved) or bool(lacked and lacked[1] in self.unsaved)

    def look_back(self) -> None:
        """Remember what a run without a step has left; or its step, if it was made in no loop.

        That is of names that were given another value, and of arrays that no name leads to, each
        changed in place once.
        """
        tape, values = current(), reachable_arrays(self.names)
        nodes, named = tape.nodes, {place.node for place in values.values()}
        before, after = dict(self.begun), dict(self.changed)
        for last, (first, times) in tape.written.items():
            if times == 1 and last in nodes and first in nodes and last not in named:
                name = self._target(nodes[last].span, after)
                before[name] = TapePlace(first, nodes[first].value.shape)
                after[name] = TapePlace(last, nodes[last].value.shape)
        moved = moves(before, after, 0, alone=False)
        self.seen.append(Seen(0, "", 0, tape.next, moved, values))

    def _target(self, span: Span, known: Collection[str]) -> str:
        """What the program calls an array that it writes to; an attribute unlike those that are
        known: the layers of a network are changed on one line."""
        names = self.code.added_to(span.line)
        if len(names) != 1:
            return f"array {len(known)}"
        again = sum(name.partition(" ")[0] == names[0] for name in known if "." in names[0])
        return f"{names[0]} {again + 1}" if again else names[0]

    def _open(self, file: Any, mode: str = "r", *args: Any, **kw: Any) -> Any:
        """Files are read, never written; one of a drawing that is not there has random letters."""
        if set(mode) & set("wax+"):
            if not (set(mode) & set("a+") and str(file) in self.written):
                self.written[str(file)] = Written()
            return self.written[str(file)]
        if (own := self.written.get(str(file))) is not None and own.holds:
            return Written(own.holds)
        try:
            return builtins.open(os.fspath(self._find(file)), mode, *args, **kw)
        except (OSError, TypeError):
            if "b" in mode or not self.oracle.letters:
                return self._data("a file", file)
            current().guessed = True
            return io.StringIO(self.oracle.drawing())

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
            inside = [f for f in frames if f.filename in current().beside]
            if shown and len(own) == 1 and not inside and isinstance(error, Exception):
                return None  # it is only shown
            text = " ".join(str(error).split())[:200]
            self.stopped_by = type(error)
            self.errors.append((type(error).__name__, own[-1] if own else line, text))
            if not self.reached:
                self.blamed = current().behind(error)
            self.reached = self.reached or current().next
            self.chosen = self.chosen or len(self.oracle.taken)
            if isinstance(error, Unsupported) or Recorded.__name__ in text:  # ours, not the file's
                self.errors[-1] = ("Unsupported", self.errors[-1][1], text)
            return None

    @contextlib.contextmanager
    def _drawing(self, _: str) -> Iterator[None]:
        """A function that draws, of which what fills the tape is forgotten: a fine grid, say. What
        stands in for data may lack what is to be drawn."""
        start = current().next
        try:
            yield
        except TapeFull:
            current().forget(start)
        except Exception:
            if not current().guessed:
                raise


def _absent(name: str, oracle: Oracle) -> Unknown:
    """A stand-in for a name that nothing gives; of scikit-learn's, as if it were imported."""
    own = data_sets.is_known(name)
    return Unknown(f"sklearn.{name}" if own else name, oracle, loaded=own)


def _is_call(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr | ast.Assign) and isinstance(statement.value, ast.Call)


def _only_shows(statement: ast.stmt) -> bool:
    """Whether it gives no name a value: an expression, or a loop over pictures."""
    if isinstance(statement, ast.For | ast.While | ast.If | ast.With):
        return all(map(_only_shows, [*statement.body, *getattr(statement, "orelse", [])]))
    return isinstance(statement, ast.Expr)


def _leave(*_: Any) -> None:
    raise SystemExit
