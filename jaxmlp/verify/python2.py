"""Python 2 as Python 3: what of it stands in teaching material, each on its own line."""

import io
import re
import tokenize
from collections.abc import Iterator

CAUGHT = r"^([ \t]*except[ \t]+[\w.]+|[ \t]*except[ \t]*\([\w., \t]+\)),[ \t]*(\w+)[ \t]*:"
REPLACED = [(re.compile(old, re.M), new) for old, new in (
    (r"(?<![\w.])0([0-7]+)(?=[lL]?(?![\w.]))", r"0o\1"),
    (r"(?<![\w.])(0[xXo][\da-fA-F]+|\d+)[lL]\b", r"\1"),
    (CAUGHT, r"\1 as \2:"),
    (r"^([ \t]*raise[ \t]+[\w.]+),[ \t]*(.+)$", r"\1(\2)"),
    (r"^([ \t]*print)[ \t]*>>[ \t]*[\w.]+,", r"\1"),
    (r"`([^`\n]+)`", r"repr(\1)"),
    (r"<>", "!="),
    (r"([\w.\[\]]+)\.has_key\(([^()\n]+)\)", r"(\2 in \1)"),
    (r"\.iter(items|keys|values)\(\)", r".\1()"),
)]  # fmt: skip
INDENTATION = re.compile(r"^[ \t]+", re.M)
TAB = 8
BLANK_TOKENS = frozenset(
    (tokenize.INDENT, tokenize.DEDENT, tokenize.NL, tokenize.COMMENT, tokenize.NEWLINE)
)


def as_python_3(text: str) -> str:
    """The same with print as a function, `except E as e`, `raise E(…)`, 0o octals, repr(x) for what
    stands between backticks, and what else of it is written otherwise.

    Example:
        >>> as_python_3("if x:\\n    print 'a', b,\\nprint")
        "if x:\\n    print( 'a', b)\\nprint"
    """
    old = text
    for pattern, new in REPLACED:
        text = pattern.sub(new, text)
    lines = text.split("\n")
    for (row, column), (end_row, end_column) in reversed(list(_printed(text))):
        said = lines[end_row - 1][:end_column].rstrip().rstrip(",")
        lines[end_row - 1] = f"{said}){lines[end_row - 1][end_column:]}"
        lines[row - 1] = f"{lines[row - 1][:column]}({lines[row - 1][column:]}"
    newer = "\n".join(lines)
    return newer if newer == old else INDENTATION.sub(lambda tabs: tabs[0].expandtabs(TAB), newer)


def _printed(text: str) -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
    """Where what a print statement prints begins and ends."""
    tokens = list(_tokens(text))
    for number, (before, token, after) in enumerate(
        zip([None, *tokens], tokens, tokens[1:], strict=False)
    ):
        begins = before is None or before.type in BLANK_TOKENS or before.string in (":", ";")
        stated = token.string == "print" and begins and after.type not in BLANK_TOKENS
        if stated and after.string not in ("=", ".", ",", ")") and after.type != tokenize.ENDMARKER:
            rest = tokens[number + 1 :]
            ends = BLANK_TOKENS - {tokenize.NL}
            last = next((k for k, t in enumerate(rest) if t.type in ends or t.string == ";"), 0)
            if last and not _called(rest[:last]):
                yield token.end, rest[last - 1].end


def _called(tokens: list[tokenize.TokenInfo]) -> bool:
    """Whether brackets stand around all of it."""
    depth = 0
    for number, token in enumerate(tokens):
        depth += (token.string == "(") - (token.string == ")")
        if depth == 0:
            return number > 0 and number == len(tokens) - 1
    return True


def _tokens(text: str) -> Iterator[tokenize.TokenInfo]:
    try:
        yield from tokenize.generate_tokens(io.StringIO(text).readline)
    except (tokenize.TokenError, SyntaxError):
        return
