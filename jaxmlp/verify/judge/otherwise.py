"""What an expression of a step would be, if some of the values in it were others."""

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np

from jaxmlp.verify.finding import Note, Words
from jaxmlp.verify.judge.faults import Fault
from jaxmlp.verify.judge.judgement import Judgement
from jaxmlp.verify.judge.naming import Name
from jaxmlp.verify.run.tape import Node, Span
from jaxmlp.verify.truth import replay

Values = list[dict[int, Any]]  # a few values, by state
BACKWARDS = Words(
    "Follow E backwards: what does this expression have to be the derivative of?",
    "E から逆にたどってください。この式は何の微分でなければなりませんか。",
)


class Cause(NamedTuple):
    """Why it is wrong, and where, if that is another expression than the one that shows it.

    Attributes:
        repair: by state, values with which all is right that the mistake has spoiled.
    """

    notes: tuple[Note, ...]
    span: Span | None = None
    repair: Values = []  # noqa: RUF012


def backwards_note(name: str, en: str, ja: str, equation: str = "") -> Note:
    return Note(name, Words(en, ja), BACKWARDS, equation)


def is_something(judgement: Judgement, fault: Fault, known: Values) -> bool:
    """Whether the expression is a derivative of E, if some values are these."""
    return redone(judgement, fault, known, judgement.names.adjoints) is not None


def repaired(judgement: Judgement, why: Cause, names: tuple[str, ...]) -> bool:
    """Whether parameters that are wrong are right without this mistake: it is theirs, too."""
    made = without(judgement, why, names)
    return bool(made) and all(made.values())


def without(judgement: Judgement, why: Cause, names: tuple[str, ...]) -> dict[str, bool]:
    """Whether each of these parameters is right without a mistake; {} where nothing tells."""
    states = zip(judgement.world.at, why.repair, strict=bool(why.repair))
    try:
        made = [judgement.world.replayed(state, known) for state, known in states]
    except replay.NotReplayed:
        return {}
    named = ((p, judgement.names.named(np.stack([moves[p.name] for moves in made]), [p.old]))
             for p in judgement.world.params if made and p.name in names)  # fmt: skip
    return {p.name: bool(name and (p.gives or name.factor < 0)) for p, name in named}


def redone(
    judgement: Judgement, fault: Fault, known: Values, among: Iterable[int]
) -> Name | None:  # fmt: skip
    """What the expression is, if some values are these, among these derivatives."""
    made = remade(judgement, fault, known)
    return None if made is None else judgement.names.named(made, among)


def remade(judgement: Judgement, fault: Fault, known: Values) -> np.ndarray | None:
    """The values of the expression, if some values are these, the states along the first axis."""
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
    return np.stack(made) if len({value.shape for value in made}) == 1 else None


def before(judgement: Judgement, node: Node) -> list[int]:
    """What an operation is fed, of what depends on the target."""
    feeding = judgement.world.graph.before[node.id]
    return [i for i in dict.fromkeys(feeding) if i in judgement.choice.target.backward]
