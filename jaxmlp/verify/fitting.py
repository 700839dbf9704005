"""A derivation, or an update step, judged in the setting that it fits best, at random points."""

import functools
import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from jaxmlp.network import Network
from jaxmlp.verify.calling import Subject, conventions
from jaxmlp.verify.claimed import (
    Claims,
    ClaimSetting,
    claims_at,
    match_level,
    moved,
    right_at,
    setting_at,
    swapped,
    undivided,
)
from jaxmlp.verify.decay import decay_said, without_decay
from jaxmlp.verify.diagnose import same, tolerance
from jaxmlp.verify.ending import at_equal, at_equal_sizes, attempts, ended, recognised
from jaxmlp.verify.finding import Check, Note, Words, remarked
from jaxmlp.verify.judge.stages import STAGES, judge_stages
from jaxmlp.verify.layouts import ETA, SINGLE_SAMPLE, layouts
from jaxmlp.verify.mistakes import CATALOGUE
from jaxmlp.verify.names import roles
from jaxmlp.verify.points import Points, Sizes
from jaxmlp.verify.program import Mistake, Quantities
from jaxmlp.verify.run.outcome import Crashed, Unfinished

UNEXPLAINED = frozenset(("unrecognised", "low-precision"))
HALVED = Note("halved", Words("E is ½ Σ (g − y)²", "E は ½ Σ (g − y)² です"))


class Fitting(NamedTuple):
    """A derivation in one setting.

    Attributes:
        fits: how well, as `match_level` has it.
        setting: how it is called, and what is right then.
        claims: what it gives.
    """

    fits: int
    setting: ClaimSetting
    claims: Claims


def check_derivation(
    subject: Subject,
    network: Network,
    catalogue: Sequence[Mistake],
    *,
    mean: bool,
    seed: int,
    half: bool = False,
) -> tuple[Check, ...]:
    """A check for each stage of a derivation or an update step.

    Args:
        mean: whether, over a batch, dW and dV are those of the mean of E, or of the sum.
        half: whether they are of ½ E.

    Raises:
        ValueError: the network has no hidden layer.
    """
    if network.hidden is None:
        raise ValueError("expected a network with a hidden layer, got hidden=None")

    def judged() -> tuple[Check, ...]:
        with np.errstate(all="ignore"):
            runs = _runs(functools.partial(_fittings, subject, network, mean, half, seed))
            return next(filter(None, (_checks(subject, *run, catalogue) for run in runs)))

    stage = "update" if "eta" in roles(subject.parameters) else "derivation"
    return ended(subject, stage, judged)


def check_declared(
    subject: Subject, network: Network, *, reduction: str | None, seed: int
) -> tuple[Check, ...]:
    """The same in a file whose network is declared; nothing where that does not settle it.

    The mean and the sum are both right where nobody has said which; and ½ Σ (g − y)² is a squared
    error, too. Of these what explains the most counts.
    """
    means = (True, False) if reduction is None else (reduction == "mean",)
    halves = (False, True) if network.loss.name == "squared_error" else (False,)
    tried: list[tuple[Check, ...]] = []
    for half, mean in itertools.product(halves, means):
        made = check_derivation(subject, network, CATALOGUE, mean=mean, seed=seed, half=half)
        if not all(check.stage in STAGES for check in made):
            return ()  # it stops, or gives no gradients: E, say, or a prediction
        tried.append(remarked(made, HALVED) if half else made)
        if all(check.verdict == "right" for check in made):
            return tried[-1]
    best = min(tried, key=_assumed)
    return () if _assumed(best)[0] else best


def _assumed(checks: Sequence[Check]) -> tuple[int, int, int]:
    """How much is unexplained, how much is wrong, and by how many mistakes."""
    wrong = [check for check in checks if check.verdict != "right"]
    unknown = [check for check in wrong if UNEXPLAINED & {note.id for note in check.diagnosis}]
    return len(unknown), len(wrong), sum(len(check.diagnosis) for check in wrong)


def _runs(
    fittings: Callable[[Sizes], Sequence[Fitting]],
) -> Iterator[tuple[Fitting, Crashed | None]]:
    """(a setting to judge it in, why it crashed at unequal sizes or None).

    The one that it fits best; or, if it crashes in all, every one at equal sizes.

    Raises:
        Crashed: at all sizes. Unfinished, TimedOut.
    """
    try:
        candidates = fittings(Sizes())
    except Crashed as why:
        crash = why
    else:
        yield max(candidates, key=lambda fitting: fitting.fits), None
        return
    yield from ((fitting, crash) for fitting in at_equal(crash, fittings))


def _fittings(
    subject: Subject, network: Network, mean: bool, half: bool, seed: int, sizes: Sizes
) -> list[Fitting]:
    """It in all settings in which it does not crash, the likeliest first.

    At unequal sizes, what is right in one setting is not tried in others.

    Raises:
        Crashed: in all. Unfinished, TimedOut.
    """
    signature, unequal = roles(subject.parameters), sizes == Sizes()
    eta = ETA if "eta" in signature else None
    tried = layouts(subject.parameters, signature, bias=network.bias)
    usable = (way for way in tried if unequal or not way.turned)  # which equal sizes cannot tell
    settings = (setting_at(network, sizes, seed, way, mean, eta)._replace(half=half)
                for way in usable)  # fmt: skip
    fittings: list[Fitting] = []
    for way in attempts(functools.partial(_fitted, subject, setting) for setting in settings):
        if way.setting.layout.samples == "column" and any(map(_of_batch, fittings)):
            continue  # with one sample alone, what is wrong with its batches would be hidden
        fittings.append(way)
        if way.fits == 2 and unequal:
            break
    return fittings


def _fitted(subject: Subject, setting: ClaimSetting) -> Fitting:
    claims = claims_at(subject, setting)
    return Fitting(match_level(setting, claims), setting, claims)


def _of_batch(fitting: Fitting) -> bool:
    """Whether it takes a batch, all shapes being right, or a gradient of its weights."""
    fits, setting, claims = fitting
    if setting.layout.samples in SINGLE_SAMPLE:
        return False
    weights = {s: getattr(setting.right, s)[..., 1:] for s in ("dW", "dV") if s in claims}
    means = (same(claims[s], w, tolerance(claims[s])) for s, w in weights.items())
    return fits > 0 or (setting.mean and any(means))


def _checks(
    subject: Subject, fitting: Fitting, crash: Crashed | None, catalogue: Sequence[Mistake]
) -> tuple[Check, ...]:
    """The verdicts, with what is said besides; none if nothing can be said of equal sizes."""
    setting = fitting.setting
    claims, remarks = undivided(setting, fitting.claims)
    visible = [m for m in catalogue if m.id not in ("times-n", "over-n") or m.step in claims
               or m.step in ("dV", "dW", "share")]  # fmt: skip
    exchanged = swapped(setting, claims)
    if exchanged:
        claims = {**claims, "dW": claims["dV"], "dV": claims["dW"]}
    nearby = None if exchanged else functools.partial(_nearby, subject, setting)
    claims, shares = without_decay(setting.right, claims)
    checks = decay_said(judge_stages(subject.name, setting.right, claims, visible, nearby), shares)
    if exchanged:
        checks = tuple(map(_with_swap, checks))
    if crash is not None:  # at equal sizes anything may run: only what is recognised counts
        if not recognised(checks):
            return ()
        remarks = (*remarks, _at_sizes(setting, crash))
    elif all(check.verdict == "right" for check in checks):
        remarks = (*remarks, *_remarks(subject, setting))
    said = conventions(setting.layout, bias=setting.network.bias, mean=setting.mean)
    return remarked(checks, *said, *remarks)


def _nearby(subject: Subject, setting: ClaimSetting) -> tuple[Quantities, Claims]:
    """What is right at points a rounding error away, and what is claimed there."""
    points = moved(setting.points, seed=1)
    near = setting._replace(points=points, right=right_at(setting, points))
    claims, _ = undivided(near, claims_at(subject, near))
    return near.right, without_decay(near.right, claims)[0]


def _with_swap(check: Check) -> Check:
    if check.stage not in ("dW", "dV"):
        return check
    words = Words("The pair comes back in the other order: (dW, dV) is that of the parameters.",
                  "組の順序が逆です。パラメータの順に (dW, dV) と返します。")  # fmt: skip
    hint = Words("Look again at what is returned, and in which order.",
                 "何をどの順に返すか見直してください。")  # fmt: skip
    note = Note("pair-swapped", words, hint)
    return replace(check, verdict="wrong", relative_error=None, diagnosis=(note, *check.diagnosis))


def _at_sizes(setting: ClaimSetting, crash: Crashed) -> Note:
    q, d, m = *setting.points.W.shape[1:], setting.points.V.shape[1]
    sizes = f"{'d+1' if setting.network.bias else 'd'} = {d}, q = {q}, m = {m}"
    return at_equal_sizes(crash, sizes, f"{sizes} ")


def _remarks(subject: Subject, setting: ClaimSetting) -> list[Note]:
    """What a right derivation does at large inputs, and at exactly u = 0."""
    points = Points(*(p[:3] for p in setting.points))
    remarks = []
    large = points._replace(W=points.W * 1e3)
    if not _finite(subject, setting, large):
        remarks.append(Note("overflow", Words(
            "overflows at large inputs (is a softmax not shifted by its maximum?)",
            "入力が大きいとオーバーフローします "
            "(ソフトマックスで最大値を引いていますか)")))  # fmt: skip
    if setting.network.hidden.name == "relu":
        W = points.W.copy()
        W[:, 0] = 0
        kink = setting._replace(points=points._replace(W=W))
        kink = kink._replace(right=right_at(kink, kink.points))
        claims = _try(subject, kink)
        if claims and match_level(kink, undivided(kink, claims)[0]) != 2:
            remarks.append(Note("kink", Words(
                "takes another subgradient of ReLU at exactly 0 than 0: a matter of convention",
                "ちょうど 0 での ReLU の劣微分が 0 ではありません (流儀の違いです)")))  # fmt: skip
    return remarks


def _finite(subject: Subject, setting: ClaimSetting, points: Points) -> bool:
    """Whether it is finite at these points, wherever the truth is."""
    there = setting._replace(points=points, right=right_at(setting, points))
    claims = _try(subject, there)
    return claims is None or all(
        np.isfinite(claim[np.isfinite(getattr(there.right, s))]).all()
        for s, claim in claims.items()
    )


def _try(subject: Subject, setting: ClaimSetting) -> Claims | None:
    try:
        return claims_at(subject, setting)
    except (Crashed, Unfinished):
        return None
