"""Each way of training as a function: (seconds, for so many samples), warmed up before.

A peer takes a task, and gives a function that trains once over all samples, from the same start and
in the same order (scikit-learn: its own), and ends with W and V where they lie at hand; it measures
no errors on the way. What this machine has not got raises `Missing`.
"""

import contextlib
import ctypes
import functools
import math
import shutil
import subprocess
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import jax
import numpy as np

import jaxmlp

ETA = 0.01
ON_GPU = jax.default_backend() == "gpu"


class Missing(Exception):
    """A peer that this machine has not got."""


class Task(NamedTuple):
    """What is trained: n samples of d numbers, q units, m classes, batches, networks."""

    n: int
    d: int
    q: int
    m: int
    batch_size: int = 1
    networks: int = 1

    def data(self):
        """(X, Y, W, V, order) in float32."""
        rng = np.random.default_rng(0)
        X = rng.random((self.n, self.d), dtype=np.float32)
        Y = np.eye(self.m, dtype=np.float32)[rng.integers(self.m, size=self.n)]
        W = rng.normal(0, 0.1, (self.q, self.d + 1)).astype(np.float32)
        V = rng.normal(0, 0.3, (self.m, self.q + 1)).astype(np.float32)
        return X, Y, W, V, rng.permutation(self.n)


def timed(run: Callable[[], object]) -> float:
    """Seconds of one call."""
    began = time.perf_counter()
    run()
    return time.perf_counter() - began


def ours(task: Task, **settings) -> Callable[[], object]:
    """`fit`, or `sweep` for several networks; the samples in their order."""
    X, Y, W, V, order = task.data()
    X, Y, network = jax.numpy.asarray(X), jax.numpy.asarray(Y), jaxmlp.Network()
    common = {"epochs": EPOCHS, "eta": ETA, "batch_size": task.batch_size, "errors_every": 0}
    common |= {"order": np.tile(order, (EPOCHS, 1))} | settings
    start, train = jaxmlp.Params(W, V), jaxmlp.fit
    if task.networks > 1:
        start, train = [start] * task.networks, jaxmlp.sweep
    return lambda: jax.block_until_ready(train(network, start, X, Y, **common).params)


EPOCHS = 20  # of ours in one measurement: its arguments are checked once


def numpy_script(task: Task) -> Callable[[], object]:
    """The students' script; where batches are asked for, NumPy as a careful person writes it."""
    X, Y, W, V, order = task.data()

    def softmax(a):
        e = np.exp(a - a.max(axis=-1, keepdims=True))
        return e / e.sum(axis=-1, keepdims=True)

    def one_at_a_time(W=W, V=V):
        for i in order:
            x = np.append(np.float32(1), X[i])
            u = np.dot(W, x)
            z = np.append(np.float32(1), np.maximum(0, u))
            delta2 = softmax(np.dot(V, z)) - Y[i]
            delta1 = np.dot(V[:, 1:].T, delta2) * (u > 0)
            V = V - ETA * np.outer(delta2, z)
            W = W - ETA * np.outer(delta1, x)
        return W, V

    ones = [np.ones((rows, 1), np.float32) for rows in (task.n, task.batch_size)]
    X1, z = np.hstack([ones[0], X]), np.hstack([ones[1], np.empty((task.batch_size, task.q), "f")])
    x, u = np.empty((task.batch_size, task.d + 1), "f"), np.empty((task.batch_size, task.q), "f")

    def in_batches(W=W, V=V):
        """The ones are put in place once, and the large arrays are made once."""
        W, V, dW = W.copy(), V.copy(), np.empty_like(W)
        for rows in np.split(order, range(task.batch_size, task.n, task.batch_size)):
            k = len(rows)
            np.take(X1, rows, axis=0, out=x[:k])
            np.matmul(x[:k], W.T, out=u[:k])
            np.maximum(u[:k], 0, out=z[:k, 1:])
            delta2 = softmax(z[:k] @ V.T)
            delta2 -= Y[rows]
            delta2 *= np.float32(ETA / k)
            delta1 = np.matmul(delta2, V[:, 1:], out=u[:k])
            delta1 *= z[:k, 1:] > 0
            V -= delta2.T @ z[:k]
            np.matmul(delta1.T, x[:k], out=dW)
            W -= dW
        return W, V

    return one_at_a_time if task.batch_size == 1 else in_batches


def c(task: Task, *, skipping: bool = False) -> Callable[[], object]:
    """One sample at a time by hand, on one thread; `skipping` the rows of W that do not change."""
    if task.batch_size > 1:
        raise Missing("C is one sample at a time")
    X, Y, W, V, order = task.data()
    order, eta = order.astype(np.int32), np.full(task.n, ETA, np.float32)
    X = in_rows(np.insert(X, 0, 1, axis=1))
    step = _compiled_c(skipping).one_at_a_time

    def run():
        arrays = (order, X, Y, eta, in_rows(W), in_rows(V))
        pointers = (a.ctypes.data_as(ctypes.c_void_p) for a in arrays)
        sizes = (X.shape[1], arrays[-1].shape[1], task.q, task.m)
        step(*sizes, ctypes.c_long(task.n), *pointers)
        return arrays[-2][:, : task.d + 1], arrays[-1][:, : task.q + 1]

    return run


def in_rows(A: np.ndarray) -> np.ndarray:
    """A copy with zeros after each row, so that each begins on a boundary of 64 bytes."""
    rows, columns = len(A), -(-A.shape[1] // 16) * 16
    room = np.zeros(rows * columns + 16, np.float32)
    first = -(room.ctypes.data // 4) % 16
    B = room[first : first + rows * columns].reshape(rows, columns)
    B[:, : A.shape[1]] = A
    return B


@functools.cache
def _compiled_c(skipping: bool) -> ctypes.CDLL:
    if not shutil.which("cc"):
        raise Missing("no C compiler")
    source = Path(__file__).with_name("one_at_a_time.c")
    library = Path(tempfile.mkdtemp()) / "one_at_a_time.so"
    flags = ["-Ofast", "-march=native", "-fPIC", *(["-DSKIPPING"] if skipping else [])]
    made = library.with_suffix(".o")
    subprocess.run(["cc", *flags, "-c", source, "-o", made], check=True)
    # Linked without -Ofast, with which GCC would let loading it turn off subnormal numbers.
    subprocess.run(["cc", "-shared", made, "-o", library, "-lm"], check=True)
    return ctypes.CDLL(str(library))


def torch_eager(
    task: Task, *, compiled: bool = False, graphs: bool = False
) -> Callable[[], object]:
    """PyTorch: nn.Sequential, cross_entropy, torch.optim.SGD; on the same device as JAX.

    graphs: many steps, compiled, are one CUDA graph; it knows where it is in the order.
    """
    with contextlib.suppress(ImportError):
        import torch
    if "torch" not in locals():
        raise Missing("no torch: pip install torch")
    if ON_GPU and not torch.cuda.is_available():
        raise Missing("PyTorch finds no GPU")
    with torch.device("cuda" if ON_GPU else "cpu") as device:
        X, Y, W, V, order = map(torch.from_numpy, task.data())
        X, y, order = X.to(device), Y.argmax(dim=1).to(device), order.to(device)
        model = torch.nn.Sequential(
            torch.nn.Linear(task.d, task.q), torch.nn.ReLU(), torch.nn.Linear(task.q, task.m)
        )
    optimizer = torch.optim.SGD(model.parameters(), lr=ETA, fused=graphs)

    def error(x, y):
        return torch.nn.functional.cross_entropy(model(x), y)

    if compiled:
        torch._dynamo.config.recompile_limit = 100  # each task has shapes of its own
        error = torch.compile(error, dynamic=False)
    with torch.no_grad():
        for layer, weights in ((model[0], W), (model[2], V)):
            layer.bias.copy_(weights[:, 0])
            layer.weight.copy_(weights[:, 1:])

    def step(rows):
        optimizer.zero_grad()
        error(X[rows], y[rows]).backward()
        optimizer.step()

    if graphs:
        return _replayed(torch, step, order, task.batch_size)

    def run():
        for rows in order.split(task.batch_size):
            step(rows)
        if ON_GPU:
            torch.cuda.synchronize()

    return run


IN_A_GRAPH = 64  # steps


def _replayed(torch, step: Callable, order, batch_size: int) -> Callable[[], object]:
    """A run over whole batches that replays a captured graph of some steps.

    A graph does not hold the arrays that it reads: the run does.
    """
    at = torch.zeros((), dtype=torch.int64, device=order.device)
    along = torch.arange(batch_size, device=order.device)

    def next_step():
        step(order[at + along])
        at.add_(batch_size)

    batches = len(order) // batch_size
    together = math.gcd(batches, IN_A_GRAPH)
    aside = torch.cuda.Stream()
    aside.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(aside):  # capturing wants it warm, and away from the main stream
        for _ in range(3):
            at.zero_()
            next_step()
    torch.cuda.current_stream().wait_stream(aside)
    graph = torch.cuda.CUDAGraph()
    at.zero_()
    with torch.cuda.graph(graph):
        for _ in range(together):
            next_step()

    def run(_holding=next_step):
        at.zero_()
        for _ in range(batches // together):
            graph.replay()
        torch.cuda.synchronize()

    return run


def scikit_learn(task: Task) -> Callable[[], object]:
    """`MLPClassifier`, plain SGD without penalty."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPClassifier

    X, Y, *_ = task.data()
    y = Y.argmax(axis=1)
    settings = {"solver": "sgd", "momentum": 0, "alpha": 0, "learning_rate_init": ETA}
    model = MLPClassifier(
        (task.q,), batch_size=task.batch_size, max_iter=1, random_state=0, **settings
    )

    def run():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            model.fit(X, y)

    return run


PEERS = {
    "jaxmlp": ours,
    "C": c,
    "C, skipping units that are off": functools.partial(c, skipping=True),
    "NumPy script": numpy_script,
    "PyTorch": torch_eager,
    "PyTorch, compiled": functools.partial(torch_eager, compiled=True),
    "scikit-learn": scikit_learn,
}
if ON_GPU:
    PEERS = {name: PEERS[name] for name in ("jaxmlp", "C", "PyTorch", "PyTorch, compiled")}
    PEERS["PyTorch, CUDA graphs"] = functools.partial(torch_eager, compiled=True, graphs=True)
