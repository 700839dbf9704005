"""The arguments that a function or a method is called with, where no caller tells them."""

import ast
import functools
import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from types import FunctionType
from typing import Any

import numpy as np

from jaxmlp.verify.layouts import D, M, N, Q, layouts, random_arguments
from jaxmlp.verify.names import BACK, roles
from jaxmlp.verify.run.arrays import lifted
from jaxmlp.verify.run.objects import Objects
from jaxmlp.verify.run.oracle import SAMPLES, Oracle
from jaxmlp.verify.run.program import Program
from jaxmlp.verify.run.uncalled import Uncalled, goes_with, of_one_layer, returned
from jaxmlp.verify.run.unknown import Unknown

MAKES = re.compile(r"init|param|create|make|build", re.IGNORECASE)
SHRINKS = re.compile(r"reg|decay|lam(bda|da|bd)?|l2|lmbd", re.IGNORECASE)
SHRINKS_BY = re.compile(r"(weight_?)?decay|lam(b?da|bd)?_?|lmbd?a?|l2(_(reg|lambda))?"
                        r"|reg(_(strength|lambda|param|rate))?", re.IGNORECASE)  # fmt: skip
WEIGHTS = re.compile(r"weights|matrices|param(eter)?s", re.IGNORECASE)
TRAINS = re.compile(r"(is_?)?train(ing|_mode)?$", re.IGNORECASE)
BUILDS = re.compile(r"_*(build|init|set_?up|compile)", re.IGNORECASE)
DECAY = 0.03  # little beside a gradient, be it a mean or half of one


class Arguments:
    """What the functions of one call get: those of one name are one.

    Attributes:
        given: by name, what was given so far.
        results: by the name of a method, what it has given: another may ask for it.
    """

    def __init__(self, program: Program, uncalled: Uncalled):
        self.program, self.what, self.oracle = program, uncalled, program.oracle
        self.objects = Objects(program)
        self.given: dict[str, Any] = {}
        self.results: dict[str, Any] = {}

    def of(self, function: Any, asking: frozenset[str] = frozenset()) -> Callable[[], Any]:
        """A function with a value for each argument that has no default, and for what has one of no
        use: ready to be called.

        Args:
            asking: the functions that these are called for, one for the other.
        """
        code = _code(function)
        if code is None:
            return function
        args = self._in_order(function, code, asking)
        args += self._any_number(code, asking)
        return functools.partial(function, *args, **self._by_name(code, asking))

    def forget(self, function: Any) -> None:
        """Let a function have other arguments when it is called again."""
        if (code := _code(function)) is not None:
            for name in code.__code__.co_varnames[: code.__code__.co_argcount]:
                self.given.pop(name, None)

    def _any_number(self, code: FunctionType, asking: frozenset[str]) -> list[Any]:
        """Layers for what takes any number of arguments, if each is called as one; the weights of
        two, if they are called so; else nothing."""
        if not code.__code__.co_flags & inspect.CO_VARARGS:
            return []
        names = code.__code__.co_varnames
        name = names[code.__code__.co_argcount + code.__code__.co_kwonlyargcount]
        weights = [Unknown(f"{name}[{k}]", self.oracle) for k in range(2) if WEIGHTS.search(name)]
        return list(self.objects.of_all(self, name, asking)) or weights

    def _by_name(self, code: FunctionType, asking: frozenset[str]) -> dict[str, Any]:
        """Values for the arguments that can only be given by their names."""
        first = code.__code__.co_argcount
        names = code.__code__.co_varnames[first : first + code.__code__.co_kwonlyargcount]
        own = [name for name in names if name not in (code.__kwdefaults__ or {})]
        self._fill(own, code, asking, like=False, setting=code.__name__ == "__init__")
        return {name: self.given[name] for name in own} | self._words(names)

    def _in_order(self, function: Any, code: FunctionType, asking: frozenset[str]) -> list[Any]:
        """Values for all others, in order."""
        is_type = isinstance(function, type)
        names = code.__code__.co_varnames[: code.__code__.co_argcount]
        required = len(names) - len(code.__defaults__ or ())
        optional = dict(zip(names[required:], code.__defaults__ or (), strict=True))
        asked, ours = self._asked(optional, is_type=is_type), _ours(optional) | self._words(names)
        asked |= self._wordless & optional.keys()
        fixed = {name: value for name, value in optional.items() if name not in asked} | ours
        last = max([required, *(names.index(name) + 1 for name in (*asked, *ours))])
        own = names[int(is_type or hasattr(function, "__self__")) : last]
        back = BACK.search(getattr(function, "__name__", ""))
        builds = is_type or bool(BUILDS.match(code.__name__) and hasattr(function, "__self__"))
        self._fill(own, code, asking, like=bool(back), setting=builds)
        return [fixed.get(name, self.given[name]) for name in own]

    def _words(self, names: Sequence[str]) -> dict[str, str | int]:
        """Those that the call is about, by the names of a function's arguments."""
        words = self.what.words.items()
        return {name: word for name, word in words if word is not None and name in names}

    @property
    def _wordless(self) -> frozenset[str]:
        """The names of arguments that are to be none of the words that the program knows."""
        return frozenset(name for name, word in self.what.words.items() if word is None)

    def _fill(
        self, names: Sequence[str], code: FunctionType, asking: frozenset[str],
        *, like: bool, setting: bool,
    ) -> None:  # fmt: skip
        """Give something to each of these names of a function's arguments.

        Args:
            like: whether it may have the shape of the output.
            setting: whether an object is made with it.
        """
        inputs = self.given
        if inputs.keys().isdisjoint(names):
            inputs.update(_of_exercise(names, self.oracle))
        if not self.what.methods:
            self._call_givers(names, asking)
        for name in names:
            if name not in inputs and (known := self._of_results(name)) is not None:
                inputs[name] = known
            if name not in inputs:
                inputs[name] = self._another(name, _hint(name, code), asking, setting=setting)
            if like and isinstance(inputs[name], Unknown):
                inputs[name].like = self.oracle.output

    def _another(self, name: str, hint: str, asking: frozenset[str], *, setting: bool) -> Any:
        """Something for an argument of which no more is known than its name and annotation."""
        if name in self._wordless:
            return Unknown(name, self.oracle, setting=setting, wordless=True)
        if (made := self.objects.of(self, name, hint, asking)) is not None:
            return made
        if SHRINKS_BY.fullmatch(name):
            return lifted(np.array(DECAY))
        unknown = Unknown(name, self.oracle, setting=setting)
        if setting and hint == "float":
            unknown.become(())
        return unknown

    def additions(self, method: Any) -> list[dict[str, Any]]:
        """What a method that adds layers to an object is given by its names, each time that it is
        called: of a single layer little would be seen."""
        code = _code(method)
        names = code.__code__.co_varnames[1 : code.__code__.co_argcount] if code else ()
        layers = self.objects.of_each(self, names[0]) if len(names) == 1 else []
        return [{names[0]: layer} for layer in layers] or [{}, {}]

    def _call_givers(self, names: Sequence[str], asking: frozenset[str]) -> None:
        """Call the functions that give what is asked for by these names; the nearest first."""
        givers = {name: self.what.gives[name] for name in names if name in self.what.gives}
        for name in sorted(
            givers, key=lambda name: not of_one_layer(givers[name].name, self.what.name)
        ):
            before = givers[name]
            if name in self.given or before.name in asking:
                continue
            if self._is_called_for(before, deep=len(asking) > 1):
                self._give(name, before, asking | {before.name}, names)

    def _is_called_for(self, before: ast.FunctionDef, *, deep: bool) -> bool:
        """Whether a function is called for an argument: else it is a stand-in, as ∂E/∂u may be."""
        if not deep and of_one_layer(before.name, self.what.name):
            return True
        likely = bool(MAKES.search(before.name)) or (not deep and not BACK.search(before.name))
        return self.oracle.choose((True, False) if likely else (False, True))

    def _give(
        self, asked: str, before: ast.FunctionDef, asking: frozenset[str], others: Sequence[str]
    ) -> None:
        """Call a function for what it returns, by the names that it has there; a cache is last.

        Args:
            others: the names of all that is asked for.
        """
        function = self.program.names[before.name]
        result = self.of(function, asking)()
        names = returned(before)
        results = result if len(names) > 1 else (result,)
        if isinstance(results[0], np.ndarray):
            self.oracle.output = results[0].shape
        for k, (name, output) in enumerate(zip(names, results, strict=True)):
            self.given.setdefault(name or f"{before.name}[{k}]", output)
            for other in others if of_one_layer(before.name, self.what.name) else ():
                if goes_with(other, name):
                    self.given.setdefault(other, output)
        self.given.setdefault(asked, results[-1])

    def _of_results(self, name: str) -> Any:
        """What a method has returned by a name; None if none has."""
        for method, result in self.results.items():
            names = self.what.returns.get(method, [])
            parts = result if len(names) > 1 else (result,)
            if name in names and isinstance(parts, tuple) and len(parts) == len(names):
                return parts[names.index(name)]
        return None

    def _asked(self, optional: Mapping[str, Any], *, is_type: bool) -> frozenset[str]:
        """Those of the arguments whose default is None that are given: all, or none, or one."""
        none = [name for name, value in optional.items() if value is None]
        if not none:
            return frozenset()
        likely = ((), none) if is_type or len(none) > 1 else (none, ())
        single = [[name] for name in reversed(none)] if len(none) > 1 else []
        return frozenset(self.oracle.choose((*likely, *single)))


def _code(function: Any) -> FunctionType | None:
    """The function of Python's that is called; None where it is none."""
    code = getattr(function, "__init__", function) if isinstance(function, type) else function
    code = inspect.unwrap(getattr(code, "__func__", code))
    return code if hasattr(code, "__code__") else None


def _hint(name: str, code: FunctionType) -> str:
    """What an argument is annotated with; "" if it is not."""
    hint = code.__annotations__.get(name, "")
    return hint if isinstance(hint, str) else getattr(hint, "__name__", "")


def _ours(optional: Mapping[str, Any]) -> dict[str, Any]:
    """Other values than their defaults for what makes parameters decay, for a batch, and for
    whether it is trained: only then is there a mask, say."""
    trains = (name for name, value in optional.items() if value is False and TRAINS.match(name))
    return (
        {name: DECAY for name, value in optional.items() if _decays(name, value)}
        | {name: SAMPLES for name, value in optional.items() if _is_batch(name, value)}
        | dict.fromkeys(trains, True)
    )


def _decays(name: str, default: Any) -> bool:
    """Whether parameters would decay by it, and do not by default."""
    return isinstance(default, float) and default == 0 and bool(SHRINKS.search(name))


def _is_batch(name: str, default: Any) -> bool:
    """Whether it is a number of samples at a time, of which there are fewer."""
    return type(default) is int and default > SAMPLES and "batch" in name.lower()


def _of_exercise(names: Sequence[str], oracle: Oracle) -> dict[str, Any]:
    """Arguments for W, V, x and y in one of the usual ways, if these are among the names."""
    symbols = roles(names)
    if not {"W", "V", "x", "y"} <= set(symbols or ()):
        return {}
    ways = [(way, True) for way in layouts(names, symbols, bias=True)]
    ways += [(way, False) for way in layouts(names, symbols, bias=False) if not way.apart]
    if (picked := oracle.choose((*ways, None))) is None:  # as its own sizes may need it
        return {}
    oracle.ours, (way, bias) = True, picked
    oracle.drawn |= dict.fromkeys((D, Q, M, N))  # these are not what the program asks for
    return {k: lifted(v) for k, v in random_arguments(names, way, oracle.random, bias=bias).items()}
