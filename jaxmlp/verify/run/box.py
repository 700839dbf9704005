"""What shuts a child in, as far as the system offers it.

On Linux: namespaces of its own (no network, no other process, a disk on which it sees only what
Python needs and writes only in a folder in memory), no capabilities, a filter of system calls (no
new process or program, no socket, no signal to others), limits on memory, time and the size of
files, and an end with its parent. Where namespaces are not to be had, as in most containers, the
filter and the limits hold; elsewhere the limits that the system knows.

A new process calls `enter` first, while it has one thread. Nothing here is slow to import.
"""

import contextlib
import ctypes
import json
import os
import signal
import struct
import sys
from collections.abc import Iterable
from typing import Any, NamedTuple

from jaxmlp.verify.run.filter import filter_calls, number_of

MEMORY = 2 << 30  # bytes
SPACE = 3 << 30  # bytes of addresses: what is shared, or only reserved, counts here alone
FILES = 64 << 20  # bytes, of one file and of all
OPEN = 256  # files at a time

# As in the headers of Linux: sched.h, mount.h, prctl.h, capability.h, seccomp.h.
NEW_MOUNTS, NEW_NAMES, NEW_IPC = 0x00020000, 0x04000000, 0x08000000
NEW_USER, NEW_PIDS, NEW_NETWORK = 0x10000000, 0x20000000, 0x40000000
READ_ONLY, NO_SUID, NO_DEVICES, BIND, RECURSIVE, PRIVATE = 1, 2, 4, 4096, 16384, 1 << 18
DETACH, HERE, WHOLE_TREE, MOUNT_SETATTR = 2, -100, 0x8000, 442
PARENT_DEATH_SIGNAL, CAPABILITIES = 1, 0x20080522
NOT_DUMPABLE = 4

SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/nix/store", "/gnu/store",
          "/etc/ld.so.cache", "/etc/alternatives", "/etc/localtime")  # fmt: skip
DEVICES = ("/dev/null", "/dev/zero", "/dev/random", "/dev/urandom")


class Setup(NamedTuple):
    """What a child may have.

    Attributes:
        parent: the process with which it ends.
        folder: where it works, the only place where it writes.
        visible: paths that it may read, besides those of the system; without links in them.
        namespaces, calls: whether to take these measures, where the system has them.
        seconds: of processor time.
    """

    parent: int
    folder: str
    visible: tuple[str, ...] = ()
    namespaces: bool = True
    calls: bool = True
    seconds: int = 600


class Held(NamedTuple):
    """What is held of a file that runs.

    Attributes:
        disk: it sees no file but those that it needs, and writes none.
        network: it connects to nothing.
        processes: it starts none and signals none.
        limits: memory, processor time and the size of files are limited.
    """

    disk: bool = True
    network: bool = True
    processes: bool = True
    limits: bool = True


class Unavailable(Exception):
    """The system does not offer it; this process is of no use any more."""


def enter(setup: Setup) -> Held:
    """Shut this process in, and say what is held; with namespaces, what returns is its grandchild.

    Raises:
        Unavailable: namespaces were asked for, and are not to be had.
    """
    linux = sys.platform == "linux"
    inside = linux and setup.namespaces
    end_with(setup.parent)
    if inside:
        _namespaces(setup)
    limited = _limit(setup.seconds)
    if linux:
        _libc("capset", struct.pack("Ii", CAPABILITIES, 0), bytes(24))  # none
    filtered = linux and setup.calls and filter_calls()
    return Held(inside, inside or filtered, filtered, limited)


def main() -> None:
    """A child, from its start: shut in as the first line of its standard input says."""
    requests, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    setup = Setup(**json.loads(requests.readline()))
    try:
        said = enter(setup)._asdict()
    except Unavailable as why:
        said = {"why": str(why)}
    answers.write(json.dumps(said).encode() + b"\n")
    answers.flush()
    if "why" not in said:
        os.chdir(setup.folder)
        from jaxmlp.verify.run import child  # with NumPy, which starts threads: only now

        child.serve(requests, answers)


def end_with(parent: int) -> None:
    """Have this process end when that one, which has started it, does; on Linux."""
    if sys.platform != "linux":
        return
    _libc("prctl", PARENT_DEATH_SIGNAL, int(signal.SIGKILL))
    if os.getppid() != parent:  # it has ended already
        os._exit(1)


def guard() -> None:
    """Keep this process's memory from others of the same user, as /proc/PID/mem shows it."""
    if sys.platform == "linux":
        _libc("prctl", NOT_DUMPABLE, 0)


def _libc(name: str, *args: Any) -> int:
    """Call a function of the C library.

    Raises:
        OSError: it says that it failed.
    """
    library = ctypes.CDLL(None, use_errno=True)
    encoded = [os.fsencode(a) if isinstance(a, str) else a for a in args]
    result = getattr(library, name)(*encoded)
    if result == -1:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")
    return result


def _namespaces(setup: Setup) -> None:
    """A disk of its own, no network, and no process but its own."""
    try:
        _unshare()
        _disk(setup)
    except (OSError, AttributeError) as why:
        raise Unavailable(str(why)) from None
    _in_child()  # the first process in the namespace: with it, all in it end
    _libc("prctl", PARENT_DEATH_SIGNAL, int(signal.SIGKILL))
    _in_child()


def _unshare() -> None:
    ids = {"setgroups": "deny", "uid_map": _itself(os.getuid()), "gid_map": _itself(os.getgid())}
    _libc("unshare", NEW_USER | NEW_MOUNTS | NEW_PIDS | NEW_NETWORK | NEW_IPC | NEW_NAMES)
    for name, text in ids.items():
        with open(f"/proc/self/{name}", "w") as file:
            file.write(text)


def _itself(number: int) -> str:
    return f"{number} {number} 1"


def _in_child() -> None:
    """Go on in a new process; this one waits, and ends as that one does."""
    child = os.fork()
    if child:
        for stream in (0, 1, 2):
            os.close(stream)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        os._exit(code if code >= 0 else 128 - code)


def _disk(setup: Setup) -> None:
    """A root of its own: what it may see, read-only, and its folder in memory."""
    root = setup.folder
    _libc("mount", None, "/", None, PRIVATE | RECURSIVE, None)
    _in_memory(root)
    for path in _outermost((*SYSTEM, *setup.visible)):
        _show(path, root)
    places = [_file(root, path) for path in DEVICES]
    os.makedirs(root + setup.folder, exist_ok=True)
    attributes = struct.pack("4Q", READ_ONLY | NO_SUID | NO_DEVICES, 0, 0, 0)
    _libc("syscall", MOUNT_SETATTR, HERE, root, WHOLE_TREE, attributes, len(attributes))
    for path, place in zip(DEVICES, places, strict=True):
        _bind(path, place)
    _in_memory(root + setup.folder)
    os.chdir(root)
    _libc("syscall", number_of("pivot_root"), ".", ".")
    _libc("umount2", ".", DETACH)
    os.chdir("/")


def _in_memory(place: str) -> None:
    options = f"size={FILES},nr_inodes=10000,mode=755"
    _libc("mount", "tmpfs", place, "tmpfs", NO_SUID | NO_DEVICES, options.encode())


def _bind(path: str, place: str) -> None:
    _libc("mount", path, place, None, BIND | RECURSIVE, None)


def _show(path: str, root: str) -> None:
    """The same file, folder or link at the same place below another root."""
    if os.path.islink(path):
        os.makedirs(os.path.dirname(root + path), exist_ok=True)
        os.symlink(os.readlink(path), root + path)
    elif os.path.isdir(path):
        os.makedirs(root + path, exist_ok=True)
        _bind(path, root + path)
    else:
        _bind(path, _file(root, path))


def _file(root: str, path: str) -> str:
    """A new, empty file."""
    os.makedirs(os.path.dirname(root + path), exist_ok=True)
    os.close(os.open(root + path, os.O_CREAT, 0o444))
    return root + path


def _outermost(paths: Iterable[str]) -> list[str]:
    """Those that are there, and in none of the others."""
    outermost: list[str] = []
    for path in sorted(filter(os.path.lexists, set(paths)), key=len):
        if not any(path.startswith(f"{outer}/") for outer in outermost):
            outermost.append(path)
    return outermost


def _limit(seconds: int) -> bool:
    """Limit what the process uses; whether the system can."""
    try:
        import resource
    except ImportError:
        return False
    limits = {
        "DATA": MEMORY,
        "AS": SPACE,
        "FSIZE": FILES,
        "NOFILE": OPEN,
        "CORE": 0,
        "CPU": seconds,
    }
    for name, value in limits.items():
        kind = getattr(resource, f"RLIMIT_{name}")
        ceiling = resource.getrlimit(kind)[1]
        value = value if ceiling == resource.RLIM_INFINITY else min(value, ceiling)
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(kind, (value, value))
    return sys.platform == "linux"  # macOS knows the names, and does not hold RLIMIT_DATA
