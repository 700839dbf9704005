"""What is learned of columns, against scikit-learn's own transformers on the same data."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from sklearn.compose import make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.preprocessing import OneHotEncoder

from jaxmlp.data.preparation import Column, apply, in_words, learn

NAN = float("nan")
numbers = st.one_of(st.just(NAN), st.floats(-1e6, 1e6))
words = st.sampled_from([0.0, 1.0, 2.0, NAN])
rows = st.lists(st.tuples(numbers, words, numbers, words), min_size=1, max_size=8)
TEXTS = (None, ("a", "b", "c"), None, ("x", "y", "z"))


@given(rows, rows)
def test_what_is_made_again_is_what_scikit_learn_made(train, test):
    train, test = np.array(train), np.array(test)
    theirs = make_column_transformer(
        (SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True), [0, 2]),
        (OneHotEncoder(handle_unknown="ignore", sparse_output=False), [1, 3]),
    )
    wanted = theirs.fit(train)
    columns = learn(train, TEXTS)
    assert sum(column.width for column in columns) == wanted.transform(train).shape[1]
    for part in (train, test):
        np.testing.assert_array_equal(apply(columns, known(part, columns)), wanted.transform(part))


def known(X: np.ndarray, columns) -> np.ndarray:
    """The words by their numbers among those of the training part; of others, -1."""
    X = X.copy()
    for c in (1, 3):
        codes = [TEXTS[c].index(text) for text in columns[c].texts]
        X[:, c] = [x if np.isnan(x) else codes.index(x) if x in codes else -1 for x in X[:, c]]
    return X


def test_what_is_said():
    columns = (Column(1.0, False), Column(2.5, True), Column(0.0, True, ("Paris", "Rome")))
    assert in_words(columns, ("a", "age", "city")) == (
        "age 2.5 where missing, with a column that says so; city one-hot (Paris, Rome, missing)"
    )
