"""How late a submission is, and how many points that costs. Pure functions: the same dates give the same penalty."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

from gradkit.catalogue.course_settings import LateRule

ALL_POINTS = 100.0
"""Percentage that a submission loses if it comes too late to count."""

_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Lateness:
    """How late a submission of an assignment is.

    Attributes:
        due: When it was due for this student, with an extension if there is one.
        submitted: When it was handed in, in the time zone of `due`; None if that is not known.
        is_marked_late: Whether the download marks it as late.
        days: How many days it is late. A day that has begun counts.
        free_days: How many of these days cost nothing.
        percent: Percentage of the earned points that it loses.
    """

    due: datetime
    submitted: datetime | None
    is_marked_late: bool = False
    days: int = 0
    free_days: int = 0
    percent: float = 0.0

    @property
    def is_unknown(self) -> bool:
        """Whether it is late, and nobody knows by how much. Then it loses nothing."""
        return self.submitted is None and self.is_marked_late

    def __str__(self) -> str:
        """Return it in words: `2 days late (1 free)`; empty if it is not late."""
        if self.is_unknown:
            return "late by an unknown time"
        if not self.days:
            return ""
        free = f" ({self.free_days} free)" if self.free_days else ""
        return f"{self.days} {'day' if self.days == 1 else 'days'} late{free}"

    def reduce(self, points: float) -> float:
        """Return what is left of points, rounded to hundredths, half a hundredth upwards."""
        left = Decimal(str(points)) * (100 - Decimal(str(self.percent))) / 100
        return float(left.quantize(Decimal("0.01"), ROUND_HALF_UP))


def count_late_days(due: datetime, submitted: datetime, grace_minutes: int) -> int:
    """Return how many days late a submission is. A day that has begun counts.

    Args:
        due: When it was due.
        submitted: When it was handed in.
        grace_minutes: If it came within so many minutes after the due date, it is not late.
    """
    # In one zone Python subtracts local times, so a day ends at the same time of day when summer time ends, too.
    late = submitted.astimezone(due.tzinfo) - due
    if late <= timedelta(minutes=grace_minutes):
        return 0
    return -(-late // _DAY)  # rounded up


def find_lateness(
    due: datetime, submitted: datetime | None, is_marked_late: bool, rule: LateRule, free_days_left: int
) -> Lateness:
    """Return how late a submission is, and what it loses.

    A submission that comes too late to count uses no free days.

    Args:
        due: When it was due for this student.
        submitted: When it was handed in; None if that is not known.
        is_marked_late: Whether the download marks it as late.
        rule: The rule of the assignment.
        free_days_left: How many free days the student has left.
    """
    if submitted is None:
        return Lateness(due, None, is_marked_late)
    submitted = submitted.astimezone(due.tzinfo)
    days = count_late_days(due, submitted, rule.grace_minutes)
    if rule.max_days is not None and days > rule.max_days:
        return Lateness(due, submitted, is_marked_late, days, 0, ALL_POINTS)
    free_days = min(days, free_days_left)
    percent = min((days - free_days) * rule.percent_per_day, ALL_POINTS)
    return Lateness(due, submitted, is_marked_late, days, free_days, percent)
