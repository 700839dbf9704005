import hashlib
import json
import os
import tracemalloc
from itertools import cycle

import jax.numpy as jnp
import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import save, save_file

from jaxmlp.data.scaling import Scaling
from jaxmlp.network import Network, Params, forward
from jaxmlp.storage import Model, load_model, save_model
from jaxmlp.whole import write_whole

from .conftest import draw_params


def a_model(rng, network, classes=("ねこ", "dog", "3", "x"), y_scaling=None, dtype="float32"):
    W, V = draw_params(rng, 5, 3 if network.hidden else 5, 4, bias=network.bias, dtype=dtype)
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


def test_names_of_the_columns_are_kept(rng, tmp_path):
    names = ("長さ", "b", "c,d", "", "e")
    model = a_model(rng, Network())._replace(features=names, targets=("kind",))
    save_model(tmp_path / "m", model)
    assert load_model(tmp_path / "m")[5:7] == (names, ("kind",))


def test_what_is_no_model_is_refused(tmp_path):
    (tmp_path / "text").write_text("not a model at all, but long enough to be looked at")
    (tmp_path / "empty").write_bytes(b"")
    save_file({"a": np.ones(3)}, tmp_path / "foreign")
    save_file({"V": np.ones((3, 2))}, tmp_path / "later", {"jaxmlp": '{"format": 9}'})
    for name in ("text", "empty", "foreign", "later"):
        assert refused(tmp_path / name)


def test_a_file_without_a_hash_is_refused(rng, tmp_path):
    """As the first format had none."""
    content = forged(a_model(rng, Network()), {"format": 1}, signed=False)
    (tmp_path / "m").write_bytes(content)
    assert "expected format 2, got 1" in refused(tmp_path / "m")
    (tmp_path / "m").write_bytes(forged(a_model(rng, Network()), signed=False))
    assert "expected the SHA-256 None" in refused(tmp_path / "m")


def refused(path) -> str:
    """The one line that says why the file is no model."""
    with pytest.raises(ValueError, match=f"{path.name}: expected a whole jaxmlp model") as why:
        load_model(path)
    assert len(str(why.value)) < 600
    assert len(str(why.value).splitlines()) == 1
    return str(why.value)


def same(one: Model, other: Model) -> bool:
    """Whether nothing distinguishes them."""
    rest = [(m.network, m.classes, m.features, m.targets) for m in (one, other)]
    arrays = zip((*one.params, *one.x_scaling), (*other.params, *other.x_scaling), strict=True)
    return rest[0] == rest[1] and all(np.array_equal(a, b) for a, b in arrays)


def test_a_file_that_was_cut_is_refused(rng, tmp_path):
    save_model(tmp_path / "m", a_model(rng, Network()))
    whole = (tmp_path / "m").read_bytes()
    for tenth in range(10):
        (tmp_path / "cut").write_bytes(whole[: len(whole) * tenth // 10])
        refused(tmp_path / "cut")
    (tmp_path / "long").write_bytes(whole + b"\0")
    refused(tmp_path / "long")


@pytest.mark.parametrize("network", [Network("tanh"), Network(None)])
def test_a_changed_byte_is_refused_or_does_not_matter(network, rng, tmp_path, unchecked):
    """Every byte of the header, and so many of the numbers."""
    model = a_model(rng, network)
    save_model(tmp_path / "m", model)
    whole = (tmp_path / "m").read_bytes()
    data = 8 + int.from_bytes(whole[:8], "little")
    places = [*range(data), *rng.integers(data, len(whole), size=1000 - data)]
    taken = 0
    for place, change in zip(places, cycle(rng.integers(1, 256, size=997)), strict=False):
        changed = bytearray(whole)
        changed[place] ^= int(change)
        (tmp_path / "changed").write_bytes(changed)
        try:
            assert same(load_model(tmp_path / "changed"), model)
            taken += 1
        except ValueError:
            refused(tmp_path / "changed")
    assert taken < 20  # a blank of the header for another


def forged(model: Model, about=(), tensors=(), signed=True, edit=lambda header: header) -> bytes:
    """A file by someone who signs what he has changed, in the description, tensors or header."""
    x = {f"x_{k}": v for k, v in model.x_scaling._asdict().items()}
    held = {**model.params._asdict(), **x, **dict(tensors)}
    described = {
        "format": 2, "classes": list(model.classes), "features": None, "targets": None,
        "network": {"hidden": "relu", "output": "softmax", "loss": "cross_entropy", "bias": True},
        **dict(about),
    }  # fmt: skip
    raw = save({k: np.asarray(v) for k, v in held.items() if v is not None}, {"jaxmlp": "?"})
    end = 8 + int.from_bytes(raw[:8], "little")
    header = edit(json.loads(raw[8:end]))
    del header["__metadata__"]["jaxmlp"]
    if signed:
        text = json.dumps([header, described], sort_keys=True).encode()
        described["sha256"] = hashlib.sha256(text + raw[end:]).hexdigest()
    header["__metadata__"]["jaxmlp"] = json.dumps(described)
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + raw[end:]


def test_the_forger_can_write_a_good_file(rng, tmp_path):
    """So what is refused below is refused for what was changed."""
    model = a_model(rng, Network())
    (tmp_path / "m").write_bytes(forged(model))
    assert same(load_model(tmp_path / "m"), model)


def gigantic(header: dict) -> dict:
    header["W"]["shape"], header["W"]["data_offsets"][1] = [10**9, 6], 10**9 * 24
    return header


def overlapping(header: dict) -> dict:
    header["W"]["data_offsets"] = header["V"]["data_offsets"]
    return header


def negative(header: dict) -> dict:
    header["W"]["shape"] = [-3, -6]
    return header


NETWORK = {"hidden": "relu", "output": "softmax", "loss": "cross_entropy", "bias": True}
FORGERIES = {
    "overlapping offsets": {"edit": overlapping},
    "gigantic claims": {"edit": gigantic},
    "negative sizes": {"edit": negative},
    "a path for a name": {"tensors": {"../../etc/passwd": np.ones(3)}},
    "one tensor more": {"tensors": {"U": np.ones(3)}},
    "half a scaling": {"tensors": {"y_shift": np.ones(4)}},
    "W for none": {"about": {"network": {**NETWORK, "hidden": None}}},
    "a W that is missing": {"tensors": {"W": None}},
    "a V that is missing": {"tensors": {"V": None}},
    "a shift that is missing": {"tensors": {"x_shift": None}},
    "W of one dimension": {"tensors": {"W": np.ones(18, "float32")}},
    "W too wide": {"tensors": {"W": np.ones((3, 7), "float32")}},
    "V for other units": {"tensors": {"V": np.ones((4, 5), "float32")}},
    "V for other classes": {"tensors": {"V": np.ones((3, 4), "float32")}},
    "no units": {"tensors": {"W": np.ones((0, 6), "float32"), "V": np.ones((4, 1), "float32")}},
    "numbers that are whole": {"tensors": {"W": np.ones((3, 6), int)}},
    "two dtypes": {"tensors": {"W": np.ones((3, 6))}},
    "not a number": {"tensors": {"W": np.full((3, 6), np.nan, "float32")}},
    "infinity": {"tensors": {"x_shift": np.full(5, np.inf)}},
    "a scale of 0": {"tensors": {"x_scale": np.zeros(5)}},
    "no description": {"about": {"network": None}},
    "an unknown f": {"about": {"network": {**NETWORK, "hidden": "__import__('os')"}}},
    "a list for f": {"about": {"network": {**NETWORK, "hidden": ["relu"]}}},
    "a pair without sense": {"about": {"network": {**NETWORK, "output": "tanh"}}},
    "a bias of 7": {"about": {"network": {**NETWORK, "bias": 7}}},
    "more than a network": {"about": {"network": {**NETWORK, "code": "1"}}},
    "numbers for classes": {"about": {"classes": [1, 2, 3, 4]}},
    "text for classes": {"about": {"classes": "abcd"}},
    "too few classes": {"about": {"classes": ["a", "b"]}},
    "a class twice": {"about": {"classes": ["a", "b", "b", "c"]}},
    "too few features": {"about": {"features": ["a"]}},
    "two targets": {"about": {"targets": ["a", "b"]}},
    "deep JSON": {"about": {"classes": json.loads("[" * 900 + "]" * 900)}},
    "another format": {"about": {"format": [2]}},
}  # fmt: skip


@pytest.mark.parametrize("what", FORGERIES)
def test_what_someone_hostile_has_signed_is_refused(what, rng, tmp_path, unchecked):
    (tmp_path / "m").write_bytes(forged(a_model(rng, Network()), **FORGERIES[what]))
    refused(tmp_path / "m")


@pytest.mark.parametrize(
    "made",
    [lambda: b"[" * 2**21, lambda: b"{" * 9, lambda: b"[" + b"{}," * 699_000 + b"{}]", lambda: b"7", lambda: b"\xff\xfe",
     lambda: b"9" * 9999, lambda: b'{"__metadata__": {"jaxmlp": 7}}', lambda: b'{"__metadata__": 7}',
     lambda: b'{"__metadata__": {"jaxmlp": "[]"}}'],
)  # fmt: skip
def test_a_hostile_header_takes_little_memory(made, tmp_path, unchecked):
    header = made()
    (tmp_path / "m").write_bytes(len(header).to_bytes(8, "little") + header)
    tracemalloc.start()
    try:
        refused(tmp_path / "m")
        assert tracemalloc.get_traced_memory()[1] < 100e6
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("length", [0, 2**21 + 1, 2**40, 2**64 - 1])
def test_a_header_of_a_length_beyond_reason_is_not_read(length, tmp_path):
    (tmp_path / "m").write_bytes(length.to_bytes(8, "little") + b"{}" * 100)
    assert "expected a header of 1 to 2,097,152 bytes" in refused(tmp_path / "m")


def test_gigabytes_behind_the_numbers_are_not_read(rng, tmp_path, monkeypatch):
    save_model(tmp_path / "m", a_model(rng, Network()))
    os.truncate(tmp_path / "m", 2**33)

    def read(*args):
        raise AssertionError("reading it would take half a minute")

    monkeypatch.setattr(hashlib, "file_digest", read)
    assert "bytes, got 8,589,934,592" in refused(tmp_path / "m")


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"classes": ("a", "b")}, "expected 4 names of classes, got 2"),
        ({"classes": (0, 1, 2, 3)}, "expected classes by names"),
        ({"features": ("a",)}, "expected 5 names of features, got 1"),
        ({"x_scaling": Scaling(np.ones(6), np.ones(6))}, "expected . of shape"),
        ({"y_scaling": Scaling(np.ones(4), np.ones(4))}, "expected classes or a scaling of the targets"),
        ({"params": Params(None, np.ones((4, 4)))}, "expected . of shape"),
        ({"params": Params(np.ones((3, 6)), np.full((4, 4), np.nan))}, "expected V of finite numbers"),
        ({"features": tuple(f"{k}" * 2**19 for k in range(5))}, "names of at most"),
    ],
)  # fmt: skip
def test_what_could_not_be_loaded_is_not_saved(change, line, rng, tmp_path, unchecked):
    with pytest.raises(ValueError, match=line):
        save_model(tmp_path / "m", a_model(rng, Network())._replace(**change))
    assert not list(tmp_path.iterdir())


def test_a_write_that_fails_leaves_what_was_there(tmp_path, monkeypatch):
    (tmp_path / "m").write_bytes(b"before")
    monkeypatch.setattr("os.fsync", lambda _: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        write_whole(tmp_path / "m", b"after")
    assert [(p.name, p.read_bytes()) for p in tmp_path.iterdir()] == [("m", b"before")]
