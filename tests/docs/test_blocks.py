"""What is shown runs, alone, and prints what it says.

A block of Python runs as a file of its own; what it prints stands behind its `print`s. A block of
`console` runs in a folder that has the examples and nothing else; what a command prints stands below
it, where … is anything, and on a line of its own any lines. Numbers with a point agree to 10 %.
"""

import inspect
import os
import re
import runpy
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import jax
import pytest

from jaxmlp.cli import main

from .blocks import ALL, PAGES, ROOT, blocks, prose, steps

NUMBER = re.compile(r"(?<![\w.])[-−]?\d+\.\d+(?:e[-+]\d+)?(?![\w.])")
ONE_NUMBER = r"([-−]?\d[\d.e+-]*)"
NOT_RUN = {"", "dockerfile", "json", "toml", "yaml"}


def cases(language: str) -> list:
    """What is to be run, once where both languages have it."""
    once = {}
    for block in ALL:
        if block.language == language and block.mark != "file":
            once.setdefault(block.typed if language == "python" else block.text, block)
    return [
        pytest.param(
            block,
            id=re.sub(r"[^ -~]", "?", f"{block.page.name}: {block.text.strip().splitlines()[0]}"),
            marks=[pytest.mark.slow] if block.mark == "slow" else [],
        )
        for block in once.values()
    ]


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A folder with docs/examples and docs/graders alone, and JAX as users have it."""
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


@pytest.mark.costly
@pytest.mark.parametrize("block", cases("console"))
def test_commands_print_what_is_shown(block, place, monkeypatch, capfd):
    if (needed := re.search(r"needs (/\S+)", block.about or "")) and not Path(needed[1]).exists():
        pytest.skip(f"{needed[1]} is not there")
    monkeypatch.setenv("LC_ALL", "ja_JP.UTF-8" if block.japanese else "C.UTF-8")
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


def assert_shown(shown: list[str], printed: str) -> None:
    """The lines that are shown are those that were printed."""
    pattern = "".join(r"(?:.*\n)*?" if line.strip() == "…" else as_pattern(line) for line in shown)
    text = "".join(f"{' '.join(line.split())}\n" for line in printed.rstrip().splitlines())
    found = re.fullmatch(pattern, text)
    assert found, f"shown:\n{pattern}\nprinted:\n{printed}"
    numbers = [as_number(each) for line in shown for each in NUMBER.findall(line)]
    assert [as_number(each) for each in found.groups()] == pytest.approx(numbers, rel=0.1)


def as_pattern(line: str) -> str:
    """A line as a pattern: spaces and … are free, and numbers are groups."""
    between = NUMBER.split(" ".join(line.split()))
    return ONE_NUMBER.join(re.escape(each).replace("…", ".*") for each in between) + r"\n"


def as_number(text: str) -> float:
    return float(text.replace("−", "-"))


@pytest.mark.parametrize(
    ("shown", "printed"),
    [(["a", "…", "c 0.50"], "a\nb\nb\nc  0.52\n"), (["a", "…"], "a\n"), (["a … c"], "a b c\n")],
)
def test_what_is_shown_is_recognised(shown, printed):
    assert_shown(shown, printed)


@pytest.mark.parametrize(
    ("shown", "printed"),
    [
        (["a"], "a\nb\n"),
        (["c 0.50"], "c 0.60\n"),
        (["line 9"], "line 10\n"),
        (["a", "…", "b"], "a\n"),
    ],
)
def test_what_is_not_shown_is_refused(shown, printed):
    with pytest.raises(AssertionError):
        assert_shown(shown, printed)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_are_run_or_it_is_said_where(page):
    assert all(block.mark == "elsewhere" for block in blocks(page) if block.language == "sh")
    assert {block.language for block in blocks(page)} <= {"python", "console", "sh", *NOT_RUN}
    assert not re.search(r"^    (\S+=\S+ )*(jaxmlp|python|pip|docker) ", prose(page), re.M)


@pytest.mark.parametrize("block", [b for b in ALL if b.mark == "file"], ids=lambda b: b.page.name)
def test_a_block_that_is_a_file_is_that_file(block):
    assert block.text == (ROOT / block.about).read_text("utf-8")


@pytest.mark.parametrize("page", [p for p in PAGES if ".ja" in p.name], ids=lambda p: p.name)
def test_both_languages_have_the_same_code(page):
    english = page.with_name(page.name.replace(".ja.md", ".md"))
    assert [b.typed for b in blocks(page)] == [b.typed for b in blocks(english)]
