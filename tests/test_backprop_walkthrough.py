"""The page that walks through backpropagation: every number of every step is JAX's."""

import html
import json
import math
import re
import shutil
import subprocess
import xml.etree.ElementTree as ET
from pathlib import Path

import jax.numpy as jnp
import numpy as np
import pytest

from experiments.backprop_walkthrough import __main__ as script
from experiments.backprop_walkthrough import browser
from experiments.backprop_walkthrough.page import (
    ACTIVATIONS,
    CITED,
    HERE,
    Start,
    numbers,
    page,
    start,
    state,
    words,
)
from jaxmlp import Network, Params, autodiff
from jaxmlp.verify.lecture.proof import proof

pytestmark = pytest.mark.slow  # all of it takes minutes

needs_chromium = pytest.mark.skipif(not browser.there(), reason="no chromium on the path")
needs_node = pytest.mark.skipif(shutil.which("node") is None, reason="no node on the path")
WIDTHS = {"en": 1280, "ja": 400}
EDITS = {
    "as it comes": {},
    "other numbers": {"x1": -0.7, "x2": 2.25, "y1": 0.25, "y2": 0.75, "η": 0.5, "w11": -1.3,
                      "w30": 0.8, "v20": -2.0, "v13": 1.75},
    "saturated": {"x1": 20, "x2": -30, "w10": 5, "v11": 900, "v12": 900, "v22": 3},
}  # fmt: skip


def ask(tmp_path, text, commands, width=1280):
    """The answers of the page to commands of walking.js, in a frame of that width."""
    walking = Path(__file__).with_name("walking.js").read_text(encoding="utf-8")
    around = (
        '<!DOCTYPE html><meta charset="utf-8"><pre id="answers"></pre>'
        f'<script type="application/json" id="commands">{json.dumps(commands)}</script>'
        f'<iframe id="frame" style="border:0;width:{width}px;height:900px" '
        f'srcdoc="{html.escape(text)}"></iframe><script>{walking}</script>'
    )
    path = tmp_path / "around.html"
    path.write_text(around, encoding="utf-8")
    dumped = browser.run(path, "--dump-dom", "--window-size=1400,1000")
    answers = json.loads(html.unescape(re.search(r'id="answers">(.*?)</pre>', dumped, re.S)[1]))
    assert len(answers) == len(commands), answers[-1]
    return answers


def edited(changes):
    """The start with other numbers, by their names on the page."""
    at = start()
    arrays = {"x": np.array(at.x), "y": np.array(at.y)}
    W, V = (np.array(matrix) for matrix in at.params)
    for name, value in changes.items():
        if name[0] in arrays:
            arrays[name[0]][int(name[1]) - 1] = value
        elif name[0] in "wv":
            {"w": W, "v": V}[name[0]][int(name[1]) - 1, int(name[2])] = value
    params = Params(jnp.asarray(W), jnp.asarray(V))
    return Start(arrays["x"], arrays["y"], changes.get("η", at.eta), params)


@pytest.fixture(scope="module")
def walks(tmp_path_factory):
    """The steps by language (and so width), activation and edit, all by the page's own buttons."""
    if not browser.there():
        pytest.skip("no chromium on the path")
    cases = [(f, edit) for edit in EDITS for f in ACTIVATIONS]
    found = {}
    for lang, width in WIDTHS.items():
        commands = [["say", lang]]
        for f, edit in cases:
            entries = {"f": f, **EDITS[edit]}
            entered = [["enter", name, value] for name, value in entries.items()]
            commands += [["press", "reset"], *entered, ["walk"]]
        answers = ask(tmp_path_factory.mktemp(lang), page(start()), commands, width)
        steps = [answer for answer in answers if isinstance(answer, list)]
        found |= {(lang, *case): walk for case, walk in zip(cases, steps, strict=True)}
    return found


def close(found, expected, digits=1e-9):
    return abs(found - expected) <= digits * max(1, abs(expected))


def read(text):
    """A number as the page writes it."""
    return float(re.sub("^[∂→] ", "", text).replace("−", "-"))


@pytest.mark.parametrize("edit", EDITS)
@pytest.mark.parametrize("f", ACTIVATIONS)
@pytest.mark.parametrize("lang", WIDTHS)
def test_every_number_of_every_step_is_jax_s(walks, lang, f, edit):
    expected, seen = numbers(f, edited(EDITS[edit])), set()
    steps = walks[lang, f, edit]
    assert len(steps) == 21
    for step in steps:
        for name, value, text in step["figure"] + step["panel"]:
            assert close(float(value), expected[name]), (step["title"], name)
            assert close(read(text), float(value), 0.06 if "e" in text else 6e-4), (name, text)
            seen.add(name)
    # log g of the new weights is behind E alone; e^a goes unsaid where it over- or underflows.
    unsaid = {name for name in expected if name.startswith(("next_l", "p"))}
    assert set(expected) - seen <= unsaid
    assert ("p1" in seen) == (expected["p1"] < math.inf)


def test_they_would_not_be_with_another_weight(walks):
    expected = numbers("tanh", edited({"w22": -1.03 + 1e-6}))
    shown = [n for step in walks["en", "tanh", "as it comes"] for n in step["figure"]]
    apart = {name for name, value, _ in shown if not close(float(value), expected[name])}
    assert apart > {"w22", "E"}


MEANS = {"log": math.log, "exp": math.exp, "tanh": math.tanh, "max": max}


def links(line):
    """The numbers that a line of arithmetic says are equal."""
    text = re.sub(r'<data[^>]* value="([^"]*)">.*?</data>', r"(\1)", line)
    text = re.sub(r"e<sup>(.*?)</sup>", r"exp(\1)", re.sub("<math>.*?</math>", "", text))
    for sign, python in (("&nbsp;", " "), ("\u00a0", " "), ("×", "*"), ("−", "-"), ("²", "**2")):
        text = text.replace(sign, python)
    assert "<" not in text, text
    return [eval(part, MEANS) for part in re.split("[=←]", text)[1:]]


@pytest.mark.parametrize("edit", EDITS)
@pytest.mark.parametrize("f", ACTIVATIONS)
def test_the_arithmetic_written_out_is_true(walks, f, edit):
    for step in walks["en", f, edit]:
        assert step["lines"]
        for line in step["lines"]:
            assert "Infinity" not in line
            *others, last = links(line)
            assert all(close(one, last) for one in others), line


def test_false_arithmetic_is_noticed():
    one = '<data data-of="w" value="0.5">0.5</data>'
    assert links(f"<math>u</math> = {one}\u00a0×\u00a0(−{one}) = {one}") == [-0.25, 0.5]


@pytest.mark.parametrize("f", ACTIVATIONS)
@pytest.mark.parametrize("lang", WIDTHS)
def test_every_step_has_its_equation_and_stands_out(walks, lang, f):
    steps = walks[lang, f, "as it comes"]
    for step in steps:
        equations = ET.fromstring(f"<r>{step['equations']}</r>")
        assert len(list(equations.iter("math"))) >= len(equations)
        for one in ("msub", "msup", "munder", "mfrac"):
            assert all(len(base) == 2 for base in equations.iter(one))
        assert step["note"]
        assert step["lit"]
        assert step["chips"] == 1
    cited = {claim for step in steps for claim in step["cited"]}
    assert all(step["cited"] for step in steps)
    assert cited >= {"L3", "L9", "L22", "L15", "L20", "L12", "L21", "L26"}
    assert cited <= set(CITED)
    assert len({step["title"] for step in steps}) == len(steps)


@needs_chromium
@pytest.mark.parametrize(("lang", "says"), [("en", "proved for all d, q, m"), ("ja", "証明済み")])
def test_a_step_leads_to_its_claim_and_its_proof(tmp_path, lang, says):
    commands = [["say", lang], ["press", "last"], ["press", "back"]]  # the step of W
    commands += [["claim", "L26"], ["claim", "L12"], ["claim", "L12"]]
    proved, defined, closed = ask(tmp_path, page(start()), commands, WIDTHS[lang])[3:]
    assert proved["text"].startswith("L26 誤差逆伝播法")
    assert says in proved["text"]
    assert proved["steps"] == len(proof("L26").derivations[0].steps)
    assert proved["fits"]
    assert defined["text"].startswith("L12")
    assert (defined["steps"], closed["text"]) == (0, "")


def test_nothing_is_wider_than_the_page(walks):
    for (lang, f, edit), steps in walks.items():
        for step in steps:
            assert step["fits"], (WIDTHS[lang], f, edit, step["title"])


def test_the_last_step_says_whether_the_error_is_smaller(walks):
    for (lang, f, edit), steps in walks.items():
        n = numbers(f, edited(EDITS[edit]))
        grown = (n["next_E"] > n["E"]) - (n["next_E"] < n["E"])
        said = words()[lang][{-1: "smaller", 0: "same", 1: "greater"}[grown]]
        assert steps[-1]["verdict"].startswith(said.partition("{")[0]), (lang, f, edit)
        assert not any(step["verdict"] for step in steps[:-1])


@needs_chromium
def test_the_next_iteration_goes_on_from_the_new_weights(tmp_path):
    at = start()
    commands = [["say", "en"], ["enter", "f", "tanh"]]
    commands += [["press", "iterate"], ["shown"], ["state"]] * 3
    answers = ask(tmp_path, page(at), commands)
    errors = [numbers("tanh", at)["E"]]
    for k in range(3):
        n = numbers("tanh", at)
        W = [[n[f"next_w{j}{i}"] for i in range(3)] for j in (1, 2, 3)]
        V = [[n[f"next_v{k}{j}"] for j in range(4)] for k in (1, 2)]
        at = at._replace(params=Params(jnp.array(W), jnp.array(V)))
        now = numbers("tanh", at)
        errors.append(now["E"])
        shown, now_says = answers[3 + 3 * k : 5 + 3 * k]
        assert all(close(float(value), now[name]) for name, value, _ in shown["figure"])
        assert now_says["errors"].startswith(f"Iteration {k + 1}.")
    listed = [float(e) for e in answers[-1]["errors"].partition(": ")[2].split(" → ")]
    np.testing.assert_allclose(listed, errors, atol=6e-5)
    assert errors == sorted(errors, reverse=True)


@needs_chromium
def test_it_plays_to_the_end_and_stops(tmp_path):
    path = tmp_path / "page.html"
    begin = "<script>document.getElementById('play').click()</script></body>"
    path.write_text(page(start()).replace("</body>", begin), encoding="utf-8")
    for seconds, step, says in ((5, 3, "Pause"), (60, 21, "Play")):
        dumped = browser.run(
            path, "--dump-dom", f"--virtual-time-budget={1000 * seconds}", fragment="lang=en"
        )
        assert f">Step {step} of 21<" in dumped
        assert f'id="play">{says}<' in dumped


@needs_chromium
@pytest.mark.parametrize(("browser_s", "lang"), [("ja", "ja"), ("en-GB", "en"), ("de", "en")])
def test_it_begins_in_the_browser_s_language(tmp_path, browser_s, lang):
    path = tmp_path / "page.html"
    path.write_text(page(start()), encoding="utf-8")
    dumped = browser.run(path, "--dump-dom", f"--accept-lang={browser_s}")
    assert f'<html lang="{lang}">' in dumped
    assert f">{words()[lang]['page']}</h1>" in dumped


@needs_chromium
def test_keys_are_buttons_except_in_a_field(tmp_path):
    keys = ["ArrowRight", "ArrowRight", "ArrowLeft", "End", "ArrowRight", "Home", "ArrowLeft"]
    commands = [command for name in keys for command in (["key", name], ["state"])]
    commands += [["key", "ArrowRight", "w11"], ["state"]]
    counts = [answer["count"] for answer in ask(tmp_path, page(start()), commands)[1::2]]
    assert [int(re.search("[0-9]+", c)[0]) for c in counts] == [2, 3, 2, 21, 21, 1, 1, 1]


SUM = "y: expected numbers from 0 on that sum to 1, as δ₂ = g − y needs (L14), got"
WRONG = [
    ("w11", "", ["w11"], "w11: expected a number, got nothing that is one"),
    ("η", -1, ["η"], "η: expected a number above 0, got -1"),
    ("η", 0, ["η"], "η: expected a number above 0, got 0"),
    ("y1", 0.5, ["y1"], f"{SUM} 0.5, 1"),
    ("y2", -1, ["y2"], f"{SUM} 0, -1"),
    ("w11", "1.7e308", [], "With these numbers the calculation overflows"),
]


@needs_chromium
def test_wrong_numbers_are_refused_in_words(tmp_path):
    commands = [["say", "en"], ["press", "last"], ["shown"]]
    for name, value, *_ in WRONG:
        commands += [["enter", name, value], ["state"], ["shown"]]
        commands += [["say", "ja"], ["state"], ["say", "en"], ["press", "reset"], ["state"]]
    answers = ask(tmp_path, page(start()), commands)
    for k, (_, _, fields, said) in enumerate(WRONG):
        _, english, shown, _, japanese, _, _, after = answers[3 + 8 * k : 11 + 8 * k]
        assert english["message"].startswith(said)
        assert re.search("[ぁ-ん]", japanese["message"])
        assert "{" not in english["message"] + japanese["message"]
        assert english["invalid"] == japanese["invalid"] == fields
        assert shown == answers[2], "the last right numbers stay"
        assert (after["message"], after["invalid"], after["eta"]) == ("", [], "0.2")


@needs_chromium
@pytest.mark.parametrize(
    ("fragment", "said"),
    [
        ("lang=ja&f=tanh&step=4", ""),
        ("lang=en&f=__proto__", "expected relu, sigmoid or tanh, got __proto__"),
        ("lang=en&step=-3.5&x=[1,2,3]", "x in the address: expected numbers in the shape"),
        ("lang=en&W=[[1,<img>&step=99", "expected"),
    ],
)
def test_the_address_has_the_numbers_or_is_refused(tmp_path, fragment, said):
    path = tmp_path / "page.html"
    path.write_text(page(start()), encoding="utf-8")
    dumped = browser.run(path, "--dump-dom", fragment=fragment)
    message = re.search(r'id="message"[^>]*>(.*?)</p>', dumped, re.S)[1]
    assert html.unescape(message) == "" if not said else said in html.unescape(message)
    assert re.search(r'id="title">[^<]+<', dumped)
    assert f'<html lang="{fragment[5:7]}">' in dumped
    if not said:
        assert words()["ja"]["z title"] in dumped
        assert f'data-value="{numbers("tanh", start())["z1"]:.8f}'[:-2] in dumped


@needs_chromium
def test_the_page_compares_itself_with_jax(tmp_path):
    text = page(start())
    asked = [["say", "en"], ["state"]]
    right = ask(tmp_path, text, asked)[1]["checked"]
    count, largest = re.search(r"all ([0-9]+) numbers are JAX's, to (\S+) ", right).groups()
    assert int(count) == sum(len(numbers(f, start())) for f in ACTIVATIONS)
    assert read(largest) < 1e-12
    assert text.count("one - y[k]") == 1
    spoiled = ask(tmp_path, text.replace("one - y[k]", "one + y[k]"), asked)[1]
    assert read(re.search(r"JAX's, to (\S+) ", spoiled["checked"])[1]) > 0.1


@needs_node
@pytest.mark.parametrize("f", ACTIVATIONS)
@pytest.mark.parametrize("sizes", [(5, 3, 4)])
def test_its_arithmetic_does_not_depend_on_the_sizes(sizes, f):
    at = start(sizes, seed=3)
    given = {"f": f, **state(at)}
    code = (HERE / "network.js").read_text(encoding="utf-8")
    code += f"\nconsole.log(JSON.stringify(named({json.dumps(given)})))"
    done = subprocess.run(["node", "-e", code], check=True, capture_output=True)
    found, expected = json.loads(done.stdout), numbers(f, at)
    assert set(found) == {*expected}
    assert all(close(found[name], value, 1e-12) for name, value in expected.items())


@pytest.mark.parametrize("f", ACTIVATIONS)
def test_the_numbers_to_compare_with_are_autodiff_s(f):
    at = start()
    found, n = autodiff(Network(f), at.params, at.x, at.y), numbers(f, at)
    for name, array in {"dw": found.dW, "dv": found.dV}.items():
        for (j, i), value in np.ndenumerate(array):
            assert close(n[f"{name}{j + 1}{i}"], value, 1e-12)
            weight = n[f"{name[1]}{j + 1}{i}"] - at.eta * value
            assert close(n[f"next_{name[1]}{j + 1}{i}"], weight, 1e-12)
    for name, array in {"δ1": found.delta1, "δ2": found.delta2}.items():
        assert all(close(n[f"{name}{j}"], value, 1e-12) for j, value in enumerate(array, 1))


def test_nothing_is_fetched():
    text = page(start())
    assert not re.search(r"https?:|//[a-z]+\.|\ssrc=|\shref=|@import|url\((?!#)", text)
    assert "default-src 'none'" in text
    assert "{{" not in re.sub(r"<script>.*</script>", "", text, flags=re.S)
    assert text.count("<script>") == text.count("</script>") - 5 == 1


def test_both_languages_have_every_text():
    en, ja = words()["en"], words()["ja"]
    assert list(en) == list(ja)
    for key, text in en.items():
        places = [sorted(re.findall(r"{\w+}", t)) for t in (text, ja[key])]
        assert places[0] == places[1], key
        assert text.strip()
        assert re.search("[ぁ-んァ-ヶ一-龠]", ja[key]), key
        assert not re.search("[ぁ-んァ-ヶ一-龠]", text), key
    text = page(start())
    asked = re.findall(r"""(?:data-say="|data-label="|say\(')([^"']+)["']""", text)
    keys = set(re.findall(r"key: '(\w+)'", text))
    assert len(set(asked)) > 20
    assert set(asked) <= set(en)
    assert {f"{key} {what}" for key in keys for what in ("title", "note")} <= set(en)


def test_the_script_writes_the_page_and_the_numbers(tmp_path, capsys):
    for name in ("one", "two"):
        script.main(["--quick", "--out", str(tmp_path / name)])
    names = sorted(path.name for path in (tmp_path / "one").iterdir())
    assert names == ["backprop_walkthrough.html", "backprop_walkthrough.json"]
    for name in names:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
    record = json.loads((tmp_path / "one" / names[1]).read_text(encoding="utf-8"))
    assert record["question"].endswith("?")
    assert record["answer"].split()[0] in capsys.readouterr().out
    assert record["numbers"]["relu"]["E"] > record["numbers"]["relu"]["next_E"]
