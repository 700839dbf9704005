"""Mini-batches over several devices: the parameters of one, on any number of them."""

import functools
import json
import os
import subprocess
import sys
import warnings
from pathlib import Path

import jax
import numpy as np
import optax
import pytest

from jaxmlp import ThreeLayerClassifier
from jaxmlp.gradients import autodiff, backprop
from jaxmlp.network import Network, init
from jaxmlp.train.fitted import Fit
from jaxmlp.train.sgd import fit
from jaxmlp.train.stream import Stream

pytestmark = pytest.mark.slow  # all of it takes minutes

DEVICES = 8
OPTIMIZERS = {
    "sgd": optax.sgd,
    "momentum": functools.partial(optax.sgd, momentum=0.9),
    "adam": optax.adam,
    "adamw": optax.adamw,
    "rmsprop": optax.rmsprop,
    "adagrad": optax.adagrad,
    "lion": optax.lion,
}
CASES = [  # f, g, E, bias, optimizer, the route, whether weighted, devices
    ("relu", "softmax", "cross_entropy", True, "sgd", autodiff, False, 2),
    ("tanh", "sigmoid", "binary_cross_entropy", True, "sgd", backprop, False, 4),
    ("sigmoid", "identity", "squared_error", False, "sgd", autodiff, True, 8),
    ("identity", "tanh", "squared_error", True, "momentum", backprop, False, 8),
    (None, "softmax", "squared_error", True, "adam", autodiff, False, 4),
    ("relu", "sigmoid", "squared_error", True, "adamw", autodiff, True, 4),
    ("tanh", "softmax", "cross_entropy", False, "rmsprop", backprop, False, 8),
    ("sigmoid", "softmax", "cross_entropy", True, "adagrad", autodiff, False, 2),
    (None, "sigmoid", "binary_cross_entropy", True, "lion", backprop, True, 8),
]


def trained(case: int, device=None, stream: bool = False, **how) -> Fit:
    """Two epochs of 53 samples in batches of 8, of which 5 remain; d = 5, q = 3, m = 4."""
    f, g, e, bias, optimizer, route, weighted, _ = CASES[case]
    rng = np.random.default_rng(case)
    X, Y = rng.normal(size=(53, 5)), np.eye(4)[rng.integers(4, size=53)]
    network = Network(f, g, e, bias)
    start = init(network, (5, 3, 4) if f else (5, 4), key=jax.random.key(0), initializer=0.7)
    start = jax.tree.map(lambda p: p + 0.1, start)
    return fit(
        network, start, Stream(X, 16) if stream else X, Y, epochs=2, eta=0.01, batch_size=8, key=jax.random.key(1),
        optimizer=OPTIMIZERS[optimizer], gradient=route, test=(X[:11], Y[:11]),
        weights=rng.uniform(size=53) if weighted else None, device=device, **how,
    )  # fmt: skip


def as_numbers(result: Fit) -> dict:
    """What a result is, as JSON has it to the last bit."""
    params = [None if p is None else np.asarray(p).tolist() for p in result.params]
    return {"params": params, "errors": [epoch[2:] for epoch in result.history]}


def main() -> None:
    """Each case on its devices, and the first once more, and once more stopped and resumed."""
    found = {str(k): as_numbers(trained(k, jax.devices()[: case[-1]]))
             for k, case in enumerate(CASES)}  # fmt: skip
    saved = []
    found["again"] = as_numbers(trained(0, jax.devices()[:2], save=saved.append))
    found["resumed"] = as_numbers(trained(0, jax.devices()[:2], resume=saved[0]))
    found["streamed"] = as_numbers(trained(1, jax.devices()[:4], stream=True))
    found["estimator"] = estimated(4)
    print(json.dumps(found))


def estimated(device) -> list:
    """The weights of an estimator, with early stopping."""
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(90, 5)), rng.integers(3, size=90)
    model = ThreeLayerClassifier(7, batch_size=8, max_iter=3, random_state=0, device=device,
                                 early_stopping=True, n_iter_no_change=9)  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that three epochs are few
        model.fit(X, y)
    return [model.W_.tolist(), model.V_.tolist()]


@pytest.fixture(scope="module")
def on_devices() -> dict:
    """What `main` prints in a process of so many devices, as XLA's flag forces them."""
    command = [sys.executable, "-c", f"from {__name__} import main; main()"]
    flags = {"XLA_FLAGS": f"--xla_force_host_platform_device_count={DEVICES}"}
    environment = {**os.environ, **flags, "JAX_ENABLE_X64": "1"}
    root = Path(__file__).parents[2]
    done = subprocess.run(command, env=environment, cwd=root, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("case", [*range(len(CASES)), "streamed"])
def test_parameters_are_those_of_one_device(case, on_devices):
    one, other = as_numbers(trained(1 if case == "streamed" else case)), on_devices[str(case)]
    for mine, theirs in zip(one["params"], other["params"], strict=True):
        if mine is not None:
            largest = np.abs(mine).max()
            np.testing.assert_allclose(theirs, mine, rtol=0, atol=1e-12 * largest)
    np.testing.assert_allclose(other["errors"], one["errors"], rtol=1e-12)


def test_the_same_devices_give_the_same_bits(on_devices):
    assert on_devices["again"] == on_devices["0"]
    assert on_devices["resumed"] == on_devices["0"]


def test_estimators_are_those_of_one_device(on_devices):
    for mine, theirs in zip(estimated("cpu"), on_devices["estimator"], strict=True):
        np.testing.assert_allclose(theirs, mine, rtol=0, atol=1e-12 * np.abs(mine).max())
    assert estimated("cpu:0") == estimated(None)


@pytest.mark.parametrize("device", ["nonsense", "cpu:7", "cpu:x", 99])
def test_estimators_refuse_devices_that_are_not_there(device):
    with pytest.raises(ValueError, match="expected a device, or a number of them, of"):
        estimated(device)


def test_one_device_that_is_named_gives_the_same_bits():
    assert as_numbers(trained(0, jax.devices()[0])) == as_numbers(trained(0))


@pytest.mark.parametrize("device", ["cpu", [], [0]])
def test_devices_are_devices(device, unchecked):
    with pytest.raises(ValueError, match="expected devices, as of jax.devices"):
        trained(0, device)
