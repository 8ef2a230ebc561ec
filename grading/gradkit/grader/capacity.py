"""How many workers the memory of this machine, or of this process's control group, has room for.

A worker may take all of its address space. If the sum of what may be taken exceeds a control group's limit, the kernel
kills a process of its own choice: another student's worker, or one of gradkit's.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from gradkit.submissions.bounded import READING
from gradkit.submissions.sandbox.policy import MAX_MEMORY_BYTES

GRADER_BYTES = 64 << 20
"""What a grader process takes beyond what it shares with the main one: measured 20 to 40 MB."""
MAIN_BYTES = 340 << 20
"""The main process (60 MB), the gradebook's (110 MB), and the copies of the files that workers share (60 MB, and 110 MB
with numpy), which are in memory too: the control group counts them."""
WORKER_BYTES = GRADER_BYTES + max(MAX_MEMORY_BYTES, READING.memory_bytes)
"""A grader process reads a submission first, in a bounded process, and starts the worker when that has ended."""

_CGROUPS = Path("/sys/fs/cgroup")
_SELF = Path("/proc/self/cgroup")


def workers_that_fit(asked: int) -> tuple[int, str]:
    """Return how many workers to start, at least 1, and a sentence for the instructor if that is not `asked`."""
    limits = [(limit, "this control group's memory limit") for limit in control_group_limits()]
    limits += [(limit, "this machine's memory") for limit in _physical()]
    limit, whose = min(limits, default=(0, ""))
    room = (limit - MAIN_BYTES) // WORKER_BYTES
    if not limit or asked <= room:
        return asked, ""
    whose = f"{whose} ({limit / (1 << 30):.1f} GB)"
    if room < 1:
        due = (MAIN_BYTES + WORKER_BYTES) / (1 << 30)
        return 1, f"Grading one at a time. A submission that uses all it may needs {due:.1f} GB, more than {whose}."
    return room, f"Grading {room} at a time instead of {asked}: more do not fit into {whose}."


def control_group_limits(groups: Path = _CGROUPS, own: Path = _SELF) -> Iterator[int]:
    """Yield every memory limit, in bytes, of the control groups that this process is in, of versions 1 and 2.

    A group is bound by those above it too. Inside a container /proc/self/cgroup may name a path of the host; then the
    group's files are at the mount itself, which is the last that is looked at here.
    """
    try:
        lines = own.read_text(encoding="utf-8").splitlines()
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
            for place in (group, *group.parents):
                yield from _number(groups / mount / str(place).lstrip("/") / name)


def _number(path: Path) -> Iterator[int]:
    """Yield the limit that a control group's file holds, if it exists and is a limit."""
    try:
        number = int(path.read_text(encoding="ascii"))
    except (OSError, ValueError):  # ValueError: `max`
        return
    if 0 < number < 1 << 60:  # version 1 writes `no limit` as the largest number of whole pages
        yield number


def _physical() -> Iterator[int]:
    if hasattr(os, "sysconf"):
        yield os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
