"""Parameters of the forward pass that never move, or that grow."""

from collections.abc import Iterator

import numpy as np

from jaxmlp.verify.finding import Note, Words
from jaxmlp.verify.judge.faults import StepMistake
from jaxmlp.verify.judge.judgement import Judgement
from jaxmlp.verify.run.step import SUMS

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
