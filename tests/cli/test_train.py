"""`jaxmlp train` as a user runs it."""

import json
import re
import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from matplotlib.image import imread

from jaxmlp.activations import HIDDEN, OUTPUTS
from jaxmlp.cli import main, task, train
from jaxmlp.cli.folder import NO_FONT, run_folder
from jaxmlp.cli.settings import Settings
from jaxmlp.data.dataset import split
from jaxmlp.data.sources import load_data
from jaxmlp.evaluate import classify
from jaxmlp.gradients import Gradients
from jaxmlp.losses import LOSSES
from jaxmlp.network import INITIALIZERS, forward
from jaxmlp.storage import load_model

from ..data.test_idx import write_idx

QUICK = ["--epochs", "2", "--units", "5"]


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """A function that runs `jaxmlp train …` in an empty folder: (exit code, output, errors)."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")

    def run(*args):
        code = main(["train", *args])
        return code, *capsys.readouterr()

    return run


def only_run(folder):
    (found,) = (folder / "runs").iterdir()
    return found


def test_defaults_train_the_digits(run, tmp_path):
    """The main job: one seed of the accuracy that `test_digits_accuracy_over_5_seeds` averages."""
    code, out, err = run()
    assert (code, err) == (0, "")
    for part in ("digits, 10 classes: 1437 samples", "64 → 200 → 10", "sgd, η 0.05", "float32",
                 jax.devices()[0].device_kind, "seed 0", "jax 0.", "optax", "Python 3"):  # fmt: skip
        assert part in out
    agreed = re.search(r"agree on 1000 samples: largest difference \S+, (\S+) of the largest", out)
    assert float(agreed[1]) < 1e-12
    accuracy = [line for line in out.splitlines() if "accuracy" in line][-1]
    assert re.fullmatch(r"test accuracy: 0\.\d{4}", accuracy)
    assert float(accuracy.split()[-1]) > 0.96
    assert sorted(p.name for p in only_run(tmp_path).iterdir()) == [
        "checkpoint-30.safetensors", "confusion.png", "error.png", "history.json", "misclassified.png", "model.safetensors", "settings.json"
    ]  # fmt: skip


@pytest.mark.slow
def test_what_is_written_is_what_was_done(run, tmp_path):
    code, out, _ = run(*QUICK, "--out", "mine", "--seed", "3")
    assert code == 0
    history = json.loads((tmp_path / "mine/history.json").read_text())
    assert [e["epoch"] for e in history["epochs"]] == [1, 2]
    assert history["epochs"][0]["train_error"] > history["epochs"][1]["train_error"]
    settings = json.loads((tmp_path / "mine/settings.json").read_text())
    assert settings["units"] == 5
    assert (settings["output"], settings["loss"]) == ("softmax", "cross_entropy")
    assert settings["versions"]["jax"]
    model = load_model(tmp_path / "mine/model.safetensors")
    _, test = split(load_data("digits"), seed=3)
    g = forward(model.network, model.params, model.x_scaling.apply(test.X).astype("float32")).g
    right = np.mean(classify(np.asarray(g)) == test.y)
    assert f"test accuracy: {right:.4f}" in out
    assert history["test"]["accuracy"] == pytest.approx(right)
    for figure in (tmp_path / "mine").glob("*.png"):
        assert imread(figure)[..., :3].std() > 0.01, "an empty figure"


@pytest.mark.slow
def test_same_seed_gives_the_same_bits(run, tmp_path):
    for name, seed in (("one", "5"), ("same", "5"), ("other", "6")):
        assert run(*QUICK, "--out", name, "--seed", seed)[0] == 0
    one, same, other = (
        (tmp_path / n / "model.safetensors").read_bytes() for n in ("one", "same", "other")
    )
    assert one == same != other


@pytest.mark.slow
def test_both_gradients_train_alike(run, tmp_path):
    for route in ("autodiff", "backprop"):
        args = ["--gradient", route, "--dtype", "float64", "--eta", "0.01", "--out", route]
        assert run(*QUICK, *args)[0] == 0
    one, other = (
        load_model(tmp_path / n / "model.safetensors").params for n in ("autodiff", "backprop")
    )
    assert one.W.dtype == np.float64
    np.testing.assert_allclose(one.W, other.W, atol=1e-10)
    assert not np.array_equal(one.W, other.W)  # two programs, not one under two names


@pytest.mark.slow
def test_preset_is_the_exercise_and_can_be_overridden(run, tmp_path):
    code, out, _ = run("--preset", "lecture", "--epochs", "3", "--units", "7", "--out", "run")
    assert code == 0
    assert "digits, 4 classes" in out
    assert "64 → 7 → 4: relu, softmax, cross_entropy" in out
    assert "η 0.1 (epoch), batch size 1, 3 epochs" in out
    assert re.search(r"dead ReLUs: \d+ of 7", out)
    etas = [e["eta"] for e in json.loads((tmp_path / "run/history.json").read_text())["epochs"]]
    np.testing.assert_allclose(etas, [0.1, 0.05, 0.1 / 3], rtol=1e-6)


def test_preset_draws_its_weights_as_the_exercise():
    from jaxmlp.cli.settings import read_settings

    settings = read_settings(["--preset=lecture"])
    assert (settings.units, settings.epochs, settings.batch_size) == (200, 10, 1)
    W, V = task.starting_params(settings, task.prepare(settings))
    assert abs(np.concatenate([W.ravel(), V.ravel()]).std() - 0.3) < 0.01


@pytest.mark.costly
@pytest.mark.parametrize(
    "args",
    [
        ["--data", "iris"],
        ["--data", "wine", "--loss", "squared_error", "--hidden", "tanh"],
        ["--data", "breast_cancer", "--loss", "binary_cross_entropy", "--no-bias"],
        ["--data", "iris", "--output", "sigmoid", "--hidden", "sigmoid", "--init", "glorot"],
        ["--data", "diabetes", "--optimizer", "adam", "--batch-size", "50", "--schedule", "cosine"],
        ["--data", "linnerud", "--hidden", "identity", "--no-bias", "--scale", "max", "--eta", "0.0001"],
        ["--hidden", "none", "--classes", "3", "8", "--scale", "none", "--test-size", "0.3", "--eta", "0.001"],
    ],
)  # fmt: skip
def test_data_and_networks_of_every_kind(args, run, tmp_path):
    code, out, err = run(*QUICK, *args)
    assert (code, err) == (0, "")
    assert ("test R²: " in out) == (args[1] in ("diabetes", "linnerud"))
    assert (only_run(tmp_path) / "error.png").exists()


@pytest.mark.slow
def test_own_files(run, tmp_path, rng):
    X = rng.normal(size=(60, 3))
    kind = np.where(X[:, 0] > 0, "ねこ", "いぬ")
    rows = ["あ,い,う,種類", *(f"{a},{b},{c},{k}" for (a, b, c), k in zip(X, kind, strict=True))]
    (tmp_path / "pets.csv").write_text("\n".join(rows), encoding="utf-8")
    code, out, err = run("--data", "pets.csv", "--target", "種類", "--epochs", "20", "--out", "csv")
    assert code == 0
    assert err in ("", f"jaxmlp: warning: {NO_FONT}\n")
    assert "ねこ" in out
    assert load_model(tmp_path / "csv/model.safetensors").classes == ("いぬ", "ねこ")
    images = rng.integers(256, size=(40, 4, 5), dtype=np.uint8)
    write_idx(tmp_path, images, (np.arange(40) % 4).astype(np.uint8))
    code, out, err = run("--data", ".", *QUICK, "--out", "idx")
    assert (code, err) == (0, "")
    assert (tmp_path / "idx/misclassified.png").exists()


def test_an_earlier_run_is_never_overwritten(run, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/notes.txt").write_text("keep me")
    code, _, err = run("--out", "mine")
    assert code == 2
    assert "expected a new or empty folder for --out, got mine" in err
    assert [p.name for p in (tmp_path / "mine").iterdir()] == ["notes.txt"]
    for _ in range(3):  # within one second, and so under one name
        assert run(*QUICK, "--data", "iris")[0] == 0
    assert len(list((tmp_path / "runs").iterdir())) == 3


def test_two_runs_do_not_share_a_folder(run, tmp_path):
    """While one is under way, its folder is taken; the other leaves it as it is."""
    with run_folder("mine", "digits") as (hidden, folder):
        (hidden / "result").write_text("whole")
        refused(run(*QUICK, "--data", "iris", "--out", "mine"), "got mine, which is there")
        assert [p.name for p in folder.iterdir()] == [hidden.name]
    assert [p.name for p in folder.iterdir()] == ["result"]


def test_a_failing_run_removes_what_it_made_and_nothing_else(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def fail():
        with run_folder("a/b", "digits") as (hidden, folder):
            (hidden / "half").write_text("half")
            (folder / "notes.txt").write_text("not the run's")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert [p.name for p in (tmp_path / "a/b").iterdir()] == ["notes.txt"]


def test_an_empty_folder_will_do(run, tmp_path, monkeypatch):
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    assert run(*QUICK, "--data", "iris", "--out", ".")[0] == 0
    assert (tmp_path / "empty/model.safetensors").exists()


@pytest.mark.parametrize("name", ["file", "runs"])
def test_a_file_where_the_folder_belongs_is_refused(name, run, tmp_path):
    (tmp_path / name).write_text("keep me")
    args = ["--out", "file"] if name == "file" else []
    code, _, err = run("--data", "iris", *args)
    assert (code, err.count("\n")) == (2, 1)
    assert (tmp_path / name).read_text() == "keep me"


@pytest.mark.slow
def test_a_reader_that_leaves_does_not_stop_the_run(tmp_path):
    command = [sys.executable, "-c", "from jaxmlp.cli import main; raise SystemExit(main())"]
    args = ["train", "--data", "iris", "--epochs", "3", "--out", "mine"]
    process = subprocess.Popen(
        [*command, *args], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    process.stdout.close()
    with process.stderr as errors:
        assert errors.read() == b""
    assert process.wait() == 0
    assert (tmp_path / "mine/model.safetensors").exists()


@pytest.mark.slow
def test_names_that_look_like_mathematics_are_drawn_as_they_are(run, tmp_path, rng):
    rows = [
        f"{a},{k}" for a, k in zip(rng.normal(size=40), ["$^$", "$10 to $20"] * 20, strict=True)
    ]
    (tmp_path / "money.csv").write_text("\n".join(rows))
    assert run("--data", "money.csv", *QUICK)[::2] == (0, "")


def test_scaling_is_learned_from_the_training_part_alone():
    made = task.prepare(Settings(data="wine"))
    np.testing.assert_allclose(made.x_scaling.shift, made.train.X.mean(axis=0))
    assert np.abs(made.x_scaling.shift - load_data("wine").X.mean(axis=0)).max() > 1e-3
    made = task.prepare(Settings(data="diabetes"))
    np.testing.assert_allclose(made.y_scaling.shift, made.train.y.mean(axis=0))
    assert np.abs(made.y_scaling.shift - load_data("diabetes").y.mean(axis=0)).max() > 1e-3


@pytest.mark.slow
def test_every_option_changes_what_is_trained(run, tmp_path):
    options = {
        "as it is": [], "optimizer": ["--optimizer", "momentum"], "schedule": ["--schedule", "epoch"],
        "cosine": ["--schedule", "cosine"], "batch": ["--batch-size", "4"], "init": ["--init", "0.2"],
        "eta": ["--eta", "0.01"], "seed": ["--seed", "9"], "f": ["--hidden", "tanh"], "bias": ["--no-bias"],
        "test": ["--test-size", "0.4"], "scale": ["--scale", "max"], "epochs": ["--epochs", "3"],
    }  # fmt: skip
    models = set()
    for name, args in options.items():
        assert run("--data", "iris", *QUICK, *args, "--out", name)[0] == 0
        models.add(load_model(tmp_path / name / "model.safetensors").params.V.tobytes())
    assert len(models) == len(options)


BAD = {
    "a,b,kind\n1,2,0\n3,inf,1\n": "line 3, column b: expected a finite number, got 'inf'",
    "1.5,2,0\n3,4\n5,6,1\n": "bad.csv: expected 3 cells a line, got line 2: 2",
    "1.5,2,0\n3,x,1\n3,4,1\n": "line 2, column 2: expected a finite number, got 'x'",
    "1.5,2,0\n3,4,0\n": "expected at least two classes, got only '0'",
    "": "got an empty file",
}


@pytest.mark.parametrize("text", BAD)
def test_bad_files_are_one_line_and_write_nothing(text, run, tmp_path):
    (tmp_path / "bad.csv").write_text(text)
    refused(run("--data", "bad.csv"), BAD[text])
    assert [p.name for p in tmp_path.iterdir()] == ["bad.csv"]


def test_labels_out_of_range_and_wrong_magic(run, tmp_path):
    np.savez(
        tmp_path / "l.npz",
        x_train=np.ones((4, 2)),
        y_train=[0, 1, 0, 1],
        x_test=np.ones((1, 2)),
        y_test=[7],
    )
    refused(run("--data", "l.npz"), "expected test labels that occur in training, got '7'")
    folder = tmp_path / "idx"
    folder.mkdir()
    write_idx(
        folder,
        np.ones((4, 2, 2), np.uint8),
        np.arange(4, dtype=np.uint8),
        pack=lambda raw: b"\1" + raw[1:],
    )
    refused(run("--data", "idx"), "expected an IDX file, which begins with 0000, got 0100080")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["idx", "l.npz"]


@pytest.mark.parametrize(
    ("args", "line"),
    [
        (["--batch-size", "0"], "expected a whole number above 0 for batch_size, got 0"),
        (["--eta", "-0.1"], "expected a step size eta above 0, got -0.1"),
        (["--eta", "nan", "--schedule", "epoch"], "expected a step size eta above 0, got nan"),
        (["--epochs", "0"], "expected a whole number above 0 for epochs, got 0"),
        (["--epochs", "many"], "--epochs: invalid literal for int"),
        (["--units", "0"], "each at least 1"),
        (["--seed", "-1"], "expected a seed from 0 to 4294967295, got -1"),
        (["--data", "irs"], "unknown data 'irs'"),
        (["--hidden", "softmax"], "invalid choice 'softmax' for argument '--hidden'"),
        (["--preset", "exercise"], "invalid choice 'exercise'"),
        (["--epoch", "3"], "Unrecognized options: --epoch"),
        (["--init", "uniform"], "unknown initializer 'uniform': expected one of glorot, he"),
        (["--init", "-1"], "expected a standard deviation above 0"),
        (["--classes", "0", "12"], "expected classes out of 0, 1, 2"),
        (["--output", "identity", "--loss", "cross_entropy"], "cross_entropy makes no sense with"),
        (
            ["--data", "diabetes", "--loss", "cross_entropy"],
            "diabetes: expected squared_error for real targets",
        ),
        (
            ["--data", "diabetes", "--output", "softmax", "--loss", "binary_cross_entropy"],
            "got binary_cross_entropy",
        ),
        (["--units", "1000000000000"], "expected fewer than 2,147,483,648 weights"),
        (["--data", ""], "unknown data ''"),
        (["--out", ""], "expected a folder for --out, got an empty name"),
        (
            ["--data", "diabetes", "--output", "softmax", "--loss", "squared_error"],
            "expected identity for these real",
        ),
        (
            ["--data", "diabetes", "--output", "tanh"],
            "expected identity for these real targets, got tanh",
        ),
        (["--test-size", "1.5"], "expected a test_size between 0 and 1, got 1.5"),
        (["--data", "iris", "--target", "a"], "iris: expected a file beside --target"),
        (["--data", "linnerud", "--test-size", "0.01"], "R² needs at least two test samples"),
    ],
)
def test_bad_arguments_are_one_line_and_write_nothing(args, line, run, tmp_path):
    refused(run(*args), line)
    assert not list(tmp_path.iterdir())


def refused(outcome, line: str):
    code, _, err = outcome
    assert code == 2
    assert line in err
    assert err.startswith("jaxmlp: ")
    assert err.count("\n") == 1


def test_divergence_is_exit_3_and_leaves_no_half_run(run, tmp_path):
    code, _, err = run("--data", "diabetes", "--eta", "10", "--out", "mine")
    assert code == 3
    assert re.fullmatch(r"jaxmlp: training diverged in epoch 1: .*\(step size: 10\).*\n", err)
    assert not (tmp_path / "mine").exists()


def test_gradients_that_disagree_are_exit_1(run, tmp_path, monkeypatch):
    def wrong(network, params, x, y) -> Gradients:
        right = train.autodiff(network, params, x, y)
        return right._replace(dW=right.dW.at[:, 0].set(0))  # the bias column, forgotten

    monkeypatch.setattr(train, "backprop", wrong)
    code, _, err = run(*QUICK)
    assert code == 1
    assert "autodiff and backprop disagree: largest difference" in err
    assert not list(tmp_path.glob("runs/*"))


def test_help_names_what_the_package_has():
    from typing import get_args, get_type_hints

    choices = {name: set(get_args(hint)) for name, hint in get_type_hints(Settings).items()}
    assert choices["hidden"] == {*HIDDEN, "none"}
    assert choices["output"] == {*OUTPUTS, "auto"}
    assert choices["loss"] == {*LOSSES, "auto"}
    assert Settings.init in INITIALIZERS


def test_help_shows_the_defaults(run, capsys):
    with pytest.raises(SystemExit) as stop:
        main(["train", "--help"])
    assert stop.value.code == 0
    help_text = capsys.readouterr().out
    for flag in (
        "--data STR",
        "--units INT",
        "--eta",
        "--epochs INT",
        "--out",
        "--preset",
        "--gradient",
    ):
        assert flag in help_text
    assert "(default: digits)" in help_text
    assert "(default: 200)" in help_text


@pytest.mark.slow
def test_digits_accuracy_over_5_seeds(run):
    found = []
    for seed in range(5):
        _, out, _ = run("--seed", str(seed))
        found.append(float(re.search(r"test accuracy: (\S+)", out)[1]))
    print(found)
    assert np.mean(found) >= 0.975
    assert jnp.array(found).min() > 0.96
