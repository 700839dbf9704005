"""What the tests of training share."""

import jax
import pytest

from jaxmlp.train import blocked


@pytest.fixture
def small_cache(monkeypatch):
    """A function that makes `blocked` see a cache for so many numbers; programs are made anew."""

    def set_size(numbers: int) -> None:
        monkeypatch.setattr(blocked, "CACHED", numbers)
        jax.clear_caches()

    yield set_size
    jax.clear_caches()
