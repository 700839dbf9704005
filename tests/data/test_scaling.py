import numpy as np
import pytest

from jaxmlp.data.scaling import learn_scaling


def test_scaling_is_learned_from_what_it_is_given_alone(rng):
    train, test = rng.normal(2, 3, size=(80, 4)), rng.normal(2, 3, size=(20, 4))
    scaling = learn_scaling(train, "standard")
    np.testing.assert_allclose(scaling.apply(train).mean(axis=0), 0, atol=1e-14)
    np.testing.assert_allclose(scaling.apply(train).std(axis=0), 1)
    assert np.abs(scaling.apply(test).mean(axis=0)).max() > 0.01
    np.testing.assert_allclose(scaling.undo(scaling.apply(test)), test)


def test_scaling_of_a_constant_column_divides_by_nothing():
    X = np.array([[1.0, 5.0], [2.0, 5.0]])
    assert learn_scaling(X, "standard").apply(X)[:, 1].tolist() == [0, 0]
    assert learn_scaling(np.zeros((2, 2)), "max").apply(np.zeros((2, 2))).tolist() == [
        [0, 0],
        [0, 0],
    ]


def test_scaling_of_pixels_divides_all_by_the_largest():
    X = np.array([[0, 51], [255, 102]], dtype=np.uint8)
    np.testing.assert_allclose(learn_scaling(X, "max").apply(X), [[0, 0.2], [1, 0.4]])
    assert learn_scaling(X, "none").apply(X).tolist() == X.tolist()


def test_unknown_scaling_is_refused():
    with pytest.raises(ValueError, match="unknown scaling 'log': expected standard, max, none"):
        learn_scaling(np.ones((2, 2)), "log")


def test_numbers_too_large_for_a_variance_are_refused():
    with pytest.raises(ValueError, match=r"numbers that can be scaled, got up to 1e\+300"):
        learn_scaling(np.array([[1e300], [-1e300]]), "standard")
