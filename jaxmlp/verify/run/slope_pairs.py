"""An activation and its derivative as methods of a class: which results are f(x) and f'(x)."""

import re
from typing import NamedTuple

from jaxmlp.verify.names import SLOPE_NAME
from jaxmlp.verify.run.graph import Graph
from jaxmlp.verify.run.recording import Recording
from jaxmlp.verify.run.step import FACTORS, REDUCED

METHOD = re.compile(r".*\['(\w+)'\]")
# a derivative of the derivative, or a pass that goes back and is given ∂E/∂f(x)
OTHERS = re.compile(r"2$|second|back|bwd|bprop", re.IGNORECASE)
ACROSS = FACTORS | REDUCED | {"np.max", "maximum.reduce"}  # of more than one entry


class SlopePair(NamedTuple):
    """The nodes of f(x) and f'(x), of what each of them is given, which may be one array, and none
    where f'(x) is a constant; the name of the method that gives f(x)."""

    given: int
    f: int
    slope_given: tuple[int, ...]
    slope: int
    name: str


def slope_pair(recording: Recording, graph: Graph) -> SlopePair | None:
    """The results of a class that are f(x) and f'(x), made of one array entry by entry."""
    nodes = recording.nodes
    results = [(m[1], i) for name, i in recording.values if (m := METHOD.fullmatch(name))]
    slopes = [i for name, i in results if SLOPE_NAME.search(name) and not OTHERS.search(name)]
    values = [(name, i) for name, i in results if not SLOPE_NAME.search(name)]
    for slope in slopes:
        for name, f in values:
            given, slope_given = (_made_of(recording, graph, i) for i in (f, slope))
            shapes = {nodes[i].value.shape for i in (f, slope, *given, *slope_given)}
            if len(given) == len(shapes) == 1 and len(slope_given) < 2 and f not in given:
                return SlopePair(given[0], f, tuple(slope_given), slope, name)
    return None


def _made_of(recording: Recording, graph: Graph, number: int) -> list[int]:
    """The arguments that a value is made of entry by entry; too many where it is not."""
    nodes, behind = recording.nodes, graph.ancestors([number])
    kept = {i for name, i in recording.values if not nodes[i].value.ndim and "." in name}
    leaves = {i for name, i in recording.values if name.isidentifier() and i in behind - kept
              and nodes[i].op == "leaf"}  # fmt: skip
    across = {nodes[i].op for i in graph.dependents(leaves) & behind} & ACROSS
    return [*leaves, *leaves] if across else [*leaves]
