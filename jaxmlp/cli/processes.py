"""Several processes that train as one, by JAX's own engine; the first prints and writes."""

import atexit
import contextlib
import hashlib
import json
from collections.abc import Iterator, Sequence

import jax
import numpy as np

from jaxmlp.cli import Stop
from jaxmlp.cli.settings import Settings

WAIT = 60  # seconds, for the others to begin
SILENCE = 20  # seconds after which a process that is not heard of is given up
ENDED = ("gloo", "Gloo", "coordination", "Connection", "heartbeat", "DEADLINE", "UNAVAILABLE")


@contextlib.contextmanager
def joined(settings: Settings) -> Iterator[bool]:
    """Together with the other processes, where there are any; whether this is the first.

    Raises:
        ValueError: some of the options lack, or no cluster is found.
        Stop: another process has ended, or has not come.
    """
    given = settings.coordinator, settings.processes, settings.process
    if not settings.distributed and given == (None, None, None):
        yield True
        return
    try:
        _begin(settings, given)
        yield jax.process_index() == 0
    except BaseException as why:
        atexit.unregister(jax.distributed.shutdown)  # which would wait for the others
        if isinstance(why, RuntimeError) and any(word in str(why) for word in ENDED):
            raise Stop(f"another process has ended, or is not there ({_short(why)})", 2) from None
        raise


def _short(why: BaseException) -> str:
    return " ".join(str(why).split())[:120]


def _begin(settings: Settings, given: Sequence) -> None:
    times = {"initialization_timeout": WAIT, "heartbeat_timeout_seconds": SILENCE}
    if settings.distributed:
        if given != (None, None, None):
            raise ValueError("expected --distributed, or --coordinator and its like, got both")
        try:
            jax.distributed.initialize(**times)
        except ValueError as why:
            raise ValueError(
                f"expected Slurm, Open MPI or Kubernetes for --distributed, found none ({why}); "
                "elsewhere: --coordinator HOST:PORT --processes N --process I"
            ) from None
        return
    coordinator, processes, process = given
    if None in given or ":" not in coordinator or not 0 <= process < processes:
        raise ValueError(
            "expected --coordinator HOST:PORT --processes N --process I, I from 0 to N − 1, "
            f"got {coordinator}, {processes} and {process}"
        )
    how = {"cluster_detection_method": "deactivate", **times}
    jax.distributed.initialize(coordinator, processes, process, **how)


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


def devices_for(settings: Settings, n: int) -> tuple[list[jax.Device] | None, str]:
    """(the devices that share each batch, None for JAX's default; why it is one, of several).

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
        return None, ""
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
        return there[:1], f"one of {asked}, as {why} (a --batch-size that is one is shared out)"
    return there[:asked], ""
