"""Run an item of the private phase again and show it to the instructor alone, who can then answer an appeal."""

from __future__ import annotations

from pathlib import Path

from gradkit.catalogue.subjects import SUBJECTS
from gradkit.corpora.library import Library
from gradkit.errors import UserError
from gradkit.submissions.intake.sources import Source
from gradkit.submissions.intake.take_in import take_in
from gradkit.submissions.outcome import Verdict
from gradkit.submissions.sandbox.packages import MissingPackageError
from gradkit.submissions.sandbox.sandbox import Sandbox, SandboxError
from gradkit.submissions.transport.pipe import PipeTransport
from gradkit.suite.checks.cases import whole_programs
from gradkit.suite.collection import GradedTest, run_test
from gradkit.suite.evidence import Evidence
from gradkit.suite.outcomes import STUDENT_ERRORS, result_as_drawn
from gradkit.suite.results import ItemResult, make_result

from ..phases import PRIVATE, is_private
from ..report import Report
from ..suite import GraderError, Suite
from .run_phases import open_transport

_PASSES = "It passes by itself, in a new worker. If the report says otherwise, time or an earlier item decided."


class NotPrivateError(UserError):
    """An item cannot be explained privately; the message says why."""


def find_private_test(suite: Suite, item: str) -> GradedTest:
    """Return the test of an item that the private phase runs.

    Args:
        suite: The items, with the private seed.
        item: The item's id.

    Raises:
        NotPrivateError: If the course does not have the item any more, or the private phase does not run it.
    """
    test = next((test for test in suite.tests if test.item.id == item), None)
    if test is None:
        raise NotPrivateError(f"The course does not have the item {item} any more.")
    if not is_private(suite, test):
        raise NotPrivateError(f"{item} has public cases only: explain it without --private.")
    return test


def explain_privately(suite: Suite, report: Report, test: GradedTest, source: Source, scratch: Path) -> ItemResult:
    """Run a test of the private phase on a submission, and return its result with the failing case as it was drawn.

    Args:
        suite: The items, with the private seed.
        report: The submission's report.
        test: A test that `find_private_test` returned.
        source: What the student handed in.
        scratch: An empty folder.

    Raises:
        NotPrivateError: If the submission is not the one of the report, or cannot be used.
        SandboxError, MissingPackageError, OSError: If no worker can be started.
        GraderError: If the test ended in a way that is not a verdict.
    """
    folder = scratch / "submission"
    intake = take_in(source, folder, suite.modules, suite.notebook, suite.builds_on)
    if intake.digest != report.submission:
        raise NotPrivateError(f"The submission of {report.student} has changed since it was graded: grade it again.")
    if intake.failure:
        raise NotPrivateError(f"Nothing of {report.student} can be run: {intake.failure.message}")

    assignment = suite.assignment(test.item.assignment)
    (library,) = PRIVATE.libraries(suite, test)
    with Sandbox(scratch / "sandbox") as sandbox, whole_programs():
        transport = open_transport(sandbox, folder, PRIVATE.seconds(suite))
        transport.start_item(PRIVATE.limit_factor * assignment.item_seconds, assignment.packages)
        try:
            return _run(test, transport, library)
        finally:
            transport.close()


def _run(test: GradedTest, transport: PipeTransport, library: Library) -> ItemResult:
    """Run a test and return its result, with the failing case as it was drawn."""
    try:
        run_test(test, {name: transport.load(*SUBJECTS[name]) for name in test.subjects}, library)
        transport.finish_item()
    except STUDENT_ERRORS as error:
        return result_as_drawn(test.item, error, test.path)
    except (SandboxError, MissingPackageError, OSError):
        raise
    except Exception as error:
        raise GraderError(f"{test.item.id} ended with {type(error).__name__}: {error}") from error
    return make_result(test.item, Verdict.PASSED, Evidence(_PASSES))
