"""Samples from files, by name and from standard input, in parts."""

import io

import numpy as np
import pytest

from jaxmlp.data.samples import open_samples
from jaxmlp.data.sources import load_data
from jaxmlp.data.stream import Wanted

from .test_idx import write_idx

IRIS = Wanted(4, 1, ("virginica", "versicolor", "setosa"))


def read(source: str, wanted: Wanted, rows: int = 7, **options):
    """(X, y, the source), all parts together."""
    with open_samples(source, wanted, rows=rows, **options) as samples:
        counted, parts = [], []
        for part in samples.parts:
            counted.append(samples.done())
            parts.append(part)
    if samples.total is not None:
        assert counted == sorted(counted)
        assert counted[-1] == samples.total
    X = np.concatenate([part.X for part in parts])
    return (
        X,
        np.concatenate([part.y for part in parts]) if options.get("labelled") else None,
        samples,
    )


def test_by_name_with_the_networks_own_numbers_for_classes():
    data = load_data("iris")
    X, y, samples = read("iris", IRIS, labelled=True)
    np.testing.assert_array_equal(X, data.X)
    np.testing.assert_array_equal(y, 2 - data.y)
    assert (samples.name, samples.total, samples.unit, samples.note) == ("iris", 150, "samples", "")
    assert read("iris", IRIS)[1] is None


def test_numbers_by_name():
    X, y, _ = read("linnerud", Wanted(3, 3), labelled=True)
    data = load_data("linnerud")
    assert (X.tolist(), y.tolist()) == (data.X.tolist(), data.y.tolist())


def test_of_images_the_test_part(tmp_path, rng):
    images, labels = (
        rng.integers(0, 256, (9, 2, 3)).astype(np.uint8),
        np.arange(9, dtype=np.uint8) % 3,
    )
    write_idx(tmp_path, images, labels)
    write_idx(tmp_path, images[:4], labels[:4], part="t10k")
    X, y, samples = read(str(tmp_path), Wanted(6, 1, ("0", "1", "2")), rows=3, labelled=True)
    np.testing.assert_array_equal(X, images[:4].reshape(4, 6))
    assert y.tolist() == [0, 1, 2, 0]
    assert samples.image_shape == (2, 3)
    assert samples.note == f"{tmp_path.name}: its test part"


def test_a_table_counts_its_megabytes(tmp_path):
    (tmp_path / "pets.csv").write_text("1,2,dog\n" * 1000)
    X, _, samples = read(str(tmp_path / "pets.csv"), Wanted(2, 1, ("cat", "dog")))
    assert X.shape == (1000, 2)
    assert (samples.name, samples.total, samples.unit) == ("pets", 0.008, "MB")
    assert samples.note == "columns left out: column 3"


def test_a_table_as_excel_saves_it_in_japan(tmp_path):
    (tmp_path / "pets.csv").write_bytes("長さ,幅,種類\n1,2,いぬ\n3,4,ねこ\n".encode("cp932"))
    wanted = Wanted(2, 1, ("ねこ", "いぬ"), ("幅", "長さ"), ("種類",))
    X, y, _ = read(str(tmp_path / "pets.csv"), wanted, labelled=True)
    assert (X.tolist(), y.tolist()) == ([[2, 1], [4, 3]], [1, 0])


def test_standard_input_stays_open(monkeypatch):
    raw = io.BufferedReader(io.BytesIO(b"\xef\xbb\xbf1,2\n3,4\n"))
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(raw))
    X, _, samples = read("-", Wanted(2, 1))
    assert (X.tolist(), samples.total) == ([[1, 2], [3, 4]], None)
    assert not raw.closed
    monkeypatch.setattr("sys.stdin", None)
    with pytest.raises(ValueError, match="a CSV on standard input, got none"):
        read("-", Wanted(2, 1))


def test_whole_numbers_of_many_values_are_classes_if_the_network_has_such(tmp_path):
    """Where `load_data` alone would take them for a regression's."""
    names = tuple(map(str, range(30)))
    np.savez(tmp_path / "many.npz", X=np.ones((30, 2)), y=np.arange(30))
    assert read(str(tmp_path / "many.npz"), Wanted(2, 1, names), labelled=True)[1].tolist() == [
        *range(30)
    ]


@pytest.mark.parametrize(
    ("source", "wanted", "line"),
    [
        ("iris", Wanted(5, 1, IRIS.classes), "iris: expected samples of 5 numbers, got 4"),
        ("iris", Wanted(4, 1, ("setosa", "virginica")), "iris: expected one of the network's classes, setosa, virginica, got 'versicolor'"),
        ("iris", Wanted(4, 1), "iris: expected numbers for targets, got classes"),
        ("diabetes", IRIS, "diabetes: expected classes for targets, got numbers"),
        ("linnerud", Wanted(3, 2), "linnerud: expected 2 targets, got 3"),
        ("irs", IRIS, "unknown data 'irs'"),
        ("", IRIS, "unknown data ''"),
    ],
)  # fmt: skip
def test_what_the_network_does_not_expect_is_refused(source, wanted, line):
    with pytest.raises(ValueError, match=line):
        read(source, wanted, labelled=True)
