"""The class before it is graded: who handed in, who is in the roster, and when. Errors in these files show now, and not
after an hour of grading.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from gradkit.catalogue.assignments import Assignment
from gradkit.catalogue.course_settings import CourseSettings
from gradkit.grader.report import Report
from gradkit.submissions.intake.students import Student

from .joining import JoinedClass, join_class
from .roster import RosterEntry, RosterError, read_roster
from .term import Term, head_of, index_hand_ins, list_hand_ins, read_heads, students_of
from .times import EXAMPLE, read_time


@dataclass(frozen=True)
class ClassList:
    """The class of a run, and the course's settings.

    Attributes:
        settings: The settings of the course.
        graded: The names of the assignments that are graded.
        roster: The roster; empty if there is none.
        joined: The students who handed in, joined with the roster.
        times: By graded assignment, when students handed in, by name, from the files that course.toml names.
        not_joined: By graded assignment, the entries of such a file that have a time, but no submission.
    """

    settings: CourseSettings
    graded: tuple[str, ...]
    roster: tuple[RosterEntry, ...]
    joined: JoinedClass
    times: Mapping[str, Mapping[str, datetime]]
    not_joined: Mapping[str, Sequence[RosterEntry]]

    @property
    def students(self) -> tuple[Student, ...]:
        """The students who handed in, with the ids that the roster gives them."""
        return self.joined.students


def read_class_list(settings: CourseSettings, students: Sequence[Student], graded: Sequence[str]) -> ClassList:
    """Read the roster and the times that a course has, and join them with the students who handed in.

    Args:
        settings: The settings of the course.
        students: All students who handed in, also those who are not graded now.
        graded: The names of the assignments that are graded.

    Raises:
        RosterError: If one of the files cannot be used.
    """
    roster = read_roster(settings.roster) if settings.roster else []
    if settings.roster and settings.sections:
        _check_sections(settings.roster, roster, settings.sections)

    joined = join_class(students, roster)
    times, not_joined = {}, {}
    for assignment in graded:
        path = settings.plan(assignment).times
        if path:
            times[assignment], not_joined[assignment] = _read_times(path, joined, settings)
    return ClassList(settings, tuple(graded), tuple(roster), joined, times, not_joined)


def read_term(class_list: ClassList, reports: Sequence[Report], folder: Path) -> Term:
    """Return the due dates of the term, and when the class handed in.

    Args:
        class_list: The class.
        reports: The reports of the assignments that are graded.
        folder: The folder that has a folder of reports for each assignment.
    """
    settings = class_list.settings
    heads = [head_of(report) for report in reports]
    graded = {name: list_hand_ins(name, heads, class_list.times.get(name, {})) for name in class_list.graded}

    earlier = {}
    for assignment in settings.chosen_assignments if settings.free_days else ():
        name, path = assignment.name, settings.plan(assignment.name).times
        if name in class_list.graded:
            continue
        found = read_heads(_find_reports(folder, assignment))
        joined = join_class(students_of(found), class_list.roster)
        times = _read_times(path, joined, settings)[0] if path and found else {}
        earlier[name] = index_hand_ins(list_hand_ins(name, found, times), joined)
    return Term(settings, graded, earlier)


def _find_reports(folder: Path, assignment: Assignment) -> Path:
    """Return the folder of an assignment's reports: its own, or else one of several assignments, such as `a1+a2`."""
    shared = [path for path in sorted(folder.glob("*+*")) if assignment.short in path.name.split("+")]
    folders = [folder / assignment.name, folder / "all", *shared]
    return next((path for path in folders if any(path.glob("*.json"))), folders[0])


def _read_times(
    path: Path, joined: JoinedClass, settings: CourseSettings
) -> tuple[dict[str, datetime], list[RosterEntry]]:
    """Read when students handed in. A time is a student's if it has the id of the roster, or else as join_class joins.

    Args:
        path: The file.
        joined: The students, joined with the roster.
        settings: The settings of the course.

    Returns:
        The times by the students' names, and the entries with a time that are none of these students.
    """
    zone = ZoneInfo(settings.time_zone)
    entries = [entry for entry in read_roster(path, needs_names=False) if entry.submitted]
    if not entries:
        raise RosterError(f"{path.name} has no times: it needs a column `submitted`, or be Moodle's grading worksheet.")
    known = {}
    for entry in entries:
        time = read_time(entry.submitted, zone)
        if time is None:
            raise RosterError(
                f"{path.name}, line {entry.line}: {entry.submitted!r} is not a time. Write it as in {EXAMPLE}."
            )
        known[entry.id] = time
    by_times = join_class(joined.students, entries)
    times: dict[str, datetime] = {}
    used = set()
    for name in (student.name for student in joined.students):
        ids = [each.id for each in joined.entries_of(name) if each.id in known]
        ids = ids or [each.id for each in by_times.entries_of(name)]
        if ids:
            times[name] = max(known[each] for each in ids)
        used.update(ids)
    return times, [entry for entry in entries if entry.id not in used]


def _check_sections(path: Path, roster: Sequence[RosterEntry], sections: Sequence[str]) -> None:
    """Check that every section of the roster is one of the course's. A misspelt one would have another due date."""
    for entry in roster:
        if entry.section and not set(entry.sections) & set(sections):
            nearest = difflib.get_close_matches(entry.section, sections, 1, 0.5)
            hint = f"Did you mean {nearest[0]}?" if nearest else f"Choose from: {', '.join(sections)}."
            raise RosterError(f"{path.name}, line {entry.line}: there is no section {entry.section!r}. {hint}")
