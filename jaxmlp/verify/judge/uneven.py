"""Gradients that have another factor than those beside them: a mean here, a sum there."""

import math
from collections.abc import Collection, Iterable, Mapping, Sequence

from jaxmlp.verify.judge.rates import (
    counts_otherwise,
    has_more,
    is_rate,
    lacks_rate,
    made_again,
    near,
    repeats_rate,
)
from jaxmlp.verify.judge.worlds import World
from jaxmlp.verify.run.network import multiplied


def uneven(
    world: World, outputs: Sequence[int], factors: Mapping[str, float], exact: Collection[str] = ()
) -> dict[str, float]:
    """The parameters whose gradient has another factor than most, or than the one nearest to E.

    A step may have a step size for each; then only the number of samples is told, of weights 2,
    a step size that all others have and this one has not, and a division by another count.

    Args:
        exact: those whose gradient is known to be that of the E that the file states.
    """
    if len(factors) < 2:
        return {}
    shapes = {p.name: world.at[0][p.old].shape for p in world.params}
    params = {p.name: p for p in world.params}
    weights = [name for name in factors if multiplied(world.graph, params[name].old)]
    among = {name: factors[name] for name in weights or factors}
    last = max(
        (p for p in world.params if p.name in among), key=lambda p: min(world.graph.after[p.old])
    )
    new = {p.name: p.new for p in world.params}
    averaged = {name: _averaged(world, outputs, new[name], new[last.name]) for name in factors}
    sure = [factors[name] for name in exact]
    common = _common(factors, among, last.name, sure, averaged)
    odd = {name: factor / common for name, factor in factors.items() if not near(factor, common)}
    sizes = {n for g in outputs for n in world.at[0][g].shape if n > 1}
    if all(p.gives for p in world.params):  # ∂E/∂x may be of the sum where the weights' is a mean
        samples = sizes - {n for name in factors.keys() - odd.keys() for n in shapes[name]}
        return {name: f for name, f in odd.items()
                if not any(n in shapes[name] and near(f, float(n)) for n in samples)}  # fmt: skip
    known = [shapes[name] for name in factors]
    batch = _batch(sizes, [world.at[0][g].shape for g in outputs], known)
    told = {name: (*batch, averaged[name]) for name in odd}
    rest = [new[name] for name in factors if name not in odd]
    if times := _of_the_rest(world, rest, [new[name] for name in odd], [*odd.values()]):
        return {name: times for name in factors if name not in odd}
    more = {name for name, f in odd.items()
            if (name in weights and (near(f, 2.0) or near(f, 0.5)))
            or near(f, float(made_again(world, params[name])))
            or has_more(world, new[name], rest, f)}  # fmt: skip
    odd = {name: f for name, f in odd.items()
           if name in more or not is_rate(world, new[name], rest, f)}  # fmt: skip
    return {name: f for name, f in odd.items()
            if name in more or any(near(f, n) or near(f, 1 / n) for n in told[name])
            or lacks_rate(world, new[name], rest, f)
            or counts_otherwise(world, new[name], rest, f)}  # fmt: skip


def _common(
    factors: Mapping[str, float], among: Mapping[str, float], last: str, sure: Sequence[float],
    averaged: Mapping[str, float],
) -> float:  # fmt: skip
    """The factor that the others are held against.

    Args:
        among: the factors that count, of weights if there are any.
        last: the parameter nearest to the output.
        sure: the factors of those that are known to be of the stated E.
        averaged: how many numbers means are taken over on the way to each, and not to the last.
    """
    if sure and all(near(f, sure[0]) for f in sure):
        return sure[0]
    if any(n > 1 and near(n * factors[name], factors[last]) for name, n in averaged.items()):
        return factors[last]
    return max(among.values(), key=lambda f: (sum(near(f, g) for g in factors.values()),
                                              near(f, among[last])))  # fmt: skip


def _of_the_rest(
    world: World, rest: Sequence[int], odd: Sequence[int], factors: Sequence[float]
) -> float | None:
    """How many times their factor the rest have, where it is they that are off: all of them lack a
    step size that the odd ones have, or have it once more.

    Args:
        rest, odd: the new values of most parameters, and of the others.
        factors: those of the odd ones, by that of the rest.
    """
    if not factors or not all(near(f, factors[0]) for f in factors):
        return None
    times = 1 / factors[0]
    off = (all(look(world, new, odd, times) for new in rest) for look in (lacks_rate, repeats_rate))
    return times if any(off) else None


def _batch(
    sizes: set[int], outputs: Sequence[tuple[int, ...]], known: Iterable[tuple[int, ...]]
) -> set[float]:
    """How many samples there may be: the sizes of outputs that no parameter has, and what an output
    has twice, of units and of samples."""
    twice = {n for shape in outputs for n in shape if shape.count(n) > 1}
    return {float(n) for n in sizes.difference(*known) | sizes & twice}


def _averaged(world: World, outputs: Sequence[int], new: int, other: int) -> float:
    """How many numbers means are taken over on the way to a parameter's new value, and not to
    another's: over units, where the sum belongs, it is no step size."""
    nodes, graph = world.recording.nodes, world.graph
    own = graph.ancestors([new]) - graph.ancestors([*outputs, other])
    means = [i for i in own if nodes[i].op in ("np.mean", "np.average")]
    sizes = [nodes[graph.before[i][0]].value.size / max(nodes[i].value.size, 1) for i in means]
    return float(math.prod(sizes))


def uneven_layer(
    world: World, outputs: Sequence[int], factors: Mapping[str, float]
) -> dict[str, float]:
    """Those of a layer: what it gives back beside ∂E/∂(output), what it moves by itself alike."""
    own = {p.name for p in world.params if p.gives}
    passed = {name: f for name, f in factors.items() if name in own}
    moved = {name: f for name, f in factors.items() if name not in own}
    return _passed_unevenly(world, outputs[0], passed) | uneven(world, outputs, moved)


def _passed_unevenly(world: World, output: int, factors: Mapping[str, float]) -> dict[str, float]:
    """The results of a layer's backward pass that are not ∂E/∂(what it has) for ∂E/∂(output).

    The mean over the samples may be taken here, of all that has no entry for each of them.
    """
    shapes = {p.name: world.at[0][p.old].shape for p in world.params}
    size = world.at[0][output].shape
    if world.recording.guessed and len(set(size)) < len(size):
        return {}  # as many samples as units: which of them the mean is of cannot be seen
    tried: list[tuple[int, int, dict[str, float]]] = []
    for n in sample_counts(world, output):
        means = {name: f for name, f in factors.items() if n not in shapes[name]}
        weights = [f for name, f in means.items() if len(shapes[name]) > 1 < min(shapes[name])]
        told = weights or list(means.values())
        share = 1 / n if told and all(near(f, 1 / n) for f in told) else 1.0
        odd = {name: f for name, f in factors.items()
               if not near(f, 1.0 if n in shapes[name] else share)}  # fmt: skip
        tried.append((len(odd), -len(means), odd))
    return min(tried, key=lambda trial: trial[:2])[2] if tried else {}


def sample_counts(world: World, output: int) -> list[int]:
    """How many samples there may be, the likeliest first: as many as what is used first and the
    output have."""
    shapes = world.at[0][output].shape or (1,)
    first = min((p.old for p in world.params), key=lambda i: min(world.graph.after[i], default=i))
    both = [n for n in shapes if n in world.at[0][first].shape]
    known = [world.at[0][p.old].shape for p in world.params]
    units = {n for shape in known if sum(k > 1 for k in shape) == 1 for n in shape}  # of biases
    return [n for n in both if n not in units] or [n for n in shapes if n not in units] or both
