"""The system calls that an isolated worker may make, as tables. filter.py makes the kernel's filter from them.

The tables list what the dynamic loader, CPython 3.10 to 3.14, numpy and bubblewrap's init process need. Everything else
is refused, including whatever later kernels add. A call is listed if one of these programs makes it and cannot do
without, and if no other process can observe that it was made. So there are no processes and threads (limits on
processes do not bind root), no sockets, pipes, timers, queued signals, locks or watches (the kernel counts them per
user or shares them by file), no futex that reaches another process, and no call that examines, fills or empties the
page cache.

Numbers: asm/unistd_64.h and asm-generic/unistd.h of the kernel.
"""

from __future__ import annotations

import platform
from collections.abc import Sequence
from typing import NamedTuple

MACHINES = ("x86_64", "aarch64")
"""Processors with a column in ALLOWED."""

MISSING = -1
"""The number of a call that a processor does not have."""

ALLOWED: dict[str, dict[str, tuple[int, int]]] = {
    # The filter compares in this order on kernels before 5.11, which keep no table of calls that always pass.
    "reply to requests, read files": {
        "read": (0, 63),
        "write": (1, 64),
        "close": (3, 57),
        "openat": (257, 56),
        "fstat": (5, 80),
        "newfstatat": (262, 79),
        "lseek": (8, 62),
        "pread64": (17, 67),
        "getdents64": (217, 61),
        "readlink": (89, MISSING),
        "readlinkat": (267, 78),
        "access": (21, MISSING),
        "faccessat": (269, 48),
        "getcwd": (79, 17),
        "chdir": (80, 49),
        "fcntl": (72, 25),
        "ioctl": (16, 29),
        "dup": (32, 23),
        "dup2": (33, MISSING),
        "dup3": (292, 24),
    },
    "allocate memory, map libraries": {
        "brk": (12, 214),
        "mmap": (9, 222),
        "munmap": (11, 215),
        "mremap": (25, 216),
        "mprotect": (10, 226),
        "madvise": (28, 233),
    },
    "handle signals of this process": {
        "rt_sigaction": (13, 134),
        "rt_sigprocmask": (14, 135),
        "rt_sigreturn": (15, 139),
        "sigaltstack": (131, 132),
        "tgkill": (234, 131),
        "restart_syscall": (219, 128),
    },
    "read the clock, sleep": {
        "clock_gettime": (228, 113),
        "clock_getres": (229, 114),
        "clock_nanosleep": (230, 115),
        "nanosleep": (35, 101),
        "gettimeofday": (96, 169),
        "time": (201, MISSING),
        "select": (23, MISSING),  # time.sleep of Python 3.10
        "pselect6": (270, 72),
    },
    "start the C library": {
        "execve": (59, 221),  # bubblewrap starts the interpreter after it has set the filter
        "arch_prctl": (158, MISSING),
        "set_tid_address": (218, 96),
        "set_robust_list": (273, 99),
        "rseq": (334, 293),
        "getrandom": (318, 278),
        "futex": (202, 98),
        "writev": (20, 66),  # the loader's error messages
        "open": (2, MISSING),  # these three: glibc before 2.33, and musl
        "stat": (4, MISSING),
        "lstat": (6, MISSING),
    },
    "know itself: os, random, threading, numpy's import": {
        "getpid": (39, 172),
        "gettid": (186, 178),
        "getuid": (102, 174),
        "geteuid": (107, 175),
        "getgid": (104, 176),
        "getegid": (108, 177),
        "uname": (63, 160),
        "sched_getaffinity": (204, 123),
        "prlimit64": (302, 261),
        "getrlimit": (97, 163),
    },
    "end": {
        "exit_group": (231, 94),
        "exit": (60, 93),
        "wait4": (61, 260),  # bubblewrap's init process waits for the worker
    },
}
"""By purpose and name: the number on each of MACHINES."""


class Values(NamedTuple):
    """Allow a call only if argument number `argument`, counted from 0, is one of `values`."""

    argument: int
    values: Sequence[int]


class Without(NamedTuple):
    """Allow a call only if argument number `argument`, counted from 0, has none of `bits` set."""

    argument: int
    bits: int


CONDITIONS: dict[str, Values | Without] = {
    # SEEK_SET, SEEK_CUR, SEEK_END: SEEK_DATA and SEEK_HOLE tell which pages are in memory
    "lseek": Values(2, (0, 1, 2)),
    # F_DUPFD, F_GETFD, F_SETFD, F_GETFL, F_DUPFD_CLOEXEC: no locks, leases and notifications
    "fcntl": Values(1, (0, 1, 2, 3, 1030)),
    # TCGETS (isatty), FIONCLEX, FIOCLEX (os.set_inheritable)
    "ioctl": Values(1, (0x5401, 0x5450, 0x5451)),
    # MAP_LOCKED and MAP_HUGETLB take memory that the whole machine, or all workers of one user, share
    "mmap": Without(3, 0x2000 | 0x40000),
    # MADV_DONTNEED, MADV_FREE: others load or evict pages of files
    "madvise": Values(2, (4, 8)),
    # FUTEX_WAIT, WAKE, WAIT_BITSET, WAKE_BITSET with FUTEX_PRIVATE_FLAG, and WAIT_BITSET with FUTEX_CLOCK_REALTIME
    "futex": Values(1, (128, 129, 137, 138, 393)),
    # SIGINT: OpenBLAS, if it cannot start a thread; SIGABRT: os.abort, fatal errors of the interpreter
    "tgkill": Values(2, (2, 6)),
    "arch_prctl": Values(0, (0x1002,)),  # ARCH_SET_FS
    "prlimit64": Values(0, (0,)),  # this process
    # 0 and GRND_NONBLOCK: before Linux 5.6 GRND_RANDOM drains what all processes share
    "getrandom": Values(2, (0, 1)),
}
"""By name: what an argument of an allowed call must be. Only the low 32 bits are compared. The kernel does not read the
others of these arguments, except for mmap's flags and prlimit64's process, which have no meaning for higher bits."""

FIRST_NEW_CALL = 424
"""From here on (Linux 5.1) every processor has the same numbers. Higher ones, x32's among them, fail with ENOSYS, as on
an older kernel: for these calls libraries use an older one instead if, and only if, they see ENOSYS. Lower ones fail
with EPERM."""


def allowed(machine: str = "") -> dict[str, int]:
    """Return the numbers of all allowed calls by name, in the order in which the filter compares them.

    Args:
        machine: One of MACHINES; this machine's processor if empty.

    Raises:
        KeyError: If the processor is not one of MACHINES.
    """
    column = {name: column for column, name in enumerate(MACHINES)}[machine or platform.machine()]
    numbers = ((name, row[column]) for calls in ALLOWED.values() for name, row in calls.items())
    return {name: number for name, number in numbers if number != MISSING}
