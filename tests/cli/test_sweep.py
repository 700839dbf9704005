"""`jaxmlp sweep` as a user runs it."""

import csv
import io
import json

import jax
import numpy as np
import pytest
from matplotlib.image import imread
from rich.console import Console

from jaxmlp.cli import main
from jaxmlp.cli import sweep as cli_sweep
from jaxmlp.cli.run import Run
from jaxmlp.cli.settings import Settings
from jaxmlp.cli.sweep import SweepSettings
from jaxmlp.cli.task import prepare, starting_params
from jaxmlp.cli.train import train_or_resume

QUICK = ["--epochs", "2", "--units", "3", "--data", "iris", "--seeds", "2"]


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """A function that runs `jaxmlp sweep …` in an empty folder: (exit code, output, errors)."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")

    def run(*args):
        code = main(["sweep", *args])
        return code, *capsys.readouterr()

    return run


@pytest.mark.slow
def test_all_that_the_lists_combine_to(run, tmp_path):
    code, out, err = run(
        *QUICK, "--eta", "0.01", "0.1", "--hidden", "relu", "none", "--out", "found"
    )
    assert (code, err) == (0, "")
    assert "8 networks trained in" in out
    assert [line.split()[:2] for line in out.splitlines()[1:5]] == [
        ["relu", "0.01"], ["relu", "0.1"], ["none", "0.01"], ["none", "0.1"]]  # fmt: skip
    rows = list(csv.DictReader((tmp_path / "found/sweep.csv").read_text("utf-8").splitlines()))
    assert len(rows) == 8
    assert {row["seed"] for row in rows} == {"0", "1"}
    whole = json.loads((tmp_path / "found/sweep.json").read_text(encoding="utf-8"))
    assert whole["settings"]["eta"] == [0.01, 0.1]
    assert [len(n["errors"]["test"]) for n in whole["networks"]] == [2] * 8
    assert np.ptp(imread(tmp_path / "found/sweep.png")) > 0


def test_each_network_is_that_of_train(run, tmp_path):
    code, _, _ = run(*QUICK, "--eta", "0.01", "0.1", "--dtype", "float64", "--out", "found")
    assert code == 0
    rows = list(csv.DictReader((tmp_path / "found/sweep.csv").read_text("utf-8").splitlines()))
    common = {"epochs": 2, "units": 3, "data": "iris", "dtype": "float64"}
    task = prepare(Settings(**common))  # split by the first seed, 0
    for row in rows:
        mine = Settings(**common, eta=float(row["eta"]), seed=int(row["seed"]))
        alone = Run(tmp_path, jax.random.fold_in(jax.random.key(mine.seed), 1), every=60.0)
        result = train_or_resume(
            Console(file=io.StringIO()), mine, task, starting_params(mine, task), alone
        )
        assert result.history[-1].test_error == pytest.approx(float(row["test_error"]), rel=1e-12)


def test_a_regression_and_what_diverges(run, tmp_path):
    code, out, _ = run("--data", "diabetes", "--units", "3", "--seeds", "2", "--epochs", "3",
                       "--eta", "0.001", "1000", "--out", "found")  # fmt: skip
    assert code == 0
    assert "test R²" in out
    assert out.splitlines()[2].split()[-1] == "2"  # of those at η = 1000
    whole = json.loads((tmp_path / "found/sweep.json").read_text(encoding="utf-8"))
    assert [n["measure"] is None for n in whole["networks"]] == [False, False, True, True]


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["--eta"], "expected at least one value for --eta"),
        (["--eta", "0.1", "-1"], "expected a step size eta above 0, got -1"),
        (["--seeds", "0"], "expected a whole number above 0 for seeds, got 0"),
        (["--units", "0"], "expected (d, q, m), each at least 1, got sizes (4, 0, 3)"),
        (["--init", "nonsense"], "unknown initializer"),
        (["--hidden", "relux"], "hidden"),
        (["--preset", "lecture"], "preset"),
    ],
)
def test_bad_input_is_one_line_and_leaves_nothing(args, message, run, tmp_path):
    code, _, err = run(*QUICK, *args)
    assert code == 2
    assert err.count("\n") == 1
    assert message in err
    assert not list(tmp_path.iterdir())


def test_the_settings_shared_with_train_have_its_defaults():
    own = {"preset", "units", "hidden", "init", "eta", "batch_size", "seeds", "seed", "epochs"}
    for name in set(Settings.__dataclass_fields__) - own:
        assert getattr(SweepSettings(), name) == getattr(Settings(), name)


SEVERAL = [*QUICK, "--units", "2", "3", "4", "--eta", "0.01", "0.1"]  # three groups of networks


@pytest.mark.slow
def test_a_sweep_goes_on_with_what_is_missing(run, tmp_path, monkeypatch):
    assert run(*SEVERAL, "--out", "whole")[0] == 0
    done, train = [], cli_sweep._train

    def interrupted(group, *args):
        if len(done) == 2:
            raise KeyboardInterrupt
        done.append((group[0].hidden, group[0].units, group[0].batch_size))
        return train(group, *args)

    monkeypatch.setattr(cli_sweep, "_train", interrupted)
    code, _, err = run(*SEVERAL, "--out", "found")
    assert (code, err) == (
        130,
        "jaxmlp: interrupted; to go on: jaxmlp sweep --resume found\n",
    )
    done.clear()
    code, out, _ = run("--resume", "found")
    assert (code, done) == (0, [("relu", 4, 1)])
    assert "12 networks trained in" in out
    tables = [(tmp_path / name / "sweep.csv").read_bytes() for name in ("whole", "found")]
    assert tables[0] == tables[1]
    assert not [*(tmp_path / "found").glob("networks-*")]
    assert run("--resume", "found")[1] == "found has finished: nothing is left to do\n"


@pytest.mark.slow
def test_what_is_damaged_is_trained_again(run, tmp_path, monkeypatch):
    assert run(*SEVERAL, "--out", "whole")[0] == 0
    table = (tmp_path / "whole/sweep.csv").read_bytes()
    (tmp_path / "whole/sweep.json").unlink()
    for k, text in enumerate(["[[1", "[1]", "null"]):
        (tmp_path / f"whole/networks-{k}.json").write_text(text)
    assert run("--resume", "whole")[0] == 0
    assert (tmp_path / "whole/sweep.csv").read_bytes() == table


def test_another_sweep_is_not_gone_on_with(run, tmp_path):
    assert run(*QUICK, "--out", "found")[0] == 0
    code, _, err = run("--resume", "found", "--eta", "0.5")
    assert (code, err.count("\n")) == (2, 1)
    assert "as found has it, got (0.5,)" in err
    code, _, err = run("--resume", "nowhere")
    assert (code, err) == (2, "jaxmlp: expected the folder of a run for --resume, got nowhere\n")
