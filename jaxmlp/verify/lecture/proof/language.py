"""The expressions that the proofs are about: SymPy's, with sums over symbolic bounds.

Only what SymPy does when it builds an expression happens by itself (a + b = b + a, a/a = 1).
Derivatives and entries of matrices stand as they are until a rule works them out.
"""

from collections.abc import Container
from typing import NamedTuple

import sympy as sp

Range = tuple[sp.Expr, sp.Expr]  # of an index: from, to, both included


class Partial(sp.Expr):
    """∂inside/∂variable, the variable an entry such as v_kj; nothing is differentiated."""

    is_commutative = True
    inside = property(lambda p: p.args[0])
    variable = property(lambda p: p.args[1])

    def __new__(cls, inside: sp.Expr, variable: sp.Expr) -> "Partial":
        return super().__new__(cls, sp.sympify(inside), variable)


class IndexedEntry(sp.Expr):
    """An entry of a vector or matrix; its indices are as many as its shape has."""

    is_commutative = True
    whole = property(lambda e: e.args[0])
    indices = property(lambda e: e.args[1:])

    def __new__(cls, whole: sp.Basic, *indices: sp.Expr | int) -> "IndexedEntry":
        return super().__new__(cls, whole, *map(sp.sympify, indices))


def index(names: str) -> tuple[sp.Symbol, ...]:
    """Indices, by their letters."""
    return sp.symbols(f"{names},", integer=True)


def quantity_name(expr: sp.Expr) -> str:
    """Of a quantity: that of an indexed one is its base's."""
    return (expr.base.label if isinstance(expr, sp.Indexed) else expr).name


def names(expr: sp.Basic) -> set[str]:
    """The quantities that are in it; an index, or a bound of a sum, is none."""
    if isinstance(expr, sp.Sum):
        return names(expr.function)
    if isinstance(expr, (sp.Indexed, sp.Symbol)):
        return {quantity_name(expr)}
    parts = expr.args[:1] if isinstance(expr, IndexedEntry) else expr.args
    none = isinstance(expr, (sp.KroneckerDelta, sp.Tuple))
    return set() if none else set().union(*map(names, parts))


def opened(sum_: sp.Expr) -> tuple[sp.Symbol, sp.Expr, Range]:
    """A sum's index, renamed so that it clashes with no other; what is summed; the index's range.

    Of several indices it is the outermost, and the rest remains a sum.
    """
    *inner, (old, low, high) = sum_.limits
    new = sp.Dummy(old.name, integer=True)
    body = sp.Sum(sum_.function, *inner) if inner else sum_.function
    return new, body.xreplace({old: new}), (low, high)


def fresh(expr: sp.Basic) -> sp.Basic:
    """The same with every index of a sum renamed, so that anything can be put into it."""
    if isinstance(expr, sp.Sum):
        bound, body, span = opened(expr)
        return sp.Sum(fresh(body), (bound, *span))
    if not expr.args or isinstance(expr, (sp.Indexed, IndexedEntry)):
        return expr
    return expr.func(*map(fresh, expr.args))


def normal(expr: sp.Basic, depth: int = 1) -> sp.Basic:
    """The same with the indices of its sums named by depth: equal up to letters is equal."""
    if isinstance(expr, sp.Sum):
        bound, body, span = opened(expr)
        letter = sp.Symbol(f"#{depth}", integer=True)
        # From the inside: a letter of this depth may still stand for another index in there.
        return sp.Sum(normal(body, depth + 1).xreplace({bound: letter}), (letter, *span))
    if not expr.args or isinstance(expr, (sp.Indexed, IndexedEntry)):
        return expr
    return expr.func(*(normal(part, depth) for part in expr.args))


def free_indices(expr: sp.Basic) -> set[sp.Symbol]:
    """The index letters that no sum binds; a size is none."""
    if isinstance(expr, sp.Symbol):
        return {expr} if expr.is_integer and not expr.is_positive else set()
    if isinstance(expr, sp.Sum):
        bound, body, span = opened(expr)
        return free_indices(body).union(*map(free_indices, span)) - {bound}
    if isinstance(expr, sp.Indexed | IndexedEntry | sp.KroneckerDelta):
        own = expr.args if isinstance(expr, sp.KroneckerDelta) else expr.indices
        inside = free_indices(expr.whole) if isinstance(expr, IndexedEntry) else set()
        return inside.union(*map(free_indices, own))
    return set().union(*map(free_indices, expr.args))


def prime(function: type) -> type:
    """f' for f."""
    return sp.Function(f"{function.__name__}'")


class Definition(NamedTuple):
    """What a quantity is, for every value of its indices in their ranges.

    Attributes:
        left: the quantity, a symbol or an indexed one.
        right: what it is.
        ranges: of the indices on the left.
        source: the lecture's equation.
    """

    left: sp.Expr
    right: sp.Expr
    ranges: dict[sp.Symbol, Range]
    source: str = ""


class Theory(NamedTuple):
    """A network in symbols: what is defined, in which order.

    Attributes:
        definitions: no quantity is defined by itself.
        spans: the ranges of each quantity's indices, the sample's left out.
        sample: the letter of the sample that quantities have as first index in a batch, or None.
        functions: what a function with a name (σ) is.
        sums_to_1: the y of which Σ y = 1 may be used, or None.
    """

    definitions: tuple[Definition, ...]
    spans: dict[str, tuple[Range, ...]]
    sample: sp.Symbol | None = None
    functions: dict[str, sp.Lambda] = {}  # noqa: RUF012
    sums_to_1: sp.IndexedBase | None = None

    def reaches(self, expr: sp.Basic, target: str, past: str | None = None) -> bool:
        """Whether it depends on the quantity, by any way that does not lead through `past`."""
        seen, todo = {past}, names(expr)
        while todo:
            quantity = todo.pop()
            if quantity == target:
                return True
            if quantity not in seen:
                seen.add(quantity)
                todo |= set().union(
                    *(names(d.right) for d in self.definitions if quantity_name(d.left) == quantity)
                )
        return False

    def of_a_sample(self, quantity: sp.Expr) -> bool:
        """Whether its first index is the sample's."""
        indexed = (d.left for d in self.definitions if isinstance(d.left, sp.Indexed))
        here = isinstance(quantity, sp.Indexed) and self.sample is not None
        return here and any(
            left.base == quantity.base and left.indices[0] == self.sample for left in indexed
        )


def within(subscript: sp.Expr, span: Range, ranges: dict[sp.Symbol, Range]) -> bool:
    """Whether the index, a letter or a number, lies in the range whatever the sizes are."""
    low, high = ranges.get(subscript, (subscript, subscript))
    return bool((low - span[0]).is_nonnegative and (span[1] - high).is_nonnegative)


def match_pattern(
    pattern: sp.Basic, expr: sp.Basic, letters: Container[sp.Symbol]
) -> dict[sp.Symbol, sp.Expr] | None:
    """The values of the letters for which the pattern is the expression, or None."""
    if pattern in letters:
        return {pattern: expr}
    if not pattern.args or pattern.func != expr.func or len(pattern.args) != len(expr.args):
        return {} if pattern == expr else None
    values: dict[sp.Symbol, sp.Expr] = {}
    for mine, theirs in zip(pattern.args, expr.args, strict=True):
        part = match_pattern(mine, theirs, letters)
        if part is None or any(values.get(key, value) != value for key, value in part.items()):
            return None
        values |= part
    return values
