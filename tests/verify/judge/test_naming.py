"""The factor by which values are others, seen at a few entries first."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jaxmlp.verify.judge.naming import Directions, Names, multiple

SIZES = st.integers(1, 400)
SHAPES = [(), (4,), (2, 3), (3, 2), (4, 1)]
FACTORS = st.floats(-5, 5).filter(lambda factor: abs(factor) > 1e-3)


@given(SIZES, FACTORS, st.integers(0, 9))
def test_a_multiple_has_its_factor_however_many_entries_there_are(size, factor, seed):
    true = np.random.default_rng(seed).normal(size=size)
    assert multiple(factor * true, true) == pytest.approx(factor)


@given(st.integers(2, 400), FACTORS, st.integers(0, 9), st.data())
def test_one_entry_that_is_off_makes_it_none(size, factor, seed, data):
    true = np.random.default_rng(seed).normal(size=size)
    value = factor * true
    value[data.draw(st.integers(0, size - 1))] += 0.1 * np.abs(value).max()
    assert multiple(value, true) is None


@pytest.mark.parametrize("value", [np.zeros(200), np.full(200, np.nan), np.full(200, np.inf)])
def test_nothing_is_no_multiple(value):
    assert multiple(value, np.arange(200.0)) is None
    assert multiple(np.arange(200.0), np.zeros(200)) is None


def test_what_is_looked_up_by_its_direction_is_what_each_array_is_tried_for(rng):
    arrays = {k: rng.normal(size=(3, *shape)) for k, shape in enumerate(SHAPES * 20)}
    names = Names(arrays, [])
    for k in rng.integers(0, len(arrays), 200):
        value = arrays[k] * rng.normal() * (1 + 1e-8 * rng.normal(size=arrays[k].shape))
        turned = np.swapaxes(value, -1, -2) if value.ndim > 2 else value
        for one in (value, turned, rng.normal(size=value.shape)):
            near = Directions(arrays).near(one)
            assert names.named(one, near) == names.named(one, arrays)
