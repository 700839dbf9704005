"""Every experiment at its quick size: an answer, its numbers, its figures; twice the same."""

import importlib
import json
from pathlib import Path

import jax
import matplotlib.image
import numpy as np
import pytest
from matplotlib.figure import Figure

from experiments import running

HERE = Path(running.__file__).parent
NAMES = sorted(p.stem for p in HERE.glob("*.py") if "\ndef experiment(" in p.read_text("utf-8"))


@pytest.fixture(autouse=True)
def as_users_have_it():
    """float32, and JAX without the suite's strictness."""
    with (
        jax.enable_x64(False),
        jax.numpy_dtype_promotion("standard"),
        jax.numpy_rank_promotion("allow"),
    ):
        yield


def quick(name: str, out: Path) -> dict:
    module = importlib.import_module(f"experiments.{name}")
    running.main(module.experiment, module.QUICK, ["--quick", "--out", str(out)])
    return json.loads((out / f"{name}.json").read_text("utf-8"))


@pytest.mark.parametrize("name", NAMES)
def test_quick(name, tmp_path, capsys):
    record = quick(name, tmp_path)
    module = importlib.import_module(f"experiments.{name}")
    assert record["question"] == module.__doc__.partition("\n")[0]
    assert record["question"].endswith("?")
    assert record["answer"].endswith(".")
    assert "nan" not in record["answer"]
    assert record["settings"].items() >= running.plain(module.QUICK).items()
    assert record["numbers"]
    assert record["timings"]["seconds"] > 0
    assert "jaxlib" in record["versions"]
    for path in tmp_path.glob("*.png"):
        image = matplotlib.image.imread(path)
        assert image.shape[1] <= 1300
        assert len(np.unique(image[..., 0])) > 20
    assert (tmp_path / f"{name}.png").exists()
    assert " ".join(record["answer"].split()[:3]) in " ".join(capsys.readouterr().out.split())


def test_a_second_run_has_the_same_numbers(tmp_path):
    one, other = (quick("template", tmp_path / which) for which in ("one", "other"))
    assert one.pop("timings") != other.pop("timings")
    assert one == other


def test_what_is_not_finite_is_null(tmp_path):
    found = running.Finding("It is.", {"a": np.array([np.nan, 1 / 3])}, Figure(figsize=(1, 1)))
    running.save(found, tmp_path / "new", "name", "Is it?", {}, {"seconds": 1.0})
    assert json.loads((tmp_path / "new/name.json").read_text())["numbers"] == {
        "a": [None, 0.333333]
    }
