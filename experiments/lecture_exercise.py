"""Does the lecture's exercise come out as in the NumPy script, and how much faster is it?

Classes 0 to 3, 200 ReLUs, W and V from N(0, 0.3²), one sample at a time, η_t = 0.1/(epoch + 1), ten
epochs. The script is the one that the tests compare with: the students' own steps, in float64. From
one start and in one order the iterates must be equal while rounding allows; after that the errors
must be alike over several starts and orders. Times are medians, taken in turn and warm.
"""

import functools
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import jax
import numpy as np
from matplotlib.figure import Figure
from threadpoolctl import threadpool_limits

from experiments.benchmark.peers import EPOCHS, timed
from experiments.images import images
from experiments.running import Finding, main
from jaxmlp import Network, Params, fit, inverse_epoch, predict, score
from jaxmlp.evaluate import classify
from jaxmlp.plot import confusion, error_by_epoch, misclassified
from jaxmlp.train.fitted import Epoch
from tests.exercise import iterates

NETWORK = Network("relu", "softmax", "cross_entropy")
OURS = ("float64", "float32")
QUICK = {"small": True, "units": 20, "epochs": 2, "seeds": 2, "compared": 400, "processes": 1,
         "samples": 200, "rounds": 1}  # fmt: skip


def experiment(
    track, *, small=False, units=200, eta=0.1, epochs=10, seeds=5, compared=5000, processes=2,
    samples=4000, rounds=7,
) -> Finding:  # fmt: skip
    data = images(small)
    eta_t = inverse_epoch(eta, len(data.train.X))
    first = start(data, units, epochs, seed=0)
    apart = distances(data.train, *first, eta_t, min(compared, 200), every=1)
    apart |= distances(data.train, *first, eta_t, compared, every=100)
    rounds = seconds(data.train, *first, eta, samples, track(range(rounds), description="timing"))
    times = {who: float(np.median([one[who] for one in rounds])) for who in ("script", *OURS)}
    task = functools.partial(script, small, units, epochs, eta)
    trained = {"script": []}
    for done in track(each(task, seeds, processes), total=seeds, description="NumPy script"):
        trained["script"].append([Params(*one) for one in done])
    for dtype in OURS:
        runs = [start(data, units, epochs, seed, dtype) for seed in range(seeds)]
        runs = track(runs, description=f"jaxmlp, {dtype}")
        trained[dtype] = [ours(data.train, *one, eta_t) for one in runs]
    scores = {
        who: [[score(NETWORK, one, *data.test) for one in run] for run in runs]
        for who, runs in trained.items()
    }
    accuracies = {who: [run[-1].accuracy for run in runs] for who, runs in scores.items()}
    mean = {who: np.mean(those) for who, those in accuracies.items()}
    parted = [step for step, distance in apart.items() if distance > 1e-10]
    alike = "Yes" if all(abs(mean[who] - mean["script"]) < 0.01 for who in OURS) else "No"
    answer = (
        f"{alike}, on {data.source}: the iterates are within 1e-10 of the script's "
        + (f"until they part about step {min(parted):,}" if parted else f"for {compared:,} steps")
        + f", and over {seeds} starts the mean test accuracy is {mean['float64']:.2%} in float64 "
        f"and {mean['float32']:.2%} in float32, the script's {mean['script']:.2%}."
    )
    errors = {who: [[one.error for one in run] for run in runs] for who, runs in scores.items()}
    numbers = {"steps": [*apart], "largest difference of the iterates": [*apart.values()],
               "test accuracy": accuracies, "test error, by epoch": errors}  # fmt: skip
    fast = {f"times as fast in {dtype}": np.median([one["script"] / one[dtype] for one in rounds])
            for dtype in OURS}  # fmt: skip
    timings = fast | {"microseconds a sample": times}
    more = outputs(data, trained["float64"][0])
    return Finding(answer, numbers, draw(apart, errors, times), more, timings)


def start(data, units: int, epochs: int, seed: int, dtype="float64") -> tuple[Params, np.ndarray]:
    """W and V as the script draws them, and an order of the samples for each epoch."""
    rng = np.random.default_rng(seed)
    W, V = (
        rng.normal(0, 0.3, (units, data.train.X.shape[1] + 1)),
        rng.normal(0, 0.3, (4, units + 1)),
    )
    order = rng.permuted(np.tile(np.arange(len(data.train.X)), (epochs, 1)), axis=1)
    return Params(W.astype(dtype), V.astype(dtype)), order


def ours(train, params, order, eta_t) -> list[Params]:
    """The parameters after each epoch."""
    after = []
    fit(NETWORK, params, train.X, train.Y, epochs=len(order), eta=eta_t, order=order,
        on_epoch=lambda _, now: after.append(now), errors_every=len(order))  # fmt: skip
    return after


def distances(train, params, order, eta_t, steps: int, every: int) -> dict[int, float]:
    """How far ours are from the script's W and V, after so many steps each."""
    rows = order.ravel()[:steps]
    theirs = list(iterates(train.X, train.Y, *params, rows, eta_t))[every - 1 :: every]
    found = ours(train, params, rows.reshape(-1, every), eta_t)
    return {
        every * (k + 1): max(float(np.abs(a - b).max()) for a, b in zip(*pair, strict=True))
        for k, pair in enumerate(zip(theirs, found, strict=True))
    }


def seconds(train, params, order, eta, samples: int, rounds: Iterable) -> list[dict[str, float]]:
    """Microseconds a sample of the script and of ours, taken in turn; no errors measured."""
    rows = order[0, :samples]

    def script():
        for _ in iterates(train.X, train.Y, *params, rows, lambda t: eta):
            pass

    def jitted(dtype):
        X, Y = (jax.numpy.asarray(a[rows], dtype) for a in train[:2])
        start = Params(*(jax.numpy.asarray(a, dtype) for a in params))
        common = {"epochs": EPOCHS, "errors_every": EPOCHS, "eta": eta}
        common |= {"order": np.tile(np.arange(samples), (EPOCHS, 1))}
        return lambda: jax.block_until_ready(fit(NETWORK, start, X, Y, **common))

    runs = {"script": (script, 1)} | {dtype: (jitted(dtype), EPOCHS) for dtype in OURS}
    for run, _ in runs.values():
        run()
    return [{who: timed(run) * 1e6 / samples / times for who, (run, times) in runs.items()}
            for _ in rounds]  # fmt: skip


def script(small: bool, units: int, epochs: int, eta: float, seed: int) -> list[tuple]:
    """(W, V) of the NumPy script after each epoch."""
    train, (params, order) = images(small).train, start(images(small), units, epochs, seed)
    eta_t, n = inverse_epoch(eta, len(train.X)), len(train.X)
    with threadpool_limits(1):
        steps = enumerate(iterates(train.X, train.Y, *params, order.ravel(), eta_t), 1)
        return [now for step, now in steps if step % n == 0]


def each(task, seeds: int, processes: int) -> Iterator:
    """The task's results for every seed; several at a time in processes of their own."""
    if processes == 1:
        yield from map(task, range(seeds))
        return
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        yield from pool.map(task, range(seeds))


def outputs(data, run: list[Params]) -> dict[str, Figure]:
    """The exercise's three: error by epoch, confusion matrix, misclassified images."""
    history = [
        Epoch(k, None, *(score(NETWORK, now, part.X, part.Y).error for part in data[:2]))
        for k, now in enumerate(run, 1)
    ]
    predicted = classify(predict(NETWORK, run[-1], data.test.X))
    pictures = data.test.X.reshape(-1, *data.shape)
    return {
        "error": error_by_epoch(history, "mean cross-entropy (nats)"),
        "confusion": confusion(score(NETWORK, run[-1], *data.test).confusion, "0123"),
        "misclassified": misclassified(pictures, data.test.y, predicted, "0123", most=32),
    }


def draw(apart, errors, times) -> Figure:
    figure = Figure(figsize=(9, 7), layout="constrained")
    axes = figure.subplot_mosaic([["apart", "apart"], ["errors", "times"]])
    axes["apart"].loglog(apart.keys(), apart.values(), ".-", lw=1, ms=3)
    axes["apart"].axhline(1e-10, ls="--", lw=1, color="black")
    axes["apart"].set(title="float64: how far W and V are from the script's")
    axes["apart"].set(xlabel="steps (samples)", ylabel="largest difference of a weight")
    for k, (who, runs) in enumerate(errors.items()):
        for j, run in enumerate(runs):
            axes["errors"].plot(range(1, len(run) + 1), run, ("-", "--", ":")[k], color=f"C{k}",
                                lw=1.3, label=None if j else who)  # fmt: skip
    axes["errors"].legend(fontsize=9)
    axes["errors"].set(title="Every start", xlabel="epoch", ylabel="test error (nats)")
    bars = axes["times"].barh(list(times), list(times.values()), color=["C0", "C1", "C2"])
    axes["times"].bar_label(bars, [f"{v:.3g}" for v in times.values()], padding=3)
    axes["times"].set(title="Time, warm", xlabel="µs a sample", xlim=(0, 1.2 * max(times.values())))
    for name in ("apart", "errors"):
        axes[name].grid(alpha=0.3)
    return figure


if __name__ == "__main__":
    main(experiment, QUICK)
