"""How the rules of sums, products and fractions turn an expression; None where one does not fit."""

import sympy as sp

from jaxmlp.verify.finding import Words
from jaxmlp.verify.lecture.proof.kernel import ProofPlace, ProofRule
from jaxmlp.verify.lecture.proof.language import free_indices, opened, within


def sum_of_a_sum(node: sp.Basic, place: ProofPlace) -> sp.Expr | None:
    """Σ_l (F_l + G_l) = Σ_l F_l + Σ_l G_l."""
    if not isinstance(node, sp.Sum):
        return None
    bound, body, span = opened(node)
    if not isinstance(body, sp.Add):
        return None
    return sp.Add(*(sp.Sum(term, (bound, *span)) for term in body.args))


def common_factor(node: sp.Basic, place: ProofPlace) -> sp.Expr | None:
    """Σ_l cF_l = c Σ_l F_l, where l is not free in c."""
    if not isinstance(node, sp.Sum):
        return None
    bound, body, span = opened(node)
    factors = sp.Mul.make_args(body)
    inside = [f for f in factors if bound in free_indices(f)]
    outside = [f for f in factors if f not in inside]
    return sp.Mul(*outside, sp.Sum(sp.Mul(*inside), (bound, *span))) if outside and inside else None


def collapse(node: sp.Basic, place: ProofPlace) -> sp.Expr | None:
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


def exchange(node: sp.Basic, place: ProofPlace) -> sp.Expr | None:
    """Σ_i Σ_l F_il = Σ_l Σ_i F_il, where the range of l does not depend on i."""
    if not isinstance(node, sp.Sum):
        return None
    outer, body, span = opened(node)
    if not isinstance(body, sp.Sum):
        return None
    inner, body, inner_span = opened(body)
    if outer in free_indices(sp.Tuple(*inner_span)):
        return None
    return sp.Sum(sp.Sum(body, (outer, *span)), (inner, *inner_span))


def split(node: sp.Basic, place: ProofPlace) -> sp.Expr | None:
    """Σ_{l=0}^{q} F_l = F_0 + Σ_{l=1}^{q} F_l."""
    if not isinstance(node, sp.Sum):
        return None
    bound, body, (low, high) = opened(node)
    if low != 0:
        return None
    return body.xreplace({bound: low}) + sp.Sum(body, (bound, low + 1, high))


def written_out(node: sp.Basic, place: ProofPlace) -> sp.Expr | None:
    """Σ_{l=1}^{2} F_l = F_1 + F_2, where both bounds are numbers."""
    if not isinstance(node, sp.Sum):
        return None
    bound, body, (low, high) = opened(node)
    if not (low.is_Integer and high.is_Integer):
        return None
    return sp.Add(*(body.xreplace({bound: sp.Integer(k)}) for k in range(low, high + 1)))


def distribute(node: sp.Basic, place: ProofPlace) -> sp.Expr | None:
    """(A + B)C = AC + BC, for the first factor that is a sum."""
    if not isinstance(node, sp.Mul):
        return None
    for factor in node.args:
        if isinstance(factor, sp.Add):
            rest = sp.Mul(*(f for f in node.args if f != factor))
            return sp.Add(*(term * rest for term in factor.args))
    return None


def common_denominator(node: sp.Basic, place: ProofPlace) -> sp.Expr | None:
    """A/B + C/D = (AD + CB)/(BD), unless all are without a denominator."""
    if not isinstance(node, sp.Add):
        return None
    above, below = fraction(node.args[0])
    for term in node.args[1:]:
        top, bottom = fraction(term)
        above, below = above * bottom + top * below, below * bottom
    return None if below == 1 else above / below


def extended_by(factor: sp.Expr) -> ProofRule:
    """A/B = (A c)/(B c), the products worked out; c is a power of e, so not 0."""

    def turn(node: sp.Basic, place: ProofPlace) -> sp.Expr | None:
        above, below = fraction(node)
        if below == 1 or not isinstance(factor, sp.exp):
            return None
        return _times(above, factor) / _times(below, factor)

    words = Words("multiply above and below", "分母と分子に同じ数を掛ける")
    return ProofRule(words, "A/B = Ac/(Bc)", turn, once=True)


def _times(expr: sp.Expr, factor: sp.Expr) -> sp.Expr:
    """A sum times a factor, term by term."""
    return sp.Add(*(term * factor for term in sp.Add.make_args(expr)))


def exponents(node: sp.Basic, place: ProofPlace) -> sp.Expr | None:
    """e^A e^B = e^{A + B}."""
    if not isinstance(node, sp.Mul):
        return None
    powers = [f for f in node.args if isinstance(f, sp.exp)]
    rest = [f for f in node.args if f not in powers]
    return sp.Mul(*rest, sp.exp(sum(f.args[0] for f in powers))) if len(powers) > 1 else None


def fraction(expr: sp.Expr) -> tuple[sp.Expr, sp.Expr]:
    """What stands above and below the line."""
    factors = sp.Mul.make_args(expr)
    below = [f for f in factors if isinstance(f, sp.Pow) and f.exp.is_negative]
    return sp.Mul(*(f for f in factors if f not in below)), sp.Mul(*(1 / f for f in below))
