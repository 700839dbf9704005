import jax.numpy as jnp
import numpy as np
import pytest
from sklearn import metrics

from jaxmlp.evaluate import (
    accuracy,
    classify,
    confusion_matrix,
    dead_units,
    r_squared,
    score,
    weighted_r_squared,
)
from jaxmlp.network import Network, Params, forward, loss

from .conftest import draw_params

LECTURE = np.array([[10, 3, 3, 4], [2, 8, 5, 5], [0, 5, 12, 3], [3, 2, 3, 12]])


def labels_with(confusion):
    """(true, predicted) that have this confusion matrix."""
    cells = [(i, j) for (i, j), count in np.ndenumerate(confusion) for _ in range(count)]
    return np.array(cells).T


def test_example_of_the_lecture():  # L25
    true, predicted = labels_with(LECTURE)
    found = confusion_matrix(true, predicted, 4)
    np.testing.assert_array_equal(found, LECTURE)
    assert len(true) == 80
    assert np.trace(found) == 42
    assert accuracy(found) == 0.525


def test_class_of_the_largest_output():  # L25
    assert classify(np.array([[0.8, 0.04, 0.1, 0.06], [0.1, 0.2, 0.3, 0.4]])).tolist() == [0, 3]


def test_a_single_output_is_class_1_above_one_half():
    assert classify(np.array([[0.2], [0.5], [0.7]])).tolist() == [0, 0, 1]


def test_confusion_and_accuracy_are_those_of_scikit_learn(rng):
    true, predicted = rng.integers(5, size=(2, 200))
    found = confusion_matrix(true, predicted, 5)
    np.testing.assert_array_equal(found, metrics.confusion_matrix(true, predicted))
    assert accuracy(found) == pytest.approx(metrics.accuracy_score(true, predicted))


@pytest.mark.parametrize("dtype", ["uint8", "int8"])
def test_narrow_labels_do_not_overflow(dtype):
    """26 · 26 is more than a uint8 holds, which labels in files are."""
    labels = np.arange(26, dtype=dtype)
    assert accuracy(confusion_matrix(labels, labels, 26)) == 1


def test_a_class_that_does_not_occur_keeps_its_row():
    assert confusion_matrix(np.array([2]), np.array([0]), 3).tolist() == [
        [0, 0, 0],
        [0, 0, 0],
        [1, 0, 0],
    ]


def test_r_squared_is_that_of_scikit_learn(rng):
    Y = rng.normal(size=(30, 3))
    G = Y + rng.normal(size=(30, 3))
    assert r_squared(Y, G) == pytest.approx(metrics.r2_score(Y, G))
    Y[:, 1] = 3.0
    assert r_squared(Y, G) == pytest.approx(metrics.r2_score(Y, G))
    float32 = np.full((2, 5, 1), 0.1, "float32")
    assert r_squared(*float32) == 1
    G[:, 1] = 3.0
    assert r_squared(Y, G) == pytest.approx(metrics.r2_score(Y, G))


def test_r_squared_of_rows_that_count_differently_is_that_of_scikit_learn(rng):
    Y, weights = rng.normal(size=(30, 3)), rng.integers(0, 3, size=30)
    Y[weights > 0, 1] = 3.0  # constant, as far as it counts
    G = Y + rng.normal(size=(30, 3))
    expected = metrics.r2_score(Y, G, sample_weight=weights)
    shares = weights / weights.sum()
    assert weighted_r_squared(Y, G, shares) == pytest.approx(expected)
    found = weighted_r_squared(*(jnp.array(part, "float32") for part in (Y, G, shares)))
    assert float(found) == pytest.approx(expected, rel=1e-4)


def test_score_of_classes(lecture, rng):
    network, params = lecture
    X, labels = rng.normal(size=(20, 5)), rng.integers(4, size=20)
    Y = np.eye(4)[labels]
    found = score(network, params, X, Y, labels)
    g = np.asarray(forward(network, params, X).g)
    assert found.error == pytest.approx(metrics.log_loss(labels, g))
    assert found.accuracy == pytest.approx(metrics.accuracy_score(labels, g.argmax(axis=1)))
    assert found.r2 is None


def test_score_of_a_regression(rng):
    network = Network("tanh", "identity", "squared_error")
    params, X, Y = draw_params(rng, 5, 3, 2), rng.normal(size=(20, 5)), rng.normal(size=(20, 2))
    found = score(network, params, X, Y)
    assert found.error == pytest.approx(
        2 * metrics.mean_squared_error(Y, forward(network, params, X).g)
    )
    assert found.error == pytest.approx(float(loss(network, params, X, Y)))
    assert found.accuracy is None
    assert found.confusion is None


def test_dead_units_are_those_that_never_fire(rng):
    X = rng.uniform(size=(50, 5))
    W = jnp.array(rng.normal(size=(4, 6))).at[:, 0].set(jnp.array([-100.0, 100.0, 0.0, -100.0]))
    assert dead_units(Network("relu"), Params(W, jnp.ones((3, 5))), X) == 2
    assert dead_units(Network("tanh"), Params(W / 100, jnp.ones((3, 5))), X) == 0
    assert dead_units(Network(None), Params(None, jnp.ones((3, 6))), X) == 0


@pytest.mark.parametrize(
    ("true", "predicted", "line"),
    [
        ([0, 1], [0], "as many predictions as labels, 2, got 1"),
        ([0, 3], [0, 1], "a label from 0 to 2, got 0 to 3"),
        ([0, 1], [-1, 1], "a prediction from 0 to 2, got -1 to 1"),
    ],
)
@pytest.mark.usefixtures("unchecked")
def test_labels_out_of_range_are_refused(true, predicted, line):
    with pytest.raises(ValueError, match=line):
        confusion_matrix(np.array(true), np.array(predicted), 3)
