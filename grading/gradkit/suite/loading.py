"""Loading what a submission offers: tried once, and a failing import settles every item that needs it."""

from __future__ import annotations

from functools import partial

from gradkit.catalogue.assignments import Assignment
from gradkit.catalogue.subjects import SUBJECTS
from gradkit.submissions.outcome import SubmissionError, Verdict
from gradkit.submissions.transport.protocol import Transport
from gradkit.submissions.transport.subject import Subject

from .evidence import Evidence, NotPassed


class NotLoadedError(SubmissionError):
    """One of SUBJECTS cannot be loaded. heading: what the trouble is called."""

    def __init__(self, module: str, ended: SubmissionError) -> None:
        super().__init__(ended.verdict, ended.message, ended.traceback)
        self.heading = f"{module}.py cannot be used yet"


class Loader:
    """Loads SUBJECTS through a transport. problem: why nothing of the submission can be used, if nothing can."""

    def __init__(self, transport: Transport, problem: SubmissionError | None = None) -> None:
        self._transport = transport
        self._ended: dict[str, SubmissionError] = dict.fromkeys(SUBJECTS, problem) if problem else {}
        """How loading a name of SUBJECTS, or importing a module, ended, where it ended badly."""

    def subject(self, name: str, in_a_hurry: bool) -> Subject:
        """One of SUBJECTS. Raises NotLoadedError where it cannot be loaded, or could not before.

        in_a_hurry: there is less time than an item has, so that running out of it proves nothing for later items.
        """
        module = SUBJECTS[name][0]
        ended = self._failure(name)
        if ended is None:
            try:
                return self._transport.load(*SUBJECTS[name])
            except SubmissionError as error:
                ended = error
                if not (in_a_hurry and error.verdict is Verdict.TIMEOUT):
                    # A name that is not there yet says nothing of the module's other names; a failing import does.
                    self._ended[name if error.verdict is Verdict.NOT_IMPLEMENTED else module] = error
        raise NotLoadedError(module, ended)

    def has_failed(self, name: str) -> bool:
        """Return whether one of SUBJECTS could not be loaded before."""
        return self._failure(name) is not None

    def _failure(self, name: str) -> SubmissionError | None:
        return self._ended.get(name) or self._ended.get(SUBJECTS[name][0])


def no_time_left(assignment: Assignment) -> NotPassed:
    """How an item ends that comes when its assignment's time is used up."""
    message = f"The {assignment.submission_seconds:g} s that a submission has for {assignment.name} are used up."
    return NotPassed(Verdict.TIMEOUT, partial(Evidence, Verdict.TIMEOUT, message))
