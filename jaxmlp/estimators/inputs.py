"""What a user passes, checked: errors name the argument."""

import contextlib
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np
from sklearn.utils import check_array, column_or_1d

JITTED = type(jax.jit(len))
MODULES = {"jax.nn": jax.nn, "jax.numpy": jnp}

if TYPE_CHECKING:  # type checkers take no int for an Integral
    from builtins import float as Real, int as Integral  # noqa: I001
else:
    from numbers import Integral, Real  # noqa: F401

ArrayInput = Any  # what scikit-learn takes for an array: lists, data frames, sparse matrices


def reference_to(f: Any) -> Any:
    """A function of jax.nn or jax.numpy as its module and name; anything else as it is."""
    inner = inside(f)
    name = getattr(inner, "__name__", "")
    for home, module in MODULES.items() if name and callable(f) else ():
        known = getattr(module, name, None)
        if known is not None and inside(known) is inner:
            return "from", home, name
    return f


def inside(f: Any) -> Any:
    """The Python function in a jitted one: all that deep copies, as scikit-learn makes of
    parameters, have in common."""
    if isinstance(f, JITTED):
        state: Any = f.__getstate__()
        return state.get("fun", f)
    return getattr(f, "_fun", f)


def referred_to(reference: Any) -> Any:
    """What `reference_to` was given."""
    if isinstance(reference, tuple) and reference[0] == "from":
        return getattr(MODULES[reference[1]], reference[2])
    return reference


@contextlib.contextmanager
def naming_argument(argument: str) -> Iterator[None]:
    """Errors of scikit-learn's, with the argument's name where they lack it."""
    try:
        yield
    except (ValueError, TypeError) as error:
        if re.search(rf"\b{argument}\b", str(error)):
            raise
        kind = TypeError if isinstance(error, TypeError) else ValueError
        raise kind(f"{argument}: {error}") from None


def checked_weights(sample_weight: ArrayInput, n: int) -> np.ndarray:
    """(n,) of float64: ones where none are given."""
    if sample_weight is None:
        return np.ones(n)
    name = "sample_weight"
    with naming_argument(name):
        weights = check_array(sample_weight, ensure_2d=False, dtype=np.float64, input_name=name)
    if weights.shape != (n,) or weights.min() < 0:
        got = f"{weights.min():g}" if weights.shape == (n,) else f"shape {weights.shape}"
        raise ValueError(
            f"expected {name} of shape ({n},), one number from 0 a row of X, got {got}"
        )
    return weights


def checked_targets(y: ArrayInput, dtype: str | None, accept_sparse: str | bool = False) -> Any:
    """y as an array or a sparse matrix, (n,) or (n, m)."""
    if y is None:
        raise ValueError("requires y to be passed, but the target y is None")
    how = {"dtype": dtype, "accept_sparse": accept_sparse, "input_name": "y"}
    with naming_argument("y"):
        y = check_array(y, ensure_2d=False, **how)
        return column_or_1d(y, warn=True) if y.ndim == 2 and y.shape[1] == 1 else y
