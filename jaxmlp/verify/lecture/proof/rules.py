"""The rules that a link of a proof may use: this list, and what SymPy does by itself.

Each turns one expression into another that is equal to it, or refuses (None). A rule is applied
wherever it fits, as often as it fits.
"""

from collections.abc import Callable, Iterable
from typing import NamedTuple

import sympy as sp
from sympy.core.function import AppliedUndef

from jaxmlp.verify.finding import Words
from jaxmlp.verify.lecture.proof.language import (
    Entry,
    Partial,
    Range,
    Theory,
    free_indices,
    fresh,
    matched,
    name,
    normal,
    opened,
    prime,
    within,
)

AT_MOST = 30  # passes until nothing changes any more; the longest link here takes 4


class Place(NamedTuple):
    """Where an expression stands.

    Attributes:
        theory: what is defined.
        ranges: of the free indices, and of those of the sums around it.
        varied: the quantities by whose entries it is being differentiated.
    """

    theory: Theory
    ranges: dict[sp.Symbol, Range]
    varied: frozenset[str] = frozenset()


class Rule(NamedTuple):
    """A rule with its name and its law, in words and as a formula.

    Attributes:
        turn: gives what the expression is equal to, or None where the rule does not fit.
        once: whether it is applied once in each place, since it would go on for ever.
        assumes: what it needs to hold, such as "Σ y = 1".
    """

    name: Words
    law: str
    turn: Callable[[sp.Expr, Place], sp.Expr | None]
    once: bool = False
    assumes: str = ""


def rewritten(expr: sp.Basic, rule: Rule, place: Place) -> sp.Basic:
    """The rule applied in each place, from the outside to the inside."""
    new = rule.turn(expr, place)
    if new is not None and new != expr:
        return new if rule.once else rewritten(new, rule, place)
    if isinstance(expr, sp.Sum):
        bound, body, span = opened(expr)
        here = place._replace(ranges={**place.ranges, bound: span})
        return sp.Sum(rewritten(body, rule, here), (bound, *span))
    if isinstance(expr, Partial):
        here = place._replace(varied=place.varied | {name(expr.variable)})
        return Partial(rewritten(expr.inside, rule, here), expr.variable)
    if not expr.args or isinstance(expr, (sp.Indexed, sp.KroneckerDelta, Entry)):
        return expr
    return expr.func(*(rewritten(part, rule, place) for part in expr.args))


def applied(rules: Iterable[Rule], expr: sp.Basic, place: Place) -> sp.Basic:
    """The rules applied one after the other, each until it changes nothing any more."""
    now = normal(expr)
    for rule in rules:
        for _ in range(1 if rule.once else AT_MOST):
            before, now = now, normal(rewritten(now, rule, place))
            if now == before:
                break
    return now


# Derivatives


def _sum_rule(node, place):
    if not isinstance(node, Partial):
        return None
    inside, variable = node.args
    if isinstance(inside, sp.Add):
        return sp.Add(*(Partial(term, variable) for term in inside.args))
    if isinstance(inside, sp.Sum):
        bound, body, span = opened(inside)
        return sp.Sum(Partial(body, variable), (bound, *span))
    return None


def _constant(expr: sp.Basic, variable: sp.Expr, place: Place) -> bool:
    return not place.theory.reaches(expr, name(variable))


def _constant_rule(node, place):
    if not isinstance(node, Partial):
        return None
    inside, variable = node.args
    if _constant(inside, variable, place):
        return sp.Integer(0)
    fixed = [f for f in sp.Mul.make_args(inside) if _constant(f, variable, place)]
    moving = [f for f in sp.Mul.make_args(inside) if f not in fixed]
    return sp.Mul(*fixed, Partial(sp.Mul(*moving), variable)) if fixed else None


def _quotient_rule(node, place):
    if not isinstance(node, Partial):
        return None
    above, below = _fraction(node.inside)
    if below == 1:
        return None
    d_above, d_below = Partial(above, node.variable), Partial(below, node.variable)
    return (d_above * below - above * d_below) / below**2


def _fraction(expr: sp.Expr) -> tuple[sp.Expr, sp.Expr]:
    """What stands above and below the line."""
    factors = sp.Mul.make_args(expr)
    below = [f for f in factors if isinstance(f, sp.Pow) and f.exp.is_negative]
    return sp.Mul(*(f for f in factors if f not in below)), sp.Mul(*(1 / f for f in below))


def _chain_rule(node, place):
    """∂F(h)/∂t = F'(h) ∂h/∂t for F a power, exp, log, or any differentiable function."""
    if not isinstance(node, Partial):
        return None
    outer, variable = node.args
    if isinstance(outer, sp.Pow) and outer.exp.is_integer and outer.exp.is_number:
        slope, inner = outer.exp * outer.base ** (outer.exp - 1), outer.base
    elif isinstance(outer, sp.exp):
        slope, inner = outer, outer.args[0]
    elif isinstance(outer, sp.log):
        slope, inner = 1 / outer.args[0], outer.args[0]
    elif isinstance(outer, AppliedUndef) and len(outer.args) == 1:
        slope, inner = prime(outer.func)(outer.args[0]), outer.args[0]
    else:
        return None
    return slope * Partial(inner, variable)


def chain_rule_through(between: str) -> Rule:
    """∂F/∂t = Σ_l ∂F/∂a_l ∂a_l/∂t, where F depends on t through a alone."""

    def turn(node, place):
        if not isinstance(node, Partial) or name(node.variable) == between:
            return None
        theory, (inside, variable) = place.theory, node.args
        own = _quantity(inside)
        base = sp.IndexedBase(between)
        if own is None or name(own) == between or theory.reaches(inside, name(variable), between):
            return None
        sample = own.indices[:1] if theory.of_a_sample(own) else ()
        if theory.of_a_sample(base[0]) != bool(sample):
            return None
        letters = [sp.Dummy("l", integer=True) for _ in theory.spans[between]]
        entry = base[*sample, *letters]
        inner = Partial(inside, entry) * Partial(entry, variable)
        limits = zip(letters, theory.spans[between], strict=True)
        return sp.Sum(inner, *((letter, *span) for letter, span in limits))

    law = f"∂F/∂t = Σ_l ∂F/∂{between}_l ∂{between}_l/∂t"
    words = Words(f"chain rule through {between}", f"{between} を通る連鎖律")
    return Rule(words, law, turn, once=True)


def _quantity(expr: sp.Expr) -> sp.Expr | None:
    """The one quantity that an expression such as g_i, log g_i or E is a function of."""
    while isinstance(expr, sp.Function) and len(expr.args) == 1:
        expr = expr.args[0]
    return expr if isinstance(expr, (sp.Indexed, sp.Symbol)) else None


def _coordinates(node, place):
    if not isinstance(node, Partial) or name(node.variable) in place.varied:
        return None
    inside, variable = node.args
    if inside == variable:
        return sp.Integer(1)
    if not (isinstance(inside, sp.Indexed) and isinstance(variable, sp.Indexed)):
        return None
    if inside.base != variable.base:
        return None
    pairs = zip(inside.indices, variable.indices, strict=True)
    return sp.Mul(*(sp.KroneckerDelta(mine, theirs) for mine, theirs in pairs))


# Sums


def _sum_of_a_sum(node, place):
    if not isinstance(node, sp.Sum):
        return None
    bound, body, span = opened(node)
    if not isinstance(body, sp.Add):
        return None
    return sp.Add(*(sp.Sum(term, (bound, *span)) for term in body.args))


def _common_factor(node, place):
    if not isinstance(node, sp.Sum):
        return None
    bound, body, span = opened(node)
    factors = sp.Mul.make_args(body)
    inside = [f for f in factors if bound in free_indices(f)]
    outside = [f for f in factors if f not in inside]
    return sp.Mul(*outside, sp.Sum(sp.Mul(*inside), (bound, *span))) if outside and inside else None


def _collapse(node, place):
    """Σ_l δ_lj F_l = F_j, where j is sure to be one of the l."""
    if not isinstance(node, sp.Sum):
        return None
    bound, body, span = opened(node)
    for factor in sp.Mul.make_args(body):
        if isinstance(factor, sp.KroneckerDelta) and bound in factor.args:
            (other,) = set(factor.args) - {bound}
            if within(other, span, place.ranges):
                rest = sp.Mul(*(f for f in sp.Mul.make_args(body) if f != factor))
                return rest.xreplace({bound: other})
    return None


def _exchange(node, place):
    if not isinstance(node, sp.Sum):
        return None
    outer, body, span = opened(node)
    if not isinstance(body, sp.Sum):
        return None
    inner, body, inner_span = opened(body)
    if outer in free_indices(sp.Tuple(*inner_span)):
        return None
    return sp.Sum(sp.Sum(body, (outer, *span)), (inner, *inner_span))


def _split(node, place):
    if not isinstance(node, sp.Sum):
        return None
    bound, body, (low, high) = opened(node)
    if low != 0:
        return None
    return body.xreplace({bound: low}) + sp.Sum(body, (bound, low + 1, high))


def _written_out(node, place):
    if not isinstance(node, sp.Sum):
        return None
    bound, body, (low, high) = opened(node)
    if not (low.is_Integer and high.is_Integer):
        return None
    return sp.Add(*(body.xreplace({bound: sp.Integer(k)}) for k in range(low, high + 1)))


# Arithmetic


def _distribute(node, place):
    if not isinstance(node, sp.Mul):
        return None
    for factor in node.args:
        if isinstance(factor, sp.Add):
            rest = sp.Mul(*(f for f in node.args if f != factor))
            return sp.Add(*(term * rest for term in factor.args))
    return None


def _common_denominator(node, place):
    if not isinstance(node, sp.Add):
        return None
    above, below = _fraction(node.args[0])
    for term in node.args[1:]:
        top, bottom = _fraction(term)
        above, below = above * bottom + top * below, below * bottom
    return None if below == 1 else above / below


def extended_by(factor: sp.Expr) -> Rule:
    """A/B = (A c)/(B c), the products worked out; c is a power of e, so not 0."""

    def turn(node, place):
        above, below = _fraction(node)
        if below == 1 or not isinstance(factor, sp.exp):
            return None
        return _times(above, factor) / _times(below, factor)

    words = Words("multiply above and below", "分母と分子に同じ数を掛ける")
    return Rule(words, "A/B = Ac/(Bc)", turn, once=True)


def _times(expr: sp.Expr, factor: sp.Expr) -> sp.Expr:
    return sp.Add(*(term * factor for term in sp.Add.make_args(expr)))


def _exponents(node, place):
    if not isinstance(node, sp.Mul):
        return None
    powers = [f for f in node.args if isinstance(f, sp.exp)]
    rest = [f for f in node.args if f not in powers]
    return sp.Mul(*rest, sp.exp(sum(f.args[0] for f in powers))) if len(powers) > 1 else None


# Definitions, assumptions, what has been proved


def definition(of: str, source: str = "") -> Rule:
    """A quantity is what it is defined to be."""

    def turn(node, place):
        if of in place.varied:  # ∂a_i/∂a_k is about a as it stands
            return None
        if isinstance(node, AppliedUndef) and node.func.__name__ in place.theory.functions:
            return place.theory.functions[of](*node.args) if node.func.__name__ == of else None
        if not isinstance(node, (sp.Indexed, sp.Symbol)) or name(node) != of:
            return None
        return next(filter(None, (_unfolded(d, node, place) for d in place.theory.definitions)), None)

    cite = f" ({source})" if source else ""
    return Rule(Words(f"definition of {of}{cite}", f"{of} の定義{cite}"), "", turn)


def _unfolded(one, node, place):
    values = matched(one.left, node, one.ranges)
    known = not isinstance(one.right, sp.Tuple)  # else only what it depends on is
    if values is None or not known or not _fits(values, one.ranges, place):
        return None
    return fresh(one.right).xreplace(values)


def _fits(values: dict, ranges: dict[sp.Symbol, Range], place: Place) -> bool:
    return all(within(values[letter], span, place.ranges) for letter, span in ranges.items())


def _sums_to_1(node, place):
    y = place.theory.sums_to_1
    if y is None or place.varied or not isinstance(node, sp.Sum):
        return None
    bound, body, span = opened(node)
    all_y = isinstance(body, sp.Indexed) and body.base == y and body.indices[-1] == bound
    whole = all_y and bound not in set().union(*(i.free_symbols for i in body.indices[:-1]))
    return sp.Integer(1) if whole and span == place.theory.spans[name(body)][0] else None


def equality(left: sp.Expr, right: sp.Expr, ranges: dict, words: Words, assumes: str = "") -> Rule:
    """What has been proved for every value of the letters in their ranges (None: any number)."""
    bounded = {letter: span for letter, span in ranges.items() if span is not None}

    def turn(node, place):
        values = None if place.varied else matched(left, node, ranges)
        if values is None or not _fits({k: values[k] for k in bounded}, bounded, place):
            return None
        return fresh(right).xreplace(values)

    return Rule(words, "", turn, assumes=assumes)


def _rule(en: str, ja: str, law: str, turn: Callable, **more) -> Rule:
    return Rule(Words(en, ja), law, turn, **more)


SUM_RULE = _rule("derivative of a sum", "和の微分", "∂/∂t Σ_l F_l = Σ_l ∂F_l/∂t", _sum_rule)
CONSTANT = _rule("constants", "定数の微分", "∂(cF)/∂t = c ∂F/∂t, ∂c/∂t = 0", _constant_rule)
QUOTIENT_RULE = _rule(
    "quotient rule", "商の微分", "∂(F/G)/∂t = (∂F/∂t G − F ∂G/∂t)/G²", _quotient_rule
)
CHAIN_RULE = _rule("chain rule", "合成関数の微分", "∂f(h)/∂t = f'(h) ∂h/∂t", _chain_rule)
COORDINATES = _rule(
    "independent variables", "独立な変数", "∂v_{il}/∂v_{kj} = δ_{ik} δ_{lj}", _coordinates
)
SUM_OF_A_SUM = _rule(
    "sum of a sum", "和の和", "Σ_l (F_l + G_l) = Σ_l F_l + Σ_l G_l", _sum_of_a_sum
)
COMMON_FACTOR = _rule("common factor", "共通因子", "Σ_l cF_l = c Σ_l F_l", _common_factor)
COLLAPSE = _rule("collapse of δ", "δ による和の縮約", "Σ_l δ_{lj} F_l = F_j", _collapse)
EXCHANGE = _rule(
    "order of sums", "和の順序の交換", "Σ_i Σ_l F_{il} = Σ_l Σ_i F_{il}", _exchange, once=True
)
SPLIT = _rule("first term apart", "第 0 項を分ける", "Σ_{l=0}^{q} F_l = F_0 + Σ_{l=1}^{q} F_l", _split)
WRITTEN_OUT = _rule("sum written out", "和を書き下す", "Σ_{l=1}^{2} F_l = F_1 + F_2", _written_out)
DISTRIBUTE = _rule("distributive law", "分配法則", "(A + B)C = AC + BC", _distribute)
COMMON_DENOMINATOR = _rule(
    "common denominator", "通分", "A/B + C/D = (AD + CB)/(BD)", _common_denominator
)
EXPONENTS = _rule("law of exponents", "指数法則", "e^{A} e^{B} = e^{A + B}", _exponents)
SUMS_TO_1 = _rule("Σ y = 1", "Σ y = 1", "Σ_i y_i = 1", _sums_to_1, assumes="Σ y = 1")
