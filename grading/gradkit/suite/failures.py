"""Failures: what a check that fails raises. A failure is a plain value that knows how to explain itself.

Explaining can take longer than the item itself, because it runs the student's code on smaller expressions, and an item
that is blocked by another is not explained at all. So a check only says what failed, and `record_outcome` (outcomes.py)
calls `explain`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

from gradkit.submissions.outcome import Verdict

from .evidence import Evidence

REDUCIBLE = (Verdict.ERROR, Verdict.FAILED)
"""Verdicts of failures that are shown with the smallest case that ends in the same way."""


class Failure(ABC):
    """Why an item did not pass."""

    verdict: Verdict

    @abstractmethod
    def explain(self) -> Evidence:
        """Return the evidence that students are shown. This can run the student's code."""

    def longer_program(self) -> tuple[str, ...]:
        """Return a longer program than that of the evidence, to show if the latter alone does not fail."""
        return ()

    def as_drawn(self) -> Evidence:
        """Return the evidence of the case as it was drawn, without reducing it. Runs none of the student's code."""
        return self.explain()


@dataclass(frozen=True)
class Explained(Failure):
    """A failure whose evidence is known already.

    Attributes:
        verdict: How the item ended.
        evidence: The evidence.
        longer: A longer program, for `longer_program`.
    """

    verdict: Verdict
    evidence: Evidence
    longer: tuple[str, ...] = ()

    def explain(self) -> Evidence:
        return self.evidence

    def longer_program(self) -> tuple[str, ...]:
        return self.longer


class NotPassed(Exception):
    """End an item that did not pass. Checks raise this."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure)
        self.failure = failure

    @property
    def verdict(self) -> Verdict:
        """The item's verdict, unless it is blocked by another."""
        return self.failure.verdict

    def __str__(self) -> str:
        return self.failure.as_drawn().message


def not_passed(evidence: Evidence, longer: tuple[str, ...] = ()) -> NotPassed:
    """Return the exception that ends an item as failed.

    Args:
        evidence: The evidence.
        longer: A longer program, to show if that of the evidence alone does not fail.
    """
    return NotPassed(Explained(Verdict.FAILED, evidence, longer))
