"""How good a network is, as the commands print it."""

from rich.console import Console

from jaxmlp.evaluate import Score


def print_score(console: Console, scored: Score, classes: tuple[str, ...] | None, what: str):
    """R², or the confusion matrix and the accuracy, of the samples that `what` calls them."""
    if scored.confusion is None:
        console.print(f"{what}R²: {scored.r2:.4f}")
        return
    console.print(f"confusion matrix of the {what}samples (rows: true class, columns: predicted)")
    width = max(map(len, (*classes, str(scored.confusion.max())))) + 1
    for head, cells in [("", classes), *zip(classes, scored.confusion, strict=True)]:
        row = "".join(f"{cell!s:>{width}}" for cell in cells)
        console.print(f"{head:>{width}} {row}", markup=False)
    console.print(f"{what}accuracy: {scored.accuracy:.4f}")
