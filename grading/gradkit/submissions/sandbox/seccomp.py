"""The system calls that a sandboxed worker may make, and the kernel's filter (seccomp, classic BPF) for them.

The policy lists what the dynamic loader, CPython 3.10 to 3.14, numpy and bubblewrap's init process need; everything
else is refused, also what later kernels add. A call is on the list if one of them makes it and cannot do without, and
if no other process can observe that it was made. So there are no processes and threads (limits on processes do not bind
root), no sockets, pipes, timers, queued signals, locks or watches (they are counted per user or shared by file), no
futex that reaches another process, and no call that examines, fills or empties the page cache.

A refused call fails with EPERM. From FIRST_NEW_CALL on it fails with ENOSYS, as on an older kernel: for these calls
libraries fall back to an older one if, and only if, they see ENOSYS.

Numbers: asm/unistd_64.h and asm-generic/unistd.h of the kernel. Program: linux/filter.h, linux/seccomp.h.
"""

from __future__ import annotations

import errno
import platform
import struct
from collections.abc import Iterator, Sequence
from typing import NamedTuple

MACHINES = ("x86_64", "aarch64")
"""Processors with a column in ALLOWED."""

NOT_THERE = -1
"""The number of a call that a processor does not have."""

ALLOWED: dict[str, dict[str, tuple[int, int]]] = {
    # The filter compares in this order on kernels before 5.11, which keep no table of calls that always pass.
    "answer requests, read files": {
        "read": (0, 63),
        "write": (1, 64),
        "close": (3, 57),
        "openat": (257, 56),
        "fstat": (5, 80),
        "newfstatat": (262, 79),
        "lseek": (8, 62),
        "pread64": (17, 67),
        "getdents64": (217, 61),
        "readlink": (89, NOT_THERE),
        "readlinkat": (267, 78),
        "access": (21, NOT_THERE),
        "faccessat": (269, 48),
        "getcwd": (79, 17),
        "chdir": (80, 49),
        "fcntl": (72, 25),
        "ioctl": (16, 29),
        "dup": (32, 23),
        "dup2": (33, NOT_THERE),
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
        "time": (201, NOT_THERE),
        "select": (23, NOT_THERE),  # time.sleep of Python 3.10
        "pselect6": (270, 72),
    },
    "start the C library": {
        "execve": (59, 221),  # bubblewrap starts the interpreter after it has set the filter
        "arch_prctl": (158, NOT_THERE),
        "set_tid_address": (218, 96),
        "set_robust_list": (273, 99),
        "rseq": (334, 293),
        "getrandom": (318, 278),
        "futex": (202, 98),
        "writev": (20, 66),  # the loader's error messages
        "open": (2, NOT_THERE),  # these three: glibc before 2.33, and musl
        "stat": (4, NOT_THERE),
        "lstat": (6, NOT_THERE),
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
    """Allow a call only if one of its arguments, counted from 0, is one of `values`."""

    argument: int
    values: Sequence[int]


class Without(NamedTuple):
    """Allow a call only if one of its arguments, counted from 0, has none of these bits set."""

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
"""By name: what an allowed call's argument must be. Only the low 32 bits are compared: the kernel reads no others of
these arguments, but for mmap's flags and prlimit64's process, of which it knows no higher bits."""

FIRST_NEW_CALL = 424
"""From here on (Linux 5.1) every processor has the same numbers. Higher ones, x32's among them, fail with ENOSYS."""

_AUDIT_ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}

_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _KILL, _ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
_NUMBER, _ARCH, _ARGUMENTS = 0, 4, 16
"""Offsets in struct seccomp_data. Of an argument, the low half comes first on a little-endian processor."""

_NEXT, _PASS, _REFUSE = "next", "pass", "refuse"

_Step = tuple[int, int, str, str]
"""(operation, operand, where to go if it holds, where to go if not): one of the above, or a number of steps to skip."""


def allowed(machine: str = "") -> dict[str, int]:
    """Return the numbers of all allowed calls by name, in the order of comparison.

    Raises: KeyError for a processor that is not one of MACHINES.
    """
    column = {name: column for column, name in enumerate(MACHINES)}[machine or platform.machine()]
    numbers = ((name, row[column]) for calls in ALLOWED.values() for name, row in calls.items())
    return {name: number for name, number in numbers if number != NOT_THERE}


def program(machine: str = "", fatal: range = range(0)) -> bytes:
    """Return the filter as an array of struct sock_filter.

    Refused calls fail as described above; a call of another processor ends the process.

    Args:
        machine: one of MACHINES; this machine's processor if empty.
        fatal: numbers of which a refused call ends the process by SIGSYS instead, to find out which were made.
    Raises: KeyError for a processor that is not one of MACHINES.
    """
    machine = machine or platform.machine()
    steps = [step for name, number in allowed(machine).items() for step in _steps(number, CONDITIONS.get(name))]
    head = [_packed(_LOAD, _ARCH), _packed(_EQUAL, _AUDIT_ARCH[machine], 1), _packed(_RETURN, _KILL)]
    ends = _ends(fatal)
    body = [
        _packed(code, value, *_jumps(steps, place, len(ends) - 1)) for place, (code, value, _, _) in enumerate(steps)
    ]
    return b"".join([*head, _packed(_LOAD, _NUMBER), *body, *ends])


def _steps(number: int, condition: Values | Without | None) -> Iterator[_Step]:
    """The comparisons for one allowed call. They leave the number loaded if it is another call."""
    if condition is None:
        yield _EQUAL, number, _PASS, _NEXT
        return
    n_checks = len(condition.values) if isinstance(condition, Values) else 1
    yield _EQUAL, number, _NEXT, str(n_checks + 1)
    yield _LOAD, _ARGUMENTS + 8 * condition.argument, _NEXT, _NEXT
    if isinstance(condition, Without):
        yield _ANY_BIT, condition.bits, _REFUSE, _PASS
        return
    for value in condition.values[:-1]:
        yield _EQUAL, value, _PASS, _NEXT
    yield _EQUAL, condition.values[-1], _PASS, _REFUSE


def _ends(fatal: range) -> list[bytes]:
    """What stands after the comparisons: the ways to refuse a call, and the one to allow it."""
    kills = [_packed(_AT_LEAST, fatal.start, 0, 2), _packed(_AT_LEAST, fatal.stop, 1, 0), _packed(_RETURN, _KILL)]
    return [
        _packed(_LOAD, _NUMBER),  # an argument may have been loaded
        *(kills if fatal else []),
        _packed(_AT_LEAST, FIRST_NEW_CALL, 0, 1),
        _packed(_RETURN, _ERRNO | errno.ENOSYS),
        _packed(_RETURN, _ERRNO | errno.EPERM),
        _packed(_RETURN, _ALLOW),
    ]


def _jumps(steps: Sequence[_Step], place: int, n_before_pass: int) -> tuple[int, int]:
    """How many steps to skip if a comparison holds, and if it does not."""
    left = len(steps) - place - 1
    lengths = {_NEXT: 0, _REFUSE: left, _PASS: left + n_before_pass}
    holds, fails = (lengths[where] if where in lengths else int(where) for where in steps[place][2:])
    return holds, fails


def _packed(code: int, value: int, holds: int = 0, fails: int = 0) -> bytes:
    """One struct sock_filter."""
    return struct.pack("=HBBI", code, holds, fails, value)
