"""Are the estimators as good as scikit-learn's own, and how long do they take?

    python -m experiments.estimators [--quick] [--out DIR]

Accuracy (R² for diabetes): 5 folds and 5 seeds, the same settings, folds and seeds for both, so
that each pair differs by the estimator alone. Fit time, warm: in one process, in turn, after a
first fit. Cold: a process that has just started imports, loads, scales and fits once, or does the
cross-validation, and is timed from outside, compilation and all. Scikit-learn is timed with as many
BLAS threads as it takes by itself, and with one; ours is compared with the faster. Numbers go to
estimators.json, the figure to estimators.png.
"""

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import time
import warnings
from importlib.metadata import version
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeElapsedColumn
from rich.table import Table
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import KFold, StratifiedKFold, cross_val_score
from threadpoolctl import threadpool_limits

from experiments.estimators.figure import draw
from experiments.estimators.peers import DATA, PEERS, data, model

ONE_THREAD = {f"{library}_NUM_THREADS": "1" for library in ("OMP", "OPENBLAS", "MKL", "BLIS")}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="small parts, once")
    parser.add_argument("--out", type=Path, default=Path("experiments/results"))
    options = parser.parse_args()
    warnings.simplefilter("ignore", ConvergenceWarning)
    names = DATA[:2] if options.quick else DATA
    seeds, rounds, starts = (1, 2, 1) if options.quick else (5, 9, 3)
    found = {"machine": machine(), "accuracy": {}, "warm": {}, "cold": {}}
    with progress() as bar:
        for name in bar.track(names, description="accuracy"):
            found["accuracy"][name] = accuracies(name, seeds)
        for name in bar.track(names, description="warm"):
            found["warm"][name] = warm(name, rounds)
        tasks = [*names, "cross_val_score digits"] if not options.quick else names[1:]
        for name in bar.track(tasks, description="cold"):
            found["cold"][name] = cold(name, starts)
    found["machine"]["load afterwards"] = os.getloadavg()
    report(Console(), found)
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "estimators.json").write_text(json.dumps(found, indent=1), encoding="utf-8")
    draw(found).savefig(options.out / "estimators.png", dpi=150)


def progress() -> Progress:
    columns = "[progress.description]{task.description}", BarColumn(), MofNCompleteColumn()
    return Progress(*columns, TimeElapsedColumn(), transient=True)


def machine() -> dict:
    names = ("jaxmlp", "jax", "jaxlib", "numpy", "scikit-learn")
    return {
        "cores": os.cpu_count(),
        "processor": platform.processor() or platform.machine(),
        "versions": {name: version(name) for name in names},
        "load before": os.getloadavg(),
    }


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
    ours, theirs = (np.array(scores[peer]) for peer in scores)
    return {
        "scores": scores,
        "mean": {"jaxmlp": ours.mean(), "scikit-learn": theirs.mean()},
        "difference": (ours - theirs).mean(),
        "standard error of the difference": (ours - theirs).std(ddof=1) / len(ours) ** 0.5,
        "standard error": theirs.std(ddof=1) / len(ours) ** 0.5,
    }


def warm(name: str, rounds: int) -> dict:
    """Seconds of a fit, median of rounds in which each has its turn."""
    X, y = data(name)
    times = {peer: [] for peer in PEERS}
    for k in range(rounds + 1):
        for peer, seconds in times.items():
            estimator = model(peer, name, seed=0)
            with threadpool_limits(1 if "one" in peer else None):
                began = time.perf_counter(), time.process_time()
                estimator.fit(X, y)
                now = time.perf_counter(), time.process_time()
            seconds += [np.subtract(now, began).tolist()] if k else []
    return medians(times)


def cold(name: str, starts: int) -> dict:
    """Seconds of a whole process, median of starts in which each has its turn."""
    times = {peer: [] for peer in PEERS}
    for _ in range(starts):
        for peer, seconds in times.items():
            environment = {**os.environ, **(ONE_THREAD if "one" in peer else {})}
            command = [sys.executable, "-m", "experiments.estimators.peers", peer, name]
            began = time.perf_counter(), children()
            subprocess.run(command, check=True, env=environment)
            seconds.append(np.subtract((time.perf_counter(), children()), began).tolist())
    return medians(times)


def children() -> float:
    """The processor's seconds of all processes that this one has waited for."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def medians(times: dict) -> dict:
    """Seconds, those of the processor (which others at work do not change), and all of both."""
    wall, processor = (
        {peer: float(np.median([pair[k] for pair in pairs])) for peer, pairs in times.items()}
        for k in range(2)
    )
    return wall | {"processor": processor, "all": times}


def ahead(times: dict) -> float:
    """How many times as fast ours is as the faster of theirs."""
    return min(times[peer] for peer in PEERS[1:]) / times["jaxmlp"]


def report(console: Console, found: dict) -> None:
    table = Table(title="accuracy, R² for diabetes (5 folds, 5 seeds)", box=None)
    for column in ("data", "jaxmlp", "scikit-learn", "difference", "standard error"):
        table.add_column(column, justify="left" if column == "data" else "right")
    for name, one in found["accuracy"].items():
        numbers = *one["mean"].values(), one["difference"], one["standard error"]
        table.add_row(name, *(f"{number:.4f}" for number in numbers))
    console.print(table)
    for kind, title in (("warm", "a fit, warm"), ("cold", "a process from its start")):
        table = Table(title=f"{title}: seconds, of the processor in brackets", box=None)
        for column in ("data", *PEERS, "times as fast"):
            table.add_column(column, justify="left" if column == "data" else "right")
        for name, times in found[kind].items():
            used = times["processor"]
            seconds = (f"{times[peer]:.3g} ({used[peer]:.3g})" for peer in PEERS)
            table.add_row(name, *seconds, f"{ahead(times):.2f} ({ahead(used):.2f})")
        console.print(table)


if __name__ == "__main__":
    main()
