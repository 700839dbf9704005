"""What the site takes from outside docs/: the READMEs as its first pages, and the experiments."""

import re
from pathlib import Path

from mkdocs.plugins import event_priority
from mkdocs.structure.files import File

ROOT = Path(__file__).parents[2]
PAGES = {
    "index.md": ROOT / "README.md",
    "index.ja.md": ROOT / "README.ja.md",
    "experiments.md": ROOT / "experiments" / "README.md",
}
LINKS = (
    ("../experiments/README.md", "experiments.md"),
    ("experiments/README.md", "experiments.md"),
    ("../", ""),
    ("docs/", ""),
    ("results/", "experiments/results/"),
)


@event_priority(-200)  # after the languages have been told apart: these are of none
def on_files(files, config):
    """Add the experiments' figures, pages and numbers, and the C program of the benchmark."""
    for pattern in ("experiments/results/*", "experiments/benchmark/*.c"):
        for path in sorted(ROOT.glob(pattern)):
            name = path.relative_to(ROOT).as_posix()
            files.append(File.generated(config, name, abs_src_path=str(path)))
    return files


def on_page_markdown(markdown, page, config, files):
    """The page's text, as it lies elsewhere or here, its links as they are on the site."""
    name = Path(page.file.abs_src_path).name
    text = PAGES[name].read_text(encoding="utf-8") if name in PAGES else markdown
    text = re.sub(r"^\[.+\]\(README.*\)\n\n", "", text, flags=re.M)  # the site has its own switch
    for there, here in LINKS:
        text = text.replace(f"]({there}", f"]({here}")
    return joined(text if config.theme["language"] == "en" else once(text))


def on_page_content(html, page, config, files):
    """An option, and a number of times, are not broken at the end of a line."""
    html = re.sub(
        r"(?<![\w-])(--?[A-Za-z][\w-]*)(?=[^<>]*</code>)", r'<span class="whole">\1</span>', html
    )
    html = re.sub(r"(?<=[、。])(?=<code><span)", "<wbr>", html)
    return re.sub(r"(?<=\d) ×", "\u00a0×", html)


WIDE = "[ぁ-んァ-ヶー一-龥々、。「」（）]"


def joined(text: str) -> str:
    """Japanese lines without the space that a browser shows for the end of a line."""
    return re.sub(rf"(?<={WIDE})\n(?={WIDE})|(?<=[、。])\n(?=[A-Za-z])", "", text)


def once(text: str) -> str:
    """The names of the reference as links to the English one: no name can be described twice."""
    link = r'- <a href="../api.html#\1"><code>\2</code></a>'
    return re.sub(r"^::: (\S+\.(\w+))\n", link, text, flags=re.M)
