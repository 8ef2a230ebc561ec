"""What a course file amounts to: the items and points of each assignment, its due dates, and the rules."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from gradkit.catalogue.course_settings import CourseSettings, LateRule, read_seed
from gradkit.catalogue.toml_files import SettingsError
from gradkit.suite.course_plan import CourseTests


@dataclass(frozen=True)
class AssignmentOverview:
    """An assignment of a course.

    Attributes:
        name: Its name.
        n_items: How many items are graded.
        points: Maximum points, without bonus items.
        bonus: Points of bonus items.
        off: The names of the items that are not graded.
        due: When it is due, for each section with a date of its own; "" is everyone else.
        late: What late submissions lose, in a phrase.
    """

    name: str
    n_items: int
    points: float
    bonus: float
    off: tuple[str, ...]
    due: dict[str, datetime]
    late: str


def list_assignments(settings: CourseSettings) -> Iterator[AssignmentOverview]:
    """Yield what a course makes of each of its assignments.

    Raises:
        CoursePlanError: If points cannot be given.
    """
    tests_of = CourseTests(settings)
    for assignment in settings.chosen_assignments:
        items = [test.item for test in tests_of(assignment)]
        plan = settings.plan(assignment.name)
        due = {**({"": plan.due} if plan.due else {}), **plan.due_by_section}
        yield AssignmentOverview(
            assignment.name,
            len(items),
            sum(item.points for item in items if not item.bonus),
            sum(item.points for item in items if item.bonus),
            plan.off,
            due,
            describe_late_rule(settings.late_rule(assignment.name)) if due else "",
        )


def describe_late_rule(rule: LateRule) -> str:
    """Return what late submissions lose, in a phrase."""
    parts = [f"{rule.percent_per_day:g} % a day" if rule.percent_per_day else "nothing"]
    if rule.grace_minutes:
        parts.append(f"after {rule.grace_minutes} minutes")
    if rule.max_days is not None:
        parts.append(f"all after {rule.max_days} days")
    return ", ".join(parts)


def list_facts(settings: CourseSettings) -> Iterator[str]:
    """Yield the other settings of a course, each in a sentence.

    Raises:
        SettingsError: If the roster is missing, or the seed's file or environment variable is missing or empty.
    """
    if settings.free_days:
        yield f"Each student has {settings.free_days} free late days in the term."
    for each in settings.extension:
        reason = f" ({each.reason})" if each.reason else ""
        yield f"{each.student} has until {show_date(each.until)} for {each.assignment}{reason}."
    if settings.sections:
        yield f"Sections: {', '.join(settings.sections)}."
    if settings.roster:
        if not settings.roster.is_file():
            raise SettingsError(f"`roster`: there is no file {settings.roster}.")
        yield f"The roster is {settings.roster}."
    if read_seed(settings) is None:
        yield "Graded on the graphs that students have: the course names no private seed."
    else:
        yield f"The private seed is in {settings.seed_file or f'the environment variable {settings.seed_env}'}."
    if not settings.sandbox:
        yield "Submissions run without a sandbox, with all the rights of whoever grades."


def show_date(date: datetime) -> str:
    """Return a date as the screen shows it, with its time zone."""
    return date.strftime("%Y-%m-%d %H:%M %Z")
