"""The results of a class: every student's report, or the reason why there is none."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from gradkit.submissions.intake.students import Student

from ..report import Report, UnreadableError, read
from .classroom import ClassProgress, Classroom, GradedStudent


@dataclass(frozen=True)
class StudentResult:
    """A student's report, or the reason why there is none.

    Attributes:
        student: The student.
        report: The report; None if there is none.
        seconds: How long the public phase took; None if the report of an earlier run was kept.
        reason: Why there is no report; empty if there is one.
    """

    student: Student
    report: Report | None
    seconds: float | None = None
    reason: str = ""


def grade_class(
    classroom: Classroom,
    students: Sequence[Student],
    n_workers: int,
    observe_progress: Callable[[ClassProgress], None],
    observe_student: Callable[[GradedStudent], None],
) -> list[StudentResult]:
    """Grade a class and return its results, sorted by student name.

    Args:
        classroom: What the class is graded with.
        students: The class.
        n_workers: How many submissions to grade at a time.
        observe_progress: A function to call with the progress, several times a second.
        observe_student: A function to call with each student who is graded.

    Raises:
        BusyError, SandboxError, MissingPackageError: As `Classroom.grade` does.
    """
    graded = []
    for each in classroom.grade(students, n_workers, observe_progress):
        graded.append(each)
        observe_student(each)
    return read_results(classroom, graded)


def read_results(classroom: Classroom, graded: Sequence[GradedStudent]) -> list[StudentResult]:
    """Return the results of students who are graded, sorted by student name.

    Args:
        classroom: What they were graded with.
        graded: The students.
    """
    return [_read_result(classroom, each) for each in sorted(graded, key=lambda each: each.student.name)]


def _read_result(classroom: Classroom, graded: GradedStudent) -> StudentResult:
    """Read a student's report, which can have been deleted or damaged since it was written."""
    if graded.reason:
        return StudentResult(graded.student, None, reason=graded.reason)
    try:
        report = read(classroom.report_path(graded.student))
    except UnreadableError as error:
        reason = f"{error} Was it deleted? Run the same command again."
        return StudentResult(graded.student, None, reason=reason)
    return StudentResult(graded.student, report, graded.seconds)


def read_kept_reports(classroom: Classroom, students: Sequence[Student]) -> list[Report]:
    """Return the reports that earlier runs have left of students who were not graded, as far as they can be read.

    Args:
        classroom: What the others were graded with. Its folder has the reports.
        students: The students.
    """
    reports = []
    for student in students:
        with suppress(UnreadableError):
            reports.append(read(classroom.report_path(student)))
    return reports
