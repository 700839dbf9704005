"""The samples that an estimator is given: checked, made arrays of one float dtype, divided."""

from typing import TYPE_CHECKING, Any

import numpy as np
from jax.typing import DTypeLike
from sklearn.model_selection import train_test_split
from sklearn.utils.validation import validate_data

from jaxmlp.estimators import settings
from jaxmlp.estimators.inputs import ArrayInput, checked_weights, naming_argument
from jaxmlp.estimators.state import Data

if TYPE_CHECKING:
    from jaxmlp.estimators.base import ThreeLayer


def checked_rows(
    estimator: "ThreeLayer", X: ArrayInput, *, reset: bool = False, dtype: DTypeLike | None = None
) -> np.ndarray:
    """X, (n, d), of floats.

    Args:
        reset: whether d and the names of the columns are free, as for `fit`.
        dtype: that of W where not given.

    Raises:
        ValueError, TypeError: as scikit-learn has it.
    """
    wanted: Any = (np.float64, np.float32) if reset else dtype or estimator.W_.dtype
    sparse = ["csr", "csc"]
    with naming_argument("X"):
        X = validate_data(estimator, X, accept_sparse=sparse, dtype=wanted, reset=reset)
    return X.toarray() if hasattr(X, "toarray") else X


def checked_samples(
    estimator: "ThreeLayer",
    X: ArrayInput,
    y: ArrayInput,
    sample_weight: ArrayInput,
    again: bool,
    step: bool,
) -> Data:
    """The samples to learn from.

    Args:
        again: whether it goes on from the weights there are.
        step: whether for one epoch.

    Raises:
        ValueError, TypeError: they cannot be used, or not with what was learned before.
    """
    y = estimator._checked_targets(y)
    X = checked_rows(estimator, X, reset=not again)
    q = settings.units_of(estimator.get_params(deep=False))
    if again and len(estimator.W_) != q:
        raise ValueError(f"expected hidden_units {len(estimator.W_)} as before, got {q}")
    _check_lengths(X, y)
    Y, factors = estimator._targets(y, again, step)
    weights = checked_weights(sample_weight, len(X)) * factors
    if not weights.sum() > 0:
        raise ValueError("expected a sample_weight (times class_weight) that is not all zero")
    return Data(X, Y.astype(X.dtype), weights.astype(X.dtype), len(X))


def divided(
    estimator: "ThreeLayer", random: np.random.RandomState, samples: Data, validation_data: Any
) -> tuple[Data, Data | None]:
    """(the samples to train on, those to validate with, if any)."""
    if validation_data is not None:
        return samples, _validation(estimator, validation_data, samples)
    return (
        validation_split(estimator, random, samples)
        if estimator.early_stopping
        else (samples, None)
    )


def validation_split(
    estimator: "ThreeLayer", random: np.random.RandomState, samples: Data
) -> tuple[Data, Data]:
    """(the samples to train on, the share of them to validate with)."""
    with naming_argument("validation_fraction"):
        X, other_X, Y, other_Y, weights, other_weights = train_test_split(
            *samples[:3], random_state=random, test_size=estimator.validation_fraction,
            stratify=estimator._strata(samples.Y),
        )  # fmt: skip
    if len(other_X) < 2:
        raise ValueError(
            "The validation set is too small. Increase 'validation_fraction' or the number of "
            f"samples, {samples.n}"
        )
    return Data(X, Y, weights, len(X)), Data(other_X, other_Y, other_weights, len(other_X))


def _validation(estimator: "ThreeLayer", validation: Any, train: Data) -> Data:
    """(X, y) or (X, y, sample_weight), checked as the samples to train on are."""
    if not isinstance(validation, tuple | list) or len(validation) not in (2, 3):
        raise ValueError("expected (X, y) or (X, y, sample_weight) for validation_data")
    X, y, sample_weight = validation if len(validation) == 3 else (*validation, None)
    dtype = train.X.dtype
    with naming_argument("validation_data"):
        y, X = estimator._checked_targets(y), checked_rows(estimator, X, dtype=dtype)
        _check_lengths(X, y)
        weights = checked_weights(sample_weight, len(X)).astype(dtype)
        return Data(X, estimator._encoded(y, train.Y.shape[1]).astype(dtype), weights, len(X))


def _check_lengths(X: np.ndarray, y: Any) -> None:
    if X.shape[0] != y.shape[0]:
        raise ValueError(f"expected as many rows in y as in X, {X.shape[0]}, got {y.shape[0]}")
