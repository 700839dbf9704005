"""The runs of one file that are left to try, and which comes next."""

import heapq
import itertools
from typing import NamedTuple

LIKELIEST = 4  # of so many runs one is the likeliest, not one that changes what came far


class RunStart(NamedTuple):
    """What a run begins with: choices, by number, and lengths."""

    told: tuple[int, ...] = ()
    lengths: dict[str, int] = {}  # noqa: RUF012

    def key(self) -> tuple:
        """What tells it from others."""
        return (self.told, *sorted(self.lengths.items()))


class Trial(NamedTuple):
    """A run to make: how far the one came that it is a change of, its cost, what it begins with."""

    far: tuple
    cost: float
    given: RunStart


class Left:
    """Runs that are left to try: first those that change one which came far, then the likely."""

    def __init__(self, first: RunStart):
        self.again = [Trial((), 0.0, first)]
        self.heap: list[tuple[tuple, float, int, RunStart]] = []
        self.number = itertools.count()
        self.made: set[tuple] = {first.key()}
        self.tried = 0

    def __bool__(self) -> bool:
        return bool(self.again or self.heap)

    def push(self, far: tuple, cost: float, start: RunStart) -> bool:
        """One more, unless it is known; whether it is not."""
        known = start.key() in self.made
        self.made.add(start.key())
        if not known:
            heapq.heappush(self.heap, (far, cost, next(self.number), start))
        return not known

    def pop(self) -> Trial:
        """The next: one that is made again; every few runs the likeliest."""
        self.tried += 1
        if self.again:
            return self.again.pop()
        if self.tried % LIKELIEST:
            entry = heapq.heappop(self.heap)
        else:  # what came far may lead nowhere
            entry = min(self.heap, key=lambda run: run[1:3])
            self.heap.remove(entry)
            heapq.heapify(self.heap)
        far, cost, _, start = entry
        return Trial(far, cost, start)
