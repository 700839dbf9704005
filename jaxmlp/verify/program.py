"""A computation as named steps, any of which a mistake may change.

The right derivation is a table of steps; a mistake is a formula that takes the place of one of
them, or that is applied to what it gives. What follows from a changed step is computed anew, the
rest is shared, so that thousands of combinations can be tried.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, no_type_check

import numpy as np

from jaxmlp.verify.finding import Words

Formula = Callable[["Quantities"], np.ndarray]
Change = Callable[["Quantities", np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Mistake:
    """A known mistake: what a step gives when it is made.

    Attributes:
        id: its name, the same in every language and version.
        step: the step that it changes.
        formula: (quantities, the step's right value) to the wrong value.
        text: what was done, and what belongs there.
        equation: of the lecture ("L22").
        keeps: whether it acts on the step's value, and so combines with another on the same step.
    """

    id: str
    step: str
    formula: Change
    text: Words
    equation: str = ""
    keeps: bool = False


def mistake(
    id: str, step: str, formula: Change, equation: str, en: str, ja: str, keeps: bool = False
) -> Mistake:
    """A known mistake, told in English and in Japanese; see `Mistake`."""
    return Mistake(id, step, formula, Words(en, ja), equation, keeps)


@dataclass(frozen=True, eq=False)
class DerivationProgram:
    """Steps by name, each a function of the quantities before it.

    Attributes:
        steps: in the order of the derivation.
        uses: for each step, the names it is computed from.
        inputs: what is given at each point.
    """

    steps: Mapping[str, Formula]
    uses: Mapping[str, tuple[str, ...]]
    inputs: tuple[str, ...]

    @no_type_check
    @functools.cache  # noqa: B019  (programs are few, and live as long as the module)
    def after(self, changed: frozenset[str]) -> frozenset[str]:
        """The steps changed and all that follow from them."""
        affected = set(changed)
        for name in self.steps:  # in order, so one pass is enough
            if affected.intersection(self.uses.get(name, ())):
                affected.add(name)
        return frozenset(affected)

    def before(self, step: str, fixed: Iterable[str] = ()) -> set[str]:
        """The step and all that it is computed from, but for what is fixed."""
        needed = {step}
        for name in reversed(list(self.steps)):
            if name in needed and (name == step or name not in fixed):
                needed.update(self.uses.get(name, ()))
        return needed.difference(fixed)


class Quantities:
    """The values of a program at many points at once, each computed when first asked for.

    Every array has the points along its first axis.

    Attributes:
        made: the mistakes made in it.
        known: what has been computed, or was given.
        fixed: the steps in whose place a value was put.
    """

    program: DerivationProgram
    made: tuple[Mistake, ...]
    known: dict[str, Any]
    fixed: tuple[str, ...]

    @no_type_check
    def __init__(
        self, program: DerivationProgram, known: Mapping[str, Any], made: tuple[Mistake, ...] = (),
        fixed: tuple[str, ...] = (),
    ) -> None:  # fmt: skip
        self.program, self.made, self.known, self.fixed = program, made, dict(known), fixed

    @no_type_check  # run by the million; likewise below
    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        if name not in self.known:
            value = self.program.steps[name](self)
            for slip in self.made:
                if slip.step == name:
                    value = slip.formula(self, value)
            self.known[name] = value
        return self.known[name]

    @no_type_check
    def having(self, *mistakes: Mistake) -> Quantities:
        """The same with these mistakes made, too."""
        return self._changed({slip.step for slip in mistakes}, {}, self.made + mistakes)

    def given(self, **values: Any) -> Quantities:
        """The same with these values put in place of the computed ones."""
        return self._changed(values, values, self.made)

    @no_type_check
    def _changed(
        self, steps: Iterable[str], values: Mapping[str, Any], made: tuple[Mistake, ...]
    ) -> Quantities:
        stale = self.program.after(frozenset(steps)).difference(self.fixed)
        known = {name: value for name, value in self.known.items() if name not in stale}
        fixed = (*self.fixed, *values)
        return Quantities(self.program, {**known, **values}, made, fixed)

    def at_first_point(self) -> Quantities:
        """The same at the first point alone, with what was put in place of a computed value."""
        per_point = {*self.program.inputs, *self.program.steps}
        known = {n: v[:1] if n in per_point else v for n, v in self.known.items()}
        return Quantities(self.program, known, self.made, self.fixed)
