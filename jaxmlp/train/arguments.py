"""What training is given, checked once: samples, counts and step sizes."""

import functools
import math
from collections.abc import Callable
from numbers import Real
from typing import Any, NamedTuple, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax.typing import DTypeLike
from jaxtyping import Array

from jaxmlp.network import Network, Params, loss

StepSize: TypeAlias = float | Callable[[Array], Array]
Optimizer: TypeAlias = (
    optax.GradientTransformation | Callable[[Array], optax.GradientTransformation]
)


def step_rule(
    optimizer: Any, eta: StepSize | None
) -> tuple[Callable[..., optax.GradientTransformation], StepSize | None]:
    """(a function from η_t to an Optax optimizer, η or None where the optimizer has its own)."""
    if isinstance(optimizer, optax.MultiSteps):
        optimizer = optimizer.gradient_transformation()
    if not isinstance(optimizer, optax.GradientTransformation):
        if not callable(optimizer):
            raise ValueError(f"expected an optimizer of Optax's, got {optimizer!r}")
        return optimizer, 0.01 if eta is None else eta
    if eta is not None:
        raise ValueError(f"expected no eta beside an optimizer with its own step size, got {eta}")
    return _constantly(optimizer), None


def updates_of(
    optimizer: optax.GradientTransformation,
    gradients: Any,
    remembered: Any,
    params: Any,
    **more: Any,
) -> tuple[Any, optax.OptState]:
    """What Optax adds to the parameters, and what the optimizer remembers then.

    Raises:
        ValueError: it needs more than parameters and gradients, as `optax.lookahead` does.
    """
    optimizer = optax.with_extra_args_support(optimizer)
    try:
        return optimizer.update(gradients, remembered, params, **more)
    except (AttributeError, TypeError, AssertionError) as reason:
        raise ValueError(
            "expected an optimizer of Optax's that takes parameters and gradients as they are, "
            f"got one that does not: {reason}"
        ) from None


@functools.cache  # so that the same optimizer is the same static argument
def _constantly(
    optimizer: optax.GradientTransformation,
) -> Callable[[Any], optax.GradientTransformation]:
    return lambda eta: optimizer


def step_sizes(eta: StepSize | None, first: int, steps: int, dtype: DTypeLike) -> np.ndarray:
    """η_t for the steps of one epoch; zeros where the optimizer has its own."""
    if not callable(eta):
        return np.full(steps, eta or 0.0, dtype)
    with jax.numpy_dtype_promotion("standard"):  # Optax's schedules need it
        etas = np.asarray(jax.vmap(eta)(first + jnp.arange(steps)), dtype)
    if not (np.isfinite(etas) & (etas >= 0)).all():
        raise ValueError(f"expected a schedule of step sizes from 0, got {as_range(etas)}")
    return etas


def inverse_epoch(eta: float, steps_per_epoch: int) -> Callable[[Array], Array]:
    """The exercise's step size: η / (epoch + 1), where the first epoch is 0.

    Args:
        eta: the step size of the first epoch.
        steps_per_epoch: the number of samples over the batch size, rounded up.

    Raises:
        ValueError: one of them isn't above 0.

    Example:
        >>> eta_t = inverse_epoch(0.1, steps_per_epoch=100)
        >>> float(eta_t(0)), float(eta_t(99)), float(eta_t(100))
        (0.1, 0.1, 0.05)
    """
    check_settings(eta, steps_per_epoch=steps_per_epoch)
    return lambda t: eta / (t // steps_per_epoch + 1)


def as_range(etas: np.ndarray) -> str:
    """The step sizes as text: one number, or from the least to the largest."""
    low, high = etas.min(), etas.max()
    return f"{low:g}" if low == high else f"{low:g} to {high:g}"


class Samples(NamedTuple):
    """X and Y, one sample a row, and what each counts; None where all count the same.

    Y may be 1-of-K in bool, a quarter of the size: it is converted where it is used.
    """

    X: Array
    Y: Array
    weights: Array | None = None


def valid_samples(
    network: Network, params: Params, part: str, X: Any, Y: Any, weights: Any = None
) -> Samples:
    """X, Y and weights in the dtype of params, once they fit the network and are finite."""
    raw = {f"{part}X": X, f"{part}Y": Y}
    if weights is not None:
        raw[f"{part}weights"] = weights
    kept = f"{part}Y" if getattr(Y, "dtype", None) is np.dtype(bool) else ""
    arrays = {k: a if k == kept else _of_dtype(a, params.V.dtype) for k, a in raw.items()}
    rest: list[Any]
    X, Y, *rest = arrays.values()
    if X.ndim != 2 or len(X) == 0:
        raise ValueError(f"expected {part}X of shape (n, d) with n at least 1, got {X.shape}")
    kinds = jax.tree.map(lambda a: jax.ShapeDtypeStruct(a.shape, a.dtype), (params, X))
    _fits(network, *kinds, jax.ShapeDtypeStruct(Y.shape, X.dtype))
    for name, array in arrays.items():
        _finite(name, array, raw[name])
    if rest and (rest[0].shape != (len(X),) or rest[0].min() < 0 or not rest[0].sum() > 0):
        raise ValueError(
            f"expected {part}weights of shape ({len(X)},), from 0, not all 0, "
            f"got shape {rest[0].shape}" + (f", {as_range(rest[0])}" if rest[0].size else "")
        )
    return Samples(X, Y, *rest)


def _of_dtype(array: Any, dtype: DTypeLike) -> np.ndarray | Array:
    there = isinstance(array, jax.Array) and array.dtype == dtype
    return array if there else np.asarray(array, dtype)


def held_out_samples(network: Network, params: Params, test: Any) -> Samples | None:
    """The same of a pair (X, Y), or with weights."""
    if test is not None and len(test) not in (2, 3):
        raise ValueError(f"expected test samples as a pair (X, Y), got {len(test)} arrays")
    return test and valid_samples(network, params, "test ", *test)


@functools.lru_cache(maxsize=64)
def _fits(network: Network, params: Params, X: Any, Y: Any) -> None:
    """Refuse shapes that do not fit; traced once for the same ones."""
    jax.eval_shape(functools.partial(loss, network), params, X, Y)


def _finite(name: str, values: np.ndarray | Array, raw: Any) -> None:
    if values.dtype == bool or np.isfinite(values).all():
        return
    at = tuple(np.argwhere(~np.isfinite(values))[0])
    got = f"{np.asarray(raw)[at]} in {name}[{', '.join(map(str, at))}]"
    raise ValueError(f"expected finite numbers in {values.dtype}, got {got}")


def check_settings(eta: StepSize | None, gradient: object = None, **counts: int) -> None:
    """Refuse a step size that isn't above 0, and counts that aren't whole numbers above 0.

    Raises:
        ValueError: with the name and the value.
    """
    number = isinstance(eta, Real) and not isinstance(eta, bool)
    if not (eta is None or callable(eta) or (number and 0 < eta < math.inf)):
        raise ValueError(f"expected a step size eta above 0, got {eta!r}")
    if not (gradient is None or callable(gradient)):
        raise ValueError(f"expected autodiff or backprop for gradient, got {gradient!r}")
    for name, count in counts.items():
        if not isinstance(count, int | np.integer) or count < 1:
            raise ValueError(f"expected a whole number above 0 for {name}, got {count}")


def measured_epochs(errors_every: int, epochs: int) -> Callable[[int], bool]:
    """Whether the errors are measured after an epoch, counted from 0.

    Raises:
        ValueError: errors_every isn't a whole number from 0.
    """
    if not isinstance(errors_every, int | np.integer) or errors_every < 0:
        raise ValueError(f"expected a whole number from 0 for errors_every, got {errors_every}")
    if errors_every == 0:
        return lambda epoch: False
    return lambda epoch: (epoch + 1) % errors_every == 0 or epoch == epochs - 1
