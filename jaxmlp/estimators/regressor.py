"""The three-layer network as scikit-learn's regressor."""

import numpy as np
from sklearn.base import RegressorMixin

from jaxmlp.estimators import settings
from jaxmlp.estimators.base import S, ThreeLayer
from jaxmlp.estimators.inputs import ArrayInput, checked_targets
from jaxmlp.network import Network


class ThreeLayerRegressor(RegressorMixin, ThreeLayer):
    """Regression of one or many targets by the three-layer network, squared error (L8).

    It learns half the squared error. Parameters and attributes: `ThreeLayer`'s.

    Example:
        >>> X = np.linspace(-1, 1, 80)[:, None]
        >>> settings = {"learning_rate_init": 0.05, "tol": 1e-5, "max_iter": 1000}
        >>> model = ThreeLayerRegressor(20, "tanh", random_state=0, **settings)
        >>> model.fit(X, X[:, 0] ** 2).score(X, X[:, 0] ** 2) > 0.95
        True
    """

    out_activation_ = "identity"

    def predict(self, X: ArrayInput) -> np.ndarray:
        """The outputs, (n,), or (n, m) for several targets."""
        g = self._output(X, "g")
        return g[:, 0] if g.shape[1] == 1 else g

    def partial_fit(self: S, X: ArrayInput, y: ArrayInput, sample_weight: ArrayInput = None) -> S:
        """One epoch over these samples, from where the last ended."""
        return self._learn(X, y, sample_weight, again=hasattr(self, "W_"), step=True)

    def _network(self) -> Network:
        return Network(settings.hidden_of(self.activation), "identity", "squared_error")

    def _checked_targets(self, y: ArrayInput) -> np.ndarray:
        return checked_targets(y, "numeric")

    def _targets(self, y: np.ndarray, again: bool, step: bool) -> tuple[np.ndarray, float]:
        """(Y, (n, m), and what each row counts)."""
        Y = y.reshape(len(y), -1)
        if again and Y.shape[1] != self.n_outputs_:
            raise ValueError(f"expected y of {self.n_outputs_} targets as before, got {Y.shape[1]}")
        return Y, 1.0

    def _encoded(self, y: np.ndarray, outputs: int) -> np.ndarray:
        Y = y.reshape(len(y), -1)
        if Y.shape[1] != outputs:
            raise ValueError(f"expected y of {outputs} targets, got {Y.shape[1]}")
        return Y

    def _named_classes(self) -> dict:
        return {"classes": None}

    def _strata(self, Y: np.ndarray) -> None:
        return None
