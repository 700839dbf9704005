"""The estimators: scikit-learn's own checks, its own runs, and what it lacks."""

import copy
import functools
import multiprocessing
import os
import pickle
import re
import warnings

import hypothesis
import jax
import joblib
import numpy as np
import optax
import pandas as pd
import pytest
import sklearn
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import sparse
from scipy.special import log_softmax
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.metrics import log_loss
from sklearn.model_selection import GridSearchCV, cross_val_score, train_test_split
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import estimator_checks_generator, parametrize_with_checks

from jaxmlp import (
    ThreeLayerClassifier,
    ThreeLayerRegressor,
    load_model,
    save_model,
    to_scikit_learn,
)
from jaxmlp.estimators import descent
from jaxmlp.estimators.samples import validation_split
from jaxmlp.estimators.state import Data

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
    ("many", {}),
    ("number", {"batch_size": 7}),
    ("many", {"batch_size": 1, "shuffle": False}),
    ("many", {"batch_size": 7, "alpha": 0.5, "activation": "logistic"}),
    ("number", {"batch_size": 7, "alpha": 0.5, "activation": "identity"}),
    ("many", {"batch_size": 7, "solver": "sgd", "activation": "tanh"}),
    ("number", {"solver": "sgd", "momentum": 0.0, "learning_rate": "invscaling", "power_t": 0.2}),
    ("many", {"batch_size": 7, "solver": "sgd", "nesterovs_momentum": False}),
    ("number", {"solver": "sgd", "learning_rate": "adaptive", "tol": 0.5, "n_iter_no_change": 1}),
    ("two", {"batch_size": 7, "early_stopping": True, "validation_fraction": 0.2, "epochs": 30}),
    ("number", {"batch_size": 7, "early_stopping": True, "epochs": 30, "n_iter_no_change": 2}),
    ("many", {"tol": 0.01, "n_iter_no_change": 2, "epochs": 200}),
    ("two", {"batch_size": 7}),
    ("labels", {"batch_size": 7}),
    ("numbers", {"batch_size": 7, "early_stopping": True}),
]


@pytest.mark.costly
@pytest.mark.parametrize(("kind", "settings"), RUNS, ids=str)
def test_a_run_is_scikit_learns_own(kind, settings, rng):
    """Same seed, same start, same order: the same weights after every step, up to rounding."""
    assert_alike(*both(kind, rng, **{"learning_rate_init": 0.05, **settings}))


@pytest.mark.parametrize("kind", ["two", "number"])
def test_so_is_one_with_sample_weights(kind, rng):
    weights = rng.integers(0, 4, N).astype(float)
    assert_alike(*both(kind, rng, weights, batch_size=11, early_stopping=True))


def assert_alike(ours, theirs, X):
    assert ours.n_iter_ == theirs.n_iter_
    for mine, other in zip(
        ours.coefs_ + ours.intercepts_, theirs.coefs_ + theirs.intercepts_, strict=True
    ):
        np.testing.assert_allclose(mine, other, rtol=1e-6, atol=1e-9)
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


@pytest.mark.usefixtures("unchecked")
@parametrize_with_checks([ThreeLayerClassifier(max_iter=30), ThreeLayerRegressor(max_iter=30)])
def test_scikit_learns_checks(estimator, check):
    """All of them; `parametrize_with_checks` marks no expected failure unless it is told to."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # theirs are about convergence and names of features
        check(estimator)


@pytest.mark.parametrize(("mine", "other"), [pair("two"), pair("number")])
def test_no_check_is_left_out_that_scikit_learns_own_has(mine, other):
    def names(estimator):
        checks = estimator_checks_generator(estimator)
        return {getattr(check, "func", check).__name__ for _, check in checks}

    assert names(mine()) >= names(other())


def test_float32_stays_float32(rng):
    X, y = task("many", rng)
    model = ThreeLayerClassifier(Q, max_iter=3, random_state=0).fit(X.astype(np.float32), y)
    parts = (model.W_, model.V_, *model.coefs_, *model.intercepts_, model.predict_proba(X))
    assert {part.dtype for part in parts} == {np.dtype(np.float32)}
    exact = ThreeLayerClassifier(Q, max_iter=3, random_state=0).fit(X, y)
    assert exact.predict_proba(X).dtype == np.float64
    np.testing.assert_allclose(model.W_, exact.W_, atol=1e-5)


def test_weights_are_views_of_the_lectures(rng):
    X, y = task("many", rng)
    model = ThreeLayerClassifier(Q, "tanh", max_iter=3, random_state=0).fit(X, y)
    assert (model.W_.shape, model.V_.shape) == ((Q, D + 1), (M, Q + 1))
    z = np.tanh(X @ model.coefs_[0] + model.intercepts_[0])
    np.testing.assert_allclose(model.hidden_activations(X), z)
    a = z @ model.coefs_[1] + model.intercepts_[1]
    np.testing.assert_allclose(model.predict_log_proba(X), log_softmax(a, axis=1))


@pytest.mark.parametrize(
    "names",
    [
        np.array(["a", "b", "c", "d"]),
        np.array(["two words", "ä", "", "a"], object),
        np.array([-3, 7, 20, 100]),
        np.array([0.0, 5.0, -2.0, 1e9]),
        np.array([3, 250, 0, 7], np.uint8),
    ],
    ids=str,
)
def test_classes_may_be_of_any_type(names, rng):
    X, codes = task("many", rng)
    settings = {"max_iter": 30, "random_state": 0, "learning_rate_init": 0.05}
    model = ThreeLayerClassifier(Q, **settings).fit(X, names[codes])
    assert list(model.classes_) == sorted(names)
    same = ThreeLayerClassifier(Q, **settings).fit(X, np.argsort(np.argsort(names))[codes])
    assert (model.predict(X) == np.sort(names)[same.predict(X)]).all()
    assert type(model.predict(X)[0]) is type(model.classes_[0])


def test_validation_loss_is_followed_and_its_best_weights_restored(rng):
    X, y = task("many", rng)
    seen = []
    model = ThreeLayerClassifier(
        30, early_stopping=True, validation_fraction=0.4, monitor="loss", max_iter=200, alpha=0,
        learning_rate_init=0.1, random_state=1, on_epoch=lambda *now: seen.append(now),
    ).fit(X, y)  # fmt: skip
    curve = np.array(model.validation_loss_curve_)
    assert model.n_iter_ == len(curve) == len(model.validation_scores_) == len(seen)
    assert 1 < model.n_iter_ < 200
    best = int(curve.argmin())
    assert best == model.n_iter_ - model.n_iter_no_change - 2  # it stopped for want of better ones
    assert model.best_validation_loss_ == curve[best] < curve[-1]
    np.testing.assert_array_equal(model.W_, seen[best][1].W)
    assert [now.test_error for now, _ in seen] == model.validation_loss_curve_
    other, labels = held_out(X, y, 0.4, model)
    assert log_loss(labels, model.predict_proba(other), labels=range(M)) == pytest.approx(
        curve[best]
    )


def held_out(X, y, share, model):
    """The validation samples, which are drawn after the starting weights."""
    random = np.random.RandomState(model.random_state)
    random.uniform(size=model.W_.size + model.V_.size)
    strata = y if y.dtype.kind == "i" else None
    return train_test_split(X, y, test_size=share, random_state=random, stratify=strata)[1::2]


@pytest.mark.parametrize("classes", [2, 3, 7])
def test_validation_samples_have_each_classs_share(classes, rng):
    y = rng.permutation(np.arange(20 * classes) % classes)
    model = ThreeLayerClassifier(validation_fraction=0.2, random_state=0).fit(
        X := np.eye(len(y)), y
    )
    Y = model._label_binarizer.transform(y)
    samples = Data(X, Y, np.ones(len(y)), len(y))
    for part in validation_split(model, np.random.RandomState(0), samples):
        shares = np.bincount(model._label_binarizer.inverse_transform(part.Y))
        assert (shares == shares[0]).all()


def test_a_class_of_one_sample_is_no_reason_to_stop(rng):
    X, y = task("many", rng)
    y[0] = 9
    model = ThreeLayerClassifier(Q, early_stopping=True, max_iter=2).fit(X, y)
    assert 9 in model.classes_
    assert len(model.validation_scores_) == model.n_iter_ == 2


def test_validation_data_of_ones_own(rng):
    X, y = task("many", rng)
    settings = {"hidden_units": Q, "max_iter": 40, "learning_rate_init": 0.1, "random_state": 0}
    model = ThreeLayerClassifier(**settings, n_iter_no_change=3)
    model.fit(X[:30], y[:30], validation_data=(X[30:], y[30:]))
    assert model.best_validation_score_ == pytest.approx(model.score(X[30:], y[30:]))
    assert len(model.validation_loss_curve_) == model.n_iter_
    plain = ThreeLayerClassifier(**{**settings, "max_iter": model.n_iter_}).fit(X[:30], y[:30])
    np.testing.assert_array_equal(model.loss_curve_, plain.loss_curve_)  # none was taken away
    weights = np.arange(17) < 5
    model.fit(X[:30], y[:30], validation_data=(X[30:], y[30:], weights.astype(float)))
    assert model.best_validation_score_ == pytest.approx(model.score(X[30:35], y[30:35]))
    Xr, yr = task("numbers", rng)
    regressor = ThreeLayerRegressor(Q, max_iter=5).fit(Xr, yr, validation_data=(Xr[:9], yr[:9]))
    assert regressor.best_validation_score_ == pytest.approx(regressor.score(Xr[:9], yr[:9]))


@pytest.mark.parametrize(
    ("given", "line"),
    [
        (3, "expected .X, y. or .X, y, sample_weight. for validation_data"),
        ((np.ones((4, D)), np.full(4, 9)), "validation_data: expected y of the classes"),
        (
            (np.ones((4, D)), np.zeros(3, int)),
            "validation_data: expected as many rows in y as in X, 4, got 3",
        ),
        ((np.ones((4, 2)), np.zeros(4, int)), "validation_data: X has 2 features"),
    ],
)
def test_bad_validation_data_are_refused(given, line, rng):
    with pytest.raises(ValueError, match=line):
        ThreeLayerClassifier(Q).fit(*task("many", rng), validation_data=given)


def test_hidden_layer_sizes_as_scikit_learn_has_them(rng):
    X, y = task("many", rng)
    wanted = ThreeLayerClassifier(Q, max_iter=3, random_state=0).fit(X, y)
    for sizes in ((Q,), [Q], Q, np.array([Q])):
        model = ThreeLayerClassifier(hidden_layer_sizes=sizes, max_iter=3, random_state=0)
        np.testing.assert_array_equal(clone(model).fit(X, y).W_, wanted.W_)
    for sizes, line in (((5, 3), "expected one hidden layer, .q,., for hidden_layer_sizes, got .5, 3.: the network has three layers"),
                        ((), "expected one hidden layer"), ("5", "expected .q,. for hidden_layer"), ((0,), "got .0,")):  # fmt: skip
        with pytest.raises(ValueError, match=line):
            ThreeLayerClassifier(hidden_layer_sizes=sizes).fit(X, y)
    with pytest.raises(
        ValueError, match="expected hidden_units or hidden_layer_sizes, got both: 7 and"
    ):
        ThreeLayerClassifier(7, hidden_layer_sizes=(5,)).fit(X, y)


@pytest.mark.costly
@pytest.mark.parametrize(
    "f",
    [jax.nn.silu, jax.nn.relu, jax.nn.gelu, jax.numpy.sin, jax.numpy.tanh],
    ids=lambda f: f.__name__,
)
def test_functions_of_jax_are_pickled_and_cloned(f, rng):
    X, y = task("many", rng)
    model = ThreeLayerClassifier(Q, f, max_iter=2, random_state=0)
    fitted = model.fit(X, y)
    for same in (
        pickle.loads(pickle.dumps(fitted)),
        copy.deepcopy(fitted),
        clone(fitted).fit(X, y),
    ):
        np.testing.assert_array_equal(same.predict_proba(X), fitted.predict_proba(X))
        assert same._network() == fitted._network()  # and so no program is compiled again
    assert pickle.loads(pickle.dumps(model)).activation is f
    search = GridSearchCV(model, {"activation": [f, "tanh"]}, cv=2).fit(X, y)
    assert search.best_score_ > 0


def test_metadata_and_set_output_are_those_of_scikit_learns_own(rng):
    X, y = task("many", rng)
    with sklearn.config_context(enable_metadata_routing=True):
        for ours, theirs in (
            (ThreeLayerClassifier(), MLPClassifier()),
            (ThreeLayerRegressor(), MLPRegressor()),
        ):
            assert str(theirs.get_metadata_routing()) in str(ours.get_metadata_routing()).replace(
                ", 'validation_data': None", ""
            )
        model = ThreeLayerClassifier(Q, max_iter=2).set_fit_request(sample_weight=True)
        steps = make_pipeline(StandardScaler().set_fit_request(sample_weight=False), model)
        steps.set_output(transform="pandas").fit(X, y, sample_weight=np.ones(N))
    assert list(steps[-1].feature_names_in_) == [f"x{k}" for k in range(D)]


@pytest.mark.parametrize("kind", ["two", "many", "names", "number", "numbers", "labels"])
def test_estimators_and_files_are_one(kind, rng, tmp_path):
    X, y = task("many" if kind == "names" else kind, rng)
    y = np.array(list("dabc"))[y] if kind == "names" else y
    frame = pd.DataFrame(X, columns=list("abcde"))
    estimator = pair(kind)[0](Q, max_iter=9, random_state=0).fit(frame, y)
    save_model(tmp_path / "m", estimator)
    model = load_model(tmp_path / "m")
    assert model.features == tuple("abcde")
    if kind == "labels":
        np.testing.assert_array_equal(model.predict(X) > 0.5, estimator.predict(frame))
        return
    for given in (X, frame, frame[list("edcba")]):
        found, wanted = model.predict(given), estimator.predict(frame)
        close = (
            np.testing.assert_allclose if found.dtype.kind == "f" else np.testing.assert_array_equal
        )
        close(found, wanted)
    assert model.predict(X).dtype.kind == estimator.predict(frame).dtype.kind
    assert model.score(X, y) == pytest.approx(estimator.score(frame, y))
    if not kind.startswith("number"):
        np.testing.assert_allclose(
            model.predict_proba(X), estimator.predict_proba(frame), rtol=1e-12
        )


def test_what_has_no_model_is_refused(rng, tmp_path):
    with pytest.raises(ValueError, match="expected a Model or an estimator of the package's, got"):
        save_model(tmp_path / "m", StandardScaler())
    with pytest.raises(NotFittedError):
        save_model(tmp_path / "m", ThreeLayerClassifier())
    X, y = task("number", rng)
    save_model(tmp_path / "m", ThreeLayerRegressor(Q, max_iter=1).fit(X, y))
    with pytest.raises(ValueError, match="expected a model of classes for probabilities"):
        load_model(tmp_path / "m").predict_proba(X)
    with pytest.raises(ValueError, match=r"expected samples of shape .n, 5., got .47, 4."):
        load_model(tmp_path / "m").predict(X[:, :4])


def test_a_callback_sees_each_epoch_and_ends_the_training(rng):
    X, y = task("number", rng)
    seen = []

    def stop(epoch, params):
        seen.append((epoch.epoch, epoch.eta, epoch.train_error, np.asarray(params.W).shape))
        return epoch.epoch == 4

    with warnings.catch_warnings(action="error"):  # no word of max_iter: it was ended
        model = ThreeLayerRegressor(Q, random_state=0, on_epoch=stop).fit(X, y)
    assert model.n_iter_ == 4
    assert seen == [(k + 1, 0.001, model.loss_curve_[k], (Q, D + 1)) for k in range(4)]


def test_ctrl_c_keeps_what_was_learned(rng):
    X, y = task("number", rng)

    def interrupt(epoch, _):
        if epoch.epoch == 3:
            raise KeyboardInterrupt

    model = ThreeLayerRegressor(Q, random_state=0, on_epoch=interrupt)
    with pytest.warns(UserWarning, match="interrupted"):
        model.fit(X, y)
    assert model.n_iter_ == 3
    assert np.isfinite(model.predict(X)).all()


def test_the_end_of_training_is_told(rng):
    X, y = task("number", rng)
    with pytest.warns(ConvergenceWarning, match="Maximum iterations \\(2\\) reached"):
        ThreeLayerRegressor(Q, max_iter=2).fit(X, y)
    with pytest.warns(UserWarning, match="batch_size 1000 is more than the 47 samples"):
        ThreeLayerRegressor(Q, max_iter=1, batch_size=1000).fit(X, y)


def test_class_weight_is_sample_weight(rng):
    X, y = task("many", rng)
    settings = {"hidden_units": Q, "max_iter": 10, "random_state": 0}
    weight = {0: 1.0, 1: 5.0, 2: 0.0, 3: 2.0}
    one = ThreeLayerClassifier(class_weight=weight, **settings).fit(X, y)
    other = ThreeLayerClassifier(**settings).fit(X, y, np.array([1.0, 5.0, 0.0, 2.0])[y])
    np.testing.assert_allclose(one.W_, other.W_, rtol=1e-10)
    balanced = ThreeLayerClassifier(class_weight="balanced", **settings).fit(X, y)
    other.fit(X, y, (len(y) / 4 / np.bincount(y))[y])
    np.testing.assert_allclose(balanced.W_, other.W_, rtol=1e-10)


def test_partial_fit_goes_on_where_it_ended(rng):
    X, y = task("many", rng)
    whole = ThreeLayerClassifier(Q, max_iter=5, random_state=0).fit(X, y)
    parts = ThreeLayerClassifier(Q, random_state=0)
    for _ in range(5):
        parts.partial_fit(X, y, classes=range(4))
    np.testing.assert_allclose(parts.W_, whole.W_, rtol=1e-10)
    assert parts.loss_curve_ == pytest.approx(whole.loss_curve_)
    assert (parts.n_iter_, parts.t_) == (1, 5 * N)
    parts.set_params(solver="sgd").partial_fit(X[:20], y[:20])  # another optimizer, fewer rows
    assert len(parts.loss_curve_) == 6


def test_warm_start_goes_on_from_the_weights(rng):
    X, y = task("number", rng)
    model = ThreeLayerRegressor(
        Q, max_iter=2, warm_start=True, solver="sgd", momentum=0.0, random_state=0
    )
    whole = clone(model).set_params(max_iter=4).fit(X, y)
    np.testing.assert_allclose(model.fit(X, y).fit(X, y).W_, whole.W_, rtol=1e-12)
    assert (model.n_iter_, len(model.loss_curve_)) == (2, 4)


OPTIMIZERS = [
    optax.lion,
    functools.partial(optax.adamw, weight_decay=0.01),
    optax.adam(0.001),
    optax.lbfgs(),  # which wants the objective itself
    optax.MultiSteps(optax.adam(0.001), 2),
]


@pytest.mark.parametrize("solver", OPTIMIZERS, ids=lambda o: type(o).__name__)
def test_any_optimizer_of_optax(solver, rng):
    X, y = task("number", rng)
    model = clone(ThreeLayerRegressor(Q, solver=solver, max_iter=40, random_state=0)).fit(X, y)
    assert model.loss_curve_[-1] < model.loss_curve_[0]
    if isinstance(solver, optax.GradientTransformation) and solver == OPTIMIZERS[2]:
        named = ThreeLayerRegressor(Q, max_iter=40, random_state=0).fit(X, y)
        np.testing.assert_allclose(model.W_, named.W_, rtol=1e-10)


def test_equal_settings_and_nearly_equal_sizes_share_a_program(rng):
    X, y = task("many", rng)
    cross_val_score(ThreeLayerClassifier(Q, max_iter=2, batch_size=8), X, y, cv=5)
    before = descent.train_epochs.ways[0]._cache_size()
    for solver in ("adam", functools.partial(optax.adamw, weight_decay=0.1)):
        for k in range(3):
            how = {"alpha": 0.1 * k, "learning_rate_init": 0.01 + k, "tol": k, "max_iter": 2 + k}
            ThreeLayerClassifier(Q, solver=clone_of(solver), batch_size=8, **how).fit(X[k:], y[k:])
    assert descent.train_epochs.ways[0]._cache_size() == before + 1  # the second solver's


def clone_of(solver):
    """An equal one, as scikit-learn's `clone` makes it."""
    return clone(solver, safe=False)


@pytest.mark.slow
def test_search_is_sweep(rng):
    """The best of six networks, each of which is what `fit` makes of it."""
    X, y = task("many", rng)
    model = ThreeLayerClassifier(Q, max_iter=20, random_state=5, validation_fraction=0.3, alpha=0.1)
    model.search(X, y, learning_rate_init=[0.001, 0.1], random_state=[0, 1, 2])
    results = model.search_results_
    k = results["validation_loss"].argmin()
    assert model.best_params_ == {
        name: results[name][k] for name in ("learning_rate_init", "random_state")
    }
    assert model.best_validation_loss_ == results["validation_loss"][k]
    random = np.random.RandomState(5)
    how = {"test_size": 0.3, "random_state": random, "stratify": y}
    train, other, labels, held = train_test_split(X, y, **how)
    assert log_loss(held, model.predict_proba(other), labels=range(M)) == pytest.approx(
        model.best_validation_loss_
    )
    alone = ThreeLayerClassifier(
        Q, max_iter=results["epoch"][k], alpha=0.1, epsilon=1e-8, **model.best_params_
    ).fit(train, labels)
    np.testing.assert_allclose(model.W_, alone.W_, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"learning_rate_init": [], "random_state": [0]}, "learning_rate_init"),
        ({"learning_rate_init": 0.1, "random_state": [0]}, "learning_rate_init"),
        ({"learning_rate_init": [0.1, -1], "random_state": [0]}, "learning_rate_init"),
        ({"learning_rate_init": [0.1], "random_state": [0.5]}, "random_state"),
        ({"learning_rate_init": [0.1], "random_state": "01"}, "random_state"),
    ],
)
def test_search_refuses(given, named, rng):
    with pytest.raises(ValueError, match=named):
        ThreeLayerClassifier().search(*task("many", rng), **given)


def test_pickle_and_joblib(rng, tmp_path):
    X, y = task("many", rng)
    model = ThreeLayerClassifier(Q, max_iter=3, random_state=0, solver=optax.lion).fit(X, y)
    joblib.dump(model, tmp_path / "model")
    for again in (pickle.loads(pickle.dumps(model)), joblib.load(tmp_path / "model")):
        np.testing.assert_array_equal(again.predict_proba(X), model.predict_proba(X))
        np.testing.assert_array_equal(again.partial_fit(X, y).W_, clone_fit(model, X, y).W_)


def clone_fit(model, X, y):
    return copy.deepcopy(model).partial_fit(X, y)


@pytest.mark.slow
def test_grid_search_in_two_processes(rng):
    X, y = task("many", rng)
    pipeline = make_pipeline(StandardScaler(), ThreeLayerClassifier(Q, max_iter=5, random_state=0))
    grid = {"threelayerclassifier__alpha": [0.0, 1.0]}
    two = GridSearchCV(pipeline, grid, cv=2, n_jobs=2).fit(X, y)
    one = GridSearchCV(pipeline, grid, cv=2).fit(X, y)
    for name in ("split0_test_score", "split1_test_score"):
        np.testing.assert_array_equal(two.cv_results_[name], one.cv_results_[name])


def test_sparse_matrices_are_made_dense(rng):
    X, y = task("many", rng)
    X = X * (X > 0)
    settings = {"hidden_units": Q, "max_iter": 3, "random_state": 0}
    dense = ThreeLayerClassifier(**settings).fit(X, y)
    for kind in (sparse.csr_matrix, sparse.csc_array, sparse.coo_array):
        model = ThreeLayerClassifier(**settings).fit(kind(X), y)
        np.testing.assert_array_equal(model.predict_proba(kind(X)), dense.predict_proba(X))


def test_sparse_labels_are_answered_as_dense_ones(rng):
    X, y = rng.normal(size=(20, 5)), rng.integers(0, 2, size=(20, 3))
    settings = {"hidden_units": Q, "max_iter": 3, "random_state": 0}
    dense = ThreeLayerClassifier(**settings).fit(X, y).predict(X)
    for kind in (sparse.csr_matrix, sparse.csr_array):
        answered = ThreeLayerClassifier(**settings).fit(X, kind(y)).predict(X)
        assert isinstance(answered, np.ndarray)
        np.testing.assert_array_equal(answered, dense)


def test_names_of_features(rng):
    pandas = pytest.importorskip("pandas")
    X, y = task("many", rng)
    model = ThreeLayerClassifier(Q, max_iter=1).fit(pandas.DataFrame(X, columns=list("abcde")), y)
    assert list(model.feature_names_in_) == list("abcde")
    with pytest.raises(ValueError, match="feature names"):
        model.predict(pandas.DataFrame(X, columns=list("edcba")))


SETTINGS = [
    ("hidden_units", 0), ("hidden_units", 2.5), ("hidden_units", (100,)), ("hidden_units", True),
    ("activation", "softplus"), ("activation", None), ("activation", ["relu"]),
    ("solver", "lbfgs"), ("solver", None), ("solver", 3), ("alpha", -1), ("alpha", np.nan),
    ("batch_size", 0), ("batch_size", "all"), ("batch_size", 1.5), ("learning_rate", "falling"),
    ("learning_rate_init", 0), ("learning_rate_init", np.inf), ("learning_rate_init", "auto"),
    ("power_t", -1), ("max_iter", 0), ("max_iter", 1e3), ("shuffle", 1), ("random_state", "seed"),
    ("random_state", -1), ("tol", -1e-9), ("warm_start", "no"), ("momentum", 1.1),
    ("nesterovs_momentum", None), ("early_stopping", "yes"), ("validation_fraction", 0.0),
    ("validation_fraction", 1), ("monitor", "accuracy"), ("beta_1", 1), ("beta_2", -0.1),
    ("epsilon", 0), ("n_iter_no_change", 0), ("n_iter_no_change", 2.5), ("on_epoch", "print"),
    ("class_weight", "even"), ("class_weight", {9: 1.0}), ("class_weight", 3),
]  # fmt: skip


@pytest.mark.parametrize(("name", "value"), SETTINGS, ids=str)
@pytest.mark.usefixtures("unchecked")
def test_a_setting_that_makes_no_sense_is_refused_by_name(name, value, rng):
    with pytest.raises((ValueError, TypeError), match=name):
        ThreeLayerClassifier(max_iter=1).set_params(**{name: value}).fit(*task("many", rng))


BAD = [
    ("X", lambda X, y: (X[0], y)), ("X", lambda X, y: (X[None], y)), ("X", lambda X, y: (3.0, y)),
    ("X", lambda X, y: (X[:0], y)), ("X", lambda X, y: (X[:, :0], y)),
    ("X", lambda X, y: (np.where(X > 1, np.nan, X), y)), ("X", lambda X, y: (np.where(X > 1, np.inf, X), y)),
    ("X", lambda X, y: (X + 1j, y)), ("X", lambda X, y: ([*X.tolist(), ["a"] * D], [*y, 0])),
    ("X", lambda X, y: (np.full((N, D), {}), y)), ("X", lambda X, y: (X[:9], y)),
    ("X", lambda X, y: ([[1.0], [2.0, 3.0]], y[:2])), ("X", lambda X, y: (None, y)),
    ("y", lambda X, y: (X, None)), ("y", lambda X, y: (X, y[:9])), ("y", lambda X, y: (X, 3)),
    ("y", lambda X, y: (X, y[:, None, None])), ("y", lambda X, y: (X, np.where(y > 1, np.nan, y))),
    ("y", lambda X, y: (X, [[1], [2, 3]] * 5)), ("y", lambda X, y: (X, y + 1j)),
]  # fmt: skip
"""(what the message must name, what spoils X and y)"""


@pytest.mark.parametrize("estimator", [ThreeLayerClassifier, ThreeLayerRegressor])
@pytest.mark.parametrize(("name", "spoil"), BAD, ids=lambda b: b if isinstance(b, str) else "")
def test_data_that_makes_no_sense_is_refused_by_name(estimator, name, spoil, rng):
    X, y = task("many", rng)
    model = estimator(Q, max_iter=1)
    with pytest.raises((ValueError, TypeError), match=rf"\b{name}\b"):
        model.fit(*spoil(X, y))
    assert not hasattr(model, "W_")


@pytest.mark.parametrize(
    "weights", [np.ones(9), np.ones((N, 2)), -np.ones(N), np.zeros(N), np.full(N, np.nan), "heavy"]
)
def test_sample_weights_that_make_no_sense_are_refused(weights, rng):
    with pytest.raises((ValueError, TypeError), match="sample_weight"):
        ThreeLayerClassifier(Q).fit(*task("many", rng), weights)


def test_what_does_not_fit_the_fitted_is_refused(rng):
    X, y = task("many", rng)
    with pytest.raises(NotFittedError):
        ThreeLayerClassifier().predict(X)
    with pytest.raises(ValueError, match="classes must be passed"):
        ThreeLayerClassifier().partial_fit(X, y)
    model = ThreeLayerClassifier(Q, max_iter=1, random_state=0).fit(X, y)
    W = model.W_.copy()
    with pytest.raises(ValueError, match="X has 4 features"):
        model.predict(X[:, :4])
    with pytest.raises(ValueError, match="`classes=.* is not the same"):
        model.partial_fit(X, y, classes=[0, 1])
    with pytest.raises(ValueError, match="expected y of the classes"):
        model.partial_fit(X, y + 1)
    with pytest.raises(ValueError, match="expected y of the classes"):
        model.set_params(warm_start=True).fit(X, y % 3)
    with pytest.raises(ValueError, match="hidden_units 3 as before, got 7"):
        model.set_params(hidden_units=7).fit(X, y)
    with pytest.raises(ValueError, match="class_weight in partial_fit"):
        model.set_params(hidden_units=Q, class_weight="balanced").partial_fit(X, y)
    with pytest.raises(ValueError, match="early_stopping"):
        model.set_params(early_stopping=True, class_weight=None).partial_fit(X, y)
    np.testing.assert_array_equal(model.W_, W)
    regressor = ThreeLayerRegressor(Q, max_iter=1).fit(*task("numbers", rng))
    with pytest.raises(ValueError, match="expected y of 4 targets"):
        regressor.partial_fit(*task("number", rng))


def test_divergence_is_one_line_and_leaves_what_was(rng):
    X, y = task("number", rng)
    model = ThreeLayerRegressor(Q, solver="sgd", learning_rate_init=0.01, max_iter=1).fit(X, y)
    W = model.W_.copy()
    model.set_params(learning_rate_init=1e6, warm_start=True, max_iter=50)
    with pytest.raises(
        ValueError, match="diverged in epoch .* learning_rate_init may be too large"
    ):
        model.fit(X, y)
    np.testing.assert_array_equal(model.W_, W)


def test_too_few_samples_to_validate_on(rng):
    X, y = task("number", rng)
    with pytest.raises(ValueError, match="validation_fraction"):
        ThreeLayerRegressor(early_stopping=True).fit(X[:4], y[:4])


RANKS = [(), (7,), (7,), (7, 1), (7, 2), (7, 2), (3, 2), (0, 2), (7, 0), (2, 3, 2)]
DTYPES = [np.float64, np.float32, np.float16, np.int8, np.bool_, np.complex64, "U3", object]
HUGE = [np.nan, np.inf, -np.inf, 1e300, -1e300, 1e-300, 3e38]
tame = st.integers(-2, 2) | st.floats(-5, 5)


@st.composite
def as_a_user_may_pass(draw, usual):
    """Any rank, dtype and container; now and then a column, or all of it, is constant."""
    shape = draw(st.just(usual) | st.just(usual) | st.sampled_from(RANKS))
    dtype = draw(st.just(float) | st.sampled_from(DTYPES))
    elements = draw(st.sampled_from([tame, st.integers(0, 2), tame | st.sampled_from(HUGE)]))
    if dtype is object:
        elements = draw(st.sampled_from([st.sampled_from("ab"), elements, elements | st.none()]))
        array = draw(hnp.arrays(object, shape, elements=elements))
    else:
        array = draw(hnp.arrays(float, shape, elements=elements, fill=st.just(1.0))).astype(dtype)
    return draw(st.sampled_from([as_it_is, np.ndarray.tolist, as_sparse, np.asfortranarray]))(array)


def as_it_is(array):
    return array


def as_sparse(array):
    fits = array.ndim == 2 and array.dtype in (np.float64, np.float32, np.int8)
    return sparse.csr_matrix(array) if fits else array


@pytest.mark.slow
@pytest.mark.parametrize("estimator", [ThreeLayerClassifier, ThreeLayerRegressor])
@hypothesis.given(
    X=as_a_user_may_pass((7, 2)), y=as_a_user_may_pass((7,)),
    weights=st.none() | st.none() | as_a_user_may_pass((7,)),
)  # fmt: skip
@hypothesis.settings(max_examples=250)
@pytest.mark.filterwarnings("ignore")
def test_whatever_is_passed_is_used_or_refused_by_name(estimator, X, y, weights):
    model = estimator(2, max_iter=1, random_state=0)
    try:
        predicted = model.fit(X, y, weights).predict(X)
    except (ValueError, TypeError) as refused:
        if re.search(r"\b(X|y|sample_weight)\b", str(refused)):
            return
        raise
    assert len(predicted) == (X.shape[0] if sparse.issparse(X) else len(X))
    if estimator is ThreeLayerRegressor:
        assert np.isfinite(predicted).all()
    else:
        assert np.isin(predicted, model.classes_).all()


def test_a_compiler_that_does_not_know_the_quick_way_takes_its_own(monkeypatch):
    from jaxmlp.estimators import descent

    monkeypatch.setattr(descent, "NO_FUSION_EMITTERS", {"xla_no_such_option": True})
    times = descent.compiled(0)(lambda k, x: k * x)
    assert times(3, np.float32(2)) == 6

    def wrong(x):
        raise jax.errors.JaxRuntimeError("another")

    with pytest.raises(jax.errors.JaxRuntimeError, match="another"):
        descent.compiled()(wrong)(1.0)


def test_lookahead_is_refused_in_one_line(rng):
    solver = optax.lookahead(optax.sgd(0.1), 6, 0.5)
    with pytest.raises(ValueError, match="that takes parameters and gradients as they are"):
        ThreeLayerClassifier(Q, solver=solver, max_iter=2).fit(*task("many", rng))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="Windows has no fork")
def test_a_fork_of_a_process_in_which_jax_runs_is_refused(rng):
    """There it would wait for ever."""
    X, y = task("number", rng)
    model = ThreeLayerRegressor(Q, max_iter=1).fit(X, y)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with multiprocessing.get_context("fork").Pool(1) as pool:
            for call in (model.fit, model.score):
                with pytest.raises(RuntimeError, match='expected joblib.s backend "loky" or'):
                    pool.apply(call, (X, y))


def test_labels_stay_what_they_are_on_the_way_to_scikit_learn(rng):
    X, y = task("many", rng)
    estimator = ThreeLayerClassifier(Q, max_iter=9, random_state=0).fit(X, y + 7)
    mlp = to_scikit_learn(estimator.as_model())
    np.testing.assert_array_equal(mlp.predict(X), estimator.predict(X))
    named = to_scikit_learn(estimator.as_model(), classes=list("abcd"))
    assert set(named.predict(X)) <= set("abcd")
