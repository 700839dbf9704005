"""Otter's tests of the exercise, a test case for each thing that has points."""

from otter.test_files import test_case

OK_FORMAT = False
name = "backprop"
points = None


def verdicts(backprop):
    """Stage by stage."""
    from jaxmlp import check

    return {one.stage: one for one in check(backprop).checks}


@test_case(points=5, hidden=False, success_message="∂E/∂V is right")
def test_dV(backprop):
    one = verdicts(backprop)["dV"]
    assert one.verdict == "right", f"∂E/∂V is {one.verdict}"


@test_case(points=5, hidden=False, success_message="∂E/∂W is right")
def test_dW(backprop):
    one = verdicts(backprop)["dW"]
    assert one.verdict == "right", f"∂E/∂W is {one.verdict}"
