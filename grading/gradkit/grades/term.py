"""What a class handed in over the term, and how late: free days are used up in the order of due dates."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

import msgspec

from gradkit.catalogue.assignments import assignments
from gradkit.catalogue.course_settings import CourseSettings
from gradkit.grader.report import Report
from gradkit.grader.report_check import MAX_REPORT_BYTES
from gradkit.submissions.intake.entries import read_start
from gradkit.submissions.intake.students import Student

from .joining import JoinedClass
from .lateness import Lateness, find_lateness
from .roster import RosterEntry
from .times import read_time


class ReportHead(msgspec.Struct, frozen=True):
    """The part of a report that says whose it is and when it was handed in. The rest of the file is not read.

    Attributes:
        student: The student's name in reports.
        ids: Ids of the student, by kind.
        submitted: When it was handed in, in ISO 8601; empty if that is not known.
        is_marked_late: Whether the download marks it as late.
        missing: The files to grade that were not handed in, without `.py`.
    """

    student: str
    ids: dict[str, str]
    submitted: str
    is_marked_late: bool
    missing: tuple[str, ...]


def head_of(report: Report) -> ReportHead:
    """Return the part of a report that says when the student handed in."""
    return ReportHead(report.student, report.ids, report.submitted, report.is_marked_late, report.missing)


def read_heads(folder: Path) -> list[ReportHead]:
    """Read when a class handed in, from an assignment's reports. Files that are not reports are left out.

    Args:
        folder: The folder of reports. It need not exist.
    """
    heads = []
    for path in sorted(folder.glob("*.json")):
        try:
            heads.append(msgspec.json.decode(read_start(path, MAX_REPORT_BYTES), type=ReportHead))
        except (OSError, ValueError, RecursionError):
            continue
    return heads


def is_handed_in(assignment: str, missing: Iterable[str]) -> bool:
    """Return whether at least one of an assignment's files was handed in.

    Args:
        assignment: The name of the assignment.
        missing: The files that were not handed in, without `.py`.
    """
    modules = next((each.modules for each in assignments() if each.name == assignment), ())
    return not set(modules) <= set(missing)


@dataclass(frozen=True)
class HandIn:
    """When a student handed in an assignment.

    Attributes:
        submitted: The time; None if it is not known.
        is_marked_late: Whether the download marks it as late.
    """

    submitted: datetime | None
    is_marked_late: bool


def list_hand_ins(assignment: str, heads: Iterable[ReportHead], times: Mapping[str, datetime]) -> dict[str, HandIn]:
    """Return when each student handed in an assignment, by the student's name in reports.

    Args:
        assignment: The name of the assignment.
        heads: The heads of the reports. Students without a file of this assignment are left out.
        times: When students handed in, by name, if another file says so than the download.
    """
    return {
        head.student: HandIn(times.get(head.student) or read_time(head.submitted, timezone.utc), head.is_marked_late)
        for head in heads
        if is_handed_in(assignment, head.missing)
    }


@dataclass(frozen=True)
class EarlierHandIns:
    """When a class handed in an assignment that is not graded now.

    Attributes:
        by_id: By the student's id in the roster.
        by_name: By the student's name in reports.
    """

    by_id: Mapping[str, HandIn]
    by_name: Mapping[str, HandIn]

    def find(self, student: str, entry: RosterEntry | None) -> HandIn | None:
        """Return when a student handed in; None if the student did not.

        Args:
            student: The student's name in the reports of the graded assignments.
            entry: The student's entry in the roster, if there is one.
        """
        return (self.by_id.get(entry.id) if entry else None) or self.by_name.get(student)


def index_hand_ins(hand_ins: Mapping[str, HandIn], joined: JoinedClass) -> EarlierHandIns:
    """Return hand-ins by the students' ids in the roster and by name.

    Args:
        hand_ins: The hand-ins by name.
        joined: These students, joined with the roster.
    """
    by_id = {entry.id: each for name, each in hand_ins.items() for entry in joined.entries_of(name)}
    return EarlierHandIns(by_id, hand_ins)


def students_of(heads: Iterable[ReportHead]) -> list[Student]:
    """Return the students that reports are about. Their submissions are not known."""
    return [Student(head.student, Path(), head.ids) for head in heads]


@dataclass(frozen=True)
class Term:
    """The due dates of the term, and when the class handed in.

    Attributes:
        settings: The settings of the course.
        graded: By assignment that is graded now, when each student handed in.
        earlier: The same for the other assignments.
    """

    settings: CourseSettings
    graded: Mapping[str, Mapping[str, HandIn]]
    earlier: Mapping[str, EarlierHandIns]

    def find_lateness(self, student: str, entry: RosterEntry | None) -> dict[str, Lateness]:
        """Return how late a student's submission is, for each graded assignment that has a due date.

        Args:
            student: The student's name in reports.
            entry: The student's entry in the roster, if there is one.
        """
        free_days_left = self.settings.free_days
        found = {}
        for due, assignment in sorted(self._due_dates(student, entry)):
            if assignment in self.graded:
                hand_in = self.graded[assignment].get(student)
            else:
                hand_in = self.earlier[assignment].find(student, entry)
            if hand_in is None:
                continue
            rule = self.settings.late_rule(assignment)
            lateness = find_lateness(due, hand_in.submitted, hand_in.is_marked_late, rule, free_days_left)
            free_days_left -= lateness.free_days
            if assignment in self.graded:
                found[assignment] = lateness
        return found

    def _due_dates(self, student: str, entry: RosterEntry | None) -> Iterable[tuple[datetime, str]]:
        """Yield when each assignment was due for a student."""
        for assignment in [*self.graded, *self.earlier]:
            due = find_due_date(self.settings, assignment, student, entry)
            if due is not None:
                yield due, assignment


def find_due_date(
    settings: CourseSettings, assignment: str, student: str, entry: RosterEntry | None
) -> datetime | None:
    """Return when an assignment is due for a student: in the latest of the student's sections, or with an extension.

    Args:
        settings: The settings of the course.
        assignment: The name of the assignment.
        student: The student's name in reports.
        entry: The student's entry in the roster, if there is one.
    """
    # Moodle's list of participants has groups and no sections.
    named = (entry.sections or entry.groups) if entry else []
    has_own_date = settings.plan(assignment).due_by_section.keys()
    sections = [section for section in named if section in has_own_date or section in settings.sections]
    dates = [due for due in (settings.due(assignment, section) for section in sections or [""]) if due]
    if not dates:
        return None
    extension = settings.extension_for(assignment, [student, entry.id if entry else ""])
    return max([*dates, extension.until] if extension else dates)
