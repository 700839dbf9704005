"""A share of the parameters beside the gradient is said, and anything else stays a mistake."""

import functools

import numpy as np
import pytest

from jaxmlp import Network
from jaxmlp.verify.check import check


def decaying(share_W, share_V, spoil=1.0):
    def backprop(W, V, x, y):
        u = W @ x
        z = np.append(1, np.maximum(u, 0))
        e = np.exp(V @ z)
        delta2 = e / e.sum() - y
        delta1 = V[:, 1:].T @ delta2 * (u > 0)
        return (
            spoil * np.outer(delta1, x) + share_W * W,
            np.outer(delta2, z) + share_V * V,
        )

    return backprop


def told(report) -> dict:
    return {
        c.stage: (c.verdict, *(n.text.en for n in c.remarks if n.id == "weight-decay"))
        for c in report.checks
    }


def test_weight_decay_is_right_and_said():
    said = "beside the gradient of E there is {}: weight decay, which is not part of E"
    assert told(check(decaying(1e-3, 0.02))) == {
        "dV": ("right", said.format("0.02 V")),
        "dW": ("right", said.format("0.001 W")),
    }
    assert told(check(decaying(0, 0.1))) == {
        "dV": ("right", said.format("0.1 V")),
        "dW": ("right",),
    }


@pytest.mark.parametrize("without", [True, False])
def test_biases_may_be_left_out_of_it(without):
    kept = np.array([0.0 if without else 1.0, *[1.0] * 7])  # for W has 8 columns
    assert told(check(decaying(0.01 * kept, 0)))["dW"][0] == "right"


@pytest.mark.costly
@pytest.mark.parametrize(
    ("share", "spoil"),
    [(-0.01, 1.0), (0.7, 1.0), (0.01 * np.arange(8), 1.0)],
    ids=["grows", "large", "another for each column"],
)
def test_other_shares_are_wrong(share, spoil):
    found = told(check(decaying(share, 0, spoil)))
    assert found["dW"] == ("wrong",)
    assert found["dV"] == ("right",)


def test_other_mistakes_are_named_beside_it():
    def diagnosed(derivation):
        checks = check(derivation).checks
        return {c.stage: [n.id for n in c.diagnosis] for c in checks if c.verdict == "wrong"}

    assert diagnosed(decaying(0.01, 0.01, spoil=2.0)) == {"dW": ["times-2"]}
    assert diagnosed(decaying(0.01, 0, spoil=2.0)) == {"dW": ["times-2"]}

    def no_slope(W, V, x, y):
        u = W @ x
        z = np.append(1, np.maximum(u, 0))
        e = np.exp(V @ z)
        delta2 = e / e.sum() - y
        return (
            np.outer(V[:, 1:].T @ delta2, x) + 0.01 * W,
            np.outer(delta2, z) + 0.01 * V,
        )

    assert diagnosed(no_slope) == {"dW": ["slope-missing"]}


@pytest.mark.costly
@pytest.mark.parametrize("eta", [0.1, 0.37, 3.0, 20.0])
def test_of_an_update_it_is_what_is_lost_in_a_step(eta):
    right = decaying(0, 0)

    def step(W, V, x, y, eta, *, kept):
        dW, dV = right(W, V, x, y)
        return W - eta * dW, kept * V - eta * dV

    for kept, decays in ((1, False), (0.99, True), (0.9, False), (0, False)):
        found = told(check(functools.partial(step, kept=kept)))["dV"]
        assert found[0] == ("right" if kept >= 0.99 else "wrong")
        assert (len(found) == 2) == decays


def test_without_bias():
    def linear(W, V, x, y):
        delta2 = 2 * (V @ W @ x - y)
        return np.outer(V.T @ delta2, x) + 0.1 * W, np.outer(delta2, W @ x)

    network = Network("identity", "identity", "squared_error", bias=False)
    assert told(check(linear, network))["dW"][0] == "right"
