"""What is wrong, as editors, GitHub and SARIF have it."""

import json
import os
import re
import shlex
from pathlib import Path
from urllib.parse import unquote

import pytest

from jaxmlp.cli.formats import as_concise, as_github, as_sarif
from jaxmlp.verify.finding import Check, File, Note, Place, Report, Words

WRONG = "import numpy as np\ndef sigmoid(x):\n    return 1 / (1 + np.exp(x))\n"
NOTE = Note(
    "slope-missing", Words("f' is\nmissing: 5%", "f' が\nない"), Words("look", "見よ"), "L22"
)
BOUGHT = Note("autodiff", Words("by jax.grad", "jax.grad による"))
NAME = "学生, a:b%.py"
REPORT = Report((
    File(NAME, (
        Check("f", "dW", "wrong", 3, (NOTE,), place=Place(7, 5, 7, 11, "x * y")),
        Check("f", "dV", "right", 3),
        Check("g", "delta1", "imprecise", 4),
        Check("h", "dV", "right", 9, remarks=(BOUGHT,)),
    ), (Note("not-judged", Words("line 12 was not", "12 行目は")),)),
    File("a.ipynb", (Check("f", "dW", "wrong", None, (NOTE,), place=Place(2, 1, 3, 4, "q", 3)),)),
    File("/b\x1b.py", problem=Words("no text", "テキストではない")),
))  # fmt: skip


def test_lines_as_compilers_write_them():
    assert as_concise(REPORT).splitlines() == [
        f"{NAME}:1:1: not-judged line 12 was not",
        f"{NAME}:7:5: slope-missing f ∂E/∂W: f' is missing: 5% [L22]",
        f"{NAME}:4:1: imprecise g δ1: imprecise",
        f"{NAME}:9:1: autodiff h ∂E/∂V: by jax.grad",
        "a.ipynb:cell 3:2:1: slope-missing f ∂E/∂W: f' is missing: 5% [L22]",
        "/b\\x1b.py:1:1: not-judged no text",
        "3 files, 5 quantities checked: 2 right, 2 wrong, 1 imprecise, 1 could not be checked, "
        "1 not looked at in full, 1 not derived by hand",
    ]
    assert "f' が ない" in as_concise(REPORT, "ja")


def test_githubs_annotations():
    lines = as_github(REPORT).splitlines()
    escaped = "学生%2C a%3Ab%25.py"
    assert lines[1] == (
        f"::error file={escaped},title=jaxmlp slope-missing,line=7,col=5,endLine=7,endColumn=11"
        "::f ∂E/∂W: f' is missing: 5%25 [L22]"
    )
    assert lines[0].startswith(f"::warning file={escaped},title=jaxmlp not-judged,line=1::")
    assert lines[2].startswith("::warning")
    assert lines[4].startswith("::error file=a.ipynb,title=jaxmlp slope-missing::cell 3, line 2: ")
    assert len(lines) == 6
    command = re.compile(r"::(error|warning|notice) (\w+=[^:,]*)(,\w+=[^:,]*)*::.*")
    assert all(command.fullmatch(line) for line in lines)


def test_sarif_says_where_by_what_rule():
    log = json.loads(as_sarif(REPORT))
    (run,) = log["runs"]
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    results = run["results"]
    assert log["version"] == "2.1.0"
    assert len(rules) == len(set(rules))
    assert [one["ruleId"] for one in results] == [rules[one["ruleIndex"]] for one in results]
    assert [one["level"] for one in results] == [
        "warning", "error", "warning", "error", "error", "warning"]  # fmt: skip
    where = [one["locations"][0]["physicalLocation"] for one in results]
    assert where[1]["region"] == {"startLine": 7, "startColumn": 5, "endLine": 7, "endColumn": 11}
    assert unquote(where[1]["artifactLocation"]["uri"]) == NAME
    assert where[4]["region"] == {"startLine": 1}
    name = results[4]["locations"][0]["logicalLocations"][0]["name"]
    assert name == "cell 3, line 2, column 1"
    assert where[5]["artifactLocation"]["uri"] == "file:///b%1B.py"


@pytest.mark.parametrize("lang", ["en", "ja"])
@pytest.mark.parametrize("report", [REPORT, Report(())])
def test_sarif_is_valid_against_its_schema(lang, report):
    """JAXMLP_SARIF_SCHEMA is OASIS's sarif-schema-2.1.0.json, where somebody has it."""
    jsonschema = pytest.importorskip("jsonschema")
    if not (path := os.environ.get("JAXMLP_SARIF_SCHEMA")):
        pytest.skip("JAXMLP_SARIF_SCHEMA is not set")
    schema = json.loads(Path(path).read_text(encoding="utf-8"))
    jsonschema.validate(json.loads(as_sarif(report, lang)), schema)


@pytest.mark.parametrize("write", [as_concise, as_github, as_sarif])
def test_a_hint_is_no_answer(write):
    assert "look" in write(REPORT, "en", "hint")
    for level in ("hint", "verdict"):
        assert "missing" not in write(REPORT, "en", level)
        assert "L22" not in write(REPORT, "en", level)


def test_the_command(command, tmp_path):
    (tmp_path / "a.py").write_text(WRONG)
    for form, begins in (
        ("concise", "a.py:2:1: sigmoid-of-minus sigmoid value: "),
        ("github", "::error file=a.py,title=jaxmlp sigmoid-of-minus,line=2::"),
        ("sarif", '{\n  "$schema"'),
    ):
        code, out, err = command("verify", "a.py", "--format", form, "--lang", "en")
        assert code == 1
        assert out.startswith(begins)
        assert err == "jaxmlp: 1 of 1 checks is not right\n"


@pytest.mark.slow
def test_the_hook_for_pre_commit(command, tmp_path):
    """What pre-commit makes of the definition: its entry, and the files behind."""
    hook = (Path(__file__).parents[2] / ".pre-commit-hooks.yaml").read_text(encoding="utf-8")
    program, *args = shlex.split(re.search(r"entry: (.+)", hook)[1])
    assert program == "jaxmlp"
    (tmp_path / "a.py").write_text(WRONG)
    (tmp_path / "b.py").write_text(WRONG.replace("exp(x)", "exp(-x)"))
    assert command(*args, "b.py")[0] == 0
    code, out, _ = command(*args, "a.py", "b.py")
    assert code == 1
    assert out.startswith("a.py:2:1: sigmoid-of-minus")
