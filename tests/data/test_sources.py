from types import SimpleNamespace
from urllib.error import URLError

import numpy as np
import pytest

from jaxmlp.data.sources import BUNDLED_NAMES, load_data

SHAPES = {
    "digits": ((1797, 64), 10), "iris": ((150, 4), 3), "wine": ((178, 13), 3),
    "breast_cancer": ((569, 30), 2), "diabetes": ((442, 10), None), "linnerud": ((20, 3), None),
}  # fmt: skip


@pytest.mark.parametrize("name", BUNDLED_NAMES)
def test_bundled(name):
    data = load_data(name)
    shape, classes = SHAPES[name]
    assert data.X.shape == shape
    assert (data.classes and len(data.classes)) == classes
    assert data.name == name


def test_names_keep_their_meaning():
    assert load_data("iris").classes == ("setosa", "versicolor", "virginica")
    assert load_data("breast-cancer").classes == ("malignant", "benign")
    assert load_data("linnerud").y.shape == (20, 3)
    assert load_data("linnerud").targets == ("Weight", "Waist", "Pulse")
    assert load_data("iris").features[0] == "sepal length (cm)"
    digits = load_data("digits")
    assert digits.image_shape == (8, 8)
    assert digits.classes == tuple("0123456789")


def test_mnist_without_a_network_is_one_clear_line(monkeypatch):
    def no_network(*_, **__):
        raise URLError("Name or service not known")

    monkeypatch.setattr("sklearn.datasets.fetch_openml", no_network)
    with pytest.raises(
        OSError, match="mnist: expected to fetch it from OpenML, .*not known.* IDX files"
    ):
        load_data("mnist")


def test_mnist_as_openml_hands_it_out(monkeypatch, rng):
    pixels = rng.integers(256, size=(10_020, 784)).astype(float)
    labels = np.array(list("0123456789") * 1002, dtype=object)
    bunch = SimpleNamespace(data=pixels, target=labels)
    monkeypatch.setattr("sklearn.datasets.fetch_openml", lambda *_, **__: bunch)
    data = load_data("mnist")
    assert (data.n_test, data.image_shape, data.classes) == (10_000, (28, 28), tuple("0123456789"))
    np.testing.assert_array_equal(data.X, pixels)


def test_unknown_data_are_refused():
    with pytest.raises(
        ValueError, match="unknown data 'irs': expected digits, iris, .* a file that exists"
    ):
        load_data("irs")
    with pytest.raises(ValueError, match="iris: expected a file beside --target"):
        load_data("iris", target="a")


@pytest.mark.parametrize("name", ["data.xlsx", "data.csv.zip", "data"])
def test_other_files_are_refused(name, tmp_path):
    (tmp_path / name).write_text("1,2\n")
    with pytest.raises(
        ValueError,
        match=r"expected .csv, .tsv, .txt, .parquet, perhaps compressed, .npz or a folder of IDX files",
    ):
        load_data(tmp_path / name)


def test_options_that_do_not_go_with_the_file_are_refused(tmp_path):
    with pytest.raises(ValueError, match="expected a table beside --target"):
        load_data(tmp_path, target="a")
    with pytest.raises(ValueError, match="expected classification of IDX labels"):
        load_data(tmp_path, task="regression")
