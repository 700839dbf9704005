"""The blocks of code in README.md and docs/, in both languages.

A comment above a block says what is special about it: <!-- slow: why -->, <!-- file: PATH --> where
it is that file, <!-- elsewhere: what it needs --> where it cannot run here.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("README*.md"), *ROOT.glob("docs/*.md"), ROOT / "experiments/README.md"])
BLOCK = re.compile(
    r"(?:^<!-- (?P<mark>file|slow|elsewhere): (?P<about>[^\n]*) -->\n)?"
    r"^```(?P<language>\w*)\n(?P<text>.*?)^```$",
    re.M | re.S,
)


class Block(NamedTuple):
    """A block of code in a page."""

    page: Path
    language: str
    text: str
    mark: str | None
    about: str | None

    @property
    def typed(self) -> str:
        """What a reader types: without comments, and without what is printed."""
        if self.language == "console":
            return "\n".join(command for command, _ in steps(self.text))
        comment = r"^ *# .*\n" if self.language == "python" else r"#.*"
        return re.sub(comment, "", self.text, flags=re.M)

    @property
    def japanese(self) -> bool:
        return self.page.name.endswith(".ja.md")


def blocks(page: Path) -> list[Block]:
    found = BLOCK.finditer(page.read_text("utf-8"))
    return [Block(page, *each.group("language", "text", "mark", "about")) for each in found]


def prose(page: Path) -> str:
    """The page without its blocks."""
    return BLOCK.sub("", page.read_text("utf-8"))


def steps(text: str) -> Iterator[tuple[str, list[str]]]:
    """Each command, without its $, and the lines that are shown below it."""
    for part in re.split(r"^\$ ", text, flags=re.M)[1:]:
        command, *shown = part.splitlines()
        yield command, shown


ALL = [block for page in PAGES for block in blocks(page)]
