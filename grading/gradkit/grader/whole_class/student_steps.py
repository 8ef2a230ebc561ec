"""What a grader process does with one student in one phase."""

from __future__ import annotations

import shutil
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import msgspec

from gradkit.errors import UserError
from gradkit.submissions.intake.students import Student
from gradkit.submissions.intake.take_in import Intake, Reader, make_reader, take_in
from gradkit.submissions.sandbox.sandbox import Sandbox

from .. import report, unfinished
from ..conditions import are_equivalent
from ..final_report import make_final_report
from ..one_submission.run_phases import find_passing_items, make_public_report
from ..phases import LaterPhase, next_phase
from ..report import Conditions, Report
from ..suite import Suite
from ..unfinished import Unfinished
from .reports_folder import replace_report, report_path

FINISHED = ""
"""The next phase of a submission whose report is written."""


@dataclass(frozen=True)
class PhaseResult:
    """The result of one phase for one student.

    Attributes:
        next_phase: The name of the phase that the submission needs next, or FINISHED.
        seconds: How long the public phase took; None if the report of an earlier run was kept.
    """

    next_phase: str
    seconds: float | None


@dataclass(frozen=True)
class StudentSteps:
    """Runs phases on one student's submission, and keeps what it finds in the folder of reports.

    Attributes:
        suite: The items.
        conditions: What the class is graded with.
        out: The folder of reports.
    """

    suite: Suite
    conditions: Conditions
    out: Path

    def run_public(self, scratch: Path, sandbox: Sandbox, student: Student) -> PhaseResult:
        """Take a submission in and run the public phase on it, unless an earlier run has done so.

        Args:
            scratch: The folder for temporary files of the run.
            sandbox: Where the worker runs.
            student: The student.
        """
        started = time.monotonic()
        folder = _submission_folder(scratch, student)
        suite = self.suite
        intake = take_in(student.source, folder, suite.modules, suite.notebook, suite.builds_on, _get_reader())
        intake = msgspec.structs.replace(intake, warnings=student.warnings + intake.warnings)
        earlier = self._read_earlier(student, intake)
        if earlier:
            current = msgspec.structs.replace(report.about_student(earlier, student), not_taken_in=intake.not_taken_in)
            if earlier != current:
                report.write(current, report_path(self.out, student.name))
            shutil.rmtree(folder, ignore_errors=True)
            unfinished.path_of(self.out, student.name).unlink(missing_ok=True)
            return PhaseResult(FINISHED, None)

        state = self._read_unfinished(student, intake)
        if state is None:
            public = make_public_report(student.name, intake, self.conditions, suite, sandbox, folder)
            state = Unfinished(
                report.about_student(public.report, student), time.monotonic() - started, unblocked=public.unblocked
            )
        phase = None if intake.failure else next_phase(suite, state.public, state.passed)
        return self._write(folder, student, state, phase)

    def run_later(self, phase: LaterPhase, scratch: Path, sandbox: Sandbox, student: Student) -> PhaseResult:
        """Run a later phase on a submission that was taken in before.

        Args:
            phase: The phase.
            scratch: The folder for temporary files of the run.
            sandbox: Where the worker runs.
            student: The student.

        Raises:
            UserError: If the file that holds the results of the earlier phases was deleted.
        """
        path = unfinished.path_of(self.out, student.name)
        state = unfinished.read(path)
        if state is None:
            raise UserError(f"{path} was deleted between two phases. Run the same command again.")
        folder = _submission_folder(scratch, student)
        copy = scratch / "with-reference" / student.name
        ids = find_passing_items(self.suite, phase, state.public, state.passed, sandbox, folder, copy)
        state = msgspec.structs.replace(state, passed={**state.passed, phase.name: ids})
        return self._write(folder, student, state, next_phase(self.suite, state.public, state.passed))

    def _write(self, folder: Path, student: Student, state: Unfinished, phase: LaterPhase | None) -> PhaseResult:
        """Write what is known of a submission: for the next phase, or as the report if there is no other phase.

        Args:
            folder: The files of the submission. They are deleted with the last phase.
            student: The student.
            state: What is known.
            phase: The next phase.
        """
        path = unfinished.path_of(self.out, student.name)
        if phase:
            unfinished.write(state, path)
            return PhaseResult(phase.name, state.seconds)
        final = make_final_report(self.suite, state.public, state.passed, state.unblocked)
        replace_report(final, self.out)
        path.unlink(missing_ok=True)
        shutil.rmtree(folder, ignore_errors=True)
        return PhaseResult(FINISHED, state.seconds)

    def _read_earlier(self, student: Student, intake: Intake) -> Report | None:
        """Return the report that an earlier run has left of this submission, or None if it cannot be kept."""
        try:
            earlier = report.read(report_path(self.out, student.name))
        except report.UnreadableError:
            return None
        return earlier if self._is_about(earlier, student, intake) else None

    def _read_unfinished(self, student: Student, intake: Intake) -> Unfinished | None:
        """Return what is known of this submission if an earlier run was stopped between two phases, else None."""
        state = unfinished.read(unfinished.path_of(self.out, student.name))
        return state if state and self._is_about(state.public, student, intake) else None

    def _is_about(self, earlier: Report, student: Student, intake: Intake) -> bool:
        """Return whether a report is about this submission, these items and these conditions."""
        return (
            earlier.student == student.name
            and earlier.submission == intake.digest
            and are_equivalent(earlier.conditions, self.conditions)
            and report.is_about(earlier, self.suite.items)
        )


def _submission_folder(scratch: Path, student: Student) -> Path:
    """Return the folder for the files of a student's submission."""
    return scratch / "submissions" / student.name


@cache
def _get_reader() -> Reader:
    """Return this grader process's reader of submissions."""
    return make_reader()
