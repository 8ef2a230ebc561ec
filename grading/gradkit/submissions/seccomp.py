"""The system calls that a sandboxed worker is refused, as a program for the kernel's filter (seccomp, classic BPF).

Limits on processes do not bind root, so forks and threads are refused outright. So is whatever could hold memory where
no limit counts it, open a way out, or reach parts of the kernel that an engine has no use for.
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
    },
}
"""System calls by name, for each processor that is known here."""

_AUDIT_ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_X32 = 0x40000000
"""x86_64 takes every call a second time from here on, under other numbers."""

_LOAD, _EQUAL, _AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_ALLOW, _KILL, _ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
_NUMBER, _ARCH = 0, 4
"""Where struct seccomp_data holds them."""


def program(machine: str = "") -> bytes:
    """The filter: refused calls fail with EPERM, calls of a foreign processor end the process, the rest go through.

    Raises KeyError for a processor that is not in the table.
    """
    machine = machine or platform.machine()
    refused = sorted(REFUSED[machine].values())
    checks = [(_EQUAL, number) for number in refused]
    if machine == "x86_64":
        checks.append((_AT_LEAST, _X32))
    steps = [(_LOAD, 0, 0, _ARCH), (_EQUAL, 1, 0, _AUDIT_ARCH[machine]), (_RETURN, 0, 0, _KILL), (_LOAD, 0, 0, _NUMBER)]
    steps += [(code, len(checks) - place, 0, value) for place, (code, value) in enumerate(checks)]
    steps += [(_RETURN, 0, 0, _ALLOW), (_RETURN, 0, 0, _ERRNO | errno.EPERM)]
    return b"".join(struct.pack("=HBBI", *step) for step in steps)
