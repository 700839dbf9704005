"""At which step sizes does training diverge, for each schedule and batch size?

Five schedules of η_t, from the same η: constant, η/(epoch + 1) as in the exercise, η/√(t + 1), a
linear warm-up over the first fifth of the steps, and that with a cosine to 0 after it. Batch sizes
from 1 to 512, ten epochs each, ReLU, 32 units, scikit-learn's digits; medians of five starts. A
schedule diverges from that η on, above its best, where the training error in the end is no better
than that of guessing, ln 10, by a hundredth at least.
"""

import math

import jax
import jax.numpy as jnp
import numpy as np
import optax
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure

from experiments.running import Finding, main
from jaxmlp import Network, init, inverse_epoch, load_data, one_hot, sweep

NETWORK = Network("relu", "softmax", "cross_entropy")
NAMES = ("constant", "η/(epoch + 1)", "η/√(t + 1)", "warm-up", "warm-up, cosine")
QUICK = {"batch_sizes": (32,), "etas": (0.01, 1.0, 100.0), "starts": 1, "epochs": 2}


def schedules(eta: float, steps: int, epochs: int) -> tuple:
    """η_t of each name, at most η, for so many steps in so many epochs."""
    warm = max(1, steps // 5)
    return (
        eta,
        inverse_epoch(eta, steps // epochs),
        lambda t: eta / jnp.sqrt(t + 1.0),
        optax.linear_schedule(eta / warm, eta, warm),
        optax.warmup_cosine_decay_schedule(eta / warm, eta, warm, steps),
    )


def experiment(
    track, *, batch_sizes=(1, 2, 4, 8, 16, 32, 64, 128, 256, 512), starts=5, epochs=10,
    etas=(0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0),
) -> Finding:  # fmt: skip
    data = load_data("digits")
    X, Y = data.X / 16, one_hot(data.y, m=10)
    params = [init(NETWORK, (64, 32, 10), key=jax.random.key(s), initializer="he", dtype="float32")
              for s in range(starts)]  # fmt: skip
    errors = []
    for batch in track(batch_sizes, description="batch sizes"):
        steps = epochs * math.ceil(len(X) / batch)
        rates = [rate for eta in etas for rate in schedules(eta, steps, epochs)]
        done = sweep(NETWORK, params * len(rates), X, Y, epochs=epochs, batch_size=batch,
                     eta=[rate for rate in rates for _ in params], errors_every=epochs,
                     key=jax.random.key(0))  # fmt: skip
        last = np.nan_to_num(done.history[-1].train_error, nan=np.inf)
        errors.append(np.median(last.reshape(len(etas), len(NAMES), starts), axis=2))
    errors = np.stack(errors, axis=2)  # eta, schedule, batch size
    borders = {name: border(errors[:, k], etas) for k, name in enumerate(NAMES)}
    least = errors.min(axis=0)
    ends = {name: (found[0], found[-1]) for name, found in borders.items()}
    said = [f"{name} from {low} to {high}" for name, (low, high) in ends.items()]
    grows = all(low < high for low, high in ends.values())
    answer = (
        f"{'' if grows else 'Not always '}{'A' if grows else 'a'}t larger ones for larger batches: "
        f"from batch size {min(batch_sizes)} to {max(batch_sizes)}, the η goes for "
        + "; ".join(said).replace("inf", "beyond the largest")
        + "."
    )
    numbers = {
        "training error in the end, by schedule, eta and batch size": dict(
            zip(NAMES, errors.transpose(1, 0, 2), strict=True)
        ),
        "least of all eta, by batch size": dict(zip(NAMES, least, strict=True)),
        "eta where it diverges, by batch size": borders,
    }
    return Finding(answer, numbers, draw(errors, np.array(etas), batch_sizes, borders))


def border(errors: np.ndarray, etas) -> list[float]:
    """For each batch size the first η above the best with an error like that of guessing."""
    found = []
    for column in errors.T:
        best = column.argmin()
        bad = column[best + 1 :] > 0.99 * math.log(10)
        found.append(etas[best + 1 + bad.argmax()] if bad.any() else math.inf)
    return found


def draw(errors, etas, batch_sizes, borders) -> Figure:
    figure = Figure(figsize=(10, 7.5), layout="constrained")
    *maps, last = figure.subplots(2, 3).ravel()
    for k, (axes, name) in enumerate(zip(maps, NAMES, strict=True)):
        diverged = etas[:, None] >= np.array(borders[name])
        shown = np.ma.masked_where(diverged, errors[:, k])
        image = axes.imshow(shown, norm=LogNorm(0.005, 2.5), origin="lower", aspect="auto")
        axes.set_facecolor("lightgray")
        axes.set_yticks(range(len(etas))[::3], [f"{eta:g}" for eta in etas[::3]])
        axes.set_xticks(range(len(batch_sizes)), batch_sizes, rotation=60, fontsize=8)
        axes.set(title=name, xlabel="batch size (samples)", ylabel="step size η")
    figure.colorbar(image, ax=maps, label="training error in the end (nats); gray: diverged",
                    location="bottom", shrink=0.5, aspect=40)  # fmt: skip
    for name, mark in zip(NAMES, "osD^v", strict=True):
        last.loglog(batch_sizes, borders[name], f"{mark}-", ms=5, lw=1, label=name)
    last.set(title="The border", xlabel="batch size (samples)", ylabel="η where it diverges")
    last.set_xticks(batch_sizes, batch_sizes, rotation=60, fontsize=8)
    last.set_xticks([], minor=True)
    last.set_ylim(bottom=0.01)  # room for the legend
    last.legend(fontsize=8, loc="lower right")
    last.grid(alpha=0.3)
    return figure


if __name__ == "__main__":
    main(experiment, QUICK)
