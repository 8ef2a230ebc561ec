"""Interrupt the student's code at its time limit in this process, so that self-check never hangs the terminal.

A second thread checks the limit. When it is reached, that thread has the interpreter raise TimeIsUp in the student's
thread, which works on every platform. A loop inside C does not return to the interpreter and cannot be interrupted:
then faulthandler, whose thread does not need the interpreter, prints where it hangs and ends the process.
"""

from __future__ import annotations

import ctypes
import faulthandler
import math
import threading
import time
from contextlib import suppress
from traceback import clear_frames
from types import TracebackType

from .time_limit import ProcessorClock, TimeLimit

GRACE_SECONDS = 3.0
"""Time between the limit and the end of the process, if the code cannot be interrupted."""

POLL_SECONDS = 0.05
"""How often the second thread wakes."""


class TimeIsUp(BaseException):
    """Raised inside the student's code at its time limit. Not an Exception, so that `except Exception` lets it pass."""


class WallClockIsUp(TimeIsUp):
    """Raised instead of TimeIsUp if only the wall-clock backstop was reached."""


class Clock:
    """Limits the student's code in this process, which runs inside `with clock:`. These blocks must not be nested.

    Args:
        stderr: Descriptor for faulthandler's text if the process must be ended.
    """

    def __init__(self, stderr: int = 2) -> None:
        self._stderr = stderr
        self._limit = TimeLimit(math.inf)
        self._spent_before = 0.0
        """Seconds that earlier items have used."""
        self._lock = threading.RLock()
        """Held while either thread uses the limit or the attributes below."""
        self._is_watched = False
        self._exit_at = math.inf
        """Wall-clock time at which faulthandler ends the process; math.inf if it does not."""
        self._thread: threading.Thread | None = None
        self._thread_id = ctypes.c_ulong(0)
        self._processor: ProcessorClock | None = None

    @property
    def spent_seconds(self) -> float:
        """Seconds of limits that the student's code has used, over all items."""
        return self._spent_before + self._limit.spent_seconds

    def allow(self, seconds: float) -> None:
        """Start a new item with a limit of `seconds`; math.inf for none."""
        self.stop()
        self._spent_before += self._limit.spent_seconds
        self._limit = TimeLimit(seconds)

    def stop(self) -> None:
        """Stop counting, at the end of an item. An exception that the second thread has raised is caught here."""
        self._pause()
        with self._lock:
            self._do_not_exit()

    def _pause(self) -> None:
        is_paused = False
        while not is_paused:
            try:
                self._lock.acquire()
                try:
                    self._is_watched = False
                    self._limit.stop()
                finally:  # unlike the end of a `with`, this needs no memory, of which there may be none
                    self._lock.release()
                _receive_exception()
                is_paused = True
            except TimeIsUp:
                with suppress(RuntimeError):  # it is not held, unless the exception came between acquire() and try
                    self._lock.release()

    def __enter__(self) -> None:
        if self._processor is None:
            self._processor = ProcessorClock.of_this_thread()
        if math.isinf(self._limit.seconds):
            self._limit.start(self._processor)
            return
        if self._limit.is_reached:
            raise WallClockIsUp if self._limit.is_backstop else TimeIsUp
        if self._thread is None:
            self._thread_id = ctypes.c_ulong(threading.get_ident())
            self._thread = threading.Thread(target=self._watch, name="gradkit-clock", daemon=True)
            self._thread.start()
        with self._lock:
            self._limit.start(self._processor)
            self._exit_after(self._limit.left_seconds + GRACE_SECONDS)
            self._is_watched = True

    def __exit__(self, kind: object, error: BaseException | None, traceback: TracebackType | None) -> None:
        try:
            # Free what the student's code holds, so that there is memory for a verdict. Then --pdb shows no variables.
            if isinstance(error, MemoryError):
                clear_frames(traceback)
        finally:
            self._pause()

    def _watch(self) -> None:
        while True:
            time.sleep(POLL_SECONDS)
            with self._lock:
                if self._is_watched:
                    self._check()
                else:
                    self._do_not_exit()  # the test's own code, or a debugger, may take any time

    def _check(self) -> None:
        self._limit.check()
        if self._limit.is_reached:
            kind = WallClockIsUp if self._limit.is_backstop else TimeIsUp
            ctypes.pythonapi.PyThreadState_SetAsyncExc(self._thread_id, ctypes.py_object(kind))
            return
        # On a busy machine wall-clock time runs ahead of the limit, so the end of the process is postponed.
        self._exit_after(self._limit.left_seconds + GRACE_SECONDS)

    def _exit_after(self, seconds: float) -> None:
        """Have faulthandler end the process, unless the code stops or the second thread can postpone it again.

        Starting faulthandler's timer takes longer than most requests to the student's code, so a timer that runs is
        kept unless it would end the process more than half of GRACE_SECONDS too early.
        """
        exit_at = time.monotonic() + seconds
        if not exit_at - GRACE_SECONDS / 2 <= self._exit_at < math.inf:
            faulthandler.dump_traceback_later(seconds, exit=True, file=self._stderr)
            self._exit_at = exit_at

    def _do_not_exit(self) -> None:
        if self._exit_at < math.inf:
            faulthandler.cancel_dump_traceback_later()
            self._exit_at = math.inf


def _receive_exception() -> None:
    """Do nothing. The interpreter raises an exception that another thread has set when a function is called."""
