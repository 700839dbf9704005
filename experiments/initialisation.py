"""How wide should the start be: what becomes of the units, and of the error, as σ grows?

All weights are drawn from N(0, σ²), with the exercise's σ = 0.3 among them; beside them the starts
of Glorot and of He, which have another σ for V and biases of 0, at the σ of their W. The network is
the exercise's: 200 units, one sample at a time, its η_t and a tenth of it, on part of its images. A
unit is dead where f'(u) is 0 on every training image, and saturated on an image where f'(u) is
below a twentieth of its largest value (for ReLU: where it is off).
"""

import jax
import numpy as np
from matplotlib.figure import Figure

from experiments.images import images
from experiments.running import Finding, main
from jaxmlp import Network, Params, forward, init, inverse_epoch, sweep
from jaxmlp.evaluate import dead_units

STEEPEST = {"relu": 1.0, "sigmoid": 0.25, "tanh": 1.0}
RULES = {"glorot": "D", "he": "^"}
EXERCISE = 0.3
SHOWN = ("dead units (share)", "saturated (share)", "test error in the end (nats)")
QUICK = {"small": True, "hidden": ("relu",), "sigmas": (0.03, EXERCISE), "etas": (0.1,),
         "units": 20, "seeds": 1, "epochs": 1, "samples": 200}  # fmt: skip


def experiment(
    track, *, small=False, hidden=tuple(STEEPEST), etas=(0.1, 0.01),
    sigmas=(0.001, 0.003, 0.01, 0.03, 0.1, EXERCISE, 1.0, 3.0),
    units=200, seeds=3, epochs=5, samples=4000,
) -> Finding:  # fmt: skip
    data = images(small)
    X, Y, _ = (part[:samples] for part in data.train)
    starts_of, found = (*sigmas, *RULES), {}
    rates = [inverse_epoch(eta, len(X)) for eta in etas]
    for f in track(hidden, description="activations"):
        network = Network(f, "softmax", "cross_entropy")
        starts = [init(network, (X.shape[1], units, 4), key=jax.random.key(seed), dtype="float32",
                       initializer=one) for one in starts_of for seed in range(seeds)]  # fmt: skip
        done = sweep(network, starts * len(etas), X, Y, epochs=epochs, key=jax.random.key(0),
                     eta=[rate for rate in rates for _ in starts], test=data.test[:2])  # fmt: skip
        after = [Params(*pair) for pair in zip(*done.params, strict=True)]
        shares = [[dead_units(network, one, X) / units, saturated(network, one, X)]
                  for one in (*starts, *after)]  # fmt: skip
        shares = np.reshape(shares, (1 + len(etas), len(starts_of), seeds, 2))
        errors = np.reshape(done.history[-1].test_error, (len(etas), -1, seeds))
        found[f] = dict(zip(SHOWN, (shares[..., 0], shares[..., 1], errors), strict=True))
    medians = {h: {k: np.median(v, axis=2) for k, v in one.items()} for h, one in found.items()}
    numbers = {"starts": starts_of, "medians, before and after training by eta": medians}
    widths = dict(zip(RULES, (2 / (X.shape[1] + np.array([units, 0]))) ** 0.5, strict=True))
    said = "; and with ".join(
        f"η_t = {eta:g}/(epoch + 1): "
        + "; ".join(say(h, one, k, starts_of) for h, one in medians.items())
        for k, eta in enumerate(etas)
    )
    return Finding(f"On {data.source}, with {said}.", numbers, draw(sigmas, etas, widths, medians))


def saturated(network: Network, params: Params, X) -> float:
    """The share of units and samples where f' is below a twentieth of its largest value."""
    slopes = network.hidden.derivative(forward(network, params, X[:500].astype("float32")).u)
    return float(np.mean(np.asarray(slopes) < STEEPEST[network.hidden.name] / 20))


def say(hidden: str, medians, k: int, starts) -> str:
    """The best start for the k-th η, and what there is to say of the exercise's."""
    dead, _, errors = (medians[what][k - len(medians[SHOWN[2]])] for what in SHOWN)
    errors = np.nan_to_num(errors, nan=np.inf)
    best, exercise = int(errors.argmin()), starts.index(EXERCISE)
    return (
        f"{hidden} ends best from {'σ = ' * isinstance(starts[best], float)}{starts[best]}, at "
        f"{errors[best]:.2f} nats with {dead[best]:.0%} of units dead (from the exercise's 0.3: "
        f"{errors[exercise]:.2f}, {dead[exercise]:.0%})"
    )


def draw(sigmas, etas, widths, medians) -> Figure:
    figure = Figure(figsize=(10, 9), layout="constrained")
    grid = figure.subplots(3, len(medians), sharex=True, sharey="row", squeeze=False)
    when = ["before", *(f"after, η = {eta:g}/(epoch + 1)" for eta in etas)]
    for column, (hidden, one) in zip(grid.T, medians.items(), strict=True):
        for axes, (name, curves) in zip(column, one.items(), strict=True):
            for k in range(len(when) - len(curves), len(when)):
                curve, look = curves[k - len(when)], {"color": f"C{k}", "ls": (":", "-", "--")[k]}
                axes.semilogx(sigmas, curve[: len(sigmas)], "o", ms=4, label=when[k], **look)
                for (rule, mark), value in zip(RULES.items(), curve[len(sigmas) :], strict=True):
                    at = {"marker": mark, "ms": 8, "color": f"C{k}", "mec": "black", "ls": ""}
                    axes.plot(widths[rule], value, **at, label=None if k else rule)
            axes.axvline(EXERCISE, ls="--", lw=1, color="gray")
            axes.grid(alpha=0.3)
            axes.set_ylabel(name if hidden == next(iter(medians)) else "")
        column[-1].set(xlabel="σ of the start", yscale="log")
        column[0].set_title(hidden)
    grid[0, len(medians) // 2].legend(
        fontsize=8, title="vertical: the exercise's σ", title_fontsize=8
    )
    return figure


if __name__ == "__main__":
    main(experiment, QUICK)
