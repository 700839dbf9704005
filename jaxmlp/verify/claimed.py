"""What a derivation claims at random points, brought to one form: rows, and biases in column 0."""

import functools
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from jaxmlp.network import Network
from jaxmlp.verify.calling import Subject, array, named_results
from jaxmlp.verify.derivation import MADE_OF, right_quantities
from jaxmlp.verify.diagnose import same, tolerance
from jaxmlp.verify.finding import Note, Words
from jaxmlp.verify.judge.stages import Claims
from jaxmlp.verify.layouts import SINGLE_SAMPLE, Layout, arguments
from jaxmlp.verify.names import roles
from jaxmlp.verify.points import Points, Sizes, draw_points, truth
from jaxmlp.verify.program import Quantities
from jaxmlp.verify.run.outcome import Crashed, Unfinished

CLAIMED_STAGES = ("dW", "dV", "delta1", "delta2")


class ClaimSetting(NamedTuple):
    """What a derivation is checked against.

    Attributes:
        points, right: at these points, the right derivation.
        network, layout, mean, eta: how it is called.
        half: whether what it gives is of ½ E.
    """

    points: Points
    right: Quantities
    network: Network
    layout: Layout
    mean: bool
    eta: float | None
    half: bool = False


def setting_at(
    network: Network, sizes: Sizes, seed: int, layout: Layout, mean: bool, eta: float | None
) -> ClaimSetting:
    """Points of these sizes, and the right derivation there as the layout has it."""
    points = points_of(network, sizes, seed)
    if layout.samples in SINGLE_SAMPLE:
        points = points.single()
    mean = mean and layout.samples not in SINGLE_SAMPLE
    right = right_quantities(network, points, mean=mean, eta=eta)
    return ClaimSetting(points, right, network, layout, mean, eta)


@functools.lru_cache(maxsize=64)
def points_of(network: Network, sizes: Sizes = Sizes(), seed: int = 0) -> Points:  # noqa: B008
    """Points of these sizes; the seed is for those of the usual sizes."""
    return draw_points(network, sizes, seed=seed if sizes == Sizes() else 0)


@functools.lru_cache(maxsize=64)
def confirm(network: Network, seed: int = 0) -> None:
    """Have autodiff and finite differences confirm the steps of the derivation at the points.

    Mistakes are made in those steps, and verdicts given by them, so they are checked each time.

    Raises:
        ValueError: autodiff and finite differences disagree on this network.
    """
    points = points_of(network, seed=seed).single()
    right = right_quantities(network, points)
    for name, value in truth(network, points)._asdict().items():
        if not same(getattr(right, name), value, 1e-9):
            raise AssertionError(f"the closed form of {name} disagrees with autodiff")


def right_at(setting: ClaimSetting, points: Points) -> Quantities:
    """The right derivation at other points."""
    return right_quantities(setting.network, points, mean=setting.mean, eta=setting.eta)


def moved(points: Points, *, seed: int) -> Points:
    """The points a few roundings of float32 away."""
    rng = np.random.default_rng(seed)
    W, V, x = (p * (1 + 3e-7 * rng.normal(size=p.shape)) for p in points[:3])
    return Points(W, V, x, points.y)


def match_level(setting: ClaimSetting, claims: Claims) -> int:
    """2: all is right. 1: all shapes are. 0: not even those."""
    right = [
        same(claim, getattr(setting.right, s), tolerance(claim)) for s, claim in claims.items()
    ]
    shapes = [claim.shape == getattr(setting.right, s).shape for s, claim in claims.items()]
    finite = not any(np.isnan(claim[..., 0]).all() for claim in claims.values() if claim.size)
    return 2 if all(right) else int(all(shapes) and finite)


def claims_at(subject: Subject, setting: ClaimSetting) -> Claims:
    """What the function gives at each point, stacked.

    Raises:
        Crashed: somewhere. Unfinished, TimedOut.
    """
    signature = roles(subject.parameters)
    at_points, finished = [], False
    for at in range(len(setting.points.W)):
        args = arguments(signature, setting.layout, setting.points, at, setting.eta)
        before = [np.copy(a) for a in args]
        result, after = subject.call(args)
        finished |= result is not None or any(map(_changed, before, after))
        at_points.append(_stages(subject, setting, result, before, after))
    if not finished:
        raise Unfinished
    times = 2.0 if setting.half else 1.0
    try:
        return {s: times * np.stack([claims[s] for claims in at_points])
                for s in CLAIMED_STAGES if s in at_points[0]}  # fmt: skip
    except (ValueError, KeyError):
        raise Crashed("expected results of the same shapes at every point") from None


def _stages(
    subject: Subject,
    setting: ClaimSetting,
    result: object,
    before: Sequence[Any],
    after: Sequence[Any],
) -> Claims:
    """The stages at one point: rows are samples, biases in column 0, steps as gradients."""
    signature = roles(subject.parameters)
    old = dict(zip(signature, before, strict=True))
    if result is None and setting.eta is None:
        raise Unfinished
    if result is None:
        result = {r: a for r, a in zip(signature, after, strict=True) if r in ("W", "V", "b", "c")}
    else:
        result = named_results(subject, signature, result, _shapes(old, setting.layout))
    values = {name: array(value) for name, value in result.items()}
    if setting.eta is not None:
        values |= {
            f"d{r}": _increment(v, r, old, setting.eta) for r, v in values.items() if r in old
        }
    stages = {
        f"d{r}": _joined(values, f"d{r}", f"d{b}", setting) for r, b in (("W", "b"), ("V", "c"))
    }
    stages |= {d: _rows(values[d], setting.layout) for d in ("delta1", "delta2") if d in values}
    stages = {name: value for name, value in stages.items() if value is not None}
    if not stages:
        raise Crashed(f"expected gradients such as dW and dV, got {', '.join(values)}")
    return stages


def _increment(new: np.ndarray, role: str, old: dict, eta: float) -> np.ndarray:
    """The gradient behind a step, also where W stands in V's place."""
    other = {"W": "V", "V": "W"}.get(role, role)
    fits = (old[r] for r in (role, other) if old[r].shape == new.shape)
    start = next(fits, None)
    return new if start is None else (start - new) / eta


def _changed(before: Any, after: Any) -> bool:
    return not np.array_equal(before, after)


def _shapes(old: dict, layout: Layout) -> dict[str, tuple]:
    """What may come back in a plain tuple of many, told apart by its shape."""
    prefix = "" if "eta" in old else "d"
    params = {prefix + r: np.shape(old[r]) for r in ("W", "V", "b", "c") if r in old}
    q, m = (old[r].shape[-1 if layout.turned else 0] for r in ("W", "V"))
    if np.ndim(old["x"]) != 2:
        return params | {"delta1": (q,), "delta2": (m,)}
    if len(old["y"]) == m != len(old["x"]):  # samples as columns
        n = np.shape(old["y"])[1]
        return params | {"delta1": (q, n), "delta2": (m, n)}
    n = len(old["x"])
    return params | {"delta1": (n, q), "delta2": (n, m)}


def _joined(values: dict, matrix: str, bias: str, setting: ClaimSetting) -> np.ndarray | None:
    """A gradient with its bias column, which may come apart."""
    d = values.get(matrix)
    if d is not None and setting.layout.turned and d.ndim == 2:
        d = d.T
    if d is None or bias not in values:
        return d
    column = values[bias].ravel()
    if d.ndim == 2 and len(d) == len(column):
        return np.concatenate([column[:, None], d], axis=1)
    if d.shape == getattr(setting.right, matrix)[0, :, 1:].shape:  # biases of another shape
        return np.concatenate([np.full_like(d[:, :1], np.nan), d], axis=1)
    return d


def _rows(delta: np.ndarray, layout: Layout) -> np.ndarray:
    """A delta with one row a sample."""
    if layout.samples in SINGLE_SAMPLE:
        return delta.reshape(1, -1) if max(delta.shape, default=1) == delta.size else delta
    return delta.T if layout.samples == "columns" else delta


def undivided(setting: ClaimSetting, claims: Claims) -> tuple[Claims, tuple[Note, ...]]:
    """δ's that carry the 1/n of the mean are ∂E/∂a and ∂E/∂u of the mean: no mistake."""
    n = setting.points.x.shape[1]
    deltas = [d for d in ("delta2", "delta1") if d in claims]
    if not setting.mean or not carry_share(setting.right, claims):
        return claims, ()
    words = Words("the deltas carry the 1/n of the mean", "δ は平均の 1/n を含んでいます")
    return {**claims, **{d: claims[d] * n for d in deltas}}, (Note("deltas-of-mean", words),)


def carry_share(right: Quantities, claims: Claims) -> bool:
    """Whether the deltas have the 1/n of the mean in them, be they right or wrong besides.

    They have where the gradient is made of one without dividing again. A sum where the mean
    belongs looks the same, but for the size of the deltas.
    """
    n = right.x.shape[1]
    deltas = [(claims[d], getattr(right, d), stage, getattr(right, fed))
              for stage, (d, fed) in MADE_OF.items() if d in claims]  # fmt: skip
    if any(claim.shape != true.shape for claim, true, *_ in deltas):
        return False
    if not all(np.linalg.norm(c) * np.sqrt(n) < np.linalg.norm(true) for c, true, *_ in deltas):
        return False
    return any(
        same(claim * n, true, tolerance(claim))
        or (stage in claims and same(claims[stage], claim.mT @ fed, tolerance(claim)))
        for claim, true, stage, fed in deltas
    )


def swapped(setting: ClaimSetting, claims: Claims) -> bool:
    """Whether (dV, dW) came back for (dW, dV): the shapes tell."""
    if not {"dW", "dV"} <= claims.keys():
        return False
    W, V = (getattr(setting.right, d).shape for d in ("dW", "dV"))
    return W != V and (claims["dW"].shape, claims["dV"].shape) == (V, W)
