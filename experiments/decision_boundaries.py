"""How do a perceptron and three-layer networks separate three groups of points in the plane?

Group 1 lies around group 0, group 2 beside them, so that no three half-planes separate them all
(L1, L3). Each network is trained one point at a time from several starts, and the one with the
least error is drawn: its regions, and the regions at some moments while it learns.
"""

import jax
import numpy as np
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure

from experiments.running import Finding, main
from jaxmlp import Network, init, one_hot, predict, sweep
from jaxmlp.evaluate import classify

COLOURS = ("#006BA4", "#FF800E", "#ABABAB")
QUICK = {"hidden": ("tanh",), "widths": (3,), "epochs": 4, "seeds": 1, "each": 20}


def experiment(
    track, *, hidden=("relu", "sigmoid", "tanh"), widths=(1, 2, 3, 5, 20), eta=0.05, epochs=300,
    seeds=16, each=100,
) -> Finding:  # fmt: skip
    X, y = points(each)
    kinds = [(None, 0), *((f, q) for f in hidden for q in widths)]
    moments = sorted({1, *(max(1, epochs // k) for k in (100, 30, 6)), epochs})
    right, trained = {}, {}
    for f, q in track(kinds, description="networks"):
        network, seen = Network(f), {}
        sizes = (2, q, 3) if f else (2, 3)
        starts = [init(network, sizes, key=jax.random.key(seed), initializer=0.5, dtype="float64")
                  for seed in range(seeds)]  # fmt: skip
        done = sweep(network, starts, X, one_hot(y, 3), epochs=epochs, eta=eta,
                     key=jax.random.key(0),
                     on_epoch=lambda e, now, seen=seen: seen.update({e.epoch: now}))  # fmt: skip
        best = int(np.argmin(done.history[-1].train_error))
        trained[f, q] = {m: jax.tree.map(lambda a, k=best: a[k], seen[m]) for m in moments}
        outputs = predict(network, trained[f, q][epochs], X)
        right[f, q] = float(np.mean(classify(outputs) == y))
    enough = {f: next((q for q in widths if right[f, q] > 0.98), None) for f in hidden}
    answer = (
        f"The perceptron, with straight borders, has {right[None, 0]:.0%} of the points right; "
        + ", ".join(
            f"{f} passes 98 % from q = {q}" if q else f"{f} never passes 98 %"
            for f, q in enough.items()
        )
        + f", the best of {seeds} starts each."
    )
    shares = {f"{f}, q = {q}" if f else "perceptron": share for (f, q), share in right.items()}
    numbers = {"share of points right": shares, "epochs drawn": moments}
    more = {"moving": draw_moving(X, y, hidden, widths[len(widths) // 2], trained)}
    return Finding(answer, numbers, draw(X, y, hidden, widths, trained, right), more)


def points(each: int) -> tuple[np.ndarray, np.ndarray]:
    """Three groups of so many points."""
    rng = np.random.default_rng(0)
    angle = rng.uniform(-0.4, 1.1, each) * np.pi
    ring = 2 * np.c_[np.cos(angle), np.sin(angle)]
    groups = (np.zeros((each, 2)), ring, np.tile((-2.0, -1.5), (each, 1)))
    return np.concatenate(groups) + rng.normal(0, 0.35, (3 * each, 2)), np.repeat((0, 1, 2), each)


def draw(X, y, hidden, widths, trained, right) -> Figure:
    """The perceptron as it learns, and every three-layer network in the end."""
    rows = [[(epoch, None, 0, moment) for epoch, moment in trained[None, 0].items()]]
    rows += [[(None, f, q, list(trained[f, q].values())[-1]) for q in widths] for f in hidden]
    figure, grid = panels(rows)
    for axes, (epoch, f, q, params) in cells(grid, rows):
        title = f"{f}, q = {q}: {right[f, q]:.1%}" if f else f"perceptron, epoch {epoch}"
        regions(axes, X, y, Network(f), params, title)
    figure.suptitle("A perceptron as it learns; below, networks in the end, points right in %")
    return figure


def draw_moving(X, y, hidden, q: int, trained) -> Figure:
    """A three-layer network of each activation as it learns."""
    rows = [[(f, *moment) for moment in trained[f, q].items()] for f in hidden]
    figure, grid = panels(rows)
    for axes, (f, epoch, params) in cells(grid, rows):
        regions(axes, X, y, Network(f), params, f"{f}, epoch {epoch}")
    figure.suptitle(f"Networks with q = {q} as they learn")
    return figure


def panels(rows: list[list]) -> tuple[Figure, np.ndarray]:
    size = len(rows), max(map(len, rows))
    figure = Figure(figsize=(10, 2.2 * size[0] + 0.5), layout="constrained")
    grid = figure.subplots(*size, sharex=True, sharey=True, squeeze=False)
    for axes in grid.ravel():
        axes.axis("off")
    return figure, grid


def cells(grid, rows: list[list]):
    for across, row in zip(grid, rows, strict=True):
        yield from zip(across, row, strict=False)


def regions(axes, X, y, network, params, title: str) -> None:
    """The class of every point of the plane, and the points."""
    line = np.linspace(-3.4, 3.4, 150)
    plane = np.stack(np.meshgrid(line, line), axis=-1).reshape(-1, 2)
    classes = classify(predict(network, params, plane)).reshape(len(line), -1)
    axes.axis("on")
    axes.pcolormesh(line, line, classes, cmap=ListedColormap(COLOURS), vmin=0, vmax=2, alpha=0.35)
    for group, mark in enumerate("o^s"):
        axes.scatter(*X[y == group].T, s=7, marker=mark, color=COLOURS[group], ec="black", lw=0.2)
    axes.set_title(title, fontsize=9)
    axes.set_aspect("equal")
    axes.set(xlabel="x1", ylabel="x2")
    axes.label_outer()


if __name__ == "__main__":
    main(experiment, QUICK)
