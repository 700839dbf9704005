"""The benchmark's figure: each workload's peers, and the cost as work grows."""

import numpy as np
from matplotlib.figure import Figure

SHORT = {"C, skipping units that are off": "C, skipping"}


def draw(found: dict) -> Figure:
    """Microseconds a sample by workload above, seconds an epoch as work grows below."""
    figure = Figure(figsize=(13, 11), layout="constrained")
    above, below = figure.subfigures(2, 1, height_ratios=(1.7, 1))
    workloads = found["workloads"]
    for axes, (name, one) in zip(above.subplots(2, 5).ravel(), workloads.items(), strict=False):
        _bars(axes, name, one)
    above.suptitle("Training: µs a sample, the products' limit dashed")
    for axes, (name, points) in zip(below.subplots(1, 4), found["growing"].items(), strict=True):
        _growth(axes, name, *np.array(points, float).T)
    below.suptitle("An epoch of jaxmlp, one sample at a time, as work grows; dashed: linear")
    return figure


def _bars(axes, name: str, one: dict) -> None:
    times = one["microseconds"]
    names = list(times)[::-1]
    colors = ["tab:red" if n == "jaxmlp" else "tab:gray" for n in names]
    axes.barh([SHORT.get(n, n) for n in names], [times[n] for n in names], color=colors)
    axes.axvline(one["limit"], ls="--", color="black", lw=1)
    axes.set_xscale("log")
    for k, n in enumerate(names):
        axes.text(times[n], k, f" {times[n]:.3g}", va="center", fontsize=7)
    axes.set_xlim(right=max(times.values()) * 5)
    axes.set(title=name, xlabel="µs a sample")
    axes.title.set_fontsize(9)
    axes.tick_params(labelsize=7)


def _growth(axes, name: str, sizes, seconds) -> None:
    axes.loglog(sizes, seconds, "o-", color="tab:red")
    axes.loglog(sizes, seconds[0] * sizes / sizes[0], "--", color="black", lw=1)
    axes.set(xlabel=f"{name} (number)", ylabel="seconds an epoch")
    axes.grid(alpha=0.3)
