"""The estimators: scikit-learn's own checks, its own runs, and what it lacks."""

import pickle
import warnings

import jax
import numpy as np
import optax
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.utils.estimator_checks import estimator_checks_generator

from jaxmlp import ThreeLayerClassifier, ThreeLayerRegressor, forward
from jaxmlp.network import Network, Params

N, D, Q, M = 47, 5, 3, 4
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.fixture(autouse=True)
def as_users_have_it():
    """JAX without the suite's strictness, in float32 where nothing else is asked for."""
    with jax.enable_x64(False), jax.numpy_dtype_promotion("standard"):
        yield


def task(kind: str, rng):
    X = rng.normal(size=(N, D))
    T = X @ rng.normal(size=(D, M)) + 0.1 * rng.normal(size=(N, M))
    y = {
        "two": T[:, 0] > 0,
        "many": T.argmax(axis=1),
        "labels": (T > 0.3).astype(int),
        "number": T[:, 0],
        "numbers": T,
    }[kind]
    return X, y


def pair(kind: str):
    regression = kind.startswith("number")
    return (
        (ThreeLayerRegressor, MLPRegressor) if regression else (ThreeLayerClassifier, MLPClassifier)
    )


def both(kind: str, rng, sample_weight=None, epochs=12, **settings):
    """Ours and scikit-learn's, fitted alike."""
    X, y = task(kind, rng)
    shared = {"random_state": 3, "max_iter": epochs, "epsilon": 1e-14, **settings}
    ours, theirs = pair(kind)
    ours = ours(hidden_units=Q, **shared).fit(X, y, sample_weight)
    theirs = theirs(hidden_layer_sizes=(Q,), **shared).fit(X, y, sample_weight)
    return ours, theirs, X


RUNS = [
    {},
    {"batch_size": 7},
    {"batch_size": 1, "shuffle": False},
    {"batch_size": 7, "alpha": 0.5, "activation": "logistic"},
    {"batch_size": 7, "activation": "identity"},
    {"batch_size": 7, "solver": "sgd", "learning_rate_init": 0.1, "activation": "tanh"},
    {"batch_size": 7, "solver": "sgd", "momentum": 0.0, "learning_rate": "invscaling"},
    {"batch_size": 7, "solver": "sgd", "nesterovs_momentum": False, "learning_rate_init": 0.05},
    {"solver": "sgd", "learning_rate": "adaptive", "tol": 0.5, "n_iter_no_change": 1, "epochs": 40},
    {"batch_size": 7, "early_stopping": True, "validation_fraction": 0.2, "epochs": 30},
    {"tol": 0.01, "n_iter_no_change": 2, "epochs": 200},
]


@pytest.mark.parametrize("settings", RUNS, ids=str)
@pytest.mark.parametrize("kind", ["many", "number"])
def test_a_run_is_scikit_learns_own(kind, settings, rng):
    """Same seed, same start, same order: the same weights after every step, up to rounding."""
    assert_alike(*both(kind, rng, **settings))


@pytest.mark.parametrize("kind", ["two", "labels", "numbers"])
def test_so_is_one_of_other_targets(kind, rng):
    assert_alike(*both(kind, rng, batch_size=7))


@pytest.mark.parametrize("kind", ["two", "many", "number"])
def test_so_is_one_with_sample_weights(kind, rng):
    weights = rng.integers(0, 4, N).astype(float)
    assert_alike(*both(kind, rng, weights, batch_size=11, early_stopping=True))


def assert_alike(ours, theirs, X):
    assert ours.n_iter_ == theirs.n_iter_
    for mine, other in zip(
        ours.coefs_ + ours.intercepts_, theirs.coefs_ + theirs.intercepts_, strict=True
    ):
        np.testing.assert_allclose(mine, other, rtol=1e-6, atol=1e-9)
    if True:
        np.testing.assert_allclose(ours.loss_curve_, theirs.loss_curve_, rtol=1e-7)
    if theirs.validation_scores_:
        np.testing.assert_allclose(ours.validation_scores_, theirs.validation_scores_, rtol=1e-6)
        np.testing.assert_allclose(ours.best_validation_score_, theirs.best_validation_score_)
    np.testing.assert_allclose(ours.predict(X), theirs.predict(X), rtol=1e-6)
    for method in ("predict_proba", "predict_log_proba"):
        if hasattr(theirs, method):
            np.testing.assert_allclose(
                getattr(ours, method)(X), getattr(theirs, method)(X), rtol=1e-5
            )
    same = ("t_", "n_layers_", "n_outputs_", "out_activation_", "n_features_in_")
    assert {name: getattr(ours, name) for name in same} == {
        name: getattr(theirs, name) for name in same
    }
