"""`jaxmlp show` as a user runs it."""

import hashlib
import json
import shutil

import numpy as np
import pytest

from jaxmlp.network import Network, Params
from jaxmlp.storage import save_model

from .conftest import refused


def lines(out: str) -> dict[str, str]:
    return {line[:11].strip(): line[11:] for line in out.splitlines()}


def test_a_file(command, model, tmp_path):
    code, out, err = command("show", "model.safetensors")
    assert (code, err) == (0, "")
    raw, shift, scale = (tmp_path / "model.safetensors").read_bytes(), *model.x_scaling
    assert lines(out) == {
        "file": f"model.safetensors, {len(raw):,} bytes",
        "SHA-256": hashlib.sha256(raw).hexdigest(),
        "network": "5 → 3 → 4: tanh, softmax, cross_entropy; 34 weights, float32",
        "classes": "cat, dog, wet, ねこ, 7",
        "samples": f"less {shift.min():g} to {shift.max():g}, divided by {scale.min():g} to {scale.max():g}",
        "features": "a, b, c, d, e",
        "targets": "kind",
    }


def test_regressions_perceptrons_and_many_names(command, model, regression, tmp_path):
    shown = lines(command("show", "regression.safetensors")[1])
    assert shown["classes"] == "none: a regression"
    assert shown["network"].endswith("identity, squared_error; 26 weights, float64")
    assert shown["targets"].startswith("less ")
    save_model(tmp_path / "named", regression._replace(targets=("x", "y")))
    assert lines(command("show", "named")[1])["targets"] == shown["targets"] + ": x, y"

    V = np.ones((30, 5), "float32")
    scaling = model.x_scaling._replace(shift=np.zeros(5), scale=np.full(5, 16.0))
    wide = model._replace(network=Network(None, bias=False), params=Params(None, V),
                          classes=tuple(map(str, range(30))), x_scaling=scaling)  # fmt: skip
    save_model(tmp_path / "wide", wide)
    shown = lines(command("show", "wide")[1])
    assert shown["network"] == "5 → 30: softmax, cross_entropy, no bias; 150 weights, float32"
    assert shown["classes"].endswith("18, 19, … (30)")
    assert shown["samples"] == "divided by 16"


def test_a_run(command, trained):
    shown = lines(command("show", trained)[1])
    assert "data iris" in shown["settings"]
    assert "epochs 2" in shown["settings"]
    assert "jax 0." in shown["versions"]
    assert shown["epochs"] == "2"
    assert "accuracy 0." in shown["test"]


@pytest.mark.parametrize("text", ["", "[]", "{", "[" * 100_000, '"\\ud800"'])
def test_a_damaged_run(text, command, trained, tmp_path):
    shutil.copytree(trained, tmp_path / "run")
    (tmp_path / "run/settings.json").write_text(text)
    refused(command("show", "run"), "run/settings.json: expected what a run writes")


@pytest.mark.parametrize(
    "found",
    [{}, {"versions": 3, "epochs": 3, "test": [1]}, {"epochs": [], "test": {"error": None}}],
)
def test_an_odd_run(found, command, trained, tmp_path):
    """By another version, or edited: what can be said is said."""
    shutil.copytree(trained, tmp_path / "run")
    for name in ("settings", "history"):
        (tmp_path / f"run/{name}.json").write_text(json.dumps(found))
    assert command("show", "run")[0] == 0


def test_a_run_that_has_not_finished(command, model, tmp_path):
    (tmp_path / "my run").mkdir()
    (tmp_path / "my run/settings.json").write_text("{}")
    line = "got one to go on with: jaxmlp train --resume 'my run'"
    refused(command("show", "my run"), line)
    refused(command("predict", "my run", "-"), line)


def test_what_is_no_model(command, tmp_path):
    (tmp_path / "text").write_text("no model, but long enough for a header")
    refused(command("show", "text"), "text: expected a whole jaxmlp model, got something else")
    refused(command("show", "none"), "No such file or directory: 'none'")
    refused(command("show"), "Missing from jaxmlp show: MODEL")
