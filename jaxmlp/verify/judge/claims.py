"""What a step claims for the layers of a chain: their δ and gradients, in the lecture's form."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from jaxmlp.verify.diagnose import same
from jaxmlp.verify.judge.judgement import Judgement
from jaxmlp.verify.judge.layers import ChainLayer, LayerChain, param_of
from jaxmlp.verify.judge.naming import multiple
from jaxmlp.verify.judge.worlds import Param, World
from jaxmlp.verify.program import Quantities
from jaxmlp.verify.run.step import FACTORS
from jaxmlp.verify.run.tape import Node, Ref

CLAIM_TOLERANCE = 1e-9
DELTA_OF = {"dV": "delta2", "dW": "delta1"}


class LayerClaim(NamedTuple):
    """What is claimed for one layer, in the lecture's form.

    Attributes:
        params: the names of its weights and biases.
        d: its gradient times a step size, (states, q, d+1); None where it isn't moved.
        delta: what its gradient is made from, (states, n, q), or None.
        factor: between the product of these and d.
        sure: whether d is right.
        nodes: of the δ, and of the new parameter.
    """

    params: tuple[str, ...]
    d: np.ndarray | None
    delta: np.ndarray | None
    factor: float
    sure: bool
    nodes: tuple[int | None, int | None] = (None, None)


def right_of(network: LayerChain, k: int) -> np.ndarray:
    """The right gradient of a layer."""
    pair = network.right[min(k, len(network.right) - 1)]
    return pair.dW if k < len(network.layers) - 1 else pair.dV


def layer_claim(judgement: Judgement, network: LayerChain, k: int) -> LayerClaim:
    """What a step says that the gradient of layer k is, and its δ: with the bias as column 0."""
    layer, form, world = network.layers[k], network.forms[k], network.world
    W, b = param_of(world, layer.W), param_of(world, layer.b)
    params = tuple(p.name for p in (W, b) if p)
    if W is None:
        return LayerClaim(params, None, None, 1.0, sure=False)
    right, d = right_of(network, k), world.change(W)
    d = d.mT if layer.turned else d
    d = np.roll(d, 1, -1) if form.one == "last" else d
    node, delta, factor = _delta(judgement, network, layer, W)
    if delta is not None:
        weights = slice(bool(form.one) - form.x.shape[-1], None)
        made = (delta.mT @ form.x)[..., weights]  # η may stand in either factor
        factor = multiple(d[..., weights], made) or factor
    if right.shape[-1] > d.shape[-1]:
        own = right[..., 0] if delta is None else factor * delta.sum(1)
        column = world.change(b) if b else own
        d = np.concatenate([column.reshape(*d.shape[:2], 1), d], axis=-1)
    sure = all(judgement.right.get(p, False) and judgement.factors.get(p, 1) > 0 for p in params)
    return LayerClaim(params, d, delta, factor, sure, (node, W.new))


def _delta(
    judgement: Judgement, network: LayerChain, layer: ChainLayer, W: Param
) -> tuple[int | None, np.ndarray | None, float]:
    """(the node of the δ that a gradient is made of, its rows, the factor from product to step)."""
    world, backward = network.world, judgement.choice.target.backward
    if len(layer.x) > 1:  # gradients that are added up
        return None, None, 1.0
    for number in sorted(world.graph.ancestors([W.new]) & backward, reverse=True):
        node = world.recording.nodes[number]
        refs = [a.id for a in node.args if isinstance(a, Ref)]
        if len(refs) != 2 or sum(i in backward for i in refs) != 1 or not _outer(node, W, world):
            continue
        made, change = np.stack([s[number] for s in world.at]), world.change(W)
        factor = multiple(change, made) or multiple(change, made.mT)
        left = refs[0] in backward
        value = np.stack([s[refs[not left]] for s in world.at])
        n, q = network.forms[network.layers.index(layer)].u.shape[1:]
        if factor is None or value[0].size != n * q or value.dtype.kind != "f":
            return None, None, 1.0
        turned = left and value.ndim == 3 and n > 1
        rows = (value.mT if turned else value).reshape(-1, n, q)
        return refs[not left], rows, factor
    return None, None, 1.0


def _outer(node: Node, W: Param, world: World) -> bool:
    """Whether an operation may be the product of a δ and what the layer is given."""
    shape = node.value.shape
    fits = len(shape) == 2 and shape in (world.at[0][W.old].shape, world.at[0][W.old].shape[::-1])
    parts = [world.at[0][a.id].shape for a in node.args if isinstance(a, Ref)]
    by_entries = node.op == "multiply" and shape not in parts  # δ[:, None] * z
    return fits and (node.op in FACTORS or by_entries)


def style_of(claims: Sequence[LayerClaim]) -> int:
    """1 where what is right is taken off, −1 where it is −δ and added; 0 where nothing is right."""
    return next((int(np.sign(c.factor)) for c in claims if c.sure and c.delta is not None), 0)


def by_stage_of(
    right: Quantities, stage: str, claim: LayerClaim, size: float, style: int | None
) -> dict[str, np.ndarray]:
    """A layer's gradient and δ, in the size of the gradient of E.

    Where the gradient is right, another δ (with η in it, or before its f') is no mistake.
    """
    if claim.d is None:
        return {}
    true = getattr(right, stage)
    d = true if claim.sure and style is not None else claim.d / size
    if claim.delta is None:
        return {stage: d}
    true_delta = getattr(right, DELTA_OF[stage])
    size_of = abs(claim.factor) / size
    # then the step is uphill, and not δ wrong
    up = same(claim.delta * size_of, true_delta, CLAIM_TOLERANCE)
    delta = claim.delta * (style * size_of if style else size_of if up else claim.factor / size)
    fine = same(d, true, CLAIM_TOLERANCE) and not same(delta, true_delta, CLAIM_TOLERANCE)
    return {stage: d} if fine else {DELTA_OF[stage]: delta, stage: d}
