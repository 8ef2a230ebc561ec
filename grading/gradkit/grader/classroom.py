"""Grade a class: some submissions at a time, in phases, each leaving a report; a stopped run goes on later."""

from __future__ import annotations

import fcntl
import gc
import os
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import cache, partial
from itertools import chain
from pathlib import Path

from gradkit.errors import UserError
from gradkit.files import PARTIAL, write_whole
from gradkit.submissions.intake.roster import RosterError, Student
from gradkit.submissions.intake.take_in import Intake, Reader, make_reader, take_in
from gradkit.submissions.sandbox.sandbox import Sandbox
from gradkit.submissions.transport.pipe import PipeTransport

from . import report, report_check, unfinished
from .grader import GraderError, Suite, grade
from .phases import PUBLIC, Passed, Phase, next_phase, passing, phases_of, report_after, tests_due
from .processes import Done, adopted_orphans, in_processes
from .reference_retry import copy_with_reference
from .report import Conditions, Report
from .unfinished import Unfinished

SCRATCH = ".gradkit"
"""The folder among the reports for what is needed while grading. It is deleted at the end."""

SUBMISSIONS = ".submissions"
"""The file among the reports that names the folder of submissions."""

WORKER_SECONDS = 0.1
"""What ending a worker and starting another may take: about three times what it does."""

GRACE_SECONDS = 60.0
"""How much longer than its student's code a grader process may take before it is killed: intake takes some time."""

LOCK_SECONDS = 2.0
"""How long to wait for the folder of reports: the children of a run that was killed take a moment to follow it."""

_FINISHED = ""
"""The name of the next phase of a submission whose report is written."""


class BusyError(UserError):
    """Another `gradkit grade` is running on this folder of reports."""


@dataclass(frozen=True)
class Graded:
    """The result of grading one student.

    seconds: how long the public phase took; None if the report of an earlier run still holds.
    trouble: why there is no report: an error in gradkit or of this machine. Empty if there is a report.
    """

    student: Student
    seconds: float | None
    trouble: str = ""


@dataclass(frozen=True)
class Progress:
    """How far a run is.

    phase:         the name of the phase that is running.
    number, of:    which phase that is, of how many.
    done, total:   the submissions of this phase.
    seconds_left:  for this phase and those after it, at most, by the limits.
    """

    phase: str
    number: int
    of: int
    done: int
    total: int
    seconds_left: float


@dataclass(frozen=True)
class _Step:
    """What a phase did with a submission: the name of its next phase, and how long the public phase took."""

    next_phase: str
    seconds: float | None


@dataclass(frozen=True)
class Classroom:
    """What a class is graded with, and where its reports go. bare: without a sandbox."""

    suite: Suite
    conditions: Conditions
    out: Path
    bare: bool = False

    def report_path(self, student: Student) -> Path:
        return self.out / f"{student.name}.json"

    def grade(
        self, students: Sequence[Student], workers: int, observe: Callable[[Progress], None] | None = None
    ) -> Iterator[Graded]:
        """Grade every student; yield each one as soon as the report is written, or cannot be.

        A report that was made under equal conditions of an equal submission is kept.

        Args:
            students: The class.
            workers: How many submissions to grade at a time.
            observe: Is called with the progress, several times a second.

        Raises:
            BusyError: Another run is grading into the same folder.
            SandboxError: No sandbox can be had.
            MissingPackageError: An assignment asks for a package that is not installed.
        """
        with _scratch_folder(self.out) as scratch:
            gc.collect()
            gc.freeze()  # otherwise each process would copy every page that its collector visits
            try:
                yield from self._in_phases(scratch, students, workers, observe or (lambda progress: None))
            finally:
                gc.unfreeze()
                unfinished.clear(self.out, [student.name for student in students])

    def _in_phases(
        self, scratch: Path, students: Sequence[Student], workers: int, observe: Callable[[Progress], None]
    ) -> Iterator[Graded]:
        phases = phases_of(self.suite)
        waiting: dict[str, list[Student]] = {phase.name: [] for phase in phases}
        waiting[PUBLIC.name] = list(students)
        for number, phase in enumerate(phases, 1):
            due, done = waiting.pop(phase.name), 0
            if not due and phase is not PUBLIC:
                continue
            for ended in chain([None], self._run_phase(phase, scratch, due, workers)):
                done += ended is not None
                if ended and ended.result and ended.result.next_phase:
                    waiting[ended.result.next_phase].append(ended.student)
                elif ended:
                    yield Graded(ended.student, ended.result.seconds if ended.result else None, ended.trouble)
                still = len(due) - done + sum(map(len, waiting.values()))
                left = self._seconds_at_most(phase, len(due) - done, workers)
                left += sum(self._seconds_at_most(later, still, workers) for later in phases[number:])
                observe(Progress(phase.name, number, len(phases), done, len(due), left))

    def _run_phase(
        self, phase: Phase, scratch: Path, students: Sequence[Student], workers: int
    ) -> Iterator[Done[_Step] | None]:
        """Run a phase for some students. When it is over, no process of it is left, and no file that workers shared."""
        with adopted_orphans() as await_orphans, Sandbox(scratch / "sandbox", self.bare) as sandbox:
            if phase is PUBLIC:
                check(sandbox, self.suite)
            for packages in phase.packages(self.suite):
                sandbox.prepare(packages)
            await_orphans()  # the workers that the check started
            run = self._public if phase is PUBLIC else partial(self._later, phase)
            job = partial(run, scratch / "submissions", sandbox)
            try:
                yield from in_processes(students, job, workers, self._seconds_of_one(phase))
            finally:
                await_orphans()

    def _seconds_of_one(self, phase: Phase) -> float:
        """Return how long a submission takes in a phase at most: each item may need a new worker."""
        return phase.seconds(self.suite) + WORKER_SECONDS * len(phase.tests(self.suite)) + GRACE_SECONDS

    def _seconds_at_most(self, phase: Phase, submissions: int, workers: int) -> float:
        """Return how long so many submissions take by the limits, without the time for taking them in."""
        rounds = -(-submissions // workers)  # rounded up
        return rounds * (self._seconds_of_one(phase) - GRACE_SECONDS)

    # --- what a grader process does ----------------------------------------------------------------------------------

    def _public(self, scratch: Path, sandbox: Sandbox, student: Student) -> _Step:
        """Take a submission in and run the public phase on it, unless an earlier run has done so."""
        started = time.monotonic()
        folder = scratch / student.name
        suite = self.suite
        taken = take_in(student.source, folder, suite.modules, suite.notebook, suite.builds_on, _reader())
        if self._still_holds(student, taken):
            shutil.rmtree(folder, ignore_errors=True)
            unfinished.path_of(self.out, student.name).unlink(missing_ok=True)
            return _Step(_FINISHED, None)
        found = self._unfinished(student, taken)
        if found is None:
            public = public_report(student.name, taken, self.conditions, self.suite, sandbox, folder)
            found = Unfinished(public, time.monotonic() - started)
        following = None if taken.failure else next_phase(self.suite, found.public, found.passed)
        return self._after_phase(folder, student, found, following)

    def _later(self, phase: Phase, scratch: Path, sandbox: Sandbox, student: Student) -> _Step:
        """Run a later phase on a submission that was taken in."""
        found = unfinished.read(unfinished.path_of(self.out, student.name))
        if found is None:
            raise GraderError("its file between two phases was deleted. Run the same command again.")
        folder = scratch / student.name
        copy = scratch.with_name("with-reference") / student.name  # not among submissions: another may be called so
        passed = passing_items(self.suite, phase, found.public, found.passed, sandbox, folder, copy)
        found = Unfinished(found.public, found.seconds, {**found.passed, phase.name: passed})
        return self._after_phase(folder, student, found, next_phase(self.suite, found.public, found.passed))

    def _after_phase(self, folder: Path, student: Student, found: Unfinished, following: Phase | None) -> _Step:
        """Keep what was found for the next phase or, if there is none, write the report."""
        path = unfinished.path_of(self.out, student.name)
        if following:
            unfinished.write(found, path)
            return _Step(following.name, found.seconds)
        report.write(report_after(self.suite, found.public, found.passed), self.report_path(student))
        path.unlink(missing_ok=True)
        shutil.rmtree(folder, ignore_errors=True)
        return _Step(_FINISHED, found.seconds)

    def _still_holds(self, student: Student, taken: Intake) -> bool:
        """Return whether the report of an earlier run is this student's, of this submission, and adds up."""
        try:
            found = report.read(self.report_path(student))
        except report.UnreadableError:
            return False
        return self._is_about(found, student, taken)

    def _unfinished(self, student: Student, taken: Intake) -> Unfinished | None:
        """Return what an earlier run has found of this submission, if it was stopped between two phases."""
        found = unfinished.read(unfinished.path_of(self.out, student.name))
        return found if found and self._is_about(found.public, student, taken) else None

    def _is_about(self, found: Report, student: Student, taken: Intake) -> bool:
        about = found.student == student.name and found.submission == taken.digest
        return about and found.conditions == self.conditions and report.is_about(found, self.suite.items)


@cache
def _reader() -> Reader:
    """Return this grader process's reader of submissions."""
    return make_reader()


# --- one submission ---------------------------------------------------------------------------------------------------


def check(sandbox: Sandbox, suite: Suite) -> None:
    """Check that workers for every assignment start. Raises SandboxError, MissingPackageError."""
    for packages in dict.fromkeys(assignment.packages for assignment in suite.assignments):
        sandbox.check(packages)


def grade_alone(
    student: str, taken: Intake, conditions: Conditions, suite: Suite, scratch: Path, folder: Path
) -> Report:
    """Grade one submission by itself, in all phases, each with a sandbox of its own.

    Args:
        student: What the report calls the student.
        taken: How the submission was taken in.
        conditions: What it is graded with.
        suite: The items.
        scratch: A folder for the sandbox.
        folder: The files of the submission.
    """
    with adopted_orphans() as await_orphans:
        with Sandbox(scratch / "sandbox") as sandbox:
            public = public_report(student, taken, conditions, suite, sandbox, folder)
            await_orphans()
        passed: dict[str, tuple[str, ...]] = {}
        while not taken.failure and (phase := next_phase(suite, public, passed)):
            with Sandbox(scratch / "sandbox") as sandbox:
                copy = scratch / "with-reference"
                passed[phase.name] = passing_items(suite, phase, public, passed, sandbox, folder, copy)
                await_orphans()
    return report_after(suite, public, passed)


def public_report(
    student: str, taken: Intake, conditions: Conditions, suite: Suite, sandbox: Sandbox, folder: Path
) -> Report:
    """Run the public phase on a submission that was taken in to a folder, and return what it found."""
    transport = transport_to(sandbox, folder, PUBLIC.seconds(suite))
    try:
        results = grade(suite, taken, transport)
    finally:
        transport.close()
    found = report.report_of(student, taken, conditions, results)
    try:
        report_check.check(found)
    except ValueError as error:
        raise GraderError(f"the report cannot be written: {error}") from None
    return found


def passing_items(
    suite: Suite, phase: Phase, public: Report, passed: Passed, sandbox: Sandbox, folder: Path, copy: Path
) -> tuple[str, ...]:
    """Run a later phase on a submission; return the ids of the items that pass.

    Args:
        suite: The items.
        phase: The phase.
        public: What the public phase found.
        passed: What the later phases that are done found.
        sandbox: Where to run it.
        folder: The files of the submission.
        copy: The folder for a copy of them with the reference's files, which a retry makes and deletes.

    Raises: what `passing` raises.
    """
    tests = tests_due(suite, phase, public, passed)
    try:
        if phase.assignment:
            copy_with_reference(phase.assignment, suite.reference, folder, copy)
        transport = transport_to(sandbox, copy if phase.assignment else folder, phase.seconds(suite))
        with closing(transport):
            return tuple(passing(suite, phase, tests, transport))
    finally:
        shutil.rmtree(copy, ignore_errors=True)


def transport_to(sandbox: Sandbox, folder: Path, cpu_seconds: float) -> PipeTransport:
    """Return the transport to a submission that was taken in to a folder."""
    return PipeTransport(partial(sandbox.start, folder, cpu_seconds), folder)


# --- where the submissions are ----------------------------------------------------------------------------------------


def remember_submissions(out: Path, submissions: Path) -> None:
    """Write down, among the reports, which folder they are about: an appeal asks a submission once more."""
    write_whole(out / SUBMISSIONS, f"{submissions.absolute()}\n".encode("utf-8", "surrogateescape"))


def submissions_of(out: Path) -> Path:
    """Return the folder that the reports in a folder are about. Raises RosterError if that is not known."""
    try:
        return Path((out / SUBMISSIONS).read_text(encoding="utf-8", errors="surrogateescape").rstrip("\n"))
    except OSError:
        raise RosterError(f"{out} does not say where the submissions are: name this one with --submission.") from None


# --- the folder of reports --------------------------------------------------------------------------------------------


@contextmanager
def _scratch_folder(out: Path) -> Iterator[Path]:
    """Make an empty folder for this run alone. What a killed run has left is deleted by the next one."""
    out.mkdir(parents=True, exist_ok=True)
    lock = os.open(out, os.O_RDONLY)
    try:
        _lock(lock, out)
        for left_over in [*out.glob(f".*{PARTIAL}"), *(out / unfinished.FOLDER).glob(f".*{PARTIAL}")]:
            left_over.unlink()
        scratch = out / SCRATCH
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir(mode=0o700)
        try:
            yield scratch
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
    finally:
        os.close(lock)


def _lock(folder: int, out: Path) -> None:
    """Lock the folder of reports. Raises BusyError if another run still holds the lock after LOCK_SECONDS."""
    deadline = time.monotonic() + LOCK_SECONDS
    while True:
        try:
            return fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise BusyError(f"Another `gradkit grade` is writing reports to {out}: wait until it ends.") from None
            time.sleep(0.05)
