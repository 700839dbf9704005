"""Does gradient descent find the best model of every rank (L4), and how close does SGD come?

The network f = g = identity without bias is y = VWx, a model of rank at most q. Its error has
saddles, but no minimum other than the global one, which the SVD gives: with white inputs, the q
largest singular values of YᵀX/n (Eckart and Young, 1936). The data: ten measurements of tumours
(the "worst" ones) from the twenty others (means and standard errors) of scikit-learn's
breast_cancer, in float64, from a small random start. One sample at a time there are two orders: a
permutation of all samples each epoch, and samples drawn with replacement.
"""

import jax
import numpy as np
from matplotlib.figure import Figure

from experiments.running import Finding, main, shades
from jaxmlp import Network, fit, init, learn_scaling, load_data, sweep

NETWORK = Network("identity", "identity", "squared_error", bias=False)
QUICK = {"ranks": (3,), "epochs": 40}


def experiment(
    track, *, ranks=tuple(range(1, 11)), eta=0.15, steps=10_000, start=0.1,
    etas=(0.0003, 0.0006, 0.0012, 0.0024), epochs=400,
) -> Finding:  # fmt: skip
    X, Y = data()
    best, orders = optimum(X, Y), drawn_orders(len(X), epochs)
    # All rows, ten times, are one "epoch" of `fit`: ten full-batch steps in one call.
    order = np.tile(np.arange(len(X)), (steps // 10, 10))
    full, single = {}, {how: {} for how in orders}
    for q in track(ranks, description="ranks"):
        params = init(NETWORK, (X.shape[1], q, Y.shape[1]), key=jax.random.key(q),
                      initializer=start, dtype="float64")  # fmt: skip
        done = fit(NETWORK, params, X, Y, epochs=len(order), eta=eta, order=order,
                   batch_size=len(X))  # fmt: skip
        full[q] = excess([e.train_error for e in done.history], best[q])
        for how, one in orders.items():
            done = sweep(NETWORK, [params] * len(etas), X, Y, epochs=epochs, eta=etas, order=one)
            single[how][q] = excess(np.transpose([e.train_error for e in done.history]), best[q])
    floors = {
        how: {q: curves[:, -epochs // 4 :].mean(axis=1) for q, curves in by_rank.items()}
        for how, by_rank in single.items()
    }
    power = {how: slope(etas, np.array(list(f.values()))) for how, f in floors.items()}
    worst = max(curve[-1] for curve in full.values())
    answer = (
        f"Yes: after {steps:,} full-batch steps the error is within {worst:.0e} of the SVD's "
        f"optimum, relative, at every rank from {min(ranks)} to {max(ranks)}; one sample at a time "
        f"it stays above a floor that goes as η^{power['with replacement']:.1f} for samples drawn "
        f"with replacement, and as η^{power['permutations']:.1f} for a permutation each epoch."
    )
    by_10 = np.arange(10, steps + 1, 10)
    middle = ranks[len(ranks) // 2]
    numbers = {
        "optimum by rank, from 0": best,
        "full-batch steps": by_10[9::10],
        "excess error, full batch, by rank": {q: curve[9::10] for q, curve in full.items()},
        "floor of the excess error, by order, rank and eta": floors,
        "power of eta": power,
    }
    return Finding(
        answer,
        numbers,
        draw(by_10, full, etas, len(X), middle, single["permutations"][middle], floors),
    )


def data() -> tuple[np.ndarray, np.ndarray]:
    """(X, Y): X white, that is XᵀX/n = I, so that no direction is slow; Y standardised."""
    tumours = load_data("breast_cancer").X
    X, Y = (learn_scaling(A, "standard").apply(A) for A in np.split(tumours, [20], axis=1))
    U = np.linalg.svd(X, full_matrices=False)[0]
    return np.sqrt(len(X)) * U, Y


def optimum(X, Y) -> np.ndarray:
    """The least error of rank q = 0, 1, …: the mean of Σy² less the q largest σ²."""
    sigma = np.linalg.svd(Y.T @ X / len(X), compute_uv=False)
    return (Y**2).sum() / len(Y) - np.append(0, np.cumsum(sigma**2))


def drawn_orders(n: int, epochs: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    return {
        "permutations": rng.permuted(np.tile(np.arange(n), (epochs, 1)), axis=1),
        "with replacement": rng.integers(n, size=(epochs, n)),
    }


def excess(errors, best: float) -> np.ndarray:
    """How far above the optimum, relative to it; what rounding makes of 0 is at most 1e-14."""
    return np.abs(np.asarray(errors) / best - 1)


def slope(etas, floors: np.ndarray) -> float:
    """The power of η with which the floors grow, over all ranks."""
    return float(np.polyfit(np.log(etas), np.log(floors).mean(axis=0), 1)[0])


def draw(by_10, full, etas, n, middle, curves, floors) -> Figure:
    figure = Figure(figsize=(9, 8), layout="constrained")
    axes = figure.subplot_mosaic([["full", "full"], ["single", "floor"]])
    colours = dict(zip(full, shades(len(full)), strict=True))
    for q, curve in full.items():
        axes["full"].loglog(by_10, curve, color=colours[q], label=f"q = {q}")
    axes["full"].axhline(1e-8, ls="--", lw=1, color="black", label="1e-8")
    axes["full"].set(title="Full-batch steps, every rank", xlabel="steps (number)")
    steps = n * np.arange(1, curves.shape[1] + 1)
    for eta, curve, colour in zip(etas, curves, shades(len(etas)), strict=True):
        axes["single"].loglog(steps, curve, color=colour, lw=1, label=f"η = {eta:g}")
    title = f"One sample at a time, permutations, q = {middle}"
    axes["single"].set(title=title, xlabel="steps (number)")
    for how, mark in (("with replacement", "o:"), ("permutations", "s-")):
        for q, floor in floors[how].items():
            label = how if q == middle else None
            axes["floor"].loglog(etas, floor, mark, ms=4, lw=1, color=colours[q], label=label)
    axes["floor"].set_xticks(etas, [f"{eta:g}" for eta in etas])
    axes["floor"].set_xticks([], minor=True)
    axes["floor"].set(title="One sample at a time: the floor", xlabel="step size η")
    for one in axes.values():
        one.set_ylabel("excess error (relative)")
        one.legend(fontsize=8, loc="lower left" if one is not axes["floor"] else "lower right")
        one.grid(alpha=0.3)
    return figure


if __name__ == "__main__":
    main(experiment, QUICK)
