"""Several processes that train as one, by JAX's own engine; the first prints and writes.

Where one of them dies, JAX aborts the others, with a dump of its own. So each runs in a process
beside the one that was started, which waits for its end and says it in one line.
"""

import contextlib
import hashlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import jax
import numpy as np

from jaxmlp.cli import Stop
from jaxmlp.cli.settings import Settings
from jaxmlp.cli.workers import signals
from jaxmlp.network import Params
from jaxmlp.train.mesh import shares_units
from jaxmlp.verify.run.box import end_with

WAIT = 180  # seconds, for the others to begin
SILENCE = 40  # seconds after which a process that is not heard of is given up
WATCHER_VARIABLE = "JAXMLP_WATCHED_BY"  # the process that waits for this one
ENDED = "another process has ended, or is not there"
# At its end nothing is waited for, and nothing left that JAX might abort, but MPI is told: what is
# registered last, once it has begun, runs first.
COMMAND_CODE = """
import atexit, os, sys
import jax
from jaxmlp.cli import main
code = [1]
atexit.register(lambda: os._exit(code[0]))
code[0] = main()
sys.stdout.flush()
if code[0]:
    os._exit(code[0])
atexit._run_exitfuncs()
"""


def are_several(settings: Settings) -> bool:
    """Whether this process is one of several."""
    options = settings.coordinator, settings.processes, settings.process
    return settings.distributed or options != (None, None, None)


def watch(command: str, args: list[str], settings: Settings) -> int:
    """Run a command in a process of its own, once it is seen to have its options; its exit code.

    Raises:
        ValueError: an option lacks.
        Stop: it was aborted, as another process has ended.
    """
    _check(settings)
    child = subprocess.Popen(
        [sys.executable, "-c", COMMAND_CODE, command, *args],
        env={**os.environ, WATCHER_VARIABLE: str(os.getpid())},
        start_new_session=True,  # a terminal's Ctrl-C comes once, from here
        close_fds=False,  # MPICH passes its processes a pipe
    )
    with signals(lambda number, _: child.send_signal(number), "SIGINT", "SIGTERM"):
        code = child.wait()
    if code == -signal.SIGABRT:
        raise Stop(ENDED, 2)
    if code < 0:
        raise Stop(f"ended by signal {-code}", 2)
    return code


def run_with_others(
    command: str, args: list[str], settings: Settings, work: Callable[[bool], int]
) -> int:
    """Do the work in this process, alone or as one of several; its exit code.

    Args:
        work: is told whether this is the first process, which prints and writes.
    """
    if are_several(settings) and WATCHER_VARIABLE not in os.environ:
        return watch(command, args, settings)
    with joined(settings) as first, jax.enable_x64(settings.dtype == "float64"):
        return work(first)


@contextlib.contextmanager
def joined(settings: Settings) -> Iterator[bool]:
    """Together with the other processes, where there are any; whether this is the first.

    Raises:
        ValueError: some of the options lack, or no cluster is found.
        Stop: another process has ended.
    """
    if not are_several(settings):
        yield True
        return
    _silence()
    end_with(int(os.environ[WATCHER_VARIABLE]))
    try:
        _begin(settings)
        yield jax.process_index() == 0
        jax.distributed.shutdown()  # once the others are there, too
    except jax.errors.JaxRuntimeError as why:
        if "gloo" in str(why).lower():
            raise Stop(ENDED, 2) from None
        raise


def _silence() -> None:
    """Only Python prints, not the libraries below it."""
    for number, name in ((1, "stdout"), (2, "stderr")):
        stream = getattr(sys, name)
        stream.flush()
        own = os.fdopen(os.dup(number), "w", encoding=stream.encoding, errors="replace")
        own.reconfigure(line_buffering=True)
        setattr(sys, name, own)
        os.dup2(os.open(os.devnull, os.O_WRONLY), number)


def _check(settings: Settings) -> None:
    options = settings.coordinator, settings.processes, settings.process
    if settings.distributed and options != (None, None, None):
        raise ValueError("expected --distributed, or --coordinator and its like, got both")
    whole = None not in options and ":" in options[0] and 0 <= options[2] < options[1]
    if not settings.distributed and not whole:
        raise ValueError(
            "expected --coordinator HOST:PORT --processes N --process I, I from 0 to N − 1, got "
            + ", ".join("none" if option is None else str(option) for option in options)
        )


def _begin(settings: Settings) -> None:
    options = settings.coordinator, settings.processes, settings.process
    method = None if settings.distributed else "deactivate"
    times: dict[str, Any] = {"initialization_timeout": WAIT, "heartbeat_timeout_seconds": SILENCE}
    try:
        jax.distributed.initialize(*options, cluster_detection_method=method, **times)
    except ValueError as why:
        raise ValueError(
            f"expected Slurm, Open MPI or Kubernetes for --distributed, found none ({why}); "
            "elsewhere: --coordinator HOST:PORT --processes N --process I"
        ) from None


def check_same(about: dict) -> None:
    """Refuse processes that were told something else, or have other data.

    Raises:
        ValueError: with their numbers.
    """
    if jax.process_count() == 1:
        return
    from jax.experimental.multihost_utils import process_allgather

    digest = hashlib.sha256(json.dumps(about, sort_keys=True).encode()).digest()
    all_of_them = np.asarray(process_allgather(np.frombuffer(digest, np.uint8)))
    other = np.flatnonzero((all_of_them != all_of_them[0]).any(axis=1)).tolist()
    if other:
        raise ValueError(
            f"expected the same options and data of all processes, got others of process {other}"
        )


def devices_for(
    settings: Settings, params: Params, n: int
) -> tuple[list[jax.Device] | None, dict[str, str]]:
    """(the devices that share each batch, None for JAX's default; what is to be said of them).

    Args:
        n: the training samples.

    Raises:
        ValueError: more devices are asked for than there are, or processes have nothing to share.
    """
    there, batch = jax.devices(), min(settings.batch_size, n)
    asked = len(there) if settings.devices is None else settings.devices
    if not 0 < asked <= len(there):
        raise ValueError(f"expected --devices from 1 to {len(there)}, got {asked}")
    if asked == 1 and len(there) == 1:
        return None, {}
    why = (
        "each step begins with the W and V of the one before"
        if batch == 1
        else f"{batch} samples a step are no multiple of {asked}"
    )
    if jax.process_count() > 1 and (batch % asked or asked < len(there)):
        raise ValueError(
            f"expected a --batch-size that all {len(there)} devices of {jax.process_count()} "
            f"processes share equally, got {settings.batch_size}: {why}"
        )
    if batch % asked:
        said = f"one of {asked}, as {why} (a --batch-size that is one is shared out)"
        return there[:1], {"devices": said}
    several = f" of {jax.process_count()} processes" * (jax.process_count() > 1)
    how = {"plain": settings.optimizer == "sgd", "streamed": settings.stream}
    shared = "the hidden units" if shares_units(asked, params, batch, **how) else "each batch"
    return there[:asked], {"devices": f"{asked}{several}, which share {shared}"}
