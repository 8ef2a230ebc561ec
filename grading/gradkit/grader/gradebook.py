"""Reports into nbgrader's gradebook, by its own API: what its Autograde would have written, and nothing else.

Manual scores, comments, extra credit and late penalties are never touched. Writing again what is there changes nothing,
so a run may be stopped anywhere and repeated.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..submissions.roster import Student, safe_name
from ..suite.assignments import Assignment, Task
from .grader import Suite
from .report import Report

if TYPE_CHECKING:
    from nbgrader.api import Gradebook

LONGEST_ID = 128
"""Letters that nbgrader's table has for a student's id."""
_LONGEST_STAMP = 64


class GradebookError(Exception):
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
        points = {test.item.id: test.item.points for test in suite.tests}
        self._pages = [_page(gradebook, assignment, points) for assignment in suite.assignments]

    def write(self, student: Student, report: Report) -> bool:
        """Write a report. Returns whether the submission is late, by the due date and the timestamp that are known."""
        who = safe_name(report.student, LONGEST_ID)
        self._gradebook.update_or_create_student(who)
        late = [self._write_page(page, who, student.source, report) for page in self._pages]
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
        late = bool(submission.total_seconds_late)
        self._gradebook.db.commit()
        return late


def _score(grade: Any, earned: float) -> None:
    """Note an automatic score. A manual one stands, and asks for a second look where the automatic one has changed."""
    if grade.manual_score is None:
        grade.needs_manual_grade = False
    elif grade.auto_score != earned:
        grade.needs_manual_grade = True
    grade.auto_score = earned


def check_at_hand(url: str) -> None:
    """What can be said of a gradebook without opening it. Raises GradebookError."""
    if importlib.util.find_spec("nbgrader") is None:
        raise GradebookError("The gradebook needs nbgrader: pip install 'gradkit[nbgrader]'")
    file = _address(url).removeprefix("sqlite:///")
    if "://" not in file and not Path(file).is_file():
        raise GradebookError(f"There is no gradebook {file}: `nbgrader generate_assignment` makes one.")


def _address(url: str) -> str:
    """The URL of a database that may be given as a file."""
    return url if "://" in url else f"sqlite:///{Path(url).absolute()}"


@contextmanager
def opened(url: str, suite: Suite) -> Iterator[Book]:
    """Open a gradebook for a suite's assignments, which `nbgrader generate_assignment` has put there.

    url: an SQLite file, or a database URL as in postgresql+psycopg://user:password@host/database.
    Raises GradebookError, here or while it is written to, without any password in its words.
    """
    check_at_hand(url)
    from nbgrader.api import Gradebook
    from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

    try:
        with Gradebook(_address(url)) as gradebook:
            yield Book(gradebook, suite)
    except (ArgumentError, NoSuchModuleError):
        raise GradebookError("This is no database URL; one is like postgresql+psycopg://user@host/database.") from None
    except ImportError as error:
        raise GradebookError(f"This database needs {error.name}: pip install 'gradkit[postgres]'") from None
    except FileNotFoundError:
        raise GradebookError("nbgrader looks for the command `alembic`: activate the environment it is in.") from None
    except SQLAlchemyError as error:
        said = str(getattr(error, "orig", None) or error).strip().splitlines()
        raise GradebookError(f"The gradebook cannot be written: {said[0] if said else type(error).__name__}") from None


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
        if path.is_file() and not path.is_symlink():
            try:
                with path.open("rb") as opened_:
                    return parse_utc(opened_.read(_LONGEST_STAMP).decode().strip())
            except (ValueError, OverflowError, OSError):
                return None
    return None
