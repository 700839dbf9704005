"""`jaxmlp train --stream`: what training in memory gives."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from jaxmlp.cli import run
from jaxmlp.storage import load_model

from .conftest import refused

TRAIN = ("train", "--units", "7", "--epochs", "3", "--dtype", "float64")


@pytest.fixture
def parts(tmp_path, rng):
    """A folder of three parts, and all in one file: 400 samples, d = 5, 3 classes."""
    X, y = rng.normal(size=(400, 5)), rng.integers(3, size=400)
    np.savez(tmp_path / "whole.npz", X=X, y=y)
    (tmp_path / "parts").mkdir()
    for k, rows in enumerate((slice(100), slice(100, 370), slice(370, 400))):
        np.savez(tmp_path / f"parts/{k}.npz", X=X[rows], y=y[rows])


@pytest.mark.slow
@pytest.mark.usefixtures("parts")
@pytest.mark.parametrize("batch_size", ["1", "8"])
def test_the_model_is_the_same(command, batch_size):
    how = (*TRAIN, "--batch-size", batch_size)
    assert command(*how, "--data", "whole.npz", "--out", "one")[0] == 0
    code, out, _ = command(*how, "--data", "parts", "--stream", "--out", "other")
    assert code == 0
    assert "parts, 3 classes: 320 samples to train on, 80 to test" in out
    one, other = (load_model(f"{name}/model.safetensors") for name in ("one", "other"))
    for a, b in zip((*one.params, *one.x_scaling), (*other.params, *other.x_scaling), strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=1e-12)
    one, other = (json.loads(Path(name, "history.json").read_text())["test"] for name in ("one", "other"))  # fmt: skip
    assert one["confusion"] == other["confusion"]


@pytest.mark.usefixtures("parts")
def test_it_goes_on_from_within_an_epoch(command, monkeypatch, tmp_path):
    how = (*TRAIN, "--data", "parts", "--stream", "--batch-size", "8", "--checkpoint-every", "0")
    monkeypatch.setattr("jaxmlp.train.stream.STREAM_NUMBERS", 500)
    monkeypatch.setattr("jaxmlp.cli.run.SAVING_SHARE", 1e9)
    assert command(*how, "--out", "whole")[0] == 0
    save, saved = run.save_checkpoint, []

    def stop(*args):
        saved.append(save(*args))
        if len(saved) == 6:
            raise KeyboardInterrupt

    monkeypatch.setattr(run, "save_checkpoint", stop)
    assert command(*how, "--out", "cut")[0] == 130
    monkeypatch.setattr(run, "save_checkpoint", save)
    code, out, _ = command("train", "--resume", "cut")
    assert code == 0
    assert "after 1 of 3 epochs and" in out
    files = [path.name for path in (tmp_path / "whole").iterdir() if path.suffix == ".safetensors"]
    assert len(files) == 2
    for name in files:
        assert (tmp_path / "cut" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


@pytest.mark.usefixtures("parts")
def test_refusals_are_one_line(command):
    refused(command(*TRAIN, "--data", "iris", "--stream"), "expected a folder of .parquet")
    refused(command("sweep", "--data", "parts", "--stream"), "Unrecognized options: --stream")


@pytest.mark.usefixtures("parts")
def test_without_grain_it_says_what_to_install(command, monkeypatch):
    monkeypatch.setitem(sys.modules, "grain", None)
    refused(command(*TRAIN, "--data", "parts", "--stream"), "pip install 'jaxmlp[scale]'")
    assert command(*TRAIN, "--data", "whole.npz")[0] == 0


PEAK = """
import resource, sys
from jaxmlp.cli import main
code = main(sys.argv[1:]) if sys.argv[1:] else __import__("jaxmlp.cli.train") and 0
print(code, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""


@pytest.mark.slow
@pytest.mark.measured
@pytest.mark.skipif(sys.platform != "linux", reason="ru_maxrss in KiB")
def test_the_memory_is_bounded(tmp_path):
    rng = np.random.default_rng(0)
    for k in range(6):
        X = rng.random((10_000, 784))  # 376 MB in all
        np.savez(tmp_path / f"{k}.npz", X=X, y=rng.integers(10, size=10_000))

    def peak(*args) -> float:
        done = subprocess.run([sys.executable, "-c", PEAK, *args], capture_output=True, check=True, cwd=tmp_path)  # fmt: skip
        code, megabytes = done.stdout.split()[-2:]
        assert int(code) == 0
        return float(megabytes)

    told = (
        "train",
        "--data",
        ".",
        "--stream",
        "--batch-size",
        "512",
        "--epochs",
        "2",
        "--out",
        "o",
    )
    assert peak(*told) - peak() < 400
