"""The Japanese of the pages and of the package keeps to docs/glossary.md."""

import ast
import functools
import re

import pytest

from .blocks import PAGES, ROOT

PLAIN = re.compile(
    r"[^\n。]*(?:(?<![でま])す|である|(?<![まで])した|った|ない|(?<!しょ)う|[くぐつぬぶむる])。"
)
GLOSSARY = ROOT / "docs/glossary.md"


def never_said() -> list[str]:
    """The third column of the glossary."""
    rows = [line.split("|") for line in GLOSSARY.read_text("utf-8").splitlines() if "|" in line]
    return [word for row in rows[2:] for word in row[3].split()]


@functools.cache
def texts() -> dict[str, str]:
    """The Japanese of the pages, the package and the walk-through, by where it is."""
    shown = [*PAGES, ROOT / "experiments/backprop_walkthrough/words.json"]
    found = {path.name: path.read_text("utf-8") for path in shown if path != GLOSSARY}
    for path in (ROOT / "jaxmlp").rglob("*.py"):
        nodes = ast.walk(ast.parse(path.read_text("utf-8")))
        said = [node.value for node in nodes if isinstance(node, ast.Constant)]
        found[str(path)] = "\n".join(text for text in said if isinstance(text, str))
    return found


def against(glossary: list[str], said: dict[str, str]) -> dict[str, list[str]]:
    """The words that are not to be said, by where they are."""
    found = {where: [word for word in glossary if word in text] for where, text in said.items()}
    return {where: words for where, words in found.items() if words}


def test_the_texts_keep_to_the_glossary():
    assert against(never_said(), texts()) == {}


def test_other_words_are_seen():
    said = {"here": "テストの正答率です。指定しない限り、", "there": "乱数の鍵と、言わない限り"}
    assert against(never_said(), said) == {
        "here": ["正答率"],
        "there": ["乱数の鍵", "言わない限り"],
    }


def test_sentences_are_polite():
    """です・ます: none ends in the plain form."""
    plain = {where: PLAIN.findall(text) for where, text in texts().items()}
    assert {where: ends for where, ends in plain.items() if ends} == {}


@pytest.mark.parametrize(
    ("text", "ends"),
    [("式が正しい。", 0), ("V である。", 1), ("更新する。", 1), ("更新した。", 1), ("更新します。", 0),
     ("誤りでした。", 0), ("誤りです。", 0), ("残る。次に進みます。", 1)],
)  # fmt: skip
def test_plain_sentences_are_seen(text, ends):
    assert len(PLAIN.findall(text)) == ends
