"""The progress bar of long work."""

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn


def progress(console: Console, doing: str, units: str, *, disable: bool = False) -> Progress:
    """A bar that counts the units done, and goes when it is full; none where no terminal is.

    (FORCE_COLOR has Rich take a log for a terminal.)
    """
    disable = disable or not console.file.isatty()
    columns = (BarColumn(), MofNCompleteColumn(), TextColumn(units), TimeRemainingColumn())
    words = TextColumn(doing)
    return Progress(words, *columns, console=console, transient=True, disable=disable)
