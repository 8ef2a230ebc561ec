"""The grades of a class: every report, with the student's entry in the roster, and what lateness takes of the points.

A student who handed in nothing has a grade without a report: no points, which differs from 0 points.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

from gradkit.catalogue.course_settings import CourseSettings
from gradkit.grader.report import Report
from gradkit.submissions.intake.students import safe_name

from .class_list import ClassList, read_term
from .joining import JoinedClass
from .lateness import Lateness
from .roster import RosterEntry
from .term import find_due_date, is_handed_in

MAX_LISTED = 100
"""Students that a line for the instructor lists. The others are in grades.csv."""


class Status(Enum):
    """How a student of the class and a submission belong together."""

    GRADED = "graded"
    ABSENT = "absent"
    UNCLEAR = "unclear"
    NOT_IN_ROSTER = "not in the roster"


@dataclass(frozen=True)
class Grade:
    """What a student gets.

    Attributes:
        student: The student's name in reports; for an absent student, the name in the roster.
        status: Whether there is a report, and whether the student is in the roster.
        report: The report; None if nothing was handed in, or nobody knows which submission is this student's.
        entry: The student's entry in the roster, if there is one.
        lateness: How late the submission is, by assignment: those that have a due date.
    """

    student: str
    status: Status
    report: Report | None = None
    entry: RosterEntry | None = None
    lateness: Mapping[str, Lateness] = field(default_factory=dict)

    @property
    def final_points(self) -> float:
        """The points that are left after what lateness takes. A student without a report has none, which is not 0.

        Raises:
            ValueError: If the grade has no report.
        """
        if self.report is None:
            raise ValueError(f"{self.student} has no report")
        points = 0.0
        for assignment, (earned, _) in self.report.points_by_assignment().items():
            lateness = self.lateness.get(assignment)
            points += lateness.reduce(earned) if lateness else earned
        return round(points, 2)


@dataclass(frozen=True)
class ClassGrades:
    """The grades of a class.

    Attributes:
        grades: The grades: those of the reports in their order, then those of the other students in the roster. A
            group's report has a grade for each member.
        notes: Sentences for the instructor.
        has_roster: Whether there is a roster.
        has_due_dates: Whether a graded assignment has a due date.
    """

    grades: tuple[Grade, ...]
    notes: tuple[str, ...] = ()
    has_roster: bool = False
    has_due_dates: bool = False


def make_plain_grades(reports: Sequence[Report]) -> ClassGrades:
    """Return the grades of a class without a roster and due dates."""
    return ClassGrades(tuple(Grade(report.student, Status.GRADED, report) for report in reports))


def make_grades(class_list: ClassList, reports: Sequence[Report], folder: Path) -> ClassGrades:
    """Return the grades of a class.

    Args:
        class_list: The class, joined with the roster.
        reports: The reports of the students who handed in.
        folder: The folder that has a folder of reports for each assignment: what was handed in late before uses up
            free days.
    """
    joined, settings = class_list.joined, class_list.settings
    term = read_term(class_list, reports, folder)
    statuses = {each.student: Status.UNCLEAR if each.candidates else Status.NOT_IN_ROSTER for each in joined.unjoined}
    grades = []
    for report in reports:
        entries = joined.entries_of(report.student)
        for entry in entries:
            lateness = term.find_lateness(report.student, entry)
            grades.append(Grade(report.student, Status.GRADED, report, entry, lateness))
        if not entries:
            status = statuses.get(report.student, Status.GRADED)
            grades.append(Grade(report.student, status, report, None, term.find_lateness(report.student, None)))
    n_called = Counter(
        [*(report.student for report in reports), *(safe_name(entry.name) for entry in class_list.roster)]
    )
    for status, without_report in ((Status.ABSENT, joined.absent), (Status.UNCLEAR, joined.unclear)):
        for entry in without_report:
            name = safe_name(entry.name)
            grades.append(Grade(name if n_called[name] == 1 else safe_name(str(entry)), status, entry=entry))

    plans = [settings.plan(name) for name in class_list.graded]
    notes = [
        *_describe_roster(joined),
        *_describe_lateness(grades),
        *_describe_missing_due_dates(settings, grades),
        *_describe_missing_submissions(class_list),
        *_describe_extensions(class_list),
    ]
    has_due_dates = any(plan.due or plan.due_by_section for plan in plans)
    return ClassGrades(tuple(grades), tuple(notes), joined.has_roster, has_due_dates)


def _describe_roster(joined: JoinedClass) -> list[str]:
    """Say who is absent, and which submissions belong to nobody in the roster."""
    notes = []
    if joined.absent:
        notes.append(f"Absent, nothing handed in: {_list(map(str, joined.absent))}.")
    unknown = [each.student for each in joined.unjoined if not each.candidates]
    if unknown:
        notes.append(
            f"Not in the roster, but graded: {_list(unknown)}. If one is a student of the roster, write this name into "
            "the roster's column `login`."
        )
    unclear = [each for each in joined.unjoined if each.candidates]
    for each in unclear[:MAX_LISTED]:
        candidates = _list(map(str, each.candidates), " or ")
        notes.append(
            f"{each.student}: graded, but it is not clear whether this is {candidates}. Write {each.student} into the "
            "column `login` of the right one."
        )
    if len(unclear) > MAX_LISTED:
        notes.append(f"and {len(unclear) - MAX_LISTED} more submissions whose student is not clear: see grades.csv.")
    return notes


def _describe_lateness(grades: Iterable[Grade]) -> list[str]:
    """Say whose time of submission is not known."""
    late, unknown = [], []
    for grade in grades:
        for lateness in grade.lateness.values():
            if lateness.is_unknown:
                late.append(grade.student)
            elif lateness.submitted is None:
                unknown.append(grade.student)
    notes = []
    if late:
        notes.append(
            f"Late by an unknown time, so no penalty was taken: {_list(dict.fromkeys(late))}. Write the time into a "
            "file that `times` in course.toml names."
        )
    if unknown:
        n_students = len(set(unknown))
        notes.append(
            f"{n_students} {'submission has' if n_students == 1 else 'submissions have'} no time, and no mark of being "
            "late: taken as on time."
        )
    return notes


def _describe_missing_due_dates(settings: CourseSettings, grades: Iterable[Grade]) -> list[str]:
    """Name those for whom an assignment has no due date, although it has one for some sections."""
    notes = []
    for assignment in [each for each in settings.chosen_assignments if settings.plan(each.name).due_by_section]:
        without = [
            grade.student
            for grade in grades
            if grade.report
            and assignment.name in grade.report.points_by_assignment()
            and is_handed_in(assignment.name, grade.report.missing)
            and find_due_date(settings, assignment.name, grade.student, grade.entry) is None
        ]
        if without:
            notes.append(
                f"{assignment.name} has no due date for {_list(without)}, so no penalty was taken: they are in none of "
                "the sections of `due_by_section`. Correct the roster, or add `due`."
            )
    return notes


def _describe_missing_submissions(class_list: ClassList) -> list[str]:
    """Name those who handed in, according to a list of times, and whose submission is not known."""
    return [
        f"Handed in {assignment} according to its times, but no submission is surely theirs: "
        f"{_list(map(str, entries))}. Was the whole class downloaded?"
        for assignment, entries in class_list.not_joined.items()
        if entries
    ]


def _describe_extensions(class_list: ClassList) -> list[str]:
    """Name the extensions that are nobody's: a misspelt name would cost the student points."""
    known = {student.name for student in class_list.students} | {entry.id for entry in class_list.roster}
    extensions = [each for each in class_list.settings.extension if each.assignment in class_list.graded]
    unknown = [each.student for each in extensions if each.student not in known]
    if not unknown:
        return []
    return [f"course.toml has extensions for students who do not exist: {_list(unknown)}. Correct these names."]


def _list(names: Iterable[str], separator: str = ", ") -> str:
    """List names, or as many of them as fit in a line."""
    known = list(names)
    more = f" and {len(known) - MAX_LISTED} more" if len(known) > MAX_LISTED else ""
    return separator.join(known[:MAX_LISTED]) + more
