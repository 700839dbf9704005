"""A network that is a chain of layers, however it is written, in the lecture's form.

u = Wx, z = (1, f(u)), a = Vz: rows are samples, W and V have their biases in column 0, E is summed
over the samples. In this form the catalogue's formulas apply to what a step claims.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from jaxmlp.verify import given
from jaxmlp.verify.derivation import DERIVATION, functions_named
from jaxmlp.verify.judge.judgement import Judgement
from jaxmlp.verify.judge.naming import multiple
from jaxmlp.verify.judge.worlds import Param, World
from jaxmlp.verify.layouts import prepend_one
from jaxmlp.verify.program import Quantities
from jaxmlp.verify.run.outputs import as_target
from jaxmlp.verify.run.step import FACTORS, MATRIX_PRODUCTS
from jaxmlp.verify.truth.adjoints import states
from jaxmlp.verify.truth.replay import NotReplayed

SEED = 1
MORE = 5  # states, beside those of the adjoints
TURNING = frozenset(("np.transpose", "np.reshape", "np.copy", "astype"))
FUNCTION_TOLERANCE = 1e-9


class ChainLayer(NamedTuple):
    """One layer of a chain.

    Attributes:
        W, b: the nodes of its weights and its biases; b is None where it has none of its own.
        turned: whether W is the transpose of the lecture's.
        left: whether W is on the left of the product, so that samples are columns.
        x, u: the nodes of what it is given, with or without its 1, and of Wx, one for each sample
            or batch of the step.
    """

    W: int
    b: int | None
    turned: bool
    left: bool
    x: tuple[int, ...]
    u: tuple[int, ...]


class LayerForm(NamedTuple):
    """A layer's values, the states along the first axis.

    Attributes:
        W: (states, q, d+1), or without biases (states, q, d).
        x: (states, n, d+1), with its 1 in front, or (states, n, d).
        u: (states, n, q).
        one: where the biases are: "first", "last", "apart" or "".
    """

    W: np.ndarray
    x: np.ndarray
    u: np.ndarray
    one: str


class LayerChain(NamedTuple):
    """A network brought to the lecture's form.

    Attributes:
        layers, forms: from the data to the output.
        f, output, error: the names of the activations between them, of g and of E.
        y: the targets, (states, n, m).
        g: the nodes of the outputs.
        world: the step, at many states.
        right: what is right, for each pair of layers that follow each other; of one, for it alone.
        z: what the step gives for z, where that is to be judged, too.
    """

    layers: tuple[ChainLayer, ...]
    forms: tuple[LayerForm, ...]
    f: tuple[str, ...]
    output: str
    error: str
    y: np.ndarray
    g: tuple[int, ...]
    world: World
    right: tuple[Quantities, ...] = ()
    z: np.ndarray | None = None

    def meaning(self, *, f: str | None = None, output: str | None = None) -> LayerChain:
        """The same layers as a network of two with another f or g; its z is then a claim."""
        made = self._replace(f=(f,) if f else self.f, output=output or self.output)
        return made._replace(right=_passed_on(made), z=self.right[0].z)

    def with_any_f(self) -> list[LayerChain]:
        """The same with each f that is one."""
        return [self.meaning(f=f) for f in given.F if f != "identity"]


class NoChain(Exception):
    """A network that is none."""


def chain(judgement: Judgement, meant: tuple[str, str] | None = None) -> LayerChain | None:
    """The network of a step as a chain of layers; None if it is another one.

    Args:
        meant: g and E, where it is not what is computed that counts.
    """
    try:
        return _chain(judgement, meant)
    except (NoChain, NotReplayed, ValueError, LookupError):
        return None


def _chain(judgement: Judgement, meant: tuple[str, str] | None) -> LayerChain:
    pairs, world = judgement.choice.target.pairs, judgement.world
    g = tuple(one for one, _ in pairs)
    layers = tuple(_layers(world, g))
    at = [*world.at, *states(world.recording, world.roots, SEED, MORE)]
    world = replace(world, at=at)
    forms = tuple(_form(one, at) for one in layers)
    left = layers[-1].left
    out = _rows([_value(at, one) for one in g], left)
    targets = [np.stack([as_target(state[t], state[o]) for state in at]) for o, t in pairs]
    target = _rows(targets, left)
    if out.shape != forms[-1].u.shape:
        raise NoChain
    output, error = meant or (_named(given.G, forms[-1].u, out), "")
    f = tuple(_named(given.F, a.u, _without_one(b)) for a, b in itertools.pairwise(forms))
    true = _rows([judgement.names.adjoints[one] for one in g], left)
    error = error or _error(true, out[: len(true)], target[: len(true)])
    made = LayerChain(layers, forms, f, output, error, target, g, world)
    return made._replace(right=_passed_on(made))


def _layers(world: World, g: Sequence[int]) -> list[ChainLayer]:
    graph, nodes = world.graph, world.recording.nodes
    merged: dict[int, ChainLayer] = {}
    used = graph.ancestors(g) & graph.dependents(world.roots)
    for number in sorted(used):
        if nodes[number].op in FACTORS:
            layer = _layer(world, number, used)
            old = merged.get(layer.W)
            if old and layer.x[0] in old.x:  # the same once more, as in exp(Vz) / Σ exp(Vz)
                continue
            merged[layer.W] = old._replace(x=old.x + layer.x, u=old.u + layer.u) if old else layer
    layers = list(merged.values())
    each = all(len(layer.u) == len(g) for layer in layers)
    if (
        not layers
        or not each
        or not all(_follows(world, *pair) for pair in itertools.pairwise(layers))
    ):
        raise NoChain
    return layers


def _follows(world: World, one: ChainLayer, other: ChainLayer) -> bool:
    pairs = zip(one.u, other.x, strict=True)
    return all(u in world.graph.ancestors([x]) for u, x in pairs)


def _layer(world: World, number: int, used: set[int]) -> ChainLayer:
    graph, nodes = world.graph, world.recording.nodes
    feeding = graph.before[number]
    among = world.roots
    roots = [graph.root(one, among, TURNING) for one in feeding]
    if None not in roots:  # of a call ∂E/∂x may be a result, too
        roots = [one if param_of(world, one) else None for one in roots]
    if nodes[number].op not in MATRIX_PRODUCTS or len(feeding) != 2 or roots.count(None) != 1:
        raise NoChain
    left = roots[0] is not None
    (W, *_), (operand, x) = (roots, feeding) if left else (roots[::-1], feeding[::-1])
    own, factor = nodes[W].value, nodes[operand].value
    factor = factor if left else factor.T
    if own.ndim != 2 or not any(np.array_equal(factor, one) for one in (own, own.T)):
        raise NoChain
    u, b = number, None
    for after in graph.after[number]:
        others = [graph.root(i, among, TURNING) for i in graph.before[after] if i != number]
        if after in used and nodes[after].op == "add" and others and others[0] is not None:
            u, b = after, others[0]
    return ChainLayer(W, b, not np.array_equal(factor, own), left, (x,), (u,))


def _value(at: Sequence[Mapping[int, np.ndarray]], number: int) -> np.ndarray:
    return np.stack([np.asarray(state[number], float) for state in at])


def _rows(values: Sequence[np.ndarray], left: bool) -> np.ndarray:
    """Vectors, or the rows or columns of batches, as rows."""
    if any(value.ndim not in (2, 3) for value in values):
        raise NoChain
    made = [v[:, None, :] if v.ndim == 2 else v.mT if left else v for v in values]
    return np.concatenate(made, axis=1)


def _form(layer: ChainLayer, at: Sequence[Mapping[int, np.ndarray]]) -> LayerForm:
    W, x = _value(at, layer.W), _rows([_value(at, one) for one in layer.x], layer.left)
    W = W.mT if layer.turned else W
    u = _rows([_value(at, one) for one in layer.u], layer.left)
    if layer.b is not None:
        return LayerForm(_joined(W, _value(at, layer.b)), prepend_one(x), u, "apart")
    for one, place in (("first", 0), ("last", -1)):
        if x.shape[-1] > 1 and (x[..., place] == 1).all():
            turn = int(one == "last")
            return LayerForm(np.roll(W, turn, -1), np.roll(x, turn, -1), u, one)
    return LayerForm(W, x, u, "")


def _joined(W: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Weights with their biases in column 0."""
    return np.concatenate([b.reshape(*W.shape[:2], 1), W], axis=-1)


def _without_one(form: LayerForm) -> np.ndarray:
    return form.x[..., 1:] if form.one else form.x


def _named(known: Mapping, given_to: np.ndarray, value: np.ndarray) -> str:
    """The function that gives a value."""
    with np.errstate(all="ignore"):
        for name, function in known.items():
            if value.shape == given_to.shape and np.allclose(
                function(given_to), value, FUNCTION_TOLERANCE, FUNCTION_TOLERANCE
            ):
                return name
    raise NoChain


def _error(true: np.ndarray, out: np.ndarray, target: np.ndarray) -> str:
    """The E whose derivative by the output is that of the step's E, up to a factor."""
    with np.errstate(all="ignore"):
        for name, slope in given.D_ERROR.items():
            if multiple(slope(out, target), true) is not None:
                return name
    raise NoChain


def _right(network: LayerChain, k: int) -> Quantities:
    """What is right for layers k and k + 1, as if these were all."""
    forms = network.forms
    f = network.f[k] if network.f else "identity"
    by = functions_named(f, network.output, network.error)
    bias = any(form.one for form in forms[k : k + 2])
    x = prepend_one(forms[k].x) if bias and not forms[k].one else forms[k].x
    known = {"x": x, "y": network.y, "by": by, "bias": bias, "mean": False}
    weights = [_padded(form, bias) for form in forms[k : k + 2]]
    known |= {"eta": 1.0, "update": False, "W": weights[0], "V": weights[-1]}
    return Quantities(DERIVATION, known if len(weights) == 2 else {**known, "z": x})


def _padded(form: LayerForm, bias: bool) -> np.ndarray:
    """Weights with biases of 0 where only the other layer has any."""
    if bias and not form.one:
        return np.concatenate([np.zeros_like(form.W[..., :1]), form.W], axis=-1)
    return form.W


def _passed_on(network: LayerChain) -> tuple[Quantities, ...]:
    """What is right for each pair of layers, with the δ that the next gives."""
    pairs = [_right(network, k) for k in range(max(len(network.forms) - 1, 1))]
    rights = [pairs.pop()]
    while pairs:
        rights.append(pairs.pop().given(delta2=rights[-1].delta1))
    return tuple(rights[::-1])


def param_of(world: World, node: int | None) -> Param | None:
    """The parameter of a step that a layer's weights or biases are: one that moves, if there is."""
    return next((p for p in sorted(world.params, key=lambda p: p.gives) if p.old == node), None)
