"""A step in which mistakes are mended: what is still wrong then has a mistake of its own."""

import functools
import operator
from collections.abc import Iterator, Sequence
from dataclasses import replace

from jaxmlp.verify.judge.causes import cause
from jaxmlp.verify.judge.faults import Fault, faults
from jaxmlp.verify.judge.judgement import Judgement
from jaxmlp.verify.judge.naming import Names
from jaxmlp.verify.judge.otherwise import Cause, Values, before, without
from jaxmlp.verify.truth import replay


def repairs(judgement: Judgement) -> Iterator[tuple[Judgement, list[tuple[Fault, Cause | None]]]]:
    """The faults with their causes; then those of the step in which these are mended, and so on."""
    again: Judgement | None = judgement
    while again is not None:
        causes = [(fault, cause(again, fault)) for fault in faults(again)]
        yield again, causes
        mends = [why.repair if why and why.repair else _with_slope(again, fault)
                 for fault, why in causes]  # fmt: skip
        again = _put_right(again, list(filter(None, mends)))


def _with_slope(judgement: Judgement, fault: Fault) -> Values:
    """∂E/∂u for an expression that is made of ∂E/∂f(u), where this makes a parameter right."""
    names, node = judgement.names, judgement.world.recording.nodes[fault.first]
    for name in filter(None, map(names.of, before(judgement, node))):
        for inner in sorted(judgement.world.inner(name.of, names.adjoints)):
            true = names.adjoints[inner]
            made = Cause((), repair=[{fault.node: name.factor * a} for a in true])
            fits = true.shape == names.value(fault.node).shape
            if fits and any(without(judgement, made, fault.params).values()):
                return made.repair
    return []


def _put_right(judgement: Judgement, known: Sequence[Values]) -> Judgement | None:
    """The step with these values in it, if that makes some of the parameters right and not all."""
    world, right = judgement.world, dict(judgement.right)
    try:
        at = [world.values(state, functools.reduce(operator.or_, by_state, {}))
              for state, *by_state in zip(world.at, *known, strict=True)]  # fmt: skip
    except replay.NotReplayed:
        return None
    world, names = replace(world, at=at), Names(judgement.names.adjoints, at)
    for param in (p for p in world.params if right.get(p.name) is False):
        name = names.named(world.change(param), [param.old])
        right[param.name] = name is not None and name.factor > 0
    if right == judgement.right or all(right.values()):
        return None
    choice = judgement.choice._replace(world=world)
    return replace(judgement, choice=choice, names=names, right=right)
