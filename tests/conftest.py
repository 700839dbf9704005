"""The suite is stricter than a user's session: float64 on, no silent promotion of rank or dtype."""

import ctypes
import hashlib
import os
from pathlib import Path

import jax
import jaxtyping
import numpy as np
import pytest
from hypothesis import settings

from jaxmlp.network import Network, Params, init

os.environ["JAXMLP_CACHE"] = "off"  # what the tests compile is not the user's to keep
jax.config.update("jax_enable_x64", True)
jax.config.update("jax_numpy_rank_promotion", "raise")
jax.config.update("jax_numpy_dtype_promotion", "strict")

settings.register_profile("jaxmlp", deadline=None, derandomize=True)
settings.load_profile("jaxmlp")


FAMILY = 2  # cases of a parametrised test that run by default
DOCTEST = "jaxmlp.verify.lecture.proof.proofs"  # proves all claims


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Of many cases of one test a few run by default, drawn by their names; the rest is slow."""
    families = {}
    for item in items:
        if item.name == DOCTEST:
            item.add_marker(pytest.mark.slow)
        elif hasattr(item, "callspec") and not item.get_closest_marker("slow"):
            families.setdefault(item.nodeid.partition("[")[0], []).append(item)
    for cases in families.values():
        drawn = sorted(cases, key=lambda item: hashlib.sha256(item.nodeid.encode()).digest())
        for item in drawn[FAMILY:]:
            item.add_marker(pytest.mark.slow)


GROWTH = 250 << 20  # bytes; then what was compiled is let go
MEMORY = Path("/proc/self/statm")  # Linux's


def held() -> int:
    """The bytes of this process in memory; 0 where that is not to be read."""
    pages = int(MEMORY.read_text().split()[1]) if MEMORY.exists() else 0
    return pages * os.sysconf("SC_PAGE_SIZE") if pages else 0


@pytest.fixture(scope="session")
def kept() -> list[int]:
    """What was held when compiled programs were let go last."""
    return [held()]


@pytest.fixture(autouse=True)
def compiled_programs_are_let_go(kept):
    """Each shape of each operation is a program, and all of a suite's are gigabytes."""
    yield
    if held() > kept[0] + GROWTH:
        jax.clear_caches()
        if trim := getattr(ctypes.CDLL(None), "malloc_trim", None):  # of glibc alone
            trim(0)
        kept[0] = held()


@pytest.fixture
def rng():
    return np.random.default_rng(20191008)


@pytest.fixture
def unchecked():
    """The package's own messages, where jaxtyping would speak first."""
    jaxtyping.config.update("jaxtyping_disable", True)
    yield
    jaxtyping.config.update("jaxtyping_disable", False)


@pytest.fixture
def lecture():
    """The network of L14 to L20 with d = 5, q = 3, m = 4, and parameters with non-zero biases."""
    network = Network("relu", "softmax", "cross_entropy")
    return network, init(network, (5, 3, 4), key=jax.random.key(0), initializer=0.7)


@pytest.fixture(scope="session")
def digits():
    """(X, Y, y) of scikit-learn's digits, classes 0 to 3, pixels divided by 16."""
    from jaxmlp.data.dataset import one_hot
    from jaxmlp.data.sources import load_data

    data = load_data("digits").only(("0", "1", "2", "3"))
    return data.X / 16, one_hot(data.y, 4), data.y


def draw_params(rng, d, q, m, *, bias=True, dtype=np.float64) -> Params:
    """Weights and biases from N(0, 1)."""
    W = rng.normal(size=(q, d + bias)).astype(dtype)
    V = rng.normal(size=(m, q + bias)).astype(dtype)
    return Params(jax.numpy.asarray(W), jax.numpy.asarray(V))
