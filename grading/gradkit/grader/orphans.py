"""Wait for the processes that a phase leaves behind, and kill those that take too long to end."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress

from gradkit.submissions.transport.process_tree import children_of

MAX_END_SECONDS = 5.0
"""How long processes that were left behind can take to end before they are killed."""

_POLL_SECONDS = 0.001

_PR_SET_CHILD_SUBREAPER, _PR_GET_CHILD_SUBREAPER = 36, 37
"""linux/prctl.h"""


@contextmanager
def adopt_orphans() -> Iterator[Callable[[], None]]:
    """Become the parent of all descendants whose parent ends; yield a function that waits until they have ended.

    A worker whose grader process was killed takes a moment to end. Without this the next phase could start meanwhile.
    Children that this process already has at the beginning are not waited for.
    """
    if sys.platform != "linux":
        yield lambda: None
        return
    prctl = ctypes.CDLL(None).prctl
    before = ctypes.c_int(0)
    prctl(_PR_GET_CHILD_SUBREAPER, ctypes.byref(before))
    prctl(_PR_SET_CHILD_SUBREAPER, 1)
    known = frozenset(children_of(os.getpid()))
    try:
        yield lambda: _await_children_except(known)
    finally:
        prctl(_PR_SET_CHILD_SUBREAPER, before.value)


def _await_children_except(known: Collection[int]) -> None:
    """Wait until every child but the known ones has ended, and kill those that take too long.

    Args:
        known: Process ids.
    """
    deadline = time.monotonic() + MAX_END_SECONDS
    while left := [pid for pid in children_of(os.getpid()) if pid not in known]:
        for pid in left:
            if time.monotonic() > deadline:
                os.kill(pid, signal.SIGKILL)
            with suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)
        time.sleep(_POLL_SECONDS)
