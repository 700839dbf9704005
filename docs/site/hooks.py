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
    """What belongs together on one line, Japanese called so, and figures as large as they are."""
    html = re.sub(r"<code>([^<]{1,14})</code>", r'<code class="whole">\1</code>', html)
    html = re.sub(
        r"(?<![\w-])(--?[A-Za-z][\w-]*)(?=[^<>]*</code>)", r'<span class="whole">\1</span>', html
    )
    html = re.sub(r"(?<=[、。])(?=<code)", "<wbr>", html)
    html = re.sub(r"\((?=\"[^<]{20,}</code>)", "(<wbr>", html)
    html = re.sub(r"\w{25,}(?=[^<>]*</code>)", lambda long: long[0].replace("_", "_<wbr>"), html)
    html = re.sub(r"<td>(?=<code[^<]*</code></td>)", '<td class="name">', html)
    html = re.sub(r'<img [^>]*?src="([^"]+)"[^>]*>', r'<a href="\1">\g<0></a>', html)
    parts = re.split(r"(<code.*?</code>|<[^>]+>)", html, flags=re.S)
    parts[::2] = (kept(text, config.theme["language"]) for text in parts[::2])
    whole = r'<span class="whole">\g<0></span>'
    parts = [TOGETHER.sub(whole, part) if part.startswith("<code>") else part for part in parts]
    return "".join(parts)


JAPANESE = "ぁ-んァ-ヶー一-龥々"
TOGETHER = re.compile(  # ∂E/∂W, 1e-5, Ctrl-C, --resume, V⁽ᵗ⁾ᵀz⁽ᵗ⁾
    r"∂(?:\w*|\([^()]*\))/∂[\w.]*|\b[\d.]+e-\d+|\bCtrl-\w\b|(?<![\w-])--[a-z][\w-]*"
    r"|(?:\w\u0303?⁽[ᵗ⁺¹]+⁾ᵀ?\w?)+"
)
COUNTED = "[回つ個行列枚倍本層秒件組台段乗度点人種万]|コア|クラス|エポック|サンプル|ステップ"
COUNTED += "|スレッド|ファイル"
OPERATORS = "(?:[=≤≥+−⊙]|&lt;|&gt;)"


def kept(text: str, lang: str) -> str:
    """A text that breaks neither in what belongs together, nor before an operator or a unit."""
    text = re.sub(r"(?<=\d) (?=[×%]|(?:[µm]?s|[kMG]B)\b)", "\u00a0", text)
    text = re.sub(rf"(?<=\S) (?={OPERATORS} )", "\u00a0", text)
    text = re.sub(rf"(?<=\u00a0)({OPERATORS}) (?=\S{{1,5}}(?:\s|$))", "\\1\u00a0", text)
    text = TOGETHER.sub(r'<span class="whole">\g<0></span>', text)
    if lang == "ja":
        return re.sub(rf"(?<![A-Za-z\d.])(\d[\d.,]*) (?={COUNTED})", "\\1\u00a0", text)
    return re.sub(rf"\d*[{JAPANESE}][{JAPANESE}、。・「」]*", r'<span lang="ja">\g<0></span>', text)


WIDE = f"[{JAPANESE}、。「」（）]"


def joined(text: str) -> str:
    """Japanese lines without the space that a browser shows for the end of a line."""
    next_to_it = r"(?<=[、。])\n *(?=[A-Za-z0-9(`])(?!\d+\. )"
    parts = re.split(r"(^```.*?^```)", text, flags=re.M | re.S)
    parts[::2] = (
        re.sub(rf"(?<={WIDE})\n *(?={WIDE})|{next_to_it}", "", part) for part in parts[::2]
    )
    return "".join(parts)


def once(text: str) -> str:
    """The names of the reference as links to the English one: no name can be described twice."""
    link = r'- <a href="../api.html#\1"><code>\2</code></a>'
    return re.sub(r"^::: (\S+\.(\w+))$", link, text, flags=re.M)
