"""The exact value of an expression at small numbers, its derivatives by SymPy's own `diff`."""

from typing import NamedTuple

import sympy as sp
from sympy.core.function import AppliedUndef

from jaxmlp.verify.lecture.proof.language import Partial, Theory, match_pattern, quantity_name

Substitutions = dict[sp.Symbol, sp.Expr]  # the sizes and the free indices


class Example(NamedTuple):
    """Two sides that are said to be equal, at exact numbers.

    Attributes:
        left, right: what is right, and what is printed.
        at: the values of the free indices.
        sizes: d, q and m.
        numbers: the entries of x, w, y and v, those of the first index 1 first (x: of 0).
    """

    left: sp.Expr
    right: sp.Expr
    at: dict[sp.Symbol, int]
    sizes: dict[sp.Symbol, int]
    numbers: dict[str, tuple]


def identity(t: sp.Expr) -> sp.Expr:
    """The f, and g element by element, of every example: f(u) = u."""
    return t


def spelled(
    expr: sp.Basic, theory: Theory, at: Substitutions, held: frozenset[str] = frozenset()
) -> sp.Expr:
    """The same at sizes that are numbers: its sums written out, its derivatives by SymPy.

    Args:
        at: the sizes and the free indices.
        held: quantities to leave as they are, since they are differentiated by.
    """

    def inside(part: sp.Basic, held: frozenset[str] = held) -> sp.Expr:
        return spelled(part, theory, at, held)

    if isinstance(expr, sp.Sum):
        *inner, (letter, low, high) = expr.limits
        body = sp.Sum(expr.function, *inner) if inner else expr.function
        values = range(int(inside(low)), int(inside(high)) + 1)
        return sp.Add(*(spelled(body, theory, {**at, letter: sp.Integer(n)}, held) for n in values))
    if isinstance(expr, Partial):
        varied = held | {quantity_name(expr.variable)}
        derivative = sp.diff(inside(expr.inside, held=varied), inside(expr.variable, held=varied))
        return derivative.subs({one: inside(_read(one)) for one in derivative.free_symbols})
    if isinstance(expr, sp.Indexed):
        return _spelled_entry(expr.base[*map(inside, expr.indices)], theory, at, held)
    if isinstance(expr, sp.Symbol):
        defined = next((one.right for one in theory.definitions if one.left == expr), None)
        return at.get(expr, expr) if defined is None else inside(defined)
    if isinstance(expr, AppliedUndef):
        return _function(expr.func.__name__, inside(expr.args[0]))
    return expr.func(*map(inside, expr.args)) if expr.args else expr


def _spelled_entry(
    entry: sp.Indexed, theory: Theory, at: Substitutions, held: frozenset[str]
) -> sp.Expr:
    """An entry as it is defined, or as a symbol of its own where nothing defines it."""
    if quantity_name(entry) not in held:
        for definition in theory.definitions:
            values = match_pattern(definition.left, entry, definition.ranges)
            if values is not None:
                return spelled(definition.right.xreplace(values), theory, at, held)
    return sp.Symbol(f"{quantity_name(entry)}|{'|'.join(map(str, entry.indices))}")


def _read(symbol: sp.Symbol) -> sp.Expr:
    """The quantity that such a symbol stands for."""
    base, *places = symbol.name.split("|")
    return sp.IndexedBase(base)[*map(int, places)] if places else symbol


def _function(called: str, argument: sp.Expr) -> sp.Expr:
    """f or f' of every example at an argument."""
    return sp.Integer(1) if called.endswith("'") else identity(argument)


def value(expr: sp.Basic, theory: Theory, example: Example) -> sp.Expr:
    """What it is at the example, exactly."""
    expanded = spelled(expr, theory, example.sizes | example.at)
    numbers = {}
    for symbol in expanded.free_symbols:
        base, *places = symbol.name.split("|")
        entries = example.numbers.get(base)
        for axis, place in enumerate(map(int, places)):
            entries = entries[place if base == "x" or axis == 1 else place - 1]
        numbers[symbol] = sp.sympify(entries) if places else symbol
    return expanded.subs(numbers)
