"""Descendants of a process, as the kernel lists them in /proc."""

from __future__ import annotations

import os
import select
import subprocess
import sys
from contextlib import suppress
from pathlib import Path


def children_of(pid: int) -> list[int]:
    """Return the ids of the child processes of a process. Empty on systems without /proc."""
    try:
        return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:  # the process has ended, or the kernel was built without this file
        return [int(path.parent.name) for path in Path("/proc").glob("[0-9]*/stat") if _parent(path) == pid]


def innermost_child(pid: int) -> int:
    """Return the process at the end of a chain of first children; `pid` itself if it has no child."""
    while children := children_of(pid):
        pid = children[0]
    return pid


def wait_for_end(process: subprocess.Popen[bytes], seconds: float) -> None:
    """Wait for a process to end, without the delay of Popen.wait with a timeout, which polls.

    Raises:
        subprocess.TimeoutExpired: If it has not ended after `seconds`.
    """
    if sys.platform == "linux":
        with suppress(OSError):
            descriptor = os.pidfd_open(process.pid)
            try:
                select.select([descriptor], [], [], seconds)
            finally:
                os.close(descriptor)
            seconds = 0
    process.wait(seconds)


def _parent(stat: Path) -> int:
    try:
        return int(stat.read_text(encoding="utf-8", errors="replace").rpartition(") ")[2].split()[1])
    except (OSError, IndexError):  # it has just ended
        return 0
