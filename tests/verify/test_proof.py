"""The proofs of L8 to L27: every link follows, its sides are equal in numbers, and no wrong one is
proved."""

import functools
import random
import types

import jax.numpy as jnp
import numpy as np
import pytest
import sympy as sp

from jaxmlp.gradients import backprop
from jaxmlp.network import Network, Params
from jaxmlp.verify.finding import Words
from jaxmlp.verify.lecture import proof as proving
from jaxmlp.verify.lecture.proof import CHAINS, _networks, printed, proof, proofs
from jaxmlp.verify.lecture.proof.chain import Link, failures, holds, link, proved_rule
from jaxmlp.verify.lecture.proof.kernel import (
    ProofPlace,
)
from jaxmlp.verify.lecture.proof.language import Partial
from jaxmlp.verify.lecture.proof.layers import (
    DELTA,
    LINEAR,
    Layers,
    lemma,
    over,
    over_outputs,
    units,
)
from jaxmlp.verify.lecture.proof.network import (
    OUTPUT_RANGE,
    UNIT_RANGE,
    E,
    d,
    df,
    eta,
    f,
    i,
    j,
    k,
    l,
    m,
    n,
    q,
    r,
    s,
    symbolic_network,
)
from jaxmlp.verify.lecture.proof.rules import CHAIN_RULE, COORDINATES
from tests.verify.numerics import World, apart, draws

pytestmark = pytest.mark.slow  # all of it takes minutes

PROVED = [f"L{n}" for n in (8, 10, 11, *range(13, 25), 26, 27)]
REFUTED = ["L13", "L16", "L21", "L22", "L23", "L24", "L27"]
WITH_SUM = ["L14", "L15", "L17", "L19", "L20", "L21", "L22", "L26"]
CLAIMS = [(bias, claim) for bias in (True, False) for claim in CHAINS]
NAMES = [f"{claim}{'' if bias else ' without bias'}" for bias, claim in CLAIMS]


@functools.cache
def chains(bias, claim):
    return tuple(CHAINS[claim](_networks(bias)))


def of(claim, at, bias=True):
    return chains(bias, claim)[at]


def every_chain():
    return [chain for bias, claim in CLAIMS for chain in chains(bias, claim)]


@pytest.fixture(scope="module")
def found():
    return {one.claim: one for one in proofs()}


def place(chain):
    return ProofPlace(chain.theory, {key: span for key, span in chain.ranges.items() if span})


def test_every_claim_is_proved_or_refuted(found):
    assert list(found) == PROVED
    for one in found.values():
        assert one.done
        assert one.seconds > 0
        assert (one.refutation is not None) == (one.claim in REFUTED)
        assert one.statement.en.startswith("refuted" if one.claim in REFUTED else "proved for")
        assert ("where Σ y = 1" in one.statement.en) == (one.claim in WITH_SUM)
        assert ("Σ y = 1 のとき" in one.statement.ja) == (one.claim in WITH_SUM)


def test_what_is_refuted_is_what_the_numbers_say_does_not_hold():
    from jaxmlp.verify.lecture import claims

    assert [claim.id for claim in claims() if not claim.holds] == REFUTED == list(printed.EXAMPLES)


@pytest.mark.parametrize(("bias", "claim"), CLAIMS, ids=NAMES)
def test_every_link_follows_by_rules_that_it_names(bias, claim):
    for chain in chains(bias, claim):
        assert failures(chain) == []
        assert all(one.rules for one in chain.links)


@pytest.mark.parametrize(("bias", "claim"), CLAIMS, ids=NAMES)
def test_the_sides_of_every_link_are_equal_in_numbers(bias, claim):
    for chain in chains(bias, claim):
        for world, at in draws(chain.theory, chain.ranges, 2):
            values = [world.value(chain.start, at)]
            values += [world.value(one.right, at) for one in chain.links]
            assert max(apart(value, values[0]) for value in values) < 1e-9


def test_only_the_last_links_need_the_sum_of_y():
    """Without Σ y = 1 all links but those that say so, or use what says so, hold in numbers."""
    for chain in every_chain():
        if not chain.assumes:
            continue
        for world, at in draws(chain.theory, chain.ranges, 1, sums_to_1=False):
            for left, one in chain.pairs():
                needs = any(rule.assumes for rule in one.rules)
                gap = apart(world.value(left, at), world.value(one.right, at))
                assert gap < 1e-9 or needs


def test_the_chains_prove_the_lecture_s_formulas():
    """The two ends of each main chain, written down again by hand."""
    net = symbolic_network()
    v, g, y, z, x, u, a, w = net.v, net.g, net.y, net.z, net.x, net.u, net.a, net.w
    scalar = over_outputs(i, v(i, j) * (g(i) - y(i))) * df(u(j))
    ends = {
        ("L14", 3): (Partial(E, v(k, j)), (g(k) - y(k)) * z(j)),
        ("L17", 1): (Partial(E, w(j, r)), over_outputs(i, (g(i) - y(i)) * Partial(a(i), w(j, r)))),
        ("L18", 1): (Partial(a(i), w(j, r)), v(i, j) * df(u(j)) * x(r)),
        ("L22", 0): (Partial(E, a(k)), g(k) - y(k)),
        ("L22", 2): (Partial(E, u(j)), scalar),
        ("L8", 3): (Partial(E, v(k, j)), 2 * (g(k) - y(k)) * z(j)),
    }
    for (claim, at), (start, end) in ends.items():
        chain = of(claim, at)
        assert chain.start == start
        assert end in [one.right for one in chain.links[-2:]]
        assert chain.ranges.keys() >= start.free_symbols & {i, j, k, r}
    assert of("L14", 3).ranges == {k: OUTPUT_RANGE, j: (0, q)}
    assert of("L14", 3, False).ranges == {k: OUTPUT_RANGE, j: (1, q)}
    assert of("L20", 0).ranges == {j: UNIT_RANGE, r: (0, d)}
    assert of("L20", 0, False).ranges == {j: UNIT_RANGE, r: (1, d)}


@pytest.mark.parametrize("bias", [True, False])
def test_the_proved_gradients_are_the_package_s(rng, bias):
    """The right sides of L15 and L20, at d = 5, q = 3, m = 4 and f = tanh: `backprop`."""
    sizes = {d: 5, q: 3, m: 4, n: 1}
    for claim, which in (("L15", "dV"), ("L20", "dW")):
        chain = of(claim, 0, bias)
        world = World(chain.theory, rng, sizes)
        entry = chain.end
        mine = world.array(entry.whole, {}).real
        first = 0 if bias else 1
        W, V, X, Y = (
            np.array([[world.quantity(of, (row, c)).real for c in columns] for row in rows])
            if columns
            else np.array([world.quantity(of, (row,)).real for row in rows])
            for of, rows, columns in (
                ("w", range(1, 4), range(first, 6)),
                ("v", range(1, 5), range(first, 4)),
                ("x", range(1, 6), None),
                ("y", range(1, 5), None),
            )
        )
        if bias:  # the package's x_0 is 1, the proof's is any number
            W[:, 0] *= world.quantity("x", (0,)).real
        params = Params(jnp.array(W), jnp.array(V))
        theirs = np.array(
            getattr(backprop(Network("tanh", bias=bias), params, jnp.array(X), jnp.array(Y)), which)
        )
        if bias and which == "dW":
            theirs[:, 0] *= world.quantity("x", (0,)).real
        np.testing.assert_allclose(mine, theirs, atol=1e-13)


# What is wrong is not proved.

net, square = symbolic_network(), symbolic_network("square")
v, g, y, z, x, u, a, w = net.v, net.g, net.y, net.z, net.x, net.u, net.a, net.w
S = over_outputs(l, sp.exp(a(l)))
sum_y, dv, dw = over_outputs(i, y(i)), v(k, j), w(j, r)
log_g = sp.log(g(i))
one_j = over(l, (sp.Integer(0), q), v(i, l) * z(l))


def softmaxes(inside):
    return -over_outputs(i, y(i) * over_outputs(l, inside))


# (claim, chain, number of the link): what is written on its right side instead.
WRONG = {
    "sign of E": ("L14", 3, 1, Partial(over_outputs(i, y(i) * log_g), dv)),
    "E over the units": ("L14", 3, 1, Partial(-units(i, y(i) * log_g), dv)),
    "E from the second output": ("L14", 3, 1, Partial(-over(i, (sp.Integer(2), m), y(i) * log_g), dv)),
    "y outside its sum": ("L14", 3, 2, -y(k) * over_outputs(i, Partial(log_g, dv))),
    "the term of k alone (L13 as printed)": ("L14", 3, 2, -y(k) * Partial(sp.log(g(k)), dv)),
    "sign of the derivative of a sum": ("L14", 3, 2, over_outputs(i, y(i) * Partial(log_g, dv))),
    "chain rule through a_i alone (L16 as printed)": ("L16", 0, 3, -over_outputs(i, y(i) * Partial(log_g, a(i)) * Partial(a(i), dw))),
    "chain rule with one index twice": ("L14", 3, 3, -over_outputs(i, y(i) * over_outputs(l, Partial(log_g, a(i)) * Partial(a(l), dv)))),
    "chain rule with the indices exchanged": ("L14", 3, 3, -over_outputs(i, y(i) * over_outputs(l, Partial(sp.log(g(l)), a(i)) * Partial(a(l), dv)))),
    "chain rule, one factor left out": ("L14", 3, 3, -over_outputs(i, y(i) * over_outputs(l, Partial(log_g, a(l))))),
    "no δ in the softmax": ("L14", 3, 4, softmaxes((1 - g(l)) * Partial(a(l), dv))),
    "δ of another index": ("L14", 3, 4, softmaxes((DELTA(k, l) - g(l)) * Partial(a(l), dv))),
    "g_i for g_l": ("L14", 3, 4, softmaxes((DELTA(i, l) - g(i)) * Partial(a(l), dv))),
    "sign of g": ("L14", 3, 4, softmaxes((DELTA(i, l) + g(l)) * Partial(a(l), dv))),
    "no δ from V": ("L14", 3, 5, softmaxes((DELTA(i, l) - g(l)) * z(j))),
    "z_l for z_j": ("L14", 3, 5, softmaxes((DELTA(i, l) - g(l)) * DELTA(l, k) * z(l))),
    "δ of i for δ of l": ("L14", 3, 5, softmaxes((DELTA(i, l) - g(l)) * DELTA(i, k) * z(j))),
    "collapsed to another index": ("L14", 3, 6, -over_outputs(i, y(i) * (DELTA(i, k) - g(i)) * z(j))),
    "collapsed, and the δ left": ("L14", 3, 6, -over_outputs(i, y(i) * (DELTA(i, k) - g(k)) * DELTA(i, k) * z(j))),
    "collapsed in one place of two": ("L14", 3, 6, -over_outputs(i, y(i) * (DELTA(i, k) - g(k)) * z(k))),
    "Σ y = 1 too early": ("L14", 3, 7, (g(k) - y(k)) * z(j)),
    "Σ y on y": ("L14", 3, 7, (g(k) - y(k) * sum_y) * z(j)),
    "Σ y² for Σ y": ("L14", 3, 7, (g(k) * over_outputs(i, y(i) ** 2) - y(k)) * z(j)),
    "Σ y over k": ("L14", 3, 7, (over_outputs(k, g(k) * y(k)) - y(k)) * z(j)),
    "sign of δ2": ("L14", 3, 8, (y(k) - g(k)) * z(j)),
    "a factor": ("L14", 3, 8, 2 * (g(k) - y(k)) * z(j)),
    "z_k for z_j": ("L14", 3, 8, (g(k) - y(k)) * z(k)),
    "z lost": ("L14", 3, 8, g(k) - y(k)),
    "Σ y = m": ("L14", 3, 8, (m * g(k) - y(k)) * z(j)),
    "softmax not divided": ("L14", 0, 1, Partial(sp.exp(a(i)), a(k))),
    "softmax divided by its own term": ("L14", 0, 1, Partial(sp.exp(a(i)) / sp.exp(a(k)), a(k))),
    "softmax over the units": ("L14", 0, 1, Partial(sp.exp(a(i)) / units(l, sp.exp(a(l))), a(k))),
    "quotient rule without square": ("L14", 0, 2, (Partial(sp.exp(a(i)), a(k)) * S - sp.exp(a(i)) * Partial(S, a(k))) / S),
    "quotient rule with +": ("L14", 0, 2, (Partial(sp.exp(a(i)), a(k)) * S + sp.exp(a(i)) * Partial(S, a(k))) / S**2),
    "quotient rule exchanged": ("L14", 0, 2, (sp.exp(a(i)) * Partial(S, a(k)) - Partial(sp.exp(a(i)), a(k)) * S) / S**2),
    "Jacobian's diagonal alone": ("L14", 0, 6, g(i) * DELTA(i, k) * (1 - g(k))),
    "Jacobian without δ": ("L14", 0, 6, g(i) * (1 - g(k))),
    "Jacobian with g_k² for g_i g_k": ("L14", 0, 6, g(i) * DELTA(i, k) - g(k) ** 2),
    "v_kj for v_jk (L24 as printed)": ("L24", 1, 3, lambda: over_outputs(k, of("L24", 0).end * v(j, k) * df(u(j)) * x(r))),
    "the factor 2 (L23 as printed)": ("L23", 1, 6, lambda: of("L23", 1).end / 2),
    "g' lost": ("L23", 1, 6, 2 * (g(k) - y(k))),
    "g' of another output": ("L23", 1, 6, lambda: of("L23", 1).end.subs(a(k), a(1))),
    "f' lost": ("L18", 1, 7, v(i, j) * x(r)),
    "f' of another unit": ("L18", 1, 7, v(i, j) * df(u(i)) * x(r)),
    "f' of x": ("L18", 1, 7, v(i, j) * df(x(r)) * x(r)),
    "f for f'": ("L18", 1, 7, v(i, j) * f(u(j)) * x(r)),
    "v_i0, the bias": ("L18", 1, 7, v(i, 0) * df(u(j)) * x(r)),
    "x_j": ("L18", 1, 7, v(i, j) * df(u(j)) * x(j)),
    "the sum left where δ has gone": ("L18", 1, 7, units(l, v(i, l) * df(u(l)) * x(r))),
    "δ left out before it collapses": ("L18", 1, 6, units(l, v(i, l) * df(u(l)) * x(r))),
    "δ of the inputs": ("L18", 1, 6, units(l, v(i, l) * df(u(l)) * DELTA(l, r) * x(r))),
    "the bias counted twice": ("L18", 1, 2, Partial(v(i, 0) * z(0) + one_j, dw)),
    "the bias lost": ("L18", 1, 2, Partial(units(l, v(i, l) * z(l)), dw)),
    "z_0 = 0": ("L18", 1, 3, Partial(units(l, v(i, l) * f(u(l))), dw)),
    "z from 0 is f(u)": ("L18", 1, 3, Partial(over(l, (sp.Integer(0), q), v(i, l) * f(u(l))), dw)),
    "sums over other units": ("L17", 1, 6, -over_outputs(l, units(i, y(i) * (DELTA(i, l) - g(l)) * Partial(a(l), dw)))),
    "sums exchanged in one factor": ("L17", 1, 6, -over_outputs(l, over_outputs(i, y(l) * (DELTA(i, l) - g(l)) * Partial(a(i), dw)))),
    "Ṽ not transposed": ("L19", 0, 3, over_outputs(i, v(j, i) * (g(i) - y(i))) * df(u(j)) * x(r)),
    "f' inside the sum, of its index": ("L19", 0, 3, over_outputs(i, v(i, j) * (g(i) - y(i)) * df(u(i))) * x(r)),
    "V for Ṽ": ("L19", 0, 2, over_outputs(i, (g(i) - y(i)) * v(i, j - 1) * df(u(j)) * x(r))),
    "W + η": ("L26", 0, 1, lambda: w(j, r) + eta * of("L26", 0).links[0].right.args[1].args[-1]),
    "w = v_2 − v_1": ("L10", 0, 3, lambda: -of("L10", 0).end),
    "g_2 = σ": ("L10", 2, 6, lambda: of("L10", 1).end),
    "W for 2W": ("L11", 0, 6, sp.IndexedBase("w")[i, j]),
    "2Wᵀ": ("L11", 0, 6, 2 * sp.IndexedBase("w")[j, i]),
    "mean for sum": ("L15", 2, 3, lambda: of("L15", 1).links[2].right),
    "n for 1/n": ("L15", 1, 3, lambda: n**2 * of("L15", 1).links[2].right),
    "of one sample": ("L15", 1, 3, lambda: of("L15", 1).links[2].right.xreplace({n: sp.Integer(1)})),
    "δ of the same layer": ("L22", 3, 3, lambda: of("L22", 3).links[2].right.replace(sp.Sum, lambda inside, at: sp.Sum(inside, (at[0], at[1], q)))),
    "δ of the layer before": ("L22", 4, 3, lambda: units(l, sp.IndexedBase("δ^{(ℓ+1)}")[l] * of("L22", 4).links[1].right.function.args[0])),
}  # fmt: skip
TRUE = {  # but not by these rules: a constant more or less has the same derivative
    *("Σ y = 1 too early", "Σ y on y"),
    *("the bias counted twice", "the bias lost", "z_0 = 0", "z from 0 is f(u)"),
}


def wrong_link(case):
    claim, at, number, right = WRONG[case]
    right = right() if isinstance(right, types.FunctionType) else right
    chain = of(claim, at)
    left, one = list(chain.pairs())[number - 1]
    return chain, left, Link(sp.sympify(right), one.rules), one


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_link_is_not_proved(case):
    chain, left, wrong, right = wrong_link(case)
    assert holds(left, right, place(chain))
    assert not holds(left, wrong, place(chain))
    number = WRONG[case][2]
    links = list(chain.links)
    links[number - 1] = wrong
    spoiled = chain._replace(links=links)
    assert number in failures(spoiled)
    with pytest.raises(ValueError, match="does not follow by its rules"):
        proved_rule(spoiled)


@pytest.mark.parametrize("case", [case for case in WRONG if case not in TRUE])
def test_what_is_called_wrong_is_wrong_in_numbers(case):
    chain, left, wrong, _ = wrong_link(case)
    sizes = {d: 2, q: 3, m: 4, n: 2}
    gaps = [
        apart(world.value(left, at), world.value(wrong.right, at))
        for world, at in draws(chain.theory, {k: OUTPUT_RANGE, **chain.ranges}, 6, sizes=sizes)
    ]
    assert max(gaps) > 1e-6


def mutants(chain, rng):
    """Right sides with one thing changed: an index, a sign, a factor, a bound, a letter."""
    letters = [i, j, k, l, r, sp.Integer(0)]
    for left, one in chain.pairs():
        parts = [part for part in sp.preorder_traversal(one.right) if isinstance(part, sp.Indexed)]
        parts += list(one.right.atoms(sp.KroneckerDelta))
        for part in rng.sample(parts, min(2, len(parts))):
            at = rng.randrange(len(part.args))
            if isinstance(part, sp.Indexed):
                at = max(1, at)
            new = list(part.args)
            new[at] = rng.choice(letters)
            yield left, Link(one.right.xreplace({part: part.func(*new)}), one.rules)
            yield left, Link(one.right.xreplace({part: sp.Integer(1)}), one.rules)
        sums = list(one.right.atoms(sp.Sum))
        for part in rng.sample(sums, min(1, len(sums))):
            *inner, (letter, low, high) = part.limits
            other = {q: m, m: q, d: q}.get(high, m)
            yield (
                left,
                Link(
                    one.right.xreplace({part: sp.Sum(part.function, *inner, (letter, low, other))}),
                    one.rules,
                ),
            )
            yield (
                left,
                Link(
                    one.right.xreplace(
                        {part: sp.Sum(part.function, *inner, (letter, low + 1, high))}
                    ),
                    one.rules,
                ),
            )
        yield left, Link(-one.right, one.rules)


def numbers_apart(chain, left, right):
    """Whether they differ in numbers, where both have any."""
    sizes = {d: 2, q: 2, m: 2, n: 2}
    for world, at in draws(chain.theory, {k: OUTPUT_RANGE, **chain.ranges}, 2, sizes=sizes):
        at = {i: 1, j: 1, k: 1, l: 1, r: 1} | at
        if apart(world.value(left, at), world.value(right, at)) > 1e-6:
            return True
    return False


def test_of_hundreds_of_links_with_one_thing_changed_none_that_is_false_is_proved():
    rng, false = random.Random(0), 0
    for claim, chain in ((name, one) for name in CHAINS for one in chains(True, name)):
        if claim in ("L15", "L20"):
            continue
        ranges = {
            i: OUTPUT_RANGE,
            j: UNIT_RANGE,
            k: OUTPUT_RANGE,
            l: UNIT_RANGE,
            r: UNIT_RANGE,
            **chain.ranges,
        }
        here = place(chain._replace(ranges=ranges))
        for left, one in mutants(chain, rng):
            if any(isinstance(p.variable, sp.Number) for p in one.right.atoms(Partial)):
                continue
            if holds(left, one, here):
                assert not numbers_apart(chain, left, one.right), (claim, left, one.right)
            else:
                false += 1
    assert false > 500


def test_a_wrong_rule_among_the_links_is_no_proof_of_what_follows():
    """A chain cannot be a rule for others before its own links hold."""
    wrong = of("L14", 2)
    spoiled = wrong._replace(links=(*wrong.links[:-1], link(2 * wrong.end, *wrong.links[-1].rules)))
    with pytest.raises(ValueError, match="derivative of a by V: link 4 does not follow"):
        lemma(spoiled)


def test_a_quantity_of_a_sample_depends_on_that_sample_alone():
    """Which the chain rule takes for granted."""
    theories = [chain.theory for chain in every_chain() if chain.theory.sample]
    assert theories
    for theory in theories:
        for one in theory.definitions:
            if s in one.ranges:
                quantities = one.right.atoms(sp.Indexed)
                samples = {part.indices[0] for part in quantities if theory.of_a_sample(part)}
                data = {
                    part.indices[0] for part in quantities if part.base.label.name in ("x", "y")
                }
                assert samples | data <= {s}


def test_a_link_needs_a_rule():
    layers = Layers(net)
    same = layers.chain(("", ""), {k: OUTPUT_RANGE}, y(k), link(y(k)))
    assert failures(same) == []
    assert failures(same._replace(links=[link(g(k))])) == [1]
    assert failures(same._replace(links=[link(g(k), *LINEAR)])) == [1]


def test_a_letter_that_may_be_any_number_is_not_differentiated_by():
    """∂t²/∂t = 2t is true, and for t = u_j it would be ∂u_j²/∂u_j; not so for t = 3."""
    t = proving.derivative_of_sigmoid().start.args[0]
    square = Partial(t**2, t)
    chain = proving.derivative_of_sigmoid()._replace(
        start=square, links=[link(2 * t, CHAIN_RULE, COORDINATES)]
    )
    assert failures(chain) == []
    with pytest.raises(ValueError, match="expected no derivative by what may be any number"):
        proved_rule(chain)


def test_a_free_index_needs_its_range():
    chain = of("L14", 3)
    with pytest.raises(ValueError, match="expected the range of each free index, got none of j"):
        failures(chain._replace(ranges={k: OUTPUT_RANGE}))


def test_without_the_assumption_nothing_that_needs_it_is_proved():
    for chain in every_chain():
        needs = [number for number, one in enumerate(chain.links, 1)
                 if any(rule.name.en == "Σ y = 1" for rule in one.rules)]  # fmt: skip
        assert failures(chain._replace(theory=chain.theory._replace(sums_to_1=None))) == needs


def test_a_range_that_is_too_long_is_noticed():
    """L18 and L20 for w_jr with j from 0: there is no unit 0."""
    for claim, at in (("L18", 1), ("L20", 0)):
        chain = of(claim, at)
        assert failures(chain._replace(ranges=chain.ranges | {j: (sp.Integer(0), q)}))
    chain = of("L14", 3, False)
    assert failures(chain._replace(ranges=chain.ranges | {j: (sp.Integer(0), q)}))


@pytest.mark.parametrize("claim", REFUTED)
def test_a_refutation_says_two_numbers(claim):
    words = printed.refutation(claim)
    left, right = words.en.rpartition(": ")[2].partition(" = ")[2].split(" ≠ ")
    assert left != right
    assert words.en.split(": ")[-2:] == words.ja.split(": ")[-2:] or claim in printed.NONCONFORMING


@pytest.mark.parametrize("claim", REFUTED)
def test_what_refutes_the_printed_form_does_not_refute_the_corrected_one(claim, monkeypatch):
    kind, of = printed.EXAMPLES[claim]
    one = of(symbolic_network(kind))
    left, right = (
        printed.value(side, symbolic_network(kind).theory, one) for side in (one.left, one.right)
    )
    assert sp.sympify(left - right).is_nonzero
    same = one._replace(right=one.left)
    monkeypatch.setitem(printed.EXAMPLES, claim, (kind, lambda net: same))
    with pytest.raises(ValueError, match="expected two different numbers"):
        printed.refutation(claim)
    assert not proof(claim).done


@pytest.mark.parametrize("claim", ["L21", "L22", "L27"])
def test_shapes_that_conform_refute_nothing(claim, monkeypatch):
    monkeypatch.setitem(printed.NONCONFORMING, claim, (lambda net: None, Words("", "")))
    with pytest.raises(ValueError, match="expected shapes that do not conform"):
        printed.refutation(claim)


def test_the_exact_values_are_those_of_the_numbers():
    """`printed.value` beside `World`, for the corrected forms at the refuting numbers."""
    for claim, (kind, of) in printed.EXAMPLES.items():
        at, one = symbolic_network(kind), of(symbolic_network(kind))
        if claim == "L24":
            continue
        sizes = {size: int(number) for size, number in one.sizes.items()} | {n: 1}
        world = World(at.theory, np.random.default_rng(0), sizes, sums_to_1=False)
        for base, rows in one.numbers.items():
            for row, entry in enumerate(rows):
                for column, each in (
                    enumerate(entry) if isinstance(entry, tuple) else [(None, entry)]
                ):
                    places = (
                        (row,)
                        if base == "x"
                        else (row + 1,)
                        if column is None
                        else (row + 1, column)
                    )
                    world.numbers[base, places] = complex(each)
        for base, places in list(world.numbers):
            assert base in "xwyv", places
        numeric = linear_value(world, one.left, {key: int(value) for key, value in one.at.items()})
        assert apart(numeric, complex(printed.value(one.left, at.theory, one))) < 1e-12


def linear_value(world, expr, at):
    """With f(u) = u, as in the refutations."""
    from tests.verify import numerics

    before = numerics.FUNCTIONS["f"], numerics.FUNCTIONS["f'"]
    numerics.FUNCTIONS |= {"f": lambda t: t, "f'": lambda t: 1 + 0j}
    try:
        return world.value(expr, at)
    finally:
        numerics.FUNCTIONS |= {"f": before[0], "f'": before[1]}


def test_a_proof_that_fails_is_said_and_is_no_crash(monkeypatch):
    monkeypatch.setattr(proving, "failures", lambda chain: [1])
    one = proof("L18")
    assert one.done is False
    assert one.statement.en == "not proved: derivative of u by W; ∂(v_i·z)/∂w_j, entry r"
    assert one.statement.ja.startswith("証明できません: ")


def test_rules_and_titles_are_in_both_languages():
    for chain in every_chain():
        for words in (chain.title, *(rule.name for one in chain.links for rule in one.rules)):
            assert words.en
            assert not any("ぁ" <= letter <= "鿿" for letter in words.en)
            assert words.ja


def test_formulas_are_the_lecture_s(found):
    L14 = found["L14"].derivations[3]
    assert [step.formula for step in L14.steps] == [
        "∂E/∂v_{kj}",
        "∂/∂v_{kj} [−Σ_{i=1}^{m} y_{i} log g_{i}]",
        "−Σ_{i=1}^{m} y_{i} ∂log g_{i}/∂v_{kj}",
        "−Σ_{i=1}^{m} y_{i} Σ_{l=1}^{m} ∂log g_{i}/∂a_{l} ∂a_{l}/∂v_{kj}",
        "−Σ_{i=1}^{m} y_{i} Σ_{l=1}^{m} (δ_{il} − g_{l}) ∂a_{l}/∂v_{kj}",
        "−Σ_{i=1}^{m} y_{i} Σ_{l=1}^{m} (δ_{il} − g_{l}) δ_{kl} z_{j}",
        "−Σ_{i=1}^{m} y_{i} (δ_{ik} − g_{k}) z_{j}",
        "(g_{k} Σ_{i=1}^{m} y_{i} − y_{k}) z_{j}",
        "(g_{k} − y_{k}) z_{j}",
    ]
    assert L14.where == "k = 1, …, m; j = 0, …, q"
    ends = {claim: found[claim].derivations[at].steps[-1].formula for claim, at in
            {"L15": 0, "L19": 0, "L20": 0, "L21": 0, "L26": 0, "L11": 0}.items()}  # fmt: skip
    assert ends == {
        "L15": "[(g(Vz) − y) zᵀ]_{kj}",
        "L19": "f'(u_{j}) x_{r} (ṽ_jᵀ (g(Vz) − y))",
        "L20": "[(Ṽᵀ (g(Vz) − y) ⊙ f'(Wx)) xᵀ]_{jr}",
        "L21": "[V − η (g(Vz) − y) zᵀ]_{kj}",
        "L26": "[W − η (Ṽᵀ (g(Vz) − y) ⊙ f'(Wx)) xᵀ]_{jr}",
        "L11": "[2 W]_{ij}",
    }
