"""A share of the parameters beside the gradient is said, and anything else stays a mistake."""

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
    said = "beside the gradient of E there is {}: weight decay, which E itself has not"
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


@pytest.mark.parametrize(
    ("share", "spoil"),
    [(-0.01, 1.0), (0.7, 1.0), (0.01, 2.0), (0.01 * np.arange(8), 1.0)],
    ids=["grows", "large", "and a factor 2", "another for each column"],
)
def test_other_shares_are_wrong(share, spoil):
    found = told(check(decaying(share, 0, spoil)))
    assert found["dW"] == ("wrong",)
    assert found["dV"] == ("right",)


def test_without_bias():
    def linear(W, V, x, y):
        delta2 = 2 * (V @ W @ x - y)
        return np.outer(V.T @ delta2, x) + 0.1 * W, np.outer(delta2, W @ x)

    network = Network("identity", "identity", "squared_error", bias=False)
    assert told(check(linear, network))["dW"][0] == "right"
