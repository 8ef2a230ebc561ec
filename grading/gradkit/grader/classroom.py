"""Grades a class: a process for each submission, some at a time, each leaving a report; stopped, it goes on later.

Each process is forked from this one, which holds the suite ready and has never imported PyTorch or a submission.
"""

from __future__ import annotations

import ctypes
import fcntl
import gc
import json
import os
import select
import shutil
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from ..graphs.corpus import UNFINISHED
from ..submissions.intake import take_in
from ..submissions.pipe import PipeTransport, keep_packed
from ..submissions.roster import Student
from ..submissions.sandbox import Sandbox
from . import report
from .grader import Suite, grade
from .report import Conditions, Report

WORKPLACE = ".gradkit"
"""The folder among the reports for what is needed while grading; it goes when that ends."""

GRACE = 60.0
"""Seconds beyond the submission's own limit after which its grader process is given up: intake takes some."""

_LOOK = 0.1
"""Seconds after which the parent of the graders looks up."""

_PR_SET_PDEATHSIG = 1


class BusyError(Exception):
    """Another `gradkit grade` is at work on this folder of reports."""


@dataclass(frozen=True)
class Graded:
    """What became of a student. seconds: how long grading took; None where the report of an earlier run still holds.

    trouble: why there is no report, if there is none; the fault is then ours.
    """

    student: Student
    seconds: float | None
    trouble: str = ""


@dataclass
class _Running:
    student: Student
    pid: int
    pipe: int
    started: float
    said: bytes = b""
    late: bool = False


@dataclass(frozen=True)
class Classroom:
    """What a class is graded with, and where its reports go. bare: without a sandbox."""

    suite: Suite
    conditions: Conditions
    out: Path
    bare: bool = False

    def report_path(self, student: Student) -> Path:
        return self.out / f"{student.name}.json"

    def grade(self, students: Sequence[Student], workers: int) -> Iterator[Graded | None]:
        """Grade every student, some at a time; each result as it comes, and None now and then while waiting.

        A report that was made under equal conditions of an equal submission is kept.
        Raises BusyError where another run is at work there, SandboxError where no sandbox can be had.
        """
        with _workplace(self.out) as scratch:
            sandbox = Sandbox(scratch, self.bare)
            sandbox.check()
            for test in self.suite.tests:
                if test.mark.graphs:
                    keep_packed(self.suite.library.corpus(test.mark.graphs).graphs)
            gc.collect()
            gc.freeze()  # or each child would copy every page that its collector visits
            try:
                job = partial(self._grade_one, scratch, sandbox)
                yield from _at_work(list(students), job, workers, self.suite.longest + GRACE)
            finally:
                gc.unfreeze()

    def _grade_one(self, scratch: Path, sandbox: Sandbox, student: Student) -> bool:
        """Grade one student into a report. False where the report that is there still holds."""
        folder = scratch / "submissions" / student.name
        path = self.report_path(student)
        transport = transport_to(sandbox, folder, self.suite)
        try:
            taken = take_in(student.source, folder, self.suite.modules, self.suite.notebook)
            if _still_holds(path, taken.digest, self.conditions):
                return False
            results = grade(self.suite, taken, transport)
        finally:
            transport.close()
            shutil.rmtree(folder, ignore_errors=True)
        report.write(report.report_of(student.name, taken, self.conditions, results), path)
        return True


def transport_to(sandbox: Sandbox, folder: Path, suite: Suite) -> PipeTransport:
    """The way to a submission that was taken in to a folder."""
    return PipeTransport(partial(sandbox.start, folder, suite.seconds), folder)


def _still_holds(path: Path, digest: str, conditions: Conditions) -> bool:
    try:
        found: Report = report.read(path)
    except report.UnreadableError:
        return False
    return found.submission == digest and found.conditions == conditions


@contextmanager
def _workplace(out: Path) -> Iterator[Path]:
    """An empty folder for this run alone. What a killed run left behind goes with the next one."""
    out.mkdir(parents=True, exist_ok=True)
    lock = os.open(out, os.O_RDONLY)
    try:
        _lock(lock, out)
        for unfinished in out.glob(f".*{UNFINISHED}"):
            unfinished.unlink()
        scratch = out / WORKPLACE
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir(mode=0o700)
        try:
            yield scratch
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
    finally:
        os.close(lock)


def _lock(folder: int, out: Path) -> None:
    """Take a folder for this run alone. Raises BusyError where another has it and does not end in a moment: the
    children of a run that was killed take one to follow it."""
    for _ in range(40):
        try:
            return fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(0.05)
    raise BusyError(f"Another `gradkit grade` is at work on {out}.")


# --- processes -------------------------------------------------------------------------------------------------------


def _at_work(
    waiting: list[Student], job: Callable[[Student], bool], workers: int, most: float
) -> Iterator[Graded | None]:
    running: dict[int, _Running] = {}
    waiting = waiting[::-1]
    try:
        while waiting or running:
            while waiting and len(running) < workers:
                started = _fork(waiting.pop(), job)
                running[started.pipe] = started
            looked = time.monotonic()
            ready, _, _ = select.select(list(running), [], [], _LOOK)
            asleep = time.monotonic() - looked - _LOOK
            for pipe in ready:
                chunk = os.read(pipe, 1 << 16)
                running[pipe].said += chunk
                if not chunk:
                    yield _ended(running.pop(pipe))
            for child in running.values():
                child.started += asleep if asleep > 1 else 0  # stopped by Ctrl-Z, and its children with it
                if time.monotonic() - child.started > most and not child.late:
                    child.late = True
                    os.kill(child.pid, signal.SIGKILL)
            if not ready:
                yield None
    finally:
        for child in running.values():
            os.kill(child.pid, signal.SIGKILL)
            os.waitpid(child.pid, 0)
            os.close(child.pipe)


def _fork(student: Student, job: Callable[[Student], bool]) -> _Running:
    ours, theirs = os.pipe()
    parent = os.getpid()
    started = time.monotonic()
    pid = os.fork()
    if pid:
        os.close(theirs)
        return _Running(student, pid, ours, started)
    try:
        live_no_longer_than(parent)
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which ends its children
        gc.disable()
        said: dict[str, object] = {"graded": job(student)}
    except BaseException:
        said = {"trouble": traceback.format_exc()[-4000:]}
    try:
        os.write(theirs, json.dumps(said).encode())
    finally:
        os._exit(0)  # no exit handler of the parent's may run here


def live_no_longer_than(parent: int) -> None:
    """Have the kernel end this process when its parent is gone, however that went."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)


def _ended(child: _Running) -> Graded:
    os.close(child.pipe)
    os.waitpid(child.pid, 0)
    seconds = time.monotonic() - child.started
    if child.late:
        return Graded(child.student, seconds, f"the grader's own process did not come back in {seconds:.0f} s")
    if not child.said:
        return Graded(child.student, seconds, "the grader's own process was lost; is memory short?")
    said = json.loads(child.said)
    return Graded(child.student, seconds if said.get("graded") else None, said.get("trouble", ""))
