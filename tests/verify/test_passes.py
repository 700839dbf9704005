"""`forward` and `backward` of the exercise, forward passes and errors of a network, as written."""

import ast

import numpy as np
import pytest

from jaxmlp.network import Network
from jaxmlp.verify.calling import Subject
from jaxmlp.verify.passes import check_backward, check_error, check_forward, check_network
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

SOFTMAX = "def softmax(a):\n    e = np.exp(a - a.max(-1, keepdims=True))\n    return e / e.sum(-1, keepdims=True)\n"
NETWORKS = {
    "g": ("W, V, x", "g", {"g"}),
    "z and g": ("x, W, V", "z, g", {"z", "g"}),
    "all": ("W, V, x", "u, z, a, g", {"u", "z", "a", "g"}),
    "a dict": ("W, V, x", "{'z': z, 'output': g}", {"z", "g"}),
}


def network(parameters, returned, *, a="V @ z"):
    return (
        f"{SOFTMAX}def predict({parameters}):\n    u = W @ x\n    z = np.append(1, np.maximum(u, 0))\n"
        f"    a = {a}\n    g = softmax(a)\n    return {returned}\n"
    )


@pytest.mark.parametrize("name", NETWORKS)
def test_a_right_forward_pass_is_right_whatever_it_returns(name):
    parameters, returned, stages = NETWORKS[name]
    found = told(check_network(subject(network(parameters, returned)), LECTURE))
    assert found == dict.fromkeys(stages, RIGHT)


def test_a_forward_pass_of_rows_and_of_columns():
    rows = (
        f"{SOFTMAX}def predict(W1, b1, W2, b2, X):\n"
        "    return softmax(np.maximum(X @ W1.T + b1, 0) @ W2.T + b2)\n"
    )
    columns = (
        f"{SOFTMAX}def forward_propagation(X, W1, b1, W2, b2):\n"
        "    return softmax((W2 @ np.maximum(W1 @ X + b1, 0) + b2).T).T\n"
    )
    for text, way in ((rows, "rows"), (columns, "columns")):
        checks = check_network(subject(text), LECTURE)
        assert told(checks) == {"g": RIGHT}
        assert said(checks) == {way, "biases-apart"}


def test_a_wrong_forward_pass_is_named():
    text = network("W, V, x", "g", a="V[:, 1:] @ z[1:]")
    verdict, ids = told(check_network(subject(text), LECTURE))["g"]
    assert (verdict, ids) == ("wrong", {"bias-ignored-V"})


@pytest.mark.parametrize(
    ("returned", "verdict"), [("np.argmax(a)", "right"), ("np.argmin(a)", "wrong")]
)
def test_a_prediction_of_the_class(returned, verdict):
    (one,) = check_network(subject(network("W, V, x", returned)), LECTURE)
    assert (one.stage, one.verdict) == ("g", verdict)
    assert "class-number" in said([one])
    adds_1 = network("W, V, x", returned).replace("u = W @ x", "u = W @ np.append(1, x)")
    assert told(check_network(subject(adds_1), LECTURE))["g"][0] == verdict


def error(loss, parameters="W, V, x, y"):
    return (
        f"{SOFTMAX}def loss({parameters}):\n    z = np.append(1, np.maximum(W @ x, 0))\n"
        f"    g = softmax(V @ z)\n    return {loss}\n"
    )


def test_the_error_of_one_sample():
    found = told(check_error(subject(error("-np.sum(y * np.log(g))")), LECTURE, "mean"))
    assert found == {"loss": RIGHT}
    found = told(check_error(subject(error("-np.mean(y * np.log(g))")), LECTURE, "mean"))
    assert found == {"loss": ("wrong", {"loss-mean"})}
    found = told(check_error(subject(error("np.sum((y - g) ** 2)")), LECTURE, "mean"))
    assert found == {"loss": ("wrong", {"loss-squared"})}
    found = told(check_error(subject(error("None")), LECTURE, "mean"))
    assert found == {"loss": ("unfinished", set())}


@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_the_error_of_a_batch(reduction):
    text = (
        f"{SOFTMAX}def loss(W, V, X, Y):\n    Z = np.insert(np.maximum(X @ W.T, 0), 0, 1, axis=1)\n"
        "    return -np.{}(np.sum(Y * np.log(softmax(Z @ V.T)), axis=1))\n"
    )
    checks = check_error(subject(text.format(reduction)), LECTURE, reduction)
    assert told(checks) == {"loss": RIGHT}
    assert reduction in said(checks)
    other = {"mean": "sum", "sum": "mean"}[reduction]
    checks = check_error(subject(text.format(other)), LECTURE, reduction)
    assert told(checks)["loss"][0] == "wrong"
    factor = {"mean": "11 times the mean", "sum": "0.09091 times the sum"}[reduction]
    assert factor in checks[0].diagnosis[0].text.en
