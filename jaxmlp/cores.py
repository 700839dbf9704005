"""How many processor cores there are to work on."""

import os


def cores() -> int:
    """How many this process may use, of a container's own share too."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
