"""L13 to L22 and L26, with softmax and cross-entropy: the lecture's chains, line by line."""

from functools import cached_property

import sympy as sp

from jaxmlp.verify.lecture.proof.chain import Chain, Link, link
from jaxmlp.verify.lecture.proof.derivatives import chain_rule_through
from jaxmlp.verify.lecture.proof.language import IndexedEntry, Partial
from jaxmlp.verify.lecture.proof.layers import DELTA, LINEAR, Layers, lemma, over_outputs
from jaxmlp.verify.lecture.proof.matrices import (
    ENTRY,
    Gradient,
    Hadamard,
    Minus,
    Of,
    Product,
    Transposed,
    letter,
)
from jaxmlp.verify.lecture.proof.network import OUTPUT_RANGE, UNIT_RANGE, df, i, j, k, l, r
from jaxmlp.verify.lecture.proof.rules import (
    CHAIN_RULE,
    COLLAPSE,
    COMMON_FACTOR,
    COORDINATES,
    DISTRIBUTE,
    EXCHANGE,
    QUOTIENT_RULE,
    SUM_OF_A_SUM,
    SUM_RULE,
    SUMS_TO_1,
)

GATHER = (DISTRIBUTE, SUM_OF_A_SUM, COLLAPSE, COMMON_FACTOR)


class Softmax:
    """The chains for one network, each an attribute.

    Attributes:
        layers: the network, and what does not depend on g and E.
        delta2: g(Vz) − y.
        delta1: Ṽᵀ(g(Vz) − y) ⊙ f'(Wx).
        dV, dW: what L15 and L20 say that the gradients are.
    """

    def __init__(self, layers: Layers):
        self.layers, self.net, self.E = layers, layers.net, layers.net.loss
        self.chain, self.outer, self.inner = layers.chain, layers.outer, layers.inner
        net = self.net
        self.delta2 = Minus(net.vector("g", "g(Vz)"), net.vector("y"))
        slope = Of(sp.Symbol("f'"), net.vector("u", "Wx"))
        self.delta1 = Hadamard(Product(Transposed(net.matrix("Ṽ")), self.delta2), slope)
        self.dV = Product(self.delta2, Transposed(net.vector("z")))
        self.dW = Product(self.delta1, Transposed(net.vector("x")))

    def _total(self) -> sp.Expr:
        """Σ_i y_i."""
        return over_outputs(i, self.net.y(i))

    @cached_property
    def softmax(self) -> Chain:
        """∂g_i/∂a_k = g_i (δ_ik − g_k)."""
        a, g = self.net.a, self.net.g
        top, S = sp.exp(a(i)), over_outputs(l, sp.exp(a(l)))
        slope = over_outputs(l, sp.exp(a(l)) * Partial(a(l), a(k)))
        return self.chain(
            ("derivative of softmax", "ソフトマックスの微分"),
            {i: OUTPUT_RANGE, k: OUTPUT_RANGE},
            Partial(g(i), a(k)),
            link(Partial(top / S, a(k)), self.layers.definition("g", "L6")),
            link((Partial(top, a(k)) * S - top * Partial(S, a(k))) / S**2, QUOTIENT_RULE),
            link((top * Partial(a(i), a(k)) * S - top * slope) / S**2, SUM_RULE, CHAIN_RULE),
            link(
                (top * DELTA(i, k) * S - top * over_outputs(l, sp.exp(a(l)) * DELTA(l, k))) / S**2,
                COORDINATES,
            ),
            link((top * DELTA(i, k) * S - top * sp.exp(a(k))) / S**2, COLLAPSE),
            link(g(i) * (DELTA(i, k) - g(k)), self.layers.definition("g", "L6"), DISTRIBUTE),
        )

    @cached_property
    def log_softmax(self) -> Chain:
        """∂log g_i/∂a_k = δ_ik − g_k."""
        a, g = self.net.a, self.net.g
        return self.chain(
            ("derivative of log softmax", "log ソフトマックスの微分"),
            {i: OUTPUT_RANGE, k: OUTPUT_RANGE},
            Partial(sp.log(g(i)), a(k)),
            link(Partial(g(i), a(k)) / g(i), CHAIN_RULE),
            link(DELTA(i, k) - g(k), lemma(self.softmax)),
        )

    def _by_log_g(self, variable: sp.Expr) -> tuple[Link, ...]:
        """The lecture's first lines, which hold for v_k, w_j and a_k alike."""
        y, log_g = self.net.y, sp.log(self.net.g(i))
        return (
            link(
                Partial(-over_outputs(i, y(i) * log_g), variable), self.layers.definition("E", "L9")
            ),
            link(-over_outputs(i, y(i) * Partial(log_g, variable)), *LINEAR),
        )

    def _by_a(self, variable: sp.Expr) -> tuple[Link, ...]:
        """The next ones, which are not as printed: every log g_i depends on every a_l = v_l·z."""
        y, g, a = self.net.y, self.net.g, self.net.a
        slope = Partial(a(l), variable)
        log_g = over_outputs(l, Partial(sp.log(g(i)), a(l)) * slope)
        return (
            *self._by_log_g(variable),
            link(-over_outputs(i, y(i) * log_g), chain_rule_through("a")),
            link(
                -over_outputs(i, y(i) * over_outputs(l, (DELTA(i, l) - g(l)) * slope)),
                lemma(self.log_softmax),
            ),
        )

    @cached_property
    def L13(self) -> Chain:
        """∂E/∂v_kj = −Σ_i y_i ∂log g_i/∂v_kj, as far as L13 holds."""
        dv = self.net.v(k, j)
        title = ("∂E/∂v_k, entry j, as far as it holds", "∂E/∂v_k の第 j 成分 (正しいところまで)")
        return self.chain(title, self.outer, Partial(self.E, dv), *self._by_log_g(dv))

    @cached_property
    def L14(self) -> Chain:
        """∂E/∂v_kj = (g_k − y_k) z_j."""
        y, g, z, v = self.net.y, self.net.g, self.net.z, self.net.v(k, j)
        slopes = over_outputs(l, (DELTA(i, l) - g(l)) * DELTA(l, k) * z(j))
        return self.chain(
            ("∂E/∂v_k, entry j", "∂E/∂v_k の第 j 成分"),
            self.outer,
            Partial(self.E, v),
            *self._by_a(v),
            link(-over_outputs(i, y(i) * slopes), lemma(self.layers.a_by_v)),
            link(-over_outputs(i, y(i) * (DELTA(i, k) - g(k)) * z(j)), COLLAPSE),
            link((g(k) * self._total() - y(k)) * z(j), *GATHER),
            link((g(k) - y(k)) * z(j), SUMS_TO_1),
        )

    @cached_property
    def L15(self) -> Chain:
        """∂E/∂V = (g(Vz) − y) zᵀ, entry by entry."""
        y, g, z, v = self.net.y, self.net.g, self.net.z, self.net.v(k, j)
        return self.chain(
            ("∂E/∂V, entry kj", "∂E/∂V の (k, j) 成分"),
            self.outer,
            IndexedEntry(Gradient(self.E, self.net.matrix("V")), k, j),
            link(Partial(self.E, v), ENTRY),
            link((g(k) - y(k)) * z(j), lemma(self.L14, "L14")),
            link(IndexedEntry(self.dV, k, j), ENTRY),
        )

    @cached_property
    def L16(self) -> Chain:
        """∂E/∂w_jr = −Σ_i y_i Σ_l ∂log g_i/∂a_l ∂a_l/∂w_jr: L16 as it has to be."""
        w = self.net.w(j, r)
        title = ("∂E/∂w_j, entry r, as it has to be", "∂E/∂w_j の第 r 成分 (訂正)")
        return self.chain(title, self.inner, Partial(self.E, w), *self._by_a(w)[:3])

    @cached_property
    def L17(self) -> Chain:
        """∂E/∂w_jr = Σ_i (g_i − y_i) ∂a_i/∂w_jr."""
        y, g, a, w = self.net.y, self.net.g, self.net.a, self.net.w(j, r)
        term = y(i) * (DELTA(i, l) - g(l)) * Partial(a(l), w)
        return self.chain(
            ("∂E/∂w_j, entry r", "∂E/∂w_j の第 r 成分"),
            self.inner,
            Partial(self.E, w),
            *self._by_a(w),
            link(-over_outputs(i, over_outputs(l, term)), COMMON_FACTOR),
            link(-over_outputs(l, over_outputs(i, term)), EXCHANGE),
            link(over_outputs(l, (g(l) * self._total() - y(l)) * Partial(a(l), w)), *GATHER),
            link(over_outputs(i, (g(i) - y(i)) * Partial(a(i), w)), SUMS_TO_1),
        )

    @cached_property
    def L19(self) -> Chain:
        """∂E/∂w_jr = ṽ_jᵀ(g(Vz) − y) f'(u_j) x_r."""
        y, g, u, x, a = self.net.y, self.net.g, self.net.u, self.net.x, self.net.a
        v, w, end = self.net.v, self.net.w(j, r), df(self.net.u(j)) * self.net.x(r)
        v_j = letter("ṽ_j", self.net.base("v"), OUTPUT_RANGE, behind=(j,))
        return self.chain(
            ("∂E/∂w_j, entry r", "∂E/∂w_j の第 r 成分"),
            self.inner,
            Partial(self.E, w),
            link(over_outputs(i, (g(i) - y(i)) * Partial(a(i), w)), lemma(self.L17, "L17")),
            link(
                over_outputs(i, (g(i) - y(i)) * v(i, j) * df(u(j)) * x(r)),
                lemma(self.layers.L18, "L18"),
            ),
            link(over_outputs(i, v(i, j) * (g(i) - y(i))) * end, COMMON_FACTOR),
            link(IndexedEntry(Product(Transposed(v_j), self.delta2)) * end, ENTRY),
        )

    @cached_property
    def L20(self) -> Chain:
        """∂E/∂W = (Ṽᵀ(g(Vz) − y) ⊙ f'(Wx)) xᵀ, entry by entry."""
        y, g, x, v = self.net.y, self.net.g, self.net.x, self.net.v
        scalar = over_outputs(i, v(i, j) * (g(i) - y(i))) * df(self.net.u(j))
        return self.chain(
            ("∂E/∂W, entry jr", "∂E/∂W の (j, r) 成分"),
            self.inner,
            IndexedEntry(Gradient(self.E, self.net.matrix("W")), j, r),
            link(Partial(self.E, self.net.w(j, r)), ENTRY),
            link(scalar * x(r), lemma(self.L19, "L19", 3)),
            link(IndexedEntry(self.delta1, j) * x(r), ENTRY),
            link(IndexedEntry(self.dW, j, r), ENTRY),
        )

    @cached_property
    def L21(self) -> Chain:
        """V − η ∂E/∂V with the gradient of L15."""
        return self.layers.step("V", self.dV, lemma(self.L15, "L15"))

    @cached_property
    def L22_delta2(self) -> Chain:
        """δ2: ∂E/∂a = g(Vz) − y, entry by entry."""
        y, g, a = self.net.y, self.net.g, self.net.a
        return self.chain(
            ("δ2 = ∂E/∂a, entry k", "δ2 = ∂E/∂a の第 k 成分"),
            {k: OUTPUT_RANGE},
            Partial(self.E, a(k)),
            *self._by_log_g(a(k)),
            link(-over_outputs(i, y(i) * (DELTA(i, k) - g(k))), lemma(self.log_softmax)),
            link(g(k) * self._total() - y(k), *GATHER),
            link(g(k) - y(k), SUMS_TO_1),
            link(IndexedEntry(self.delta2, k), ENTRY),
        )

    @cached_property
    def L22_delta1(self) -> Chain:
        """δ1: ∂E/∂u = Ṽᵀδ2 ⊙ f'(Wx), entry by entry."""
        y, g, u, a, v = self.net.y, self.net.g, self.net.u, self.net.a, self.net.v
        slope, by_delta2 = Partial(a(i), u(j)), lemma(self.L22_delta2, "δ2", 5)
        return self.chain(
            ("δ1 = ∂E/∂u, entry j", "δ1 = ∂E/∂u の第 j 成分"),
            {j: UNIT_RANGE},
            Partial(self.E, u(j)),
            link(over_outputs(i, Partial(self.E, a(i)) * slope), chain_rule_through("a")),
            link(over_outputs(i, (g(i) - y(i)) * slope), by_delta2),
            link(over_outputs(i, (g(i) - y(i)) * v(i, j) * df(u(j))), lemma(self.layers.a_by_u)),
            link(over_outputs(i, v(i, j) * (g(i) - y(i))) * df(u(j)), COMMON_FACTOR),
            link(IndexedEntry(self.delta1, j), ENTRY),
        )

    @cached_property
    def L26(self) -> Chain:
        """W − η ∂E/∂W with the gradient of L20."""
        return self.layers.step("W", self.dW, lemma(self.L20, "L20"))
