"""f's gradients at random points of its domain: autodiff, confirmed by finite differences."""

import inspect
import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from numbers import Integral
from typing import Any, NamedTuple

import jax
import numpy as np

from jaxmlp.verify.check import call_here
from jaxmlp.verify.finding import Note, Words
from jaxmlp.verify.judge.stages import NOISE
from jaxmlp.verify.run.outcome import Crashed, Unfinished

POINTS, TRIES = 4, 20  # points wanted, points drawn at most
# Relative; the error of the five-point rule is the fourth power. The second is for crowds of kinks.
STENCIL_STEPS = (1e-3, 1e-5)
ENTRIES = 200  # of an argument that the second referee looks at
FINITE_DIFFERENCE_TOLERANCE = 1e-6  # of finite differences with autodiff
ROUGH = 1e-4  # of two rules of finite differences, where there is no autodiff
NO_AUTODIFF = Note("finite-differences", Words(
    "f cannot be differentiated by JAX: compared with finite differences, to within 1e-4",
    "f は JAX で微分できないため、有限差分と比べました (許容誤差 1e-4)"))  # fmt: skip
DOUBTS = {
    "undefined": "f is not finite there",
    "kink": "f has a kink there, as |x|, max, and a norm at 0 have, and so no gradient",
    "apart": "autodiff and finite differences disagree there: is a float32 number, a stop_gradient "
    "or a custom derivative in f, or does it vary too fast?",
}


def arguments_of(f: Callable, shapes: Any) -> dict[str, tuple[int, ...]]:
    """The shape of each argument, by its name in f's signature."""
    try:
        parameters: Iterable[inspect.Parameter] = inspect.signature(f).parameters.values()
    except (TypeError, ValueError):  # as of functions written in C
        parameters = ()
    names = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    if isinstance(shapes, Mapping):
        arguments = {n: shapes[n] for n in names if n in shapes} if names else dict(shapes)
        if len(arguments) < len(shapes) or (names and list(arguments) != names[: len(arguments)]):
            raise ValueError(
                f"expected shapes for the arguments {', '.join(names)} of f, got some for "
                f"{', '.join(map(str, shapes))}"
            )
    else:
        single = isinstance(shapes, Integral) or all(isinstance(n, Integral) for n in shapes)
        listed = [shapes] if single else list(shapes)
        names = names if len(names) >= len(listed) else [f"x{i + 1}" for i in range(len(listed))]
        arguments = dict(zip(names, listed, strict=False))
    arguments = {n: (s,) if isinstance(s, Integral) else tuple(s) for n, s in arguments.items()}
    if not arguments or not all(
        isinstance(d, Integral) and int(d) > 0 for s in arguments.values() for d in s
    ):
        raise ValueError(f"expected shapes of positive integers, got {shapes!r}")
    return arguments


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


def domain_of(domain: object, name: str, arguments: Mapping) -> object:
    """The domain of one argument."""
    if isinstance(domain, Mapping):
        return domain.get(name)
    if isinstance(domain, tuple | list):
        return dict(zip(arguments, domain, strict=False)).get(name)
    return domain


def samplers_of(domain: object, arguments: Mapping) -> dict[str, Callable]:
    """What draws each argument from its domain.

    Raises:
        ValueError: a domain is unknown, or makes no sense for a shape.
    """
    if isinstance(domain, Mapping) and not domain.keys() <= arguments.keys():
        raise ValueError(f"expected domains of {', '.join(arguments)}, got {', '.join(domain)}")
    if isinstance(domain, tuple | list) and len(domain) != len(arguments):
        raise ValueError(f"expected {len(arguments)} domains, got {len(domain)}")
    samplers = {}
    for name, shape in arguments.items():
        kind = domain_of(domain, name, arguments)
        if not callable(kind) and kind not in DOMAINS:
            known = ", ".join(map(str, DOMAINS))
            raise ValueError(f"unknown domain {kind!r}: expected {known}, or a function")
        if kind in SQUARE and (len(shape) != 2 or shape[0] != shape[1]):
            raise ValueError(f"expected a square shape for the {kind} {name}, got {shape}")
        if kind == "orthogonal" and (len(shape) != 2 or shape[0] < shape[1]):
            raise ValueError(
                f"expected no more columns than rows for the {kind} {name}, got {shape}"
            )
        samplers[name] = kind if callable(kind) else DOMAINS[kind]
    return samplers


def caller(function: Callable, args: tuple) -> Callable:
    """The function jitted, or as it is where it cannot be traced: that may raise Crashed."""
    jitted = jax.jit(lambda *args: function(*args))  # jit of NumPy's own functions can crash
    try:
        jitted(*args)
    except Exception:
        return lambda *args: call_here(function, [np.copy(a) for a in args])[0]
    return jitted


class GradientTruth(NamedTuple):
    """f's gradients at random points.

    Attributes:
        points: the arguments at each.
        gradients: by argument, the points along the first axis, then f's axes, then its own.
        shape: f's own, also where it is that of one number.
        noise: by argument, what is zero but for rounding.
        exact: autodiff, a function of the arguments that gives these; None where there is none.
        remarks: on f.
    """

    points: list[tuple[np.ndarray, ...]]
    gradients: dict[str, np.ndarray]
    shape: tuple[int, ...]
    noise: dict[str, float]
    exact: Callable | None
    remarks: tuple[Note, ...]


def truth_of(f: Callable, arguments: Mapping, samplers: Mapping, seed: int) -> GradientTruth:
    """The gradients at points where the referees agree.

    Raises:
        ValueError: f is no such function, or there are no such points.
    """
    rng = np.random.default_rng(seed)
    kept: list[tuple[np.ndarray, ...]] = []
    slopes: list[Sequence[np.ndarray]] = []
    left: list[str] = []
    value = exact = shape = None
    while len(kept) < POINTS and len(kept) + len(left) < TRIES:
        args = tuple(drawn(samplers[n], rng, n, shape) for n, shape in arguments.items())
        if value is None:
            value, shape = value_of(f, args, arguments)
            exact = _autodiff(f, args, () if math.prod(shape) == 1 else shape)
        gradients, reason = _refereed(value, exact, args)
        if reason:
            left.append(reason)
        else:
            kept.append(args)
            slopes.append(gradients)
    if len(kept) < 2:
        (reason, count), *_ = Counter(left).most_common(1)
        raise ValueError(
            f"expected f to have a gradient at random points, but at {count} of {TRIES}, "
            f"{DOUBTS[reason]}; another domain may help"
        )
    largest = max(np.abs(value(*args)).max() for args in kept)
    noise = {n: 1e-15 * largest / max(np.abs(args[k]).max() or 1 for args in kept)
             for k, n in enumerate(arguments)}  # fmt: skip
    stacked = {n: np.stack([at[k] for at in slopes]) for k, n in enumerate(arguments)}
    remarks = [_left_out(len(left))] if left else []
    return GradientTruth(
        kept, stacked, shape, noise, exact, (*([] if exact else [NO_AUTODIFF]), *remarks)
    )


def _left_out(count: int) -> Note:
    return Note("left-out", Words(
        f"{count} random points where f is not defined or not smooth were left out",
        f"f が定義されない、または滑らかでない点 {count} 個を除きました"))  # fmt: skip


def drawn(sampler: Callable, rng: np.random.Generator, name: str, shape: tuple) -> np.ndarray:
    """An argument from its domain.

    Raises:
        ValueError: a sampler of the caller's gives another shape.
    """
    sample = np.asarray(sampler(rng, shape), float)
    if sample.shape != shape:
        raise ValueError(f"expected the domain to give {name} of shape {shape}, got {sample.shape}")
    return sample


def value_of(f: Callable, args: tuple, arguments: Mapping) -> tuple[Callable, tuple[int, ...]]:
    """(f as a function of NumPy arrays, a number where it gives an array of one; its shape)."""
    call = caller(f, args)
    signature = ", ".join(f"{n}: {s}" for n, s in arguments.items())
    try:
        output = call(*args)
    except (Crashed, Unfinished) as why:
        raise ValueError(f"expected f to accept {signature}, got {why or 'no result'}") from why
    dtype = getattr(output, "dtype", type(output).__name__)
    if np.asarray(0.0).dtype != dtype and not isinstance(output, float):
        raise ValueError(f"expected f to give float64 for float64 ({signature}), got {dtype}")
    shape = np.shape(output)
    bare = () if math.prod(shape) == 1 else shape
    return lambda *args: np.asarray(call(*args)).reshape(bare), shape


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
    gradients = exact(*args) if exact else None
    for step in STENCIL_STEPS:
        seen = [_slopes(value, here, args, k, step, every=not exact) for k in range(len(args))]
        reasons = [
            _doubt(five, gradients[k].reshape(*here.shape, -1)[..., at] if exact else three, gaps,
                   within=FINITE_DIFFERENCE_TOLERANCE if exact else ROUGH,
                   floor=np.abs(here).max() / (np.abs(args[k]).max() or 1))
            for k, (at, five, three, *gaps) in enumerate(seen)
        ]  # fmt: skip
        reason = next(filter(None, reasons), None)
        if reason is None:
            break
    if not exact:
        gradients = [seen[k][1].reshape(here.shape + x.shape) for k, x in enumerate(args)]
    return gradients, reason


def _doubt(
    five: np.ndarray, other: np.ndarray, gaps: list, *, within: float, floor: float
) -> str | None:
    """What is wrong with these slopes, where f varies by `floor` if it varies at all."""
    gap, gap2 = gaps
    size = np.abs(five).max() + 1e-2 * floor
    # Half the step halves the gap between the slopes to either side where f is smooth, leaves it
    # as it is at a kink, and widens it where f has noise.
    odd = (gap + gap2 > NOISE * size) & (np.abs(gap - gap2 / 2) > 0.2 * gap2)
    if odd.any():
        return "apart" if (odd & (gap > 1.1 * gap2)).any() else "kink"
    return None if np.abs(five - other).max() <= within * size else "apart"


def _slopes(
    value: Callable, here: np.ndarray, args: tuple, k: int, step: float, *, every: bool
) -> tuple[np.ndarray, ...]:
    """(entries looked at, slopes there by five points, by three, gaps between the slopes to
    either side, at twice the step)."""
    x = args[k]
    some = np.arange(x.size)
    if not every and x.size > ENTRIES:
        some = np.random.default_rng(0).choice(x.size, ENTRIES, replace=False)
    least = 1e-2 * (np.abs(x).max() or 1)
    columns = []
    for i in some:
        h = step * max(abs(x.flat[i]), least)
        moved = [np.copy(x) for _ in range(4)]
        for copy, by in zip(moved, (-2, -1, 1, 2), strict=True):
            copy.flat[i] += by * h
        a, b, c, d = (value(*args[:k], copy, *args[k + 1 :]) for copy in moved)
        columns.append(((8 * (c - b) - (d - a)) / (12 * h), (c - b) / (2 * h),
                        abs(c - 2 * here + b) / h, abs(d - 2 * here + a) / (2 * h)))  # fmt: skip
    return some, *(np.stack(part, -1) for part in zip(*columns, strict=True))
