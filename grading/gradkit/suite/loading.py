"""Loading what a submission offers: tried once, and a failing import settles every item that needs it."""

from __future__ import annotations

from functools import partial

from ..submissions.outcome import SubmissionError, Verdict
from ..submissions.subject import Subject, Transport
from .assignments import Assignment
from .collection import SUBJECTS
from .evidence import Evidence, NotPassed


class Loader:
    """Loads SUBJECTS through a transport. problem: why nothing of the submission can be used, if nothing can."""

    def __init__(self, transport: Transport, problem: SubmissionError | None = None) -> None:
        self._transport = transport
        self._ended: dict[str, SubmissionError] = dict.fromkeys(SUBJECTS, problem) if problem else {}
        """How loading something ended, where it ended badly."""

    def subject(self, name: str, in_a_hurry: bool) -> Subject:
        """One of SUBJECTS. Raises SubmissionError where it cannot be loaded, or could not before.

        in_a_hurry: there is less time than an item has, so that running out of it proves nothing for later items.
        """
        ended = self._ended.get(name)
        if ended is None:
            try:
                return self._transport.load(*SUBJECTS[name])
            except SubmissionError as error:
                ended = error
                if not (in_a_hurry and error.verdict is Verdict.TIMEOUT):
                    self._ended[name] = error
        raise SubmissionError(ended.verdict, ended.message, ended.traceback)


def no_time_left(assignment: Assignment) -> NotPassed:
    """How an item ends that comes when its assignment's time is used up."""
    message = f"The {assignment.submission_seconds:g} s that a submission has for {assignment.name} are used up."
    return NotPassed(Verdict.TIMEOUT, partial(Evidence, Verdict.TIMEOUT, message))


def heading(name: str) -> str:
    """What the trouble is called where one of SUBJECTS cannot be loaded."""
    return f"{SUBJECTS[name][0]}.py cannot be used yet"
