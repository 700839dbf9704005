"""The data sets and the estimators to compare; as a program, one of them from a cold start."""

import sys
import warnings

DATA = ("digits", "iris", "wine", "breast_cancer", "diabetes")
PEERS = ("jaxmlp", "scikit-learn", "scikit-learn, one thread")


def data(name: str):
    """(X, y), each column of X with mean 0 and deviation 1."""
    import sklearn.datasets
    from sklearn.preprocessing import scale

    X, y = getattr(sklearn.datasets, f"load_{name}")(return_X_y=True)
    return scale(X), y


def model(peer: str, name: str, seed: int):
    """With scikit-learn's own settings; larger steps for diabetes, which else isn't learned."""
    regression = name == "diabetes"
    settings = {"random_state": seed, **({"learning_rate_init": 0.01} if regression else {})}
    if peer == "jaxmlp":
        from jaxmlp import ThreeLayerClassifier, ThreeLayerRegressor

        return (ThreeLayerRegressor if regression else ThreeLayerClassifier)(**settings)
    from sklearn.neural_network import MLPClassifier, MLPRegressor

    return (MLPRegressor if regression else MLPClassifier)(**settings)


def main(peer: str, task: str) -> None:
    """What a process that has just started does."""
    warnings.simplefilter("ignore")
    name = task.split()[-1]
    X, y = data(name)
    estimator = model(peer, name, seed=0)
    if task == name:
        estimator.fit(X, y)
    else:
        from sklearn.model_selection import cross_val_score

        cross_val_score(estimator, X, y, cv=5)


if __name__ == "__main__":
    main(*sys.argv[1:])
