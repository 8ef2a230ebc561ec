"""Grade a class: several submissions at a time, in phases. A run that was stopped can be continued."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from gradkit.submissions.intake.students import Student
from gradkit.submissions.sandbox.sandbox import Sandbox
from gradkit.submissions.transport.time_limit import BACKSTOP_FACTOR

from .. import unfinished
from ..one_submission.run_phases import check_workers
from ..orphans import adopt_orphans
from ..phases import PUBLIC, LaterPhase, Phase, list_later_phases
from ..report import Conditions
from ..suite import Suite
from .processes import JobResult, run_in_processes
from .reports_folder import lock_reports, report_path
from .student_steps import FINISHED, PhaseResult, StudentSteps

WORKER_SECONDS = 0.1
"""How long it takes at most to end a worker and start another: about three times the usual."""

GRACE_SECONDS = 60.0
"""How much longer than its student's code a grader process can take before it is killed: intake takes some time."""


@dataclass(frozen=True)
class GradedStudent:
    """A student whose report is written, or for whom it is known that there is none.

    Attributes:
        student: The student.
        seconds: How long the public phase took; None if the report of an earlier run was kept.
        reason: Why there is no report: an error in gradkit or in this machine. Empty if there is a report.
    """

    student: Student
    seconds: float | None
    reason: str = ""


@dataclass(frozen=True)
class ClassProgress:
    """Progress of a run.

    Attributes:
        phase: The name of the running phase.
        number: The number of the running phase, from 1.
        n_phases: How many phases there are.
        n_done: How many submissions have ended this phase.
        n_submissions: How many submissions are in this phase.
        max_seconds_left: How long this phase and the later ones still take at most, by the time limits.
    """

    phase: str
    number: int
    n_phases: int
    n_done: int
    n_submissions: int
    max_seconds_left: float


@dataclass(frozen=True)
class Classroom:
    """Grades a class.

    Attributes:
        suite: The items.
        conditions: What the reports say that the class was graded with.
        out: The folder of reports.
        isolated: Whether submissions run in a sandbox.
    """

    suite: Suite
    conditions: Conditions
    out: Path
    isolated: bool = True

    @property
    def steps(self) -> StudentSteps:
        """What a grader process does with a student."""
        return StudentSteps(self.suite, self.conditions, self.out)

    def report_path(self, student: Student) -> Path:
        """Return the path of a student's report."""
        return report_path(self.out, student.name)

    def grade(
        self, students: Sequence[Student], n_workers: int, observe: Callable[[ClassProgress], None] | None = None
    ) -> Iterator[GradedStudent]:
        """Grade every student; yield each one when the report is written, or when it is known that there is none.

        The report of an earlier run is kept if it was made under equal conditions of an equal submission.

        Args:
            students: The class.
            n_workers: How many submissions to grade at a time.
            observe: A function to call with the progress, several times a second.

        Raises:
            BusyError: If another run is writing to the same folder.
            SandboxError: If workers cannot be isolated on this machine.
            MissingPackageError: If an assignment uses a package that is not installed.
        """
        with lock_reports(self.out) as scratch:
            is_frozen = gc.get_freeze_count() > 0
            gc.collect()
            gc.freeze()  # otherwise each grader process would copy every page that its garbage collector visits
            try:
                yield from self._run_phases(scratch, students, n_workers, observe or _ignore)
            finally:
                if not is_frozen:
                    gc.unfreeze()
                unfinished.clear(self.out, [student.name for student in students])

    def _run_phases(
        self, scratch: Path, students: Sequence[Student], n_workers: int, observe: Callable[[ClassProgress], None]
    ) -> Iterator[GradedStudent]:
        """Run one phase after the other, each for the students whose submissions need it."""
        phases: list[Phase] = [PUBLIC, *list_later_phases(self.suite)]
        queues: dict[str, list[Student]] = {phase.name: [] for phase in phases}
        queues[PUBLIC.name] += students

        for number, phase in enumerate(phases, 1):
            queue = queues.pop(phase.name)
            if not queue and phase is not PUBLIC:  # the public phase also checks that workers start
                continue

            n_done = 0
            observe(self._progress(phases, number, n_done, queue, queues, n_workers))
            for done in self._run_phase(phase, scratch, queue, n_workers):
                if done:
                    n_done += 1
                    if done.value and done.value.next_phase != FINISHED:
                        queues[done.value.next_phase].append(done.student)
                    else:
                        yield GradedStudent(done.student, done.value.seconds if done.value else None, done.reason)
                observe(self._progress(phases, number, n_done, queue, queues, n_workers))

    def _run_phase(
        self, phase: Phase, scratch: Path, students: Sequence[Student], n_workers: int
    ) -> Iterator[JobResult[PhaseResult] | None]:
        """Run a phase for some students.

        At its end its processes have ended, and the files that workers shared are deleted.
        """
        with adopt_orphans() as await_orphans, Sandbox(scratch / "sandbox", self.isolated) as sandbox:
            if phase is PUBLIC:
                check_workers(sandbox, self.suite)
            for packages in phase.packages(self.suite):
                sandbox.prepare(packages)
            await_orphans()  # the workers that the check started

            steps = self.steps
            run = partial(steps.run_later, phase) if isinstance(phase, LaterPhase) else steps.run_public
            job = partial(run, scratch, sandbox)
            try:
                yield from run_in_processes(students, job, n_workers, self._max_job_seconds(phase))
            finally:
                await_orphans()

    def _progress(
        self,
        phases: Sequence[Phase],
        number: int,
        n_done: int,
        queue: Sequence[Student],
        queues: Mapping[str, Sequence[Student]],
        n_workers: int,
    ) -> ClassProgress:
        """Return how far the run is.

        Args:
            phases: All phases.
            number: The number of the running phase, from 1.
            n_done: How many submissions have ended the running phase.
            queue: The students of the running phase.
            queues: The students of each later phase so far, by its name. Those of the running phase can be added.
            n_workers: How many submissions are graded at a time.
        """
        phase = phases[number - 1]
        n_left = len(queue) - n_done
        n_unfinished = n_left + sum(map(len, queues.values()))
        seconds = self._max_seconds(phase, n_left, n_workers)
        for later in phases[number:]:
            seconds += self._max_seconds(later, n_unfinished, n_workers)
        return ClassProgress(phase.name, number, len(phases), n_done, len(queue), seconds)

    def _max_job_seconds(self, phase: Phase) -> float:
        """Return how long a phase of one submission takes at most. Each item can need a new worker."""
        code_seconds = BACKSTOP_FACTOR * phase.seconds(self.suite)
        return code_seconds + WORKER_SECONDS * len(phase.tests(self.suite)) + GRACE_SECONDS

    def _max_seconds(self, phase: Phase, n_submissions: int, n_workers: int) -> float:
        """Return how long a phase takes at most by the time limits, without the time for intake."""
        n_rounds = -(-n_submissions // n_workers)  # rounded up
        return n_rounds * (self._max_job_seconds(phase) - GRACE_SECONDS)


def _ignore(_progress: ClassProgress) -> None:
    """Observe nothing."""
