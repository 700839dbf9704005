"""Which questions have been asked, and what was found? Writes it down for readers.

    python -m experiments.index

That is the page experiments/README.md, the rows of the benchmark's tables in docs/speed.md and its
figures, in Japanese too where there is a font for it, and the table of the checker's study by depth
in docs/checking.md.

The page is made of this module's text, the template, and what lies in experiments/results: for each
NAME.json its question, answer and figures. A record without question or answer is listed by the
first sentence of its script.
"""

import ast
import itertools
import json
import re
from pathlib import Path

from experiments.benchmark.figure import draw, said, three_digits
from jaxmlp import plot

HERE = Path(__file__).parent
SPEED = [HERE.parent / "docs" / name for name in ("speed.md", "speed.ja.md")]
IMAGES = HERE.parent / "docs" / "images"
RECORDS = ("benchmark", "benchmark-gpu")  # of which their tables are
BY_DEPTH = {  # a sentence, and what the table's columns are called
    "checking.md": (
        "Of networks with one to four weight matrices, right and with one mistake in one layer, it "
        "refused and named:",
        "matrices, how given | right, refused | with a mistake, refused | named | at its line",
    ),
    "checking.ja.md": (
        "重み行列が 1 個から 4 個のネットワークの、正しいものと、"
        "一つの層に誤りがあるものでは、次のとおりです。",
        "行列の数、渡し方 | 正しいのに誤りとされた | 誤りで、誤りとされた | 名前が当たった | "
        "行が当たった",
    ),
}
COLUMNS = ("C", "NumPy script", "PyTorch", "PyTorch, compiled", "scikit-learn")
GPU_COLUMNS = ("C", "PyTorch", "PyTorch, compiled", "PyTorch, CUDA graphs")
PAGE = """# Experiments

Each script asks one question, and runs by itself:

| | |
|---|---|
| `python -m experiments.NAME` | full size, some minutes on two cores, with progress |
| `python -m experiments.NAME --quick` | a few seconds, to see that it runs; to runs/quick |
| `python -m experiments.NAME --out DIR` | somewhere else than experiments/results |

It leaves its numbers with the settings, versions and device that made them (`NAME.json`) and its
figure (`NAME.png`) in `experiments/results`. `python -m experiments.index` writes this page.

{contents}

## One of your own, in 20 lines

Copy `experiments/template.py`. The first line is the question. The function's keyword arguments are
the settings of the full run, `QUICK` those of `--quick`. It returns a `Finding`: the answer in one
sentence, made of the numbers; the numbers, by name, arrays as they are; and a matplotlib figure.
`track(things, description=...)` shows a bar. Everything else `main` does.

<!-- file: experiments/template.py -->
```python
{template}```

What keeps an experiment honest, and cheap:

- Many networks are one program: give `sweep` a list of starts and a list of step sizes. It is
  compiled once for all of them, and `plot.bands` draws medians of the seeds with their quartiles.
- Randomness comes from `jax.random.key` or `numpy.random.default_rng` with a number: a second run
  has the same numbers. What differs, as times do, goes to `Finding(..., timings={{...}})`.
- float64 is on while an experiment runs: say the dtype at `init`, float32 for speed.
- The tests run every script in this folder with `--quick`.

{results}"""


def main() -> None:
    (HERE / "README.md").write_text(page(HERE / "results"), encoding="utf-8")
    for told_in, name in itertools.product(SPEED, RECORDS):
        speeds = told(HERE / "results" / f"{name}.json")
        text = with_speeds(told_in.read_text(encoding="utf-8"), speeds, language(told_in))
        told_in.write_text(text, encoding="utf-8")
    for name in RECORDS:
        record = told(HERE / "results" / f"{name}.json")
        draw(record).savefig(HERE / "results" / f"{name}.png", dpi=150)
        if plot.japanese_fonts():
            with plot.style():
                draw(record, "ja").savefig(IMAGES / f"{name}-ja.png", dpi=150)
    for name in BY_DEPTH:
        path = HERE.parent / "docs" / name
        found = told(HERE / "results" / "checker_study.json")
        path.write_text(with_depths(path.read_text(encoding="utf-8"), name, found), "utf-8")


def with_depths(text: str, name: str, record: dict) -> str:
    """The page, the table after its mark as found; without one as long as there is none."""
    sentence, head = BY_DEPTH[name]
    rows = [
        _of_depth(part, record, name) for part in record if part.startswith("one mistake, depth")
    ]
    table = f"\n{sentence}\n\n| {head} |\n|---|---|---|---|---|\n" + "".join(rows) if rows else ""
    mark = "<!-- checker_study: by depth -->\n"
    return re.sub(rf"{mark}(\n[^#|]+\n\n(\|.*\n)+)?", lambda _: mark + table, text)


def _of_depth(part: str, record: dict, name: str) -> str:
    which = part.removeprefix("one mistake, depth ")
    right, wrong = record[f"right, depth {which}"], record[part]
    counts = [(right, "false alarms"), *((wrong, key) for key in ("found wrong", "named"))]
    counts += [(wrong, "at its line")] if which.endswith("as a file") else []
    cells = [f"{of[key]:,} / {of['tried']:,}" for of, key in counts] + ["–"]
    if language(Path(name)) == "ja":
        which = which.replace("as a file", "ファイルとして").replace("by check()", "check() で")
    return f"| {' | '.join([which, *cells[:4]])} |\n"


def language(page: Path) -> str:
    return "ja" if page.name.endswith(".ja.md") else "en"


def with_speeds(text: str, record: dict, lang: str) -> str:
    """The text, the row of each of the benchmark's workloads as measured.

    Those on a CPU are in the page's first part, those on a GPU below the first heading.

    A row has the workload, µs a sample, on a CPU the share of the products' limit, and how many
    times as long each peer takes.
    """
    on_cpu = record["machine"]["device"] == "cpu"
    parts = re.split(r"^(?=## )", text, maxsplit=1, flags=re.M)
    for workload, measured in record["workloads"].items():
        times, name = measured["microseconds"], said(workload, lang)
        cells = [name, three_digits(times["jaxmlp"])]
        cells += [f"{measured['limit'] / times['jaxmlp']:.0%}"] if on_cpu else []
        cells += [
            f"{three_digits(times[peer] / times['jaxmlp'])} ×" if peer in times else "–"
            for peer in (COLUMNS if on_cpu else GPU_COLUMNS)
        ]
        row = rf"^\| {re.escape(name)} \|.*$"
        parts[not on_cpu] = re.sub(row, f"| {' | '.join(cells)} |", parts[not on_cpu], flags=re.M)
    return "".join(parts)


def page(results: Path) -> str:
    """The page for the records in a folder beside the scripts."""
    records = {path.stem: told(path) for path in sorted(results.glob("*.json"))}
    contents = "\n".join(f"- [{one['question']}](#{name})" for name, one in records.items())
    sections = "\n".join(section(name, one, results) for name, one in records.items())
    template = (HERE / "template.py").read_text(encoding="utf-8")
    return PAGE.format(contents=contents, template=template, results=sections)


def told(path: Path) -> dict:
    """A record, its question from the script's first sentence where it has none.

    Raises:
        ValueError: it is of a quick run.
    """
    record = json.loads(path.read_text(encoding="utf-8"))
    if record.get("quick") or record.get("size") == "quick":
        raise ValueError(f"{path}: expected the numbers of a full run, got those of --quick")
    if "question" in record:
        return record
    script = HERE / f"{path.stem}.py"
    script = script if script.exists() else HERE / path.stem / "__main__.py"
    first = ast.get_docstring(ast.parse(script.read_text(encoding="utf-8"))).partition("?")[0]
    return record | {"question": f"{first}?"}


def section(name: str, record: dict, results: Path) -> str:
    """Question, answer, figures, and where the numbers are."""
    lines = [f"## {name}", f"**{record['question']}**"]
    lines += [record["answer"]] if "answer" in record else []
    figures = [
        path
        for path in sorted(results.glob(f"{name}*.png"), key=lambda path: (len(path.stem), path))
        if path.stem == name or not path.with_suffix(".json").exists()
    ]
    lines += [f"![{name}: {figure.stem}](results/{figure.name})" for figure in figures]
    page = results / f"{name}.html"
    lines += (
        [f"[The page](results/{page.name}), to be opened in a browser."] if page.exists() else []
    )
    return "\n\n".join([*lines, made(name, record)]) + "\n"


def made(name: str, record: dict) -> str:
    """Where the numbers lie, and what made them."""
    script = name.removesuffix("-gpu")
    words = [f"[Numbers](results/{name}.json), `python -m experiments.{script}`"]
    words += [str(record["device"])] if "device" in record else []
    times = record.get("timings", {})
    words += [
        f"{key}: {value:,.{0 if value > 99 else 1}f}"
        for key, value in times.items()
        if isinstance(value, int | float)
    ]
    return "; ".join(words) + "."


if __name__ == "__main__":
    main()
