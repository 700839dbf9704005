"""Names, orders and shapes of what people write."""

import numpy as np
import pytest

from jaxmlp.verify.calling import Subject, array, named_results, result_role
from jaxmlp.verify.layouts import Layout, arguments, layouts
from jaxmlp.verify.names import roles
from jaxmlp.verify.points import Points
from jaxmlp.verify.run.outcome import Crashed, Unfinished


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ("W V x y", "W V x y"),
        ("w v xi yi eta_t", "W V x y eta"),
        ("X T W1 b1 W2 b2", "x y W b V c"),
        ("W_1 W_2 x t lr", "W V x y eta"),
        ("w0 w1 x y", "W V x y"),
        ("W0 b0 W1 b1 X Y", "W b V c x y"),
        ("V W y x", "V W y x"),
    ],
)
def test_roles(parameters, expected):
    assert roles(parameters.split()) == tuple(expected.split())


@pytest.mark.parametrize("parameters", ["a b c e", "W V x y z9", "W W1 x y", "x fncs"])
def test_what_cannot_be_told_has_no_roles(parameters):
    assert roles(parameters.split()) is None


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("dW", "dW"), ("dw", "dW"), ("grad_W", "dW"), ("W_grad", "dW"), ("gW", "dW"), ("dE_dW", "dW"), ("dL_dV", "dV"), ("dEdW", "dW"),
        ("nabla_V", "dV"), ("delta2", "delta2"), ("delta_1", "delta1"), ("d2", "delta2"), ("δ1", "delta1"),
        ("W", "W"), ("W_new", "W"), ("new_V", "V"), ("foo", None), ("result", None), ("loss", None),
    ],
)  # fmt: skip
def test_result_roles(name, role):
    assert result_role(name, ("W", "V", "x", "y")) == role


@pytest.mark.parametrize(
    ("name", "role"),
    [("dW1", "dW"), ("dW2", "dV"), ("db1", "db"), ("db2", "dc"), ("grad_b2", "dc")],
)
def test_result_roles_with_biases_apart(name, role):
    assert result_role(name, ("W", "b", "V", "c", "x", "y")) == role


def test_lower_case_means_one_sample_first_and_upper_case_rows():
    assert next(layouts("WVxy", roles("WVxy"), bias=True)) == Layout("sample", True, False)
    assert next(layouts("WVXY", roles("WVXY"), bias=True)) == Layout("rows", True, False)
    assert next(layouts("WVxy", roles("WVxy"), bias=False)) == Layout("sample", False, False)


@pytest.fixture
def points(rng):
    shapes = [(2, 3, 6), (2, 4, 4), (2, 5, 5), (2, 5, 4)]
    return Points(*(rng.normal(size=shape) for shape in shapes))


def test_arguments_in_each_layout(points):
    found = ("W", "V", "x", "y", "eta")
    W, V, x, y, eta = arguments(found, Layout("rows", True, False), points, 1, 0.5)
    assert (x[:, 0] == 1).all()
    assert (x[:, 1:] == points.x[1]).all()
    assert (W.shape, V.shape, y.shape, eta) == ((3, 6), (4, 4), (5, 4), 0.5)
    _, _, x, y, _ = arguments(found, Layout("columns", False, False), points, 1, 0.5)
    assert (x == points.x[1].T).all()
    assert (y == points.y[1].T).all()
    _, _, x, y, _ = arguments(found, Layout("sample", True, False), points, 1, 0.5)
    assert (x.shape, y.shape) == ((6,), (4,))


def test_biases_apart(points):
    found = ("W", "b", "V", "c", "x", "y")
    W, b, V, c, _, _ = arguments(found, Layout("sample", False, True), points, 0, 0.5)
    assert (points.W[0][:, 1:] == W).all()
    assert (b == points.W[0][:, 0]).all()
    assert (V.shape, c.shape) == ((4, 3), (4,))
    b = arguments(found, Layout("columns", False, True), points, 0, 0.5)[1]
    assert b.shape == (3, 1)


def test_arguments_are_copies(points):
    W = arguments(("W", "V", "x", "y"), Layout("rows", True, False), points, 0, 0.5)[0]
    W[:] = 0
    assert points.W.all()


FOUND = ("W", "V", "x", "y")
SHAPES = {"dW": (3, 6), "dV": (4, 4), "delta1": (3,), "delta2": (4,)}
dW, dV, delta1, delta2 = (np.zeros(shape) for shape in SHAPES.values())


def subject(*returned):
    return Subject("f", lambda args: (None, args), FOUND, returned)


@pytest.mark.parametrize(
    ("result", "returned"),
    [
        ((dW, dV), ()), ((dV, dW), ("dV", "dW")), ({"dW": dW, "dV": dV}, ()), ([dW, dV], ()),
        ({"grad_V": dV, "grad_W": dW, "loss": 3.0}, ()), ((dV, dW), ("g_V", "g_W")),
    ],
)  # fmt: skip
def test_a_pair_by_name_or_in_the_order_of_the_parameters(result, returned):
    named = named_results(subject(*returned), FOUND, result, SHAPES)
    assert named["dW"] is dW
    assert named["dV"] is dV


def test_four_results_are_told_by_their_shapes():
    named = named_results(subject(), FOUND, (delta2, dV, delta1, dW), SHAPES)
    assert {k: id(v) for k, v in named.items()} == {
        "dW": id(dW), "dV": id(dV), "delta1": id(delta1), "delta2": id(delta2)}  # fmt: skip


@pytest.mark.parametrize("result", [(dW, dV, np.zeros(17)), {"a": dW}, (dW,) * 5])
def test_results_that_cannot_be_told_are_said_to_be(result):
    with pytest.raises(Crashed, match=r"expected .* got"):
        named_results(subject(), FOUND, result, SHAPES)


def test_arrays():
    assert array([True, False]).dtype == np.float64
    assert array(np.float32(1)).dtype == np.float32
    with pytest.raises(Unfinished):
        array(None)
    with pytest.raises(Crashed, match="real numbers"):
        array("text")
    with pytest.raises(Crashed, match="real numbers"):
        array(1j)
    with pytest.raises(Crashed, match="array"):
        array([[1, 2], [3]])
