"""Plain SGD in blocks: the iterates of one batch at a time, whatever the network and the sizes."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jaxmlp.activations import HIDDEN
from jaxmlp.gradients import autodiff, backprop
from jaxmlp.network import Network, Params, init
from jaxmlp.train import blocked, epoch
from jaxmlp.train.sgd import fit

from ..conftest import draw_params

PAIRS = [
    ("identity", "squared_error"),
    ("softmax", "squared_error"),
    ("sigmoid", "squared_error"),
    ("tanh", "squared_error"),
    ("softmax", "cross_entropy"),
    ("sigmoid", "binary_cross_entropy"),
]
N = 23  # no multiple of any block or batch here


@pytest.fixture
def samples(rng):
    """X and Y with d = 5, m = 4."""
    return rng.normal(size=(N, 5)), np.eye(4)[rng.integers(4, size=N)]


def after_an_epoch(network, params, samples, **settings) -> Params:
    options = {"epochs": 1, "eta": 0.01, "key": jax.random.key(1)} | settings
    return fit(network, params, *samples, **options).params


def apart(one: Params, other: Params) -> float:
    """The largest difference, as a share of the largest entry, of W or V."""
    pairs = zip(jax.tree.leaves(one), jax.tree.leaves(other), strict=True)
    return max(float(abs(a - b).max() / abs(b).max()) for a, b in pairs)


@pytest.mark.costly
@pytest.mark.parametrize("f", [*HIDDEN, None])
@pytest.mark.parametrize("pair", PAIRS, ids="-".join)
@pytest.mark.parametrize("block", [1, 64])
def test_every_network(f, pair, block, samples, rng):
    bias = bool(len(f or "") % 2)
    network = Network(f, *pair, bias=bias)
    params = draw_params(rng, 5, 3, 4, bias=bias)
    if f is None:
        params = init(network, (5, 4), key=jax.random.key(0), initializer=0.5)
    expected = after_an_epoch(network, params, samples, block=0)
    how = {"gradient": (autodiff, backprop)[bias], "block": block}
    assert apart(after_an_epoch(network, params, samples, **how), expected) < 1e-9
    assert apart(params, expected) > 1e-4


@pytest.mark.slow
@pytest.mark.parametrize(
    ("batch_size", "block"),
    [(1, 1), (1, 2), (1, 23), (1, 64), (2, 2), (2, 8), (3, 21), (5, 20), (8, 16), (23, 23)],
)
@pytest.mark.parametrize("route", [autodiff, backprop])
def test_every_block_and_batch_size(batch_size, block, route, samples, rng):
    network, params = Network("tanh"), draw_params(rng, 5, 3, 4)
    same = {"batch_size": batch_size, "eta": optax.linear_schedule(0.05, 0.01, 10), "epochs": 2}
    expected = after_an_epoch(network, params, samples, **same, block=0)
    found = after_an_epoch(network, params, samples, **same, block=block, gradient=route)
    assert apart(found, expected) < 1e-9


@pytest.mark.slow
@pytest.mark.parametrize(
    ("block", "room", "at_once"),
    [(1, 45, 5), (1, 90, 8), (2, 90, 4), (2, 71, 1), (6, 216, 4), (23, 10**6, 1)],
)
def test_several_blocks_fetched_at_once(block, room, at_once, samples, rng, small_cache):
    network, params = Network("tanh"), draw_params(rng, 5, 3, 4)
    expected = after_an_epoch(network, params, samples, block=0, epochs=2)
    small_cache(room + 4 * 15)
    assert blocked.blocks_at_once(math.ceil(N / block), 9 * block, 15) == at_once
    assert apart(after_an_epoch(network, params, samples, block=block, epochs=2), expected) < 1e-9


@given(st.integers(1, 500), st.integers(1, 10**5), st.integers(1, 10**5))
def test_no_more_is_fetched_than_fits_and_little_in_vain(blocks, numbers, weights):
    at_once = blocked.blocks_at_once(blocks, numbers, weights)
    fetches = math.ceil(blocks / at_once)
    assert at_once == 1 or at_once * numbers + 4 * weights <= blocked.CACHED
    assert (at_once > 1) == (blocks > 1 and 4 * (numbers + weights) <= blocked.CACHED)
    assert fetches * at_once - blocks < fetches


@pytest.mark.costly
@pytest.mark.parametrize("q", [3, 9])  # fewer units than d, and more
@pytest.mark.parametrize("bias", [True, False])
def test_a_small_first_layer_is_changed_sample_by_sample(q, bias, samples, rng):
    network, params = Network("tanh", bias=bias), draw_params(rng, 5, q, 4, bias=bias)
    assert blocked.block_size(params, 1, fused=True) == 1
    expected = after_an_epoch(network, params, samples, block=0)
    assert apart(after_an_epoch(network, params, samples), expected) < 1e-9


def test_a_large_first_layer_is_changed_in_blocks(rng):
    assert blocked.block_size(draw_params(rng, 784, 200, 4), 1, fused=True) == 64
    assert blocked.block_size(draw_params(rng, 5, 3, 4), 1, fused=False) == 64


def test_each_sample_sees_what_those_before_it_did(samples, rng):
    """A referee for the above: steps from the same parameters are something else."""
    network, params = Network("tanh"), draw_params(rng, 5, 3, 4)
    one_by_one = after_an_epoch(network, params, samples)
    together = after_an_epoch(network, params, samples, batch_size=N, eta=0.01 * N)
    assert apart(together, one_by_one) > 1e-4


def test_an_f_and_an_E_of_ones_own(samples, rng):
    network = Network(jnp.sin, "identity", lambda g, y: jnp.sum(jnp.cosh(g - y)))
    params = draw_params(rng, 5, 3, 4)
    expected = after_an_epoch(network, params, samples, block=0)
    assert apart(after_an_epoch(network, params, samples), expected) < 1e-9


def test_a_function_of_ones_own_is_not_fused(samples, rng):
    """It may hold an array, with which XLA's compiler of fused loops ends the process."""
    slopes = jnp.linspace(0.1, 0.3, 3)
    network = Network(lambda u: jnp.sum(slopes) * u, "identity", "squared_error")
    assert not blocked.fusible(network)
    assert blocked.fusible(Network(jax.nn.relu))
    params = draw_params(rng, 5, 3, 4)
    expected = after_an_epoch(network, params, samples, block=0)
    assert apart(after_an_epoch(network, params, samples), expected) < 1e-9


def test_float32_stays_so_and_close(samples, rng):
    params = draw_params(rng, 5, 3, 4, dtype=np.float32)
    expected = after_an_epoch(Network(), params, samples, block=0)
    found = after_an_epoch(Network(), params, samples)
    assert {p.dtype for p in found} == {np.dtype("float32")}
    assert apart(found, expected) < 1e-5


def test_a_compiler_without_functions_of_loops(samples, rng, monkeypatch):
    """What XLA refuses to compile as one function, it compiles as before."""
    params, compiled = draw_params(rng, 5, 3, 4), epoch._compiled
    expected = after_an_epoch(Network(), params, samples)
    asked = []

    def refusing(rule, *args):
        asked.append(rule.fused)
        if rule.fused:
            raise jax.errors.JaxRuntimeError("UNIMPLEMENTED: Fusion kind not implemented on CPU")
        return compiled(rule, *args)

    monkeypatch.setattr(epoch, "_compiled", refusing)
    assert apart(after_an_epoch(Network(), params, samples), expected) < 1e-9
    assert asked == [True, False]


def test_what_no_compiler_says_is_tried_once(samples, rng, monkeypatch):
    asked = []

    def failing(rule, *args):
        asked.append(rule.fused)
        raise ZeroDivisionError

    monkeypatch.setattr(epoch, "_compiled", failing)
    with pytest.raises(ZeroDivisionError):
        after_an_epoch(Network(), draw_params(rng, 5, 3, 4), samples)
    assert asked == [True]


@pytest.mark.parametrize("d", [3, 64, 784])
@pytest.mark.parametrize("q", [5, 200])
def test_the_block_chosen_is_a_multiple_of_the_batch(d, q):
    params = draw_params(np.random.default_rng(0), d, q, 4)
    for batch_size in (1, 2, 3, 7, 32, 33, 100):
        block = blocked.block_size(params, batch_size, fused=False)
        assert block % batch_size == 0
        assert batch_size <= block <= max(batch_size, 64)


def test_where_it_does_not_apply(samples, rng):
    params = draw_params(rng, 5, 3, 4)
    with pytest.raises(ValueError, match="expected a multiple of the batch size 4, got block 6"):
        after_an_epoch(Network(), params, samples, batch_size=4, block=6)
    with pytest.raises(ValueError, match=r"expected block 0 for anything but optax\.sgd, got 4"):
        after_an_epoch(Network(), params, samples, optimizer=optax.adam, block=4)
    found = after_an_epoch(Network(), params, samples, optimizer=optax.adam)
    assert apart(found, params) > 1e-4
