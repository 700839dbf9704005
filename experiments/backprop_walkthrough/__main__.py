"""What does one step of backpropagation do to every number of a network?

    python -m experiments.backprop_walkthrough [--quick] [--out DIR]

The answer is a page, backprop_walkthrough.html: a network of 2 inputs, 3 hidden units and 2
outputs, walked through forward and backward, number by number. It calculates by itself, so that
input, target, step size, weights and activation can be changed, and it compares itself with JAX
when it is opened. Beside it backprop_walkthrough.json has JAX's numbers, and
backprop_walkthrough.png is a picture of the page, which takes Chromium and is left out by --quick.
"""

import argparse
import inspect
import json
import os
import platform
from importlib.metadata import version
from pathlib import Path

import jax
from rich.console import Console

from experiments.backprop_walkthrough import browser
from experiments.backprop_walkthrough.page import ACTIVATIONS, numbers, page, start

NAME = "backprop_walkthrough"


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="without the picture")
    parser.add_argument("--out", type=Path, default=Path("experiments/results"))
    options, console = parser.parse_args(arguments), Console()
    options.out.mkdir(parents=True, exist_ok=True)
    at, html = start(), options.out / f"{NAME}.html"
    html.write_text(page(at), encoding="utf-8")
    found = record({f: numbers(f, at) for f in ACTIVATIONS})
    text = json.dumps(found, indent=1, ensure_ascii=False)
    html.with_suffix(".json").write_text(text + "\n", encoding="utf-8")
    if not options.quick:
        picture(html, console)
    console.print(found["answer"], f"\nwritten to {html}", highlight=False)


def record(found: dict[str, dict[str, float]]) -> dict:
    names = ("jaxmlp", "jax", "jaxlib", "numpy")
    return {
        "question": __doc__.partition("\n")[0],
        "answer": answer(found),
        "settings": {n: p.default for n, p in inspect.signature(start).parameters.items()},
        "versions": {n: version(n) for n in names} | {"python": platform.python_version()},
        "device": f"{jax.devices()[0].device_kind}, {os.cpu_count()} cores, {platform.machine()}",
        "numbers": found,
    }


def answer(found: dict[str, dict[str, float]]) -> str:
    falls = ", ".join(f"{n['E']:.3f} → {n['next_E']:.3f} ({f})" for f, n in found.items())
    return (
        "It carries the error back along the arrows that the input came by, and moves each weight "
        f"against δ at its arrow's head times the value at its tail: E goes {falls}."
    )


def picture(html: Path, console: Console) -> None:
    """The page at a step of the way back."""
    if not browser.there():
        console.print("no picture: no chromium on the path")
        return
    png = html.with_suffix(".png").resolve()
    still = "--force-prefers-reduced-motion"
    browser.run(
        html, still, f"--screenshot={png}", "--window-size=1280,760", fragment="lang=en&step=10"
    )


if __name__ == "__main__":
    main()
