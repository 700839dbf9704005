"""Data sets that programs load by name, with the shapes that they are known to have."""

from __future__ import annotations

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
    """

    shape: tuple[int, ...]
    classes: int
    bright: int = 0


FORMS = {
    "mnist": Form((28, 28), 10, 255),
    "fashion_mnist": Form((28, 28), 10, 255),
    "mnist_784": Form((784,), 10, 255),
    "cifar10": Form((32, 32, 3), 10, 255),
    "digits": Form((64,), 10, 16),
    "iris": Form((4,), 3),
    "wine": Form((13,), 3),
    "breast_cancer": Form((30,), 2),
    "diabetes": Form((10,), 0),
    "moons": Form((2,), 2),
    "circles": Form((2,), 2),
    "blobs": Form((2,), 3),
    "classification": Form((20,), 2),
    "regression": Form((100,), 0),
}
LONGEST_FIRST = sorted(FORMS, key=len, reverse=True)
OF_A_MODULE = re.compile(
    r"(?:^|\.)(\w+)(?:\(\))?(?:#\d+)?\.(load_data|(?:train|test)_(?:images|labels))$"
)
BY_NAME = re.compile(r"\.(?:load|make|fetch)_(\w+)$")


ENCODES = re.compile(
    r"(?:OneHotEncoder|LabelBinarizer)\(\)(?:#\d+)?\.(?:fit_)?transform$"
    r"|\.(?:to_categorical|get_dummies|one_hot)$"
)


def one_hot(function: str, args: tuple, kw: Mapping[str, Any]) -> np.ndarray | None:
    """What a function that encodes labels gives of these; None if it is another one, or not told.

    Args:
        args: the labels, and perhaps how many classes there are.
    """
    if not (ENCODES.search(function) and args and isinstance(args[0], np.ndarray)):
        return None
    labels, asked = np.asarray(args[0]), (*args[1:2], kw.get("num_classes"))
    if labels.size not in labels.shape:  # a column of labels, or nothing of the kind
        return None
    classes, numbers = np.unique(labels, return_inverse=True)
    count = next((int(one) for one in asked if one is not None), len(classes))
    return np.eye(max(count, len(classes)))[numbers.reshape(-1)]


def loaded(
    function: str, args: tuple, kw: Mapping[str, Any], rows: int, random: np.random.Generator,
    lengths: Mapping[str, int],
) -> Any:  # fmt: skip
    """What a function that loads a known data set gives, with random numbers in it; or None.

    A dict stands for an object with these attributes.

    Args:
        function: the way to it, from the module that was imported.
        rows: how many samples there are to be.
        lengths: what stands in for a large size.
    """
    if m := OF_A_MODULE.search(function):
        return _by_module(m[1], m[2], lambda form: samples(_cut(form, lengths), rows, random))
    if not (m := BY_NAME.search(function)):
        return None
    name = args[0] if m[1] == "openml" and args else kw.get("name", m[1])
    if not isinstance(name, str) or name not in FORMS:
        return None
    X, y = samples(_cut(_as_asked(FORMS[name], kw), lengths), rows, random)
    if ".make_" in function or kw.get("return_X_y"):
        return X, y
    return {"data": X, "target": y, "target_names": [str(k) for k in range(FORMS[name].classes)]}


def _by_module(name: str, function: str, draw: Callable[[Form], tuple]) -> Any:
    form = next((FORMS[known] for known in LONGEST_FIRST if known in name.lower()), None)
    if form is None:
        return None
    if function == "load_data":
        return draw(form), draw(form)
    return draw(form)[function.endswith("labels")]


def _as_asked(form: Form, kw: Mapping[str, Any]) -> Form:
    """A data set that is made, with as many features and classes as are asked for."""
    features, classes = kw.get("n_features"), kw.get("n_classes", kw.get("centers"))
    shape = (features,) if isinstance(features, int) else form.shape
    return form._replace(shape=shape, classes=classes if isinstance(classes, int) else form.classes)


def _cut(form: Form, lengths: Mapping[str, int]) -> Form:
    """With fewer numbers a sample, where something smaller stands in for its size."""
    size = lengths.get(str(math.prod(form.shape)))
    return form._replace(shape=(*(1,) * (len(form.shape) - 1), size)) if size else form


def samples(form: Form, rows: int, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """(X, y): random samples of a data set; every class is there."""
    size = (rows, *form.shape)
    X = random.integers(0, form.bright + 1, size) if form.bright else random.normal(size=size)
    y = random.permutation(rows) % form.classes if form.classes else random.normal(size=rows)
    return X, y
