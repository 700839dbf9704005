"""What a command writes, prints and reads is bounded, whatever names and files hold."""

import csv
import gzip
import io
import json
import os
import zipfile

import numpy as np
import pytest

from jaxmlp import plot
from jaxmlp.cli import main
from jaxmlp.cli.console import QuietConsole
from jaxmlp.cli.report import print_score
from jaxmlp.data.sources import load_data
from jaxmlp.data.text import MOST_LINE
from jaxmlp.evaluate import MOST_CLASSES, Score, score
from jaxmlp.network import Network
from jaxmlp.storage import load_model

from ..conftest import draw_params
from .conftest import refused

EVIL = "\x1b[31mred\x07\u202e"
SHOWN = "\\x1b[31mred\\x07\\u202e"
TRAIN = ("train", "--data", "iris", "--epochs", "2", "--units", "3", "--out", "run")


def table(path, classes, rows=4):
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["a", "b", "label"])
        for k in range(rows * len(classes)):
            writer.writerow(
                [f"{k * 0.37 % 1:.3f}", f"{k * 0.61 % 1:.3f}", classes[k % len(classes)]]
            )
    return str(path)


# figures and matrices


@pytest.mark.slow
def test_a_figure_that_cannot_be_drawn_spoils_nothing(command, tmp_path, monkeypatch):
    def fails(*_):
        raise MemoryError("Unable to allocate 9 TB")

    monkeypatch.setattr(plot, "confusion", fails)
    code, _, err = command(*TRAIN)
    assert code == 0
    assert err.endswith("jaxmlp: warning: no more figures: Unable to allocate 9 TB\n")
    assert {path.name for path in (tmp_path / "run").iterdir()} >= {
        "model.safetensors", "history.json", "error.png"}  # fmt: skip
    assert load_model(tmp_path / "run/model.safetensors").classes == (
        "setosa",
        "versicolor",
        "virginica",
    )
    assert command("evaluate", "run", "iris", "--out", "e")[0] == 0
    assert (tmp_path / "e/evaluation.json").is_file()


def test_the_model_is_there_before_any_figure_is_drawn(command, tmp_path, monkeypatch):
    seen = []
    monkeypatch.setattr(plot, "error_by_epoch", lambda *_: seen.append(sorted(
        path.name for path in (tmp_path / "run").iterdir() if path.is_file())) or plot.Figure())  # fmt: skip
    command(*TRAIN)
    assert {"history.json", "model.safetensors", "settings.json"} <= {*seen[0]}


@pytest.mark.parametrize("m", [3, plot.MOST_NUMBERED, plot.MOST_NUMBERED + 1, 1000])
def test_a_confusion_matrix_stays_on_a_page(m):
    figure = plot.confusion(np.eye(m, dtype=int), [f"class {k}" for k in range(m)])
    (axes,) = figure.axes
    assert len(axes.texts) == (m * m if m <= plot.MOST_NUMBERED else 0)
    assert max(figure.get_size_inches()) <= 9
    assert len(axes.get_xticks()) <= plot.MOST_NUMBERED


def test_a_matrix_of_many_classes_is_not_printed(capsys):
    m = 50
    matrix = np.eye(m, dtype=int)
    matrix[3, 4] = 7
    classes = tuple(f"c{k}" for k in range(m))
    print_score(QuietConsole(), Score(0.1, 0.9, matrix), classes, "test ")
    lines = capsys.readouterr().out.splitlines()
    assert lines == [
        "most common errors of the test samples (50 classes)",
        "     7  c3 taken for c4",
        "test accuracy: 0.9000",
    ]


def test_beyond_a_thousand_classes_there_is_no_matrix(rng):
    m = MOST_CLASSES + 1
    params = draw_params(rng, 2, 3, m)
    X, labels = rng.normal(size=(5, 2)), np.arange(5)
    Y = np.zeros((5, m))
    Y[np.arange(5), labels] = 1
    found = score(Network(), params, X, Y, labels)
    assert found.confusion is None
    assert found.accuracy in (0, 0.2, 0.4, 0.6, 0.8, 1)


@pytest.mark.slow
def test_many_classes_are_trained_and_written(command, tmp_path):
    data = table(tmp_path / "many.csv", [f"c{k:04}" for k in range(1100)], rows=2)
    code, out, _ = command("train", "--data", data, "--task", "classification", "--test-size",
                           "0.5", "--epochs", "1", "--units", "2", "--out", "run")  # fmt: skip
    assert code == 0
    assert "confusion matrix" not in out
    assert "test accuracy: " in out
    assert not (tmp_path / "run/confusion.png").exists()
    history = json.loads((tmp_path / "run/history.json").read_text())
    assert history["test"]["confusion"] is None
    assert sum(path.stat().st_size for path in (tmp_path / "run").iterdir()) < 2**20


def test_what_ran_out_is_said(command, monkeypatch):
    def fails(*_):
        raise MemoryError

    monkeypatch.setattr("jaxmlp.cli.train.prepare", fails)
    refused(command("train"), "jaxmlp: out of memory: no more is to be had")


# names


@pytest.mark.slow
def test_control_characters_in_names_are_shown(command, tmp_path):
    data = table(tmp_path / "evil.csv", [EVIL, "=1+1"], rows=20)
    outs = [command("train", "--data", data, "--epochs", "1", "--units", "2", "--out", "run"),
            command("show", "run"), command("evaluate", "run", data, "--out", "e"),
            command("predict", "run", data, "--out", "p.csv"),
            command("sweep", "--data", data, "--epochs", "1", "--units", "2", "--out", "s")]  # fmt: skip
    for code, out, err in outs:
        assert code == 0
        assert "\x1b" not in out + err
        assert "\x07" not in out + err
        assert "\u202e" not in out + err
    assert SHOWN in outs[0][1]
    assert SHOWN in outs[1][1]
    refused(command("train", "--data", f"{EVIL}.csv"), "\\x1b[31mred")
    assert "\x1b" not in command("train", "--data", f"{EVIL}.csv")[2]


def test_no_cell_of_the_answers_is_a_formula(command, tmp_path):
    data = table(tmp_path / "evil.csv", ["=cmd|' /C calc'!A0", "@x"], rows=20)
    command("train", "--data", data, "--epochs", "1", "--units", "2", "--out", "run")
    (tmp_path / "new.csv").write_text("a,b,who\n0.1,0.2,=HYPERLINK(1)\n0.3,0.4,-5\n")
    _, out, _ = command("predict", "run", "new.csv", "--id", "who")
    rows = list(csv.reader(io.StringIO(out)))
    assert [row[0] for row in rows] == ["who", "'=HYPERLINK(1)", "-5"]
    assert all(row[1].startswith(("'=cmd", "'@x")) for row in rows[1:])


# runs


def test_settings_that_were_altered_are_not_gone_on_with(command, tmp_path):
    command(*TRAIN)
    path = tmp_path / "run/settings.json"
    whole = path.read_text()
    for altered in (
        whole.replace('"seed": 0', '"seed": 1'),
        whole.replace('"units": 3', '"units": 4'),
    ):
        assert altered != whole
        path.write_text(altered)
        refused(command("train", "--resume", "run", "--epochs", "3"), "altered")
    saved = json.loads(whole)
    del saved["sha256"]
    path.write_text(json.dumps(saved))
    refused(command("train", "--resume", "run", "--epochs", "3"), "without a sha256")
    path.write_text(json.dumps(json.loads(whole)))  # laid out otherwise
    assert command("train", "--resume", "run", "--epochs", "3")[0] == 0
    assert command("train", "--resume", "run", "--epochs", "4")[0] == 0


@pytest.mark.costly
@pytest.mark.parametrize("left", [0, 100])
def test_a_model_that_was_cut_short_is_no_finished_run(left, command, tmp_path):
    command(*TRAIN)
    model = tmp_path / "run/model.safetensors"
    whole = model.read_bytes()
    model.write_bytes(whole[:left])
    code, out, _ = command("train", "--resume", "run")
    assert code == 0
    assert "nothing is left to do" not in out
    assert model.read_bytes() == whole


def test_a_billion_epochs_begin_at_once(tmp_path, monkeypatch):
    from jaxmlp.train.arguments import measured_epochs

    measured = measured_epochs(3, 10**9)
    assert [measured(epoch) for epoch in (0, 2, 3, 5, 10**9 - 1)] == [
        False,
        True,
        False,
        True,
        True,
    ]
    assert not measured_epochs(0, 5)(4)


# readers


@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz", "a.npz", "a.parquet", "model.safetensors"])
def test_a_pipe_is_not_waited_for(name, command, tmp_path):
    os.mkfifo(tmp_path / name)
    if name == "model.safetensors":
        refused(command("show", name), "expected a regular file")
    else:
        refused(command("train", "--data", name), "expected a regular file")


def test_a_device_is_no_data(command):
    refused(command("train", "--data", "/dev/zero"), "/dev/zero: expected .csv")


def test_a_line_without_end_is_not_read_to_it(command, tmp_path):
    with open(tmp_path / "a.csv", "wb") as file:
        file.write(b"1,2\n" * 30)
        for _ in range(5):
            file.write(b"7" * MOST_LINE)
    refused(
        command("train", "--data", "a.csv"), "expected lines of less than 16 million characters"
    )


def idx(shape, body):
    sizes = b"".join(size.to_bytes(4, "big") for size in shape)
    return bytes([0, 0, 8, len(shape)]) + sizes + body


@pytest.mark.parametrize(
    ("name", "images", "why"),
    [
        ("train-images-idx3-ubyte.gz", gzip.compress(idx((2, 2, 2), bytes(50 << 20))), "got more"),
        ("train-images-idx3-ubyte.gz", gzip.compress(idx((2, 2, 2), bytes(8)))[:-4] + b"\1\2\3\4", "damaged gzip"),
        ("train-images-idx3-ubyte", idx((2, 2, 2), bytes(7)), "expected 8 bytes for the shape (2, 2, 2), got 7"),
        ("train-images-idx3-ubyte", b"\0\0", "expected an IDX file"),
    ],
    ids=["too long", "damaged", "too short", "no IDX"],  # gzip's bytes hold the time of their making
)  # fmt: skip
def test_a_size_that_lies_is_seen_before_it_fills_the_memory(name, images, why, command, tmp_path):
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / name).write_bytes(images)
    (tmp_path / "set" / "train-labels-idx1-ubyte").write_bytes(idx((2,), b"\0\1"))
    refused(command("train", "--data", "set"), why)


def test_a_password(command, tmp_path):
    np.savez(tmp_path / "a.npz", X=np.zeros((4, 2)), y=np.arange(4))
    raw = bytearray((tmp_path / "a.npz").read_bytes())
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        place = -1
        while (place := raw.find(mark, place + 1)) >= 0:
            raw[place + at] |= 1
    (tmp_path / "a.npz").write_bytes(raw)
    assert zipfile.is_zipfile(tmp_path / "a.npz")
    refused(command("train", "--data", "a.npz"), "password")


def test_ordinary_idx_files_are_read_as_before(tmp_path):
    for part, n in (("train", 4), ("t10k", 2)):
        images = idx((n, 2, 2), bytes(range(4 * n)))
        (tmp_path / f"{part}-images-idx3-ubyte.gz").write_bytes(gzip.compress(images))
        (tmp_path / f"{part}-labels-idx1-ubyte").write_bytes(
            idx((n,), bytes(k % 2 for k in range(n)))
        )
    data = load_data(tmp_path)
    assert data.X.shape == (6, 4)
    assert main(["show", str(tmp_path)]) == 2
