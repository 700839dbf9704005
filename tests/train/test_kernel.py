"""A block's steps as a GPU's kernel: as without one. Computed here without a GPU, too."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxmlp.activations import HIDDEN
from jaxmlp.gradients import autodiff
from jaxmlp.network import Network
from jaxmlp.train import blocked, kernel
from jaxmlp.train.layers import DELTAS, Layer

from .test_blocked import PAIRS

S, D, Q, M = 11, 5, 3, 4  # samples that are no power of 2, nor are the units


def block_of(rng, bias=True):
    """(the second layer, U, G, y, rates), of samples with unequal step sizes."""
    X = rng.normal(size=(S, D))
    second = Layer(rng.normal(size=(M, Q)), rng.normal(size=M) if bias else None)
    y, rates = np.eye(M)[rng.integers(M, size=S)], rng.uniform(0.01, 0.05, S)
    arguments = second, X @ rng.normal(size=(Q, D)).T, X @ X.T + bias, y, rates
    return jax.tree.map(jnp.asarray, arguments)


def as_always(network):
    return functools.partial(blocked._steps, network, DELTAS[autodiff], 1)


def close(found, expected) -> bool:
    pairs = zip(jax.tree.leaves(found), jax.tree.leaves(expected), strict=True)
    return all(np.allclose(a, b, rtol=1e-12, atol=1e-12) for a, b in pairs)


@pytest.mark.costly
@pytest.mark.parametrize("f", HIDDEN)
@pytest.mark.parametrize("pair", PAIRS, ids="-".join)
def test_the_steps_are_the_same(f, pair, rng):
    bias = bool(len(f) % 2)
    network, block = Network(f, *pair, bias=bias), block_of(rng, bias)
    expected = as_always(network)(*block)
    assert close(kernel.steps(network, *block, interpret=True), expected)
    assert not close(expected[0], block[0])


def test_several_networks_at_once(rng):
    network, blocks = Network("tanh"), [block_of(rng) for _ in range(3)]
    blocks = [(*own[:2], *blocks[0][2:4], own[4]) for own in blocks]  # of the same samples
    stacked = jax.tree.map(lambda *parts: jnp.stack(parts), *blocks)
    stacked = (*stacked[:2], *blocks[0][2:4], stacked[4])
    steps = functools.partial(kernel.steps, network, interpret=True)
    found = jax.vmap(steps, in_axes=(0, 0, None, None, 0))(*stacked)
    for k, own in enumerate(blocks):
        assert close(jax.tree.map(lambda a, k=k: a[k], found), as_always(network)(*own))


def test_a_sample_does_not_see_those_after_it(rng):
    """A referee: G is what tells a sample of those before it, and they change its Δ."""
    network, (second, U, G, y, rates) = Network("tanh"), block_of(rng)
    steps = functools.partial(kernel.steps, network, interpret=True)
    _, Delta = steps(second, U, G, y, rates)
    _, apart = steps(second, U, 0 * G, y, rates)
    _, fewer = steps(second, U[:6], G[:6, :6], y[:6], rates[:6])
    assert close(Delta[:6], fewer)
    assert not close(Delta[1:], apart[1:])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_gpus_compiler_takes_it(dtype, rng):
    block = jax.tree.map(lambda a: a.astype(dtype), block_of(rng))
    traced = jax.jit(functools.partial(kernel.steps, Network())).trace(*block)
    try:
        lowered = traced.lower(lowering_platforms=("cuda",))
    except RuntimeError as why:
        pytest.skip(str(why))  # a JAX that lowers kernels only where a GPU is
    assert "triton" in lowered.as_text()


def of_shape(q, m, d=5, dtype=np.float32):
    return blocked.Params(np.zeros((q, d + 1), dtype), np.zeros((m, q + 1), dtype))


@pytest.mark.parametrize(
    ("q", "m", "dtype", "samples"),
    [(200, 4, "f4", 64), (200, 4, "f8", 32), (32, 10, "f4", 256), (3, 4, "f4", 256),
     (2000, 4, "f4", 8), (2049, 4, "f4", 0), (1000, 10, "f4", 0), (200, 4, "f2", 0)],
)  # fmt: skip
def test_as_many_samples_as_find_room(q, m, dtype, samples):
    assert blocked.in_a_kernel(of_shape(q, m, dtype=np.dtype(dtype))) == samples
