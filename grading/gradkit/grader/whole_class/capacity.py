"""How many workers fit into the memory of this machine, or of this process's control group.

A worker can use all of its address space. If the workers' sum exceeds a control group's limit, the kernel kills a
process that it chooses itself: another student's worker, or one of gradkit's processes.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from gradkit.submissions.bounded import READING
from gradkit.submissions.sandbox.policy import MAX_MEMORY_BYTES

GRADER_BYTES = 64 << 20
"""Allowed for what a grader process does not share with the main process; measured were 20 to 40 MB."""

MAIN_BYTES = 340 << 20
"""What is used once for all workers: the main process (60 MB), the gradebook's process (110 MB), and the copies of the
files that workers share (60 MB, and 110 MB with numpy), which are in memory too: the control group counts them."""

WORKER_BYTES = GRADER_BYTES + max(MAX_MEMORY_BYTES, READING.memory_bytes)
"""A grader process reads a submission in a bounded process first, and starts the worker when that has ended."""

_MAX_LIMIT_BYTES = 1 << 60
"""Control groups of version 1 write `no limit` as the largest number of whole pages, which is above this."""

_CGROUPS = Path("/sys/fs/cgroup")
_SELF = Path("/proc/self/cgroup")


def count_workers_that_fit(n_wanted: int) -> tuple[int, str]:
    """Return how many workers to start, at least 1, and a warning for the instructor if that is not `n_wanted`.

    Args:
        n_wanted: How many workers the instructor wants.
    """
    limits = [(limit, "this control group's memory limit") for limit in control_group_limits()]
    limits += [(limit, "this machine's memory") for limit in _physical_memory()]
    limit, limit_name = min(limits, default=(0, ""))
    n_fit = (limit - MAIN_BYTES) // WORKER_BYTES
    if not limit or n_wanted <= n_fit:
        return n_wanted, ""

    limit_name = f"{limit_name} ({limit / (1 << 30):.1f} GB)"
    if n_fit < 1:
        needed = (MAIN_BYTES + WORKER_BYTES) / (1 << 30)
        return 1, (
            f"Grading one submission at a time. One that uses all of its memory needs {needed:.1f} GB, which is more "
            f"than {limit_name}."
        )
    return n_fit, f"Grading {n_fit} at a time instead of {n_wanted}: more do not fit into {limit_name}."


def control_group_limits(groups: Path = _CGROUPS, membership: Path = _SELF) -> Iterator[int]:
    """Yield every memory limit, in bytes, of the control groups that this process is in, of versions 1 and 2.

    A group is also bound by the limits of the groups above it. Inside a container /proc/self/cgroup can name a path of
    the host; then the group's files are at the mount itself, which is the last folder that is read here.

    Args:
        groups: Where control groups are mounted.
        membership: The file that lists the groups of this process.
    """
    try:
        lines = membership.read_text(encoding="utf-8").splitlines()
    except OSError:
        return
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers == "":  # version 2; beside version 1 it is mounted at `unified`
            mounts, name = ("", "unified"), "memory.max"
        elif "memory" in controllers.split(","):
            mounts, name = (controllers, "memory"), "memory.limit_in_bytes"
        else:
            continue
        group = PurePosixPath("/", path)
        for mount in dict.fromkeys(mounts):
            for folder in (group, *group.parents):
                yield from _limit(groups / mount / str(folder).lstrip("/") / name)


def _limit(path: Path) -> Iterator[int]:
    """Yield the limit in a control group's file, if the file exists and sets a limit."""
    try:
        limit = int(path.read_text(encoding="ascii"))
    except (OSError, ValueError):  # ValueError: the file says `max`
        return
    if 0 < limit < _MAX_LIMIT_BYTES:
        yield limit


def _physical_memory() -> Iterator[int]:
    """Yield the size of this machine's memory in bytes, if the system reports it."""
    if hasattr(os, "sysconf"):
        yield os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
