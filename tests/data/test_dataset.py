import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jaxmlp.data.dataset import Dataset, from_labels, one_hot, split


@pytest.fixture
def pets(rng):
    """100 samples, of three classes in the proportion 5 : 3 : 2."""
    return from_labels(
        "pets", rng.normal(2, 3, size=(100, 4)), np.repeat(["dog", "cat", "ant"], [50, 30, 20])
    )


def test_classes_are_the_sorted_labels(pets):
    assert pets.classes == ("ant", "cat", "dog")
    assert pets.y[0] == 2


def test_numbers_as_labels_are_sorted_as_numbers():
    assert from_labels("n", np.ones((3, 1)), np.array([10, 9, 10])).classes == ("9", "10")


@pytest.mark.parametrize("seed", range(3))
def test_split_is_stratified_and_loses_nothing(pets, seed):
    train, test = split(pets, test_size=0.2, seed=seed)
    assert np.bincount(train.y).tolist() == [16, 24, 40]
    assert np.bincount(test.y).tolist() == [4, 6, 10]
    together = np.concatenate([train.X, test.X])
    np.testing.assert_array_equal(np.sort(together, axis=0), np.sort(pets.X, axis=0))
    rows = {tuple(row): label for row, label in zip(pets.X, pets.y, strict=True)}
    assert all(rows[tuple(row)] == label for row, label in zip(test.X, test.y, strict=True))


def test_split_is_a_function_of_the_seed(pets):
    one, same, other = (split(pets, seed=seed)[1].X for seed in (0, 0, 1))
    np.testing.assert_array_equal(one, same)
    assert not np.array_equal(one, other)


def test_split_keeps_that_of_the_source(pets):
    rows = np.random.default_rng(0).permutation(100)
    given_split = Dataset("own", pets.X[rows], pets.y[rows], pets.classes, n_test=30)
    train, test = split(given_split, test_size=0.5, seed=3)
    np.testing.assert_array_equal(train.X, pets.X[rows][:70])
    np.testing.assert_array_equal(test.X, pets.X[rows][70:])


def test_only_some_classes_in_the_order_given(pets):
    some = pets.only(("dog", "ant"))
    assert some.classes == ("dog", "ant")
    assert np.bincount(some.y).tolist() == [50, 20]
    np.testing.assert_array_equal(some.X[some.y == 1], pets.X[pets.y == 0])


def test_only_some_classes_of_a_source_with_its_own_split(pets):
    rows = np.random.default_rng(0).permutation(100)
    own = Dataset("own", pets.X[rows], pets.y[rows], pets.classes, n_test=30)
    train, test = split(own.only(("cat", "dog")))
    kept = pets.y[rows] != 0
    np.testing.assert_array_equal(train.X, pets.X[rows][:70][kept[:70]])
    np.testing.assert_array_equal(test.X, pets.X[rows][70:][kept[70:]])


@given(st.lists(st.integers(0, 6), min_size=1, max_size=20))
def test_one_hot_and_back(labels):  # L2
    rows = one_hot(np.array(labels), 7)
    assert rows.shape == (len(labels), 7)
    assert set(rows.ravel()) <= {0.0, 1.0}
    assert (rows.sum(axis=1) == 1).all()
    assert rows.argmax(axis=1).tolist() == labels


@pytest.mark.parametrize("labels", [[0, 3], [-1, 0]])
def test_labels_out_of_range_are_refused(labels):
    with pytest.raises(
        ValueError, match=f"expected labels 0 to 2, got {min(labels)} to {max(labels)}"
    ):
        one_hot(np.array(labels), 3)
    with pytest.raises(ValueError, match="d: expected labels 0 to 2"):
        Dataset("d", np.ones((2, 1)), np.array(labels), ("a", "b", "c"))


@pytest.mark.parametrize(
    ("X", "y", "rest", "line"),
    [
        (np.ones(3), np.zeros(3), {}, r"samples of shape \(n, d\), got \(3,\)"),
        (np.ones((0, 2)), np.zeros(0), {}, r"got \(0, 2\)"),
        (np.ones((3, 2)), np.zeros((2, 1)), {}, "as many targets as samples, 3, got 2"),
        (np.array([[1.0], [np.nan]]), np.zeros((2, 1)), {}, r"finite numbers, got nan at \[1, 0\]"),
        (np.ones((2, 1)), np.array([[1.0], [np.inf]]), {}, r"the targets: .* got inf at \[1, 0\]"),
        (np.array([["a"], ["b"]]), np.zeros((2, 1)), {}, "the samples: expected numbers, got <U1"),
        (np.ones((2, 1)), np.zeros(2, int), {"classes": ("a",)}, "at least two classes, got only 'a'"),
        (np.ones((3, 1)), np.array([0, 1, 2]), {"classes": ("a", "b", "c"), "n_test": 1},
         "test labels that occur in training, got 'c'"),
    ],
)  # fmt: skip
def test_bad_data_are_refused(X, y, rest, line):
    with pytest.raises(ValueError, match=f"bad: .*{line}"):
        Dataset("bad", X, y, **rest)


@pytest.mark.usefixtures("unchecked")
def test_bad_splits_are_refused(pets):
    for size in (0, 1, -0.5, 2):
        with pytest.raises(ValueError, match="expected a test_size between 0 and 1"):
            split(pets, test_size=size)
    with pytest.raises(ValueError, match="expected a seed from 0 to 4294967295, got -1"):
        split(pets, seed=-1)
    single = from_labels("few", np.ones((4, 1)), np.array(list("aaab")))
    with pytest.raises(
        ValueError, match="few: cannot be split: expected at least two samples .* \\['b'\\]"
    ):
        split(single)


def test_bad_choices_are_refused(pets):
    with pytest.raises(ValueError, match="classes out of ant, cat, dog, each once, got dog, cow"):
        pets.only(("dog", "cow"))
    with pytest.raises(ValueError, match="each once"):
        pets.only(("dog", "dog"))
    with pytest.raises(ValueError, match="expected classes to choose"):
        Dataset("real", np.ones((2, 1)), np.ones((2, 1))).only(("1",))
