"""A world at other values: targets that could be the outputs', outputs for which E is finite."""

import contextlib
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from jaxmlp.verify.judge.worlds import World
from jaxmlp.verify.run import network
from jaxmlp.verify.run.targets import Target
from jaxmlp.verify.truth import adjoints, replay

SATURATION_MARGIN = 1e-7


def suited(world: World, target: Target, seed: int) -> World:
    """The same, where the target is a stand-in, with one whose entries could be the outputs'; are
    1 for one class and else 0, if the program asks which class it is."""
    recording, nodes = world.recording, world.recording.nodes
    likely = network.like_outputs(world.graph, target, world.at[0]) if recording.guessed else {}
    whole = {i: np.eye(value.shape[-1])[value.argmax(-1)] for i, value in likely.items()}
    several = any(value.shape[-1] > 1 for value in likely.values())
    asked = any(nodes[k].op == "np.argmax" for i in likely for k in world.graph.after[i])
    for values in filter(None, [whole] if several and asked else [likely, whole]):
        new = nodes | {i: nodes[i]._replace(value=value) for i, value in values.items()}
        changed = replace(recording, nodes=new)
        with contextlib.suppress(replay.NotReplayed):  # with these it may go another way
            at = adjoints.states(changed, world.roots, seed)
            return _within(replace(world, recording=changed, at=at), target, seed)
    return _within(world, target, seed)


def seen(world: World, seed: int) -> Iterator[World]:
    """The same at larger parameters, where more may be seen of the first of many layers, and at
    smaller ones, where units are not saturated; with other numbers for all samples that are 0."""
    parts = world.recording.parts
    empty = network.empty_samples(world.graph, world.roots, world.targets, parts, own=True)
    for k in (0, -1, *range(1, adjoints.SHRUNK + 1)):
        with contextlib.suppress(replay.NotReplayed):
            size = adjoints.SHRINK_FACTOR**k
            at = adjoints.states(world.recording, world.roots, seed, empty=empty, size=size)
            yield replace(world, at=at)


def _within(world: World, target: Target, seed: int) -> World:
    """The same at smaller parameters, if outputs are so near 0 or 1 that of g or of g − 1 little is
    left but rounding: (1 + tanh(u/2))/2 near 0 has lost all its digits."""
    at = world.at
    for k in range(1, adjoints.SHRUNK + 1):
        outputs = np.concatenate([np.ravel(state[g]) for state in at for g, _ in target.pairs])
        ended = (outputs < SATURATION_MARGIN) | (outputs > 1 - SATURATION_MARGIN)
        if not ended.any() or outputs.min() < 0 or outputs.max() > 1:
            return replace(world, at=at)
        try:
            at = adjoints.states(world.recording, world.roots, seed, size=adjoints.SHRINK_FACTOR**k)
        except replay.NotReplayed:
            break
    return world
