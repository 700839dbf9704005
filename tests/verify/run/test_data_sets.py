"""The shapes of data sets that programs load by name, beside those that the libraries give."""

import numpy as np
import pytest
import sklearn.datasets
import sklearn.preprocessing

from jaxmlp.verify.run.data_sets import FORMS, encoded_labels, loaded

BUNDLED = ["digits", "iris", "wine", "breast_cancer", "diabetes"]


def drawn(function, *args, lengths=None, **kw):
    return loaded(function, args, kw, 12, np.random.default_rng(0), lengths or {})


@pytest.mark.parametrize("name", BUNDLED)
def test_a_sample_is_as_long_as_that_of_the_library(name):
    true = getattr(sklearn.datasets, f"load_{name}")()
    mine = drawn(f"sklearn.datasets#1.load_{name}")
    rows = len(true["data"]) if name in ("iris", "wine") else 12  # of which programs know them all
    assert mine["data"].shape == (rows, *true["data"].shape[1:])
    X, y = drawn(f"datasets.load_{name}", return_X_y=True)
    assert (X.shape, y.shape) == (mine["data"].shape, (rows,))
    classes = FORMS[name].classes
    assert (classes or 214) == len(np.unique(true["target"]))
    assert set(mine["target"]) == set(range(classes)) or not classes


@pytest.mark.parametrize("name", ["moons", "circles", "blobs", "classification", "regression"])
def test_what_is_made_is_as_asked(name):
    true = getattr(sklearn.datasets, f"make_{name}")()
    X, y = drawn(f"sklearn.datasets#3.make_{name}", 200)
    assert (X.shape[1:], y.shape) == (true[0].shape[1:], (12,))
    assert drawn("sklearn.datasets.make_gaussian_quantiles", n_features=4)[0].shape == (12, 4)
    assert drawn("sklearn.datasets.make_blobs", n_features=5, centers=4)[0].shape == (12, 5)
    assert drawn("sklearn.datasets.make_blobs", 200, 6, 4)[0].shape == (12, 6)
    assert drawn("sklearn.datasets.make_blobs", 200, centers=[(0, 1), (2, 3)]) is None
    assert drawn("sklearn.datasets.make_regression", 200, 4, n_targets=2) is None
    assert set(drawn("sklearn.datasets.make_blobs", centers=4)[1]) == {0, 1, 2, 3}


def test_images_come_in_two_parts_with_all_labels():
    (X, y), (other, _) = drawn("tensorflow#1.keras.datasets.mnist.load_data")
    assert X.shape == other.shape == (12, 28, 28)
    assert set(y) == set(range(10))
    assert X.max() > 16
    assert not np.array_equal(X, other)
    assert drawn("mnist#2.test_labels").shape == (12,)
    assert drawn("keras.datasets#1.cifar10.load_data")[0][1].shape == (12, 1)
    assert drawn("keras.datasets#1.cifar10.load_data")[0][0].shape == (12, 32, 32, 3)


def test_something_smaller_stands_in_for_a_large_size():
    (X, _), _ = drawn("keras.datasets.mnist.load_data", lengths={"784": 17})
    assert X.reshape(12, -1).shape == (12, 17)


@pytest.mark.parametrize(
    "name",
    ["mine.load_data", "mnist_loader.load_data", "sklearn.datasets.load_other", "mnist.load"],
)
def test_of_others_nothing_is_known(name):
    assert drawn(name) is None
    assert drawn("sklearn.datasets.fetch_openml", "mnist_784")["data"].shape == (12, 784)
    assert drawn("sklearn.datasets.fetch_openml", "titanic") is None


def test_labels_become_1_of_k_as_by_the_library():
    labels = np.array([2, 0, 1, 2])
    true = sklearn.preprocessing.OneHotEncoder().fit_transform(labels[:, None]).toarray()
    for encoder in ("OneHotEncoder()#2.fit_transform", "OneHotEncoder().transform"):
        mine = encoded_labels(f"sklearn.preprocessing#1.{encoder}", (labels[:, None],), {})
        np.testing.assert_array_equal(mine, true)
    binary = sklearn.preprocessing.LabelBinarizer().fit_transform(labels > 1)
    mine = encoded_labels("sklearn.preprocessing.LabelBinarizer().fit_transform", (labels > 1,), {})
    np.testing.assert_array_equal(mine, binary)
    assert encoded_labels("keras.utils.to_categorical", (labels, 10), {}).shape == (4, 10)


@pytest.mark.parametrize(
    "function", ["mine.encode", "sklearn.preprocessing.StandardScaler().fit_transform"]
)
def test_what_encodes_no_labels_is_left_alone(function):
    assert encoded_labels(function, (np.arange(4),), {}) is None
    assert encoded_labels("keras.utils.to_categorical", (np.ones((4, 3)),), {}) is None
    assert encoded_labels("keras.utils.to_categorical", (), {}) is None
