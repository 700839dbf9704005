"""Which activation learns faster, and which generalises better: ReLU, sigmoid or tanh?

Every activation, width and step size, from 32 starts each (He's for ReLU, Glorot's for the others),
on scikit-learn's digits, one sample at a time, all in the same order. Each activation is shown at
the step size with the least median of the error in question; bands lie between the quartiles.
"""

import jax
import numpy as np
from matplotlib.figure import Figure

from experiments.running import Finding, main
from jaxmlp import Network, init, load_data, one_hot, split, sweep
from jaxmlp.plot import bands

INITIALIZERS = {"relu": "he", "sigmoid": "glorot", "tanh": "glorot"}
QUICK = {"hidden": ("relu", "tanh"), "widths": (8,), "etas": (0.03, 0.3), "seeds": 2, "epochs": 2}


def experiment(
    track, *, hidden=tuple(INITIALIZERS), widths=(8, 32, 128), seeds=32, epochs=15,
    etas=(0.003, 0.01, 0.03, 0.1, 0.2, 0.4, 0.8, 1.6),
) -> Finding:  # fmt: skip
    (X, Y), test = ((one.X / 16, one_hot(one.y, m=10)) for one in split(load_data("digits")))
    learned, tested = {}, {}
    for f, q in track([(f, q) for q in widths for f in hidden], description="kinds"):
        network = Network(f, "softmax", "cross_entropy")
        starts = [init(network, (64, q, 10), key=jax.random.key(seed), dtype="float32",
                       initializer=INITIALIZERS[f]) for seed in range(seeds)]  # fmt: skip
        done = sweep(network, starts * len(etas), X, Y, epochs=epochs, test=test,
                     eta=np.repeat(etas, seeds).tolist(), key=jax.random.key(0))  # fmt: skip
        learned[f, q] = by_eta([e.train_error for e in done.history], len(etas))
        tested[f, q] = by_eta([e.test_error for e in done.history], len(etas))
    fastest = {q: {f: soonest(learned[f, q]) for f in hidden} for q in widths}
    least = {q: {f: np.median(tested[f, q][-1], axis=1).min() for f in hidden} for q in widths}
    quick, good = (
        "; ".join(
            f"q = {q}: " + ", ".join(f"{f} {v:.2g}" for f, v in sorted(by_f.items(), key=second))
            for q, by_f in values.items()
        )
        for values in (fastest, least)
    )
    networks = len(learned) * len(etas) * seeds
    firsts = {min(by_f, key=by_f.get) for values in (fastest, least) for by_f in values.values()}
    first = "It depends on the width" if len(firsts) > 1 else f"{firsts.pop()} does both"
    answer = (
        f"{first}: of {networks:,} networks, each kind at its best step size, the "
        f"median training error after {max(1, epochs // 5)} epochs is ({quick}) nats, and the "
        f"median test error after {epochs} ({good})."
    )
    numbers = {
        "networks": networks,
        "median training error after a fifth of the epochs, least of all eta": fastest,
        "median test error in the end, least of all eta": least,
        "quartiles of the training error in the end, by eta": quartiles(learned),
        "quartiles of the test error in the end, by eta": quartiles(tested),
    }
    return Finding(answer, numbers, draw(hidden, widths, np.array(etas), learned, tested))


def second(pair):
    return pair[1]


def by_eta(errors, etas: int) -> np.ndarray:
    """(epochs, etas, seeds); what diverged is infinite."""
    errors = np.array(errors, float)
    return np.where(np.isfinite(errors), errors, np.inf).reshape(len(errors), etas, -1)


def soonest(errors: np.ndarray) -> float:
    """The least median after a fifth of the epochs."""
    return np.median(errors[max(1, len(errors) // 5) - 1], axis=1).min()


def quartiles(errors: dict) -> dict:
    finite = {f"{f}, q = {q}": np.minimum(one[-1], 1e9) for (f, q), one in errors.items()}
    return {kind: np.quantile(one, (0.25, 0.5, 0.75), axis=1).T for kind, one in finite.items()}


def draw(hidden, widths, etas, learned, tested) -> Figure:
    figure = Figure(figsize=(10, 7), layout="constrained")
    above, below = figure.subplots(2, len(widths), squeeze=False, sharey="row")
    epochs = np.arange(len(next(iter(learned.values())))) + 1
    for q, top, bottom in zip(widths, above, below, strict=True):
        curves, ends = {}, {}
        for f in hidden:
            k = np.median(tested[f, q][-1], axis=1).argmin()
            curves[f"{f}, η = {etas[k]:g}"] = epochs, learned[f, q][:, k]
            ends[f] = etas, tested[f, q][-1]
        bands(curves, "epoch", "training error (nats)", axes=top)
        bands(ends, "step size η", "test error in the end (nats)", logarithmic=True, axes=bottom)
        bottom.tick_params(axis="x", labelsize=8, rotation=60)
        top.set_title(f"q = {q}")
        for axes in (top, bottom):
            axes.set_ylabel(axes.get_ylabel() if q == widths[0] else "")
        bottom.set_title("")
    return figure


if __name__ == "__main__":
    main(experiment, QUICK)
