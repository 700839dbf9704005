"""The figure of the estimators: accuracy, and seconds warm and cold, beside scikit-learn's."""

import numpy as np
from matplotlib.figure import Figure

COLORS = {
    "jaxmlp": "tab:red",
    "scikit-learn": "tab:gray",
    "scikit-learn, one thread": "lightgray",
}


def draw(found: dict) -> Figure:
    figure = Figure(figsize=(14, 4.5), layout="constrained")
    left, middle, right = figure.subplots(1, 3)
    _scores(left, found["accuracy"])
    _seconds(middle, found["warm"], "A fit, warm")
    _seconds(right, found["cold"], "A process from its start: imports, compilation, a fit")
    right.legend(loc="lower right", fontsize=8)
    return figure


def _scores(axes, accuracy: dict) -> None:
    """Each mean with its standard error; the two of a pair are one above the other."""
    for k, one in enumerate(accuracy.values()):
        for shift, (peer, mean) in zip((-0.15, 0.15), one["mean"].items(), strict=True):
            values = np.array(one["scores"][peer])
            error = values.std(ddof=1) / len(values) ** 0.5
            axes.errorbar(mean, k + shift, xerr=error, fmt="o", color=COLORS[peer], capsize=3)
            axes.text(mean, k + shift - 0.06, f"{mean:.4f}", ha="center", fontsize=7)
    axes.set_yticks(range(len(accuracy)), [name.replace("_", " ") for name in accuracy])
    axes.invert_yaxis()
    axes.set(title="Accuracy (R² for diabetes), 5 folds × 5 seeds", xlabel="mean ± standard error")
    axes.grid(axis="x", alpha=0.3)


def _seconds(axes, tasks: dict, title: str) -> None:
    peers = list(COLORS)
    for k, times in enumerate(tasks.values()):
        for j, peer in enumerate(peers):
            place = k + (j - 1) * 0.27
            label = peer if k == 0 else None
            axes.barh(place, times[peer], 0.25, color=COLORS[peer], label=label)
            axes.text(times[peer], place, f" {times[peer]:.3g}", va="center", fontsize=7)
    axes.set_yticks(range(len(tasks)), [n.replace("_", " ") for n in tasks])
    axes.invert_yaxis()
    axes.set_xscale("log")
    axes.set_xlim(right=3 * max(times[peer] for times in tasks.values() for peer in peers))
    axes.set(title=title, xlabel="seconds (log)")
    axes.title.set_fontsize(10)
