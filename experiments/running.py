"""What every experiment does beside its question: `--quick`, `--out`, progress, JSON and PNG.

An experiment is a function of (track, *, settings) that returns a `Finding`; its script's first
line is the question. `track(things, description=...)` is Rich's: the things, with a bar.
"""

import argparse
import inspect
import json
import os
import platform
import re
import time
from collections.abc import Callable, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import NamedTuple

import jax
import numpy as np
from matplotlib import colormaps, style
from matplotlib.figure import Figure
from rich.console import Console
from rich.progress import Progress

RESULTS = Path("experiments/results")
QUICK = Path("runs/quick")  # what --quick writes is no result


class Finding(NamedTuple):
    """What an experiment found.

    Attributes:
        answer: one sentence, made of the numbers.
        numbers: all that the figure shows; arrays are kept to six digits.
        figure: NAME.png.
        more: further figures, NAME-KEY.png.
        timings: what is not the same in a second run.
    """

    answer: str
    numbers: Mapping
    figure: Figure
    more: Mapping[str, Figure] = {}
    timings: Mapping = {}


def main(
    experiment: Callable[..., Finding], quick: Mapping, arguments: list[str] | None = None
) -> None:
    """Run it as a script: `python -m experiments.NAME [--quick] [--out DIR]`.

    Args:
        quick: settings for a run of a few seconds, in place of the function's own.
        arguments: in place of the command line's.
    """
    question = question_of(inspect.getmodule(experiment).__doc__)
    options = parsed(parser(question), arguments)
    chosen = {n: p.default for n, p in inspect.signature(experiment).parameters.items()}
    chosen = {n: default for n, default in chosen.items() if default is not inspect.Parameter.empty}
    chosen |= quick if options.quick else {}
    console, began = Console(), time.perf_counter()
    console.print(question)
    # Every script says its dtypes itself; colours that the colour-blind can tell apart.
    with jax.enable_x64(True), style.context("tableau-colorblind10"):
        with Progress(console=console, transient=True) as progress:
            found = experiment(progress.track, **chosen)
        used = sum(os.times()[:4])  # of its children, too
        seconds = {"seconds": time.perf_counter() - began, "processor seconds": used}
        name = Path(inspect.getfile(experiment)).stem
        write(options, name, record(found, question, chosen, seconds))
        for key, figure in {"": found.figure, **found.more}.items():
            figure.savefig(options.out / f"{name}{key and '-'}{key}.png", dpi=120)
    console.print(found.answer, f"({seconds['seconds']:.0f} s)")


def question_of(doc: str) -> str:
    """The first sentence of a script."""
    return " ".join(doc.partition("?")[0].split()) + "?"


def parser(question: str, quick: str = "small, in a few seconds") -> argparse.ArgumentParser:
    """The options that every experiment has.

    Args:
        quick: what --quick does.
    """
    made = argparse.ArgumentParser(description=question)
    made.add_argument("--quick", action="store_true", help=f"{quick}; to {QUICK}")
    made.add_argument("--out", type=Path, help=f"folder to write to, in place of {RESULTS}")
    return made


def parsed(parser: argparse.ArgumentParser, arguments: list[str] | None) -> argparse.Namespace:
    """What was given; a quick run is kept away from the results."""
    options = parser.parse_args(arguments)
    options.out = options.out or (QUICK if options.quick else RESULTS)
    kept = Path(__file__).parent / "results"
    if options.quick and options.out.resolve() == kept.resolve():
        parser.error(f"expected another folder than that of the results for --quick, got {kept}")
    return options


def write(options: argparse.Namespace, name: str, record: Mapping) -> None:
    """NAME.json, in which a quick run is called one."""
    options.out.mkdir(parents=True, exist_ok=True)
    record = {**record, "quick": True} if options.quick else record
    text = json.dumps(record, indent=1, ensure_ascii=False)
    text = re.sub(r"\[\n[^\[\]{}]*\]", lambda row: " ".join(row[0].split()), text)  # a row a line
    (options.out / f"{name}.json").write_text(text + "\n", encoding="utf-8")


def record(found: Finding, question: str, settings: Mapping, seconds: Mapping) -> dict:
    """All that a second run needs, and what came of it."""
    return plain(
        {"question": question, "answer": found.answer, "settings": settings, **made_by(),
         "numbers": found.numbers, "timings": seconds | dict(found.timings)}
    )  # fmt: skip


def made_by() -> dict:
    """The versions and the device."""
    device = f"{jax.devices()[0].device_kind}, {os.cpu_count()} cores, {platform.machine()}"
    return {"versions": versions(), "device": device}


def versions(*more: str) -> dict[str, str | None]:
    """Of what an experiment stands on; None for what is not there."""
    names = ("jaxmlp", "jax", "jaxlib", "optax", "numpy", "scikit-learn", *more)
    return {name: _version(name) for name in names} | {"python": platform.python_version()}


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def shades(count: int) -> np.ndarray:
    """Colours in order, from dark to light, that the colour-blind can tell apart."""
    return colormaps["viridis"](np.linspace(0, 0.9, count))


def plain(value):
    """As JSON has it: lists for arrays, six digits, None for what is not finite.

    Example:
        >>> plain({"errors": np.array([1 / 3, np.inf]), 8: True})
        {'errors': [0.333333, None], '8': True}
    """
    if isinstance(value, Mapping):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, np.ndarray | np.generic | jax.Array):
        return plain(np.asarray(value).tolist())
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    if isinstance(value, float):
        return float(f"{value:.6g}") if np.isfinite(value) else None
    return value
