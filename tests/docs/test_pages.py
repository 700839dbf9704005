"""The pages: no dead link, no option that is none, every public name, and what is made of the code."""

import contextlib
import functools
import io
import re
from pathlib import Path

import pytest

import jaxmlp
from docs.site import pages
from jaxmlp.cli import COMMANDS, main

from .blocks import PAGES, ROOT, prose


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
    alone = set(re.findall(r"`(--[a-z][a-z-]*)[^`]*`", text)) - {"--quick"}  # of an experiment
    assert alone <= frozenset().union(*map(options, COMMANDS))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_no_link_is_dead(page):
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(page)):
        if "://" in target:
            continue
        name, _, anchor = target.partition("#")
        path = page.parent / name if name else page
        assert path.is_file(), target
        assert not anchor or anchor in anchors(path), target


def test_a_page_that_is_only_in_english_links_into_japanese_ones_too():
    """Its links lead to Japanese pages on the Japanese site, whose headings are others."""
    for page in (page for page in PAGES if not page.with_suffix(".ja.md").exists()):
        for name, anchor in re.findall(r"\]\(([\w/.]+\.md)#([^)\s]+)\)", prose(page)):
            japanese = (page.parent / name).with_suffix(".ja.md")
            assert not japanese.exists() or anchor in anchors(japanese), (page, name, anchor)


def anchors(page: Path) -> set[str]:
    """What of a page can be linked to: headings, and what has an id."""
    headings = re.findall(r"^#+ (.*)$", prose(page), re.M)
    named = {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
    return named | set(re.findall(r'<a id="([^"]+)">', prose(page)))


def test_the_reference_has_every_public_name():
    text = (ROOT / "docs/api.md").read_text("utf-8")
    named = [line.split(".")[-1] for line in re.findall(r"^::: (jaxmlp\S*)$", text, re.M)]
    assert sorted(named) == sorted(jaxmlp.__all__)


made = functools.cache(pages.made)


@pytest.mark.parametrize("name", ["lecture.md", "lecture.ja.md", "mistakes.md", "mistakes.ja.md"])
def test_the_pages_made_of_the_package_are_its_own(name):
    """`python -m docs.site.pages` writes them."""
    assert (ROOT / "docs" / name).read_text("utf-8") == made()[name]


@pytest.mark.parametrize("suffix", ["", ".ja"])
def test_what_is_said_of_programs_of_any_shape_is_listed(suffix):
    text = (ROOT / f"docs/mistakes{suffix}.md").read_text("utf-8")
    kinds = ("stale", "added-for-multiplied", "bias-summed-over-units", "never-moves", "updated-V",
             "slope-at-z", "another-derivative", "divided-by-0", "evaluated-without-bias")  # fmt: skip
    assert [kind for kind in kinds if f"| `{kind}` |" not in text] == []
    assert "`judged-by`" not in text  # which is no mistake


def test_the_ids_that_the_report_s_page_names_are_in_no_table_beside():
    text = (ROOT / "docs/report.md").read_text("utf-8")
    _, _, after = text.partition("## The ids of a diagnosis")
    rows = [
        line.split("|")[1] for line in after.partition("\n## ")[0].splitlines() if "| `" in line
    ]
    named = {word for row in rows for word in re.findall(r"`([\w-]+)`", row)}
    code = "".join(path.read_text("utf-8") for path in (ROOT / "jaxmlp/verify").rglob("*.py"))
    assert named
    assert {word for word in named if f'"{word}"' not in code} == set()
    listed = re.findall(r"^\| `([\w-]+)` \|", (ROOT / "docs/mistakes.md").read_text("utf-8"), re.M)
    assert named.isdisjoint(listed)


def test_every_page_is_in_the_navigation():
    listed = re.findall(r": (\w+\.md)$", (ROOT / "docs/site/mkdocs.yml").read_text("utf-8"), re.M)
    there = {page.name for page in ROOT.glob("docs/*.md") if not page.name.endswith(".ja.md")}
    assert sorted(listed) == sorted(there)


@pytest.mark.parametrize("page", PAGES[:2], ids=lambda page: page.name)
def test_the_readmes_are_short(page):
    assert len(page.read_text("utf-8").splitlines()) <= 150
