"""What a user passes, checked: errors name the argument."""

import contextlib
import re

import jax
import jax.numpy as jnp
import numpy as np
from sklearn.utils import check_array, column_or_1d

JITTED = type(jax.jit(len))
MODULES = {"jax.nn": jax.nn, "jax.numpy": jnp}


def reference_to(f):
    """A function of jax.nn or jax.numpy as its module and name; anything else as it is."""
    inner = inside(f)
    name = getattr(inner, "__name__", "")
    for home, module in MODULES.items() if name and callable(f) else ():
        known = getattr(module, name, None)
        if known is not None and inside(known) is inner:
            return "from", home, name
    return f


def inside(f):
    """The Python function in a jitted one: all that deep copies, as scikit-learn makes of
    parameters, have in common."""
    if isinstance(f, JITTED):
        return f.__getstate__().get("fun", f)
    return getattr(f, "_fun", f)


def referred_to(found):
    """What `reference_to` was given."""
    if isinstance(found, tuple) and found[0] == "from":
        return getattr(MODULES[found[1]], found[2])
    return found


@contextlib.contextmanager
def named(argument: str):
    """Errors of scikit-learn's, with the argument's name where they lack it."""
    try:
        yield
    except (ValueError, TypeError) as error:
        if re.search(rf"\b{argument}\b", str(error)):
            raise
        kind = TypeError if isinstance(error, TypeError) else ValueError
        raise kind(f"{argument}: {error}") from None


def checked_weights(sample_weight, n: int) -> np.ndarray:
    """(n,) of float64: ones where none are given."""
    if sample_weight is None:
        return np.ones(n)
    name = "sample_weight"
    with named(name):
        weights = check_array(sample_weight, ensure_2d=False, dtype=np.float64, input_name=name)
    if weights.shape != (n,) or weights.min() < 0:
        got = f"{weights.min():g}" if weights.shape == (n,) else f"shape {weights.shape}"
        raise ValueError(
            f"expected {name} of shape ({n},), one number from 0 a row of X, got {got}"
        )
    return weights


def checked_targets(y, dtype: str | None, accept_sparse: str | bool = False):
    """y as an array or a sparse matrix, (n,) or (n, m)."""
    if y is None:
        raise ValueError("requires y to be passed, but the target y is None")
    how = {"dtype": dtype, "accept_sparse": accept_sparse, "input_name": "y"}
    with named("y"):
        y = check_array(y, ensure_2d=False, **how)
        return column_or_1d(y, warn=True) if y.ndim == 2 and y.shape[1] == 1 else y
