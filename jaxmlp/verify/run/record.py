"""A file, run: what there is to judge in it, as plain data."""

from __future__ import annotations

import ast
import time
from typing import Any

from jaxmlp.verify.reading import notebook_cells, of_cells, parsed
from jaxmlp.verify.run.calls import uncalled
from jaxmlp.verify.run.program import Hooked, undefined, uses_numpy
from jaxmlp.verify.run.search import explored


def record(text: str, *, notebook: bool, path: str, seconds: float, seed: int) -> dict[str, Any]:
    """Run a file, and tape what it does to its parameters.

    Args:
        text: the file.
        notebook: whether it is one.
        path: its name, which its code is compiled with.
        seconds: that all of it may take.
        seed: of the stand-ins, and of the file's own random numbers.

    Returns:
        `recordings`: what there is to judge, each a tape; `errors`: (kind, line, text) of what
        stopped; `missing`: modules that are not there.
    """
    read = of_cells(notebook_cells(text)) if notebook else parsed(text)
    statements = [one for one in read if isinstance(one, ast.stmt)]
    tree = ast.Module(statements, [])
    unknown = undefined(tree)
    hooked = Hooked(numbers=not uses_numpy(tree)).visit(tree)
    body = ast.fix_missing_locations(hooked).body
    until = time.monotonic() + seconds
    return explored(body, uncalled(tree), path, unknown, until, seed)
