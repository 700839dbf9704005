"""How fast is training, beside others? Every workload with all peers in turn, in one run.

    python -m experiments.benchmark [--quick] [--out DIR]

The workloads: the exercise (784-200-4) and the digits (64-32-10), one sample at a time and in
batches; 64 networks at once; growing n, d, q and numbers of networks; `jaxmlp train` from a cold
start; peak memory. Where JAX has a GPU: the workloads alone, beside PyTorch on it and C on the CPU.
Times are medians of runs taken in turn, ours beside each peer, after a warm-up.
The products' limit is the arithmetic of the first layer's two products, 4 q (d+1) a sample, at the
best rate that this machine reaches in a large square product of float32 in the same rounds; "share"
is the limit over the time. Numbers go to benchmark.json, the figure to benchmark.png; a GPU's to
benchmark-gpu.
"""

import functools
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import jax
import numpy as np
from rich.console import Console
from rich.table import Table

from experiments import running
from experiments.benchmark.figure import SHORT, draw, three_digits
from experiments.benchmark.peers import EPOCHS, ON_GPU, PEERS, Missing, Task, timed

EXERCISE, DIGITS = (784, 200, 4), (64, 32, 10)
WORKLOADS = {
    "exercise, one at a time": Task(4000, *EXERCISE),
    "digits, one at a time": Task(4000, *DIGITS),
    **{f"exercise, batches of {b}": Task(8192, *EXERCISE, b) for b in (32, 128, 512)},
    **{f"digits, batches of {b}": Task(8192, *DIGITS, b) for b in (32, 128, 512)},
    "64 networks, exercise": Task(512, *EXERCISE, networks=64),
    "64 networks, digits": Task(2000, *DIGITS, networks=64),
}
if ON_GPU:
    WORKLOADS["1000 networks, digits"] = Task(2000, *DIGITS, networks=1000)
GROWING = {
    "n": [Task(n, 64, 32, 10) for n in (1000, 10_000, 100_000)],
    "d": [Task(2000, d, 32, 10) for d in (20, 200, 2000)],
    "q": [Task(2000, 64, q, 10) for q in (20, 200, 2000)],
    "networks": [Task(1000, 64, 32, 10, networks=k) for k in (2, 20, 200)],
}
ON_A_GPU = "How fast is training on a GPU, compared with other libraries?"
NAME = "benchmark-gpu" if ON_GPU else "benchmark"
ROUNDS = 3 if ON_GPU else 7
REST = 0.01 if ON_GPU else 0.3  # seconds for the threads of the peer before to come to rest
ALONE = ("C", "C, skipping units that are off")  # they train one of several networks


def main() -> None:
    question = running.question_of(__doc__)
    options = running.parsed(running.parser(question, "a few seconds: small parts, once"), None)
    console, rounds = Console(width=160), 1 if options.quick else ROUNDS
    found = {"machine": machine(), "workloads": {}, "growing": {}}
    for name, task in WORKLOADS.items():
        small = task._replace(n=min(task.n, 600)) if options.quick else task
        with console.status(name):
            found["workloads"][name] = measured(small, rounds, console)
    for name, tasks in {} if ON_GPU else GROWING.items():
        with console.status(f"growing {name}"):
            tasks = tasks[:2] if options.quick else tasks
            work = [getattr(task, name) for task in tasks]
            found["growing"][name] = list(zip(work, growing(tasks, rounds), strict=True))
    if not options.quick and not ON_GPU:
        with console.status("cold starts, memory"):
            found |= {"cold": cold(), "memory": memory()}
    found["growth exponents"] = {
        name: exponent(points) for name, points in found["growing"].items()
    }
    question = ON_A_GPU if ON_GPU else question
    found = {"question": question, "answer": answer(found)} | found
    report(console, found)
    running.write(options, NAME, found)
    draw(found).savefig(options.out / f"{NAME}.png", dpi=150)


def machine() -> dict:
    return {"cores": os.cpu_count(), "device": jax.devices()[0].device_kind,
            "processor": platform.processor() or platform.machine(),
            "versions": running.versions("torch")}  # fmt: skip


SIDE = 8192 if ON_GPU else 2048
_product = jax.jit(functools.partial(jax.numpy.matmul, precision="highest"))


def square_product() -> None:
    """A product of two square matrices, to know what the machine can do at this moment."""
    A = jax.numpy.ones((SIDE, SIDE), "float32")
    jax.block_until_ready(_product(A, A))


def measured(task: Task, rounds: int, console: Console) -> dict:
    """Microseconds a sample (of all networks) for each peer; the products' limit, likewise."""
    runs = dict(ready(task, console))
    times, products = {name: [] for name in runs}, []
    for _ in range(rounds):
        time.sleep(REST)
        products += [timed(square_product) for _ in range(3)]
        others = [name for name in runs if name != "jaxmlp"]
        in_turn = [name for other in others for name in ("jaxmlp", other)]
        for name in in_turn or ["jaxmlp"]:
            time.sleep(REST)
            seconds = timed(runs[name]) / (EPOCHS if name == "jaxmlp" else 1)
            times[name].append(seconds * 1e6 / task.n)
    medians = {name: float(np.median(values)) for name, values in times.items()}
    medians |= {n: v * task.networks for n, v in medians.items() if n in ALONE}
    best = 2 * SIDE**3 / min(products) / 1e9
    limit = task.networks * 4 * task.q * (task.d + 1) / best / 1e3
    return {"microseconds": medians, "all": times, "limit": limit, "peak GFLOP/s": best}


def ready(task: Task, console: Console) -> Iterator[tuple[str, Callable]]:
    """The peers that can do it, warmed up; those left out are named."""
    for name, peer in PEERS.items():
        if task.networks > 1 and name not in ("jaxmlp", *ALONE):
            continue
        few = name.startswith(("PyTorch", "scikit", "NumPy"))
        try:
            run = peer(task._replace(n=min(task.n, 1024)) if few else task)
            run()
        except Missing as why:
            if "one sample" not in str(why):
                console.print(f"left out: {name}: {why}")
            continue
        scale = task.n / min(task.n, 1024) if few else 1
        yield name, Repeated(run, scale)


class Repeated:
    """A run of fewer samples that counts as one of all: as often as makes as many."""

    def __init__(self, run: Callable, scale: float):
        self.run, self.times = run, max(1, round(scale))

    def __call__(self) -> None:
        for _ in range(self.times):
            self.run()


TURN = 0.3  # seconds for which short runs are repeated when it is their turn


def growing(tasks: list[Task], rounds: int) -> list[float]:
    """Seconds of an epoch of each, measured in turn."""
    runs = [PEERS["jaxmlp"](task) for task in tasks]
    for run in runs:
        run()
    repeats = [max(1, round(TURN / timed(run))) for run in runs]
    times = [[] for _ in runs]
    for _ in range(rounds):
        for run, repeat, seconds in zip(runs, repeats, times, strict=True):
            time.sleep(REST)
            seconds += [timed(run) / EPOCHS for _ in range(repeat)]
    return [float(np.median(seconds)) for seconds in times]


SCIKIT_LEARN = Path(__file__).with_name("scikit_learn_script.py")


def cold() -> dict:
    """Seconds of whole processes, the second time: `jaxmlp train`, and scikit-learn's script."""
    command = [Path(sys.executable).with_name("jaxmlp"), "train", "--out"]
    peer = [sys.executable, SCIKIT_LEARN]
    found = {"jaxmlp train": [], "jaxmlp train, no cache": [], "scikit-learn script": []}
    with tempfile.TemporaryDirectory() as folder:
        caches = {"jaxmlp train": f"{folder}/cache", "jaxmlp train, no cache": "off"}
        for k in range(4):
            for name, times in found.items():
                here = f"{folder}/{name}-{k}"
                environment = {**os.environ, "JAXMLP_CACHE": caches.get(name, "off")}
                began = time.perf_counter()
                arguments = [*(peer if name.startswith("scikit") else command), here]
                subprocess.run(arguments, check=True, capture_output=True, env=environment)
                times.append(time.perf_counter() - began)
    return {name: float(np.median(times[1:])) for name, times in found.items()}


HUGE = """
import sys
import jax, jax.numpy as jnp, numpy as np
jnp.ones(3).sum()
if sys.argv[1] == "train":
    from jaxmlp import Network, fit, init
    X = np.random.default_rng(0).random((60_000, 784), dtype=np.float32)
    Y = np.eye(4, dtype=np.float32)[np.arange(60_000) % 4]
    network = Network()
    params = init(network, (784, 200, 4), key=jax.random.key(0))
    fit(network, params, X, Y, epochs=2, batch_size=int(sys.argv[2]), key=jax.random.key(1))
print(open("/proc/self/status").read().partition("VmHWM:")[2].split()[0])
"""


def memory() -> dict | None:
    """Peak MB of a process that trains on 60,000 × 784, less an empty one, as a multiple.

    The process asks Linux itself: what its parent is told starts from the parent's own size.
    """
    if not sys.platform.startswith("linux"):
        return None

    def megabytes(*args: str) -> float:
        done = subprocess.run([sys.executable, "-c", HUGE, *args], check=True, capture_output=True)
        return int(done.stdout) / 2**10

    empty, data = megabytes("empty"), 60_000 * 784 * 4 / 2**20
    peaks = {f"batch size {b}": megabytes("train", str(b)) for b in (1, 128)}
    times = {name: (peak - empty) / data for name, peak in peaks.items()}
    return {"empty": empty, "data": data, "peak": peaks, "times the data": times}


def exponent(points: list[tuple[float, float]]) -> float:
    """k where the seconds grow as the k-th power of the work: from the first point to the last."""
    (least, fewest), *_, (most, longest) = points
    return float(np.log(longest / fewest) / np.log(most / least))


def answer(found: dict) -> str:
    """What a reader wants to know first, made of the numbers."""
    one, many = (
        found["workloads"][name]["microseconds"]
        for name in ("exercise, one at a time", "64 networks, digits")
    )
    ratios = [
        f"{one[name] / one['jaxmlp']:.1f} times as fast as {name.replace(', ', ' with ')}"
        for name in ("C", "NumPy script", "PyTorch", "PyTorch, CUDA graphs", "scikit-learn")
        if name in one
    ]
    said = f"One sample of the exercise takes {one['jaxmlp']:.1f} µs, {', '.join(ratios)}"
    if "C" in many:
        times = many["C"] / many["jaxmlp"]
        said += f"; 64 networks on the digits at once, {times:.1f} times as fast as C"
    return f"{said}."


def report(console: Console, found: dict) -> None:
    """The table: microseconds a sample, and how many times as fast as each peer."""
    table = Table(title="µs a sample (jaxmlp is so many times as fast)", box=None)
    for column in ("workload", "limit", "share", *PEERS):
        table.add_column(
            SHORT.get(column, column), justify="left" if column == "workload" else "right"
        )
    for name, one in found["workloads"].items():
        times = one["microseconds"]
        ratios = {p: f"({three_digits(t / times['jaxmlp'])}×)" for p, t in times.items()}
        cells = [f"{three_digits(times[p])} {ratios[p]}" if p in times else "–" for p in PEERS]
        share = f"{one['limit'] / times['jaxmlp']:.0%}"
        table.add_row(name, f"{one['limit']:.3g}", share, *cells)
    console.print(table)
    rest = {k: v for k, v in found.items() if k not in ("workloads", "growing")}
    console.print_json(json.dumps(rest | {"growing (seconds)": found["growing"]}))


if __name__ == "__main__":
    main()
