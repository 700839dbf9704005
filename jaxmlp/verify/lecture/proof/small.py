"""L10, the two classes, and L11, the derivative of tr(WᵀW)."""

import functools
from collections.abc import Callable

import sympy as sp

from jaxmlp.verify.finding import Words
from jaxmlp.verify.lecture.proof.arithmetic import extended_by
from jaxmlp.verify.lecture.proof.chain import Chain, Link, link
from jaxmlp.verify.lecture.proof.language import Definition, IndexedEntry, Partial, Theory
from jaxmlp.verify.lecture.proof.layers import DELTA, LINEAR, lemma, over
from jaxmlp.verify.lecture.proof.matrices import ENTRY, Gradient, Product, Times, Transposed, letter
from jaxmlp.verify.lecture.proof.network import (
    FUNCTIONS,
    ONE,
    UNIT_RANGE,
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
y = sp.Symbol("y")
TWO, INPUTS = (ONE, sp.Integer(2)), (sp.Integer(0), d)
S, RATIO = sp.exp(a[1]) + sp.exp(a[2]), sp.exp(a[2] - a[1])
SHRINK = extended_by(sp.exp(-a[1]))


def _of_row(weight: sp.Expr) -> sp.Expr:
    """The product of a row with x."""
    return over(r, INPUTS, weight * x[r])


def _share(k: sp.Symbol | int) -> sp.Expr:
    """g_k."""
    return sp.exp(a[k]) / over(l, TWO, sp.exp(a[l]))


WX, LOG_LOSS = _of_row(w[r]), -over(i, TWO, ys[i] * sp.log(g[i]))
THEORY = Theory(
    (
        Definition(ys[1], y, {}),
        Definition(ys[2], 1 - y, {}),
        Definition(w[r], v[1, r] - v[2, r], {r: INPUTS}),
        Definition(a[i], _of_row(v[i, r]), {i: TWO}),
        Definition(g[i], _share(i), {i: TWO}),
        Definition(E, LOG_LOSS, {}),
    ),
    {},
    functions=FUNCTIONS,
)


def _chain(en: str, ja: str, start: sp.Expr, *links: Link) -> Chain:
    return Chain(Words(en, ja), THEORY, {}, start, links)


@functools.cache
def _argument() -> Chain:
    return _chain(
        "a_1 − a_2 = w·x", "a_1 − a_2 = w·x",
        a[1] - a[2],
        link(_of_row(v[1, r]) - _of_row(v[2, r]), definition("a", "L3")),
        link(_of_row(v[1, r] - v[2, r]), DISTRIBUTE, SUM_OF_A_SUM, COMMON_FACTOR),
        link(WX, definition("w")),
    )  # fmt: skip


def _output(k: int, said: str, of: Callable[[sp.Expr], sp.Expr], *shrunk: Link) -> Chain:
    """g_k as a function of a_1 − a_2, and so of w·x."""
    return _chain(
        f"g_{k} = {said}", f"g_{k} = {said}",
        g[k],
        link(_share(k), definition("g", "L6")),
        link(sp.exp(a[k]) / S, WRITTEN_OUT),
        *shrunk,
        link(of(sigma(a[1] - a[2])), definition("σ", "L5")),
        link(of(sigma(WX)), lemma(_argument())),
    )  # fmt: skip


def two_classes() -> list[Chain]:
    """L10: L9 for m = 2, with w = v_1 − v_2 and the target (y, 1 − y)."""
    first = _output(1, "σ(w·x)", lambda s: s, link(1 / (1 + RATIO), SHRINK, EXPONENTS))
    second = _output(
        2, "1 − σ(w·x)", lambda s: 1 - s,
        link(RATIO / (1 + RATIO), SHRINK, EXPONENTS),
        link(1 - 1 / (1 + RATIO), COMMON_DENOMINATOR),
    )  # fmt: skip
    whole = _chain(
        "E of L9 for m = 2", "m = 2 のときの L9 の E",
        E,
        link(LOG_LOSS, definition("E", "L9")),
        link(-ys[1] * sp.log(g[1]) - ys[2] * sp.log(g[2]), WRITTEN_OUT, DISTRIBUTE),
        link(-y * sp.log(g[1]) - (1 - y) * sp.log(g[2]), definition("y")),
        link(-y * sp.log(sigma(WX)) - (1 - y) * sp.log(1 - sigma(WX)), lemma(first), lemma(second)),
    )  # fmt: skip
    return [_argument(), first, second, whole]


def trace() -> Chain:
    """L11: ∂tr(WᵀW)/∂W = 2W, for W of any shape."""
    rows, columns = UNIT_RANGE, (ONE, d)
    W = letter("W", w, rows, columns)
    theory = Theory((), {"w": (rows, columns)})
    tr = over(l, columns, IndexedEntry(Product(Transposed(W), W), l, l))

    def both(inside: sp.Expr) -> sp.Expr:
        return over(l, columns, over(k, rows, inside))

    return Chain(
        Words("∂tr(WᵀW)/∂W, entry ij", "∂tr(WᵀW)/∂W の (i, j) 成分"),
        theory,
        {i: rows, j: columns},
        IndexedEntry(Gradient(tr, W), i, j),
        (
            link(Partial(tr, w[i, j]), ENTRY),
            link(Partial(both(w[k, l] ** 2), w[i, j]), ENTRY),
            link(both(Partial(w[k, l] ** 2, w[i, j])), *LINEAR),
            link(both(2 * w[k, l] * Partial(w[k, l], w[i, j])), CHAIN_RULE),
            link(both(2 * w[k, l] * DELTA(k, i) * DELTA(l, j)), COORDINATES),
            link(2 * w[i, j], COLLAPSE),
            link(IndexedEntry(Times(sp.Integer(2), W), i, j), ENTRY),
        ),
    )  # fmt: skip
