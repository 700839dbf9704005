"""How good a trained network is: error, accuracy or R², confusion matrix (L25)."""

from typing import Any, NamedTuple

import jax
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Float, Int, Integer

from jaxmlp.data.rows import slices
from jaxmlp.network import Network, Params, forward, loss

Codes = Integer[np.ndarray, " n"]
MOST_CLASSES = 1000  # of which a confusion matrix is made


class Score(NamedTuple):
    """What `score` returns.

    Attributes:
        error: the mean of E over the samples.
        accuracy: the share classified rightly; None for regression.
        confusion: (m, m) counts, rows the true class, columns the predicted; None for regression,
            and beyond 1,000 classes, where it is large and empty.
        r2: R² averaged over the outputs; None for classification.
    """

    error: float
    accuracy: float | None = None
    confusion: np.ndarray | None = None
    r2: float | None = None

    @property
    def measure(self) -> float:
        """Accuracy, or R² of a regression: the higher, the better."""
        return self.r2 if self.accuracy is None else self.accuracy


def score(
    network: Network, params: Params, X: Any, Y: Any, labels: ArrayLike | None = None
) -> Score:
    """The error on (X, Y); with the labels also accuracy and confusion matrix, otherwise R².

    Args:
        X: (n, d), scaled as for training.
        Y: (n, m), the targets as for training.
        labels: (n,), for classification: the number of each sample's class.

    Example:
        >>> net = Network("identity", "identity", "squared_error", bias=False)
        >>> x = np.array([[1.0], [2.0], [3.0]])
        >>> score(net, Params(np.ones((1, 1)), np.ones((1, 1))), x, x).r2
        1.0
    """
    m = len(params.V)
    X, Y = (a if hasattr(a, "shape") else np.asarray(a) for a in (X, Y))
    total, parts = 0.0, []
    for rows in slices(len(X), max(X.shape[1], m)):
        x, y = (np.asarray(a[rows], params.V.dtype) for a in (X, Y))
        total += float(_error(network, params, x, y)) * len(x)
        g = predict(network, params, x)
        parts.append(g if labels is None else classify(g))
    error, outputs = total / len(X), np.concatenate(parts)
    if labels is None:
        return Score(error, r2=r_squared(np.asarray(Y, params.V.dtype), outputs))
    labels = np.asarray(labels)
    if m > MOST_CLASSES:
        return Score(error, float(np.mean(labels == outputs)))
    confusion = confusion_matrix(labels, outputs, max(2, m))
    return Score(error, accuracy(confusion), confusion)


def predict(network: Network, params: Params, X: ArrayLike) -> Float[np.ndarray, "n m"]:
    """The network's outputs g(a) for the rows of X, (n, d), scaled as for training.

    Example:
        >>> net = Network("identity", "identity", "squared_error", bias=False)
        >>> predict(net, Params(np.ones((1, 1)), 2 * np.ones((1, 1))), np.ones((3, 1))).tolist()
        [[2.0], [2.0], [2.0]]
    """
    return np.asarray(_outputs(network, params, np.asarray(X, params.V.dtype)))


_outputs = jax.jit(lambda network, params, X: forward(network, params, X).g, static_argnums=0)
_hidden = jax.jit(lambda network, params, X: forward(network, params, X).u, static_argnums=0)
_error = jax.jit(loss, static_argnums=0)


def classify(g: Float[np.ndarray, "n m"]) -> Codes:
    """The class of the largest output (L25); of a single output, 1 where it is above ½.

    Example:
        >>> classify(np.array([[0.8, 0.04, 0.1, 0.06]])).tolist()
        [0]
    """
    return (g[:, 0] > 0.5).astype(int) if g.shape[1] == 1 else g.argmax(axis=1)


def probabilities(g: Float[np.ndarray, "n m"]) -> Float[np.ndarray, "n k"]:
    """The probability of each class; a single output is that of the second of two (L10).

    Example:
        >>> probabilities(np.array([[0.25]])).tolist()
        [[0.75, 0.25]]
    """
    return np.hstack([1 - g, g]) if g.shape[1] == 1 else g


def confusion_matrix(true: Codes, predicted: Codes, m: int) -> Int[np.ndarray, "m m"]:
    """How many samples of class i (row) were taken for class j (column) (L25).

    Raises:
        ValueError: different lengths, or a class that is not one of 0 to m − 1.

    Example:
        >>> confusion_matrix(np.array([0, 0, 1]), np.array([0, 1, 1]), m=2).tolist()
        [[1, 1], [0, 1]]
    """
    true, predicted = (np.asarray(codes, np.int64) for codes in (true, predicted))
    if len(true) != len(predicted):
        raise ValueError(
            f"expected as many predictions as labels, {len(true)}, got {len(predicted)}"
        )
    for name, codes in (("label", true), ("prediction", predicted)):
        if len(codes) and not 0 <= codes.min() <= codes.max() < m:
            raise ValueError(
                f"expected a {name} from 0 to {m - 1}, got {codes.min()} to {codes.max()}"
            )
    return np.bincount(true * m + predicted, minlength=m * m).reshape(m, m)


def accuracy(confusion: Int[np.ndarray, "m m"]) -> float:
    """Right answers over all answers (L25).

    Example:
        >>> accuracy(np.array([[10, 3, 3, 4], [2, 8, 5, 5], [0, 5, 12, 3], [3, 2, 3, 12]]))
        0.525
    """
    return float(np.trace(confusion) / confusion.sum())


def r_squared(Y: Float[np.ndarray, "n m"], G: Float[np.ndarray, "n m"]) -> float:
    """R² = 1 − Σ(y − g)² / Σ(y − ȳ)², averaged over the outputs: 1 is perfect, the mean has 0.

    An output that is constant in Y has 1 where it is met exactly, and 0 where it isn't.
    """
    Y, G = (np.asarray(rows, np.float64) for rows in (Y, G))
    return float(weighted_r_squared(Y, G, np.full(len(Y), 1 / len(Y))))


def weighted_r_squared(Y: Any, G: Any, shares: Any) -> Any:
    """`r_squared` of NumPy's or JAX's rows, where each counts its share, (n,), of 1 in all."""
    xp = Y.__array_namespace__()
    residual, total = shares @ (Y - G) ** 2, shares @ (Y - (shares @ Y)[None]) ** 2
    alike = (Y[shares.argmax()][None] == Y) | (shares == 0)[:, None]
    varied = (total > 0) & ~alike.all(axis=0)
    met = xp.where(residual == 0, 1.0, 0.0)
    return xp.where(varied, 1 - residual / xp.where(varied, total, 1.0), met).mean()


def dead_units(network: Network, params: Params, X: Any) -> int:
    """How many hidden units no sample can teach any more: f'(u) = 0 in every row of X.

    Example:
        >>> W = np.array([[1.0, 0.0], [-1.0, 0.0]])  # with u = 1 and u = -1, whatever x is
        >>> dead_units(Network("relu"), Params(W, np.ones((2, 3))), np.zeros((5, 1)))
        1
    """
    if network.hidden is None:
        return 0
    dead = np.ones(len(params.W), bool)
    for rows in slices(len(X), max(X.shape[1], len(dead))):
        u = _hidden(network, params, np.asarray(X[rows], params.V.dtype))
        dead &= (np.asarray(network.hidden.derivative(u)) == 0).all(axis=0)
    return int(dead.sum())
