"""The processes that grade: forked from this one, each takes one student after another.

Each starts with the suite at hand and has never imported PyTorch or a submission. One that is lost or late takes only
the student it was at with it.
"""

from __future__ import annotations

import ctypes
import gc
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import Pipe
from multiprocessing.connection import Connection, wait

from ..submissions.roster import Student

_LOOK = 0.1
"""Seconds after which the parent looks up."""

_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True)
class Graded:
    """What became of a student. seconds: how long grading took; None where the report of an earlier run still holds.

    trouble: why there is no report, if there is none; the fault is then ours.
    """

    student: Student
    seconds: float | None
    trouble: str = ""


def graded_by_processes(
    students: Sequence[Student], job: Callable[[Student], bool], workers: int, most: float
) -> Iterator[Graded | None]:
    """Grade every student, `workers` at a time; each result as it comes, and None now and then while waiting.

    job: grades one, in a process that lasts. It returns False where nothing was to be done.   most: its seconds.
    """
    waiting = list(students)[::-1]
    running: dict[Connection, _Process] = {}
    try:
        while waiting or running:
            while waiting and len(running) < workers:
                process = _Process(job, waiting.pop())
                running[process.pipe] = process
            looked = time.monotonic()
            ready = [running[pipe] for pipe in wait(list(running), _LOOK) if isinstance(pipe, Connection)]
            asleep = time.monotonic() - looked - _LOOK
            for process in ready:
                graded = process.graded()
                if waiting and not process.lost:
                    process.give(waiting.pop())
                else:
                    running.pop(process.pipe).end()
                yield graded
            for process in running.values():
                process.hurry(most, asleep if asleep > 1 else 0)  # stopped by Ctrl-Z, and its children with it
            if not ready:
                yield None
    finally:
        for process in running.values():
            process.end()


class _Process:
    def __init__(self, job: Callable[[Student], bool], first: Student) -> None:
        self.pipe, theirs = Pipe()
        self.lost = False
        self._late = False
        parent = os.getpid()
        self._pid = os.fork()
        if not self._pid:
            self.pipe.close()  # or the end of the parent would not be noticed
            _grade_what_comes(theirs, job, parent)
        theirs.close()
        self.give(first)

    def give(self, student: Student) -> None:
        self._student = student
        self._started = time.monotonic()
        with suppress(BrokenPipeError, ConnectionResetError):
            self.pipe.send(student)

    def graded(self) -> Graded:
        """What has become of the student, which is to be heard now."""
        try:
            done, trouble = self.pipe.recv()
        except (EOFError, ConnectionResetError):
            self.lost, done = True, True
            trouble = "the grader's own process was lost; is memory short?"
        seconds = time.monotonic() - self._started
        if self._late:  # even if it was about to answer
            self.lost = True
            trouble = f"the grader's own process did not come back in {seconds:.0f} s"
        return Graded(self._student, seconds if done else None, trouble)

    def hurry(self, most: float, asleep: float) -> None:
        """End the process if it has taken more seconds than `most`, not counting those that all were asleep."""
        self._started += asleep
        if time.monotonic() - self._started > most and not self._late:
            self._late = True
            os.kill(self._pid, signal.SIGKILL)

    def end(self) -> None:
        os.kill(self._pid, signal.SIGKILL)
        os.waitpid(self._pid, 0)
        self.pipe.close()


def _grade_what_comes(pipe: Connection, job: Callable[[Student], bool], parent: int) -> None:
    try:
        live_no_longer_than(parent)
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which ends its children
        gc.disable()
        while True:
            student = pipe.recv()
            try:
                said = (job(student), "")
            except BaseException:
                said = (True, traceback.format_exc()[-4000:])
            pipe.send(said)
            gc.collect()
    finally:
        os._exit(0)  # no exit handler of the parent's may run here


def live_no_longer_than(parent: int) -> None:
    """Have the kernel end this process when its parent is gone, however that went."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)
