"""What a derivation gives at random points, and whether two of them give the same."""

import functools
from collections.abc import Callable, Iterable
from itertools import islice, product

import jax
import numpy as np

from experiments.checker_study.derivations import Case, written
from experiments.checker_study.edits import EDITS, Edit, edited
from jaxmlp.gradients import autodiff
from jaxmlp.network import Params

# (d, q, m, n): all unequal; the sizes at which a matrix the wrong way round conforms, too.
SIZES = ((6, 3, 4, 5), (5, 4, 2, 7), (3, 3, 3, 5), (4, 2, 3, 7))
WITHIN = 1e-9
NOTHING = 1e-3  # what is smaller throughout is compared with this: 0 is only 0 up to rounding

Arrays = tuple[np.ndarray, ...]


@functools.cache
def points(case: Case, seed: int = 0) -> list[tuple]:
    """Arguments for a derivation of this case, two for each size."""
    rng = np.random.default_rng(seed)
    return [_point(case, rng, *sizes) for sizes in SIZES for _ in range(2)]


def _point(case: Case, rng: np.random.Generator, d: int, q: int, m: int, n: int) -> tuple:
    rows = n if case.batch else 1
    W, V = rng.normal(size=(q, d + case.bias)), rng.normal(size=(m, q + case.bias))
    x = rng.normal(size=(rows, d))
    if case.bias:
        x = np.hstack([np.ones((rows, 1)), x])
    y = targets(case, rng, rows, m)
    eta = (rng.uniform(0.1, 0.9),) if case.update else ()
    return (W, V, x, y, *eta) if case.batch else (W, V, x[0], y[0], *eta)


def targets(case: Case, rng: np.random.Generator, rows: int, m: int) -> np.ndarray:
    """1-of-K for classes, 0 or 1 for each output, or real numbers."""
    if case.loss == "cross_entropy":
        return np.eye(m)[rng.integers(m, size=rows)]
    if case.loss == "binary_cross_entropy":
        return rng.integers(2, size=(rows, m)).astype(float)
    return rng.normal(size=(rows, m))


def outputs(function: Callable, arguments: Iterable[tuple]) -> list[Arrays | None]:
    """What it gives at each point; None where it crashes."""
    return [_output(function, argument) for argument in arguments]


def _output(function: Callable, argument: tuple) -> Arrays | None:
    try:
        with np.errstate(all="ignore"):
            given = function(*argument)
        parts = given.values() if isinstance(given, dict) else given
        return tuple(np.asarray(part) for part in parts)
    except (ValueError, IndexError, TypeError, NameError):
        return None


def same(one: list[Arrays | None], other: list[Arrays | None]) -> bool:
    """Whether two derivations are the same function, as far as the points tell.

    False where neither of them gives anything anywhere.
    """
    pairs = list(zip(one, other, strict=True))
    if all(a is None or b is None for a, b in pairs):
        return False
    return all(a is b is None or _equal(a, b) for a, b in pairs)


def _equal(one: Arrays | None, other: Arrays | None) -> bool:
    if one is None or other is None or len(one) != len(other):
        return False
    return all(_close(a, b) for a, b in zip(one, other, strict=True))


def _close(one: np.ndarray, other: np.ndarray) -> bool:
    if one.shape != other.shape:
        return False
    with np.errstate(all="ignore"):
        apart, size = np.abs(one - other).max(), np.abs(other).max()
    return bool(apart <= WITHIN * max(size, NOTHING))


@functools.lru_cache(20_000)
def mutant(case: Case, which: tuple[int, ...]) -> list[Arrays | None]:
    """What the plain derivation gives with these edits made, by their places in `EDITS`."""
    return outputs(written(case, edited(case, [EDITS[i] for i in which])), points(case))


def apart(one: list[Arrays | None], other: list[Arrays | None]) -> bool:
    """Whether two derivations give different things where both give something."""
    pairs = zip(one, other, strict=True)
    return any(a is not None and b is not None and not _equal(a, b) for a, b in pairs)


def differs(case: Case, which: tuple[int, ...]) -> bool:
    """Whether the edits matter: something comes out somewhere that is not what is right."""
    return apart(mutant(case, which), mutant(case, ()))


def matters(case: Case) -> tuple[int, ...]:
    """The edits that can be made in this case and change what it gives."""
    usable = [i for i, edit in enumerate(EDITS) if edit.applies(case)]
    return tuple(i for i in usable if differs(case, (i,)))


def truth(case: Case, arguments: Iterable[tuple]) -> list[Arrays]:
    """What autodiff says at these points, in the order of a derivation's results."""
    with jax.enable_x64(True):
        return [_true(case, argument) for argument in arguments]


def _true(case: Case, argument: tuple) -> Arrays:
    W, V, x, y, *eta = argument
    x = x[..., int(case.bias) :]
    params = Params(*(jax.numpy.asarray(p) for p in (W, V)))
    found = autodiff(case.network, params, x, y, reduction=case.reduction)
    if eta:
        return tuple(np.asarray(p - eta[0] * d) for p, d in zip(params, found, strict=False))
    names = ("delta2", "dV", "delta1", "dW") if case.container == "dict" else found._fields
    return tuple(np.asarray(getattr(found, n)) for n in names if case.deltas or "delta" not in n)


def equal_to_one_of(
    case: Case, which: tuple[int, ...], explanations: Iterable[list[list[int]]]
) -> bool:
    """Whether one of the explanations is the same function as these edits.

    Args:
        explanations: each a list of mistakes, each of them the edits that go by its name.
    """
    target = mutant(case, which)
    for mistakes in explanations:
        for made in islice(product(*mistakes), 100):
            if same(_made(case, tuple(sorted(made))), target):
                return True
    return False


def _made(case: Case, which: tuple[int, ...]) -> list[Arrays | None]:
    """What the edits give; nothing where they cannot be made in this case."""
    if not all(EDITS[i].lines(case) for i in which):
        return [None] * len(points(case))
    try:
        return mutant(case, which)
    except SyntaxError:
        return [None] * len(points(case))


def called(name: str, step: str) -> list[int]:
    """The edits that go by a catalogue's name, on a step of the derivation."""
    found = [i for i, edit in enumerate(EDITS) if _name(edit) == name]
    here = [i for i in found if EDITS[i].id.startswith(f"{step}/")]
    return here or found


def _name(edit: Edit) -> str:
    return edit.id.partition("/")[2]
