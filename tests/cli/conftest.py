import io

import numpy as np
import pytest

from jaxmlp.cli import main
from jaxmlp.data.scaling import Scaling
from jaxmlp.network import Network
from jaxmlp.storage import Model, save_model

from ..conftest import draw_params


@pytest.fixture
def command(tmp_path, monkeypatch, capfdbinary):
    """A function that runs `jaxmlp …` in an empty folder: (exit code, output, errors)."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")

    def run(*args, stdin: bytes = b""):
        standard = io.TextIOWrapper(io.BufferedReader(io.BytesIO(stdin)))
        monkeypatch.setattr("sys.stdin", standard)
        code = main(list(args))
        return code, *(text.decode() for text in capfdbinary.readouterr())

    return run


@pytest.fixture(scope="session")
def trained(tmp_path_factory) -> str:
    """The folder of a run on iris."""
    folder = str(tmp_path_factory.mktemp("trained") / "run")
    assert main(["train", "--data", "iris", "--epochs", "2", "--units", "5", "--out", folder]) == 0
    return folder


@pytest.fixture
def model(tmp_path, rng):
    """Of d = 5, q = 3, m = 4, in model.safetensors, the columns a to e, one class with a comma."""
    scaling = Scaling(rng.normal(size=5), rng.uniform(1, 2, size=5))
    params = draw_params(rng, 5, 3, 4, dtype=np.float32)
    classes, names = ("cat", "dog, wet", "ねこ", "7"), tuple("abcde")
    made = Model(Network("tanh"), params, scaling, None, classes, names, ("kind",))
    save_model(tmp_path / "model.safetensors", made)
    return made


@pytest.fixture
def regression(tmp_path, rng):
    """Of d = 5, q = 3, m = 2, in float64, in regression.safetensors, without names."""
    x, y = (Scaling(rng.normal(size=k), rng.uniform(1, 2, size=k)) for k in (5, 2))
    network = Network("sigmoid", "identity", "squared_error")
    made = Model(network, draw_params(rng, 5, 3, 2), x, y, None)
    save_model(tmp_path / "regression.safetensors", made)
    return made


def refused(outcome: tuple[int, str, str], line: str) -> None:
    """One line, exit code 2."""
    code, _, err = outcome
    assert code == 2
    assert line in err
    assert err.startswith("jaxmlp: ")
    assert err.count("\n") == 1
