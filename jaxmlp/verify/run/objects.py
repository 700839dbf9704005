"""Objects of the program's own classes as arguments: by their annotations, or by the methods that
are called of them."""

from __future__ import annotations

import ast
import enum
import inspect
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from jaxmlp.verify.run.program import BESIDE, Program
from jaxmlp.verify.run.uncalled import CALL
from jaxmlp.verify.run.unknown import Unknown

if TYPE_CHECKING:
    from jaxmlp.verify.run.arguments import Arguments

ACTIVATION = re.compile(r"relu|tanh|sigm|logist|activ", re.IGNORECASE)
PRODUCTS = frozenset(("dot", "matmul", "einsum", "tensordot"))
PASSES = 2  # of the layers of a network, that are more than one


class Objects:
    """What there is of a program's classes.

    Args:
        program: after its run.
    """

    def __init__(self, program: Program):
        self.program, self.oracle = program, program.oracle

    def of(self, arguments: Arguments, name: str, hint: str, asking: frozenset[str]) -> Any:
        """An object, or a list of layers, for an argument; None where it is none of the program's.

        Args:
            hint: what it is annotated with, or "".
            asking: what it is made for.
        """
        if (made := self.program.names.get(hint)) and self._is_own(made, asking):
            if issubclass(made, enum.Enum):
                return self._picked([*made])
            kinds = [one for one in self._with(set(), asking) if issubclass(one, made)]
            return self._made(arguments, self._picked(kinds), asking) if kinds else None
        methods = self._called[0].get(name, set())
        if methods and (kinds := self._with(methods, asking)):
            return self._made(arguments, self._picked(kinds), asking)
        return self.layers(arguments, self._called[1].get(name, set()), asking) or None

    def of_each(self, arguments: Arguments, name: str, asking: frozenset[str]) -> list[Any]:
        """Layers to be added to an object one by one, where an argument is one; else nothing."""
        return self.layers(arguments, self._called[0].get(name, set()), asking)

    def layers(self, arguments: Arguments, methods: set[str], asking: frozenset[str]) -> list[Any]:
        """Two layers with weights, and an activation between them if there is one."""
        kinds = self._with(methods, asking)
        weighted = [one for one in kinds if one.__name__ in self._multiplying]
        between = [one for one in kinds if one not in weighted and ACTIVATION.search(one.__name__)]
        if len(methods) < PASSES or not weighted:
            return []
        kind, turned = self._picked(weighted), self.oracle.choose((False, True))
        sizes: dict[str, int] = {}
        first = self._made(arguments, kind, asking, sizes=sizes)
        middle = [self._made(arguments, self._picked(between), asking)] if between else []
        if len(sizes) != PASSES:
            return []
        (one, inputs), (other, units) = sizes.items()
        known = {other: inputs} if turned else {one: units}
        return [first, *middle, self._made(arguments, kind, asking, known=known)]

    def _picked(self, kinds: Sequence[Any]) -> Any:
        return self.oracle.choose(kinds) if len(kinds) > 1 else kinds[0]

    def _made(
        self, arguments: Arguments, kind: type, asking: frozenset[str], *,
        known: Mapping[str, Any] | None = None, sizes: dict[str, int] | None = None,
    ) -> Any:  # fmt: skip
        """An object, made of what has no part in what it is made for.

        Args:
            known: what it is made of, by name.
            sizes: in which those are put that it is made with.
        """
        before = arguments.given
        arguments.given = dict(known or {})
        try:
            return arguments.of(kind, asking | {kind.__name__})()
        finally:
            if sizes is not None:
                sizes |= {name: one.value for name, one in arguments.given.items()
                          if isinstance(one, Unknown) and type(one.value) is int}  # fmt: skip
            before |= {k: v for k, v in arguments.given.items() if k not in before}
            arguments.given = before

    def _with(self, methods: set[str], asking: frozenset[str]) -> list[type]:
        """The classes that have these methods, but for those that others are made of."""
        own = [one for one in self.program.names.values() if self._is_own(one, asking)]
        return [one for one in own if methods <= _methods(one)
                and not (one.__subclasses__() or inspect.isabstract(one))]  # fmt: skip

    def _is_own(self, kind: Any, asking: frozenset[str]) -> bool:
        """Whether it is a class of the program's, or of a module's beside it."""
        where = getattr(kind, "__module__", "") if isinstance(kind, type) else ""
        own = where == "__main__" or where.startswith(BESIDE)
        return own and kind.__name__ not in asking

    @cached_property
    def _called(self) -> tuple[dict[str, set[str]], dict[str, set[str]]]:
        """By the name of a variable or an attribute the methods that are called of it; and of what
        is in it, one after the other."""
        called: dict[str, set[str]] = {}
        each: dict[str, set[str]] = {}
        nodes = self.program.code.nodes
        for one in (n.func for n in nodes if isinstance(n, ast.Call)):
            what, method = (one.value, one.attr) if isinstance(one, ast.Attribute) else (one, CALL)
            for name in _names(what):
                called.setdefault(name, set()).add(method)
        for loop in (n for n in nodes if isinstance(n, ast.For | ast.comprehension)):
            members = [name for n in ast.walk(loop.target) for name in _names(n)]
            methods = set().union(*(called.get(name, set()) for name in members))
            for name in (name for n in ast.walk(loop.iter) for name in _names(n)):
                each.setdefault(name, set()).update(methods)
        return called, each

    @cached_property
    def _multiplying(self) -> set[str]:
        """The classes in which there is a product of matrices."""
        classes = [n for n in self.program.code.nodes if isinstance(n, ast.ClassDef)]
        return {made.name for made in classes if any(map(_is_product, ast.walk(made)))}


def _methods(kind: type) -> set[str]:
    """What is defined in a class, or in those that it is made of."""
    return set().union(*(vars(one) for one in kind.__mro__ if one is not object))


def _names(node: ast.AST) -> Iterator[str]:
    """The name of a variable, or of an attribute."""
    if isinstance(node, ast.Name | ast.Attribute):
        yield getattr(node, "id", getattr(node, "attr", ""))


def _is_product(node: ast.AST) -> bool:
    return isinstance(node, ast.MatMult) or getattr(node, "attr", "") in PRODUCTS
