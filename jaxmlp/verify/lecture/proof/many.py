"""L15 and L20 for a batch, by mean and sum; and any depth, by induction over the layers."""

import functools
from functools import cached_property

import sympy as sp

from jaxmlp.verify.finding import Words
from jaxmlp.verify.lecture.proof.chain import Chain, link
from jaxmlp.verify.lecture.proof.derivatives import chain_rule_through
from jaxmlp.verify.lecture.proof.kernel import ProofRule
from jaxmlp.verify.lecture.proof.language import Definition, IndexedEntry, Partial, Range
from jaxmlp.verify.lecture.proof.layers import (
    DELTA,
    LINEAR,
    Layers,
    lemma,
    over,
    over_outputs,
    units,
)
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
    DEEP_LETTERS,
    ONE,
    OUTPUT_RANGE,
    SAMPLE_RANGE,
    UNIT_RANGE,
    E,
    df,
    i,
    j,
    k,
    l,
    n,
    r,
    s,
    symbolic_network,
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
    return Softmax(Layers(symbolic_network(bias=bias, batch=True)))


class Batch:
    """L15 and L20 for n samples, one a row of X, Y, U, Z and G.

    Attributes:
        D2, D1: G − Y, and (G − Y)Ṽ ⊙ f'(U).
    """

    def __init__(self, *, mean: bool, bias: bool = True):
        self.one, self.weight = _of_a_sample(bias), 1 / n if mean else ONE
        self.about = ("mean over the samples", "サンプル平均")
        if not mean:
            self.about = ("sum over the samples", "サンプルの和")
        net = self.net = self.one.net
        self.D2 = Minus(self._rows("G", "g", OUTPUT_RANGE), self._rows("Y", "y", OUTPUT_RANGE))
        slope = Of(sp.Symbol("f'"), self._rows("U", "u", UNIT_RANGE))
        self.D1 = Hadamard(Product(self.D2, net.matrix("Ṽ")), slope)

    def _rows(self, symbol: str, of: str, span: Range) -> Letter:
        """The vectors of all samples."""
        return letter(symbol, self.net.base(of), SAMPLE_RANGE, span)

    @cached_property
    def dV(self) -> Chain:
        """∂E/∂V = (G − Y)ᵀZ, over n for the mean."""
        product = Product(Transposed(self.D2), self._rows("Z", "z", self.net.hidden))
        ranges = self.one.layers.outer
        return self._chain("V", self.net.v(k, j), ranges, (self.one.L15, "L15"), product)

    @cached_property
    def dW(self) -> Chain:
        """∂E/∂W = ((G − Y)Ṽ ⊙ f'(U))ᵀX, likewise."""
        product = Product(Transposed(self.D1), self._rows("X", "x", self.net.inputs))
        ranges = self.one.layers.inner
        return self._chain("W", self.net.w(j, r), ranges, (self.one.L20, "L20"), product)

    def _chain(
        self, symbol: str, by: sp.Expr, ranges: dict[sp.Symbol, Range],
        of_a_sample: tuple[Chain, str], product: Product,
    ) -> Chain:  # fmt: skip
        """The entries of a gradient, by those of one sample."""
        (chain, cite), loss = of_a_sample, self.net.loss
        chain = chain._replace(start=chain.links[0].right, links=chain.links[1:2])
        mean = lambda inside: self.weight * over(s, SAMPLE_RANGE, inside)  # noqa: E731
        definitions = (*self.net.theory.definitions, Definition(E, mean(loss), {}))
        gathered = (ENTRY, DISTRIBUTE, SUM_OF_A_SUM, COMMON_FACTOR)
        return Chain(
            Words(f"∂E/∂{symbol}, {self.about[0]}", f"∂E/∂{symbol} ({self.about[1]})"),
            self.net.theory._replace(definitions=definitions),
            ranges,
            IndexedEntry(Gradient(E, self.net.matrix(symbol)), *ranges),
            (
                link(Partial(E, by), ENTRY),
                link(Partial(mean(loss), by), definition("E")),
                link(mean(Partial(loss, by)), *LINEAR),
                link(mean(chain.end), lemma(chain, cite)),
                link(IndexedEntry(Times(self.weight, product), *ranges), *gathered),
            ),
        )


class Depth:
    """The step of the induction: δ of a layer from that of the next, and ∂E/∂W of the layer.

    The layers are ℓ − 1, ℓ and ℓ + 1, with d, q and m units; E is any function of u of the layer
    ℓ + 1. The induction begins at the last layer, with the δ2 of L22.

    Attributes:
        now, then: the δ of the layers ℓ and ℓ + 1.
    """

    def __init__(self, *, bias: bool = True):
        net = self.net = symbolic_network("any", bias=bias, letters=DEEP_LETTERS)
        self.layers = Layers(net)
        self.now, self.then = (sp.IndexedBase(f"δ^{{({layer})}}") for layer in ("ℓ", "ℓ+1"))
        self.of_now, self.of_then = (definition(b.label.name) for b in (self.now, self.then))
        definitions = (
            Definition(self.then[i], Partial(E, net.a(i)), {i: OUTPUT_RANGE}),
            Definition(self.now[j], Partial(E, net.u(j)), {j: UNIT_RANGE}),
        )
        self.theory = net.theory._replace(definitions=(*net.theory.definitions, *definitions))

    def _through(self, of: str) -> ProofRule:
        """The chain rule through u of a layer."""
        return chain_rule_through(self.net.base(of).label.name)

    @cached_property
    def delta(self) -> Chain:
        """δ of the layer ℓ = W̃ᵀδ ⊙ f'(u), with W and δ of the layer ℓ + 1."""
        u, after, weights, then = self.net.u, self.net.a, self.net.v, self.then
        W = letter("W̃^{(ℓ+1)}", self.net.base("v"), OUTPUT_RANGE, UNIT_RANGE)
        back = Product(Transposed(W), letter("δ^{(ℓ+1)}", then, OUTPUT_RANGE))
        slopes = Of(sp.Symbol("f'"), letter("u^{(ℓ)}", self.net.base("u"), UNIT_RANGE))
        slope = Partial(after(i), u(j))
        return Chain(
            Words("step of the induction: δ of layer ℓ from that of layer ℓ + 1",
                  "帰納法の一歩: 第 ℓ+1 層の δ から第 ℓ 層の δ"),
            self.theory, {j: UNIT_RANGE}, self.now[j],
            (
                link(Partial(E, u(j)), self.of_now),
                link(over_outputs(i, Partial(E, after(i)) * slope), self._through("a")),
                link(over_outputs(i, then[i] * slope), self.of_then),
                link(
                    over_outputs(i, then[i] * weights(i, j) * df(u(j))),
                    lemma(self.layers.a_by_u),
                ),
                link(over_outputs(i, weights(i, j) * then[i]) * df(u(j)), COMMON_FACTOR),
                link(IndexedEntry(Hadamard(back, slopes), j), ENTRY),
            ),
        )  # fmt: skip

    @cached_property
    def dW(self) -> Chain:
        """∂E/∂W of the layer ℓ = δzᵀ, z of the layer ℓ − 1."""
        u, x, now, net = self.net.u, self.net.x, self.now, self.net
        before = letter("z^{(ℓ−1)}", net.base("x"), net.inputs)
        W, w_jr = letter("W^{(ℓ)}", net.base("w"), UNIT_RANGE, net.inputs), net.w(j, r)
        product = Product(letter("δ^{(ℓ)}", now, UNIT_RANGE), Transposed(before))
        return Chain(
            Words("∂E/∂W of layer ℓ", "第 ℓ 層の ∂E/∂W"),
            self.theory, self.layers.inner, IndexedEntry(Gradient(E, W), j, r),
            (
                link(Partial(E, w_jr), ENTRY),
                link(units(l, Partial(E, u(l)) * Partial(u(l), w_jr)), self._through("u")),
                link(units(l, now[l] * Partial(u(l), w_jr)), self.of_now),
                link(units(l, now[l] * DELTA(l, j) * x(r)), lemma(self.layers.u_by_w)),
                link(now[j] * x(r), COLLAPSE),
                link(IndexedEntry(product, j, r), ENTRY),
            ),
        )  # fmt: skip
