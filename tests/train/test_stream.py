"""Samples that are read as they are needed are learned as they are in memory."""

import jax
import numpy as np
import optax
import pytest

from jaxmlp import Stream, begin, fit
from jaxmlp.train.stream import Parts, Samples

from ..conftest import draw_params

EPOCHS = 3


@pytest.fixture
def given(rng, lecture):
    """(network, start, X, Y) of 203 samples, d = 5, m = 4."""
    y = rng.integers(4, size=203)
    return lecture[0], draw_params(rng, 5, 3, 4), rng.normal(size=(203, 5)), np.eye(4)[y]


def train(given, X, **how):
    network, start, _, Y = given
    how = {"epochs": EPOCHS, "eta": 0.05, "key": jax.random.key(1), **how}
    return fit(network, start, X, Y, **how)


def same(one, other) -> bool:
    leaves = (jax.tree.leaves(each._replace(history=None)) for each in (one, other))
    return all((a == b).all() for a, b in zip(*leaves, strict=True)) and (
        one.history == other.history
    )


@pytest.mark.slow
@pytest.mark.parametrize("optimizer", [optax.sgd, optax.adam])
@pytest.mark.parametrize("batch_size", [1, 50])
@pytest.mark.parametrize("at_once", [70, None])
def test_the_parameters_are_those_of_samples_in_memory(given, optimizer, batch_size, at_once):
    X, how = given[2], {"optimizer": optimizer, "batch_size": batch_size}
    test = given[2][:60], given[3][:60]
    memory = train(given, X, test=test, **how)
    streamed = train(given, Stream(X, at_once), test=(Stream(test[0]), test[1]), **how)
    for one, other in zip(memory.params, streamed.params, strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=1e-12)
    for one, other in zip(memory.history, streamed.history, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize("optimizer", [optax.sgd, optax.adam])
def test_it_goes_on_bit_for_bit_from_within_an_epoch(given, optimizer):
    kept, X = [], Stream(given[2], 70)
    whole = train(given, X, batch_size=8, optimizer=optimizer, save=kept.append)
    assert len({(len(one.history), int(one.seen)) for one in kept}) == len(kept) > 2 * EPOCHS
    for one in kept:
        assert same(train(given, X, batch_size=8, optimizer=optimizer, resume=one), whole)


def test_what_was_streamed_is_not_resumed_in_memory(given):
    _, start, X, _ = given
    with pytest.raises(ValueError, match="expected seen to be none, got int32"):
        train(given, X, resume=begin(start, optimizer=optax.sgd, eta=0.05, stream=True))
    with pytest.raises(ValueError, match=r"expected seen to be int32\[\], got none"):
        train(given, Stream(X), resume=begin(start, optimizer=optax.sgd, eta=0.05))


def test_only_the_rows_of_a_part_are_asked_for(given):
    class Watched:
        shape, asked = given[2].shape, []

        def __getitem__(self, rows):
            self.asked.append(len(rows))
            return given[2][rows]

        def __len__(self):
            return self.shape[0]

    train(given, Stream(Watched(), 64), batch_size=8)
    assert max(Watched.asked) == 64
    assert sum(Watched.asked) == 2 * EPOCHS * len(given[2])  # learned, and measured


def test_a_given_order_is_followed(given):
    order = np.random.default_rng(0).integers(203, size=(EPOCHS, 90))
    one, other = (train(given, X, order=order, key=None) for X in (given[2], Stream(given[2], 7)))
    for a, b in zip(one.params, other.params, strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"weights": np.ones(203)}, "no weights of samples that are streamed"),
        ({"X": np.ones((202, 5))}, r"as many Y, got \(202, 5\) and 203"),
        ({"X": np.ones((203, 4))}, r"got \(203, 4\)|expected W|incompatible|shapes"),
        ({"X": np.full((203, 5), np.nan)}, "expected finite numbers"),
    ],
)
def test_it_refuses(given, change, message):
    X = Stream(change.pop("X", given[2]))
    with pytest.raises((ValueError, TypeError), match=message):
        train(given, X, **change)


def test_parts_hold_all_samples_in_order(rng):
    X, order = rng.normal(size=(11, 5)), rng.permutation(11)
    parts = Parts(Samples(X, X[:, :2]), order, 4, np.dtype(float), None)
    read = [parts[k] for k in range(len(parts))]
    assert [n for n, _ in read] == [4, 4, 3]
    np.testing.assert_array_equal(np.concatenate([some.X for _, some in read]), X[order])
