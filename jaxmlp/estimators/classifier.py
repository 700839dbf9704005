"""The three-layer network as scikit-learn's classifier."""

from dataclasses import KW_ONLY, dataclass
from typing import Any

import numpy as np
from scipy.sparse import issparse
from sklearn.base import ClassifierMixin
from sklearn.preprocessing import LabelBinarizer
from sklearn.utils import Tags
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.multiclass import unique_labels

from jaxmlp.estimators import settings
from jaxmlp.estimators.base import S, ThreeLayer
from jaxmlp.estimators.inputs import ArrayInput, checked_targets, naming_argument
from jaxmlp.evaluate import probabilities
from jaxmlp.losses import LOSS_OF
from jaxmlp.network import Network


@dataclass(eq=False, repr=False)
class ThreeLayerClassifier(ClassifierMixin, ThreeLayer):
    """Classification by the three-layer network, cross-entropy (L9, L10).

    Two classes have one output, as in scikit-learn; a y of 0 and 1 with several columns has a yes
    or no for each. Parameters and attributes: `ThreeLayer`'s, and:

    Args:
        class_weight: what a sample of each class counts, by class; "balanced": as much for each
            class in total; None: the same for each sample.

    Attributes:
        classes_: their names, in the order of the outputs.

    Example:
        >>> from sklearn.datasets import load_iris
        >>> X, y = load_iris(return_X_y=True)
        >>> model = ThreeLayerClassifier(learning_rate_init=0.02, max_iter=400, random_state=0)
        >>> bool(model.fit(X, y).score(X, y) > 0.95)
        True
    """

    _: KW_ONLY
    class_weight: dict | str | None = None

    def predict(self, X: ArrayInput) -> np.ndarray:
        """The classes, (n,), or 0 and 1 for several labels, (n, m)."""
        g = self._output(X, "g")
        labels = self._label_binarizer.inverse_transform(g[:, 0] if g.shape[1] == 1 else g)
        return labels.toarray() if issparse(labels) else labels  # of a y that was

    def predict_proba(self, X: ArrayInput) -> np.ndarray:
        """The probability of each class, (n, classes), in the order of `classes_`."""
        return probabilities(self._output(X, "g"))

    def predict_log_proba(self, X: ArrayInput) -> np.ndarray:
        """Its logarithm."""
        with np.errstate(divide="ignore"):
            return np.log(self.predict_proba(X))

    def partial_fit(
        self: S,
        X: ArrayInput,
        y: ArrayInput,
        sample_weight: ArrayInput = None,
        classes: ArrayInput = None,
    ) -> S:
        """One epoch over these samples, from where the last ended.

        Args:
            classes: all there are; needed the first time.
        """
        again = hasattr(self, "W_")
        if classes is None and not again:
            raise ValueError("classes must be passed on the first call to partial_fit.")
        if classes is not None:
            self._agree_on(classes, again)
        return self._learn(X, y, sample_weight, again=again, step=True)

    @property
    def out_activation_(self) -> str:
        """g: "softmax" for more than two classes, otherwise "logistic"."""
        return "softmax" if self._label_binarizer.y_type_ == "multiclass" else "logistic"

    def _network(self) -> Network:
        g = "softmax" if self.out_activation_ == "softmax" else "sigmoid"
        return Network(settings.hidden_of(self.activation), g, LOSS_OF[g])

    def _agree_on(self, classes: ArrayInput, again: bool) -> None:
        """The classes given to `partial_fit`, and the same each time."""
        with naming_argument("classes"):
            binarizer = LabelBinarizer().fit(classes)
        if not again:
            self._label_binarizer, self.classes_ = binarizer, binarizer.classes_
        elif not np.array_equal(binarizer.classes_, self.classes_):
            raise ValueError(
                f"`classes={classes!r}` is not the same as on last call to partial_fit, "
                f"was: {self.classes_!r}"
            )

    def _checked_targets(self, y: ArrayInput) -> Any:
        return checked_targets(y, None, accept_sparse="csr")

    def _targets(self, y: Any, again: bool, step: bool) -> tuple[np.ndarray, float | np.ndarray]:
        """(Y, (n, m), and what each row counts for its class)."""
        with naming_argument("y"):
            if again or step:
                self._known(unique_labels(y), all_of_them=not step)
            else:
                self._label_binarizer = LabelBinarizer().fit(y)
                self.classes_ = self._label_binarizer.classes_
            Y = self._label_binarizer.transform(y)
        if step and isinstance(self.class_weight, str):
            raise ValueError(
                f"expected a dict or None for class_weight in partial_fit, got "
                f"{self.class_weight!r}"
            )
        if self.class_weight is None:
            return Y, 1.0
        with naming_argument("class_weight"):
            return Y, compute_sample_weight(self.class_weight, y)

    def _encoded(self, y: Any, outputs: int) -> np.ndarray:
        """Y, (n, m), of classes that there are outputs for."""
        self._known(unique_labels(y), all_of_them=False)
        return self._label_binarizer.transform(y)

    def _named_classes(self) -> dict:
        """The names of the classes, and their dtype; of several labels at once, none."""
        if self._label_binarizer.y_type_.startswith("multilabel"):
            return {"classes": None}
        kind = self.classes_.dtype
        labels = kind.name if kind.kind in "iufb" else None
        return {"classes": tuple(map(str, self.classes_)), "labels": labels}

    def _known(self, classes: np.ndarray, all_of_them: bool) -> None:
        """Refuse classes that there are no outputs for; where it goes on, also missing ones."""
        missing = all_of_them and len(classes) != len(self.classes_)
        if missing or len(np.setdiff1d(classes, self.classes_)):
            raise ValueError(f"expected y of the classes {self.classes_}, as before, got {classes}")

    def _strata(self, Y: np.ndarray) -> np.ndarray | None:
        """Classes keep their shares in the validation samples, where there are enough of each."""
        if self._label_binarizer.y_type_.startswith("multilabel"):
            return None
        codes = Y[:, 0] if Y.shape[1] == 1 else Y.argmax(axis=1)
        counts = np.unique(codes, return_counts=True)[1]
        kept = min(self.validation_fraction, 1 - self.validation_fraction) * len(Y)
        enough = counts.min() > 1 and kept >= len(counts)
        return codes if enough or Y.shape[1] == 1 else None

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags
