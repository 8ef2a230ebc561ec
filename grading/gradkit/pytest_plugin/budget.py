"""The time that a student's code has in each assignment."""

from __future__ import annotations

from collections import defaultdict

from gradkit.catalogue.assignments import Assignment
from gradkit.submissions.transport.protocol import Transport


class Budget:
    """Count the seconds that a student's code has run, by assignment.

    Args:
        transport: The submission. It counts the seconds of all items together.
    """

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._spent: defaultdict[str, float] = defaultdict(float)
        """Seconds spent in each assignment, without the current item."""
        self._assignment = ""
        """The assignment of the current item."""
        self._spent_before = 0.0
        """Seconds spent in all items before the current one."""

    def start_item(self, assignment: Assignment) -> float:
        """End the current item and start one of an assignment.

        Returns:
            The seconds that are left for the assignment.
        """
        spent = self._transport.spent_seconds
        self._spent[self._assignment] += spent - self._spent_before
        self._assignment, self._spent_before = assignment.name, spent
        return assignment.submission_seconds - self._spent[assignment.name]

    def exclude(self, seconds: float) -> None:
        """Do not count these seconds of the current item."""
        self._spent_before += seconds
