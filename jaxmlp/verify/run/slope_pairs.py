"""Activations and their derivatives as methods of a class: which results are f(x) and f'(x)."""

import re
from typing import NamedTuple

from jaxmlp.verify.names import SLOPE_NAME, SLOPE_WORD, plain_name, words
from jaxmlp.verify.run.graph import Graph
from jaxmlp.verify.run.recording import Recording
from jaxmlp.verify.run.step import FACTORS, REDUCED

METHOD = re.compile(r".*\['(\w+)'\]")
FUNCTION_NAMES = words(
    "f fn fx func function forward call activate activation apply evaluate eval compute calc"
    " calculate value output"
)
# a derivative of the derivative, or a pass that goes back and is given ∂E/∂f(x)
OTHERS = re.compile(r"2$|second|back|bwd|bprop", re.IGNORECASE)
ACROSS = FACTORS | REDUCED | {"np.max", "maximum.reduce"}  # of more than one entry


class SlopePair(NamedTuple):
    """The nodes of f(x) and f'(x), of what each of them is given, which may be one array, and none
    where f'(x) is a constant; the names of the methods that give f(x) and f'(x)."""

    given: int
    f: int
    slope_given: tuple[int, ...]
    slope: int
    name: str
    slope_name: str


def slope_pairs(recording: Recording, graph: Graph) -> list[SlopePair]:
    """The results of a class that are f(x) and f'(x), made of one array entry by entry: those that
    belong together by their names, as `tanh` and `tanh_prime` do, or `forward` and `derivative`."""
    results = [(m[1], i) for name, i in recording.values if (m := METHOD.fullmatch(name))]
    values = [(name, i) for name, i in results if not SLOPE_NAME.search(name)]
    slopes = [(name, i) for name, i in results
              if SLOPE_NAME.search(name) and not OTHERS.search(name)]  # fmt: skip
    made = []
    for slope_name, slope in slopes:
        own = plain_name(SLOPE_WORD.sub("", slope_name))
        wanted = {own} if own and own not in FUNCTION_NAMES else FUNCTION_NAMES
        named = [(name, f) for name, f in values if plain_name(name) in wanted]
        if len(named) == 1 and (pair := _paired(recording, graph, *named[0], slope_name, slope)):
            made.append(pair)
    return made


def _paired(
    recording: Recording, graph: Graph, name: str, f: int, slope_name: str, slope: int
) -> SlopePair | None:  # fmt: skip
    given, slope_given = (_made_of(recording, graph, i) for i in (f, slope))
    shapes = {recording.nodes[i].value.shape for i in (f, slope, *given, *slope_given)}
    if len(given) == len(shapes) == 1 and len(slope_given) < 2:
        return SlopePair(given[0], f, tuple(slope_given), slope, name, slope_name)
    return None


def _made_of(recording: Recording, graph: Graph, number: int) -> list[int]:
    """The arguments that a value is made of entry by entry; too many where it is not."""
    nodes, behind = recording.nodes, graph.ancestors([number])
    kept = {i for name, i in recording.values if not nodes[i].value.ndim and "." in name}
    leaves = {i for name, i in recording.values if name.isidentifier() and i in behind - kept
              and nodes[i].op == "leaf"}  # fmt: skip
    across = {nodes[i].op for i in graph.dependents(leaves) & behind} & ACROSS
    return [*leaves, *leaves] if across else [*leaves]
