"""Any hand-derived gradient or Jacobian against autodiff, at random points: matrix calculus (L11).

Finite differences are the second referee: where the two disagree, at a kink say, nobody is judged.
"""

import inspect
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from numbers import Integral
from typing import NamedTuple

import jax
import numpy as np

from jaxmlp.verify.calling import Crashed, Subject, Unfinished, array
from jaxmlp.verify.check import _call, crashed, unfinished
from jaxmlp.verify.diagnose import (
    differs,
    explanations,
    mask,
    same,
    tolerance,
    unrecognised,
    where,
    worst,
)
from jaxmlp.verify.finding import Check, File, Note, Report, Words
from jaxmlp.verify.judge import NOISE, _imprecise, _noisy
from jaxmlp.verify.program import Mistake, Program, Quantities

POINTS, TRIES = 4, 20  # points wanted, points drawn at most
STEP = 1e-3  # relative; the error of the five-point rule is its fourth power
AGREE = 1e-6  # of finite differences with autodiff
ROUGH = 1e-4  # of two rules of finite differences, where there is no autodiff
NEAR = 1 + 3e-7  # a few roundings of float32; a factor, as it keeps symmetric what is

FACTOR = Words("Look again at the factors and signs.", "係数と符号を見直してください。")
SHAPE = Words("Which entry of the result belongs to which entry of the argument?",
              "結果のどの成分が、引数のどの成分に対応しますか。")  # fmt: skip
ENTRY = Words("Write f as a sum over entries, and differentiate by one of them.",
              "f を成分の和で書き、そのうちの 1 つで微分してみてください。")  # fmt: skip
ORDER = Words("Look again at what is returned, and in which order.",
              "何をどの順に返すか見直してください。")  # fmt: skip
KNOWN = {
    "zero": ("It is zero.", "すべて 0 になっています。", ENTRY),
    "sign": ("The sign is wrong.", "符号が逆です。", FACTOR),
    "times-2": ("It is twice the gradient.", "正しい値の 2 倍です。", FACTOR),
    "half": ("It is half the gradient: a factor 2 is missing.", "正しい値の半分です (係数 2 が抜けています)。", FACTOR),
    "times-n": ("It is {n} times the gradient, {n} being {what}: a sum for a mean?", "正しい値の {n} 倍です ({n} は {what})。平均を和にしていませんか。", FACTOR),
    "over-n": ("It is the gradient divided by {n}, {n} being {what}: a mean for a sum?", "正しい値の 1/{n} です ({n} は {what})。和を平均にしていませんか。", FACTOR),
    "constant-ratio": ("It is the gradient times a constant ratio, {c:.6g}.", "正しい値の定数倍 ({c:.6g} 倍) です。", FACTOR),
    "transposed": ("It is transposed: entry (i, j) must be the derivative by entry (i, j) of {x}.", "転置されています。(i, j) 成分は {x} の (i, j) 成分による微分です。", SHAPE),
    "layout": ("The Jacobian is transposed: the axes of f come first, then those of {x}.", "ヤコビ行列が転置されています。f の軸が先、{x} の軸が後です。", SHAPE),
    "reshaped": ("The entries are in order, but the shape must be {expected}.", "成分の並びは合っていますが、形は {expected} にします。", SHAPE),
    "vec": ("Matrices are stacked into vectors column by column (vec); the shape must be {expected}.", "行列が列ごとに積まれたベクトル (vec) になっています。形は {expected} にします。", SHAPE),
    "diagonal-only": ("Everything off the diagonal is missing.", "対角成分以外が抜けています。", ENTRY),
    "diagonal-dropped": ("The diagonal is missing.", "対角成分が抜けています。", ENTRY),
    "diagonal-as-vector": ("This is the diagonal of the Jacobian; each entry of f depends on all of {x}.", "ヤコビ行列の対角成分だけです。f の各成分は {x} のすべての成分に依存します。", ENTRY),
    "summed": ("The Jacobian is summed over the entries of f.", "ヤコビ行列が f の成分について足されています。", SHAPE),
    "dropped": ("{en} {at}: zero, which it is not.", "{ja} {at} が 0 になっています。", ENTRY),
    "swapped": ("This is the gradient with respect to {other}.", "これは {other} による勾配です。", ORDER),
    "symmetric-structure": ("This is G + Gᵀ − diag(G), the derivative by the free entries of a symmetric {x}; wanted is G, by all entries as if independent.", "G + Gᵀ − diag(G)、つまり対称な {x} の独立な成分による微分です。求めるのは、全成分を独立とみなした G です。", ENTRY),
    "one-of-two-terms": ("The product rule gives two terms here: one is there, its transposed partner is missing.", "積の微分で 2 つの項が出ますが、1 つだけで、転置した形のもう 1 つが抜けています。", ENTRY),
}  # fmt: skip
L11 = ("transposed", "symmetric-structure")
SYMMETRISED = Note("symmetrised", Words(
    "this is (G + Gᵀ)/2, the same along symmetric matrices as the gradient G by all entries",
    "(G + Gᵀ)/2 です。対称行列に沿った変化については、全成分による勾配 G と同じです"))  # fmt: skip
NO_AUTODIFF = Note("finite-differences", Words(
    "f cannot be differentiated by JAX: compared with finite differences, to within 1e-4",
    "f は JAX で微分できないため、差分と比べました (許容誤差 1e-4)"))  # fmt: skip
REASONS = {
    "undefined": "f is not finite there",
    "kink": "f has a kink there, as |x|, max, and a norm at 0 have, and so no gradient",
    "apart": "autodiff and finite differences disagree there: is a float32 number, a stop_gradient "
    "or a custom derivative in f, or does it vary too fast?",
}


def check_gradient(
    f: Callable,
    claimed: Callable,
    shapes: object,
    *,
    domain: object = None,
    seed: int = 0,
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
        One check an argument, with its name as the stage: `print` it, or look at `.checks`.

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
        [('x', 'wrong', 'one-of-two-terms'), ('A', 'right')]
        >>> def jacobian(a):
        ...     g = jax.nn.softmax(a)
        ...     return jnp.diag(g) - jnp.outer(g, g)
        >>> check_gradient(jax.nn.softmax, jacobian, (4,)).right
        True
    """
    name = getattr(claimed, "__name__", type(claimed).__name__)
    with jax.enable_x64(True), jax.default_matmul_precision("highest"), np.errstate(all="ignore"):
        arguments = _arguments(f, shapes)
        truth = _truth(f, arguments, _samplers(domain, arguments), seed)
        subject = Subject(name, _caller(claimed, truth.points[0]), tuple(arguments))
        try:
            claims = _claims(subject, truth.points)
        except Unfinished:
            checks = tuple(unfinished(subject, stage) for stage in arguments)
        except Crashed as why:
            checks = tuple(crashed(subject, stage, why) for stage in arguments)
        else:
            structured = [n for n in arguments if _at(domain, n, arguments) in SQUARE]
            checks = tuple(_judged(subject, truth, claims, n, n in structured) for n in claims)
            left = ", ".join(n for n in arguments if n not in claims)
            if left:
                words = Words(f"not claimed, not checked: {left}", f"検査していない引数: {left}")
                truth = truth._replace(remarks=(*truth.remarks, Note("unclaimed", words)))
    return Report((File(name, checks, truth.remarks),))


def assert_gradient(
    f: Callable,
    claimed: Callable,
    shapes: object,
    *,
    domain: object = None,
    seed: int = 0,
) -> None:
    """Fail, in a test suite, unless the gradient is right; arguments as for `check_gradient`.

    Raises:
        AssertionError: it is not; the message is the report. ValueError: as `check_gradient`.

    Example:
        >>> assert_gradient(lambda x: x @ x, lambda x: 2 * x, (3,))
    """
    __tracebackhide__ = True
    report = check_gradient(f, claimed, shapes, domain=domain, seed=seed)
    if not report.right:
        raise AssertionError(str(report))


def _arguments(f: Callable, shapes: object) -> dict[str, tuple[int, ...]]:
    """The shape of each argument, by its name in f's signature."""
    try:
        found = inspect.signature(f).parameters.values()
    except (TypeError, ValueError):  # as of functions written in C
        found = ()
    names = [p.name for p in found if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    if isinstance(shapes, Mapping):
        given = {n: shapes[n] for n in names if n in shapes} if names else dict(shapes)
        if len(given) < len(shapes) or list(given) != names[: len(given)] and names:
            raise ValueError(
                f"expected shapes for the arguments {', '.join(names)} of f, got some for "
                f"{', '.join(map(str, shapes))}"
            )
    else:
        one = isinstance(shapes, Integral) or all(isinstance(n, Integral) for n in shapes)
        listed = [shapes] if one else list(shapes)
        names = names if len(names) >= len(listed) else [f"x{i + 1}" for i in range(len(listed))]
        given = dict(zip(names, listed, strict=False))
    given = {n: (s,) if isinstance(s, Integral) else tuple(s) for n, s in given.items()}
    if not given or not all(isinstance(d, Integral) and d > 0 for s in given.values() for d in s):
        raise ValueError(f"expected shapes of positive integers, got {shapes!r}")
    return given


def _positive_definite(rng: np.random.Generator, shape: tuple) -> np.ndarray:
    a = rng.normal(size=shape)
    return a @ a.T / len(a) + np.eye(len(a))


DOMAINS = {
    None: lambda rng, shape: rng.normal(size=shape),
    "positive": lambda rng, shape: rng.uniform(0.5, 2, size=shape),
    "symmetric": lambda rng, shape: (lambda a: a + a.T)(rng.normal(size=shape)),
    "positive_definite": _positive_definite,
    "orthogonal": lambda rng, shape: np.linalg.qr(rng.normal(size=shape))[0],
}
SQUARE = ("symmetric", "positive_definite")


def _at(domain: object, name: str, arguments: Mapping) -> object:
    """The domain of one argument."""
    if isinstance(domain, Mapping):
        return domain.get(name)
    if isinstance(domain, tuple | list):
        return dict(zip(arguments, domain, strict=False)).get(name)
    return domain


def _samplers(domain: object, arguments: Mapping) -> dict[str, Callable]:
    if isinstance(domain, Mapping) and not domain.keys() <= arguments.keys():
        raise ValueError(f"expected domains of {', '.join(arguments)}, got {', '.join(domain)}")
    if isinstance(domain, tuple | list) and len(domain) != len(arguments):
        raise ValueError(f"expected {len(arguments)} domains, got {len(domain)}")
    found = {}
    for name, shape in arguments.items():
        kind = _at(domain, name, arguments)
        if not callable(kind) and kind not in DOMAINS:
            known = ", ".join(map(str, DOMAINS))
            raise ValueError(f"unknown domain {kind!r}: expected {known}, or a function")
        if kind in SQUARE and (len(shape) != 2 or shape[0] != shape[1]):
            raise ValueError(f"expected a square shape for the {kind} {name}, got {shape}")
        if kind == "orthogonal" and (len(shape) != 2 or shape[0] < shape[1]):
            raise ValueError(f"expected no more columns than rows for the {kind} {name}, got {shape}")
        found[name] = kind if callable(kind) else DOMAINS[kind]
    return found


def _caller(function: Callable, args: tuple) -> Callable:
    """The function jitted, or as it is where it cannot be traced; Crashed, Unfinished come later."""
    jitted = jax.jit(function)
    try:
        jitted(*args)
    except Exception:
        return lambda *args: _call(function, [np.copy(a) for a in args])[0]
    return jitted


class Truth(NamedTuple):
    """f's gradients at random points.

    Attributes:
        points: the arguments at each.
        gradients: by argument, the points along the first axis, then f's axes, then its own.
        noise: by argument, what is zero but for rounding.
        exact: autodiff, a function of the arguments that gives these; None where there is none.
        remarks: on f.
    """

    points: list[tuple[np.ndarray, ...]]
    gradients: dict[str, np.ndarray]
    noise: dict[str, float]
    exact: Callable | None
    remarks: tuple[Note, ...]


def _truth(f: Callable, arguments: Mapping, samplers: Mapping, seed: int) -> Truth:
    """The gradients at points where the referees agree.

    Raises:
        ValueError: f is no such function, or there are no such points.
    """
    rng = np.random.default_rng(seed)
    kept, slopes, left = [], [], []
    value = exact = None
    while len(kept) < POINTS and len(kept) + len(left) < TRIES:
        args = tuple(_drawn(samplers[n], rng, n, shape) for n, shape in arguments.items())
        if value is None:
            value = _value(f, args, arguments)
            exact = _autodiff(f, args, np.shape(value(*args)))
        found, reason = _refereed(value, exact, args)
        if reason:
            left.append(reason)
        else:
            kept.append(args)
            slopes.append(found)
    if len(kept) < 2:
        (reason, count), *_ = Counter(left).most_common(1)
        raise ValueError(
            f"expected f to have a gradient at random points, but at {count} of {TRIES}, "
            f"{REASONS[reason]}; another domain may help"
        )
    largest = max(np.abs(value(*args)).max() for args in kept)
    noise = {n: 1e-15 * largest / max(np.abs(args[k]).max() or 1 for args in kept)
             for k, n in enumerate(arguments)}  # fmt: skip
    stacked = {n: np.stack([at[k] for at in slopes]) for k, n in enumerate(arguments)}
    remarks = [_left_out(len(left))] if left else []
    return Truth(kept, stacked, noise, exact, (*([] if exact else [NO_AUTODIFF]), *remarks))


def _left_out(count: int) -> Note:
    return Note("left-out", Words(
        f"{count} random points where f is not defined or not smooth were left out",
        f"f が定義されない、または滑らかでない点 {count} 個を除きました"))  # fmt: skip


def _drawn(sampler: Callable, rng: np.random.Generator, name: str, shape: tuple) -> np.ndarray:
    found = np.asarray(sampler(rng, shape), float)
    if found.shape != shape:
        raise ValueError(f"expected the domain to give {name} of shape {shape}, got {found.shape}")
    return found


def _value(f: Callable, args: tuple, arguments: Mapping) -> Callable:
    """f as a function of NumPy arrays, one number where it gives an array of one."""
    call = _caller(f, args)
    given = ", ".join(f"{n}: {s}" for n, s in arguments.items())
    try:
        found = call(*args)
    except (Crashed, Unfinished) as why:
        raise ValueError(f"expected f to accept {given}, got {why or 'no result'}") from why
    dtype = getattr(found, "dtype", type(found).__name__)
    if np.asarray(0.0).dtype != dtype and not isinstance(found, float):
        raise ValueError(f"expected f to give float64 for float64 ({given}), got {dtype}")
    return lambda *args: _bare(np.asarray(call(*args)))


def _bare(found: np.ndarray) -> np.ndarray:
    return found.reshape(()) if found.size == 1 else found


def _autodiff(f: Callable, args: tuple, shape: tuple) -> Callable | None:
    """f's gradients by all arguments, a tuple; None where JAX cannot differentiate it."""
    for jacobian in (jax.jacrev, jax.jacfwd):
        for wrap in (jax.jit, lambda g: g):  # some can be differentiated, but not traced
            whole = wrap(jacobian(f, tuple(range(len(args)))))
            try:
                whole(*args)
            except Exception:  # whatever it is, f itself has been called without it
                continue
            return lambda *a, whole=whole: [
                np.asarray(g).reshape(shape + x.shape) for g, x in zip(whole(*a), a, strict=True)
            ]
    return None


def _refereed(value: Callable, exact: Callable | None, args: tuple) -> tuple[list, str | None]:
    """(the gradients at a point, why they cannot be relied on or None)."""
    here = value(*args)
    if not np.isfinite(here).all():
        return [], "undefined"
    slopes = [_slopes(value, here, args, k) for k in range(len(args))]
    found = exact(*args) if exact else [five for five, *_ in slopes]
    for x, true, (five, three, gap, gap2) in zip(args, found, slopes, strict=True):
        size = np.abs(five).max() + 1e-2 * np.abs(here).max() / (np.abs(x).max() or 1)
        # Where f is smooth, half the step halves the gap between the slopes to either side.
        bend = (gap + gap2 > NOISE * size) & (np.abs(gap - gap2 / 2) > 0.2 * gap2)
        apart = np.abs(five - (true if exact else three)).max()
        if bend.any():
            return [], "kink"
        if not apart <= (AGREE if exact else ROUGH) * size:
            return [], "apart"
    return found, None


def _slopes(value: Callable, here: np.ndarray, args: tuple, k: int) -> list[np.ndarray]:
    """(slopes by five points, by three, gaps between slopes to either side, at twice the step)."""
    x = args[k]
    largest = np.abs(x).max() or 1.0
    columns = []
    for i in np.ndindex(x.shape):
        h = STEP * max(abs(x[i]), 1e-2 * largest)
        moved = [np.copy(x) for _ in range(4)]
        for copy, by in zip(moved, (-2, -1, 1, 2), strict=True):
            copy[i] += by * h
        a, b, c, d = (value(*args[:k], copy, *args[k + 1 :]) for copy in moved)
        columns.append(((8 * (c - b) - (d - a)) / (12 * h), (c - b) / (2 * h),
                        abs(c - 2 * here + b) / h, abs(d - 2 * here + a) / (2 * h)))  # fmt: skip
    return [np.stack(part, -1).reshape(here.shape + x.shape) for part in zip(*columns, strict=True)]


def _claims(subject: Subject, points: list[tuple]) -> dict[str, np.ndarray]:
    """What is claimed at each point, by argument, stacked.

    Raises:
        ValueError: there are more or fewer gradients than arguments. Crashed, Unfinished.
    """
    at_points = [_named(subject, subject.call(*args)) for args in points]
    try:
        return {n: np.stack([at[n] for at in at_points]) for n in at_points[0]}
    except (ValueError, KeyError):
        raise Crashed("expected gradients of the same shapes at every point") from None


def _named(subject: Subject, result: object) -> dict[str, np.ndarray]:
    names = subject.parameters
    if hasattr(result, "_asdict"):
        result = tuple(result)
    if isinstance(result, Mapping):
        if not result or not result.keys() <= set(names):
            got = ", ".join(map(str, result)) or "none"
            raise ValueError(f"expected gradients by {', '.join(names)}, got {got}")
        return {n: array(result[n]) for n in names if n in result}
    several = isinstance(result, tuple) or (isinstance(result, list) and len(names) > 1)
    if result is not None and len(result if several else [result]) != len(names):
        got = len(result) if several else 1
        raise ValueError(f"expected {len(names)} gradients, by {', '.join(names)}, got {got}")
    if result is None:
        raise Unfinished
    return dict(zip(names, map(array, result if several else [result]), strict=True))


def _judged(subject: Subject, truth: Truth, claims: Mapping, stage: str, structured: bool) -> Check:
    """The verdict on the gradient by one argument."""
    true, claim = _comparable(truth, claims[stage], stage)
    check = Check(subject.name, stage, "right")
    if same(claim, true, tolerance(claim)):
        return replace(check, relative_error=worst(claim, true)[0] if claim.size else None)
    if structured and same(claim, (true + true.mT) / 2, tolerance(claim)):
        return replace(check, relative_error=worst(claim, (true + true.mT) / 2)[0],
                       remarks=(SYMMETRISED,))  # fmt: skip
    check = replace(check, verdict="wrong", expected_shape=true.shape[1:], got_shape=claim.shape[1:])
    check = replace(check, diagnosis=_diagnosis(subject, truth, claim, stage, structured))
    if claim.shape != true.shape:
        return check
    off = differs(claim, true, tolerance(claim))
    error, entry = worst(claim, true)
    check = replace(check, relative_error=error, worst=entry, wrong=mask(off), where=_where(off))
    if check.diagnosis:
        return check
    if truth.exact and error < NOISE and _is_noise(subject, truth, claim, stage):
        return _imprecise(check)
    return replace(check, diagnosis=(unrecognised(claim, true),))


def _comparable(truth: Truth, claim: np.ndarray, stage: str) -> tuple[np.ndarray, np.ndarray]:
    """(truth, claim) with what is zero but for rounding at 0, as precise as the truth allows."""
    true, noise = truth.gradients[stage], truth.noise[stage]
    k = true.ndim - truth.points[0][list(truth.gradients).index(stage)].ndim
    if k == 1 and claim.ndim > true.ndim and claim.size == true.size and (
        claim.shape[-true.ndim + 1 :] == true.shape[1:] or true.ndim == 1):  # fmt: skip
        claim = claim.reshape(true.shape)  # f gives an array of one number, and so does the claim
    quiet = [np.where(np.abs(a) < noise, a.dtype.type(0), a) for a in (true, claim)]
    return tuple(quiet) if truth.exact else tuple(a.astype(np.float32) for a in quiet)
