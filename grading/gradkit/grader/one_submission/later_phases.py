"""The later phases: run items on secret corpora or with the reference's files, and return which ones pass."""

from __future__ import annotations

from collections.abc import Iterable

from gradkit.catalogue.subjects import SUBJECTS
from gradkit.submissions.outcome import SubmissionError
from gradkit.submissions.sandbox.packages import MissingPackageError
from gradkit.submissions.sandbox.sandbox import SandboxError
from gradkit.submissions.transport.pipe import PipeTransport
from gradkit.suite.collection import GradedTest, run_test
from gradkit.suite.failures import NotPassed

from ..phases import LaterPhase
from ..suite import GraderError, Suite


def run_later_phase(
    suite: Suite, phase: LaterPhase, tests: Iterable[GradedTest], transport: PipeTransport
) -> tuple[str, ...]:
    """Run tests in a later phase, and return the ids of the items that pass.

    Prerequisites are not checked, and after an item that did not pass the next one gets a new worker. So the result of
    an item depends on the other items in one way only: they share the time limit of their assignment.

    Args:
        suite: The items.
        phase: The phase.
        tests: The tests to run.
        transport: The submission; in a reference retry with the reference's files in it.

    Raises:
        GraderError: If a test ended in a way that is not a verdict. The message names the item and nothing else,
            because the submission may have read a secret.
        SandboxError, MissingPackageError, OSError: If no worker can be started.
    """
    seconds_left = {each.name: phase.limit_factor * each.submission_seconds for each in suite.all_assignments}
    passed = []
    failed: set[str] = set()
    for test in tests:
        if not phase.can_still_decide(suite, test, failed):
            continue
        assignment = suite.assignment(test.item.assignment)
        seconds = min(phase.limit_factor * assignment.item_seconds, seconds_left[assignment.name])
        if seconds <= 0:
            continue

        spent_before = transport.spent_seconds
        transport.start_item(seconds, assignment.packages)
        if _passes(suite, phase, test, transport):
            passed.append(test.item.id)
        else:
            failed.add(assignment.name)
            transport.close()
        seconds_left[assignment.name] -= transport.spent_seconds - spent_before
    return tuple(passed)


def _passes(suite: Suite, phase: LaterPhase, test: GradedTest, transport: PipeTransport) -> bool:
    """Run a test on every corpus of the phase, and return whether it passes all of them."""
    try:
        subjects = {name: transport.load(*SUBJECTS[name]) for name in test.subjects}
        for library in phase.libraries(suite, test):
            run_test(test, subjects, library)
        transport.finish_item()
    except (NotPassed, SubmissionError):
        return False
    except (SandboxError, MissingPackageError, OSError):
        raise
    except Exception as error:
        raise GraderError(f"{test.item.id} ended with {type(error).__name__}") from None
    return True
