"""Reports into nbgrader's gradebook, by its own API: what its Autograde would have written, and nothing else.

Manual scores, comments, extra credit and late penalties are never touched. Writing again what is there changes nothing,
so a run may be stopped anywhere and repeated.
"""

from __future__ import annotations

import importlib.util
import logging
import os
import re
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gradkit.catalogue.assignments import Assignment, Task, assignments
from gradkit.errors import UserError
from gradkit.grader.report import Report
from gradkit.grader.suite import Suite
from gradkit.submissions.intake.roster import Student, safe_name

if TYPE_CHECKING:
    from nbgrader.api import Gradebook
    from sqlalchemy import URL

LONGEST_ID = 128
"""Letters that nbgrader's table has for a student's id."""
PATIENCE = 10
"""Seconds to wait for a PostgreSQL server that does not answer, where PGCONNECT_TIMEOUT does not say otherwise."""
_TRIES = 3
"""How often a report is written when another run gets in between: it may enter the same student, then submission."""

_LONGEST_STAMP = 64
_STAMP = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d[^/~]*(\w/[^/~]*)*")
"""How nbgrader's times begin. What has less of a date would be filled up with today's, and /... is read as a file."""

_NO_URL = (
    "This is no database URL; one is like postgresql+psycopg://user:password@host/database. "
    "In a password, @ is written as %40."
)


class GradebookError(UserError):
    """The gradebook cannot be written; the message says what to do."""


@dataclass(frozen=True)
class _Page:
    """An assignment in the gradebook: the task of each grade cell, by the cell's key."""

    assignment: Assignment
    tasks: dict[str, Task]


class Book:
    """nbgrader's gradebook, opened for the assignments of a suite."""

    def __init__(self, gradebook: Gradebook, suite: Suite) -> None:
        self._gradebook = gradebook
        gradebook.db().expire_on_commit = False  # or every commit has nbgrader ask for the assignment's cells again
        points = {test.item.id: test.item.points for test in suite.tests}
        self._pages = [_page(gradebook, assignment, points) for assignment in suite.assignments]

    def write(self, student: Student, report: Report) -> bool:
        """Write a report, but for assignments for which the student handed in nothing: see `not_handed_in`.

        Returns whether the submission is late, by the due date and the timestamp that are known.
        """
        from nbgrader.api import InvalidEntry
        from sqlalchemy.exc import IntegrityError

        for _ in range(_TRIES - 1):
            try:
                return self._write(student, report)
            except InvalidEntry as error:
                if not isinstance(error.__context__, IntegrityError):
                    raise
        return self._write(student, report)

    def _write(self, student: Student, report: Report) -> bool:
        who, missing = student_id(student), not_handed_in(report)
        pages = [page for page in self._pages if page.assignment.name not in missing]
        if pages:
            self._gradebook.update_or_create_student(who)
        late = [self._write_page(page, who, student.source, report) for page in pages]
        return any(late)

    def _write_page(self, page: _Page, who: str, source: Path, report: Report) -> bool:
        stamp = timestamp(source, page.assignment.name)
        known = {"timestamp": stamp} if stamp else {}
        submission = self._gradebook.update_or_create_submission(page.assignment.name, who, **known)
        earned = {item.id: item.earned for item in report.items}
        for grade in (grade for notebook in submission.notebooks for grade in notebook.grades):
            task = page.tasks.get(grade.cell_id)
            if task:
                _score(grade, sum(earned[item] for item in task.items))
        # nbgrader cannot tell where there is an extension of no date
        late = submission.assignment.duedate is not None and bool(submission.total_seconds_late)
        self._gradebook.db.commit()
        return late


def _score(grade: Any, earned: float) -> None:
    """Note an automatic score. A manual one stands, and asks for a second look where the automatic one has changed."""
    if grade.manual_score is None:
        grade.needs_manual_grade = False
    elif grade.auto_score != earned:
        grade.needs_manual_grade = True
    grade.auto_score = earned


def not_handed_in(report: Report) -> list[str]:
    """Name the assignments for which a submission has none of the files to grade.

    nbgrader has no submission then, and not one that earned 0 points.
    """
    names = {item.assignment for item in report.items}
    return [each.name for each in assignments() if each.name in names and set(each.modules) <= set(report.missing)]


def student_id(student: Student) -> str:
    """A student's id in the gradebook: as in reports, and for nbgrader the folder's name, where the table has room."""
    return student.name if len(student.name.encode()) <= LONGEST_ID else safe_name(student.name, LONGEST_ID)


# --- opening ---------------------------------------------------------------------------------------------------------


def at_hand(url: str) -> URL:
    """The database that is meant, as far as that can be said without opening it.

    Raises GradebookError, which never repeats what may hold a password.
    """
    if importlib.util.find_spec("nbgrader") is None:
        raise GradebookError("The gradebook needs nbgrader: pip install 'gradkit[nbgrader]'")
    from sqlalchemy import URL, make_url
    from sqlalchemy.exc import ArgumentError

    try:
        meant = make_url(url) if "://" in url else URL.create("sqlite", database=str(Path(url).absolute()))
        meant.get_dialect().import_dbapi()
    except (ArgumentError, ValueError):
        raise GradebookError(_NO_URL) from None
    except ImportError as error:
        raise GradebookError(
            f"This database needs {error.name or 'a driver'}, which is not installed here. For PostgreSQL: "
            "pip install 'gradkit[postgres]', and a URL like postgresql+psycopg://user:password@host/database."
        ) from None
    file = meant.database if meant.get_backend_name() == "sqlite" else ""
    if ("@" in (meant.host or "")) or (file and "@" in file and not Path(file).exists()):
        raise GradebookError(_NO_URL)
    if file and not Path(file).is_file():
        raise GradebookError(f"There is no gradebook {file}: `nbgrader generate_assignment` makes one.")
    return meant


@contextmanager
def opened(url: str, suite: Suite) -> Iterator[Book]:
    """Open a gradebook for a suite's assignments, which `nbgrader generate_assignment` has put there.

    url: an SQLite file, or a database URL as in postgresql+psycopg://user:password@host/database.
    Raises GradebookError, here or while it is written to, without any password in its words.
    """
    meant = at_hand(url)
    os.environ.setdefault("PGCONNECT_TIMEOUT", str(PATIENCE))
    with _in_plain_words(meant), _open(meant) as gradebook:
        yield Book(gradebook, suite)


def _open(meant: URL) -> Gradebook:
    """nbgrader's gradebook, if it is one already: nbgrader would make one of any database."""
    from nbgrader.api import Gradebook
    from sqlalchemy import create_engine, inspect

    try:
        engine = create_engine(meant)
        is_gradebook = inspect(engine).has_table("submitted_assignment")
        engine.dispose()
    except (TypeError, ValueError):  # what its options are to the driver
        raise GradebookError(_NO_URL) from None
    if not is_gradebook:
        raise GradebookError("There is no gradebook in this database: `nbgrader generate_assignment` makes one.")
    return Gradebook(meant, course_id="")  # of no name: it would be entered


@contextmanager
def _in_plain_words(meant: URL) -> Iterator[None]:
    """Say in a line what a database complains of, and nothing of what nbgrader logs, or SQLAlchemy remarks on it."""
    from nbgrader.api import InvalidEntry
    from sqlalchemy.exc import SAWarning, SQLAlchemyError

    log = logging.getLogger("tornado.application")
    was, log.disabled = log.disabled, True
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Object of type", SAWarning)
            yield
    except (SQLAlchemyError, InvalidEntry) as error:
        raise GradebookError(f"The gradebook cannot be written: {_said(error, meant)}") from None
    finally:
        log.disabled = was


def _said(error: Exception, meant: URL) -> str:
    """The first line of an error, without the name of its class and without the password."""
    lines = str(getattr(error, "orig", None) or error).strip().splitlines()
    said = re.sub(r"^\([\w.]+\) ", "", lines[0]) if lines else type(error).__name__
    return said.replace(meant.password, "***") if meant.password else said


def _page(gradebook: Gradebook, assignment: Assignment, points: Mapping[str, float]) -> _Page:
    from nbgrader.api import MissingEntry

    name = assignment.name
    try:
        notebook = gradebook.find_notebook(name, name)
    except MissingEntry:
        raise GradebookError(f"The gradebook has no {name}: run `nbgrader generate_assignment {name}` first.") from None
    cells = {cell.name: cell for cell in notebook.grade_cells}
    due = {task.name: sum(points[item] for item in task.items) for task in assignment.tasks}
    if due != {task: cells[task].max_score for task in due if task in cells}:
        raise GradebookError(
            f"The gradebook knows other tasks or points of {name} than this course has: run "
            f"`gradkit course build`, then `nbgrader generate_assignment {name} --force`."
        )
    return _Page(assignment, {cells[task.name].id: task for task in assignment.tasks})


def timestamp(source: Path, assignment: str) -> Any:
    """When something was handed in, by the timestamp.txt that nbgrader leaves; None where there is none to be read."""
    from nbgrader.utils import parse_utc

    for path in (source / assignment / "timestamp.txt", source / "timestamp.txt"):
        if path.is_file() and path.resolve() == source.resolve() / path.relative_to(source):
            try:
                with path.open("rb") as opened_:
                    stamp = opened_.read(_LONGEST_STAMP).decode().strip()
                return parse_utc(stamp) if _STAMP.fullmatch(stamp) else None
            except Exception:  # a student may have written it, and what dateutil raises is open
                return None
    return None
