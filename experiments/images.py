"""The exercise's kind of images: Debian's dataset-fashion-mnist, or the digits without it."""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from jaxmlp import load_data, one_hot, split

FASHION = Path("/usr/share/datasets/fashion-mnist")  # apt-get install dataset-fashion-mnist


class Part(NamedTuple):
    """Samples: X from 0 to 1, Y as 1-of-4, their classes."""

    X: np.ndarray
    Y: np.ndarray
    y: np.ndarray


class Images(NamedTuple):
    """Classes 0 to 3, to train on and to test; where they are from; an image's shape."""

    train: Part
    test: Part
    source: str
    shape: tuple[int, int]


def images(small: bool) -> Images:
    """28 × 28 pixels where the machine has them, and they are not asked for small."""
    there = FASHION.exists() and not small
    data = load_data(FASHION if there else "digits").only(tuple("0123"))
    parts = (Part(one.X / data.X.max(), one_hot(one.y, m=4), one.y) for one in split(data))
    if there:
        source = "Fashion-MNIST, classes 0 to 3"
    else:
        why = "as quick runs do" if small else f"without {FASHION}"
        source = f"scikit-learn's digits, classes 0 to 3, 8 × 8 pixels, {why}"
    return Images(*parts, source, data.image_shape)
