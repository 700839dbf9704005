"""A rule, and how it is applied: wherever it fits, as often as it fits."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

import sympy as sp

from jaxmlp.verify.finding import Words
from jaxmlp.verify.lecture.proof.language import (
    IndexedEntry,
    Partial,
    Range,
    Theory,
    normal,
    opened,
    quantity_name,
)

AT_MOST = 30  # passes until nothing changes any more; the longest link here takes 4


class ProofPlace(NamedTuple):
    """Where an expression stands.

    Attributes:
        theory: what is defined.
        ranges: of the free indices, and of those of the sums around it.
        varied: the quantities by whose entries it is being differentiated.
    """

    theory: Theory
    ranges: dict[sp.Symbol, Range]
    varied: frozenset[str] = frozenset()


Turn = Callable[[sp.Expr, ProofPlace], sp.Expr | None]


class ProofRule(NamedTuple):
    """A rule with its name and its law, in words and as a formula.

    Attributes:
        turn: gives what the expression is equal to, or None where the rule does not fit.
        once: whether it is applied once in each place, since it would go on for ever.
        assumes: what it needs to hold, such as "Σ y = 1".
    """

    name: Words
    law: str
    turn: Turn
    once: bool = False
    assumes: str = ""


def rewritten(expr: sp.Basic, rule: ProofRule, place: ProofPlace) -> sp.Basic:
    """The rule applied in each place, from the outside to the inside."""
    new = rule.turn(expr, place)
    if new is not None and new != expr:
        return new if rule.once else rewritten(new, rule, place)
    if isinstance(expr, sp.Sum):
        bound, body, span = opened(expr)
        here = place._replace(ranges={**place.ranges, bound: span})
        return sp.Sum(rewritten(body, rule, here), (bound, *span))
    if isinstance(expr, Partial):
        here = place._replace(varied=place.varied | {quantity_name(expr.variable)})
        return Partial(rewritten(expr.inside, rule, here), expr.variable)
    if not expr.args or isinstance(expr, (sp.Indexed, sp.KroneckerDelta, IndexedEntry)):
        return expr
    return expr.func(*(rewritten(part, rule, place) for part in expr.args))


def apply_rules(rules: Iterable[ProofRule], expr: sp.Basic, place: ProofPlace) -> sp.Basic:
    """The rules applied one after the other, each until it changes nothing any more."""
    now = normal(expr)
    for rule in rules:
        for _ in range(1 if rule.once else AT_MOST):
            before, now = now, normal(rewritten(now, rule, place))
            if now == before:
                break
    return now
