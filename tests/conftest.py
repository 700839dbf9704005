"""The suite is stricter than a user's session: float64 on, no silent promotion of rank or dtype."""

import compileall
import ctypes
import gc
import hashlib
import os
import signal
from pathlib import Path
from tempfile import TemporaryDirectory

import jax
import jaxtyping
import numpy as np
import pytest
from hypothesis import settings

from . import typed

typed.install()  # before the package is imported

import jaxmlp  # noqa: E402
from jaxmlp.network import Network, Params, init  # noqa: E402

signal.signal(signal.SIGINT, signal.default_int_handler)  # Ctrl-C is heard in the background, too
os.environ["JAXMLP_CACHE"] = "off"  # what the tests compile is not the user's to keep
jax.config.update("jax_enable_x64", True)
jax.config.update("jax_numpy_rank_promotion", "raise")
jax.config.update("jax_numpy_dtype_promotion", "strict")

settings.register_profile("jaxmlp", deadline=None, derandomize=True)
settings.load_profile("jaxmlp")


FAMILY = 2  # cases of a parametrised test that run by default
DOCTEST = "jaxmlp.verify.lecture.proof.proofs"  # proves all claims
BY_DEFAULT = "not slow"  # what runs without -m
QUICK = "--xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true"
COMPILED = pytest.StashKey[str]()  # the folder of compiled programs


def pytest_configure(config):
    """What was compiled is kept in a folder of this run, as memory holds only some of it.

    By default programs are compiled in haste; with another -m, or XLA_FLAGS, as a user's are.
    """
    if config.option.markexpr == BY_DEFAULT:
        os.environ.setdefault("XLA_FLAGS", QUICK)
    config.pluginmanager.register(LetGo())
    if not hasattr(config, "workerinput"):
        folder = TemporaryDirectory(prefix="compiled-")
        config.add_cleanup(folder.cleanup)
        config.stash[COMPILED] = folder.name
        compileall.compile_dir(Path(jaxmlp.__file__).parent, quiet=2)  # for all processes to come
    folder = getattr(config, "workerinput", {}).get("compiled") or config.stash[COMPILED]
    jax.config.update("jax_compilation_cache_dir", folder)
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0)
    jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node):
    """One worker need not compile what another has; a half-written program is compiled anew."""
    node.workerinput["compiled"] = node.config.stash[COMPILED]


def pytest_collection_finish():
    """What is there by now stays, and the search for garbage may pass it by."""
    gc.collect()
    gc.freeze()


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
        for item in drawn[1 if cases[0].get_closest_marker("costly") else FAMILY :]:
            item.add_marker(pytest.mark.slow)


ROOM = 176 << 20  # bytes beyond what is held at first; then what was compiled is let go,
AGAIN = 64 << 20  # and next when there are so many more, at least
MEMORY = Path("/proc/self/statm")  # Linux's


def held() -> int:
    """The bytes of this process in memory; 0 where that is not to be read."""
    pages = int(MEMORY.read_text().split()[1]) if MEMORY.exists() else 0
    return pages * os.sysconf("SC_PAGE_SIZE") if pages else 0


class LetGo:
    """Each operation on each shape is a program, and all of a suite's are gigabytes.

    (A plugin, as a fixture of this folder would leave out the package's examples.)
    """

    most = 0

    def pytest_collection_finish(self):
        self.most = held() + ROOM

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_teardown(self):
        if held() > self.most:
            jax.clear_caches()
            gc.collect()
            if trim := getattr(ctypes.CDLL(None), "malloc_trim", None):  # of glibc alone
                trim(0)
            self.most = max(self.most, held() + AGAIN)


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
