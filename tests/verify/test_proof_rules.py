"""Each rule of the proofs by itself: right at 100 random sizes and numbers, and refused where it
does not hold."""

import pytest
import sympy as sp

from jaxmlp.verify.finding import Words
from jaxmlp.verify.lecture.proof import matrices, rules
from jaxmlp.verify.lecture.proof.arithmetic import (
    extended_by,
)
from jaxmlp.verify.lecture.proof.derivatives import (
    chain_rule_through,
)
from jaxmlp.verify.lecture.proof.kernel import ProofPlace, ProofRule, apply_rules
from jaxmlp.verify.lecture.proof.language import (
    Definition,
    IndexedEntry,
    Partial,
    Theory,
    index,
    normal,
)
from jaxmlp.verify.lecture.proof.layers import DELTA, over
from jaxmlp.verify.lecture.proof.matrices import (
    ENTRY,
    Gradient,
    Hadamard,
    Minus,
    Of,
    Product,
    Times,
    Transposed,
)
from jaxmlp.verify.lecture.proof.network import (
    DEEP_LETTERS,
    FUNCTIONS,
    OUTPUT_RANGE,
    SAMPLE_RANGE,
    UNIT_RANGE,
    E,
    d,
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
    sigma,
    symbolic_network,
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
    EXCHANGE,
    EXPONENTS,
    QUOTIENT_RULE,
    SPLIT,
    SUM_OF_A_SUM,
    SUM_RULE,
    SUMS_TO_1,
    WRITTEN_OUT,
    definition,
    equality,
)
from tests.verify.numerics import apart, draws

TIMES = 100  # each rule, over all its cases
net, batch = symbolic_network(), symbolic_network(batch=True)
x, w, u, z, v, a, g, y = net.x, net.w, net.u, net.z, net.v, net.a, net.g, net.y
HIDDEN, INPUTS = net.hidden, net.inputs
AT = {i: OUTPUT_RANGE, k: OUTPUT_RANGE, j: UNIT_RANGE, r: INPUTS, s: SAMPLE_RANGE}
(b,) = index("b")
F = sp.Function("F")
S = over(l, OUTPUT_RANGE, sp.exp(a(l)))
V, W = net.matrix("V"), net.matrix("W")
delta = Minus(net.vector("g"), net.vector("y"))
slope = Of(sp.Symbol("f'"), net.vector("u"))
back = Hadamard(Product(Transposed(net.matrix("Ṽ")), delta), slope)
two, three = sp.Integer(2), sp.Integer(3)
by_v = equality(
    Partial(a(i), v(k, j)),
    DELTA(i, k) * z(j),
    {i: OUTPUT_RANGE, k: OUTPUT_RANGE, j: HIDDEN},
    Words("", ""),
)
sigmoid = equality(sp.Function("σ'")(t), sigma(t) * (1 - sigma(t)), {t: None}, Words("", ""))

CASES = {
    "sum of terms": (SUM_RULE, Partial(a(i) + y(i) * u(j), a(k))),
    "sum over an index": (SUM_RULE, Partial(over(l, OUTPUT_RANGE, y(l) * a(l)), a(k))),
    "sum over two": (
        SUM_RULE,
        Partial(over(i, OUTPUT_RANGE, over(l, HIDDEN, v(i, l) * z(l))), v(k, j)),
    ),
    "sum named like the variable's index": (
        SUM_RULE,
        Partial(over(k, OUTPUT_RANGE, v(k, 1)), v(k, j)),
    ),
    "constant factor": (CONSTANT, Partial(y(i) * x(r) * a(i), a(k))),
    "constant": (CONSTANT, Partial(y(i) * x(r), a(k))),
    "z is constant in V": (CONSTANT, Partial(v(i, j) * z(j), v(k, j))),
    "quotient": (QUOTIENT_RULE, Partial(sp.exp(a(i)) * a(k) / S, a(k))),
    "one over": (QUOTIENT_RULE, Partial(1 / (1 + sp.exp(a(i))), a(k))),
    "square": (CHAIN_RULE, Partial((y(i) - a(i)) ** 2, a(k))),
    "power −1": (CHAIN_RULE, Partial(1 / sp.exp(a(i)), a(k))),
    "exp": (CHAIN_RULE, Partial(sp.exp(v(i, 0) * a(i)), a(k))),
    "log": (CHAIN_RULE, Partial(sp.log(S), a(k))),
    "f": (CHAIN_RULE, Partial(f(u(j)), w(j, r))),
    "f of g of": (CHAIN_RULE, Partial(F(f(2 * u(j))), w(j, r))),
    "σ": (CHAIN_RULE, Partial(sigma(a(i)), a(k))),
    "through a": (chain_rule_through("a"), Partial(g(i), v(k, j))),
    "through a, log": (chain_rule_through("a"), Partial(sp.log(g(i)), w(j, r))),
    "through a, E": (chain_rule_through("a"), Partial(E, u(j))),
    "through u": (chain_rule_through("u"), Partial(E, w(j, r))),
    "through u, a": (chain_rule_through("u"), Partial(a(i), w(j, r))),
    "in a sum": (chain_rule_through("a"), over(i, OUTPUT_RANGE, y(i) * Partial(g(i), v(k, j)))),
    "its own variable": (COORDINATES, Partial(v(i, l), v(k, j)), {l: HIDDEN}),
    "a by a": (COORDINATES, over(i, OUTPUT_RANGE, Partial(a(i), a(k)) * y(i))),
    "a number by itself": (COORDINATES, F(t) * Partial(t, t)),
    "sum of a sum": (SUM_OF_A_SUM, over(i, OUTPUT_RANGE, y(i) - y(i) * a(i) + 2)),
    "sum of sums": (SUM_OF_A_SUM, over(l, HIDDEN, over(i, OUTPUT_RANGE, y(i) + v(i, l)))),
    "common factor": (COMMON_FACTOR, over(i, OUTPUT_RANGE, y(i) * z(j) * (a(i) - y(k)))),
    "common factor, inner sum": (COMMON_FACTOR, over(i, OUTPUT_RANGE, y(i) * S)),
    "δ": (COLLAPSE, over(l, HIDDEN, v(i, l) * DELTA(l, j) * z(l))),
    "δ alone": (COLLAPSE, over(i, OUTPUT_RANGE, DELTA(i, k))),
    "δ of two": (
        COLLAPSE,
        over(i, OUTPUT_RANGE, over(l, UNIT_RANGE, DELTA(i, k) * DELTA(l, j) * v(i, l))),
    ),
    "δ of two sums": (
        COLLAPSE,
        over(i, OUTPUT_RANGE, y(i) * over(l, OUTPUT_RANGE, DELTA(i, l) * a(l))),
    ),
    "δ with a number": (COLLAPSE, over(l, HIDDEN, DELTA(l, 0) * v(i, l))),
    "δ before a sum": (
        COLLAPSE,
        over(l, OUTPUT_RANGE, DELTA(l, k) * over(i, OUTPUT_RANGE, y(i) * y(l))),
    ),
    "order": (EXCHANGE, over(i, OUTPUT_RANGE, over(l, HIDDEN, y(i) * v(i, l)))),
    "first term": (SPLIT, over(l, HIDDEN, v(i, l) * z(l))),
    "written out": (WRITTEN_OUT, over(l, (two, three), y(l) * over(i, OUTPUT_RANGE, v(i, l)))),
    "distributive": (DISTRIBUTE, (a(i) + y(i)) * (g(k) - y(k) + 1) * z(j)),
    "distributive in a sum": (DISTRIBUTE, over(i, OUTPUT_RANGE, y(i) * (DELTA(i, k) - g(k)))),
    "common denominator": (COMMON_DENOMINATOR, y(i) / g(i) - (1 - y(i)) / (1 + sp.exp(a(i))) + 3),
    "exponents": (EXPONENTS, sp.exp(a(i)) * sp.exp(-a(k)) * sp.exp(y(i)) * z(j)),
    "extended": (extended_by(sp.exp(-a(i))), (y(i) + sp.exp(a(k))) / (sp.exp(a(i)) + S)),
    "what y sums to": (SUMS_TO_1, g(k) * over(i, OUTPUT_RANGE, y(i)) - y(k)),
    "definition of u": (definition("u"), v(i, j) * f(u(j))),
    "definition of z": (definition("z"), z(0) + over(l, UNIT_RANGE, z(l) * v(i, l))),
    "definition of a": (definition("a"), over(l, OUTPUT_RANGE, a(l) * y(l))),
    "definition of g": (definition("g"), over(l, OUTPUT_RANGE, sp.log(g(l)) * y(l))),
    "definition of E": (definition("E"), 2 * E),
    "definition of σ": (definition("σ"), sigma(a(i) - 2)),
    "of g in a derivative by a": (definition("g"), Partial(g(i), a(k))),
    "what has been proved": (by_v, over(i, OUTPUT_RANGE, y(i) * Partial(a(i), v(k, j)))),
    "proved for any number": (sigmoid, sp.Function("σ'")(a(i) - over(l, OUTPUT_RANGE, y(l)))),
    "entries of V": (ENTRY, IndexedEntry(V, k, j)),
    "entries of a transpose": (ENTRY, IndexedEntry(Transposed(V), j, k)),
    "entries of a difference": (ENTRY, IndexedEntry(delta, k)),
    "entries of an outer product": (
        ENTRY,
        IndexedEntry(Product(delta, Transposed(net.vector("z"))), k, j),
    ),
    "entries of Vz": (ENTRY, IndexedEntry(Product(V, net.vector("z")), k)),
    "entries of WᵀW": (ENTRY, IndexedEntry(Product(Transposed(W), W), r, r)),
    "a scalar product": (
        ENTRY,
        IndexedEntry(Product(Transposed(net.vector("y")), net.vector("g"))),
    ),
    "entries of δ1": (ENTRY, IndexedEntry(back, j)),
    "entries of δ1 xᵀ": (ENTRY, IndexedEntry(Product(back, Transposed(net.vector("x"))), j, r)),
    "entries of a gradient": (ENTRY, IndexedEntry(Gradient(E, V), k, j)),
    "entries of a multiple": (ENTRY, IndexedEntry(Times(E, W), j, r)),
}


def parts(case):
    rule, expr, *more = case
    return rule, expr, {**AT, **(more[0] if more else {})}


def free_of(rule, expr, ranges, theory):
    return apply_rules(
        (rule,), expr, ProofPlace(theory, {key: span for key, span in ranges.items() if span})
    )


def equal(theory, ranges, left, right, times=20, **options):
    gaps = []
    for world, at in draws(theory, ranges, times, **options):
        gaps.append(apart(world.value(left, at), world.value(right, at)))
    assert len(gaps) == times
    return max(gaps) < 1e-9


def like(rule):
    """The cases of this rule; a rule that is made for a quantity is one with the others so made."""
    return [
        name for name, (one, *_) in CASES.items() if one.turn.__qualname__ == rule.turn.__qualname__
    ]


@pytest.mark.parametrize("case", CASES)
def test_a_rule_gives_what_is_equal(case):
    rule, expr, ranges = parts(CASES[case])
    turned = free_of(rule, expr, ranges, net.theory)
    assert turned != normal(expr), "it does nothing"
    cases = like(rule)
    times = -(-TIMES // len(cases))
    seed = 1 + list(CASES).index(case)
    assert equal(net.theory, ranges, expr, turned, times, seed=seed)


def test_every_rule_of_the_list_has_a_case():
    tested = {case[0] for case in CASES.values()}
    listed = {one for one in vars(rules).values() if isinstance(one, ProofRule)}
    assert listed <= tested
    assert len(listed) == 15


def test_a_rule_that_is_wrong_would_be_noticed():
    expr = over(l, HIDDEN, v(i, l) * DELTA(l, j) * z(l))
    assert not equal(net.theory, AT, expr, v(i, j) * z(i))
    assert not equal(net.theory, AT, Partial(g(i), a(k)), g(i) * (1 - g(k)))


def test_one_number_that_differs_is_enough_for_the_sum_of_y():
    ones = over(i, OUTPUT_RANGE, y(i))
    assert equal(net.theory, AT, ones, sp.Integer(1))
    assert not equal(net.theory, AT, ones, sp.Integer(1), sums_to_1=False)


@pytest.mark.costly
@pytest.mark.parametrize("letters", [None, DEEP_LETTERS])
def test_the_chain_rule_of_a_batch_and_of_a_deep_network(letters):
    if letters:
        deep = symbolic_network("any", letters=letters)
        expr, theory = Partial(E, deep.u(j)), deep.theory
        turned = free_of(chain_rule_through(letters[5]), expr, AT, theory)
    else:
        theory, expr = batch.theory, over(s, SAMPLE_RANGE, Partial(batch.loss, batch.v(k, j)))
        turned = free_of(chain_rule_through("a"), expr, AT, theory)
    assert turned != normal(expr)
    assert equal(theory, AT, expr, turned)


DEFINED = Theory((Definition(u(j), f(v(1, j)), {j: UNIT_RANGE}), Definition(z(l), u(l) * v(1, l), {l: UNIT_RANGE})),
                 {"u": (UNIT_RANGE,), "z": (UNIT_RANGE,)})  # fmt: skip
whole = Theory(
    (*batch.theory.definitions, Definition(E, over(s, SAMPLE_RANGE, batch.loss), {})),
    batch.theory.spans,
    s,
)
REFUSED = {
    "δ out of the sum": (COLLAPSE, over(l, UNIT_RANGE, v(i, l) * DELTA(l, j)), {j: HIDDEN}),
    "δ with 0 in a sum from 1": (COLLAPSE, over(l, UNIT_RANGE, v(i, l) * DELTA(l, 0))),
    "δ over other units": (COLLAPSE, over(l, UNIT_RANGE, v(l, 0) * DELTA(l, k))),
    "δ of a letter without range": (COLLAPSE, over(l, UNIT_RANGE, v(i, l) * DELTA(l, b))),
    "δ in one of two terms": (COLLAPSE, over(l, UNIT_RANGE, v(i, l) * (1 + DELTA(l, j)))),
    "δ of an outer sum that is longer": (COLLAPSE, over(b, HIDDEN, over(l, UNIT_RANGE, y(b) * DELTA(l, b)))),
    "δ squared away": (COLLAPSE, over(l, UNIT_RANGE, DELTA(l, j) ** -1)),
    "constant that is none": (CONSTANT, Partial(a(i) * f(u(j)), w(j, r))),
    "constant through definitions": (CONSTANT, Partial(E * g(i), w(j, r))),
    "a sum that is no constant factor": (CONSTANT, Partial(over(l, OUTPUT_RANGE, g(l)), v(k, j))),
    "through u, which V does not enter": (chain_rule_through("u"), Partial(E, v(k, j))),
    "through z where there is another way": (chain_rule_through("u"), Partial(z(i), v(1, j)), {}, DEFINED),
    "through itself": (chain_rule_through("a"), Partial(a(i), v(k, j))),
    "of two quantities": (chain_rule_through("a"), Partial(g(i) * v(i, 0), v(k, j))),
    "of all samples": (chain_rule_through("a"), Partial(E, v(k, j)), {}, whole),
    "a variable that is another": (COORDINATES, Partial(w(j, r), v(k, j))),
    "a quantity with itself inside": (COORDINATES, Partial(f(u(j)), u(j))),
    "factor with the index": (COMMON_FACTOR, over(i, OUTPUT_RANGE, y(i) * g(i))),
    "factor that is the index": (COMMON_FACTOR, over(i, OUTPUT_RANGE, i * y(i))),
    "order of dependent sums": (EXCHANGE, over(l, OUTPUT_RANGE, over(b, (sp.Integer(1), l), y(b)))),
    "first term of a sum from 1": (SPLIT, over(l, UNIT_RANGE, v(i, l) * z(l))),
    "written out to m": (WRITTEN_OUT, over(l, OUTPUT_RANGE, y(l))),
    "part of Σ y": (SUMS_TO_1, over(i, (two, m), y(i))),
    "Σ y over the units": (SUMS_TO_1, over(i, UNIT_RANGE, y(i))),
    "Σ y²": (SUMS_TO_1, over(i, OUTPUT_RANGE, y(i) ** 2)),
    "Σ y g": (SUMS_TO_1, over(i, OUTPUT_RANGE, y(i) * g(i))),
    "Σ g": (SUMS_TO_1, over(i, OUTPUT_RANGE, g(i))),
    "Σ y_k over i": (SUMS_TO_1, over(i, OUTPUT_RANGE, y(k))),
    "Σ y in a derivative": (SUMS_TO_1, Partial(over(i, OUTPUT_RANGE, y(i)), y(k))),
    "Σ of y over the samples": (SUMS_TO_1, over(s, SAMPLE_RANGE, batch.y(k)), {}, batch.theory),
    "z from 0": (definition("z"), over(l, HIDDEN, z(l))),
    "z of an index that may be 0": (definition("z"), z(j), {j: HIDDEN}),
    "a in a derivative by a": (definition("a"), Partial(a(i) * y(i), a(k))),
    "an output beyond m": (definition("a"), a(m + 1)),
    "an error that may be any": (definition("E"), E, {}, symbolic_network("any").theory),
    "proved for other indices": (by_v, Partial(a(i), v(k, j)), {i: UNIT_RANGE}),
    "proved, in a derivative": (sigmoid, Partial(sp.Function("σ'")(u(j)), u(j))),
    "another function": (definition("σ"), sp.Function("σ'")(a(i))),
    "column 0 of Ṽ": (ENTRY, IndexedEntry(net.matrix("Ṽ"), k, 0)),
    "an entry that may be column 0": (ENTRY, IndexedEntry(net.matrix("Ṽ"), k, j), {j: HIDDEN}),
    "what may be 0 times above and below": (extended_by(y(i)), a(i) / g(i)),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_a_rule_is_refused_where_it_does_not_hold(case):
    rule, expr, *more = REFUSED[case]
    ranges = {**AT, **(more[0] if more else {})}
    theory = more[1] if len(more) > 1 else net.theory
    assert free_of(rule, expr, ranges, theory) == normal(expr)


@pytest.mark.parametrize(
    "unfit",
    [
        lambda: Product(Transposed(V), net.vector("z")),
        lambda: Product(V, slope),
        lambda: Product(W, W),
        lambda: Minus(net.vector("g"), net.vector("z")),
        lambda: Hadamard(delta, slope),
        lambda: Product(delta, net.vector("z")),
    ],
)
def test_what_does_not_conform_is_refused(unfit):
    with pytest.raises(matrices.Unfit, match="expected"):
        unfit()


UNBUILT = {
    "a/a": sp.Mul(y(i), sp.Pow(g(i), -1, evaluate=False), g(i), evaluate=False),
    "a/a of sums": sp.Mul(S, sp.Pow(S, -1, evaluate=False), a(k), evaluate=False),
    "a + a": sp.Add(y(i), y(i), sp.Mul(-3, y(i), evaluate=False), evaluate=False),
    "2(a − b)": sp.Mul(2, sp.Add(y(i), -g(k)), evaluate=False),
    "−(a − b)": sp.Mul(-1, sp.Add(y(i), -g(k)), evaluate=False),
    "a a": sp.Mul(a(i), a(i), sp.Pow(a(i), -3, evaluate=False), evaluate=False),
    "δ²": sp.Pow(DELTA(i, k), 2, evaluate=False),
    "δ_ii": sp.Mul(y(i), sp.Function("KroneckerDelta")(i, i)),
    "e^0": sp.exp(sp.Add(a(i), -a(i), evaluate=False), evaluate=False),
    "e^a e^−a": sp.Mul(sp.exp(a(i)), sp.exp(-a(i)), y(k), evaluate=False),
    "log e^0": sp.log(sp.exp(0, evaluate=False), evaluate=False),
    "sum of the same two sums": sp.Add(S, over(b, OUTPUT_RANGE, sp.exp(a(b))), evaluate=False),
}


@pytest.mark.costly
@pytest.mark.parametrize("case", UNBUILT)
def test_what_sympy_does_by_itself_is_right(case):
    """When it builds an expression: nothing of it is a rule of ours."""
    unbuilt = UNBUILT[case]
    built = unbuilt.replace(sp.Function("KroneckerDelta"), sp.KroneckerDelta).doit(deep=False)
    built = normal(built.func(*built.args) if built.args else built)
    assert equal(net.theory, AT, unbuilt, built, TIMES)


def test_letters_do_not_matter_and_nothing_else_is_let_through():
    one = over(i, OUTPUT_RANGE, y(i) * over(l, HIDDEN, v(i, l)))
    assert normal(one) == normal(over(b, OUTPUT_RANGE, y(b) * over(i, HIDDEN, v(b, i))))
    others = [
        over(i, OUTPUT_RANGE, y(i) * over(l, HIDDEN, v(l, i))),
        over(i, OUTPUT_RANGE, y(i) * over(l, UNIT_RANGE, v(i, l))),
        over(i, OUTPUT_RANGE, y(k) * over(l, HIDDEN, v(i, l))),
        over(l, HIDDEN, over(i, OUTPUT_RANGE, y(i) * v(i, l))),
        over(i, OUTPUT_RANGE, y(i)) * over(l, HIDDEN, v(i, l)),
    ]
    assert normal(one) not in map(normal, others)


def test_indices_of_sums_are_not_mixed_up():
    """The free i and a sum over i; a sum over i in a sum over i; δ that brings i into a sum over i."""
    inside = over(i, OUTPUT_RANGE, y(i) * a(i))
    assert equal(net.theory, AT, y(i) * inside, normal(y(i) * inside))
    twice = over(i, OUTPUT_RANGE, y(i) * inside)
    assert equal(net.theory, AT, twice, normal(twice))
    assert normal(twice) == normal(over(b, OUTPUT_RANGE, y(b) * inside))
    brought = over(l, OUTPUT_RANGE, DELTA(l, i) * over(i, OUTPUT_RANGE, y(i) * v(i, 0) * a(l)))
    collapsed = free_of(COLLAPSE, brought, AT, net.theory)
    assert collapsed == normal(over(b, OUTPUT_RANGE, y(b) * v(b, 0) * a(i)))


def test_functions_are_those_of_the_numbers():
    assert list(FUNCTIONS) == ["σ"]
    assert equal(net.theory, AT, FUNCTIONS["σ"](a(i)), sigma(a(i)))
    assert {d, q, m, n} == set(next(draws(net.theory, {}, 1))[0].sizes)
