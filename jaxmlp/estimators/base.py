"""What both estimators share: scikit-learn's parameters, `fit` and `partial_fit`."""

import warnings
from collections.abc import Callable
from dataclasses import KW_ONLY, dataclass
from typing import Any, TypeVar

import jax
import numpy as np
from sklearn.base import BaseEstimator
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import Tags, check_random_state
from sklearn.utils.validation import check_is_fitted

from jaxmlp.activations import Activation
from jaxmlp.data.scaling import Scaling
from jaxmlp.estimators import settings
from jaxmlp.estimators.descent import forward_part
from jaxmlp.estimators.inputs import (
    ArrayInput,
    Integral,
    Real,
    naming_argument,
    reference_to,
    referred_to,
)
from jaxmlp.estimators.running import drawn_params, precision, trained
from jaxmlp.estimators.samples import checked_rows, checked_samples, divided
from jaxmlp.estimators.searching import search
from jaxmlp.estimators.state import Curves, Data
from jaxmlp.network import Params
from jaxmlp.storage import Model

S = TypeVar("S", bound="ThreeLayer")  # itself, as methods give it back


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

    hidden_units: Integral = settings.DEFAULT_UNITS
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
        X: ArrayInput,
        y: ArrayInput,
        sample_weight: ArrayInput = None,
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
        classes = self._named_classes()
        return Model(self._network(), params, scaling, None, features=features, **classes)

    def __getstate__(self) -> dict:
        """With functions of jax.nn and jax.numpy, which do not pickle, by their names."""
        state = super().__getstate__()
        return {**state, "activation": reference_to(state["activation"])}

    def __setstate__(self, state: dict) -> None:
        super().__setstate__({**state, "activation": referred_to(state["activation"])})

    def search(
        self: S,
        X: ArrayInput,
        y: ArrayInput,
        sample_weight: ArrayInput = None,
        *,
        learning_rate_init: ArrayInput,
        random_state: ArrayInput,
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

    def hidden_activations(self, X: ArrayInput) -> np.ndarray:
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
        X: ArrayInput,
        y: ArrayInput,
        sample_weight: ArrayInput,
        validation_data: Any = None,
        *,
        again: bool,
        step: bool = False,
    ) -> S:
        """`fit`, or one epoch of `partial_fit`; again: from the weights there are."""
        options, random = self._checked_settings()
        if step and self.early_stopping:
            raise ValueError("partial_fit does not support early_stopping=True")
        samples = checked_samples(self, X, y, sample_weight, again, step)
        params = Params(self.W_, self.V_) if again else self._drawn(random, samples)
        parts = divided(self, random, samples, validation_data)
        rule = settings.program_of(options, self._network(), parts[0].n)
        seen: int = getattr(self, "t_", 0) if again else 0
        before = seen, getattr(self, "_memory", None) if again and step else None
        epochs = 1 if step else int(self.max_iter)
        state, curves, ended = trained(options, rule, params, before, parts, random, epochs)
        self._keep(state.params if state.best is None else state.best, curves, again)
        self.t_ = seen + self.n_iter_ * parts[0].n
        self._memory = jax.tree.map(np.asarray, state._replace(params=None, best=None))
        if not (ended or step):
            warnings.warn(
                f"Maximum iterations ({epochs}) reached and the optimization hasn't converged yet.",
                ConvergenceWarning,
                stacklevel=3,
            )
        return self

    def _checked_settings(self) -> tuple[dict, np.random.RandomState]:
        """The parameters, once they are checked, and what draws."""
        options = self.get_params(deep=False)
        settings.check(options)
        with naming_argument("random_state"):
            return options, check_random_state(self.random_state)

    def _drawn(self, random: np.random.RandomState, samples: Data) -> Params:
        """W and V to start from."""
        q = settings.units_of(self.get_params(deep=False))
        sizes = samples.X.shape[1], q, samples.Y.shape[1]
        return drawn_params(random, self._network(), sizes, samples.X.dtype)

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

    def _output(self, X: ArrayInput, part: str) -> np.ndarray:
        """A part of the forward pass."""
        check_is_fitted(self)
        X = checked_rows(self, X)
        with precision(X.dtype):
            values = forward_part(self._network(), Params(self.W_, self.V_), X, part)
        if not np.isfinite(values).all():
            raise ValueError(f"expected X of smaller numbers, got up to {np.abs(X).max():g}")
        return values

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags
