"""Grades a class: some submissions at a time, each leaving a report; stopped, it goes on later."""

from __future__ import annotations

import fcntl
import gc
import os
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from ..graphs.files import UNFINISHED
from ..submissions.intake import TakenIn, take_in
from ..submissions.pipe import PipeTransport
from ..submissions.roster import Student
from ..submissions.sandbox import Sandbox
from ..suite.assignments import Assignment
from ..suite.results import Results
from . import report
from .grader import Suite, grade
from .processes import Graded, graded_by_processes
from .reference_retry import put_in_place
from .report import Conditions, Report

WORKPLACE = ".gradkit"
"""The folder among the reports for what is needed while grading; it goes when that ends."""

GRACE = 60.0
"""Seconds beyond the submission's own limit after which its grader process is given up: intake takes some."""


class BusyError(Exception):
    """Another `gradkit grade` is at work on this folder of reports."""


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
        Raises BusyError where another run is at work there, SandboxError where no sandbox can be had, and
        MissingPackageError where an assignment asks for a package that is not installed.
        """
        with _workplace(self.out) as scratch:
            sandbox = Sandbox(scratch, self.bare)
            check(sandbox, self.suite)
            gc.collect()
            gc.freeze()  # or each process would copy every page that its collector visits
            try:
                job = partial(self._grade_one, scratch, sandbox)
                yield from graded_by_processes(students, job, workers, self.suite.longest + GRACE)
            finally:
                gc.unfreeze()

    def _grade_one(self, scratch: Path, sandbox: Sandbox, student: Student) -> bool:
        """Grade one student into a report. False where the report that is there still holds."""
        folder = scratch / "submissions" / student.name
        path = self.report_path(student)
        try:
            taken = take_in(student.source, folder, self.suite.modules, self.suite.notebook, self.suite.builds_on)
            if _still_holds(path, taken.digest, self.conditions):
                return False
            results = graded_in(sandbox, folder, self.suite, taken)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        report.write(report.report_of(student.name, taken, self.conditions, results), path)
        return True


def check(sandbox: Sandbox, suite: Suite) -> None:
    """See to it that workers for every assignment start. Raises SandboxError, MissingPackageError."""
    for packages in dict.fromkeys(assignment.packages for assignment in suite.assignments):
        sandbox.check(packages)


def graded_in(sandbox: Sandbox, folder: Path, suite: Suite, taken: TakenIn) -> Results:
    """The results of a submission that was taken in to a folder. Raises GraderError, SandboxError."""
    transport = transport_to(sandbox, folder, suite)

    @contextmanager
    def standing_in(assignment: Assignment) -> Iterator[PipeTransport]:
        transport.close()  # what has read the reference must have nobody to whisper to
        place = folder.parent / f"{assignment.name}.{os.getpid()}.with-reference"
        put_in_place(assignment, folder, place)
        other = transport_to(sandbox, place, suite)
        try:
            yield other
        finally:
            other.close()
            shutil.rmtree(place, ignore_errors=True)

    try:
        return grade(suite, taken, transport, standing_in)
    finally:
        transport.close()


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
