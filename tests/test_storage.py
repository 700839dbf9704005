import jax.numpy as jnp
import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import save_file

from jaxmlp.data.scaling import Scaling
from jaxmlp.network import Network, Params, forward
from jaxmlp.storage import Model, load_model, save_model, write_whole

from .conftest import draw_params


def a_model(rng, network, classes=("ねこ", "dog", "3", "x"), y_scaling=None, dtype="float32"):
    W, V = draw_params(rng, 5, 3, 4, bias=network.bias, dtype=dtype)
    params = Params(W if network.hidden else None, V)
    return Model(network, params, Scaling(rng.normal(size=5), np.ones(5)), y_scaling, classes)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("network", [Network("tanh"), Network(None), Network("relu", bias=False)])
def test_what_is_loaded_is_what_was_saved(network, dtype, rng, tmp_path):
    model = a_model(rng, network, dtype=dtype)
    save_model(tmp_path / "model.safetensors", model)
    found = load_model(tmp_path / "model.safetensors")
    assert found.network == network
    assert found.classes == model.classes
    assert found.y_scaling is None
    for mine, theirs in zip(found.params, model.params, strict=True):
        np.testing.assert_array_equal(mine, theirs)
        assert mine is None or mine.dtype == dtype
    np.testing.assert_array_equal(found.x_scaling.shift, model.x_scaling.shift)


def test_a_regression_keeps_the_scaling_of_its_targets(rng, tmp_path):
    scaling = Scaling(rng.normal(size=4), rng.uniform(1, 2, size=4))
    network = Network("tanh", "identity", "squared_error")
    save_model(tmp_path / "m", a_model(rng, network, None, scaling))
    found = load_model(tmp_path / "m")
    assert found.classes is None
    np.testing.assert_array_equal(found.y_scaling.scale, scaling.scale)
    x = rng.normal(size=5).astype("float32")
    assert forward(found.network, found.params, x).g.shape == (4,)


def test_any_reader_of_safetensors_reads_it(rng, tmp_path):
    save_model(tmp_path / "m", a_model(rng, Network()))
    with safe_open(tmp_path / "m", "numpy") as file:
        assert set(file.keys()) == {"W", "V", "x_shift", "x_scale"}
        assert '"hidden": "relu"' in file.metadata()["jaxmlp"]


def test_a_function_of_ones_own_cannot_be_saved(rng, tmp_path):
    for network in (Network(jnp.sin), Network("relu", jnp.sin, "squared_error")):
        with pytest.raises(ValueError, match="expected a .* with a name of the package's"):
            save_model(tmp_path / "m", a_model(rng, network))
    assert not list(tmp_path.iterdir())


def test_what_is_no_model_is_refused(tmp_path):
    (tmp_path / "text").write_text("not a model at all, but long enough to be looked at")
    (tmp_path / "empty").write_bytes(b"")
    save_file({"a": np.ones(3)}, tmp_path / "foreign")
    save_file({"V": np.ones((3, 2))}, tmp_path / "later", {"jaxmlp": '{"format": 9}'})
    for name in ("text", "empty", "foreign", "later"):
        with pytest.raises(ValueError, match=f"{name}: expected"):
            load_model(tmp_path / name)


def test_a_write_that_fails_leaves_what_was_there(tmp_path, monkeypatch):
    (tmp_path / "m").write_bytes(b"before")
    monkeypatch.setattr("os.fsync", lambda _: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        write_whole(tmp_path / "m", b"after")
    assert [(p.name, p.read_bytes()) for p in tmp_path.iterdir()] == [("m", b"before")]
