"""Make an item's result from the way in which its test ended: the same in self-check and in grading."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import msgspec

from gradkit.submissions.outcome import SubmissionError, Verdict
from gradkit.submissions.transport.clock import TimeIsUp

from .diagnosis.find_hint import HintSource, find_hint
from .evidence import Evidence
from .excerpt import excerpt_at
from .explanations import explain_error
from .failures import Explained, Failure, NotPassed
from .loading import NotLoadedError
from .reproduction import RunProgram, make_reproducible
from .results import Item, ItemResult, Results, make_result

StudentError = NotPassed | SubmissionError | TimeIsUp

STUDENT_ERRORS = (NotPassed, SubmissionError, TimeIsUp)
"""How a test ends because of the student's code. Any other exception is an error in the test or in gradkit."""


@dataclass(frozen=True)
class Block:
    """What blocks an item from outside the graded assignments.

    Attributes:
        blocked_by: The ids of the items that failed.
        evidence: The evidence of the first of them.
    """

    blocked_by: tuple[str, ...]
    evidence: Evidence


FindBlock = Callable[[Results, Item], Block | None]
"""Finds what blocks an item that failed: see earlier.py."""


def record_outcome(
    results: Results,
    item: Item,
    error: BaseException | None,
    path: Path,
    find_block: FindBlock | None = None,
    run_program: RunProgram | None = None,
    explain_blocked: bool = False,
    hint_source: HintSource | None = None,
) -> ItemResult | None:
    """Record the result of an item: passed, blocked (without evidence), or explained now.

    A failure counts as blocked if a prerequisite failed. A stub is never blocked.

    Args:
        results: The results so far, to which this one is added.
        item: The item.
        error: The exception that its test raised, or None if it passed.
        path: The file of the test.
        find_block: Finds what blocks a failed item from outside the graded assignments; None if all are graded.
        run_program: Runs a program once more before it is shown. Without it, programs are shown as they are.
        explain_blocked: Whether to add what a blocked item shows if nothing blocks it to `results.unblocked`. It is
            needed if the items that block it can pass later, as in a reference retry.
        hint_source: The student's code, to be asked more questions for a hint; None if it must not be asked.

    Returns:
        The result, or None if the error is not the student's: then nothing is recorded.
    """
    if error is None:
        result = make_result(item, Verdict.PASSED)
    elif isinstance(error, STUDENT_ERRORS):
        failure = make_failure(error, path)
        explain = partial(_result_of_failure, item, failure, run_program=run_program, hint_source=hint_source)
        result = explain(results.failed_prerequisites(item))
        if explain_blocked:
            is_blocked = result.verdict is Verdict.BLOCKED
            results.unblocked[item.id] = explain(()) if is_blocked else result
        if find_block and result.evidence and _can_be_blocked(result, error):
            block = find_block(results, item)
            if block:
                if result.verdict.stops_dependents:
                    results.stopping.update(block.blocked_by)
                result = make_result(item, Verdict.BLOCKED, block.evidence, block.blocked_by)
        if result.verdict is not Verdict.BLOCKED:
            results.unblocked.pop(item.id, None)
    else:
        return None
    results.add(result)
    return result


def _result_of_failure(
    item: Item,
    failure: Failure,
    blocked_by: tuple[str, ...],
    run_program: RunProgram | None,
    hint_source: HintSource | None,
) -> ItemResult:
    """Return the result of an item that did not pass, given the ids of its failed prerequisites."""
    if blocked_by and failure.verdict is not Verdict.NOT_IMPLEMENTED:
        return make_result(item, Verdict.BLOCKED, blocked_by=blocked_by)
    evidence = failure.explain()
    if run_program:
        evidence = make_reproducible(failure.verdict, evidence, failure.longer_program(), run_program)
    return make_result(item, failure.verdict, add_hint(item, failure.verdict, evidence, hint_source))


def _can_be_blocked(result: ItemResult, error: BaseException) -> bool:
    """Return whether items of other assignments can explain a failure. They would repeat that of an import."""
    return not result.hidden and result.verdict is not Verdict.NOT_IMPLEMENTED and not isinstance(error, NotLoadedError)


def result_as_drawn(item: Item, error: StudentError, path: Path) -> ItemResult:
    """Return the result of an item that ended by itself, with its case as it was drawn. Only instructors may see it.

    Args:
        item: The item.
        error: The error that its test raised.
        path: The file of the test.
    """
    failure = make_failure(error, path)
    return make_result(item, failure.verdict, add_hint(item, failure.verdict, failure.as_drawn(), None))


def make_failure(error: StudentError, path: Path) -> Failure:
    """Make the failure from the error of a test.

    Args:
        error: The error that a test raised.
        path: The file of the test.
    """
    if isinstance(error, NotPassed):
        return error.failure
    if isinstance(error, SubmissionError):
        heading = error.heading if isinstance(error, NotLoadedError) else ""
        excerpt = excerpt_at(error.__traceback__, path)
        return Explained(error.verdict, explain_error(error, excerpt.lines, heading), excerpt.longer)
    return Explained(Verdict.TIMEOUT, Evidence("Stopped at its limit."))


def add_hint(item: Item, verdict: Verdict, evidence: Evidence, hint_source: HintSource | None) -> Evidence:
    """Return the evidence with the hint that is the most certain one."""
    hint = find_hint(item, verdict, evidence, hint_source)
    return msgspec.structs.replace(evidence, hint=hint) if hint != evidence.hint else evidence


def reason_to_skip(results: Results, item: Item) -> NotPassed | None:
    """Return the reason for skipping an item, or None if it should run.

    A prerequisite ran out of time or memory, or crashed, so this item would too.
    """
    stopped_by = results.prerequisites_that_stop(item)
    if not stopped_by:
        return None
    message = f"Not run: it needs {stopped_by[0]}, which did not pass."
    return NotPassed(Explained(Verdict.BLOCKED, Evidence(message)))
