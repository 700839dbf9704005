"""The study's figure: how often each mistake is named, alone and in pairs; and by depth."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from experiments.checker_study.by_depth import DEPTHS

QUANTITIES = ("u", "fu", "z", "a", "delta2", "dV", "delta1", "dW", "share")
SHOWN = {"u": "u", "fu": "f(u)", "z": "z", "a": "a", "delta2": "δ2", "dV": "∂E/∂V"} | {
    "delta1": "δ1",
    "dW": "∂E/∂W",
    "share": "∂E/∂V, ∂E/∂W",
}


def draw(
    singles: Mapping[str, Mapping], pairs: Mapping[str, Mapping], found: Mapping, path: Path
) -> None:
    """Bars of the single mistakes, a heat map of the pairs, and one of what was found by depth.

    Args:
        singles: by id, {"tried", "named"}.
        pairs: by "id + id", likewise.
        found: all parts.
    """
    figure = Figure(figsize=(9, 14), layout="constrained")
    above, middle, below = figure.subplots(3, 1, height_ratios=(1, 1.9, 0.6))
    _bars(above, singles)
    _map(middle, *_by_quantity(pairs))
    _depths(below, found)
    figure.savefig(path, dpi=110)


def _bars(axes, singles: Mapping[str, Mapping]) -> None:
    """A bar for each quantity, with the mistakes in it that are not always named."""
    names = [SHOWN[q] for q in QUANTITIES]
    for at, quantity in enumerate(QUANTITIES):
        its = {id: one for id, one in singles.items() if id.partition("/")[0] == quantity}
        tried, named = (sum(one[what] for one in its.values()) for what in ("tried", "named"))
        missed = [id.partition("/")[2] for id, one in its.items() if one["named"] < one["tried"]]
        share = named / tried if tried else 0
        axes.barh(at, share, color="C1" if missed else "C0")
        text = f" {named} of {tried}, {len(its)} mistake{'s' * (len(its) != 1)}"
        axes.text(share, at, "\nnot always ".join([text, *missed[:1]]), va="center", fontsize=9)
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.set_xlim(0, 1.45)
    axes.set_xticks(np.linspace(0, 1, 6))
    axes.set_xlabel("share of the derivations in which the mistake is named")
    axes.set_ylabel("quantity of the mistake")
    axes.set_title("one mistake (orange: not always named)")


def _by_quantity(pairs: Mapping[str, Mapping]) -> tuple[np.ndarray, np.ndarray]:
    """How many pairs were tried and how many of them named, by the two quantities."""
    tried, named = np.zeros((2, len(QUANTITIES), len(QUANTITIES)), int)
    for ids, count in pairs.items():
        places = [QUANTITIES.index(id.partition("/")[0]) for id in ids.split(" + ")]
        i, j = max(places), min(places)
        tried[i, j] += count["tried"]
        named[i, j] += count["named"]
    return tried, named


def _shares(axes, tried: np.ndarray, counted: np.ndarray, **image) -> None:
    shares = np.divide(counted, tried, out=np.full(tried.shape, np.nan), where=tried > 0)
    axes.imshow(shares, vmin=0, vmax=1, cmap="viridis", **image)
    for (i, j), share in np.ndenumerate(shares):
        if tried[i, j]:
            colour = "white" if share < 0.6 else "black"
            text = f"{share:.0%}\nof {tried[i, j]}"
            axes.text(j, i, text, ha="center", va="center", color=colour, fontsize=8)


def _depths(axes, found: Mapping[str, Mapping]) -> None:
    """Of each depth, the shares of the mistakes that were refused, named, and at their line."""
    rows = [(way, what) for way in ("as a file", "by check()")
            for what in ("found wrong", "named", "at its line")][:-1]  # fmt: skip
    parts = [[found[f"one mistake, depth {n}, {way}"] for n in DEPTHS] for way, _ in rows]
    tried = np.array([[part["tried"] for part in row] for row in parts])
    counted = [[part[what] for part in row] for row, (_, what) in zip(parts, rows, strict=True)]
    _shares(axes, tried, np.array(counted), aspect="auto")
    axes.set_xticks(range(len(DEPTHS)), DEPTHS)
    axes.set_yticks(range(len(rows)), [f"{what}, {way}" for way, what in rows])
    axes.set_xlabel("number of weight matrices")
    axes.set_ylabel("what became of it")
    axes.set_title("one mistake in one layer, by depth")


def _map(axes, tried: np.ndarray, named: np.ndarray) -> None:
    _shares(axes, tried, named)
    names = [SHOWN[q] for q in QUANTITIES]
    axes.set_xticks(range(len(names)), names, rotation=45, ha="right")
    axes.set_yticks(range(len(names)), names)
    axes.set_xlabel("quantity of one mistake")
    axes.set_ylabel("quantity of the other mistake")
    axes.set_title("two mistakes: share in which both are named")
