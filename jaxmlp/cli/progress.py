"""The progress bar of long work."""

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn


def progress(console: Console, doing: str, units: str, *, disable: bool = False) -> Progress:
    """A bar that counts the units done, and goes when it is full."""
    columns = (BarColumn(), MofNCompleteColumn(), TextColumn(units), TimeRemainingColumn())
    words = TextColumn(doing)
    return Progress(words, *columns, console=console, transient=True, disable=disable)
