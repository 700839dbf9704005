"""Frames of pandas' as a program has them: each comes to be one array that records."""

import math

import numpy as np
import pandas as pd
import pytest

from jaxmlp.verify.run.arrays import Recorded, of_frames
from jaxmlp.verify.run.data_frames import _pandas
from jaxmlp.verify.run.tape import Tape, current, record_on


@pytest.fixture(autouse=True)
def tape():
    record_on(Tape(""))


def test_a_frame_is_one_array_as_long_as_it_is_not_changed():
    frame = pd.DataFrame({"a": [1.0, 2.0, 3.0], "b": [4.0, 5.0, 6.0]})
    first = of_frames(frame)
    assert isinstance(first, Recorded)
    assert of_frames(frame) is first
    assert of_frames((frame, 1))[0] is first
    np.testing.assert_array_equal(first.view(np.ndarray), frame.to_numpy())
    assert of_frames(frame.copy()) is not first


@pytest.mark.parametrize("column", [0, 1])
def test_a_frame_that_is_changed_in_place_is_another_array(column):
    frame = pd.DataFrame(np.arange(6.0).reshape(3, 2))
    first = of_frames(frame)
    frame.iloc[1, column] = 7.0
    second = of_frames(frame)
    assert second is not first
    assert second.view(np.ndarray)[1, column] == 7.0
    assert first.view(np.ndarray)[1, column] == 2.0 + column  # as it was


def test_a_frame_is_recorded_once():
    frame, W = pd.DataFrame(np.ones((3, 2))), np.ones((2, 4)).view(Recorded)
    for _ in range(3):
        np.dot(frame, W)
    leaves = [node for node in current().nodes.values() if node.op == "leaf"]
    assert sorted(leaf.value.shape for leaf in leaves) == [(2, 4), (3, 2)]


def test_the_array_of_a_frame_records_for_the_program_alone():
    assert _pandas() is pd
    frame = pd.DataFrame({"a": [1, 2, 3], "b": [4.5, 5.0, 6.0]})
    for made in (frame.values, frame.to_numpy(), frame["a"].values, frame[["a"]].values[1]):
        assert isinstance(made, Recorded)
    assert not isinstance(pd.concat([frame, frame]).sum().index, Recorded)
    assert frame.sort_values("b", ascending=False)["a"].tolist() == [3, 2, 1]
    assert frame.groupby("a").sum()["b"].tolist() == [4.5, 5.0, 6.0]


def test_a_series_of_one_entry_is_a_number():
    assert _pandas() is pd
    assert math.sqrt(pd.Series([9.0])) == 3.0
    assert int(pd.Series(["7"])) == 7
    with pytest.raises(TypeError, match="one entry, got 2"):
        float(pd.Series([1.0, 2.0]))
