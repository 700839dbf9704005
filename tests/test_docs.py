"""README.md and docs/, in both languages: what is shown runs, alone, and prints what it says.

A block of Python runs as a file of its own; what it prints stands behind its `print`s. A block of
`console` runs in an empty folder, with the examples in it; what a command prints stands below it,
where … is anything, on a line of its own any lines. Numbers with a point agree to 10 %. A comment above a block says
what is special: <!-- slow: why -->, <!-- file: PATH --> for a block that is that file, or
<!-- elsewhere: what it needs --> for commands of `sh`, of which only the options are looked at.
"""

import ast
import contextlib
import functools
import inspect
import io
import os
import re
import runpy
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import jax
import pytest

import jaxmlp
from docs.site import pages
from jaxmlp.cli import COMMANDS, main

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("README*.md"), *ROOT.glob("docs/*.md"), ROOT / "experiments/README.md"])
BLOCK = re.compile(
    r"(?:^<!-- (?P<mark>file|slow|elsewhere): (?P<about>[^\n]*) -->\n)?^```(?P<language>\w*)\n(?P<text>.*?)^```$",
    re.M | re.S,
)
NUMBER = re.compile(r"(?<![\w.])[-−]?\d+\.\d+(?:e[-+]\d+)?(?![\w.])")


class Block(NamedTuple):
    """A block of code in a page."""

    page: Path
    language: str
    text: str
    mark: str | None
    about: str | None


def blocks(page: Path) -> list[Block]:
    found = BLOCK.finditer(page.read_text("utf-8"))
    return [Block(page, *each.group("language", "text", "mark", "about")) for each in found]


ALL = [block for page in PAGES for block in blocks(page)]


def cases(language: str) -> list:
    """What is to be run, each text once, by its page and what it begins with."""
    found = []
    once = {block.text: block for block in reversed(ALL) if block.mark != "file"}
    for block in reversed(once.values()):
        if block.language == language:
            name = f"{block.page.name}: {block.text.strip().splitlines()[0]}"
            marks = [pytest.mark.slow] if block.mark == "slow" else []
            found.append(pytest.param(block, id=re.sub(r"[^ -~]", "?", name), marks=marks))
    return found


@pytest.fixture
def place(tmp_path, monkeypatch):
    """An empty folder with docs/examples and docs/graders, and JAX as users have it."""
    for name in ("examples", "graders"):
        shutil.copytree(ROOT / "docs" / name, tmp_path / "docs" / name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.syspath_prepend(str(tmp_path / "docs/examples"))
    with (
        jax.enable_x64(False),
        jax.numpy_dtype_promotion("standard"),
        jax.numpy_rank_promotion("allow"),
    ):
        yield tmp_path


@pytest.mark.parametrize("block", cases("python"))
def test_python_prints_what_it_says(block, place, capsys):
    (place / "block.py").write_text(block.text, "utf-8")
    defined = runpy.run_path(str(place / "block.py"))
    for name, value in defined.items():
        if name.startswith("test_") and inspect.isfunction(value):
            value()
    assert_shown(re.findall(r"print\(.*\)  # (.*)", block.text), capsys.readouterr().out)


@pytest.mark.parametrize("block", cases("console"))
def test_commands_print_what_is_shown(block, place, monkeypatch, capfd):
    if (needed := re.search(r"needs (/\S+)", block.about or "")) and not Path(needed[1]).exists():
        pytest.skip(f"{needed[1]} is not there")
    monkeypatch.setenv("LC_ALL", "ja_JP.UTF-8" if block.page.name.endswith(".ja.md") else "C.UTF-8")
    for command, shown in steps(block.text):
        run(command)
        assert_shown(shown, capfd.readouterr().out)


def run(command: str) -> None:
    """The command; `verify` may end with 1."""
    word, *args = shlex.split(command)
    if word == "jaxmlp":
        assert main(args) in ((0, 1) if args[0] == "verify" else (0,)), command
        return
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    subprocess.run(command, shell=True, check=True, env=os.environ | {"PATH": path})


def steps(text: str) -> Iterator[tuple[str, list[str]]]:
    """Each command, without its $, and the lines that are shown below it."""
    for part in re.split(r"^\$ ", text, flags=re.M)[1:]:
        command, *shown = part.splitlines()
        yield command, shown


def assert_shown(shown: list[str], printed: str) -> None:
    """The lines that are shown are those that were printed."""
    pattern = "".join(r"(?:.*\n)*?" if line.strip() == "…" else as_pattern(line) for line in shown)
    text = "".join(f"{' '.join(line.split())}\n" for line in printed.rstrip().splitlines())
    found = re.fullmatch(pattern, text)
    assert found, f"shown:\n{pattern}\nprinted:\n{printed}"
    numbers = [float(n.replace("−", "-")) for line in shown for n in NUMBER.findall(line)]
    assert [float(n.replace("−", "-")) for n in found.groups()] == pytest.approx(numbers, rel=0.1)


def as_pattern(line: str) -> str:
    """A line as a pattern: spaces and … are free, and numbers are groups."""
    words = " ".join(line.split())
    between = [re.escape(each).replace("…", ".*") for each in NUMBER.split(words)]
    return r"([-−]?\d[\d.e+-]*)".join(between) + r"\n"


@pytest.mark.parametrize(
    ("shown", "printed", "agree"),
    [
        (["a", "…", "c 0.50"], "a\nb\nb\nc  0.52\n", True),
        (["a", "…"], "a\n", True),
        (["a … c"], "a b c\n", True),
        (["a"], "a\nb\n", False),
        (["c 0.50"], "c 0.60\n", False),
        (["line 9"], "line 10\n", False),
    ],
)
def test_what_is_shown_is_told_from_what_is_not(shown, printed, agree):
    if agree:
        assert_shown(shown, printed)
    else:
        with pytest.raises(AssertionError):
            assert_shown(shown, printed)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_are_run_or_it_is_said_where(page):
    assert all(block.mark == "elsewhere" for block in blocks(page) if block.language == "sh")
    others = {block.language for block in blocks(page)} - {"python", "console", "sh"}
    assert others <= {"", "dockerfile", "json", "toml", "yaml"}
    without = BLOCK.sub("", page.read_text("utf-8"))
    assert not re.search(r"^    (\S+=\S+ )*(jaxmlp|python|pip|docker) ", without, re.M)


@pytest.mark.parametrize("block", [b for b in ALL if b.mark == "file"], ids=lambda b: b.about)
def test_a_block_that_is_a_file_is_that_file(block):
    assert block.text == (ROOT / block.about).read_text("utf-8")


@pytest.mark.parametrize(
    "page", [p for p in PAGES if p.name.endswith(".ja.md")], ids=lambda p: p.name
)
def test_both_languages_have_the_same_code(page):
    english = page.with_name(page.name.replace(".ja.md", ".md"))
    assert [code(block) for block in blocks(page)] == [code(block) for block in blocks(english)]


def code(block: Block) -> tuple[str, str]:
    """What a reader types: without comments, and without what is printed."""
    if block.language == "console":
        return block.language, "\n".join(command for command, _ in steps(block.text))
    comment = r"^ *# .*\n" if block.language == "python" else r"#.*"
    return block.language, re.sub(comment, "", block.text, flags=re.M)


@functools.cache
def options(command: str) -> frozenset[str]:
    """The options that the command's help lists."""
    with contextlib.redirect_stdout(io.StringIO()) as shown, contextlib.suppress(SystemExit):
        main([command, "--help"])
    return frozenset(re.findall(r"--[a-z][a-z0-9-]*", shown.getvalue()))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_option_that_a_page_names_is_one(page):
    text = page.read_text("utf-8")
    for command, rest in re.findall(r"jaxmlp (\w+)((?: [^`|#\n]*)?)", text):
        if command in COMMANDS:
            assert set(re.findall(r" (--[a-z][a-z-]*)", rest)) <= options(command), rest
    alone = set(re.findall(r"`(--[a-z][a-z-]*)[^`]*`", text))
    assert alone <= frozenset(["--quick"]).union(*map(options, COMMANDS))  # of an experiment


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_no_link_is_dead(page):
    text = BLOCK.sub("", page.read_text("utf-8"))
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if "://" in target:
            continue
        name, _, anchor = target.partition("#")
        path = page.parent / name if name else page
        assert path.is_file(), target
        assert not anchor or anchor in anchors(path), target


def anchors(page: Path) -> set[str]:
    """The headings of a page, as they are linked to."""
    text = BLOCK.sub("", page.read_text("utf-8"))
    headings = re.findall(r"^#+ (.*)$", text, re.M)
    named = {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
    return named | set(re.findall(r'<a id="([^"]+)">', text))


def test_the_reference_has_every_public_name():
    text = (ROOT / "docs/api.md").read_text("utf-8")
    named = {line.split(".")[-1] for line in re.findall(r"^::: (jaxmlp\S*)$", text, re.M)}
    assert named == set(jaxmlp.__all__)


def test_the_pages_made_of_the_package_are_its_own():
    """`python -m docs.site.pages` writes them."""
    for name, text in pages.made().items():
        assert (ROOT / "docs" / name).read_text("utf-8") == text, name


def test_the_readmes_are_short():
    for page in ROOT.glob("README*.md"):
        assert len(page.read_text("utf-8").splitlines()) <= 150


def never_said() -> list[str]:
    """The third column of the glossary."""
    lines = (ROOT / "docs/glossary.md").read_text("utf-8").splitlines()
    rows = [line.split("|") for line in lines if line.startswith("| ")][1:]
    return [word for row in rows for word in row[3].split()]


@functools.cache
def japanese() -> dict[str, str]:
    """The Japanese of the pages, the package and the walk-through, by where it is."""
    shown = [*PAGES, *ROOT.glob("experiments/backprop_walkthrough/words.json")]
    found = {path.name: path.read_text("utf-8") for path in shown if path.name != "glossary.md"}
    for path in (ROOT / "jaxmlp").rglob("*.py"):
        nodes = ast.walk(ast.parse(path.read_text("utf-8")))
        texts = [node.value for node in nodes if isinstance(node, ast.Constant)]
        found[str(path)] = "\n".join(text for text in texts if isinstance(text, str))
    return found


@pytest.mark.parametrize("word", never_said())
def test_the_texts_keep_to_the_glossary(word):
    assert [where for where, text in japanese().items() if word in text] == []


PLAIN = re.compile(
    r"[^\n。]*(?:(?<![でま])す|である|(?<![まで])した|った|ない|(?<!しょ)う|[くぐつぬぶむる])。"
)


def test_sentences_are_polite():
    """です・ます: no sentence of the package ends in the plain form."""
    plain = {where: PLAIN.findall(text) for where, text in japanese().items()}
    assert {where: ends for where, ends in plain.items() if ends} == {}
