"""scikit-learn's multi-layer perceptrons with one hidden layer or none, taken over and handed back.

Theirs has a matrix of weights (d, q) and a vector of biases a layer; W is (q, d+1).
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Union

import numpy as np

from jaxmlp.data.scaling import Scaling
from jaxmlp.losses import LOSS_OF
from jaxmlp.network import Network, Params
from jaxmlp.storage import Model, check_model

if TYPE_CHECKING:
    import sklearn.neural_network
Perceptron = Union["sklearn.neural_network.MLPClassifier", "sklearn.neural_network.MLPRegressor"]

HIDDEN_BY_THEIRS = {"identity": "identity", "logistic": "sigmoid", "relu": "relu", "tanh": "tanh"}
OUTPUT_BY_THEIRS = {"identity": "identity", "softmax": "softmax", "logistic": "sigmoid"}


def from_scikit_learn(mlp: Any) -> Model:
    """The network of a fitted `MLPClassifier` or `MLPRegressor`, with the same outputs.

    Two classes are one sigmoid output (L10), as there; several labels at once are sigmoid
    outputs, which a `Model` holds as numbers, without classes. A scaler in front of it stays
    behind: put its numbers in place of the model's `x_scaling`, which changes nothing.

    Raises:
        ValueError: it is something else, not fitted, has more than one hidden layer, or an
            output that the package has not.

    Example:
        >>> from sklearn.datasets import load_iris
        >>> from sklearn.neural_network import MLPClassifier
        >>> mlp = MLPClassifier((3,), solver="lbfgs", max_iter=5000, random_state=0)
        >>> model = from_scikit_learn(mlp.fit(*load_iris(return_X_y=True)))
        >>> model.network.hidden.name, model.params.W.shape, model.classes
        ('relu', (3, 5), ('0', '1', '2'))
    """
    from sklearn.neural_network import MLPClassifier, MLPRegressor
    from sklearn.utils.validation import check_is_fitted

    if not isinstance(mlp, MLPClassifier | MLPRegressor):
        raise ValueError(f"expected an MLPClassifier or MLPRegressor, got {type(mlp).__name__}")
    check_is_fitted(mlp)
    pairs = zip(mlp.intercepts_, mlp.coefs_, strict=True)
    layers = [np.column_stack((biases, weights.T)) for biases, weights in pairs]
    if len(layers) > 2:
        raise ValueError(f"expected at most one hidden layer, got {len(layers) - 1}")
    if mlp.out_activation_ not in OUTPUT_BY_THEIRS:
        wanted = ", ".join(OUTPUT_BY_THEIRS)
        raise ValueError(f"expected an output of {wanted}, got {mlp.out_activation_}")
    *W, V = layers
    g = OUTPUT_BY_THEIRS[mlp.out_activation_]
    network = Network(HIDDEN_BY_THEIRS[mlp.activation] if W else None, g, LOSS_OF[g])
    numbers = isinstance(mlp, MLPRegressor) or (network.output.name == "sigmoid" and len(V) > 1)
    classes = None if numbers else tuple(map(str, mlp.classes_))
    names = getattr(mlp, "feature_names_in_", None)
    scaling = Scaling(np.zeros(mlp.n_features_in_), np.ones(mlp.n_features_in_))
    features = None if names is None else tuple(names)
    return check_model(
        Model(network, Params(W[0] if W else None, V), scaling, None, classes, features)
    )


def to_scikit_learn(model: Model, *, classes: Sequence | np.ndarray | None = None) -> Perceptron:
    """A fitted `MLPClassifier` or `MLPRegressor` that takes raw samples to the model's answers.

    The scalings, which it has no place for, go into its weights, in float64; a softmax of two
    outputs becomes their difference in a sigmoid (L10). Sigmoid outputs without classes become
    a classifier of several labels at once. Its settings are scikit-learn's defaults.

    Args:
        classes: the labels of the classes, of any type, instead of their names.

    Raises:
        ValueError: scikit-learn has no such network.

    Example:
        >>> params = Params(np.array([[1.0, 2.0]]), np.array([[0.0, 3.0]]))
        >>> model = Model(Network("tanh", "sigmoid", "binary_cross_entropy"), params,
        ...               Scaling(np.array([5.0]), np.array([10.0])), None, ("no", "yes"))
        >>> mlp = to_scikit_learn(model)
        >>> mlp.coefs_[0].tolist(), mlp.predict([[5.0], [-500.0]]).tolist()
        ([[0.2]], ['yes', 'no'])
    """
    if model.columns:
        raise ValueError("expected samples of numbers alone, got words or values that are filled")
    if classes is None and model.labels is not None:
        classes = model.label_values()
    names = model.classes if classes is None else tuple(map(str, classes))
    model = check_model(model._replace(classes=names, labels=None))
    output, layers = model.network.output.name, _unscaled(model)
    m = len(layers[-1])
    if names and (output == "softmax" or (output == "sigmoid" and m == 1)):
        labels = np.asarray(names if classes is None else classes)
        layers[-1], labels = _in_order(layers[-1], labels)
        return _fitted(model, layers, labels)
    if not names and (output == "identity" or (output == "sigmoid" and m > 1)):
        return _fitted(model, layers, None if output == "identity" else np.eye(m, dtype=int))
    kind = f"{len(names)} classes" if names else "numbers"
    raise ValueError(f"expected an output that scikit-learn has, got {output} of {m} for {kind}")


def _unscaled(model: Model) -> list[np.ndarray]:
    """The layers' weights, bias in column 0, for samples and targets as they come."""
    padding = [(0, 0), (int(not model.network.bias), 0)]
    layers = [np.pad(np.asarray(p, float), padding) for p in model.params if p is not None]
    shift, scale = model.x_scaling
    layers[0][:, 1:] /= scale
    layers[0][:, 0] -= layers[0][:, 1:] @ shift
    if model.y_scaling is not None:
        scaled = np.any(model.y_scaling.shift) or np.any(model.y_scaling.scale != 1)
        if model.network.output.name != "identity" and scaled:
            raise ValueError("expected targets that are not scaled, beside an output not identity")
        layers[-1] *= model.y_scaling.scale[:, None]
        layers[-1][:, 0] += model.y_scaling.shift
    return layers


def _in_order(V: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """V for the labels in scikit-learn's order, sorted, and these; of two a single row (L10)."""
    labels, order = np.unique(labels, return_index=True)
    V = np.concatenate([np.zeros_like(V), V]) if len(V) == 1 else V
    return (V[order] if len(V) > 2 else np.diff(V[order], axis=0)), labels


def _fitted(model: Model, layers: list[np.ndarray], labels: np.ndarray | None) -> Perceptron:
    """scikit-learn's estimator, made for these sizes by a step on nothing, with these weights."""
    from sklearn.neural_network import MLPClassifier, MLPRegressor

    f = model.network.hidden
    theirs = {ours: name for name, ours in HIDDEN_BY_THEIRS.items()}
    settings: dict[str, Any] = {"activation": theirs[f.name]} if f else {}
    settings["hidden_layer_sizes"] = [len(layer) for layer in layers[:-1]]
    nothing = np.zeros((1 if labels is None else len(labels), len(model.x_scaling.shift)))
    if labels is None:
        y = np.zeros((1, len(layers[-1])))
        mlp = MLPRegressor(**settings).partial_fit(nothing, y[0] if y.size == 1 else y)
    else:
        known = np.arange(len(labels)) if labels.ndim == 2 else labels
        mlp = MLPClassifier(**settings).partial_fit(nothing, labels, classes=known)
    mlp.coefs_ = [np.ascontiguousarray(layer[:, 1:].T) for layer in layers]
    mlp.intercepts_ = [layer[:, 0].copy() for layer in layers]
    mlp.n_iter_, mlp.t_, mlp.loss_curve_, mlp.best_loss_ = 0, 0, [], np.inf
    del mlp._optimizer, mlp.loss_  # of the step on nothing
    return mlp
