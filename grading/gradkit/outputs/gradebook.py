"""Write reports into nbgrader's gradebook with its API: what its Autograde would have written, and nothing else.

Manual scores, comments and late penalties are never touched, and extra credit only where the course has bonus items.
Writing the same report again changes nothing, so a run can be stopped anywhere and repeated.
"""

from __future__ import annotations

import importlib.util
import logging
import os
import re
import sys
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gradkit.catalogue.assignments import Assignment, Task, assignments
from gradkit.errors import UserError
from gradkit.grader.report import Report
from gradkit.grader.suite import Suite
from gradkit.grades.roster import RosterEntry
from gradkit.grades.times import read_time
from gradkit.submissions.intake.sources import Source
from gradkit.submissions.intake.students import Student, safe_name
from gradkit.suite.results import Item, ItemResult

from .timestamps import read_timestamp

if TYPE_CHECKING:
    from nbgrader.api import Gradebook
    from sqlalchemy import URL

MAX_ID_BYTES = 128
"""Bytes of a student's id in nbgrader's table."""

MAX_FIELD_LENGTH = 128
"""Characters of a student's name, e-mail address and id of the learning platform in nbgrader's table."""

CONNECT_SECONDS = 10
"""How long to wait for a PostgreSQL server that does not answer, unless PGCONNECT_TIMEOUT says otherwise."""

_TRIES = 3
"""How often a report is written if another run gets in between. It can enter the same student, then the submission."""

_NO_URL = (
    "This is not a database URL; one is like postgresql+psycopg://user:password@host/database. "
    "In a password, @ is written as %40."
)


class GradebookError(UserError):
    """The gradebook cannot be written. The message says what to do."""


@dataclass(frozen=True)
class _GradeCells:
    """The grade cells of an assignment in the gradebook: the task of each, by the cell's key."""

    assignment: Assignment
    tasks: dict[str, Task]


class GradebookWriter:
    """Writes reports into nbgrader's gradebook, opened for the assignments of a suite."""

    def __init__(self, gradebook: Gradebook, suite: Suite) -> None:
        self._gradebook = gradebook
        gradebook.db().expire_on_commit = False  # otherwise nbgrader reads the assignment's cells after every commit
        items = {item.id: item for item in suite.items}
        self._cells = [_find_grade_cells(gradebook, assignment, items) for assignment in suite.assignments]

    def write(self, student: Student, report: Report, entry: RosterEntry | None = None) -> bool:
        """Write a report, except for assignments of which nothing was handed in (see `not_handed_in`).

        Args:
            student: The student, with the folder of the submission.
            report: The report.
            entry: The student's entry in the roster, if there is one.

        Returns:
            Whether the submission is late, by the due date and the timestamp that are known.
        """
        from nbgrader.api import InvalidEntry
        from sqlalchemy.exc import IntegrityError

        for _ in range(_TRIES - 1):
            try:
                return self._write(student, report, entry)
            except InvalidEntry as error:
                if not isinstance(error.__context__, IntegrityError):
                    raise
        return self._write(student, report, entry)

    def _write(self, student: Student, report: Report, entry: RosterEntry | None) -> bool:
        name, missing = student_id(student), not_handed_in(report)
        handed_in = [cells for cells in self._cells if cells.assignment.name not in missing]
        if handed_in:
            _write_person(self._gradebook.update_or_create_student(name), student, entry)
        are_late = [self._write_assignment(cells, name, student.source, report) for cells in handed_in]
        return any(are_late)

    def _write_assignment(self, cells: _GradeCells, student: str, source: Source, report: Report) -> bool:
        time = _read_time(source, report, cells.assignment.name)
        known = {"timestamp": time} if time else {}
        submission = self._gradebook.update_or_create_submission(cells.assignment.name, student, **known)

        results = report.by_id()
        for grade in (grade for notebook in submission.notebooks for grade in notebook.grades):
            task = cells.tasks.get(grade.cell_id)
            if task:
                _write_score(grade, [results[item] for item in task.items if item in results])

        # nbgrader raises if there is an extension of an assignment without a due date.
        is_late = submission.assignment.duedate is not None and bool(submission.total_seconds_late)
        self._gradebook.db.commit()
        return is_late


def _read_time(source: Source, report: Report, assignment: str) -> datetime | None:
    """Return when something was handed in, in UTC without an offset, as nbgrader keeps times; None if not known."""
    # In Gradescope's export a timestamp.txt is the student's.
    if isinstance(source, Path) and "gradescope_submission" not in report.ids:
        stamp = read_timestamp(source, assignment)
        if stamp and stamp.time:
            return stamp.time
    time = read_time(report.submitted, timezone.utc)
    return time.astimezone(timezone.utc).replace(tzinfo=None) if time else None


def _write_person(row: Any, student: Student, entry: RosterEntry | None) -> None:
    """Write a student's name and ids, where the gradebook has none and the roster or the download has some."""
    known = {
        "first_name": entry.first_name if entry else "",
        "last_name": entry.last_name if entry else "",
        "email": (entry.email if entry else "") or student.ids.get("email", ""),
        "lms_user_id": (entry.lms_user_id if entry else "") or student.ids.get("canvas_user", ""),
    }
    for field, text in known.items():
        if text and not getattr(row, field):
            setattr(row, field, text[:MAX_FIELD_LENGTH])


def _write_score(grade: Any, results: Sequence[ItemResult]) -> None:
    """Write an automatic score, and points of bonus items as extra credit, which nbgrader adds to any score.

    A manual score stays, and is flagged for a review if the automatic one has changed.

    Args:
        grade: nbgrader's grade of a test cell.
        results: The results of the cell's items.
    """
    earned = sum(item.earned for item in results if not item.bonus)
    if any(item.bonus for item in results):
        grade.extra_credit = sum(item.earned for item in results if item.bonus)
    if grade.manual_score is None:
        grade.needs_manual_grade = False
    elif grade.auto_score != earned:
        grade.needs_manual_grade = True
    grade.auto_score = earned


def not_handed_in(report: Report) -> list[str]:
    """Return the names of the assignments for which a submission has none of the files to grade.

    In nbgrader these have no submission, which differs from a submission with 0 points.
    """
    names = {item.assignment for item in report.items}
    missing = set(report.missing)
    return [each.name for each in assignments() if each.name in names and set(each.modules) <= missing]


def student_id(student: Student) -> str:
    """Return a student's id in the gradebook: the name in reports, shortened if the table has no room for it."""
    is_short = len(student.name.encode()) <= MAX_ID_BYTES
    return student.name if is_short else safe_name(student.name, MAX_ID_BYTES)


# --- opening ---------------------------------------------------------------------------------------------------------


def database_url(url: str) -> URL:
    """Return the URL of a gradebook's database, checked as far as that is possible without opening it.

    Args:
        url: An SQLite file, or a database URL as in postgresql+psycopg://user:password@host/database.

    Raises:
        GradebookError: If the URL cannot be used. The message never repeats what may hold a password.
    """
    if importlib.util.find_spec("nbgrader") is None:
        raise GradebookError("The gradebook needs nbgrader: pip install 'gradkit[nbgrader]'")
    from sqlalchemy import URL, make_url
    from sqlalchemy.exc import ArgumentError

    try:
        database = make_url(url) if "://" in url else URL.create("sqlite", database=str(Path(url).absolute()))
        database.get_dialect().import_dbapi()
    except (ArgumentError, ValueError):
        raise GradebookError(_NO_URL) from None
    except ImportError as error:
        raise GradebookError(
            f"This database needs {error.name or 'a driver'}, which is not installed here. For PostgreSQL: "
            "pip install 'gradkit[postgres]', and a URL like postgresql+psycopg://user:password@host/database."
        ) from None

    file = database.database if database.get_backend_name() == "sqlite" else ""
    may_hold_password = "@" in (database.host or "") or (file and "@" in file and not Path(file).exists())
    if may_hold_password:
        raise GradebookError(_NO_URL)
    if file and not Path(file).is_file():
        raise GradebookError(f"There is no gradebook {file}: `nbgrader generate_assignment` makes one.")
    return database


@contextmanager
def open_gradebook(url: str, suite: Suite) -> Iterator[GradebookWriter]:
    """Open a gradebook for a suite's assignments, which `nbgrader generate_assignment` has put there.

    Args:
        url: As `database_url` takes it.
        suite: The items.

    Raises:
        GradebookError: If the gradebook cannot be opened or, later in the block, written. The message never holds a
            password.
    """
    database = database_url(url)
    os.environ.setdefault("PGCONNECT_TIMEOUT", str(CONNECT_SECONDS))
    _import_nbgrader()
    with _plain_errors(database), _open_existing(database) as gradebook:
        yield GradebookWriter(gradebook, suite)


def _import_nbgrader() -> None:
    """Import nbgrader.api in 0.9 s of processor time instead of 2.

    nbgrader imports jsonschema, which from version 4.25 on imports rfc3987_syntax if it is installed. That builds 38
    grammars for a check of international addresses, which no notebook contains. None in sys.modules makes the import
    fail.
    """
    is_imported = "rfc3987_syntax" in sys.modules
    if not is_imported:
        sys.modules["rfc3987_syntax"] = None  # type: ignore[assignment]
    try:
        import nbgrader.api  # noqa: F401
    finally:
        if not is_imported:
            del sys.modules["rfc3987_syntax"]


def _open_existing(database: URL) -> Gradebook:
    """Open nbgrader's gradebook. Checks that it is one, because nbgrader would make one of any database."""
    from nbgrader.api import Gradebook
    from sqlalchemy import create_engine, inspect

    try:
        engine = create_engine(database)
        is_gradebook = inspect(engine).has_table("submitted_assignment")
        engine.dispose()
    except (TypeError, ValueError):  # the driver does not know the URL's options
        raise GradebookError(_NO_URL) from None
    if not is_gradebook:
        raise GradebookError("There is no gradebook in this database: `nbgrader generate_assignment` makes one.")
    return Gradebook(database, course_id="")  # with a course's id, nbgrader would enter the course


@contextmanager
def _plain_errors(database: URL) -> Iterator[None]:
    """Turn a database's errors into a line, and suppress what nbgrader logs and SQLAlchemy warns of."""
    from nbgrader.api import InvalidEntry
    from sqlalchemy.exc import SAWarning, SQLAlchemyError

    log = logging.getLogger("tornado.application")
    was_disabled, log.disabled = log.disabled, True
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Object of type", SAWarning)
            yield
    except (SQLAlchemyError, InvalidEntry) as error:
        raise GradebookError(f"The gradebook cannot be written: {_first_line(error, database)}") from None
    finally:
        log.disabled = was_disabled


def _first_line(error: Exception, database: URL) -> str:
    """Return the first line of an error, without the name of its class and without the password."""
    lines = str(getattr(error, "orig", None) or error).strip().splitlines()
    line = re.sub(r"^\([\w.]+\) ", "", lines[0]) if lines else type(error).__name__
    return line.replace(database.password, "***") if database.password else line


def _find_grade_cells(gradebook: Gradebook, assignment: Assignment, items: Mapping[str, Item]) -> _GradeCells:
    """Find an assignment's grade cells. Raises GradebookError if they have other tasks or points than the course.

    Args:
        gradebook: The gradebook.
        assignment: The assignment.
        items: The items that are graded, by id.
    """
    from nbgrader.api import MissingEntry

    name = assignment.name
    try:
        notebook = gradebook.find_notebook(name, name)
    except MissingEntry:
        raise GradebookError(f"The gradebook has no {name}: run `nbgrader generate_assignment {name}` first.") from None
    cells = {cell.name: cell for cell in notebook.grade_cells}
    points = {id_: 0 if item.bonus else item.points for id_, item in items.items()}
    in_course = {task.name: sum(points.get(item, 0) for item in task.items) for task in assignment.tasks}
    in_gradebook = {task: cells[task].max_score for task in in_course if task in cells}
    if in_course != in_gradebook:
        raise GradebookError(
            f"The gradebook knows other tasks or points of {name} than this course has: run "
            f"`gradkit course build`, then `nbgrader generate_assignment {name} --force`."
        )
    return _GradeCells(assignment, {cells[task.name].id: task for task in assignment.tasks})
