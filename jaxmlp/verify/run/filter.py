"""A filter of system calls, by libseccomp: no new process, no program, no socket, no signals.

What a derivation needs is left as it is; the errors that the rest ends with are those that Python
knows how to tell.
"""

import ctypes
import errno
import os
from collections.abc import Iterable, Sequence

# As in the headers of Linux: seccomp.h, sched.h, prctl.h, fcntl.h, sockios.h.
ALLOW, REFUSE, NOT_EQUAL, MASKED_EQUAL, LOW = 0x7FFF0000, 0x00050000, 1, 7, 0xFFFFFFFF
SET_OWNER, SET_SIGNAL, SET_OWNER_EX = 8, 10, 15  # of fcntl: who is sent which signal
OWNER_OF_FILE, GROUP_OF_SOCKET = 0x8901, 0x8902  # of ioctl: the same
THREAD, CLONE3, PARENT_DEATH_SIGNAL = 0x00010000, 435, 1  # of clone, of all machines, of prctl

REFUSED = (
    "fork vfork execve execveat socket ptrace process_vm_readv process_vm_writev pidfd_open "
    "pidfd_send_signal rt_sigqueueinfo rt_tgsigqueueinfo tkill unshare setns mount umount2 "
    "move_mount open_tree fsopen pivot_root chroot io_uring_setup bpf perf_event_open userfaultfd "
    "keyctl add_key request_key setpriority ioprio_set sched_setaffinity sched_setscheduler "
    "sched_setparam sched_setattr reboot init_module finit_module delete_module kexec_load "
    "open_by_handle_at memfd_create shmget msgget semget mq_open process_madvise pidfd_getfd kcmp"
)


class _Compared(ctypes.Structure):
    """Which argument of a system call, how compared, and with what."""

    _fields_ = (("argument", ctypes.c_uint), ("how", ctypes.c_int),
                ("first", ctypes.c_uint64), ("second", ctypes.c_uint64))  # fmt: skip


def _library() -> ctypes.CDLL:
    library = ctypes.CDLL("libseccomp.so.2")
    library.seccomp_init.restype = ctypes.c_void_p
    library.seccomp_load.argtypes = library.seccomp_release.argtypes = [ctypes.c_void_p]
    library.seccomp_rule_add_array.argtypes = [
        ctypes.c_void_p, ctypes.c_uint32, ctypes.c_int, ctypes.c_uint, ctypes.POINTER(_Compared),
    ]  # fmt: skip
    return library


def number_of(call: str) -> int:
    """The number of a system call on this machine; negative where it has none."""
    return _library().seccomp_syscall_resolve_name(call.encode())


def filter_calls() -> bool:
    """Refuse what no derivation needs; whether the system can, with libseccomp."""
    try:
        library = _library()
    except OSError:
        return False
    rules, failed = library.seccomp_init(ALLOW), 0
    for call, code, compared in _refused(os.getpid()):
        many = (_Compared * len(compared))(*compared)
        number = CLONE3 if call == "clone3" else number_of(call)  # newer than some libraries
        if number >= 0:
            action = REFUSE | code, number, len(compared), many
            failed |= library.seccomp_rule_add_array(rules, *action)
    failed |= library.seccomp_load(rules)
    library.seccomp_release(rules)
    return not failed


def _refused(own: int) -> Iterable[tuple[str, int, Sequence[_Compared]]]:
    """(system call, the error that it ends with, on which arguments)."""
    for call in REFUSED.split():
        yield call, errno.EPERM, ()
    yield "clone3", errno.ENOSYS, ()  # then clone is tried, whose arguments can be seen
    yield "clone", errno.EPERM, (_Compared(0, MASKED_EQUAL, THREAD, 0),)
    for call in ("kill", "tgkill"):
        yield call, errno.EPERM, (_Compared(0, NOT_EQUAL, own),)
    yield "prlimit64", errno.EPERM, (_Compared(0, NOT_EQUAL, 0),)
    yield "prctl", errno.EPERM, (_Compared(0, MASKED_EQUAL, LOW, PARENT_DEATH_SIGNAL),)
    for command in (SET_OWNER, SET_SIGNAL, SET_OWNER_EX):
        yield "fcntl", errno.EPERM, (_Compared(1, MASKED_EQUAL, LOW, command),)
    for command in (OWNER_OF_FILE, GROUP_OF_SOCKET):
        yield "ioctl", errno.EPERM, (_Compared(1, MASKED_EQUAL, LOW, command),)
