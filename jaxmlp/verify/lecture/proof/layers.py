"""What the chains have in common: the derivatives of u = Wx and of a = Vz."""

from functools import cached_property

import sympy as sp

from jaxmlp.verify.finding import Words
from jaxmlp.verify.lecture.proof.chain import Chain, Link, link, proved_rule
from jaxmlp.verify.lecture.proof.kernel import ProofRule
from jaxmlp.verify.lecture.proof.language import IndexedEntry, Partial, Range
from jaxmlp.verify.lecture.proof.matrices import ENTRY, Gradient, Minus, Times
from jaxmlp.verify.lecture.proof.network import (
    OUTPUT_RANGE,
    SAMPLE_RANGE,
    UNIT_RANGE,
    ProvedNetwork,
    df,
    eta,
    f,
    i,
    j,
    k,
    l,
    r,
    s,
)
from jaxmlp.verify.lecture.proof.rules import (
    CHAIN_RULE,
    COLLAPSE,
    CONSTANT,
    COORDINATES,
    SPLIT,
    SUM_RULE,
    definition,
)

DELTA = sp.KroneckerDelta
LINEAR = (CONSTANT, SUM_RULE, CONSTANT)


def over(letter: sp.Symbol, span: Range, inside: sp.Expr) -> sp.Expr:
    """Σ over the letter in the range."""
    return sp.Sum(inside, (letter, *span))


def over_outputs(letter: sp.Symbol, inside: sp.Expr) -> sp.Expr:
    """Σ from 1 to m."""
    return over(letter, OUTPUT_RANGE, inside)


def units(letter: sp.Symbol, inside: sp.Expr) -> sp.Expr:
    """Σ from 1 to q."""
    return over(letter, UNIT_RANGE, inside)


def lemma(chain: Chain, cite: str = "", upto: int | None = None) -> ProofRule:
    """A proved chain as a rule; `cite` is the lecture's number, where it has one."""
    words = Words(f"by {cite}", f"{cite} より") if cite else None
    return proved_rule(chain, upto=upto, words=words)


class Layers:
    """The chains for one network, each an attribute.

    Attributes:
        net: the network.
        outer, inner: the ranges of v_kj's indices, and of w_jr's.
    """

    def __init__(self, net: ProvedNetwork):
        self.net = net
        self.outer, self.inner = {k: OUTPUT_RANGE, j: net.hidden}, {j: UNIT_RANGE, r: net.inputs}

    def chain(
        self, title: tuple[str, str], ranges: dict[sp.Symbol, Range], start: sp.Expr, *links: Link
    ) -> Chain:
        """A chain about this network."""
        sample = {s: SAMPLE_RANGE} if self.net.front else {}
        return Chain(Words(*title), self.net.theory, ranges | sample, start, links)

    def step(self, symbol: str, gradient: sp.Basic, by: ProofRule) -> Chain:
        """An update rule, from what ∂E/∂V or ∂E/∂W is."""
        letter, ranges = {"V": ("v", self.outer), "W": ("w", self.inner)}[symbol]
        at, weights = tuple(ranges), self.net.matrix(symbol)
        slope = Gradient(self.net.loss, weights)
        weight = getattr(self.net, letter)(*at)
        return self.chain(
            (f"the step of {symbol}, entry {letter}_{_places(at)}", f"{symbol} の更新の成分"),
            ranges,
            IndexedEntry(Minus(weights, Times(eta, slope)), *at),
            link(weight - eta * IndexedEntry(slope, *at), ENTRY),
            link(weight - eta * IndexedEntry(gradient, *at), by),
            link(IndexedEntry(Minus(weights, Times(eta, gradient)), *at), ENTRY),
        )

    def definition(self, letter: str, source: str = "") -> ProofRule:
        """The definition of u, z, a, g or E, whatever it is called in this network."""
        called = "E" if letter == "E" else self.net.base(letter).label.name
        return definition(called, source)

    @cached_property
    def a_by_v(self) -> Chain:
        """∂a_i/∂v_kj = δ_ik z_j."""
        a, v, z, span = self.net.a, self.net.v, self.net.z, self.net.hidden
        return self.chain(
            ("derivative of a by V", "a の V による微分"),
            {i: OUTPUT_RANGE, **self.outer},
            Partial(a(i), v(k, j)),
            link(Partial(over(l, span, v(i, l) * z(l)), v(k, j)), self.definition("a", "L3")),
            link(over(l, span, z(l) * Partial(v(i, l), v(k, j))), *LINEAR),
            link(over(l, span, z(l) * DELTA(i, k) * DELTA(l, j)), COORDINATES),
            link(DELTA(i, k) * z(j), COLLAPSE),
        )

    @cached_property
    def u_by_w(self) -> Chain:
        """∂u_l/∂w_jr = δ_lj x_r."""
        u, w, x, span = self.net.u, self.net.w, self.net.x, self.net.inputs
        return self.chain(
            ("derivative of u by W", "u の W による微分"),
            {l: UNIT_RANGE, **self.inner},
            Partial(u(l), w(j, r)),
            link(Partial(over(i, span, w(l, i) * x(i)), w(j, r)), self.definition("u", "L3")),
            link(over(i, span, x(i) * Partial(w(l, i), w(j, r))), *LINEAR),
            link(over(i, span, x(i) * DELTA(l, j) * DELTA(i, r)), COORDINATES),
            link(DELTA(l, j) * x(r), COLLAPSE),
        )

    def _a_by(self, variable: sp.Expr) -> tuple[Link, ...]:
        """∂a_i/∂variable as far as the chain rule, for a variable that is not of V."""
        v, z, u, span = self.net.v, self.net.z, self.net.u, self.net.hidden
        rest = units(l, v(i, l) * f(u(l)))
        bias = self.net.first == 0
        apart = v(i, 0) * z(0) + units(l, v(i, l) * z(l)) if bias else None
        return (
            link(Partial(over(l, span, v(i, l) * z(l)), variable), self.definition("a", "L3")),
            *([link(Partial(apart, variable), SPLIT)] if bias else []),
            link(Partial(v(i, 0) + rest if bias else rest, variable), self.definition("z", "L27")),
            link(units(l, v(i, l) * Partial(f(u(l)), variable)), *LINEAR),
            link(units(l, v(i, l) * df(u(l)) * Partial(u(l), variable)), CHAIN_RULE),
        )

    @cached_property
    def a_by_u(self) -> Chain:
        """∂a_i/∂u_j = v_ij f'(u_j)."""
        a, v, u = self.net.a, self.net.v, self.net.u
        return self.chain(
            ("derivative of a by u", "a の u による微分"),
            {i: OUTPUT_RANGE, j: UNIT_RANGE},
            Partial(a(i), u(j)),
            *self._a_by(u(j)),
            link(units(l, v(i, l) * df(u(l)) * DELTA(l, j)), COORDINATES),
            link(v(i, j) * df(u(j)), COLLAPSE),
        )

    @cached_property
    def L18(self) -> Chain:
        """∂a_i/∂w_jr = v_ij f'(u_j) x_r."""
        a, v, u, w, x = self.net.a, self.net.v, self.net.u, self.net.w, self.net.x
        return self.chain(
            ("∂(v_i·z)/∂w_j, entry r", "∂(v_i·z)/∂w_j の第 r 成分"),
            {i: OUTPUT_RANGE, **self.inner},
            Partial(a(i), w(j, r)),
            *self._a_by(w(j, r)),
            link(units(l, v(i, l) * df(u(l)) * DELTA(l, j) * x(r)), lemma(self.u_by_w)),
            link(v(i, j) * df(u(j)) * x(r), COLLAPSE),
        )


def _places(at: tuple[sp.Symbol, ...]) -> str:
    """Indices side by side, as below a letter."""
    return "".join(letter.name for letter in at)
