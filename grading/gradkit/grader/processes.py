"""The processes that grade: forked from this one, each takes one student after another.

Each starts with the suite in memory and has never imported PyTorch or a submission. If one is lost or late, only the
student that it was grading is lost with it.
"""

from __future__ import annotations

import ctypes
import gc
import os
import resource
import signal
import sys
import time
import traceback
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import Pipe
from multiprocessing.connection import Connection, wait
from typing import Generic, NoReturn, TypeVar

from gradkit.errors import ProcessorTimeUp, sentence_of
from gradkit.submissions.bounded import die_with_parent
from gradkit.submissions.intake.roster import Student
from gradkit.submissions.sandbox.sandbox import SandboxError
from gradkit.submissions.transport.link import children_of

from .grader import GraderError

POLL_SECONDS = 0.1
"""How often the parent looks whether a process is late."""

END_SECONDS = 5.0
"""How long processes that were left behind may take to end before they are killed."""

_PR_SET_CHILD_SUBREAPER, _PR_GET_CHILD_SUBREAPER = 36, 37
"""linux/prctl.h"""

Result = TypeVar("Result")


@dataclass(frozen=True)
class Done(Generic[Result]):
    """The result of a student's job.

    result:  None if the job failed.
    trouble: why it failed: an error in gradkit or of this machine, and not in the submission. Empty if it did not.
    """

    student: Student
    result: Result | None
    trouble: str = ""


def in_processes(
    students: Sequence[Student], job: Callable[[Student], Result], workers: int, max_seconds: float
) -> Iterator[Done[Result] | None]:
    """Do a job for every student; yield each result as it comes, and None now and then while waiting.

    Args:
        students: The students.
        job: Is called in a process that lasts for many students.
        workers: How many processes to use at a time.
        max_seconds: How long one job may take before its process is killed.
    """
    waiting = list(students)[::-1]
    running: dict[Connection, _Process[Result]] = {}
    try:
        while waiting or running:
            while waiting and len(running) < workers:
                process = _Process(job, waiting.pop())
                running[process.pipe] = process
            polled = time.monotonic()
            ready = [running[pipe] for pipe in wait(list(running), POLL_SECONDS) if isinstance(pipe, Connection)]
            asleep = time.monotonic() - polled - POLL_SECONDS
            for process in ready:
                done = process.done()
                if waiting and not process.lost:
                    process.give(waiting.pop())
                else:
                    running.pop(process.pipe).end()
                yield done
            for process in running.values():
                process.kill_if_late(max_seconds, asleep if asleep > 1 else 0)  # stopped by Ctrl-Z, with its children
            if not ready:
                yield None
    finally:
        for process in running.values():
            process.end()


class _Process(Generic[Result]):
    def __init__(self, job: Callable[[Student], Result], first: Student) -> None:
        self.pipe, theirs = Pipe()
        self.lost = False
        self._late = False
        self._ending = 0
        """The wait status, once the process was lost."""
        parent = os.getpid()
        self._pid = os.fork()
        if not self._pid:
            self.pipe.close()  # or the end of the parent would not be noticed
            _do_jobs(theirs, job, parent)
        theirs.close()
        self.give(first)

    def give(self, student: Student) -> None:
        self._student = student
        self._started = time.monotonic()
        with suppress(BrokenPipeError, ConnectionResetError):
            self.pipe.send(student)

    def done(self) -> Done[Result]:
        """Receive the result of the current job. Call it when the pipe is ready."""
        try:
            result, trouble = self.pipe.recv()
        except (EOFError, ConnectionResetError):
            self._wait()
            result, trouble = None, f"the grader's own process was lost: {_how_it_ended(self._ending)}"
        if self._late:  # even if it was about to answer
            self.lost = True
            seconds = time.monotonic() - self._started
            result, trouble = None, f"the grader's own process did not answer within {seconds:.0f} s"
        return Done(self._student, result, trouble)

    def kill_if_late(self, max_seconds: float, asleep: float) -> None:
        """Kill the process if its job has taken more than `max_seconds`, not counting `asleep` seconds of us all."""
        self._started += asleep
        if time.monotonic() - self._started > max_seconds and not self._late:
            self._late = True
            os.kill(self._pid, signal.SIGKILL)

    def end(self) -> None:
        if not self.lost or self._late:
            os.kill(self._pid, signal.SIGKILL)
            os.waitpid(self._pid, 0)
        self.pipe.close()

    def _wait(self) -> None:
        if not self._late:
            self.lost = True
            self._ending = os.waitpid(self._pid, 0)[1]


def _how_it_ended(status: int) -> str:
    if not os.WIFSIGNALED(status):
        return f"it ended with status {os.WEXITSTATUS(status)}"
    number = os.WTERMSIG(status)
    if number == signal.SIGKILL:
        return "it was killed, perhaps because memory ran out. Use fewer --workers, then run the same command again"
    return f"it was ended by signal {number}"


def _do_jobs(pipe: Connection, job: Callable[[Student], Result], parent: int) -> None:
    try:
        die_with_parent(parent)
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which ends its children
        gc.disable()
        while True:
            student = pipe.recv()
            result, trouble = None, ""
            try:
                result = job(student)
            except BaseException as error:
                trouble = trouble_of(error)
            pipe.send((result, trouble))
            gc.collect()
    finally:
        os._exit(0)  # no exit handler of the parent's may run here


def _raise_processor_time(*_: object) -> NoReturn:
    raise ProcessorTimeUp


def heed_processor_limit() -> None:
    """Have a ProcessorTimeUp raised, here and in processes forked from now on, a second before the shell's limit.

    `ulimit -t` sets both the soft and the hard limit, and at the hard one the kernel kills without a word.
    """
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    if hard != resource.RLIM_INFINITY:
        resource.setrlimit(resource.RLIMIT_CPU, (max(1, hard - 1), hard))
        signal.signal(signal.SIGXCPU, _raise_processor_time)


def trouble_of(error: BaseException) -> str:
    """Return why a job failed: a sentence where the cause is known, else the traceback."""
    if isinstance(error, GraderError | SandboxError | ProcessorTimeUp):
        return str(error)
    if isinstance(error, OSError) and error.errno:
        return sentence_of(error)
    return "".join(traceback.format_exception(error))[-4000:]


# --- nothing of one phase may live on into the next ------------------------------------------------------------------


@contextmanager
def adopted_orphans() -> Iterator[Callable[[], None]]:
    """Become the parent of all descendants whose own parent ends; yield a function that waits until they have ended.

    A worker whose grader process was killed takes a moment to end. Only descendants that did not exist before count.
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
        yield lambda: _await_children_but(known)
    finally:
        prctl(_PR_SET_CHILD_SUBREAPER, before.value)


def _await_children_but(known: Collection[int]) -> None:
    deadline = time.monotonic() + END_SECONDS
    while left := [pid for pid in children_of(os.getpid()) if pid not in known]:
        for pid in left:
            if time.monotonic() > deadline:
                os.kill(pid, signal.SIGKILL)
            with suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)
        time.sleep(0.001)
