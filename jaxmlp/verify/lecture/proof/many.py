"""L15 and L20 for a batch, by mean and sum; and any depth, by induction over the layers."""

import functools

import sympy as sp

from jaxmlp.verify.finding import Words
from jaxmlp.verify.lecture.proof.chain import Chain, link
from jaxmlp.verify.lecture.proof.derivatives import (
    chain_rule_through,
)
from jaxmlp.verify.lecture.proof.language import Definition, Entry, Partial, Range
from jaxmlp.verify.lecture.proof.layers import DELTA, LINEAR, Layers, lemma, outputs, over, units
from jaxmlp.verify.lecture.proof.matrices import (
    ENTRY,
    Gradient,
    Hadamard,
    Letter,
    Minus,
    Of,
    Product,
    Times,
    Transposed,
    letter,
)
from jaxmlp.verify.lecture.proof.network import (
    DEEP,
    ONE,
    OUTPUTS,
    SAMPLES,
    UNITS,
    E,
    df,
    i,
    j,
    k,
    l,
    n,
    network,
    r,
    s,
)
from jaxmlp.verify.lecture.proof.rules import (
    COLLAPSE,
    COMMON_FACTOR,
    DISTRIBUTE,
    SUM_OF_A_SUM,
    definition,
)
from jaxmlp.verify.lecture.proof.softmax import Softmax


@functools.cache
def _of_a_sample(bias: bool) -> Softmax:
    """The chains of one sample of a batch."""
    return Softmax(Layers(network(bias=bias, batch=True)))


def batch(*, mean: bool, bias: bool = True) -> list[Chain]:
    """L15 and L20 for n samples, one a row of X, Y, U, Z and G."""
    one = _of_a_sample(bias)
    layers, net = one.layers, one.net
    weight = 1 / n if mean else ONE
    whole = Definition(E, weight * over(s, SAMPLES, net.loss), {})
    theory = net.theory._replace(definitions=(*net.theory.definitions, whole))
    about = (
        ("mean over the samples", "サンプル平均")
        if mean
        else ("sum over the samples", "サンプルの和")
    )

    def rows(symbol: str, of: str, span: Range) -> Letter:
        return letter(symbol, net.base(of), SAMPLES, span)

    D2 = Minus(rows("G", "g", OUTPUTS), rows("Y", "y", OUTPUTS))
    D1 = Hadamard(Product(D2, net.matrix("Ṽ")), Of(sp.Symbol("f'"), rows("U", "u", UNITS)))
    into = {"V": (Transposed(D2), rows("Z", "z", net.hidden)),
            "W": (Transposed(D1), rows("X", "x", net.inputs))}  # fmt: skip

    def chain(
        symbol: str,
        variable: sp.Expr,
        ranges: dict[sp.Symbol, Range],
        of_a_sample: Chain,
        cite: str,
    ) -> Chain:
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
                link(
                    Entry(Times(weight, product), *ranges),
                    ENTRY,
                    DISTRIBUTE,
                    SUM_OF_A_SUM,
                    COMMON_FACTOR,
                ),
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
        Words(
            "step of the induction: δ of layer ℓ from that of layer ℓ + 1",
            "帰納法の一歩: 第 ℓ+1 層の δ から第 ℓ 層の δ",
        ),
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
