"""A lecture's three-layer neural network in JAX: derivation checked, training jitted.

The names below are imported when they are first used, so that `import jaxmlp` costs nothing.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # so that editors and type checkers know them without running anything
    from jaxmlp.activations import Activation as Activation, Output as Output
    from jaxmlp.data.dataset import Dataset as Dataset, one_hot as one_hot, split as split
    from jaxmlp.data.scaling import learn_scaling as learn_scaling
    from jaxmlp.data.sources import load_data as load_data
    from jaxmlp.estimators.classifier import ThreeLayerClassifier as ThreeLayerClassifier
    from jaxmlp.estimators.regressor import ThreeLayerRegressor as ThreeLayerRegressor
    from jaxmlp.evaluate import predict as predict, probabilities as probabilities, score as score
    from jaxmlp.gradients import (
        Gradients as Gradients,
        autodiff as autodiff,
        backprop as backprop,
        difference as difference,
    )
    from jaxmlp.losses import Loss as Loss
    from jaxmlp.network import (
        Network as Network,
        Params as Params,
        forward as forward,
        init as init,
        loss as loss,
    )
    from jaxmlp.scikit_learn import (
        from_scikit_learn as from_scikit_learn,
        to_scikit_learn as to_scikit_learn,
    )
    from jaxmlp.storage import Model as Model, load_model as load_model, save_model as save_model
    from jaxmlp.train.arguments import inverse_epoch as inverse_epoch
    from jaxmlp.train.checkpoint import (
        Checkpoint as Checkpoint,
        load_checkpoint as load_checkpoint,
        save_checkpoint as save_checkpoint,
    )
    from jaxmlp.train.fitted import Diverged as Diverged, Fit as Fit, begin as begin
    from jaxmlp.train.sgd import fit as fit
    from jaxmlp.train.stream import Stream as Stream
    from jaxmlp.train.sweep import sweep as sweep
    from jaxmlp.verify.check import assert_derivation as assert_derivation, check as check
    from jaxmlp.verify.finding import Report as Report
    from jaxmlp.verify.gradient import (
        assert_gradient as assert_gradient,
        check_gradient as check_gradient,
    )
    from jaxmlp.verify.homework import verify_file as verify_file

__version__ = "0.1.0"

_NAMES = {
    "activations": "Activation Output",
    "losses": "Loss",
    "network": "Network Params init forward loss",
    "gradients": "Gradients difference autodiff backprop",
    "train.sgd": "fit",
    "train.fitted": "begin Fit Diverged",
    "train.arguments": "inverse_epoch",
    "train.stream": "Stream",
    "train.sweep": "sweep",
    "train.checkpoint": "Checkpoint save_checkpoint load_checkpoint",
    "data.sources": "load_data",
    "data.dataset": "split Dataset one_hot",
    "data.scaling": "learn_scaling",
    "evaluate": "score predict probabilities",
    "storage": "Model save_model load_model",
    "estimators.classifier": "ThreeLayerClassifier",
    "estimators.regressor": "ThreeLayerRegressor",
    "scikit_learn": "from_scikit_learn to_scikit_learn",
    "verify.check": "check assert_derivation",
    "verify.gradient": "check_gradient assert_gradient",
    "verify.homework": "verify_file",
    "verify.finding": "Report",
}
_HOME = {name: module for module, names in _NAMES.items() for name in names.split()}
__all__ = list(_HOME)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'jaxmlp' has no attribute {name!r}")
    return getattr(importlib.import_module(f"jaxmlp.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return [*globals(), *_HOME]


def load_ipython_extension(shell: Any) -> None:
    """What `%load_ext jaxmlp` calls: `%verify` and `%%verify` are known from then on."""
    importlib.import_module("jaxmlp.notebook").load(shell)
