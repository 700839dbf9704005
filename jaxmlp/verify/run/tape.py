"""The tape: what a program computes, operation by operation, each with its place in the source.

A node is one operation: its name, its arguments (other nodes among them), its value, and where the
expression stands. Arrays that share memory are followed through their common storage: what is
written through one of them is seen by all.
"""

import functools
import sys
import traceback
import weakref
from collections.abc import Callable, Iterable, Iterator
from types import CodeType, FrameType
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import numpy as np
from numpy.lib.array_utils import byte_bounds

from jaxmlp.verify.run.memory import begins, owner, place_of, root_indices, spans_root

if TYPE_CHECKING:
    from jaxmlp.verify.run.arrays import Recorded

MAX_NODES = 60_000
MAX_BYTES = 400 << 20
GUESSED_BYTES = 150 << 20  # where there are stand-ins for data, of which there are few
RECENT = 32  # writes to a memory that is shared, among which it is looked what they were to


class TapeFull(BaseException):
    """More operations than can be kept; no exception that a program would catch."""


class Ref(NamedTuple):
    """In place of an argument: the node that gave it."""

    id: int


class Span(NamedTuple):
    """Where an expression stands, and the function that it stands in.

    Attributes:
        line, end_line: from 1; 0 where nothing is known.
        column, end_column: in bytes of UTF-8, from 0.
        function: its qualified name; "<module>" outside of any.
        begins: the function's first line.
        inner: what tells apart the places in a module beside that are reached from here.
        own: the qualified name of the innermost function, which may be of a module beside.
    """

    line: int
    column: int
    end_line: int
    end_column: int
    function: str = "<module>"
    begins: int = 1
    inner: int = 0
    own: str = ""


NOWHERE = Span(0, 0, 0, 0)


class _Operation(NamedTuple):
    id: int
    op: str
    args: tuple
    kw: dict[str, Any]
    value: np.ndarray
    span: Span


class Node(_Operation):
    """One operation; a leaf, which the program was given, has the operation "leaf"."""

    @functools.cached_property
    def references(self) -> tuple[int, ...]:
        """The nodes that it is computed from."""
        return (*references_in(self.args), *references_in(list(self.kw.values())))


def references_in(value: Any) -> Iterator[int]:
    """The nodes that an argument has in it."""
    if isinstance(value, Ref):
        yield value.id
    elif isinstance(value, tuple | list):
        for part in value:
            yield from references_in(part)


def spread(roots: Iterable[int], onward: Callable[[int], Iterable[int]]) -> set[int]:
    """The roots and all that they lead to, step by step."""
    reached: set[int] = set()
    left = list(roots)
    while left:
        node = left.pop()
        if node not in reached:
            reached.add(node)
            left += onward(node)
    return reached


def _nodes_in(value: Any) -> Iterator[int]:
    """The nodes of the arrays in an argument, as far as they have one."""
    if isinstance(value, tuple | list):
        for part in value:
            yield from _nodes_in(part)
    elif isinstance(value, np.ndarray) and (node := getattr(value, "_node", None)) is not None:
        yield node


class Storage:
    """A block of memory that arrays look into.

    Attributes:
        root: the array that owns it.
        node: the node of its whole content, in the root's shape; None while nobody has asked.
        version: how often it was written to.
        entries: by place, in bytes, the nodes of the numbers that were written there one by one.
        parts: by version, the part that was written to last, from one byte to another.
    """

    def __init__(self, root: np.ndarray):
        self.root, self.version = root, 0
        self.node: int | None = None
        self.entries: dict[int, int] = {}
        self.parts: dict[int, tuple[int, int]] = {}

    def is_as_of(self, version: int, array: np.ndarray) -> bool:
        """Whether nothing was written to an array since then, but to others of this memory."""
        if version == self.version or self.version - version > RECENT:
            return version == self.version
        begin, end = byte_bounds(array)
        later = [self.parts.get(k) for k in range(version + 1, self.version + 1)]
        return all(part is not None and (end <= part[0] or part[1] <= begin) for part in later)


class Handed(NamedTuple):
    """A call of what a program hands to an optimiser: its nodes, from one to another, and what it
    got and gave, by name."""

    code: CodeType
    begin: int
    end: int
    made: dict[str, Any]


class Tape:
    """A recording of the file that code objects name as theirs.

    Args:
        path: the file name that its code was compiled with.
        beside: those of modules that lie beside it.
    """

    def __init__(self, path: str):
        self.path = path
        self.beside: set[str] = set()
        self.nodes: dict[int, Node] = {}
        self.next, self.bytes = 0, 0
        self.sizes: set[int] = set()  # of all tables, until there are stand-ins
        self.guessed = False  # whether there are stand-ins for data
        self.stand_ins: dict[int, np.ndarray] = {}  # the memory of these, by id
        self.data: Callable[..., Any] = lambda name, file="": None  # makes one
        self.rows = 0  # of data that are read, at most; 0 for all
        self.frames = False  # whether there are any of pandas'
        self.handed: list[Handed] = []
        self.find: Callable[[Any], Any] = lambda file: file  # where a file is that has this name
        self.storages: weakref.WeakValueDictionary[int, Storage] = weakref.WeakValueDictionary()
        self.lines: dict[int, list[int]] = {}  # of the file that ran, each with its nodes
        self.positions: dict[CodeType, list] = {}
        self.inner: dict[tuple, int] = {}  # places in modules beside, numbered
        self.held: list[Storage] = []  # of arrays that cannot hold their own
        self.lists: dict[int, tuple[list, list, Any]] = {}  # by id, of numbers, as arrays
        self.placed: set[int] = set()  # the nodes that are an entry of an array
        self.written: dict[int, tuple[int, int]] = {}  # by its node, what an array was, how often

    def add(self, op: str, args: tuple, kw: dict[str, Any], value: Any) -> int:
        """A new node's id."""
        value = np.array(value)
        self.bytes += value.nbytes
        most = GUESSED_BYTES if self.guessed else MAX_BYTES
        if len(self.nodes) >= MAX_NODES or self.bytes > most:
            raise TapeFull
        node = Node(self.next, op, args, kw, value, self._here())
        self.nodes[node.id] = node
        self.next += 1
        self.sizes.update(value.shape if value.ndim > 1 and not self.guessed else ())
        return node.id

    def some_of(self, data: Any) -> Any:
        """Data that a program reads; of a long table so many rows as there may be."""
        many = len(data) if getattr(data, "shape", ()) else 0
        return data[:: -(-many // self.rows)] if 0 < self.rows < many else data

    def stands_in(self, array: np.ndarray) -> None:
        """That an array is one of the stand-ins for data."""
        self.stand_ins[id(owner(array))] = owner(array)

    def forget(self, start: int = 0) -> None:
        """All nodes from one on: what they gave is given from now on."""
        self.nodes = {number: node for number, node in self.nodes.items() if number < start}
        self.bytes = sum(node.value.nbytes for node in self.nodes.values())

    def behind(self, error: BaseException) -> set[int] | None:
        """The nodes that an operation was done on which has failed, and all that they come from;
        None where it was none of arrays."""
        frames, own = list(traceback.walk_tb(error.__traceback__)), {self.path, *self.beside}
        last = max((k for k, (frame, _) in enumerate(frames)
                    if frame.f_code.co_filename in own), default=0)  # fmt: skip
        values = [one for frame, _ in frames[last + 1 :] for one in frame.f_locals.values()]
        roots = {one for value in values for one in _nodes_in(value)}
        kept = lambda some: [one for one in some if one in self.nodes]  # noqa: E731
        return spread(kept(roots), lambda one: kept(self.nodes[one].references)) or None

    def frame(self, *, beside: bool = False) -> FrameType | None:
        """The innermost frame of the file; or of a module beside it."""
        frame, known = sys._getframe(1), self.beside if beside else ()
        while frame is not None:
            name = frame.f_code.co_filename
            if name == self.path or name in known:
                return frame
            frame = frame.f_back
        return None

    def _here(self) -> Span:
        """Where the program is."""
        frame = self.frame()
        deepest = self.frame(beside=True) if self.beside else frame
        if frame is None or deepest is None:
            return NOWHERE._replace(inner=self._inner(deepest))
        outer: FrameType | None = frame
        while outer is not None:
            if outer.f_code.co_filename == self.path:
                self.lines.setdefault(outer.f_lineno, []).append(self.next)
            outer = outer.f_back
        code = frame.f_code
        if code not in self.positions:
            self.positions[code] = list(code.co_positions())
        line, end_line, column, end_column = self.positions[code][frame.f_lasti // 2]
        if line is None or column is None:
            line, column, end_line, end_column = frame.f_lineno, 0, frame.f_lineno, 0
        inner = self._inner(deepest) if deepest is not frame else 0
        return Span(line, column, end_line, end_column, code.co_qualname, code.co_firstlineno,
                    inner, deepest.f_code.co_qualname)  # fmt: skip

    def _inner(self, frame: FrameType | None) -> int:
        """A number for where the program is in a module beside; 0 where it is in none."""
        if frame is None:
            return 0
        place = (frame.f_code.co_filename, frame.f_code.co_qualname, frame.f_lasti)
        return self.inner.setdefault(place, len(self.inner) + 1)

    def node_of(self, array: np.ndarray) -> int:
        """The node of an array's present content: its own, or one that reads it from memory."""
        storage = self.storage_of(array)
        own: int | None = getattr(array, "_node", None)
        if own in self.nodes and storage.is_as_of(cast("Recorded", array)._version, array):
            return own
        whole = self.whole(storage)
        node = whole
        if not spans_root(array, storage.root):
            value = np.asarray(array)
            node = self.add("take", (Ref(whole), root_indices(array, storage.root)), {}, value)
        self.mark(array, node, storage)
        return node

    def storage_of(self, array: np.ndarray) -> Storage:
        """The memory that an array looks into."""
        storage = getattr(array, "_storage", None)
        if storage is None:
            root = owner(array)
            storage = self.storages.get(id(root))
            if storage is None:
                storage = self.storages[id(root)] = Storage(root)
            if hasattr(array, "_node"):
                cast("Recorded", array)._storage = storage
            elif storage not in self.held:
                self.held.append(storage)
        return storage

    def whole(self, storage: Storage) -> int:
        """The node of all that is in a storage; a leaf where nothing was recorded of it."""
        if storage.node not in self.nodes:
            storage.node = self.add("leaf", (), {}, np.asarray(storage.root))
        return storage.node

    def mark(self, array: np.ndarray, node: int, storage: Storage) -> None:
        """Remember that a node gave what is in an array now."""
        if hasattr(array, "_node"):
            recorded = cast("Recorded", array)
            recorded._node, recorded._version = node, storage.version
        if spans_root(array, storage.root):
            storage.node = node

    def write(
        self, array: np.ndarray, op: str, args: tuple, kw: dict, change: Callable[[], Any]
    ) -> None:
        """Change what is in an array, and record it for all that look into the same memory."""
        storage = self.storage_of(array)
        whole = self.whole(storage)
        change()
        storage.entries.clear()
        node = self.add(op, args, kw, np.asarray(array))
        storage.version += 1
        storage.parts[storage.version] = byte_bounds(array)
        if not spans_root(array, storage.root):
            args = (Ref(whole), root_indices(array, storage.root), Ref(node))
            storage.node = self.add("put", args, {}, np.asarray(storage.root))
        self.mark(array, node, storage)
        self._follow(whole, storage)

    def _follow(self, before: int, storage: Storage) -> None:
        """Remember what was in a storage before it was written to, and how often it was."""
        first, times = self.written.pop(before, (before, 0))
        if storage.node is not None:
            self.written[storage.node] = (first, times + 1)

    def entry(self, array: np.ndarray, index: tuple[int, ...]) -> int | None:
        """The node of a number that was written to one place of an array."""
        storage = self.storage_of(array)
        node = storage.entries.get(place_of(array, storage.root, index))
        return node if node in self.nodes else None

    def entries(self, array: np.ndarray) -> dict[int, int]:
        """The nodes of the numbers that were written to an array one by one, by their places."""
        storage = self.storage_of(array)
        if not storage.entries:
            return {}
        steps = np.tensordot(array.strides, np.indices(array.shape), 1).reshape(-1)
        known = {at: k for k, at in enumerate(begins(array, storage.root) + steps)}
        inside = {known[at]: node for at, node in storage.entries.items() if at in known}
        return {place: node for place, node in inside.items() if node in self.nodes}

    def write_entry(
        self, array: np.ndarray, index: tuple[int, ...], value: Any, change: Callable[[], Any]
    ) -> None:
        """Change one entry of an array: a number that was computed keeps its own node there.

        Args:
            value: the number, or its reference.
        """
        storage = self.storage_of(array)
        whole, place = self.whole(storage), place_of(array, storage.root, index)
        if isinstance(value, Ref) and value.id in self.placed:  # each place has its own
            value = Ref(self.add("np.copy", (value,), {}, self.nodes[value.id].value))
        where = np.unravel_index(root_indices(array, storage.root)[index], storage.root.shape)
        change()
        args = (Ref(whole), tuple(map(int, where)), value)
        storage.node = self.add("setitem", args, {}, np.asarray(storage.root))
        storage.version += 1
        storage.entries.pop(place, None)
        if isinstance(value, Ref) and self.nodes[value.id].value.dtype == storage.root.dtype:
            storage.entries[place] = value.id
            self.placed.add(value.id)
        if spans_root(array, storage.root):
            self.mark(array, storage.node, storage)
        self._follow(whole, storage)


class _Current:
    """The tape that is being written."""

    tape = Tape("")


def record_on(tape: Tape) -> None:
    """Record on this tape from now on."""
    _Current.tape = tape


def current() -> Tape:
    """The tape that is being written."""
    return _Current.tape
