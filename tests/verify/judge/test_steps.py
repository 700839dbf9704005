"""What the values of a backward pass are, and no verdict without evidence."""

import pytest

from jaxmlp.verify.judge import steps
from jaxmlp.verify.judge.faults import faults
from jaxmlp.verify.judge.worlds import Unjudged
from jaxmlp.verify.run.record import record
from jaxmlp.verify.run.recording import recording_from_data

NET = """
import numpy as np
X = np.random.randn(7, 3); Y = np.random.randn(7, 2)
A = np.random.randn(3, 4); B = np.random.randn(4, 2)
for t in range(3):
    Z = np.tanh(X @ A)
    d2 = Z @ B - Y
    d1 = d2 @ B.T * (1 - Z ** 2)
    A, B = A - 0.1 * X.T @ d1, B - 0.1 * Z.T @ d2
"""


def judged(text: str):
    found = record([text], path="<net>", seconds=5.0, seed=0)
    return steps.judged([recording_from_data(one) for one in found["recordings"][0]], 0)


def test_every_value_of_the_backward_pass_is_named_with_its_factor():
    found = judged(NET)
    nodes = found.world.recording.nodes
    named = {}
    for number in found.choice.target.backward:
        name = found.names.of(number)
        if name and nodes[number].span.line in (7, 8):
            named[nodes[number].span.line, nodes[number].op] = (
                nodes[name.of].span.line,
                name.factor,
            )
    assert named[7, "subtract"] == (7, pytest.approx(0.5))  # d2 is half of ∂E/∂(Z @ B)
    assert named[8, "matmul"] == (6, pytest.approx(0.5))  # d2 @ B.T of ∂E/∂Z
    assert named[8, "multiply"] == (6, pytest.approx(0.5))  # d1 of ∂E/∂(X @ A)
    assert found.right == {"A": True, "B": True}
    assert found.factors == pytest.approx({"A": 0.05, "B": 0.05})


def test_the_first_value_that_is_nothing_is_the_fault():
    found = judged(NET.replace("(1 - Z ** 2)", "(1 - Z)"))
    (fault,) = faults(found)
    assert (fault.span.line, fault.span.column, fault.params) == (8, 9, ("A",))
    assert found.right == {"A": False, "B": True}


def test_a_step_along_nothing_that_is_known_is_not_judged():
    text = NET.replace("d2 = Z @ B - Y", "d2 = np.sign(Z @ B - Y) * (Z @ B) ** 2")
    with pytest.raises(Unjudged) as why:
        judged(text.replace("Z.T @ d2", "Z.T @ d2 ** 3"))
    assert why.value.reason == "no-error"


def test_dropout_and_other_random_numbers_are_constants_of_the_step():
    text = NET.replace("np.tanh(X @ A)", "np.tanh(X @ A) * M").replace(
        "    Z =", "    M = np.random.rand(7, 4) > 0.3\n    Z ="
    )
    assert judged(text.replace("(1 - Z ** 2)", "M * (1 - Z ** 2)")).right == {"A": True, "B": True}
    # without the mask a unit that was dropped learns
    assert judged(text).right == {"A": False, "B": True}
