"""What the end of an item's test makes of the item: the same in self-check and in grading."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from gradkit.submissions.outcome import SubmissionError, Verdict
from gradkit.submissions.transport.clock import TimeIsUp

from .evidence import Evidence, NotPassed, of_error
from .excerpt import lines_at
from .loading import NotLoadedError
from .results import Item, ItemResult, Results

STUDENTS = (NotPassed, SubmissionError, TimeIsUp)
"""How an item ends when the fault is the student's; anything else is ours."""


def judge(results: Results, item: Item, error: BaseException | None, suite: Path) -> ItemResult | None:
    """Note how an item ended, and return its result; None where the fault is ours.

    error: what its test raised, if it did.
    suite: the file that the test stands in.
    """
    if error is None:
        return results.add(item, Verdict.PASSED)
    if isinstance(error, NotPassed):
        return results.add(item, error.verdict, lambda: error.evidence)
    if isinstance(error, SubmissionError):
        heading = error.heading if isinstance(error, NotLoadedError) else ""
        return results.add(item, error.verdict, partial(of_error, error, lines_at(error.__traceback__, suite), heading))
    if isinstance(error, TimeIsUp):
        return results.add(item, Verdict.TIMEOUT, partial(Evidence, Verdict.TIMEOUT, "Stopped at its limit."))
    return None


def must_not_run(results: Results, item: Item) -> NotPassed | None:
    """Why an item is not run at all, where something that it needs ended in a way that may well repeat."""
    waits_for = results.must_not_run(item)
    if not waits_for:
        return None
    return NotPassed(Verdict.BLOCKED, partial(Evidence, Verdict.BLOCKED, f"not run, for want of {waits_for[0]}"))
