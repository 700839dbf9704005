"""Runs of one file, until its data have shapes with which it works.

A file that brings its data is run once. Where something is not there, the oracle's first choices
are tried, then all runs that differ from one that failed in one choice, and so on.
"""

import contextlib
import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from jaxmlp.verify.run import calls, remedies
from jaxmlp.verify.run.code import Code
from jaxmlp.verify.run.hooked import BATCH_SAMPLES, MANY_SAMPLES, bound
from jaxmlp.verify.run.later import what_follows
from jaxmlp.verify.run.left import Left, RunStart, Trial
from jaxmlp.verify.run.loops import OutOfTime
from jaxmlp.verify.run.message import LARGEST_ARRAY
from jaxmlp.verify.run.oracle import Oracle
from jaxmlp.verify.run.program import Program
from jaxmlp.verify.run.recording import Recording, recording_as_data, taken
from jaxmlp.verify.run.sense import has_target, sensible
from jaxmlp.verify.run.tape import TapeFull, current
from jaxmlp.verify.run.uncalled import Uncalled, single_methods, that_learns

MOST_WORLDS = 8  # sets of shapes that work, which are given back
SPARE = 100  # of shapes that make no sense, after which others do not either
MOST_BYTES = 60 << 20  # bytes of all of them
TRIES = 300  # runs of a file, or of a function of it
CLASS_TRIES = 100  # of a class without some of its methods
EVEN_SHARES = 2  # of an even share of the time, for one of several calls
MOST_REFUSED = 8  # of a call with words: runs that the program itself has stopped
MOST_IDLE = 40  # of a call: those in which there is nothing to judge, though nothing fails
RETRIES = 4  # of a changed program, with the shapes of the one before
MOST_OWN_SIZES = 8  # sizes of the program's own, at most
LARGE_ARRAY = 50_000  # numbers in an array, from where on fewer units are tried
RUN_TIME_DIVISOR = 2  # of the time a run may take, as long as fewer units may be tried
PARTIAL_ROWS = 300  # rows of a table, where all of it is too much
TOO_MUCH = {"TapeFull", "OutOfTime"}


@dataclass
class Made:
    """The recordings of one file or call, packed, of which the first kind that there is counts.

    Attributes:
        found: of shapes with which all works.
        partly: of a class of which only later methods fail.
        spare: of shapes that make no sense, in which nothing moves.
        size: the bytes of those found.
    """

    found: list[dict[str, Any]] = field(default_factory=list)
    partly: list[dict[str, Any]] = field(default_factory=list)
    spare: list[dict[str, Any]] = field(default_factory=list)
    size: int = 0

    @property
    def is_enough(self) -> bool:
        """Whether there is no need of others."""
        return len(self.found) >= MOST_WORLDS or len(self.spare) >= SPARE

    def all(self) -> list[dict[str, Any]]:
        """What there is to be judged."""
        return self.found or self.partly or self.spare[:MOST_WORLDS]


class Search:
    """All runs of one program.

    Args:
        code: that is run.
        until: when to stop, by `time.process_time`.
        seed: of the stand-ins, and of the program's own random numbers.
        given: the shapes to begin with.
        judged: the path of the file that is judged, where that is not the program but a module
            which it imports.
    """

    def __init__(
        self, code: Code, until: float, seed: int, first: RunStart | None = None, judged: str = ""
    ):
        self.code, self.unknown = code, set(code.unknown)
        self.judged, self.reads, self.rows = judged, True, 0
        self.first, self.tries = first or RunStart(), TRIES if first is None else RETRIES
        self.guessed = False
        self.farthest: tuple[tuple, RunStart, list] | None = None
        self.until, self.seed = until, seed
        self.given, self.many = bound(code.body), code.many
        self.errors: list[tuple[str, int, str]] = []
        self.missing: list[str] = []
        self.shapes: set[str] = set()
        self.sizes: tuple[int, ...] = ()
        self.fewer: dict[str, int] = {}  # sizes in place of those that fill the tape

    def worlds(self, call: Uncalled | None) -> list[dict[str, Any]]:
        """The recordings of the file, or of a call, each with other shapes for what is missing."""
        made, left, started = Made(), Left(self.first), False
        refused = idle = 0
        while left and left.tried < self.tries and not made.is_enough:
            if time.process_time() >= self.until:
                break
            run = left.pop()
            run = run._replace(given=run.given._replace(lengths=self.fewer | run.given.lengths))
            program = self._run(run.given, call)
            if program.has_read and not program.has_step:
                self._read_less(program)
                left.again.append(run)
                continue
            self.guessed |= program.oracle.guesses or current().guessed
            if call is not None:
                refused += bool(call.words) and _refuses(program)
                idle += not (program.seen or program.failures)
                if refused > MOST_REFUSED or idle > MOST_IDLE:
                    break
            if self._lacked_names(program):
                left.again.append(run)
                continue
            lengths = remedies.needed_lengths(program, run.given.lengths)
            if left.push((), run.cost, run.given._replace(lengths=lengths)):
                continue
            if not started:
                started, self.errors, self.missing = True, program.errors, program.missing
            if program.oracle.taken and self._tells_sizes(program):
                left.again.append(run)
                continue
            if self._may_not_fail(program, run, left):
                made.partly += map(recording_as_data, self._taken(program, guessed=True))
                continue
            if enough := self._harvest(program, made, call):
                return self._smaller(enough, program, call) or made.found
            self._push_changes(program, call, run, left, lengths=not made.found)
        return made.all()

    def _may_not_fail(self, program: Program, run: Trial, left: Left) -> bool:
        """Whether data that stand in have other sizes than the program counts on, so that it is run
        again; what it gives so may be of zeros that it could not fill."""
        if not (program.failures and current().guessed and _works(program)):
            return False
        sizes = remedies.sized(program, run.given.lengths, self.many)
        now = (len(program.failures), -program.reached)
        pushed = [left.push(now, run.cost, run.given._replace(lengths=size)) for size in sizes]
        return any(pushed)

    def _read_less(self, program: Program) -> None:
        """Read only a part of data that are too many; else none: with stand-ins in place of them
        there may be a step."""
        kinds = {kind for kind, _, _ in program.errors}
        self.reads = bool(kinds & TOO_MUCH) and not self.rows
        self.rows = PARTIAL_ROWS if self.reads else 0

    def _harvest(self, program: Program, made: Made, call: Uncalled | None) -> list[Recording]:
        """Keep what a run has given; this, if no other run is needed."""
        oracle = program.oracle
        if not _works(program):
            if program.went_back and program.seen and len(made.partly) < MOST_WORLDS:
                made.partly += map(
                    recording_as_data, filter(sensible, self._taken(program, guessed=True))
                )
            return []
        self.errors = program.failures
        seen = self._taken(program, guessed=oracle.guesses)
        good = [world for world in seen if not world.guessed or oracle.ours or sensible(world)]
        if oracle.guesses and program.calls:  # a stand-in for one sample may have several
            seen = [replace(world, resized=()) for world in seen]
            grown = [replace(world, resized=()) for world in good if world.resized]
            good = [world for world in good if not world.resized]
            made.spare += map(recording_as_data, grown)
        trains = not program.calls if current().guessed else _may_train(program, call)
        if trains and not any(world.moves for world in good):
            made.spare += map(recording_as_data, good)  # perhaps for want of samples
            return []
        made.found += map(recording_as_data, good)
        made.size += current().bytes if good else 0
        made.spare += [recording_as_data(world) for world in seen if not (good or world.moves)]
        asked_for = not oracle.drawn  # all shapes are those that the program asks for
        return good if asked_for or made.size > MOST_BYTES else []

    def _push_changes(
        self, program: Program, call: Uncalled | None, run: Trial, left: Left, *, lengths: bool
    ) -> None:
        """The runs that differ a little from one, as others to try.

        Args:
            lengths: whether in the lengths, too.
        """
        works, now = _works(program), (len(program.failures), -program.reached)
        if call is None and (self.farthest is None or now < self.farthest[0]):
            picked = tuple(k for k, _ in program.oracle.taken)
            self.farthest = now, run.given._replace(told=picked), program.failures
        cost = run.cost + (bool(run.far) and now >= run.far)  # a change that has changed nothing
        if lengths:
            may_be_few = not (works and call)
            for others in self._lengths(program, run.given.lengths, may_be_few=may_be_few):
                near = run.given._replace(lengths=others)
                left.push(now, cost + remedies.LIKELY / 4, near)
        for more, told in remedies.other_choices(program, run.given.told, all_of_it=works):
            left.push(now, cost + more, run.given._replace(told=told))

    def _lengths(
        self, program: Program, lengths: dict[str, int], *, may_be_few: bool
    ) -> list[dict[str, int]]:
        """Other lengths to try; with fewer units where all are too many."""
        others = remedies.other_lengths(program, lengths, self.many, may_be_few=may_be_few)
        kinds = {kind for kind, _, _ in program.failures}
        # with all numbers apart, 100 are many, too
        least = BATCH_SAMPLES if "OutOfTime" in kinds else MANY_SAMPLES
        if kinds & TOO_MUCH and (fewer := remedies.fewer_units(self.many, lengths, least)):
            self.fewer |= fewer
            known = {name: fewer.get(str(size), size) for name, size in lengths.items()}
            others.append({**known, **fewer})
        return others

    def of_all(
        self, uncalled: list[Uncalled], known: Sequence[list[dict[str, Any]]] = ()
    ) -> list[list[dict[str, Any]]]:
        """The recordings of calls; of a class with one method each, where all together fail.

        Args:
            known: recordings of calls that were made before: what they have run is not called,
                nor what a step has, in the first recording that there is of it.
        """
        recordings: list[list[dict[str, Any]]] = []
        for left, call in zip(range(len(uncalled), 0, -1), uncalled, strict=True):
            first = [some[:1] for some in recordings if any(one["moves"] for one in some[:1])]
            if call.is_run_by([*known, *(recordings if known else first)]):
                continue
            with self._a_part(min(1.0, EVEN_SHARES / left)):
                made = [learned] if (learned := self._learning(call)) else [self.worlds(call)]
                made = made if made[0] else [self.worlds(part) for part in single_methods(call)]
            recordings += made
        return recordings

    @contextlib.contextmanager
    def _a_part(self, share: float) -> Iterator[None]:
        """Meanwhile there is this share of the time that is left."""
        until, now = self.until, time.process_time()
        self.until = now + (until - now) * share
        try:
            yield
        finally:
            self.until = until

    def _learning(self, call: Uncalled) -> list[dict[str, Any]]:
        """The recordings of a class without its methods that matter for no step, if there are."""
        if (learning := that_learns(call)) is None:
            return []
        known, tries = {*self.shapes}, self.tries
        self.tries = min(tries, CLASS_TRIES)
        with self._a_part(0.5):
            made = self.worlds(learning)
        self.tries = tries
        if any(world["moves"] or world["handed"] for world in made):
            return made
        self.shapes = known
        return []

    def _smaller(
        self, made: list[Recording], program: Program, call: Uncalled | None
    ) -> list[dict[str, Any]]:
        """The same with fewer units where the program has hundreds, if it works with them."""
        oracle = program.oracle
        largest = max((n.value.size for world in made for n in world.nodes.values()), default=0)
        fewer = remedies.fewer_units(self.many, oracle.lengths)
        if largest < LARGE_ARRAY or not fewer:
            return []
        told = tuple(picked for picked, _ in oracle.taken)
        again = self._run(RunStart(told, {**oracle.lengths, **fewer}), call)
        if not again.seen or again.failures:
            return []
        return [
            recording_as_data(world) for world in filter(sensible, self._taken(again, guessed=True))
        ]

    def _taken(self, program: Program, *, guessed: bool) -> list[Recording]:
        """What a run has seen, unless another with the same shapes has seen it."""
        nodes = current().nodes
        shapes = str([(n.op, n.value.shape, n.span.line) for n in nodes.values()])
        if shapes in self.shapes:
            return []
        self.shapes.add(shapes)
        flagged = any(map(_is_flag, program.oracle.taken))
        made = [replace(taken(one, nodes, current().lines, guessed=guessed), flagged=flagged)
                for one in program.seen]  # fmt: skip
        made = [one if has_target(one) else replace(one, moves=()) for one in made]
        made = list(filter(_can_be_sent, made))
        step = next((k for k, one in enumerate(made) if one.moves), None)
        if step is not None and len(self.shapes) == 1 and not guessed:  # stand-ins are alike
            with contextlib.suppress(TapeFull):
                after = what_follows(program.seen[step], made[step].nodes, program.names)
                made[step] = replace(made[step], later=after)
        return made

    def _run(self, start: RunStart, call: Uncalled | None) -> Program:
        """The file, run with these choices and lengths, and after it a call."""
        np.random.seed(self.seed)  # noqa: NPY002  (the program's own)
        random.seed(self.seed)
        now = time.process_time()  # with fewer units there is time for more than one run
        until = (
            self.until
            if self.fewer or not self.many
            else now + (self.until - now) / RUN_TIME_DIVISOR
        )
        oracle = Oracle(*start, self.seed, self.sizes)
        program = Program(self.code, oracle, self.unknown, until, self.judged,
                          reads=self.reads, rows=self.rows)  # fmt: skip
        try:
            with np.errstate(all="ignore"):
                program.run()
                if call is not None:
                    program.seen.clear()
                    self._lacked_names(program)
                    program.errors.clear()
                    program.calls = True
                    calls.call(program, call)
                elif (others := [*program.loops.called, *calls.handed()]) and not program.seen:
                    program.seen.extend(others)
                elif not (program.seen or program.loops.aimless) and (
                    calls.has_matrix_product() or program.begun
                ):
                    program.look_back()
        except (OutOfTime, TapeFull) as why:
            if call is not None and not program.calls:
                program.seen.clear()  # the file's own step is not that of the call
            program.errors.append((type(why).__name__, 0, ""))
        if not program.seen:
            program.seen.extend(program.loops.aimless)
        return program

    def _tells_sizes(self, program: Program) -> bool:
        """Whether an error tells of sizes of the file's own, which what is missing may have."""
        before = self.sizes
        new = sorted(remedies.sizes_wanted(program) - {*before})
        self.sizes = (*before, *new)[:MOST_OWN_SIZES]
        return self.sizes != before

    def _lacked_names(self, program: Program) -> bool:
        """Whether something stopped for want of a name that is there from now on."""
        new = remedies.missing_names(program) - self.unknown - self.given
        self.unknown |= new
        return bool(new)


def _may_train(program: Program, call: Uncalled | None) -> bool:
    """Whether a call passes loops, and is not by its name one that gives gradients."""
    return bool(program.calls and program.loops.counts and call and not call.back)


def _refuses(program: Program) -> bool:
    """Whether the program has stopped where it refuses something itself."""
    return any(line in program.code.raises for _, line, _ in program.errors[:1])


def _can_be_sent(recording: Recording) -> bool:
    """Whether none of its arrays is too large, as a grid for a picture may be."""
    return all(node.value.size <= LARGEST_ARRAY for node in recording.nodes.values())


def _is_flag(choice: tuple[int, Sequence[Any]]) -> bool:
    """Whether it is between yes and no, or of a number in place of these."""
    picked, options = choice
    return isinstance(options[picked], bool) or (
        type(options[picked]) is int and any(isinstance(option, str) for option in options)
    )


def _works(program: Program) -> bool:
    """Whether there is something to judge, and nothing that was guessed has failed."""
    return bool(program.seen) and not (program.oracle.guesses and program.failures)
