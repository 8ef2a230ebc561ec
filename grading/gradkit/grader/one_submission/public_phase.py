"""The public phase: run every item on a submission with the public corpora, and record its verdict and evidence.

The worker receives nothing secret in this phase, so everything that a student is shown is made here. The later phases
decide only whether an item passes (phases.py).
"""

from __future__ import annotations

from gradkit.submissions.intake.take_in import Intake
from gradkit.submissions.outcome import SubmissionError
from gradkit.submissions.transport.protocol import Transport
from gradkit.submissions.transport.subject import Subject
from gradkit.suite.collection import GradedTest, run_test
from gradkit.suite.diagnosis.find_hint import HintSource
from gradkit.suite.diagnosis.student import Student
from gradkit.suite.earlier import EarlierItemError, EarlierItems
from gradkit.suite.failures import NotPassed
from gradkit.suite.loading import Loader, no_time_left
from gradkit.suite.outcomes import Block, make_failure, reason_to_skip, record_outcome
from gradkit.suite.reproduction import Programs
from gradkit.suite.results import Item, Results
from gradkit.suite.visibility import failure_for_report, make_hidden_result

from ..suite import GraderError, Suite


def run_public_phase(suite: Suite, intake: Intake, transport: Transport, run_hidden: bool = False) -> Results:
    """Return the result of every item on the public corpora.

    Args:
        suite: The items.
        intake: Result of the submission's intake. If it failed, the failure settles every item.
        transport: The submission.
        run_hidden: Whether to run hidden items too, as in an instructor's notebook. Otherwise they are recorded as
            failed, and a later phase decides about them.

    Raises:
        GraderError: If a test ended in a way that is not a verdict.
    """
    results = Results(list(suite.items))
    run = _PublicRun(suite, results, transport, intake.failure)
    not_run = []
    for test in suite.tests:
        if test.item.hidden and not run_hidden and not run.is_settled(test):
            not_run.append(test.item)
        else:
            run.run_item(test)

    results.stopped = transport.stopped
    # Hidden items are recorded last: no other item may be blocked by one that was not run.
    for item in not_run:
        results.add(make_hidden_result(item))
    results.by_id = {item.id: results.by_id[item.id] for item in results.collected}
    return results


class _PublicRun:
    """Runs items one after another on one submission, each within what is left of its assignment's time."""

    def __init__(self, suite: Suite, results: Results, transport: Transport, failure: SubmissionError | None) -> None:
        self._suite = suite
        self._results = results
        self._transport = transport
        self._loader = Loader(transport, failure)
        self._programs = Programs(transport)
        self._student = Student(transport)
        self._earlier = EarlierItems(suite.earlier, transport, suite.library)
        self._spent_seconds = {assignment.name: 0.0 for assignment in suite.assignments}

    def is_settled(self, test: GradedTest) -> bool:
        """Return whether a subject of the test could not be loaded before, so that running it would change nothing."""
        return any(self._loader.has_failed(name) for name in test.subjects)

    def run_item(self, test: GradedTest) -> None:
        """Run one item and record its result."""
        assignment = self._suite.assignment(test.item.assignment)
        seconds_left = assignment.submission_seconds - self._spent_seconds[assignment.name]
        spent_before = self._transport.spent_seconds

        error: BaseException | None = reason_to_skip(self._results, test.item)
        if error is None and seconds_left <= 0:
            error = no_time_left(assignment)
        if error is None:
            seconds = min(assignment.item_seconds, seconds_left)
            error = self._run(test, seconds, assignment.packages, is_short_of_time=seconds < assignment.item_seconds)

        hint_source = HintSource(self._student, test.settings.about, assignment.packages)
        spent_earlier = self._earlier.spent_seconds
        record_outcome(
            self._results,
            test.item,
            error,
            test.path,
            self._find_block,
            self._programs.run,
            hint_source=hint_source,
            explain_blocked=self._suite.has_retry(assignment),
        )
        spent = self._transport.spent_seconds - spent_before - (self._earlier.spent_seconds - spent_earlier)
        self._spent_seconds[assignment.name] += spent

    def _find_block(self, results: Results, item: Item) -> Block | None:
        """Find what blocks an item from outside the graded assignments: see EarlierItems."""
        try:
            return self._earlier.find_block(results, item)
        except EarlierItemError as error:
            raise GraderError(str(error)) from error

    def _run(
        self, test: GradedTest, seconds: float, packages: tuple[str, ...], is_short_of_time: bool
    ) -> NotPassed | SubmissionError | None:
        """Load a test's subjects and run it. Return why the submission did not pass, or None if it passed."""
        self._transport.start_item(seconds, packages)
        try:
            subjects = {name: self._loader.subject(name, is_short_of_time) for name in test.subjects}
        except SubmissionError as error:
            return error
        return self._run_with(test, subjects)

    def _run_with(self, test: GradedTest, subjects: dict[str, Subject]) -> NotPassed | None:
        """Run a test on its subjects. Return what a report may say of its failure, or None if it passed."""
        try:
            run_test(test, subjects, self._suite.library)
            self._transport.finish_item()
        except (NotPassed, SubmissionError) as error:
            return NotPassed(failure_for_report(test.item, make_failure(error, test.path)))
        except Exception as error:
            raise GraderError(f"{test.item.id} ended with {type(error).__name__}: {error}") from error
        return None
