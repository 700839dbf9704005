"""The known mistakes in a gradient, each of them a formula of the true one."""

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from jaxmlp.verify.calling import Subject, array
from jaxmlp.verify.diagnose import explanations, same, tolerance
from jaxmlp.verify.finding import Note, Words
from jaxmlp.verify.gradient.truth import GradientTruth
from jaxmlp.verify.program import DerivationProgram, Mistake, Quantities
from jaxmlp.verify.run.outcome import Crashed, Unfinished

FACTOR = Words("Look again at the factors and signs.", "係数と符号を見直してください。")
LAYOUT_HINT = Words("Which entry of the result belongs to which entry of the argument?",
              "結果のどの成分が、引数のどの成分に対応しますか。")  # fmt: skip
ENTRY_HINT = Words("Write f as a sum over entries, and differentiate by one of them.",
              "f を成分の和で書き、そのうちの 1 つで微分してみてください。")  # fmt: skip
ORDER_HINT = Words("Look again at what is returned, and in which order.",
              "何をどの順に返すか見直してください。")  # fmt: skip
KNOWN_MISTAKES: dict[str, tuple[str, str, Words]] = {
    "zero": ("It is zero.",
        "すべて 0 になっています。", ENTRY_HINT),
    "sign": ("The sign is wrong.",
        "符号が逆です。", FACTOR),
    "times-2": ("It is twice the gradient.",
        "正しい値の 2 倍です。", FACTOR),
    "half": ("It is half the gradient: a factor 2 is missing.",
        "正しい値の半分です (係数 2 が抜けています)。", FACTOR),
    "times-n": ("It is {n} times the gradient, {n} being {what}: a sum for a mean?",
        "正しい値の {n} 倍です ({n} は {what})。平均を和にしていませんか。", FACTOR),
    "over-n": ("It is the gradient divided by {n}, {n} being {what}: a mean for a sum?",
        "正しい値の 1/{n} です ({n} は {what})。和を平均にしていませんか。", FACTOR),
    "constant-ratio": ("It is the gradient times a constant ratio, {c:.6g}.",
        "正しい値の定数倍 ({c:.6g} 倍) です。", FACTOR),
    "transposed": ("It is transposed: entry (i, j) must be the derivative by entry (i, j) of {x}.",
        "転置されています。(i, j) 成分は {x} の (i, j) 成分による微分です。", LAYOUT_HINT),
    "layout": ("The Jacobian is transposed: the axes of f come first, then those of {x}.",
        "ヤコビ行列が転置されています。f の軸が先、{x} の軸が後です。", LAYOUT_HINT),
    "reshaped": ("The entries are in order, but the shape must be {expected}.",
        "成分の並びは合っていますが、形は {expected} にします。", LAYOUT_HINT),
    "vec": ("Matrices are stacked column by column (vec); the shape must be {expected}.",
        "行列が列ごとに積まれたベクトル (vec) になっています。形は {expected} にします。",
        LAYOUT_HINT),
    "diagonal-only": ("Everything off the diagonal is missing.",
        "対角成分以外が抜けています。", ENTRY_HINT),
    "diagonal-dropped": ("The diagonal is missing.",
        "対角成分が抜けています。", ENTRY_HINT),
    "diagonal-as-vector": ("Only the diagonal is here; each entry of f depends on all of {x}.",
        "ヤコビ行列の対角成分だけです。f の各成分は {x} のすべての成分に依存します。", ENTRY_HINT),
    "summed": ("The Jacobian is summed over the entries of f.",
        "ヤコビ行列が f の成分について足されています。", LAYOUT_HINT),
    "dropped": ("{axis} {k} is zero, where it should not be.",
        "{axis} {k} が 0 になっています。", ENTRY_HINT),
    "swapped": ("This is the gradient with respect to {argument}.",
        "これは {argument} による勾配です。", ORDER_HINT),
    "symmetric-structure": ("This is G + Gᵀ − diag(G), by the free entries of a symmetric {x}; "
        "wanted is the gradient G, by all entries as if independent.",
        "G + Gᵀ − diag(G)、つまり対称な {x} の独立な成分による微分です。求めるのは、"
        "全成分を独立とみなした G です。", ENTRY_HINT),
    "one-of-two-terms": ("The product rule gives two terms here: "
        "one is there, its transposed partner is missing.",
        "積の微分で 2 つの項が出ますが、1 つだけで、転置した形のもう 1 つが抜けています。",
        ENTRY_HINT),
}  # fmt: skip
L11 = ("transposed", "symmetric-structure")


def argument_step(stage: str) -> str:
    """The step of an argument, which may be called what Quantities has as an attribute."""
    return f"d{stage}"


def gradient_quantities(gradients: Mapping) -> Quantities:
    """A program of one step an argument, which gives its gradient."""
    steps = {argument_step(n): lambda q, n=n: getattr(q, f"true {n}") for n in gradients}
    known = {f"true {n}": g for n, g in gradients.items()}
    return Quantities(DerivationProgram(steps, {}, tuple(known)), known)


def diagnosis(
    subject: Subject, truth: GradientTruth, claim: np.ndarray, stage: str, structured: bool
) -> tuple[Note, ...]:
    """The mistakes that reproduce the claim exactly, at every point; of a ratio last."""
    if not np.isfinite(claim).all():
        return ()  # NaN is reproduced by whatever makes it NaN
    right = gradient_quantities(truth.gradients)
    catalogue = [*_catalogue(truth, claim, stage, structured)]
    alternatives = (
        explanations(right, {argument_step(stage): claim}, catalogue)
        or _with_ratio(right, claim, stage, catalogue)
        or _one_of_two(subject, truth, claim, stage)
    )
    return tuple(
        Note(m.id, m.text, KNOWN_MISTAKES[m.id][2], m.equation, number)
        for number, made in enumerate(alternatives)
        for m in made
    )


def _mistake(stage: str, id: str, formula: Callable, **parts: object) -> Mistake:
    """A known mistake with its words; parts of them may differ by language."""
    text = Words(*(
        said.format(x=stage, **{k: getattr(part, lang, part) for k, part in parts.items()})
        for lang, said in zip(Words._fields, KNOWN_MISTAKES[id][:2], strict=True)
    ))  # fmt: skip
    return Mistake(id, argument_step(stage), formula, text, "L11" if id in L11 else "", keeps=True)


def _catalogue(
    truth: GradientTruth, claim: np.ndarray, stage: str, structured: bool
) -> Iterator[Mistake]:
    """The known mistakes in the gradient by one argument."""
    if not claim.any():
        yield _mistake(stage, "zero", lambda q, v: 0 * v)
        return  # anything that drops entries would do as well
    true = truth.gradients[stage]
    x = truth.points[0][list(truth.gradients).index(stage)].shape
    f = true.shape[1 : true.ndim - len(x)]
    yield from _layouts(stage, f, x, true, claim)
    yield from _parts(stage, f, x, true, claim)
    if structured and not f:
        free = lambda q, v: v + v.mT - v * np.eye(len(v[0]))  # noqa: E731
        yield _mistake(stage, "symmetric-structure", free)
    for other in truth.gradients:
        if other != stage:
            swapped = lambda q, v, o=other: getattr(q, argument_step(o))  # noqa: E731
            yield _mistake(stage, "swapped", swapped, argument=other)
    yield _mistake(stage, "sign", lambda q, v: -v)
    yield _mistake(stage, "times-2", lambda q, v: 2 * v)
    yield _mistake(stage, "half", lambda q, v: v / 2)
    for n, meaning in _sizes(truth, f).items():
        yield _mistake(stage, "times-n", lambda q, v, n=n: n * v, n=n, what=meaning)
        yield _mistake(stage, "over-n", lambda q, v, n=n: v / n, n=n, what=meaning)


def _layouts(
    stage: str, f: tuple, x: tuple, true: np.ndarray, claim: np.ndarray
) -> Iterator[Mistake]:
    """The right entries in another order or shape."""
    of_f, of_x = [*range(1, len(f) + 1)], [*range(len(f) + 1, true.ndim)]
    if len(x) > 1:
        yield _mistake(stage, "transposed", lambda q, v: v.transpose(0, *of_f, *of_x[::-1]))
    if f:
        yield _mistake(stage, "layout", lambda q, v: v.transpose(0, *of_x, *of_f))
        yield _mistake(stage, "summed", lambda q, v: v.sum(axis=tuple(of_f)))
    if f and f == x:
        n = math.prod(x)
        alone = lambda q, v: v.reshape(-1, n, n)[:, range(n), range(n)].reshape(-1, *x)  # noqa: E731
        yield _mistake(stage, "diagonal-as-vector", alone)
    if claim.ndim != true.ndim and claim.size == true.size:
        flat = lambda q, v: v.reshape(-1, *claim.shape[1:])  # noqa: E731
        yield _mistake(stage, "reshaped", flat, expected=f + x)
        if any(sum(d > 1 for d in shape) > 1 for shape in (f, x)):
            vec = lambda q, v: flat(q, v.transpose(0, *of_f[::-1], *of_x[::-1]))  # noqa: E731
            yield _mistake(stage, "vec", vec, expected=f + x)


def _parts(
    stage: str, f: tuple, x: tuple, true: np.ndarray, claim: np.ndarray
) -> Iterator[Mistake]:
    """Some of the right entries, and 0 for the others."""
    if claim.shape != true.shape:
        return
    if (f and f == x) or (not f and len(x) == 2 and x[0] == x[1]):
        eye = np.eye(math.isqrt(math.prod(f + x))).reshape(f + x)
        yield _mistake(stage, "diagonal-only", lambda q, v: v * eye)
        yield _mistake(stage, "diagonal-dropped", lambda q, v: v * (1 - eye))
    for axis in range(1, true.ndim):
        others = tuple(a for a in range(true.ndim) if a != axis)
        gone = true.any(axis=others) & ~claim.any(axis=others)
        if gone.any():
            kept = np.expand_dims(~gone, [a - 1 for a in others if a])
            at = ", ".join(map(str, np.flatnonzero(gone)))
            yield _mistake(stage, "dropped", lambda q, v, k=kept: v * k, k=at,
                           axis=_axis(axis, true.ndim))  # fmt: skip


def _axis(axis: int, ndim: int) -> Words:
    if ndim == 2:
        return Words("Entry", "成分")
    if ndim == 3:
        return (Words("Row", "行"), Words("Column", "列"))[axis - 1]
    return Words(f"Axis {axis - 1}, index", f"軸 {axis - 1} の添字")


def _sizes(truth: GradientTruth, f: tuple) -> dict[int, Words]:
    """The numbers that a sum may have been divided by, and what they are."""
    sizes = {n: Words("a size of f's value", "f の値の大きさ") for n in f}
    for name, x in zip(truth.gradients, truth.points[0], strict=True):
        sizes |= {x.size: Words(f"the number of entries of {name}", f"{name} の成分の数")}
        if x.ndim == 2:
            sizes |= {x.shape[1]: Words(f"the number of columns of {name}", f"{name} の列の数")}
            sizes |= {x.shape[0]: Words(f"the number of rows of {name}", f"{name} の行の数")}
        elif x.ndim > 2:
            sizes |= {n: Words(f"a size of {name}", f"{name} の軸の長さ") for n in x.shape}
    return {n: words for n, words in sizes.items() if n > 2}


def _with_ratio(
    right: Quantities, claim: np.ndarray, stage: str, catalogue: list[Mistake]
) -> list[tuple[Mistake, ...]]:
    """A constant ratio to the right value, or to what one mistake gives."""
    for made in ((), *((m,) for m in catalogue)):
        try:
            v = getattr(right.having(*made), argument_step(stage))
        except (ValueError, IndexError):  # the mistake does not conform
            continue
        if v.shape == claim.shape and v.any():
            c = float((claim.astype(float) * v).sum() / (v * v).sum())
            if c and same(claim, c * v, tolerance(claim)):
                ratio = _mistake(stage, "constant-ratio", lambda q, v, c=c: c * v, c=c)
                return [(*made, ratio)]
    return []


def _one_of_two(
    subject: Subject, truth: GradientTruth, claim: np.ndarray, stage: str
) -> list[tuple[Mistake, ...]]:
    """Ax for (A + Aᵀ)x, in general: what is claimed is Mx, and what is missing is Mᵀx."""
    true, k = truth.gradients[stage], subject.parameters.index(stage)
    if claim.shape != true.shape or truth.points[0][k].shape != true.shape[1:]:
        return []
    try:
        partner = np.stack([_partner(subject, args, k) for args in truth.points])
    except Crashed:
        return []
    if not same(claim, true - partner, tolerance(claim)):
        return []
    return [(_mistake(stage, "one-of-two-terms", lambda q, v: v - partner),)]


def _partner(subject: Subject, args: tuple, k: int) -> np.ndarray:
    """Mᵀx, where the claim is Mx: differences are exact, at any step."""
    product = np.zeros_like(args[k])
    call: Callable = subject.call  # here of the arguments one by one
    for i in np.ndindex(product.shape):
        moved = [np.copy(args[k]) for _ in range(2)]
        moved[0][i] += 0.5
        moved[1][i] -= 0.5
        up, down = (
            by_argument(subject, call(*args[:k], x, *args[k + 1 :]))[subject.parameters[k]]
            for x in moved
        )
        product[i] = ((up - down) * args[k]).sum()
    return product


def by_argument(subject: Subject, result: Any) -> dict[str, np.ndarray]:
    """What was given back, by argument.

    Raises:
        ValueError: there are more or fewer gradients than arguments. Crashed, Unfinished.
    """
    names = subject.parameters
    if isinstance(result, Mapping):
        if not result or not result.keys() <= set(names):
            got = ", ".join(map(str, result)) or "none"
            raise ValueError(f"expected gradients by {', '.join(names)}, got {got}")
        return {n: array(result[n]) for n in names if n in result}
    if result is None:
        raise Unfinished
    several = isinstance(result, tuple) or (isinstance(result, list) and len(names) > 1)
    gradients = result if several else [result]
    if len(gradients) != len(names):
        raise ValueError(
            f"expected {len(names)} gradients, by {', '.join(names)}, got {len(gradients)}"
        )
    return dict(zip(names, map(array, gradients), strict=True))
