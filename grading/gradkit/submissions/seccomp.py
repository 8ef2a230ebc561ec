"""The system calls that a sandboxed worker is refused, as a program for the kernel's filter (seccomp, classic BPF).

Limits on processes do not bind root, so forks and threads are refused outright. So is whatever could hold memory where
no limit counts it, change a file's owner, mode or times (to the kernel a worker is the user who grades), leave a mark
that another worker can read (locks on the files that they share, page-cache look-ups), or reach parts of the kernel
that an engine has no use for.
Numbers: the kernel's asm/unistd_64.h and asm-generic/unistd.h. Program: linux/filter.h, linux/seccomp.h.
"""

from __future__ import annotations

import errno
import platform
import struct

REFUSED: dict[str, dict[str, int]] = {
    "x86_64": {
        "fork": 57,
        "vfork": 58,
        "clone": 56,
        "clone3": 435,
        "ptrace": 101,
        "process_vm_readv": 310,
        "process_vm_writev": 311,
        "io_uring_setup": 425,
        "io_uring_enter": 426,
        "io_uring_register": 427,
        "memfd_create": 319,
        "memfd_secret": 447,
        "shmget": 29,
        "msgget": 68,
        "semget": 64,
        "mq_open": 240,
        "socket": 41,
        "socketpair": 53,
        "add_key": 248,
        "request_key": 249,
        "keyctl": 250,
        "unshare": 272,
        "setns": 308,
        "mount": 165,
        "fsopen": 430,
        "open_tree": 428,
        "move_mount": 429,
        "bpf": 321,
        "perf_event_open": 298,
        "userfaultfd": 323,
        "chmod": 90,
        "fchmod": 91,
        "fchmodat": 268,
        "fchmodat2": 452,
        "chown": 92,
        "fchown": 93,
        "lchown": 94,
        "fchownat": 260,
        "utime": 132,
        "utimes": 235,
        "futimesat": 261,
        "utimensat": 280,
        "setxattr": 188,
        "lsetxattr": 189,
        "fsetxattr": 190,
        "setxattrat": 463,
        "removexattr": 197,
        "lremovexattr": 198,
        "fremovexattr": 199,
        "removexattrat": 466,
        "flock": 73,
        "inotify_init": 253,
        "inotify_init1": 294,
        "fanotify_init": 300,
        "mincore": 27,
        "cachestat": 451,
        "preadv2": 327,
        "sysinfo": 99,
    },
    "aarch64": {
        "clone": 220,
        "clone3": 435,
        "ptrace": 117,
        "process_vm_readv": 270,
        "process_vm_writev": 271,
        "io_uring_setup": 425,
        "io_uring_enter": 426,
        "io_uring_register": 427,
        "memfd_create": 279,
        "memfd_secret": 447,
        "shmget": 194,
        "msgget": 186,
        "semget": 190,
        "mq_open": 180,
        "socket": 198,
        "socketpair": 199,
        "add_key": 217,
        "request_key": 218,
        "keyctl": 219,
        "unshare": 97,
        "setns": 268,
        "mount": 40,
        "fsopen": 430,
        "open_tree": 428,
        "move_mount": 429,
        "bpf": 280,
        "perf_event_open": 241,
        "userfaultfd": 282,
        "fchmod": 52,
        "fchmodat": 53,
        "fchmodat2": 452,
        "fchown": 55,
        "fchownat": 54,
        "utimensat": 88,
        "setxattr": 5,
        "lsetxattr": 6,
        "fsetxattr": 7,
        "setxattrat": 463,
        "removexattr": 14,
        "lremovexattr": 15,
        "fremovexattr": 16,
        "removexattrat": 466,
        "flock": 32,
        "inotify_init1": 26,
        "fanotify_init": 262,
        "mincore": 232,
        "cachestat": 451,
        "preadv2": 286,
        "sysinfo": 179,
    },
}
"""System calls by name, for each processor that is known here."""

_FCNTL, _IOCTL = {"x86_64": 72, "aarch64": 25}, {"x86_64": 16, "aarch64": 29}

ALLOWED: tuple[tuple[dict[str, int], tuple[int, ...]], ...] = (
    (_FCNTL, (0, 1, 2, 3, 4, 1030)),  # F_DUPFD F_GETFD F_SETFD F_GETFL F_SETFL F_DUPFD_CLOEXEC: no locks, no leases
    (_IOCTL, (0x5401, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451)),  # TCGETS TIOCGWINSZ FIONREAD FIONBIO FIONCLEX FIOCLEX
)
"""Calls of which only some commands (their second argument) go through."""

_AUDIT_ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_X32 = 0x40000000
"""x86_64 takes every call a second time from here on, under other numbers."""

_LOAD, _EQUAL, _AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_ALLOW, _KILL, _ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
_NUMBER, _ARCH, _COMMAND = 0, 4, 24
"""Where struct seccomp_data holds them; of the second argument the low half, on a little-endian processor."""

_GO_ON, _LET_THROUGH, _REFUSE = "go on", "let through", "refuse"

_Step = tuple[int, int, str, str]
"""(what to do, with which number, where to go if it holds, where to go if not)"""


def program(machine: str = "") -> bytes:
    """The filter: refused calls fail with EPERM, calls of a foreign processor end the process, the rest go through.

    Raises KeyError for a processor that is not in the table.
    """
    machine = machine or platform.machine()
    steps: list[_Step] = [(_EQUAL, number, _REFUSE, _GO_ON) for number in sorted(REFUSED[machine].values())]
    if machine == "x86_64":
        steps.append((_AT_LEAST, _X32, _REFUSE, _GO_ON))
    for numbers, commands in ALLOWED:
        steps += _only(numbers[machine], commands)
    head = [_packed(_LOAD, _ARCH), _packed(_EQUAL, _AUDIT_ARCH[machine], 1), _packed(_RETURN, _KILL)]
    body = [_packed(code, value, *_jumps(steps, place)) for place, (code, value, _, _) in enumerate(steps)]
    ends = [_packed(_RETURN, _ALLOW), _packed(_RETURN, _ERRNO | errno.EPERM)]
    return b"".join([*head, _packed(_LOAD, _NUMBER), *body, *ends])


def _only(number: int, commands: tuple[int, ...]) -> list[_Step]:
    """Look at a call's command, if it is this call: only these go through."""
    skipped = str(len(commands) + 1)
    looks: list[_Step] = [(_EQUAL, command, _LET_THROUGH, _GO_ON) for command in commands[:-1]]
    last = (_EQUAL, commands[-1], _LET_THROUGH, _REFUSE)
    return [(_EQUAL, number, _GO_ON, skipped), (_LOAD, _COMMAND, _GO_ON, _GO_ON), *looks, last]


def _jumps(steps: list[_Step], place: int) -> tuple[int, int]:
    """How many steps to skip where a check holds, and where it does not."""
    left = len(steps) - place - 1
    lengths = {_GO_ON: 0, _LET_THROUGH: left, _REFUSE: left + 1}
    holds, fails = (lengths[where] if where in lengths else int(where) for where in steps[place][2:])
    return holds, fails


def _packed(code: int, value: int, holds: int = 0, fails: int = 0) -> bytes:
    """One struct sock_filter."""
    return struct.pack("=HBBI", code, holds, fails, value)
