"""The figures of a training run, as matplotlib `Figure`s: nothing global is touched."""

import contextlib
import os
import re
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib import font_manager, rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter, NullLocator

from jaxmlp.train.fitted import Epoch

JAPANESE_FONTS = (
    "Noto Sans CJK JP",
    "IPAexGothic",
    "Hiragino Sans",
    "Yu Gothic",
    "Meiryo",
    "TakaoPGothic",
)

JAPANESE_FILES = re.compile(r"(?i)NotoSansCJK|ipaexg|Hiragino|ヒラギノ|YuGoth|meiryo|TakaoPGothic")
MOST_NUMBERED = 40  # with a number in each cell of a confusion matrix


@contextlib.contextmanager
def style() -> Iterator[list[str]]:
    """Fonts for names in any language, as far as the machine has them; boxes for the rest.

    Yields a list, in which what had to be drawn as a box is noted.
    """
    fonts = ["DejaVu Sans", *japanese_fonts()]
    missing: list[str] = []
    with rc_context({"font.family": fonts, "text.parse_math": False}), warnings.catch_warnings():
        warnings.filterwarnings("always", "Glyph .* missing from font")
        warnings.filterwarnings("ignore", "constrained_layout not applied")
        warnings.showwarning = _noted(missing, warnings.showwarning)
        yield missing


def _noted(missing: list[str], show: Callable) -> Callable:
    def showwarning(message: Any, *args: Any, **kwargs: Any) -> None:
        if "missing from font" not in str(message):
            return show(message, *args, **kwargs)
        return missing.append(str(message))

    return showwarning


def japanese_fonts() -> list[str]:
    """Those that there are; where matplotlib knows of none, from what has been installed since it
    looked, which it does only once."""
    known = {font.name for font in font_manager.fontManager.ttflist}
    if not known & {*JAPANESE_FONTS}:
        for path in font_manager.findSystemFonts():
            if JAPANESE_FILES.search(os.path.basename(path)):
                with contextlib.suppress(OSError, RuntimeError):
                    font_manager.fontManager.addfont(path)
        known = {font.name for font in font_manager.fontManager.ttflist}
    return [font for font in JAPANESE_FONTS if font in known]


def error_by_epoch(history: Sequence[Epoch], what: str) -> Figure:
    """Training and test error by epoch, the error's axis logarithmic.

    Args:
        what: the error's name, with its unit, for the axis.
    """
    figure, axes = _axes(6.4, 4.2)
    epochs = [e.epoch for e in history]
    axes.plot(epochs, [e.train_error for e in history], "o-", ms=3, label="training")
    if history[0].test_error is not None:
        axes.plot(epochs, [e.test_error for e in history], "s--", ms=3, label="test")
    _logarithmic(axes, np.array([e.train_error for e in history]))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set(xlabel="epoch", ylabel=what, title="Error by epoch")
    axes.grid(alpha=0.3, which="both")
    axes.legend()
    return figure


def bands(
    curves: Mapping[str, tuple[np.ndarray, np.ndarray]],
    x: str,
    y: str,
    logarithmic: bool = False,
    axes: Axes | None = None,
) -> Figure:
    """Medians with all between the quartiles shaded; what is not finite is left out.

    Args:
        curves: by label, the places on the x axis, and for each of them the values of all runs.
        x, y: the axes' names, with their units.
        logarithmic: whether the x axis is; the y axis is.
        axes: to draw on, in a figure of several; a figure of its own where not given.
    """
    axes = _axes(7.2, 4.6)[1] if axes is None else axes
    for label, (places, values) in curves.items():
        values = np.where(np.isfinite(values), values, np.nan)
        there = np.isfinite(values).any(axis=1)
        low, middle, high = np.nanquantile(values[there], (0.25, 0.5, 0.75), axis=1)
        (line,) = axes.plot(places[there], middle, "o-", ms=3, label=label or None)
        axes.fill_between(places[there], low, high, alpha=0.2, color=line.get_color())
    values = np.concatenate([values.ravel() for _, values in curves.values()])
    _logarithmic(axes, values[np.isfinite(values)])
    if logarithmic:
        ticks = sorted({float(place) for places, _ in curves.values() for place in places})
        axes.set_xscale("log")
        axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
        axes.xaxis.set_minor_locator(NullLocator())
    axes.set(xlabel=x, ylabel=y, title="Median of the seeds; shaded: between the quartiles")
    axes.grid(alpha=0.3, which="both")
    if any(curves):
        axes.legend(fontsize=8)
    return axes.figure  # type: ignore[return-value]


def confusion(matrix: np.ndarray, classes: Sequence[str]) -> Figure:
    """The confusion matrix as a heat map: rows the true class, columns the predicted (L25).

    Beyond `MOST_NUMBERED` it has no numbers, and names at some of its rows and columns; it stays
    on a page.
    """
    m, few = len(matrix), len(matrix) <= MOST_NUMBERED
    side = min(2.6 + 0.45 * m, 9.0)
    figure, axes = _axes(side, side)
    axes.imshow(matrix if few else np.log1p(matrix), cmap="Blues")  # where most are 0 or a few
    for (i, j), count in np.ndenumerate(matrix) if few else ():
        shade = "white" if count > matrix.max() / 2 else "black"
        axes.text(
            j, i, str(count), ha="center", va="center", color=shade, fontsize=9 if m <= 14 else 5
        )
    ticks = range(0, m, 1 if few else -(-m // 25))
    names = [_short(classes[k], 16) for k in ticks]
    long = max(map(len, names)) > 3
    axes.set_xticks(ticks, names, rotation=45 if long else 0, ha="right" if long else "center")
    axes.set_yticks(ticks, names)
    right = np.trace(matrix) / matrix.sum()
    axes.set(xlabel="predicted class", ylabel="true class", title=f"{right:.2%} right")
    return figure


def misclassified(
    images: np.ndarray,
    true: np.ndarray,
    predicted: np.ndarray,
    classes: Sequence[str],
    most: int = 40,
) -> Figure:
    """The first images (n, height, width) that were misclassified, each titled "i to j"."""
    wrong = np.flatnonzero(true != predicted)
    shown, columns = wrong[:most], 8
    rows = max(1, -(-len(shown) // columns))
    figure = Figure(figsize=(1.35 * columns, 1.6 * rows + 0.6), layout="constrained")
    grid = figure.subplots(rows, columns, squeeze=False).ravel()
    for axes in grid:
        axes.axis("off")
    for axes, k in zip(grid, shown, strict=False):
        axes.imshow(images[k], cmap="gray_r")
        i, j = (_short(classes[c], 8) for c in (true[k], predicted[k]))
        axes.set_title(f"{i} to {j}", fontsize=9 if len(i + j) < 8 else 6)
    rest = f", the first {most} shown" if len(wrong) > most else ""
    figure.suptitle(f"{len(wrong)} of {len(true)} misclassified{rest}")
    return figure


def predictions(Y: np.ndarray, G: np.ndarray) -> Figure:
    """Predicted against true values of a regression, (n, m) each, one panel an output."""
    m = Y.shape[1]
    figure = Figure(figsize=(4.2 * m, 4.2), layout="constrained")
    for k, axes in enumerate(figure.subplots(1, m, squeeze=False)[0]):
        axes.scatter(Y[:, k], G[:, k], s=12, alpha=0.7)
        axes.axline((Y[:, k].mean(), Y[:, k].mean()), slope=1, color="gray", lw=1)
        name = f"output {k + 1}" if m > 1 else "target"
        axes.set(xlabel=f"true {name} (its own unit)", ylabel=f"predicted {name} (its own unit)")
        axes.grid(alpha=0.3)
    return figure


def _short(name: str, most: int) -> str:
    return name if len(name) <= most else name[: most - 1] + "…"


def _logarithmic(axes: Axes, values: np.ndarray) -> None:
    """A logarithmic y axis with plain numbers, where the values are above 0 and far apart."""
    if len(values) and 0 < 3 * values.min() < values.max():
        axes.set_yscale("log")
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
        axes.yaxis.set_minor_formatter(NullFormatter())


def _axes(width: float, height: float) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, figure.subplots()
