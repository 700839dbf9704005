"""A command line for a program that asks for one: what it says that its arguments are."""

import argparse
import re
from typing import Any

from jaxmlp.verify.names import TRAINS

TYPED_NUMBERS = ("5", "4", "6")  # where an argument may be several numbers
PERCENTAGE = re.compile(r"percent", re.IGNORECASE)


class Parser(argparse.ArgumentParser):
    """`argparse.ArgumentParser`, for which somebody has typed what it requires, and no more."""

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """What is typed, as the program asks for it."""
        return super().parse_known_args(args or self._typed(), namespace)

    def _typed(self) -> list[str]:
        asked = [action for action in self._actions if action.required or not action.option_strings]
        groups = [g._group_actions for g in self._mutually_exclusive_groups if g.required]
        asked += [next((action for action in some if TRAINS.search(action.dest)), some[0])
                  for some in groups]  # fmt: skip
        return [word for action in asked for word in [*action.option_strings[:1], *_values(action)]]


def _values(asked: argparse.Action) -> list[str]:
    """What is typed for one argument; for one that has commands, the one that trains."""
    if isinstance(asked, argparse._SubParsersAction):
        names = list(asked.choices)
        name = next(filter(TRAINS.search, names), names[0])
        return [name, *asked.choices[name]._typed()]
    several = {None: 1, "+": len(TYPED_NUMBERS)}
    count = asked.nargs if isinstance(asked.nargs, int) else several.get(asked.nargs, 0)
    return [_value(asked, k) for k in range(count)]


def _value(asked: argparse.Action, k: int) -> str:
    """One of them: a choice, a number, or the name of a file."""
    if asked.choices:
        return str(next(iter(asked.choices)))
    if asked.type is int:
        return TYPED_NUMBERS[k] if asked.nargs else str(len(TYPED_NUMBERS))
    if asked.type is float:
        return "30" if PERCENTAGE.search(asked.dest) else "0.1"
    return f"{asked.dest}.csv"
