"""Training by stochastic gradients: one jitted program an epoch (L12)."""

import functools
import math
from collections.abc import Callable
from numbers import Real
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax.typing import ArrayLike
from jaxtyping import Array, Key

from jaxmlp.gradients import Gradients, autodiff
from jaxmlp.network import Network, Params, loss

StepSize = float | Callable[[Array], Array]
Optimizer = optax.GradientTransformation | Callable[[Array], optax.GradientTransformation]


class Epoch(NamedTuple):
    """What is known after an epoch.

    Attributes:
        epoch: 1 for the first.
        eta: the step size of its last step; None where the optimizer has its own.
        train_error: the mean of E over the training samples, at its end.
        test_error: likewise over the test samples; None where there are none.
    """

    epoch: int
    eta: float | None
    train_error: float
    test_error: float | None


class Fit(NamedTuple):
    """What `fit` returns: the trained parameters, and an `Epoch` for each epoch."""

    params: Params
    history: list[Epoch]


class Diverged(ArithmeticError):
    """The training error is no longer a finite number.

    Attributes:
        last: the `Epoch` in which that was seen.
        step_sizes: its η_t, or their range, as text.
    """

    def __init__(self, last: Epoch, step_sizes: str):
        super().__init__(last, step_sizes)
        self.last, self.step_sizes = last, step_sizes

    def __str__(self) -> str:
        return (
            f"training diverged in epoch {self.last.epoch}: the error is {self.last.train_error} "
            f"(step size: {self.step_sizes}); a smaller step size may help"
        )


def fit(
    network: Network,
    params: Params,
    X: ArrayLike,
    Y: ArrayLike,
    *,
    epochs: int,
    eta: StepSize | None = None,
    optimizer: Optimizer = optax.sgd,
    batch_size: int = 1,
    key: Key[Array, ""] | None = None,
    order: ArrayLike | None = None,
    gradient: Callable[..., Gradients] = autodiff,
    test: tuple[ArrayLike, ArrayLike] | None = None,
    on_epoch: Callable[[Epoch, Params], object] | None = None,
) -> Fit:
    """Learn W and V from data: both step along −η_t ∂E/∂(W, V) at (W, V) (L12).

    Computes in the dtype of `params`; X and Y are converted to it.

    Args:
        params: to start from, as from `init`.
        X: (n, d), one sample a row.
        Y: (n, m), their targets.
        epochs: how often each sample is seen.
        eta: η_t, the step size: a number (0.01 by default), or a function of the step t (from 0)
            written in jax.numpy, without `if`: `inverse_epoch`, or any Optax schedule.
        optimizer: a function of η_t that makes an Optax optimizer: `optax.sgd`, `optax.adam`,
            `functools.partial(optax.sgd, momentum=0.9)`; or one that is ready and has a step
            size of its own, `optax.adam(1e-3)`: then `eta` is not given. (The few that keep
            the step size in their state, `optax.rprop` for one, keep the first.)
        batch_size: samples a step. The gradient is that of their mean error. The last step of
            an epoch takes what is left, so no sample is dropped.
        key: from `jax.random.key`: the samples come in a fresh random order each epoch.
        order: instead of `key`, the order itself: (epochs, k) row numbers of X.
        gradient: `autodiff` or `backprop`.
        test: (X, Y) of samples whose error is followed, too.
        on_epoch: called after each epoch with its `Epoch` and the parameters.

    Raises:
        ValueError: an argument is out of its range, or shapes do not fit together.
        Diverged: the training error is not finite after an epoch.

    Example:
        >>> net = Network("tanh", "identity", "squared_error")
        >>> X = np.linspace(-1, 1, 20)[:, None]
        >>> from jaxmlp import init
        >>> start = init(net, (1, 8, 1), key=jax.random.key(0))
        >>> result = fit(net, start, X, X**2, epochs=200, eta=0.1, key=jax.random.key(1))
        >>> result.history[-1].train_error < 1e-3
        True
    """
    params = jax.tree.map(jnp.asarray, Params(*params))
    train = _samples(network, params, "", X, Y)
    test = None if test is None else _samples(network, params, "test ", *test)
    check_settings(eta, gradient, epochs=epochs, batch_size=batch_size)
    make, eta = _step_rule(optimizer, eta)
    order = _order(key, order, epochs, len(train[0]))
    samples_an_epoch = len(train[0]) if order is None else order.shape[1]
    batch_size = min(batch_size, samples_an_epoch)
    steps = math.ceil(samples_an_epoch / batch_size)
    run = functools.partial(_epoch, network, make, gradient, batch_size, train, test)
    state, history = None, []
    for epoch in range(epochs):
        etas = _step_sizes(eta, epoch * steps, steps, params.V.dtype)
        state = make(etas[0]).init(params) if state is None else state
        samples = jax.random.fold_in(key, epoch) if order is None else order[epoch]
        params, state, *errors = run(params, state, samples, etas)
        last_eta = float(eta if isinstance(eta, Real) else etas[-1]) if eta else None
        history.append(Epoch(epoch + 1, last_eta, *(e if e is None else float(e) for e in errors)))
        if not math.isfinite(history[-1].train_error):
            raise Diverged(history[-1], _range(etas) if eta else "the optimizer's own")
        if on_epoch:
            on_epoch(history[-1], params)
    return Fit(params, history)


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


@functools.partial(jax.jit, static_argnums=(0, 1, 2, 3))
def _epoch(network, make, gradient, batch_size, train, test, params, state, samples, etas):
    """One pass over the samples, given as their order or as the key to draw it with.

    Returns the parameters, the optimizer's state, the training error and the test error.
    """
    X, Y = train
    if jnp.issubdtype(samples.dtype, jax.dtypes.prng_key):
        samples = jax.random.permutation(samples, len(X))

    def step(carry, batch):
        rows, eta = batch
        x, y = X[rows], Y[rows]
        gradients = gradient(network, carry[0], x, y, reduction="mean")
        return _update(make(eta), *carry, gradients, lambda p: loss(network, p, x, y)), None

    whole = len(samples) // batch_size
    full, rest = jnp.split(samples, [whole * batch_size])
    full = full.reshape(whole, batch_size)
    carry, _ = jax.lax.scan(step, (params, state), (full, etas[:whole]))
    if rest.size:
        carry, _ = step(carry, (rest, etas[-1]))
    return *carry, *(part and loss(network, carry[0], *part) for part in (train, test))


def _update(optimizer, params, state, gradients, error):
    """One Optax step; the error is for optimizers that search along the line."""
    step = Params(gradients.dW, gradients.dV)
    with jax.numpy_dtype_promotion("standard"):  # Optax's own arithmetic needs it
        updates, state = optax.with_extra_args_support(optimizer).update(
            step, state, params, value=error(params), grad=step, value_fn=error
        )
        return optax.apply_updates(params, updates), state


def _step_rule(optimizer, eta):
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


@functools.cache  # so that the same optimizer is the same static argument
def _constantly(optimizer):
    return lambda eta: optimizer


def _step_sizes(eta, first: int, steps: int, dtype) -> np.ndarray:
    """η_t for the steps of one epoch; zeros where the optimizer has its own."""
    if not callable(eta):
        return np.full(steps, eta or 0.0, dtype)
    with jax.numpy_dtype_promotion("standard"):  # Optax's schedules need it
        etas = np.asarray(jax.vmap(eta)(first + jnp.arange(steps)), dtype)
    if not (np.isfinite(etas) & (etas >= 0)).all():
        raise ValueError(f"expected a schedule of step sizes from 0, got {_range(etas)}")
    return etas


def _range(etas: np.ndarray) -> str:
    low, high = etas.min(), etas.max()
    return f"{low:g}" if low == high else f"{low:g} to {high:g}"


def _samples(network, params, part: str, *arrays) -> tuple[Array, Array]:
    """X and Y in the dtype of params, once they fit the network and are finite."""
    if len(arrays) != 2:
        raise ValueError(f"expected {part}samples as a pair (X, Y), got {len(arrays)} arrays")
    X, Y = (np.asarray(a, params.V.dtype) for a in arrays)
    if X.ndim != 2 or len(X) == 0:
        raise ValueError(f"expected {part}X of shape (n, d) with n at least 1, got {X.shape}")
    jax.eval_shape(lambda: loss(network, params, X, Y))
    for name, values, given in (("X", X, arrays[0]), ("Y", Y, arrays[1])):
        bad = np.argwhere(~np.isfinite(values))
        if len(bad):
            row, column = bad[0]
            got = f"{np.asarray(given)[row, column]} in {part}{name}[{row}, {column}]"
            raise ValueError(f"expected finite numbers in {values.dtype}, got {got}")
    return jnp.asarray(X), jnp.asarray(Y)


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


def _order(key, order, epochs: int, n: int) -> Array | None:
    """The given order of the samples as an array; None where the key is to draw it."""
    if (key is None) == (order is None):
        raise ValueError("expected either key or order, got " + ("none" if key is None else "both"))
    if order is None:
        if not jnp.issubdtype(getattr(key, "dtype", None), jax.dtypes.prng_key):
            raise ValueError(f"expected a key from jax.random.key, got {key!r}")
        return None
    order = np.asarray(order)
    if order.ndim != 2 or len(order) != epochs or order.dtype.kind not in "iu" or order.size == 0:
        raise ValueError(
            f"expected an order of shape ({epochs}, k) of row numbers, "
            f"got {order.dtype} of shape {order.shape}"
        )
    if order.min() < 0 or order.max() >= n:
        raise ValueError(f"expected row numbers 0 to {n - 1}, got {order.min()} to {order.max()}")
    return jnp.asarray(order)
