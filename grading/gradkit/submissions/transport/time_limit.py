"""Time limits on the student's code, measured by the kernel and fair on a busy machine.

A limit counts the processor time of the process (in self-check: the thread) that runs the student's code. So nobody
loses points because the machine was busy. Two rules bound the wall-clock time as well:

- While the code sleeps, wall-clock time counts. So code that waits for something that never happens
  ends at the limit itself.
- At least 1 / BACKSTOP_FACTOR of all wall-clock time counts: the backstop. It ends code that sleeps and works
  in turns, and code that hardly runs because the machine is too busy.

Every figure comes from the kernel, and none from the worker: a submission can change whatever its own process reports.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

BACKSTOP_FACTOR = 3
"""Code can take this many times its limit in wall-clock time."""

POLL_SECONDS = 0.1
"""How often running code is checked."""

MIN_POLL_SECONDS = 0.005
"""Minimum time between two checks, when the limit is near."""

MAX_SLEEPER_SHARE = 0.1
"""Code that used at most this share of a core since the last check is asleep if its state says so as well."""

N_LOOKS = 3
LOOK_SECONDS = 0.001
"""A thread of this process counts as asleep if its state says so N_LOOKS times, LOOK_SECONDS apart. Once is not enough:
the thread also has this state while it waits for the interpreter lock, which the thread that looks has just held."""

STOPPED_SECONDS = 0.5
"""If a check is this late, this process itself was stopped, by Ctrl-Z or because a laptop was closed."""

_CPUCLOCK_SCHED = 2
"""linux/posix-timers.h: the clock of a process is (~pid << 3) | CPUCLOCK_SCHED."""

_BUSY_STATES = ("R", "D")
"""State in /proc/PID/stat of a process that runs or waits for a core (R), or waits for the disk (D)."""


class ProcessorClock:
    """Processor time and state of one process or thread, as the kernel reports them.

    Args:
        read_seconds: Returns the processor time so far. Raises OSError if the process has ended.
        stat: The kernel's file with the state, if there is one.
        n_looks: How many times the state must say that it sleeps.
    """

    def __init__(self, read_seconds: Callable[[], float], stat: Path | None, n_looks: int = 1) -> None:
        self._read_seconds = read_seconds
        self._stat = stat
        self._n_looks = n_looks

    @classmethod
    def of_process(cls, pid: int) -> ProcessorClock | None:
        """Return the clock of another process, or None if the system does not offer it (only Linux does)."""
        clock = (~pid << 3) | _CPUCLOCK_SCHED
        try:
            time.clock_gettime(clock)
        except (AttributeError, OSError):
            return None
        return cls(lambda: time.clock_gettime(clock), Path(f"/proc/{pid}/stat"))

    @classmethod
    def of_this_thread(cls) -> ProcessorClock:
        """Return the clock of the calling thread, which other threads can read.

        macOS and Windows have none: there it is the clock of this whole process.
        """
        try:
            clock = time.pthread_getcpuclockid(threading.get_ident())
            stat = Path(f"/proc/self/task/{threading.get_native_id()}/stat")
        except (AttributeError, OSError):
            return cls(time.process_time, None)
        return cls(lambda: time.clock_gettime(clock), stat if stat.exists() else None, N_LOOKS)

    def seconds(self) -> float | None:
        """Return the processor time so far, or None if the process has ended."""
        try:
            return self._read_seconds()
        except OSError:
            return None

    def is_busy(self) -> bool:
        """Return whether it runs, or waits for a core or the disk. False if the system does not say."""
        for look in range(self._n_looks):
            if look:
                time.sleep(LOOK_SECONDS)
            if self._state() in _BUSY_STATES:
                return True
        return False

    def _state(self) -> str:
        """Return the kernel's letter for the state; empty if the system does not say."""
        if self._stat is None:
            return ""
        try:
            stat = self._stat.read_text(encoding="utf-8", errors="replace")
        except OSError:  # it has just ended
            return ""
        return stat.rpartition(") ")[2][:1]


class TimeLimit:
    """Time that the student's code takes during one item, and the limit on it.

    The student's code runs in stretches (one for each request), between which nothing is counted::

        limit = TimeLimit(5.0)
        limit.start(ProcessorClock.of_process(pid))
        while not reply_arrives(timeout=limit.check()):
            if limit.is_reached:
                ...  # end it
        limit.stop()

    Args:
        seconds: The limit; math.inf for none.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._counted_seconds = 0.0
        self._wall_seconds = 0.0
        self._processor: ProcessorClock | None = None
        self._is_running = False
        self._is_asleep = False
        """Whether the code was a sleeper at the last check."""
        self._checked = self._next_check = 0.0
        """Wall-clock time of the last check, and of the next one."""
        self._processor_seconds: float | None = None
        """Processor time at the last check."""

    @property
    def spent_seconds(self) -> float:
        """How much of the limit is used up."""
        return max(self._counted_seconds, self._wall_seconds / BACKSTOP_FACTOR)

    @property
    def left_seconds(self) -> float:
        """How much of the limit is left."""
        return max(0.0, self.seconds - self.spent_seconds)

    @property
    def is_reached(self) -> bool:
        """Whether the student's code must be stopped."""
        return self.spent_seconds >= self.seconds

    @property
    def is_backstop(self) -> bool:
        """Whether the limit was reached by the wall-clock backstop alone."""
        return self.is_reached and self._counted_seconds < self.seconds

    def start(self, processor: ProcessorClock | None) -> None:
        """Start counting: the student's code begins to run.

        Args:
            processor: What runs it. If None, wall-clock time is counted.
        """
        self._processor = processor
        self._is_running = True
        self._is_asleep = False
        self._processor_seconds = processor.seconds() if processor else None
        self._checked = time.monotonic()
        self._schedule_check()

    def check(self) -> float:
        """Count what was used since the last check, if a check is due.

        Returns:
            How long to wait until the next check is due, in seconds. The limit can be reached at most
            MIN_POLL_SECONDS earlier.
        """
        now = time.monotonic()
        if now >= self._next_check:
            self._count(now, is_running=True)
            self._schedule_check()
        return max(MIN_POLL_SECONDS, self._next_check - now)

    def stop(self) -> None:
        """Stop counting: the student's code has returned, failed or ended."""
        if self._is_running:
            self._is_running = False
            self._count(time.monotonic(), is_running=False)

    def _schedule_check(self) -> None:
        self._next_check = self._checked + max(MIN_POLL_SECONDS, min(POLL_SECONDS, self.left_seconds))

    def _count(self, now: float, is_running: bool) -> None:
        """Count what was used since the last check.

        Args:
            now: Wall-clock time.
            is_running: False if the code has returned or ended. Then its state now says nothing about the time before,
                and the state at the last check is used.
        """
        elapsed = now - self._checked
        wall = elapsed if elapsed < POLL_SECONDS + STOPPED_SECONDS else POLL_SECONDS
        processor_seconds = self._processor.seconds() if self._processor else None

        if self._processor is None or processor_seconds is None or self._processor_seconds is None:
            self._counted_seconds += wall
        else:
            used = min(max(0.0, processor_seconds - self._processor_seconds), elapsed)  # several threads count as one
            has_hardly_run = used <= MAX_SLEEPER_SHARE * elapsed
            if is_running:
                self._is_asleep = has_hardly_run and not self._processor.is_busy()
            self._counted_seconds += max(used, wall) if has_hardly_run and self._is_asleep else used

        self._wall_seconds += wall
        self._checked = now
        self._processor_seconds = processor_seconds
