"""L10 and L11; a batch, by mean and sum; and any depth, by induction over the layers."""

import sympy as sp

from jaxmlp.verify.finding import Words
from jaxmlp.verify.lecture.proof.chain import Chain, link
from jaxmlp.verify.lecture.proof.language import Definition, Entry, Partial, Theory
from jaxmlp.verify.lecture.proof.layers import DELTA, LINEAR, Layers, lemma, outputs, over, units
from jaxmlp.verify.lecture.proof.matrices import (
    ENTRY,
    Gradient,
    Hadamard,
    Minus,
    Of,
    Product,
    Times,
    Transposed,
    letter,
)
from jaxmlp.verify.lecture.proof.network import (
    DEEP,
    FUNCTIONS,
    ONE,
    OUTPUTS,
    SAMPLES,
    UNITS,
    E,
    d,
    df,
    i,
    j,
    k,
    l,
    m,
    n,
    network,
    q,
    r,
    s,
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
    chain_rule_through,
    definition,
    extended_by,
)
from jaxmlp.verify.lecture.proof.softmax import Softmax

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
    wx, ratio, of_g = over(r, all_r, w[r] * x[r]), sp.exp(a[2] - a[1]), definition("g", "L6")
    shrink = extended_by(sp.exp(-a[1]))
    S = sp.exp(a[1]) + sp.exp(a[2])

    def chain(en, ja, start, *links):
        return Chain(Words(en, ja), theory, {}, start, links)

    argument = chain(
        "a_1 − a_2 = w·x", "a_1 − a_2 = w·x",
        a[1] - a[2],
        link(over(r, all_r, v[1, r] * x[r]) - over(r, all_r, v[2, r] * x[r]), definition("a", "L3")),
        link(over(r, all_r, (v[1, r] - v[2, r]) * x[r]), DISTRIBUTE, SUM_OF_A_SUM, COMMON_FACTOR),
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
    return Chain(
        Words("∂tr(WᵀW)/∂W, entry ij", "∂tr(WᵀW)/∂W の (i, j) 成分"),
        theory,
        {i: rows, j: columns},
        Entry(Gradient(tr, W), i, j),
        (
            link(Partial(tr, w[i, j]), ENTRY),
            link(Partial(over(l, columns, over(k, rows, w[k, l] ** 2)), w[i, j]), ENTRY),
            link(over(l, columns, over(k, rows, Partial(w[k, l] ** 2, w[i, j]))), *LINEAR),
            link(over(l, columns, over(k, rows, 2 * w[k, l] * Partial(w[k, l], w[i, j]))), CHAIN_RULE),
            link(over(l, columns, over(k, rows, 2 * w[k, l] * DELTA(k, i) * DELTA(l, j))), COORDINATES),
            link(2 * w[i, j], COLLAPSE),
            link(Entry(Times(sp.Integer(2), W), i, j), ENTRY),
        ),
    )  # fmt: skip


def batch(*, mean: bool, bias: bool = True) -> list[Chain]:
    """L15 and L20 for n samples, one a row of X, Y, U, Z and G."""
    layers = Layers(network(bias=bias, batch=True))
    one, net = Softmax(layers), layers.net
    weight = 1 / n if mean else ONE
    whole = Definition(E, weight * over(s, SAMPLES, net.loss), {})
    theory = net.theory._replace(definitions=(*net.theory.definitions, whole))
    about = ("mean over the samples", "サンプル平均") if mean else ("sum over the samples", "サンプルの和")

    def rows(symbol, of, span):
        return letter(symbol, net.base(of), SAMPLES, span)

    D2 = Minus(rows("G", "g", OUTPUTS), rows("Y", "y", OUTPUTS))
    D1 = Hadamard(Product(D2, net.matrix("Ṽ")), Of(sp.Symbol("f'"), rows("U", "u", UNITS)))
    into = {"V": (Transposed(D2), rows("Z", "z", net.hidden)),
            "W": (Transposed(D1), rows("X", "x", net.inputs))}  # fmt: skip

    def chain(symbol, variable, ranges, of_a_sample, cite):
        product = Product(*into[symbol])
        return Chain(
            Words(f"∂E/∂{symbol}, {about[0]}", f"∂E/∂{symbol} ({about[1]})"),
            theory,
            ranges,
            Entry(Gradient(E, net.matrix(symbol)), *ranges),
            (
                link(Partial(E, variable), ENTRY),
                link(Partial(weight * over(s, SAMPLES, net.loss), variable), definition("E")),
                link(weight * over(s, SAMPLES, Partial(net.loss, variable)), *LINEAR),
                link(weight * over(s, SAMPLES, of_a_sample.end), lemma(of_a_sample, cite)),
                link(Entry(Times(weight, product), *ranges), ENTRY, DISTRIBUTE, SUM_OF_A_SUM, COMMON_FACTOR),
            ),
        )

    dV, dW = (c._replace(start=c.links[0].right, links=c.links[1:2]) for c in (one.L15, one.L20))
    return [chain("V", net.v(k, j), layers.outer, dV, "L15"),
            chain("W", net.w(j, r), layers.inner, dW, "L20")]  # fmt: skip


def depth(*, bias: bool = True) -> list[Chain]:
    """The step of the induction: δ of a layer from that of the next, and ∂E/∂W of the layer.

    The layers are ℓ − 1, ℓ and ℓ + 1, with d, q and m units; E is any function of u of the layer
    ℓ + 1. The induction begins at the last layer, with the δ2 of L22.
    """
    net = network("any", bias=bias, letters=DEEP)
    layers = Layers(net)
    u, after, weights = net.u, net.a, net.v
    next_u, this_u = (net.base(letter).label.name for letter in "au")
    now, then = (sp.IndexedBase(f"δ^{{({layer})}}") for layer in ("ℓ", "ℓ+1"))
    definitions = (
        Definition(then[i], Partial(E, after(i)), {i: OUTPUTS}),
        Definition(now[j], Partial(E, u(j)), {j: UNITS}),
    )
    theory = net.theory._replace(definitions=(*net.theory.definitions, *definitions))
    back = Product(
        Transposed(letter("W̃^{(ℓ+1)}", net.base("v"), OUTPUTS, UNITS)),
        letter("δ^{(ℓ+1)}", then, OUTPUTS),
    )
    delta = Hadamard(back, Of(sp.Symbol("f'"), letter("u^{(ℓ)}", net.base("u"), UNITS)))
    slope, w_jr = Partial(after(i), u(j)), net.w(j, r)
    before = letter("z^{(ℓ−1)}", net.base("x"), net.inputs)
    W = letter("W^{(ℓ)}", net.base("w"), UNITS, net.inputs)
    of_then, of_now = (definition(base.label.name) for base in (then, now))
    step = Chain(
        Words("δ of layer ℓ from that of layer ℓ + 1", "第 ℓ+1 層の δ から第 ℓ 層の δ"),
        theory, {j: UNITS}, now[j],
        (
            link(Partial(E, u(j)), of_now),
            link(outputs(i, Partial(E, after(i)) * slope), chain_rule_through(next_u)),
            link(outputs(i, then[i] * slope), of_then),
            link(outputs(i, then[i] * weights(i, j) * df(u(j))), lemma(layers.a_by_u)),
            link(outputs(i, weights(i, j) * then[i]) * df(u(j)), COMMON_FACTOR),
            link(Entry(delta, j), ENTRY),
        ),
    )  # fmt: skip
    gradient = Chain(
        Words("∂E/∂W of layer ℓ", "第 ℓ 層の ∂E/∂W"),
        theory, layers.inner, Entry(Gradient(E, W), j, r),
        (
            link(Partial(E, w_jr), ENTRY),
            link(units(l, Partial(E, u(l)) * Partial(u(l), w_jr)), chain_rule_through(this_u)),
            link(units(l, now[l] * Partial(u(l), w_jr)), of_now),
            link(units(l, now[l] * DELTA(l, j) * net.x(r)), lemma(layers.u_by_w)),
            link(now[j] * net.x(r), COLLAPSE),
            link(Entry(Product(letter("δ^{(ℓ)}", now, UNITS), Transposed(before)), j, r), ENTRY),
        ),
    )  # fmt: skip
    return [step, gradient]
