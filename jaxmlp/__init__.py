"""A lecture's three-layer neural network in JAX: derivation checked, training jitted.

The names below are imported when they are first used, so that `import jaxmlp` costs nothing.
"""

import importlib

__version__ = "0.1.0"

_HOME = {
    "Activation": "activations",
    "Output": "activations",
    "Loss": "losses",
    "Network": "network",
    "Params": "network",
    "init": "network",
    "forward": "network",
    "loss": "network",
    "Gradients": "gradients",
    "difference": "gradients",
    "autodiff": "gradients",
    "backprop": "gradients",
    "fit": "train.sgd",
    "begin": "train.sgd",
    "Fit": "train.sgd",
    "Diverged": "train.sgd",
    "Stream": "train.stream",
    "inverse_epoch": "train.sgd",
    "sweep": "train.sweep",
    "Checkpoint": "train.checkpoint",
    "save_checkpoint": "train.checkpoint",
    "load_checkpoint": "train.checkpoint",
    "load_data": "data.sources",
    "split": "data.dataset",
    "Dataset": "data.dataset",
    "one_hot": "data.dataset",
    "learn_scaling": "data.scaling",
    "score": "evaluate",
    "predict": "evaluate",
    "probabilities": "evaluate",
    "Model": "storage",
    "save_model": "storage",
    "load_model": "storage",
    "ThreeLayerClassifier": "estimators.classifier",
    "ThreeLayerRegressor": "estimators.regressor",
    "from_scikit_learn": "scikit_learn",
    "to_scikit_learn": "scikit_learn",
    "check": "verify.check",
    "assert_derivation": "verify.check",
    "check_gradient": "verify.gradient",
    "assert_gradient": "verify.gradient",
    "verify_file": "verify.homework",
    "Report": "verify.finding",
}
__all__ = list(_HOME)


def __getattr__(name: str):
    if name not in _HOME:
        raise AttributeError(f"module 'jaxmlp' has no attribute {name!r}")
    return getattr(importlib.import_module(f"jaxmlp.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return [*globals(), *_HOME]


def load_ipython_extension(shell) -> None:
    """What `%load_ext jaxmlp` calls: `%verify` and `%%verify` are known from then on."""
    importlib.import_module("jaxmlp.notebook").load(shell)
