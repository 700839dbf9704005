"""Objects of the program's own classes as arguments: by their annotations, or by the methods that
are called of them."""

from __future__ import annotations

import enum
import inspect
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from jaxmlp.verify.run.program import Program
from jaxmlp.verify.run.step import is_own
from jaxmlp.verify.run.unknown import Unknown

if TYPE_CHECKING:
    from jaxmlp.verify.run.arguments import Arguments

ACTIVATION_NAME = re.compile(r"relu|tanh|sigm|logist|activ", re.IGNORECASE)
PASSES = 2  # of a layer: forward, and back
WEIGHT_AXES = 2  # of its weights: inputs, and units


class Objects:
    """What there is of a program's classes.

    Args:
        program: after its run.
    """

    def __init__(self, program: Program):
        self.program, self.oracle = program, program.oracle
        self.called, self.called_each = program.code.called_of

    def of(self, arguments: Arguments, name: str, hint: str, asking: frozenset[str]) -> Any:
        """An object, or a list of layers, for an argument; None where it is none of the program's.

        Args:
            hint: what it is annotated with, or "".
            asking: what it is made for.
        """
        if (made := self.program.names.get(hint)) and self._is_own(made, asking):
            if issubclass(made, enum.Enum):
                return self._picked([*made])
            kinds = [kind for kind in self._with(set(), asking) if issubclass(kind, made)]
            return self._made(arguments, self._picked(kinds), asking) if kinds else None
        methods = self.called.get(name, set())
        if methods and (kinds := self._with(methods, asking)):
            return self._made(arguments, self._picked(kinds), asking)
        return self.of_all(arguments, name, asking) or None

    def of_all(self, arguments: Arguments, name: str, asking: frozenset[str]) -> list[Any]:
        """A list of layers for an argument that is gone through; empty where it is none."""
        return self.layers(arguments, self.called_each.get(name, set()), asking)

    def of_each(self, arguments: Arguments, name: str) -> list[Any]:
        """Layers to be added to an object one by one, where an argument is one; else nothing."""
        return self.layers(arguments, self.called.get(name, set()), frozenset())

    def layers(self, arguments: Arguments, methods: set[str], asking: frozenset[str]) -> list[Any]:
        """Two layers with weights, and an activation between them if there is one."""
        kinds = self._with(methods, asking)
        weighted = [one for one in kinds if one.__name__ in self.program.code.multiplying]
        between = [
            one for one in kinds if one not in weighted and ACTIVATION_NAME.search(one.__name__)
        ]
        if len(methods) < PASSES or not weighted:
            return []
        kind, turned = self._picked(weighted), self.oracle.choose((False, True))
        first, parts = self._made_of(arguments, kind, asking)
        sizes = [(name, one.value) for name, one in parts.items()
                 if isinstance(one, Unknown) and type(one.value) is int]  # fmt: skip
        middle = [self._made(arguments, self._picked(between), asking)] if between else []
        if len(sizes) != WEIGHT_AXES:
            return []
        (one, inputs), (other, units) = sizes
        known = {other: inputs} if turned else {one: units}
        return [first, *middle, self._made_of(arguments, kind, asking, known)[0]]

    def _picked(self, kinds: Sequence[Any]) -> Any:
        return self.oracle.choose(kinds) if len(kinds) > 1 else kinds[0]

    def _made(self, arguments: Arguments, kind: type, asking: frozenset[str]) -> Any:
        return self._made_of(arguments, kind, asking)[0]

    def _made_of(
        self, arguments: Arguments, kind: type, asking: frozenset[str],
        known: Mapping[str, Any] | None = None,
    ) -> tuple[Any, dict[str, Any]]:  # fmt: skip
        """(an object, what it is made of by name): this has no part in what it is made for.

        Args:
            known: what it is made of, as far as it is known.
        """
        before, parts = arguments.given, dict(known or {})
        arguments.given = parts
        try:
            return arguments.of(kind, asking | {kind.__name__})(), parts
        finally:
            before |= {k: v for k, v in parts.items() if k not in before}
            arguments.given = before

    def _with(self, methods: set[str], asking: frozenset[str]) -> list[type]:
        """The classes that have these methods, but for those that others are made of."""
        own = [kind for kind in self.program.names.values() if self._is_own(kind, asking)]
        return [kind for kind in own if methods <= _methods(kind)
                and not (kind.__subclasses__() or inspect.isabstract(kind))]  # fmt: skip

    def _is_own(self, kind: Any, asking: frozenset[str]) -> bool:
        """Whether it is a class of the program's, and not one that something is made for."""
        return isinstance(kind, type) and is_own(kind) and kind.__name__ not in asking


def _methods(kind: type) -> set[str]:
    """What is defined in a class, or in those that it is made of."""
    return set().union(*(vars(base) for base in kind.__mro__ if base is not object))
