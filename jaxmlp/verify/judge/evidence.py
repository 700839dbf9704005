"""Whether it is known which E a step goes down: no 'wrong' without that."""

from collections.abc import Sequence
from itertools import permutations

import numpy as np

from jaxmlp.verify.judge.choosing import possible_errors
from jaxmlp.verify.judge.judgement import OWN_ERROR, Judgement
from jaxmlp.verify.judge.worlds import World
from jaxmlp.verify.run.outputs import axis_of_one
from jaxmlp.verify.run.step import FACTORS
from jaxmlp.verify.truth import errors, replay


def error_is_known(judgement: Judgement, declared: str | None) -> bool:
    """Whether E is known: it is right for a parameter; or it must be this, and is derived there."""
    if not judgement.right or judgement.shares:
        return bool(judgement.shares)
    world, target, error = judgement.world, judgement.choice.target, judgement.choice.error
    if target.upstream and not world.recording.goes_back:
        return False
    shown = any(judgement.right.values()) or any(map(judgement.is_forgotten, world.params))
    if not shown and _is_cut(judgement):
        return False
    if shown and (world.recording.moves or judgement.choice.fitting or error == OWN_ERROR):
        return True
    if target.upstream:
        return _is_passed_on(world, sorted(target.nodes))
    if has_slope(judgement):
        return True
    if error not in (declared, stated_error(judgement)) and possible_errors(
        world, target, None
    ) != [error]:
        return False
    outputs = {g for g, _ in target.pairs}
    names = {i: name for i in target.backward if (name := judgement.names.of(i))}
    derived = [i for i, name in names.items()
               if not outputs.isdisjoint((name.of, *judgement.names.alike(name.of)))]  # fmt: skip
    wrong = [i for i in target.backward if judgement.is_error(i)]
    return bool(wrong) or (bool(derived) and _is_passed_on(world, derived))


def _is_cut(judgement: Judgement) -> bool:
    """Whether derivatives by some of the outputs are left out, so that E is of the others."""
    nodes, before = judgement.world.recording.nodes, judgement.world.graph.before
    cuts = [i for i in judgement.choice.target.backward if nodes[i].op in ("getitem", "take")]
    return any(judgement.names.of(i) is None and judgement.names.of(before[i][0]) for i in cuts)


def stated_error(judgement: Judgement) -> str | None:
    """The name of E, if the file computes this E; or it has no name."""
    error, given = judgement.choice.error, {i for _, i in judgement.world.recording.values}
    if error not in errors.ERROR_FUNCTIONS or any(judgement.stated_scales()):
        return error
    return error if any(map(judgement.is_error, given)) else None


def has_slope(judgement: Judgement) -> bool:
    """Whether g − y is multiplied by something of g or u: by what is meant for the slope of the
    output, and E is the squared error, whose ∂E/∂u has one."""
    target, nodes = judgement.choice.target, judgement.world.recording.nodes
    of_one = any(axis_of_one(nodes[g].value) is not None for g, _ in target.pairs)
    if judgement.choice.error != "squared_error" or of_one or not judgement.right:
        return False
    products = [
        judgement.world.graph.before[i] for i in target.backward if nodes[i].op == "multiply"
    ]
    factors = [(delta, other) for before in products for delta, other in permutations(before, 2)
               if delta in target.backward]  # fmt: skip
    if any(other in target.backward for _, other in factors):  # of an E of another kind
        return False
    return any(_is_by_slope(judgement, g, factors) for g, _ in target.pairs)


def _is_by_slope(judgement: Judgement, g: int, factors: Sequence[tuple[int, int]]) -> bool:
    """Whether some ∂E/∂g stands beside a factor of its shape that is made of g or u."""
    world, nodes = judgement.world, judgement.world.recording.nodes
    variables = nodes.keys() - set(world.roots)
    own = [g, *(() if nodes[g].op in FACTORS else world.inner(g, variables))]
    slopes = world.graph.dependents(own) - judgement.choice.target.backward
    beside = [delta for delta, other in factors
              if other in slopes and nodes[other].value.shape == nodes[g].value.shape]  # fmt: skip
    return any(name.of == g for delta in beside if (name := judgement.names.of(delta)) is not None)


def _is_passed_on(world: World, derived: Sequence[int]) -> bool:
    """Whether twice ∂E/∂g makes twice the step: of another E it may be the sign, or be cut off."""
    state = world.at[0]
    try:
        once = world.replayed(state, {i: state[i] for i in derived})
        twice = world.replayed(state, {i: 2 * state[i] for i in derived})
    except replay.NotReplayed:  # a branch that this would not take
        return False
    return all(np.allclose(twice[name], 2 * change) for name, change in once.items())
