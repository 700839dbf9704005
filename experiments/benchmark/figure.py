"""The benchmark's figure: each workload's peers, and the cost as work grows."""

import itertools

import numpy as np
from matplotlib.figure import Figure

SHORT = {"C, skipping units that are off": "C, skipping"}
ACROSS = 3  # workloads in a row
ROOM = 0.5  # for the longest bar's number, of its length


def draw(found: dict) -> Figure:
    """Microseconds a sample by workload above, seconds an epoch as work grows below, if it did."""
    if not found["growing"]:
        figure = Figure(figsize=(10.5, 9.5), layout="constrained")
        _workloads(figure, found["workloads"])
        return figure
    figure = Figure(figsize=(10.5, 12.5), layout="constrained")
    above, below = figure.subfigures(2, 1, height_ratios=(3.6, 1))
    _workloads(above, found["workloads"])
    for k, axes in enumerate(below.subplots(1, len(found["growing"]))):
        name, points = list(found["growing"].items())[k]
        _growth(axes, name, *np.array(points, float).T)
        axes.set_ylabel("" if k else "seconds an epoch")
    below.suptitle("An epoch of jaxmlp, one sample at a time, as work grows; dashed: linear")
    return figure


def _workloads(above, workloads: dict) -> None:
    rows = [list(group) for _, group in itertools.groupby(workloads, key=_kind)]
    grid = above.subplots(len(rows), ACROSS, squeeze=False)
    for row, names in zip(grid, rows, strict=True):
        for axes, name in itertools.zip_longest(row, names):
            if name is None:
                axes.set_axis_off()
            else:
                _bars(axes, name, workloads[name])
    above.suptitle("Training: µs a sample, the products' limit dashed")


def _kind(workload: str) -> str:
    """What stands in one row: single networks one at a time, batches of a size, many networks."""
    first, _, how = workload.partition(", ")
    return first if "batches" in how else "one" if "one" in how else "many"


def _bars(axes, name: str, one: dict) -> None:
    times = one["microseconds"]
    names = list(times)[::-1]
    colors = ["tab:red" if n == "jaxmlp" else "tab:gray" for n in names]
    axes.barh([SHORT.get(n, n) for n in names], [times[n] for n in names], color=colors)
    axes.axvline(one["limit"], ls="--", color="black", lw=1)
    axes.set_xscale("log")
    for k, n in enumerate(names):
        axes.text(times[n], k, f" {three_digits(times[n])}", va="center", fontsize=9)
    least, most = np.floor(np.log10(one["limit"])), np.log10(max(times.values()))
    axes.set_xlim(10**least, 10 ** (most + ROOM * (most - least)))
    axes.minorticks_off()
    axes.xaxis.set_major_formatter("{x:g}")
    axes.set(title=name, xlabel="µs a sample")
    axes.title.set_fontsize(10)
    axes.tick_params(labelsize=9)


def three_digits(value: float) -> str:
    """0.692, 25, 1,303: as many digits as tell times apart."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _growth(axes, name: str, sizes, seconds) -> None:
    axes.loglog(sizes, seconds, "o-", color="tab:red")
    axes.loglog(sizes, seconds[0] * sizes / sizes[0], "--", color="black", lw=1)
    axes.set_xlabel(f"{name} (number)")
    axes.xaxis.set_major_formatter("{x:g}")
    axes.yaxis.set_major_formatter("{x:g}")
    axes.tick_params(labelsize=9)
    axes.grid(alpha=0.3)
