"""Verdicts: how an item can end. And the exception that carries a verdict when the student's code fails."""

from __future__ import annotations

from enum import Enum


class Verdict(str, Enum):
    """The result of an item: exactly one of these. docs/grading.md says what each means."""

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
        """Whether items that depend on this one are not run, because they would probably end in the same way."""
        return self in (Verdict.TIMEOUT, Verdict.OUT_OF_MEMORY, Verdict.CRASHED)

    @property
    def keeps_worker(self) -> bool:
        """Whether the student's code can run again at once, in the same process."""
        return self in (Verdict.FAILED, Verdict.ERROR, Verdict.NOT_IMPLEMENTED)


class SubmissionError(Exception):
    """The student's code failed: it raised an exception, reached a limit, ended its process, or cannot be used.

    Args:
        verdict: The verdict of the item.
        message: The last line of a traceback, or a sentence.
        traceback: The frames of the student's code, as text; can be empty.
    """

    def __init__(self, verdict: Verdict, message: str, traceback: str = "") -> None:
        super().__init__(message)
        self.verdict = verdict
        self.message = message
        self.traceback = traceback
