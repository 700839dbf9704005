"""Folders of parts: the data set that one file of all of them would be."""

import struct

import numpy as np
import pandas as pd
import pytest

from jaxmlp.data.dataset import split
from jaxmlp.data.parts import open_parts
from jaxmlp.data.rows import Rows
from jaxmlp.data.scaling import learn_scaling
from jaxmlp.data.sources import load_data
from jaxmlp.data.table import Reading


def idx(path, array):
    head = bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    path.write_bytes(head + array.astype(np.uint8).tobytes())


@pytest.fixture
def samples(rng):
    """(X, y) of 60 samples: d = 6, 3 classes."""
    return rng.integers(256, size=(60, 6)).astype(np.uint8), rng.permutation(60) % 3


@pytest.fixture(params=["npz", "parquet", "idx"])
def folder(request, tmp_path, samples):
    """(parts of 25, 25 and 10 samples, of which the last are tests; the same in one)."""
    X, y = samples
    parts, one = tmp_path / "parts", tmp_path / "one"
    parts.mkdir()
    one.mkdir()
    cuts = {"1-": slice(25), "2-": slice(25, 50), "test": slice(50, 60)}
    columns = [*"abcdef"]
    for name, rows in cuts.items():
        if request.param == "npz":
            np.savez_compressed(parts / f"{name}.npz", X=X[rows] / 255, y=y[rows])
        elif request.param == "parquet":
            frame = pd.DataFrame(X[rows].astype(np.float32), columns=columns)
            frame.assign(kind=np.array(["ant", "bee", "cat"])[y[rows]]).to_parquet(
                parts / f"{name}.parquet"
            )
        else:
            name = name if name == "test" else f"{name}train"
            idx(parts / f"{name}-images-idx3-ubyte", X[rows].reshape(-1, 2, 3))
            idx(parts / f"{name}-labels-idx1-ubyte", y[rows])
    if request.param == "npz":
        data = {
            "x_train": X[:50] / 255,
            "y_train": y[:50],
            "x_test": X[50:] / 255,
            "y_test": y[50:],
        }
        np.savez(one / "all.npz", **data)
        return parts, one / "all.npz"
    if request.param == "parquet":
        frame = pd.DataFrame(X.astype(np.float32), columns=columns)
        frame.assign(kind=np.array(["ant", "bee", "cat"])[y]).to_parquet(one / "all.parquet")
        return parts, one / "all.parquet"
    for name, rows in (("train", slice(50)), ("t10k", slice(50, 60))):
        idx(one / f"{name}-images-idx3-ubyte", X[rows].reshape(-1, 2, 3))
        idx(one / f"{name}-labels-idx1-ubyte", y[rows])
    return parts, one


def test_it_is_the_data_set_of_one_file(folder):
    found, whole = open_parts(folder[0]), load_data(folder[1])
    assert isinstance(found.X, Rows)
    np.testing.assert_array_equal(np.asarray(found.X), whole.X)
    np.testing.assert_array_equal(found.y, whole.y)
    for name in ("classes", "features", "targets", "image_shape"):
        assert getattr(found, name) == getattr(whole, name)
    assert found.n_test == 10


def test_what_is_learned_and_chosen_of_it_is_the_same(folder):
    found, whole = open_parts(folder[0]), load_data(folder[1])
    classes = found.classes[::2]
    for mine, other in zip(
        split(found.only(classes)), split(whole.only(classes)), strict=True
    ) if whole.n_test else []:  # fmt: skip
        np.testing.assert_array_equal(np.asarray(mine.X), other.X)
        np.testing.assert_array_equal(mine.y, other.y)
    for kind in ("standard", "max", "none"):
        one, other = learn_scaling(found.X, kind), learn_scaling(whole.X, kind)
        np.testing.assert_allclose(
            np.asarray(one.apply(found.X)), other.apply(whole.X), rtol=1e-13, atol=1e-13
        )


def test_scaling_is_learned_in_one_pass(rng):
    X = rng.normal(3, 2, size=(50_000, 30))  # more numbers than are read at a time
    one, other = learn_scaling(X, "standard"), learn_scaling(X[::-1], "standard")
    np.testing.assert_allclose(one.shift, X.mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(one.scale, X.std(axis=0), rtol=1e-12)
    np.testing.assert_allclose(one.scale, other.scale, rtol=1e-12)


def test_rows_are_read_in_any_order(folder, rng):
    X = open_parts(folder[0]).X
    whole, which = np.asarray(X), rng.integers(60, size=200)
    np.testing.assert_array_equal(np.asarray(X[which]), whole[which])
    np.testing.assert_array_equal(np.asarray(X[5:50][::3]), whole[5:50][::3])
    assert X[which].shape == (200, 6)
    assert np.asarray(X[which], np.float32).dtype == np.float32


def test_options_of_tables_are_kept(tmp_path, samples):
    X, y = samples
    for k in range(2):
        frame = pd.DataFrame(X[k::2], columns=[*"abcdef"]).assign(kind=y[k::2])
        frame.to_parquet(tmp_path / f"{k}.parquet")
    found = open_parts(tmp_path, Reading(target=("a",), drop=("kind",)), task="regression")
    assert (found.features, found.targets) == (tuple("bcdef"), ("a",))
    assert found.X.dtype == np.uint8
    np.testing.assert_array_equal(found.y[:, 0], np.concatenate([X[::2, 0], X[1::2, 0]]))


def parquet(folder, name, **columns):
    pd.DataFrame(columns).to_parquet(folder / f"{name}.parquet")


def npz(folder, name, X, y):
    np.savez(folder / f"{name}.npz", X=X, y=y)


Z, y = np.arange(12.0).reshape(4, 3), np.array([0, 1, 0, 1])
REFUSED = {
    "got none": lambda to: None,
    "got several": lambda to: (npz(to, "a", Z, y), parquet(to, "b", a=[1.0, 2], k=[0, 1])),
    "b.npz: expected columns as in a.npz": lambda to: (npz(to, "a", Z, y), npz(to, "b", Z[:, :2], y)),
    "b.npz: expected float32, as in a.npz, got float64": lambda to: (
        npz(to, "a", Z.astype("f"), y), npz(to, "b", Z, y)),
    "b.npz: the samples: expected finite numbers, got nan": lambda to: (
        npz(to, "a", Z, y), npz(to, "b", Z * np.nan, y)),
    "a.npz: expected arrays X and y": lambda to: np.savez(to / "a.npz", Z=Z),
    "b.parquet: expected columns as in a.parquet": lambda to: (
        parquet(to, "a", a=[1.0, 2], k=[0, 1]), parquet(to, "b", b=[1.0, 2], k=[0, 1])),
    "column a: expected numbers, got words": lambda to: parquet(to, "a", a=["x", "y"], k=[0, 1]),
    "the samples: expected finite numbers": lambda to: parquet(to, "a", a=[1.0, None], k=[0, 1]),
    "expected images and labels of a-train-": lambda to: idx(to / "a-train-images-idx3-ubyte", Z),
}  # fmt: skip


@pytest.mark.parametrize("message", REFUSED)
def test_it_refuses(tmp_path, message):
    REFUSED[message](tmp_path)
    with pytest.raises(ValueError, match=message):
        open_parts(tmp_path)


def test_it_refuses_what_is_no_folder_or_no_table(tmp_path):
    with pytest.raises(ValueError, match=r"expected a folder of .parquet, .npz or IDX parts, got"):
        open_parts(tmp_path / "nothing")
    npz(tmp_path, "a", Z, y)
    with pytest.raises(ValueError, match=r"a folder of .parquet beside options of tables"):
        open_parts(tmp_path, Reading(target=("a",)))


def test_rows_of_a_file_that_was_cut_are_refused(tmp_path):
    npz(tmp_path, "a", Z, y)
    X = open_parts(tmp_path).X
    X.store.file.truncate(40)
    with pytest.raises(OSError, match="expected 4 rows from row 0, got fewer"):
        np.asarray(X)
