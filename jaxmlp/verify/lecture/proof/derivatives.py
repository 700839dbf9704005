"""How the rules of differentiation turn a ∂F/∂t; None where one does not fit."""

import sympy as sp
from sympy.core.function import AppliedUndef

from jaxmlp.verify.finding import Words
from jaxmlp.verify.lecture.proof.arithmetic import fraction
from jaxmlp.verify.lecture.proof.kernel import ProofPlace, ProofRule
from jaxmlp.verify.lecture.proof.language import Partial, opened, prime, quantity_name


def sum_rule(node: sp.Basic, place: ProofPlace) -> sp.Expr | None:
    """∂/∂t Σ_l F_l = Σ_l ∂F_l/∂t, for sums written out too."""
    if not isinstance(node, Partial):
        return None
    inside, variable = node.args
    if isinstance(inside, sp.Add):
        return sp.Add(*(Partial(term, variable) for term in inside.args))
    if isinstance(inside, sp.Sum):
        bound, body, span = opened(inside)
        return sp.Sum(Partial(body, variable), (bound, *span))
    return None


def _constant(expr: sp.Basic, variable: sp.Expr, place: ProofPlace) -> bool:
    """Whether an expression does not depend on the variable, by no way."""
    return not place.theory.reaches(expr, quantity_name(variable))


def constant_rule(node: sp.Basic, place: ProofPlace) -> sp.Expr | None:
    """∂(cF)/∂t = c ∂F/∂t and ∂c/∂t = 0, where c does not depend on t."""
    if not isinstance(node, Partial):
        return None
    inside, variable = node.args
    if _constant(inside, variable, place):
        return sp.Integer(0)
    fixed = [f for f in sp.Mul.make_args(inside) if _constant(f, variable, place)]
    moving = [f for f in sp.Mul.make_args(inside) if f not in fixed]
    return sp.Mul(*fixed, Partial(sp.Mul(*moving), variable)) if fixed else None


def quotient_rule(node: sp.Basic, place: ProofPlace) -> sp.Expr | None:
    """∂(F/G)/∂t = (∂F/∂t G − F ∂G/∂t)/G²."""
    if not isinstance(node, Partial):
        return None
    above, below = fraction(node.inside)
    if below == 1:
        return None
    d_above, d_below = Partial(above, node.variable), Partial(below, node.variable)
    return (d_above * below - above * d_below) / below**2


def chain_rule(node: sp.Basic, place: ProofPlace) -> sp.Expr | None:
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


def chain_rule_through(between: str) -> ProofRule:
    """∂F/∂t = Σ_l ∂F/∂a_l ∂a_l/∂t, where F depends on t through a alone."""

    def turn(node: sp.Basic, place: ProofPlace) -> sp.Expr | None:
        if not isinstance(node, Partial) or quantity_name(node.variable) == between:
            return None
        theory, (inside, variable) = place.theory, node.args
        own = _quantity(inside)
        base = sp.IndexedBase(between)
        if (
            own is None
            or quantity_name(own) == between
            or theory.reaches(inside, quantity_name(variable), between)
        ):
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
    return ProofRule(words, law, turn, once=True)


def _quantity(expr: sp.Expr) -> sp.Expr | None:
    """The one quantity that an expression such as g_i, log g_i or E is a function of."""
    while isinstance(expr, sp.Function) and len(expr.args) == 1:
        expr = expr.args[0]
    return expr if isinstance(expr, (sp.Indexed, sp.Symbol)) else None


def coordinates(node: sp.Basic, place: ProofPlace) -> sp.Expr | None:
    """∂v_il/∂v_kj = δ_ik δ_lj, ∂t/∂t = 1: entries of one quantity are independent of each other."""
    if not isinstance(node, Partial) or quantity_name(node.variable) in place.varied:
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
