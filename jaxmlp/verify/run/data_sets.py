"""Data sets that programs load by name, with the shapes that they are known to have."""

import math
import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np


class Form(NamedTuple):
    """What is known of a data set.

    Attributes:
        shape: of one sample.
        classes: how many there are; 0 where the target is a number.
        bright: the largest number in it, where it has images.
        rows: how many samples it has, where these are few: programs count on them.
    """

    shape: tuple[int, ...]
    classes: int
    bright: int = 0
    rows: int = 0


FORMS = {
    "mnist": Form((28, 28), 10, 255),
    "fashion_mnist": Form((28, 28), 10, 255),
    "mnist_784": Form((784,), 10, 255),
    "cifar10": Form((32, 32, 3), 10, 255),
    "digits": Form((64,), 10, 16),
    "iris": Form((4,), 3, rows=150),
    "wine": Form((13,), 3, rows=178),
    "breast_cancer": Form((30,), 2),
    "diabetes": Form((10,), 0),
    "boston": Form((13,), 0),
    "boston_housing": Form((13,), 0),
    "california_housing": Form((8,), 0),
    "olivetti_faces": Form((4096,), 40, 1),
    "gaussian_quantiles": Form((2,), 3),
    "moons": Form((2,), 2),
    "circles": Form((2,), 2),
    "blobs": Form((2,), 3),
    "classification": Form((20,), 2),
    "regression": Form((100,), 0),
}
MADE_WITH = {
    "blobs": ("n_samples", "n_features", "centers"),
    "classification": ("n_samples", "n_features"),
    "regression": ("n_samples", "n_features"),
    "gaussian_quantiles": ("mean", "cov", "n_samples", "n_features", "n_classes"),
}
OF_A_MODULE = re.compile(r"(?:^|\.)(\w+)(?:#\d+)?\.(load_data|(?:train|test)_(?:images|labels))$")
ENCODES = re.compile(
    r"(?:OneHotEncoder|LabelBinarizer)\(\)(?:#\d+)?\.(?:fit_)?transform$"
    r"|\.(?:to_categorical|get_dummies)$|\b(?:\w+_)?one_?hot(?:_?\w+)?$"
)
LABEL_ENCODER = re.compile(r"LabelEncoder\(\)(?:#\d+)?\.(?:fit_)?transform$")
SCALERS = re.compile(r"(?:Scaler\(\)(?:#\d+)?\.(?:fit_)?transform|\.(?:scale|normalize|zscore))$")
TOOLS = re.compile(r"train_test_split|\w+(Scaler|Encoder|Binarizer)|accuracy_score")
DATASET_FUNCTION = re.compile(r"\.(load|make|fetch)_(\w+)$")


def is_known(name: str) -> bool:
    """Whether a function or a class of scikit-learn's is called so, which is known here."""
    _, _, data = name.partition("_")
    return bool(TOOLS.fullmatch(name)) or (name != data and data in FORMS)


def encoded_labels(function: str, args: tuple, kw: Mapping[str, Any]) -> np.ndarray | None:
    """What a function that encodes or numbers labels gives of these; None where that is not told.

    Args:
        args: the labels, and perhaps how many classes there are.
    """
    numbered = LABEL_ENCODER.search(function)
    encodes = numbered or ENCODES.search(function)
    if not (encodes and args and isinstance(args[0], np.ndarray)):
        return None
    labels, asked = np.asarray(args[0]), (*args[1:2], kw.get("num_classes"))
    if labels.size not in labels.shape:  # a column of labels, or nothing of the kind
        return None
    classes, numbers = np.unique(labels, return_inverse=True)
    if numbered:
        return numbers.reshape(-1)
    if "Binarizer" in function and len(classes) == 2:
        return numbers.reshape(-1, 1).astype(float)
    count = next((int(number) for number in asked if number is not None), len(classes))
    return np.eye(max(count, len(classes)))[numbers.reshape(-1)]


def split(function: str, tables: tuple, kw: Mapping[str, Any]) -> list[Any] | None:
    """What scikit-learn's `train_test_split` gives of tables that are there; None otherwise."""
    lengths = {len(table) if np.ndim(table) else 0 for table in tables}
    if not function.endswith("train_test_split") or len(lengths) != 1 or 0 in lengths:
        return None
    (many,) = lengths
    test, train = kw.get("test_size"), kw.get("train_size")
    share = 1 - train if test is None and isinstance(train, float) else test or 0.25
    count = share if isinstance(share, int) else math.ceil(share * many)
    order = np.random.default_rng(0).permutation(many) if kw.get("shuffle", True) else range(many)
    parts = np.split(np.array(order), [many - count])
    return [table.iloc[rows] if hasattr(table, "iloc") else table[rows] for table in tables
            for rows in parts]  # fmt: skip


def standardized(function: str, values: np.ndarray) -> np.ndarray:
    """Data as what scales them gives them, each column with mean 0 and deviation 1; else as they
    are. With raw ones the units of a network are saturated, and nothing is seen."""
    if not (SCALERS.search(function) and values.ndim and values.dtype.kind in "fiu"):
        return values
    spread = values.std(0)
    return np.asarray((values - values.mean(0)) / np.where(spread > 0, spread, 1))


def loaded(
    function: str, args: tuple, kw: Mapping[str, Any], rows: int, random: np.random.Generator,
    lengths: Mapping[str, int],
) -> Any:  # fmt: skip
    """What a function that loads a known data set gives, with random numbers in it; or None.

    A dict stands for an object with these attributes.

    Args:
        function: the way to it, from the module that was imported.
        rows: how many samples there are to be, at least.
        lengths: what stands in for a large size.
    """
    if m := OF_A_MODULE.search(function):
        return _by_module(
            m[1], m[2], lambda form: random_samples(_cut(form, lengths), rows, random)
        )
    if not (m := DATASET_FUNCTION.search(function)):
        return None
    way, name = m.groups()
    name = args[0] if name == "openml" and args else kw.get("name", name)
    form = FORMS.get(name) if isinstance(name, str) else None
    form = _as_asked(form, name, args, kw) if form and way == "make" else form
    if form is None:
        return None
    X, y = random_samples(_cut(form, lengths), rows, random)
    if way == "make" or kw.get("return_X_y"):
        return X, y
    names = {"target_names": [str(k) for k in range(form.classes)]}
    return {"data": X, "target": y, **names, **_pictures(form, X)}


def _pictures(form: Form, X: np.ndarray) -> dict[str, np.ndarray]:
    """The images of a data set that has square ones beside the table."""
    side = math.isqrt(math.prod(X.shape[1:]))
    is_square = form.bright and side * side == math.prod(X.shape[1:])
    return {"images": X.reshape(-1, side, side)} if is_square else {}


def _by_module(name: str, function: str, draw: Callable[[Form], tuple]) -> Any:
    if name not in ("mnist", "fashion_mnist", "cifar10", "boston_housing"):
        return None
    if function == "load_data":
        column = (-1, 1) if name == "cifar10" else (-1,)
        return tuple((X, y.reshape(column)) for X, y in (draw(FORMS[name]), draw(FORMS[name])))
    return draw(FORMS[name])[function.endswith("labels")]


def _as_asked(form: Form, name: str, args: tuple, kw: Mapping[str, Any]) -> Form | None:
    """A data set that is made, with as many features and classes as are asked for, if told."""
    asked = dict(zip(MADE_WITH.get(name, ("n_samples",)), args, strict=False)) | dict(kw)
    features = asked.get("n_features", form.shape[0])
    classes = asked.get("n_classes", asked.get("centers", form.classes))
    if not all(type(count) is int for count in (features, classes)) or "n_targets" in asked:
        return None
    return form._replace(shape=(features,), classes=classes)


def _cut(form: Form, lengths: Mapping[str, int]) -> Form:
    """With fewer numbers a sample, where something smaller stands in for its size."""
    size = lengths.get(str(math.prod(form.shape)))
    return form._replace(shape=(*(1,) * (len(form.shape) - 1), size)) if size else form


def random_samples(
    form: Form, rows: int, random: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """(X, y): random samples of a data set; every class is there."""
    rows = max(rows, form.rows)
    size = (rows, *form.shape)
    X = random.integers(0, form.bright + 1, size) if form.bright else random.normal(size=size)
    y = random.permutation(rows) % form.classes if form.classes else random.normal(size=rows)
    return X, y
