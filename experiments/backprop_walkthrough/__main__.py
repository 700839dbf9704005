"""What does one step of backpropagation do to every number of a network?

    python -m experiments.backprop_walkthrough [--quick] [--out DIR]

The answer is a page, backprop_walkthrough.html: a network of 2 inputs, 3 hidden units and 2
outputs, walked through forward and backward, number by number. It calculates by itself, so that
input, target, step size, weights and activation can be changed, and it compares itself with JAX
when it is opened. Beside it backprop_walkthrough.json has JAX's numbers, and
backprop_walkthrough.png is a picture of the page, which takes Chromium and is left out by --quick.
"""

import inspect
from pathlib import Path

from rich.console import Console

from experiments import running
from experiments.backprop_walkthrough import browser
from experiments.backprop_walkthrough.page import ACTIVATIONS, numbers, page, start

NAME = "backprop_walkthrough"


def main(arguments: list[str] | None = None) -> None:
    parser = running.parser(running.question_of(__doc__), "without the picture")
    options, console = running.parsed(parser, arguments), Console()
    at, html = start(), options.out / f"{NAME}.html"
    found = record({f: numbers(f, at) for f in ACTIVATIONS})
    running.write(options, NAME, found)
    html.write_text(page(at), encoding="utf-8")
    if not options.quick:
        picture(html, console)
    console.print(found["answer"], f"\nwritten to {html}", highlight=False)


def record(found: dict[str, dict[str, float]]) -> dict:
    return {
        "question": running.question_of(__doc__),
        "answer": answer(found),
        "settings": {n: p.default for n, p in inspect.signature(start).parameters.items()},
        **running.made_by(),
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
