"""What tolerance does a check of gradients need, and at which step size do rounding errors grow?

First the gradients of a tanh network in float32, bfloat16 and TF32 against float64's, and, as the
checker compares, two routes to the gradient in float64. All start from the same numbers, which
bfloat16 can hold: only the arithmetic differs. TF32 exists on GPUs alone: here the factors of every
product are rounded to its 10 bits, and summed in float32. Then the exercise twice, from starts that
differ by 1e-15, in float64, for several constant step sizes: does the difference stay or grow?
"""

import functools

import jax
import jax.numpy as jnp
import numpy as np
from matplotlib.figure import Figure

from experiments.images import images
from experiments.running import Finding, main, shades
from jaxmlp import Gradients, Network, Params, autodiff, backprop, difference, init, sweep

TANH = Network("tanh", "softmax", "cross_entropy")
SIZES = {"d": 64, "q": 64, "n": 1}
QUICK = {"small": True, "growing": (64,), "draws": 1, "units": 20, "etas": (0.01, 0.1),
         "steps": 500}  # fmt: skip


def experiment(
    track, *, growing=(4, 16, 64, 256, 1024, 4096), draws=20, small=False, units=200, steps=20_000,
    etas=(0.005, 0.01, 0.02, 0.03, 0.04, 0.06, 0.08, 0.1),
) -> Finding:  # fmt: skip
    errors = {which: {kind: [] for kind in ROUTES} for which in SIZES}
    for which, size in track([(w, s) for w in SIZES for s in growing], description="gradients"):
        sizes = SIZES | {which: size}
        for kind, found in gradient_errors(**sizes, draws=draws).items():
            errors[which][kind].append(found)
    worst = {kind: max(np.max(errors[w][kind]) for w in SIZES) for kind in ROUTES}
    data = images(small)
    every = steps // 100
    apart = differences(data.train, units, etas, steps, every, track)
    grown = [eta for eta, curve in zip(etas, apart, strict=True) if curve[-1] > 1e-9]
    stayed = [eta for eta in etas if eta not in grown]
    answer = (
        "A tolerance has to be above "
        + ", ".join(f"{worst[kind]:.0e} in {kind}" for kind in ROUTES)
        + ": only float64 leaves room to see a small mistake. Along training a difference of 1e-15 "
        + (f"stays below 1e-9 for {steps:,} steps up to η = {max(stayed)}" if stayed else "")
        + (" and grows beyond it" if stayed and grown else "grows" if grown else "")
        + (f" from η = {min(grown)}" if grown else "")
        + f" ({data.source})."
    )
    numbers = {"sizes": growing, "largest relative errors of each draw": errors, "worst": worst,
               "steps": np.arange(every, steps + 1, every),
               "etas": etas, "largest difference of the weights, by eta": apart}  # fmt: skip
    return Finding(answer, numbers, draw(growing, errors, etas, apart, every))


def in_tf32(network: Network, params: Params, x, y) -> Gradients:
    """`backprop` of one batch, each factor of a product rounded as TF32 does."""
    W, V, x = (jax.lax.reduce_precision(a, 8, 10) for a in (*params, jnp.insert(x, 0, 1, axis=1)))
    u = x @ W.T
    z = jax.lax.reduce_precision(jnp.insert(network.hidden.value(u), 0, 1, axis=1), 8, 10)
    delta2 = network.output.value(z @ V.T) - y
    rounded2 = jax.lax.reduce_precision(delta2, 8, 10)
    delta1 = rounded2 @ V[:, 1:] * network.hidden.derivative(u)
    dW = jax.lax.reduce_precision(delta1, 8, 10).T @ x
    return Gradients(dW / len(x), rounded2.T @ z / len(x), delta1, delta2)


ROUTES = {
    "bfloat16": (backprop, "bfloat16"),
    "TF32 (emulated)": (in_tf32, "float32"),
    "float32": (backprop, "float32"),
    "float64 (autodiff)": (autodiff, "float64"),
}


def gradient_errors(d: int, q: int, n: int, draws: int) -> dict[str, list[float]]:
    """For each way to compute, the relative error of each draw, against backprop in float64."""
    found = {kind: [] for kind in ROUTES}
    for seed in range(draws):
        keys = jax.random.split(jax.random.key(seed), 3)
        params = init(TANH, (d, q, 10), key=keys[0], dtype="bfloat16")
        x = jax.random.normal(keys[1], (n, d), "bfloat16")
        y = jax.nn.one_hot(jax.random.randint(keys[2], n, 0, 10), 10, dtype="bfloat16")
        exact = compiled(backprop)(*in_dtype((params, x, y), "float64"))
        for kind, (route, dtype) in ROUTES.items():
            other = compiled(route)(*in_dtype((params, x, y), dtype))
            found[kind].append(difference(in_dtype(other, "float64"), exact).relative)
    return found


@functools.cache
def compiled(route):
    return jax.jit(functools.partial(route, TANH))


def in_dtype(tree, dtype: str):
    return jax.tree.map(lambda a: a.astype(dtype), tree)


def differences(train, units: int, etas, steps: int, every: int, track) -> np.ndarray:
    """(etas, steps/every): the largest difference of the weights of two runs, 1e-15 apart."""
    rng = np.random.default_rng(0)
    W, V = rng.normal(0, 0.3, (units, train.X.shape[1] + 1)), rng.normal(0, 0.3, (4, units + 1))
    other = W + 1e-15 * rng.choice((-1, 1), W.shape)
    order = rng.permutation(np.resize(np.arange(len(train.X)), steps)).reshape(-1, every)
    found, bar = [], iter(track(range(len(order)), description="runs in pairs"))

    def compare(_, now):
        next(bar)
        pairs = (np.asarray(part).reshape(len(etas), 2, -1) for part in now)
        found.append(np.max([np.abs(p[:, 0] - p[:, 1]).max(axis=1) for p in pairs], axis=0))

    sweep(Network(), [Params(W, V), Params(other, V)] * len(etas), train.X, train.Y,
          epochs=len(order), eta=np.repeat(etas, 2).tolist(), order=order,
          errors_every=len(order), on_epoch=compare)  # fmt: skip
    return np.transpose(found)


def draw(growing, errors, etas, apart, every) -> Figure:
    figure = Figure(figsize=(10, 8), layout="constrained")
    axes = figure.subplot_mosaic([[*SIZES], ["apart"] * 3], height_ratios=(1, 1.2))
    for which, by_kind in errors.items():
        for (kind, found), mark in zip(by_kind.items(), "osD^", strict=True):
            found = np.array(found)
            (line,) = axes[which].loglog(growing, np.median(found, axis=1), f"{mark}-", ms=4,
                                         label=kind)  # fmt: skip
            axes[which].fill_between(growing, found.min(axis=1), found.max(axis=1), alpha=0.3,
                                     color=line.get_color())  # fmt: skip
        rest = ", ".join(f"{name} = {size}" for name, size in SIZES.items() if name != which)
        axes[which].set(title=rest, xlabel=f"{which} (number)")
        axes[which].sharey(axes["d"])
    axes["d"].set_ylabel("relative error of the gradients")
    axes["q"].legend(fontsize=8)
    steps = every * np.arange(1, apart.shape[1] + 1)
    for eta, curve, colour in zip(etas, apart, shades(len(etas)), strict=True):
        axes["apart"].semilogy(steps, curve, color=colour, label=f"η = {eta:g}")
    axes["apart"].set_title("Two runs of the exercise, 1e-15 apart at the start")
    axes["apart"].set(xlabel="steps (samples)", ylabel="largest difference of a weight")
    axes["apart"].legend(fontsize=8, ncols=2)
    for one in axes.values():
        one.grid(alpha=0.3)
    return figure


if __name__ == "__main__":
    main(experiment, QUICK)
