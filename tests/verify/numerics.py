"""What an expression of the proofs is at numbers, by nothing that the proofs use.

Sums are loops, matrices are NumPy's, and a derivative is a complex step.
"""

import cmath
from itertools import count

import numpy as np
import sympy as sp

from jaxmlp.verify.lecture.proof import matrices
from jaxmlp.verify.lecture.proof.language import IndexedEntry, Partial, match_pattern, quantity_name
from jaxmlp.verify.lecture.proof.network import E, d, m, n, q

STEP = 1e-30


def sigma(t):
    return 1 / (1 + cmath.exp(-t))


FUNCTIONS = {
    "f": cmath.tanh,
    "f'": lambda t: 1 - cmath.tanh(t) ** 2,
    "g": cmath.sin,
    "g'": cmath.cos,
    "σ": sigma,
    "σ'": lambda t: sigma(t) * (1 - sigma(t)),
    "F": lambda t: t**3 + cmath.exp(t),
    "F'": lambda t: 3 * t**2 + cmath.exp(t),
}


class World:
    """Random sizes, and a random number for whatever is not defined.

    Args:
        moved: a quantity and the indices of its one entry that has an imaginary step on it.
    """

    def __init__(self, theory, rng, sizes=None, *, sums_to_1=True, parent=None, moved=None):
        self.theory, self.rng, self.parent, self.moved = theory, rng, parent, moved
        self.sizes = sizes or {size: int(rng.integers(1, 4)) for size in (d, q, m, n)}
        self.numbers = parent.numbers if parent else {}
        self.sums_to_1, self.known = sums_to_1, {}

    def index(self, span, at):
        low, high = (int(self.value(end, at).real) for end in span)
        return int(self.rng.integers(low, high + 1))

    def value(self, expr, at):
        """The number, for the indices at these values."""
        if isinstance(expr, sp.Sum):
            *inner, (letter, low, high) = expr.limits
            body = sp.Sum(expr.function, *inner) if inner else expr.function
            first, last = (int(self.value(end, at).real) for end in (low, high))
            return sum((self.value(body, at | {letter: k}) for k in range(first, last + 1)), 0j)
        if isinstance(expr, Partial):
            return self.derivative(expr, at)
        if isinstance(expr, IndexedEntry):
            return self.entry(expr, at)
        if isinstance(expr, sp.Indexed):
            return self.quantity(
                quantity_name(expr), tuple(self.place(i, at) for i in expr.indices)
            )
        if isinstance(expr, sp.Symbol):
            known = self.sizes | at
            return complex(known[expr]) if expr in known else self.quantity(expr.name, ())
        if isinstance(expr, sp.Number):
            return complex(expr)
        values = [self.value(part, at) for part in expr.args]
        return self.operation(expr, values)

    def place(self, index, at):
        return int(self.value(index, at).real)

    def operation(self, expr, values):
        if isinstance(expr, sp.Add):
            return sum(values)
        if isinstance(expr, sp.Mul):
            return np.prod(values)
        if isinstance(expr, sp.Pow):
            return values[0] ** values[1]
        if expr.func.__name__ == "KroneckerDelta":
            return complex(values[0] == values[1])
        known = FUNCTIONS | {"exp": cmath.exp, "log": cmath.log}
        return known[expr.func.__name__](*values)

    def quantity(self, called, places):
        if (called, places) not in self.known:
            self.known[called, places] = self.found(called, places)
        return self.known[called, places]

    def found(self, called, places):
        if self.moved and self.moved[0] == called:
            step = 1j * STEP if self.moved[1] == places else 0
            return self.parent.quantity(called, places) + step
        letter = sp.IndexedBase(called)[places] if places else sp.Symbol(called)
        for one in self.theory.definitions:
            at = match_pattern(one.left, letter, one.ranges)
            if at is not None and self.fits(at, one.ranges):
                return self.defined(one.right, {key: int(value) for key, value in at.items()})
        return self.drawn(called, places)

    def fits(self, at, ranges):
        ends = {key: [self.value(end, {}).real for end in span] for key, span in ranges.items()}
        return all(low <= at[key] <= high for key, (low, high) in ends.items())

    def defined(self, right, at):
        if isinstance(right, sp.Tuple):  # any error: this one
            letter = right[0].indices[0]
            values = (self.value(right[0], {**at, letter: k}) for k in range(1, self.sizes[m] + 1))
            return sum(cmath.sin((k + 2) * value) for k, value in enumerate(values))
        return self.value(right, at)

    def drawn(self, called, places):
        """x_0 and z_0 are 1 where they are drawn; Σ y is 1 if it is meant to be."""
        if called == "y" and places and self.sums_to_1:
            rest = sum((self.drawn_at("y", (*places[:-1], k)) for k in range(1, self.sizes[m])), 0j)
            return 1 - rest if places[-1] == self.sizes[m] else self.drawn_at("y", places)
        return self.drawn_at(called, places)

    def drawn_at(self, called, places):
        return self.numbers.setdefault((called, places), complex(self.rng.normal()))

    def derivative(self, expr, at):
        variable = expr.variable
        places = () if isinstance(variable, sp.Symbol) else tuple(
            self.place(i, at) for i in variable.indices
        )  # fmt: skip
        moved = World(self.theory, self.rng, self.sizes, sums_to_1=self.sums_to_1, parent=self,
                      moved=(quantity_name(variable), places))  # fmt: skip
        if places == ():
            at = {key: value for key, value in at.items() if key != variable}
        return complex(moved.value(expr.inside, at).imag / STEP)

    def entry(self, expr, at):
        lows = [self.place(span[0], at) for span in expr.whole.shape if span]
        places = [self.place(i, at) - low for i, low in zip(expr.indices, lows, strict=True)]
        return complex(self.array(expr.whole, at)[tuple(places)])

    def array(self, whole, at):
        args = whole.args
        if isinstance(whole, matrices.Transposed):
            return self.array(args[0], at).T
        if isinstance(whole, matrices.Product):
            return self.product(*args, at)
        if isinstance(whole, matrices.Minus):
            return self.array(args[0], at) - self.array(args[1], at)
        if isinstance(whole, matrices.Hadamard):
            return self.array(args[0], at) * self.array(args[1], at)
        if isinstance(whole, matrices.Times):
            return self.value(args[0], at) * self.array(args[1], at)
        if isinstance(whole, matrices.Of):
            return np.vectorize(FUNCTIONS[args[0].name])(self.array(args[1], at))
        if isinstance(whole, matrices.Gradient):
            return self.letter(args[1], at, lambda one: Partial(args[0], one))
        return self.letter(whole, at, lambda one: one)

    def product(self, left, right, at):
        one, other = self.array(left, at), self.array(right, at)
        return np.outer(one, other) if left.shape[1] is None else one @ other

    def letter(self, whole, at, of):
        _, base, _, _, front, behind = whole.args
        letters = [sp.Dummy(integer=True) for span in whole.shape if span]
        entry = of(base[*front, *letters, *behind])
        spans = [[self.place(end, at) for end in span] for span in whole.shape if span]
        found = np.empty([high - low + 1 for low, high in spans], complex)
        for places in np.ndindex(*found.shape):
            here = {le: p + low for le, p, (low, _) in zip(letters, places, spans, strict=True)}
            found[places] = self.value(entry, at | here)
        return found


def draws(theory, ranges, times, seed=0, **options):
    """(world, values of the free indices), at random."""
    for number in count():
        if number == times:
            return
        world = World(theory, np.random.default_rng([seed, number]), **options)
        at = {key: world.index(span, {}) for key, span in ranges.items() if span is not None}
        yield world, at


def apart(one, other):
    return abs(one - other) / max(1, abs(one), abs(other))


__all__ = ["E", "World", "apart", "draws"]
