"""Arrays as `np.savez` writes them, and files that hold something else."""

import zipfile
from pathlib import Path

import numpy as np
import pytest

from jaxmlp.data.npz import read_npz, read_npz_samples


def save(path: Path, **arrays) -> Path:
    np.savez_compressed(path, **arrays)
    return path


def test_npz(tmp_path, rng):
    X, y = rng.normal(size=(6, 3)), np.array([0, 1, 0, 1, 2, 2])
    for names in (("X", "y"), ("x", "Y")):
        data = read_npz(save(tmp_path / "d.npz", **dict(zip(names, (X, y), strict=True))))
        np.testing.assert_array_equal(data.X, X)
        assert data.classes == ("0", "1", "2")
    assert read_npz(save(tmp_path / "d.npz", X=X, y=np.eye(3)[y])).y.tolist() == y.tolist()
    real = read_npz(save(tmp_path / "d.npz", X=X, y=X[:, :2]))
    np.testing.assert_array_equal(real.y, X[:, :2])


def test_npz_as_keras_names_it(tmp_path, rng):
    images, labels = rng.integers(256, size=(6, 4, 5), dtype=np.uint8), np.array([0, 1, 2, 2, 1, 0])
    path = save(
        tmp_path / "m.npz",
        x_train=images[:4],
        y_train=labels[:4],
        x_test=images[4:],
        y_test=labels[4:],
    )
    data = read_npz(path)
    assert (data.image_shape, data.n_test) == ((4, 5), 2)
    np.testing.assert_array_equal(data.X.reshape(6, 4, 5), images)


def test_npz_of_images_with_one_channel(tmp_path, rng):
    images = rng.integers(256, size=(4, 3, 5, 1), dtype=np.uint8)
    assert read_npz(save(tmp_path / "m.npz", X=images, y=[0, 1, 0, 1])).image_shape == (3, 5)
    colour = rng.integers(256, size=(4, 3, 5, 3), dtype=np.uint8)
    assert read_npz(save(tmp_path / "m.npz", X=colour, y=[0, 1, 0, 1])).image_shape is None


class Explosive:
    """What a pickle can do to whoever opens it."""

    def __reduce__(self):
        return exec, ("raise SystemExit('a file ran code')",)


def test_bad_npz_is_refused(tmp_path):
    y = np.array([0, 1])
    save(tmp_path / "pickle.npz", X=np.array([Explosive(), 1], dtype=object), y=y)
    save(tmp_path / "names.npz", a=y)
    save(tmp_path / "flat.npz", X=y, y=y)
    save(tmp_path / "nan.npz", X=np.array([[np.nan], [1]]), y=y)
    save(tmp_path / "text.npz", X=np.array([["a"], ["b"]]), y=y)
    save(
        tmp_path / "later.npz",
        x_train=np.ones((2, 1)),
        y_train=y,
        x_test=np.ones((1, 1)),
        y_test=[2],
    )
    save(
        tmp_path / "shift.npz",
        x_train=np.ones((4, 1)),
        y_train=[0, 1, 0],
        x_test=np.ones((1, 1)),
        y_test=[1, 0],
    )
    save(
        tmp_path / "other.npz", x_train=np.ones((2, 3)), y_train=y, x_test=np.ones((2, 4)), y_test=y
    )
    save(tmp_path / "infinite.npz", X=np.ones((2, 1)), y=[np.inf, 0])
    save(tmp_path / "none.npz", X=np.ones((0, 2)), y=np.ones(0))
    np.save(tmp_path / "single.npy", y)
    (tmp_path / "single.npy").rename(tmp_path / "single.npz")
    with zipfile.ZipFile(tmp_path / "zip.npz", "w") as archive:
        archive.writestr("x", "text")
        archive.writestr("y", "text")
    (tmp_path / "empty.npz").write_bytes(b"")
    (tmp_path / "cut.npz").write_bytes((tmp_path / "flat.npz").read_bytes()[:100])
    lines = {
        "pickle": "not a .npz file of plain arrays", "names": "expected arrays X and y, got a",
        "flat": r"expected X \(n, d\)", "nan": "finite numbers, got nan", "text": "expected numbers, got <U1",
        "later": "test labels that occur in training, got '2'", "empty": "not a .npz", "cut": "not a .npz",
        "shift": r"got \(4, 1\) and \(3,\)", "other": "training samples' shape", "none": r"expected X \(n, d\)",
        "infinite": "the targets: expected finite numbers, got inf", "single": "not a .npz", "zip": "not a .npz",
    }  # fmt: skip
    for name, line in lines.items():
        with pytest.raises(ValueError, match=f"{name}.*{line}"):
            read_npz(tmp_path / f"{name}.npz")


def test_samples_without_targets(tmp_path, rng):
    X = rng.normal(size=(6, 3, 2))
    found = read_npz_samples(save(tmp_path / "d.npz", X=X))
    np.testing.assert_array_equal(found.X, X.reshape(6, 6))
    assert (found.image_shape, found.name) == ((3, 2), "d")
    both = save(tmp_path / "d.npz", x_train=X, x_test=X[1:], y_test=np.ones(3))
    np.testing.assert_array_equal(read_npz_samples(both).X, X[1:].reshape(5, 6))
    for arrays, line in (
        ({"z": X}, "expected an array X .n, d., got z"),
        ({"x": X[0, 0]}, "expected an array X .n, d., got .2,."),
        ({"x": np.full((2, 2), np.nan)}, "expected finite numbers, got nan at"),
        ({"x": np.array([["a", "b"]])}, "expected numbers, got <U1"),
    ):
        with pytest.raises(ValueError, match=line):
            read_npz_samples(save(tmp_path / "d.npz", **arrays))


def test_validation_parts_and_labels_as_bytes(tmp_path, rng):
    X, y = (
        rng.normal(size=(6, 3)),
        np.array([b"dog", b"cat", b"dog", b"cat", "ねこ".encode(), "ねこ".encode()]),
    )
    data = read_npz(save(tmp_path / "d.npz", X_train=X, y_train=y, X_val=X[:2], y_val=y[:2]))
    assert (data.n_test, data.classes, len(data.X)) == (2, ("cat", "dog", "ねこ"), 8)
    rest = {"X_test": X[:3], "y_test": y[:3]}
    data = read_npz(save(tmp_path / "d.npz", X=X, y=y, X_val=X[:2], y_val=y[:2], **rest))
    assert (data.n_test, data.note) == (3, "left out: X_val, y_val")
    np.testing.assert_array_equal(read_npz_samples(tmp_path / "d.npz").X, X[:3])
    with pytest.raises(ValueError, match="expected arrays X and y, got x_val, y_val"):
        read_npz(save(tmp_path / "d.npz", X_val=X, y_val=y))
    with pytest.raises(ValueError, match="utf-8"):
        read_npz(save(tmp_path / "d.npz", X=X[:2], y=np.array([b"caf\xe9", b"b"])))


def test_one_of_k_is_classes_or_outputs(tmp_path, rng):
    path = save(tmp_path / "d.npz", X=rng.normal(size=(6, 3)), y=np.eye(3)[[0, 1, 2, 2, 1, 0]])
    assert read_npz(path).classes == ("0", "1", "2")
    np.testing.assert_array_equal(read_npz(path, "regression").y, np.eye(3)[[0, 1, 2, 2, 1, 0]])
