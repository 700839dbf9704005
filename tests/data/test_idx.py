"""IDX files by the specification, a real one, and damaged ones."""

import gzip
import struct
from pathlib import Path

import numpy as np
import pytest

from jaxmlp.data.idx import read_idx, read_idx_folder
from jaxmlp.data.sources import load_data

FASHION = Path("/usr/share/datasets/fashion-mnist")  # Debian's dataset-fashion-mnist


def idx(array: np.ndarray, code: int = 8) -> bytes:
    """An IDX file as its specification has it."""
    head = struct.pack(f">BBBB{array.ndim}I", 0, 0, code, array.ndim, *array.shape)
    return head + array.astype(array.dtype.newbyteorder(">")).tobytes()


def write_idx(
    folder: Path, images, labels, part: str = "train", pack=lambda raw: raw, end: str = ""
):
    (folder / f"{part}-images-idx3-ubyte{end}").write_bytes(pack(idx(images)))
    (folder / f"{part}-labels-idx1-ubyte{end}").write_bytes(pack(idx(labels)))


@pytest.fixture
def images(rng):
    return rng.integers(256, size=(6, 4, 5), dtype=np.uint8), np.array([3, 1, 3, 1, 1, 3], np.uint8)


@pytest.mark.parametrize(("pack", "end"), [(lambda raw: raw, ""), (gzip.compress, ".gz")])
def test_idx_folder(pack, end, images, tmp_path):
    write_idx(tmp_path, *images, pack=pack, end=end)
    write_idx(tmp_path, images[0][:2], images[1][:2], "t10k", pack=pack, end=end)
    data = read_idx_folder(tmp_path)
    assert (data.X.shape, data.image_shape, data.n_test, data.classes) == (
        (8, 20),
        (4, 5),
        2,
        ("1", "3"),
    )
    np.testing.assert_array_equal(data.X[:6].reshape(6, 4, 5), images[0])
    assert data.y.tolist() == [1, 0, 1, 0, 0, 1, 1, 0]


def test_idx_folder_without_a_test_part(images, tmp_path):
    write_idx(tmp_path, *images)
    assert read_idx_folder(tmp_path).n_test == 0


@pytest.mark.parametrize(
    ("dtype", "code"), [("u1", 8), ("i1", 9), ("i2", 11), ("i4", 12), ("f4", 13), ("f8", 14)]
)
def test_idx_of_every_type(dtype, code, tmp_path):
    array = np.array([[0, 1, 100], [3, 127, 5]], dtype)
    (tmp_path / "array").write_bytes(idx(array, code))
    found = read_idx(tmp_path / "array")
    np.testing.assert_array_equal(found, array)
    assert found.dtype == array.dtype


def test_bad_idx_is_refused(images, tmp_path):
    raw = idx(images[0])
    for content, line in [
        (b"\x00\x01\x08\x03" + raw[4:], "begins with 0000, got 00010803"),
        (b"PNG" + raw[3:], "begins with 0000, got 504e4703"),
        (b"\x00\x00\x07\x03" + raw[4:], "got 00000703"),
        (b"", "begins with 0000"),
        (raw[:3], "begins with 0000"),
        (raw[:9], "begins with 0000"),
        (raw[:-1], r"expected 120 bytes for the shape \(6, 4, 5\), got 119"),
        (raw + b"\x00", "expected 120 bytes .* got more"),
        (gzip.compress(raw)[:-9], "a damaged gzip file"),
    ]:
        (tmp_path / "array").write_bytes(content)
        with pytest.raises(ValueError, match=line):
            read_idx(tmp_path / "array")


def test_bad_idx_folder_is_refused(images, tmp_path):
    with pytest.raises(ValueError, match="expected train-images-idx3-ubyte and .* not there"):
        read_idx_folder(tmp_path)
    write_idx(tmp_path, images[0], images[1][:5])
    with pytest.raises(ValueError, match="one label for each of 6 images"):
        read_idx_folder(tmp_path)
    (tmp_path / "train-labels-idx1-ubyte").unlink()
    with pytest.raises(ValueError, match="expected one file of train labels, got none"):
        read_idx_folder(tmp_path)


@pytest.mark.skipif(not FASHION.is_dir(), reason="Debian's dataset-fashion-mnist is not installed")
def test_fashion_mnist_of_debian():
    data = read_idx_folder(FASHION)
    assert (data.X.shape, data.n_test, data.image_shape) == ((70_000, 784), 10_000, (28, 28))
    assert np.bincount(data.y).tolist() == [7_000] * 10


@pytest.mark.parametrize("end", ["", ".gz"])
def test_emnists_names(end, images, tmp_path):
    for name in ("emnist-letters", "emnist-digits"):
        for part, n in (("train", 6), ("test", 2)):
            pack = gzip.compress if end else bytes
            write_idx(tmp_path, images[0][:n], images[1][:n], f"{name}-{part}", pack, end)
    data = load_data(tmp_path / "emnist-letters")
    assert (data.name, data.n_test, data.X.shape) == ("emnist-letters", 2, (8, 20))
    with pytest.raises(
        ValueError,
        match="expected one file of train images, got emnist-digits-train.*a set: .*emnist-digits",
    ):
        load_data(tmp_path)
    for path in tmp_path.glob("emnist-digits*"):
        path.unlink()
    assert load_data(tmp_path).X.shape == (8, 20)


def test_dots_for_hyphens_and_a_file_unpacked_beside_its_packed_one(images, tmp_path):
    write_idx(tmp_path, *images)
    for path in list(tmp_path.iterdir()):
        path.with_name(path.name.replace("-idx", ".idx")).write_bytes(path.read_bytes())
        path.unlink()
    assert read_idx_folder(tmp_path).X.shape == (6, 20)
    for path in list(tmp_path.iterdir()):
        path.with_name(f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes()))
    assert read_idx_folder(tmp_path).X.shape == (6, 20)
