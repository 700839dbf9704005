"""scikit-learn's perceptrons against ours, in both directions."""

import warnings

import jax
import numpy as np
import pytest
from sklearn.datasets import load_diabetes, load_digits, load_iris, load_linnerud
from sklearn.exceptions import NotFittedError
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline

from jaxmlp.data.preparation import Column
from jaxmlp.data.scaling import Scaling
from jaxmlp.evaluate import probabilities
from jaxmlp.network import Network, Params, forward
from jaxmlp.scikit_learn import from_scikit_learn, to_scikit_learn
from jaxmlp.storage import Model, load_model, save_model

from .conftest import draw_params

ACTIVATIONS = ("relu", "tanh", "logistic", "identity")


def fitted(mlp, X, y):
    """A few steps are enough: the outputs are to be the same, not good."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return mlp.set_params(max_iter=3, random_state=1).fit(X, y)


def outputs(model: Model, X: np.ndarray) -> np.ndarray:
    """Raw samples to probabilities, or numbers."""
    x = model.x_scaling.apply(X).astype(model.params.V.dtype)
    g = np.asarray(forward(model.network, model.params, x).g)
    return g if model.classes is None else probabilities(g)


@pytest.fixture(scope="module")
def problems():
    X, y = load_iris(return_X_y=True)
    several = np.stack([y == 0, X[:, 0] > 5.8, X[:, 1] > 3], axis=1).astype(int)
    return {
        "several classes": (MLPClassifier, X, y),
        "two classes": (MLPClassifier, X, np.where(y == 1, "yes", "no")),
        "two numbers": (MLPClassifier, X, np.where(y == 1, 10, 9)),
        "several labels": (MLPClassifier, X, several),
        "one output": (MLPRegressor, *load_diabetes(return_X_y=True)),
        "several outputs": (MLPRegressor, *load_linnerud(return_X_y=True)),
    }


@pytest.mark.parametrize(
    "what",
    [
        "several classes",
        "two classes",
        "two numbers",
        "several labels",
        "one output",
        "several outputs",
    ],
)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_there_and_back(what, activation, problems, tmp_path):
    kind, X, y = problems[what]
    mlp = fitted(kind(hidden_layer_sizes=(7,), activation=activation), X, y)
    save_model(tmp_path / "m", from_scikit_learn(mlp))
    model = load_model(tmp_path / "m")
    wanted = mlp.predict_proba(X) if kind is MLPClassifier else mlp.predict(X)
    np.testing.assert_allclose(outputs(model, X).reshape(wanted.shape), wanted, atol=1e-12)

    labels = mlp.classes_ if model.classes else None
    back = to_scikit_learn(model, classes=labels)
    again = back.predict_proba(X) if kind is MLPClassifier else back.predict(X)
    np.testing.assert_allclose(again, wanted, atol=1e-12)
    assert back.predict(X).dtype == mlp.predict(X).dtype
    np.testing.assert_array_equal(back.predict(X), mlp.predict(X))
    assert (back.out_activation_, back.n_features_in_) == (mlp.out_activation_, X.shape[1])


@pytest.mark.costly
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_in_float32_to_a_millionth(activation):
    X, y = load_digits(return_X_y=True)
    mlp = fitted(MLPClassifier((200,), activation=activation), X / 16, y)
    with jax.enable_x64(False):
        model = from_scikit_learn(mlp)
        params = Params(*(p.astype("float32") for p in model.params))
        found = outputs(model._replace(params=params), X / 16)
    assert found.dtype == np.float32
    assert np.abs(found - mlp.predict_proba(X / 16)).max() < 1e-6


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("hidden", ["sigmoid", None])
@pytest.mark.parametrize(
    ("output", "loss", "m", "classes"),
    [
        ("softmax", "cross_entropy", 4, ("d", "b", "a", "c")),
        ("softmax", "cross_entropy", 2, ("yes", "no")),
        ("softmax", "squared_error", 2, ("no", "yes")),
        ("sigmoid", "binary_cross_entropy", 1, ("yes", "no")),
        ("sigmoid", "binary_cross_entropy", 1, ("no", "yes")),
        ("sigmoid", "binary_cross_entropy", 3, None),
        ("identity", "squared_error", 3, None),
        ("identity", "squared_error", 1, None),
    ],
)  # fmt: skip
def test_scalings_go_into_the_weights(output, loss, m, classes, hidden, bias, rng):
    """And classes into scikit-learn's order, which is sorted."""
    params = draw_params(rng, 5, 3 if hidden else 5, m, bias=bias)
    x = Scaling(rng.normal(size=5), rng.uniform(1, 9, size=5))
    y = Scaling(rng.normal(size=m), rng.uniform(1, 9, size=m)) if output == "identity" else None
    params = Params(params.W if hidden else None, params.V)
    model = Model(Network(hidden, output, loss, bias), params, x, y, classes)
    X = 5 * rng.normal(size=(20, 5))
    wanted = outputs(model, X) if y is None else y.undo(outputs(model, X))
    mlp = to_scikit_learn(model)
    if output == "identity":
        np.testing.assert_allclose(
            mlp.predict(X).reshape(wanted.shape), wanted, rtol=1e-9, atol=1e-9
        )
        return
    order = np.argsort(classes) if classes else slice(None)
    np.testing.assert_allclose(mlp.predict_proba(X), wanted[:, order], atol=1e-12)
    if classes:
        assert mlp.classes_.tolist() == sorted(classes)
        assert mlp.predict(X).tolist() == [classes[k] for k in wanted.argmax(axis=1)]
    assert np.ptp(wanted, axis=0).min() > 0.01


def test_labels_of_any_type_and_what_goes_on(rng):
    """Whole numbers in their order, 9 before 10, whatever the order of their names."""
    params = draw_params(rng, 5, 3, 3)
    model = Model(Network(), params, Scaling(np.zeros(5), np.ones(5)), None, ("10", "9", "11"))
    X = rng.normal(size=(40, 5))
    mlp = to_scikit_learn(model, classes=[10, 9, 11])
    assert mlp.classes_.tolist() == [9, 10, 11]
    np.testing.assert_allclose(mlp.predict_proba(X)[:, 0], outputs(model, X)[:, 1], atol=1e-12)
    with pytest.raises(ValueError, match="expected 3 names of classes, got 2"):
        to_scikit_learn(model, classes=[1, 2])
    before = mlp.score(X, mlp.predict(X))
    mlp.partial_fit(X, mlp.predict(X))
    assert before == mlp.score(X, mlp.predict(X)) == 1
    assert len(mlp.loss_curve_) == 1


def test_names_of_the_columns_are_taken_over():
    """They come with a DataFrame; pandas need not be there."""
    X, y = load_iris(return_X_y=True)
    mlp = fitted(MLPClassifier((3,)), X, y)
    assert from_scikit_learn(mlp).features is None
    mlp.feature_names_in_ = np.array(["a", "b", "c", "d"], dtype=object)
    assert from_scikit_learn(mlp).features == ("a", "b", "c", "d")


def test_what_cannot_be_taken_over_is_refused(unchecked):
    X, y = load_iris(return_X_y=True)
    with pytest.raises(ValueError, match="expected at most one hidden layer, got 2"):
        from_scikit_learn(fitted(MLPClassifier((3, 3)), X, y))
    with pytest.raises(NotFittedError, match="not fitted yet"):
        from_scikit_learn(MLPClassifier())
    with pytest.raises(ValueError, match="an MLPClassifier or MLPRegressor, got Pipeline"):
        from_scikit_learn(make_pipeline(MLPClassifier()))
    with pytest.raises(ValueError, match="an output of identity, softmax, logistic, got exp"):
        from_scikit_learn(fitted(MLPRegressor("poisson", (3,)), X, y))
    broken = fitted(MLPClassifier((3,)), X, y)
    broken.coefs_[0][0, 0] = np.nan
    with pytest.raises(ValueError, match="expected W of finite numbers"):
        from_scikit_learn(broken)


@pytest.mark.parametrize(
    ("output", "loss", "m", "classes"),
    [
        ("tanh", "squared_error", 3, None),
        ("tanh", "squared_error", 3, ("a", "b", "c")),
        ("identity", "squared_error", 3, ("a", "b", "c")),
        ("sigmoid", "binary_cross_entropy", 3, ("a", "b", "c")),
        ("sigmoid", "binary_cross_entropy", 1, None),
        ("softmax", "cross_entropy", 3, None),
    ],
)  # fmt: skip
def test_what_scikit_learn_has_not_is_refused(output, loss, m, classes, rng):
    scaling = Scaling(np.zeros(5), np.ones(5))
    model = Model(Network("relu", output, loss), draw_params(rng, 5, 3, m), scaling, None, classes)
    with pytest.raises(ValueError, match=f"an output that scikit-learn has, got {output} of {m}"):
        to_scikit_learn(model)


def test_scaled_targets_of_an_output_that_is_bounded_are_refused(rng):
    x, y = Scaling(np.zeros(5), np.ones(5)), Scaling(np.zeros(3), 2 * np.ones(3))
    network = Network("relu", "sigmoid", "squared_error")
    model = Model(network, draw_params(rng, 5, 3, 3), x, y, None)
    with pytest.raises(ValueError, match="expected targets that are not scaled"):
        to_scikit_learn(model)


def test_a_model_of_words_is_refused(rng):
    params = Params(None, rng.normal(size=(2, 3)))
    scaling = Scaling(np.zeros(2), np.ones(2))
    words = (Column(0.0, False, ("Paris", "Rome")),)
    model = Model(Network(None), params, scaling, None, ("a", "b"), ("city",), None, words)
    assert model.predict(np.array([["Rome"]], object)).shape == (1,)
    with pytest.raises(ValueError, match="expected samples of numbers alone, got words"):
        to_scikit_learn(model)
