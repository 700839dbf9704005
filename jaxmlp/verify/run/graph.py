"""What depends on what on a tape."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from jaxmlp.verify.run.tape import Node


class Graph:
    """The nodes of a recording, with the arrows between them."""

    def __init__(self, nodes: Mapping[int, Node]):
        self.nodes = nodes
        self.before = {
            n.id: () if n.op == "leaf" else tuple(r for r in n.references if r in nodes)
            for n in nodes.values()
        }
        self.after: dict[int, list[int]] = {number: [] for number in nodes}
        for number, feeding in self.before.items():
            for one in dict.fromkeys(feeding):
                self.after[one].append(number)

    def dependents(self, roots: Iterable[int], without: Collection[int] = ()) -> set[int]:
        """The roots and all that is computed from them, not by way of `without`."""
        return _reached(self.after, roots, without)

    def ancestors(self, roots: Iterable[int], without: Collection[int] = ()) -> set[int]:
        """The roots and all that they are computed from, not by way of `without`."""
        return _reached(self.before, roots, without)


def _reached(
    arrows: Mapping[int, Iterable[int]], roots: Iterable[int], without: Collection[int]
) -> set[int]:
    found: set[int] = set()
    left = list(roots)
    while left:
        one = left.pop()
        if one not in found:
            found.add(one)
            left += [other for other in arrows[one] if other not in without]
    return found
