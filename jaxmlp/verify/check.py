"""A derivation, or an update step, against autodiff at random points."""

import functools
import inspect
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from jaxmlp.network import Network
from jaxmlp.verify import calling
from jaxmlp.verify.calling import (
    Crashed,
    Died,
    Layout,
    Subject,
    TimedOut,
    Unfinished,
    arguments,
    array,
    convention,
    conventions,
    layouts,
    named_results,
    roles,
)
from jaxmlp.verify.diagnose import same, tolerance
from jaxmlp.verify.finding import Check, File, Note, Report, Words
from jaxmlp.verify.judge import judge
from jaxmlp.verify.mistakes import CATALOGUE, quantities
from jaxmlp.verify.points import Points, Sizes, draw, truth
from jaxmlp.verify.program import Mistake, Quantities

ETA = 0.37
# A mistake that does not conform at unequal sizes may at these, and can then be named.
EQUAL = (Sizes(7, 5, 5), Sizes(4, 5, 5), Sizes(7, 4, 5), Sizes(5, 5, 5), Sizes(7, 1, 3))
STAGES = ("dW", "dV", "delta1", "delta2")


def check(
    derivation: Callable,
    network: Network | None = None,
    *,
    reduction: Literal["mean", "sum"] = "mean",
    seed: int = 0,
    catalogue: Sequence[Mistake] = CATALOGUE,
) -> Report:
    """Check a hand-derived gradient, or an update step, against `jax.grad`; name its mistakes.

    Args:
        derivation: a function of (W, V, x, y) that gives (dW, dV), or a dict or named tuple with
            dW, dV and, if wanted, delta1 and delta2; with a fifth parameter eta, an update step
            that gives the new (W, V), or changes them in place. NumPy or JAX. x is one sample
            with its 1 in front, (d+1,); parameters called X and Y mean rows of samples; a
            function that adds the 1 by itself, samples as columns, and separate biases
            (W1, b1, W2, b2) are recognised.
        network: f, g and E; the lecture's ReLU, softmax, cross-entropy where it isn't given.
        reduction: over a batch, whether dW and dV are those of the mean or of the sum of E.
        seed: of the random points.
        catalogue: the mistakes to look for.

    Returns:
        One check a stage, in the order of the derivation: `print` it, or look at `.checks`.

    Raises:
        ValueError: the network has no hidden layer, the reduction is unknown, or the parameters
            of the function cannot be told apart.

    Example:
        >>> import numpy as np
        >>> def backprop(W, V, x, y):
        ...     u = W @ x
        ...     z = np.append(1, np.maximum(u, 0))
        ...     e = np.exp(V @ z)
        ...     delta2 = e / e.sum() - y
        ...     delta1 = V[:, 1:].T @ delta2          # f'(u) is missing
        ...     return np.outer(delta1, x), np.outer(delta2, z)
        >>> report = check(backprop)
        >>> [(c.stage, c.verdict, *(note.id for note in c.diagnosis)) for c in report.checks]
        [('dV', 'right'), ('dW', 'wrong', 'slope-missing')]
    """
    name = getattr(derivation, "__name__", type(derivation).__name__)
    parameters = tuple(inspect.signature(derivation).parameters)
    if roles(parameters) is None:
        raise ValueError(f"expected parameters such as W, V, x, y, got {', '.join(parameters)}")
    subject = Subject(name, functools.partial(_call, derivation), parameters)
    return Report((File(name, check_derivation(
        subject, network or Network(), reduction=reduction, seed=seed, catalogue=catalogue)),))  # fmt: skip


def _call(function: Callable, args: list) -> tuple[object, list]:
    """Call it here, with NumPy arrays, or with JAX's if it cannot do with those."""
    with jax.enable_x64(True), np.errstate(all="ignore"):
        try:
            return function(*args), args
        except NotImplementedError:
            raise Unfinished from None
        except Exception as first:
            try:
                return function(*map(jnp.asarray, args)), args
            except Exception:
                raise Crashed(f"{type(first).__name__}: {first}") from first


def _swapped(setting: "Setting", claims: dict) -> bool:
    """Whether (dV, dW) came back for (dW, dV): the shapes tell."""
    if not {"dW", "dV"} <= claims.keys():
        return False
    W, V = (getattr(setting.right, d).shape for d in ("dW", "dV"))
    return W != V and (claims["dW"].shape, claims["dV"].shape) == (V, W)


def _with_swap(check: Check) -> Check:
    if check.stage not in ("dW", "dV"):
        return check
    words = Words("The pair comes back in the other order: it is (dW, dV), the order of the parameters.",
                  "組の順序が逆です。パラメータの順に (dW, dV) と返します。")  # fmt: skip
    hint = Words("Look again at what is returned, and in which order.", "何をどの順に返すか見直してください。")
    note = Note("pair-swapped", words, hint)
    return replace(check, verdict="wrong", diagnosis=(note, *check.diagnosis))


class Setting(NamedTuple):
    """What a derivation is checked against.

    Attributes:
        points, right: at these points, the right derivation.
        network, layout, mean, eta: how it is called.
    """

    points: Points
    right: Quantities
    network: Network
    layout: Layout
    mean: bool
    eta: float | None


def check_derivation(
    subject: Subject,
    network: Network,
    *,
    reduction: str = "mean",
    seed: int = 0,
    catalogue: Sequence[Mistake] = CATALOGUE,
) -> tuple[Check, ...]:
    """A check for each stage of a derivation or update step; see `check`."""
    if network.hidden is None:
        raise ValueError("expected a network with a hidden layer, got hidden=None")
    if reduction not in ("mean", "sum"):
        raise ValueError(f"unknown reduction {reduction!r}: expected mean or sum")
    stage = "update" if "eta" in roles(subject.parameters) else "derivation"
    try:
        setting, claims, crash = _run(subject, network, reduction == "mean", seed)
    except Unfinished:
        return (unfinished(subject, stage),)
    except TimedOut as late:
        return (timeout(subject, stage, late),)
    except (Crashed, Died) as crash:
        return (crashed(subject, stage, crash),)
    return _checks(subject, setting, claims, catalogue, crash)


def _checks(subject, setting, claims, catalogue, crash) -> tuple[Check, ...]:
    claims, remarks = _undivided(setting, claims)
    visible = [m for m in catalogue if m.id not in ("times-n", "over-n") or m.step in claims
               or m.step in ("dV", "dW", "share")]  # fmt: skip

    def nearby():
        points = _moved(setting.points, seed=1)
        near = setting._replace(points=points, right=_right(setting, points))
        return near.right, _undivided(near, _claims(subject, near))[0]

    swapped = _swapped(setting, claims)
    if swapped:
        claims = claims | {"dW": claims["dV"], "dV": claims["dW"]}
    checks = judge(subject.name, setting.right, claims, visible, None if swapped else nearby)
    if swapped:
        checks = tuple(map(_with_swap, checks))
    if crash is not None:
        if all(one.verdict == "right" for one in checks):
            return (crashed(subject, "derivation", crash),)
        remarks = (*remarks, _at_equal_sizes(setting, crash))
    elif all(one.verdict == "right" for one in checks):
        remarks = (*remarks, *_remarks(subject, setting))
    said = conventions(setting.layout, bias=setting.network.bias, mean=setting.mean)
    first = replace(checks[0], remarks=(*said, *remarks, *checks[0].remarks))
    return tuple(replace(one, line=subject.line) for one in (first, *checks[1:]))


def _setting(network: Network, sizes: Sizes, seed: int, layout: Layout, mean: bool, eta) -> Setting:
    points = confirmed_points(network, seed) if sizes == Sizes() else draw(network, sizes)
    if layout.samples == "sample":
        points = points.single()
    mean = mean and layout.samples != "sample"
    return Setting(points, quantities(network, points, mean=mean, eta=eta), network, layout, mean, eta)


@functools.lru_cache(maxsize=64)
def confirmed_points(network: Network, seed: int = 0) -> Points:
    """Points at which autodiff and finite differences have confirmed the steps of the derivation.

    Mistakes are made in those steps, and verdicts given by them, so they are checked each time.

    Raises:
        ValueError: autodiff and finite differences disagree on this network.
    """
    points = draw(network, Sizes(), seed=seed)
    one = points.single()
    right = quantities(network, one)
    for name, value in truth(network, one)._asdict().items():
        if not same(getattr(right, name), value, 1e-9):
            raise AssertionError(f"the closed form of {name} disagrees with autodiff")
    return points


def _right(setting: Setting, points: Points) -> Quantities:
    return quantities(setting.network, points, mean=setting.mean, eta=setting.eta)


def _moved(points: Points, *, seed: int) -> Points:
    """The points a few roundings of float32 away."""
    rng = np.random.default_rng(seed)
    move = [p * (1 + 3e-7 * rng.normal(size=p.shape)) for p in points[:3]]
    return Points(*move, points.y)


def _run(subject: Subject, network: Network, mean: bool, seed: int):
    """(the setting it fits, its claims, why it crashed at unequal sizes or None).

    Raises:
        Crashed: at all sizes. Unfinished, TimedOut.
    """
    found = roles(subject.parameters)
    eta = ETA if "eta" in found else None
    crash, ragged = None, None
    for sizes in (Sizes(), *EQUAL):
        fitting = []
        for layout in layouts(subject.parameters, found, bias=network.bias):
            setting = _setting(network, sizes, seed, layout, mean, eta)
            try:
                claims = _claims(subject, setting)
            except Crashed as error:
                crash = crash or error
                continue
            fit = _fit(setting, claims)
            if fit == 2:
                return setting, claims, crash if ragged or sizes != Sizes() else None
            fitting.append((fit, len(fitting), setting, claims))
        if fitting:
            _, _, setting, claims = max(fitting, key=lambda one: (one[0], -one[1]))
            return setting, claims, crash if sizes != Sizes() else None
    raise crash


def _fit(setting: Setting, claims: dict[str, np.ndarray]) -> int:
    """2: all is right. 1: all shapes are. 0: not even those."""
    right = [
        same(claim, getattr(setting.right, s), tolerance(claim)) for s, claim in claims.items()
    ]
    shapes = [claim.shape == getattr(setting.right, s).shape for s, claim in claims.items()]
    return 2 if all(right) else int(all(shapes))


def _claims(subject: Subject, setting: Setting) -> dict[str, np.ndarray]:
    """What the function gives at each point, stacked.

    Raises:
        Crashed: somewhere. Unfinished, TimedOut.
    """
    found = roles(subject.parameters)
    at_points, finished = [], False
    for at in range(len(setting.points.W)):
        args = arguments(found, setting.layout, setting.points, at, setting.eta)
        before = [np.copy(a) for a in args]
        result, after = subject.call(args)
        finished |= result is not None or any(map(_changed, before, after))
        at_points.append(_stages(subject, setting, result, before, after))
    if not finished:
        raise Unfinished
    try:
        return {s: np.stack([one[s] for one in at_points]) for s in STAGES if s in at_points[0]}
    except (ValueError, KeyError):
        raise Crashed("expected results of the same shapes at every point") from None


def _stages(subject, setting, result, before, after) -> dict[str, np.ndarray]:
    """The stages at one point: rows are samples, biases in column 0, steps as gradients."""
    found = roles(subject.parameters)
    old = dict(zip(found, before, strict=True))
    if result is None and setting.eta is None:
        raise Unfinished
    if result is None:
        result = {r: a for r, a in zip(found, after, strict=True) if r in ("W", "V", "b", "c")}
    else:
        result = named_results(subject, found, result, _shapes(old))
    values = {name: array(value) for name, value in result.items()}
    if setting.eta is not None:
        values |= {f"d{r}": (old[r] - v) / setting.eta if old[r].shape == v.shape else v
                   for r, v in values.items() if r in old}  # fmt: skip
    stages = {
        f"d{r}": _joined(values, f"d{r}", f"d{b}", setting) for r, b in (("W", "b"), ("V", "c"))
    }
    stages |= {d: _rows(values[d], setting.layout) for d in ("delta1", "delta2") if d in values}
    stages = {name: value for name, value in stages.items() if value is not None}
    if not stages:
        raise Crashed(f"expected gradients such as dW and dV, got {', '.join(values)}")
    return stages


def _changed(before: object, after: object) -> bool:
    return not np.array_equal(before, after)


def _shapes(old: dict[str, np.ndarray]) -> dict[str, tuple]:
    """What may come back in a plain tuple of many, told apart by its shape."""
    params = {f"d{role}": np.shape(old[role]) for role in ("W", "V", "b", "c") if role in old}
    q, m = params["dW"][0], params["dV"][0]
    more = {"delta1": (q,), "delta2": (m,)}
    if np.ndim(old["x"]) == 2:
        n, columns = len(old["x"]), len(old["y"]) == m != len(old["x"])
        n = np.shape(old["y"])[1] if columns else n
        more = (
            {"delta1": (q, n), "delta2": (m, n)}
            if columns
            else {"delta1": (n, q), "delta2": (n, m)}
        )
    return params | more


def _joined(values: dict, matrix: str, bias: str, setting: Setting) -> np.ndarray | None:
    """A gradient with its bias column, which may come apart."""
    d = values.get(matrix)
    if d is None or bias not in values:
        return d
    column = values[bias].ravel()
    if d.ndim == 2 and len(d) == len(column):
        return np.concatenate([column[:, None], d], axis=1)
    if d.ndim == 2 and d.shape[1] == len(column):
        return np.concatenate([column[None, :], d], axis=0)
    return d


def _rows(delta: np.ndarray, layout: Layout) -> np.ndarray:
    """A delta with one row a sample."""
    if layout.samples == "sample":
        return delta.reshape(1, -1) if max(delta.shape, default=1) == delta.size else delta
    return delta.T if layout.samples == "columns" else delta


def _undivided(setting: Setting, claims: dict) -> tuple[dict, tuple[Note, ...]]:
    """δ's that carry the 1/n of the mean are ∂E/∂a and ∂E/∂u of the mean: no mistake."""
    n = setting.points.x.shape[1]
    deltas = [d for d in ("delta2", "delta1") if d in claims]
    divided = [
        d for d in deltas if same(claims[d] * n, getattr(setting.right, d), tolerance(claims[d]))
    ]
    if not setting.mean or not deltas or divided != deltas:
        return claims, ()
    words = Words("the deltas carry the 1/n of the mean", "δ は平均の 1/n を含んでいる")
    return claims | {d: claims[d] * n for d in deltas}, (Note("deltas-of-mean", words),)


def _remarks(subject: Subject, setting: Setting) -> list[Note]:
    """What a right derivation does at large inputs, and at exactly u = 0."""
    points = Points(*(p[:3] for p in setting.points))
    found = []
    large = points._replace(W=points.W * 1e3)
    if not _finite(subject, setting, large):
        found.append(Note("overflow", Words(
            "overflows at large inputs (is a softmax not shifted by its maximum?)",
            "入力が大きいとオーバーフローします (softmax で最大値を引いていますか)")))  # fmt: skip
    if setting.network.hidden.name == "relu":
        W = points.W.copy()
        W[:, 0] = 0
        kink = setting._replace(points=points._replace(W=W))
        kink = kink._replace(right=_right(kink, kink.points))
        claims = _try(subject, kink)
        if claims and not _fit(kink, _undivided(kink, claims)[0]) == 2:
            found.append(Note("kink", Words(
                "takes another subgradient of ReLU at exactly 0 than 0: a matter of convention",
                "ちょうど 0 での ReLU の劣微分が 0 ではありません (流儀の違いです)")))  # fmt: skip
    return found


def _finite(subject: Subject, setting: Setting, points: Points) -> bool:
    """Whether it is finite at these points, wherever the truth is."""
    there = setting._replace(points=points, right=_right(setting, points))
    claims = _try(subject, there)
    return claims is None or all(
        np.isfinite(claim[np.isfinite(getattr(there.right, s))]).all()
        for s, claim in claims.items()
    )


def _try(subject: Subject, setting: Setting) -> dict | None:
    try:
        return _claims(subject, setting)
    except (Crashed, Unfinished):
        return None


def _at_equal_sizes(setting: Setting, crash: Crashed) -> Note:
    q, d, m = *setting.points.W.shape[1:], setting.points.V.shape[1]
    sizes = f"d+1 = {d}, q = {q}, m = {m}"
    return Note("crashes-at-unequal-sizes", Words(
        f"crashes at unequal sizes ({crash}); judged at {sizes}",
        f"サイズが異なると実行時エラーになります ({crash})。{sizes} で判定しました"))  # fmt: skip


def crashed(subject: Subject, stage: str, why: object) -> Check:
    """A check that ends with an exception of the function's own."""
    note = Note("crash", Words(f"stopped with {why}", f"エラーで止まりました: {why}"))
    return Check(subject.name, stage, "crashed", subject.line, remarks=(note,))


def timeout(subject: Subject, stage: str, why: object) -> Check:
    """A check that did not end."""
    note = Note("timeout", Words(f"was stopped after {why} s", f"{why} 秒で打ち切りました"))
    return Check(subject.name, stage, "timeout", subject.line, remarks=(note,))


def unfinished(subject: Subject, stage: str) -> Check:
    """A check of a function that gives back nothing yet."""
    note = Note("unfinished", Words("gives back nothing yet", "まだ何も返していません"))
    return Check(subject.name, stage, "unfinished", subject.line, remarks=(note,))
