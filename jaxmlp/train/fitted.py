"""What training comes to, and goes on from."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array

from jaxmlp.network import Params
from jaxmlp.train.arguments import Optimizer, StepSize, step_rule, step_sizes


class Epoch(NamedTuple):
    """What is known after an epoch.

    Attributes:
        epoch: 1 for the first.
        eta: the step size of its last step; None where the optimizer has its own.
        train_error: the mean of E over the training samples, at its end; None where it was
            not measured.
        test_error: likewise over the test samples; None where there are none.
    """

    epoch: int
    eta: float | None
    train_error: float | None
    test_error: float | None


class Fit(NamedTuple):
    """What `fit` returns, and goes on from.

    Attributes:
        params: W and V as trained.
        history: an `Epoch` for each epoch.
        optimizer: what the optimizer remembers; None from `sweep`.
        seen: of a `Stream`, how many samples of the epoch under way are done.
    """

    params: Params
    history: list[Epoch]
    optimizer: optax.OptState | None = None
    seen: Array | None = None


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


def begin(
    params: Params, *, optimizer: Optimizer = optax.sgd, eta: StepSize | None = None,
    stream: bool = False,
) -> Fit:  # fmt: skip
    """Where `fit` begins: the `Fit` of no epoch.

    Args:
        params, optimizer, eta: as for `fit`.
        stream: whether X is a `Stream`.

    Raises:
        ValueError: the optimizer is none, or has a step size of its own beside eta.

    Example:
        >>> begun = begin(Params(None, jnp.ones((2, 3))), optimizer=optax.adam)
        >>> begun.history, [leaf.shape for leaf in jax.tree.leaves(begun.optimizer)]
        ([], [(), (2, 3), (2, 3)])
    """
    params = jax.tree.map(jnp.asarray, Params(*params))
    make, eta = step_rule(optimizer, eta)
    (first,) = step_sizes(eta, 0, 1, params.V.dtype)
    return Fit(params, [], make(first).init(params), jnp.zeros((), jnp.int32) if stream else None)


def check_resume(resume: Fit, begun: Fit, epochs: int) -> None:
    """Refuse to go on from another network or optimizer, or from beyond the epochs asked for.

    Raises:
        ValueError: with the first array that differs, or the number of epochs.
    """
    check_arrays(arrays(resume), arrays(begun))
    if len(resume.history) > epochs:
        done = len(resume.history)
        raise ValueError(f"expected at least the {done} epochs already done, got {epochs}")


def check_arrays(got: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
    """Refuse arrays that have not these names, dtypes and shapes.

    Raises:
        ValueError: with the first that differs.
    """
    for name in {**wanted, **got}:
        expected, received = (
            f"{arrays[name].dtype}{list(arrays[name].shape)}" if name in arrays else "none"
            for arrays in (wanted, got)
        )
        if expected != received:
            raise ValueError(f"expected {name} to be {expected}, got {received}")


def arrays(so_far: Fit) -> dict[str, Array]:
    """What a `Fit` goes on from, by name: params.V, optimizer.0.count, …"""
    leaves, _ = jax.tree.flatten_with_path(so_far._replace(history=None))
    return {jax.tree_util.keystr(path, simple=True, separator="."): leaf for path, leaf in leaves}
