"""An estimator's parameters: checked by name, and made into what training needs."""

import functools
import math
import warnings
from collections.abc import Callable, Iterable
from typing import Any

import jax
import numpy as np
import optax

from jaxmlp.activations import SIGMOID, Activation
from jaxmlp.estimators.inputs import Integral, Real, reference_to, referred_to
from jaxmlp.estimators.state import CompiledProgram, Hyperparameters
from jaxmlp.network import Network
from jaxmlp.train.arguments import step_rule
from jaxmlp.train.mesh import Devices

DEFAULT_UNITS = 100  # hidden_units where nothing is said


def is_whole(value: Any) -> bool:
    """Whether it is a whole number above 0."""
    return isinstance(value, Integral) and not isinstance(value, bool) and bool(value >= 1)


def is_number(value: Any) -> bool:
    """Whether it is a finite number from 0."""
    return isinstance(value, Real) and not isinstance(value, bool) and bool(0 <= value < math.inf)


def one_of(*known: str) -> tuple[str, Callable]:
    """(what is expected, whether a value is that) of a setting with these names."""
    return f"one of {', '.join(known)}", lambda value: isinstance(value, str) and value in known


POSITIVE_INTEGER = "a whole number above 0", is_whole
FROM_0 = "a number from 0", is_number
ABOVE_0 = "a number above 0", lambda value: is_number(value) and value > 0
BELOW_1 = "a number from 0 and below 1", lambda value: is_number(value) and value < 1
SWITCH = "True or False", lambda value: isinstance(value, bool | np.bool_)
EXPECTED = {
    "hidden_units": POSITIVE_INTEGER,
    "activation": (
        "a name, an Activation or a function",
        lambda f: isinstance(f, str | Activation) or callable(f),
    ),
    "alpha": FROM_0,
    "batch_size": ("'auto' or a whole number above 0", lambda b: is_whole(b) or str(b) == "auto"),
    "learning_rate": one_of("constant", "invscaling", "adaptive"),
    "learning_rate_init": ABOVE_0,
    "power_t": FROM_0,
    "max_iter": POSITIVE_INTEGER,
    "shuffle": SWITCH,
    "tol": FROM_0,
    "warm_start": SWITCH,
    "momentum": ("a number from 0 to 1", lambda value: is_number(value) and value <= 1),
    "nesterovs_momentum": SWITCH,
    "early_stopping": SWITCH,
    "validation_fraction": ("a number between 0 and 1", lambda v: is_number(v) and 0 < v < 1),
    "monitor": one_of("score", "loss"),
    "beta_1": BELOW_1,
    "beta_2": BELOW_1,
    "epsilon": ABOVE_0,
    "n_iter_no_change": ("a whole number above 0, or inf", lambda v: is_whole(v) or v == math.inf),
    "device": ("None, a name or a number", lambda d: isinstance(d, str | None) or is_whole(d)),
    "on_epoch": ("None or a function", lambda value: value is None or callable(value)),
}


def check(settings: dict) -> None:
    """Refuse a parameter that is of the wrong type or out of its range.

    Raises:
        ValueError: with its name, what was expected and what was received.
    """
    for name, (expected, right) in EXPECTED.items():
        if not right(settings[name]):
            raise ValueError(f"expected {expected} for {name}, got {settings[name]!r}")
    units_of(settings)


def units_of(settings: dict) -> int:
    """q, of hidden_units or of scikit-learn's hidden_layer_sizes.

    Raises:
        ValueError: there is not one hidden layer, or both are given.
    """
    sizes, units = settings["hidden_layer_sizes"], settings["hidden_units"]
    if sizes is None:
        return int(units)
    several = [sizes] if isinstance(sizes, Integral) else sizes
    if isinstance(several, str) or not isinstance(several, Iterable):
        raise ValueError(f"expected (q,) for hidden_layer_sizes, got {sizes!r}")
    several = list(several)
    if len(several) != 1 or not is_whole(several[0]):
        raise ValueError(
            f"expected one hidden layer, (q,), for hidden_layer_sizes, got {sizes!r}: "
            "the network has three layers"
        )
    if units not in (DEFAULT_UNITS, several[0]):
        raise ValueError(
            f"expected hidden_units or hidden_layer_sizes, got both: {units} and {sizes!r}"
        )
    return int(several[0])


def devices_of(device: str | Integral | None) -> Devices:
    """The devices of a name such as "cpu" or "gpu:1", or so many of JAX's default ones.

    Raises:
        ValueError: they are not there.
    """
    if device is None:
        return None
    kind, _, number = ("", "", "") if isinstance(device, Integral) else device.partition(":")
    try:
        there = jax.devices(kind or None)
    except RuntimeError:
        there = []
    if isinstance(device, Integral) and 0 < device <= len(there):
        return there[:device]
    if kind and (number or "0").isdecimal() and int(number or 0) < len(there):
        return there[int(number or 0)]
    got = ", ".join(map(str, there or jax.devices()))
    raise ValueError(f"expected a device, or a number of them, of {got}, got device={device!r}")


def hidden_of(activation: Activation | Callable | str) -> Activation | Callable | str:
    """f as `Network` takes it; "logistic" is scikit-learn's name for the sigmoid."""
    if activation == "logistic":
        return SIGMOID
    return activation if isinstance(activation, str) else referred_to(reference_to(activation))


def optimizer_of(settings: dict) -> Callable:
    """From η to an Optax optimizer: the same object for the same settings, which so share their
    compiled programs.

    Raises:
        ValueError: the solver is none.
    """
    solver = settings["solver"]
    if isinstance(solver, str) and solver in SOLVERS:
        make, *names = SOLVERS[solver]
        return make(*(float(settings[name]) for name in names))
    if isinstance(solver, functools.partial):  # equal ones are not the same object
        return _partial(solver.func, solver.args, tuple(sorted(solver.keywords.items())))
    if callable(solver) or isinstance(solver, tuple | optax.MultiSteps):
        return step_rule(solver, None)[0]
    known = ", ".join(map(repr, SOLVERS))
    raise ValueError(f"expected {known} or an optimizer of Optax's for solver, got {solver!r}")


def program_of(settings: dict, network: Network, n: int) -> CompiledProgram:
    """What a fit to n samples is compiled for; a batch of more than those is said."""
    told, solver = settings["batch_size"], settings["solver"]
    size = 200 if isinstance(told, str) else int(told)
    if size > n and told != "auto":
        warnings.warn(f"batch_size {size} is more than the {n} samples: {n} taken", stacklevel=4)
    own_step = isinstance(solver, str) and solver != "sgd"
    return CompiledProgram(
        network=network,
        make=optimizer_of(settings),
        batch_size=0 if size >= n else size,
        schedule="constant" if own_step else settings["learning_rate"],
        monitor=settings["monitor"],
    )


def numeric_settings(settings: dict, dtype: np.dtype) -> Hyperparameters:
    """The settings that a program takes as they come."""
    names = ("learning_rate_init", "alpha", "power_t", "tol", "n_iter_no_change")
    return Hyperparameters(*(dtype.type(settings[name]) for name in names))


@functools.cache
def _partial(function: Callable, args: tuple, keywords: Any) -> Callable:
    return functools.partial(function, *args, **dict(keywords))


@functools.cache
def adam(beta_1: float, beta_2: float, epsilon: float) -> Callable:
    """Optax's Adam with these settings, from η."""
    return functools.partial(optax.adam, b1=beta_1, b2=beta_2, eps=epsilon)


@functools.cache
def sgd(momentum: float, nesterov: float) -> Callable:
    """With scikit-learn's momentum: of the steps, not of the gradients, where η changes."""
    if not momentum:
        return optax.sgd
    trace = optax.trace(momentum, nesterov=bool(nesterov))
    return lambda eta: optax.chain(optax.scale(-eta), trace)


SOLVERS: dict[str, tuple] = {
    "adam": (adam, "beta_1", "beta_2", "epsilon"),
    "sgd": (sgd, "momentum", "nesterovs_momentum"),
}
