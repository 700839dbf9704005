"""Training from the host: a few epochs at a time, until it ends."""

import contextlib
import os
import time
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import jax
import numpy as np
from jax._src import xla_bridge  # no public name says whether JAX is running
from jax.typing import DTypeLike

from jaxmlp.estimators.descent import optimizer_state, train_epochs
from jaxmlp.estimators.settings import devices_of, numeric_settings
from jaxmlp.estimators.state import CompiledProgram, Curves, Data, Hyperparameters, Progress, padded
from jaxmlp.network import Network, Params, full_precision
from jaxmlp.train.fitted import Epoch
from jaxmlp.train.mesh import check_batch, device_mesh

EPOCHS = 64  # the most that one call runs
MOST_ROW_NUMBERS = 2**22  # the most row numbers that it is given
FORKED = [False]  # whether this process is a fork of one in which JAX was running


def _forked() -> None:
    FORKED[0] = xla_bridge.backends_are_initialized()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)


@contextlib.contextmanager
def precision(dtype: np.dtype) -> Iterator[None]:
    """float64 where the samples are, whatever JAX is set to, for a while.

    Raises:
        RuntimeError: the process is a fork in which JAX would wait for threads that it has not.
    """
    if FORKED[0]:
        raise RuntimeError(
            "JAX was running before this process was forked, and would hang in it: expected "
            'joblib\'s backend "loky" or "threading", got "multiprocessing" or a fork of one\'s own'
        )
    x64, mixing = jax.enable_x64(bool(dtype == np.float64)), jax.numpy_dtype_promotion("standard")
    with x64, mixing, full_precision():
        yield


class Orders:
    """The orders in which epochs take the samples: scikit-learn's, from the same random state."""

    def __init__(self, train: Data, batch_size: int, random: np.random.RandomState | None):
        self.n, self.random, rows = int(train.n), random, len(train.X)
        self.most = max(1, min(EPOCHS, MOST_ROW_NUMBERS // rows))
        self.epochs = np.tile(np.arange(rows if batch_size else 0, dtype=np.int32), (self.most, 1))

    def next(self, epochs: int) -> np.ndarray:
        """(most, N): the next epochs' come first; (most, 0) where all are taken at once."""
        now = self.epochs.copy()
        if self.random and now.size:
            for k in range(epochs):
                now[k, : self.n] = now[k - 1, : self.n][self.random.permutation(self.n)]
            self.epochs[-1] = now[epochs - 1]
        return now


def drawn_params(
    random: np.random.RandomState, network: Network, sizes: tuple[int, int, int], dtype: DTypeLike
) -> Params:
    """W and V to start from, for (d, q, m): scikit-learn's draws, in its order."""
    factor = 2 if network.hidden.name == "sigmoid" else 6

    def layer(inputs: int, outputs: int) -> np.ndarray:
        bound = np.sqrt(factor / (inputs + outputs))
        weights = random.uniform(-bound, bound, (inputs, outputs))
        biases = random.uniform(-bound, bound, outputs)
        return np.column_stack([biases, weights.T]).astype(dtype)

    return Params(*map(layer, sizes, sizes[1:]))


def begun(
    rule: CompiledProgram,
    params: Params,
    numbers: Hyperparameters,
    seen: int,
    memory: Progress | None,
    *,
    validated: bool,
) -> Progress:
    """The state to start from; with the memory of an earlier one, where the optimizer is the same.

    The memory is its `Progress` without parameters.
    """
    optimizer = optimizer_state(rule, params, numbers.eta)
    kind: Any = jax.tree.structure(optimizer)
    if memory and kind == jax.tree.structure(memory.optimizer):
        return memory._replace(params=params, stopped=np.bool_(False))
    number = numbers.eta.dtype.type
    return Progress(
        params=params, optimizer=optimizer, best=params if validated else None,
        best_value=number(-np.inf), stale=np.int32(0), seen=number(seen),
        eta=numbers.eta, stopped=np.bool_(False),
    )  # fmt: skip


def trained(
    given: dict, rule: CompiledProgram, params: Params, before: tuple[int, Progress | None],
    parts: tuple[Data, Data | None], random: np.random.RandomState, epochs: int,
) -> tuple[Progress, Curves, bool]:  # fmt: skip
    """(the state after training, the curves, whether it ended before the epochs did).

    Args:
        given: the estimator's parameters.
        before: samples seen in earlier epochs, and the memory of them.
        parts: the samples to train on, and those to validate with.
    """
    mesh, put = device_mesh(devices_of(given["device"]))
    if mesh and rule.batch_size:
        check_batch(mesh, rule.batch_size)
    rule, (train, validation), dtype = rule._replace(mesh=mesh), parts, parts[0].X.dtype
    data = padded(train, rule.batch_size), validation and padded(validation, 0)
    numbers = numeric_settings(given, dtype)
    with precision(dtype):
        state = begun(rule, params, numbers, *before, validated=validation is not None)
        orders = Orders(data[0], rule.batch_size, random if given["shuffle"] else None)
        return run(rule, data, state, numbers, orders, epochs, given["on_epoch"], put)


def run(
    rule: CompiledProgram, data: tuple[Data, Data | None], state: Progress,
    numbers: Hyperparameters, orders: Orders, epochs: int, on_epoch: Callable | None,
    put: Callable,
) -> tuple[Progress, Curves, bool]:  # fmt: skip
    """What `trained` returns.

    Args:
        put: what puts arrays on the devices, once, and so makes them of one kind.
    """
    done, limit, ended = 0, 1, False
    data, state, numbers = put((data, state, numbers))
    none = np.zeros(0, data[0].X.dtype)
    curves = [Curves(none, *([None] * 2 if data[1] is None else [none] * 2))]
    try:
        while not ended and done < epochs:
            began, limit = time.perf_counter(), min(limit, epochs - done)
            how = state, numbers, orders.next(limit), np.int32(limit)
            state, some, now = train_epochs(rule, *data, *how)
            curves.append(jax.tree.map(lambda curve, now=int(now): np.asarray(curve)[:now], some))
            done += int(now)
            ended = _told(on_epoch, done, state, curves[-1]) or bool(state.stopped)
            if not on_epoch and time.perf_counter() - began < 0.2:  # Ctrl-C waits for it
                limit = min(2 * limit, orders.most)
    except KeyboardInterrupt:
        warnings.warn("Training interrupted by user.", stacklevel=5)
        ended = True
    return state, jax.tree.map(lambda *parts: np.concatenate(parts), *curves), ended


def _told(on_epoch: Callable | None, done: int, state: Progress, curves: Curves) -> bool:
    """Whether the user's function, told of an epoch, ends the training."""
    if not on_epoch:
        return False
    validation = curves.validation_loss
    test_error = None if validation is None else float(validation[-1])
    epoch = Epoch(done, float(state.eta), float(curves.loss[-1]), test_error)
    return on_epoch(epoch, state.params) is True
