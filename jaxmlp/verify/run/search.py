"""Runs of one file, until its data have shapes with which it works.

A file that brings its data is run once. Where something is not there, the oracle's first choices
are tried, then all runs that differ from one that failed in one choice, and so on.
"""

from __future__ import annotations

import ast
import contextlib
import heapq
import itertools
import random
import re
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from jaxmlp.verify.run import calls
from jaxmlp.verify.run.arrays import current
from jaxmlp.verify.run.hooked import BATCH, MANY, bound, many
from jaxmlp.verify.run.later import later
from jaxmlp.verify.run.network import has_target, sensible
from jaxmlp.verify.run.oracle import POSITIVE, ROWS, SAMPLES, WHOLE, Oracle
from jaxmlp.verify.run.program import OutOfTime, Program
from jaxmlp.verify.run.recording import Recording, packed, taken
from jaxmlp.verify.run.step import PASSING
from jaxmlp.verify.run.tape import TapeFull
from jaxmlp.verify.run.unknown import PARAMETERS

WORLDS = 8  # sets of shapes that work, which are given back
NO_PLACE = "indices must be of integer"
KEPT = 60 << 20  # bytes of all of them
TRIES = 300  # runs of a file, or of a function of it
SHARE = 2  # of an even share of the time, for one of several calls
FOR_THE_REST = 0.4  # of the time: for what a file only defines, and for what else it names
AGAIN = 4  # of a changed program, with the shapes of the one before
LIKELIEST = 4  # of so many runs one is the likeliest, not one that changes what came far
LIKELY = 0.4  # of a choice that an error speaks for; others cost 1
LESS = 0.01  # what each option costs more than the one before
WIDEST = 5000
OWN = 8  # sizes of the program's own, at most
BATCHES = 130  # samples, where fewer make no batch
LARGE = 50_000  # numbers in an array, from where on fewer units are tried
FEWER = (17, 19, 23, 29, 31, 37)
FIRST = 2  # of the time a run may take, as long as fewer units may be tried
TOO_MUCH = {"TapeFull", "OutOfTime"}
SIZES_TOLD = ("ValueError", "IndexError")
NO_NAME = re.compile(r"name '(\w+)' is not defined")
SHAPE = re.compile(r"\([\d, ]+\)")
LABEL = re.compile(r"out of bounds for axis \d with size (\d+)")
SAMPLE = re.compile(r"index (\d+) is out of bounds for axis 0 with size (\d+)")
TOO_FEW = re.compile(r"(?i)larger (sample )?than (the )?population")
NO_FIT = re.compile(r"cannot reshape array of size (\d+) into shape \(([\d, ]+)\)")


class Given(NamedTuple):
    """What a search begins with: choices, by number, and lengths."""

    told: tuple[int, ...] = ()
    lengths: dict[str, int] = {}  # noqa: RUF012


class Left:
    """Runs that are left to try: first those that change one which came far, then the likely."""

    def __init__(self, first: Given):
        self.again: list[tuple[tuple, float, Given]] = [((), 0.0, first)]
        self.heap: list[tuple[tuple, float, int, Given]] = []
        self.number = itertools.count()
        self.made: set[tuple] = {_key(first)}
        self.tried = 0

    def __bool__(self) -> bool:
        return bool(self.again or self.heap)

    def push(self, far: tuple, cost: float, given: Given) -> bool:
        """One more, unless it is known; whether it is not.

        Args:
            far: how far the run came that it is a change of.
        """
        known = _key(given) in self.made
        self.made.add(_key(given))
        if not known:
            heapq.heappush(self.heap, (far, cost, next(self.number), given))
        return not known

    def pop(self) -> tuple[tuple, float, Given]:
        """The next: one that is made again; every few runs the likeliest."""
        self.tried += 1
        if self.again:
            return self.again.pop()
        if self.tried % LIKELIEST:
            far, cost, _, given = heapq.heappop(self.heap)
        else:  # what came far may lead nowhere
            likeliest = min(self.heap, key=lambda run: run[1:3])
            self.heap.remove(likeliest)
            heapq.heapify(self.heap)
            far, cost, _, given = likeliest
        return far, cost, given


def _key(given: Given) -> tuple:
    return (given.told, *sorted(given.lengths.items()))


class Search:
    """All runs of one file."""

    def __init__(
        self, body: list[ast.stmt], path: str, unknown: set[str], until: float, seed: int,
        given: Given | None = None,
    ):  # fmt: skip
        self.body, self.path, self.unknown = body, path, set(unknown)
        self.first, self.tries = given or Given(), TRIES if given is None else AGAIN
        self.guessed = False
        self.farthest: tuple[tuple, Given, list] | None = None
        self.until, self.seed = until, seed
        self.given = bound(body)
        self.many = many(body)
        self.errors: list[tuple[str, int, str]] = []
        self.missing: list[str] = []
        self.shapes: set[str] = set()
        self.sizes: tuple[int, ...] = ()
        self.fewer: dict[str, int] = {}  # sizes in place of those that fill the tape

    def worlds(self, what: calls.Uncalled | None) -> list[dict[str, Any]]:
        """The recordings of the file, or of a call, each with other shapes for what is missing."""
        found: list[dict[str, Any]] = []
        spare: list[dict[str, Any]] = []
        partly: list[dict[str, Any]] = []  # of a class of which only later methods fail
        left, started, kept = Left(self.first), False, 0
        while left and left.tried < self.tries and len(found) < WORLDS and self._has_time():
            far, cost, given = left.pop()
            given = given._replace(lengths={**self.fewer, **given.lengths})
            oracle = Oracle(*given, self.seed, self.sizes)
            program = self._run(oracle, what)
            self.guessed |= oracle.guesses or current().guessed
            if self._new_names(program):
                left.again.append((far, cost, given))
                continue
            longer = self._longer(program, oracle, given.lengths) if oracle.vectors else None
            lengths = longer or {**given.lengths, **_of_logarithms(oracle)}
            if left.push((), cost, given._replace(lengths=lengths)):
                continue
            if not started:
                started = True
                self.errors, self.missing = program.errors, program.missing
            if oracle.taken and self._own_sizes(program):
                left.again.append((far, cost, given))
                continue
            errors = program.errors if program.before is None else program.before
            works = bool(program.seen) and not (oracle.guesses and errors)
            if works:
                self.errors = errors
                made = self._taken(program, guessed=oracle.guesses)
                good = [one for one in made if not one.guessed or oracle.ours or sensible(one)]
                found += map(packed, good)
                kept += current().bytes if good else 0
                asked_for = not oracle.drawn  # all shapes are those that the program asks for
                if good and (asked_for or kept > KEPT):
                    return self._smaller(good, what, oracle) or found
                spare += [packed(one) for one in made if not (good or one.moves)]
            elif program.went_back and program.seen and len(partly) < WORLDS:
                partly += [
                    packed(one) for one in self._taken(program, guessed=True) if sensible(one)
                ]
            now = (len(errors), -program.reached)
            if what is None and (self.farthest is None or now < self.farthest[0]):
                picked = tuple(k for k, _ in oracle.taken)
                self.farthest = now, given._replace(told=picked), errors
            cost += bool(far) and now >= far  # a change that has changed nothing
            if not found:
                still = not (works and what) and _stands_still(program, errors)
                for lengths in self._lengths(program, errors, given.lengths, still=still):
                    left.push(now, cost + LIKELY / 4, given._replace(lengths=lengths))
            for more, told in _varied(program, given.told, all_of_it=works):
                left.push(now, cost + more, given._replace(told=told))
        return found or partly or spare[:WORLDS]

    def _has_time(self) -> bool:
        return time.monotonic() < self.until

    def _lengths(
        self, program: Program, errors: list[tuple[str, int, str]], lengths: dict[str, int], *,
        still: bool,
    ) -> list[dict[str, int]]:  # fmt: skip
        """Other lengths to try, that errors ask for, or that nothing has moved with.

        Args:
            still: whether nothing moved.
        """
        oracle = program.oracle
        large = {n for n in self.many if n >= MANY}
        others = _resized(errors, oracle, lengths, large)
        if (oracle.taken or current().guessed) and still:
            others = [{**lengths, str(n): SAMPLES} for n in self.many if str(n) not in lengths]
            others += [{**lengths, "rows": BATCHES}] if "rows" not in lengths else []
        if any(NO_PLACE in text for _, _, text in errors):
            arrays = [k for k, v in oracle.made.items() if v.dtype.kind == "f" and v.ndim]
            others += [{**lengths, WHOLE + name: 1} for name in arrays]
        if any(TOO_FEW.search(text) for _, _, text in errors):
            others += [{**lengths, str(n): SAMPLES} for n in self.many if str(n) not in lengths]
        kinds = {kind for kind, _, _ in errors}
        least = BATCH if "OutOfTime" in kinds else MANY  # with all numbers apart, 100 are many, too
        if kinds & TOO_MUCH and (fewer := self._fewer(lengths, least)):
            self.fewer |= fewer
            others.append({**lengths, **fewer})
        return others

    def of_all(self, uncalled: list[calls.Uncalled]) -> list[list[dict[str, Any]]]:
        """The recordings of calls; of a class with one method each, where all together fail."""
        found, until = [], self.until
        for left, one in zip(range(len(uncalled), 0, -1), uncalled, strict=True):
            now = time.monotonic()
            self.until = now + (until - now) * min(1, SHARE / left)
            made = [self.worlds(one)]
            made = made if made[0] else [self.worlds(part) for part in calls.parts(one)]
            found += made
        self.until = until
        return found

    def _smaller(
        self, made: list[Recording], what: calls.Uncalled | None, oracle: Oracle
    ) -> list[dict[str, Any]]:
        """The same with fewer units where the program has hundreds, if it works with them."""
        largest = max((n.value.size for one in made for n in one.nodes.values()), default=0)
        fewer = self._fewer(oracle.lengths)
        if largest < LARGE or not fewer:
            return []
        told = tuple(picked for picked, _ in oracle.taken)
        again = Oracle(told, {**oracle.lengths, **fewer}, self.seed, self.sizes)
        program = self._run(again, what)
        errors = program.errors if program.before is None else program.before
        if not program.seen or errors:
            return []
        good = [one for one in self._taken(program, guessed=True) if sensible(one)]
        return [packed(one) for one in good]

    def _fewer(self, lengths: dict[str, int], least: int = MANY) -> dict[str, int]:
        """Other sizes in place of the hundreds of the program."""
        rest = sorted(n for n in self.many if n >= least and str(n) not in lengths)
        return {str(n): size for n, size in zip(rest, FEWER, strict=False)}

    def _taken(self, program: Program, *, guessed: bool) -> list[Recording]:
        """What a run has seen, unless another with the same shapes has seen it."""
        nodes = current().nodes
        shapes = str([(n.op, n.value.shape, n.span.line) for n in nodes.values()])
        if shapes in self.shapes:
            return []
        self.shapes.add(shapes)
        made = [taken(one, nodes, current().lines, guessed=guessed) for one in program.seen]
        made = [one if has_target(one) else replace(one, moves=()) for one in made]
        step = next((k for k, one in enumerate(made) if one.moves), None)
        if step is not None and len(self.shapes) == 1 and not guessed:  # stand-ins are alike
            with contextlib.suppress(TapeFull):
                after = later(program.seen[step], made[step].nodes, program.names)
                made[step] = replace(made[step], later=after)
        return made

    def _run(self, oracle: Oracle, what: calls.Uncalled | None) -> Program:
        np.random.seed(self.seed)  # noqa: NPY002  (the program's own)
        random.seed(self.seed)
        now = time.monotonic()  # with fewer units there is time for more than one run
        until = self.until if self.fewer or not self.many else now + (self.until - now) / FIRST
        program = Program(self.body, self.path, oracle, self.unknown, until)
        try:
            with np.errstate(all="ignore"):
                program.run()
                if what is not None:
                    program.seen.clear()
                    self._new_names(program)
                    program.errors.clear()
                    program.calls = True
                    calls.call(program, what)
                elif not program.seen and calls.multiplies():
                    program.look_back()
        except OutOfTime:
            program.errors.append(("OutOfTime", 0, ""))
        except TapeFull:
            program.errors.append(("TapeFull", 0, ""))
        return program

    def _own_sizes(self, program: Program) -> bool:
        """Whether an error tells of sizes of the file's own, which what is missing may have."""
        before = self.sizes
        new = sorted(_asked_for(program) - {*before, 0, 1, SAMPLES, ROWS})
        self.sizes = (*before, *new)[:OWN]
        return self.sizes != before

    def _new_names(self, program: Program) -> bool:
        """Whether something stopped for want of a name that is there from now on."""
        new = {m[1] for kind, _, text in program.errors
               if kind == "NameError" and (m := NO_NAME.search(text))}  # fmt: skip
        new -= self.unknown | self.given
        self.unknown |= new
        return bool(new)

    def _longer(self, program: Program, oracle: Oracle, lengths: dict[str, int]) -> dict | None:
        """Lengths with which the last piece of a vector is as long as it should be."""
        name = oracle.vectors[0]
        for kind, _, text in program.errors:
            if kind == "ValueError" and (m := NO_FIT.search(text)):
                wanted = int(np.prod([int(n) for n in m[2].split(",") if n.strip()]))
                now = lengths.get(name) or oracle.cut[name]
                longer = now + wanted - int(m[1])
                if longer > 0 and longer != now:
                    return {**lengths, name: longer}
        return None


def _of_logarithms(oracle: Oracle) -> dict[str, int]:
    """The stand-ins of which a logarithm or a root is taken that is no number, as lengths."""
    nodes = current().nodes
    bad = [n for n in nodes.values() if n.op in ("log", "log2", "sqrt") and np.isnan(n.value).any()]
    left, leaves = [i for n in bad for i in n.references], set()
    while left:
        node = nodes.get(left.pop())
        if node is not None and node.op in PASSING:
            left += node.references
        elif node is not None:
            leaves.add(node.id)
    found = {name for name, one in oracle.made.items() if current().node_of(one) in leaves}
    return {POSITIVE + name: 1 for name in found if not oracle.is_positive(name)}


def _varied(
    program: Program, told: tuple[int, ...], *, all_of_it: bool
) -> Iterator[tuple[float, tuple[int, ...]]]:
    """(the cost, choices) of runs that differ from this one in one choice.

    Args:
        all_of_it: whether choices that were told are varied, too: of two biases the first, say.
    """
    taken, asked = program.oracle.taken, _asked_for(program)
    last = len(taken) if all_of_it else program.chosen or len(taken)
    for at in reversed(range(0 if all_of_it else len(told), len(taken))):
        same = tuple(picked for picked, _ in taken[:at])
        now, options = taken[at]
        new = asked - _sizes(options[now])
        for k, option in enumerate(options):
            if k != now:
                fits = bool(new & _sizes(option)) or (
                    isinstance(option, str) and option == PARAMETERS
                )
                late = float(at >= last)  # it has not led to the first error
                yield late + (LIKELY if fits else 1 + LESS * k), (*same, k, *told[at + 1 :])


def _sizes(option: Any) -> set[int]:
    """The sizes in an option: those of a shape, or a number itself."""
    return set(option if isinstance(option, tuple) else [option] if type(option) is int else [])


def _stands_still(program: Program, errors: list[tuple[str, int, str]]) -> bool:
    """Whether nothing moved, perhaps for want of samples: fewer than a batch has make no batch."""
    moved = any(one.moves for one in program.seen)
    kinds = [kind for kind, _, _ in errors]
    return not moved and (not kinds or "ZeroDivisionError" in kinds)


def _resized(
    errors: list[tuple[str, int, str]], oracle: Oracle, lengths: dict[str, int], many: set[int]
) -> list[dict[str, int]]:
    """Other widths for tables that are not there, and numbers of samples, that an error asks for.

    Args:
        many: the large numbers of the program.
    """
    texts = [text for kind, _, text in errors if kind in SIZES_TOLD] or [""]
    told = texts[0]
    sizes, *others = [list(dict.fromkeys(map(int, re.findall(r"\d+", one)))) for one in texts]
    more: list[dict[str, int]] = []
    if (m := SAMPLE.search(told)) and int(m[1]) >= int(m[2]) == oracle.rows < BATCHES:
        more = [{**lengths, "rows": min(2 * oracle.rows, BATCHES)}]  # a batch has more
    if (m := LABEL.search(told)) and "values" not in lengths:
        return [{**lengths, "values": int(m[1]) or 2}]  # none is 1, where each row should have one
    wanted = many if "out of bounds" in told else many.intersection(sizes)
    large = [n for n in sorted(wanted) if str(n) not in lengths]
    found = more + [{**lengths, str(n): m} for n in large for m in sizes if 1 < m < MANY]
    for name, width in oracle.tables.items() if "indexing" not in told else ():
        near = [a for a in sizes if abs(a - width) <= 2]
        widths = [width + b - a for a in near for b in sizes]
        whole = [some for some in (sizes, *others) if oracle.rows * width in some]
        widths += whole[0] if whole else []
        for size in dict.fromkeys(widths):
            if 1 < size <= WIDEST and size != width and name not in lengths:
                found.append({**lengths, name: size})
    return found


def _asked_for(program: Program) -> set[int]:
    """The sizes that errors speak of: where something has one of them, it may be right."""
    told = " ".join(text for kind, _, text in program.errors if kind == "ValueError")
    inside = [n for shape in SHAPE.findall(told) for n in re.findall(r"\d+", shape)]
    return set(map(int, inside + re.findall(r"(?:size|from) (\d+)", told)))


def explored(
    body: list[ast.stmt], uncalled: list[calls.Uncalled], path: str, unknown: set[str],
    until: float, seed: int, given: Given | None = None,
) -> dict[str, Any]:  # fmt: skip
    """What there is to judge in a file: its own steps, or else what its functions do."""
    search = Search(body, path, unknown, _part(until, uncalled), seed, given)
    recordings = [search.worlds(None)]
    stopped, errors = None, search.errors
    if not recordings[0]:
        stopped = search.farthest
        search.until = _part(until, [one for one in uncalled if one.used])
        recordings = search.of_all([one for one in uncalled if not one.used])
        search.until = until
        seen = {line for worlds in recordings for one in worlds for line in one["lines"]}
        left = [one for one in uncalled if one.used]
        recordings += search.of_all(
            [one for one in left if not seen & {*range(one.line + 1, one.end + 1)}]
        )
    return {
        "recordings": [worlds for worlds in recordings if worlds],
        "errors": stopped[2] if stopped else errors, "missing": sorted(set(search.missing)),
        "guessed": search.guessed, "farthest": stopped[1]._asdict() if stopped else {},
    }  # fmt: skip


def _part(until: float, after: list[calls.Uncalled]) -> float:
    """When to stop, so that there is time for what comes after, if something does."""
    now = time.monotonic()
    return until - FOR_THE_REST * (until - now) if after else until
