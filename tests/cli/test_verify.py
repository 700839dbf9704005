"""`jaxmlp verify`: exit codes, formats, languages, many files."""

import csv
import io
import json
import os
import subprocess
import sys

import pytest

from jaxmlp.cli import main
from jaxmlp.cli.files import expanded
from jaxmlp.verify.report.words import language
from jaxmlp.verify.run import runner
from jaxmlp.verify.run.box import Held

RIGHT = (
    "import numpy as np\ndef softmax(x):\n    e = np.exp(x - np.max(x))\n    return e / e.sum()\n"
)
WRONG = "import numpy as np\ndef sigmoid(x):\n    return 1 / (1 + np.exp(x))\n"
UNFINISHED = "def softmax(x):\n    # 課題\n    return\n"


@pytest.fixture
def run(capsys, monkeypatch, tmp_path):
    """Runs the command in a folder of its own: (exit code, standard output, standard error)."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LC_ALL", "C.UTF-8")

    def run(*args):
        code = main(["verify", *map(str, args)])
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


def write(name, text):
    with open(name, "w", encoding="utf-8") as file:
        file.write(text)
    return name


def test_a_right_file_ends_with_0(run):
    code, out, err = run(write("a.py", RIGHT))
    assert (code, err) == (0, "")
    assert "softmax" in out
    assert "1 right" in out


def test_a_wrong_one_ends_with_1_and_says_what_is_wrong(run):
    code, out, err = run(write("a.py", WRONG))
    assert code == 1
    assert err == "jaxmlp: 1 of 1 checks is not right\n"
    assert "The sign in the exponent is wrong" in out


def test_an_unfinished_one_ends_with_1(run):
    assert run(write("a.py", UNFINISHED))[0] == 1


@pytest.mark.costly
@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("a.py", "x = 1\n", "a.py: nothing in it that the checker knows"),
        ("missing.py", None, "missing.py: No such file"),
        ("a.ipynb", "{}", "a.ipynb: expected a Jupyter notebook"),
        ("a.py", "HIDDEN = 'rely'\n" + RIGHT, "a.py: unknown hidden activation 'rely'"),
    ],
)
def test_what_cannot_be_checked_ends_with_2_and_the_rest_is_reported(name, text, why, run):
    if text is not None:
        write(name, text)
    code, out, err = run(name, write("right.py", RIGHT))
    assert code == 2
    assert err.startswith(f"jaxmlp: {why}")
    assert err.count("\n") == 1
    assert "1 right" in out


def test_json_to_a_file_and_to_standard_output(run, tmp_path):
    write("a.py", WRONG)
    run("a.py", "--json", "found.json")
    code, out, _ = run("a.py", "--json", "-")
    assert code == 1
    found = json.loads(out)
    assert json.loads((tmp_path / "found.json").read_text(encoding="utf-8")) == found
    (check,) = found["files"][0]["checks"]
    assert (check["name"], check["stage"], check["verdict"], check["line"]) == (
        "sigmoid",
        "value",
        "wrong",
        2,
    )
    assert [note["id"] for note in check["diagnosis"]] == ["sigmoid-of-minus"]


def test_the_table_of_a_class_opens_in_excel(run, tmp_path):
    (tmp_path / "class").mkdir()
    for name, text in (("佐藤", RIGHT), ("suzuki", WRONG)):
        write(f"class/{name}.py", text)
    code, _, _ = run("class", "--csv", "class.csv")
    data = (tmp_path / "class.csv").read_bytes()
    assert code == 1
    assert data.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"))))
    assert [row["file"].split("/")[-1] for row in rows] == ["suzuki.py", "佐藤.py"]
    assert rows[0]["sigmoid value"] == "wrong: sigmoid-of-minus"


def test_a_page(run, tmp_path):
    run(write("a.py", WRONG), "--html", "a.html", "--lang", "ja")
    page = (tmp_path / "a.html").read_text(encoding="utf-8")
    assert 'lang="ja"' in page
    assert "指数の符号が逆です" in page


def test_both_languages(run):
    write("a.py", WRONG)
    assert "指数の符号が逆です" in run("a.py", "--lang", "ja")[1]
    assert "The sign in the exponent" in run("a.py", "--lang", "en")[1]


@pytest.mark.parametrize(
    ("names", "lang"),
    [({"LANG": "ja_JP.UTF-8"}, "ja"), ({"LC_ALL": "en_US.UTF-8", "LANG": "ja_JP.UTF-8"}, "en"), ({"LANG": "de_DE"}, "en")],
)  # fmt: skip
def test_the_language_is_that_of_the_locale(names, lang, monkeypatch):
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in names.items():
        monkeypatch.setenv(name, value)
    assert language() == lang


@pytest.mark.slow
def test_hints_do_not_give_the_answer_away(run):
    write("a.py", WRONG)
    for explain in ("hint", "verdict"):
        for output in (
            run("a.py", "--explain", explain)[1],
            run("a.py", "--explain", explain, "--json", "-")[1],
        ):
            assert "wrong" in output
            assert "exponent" not in output
            assert "sigmoid-of-minus" not in output


@pytest.mark.slow
def test_a_network_by_option(run):
    text = "import numpy as np\ndef backprop(W, V, x, y):\n    z = np.append(1, np.tanh(W @ x))\n    d2 = 2 * (V @ z - y)\n    d1 = V[:, 1:].T @ d2 * (1 - z[1:] ** 2)\n    return np.outer(d1, x), np.outer(d2, z)\n"
    write("a.py", text)
    assert run("a.py")[0] == 0  # the one that is computed
    assert run("a.py", "--hidden", "relu")[0] == 1
    assert (
        run("a.py", "--hidden", "tanh", "--output", "identity", "--loss", "squared_error")[0] == 0
    )
    assert run("a.py", "--hidden", "tanh", "--loss", "squared_error")[0] == 0
    write("b.py", 'HIDDEN = "tanh"\nOUTPUT = "identity"\n' + text)
    assert run("b.py")[0] == 0


def test_many_files_are_checked_at_once_and_a_bad_one_spoils_its_line_only(run):
    for number in range(4):
        write(f"right{number}.py", RIGHT)
    write("loop.py", "import numpy as np\ndef softmax(x):\n    while True:\n        pass\n" + WRONG)
    write("exit.py", "import os\ndef softmax(x):\n    os._exit(7)\n" + WRONG)
    code, out, _ = run(".", "--json", "-", "--timeout", "1")
    files = {f["path"]: [c["verdict"] for c in f["checks"]] for f in json.loads(out)["files"]}
    assert code == 1
    assert files == {**{f"right{n}.py": ["right"] for n in range(4)},
                     "loop.py": ["timeout", "wrong"], "exit.py": ["crashed", "wrong"]}  # fmt: skip
    assert list(files) == sorted(files)


def test_folders_are_searched_and_hidden_ones_left_out(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("b/x.py", "b/c/y.ipynb", "b/.venv/z.py", "b/__pycache__/w.py", "b/notes.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert expanded(["b", "b/x.py", "other.py"]) == ["b/c/y.ipynb", "b/x.py", "other.py"]
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match="the folder empty, which has none"):
        expanded(["empty"])


@pytest.mark.parametrize(
    ("args", "line"),
    [
        (
            ["a.py", "--json", "-", "--csv", "-"],
            "expected - for one of --json, --csv and --html at most",
        ),
        (
            ["a.py", "--html", "no/where.html"],
            "expected a file in a folder that is there, got no/where.html",
        ),
        (
            ["a.py", "--json", "a.py"],
            "expected another file for the report, got a.py, which is checked",
        ),
        (["a.py", "--timeout", "0"], "expected a --timeout above 0 seconds, got 0.0"),
        (["a.py", "--budget", "-1"], "expected a --budget above 0 seconds, got -1.0"),
        (["a.py", "--hidden", "rely"], "rely"),
        (["a.py", "--seed", "-1"], "expected a --seed of 0 or above, got -1"),
        (["--hidden", "tanh"], "expected a file to check with --hidden, got none"),
        (["a.py", "--nothing"], "--nothing"),
    ],
)
def test_bad_arguments_are_one_line_and_write_nothing(args, line, run, tmp_path):
    write("a.py", RIGHT)
    code, out, err = run(*args)
    assert (code, out) == (2, "")
    assert line in err
    assert err.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["a.py"]
    assert (tmp_path / "a.py").read_text(encoding="utf-8") == RIGHT


@pytest.mark.slow
def test_what_was_not_derived_by_hand_ends_with_1_and_is_in_the_table(run):
    write("a.py", "import jax, jax.numpy as jnp\ntanh = jnp.tanh\n"
                  "def dtanh(u):\n    return jax.vmap(jax.grad(tanh))(u)\n")  # fmt: skip
    code, out, err = run("a.py", "--csv", "-", "--explain", "verdict")
    assert code == 1
    assert err == "jaxmlp: 1 of 2 checks is right, and not derived by hand\n"
    assert "not derived by hand: autodiff (jax.grad, line 4)" in out
    assert "right: autodiff" in out
    assert "手で導出していないもの 1" in run("a.py", "--lang", "ja")[1]


def test_all_files_are_read_before_any_is_run(run):
    """What is changed meanwhile, by whomever, is not looked at."""
    write("a.py", "import os\nos.remove('b.py')\n" + RIGHT)
    write("b.py", WRONG)
    code, out, _ = run("a.py", "b.py", "--json", "-")
    assert [f["checks"][0]["verdict"] for f in json.loads(out)["files"]] == ["right", "wrong"]
    assert code == 1


@pytest.mark.slow
def test_what_is_held_is_said_once_and_can_be_required(run, monkeypatch):
    for name in ("a", "b"):
        write(f"{name}.py", RIGHT)
    code, out, _ = run("a.py", "b.py")
    assert out.count("Each file ran shut in") + out.count("Not held on this machine") == 1
    held = json.loads(run("a.py", "--json", "-")[1])["held"]
    assert set(held) == {"disk", "network", "processes", "limits"}
    monkeypatch.setattr(runner, "held", lambda: Held(False, False, False))
    _, out, _ = run("a.py", "--lang", "en")
    assert "Not held on this machine while the files ran: reading and writing your files, " in out
    code, out, err = run("a.py", "--require-sandbox")
    assert (code, out) == (2, "")
    assert err == (
        "jaxmlp: expected a whole sandbox, this machine does not hold: disk, network, processes\n"
    )


def test_a_folder_called_as_a_file_and_a_link_are_no_submissions(run, tmp_path):
    (tmp_path / "class" / "x.py").mkdir(parents=True)
    write("class/a.py", RIGHT)
    write("other.py", WRONG)
    os.symlink(tmp_path / "other.py", tmp_path / "class" / "b.py")
    code, out, _ = run("class", "--json", "-")
    files = {f["path"]: f["problem"] for f in json.loads(out)["files"]}
    assert files == {"class/a.py": None, "class/b.py": "expected a regular file, got a link"}
    assert code == 2


@pytest.mark.slow
def test_what_a_library_prints_is_no_part_of_the_report(run):
    """LAPACK says on standard output what it thinks of NaN."""
    text = (
        "import numpy as np\ndef backprop(W, V, x, y):\n    z = np.append(1, np.maximum(W @ x, 0))\n"
        "    e = np.exp(V @ z)\n    delta2 = e / e.sum() - y\n    delta2[0] = np.nan\n"
        "    delta1 = V[:, 1:].T @ delta2 * (W @ x > 0)\n"
        "    return np.outer(delta1, x), np.outer(delta2, z)\n"
    )
    write("nan.py", text)
    verdicts = [
        c["verdict"] for c in json.loads(run("nan.py", "--json", "-")[1])["files"][0]["checks"]
    ]
    assert not {"crashed", "right"} & set(verdicts)


def test_a_budget_ends_a_file_and_no_other(run):
    slow = "import time\n" + "".join(
        f"def {name}(x):\n    time.sleep(2)\n" for name in ("ReLU", "tanh", "sigmoid", "softmax")
    )
    write("slow.py", slow)
    write("right.py", RIGHT)
    code, out, _ = run("slow.py", "right.py", "--json", "-", "--timeout", "0.6", "--budget", "1")
    first, second = json.loads(out)["files"]
    assert code == 1
    assert [c["verdict"] for c in second["checks"]] == ["right"]
    assert {c["verdict"] for c in first["checks"]} == {"timeout"}
    assert "the 1 s that a file may take were over" in first["checks"][-1]["remarks"][0]["text"]


WRONG_CLAIMS = ["L13", "L16", "L21", "L22", "L23", "L24", "L27"]
PROVED = [f"L{n}" for n in (8, 10, 11, *range(13, 25), 26, 27)]


@pytest.mark.slow
def test_the_lectures_claims(run, tmp_path):
    code, out, err = run("--json", "-", "--html", "claims.html", "--lang", "ja")
    assert (code, err) == (0, "")
    claims = json.loads(out)["claims"]
    assert [claim["id"] for claim in claims] == [f"L{n}" for n in range(1, 28)]
    assert [c["id"] for c in claims if not c["holds"]] == WRONG_CLAIMS
    assert [c["id"] for c in claims if c["proved"]] == PROVED
    assert [c["id"] for c in claims if c["refutation"]] == WRONG_CLAIMS
    assert "任意の微分可能な f について証明済み" in claims[19]["proof"]
    page = (tmp_path / "claims.html").read_text(encoding="utf-8")
    assert page.count("<details>") == len(PROVED)
    assert "分配法則" in page


def test_the_lectures_claims_without_proofs(run):
    code, out, err = run("--no-proof")
    assert (code, err) == (0, "")
    assert "proved" not in out
    assert "SymPy" not in out


@pytest.mark.costly
@pytest.mark.parametrize("lang", ["en", "ja"])
def test_without_sympy_the_claims_are_checked_by_numbers_and_the_report_says_so(
    run, monkeypatch, lang
):
    for name in [name for name in sys.modules if name.startswith("jaxmlp.verify.lecture.proof")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "sympy", None)
    code, out, err = run("--lang", lang)
    assert (code, err) == (0, "")
    assert out.count("SymPy") == 1
    assert {"en": "by numbers only, without proofs", "ja": "数値だけで確かめました"}[lang] in out
    claims = json.loads(run("--json", "-")[1])["claims"]
    assert {claim["proved"] for claim in claims} == {None}
    assert claims[0]["proof"].startswith("SymPy is not installed")


def test_a_proof_that_fails_ends_with_1(run, monkeypatch):
    from jaxmlp.verify.finding import Proof, Words
    from jaxmlp.verify.lecture import proof

    monkeypatch.setattr(
        proof, "proof", lambda claim: Proof(claim, Words("not proved", ""), claim != "L14", 0.1)
    )
    code, out, err = run()
    assert code == 1
    assert err == "jaxmlp: not proved: L14\n"
    assert "proof: not proved (0.1 s)" in out


def test_a_file_is_checked_without_sympy(run, tmp_path):
    write("a.py", RIGHT)
    code = "import sys; from jaxmlp.cli import main; main(['verify', 'a.py']); "
    code += "print('sympy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("False\n")


def test_a_claim_that_is_not_as_recorded_ends_with_1(run, monkeypatch):
    from dataclasses import replace

    from jaxmlp.verify import lecture

    claims = lecture.claims()
    monkeypatch.setattr(
        lecture, "claims", lambda seed: (replace(claims[0], holds=False), *claims[1:])
    )
    code, _, err = run("--no-proof")
    assert code == 1
    assert err == "jaxmlp: not as recorded: L1\n"


def test_reports_that_are_there_are_kept(run, tmp_path):
    path = write("a.py", RIGHT)
    for name in ("json", "csv", "html"):
        (tmp_path / f"report.{name}").write_text("before")
        code, _, err = run(path, f"--{name}", f"report.{name}")
        assert code == 2
        assert f"expected a new file for the report, got report.{name}, which is there" in err
        assert (tmp_path / f"report.{name}").read_text() == "before"
        assert run(path, f"--{name}", f"report.{name}", "--overwrite")[0] == 0
        assert (tmp_path / f"report.{name}").read_text() != "before"


@pytest.mark.parametrize(
    ("args", "line"),
    [
        (("a.py", "--timeout", "0"), "--timeout は 0 より大きい秒数です (0.0)"),
        (("--hidden", "tanh"), "--hidden には調べるファイルの指定が必要です"),
        (("a.py", "--json", "a.py"), "a.py は調べるファイルです"),
        (("a.py", "--json", "there.json"), "there.json は既にあります (--overwrite で上書き)"),
        (("missing.py",), "missing.py: ファイルがありません"),
        (("a.ipynb",), "a.ipynb: Jupyter ノートブックではありません"),
        (("empty",), "フォルダ empty に .py や .ipynb のファイルがありません"),
        (("class.zip",), "class.zip の採点には --out DIR の指定が必要です"),
        (("a.py", "--nothing"), "オプションを読み取れません: "),
        (("a.py", "--out", "a.py"), "--out にはフォルダを指定してください"),
    ],
)
def test_what_is_wrong_with_the_command_is_said_in_japanese(args, line, run, tmp_path, monkeypatch):
    write("a.py", RIGHT)
    write("a.ipynb", "{}")
    write("there.json", "{}")
    (tmp_path / "empty").mkdir()
    for told in ((*args, "--lang", "ja"), args):
        code, _, err = run(*told)
        assert code == 2
        assert line in err
        assert err.count("\n") == 1
        monkeypatch.setenv("LC_ALL", "ja_JP.UTF-8")
    monkeypatch.setenv("LC_ALL", "en_US.UTF-8")
    assert line not in run(*args)[2]
