"""What depends on what on a tape."""

from collections.abc import Collection, Container, Iterable, Iterator, Mapping

from jaxmlp.verify.run.step import PASSING
from jaxmlp.verify.run.tape import Node, spread


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
            for source in dict.fromkeys(feeding):
                self.after[source].append(number)

    def dependents(self, roots: Iterable[int], without: Collection[int] = ()) -> set[int]:
        """The roots and all that is computed from them, not by way of `without`."""
        return spread(roots, lambda number: [i for i in self.after[number] if i not in without])

    def through(self, roots: Iterable[int]) -> set[int]:
        """The roots and what only shows them in another shape."""
        shows = lambda number: [i for i in self.after[number] if self.nodes[i].op in PASSING]  # noqa: E731
        return spread(roots, shows)

    def way(self, number: int, by: Container[str] = PASSING) -> Iterator[int]:
        """A value, what it only shows in another shape, what that shows, and so on.

        Args:
            by: the operations that change nothing but the shape.
        """
        yield number
        while self.before[number] and self.nodes[number].op in by:
            number = self.before[number][0]
            yield number

    def root(self, number: int, among: Container[int], by: Container[str] = PASSING) -> int | None:
        """The one among some nodes that a value is, in another shape as it may be; or None."""
        return next((i for i in self.way(number, by) if i in among), None)

    def data(self, number: int) -> int:
        """The array that a value was taken out of."""
        *_, data = self.way(number)
        return data

    def ancestors(self, roots: Iterable[int], without: Collection[int] = ()) -> set[int]:
        """The roots and all that they are computed from, not by way of `without`."""
        return spread(roots, lambda number: [i for i in self.before[number] if i not in without])
