"""The rules that a link of a proof may use: this list, and what SymPy does by itself.

Each turns one expression into another that is equal to it. The chain rule through a quantity,
definitions and what has been proved are rules too, made for the quantity.
"""

import sympy as sp
from sympy.core.function import AppliedUndef

from jaxmlp.verify.finding import Words
from jaxmlp.verify.lecture.proof import arithmetic, derivatives
from jaxmlp.verify.lecture.proof.kernel import ProofPlace, ProofRule, Turn
from jaxmlp.verify.lecture.proof.language import (
    Definition,
    Range,
    fresh,
    match_pattern,
    opened,
    quantity_name,
    within,
)


def definition(of: str, source: str = "") -> ProofRule:
    """A quantity is what it is defined to be."""

    def turn(node: sp.Basic, place: ProofPlace) -> sp.Expr | None:
        if of in place.varied:  # ∂a_i/∂a_k is about a as it stands
            return None
        if isinstance(node, AppliedUndef) and node.func.__name__ in place.theory.functions:
            return place.theory.functions[of](*node.args) if node.func.__name__ == of else None
        if not isinstance(node, (sp.Indexed, sp.Symbol)) or quantity_name(node) != of:
            return None
        return next(
            filter(None, (_unfolded(d, node, place) for d in place.theory.definitions)), None
        )

    cite = f" ({source})" if source else ""
    return ProofRule(Words(f"definition of {of}{cite}", f"{of} の定義{cite}"), "", turn)


def _unfolded(equation: Definition, node: sp.Expr, place: ProofPlace) -> sp.Expr | None:
    """What a definition says of a quantity, if it is one of those it defines."""
    values = match_pattern(equation.left, node, equation.ranges)
    known = not isinstance(equation.right, sp.Tuple)  # else only what it depends on is
    if values is None or not known or not _fits(values, equation.ranges, place):
        return None
    return fresh(equation.right).xreplace(values)


def _fits(values: dict, ranges: dict[sp.Symbol, Range], place: ProofPlace) -> bool:
    """Whether the value of each letter is sure to lie in its range."""
    return all(within(values[letter], span, place.ranges) for letter, span in ranges.items())


def sums_to_1(node: sp.Basic, place: ProofPlace) -> sp.Expr | None:
    """Σ_i y_i = 1 over the whole range of i, where the theory has it so."""
    y = place.theory.sums_to_1
    if y is None or place.varied or not isinstance(node, sp.Sum):
        return None
    bound, body, span = opened(node)
    all_y = isinstance(body, sp.Indexed) and body.base == y and body.indices[-1] == bound
    whole = all_y and bound not in set().union(*(i.free_symbols for i in body.indices[:-1]))
    return sp.Integer(1) if whole and span == place.theory.spans[quantity_name(body)][0] else None


def equality(
    left: sp.Expr, right: sp.Expr, ranges: dict, words: Words, assumes: str = ""
) -> ProofRule:
    """What has been proved for every value of the letters in their ranges (None: any number)."""
    bounded = {letter: span for letter, span in ranges.items() if span is not None}

    def turn(node: sp.Basic, place: ProofPlace) -> sp.Expr | None:
        values = None if place.varied else match_pattern(left, node, ranges)
        if values is None or not _fits({k: values[k] for k in bounded}, bounded, place):
            return None
        return fresh(right).xreplace(values)

    return ProofRule(words, "", turn, assumes=assumes)


def _rule(
    en: str, ja: str, law: str, turn: Turn, once: bool = False, assumes: str = ""
) -> ProofRule:
    """A rule with its names in both languages."""
    return ProofRule(Words(en, ja), law, turn, once, assumes)


SUM_RULE = _rule(
    "derivative of a sum", "和の微分", "∂/∂t Σ_l F_l = Σ_l ∂F_l/∂t", derivatives.sum_rule
)
CONSTANT = _rule(
    "constants", "定数の微分", "∂(cF)/∂t = c ∂F/∂t, ∂c/∂t = 0", derivatives.constant_rule
)
QUOTIENT_RULE = _rule(
    "quotient rule", "商の微分", "∂(F/G)/∂t = (∂F/∂t G − F ∂G/∂t)/G²", derivatives.quotient_rule
)
CHAIN_RULE = _rule("chain rule", "連鎖律", "∂f(h)/∂t = f'(h) ∂h/∂t", derivatives.chain_rule)
COORDINATES = _rule(
    "independent variables",
    "独立な変数",
    "∂v_{il}/∂v_{kj} = δ_{ik} δ_{lj}",
    derivatives.coordinates,
)
SUM_OF_A_SUM = _rule(
    "sum of a sum", "和の和", "Σ_l (F_l + G_l) = Σ_l F_l + Σ_l G_l", arithmetic.sum_of_a_sum
)
COMMON_FACTOR = _rule("common factor", "共通因子", "Σ_l cF_l = c Σ_l F_l", arithmetic.common_factor)
COLLAPSE = _rule("collapse of δ", "δ による和の縮約", "Σ_l δ_{lj} F_l = F_j", arithmetic.collapse)
EXCHANGE = _rule(
    "order of sums",
    "和の順序の交換",
    "Σ_i Σ_l F_{il} = Σ_l Σ_i F_{il}",
    arithmetic.exchange,
    once=True,
)
SPLIT = _rule(
    "first term apart",
    "第 0 項を分ける",
    "Σ_{l=0}^{q} F_l = F_0 + Σ_{l=1}^{q} F_l",
    arithmetic.split,
)
WRITTEN_OUT = _rule(
    "sum written out", "和を書き下す", "Σ_{l=1}^{2} F_l = F_1 + F_2", arithmetic.written_out
)
DISTRIBUTE = _rule("distributive law", "分配法則", "(A + B)C = AC + BC", arithmetic.distribute)
COMMON_DENOMINATOR = _rule(
    "common denominator", "通分", "A/B + C/D = (AD + CB)/(BD)", arithmetic.common_denominator
)
EXPONENTS = _rule("law of exponents", "指数法則", "e^{A} e^{B} = e^{A + B}", arithmetic.exponents)
SUMS_TO_1 = _rule("Σ y = 1", "Σ y = 1", "Σ_i y_i = 1", sums_to_1, assumes="Σ y = 1")
