"""The loops of a program, watched: what a pass changes tells a training step from others.

A loop whose step was seen ends there, all others run as they are.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from jaxmlp.verify.run.arrays import lifted
from jaxmlp.verify.run.graph import Graph
from jaxmlp.verify.run.recording import taken
from jaxmlp.verify.run.step import (
    SUMS,
    Move,
    TapePlace,
    is_stale,
    moves,
    prepared_steps,
    reachable_arrays,
)
from jaxmlp.verify.run.tape import Node, Ref, current
from jaxmlp.verify.run.targets import targets

WATCHED_PASSES = 4  # passes of a loop, after which it is taken for one that does not train
CLOCK_PASSES = 8  # passes, after which it is looked at the clock again
MOST_PASSES = 20_000  # passes of a loop that trains nothing: of a million sums the rest is left out
AFTER = 3  # of the time that is left, for what follows the first step
MOST_STEPS = 3  # steps that are looked for
ROOM = 20_000  # nodes kept from before a step
NO_MORE = object()  # passes of a loop


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
        resized: what has more entries after the step, as a bias that was not summed over the
            samples; or fewer, as one that was summed over the units, too.
        handed: whether it is what an optimiser gets: E, and its gradient.
    """

    line: int
    name: str
    begin: int
    end: int
    moves: list[Move]
    values: dict[str, TapePlace]
    last: int = 0
    newest: Mapping[int, int] = {}
    resized: tuple[Move, ...] = ()
    stale: bool = False
    handed: bool = False


class Loops:
    """What of the passes was seen.

    Args:
        until: when to stop, by `time.process_time`.
        errors: what has stopped so far.
        imported: whether it is a module of the program that is judged, and not the program.

    Attributes:
        seen: the steps, and what calls have left.
        aimless: what moves towards no target; or in the first pass of a loop nowhere, or into
            another shape: if there is nothing else, a step.
        called: the first step that a single call makes, which stands in no loop: if there is
            nothing else.
        before: the errors before the first step; None as long as there is none.
        depth: how many loops are being passed, one inside the other.
    """

    def __init__(self, until: float, errors: list[tuple[str, int, str]], *, imported: bool = False):
        self.until, self.errors, self.imported = until, errors, imported
        self.seen: list[Seen] = []
        self.aimless: list[Seen] = []
        self.single_pass = False  # whether the loop that made the last step has made one pass only
        self.called: list[Seen] = []
        self.before: list[tuple[str, int, str]] | None = None
        self.depth = 0
        self.counts: dict[tuple[str, int], int] = {}
        self.stepped: set[tuple[str, int]] = set()  # the loops in which a step was seen
        self.again = 0  # how many passes of such a loop were not watched any more

    def passes(self, over: Any, line: int) -> Iterator[Any]:
        """The passes of a `for` loop."""
        frame = current().frame(beside=True)
        yield from self._watched(_entries(over), line, frame)

    def _line(self, line: int) -> int:
        """A loop's line; of one in a module beside, the line that led there, if one has."""
        frame = current().frame()
        inner = current().frame(beside=True)
        if frame is None:
            return 0 if self.imported else line
        return line if frame is inner else frame.f_lineno

    def passes_while(self, test: Callable[[], Any], line: int) -> Iterator[None]:
        """The passes of a `while` loop."""

        def rounds() -> Iterator[None]:
            while test():
                yield None

        where = current().frame(beside=True)
        yield from self._watched(rounds(), line, where, ends=False)

    def _watched(
        self, entries: Iterator[Any], line: int, frame: Any, *, ends: bool = True
    ) -> Iterator[Any]:
        """The passes of a loop; a long one that trains nothing is cut off.

        Args:
            ends: whether it would come to an end.
        """
        earlier: tuple[int, dict[str, TapePlace]] | None = None
        place, line = (frame.f_code.co_filename, line), self._line(line)
        for passes, entry in enumerate(entries):
            if passes % CLOCK_PASSES == 0 and time.process_time() > self.until:
                raise OutOfTime
            self.counts[place] = self.counts.get(place, 0) + 1
            without_end = ends != bool(self.seen)  # or once there is a step
            if passes > MOST_PASSES and without_end:
                return
            if self.counts[place] > WATCHED_PASSES:
                if self.depth == 0:
                    self.make_room()
                self.again += place in self.stepped
                yield entry
                continue
            start, known, again = current().next, len(self.seen), self.again
            before = self._places(frame)
            yield from self._inside(entry)
            if self.again > again:  # the steps are those of a loop inside
                continue
            if len(self.seen) == known:
                after = self._places(frame)
                self.look(line, "", start, before, after, first=self.counts[place] == 1)
                made = self.seen[known:]
                if made and (late := prepared_steps(current().nodes, made[-1].moves)):
                    self.seen.pop()
                    if earlier:
                        begun, first = earlier
                        left = {name: place for name, place in first.items() if name not in late}
                        self.look(line, "", begun, left, after, passes=2)
                else:
                    yield from self._once_more(entries, line, frame, known)
            elif self.single_pass:
                yield from self._once_more(entries, line, frame, known)
            if len(self.seen) > known:
                self.stepped.add(place)
                return
            earlier = start, before

    def make_room(self) -> None:
        """Forget what was computed, where it is much and there is no step in it."""
        if len(current().nodes) > ROOM and not (self.seen or self.called):
            current().forget()
            self.aimless.clear()

    def single(self, names: Mapping[str, Any], line: int, call: Callable[[], Any]) -> None:
        """A call that stands in no loop, as `network.learn(x, y)`: it may be a step."""
        if self.seen or self.called:
            call()
            return
        begin, before = current().next, reachable_arrays(names)
        call()
        after = reachable_arrays(names)
        for start in (begin, 0):  # the forward pass may be a call of its own, before this one
            made = _made(self._line(line), "", start, before, after, alone=True)
            if made and not self.seen and _is_one_step(made) and _has_target(made):
                self.called.append(made)
                return

    def _places(self, frame: Any) -> dict[str, TapePlace]:
        return reachable_arrays(frame.f_locals, frame.f_globals, hidden=frame.f_code.co_varnames)

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
        """The pass after the first step, which is judged in its place if something is stale; where
        a loop has no other, that of the loop around it."""
        made = len(self.seen) > known
        if not made or (entry := next(entries, NO_MORE)) is NO_MORE:
            self.single_pass = made
            return
        self.single_pass = False
        start, before = current().next, self._places(frame)
        yield from self._inside(entry)
        first, after = self.seen[known], self._places(frame)
        del self.seen[known:]
        if is_stale(current().nodes, (first.begin, first.end), (start, current().next)):
            self.look(line, "", start, before, after)
            self.seen[known:] = [step._replace(stale=True) for step in self.seen[known:]]
        if len(self.seen) == known:
            newest = {m.new: after[m.name].node for m in first.moves if m.name in after}
            self.seen.append(first._replace(last=current().next, newest=newest))

    def look(
        self, line: int, name: str, start: int, before: dict[str, TapePlace],
        after: dict[str, TapePlace], *, first: bool = False, passes: int = 1,
    ) -> None:  # fmt: skip
        """Remember a step, if what has changed makes one.

        Args:
            first: whether it is the first pass of a loop: the next may say more.
            passes: in which the step was made.
        """
        alone = self.depth == 0  # inside a pass it may be what is carried back through time
        if len(self.seen) < MOST_STEPS and (
            made := _made(line, name, start, before, after, alone=alone)
        ):
            made = _first_of_several(made) if passes == 1 else made
            again = first and (_reshapes(before, after) or _rests(made))
            if again or not (_has_target(made) or prepared_steps(current().nodes, made.moves)):
                self.aimless.append(made)
                return
            self.seen.append(made)
            if self.before is None:
                self.before, now = self.errors[:], time.process_time()
                self.until = now + (self.until - now) / AFTER


def _made(
    line: int, name: str, start: int, before: dict[str, TapePlace], after: dict[str, TapePlace],
    *, alone: bool,
) -> Seen | None:  # fmt: skip
    """The step that has changed places, if it is one."""
    moved = moves(before, after, start, alone=alone)
    olds = {move.old for move in moved}
    still = {
        name: was
        for name, was in before.items()
        if name in after
        and (was == after[name] or (was.node not in olds and _is_same(was, after[name])))
    }
    made = Seen(line, name, start, current().next, moved, still)
    return made._replace(resized=_resized(before, after)) if moved else None


def _first_of_several(made: Seen) -> Seen:
    """The first step of several that one pass makes, as by a function that it calls twice: in each
    of them all parameters are moved at the same places in the program."""
    nodes = current().nodes
    firsts = [_first_moved(nodes, move) for move in made.moves]
    if any(first in (None, move.new) for first, move in zip(firsts, made.moves, strict=True)):
        return made
    moves = [m._replace(new=first) for m, first in zip(made.moves, firsts, strict=True)]
    return made._replace(moves=moves, end=max(move.new for move in moves) + 1)


def _first_moved(nodes: Mapping[int, Node], move: Move) -> int | None:
    """Where a parameter was moved first, by the expression that moved it last; None where it was
    not by that alone, or entry by entry."""
    number: int | None = move.new if nodes[move.new].op in SUMS else None
    while number is not None and move.old not in nodes[number].references:
        last = nodes[number]
        number = next((i for i in last.references if i in nodes
                       and (nodes[i].op, nodes[i].span) == (last.op, last.span)), None)  # fmt: skip
    return number


def _is_same(was: TapePlace, now: TapePlace) -> bool:
    """Whether nothing but 0 was added to an array, as b − η db does where db is 0."""
    nodes = current().nodes
    old, new = nodes.get(was.node), nodes.get(now.node)
    summed = new is not None and new.op in SUMS and was.node in new.references
    return summed and old is not None and np.array_equal(old.value, new.value)


def _resized(
    before: Mapping[str, TapePlace], after: Mapping[str, TapePlace]
) -> tuple[Move, ...]:  # fmt: skip
    """The arrays that have become larger by what was added to them, b (4,) as (30, 4), or that are
    replaced by something smaller."""
    nodes = current().nodes
    whole = ((name, was) for name, was in before.items() if np.prod(was.shape) > 1)
    arrays = [(name, was, after[name]) for name, was in whole
              if name in after and after[name].node in nodes]  # fmt: skip
    return tuple(
        Move(name, was.node, now.node) for name, was, now in arrays
        if np.prod(now.shape) < np.prod(was.shape)
        or (np.prod(now.shape) > np.prod(was.shape) and was.node in nodes[now.node].references)
    )  # fmt: skip


def _is_one_step(made: Seen) -> bool:
    """Whether each parameter is its old value and something, and nothing was added to it before."""
    nodes = current().nodes
    return all(Ref(m.old) in nodes[m.new].args for m in made.moves)


def _reshapes(before: Mapping[str, TapePlace], after: Mapping[str, TapePlace]) -> bool:
    """Whether some array has the same entries in another shape, as w (3,) has after w − ηd (1, 3):
    from then on it keeps that one."""
    both = [(was.shape, after[name].shape) for name, was in before.items() if name in after]
    return any(old and old != new and np.prod(old) == np.prod(new) for old, new in both)


def _rests(made: Seen) -> bool:
    """Whether all arrays stay where they are, as by a step size that grows from 0 on."""
    nodes = current().nodes
    pairs = [(nodes[m.old].value, nodes[m.new].value) for m in made.moves]
    return all(old.ndim and np.array_equal(old, new) for old, new in pairs)


def _has_target(made: Seen) -> bool:
    """Whether something is moved towards a target; an inner loop that moves one layer has none."""
    nodes = taken(made, current().nodes, {}, guessed=False).nodes
    return bool(targets(Graph(nodes), [m.old for m in made.moves], [m.new for m in made.moves]))


def _entries(over: Any) -> Iterator[Any]:
    for entry in over:
        yield _lifted(entry)


def _lifted(entry: Any) -> Any:
    """An entry with arrays that record; lists stay the program's own, which it may write to."""
    if type(entry) is tuple:
        return tuple(map(_lifted, entry))
    return entry if isinstance(entry, list) else lifted(entry)
