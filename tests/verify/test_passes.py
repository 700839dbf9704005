"""`forward` and `backward` of the exercise, as written."""

import ast

import numpy as np
import pytest

from jaxmlp.network import Network
from jaxmlp.verify.calling import Subject
from jaxmlp.verify.passes import check_backward, check_forward
from jaxmlp.verify.run.outcome import Crashed, Died, TimedOut, Unfinished

LECTURE = Network()


def subject(text):
    """The last function of a text, called in this process."""
    names = {"np": np}
    exec(text, names)
    made = [node for node in ast.parse(text).body if isinstance(node, ast.FunctionDef)][-1]

    def call(args):
        try:
            return names[made.name](*args), args
        except NotImplementedError:
            raise Unfinished from None
        except Exception as error:
            raise Crashed(f"{type(error).__name__}: {error}") from None

    return Subject(made.name, call, tuple(a.arg for a in made.args.args), line=made.lineno)


def told(checks):
    """By stage: the verdict, and the ids of the diagnosis where there is one."""
    return {c.stage: (c.verdict, {n.id for n in c.diagnosis}) for c in checks}


def said(checks):
    return {note.id for note in checks[0].remarks}


RIGHT = ("right", set())

# forward(x, W, …)

FORWARDS = {
    "newer": "def forward(x, W, actfunc, d_actfunc):\n    return np.append(1, actfunc(W @ x)), d_actfunc(W @ x)",
    "older": "def forward(x, w, fncs):\n    f, df = fncs(np.dot(w, x))\n    return np.r_[1, f], df",
    "weights first": "def forward(W, x, f, df):\n    u = W @ x\n    return np.insert(f(u), 0, 1), df(u)",
    "unit by unit": "def forward(x, W, f, df):\n    u = np.zeros(len(W))\n    for j in range(len(W)):\n"
    "        u[j] = sum(W[j] * x)\n    return [1, *f(u)], df(u)",
    "column": "def forward(x, W, f, df):\n    u = W @ x\n    return np.vstack(([[1]], f(u))), df(u)",
}


@pytest.mark.parametrize("name", FORWARDS)
@pytest.mark.parametrize("hidden", ["relu", "tanh"])
def test_a_right_forward_is_right(name, hidden):
    checks = check_forward(subject(FORWARDS[name]), Network(hidden))
    assert told(checks) == {"z": RIGHT, "slope": RIGHT}
    assert ("column" in said(checks)) == (name == "column")
    assert {c.line for c in checks} == {1}


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("np.append(1, f(u))", "f(u)", {"z": "z-without-1"}),
        ("np.append(1, f(u))", "np.append(f(u), 1)", {"z": "1-at-the-end"}),
        ("np.append(1, f(u))", "np.append(1, u)", {"z": "f-missing"}),
        ("np.append(1, f(u))", "f(np.append(1, u))", {"z": "1-through-f"}),
        ("np.append(1, f(u))", "np.append(1, f(f(u)))", {"z": "f-twice"}),
        ("W @ x", "W[:, 1:] @ x[1:]", {"z": "bias-ignored-W"}),
        (", df(u)", ", f(u)", {"slope": "f-for-slope"}),
        (", df(u)", ", df(f(u))", {"slope": "slope-at-z"}),
    ],
)
def test_a_wrong_forward_is_named(old, new, expected):
    text = "def forward(x, W, f, df):\n    u = W @ x\n    return np.append(1, f(u)), df(u)"
    assert old in text
    found = told(check_forward(subject(text.replace(old, new)), Network("tanh")))
    for stage, (verdict, ids) in found.items():
        if stage in expected:
            assert verdict == "wrong"
            assert expected[stage] in ids
    assert {s for s, (verdict, _) in found.items() if verdict == "wrong"} == set(expected)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("return np.append(1, f(W @ x))", {"z": "right", "slope": "unfinished"}),
        ("return None", {"z": "unfinished"}),
        ("raise NotImplementedError", {"z": "unfinished"}),
        ("return undefined", {"z": "crashed"}),
        ("return 1, 2, 3", {"z": "crashed"}),
        ("return 'z', 'slope'", {"z": "crashed"}),
        ("return W.T @ x, 0", {"z": "crashed"}),
        ("return np.append(1, f(W @ x)), 0", {"z": "right", "slope": "wrong"}),
    ],
)
def test_a_forward_that_is_not_there_yet_or_breaks(body, expected):
    found = told(check_forward(subject(f"def forward(x, W, f, df):\n    {body}"), LECTURE))
    assert {stage: verdict for stage, (verdict, _) in found.items()} == expected


# backward(Ṽ, δ2, f')

BACKWARDS = [
    "def backward(V_tilde, delta, derivative):\n    return V_tilde.T @ delta * derivative",
    "def backward(v, delta, derivative):\n    return np.dot(delta, v) * derivative",
    "def backward(delta2, V, df):\n    return df * np.sum(delta2[:, None] * V, axis=0)",
    "def backward(V, derivative, delta):\n    return [d * (delta @ V[:, j]) for j, d in enumerate(derivative)]",
    "def backward(V, delta, dz):\n    return np.diag(dz) @ V.T @ delta",
    "def backward(V, delta, dz):\n    return (V.T @ delta[:, None]) * dz[:, None]",
]


@pytest.mark.parametrize("text", BACKWARDS)
def test_a_right_backward_is_right(text):
    checks = check_backward(subject(text))
    assert told(checks) == {"delta1": RIGHT}
    assert not said(checks)


def test_a_backward_that_takes_v_as_a_whole_says_so():
    text = "def backward(V, delta, derivative):\n    return V[:, 1:].T @ delta * derivative"
    checks = check_backward(subject(text))
    assert told(checks) == {"delta1": RIGHT}
    assert said(checks) == {"V-given"}


@pytest.mark.parametrize(
    ("body", "expected", "equal"),
    [
        ("V_tilde.T @ (delta * derivative)", "slope-inside", True),
        ("V_tilde @ delta * derivative", "V-not-transposed", True),
        ("V_tilde.T @ delta", "slope-missing", False),
        ("V_tilde.T @ delta * derivative**2", "slope-twice", False),
        ("sum(delta) * derivative", "V-missing", False),
        ("-V_tilde.T @ delta * derivative", "sign", False),
        ("2 * V_tilde.T @ delta * derivative", "times-2", False),
    ],
)
def test_a_wrong_backward_is_named(body, expected, equal):
    text = f"def backward(V_tilde, delta, derivative):\n    return {body}"
    checks = check_backward(subject(text))
    verdict, ids = told(checks)["delta1"]
    assert verdict == "wrong"
    assert expected in ids
    assert ("crashes-at-unequal-sizes" in said(checks)) == equal


@pytest.mark.parametrize(
    "returned",
    ["V_tilde.T @ delta * derivative", "V_tilde.T @ delta", "-(V_tilde.T @ delta * derivative)"],
)
def test_what_works_with_one_hidden_unit_alone_has_crashed(returned):
    text = (
        "def backward(V_tilde, delta, derivative):\n"
        f"    if derivative > 0:\n        return {returned}\n    return 0 * derivative\n"
    )
    checks = check_backward(subject(text))
    assert told(checks) == {"delta1": ("crashed", set())}
    assert "truth value" in checks[0].remarks[0].text.en


@pytest.mark.parametrize(
    ("body", "verdict"),
    [
        ("None", "unfinished"),
        ("undefined", "crashed"),
        ("____", "unfinished"),
        ("0", "wrong"),
        ("'d'", "crashed"),
        ("derivative[:2]", "wrong"),
    ],
)
def test_a_backward_that_is_not_there_yet_or_breaks(body, verdict):
    text = f"def backward(V_tilde, delta, derivative):\n    return {body}"
    assert told(check_backward(subject(text)))["delta1"][0] == verdict


def test_what_hangs_or_ends_the_process_is_asked_once():
    for error, verdict in ((TimedOut("5"), "timeout"), (Died("the end"), "crashed")):
        calls = []

        def call(args, error=error, calls=calls):
            calls.append(args)
            raise error

        four = Subject("forward", call, ("x", "W", "f", "df"), line=9)
        three = Subject("backward", call, ("V", "delta", "dz"), line=9)
        for checks in (check_forward(four, LECTURE), check_backward(three)):
            assert [(c.verdict, c.line) for c in checks] == [(verdict, 9)]
        assert len(calls) == 2


# The whole network
