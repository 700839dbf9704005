"""What a program does with its parameters after a judged step."""

from typing import NamedTuple

from jaxmlp.verify.finding import Note
from jaxmlp.verify.judge.judgement import Judgement
from jaxmlp.verify.judge.told import Telling
from jaxmlp.verify.run.graph import Graph
from jaxmlp.verify.run.later import Later
from jaxmlp.verify.run.tape import Span


class LaterMistake(NamedTuple):
    """What is wrong, and where."""

    note: Note
    span: Span


class After:
    """The part of the tape after a step.

    Attributes:
        params: by node, the parameter of the step that it is the new value of.
        moving: what is computed from these.
    """

    def __init__(self, judgement: Judgement, later: Later, telling: Telling):
        self.found, self.later, self.telling = judgement, later, telling
        self.nodes, self.graph = later.nodes, Graph(later.nodes)
        self.params = {new: old for old, new in later.params}
        self.moving = self.graph.dependents([i for i in self.params if i in later.nodes])
