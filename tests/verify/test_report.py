"""What is written is read again: JSON by its documented schema, CSV, HTML, MathML and SVG by parsers."""

import csv
import io
import itertools
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import jaxmlp
from jaxmlp.verify import report as written
from jaxmlp.verify.finding import (
    VERDICTS,
    Check,
    Claim,
    Derivation,
    File,
    Law,
    Line,
    Note,
    Place,
    Proof,
    Report,
    Step,
    Words,
    Worst,
)
from jaxmlp.verify.report import words
from jaxmlp.verify.run.box import Held

DOCS = Path(__file__).parents[2] / "docs" / "report.md"
LANGUAGES, LEVELS = ("en", "ja"), ("verdict", "hint", "full")
FORMS = (written.as_text, written.as_json, written.as_csv, written.as_html, written.as_fragment)
CLAIM_FORMS = (
    written.claims_as_text,
    written.claims_as_json,
    written.claims_as_csv,
    written.claims_as_html,
)
JAPANESE = re.compile("[\u3041-\u30ff\u4e00-\u9fff]")
EVIL = '"><script>alert(1)</script><img src=x onerror=alert(2)>&amp;\x1b[31m\n\udc80'

SLOPE = Note(
    "slope-missing",
    Words("f' is missing in δ1.", "δ1 に f' がありません。"),
    Words("Look again at f'.", "f' を見直してください。"),
    "L18",
)
SIGN = Note("sign", Words("The sign of δ1 is wrong.", "δ1 の符号が逆です。"), None, "L22")
MASK = ((True, False, False), (True, False, True))
WRONG = Check(
    "backward",
    "delta1",
    "wrong",
    44,
    (SLOPE, SIGN),
    (Note("mean", Words("A mean over samples.", "サンプルの平均です。")),),
    (2, 3),
    (2, 3),
    1.73,
    Worst((1, 2), -0.125, 0.5),
    MASK,
    Words("only the bias column is wrong", "バイアスの列だけが誤りです"),
)


def report(*checks: Check, **file) -> Report:
    return Report((File("a.py", checks, **file),))


# Reports of any content


class Plan(NamedTuple):
    """What to build: the run-time type checks draw random numbers, which a strategy must not."""

    kind: type
    fields: dict


def planned(kind, **fields):
    return st.fixed_dictionaries(fields).map(lambda drawn: Plan(kind, drawn))


def built(plan):
    if isinstance(plan, Plan):
        return plan.kind(**{key: built(value) for key, value in plan.fields.items()})
    return tuple(map(built, plan)) if isinstance(plan, tuple) else plan


def some(strategy, most):
    return st.lists(strategy, max_size=most).map(tuple)


def rows(columns):
    return some(st.lists(st.booleans(), min_size=columns, max_size=columns).map(tuple), 4)


short = st.text(max_size=9)
said = planned(Words, en=short, ja=short)
notes = planned(
    Note,
    id=short,
    text=said,
    hint=st.none() | said,
    equation=st.sampled_from(["", "L22", "<b>"]),
    explanation=st.integers(0, 2),
)
shapes = some(st.integers(0, 9), 3)
code = planned(
    Line,
    number=st.integers(1, 99),
    text=short | st.just(EVIL) | st.just("\tδ = 層[1] @ V.T"),
    cell=st.none() | st.integers(1, 9),
    says=st.none() | said,
    stages=st.sampled_from([(), ("delta1",), ("dV", "dW"), ("<b>",)]),
    verdict=st.sampled_from(["", "right", "wrong", "follows"]),
)
checks = planned(
    Check,
    name=st.sampled_from(["ReLU", "training loop", "f", "=1+1"]) | st.text(),
    stage=st.sampled_from(["delta2", "dV", "delta1", "dW", "slope", "value", "loss"]) | st.text(),
    verdict=st.sampled_from(VERDICTS),
    line=st.none() | st.integers(1, 999),
    place=st.none()
    | planned(
        Place,
        **dict.fromkeys(("line", "column", "end_line", "end_column"), st.integers(1, 999)),
        text=short | st.just(EVIL),
        cell=st.none() | st.integers(1, 9),
    ),
    lines=some(code, 4),
    diagnosis=some(notes, 4),
    remarks=some(notes, 2),
    expected_shape=st.none() | shapes,
    got_shape=st.none() | shapes,
    relative_error=st.none() | st.floats(),
    worst=st.none() | planned(Worst, index=shapes, expected=st.floats(), got=st.floats()),
    wrong=st.none() | st.integers(0, 4).flatmap(rows),
    where=st.none() | said,
)
files = planned(
    File,
    path=short | st.just(EVIL),
    checks=some(checks, 4),
    remarks=some(notes, 2),
    problem=st.none() | said,
)
holding = planned(Held, **dict.fromkeys(Held._fields, st.booleans()))
reports = planned(Report, files=some(files, 3), held=st.none() | holding)
anyhow = {"lang": st.sampled_from(LANGUAGES), "explain": st.sampled_from(LEVELS)}
few = settings(max_examples=60)


# JSON


def strict(text: str) -> dict:
    def refuse(constant):
        raise ValueError(f"{constant} is not JSON")

    text.encode("utf-8")
    return json.loads(text, parse_constant=refuse)


def nothing(value) -> bool:
    return value is None


def either(*kinds):
    return lambda value: any(kind(value) for kind in kinds)


def is_a(*types):
    return lambda value: type(value) in types


def listed(kind):
    return lambda value: isinstance(value, list) and all(map(kind, value))


def keyed(**kinds):
    return lambda value: (
        list(value) == list(kinds) and all(kind(value[key]) for key, kind in kinds.items())
    )


def one_of(*values):
    return lambda value: value in values


TEXT, INTEGER = is_a(str), is_a(int)
NUMBER = either(is_a(float), one_of("NaN", "Infinity", "-Infinity"))
NOTE = {"id": either(nothing, TEXT), "text": TEXT, "equation": either(nothing, TEXT)}
WORST = {"index": listed(INTEGER), "expected": NUMBER, "got": NUMBER}
LINE = {
    "number": INTEGER,
    "cell": either(nothing, INTEGER),
    "text": TEXT,
    "says": either(nothing, TEXT),
    "stages": listed(TEXT),
    "verdict": one_of(None, "right", "wrong", "follows"),
}
CHECK = {
    "name": TEXT,
    "stage": TEXT,
    "verdict": one_of(*VERDICTS),
    **dict.fromkeys(("line", "column", "end_line", "end_column", "cell"), either(nothing, INTEGER)),
    "expression": either(nothing, TEXT),
    "begins": either(nothing, INTEGER),
    "expected_shape": either(nothing, listed(INTEGER)),
    "got_shape": either(nothing, listed(INTEGER)),
    "relative_error": either(nothing, NUMBER),
    "worst": either(nothing, keyed(**WORST)),
    "where": either(nothing, TEXT),
    "wrong": either(nothing, listed(listed(is_a(bool)))),
    "diagnosis": listed(keyed(**NOTE, explanation=INTEGER)),
    "remarks": listed(keyed(**NOTE)),
    "lines": listed(keyed(**LINE)),
}
FILE = {
    "path": TEXT,
    "problem": either(nothing, TEXT),
    "remarks": listed(keyed(**NOTE)),
    "checks": listed(keyed(**CHECK)),
}
HEADER = {
    "version": one_of(2),
    "jaxmlp": one_of(jaxmlp.__version__),
    "language": one_of("en", "ja"),
}
REPORT = {
    "schema": one_of("jaxmlp-verify"),
    **HEADER,
    "explain": one_of(*LEVELS),
    "summary": keyed(**dict.fromkeys(VERDICTS, INTEGER)),
    "held": either(nothing, keyed(**dict.fromkeys(Held._fields, is_a(bool)))),
    "files": listed(keyed(**FILE)),
}
CLAIM = {
    **dict.fromkeys(("id", "slide", "formula"), TEXT),
    **dict.fromkeys(("holds", "recorded"), is_a(bool)),
    "relative_error": NUMBER,
    "assumption": either(nothing, TEXT),
    "error_without": either(nothing, NUMBER),
    "correction": either(nothing, TEXT),
    "correction_error": either(nothing, NUMBER),
    "remark": either(nothing, TEXT),
    "proved": either(nothing, is_a(bool)),
    "proof": either(nothing, TEXT),
    "proof_seconds": either(nothing, NUMBER),
    "refutation": either(nothing, TEXT),
}
CLAIMS = {
    "schema": one_of("jaxmlp-claims"),
    **HEADER,
    "summary": keyed(holds=INTEGER, does_not_hold=INTEGER, unexpected=INTEGER),
    "claims": listed(keyed(**CLAIM)),
}


@few
@given(plan=reports, **anyhow)
def test_any_report_is_strict_json_of_the_schema(plan, lang, explain):
    found = built(plan)
    read = strict(written.as_json(found, lang, explain))
    assert keyed(**REPORT)(read)
    assert [len(file["checks"]) for file in read["files"]] == [len(f.checks) for f in found.files]
    verdicts = [check.verdict for check in found.checks]
    assert read["summary"] == {verdict: verdicts.count(verdict) for verdict in VERDICTS}


def test_the_schema_refuses_what_is_not_in_it():
    read = strict(written.as_json(report(WRONG)))
    assert keyed(**REPORT)(read)
    for spoiled in ({"verdict": "fine"}, {"line": 1.5}, {"relative_error": "nan"}, {"more": 1}):
        check = {**read["files"][0]["checks"][0], **spoiled}
        assert not keyed(**REPORT)({**read, "files": [{**read["files"][0], "checks": [check]}]})


def test_the_page_on_the_schema_names_every_key_and_value():
    documented = set(re.findall(r"`\"?([\w-]+)\"?`", DOCS.read_text(encoding="utf-8")))
    keys = {*REPORT, *FILE, *CHECK, *NOTE, *WORST, *LINE, *CLAIMS, *CLAIM, "explanation"}
    keys |= {"follows"}
    keys |= {"holds", "does_not_hold", "unexpected", *VERDICTS, *LEVELS}
    assert keys <= documented
    assert "worst_entry" not in documented


def test_json_of_a_wrong_check():
    wrong = replace(WRONG, place=Place(47, 5, 47, 12, "d2 @ V.T"))
    (file,) = strict(written.as_json(report(wrong), "ja"))["files"]
    (check,) = file["checks"]
    assert check == {
        **{"name": "backward", "stage": "delta1", "verdict": "wrong"},
        **{"line": 47, "column": 5, "end_line": 47, "end_column": 12, "cell": None},
        **{"expression": "d2 @ V.T", "begins": 44},
        "expected_shape": [2, 3],
        "got_shape": [2, 3],
        "relative_error": 1.73,
        "worst": {"index": [1, 2], "expected": -0.125, "got": 0.5},
        "where": "バイアスの列だけが誤りです",
        "wrong": [[True, False, False], [True, False, True]],
        "diagnosis": [
            {**note, "explanation": 0}
            for note in (
                {"id": "slope-missing", "text": "δ1 に f' がありません。", "equation": "L18"},
                {"id": "sign", "text": "δ1 の符号が逆です。", "equation": "L22"},
            )
        ],
        "remarks": [{"id": "mean", "text": "サンプルの平均です。", "equation": None}],
        "lines": [],
    }


def test_without_a_place_the_line_is_where_it_begins():
    (file,) = strict(written.as_json(report(WRONG)))["files"]
    (check,) = file["checks"]
    assert (check["line"], check["begins"], check["column"]) == (44, 44, None)


def test_the_wrong_expression_is_told_with_its_line_and_its_cell():
    wrong = replace(WRONG, place=Place(47, 5, 47, 12, "d2 @ V.T", 3))
    for explain in ("full", "hint"):
        text = written.as_text(report(wrong), "en", explain)
        assert "wrong expression: cell 3, line 47: d2 @ V.T" in text
    assert "d2 @ V.T" not in written.as_text(report(wrong), "en", "verdict")
    assert "誤りのある式: セル 3 の 47 行目: d2 @ V.T" in written.as_text(report(wrong), "ja")


@pytest.mark.parametrize(
    ("value", "as_json"),
    [("nan", "NaN"), ("inf", "Infinity"), ("-inf", "-Infinity"), ("0.5", 0.5)],
)
def test_what_json_has_no_number_for_is_a_string(value, as_json):
    check = replace(WRONG, relative_error=float(value), worst=Worst((0,), float(value), 1.0))
    (found,) = strict(written.as_json(report(check)))["files"][0]["checks"]
    assert [found["relative_error"], found["worst"]["expected"]] == [as_json, as_json]
    assert repr(float(as_json)) == value


# Text


def test_text_in_english():
    expected = """\
a.py
  backward (line 44)
    × wrong       δ1
        where: only the bias column is wrong
        shape: (2, 3), as expected
        relative error: 1.7
        farthest off: [1, 2]: expected -0.125, got 0.5
        2 mistakes at once:
            - f' is missing in δ1. [L18]
            - The sign of δ1 is wrong. [L22]
        remark: A mean over samples.
    √ right       ∂E/∂W

1 file, 2 quantities checked: 1 right, 1 wrong
"""
    assert written.as_text(report(WRONG, Check("backward", "dW", "right", 44))) == expected
    assert str(report(WRONG, Check("backward", "dW", "right", 44))) == expected


def test_text_in_japanese():
    expected = """\
a.py
  学習ループ (44 行目)
    × 誤り          δ1
        場所: バイアスの列だけが誤りです
        形: 正しくは (2, 3)、提出は (3,)
        相対誤差: 1.7
        最大のずれ: [1, 2]: 正しくは -0.125、提出は 0.5
        診断: δ1 に f' がありません。 [L18]
    ■ 実行時エラー  値

1 ファイル、検査した量 2 個: 誤り 1、実行時エラー 1
"""
    wrong = replace(WRONG, name="training loop", got_shape=(3,), diagnosis=(SLOPE,), remarks=())
    found = report(wrong, Check("training loop", "value", "crashed", 44))
    assert written.as_text(found, "ja") == expected


def test_text_of_explanations_that_no_data_can_tell_apart():
    other = replace(SLOPE, text=Words("f' is twice.", "f' が 2 回です。"), explanation=1)
    found = report(replace(WRONG, diagnosis=(SLOPE, SIGN, other)))
    english, japanese = (written.as_text(found, lang) for lang in LANGUAGES)
    assert (
        """\
        2 explanations that no data can tell apart:
          either
            - f' is missing in δ1. [L18]
            - The sign of δ1 is wrong. [L22]
          or f' is twice. [L18]
"""
        in english
    )
    assert "データでは区別できない 2 通りの候補:" in japanese
    assert "          候補 2 f' が 2 回です。 [L18]\n" in japanese


def test_text_says_why_a_file_could_not_be_checked():
    found = report(problem=Words("No function\nin it", "関数がありません"))
    assert "  could not be checked: No function\n    in it\n" in written.as_text(found)
    assert written.as_text(found).endswith("0 quantities checked: 1 could not be checked\n")
    assert "検査できなかったファイル 1" in written.as_text(found, "ja")
    assert written.as_text(Report(())) == "nothing to check\n"


def test_values_that_look_alike_are_written_in_full():
    check = replace(WRONG, worst=Worst((), 1.0, 1.0 + 1e-9))
    assert "farthest off: expected 1.0, got 1.000000001" in written.as_text(report(check))


def test_colour_is_all_that_colour_adds():
    found = report(*(Check("f", "g", verdict) for verdict in VERDICTS), WRONG)
    coloured = written.as_text(found, color=True)
    assert len(re.findall("\x1b\\[3[1-6]m. \\w+\x1b\\[0m", coloured)) == len(VERDICTS) + 1
    assert re.sub("\x1b\\[\\d+m", "", coloured) == written.as_text(found)


@few
@given(plan=reports, **anyhow)
def test_no_control_character_of_a_file_reaches_the_terminal(plan, lang, explain):
    found = built(plan)
    text = written.as_text(found, lang, explain)
    text.encode("utf-8")
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f]", text)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_marks_and_labels_survive_a_japanese_console(lang):
    found = report(
        *(
            replace(WRONG, verdict=v, diagnosis=(), stage=s)
            for v in VERDICTS
            for s in words.STAGE_NAMES
        )
    )
    assert found.checks
    text = written.as_text(found, lang, color=True)
    assert text.encode("cp932").decode("cp932") == text
    marks = [words.mark(verdict, lang) for verdict in VERDICTS]
    assert len(set(marks)) == len(VERDICTS)


# The code


def plainly(text: str) -> Words:
    return Words(text, text)


CODE = (
    Line(45, "    z = f(W @ x)  # 層の出力", None, plainly("z"), ()),
    Line(46, "    d2 = g - y", None, plainly("= δ2 = ∂E/∂a"), ("delta2",), "right"),
    Line(48, "    d1 = 層.T @ (d2 * s)", None, None, (), "wrong"),
    Line(49, "    W -= d1", None, plainly("from the wrong value of line 48"), (), "follows"),
)
SPOILED = replace(
    WRONG,
    place=Place(48, 10, 48, 24, "層.T @ (d2 * s)"),
    lines=CODE,
    diagnosis=(SLOPE,),
    remarks=(),
)


def test_the_code_has_its_numbers_what_it_computes_and_the_mistake_underlined():
    expected = """\
a.py
  backward (line 44)
       45 │ z = f(W @ x)  # 層の出力   z
       46 │ d2 = g - y                 = δ2 = ∂E/∂a  [L15]
        …
       48 │ d1 = 層.T @ (d2 * s)
          │      ^^^^^^^^^^^^^^^
          │ diagnosis: f' is missing in δ1. [L18]
       49 │ W -= d1                    from the wrong value of line 48
    × wrong       δ1
        where: only the bias column is wrong
"""
    assert written.as_text(report(SPOILED)).split("\n\n")[0] + "\n" == expected


def test_tabs_and_several_lines_are_underlined_where_they_stand():
    lines = (Line(1, "\td = (V.T @"), Line(2, "\t\td2)"))
    check = replace(SPOILED, lines=lines, place=Place(1, 6, 2, 6, "(V.T @ d2)"))
    rows = written.as_text(report(check)).splitlines()[2:7]
    assert rows[:4] == [
        "        1 │ d = (V.T @",
        "          │     ^^^^^^",
        "        2 │     d2)",
        "          │     ^^^",
    ]
    assert "diagnosis" in rows[4]


def test_what_does_not_fit_beside_the_code_stands_below_it():
    long = Line(7, "x" * 70, None, plainly("the output g"))
    rows = written.as_text(report(replace(SPOILED, lines=(CODE[1], long), place=None))).splitlines()
    at = next(k for k, row in enumerate(rows) if "xxx" in row)
    assert rows[at].endswith("x")
    assert rows[at + 1].split() == ["│", "the", "output", "g"]


def test_a_wrong_expression_outside_of_the_code_is_told_as_before():
    check = replace(SPOILED, place=Place(99, 1, 99, 4, "abc"))
    text = written.as_text(report(check))
    assert "wrong expression: line 99: abc" in text
    assert "^" not in text
    assert text.count("f' is missing") == 1


@pytest.mark.parametrize("form", [written.as_text, written.as_json, written.as_html])
def test_a_hint_shows_the_code_and_not_what_it_has_to_be(form):
    css = re.compile("<style>.*?</style>", re.DOTALL)
    hint = css.sub("", form(report(SPOILED), "en", "hint"))
    assert "d1 = " in hint
    assert "Look again" in hint
    for secret in ("δ2 =", "∂E/∂a", "from the wrong value", "is missing", "L15", "delta2", "<math"):
        assert secret not in hint
    assert "d1 = " not in form(report(SPOILED), "en", "verdict")
    right = replace(SPOILED, verdict="right", lines=CODE[:2], place=None, diagnosis=())
    assert "∂E/∂a" in form(report(right), "en", "hint")


def test_a_hint_says_which_lines_are_right():
    rows = written.as_text(report(SPOILED), "en", "hint").splitlines()
    assert [row.split()[0] for row in rows if row.endswith("√")] == ["46"]


def test_the_page_marks_what_is_wrong():
    page = Page(written.as_html(report(SPOILED)))
    assert page.all("mark") == [{}]
    assert re.findall("<mark>(.*?)</mark>", page.source) == ["層.T @ (d2 * s)"]
    assert "δ2=∂E∂a" in "".join(t for math in page.xml("math") for t in math.itertext())
    assert [a["class"] for a in page.all("span") if "says" in a.get("class", "")] == [
        *("says ", "says right", "says wrong", "says follows")
    ]


def test_in_a_notebook_lines_have_their_cell():
    lines = tuple(line._replace(cell=2) for line in CODE)
    check = replace(SPOILED, lines=lines, place=Place(48, 10, 48, 24, "", 2))
    text = written.as_text(report(check))
    assert "   [2] 48 │ d1 = " in text
    assert "^^^^" in text
    other = replace(check, place=Place(48, 10, 48, 24, "", 3))
    assert "^^^^" not in written.as_text(report(other))


# CSV


def table(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline=""), strict=True))


def test_csv_is_a_class_one_row_a_file():
    other = replace(SLOPE, explanation=1)
    one = File("a.py", (WRONG, Check("f", "value", "right")))
    two = File("b, c.py", (Check("f", "value", "timeout"), replace(WRONG, diagnosis=(SIGN, other))))
    bad = File('d "e".py', problem=Words("no\nway", "無理"))
    assert table(written.as_csv(Report((one, two, bad)))) == [
        [
            "file",
            "could not be checked",
            *VERDICTS,
            "network",
            "from elsewhere",
            "backward δ1",
            "f value",
        ],
        ["a.py", "", "1", "1", "0", "0", "0", "0", "", "", "wrong: slope-missing + sign", "right"],
        [
            "b, c.py",
            "",
            "0",
            "1",
            "0",
            "0",
            "0",
            "1",
            "",
            "",
            "wrong: sign / slope-missing",
            "timeout",
        ],
        ['d "e".py', "no way", *"000000", "", "", "", ""],
    ]
    japanese = table(written.as_csv(Report((one, two, bad)), "ja", "hint"))
    assert japanese[0][:4] == ["ファイル", "検査不能", "正しい", "誤り"]
    assert japanese[1][-2:] == ["誤り", "正しい"]


@few
@given(plan=reports, **anyhow)
def test_any_csv_is_a_table_without_formulas(plan, lang, explain):
    found = built(plan)
    rows = table(written.as_csv(found, lang, explain))
    assert len(rows) == 1 + len(found.files)
    quantities = {(check.name, check.stage) for check in found.checks}
    assert {len(row) for row in rows} == {10 + len(quantities)}
    assert not [cell for row in rows for cell in row if re.match(r"\s*[=+\-@＝＋－＠]", cell)]
    for row, file in zip(rows[1:], found.files, strict=True):
        verdicts = [check.verdict for check in file.checks]
        assert row[2:8] == [str(verdicts.count(verdict)) for verdict in VERDICTS]


@pytest.mark.parametrize("start", "=+-@＝\t")
def test_a_file_name_is_no_formula(start):
    (_, row) = table(written.as_csv(Report((File(f"{start}cmd|' /C calc'!A0"),))))
    assert row[0] == ("\\tcmd|' /C calc'!A0" if start == "\t" else f"'{start}cmd|' /C calc'!A0")


# HTML


class Page(HTMLParser):
    """A page's elements, once each has been closed in its turn."""

    VOID = ("meta", "br", "img", "link", "input", "hr")

    def __init__(self, text: str):
        super().__init__(convert_charrefs=True)
        self.open, self.elements, self.text, self.source = [], [], [], text
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        assert "svg" in self.open

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "style" not in self.open:
            self.text.append(data)

    def all(self, tag, **attrs):
        wanted = {key.rstrip("_"): value for key, value in attrs.items()}
        return [a for t, a in self.elements if t == tag and wanted.items() <= a.items()]

    def xml(self, tag):
        return [
            ElementTree.fromstring(found)
            for found in re.findall(f"<{tag}[ >].*?</{tag}>", self.source, re.DOTALL)
        ]


def test_the_parser_refuses_what_is_not_closed():
    Page("<p>a<br></p>")
    for spoiled in ("<p>a", "<p><b>a</p></b>", "a</p>"):
        with pytest.raises((AssertionError, IndexError)):
            Page(spoiled)


KNOWN = set(
    re.findall(
        r"\w+",
        """html head meta title style body main h1 h2 h3 p a b br code div dl dt dd figure figcaption
        footer caption li section small span table tbody td th thead tr ul svg path text
        math mi mo mn mover msub msup msubsup munder munderover mrow mfrac mspace
        details summary mark""",
    )
)


@few
@given(plan=reports, **anyhow)
def test_any_page_is_well_formed_and_needs_nothing_else(plan, lang, explain):
    found = built(plan)
    page = Page(written.as_html(found, lang, explain))
    page.source.encode("utf-8")
    assert {tag for tag, _ in page.elements} <= KNOWN
    assert page.all("html", lang=lang)
    assert page.all("div", class_="jaxmlp-verify", lang=lang)
    attributes = {name for _, attrs in page.elements for name in attrs}
    assert not [name for name in attributes if name in ("src", "style") or name.startswith("on")]
    assert not re.search(r"url\(|@import|https?:", page.source)
    ids = [attrs["id"] for _, attrs in page.elements if "id" in attrs]
    assert len(ids) == len(set(ids)) == len(found.files)
    linked = [a["href"] for a in page.all("a")]
    assert linked == ([f"#{i}" for i in ids] if len(ids) > 1 else [])
    assert len(page.xml("math")) == len(page.all("math"))
    assert len(page.xml("svg")) == len(page.all("svg"))


def test_what_comes_from_a_file_is_escaped_everywhere():
    evil = Words(EVIL, EVIL)
    note = Note(EVIL, evil, evil, EVIL)
    check = replace(WRONG, name=EVIL, stage=EVIL, where=evil, diagnosis=(note,), remarks=(note,))
    file = File(EVIL, (check,), (note,), evil)
    claim = Claim(EVIL, EVIL, EVIL, False, True, 1.0, evil, 1.0, EVIL, 1.0, evil)
    for text in (written.as_html(Report((file, file))), written.claims_as_html((claim,))):
        page = Page(text)
        assert not {tag for tag, _ in page.elements} - KNOWN
        assert '"><script>alert(1)</script>' in "".join(page.text)
        assert "&amp;\\x1b[31m" in "".join(page.text)


@pytest.mark.parametrize("form", FORMS)
def test_a_file_name_that_is_not_unicode_can_be_written(form):
    text = form(Report((File("a\udc80.py", (replace(WRONG, name="f\udc80"),)),)))
    assert text.encode("utf-8").decode("utf-8").count("\\udc80") >= 2


def test_the_summary_links_to_each_file_and_tabulates_the_class():
    problem = File("c.py", problem=Words("empty", "空"))
    files = (File("a.py", (WRONG,)), File("b.py", (Check("f", "value", "right"),)), problem)
    page = Page(written.as_html(Report(files)))
    assert len(page.all("tr")) == 4
    assert len(page.all("a")) == len(page.all("section")) - 1 == 3
    assert len(page.all("td", class_="cell")) == 4  # a quantity that the file does not have
    assert len(page.all("td", class_="cell wrong")) == len(page.all("td", class_="cell right")) == 1
    assert not Page(written.as_html(report(WRONG))).all("table")


@pytest.mark.parametrize(
    ("stage", "name", "expected", "cite"),
    [
        ("delta2", "f", "δ2=∂E∂a", "L15"),
        ("dV", "f", "∂E∂V=δ2zT", "L15"),
        ("delta1", "f", "δ1=V~Tδ2⊙f′(Wx)", "L22"),
        ("dW", "f", "∂E∂W=δ1xT", "L20"),
        ("z", "f", "z=(1,f(Wx))", "L27"),
        ("value", "softmax", "gk(a)=eak/Σieai", "L6"),
        ("value", "ReLU", "f(u)=max(0,u)", "L5"),
        ("derivative", "dReLU", "f′(u)=1(u>0),0(u≤0)", "L7"),
        ("loss", "CrossEntoropy", "E=−Σiyiloggi", "L9"),
        ("loss", "squared_error", "E=Σj(yj−gj)2", "L8"),
        ("loss", "binary_cross_entropy", "E=−ylogf−(1−y)log(1−f)", "L10"),
        ("value", "unknown", None, None),
    ],
)
def test_equations_are_mathml_with_the_number(stage, name, expected, cite):
    found = report(replace(WRONG, stage=stage, name=name, diagnosis=()))
    page = Page(written.as_fragment(found))
    found = "".join(text for math in page.xml("math") for text in math.itertext())
    assert found == (expected or "")
    assert (cite in page.text) == bool(cite)


def cells(svg, columns: int) -> set[tuple[int, int]]:
    """The boxes of a drawing, as (row, column), by the distances of its numbered columns."""
    texts = svg.findall("text")
    middles = [float(t.get("x")) for t in texts if t.get("text-anchor") == "middle"]
    size = (middles[1] - middles[0]) / (int(texts[1].text) - int(texts[0].text))
    top, left = 36, middles[0] - size / 2
    boxes = re.findall(r"M(\d+) (\d+)h(\d+)v(\d+)H\1z", svg.find("path[@class]").get("d"))
    found = set()
    for x, y, width, height in (map(int, box) for box in boxes):
        assert height == size
        first, row = (x - left) / size, (y - top) / size
        found |= {(int(row), int(first) + i) for i in range(int(width / size))}
    return found


@pytest.mark.parametrize("shape", [(1, 5), (3, 4), (4, 41), (90, 60)])
def test_the_picture_shows_the_wrong_entries(shape, rng):
    mask = rng.uniform(size=shape) < 0.4
    check = replace(WRONG, stage="dW", wrong=tuple(tuple(map(bool, row)) for row in mask))
    (svg,) = Page(written.as_fragment(report(check))).xml("svg")
    wrong = {(int(j), int(i)) for j, i in zip(*mask.nonzero(), strict=True)}
    assert wrong
    assert cells(svg, shape[1]) == wrong
    crosses = svg.find("path[@class='cross']").get("d").count("M")
    assert crosses == (len(wrong) if max(shape) <= 40 else 0)
    assert (svg.get("role"), svg.get("aria-label")) == ("img", "only the bias column is wrong")


def test_a_picture_has_words_and_numbers():
    page = Page(written.as_fragment(report(replace(WRONG, stage="dV", where=None)), "ja"))
    (svg,) = page.xml("svg")
    assert [text.text for text in svg.findall("text")] == ["0", "1", "2", "0", "1"]
    assert svg.get("aria-label") == "3 / 6 個の成分が誤り"
    assert "↓ 出力 → 中間ユニット (0 はバイアス)" in page.text
    assert not Page(written.as_html(report(replace(WRONG, verdict="right")))).all("svg")
    assert not Page(written.as_html(report(replace(WRONG, wrong=((False, False),))))).all("svg")


def test_verdicts_are_told_by_more_than_colour():
    page = Page(written.as_fragment(report(*(Check("f", "value", v) for v in VERDICTS))))
    text = "".join(page.text)
    for verdict in VERDICTS:
        assert f"{words.mark(verdict, 'en')} {verdict}" in text
        assert len(page.all("span", class_=f"badge {verdict}")) == 2  # in the summary, at the check


def contrast(one: str, other: str) -> float:
    """The ratio of luminances of WCAG 2, of which it asks 4.5 for text."""

    def luminance(colour):
        digits = colour if len(colour) == 6 else "".join(c + c for c in colour)
        parts = [int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
        return sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))

    low, high = sorted([luminance(one), luminance(other)])
    return (high + 0.05) / (low + 0.05)


def test_colours_can_be_read_in_light_and_in_dark():
    assert contrast("000", "ffffff") == pytest.approx(21)
    text = written.as_fragment(report(WRONG))
    modes = re.findall(r"(--back: .*?)color-scheme: (\w+)", text, re.DOTALL)
    assert {"light", "dark"} == {mode for _, mode in modes}
    for rules, _ in modes:
        colour = dict(re.findall(r"--([\w-]+): #(\w+);", rules))
        pairs = [(v, f"{v}-soft") for v in VERDICTS]
        pairs += [(fore, "back") for fore in ("fore", "dim", "link", *VERDICTS)]
        pairs += [(fore, "soft") for fore in ("fore", "dim", "right", "wrong")]  # beside code
        pairs += [("fore", "wrong-soft")]  # marked in it
        assert min(contrast(colour[a], colour[b]) for a, b in pairs) >= 4.5


def test_a_notebook_shows_a_fragment_of_its_own():
    one, two = report(WRONG), report(replace(WRONG, verdict="right"))
    assert one._repr_html_() == written.as_notebook(one)
    page, other = Page(one._repr_html_()), Page(two._repr_html_())
    assert page.elements[0][0] == "div"
    assert not page.all("html") + page.all("h1") + page.all("body")
    assert {a["id"] for a in page.all("section") if a} & {
        a["id"] for a in other.all("section") if a
    } == set()
    (style,) = re.findall("<style>(.*?)</style>", page.source, re.DOTALL)
    rules = re.sub(r"@media [^{]+\{|/\*.*?\*/", "", style)
    selectors = [s for group in re.findall(r"([^{}]+)\{[^{}]*\}", rules) for s in group.split(",")]
    assert len(selectors) > 40
    assert all(s.strip().startswith(".jaxmlp-verify") for s in selectors)


# What may be told

SECRET = Check(
    "backward",
    "delta1",
    "wrong",
    44,
    (
        Note("secret-id", Words("SECRET-TEXT", "SECRET-TEXT"), Words("LOOK", "LOOK"), "L91"),
        Note("secret-too", Words("SECRET-OTHER", "SECRET-OTHER"), None, "L92", 1),
    ),
    (Note("secret-remark", Words("SECRET-REMARK", "SECRET-REMARK")),),
    (7171, 7272),
    (7373, 7474),
    0.75,
    Worst((8181, 8282), 0.8375, 0.8475),
    MASK,
    Words("WHERE", "WHERE"),
)
SECRETS = (
    *("secret-id", "SECRET-TEXT", "secret-too", "SECRET-OTHER", "secret-remark", "SECRET-REMARK"),
    *("L91", "L92", "7171", "7272", "0.75", "8181", "8282", "0.8375", "0.8475", "<math", "L22"),
)


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("verdict", ["wrong", "imprecise"])
@pytest.mark.parametrize("form", FORMS)
def test_a_hint_does_not_give_the_answer_away(form, verdict, lang):
    found = report(replace(SECRET, verdict=verdict))
    css = re.compile("<style>.*?</style>", re.DOTALL)
    told = {level: css.sub("", form(found, lang, level)) for level in LEVELS}
    shown = [s for s in SECRETS if s in told["full"]]
    assert len(shown) >= (2 if form is written.as_csv else 12)
    assert [s for s in SECRETS if s in told["hint"] + told["verdict"]] == []
    if form is not written.as_csv:
        assert "LOOK" in told["hint"]
        assert "WHERE" in told["hint"]
        assert "7373" in told["hint"]
    assert not re.search("LOOK|WHERE|7373|<svg", told["verdict"])
    assert words.say(verdict, lang) in told["verdict"] or form is written.as_json


def test_a_hint_keeps_what_is_no_answer():
    crash = Check(
        "f", "value", "crashed", remarks=(Note("crash", Words("IndexError", "IndexError")),)
    )
    note = Note("order", Words("value, derivative", "値、微分"))
    found = Report((File("a.py", (crash,), (note,)),))
    for form in (written.as_text, written.as_json, written.as_html):
        assert all(
            word in form(found, "en", "hint") for word in ("IndexError", "value, derivative")
        )
        assert not [
            word
            for word in ("IndexError", "value, derivative")
            if word in form(found, "en", "verdict")
        ]


def test_a_right_shape_is_no_hint():
    check = replace(WRONG, wrong=None)
    assert "shape" not in written.as_text(report(check), "en", "hint")
    assert "shape: got (9,)" in written.as_text(
        report(replace(check, got_shape=(9,))), "en", "hint"
    )


@pytest.mark.parametrize("form", FORMS)
def test_an_unknown_language_or_level_is_refused(form):
    with pytest.raises(ValueError, match="unknown language 'fr': expected en, ja"):
        form(report(WRONG), "fr")
    with pytest.raises(ValueError, match="unknown level 'all': expected verdict, hint, full"):
        form(report(WRONG), "en", "all")


# One language at a time


def content(form, *args) -> str:
    """What a person reads, of a form."""
    text = form(*args)
    if text.startswith(("<!DOCTYPE", "<div")):
        page = Page(text)
        labels = [
            value for _, attrs in page.elements for value in (attrs.get("aria-label"),) if value
        ]
        return " ".join([*page.text, *labels])
    return text


def plain(sentence: str) -> Words:
    return Words("1 " + sentence, "2 " + sentence)  # data that is of no language


EVERYTHING = Report(
    (
        File(
            "1.py",
            tuple(
                replace(
                    WRONG,
                    name=name,
                    stage=stage,
                    verdict=verdict,
                    where=None,
                    diagnosis=tuple(
                        replace(SLOPE, text=plain("3"), hint=plain("4"), explanation=k) for k in ks
                    ),
                    remarks=(Note("5", plain("6")),),
                    got_shape=got,
                )
                for (verdict, stage), ks, got, name in zip(
                    itertools.product(VERDICTS, words.STAGE_NAMES),
                    itertools.cycle([(), (0,), (0, 0), (0, 1, 1)]),
                    itertools.cycle([(2, 3), (3,), None]),
                    itertools.cycle(["training loop", "7"]),
                    strict=False,
                )
            ),
            (Note("8", plain("9")),),
        ),
        File("2.py", problem=plain("0")),
    )
)
ENGLISH = {
    word
    for label in words.LABELS.values()
    for word in re.findall("[A-Za-z]{3,}", label.en)
    if word not in label.ja
}


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("form", [form for form in FORMS if form is not written.as_json])
def test_labels_are_in_one_language(form, level):
    english, japanese = (content(form, EVERYTHING, lang, level) for lang in LANGUAGES)
    assert {"wrong", "files", "loop", "expected"} <= ENGLISH
    assert ENGLISH & set(re.findall("[A-Za-z]+", english))
    assert not ENGLISH & set(re.findall("[A-Za-z]+", japanese))
    assert JAPANESE.search(japanese)
    assert not JAPANESE.search(english)


def test_sentences_in_json_are_in_one_language():
    english, japanese = (written.as_json(report(WRONG), lang) for lang in LANGUAGES)
    assert not JAPANESE.search(english)
    assert "is missing" not in japanese
    assert "バイアスの列だけが誤りです" in japanese


# The lecture's claims

HOLDS = Claim("L14", "導出 I", "∂E/∂v_k = (g_k − y_k) z", True, True, 2e-16, plain("Σ y = 1"), 0.83)
FAILS = Claim(
    *("L21", "誤差逆伝播法", "V − η (g(Vᵀz) − y) zᵀ", False, False, 1.4),
    correction="V − η (g(Vz) − y) zᵀ",
    correction_error=3e-16,
    remark=plain("m × (q+1)"),
)
CHAIN = Derivation(
    plain("δ2"),
    "k = 1, …, m",
    (
        Step("∂E/∂a_{k}"),
        Step("Σ_{i=1}^{m} δ_{ik} g_{i}", (Law(plain("Σ F"), "∂/∂t Σ_l F_l"), Law(plain("L9")))),
    ),
)
PROOF = Proof("L14", plain("∀ d"), True, 0.25, derivations=(CHAIN,))
PROVED = replace(HOLDS, proof=PROOF)
REFUTED = replace(FAILS, proof=replace(PROOF, refutation=plain("1 ≠ 2"), derivations=()))
UNTRIED = replace(HOLDS, proof=Proof("L14", plain("SymPy"), None))
ODD = Claim("L20", "導出 III", "δ1 xᵀ", False, True, float("nan"))


def test_claims_as_text():
    expected = """\
√ L14  holds  導出 I
    ∂E/∂v_k = (g_k − y_k) z
    largest relative difference: 2.0e-16
    needs: 1 Σ y = 1 (without it, off by 0.83)

× L21  does not hold  誤差逆伝播法
    V − η (g(Vᵀz) − y) zᵀ
    largest relative difference: 1.4
    corrected: V − η (g(Vz) − y) zᵀ (3.0e-16)
    remark: 1 m × (q+1)

× L20  does not hold  導出 III
    δ1 xᵀ
    !! not as recorded (recorded as holding) !!
    largest relative difference: nan

3 claims: 1 holding, 2 not holding, 1 not as recorded
"""
    assert written.claims_as_text((HOLDS, FAILS, ODD)) == expected
    assert "!!" not in written.claims_as_text((HOLDS, FAILS), "ja")
    assert "記録と不一致 (記録では成り立つ)" in written.claims_as_text((ODD,), "ja")


def test_proofs_as_text():
    text = written.claims_as_text((PROVED, REFUTED, HOLDS))
    assert "\n    proof: 1 ∀ d (0.2 s)\n" in text
    assert text.count("\n    counterexample: 1 1 ≠ 2\n") == 1
    assert text.count("proof") == 2
    assert "証明: 2 ∀ d (0.2 秒)" in written.claims_as_text((PROVED,), "ja")
    untried = written.claims_as_text((UNTRIED, UNTRIED))
    assert untried.endswith("2 claims: 2 holding\n1 SymPy\n")
    assert untried.count("SymPy") == 1


@pytest.mark.parametrize("lang", LANGUAGES)
def test_proofs_as_a_page(lang):
    text = written.claims_as_html((PROVED, REFUTED, HOLDS, UNTRIED), lang)
    page, number = Page(text), 1 + (lang == "ja")
    assert {tag for tag, _ in page.elements} <= KNOWN
    assert len(page.all("details")) == len(page.all("summary")) == 2
    assert len(page.all("div", class_="step")) == 2
    assert text.count(f"{number} Σ F") == 2  # beside the step, and in the list of rules
    assert len(page.all("munderover")) == 1
    assert f"{number} 1 ≠ 2" in text
    assert f"{number} SymPy" in text
    assert "u_j" not in text
    assert "<h2>" not in written.claims_as_html((HOLDS,), lang)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_proofs_as_json_and_csv(lang):
    read = strict(written.claims_as_json((PROVED, REFUTED, UNTRIED), lang))
    assert keyed(**CLAIMS)(read)
    number = 1 + (lang == "ja")
    first, second, third = read["claims"]
    assert (first["proved"], first["proof"], first["proof_seconds"]) == (
        True,
        f"{number} ∀ d",
        0.25,
    )
    assert (first["refutation"], second["refutation"]) == (None, f"{number} 1 ≠ 2")
    assert (third["proved"], third["proof"]) == (None, f"{number} SymPy")
    head, *_ = table(written.claims_as_csv((PROVED,), lang))
    assert head == list(CLAIM)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_claims_as_json_and_csv(lang):
    read = strict(written.claims_as_json((HOLDS, FAILS, ODD), lang))
    assert keyed(**CLAIMS)(read)
    assert read["summary"] == {"holds": 1, "does_not_hold": 2, "unexpected": 1}
    assert read["claims"][2]["relative_error"] == "NaN"
    assert read["claims"][0]["assumption"] == f"{1 + (lang == 'ja')} Σ y = 1"
    head, *rows = table(written.claims_as_csv((HOLDS, FAILS, ODD), lang))
    assert head == list(CLAIM)
    assert [row[0] for row in rows] == ["L14", "L21", "L20"]
    assert dict(zip(head, rows[1], strict=True))["correction_error"] == "3e-16"
    assert table(written.claims_as_csv(())) == [[]]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_claims_as_a_page(lang):
    page = Page(written.claims_as_html((HOLDS, FAILS, ODD), lang))
    assert {tag for tag, _ in page.elements} <= KNOWN
    assert len(page.all("tr")) == 1 + 3
    assert len(page.all("th")) == 9
    assert len(page.all("td")) == 3 * 9
    assert len(page.all("span", class_="badge holds")) == 1
    assert len(page.all("span", class_="badge fails")) == 2
    assert len(page.all("tr", class_="unexpected")) == len(page.all("span", class_="alarm")) == 1
    assert not Page(written.claims_as_html((HOLDS, FAILS), lang)).all("span", class_="alarm")


@pytest.mark.parametrize("form", CLAIM_FORMS)
def test_claims_are_in_one_language(form):
    found = (HOLDS, FAILS, ODD, PROVED, REFUTED, UNTRIED)
    found = tuple(replace(claim, slide="3") for claim in found)
    english, japanese = (content(form, found, lang) for lang in LANGUAGES)
    assert not JAPANESE.search(english)
    if form in (written.claims_as_text, written.claims_as_html):
        assert not ENGLISH & set(re.findall("[A-Za-z]+", japanese))
        assert JAPANESE.search(japanese)
    with pytest.raises(ValueError, match="unknown language"):
        form(found, "de")
