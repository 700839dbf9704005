"""Text from elsewhere, made fit to be shown."""

import unicodedata
from collections.abc import Sequence


class Refused(ValueError):
    """What cannot be done, in both languages: `str` is the English one.

    Example:
        >>> why = Refused("expected a file", "ファイルが必要です")
        >>> str(why), why.ja
        ('expected a file', 'ファイルが必要です')
    """

    def __init__(self, en: str, ja: str):
        super().__init__(en)
        self.ja = ja


def clean(text: str) -> str:
    """On one line, what a terminal would obey as an escape: \\x1b for the byte that begins one.

    Example:
        >>> print(clean("a\\x1b[31mb\\u202e"))
        a\\x1b[31mb\\u202e
    """
    return "".join(map(_visible, text))


def clean_lines(text: str) -> str:
    """The same, where the text's own lines stay."""
    return "\n".join(map(clean, text.split("\n")))


def _visible(char: str) -> str:
    hidden = unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp") or char in "\ufffe\uffff"
    return char.encode("unicode_escape").decode() if hidden else char


def first_of(names: Sequence[str], most: int) -> str:
    """The first names, and … where there are more.

    Example:
        >>> first_of(["a", "b", "c"], 2)
        'a, b, …'
    """
    return ", ".join(names[:most]) + ", …" * (len(names) > most)


def listed(names: Sequence[str], most: int = 20) -> str:
    """The names; of many the first, and how many there are."""
    shown = ", ".join(map(clean, names[:most]))
    return f"{shown}, … ({len(names)})" if len(names) > most else shown
