"""How much faster do more devices, or a second process, take mini-batches?

Each measurement is of processes of its own, which hold so many forced CPU devices in all. Strong:
the same samples and batches on all of them; weak: as many for each device. A process of several
computes in one thread, and so does a single one with one device: one thread against two.

Processes exchange by gloo, which comes with JAX, and by MPI as well where that is set up
(`docs/scale.md`): with one device each, as JAX's MPI wants it.
"""

import atexit
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
from time import perf_counter as now

import jax
import numpy as np
from matplotlib.figure import Figure

from experiments.running import Finding, main
from jaxmlp import Network, fit, init

QUICK = {
    "n": 64, "sizes": (5, 3, 4), "batch": 16, "devices": (1, 2), "epochs": 2, "kinds": ("strong",)
}  # fmt: skip
WAIT = 300  # seconds for one measurement


def experiment(
    track, *, n=32_768, sizes=(784, 200, 10), batch=512, devices=(1, 2, 4, 8), processes=(1, 2),
    epochs=7, kinds=("strong", "weak"),
) -> Finding:  # fmt: skip
    ways = [(p, d, by) for p in processes for d in devices for by in exchanges(p, d)]
    runs = [(kind, *way) for kind in kinds for way in ways]
    found = []
    for kind, p, d, by in track(runs, description="measurements"):
        times = d if kind == "weak" else 1
        work = {"n": n * times, "sizes": sizes, "batch": batch * times, "epochs": epochs}
        seconds = measured(work, p, d, by)
        found.append({"kind": kind, "processes": p, "devices": d, "exchange": by,
                      "seconds an epoch": seconds,
                      "samples a second": n * times / seconds})  # fmt: skip
    rates = {(one["processes"], one["devices"], one["exchange"]): one["samples a second"]
             for one in found if one["kind"] == "strong"}  # fmt: skip
    times_one = {way: rate / rates[1, 1, ""] for way, rate in rates.items()}
    two = " and ".join(f"{times_one[way]:.2f} ({way[2]})" for way in ways if way[:2] == (2, 2))
    most = max(d for p, d, _ in ways if p == 1)
    answer = (
        f"Two processes on a core each take {two or 'not measured'} times as many samples a second "
        f"as one process on one core; {most} devices of one process on {os.cpu_count()} cores, "
        f"{times_one[1, most, '']:.2f} times."
    )
    numbers = {"communicated": communicated(n, sizes, batch, max(devices)), "processes": ways}
    return Finding(answer, numbers, drawn(found), timings={"measurements": found})


def communicated(n: int, sizes, batch: int, devices: int) -> dict:
    """Bytes that each device sends, in float32: around a ring, what it is to be summed twice."""
    d, q, m = sizes
    weights, share = q * (d + 1) + m * (q + 1), (devices - 1) / devices
    step, epoch = 2 * 4 * weights * share, 4 * n * (d + m) * share
    return {"weights": weights, "bytes a step (gradients)": step,
            "bytes an epoch (samples to where they are next)": epoch,
            "operations a step": 6 * batch * weights / devices}  # fmt: skip


def exchanges(processes: int, devices: int) -> list[str]:
    """What so many processes can exchange by here, with so many devices in all."""
    if processes == 1:
        return [""]
    mpi = devices == processes and "MPITRAMPOLINE_LIB" in os.environ and shutil.which("mpiexec")
    return ["gloo", "mpi"][: 1 + bool(mpi)] if devices % processes == 0 else []


def measured(work: dict, processes: int, devices: int, by: str) -> float:
    """Seconds of an epoch, the median but for the first, which compiles."""
    environment = {
        "XLA_FLAGS": f"--xla_force_host_platform_device_count={devices // processes}",
        "JAX_PLATFORMS": "cpu", "JAX_CPU_COLLECTIVES_IMPLEMENTATION": by or "gloo",
    }  # fmt: skip
    if processes > 1 or devices == 1:
        environment["NPROC"] = "1"  # no flag of XLA's does it
    pipes: dict = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    started = [subprocess.Popen(command, env=os.environ | environment, **pipes)
               for command in commands(work, processes, by)]  # fmt: skip
    said = [one.communicate(timeout=WAIT) for one in started]
    if any(one.returncode for one in started):
        raise RuntimeError("\n".join(err for _, err in said))
    return statistics.median(json.loads(said[0][0].splitlines()[-1])[1:])


def commands(work: dict, processes: int, by: str) -> list[list[str]]:
    """A command for each of the processes; for MPI one that starts them all."""
    with socket.socket() as free:
        free.bind(("localhost", 0))
        work = work | {"place": f"localhost:{free.getsockname()[1]}", "processes": processes}
    told = [json.dumps(work | {"process": k}) for k in range(processes)]
    each = [[sys.executable, "-m", "experiments.scaling", "--work", one] for one in told]
    if by != "mpi":
        return each
    return [["mpiexec", *(word for one in each for word in ("-n", "1", *one, ":"))][:-1]]


def work(n, sizes, batch, epochs, place, processes, process) -> list[float]:
    """In a process of its own: seconds of each epoch."""
    if processes > 1:
        jax.distributed.initialize(place, processes, process, cluster_detection_method="deactivate")
    rng = np.random.default_rng(0)
    X = rng.random((n, sizes[0]), dtype=np.float32)
    Y = np.eye(sizes[-1], dtype=np.float32)[rng.integers(sizes[-1], size=n)]
    start = init(Network(), tuple(sizes), key=jax.random.key(0), dtype="float32")
    ended = [now()]

    def on_epoch(_, params):
        jax.block_until_ready(params)
        ended.append(now())

    fit(Network(), start, X, Y, epochs=epochs, eta=0.01, batch_size=batch, on_epoch=on_epoch,
        key=jax.random.key(1), errors_every=0, device=jax.devices())  # fmt: skip
    return np.diff(ended).tolist()


def drawn(found: list[dict]) -> Figure:
    """Samples a second against devices, strong and weak."""
    figure = Figure(figsize=(8, 3.6), layout="constrained")
    kinds = list(dict.fromkeys(one["kind"] for one in found))
    left, *_ = several = figure.subplots(1, len(kinds), sharey=True, squeeze=False)[0]
    for axes, kind in zip(several, kinds, strict=True):
        for p, by in dict.fromkeys((one["processes"], one["exchange"]) for one in found):
            way = kind, p, by
            mine = [one for one in found
                    if (one["kind"], one["processes"], one["exchange"]) == way]  # fmt: skip
            x, y = ([one[name] for one in mine] for name in ("devices", "samples a second"))
            axes.plot(x, y, "o-", label=f"{p} processes, {by}" if by else "1 process")
        axes.set_xscale("log", base=2)
        axes.set(xlabel="devices (number)", title=kind)
        axes.set_ylim(bottom=0)
    left.set_ylabel("samples (1/s)")
    left.legend()
    return figure


if __name__ == "__main__":
    if sys.argv[1:2] == ["--work"]:
        code = [1]
        atexit.register(lambda: os._exit(code[0]))  # after the end of MPI, which begins later
        told = json.loads(sys.argv[2])
        seconds = work(**told)
        if told["process"] == 0:
            print(json.dumps(seconds), flush=True)
        code[0] = 0
    else:
        main(experiment, QUICK)
