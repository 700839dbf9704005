"""Does the error on new digits fall as the network grows wider?"""

import jax
import numpy as np

from experiments.running import Finding, main
from jaxmlp import Network, init, load_data, one_hot, split, sweep
from jaxmlp.plot import bands

QUICK = {"widths": (4, 16), "seeds": 2, "epochs": 1}


def experiment(track, *, widths=(4, 16, 64, 256), seeds=16, epochs=10) -> Finding:
    (X, Y), test = ((one.X / 16, one_hot(one.y, m=10)) for one in split(load_data("digits")))
    network, errors = Network("relu", "softmax", "cross_entropy"), []
    for q in track(widths, description="widths"):
        starts = [init(network, (64, q, 10), key=jax.random.key(seed), dtype="float32")
                  for seed in range(seeds)]  # fmt: skip
        done = sweep(
            network, starts, X, Y, epochs=epochs, eta=0.05, key=jax.random.key(0), test=test
        )
        errors.append(done.history[-1].test_error)
    medians = [f"{np.median(e):.3f} with {q}" for q, e in zip(widths, errors, strict=True)]
    answer = f"The median test error is {', '.join(medians)} hidden units."
    curve = {"": (np.array(widths), np.array(errors))}
    figure = bands(curve, "hidden units (number)", "test error (nats)", logarithmic=True)
    return Finding(answer, {"test errors, by width": errors}, figure)


if __name__ == "__main__":
    main(experiment, QUICK)
