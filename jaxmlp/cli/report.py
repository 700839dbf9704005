"""How good a network is, as the commands print it."""

import numpy as np
from rich.console import Console

from jaxmlp.evaluate import Score
from jaxmlp.plot import MOST_NUMBERED
from jaxmlp.text import clean

COMMON = 10  # pairs of classes that are told where there is no room for all


def print_score(
    console: Console, scored: Score, classes: tuple[str, ...] | None, what: str
) -> None:
    """R², or the confusion matrix and the accuracy, of the samples that `what` calls them."""
    if scored.accuracy is None:
        console.print(f"{what}R²: {scored.r2:.4f}")
        return
    if scored.confusion is not None:
        several = len(classes) > MOST_NUMBERED
        (_print_common if several else _print_matrix)(console, scored.confusion, classes, what)
    console.print(f"{what}accuracy: {scored.accuracy:.4f}")


def _print_matrix(
    console: Console, matrix: np.ndarray, classes: tuple[str, ...], part: str
) -> None:
    console.print(f"confusion matrix of the {part}samples (rows: true class, columns: predicted)")
    names = [clean(name) for name in classes]
    width = max(map(len, (*names, str(matrix.max())))) + 1
    for head, cells in [("", names), *zip(names, matrix, strict=True)]:
        row = "".join(f"{cell!s:>{width}}" for cell in cells)
        console.print(f"{head:>{width}} {row}")


def _print_common(
    console: Console, matrix: np.ndarray, classes: tuple[str, ...], part: str
) -> None:
    """Of many classes, those that are most often taken for one another."""
    wrong = matrix - np.diag(np.diag(matrix))
    most = np.argsort(-wrong, axis=None, kind="stable")[:COMMON]
    console.print(f"most common errors of the {part}samples ({len(classes)} classes)")
    for i, j in zip(*np.unravel_index(most, wrong.shape), strict=True):
        if wrong[i, j]:
            console.print(f"{wrong[i, j]:>6}  {classes[i]} taken for {classes[j]}")
