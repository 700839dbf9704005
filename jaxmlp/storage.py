"""A trained network as a file: safetensors, which holds numbers and text and executes nothing."""

from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import jax
import numpy as np

from jaxmlp.data.preparation import Column, apply, coded_rows
from jaxmlp.data.scaling import Scaling
from jaxmlp.evaluate import classify, predict, probabilities, r_squared
from jaxmlp.network import Network, Params, foreign
from jaxmlp.signing import DAMAGED, read_signed, signed
from jaxmlp.text import listed
from jaxmlp.whole import regular, write_whole

MODEL_FORMAT = 2  # 1 had no hash of its contents
FLOAT_TYPES = ("float16", "float32", "float64")


class Model(NamedTuple):
    """All it takes to go from raw samples to answers.

    Attributes:
        x_scaling: of the samples, learned from the training part.
        y_scaling: of a regression's targets; None for classes.
        classes: the names of the classes, m of them, or two for a single output; None for
            regression.
        features: the names of the d columns of the samples, where they have any.
        targets: the names of the columns of the targets, where they have any.
        columns: what was learned of a table's columns, if there were words or missing values.
        labels: the dtype of the labels whose names the classes are; None where they are text.

    Example:
        >>> params = Params(None, np.array([[0.0, 1.0], [0.0, -1.0]]))
        >>> scaling = Scaling(np.zeros(1), np.ones(1))
        >>> model = Model(Network(None), params, scaling, None, ("up", "down"))
        >>> model
        Model 1 → 2: softmax, cross_entropy; 4 weights, float64
        classes: up, down
        >>> model.predict([[3.0], [-3.0]]).tolist(), model.score([[3.0]], ["up"])
        (['up', 'down'], 1.0)
    """

    network: Network
    params: Params
    x_scaling: Scaling
    y_scaling: Scaling | None
    classes: tuple[str, ...] | None
    features: tuple[str, ...] | None = None
    targets: tuple[str, ...] | None = None
    columns: tuple[Column, ...] | None = None
    labels: str | None = None

    def __repr__(self) -> str:
        """A few lines, however many numbers and names it has."""
        names = {"classes": self.classes, "features": self.features, "targets": self.targets}
        lines = (f"{kind}: {listed(some)}" for kind, some in names.items() if some)
        return "\n".join([f"Model {self.in_short()}", *lines])

    def in_short(self) -> str:
        """Sizes, f, g and E, how many weights there are, and of which dtype."""
        return f"{self.network_in_short()}, {self.params.V.dtype}"

    def network_in_short(self) -> str:
        """The same without the dtype."""
        net, (W, V) = self.network, self.params
        sizes = [len(self.x_scaling.shift), *([] if W is None else [len(W)]), len(V)]
        parts = [part.name for part in (net.hidden, net.output, net.loss) if part is not None]
        weights = sum(p.size for p in (W, V) if p is not None)
        parts += [] if net.bias else ["no bias"]
        return f"{' → '.join(map(str, sizes))}: {', '.join(parts)}; {weights:,} weights"

    def predict(self, X: Any) -> np.ndarray:
        """The label of each sample, (n,); of a regression the values, (n,) or (n, m).

        Args:
            X: (n, d), samples as they come, or a data frame with the columns by name.
        """
        g = self._outputs(X)
        if self.classes is not None:
            return self.label_values()[classify(g)]
        values = g if self.y_scaling is None else self.y_scaling.undo(g)
        return values[:, 0] if values.shape[1] == 1 else values

    def predict_proba(self, X: Any) -> np.ndarray:
        """The probability of each class, (n, k), in the order of `classes`.

        Raises:
            ValueError: it is a regression.
        """
        if self.classes is None:
            raise ValueError("expected a model of classes for probabilities, got a regression")
        return probabilities(self._outputs(X))

    def score(self, X: Any, y: Any) -> float:
        """The accuracy; of a regression R²."""
        predicted, y = self.predict(X), np.asarray(y)
        if self.classes is None:
            return r_squared(y.reshape(len(y), -1), predicted.reshape(len(y), -1))
        return float(np.mean(predicted == (y.astype(str) if self.labels is None else y)))

    def _outputs(self, X: Any) -> np.ndarray:
        if self.features and {*self.features} <= {*getattr(X, "columns", ())}:
            X = X[list(self.features)]
        X = np.asarray(X, object if self.columns else None)
        if self.columns:
            X = apply(self.columns, coded_rows(self.columns, X))
        if X.ndim != 2 or X.shape[1] != (d := len(self.x_scaling.shift)):
            raise ValueError(f"expected samples of shape (n, {d}), got {X.shape}")
        with jax.enable_x64(bool(self.params.V.dtype == "float64")):
            return predict(self.network, self.params, self.x_scaling.apply(X))

    def label_values(self) -> np.ndarray:
        """The classes as the labels were."""
        names = np.array(self.classes)
        if self.labels is None:
            return names
        return names == "True" if self.labels == "bool" else names.astype(self.labels)


def save_model(path: str | Path, model: Any) -> None:
    """Write the model in one step: whoever looks sees the whole file or none.

    Args:
        model: a `Model`, or a fitted `ThreeLayerClassifier` or `ThreeLayerRegressor`.

    Raises:
        ValueError: f, g or E is a function of one's own, which has no name to load it by; or the
            model's parts do not fit together, so that it could not be loaded.
        OSError: it cannot be written.
    """
    if not isinstance(model, Model):
        if not hasattr(model, "as_model"):
            raise ValueError(
                f"expected a Model or an estimator of the package's, got {type(model)}"
            )
        model = model.as_model()
    write_whole(Path(path), model_bytes(model))


def model_bytes(model: Model) -> bytes:
    """The file of a model.

    Raises:
        ValueError: as `save_model`.
    """
    check_model(model)
    texts = ("classes", "features", "targets")
    about = {"format": MODEL_FORMAT, "network": _described(model.network)}
    about |= {name: getattr(model, name) for name in texts}
    about |= {name: value for name in ("columns", "labels") if (value := getattr(model, name))}
    return signed(_tensors(model), about)


def load_model(path: str | Path) -> Model:
    """The model in a file that `save_model` wrote. Nothing in the file is executed or trusted.

    Raises:
        ValueError: the file is something else, damaged, or altered.
        OSError: it cannot be read.
    """
    try:
        with open(path, "rb", opener=regular) as file:
            return check_model(_read(file))
    except DAMAGED as reason:
        why = f"{type(reason).__name__} " * (type(reason) is not ValueError) + str(reason)
    short = " ".join(why.split())[:300]
    raise ValueError(f"{path}: expected a whole jaxmlp model, got something else ({short})")


def _read(file: BinaryIO) -> Model:
    """What the file says, once its contents are those that were signed."""
    about, tensors = read_signed(file, MODEL_FORMAT)
    params = Params(tensors.pop("W", None), tensors.pop("V"))
    x, y = (_scaling(tensors, letter) for letter in "xy")
    if tensors:
        raise ValueError(f"expected W, V and scalings, got {', '.join(tensors)!r}")
    classes, features, targets = (
        _texts(name, about[name]) for name in ("classes", "features", "targets")
    )
    columns = about.get("columns")
    columns = columns and tuple(Column(f, m, w and tuple(w)) for f, m, w in columns)
    network, labels = Network(**about["network"]), about.get("labels")
    return Model(network, params, x, y, classes, features, targets, columns, labels)


def _scaling(tensors: dict[str, np.ndarray], letter: str) -> Scaling | None:
    names = [f"{letter}_{part}" for part in Scaling._fields]
    return Scaling(*map(tensors.pop, names)) if {*names} & {*tensors} else None


def _texts(name: str, value: Any) -> tuple | None:
    if value is not None and not isinstance(value, list):
        raise ValueError(f"expected {name} in a list, got {value!r}")
    return None if value is None else tuple(value)


def check_model(model: Model) -> Model:
    """The model itself, if its parts fit together.

    Raises:
        ValueError: a size, dtype or name is not what the others ask for, or a number not finite.
    """
    tensors, hidden, bias = _tensors(model), model.network.hidden, model.network.bias
    d, q, m = (len(np.atleast_1d(tensors.get(name, 0))) for name in ("x_shift", "W", "V"))
    if not isinstance(bias, bool):
        raise ValueError(f"expected a bias of true or false, got {bias!r}")
    shapes = {"x_shift": (d,), "x_scale": (d,), "V": (m, (q if hidden else d) + bias)}
    shapes |= {"W": (q, d + bias)} if hidden else {}
    shapes |= {"y_shift": (m,), "y_scale": (m,)} if model.y_scaling else {}
    for name in sorted({*shapes, *tensors}):
        _check_tensor(name, tensors.get(name), shapes.get(name))
    if hidden and tensors["W"].dtype != tensors["V"].dtype:
        raise ValueError(f"expected W and V of one dtype, got {tensors['W'].dtype} for W")
    if model.classes is not None and model.y_scaling is not None:
        raise ValueError("expected classes or a scaling of the targets, got both")
    _check_names("classes", model.classes, max(m, 2))
    if model.labels is not None:
        _check_labels(model)
    for column in model.columns or ():
        _check_column(column)
    if model.columns and sum(column.width for column in model.columns) != d:
        raise ValueError(f"expected columns that become {d}, got others")
    _check_names("features", model.features, len(model.columns or range(d)))
    several = model.classes and len(model.targets or ()) == len(model.classes)  # 1-of-K
    labels = len(model.classes) if several else 1
    _check_names("targets", model.targets, m if model.classes is None else labels)
    return model


def _check_labels(model: Model) -> None:
    if model.classes is None or np.dtype(model.labels).kind not in "iufb":
        raise ValueError(f"expected labels that are numbers, got {model.labels!r:.200}")
    if [str(label) for label in model.label_values()] != [*model.classes]:
        raise ValueError(f"expected classes of {model.labels}, got {model.classes!r:.200}")


def _check_column(column: Column) -> None:
    fill, missing, texts = column
    if not isinstance(fill, float) or not np.isfinite(fill) or not isinstance(missing, bool):
        raise ValueError(f"expected a column with a number and true or false, got {column!r:.200}")
    if texts is not None:
        _check_names("words", texts, len(texts))


def _check_tensor(name: str, tensor: np.ndarray | None, shape: tuple[int, ...] | None) -> None:
    if tensor is None or tensor.shape != shape or 0 in shape:
        got = "none" if tensor is None else tensor.shape
        raise ValueError(f"expected {name} of shape {shape or 'none'}, got {got}")
    if tensor.dtype.name not in FLOAT_TYPES:
        raise ValueError(f"expected {name} of {', '.join(FLOAT_TYPES)}, got {tensor.dtype}")
    if not np.isfinite(tensor).all() or (name.endswith("scale") and not tensor.all()):
        raise ValueError(f"expected {name} of finite numbers, and of scales other than 0")


def _check_names(kind: str, names: tuple[str, ...] | None, count: int) -> None:
    if names is None:
        return
    if not all(isinstance(name, str) for name in names) or len(set(names)) != len(names):
        raise ValueError(f"expected {kind} by names, each once, got {names!r:.200}")
    if len(names) != count:
        raise ValueError(f"expected {count} names of {kind}, got {len(names)}")


def _tensors(model: Model) -> dict[str, np.ndarray]:
    """The model's numbers by name; of what it does not have, none."""
    parts = model.params._asdict()
    for letter, scaling in (("x", model.x_scaling), ("y", model.y_scaling)):
        if scaling is not None:
            parts |= {f"{letter}_{k}": v for k, v in scaling._asdict().items()}
    return {k: np.ascontiguousarray(v) for k, v in parts.items() if v is not None}


def _described(network: Network) -> dict:
    """The network by names, checked that they lead back to it."""
    names = {"output": network.output.name, "loss": network.loss.name, "bias": network.bias}
    names["hidden"] = network.hidden and network.hidden.name
    for part, value in foreign(network).items():
        raise ValueError(f"expected a {part} with a name of the package's, got {value.name!r}")
    return names
