"""A network that is a chain of layers, however it is written, in the lecture's form.

u = Wx, z = (1, f(u)), a = Vz: rows are samples, W and V have their biases in column 0, E is summed
over the samples. In this form the catalogue's formulas apply to what a step claims.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import NamedTuple

import numpy as np

from jaxmlp.verify import given
from jaxmlp.verify.judge.naming import multiple
from jaxmlp.verify.judge.steps import Judgement, Param, World
from jaxmlp.verify.mistakes import DERIVATION
from jaxmlp.verify.points import with_one
from jaxmlp.verify.program import Quantities
from jaxmlp.verify.run.network import as_target
from jaxmlp.verify.run.step import FACTORS
from jaxmlp.verify.truth.adjoints import states

SEED = 1
MORE = 5  # states, beside those of the adjoints
TURNING = frozenset(("np.transpose", "np.reshape", "np.copy", "astype"))
PRODUCTS = frozenset(("matmul", "np.dot", "np.matmul"))
SAME = 1e-9


class Layer(NamedTuple):
    """One layer of a chain.

    Attributes:
        W, b: the nodes of its weights and its biases; b is None where it has none of its own.
        turned: whether W is the transpose of the lecture's.
        left: whether W is on the left of the product, so that samples are columns.
        x, u: the nodes of what it is given, with or without its 1, and of Wx.
    """

    W: int
    b: int | None
    turned: bool
    left: bool
    x: int
    u: int


class Form(NamedTuple):
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


class Chain(NamedTuple):
    """A network brought to the lecture's form.

    Attributes:
        layers, forms: from the data to the output.
        f, output, error: the names of the activations between them, of g and of E.
        y: the targets, (states, n, m).
        g: the node of the output.
        world: the step, at many states.
        right: what is right, for each pair of layers that follow each other; of one, for it alone.
        z: what the step gives for z, where that is to be judged, too.
    """

    layers: tuple[Layer, ...]
    forms: tuple[Form, ...]
    f: tuple[str, ...]
    output: str
    error: str
    y: np.ndarray
    g: int
    world: World
    right: tuple[Quantities, ...] = ()
    z: np.ndarray | None = None

    def meaning(self, *, f: str | None = None, output: str | None = None) -> Chain:
        """The same layers as a network of two with another f or g; its z is then a claim."""
        made = self._replace(f=(f,) if f else self.f, output=output or self.output)
        return made._replace(right=_passed_on(made), z=self.right[0].z)

    def with_any_f(self) -> list[Chain]:
        """The same with each f that is one."""
        return [self.meaning(f=f) for f in given.F if f != "identity"]


class NoChain(Exception):
    """A network that is none."""


def chain(found: Judgement) -> Chain | None:
    """The network of a step as a chain of layers; None if it is another one."""
    try:
        return _chain(found)
    except (NoChain, ValueError, IndexError):
        return None


def _chain(found: Judgement) -> Chain:
    if len(found.choice.target.pairs) != 1:
        raise NoChain
    ((g, y),) = found.choice.target.pairs
    world = found.world
    layers = tuple(_layers(world, g))
    at = [*world.at, *states(world.recording, world.roots, SEED, MORE + 1)[1:]]
    world = replace(world, at=at)
    forms = tuple(_form(one, at) for one in layers)
    out = _rows(_value(at, g), layers[-1].left)
    targets = [as_target(state[y], state[g]) for state in at]
    target = _rows(np.stack(targets), layers[-1].left)
    if out.shape != forms[-1].u.shape:
        raise NoChain
    output = _named(given.G, forms[-1].u, out)
    f = tuple(_named(given.F, a.u, _without_one(b)) for a, b in zip(forms, forms[1:], strict=False))
    error = _error(found, g, layers[-1].left, out, target)
    made = Chain(layers, forms, f, output, error, target, g, world)
    return made._replace(right=_passed_on(made))


def _layers(world: World, g: int) -> list[Layer]:
    graph, nodes, found = world.graph, world.recording.nodes, []
    used = graph.ancestors([g]) & graph.dependents(world.roots)
    for number in sorted(used):
        if nodes[number].op in FACTORS:
            found.append(_layer(world, number, used))
    follows = all(a.u in graph.ancestors([b.x]) for a, b in zip(found, found[1:], strict=False))
    if not found or not follows or len({one.W for one in found}) < len(found):
        raise NoChain
    return found


def _layer(world: World, number: int, used: set[int]) -> Layer:
    graph, nodes = world.graph, world.recording.nodes
    feeding = graph.before[number]
    roots = [_root(world, one) for one in feeding]
    if nodes[number].op not in PRODUCTS or len(feeding) != 2 or roots.count(None) != 1:
        raise NoChain
    left = roots[0] is not None
    W, operand, x = (
        (roots[0], feeding[0], feeding[1]) if left else (roots[1], feeding[1], feeding[0])
    )
    own, factor = nodes[W].value, nodes[operand].value
    factor = factor if left else factor.T
    if own.ndim != 2 or not any(np.array_equal(factor, one) for one in (own, own.T)):
        raise NoChain
    u, b = number, None
    for after in graph.after[number]:
        others = [_root(world, one) for one in graph.before[after] if one != number]
        if after in used and nodes[after].op == "add" and others and others[0] is not None:
            u, b = after, others[0]
    return Layer(W, b, not np.array_equal(factor, own), left, x, u)


def _root(world: World, number: int) -> int | None:
    """The parameter that a node is, turned as it may be."""
    nodes = world.recording.nodes
    while number not in world.roots and nodes[number].op in TURNING:
        number = world.graph.before[number][0]
    return number if number in world.roots else None


def _value(at: Sequence[Mapping[int, np.ndarray]], number: int) -> np.ndarray:
    return np.stack([np.asarray(state[number], float) for state in at])


def _rows(value: np.ndarray, left: bool) -> np.ndarray:
    """Vectors, or the rows or columns of a batch, as rows."""
    if value.ndim == 2:
        return value[:, None, :]
    if value.ndim != 3:
        raise NoChain
    return value.mT if left else value


def _form(layer: Layer, at: Sequence[Mapping[int, np.ndarray]]) -> Form:
    W, x = _value(at, layer.W), _rows(_value(at, layer.x), layer.left)
    W = W.mT if layer.turned else W
    u = _rows(_value(at, layer.u), layer.left)
    if layer.b is not None:
        return Form(_joined(W, _value(at, layer.b)), with_one(x), u, "apart")
    for one, place in (("first", 0), ("last", -1)):
        if x.shape[-1] > 1 and (x[..., place] == 1).all():
            turn = int(one == "last")
            return Form(np.roll(W, turn, -1), np.roll(x, turn, -1), u, one)
    return Form(W, x, u, "")


def _joined(W: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Weights with their biases in column 0."""
    return np.concatenate([b.reshape(*W.shape[:2], 1), W], axis=-1)


def _without_one(form: Form) -> np.ndarray:
    return form.x[..., 1:] if form.one else form.x


def _named(known: Mapping, given_to: np.ndarray, value: np.ndarray) -> str:
    """The function that gives a value."""
    with np.errstate(all="ignore"):
        for name, function in known.items():
            if value.shape == given_to.shape and np.allclose(function(given_to), value, SAME, SAME):
                return name
    raise NoChain


def _error(found: Judgement, g: int, left: bool, out: np.ndarray, target: np.ndarray) -> str:
    """The E whose derivative by the output is that of the step's E, up to a factor."""
    true = _rows(found.names.adjoints[g], left)
    with np.errstate(all="ignore"):
        for name, slope in given.D_ERROR.items():
            if multiple(slope(out, target)[: len(true)], true) is not None:
                return name
    raise NoChain


def _right(network: Chain, k: int) -> Quantities:
    """What is right for layers k and k + 1, as if these were all."""
    forms, output, error = network.forms, network.output, network.error
    f = network.f[k] if network.f else "identity"
    named = {"hidden": f, "output": output, "loss": error}
    by = SimpleNamespace(
        f=given.F[f], slope=given.SLOPE[f], g=given.G[output], pullback=given.PULLBACK[output],
        dE=given.D_ERROR[error], delta2=functools.partial(given.delta2, output, error),
        network=SimpleNamespace(**{role: SimpleNamespace(name=n) for role, n in named.items()}),
    )  # fmt: skip
    bias = any(form.one for form in forms[k : k + 2])
    x = with_one(forms[k].x) if bias and not forms[k].one else forms[k].x
    known = {"x": x, "y": network.y, "by": by, "bias": bias, "mean": False}
    weights = [_padded(form, bias) for form in forms[k : k + 2]]
    known |= {"eta": 1.0, "update": False, "W": weights[0], "V": weights[-1]}
    return Quantities(DERIVATION, known if len(weights) == 2 else {**known, "z": x})


def _padded(form: Form, bias: bool) -> np.ndarray:
    """Weights with biases of 0 where only the other layer has any."""
    if bias and not form.one:
        return np.concatenate([np.zeros_like(form.W[..., :1]), form.W], axis=-1)
    return form.W


def _passed_on(network: Chain) -> tuple[Quantities, ...]:
    """What is right for each pair of layers, with the δ that the next gives."""
    pairs = [_right(network, k) for k in range(max(len(network.forms) - 1, 1))]
    found = [pairs.pop()]
    while pairs:
        found.append(pairs.pop().given(delta2=found[-1].delta1))
    return tuple(found[::-1])


def param_of(world: World, node: int | None) -> Param | None:
    """The parameter of a step that a layer's weights or biases are."""
    return next((p for p in world.params if p.old == node), None)
