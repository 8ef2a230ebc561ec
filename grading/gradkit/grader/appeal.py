"""Ask an item of the private phase once more, for the instructor alone, so that an appeal has an answer."""

from __future__ import annotations

from pathlib import Path

from gradkit.catalogue.subjects import SUBJECTS
from gradkit.errors import UserError
from gradkit.submissions.intake.take_in import take_in
from gradkit.submissions.outcome import SubmissionError, Verdict
from gradkit.submissions.sandbox.packages import MissingPackageError
from gradkit.submissions.sandbox.sandbox import Sandbox, SandboxError
from gradkit.suite.checks.cases import whole_programs
from gradkit.suite.collection import GradedTest
from gradkit.suite.evidence import Evidence, NotPassed, of_error
from gradkit.suite.excerpt import lines_at
from gradkit.suite.results import ItemResult

from .classroom import transport_to
from .grader import GraderError, Suite, call
from .phases import LATER_LIMIT_FACTOR, PRIVATE, is_private
from .report import Report


class NotPrivateError(UserError):
    """An item or a report has nothing private to be explained; the message says why."""


def private_test(suite: Suite, item: str) -> GradedTest:
    """Return the test of an item that the private phase asks.

    Args:
        suite: The items, with the private seed.
        item: The item's id.

    Raises: NotPrivateError if the private phase does not ask it.
    """
    test = next((test for test in suite.tests if test.item.id == item), None)
    if test is None:
        raise NotPrivateError(f"The course has no item {item} any more.")
    if not is_private(suite, test):
        raise NotPrivateError(f"{item} is asked on public cases alone: explain it without --private.")
    return test


def explained_privately(suite: Suite, report: Report, test: GradedTest, source: Path, scratch: Path) -> ItemResult:
    """Run a test of the private phase on a submission, and return its result with the failing case as it was drawn.

    Args:
        suite: The items, with the private seed.
        report: What the submission was graded as.
        test: One that `private_test` returned.
        source: The submission, a folder or a zip.
        scratch: An empty folder.

    Raises:
        NotPrivateError: The submission is not the one of the report, or cannot be used.
        SandboxError, MissingPackageError, OSError: No worker can be started.
        GraderError: The test ended in a way that is not a verdict.
    """
    folder = scratch / "submission"
    taken = take_in(source, folder, suite.modules, suite.notebook, suite.builds_on)
    if taken.digest != report.submission:
        raise NotPrivateError(f"{source} has changed since {report.student} was graded: grade it again.")
    if taken.problem:
        raise NotPrivateError(f"Nothing of {source} can be run: {taken.problem.message}")
    assignment = next(each for each in suite.assignments if each.name == test.item.assignment)
    library = suite.private if suite.private and suite.has_private_corpus(test) else suite.library
    with Sandbox(scratch / "sandbox") as sandbox, whole_programs():
        transport = transport_to(sandbox, folder, PRIVATE.seconds(suite))
        transport.start_item(LATER_LIMIT_FACTOR * assignment.item_seconds, assignment.packages)
        try:
            call(test, {name: transport.load(*SUBJECTS[name]) for name in test.subjects}, library)
            transport.finish_item()
        except NotPassed as ended:
            return ItemResult(test.item, ended.verdict, ended.evidence_as_drawn)
        except SubmissionError as ended:
            return ItemResult(test.item, ended.verdict, of_error(ended, lines_at(ended.__traceback__, test.path)))
        except (SandboxError, MissingPackageError, OSError):
            raise
        except Exception as error:
            raise GraderError(f"{test.item.id} ended with {type(error).__name__}: {error}") from error
        finally:
            transport.close()
    said = "It passes by itself, in a new worker. If the report says otherwise, time or an earlier item decided."
    return ItemResult(test.item, Verdict.PASSED, Evidence(Verdict.PASSED, said))
