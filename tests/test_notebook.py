"""`%verify` and `%%verify`, and how what they show is shown."""

import html
import json
import re
import shutil
import subprocess

import pytest

from jaxmlp.verify.finding import Report
from jaxmlp.verify.report.words import say

pytest.importorskip("IPython")
SOFTMAX = "import numpy as np\ndef softmax(a):\n    e = np.exp(a - a.max())\n    return e / e.sum()"
BACKPROP = """def backprop(W, V, x, y):
    u = W @ x
    z = np.append(1, np.maximum(u, 0))
    delta2 = softmax(V @ z) - y
    delta1 = V[:, 1:].T @ delta2
    return np.outer(delta1, x), np.outer(delta2, z)"""
RIGHT = BACKPROP.replace("@ delta2", "@ delta2 * (u > 0)")


@pytest.fixture
def run(monkeypatch):
    """Runs cells one after the other in a notebook; what the last one shows."""
    from IPython.core.interactiveshell import InteractiveShell

    monkeypatch.setenv("LC_ALL", "en_US.UTF-8")
    shell = InteractiveShell()
    shell.run_cell("%load_ext jaxmlp", store_history=True).raise_error()

    def run(*cells):
        for cell in cells:
            done = shell.run_cell(cell, store_history=True)
            done.raise_error()
        return shell.user_ns["Out"].get(shell.execution_count - 1)

    yield run
    InteractiveShell.clear_instance()


def found(shown):
    return {
        (c.name, c.stage): (c.verdict, *(n.id for n in c.diagnosis)) for c in shown.report.checks
    }


def test_a_cell_with_what_earlier_cells_have_defined(run):
    shown = run(SOFTMAX, f"%%verify\n{BACKPROP}")
    stages = [("backprop", stage) for stage in ("delta2", "dV", "delta1", "dW")]
    assert found(shown) == dict.fromkeys(stages, ("right",)) | {
        ("backprop", "delta1"): ("wrong", "slope-missing")
    }
    wrong = shown.report.checks[2]
    assert (wrong.line, shown.report.files[0].path) == (2, "[3]")
    assert wrong.place is None or (wrong.place.cell, wrong.place.line) == (3, 6)
    assert "backprop" in repr(shown)


def test_a_cell_is_run_too(run):
    assert run(SOFTMAX, f"%%verify\n{BACKPROP}", "callable(backprop)") is True


def test_by_name_and_the_last_of_that_name(run):
    run(SOFTMAX, BACKPROP, "x = 1", RIGHT)
    shown = run("%verify backprop softmax")
    assert {one[0] for one in found(shown).values()} == {"right"}
    assert [file.path for file in shown.report.files] == ["[5] backprop", "[2] softmax"]
    assert shown.report.checks[0].line == 1


def test_a_name_from_a_cell_under_the_magic(run):
    shown = run(SOFTMAX, f"%%verify\n{BACKPROP}", "%verify backprop")
    assert shown.report.checks[-1].line == 2
    assert found(shown)["backprop", "delta1"] == ("wrong", "slope-missing")


def test_what_earlier_cells_have_trained_is_not_run_again(run, tmp_path):
    mark = tmp_path / "ran"
    mark.touch()
    path = f"from pathlib import Path\nmark = Path({str(mark)!r})"
    run(SOFTMAX, f"{path}\nfor k in range(2):\n    mark.write_text(mark.read_text() + 'x')")
    run(f"%%verify\n{RIGHT}")
    assert mark.read_text() == "xx"


def test_language_level_and_network(run):
    text = (
        "import numpy as np\ndef backprop(W, V, x, y):\n    z = np.append(1, np.tanh(W @ x))\n"
        "    d2 = 2 * (V @ z - y)\n    d1 = V[:, 1:].T @ d2 * (1 - z[1:] ** 2)\n"
        "    return np.outer(d1, x), np.outer(d2, z)"
    )
    options = "--hidden tanh --output identity --loss squared_error"
    assert {one[0] for one in found(run(f"%%verify {options}\n{text}")).values()} == {"right"}
    shown = run(SOFTMAX, f"%%verify --lang ja --explain hint\n{BACKPROP}")
    assert "ヒント" in shown._repr_html_()
    assert "slope-missing" not in shown._repr_html_()


@pytest.mark.parametrize(
    ("line", "why"),
    [("%verify", "expected the name"), ("%verify nothing", "expected something that a cell has defined, got nothing"),
     ("%verify backprop --lang de", "invalid choice")],
)  # fmt: skip
def test_what_cannot_be_checked_is_one_line(line, why, run):
    from IPython.core.error import UsageError

    with pytest.raises(UsageError, match=why):
        run(SOFTMAX, line)


def test_a_cell_that_fails_is_not_checked(run, capsys):
    assert run("%%verify\nmissing()") is None
    assert "NameError" in capsys.readouterr().out


# Jupyter's own rules, those that a report has met, and what it shows of a report that is not trusted.
JUPYTER = """<style>
.jp-RenderedHTMLCommon dt { font-weight: bold; float: left; width: 20%; }
.jp-RenderedHTMLCommon dl dd { float: left; width: 80%; }
.jp-RenderedHTMLCommon ul:not(.list-inline) { padding-left: 2em; list-style: disc; }
.jp-RenderedHTMLCommon :not(pre) > code { background-color: #eee; padding: 1px 5px; }
.jp-RenderedHTMLCommon td, .jp-RenderedHTMLCommon th, .jp-RenderedHTMLCommon tr {
  text-align: right; vertical-align: middle; padding: 0.5em; white-space: normal; }
</style><div class="jp-RenderedHTMLCommon" style="width: 700px">REPORT</div>
<script>
const style = (what) => { const one = document.querySelector(what);
  return one ? getComputedStyle(one) : {}; };
document.title = JSON.stringify({
  list: style('.counts').paddingLeft, code: style('h2 code').backgroundColor,
  head: style('thead th').textAlign, narrow: [...document.querySelectorAll('.fact .tag')]
    .filter((tag) => tag.getClientRects().length > 1).length,
  facts: document.querySelectorAll('.fact').length,
  over: document.querySelector('.jaxmlp-verify').scrollWidth > 700,
  image: document.querySelector('img')?.naturalWidth});
</script>"""


@pytest.fixture(scope="module")
def report():
    from jaxmlp.verify.grading import Options, verified_cells

    text = f"{SOFTMAX}\n{BACKPROP}\ndef backward(V, delta2, slope):\n    return V.T @ delta2"
    return Report(
        (verified_cells("a.py", [text], Options()), verified_cells("b.py", [text], Options()))
    )


def test_jupyters_own_rules_do_not_break_a_report(report, tmp_path, monkeypatch):
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if not chromium:
        pytest.skip("no chromium")
    page = tmp_path / "page.html"
    page.write_text("<!DOCTYPE html><meta charset=utf-8>" + JUPYTER.replace("REPORT", report._repr_html_()),
                    encoding="utf-8")  # fmt: skip
    args = [chromium, "--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=3000",
            f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom", page.as_uri()]  # fmt: skip
    dom = subprocess.run(args, capture_output=True, text=True, timeout=120, check=True).stdout
    seen = json.loads(html.unescape(re.search(r"<title>(.*?)</title>", dom)[1]))
    assert seen["facts"] >= 3
    assert seen == {
        "list": "0px", "code": "rgba(0, 0, 0, 0)", "head": "left", "narrow": 0,
        "facts": seen["facts"], "over": False, "image": seen["image"]}  # fmt: skip
    assert seen["image"] > 50


def test_without_style_and_drawings_the_words_are_all_there(report):
    """As JupyterLab shows a report in a notebook that is not trusted: tags that it does not know go,
    and what is in them stays."""
    shown = report._repr_html_()
    bare = re.sub(r"<style>.*?</style>", "", shown, flags=re.DOTALL)
    bare = html.unescape(
        re.sub(r"<[^>]+>", "", re.sub(r"</?(div|li|p|h\d|br|tr)[ />]", "\n", bare))
    )
    assert say("error", "en") in bare
    assert re.search(r"f' is missing in δ1", bare)
    assert not re.search(r"(?<![.\d])\d{6}", bare), "the numbers at a picture's rows"
    assert "<svg" not in shown
    assert "<dt" not in shown
