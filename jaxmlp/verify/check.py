"""A derivation, or an update step, against autodiff at random points."""

import functools
import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

import jax
import jax.numpy as jnp
import numpy as np

from jaxmlp.network import Network
from jaxmlp.verify.calling import Subject, conventions
from jaxmlp.verify.claimed import (
    Setting,
    claims_at,
    confirm,
    fit,
    moved,
    right_at,
    setting_at,
    swapped,
    undivided,
)
from jaxmlp.verify.decay import decay_said, without_decay
from jaxmlp.verify.diagnose import same, tolerance
from jaxmlp.verify.ending import at_equal_sizes, ended, equal_sizes, farther, recognised
from jaxmlp.verify.excerpt import judged, of_source
from jaxmlp.verify.finding import Check, File, Note, Report, Words, remarked
from jaxmlp.verify.grading import Options
from jaxmlp.verify.judge.stages import judge
from jaxmlp.verify.layouts import ONE, layouts
from jaxmlp.verify.mistakes import CATALOGUE
from jaxmlp.verify.names import roles
from jaxmlp.verify.points import ETA, Points, Sizes
from jaxmlp.verify.program import Mistake, Quantities
from jaxmlp.verify.run.outcome import Crashed, Unfinished


def check(
    derivation: Any,
    network: Network | None = None,
    *,
    reduction: Literal["mean", "sum"] | None = None,
    seed: int = 0,
    catalogue: Sequence[Mistake] | None = None,
) -> Report:
    """Check a hand-derived gradient, or an update step, against `jax.grad`; name its mistakes.

    Args:
        derivation: a function of (W, V, x, y) that gives (dW, dV), or a dict or named tuple with
            dW, dV and, if wanted, delta1 and delta2; with a fifth parameter eta, an update step
            that gives the new (W, V), or changes them in place. NumPy or JAX. x is one sample
            with its 1 in front, (d+1,); parameters called X and Y mean rows of samples; a
            function that adds the 1 by itself, samples as columns, and separate biases
            (W1, b1, W2, b2) are recognised. Or any other function, a class or an object with its
            forward and backward passes, with any number of matrices: it is judged as
            `jaxmlp verify` judges a file, by its source, in a process of its own.
        network: f, g and E; where it isn't given, the lecture's ReLU, softmax and cross-entropy,
            or of another function or a class its own.
        reduction: over a batch, whether dW and dV are those of the mean or of the sum of E;
            where it isn't given, of the mean, or of another function or a class of either.
        seed: of the random points.
        catalogue: the mistakes to look for; all where it isn't given.

    Returns:
        One check a stage, in the order of the derivation: `print` it, or look at `.checks`.

    Raises:
        ValueError: the network has no hidden layer, the reduction is unknown, the parameters of
            the function cannot be told apart, or the source of another one cannot be read.

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
    if not isinstance(network, Network | None):
        raise ValueError(f"expected a Network, got {network!r}")
    name, parameters = getattr(derivation, "__name__", ""), _parameters(derivation)
    if reduction not in (None, "mean", "sum"):
        raise ValueError(f"unknown reduction {reduction!r}: expected mean or sum")
    if not {"W", "V", "x", "y"} <= set(roles(parameters) or ()):
        return Report((_by_source(derivation, network, Options(reduction=reduction, seed=seed)),))
    subject = Subject(name, functools.partial(call_here, derivation), parameters)
    known = CATALOGUE if catalogue is None else catalogue
    options = {"reduction": reduction or "mean", "seed": seed, "catalogue": known}
    network = network or Network()
    checks = check_derivation(subject, network, **options)
    confirm(network, seed)
    return Report((File(name, checks),))


def assert_derivation(
    derivation: Callable,
    network: Network | None = None,
    *,
    reduction: Literal["mean", "sum"] | None = None,
    seed: int = 0,
    lang: str | None = None,
) -> None:
    """Fail, in a test suite, unless the derivation is right; arguments as for `check`.

    Raises:
        AssertionError: it is not; the message is the report, in the locale's language
            where none is given. ValueError: as `check`.

    Example:
        >>> import numpy as np
        >>> def backprop(W, V, x, y):
        ...     u = W @ x
        ...     z = np.append(1, np.maximum(u, 0))
        ...     e = np.exp(V @ z - np.max(V @ z))
        ...     delta2 = e / e.sum() - y
        ...     delta1 = V[:, 1:].T @ delta2 * (u > 0)
        ...     return np.outer(delta1, x), np.outer(delta2, z)
        >>> assert_derivation(backprop)
    """
    __tracebackhide__ = True
    report = check(derivation, network, reduction=reduction, seed=seed)
    if not report.right:
        raise AssertionError(report.text(lang))


def _parameters(derivation: Any) -> tuple[str, ...]:
    """The names of a function's parameters, without those that have a default and no part in it."""
    if isinstance(derivation, type) or not callable(derivation):
        return ()
    given = inspect.signature(derivation).parameters.values()
    return tuple(p.name for p in given if p.default is p.empty or roles((p.name,)))


def _by_source(made: Any, network: Network | None, options: Options) -> File:
    """What `jaxmlp verify` finds in a function or a class, were it a file."""
    if network is not None:
        hidden, output, loss = network.hidden.name, network.output.name, network.loss.name
        options = options._replace(hidden=hidden, output=output, loss=loss, bias=network.bias)
    return judged(of_source(made), options)


def call_here(function: Callable, args: list) -> tuple[object, list]:
    """Call it here, with NumPy arrays, or with JAX's if it cannot do with those."""
    with jax.enable_x64(True), np.errstate(all="ignore"):
        try:
            return function(*args), args
        except NotImplementedError:
            raise Unfinished from None
        except SystemExit as stop:
            raise Crashed(f"SystemExit: {stop}") from None
        except ValueError as shapes:  # that do not fit, and would not fit in JAX either
            raise Crashed(f"ValueError: {shapes}") from shapes
        except Exception as first:
            try:
                return function(*map(jnp.asarray, args)), args
            except Exception:
                raise Crashed(f"{type(first).__name__}: {first}") from first


def _with_swap(check: Check) -> Check:
    if check.stage not in ("dW", "dV"):
        return check
    words = Words("The pair comes back in the other order: (dW, dV) is that of the parameters.",
                  "組の順序が逆です。パラメータの順に (dW, dV) と返します。")  # fmt: skip
    hint = Words(
        "Look again at what is returned, and in which order.",
        "何をどの順に返すか見直してください。",
    )
    note = Note("pair-swapped", words, hint)
    return replace(check, verdict="wrong", relative_error=None, diagnosis=(note, *check.diagnosis))


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

    def judged() -> tuple[Check, ...]:
        with np.errstate(all="ignore"):
            runs = _runs(subject, network, reduction == "mean", seed)
            return next(filter(None, (_checks(subject, *run, catalogue) for run in runs)))

    return ended(subject, stage, judged)


def _checks(
    subject: Subject, setting: Setting, claims: Mapping[str, np.ndarray], crash: Crashed | None,
    catalogue: Sequence[Mistake],
) -> tuple[Check, ...]:  # fmt: skip
    """The verdicts, with what is said besides; none if nothing can be said of equal sizes."""
    claims, remarks = undivided(setting, claims)
    visible = [m for m in catalogue if m.id not in ("times-n", "over-n") or m.step in claims
               or m.step in ("dV", "dW", "share")]  # fmt: skip

    def nearby() -> tuple[Quantities, dict[str, np.ndarray]]:
        points = moved(setting.points, seed=1)
        near = setting._replace(points=points, right=right_at(setting, points))
        claims, _ = undivided(near, claims_at(subject, near))
        return near.right, without_decay(near.right, claims)[0]

    exchanged = swapped(setting, claims)
    if exchanged:
        claims = claims | {"dW": claims["dV"], "dV": claims["dW"]}
    claims, shares = without_decay(setting.right, claims)
    checks = judge(subject.name, setting.right, claims, visible, None if exchanged else nearby)
    checks = decay_said(checks, shares)
    if exchanged:
        checks = tuple(map(_with_swap, checks))
    if crash is not None:  # at equal sizes anything may run: only what is recognised counts
        if not recognised(checks):
            return ()
        q, d, m = *setting.points.W.shape[1:], setting.points.V.shape[1]
        sizes = f"{'d+1' if setting.network.bias else 'd'} = {d}, q = {q}, m = {m}"
        remarks = (*remarks, at_equal_sizes(crash, sizes, f"{sizes} "))
    elif all(one.verdict == "right" for one in checks):
        remarks = (*remarks, *_remarks(subject, setting))
    said = conventions(setting.layout, bias=setting.network.bias, mean=setting.mean)
    return remarked(checks, *said, *remarks)


def _runs(
    subject: Subject, network: Network, mean: bool, seed: int
) -> Iterator[tuple[Setting, Mapping, Crashed | None]]:
    """(a setting, its claims, why it crashed at unequal sizes or None).

    The one that it fits best; or, if it crashes in all, every one at equal sizes.

    Raises:
        Crashed: at all sizes. Unfinished, TimedOut.
    """
    fitting, crash = _fitting(subject, network, mean, seed, Sizes())
    if fitting:
        _, setting, claims = max(fitting, key=lambda one: one[0])
        yield setting, claims, None
        return
    for sizes in equal_sizes(crash):
        for _, setting, claims in _fitting(subject, network, mean, seed, sizes)[0]:
            yield setting, claims, crash
    raise crash


def _of_batch(fitting: tuple[int, Setting, Mapping]) -> bool:
    """Whether it takes a batch, all shapes being right, or a gradient of its weights."""
    fits, setting, claims = fitting
    if setting.layout.samples in ONE:
        return False
    weights = {s: getattr(setting.right, s)[..., 1:] for s in ("dW", "dV") if s in claims}
    means = (same(claims[s], w, tolerance(claims[s])) for s, w in weights.items())
    return fits > 0 or (setting.mean and any(means))


def _fitting(subject: Subject, network: Network, mean: bool, seed: int, sizes: Sizes):
    """([(how well it fits, the setting, its claims)], the first crash), the likeliest first.

    At unequal sizes, what is right in one setting is not tried in others.
    """
    found = roles(subject.parameters)
    fitting, crash = [], None
    for layout in layouts(subject.parameters, found, bias=network.bias):
        if layout.turned and sizes != Sizes():
            continue  # at equal sizes what is turned cannot be told
        setting = setting_at(network, sizes, seed, layout, mean, ETA if "eta" in found else None)
        try:
            claims = claims_at(subject, setting)
        except Crashed as error:
            crash = farther(crash, error)
            continue
        if layout.samples == "column" and any(map(_of_batch, fitting)):
            continue  # with one sample alone, what is wrong with its batches would be hidden
        fitting.append((fit(setting, claims), setting, claims))
        if fitting[-1][0] == 2 and sizes == Sizes():
            break
    return fitting, crash


def _remarks(subject: Subject, setting: Setting) -> list[Note]:
    """What a right derivation does at large inputs, and at exactly u = 0."""
    points = Points(*(p[:3] for p in setting.points))
    found = []
    large = points._replace(W=points.W * 1e3)
    if not _finite(subject, setting, large):
        found.append(Note("overflow", Words(
            "overflows at large inputs (is a softmax not shifted by its maximum?)",
            "入力が大きいとオーバーフローします "
            "(ソフトマックスで最大値を引いていますか)")))  # fmt: skip
    if setting.network.hidden.name == "relu":
        W = points.W.copy()
        W[:, 0] = 0
        kink = setting._replace(points=points._replace(W=W))
        kink = kink._replace(right=right_at(kink, kink.points))
        claims = _try(subject, kink)
        if claims and fit(kink, undivided(kink, claims)[0]) != 2:
            found.append(Note("kink", Words(
                "takes another subgradient of ReLU at exactly 0 than 0: a matter of convention",
                "ちょうど 0 での ReLU の劣微分が 0 ではありません (流儀の違いです)")))  # fmt: skip
    return found


def _finite(subject: Subject, setting: Setting, points: Points) -> bool:
    """Whether it is finite at these points, wherever the truth is."""
    there = setting._replace(points=points, right=right_at(setting, points))
    claims = _try(subject, there)
    return claims is None or all(
        np.isfinite(claim[np.isfinite(getattr(there.right, s))]).all()
        for s, claim in claims.items()
    )


def _try(subject: Subject, setting: Setting) -> dict | None:
    try:
        return claims_at(subject, setting)
    except (Crashed, Unfinished):
        return None
