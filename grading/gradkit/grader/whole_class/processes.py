"""Grader processes: forked from the main process, each does jobs for one student after another.

Each starts with the suite in memory and has never imported PyTorch or a submission. If one is lost or late, only the
student of its current job is affected.
"""

from __future__ import annotations

import gc
import os
import signal
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import Pipe
from multiprocessing.connection import Connection, wait
from typing import Generic, NoReturn, TypeVar

from gradkit.errors import ProcessorTimeUp, UserError, describe_os_error
from gradkit.submissions.bounded import defer_interrupt, die_with_parent
from gradkit.submissions.intake.students import Student

from ..suite import GraderError

POLL_SECONDS = 0.1
"""How often the main process checks whether a grader process is late."""

MIN_PAUSE_SECONDS = 1.0
"""If a poll takes this much longer than POLL_SECONDS, then the main process was stopped (Ctrl-Z), with its children."""

MAX_TRACEBACK_LENGTH = 4_000
"""Characters of the traceback of an internal error."""

Result = TypeVar("Result")


@dataclass(frozen=True)
class JobResult(Generic[Result]):
    """What a student's job returned, or the reason why it failed.

    Attributes:
        student: The student.
        value: What the job returned; None if it failed.
        reason: Why it failed, as a sentence; empty if it did not. The cause is in gradkit or in this machine, and not
            in the submission.
    """

    student: Student
    value: Result | None
    reason: str = ""


def run_in_processes(
    students: Sequence[Student], job: Callable[[Student], Result], n_workers: int, max_seconds: float
) -> Iterator[JobResult[Result] | None]:
    """Do a job for every student; yield each result as it comes, and None every POLL_SECONDS while there is none.

    Args:
        students: The students.
        job: The function to call for each student, in a grader process.
        n_workers: How many grader processes to use at a time.
        max_seconds: How long one job can take before its process is killed.
    """
    waiting = list(students)[::-1]
    running: dict[Connection, _Process[Result]] = {}
    try:
        while waiting or running:
            while waiting and len(running) < n_workers:
                with defer_interrupt():  # until the process is among those that are ended below
                    process = _Process(job, waiting.pop())
                    running[process.pipe] = process

            poll_started = time.monotonic()
            ready = [running[pipe] for pipe in wait(list(running), POLL_SECONDS) if isinstance(pipe, Connection)]
            paused_seconds = time.monotonic() - poll_started - POLL_SECONDS

            for process in ready:
                done = process.receive()
                if waiting and not process.is_lost:
                    process.give(waiting.pop())
                else:
                    running.pop(process.pipe).end()
                yield done

            for process in running.values():
                process.kill_if_late(max_seconds, paused_seconds if paused_seconds > MIN_PAUSE_SECONDS else 0)
            if not ready:
                yield None
    finally:
        for process in running.values():
            process.end()


class _Process(Generic[Result]):
    """A grader process, as the main process sees it: a pipe, its current student, and when that job started."""

    def __init__(self, job: Callable[[Student], Result], first: Student) -> None:
        self.pipe, child_pipe = Pipe()
        self.is_lost = False
        self._is_late = False
        self._wait_status = 0
        """How the process ended, once it is lost."""
        parent = os.getpid()
        self._pid = os.fork()
        if not self._pid:
            self.pipe.close()  # otherwise the child would not notice when the main process ends
            _do_jobs(child_pipe, job, parent)
        child_pipe.close()
        self.give(first)

    def give(self, student: Student) -> None:
        """Start the job for a student. If the process is lost, `receive` says so."""
        self._student = student
        self._started = time.monotonic()
        with suppress(BrokenPipeError, ConnectionResetError):
            self.pipe.send(student)

    def receive(self) -> JobResult[Result]:
        """Receive the result of the current job. Call it when the pipe is ready."""
        try:
            result, reason = self.pipe.recv()
        except (EOFError, ConnectionResetError):
            self._collect_status()
            result, reason = None, f"The grader process was lost: {_describe_end(self._wait_status)}"
        if self._is_late:  # even if it was about to reply
            self.is_lost = True
            seconds = time.monotonic() - self._started
            result, reason = None, f"The grader process did not answer within {seconds:.0f} s and was killed."
        return JobResult(self._student, result, reason)

    def kill_if_late(self, max_seconds: float, paused_seconds: float) -> None:
        """Kill the process if its job has taken too long.

        Args:
            max_seconds: How long a job can take.
            paused_seconds: How long all processes were stopped since the last call; this does not count.
        """
        self._started += paused_seconds
        if time.monotonic() - self._started > max_seconds and not self._is_late:
            self._is_late = True
            os.kill(self._pid, signal.SIGKILL)

    def end(self) -> None:
        """Kill the process if it still exists, and close the pipe."""
        if not self.is_lost or self._is_late:
            os.kill(self._pid, signal.SIGKILL)
            os.waitpid(self._pid, 0)
        self.pipe.close()

    def _collect_status(self) -> None:
        if not self._is_late:
            self.is_lost = True
            self._wait_status = os.waitpid(self._pid, 0)[1]


def _describe_end(wait_status: int) -> str:
    """Say how a process ended, and what to do if that is known."""
    if not os.WIFSIGNALED(wait_status):
        return f"it exited with status {os.WEXITSTATUS(wait_status)}."
    number = os.WTERMSIG(wait_status)
    if number == signal.SIGKILL:
        return "it was killed, perhaps because memory ran out. Use fewer --workers, then run the same command again."
    return f"it was ended by signal {number}."


def _do_jobs(pipe: Connection, job: Callable[[Student], Result], parent: int) -> NoReturn:
    """Receive students and send results until the main process ends this process."""
    try:
        die_with_parent(parent)
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the main process handles Ctrl-C and ends its children
        gc.disable()
        while True:
            student = pipe.recv()
            result, reason = None, ""
            try:
                result = job(student)
            except BaseException as error:
                reason = reason_for(error, student.name)
            pipe.send((result, reason))
            gc.collect()
    finally:
        os._exit(0)  # the exit handlers of the main process must not run here


def reason_for(error: BaseException, student: str) -> str:
    """Return why a job failed: what to do if the cause is known, else that it is an internal error.

    Args:
        error: What the job raised.
        student: The name of the job's student.
    """
    if isinstance(error, OSError) and error.errno:
        return describe_os_error(error)
    if isinstance(error, UserError | ProcessorTimeUp) and not isinstance(error, GraderError):
        return str(error)

    if isinstance(error, GraderError):
        cause = str(error)
    else:
        cause = "".join(traceback.format_exception(error))[-MAX_TRACEBACK_LENGTH:].strip()
    return f"Internal error while grading {student} (report this): {cause}."
