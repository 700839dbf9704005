"""Any hand-derived gradient or Jacobian against autodiff, at random points: matrix calculus (L11).

Finite differences are the second referee: where the two disagree, at a kink say, nobody is judged.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import replace

import jax
import numpy as np

from jaxmlp.verify.calling import Subject
from jaxmlp.verify.diagnose import (
    differs,
    mask,
    same,
    tolerance,
    unrecognised,
    where_wrong,
    worst_entry,
)
from jaxmlp.verify.ending import crashed, unfinished
from jaxmlp.verify.finding import Check, File, Note, Report, Words
from jaxmlp.verify.gradient.known import argument_step, by_argument, diagnosis, gradient_quantities
from jaxmlp.verify.gradient.truth import (
    SQUARE,
    GradientTruth,
    arguments_of,
    caller,
    domain_of,
    samplers_of,
    truth_of,
)
from jaxmlp.verify.judge.stages import NOISE, imprecise, noisy
from jaxmlp.verify.run.outcome import Crashed, Unfinished

NUDGE = 1 + 3e-7  # a few roundings of float32; a factor, as it keeps symmetric what is
SYMMETRISED = Note("symmetrised", Words(
    "this is (G + Gᵀ)/2, the same along symmetric matrices as the gradient G by all entries",
    "(G + Gᵀ)/2 です。対称行列に沿った変化については、全成分による勾配 G と同じです"))  # fmt: skip


def check_gradient(
    f: Callable, claimed: Callable, shapes: object, *, domain: object = None, seed: int = 0
) -> Report:
    """Check a hand-derived gradient or Jacobian of any function of arrays; name its mistakes.

    Args:
        f: a function of arrays, scalar-valued or not. One that JAX can differentiate is compared
            with autodiff in float64; any other, in NumPy say, with finite differences.
        claimed: a function of the same arguments that gives the gradient by each, in a tuple, or
            in a dict with names; by some only, in a dict. A gradient has the shape of its
            argument, a Jacobian f's shape followed by the argument's. NumPy or JAX.
        shapes: of the arguments: one shape, a tuple of shapes, or a dict by name. Where sizes
            are unequal, a transpose cannot go unseen.
        domain: what the arguments are drawn from: None (standard normal), "positive",
            "symmetric", "positive_definite", "orthogonal" or a function (rng, shape) -> array; one
            for all, a tuple, or a dict by name. Whatever it is, the gradient is by all entries as
            if they were independent (L11).
        seed: of the random points.

    Returns:
        One check an argument, with ∂f/∂ its name as the stage: `print` it, or look at `.checks`.

    Raises:
        ValueError: f does not accept these shapes, gives no real numbers, or has no gradient that
            autodiff and finite differences agree on; the domain makes no sense; there are more
            or fewer gradients than arguments.

    Example:
        >>> import jax.numpy as jnp
        >>> def trace(W):
        ...     return jnp.trace(W.T @ W)
        >>> check_gradient(trace, lambda W: 2 * W, (3, 5)).right  # L11
        True
        >>> check_gradient(trace, lambda W: W, (3, 5)).checks[0].diagnosis[0].id
        'half'
        >>> def log_det(X):
        ...     return jnp.linalg.slogdet(X)[1]
        >>> def inverse(X):
        ...     return jnp.linalg.inv(X).T
        >>> check_gradient(log_det, inverse, (4, 4), domain="positive_definite").right
        True
        >>> def form(x, A):
        ...     return x @ A @ x
        >>> report = check_gradient(form, lambda x, A: (A @ x, jnp.outer(x, x)), ((3,), (3, 3)))
        >>> [(c.stage, c.verdict, *(note.id for note in c.diagnosis)) for c in report.checks]
        [('∂f/∂x', 'wrong', 'one-of-two-terms'), ('∂f/∂A', 'right')]
        >>> def jacobian(a):
        ...     g = jax.nn.softmax(a)
        ...     return jnp.diag(g) - jnp.outer(g, g)
        >>> check_gradient(jax.nn.softmax, jacobian, (4,)).right
        True
    """
    name = getattr(claimed, "__name__", type(claimed).__name__)
    with jax.enable_x64(True), jax.default_matmul_precision("highest"), np.errstate(all="ignore"):
        arguments = arguments_of(f, shapes)
        truth = truth_of(f, arguments, samplers_of(domain, arguments), seed)
        subject = Subject(name, caller(claimed, truth.points[0]), tuple(arguments))
        try:
            claims = _claims(subject, truth.points)
        except Unfinished:
            checks = tuple(unfinished(subject, stage) for stage in arguments)
        except Crashed as why:
            checks = tuple(crashed(subject.name, stage, subject.line, why) for stage in arguments)
        else:
            structured = [n for n in arguments if domain_of(domain, n, arguments) in SQUARE]
            checks = tuple(_judged(subject, truth, claims, n, n in structured) for n in claims)
            left = ", ".join(n for n in arguments if n not in claims)
            if left:
                words = Words(f"not claimed, not checked: {left}", f"検査していない引数: {left}")
                truth = truth._replace(remarks=(*truth.remarks, Note("unclaimed", words)))
    checks = tuple(replace(check, stage=f"∂f/∂{check.stage}") for check in checks)
    return Report((File(name, checks, truth.remarks),))


def assert_gradient(
    f: Callable,
    claimed: Callable,
    shapes: object,
    *,
    domain: object = None,
    seed: int = 0,
    lang: str | None = None,
) -> None:
    """Fail, in a test suite, unless the gradient is right; arguments as for `check_gradient`.

    Raises:
        AssertionError: it is not; the message is the report, in the locale's language
            where none is given. ValueError: as `check_gradient`.

    Example:
        >>> assert_gradient(lambda x: x @ x, lambda x: 2 * x, (3,))
    """
    __tracebackhide__ = True
    report = check_gradient(f, claimed, shapes, domain=domain, seed=seed)
    if not report.right:
        raise AssertionError(report.text(lang))


def _claims(subject: Subject, points: list[tuple]) -> dict[str, np.ndarray]:
    """What is claimed at each point, by argument, stacked.

    Raises:
        ValueError: there are more or fewer gradients than arguments. Crashed, Unfinished.
    """
    at_points = [by_argument(subject, subject.call(*args)) for args in points]
    try:
        return {n: np.stack([at[n] for at in at_points]) for n in at_points[0]}
    except (ValueError, KeyError):
        raise Crashed("expected gradients of the same shapes at every point") from None


def _judged(
    subject: Subject, truth: GradientTruth, claims: Mapping, stage: str, structured: bool
) -> Check:
    """The verdict on the gradient by one argument."""
    true, claim = _comparable(truth, claims[stage], stage)
    check = Check(subject.name, stage, "right")
    if same(claim, true, tolerance(claim)):
        return replace(check, relative_error=worst_entry(claim, true)[0] if claim.size else None)
    if structured and same(claim, (true + true.mT) / 2, tolerance(claim)):
        return replace(check, relative_error=worst_entry(claim, (true + true.mT) / 2)[0],
                       remarks=(SYMMETRISED,))  # fmt: skip
    check = replace(
        check, verdict="wrong", expected_shape=true.shape[1:], got_shape=claim.shape[1:]
    )
    check = replace(check, diagnosis=diagnosis(subject, truth, claim, stage, structured))
    if claim.shape != true.shape:
        return check
    off = differs(claim, true, tolerance(claim))
    error, entry = worst_entry(claim, true)
    check = replace(check, relative_error=error, worst=entry, wrong=mask(off), where=_where(off))
    if check.diagnosis:
        return check
    if truth.exact and error < NOISE and _is_noise(subject, truth, claim, stage):
        return imprecise(check)
    return replace(check, diagnosis=(unrecognised(claim, true),))


def _comparable(
    truth: GradientTruth, claim: np.ndarray, stage: str
) -> tuple[np.ndarray, np.ndarray]:
    """(truth, claim) with what is zero but for rounding at 0, as precise as the truth allows."""
    true, noise = truth.gradients[stage], truth.noise[stage]
    if math.prod(truth.shape) == 1 and claim.shape[1:] == truth.shape + true.shape[1:]:
        claim = claim.reshape(true.shape)
    true, claim = (np.where(np.abs(a) < noise, a.dtype.type(0), a) for a in (true, claim))
    return (true, claim) if truth.exact else (true.astype(np.float32), claim.astype(np.float32))


def _is_noise(subject: Subject, truth: GradientTruth, claim: np.ndarray, stage: str) -> bool:
    """Whether the error changes altogether from one point to the next."""
    points = [tuple(a * NUDGE for a in args) for args in truth.points]
    k = subject.parameters.index(stage)
    near = truth._replace(gradients={stage: np.stack([truth.exact(*args)[k] for args in points])})
    there, moved = _comparable(near, _claims(subject, points)[stage], stage)
    right, around = (gradient_quantities({stage: true}) for true in (truth.gradients[stage], there))
    return bool(noisy(right, {argument_step(stage): claim}, around, {argument_step(stage): moved}))


def _where(off: np.ndarray) -> Words | None:
    """Which entries are wrong, in words; all axes but the last are rows."""
    entries = off.any(axis=0)
    if entries.ndim < 2:
        if entries.all():
            return None
        which = ", ".join(map(str, np.flatnonzero(entries)))
        return Words(f"wrong in entry {which} alone", f"第 {which} 成分だけが誤りです")
    rows, columns = entries.shape[-2:]
    diagonal = np.broadcast_to(np.eye(rows, columns, dtype=bool), entries.shape)
    if rows == columns > 1:
        if (entries == diagonal).all():
            return Words("wrong on the diagonal alone", "対角成分だけが誤りです")
        if (entries != diagonal).all():
            return Words("all is wrong but the diagonal", "対角成分以外がすべて誤りです")
    return where_wrong(off.reshape(len(off), -1, off.shape[-1]), bias=False)
