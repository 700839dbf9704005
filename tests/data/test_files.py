"""Files as people and other programs write them, and files that are damaged."""

import gzip
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jaxmlp.data.files import read, read_idx

FASHION = Path("/usr/share/datasets/fashion-mnist")  # Debian's dataset-fashion-mnist


def read_text(folder: Path, text: str | bytes, **options):
    """The data set in a .csv of this text."""
    path = folder / "pets.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read(path, **options)


ROWS = "1,2,dog\n3,4,cat\n5,6,dog\n"


@pytest.mark.parametrize(
    "text",
    [ROWS, "a,b,kind\n" + ROWS, ROWS.replace(",", ";"), ROWS.replace(",", "\t"), ROWS.replace("\n", "\r\n"),
     "\ufeffa,b,kind\n" + ROWS, '"1","2","dog"\n3, 4, cat\n\n5,6,dog', ",a,b,kind\n0,1,2,dog\n1,3,4,cat\n2,5,6,dog\n"],
    ids=["bare", "header", "semicolons", "tabs", "CRLF", "mark", "quotes, blanks", "pandas' index"],
)  # fmt: skip
def test_csv_of_classes(text, tmp_path):
    data = read_text(tmp_path, text)
    assert data.X.tolist() == [[1, 2], [3, 4], [5, 6]]
    assert data.classes == ("cat", "dog")
    assert data.y.tolist() == [1, 0, 1]
    assert data.name == "pets"


def test_csv_with_the_target_by_name(tmp_path):
    data = read_text(tmp_path, "kind,a,b\ndog,1,2\ncat,3,4\ndog,5,6\n", target="kind")
    assert data.X.tolist() == [[1, 2], [3, 4], [5, 6]]
    assert data.y.tolist() == [1, 0, 1]


def test_csv_with_several_targets(tmp_path):
    data = read_text(tmp_path, "a,b,c,d\n1,2,3,4\n5,6,7,8\n", target="d, b")
    assert data.X.tolist() == [[1, 3], [5, 7]]
    assert data.y.tolist() == [[4, 2], [8, 6]]
    assert data.classes is None


def test_csv_with_numbers_for_names(tmp_path):
    """As pandas names the columns of an array."""
    data = read_text(tmp_path, "0,1,target\n1,2,0\n3,4,1\n")
    assert data.X.tolist() == [[1, 2], [3, 4]]
    assert data.classes == ("0", "1")


def test_csv_as_excel_saves_it_in_japan(tmp_path):
    data = read_text(tmp_path, "長さ,幅,種類\n1,2,いぬ\n3,4,ねこ\n".encode("cp932"), target="種類")
    assert data.classes == ("いぬ", "ねこ")


def test_task_is_guessed_from_the_targets_or_told(tmp_path):
    whole = "".join(f"{k},{k % 3}\n" for k in range(60))
    assert read_text(tmp_path, whole).classes == ("0", "1", "2")
    assert read_text(tmp_path, whole.replace(",2", ",2.0")).classes == ("0", "1", "2")
    assert read_text(tmp_path, whole, task="regression").y.shape == (60, 1)
    many = "".join(f"{k},{k}\n" for k in range(60))
    assert read_text(tmp_path, many).classes is None
    assert len(read_text(tmp_path, many, task="classification").classes) == 60
    assert read_text(tmp_path, "1,0.5\n2,1.5\n").classes is None


@given(st.lists(st.lists(st.floats(-1e9, 1e9), min_size=3, max_size=3), min_size=2, max_size=9))
def test_any_numbers_come_back(tmp_path_factory, rows):
    text = "\n".join(",".join(map(repr, row)) for row in rows)
    data = read_text(tmp_path_factory.mktemp("csv"), text, task="regression")
    np.testing.assert_array_equal(np.hstack([data.X, data.y]), rows)


@pytest.mark.parametrize(
    ("text", "options", "line"),
    [
        ("", {}, "got an empty file"),
        ("\n\n", {}, "got an empty file"),
        ("a,b\n", {}, "rows with at least two columns"),
        ("1\n2\n", {}, "rows with at least two columns"),
        ("1,2,0\n3,4\n", {}, "line 2: expected 3 columns, got 2"),
        ("1,2,0\n3,x,1\n", {}, "line 2, column 2: expected a finite number, got 'x'"),
        ("abc,2,0\n3,4,1\n", {}, "line 1, column 1: expected a finite number, got 'abc'"),
        ("1,2,0\n3,,1\n", {}, "line 2, column 2: expected a finite number, got ''"),
        ("1,2,0\n3,nan,1\n", {}, "line 2, column 2: expected a finite number, got 'nan'"),
        ("1,2,0\n3,inf,1\n", {}, "got 'inf'"),
        ("1,2,0\n3,4,dog\n", {}, "line 2, column 3: expected a finite number, got 'dog'"),
        ("a,b\n1,2\n", {"target": "c"}, "expected a column 'c', got a, b"),
        ("1,2,0\n3,4,0\n", {}, "at least two classes, got only '0'"),
        ("a,b,c\n1,2,3\n", {"target": "b,c", "task": "classification"}, "one column, or regression, got 2"),
        ("a,b,c\n1,x,z\n", {"target": "b,c"}, "expected numbers in several targets"),
    ],
)  # fmt: skip
def test_bad_csv_is_refused(text, options, line, tmp_path):
    with pytest.raises(ValueError, match=f"pets.*{line}"):
        read_text(tmp_path, text, **options)


def save(path: Path, **arrays) -> Path:
    np.savez_compressed(path, **arrays)
    return path


def test_npz(tmp_path, rng):
    X, y = rng.normal(size=(6, 3)), np.array([0, 1, 0, 1, 2, 2])
    for names in (("X", "y"), ("x", "Y")):
        data = read(save(tmp_path / "d.npz", **dict(zip(names, (X, y), strict=True))))
        np.testing.assert_array_equal(data.X, X)
        assert data.classes == ("0", "1", "2")
    assert read(save(tmp_path / "d.npz", X=X, y=np.eye(3)[y])).y.tolist() == y.tolist()
    real = read(save(tmp_path / "d.npz", X=X, y=X[:, :2]))
    np.testing.assert_array_equal(real.y, X[:, :2])


def test_npz_as_keras_names_it(tmp_path, rng):
    images, labels = rng.integers(256, size=(6, 4, 5), dtype=np.uint8), np.array([0, 1, 2, 2, 1, 0])
    path = save(tmp_path / "m.npz", x_train=images[:4], y_train=labels[:4], x_test=images[4:], y_test=labels[4:])
    data = read(path)
    assert (data.image_shape, data.n_test) == ((4, 5), 2)
    np.testing.assert_array_equal(data.X.reshape(6, 4, 5), images)


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
    save(tmp_path / "later.npz", x_train=np.ones((2, 1)), y_train=y, x_test=np.ones((1, 1)), y_test=[2])
    (tmp_path / "empty.npz").write_bytes(b"")
    (tmp_path / "cut.npz").write_bytes((tmp_path / "flat.npz").read_bytes()[:100])
    lines = {
        "pickle": "not a .npz file of plain arrays", "names": "expected arrays X and y, got a",
        "flat": r"expected X \(n, d\)", "nan": "finite numbers, got nan", "text": "expected numbers, got <U1",
        "later": "test labels that occur in training, got '2'", "empty": "not a .npz", "cut": "not a .npz",
    }  # fmt: skip
    for name, line in lines.items():
        with pytest.raises(ValueError, match=f"{name}.*{line}"):
            read(tmp_path / f"{name}.npz")


def idx(array: np.ndarray, code: int = 8) -> bytes:
    """An IDX file as its specification has it."""
    head = struct.pack(f">BBBB{array.ndim}I", 0, 0, code, array.ndim, *array.shape)
    return head + array.astype(array.dtype.newbyteorder(">")).tobytes()


def write_idx(folder: Path, images, labels, part: str = "train", pack=lambda raw: raw, end: str = ""):
    (folder / f"{part}-images-idx3-ubyte{end}").write_bytes(pack(idx(images)))
    (folder / f"{part}-labels-idx1-ubyte{end}").write_bytes(pack(idx(labels)))


@pytest.fixture
def images(rng):
    return rng.integers(256, size=(6, 4, 5), dtype=np.uint8), np.array([3, 1, 3, 1, 1, 3], np.uint8)


@pytest.mark.parametrize(("pack", "end"), [(lambda raw: raw, ""), (gzip.compress, ".gz")])
def test_idx_folder(pack, end, images, tmp_path):
    write_idx(tmp_path, *images, pack=pack, end=end)
    write_idx(tmp_path, images[0][:2], images[1][:2], "t10k", pack=pack, end=end)
    data = read(tmp_path)
    assert (data.X.shape, data.image_shape, data.n_test, data.classes) == ((8, 20), (4, 5), 2, ("1", "3"))
    np.testing.assert_array_equal(data.X[:6].reshape(6, 4, 5), images[0])
    assert data.y.tolist() == [1, 0, 1, 0, 0, 1, 1, 0]


def test_idx_folder_without_a_test_part(images, tmp_path):
    write_idx(tmp_path, *images)
    assert read(tmp_path).n_test == 0


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
        (raw + b"\x00", "expected 120 bytes .* got 121"),
        (gzip.compress(raw)[:-9], "a damaged gzip file"),
    ]:
        (tmp_path / "array").write_bytes(content)
        with pytest.raises(ValueError, match=line):
            read_idx(tmp_path / "array")


def test_bad_idx_folder_is_refused(images, tmp_path):
    with pytest.raises(ValueError, match="expected train-images-idx3-ubyte and .* not there"):
        read(tmp_path)
    write_idx(tmp_path, images[0], images[1][:5])
    with pytest.raises(ValueError, match="one label for each of 6 train images"):
        read(tmp_path)
    (tmp_path / "train-labels-idx1-ubyte").unlink()
    with pytest.raises(ValueError, match="both train images and train labels"):
        read(tmp_path)


@pytest.mark.skipif(not FASHION.is_dir(), reason="Debian's dataset-fashion-mnist is not installed")
def test_fashion_mnist_of_debian():
    data = read(FASHION)
    assert (data.X.shape, data.n_test, data.image_shape) == ((70_000, 784), 10_000, (28, 28))
    assert np.bincount(data.y).tolist() == [7_000] * 10


@pytest.mark.parametrize("name", ["data.txt", "data.csv.gz"])
def test_other_files_are_refused(name, tmp_path):
    (tmp_path / name).write_text("1,2\n")
    with pytest.raises(ValueError, match=r"expected a .csv, a .npz or a folder of IDX files"):
        read(tmp_path / name)
    with pytest.raises(ValueError, match="expected a .csv for the target 'a'"):
        read(tmp_path, target="a")
