"""`jaxmlp evaluate` as a user runs it, against what training said and what NumPy counts."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from matplotlib.image import imread
from sklearn.metrics import r2_score

from jaxmlp.cli.folder import NO_FONT
from jaxmlp.data.dataset import split
from jaxmlp.data.sources import load_data
from jaxmlp.evaluate import confusion_matrix
from jaxmlp.network import Network, Params
from jaxmlp.storage import save_model

from .conftest import refused
from .test_predict import by_hand, contents, table


@pytest.fixture
def X(rng):
    return 2 * rng.normal(size=(23, 5))


@pytest.fixture
def y(model, X):
    """The classes' numbers, a quarter of them not what the network answers."""
    found = by_hand(model, X).argmax(axis=1)
    found[::4] = (found[::4] + 1) % 4
    return found


def labelled(X, labels, header="") -> bytes:
    rows = table(X).decode().splitlines()
    lines = [header] * bool(header) + [f'{r},"{t}"' for r, t in zip(rows, labels, strict=True)]
    return "\n".join(lines).encode()


def found_in(folder: Path) -> dict:
    return json.loads((folder / "evaluation.json").read_text())


@pytest.mark.slow
def test_the_test_part_of_a_run_gives_what_training_said(command, trained, tmp_path):
    data = load_data("iris")
    train, test = split(data)
    np.savez(tmp_path / "iris.npz", x_train=train.X, y_train=np.array(data.classes)[train.y],
             x_test=test.X, y_test=np.array(data.classes)[test.y])  # fmt: skip
    code, out, err = command("evaluate", trained, "iris.npz", "--out", "found")
    assert (code, err) == (0, "iris: its test part\n")
    wanted = json.loads(Path(trained, "history.json").read_text())["test"]
    found = found_in(tmp_path / "found")
    assert found["samples"] == 30
    for name in ("accuracy", "confusion"):
        assert found[name] == wanted[name]
    assert found["error"] == pytest.approx(wanted["error"], rel=1e-5)
    assert f"accuracy: {wanted['accuracy']:.4f}\n" in out
    assert imread(tmp_path / "found/confusion.png")[..., :3].std() > 0.01
    assert sorted(p.name for p in (tmp_path / "found").iterdir()) == [
        "confusion.png",
        "evaluation.json",
    ]


def test_what_it_was_trained_on_is_said(command, trained):
    code, out, err = command("evaluate", trained, "iris", "--out", "found")
    assert (code, err) == (0, "iris: most of it is what the network was trained on\n")
    assert "iris: 150 samples" in out


@pytest.mark.parametrize("header", ["", "a,b,c,d,e,kind"])
def test_a_table_of_classes(header, command, model, X, y, tmp_path):
    text = labelled(X, [model.classes[k] for k in y], header)
    (tmp_path / "pets.csv").write_bytes(text)
    code, out, err = command("evaluate", "model.safetensors", "pets.csv")
    assert code == 0
    assert err in ("", f"jaxmlp: warning: {NO_FONT}\n")  # one class is ねこ
    (folder,) = (tmp_path / "runs").iterdir()
    assert folder.name.endswith("-pets")
    found, g = found_in(folder), by_hand(model, X)
    assert found["accuracy"] == pytest.approx(np.mean(g.argmax(axis=1) == y))
    assert found["confusion"] == confusion_matrix(y, g.argmax(axis=1), 4).tolist()
    assert found["error"] == pytest.approx(-np.log(g[np.arange(23), y]).mean(), rel=1e-5)
    assert found["classes"] == list(model.classes)
    assert "pets: 23 samples\nconfusion matrix of the samples" in out
    assert command("evaluate", "model.safetensors", "-", "--out", "in", stdin=text)[0] == 0
    assert {**found_in(tmp_path / "in"), "data": 0, "out": 0} == {**found, "data": 0, "out": 0}


def test_a_single_class_is_enough(command, model, X, tmp_path):
    text = labelled(X, ["ねこ"] * 23)
    assert command("evaluate", "model.safetensors", "-", "--out", "one", stdin=text)[0] == 0
    share = np.mean(by_hand(model, X).argmax(axis=1) == 2)
    assert found_in(tmp_path / "one")["accuracy"] == pytest.approx(share)


def test_a_regression(command, regression, X, tmp_path, rng):
    Y = by_hand(regression, X) + 0.1 * rng.normal(size=(23, 2))
    (tmp_path / "r.csv").write_bytes(table(np.hstack([X, Y])))
    np.savez(tmp_path / "r.npz", X=X, y=Y)
    for name in ("r.csv", "r.npz"):
        code, out, _ = command("evaluate", "regression.safetensors", name, "--out", f"{name}-found")
        assert code == 0
        found = found_in(tmp_path / f"{name}-found")
        assert found["r2"] == pytest.approx(r2_score(Y, by_hand(regression, X)))
        assert f"\nR²: {found['r2']:.4f}\n" in out
        assert (tmp_path / f"{name}-found/predictions.png").is_file()


def test_one_sigmoid_output(command, model, X, tmp_path, rng):
    params = Params(model.params.W, rng.normal(size=(1, 4)).astype("float32"))
    network = Network("tanh", "sigmoid", "binary_cross_entropy")
    save_model(tmp_path / "two", model._replace(network=network, params=params, classes=("0", "1")))
    _, out, _ = command("predict", "two", "-", stdin=table(X))
    said = [line[0] for line in out.splitlines()[1:]]
    text = labelled(X, said)
    assert command("evaluate", "two", "-", "--out", "found", stdin=text)[0] == 0
    assert found_in(tmp_path / "found")["accuracy"] == 1


def test_images_are_shown(command, model, X, y, tmp_path, rng):
    params = Params(rng.normal(size=(3, 7)).astype("float32"), model.params.V)
    scaling = model.x_scaling._replace(shift=np.zeros(6), scale=np.ones(6))
    save_model(tmp_path / "i", model._replace(params=params, x_scaling=scaling, features=None))
    np.savez(tmp_path / "i.npz", X=rng.normal(size=(23, 2, 3)), y=np.array(model.classes)[y])
    assert command("evaluate", "i", "i.npz", "--out", "found")[0] == 0
    assert (tmp_path / "found/misclassified.png").is_file()


@pytest.mark.parametrize(
    ("args", "stdin", "line"),
    [
        (["model.safetensors", "-"], b"1,2,3,4,5,cow\n", "standard input, line 1, column 6: expected one of the network's classes, cat, dog, wet, ねこ, 7, got 'cow'"),
        (["model.safetensors", "-"], b"1,2,3,4,5\n", "expected 1 column of targets beside the samples, got 0"),
        (["model.safetensors", "-"], b"a,b,c,d,e,kind\n", "expected samples below the header"),
        (["model.safetensors", "iris"], b"", "iris: expected one of the network's classes, cat, dog, wet, ねこ, 7, got 'setosa'"),
        (["model.safetensors", "diabetes"], b"", "diabetes: expected classes for targets, got numbers"),
        (["regression.safetensors", "iris"], b"", "iris: expected numbers for targets, got classes"),
        (["regression.safetensors", "diabetes"], b"", "diabetes: expected 2 targets, got 1"),
        (["regression.safetensors", "-"], b"1,2,3,4,5,6,7\n", "R² needs at least two samples, got 1"),
        (["model.safetensors", "-"], b"1,2,3,4,1e300,cat\n", "standard input, sample 1: expected smaller numbers for float32"),
        (["model.safetensors", "-", "--out", "there"], b"", "expected a new or empty folder for --out, got there"),
        (["model.safetensors", "-", "--out", ""], b"", "expected a folder for --out, got an empty name"),
        (["model.safetensors", "-", "--out", "model.safetensors"], b"", "got model.safetensors, which is there"),
        (["nothing", "-"], b"", "No such file or directory: 'nothing'"),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_one_line_and_leaves_all_as_it_was(
    args, stdin, line, command, model, regression, tmp_path
):
    (tmp_path / "there").mkdir()
    (tmp_path / "there/file").write_text("before")
    before = contents(tmp_path)
    refused(command("evaluate", *args, stdin=stdin), line)
    assert contents(tmp_path) == before
    assert (tmp_path / "there/file").read_text() == "before"


def test_no_place_for_the_figures(command, model, X, y, tmp_path, monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("matplotlib.figure.Figure.savefig", full)
    text = labelled(X, [model.classes[k] for k in y])
    found = command("evaluate", "model.safetensors", "-", "--out", "found", stdin=text)
    refused(found, "No space left on device")
    assert not (tmp_path / "found").exists()
    assert re.search(r"^accuracy: 0\.\d+$", found[1], re.M)
