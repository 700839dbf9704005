"""What a command says: plain lines, warnings, progress bars."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from jaxmlp.text import clean, clean_lines

if TYPE_CHECKING:
    from jaxmlp.data.samples import Part, SampleSource


class QuietConsole(Console):
    """Whoever reads may stop (`| head`): the run goes on and is written all the same.

    What names hold that a terminal would obey is shown, not sent.
    """

    def __init__(self, *, stderr: bool = False):
        super().__init__(stderr=stderr, highlight=False, soft_wrap=True)

    def print(self, *objects: Any, **options: Any) -> None:
        """As Rich does, text as it is: nothing in it is markup."""
        shown = [clean_lines(part) if isinstance(part, str) else part for part in objects]
        super().print(*shown, **{"markup": False, **options})

    def on_broken_pipe(self) -> None:
        """Go on without a reader, where Rich would end the process."""
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def progress(console: Console, doing: str, units: str) -> Progress:
    """A bar that counts the units done, and goes when it is full; none where no terminal is.

    (FORCE_COLOR has Rich take a log for a terminal.)
    """
    disable = not console.file.isatty()
    columns = (BarColumn(), MofNCompleteColumn(), TextColumn(units), TimeRemainingColumn())
    words = TextColumn(doing)
    return Progress(words, *columns, console=console, transient=True, disable=disable)


def progress_aside(doing: str, units: str) -> Progress:
    """The same, on standard error."""
    return progress(Console(stderr=True), doing, units)


def reading_bar(files: list) -> Iterator:
    """The files, with a bar that counts those that were read."""
    with progress(QuietConsole(), "reading", "files") as bar:
        yield from bar.track(files)


def parts_of(samples: "SampleSource", console: Console, doing: str) -> Iterator["Part"]:
    """The samples, with a bar that shows how far they are done with."""
    with progress(console, doing, samples.unit) as bar:
        running = bar.add_task("", total=samples.total)
        for part in samples.parts:
            yield part
            bar.update(running, completed=samples.done())


def print_lines(console: Console, lines: dict[str, str]) -> None:
    """What each is, and a word for it in front."""
    for name, text in lines.items():
        console.print(f"{name:<11}{text}")


def print_written(console: Console, folder: Path) -> None:
    """Where the run is, and its files."""
    files = ", ".join(sorted(path.name for path in folder.iterdir()))
    console.print(f"written to {folder}: {files}")


def warn(text: str) -> None:
    """A line on standard error."""
    print("jaxmlp: warning:", clean(" ".join(text.split())), file=sys.stderr)
