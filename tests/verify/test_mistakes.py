"""The derivation's steps agree with autodiff; every mistake in the catalogue is one, somewhere."""

import functools

import jax.numpy as jnp
import numpy as np
import pytest

from jaxmlp.activations import HIDDEN, Activation
from jaxmlp.losses import LOSSES
from jaxmlp.network import Network
from jaxmlp.verify.derivation import right_quantities
from jaxmlp.verify.diagnose import explanations, same
from jaxmlp.verify.mistakes import CATALOGUE, LOOK
from jaxmlp.verify.pieces import error_by_name
from jaxmlp.verify.points import EQUAL, Sizes, draw_points, truth

PAIRS = [(g, e) for e in LOSSES for g in LOSSES[e].outputs]
STAGES = ("delta2", "dV", "delta1", "dW")
UNEQUAL = Sizes()


@functools.cache
def right(f="relu", g="softmax", e="cross_entropy", sizes=UNEQUAL, mean=True, eta=0.37):
    network = Network(f, g, e)
    return right_quantities(network, draw_points(network, sizes), mean=mean, eta=eta)


@pytest.mark.parametrize("f", HIDDEN)
@pytest.mark.parametrize(("g", "e"), PAIRS)
def test_the_steps_are_autodiffs(f, g, e):
    network = Network(f, g, e, bias=(f in ("relu", "tanh")) == (g == "softmax"))
    points = draw_points(network, Sizes()).single()
    q = right_quantities(network, points)
    for name, value in truth(network, points)._asdict().items():
        assert same(getattr(q, name), value, 1e-11), name


def test_the_steps_of_a_network_of_ones_own():
    network = Network(Activation("swish-like", lambda u: u / (1 + jnp.exp(-u)), jnp.cos))
    points = draw_points(network, Sizes()).single()
    q = right_quantities(network, points)
    for name, value in truth(network, points)._asdict().items():  # f' is autodiff's, not cos
        assert same(getattr(q, name), value, 1e-11), name


def test_the_given_errors_are_those_of_the_package(rng):
    g, y = rng.uniform(0.1, 0.9, size=(2, 6, 3))
    for name, e in LOSSES.items():
        np.testing.assert_allclose(
            error_by_name(name, g, y), e.value(jnp.asarray(g), jnp.asarray(y)), rtol=1e-12
        )


def test_a_batch_is_the_mean_or_the_sum_of_its_rows():
    one = right(mean=False)
    network = Network()
    rows = right_quantities(network, draw_points(network, Sizes()).single())
    summed = rows.dW.reshape(3, 11, *rows.dW.shape[1:]).sum(axis=1)
    assert same(one.dW, summed, 1e-12)
    assert same(right(mean=True).dW * 11, summed, 1e-12)


def settings():
    """Networks and sizes at which each mistake makes a difference and conforms, somewhere."""
    for sizes in (Sizes(), *EQUAL):
        for mean in (True, False):
            yield right(sizes=sizes, mean=mean)
            yield right("tanh", "sigmoid", "squared_error", sizes=sizes, mean=mean)
            yield right("sigmoid", "softmax", "squared_error", sizes=sizes, mean=mean, eta=None)
            yield right("tanh", "sigmoid", "binary_cross_entropy", sizes=sizes, mean=mean)


def differs_somewhere(mistake):
    for q in settings():
        wrong = q.having(mistake)
        stages = (mistake.step,) if mistake.step in ("z", "g") else STAGES
        try:
            claims = {s: getattr(wrong, s) for s in stages}
        except ValueError:
            continue
        if not all(same(claims[s], getattr(q, s), 1e-9) for s in stages):
            yield q, claims


@pytest.mark.parametrize("mistake", CATALOGUE, ids=lambda m: f"{m.id}-{m.step}")
def test_every_mistake_makes_a_difference_and_is_found_again(mistake):
    q, claims = next(differs_somewhere(mistake))
    found = explanations(q, claims, CATALOGUE, most=1)
    assert mistake.id in {made[0].id for made in found}


def test_every_mistake_has_its_words_in_both_languages():
    for mistake in CATALOGUE:
        assert mistake.text.en.endswith((".", ")", "?"))
        assert any(ord(c) > 0x3000 for c in mistake.text.ja)
        assert LOOK[mistake.step].ja
        assert mistake.equation[0] == "L"
