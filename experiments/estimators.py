"""Are the estimators as good as scikit-learn's own, and how long do they take?

Accuracy (R² for diabetes): 5 folds and 5 seeds, the same settings, folds and seeds for both, so
that each pair differs by the estimator alone. Fit time, warm: in one process, in turn, after a
first fit. Cold: a process that has just started imports, loads, scales and fits once, or
cross-validates, and is timed from outside, compilation and all. Scikit-learn is timed with as many
BLAS threads as it takes by itself, and with one; ours is compared with the faster.
"""

import os
import resource
import subprocess
import sys
import time
import warnings

import numpy as np
import sklearn.datasets
from matplotlib.figure import Figure
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import KFold, StratifiedKFold, cross_val_score
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.preprocessing import scale
from threadpoolctl import threadpool_limits

from experiments.running import Finding, main
from jaxmlp import ThreeLayerClassifier, ThreeLayerRegressor

QUICK = {"names": ("iris",), "cross_validated": (), "seeds": 1, "rounds": 1, "starts": 1}
NAMES = ("digits", "iris", "wine", "breast_cancer", "diabetes")
PEERS = ("jaxmlp", "scikit-learn", "scikit-learn, one thread")
ONE_THREAD = {f"{library}_NUM_THREADS": "1" for library in ("OMP", "OPENBLAS", "MKL", "BLIS")}
# Larger steps for diabetes, which otherwise isn't learned; else everything is scikit-learn's.
SETTINGS = {"diabetes": {"learning_rate_init": 0.01}}


def experiment(
    track, *, names=NAMES, cross_validated=("digits",), seeds=5, rounds=9, starts=3
) -> Finding:
    load = os.getloadavg()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        scores = {name: accuracies(name, seeds) for name in track(names, description="accuracy")}
        fits = {name: warm(name, rounds) for name in track(names, description="warm")}
    tasks = [*names, *(f"cross-validation of {name}" for name in cross_validated)]
    processes = {task: cold(task, starts) for task in track(tasks, description="cold")}
    timings = {"warm": fits, "cold": processes, "load before and after": (load, os.getloadavg())}
    answer = f"{as_good(scores)} {ahead('A fit, warm,', fits)} {ahead('A new process', processes)}"
    return Finding(answer, {"scores": scores}, draw(scores, fits, processes), timings=timings)


def data(name: str):
    """(X, y), each column of X with mean 0 and deviation 1."""
    X, y = getattr(sklearn.datasets, f"load_{name}")(return_X_y=True)
    return scale(X), y


def model(peer: str, name: str, seed: int):
    regression = name == "diabetes"
    if peer == "jaxmlp":
        kind = ThreeLayerRegressor if regression else ThreeLayerClassifier
    else:
        kind = MLPRegressor if regression else MLPClassifier
    return kind(random_state=seed, **SETTINGS.get(name, {}))


def accuracies(name: str, seeds: int) -> dict:
    """The scores of both, fold by fold, and how far ours are from theirs."""
    X, y = data(name)
    scores = {"jaxmlp": [], "scikit-learn": []}
    for seed in range(seeds):
        kind = KFold if name == "diabetes" else StratifiedKFold
        folds = kind(5, shuffle=True, random_state=seed)
        for peer, values in scores.items():
            with threadpool_limits(1):  # only the scores count here
                values += cross_val_score(model(peer, name, seed), X, y, cv=folds).tolist()
    difference = np.subtract(*scores.values())
    return {
        "means": {peer: np.mean(values) for peer, values in scores.items()},
        "standard error": standard_error(scores["scikit-learn"]),
        "difference": difference.mean(),
        "its standard error": standard_error(difference),
        "all": scores,
    }


def standard_error(values) -> float:
    return np.std(values, ddof=1) / len(values) ** 0.5


def warm(name: str, rounds: int) -> dict:
    """Seconds of a fit, in rounds in which each has its turn."""
    X, y = data(name)
    times = {peer: [] for peer in PEERS}
    for k in range(rounds + 1):
        for peer, seconds in times.items():
            estimator = model(peer, name, seed=0)
            with threadpool_limits(1 if "one" in peer else None):
                began = time.perf_counter(), time.process_time()
                estimator.fit(X, y)
                now = time.perf_counter(), time.process_time()
            seconds += [np.subtract(now, began)] if k else []
    return medians(times)


PROCESS = """
import sys, warnings
import sklearn.datasets
from sklearn.preprocessing import scale
warnings.simplefilter("ignore")
_, peer, task, settings = sys.argv
regression, settings = task == "diabetes", eval(settings)
if peer == "jaxmlp":
    from jaxmlp import ThreeLayerClassifier, ThreeLayerRegressor
    kind = ThreeLayerRegressor if regression else ThreeLayerClassifier
else:
    from sklearn.neural_network import MLPClassifier, MLPRegressor
    kind = MLPRegressor if regression else MLPClassifier
X, y = getattr(sklearn.datasets, "load_" + task.split()[-1])(return_X_y=True)
estimator = kind(random_state=0, **settings)
if " " in task:
    from sklearn.model_selection import cross_val_score
    cross_val_score(estimator, scale(X), y, cv=5)
else:
    estimator.fit(scale(X), y)
"""


def cold(task: str, starts: int) -> dict:
    """Seconds of a whole process, in rounds in which each has its turn."""
    times = {peer: [] for peer in PEERS}
    for _ in range(starts):
        for peer, seconds in times.items():
            environment = os.environ | (ONE_THREAD if "one" in peer else {})
            settings = repr(SETTINGS.get(task, {}))
            command = [sys.executable, "-c", PROCESS, peer, task, settings]
            began = time.perf_counter(), children()
            subprocess.run(command, check=True, env=environment)
            seconds.append(np.subtract((time.perf_counter(), children()), began))
    return medians(times)


def children() -> float:
    """The cores' seconds of all processes that this one has waited for."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def medians(times: dict) -> dict:
    """By the clock, and of all cores, which others at work hardly change; and each time."""
    by_clock, of_cores = (
        {peer: np.median(pairs, axis=0)[k] for peer, pairs in times.items()} for k in range(2)
    )
    return {"seconds": by_clock, "seconds of all cores": of_cores, "all": times}


def as_good(scores: dict) -> str:
    differences = {name: one["difference"] for name, one in scores.items()}
    worst = min(differences, key=lambda name: differences[name] / scores[name]["standard error"])
    return (
        f"The mean score differs from scikit-learn's by {differences[worst]:+.4f} at worst "
        f"({worst}; standard error {scores[worst]['standard error']:.4f})."
    )


def ahead(what: str, times: dict) -> str:
    """How many times as long the faster of scikit-learn's two takes, from least to most."""

    def ratios(kind: str) -> str:
        seconds = [one[kind] for one in times.values()]
        ratios = sorted(min(s[peer] for peer in PEERS[1:]) / s["jaxmlp"] for s in seconds)
        return f"{ratios[0]:.2g} to {ratios[-1]:.2g} times"

    kinds = ratios("seconds"), ratios("seconds of all cores")
    return f"{what} of scikit-learn's takes {kinds[0]} as long as ours ({kinds[1]} the cores)."


def draw(scores: dict, fits: dict, processes: dict) -> Figure:
    figure = Figure(figsize=(10.5, 5), layout="constrained")
    left, middle, right = figure.subplots(1, 3)
    for k, one in enumerate(scores.values()):
        for peer, shift in (("jaxmlp", -0.15), ("scikit-learn", 0.15)):
            values, error = one["means"][peer], standard_error(one["all"][peer])
            color = f"C{PEERS.index(peer)}"
            left.errorbar(values, k + shift, xerr=error, fmt="o", capsize=3, color=color)
            left.text(
                values - error, k + shift, f"{values:.4f}  ", ha="right", va="center", fontsize=8
            )
    left.set(xlabel="accuracy; R² for diabetes", xlim=(0, 1.05))
    left.set_title("mean score ± standard error", fontsize=10)
    for axes, tasks, title in (
        (middle, fits, "a fit, warm"),
        (right, processes, "a new process, from its start"),
    ):
        for j, peer in enumerate(PEERS):
            seconds = [one["seconds"][peer] for one in tasks.values()]
            places = np.arange(len(seconds)) + (j - 1) * 0.27
            axes.barh(places, seconds, 0.25, color=f"C{j}", label=peer)
            for place, value in zip(places, seconds, strict=True):
                axes.text(value, place, f" {value:.2g}", va="center", fontsize=8)
        axes.set(xlabel="seconds", xscale="log" if tasks is fits else "linear")
        axes.set_title(title, fontsize=10)
        axes.margins(x=0.25)
    for axes, tasks in ((left, scores), (middle, fits), (right, processes)):
        names = [task.replace("_", " ").replace(" of ", "\nof ") for task in tasks]
        axes.set_yticks(range(len(names)), names)
        axes.invert_yaxis()
    figure.legend(*middle.get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return figure


if __name__ == "__main__":
    main(experiment, QUICK)
