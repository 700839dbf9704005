"""Parameters of the forward pass that never move, or that grow; gradients that get lost."""

from collections.abc import Iterator

import numpy as np

from jaxmlp.verify.finding import Note, Words
from jaxmlp.verify.judge.faults import StepMistake
from jaxmlp.verify.judge.following import gradient_nodes
from jaxmlp.verify.judge.judgement import Judgement
from jaxmlp.verify.run.graph import Graph
from jaxmlp.verify.run.step import FACTORS, SUMS
from jaxmlp.verify.run.tape import Node, Span

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
OVERWRITTEN = Note(
    "overwritten",
    Words("Each sample's gradient takes the place of the one before: the step is that of the last "
          "sample alone, where the sum belongs.",
          "サンプルごとの勾配で前の勾配が上書きされるため、最後のサンプルの勾配だけで更新されます。"
          "和を取ってください。"),
    Words("What becomes of the gradients of the samples before?",
          "前のサンプルの勾配はどうなりますか。"),
)  # fmt: skip


def still(judgement: Judgement) -> Iterator[StepMistake]:
    """Each with where its gradient ends, or with the update that adds nothing to it."""
    nodes = judgement.world.recording.nodes
    named = {node: place for place, node in judgement.world.recording.values}
    for leaf, at in judgement.still.items():
        note = NEVER_MOVES if at in judgement.choice.target.backward else NOT_MOVED
        if empty := _empty_updates(judgement, leaf):
            note, at = WITHOUT_GRADIENT, empty[-1]
        yield StepMistake((named.get(leaf, "V"),), (note,), nodes[at].span)


def _empty_updates(judgement: Judgement, leaf: int) -> list[int]:
    """The sums beside the forward pass in which 0 is added to a parameter."""
    nodes, after = judgement.world.recording.nodes, judgement.world.graph.after
    return [i for i in after[leaf] if i not in judgement.forward and nodes[i].op in SUMS
            and np.array_equal(nodes[i].value, nodes[leaf].value)]  # fmt: skip


def stretched(judgement: Judgement) -> Iterator[StepMistake]:
    """Biases that become a table of one row a sample, where the samples are there."""
    recording = judgement.world.recording
    for name, number in () if recording.guessed else recording.stretched:
        yield StepMistake((name,), (NOT_SUMMED,), recording.nodes[number].span)


def overwritten(judgement: Judgement) -> Iterator[StepMistake]:
    """Gradients that were computed for several samples at one place, of which the last is used."""
    world = judgement.world
    if not world.recording.moves or judgement.choice.target.pairs[1:]:
        return
    nodes, graph = world.recording.nodes, world.graph
    used = graph.ancestors([p.new for p in world.params])
    unused = [n for n in nodes.values() if n.op in FACTORS and n.id not in used]
    found: dict[Span, list[str]] = {}
    for param in (p for p in world.params if p.old in judgement.names.adjoints):
        moved = gradient_nodes(world, judgement.choice.target, judgement.names, param)
        for last in (nodes[i] for i in moved if nodes[i].op in FACTORS):
            same = [n for n in unused if (n.span, n.op) == (last.span, last.op) and n.id < last.id]
            if any(_is_of_another(graph, n, last) for n in same):
                found.setdefault(last.span, []).append(param.name)
    for span, names in found.items():
        yield StepMistake(tuple(dict.fromkeys(names)), (OVERWRITTEN,), span)


def _is_of_another(graph: Graph, node: Node, last: Node) -> bool:
    """Whether it is the gradient by the same parameters, of another sample."""
    params = graph.ancestors([last.id]) & graph.ancestors([node.id])
    alike = node.value.shape == last.value.shape and bool(params)
    return alike and not np.array_equal(node.value, last.value)
