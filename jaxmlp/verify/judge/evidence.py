"""Whether it is known which E a step goes down: no 'wrong' without that."""

from collections.abc import Sequence
from itertools import permutations

import numpy as np

from jaxmlp.verify.judge.choosing import possible
from jaxmlp.verify.judge.judgement import OWN, Judgement
from jaxmlp.verify.judge.worlds import World
from jaxmlp.verify.run.network import axis_of_one
from jaxmlp.verify.run.step import FACTORS
from jaxmlp.verify.truth import errors, replay


def shown(found: Judgement, declared: str | None) -> bool:
    """Whether E is known: it is right for a parameter; or it must be this, and is derived there."""
    if not found.right or found.shares:
        return bool(found.shares)
    world, target, error = found.world, found.choice.target, found.choice.error
    if target.upstream and not world.recording.goes_back:
        return False
    if not any(found.right.values()) and _is_cut(found):
        return False
    if any(found.right.values()) and (
        world.recording.moves or found.choice.fitting or error == OWN
    ):
        return True
    if target.upstream:
        return _is_passed_on(world, sorted(target.nodes))
    if has_slope(found):
        return True
    if error not in (declared, stated_error(found)) and possible(world, target, None) != [error]:
        return False
    outputs = {g for g, _ in target.pairs}
    names = {i: found.names.of(i) for i in target.backward}
    derived = [i for i, name in names.items() if name is not None and name.of in outputs]
    wrong = [i for i in target.backward if found.is_error(i)]
    return bool(wrong) or (bool(derived) and _is_passed_on(world, derived))


def _is_cut(found: Judgement) -> bool:
    """Whether derivatives by some of the outputs are left out, so that E is of the others."""
    nodes, before = found.world.recording.nodes, found.world.graph.before
    cuts = [i for i in found.choice.target.backward if nodes[i].op in ("getitem", "take")]
    return any(found.names.of(i) is None and found.names.of(before[i][0]) for i in cuts)


def stated_error(found: Judgement) -> str | None:
    """The name of E, if the file computes this E; or it has no name."""
    error = found.choice.error
    return error if error not in errors.KNOWN or any(found.stated_scales()) else None


def has_slope(found: Judgement) -> bool:
    """Whether g − y is multiplied by something of g or u: by what is meant for the slope of the
    output, and E is the squared error, whose ∂E/∂u has one."""
    target, nodes = found.choice.target, found.world.recording.nodes
    of_one = any(axis_of_one(nodes[g].value) is not None for g, _ in target.pairs)
    if found.choice.error != "squared_error" or of_one or not found.right:
        return False
    products = [found.world.graph.before[i] for i in target.backward if nodes[i].op == "multiply"]
    factors = [(one, other) for before in products for one, other in permutations(before, 2)
               if one in target.backward]  # fmt: skip
    if any(other in target.backward for _, other in factors):  # of an E of another kind
        return False
    return any(_is_by_slope(found, g, factors) for g, _ in target.pairs)


def _is_by_slope(found: Judgement, g: int, factors: Sequence[tuple[int, int]]) -> bool:
    """Whether some ∂E/∂g stands beside a factor of its shape that is made of g or u."""
    world, nodes = found.world, found.world.recording.nodes
    variables = nodes.keys() - set(world.roots)
    own = [g, *(() if nodes[g].op in FACTORS else world.inner(g, variables))]
    slopes = world.graph.dependents(own) - found.choice.target.backward
    beside = [one for one, other in factors
              if other in slopes and nodes[other].value.shape == nodes[g].value.shape]  # fmt: skip
    return any(name.of == g for one in beside if (name := found.names.of(one)) is not None)


def _is_passed_on(world: World, derived: Sequence[int]) -> bool:
    """Whether twice ∂E/∂g makes twice the step: of another E it may be the sign, or be cut off."""
    state = world.at[0]
    try:
        once = world.replayed(state, {i: state[i] for i in derived})
        twice = world.replayed(state, {i: 2 * state[i] for i in derived})
    except replay.NotReplayed:  # a branch that this would not take
        return False
    return all(np.allclose(twice[name], 2 * change) for name, change in once.items())
