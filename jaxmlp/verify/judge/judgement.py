"""A verdict on a recorded step, by one target and one E."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from jaxmlp.verify.judge.choosing import Choice, stated_errors
from jaxmlp.verify.judge.naming import Names, multiple
from jaxmlp.verify.judge.scaled import ScaledSlope
from jaxmlp.verify.judge.worlds import Param, World
from jaxmlp.verify.run.outputs import as_target
from jaxmlp.verify.truth import errors

GUARD = 1e-4  # by which an ε in a logarithm may change E
OWN_ERROR = "own"  # in place of the name of an E, the file's own


@dataclass(frozen=True)
class Judgement:
    """What there is to say of a step.

    Attributes:
        choice: what it was judged by.
        names: what its values are.
        right: by parameter, whether it follows the gradient.
        factors: by parameter, by how much of it, where that is one number.
        still: parameters of the forward pass that never move, with the nodes of their gradients.
        uneven: by parameter, how many times the factor of the others it has.
        loose: what a call gives that is no derivative of E, and of no parameter's shape.
        uphill: the parameters that go up E by a rule other than a plain step.
        gone: those by which it is 0 but for rounding, and that do not move: right, no evidence.
        resting: what does not move, though its like in one list do.
        unseen: those by which the derivative of E is 0 with these data, so that nothing is shown.
        shares: by parameter, how many times the share of itself is taken away that the file's own E
            takes, where all but that is right.
        scaled: the parameters whose factor is another by a slope that is a multiple of f'(u).
        squared: those of `uneven` in whose update a name stands twice, which is once in another's.
        instead: the verdicts by the known E, where none of these fits and this one takes the step's
            own ∂E/∂(the output).
    """

    choice: Choice
    names: Names
    right: dict[str, bool]
    factors: dict[str, float]
    still: dict[int, int]
    uneven: dict[str, float]
    loose: tuple[tuple[str, int], ...]
    uphill: frozenset[str] = frozenset()
    unseen: tuple[str, ...] = ()
    gone: frozenset[str] = frozenset()
    resting: tuple[str, ...] = ()
    shares: Mapping[str, float] = field(default_factory=dict)
    scaled: Mapping[str, ScaledSlope] = field(default_factory=dict)
    squared: frozenset[str] = frozenset()
    instead: tuple[Judgement, ...] = ()

    @property
    def world(self) -> World:
        """The recording, ready to be judged."""
        return self.choice.world

    @property
    def is_right(self) -> bool:
        """Whether every parameter follows the gradient, up or down."""
        wrong = self.still or self.loose or self.uneven
        return bool(self.right) and all(self.right.values()) and not wrong

    @property
    def is_shown_right(self) -> bool:
        """Whether all is right; what only gives gradients has to fit, too."""
        return self.is_right and (bool(self.world.recording.moves) or self.choice.fitting > 0)

    def is_forgotten(self, param: Param) -> bool:
        """Whether a parameter is replaced by its own gradient, as in W = −η dW."""
        known = self.names.of(param.new)
        return known is not None and known.of == param.old and not param.gives

    @cached_property
    def forward(self) -> set[int]:
        """The nodes that the outputs are computed from, and these."""
        return self.world.graph.ancestors([g for g, _ in self.choice.target.pairs])

    @cached_property
    def stated_numbers(self) -> list[int]:
        """The numbers that may be an E which the file states."""
        return stated_errors(self.choice)

    @property
    def error_lines(self) -> frozenset[int]:
        """Where the file computes a known E of the outputs, as one number."""
        if self.choice.target.upstream:
            return frozenset()
        numbers = {i for name in errors.ERROR_FUNCTIONS for i, _ in self.stated_scales(name)}
        return frozenset(self.world.recording.nodes[i].span.line for i in numbers)

    def stated_scales(self, error: str = "") -> Iterator[tuple[int, float]]:
        """The numbers that the file computes and the step does not use that are this E at all
        states, each with how many times E it is.

        Args:
            error: the name of another E than that of the judgement.
        """
        entries, pairs = (
            errors.ERROR_FUNCTIONS[error or self.choice.error],
            self.choice.target.pairs,
        )
        true = np.array([
            sum(np.sum(entries(state[g], as_target(state[y], state[g]))) for g, y in pairs)
            for state in self.world.at
        ])  # fmt: skip
        for number in self.stated_numbers:
            if (scale := multiple(self.names.value(number), true, GUARD)) is not None:
                yield number, scale

    def is_error(self, number: int) -> bool:
        """Whether a value is E, entry by entry."""
        entries, pairs = errors.ERROR_FUNCTIONS.get(self.choice.error), self.choice.target.pairs
        if entries is None or len(pairs) != 1 or self.choice.target.upstream:
            return False
        ((g, y),) = pairs
        value = self.names.value(number)
        if value.shape != self.names.value(g).shape:
            return False
        at = self.world.at
        true = [entries(state[g], as_target(state[y], state[g])) for state in at]
        return multiple(value, np.stack(true)) is not None
