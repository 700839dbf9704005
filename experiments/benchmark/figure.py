"""The benchmark's figure: each workload's peers, and the cost as work grows."""

import itertools
import re

import numpy as np
from matplotlib.figure import Figure

SHORT = {"C, skipping units that are off": "C, skipping"}
ACROSS = 3  # workloads in a row
ROOM = 0.5  # for the longest bar's number, of its length
JAPANESE = {
    "exercise": "課題",
    "digits": "数字",
    "one at a time": "1 サンプルずつ",
    "batches of": "バッチサイズ",
    "networks": "個のネットワーク",
    "NumPy script": "NumPy スクリプト",
    "PyTorch, compiled": "PyTorch (コンパイル)",
    "PyTorch, CUDA graphs": "PyTorch (CUDA グラフ)",
    "C, skipping": "C (0 を飛ばす)",
    "µs a sample": "1 サンプルあたりの µs",
    "seconds an epoch": "1 エポックの秒数",
    "n (samples)": "n (サンプル数)",
    "d (inputs)": "d (入力数)",
    "q (hidden units)": "q (中間層のユニット数)",
    "networks (number)": "ネットワークの数",
    "Training: µs a sample, the products' limit dashed": "学習: 1 サンプルあたりの µs。"
    "破線は行列積の限界",
    "An epoch of jaxmlp, one sample at a time, as work grows; dashed: linear": "仕事が増えたときの "
    "jaxmlp の 1 エポック (1 サンプルずつ)。破線は比例",
}
SIZES = {"n": "n (samples)", "d": "d (inputs)", "q": "q (hidden units)"}


def draw(found: dict, lang: str = "en") -> Figure:
    """Microseconds a sample by workload above, seconds an epoch as work grows below, if it did."""
    if not found["growing"]:
        figure = Figure(figsize=(10.5, 9.5), layout="constrained")
        _workloads(figure, found["workloads"], lang)
        return figure
    figure = Figure(figsize=(10.5, 12.5), layout="constrained")
    above, below = figure.subfigures(2, 1, height_ratios=(3.6, 1))
    _workloads(above, found["workloads"], lang)
    for k, axes in enumerate(below.subplots(1, len(found["growing"]))):
        name, points = list(found["growing"].items())[k]
        _growth(axes, *np.array(points, float).T)
        axes.set_xlabel(said(SIZES.get(name, f"{name} (number)"), lang))
        axes.set_ylabel("" if k else said("seconds an epoch", lang))
    title = "An epoch of jaxmlp, one sample at a time, as work grows; dashed: linear"
    below.suptitle(said(title, lang))
    return figure


def said(words: str, lang: str) -> str:
    """The name of a workload or a peer, or a label, in a language."""
    if lang == "en" or words in JAPANESE:
        return words if lang == "en" else JAPANESE[words]
    parts = [JAPANESE.get(part, part) for part in re.split(r"(, | (?=\d)|(?<=\d) )", words)]
    return "".join("、" if part == ", " else part for part in parts)


def _workloads(above, workloads: dict, lang: str) -> None:
    rows = [list(group) for _, group in itertools.groupby(workloads, key=_kind)]
    grid = above.subplots(len(rows), ACROSS, squeeze=False)
    for row, names in zip(grid, rows, strict=True):
        for axes, name in itertools.zip_longest(row, names):
            if name is None:
                axes.set_axis_off()
            else:
                _bars(axes, workloads[name], lang)
                axes.set_title(said(name, lang), fontsize=10)
    above.suptitle(said("Training: µs a sample, the products' limit dashed", lang))


def _kind(workload: str) -> str:
    """What stands in one row: single networks one at a time, batches of a size, many networks."""
    first, _, how = workload.partition(", ")
    return first if "batches" in how else "one" if "one" in how else "many"


def _bars(axes, one: dict, lang: str) -> None:
    times = one["microseconds"]
    names = list(times)[::-1]
    colors = ["tab:red" if n == "jaxmlp" else "tab:gray" for n in names]
    peers = [said(SHORT.get(n, n), lang) for n in names]
    axes.barh(peers, [times[n] for n in names], color=colors)
    axes.axvline(one["limit"], ls="--", color="black", lw=1)
    axes.set_xscale("log")
    for k, n in enumerate(names):
        axes.text(times[n], k, f" {three_digits(times[n])}", va="center", fontsize=9)
    least, most = np.floor(np.log10(one["limit"])), np.log10(max(times.values()))
    axes.set_xlim(10**least, 10 ** (most + ROOM * (most - least)))
    axes.minorticks_off()
    axes.xaxis.set_major_formatter("{x:.7g}")
    axes.set_xlabel(said("µs a sample", lang))
    axes.tick_params(labelsize=9)


def three_digits(value: float) -> str:
    """0.692, 25, 1,303: as many digits as tell times apart."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _growth(axes, sizes, seconds) -> None:
    axes.loglog(sizes, seconds, "o-", color="tab:red")
    axes.loglog(sizes, seconds[0] * sizes / sizes[0], "--", color="black", lw=1)
    axes.xaxis.set_major_formatter("{x:g}")
    axes.yaxis.set_major_formatter("{x:g}")
    axes.tick_params(labelsize=9)
    axes.grid(alpha=0.3)
