"""A time limit on code that runs in this very process, for self-check: an endless loop must not hang the terminal.

A thread watches; at the limit it has the interpreter raise TimeIsUp in the student's thread, which works on every
platform. Code that never comes back to the interpreter (a loop inside C) cannot be interrupted like that: then
faulthandler, which needs no interpreter either, prints where it hangs and ends the process.
"""

from __future__ import annotations

import ctypes
import faulthandler
import math
import threading
import time

GRACE = 3.0
"""Seconds between the limit and the end of the process where the code cannot be interrupted."""

_TICK = 0.05


class TimeIsUp(BaseException):
    """Raised inside a student's code when its time is up. Not an Exception, so that `except Exception` lets it pass."""


class Clock:
    """Counts an item's seconds while a student's code is running inside `with clock:` (not to be nested).

    stderr: where to say so if the process must be ended.
    """

    def __init__(self, stderr: int = 2) -> None:
        self._stderr = stderr
        self._left = math.inf
        self.spent = 0.0
        """Seconds that the student's code has taken so far, over all items."""
        self._deadline = math.inf
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._target = ctypes.c_ulong(0)
        self._entered = 0.0

    def allow(self, seconds: float) -> None:
        """Start a new item with this much time; math.inf for no limit."""
        self.stop()
        self._left = seconds

    def stop(self) -> None:
        """Stop counting. An exception that was already on its way arrives here, and ends here."""
        stopped = False
        while not stopped:
            try:
                with self._lock:
                    self._deadline = math.inf
                time.sleep(0)  # lets the interpreter deliver what the watcher raised before it was stopped
                stopped = True
            except TimeIsUp:
                continue
        faulthandler.cancel_dump_traceback_later()

    def __enter__(self) -> None:
        self._entered = time.monotonic()
        if math.isinf(self._left):
            return
        if self._left <= 0:
            raise TimeIsUp
        if self._thread is None:
            self._target = ctypes.c_ulong(threading.get_ident())
            self._thread = threading.Thread(target=self._watch, name="gradkit-clock", daemon=True)
            self._thread.start()
        faulthandler.dump_traceback_later(self._left + GRACE, exit=True, file=self._stderr)
        self._deadline = time.monotonic() + self._left

    def __exit__(self, *_: object) -> None:
        self.stop()
        taken = time.monotonic() - self._entered
        self.spent += taken
        self._left = max(0.0, self._left - taken)

    def _watch(self) -> None:
        while True:
            time.sleep(_TICK)
            with self._lock:
                if time.monotonic() > self._deadline:
                    raised = ctypes.py_object(TimeIsUp)
                    ctypes.pythonapi.PyThreadState_SetAsyncExc(self._target, raised)
