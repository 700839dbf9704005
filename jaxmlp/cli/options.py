"""A command's options: a dataclass of settings, read from the command line."""

import contextlib
import io
import re
from dataclasses import fields
from typing import Any

import tyro

from jaxmlp.cli import did_you_mean


def parse_options(
    kind: type, command: str, args: list[str], default: object = tyro.MISSING_NONPROP
) -> Any:
    """A dataclass of settings, as the command line has it.

    Raises:
        ValueError: one line that says what cannot be read.
        SystemExit: after --help.
    """
    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said):
            return tyro.cli(kind, prog=f"jaxmlp {command}", args=args, default=default)
    except SystemExit as stop:
        if not stop.code:
            raise
    why = _first_lines(said.getvalue())
    unknown = re.search(r"^Unrecognized options: (--[\w-]+)", why)
    known = [f"--{field.name.replace('_', '-')}" for field in fields(kind)]
    raise ValueError(why + (did_you_mean(unknown[1], known) if unknown else ""))


def _first_lines(box: str) -> str:
    """The message at the top of the box that tyro draws, as one line."""
    lines = [line.strip("│| ╭╮╰╯+") for line in box.splitlines()]
    rules = [i for i, line in enumerate(lines) if line.endswith(("───", "---"))]
    first = rules[0] + 1 if rules and rules[0] <= 1 else 0  # after the title
    last = next((i for i in rules if i >= first), len(lines))
    return " ".join(filter(None, lines[first:last]))
