"""Set up forked processes: what ends them, and which process the kernel kills when memory runs out."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

from .limits import Limits, apply_limits

_PR_SET_PDEATHSIG = 1
"""Linux, prctl(2): send this process a signal when its parent ends."""


def prepare_to_fork() -> None:
    """Import and load what every forked process needs. Otherwise each of them would take 1 ms for it."""
    import resource  # noqa: F401  (imported by the forked process)

    _load_c_library()


def prepare_forked_process(limits: Limits, parent: int) -> None:
    """Set the signals and limits of a process that was just forked.

    Args:
        limits: Limits of this process.
        parent: Process id of the process that forked it.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which kills this process
    signal.signal(signal.SIGXCPU, signal.SIG_DFL)  # the parent may handle this signal for a time limit of its own
    die_with_parent(parent)
    apply_limits(limits)


def die_with_parent(parent: int) -> None:
    """Have the kernel kill this process when its parent has ended, for whatever reason. Linux only.

    Args:
        parent: Process id of the process that forked this one.
    """
    if sys.platform == "linux":
        _load_c_library().prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it ended before the call
            os._exit(1)


@contextmanager
def defer_interrupt() -> Iterator[None]:
    """Handle a Ctrl-C that arrives in this block at the end of the block. Fork in such a block.

    Python runs the hooks of `os.register_at_fork` right after a fork, and ignores what they raise. A KeyboardInterrupt
    that is raised in one, such as that of `logging`, is lost, and the command continues.
    """
    if threading.current_thread() is not threading.main_thread():  # only the main thread handles signals
        yield
        return
    received = []
    handler = signal.signal(signal.SIGINT, lambda number, _frame: received.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)
        if received:
            signal.raise_signal(signal.SIGINT)


@contextmanager
def prefer_children_for_oom_kill() -> Iterator[None]:
    """Have the kernel kill a process that is started in this block rather than this process when memory runs out.

    The kernel chooses by a score, which a child inherits. This process raises its own score in the block and restores
    it at the end, which needs no privilege. Linux only.
    """
    score = Path("/proc/self/oom_score_adj")
    before = b""
    with suppress(OSError):  # not Linux, or a container in which /proc is read-only
        before = score.read_bytes()
        score.write_bytes(b"1000")
    try:
        yield
    finally:
        if before:
            with suppress(OSError):
                score.write_bytes(before)


@cache
def _load_c_library() -> ctypes.CDLL:
    return ctypes.CDLL(None)
