"""What there is to judge in a file: its own steps, those of programs that import it, and calls."""

import time
from typing import Any

from jaxmlp.verify.run.code import Code
from jaxmlp.verify.run.left import RunStart
from jaxmlp.verify.run.search import Search
from jaxmlp.verify.run.uncalled import Uncalled

LIKELIEST_SHARE = 0.7  # of the time for the programs that import a file, for the likeliest
FOR_THE_REST = 0.4  # of the time: for what a file only defines, and for what else it names


def explored(
    code: Code, uncalled: list[Uncalled], importers: list[Code], until: float, seed: int,
    start: RunStart | None = None,
) -> dict[str, Any]:  # fmt: skip
    """What there is to judge in a file: its own steps, and what its functions do beside these.

    With programs that import it, where it makes no step itself, those that they make.
    """
    search = Search(code, _part(until, uncalled), seed, start)
    recordings, importer = [search.worlds(None)], ""
    stopped, errors, guessed = None, search.errors, search.guessed
    goes_back = recordings[0] and any(one.back and one.is_run_by(recordings) for one in uncalled)
    makes_step = lambda: goes_back or any(one["moves"] for one in recordings[0])  # noqa: E731
    if importers and not makes_step():
        made, importer = _imported(importers, code.path, _part(until, uncalled), seed)
        recordings[0] = made or recordings[0]
    learning = [one for one in uncalled if one.learns]
    if recordings[0] and learning and not makes_step():
        recordings += _of_calls(search, learning, until)  # it only predicts
    elif recordings[0]:
        search.until = until
        recordings += search.of_all([one for one in uncalled if one.back], recordings)
    else:
        stopped = search.farthest
        recordings = _of_calls(search, uncalled, until)
    return {
        "recordings": [worlds for worlds in recordings if worlds],
        "errors": stopped[2] if stopped else errors, "missing": sorted(set(search.missing)),
        "guessed": guessed, "farthest": stopped[1]._asdict() if stopped else {},
        "importer": importer,
    }  # fmt: skip


def _imported(
    importers: list[Code], path: str, until: float, seed: int
) -> tuple[list[dict[str, Any]], str]:
    """The steps that programs make with a file that they import, or the gradient that they hand to
    an optimiser, and which program; of the first in which the file has a part, and before which
    nothing failed, if there is one."""
    fallback: tuple[list[dict[str, Any]], str] = [], ""
    for k, code in enumerate(importers, 1):
        now = time.process_time()
        share = LIKELIEST_SHARE if k < len(importers) else 1.0
        search = Search(code, now + share * (until - now), seed, judged=path)
        made = [world for world in search.worlds(None)
                if (world["moves"] or world["name"]) and world["lines"]]  # fmt: skip
        fallback = fallback if fallback[0] else (made, code.path)
        if made and not search.errors:
            return made, code.path
    return fallback if fallback[0] else ([], "")


def _of_calls(search: Search, uncalled: list[Uncalled], until: float) -> list[list[dict[str, Any]]]:
    """What functions do: those that nothing in the file names, then those that did not run, what
    calls others before these."""
    names = {callee.name for callee in uncalled}
    # Those first while there is time.
    uncalled = sorted(uncalled, key=lambda callee: (not callee.first, -len(names & callee.names)))
    used = [callee for callee in uncalled if callee.used]
    search.until = _part(until, used)
    recordings = search.of_all([callee for callee in uncalled if not callee.used])
    search.until = until
    return recordings + search.of_all(used, recordings or [[]])


def _part(until: float, after: list[Uncalled]) -> float:
    """When to stop, so that there is time for what comes after, if something does."""
    now = time.process_time()
    return until - FOR_THE_REST * (until - now) if after else until
