"""Load a submission's classes and functions. A failing import is tried once; all items that need it have its error."""

from __future__ import annotations

from gradkit.catalogue.assignments import Assignment
from gradkit.catalogue.subjects import SUBJECTS
from gradkit.submissions.outcome import SubmissionError, Verdict
from gradkit.submissions.transport.protocol import Transport
from gradkit.submissions.transport.subject import Subject

from .evidence import Evidence
from .failures import Explained, NotPassed


class NotLoadedError(SubmissionError):
    """One of SUBJECTS cannot be loaded. `heading` is a title for the failure."""

    def __init__(self, module: str, error: SubmissionError) -> None:
        super().__init__(error.verdict, error.message, error.traceback)
        self.heading = f"{module}.py cannot be used yet"


class Loader:
    """Load SUBJECTS through a transport, and remember which of them cannot be loaded.

    Args:
        transport: The submission.
        reason: Why nothing of the submission can be used; None if it can.
    """

    def __init__(self, transport: Transport, reason: SubmissionError | None = None) -> None:
        self._transport = transport
        self._errors: dict[str, SubmissionError] = dict.fromkeys(SUBJECTS, reason) if reason else {}
        """The error of loading a name of SUBJECTS or of importing a module, by this name."""

    def subject(self, name: str, is_short_of_time: bool) -> Subject:
        """Load one of SUBJECTS.

        Args:
            name: The subject's name.
            is_short_of_time: Whether less time is left than an item may take. A timeout is then not remembered, because
                with the full time the import might succeed.

        Raises:
            NotLoadedError: If it cannot be loaded, or could not be loaded before.
        """
        module = SUBJECTS[name][0]
        error = self._error(name)
        if error is None:
            try:
                return self._transport.load(*SUBJECTS[name])
            except SubmissionError as new_error:
                error = new_error
                if not (is_short_of_time and error.verdict is Verdict.TIMEOUT):
                    # A missing name says nothing of the module's other names. An import that ends the worker settles
                    # all of them.
                    self._errors[name if error.verdict.keeps_worker else module] = error
        raise NotLoadedError(module, error)

    def has_failed(self, name: str) -> bool:
        """Return whether one of SUBJECTS could not be loaded before."""
        return self._error(name) is not None

    def _error(self, name: str) -> SubmissionError | None:
        return self._errors.get(name) or self._errors.get(SUBJECTS[name][0])


def no_time_left(assignment: Assignment) -> NotPassed:
    """Return how an item ends whose assignment has no time left."""
    message = f"The {assignment.submission_seconds:g} s that a submission has for {assignment.name} are used up."
    return NotPassed(Explained(Verdict.TIMEOUT, Evidence(message)))
