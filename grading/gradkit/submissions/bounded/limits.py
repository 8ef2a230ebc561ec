"""The limits of a bounded process, how a process sets them for itself, and the error of one that reached a limit."""

from __future__ import annotations

import math
import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from gradkit.submissions.outcome import Verdict


@dataclass(frozen=True)
class Limits:
    """What a bounded process may use.

    Attributes:
        memory_bytes: Address space in addition to that of the process that forks it. Memory that the forking process
            has freed, and that the system has not got back, can be used too. Enforced on Linux only.
        cpu_seconds: Processor time.
        wall_seconds: Wall-clock time until the reply. Time in which both processes were stopped does not count.
        file_bytes: Maximum size of a file that it writes.
    """

    memory_bytes: int
    cpu_seconds: int
    wall_seconds: float
    file_bytes: int


READING = Limits(memory_bytes=192 << 20, cpu_seconds=10, wall_seconds=40.0, file_bytes=64 << 20)
"""For reading a student's submission. The largest that is accepted (a zip of 64 MB that holds a notebook of 20 MB)
takes 150 MB and 2 s. Together with the memory that it shares with the forking process, it stays below 300 MB."""


class LimitReachedError(Exception):
    """A bounded process reached a limit or was killed.

    Attributes:
        verdict: out_of_memory, timeout, or error.
        message: What happened, to follow a subject, for example `takes more memory than is allowed (192 MB)`.
    """

    def __init__(self, verdict: Verdict, message: str) -> None:
        super().__init__(message)
        self.verdict = verdict
        self.message = message


def apply_limits(limits: Limits) -> None:
    """Set the limits of the current process."""
    import resource

    _set_soft_limit(resource.RLIMIT_CORE, 0)
    _set_soft_limit(resource.RLIMIT_CPU, limits.cpu_seconds)
    _set_soft_limit(resource.RLIMIT_FSIZE, limits.file_bytes)
    if sys.platform == "linux":
        _set_soft_limit(resource.RLIMIT_AS, address_space_bytes() + limits.memory_bytes)


def restart_cpu_limit(seconds: int) -> None:
    """Limit the current process to `seconds` of processor time from now on."""
    import resource

    # One second more: the kernel counts in ticks, and on a busy machine it counts too many.
    _set_soft_limit(resource.RLIMIT_CPU, math.ceil(time.process_time()) + seconds + 1)


def _set_soft_limit(kind: int, value: int) -> None:
    """Set the soft limit of a resource to `value`, or to the hard limit if that is lower."""
    import resource

    hard = resource.getrlimit(kind)[1]
    resource.setrlimit(kind, (value if hard == resource.RLIM_INFINITY else min(value, hard), hard))


def address_space_bytes() -> int:
    """Return the size of this process's address space in bytes, or 0 if the system does not report it."""
    if sys.platform != "linux":
        return 0
    n_pages = int(Path("/proc/self/statm").read_bytes().split()[0])
    return n_pages * os.sysconf("SC_PAGE_SIZE")
