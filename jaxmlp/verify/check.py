"""A derivation, or an update step, against autodiff at random points."""

import functools
import inspect
from collections.abc import Callable, Sequence
from typing import Any, Literal

import jax
import jax.numpy as jnp
import numpy as np

from jaxmlp.network import Network
from jaxmlp.verify.calling import Subject
from jaxmlp.verify.claimed import confirm
from jaxmlp.verify.excerpt import judged_excerpt, of_source
from jaxmlp.verify.finding import File, Report
from jaxmlp.verify.fitting import check_derivation
from jaxmlp.verify.grading import Options
from jaxmlp.verify.mistakes import CATALOGUE
from jaxmlp.verify.names import roles
from jaxmlp.verify.program import Mistake
from jaxmlp.verify.run.outcome import Crashed, Unfinished


def check(
    derivation: Any,
    network: Network | None = None,
    *,
    reduction: Literal["mean", "sum"] | None = None,
    seed: int = 0,
    catalogue: Sequence[Mistake] | None = None,
) -> Report:
    """Check a hand-derived gradient, or an update step, against `jax.grad`; name its mistakes.

    Args:
        derivation: a function of (W, V, x, y) that gives (dW, dV), or a dict or named tuple with
            dW, dV and, if wanted, delta1 and delta2; with a fifth parameter eta, an update step
            that gives the new (W, V), or changes them in place. NumPy or JAX. x is one sample
            with its 1 in front, (d+1,); parameters called X and Y mean rows of samples; a
            function that adds the 1 by itself, samples as columns, and separate biases
            (W1, b1, W2, b2) are recognised. Or any other function, a class or an object with its
            forward and backward passes, with any number of matrices: it is judged as
            `jaxmlp verify` judges a file, by its source, in a process of its own.
        network: f, g and E; where it isn't given, the lecture's ReLU, softmax and cross-entropy,
            or of another function or a class its own.
        reduction: over a batch, whether dW and dV are those of the mean or of the sum of E;
            where it isn't given, of the mean, or of another function or a class of either.
        seed: of the random points.
        catalogue: the mistakes to look for; all where it isn't given.

    Returns:
        One check a stage, in the order of the derivation: `print` it, or look at `.checks`.

    Raises:
        ValueError: the network has no hidden layer, the reduction is unknown, the parameters of
            the function cannot be told apart, or the source of another one cannot be read.

    Example:
        >>> import numpy as np
        >>> def backprop(W, V, x, y):
        ...     u = W @ x
        ...     z = np.append(1, np.maximum(u, 0))
        ...     e = np.exp(V @ z)
        ...     delta2 = e / e.sum() - y
        ...     delta1 = V[:, 1:].T @ delta2          # f'(u) is missing
        ...     return np.outer(delta1, x), np.outer(delta2, z)
        >>> report = check(backprop)
        >>> [(c.stage, c.verdict, *(note.id for note in c.diagnosis)) for c in report.checks]
        [('dV', 'right'), ('dW', 'wrong', 'slope-missing')]
    """
    if not isinstance(network, Network | None):
        raise ValueError(f"expected a Network, got {network!r}")
    name, parameters = getattr(derivation, "__name__", ""), _parameters(derivation)
    if reduction not in (None, "mean", "sum"):
        raise ValueError(f"unknown reduction {reduction!r}: expected mean or sum")
    if not {"W", "V", "x", "y"} <= set(roles(parameters) or ()):
        return Report((_by_source(derivation, network, Options(reduction=reduction, seed=seed)),))
    subject = Subject(name, functools.partial(call_here, derivation), parameters)
    network, known = network or Network(), CATALOGUE if catalogue is None else catalogue
    checks = check_derivation(subject, network, known, mean=reduction != "sum", seed=seed)
    confirm(network, seed)
    return Report((File(name, checks),))


def assert_derivation(
    derivation: Callable,
    network: Network | None = None,
    *,
    reduction: Literal["mean", "sum"] | None = None,
    seed: int = 0,
    lang: str | None = None,
) -> None:
    """Fail, in a test suite, unless the derivation is right; arguments as for `check`.

    Raises:
        AssertionError: it is not; the message is the report, in the locale's language
            where none is given. ValueError: as `check`.

    Example:
        >>> import numpy as np
        >>> def backprop(W, V, x, y):
        ...     u = W @ x
        ...     z = np.append(1, np.maximum(u, 0))
        ...     e = np.exp(V @ z - np.max(V @ z))
        ...     delta2 = e / e.sum() - y
        ...     delta1 = V[:, 1:].T @ delta2 * (u > 0)
        ...     return np.outer(delta1, x), np.outer(delta2, z)
        >>> assert_derivation(backprop)
    """
    __tracebackhide__ = True
    report = check(derivation, network, reduction=reduction, seed=seed)
    if not report.right:
        raise AssertionError(report.text(lang))


def _parameters(derivation: Any) -> tuple[str, ...]:
    """The names of a function's parameters, without those that have a default and no part in it."""
    if isinstance(derivation, type) or not callable(derivation):
        return ()
    parameters = inspect.signature(derivation).parameters.values()
    return tuple(p.name for p in parameters if p.default is p.empty or roles((p.name,)))


def _by_source(made: Any, network: Network | None, options: Options) -> File:
    """What `jaxmlp verify` finds in a function or a class, were it a file."""
    if network is not None:
        hidden, output, loss = network.hidden.name, network.output.name, network.loss.name
        options = options._replace(hidden=hidden, output=output, loss=loss, bias=network.bias)
    return judged_excerpt(of_source(made), options)


def call_here(function: Callable, args: list) -> tuple[object, list]:
    """Call it here, with NumPy arrays, or with JAX's if it cannot do with those."""
    with jax.enable_x64(True), np.errstate(all="ignore"):
        try:
            return function(*args), args
        except NotImplementedError:
            raise Unfinished from None
        except SystemExit as stop:
            raise Crashed(f"SystemExit: {stop}") from None
        except ValueError as shapes:  # that do not fit, and would not fit in JAX either
            raise Crashed(f"ValueError: {shapes}") from shapes
        except Exception as first:
            try:
                return function(*map(jnp.asarray, args)), args
            except Exception:
                raise Crashed(f"{type(first).__name__}: {first}") from first
