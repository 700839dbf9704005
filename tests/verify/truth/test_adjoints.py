"""The derivatives of E by the values of a recorded forward pass, against finite differences."""

import numpy as np
import pytest

from jaxmlp.verify.run.graph import Graph
from jaxmlp.verify.run.record import record
from jaxmlp.verify.run.recording import recording_from_data
from jaxmlp.verify.run.targets import targets
from jaxmlp.verify.truth import adjoints, backward, errors, replay
from jaxmlp.verify.truth.differences import fitting

NET = """
import numpy as np
X = np.random.randn(5, 3); Y = np.abs(np.random.randn(5, 2)); Y = Y / Y.sum(1, keepdims=True)
A = np.random.randn(3, 4); B = np.random.randn(4, 2)
for t in range(3):
    U = X @ A
    Z = {f}
    S = np.exp(Z @ B)
    G = S / S.sum(axis=1, keepdims=True)
    d = G - Y
    A, B = A - 0.1 * X.T @ (d @ B.T * {slope}), B - 0.1 * Z.T @ d
"""
NETS = {
    "tanh": ("np.tanh(U)", "(1 - Z ** 2)"),
    "relu": ("np.maximum(U, 0)", "(U > 0)"),
    "softplus": ("np.log(1 + np.exp(U))", "(1 / (1 + np.exp(-U)))"),
    "elu": ("np.where(U > 0, U, np.exp(U) - 1)", "np.where(U > 0, 1, Z + 1)"),
    "swish": (
        "U / (1 + np.exp(-U))",
        "((1 + np.exp(-U) + U * np.exp(-U)) / (1 + np.exp(-U)) ** 2)",
    ),
}


def step(kind: str):
    f, slope = NETS[kind]
    text = NET.format(f=f, slope=slope)
    found = record([text], path="<net>", seconds=5.0, seed=0)
    recording = recording_from_data(found["recordings"][0][0])
    graph = Graph(recording.nodes)
    olds, news = [m[1] for m in recording.moves], [m[2] for m in recording.moves]
    (target, *_) = targets(graph, olds, news)
    return recording, graph, olds, news, target, adjoints.states(recording, olds, 0)


@pytest.mark.parametrize("kind", NETS)
def test_each_adjoint_is_what_differences_say(kind):
    recording, graph, olds, _, target, at = step(kind)
    (name,) = ["cross_entropy"]
    found = adjoints.of_known(recording, graph, olds, target.pairs, at, [name])[name]
    ((g, y),) = target.pairs

    def error(given):
        out = replay.values(recording.nodes, given)[g]
        return float(np.sum(errors.ERROR_FUNCTIONS[name](out, at[1][y])))

    for old in olds:
        value = at[1][old]
        way = np.random.default_rng(1).normal(size=value.shape)
        others = {p: at[1][p] for p in olds if p != old}
        ahead, behind = (error({**others, old: value + h * way}) for h in (1e-6, -1e-6))
        assert np.isclose(np.vdot(found[old][1], way), (ahead - behind) / 2e-6, rtol=1e-5)


@pytest.mark.parametrize("kind", NETS)
def test_the_quick_referee_knows_the_right_E_from_the_others(kind):
    recording, graph, olds, news, target, at = step(kind)
    changes = [(o, [s[o] - s[n] for s in at]) for o, n in zip(olds, news, strict=True)]
    fits = fitting(recording, graph, changes, target.pairs, at, list(errors.ERROR_FUNCTIONS))
    assert all(fits["cross_entropy"])
    assert not any(fits["squared_error"])


def test_another_branch_is_not_followed():
    text = "import numpy as np\na = np.ones((2, 2)) @ np.ones((2, 2))\nif a[0, 0] > 1: b = a * 2\n"
    found = record([text], path="<s>", seconds=5.0, seed=0)
    recording = recording_from_data(found["recordings"][0][0])
    leaf = next(n for n in recording.nodes.values() if n.op == "leaf")
    with pytest.raises(replay.NotReplayed):
        replay.values(recording.nodes, {leaf.id: leaf.value * 0})


def test_operations_that_are_alike_are_compiled_once():
    text = """
import math
x, w, v = [0.1 * k for k in range(9)], [0.5, 0.25], [0.75]
for t in range(3):
    dw, dv = [0.0, 0.0], 0.0
    for one in x:
        z = math.tanh(w[0] * one + w[1])
        d = v[0] * z - 0.3 * one
        dv += d * z
        dw[0] += d * v[0] * (1 - z * z) * one
        dw[1] += d * v[0] * (1 - z * z)
    w[0] -= 0.1 * dw[0]; w[1] -= 0.1 * dw[1]; v[0] -= 0.1 * dv
"""
    found = record([text], path="<net>", seconds=5.0, seed=0)
    recording = recording_from_data(found["recordings"][0][0])
    graph, olds = Graph(recording.nodes), [m[1] for m in recording.moves]
    (target, *_) = targets(graph, olds, [m[2] for m in recording.moves])
    at, known = adjoints.states(recording, olds, 0), len(backward._compiled)
    true = adjoints.of_known(recording, graph, olds, target.pairs, at, ["squared_error"])
    assert len(target.pairs) == 9
    assert len(backward._compiled) - known < 10 < len(true["squared_error"])
    for old, new in ((m[1], m[2]) for m in recording.moves):
        change = np.array([state[old] - state[new] for state in at])
        assert np.allclose(true["squared_error"][old], 20 * change)
