"""A proof: a chain of equalities, each justified by rules of the list, and checked by them."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import sympy as sp

from jaxmlp.verify.finding import Words
from jaxmlp.verify.lecture.proof.kernel import ProofPlace, ProofRule, apply_rules
from jaxmlp.verify.lecture.proof.language import Partial, Range, Theory, free_indices, normal
from jaxmlp.verify.lecture.proof.rules import equality


class Link(NamedTuple):
    """The next expression of a chain, and the rules that lead to it from the one before.

    Attributes:
        right: the expression.
        rules: applied in this order, to the left side, to the right one, or to both.
    """

    right: sp.Expr
    rules: tuple[ProofRule, ...]


class Chain(NamedTuple):
    """start = link = link = …, for every value of the free indices in their ranges.

    Attributes:
        title: what is shown.
        theory: what is defined.
        ranges: of the free indices; None for a letter that is any number.
        start: the first expression.
        links: the others.
    """

    title: Words
    theory: Theory
    ranges: dict[sp.Symbol, Range | None]
    start: sp.Expr
    links: Sequence[Link]

    @property
    def end(self) -> sp.Expr:
        """The last expression."""
        return self.links[-1].right

    @property
    def assumes(self) -> str:
        """What its rules need to hold."""
        return next((r.assumes for step in self.links for r in step.rules if r.assumes), "")

    def pairs(self) -> Iterator[tuple[sp.Expr, Link]]:
        """Each link with its left side."""
        left = self.start
        for link in self.links:
            yield left, link
            left = link.right


def link(right: sp.Expr, *rules: ProofRule) -> Link:
    """The next expression, and why it is equal to the one before."""
    return Link(sp.sympify(right), rules)


def holds(left: sp.Expr, step: Link, place: ProofPlace) -> bool:
    """Whether the rules, and they alone, make the two sides the same expression."""
    there, back = normal(left), normal(step.right)
    if not step.rules:
        return there == back
    forward = apply_rules(step.rules, left, place)
    if forward == back:
        return True
    backward = apply_rules(step.rules, step.right, place)
    return backward in (there, forward)


def failures(chain: Chain) -> list[int]:
    """The links that do not hold, by number from 1."""
    ranges = {letter: span for letter, span in chain.ranges.items() if span is not None}
    place = ProofPlace(chain.theory, ranges)
    stray = set().union(*(free_indices(step.right) for step in chain.links))
    stray |= free_indices(chain.start)
    if strays := sorted(map(str, stray - chain.ranges.keys())):
        raise ValueError(f"expected the range of each free index, got none of {', '.join(strays)}")
    return [n for n, (left, step) in enumerate(chain.pairs(), 1) if not holds(left, step, place)]


def proved_rule(chain: Chain, *, upto: int | None = None, words: Words | None = None) -> ProofRule:
    """The chain's first expression equals its last: a rule for other chains.

    Args:
        upto: the number of the link to stop at.
        words: what it is called there.

    Raises:
        ValueError: a link does not hold; it says which. Or it is about a derivative by a letter
            that may be any number, and so any expression.
    """
    if wrong := failures(chain):
        raise ValueError(f"{chain.title.en}: link {wrong[0]} does not follow by its rules")
    links = chain.links[:upto]
    part = chain._replace(links=links)
    by = {partial.variable for side in (part.start, part.end) for partial in side.atoms(Partial)}
    if not by.isdisjoint(letter for letter, span in chain.ranges.items() if span is None):
        raise ValueError(f"{chain.title.en}: expected no derivative by what may be any number")
    return equality(part.start, part.end, dict(chain.ranges), words or chain.title, part.assumes)
