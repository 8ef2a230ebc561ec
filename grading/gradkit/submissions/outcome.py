"""How a student's code can end, other than with an answer."""

from __future__ import annotations

from enum import Enum


class Verdict(str, Enum):
    """What an item ends as: exactly one of these."""

    PASSED = "passed"
    FAILED = "failed"
    ERROR = "error"
    NOT_IMPLEMENTED = "not_implemented"
    BLOCKED = "blocked"
    TIMEOUT = "timeout"
    OUT_OF_MEMORY = "out_of_memory"
    CRASHED = "crashed"
    PROTOCOL = "protocol"

    @property
    def stops_dependents(self) -> bool:
        """After such an end, items that need this one are not run."""
        return self in (Verdict.TIMEOUT, Verdict.OUT_OF_MEMORY, Verdict.CRASHED)


class SubmissionError(Exception):
    """A student's code did not give an answer.

    verdict:   what the item ends as.
    message:   the last line of a traceback, or a sentence.
    traceback: the student's own frames, as text; empty where there are none.
    """

    def __init__(self, verdict: Verdict, message: str, traceback: str = "") -> None:
        super().__init__(message)
        self.verdict = verdict
        self.message = message
        self.traceback = traceback
