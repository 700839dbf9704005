"""L8, L23 and L24, with g element by element: the squared error, and sigmoid with the E of L10."""

from functools import cached_property

import sympy as sp

from jaxmlp.verify.finding import Words
from jaxmlp.verify.lecture.proof.chain import Chain, Link, link
from jaxmlp.verify.lecture.proof.derivatives import chain_rule_through
from jaxmlp.verify.lecture.proof.language import Partial, Theory, prime
from jaxmlp.verify.lecture.proof.layers import DELTA, LINEAR, Layers, lemma, over_outputs
from jaxmlp.verify.lecture.proof.network import (
    FUNCTIONS,
    ONE,
    OUTPUT_RANGE,
    df,
    eta,
    g_of,
    i,
    j,
    k,
    r,
    sigma,
    t,
)
from jaxmlp.verify.lecture.proof.rules import (
    CHAIN_RULE,
    COLLAPSE,
    COMMON_DENOMINATOR,
    COMMON_FACTOR,
    CONSTANT,
    COORDINATES,
    DISTRIBUTE,
    QUOTIENT_RULE,
    SUM_OF_A_SUM,
    SUM_RULE,
    definition,
)

EXPAND = (DISTRIBUTE, SUM_OF_A_SUM, COMMON_FACTOR)
dg, dsigma = prime(g_of), prime(sigma)


def derivative_of_sigmoid() -> Chain:
    """σ'(t) = σ(t)(1 − σ(t)) (L7)."""
    below = 1 + sp.exp(-t)
    start, unfold = Partial(sigma(t), t), definition("σ", "L5")
    return Chain(
        Words("derivative of the sigmoid", "シグモイド関数の微分"),
        Theory((), {"t": ()}, functions=FUNCTIONS),
        {t: None},
        dsigma(t),
        (
            link(start, CHAIN_RULE, COORDINATES),
            link(Partial(1 / below, t), unfold),
            link(-Partial(below, t) / below**2, QUOTIENT_RULE, CONSTANT),
            link(sp.exp(-t) / below**2, SUM_RULE, CONSTANT, CHAIN_RULE, CONSTANT, COORDINATES),
            link(1 / below * (1 - 1 / below), COMMON_DENOMINATOR),
            link(sigma(t) * (1 - sigma(t)), unfold),
        ),
    )


def _by_a(layers: Layers, title: tuple[str, str], *links: Link) -> Chain:
    """∂g_i/∂a_k."""
    start = Partial(layers.net.g(i), layers.net.a(k))
    return layers.chain(title, {i: OUTPUT_RANGE, k: OUTPUT_RANGE}, start, *links)


def g_by_a(layers: Layers) -> Chain:
    """∂g_i/∂a_k, for any g."""
    a = layers.net.a
    return _by_a(
        layers,
        ("derivative of g", "g の微分"),
        link(Partial(g_of(a(i)), a(k)), layers.definition("g", "L3")),
        link(dg(a(i)) * Partial(a(i), a(k)), CHAIN_RULE),
        link(dg(a(i)) * DELTA(i, k), COORDINATES),
    )


def identity_by_a(layers: Layers) -> Chain:
    """∂g_i/∂a_k, for g the identity."""
    return _by_a(
        layers,
        ("derivative of g(a) = a", "g(a) = a の微分"),
        link(Partial(layers.net.a(i), layers.net.a(k)), layers.definition("g", "L6")),
        link(DELTA(i, k), COORDINATES),
    )


def sigmoid_by_a(layers: Layers) -> Chain:
    """∂g_i/∂a_k, for g = σ."""
    a, g, unfold = layers.net.a, layers.net.g, layers.definition("g", "L5")
    return _by_a(
        layers,
        ("derivative of g = σ", "g = σ の微分"),
        link(Partial(sigma(a(i)), a(k)), unfold),
        link(dsigma(a(i)) * DELTA(i, k), CHAIN_RULE, COORDINATES),
        link(sigma(a(i)) * (1 - sigma(a(i))) * DELTA(i, k), lemma(derivative_of_sigmoid(), "L7")),
        link(g(i) * (1 - g(i)) * DELTA(i, k), unfold),
    )


def squared_delta2(layers: Layers, slope: Chain, factor: sp.Expr = ONE) -> Chain:
    """δ2 for the squared error, or for that times a factor; `slope` is ∂g_i/∂a_k."""
    y, g, a = layers.net.y, layers.net.g, layers.net.a
    of, two = y(i) - g(i), 2 * factor
    at_k = (slope.end / DELTA(i, k)).xreplace({i: k})
    return layers.chain(
        ("δ2 = ∂E/∂a, entry k", "δ2 = ∂E/∂a の第 k 成分"),
        {k: OUTPUT_RANGE},
        Partial(layers.net.loss, a(k)),
        link(Partial(factor * over_outputs(i, of**2), a(k)), layers.definition("E", "L8")),
        link(factor * over_outputs(i, Partial(of**2, a(k))), *LINEAR),
        link(over_outputs(i, two * of * Partial(of, a(k))), CHAIN_RULE, *EXPAND),
        link(-over_outputs(i, two * of * Partial(g(i), a(k))), *LINEAR, *EXPAND),
        link(-over_outputs(i, two * of * slope.end), lemma(slope)),
        link(two * at_k * (g(k) - y(k)), COLLAPSE, DISTRIBUTE),
    )


def binary_delta2(layers: Layers) -> Chain:
    """δ2 for g = σ and the E of L10, summed over the outputs: g' cancels."""
    y, g, a, slope = layers.net.y, layers.net.g, layers.net.a, sigmoid_by_a(layers)
    first, second = y(i) * sp.log(g(i)), (1 - y(i)) * sp.log(1 - g(i))
    by_g = y(i) / g(i) - (1 - y(i)) / (1 - g(i))
    return layers.chain(
        ("δ2 = ∂E/∂a, entry k", "δ2 = ∂E/∂a の第 k 成分"),
        {k: OUTPUT_RANGE},
        Partial(layers.net.loss, a(k)),
        link(Partial(-over_outputs(i, first + second), a(k)), layers.definition("E", "L10")),
        link(
            -over_outputs(i, by_g * Partial(g(i), a(k))), *LINEAR, CHAIN_RULE, *LINEAR, DISTRIBUTE
        ),
        link(-over_outputs(i, by_g * g(i) * (1 - g(i)) * DELTA(i, k)), lemma(slope)),
        link(-over_outputs(i, (y(i) - g(i)) * DELTA(i, k)), COMMON_DENOMINATOR, DISTRIBUTE),
        link(g(k) - y(k), COLLAPSE, DISTRIBUTE),
    )


class Elementwise:
    """The chains that follow from a δ2, each an attribute.

    Attributes:
        layers: the network.
        delta2: the chain that ends with ∂E/∂a_k.
    """

    def __init__(self, layers: Layers, delta2: Chain):
        self.layers, self.net, self.E, self.delta2 = layers, layers.net, layers.net.loss, delta2

    def _delta(self, at: sp.Symbol) -> sp.Expr:
        """∂E/∂a at an index."""
        return self.delta2.end.xreplace({k: at})

    @cached_property
    def dV(self) -> Chain:
        """∂E/∂v_kj = δ2_k z_j."""
        a, z, v = self.net.a, self.net.z, self.net.v(k, j)
        return self.layers.chain(
            ("∂E/∂v_k, entry j", "∂E/∂v_k の第 j 成分"),
            self.layers.outer,
            Partial(self.E, v),
            link(
                over_outputs(i, Partial(self.E, a(i)) * Partial(a(i), v)), chain_rule_through("a")
            ),
            link(over_outputs(i, self._delta(i) * Partial(a(i), v)), lemma(self.delta2, "δ2")),
            link(over_outputs(i, self._delta(i) * DELTA(i, k) * z(j)), lemma(self.layers.a_by_v)),
            link(self._delta(k) * z(j), COLLAPSE),
        )

    @cached_property
    def dW(self) -> Chain:
        """∂E/∂w_jr = Σ_k δ2_k v_kj f'(u_j) x_r."""
        a, u, x, v = self.net.a, self.net.u, self.net.x, self.net.v
        w, delta = self.net.w(j, r), self._delta(k)
        by_L18 = lemma(self.layers.L18, "L18")
        return self.layers.chain(
            ("∂E/∂w_j, entry r", "∂E/∂w_j の第 r 成分"),
            self.layers.inner,
            Partial(self.E, w),
            link(
                over_outputs(k, Partial(self.E, a(k)) * Partial(a(k), w)), chain_rule_through("a")
            ),
            link(over_outputs(k, delta * Partial(a(k), w)), lemma(self.delta2, "δ2")),
            link(over_outputs(k, delta * v(k, j) * df(u(j)) * x(r)), by_L18),
        )

    @cached_property
    def v_step(self) -> Chain:
        """v_kj − η ∂E/∂v_kj with that gradient (L23)."""
        v, title = self.net.v(k, j), ("the step of v_k, entry j", "v_k の更新の第 j 成分")
        right = link(v - eta * self.dV.end, lemma(self.dV))
        return self.layers.chain(title, self.layers.outer, v - eta * Partial(self.E, v), right)

    @cached_property
    def w_step(self) -> Chain:
        """w_jr − η ∂E/∂w_jr with that gradient (L24)."""
        w, title = self.net.w(j, r), ("the step of w_j, entry r", "w_j の更新の第 r 成分")
        right = link(w - eta * self.dW.end, lemma(self.dW))
        return self.layers.chain(title, self.layers.inner, w - eta * Partial(self.E, w), right)
