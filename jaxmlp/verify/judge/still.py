"""Parameters of the forward pass that never move, or that grow; gradients that get lost."""

from collections.abc import Iterator, Sequence

import numpy as np

from jaxmlp.verify.finding import Note, Words
from jaxmlp.verify.judge.faults import StepMistake
from jaxmlp.verify.judge.following import empty_updates, gradient_nodes
from jaxmlp.verify.judge.judgement import Judgement
from jaxmlp.verify.run.graph import Graph
from jaxmlp.verify.run.recording import Recording
from jaxmlp.verify.run.step import FACTORS, PASSING, REDUCED, SUMS
from jaxmlp.verify.run.tape import Node, spread

# what is done to a gradient at most
SCALING_OPERATIONS = SUMS | PASSING | {"multiply", "divide", "negative"}
EVERY = Words("Is every parameter updated?", "すべてのパラメータが更新されていますか。")
NEVER_MOVES = Note(
    "never-moves",
    Words("Its gradient is computed, and never used: this parameter does not move.",
          "勾配は計算されていますが、使われていません。このパラメータは更新されません。"),
    EVERY,
)  # fmt: skip
WITHOUT_GRADIENT = Note(
    "never-moves",
    Words("What is added to it here is not made of its gradient, which does not get here.",
          "ここで足している値は勾配から計算されていません。勾配がここまで届いていません。"),
    Words("Where does its gradient go?", "勾配はどこに入れられていますか。"),
)  # fmt: skip
NOT_MOVED = Note(
    "never-moves",
    Words("It is used on the way forward, and nothing ever moves it: the update is missing.",
          "順伝播で使われていますが、一度も更新されません。更新の式が抜けています。"),
    EVERY,
)  # fmt: skip
NOT_SUMMED = Note(
    "bias-not-summed",
    Words("This has more entries than before: the gradient is one row a sample, and has to be "
          "summed over the samples.",
          "更新前より成分が増えています。勾配がサンプルごとの行のままです。サンプルについて和を取ってください。"),
    Words("Which shape has it after the step?", "更新の後はどんな形になりますか。"),
)  # fmt: skip
ONE_FOR_ALL = Note(
    "entries-lost",
    Words("This has fewer entries than before: the old value is missing, and the gradient is "
          "summed over the units as well as over the samples.",
          "更新前より成分が減っています。元の値が残っておらず、サンプルだけでなくユニットについても"
          "和が取られています。"),
    Words("Which shape has it after the step?", "更新の後はどんな形になりますか。"),
)  # fmt: skip


def still(judgement: Judgement) -> Iterator[StepMistake]:
    """Each with where its gradient ends, or with the update that adds nothing to it."""
    nodes = judgement.world.recording.nodes
    named = {node: place for place, node in judgement.world.recording.values}
    for leaf, at in judgement.still.items():
        note = NEVER_MOVES if at in judgement.choice.target.backward else NOT_MOVED
        if empty := empty_updates(judgement.world, judgement.forward, leaf):
            note, at = WITHOUT_GRADIENT, empty[-1]
        yield StepMistake((named.get(leaf, "V"),), (note,), nodes[at].span)


def resized(judgement: Judgement) -> Iterator[StepMistake]:
    """What becomes a table of one row a sample, or one number for all units, where the samples are
    there."""
    recording, graph = judgement.world.recording, judgement.world.graph
    used = graph.ancestors([g for g, _ in judgement.choice.target.pairs])
    for name, old, new in () if recording.guessed else recording.resized:
        if is_larger(recording, old, new):
            yield StepMistake((name,), (NOT_SUMMED,), recording.nodes[new].span)
        elif old in used and _is_summed_up(judgement, new):
            yield StepMistake((name,), (ONE_FOR_ALL,), recording.nodes[new].span)


def is_larger(recording: Recording, old: int, new: int) -> bool:
    """Whether an array has more entries than before, where both are known."""
    nodes = recording.nodes
    return {old, new} <= nodes.keys() and nodes[new].value.size > nodes[old].value.size


def _is_summed_up(judgement: Judgement, number: int) -> bool:
    """Whether a value is one number, made of a derivative of E by sums and factors alone."""
    nodes, graph = judgement.world.recording.nodes, judgement.world.graph
    if number not in nodes or nodes[number].value.size != 1:
        return False
    inside = lambda i: graph.before[i] if nodes[i].op in SCALING_OPERATIONS | REDUCED else ()  # noqa: E731
    return any(judgement.names.of(i) for i in spread([number], inside))


def overwritten(judgement: Judgement) -> list[str]:
    """The parameters of which gradients were computed for several samples at one place, and the
    last is used: each may have taken the place of the one before, or it was meant so."""
    world = judgement.world
    if not world.recording.moves or judgement.choice.target.pairs[1:]:
        return []
    nodes, graph = world.recording.nodes, world.graph
    used = graph.ancestors([p.new for p in world.params])
    scaled = lambda i: all(nodes[k].op in SCALING_OPERATIONS for k in graph.dependents([i]) - {i})  # noqa: E731
    unused = [n for n in nodes.values() if n.op in FACTORS and n.id not in used and scaled(n.id)]
    names: list[str] = []
    for param in (p for p in world.params if p.old in judgement.names.adjoints):
        moved = gradient_nodes(world, judgement.choice.target, judgement.names, param)
        last = [nodes[i] for i in moved if nodes[i].op in FACTORS]
        if any(_is_of_another(graph, n, node, world.roots) for n in unused for node in last):
            names.append(param.name)
    return names


def _is_of_another(graph: Graph, node: Node, last: Node, roots: Sequence[int]) -> bool:
    """Whether it is the same of another sample, computed before."""
    same = (node.span, node.op, node.value.shape) == (last.span, last.op, last.value.shape)
    if not same or node.id > last.id or np.array_equal(node.value, last.value):
        return False
    params = graph.ancestors([last.id]) & {*roots}
    return bool(params) and params == graph.ancestors([node.id]) & {*roots}
