"""The words that an argument may be: read off what a program compares it with."""

import ast

import pytest

from jaxmlp.verify.run.wordings import MOST_WORDS, wordings


def of(text):
    module = ast.parse(text).body
    return wordings(module[-1], module)


@pytest.mark.parametrize(
    "body",
    [
        "if kind == 'relu': return 1\n    if kind.lower() == 'tanh': return 2",
        "if kind is 'relu': return 1\n    if kind is 'tanh': return 2",
        "return f(x, kind)",
        "return {'relu': 1, 'tanh': 2}[kind]",
        "return TABLE.get(kind, None)",
        "if kind not in KNOWN: raise ValueError(kind)",
        "match kind:\n        case 'relu': return 1\n        case 'tanh': return 2",
    ],
)
def test_words_are_those_of_comparisons_lookups_and_of_functions_that_it_is_handed_to(body):
    before = """
KNOWN = ("relu", "tanh")
TABLE = {"relu": 1, "tanh": 2}
def f(v, how):
    return v if how == "relu" else f(-v, how) if how == "tanh" else None
"""
    text = f"{before}\ndef g(x, kind):\n    {body}\n"
    assert of(text) == [{"kind": "relu"}, {"kind": "tanh"}]


def test_of_a_class_they_are_those_of_what_it_is_kept_as_the_default_first():
    text = """
class Layer:
    def __init__(self, units, act="tanh", loss=None, weight_init="he"):
        self.act, self.loss_name = act, loss
        self.kind = act.strip()
        self.error = loss
        self.init = weight_init
    def forward(self, x):
        if self.kind == "relu": return x
        if self.init == "he": return 0
    def backward(self, d, mode="train"):
        if self.kind == "tanh": return d
        if self.error == "mse" or "mae" == 1: return d
        if self.error == "log": return d
        if mode == "test" or mode == "train": return d
"""
    assert of(text) == [
        {"act": "tanh", "loss": "mse"},
        {"act": "relu", "loss": "mse"},
        {"act": "tanh", "loss": "log"},
    ]


def test_constants_with_a_name_are_words_and_plain_numbers_are_none():
    text = """
LINEAR, TANH = 0, 1
LINEAR = 0
TANH = 1
def g(x, out, depth):
    if out == LINEAR: return x
    if out == TANH: return -x
    if depth == 1 or depth == 2: return 0
"""
    assert of(text) == [{"out": 0}, {"out": 1}]


@pytest.mark.parametrize(
    ("body", "rest"),
    [
        ("return x if kind == 'relu' else -x", True),
        ("if 'relu' != kind:\n        x = -x\n    else:\n        x = 2 * x", True),
        ("if kind == 'relu':\n        return x\n    return -x", True),
        ("if kind == 'relu':\n        return x\n    raise ValueError(kind)", False),
        ("if kind == 'relu':\n        x = -x\n    else:\n        raise ValueError(kind)", False),
        ("if kind == 'relu':\n        return x\n    if kind == 'tanh':\n        return -x", False),
    ],
)
def test_what_is_there_for_all_other_words_is_one_more(body, rest):
    found = [words.get("kind") for words in of(f"def g(x, kind):\n    {body}\n")]
    assert (None in found and "relu" in found) == rest


def test_names_of_other_things_are_not_taken_for_an_argument():
    text = """
class Net:
    def __init__(self, act):
        self.acts = [None]
        self.acts[0] = act
        self.status = "new"
    def info(self, x):
        for act in ("W", "b"):
            if act == "W" or act == "b": return x
        return str(x) == "7" or str(x) == "9" or self.status == "old"
"""
    assert of(text) == [{}]


@pytest.mark.parametrize(
    "text",
    [
        "def g(x, kind):\n    if kind == 'relu': return x",  # a single one
        "def g(x, kind=3):\n    return x if kind == 'relu' or kind == 'tanh' else -x",
        "class A:\n    def forward(self, x): return x",
    ],
)
def test_where_there_are_no_words_to_choose_from_there_is_one_call(text):
    assert of(text) == [{}]


def test_there_are_only_so_many():
    tests = " or ".join(f"kind == 'w{k}'" for k in range(3 * MOST_WORDS))
    assert len(of(f"def g(x, kind):\n    return {tests}")) == MOST_WORDS
