"""Which mistakes reproduce what was claimed, and which entries are wrong."""

from collections.abc import Iterator, Mapping, Sequence
from typing import no_type_check

import numpy as np

from jaxmlp.verify.finding import Note, Words, Worst
from jaxmlp.verify.mistakes import LOOK
from jaxmlp.verify.program import Mistake, Quantities

# How far apart two numbers of a dtype, by its size in bytes, may be, relative to the largest.
TOLERANCE = {2: 3e-2, 4: 1e-4, 8: 1e-11, 16: 1e-11}
FLOOR = 1e-3  # of the largest entry over all points: at a point where all is small
NEXT_TO_1 = 1e-4  # what cancels to zero comes out as rounding of what it was made from
ALTERNATIVES = 3  # explanations that are named at most

Explanation = tuple[Mistake, ...]


def tolerance(*arrays: np.ndarray) -> float:
    """That of the least precise."""
    return max(TOLERANCE.get(a.dtype.itemsize if a.dtype.kind == "f" else 8, 1e-11) for a in arrays)


@no_type_check  # run by the million, as some others here
def scales(true: np.ndarray) -> np.ndarray:
    """For each point, what a difference is relative to: its largest entry."""
    largest = np.abs(true).max(axis=tuple(range(1, true.ndim)), keepdims=True, initial=0)
    return np.maximum(largest, FLOOR * largest.max(initial=0))


@no_type_check
def differs(claimed: np.ndarray, true: np.ndarray, within: float, least: float = 0) -> np.ndarray:
    """Per entry, whether it is off; NaN and infinity are, unless the truth is the same.

    Args:
        within: how far off it may be, relative to the largest entry at its point.
        least: what it is relative to where all entries are smaller than that.
    """
    with np.errstate(invalid="ignore", over="ignore"):
        apart = np.abs(claimed - true)
        if np.isfinite(apart).all():
            return apart > within * np.maximum(scales(true), least)
        finite = np.isfinite(claimed) & np.isfinite(true)
        off = apart > within * np.maximum(scales(np.where(finite, true, 0)), least)
    both_nan = np.isnan(claimed) & np.isnan(true)
    return np.where(finite, off, (claimed != true) & ~both_nan)


@no_type_check
def same(claimed: np.ndarray, true: object, within: float, least: float = 0) -> bool:
    """Whether two arrays agree in shape and, up to rounding, at every point."""
    if np.shape(true) != claimed.shape:
        return False
    return not differs(claimed, np.asarray(true), within, least).any()


def explanations(
    right: Quantities, claims: Mapping[str, np.ndarray], catalogue: Sequence[Mistake], *,
    most: int = 2,
) -> list[Explanation]:  # fmt: skip
    """The fewest mistakes that, made together, reproduce all claims at every point.

    Args:
        right: the quantities without a mistake, or with those already found.
        claims: by step, what was claimed.
        most: how many mistakes are tried together.

    Returns:
        Every such combination of the smallest size, none if there is none.
    """
    steps = set().union(*(right.program.before(step, right.fixed) for step in claims))
    usable = sorted((m for m in catalogue if m.step in steps), key=lambda mistake: mistake.keeps)
    point = right.at_first_point()
    first = {step: claim[:1] for step, claim in claims.items()}
    for size in range(1, most + 1):
        with np.errstate(all="ignore"):
            matches = [
                made
                for made, changed in _combinations(point, usable, size)
                if reproduces(changed, first) and reproduces(right.having(*made), claims)
            ]
        if matches:
            return _distinct(matches)
    return []


@no_type_check
def _combinations(
    q: Quantities, usable: Sequence[Mistake], size: int, made: Explanation = ()
) -> Iterator[tuple[Explanation, Quantities]]:
    """(so many mistakes, the quantities with them), none in the place of another on its step."""
    for number, mistake in enumerate(usable):
        if mistake.keeps or all(mistake.step != other.step for other in made):
            changed, together = q.having(mistake), (*made, mistake)
            if size == 1:
                yield together, changed
            else:
                yield from _combinations(changed, usable[number + 1 :], size - 1, together)


@no_type_check
def reproduces(changed: Quantities, claims: Mapping[str, np.ndarray]) -> bool:
    """Whether the quantities, mistakes made in them, are what was claimed."""
    try:
        return all(_reproduced(claim, getattr(changed, step)) for step, claim in claims.items())
    except (ValueError, IndexError):  # the mistake does not conform at these sizes
        return False


@no_type_check
def _reproduced(claim: np.ndarray, value: object) -> bool:
    """Two zeros are the same if both are exact or both are rounding."""
    least = NEXT_TO_1 if claim.any() and np.any(value) else 0
    return same(claim, value, tolerance(claim), least)


def _distinct(alternatives: list[Explanation]) -> list[Explanation]:
    """One explanation for each set of ids, the latest steps first: nearest to what was seen."""
    by_ids = {tuple(sorted(m.id for m in made)): made for made in alternatives}
    return list(by_ids.values())[-ALTERNATIVES:]


def notes(alternatives: Sequence[Explanation]) -> tuple[Note, ...]:
    """The diagnosis in words."""
    return tuple(
        Note(m.id, m.text, LOOK[m.step], m.equation, number)
        for number, made in enumerate(alternatives)
        for m in made
    )


def worst_entry(claimed: np.ndarray, true: np.ndarray) -> tuple[float, Worst]:
    """(largest difference relative to the point's largest entry, that entry at its point)."""
    with np.errstate(all="ignore"):
        size = scales(true)
        apart = np.abs(claimed.astype(float) - true)
        relative = np.where(
            size > 0, apart / np.where(size > 0, size, 1), np.where(apart > 0, np.inf, 0)
        )
    relative = np.where(np.isnan(relative), np.inf, relative)
    at = np.unravel_index(np.argmax(relative), relative.shape)
    entry = Worst(tuple(int(i) for i in at[1:]), float(true[at]), float(claimed[at]))
    return float(relative[at]), entry


def mask(off: np.ndarray) -> tuple[tuple[bool, ...], ...]:
    """Which entries are wrong at some point, as rows; a batch of rows counts as one."""
    entries = off.any(axis=0)
    rows = np.atleast_2d(entries if entries.ndim < 2 else entries.reshape(-1, entries.shape[-1]))
    return tuple(tuple(bool(cell) for cell in row) for row in rows)


def where_wrong(off: np.ndarray, *, bias: bool) -> Words:
    """Which rows or columns of a matrix are wrong (points, rows, columns), in words.

    Args:
        bias: whether column 0 is the bias column.
    """
    entries = np.any(off, axis=0)
    wrong, (rows, columns) = int(entries.sum()), entries.shape
    by_row, by_column = entries.any(axis=1), entries.any(axis=0)
    if bias and list(np.flatnonzero(by_column)) == [0]:
        return Words("only the bias column (column 0) is wrong",
                     "バイアスの列 (第 0 列) だけが誤りです")  # fmt: skip
    if bias and wrong == rows * (columns - 1) and not by_column[0]:
        return Words("all is wrong but the bias column (column 0)",
                     "バイアスの列 (第 0 列) 以外がすべて誤りです")  # fmt: skip
    for by, en, ja in ((by_row, "row", "行"), (by_column, "column", "列")):
        if not by.all():
            which = ", ".join(map(str, np.flatnonzero(by)))
            s = "s" if by.sum() > 1 else ""
            return Words(f"wrong in {en}{s} {which} alone", f"第 {which} {ja}だけが誤りです")
    if wrong == entries.size:
        return Words("every entry is wrong", "すべての成分が誤りです")
    return Words(f"{wrong} of {entries.size} entries are wrong",
                 f"{entries.size} 個の成分のうち {wrong} 個が誤りです")  # fmt: skip


def unrecognised(claimed: np.ndarray, true: np.ndarray) -> Note:
    """What is known of an error that is in no catalogue: no guess."""
    extra = _known(claimed, true)
    return Note(
        "unrecognised",
        Words(
            "This is none of the known mistakes, nor two of them together." + extra.en,
            "既知の誤りのどれでもなく、その 2 つの組み合わせでもありません。" + extra.ja,
        ),
        Words("Derive it again, line by line.", "1 行ずつ導き直してみてください。"),
    )


def _known(claimed: np.ndarray, true: np.ndarray) -> Words:
    """What can be said of it without knowing the mistake; perhaps nothing."""
    if claimed.shape != true.shape:
        single = claimed.ndim == true.ndim == 3 and claimed.shape[1] == true.shape[1] == 1
        got, expected = (a.shape[1 + single :] for a in (claimed, true))  # one sample has no rows
        return Words(f" Its shape is {got}, where {expected} belongs.",
                     f" 形が {expected} でなく {got} です。")  # fmt: skip
    if not np.isfinite(claimed).all():
        return Words(" It is not finite.", " 有限の値ではありません。")
    within = tolerance(claimed) * 10
    ratio = _ratio(claimed, true, range(claimed.ndim))
    if ratio is not None and same(claimed, ratio * true, within):
        c = float(np.ravel(ratio)[0])
        if c == 0:
            return Words(" It is zero.", " 値が 0 です。")
        return Words(f" It is {c:.6g} times the true value.", f" 正しい値の {c:.6g} 倍です。")
    axes = ((1, "row", "行"), (claimed.ndim - 1, "column", "列")) if claimed.ndim > 2 else ()
    for axis, en, ja in axes:
        ratios = _ratio(claimed, true, [a for a in range(claimed.ndim) if a != axis])
        if ratios is not None and same(claimed, ratios * true, within):
            listed = ", ".join(f"{r:.4g}" for r in np.ravel(ratios))
            return Words(f" Each {en} is a multiple of the true one: {listed}.",
                         f" 各{ja}が正しい値の定数倍です: {listed}。")  # fmt: skip
    return Words("", "")


def _ratio(claimed: np.ndarray, true: np.ndarray, axes: Sequence[int]) -> np.ndarray | None:
    """The factor between them, one for all that the axes run over; None where it isn't one."""
    axes = tuple(axes)
    square = (true * true).sum(axis=axes, keepdims=True)
    if not (square > 0).all():
        return None
    return (claimed.astype(float) * true).sum(axis=axes, keepdims=True) / square
