"""Shapes that do not fit: the suspect is named, with what would be right in its place."""

import ast

import pytest

from jaxmlp.verify.homework import verify_file
from jaxmlp.verify.judge import suspects as trials

SAMPLES = """import numpy as np
rng = np.random.default_rng(3)
X, T = rng.normal(size=(9, 5)), np.eye(3)[rng.integers(0, 3, 9)]
W, V = rng.normal(size=(4, 6)), rng.normal(size=(3, 5))
def softmax(a):
    e = np.exp(a - a.max())
    return e / e.sum()
def back(M, delta, slope):
    return np.dot(M.T, delta) * slope
for x, y in zip(X, T):
    x = np.append(1, x)
    u = np.dot(W, x)
    z = np.append(1, np.tanh(u))
    g = softmax(np.dot(V, z))
    d2 = g - y
    d1 = back(V[:, 1:], d2, 1 - np.tanh(u) ** 2)
    V = V - 0.1 * np.outer(d2, z)
    W = W - 0.1 * np.outer(d1, x)
"""
BATCH = """import numpy as np
rng = np.random.default_rng(4)
X, T = rng.normal(size=(9, 5)), rng.normal(size=(9, 2))
A, B = rng.normal(size=(5, 4)), rng.normal(size=(4, 2))
for t in range(9):
    Z = np.tanh(X @ A)
    top = Z @ B - T
    low = (top @ B.T) * (1 - Z ** 2)
    A -= 0.1 * X.T @ low
    B -= 0.1 * Z.T @ top
"""
WRONG = [
    (SAMPLES, "back(V[:, 1:],", "back(V,", 16, "V", "V[:, 1:]", "Ṽ"),
    (SAMPLES, "np.dot(M.T, delta)", "np.dot(M, delta)", 9, "M", "M.T", "transpose"),
    (SAMPLES, "np.outer(d2, z)", "np.dot(d2, z)", 17, "np.dot(d2, z)", "np.outer(d2, z)", "outer"),
    (SAMPLES, "np.outer(d1, x)", "(d1 * x)", 18, "d1 * x", "np.outer(d1, x)", "outer"),
    (SAMPLES, "outer(d1, x)", "outer(x, d1)", 18, "np.outer(x, d1)", "np.outer(d1, x)", "order"),
    (SAMPLES, "np.dot(V, z)", "np.dot(V[:, 1:], z)", 14, "V[:, 1:]", "V", "V"),
    (BATCH, "top @ B.T", "top @ B", 8, "B", "B.T", "transpose"),
    (BATCH, "X.T @ low", "X @ low", 9, "X", "X.T", "transpose"),
    (BATCH, "(top @ B.T) * (", "(top * B.T) * (", 8, "top * B.T", "((top) @ (B.T))", "inner"),
]


@pytest.fixture
def checked(tmp_path):
    def check(text: str):
        path = tmp_path / "homework.py"
        path.write_text(text, encoding="utf-8")
        return verify_file(path)

    return check


def suspects(file):
    return [c for c in file.checks if any(n.id == "shapes" for n in c.diagnosis)]


@pytest.mark.parametrize(("text", "right", "wrong", "line", "old", "new", "why"), WRONG)
def test_the_suspect_is_named_with_what_belongs_there(
    checked, text, right, wrong, line, old, new, why
):
    assert text.count(right) == 1
    (check,) = suspects(checked(text.replace(right, wrong)))
    assert (check.verdict, check.name) == ("crashed", "training loop")
    assert (check.place.line, check.place.text) == (line, old)
    (note,) = check.diagnosis
    assert f"with {new} in place of {old} they do, and the step is right" in note.text.en
    assert trials.EDIT_REASONS[why].en in note.text.en
    assert f"{old} を {new} とすれば" in note.text.ja
    assert new not in note.hint.en + note.hint.ja
    assert {shown.verdict for shown in check.lines} == {"wrong"}
    assert "ValueError" in check.remarks[0].text.en


def test_what_a_function_is_given_is_found_where_it_is_called(checked):
    (check,) = suspects(checked(SAMPLES.replace("1 - np.tanh(u) ** 2)", "1 - z ** 2)")))
    assert (check.place.text, check.place.line) == ("z", 16)
    assert "z[1:] in place of z" in check.diagnosis[0].text.en
    assert [shown.number for shown in check.lines] == [9, 16]
    assert [shown.says and shown.says.en for shown in check.lines] == ["stops here", None]


def test_where_nothing_makes_the_step_right_nothing_says_so(checked):
    file = checked(SAMPLES.replace("d2 = g - y", "d2 = np.append(g - y, [1, 2])"))
    assert suspects(file) == []
    assert "not-looked-at" in {note.id for note in file.remarks}


@pytest.mark.parametrize("text", [SAMPLES, BATCH])
def test_what_runs_has_no_suspect(checked, text):
    file = checked(text)
    assert suspects(file) == []
    assert {check.verdict for check in file.checks} == {"right"}


def test_where_data_are_not_there_it_may_be_these_that_do_not_fit(checked):
    text = BATCH.replace("X, T = rng.normal(size=(9, 5)), rng.normal(size=(9, 2))\n", "")
    text = text.replace("top = Z @ B - T", "top = Z @ B - T.reshape(7, 2)[:5]")
    assert suspects(checked(text)) == []


def test_another_error_is_no_matter_of_shapes(checked):
    file = checked(BATCH.replace("top = Z @ B - T", "top = int('x')"))
    assert suspects(file) == []
    assert trials.suspect_error([("TypeError", 3, "shapes"), ("ValueError", 4, "no int")]) is None


SIZES = BATCH.replace("for t in range(9):\n", "for t in range(9):\n    eta = 0.5 / t\n")
SIZES = SIZES.replace("0.1", "eta")


@pytest.mark.parametrize(
    "text",
    [SIZES, "".join(line for line in SIZES.splitlines(True) if "X, T =" not in line)],
    ids=["with data", "without"],
)
def test_a_step_size_over_the_epoch_from_0_on_divides_by_0(checked, text):
    (check,) = [c for c in checked(text).checks if c.verdict != "right"]
    assert [note.id for note in check.diagnosis] == ["divided-by-0"]
    assert text.split("\n")[check.place.line - 1] == "    eta = 0.5 / t"
    assert check.place.text == "t"
    assert "(t + 1)" in check.diagnosis[0].text.en
    assert "(t + 1)" not in check.diagnosis[0].hint.en


def test_counting_from_1_is_right(checked):
    for text in (
        SIZES.replace("0.5 / t", "0.5 / (t + 1)"),
        SIZES.replace("range(9)", "range(1, 9)"),
    ):
        assert {c.verdict for c in checked(text).checks} == {"right"}


def test_in_a_notebook_the_suspect_has_its_cell(tmp_path):
    import json

    head, body = BATCH.replace("top @ B.T", "top @ B").split("for t in", 1)
    cells = [{"cell_type": "code", "source": s} for s in (head, "for t in" + body)]
    path = tmp_path / "homework.ipynb"
    path.write_text(json.dumps({"cells": cells}), encoding="utf-8")
    (check,) = suspects(verify_file(path))
    assert (check.place.cell, check.place.line, check.place.text) == (2, 4, "B")


def test_lines_keep_their_numbers_when_an_expression_is_changed():
    text = "a = 1\nβ = f(x\n      @ y) + 2\nb = 3\n"
    (edit,) = [e for e in trials.edits(ast.parse(text).body, "ValueError", 2) if e.why == "order"]
    changed = trials.edited(text, edit)
    assert changed.split("\n")[1] == "β = f((y) @ (x)) + 2  #"
    assert changed.split("\n")[3] == "b = 3"
    assert ast.parse(changed).body[2].lineno == 4
