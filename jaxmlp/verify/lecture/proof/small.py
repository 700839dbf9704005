"""L10, the two classes, and L11, the derivative of tr(WᵀW)."""

import sympy as sp

from jaxmlp.verify.finding import Words
from jaxmlp.verify.lecture.proof.arithmetic import (
    extended_by,
)
from jaxmlp.verify.lecture.proof.chain import Chain, Link, link
from jaxmlp.verify.lecture.proof.language import Definition, Entry, Partial, Theory
from jaxmlp.verify.lecture.proof.layers import DELTA, LINEAR, lemma, over
from jaxmlp.verify.lecture.proof.matrices import (
    ENTRY,
    Gradient,
    Product,
    Times,
    Transposed,
    letter,
)
from jaxmlp.verify.lecture.proof.network import (
    FUNCTIONS,
    ONE,
    UNITS,
    E,
    d,
    i,
    j,
    k,
    l,
    r,
    sigma,
)
from jaxmlp.verify.lecture.proof.rules import (
    CHAIN_RULE,
    COLLAPSE,
    COMMON_DENOMINATOR,
    COMMON_FACTOR,
    COORDINATES,
    DISTRIBUTE,
    EXPONENTS,
    SUM_OF_A_SUM,
    WRITTEN_OUT,
    definition,
)

a, g, v, w, x, ys = (sp.IndexedBase(name) for name in "agvwxy")


def two_classes() -> list[Chain]:
    """L10: L9 for m = 2, with w = v_1 − v_2 and the target (y, 1 − y)."""
    y, two, all_r = sp.Symbol("y"), (ONE, sp.Integer(2)), (sp.Integer(0), d)
    softmax = sp.exp(a[i]) / over(l, two, sp.exp(a[l]))
    definitions = (
        Definition(ys[1], y, {}),
        Definition(ys[2], 1 - y, {}),
        Definition(w[r], v[1, r] - v[2, r], {r: all_r}),
        Definition(a[i], over(r, all_r, v[i, r] * x[r]), {i: two}),
        Definition(g[i], softmax, {i: two}),
        Definition(E, -over(i, two, ys[i] * sp.log(g[i])), {}),
    )
    theory = Theory(definitions, {}, functions=FUNCTIONS)

    def of_row(weight: sp.Expr) -> sp.Expr:
        return over(r, all_r, weight * x[r])

    wx, ratio, of_g = of_row(w[r]), sp.exp(a[2] - a[1]), definition("g", "L6")
    shrink = extended_by(sp.exp(-a[1]))
    S = sp.exp(a[1]) + sp.exp(a[2])

    def chain(en: str, ja: str, start: sp.Expr, *links: Link) -> Chain:
        return Chain(Words(en, ja), theory, {}, start, links)

    argument = chain(
        "a_1 − a_2 = w·x", "a_1 − a_2 = w·x",
        a[1] - a[2],
        link(of_row(v[1, r]) - of_row(v[2, r]), definition("a", "L3")),
        link(of_row(v[1, r] - v[2, r]), DISTRIBUTE, SUM_OF_A_SUM, COMMON_FACTOR),
        link(wx, definition("w")),
    )  # fmt: skip
    first = chain(
        "g_1 = σ(w·x)", "g_1 = σ(w·x)",
        g[1],
        link(sp.exp(a[1]) / over(l, two, sp.exp(a[l])), of_g),
        link(sp.exp(a[1]) / S, WRITTEN_OUT),
        link(1 / (1 + ratio), shrink, EXPONENTS),
        link(sigma(a[1] - a[2]), definition("σ", "L5")),
        link(sigma(wx), lemma(argument)),
    )  # fmt: skip
    second = chain(
        "g_2 = 1 − σ(w·x)", "g_2 = 1 − σ(w·x)",
        g[2],
        link(sp.exp(a[2]) / over(l, two, sp.exp(a[l])), of_g),
        link(sp.exp(a[2]) / S, WRITTEN_OUT),
        link(ratio / (1 + ratio), shrink, EXPONENTS),
        link(1 - 1 / (1 + ratio), COMMON_DENOMINATOR),
        link(1 - sigma(a[1] - a[2]), definition("σ", "L5")),
        link(1 - sigma(wx), lemma(argument)),
    )  # fmt: skip
    whole = chain(
        "E of L9 for m = 2", "m = 2 のときの L9 の E",
        E,
        link(-over(i, two, ys[i] * sp.log(g[i])), definition("E", "L9")),
        link(-ys[1] * sp.log(g[1]) - ys[2] * sp.log(g[2]), WRITTEN_OUT, DISTRIBUTE),
        link(-y * sp.log(g[1]) - (1 - y) * sp.log(g[2]), definition("y")),
        link(-y * sp.log(sigma(wx)) - (1 - y) * sp.log(1 - sigma(wx)), lemma(first), lemma(second)),
    )  # fmt: skip
    return [argument, first, second, whole]


def trace() -> Chain:
    """L11: ∂tr(WᵀW)/∂W = 2W, for W of any shape."""
    rows, columns = UNITS, (ONE, d)
    W = letter("W", w, rows, columns)
    theory = Theory((), {"w": (rows, columns)})
    tr = over(l, columns, Entry(Product(Transposed(W), W), l, l))

    def both(inside: sp.Expr) -> sp.Expr:
        return over(l, columns, over(k, rows, inside))

    return Chain(
        Words("∂tr(WᵀW)/∂W, entry ij", "∂tr(WᵀW)/∂W の (i, j) 成分"),
        theory,
        {i: rows, j: columns},
        Entry(Gradient(tr, W), i, j),
        (
            link(Partial(tr, w[i, j]), ENTRY),
            link(Partial(both(w[k, l] ** 2), w[i, j]), ENTRY),
            link(both(Partial(w[k, l] ** 2, w[i, j])), *LINEAR),
            link(both(2 * w[k, l] * Partial(w[k, l], w[i, j])), CHAIN_RULE),
            link(both(2 * w[k, l] * DELTA(k, i) * DELTA(l, j)), COORDINATES),
            link(2 * w[i, j], COLLAPSE),
            link(Entry(Times(sp.Integer(2), W), i, j), ENTRY),
        ),
    )  # fmt: skip
