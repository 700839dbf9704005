"""What both estimators share: scikit-learn's parameters, `fit` and `partial_fit`."""

import warnings
from collections.abc import Callable
from dataclasses import KW_ONLY, dataclass
from typing import Any, TypeVar

import jax
import numpy as np
from jax.typing import DTypeLike
from sklearn.base import BaseEstimator
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.utils import Tags, check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from jaxmlp.activations import Activation
from jaxmlp.data.scaling import Scaling
from jaxmlp.estimators import settings
from jaxmlp.estimators.descent import output
from jaxmlp.estimators.inputs import (
    Given,
    Integral,
    Real,
    checked_weights,
    named,
    reference_to,
    referred_to,
)
from jaxmlp.estimators.running import Orders, begin, precision, run
from jaxmlp.estimators.searching import search
from jaxmlp.estimators.state import Curves, Numbers, Program, padded
from jaxmlp.network import Params
from jaxmlp.storage import Model
from jaxmlp.train.mesh import check_batch, placed

S = TypeVar("S", bound="ThreeLayer")  # itself, as methods give it back
ROWS = 8192  # samples whose outputs are computed at a time


@dataclass(eq=False, repr=False)  # an estimator prints and compares as scikit-learn's do
class ThreeLayer(BaseEstimator):
    """The parameters and the training of both estimators.

    Where a parameter has scikit-learn's name, it means what it means there, and with the same
    `random_state` the run is scikit-learn's, step by step, up to rounding. (With "adam" up to
    epsilon, too, which Optax adds after the correction of the bias, scikit-learn before it: it
    shows where gradients are as small as that. With `early_stopping` and more than two classes,
    each class here has its share of the validation samples.)

    Each size of the data, of the batch and of the hidden layer is a program of its own, which JAX
    keeps in memory: where a search compiles many, `jax.clear_caches()` between them frees it. Of
    joblib's backends, "multiprocessing" does not go with JAX once it runs; "loky" does.

    Args:
        hidden_units: q, the units of the hidden layer.
        hidden_layer_sizes: (q,), as scikit-learn has it, in place of `hidden_units`.
        activation: f, by name ("relu", "tanh", "sigmoid" or "logistic", "identity"), as an
            `Activation`, or as a function of one number in jax.numpy.
        solver: "adam", "sgd" with momentum, or any of Optax's: a function of the step size,
            `optax.lion` or `functools.partial(optax.adamw, weight_decay=0.1)`, or one that is
            ready, `optax.adam(1e-3)`, which has a step size of its own.
        alpha: α/2 times the sum of the squared weights, without biases, is added to the errors of
            a batch.
        batch_size: samples a step: "auto" is 200, or all where there are fewer; 1 is the lecture's.
        learning_rate: "constant"; with "sgd" or an optimizer of Optax's also "invscaling",
            η / t^power_t after t samples, or "adaptive", a fifth each time that training would end.
        learning_rate_init: η, the step size, at the start.
        max_iter: epochs, at most.
        shuffle: whether the samples come in a fresh random order each epoch.
        random_state: a number or a `RandomState`, for the start, the order and the validation
            samples.
        tol, n_iter_no_change: training ends where more than so many epochs did not improve by tol
            on the best before: the training error, or what `monitor` says with `early_stopping`.
        warm_start: whether `fit` goes on from the weights there are.
        momentum, nesterovs_momentum: of "sgd".
        beta_1, beta_2, epsilon: of "adam".
        early_stopping: whether `validation_fraction` of the samples are set aside, their error and
            score are followed, and the weights that were best on them are kept.
        monitor: what is best: the highest validation "score", or the lowest validation "loss".
        on_epoch: called after each epoch with its `Epoch` (whose errors are those of the curves)
            and the parameters. Where it returns True, training ends there.
        device: where to train: "cpu", "gpu", "gpu:1"; or a number of devices, of which each takes
            its share of every batch: `batch_size` is then a multiple of it. JAX's default if None.

    Attributes:
        W_: (q, d+1), V_: (m, q+1), as in the lecture, biases in column 0. `coefs_` and
            `intercepts_` are views of them.
        loss_curve_: the training error, penalty included, of each epoch.
        validation_loss_curve_, validation_scores_: likewise; None without `early_stopping`.
        loss_, best_loss_, best_validation_loss_, best_validation_score_: their last and best.
        n_iter_: epochs of the last `fit`.
        n_features_in_, feature_names_in_, n_layers_, n_outputs_, out_activation_, t_: as in
            scikit-learn.
    """

    hidden_units: Integral = settings.MANY
    activation: str | Activation | Callable = "relu"
    _: KW_ONLY
    solver: object = "adam"
    alpha: Real = 0.0001
    batch_size: Integral | str = "auto"
    learning_rate: str = "constant"
    learning_rate_init: Real = 0.001
    power_t: Real = 0.5
    max_iter: Integral = 200
    shuffle: bool = True
    random_state: object = None
    tol: Real = 1e-4
    warm_start: bool = False
    momentum: Real = 0.9
    nesterovs_momentum: bool = True
    early_stopping: bool = False
    validation_fraction: Real = 0.1
    monitor: str = "score"
    beta_1: Real = 0.9
    beta_2: Real = 0.999
    epsilon: Real = 1e-8
    n_iter_no_change: Real = 10
    on_epoch: Callable | None = None
    hidden_layer_sizes: object = None
    device: str | Integral | None = None

    def fit(
        self: S,
        X: Given,
        y: Given,
        sample_weight: Given = None,
        *,
        validation_data: Any = None,
    ) -> S:
        """Learn W and V from X and y.

        Args:
            X: (n, d), an array, a DataFrame or a sparse matrix (which is made dense).
            y: (n,), or (n, m) for several targets, or 0 and 1 for several labels.
            sample_weight: (n,), what each sample counts; all the same where not given.
            validation_data: (X, y) or (X, y, sample_weight), to validate with instead of a share
                of the samples: then training ends as with `early_stopping`.

        Raises:
            ValueError, TypeError: an argument cannot be used, by name; or training diverged.
        """
        again = self.warm_start and hasattr(self, "W_")
        return self._learn(X, y, sample_weight, validation_data, again=again)

    def as_model(self) -> Model:
        """What was learned as a `Model`, which `save_model` writes and `load_model` reads."""
        check_is_fitted(self)
        d, names = self.n_features_in_, getattr(self, "feature_names_in_", None)
        features = None if names is None else tuple(map(str, names))
        scaling, params = Scaling(np.zeros(d), np.ones(d)), Params(self.W_, self.V_)
        named = self._named_classes()
        return Model(self._network(), params, scaling, None, features=features, **named)

    def __getstate__(self) -> dict:
        """With functions of jax.nn and jax.numpy, which do not pickle, by their names."""
        state = super().__getstate__()
        return {**state, "activation": reference_to(state["activation"])}

    def __setstate__(self, state: dict) -> None:
        super().__setstate__({**state, "activation": referred_to(state["activation"])})

    def search(
        self: S,
        X: Given,
        y: Given,
        sample_weight: Given = None,
        *,
        learning_rate_init: Given,
        random_state: Given,
    ) -> S:
        """Train a network for each step size and seed in one program, and keep the best of them.

        Best is the least validation error, on `validation_fraction` of the samples, after any
        epoch; training ends when no network has improved for `n_iter_no_change` epochs.
        `random_state` of the estimator draws the validation samples, that of the search the
        starts and the orders. What was found is in `search_results_` and `best_params_`.

        Args:
            X, y, sample_weight: as for `fit`.
            learning_rate_init: the step sizes.
            random_state: the seeds, whole numbers.

        Raises:
            ValueError, TypeError: as for `fit`; or every network diverged.

        Example:
            >>> from jaxmlp import ThreeLayerRegressor
            >>> X = np.linspace(-1, 1, 60)[:, None]
            >>> model = ThreeLayerRegressor(8, "tanh", max_iter=50, random_state=0)
            >>> rates, seeds = [1e-3, 0.1], [0, 1]
            >>> _ = model.search(X, X[:, 0] ** 2, learning_rate_init=rates, random_state=seeds)
            >>> model.best_params_["learning_rate_init"]
            0.1
        """
        return search(self, X, y, sample_weight, learning_rate_init, random_state)

    def hidden_activations(self, X: Given) -> np.ndarray:
        """z = f(Wx) of each sample, (n, q), without the 1 in front (L3)."""
        return self._output(X, "z")[:, 1:]

    @property
    def coefs_(self) -> list[np.ndarray]:
        """W and V without their biases, transposed, as scikit-learn has them: views of both."""
        return [self.W_[:, 1:].T, self.V_[:, 1:].T]

    @property
    def intercepts_(self) -> list[np.ndarray]:
        """The biases: column 0 of W and of V."""
        return [self.W_[:, 0], self.V_[:, 0]]

    def _learn(
        self: S,
        X: Given,
        y: Given,
        sample_weight: Given,
        validation_data: Any = None,
        *,
        again: bool,
        step: bool = False,
    ) -> S:
        """`fit`, or one epoch of `partial_fit`; again: from the weights there are."""
        given = self.get_params(deep=False)
        settings.check(given)
        epochs = 1 if step else int(self.max_iter)
        if step and self.early_stopping:
            raise ValueError("partial_fit does not support early_stopping=True")
        with named("random_state"):
            random = check_random_state(self.random_state)
        X, Y, weights = self._samples(X, y, sample_weight, again, step)
        params = Params(self.W_, self.V_) if again else self._drawn(random, X, Y)
        train, validation = (X, Y, weights), None
        if validation_data is not None:
            validation = self._validation(validation_data, Y.shape[1], X.dtype)
        elif self.early_stopping:
            train, validation = self._parts(random, X, Y, weights)
        mesh, everywhere = placed(settings.devices_of(self.device))
        rule = self._rule(given, len(train[0]))._replace(mesh=mesh)
        if mesh and rule.batch_size:
            check_batch(mesh, rule.batch_size)
        data = padded(*train, rule.batch_size), validation and padded(*validation, 0)
        numbers = self._numbers(X.dtype)
        with precision(X.dtype):
            seen = getattr(self, "t_", 0) if again else 0
            memory = getattr(self, "_memory", None) if again and step else None
            state = begin(rule, params, numbers, seen, validation is not None, memory)
            orders = Orders(data[0], rule.batch_size, random if self.shuffle else None)
            trained = run(rule, data, state, numbers, orders, epochs, self.on_epoch, everywhere)
        state, curves, ended = trained
        self._keep(state.params if state.best is None else state.best, curves, again)
        self.t_ = seen + self.n_iter_ * len(train[0])
        self._memory = jax.tree.map(np.asarray, state._replace(params=None, best=None))
        if not (ended or step):
            warnings.warn(
                f"Maximum iterations ({epochs}) reached and the optimization hasn't converged yet.",
                ConvergenceWarning,
                stacklevel=3,
            )
        return self

    def _samples(
        self, X: Given, y: Given, sample_weight: Given, again: bool, step: bool
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """X, Y and the weights as arrays of one float dtype, once they are checked."""
        y = self._checked_targets(y)
        X = self._checked(X, reset=not again)
        if again and len(self.W_) != (q := settings.units_of(self.get_params(deep=False))):
            raise ValueError(f"expected hidden_units {len(self.W_)} as before, got {q}")
        if X.shape[0] != y.shape[0]:
            raise ValueError(f"expected as many rows in y as in X, {X.shape[0]}, got {y.shape[0]}")
        Y, factors = self._targets(y, again, step)
        weights = checked_weights(sample_weight, len(X)) * factors
        if not weights.sum() > 0:
            raise ValueError("expected a sample_weight (times class_weight) that is not all zero")
        return X, Y.astype(X.dtype), weights.astype(X.dtype)

    def _validation(
        self, given: Any, outputs: int, dtype: np.dtype
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(X, Y, weights) to validate with, checked as those to train on are."""
        if not isinstance(given, tuple | list) or len(given) not in (2, 3):
            raise ValueError("expected (X, y) or (X, y, sample_weight) for validation_data")
        with named("validation_data"):
            y, X = self._checked_targets(given[1]), self._checked(given[0], dtype=dtype)
            if X.shape[0] != y.shape[0]:
                raise ValueError(f"expected {X.shape[0]} rows in y, got {y.shape[0]}")
            weights = checked_weights(given[2] if len(given) == 3 else None, len(X))
            return X, self._encoded(y, outputs).astype(dtype), weights.astype(dtype)

    def _checked(self, X: Given, reset: bool = False, dtype: DTypeLike | None = None) -> np.ndarray:
        """X as an array of floats, with as many columns as in `fit`."""
        wanted: Any = (np.float64, np.float32) if reset else dtype or self.W_.dtype
        with named("X"):
            X = validate_data(self, X, accept_sparse=["csr", "csc"], dtype=wanted, reset=reset)
        return X.toarray() if hasattr(X, "toarray") else X

    def _drawn(self, random: np.random.RandomState, X: np.ndarray, Y: np.ndarray) -> Params:
        """W and V to start from: scikit-learn's draws, in its order."""
        factor = 2 if self._network().hidden.name == "sigmoid" else 6
        q = settings.units_of(self.get_params(deep=False))

        def layer(inputs: int, outputs: int) -> np.ndarray:
            bound = np.sqrt(factor / (inputs + outputs))
            weights = random.uniform(-bound, bound, (inputs, outputs))
            return np.column_stack([random.uniform(-bound, bound, outputs), weights.T])

        layers = layer(X.shape[1], q), layer(q, Y.shape[1])
        return Params(*(one.astype(X.dtype) for one in layers))

    def _parts(
        self, random: np.random.RandomState, X: np.ndarray, Y: np.ndarray, weights: np.ndarray
    ) -> tuple:
        """(the samples to train on, those to validate with)."""
        with named("validation_fraction"):
            parts = train_test_split(
                X, Y, weights, random_state=random, test_size=self.validation_fraction,
                stratify=self._strata(Y),
            )  # fmt: skip
        if len(parts[1]) < 2:
            raise ValueError(
                "The validation set is too small. Increase 'validation_fraction' or the number "
                f"of samples, {len(X)}"
            )
        return parts[::2], parts[1::2]

    def _rule(self, given: dict, n: int) -> Program:
        size = 200 if isinstance(self.batch_size, str) else self.batch_size
        if size > n and self.batch_size != "auto":
            warnings.warn(
                f"batch_size {size} is more than the {n} samples: {n} taken", stacklevel=4
            )
        own_step = isinstance(self.solver, str) and self.solver != "sgd"
        return Program(
            network=self._network(),
            make=settings.optimizer_of(given),
            batch_size=0 if size >= n else int(size),
            schedule="constant" if own_step else self.learning_rate,
            monitor=self.monitor,
        )

    def _numbers(self, dtype: np.dtype) -> Numbers:
        values = (
            self.learning_rate_init, self.alpha, self.power_t, self.tol, self.n_iter_no_change
        )  # fmt: skip
        return Numbers(*map(dtype.type, values))

    def _keep(self, params: Params, curves: Curves, again: bool) -> None:
        """What was learned, as scikit-learn's attributes and W_ and V_."""
        W, V = map(np.array, params)
        if not (np.isfinite(curves.loss).all() and np.isfinite(W).all() and np.isfinite(V).all()):
            raise ValueError(
                f"training diverged in epoch {len(curves.loss)}: the error is {curves.loss[-1]}; "
                "X, y or learning_rate_init may be too large"
            )
        self.W_, self.V_, self.n_iter_ = W, V, len(curves.loss)
        self.n_layers_, self.n_outputs_ = 3, len(V)
        names = ("loss_curve_", "validation_loss_curve_", "validation_scores_")
        for name, curve in zip(names, curves, strict=True):
            before = (again and getattr(self, name)) or []
            setattr(self, name, None if curve is None else before + curve.tolist())
        losses, errors, scores = (getattr(self, name) for name in names)
        self.loss_ = losses[-1] if losses else np.nan  # none where an interrupt came first
        self.best_loss_ = None if errors is not None else min(losses, default=np.inf)
        self.best_validation_loss_ = None if errors is None else min(errors, default=np.inf)
        self.best_validation_score_ = None if scores is None else max(scores, default=-np.inf)

    def _output(self, X: Given, part: str) -> np.ndarray:
        """A part of the forward pass, some rows at a time."""
        check_is_fitted(self)
        X = self._checked(X)
        network, params = self._network(), Params(self.W_, self.V_)
        with precision(X.dtype):
            parts = [output(network, params, X[i : i + ROWS], part) for i in range(0, len(X), ROWS)]
        values = np.concatenate(parts)
        if not np.isfinite(values).all():
            raise ValueError(f"expected X of smaller numbers, got up to {np.abs(X).max():g}")
        return values

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags
