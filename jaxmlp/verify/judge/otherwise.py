"""What an expression of a step would be, if some of the values in it were others."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from jaxmlp.verify.judge.faults import Fault
from jaxmlp.verify.judge.judgement import Judgement
from jaxmlp.verify.judge.naming import Name
from jaxmlp.verify.run.tape import Node
from jaxmlp.verify.truth import replay

Values = list[dict[int, Any]]  # a few values, by state


def is_something(judgement: Judgement, fault: Fault, known: Values) -> bool:
    """Whether the expression is a derivative of E, if some values are these."""
    return redone(judgement, fault, known, judgement.names.adjoints) is not None


def redone(
    judgement: Judgement, fault: Fault, known: Values, among: Iterable[int]
) -> Name | None:  # fmt: skip
    """What the expression is, if some values are these, among these derivatives."""
    nodes = judgement.world.recording.nodes
    between = sorted(
        judgement.world.graph.dependents([fault.first])
        & judgement.world.graph.ancestors([fault.node])
    )
    made = []
    for state, assumed in zip(judgement.world.at, known, strict=True):
        values = {**state, **assumed}
        try:
            for number in between:
                values[number] = np.asarray(replay.applied(nodes[number], values, np))
        except (replay.NotReplayed, ValueError):
            return None
        made.append(values[fault.node])
    if len({value.shape for value in made}) > 1:
        return None
    return judgement.names.named(np.stack(made), among)


def before(judgement: Judgement, node: Node) -> list[int]:
    """What an operation is fed, of what depends on the target."""
    feeding = judgement.world.graph.before[node.id]
    return [i for i in dict.fromkeys(feeding) if i in judgement.choice.target.backward]
