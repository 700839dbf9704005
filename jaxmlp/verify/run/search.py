"""Runs of one file, until its data have shapes with which it works.

A file that brings its data is run once. Where something is not there, the oracle's first choices
are tried, then all runs that differ from one that failed in one choice, and so on.
"""

from __future__ import annotations

import ast
import random
import re
import time
from collections import deque
from typing import Any

import numpy as np

from jaxmlp.verify.run import calls
from jaxmlp.verify.run.arrays import current
from jaxmlp.verify.run.program import OutOfTime, Program, Seen
from jaxmlp.verify.run.recording import packed
from jaxmlp.verify.run.step import places
from jaxmlp.verify.run.tape import Node, TapeFull
from jaxmlp.verify.run.unknown import Oracle

WORLDS = 24  # sets of shapes that work, which are given back
TRIES = 4000
SECONDS = 2.0  # for all but the first run
NO_NAME = re.compile(r"name '(\w+)' is not defined")
SHAPE = re.compile(r"\([\d, ]+\)")
NO_FIT = re.compile(r"cannot reshape array of size (\d+) into shape \(([\d, ]+)\)")


class Search:
    """All runs of one file."""

    def __init__(
        self, body: list[ast.stmt], path: str, unknown: set[str], until: float, seed: int
    ):
        self.body, self.path, self.unknown = body, path, set(unknown)
        self.until, self.seed = until, seed
        self.errors: list[tuple[str, int, str]] = []
        self.missing: list[str] = []
        self.shapes: set[str] = set()
        self.sizes: tuple[int, ...] = ()

    def worlds(self, what: calls.Uncalled | None) -> list[dict[str, Any]]:
        """The recordings of the file, or of a call, each with other shapes for what is missing."""
        found: list[dict[str, Any]] = []
        left: deque[tuple[tuple[int, ...], dict[str, int]]] = deque([((), {})])
        tried, started, until = 0, False, self.until
        while left and tried < TRIES and len(found) < WORLDS and time.monotonic() < until:
            told, lengths = left.popleft()
            oracle = Oracle(told, lengths, self.seed, self.sizes)
            tried += 1
            program = self._run(oracle, what)
            if self._new_names(program):
                left.appendleft((told, lengths))
                continue
            if oracle.vectors and (longer := self._longer(program, oracle, lengths)):
                left.appendleft((told, longer))
                continue
            if not started:
                started = True
                until = min(until, time.monotonic() + SECONDS)
                self.errors, self.missing = program.errors, program.missing
                if oracle.taken and not self.sizes and self._own_sizes(program, oracle):
                    left.appendleft((told, lengths))
                    continue
            if program.seen and not (oracle.taken and program.errors):
                self.errors = program.errors
                found += self._packed(program, guessed=bool(oracle.taken))
            for at in reversed(range(len(told), len(oracle.taken))):
                before = tuple(picked for picked, _ in oracle.taken[:at])
                left.extend(((*before, k), lengths) for k in range(1, oracle.taken[at][1]))
        return found

    def _packed(self, program: Program, *, guessed: bool) -> list[dict[str, Any]]:
        """What a run has seen, unless another with the same shapes has seen it."""
        nodes = current().nodes
        shapes = str([(n.op, n.value.shape, n.span.line) for n in nodes.values()])
        if shapes in self.shapes:
            return []
        self.shapes.add(shapes)
        seen = [one for one in program.seen if not guessed or _has_data(one, nodes)]
        return [packed(one, nodes, guessed=guessed) for one in seen]

    def _run(self, oracle: Oracle, what: calls.Uncalled | None) -> Program:
        np.random.seed(self.seed)
        random.seed(self.seed)
        program = Program(self.body, self.path, oracle, self.unknown, self.until)
        try:
            with np.errstate(all="ignore"):
                program.run()
                if what is not None:
                    program.seen.clear()
                    calls.call(program, what)
                elif not program.seen and calls.multiplies():
                    values = places(program.names)
                    program.seen.append(Seen(0, "", 0, current().next, [], values))
        except OutOfTime:
            program.errors.append(("OutOfTime", 0, ""))
        except TapeFull:
            program.errors.append(("TapeFull", 0, ""))
        return program

    def _own_sizes(self, program: Program, oracle: Oracle) -> bool:
        """Whether an error tells of sizes that are the file's own, and so belong to what is missing."""
        told = " ".join(text for kind, _, text in program.errors if kind == "ValueError")
        inside = {int(n) for shape in SHAPE.findall(told) for n in re.findall(r"\d+", shape)}
        self.sizes = tuple(sorted(inside - {*oracle.drawn, 0, 1}))
        return bool(self.sizes)

    def _new_names(self, program: Program) -> bool:
        """Whether something stopped for want of a name that is there from now on."""
        new = {m[1] for kind, _, text in program.errors
               if kind == "NameError" and (m := NO_NAME.search(text))} - self.unknown  # fmt: skip
        self.unknown |= new
        return bool(new)

    def _longer(self, program: Program, oracle: Oracle, lengths: dict[str, int]) -> dict | None:
        """Lengths with which the last piece of a vector of parameters is as long as it should be."""
        name = oracle.vectors[0]
        for kind, _, text in program.errors:
            if kind == "ValueError" and (m := NO_FIT.search(text)):
                wanted = int(np.prod([int(n) for n in m[2].split(",") if n.strip()]))
                now = lengths.get(name) or oracle.cut[name]
                longer = now + wanted - int(m[1])
                if name not in lengths and longer > 0:
                    return {**lengths, name: longer}
        return None


def _has_data(seen: Seen, nodes: dict[int, Node]) -> bool:
    """Whether there are samples and targets beside the parameters: a guess without is none."""
    moved = {move.old for move in seen.moves}
    arrays = [n for n in nodes.values() if n.op == "leaf" and n.value.size > 1]
    return len([n for n in arrays if n.id not in moved]) >= 2


def explored(
    body: list[ast.stmt], uncalled: list[calls.Uncalled], path: str, unknown: set[str],
    until: float, seed: int,
) -> dict[str, Any]:  # fmt: skip
    """What there is to judge in a file: its own steps, or else what its functions do."""
    search = Search(body, path, unknown, until, seed)
    recordings = [search.worlds(None)]
    if not recordings[0]:
        recordings = [search.worlds(one) for one in uncalled]
    return {
        "recordings": [worlds for worlds in recordings if worlds],
        "errors": search.errors, "missing": sorted(set(search.missing)),
    }  # fmt: skip
