"""Run a phase, or all phases in order, on one submission whose files are in a folder."""

from __future__ import annotations

import shutil
from contextlib import closing
from functools import partial
from pathlib import Path

from gradkit.submissions.intake.take_in import Intake
from gradkit.submissions.sandbox.sandbox import Sandbox
from gradkit.submissions.transport.pipe import PipeTransport

from .. import report, report_check
from ..final_report import make_final_report
from ..orphans import adopt_orphans
from ..phases import PUBLIC, LaterPhase, PassedItems, RetryPhase, next_phase
from ..reference_retry import copy_with_reference, reference_files
from ..report import Conditions, PublicResult, Report
from ..suite import GraderError, Suite
from .later_phases import run_later_phase
from .public_phase import run_public_phase


def check_workers(sandbox: Sandbox, suite: Suite) -> None:
    """Check that a worker starts with the packages of every assignment.

    Raises:
        SandboxError: If a worker does not start.
        MissingPackageError: If a package is not installed.
    """
    for packages in dict.fromkeys(assignment.packages for assignment in suite.assignments):
        sandbox.check(packages)


def open_transport(sandbox: Sandbox, folder: Path, cpu_seconds: float) -> PipeTransport:
    """Return a transport to a submission. It starts a worker when the first item starts.

    Args:
        sandbox: Where the worker runs.
        folder: The files of the submission.
        cpu_seconds: Limit on the processor time of a worker.
    """
    return PipeTransport(partial(sandbox.start, folder, cpu_seconds), folder)


def make_public_report(
    student: str, intake: Intake, conditions: Conditions, suite: Suite, sandbox: Sandbox, folder: Path
) -> PublicResult:
    """Run the public phase on a submission, and return its report with what blocked items would show.

    Args:
        student: The student's name.
        intake: Result of the submission's intake.
        conditions: What the submission is graded with.
        suite: The items.
        sandbox: Where the worker runs.
        folder: The files of the submission.

    Raises:
        GraderError: If a test ended in a way that is not a verdict, or the results do not fit into a report.
    """
    with closing(open_transport(sandbox, folder, PUBLIC.seconds(suite))) as transport:
        results = run_public_phase(suite, intake, transport)
    made = report.make_report(student, intake, conditions, results)
    try:
        report_check.check(made)
        report_check.check_unblocked(made, results.unblocked)
    except ValueError as error:
        raise GraderError(f"the report cannot be written: {error}") from None
    return PublicResult(made, results.unblocked)


def find_passing_items(
    suite: Suite,
    phase: LaterPhase,
    public: Report,
    passed: PassedItems,
    sandbox: Sandbox,
    folder: Path,
    copy: Path,
) -> tuple[str, ...]:
    """Run a later phase on a submission, and return the ids of the items that pass.

    Args:
        suite: The items.
        phase: The phase.
        public: The report of the public phase.
        passed: The items that passed in the later phases that have ended.
        sandbox: Where the worker runs.
        folder: The files of the submission.
        copy: The folder in which a retry makes a copy of them with the reference's files. It is deleted at the end.

    Raises:
        GraderError: If a test ended in a way that is not a verdict.
        SandboxError, MissingPackageError, OSError: If no worker can be started.
    """
    tests = phase.tests_to_run(suite, public, passed)
    try:
        if isinstance(phase, RetryPhase):
            copy_with_reference(reference_files(phase.assignment, suite.reference), folder, copy)
            folder = copy
        with closing(open_transport(sandbox, folder, phase.seconds(suite))) as transport:
            return run_later_phase(suite, phase, tests, transport)
    finally:
        shutil.rmtree(copy, ignore_errors=True)


def grade_alone(
    student: str, intake: Intake, conditions: Conditions, suite: Suite, sandbox: Sandbox, scratch: Path, folder: Path
) -> Report:
    """Grade one submission by itself: run all phases, each later one in a new sandbox, and return the final report.

    Args:
        student: The student's name.
        intake: Result of the submission's intake.
        conditions: What the submission is graded with.
        suite: The items.
        sandbox: Where the public phase runs. Other submissions can have used it, but only in their public phases.
        scratch: A folder for the sandboxes of the later phases.
        folder: The files of the submission.

    Raises:
        GraderError: If a test ended in a way that is not a verdict.
        SandboxError, MissingPackageError, OSError: If no worker can be started.
    """
    with adopt_orphans() as await_orphans:
        result = make_public_report(student, intake, conditions, suite, sandbox, folder)
        await_orphans()

        public = result.report
        passed: dict[str, tuple[str, ...]] = {}
        while not intake.failure and (phase := next_phase(suite, public, passed)):
            with Sandbox(scratch / "sandbox") as new_sandbox:
                copy = scratch / "with-reference"
                passed[phase.name] = find_passing_items(suite, phase, public, passed, new_sandbox, folder, copy)
                await_orphans()
    return make_final_report(suite, public, passed, result.unblocked)
