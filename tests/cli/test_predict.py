"""`jaxmlp predict` as a user runs it, against a forward pass in NumPy."""

import csv
import errno
import io
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from jaxmlp.cli import model as answering
from jaxmlp.cli import predict
from jaxmlp.data.sources import load_data
from jaxmlp.network import Network, Params
from jaxmlp.storage import save_model

from .conftest import refused


def by_hand(model, X: np.ndarray) -> np.ndarray:
    """(n, m), what a network of tanh and softmax, or sigmoid and identity, answers."""
    W, V = (np.asarray(p, float) for p in model.params)
    u = (X - model.x_scaling.shift) / model.x_scaling.scale @ W[:, 1:].T + W[:, 0]
    f = np.tanh(u) if model.classes else 1 / (1 + np.exp(-u))
    a = f @ V[:, 1:].T + V[:, 0]
    if model.classes is None:
        return a * model.y_scaling.scale + model.y_scaling.shift
    e = np.exp(a - a.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def table(X: np.ndarray, header: str = "") -> bytes:
    rows = [header] * bool(header) + [",".join(map(repr, row)) for row in X.tolist()]
    return "".join(f"{row}\n" for row in rows).encode()


def read(text: str) -> tuple[list[str], list[list[str]]]:
    header, *rows = csv.reader(io.StringIO(text))
    return header, rows


@pytest.fixture
def X(rng):
    return 2 * rng.normal(size=(23, 5))


def test_classes_and_probabilities(command, model, X, tmp_path):
    (tmp_path / "pets.csv").write_bytes(table(X))
    code, out, err = command("predict", "model.safetensors", "pets.csv")
    assert (code, err) == (0, "")
    header, rows = read(out)
    assert header == ["class", "P(cat)", "P(dog, wet)", "P(ねこ)", "P(7)"]
    wanted = by_hand(model, X)
    assert [row[0] for row in rows] == [model.classes[k] for k in wanted.argmax(axis=1)]
    assert len({row[0] for row in rows}) > 1
    np.testing.assert_allclose(np.array([row[1:] for row in rows], float), wanted, atol=1e-6)


def test_a_regression_to_the_last_bit_of_float64(command, regression, X, tmp_path):
    (tmp_path / "pets.csv").write_bytes(table(X))
    code, out, _ = command("predict", "regression.safetensors", "pets.csv", "--out", "out.csv")
    assert (code, out) == (0, "")
    header, rows = read((tmp_path / "out.csv").read_text())
    assert header == ["value 1", "value 2"]
    found = np.array(rows, float)
    np.testing.assert_allclose(found, by_hand(regression, X), rtol=1e-12)
    assert [[f"{v:.17g}" for v in row] for row in found] == rows
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "out.csv",
        "pets.csv",
        "regression.safetensors",
    ]


def test_values_are_called_what_the_targets_were(command, regression, X, tmp_path):
    save_model(tmp_path / "named", regression._replace(targets=("price", "weight, net")))
    assert command("predict", "named", "-", stdin=table(X))[1].startswith('price,"weight, net"\n')


def test_one_sigmoid_output_is_the_second_of_two_classes(command, model, X, tmp_path, rng):
    """L10; and outputs that are no probabilities are not called so."""
    params = Params(model.params.W, rng.normal(size=(1, 4)).astype("float32"))
    two = model._replace(params=params, classes=("no", "yes"))
    save_model(
        tmp_path / "two", two._replace(network=Network("tanh", "sigmoid", "binary_cross_entropy"))
    )
    header, rows = read(command("predict", "two", "-", stdin=table(X))[1])
    assert header == ["class", "P(no)", "P(yes)"]
    for label, *p in rows:
        assert float(p[0]) + float(p[1]) == pytest.approx(1, abs=1e-6)
        assert label == ("yes" if float(p[1]) > 0.5 else "no")
    assert len({label for label, *_ in rows}) == 2
    save_model(tmp_path / "two", two._replace(network=Network("tanh", "identity", "squared_error")))
    assert command("predict", "two", "-", stdin=table(X))[1].startswith("class,g(no),g(yes)\n")


def test_columns_are_found_by_name_and_the_rest_is_left_out(command, model, X):
    plain = command("predict", "model.safetensors", "-", stdin=table(X))
    shuffled = np.column_stack([X[:, ::-1], np.arange(len(X))])
    code, out, err = command(
        "predict", "model.safetensors", "-", stdin=table(shuffled, "e,d,c,b,a,id")
    )
    assert (code, out) == plain[:2]
    assert err == "columns left out: id\n"
    line = "expected the network's columns, each once, got a header without b, c, d, …"
    refused(command("predict", "model.safetensors", "-", stdin=table(X, "a,B,C,D,E")), line)


def test_a_source_by_any_name(command, model, X, tmp_path):
    """.csv, .npz with and without targets, images, standard input in UTF-16: the same answers."""
    wanted = command("predict", "model.safetensors", "-", stdin=table(X))
    np.savez(tmp_path / "bare.npz", X=X)
    np.savez(tmp_path / "full.npz", x=X, y=np.arange(len(X)))
    np.savez(tmp_path / "parts.npz", x_train=X[:2], y_train=[0, 1], x_test=X, y_test=[1] * len(X))
    for name in ("bare.npz", "full.npz", "parts.npz"):
        assert command("predict", "model.safetensors", name) == wanted
    wide = table(X).decode().encode("utf-16")
    assert command("predict", "model.safetensors", "-", stdin=wide) == wanted


def test_a_run_and_the_data_by_name(command, trained):
    code, out, err = command("predict", trained, "iris")
    assert (code, err) == (0, "")
    header, rows = read(out)
    assert (header[1], len(rows)) == ("P(setosa)", 150)
    assert answering.open_model(trained).features == load_data("iris").features
    right = np.mean([r[0] for r in rows] == np.repeat(load_data("iris").classes, 50))
    assert right > 0.7


@pytest.mark.parametrize("rows", [1, 4, 23, 100])
def test_all_parts_have_one_shape(rows, command, model, X, monkeypatch):
    """So that one program does for all, and an answer does not depend on what comes after."""
    wanted = command("predict", "model.safetensors", "-", stdin=table(X))[1]
    shapes = []

    def watched(network, params, x):
        shapes.append(x.shape)
        return forward(network, params, x)

    forward = answering.predict
    monkeypatch.setattr(answering, "predict", watched)
    monkeypatch.setattr(answering, "PART_SAMPLES", rows)
    out = command("predict", "model.safetensors", "-", stdin=table(X))[1]
    assert shapes == [(rows, 5)] * -(-len(X) // rows)
    numbers = [np.array([r[1:] for r in read(text)[1]], float) for text in (out, wanted)]
    np.testing.assert_allclose(*numbers, atol=1e-6)


def test_a_part_of_many_columns_is_short(model, monkeypatch):
    monkeypatch.setattr(answering, "PART_NUMBERS", 50)
    assert answering.rows_of_a_part(model) == 10


@pytest.mark.parametrize(
    ("args", "stdin", "line"),
    [
        (["none.safetensors", "-"], b"", "No such file or directory: 'none.safetensors'"),
        (["empty", "-"], b"", "No such file or directory: 'empty/model.safetensors'"),
        (["pets.csv", "-"], b"", "pets.csv: expected a whole jaxmlp model, got something else"),
        (["model.safetensors", "none.csv"], b"", "unknown data 'none.csv': expected"),
        (["model.safetensors", "iris"], b"", "iris: expected samples of 5 numbers, got 4"),
        (["model.safetensors", "-"], b"", "standard input: expected rows of numbers, got an empty file"),
        (["model.safetensors", "-"], b"a,b,c,d,e\n", "standard input: expected samples below the header"),
        (["model.safetensors", "-"], b"1,2,3,4,5\n1,2,x,4,5\n", "expected the network's columns, each once, got a header without a, b, c, … (with --header no"),
        (["model.safetensors", "-", "--header", "no"], b"1,2,3,4,5\n1,2,x,4,5\n", "standard input: line 2, column 3: expected a finite number"),
        (["model.safetensors", "-"], b"1,2,3,4,5\n\xff\xff\n", "standard input: expected text in UTF-8"),
        (["model.safetensors", "-"], b"1.5,2,3,4,5\n1,2,3,4,1e300\n", "standard input, sample 2: expected smaller numbers for float32, got up to 1e+300"),
        (["model.safetensors", "pets.csv", "--target", "x"], b"", "pets.csv: expected one column 'x', got column 1, column 2"),
        (["model.safetensors", "bad.npz"], b"", "bad.npz: expected an array X (n, d), got z"),
        (["model.safetensors"], b"", "Missing from jaxmlp predict: DATA"),
        (["model.safetensors", "pets.csv", "--out", "pets.csv"], b"", "expected a new file for --out, got pets.csv, which is there (--overwrite"),
        (["model.safetensors", "pets.csv", "--out", "pets.csv", "--overwrite"], b"", "got pets.csv, which is read"),
        (["model.safetensors", "pets.csv", "--out", "model.safetensors", "--overwrite"], b"", "got model.safetensors, which is read"),
        (["model.safetensors", "pets.csv", "--out", "empty", "--overwrite"], b"", "expected a new file for --out, got empty, which is there"),
        (["model.safetensors", "pets.csv", "--out", "pets.csv/x"], b"", "expected a file in a folder that is there"),
        (["model.safetensors", "pets.csv", "--out", "none/x"], b"", "expected a file in a folder that is there"),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_one_line_and_leaves_all_as_it_was(
    args, stdin, line, command, model, tmp_path
):
    (tmp_path / "pets.csv").write_bytes(b"1,2,3,4,5\n")
    (tmp_path / "empty").mkdir()
    np.savez(tmp_path / "bad.npz", z=np.ones(3))
    before = contents(tmp_path)
    refused(command("predict", *args, stdin=stdin), line)
    out = [] if "--out" in args else ["--out", "new.csv"]
    refused(command("predict", *args, *out, stdin=stdin), line)
    assert contents(tmp_path) == before


def contents(folder: Path) -> dict[str, bytes | None]:
    return {p.name: p.read_bytes() if p.is_file() else None for p in folder.iterdir()}


@pytest.mark.parametrize("there", [True, False])
def test_a_disk_that_fills_up(there, command, model, X, tmp_path, monkeypatch):
    def full(_):
        raise OSError(errno.ENOSPC, "No space left on device")

    if there:
        (tmp_path / "out.csv").write_text("before")
    before = contents(tmp_path)
    monkeypatch.setattr(os, "fsync", full)
    args = ["--out", "out.csv", "--overwrite"]
    found = command("predict", "model.safetensors", "-", *args, stdin=table(X))
    refused(found, "No space left on device: 'out.csv'")
    assert contents(tmp_path) == before


def test_overwrite_replaces_once_all_is_done(command, model, X, tmp_path):
    (tmp_path / "out.csv").write_text("before")
    args = ["predict", "model.safetensors", "-", "--out", "out.csv", "--overwrite"]
    refused(command(*args, stdin=table(X) + b"1,2,3\n"), "expected 5 cells a line, got line 24: 3")
    assert (tmp_path / "out.csv").read_text() == "before"
    code, _, err = command(*args, stdin=table(X))
    assert (code, err) == (0, "23 samples predicted: out.csv\n")
    assert len((tmp_path / "out.csv").read_text().splitlines()) == 24


def test_a_file_that_comes_meanwhile_is_kept(command, model, X, tmp_path, monkeypatch):
    def slowly(*args):
        (tmp_path / "out.csv").write_text("another's")
        return 23

    monkeypatch.setattr(predict, "_predict", slowly)
    found = command("predict", "model.safetensors", "-", "--out", "out.csv", stdin=table(X))
    refused(found, "expected a new file for --out, got out.csv, which is there")
    assert (tmp_path / "out.csv").read_text() == "another's"
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
def test_a_reader_that_stops_is_no_error_and_a_full_one_is(model, X, tmp_path):
    (tmp_path / "pets.csv").write_bytes(table(X) * 5000)
    code = "import sys; from jaxmlp.cli import main; sys.exit(main())"
    run = f"'{sys.executable}' -c '{code}' predict model.safetensors pets.csv"
    script = f"{run} | head -n 1; echo ${{PIPESTATUS[0]}}; {run} > /dev/full; echo $?"
    done = subprocess.run(["bash", "-c", script], cwd=tmp_path, capture_output=True, text=True)
    assert done.stdout.splitlines()[1:] == ["0", "2"]
    assert done.stderr == "jaxmlp: [Errno 28] No space left on device\n"
